//! Habits of strace, Tracee and Falco: flags that mean the same here, and errors that name ours.

use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use crate::cli::one_line;
use crate::harness::{finish, parse, prog, run, same_everywhere, trace, tracee_command, Run};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("habits_of_others_name_ours", others).unless(same_everywhere()),
        Test::new("a_run_ends_after_so_many_events_or_so_long", limits).unless(same_everywhere()),
        Test::new("calls_that_failed_or_succeeded", outcomes),
        Test::new("users_by_name", users).unless(same_everywhere()),
        Test::new("quiet_leaves_totals_out", quiet).unless(same_everywhere()),
        Test::new("times_of_tables", times).unless(same_everywhere()),
    ]
}

fn others() -> Result<(), Failed> {
    for (args, ours) in [
        // strace
        (&["-e", "trace=open"][..], "-e openat,execve"),
        (&["-f", "--", "ls"], "children are always followed"),
        (&["-ff", "--", "ls"], "children are always followed"),
        (&["-s", "64", "--", "ls"], "strings are shown whole"),
        (&["-o", "file.txt", "--", "ls"], "-o table:file.txt"),
        (&["-tt", "--", "ls"], "--time wall"),
        (&["-v", "-v", "--", "ls"], "--verbose-args"),
        (&["-b", "1024"], "64KiB"),
        (&["--follow-forks"], "children are always followed"),
        (&["-r", "--", "ls"], "--time delta"),
        (&["-C", "--", "ls"], "--summary"),
        (&["-w", "-c", "--", "ls"], "--durations"),
        (&["--trace-path=/etc", "--", "ls"], "--path"),
        (&["--summary-only", "--", "ls"], "--summary"),
        (&["-k", "--", "ls"], "stacks"),
        (&["--attach=1"], "--pid"),
        // Tracee
        (&["--events", "openat"], "--event"),
        (&["--scope", "comm=ls"], "--trace"),
        (&["--artifacts", "exec"], "--capture"),
        (&["-e", "tag=fs"], "@fs"),
        (
            &["--filter", "openat.data.pathname=/etc/*"],
            "openat.pathname=/etc/*",
        ),
        (&["--output", "format:json"], "-o json"),
        (&["--trace", "comm=bash"], "-f comm=ls"),
        (&["list"], "--list"),
        // Values that are none.
        (&["-p", "ls"], "--pid"),
        (
            &["-p", "1", "--", "ls"],
            "--pid and a command after -- exclude each other",
        ),
        (&["-t", "p:1", "-t", "c"], "--trace"),
        (&["-n", "0"], "--events-max"),
        (&["--for", "tomorrow"], "--for"),
        (&["-u", "nobody-at-all"], "nobody-at-all"),
        (&["-z", "-Z"], "cannot be used with"),
        (&["--format", "%nosuch"], "there is no field %nosuch"),
        (&["--format", "%comm", "-o", "json"], "no output is a table"),
        (&["-f", "pathnam=/x"], "did you mean pathname?"),
        (&["-e", "%net"], "-e @net"),
        (&["-e", "net"], "a set: -e @net"),
        (&["-f", "proc.name=cat"], "comm=cat"),
        (&["-f", "evt.type=openat"], "-e openat"),
        (&["-f", "comm==cat"], "one ="),
        (
            &["-e", "getpid", "-f", "pathname=/x"],
            "no chosen event has the argument pathname",
        ),
        (
            &["-e", "getpid", "-P", "/etc"],
            "no chosen event has what the filters ask for",
        ),
        (&["-P", "/etc", "-l"], "--path does not affect --list"),
        (&["-e", "@defalt"], "did you mean default?"),
        (&["-e", "!opennat"], "did you mean openat?"),
    ] {
        let run = run(args);
        assert_eq!(run.code(), 2, "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains(ours), "{args:?}: {}", run.stderr);
        one_line(&run.stderr)?;
    }
    Ok(())
}

fn ended_by_itself(flags: &[&str]) -> Run {
    let run = finish(tracee_command().args(["-o", "json"]).args(flags));
    assert_eq!(run.code(), 0, "{}", run.stderr);
    run
}

fn limits() -> Result<(), Failed> {
    let run = ended_by_itself(&["-e", "openat,open", "-n", "3", "--", "ls", "/"]);
    assert_eq!(parse(run.stdout.as_bytes()).len(), 3, "{}", run.stdout);
    assert!(run.stderr.contains("3 events, "), "{}", run.stderr);
    let since = Instant::now();
    ended_by_itself(&["-e", "getpgid", "--for", "700ms"]);
    assert!(
        since.elapsed() >= Duration::from_millis(700),
        "{:?}",
        since.elapsed()
    );
    Ok(())
}

fn outcomes() -> Result<(), Failed> {
    for (flag, failed) in [("-Z", true), ("-z", false)] {
        let run = trace(
            &[flag, "-e", "openat,open,access,faccessat,newfstatat,stat,statx"],
            &["ls", "/nonexistent"],
        );
        assert!(!run.events.is_empty(), "{}", run.stderr);
        for event in &run.events {
            assert_eq!(event.get("error").is_some(), failed, "{event}");
        }
    }
    Ok(())
}

fn users() -> Result<(), Failed> {
    for (user, some) in [("root", true), ("0", true), ("nobody", false)] {
        let run = trace(&["-u", user, "-e", "execve"], &["true"]);
        assert_eq!(!run.events.is_empty(), some, "{user}: {}", run.stderr);
    }
    let shown = |flags: &[&str]| {
        let run = finish(tracee_command().args(flags).args(["-e", "execve", "--", "true"]));
        run.stdout
            .lines()
            .nth(1)
            .unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .to_owned()
    };
    assert_eq!(shown(&[]), "root");
    assert_eq!(shown(&["--numeric"]), "0");
    Ok(())
}

fn quiet() -> Result<(), Failed> {
    let run = trace(&["-q", "-e", "execve"], &["true"]);
    assert_eq!((run.code(), run.stderr.as_str()), (0, ""));
    // What was lost is reported all the same.
    let run = trace(
        &["-q", "-b", "64KiB", "-e", "getppid"],
        &[&prog("getppid"), "1", "300000"],
    );
    let lost = run
        .stderr
        .lines()
        .any(|line| line.ends_with(" lost") && !line.ends_with(" 0 lost"));
    assert_eq!(lost, run.events.len() != 300_000, "{}", run.stderr);
    Ok(())
}

fn times() -> Result<(), Failed> {
    let rows = |kind: &str| -> Vec<String> {
        let flags = ["--time", kind, "-e", "execve,exit_group,openat", "--", "true"];
        let run = finish(tracee_command().args(flags));
        let first = |row: &str| row.split_whitespace().next().unwrap().to_owned();
        run.stdout.lines().map(first).collect()
    };
    let seconds = |text: &String| text.parse::<f64>().unwrap();
    let relative: Vec<f64> = rows("relative")[1..].iter().map(seconds).collect();
    assert!(relative.is_sorted() && relative[0] < 60.0, "{relative:?}");
    let delta: Vec<f64> = rows("delta")[1..].iter().map(seconds).collect();
    assert!(delta.iter().all(|delta| *delta < 60.0), "{delta:?}");
    let wall = rows("wall");
    assert_eq!(wall[0], "TIME");
    assert!(
        wall[1..]
            .iter()
            .all(|time| time.len() == 15 && time.matches(':').count() == 2),
        "{wall:?}"
    );
    Ok(())
}
