//! Who made a process, and who made that: in JSON, and in recordings.

use std::collections::HashMap;
use std::fs;

use libtest_mimic::Failed;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::harness::{prog, run, same_everywhere, trace, Run};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("ancestors_are_those_that_a_tree_of_processes_has", tree),
        Test::new("ancestors_from_before_are_those_of_proc", before).once(),
        Test::new("replays_show_the_same_ancestors", replays).unless(same_everywhere()),
    ]
}

/// A process of `tree`, as it says itself.
struct Node {
    ticks: u64,
    maker: u64,
    /// Whether its maker leaves it behind.
    left: bool,
}

fn nodes(run: &Run) -> HashMap<u64, Node> {
    run.stdout
        .lines()
        .map(|line| {
            let numbers: Vec<u64> = line.split(' ').map(|word| word.parse().unwrap()).collect();
            let node = Node {
                ticks: numbers[1],
                maker: numbers[2],
                left: numbers[3] != 0,
            };
            (numbers[0], node)
        })
        .collect()
}

/// The id of a process, from the numbers that anybody can read.
fn entity(pid: u64, ticks: u64) -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let digest = Sha256::digest(format!("{}:{pid}:{ticks}", boot.trim()));
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn pids(event: &Value) -> Vec<u64> {
    let ancestors = event["ancestors"].as_array().unwrap();
    ancestors
        .iter()
        .map(|ancestor| ancestor["hostProcessId"].as_u64().unwrap())
        .collect()
}

fn tree() -> Result<(), Failed> {
    let run = trace(
        &["--ancestors", "-e", "getppid", "-f", "comm=tree"],
        &[&prog("tree"), "5", "3"],
    );
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let nodes = nodes(&run);
    assert_eq!(nodes.len(), 364);
    let mut taken_over = 0;
    let mut seen = HashMap::new();
    for event in run.named("getppid") {
        let pid = event["hostProcessId"].as_u64().unwrap();
        let node = &nodes[&pid];
        *seen.entry(pid).or_insert(0) += 1;
        // From maker to maker, up to the process that tracee has started, and on from there.
        let mut at = pid;
        let mut expected = Vec::new();
        while let Some(node) = nodes.get(&at) {
            expected.push(node.maker);
            at = node.maker;
        }
        let ancestors = pids(event);
        assert_eq!(ancestors[..expected.len()], expected, "{event}");
        assert_eq!(*ancestors.last().unwrap(), 1, "{event}");
        assert_eq!(event["processEntityId"], entity(pid, node.ticks), "{event}");
        if let Some(maker) = nodes.get(&node.maker) {
            assert_eq!(
                event["parentEntityId"],
                entity(node.maker, maker.ticks),
                "{event}"
            );
            assert_eq!(event["ancestors"][0]["processEntityId"], event["parentEntityId"]);
            let argv = event["ancestors"][0]["argv"].as_array().unwrap();
            assert_eq!(argv[1..], ["5", "3"]);
        }
        // The parent that the kernel shows is another one now.
        taken_over += usize::from(event["hostParentProcessId"] != node.maker);
    }
    assert_eq!(seen.len(), nodes.len());
    let left = nodes.values().filter(|node| node.left).count();
    assert!(left > 80 && taken_over >= left, "{left} {taken_over}");
    Ok(())
}

/// A field of `/proc/PID/stat` behind the name.
fn stat(pid: u64, field: usize) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields = &stat[stat.rfind(')').unwrap() + 2..];
    fields.split(' ').nth(field - 3).unwrap().parse().unwrap()
}

/// Processes that ran before tracee: this one, and those that have made it.
fn before() -> Result<(), Failed> {
    let run = trace(&["-e", "execve"], &["true"]);
    let event = run.named("execve")[0];
    let shown = event["ancestors"].as_array().unwrap();
    let own = u64::from(std::process::id());
    let from = shown.iter().position(|ancestor| ancestor["hostProcessId"] == own);
    let mut at = own;
    for ancestor in &shown[from.unwrap()..] {
        assert_eq!(ancestor["hostProcessId"], at, "{event}");
        assert_eq!(ancestor["processEntityId"], entity(at, stat(at, 22)), "{event}");
        let executable = fs::read_link(format!("/proc/{at}/exe")).ok();
        assert_eq!(
            ancestor["executable"]["path"].as_str().map(Into::into),
            executable
        );
        let status = fs::read_to_string(format!("/proc/{at}/status"))?;
        let uid = status
            .lines()
            .find_map(|line| line.strip_prefix("Uid:\t"))
            .unwrap();
        let uid: u64 = uid.split('\t').next().unwrap().parse()?;
        assert_eq!(ancestor["userId"], uid);
        let comm = fs::read_to_string(format!("/proc/{at}/comm"))?;
        assert_eq!(ancestor["processName"], comm.trim_end_matches('\n'));
        at = stat(at, 4);
    }
    assert_eq!(at, 0, "{event}");
    Ok(())
}

fn replays() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("recording");
    let file = file.to_str().unwrap();
    let shell = "for i in 1 2 3; do (sleep 0.1; ls / >/dev/null) & done; exec sh -c 'wait; ls'";
    for flags in [
        &["-e", "openat,execve"][..],
        &["-e", "openat,sched_process_exec", "--ancestors"],
    ] {
        let path = folder.path().join("live");
        let live = format!("json:{}", path.display());
        let mut args = flags.to_vec();
        args.extend(["-w", file, "-o", &live, "-q", "--", "sh", "-c", shell]);
        let recorded = run(&args);
        assert_eq!(recorded.code(), 0, "{}", recorded.stderr);
        let read = run(&[&["-r", file, "-o", "json", "-q"], flags].concat());
        assert_eq!(read.code(), 0, "{}", read.stderr);
        let live = fs::read_to_string(&path)?;
        assert!(live == read.stdout, "{flags:?}");
        assert!(live.contains("\"ancestors\":[{"));
    }
    let without = folder.path().join("without");
    let without = without.to_str().unwrap();
    run(&["-e", "getppid", "-w", without, "--", "true"]);
    let read = run(&["-r", without, "--ancestors"]);
    assert_eq!(read.code(), 2, "{}", read.stderr);
    assert!(read.stderr.contains("--ancestors"), "{}", read.stderr);
    Ok(())
}
