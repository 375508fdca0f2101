//! The differential test: our output on real programs against strace's log of the very same run.
//!
//! strace runs under tracee and the program under strace, so that both see the same processes, addresses and bytes.
//! Calls and results must agree in all, arguments in 99.5 of a hundred, and each difference has its reason in `rules.rs`.

mod compare;
mod lines;
mod parse;
mod rules;
mod term;

use std::collections::BTreeMap;

use libtest_mimic::Failed;
use nix::errno::Errno;
use serde_json::Value;

use crate::harness::{in_vm, lacks_tool, trace};
use crate::Test;
use compare::{Verdict, Why};
use parse::{Call, Outcome};

pub fn tests() -> Vec<Test> {
    let mut tests = lines::tests();
    tests.extend(PROGRAMS.iter().map(|program| {
        let missing = program.needs.iter().find_map(|tool| lacks_tool(tool));
        let slow = (in_vm() && !program.small).then(|| "it is too much for an emulator".into());
        Test::new(program.name, program.run)
            .unless(lacks_tool("strace"))
            .unless(missing)
            .unless(slow)
    }));
    tests
}

struct Program {
    name: &'static str,
    needs: &'static [&'static str],
    /// Whether it runs in an emulator, too.
    small: bool,
    run: fn() -> Result<(), Failed>,
}

macro_rules! programs {
    ($($name:ident $small:literal $needs:expr, $command:expr;)*) => {
        /// The corpus, each program a test of its own; commands run in an empty folder.
        const PROGRAMS: &[Program] = &[$(Program {
            name: concat!("differential_", stringify!($name)),
            needs: &$needs,
            small: $small,
            run: || differential(stringify!($name), &$command),
        }),*];
    };
}

const PIPELINES: &str =
    "seq 2000 | sort -n | tail -n 3 | tr 0-9 a-j; (exit 3); echo $?; echo a >f; wc -c <f; \
    for i in 1 2 3; do cat f | cat; done; sh -c 'kill -TERM $$'; echo $?";
const JOBS: &str =
    "set -m; trap 'echo user' USR1; kill -USR1 $$; sleep 60 & kill -STOP %1; jobs; kill -CONT %1; \
    kill %1; wait; sleep 0.05 | cat & wait; (trap '' INT; kill -INT $BASHPID; echo alive) | cat; \
    (kill -SEGV $BASHPID) & wait $!; echo $?; true";
const GIT: &str = "export HOME=$PWD; git init -q r && cd r && echo text >file && git add file && \
    git -c user.name=a -c user.email=a@localhost commit -qm message && git log --oneline | cat";
const HTTP: &str = "echo fetched >page; python3 -u -m http.server --bind 127.0.0.1 0 >log 2>&1 & server=$!; \
    until port=$(sed -n 's/.* port \\([0-9]*\\) .*/\\1/p' log) && [ -n \"$port\" ]; do sleep 0.1; done; \
    curl -s http://127.0.0.1:$port/page; \
    python3 -c 'import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read())' http://127.0.0.1:$port/page; \
    kill $server; wait";
const GCC: &str = "echo 'int main(void) { return 0; }' >p.c; gcc -O1 -Wall p.c -o p && ./p";
const TAR: &str = "mkdir d; for i in 1 2 3 4 5; do seq 1000 >d/$i; done; ln -s 1 d/link; tar czf d.tgz d; \
    mkdir e; tar xzf d.tgz -C e; tar tzf d.tgz";
const FIND: &str =
    "find /etc/default /etc/apt -type f -exec wc -c {} ';'; find /etc -maxdepth 2 -name '*.conf' \
    -exec grep -l a {} +; true";
const SQLITE: &str = "sqlite3 base 'create table t(a); insert into t values (1), (2); select sum(a) from t'";
const PYTHON: &str = "import json,ssl,subprocess; subprocess.run(['true'])";
const PERL: &str =
    "my %h; $h{$_} = sprintf('%03d', $_) for 1..100; print join(',', map {$h{$_}} sort keys %h), qx(echo);";
/// Sockets, polls and threads, which the others use little.
const SOCKETS: &str = include_str!("strace/sockets.py");

programs! {
    ls_tree false ["ls"], ["ls", "-laR", "/usr/share/doc"];
    ls false ["ls"], ["ls", "-la", "/"];
    cat false ["cat"], ["cat", "/etc/passwd", "/nonexistent"];
    pipelines false ["sh", "seq"], ["sh", "-c", PIPELINES];
    job_control false ["bash"], ["bash", "-c", JOBS];
    gcc false ["gcc"], ["sh", "-c", GCC];
    python false ["python3"], ["python3", "-c", PYTHON];
    sockets false ["python3"], ["python3", "-c", SOCKETS];
    git false ["git"], ["sh", "-c", GIT];
    tar false ["tar", "gzip"], ["sh", "-c", TAR];
    find false ["find", "grep"], ["sh", "-c", FIND];
    http false ["python3", "curl"], ["bash", "-c", HTTP];
    apt_get false ["apt-get"], ["apt-get", "--version"];
    perl false ["perl"], ["perl", "-e", PERL];
    sqlite false ["sqlite3"], ["sh", "-c", SQLITE];
    calls true [], [crate::harness::prog("calls").as_str()];
}

/// What was compared.
#[derive(Default)]
struct Report {
    calls: usize,
    args: usize,
    /// strace shows an address where we show the memory's content.
    unchecked: usize,
    /// strace shows the content of the parts of an `iovec`, we their addresses and lengths.
    partly: usize,
    /// Differences by call and argument: how many, and the first of them.
    differences: BTreeMap<(String, String), (usize, String)>,
    broken: Vec<String>,
}

fn differential(name: &str, command: &[&str]) -> Result<(), Failed> {
    for words in ["verbose", "raw"] {
        let (theirs, ours) = both(command, words);
        let mut report = Report::default();
        for (tid, calls) in &theirs {
            let events = ours.get(tid).map_or(&[][..], Vec::as_slice);
            thread(*tid, calls, events, &mut report);
        }
        print(name, words, theirs.len(), &report);
        assert!(report.broken.is_empty(), "{}", report.broken.join("\n"));
        assert!(report.calls > 5 && report.args > 5, "nothing to compare");
        let different: usize = report.differences.values().map(|(count, _)| count).sum();
        let unexplained: Vec<_> = report
            .differences
            .iter()
            .filter(|((call, arg), _)| rules::reason(call, arg).is_none())
            .map(|((call, arg), (count, example))| format!("{call}.{arg} ({count}): {example}"))
            .collect();
        assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
        assert!(different * 200 <= report.args, "{different} of {}", report.args);
    }
    Ok(())
}

fn print(name: &str, words: &str, threads: usize, report: &Report) {
    let different: usize = report.differences.values().map(|(count, _)| count).sum();
    println!(
        "{name}, -X {words}: {threads} threads, {} calls, {} arguments compared, {different} differ, {} shown by us \
         alone, {} without the content of an iovec",
        report.calls, report.args, report.unchecked, report.partly
    );
    for ((call, arg), (count, example)) in &report.differences {
        match rules::reason(call, arg) {
            Some(reason) => println!("  {call}.{arg}: {count}, known: {reason}"),
            None => println!("  {call}.{arg}: {count}, {example}"),
        }
    }
    for broken in &report.broken {
        println!("  {broken}");
    }
}

type Threads<T> = BTreeMap<i64, Vec<T>>;

const STRACES_OWN: &str = "process_vm_readv";

/// Runs a command under strace under tracee; calls by strace's log, our events of the same threads.
fn both(command: &[&str], words: &str) -> (Threads<Call>, Threads<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let work = folder.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let ring = if in_vm() { "64MiB" } else { "256MiB" };
    let flags = [
        "-s",
        "syscalls",
        // How strace itself looks at the command's memory: all that it reads would be among the events once more.
        "-x",
        STRACES_OWN,
        "--show-exec-env",
        "-b",
        ring,
        "--decode-buffers",
        "4096",
    ];
    let into = format!("cd {} && exec \"$@\"", work.display());
    let mut line = vec![
        "sh", "-c", &into, "sh", "strace", "-f", "-v", "-s", "4096", "-X", words, "-o",
    ];
    line.push(log.to_str().unwrap());
    line.push("--");
    line.extend(command);
    let run = trace(&flags, &line);
    assert!(run.stderr.contains(" 0 lost"), "{}", run.stderr);
    // For debugging a failure.
    if let Some(kept) = std::env::var_os("TRACEE_TEST_STRACE_LOG") {
        std::fs::copy(&log, kept).unwrap();
    }
    let text = std::fs::read(&log).unwrap_or_else(|error| panic!("no log: {error}: {}", run.stderr));
    let text = String::from_utf8_lossy(&text);
    let theirs = parse::log(&text).unwrap_or_else(|why| panic!("{why}"));
    let left_out = theirs.values().flatten().find(|call| call.name == STRACES_OWN);
    assert!(left_out.is_none(), "the command makes that call, too");
    let first: i64 = text.split_whitespace().next().unwrap().parse().unwrap();
    let mut ours: Threads<Value> = BTreeMap::new();
    for event in run.events {
        let tid = event["threadId"].as_i64().unwrap();
        if theirs.contains_key(&tid) && event["syscall"].is_string() {
            ours.entry(tid).or_default().push(event);
        }
    }
    // strace's own child becomes the command: its earlier calls are not logged.
    if let Some(events) = ours.get_mut(&first) {
        let begins = events
            .iter()
            .position(|event| event["eventName"] == "execve" && event["returnValue"] == 0);
        events.drain(..begins.unwrap_or(0));
    }
    (theirs, ours)
}

/// Compares a thread's calls in their order.
fn thread(tid: i64, calls: &[Call], events: &[Value], report: &mut Report) {
    let calls: Vec<&Call> = seen(calls, events);
    for (at, (call, event)) in calls.iter().zip(events).enumerate() {
        let name = event["eventName"].as_str().unwrap();
        if name != call.name || !same_result(&call.outcome, event) {
            report.broken.push(format!(
                "thread {tid}, call {at}: strace has {} = {:?}, we have {name} = {}",
                call.name, call.outcome, event["returnValue"]
            ));
            return;
        }
        report.calls += 1;
        if rules::compares_args(call) {
            args(call, event, report);
        }
    }
    if calls.len() != events.len() {
        let next = calls.get(events.len()).map(|call| &call.name);
        report.broken.push(format!(
            "thread {tid}: strace has {} calls, we have {}; the first beyond: {next:?}, {}",
            calls.len(),
            events.len(),
            events.get(calls.len()).unwrap_or(&Value::Null)
        ));
    }
}

/// Without the last call if it never returned, since we show calls when they return.
fn seen<'a>(calls: &'a [Call], events: &[Value]) -> Vec<&'a Call> {
    let mut calls: Vec<&Call> = calls.iter().collect();
    if let Some(last) = calls.last() {
        let ends = ["exit", "exit_group"].contains(&last.name.as_str());
        if last.outcome == Outcome::Unknown && !ends && calls.len() == events.len() + 1 {
            calls.pop();
        }
    }
    calls
}

fn same_result(theirs: &Outcome, event: &Value) -> bool {
    // They do not return, so that we show no result.
    let ours = event["returnValue"].as_i64();
    match theirs {
        Outcome::Unknown => true,
        _ if event["eventName"] == "rt_sigreturn" => true,
        Outcome::Number(number) => {
            ours.is_some_and(|ours| i128::from(ours as u64) == *number || i128::from(ours) == *number)
        }
        Outcome::Error(name) => ours.is_some_and(|ours| error_name(-ours).as_deref() == Some(name)),
    }
}

fn error_name(number: i64) -> Option<String> {
    Some(match number {
        512 => "ERESTARTSYS".into(),
        513 => "ERESTARTNOINTR".into(),
        514 => "ERESTARTNOHAND".into(),
        516 => "ERESTART_RESTARTBLOCK".into(),
        1..=4095 => format!("{:?}", Errno::from_raw(number as i32)),
        _ => return None,
    })
}

fn args(call: &Call, event: &Value, report: &mut Report) {
    for (index, (_, theirs)) in call.args.iter().enumerate() {
        let position = rules::position(call, index);
        let Some(ours) = position.and_then(|at| event["args"].get(at)) else {
            let key = (call.name.clone(), format!("argument {index}"));
            let entry = report
                .differences
                .entry(key)
                .or_insert_with(|| (0, format!("we have none, strace has {theirs}")));
            entry.0 += 1;
            report.args += 1;
            continue;
        };
        let mut name = ours["name"].as_str().unwrap_or_default();
        let verdict = match rules::special(call, theirs, ours) {
            Some(Ok(())) => Verdict::Same,
            Some(Err((special, what))) => {
                name = special;
                Verdict::Differs(Why::Value(what))
            }
            None => compare::argument(theirs, ours),
        };
        match verdict {
            Verdict::Same => report.args += 1,
            Verdict::Unchecked => report.unchecked += 1,
            Verdict::Partly => {
                report.args += 1;
                report.partly += 1;
            }
            Verdict::Differs(why) => {
                report.args += 1;
                let key = (call.name.clone(), name.to_owned());
                report
                    .differences
                    .entry(key)
                    .or_insert_with(|| (0, why.to_string()))
                    .0 += 1;
            }
        }
    }
}
