//! `--filter`: every field and operator against processes and calls that are known, wrong values, and what it costs.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use libtest_mimic::Failed;
use serde_json::Value;

use crate::cli::one_line;
use crate::harness::{arg, prog, run, totals, trace, value, Background};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("filters_of_the_fields_of_every_event", fields),
        Test::new("filters_of_results_and_arguments", arguments),
        Test::new("wrong_filters_are_one_line_and_status_2", wrong),
        Test::new("a_filter_leaves_process_life_alone", bookkeeping),
        Test::new("the_name_that_a_process_had_when_it_called_execve", execve),
        Test::new("losses_are_told_whatever_the_filters", losses),
        Test::new("what_is_filtered_out_never_comes_to_the_reader", flood),
    ]
}

/// The processes of tests/progs/actors.c.
struct Actors {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// pid, tid, mount and pid namespace of each.
    all: Vec<[u64; 4]>,
}

const PLAIN: usize = 0;
const MOUNTS: usize = 4;
const THREAD: usize = 5;
const PIDS: usize = 6;

impl Actors {
    fn start() -> Actors {
        let mut child = Command::new(prog("actors"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut all = Vec::new();
        loop {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            let numbers: Vec<u64> = line
                .split_whitespace()
                .map_while(|word| word.parse().ok())
                .collect();
            match numbers[..] {
                [index, pid, tid, mounts, pids] => {
                    assert_eq!(index as usize, all.len());
                    all.push([pid, tid, mounts, pids]);
                }
                _ => break assert_eq!(line, "ready\n"),
            }
        }
        Actors { child, stdout, all }
    }

    fn play(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        assert_eq!(line, "done\n");
    }

    /// Puts numbers into a filter: `$pid3`, `$tid3`, `$mnt3`, `$pns3` of actor 3, `$parent` of them all.
    fn fill(&self, filter: &str) -> String {
        let mut text = filter.replace("$parent", &self.child.id().to_string());
        for (index, numbers) in self.all.iter().enumerate() {
            for (name, number) in ["pid", "tid", "mnt", "pns"].iter().zip(numbers) {
                text = text.replace(&format!("${name}{index}"), &number.to_string());
            }
        }
        text
    }

    fn has(&self, event: &Value) -> bool {
        let is = |pid: &Value| self.all.iter().any(|actor| *pid == actor[0]);
        is(&event["hostProcessId"]) || is(&event["hostParentProcessId"])
    }

    /// Lets one tracee for each of the rows look at the same calls, a few at a time, and compares what their events are
    /// called by `mark` with what each row expects.
    fn compare(&mut self, events: &str, rows: &[Row], mark: fn(&Value) -> Option<u64>) -> Result<(), Failed> {
        let mut wrong = Vec::new();
        for some in rows.chunks(6) {
            let tracees: Vec<_> = some
                .iter()
                .map(|(filters, _)| {
                    let mut flags = vec!["-t".into(), "p:all".into(), "-b".into(), "256KiB".into()];
                    flags.extend(["-e".into(), events.into()]);
                    for filter in *filters {
                        flags.extend(["--filter".into(), self.fill(filter)]);
                    }
                    Background::start(&flags.iter().map(String::as_str).collect::<Vec<_>>())
                })
                .collect();
            self.play();
            for (tracee, (filters, expected)) in tracees.into_iter().zip(some) {
                let run = tracee.stop();
                let shown: BTreeSet<u64> = run
                    .events
                    .iter()
                    .filter(|event| self.has(event))
                    .filter_map(mark)
                    .collect();
                if shown != expected.iter().copied().collect() {
                    wrong.push(format!("{filters:?}: {shown:?}, not {expected:?}"));
                }
            }
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("\n").into())
        }
    }
}

impl Drop for Actors {
    fn drop(&mut self) {
        // The end of its input.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Filters, and marks of the events that they show.
type Row = (&'static [&'static str], &'static [u64]);

/// Actor 7 is the child of actor 0.
fn fields() -> Result<(), Failed> {
    let rows: &[Row] = &[
        (&[], &[0, 1, 2, 3, 4, 5, 6, 7]),
        (&["uid=1000"], &[1]),
        (&["uid=1000,0"], &[0, 1, 2, 3, 4, 5, 6, 7]),
        (&["uid!=0"], &[1]),
        (&["uid>999"], &[1]),
        (&["uid>=1000", "uid<=1000"], &[1]),
        (&["uid < 1000"], &[0, 2, 3, 4, 5, 6, 7]),
        (&["pid=$pid0,$pid4"], &[0, 4]),
        (&["pid=$pid0", "pid=$pid4", "uid=0"], &[0, 4]),
        (&["pid>=$pid1", "pid<$pid4"], &[1, 2, 3]),
        (&["pid>=$pid1", "pid<$pid4", "pid!=$pid2"], &[1, 3]),
        (&["pid=$pid6"], &[6]),
        (&["tid=$tid5"], &[5]),
        (&["tid=$pid5"], &[]),
        (&["tid!=$tid5", "pid=$pid5"], &[]),
        (&["ppid=$pid0"], &[7]),
        (&["ppid=$parent", "ppid!=$pid0"], &[0, 1, 2, 3, 4, 5, 6]),
        (&["comm=needle-one"], &[2]),
        (&["comm=needle-on"], &[]),
        (&["comm=needle*"], &[2]),
        (&["comm=*one"], &[2]),
        (&["comm=*dle-*"], &[2]),
        (&["comm=*needle-one*,x"], &[2]),
        (&["comm!=needle*"], &[0, 1, 3, 4, 5, 6, 7]),
        (&["comm=actors", "comm!=*x"], &[0, 1, 3, 4, 5, 6, 7]),
        (&["comm!=*tor*", "comm!=x"], &[2]),
        (&["uts=island-x"], &[3]),
        (&["uts=is*,zzz", "uts=*zz*"], &[3]),
        (&["uts=*-x"], &[3]),
        (&["uts!=*land*"], &[0, 1, 2, 4, 5, 6, 7]),
        (&["mntns=$mnt4"], &[4]),
        (&["mntns!=$mnt4", "uid=0", "comm=actors"], &[0, 3, 5, 6, 7]),
        (&["pidns=$pns6"], &[6]),
        (&["pidns!=$pns6", "pidns>0"], &[0, 1, 2, 3, 4, 5, 7]),
        (&["container=*"], &[]),
        (&["container=0123456789ab"], &[]),
        (&["container!=*", "uid=1000"], &[1]),
    ];
    let mut actors = Actors::start();
    assert_eq!(actors.all.len(), PIDS + 1);
    assert_ne!(actors.all[MOUNTS][2], actors.all[PLAIN][2]);
    assert_ne!(actors.all[PIDS][3], actors.all[PLAIN][3]);
    assert_ne!(actors.all[THREAD][0], actors.all[THREAD][1]);
    actors.compare("close", rows, |event| {
        value(event, "fd").as_u64()?.checked_sub(1000)
    })
}

/// Calls of `calls()` in actors.c: those of openat by their numbers there, others by what they are.
fn call(event: &Value) -> Option<u64> {
    let number = |name: &str| value(event, name).as_i64();
    match event["eventName"].as_str()? {
        "openat" => number("mode")
            .filter(|mode| (1..=11).contains(mode))
            .map(|mode| mode as u64),
        "execve" => Some(20),
        "connect" => Some(21),
        "kill" if number("pid") == Some(0x3fff_ffff) => Some(22 + u64::from(number("sig") == Some(28))),
        "write" if number("fd") == Some(-1) => Some(24 + u64::from(number("count") == Some(7))),
        "lseek" => Some(26 + u64::from(number("offset") == Some(5))),
        "close" if number("fd") == Some(1000) => Some(28),
        "close" if number("fd") == Some(1001) => Some(29),
        "sched_process_exit" => Some(30),
        "sys_exit" if arg(event, "syscall")["text"] == "lseek" => Some(31),
        _ => None,
    }
}

const OPENS: &[u64] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

fn arguments() -> Result<(), Failed> {
    // /nosuch/xxx…: 300 bytes of calls 7 and 8, 251 of 10, 250 of 11.
    let x = |len: usize| -> &'static str {
        Box::leak(format!("/nosuch/{}", "x".repeat(len - 8)).into_boxed_str())
    };
    let leak = |text: String| -> &'static [&'static str] {
        Box::leak(Box::new([&*Box::leak(text.into_boxed_str())]))
    };
    let opens: &[Row] = &[
        (&[], OPENS),
        (&["openat.pathname=/nosuch/etc/passwd"], &[1]),
        (
            &["openat.pathname=/nosuch/etc/passwd,/nosuch/etc/shadow"],
            &[1, 2],
        ),
        (&["openat.pathname=/nosuch/etc/*"], &[1, 2]),
        (&["openat.pathname=/nosuch/etc/*", "openat.pathname!=*w"], &[1]),
        (
            &["openat.pathname=/nosuch/etc/*", "openat.pathname!=/nosuch/etc/s*"],
            &[1],
        ),
        (&["openat.pathname=/nosuch/etc"], &[]),
        (&["openat.pathname=*.so"], &[3]),
        (&["openat.pathname=*/etc/*,*.so"], &[1, 2, 3]),
        (&["openat.pathname="], &[5]),
        (&["openat.pathname=*"], &[1, 2, 3, 4, 5, 7, 8, 9, 10, 11]),
        (&["openat.pathname!=/nosuch*"], &[4, 5, 6]),
        (&[r"openat.pathname=*a\,b\*c\\"], &[9]),
        (leak(format!("openat.pathname={}", x(300))), &[7]),
        (
            leak(format!("openat.pathname!={}", x(300))),
            &[1, 2, 3, 4, 5, 6, 8, 9, 10, 11],
        ),
        (leak(format!("openat.pathname={}*", x(260))), &[7, 8]),
        (leak(format!("openat.pathname={}", x(251))), &[10]),
        (leak(format!("openat.pathname={}", x(250))), &[11]),
        (leak(format!("openat.pathname={}*", x(251))), &[7, 8, 10]),
        (&["openat.flags=O_CREAT"], &[3]),
        (&["openat.flags=O_CREAT|O_EXCL,O_RDWR"], &[3, 4]),
        (&["openat.flags=O_CREAT|O_RDWR"], &[]),
        (&["openat.flags!=O_RDONLY"], &[3, 4]),
        (&["openat.flags=2"], &[4]),
        (&["openat.flags=*CLOEXEC"], &[2]),
        (&["openat.dfd=AT_FDCWD", "openat.mode=1,0x2"], &[1, 2]),
        (&["openat.dfd!=-100"], &[]),
        (&["openat.retval>=0"], &[4]),
        (&["openat.retval=ENOENT"], &[1, 2, 3, 5, 7, 8, 9, 10, 11]),
        (&["openat.retval<0", "openat.retval!=-ENOENT"], &[6]),
        (&["event.retval=-14", "uid=0"], &[6]),
        (&["event.retval>=0", "openat.retval<0"], &[]),
    ];
    const ALL: &[u64] = &[20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31];
    let without = |marks: &[u64]| -> &'static [u64] {
        Box::leak(ALL.iter().copied().filter(|mark| !marks.contains(mark)).collect())
    };
    let others: &[Row] = &[
        (&[], ALL),
        (&["execve.argv=--needle"], ALL),
        (&["execve.argv=needle"], without(&[20])),
        (&["execve.argv!=*needle"], without(&[20])),
        (&["execve.pathname=/nosuch/*"], ALL),
        (&["connect.uservaddr=127.0.0.1:80"], ALL),
        (&["connect.uservaddr!=127.*"], without(&[21])),
        (&["kill.sig=SIGURG"], without(&[23])),
        (&["kill.sig!=23"], without(&[22])),
        (&["kill.pid=1"], without(&[22, 23])),
        (&["write.count>9223372036854775807"], without(&[25])),
        (&["write.count<=7", "write.fd=-1"], without(&[24])),
        (&["lseek.offset<0"], without(&[27])),
        (&["lseek.offset!=-5"], without(&[26])),
        (&["close.fd=1000"], without(&[29])),
        (&["close.fd>1000"], without(&[28])),
        (&["sched_process_exit.exit_code=3"], ALL),
        (&["sched_process_exit.exit_code>3"], without(&[30])),
        (&["sys_exit.syscall=lseek"], ALL),
        (&["sys_exit.syscall!=8"], without(&[31])),
        (&["event.retval=ESRCH"], &[22, 23]),
        (&["event.retval=0"], &[30]),
    ];
    let mut actors = Actors::start();
    actors.compare("openat", opens, call)?;
    actors.compare(
        "execve,connect,kill,write,lseek,close,sched_process_exit,sys_exit",
        others,
        call,
    )
}

fn wrong() -> Result<(), Failed> {
    for (filter, expected) in [
        ("", "FIELD OP VALUE"),
        ("uid", "FIELD OP VALUE"),
        ("=0", "FIELD OP VALUE"),
        ("uid=", "0 to 4294967295"),
        ("uid=root", "\"root\""),
        ("uid=-1", "0 to 4294967295"),
        ("uid=4294967296", "0 to 4294967295"),
        ("pid=1,,2", "\"\""),
        ("pid=1*", "\"1*\""),
        ("tid>1,2", "one value"),
        ("ppid=2147483648", "0 to 2147483647"),
        ("mntns=self", "\"self\""),
        ("pidns!x", "FIELD OP VALUE"),
        ("comm>a", "= and !="),
        ("comm=a,,b", "empty"),
        ("comm=a*b", "either end"),
        ("comm=sixteen-letters-", "15 bytes"),
        ("uts<=x", "= and !="),
        ("container>1", "= and !="),
        ("pid>5", ""),
        (
            "nosuch=1",
            "uid pid tid ppid mntns pidns comm uts container event.retval",
        ),
        ("event=open", "event.retval"),
        ("event.nosuch=1", "it has retval"),
        ("event.retval=ENOSUCH", "\"ENOSUCH\""),
        ("opennat.flags=1", "did you mean openat?"),
        ("openat.nosuch=1", "dfd pathname flags mode retval"),
        ("openat.flags=O_CRAET", "did you mean O_CREAT?"),
        ("openat.flags>O_CREAT", "= and !="),
        ("openat.pathname=/etc/*/x", "either end"),
        ("openat.pathname>/etc", "= and !="),
        ("openat.retval=x", "\"x\""),
        ("kill.sig=SIGNOPE", "SIGNOPE"),
        ("close.fd=x", "\"x\""),
        ("getppid.retval=1", "--event getppid"),
        ("execve.envp=A=b", "--show-exec-env"),
        ("lost_events.retval=1", "it has count buffer"),
    ] {
        let mut args = vec!["--filter", filter];
        if expected.is_empty() {
            args.extend(["--filter", "pid<5"]);
        }
        let run = run(&args);
        one_line(&run.stderr)?;
        assert_eq!(run.code(), 2, "{filter}: {}", run.stderr);
        assert!(run.stderr.contains(expected), "{filter}: {}", run.stderr);
        assert!(run.stdout.is_empty());
    }
    Ok(())
}

/// A shell that is filtered out, and what it starts: the executable is known, and the run ends when all are gone.
fn bookkeeping() -> Result<(), Failed> {
    let opens = prog("getppid");
    let run = trace(
        &[
            "-e",
            "getppid,sched_process_fork,sched_process_exit",
            "-f",
            "comm=getppid",
        ],
        &["sh", "-c", &format!("{opens} 3 2; exit 5")],
    );
    assert_eq!(run.code(), 5, "{}", run.stderr);
    assert_eq!(run.named("getppid").len(), 6);
    // Its own exit and those of its children; not the shell's.
    assert_eq!(run.named("sched_process_exit").len(), 4);
    assert_eq!(run.named("sched_process_fork").len(), 3);
    let executable = std::fs::canonicalize(&opens)?;
    for event in &run.events {
        assert_eq!(event["processName"], "getppid");
        assert_eq!(
            event["executable"]["path"],
            executable.to_str().unwrap(),
            "{event}"
        );
    }
    assert_eq!(totals(&run.stderr), (13, 0), "{}", run.stderr);
    Ok(())
}

/// The rows of execve show the caller, those of sched_process_exec the new image.
fn execve() -> Result<(), Failed> {
    let script = "true; exec true";
    for (filter, execves, execs) in [("comm=sh", 1, 1), ("comm=true", 0, 1), ("comm=*r*", 0, 1)] {
        let run = trace(
            &["-e", "execve,sched_process_exec", "-f", filter],
            &["sh", "-c", script],
        );
        let count = |name: &str| run.named(name).len();
        assert_eq!(
            (count("execve"), count("sched_process_exec")),
            (execves, execs),
            "{filter}"
        );
        assert!(
            run.named("sched_process_exec")
                .iter()
                .all(|event| !value(event, "argv").is_null()),
            "{filter}"
        );
    }
    Ok(())
}

fn losses() -> Result<(), Failed> {
    let (processes, calls) = ("8", "20000");
    let command = [&prog("getppid")[..], processes, calls];
    let flags = ["-b", "64KiB", "-e", "getppid,lost_events"];
    let run = trace(
        &[
            &flags[..],
            &["-f", "comm=getppid", "-f", "event.retval>0", "-f", "uid=0"],
        ]
        .concat(),
        &command,
    );
    let (_, lost) = totals(&run.stderr);
    assert_eq!(run.named("getppid").len() as u64 + lost, 160_000);
    assert_eq!(lost == 0, run.named("lost_events").is_empty(), "{}", run.stderr);
    Ok(())
}

/// ns that a process has been running so far.
fn running_time(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

/// A flood that overruns its rings is filtered out in each of the ways that the kernel side knows: nothing is lost, and
/// the reader does not run.
fn flood() -> Result<(), Failed> {
    const CALLS: &str = "300000";
    let flood = |filters: &[&str]| -> Result<(u64, u64, u64), Failed> {
        let mut waiting = Command::new("sh")
            .args(["-c", "read go; exec \"$0\" \"$@\"", &prog("loop"), "open", CALLS])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let scope = format!("process:{}", waiting.id());
        let mut flags = vec![
            "-b",
            "64KiB",
            "-t",
            &scope,
            "-e",
            "openat,close,sched_process_exec",
        ];
        flags.extend(filters.iter().flat_map(|filter| ["-f", *filter]));
        let tracee = Background::start(&flags);
        let before = running_time(tracee.child.id());
        waiting.stdin.take().unwrap().write_all(b"go\n")?;
        waiting.wait()?;
        let ran = running_time(tracee.child.id()) - before;
        let run = tracee.stop();
        let (shown, lost) = totals(&run.stderr);
        println!(
            "{filters:?}: {shown} shown, {lost} lost, the reader ran for {} us",
            ran / 1000
        );
        Ok((shown, lost, ran))
    };
    let (shown, lost, unfiltered) = flood(&[])?;
    assert!(shown + lost > 600_000, "{shown} and {lost}");
    assert!(lost > 0, "the rings held all of it");
    for filters in [
        &["uid=65533"][..],
        &["pid=1,2"],
        &["comm!=loop"],
        &["uts=*no-such-node"],
        &["event.retval<0"],
        &["openat.pathname!=/dev/null", "close.fd>1000"],
        &["openat.pathname=/dev/zero,/dev/f*", "close.retval=EBADF"],
    ] {
        let (shown, lost, ran) = flood(filters)?;
        assert_eq!(lost, 0, "{filters:?}");
        assert!(shown < 100, "{filters:?}: {shown}");
        // It still learns of an exec and an exit.
        assert!(
            ran < 20_000_000 && ran < unfiltered / 10,
            "{filters:?}: {ran} of {unfiltered} ns"
        );
    }
    Ok(())
}
