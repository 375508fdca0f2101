//! Time stamps while the clock is set.

use std::process::Command;

use libtest_mimic::Failed;
use nix::libc;
use serde_json::Value;

use crate::harness::{in_vm, prog, value, Background};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![Test::new("time_stamps_follow_the_clock", clock)]
}

/// Sets the clock ahead by that (ns), or back.
fn step(ns: i64) -> bool {
    // SAFETY: made of integers only.
    let mut timex: libc::timex = unsafe { std::mem::zeroed() };
    timex.modes = libc::ADJ_SETOFFSET | libc::ADJ_NANO;
    timex.time.tv_sec = ns.div_euclid(1_000_000_000);
    // Nanoseconds, as the flag says.
    timex.time.tv_usec = ns.rem_euclid(1_000_000_000);
    // SAFETY: a structure that lives until the call returns.
    unsafe { libc::adjtimex(&raw mut timex) >= 0 }
}

/// How far the stamps of a round of calls are from the clock that their program saw: the median, in ns.
fn offs(events: &[&Value], name: &str, looks: &[(u64, u64)]) -> u64 {
    let mut offs: Vec<u64> = looks
        .iter()
        .enumerate()
        .map(|(i, (before, after))| {
            let path = format!("{name}-{i}");
            let event = events
                .iter()
                .find(|event| value(event, "pathname") == path.as_str())
                .unwrap();
            event["timestamp"]
                .as_u64()
                .unwrap()
                .abs_diff(before.midpoint(*after))
        })
        .collect();
    offs.sort_unstable();
    offs[offs.len() / 2]
}

/// Stamps before a step are of the clock before it, those after it of the clock after it, by what programs see themselves.
fn clock() -> Result<(), Failed> {
    // Of this machine's clock, which others use, no more than can be told from noise.
    let step_ns: i64 = if in_vm() { 2_000_000_000 } else { 400_000 };
    let allowed = step_ns.unsigned_abs() / 4;
    let tracee = Background::start(&[
        "-e",
        "access,clock_changed",
        "-f",
        "access.pathname=/nonexistent/*",
    ]);
    let round = |name: &str| -> Vec<(u64, u64)> {
        let output = Command::new(prog("clock")).args([name, "50"]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let number = |word: &str| word.parse().unwrap();
        let looks = text.lines().map(|line| line.split_once(' ').unwrap());
        looks
            .map(|(before, after)| (number(before), number(after)))
            .collect()
    };
    let names = ["/nonexistent/before", "/nonexistent/ahead", "/nonexistent/back"];
    let mut rounds = vec![round(names[0])];
    let settable = step(step_ns);
    rounds.push(round(names[1]));
    if settable {
        // Back again: nobody else is to notice.
        assert!(step(-step_ns));
    }
    rounds.push(round(names[2]));
    let run = tracee.stop();
    assert_eq!(run.code(), 0, "{}", run.stderr);
    assert!(settable, "the clock cannot be set here");
    let calls = run.named("access");
    for (name, looks) in names.iter().zip(&rounds) {
        let off = offs(&calls, name, looks);
        assert!(off < allowed, "{name}: {off} ns");
    }
    let changes = run.named("clock_changed");
    let number = |event: &Value, name: &str| value(event, name).as_i64().unwrap();
    let steps: Vec<i64> = changes.iter().map(|event| number(event, "difference")).collect();
    assert_eq!(steps.len(), 2, "{steps:?}");
    assert!(
        steps[0].abs_diff(step_ns) < allowed / 5 && steps[1].abs_diff(-step_ns) < allowed / 5,
        "{steps:?}"
    );
    for event in changes {
        // It is tracee's own word, and says no more than tracee has.
        assert_eq!(event["processName"], "tracee");
        assert_eq!(event["userId"], nix::unistd::getuid().as_raw());
        for nothing in [
            "returnValue",
            "parentProcessId",
            "mountNamespace",
            "threadStartTime",
        ] {
            assert!(event[nothing].is_null(), "{nothing}: {event}");
        }
        assert_eq!(
            number(event, "after") - number(event, "before"),
            number(event, "difference")
        );
    }
    Ok(())
}
