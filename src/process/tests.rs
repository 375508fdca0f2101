use std::process::{Child, Command, Stdio};

use super::*;
use crate::catalogue::EventSpec;
use crate::decode::event::Context;
use crate::decode::{decode, encode};
use crate::wire::nargs;
use proc::Key;

const SECOND: u64 = 1_000_000_000;

/// Processes of which proc(5) says nothing.
fn made_up(limits: Limits) -> Processes {
    Processes {
        table: Table::new(Proc::new((0, 0)), Boot::new("boot"), limits),
        lineages: Lineages::default(),
        everywhere: true,
    }
}

/// Processes of this machine.
fn real(processes: usize) -> Processes {
    let limits = Limits {
        processes,
        ..Limits::default()
    };
    Processes {
        table: Table::new(Proc::new((std::process::id(), 0)), Boot::this(), limits),
        ..made_up(limits)
    }
}

/// What a record of this process says of it at that time.
fn of((pid, start): Key, ppid: u32, time: u64) -> Context {
    let mut comm = [0; 16];
    comm[0] = 'x' as i8;
    Context {
        host_pid: pid,
        host_tid: pid,
        host_ppid: ppid,
        process_start: start,
        thread_start: start,
        mnt_ns: 1,
        uid: 1000,
        time,
        comm,
        ..Context::default()
    }
}

fn record(spec: &EventSpec, context: Context, values: Vec<u64>) -> Vec<u8> {
    let context = Context {
        event: spec.id,
        nvalues: values.len() as u8,
        ..context
    };
    encode::begin(&context, values)
}

fn see(processes: &mut Processes, record: &[u8]) -> (Option<Rc<Process>>, Vec<(u32, bool)>) {
    let mut event = decode(record).unwrap();
    processes.enrich(&mut event);
    let ancestors = event.ancestors.iter().flat_map(|all| all.iter());
    let shown = ancestors.map(|one| (one.process.pid, one.reparented)).collect();
    (event.process, shown)
}

fn call(processes: &mut Processes, context: Context) -> (Rc<Process>, Vec<(u32, bool)>) {
    let (process, ancestors) = see(processes, &record(special::EXECVE, context, vec![0; 3]));
    (process.unwrap(), ancestors)
}

fn fork(processes: &mut Processes, by: Context, (pid, start): Key) {
    let mut values = vec![1; nargs::SCHED_PROCESS_FORK as usize];
    values[usize::from(arg::SCHED_PROCESS_FORK_CHILD_TID)] = pid.into();
    values[usize::from(arg::SCHED_PROCESS_FORK_CHILD_PID)] = pid.into();
    values[usize::from(arg::SCHED_PROCESS_FORK_CHILD_START_TIME)] = start;
    see(processes, &record(special::FORK, by, values));
}

fn exec(processes: &mut Processes, by: Context, path: &str, argv: &[u8]) -> Option<Rc<Process>> {
    let values = vec![3; nargs::SCHED_PROCESS_EXEC as usize];
    let mut record = record(special::EXEC, by, values);
    let mut walked: Vec<u8> = Vec::new();
    for name in path.split('/').rev().filter(|name| !name.is_empty()) {
        walked.extend(name.bytes());
        walked.push(0);
    }
    encode::push_item(&mut record, arg::SCHED_PROCESS_EXEC_PATHNAME, &walked);
    if !argv.is_empty() {
        encode::push_item(&mut record, arg::SCHED_PROCESS_EXEC_ARGV, argv);
    }
    see(processes, &record).0
}

fn exit(processes: &mut Processes, by: Context) {
    let mut values = vec![0; nargs::SCHED_PROCESS_EXIT as usize];
    values[usize::from(arg::SCHED_PROCESS_EXIT_EXIT_CODE)] = 7;
    values[usize::from(arg::SCHED_PROCESS_EXIT_GROUP_EXIT)] = 1;
    see(processes, &record(special::EXIT, by, values));
}

/// Init, a shell, and a program of that.
const INIT: Key = (1, SECOND);
const SHELL: Key = (10, 2 * SECOND);
const CHILD: Key = (11, 3 * SECOND);

fn family() -> Processes {
    let mut processes = made_up(Limits::default());
    fork(&mut processes, of(INIT, 0, SHELL.1), SHELL);
    fork(&mut processes, of(SHELL, 1, CHILD.1), CHILD);
    processes
}

#[test]
fn children_run_what_their_parents_do_until_they_execute() {
    let mut processes = made_up(Limits::default());
    let shell = exec(&mut processes, of(SHELL, 1, 2 * SECOND), "/bin/sh", b"sh\0-c\0").unwrap();
    assert!(shell.executable.as_ref().unwrap().path.ends_with(b"bin/sh"));
    assert_eq!(shell.argv.as_ref().unwrap().strings().count(), 2);
    fork(&mut processes, of(SHELL, 1, CHILD.1), CHILD);
    let (child, ancestors) = call(&mut processes, of(CHILD, 10, 4 * SECOND));
    // One copy of each text.
    assert!(Rc::ptr_eq(
        child.executable.as_ref().unwrap(),
        shell.executable.as_ref().unwrap()
    ));
    assert!(Rc::ptr_eq(
        child.argv.as_ref().unwrap(),
        shell.argv.as_ref().unwrap()
    ));
    assert_eq!(child.maker.unwrap().entity, shell.entity);
    assert_eq!((ancestors, child.uid), (vec![(10, false)], Some(1000)));
    let child = exec(&mut processes, of(CHILD, 10, 5 * SECOND), "/bin/ls", b"ls\0").unwrap();
    assert!(child.executable.as_ref().unwrap().path.ends_with(b"bin/ls"));
    assert_eq!(child.executable.as_ref().unwrap().file.unwrap().inode, 3);
    // A program without a known command line does not have that of the one before.
    let child = exec(&mut processes, of(CHILD, 10, 6 * SECOND), "/bin/cat", b"").unwrap();
    assert_eq!(child.argv, None);
    // Of a long one there are two records of the same time.
    exec(
        &mut processes,
        of(CHILD, 10, 7 * SECOND),
        "/bin/cat",
        b"cat\0long\0",
    );
    let child = exec(&mut processes, of(CHILD, 10, 7 * SECOND), "/bin/cat", b"").unwrap();
    assert_eq!(child.argv.as_ref().unwrap().strings().count(), 2);
}

#[test]
fn a_process_is_the_same_as_long_as_nothing_changes() {
    let mut processes = family();
    let (before, _) = call(&mut processes, of(CHILD, 10, 4 * SECOND));
    let (after, _) = call(&mut processes, of(CHILD, 10, 5 * SECOND));
    assert!(Rc::ptr_eq(&before, &after));
    let known = |processes: &mut Processes| {
        let found = processes.known(&of(CHILD, 10, 6 * SECOND));
        (found.process.unwrap(), found.ancestors.unwrap())
    };
    let (process, ancestors) = known(&mut processes);
    let again = known(&mut processes);
    assert!(Rc::ptr_eq(&process, &again.0) && Rc::ptr_eq(&ancestors, &again.1));
    // Neither a thread with a user of its own, nor the name before an exec, is the process's.
    let thread = Context {
        host_tid: 99,
        uid: 0,
        ..of(CHILD, 10, 7 * SECOND)
    };
    assert!(Rc::ptr_eq(&processes.known(&thread).process.unwrap(), &process));
    let before = Context {
        comm: [1; 16],
        ..of(CHILD, 10, 7 * SECOND)
    };
    assert!(Rc::ptr_eq(&call(&mut processes, before).0, &process));
    let root = Context {
        uid: 0,
        ..of(CHILD, 10, 8 * SECOND)
    };
    assert_eq!(processes.known(&root).process.unwrap().uid, Some(0));
    // An ancestor that changes is shown as it is now.
    exec(&mut processes, of(SHELL, 1, 9 * SECOND), "/bin/bash", b"");
    let (_, changed) = known(&mut processes);
    assert!(changed[0]
        .process
        .executable
        .as_ref()
        .unwrap()
        .path
        .ends_with(b"bash"));
}

#[test]
fn who_made_a_process_is_told_apart_from_who_takes_it_over() {
    let mut processes = family();
    let (child, ancestors) = call(&mut processes, of(CHILD, 10, 4 * SECOND));
    assert_eq!(ancestors, [(10, false), (1, false)]);
    exit(&mut processes, of(SHELL, 1, 5 * SECOND));
    // The dead are remembered.
    let (after, ancestors) = call(&mut processes, of(CHILD, 1, 6 * SECOND));
    assert_eq!(ancestors, [(10, false), (1, false)]);
    assert_eq!(after.maker, child.maker);
    let id = processes.table.find(SHELL).unwrap();
    let exit = processes.table.get(id).unwrap().exit.unwrap();
    assert_eq!((exit.status, exit.time), (Some(7 << 8), 5 * SECOND));
    let child_id = processes.table.find(CHILD).unwrap();
    assert_eq!(processes.table.get(child_id).unwrap().ppid, 1);
    // For a minute.
    fork(&mut processes, of(INIT, 0, 66 * SECOND), (12, 66 * SECOND));
    assert_eq!(processes.table.find(SHELL), None);
    let (after, ancestors) = call(&mut processes, of(CHILD, 1, 67 * SECOND));
    assert_eq!(ancestors, [(1, true)]);
    assert_eq!(after.maker, child.maker);
    assert_eq!(processes.forgotten(), 0);
}

#[test]
fn a_pid_that_is_used_again_is_another_process() {
    let mut processes = family();
    exec(&mut processes, of(CHILD, 10, 4 * SECOND), "/bin/old", b"old\0");
    // Its exit was lost.
    let later = (CHILD.0, 9 * SECOND);
    fork(&mut processes, of(INIT, 0, later.1), later);
    let (new, ancestors) = call(&mut processes, of(later, 1, 10 * SECOND));
    assert_eq!((&new.executable, ancestors), (&None, vec![(1, false)]));
    // A late record of the one before is still of that.
    let (old, ancestors) = call(&mut processes, of(CHILD, 10, 8 * SECOND));
    assert!(old.executable.as_ref().unwrap().path.ends_with(b"old"));
    assert_eq!(ancestors, [(10, false), (1, false)]);
    assert_ne!(old.entity, new.entity);
    let id = processes.table.find(CHILD).unwrap();
    let exit = processes.table.get(id).unwrap().exit.unwrap();
    assert_eq!((exit.status, exit.time), (None, later.1));
    // A process whose beginning was lost is a child of the process that has the pid of its parent, unless that is younger.
    let (_, ancestors) = call(&mut processes, of((20, 12 * SECOND), later.0, 13 * SECOND));
    assert_eq!(ancestors, [(11, false), (1, false)]);
    let (_, ancestors) = call(&mut processes, of((21, 8 * SECOND), later.0, 13 * SECOND));
    assert_eq!(ancestors, []);
}

#[test]
fn a_fork_that_comes_late_says_who_made_the_process() {
    let mut processes = family();
    let late = (12, 4 * SECOND);
    let (process, ancestors) = call(&mut processes, of(late, 1, 5 * SECOND));
    assert_eq!(ancestors, [(1, false)]);
    fork(&mut processes, of(SHELL, 1, 4 * SECOND), late);
    let (after, ancestors) = call(&mut processes, of(late, 1, 6 * SECOND));
    assert_eq!(ancestors, [(10, false), (1, false)]);
    assert_eq!(after.entity, process.entity);
    assert_ne!(after.maker, process.maker);
}

#[test]
fn the_oldest_dead_make_room_and_the_living_stay() {
    let mut processes = made_up(Limits {
        processes: 100,
        ..Limits::default()
    });
    let shell = exec(&mut processes, of(SHELL, 1, 2 * SECOND), "/bin/sh", b"sh\0").unwrap();
    for number in 0..1000 {
        let child = (1000 + number, 3 * SECOND + u64::from(number));
        fork(&mut processes, of(SHELL, 1, child.1), child);
        exit(&mut processes, of(child, 10, child.1 + 1));
    }
    assert_eq!((processes.forgotten(), processes.unremembered()), (1001 - 100, 0));
    assert_eq!(processes.table.find((1000, 3 * SECOND)), None);
    assert!(processes.table.find((1999, 3 * SECOND + 999)).is_some());
    let (again, _) = call(&mut processes, of(SHELL, 1, 4 * SECOND));
    assert!(Rc::ptr_eq(&again, &shell));
    // The living find no room, and are counted.
    for number in 0..200 {
        let child = (5000 + number, 5 * SECOND + u64::from(number));
        fork(&mut processes, of(SHELL, 1, child.1), child);
    }
    assert_eq!(processes.unremembered(), 101);
}

/// Whatever programs do, memory stays flat, and texts of the living are not lost for those of the dead.
#[test]
fn memory_is_bounded() {
    let limits = Limits {
        processes: 1 << 12,
        text: 1 << 20,
        ..Limits::default()
    };
    let mut processes = made_up(limits);
    let mut argv = [b'x'; 5000];
    exec(&mut processes, of(SHELL, 1, 2 * SECOND), "/bin/sh", b"sh\0");
    let mut time = 3 * SECOND;
    let mut bomb = |processes: &mut Processes, count: u32| {
        for number in 0..count {
            time += 1000;
            argv[..8].copy_from_slice(&time.to_le_bytes().map(|byte| byte | 1));
            let child = (100 + number % 30_000, time);
            fork(processes, of(SHELL, 1, time), child);
            exec(processes, of(child, 10, time + 1), &format!("/tmp/{time}"), &argv);
            // One in three lives on.
            if number % 3 > 0 {
                exit(processes, of(child, 10, time + 2));
            }
        }
    };
    bomb(&mut processes, 20_000);
    let flat = allocation_counter::measure(|| bomb(&mut processes, 1_000_000));
    assert!(flat.bytes_max < 256 << 10, "{flat:?}");
    assert!(processes.table.text() <= limits.text);
    assert!(processes.unremembered() > 0 && processes.forgotten() > 0);
    let (shell, _) = call(&mut processes, of(SHELL, 1, time + 1));
    assert!(shell.executable.as_ref().unwrap().path.ends_with(b"bin/sh"));
}

/// A chain of processes each of which makes the next one and ends.
#[test]
fn long_chains_end() {
    let mut processes = made_up(Limits::default());
    let mut parent = SHELL;
    for number in 0..10_000u32 {
        let child = (100 + number, 3 * SECOND + u64::from(number));
        fork(&mut processes, of(parent, 1, child.1), child);
        parent = child;
    }
    let (_, ancestors) = call(&mut processes, of(parent, parent.0 - 1, 4 * SECOND));
    assert_eq!(ancestors.len(), crate::decode::process::ANCESTORS_MAX);
    assert_eq!(ancestors[0], (parent.0 - 1, false));
}

/// A process that waits until it is killed, and its key.
fn child() -> (Child, Key) {
    let child = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let key = (child.id(), Proc::start(child.id()).unwrap());
    (child, key)
}

fn forget(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn own(time: u64) -> Context {
    let pid = std::process::id();
    of(
        (pid, Proc::start(pid).unwrap()),
        nix::unistd::getppid().as_raw() as u32,
        time,
    )
}

#[test]
fn whose_exits_were_lost_make_room_and_the_living_stay() {
    let mut processes = real(24);
    let (cat, living) = child();
    fork(&mut processes, own(1), living);
    let earlier = (living.0, SECOND);
    fork(&mut processes, own(1), earlier);
    for _ in 0..100 {
        let (child, key) = child();
        forget(child);
        fork(&mut processes, own(1), key);
        assert!(processes.table.find(key).is_some());
        assert!(processes.table.find(living).is_some());
    }
    assert_eq!(processes.unremembered(), 0);
    assert!(processes.table.find(earlier).is_none());
    forget(cat);
}

/// Processes that were there before are what proc(5) says of them, up to the first one.
#[test]
fn what_was_there_before_is_looked_up() {
    let mut processes = real(1 << 10);
    let (cat, key) = child();
    // Its start to the nanosecond.
    let exact = (key.0, key.1 + 1234);
    let (process, ancestors) = call(&mut processes, of(exact, std::process::id(), exact.1));
    let link = |pid: u32| std::fs::read_link(format!("/proc/{pid}/exe")).ok();
    let path = |process: &Process| {
        let executable = process.executable.as_ref()?;
        Some(std::path::PathBuf::from(
            String::from_utf8(executable.path.clone()).unwrap(),
        ))
    };
    assert_eq!(path(&process), link(key.0));
    let file = process.executable.as_ref().unwrap().file.unwrap();
    let meta = std::fs::metadata(format!("/proc/{}/exe", key.0)).unwrap();
    assert_eq!(file.inode, std::os::unix::fs::MetadataExt::ino(&meta));
    let parent = |pid: u32| -> u32 {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("PPid:\t"))
            .unwrap();
        line.parse().unwrap()
    };
    let mut expected = Vec::new();
    let mut at = key.0;
    while let up @ 1.. = parent(at) {
        expected.push((up, false));
        at = up;
    }
    assert_eq!(ancestors, expected);
    let known = processes.known(&of(exact, std::process::id(), exact.1));
    for ancestor in known.ancestors.unwrap().iter() {
        assert_eq!(path(&ancestor.process), link(ancestor.process.pid));
    }
    // The parent's own record says its start to the nanosecond, and it stays the same process.
    let own = own(exact.1);
    let (me, _) = call(
        &mut processes,
        Context {
            process_start: own.process_start + 77,
            ..own
        },
    );
    assert_eq!(me.start, own.process_start + 77);
    assert_eq!(process.maker.unwrap().entity, me.entity);
    let (_, after) = call(&mut processes, of(exact, std::process::id(), exact.1));
    assert_eq!(after, expected);
    forget(cat);
}

#[test]
fn of_a_process_that_is_gone_no_other_s_executable_is_told() {
    let mut processes = real(1 << 10);
    let (cat, (pid, start)) = child();
    let mut executable = |key: Key| {
        let found = processes.known(&of(key, std::process::id(), key.1));
        found.process.unwrap().executable.is_some()
    };
    assert!(executable((pid, start)));
    assert!(!executable((pid, start - SECOND)));
    forget(cat);
    let (cat, gone) = child();
    forget(cat);
    assert!(!executable(gone));
}
