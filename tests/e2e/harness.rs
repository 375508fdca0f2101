//! Running tracee and reading its output.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::mount::{mount, MsFlags};
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;
use serde_json::Value;

/// Limit of waiting for anything, also in an emulator.
const PATIENCE: Duration = Duration::from_secs(120);

/// The binary under test.
pub fn tracee() -> PathBuf {
    std::env::var_os("TRACEE_BIN").map_or_else(|| env!("CARGO_BIN_EXE_tracee").into(), PathBuf::from)
}

/// tracee with the variables of `Env`.
pub fn tracee_command() -> Command {
    command(tracee())
}

/// A command with the variables of `Env`.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    ENV.with_borrow(|vars| command.envs(vars));
    command
}

thread_local! {
    static ENV: RefCell<BTreeMap<&'static str, String>> = const { RefCell::new(BTreeMap::new()) };
}

/// A variable for the commands that a test starts, as long as this lives; the test's own process does not have it.
pub struct Env(&'static str);

impl Env {
    #[must_use]
    pub fn set(name: &'static str, value: impl Into<String>) -> Env {
        ENV.with_borrow_mut(|vars| vars.insert(name, value.into()));
        Env(name)
    }

    pub fn get(name: &str) -> String {
        ENV.with_borrow(|vars| vars.get(name).cloned().unwrap_or_default())
    }
}

impl Drop for Env {
    fn drop(&mut self) {
        ENV.with_borrow_mut(|vars| vars.remove(self.0));
    }
}

/// A program of tests/progs, compiled.
pub fn prog(name: &str) -> String {
    let path = prog_path(name);
    assert!(
        path.exists(),
        "{} is missing: tests/run.sh compiles it",
        path.display()
    );
    path.to_str().unwrap().into()
}

/// In an emulator, where loads must be smaller.
pub fn in_vm() -> bool {
    std::env::var_os("TRACEE_TEST_VM").is_some()
}

/// Why a test does not run in an emulator: its subject does not depend on the kernel.
pub fn same_everywhere() -> Option<String> {
    in_vm().then(|| "it is the same on every kernel, and takes an emulator long".into())
}

/// Major and minor version of the running kernel.
pub fn kernel() -> (u32, u32) {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release
        .split(|letter: char| !letter.is_ascii_digit())
        .map(|word| word.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

/// The long form, of `make test-long`: each test on each kernel whose code matters.
pub fn long() -> bool {
    std::env::var_os("TRACEE_TEST_LONG").is_some()
}

/// Why a test does not run in this emulator: the oldest kernel and the newest one each run half of the tests.
fn elsewhere(name: &str) -> Option<String> {
    let (major, _) = kernel();
    let runs = match name.bytes().map(u32::from).sum::<u32>() % 2 {
        0 => 0..6,
        _ => 7..u32::MAX,
    };
    (in_vm() && !runs.contains(&major))
        .then(|| "another kernel runs it, and it takes an emulator long".into())
}

/// On how many of the emulated kernels a test runs. Here all of them run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kernels {
    /// On each.
    Each,
    /// On the oldest or the newest; in the long form on each.
    Some,
    /// On none; in the long form on the oldest or the newest.
    Few,
}

impl Kernels {
    /// Why a test does not run here.
    pub fn missing(self, name: &str) -> Option<String> {
        match (self, long()) {
            (Kernels::Each, _) | (Kernels::Some, true) => None,
            (Kernels::Some, false) | (Kernels::Few, true) => elsewhere(name),
            (Kernels::Few, false) => {
                in_vm().then(|| "kernels hardly change it: make test-long runs it".into())
            }
        }
    }
}

/// Which tests of those that can run here are run now: TRACEE_TEST_LANE.
#[derive(PartialEq, Eq)]
pub enum Lane {
    All,
    /// Tests that measure, during which nothing else may run.
    Alone,
    /// All others.
    Beside,
    /// One of each file.
    Quick,
}

impl Lane {
    pub fn asked_for() -> Lane {
        match std::env::var("TRACEE_TEST_LANE").as_deref() {
            Err(_) | Ok("") => Lane::All,
            Ok("alone") => Lane::Alone,
            Ok("beside") => Lane::Beside,
            Ok("quick") => Lane::Quick,
            Ok(other) => panic!("TRACEE_TEST_LANE={other}: it is alone, beside or quick"),
        }
    }
}

/// Why times cannot be compared with limits here: nested virtual machines and some mitigations make each call several
/// times slower than a real processor.
pub fn slow_calls() -> Option<String> {
    const MAX: u128 = 150;
    const ROUNDS: usize = 7;
    const CALLS: u32 = 100_000;
    let bare = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        for _ in 0..CALLS {
            std::hint::black_box(nix::unistd::getppid());
        }
        start.elapsed() / CALLS
    });
    let best = bare.min()?.as_nanos();
    (best > MAX)
        .then(|| format!("a system call takes {best} ns here, untraced: times say nothing of other machines"))
}

fn prog_path(name: &str) -> PathBuf {
    let folder = std::env::var("TRACEE_TEST_PROGS").unwrap_or_else(|_| "target/progs".into());
    Path::new(&folder).join(name)
}

/// Why a test that uses an optional program cannot run.
pub fn lacks_prog(name: &str, why: &str) -> Option<String> {
    (!prog_path(name).exists()).then(|| why.to_owned())
}

/// Why a test that uses this tool cannot run.
pub fn lacks_tool(tool: &str) -> Option<String> {
    let found = std::env::var("PATH")
        .unwrap_or_default()
        .split(':')
        .any(|folder| Path::new(folder).join(tool).exists());
    (!found).then(|| format!("there is no {tool} on this system"))
}

/// A run that has ended.
pub struct Run {
    pub events: Vec<Value>,
    pub stdout: String,
    pub stderr: String,
    pub status: ExitStatus,
}

impl Run {
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }

    /// Events with that name.
    pub fn named(&self, name: &str) -> Vec<&Value> {
        self.events
            .iter()
            .filter(|event| event["eventName"] == name)
            .collect()
    }
}

/// Traces a command, with JSON besides its own output, and parses every line.
pub fn trace(flags: &[&str], command: &[&str]) -> Run {
    trace_keeping(flags, command, |_| true)
}

/// The same, but only these events are kept: a million would take gigabytes.
pub fn trace_keeping(flags: &[&str], command: &[&str], mut keep: impl FnMut(&Value) -> bool) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events");
    let output = tracee_command()
        .args(flags)
        .args(["--output", &format!("json:{}", path.display()), "--"])
        .args(command)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let events = match File::open(&path) {
        Ok(file) => lines(file).filter(|event| keep(event)).collect(),
        Err(_) => Vec::new(),
    };
    Run {
        events,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr,
        status: output.status,
    }
}

/// Every line of a JSON output; each must parse.
pub fn parse(input: impl Read) -> Vec<Value> {
    lines(input).collect()
}

fn lines(input: impl Read) -> impl Iterator<Item = Value> {
    BufReader::new(input).lines().map(|line| {
        let line = line.unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    })
}

/// Runs tracee without a command, for runs that fail at once.
pub fn run(args: &[&str]) -> Run {
    finish(tracee_command().args(args))
}

pub fn finish(command: &mut Command) -> Run {
    let output = command.stdin(Stdio::null()).output().unwrap();
    Run {
        events: Vec::new(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        status: output.status,
    }
}

/// A tracee that runs until it is stopped, tracing already when `start` returns.
pub struct Background {
    pub child: Child,
    stderr: JoinHandle<String>,
    folder: tempfile::TempDir,
}

impl Background {
    pub fn start(flags: &[&str]) -> Background {
        let folder = tempfile::tempdir().unwrap();
        let output = format!("json:{}", folder.path().join("events").display());
        // Notified like a service manager, since the log of --debug takes time to write.
        let socket = folder.path().join("notify");
        let ready = UnixDatagram::bind(&socket).unwrap();
        ready.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let mut child = tracee_command()
            .args(flags)
            .args(["--output", &output])
            .env("NOTIFY_SOCKET", &socket)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut all = Vec::new();
            let _ = pipe.read_to_end(&mut all);
            String::from_utf8_lossy(&all).into_owned()
        });
        let start = Instant::now();
        let mut told = [0; 64];
        while ready.recv(&mut told).is_err() {
            if start.elapsed() > PATIENCE || child.try_wait().unwrap().is_some() {
                let _ = child.kill();
                panic!("tracee does not begin: {}", stderr.join().unwrap());
            }
        }
        assert!(told.starts_with(b"READY=1\n"), "{told:?}");
        Background {
            child,
            stderr,
            folder,
        }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    /// CPU time of its threads so far.
    pub fn running_time(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid())).unwrap();
        let ran = |task: std::fs::DirEntry| -> u64 {
            let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap();
            text.split(' ').next().unwrap().parse().unwrap()
        };
        Duration::from_nanos(tasks.flatten().map(ran).sum())
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Ends it by SIGINT.
    pub fn stop(self) -> Run {
        self.stop_by(Signal::SIGINT)
    }

    /// A second signal would not wait until everything is printed.
    pub fn stop_by(mut self, signal: Signal) -> Run {
        self.signal(signal);
        let status = self.child.wait().unwrap();
        let events = parse(File::open(self.folder.path().join("events")).unwrap());
        Run {
            events,
            stdout: String::new(),
            stderr: self.stderr.join().unwrap(),
            status,
        }
    }
}

/// Waits until a condition holds.
pub fn wait_until(what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Mounts cgroup v2, whatever else is mounted.
pub fn mount_cgroup2(at: &Path) -> nix::Result<()> {
    mount(None::<&str>, at, Some("cgroup2"), MsFlags::empty(), None::<&str>)
}

/// The hash by sha256sum(1).
pub fn sha256(path: &Path) -> String {
    let output = Command::new("sha256sum").arg(path).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    // A name with unusual bytes is preceded by a backslash.
    String::from_utf8_lossy(&output.stdout).trim_start_matches('\\')[..64].to_owned()
}

/// An argument's entry.
pub fn arg<'a>(event: &'a Value, name: &str) -> &'a Value {
    event["args"]
        .as_array()
        .and_then(|args| args.iter().find(|arg| arg["name"] == name))
        .unwrap_or_else(|| panic!("no argument {name} in {event}"))
}

/// An argument's value.
pub fn value<'a>(event: &'a Value, name: &str) -> &'a Value {
    &arg(event, name)["value"]
}

/// The two numbers of the closing line: events, lost.
pub fn totals(stderr: &str) -> (u64, u64) {
    let line = stderr
        .lines()
        .find(|line| line.starts_with("tracee: ") && line.ends_with(" lost"))
        .unwrap_or_else(|| panic!("no totals in {stderr}"));
    let numbers: Vec<u64> = line
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    (numbers[0], numbers[1])
}
