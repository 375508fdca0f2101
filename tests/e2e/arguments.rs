//! Arguments and environments of any length: whole, or with each cut marked in every output.

use std::path::Path;
use std::process::Command;

use libtest_mimic::Failed;
use nix::sys::signal::Signal;
use serde_json::{json, Value};

use crate::harness::{arg, parse, prog, same_everywhere, totals, trace, tracee_command, value, Background};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("arguments_are_whole_or_their_cuts_are_marked", || {
            lengths("8MiB", &["whole", "script", "first"])
        }),
        Test::new("arguments_in_small_rings_are_cut_and_marked", || {
            lengths("64KiB", &["script"])
        }),
        Test::new(
            "an_environment_after_long_arguments_says_what_is_missing",
            environment,
        ),
        Test::new("what_a_message_points_to_says_what_is_missing", message),
        Test::new("a_path_that_is_cut_says_so_at_its_front", deep),
        Test::new("long_arguments_hide_no_exec", crowd).unless(same_everywhere()),
        Test::new("what_only_tracee_needs_is_no_loss_of_the_user_s", bookkeeping).unless(same_everywhere()),
    ]
}

/// The arguments of one way of tests/progs/arguments.c, by the program and by each output.
struct Seen {
    truth: Vec<Vec<u8>>,
    events: Vec<Value>,
    /// Rows of table and table-verbose.
    rows: [Vec<String>; 2],
}

/// Each of these ways, one after the other.
fn run(ways: &[&str], flags: &[&str]) -> Result<Vec<Seen>, Failed> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let kinds = ["json", "table", "table-verbose"];
    let outputs: Vec<String> = kinds
        .iter()
        .map(|kind| format!("-o{kind}:{}", path(kind)))
        .collect();
    let script =
        "program=$1 folder=$2; shift 2; for way; do \"$program\" $way \"$folder/$way\" || exit; done";
    let run = tracee_command()
        .args(flags)
        .args(["-e", "execve,sched_process_exec"])
        .args(outputs)
        .args(["--", "sh", "-c", script, "sh", &prog("arguments")])
        .arg(folder.path())
        .args(ways)
        .output()?;
    assert!(run.status.success(), "{run:?}");
    assert_eq!(totals(&String::from_utf8_lossy(&run.stderr)).1, 0, "{run:?}");
    let rows = |kind: &str| -> Result<Vec<String>, Failed> {
        let text = std::fs::read_to_string(path(kind))?;
        Ok(text.lines().skip(1).map(str::to_owned).collect())
    };
    let (table, verbose) = (rows("table")?, rows("table-verbose")?);
    let events = parse(std::fs::File::open(path("json"))?);
    assert_eq!((table.len(), verbose.len()), (events.len(), events.len()));
    let mut all: Vec<Seen> = Vec::new();
    let mut of = Value::Null;
    for (event, rows) in events.into_iter().zip(table.into_iter().zip(verbose)) {
        // The program itself, before its own execs.
        let argv = value(&event, "argv").as_array().cloned().unwrap_or_default();
        if argv.first() == Some(&prog("arguments").into()) && event["processId"] != of {
            of = event["processId"].clone();
            let way = argv[1].as_str().unwrap();
            all.push(Seen {
                truth: strings(Path::new(&path(way)))?,
                events: Vec::new(),
                rows: [Vec::new(), Vec::new()],
            });
        }
        let Some(seen) = all.last_mut().filter(|_| event["processId"] == of) else {
            continue;
        };
        seen.events.push(event);
        seen.rows[0].push(rows.0);
        seen.rows[1].push(rows.1);
    }
    assert_eq!(all.len(), ways.len());
    Ok(all)
}

/// A file of strings, each with its NUL.
fn strings(path: &Path) -> Result<Vec<Vec<u8>>, Failed> {
    let mut bytes = std::fs::read(path)?;
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    assert_eq!(bytes.pop(), Some(0));
    Ok(bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect())
}

/// Bytes of strings, each with its NUL.
fn block<'a>(strings: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    strings.into_iter().map(|string| string.len() as u64 + 1).sum()
}

/// Compares an array in JSON with the truth: each string is whole, or its cut is described exactly. Returns how many
/// cuts there are, and whether strings are missing.
fn compare(entry: &Value, truth: &[Vec<u8>]) -> (usize, bool) {
    let shown: Vec<&[u8]> = entry["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|string| string.as_str().unwrap().as_bytes())
        .collect();
    if entry.get("truncated").is_none() {
        assert!(entry.get("cuts").is_none());
        assert!(
            shown.iter().eq(truth.iter()),
            "{} of {}",
            shown.len(),
            truth.len()
        );
        return (0, false);
    }
    assert_eq!(entry["fullLength"], truth.len());
    let cuts = entry["cuts"].as_array().unwrap();
    assert!(!cuts.is_empty());
    let gap = cuts.iter().find(|cut| cut.get("before").is_some());
    let before = gap.map_or(shown.len(), |gap| gap["before"].as_u64().unwrap() as usize);
    for (index, string) in shown.iter().enumerate() {
        let whole = match index < before {
            true => &truth[index][..],
            false => &truth[truth.len() - (shown.len() - index)][..],
        };
        let Some(cut) = cuts.iter().find(|cut| cut["index"] == index) else {
            assert_eq!(*string, whole, "{index}");
            continue;
        };
        let at = cut["at"].as_u64().unwrap() as usize;
        assert!(whole.starts_with(&string[..at]), "{index}");
        assert!(whole.ends_with(&string[at..]), "{index}");
        if gap.is_none() {
            assert_eq!(cut["fullLength"], whole.len(), "{index}");
            assert_eq!(cut["missing"], whole.len() - string.len(), "{index}");
            // Both ends are kept.
            assert!(at.abs_diff(string.len() - at) <= 1 && at >= 64, "{index}");
        }
    }
    match gap {
        None => assert_eq!(shown.len(), truth.len()),
        Some(gap) => {
            let all = block(truth.iter().map(Vec::as_slice));
            // The string that lost its end has no NUL there.
            let ended = cuts
                .iter()
                .any(|cut| cut["index"] == before as u64 - 1 && cut["missing"].is_null());
            if let Some(missing) = gap["missing"].as_u64() {
                assert_eq!(missing, all - block(shown.iter().copied()) + u64::from(ended));
            }
        }
    }
    (cuts.len(), gap.is_some())
}

/// Compares both tables with JSON: a mark for each cut, with the numbers.
fn compare_rows(entry: &Value, rows: [&str; 2], name: &str) {
    for row in rows {
        let (_, text) = row.split_once(&format!("{name}: [")).unwrap();
        for cut in entry["cuts"].as_array().into_iter().flatten() {
            let mark = match (cut["missing"].as_u64(), cut["fullLength"].as_u64()) {
                (Some(missing), Some(full)) => format!("...({missing} of {full} bytes left out)..."),
                (Some(missing), None) => format!("...({missing} bytes left out)..."),
                _ => "left out)...".into(),
            };
            assert!(text.contains(&mark), "{mark}");
        }
        assert_eq!(text.contains("left out)..."), entry.get("cuts").is_some());
    }
}

/// All ways, with rings of that size; those in `whole` are not cut.
fn lengths(ring: &str, whole: &[&str]) -> Result<(), Failed> {
    let always = ["empty", "none"];
    let ways = [
        "script", "first", "long", "unequal", "many", "middling", "empty", "none", "whole", "more",
    ];
    for (way, seen) in ways.iter().zip(run(&ways, &["-b", ring])?) {
        // The program itself, before its own execs.
        let own = |event: &&Value| {
            value(event, "argv")
                .as_array()
                .is_none_or(|argv| argv.first() != Some(&prog("arguments").into()))
        };
        let mut tried = Vec::new();
        for (index, event) in seen.events.iter().enumerate().filter(|(_, event)| own(event)) {
            let entry = arg(event, "argv");
            // Since Linux 5.18 a program without arguments gets an empty one.
            let truth = match *way {
                "none" if event["returnValue"] == -2 || entry["value"].as_array().unwrap().is_empty() => {
                    &[][..]
                }
                _ => &seen.truth[..],
            };
            let name = event["eventName"].as_str().unwrap();
            let (cuts, gap) = compare(entry, truth);
            println!("{ring} {way} {name} {}: {cuts} cuts, {gap}", event["returnValue"]);
            assert_eq!(cuts == 0, whole.contains(way) || always.contains(way), "{way}");
            assert_eq!(gap, ["many", "middling"].contains(way), "{way}");
            let rows = [&seen.rows[0][index][..], &seen.rows[1][index]];
            compare_rows(entry, rows, "argv");
            if *way == "unequal" && ring == "8MiB" {
                let long = entry["value"][1].as_str().unwrap().len();
                assert!(long > 110_000, "{long}");
            }
            tried.push((name, event["returnValue"].as_i64().unwrap_or_default()));
        }
        tried.sort_unstable();
        assert_eq!(
            tried,
            [("execve", -2), ("execve", 0), ("sched_process_exec", 0)],
            "{way}"
        );
    }
    Ok(())
}

fn environment() -> Result<(), Failed> {
    let seen = &run(&["whole"], &["--show-exec-env"])?[0];
    for event in &seen.events[seen.events.len() - 2..] {
        assert_eq!(
            compare(arg(event, "argv"), &seen.truth),
            (0, false),
            "the arguments are whole"
        );
        let entry = arg(event, "envp");
        assert_eq!(
            (&entry["truncated"], &entry["fullLength"]),
            (&true.into(), &4.into())
        );
        assert_eq!(
            (&entry["value"][1], &entry["value"][3]),
            (&"SHORT=1".into(), &"TAIL=secret".into())
        );
        let cuts = entry["cuts"].as_array().unwrap();
        assert_eq!(
            (cuts.len(), &cuts[0]["index"], &cuts[0]["fullLength"]),
            (1, &2.into(), &100_000.into())
        );
        let shown = entry["value"][2].as_str().unwrap();
        assert!(
            shown.starts_with("LONG=") && shown.len() > 10_000,
            "{}",
            shown.len()
        );
        assert_eq!(cuts[0]["missing"], 100_000 - shown.len());
    }
    Ok(())
}

fn message() -> Result<(), Failed> {
    let command = [&prog("arguments"), "message", "0"];
    let run = trace(&["-e", "sendmsg"], &command);
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let entry = arg(run.named("sendmsg")[0], "msg");
    // 16 bytes a buffer; 16 of a head and 4 a fd.
    assert_eq!(
        (&entry["truncated"], &entry["cuts"]),
        (
            &true.into(),
            &json!([{"field": "msg_iov", "fullLength": 1600}, {"field": "msg_control", "fullLength": 576}])
        )
    );
    let text = entry["text"].as_str().unwrap();
    for mark in ["...(1600 bytes in all)", "...(576 bytes in all)"] {
        assert!(text.contains(mark), "{text}");
    }
    Ok(())
}

/// Paths are walked from the file upwards.
fn deep() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let command = [&prog("arguments"), "deep", folder.path().to_str().unwrap()];
    let run = trace(&["-e", "read,security_file_open", "--decode-fds"], &command);
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let opened = run.named("security_file_open");
    let opened = opened
        .iter()
        .rfind(|event| value(event, "pathname").as_str().unwrap().ends_with("/deep"));
    assert_eq!(arg(opened.unwrap(), "pathname")["truncated"], true);
    let read = *run.named("read").last().unwrap();
    let entry = arg(read, "fd");
    assert_eq!(entry["truncated"], true, "{read}");
    let text = entry["text"].as_str().unwrap();
    assert!(text.contains("<...") && text.ends_with("/deep>"), "{text}");
    Ok(())
}

/// Four processes with long arguments cause no loss of execs with short ones, and their own losses are counted once.
fn crowd() -> Result<(), Failed> {
    for ring in ["1MiB", "8MiB"] {
        let run = trace(
            &["-b", ring, "-e", "sched_process_exec,lost_events"],
            &[&prog("arguments"), "crowd", "100"],
        );
        let made: Vec<usize> = run
            .stdout
            .split_whitespace()
            .map(|word| word.parse().unwrap())
            .collect();
        let execs = run.named("sched_process_exec");
        let of = |name: &str| {
            execs
                .iter()
                .filter(|event| value(event, "argv")[0] == name)
                .count()
        };
        let (_, lost) = totals(&run.stderr);
        println!(
            "{ring}: {made:?} made, {} big and {} small seen, {lost} lost",
            of("big"),
            of("small")
        );
        assert_eq!(of("small"), made[1], "{}", run.stderr);
        assert_eq!(of("big") as u64 + lost, made[0] as u64, "{}", run.stderr);
        // Losing a record does not lose the executable.
        let own = std::fs::canonicalize(prog("arguments"))?;
        for exec in &execs {
            assert_eq!(exec["executable"]["path"], own.to_str().unwrap());
        }
        assert!(!run.stderr.contains("that tracee itself needs"), "{}", run.stderr);
    }
    Ok(())
}

/// Process life that is not shown, and that finds no room while tracee is stopped.
fn bookkeeping() -> Result<(), Failed> {
    let background = Background::start(&["-e", "getppid,lost_events"]);
    background.signal(Signal::SIGSTOP);
    let status = Command::new("sh")
        .args(["-c", "echo | $0 4000 1", &prog("forks")])
        .status();
    background.signal(Signal::SIGCONT);
    assert!(status?.success());
    let run = background.stop();
    let calls = run.named("getppid");
    let calls = calls.iter().filter(|event| event["processName"] == "forks");
    assert_eq!(calls.count(), 4000, "{}", run.stderr);
    let lines: Vec<_> = run.stderr.lines().collect();
    assert_eq!(
        lines[0],
        format!("tracee: {} events, 0 lost", run.events.len()),
        "{}",
        run.stderr
    );
    let told: u64 = lines
        .iter()
        .find_map(|line| {
            line.strip_prefix("tracee: also dropped: ")?
                .split(' ')
                .next()?
                .parse()
                .ok()
        })
        .unwrap_or_else(|| panic!("{}", run.stderr));
    let losses = run.named("lost_events");
    assert!(
        losses.iter().all(|event| value(event, "buffer") == "bookkeeping"),
        "{losses:?}"
    );
    let in_stream: u64 = losses
        .iter()
        .map(|event| value(event, "count").as_u64().unwrap())
        .sum();
    assert!(told > 0 && in_stream <= told, "{in_stream} {told}");
    Ok(())
}
