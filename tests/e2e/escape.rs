//! A container escape as it happens, step by step, against what the kernel's own files told the program that escaped.

use std::fs;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::harness::{prog, value};
use crate::means::each_run;
use crate::Test;

/// What tells of the steps. Not every kernel has all of it.
const EVENTS: [&str; 8] = [
    "security_sb_mount",
    "commit_creds",
    "security_inode_mknod",
    "switch_task_ns",
    "security_file_open",
    "ptrace_attach",
    "process_vm_access",
    "security_bpf",
];

pub fn tests() -> Vec<Test> {
    vec![Test::new("a_container_escape_is_told_step_by_step", escape)]
}

fn escape() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_str().unwrap().to_owned();
    fs::write(folder.path().join("secret"), "of the host")?;
    each_run(&EVENTS, &[&prog("escape"), &path], |rung| {
        // The jail's root is a folder to make each time.
        fs::remove_dir(folder.path().join("root")).unwrap();
        let log: Vec<&str> = rung.run.stdout.lines().collect();
        let is_told = |line: &&str| rung.is_available(line.split('\t').next().unwrap());
        let expected: Vec<&str> = log.iter().copied().filter(is_told).collect();
        assert_eq!(log.len(), 10, "{log:?}");
        assert!(expected.len() > 5, "{expected:?}");
        let told: Vec<String> = rung
            .run
            .events
            .iter()
            .filter_map(|event| step(event, &path))
            .collect();
        assert_eq!(told, expected);
    });
    Ok(())
}

/// An event as the program logs its step; `None` if it is none.
fn step(event: &Value, folder: &str) -> Option<String> {
    let name = event["eventName"].as_str().unwrap();
    let is = |argument: &str, text: &str| value(event, argument) == text;
    let wanted = match name {
        "security_sb_mount" => is("type", "proc"),
        "security_file_open" => is("pathname", &format!("{folder}/secret")),
        _ => event["processName"] == "escape",
    };
    let columns: &[&str] = match name {
        "security_sb_mount" => &["pathname", "type"],
        "security_inode_mknod" => &["pathname", "rdev"],
        "security_file_open" => &["pathname", "inode"],
        "ptrace_attach" => &["pid"],
        "process_vm_access" => &["pid", "write"],
        "security_bpf" => &["cmd"],
        _ => &[],
    };
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut words = vec![name.to_owned(), plain(&event["threadId"])];
    words.extend(columns.iter().map(|column| plain(value(event, column))));
    match name {
        "commit_creds" => {
            let new = value(event, "new_cred");
            words.extend(["uid", "euid", "cap_effective"].map(|field| plain(&new[field])));
        }
        "switch_task_ns" => words.push(format!("mnt:[{}]", value(event, "new_ns")["mnt"])),
        _ => {}
    }
    wanted.then(|| words.join("\t"))
}
