//! `--decode-fds` and `--decode-buffers`: what is open as an fd, and what is in a buffer.

use std::collections::HashMap;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::harness::{arg, prog, trace, value};
use crate::means::each_set;
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("names_that_the_kernel_makes_up_are_those_of_proc", made_up),
        Test::new("open_files_are_named_as_proc_names_them", names),
        Test::new("open_files_are_named_on_request_only", on_request),
        Test::new("buffers_hold_what_was_read_and_written", buffers),
    ]
}

/// Marks that a path can have.
const MARKS: [&str; 5] = ["deleted", "unreachable", "unrooted", "madeUp", "mixed"];

/// Pipes, namespaces, memfds and the like, and files that are named like them, in every place where a path is shown.
/// The text of an fd with this name: what could end the name, or be a mark, is an escape in it.
fn escaped(text: &str, marks: &[&str]) -> String {
    let (fd, rest) = text.split_once('<').unwrap();
    let mut name = rest.strip_suffix('>').unwrap();
    let mut behind = String::new();
    let mut before = "";
    if marks.contains(&"deleted") {
        name = name.strip_suffix(" (deleted)").unwrap();
        behind.push_str(" (deleted)");
    }
    if marks.contains(&"unreachable") {
        name = name.strip_prefix("(unreachable)").unwrap();
        before = "(unreachable)";
    }
    let name = ">,\"()".chars().fold(name.to_owned(), |name, end| {
        name.replace(end, &format!("\\x{:x}", u32::from(end)))
    });
    format!("{fd}<{before}{name}{behind}>")
}

fn made_up() -> Result<(), Failed> {
    let events = [
        "security_file_open",
        "security_mmap_file",
        "security_file_mprotect",
        "vfs_write",
        "sched_process_exec",
    ];
    each_set(&events, |there, _| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let chosen = format!("fcntl,{}", there.join(","));
        let flags = ["--decode-fds", "-b", "32MiB", "-e", &chosen];
        let run = trace(&flags, &[&prog("madeup"), path.to_str().unwrap()]);
        assert_eq!(run.code(), 0, "{}", run.stderr);
        let mut rest = run.events.iter();
        let mut kinds = 0;
        for line in run.stdout.lines() {
            let words: Vec<_> = line.split('\t').collect();
            let [event, name, text, marks] = words[..] else {
                panic!("{line}");
            };
            if event == "lacks" {
                println!("this kernel lacks {name}: {text}");
                continue;
            }
            if event != "fcntl" && !there.contains(&event) {
                continue;
            }
            let marks: Vec<_> = marks.split(',').filter(|mark| *mark != "-").collect();
            let escaped = (event == "fcntl").then(|| escaped(text, &marks));
            let is = |told: &&Value| match &escaped {
                Some(escaped) => told["eventName"] == event && arg(told, name)["text"] == *escaped,
                None => told["eventName"] == event && arg(told, name)["value"] == text,
            };
            let found = rest.find(is).unwrap_or_else(|| {
                let told = run.events.iter().filter(|told| told["eventName"] == event);
                panic!("no {line}; there are: {:#?}", told.collect::<Vec<_>>())
            });
            let arg = arg(found, name);
            let set: Vec<_> = MARKS.into_iter().filter(|mark| arg[*mark] == true).collect();
            assert_eq!(set, marks, "{found}");
            if event == "fcntl" {
                let inside = text.split_once('<').unwrap().1.strip_suffix('>').unwrap();
                assert_eq!(arg["path"], inside, "{found}");
            }
            if event == "sched_process_exec" {
                assert_eq!(found["executable"]["path"], text, "{found}");
                assert_eq!(found["executable"]["deleted"], true, "{found}");
                assert_eq!(found["executable"]["madeUp"], true, "{found}");
            }
            kinds += 1;
        }
        assert!(kinds > 40, "{kinds}");
    });
    Ok(())
}

/// Compares the program's name of each fd, in order, with ours when it asks for its flags and when it closes it.
fn names() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().canonicalize()?;
    let run = trace(
        &["-e", "fcntl,close", "--decode-fds"],
        &[&prog("fds"), path.to_str().unwrap()],
    );
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let mut told = run.events.iter();
    let mut kinds = 0;
    for line in run.stdout.lines() {
        let (fd, name) = line.split_once(' ').unwrap();
        let name = match name {
            "hostile" => format!("{}/a\\nb \\u{{202e}}/f", path.display()),
            name => name.into(),
        };
        for call in ["fcntl", "close"] {
            // The library may open files of its own before.
            let event = told
                .find(|event| event["eventName"] == call && *value(event, "fd") == fd.parse::<i64>().unwrap())
                .unwrap_or_else(|| panic!("no {call} of {fd} {name}"));
            assert_eq!(arg(event, "fd")["text"], format!("{fd}<{name}>"), "{call}");
        }
        kinds += 1;
    }
    assert_eq!(kinds, 16);
    Ok(())
}

fn on_request() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let run = trace(
        &["-e", "fcntl,close"],
        &[&prog("fds"), folder.path().to_str().unwrap()],
    );
    assert!(run.events.len() > 30);
    assert!(run
        .events
        .iter()
        .all(|event| arg(event, "fd").get("text").is_none()));
    Ok(())
}

fn buffers() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("file");
    let text = (0..300).map(|n| format!("{n} ")).collect::<Vec<_>>().concat();
    std::fs::write(&path, &text)?;
    let path = path.to_str().unwrap();
    let read = |flags: &[&str]| -> HashMap<String, Value> {
        let flags = [&["-e", "read,write"], flags].concat();
        // cat(1) of busybox has the kernel copy the file.
        let command = ["dd", &format!("if={path}"), "bs=4096", "status=none"];
        let run = trace(&flags, &command);
        assert_eq!(run.stdout, text);
        run.events
            .iter()
            .filter(|event| event["returnValue"] == text.len())
            .map(|event| {
                (
                    event["eventName"].as_str().unwrap().into(),
                    arg(event, "buf").clone(),
                )
            })
            .collect()
    };
    for (call, buf) in read(&["--decode-buffers", "64"]) {
        assert_eq!(buf["value"], text[..64], "{call}");
        assert_eq!(
            (&buf["truncated"], &buf["fullLength"]),
            (&true.into(), &text.len().into())
        );
    }
    let whole = read(&["--decode-buffers", "4096"]);
    assert_eq!(whole.len(), 2, "both calls are there: {whole:?}");
    for (call, buf) in whole {
        assert_eq!(
            (&buf["value"], buf.get("truncated")),
            (&text.clone().into(), None),
            "{call}"
        );
    }
    for (call, buf) in read(&[]) {
        assert!(buf["value"].is_u64(), "{call}: an address alone: {buf}");
    }
    Ok(())
}
