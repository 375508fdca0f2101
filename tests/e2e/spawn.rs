//! Many processes: each is seen once and as itself, and no entry is left behind.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use libtest_mimic::Failed;
use nix::mount::umount;
use serde_json::Value;

use crate::harness::{in_vm, mount_cgroup2, prog, totals, value, wait_until, Background};
use crate::Test;

pub fn tests() -> Vec<Test> {
    let not_here = (!in_vm()).then(|| "pid_max is everybody's".to_owned());
    vec![
        Test::new("short_lived_processes_once_each", short_lived).once(),
        Test::new("reused_pids_are_other_processes", reused).unless(not_here),
    ]
}

/// Entries of each of tracee's maps that remember processes, threads or cgroups.
fn entries(tracee: &Background) -> BTreeMap<String, usize> {
    const NAMES: [&str; 6] = [
        "followed",
        "members",
        "containers",
        "container_ids",
        "exec_calls",
        "arg_copies",
    ];
    let infos = fs::read_dir(format!("/proc/{}/fdinfo", tracee.pid())).unwrap();
    let ids: BTreeSet<String> = infos
        .flatten()
        .filter_map(|info| fs::read_to_string(info.path()).ok())
        .filter_map(|info| {
            let id = info.lines().find_map(|line| line.strip_prefix("map_id:"))?;
            Some(id.trim().to_owned())
        })
        .collect();
    let bpftool = |args: &[&str]| {
        let output = Command::new("bpftool").arg("-j").args(args).output().unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default()
    };
    let mut entries = BTreeMap::new();
    for id in ids {
        let map = bpftool(&["map", "show", "id", &id]);
        let name = map["name"].as_str().unwrap_or_default().to_owned();
        if NAMES.contains(&name.as_str()) {
            let dump = bpftool(&["map", "dump", "id", &id]);
            entries.insert(name, dump.as_array().map_or(0, Vec::len));
        }
    }
    assert_eq!(entries.len(), NAMES.len(), "{entries:?}");
    entries
}

/// fork, vfork, posix_spawn, clone3 into a cgroup, four at a time: each exec, fork and exit once, with the right parent.
fn short_lived() -> Result<(), Failed> {
    const WORKERS: usize = 4;
    let count = if in_vm() { 800 } else { 10_000 };
    let folder = tempfile::tempdir()?;
    mount_cgroup2(folder.path())?;
    let group = folder.path().join("tracee-spawn");
    fs::create_dir(&group)?;
    let result = std::panic::catch_unwind(|| {
        let events = "sched_process_fork,sched_process_exec,sched_process_exit";
        let background = Background::start(&["-t", "p", "-e", events]);
        let before = entries(&background);
        let output = Command::new(prog("spawn"))
            .args([&count.to_string(), &WORKERS.to_string(), group.to_str().unwrap()])
            .output()
            .unwrap();
        assert!(output.status.success());
        // pid → ppid
        let children: BTreeMap<u64, u64> = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| {
                let numbers: Vec<u64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
                (numbers[0], numbers[1])
            })
            .collect();
        assert_eq!(children.len(), count, "pids are each used once");
        let mut after = BTreeMap::new();
        // The kernel frees tasks a little after their parents have been notified.
        wait_until("nothing of them is kept", || {
            after = entries(&background);
            let grown = |(name, size): (&String, &usize)| *size > before[name] + 64;
            !after.iter().any(grown)
        });
        let run = background.stop();
        assert_eq!(totals(&run.stderr).1, 0, "{}", run.stderr);
        let parents: BTreeSet<u64> = children.values().copied().collect();
        assert_eq!(parents.len(), WORKERS);
        let mut seen: BTreeMap<&str, BTreeMap<u64, usize>> = BTreeMap::new();
        for event in &run.events {
            let name = event["eventName"].as_str().unwrap();
            let (pid, parent) = match name {
                "sched_process_fork" => (value(event, "child_pid").as_u64(), &event["hostProcessId"]),
                _ => (event["hostProcessId"].as_u64(), &event["hostParentProcessId"]),
            };
            let pid = pid.unwrap();
            if children.get(&pid).is_some_and(|expected| parent == *expected) {
                *seen.entry(name).or_default().entry(pid).or_insert(0) += 1;
            }
        }
        for name in events.split(',') {
            let seen = &seen[name];
            let wrong: Vec<_> = children
                .keys()
                .filter(|pid| seen.get(pid) != Some(&1))
                .map(|pid| (pid, seen.get(pid)))
                .take(10)
                .collect();
            assert!(wrong.is_empty(), "{name}: {wrong:?}");
        }
    });
    wait_until("the cgroup is empty", || fs::remove_dir(&group).is_ok());
    umount(folder.path())?;
    result.unwrap();
    Ok(())
}

/// Two programs that fork all the time until pids are used again; one of them is traced.
fn reused() -> Result<(), Failed> {
    const PID_MAX: &str = "/proc/sys/kernel/pid_max";
    const CALLS: usize = 2;
    let forks: usize = std::env::var("TRACEE_TEST_FORKS")
        .ok()
        .and_then(|forks| forks.parse().ok())
        .unwrap_or(1500);
    let before = fs::read_to_string(PID_MAX)?;
    fs::write(PID_MAX, "1000")?;
    let folder = tempfile::tempdir()?;
    let start = |name: &str| {
        let path = folder.path().join(name);
        fs::copy(prog("forks"), &path).unwrap();
        let mut child = Command::new(path)
            .args([forks.to_string(), CALLS.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        child
    };
    let go = |child: &mut Child| child.stdin.take().unwrap().write_all(b"x").unwrap();
    let (mut inside, mut outside) = (start("inside"), start("outside"));
    let background = Background::start(&[
        "-t",
        &format!("p:{}", inside.id()),
        "-e",
        "getppid,sched_process_fork,sched_process_exit",
    ]);
    go(&mut inside);
    go(&mut outside);
    assert!(inside.wait()?.success() && outside.wait()?.success());
    let parent = u64::from(inside.id());
    let run = background.stop();
    fs::write(PID_MAX, before)?;
    assert_eq!(totals(&run.stderr).1, 0, "{}", run.stderr);
    for event in &run.events {
        assert_eq!(event["processName"], "inside", "{event}");
        let path = event["executable"]["path"].as_str().unwrap_or_default();
        assert!(path.ends_with("/inside"), "{event}");
        let is_parent = event["hostProcessId"] == parent;
        assert!(is_parent || event["hostParentProcessId"] == parent, "{event}");
    }
    assert_eq!(run.named("getppid").len(), forks * CALLS);
    assert_eq!(run.named("sched_process_fork").len(), forks);
    assert_eq!(run.named("sched_process_exit").len(), forks + 1);
    // Each lives between its fork and its exit: in between, calls belong to it.
    let mut alive: Option<&Value> = None;
    for event in &run.events {
        match event["eventName"].as_str().unwrap() {
            "sched_process_fork" => alive = Some(value(event, "child_pid")),
            "getppid" => assert_eq!(Some(&event["hostProcessId"]), alive, "{event}"),
            _ => {}
        }
    }
    Ok(())
}
