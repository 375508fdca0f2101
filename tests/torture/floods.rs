//! More than tracee can take: floods of calls, storms of processes, a reader that stops, several tracers at once.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use libtest_mimic::Failed;
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;

use crate::harness::{prog, totals, tracee};
use crate::{Counts, Drill, Test};

pub fn drills() -> Vec<Test> {
    let test = |name, run| Test {
        name,
        missing: None,
        run,
    };
    vec![
        test("flood_of_calls", calls),
        test("storm_of_forks", forks),
        test("storm_of_execs", execs),
        test("stop_and_resume", stops),
        test("slow_reader", slow),
        test("several_tracers", several),
    ]
}

/// A tracee that runs a command; its lines are counted while it runs.
pub struct Counted {
    child: Child,
    lines: JoinHandle<u64>,
}

impl Counted {
    /// `each` is called for every line; those for which it is true count.
    pub fn start(
        flags: &[&str],
        command: &[&str],
        mut each: impl FnMut(&[u8]) -> bool + Send + 'static,
    ) -> std::io::Result<Counted> {
        let mut child = Command::new(tracee())
            .args(flags)
            .arg("--")
            .args(command)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().unwrap();
        let lines = thread::spawn(move || {
            let lines = BufReader::with_capacity(1 << 20, stdout).split(b'\n');
            lines.map_while(Result::ok).filter(|line| each(line)).count() as u64
        });
        Ok(Counted { child, lines })
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    /// Returns received and lost.
    pub fn finish(mut self) -> Result<(u64, u64), Failed> {
        let mut stderr = Vec::new();
        self.child.stderr.take().unwrap().read_to_end(&mut stderr)?;
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        let status = self.child.wait()?;
        let received = self.lines.join().unwrap();
        if !status.success() {
            return Err(format!("{status}: {stderr}").into());
        }
        Ok((received, totals(&stderr).1))
    }
}

/// Lines of JSON that report an event; a table's header does not.
fn tells(event: &str) -> impl Fn(&[u8]) -> bool + Send + use<> {
    let needle = format!("\"eventName\":\"{event}\"").into_bytes();
    move |line| line.windows(needle.len()).any(|window| window == needle)
}

const PROCESSES: u64 = 16;
const CALLS: u64 = 62_500;

fn flood() -> [String; 3] {
    [prog("getppid"), PROCESSES.to_string(), CALLS.to_string()]
}

fn calls(drill: &mut Drill) -> Result<(), Failed> {
    for size in ["64KiB", "1MiB", "64MiB"] {
        for output in ["table", "json"] {
            let flags = ["-b", size, "-e", "getppid", "-o", output];
            let command = flood();
            let row = |line: &[u8]| line.windows(7).any(|window| window == b"getppid");
            let run = Counted::start(&flags, &command.each_ref().map(String::as_str), row)?;
            let (received, lost) = run.finish()?;
            let done = PROCESSES * CALLS;
            let counts = Counts { done, received, lost };
            drill.counts(format!("{output}, rings of {size}"), counts, "")?;
        }
    }
    Ok(())
}

/// All at once: forks, executions and exits of short-lived processes.
fn forks(drill: &mut Drill) -> Result<(), Failed> {
    const COUNT: u64 = 10_000;
    for event in ["sched_process_fork", "sched_process_exit"] {
        let script = format!("echo | {} {COUNT} 0 >&2", prog("forks"));
        let run = Counted::start(
            &["-e", event, "-f", "comm=forks", "-o", "json"],
            &["sh", "-c", &script],
            tells(event),
        )?;
        let (received, lost) = run.finish()?;
        // The exit of the program itself is one more.
        let done = COUNT + u64::from(event == "sched_process_exit");
        let counts = Counts { done, received, lost };
        drill.counts(event, counts, "")?;
    }
    Ok(())
}

/// Executions with arguments of all sizes, while others execute without any: the latter are not lost.
fn execs(drill: &mut Drill) -> Result<(), Failed> {
    const COUNT: u64 = 2_000;
    for bytes in ["0", "4000", "120000"] {
        for size in ["64KiB", "8MiB"] {
            let run = Counted::start(
                &["-b", size, "-e", "sched_process_exec", "-o", "json"],
                &[&prog("storm"), "4", &(COUNT / 4).to_string(), bytes],
                |line| line.windows(11).any(|window| window == b"storm-child"),
            )?;
            let (received, lost) = run.finish()?;
            let counts = Counts {
                done: COUNT,
                received,
                lost,
            };
            let what = format!("{bytes} bytes of arguments, rings of {size}");
            drill.counts(what, counts, "")?;
        }
    }
    Ok(())
}

/// tracee itself stops and goes on, again and again.
fn stops(drill: &mut Drill) -> Result<(), Failed> {
    let command = flood();
    let run = Counted::start(
        &["-b", "1MiB", "-e", "getppid", "-o", "json"],
        &command.each_ref().map(String::as_str),
        tells("getppid"),
    )?;
    let mut stops = 0;
    // A fixed time, not a condition, is the point of this drill. The flood may be over before.
    for _ in 0..10 {
        thread::sleep(Duration::from_millis(100));
        if kill(run.pid(), Signal::SIGSTOP).is_err() {
            break;
        }
        thread::sleep(Duration::from_millis(200));
        kill(run.pid(), Signal::SIGCONT)?;
        stops += 1;
    }
    let (received, lost) = run.finish()?;
    let counts = Counts {
        done: PROCESSES * CALLS,
        received,
        lost,
    };
    drill.counts("SIGSTOP, SIGCONT", counts, format!("stopped {stops} times"))
}

/// A reader of the output that reads slowly.
fn slow(drill: &mut Drill) -> Result<(), Failed> {
    let command = flood();
    let tells = tells("getppid");
    let mut lines = 0_u64;
    let run = Counted::start(
        &["-b", "1MiB", "-e", "getppid", "-o", "json"],
        &command.each_ref().map(String::as_str),
        move |line| {
            lines += 1;
            if lines % 1_000 == 0 && lines < 1_000_000 {
                thread::sleep(Duration::from_millis(20));
            }
            tells(line)
        },
    )?;
    let (received, lost) = run.finish()?;
    let counts = Counts {
        done: PROCESSES * CALLS,
        received,
        lost,
    };
    drill.counts("50,000 lines a second", counts, "")
}

/// Each tracer sees all of it, or reports what it has lost.
fn several(drill: &mut Drill) -> Result<(), Failed> {
    for count in [2, 5] {
        let command = flood();
        let mut others = Vec::new();
        for _ in 1..count {
            others.push(Counted::start(
                &["-b", "1MiB", "-e", "getppid", "-o", "json"],
                &command.each_ref().map(String::as_str),
                tells("getppid"),
            )?);
        }
        let own = Counted::start(
            &["-b", "1MiB", "-e", "getppid", "-o", "json"],
            &command.each_ref().map(String::as_str),
            tells("getppid"),
        )?;
        for (number, run) in others.into_iter().chain([own]).enumerate() {
            let (received, lost) = run.finish()?;
            let counts = Counts {
                done: PROCESSES * CALLS,
                received,
                lost,
            };
            drill.counts(format!("{} of {count}", number + 1), counts, "")?;
        }
    }
    Ok(())
}
