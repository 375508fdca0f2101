//! `--list`: what it says of events, in each of its forms.

use std::collections::BTreeSet;
use std::os::unix::process::CommandExt;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::cli::{by_tracepoints_alone, one_line, NOBODY};
use crate::harness::{finish, run, tracee_command};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("list_needs_no_privilege", list),
        Test::new("list_explains_events", explained).once(),
    ]
}

fn list() -> Result<(), Failed> {
    let list = finish(
        tracee_command()
            .args(["--list", "-o", "json"])
            .uid(NOBODY)
            .gid(NOBODY),
    );
    assert_eq!(list.code(), 0, "{}", list.stderr);
    one_line(&list.stderr)?;
    assert!(list.stderr.contains("nothing was tried"), "{}", list.stderr);
    let events: Vec<Value> = list
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(events.len() > 380, "{}", events.len());
    let openat = events.iter().find(|event| event["name"] == "openat").unwrap();
    assert_eq!(openat["available"], true);
    assert!(events.iter().all(|event| event["tried"] == false));
    let by_root = run(&["--list", "-o", "json", "-e", "openat"]);
    assert!(by_root.stdout.contains("\"tried\":true"), "{}", by_root.stdout);
    assert!(by_root.stderr.is_empty(), "{}", by_root.stderr);
    assert_eq!(openat["args"][1]["name"], "pathname");
    assert!(openat["sets"].as_array().unwrap().contains(&"default".into()));
    let table = finish(
        tracee_command()
            .args(["--list", "--verbose"])
            .uid(NOBODY)
            .gid(NOBODY),
    );
    for event in &events {
        let name = event["name"].as_str().unwrap();
        let attach = &verbose(&table.stdout, name)[1];
        let expected = event["attach"].as_str().unwrap_or("unavailable");
        assert!(attach.contains(expected), "{name}: {attach}");
    }
    let chosen = run(&["--list", "-e", "openat*,close"]);
    let names: Vec<_> = chosen
        .stdout
        .lines()
        .map(|row| row.split(' ').next().unwrap())
        .collect();
    assert_eq!(names, ["EVENT", "", "System", "close", "openat", "openat2"]);
    Ok(())
}

/// The line of an event in a list, and those below it that begin with spaces.
fn verbose<'a>(list: &'a str, name: &str) -> Vec<&'a str> {
    let mut lines = list
        .lines()
        .skip_while(|line| line.split(' ').next() != Some(name));
    let row = lines.next().unwrap_or_else(|| panic!("{name} is not listed"));
    let below = lines.take_while(|line| line.starts_with(' '));
    std::iter::once(row).chain(below).collect()
}

/// Short, with mechanisms and arguments, at length, and as JSON: all the same, and true of this kernel.
fn explained() -> Result<(), Failed> {
    let (short, long) = (run(&["--list"]), run(&["--list", "--verbose"]));
    let json = run(&["--list", "-o", "json"]);
    let symbols = std::fs::read_to_string("/proc/kallsyms")?;
    let functions: BTreeSet<&str> = symbols
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2))
        .collect();
    let tracepoints = std::fs::read_to_string("/sys/kernel/tracing/available_events")?.replace(':', "/");
    let tracepoints: BTreeSet<&str> = tracepoints.lines().collect();
    let mut attached = 0;
    for event in json.stdout.lines() {
        let event: Value = serde_json::from_str(event)?;
        let (name, meaning) = (
            event["name"].as_str().unwrap(),
            event["meaning"].as_str().unwrap(),
        );
        let row = verbose(&short.stdout, name);
        assert_eq!(row.len(), 1, "{row:?}");
        assert!(
            row[0].contains(&format!(" {meaning} ")) || row[0].ends_with(meaning),
            "{event}: {row:?}"
        );
        assert_eq!(
            row[0].contains("(unavailable here)"),
            event["available"] == false,
            "{event}: {row:?}"
        );
        let args = event["args"].as_array().unwrap();
        assert!(
            args.iter()
                .all(|arg| arg["meaning"].as_str().unwrap().ends_with(['.', '…'])),
            "{event}"
        );
        let rows = verbose(&long.stdout, name);
        assert_eq!(rows[0], row[0]);
        let names: Vec<_> = args.iter().map(|arg| arg["name"].as_str().unwrap()).collect();
        let listed = rows.get(2).map_or("", |line| {
            line.trim_start().trim_start_matches("args:").trim_start()
        });
        assert_eq!(listed, names.join(", "), "{rows:?}");
        // What it attaches to exists.
        for word in rows[1].split([' ', ';']) {
            let Some((kind, target)) = word.split_once('/') else {
                continue;
            };
            let there = match kind {
                "fexit" | "fentry" | "kprobe" => functions.contains(target),
                "tp_btf" => tracepoints
                    .iter()
                    .any(|name| name.ends_with(&format!("/{target}"))),
                "tp" => tracepoints.contains(target),
                _ => continue,
            };
            assert!(there, "{name}: {word} does not exist");
            attached += 1;
        }
    }
    assert!(attached > 380, "{attached}");

    // One event, as the kernel's own headers have it.
    let one = run(&["--list", "-e", "openat"]);
    assert_eq!(one.code(), 0, "{}", one.stderr);
    let words: Vec<Vec<&str>> = one
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let starts = |first: &str| words.iter().find(|line| line.first() == Some(&first));
    assert_eq!(starts("Event"), Some(&vec!["Event", "openat"]));
    assert_eq!(starts("Id").unwrap()[1], nix::libc::SYS_openat.to_string());
    let place = |name: &str| words.iter().position(|line| line.first() == Some(&name)).unwrap();
    let places = ["Arguments", "dfd", "pathname", "flags", "mode", "Mechanisms;"].map(place);
    assert!(places.is_sorted(), "{}", one.stdout);
    for said in ["O_WRONLY", "AT_FDCWD", "/sys_exit", "docs/security-model.md"] {
        assert!(one.stdout.contains(said), "{said}: {}", one.stdout);
    }

    // Without a mechanism, each form says so, with the reason.
    const MISSING: &str = "security_sb_mount";
    let reason = "TRACEE_WITHOUT rules out trampolines";
    let listed = by_tracepoints_alone(&["--list", "--verbose"]).stdout;
    let rows = verbose(&listed, MISSING);
    assert!(
        rows[0].contains("(unavailable here)") && rows[1].contains(reason),
        "{rows:?}"
    );
    let one = by_tracepoints_alone(&["--list", "-e", MISSING])
        .stdout
        .replace("\n             ", " ");
    assert!(
        one.contains("unavailable on this kernel") && one.contains(reason),
        "{one}"
    );
    assert!(one.contains("fexit/security_sb_mount"), "{one}");
    Ok(())
}
