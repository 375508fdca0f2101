//! The executable of each traced process: learnt from its exec, inherited by its children.
//!
//! Processes that ran before tracee are looked up in proc(5) when they are first met.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use crate::catalogue::spec::Life;
use crate::decode::event::{Context, Event, Executable, Value};
use crate::enrich::proc::{Key, Proc};
use crate::wire::arg;

/// How many ended processes are remembered: events of a process can still come for a while after its exit, since other
/// CPUs' rings are read later.
const DEAD_KEPT: usize = 1024;
/// At most so many live processes are remembered.
const LIVE_MAX: usize = 1 << 16;
/// When the table is filled to this fraction, entries are checked: lost exits leave ended processes behind.
const NEARLY_FULL: (usize, usize) = (3, 4);
/// How many entries are checked for each new process, so that it never takes long.
const LOOKED_AT: usize = 4;

/// Executables by process.
pub struct Processes {
    paths: HashMap<Key, Option<Rc<Executable>>>,
    dead: VecDeque<Key>,
    /// Processes that are checked next.
    suspects: Vec<Key>,
    proc: Proc,
    max: usize,
    /// Processes that found no room.
    pub unremembered: u64,
}

impl Processes {
    pub fn new(proc: Proc) -> Self {
        Processes {
            paths: HashMap::new(),
            dead: VecDeque::new(),
            suspects: Vec::new(),
            proc,
            max: LIVE_MAX,
            unremembered: 0,
        }
    }

    /// Learns from the event, and adds the executable to it.
    pub fn enrich(&mut self, event: &mut Event<'_>) {
        let key = (event.context.host_pid, event.context.process_start);
        let life = event.spec.columns.life;
        if life == Some(Life::Exec) {
            let path = event.arg(arg::SCHED_PROCESS_EXEC_PATHNAME);
            if let Some(Value::Path(path)) = path.map(|arg| &arg.value) {
                self.insert(
                    key,
                    Some(Rc::new(Executable {
                        path: path.to_vec(),
                        marks: path.marks(),
                    })),
                );
            }
        }
        let path = self.path(key);
        let raw = |position| event.arg(position).map_or(0, |arg| arg.raw);
        if life == Some(Life::Fork) {
            let child_pid = raw(arg::SCHED_PROCESS_FORK_CHILD_PID);
            if raw(arg::SCHED_PROCESS_FORK_CHILD_TID) == child_pid {
                let child = (
                    u32::try_from(child_pid).unwrap_or_default(),
                    raw(arg::SCHED_PROCESS_FORK_CHILD_START_TIME),
                );
                self.insert(child, path.clone());
            }
        } else if life == Some(Life::Exit) && raw(arg::SCHED_PROCESS_EXIT_GROUP_EXIT) != 0 {
            self.dead.push_back(key);
            if self.dead.len() > DEAD_KEPT {
                if let Some(key) = self.dead.pop_front() {
                    self.paths.remove(&key);
                }
            }
        }
        event.executable = path;
    }

    /// The executable of a process, as an event of it would show it.
    pub fn executable(&mut self, context: &Context) -> Option<Rc<Executable>> {
        self.path((context.host_pid, context.process_start))
    }

    fn path(&mut self, key: Key) -> Option<Rc<Executable>> {
        if let Some(path) = self.paths.get(&key) {
            return path.clone();
        }
        let path = self.proc.executable(key);
        self.insert(key, path.clone());
        path
    }

    fn insert(&mut self, key: Key, path: Option<Rc<Executable>>) {
        if let Some(known) = self.paths.get_mut(&key) {
            *known = path;
            return;
        }
        if self.paths.len() >= self.max / NEARLY_FULL.1 * NEARLY_FULL.0 {
            self.look_for_dead();
        }
        if self.paths.len() < self.max {
            self.paths.insert(key, path);
        } else {
            self.unremembered += 1;
        }
    }

    /// Checks the next processes, and forgets those that have ended.
    fn look_for_dead(&mut self) {
        if self.suspects.is_empty() && self.proc.shows_all() {
            self.suspects.extend(self.paths.keys());
        }
        for _ in 0..LOOKED_AT {
            let Some(key) = self.suspects.pop() else {
                return;
            };
            if self.proc.is_gone(key) {
                self.paths.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::*;
    use crate::catalogue::special;
    use crate::decode;
    use crate::wire::nargs;

    /// A table with room for so many processes.
    fn processes(max: usize) -> Processes {
        Processes {
            max,
            ..Processes::new(Proc::new((std::process::id(), 0)))
        }
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

    /// Reports a fork, as the kernel side would.
    fn fork(processes: &mut Processes, (pid, start): Key) {
        let spec = special::FORK;
        let parent = std::process::id();
        let context = Context {
            event: spec.id,
            nvalues: nargs::SCHED_PROCESS_FORK,
            host_pid: parent,
            process_start: Proc::start(parent).unwrap(),
            ..Context::default()
        };
        // SAFETY: Context is made of integers without padding (it is Plain).
        let mut record = unsafe { plain::as_bytes(&context) }.to_vec();
        let mut values = [1; nargs::SCHED_PROCESS_FORK as usize];
        let mut put = |position: u8, value| values[usize::from(position)] = value;
        put(arg::SCHED_PROCESS_FORK_CHILD_TID, u64::from(pid));
        put(arg::SCHED_PROCESS_FORK_CHILD_PID, u64::from(pid));
        put(arg::SCHED_PROCESS_FORK_CHILD_START_TIME, start);
        for value in values {
            record.extend(value.to_ne_bytes());
        }
        let mut event = decode::decode(&record).unwrap();
        processes.enrich(&mut event);
        let own = std::env::current_exe().unwrap();
        assert_eq!(event.executable.unwrap().path, own.as_os_str().as_encoded_bytes());
    }

    #[test]
    fn whose_exits_were_lost_make_room_and_the_living_stay() {
        let mut processes = processes(16);
        let (cat, living) = child();
        fork(&mut processes, living);
        // A pid that another process has by now does not name the earlier process.
        fork(&mut processes, (living.0, 1_000_000_000));
        for _ in 0..100 {
            let (child, key) = child();
            forget(child);
            fork(&mut processes, key);
            assert!(processes.paths.contains_key(&key), "{}", processes.paths.len());
            assert!(processes.paths.contains_key(&living));
        }
        assert_eq!(processes.unremembered, 0);
        assert!(!processes.paths.contains_key(&(living.0, 1_000_000_000)));
        forget(cat);
    }

    #[test]
    fn what_finds_no_room_is_counted() {
        let mut processes = processes(4);
        let children: Vec<_> = (0..6).map(|_| child()).collect();
        for (_, key) in &children {
            fork(&mut processes, *key);
        }
        // One of the entries is the parent.
        assert_eq!((processes.paths.len(), processes.unremembered), (4, 3));
        for (_, key) in &children[..3] {
            assert!(processes.paths.contains_key(key));
        }
        children.into_iter().for_each(|(child, _)| forget(child));
    }

    #[test]
    fn of_a_process_that_is_gone_no_other_s_executable_is_told() {
        let proc = Proc::new((std::process::id(), 0));
        let (cat, (pid, start)) = child();
        assert!(proc.executable((pid, start)).is_some());
        assert!(proc.executable((pid, start - 1_000_000_000)).is_none());
        forget(cat);
        assert!(proc.executable((pid, start)).is_none());
    }
}
