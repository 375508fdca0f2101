//! What is lost is counted, exactly; and nothing stays behind.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use libtest_mimic::Failed;
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;
use serde_json::Value;

use crate::harness::{
    finish, in_vm, lacks_tool, long, prog, same_everywhere, totals, trace_keeping, tracee, tracee_command,
    value, wait_until, Background,
};
use crate::Test;

const PROCESSES: u64 = 16;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("received_and_lost_are_all_with_small_rings", || {
            received_and_lost("64KiB")
        }),
        Test::new("received_and_lost_are_all_with_large_rings", || {
            received_and_lost("16MiB")
        }),
        Test::new("it_works_without_tracefs", without_tracefs).unless(lacks_tool("unshare")),
        Test::new("lost_events_are_in_the_stream", in_the_stream),
        Test::new("a_steady_load_loses_nothing", steady).alone(),
        Test::new("a_burst_just_before_the_end_is_all_printed", burst),
        Test::new("a_stopped_reader_goes_on_and_counts", stopped)
            .unless(same_everywhere())
            .alone(),
        Test::new("a_kill_leaves_nothing_behind", killed)
            .unless(lacks_tool("bpftool"))
            .on_each_kernel(),
    ]
}

fn calls() -> u64 {
    if in_vm() {
        6_250
    } else {
        62_500
    }
}

fn received_and_lost(size: &str) -> Result<(), Failed> {
    let calls = calls();
    let mut child = tracee_command()
        .args(["-b", size, "-e", "getppid", "--", &prog("getppid")])
        .args([PROCESSES.to_string(), calls.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let rows = BufReader::new(child.stdout.take().unwrap())
        .split(b'\n')
        .skip(1)
        .map_while(Result::ok)
        .count() as u64;
    let output = child.wait_with_output()?;
    let (written, lost) = totals(&String::from_utf8_lossy(&output.stderr));
    println!("{size}: {rows} received, {lost} lost");
    assert_eq!(rows, written);
    assert_eq!(rows + lost, PROCESSES * calls);
    if in_vm() && size == "16MiB" {
        // 100,000 records of less than 160 bytes fit into one ring.
        assert_eq!(lost, 0, "the rings had room for all of it");
    }
    Ok(())
}

/// Only kernels that preempt programs on raw tracepoints need tracefs, and there a warning is printed.
fn without_tracefs() -> Result<(), Failed> {
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c"]).arg(
        "for at in /sys/kernel/debug/tracing /sys/kernel/debug /sys/kernel/tracing; do
             while umount $at 2>/dev/null; do :; done
         done
         exec \"$0\" \"$@\"",
    );
    let run = finish(
        command
            .arg(tracee())
            .args(["-e", "execve,exit_group", "--", "true"]),
    );
    assert_eq!(run.code(), 0, "{}", run.stderr);
    assert_eq!(run.stdout.lines().count(), 3, "{}", run.stdout);
    let list = finish(tracee_command().arg("-l"));
    let warns = run.stderr.contains("tracefs");
    assert_eq!(
        warns,
        list.stdout.contains("tp/raw_syscalls/sys_exit"),
        "{}",
        run.stderr
    );
    Ok(())
}

fn in_the_stream() -> Result<(), Failed> {
    let calls = calls();
    let command = [&prog("getppid"), &PROCESSES.to_string()[..], &calls.to_string()];
    let mut received = 0;
    let run = trace_keeping(&["-b", "64KiB", "-e", "getppid,lost_events"], &command, |event| {
        received += u64::from(event["eventName"] == "getppid");
        event["eventName"] == "lost_events"
    });
    let told: u64 = run
        .named("lost_events")
        .iter()
        .map(|event| value(event, "count").as_u64().unwrap())
        .sum();
    let (_, lost) = totals(&run.stderr);
    assert_eq!(received + lost, PROCESSES * calls);
    assert!(told <= lost, "{told} of {lost}");
    for event in run.named("lost_events") {
        let (first, last) = (
            value(event, "first_timestamp").as_u64(),
            value(event, "last_timestamp").as_u64(),
        );
        assert!(first > Some(0) && first <= last, "{event}");
        assert!(
            value(event, "buffer").as_str().unwrap().starts_with("cpu"),
            "{event}"
        );
    }
    if lost > 0 {
        // By CPU and event, in addition to the total.
        let line = run
            .stderr
            .lines()
            .find(|line| line.starts_with("tracee: lost: "))
            .unwrap();
        let by_event: u64 = line
            .split(", ")
            .map(|part| part.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
            .sum();
        assert_eq!(by_event, lost, "{line}");
    }
    Ok(())
}

/// 10,000 opens a second, in the long form for a minute; in an emulator less of both.
fn steady() -> Result<(), Failed> {
    let (rate, seconds) = match (in_vm(), long()) {
        (true, _) => ("1000", "6"),
        (false, false) => ("10000", "15"),
        (false, true) => ("10000", "60"),
    };
    let mut child = tracee_command()
        .args(["-e", "openat", "-o", "json", "--", "sh", "-c"])
        .arg(format!("exec {} {rate} {seconds} >&2", prog("opens")))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stdout = child.stdout.take().unwrap();
    let mut opened = 0;
    for line in BufReader::new(stdout).lines() {
        let event: Value = serde_json::from_str(&line?)?;
        opened += u64::from(value(&event, "pathname") == "/dev/null");
    }
    let output = child.wait_with_output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    let made: u64 = stderr.lines().find_map(|line| line.parse().ok()).unwrap();
    assert_eq!(totals(&stderr).1, 0, "{stderr}");
    assert_eq!(opened, made);
    assert_eq!(made, rate.parse::<u64>()? * seconds.parse::<u64>()?);
    Ok(())
}

/// More than the reader holds of a ring, and too young to be forwarded when it is asked to stop.
fn burst() -> Result<(), Failed> {
    const OPENS: usize = 400;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("rows");
    // A table, since JSON's own bookkeeping would keep the reader busy.
    let mut child = tracee_command()
        .args(["--debug", "-e", "openat", "-o"])
        .arg(format!("table:{}", path.display()))
        .stderr(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok);
    assert!(lines.any(|line| line == "tracee: tracing has begun"));
    let status = Command::new(prog("burst"))
        .args([child.id().to_string(), OPENS.to_string()])
        .status()?;
    assert!(status.success());
    let last = lines.last().unwrap_or_default();
    assert!(child.wait()?.success());
    let rows = std::fs::read_to_string(&path)?;
    let printed = rows.lines().filter(|row| row.contains(" burst ")).count();
    assert_eq!(printed as u64 + totals(&last).1, OPENS as u64, "{last}");
    Ok(())
}

fn stopped() -> Result<(), Failed> {
    let calls = calls();
    let mut child = tracee_command()
        .args([
            "-b",
            "64KiB",
            "-e",
            "getppid",
            "--",
            &prog("getppid"),
            "8",
            &calls.to_string(),
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let pid = Pid::from_raw(child.id() as i32);
    let mut rows = BufReader::new(child.stdout.take().unwrap()).split(b'\n');
    // After the header and the first event it is under way.
    assert!(rows.next().is_some() && rows.next().is_some());
    kill(pid, Signal::SIGSTOP)?;
    // A fixed time, not a condition, is the point of this test.
    std::thread::sleep(Duration::from_secs(5));
    kill(pid, Signal::SIGCONT)?;
    let rows = 1 + rows.map_while(Result::ok).count() as u64;
    let output = child.wait_with_output()?;
    let (written, lost) = totals(&String::from_utf8_lossy(&output.stderr));
    assert_eq!(rows, written);
    assert!(lost > 0, "the rings held all of it");
    assert_eq!(rows + lost, 8 * calls);
    Ok(())
}

/// Programs and maps that bpftool sees, by kind and id.
fn loaded() -> BTreeSet<(&'static str, u64)> {
    let ids = |kind: &'static str| {
        let output = Command::new("bpftool")
            .args([kind, "list", "--json"])
            .output()
            .unwrap();
        let list: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        list.into_iter()
            .map(move |entry| (kind, entry["id"].as_u64().unwrap()))
    };
    ids("prog").chain(ids("map")).collect()
}

fn killed() -> Result<(), Failed> {
    // Programs of earlier tests may still be unloading.
    let before = loaded();
    let mut background = Background::start(&["-t", &format!("process:{}", std::process::id())]);
    let own: BTreeSet<_> = loaded().difference(&before).copied().collect();
    for kind in ["prog", "map"] {
        assert!(own.iter().any(|(own, _)| *own == kind), "{own:?}");
    }
    background.child.kill()?;
    background.child.wait()?;
    wait_until("programs and maps are gone", || loaded().is_disjoint(&own));
    Ok(())
}
