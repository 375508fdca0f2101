//! Requests of io_uring, against the log of the program that made them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use libbpf_rs::btf::types::{Enum, Struct};
use libbpf_rs::btf::Btf;
use libtest_mimic::Failed;
use serde_json::{json, Value};
use tracee::symbols::io_uring::OP;

use crate::harness::{arg, prog, run, trace, value, Background};
use crate::Test;

const ASYNC: u64 = 1 << 4;
const EVENTS: &str = "io_uring_create,io_uring_submit";

fn op_name(opcode: u64) -> Option<String> {
    OP.name(opcode).map(String::from)
}

pub fn tests() -> Vec<Test> {
    let missing = disabled();
    [
        Test::new("io_uring_requests_issued_inline", || requests("uring", "inline")).on_each_kernel(),
        Test::new("io_uring_requests_issued_by_workers", || {
            requests("uring", "async")
        }),
        Test::new("io_uring_requests_issued_by_a_poller", || {
            requests("uring", "sqpoll")
        }),
        Test::new("io_uring_requests_of_a_32_bit_program", || {
            requests("uring32", "inline")
        }),
        Test::new("io_uring_requests_are_their_rings_owners", owner),
        Test::new("io_uring_scope_new", scope_new),
        Test::new("io_uring_scope_by_pid", scope_by_pid),
        Test::new("io_uring_is_in_the_default_set", default_set),
        Test::new("io_uring_shows_the_path_that_the_kernel_uses", race_paths),
        Test::new("io_uring_shows_the_address_that_the_kernel_uses", race_addresses)
            .unless(copies_addresses_late()),
    ]
    .into_iter()
    .map(|test| test.unless(missing.clone()))
    .chain([
        Test::new("io_uring_means_exist", means).on_each_kernel(),
        Test::new("io_uring_operations_have_the_kernels_names", names).on_each_kernel(),
    ])
    .collect()
}

fn disabled() -> Option<String> {
    let sysctl = fs::read_to_string("/proc/sys/kernel/io_uring_disabled").ok()?;
    (sysctl.trim() == "2").then(|| "kernel.io_uring_disabled is 2".into())
}

/// The program's log.
#[derive(Default)]
struct Log {
    pid: u64,
    /// fd, sq_entries, cq_entries, flags.
    rings: Vec<[u64; 4]>,
    requests: Vec<Request>,
    skipped: Vec<String>,
}

struct Request {
    opcode: u64,
    fd: i64,
    flags: u64,
    user_data: u64,
    pathname: Option<String>,
    newname: Option<String>,
    address: Option<String>,
    addrlen: i64,
    result: i64,
}

impl Log {
    fn parse(text: &str) -> Log {
        let mut log = Log::default();
        for line in text.lines() {
            let words: Vec<&str> = line.split('\t').collect();
            let word = |index: usize| (words[index] != "-").then(|| words[index].to_owned());
            match words[0] {
                "pid" => log.pid = words[1].parse().unwrap(),
                "ring" => log.rings.push([1, 2, 3, 4].map(|i| words[i].parse().unwrap())),
                "request" => log.requests.push(Request {
                    opcode: words[1].parse().unwrap(),
                    fd: words[2].parse().unwrap(),
                    flags: words[3].parse().unwrap(),
                    user_data: words[4].parse().unwrap(),
                    pathname: word(5),
                    newname: word(6),
                    address: word(7),
                    addrlen: words[8].parse().unwrap(),
                    result: words[9].parse().unwrap(),
                }),
                "skip" => log.skipped.push(format!("{} ({})", words[1], words[2])),
                other => panic!("{other} in the log of uring"),
            }
        }
        assert!(log.pid != 0 && !log.requests.is_empty(), "{text}");
        log
    }
}

impl Request {
    /// Some operations always go to workers: there the kernel sets this flag itself.
    fn may_become_async(&self) -> bool {
        let name = op_name(self.opcode).unwrap();
        [
            "OPENAT",
            "STATX",
            "RENAMEAT",
            "UNLINKAT",
            "MKDIRAT",
            "SYMLINKAT",
            "LINKAT",
            "XATTR",
        ]
        .iter()
        .any(|part| name.contains(part))
    }
}

fn submits(events: &[Value], pid: u64) -> Vec<&Value> {
    events
        .iter()
        .filter(|event| event["eventName"] == "io_uring_submit" && event["hostProcessId"] == pid)
        .collect()
}

/// Every ring and every request of the log is one event of the program, with these arguments.
fn compare(events: &[Value], log: &Log, polled: bool) {
    let rings: Vec<_> = events
        .iter()
        .filter(|event| event["eventName"] == "io_uring_create")
        .filter(|event| event["hostProcessId"] == log.pid)
        .collect();
    assert_eq!(rings.len(), log.rings.len(), "{rings:?}");
    for (event, ring) in rings.iter().zip(&log.rings) {
        let shown =
            ["fd", "sq_entries", "cq_entries", "flags"].map(|name| value(event, name).as_u64().unwrap());
        assert_eq!(&shown, ring);
        assert_eq!(event["syscall"], "io_uring_setup");
    }
    let submits = submits(events, log.pid);
    assert_eq!(submits.len(), log.requests.len(), "{submits:?}");
    let mut by_data: BTreeMap<u64, &Value> = BTreeMap::new();
    for event in submits {
        let twice = by_data.insert(value(event, "user_data").as_u64().unwrap(), event);
        assert!(twice.is_none(), "{event}");
    }
    for request in &log.requests {
        let event = by_data
            .get(&request.user_data)
            .unwrap_or_else(|| panic!("{:#x} is missing", request.user_data));
        assert_eq!(value(event, "opcode"), request.opcode, "{event}");
        let name = op_name(request.opcode).unwrap();
        assert_eq!(arg(event, "opcode")["text"], name.as_ref(), "{event}");
        assert_eq!(value(event, "fd"), request.fd, "{event}");
        let flags = value(event, "flags").as_u64().unwrap();
        let added = if request.may_become_async() { ASYNC } else { 0 };
        assert_eq!(flags & !added, request.flags & !added, "{event}");
        assert_eq!(flags & request.flags, request.flags, "{event}");
        assert_eq!(value(event, "pathname"), &json!(request.pathname), "{event}");
        assert_eq!(value(event, "newname"), &json!(request.newname), "{event}");
        let address = arg(event, "addr").get("text").unwrap_or(&Value::Null);
        assert_eq!(address, &json!(request.address), "{event}");
        assert_eq!(value(event, "addrlen"), request.addrlen, "{event}");
        context(event, log.pid, polled);
    }
}

/// Checks whose request it was, and in which call.
fn context(event: &Value, pid: u64, polled: bool) {
    assert_eq!(value(event, "sq_thread"), polled, "{event}");
    assert_eq!(event["hostProcessId"], pid, "{event}");
    assert!(
        event["processName"].as_str().unwrap().starts_with("uring"),
        "{event}"
    );
    if polled {
        assert!(event["hostThreadId"] != pid, "{event}");
        assert_eq!(event["syscall"], Value::Null, "{event}");
    } else {
        assert_eq!(event["hostThreadId"], pid, "{event}");
        assert_eq!(event["syscall"], "io_uring_enter", "{event}");
    }
}

fn requests(program: &str, mode: &str) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let run = trace(
        &["-e", EVENTS],
        &[&prog(program), mode, folder.path().to_str().unwrap()],
    );
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let log = Log::parse(&run.stdout);
    compare(&run.events, &log, mode == "sqpoll");
    let executable = fs::canonicalize(prog(program))?;
    for event in &run.events {
        assert_eq!(event["executable"]["path"], json!(executable), "{event}");
        let abi = (program == "uring32").then_some("i386");
        assert_eq!(event.get("abi").and_then(Value::as_str), abi, "{event}");
    }
    if !log.skipped.is_empty() {
        println!("\nskip: io_uring_requests, in part: {}", log.skipped.join(", "));
    }
    Ok(())
}

/// A child puts a request into the ring of its parent, whose poller takes it.
fn owner() -> Result<(), Failed> {
    let run = trace(&["-e", EVENTS], &[&prog("uring"), "shared"]);
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let log = Log::parse(&run.stdout);
    assert_eq!(log.requests.len(), 1);
    compare(&run.events, &log, true);
    Ok(())
}

/// The program in that mode, waiting for its standard input to end.
struct Waiting {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Waiting {
    fn start(mode: &str, folder: &Path) -> Waiting {
        let mut child = Command::new(prog("uring"))
            .args([mode, folder.to_str().unwrap(), "wait"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Waiting { child, stdout }
    }

    fn go(mut self) -> Log {
        drop(self.child.stdin.take());
        let mut log = String::new();
        self.stdout.read_to_string(&mut log).unwrap();
        assert!(self.child.wait().unwrap().success());
        Log::parse(&log)
    }
}

/// A process from before is not seen; one that began later is, whoever issues its requests.
fn scope_new() -> Result<(), Failed> {
    for mode in ["inline", "sqpoll"] {
        let (old_folder, new_folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let old = Waiting::start(mode, old_folder.path());
        let background = Background::start(&["-e", EVENTS]);
        let new = Waiting::start(mode, new_folder.path());
        let (old, new) = (old.go(), new.go());
        let run = background.stop();
        compare(&run.events, &new, mode == "sqpoll");
        assert!(run.events.iter().all(|event| event["hostProcessId"] != old.pid));
    }
    Ok(())
}

fn scope_by_pid() -> Result<(), Failed> {
    for mode in ["inline", "sqpoll"] {
        let (named_folder, other_folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let named = Waiting::start(mode, named_folder.path());
        let other = Waiting::start(mode, other_folder.path());
        let background = Background::start(&["-t", &format!("process:{}", named.child.id()), "-e", EVENTS]);
        let (named, other) = (named.go(), other.go());
        let run = background.stop();
        compare(&run.events, &named, mode == "sqpoll");
        assert!(run.events.iter().all(|event| event["hostProcessId"] != other.pid));
    }
    Ok(())
}

fn default_set() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let run = trace(&[], &[&prog("uring"), "inline", folder.path().to_str().unwrap()]);
    let log = Log::parse(&run.stdout);
    assert_eq!(submits(&run.events, log.pid).len(), log.requests.len());
    assert!(!run.stderr.contains("io_uring"), "{}", run.stderr);
    Ok(())
}

/// Why the shown address may differ from the one that the kernel uses.
fn copies_addresses_late() -> Option<String> {
    let btf = Btf::from_vmlinux().ok()?;
    btf.type_by_name::<Struct<'_>>("io_async_connect")?;
    Some("this kernel copies an address only when it carries the request out".into())
}

/// Another thread changes what requests point to all the time: each request with its event.
fn raced(check: impl Fn(&Request, &Value) -> Option<bool>) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let run = trace(
        &["-e", EVENTS],
        &[&prog("uring"), "race", folder.path().to_str().unwrap()],
    );
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let log = Log::parse(&run.stdout);
    let submits = submits(&run.events, log.pid);
    assert_eq!(submits.len(), log.requests.len());
    let mut seen = [0; 2];
    for (request, event) in log.requests.iter().zip(submits) {
        assert_eq!(value(event, "user_data"), request.user_data);
        if let Some(which) = check(request, event) {
            seen[usize::from(which)] += 1;
        }
    }
    assert!(seen[0] > 0 && seen[1] > 0, "nothing raced: {seen:?}");
    Ok(())
}

/// One of two files exists.
fn race_paths() -> Result<(), Failed> {
    raced(|request, event| {
        request.pathname.as_ref()?;
        let path = value(event, "pathname").as_str().unwrap();
        let there = path.ends_with("/file-a");
        assert!(there || path.ends_with("/file-b"), "{event}");
        assert_eq!(there, request.result >= 0, "{event} gave {}", request.result);
        Some(there)
    })
}

/// One of two address families is that of the socket, whose peer refuses.
fn race_addresses() -> Result<(), Failed> {
    raced(|request, event| {
        request.address.as_ref()?;
        let inet = value(event, "addr")["sa_family"] == nix::libc::AF_INET;
        let refused = request.result == -i64::from(nix::libc::ECONNREFUSED);
        assert_eq!(inet, refused, "{event} gave {}", request.result);
        Some(inet)
    })
}

/// `--list` names tracepoints that exist.
fn means() -> Result<(), Failed> {
    let run = run(&["--list", "--output", "json"]);
    for name in ["io_uring_create", "io_uring_submit"] {
        let event: Value = run
            .stdout
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .find(|event| event["name"] == name)
            .unwrap();
        assert_eq!(event["available"], true, "{event}");
        let tracepoint = event["attach"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned();
        let format = Path::new("/sys/kernel/tracing/events/io_uring")
            .join(&tracepoint)
            .join("format");
        assert!(format.exists(), "{event}");
    }
    Ok(())
}

/// Each operation of the running kernel, by its own type information.
fn names() -> Result<(), Failed> {
    let btf = Btf::from_vmlinux()?;
    // The type has not always had a name.
    let ops = (1..u32::try_from(btf.len())?)
        .filter_map(|id| btf.type_by_id::<Enum<'_>>(id.into()))
        .find(|ops| {
            ops.iter()
                .any(|op| op.name.is_some_and(|name| name == "IORING_OP_NOP"))
        })
        .unwrap();
    let mut compared = 0;
    for op in ops.iter() {
        let name = op.name.unwrap().to_str().unwrap();
        if name != "IORING_OP_LAST" {
            assert_eq!(op_name(op.value as u64).as_deref(), Some(name));
            compared += 1;
        }
    }
    assert!(compared > 35, "only {compared} operations");
    Ok(())
}
