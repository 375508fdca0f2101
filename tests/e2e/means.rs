//! Tests by every mechanism of a kernel: each by ruling out the better ones.

use std::collections::BTreeMap;
use std::sync::Mutex;

use libtest_mimic::Failed;
use serde_json::{json, Value};

use crate::harness::{arg, parse, trace, tracee_command, value, Env, Run};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("every_listed_event_loads_by_every_means", loads).on_each_kernel(),
        Test::new("what_options_add_loads_by_every_means", options_load).on_each_kernel(),
        Test::new("what_the_newest_compiler_makes_loads", newest)
            .on_each_kernel()
            .unless(
                newest_object()
                    .is_none()
                    .then(|| "there is no object by a newer compiler".into()),
            ),
    ]
}

fn loads() -> Result<(), Failed> {
    for without in RUNGS.into_iter().chain([SEVERAL]) {
        let listed = list(without);
        let is_call = |line: &Value| line["sets"].as_array().unwrap().contains(&json!("syscalls"));
        let there: Vec<&str> = listed
            .iter()
            .filter(|(_, line)| line["available"] == true && !is_call(line))
            .map(|(name, _)| name.as_str())
            .collect();
        assert!(there.len() > 20, "without {without}: {there:?}");
        let _env = Env::set("TRACEE_WITHOUT", without);
        let run = trace(&["-e", &there.join(",")], &["true"]);
        assert_eq!(run.code(), 0, "without {without}: {}", run.stderr);
        assert!(!run.events.is_empty(), "{}", run.stderr);
    }
    Ok(())
}

/// The folder of an object by a newer compiler than the usual one (tests/run.sh).
fn newest_object() -> Option<String> {
    std::env::var("TRACEE_TEST_NEWEST").ok()
}

/// Loads everything, and little: constants decide which code the verifier looks at.
fn newest() -> Result<(), Failed> {
    let _env = Env::set("TRACEE_BPF_FILE", newest_object().unwrap());
    let artefacts = tempfile::tempdir()?;
    let folder = artefacts.path().join("artefacts");
    let all = [
        "-s",
        "all",
        "--capture",
        "all",
        "--output-path",
        folder.to_str().unwrap(),
        "--decode-fds",
        "--durations",
        "-b",
        "4MiB",
    ];
    for flags in [&["-e", "execve"][..], &["-s", "default"], &all] {
        let run = trace(flags, &["true"]);
        assert_eq!(run.code(), 0, "{flags:?}: {}", run.stderr);
        assert!(!run.named("execve").is_empty(), "{flags:?}: {}", run.stderr);
    }
    Ok(())
}

/// Loads programs and functions that only options need.
fn options_load() -> Result<(), Failed> {
    for without in RUNGS.into_iter().chain([SEVERAL]) {
        let artefacts = tempfile::tempdir()?;
        let _env = Env::set("TRACEE_WITHOUT", without);
        let run = trace(
            &[
                "--capture",
                "all",
                "--output-path",
                artefacts.path().join("artefacts").to_str().unwrap(),
                "--decode-fds",
                "--filter",
                "uid=0",
                "--filter",
                "openat.pathname=/*",
                "-e",
                "openat,exit_group",
            ],
            &["true"],
        );
        assert_eq!(run.code(), 0, "without {without}: {}", run.stderr);
        // On Linux 5.10 memory is unavailable otherwise.
        let warns = run.stderr.contains("memory is not captured");
        let missing = unavailable_without("mem_prot_alert", without);
        assert_eq!(warns, missing.is_some(), "{}", run.stderr);
        assert!(
            run.events
                .iter()
                .any(|event| event["eventName"] == "artifact_captured"),
            "without {without}: {}",
            run.stdout
        );
    }
    Ok(())
}

/// Why an event is unavailable on this kernel.
pub fn unavailable(event: &str) -> Option<String> {
    unavailable_without(event, "")
}

fn unavailable_without(event: &str, without: &str) -> Option<String> {
    let listed = &list(without)[event];
    (listed["available"] != true).then(|| listed["reason"].as_str().unwrap().into())
}

/// By which mechanism the kernel provides an event.
pub fn attach(event: &str) -> String {
    list(&Env::get("TRACEE_WITHOUT"))[event]["attach"]
        .as_str()
        .unwrap_or_default()
        .into()
}

/// The output of `--list`, by event.
pub type List = BTreeMap<String, Value>;

/// The output of `--list` without these mechanisms, by event. Asked once: a kernel does not change.
pub fn list(without: &str) -> &'static List {
    static LISTS: Mutex<BTreeMap<String, &'static List>> = Mutex::new(BTreeMap::new());
    let mut lists = LISTS.lock().unwrap();
    lists
        .entry(without.to_owned())
        .or_insert_with(|| Box::leak(Box::new(ask(without))))
}

fn ask(without: &str) -> List {
    let output = tracee_command()
        .args(["--list", "--output", "json"])
        .env("TRACEE_WITHOUT", without)
        .output()
        .unwrap();
    parse(&output.stdout[..])
        .into_iter()
        .map(|line| (line["name"].as_str().unwrap().to_owned(), line))
        .collect()
}

/// Mechanisms that are ruled out, best first, so that each one of the kernel is used in turn.
const RUNGS: [&str; 3] = ["", "trampolines", "trampolines,kprobes"];

/// The same as the last of them, and a program of its own for each event that looks at a call after it, as on kernels
/// before 6.8.
const SEVERAL: &str = "trampolines,kprobes,dispatcher";

/// A run with the best mechanism that is left.
pub struct Rung {
    listed: &'static List,
    pub run: Run,
}

impl Rung {
    pub fn attach(&self, event: &str) -> &str {
        self.listed[event]["attach"].as_str().unwrap_or_default()
    }

    pub fn is_available(&self, event: &str) -> bool {
        self.listed[event]["available"] == true
    }

    /// Whether the event is obtained after the call that led to it.
    pub fn is_after(&self, event: &str) -> bool {
        self.attach(event).contains("(after the call)")
    }

    /// The result of a hook that refused nothing, if the mechanism knows it.
    pub fn allowed(&self, event: &str) -> Value {
        match self.attach(event) {
            attach if attach.contains("kprobe/") || attach.contains("fentry/") => Value::Null,
            _ => json!(0),
        }
    }

    /// Lines of the program's log that begin with this word, in their columns.
    pub fn log(&self, word: &str) -> Vec<Vec<&str>> {
        let lines = self
            .run
            .stdout
            .lines()
            .map(|line| line.split('\t').collect::<Vec<_>>());
        lines
            .filter(|line| line[0] == word)
            .map(|line| line[1..].to_vec())
            .collect()
    }
}

/// Runs a test with every mechanism by which this kernel provides the event.
pub fn each(event: &str, test: impl Fn()) {
    each_set(&[event], |_, _| test());
}

/// Runs a program with every mechanism by which this kernel provides these events, and tests each run.
pub fn each_run(events: &[&str], command: &[&str], test: impl Fn(&Rung)) {
    each_set(events, |there, listed| {
        let run = trace(&["-e", &there.join(",")], command);
        println!("{}\n{}", run.stdout, run.stderr);
        for event in &run.events {
            println!("{event}");
        }
        assert_eq!(run.code(), 0, "{}", run.stderr);
        assert!(run.stderr.contains(" 0 lost"), "{}", run.stderr);
        test(&Rung { listed, run });
    });
}

/// Runs a test with the available events, and their list, once for every set of mechanisms.
pub fn each_set(events: &[&str], test: impl Fn(&[&str], &'static List)) {
    let mut seen = Vec::new();
    for without in RUNGS {
        let listed = list(without);
        let (there, missing): (Vec<&str>, Vec<&str>) = events
            .iter()
            .partition(|event| listed[**event]["available"] == true);
        for event in missing {
            let reason = listed[event]["reason"].as_str().unwrap();
            println!("\nskip: {event}, without {without}: {reason}");
        }
        let attach: Vec<Value> = there
            .iter()
            .map(|event| listed[*event]["attach"].clone())
            .collect();
        if there.is_empty() || seen.contains(&attach) {
            continue;
        }
        println!("without {without:?}: {attach:?}");
        let _env = Env::set("TRACEE_WITHOUT", without);
        test(&there, listed);
        seen.push(attach);
    }
    assert!(!seen.is_empty());
}

/// An argument in words, `-` if it is missing.
pub fn text<'a>(event: &'a Value, name: &str) -> &'a str {
    match arg(event, name) {
        arg if arg["value"].is_null() => "-",
        arg => arg["text"].as_str().unwrap(),
    }
}

pub fn number(event: &Value, name: &str) -> String {
    value(event, name).to_string()
}
