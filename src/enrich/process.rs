//! The executable of each traced process: told by its exec, inherited by its children.
//!
//! Processes that ran before tracee are looked up in proc(5) when they are first met.

use std::collections::{HashMap, VecDeque};
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::rc::Rc;

use crate::catalogue::{self, EventId};
use crate::decode::path::Marks;
use crate::event::{Event, Executable, Value};

/// Host pid and start time: a process's name for good.
type Key = (u32, u64);

/// Events of a process can still come for a while after its exit was told, since other CPUs' rings are read later.
const DEAD_KEPT: usize = 1024;
/// More live processes than this are not remembered, so that lost exits do not fill the memory.
const LIVE_MAX: usize = 1 << 16;

/// Executables by process.
pub struct Processes {
    paths: HashMap<Key, Option<Rc<Executable>>>,
    dead: VecDeque<Key>,
    fork: EventId,
    exec: EventId,
    exit: EventId,
}

impl Default for Processes {
    fn default() -> Self {
        Processes {
            paths: HashMap::new(),
            dead: VecDeque::new(),
            fork: catalogue::expect("sched_process_fork").id,
            exec: catalogue::expect("sched_process_exec").id,
            exit: catalogue::expect("sched_process_exit").id,
        }
    }
}

impl Processes {
    /// Learns from the event, and tells it its executable.
    pub fn enrich(&mut self, event: &mut Event<'_>) {
        let key = (event.context.host_pid, event.context.process_start);
        let id = event.spec.id;
        if id == self.exec {
            if let Some(Value::Path(path)) = event.args.get(1).map(|arg| &arg.value) {
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
        if id == self.fork {
            let arg = |index: usize| event.args.get(index).map_or(0, |arg| arg.raw);
            let (child_tid, child_pid, child_start) = (arg(2), arg(3), arg(4));
            if child_tid == child_pid {
                self.insert(
                    (u32::try_from(child_pid).unwrap_or_default(), child_start),
                    path.clone(),
                );
            }
        } else if id == self.exit && event.args.get(2).is_some_and(|group_exit| group_exit.raw != 0) {
            self.dead.push_back(key);
            if self.dead.len() > DEAD_KEPT {
                if let Some(key) = self.dead.pop_front() {
                    self.paths.remove(&key);
                }
            }
        }
        event.executable = path;
    }

    fn path(&mut self, key: Key) -> Option<Rc<Executable>> {
        if let Some(path) = self.paths.get(&key) {
            return path.clone();
        }
        let path = from_proc(key.0);
        self.insert(key, path.clone());
        path
    }

    fn insert(&mut self, key: Key, path: Option<Rc<Executable>>) {
        if self.paths.len() < LIVE_MAX || self.paths.contains_key(&key) {
            self.paths.insert(key, path);
        }
    }
}

fn from_proc(pid: u32) -> Option<Rc<Executable>> {
    let link = format!("/proc/{pid}/exe");
    let path = OsString::from(fs::read_link(&link).ok()?).into_vec();
    let marks = fs::metadata(&link).map_or(Marks::default(), |file| Marks::of_link(&path, file.nlink()));
    Some(Rc::new(Executable { path, marks }))
}
