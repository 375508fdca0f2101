//! What user space knew of processes and containers, beside their records. A block says it again of all that its records
//! name, so that each can be read by itself.

use std::collections::HashMap;
use std::rc::Rc;

use crate::clock::Timeline;
use crate::decode::container::Container;
use crate::decode::event::{Context, Executable};
use crate::decode::path::Marks;
use crate::recording::frame::{self, flag, kind, Frame};

/// Host pid and start time: identifies a process for ever.
type Key = (u32, u64);

/// What is known at this point of a block.
#[derive(Debug, Default)]
pub struct Facts {
    executables: HashMap<Key, Rc<Executable>>,
    containers: HashMap<u64, Rc<Container>>,
    /// The process that the last record was of: the next one mostly is of the same.
    last: Option<(Key, Rc<Executable>)>,
}

/// A frame that does not hold what its kind says.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

/// What a record does not say itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// The executable of its process, as it is shown.
    pub executable: Option<&'a Rc<Executable>>,
    /// The container that it names, as it is shown.
    pub container: Option<&'a Rc<Container>>,
}

fn key(context: &Context) -> Key {
    (context.host_pid, context.process_start)
}

impl Facts {
    /// Forgets all, where a block begins.
    pub fn clear(&mut self) {
        self.executables.clear();
        self.containers.clear();
        self.last = None;
    }

    /// Writes what readers of this block do not know yet. Returns the flags of the record.
    pub fn note(&mut self, context: &Context, known: Known<'_>, out: &mut Vec<u8>) -> u8 {
        let flags = self.note_executable(key(context), known.executable, out);
        flags | self.note_container(context.container, known.container, out)
    }

    fn note_executable(&mut self, key: Key, executable: Option<&Rc<Executable>>, out: &mut Vec<u8>) -> u8 {
        let Some(executable) = executable else {
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
            let parts = [
                &key.0.to_le_bytes()[..],
                &u32::from(executable.marks.bits()).to_le_bytes(),
                &key.1.to_le_bytes(),
                &executable.path,
            ];
            frame::push(out, kind::EXECUTABLE, 0, &parts);
            self.executables.insert(key, Rc::clone(executable));
        }
        self.last = Some((key, Rc::clone(executable)));
        0
    }

    fn note_container(&mut self, key: u64, container: Option<&Rc<Container>>, out: &mut Vec<u8>) -> u8 {
        match (container, self.containers.get(&key)) {
            (None, None) => 0,
            (None, Some(_)) => flag::NO_CONTAINER,
            (Some(container), Some(known)) if Rc::ptr_eq(container, known) => 0,
            (Some(container), _) => {
                // Texts and numbers alone: nothing that JSON cannot have.
                let json = serde_json::to_vec(&**container).unwrap_or_default();
                frame::push(out, kind::CONTAINER, 0, &[&key.to_le_bytes(), &json]);
                self.containers.insert(key, Rc::clone(container));
                0
            }
        }
    }

    /// Learns from a frame; one that holds no fact is left alone.
    pub fn learn(&mut self, frame: &Frame<'_>) -> Result<(), Malformed> {
        match frame.kind {
            kind::EXECUTABLE => self.learn_executable(frame.bytes).ok_or(Malformed),
            kind::CONTAINER => self.learn_container(frame.bytes).ok_or(Malformed),
            _ => Ok(()),
        }
    }

    fn learn_executable(&mut self, bytes: &[u8]) -> Option<()> {
        let (pid, bytes) = bytes.split_first_chunk()?;
        let (marks, bytes) = bytes.split_first_chunk()?;
        let (start, path) = bytes.split_first_chunk()?;
        let executable = Executable {
            path: path.to_vec(),
            marks: Marks::from_bits(u8::try_from(u32::from_le_bytes(*marks)).ok()?),
        };
        let key = (u32::from_le_bytes(*pid), u64::from_le_bytes(*start));
        self.executables.insert(key, Rc::new(executable));
        self.last = None;
        Some(())
    }

    fn learn_container(&mut self, bytes: &[u8]) -> Option<()> {
        let (key, json) = bytes.split_first_chunk()?;
        let container: Container = serde_json::from_slice(json).ok()?;
        // Ids are shown as they are, since runs take nothing else for one.
        let is_id = !container.id.is_empty() && container.id.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then_some(())?;
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
        match self.containers.is_empty() {
            true => None,
            false => self.containers.get(&context.container).map(Rc::clone),
        }
    }
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
