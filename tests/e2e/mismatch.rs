//! argument_mismatch, and the kernel-side events beside it: another thread changes the argument all the time, and the
//! program logs what the kernel really took.

use std::fs;
use std::path::Path;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::harness::{arg, in_vm, prog, trace, value, Run};
use crate::means::{attach, each, unavailable};
use crate::Test;

/// How often a race is run.
fn tries() -> usize {
    if in_vm() {
        500
    } else {
        1000
    }
}
const MISMATCH: &str = "argument_mismatch";

pub fn tests() -> Vec<Test> {
    let missing = unavailable(MISMATCH);
    let unseen = |calls: &str| {
        attach(MISMATCH)
            .split("; ")
            .find(|part| part.starts_with("no copy can be seen") && part.contains(calls))
            .map(str::to_owned)
    };
    [
        Test::new("mismatch_raced_openat", || opens("openat")).unless(unseen("openat")),
        Test::new("mismatch_raced_open", || opens("open")).unless(unseen("openat")),
        Test::new("mismatch_raced_openat2", || opens("openat2")).unless(unseen("openat")),
        Test::new("mismatch_raced_creat", || opens("creat")).unless(unseen("openat")),
        Test::new("mismatch_raced_connect", connects).unless(unseen("connect")),
        Test::new("mismatch_raced_execve", execs),
        Test::new("mismatch_raced_failing_execve", failing_execs).unless(unseen("openat")),
        Test::new("mismatch_is_none", none),
    ]
    .into_iter()
    .map(|test| test.unless(missing.clone()))
    .collect()
}

/// What the program logs: a process, and which of two the kernel took.
fn log(run: &Run) -> Vec<(u64, String)> {
    assert_eq!(run.code(), 0, "{}\n{}", run.stdout, run.stderr);
    let lines = run.stdout.lines().map(|line| {
        let (pid, which) = line.split_once(' ').unwrap();
        (pid.parse().unwrap(), which.to_owned())
    });
    let log: Vec<_> = lines.collect();
    assert_eq!(log.len(), tries(), "{}", run.stderr);
    assert!(!run.stderr.contains("lost: "), "{}", run.stderr);
    log
}

/// Each call of the log, in order, with its reported mismatch.
fn calls<'a>(
    run: &'a Run,
    call: &str,
    of_race: impl Fn(&Value) -> bool,
) -> Vec<(&'a Value, Option<&'a Value>)> {
    let mut calls: Vec<(&Value, Option<&Value>)> = Vec::new();
    let mut last = false;
    for event in &run.events {
        if event["eventName"] == call {
            last = of_race(event);
            if last {
                calls.push((event, None));
            }
        } else if event["eventName"] == MISMATCH {
            assert!(last, "it follows no call: {event}");
            let (call, mismatch) = calls.last_mut().unwrap();
            assert_eq!(event["hostThreadId"], call["hostThreadId"], "{event}");
            assert!(mismatch.replace(event).is_none(), "two of one call: {event}");
        }
    }
    calls
}

/// A mismatch is reported if, and only if, what is shown is not what was taken. Returns how many were.
fn compare(
    calls: &[(&Value, Option<&Value>)],
    taken: &[String],
    call: &str,
    argument: &str,
    text: &str,
) -> usize {
    assert_eq!(calls.len(), taken.len());
    let mut told = 0;
    for ((event, mismatch), taken) in calls.iter().zip(taken) {
        let shown = arg(event, argument)[text].as_str().unwrap();
        assert_eq!(
            shown != taken,
            mismatch.is_some(),
            "the kernel took {taken}: {event} {mismatch:?}"
        );
        let Some(mismatch) = mismatch else {
            continue;
        };
        assert_eq!(mismatch["syscall"], call, "{mismatch}");
        assert_eq!(arg(mismatch, "syscall")["text"], call, "{mismatch}");
        assert_eq!(value(mismatch, "argument"), argument, "{mismatch}");
        assert_eq!(arg(mismatch, "user_value")[text], shown, "{mismatch}");
        assert_eq!(arg(mismatch, "kernel_value")[text], taken.as_str(), "{mismatch}");
        told += 1;
    }
    assert!(told > 0, "nothing raced");
    told
}

/// If the two threads never met, or the kernel skipped programs (which tracee reports), the run is
/// inconclusive: it is repeated.
fn race(events: &str, kind: &str, folder: &Path) -> Run {
    let tries = tries().to_string();
    let run = || {
        trace(
            &["-e", events],
            &[&prog("race"), kind, folder.to_str().unwrap(), &tries],
        )
    };
    let says_something =
        |run: &Run| !run.named(MISMATCH).is_empty() && !run.stderr.contains("the kernel skipped");
    let mut last = run();
    for _ in 0..5 {
        if says_something(&last) {
            break;
        }
        println!("once more: {}", last.stderr.trim());
        last = run();
    }
    last
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        fs::write(folder.path().join(name), name).unwrap();
    }
    folder
}

fn opens(call: &str) -> Result<(), Failed> {
    each(MISMATCH, || {
        if attach(MISMATCH).contains("be seen of open") {
            return;
        }
        let folder = folder();
        let path = |which: &str| folder.path().join(which).to_str().unwrap().to_owned();
        let run = race(
            &format!("{call},security_file_open,{MISMATCH}"),
            call,
            folder.path(),
        );
        let taken: Vec<_> = log(&run).iter().map(|(_, which)| path(which)).collect();
        let in_folder = |name: &str| name.starts_with(folder.path().to_str().unwrap());
        let told = calls(&run, call, |event| {
            value(event, "pathname").as_str().is_some_and(in_folder)
        });
        let told = compare(&told, &taken, call, "pathname", "value");
        // The kernel-side events on each are right.
        let opened: Vec<_> = run
            .named("security_file_open")
            .into_iter()
            .map(|event| value(event, "pathname").as_str().unwrap().to_owned())
            .filter(|name| in_folder(name))
            .collect();
        assert_eq!(opened, taken);
        println!(
            "{call}: {told} of {} calls were shown another path than the kernel took",
            tries()
        );
    });
    Ok(())
}

fn connects() -> Result<(), Failed> {
    each(MISMATCH, || {
        if attach(MISMATCH).contains("be seen of connect") {
            return;
        }
        let run = race(&format!("connect,{MISMATCH}"), "connect", Path::new("/"));
        let taken: Vec<_> = log(&run)
            .iter()
            .map(|(_, port)| format!("127.0.0.1:{port}"))
            .collect();
        let told = compare(
            &calls(&run, "connect", |_| true),
            &taken,
            "connect",
            "uservaddr",
            "text",
        );
        println!(
            "connect: {told} of {} calls were shown another port than the kernel took",
            tries()
        );
    });
    Ok(())
}

/// The event execve shows the kernel's copy itself; user memory at that moment is reported if it differs.
fn execs() -> Result<(), Failed> {
    each(MISMATCH, || {
        let folder = tempfile::tempdir().unwrap();
        let path = |which: &str| folder.path().join(which).to_str().unwrap().to_owned();
        for name in ["a", "b"] {
            fs::copy(prog("race"), path(name)).unwrap();
        }
        let run = race(
            &format!("execve,sched_process_exec,{MISMATCH}"),
            "execve",
            folder.path(),
        );
        let mut told = 0;
        for (pid, which) in log(&run) {
            let one = |name: &str| {
                let found: Vec<_> = run
                    .named(name)
                    .into_iter()
                    .filter(|event| event["hostProcessId"] == pid)
                    .collect();
                assert!(found.len() <= 1, "{found:?}");
                found.first().copied()
            };
            let taken = path(&which);
            let exec = one("sched_process_exec").unwrap();
            assert_eq!(value(exec, "cmdpath"), taken.as_str());
            assert_eq!(value(exec, "pathname"), taken.as_str());
            assert_eq!(value(one("execve").unwrap(), "pathname"), taken.as_str());
            if let Some(mismatch) = one(MISMATCH) {
                let other = path(if which == "a" { "b" } else { "a" });
                assert_eq!(mismatch["syscall"], "execve", "{mismatch}");
                assert_eq!(value(mismatch, "argument"), "pathname", "{mismatch}");
                assert_eq!(value(mismatch, "user_value"), other.as_str(), "{mismatch}");
                assert_eq!(value(mismatch, "kernel_value"), taken.as_str(), "{mismatch}");
                told += 1;
            }
        }
        assert!(told > 0, "nothing raced");
        println!("execve: memory had changed in {told} of {} calls", tries());
    });
    Ok(())
}

fn failing_execs() -> Result<(), Failed> {
    each(MISMATCH, || {
        if attach(MISMATCH).contains("be seen of open") {
            return;
        }
        let folder = folder();
        fs::remove_file(folder.path().join("b")).unwrap();
        let run = race(&format!("execve,{MISMATCH}"), "failing", folder.path());
        let path = |which: &str| folder.path().join(which).to_str().unwrap().to_owned();
        let taken: Vec<_> = log(&run).iter().map(|(_, which)| path(which)).collect();
        let failed = |event: &Value| event["returnValue"] != 0;
        let told = compare(
            &calls(&run, "execve", failed),
            &taken,
            "execve",
            "pathname",
            "value",
        );
        println!(
            "execve: {told} of {} failing calls were shown another path",
            tries()
        );
    });
    Ok(())
}

/// Symlinks, relative paths, missing files, execs by fd and by folder, scripts: no mismatch.
fn none() -> Result<(), Failed> {
    each(MISMATCH, || {
        let folder = folder();
        let root = folder.path().to_str().unwrap();
        std::os::unix::fs::symlink("a", folder.path().join("link")).unwrap();
        let script = folder.path().join("script");
        fs::write(&script, "#!/bin/sh\nexit 0\n").unwrap();
        std::process::Command::new("chmod")
            .args(["755", script.to_str().unwrap()])
            .status()
            .unwrap();
        let text = format!(
            "cd {root} && read x < link; read x < ./a; read x < ../nothing; ./script; {root}/script; \
             {execs} fd {getppid}; {execs} dirfd {progs} getppid; {execs} failing x; {connects}; true",
            execs = prog("execs"),
            getppid = prog("getppid"),
            progs = Path::new(&prog("getppid")).parent().unwrap().display(),
            connects = prog("connects"),
        );
        let run = trace(
            &["-e", &format!("openat,open,execve,execveat,connect,{MISMATCH}")],
            &["/bin/sh", "-c", &text],
        );
        assert!(run.events.len() > 20, "{}", run.stderr);
        assert_eq!(run.named(MISMATCH), Vec::<&Value>::new());
    });
    Ok(())
}
