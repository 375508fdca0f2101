//! Ways that recordings go: through pipes, to other users, merged with others, and into new ones.

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use libtest_mimic::Failed;
use nix::sys::signal::{kill, Signal};
use serde_json::Value;

use crate::containers::{id, Hierarchy};
use crate::ends::{ends, pid};
use crate::harness::{finish, prog, totals, tracee, tracee_command};
use crate::recording::{assert_same, lines, load, Recorded, NOBODY};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("anybody_reads_a_recording_without_the_kernel", anybody),
        Test::new("recordings_go_through_pipes", pipes),
        Test::new("a_run_that_goes_on_is_seen_through_a_pipe", live_pipe),
        Test::new("recordings_are_merged_by_time", merged),
        Test::new("a_recording_of_a_recording_has_the_rest", again),
        Test::new("messages_are_json_where_events_are", messages),
        Test::new("containers_of_a_recording", containers),
    ]
}

/// Makes a folder that anybody may look into.
fn opened_up(recorded: &Recorded) {
    fs::set_permissions(recorded.folder.path(), Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(recorded.at("F"), Permissions::from_mode(0o644)).unwrap();
}

fn anybody() -> Result<(), Failed> {
    let recorded = Recorded::new(&["-s", "all"], &["sh", "-c", &load()]);
    let mode = fs::metadata(recorded.at("F"))?.permissions().mode();
    assert_eq!(mode & 0o7777, 0o600, "others' arguments are secrets");
    fs::set_permissions(recorded.folder.path(), Permissions::from_mode(0o755))?;
    let program = recorded.at("tracee");
    fs::copy(tracee(), &program)?;
    fs::set_permissions(&program, Permissions::from_mode(0o755))?;
    let by_nobody = || {
        let mut command = Command::new("sh");
        command
            .uid(NOBODY)
            .gid(NOBODY)
            .args(["-c", "exec \"$0\" \"$@\"", program.to_str().unwrap()])
            .args(["-q", "-o", "json", "-r", &recorded.file()]);
        finish(&mut command)
    };
    let run = by_nobody();
    assert_eq!(run.code(), 1);
    assert!(
        run.stderr.contains("Permission denied") && run.stderr.lines().count() == 1,
        "{}",
        run.stderr
    );
    opened_up(&recorded);
    let run = by_nobody();
    assert_eq!((run.code(), run.stderr.as_str()), (0, ""));
    assert!(run.stdout == fs::read_to_string(recorded.at("json"))?);
    // Where there is neither BTF nor BPF nor /proc.
    let hidden = "for at in /sys /proc; do mount -t tmpfs none $at || exit 9; done; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", hidden, tracee().to_str().unwrap()]).args([
        "-q",
        "-o",
        "json",
        "-r",
        &recorded.file(),
    ]);
    // SAFETY: the child only makes two system calls between fork and exec.
    unsafe {
        command.pre_exec(|| {
            nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNS)?;
            let private = nix::mount::MsFlags::MS_PRIVATE | nix::mount::MsFlags::MS_REC;
            nix::mount::mount(None::<&str>, "/", None::<&str>, private, None::<&str>)?;
            Ok(())
        });
    }
    let run = finish(&mut command);
    assert_eq!((run.code(), run.stderr.as_str()), (0, ""));
    assert!(run.stdout == fs::read_to_string(recorded.at("json"))?);
    Ok(())
}

fn pipes() -> Result<(), Failed> {
    let recorded = Recorded::new(&["-s", "all"], &["sh", "-c", &load()]);
    let json = fs::read_to_string(recorded.at("json"))?;
    // From a file as standard input, from a pipe, and from a FIFO.
    for script in [
        "exec \"$0\" -q -o json -r - <\"$1\"",
        "cat \"$1\" | \"$0\" -q -o json -r -",
        "mkfifo \"$1.fifo\"; cat \"$1\" >\"$1.fifo\" & \"$0\" -q -o json -r \"$1.fifo\"",
        // Time cannot be skipped to there, but is left out all the same.
        "cat \"$1\" | \"$0\" -q -o json --from 0s -r -",
    ] {
        let mut command = Command::new("sh");
        let run = finish(command.args(["-c", script, tracee().to_str().unwrap(), &recorded.file()]));
        assert_eq!((run.code(), run.stderr.as_str()), (0, ""), "{script}");
        assert!(run.stdout == json, "{script}");
    }
    // Written to a pipe, it is the same as in a file.
    let folder = tempfile::tempdir()?;
    let at = folder.path().join("json").display().to_string();
    for target in ["-w -", "-w /dev/stdout", "-o record", "-w '&3' 3>&1 >/dev/null"] {
        let script = format!(
            "\"$0\" -q -o \"json:$1\" -s all {target} -- {} getppid 9 | \"$0\" -q -r - -o json",
            prog("loop")
        );
        let run = finish(Command::new("sh").args(["-c", &script, tracee().to_str().unwrap(), &at]));
        assert_eq!(run.code(), 0, "{target}: {}", run.stderr);
        assert!(
            run.stdout == fs::read_to_string(&at)? && run.stdout.lines().count() > 20,
            "{target}"
        );
    }
    Ok(())
}

/// What happens is seen while it happens; and whoever looks may go.
fn live_pipe() -> Result<(), Failed> {
    let mut live = tracee_command()
        .args([
            "-w",
            "-",
            "-e",
            "openat",
            "--",
            "sh",
            "-c",
            &format!(": </dev/null; {}", prog("pause")),
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut reading = tracee_command()
        .args(["-r", "-", "-o", "json"])
        .stdin(live.stdout.take().unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut shown = BufReader::new(reading.stdout.take().unwrap()).lines();
    let seen = shown.any(|line| line.unwrap().contains("/dev/null"));
    assert!(seen && live.try_wait()?.is_none());
    // Nothing comes any more, and the pipe is open.
    kill(pid(&reading), Signal::SIGINT)?;
    drop(shown);
    let run = ends(reading, Duration::from_secs(20));
    assert_eq!(run.code(), 0, "{}", run.stderr);
    assert!(run.stderr.contains("has no end"), "{}", run.stderr);
    kill(pid(&live), Signal::SIGTERM)?;
    live.wait()?;
    Ok(())
}

/// Two runs at the same time.
fn merged() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name).display().to_string();
    let start = |name: &str| {
        tracee_command()
            .args([
                "-q",
                "-w",
                &at(name),
                "-o",
                &format!("json:{}", at(&format!("{name}.json"))),
            ])
            .args(["-e", "getppid", "--", &prog("loop"), "getppid", "5000"])
            .stdout(Stdio::null())
            .spawn()
    };
    let mut both = [start("A")?, start("B")?];
    for child in &mut both {
        assert!(child.wait()?.success());
    }
    let run = finish(tracee_command().args(["-o", "json", "-r", &at("A"), &at("B")]));
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let lines = ["A.json", "B.json"].map(|name| lines(Path::new(&at(name))));
    let mut expected: Vec<&(String, Value)> = lines.iter().flatten().collect();
    expected.sort_by_key(|(_, it)| it["timestamp"].as_u64());
    let expected: Vec<String> = expected.into_iter().map(|(line, _)| line.clone()).collect();
    let shown: Vec<String> = run.stdout.lines().map(str::to_owned).collect();
    assert_same("both", &expected, &shown);
    assert_eq!(totals(&run.stderr), (expected.len() as u64, 0));
    let run = finish(tracee_command().args(["-r", &at("A"), &at("B"), "-w", &at("C")]));
    assert_eq!(run.code(), 1);
    assert!(
        !Path::new(&at("C")).exists() && run.stderr.lines().count() == 1,
        "{}",
        run.stderr
    );
    Ok(())
}

/// A part of a recording, as a recording.
fn again() -> Result<(), Failed> {
    let recorded = Recorded::new(&["-s", "all"], &["sh", "-c", &load()]);
    let part = recorded.at("part").display().to_string();
    let flags = ["-e", "openat,close,sched_process_exit", "-f", "comm!=sh"];
    let run = finish(
        tracee_command()
            .args(flags)
            .args(["-r", &recorded.file(), "-w", &part]),
    );
    assert_eq!((run.code(), run.stdout.as_str()), (0, ""), "{}", run.stderr);
    let shown = finish(tracee_command().args(["-q", "-o", "json", "-r", &part]));
    let lines: Vec<String> = shown.stdout.lines().map(str::to_owned).collect();
    assert!(lines.len() > 20);
    assert_same("a part", &recorded.shown(&flags), &lines);
    // What is not in it was not recorded.
    let run = finish(tracee_command().args(["-e", "execve", "-r", &part]));
    assert_eq!(run.code(), 2, "{}", run.stderr);
    assert!(run.stderr.contains("execve was not recorded"), "{}", run.stderr);
    Ok(())
}

/// Messages do not stand between events.
fn messages() -> Result<(), Failed> {
    let recorded = Recorded::new(&["-e", "execve"], &["true"]);
    // Without its end.
    let bytes = fs::read(recorded.at("F"))?;
    File::create(recorded.at("cut"))?.write_all(&bytes[..bytes.len() - 200])?;
    for file in ["F", "cut"] {
        let run = finish(
            tracee_command()
                .args(["-o", "json:/dev/stderr", "-r"])
                .arg(recorded.at(file)),
        );
        assert_eq!(run.code(), 0, "{}", run.stderr);
        for line in run.stderr.lines() {
            let parsed = serde_json::from_str::<Value>(line);
            assert!(parsed.is_ok(), "{line}");
        }
    }
    Ok(())
}

/// One container that was there before, one that is new, and processes in none.
fn containers() -> Result<(), Failed> {
    let mut hierarchy = Hierarchy::mount("cgroup2", None).ok_or("no cgroup2")?;
    let ids = [id(71), id(72)];
    let path = |id: &str| format!("system.slice/docker-{id}.scope");
    hierarchy.make(&path(&ids[0]));
    let within = |id: &str| hierarchy.path(&path(id)).display().to_string();
    let enter = |id: &str| {
        format!(
            "sh -c 'echo $$ >{}/cgroup.procs; exec {} 1 5'",
            within(id),
            prog("getppid")
        )
    };
    let script = format!(
        "{} 1 5; {}; mkdir {}; {}; exit 0",
        prog("getppid"),
        enter(&ids[0]),
        within(&ids[1]),
        enter(&ids[1])
    );
    let recorded = Recorded::new(&["-s", "all", "-e", "existing_container"], &["sh", "-c", &script]);
    while fs::remove_dir(within(&ids[1])).is_err_and(|error| error.raw_os_error() == Some(16)) {
        std::thread::yield_now();
    }
    let all = recorded.lines();
    let of = |it: &Value, id: &String| it["container"]["id"] == id.as_str();
    let called = |id: &String| {
        all.iter()
            .filter(|(_, it)| of(it, id) && it["eventName"] == "getppid")
            .count()
    };
    assert_eq!(ids.each_ref().map(called), [5, 5]);
    let (first, second) = (&ids[0], &ids[1][..12]);
    let (by_id, not, listed) = (
        format!("container={second}"),
        format!("container!={first}"),
        format!("c:{second}"),
    );
    let both = format!("c:{second},{first}");
    type Passes<'a> = Box<dyn Fn(&Value) -> bool + 'a>;
    let cases: [([&str; 2], Passes<'_>); 7] = [
        (["-f", &by_id], Box::new(|it| of(it, &ids[1]))),
        (["-f", &not], Box::new(|it| !of(it, first))),
        (["-f", "container!=*"], Box::new(|it| it["container"].is_null())),
        (["-t", &listed], Box::new(|it| of(it, &ids[1]))),
        (["-t", &both], Box::new(|it| ids.iter().any(|id| of(it, id)))),
        (["-t", "c:all"], Box::new(|it| !it["container"].is_null())),
        (["-t", "h:all"], Box::new(|it| it["container"].is_null())),
    ];
    for (flags, passes) in cases {
        let expected: Vec<String> = all
            .iter()
            .filter(|(_, it)| passes(it))
            .map(|(line, _)| line.clone())
            .collect();
        assert!(!expected.is_empty() && expected.len() < all.len(), "{flags:?}");
        assert_same(&format!("{flags:?}"), &expected, &recorded.shown(&flags));
    }
    Ok(())
}
