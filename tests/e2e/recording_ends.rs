//! How recordings end: killed, on a full disk, with losses; and what is refused.

use std::fs::{self, Permissions};
use std::os::unix::fs::{chown, lchown, symlink, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use nix::mount::{mount, umount, MsFlags};
use serde_json::Value;

use crate::harness::{
    finish, in_vm, lacks_tool, long, prog, run, same_everywhere, totals, tracee, tracee_command, wait_until,
    Background,
};
use crate::recording::{assert_same, Recorded, NOBODY};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("a_recording_has_the_losses_of_its_run", losses),
        Test::new("a_killed_run_leaves_all_but_the_last_moment", killed),
        Test::new("a_full_disk_ends_a_recording_in_one_line", full_disk),
        Test::new("flags_that_a_recording_cannot_answer_are_refused", flags).unless(same_everywhere()),
        Test::new("what_is_no_recording_is_refused_in_one_line", no_recordings).unless(same_everywhere()),
        Test::new("a_recording_is_not_overwritten_by_what_is_shown", itself).unless(same_everywhere()),
        Test::new("others_cannot_redirect_a_recording", redirected).unless(same_everywhere()),
        Test::new("a_programs_capabilities_open_no_recording", privileged)
            .unless(same_everywhere())
            .unless(lacks_tool("setcap")),
    ]
}

/// Loss is forced: the smallest rings, and more processes than the reader can follow.
fn losses() -> Result<(), Failed> {
    const PROCESSES: u64 = 16;
    let calls = if in_vm() { 2_000 } else { 30_000 };
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("F").display().to_string();
    let live = finish(
        tracee_command()
            .args([
                "-b",
                "64KiB",
                "-w",
                &file,
                "-e",
                "getppid",
                "--",
                &prog("getppid"),
            ])
            .args([PROCESSES.to_string(), calls.to_string()]),
    );
    assert_eq!(live.code(), 0, "{}", live.stderr);
    let (events, lost) = totals(&live.stderr);
    assert_eq!(events + lost, PROCESSES * calls, "{}", live.stderr);
    assert!(lost > 0 || in_vm(), "nothing was lost: {}", live.stderr);
    let read = finish(tracee_command().args(["-o", "json", "-r", &file]));
    assert_eq!(read.stdout.lines().count() as u64, events);
    // All of it, by CPU and event.
    assert_eq!(read.stderr, live.stderr);
    // Whoever asks for fewer events than there are is told of losses so far.
    let few = finish(tracee_command().args(["-o", "json", "-n", "1", "-r", &file]));
    assert_eq!(totals(&few.stderr).0, 1);
    // A summary counts them, too.
    let summary = finish(tracee_command().args(["-q", "-c", "-o", "json", "-r", &file]));
    assert!(summary.stdout.contains(&lost.to_string()), "{}", summary.stdout);
    losses_in_the_stream(&calls.to_string())
}

/// Events about losses are of the run, whichever process is asked for.
fn losses_in_the_stream(calls: &str) -> Result<(), Failed> {
    let flags = ["-b", "64KiB", "-e", "getppid,lost_events"];
    let recorded = Recorded::new(&flags, &[&prog("getppid"), "16", calls]);
    let all = recorded.lines();
    let live: Vec<_> = all.iter().map(|(line, _)| line.clone()).collect();
    assert_same("all", &live, &recorded.shown(&[]));
    let call = all.iter().find(|(_, it)| it["eventName"] == "getppid");
    let pid = &call.unwrap().1["hostProcessId"];
    let of_run = |it: &Value| it["eventName"] == "lost_events";
    let some = |passes: &dyn Fn(&Value) -> bool| -> Vec<String> {
        let passed = all.iter().filter(|(_, it)| passes(it));
        passed.map(|(line, _)| line.clone()).collect()
    };
    let by_pid = some(&|it| of_run(it) || it["hostProcessId"] == *pid);
    assert_same("one process", &by_pid, &recorded.shown(&["-p", &pid.to_string()]));
    assert_same("none", &some(&of_run), &recorded.shown(&["-f", "comm=none"]));
    assert!(in_vm() || !some(&of_run).is_empty());
    Ok(())
}

/// The times of events in the recording and in the JSON that the run wrote at once.
fn killed() -> Result<(), Failed> {
    let times = match (in_vm(), long()) {
        (true, _) => 4,
        (false, false) => 20,
        (false, true) => 100,
    };
    for round in 0..times {
        // Most are killed while they begin; some when they have run for long.
        let wait = if round % 10 == 3 { 3500 } else { 37 * round % 700 };
        killed_after(Duration::from_millis(wait))?;
    }
    Ok(())
}

fn killed_after(wait: Duration) -> Result<(), Failed> {
    const LAST: u64 = 2_000_000_000;
    let folder = tempfile::tempdir()?;
    let (file, json) = (folder.path().join("F"), folder.path().join("json"));
    let mut load = Command::new(prog("opens"))
        .args(["2000", "100"])
        .stdout(Stdio::null())
        .spawn()?;
    let mut background = Background::start(&[
        "-p",
        &load.id().to_string(),
        "-e",
        "openat,close",
        "-w",
        file.to_str().unwrap(),
        "-o",
        &format!("json:{}", json.display()),
    ]);
    let start = Instant::now();
    wait_until("its time has come", || start.elapsed() >= wait);
    background.child.kill()?;
    background.child.wait()?;
    load.kill()?;
    load.wait()?;
    let text = fs::read_to_string(&json)?;
    // Its last line may have been cut.
    let seen: Vec<&str> = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .collect();
    let read = finish(tracee_command().args(["-o", "json", "-r"]).arg(&file));
    assert_eq!(read.code(), 0, "{wait:?}: {}", read.stderr);
    assert!(
        read.stderr.contains("has no end") || read.stderr.contains("ends within a block"),
        "{wait:?}: {}",
        read.stderr
    );
    let recorded: Vec<&str> = read.stdout.split_inclusive('\n').collect();
    let differ = recorded.iter().zip(&seen).find(|(one, other)| one != other);
    assert_eq!(differ, None, "{wait:?}");
    let time = |line: &str| -> u64 {
        let event: Value = serde_json::from_str(line).unwrap();
        event["timestamp"].as_u64().unwrap()
    };
    let last = seen.last().map_or(0, |line| time(line));
    let before = seen.iter().take_while(|line| time(line) + LAST < last).count();
    assert!(
        recorded.len() >= before,
        "{wait:?}: {} of {before}",
        recorded.len()
    );
    let least = if in_vm() { 50 } else { 500 };
    assert!(wait.as_secs() < 3 || before > least, "{wait:?}: {before}");
    Ok(())
}

fn full_disk() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let script = format!(
        "for i in 1 2 3 4 5 6 7 8 9; do {} getppid 3000; done",
        prog("loop")
    );
    for (compress, size) in [("none", "size=2m"), ("lz4", "size=500k")] {
        mount(
            None::<&str>,
            folder.path(),
            Some("tmpfs"),
            MsFlags::empty(),
            Some(size),
        )?;
        let file = folder.path().join("F").display().to_string();
        let live = finish(
            tracee_command()
                .args(["-s", "all", "-o", &format!("record,compress={compress}:{file}")])
                .args(["--", "sh", "-c", &script]),
        );
        let read = finish(tracee_command().args(["-q", "-o", "json", "-r", &file]));
        umount(folder.path())?;
        assert_eq!(live.code(), 1, "{}", live.stderr);
        let said: Vec<_> = live
            .stderr
            .lines()
            .filter(|line| line.contains("No space left"))
            .collect();
        assert_eq!(said.len(), 1, "{}", live.stderr);
        assert!(
            said[0].contains(&file) && live.stderr.ends_with(&format!("{}\n", said[0])),
            "{}",
            live.stderr
        );
        assert_eq!(read.code(), 0, "{}", read.stderr);
        assert_eq!(read.stderr.lines().count(), 1, "{}", read.stderr);
        assert!(
            read.stderr.contains("missing") || read.stderr.contains("has no end"),
            "{}",
            read.stderr
        );
        assert!(read.stdout.lines().count() > 500 && read.stdout.ends_with("}\n"));
    }
    Ok(())
}

/// These flags end in one line that has these words.
fn refused(code: i32, flags: &[&str], said: &str) {
    let run = run(flags);
    assert_eq!(run.code(), code, "{flags:?}: {}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{flags:?}: {}", run.stderr);
    assert!(
        run.stderr.contains(said) && run.stdout.is_empty(),
        "{flags:?}: {}",
        run.stderr
    );
}

fn flags() -> Result<(), Failed> {
    let recorded = Recorded::new(&["-e", "execve,openat"], &["true"]);
    let file = recorded.file();
    let file = file.as_str();
    for (flags, said) in [
        (&["-e", "getppid"][..], "getppid was not recorded"),
        (&["-s", "net"], "not recorded"),
        (&["-e", "execve", "-x", "execve"], "excluded"),
        (&["-e", "no-such"], "no-such"),
        (&["-T"], "--durations"),
        (&["-y"], "--decode-fds"),
        (&["--from", "2s", "--to", "1s"], "later than --to"),
        (&["--info", "-e", "openat"], "does not affect --info"),
        (&["--show-exec-env"], "--show-exec-env"),
        (&["--verify-results"], "--verify-results"),
        (&["--decode-buffers", "9"], "--decode-buffers"),
        (&["--capture", "exec"], "--capture"),
        (&["--for", "1s"], "--for"),
        (&["-l"], "--list"),
        (&["--security-alerts"], "--security-alerts"),
        (&["--from", "x"], "--from"),
        (&["--to", "25:00"], "--to"),
        (&["-f", "getppid.retval=0"], "getppid"),
        (&["-u", "nobody-at-all"], "nobody-at-all"),
    ] {
        refused(2, &[&["-r", file], flags].concat(), said);
    }
    refused(2, &["-r", file, "--", "true"], "a command after --");
    // What can be answered in part is, with a word on the rest.
    for (flags, said) in [
        (&["-P", "/etc/passwd"][..], "arguments alone"),
        (&["-s", "fs"], "not recorded, left out"),
        (&["--from", "1h"], "of another time"),
    ] {
        let run = finish(tracee_command().args(["-r", file]).args(flags));
        assert_eq!(run.code(), 0, "{flags:?}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{flags:?}: {}", run.stderr);
    }
    let there = recorded.at("new").display().to_string();
    let json = format!("json:{there}");
    for (flags, said) in [
        (&["--from", "1s"][..], "--read"),
        (&["--to", "1s"], "--read"),
        (&["--info"], "--read"),
        (&["-w", &there, "-w", &there], "multiple"),
        (&["-w", &there, "-o", "record:/dev/null"], "--write"),
        (&["-w", &there, "-o", &json], "same place"),
        (
            &["-o", "record:/dev/null", "-o", "record:/dev/zero"],
            "one is enough",
        ),
        (&["-o", "record,compress=zip:/dev/null"], "none or lz4"),
        (&["-o", "json,compress=lz4:/dev/null"], "record"),
        (&["-w", ""], "--write"),
        (&["-w", "-", "-o", "json"], "same place"),
    ] {
        refused(2, &[flags, &["--", "true"]].concat(), said);
    }
    assert!(!Path::new(&there).exists());
    Ok(())
}

fn no_recordings() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::write(at("empty"), "")?;
    fs::write(at("text"), "tracee is a word\n")?;
    fs::write(at("short"), "tracee\0\x01")?;
    fs::write(at("later"), b"tracee\0\x02\x01\0\0\0\0\0\0\0x")?;
    symlink(at("loop"), at("loop"))?;
    let folder_itself = folder.path().display().to_string();
    for (file, said) in [
        (at("missing"), "No such file"),
        (folder_itself, "Is a directory"),
        (at("empty"), "no recording"),
        (at("text"), "no recording"),
        (at("short"), "within its header"),
        (at("later"), "version 2"),
        (at("loop"), "links"),
        ("/dev/null".into(), "no recording"),
        ("/dev/zero".into(), "no recording"),
        ("-".into(), "no recording"),
        (tracee().display().to_string(), "no recording"),
    ] {
        refused(1, &["-r", &file], said);
        refused(1, &["--info", "-r", &file], said);
    }
    // One among several, and a FIFO.
    let recorded = Recorded::new(&["-e", "execve"], &["true"]);
    refused(1, &["-r", &recorded.file(), &at("text")], &at("text"));
    let script = "mkfifo \"$1\"; echo no >\"$1\" & exec \"$0\" -r \"$1\"";
    let run = finish(Command::new("sh").args(["-c", script, tracee().to_str().unwrap(), &at("fifo")]));
    assert_eq!(run.code(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("no recording"), "{}", run.stderr);
    // Damage is named with its place, and what is before is shown.
    let mut bytes = fs::read(recorded.at("F"))?;
    let end = bytes.len() - 300;
    bytes[end] ^= 1;
    fs::write(at("damaged"), bytes)?;
    let run = finish(tracee_command().args(["-o", "json", "-r", &at("damaged")]));
    assert_eq!(run.code(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("is damaged at byte "), "{}", run.stderr);
    Ok(())
}

fn itself() -> Result<(), Failed> {
    let recorded = Recorded::new(&["-e", "execve,openat"], &["true"]);
    let before = fs::read(recorded.at("F"))?;
    let other = recorded.at("other").display().to_string();
    fs::hard_link(recorded.at("F"), &other)?;
    let link = recorded.at("link").display().to_string();
    symlink(recorded.at("F"), &link)?;
    for target in [recorded.file(), other, link] {
        for flags in [
            ["-w", &target],
            ["-o", &format!("json:{target}")],
            ["-o", &format!("record:{target}")],
        ] {
            refused(
                1,
                &[&["-r", &recorded.file()], &flags[..]].concat(),
                "that is read",
            );
            assert!(fs::read(recorded.at("F"))? == before, "{flags:?}");
        }
    }
    let script = "exec \"$0\" -r - -w \"$1\" <\"$1\"";
    let run = finish(Command::new("sh").args(["-c", script, tracee().to_str().unwrap(), &recorded.file()]));
    assert_eq!(run.code(), 1, "{}", run.stderr);
    assert!(fs::read(recorded.at("F"))? == before);
    Ok(())
}

/// In a folder where anybody can put files.
fn redirected() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), Permissions::from_mode(0o1777))?;
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::write(at("kept"), "kept")?;
    symlink(at("kept"), at("link"))?;
    lchown(at("link"), Some(NOBODY), None)?;
    fs::write(at("theirs"), "theirs")?;
    chown(at("theirs"), Some(NOBODY), None)?;
    for (target, said) in [("link", "link of uid 65534"), ("theirs", "belongs to uid 65534")] {
        refused(1, &["-w", &at(target), "-e", "execve", "--", "true"], said);
    }
    assert_eq!(fs::read(at("kept"))?, b"kept");
    assert_eq!(fs::read(at("theirs"))?, b"theirs");
    let mode = at("mode");
    let output = format!("record,mode=0640:{mode}");
    let run = finish(tracee_command().args(["-o", &output, "-e", "execve", "--", "true"]));
    assert_eq!(run.code(), 0, "{}", run.stderr);
    assert_eq!(fs::metadata(&mode)?.permissions().mode() & 0o7777, 0o640);
    Ok(())
}

/// A program that may read everything in order to trace does not read others' recordings for its user.
fn privileged() -> Result<(), Failed> {
    let recorded = Recorded::new(&["-e", "execve"], &["true"]);
    fs::set_permissions(recorded.folder.path(), Permissions::from_mode(0o755))?;
    let program = recorded.at("tracee");
    fs::copy(tracee(), &program)?;
    let set = Command::new("setcap")
        .arg("cap_bpf,cap_perfmon,cap_dac_read_search,cap_dac_override=ep")
        .arg(&program)
        .status()?;
    assert!(set.success());
    let read = || {
        let mut command = Command::new(&program);
        finish(command.uid(NOBODY).gid(NOBODY).args(["-r", &recorded.file()]))
    };
    let run = read();
    assert_eq!((run.code(), run.stdout.as_str()), (1, ""), "{}", run.stderr);
    assert!(run.stderr.contains("Permission denied"), "{}", run.stderr);
    fs::set_permissions(recorded.at("F"), Permissions::from_mode(0o644))?;
    let run = read();
    assert_eq!(run.code(), 0, "{}", run.stderr);
    assert!(run.stdout.contains("execve"), "{}", run.stdout);
    Ok(())
}
