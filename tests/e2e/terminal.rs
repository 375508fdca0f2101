//! A terminal: rows that fit into it, its `^C`, and whose standard output is whose.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use nix::fcntl::{fcntl, FcntlArg};
use nix::libc;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use nix::pty::{openpty, Winsize};
use nix::sys::signal::{kill, Signal};

use crate::ends::pid;
use crate::harness::{finish, parse, prog, same_everywhere, tracee_command, wait_until};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("rows_fit_into_a_terminal", rows).unless(same_everywhere()),
        Test::new("a_terminals_interrupt_is_the_commands", interrupt).unless(same_everywhere()),
        Test::new("a_second_interrupt_ends_tracing", interrupts).unless(same_everywhere()),
        Test::new("sigterm_is_passed_on_to_the_command", sigterm).unless(same_everywhere()),
        Test::new("standard_output_is_tracees_or_the_commands", outputs).unless(same_everywhere()),
        Test::new("messages_beside_json_are_json", messages).unless(same_everywhere()),
        Test::new("a_run_of_named_processes_ends_with_them", named),
    ]
}

/// How long a test waits for what a terminal shows.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program on a terminal of its own.
struct Terminal {
    master: File,
    child: Child,
    bytes: Vec<u8>,
    /// The bytes as text: all of them at once, since a read may end within a character.
    shown: String,
}

impl Terminal {
    fn start(mut command: Command, columns: u16) -> Terminal {
        let size = Winsize {
            ws_row: 24,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pair = openpty(Some(&size), None).unwrap();
        let end = |fd: &OwnedFd| Stdio::from(fd.try_clone().unwrap());
        command
            .env_remove("NO_COLOR")
            .env("TERM", "xterm")
            .stdin(end(&pair.slave))
            .stdout(end(&pair.slave))
            .stderr(end(&pair.slave));
        // SAFETY: system calls alone.
        unsafe {
            command.pre_exec(|| {
                nix::unistd::setsid()?;
                match libc::ioctl(0, libc::TIOCSCTTY, 0) {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                }
            });
        }
        Terminal {
            child: command.spawn().unwrap(),
            master: File::from(pair.master),
            bytes: Vec::new(),
            shown: String::new(),
        }
    }

    /// Reads until this is shown, or, without it, until the terminal is closed.
    fn read_until(&mut self, text: Option<&str>) {
        let since = Instant::now();
        while text.is_none_or(|text| !self.shown.contains(text)) {
            assert!(since.elapsed() < PATIENCE, "{text:?}: {}", self.shown);
            if !self.read_for(Duration::from_secs(1)) {
                assert!(text.is_none(), "{text:?}: {}", self.shown);
                return;
            }
        }
    }

    /// Reads what comes first within this time. False once the terminal is closed.
    fn read_for(&mut self, time: Duration) -> bool {
        let timeout = PollTimeout::try_from(time).unwrap();
        let mut fds = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        if poll(&mut fds, timeout).unwrap() == 0 {
            return true;
        }
        let mut bytes = [0; 4096];
        match self.master.read(&mut bytes) {
            Ok(count) => {
                self.bytes.extend(&bytes[..count]);
                self.shown = String::from_utf8_lossy(&self.bytes).into_owned();
            }
            // EIO: nobody has the other end open any more.
            Err(error) if error.raw_os_error() == Some(libc::EIO) => return false,
            Err(error) => panic!("{error}"),
        }
        true
    }

    /// Reads what comes within this time.
    fn read_for_all(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            if !self.read_for(left) {
                return;
            }
        }
    }

    fn interrupt(&mut self) {
        self.master.write_all(b"\x03").unwrap();
    }

    /// The exit status, and all that was shown.
    fn end(mut self) -> (Option<i32>, String) {
        self.read_until(None);
        (self.child.wait().unwrap().code(), self.shown)
    }
}

fn traced(flags: &[&str], command: &[&str]) -> Command {
    let mut traced = tracee_command();
    traced.args(flags).arg("--").args(command);
    traced
}

fn rows() -> Result<(), Failed> {
    for columns in [80, 120, 200] {
        let flags = ["-s", "default", "-e", "@fs,uname"];
        let (code, shown) = Terminal::start(traced(&flags, &["ls", "/nonexistent"]), columns).end();
        assert_eq!(code, Some(2), "{shown}");
        let rows: Vec<&str> = shown
            .lines()
            .filter(|row| row.split_whitespace().nth(2) == Some("ls"))
            .collect();
        assert!(rows.len() > 20, "{shown}");
        for row in &rows {
            let plain = without_colors(row);
            assert!(plain.chars().count() <= columns.into(), "{columns}: {plain}");
        }
        assert!(
            columns > 80 || rows.iter().any(|row| row.contains('…')),
            "{shown}"
        );
        assert!(rows.iter().any(|row| row.contains("-2 ENOENT")), "{shown}");
        assert!(
            rows.iter().any(|row| row.contains("\x1b[31m")),
            "a failure has its colour: {shown}"
        );
        assert!(
            shown.contains("tracee: tracing ") && shown.contains("^C twice ends"),
            "{shown}"
        );
    }
    // All of it, and no colours.
    let flags = ["--wide", "--color", "never", "-e", "execve"];
    let long = "x".repeat(300);
    let (_, shown) = Terminal::start(traced(&flags, &["true", &long]), 80).end();
    assert!(
        shown.contains(&long) && !shown.contains('…') && !shown.contains('\x1b'),
        "{shown}"
    );
    Ok(())
}

fn without_colors(text: &str) -> String {
    let mut parts = text.split('\x1b');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        all + part.split_once('m').map_or("", |(_, rest)| rest)
    })
}

/// A shell that runs this, traced, on a terminal; it has said that it is ready.
fn ready(script: &str) -> Terminal {
    let flags = ["-e", "exit_group", "-o", "json:/dev/null"];
    let mut terminal = Terminal::start(traced(&flags, &["sh", "-c", script]), 80);
    terminal.read_until(Some("ready"));
    terminal
}

fn interrupt() -> Result<(), Failed> {
    let mut terminal = ready("trap 'echo trapped; exit 7' INT; echo ready; while :; do sleep 0.05; done");
    terminal.interrupt();
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(7), "{shown}");
    assert!(shown.contains("trapped") && shown.contains(" lost"), "{shown}");
    Ok(())
}

fn interrupts() -> Result<(), Failed> {
    let mut terminal = ready("trap '' INT; echo $$ is ready; exec sleep 100");
    // The first one is the command's, and two within a second are too many. Those that are pending at once count as one.
    // Each empties the terminal's queue, what tracee has just said included.
    let since = Instant::now();
    let status = loop {
        if let Some(status) = terminal.child.try_wait()? {
            break status;
        }
        assert!(since.elapsed() < PATIENCE, "tracee goes on");
        terminal.interrupt();
        terminal.read_for_all(Duration::from_millis(200));
    };
    assert_eq!(status.code(), Some(0), "{}", terminal.shown);
    let sleeps = terminal
        .shown
        .lines()
        .find_map(|line| line.strip_suffix(" is ready"));
    let sleep = sleeps.and_then(|pid| pid.parse().ok()).unwrap();
    // It has not got them, and goes on.
    kill(nix::unistd::Pid::from_raw(sleep), Signal::SIGKILL)?;
    Ok(())
}

fn sigterm() -> Result<(), Failed> {
    let mut child = traced(
        &["-e", "nanosleep,clock_nanosleep", "-o", "json:/dev/null"],
        &["sh", "-c", "echo $$; exec sleep 100"],
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()?;
    let mut bytes = [0; 16];
    let count = child.stdout.take().unwrap().read(&mut bytes)?;
    let command: i32 = std::str::from_utf8(&bytes[..count])?.trim().parse()?;
    let since = Instant::now();
    kill(pid(&child), Signal::SIGTERM)?;
    let output = child.wait_with_output()?;
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    assert!(String::from_utf8_lossy(&output.stderr).contains(" lost"));
    let alive = || std::path::Path::new(&format!("/proc/{command}")).exists();
    wait_until("the command ends", || !alive());
    Ok(())
}

fn outputs() -> Result<(), Failed> {
    let said = ["sh", "-c", "echo from the command"];
    for output in ["json", "json:/dev/stdout", "json:&1"] {
        let run = finish(&mut traced(&["-e", "execve", "-o", output], &said));
        assert_eq!(parse(run.stdout.as_bytes()).len(), 1, "{output}: {}", run.stdout);
        assert!(run.stderr.starts_with("from the command\n"), "{}", run.stderr);
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("events");
    for output in [format!("json:{}", file.display()), "json:/dev/stderr".into()] {
        let run = finish(&mut traced(&["-e", "execve", "-o", &output], &said));
        assert_eq!(run.stdout, "from the command\n", "{output}");
    }
    // Descriptor 3.
    let third = File::create(folder.path().join("third"))?;
    let raw = fcntl(&third, FcntlArg::F_DUPFD_CLOEXEC(10))?;
    let mut command = traced(&["-e", "execve", "-o", "json:&3"], &said);
    // SAFETY: a system call alone.
    unsafe {
        command.pre_exec(move || match libc::dup2(raw, 3) {
            3 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    let run = finish(&mut command);
    assert_eq!(run.stdout, "from the command\n", "{}", run.stderr);
    assert_eq!(parse(File::open(folder.path().join("third"))?).len(), 1);
    Ok(())
}

fn messages() -> Result<(), Failed> {
    let run = finish(&mut traced(
        &["-e", "execve", "-o", "json:/dev/stderr"],
        &["true"],
    ));
    let lines = parse(run.stderr.as_bytes());
    assert_eq!(lines[0]["eventName"], "execve");
    assert_eq!(
        lines.last().unwrap()["message"],
        "1 event, 0 lost",
        "{}",
        run.stderr
    );
    Ok(())
}

fn named() -> Result<(), Failed> {
    let mut sleeps: Vec<Child> = (0..2)
        .map(|_| Command::new(prog("pause")).stdout(Stdio::null()).spawn())
        .collect::<Result<_, _>>()?;
    let pids: Vec<String> = sleeps.iter().map(|child| child.id().to_string()).collect();
    let mut child = tracee_command()
        .args([
            "-p",
            &pids[0],
            "-p",
            &pids[1],
            "-e",
            "exit_group,sched_process_exit",
            "-o",
            "json",
            "--debug",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut lines = stderr.by_ref().lines().map_while(Result::ok);
    assert!(lines.any(|line| line.ends_with("tracing has begun")));
    for sleep in &mut sleeps {
        sleep.kill()?;
        sleep.wait()?;
    }
    let mut said = String::new();
    let events = parse(child.stdout.take().unwrap());
    stderr.read_to_string(&mut said)?;
    let status = child.wait()?;
    assert_eq!((status.code(), status.signal()), (Some(0), None), "{said}");
    let mut ended: Vec<String> = events
        .iter()
        .filter(|event| event["eventName"] == "sched_process_exit")
        .map(|event| event["hostProcessId"].to_string())
        .collect();
    ended.sort();
    let mut expected = pids.clone();
    expected.sort();
    assert_eq!(ended, expected, "{said}");
    Ok(())
}
