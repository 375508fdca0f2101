//! `--filter`: every field and operator against processes and calls that are known, and wrong values.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use libtest_mimic::Failed;
use serde_json::Value;

use crate::cli::one_line;
use crate::harness::{arg, in_vm, prog, run, same_everywhere, value, Background};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("filter_fields_of_every_event", fields),
        Test::new("filter_texts", texts),
        Test::new("filter_results_and_flags", results_and_flags),
        Test::new("filter_arguments", arguments).unless(same_everywhere()),
        Test::new("filter_mistakes_are_one_line_and_status_2", wrong),
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

    /// Runs one tracee for each of the rows over the same calls, a few at a time, and compares the marks of their
    /// events, by `mark`, with those that each row expects.
    fn compare(&mut self, events: &str, rows: &[Row], mark: fn(&Value) -> Option<u64>) -> Result<(), Failed> {
        let mut wrong = Vec::new();
        for some in fewer(rows).chunks(6) {
            let tracees: Vec<_> = some
                .iter()
                .map(|(filters, _)| {
                    let mut flags = vec!["-t".into(), "p:all".into(), "-b".into(), "4MiB".into()];
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

/// In an emulator, which starts slowly, every third row.
fn fewer<T: Clone>(rows: &[T]) -> Vec<T> {
    rows.iter()
        .step_by(if in_vm() { 3 } else { 1 })
        .cloned()
        .collect()
}

/// Filters, and marks of the events that they show.
type Row = (&'static [&'static str], &'static [u64]);

/// Actor 7 is the child of actor 0.
fn fields() -> Result<(), Failed> {
    let rows: &[Row] = &[
        (&[], &[0, 1, 2, 3, 4, 5, 6, 7]),
        (&["uid=1000"], &[1]),
        (&["uid>=1000", "uid<=1000"], &[1]),
        (&["uid < 1000"], &[0, 2, 3, 4, 5, 6, 7]),
        (&["pid=$pid0", "pid=$pid4", "uid=0"], &[0, 4]),
        (&["pid>=$pid1", "pid<$pid4"], &[1, 2, 3]),
        (&["pid>=$pid1", "pid<$pid4", "pid!=$pid2"], &[1, 3]),
        (&["tid=$tid5"], &[5]),
        (&["ppid=$pid0"], &[7]),
        (&["ppid=$parent", "ppid!=$pid0"], &[0, 1, 2, 3, 4, 5, 6]),
        (&["comm=needle-one"], &[2]),
        (&["comm=needle*"], &[2]),
        (&["comm=*one"], &[2]),
        (&["comm=*needle-one*,x"], &[2]),
        (&["comm=actors", "comm!=*x"], &[0, 1, 3, 4, 5, 6, 7]),
        (&["comm!=*tor*", "comm!=x"], &[2]),
        (&["uts=is*,zzz", "uts=*zz*"], &[3]),
        (&["uts=*-x", "uts=island"], &[3]),
        (&["uts!=*land*"], &[0, 1, 2, 4, 5, 6, 7]),
        (&["mntns=$mnt4"], &[4]),
        (&["mntns!=$mnt4", "uid=0", "comm=actors"], &[0, 3, 5, 6, 7]),
        (&["pidns=$pns6"], &[6]),
        (&["pidns!=$pns6", "pidns>0"], &[0, 1, 2, 3, 4, 5, 7]),
        (&["container=*"], &[]),
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

/// The paths with which actors.c makes its calls; `None`: a null pointer. Marks are positions here.
fn paths() -> Vec<Option<String>> {
    let x = |len: usize| format!("/nosuch/{}", "x".repeat(len - 8));
    let last = format!("{}y", x(299));
    [
        "/nosuch/etc/passwd",
        "/nosuch/etc/shadow",
        "/nosuch/lib/a.so",
        "/dev/null",
        "",
    ]
    .map(|path| Some(path.to_owned()))
    .into_iter()
    .chain([None])
    .chain([r"/nosuch/a,b*c\".into(), x(250), x(251), x(300), last].map(Some))
    .collect()
}

const PATH_CALLS: [&str; 10] = [
    "openat",
    "open",
    "stat",
    "lstat",
    "access",
    "chdir",
    "statfs",
    "getxattr",
    "lgetxattr",
    "listxattr",
];
const OPENS: [&str; 2] = ["openat", "open"];

/// Conditions on one event, without the part before the dot, and marks of the paths with which it is shown.
type EventRow = (Vec<String>, &'static [usize]);

/// Uses a different row for each of the calls, and compares; with as many tracees as needed.
fn compare_rows(actors: &mut Actors, calls: &[&str], rows: &[EventRow]) -> Result<(), Failed> {
    let paths = paths();
    let mut wrong = Vec::new();
    let rows = match calls.len() {
        2 => fewer(rows),
        _ => rows.to_vec(),
    };
    for some in rows.chunks(calls.len()) {
        let mut flags = vec!["-t".into(), "p:all".into(), "-e".into(), calls.join(",")];
        for ((conditions, _), call) in some.iter().zip(calls) {
            let filters = conditions.iter().map(|condition| format!("{call}.{condition}"));
            flags.extend(filters.flat_map(|filter| ["--filter".into(), filter]));
        }
        let tracee = Background::start(&flags.iter().map(String::as_str).collect::<Vec<_>>());
        actors.play();
        let run = tracee.stop();
        for ((conditions, expected), call) in some.iter().zip(calls) {
            let shown: BTreeSet<usize> = run
                .named(call)
                .into_iter()
                .filter(|event| actors.has(event))
                .filter_map(|event| {
                    paths
                        .iter()
                        .position(|path| value(event, "pathname").as_str() == path.as_deref())
                })
                .collect();
            if shown != expected.iter().copied().collect() {
                wrong.push(format!("{call} {conditions:?}: {shown:?}, not {expected:?}"));
            }
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n").into()),
    }
}

/// Paths that do not exist.
const ABSENT: &[usize] = &[0, 1, 2, 4, 6, 7, 8, 9, 10];

fn texts() -> Result<(), Failed> {
    let long = |at: usize| paths()[at].clone().unwrap();
    let rows: Vec<EventRow> = [
        ("=/nosuch/etc/passwd", &[0][..]),
        ("=/nosuch/etc/passwd,/nosuch/etc/shadow", &[0, 1]),
        ("=/nosuch/etc/*", &[0, 1]),
        ("=/nosuch/etc/* !=*w", &[0]),
        ("=/nosuch/etc/* !=/nosuch/etc/s*", &[0]),
        ("=/nosuch/etc", &[]),
        ("=*.so", &[2]),
        ("=*/etc/*,*.so", &[0, 1, 2]),
        ("=/dev/* =*.so", &[2, 3]),
        ("=", &[4]),
        ("=*", &[0, 1, 2, 3, 4, 6, 7, 8, 9, 10]),
        ("!=/nosuch*", &[3, 4, 5]),
        (r"=*a\,b\*c\\", &[6]),
        (&format!("={}", long(9)), &[9]),
        (&format!("!={}", long(9)), &[0, 1, 2, 3, 4, 5, 6, 7, 8, 10]),
        (&format!("={}*", &long(9)[..260]), &[9, 10]),
        (&format!("={}", long(8)), &[8]),
        (&format!("={}", long(7)), &[7]),
        (&format!("={}*", long(8)), &[8, 9, 10]),
        (&format!("!={}*", long(7)), &[0, 1, 2, 3, 4, 5, 6]),
    ]
    .into_iter()
    .map(|(conditions, marks)| {
        let conditions = conditions
            .split(' ')
            .map(|condition| format!("pathname{condition}"));
        (conditions.collect(), marks)
    })
    .collect();
    compare_rows(&mut Actors::start(), &PATH_CALLS, &rows)
}

fn results_and_flags() -> Result<(), Failed> {
    let rows: Vec<EventRow> = [
        ("flags=O_CREAT", &[2][..]),
        ("flags=O_CREAT|O_EXCL,O_RDWR", &[2, 3]),
        ("flags=O_CREAT|O_RDWR", &[]),
        ("flags!=O_RDONLY", &[2, 3]),
        ("flags=2", &[3]),
        ("flags=*CLOEXEC", &[1]),
        ("mode=0640 flags=0x80000", &[1]),
        ("retval>=0", &[3]),
        ("retval=ENOENT", ABSENT),
        ("retval<0 retval!=-ENOENT", &[5]),
        ("retval=-14,-ENOENT pathname!=/nosuch*", &[4, 5]),
        ("mode!=0640", &[]),
    ]
    .into_iter()
    .map(|(conditions, marks)| (conditions.split(' ').map(String::from).collect(), marks))
    .collect();
    compare_rows(&mut Actors::start(), &OPENS, &rows)
}

/// Calls of `calls()` in actors.c without paths.
fn call(event: &Value) -> Option<u64> {
    let number = |name: &str| value(event, name).as_i64();
    match event["eventName"].as_str()? {
        "execve" => Some(0),
        "connect" => Some(1),
        "kill" if number("pid") == Some(0x3fff_ffff) => Some(2 + u64::from(number("sig") == Some(28))),
        "write" if number("fd") == Some(-1) => Some(4 + u64::from(number("count") == Some(7))),
        "lseek" => Some(6 + u64::from(number("offset") == Some(5))),
        "close" if number("fd") == Some(1000) => Some(8),
        "close" if number("fd") == Some(1001) => Some(9),
        "sched_process_exit" => Some(10),
        "sys_exit" if arg(event, "syscall")["text"] == "lseek" => Some(11),
        _ => None,
    }
}

fn arguments() -> Result<(), Failed> {
    // One filter for each event, so that each row has one of each.
    let rows: &[Row] = &[
        (&[], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        (
            &[
                "execve.argv=--needle",
                "connect.uservaddr=127.0.0.1:80",
                "kill.sig=SIGURG",
                "write.count>9223372036854775807",
                "lseek.offset<0",
                "close.fd=1000",
                "sched_process_exit.exit_code=3",
                "sys_exit.syscall=lseek",
            ],
            &[0, 1, 2, 4, 6, 8, 10, 11],
        ),
        (
            &[
                "execve.argv=needle",
                "connect.uservaddr!=127.*",
                "kill.sig!=23",
                "write.count<=7",
                "write.fd=-1",
                "lseek.offset!=-5",
                "close.fd>1000",
                "sched_process_exit.exit_code>3",
                "sys_exit.syscall!=8",
            ],
            &[3, 5, 7, 9],
        ),
        (
            &[
                "execve.argv!=*needle",
                "execve.pathname=/nosuch/*",
                "connect.retval=EBADF",
                "kill.pid=1,2",
                "write.count=8,9",
                "lseek.offset>-5",
                "lseek.offset<5",
                "close.fd>=1000",
                "close.fd<=1000",
            ],
            &[1, 8, 10, 11],
        ),
        (&["event.retval=ESRCH"], &[2, 3]),
        (&["event.retval=0"], &[10]),
        (&["event.retval=0,ESRCH", "kill.retval!=ESRCH"], &[10]),
    ];
    Actors::start().compare(
        "execve,connect,kill,write,lseek,close,sched_process_exit,sys_exit",
        rows,
        call,
    )
}

fn wrong() -> Result<(), Failed> {
    for (filter, expected) in [
        ("", "FIELD OP VALUE"),
        ("uid", "FIELD OP VALUE"),
        ("=0", "FIELD OP VALUE"),
        ("uid=", "0 to 4294967295"),
        ("uid=nobody-at-all", "no user of /etc/passwd"),
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
            "retval comm pid tid ppid uid uts mntns pidns container path,",
        ),
        ("event=open", "-e openat"),
        ("event.nosuch=1", "only retval"),
        ("event.retval=ENOSUCH", "\"ENOSUCH\""),
        ("opennat.flags=1", "did you mean openat?"),
        ("openat.nosuch=1", "dfd pathname flags mode retval"),
        ("openat.flags=O_CRAET", "did you mean O_CREAT?"),
        ("openat.flags>O_CREAT", "= and !="),
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
