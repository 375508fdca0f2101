//! Recordings that wait for something, and recordings in several files.

use std::fs;
use std::path::Path;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::harness::{finish, prog, totals, tracee_command, value, Run};
use crate::recording::{assert_same, lines};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("a_flight_recorder_has_what_was_around_it", around),
        Test::new("what_a_flight_recorder_waits_for", waits),
        Test::new("sigusr1_is_a_reason_to_record", by_signal),
        Test::new("a_recording_goes_on_in_files", files),
        Test::new("what_is_in_the_way_of_files_ends_nothing", in_the_way),
    ]
}

fn record(folder: &Path, flags: &[&str], script: &str) -> Run {
    let file = folder.join("F").display().to_string();
    let run = finish(
        tracee_command()
            .args(["-w", &file])
            .args(flags)
            .args(["--", "sh", "-c", script]),
    );
    assert_eq!(run.code(), 0, "{}", run.stderr);
    run
}

/// Lines of JSON of these recordings, as they are and parsed.
fn shown(files: &[&Path]) -> Vec<(String, Value)> {
    let run = finish(tracee_command().args(["-q", "-o", "json", "-r"]).args(files));
    assert_eq!(run.code(), 0, "{}", run.stderr);
    run.stdout
        .lines()
        .map(|line| (line.to_owned(), serde_json::from_str(line).unwrap()))
        .collect()
}

/// Paths that a recording says were opened.
fn opened(folder: &Path) -> Vec<String> {
    let all = shown(&[&folder.join("F")]);
    let opens = all.iter().filter(|(_, it)| it["eventName"] == "openat");
    opens
        .filter_map(|(_, it)| value(it, "pathname").as_str().map(str::to_owned))
        .collect()
}

/// What is two seconds and more away from it is not recorded: the load itself takes that time.
const AROUND: &str =
    "read a </etc/hostname; sleep 3; read a </etc/passwd; /bin/true flag; read a </etc/group; sleep 3; \
                      read a </etc/shells; sleep 2; exit 0";

fn around() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let flags = ["-e", "openat,execve", "--keep-before", "1s"];
    let when = ["--when", "execve.argv=flag"];
    let run = record(folder.path(), &[&flags[..], &when].concat(), AROUND);
    assert!(run.stderr.contains("has happened"), "{}", run.stderr);
    let opened = opened(folder.path());
    let has = |path: &str| opened.iter().any(|opened| opened == path);
    assert!(has("/etc/passwd") && has("/etc/group"), "{opened:?}");
    assert!(!has("/etc/hostname") && !has("/etc/shells"), "{opened:?}");
    Ok(())
}

/// Events of another kind, without what is asked for, are no reason; nor is nothing.
fn waits() -> Result<(), Failed> {
    let load = "read a </etc/passwd; /bin/true flag; exit 0";
    for (when, met) in [
        (&["--when", "execve.argv=flag"][..], true),
        (&["--when", "argv=flag"], true),
        (
            &["--when", "comm=sh", "--when", "openat.pathname=/etc/passwd"],
            true,
        ),
        (&["--when", "execve.argv=other"], false),
        (&["--when", "argv=other"], false),
        (&["--when", "comm=sh", "--when", "execve.pathname=/no/*"], false),
        (&["--when", "openat.retval=-13"], false),
        (&[], false),
    ] {
        let folder = tempfile::tempdir()?;
        let flags = [&["-e", "openat,close,execve", "--keep-before", "1m"][..], when].concat();
        let run = record(folder.path(), &flags, load);
        let opened = opened(folder.path());
        assert_eq!(
            opened.contains(&"/etc/passwd".to_owned()),
            met,
            "{when:?}: {opened:?}"
        );
        assert_eq!(
            run.stderr.contains("has not happened"),
            !met,
            "{when:?}: {}",
            run.stderr
        );
    }
    let refused = |flags: &[&str], said: &str| {
        let run = finish(
            tracee_command()
                .args(["-w", "/dev/null"])
                .args(flags)
                .args(["--", "true"]),
        );
        assert_eq!(run.code(), 2, "{flags:?}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{flags:?}: {}", run.stderr);
    };
    refused(&["--when", "comm=sh"], "--keep-before");
    refused(&["--keep-before", "1s", "--when", "nonsense"], "--when");
    refused(&["--keep-before", "0s"], "--keep-before");
    Ok(())
}

fn by_signal() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let load = "read a </etc/passwd; kill -USR1 $PPID; read a </etc/group; exit 0";
    record(folder.path(), &["-e", "openat", "--keep-before", "1m"], load);
    let opened = opened(folder.path());
    for path in ["/etc/passwd", "/etc/group"] {
        assert!(opened.iter().any(|opened| opened == path), "{opened:?}");
    }
    Ok(())
}

/// A run that is recorded in files of 64 KiB, two of which stay, and shown meanwhile.
fn in_files(folder: &Path) -> Run {
    let at = |name: &str| folder.join(name).display().to_string();
    let run = finish(
        tracee_command()
            .args(["-e", "openat,close"])
            .args([
                "-o",
                &format!("record,compress=none,rotate=64KiB,keep=2:{}", at("F")),
            ])
            .args(["-o", &format!("json:{}", at("json"))])
            .args(["--", &prog("opens"), "2000", "2"]),
    );
    assert_eq!(run.code(), 0, "{}", run.stderr);
    assert_eq!(totals(&run.stderr).1, 0, "{}", run.stderr);
    run
}

fn files() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    in_files(folder.path());
    let at = |name: &str| folder.path().join(name);
    let mut names: Vec<_> = fs::read_dir(folder.path())?
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["F", "F.1", "F.2", "json"]);
    let all: Vec<_> = lines(&at("json")).into_iter().map(|(line, _)| line).collect();
    let kept: Vec<_> = shown(&[&at("F.2"), &at("F.1"), &at("F")])
        .into_iter()
        .map(|(line, _)| line)
        .collect();
    assert!(
        !kept.is_empty() && kept.len() < all.len(),
        "{} of {}",
        kept.len(),
        all.len()
    );
    assert_same("the last ones", &all[all.len() - kept.len()..], &kept);
    Ok(())
}

fn in_the_way() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("F.1"))?;
    let run = in_files(folder.path());
    assert!(
        run.stderr.contains("F.1 is in the way") && run.stderr.contains("goes on in the same file"),
        "{}",
        run.stderr
    );
    assert!(!at("F.new").exists() && !at("F.2").exists());
    let all: Vec<_> = lines(&at("json")).into_iter().map(|(line, _)| line).collect();
    let kept: Vec<_> = shown(&[&at("F")]).into_iter().map(|(line, _)| line).collect();
    assert_same("all", &all, &kept);
    Ok(())
}
