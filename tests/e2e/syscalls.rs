//! System calls against strace's log of the same run, and calls of the other ABIs.

use std::collections::BTreeMap;
use std::fs;

use libtest_mimic::Failed;
use nix::errno::Errno;
use serde_json::{json, Value};

use crate::harness::{arg, in_vm, lacks_tool, prog, trace, value};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("counts_agree_with_strace_and_the_program", counts).unless(lacks_tool("strace")),
        Test::new("sequence_and_results_agree_with_strace", sequence).unless(lacks_tool("strace")),
        Test::new("int80_calls_are_mapped_and_marked", int80).unless(no_ia32()),
        Test::new("x32_calls_are_mapped_and_marked", x32),
        Test::new("addresses_and_times_are_decoded", addresses).once(),
        Test::new("raw_events_name_the_call", raw_events),
    ]
}

/// A call as strace logs it: name, the rest after the parenthesis, result.
struct Logged {
    name: String,
    args: String,
    result: String,
}

/// Runs a command under strace under tracee; returns strace's log and our events of the command, from its exec on.
fn both(command: &[&str]) -> (Vec<Logged>, Vec<Value>, String) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("strace");
    let mut words = vec![
        "strace",
        "-f",
        "-v",
        "-s",
        "4096",
        "-o",
        log.to_str().unwrap(),
        "--",
    ];
    words.extend(command);
    let run = trace(&["-s", "syscalls", "-b", "64MiB"], &words);
    let log = fs::read_to_string(&log).unwrap();
    let pid: i64 = log.split_whitespace().next().unwrap().parse().unwrap();
    let logged: Vec<Logged> = log.lines().filter_map(|line| parse_line(line, pid)).collect();
    let ours: Vec<Value> = run
        .events
        .iter()
        .filter(|event| event["threadId"] == pid)
        .skip_while(|event| event["eventName"] != "execve" || event["returnValue"] != 0)
        .cloned()
        .collect();
    assert!(run.stderr.contains(" 0 lost"), "{}", run.stderr);
    (logged, ours, run.stdout)
}

fn parse_line(line: &str, pid: i64) -> Option<Logged> {
    let (number, rest) = line.split_once(' ')?;
    let rest = rest.trim_start();
    if number.parse() != Ok(pid) || rest.starts_with(['+', '-', '<']) {
        return None;
    }
    let (name, rest) = rest.split_once('(')?;
    let (args, result) = rest.rsplit_once(" = ").unwrap_or((rest, ""));
    Some(Logged {
        name: name.into(),
        args: args.trim_end().trim_end_matches(')').into(),
        result: result.into(),
    })
}

fn counts() -> Result<(), Failed> {
    let (logged, ours, stdout) = both(&[&prog("calls")]);
    let mut by_strace = BTreeMap::new();
    for call in &logged {
        *by_strace.entry(call.name.clone()).or_insert(0) += 1;
    }
    let mut by_us: BTreeMap<String, i32> = BTreeMap::new();
    for event in &ours {
        *by_us
            .entry(event["eventName"].as_str().unwrap().into())
            .or_insert(0) += 1;
    }
    assert_eq!(by_us, by_strace);
    // The program's own log, which lacks the calls of its libc.
    let mut kinds = 0;
    for line in stdout.lines() {
        let (name, count) = line.split_once(' ').unwrap();
        let count: i32 = count.parse().unwrap();
        let seen = by_us.get(name).copied().unwrap_or(0);
        assert!(
            seen >= count && seen <= count + 8,
            "{name}: {count} were made, {seen} seen"
        );
        kinds += 1;
    }
    assert!(kinds > 150, "{kinds}");
    Ok(())
}

fn sequence() -> Result<(), Failed> {
    for command in [
        &["ls", "-la", "/"][..],
        &["cat", "/etc/passwd", "/nonexistent"],
        &["sh", "-c", "echo a"],
    ] {
        let (logged, ours, _) = both(command);
        let theirs: Vec<_> = logged
            .iter()
            .map(|call| (call.name.clone(), result(&call.result)))
            .collect();
        let mine: Vec<_> = ours
            .iter()
            .map(|event| (event["eventName"].as_str().unwrap().to_owned(), our_result(event)))
            .collect();
        assert_eq!(mine, theirs, "{command:?}");
        assert!(mine.len() > 5);
        let mut compared = 0;
        for (call, event) in logged.iter().zip(&ours).filter(|(call, _)| call.name == "openat") {
            let path = value(event, "pathname").as_str().unwrap();
            let mut words: Vec<&str> = call.args.split(", ").collect();
            assert_eq!(words[..2], ["AT_FDCWD", &format!("{path:?}")], "{}", call.args);
            assert_eq!(
                sorted(words.remove(2)),
                sorted(arg(event, "flags")["text"].as_str().unwrap())
            );
            compared += 1;
        }
        assert!(compared > 0 || in_vm() || command[0] == "sh");
    }
    Ok(())
}

/// Flags in an order of our own: strace has another.
fn sorted(flags: &str) -> Vec<&str> {
    let mut names: Vec<&str> = flags.split('|').collect();
    names.sort_unstable();
    names
}

/// strace's result: a number, an error by name, or nothing.
fn result(text: &str) -> String {
    let mut words = text.split_whitespace();
    match words.next() {
        Some("-1") => words.next().unwrap_or("-1").into(),
        Some(hex) if hex.starts_with("0x") => {
            i64::from_str_radix(&hex[2..], 16).map_or(hex.into(), |number| number.to_string())
        }
        // The reason why a call that was interrupted came back.
        Some("?") => words.next().unwrap_or("?").into(),
        Some(number) => number.into(),
        None => "?".into(),
    }
}

fn our_result(event: &Value) -> String {
    match event["returnValue"].as_i64() {
        Some(error @ -4095..=-1) => format!("{:?}", Errno::from_raw(-error as i32)),
        Some(number) => number.to_string(),
        None => "?".into(),
    }
}

/// Why 32-bit calls are missing, which only trying shows.
pub fn no_ia32() -> Option<String> {
    let ran = std::process::Command::new(prog("abi32")).status();
    match ran {
        Ok(status) if status.success() => None,
        _ => Some("the kernel runs no 32-bit programs".into()),
    }
}

fn int80() -> Result<(), Failed> {
    for program in ["abi", "abi32"] {
        let run = trace(
            &["-e", "getppid,openat,pread64,waitpid,execve"],
            &[&prog(program)],
        );
        assert_eq!(run.code(), 0, "{}", run.stderr);
        let marked: Vec<_> = run.events.iter().filter(|event| event["abi"] == "i386").collect();
        let names: Vec<_> = marked
            .iter()
            .map(|event| event["eventName"].as_str().unwrap())
            .collect();
        let expected = ["getppid", "openat", "pread64", "waitpid"];
        assert!(names.ends_with(&expected), "{program}: {names:?}");
        let tail = &marked[marked.len() - 4..];
        assert!(tail[0]["returnValue"].as_i64().unwrap() > 0);
        assert_eq!(value(tail[1], "pathname"), "/nonexistent/thirty-two");
        assert_eq!(value(tail[1], "dfd"), -100);
        assert_eq!(tail[1]["returnValue"], -2);
        assert_eq!(value(tail[2], "pos"), 0x1_0000_0002_i64);
        assert_eq!(value(tail[2], "fd"), -1);
        assert_eq!(tail[2]["returnValue"], -9);
        assert_eq!(value(tail[3], "pid"), -1);
        assert_eq!(tail[3]["returnValue"], -10);
        let execve = run.named("execve");
        assert_eq!(execve.len(), 1);
        assert!(
            execve[0].get("abi").is_none(),
            "tracee's own child made it, in 64 bits"
        );
    }
    Ok(())
}

/// Where the kernel has no x32 (CONFIG_X86_X32_ABI), the call is made and seen all the same, and returns ENOSYS.
fn x32() -> Result<(), Failed> {
    let run = trace(&["-e", "getppid"], &[&prog("x32")]);
    let events = run.named("getppid");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["abi"], "x32");
    let enosys = -(Errno::ENOSYS as i64);
    assert!(events[0]["returnValue"] == enosys || events[0]["returnValue"] == events[0]["parentProcessId"]);
    Ok(())
}

fn addresses() -> Result<(), Failed> {
    let run = trace(&["-e", "connect,nanosleep,clock_nanosleep"], &[&prog("connects")]);
    let connects = run.named("connect");
    let texts: Vec<_> = connects
        .iter()
        .map(|event| arg(event, "uservaddr")["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["127.1.2.3:1", "[::1]:2", "unix:/nonexistent/socket"]);
    assert_eq!(value(connects[0], "uservaddr")["sin_port"], 1);
    assert_eq!(connects[2]["returnValue"], -2);
    let sleep = run
        .events
        .iter()
        .find(|event| event["eventName"].as_str().unwrap().contains("sleep"))
        .unwrap();
    assert_eq!(value(sleep, "rqtp"), &json!({"tv_sec": 0, "tv_nsec": 1_234_567}));
    Ok(())
}

fn raw_events() -> Result<(), Failed> {
    let run = trace(
        &["-e", "sys_enter,sys_exit,getppid"],
        &[&prog("getppid"), "1", "7"],
    );
    for name in ["sys_enter", "sys_exit"] {
        let of = run
            .named(name)
            .into_iter()
            .filter(|event| arg(event, "syscall")["text"] == "getppid")
            .count();
        assert_eq!(of, 7, "{name}");
    }
    assert_eq!(run.named("getppid").len(), 7);
    Ok(())
}
