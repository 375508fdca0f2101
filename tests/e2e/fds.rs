//! `--decode-fds` and `--decode-buffers`: what is open as an fd, and what is in a buffer.

use std::collections::HashMap;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::harness::{arg, prog, trace, value};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("open_files_are_named_as_proc_names_them", names),
        Test::new("open_files_are_named_on_request_only", on_request),
        Test::new("buffers_hold_what_was_read_and_written", buffers),
    ]
}

/// What the program says of each fd, in order, and what we say when it asks for its flags and when it closes it.
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
        // cat(1) of busybox has the kernel copy it.
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
