//! What those pay who are traced, and those whose calls nobody chose.

#[path = "../../benches/empty.rs"]
mod empty;

use std::collections::BTreeMap;
use std::process::Command;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::harness::{in_vm, lacks_tool, prog, Background};
use crate::Test;
use empty::EmptyProgram;

const CALLS: &str = "1000000";
const ROUNDS: usize = 7;

pub fn tests() -> Vec<Test> {
    let emulated = in_vm().then(|| "an emulator's times say nothing of a processor's".to_owned());
    vec![
        Test::new(
            "a_call_that_nobody_chose_pays_little_more_than_an_empty_program",
            unchosen,
        )
        .unless(emulated),
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
    // What finds out who tracee is, who is new and which executable runs.
    let own = |name: &String| {
        ["sched_process_", "whoami", "follow_named"]
            .iter()
            .any(|own| name.starts_with(own))
    };
    for (event, program) in [
        ("openat", "sys_exit"),
        ("security_file_open", "security_file_o"),
        ("cgroup_mkdir", "cgroup_mkdir"),
    ] {
        let names = loaded(event);
        let others: Vec<&String> = names.iter().filter(|name| !own(name)).collect();
        assert_eq!(others.len(), 1, "{event}: {names:?}");
        assert!(others[0].starts_with(program), "{event}: {names:?}");
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

/// Both take turns, and the best of several rounds counts: the machine's noise only ever adds.
fn unchosen() -> Result<(), Failed> {
    let (mut empty, mut ours) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        let program = EmptyProgram::attach()?;
        empty = empty.min(getppid());
        drop(program);
        let background = Background::start(&["-e", "openat"]);
        ours = ours.min(getppid());
        background.stop();
    }
    println!("getppid: {empty} ns under an empty program, {ours} ns while openat is traced");
    assert!(
        ours <= empty * 1.15,
        "{ours} ns is more than 1.15 times {empty} ns"
    );
    Ok(())
}
