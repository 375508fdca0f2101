//! tracee beside strace, perf trace, bpftrace and opensnoop on the same work, in one run: `make bench`.
//!
//! The machine's noise is larger than most differences, so contenders take turns and the best of several rounds counts.
//! `TRACEE_TEST_PROGS` is the folder of compiled tests/progs. With `compare A B` two reports of earlier runs are printed
//! side by side.

mod empty;
mod flat;
mod least;
mod report;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;

use empty::EmptyProgram;
use least::LeastProgram;
use nix::libc::{SYS_close, SYS_getppid, SYS_openat};
use report::Report;

const ROUNDS: usize = 5;
const GETPPIDS: u32 = 2_000_000;
const OPENS: u32 = 100_000;
/// Under ptrace every call takes two stops.
const OPENS_STRACE: u32 = 20_000;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match &args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => measure(),
        ["compare", a, b] => {
            if let Err(error) = report::compare(a, b) {
                eprintln!("{error}");
                std::process::exit(1);
            }
        }
        _ => {
            eprintln!("tracers takes no argument, or compare A B");
            std::process::exit(2);
        }
    }
}

fn measure() {
    let mut report = Report::new();
    report.section("untraced call: getppid while others are traced", "ns a call");
    let mut contenders = vec![
        Contender::empty(),
        Contender::nothing(),
        Contender::tracee(&["-e", "openat"]),
        Contender::tracee(&["-o", "table:/dev/null"]),
        Contender::tracee(&[
            "-s",
            "all",
            "-x",
            "getppid,sys_enter,sys_exit",
            "-o",
            "table:/dev/null",
        ]),
    ];
    contenders.extend(Contender::others(&["openat"]));
    let costs = compare(&contenders, "getppid", GETPPIDS);
    for (contender, cost) in contenders.iter().zip(&costs) {
        report.row(&contender.name, *cost, Some(cost / costs[0]));
    }

    report.section(
        "traced getppid: what each adds, and that as a ratio to the least that a record can cost",
        "ns a call",
    );
    let numbers = |numbers: [i64; 2]| numbers.map(|number| u32::try_from(number).expect("a number"));
    let contenders = vec![
        Contender::nothing(),
        Contender::least(numbers([SYS_getppid; 2])),
        Contender::tracee(&["-e", "getppid", "-o", "json:/dev/null"]),
    ];
    added(&mut report, &contenders, "getppid", GETPPIDS);

    report.section(
        "traced openat and close: what each adds, in the same way",
        "ns a pair",
    );
    let mut contenders = vec![
        Contender::nothing(),
        Contender::least(numbers([SYS_openat, SYS_close])),
        Contender::tracee(&["-e", "openat,close", "-o", "json:/dev/null"]),
        Contender::tracee(&["-e", "openat,close", "-o", "table:/dev/null"]),
    ];
    contenders.extend(Contender::others(&["openat", "close"]));
    let (bare, least) = added(&mut report, &contenders, "open", OPENS);
    if found("strace") {
        let cost = best(|| strace("open", OPENS_STRACE)) - bare;
        report.row("strace", cost, Some(cost / least));
    }

    flat(&mut report);

    let formats = ["table", "json", "json,compact", "record", "record,compress=none"];
    let throughputs = formats.map(throughput);
    report.section("events without loss", "a second");
    for (format, (sustained, _)) in formats.iter().zip(throughputs) {
        report.row(format, sustained, None);
    }
    let bare = best(|| work("getppid", GETPPIDS));
    report.section("tracee's own CPU time, and that in bare getppids", "ns an event");
    for (format, (_, cost)) in formats.iter().zip(throughputs) {
        report.row(format, cost, Some(cost / bare));
    }
    recordings(&mut report);
    let (started, peak) = start_up();
    report.section("start to the first event of the default set", "ms");
    report.row("tracee", started, None);
    report.section("peak memory", "KiB");
    report.row("tracee", peak, None);
    report.write();
}

/// How long recordings are, beside JSON, and how fast they are read.
fn recordings(report: &mut Report) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let outputs = ["json", "record", "record,compress=none"];
    for output in outputs {
        let mut tracer = Command::new(env!("CARGO_BIN_EXE_tracee"));
        let target = format!("{output}:{}", path(output));
        // A million events, at a pace at which none is lost.
        let status = tracer
            .args([
                "-q",
                "-e",
                "openat,close",
                "-o",
                &target,
                "--",
                &prog("opens"),
                "100000",
                "5",
            ])
            .stdout(Stdio::null())
            .status();
        assert!(status.expect("tracee").success());
    }
    report.section("bytes of a million events", "bytes an event");
    let bytes = outputs.map(|output| std::fs::metadata(path(output)).expect("an output").len() as f64 / 1e6);
    for (output, bytes_an_event) in outputs.iter().zip(bytes) {
        report.row(output, bytes_an_event, Some(bytes[0] / bytes_an_event));
    }
    report.section("a recording of a million events, read", "events a second");
    for output in ["table", "json", "record,compress=none"] {
        let took = best(|| {
            let start = Instant::now();
            let status = Command::new(env!("CARGO_BIN_EXE_tracee"))
                .args(["-q", "-r", &path("record"), "-o", &format!("{output}:/dev/null")])
                .status();
            assert!(status.expect("tracee").success());
            start.elapsed().as_secs_f64()
        });
        report.row(output, 1e6 / took, None);
    }
}

/// What a call costs while there are many of something, and as a ratio to few of them.
fn flat(report: &mut Report) {
    for kind in flat::Kind::ALL {
        let mut first = None;
        report.section(
            &format!(
                "getppid beside tracee -e getppid, by the number of {}",
                kind.name()
            ),
            "ns a call",
        );
        for count in flat::COUNTS {
            let (many, flags) = kind.make(count);
            let mut words = vec!["-e", "getppid", "-o", "json:/dev/null"];
            words.extend(flags.iter().map(String::as_str));
            let running = Contender::tracee(&words).start();
            let cost = best(|| work("getppid", GETPPIDS / 4));
            running.stop();
            drop(many);
            let first = *first.get_or_insert(cost);
            report.row(&count.to_string(), cost, Some(cost / first));
        }
    }
}

/// Prints what each adds to the work, in ns, and as a ratio to the second of them; the first one is nothing. Returns what
/// the work takes bare, and what the second one adds.
fn added(report: &mut Report, contenders: &[Contender], what: &str, count: u32) -> (f64, f64) {
    let costs = compare(contenders, what, count);
    let (bare, least) = (costs[0], costs[1] - costs[0]);
    report.row(&contenders[0].name, bare, None);
    for (contender, cost) in contenders.iter().zip(&costs).skip(1) {
        report.row(&contender.name, cost - bare, Some((cost - bare) / least));
    }
    (bare, least)
}

fn best(mut measure: impl FnMut() -> f64) -> f64 {
    (0..ROUNDS).map(|_| measure()).fold(f64::INFINITY, f64::min)
}

/// Best cost of the work under each contender, taking turns.
fn compare(contenders: &[Contender], what: &str, count: u32) -> Vec<f64> {
    let mut costs = vec![f64::INFINITY; contenders.len()];
    for _ in 0..ROUNDS {
        for (contender, cost) in contenders.iter().zip(&mut costs) {
            let running = contender.start();
            *cost = cost.min(work(what, count));
            running.stop();
        }
    }
    costs
}

fn prog(name: &str) -> String {
    let folder = std::env::var("TRACEE_TEST_PROGS").unwrap_or_else(|_| "target/progs".into());
    format!("{folder}/{name}")
}

/// Time of a round of the loop in ns, in a process of its own.
fn work(what: &str, count: u32) -> f64 {
    let output = Command::new(prog("loop"))
        .args([what, &count.to_string()])
        .output()
        .expect("tests/progs/loop");
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .expect("loop prints a number")
}

fn strace(what: &str, count: u32) -> f64 {
    let output = Command::new("strace")
        .args([
            "-f",
            "-e",
            "trace=openat,close",
            "-o",
            "/dev/null",
            &prog("loop"),
            what,
            &count.to_string(),
        ])
        .output()
        .expect("strace");
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .expect("loop prints a number")
}

fn found(tool: &str) -> bool {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    path.split(':')
        .any(|folder| Path::new(folder).join(tool).exists())
}

/// A tracer, or a program to compare it with.
struct Contender {
    name: String,
    kind: Kind,
    /// Standard error or output shows this once it traces.
    ready: &'static str,
}

enum Kind {
    Nothing,
    Empty,
    /// Of the calls with these numbers.
    Least([u32; 2]),
    Command(Vec<String>),
}

enum Running {
    Nothing,
    Empty { _program: EmptyProgram },
    Least { _program: LeastProgram },
    Process(Child),
}

impl Contender {
    fn nothing() -> Contender {
        Contender {
            name: "nothing attached".into(),
            kind: Kind::Nothing,
            ready: "",
        }
    }

    fn empty() -> Contender {
        Contender {
            name: "empty tp_btf/sys_exit".into(),
            kind: Kind::Empty,
            ready: "",
        }
    }

    fn least(numbers: [u32; 2]) -> Contender {
        Contender {
            name: "the least program".into(),
            kind: Kind::Least(numbers),
            ready: "",
        }
    }

    fn tracee(flags: &[&str]) -> Contender {
        let mut command = vec![env!("CARGO_BIN_EXE_tracee").to_owned(), "--debug".into()];
        command.extend(flags.iter().map(|flag| (*flag).to_owned()));
        Contender {
            name: format!("tracee {}", flags.join(" ")),
            kind: Kind::Command(command),
            ready: "tracee: tracing has begun",
        }
    }

    /// The other tracers that are installed, on these calls.
    fn others(calls: &[&str]) -> Vec<Contender> {
        let mut others = Vec::new();
        if found("bpftrace") {
            let probe = |call: &&str| {
                match *call {
                "close" => "tracepoint:syscalls:sys_enter_close { printf(\"%d %s close %d\\n\", pid, comm, args->fd); }"
                    .to_owned(),
                call => format!(
                    "tracepoint:syscalls:sys_enter_{call} {{ printf(\"%d %s {call} %s\\n\", pid, comm, str(args->filename)); }}"
                ),
            }
            };
            let script: Vec<_> = calls.iter().map(probe).collect();
            others.push(Contender::new(
                "bpftrace, printf",
                &[
                    "bpftrace",
                    "-e",
                    &format!("BEGIN {{ printf(\"ready\\n\"); }} {}", script.join(" ")),
                ],
                "ready",
            ));
        }
        if found("perf") {
            let events = calls.join(",");
            others.push(Contender::new(
                "perf trace -a",
                &["perf", "trace", "-a", "-e", &events],
                "",
            ));
        }
        for name in ["opensnoop-libbpf", "opensnoop"] {
            if calls.len() == 1 || !found(name) {
                continue;
            }
            others.push(Contender::new("opensnoop (openat alone)", &[name], "PID"));
            break;
        }
        others
    }

    fn new(name: &str, command: &[&str], ready: &'static str) -> Contender {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        Contender {
            name: name.into(),
            kind: Kind::Command(command),
            ready,
        }
    }

    fn start(&self) -> Running {
        let words = match &self.kind {
            Kind::Nothing => return Running::Nothing,
            Kind::Empty => {
                return Running::Empty {
                    _program: EmptyProgram::attach().expect("the empty program"),
                }
            }
            Kind::Least(numbers) => {
                return Running::Least {
                    _program: LeastProgram::attach(*numbers),
                }
            }
            Kind::Command(words) => words,
        };
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a contender");
        let stdout = child.stdout.take().expect("piped");
        let stderr = child.stderr.take().expect("piped");
        let (sender, ready) = std::sync::mpsc::channel();
        // Both are read to their ends, so that the contender never waits for us.
        for stream in [Box::new(stdout) as Box<dyn Read + Send>, Box::new(stderr)] {
            let (sender, word) = (sender.clone(), self.ready);
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream);
                let mut line = Vec::new();
                while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                    if !word.is_empty() && String::from_utf8_lossy(&line).contains(word) {
                        let _ = sender.send(());
                        break;
                    }
                    line.clear();
                }
                let _ = std::io::copy(&mut reader, &mut std::io::sink());
            });
        }
        // perf trace prints nothing when it begins.
        let patience = Duration::from_secs(if self.ready.is_empty() { 2 } else { 30 });
        let _ = ready.recv_timeout(patience);
        Running::Process(child)
    }
}

impl Running {
    fn stop(self) {
        if let Running::Process(mut child) = self {
            let _ = kill(Pid::from_raw(child.id() as i32), Signal::SIGINT);
            child.wait().expect("a contender ends");
        }
    }
}

/// Events a second without loss, and tracee's own CPU time for each, in ns.
fn throughput(format: &str) -> (f64, f64) {
    let mut sustained = 0.0;
    let mut cost = 0.0;
    for rate in [
        20_000, 50_000, 100_000, 150_000, 200_000, 300_000, 400_000, 600_000,
    ] {
        let mut workload = Command::new(prog("opens"));
        workload
            .args([(rate / 2).to_string(), "3".into()])
            .stdout(Stdio::null());
        let mut tracer = Command::new(env!("CARGO_BIN_EXE_tracee"))
            .args([
                "--debug",
                "-e",
                "openat,close",
                "-o",
                &format!("{format}:/dev/null"),
            ])
            .stderr(Stdio::piped())
            .spawn()
            .expect("tracee");
        let mut lines = BufReader::new(tracer.stderr.take().expect("piped"))
            .lines()
            .map_while(Result::ok);
        lines
            .find(|line| line == "tracee: tracing has begun")
            .expect("tracee begins");
        let start = Instant::now();
        let before = cpu_time(tracer.id());
        workload.status().expect("tests/progs/opens");
        let took = start.elapsed();
        // What has been recorded is written within this time, and idle time costs nothing.
        std::thread::sleep(Duration::from_millis(200));
        let spent = cpu_time(tracer.id()) - before;
        kill(Pid::from_raw(tracer.id() as i32), Signal::SIGINT).expect("kill");
        let totals = lines.find(|line| line.ends_with(" lost")).expect("totals");
        tracer.wait().expect("tracee ends");
        let numbers: Vec<u64> = totals
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        if numbers[1] > 0 || took > Duration::from_millis(3300) {
            break;
        }
        sustained = numbers[0] as f64 / took.as_secs_f64();
        cost = spent.as_secs_f64() * 1e9 / numbers[0] as f64;
    }
    (sustained, cost)
}

/// User and system time of a process so far.
fn cpu_time(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("stat");
    // After the name, which may have spaces, the fields 14 and 15 of all are clock ticks.
    let fields = stat.rsplit_once(") ").expect("a name").1.split(' ');
    let ticks: u64 = fields
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<u64>().expect("a number"))
        .sum();
    let a_second = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK);
    let a_second = a_second.expect("sysconf").expect("a number") as u64;
    Duration::from_millis(ticks * 1000 / a_second)
}

/// Time from exec to the first row in ms, and peak memory in KiB.
fn start_up() -> (f64, f64) {
    let mut least = Duration::MAX;
    let mut peak = 0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_tracee"))
            .args(["--", "sleep", "0.2"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("tracee");
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        for _ in 0..2 {
            stdout.read_line(&mut line).expect("a row");
        }
        least = least.min(start.elapsed());
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("status");
        let high = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .expect("VmHWM");
        peak = peak.max(
            high.trim()
                .trim_end_matches(" kB")
                .parse::<u64>()
                .expect("a number"),
        );
        std::io::copy(&mut stdout, &mut std::io::sink()).expect("rows");
        child.wait().expect("tracee ends");
    }
    (least.as_secs_f64() * 1e3, peak as f64)
}
