//! What tracing costs the traced processes, and processes whose calls nobody chose.

#[path = "../../benches/empty.rs"]
mod empty;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CStr;
use std::process::Command;
use std::time::Instant;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::harness::{in_vm, lacks_tool, prog, slow_calls, totals, Background};
use crate::means::list;
use crate::Test;
use empty::EmptyProgram;

const CALLS: &str = "1000000";
const ROUNDS: usize = 7;

pub fn tests() -> Vec<Test> {
    let emulated = in_vm().then(|| "an emulator's times say nothing of a processor's".to_owned());
    let slow = emulated.clone().or_else(slow_calls);
    vec![
        Test::new(
            "a_call_that_nobody_chose_pays_little_more_than_an_empty_program",
            unchosen,
        )
        .unless(slow.clone())
        .alone(),
        Test::new("filter_costs_those_little_who_are_filtered_out", filtered)
            .unless(slow.clone())
            .alone(),
        Test::new("a_host_process_pays_little_while_containers_are_traced", host)
            .unless(slow)
            .alone(),
        Test::new(
            "a_busy_host_costs_the_reader_little_while_containers_are_traced",
            busy,
        )
        .unless(emulated)
        .alone(),
        Test::new("events_that_nobody_chose_have_no_program", unloaded).unless(lacks_tool("bpftool")),
    ]
}

/// Ids and names of the programs that bpftool sees.
fn programs() -> BTreeMap<u64, String> {
    let output = Command::new("bpftool")
        .args(["prog", "list", "--json"])
        .output()
        .unwrap();
    let list: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let entry = |program: &Value| {
        let name = program["name"].as_str().unwrap_or_default().to_owned();
        (program["id"].as_u64().unwrap(), name)
    };
    list.iter().map(entry).collect()
}

fn unloaded() -> Result<(), Failed> {
    let loaded = |event: &str| -> Vec<String> {
        let before = programs();
        let background = Background::start(&["-t", "process:all", "-e", event]);
        let during = programs();
        background.stop();
        let new = during.into_iter().filter(|(id, _)| !before.contains_key(id));
        new.map(|(_, name)| name).collect()
    };
    // Programs that find tracee's own pid, new processes and executables.
    let own = |name: &String| {
        [
            "sched_process_",
            "whoami",
            "follow_named",
            "container_",
            "find_container",
        ]
        .iter()
        .any(|own| name.starts_with(own))
    };
    // Programs that look at calls when they return need marks.
    let marks = ["sys_enter", "sys_exit"];
    let is_after = list("")["security_file_open"]["attach"]
        .to_string()
        .contains("after the call");
    // The one program at sys_exit looks at them, too, where the kernel skips what it does not call (6.8).
    let looks = |name: &String| name.starts_with("sys_exit__look");
    let after = match is_after {
        true if loaded("security_file_open").iter().any(looks) => &marks[..],
        true => &["security_file_o", "sys_enter", "sys_exit"],
        false => &["security_file_o"],
    };
    for (event, programs) in [
        ("read", &["sys_exit"][..]),
        ("openat", &marks),
        ("security_file_open", after),
        ("cgroup_mkdir", &["cgroup_mkdir"]),
    ] {
        let names = loaded(event);
        let others: BTreeSet<&str> = names
            .iter()
            .filter(|name| !own(name))
            .map(|name| name.split("__").next().unwrap_or_default())
            // The kernel keeps that many bytes; bpftool shows more where it finds the function's own name.
            .map(|name| name.get(..15).unwrap_or(name))
            .collect();
        assert_eq!(others, programs.iter().copied().collect(), "{event}: {names:?}");
    }
    Ok(())
}

fn getppid() -> f64 {
    let output = Command::new(prog("loop"))
        .args(["getppid", CALLS])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
}

/// A call of getppid, in ns: under empty programs at these tracepoints, and while tracee runs with these flags. Both
/// take turns, and the best of several rounds counts: noise only ever adds.
fn compare(tracepoints: &[&CStr], flags: &[&str]) -> Result<(f64, f64), Failed> {
    let (mut empty, mut ours) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        let programs = tracepoints.iter().copied().map(EmptyProgram::attach_to);
        let programs: Vec<EmptyProgram> = programs.collect::<Result<_, _>>()?;
        empty = empty.min(getppid());
        drop(programs);
        let background = Background::start(flags);
        ours = ours.min(getppid());
        background.stop();
    }
    println!("getppid: {empty} ns under an empty program, {ours} ns with {flags:?}");
    Ok((empty, ours))
}

/// Calls whose success is evidence leave marks at sys_enter, too.
fn unchosen() -> Result<(), Failed> {
    let tracepoints = [c"sys_exit", c"sys_enter"];
    for (at, call) in [(&tracepoints[..1], "read"), (&tracepoints, "openat")] {
        let (empty, ours) = compare(at, &["-e", call])?;
        assert!(
            ours <= empty * 1.15,
            "{call}: {ours} ns is more than 1.15 times {empty} ns"
        );
    }
    Ok(())
}

/// A call that was chosen, of a process that a filter leaves out.
fn filtered() -> Result<(), Failed> {
    const FILTERS: [&str; 3] = ["uid=65533", "comm=nobody", "getppid.retval<0"];
    let mut empty = f64::INFINITY;
    let mut ours = [f64::INFINITY; FILTERS.len()];
    for _ in 0..ROUNDS / 2 {
        let program = EmptyProgram::attach()?;
        empty = empty.min(getppid());
        drop(program);
        for (best, filter) in ours.iter_mut().zip(FILTERS) {
            // With a scope that costs nothing itself.
            let background = Background::start(&["-t", "p:all", "-e", "getppid", "-f", filter]);
            *best = best.min(getppid());
            background.stop();
        }
    }
    println!("getppid: {empty} ns under an empty program, filtered out by {FILTERS:?}: {ours:?} ns");
    for (ours, filter) in ours.iter().zip(FILTERS) {
        assert!(
            *ours <= empty + 120.0,
            "{filter}: {ours} ns, {empty} ns under an empty program"
        );
    }
    Ok(())
}

/// The call is chosen, but only of processes in containers.
fn host() -> Result<(), Failed> {
    let (empty, ours) = compare(&[c"sys_exit"], &["-t", "c", "-e", "getppid"])?;
    assert!(ours <= empty + 60.0, "{ours} ns is more than {empty} and 60 ns");
    Ok(())
}

/// The reader hears nothing of processes that are in no container, however many begin and end.
fn busy() -> Result<(), Failed> {
    let background = Background::start(&["-t", "c"]);
    let (start, before) = (Instant::now(), background.running_time());
    let done = Command::new(prog("spawn")).args(["10000", "4"]).output()?;
    let (took, ran) = (start.elapsed(), background.running_time() - before);
    let run = background.stop();
    assert!(done.status.success());
    assert_eq!(totals(&run.stderr), (0, 0), "{}", run.stderr);
    println!("the reader ran for {ran:?} of {took:?}");
    assert!(ran * 100 < took, "{ran:?} of {took:?}");
    Ok(())
}
