//! How many instructions the verifier goes through, which is what a start costs.

use libtest_mimic::Failed;
use nix::sys::utsname::uname;

use crate::harness::tracee_command;
use crate::Test;

/// Lines of kernel (`6.1-cloud`), clang, flags and instructions of all programs; `-`: without flags.
const EXPECTED: &str = include_str!("../verifier.tsv");

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("programs_take_the_verifier_no_longer_than_before", counts)
            .unless(unknown())
            .on_each_kernel(),
    ]
}

/// The first two numbers of the kernel's release, and its flavour: another one may have other programs.
fn kernel() -> String {
    let names = uname().unwrap();
    let release = names.release().to_string_lossy().into_owned();
    let numbers = release.split('.').take(2).collect::<Vec<_>>().join(".");
    let mut words = release.split(['-', '+', '.']);
    let flavour =
        words.find(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()) && !word.starts_with("deb"));
    format!("{numbers}-{}", flavour.unwrap_or_default())
}

/// Flags and what is expected with them, here.
fn expected() -> Vec<(&'static str, u64)> {
    let (kernel, clang) = (kernel(), env!("TRACEE_CLANG"));
    let rows = EXPECTED.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|row| {
        let cells: Vec<&str> = row.split('\t').collect();
        let here = cells[0] == kernel && cells[1] == clang;
        here.then(|| (cells[2], cells[3].parse().unwrap()))
    })
    .collect()
}

fn unknown() -> Option<String> {
    expected().is_empty().then(|| {
        let clang = env!("TRACEE_CLANG");
        format!(
            "tests/verifier.tsv has no counts of Linux {} and clang {clang}",
            kernel()
        )
    })
}

/// What all programs take that are loaded with these flags.
fn count(flags: &str) -> u64 {
    let flags = flags.split(' ').filter(|flag| *flag != "-");
    let output = tracee_command()
        .arg("--debug")
        .args(flags)
        .args(["-o", "json:/dev/null", "--", "true"])
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    let stats = log.lines().filter_map(|line| line.strip_prefix("processed "));
    stats
        .map(|line| line.split(' ').next().unwrap().parse::<u64>().unwrap())
        .sum()
}

fn counts() -> Result<(), Failed> {
    let mut wrong = Vec::new();
    for (flags, expected) in expected() {
        let count = count(flags);
        println!("{flags}: {count} instructions, {expected} expected");
        // Much less is noted down, too: otherwise it could grow again unseen.
        if count * 100 > expected * 105 || count * 100 < expected * 80 {
            wrong.push(format!("{flags}: {count}, not {expected}"));
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(format!("{} (tests/verifier.tsv)", wrong.join("; ")).into()),
    }
}
