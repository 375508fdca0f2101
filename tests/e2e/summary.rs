//! Counts, durations, paths and rows of one's own, beside what strace shows of the same run.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::harness::{
    arg, command, finish, lacks_tool, parse, run, same_everywhere, trace, tracee_command, Background,
};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("a_summary_counts_as_strace_does", counts)
            .unless(same_everywhere())
            .unless(lacks_tool("strace")),
        Test::new("a_call_takes_as_long_as_strace_says", durations)
            .unless(same_everywhere())
            .unless(lacks_tool("strace")),
        Test::new("durations_are_of_whole_calls", whole_calls).on_each_kernel(),
        Test::new("a_path_is_touched_by_name_and_by_fd", paths)
            .unless(same_everywhere())
            .unless(lacks_tool("strace")),
        Test::new("rows_of_ones_own", rows).unless(same_everywhere()),
        Test::new("an_argument_of_any_event_is_a_field", arguments).unless(same_everywhere()),
    ]
}

/// Lines of `strace -c`: calls and errors by name.
fn straces_counts(log: &Path) -> BTreeMap<String, (u64, u64)> {
    let text = fs::read_to_string(log).unwrap();
    let rows = text
        .lines()
        .skip_while(|line| !line.starts_with("------"))
        .skip(1)
        .take_while(|line| !line.starts_with("------"));
    rows.map(|row| {
        let words: Vec<_> = row.split_whitespace().collect();
        let number = |at: usize| words[at].parse().unwrap();
        let errors = if words.len() == 6 { number(4) } else { 0 };
        (words[words.len() - 1].to_owned(), (number(3), errors))
    })
    .collect()
}

/// The same program twice: once under strace, once under tracee, since strace's own calls would be counted as well.
fn counts() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("log");
    let cat = ["cat", "/etc/passwd", "/nonexistent", "/etc"];
    let mut strace = command("strace");
    strace.args(["-c", "-o"]).arg(&log).arg("--").args(cat);
    finish(&mut strace);
    let theirs = straces_counts(&log);
    for flags in [&["-c"][..], &["-c", "-T"]] {
        let traced = finish(
            tracee_command()
                .args(flags)
                .args(["-s", "syscalls", "-o", "json", "--"])
                .args(cat),
        );
        let mut ours = BTreeMap::new();
        for line in parse(traced.stdout.as_bytes()) {
            let number = |key: &str| line[key].as_u64().unwrap();
            ours.insert(
                line["eventName"].as_str().unwrap().to_owned(),
                (number("count"), number("errors")),
            );
            let exits = line["eventName"] == "exit_group";
            let mean = line.get("durationMean").and_then(Value::as_u64);
            assert_eq!(mean.is_some(), flags.len() > 1 && !exits, "{line}");
        }
        // strace does not count the call that never returns.
        assert_eq!(ours.remove("exit_group"), Some((1, 0)));
        assert_eq!(ours, theirs, "{flags:?}");
        assert!(traced.stderr.contains(" 0 lost"), "{}", traced.stderr);
    }
    // As a table, with a sum.
    let table = run(&["-c", "-e", "openat,exit_group", "--", "cat", "/nonexistent"]);
    let rows: Vec<Vec<&str>> = table
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(rows[0], ["COUNT", "ERRORS", "EVENT"]);
    assert_eq!(rows.last().unwrap()[2], "total");
    let sum: u64 = rows[1..rows.len() - 1]
        .iter()
        .map(|row| row[0].parse::<u64>().unwrap())
        .sum();
    assert_eq!(rows.last().unwrap()[0], sum.to_string(), "{}", table.stdout);
    Ok(())
}

/// Seconds that each call of this name took by `strace -T`: `… = 0 <0.300123>`.
fn straces_durations(log: &Path, name: &str) -> Vec<f64> {
    fs::read_to_string(log)
        .unwrap()
        .lines()
        .filter(|line| line.contains(&format!(" {name}(")) || line.contains(&format!("<... {name} resumed>")))
        .filter_map(|line| line.rsplit_once('<')?.1.strip_suffix('>')?.parse().ok())
        .collect()
}

fn durations() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("log");
    let sleeps = "clock_nanosleep";
    let run = trace(
        &["-T", "-e", sleeps, "-f", "comm=sleep"],
        &[
            "strace",
            "-f",
            "-T",
            "-o",
            log.to_str().unwrap(),
            "--",
            "sh",
            "-c",
            "sleep 0.3; sleep 0.1",
        ],
    );
    let theirs = straces_durations(&log, sleeps);
    let ours: Vec<f64> = run
        .events
        .iter()
        .map(|event| event["duration"].as_u64().unwrap() as f64 / 1e9)
        .collect();
    assert_eq!(ours.len(), 2, "{:?}", run.events);
    assert_eq!(theirs.len(), 2, "{theirs:?}");
    for ((ours, theirs), slept) in ours.iter().zip(&theirs).zip([0.3, 0.1]) {
        assert!(*ours >= slept && ours <= theirs, "{ours} {theirs}");
        // strace stops the program before and after the call.
        assert!(theirs - ours < 0.1, "{ours} {theirs}");
    }
    Ok(())
}

fn whole_calls() -> Result<(), Failed> {
    let mut cat = command("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = cat.stdin.take().unwrap();
    let mut output = BufReader::new(cat.stdout.take().unwrap());
    let mut answer = || -> std::io::Result<()> {
        input.write_all(b"line\n")?;
        let mut line = String::new();
        output.read_line(&mut line)?;
        assert_eq!(line, "line\n");
        Ok(())
    };
    answer()?;
    let traced = Background::start(&[
        "-T",
        "-e",
        "read,write",
        "-p",
        &cat.id().to_string(),
        "-o",
        "json",
    ]);
    answer()?;
    answer()?;
    let run = traced.stop();
    cat.kill()?;
    cat.wait()?;
    let reads = run.named("read");
    // It is unknown when the first one began.
    assert_eq!(reads[0].get("duration"), None, "{}", reads[0]);
    assert!(reads[1]["duration"].as_u64().unwrap() > 0, "{}", reads[1]);
    assert!(run
        .named("write")
        .iter()
        .all(|event| event.get("duration").is_some()));
    // A program's first moment is the end of the call that led there, and nothing else lasts.
    let run = trace(
        &["-T", "-e", "execve,exit_group,sched_process_exec"],
        &["sh", "-c", "exec true"],
    );
    let succeeded = |event: &&&Value| event["returnValue"] == 0;
    assert_eq!(run.named("execve").iter().filter(succeeded).count(), 2);
    for event in &run.events {
        assert_eq!(
            event.get("duration").is_some(),
            event["eventName"] == "execve",
            "{event}"
        );
    }
    // Without the flag nothing is measured.
    let run = trace(&["-e", "execve"], &["true"]);
    assert_eq!(run.events[0].get("duration"), None);
    Ok(())
}

fn paths() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("log");
    let file = folder.path().join("a,b");
    fs::write(&file, "text")?;
    let path = file.to_str().unwrap();
    let calls = "openat,read,close,fadvise64,newfstatat,fstat";
    let run = trace(
        &["-P", path, "-e", calls, "-f", "comm=cat"],
        &[
            "strace",
            "-f",
            "-P",
            path,
            "-e",
            &format!("trace={calls}"),
            "-o",
            log.to_str().unwrap(),
            "--",
            "sh",
            "-c",
            "cat \"$1\" /etc/passwd",
            "sh",
            path,
        ],
    );
    let log = fs::read_to_string(&log)?;
    let theirs: Vec<&str> = log
        .lines()
        .filter_map(|line| {
            line.split_once(' ')?
                .1
                .trim_start()
                .split_once('(')
                .map(|(name, _)| name)
        })
        .filter(|name| calls.split(',').any(|call| call == *name))
        .collect();
    let ours: Vec<&str> = run
        .events
        .iter()
        .map(|event| event["eventName"].as_str().unwrap())
        .collect();
    assert!(
        ours.contains(&"openat") && ours.contains(&"read") && ours.contains(&"close"),
        "{ours:?}"
    );
    assert_eq!(ours, theirs, "{log}");
    Ok(())
}

fn rows() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("log");
    let json = format!("json:{}", log.display());
    let run = run(&[
        "-e",
        "openat,close,exit_group",
        "-o",
        "table",
        "-o",
        &json,
        "--format",
        "%event\\t%hostProcessId %{uid} %pathname %close.fd",
        "--",
        "cat",
        "/nonexistent",
    ]);
    let events = parse(fs::File::open(&log)?);
    let rows: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(rows.len(), events.len(), "{}", run.stdout);
    for (row, event) in rows.iter().zip(&events) {
        let name = event["eventName"].as_str().unwrap();
        let of = |wanted: &str, arg_name: &str| match name == wanted {
            true => arg(event, arg_name)["value"].to_string(),
            false => "-".into(),
        };
        let expected = format!(
            "{name}\t{} {} {} {}",
            event["hostProcessId"],
            event["userId"],
            of("openat", "pathname"),
            of("close", "fd")
        );
        assert_eq!(*row, expected);
    }
    assert!(
        rows.iter().any(|row| row.contains("\"/nonexistent\" -")),
        "{}",
        run.stdout
    );
    Ok(())
}

fn arguments() -> Result<(), Failed> {
    let run = trace(
        &[
            "-e",
            "openat,access,close,newfstatat,mmap",
            "-f",
            "pathname=/nonexistent*",
        ],
        &[
            "sh",
            "-c",
            "cat /nonexistent1; test -e /nonexistent2; cat /etc/passwd",
        ],
    );
    let mut names: Vec<String> = run
        .events
        .iter()
        .map(|event| arg(event, "pathname")["value"].as_str().unwrap().to_owned())
        .collect();
    names.dedup();
    assert_eq!(names, ["/nonexistent1", "/nonexistent2"], "{:?}", run.events);
    // Flags of one event are no flags of another.
    let run = trace(
        &["-e", "openat,mmap,close", "-f", "flags=MAP_ANONYMOUS"],
        &["cat", "/etc/passwd"],
    );
    assert!(
        run.events.iter().all(|event| event["eventName"] == "mmap"),
        "{:?}",
        run.events
    );
    assert!(!run.events.is_empty());
    Ok(())
}
