//! Which processes are traced.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use libtest_mimic::Failed;

use crate::harness::{prog, trace, wait_until, Background};
use crate::Test;

const THREADS: usize = 5;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("new_processes_only", new),
        Test::new("all_but_tracee_itself", all),
        Test::new("named_processes_with_their_threads_and_children", named),
        Test::new("descendants_of_a_command_to_the_last", descendants),
    ]
}

/// A process with threads that wait for a byte.
struct Waiting {
    child: Child,
    _stdout: BufReader<ChildStdout>,
}

impl Waiting {
    fn start() -> Waiting {
        let mut child = Command::new(prog("threads"))
            .arg(THREADS.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Waiting {
            child,
            _stdout: stdout,
        }
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn go(mut self) {
        self.child.stdin.take().unwrap().write_all(b"x").unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

fn new() -> Result<(), Failed> {
    let old = Waiting::start();
    let old_pid = old.pid();
    let background = Background::start(&["-e", "getppid"]);
    let new = Waiting::start();
    let new_pid = new.pid();
    old.go();
    new.go();
    let run = background.stop();
    let calls = run.named("getppid");
    let of = |pid: u32| calls.iter().filter(|event| event["hostProcessId"] == pid).count();
    assert_eq!(
        of(old_pid),
        0,
        "threads that began before belong to an old process"
    );
    assert_eq!(of(new_pid), THREADS);
    // The child of an old process is a new process; so is the child of the new one.
    let children = |pid: u32| {
        calls
            .iter()
            .filter(|event| event["hostParentProcessId"] == pid)
            .count()
    };
    assert_eq!((children(old_pid), children(new_pid)), (1, 1));
    Ok(())
}

fn all() -> Result<(), Failed> {
    let old = Waiting::start();
    let pid = old.pid();
    let background = Background::start(&["-t", "p:all", "-e", "getppid,write,epoll_wait,bpf"]);
    let tracee = background.child.id();
    old.go();
    let run = background.stop();
    let of = |pid: u32| {
        run.events
            .iter()
            .filter(|event| event["hostProcessId"] == pid)
            .count()
    };
    assert!(of(pid) >= THREADS);
    assert_eq!(of(tracee), 0);
    Ok(())
}

fn named() -> Result<(), Failed> {
    let (one, two, other) = (Waiting::start(), Waiting::start(), Waiting::start());
    let (first, second, third) = (one.pid(), two.pid(), other.pid());
    let background = Background::start(&["-t", &format!("process:{first},{second}"), "-e", "getppid"]);
    one.go();
    two.go();
    other.go();
    let run = background.stop();
    let calls = run.named("getppid");
    let of = |pid: u32| calls.iter().filter(|event| event["hostProcessId"] == pid).count();
    let children = |pid: u32| {
        calls
            .iter()
            .filter(|event| event["hostParentProcessId"] == pid)
            .count()
    };
    assert_eq!((of(first), of(second), of(third)), (THREADS, THREADS, 0));
    assert_eq!((children(first), children(second), children(third)), (1, 1, 0));
    Ok(())
}

/// The command ends before its grandchildren; they are traced to their ends, and no entry is left behind.
fn descendants() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU)?;
    let path = fifo.to_str().unwrap().to_owned();
    let getppid = prog("getppid");
    let script = format!("(read line <{path}; {getppid} 2 3) & exit 4");
    let writer = std::thread::spawn(move || {
        // The grandchild goes on once a writer has opened its end.
        std::fs::OpenOptions::new()
            .write(true)
            .open(&fifo)
            .unwrap()
            .write_all(b"x\n")
            .unwrap();
    });
    let run = trace(&["-e", "getppid,execve"], &["sh", "-c", &script]);
    writer.join().unwrap();
    assert_eq!(run.code(), 4, "{}", run.stderr);
    let calls = run
        .named("getppid")
        .iter()
        .filter(|event| event["processName"] == "getppid")
        .count();
    assert_eq!(calls, 6);
    wait_until("no process of the run is left", || {
        !Command::new("sh")
            .args(["-c", "ps | grep -q '[f]ifo'"])
            .status()
            .unwrap()
            .success()
    });
    Ok(())
}
