//! How runs end: outputs that block or go, signals at any time, and limits.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use nix::sys::resource::{getrlimit, setrlimit, Resource};
use nix::sys::signal::{kill, SigHandler, Signal};
use nix::unistd::Pid;

use crate::capture_code::{lacks_own_overlay, Unserved};
use crate::harness::{
    finish, in_vm, parse, prog, same_everywhere, totals, tracee_command, wait_until, Background, Run,
};
use crate::names::end_in_time;
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("a_reader_that_goes_is_noticed_without_events", reader_goes),
        Test::new("a_fifo_waits_for_its_reader_but_not_for_ever", fifos).unless(same_everywhere()),
        Test::new("any_moment_is_good_for_a_signal", signals_at_any_moment).unless(same_everywhere()),
        Test::new("a_terminal_that_goes_ends_a_run_with_its_totals", terminal_goes),
        Test::new("who_never_answers_for_a_program_holds_nobody", unanswered).unless(lacks_own_overlay()),
        Test::new("a_second_signal_ends_what_a_stuck_reader_holds", stuck_streams).unless(same_everywhere()),
        Test::new("limits_end_with_a_message_that_names_them", limits).unless(same_everywhere()),
        Test::new("a_command_has_the_limits_and_signals_of_its_user", inherited).unless(same_everywhere()),
    ]
}

/// How long something that ends at once may take.
fn at_once() -> Duration {
    Duration::from_secs(if in_vm() { 10 } else { 1 })
}

/// Waits for its end; what it has said comes with it.
pub fn ends(mut child: Child, within: Duration) -> Run {
    let start = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if start.elapsed() > within => {
                let _ = child.kill();
                panic!("it has not ended within {within:?}");
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let mut stderr = String::new();
    if let Some(mut pipe) = child.stderr.take() {
        pipe.read_to_string(&mut stderr).unwrap();
    }
    Run {
        events: Vec::new(),
        stdout: String::new(),
        stderr,
        status,
    }
}

pub fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id() as i32)
}

/// Of processes that nobody starts.
const QUIET: [&str; 4] = ["-e", "getpgid", "-t", "p:new"];

fn reader_goes() -> Result<(), Failed> {
    // A pipe, and a FIFO beside a file.
    let folder = tempfile::tempdir()?;
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU)?;
    for by_name in [false, true] {
        let mut command = tracee_command();
        command.args(QUIET).stderr(Stdio::piped()).stdout(Stdio::piped());
        let mut child = match by_name {
            false => command.spawn()?,
            true => command
                .args(["-o", &format!("table:{}", fifo.display())])
                .spawn()?,
        };
        let mut reader: Box<dyn BufRead> = match by_name {
            false => Box::new(BufReader::new(child.stdout.take().unwrap())),
            true => Box::new(BufReader::new(fs::File::open(&fifo)?)),
        };
        let mut line = String::new();
        reader.read_line(&mut line)?;
        assert!(line.starts_with("TIME(s)"), "{line}");
        drop(reader);
        let run = ends(child, at_once());
        assert_eq!(run.code(), 0, "{}", run.stderr);
        assert!(run.stderr.ends_with(" lost\n"), "{}", run.stderr);
    }
    Ok(())
}

fn fifos() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU)?;
    let output = format!("json:{}", fifo.display());
    let start = || {
        tracee_command()
            .args(["-o", &output, "-e", "execve", "--", "true"])
            .stderr(Stdio::piped())
            .spawn()
    };
    let child = start()?;
    let waits = format!("/proc/{}/task", child.id());
    wait_until("it waits for a reader", || {
        fs::read_dir(&waits)
            .unwrap()
            .flatten()
            .any(|task| fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name == "fifo\n"))
    });
    let mut said = String::new();
    let mut child = child;
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut said)?;
    let waiting = format!("tracee: waiting for a reader of {}\n", fifo.display());
    assert_eq!(said, waiting);
    let events = parse(fs::File::open(&fifo)?);
    assert_eq!(ends(child, at_once()).code(), 0);
    assert_eq!(events.len(), 1);
    // Nobody.
    let run = ends(start()?, Duration::from_secs(20));
    assert_eq!(run.code(), 1);
    assert!(
        run.stderr.starts_with(&waiting)
            && run.stderr.contains("nobody has opened it for reading")
            && run.stderr.lines().count() == 2,
        "{}",
        run.stderr
    );
    Ok(())
}

fn signals_at_any_moment() -> Result<(), Failed> {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        for command in [false, true] {
            for delay in [2, 5, 10, 20, 50, 100, 150] {
                let words: &[&str] = if command {
                    &["--", "sleep", "1000"]
                } else {
                    &["-s", "all"]
                };
                let child = tracee_command()
                    .args(words)
                    .stdout(Stdio::null())
                    .stderr(Stdio::piped())
                    .spawn()?;
                // Moments are what this is about: there is nothing to wait for.
                std::thread::sleep(Duration::from_millis(delay));
                kill(pid(&child), signal)?;
                let run = ends(child, at_once());
                // Before main() runs, nobody can take it.
                if run.status.signal() == Some(signal as i32) {
                    continue;
                }
                let expected = match command && run.stderr.contains("before tracing began") {
                    true => 128 + signal as i32,
                    false => 0,
                };
                assert_eq!(run.code(), expected, "{signal} after {delay} ms: {}", run.stderr);
                assert!(run.stderr.contains(" lost\n"), "{}", run.stderr);
            }
        }
    }
    // Whoever ignores SIGHUP, as nohup(1) has it, goes on.
    let mut command = tracee_command();
    command.args(QUIET).stdout(Stdio::piped()).stderr(Stdio::piped());
    // SAFETY: no handler is involved.
    unsafe {
        command.pre_exec(|| {
            nix::sys::signal::signal(Signal::SIGHUP, SigHandler::SigIgn)?;
            Ok(())
        });
    }
    let mut child = command.spawn()?;
    let mut head = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut head)?;
    kill(pid(&child), Signal::SIGHUP)?;
    std::thread::sleep(Duration::from_millis(100));
    assert!(child.try_wait()?.is_none());
    kill(pid(&child), Signal::SIGTERM)?;
    assert_eq!(ends(child, at_once()).code(), 0);
    Ok(())
}

/// SIGHUP ends what is under way as SIGINT does: with what has been recorded, and the totals.
fn terminal_goes() -> Result<(), Failed> {
    let background = Background::start(&["-t", "p:all", "-e", "getppid", "-f", "comm=getppid"]);
    assert!(Command::new(prog("getppid")).args(["2", "3"]).status()?.success());
    let run = background.stop_by(Signal::SIGHUP);
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let (events, lost) = totals(&run.stderr);
    assert!(events > 0 && lost == 0, "{}", run.stderr);
    assert_eq!(run.named("getppid").len() as u64, events);
    Ok(())
}

/// A program's file system may be a program, too, and hidden by an overlay: what it says of the file is not asked for.
fn unanswered() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let mut server = Unserved::below_overlay(folder.path());
    let background = Background::start(&["-t", "p:all", "-e", "getppid", "-f", "comm=program"]);
    server.call();
    end_in_time(&background);
    let run = background.stop();
    server.end();
    let path = run.named("getppid")[0]["executable"]["path"].clone();
    assert_eq!(path, folder.path().join("over/program").to_str().unwrap());
    Ok(())
}

/// A pipe that is full, and that nobody reads.
fn full_pipe() -> (std::os::fd::OwnedFd, std::os::fd::OwnedFd) {
    let (read, write) = nix::unistd::pipe().unwrap();
    let flags = nix::fcntl::OFlag::O_NONBLOCK;
    nix::fcntl::fcntl(&write, nix::fcntl::FcntlArg::F_SETFL(flags)).unwrap();
    while nix::unistd::write(&write, &[b'x'; 4096]).is_ok() {}
    nix::fcntl::fcntl(&write, nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::empty())).unwrap();
    (read, write)
}

/// Neither standard output nor standard error takes anything.
fn stuck_streams() -> Result<(), Failed> {
    for (stuck_stdout, signals) in [(true, 1), (true, 2), (false, 1)] {
        let (_read, write) = full_pipe();
        let stdout = match stuck_stdout {
            true => Stdio::from(write.try_clone()?),
            false => Stdio::null(),
        };
        let child = tracee_command()
            .args(["-e", "getppid", "--", &prog("getppid"), "1", "100000"])
            .stdout(stdout)
            .stderr(Stdio::from(write))
            .spawn()?;
        let call = format!("/proc/{}/syscall", child.id());
        if stuck_stdout {
            wait_until("it waits for its reader", || {
                // write(2), to a duplicate of standard output.
                fs::read_to_string(&call).is_ok_and(|text| text.starts_with("1 0x"))
            });
        } else {
            wait_until("it has begun", || {
                fs::read_to_string(format!("/proc/{}/status", child.id()))
                    .is_ok_and(|text| text.contains("Seccomp:\t2"))
            });
        }
        for _ in 0..signals {
            kill(pid(&child), Signal::SIGTERM)?;
        }
        let run = ends(child, at_once() + Duration::from_millis(500));
        if stuck_stdout {
            assert_eq!(run.code(), 1);
        } else {
            // The command's status, if the signal that is passed on to it has ended it by then.
            assert!(matches!(run.code(), 0 | 143), "{}", run.code());
        }
    }
    Ok(())
}

fn limited(limit: Resource, soft: u64, hard: u64, args: &[&str]) -> Run {
    let mut command = tracee_command();
    command.args(args);
    // SAFETY: the child only makes a system call between fork and exec.
    unsafe {
        command.pre_exec(move || Ok(setrlimit(limit, soft, hard)?));
    }
    finish(&mut command)
}

fn limits() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let output = format!("json:{}", folder.path().join("out").display());
    let args = [
        "-e",
        "openat",
        "-o",
        &output,
        "--",
        "ls",
        "-laR",
        "/usr/share/doc",
    ];
    for (limit, value, names) in [
        (Resource::RLIMIT_NOFILE, 20, "ulimit -n"),
        (Resource::RLIMIT_NOFILE, 50, "ulimit -n"),
        (Resource::RLIMIT_STACK, 64 << 10, "ulimit -s"),
        (Resource::RLIMIT_AS, 20 << 20, "ulimit -v"),
        (Resource::RLIMIT_AS, 40 << 20, "ulimit -v"),
        (Resource::RLIMIT_FSIZE, 10_000, "ulimit -f"),
    ] {
        let run = limited(limit, value, value, &args);
        assert_eq!(run.code(), 1, "{limit:?} {value}: {}", run.stderr);
        let last = run.stderr.lines().last().unwrap_or_default();
        assert!(
            last.starts_with("tracee: ") && last.contains(names),
            "{limit:?} {value}: {}",
            run.stderr
        );
    }
    // What may be raised is raised.
    for (limit, value) in [(Resource::RLIMIT_NOFILE, 20), (Resource::RLIMIT_STACK, 128 << 10)] {
        let run = limited(
            limit,
            value,
            getrlimit(limit)?.1,
            &["-e", "openat", "-o", &output, "--", "true"],
        );
        assert_eq!(run.code(), 0, "{limit:?}: {}", run.stderr);
    }
    Ok(())
}

fn inherited() -> Result<(), Failed> {
    let script = "ulimit -Sn; ulimit -Ss; grep -E 'Sig(Blk|Ign)' /proc/self/status";
    let mut plain = Command::new("sh");
    plain.args(["-c", script]);
    let mut traced = tracee_command();
    traced.args(["-o", "json:/dev/null", "--", "sh", "-c", script]);
    let mut outputs = Vec::new();
    for command in [&mut plain, &mut traced] {
        // SAFETY: the child only makes system calls between fork and exec.
        unsafe {
            command.pre_exec(|| {
                setrlimit(Resource::RLIMIT_NOFILE, 100, 4096)?;
                setrlimit(Resource::RLIMIT_STACK, 256 << 10, 8 << 20)?;
                Ok(())
            });
        }
        outputs.push(finish(command).stdout);
    }
    assert!(outputs[0].starts_with("100\n256\n"), "{}", outputs[0]);
    assert_eq!(outputs[0], outputs[1]);
    Ok(())
}
