//! What user space knew of processes and containers, beside their records: written where it became known, and kept by
//! writers and readers alike.

use std::collections::HashMap;
use std::rc::Rc;

use crate::clock::Timeline;
use crate::decode::container::Container;
use crate::decode::event::{Context, Event, Executable};
use crate::decode::path::Marks;
use crate::recording::frame::{self, flag, kind, Frame};

/// Host pid and start time: identifies a process for ever.
type Key = (u32, u64);

/// So many processes, containers and bytes of their names are kept. A writer that would exceed this begins anew, and its
/// readers with it.
const ENTRIES: usize = 1 << 17;
const BYTES: usize = 16 << 20;

/// What an entry takes beside its name.
const ENTRY: usize = 64;

/// What is known at this point of a recording.
#[derive(Debug, Default)]
pub struct Facts {
    executables: HashMap<Key, Rc<Executable>>,
    containers: HashMap<u64, Rc<Container>>,
    /// Bytes of names.
    bytes: usize,
    /// The process that the last record was of: the next one mostly is of the same.
    last: Option<(Key, Rc<Executable>)>,
}

/// A frame that does not hold what its kind says.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

fn key(context: &Context) -> Key {
    (context.host_pid, context.process_start)
}

impl Facts {
    /// Writes what readers do not know yet of this event. Returns the flags of its record, and whether something was
    /// written.
    pub fn note(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> (u8, bool) {
        let before = out.len();
        let mut flags = self.note_executable(event, out);
        let key = event.context.container;
        match (&event.container, self.containers.get(&key)) {
            (None, None) => {}
            (None, Some(_)) => flags |= flag::NO_CONTAINER,
            (Some(container), Some(known)) if Rc::ptr_eq(container, known) => {}
            (Some(container), _) => {
                let json = json(container);
                self.make_room(json.len() + ENTRY, out);
                frame::push(out, kind::CONTAINER, 0, &[&key.to_le_bytes(), &json]);
                self.bytes += json.len() + ENTRY;
                self.containers.insert(key, Rc::clone(container));
            }
        }
        (flags, out.len() > before)
    }

    fn note_executable(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> u8 {
        let key = key(&event.context);
        let Some(executable) = &event.executable else {
            return match self.executables.contains_key(&key) {
                true => flag::NO_EXECUTABLE,
                false => 0,
            };
        };
        let is_last = |(last, known): &(Key, Rc<Executable>)| *last == key && Rc::ptr_eq(known, executable);
        if self.last.as_ref().is_some_and(is_last) {
            return 0;
        }
        let known = self.executables.get(&key);
        if known.is_none_or(|known| !Rc::ptr_eq(known, executable)) {
            self.make_room(executable.path.len() + ENTRY, out);
            push_executable(out, key, executable);
            self.bytes += executable.path.len() + ENTRY;
            self.executables.insert(key, Rc::clone(executable));
        }
        self.last = Some((key, Rc::clone(executable)));
        0
    }

    /// Begins anew where there is no room for so many bytes more.
    fn make_room(&mut self, bytes: usize, out: &mut Vec<u8>) {
        if !self.has_room(bytes) {
            *self = Facts::default();
            frame::push(out, kind::FORGET, 0, &[]);
        }
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.executables.len() + self.containers.len() < ENTRIES && self.bytes + bytes <= BYTES
    }

    /// Writes all that is known, for a reader who has seen nothing of it.
    pub fn write_all(&self, out: &mut Vec<u8>) {
        for (key, executable) in &self.executables {
            push_executable(out, *key, executable);
        }
        for (key, container) in &self.containers {
            frame::push(out, kind::CONTAINER, 0, &[&key.to_le_bytes(), &json(container)]);
        }
    }

    /// Learns from a frame. Returns false for one that holds no fact.
    pub fn learn(&mut self, frame: &Frame<'_>) -> Result<bool, Malformed> {
        match frame.kind {
            kind::EXECUTABLE => self.learn_executable(frame.bytes).ok_or(Malformed)?,
            kind::CONTAINER => self.learn_container(frame.bytes).ok_or(Malformed)?,
            kind::FORGET => *self = Facts::default(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn learn_executable(&mut self, bytes: &[u8]) -> Option<()> {
        let (pid, bytes) = bytes.split_first_chunk()?;
        let (marks, bytes) = bytes.split_first_chunk()?;
        let (start, path) = bytes.split_first_chunk()?;
        let marks = u8::try_from(u32::from_le_bytes(*marks)).ok()?;
        self.has_room(path.len() + ENTRY).then_some(())?;
        self.bytes += path.len() + ENTRY;
        let executable = Executable {
            path: path.to_vec(),
            marks: Marks::from_bits(marks),
        };
        let key = (u32::from_le_bytes(*pid), u64::from_le_bytes(*start));
        self.executables.insert(key, Rc::new(executable));
        self.last = None;
        Some(())
    }

    fn learn_container(&mut self, bytes: &[u8]) -> Option<()> {
        let (key, json) = bytes.split_first_chunk()?;
        let container: Container = serde_json::from_slice(json).ok()?;
        self.has_room(json.len() + ENTRY).then_some(())?;
        self.bytes += json.len() + ENTRY;
        self.containers
            .insert(u64::from_le_bytes(*key), Rc::new(container));
        Some(())
    }

    /// The executable of the process that a record is of.
    pub fn executable(&mut self, context: &Context) -> Option<Rc<Executable>> {
        let key = key(context);
        if let Some((_, known)) = self.last.as_ref().filter(|(last, _)| *last == key) {
            return Some(Rc::clone(known));
        }
        let executable = self.executables.get(&key)?;
        self.last = Some((key, Rc::clone(executable)));
        Some(Rc::clone(executable))
    }

    /// The container that a record names.
    pub fn container(&self, context: &Context) -> Option<Rc<Container>> {
        self.containers.get(&context.container).map(Rc::clone)
    }
}

fn push_executable(out: &mut Vec<u8>, (pid, start): Key, executable: &Executable) {
    let marks = u32::from(executable.marks.bits());
    let parts = [
        &pid.to_le_bytes()[..],
        &marks.to_le_bytes(),
        &start.to_le_bytes(),
        &executable.path,
    ];
    frame::push(out, kind::EXECUTABLE, 0, &parts);
}

fn json(container: &Container) -> Vec<u8> {
    // Texts and numbers alone: nothing that JSON cannot have.
    serde_json::to_vec(container).unwrap_or_default()
}

/// Appends the wall clock.
pub fn push_clock(out: &mut Vec<u8>, clock: &Timeline) {
    let bytes: Vec<u8> = clock
        .spans()
        .iter()
        .flat_map(|(from, epoch)| [from.to_le_bytes(), epoch.to_le_bytes()])
        .flatten()
        .collect();
    frame::push(out, kind::CLOCK, 0, &[&bytes]);
}

/// The wall clock in such a frame.
pub fn clock(bytes: &[u8]) -> Result<Timeline, Malformed> {
    let number = |bytes: &[u8]| bytes.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
    let spans = bytes
        .chunks(16)
        .map(|pair| Some((number(pair)?, number(pair.get(8..)?)?)));
    spans
        .collect::<Option<Vec<_>>>()
        .and_then(Timeline::of_spans)
        .ok_or(Malformed)
}
