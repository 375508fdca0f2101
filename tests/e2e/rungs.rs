//! The ladder of means: each that a kernel has, by ruling out the better ones.

use std::process::Command;

use serde_json::Value;

use crate::harness::tracee;

/// As `TRACEE_WITHOUT` takes them.
const RUNGS: [&str; 3] = ["", "trampolines", "trampolines,kprobes"];

/// What `--list` says of an event, without these means.
fn listed(event: &str, without: &str) -> Value {
    let output = Command::new(tracee())
        .args(["--list", "--output", "json"])
        .env("TRACEE_WITHOUT", without)
        .output()
        .unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|line| line["name"] == event)
        .unwrap_or_else(|| panic!("{event} is not listed"))
}

/// Why this kernel cannot give an event.
pub fn unavailable(event: &str) -> Option<String> {
    let listed = listed(event, "");
    (listed["available"] != true).then(|| listed["reason"].as_str().unwrap().into())
}

/// By which means the kernel gives an event.
pub fn attach(event: &str) -> String {
    listed(event, &std::env::var("TRACEE_WITHOUT").unwrap_or_default())["attach"]
        .as_str()
        .unwrap_or_default()
        .into()
}

/// Runs a test with every means by which this kernel gives the event.
pub fn each(event: &str, test: impl Fn()) {
    let mut seen: Vec<Value> = Vec::new();
    for without in RUNGS {
        let listed = listed(event, without);
        if listed["available"] != true {
            println!(
                "\nskip: {event}, without {without}: {}",
                listed["reason"].as_str().unwrap()
            );
            continue;
        }
        if seen.contains(&listed["attach"]) {
            continue;
        }
        println!("{event}: {}", listed["attach"]);
        std::env::set_var("TRACEE_WITHOUT", without);
        test();
        std::env::remove_var("TRACEE_WITHOUT");
        seen.push(listed["attach"].clone());
    }
}
