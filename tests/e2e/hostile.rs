//! Names, paths and arguments that would break a careless reader: one event is one line, exact or marked as cut.

use std::fmt::Write as _;
use std::fs;

use base64::prelude::{Engine as _, BASE64_STANDARD};
use libtest_mimic::Failed;
use serde_json::Value;

use crate::harness::{arg, finish, parse, prog, totals, tracee_command};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("hostile_names_of_files_and_processes", names),
        Test::new("paths_as_long_as_they_can_be", paths),
        Test::new("arguments_of_programs_without_number", counts),
        Test::new("an_argument_as_long_as_it_can_be", length),
    ]
}

/// What a program did: the events as JSON, the table's lines, and what the program printed.
struct Seen {
    events: Vec<Value>,
    rows: Vec<String>,
    stdout: String,
}

fn run(events: &str, args: &[&str]) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (json, table) = (path("json"), path("table"));
    let run = finish(
        tracee_command()
            .args(["-b", "32MiB", "-e", events, "-o", &format!("json:{json}")])
            .args(["-o", &format!("table:{table}"), "--", &prog("hostile")])
            .args(args),
    );
    assert_eq!(run.code(), 0, "{}", run.stderr);
    assert_eq!(totals(&run.stderr).1, 0);
    let events = parse(fs::File::open(&json).unwrap());
    // Lines as they are: printing them without parsing is safe, too.
    let lines = fs::read_to_string(&json).unwrap();
    let raw = |char: char| char.is_control() || ('\u{200b}'..='\u{206f}').contains(&char);
    assert_eq!(lines.lines().flat_map(str::chars).find(|char| raw(*char)), None);
    // Read as a string, so that every byte of it is UTF-8.
    let text = String::from_utf8(fs::read(&table).unwrap()).unwrap();
    let rows: Vec<String> = text.split_terminator('\n').skip(1).map(str::to_owned).collect();
    assert_eq!(rows.len(), events.len());
    let bad = |char: &char| char.is_control() || ('\u{200b}'..='\u{206f}').contains(char);
    for (row, event) in rows.iter().zip(&events) {
        assert_eq!(row.chars().find(bad), None, "{row}");
        // The same event in the same place.
        assert!(row.contains(event["eventName"].as_str().unwrap()), "{row}");
    }
    Seen {
        events,
        rows,
        stdout: run.stdout,
    }
}

/// The bytes of a text, those of `bytes` if it has them.
fn bytes(text: &Value, bytes: Option<&Value>) -> Vec<u8> {
    match bytes.and_then(Value::as_str) {
        Some(base64) => BASE64_STANDARD.decode(base64).unwrap(),
        None => text.as_str().map_or(Vec::new(), |text| text.as_bytes().to_vec()),
    }
}

fn arg_bytes(event: &Value, name: &str) -> Vec<u8> {
    let arg = arg(event, name);
    bytes(&arg["value"], arg.get("bytes"))
}

/// The strings of an array.
fn strings(event: &Value, name: &str) -> Vec<Vec<u8>> {
    let arg = arg(event, name);
    let values = arg["value"].as_array().unwrap_or_else(|| panic!("{arg}"));
    values
        .iter()
        .enumerate()
        .map(|(index, text)| bytes(text, arg.get("bytes").and_then(|all| all.get(index))))
        .collect()
}

/// Names, and how the table shows them.
fn hostile_names() -> Vec<(Vec<u8>, String)> {
    let mut names: Vec<(Vec<u8>, String)> = [
        (&b"new\nline"[..], r"new\nline"),
        (b"\x1b[2Kerased\r", r"\x1b[2Kerased\r"),
        (b"quotes ' \" ` , : [ ] \\", r#"quotes ' \" ` , : [ ] \\"#),
        (b"\xff\xfe not UTF-8 \xc3", r"\xff\xfe not UTF-8 \xc3"),
        (b"\xe2\x80\xaegpj.exe", r"\u{202e}gpj.exe"),
        (b"\xc2\x9b2K C1", r"\u{9b}2K C1"),
        (b"\xe2\x81\xa6 isolate \xe2\x80\xa8", r"\u{2066} isolate \u{2028}"),
        (b"\x01\x08\x07\x7f\t", r"\x01\x08\x07\x7f\t"),
        ("größe".as_bytes(), "größe"),
        (b"pathname: shadow, flags: 0", "pathname: shadow, flags: 0"),
    ]
    .iter()
    .map(|(name, shown)| (name.to_vec(), (*shown).to_owned()))
    .collect();
    names.push((vec![b'n'; 255], "n".repeat(255)));
    names.push((vec![0xff; 255], r"\xff".repeat(255)));
    names.push((vec![b'\n'; 255], r"\n".repeat(255)));
    names
}

fn names() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let folder = fs::canonicalize(folder.path())?;
    fs::create_dir_all(&folder)?;
    let folder = folder.to_str().unwrap();
    let names = hostile_names();
    let hex = |name: &[u8]| {
        name.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    };
    let words: Vec<String> = names.iter().map(|(name, _)| hex(name)).collect();
    let mut args = vec!["names", folder];
    args.extend(words.iter().map(String::as_str));
    let seen = run(
        "open,openat,lstat,newfstatat,unlink,unlinkat,symlink,symlinkat,execve,getppid",
        &args,
    );
    fs::remove_dir_all(folder)?;
    for (name, shown) in &names {
        let path = [folder.as_bytes(), b"/", name].concat();
        let with = |events: &[&str], arg: &str| -> Vec<usize> {
            (0..seen.events.len())
                .filter(|at| {
                    let event = &seen.events[*at];
                    events.contains(&event["eventName"].as_str().unwrap()) && arg_bytes(event, arg) == path
                })
                .collect()
        };
        for (at, times) in [
            (with(&["open", "openat"], "pathname"), 1),
            (with(&["lstat", "newfstatat"], "pathname"), 1),
            (with(&["unlink", "unlinkat"], "pathname"), 2),
            (with(&["symlink", "symlinkat"], "newname"), 1),
            (with(&["execve"], "pathname"), 1),
        ] {
            assert_eq!(at.len(), times, "{shown}");
            for at in at {
                let row = &seen.rows[at];
                assert!(row.contains(&format!("\"{folder}/{shown}\"")), "{row}");
            }
        }
        let execve = &seen.events[with(&["execve"], "pathname")[0]];
        assert_eq!(strings(execve, "argv"), std::slice::from_ref(name));
        // The kernel's cut of it as the name of a process.
        let comm = &name[..name.len().min(15)];
        let call = seen
            .events
            .iter()
            .find(|event| event["eventName"] == "getppid" && event["processId"] == execve["processId"])
            .unwrap();
        assert_eq!(
            bytes(&call["processName"], call.get("processNameBytes")),
            comm,
            "{shown}"
        );
    }
    Ok(())
}

fn paths() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let lengths = [1000, 4095, 4096, 4097, 5000];
    let mut args = vec!["paths".to_owned(), folder.path().to_str().unwrap().to_owned()];
    args.extend(lengths.iter().map(ToString::to_string));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let seen = run("open,openat,security_file_open", &args);
    let opens: Vec<usize> = (0..seen.events.len())
        .filter(|at| {
            seen.events[*at]["eventName"]
                .as_str()
                .unwrap()
                .starts_with("open")
        })
        .collect();
    for length in lengths {
        // What the program opened: a slash every 250 bytes.
        let path: Vec<u8> = (0..length)
            .map(|at| if at % 250 == 0 { b'/' } else { b'x' })
            .collect();
        let result = if length < 4096 { -2 } else { -36 };
        let mut found = 0;
        for at in &opens {
            let event = &seen.events[*at];
            let shown = arg_bytes(event, "pathname");
            let entry = arg(event, "pathname");
            let cut = entry["truncated"] == true;
            // Paths of 4097 and 5000 bytes are cut alike, and distinguished by their full length if it is known.
            let full = entry["fullLength"].as_u64();
            if event["returnValue"] != result || !path.starts_with(&shown) || shown.len() < 100 {
                continue;
            }
            match cut {
                true if shown.len() < length && full.is_none_or(|full| full == length as u64) => {
                    assert!(shown.len() >= 4095, "{}", shown.len());
                    found += 1;
                }
                false if shown.len() == length => found += 1,
                _ => continue,
            }
            let row = &seen.rows[*at];
            assert!(row.contains(&String::from_utf8_lossy(&shown)[..]), "{row}");
            assert!(row.len() > shown.len() + 90);
        }
        assert!(found >= 1, "{length}");
        if length <= 4096 {
            assert_eq!(found, 1, "{length}");
        }
    }
    // 200 folders deep: as it was given, and as the kernel walked it.
    let deep = seen.stdout.trim_end().to_owned();
    assert_eq!(
        deep.matches('/').count(),
        folder.path().to_str().unwrap().matches('/').count() + 201
    );
    let given = opens
        .iter()
        .filter(|at| arg_bytes(&seen.events[**at], "pathname") == deep.as_bytes())
        .count();
    assert_eq!(given, 1);
    let walked: Vec<&Value> = seen
        .events
        .iter()
        .filter(|event| event["eventName"] == "security_file_open")
        .map(|event| arg(event, "pathname"))
        .filter(|arg| {
            arg["value"]
                .as_str()
                .is_some_and(|path| path.ends_with("/folder199/file"))
        })
        .collect();
    assert_eq!(walked.len(), 1, "{walked:?}");
    let path = walked[0]["value"].as_str().unwrap();
    match walked[0]["truncated"] == true {
        true => assert!(
            deep.ends_with(path.trim_start_matches('/')) && path.len() > 1500,
            "{path}"
        ),
        false => assert_eq!(path, deep),
    }
    Ok(())
}

/// The successful execve of the program by itself, with its row.
fn execs(seen: &Seen) -> Vec<(&Value, &String)> {
    seen.events
        .iter()
        .zip(&seen.rows)
        .filter(|(event, _)| event["eventName"] == "execve" && event["returnValue"] == 0)
        .skip(1)
        .collect()
}

fn counts() -> Result<(), Failed> {
    let counts = [0, 1, 1024, 10_000];
    let words: Vec<String> = counts.iter().map(ToString::to_string).collect();
    let mut args = vec!["argv"];
    args.extend(words.iter().map(String::as_str));
    let seen = run("execve,execveat,sched_process_exec", &args);
    // The counts of arguments that the program itself received.
    assert_eq!(seen.stdout, "1\n1024\n10000\n");
    let execs = execs(&seen);
    assert_eq!(execs.len(), counts.len());
    for (count, (event, row)) in counts.into_iter().zip(execs) {
        let entry = arg(event, "argv");
        let shown = strings(event, "argv");
        if count == 0 {
            // Since Linux 5.18 such a program gets one argument, an empty one.
            assert!(shown.is_empty() || shown == [b""], "{entry}");
            continue;
        }
        for (index, text) in shown.iter().enumerate() {
            assert_eq!(*text, format!("a{index}").as_bytes(), "{count}");
        }
        match entry["truncated"] == true {
            true => {
                assert_eq!(entry["fullLength"], count);
                assert!(
                    shown.len() >= 1024 && shown.len() < count,
                    "{} of {count}",
                    shown.len()
                );
                assert!(row.contains("..."), "the table marks what is cut off: {count}");
            }
            false => {
                assert_eq!(shown.len(), count);
                assert!(row.ends_with(&format!("\"a{}\"]", count - 1)), "{count}");
            }
        }
    }
    Ok(())
}

fn length() -> Result<(), Failed> {
    // With its NUL it is MAX_ARG_STRLEN, the most that Linux takes.
    let length = 128 * 1024 - 1;
    let seen = run("execve", &["argument", &length.to_string()]);
    let execs = execs(&seen);
    assert_eq!(execs.len(), 1);
    let (event, row) = execs[0];
    let entry = arg(event, "argv");
    let shown = strings(event, "argv");
    assert_eq!(shown[0], b"a0");
    assert!(shown[1].iter().all(|byte| *byte == b'x'));
    if entry["truncated"] == true {
        assert!(
            shown[1].len() >= 4096 && shown[1].len() < length,
            "{}",
            shown[1].len()
        );
        assert_eq!(entry["fullLength"], 3);
        assert!(row.contains("..."), "the table marks what is cut off");
    } else {
        assert_eq!(shown[1].len(), length);
        assert_eq!(shown[2], b"last");
    }
    Ok(())
}
