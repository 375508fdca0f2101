//! The processes that events are of: what made each, what it runs, who its ancestors are.
//!
//! They are learnt from records of process life. Processes that ran before tracee are looked up in proc(5) when they are
//! first met. A process is its pid as the host counts and its start time.

#![warn(missing_docs)]

mod entity;
mod limits;
mod lineage;
mod pool;
pub(crate) mod proc;
mod table;

use std::rc::Rc;

use crate::catalogue::spec::Life;
use crate::catalogue::special;
use crate::catalogue::EventId;
use crate::decode::event::{Context, Event, Value};
use crate::decode::process::{Ancestors, Argv, Executable, FileId, Process};
use crate::wire::{arg, RECORD_INTERNAL};
use entity::Boot;
use limits::Limits;
use lineage::Lineages;
use proc::Proc;
use table::{Id, Table};

/// What is known of the process of an event.
#[derive(Default)]
pub(crate) struct Known {
    /// The process; `None` if it found no room, or if tracee reports the event by itself.
    pub process: Option<Rc<Process>>,
    /// Its ancestors, where they are shown.
    pub ancestors: Option<Rc<Ancestors>>,
}

/// What is known of all processes.
pub(crate) struct Processes {
    table: Table,
    lineages: Lineages,
    /// Whether ancestors are shown at all events, not only at execs.
    everywhere: bool,
}

/// Whether an event always shows ancestors.
fn is_exec(id: EventId) -> bool {
    [special::EXEC.id, special::EXECVE.id, special::EXECVEAT.id].contains(&id)
}

impl Processes {
    /// `everywhere`: ancestors are shown at all events, not only at execs.
    pub fn new(proc: Proc, everywhere: bool) -> Processes {
        Processes {
            table: Table::new(proc, Boot::this(), Limits::default()),
            lineages: Lineages::default(),
            everywhere,
        }
    }

    /// Processes that found no room, or whose texts found none.
    pub fn unremembered(&self) -> u64 {
        self.table.unremembered
    }

    /// Processes that were forgotten before their time after their end was over.
    pub fn forgotten(&self) -> u64 {
        self.table.forgotten
    }

    /// Learns from the event, and adds to it what is known of its process.
    pub fn enrich(&mut self, event: &mut Event<'_>) {
        if event.context.is_own() {
            return;
        }
        let met = self.table.meet(&event.context);
        let raw = |position| event.arg(position).map_or(0, |arg| arg.raw);
        match (event.spec.columns.life, met) {
            (Some(Life::Exec), Some(id)) => self.exec(id, event),
            (Some(Life::Exit), Some(id)) if raw(arg::SCHED_PROCESS_EXIT_GROUP_EXIT) != 0 => {
                let code = raw(arg::SCHED_PROCESS_EXIT_EXIT_CODE) << 8 | raw(arg::SCHED_PROCESS_EXIT_SIGNAL);
                self.table.end(id, u16::try_from(code).ok(), event.context.time);
            }
            (Some(Life::Fork), by) => {
                let pid = raw(arg::SCHED_PROCESS_FORK_CHILD_PID);
                if raw(arg::SCHED_PROCESS_FORK_CHILD_TID) == pid {
                    let start = raw(arg::SCHED_PROCESS_FORK_CHILD_START_TIME);
                    let pid = u32::try_from(pid).unwrap_or_default();
                    self.table.fork(by, (pid, start), &event.context);
                }
            }
            _ => {}
        }
        let known = self.of(met, &event.context);
        event.process = known.process;
        event.ancestors = known.ancestors;
    }

    /// What an event of this process would show.
    pub fn known(&mut self, context: &Context) -> Known {
        if context.is_own() {
            return Known::default();
        }
        let met = self.table.meet(context);
        self.of(met, context)
    }

    fn of(&mut self, met: Option<Id>, context: &Context) -> Known {
        let Some(id) = met else {
            return Known::default();
        };
        let shown = context.flags & RECORD_INTERNAL == 0;
        let with_ancestors = shown && (self.everywhere || is_exec(context.event));
        Known {
            process: self.table.get(id).map(|entry| Rc::clone(&entry.shown)),
            ancestors: with_ancestors.then(|| self.lineages.of(&mut self.table, id)),
        }
    }

    fn exec(&mut self, id: Id, event: &Event<'_>) {
        let raw = |position| event.arg(position).map_or(0, |arg| arg.raw);
        let number = |position| u32::try_from(raw(position)).unwrap_or_default();
        let value = |position| event.arg(position).map(|arg| &arg.value);
        let executable = match value(arg::SCHED_PROCESS_EXEC_PATHNAME) {
            Some(Value::Path(path)) => Some(Executable {
                path: path.to_vec(),
                marks: path.marks(),
                file: Some(FileId {
                    dev: number(arg::SCHED_PROCESS_EXEC_DEV),
                    mode: number(arg::SCHED_PROCESS_EXEC_INODE_MODE),
                    inode: raw(arg::SCHED_PROCESS_EXEC_INODE),
                    ctime: raw(arg::SCHED_PROCESS_EXEC_CTIME),
                }),
            }),
            _ => None,
        };
        let argv = match event.arg(arg::SCHED_PROCESS_EXEC_ARGV) {
            Some(found) => match &found.value {
                Value::Strings(strings) => {
                    let whole = strings.ends() && strings.iter().count() as u64 >= found.full;
                    Some(Argv::new(strings.iter(), found.truncated || !whole))
                }
                _ => None,
            },
            None => None,
        };
        self.table.exec(id, executable, argv, event.context.time);
    }
}

#[cfg(test)]
mod tests;
