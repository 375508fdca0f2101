//! The table of processes: bounded, whatever programs do. The dead are remembered for a while, and go first.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use crate::catalogue::special;
use crate::decode::event::Context;
use crate::decode::process::{Argv, Executable, Maker, Process, ANCESTORS_MAX};
use crate::process::entity::Boot;
use crate::process::limits::Limits;
use crate::process::pool::{Pool, Shared};
use crate::process::proc::{is_alike, Found, Key, Proc};

/// When the table is filled to this fraction, entries are checked: lost exits leave ended processes behind.
const NEARLY_FULL: (usize, usize) = (3, 4);
/// How many entries are checked for each new process, so that it never takes long.
const LOOKED_AT: usize = 4;

/// A place in the table, as long as the same process is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id {
    at: u32,
    turn: u32,
}

/// How a process has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// As wait(2) has it; `None`: its exit was not seen.
    pub status: Option<u16>,
    /// When, or when its pid was another's: ns since boot.
    pub time: u64,
}

/// A process.
pub struct Entry {
    /// What is shown of it.
    pub shown: Rc<Process>,
    /// Whether the start is known to the nanosecond.
    exact: bool,
    /// What made it; or its parent when it was first met.
    pub maker: Option<Id>,
    /// Its parent, as its last record says, and which process that is.
    pub ppid: u32,
    pub parent: Option<Id>,
    /// Key of its container; 0: none.
    pub container: u64,
    /// When it has last executed a program, ns since boot.
    executed: u64,
    /// `None` while it runs.
    pub exit: Option<Exit>,
}

#[derive(Default)]
struct Slot {
    turn: u32,
    entry: Option<Entry>,
}

/// All processes.
pub struct Table {
    slots: Vec<Slot>,
    free: Vec<u32>,
    by_key: HashMap<Key, Id>,
    /// The last process that had this pid.
    by_pid: HashMap<u32, Id>,
    /// In the order in which their ends were learnt of.
    dead: VecDeque<(u64, Id)>,
    /// Processes that are checked next.
    suspects: Vec<Id>,
    /// The process of the last record: the next one mostly is of the same.
    last: Option<(Key, Id)>,
    pool: Pool,
    proc: Proc,
    boot: Boot,
    limits: Limits,
    /// Processes that found no room, or whose texts found none.
    pub unremembered: u64,
    /// Processes that were forgotten before their time after their end was over.
    pub forgotten: u64,
}

fn comm(context: &Context) -> [u8; 16] {
    context.comm.map(|byte| byte as u8)
}

impl Table {
    pub fn new(proc: Proc, boot: Boot, limits: Limits) -> Table {
        Table {
            slots: Vec::new(),
            free: Vec::new(),
            by_key: HashMap::new(),
            by_pid: HashMap::new(),
            dead: VecDeque::new(),
            suspects: Vec::new(),
            last: None,
            pool: Pool::new(limits.text),
            proc,
            boot,
            limits,
            unremembered: 0,
            forgotten: 0,
        }
    }

    /// Bytes of all texts.
    #[cfg(test)]
    pub fn text(&self) -> usize {
        self.pool.bytes()
    }

    /// The process at that place, if it is still there.
    pub fn get(&self, id: Id) -> Option<&Entry> {
        let slot = self.slots.get(id.at as usize)?;
        slot.entry.as_ref().filter(|_| slot.turn == id.turn)
    }

    fn get_mut(&mut self, id: Id) -> Option<&mut Entry> {
        let slot = self.slots.get_mut(id.at as usize)?;
        slot.entry.as_mut().filter(|_| slot.turn == id.turn)
    }

    /// The process of a record, with what the record says of it; `None` if it finds no room.
    pub fn meet(&mut self, context: &Context) -> Option<Id> {
        let key = (context.host_pid, context.process_start);
        let id = match self.last {
            Some((last, id)) if last == key => id,
            _ => self.find(key).or_else(|| self.discover(key, context))?,
        };
        self.last = Some((key, id));
        self.update(id, context);
        Some(id)
    }

    /// The process with that key.
    pub fn find(&mut self, key: Key) -> Option<Id> {
        if let Some(id) = self.by_key.get(&key) {
            return Some(*id);
        }
        // It may be one whose start is known from proc(5) only.
        let id = *self.by_pid.get(&key.0)?;
        let entry = self.get(id)?;
        if entry.exact || !is_alike(entry.shown.start, key.1) {
            return None;
        }
        let before = (key.0, entry.shown.start);
        let entity = self.boot.entity(key.0, key.1);
        self.by_key.remove(&before);
        self.by_key.insert(key, id);
        self.change(id, |process| {
            process.start = key.1;
            process.entity = entity;
        });
        self.get_mut(id)?.exact = true;
        Some(id)
    }

    /// Takes in a process whose beginning was not seen.
    fn discover(&mut self, key: Key, context: &Context) -> Option<Id> {
        let found = self.proc.find(key.0).filter(|found| is_alike(found.start, key.1));
        let own = context.host_tid == context.host_pid;
        let process = Process {
            comm: match &found {
                Some(found) if !own => found.comm,
                _ => comm(context),
            },
            uid: Some(context.uid),
            executable: found
                .and_then(|found| found.executable)
                .and_then(|executable| self.keep(executable, context.time)),
            ..self.named(key)
        };
        let id = self.insert(process, true, context.time)?;
        self.adopt(id, context.host_ppid, ANCESTORS_MAX);
        Some(id)
    }

    fn named(&self, (pid, start): Key) -> Process {
        Process {
            pid,
            start,
            entity: self.boot.entity(pid, start),
            ..Process::default()
        }
    }

    /// Learns what a record says of its process by the way.
    fn update(&mut self, id: Id, context: &Context) {
        let Some(entry) = self.get_mut(id) else {
            return;
        };
        entry.container = context.container;
        let ppid = entry.ppid;
        // Threads may have names and users of their own; the record of an exec call has the name before it.
        let tells = context.host_tid == context.host_pid
            && ![special::EXECVE.id, special::EXECVEAT.id].contains(&context.event)
            && (entry.shown.comm != comm(context) || entry.shown.uid != Some(context.uid));
        if tells {
            self.change(id, |process| {
                process.comm = comm(context);
                process.uid = Some(context.uid);
            });
        }
        if ppid != context.host_ppid {
            self.adopt(id, context.host_ppid, ANCESTORS_MAX);
        }
    }

    /// A process has another parent, or a first one. `depth`: so far its ancestors are looked up.
    pub fn adopt(&mut self, id: Id, ppid: u32, depth: usize) {
        let parent = self.parent_of(id, ppid, depth);
        let Some(entry) = self.get_mut(id) else {
            return;
        };
        entry.ppid = ppid;
        entry.parent = parent;
        if entry.shown.maker.is_none() && parent.is_some() {
            entry.maker = parent;
            let maker = self.maker(parent);
            self.change(id, |process| process.maker = maker);
        }
    }

    fn maker(&self, id: Option<Id>) -> Option<Maker> {
        let process = &self.get(id?)?.shown;
        Some(Maker {
            pid: process.pid,
            entity: process.entity,
        })
    }

    /// Which process with that pid is the parent of this one. Whoever takes over a process is one of its ancestors; else
    /// the pid may have been another's before.
    fn parent_of(&mut self, id: Id, ppid: u32, depth: usize) -> Option<Id> {
        if ppid == 0 || depth == 0 {
            return None;
        }
        let mut above = self.get(id)?.maker;
        for _ in 0..ANCESTORS_MAX {
            let Some((up, entry)) = above.and_then(|up| Some((up, self.get(up)?))) else {
                break;
            };
            if entry.shown.pid == ppid {
                return Some(up);
            }
            above = entry.maker;
        }
        let start = self.get(id)?.shown.start;
        let known = self.by_pid.get(&ppid).copied().filter(|known| *known != id);
        let entry = known.and_then(|known| self.get(known));
        match self.proc.find(ppid).filter(|found| found.start <= start) {
            Some(found) if entry.is_some_and(|known| is_alike(known.shown.start, found.start)) => known,
            Some(found) => self.insert_found(ppid, found, start, depth - 1),
            // It has ended meanwhile.
            None => {
                let ran = |entry: &Entry| entry.exit.is_none() && entry.shown.start <= start;
                known.filter(|_| entry.is_some_and(ran))
            }
        }
    }

    /// Takes in a process that only proc(5) has told of.
    fn insert_found(&mut self, pid: u32, found: Found, now: u64, depth: usize) -> Option<Id> {
        let process = Process {
            comm: found.comm,
            uid: found.uid,
            executable: found.executable.and_then(|executable| self.keep(executable, now)),
            ..self.named((pid, found.start))
        };
        let id = self.insert(process, false, now)?;
        self.adopt(id, found.ppid, depth);
        Some(id)
    }

    /// Looks up the parent of a process again, if proc(5) still has that process.
    pub fn look_again(&mut self, id: Id) {
        let Some(entry) = self.get(id).filter(|entry| entry.exit.is_none()) else {
            return;
        };
        let (pid, start) = (entry.shown.pid, entry.shown.start);
        if let Some(found) = self.proc.find(pid).filter(|found| is_alike(found.start, start)) {
            self.adopt(id, found.ppid, ANCESTORS_MAX);
        }
    }

    /// A process was made. `by`: the one that made it, of which the record is.
    pub fn fork(&mut self, by: Option<Id>, child: Key, context: &Context) {
        let maker = self.maker(by);
        if let Some(id) = self.find(child) {
            // Its own records came first.
            self.change(id, |process| process.maker = maker);
            if let Some(entry) = self.get_mut(id) {
                entry.maker = by;
            }
            return;
        }
        let of_maker = by.and_then(|by| self.get(by));
        let process = Process {
            maker,
            executable: of_maker.and_then(|entry| entry.shown.executable.clone()),
            argv: of_maker.and_then(|entry| entry.shown.argv.clone()),
            comm: comm(context),
            uid: Some(context.uid),
            ..self.named(child)
        };
        if let Some(entry) = self
            .insert(process, true, context.time)
            .and_then(|id| self.get_mut(id))
        {
            entry.maker = by;
            entry.parent = by;
            entry.ppid = context.host_pid;
            entry.container = context.container;
        }
    }

    /// A process has executed a program. Of a long command line there are two records, and the first one does not have
    /// it.
    pub fn exec(&mut self, id: Id, executable: Option<Executable>, argv: Option<Argv>, time: u64) {
        let again = self
            .get_mut(id)
            .is_some_and(|entry| std::mem::replace(&mut entry.executed, time) == time);
        let executable = executable.and_then(|executable| self.keep(executable, time));
        let argv = argv.and_then(|argv| self.keep(argv, time));
        self.change(id, |process| {
            if argv.is_some() || !again {
                process.argv = argv;
            }
            process.executable = executable;
        });
    }

    /// A process has ended.
    pub fn end(&mut self, id: Id, status: Option<u16>, time: u64) {
        if let Some(entry) = self.get_mut(id).filter(|entry| entry.exit.is_none()) {
            entry.exit = Some(Exit { status, time });
            self.dead.push_back((time, id));
        }
    }

    /// Changes what is shown of a process.
    fn change(&mut self, id: Id, change: impl FnOnce(&mut Process)) {
        let Some(entry) = self.get_mut(id) else {
            return;
        };
        let mut process = Process::clone(&entry.shown);
        change(&mut process);
        let before = std::mem::replace(&mut entry.shown, Rc::new(process));
        self.release(before);
    }

    fn insert(&mut self, process: Process, exact: bool, now: u64) -> Option<Id> {
        let key = (process.pid, process.start);
        self.expire(now);
        if let Some(before) = self.by_pid.get(&key.0).copied() {
            // Its exit was lost.
            if self.get(before).is_some_and(|entry| entry.shown.start < key.1) {
                self.end(before, None, key.1);
            }
        }
        if !self.make_room() {
            self.unremembered += 1;
            self.release(Rc::new(process));
            return None;
        }
        let at = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        let slot = &mut self.slots[at as usize];
        slot.entry = Some(Entry {
            shown: Rc::new(process),
            exact,
            maker: None,
            ppid: 0,
            parent: None,
            container: 0,
            executed: 0,
            exit: None,
        });
        let id = Id { at, turn: slot.turn };
        self.by_key.insert(key, id);
        let newest = self.by_pid.get(&key.0).and_then(|id| self.get(*id));
        if newest.is_none_or(|newest| newest.shown.start < key.1) {
            self.by_pid.insert(key.0, id);
        }
        Some(id)
    }

    fn remove(&mut self, id: Id) {
        if self.get(id).is_none() {
            return;
        }
        let slot = &mut self.slots[id.at as usize];
        slot.turn = slot.turn.wrapping_add(1);
        let Some(entry) = slot.entry.take() else {
            return;
        };
        self.free.push(id.at);
        let (pid, start) = (entry.shown.pid, entry.shown.start);
        self.by_key.remove(&(pid, start));
        if self.by_pid.get(&pid) == Some(&id) {
            self.by_pid.remove(&pid);
        }
        self.last = self.last.filter(|(_, last)| *last != id);
        self.release(entry.shown);
    }

    /// Forgets texts that only this process had.
    fn release(&mut self, process: Rc<Process>) {
        let (executable, argv) = (process.executable.clone(), process.argv.clone());
        drop(process);
        if let Some(executable) = executable {
            self.pool.release(executable);
        }
        if let Some(argv) = argv {
            self.pool.release(argv);
        }
    }

    /// Keeps a text; processes that have ended make room for it.
    fn keep<T: Shared>(&mut self, text: T, now: u64) -> Option<Rc<T>> {
        let mut text = match self.pool.keep(text) {
            Ok(kept) => return Some(kept),
            Err(text) => text,
        };
        self.expire(now);
        self.pool.sweep();
        loop {
            text = match self.pool.keep(text) {
                Ok(kept) => return Some(kept),
                Err(text) => text,
            };
            if !self.forget_oldest() {
                self.unremembered += 1;
                return None;
            }
        }
    }

    /// Forgets those that have been dead for long enough.
    fn expire(&mut self, now: u64) {
        while let Some((ended, id)) = self.dead.front().copied() {
            if now.saturating_sub(ended) < self.limits.dead_for {
                break;
            }
            self.dead.pop_front();
            self.remove(id);
        }
    }

    /// Forgets the one that has been dead for the longest time, before that is over. Returns false if none is dead.
    fn forget_oldest(&mut self) -> bool {
        let Some((_, id)) = self.dead.pop_front() else {
            return false;
        };
        self.forgotten += u64::from(self.get(id).is_some());
        self.remove(id);
        true
    }

    fn make_room(&mut self) -> bool {
        if self.by_key.len() >= self.limits.processes / NEARLY_FULL.1 * NEARLY_FULL.0 {
            self.look_for_dead();
        }
        while self.by_key.len() >= self.limits.processes {
            if !self.forget_oldest() {
                return false;
            }
        }
        true
    }

    /// Checks the next processes, and forgets those that have ended.
    fn look_for_dead(&mut self) {
        if self.suspects.is_empty() && self.proc.shows_all() {
            self.suspects.extend(self.by_key.values());
        }
        for _ in 0..LOOKED_AT {
            let Some(id) = self.suspects.pop() else {
                return;
            };
            let living = self.get(id).filter(|entry| entry.exit.is_none());
            let gone = living.is_some_and(|entry| self.proc.is_gone((entry.shown.pid, entry.shown.start)));
            if gone {
                self.remove(id);
            }
        }
    }
}
