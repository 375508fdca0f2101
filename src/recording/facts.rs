//! What user space knew of processes and containers, beside their records. A block says it again of all that its records
//! name, so that each can be read by itself.

use std::collections::HashMap;
use std::rc::Rc;

use crate::clock::Timeline;
use crate::decode::container::Container;
use crate::decode::event::Context;
use crate::decode::process::{Ancestors, Process};
use crate::recording::frame::{self, flag, kind, Frame};
use crate::recording::lives::Lives;

/// What is known at this point of a block.
#[derive(Debug, Default)]
pub struct Facts {
    lives: Lives,
    containers: HashMap<u64, Rc<Container>>,
}

/// A frame that does not hold what its kind says.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

/// What a record does not say itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// What is known of its process.
    pub process: Option<&'a Rc<Process>>,
    /// The ancestors of its process, where they are shown.
    pub ancestors: Option<&'a Rc<Ancestors>>,
    /// The container that it names, as it is shown.
    pub container: Option<&'a Rc<Container>>,
}

impl Facts {
    /// Forgets all, where a block begins.
    pub fn clear(&mut self) {
        self.lives.clear();
        self.containers.clear();
    }

    /// Writes what readers of this block do not know yet. Returns the flags of the record.
    pub fn note(&mut self, context: &Context, known: Known<'_>, out: &mut Vec<u8>) -> u8 {
        let flags = self.lives.note(context, known.process, known.ancestors, out);
        flags | self.note_container(context.container, known.container, out)
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
            kind::PROCESS => self.lives.learn_process(frame.bytes).ok_or(Malformed),
            kind::ANCESTORS => self.lives.learn_ancestors(frame.bytes).ok_or(Malformed),
            kind::CONTAINER => self.learn_container(frame.bytes).ok_or(Malformed),
            _ => Ok(()),
        }
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

    /// What is known of the process that a record is of.
    pub fn process(&mut self, context: &Context) -> Option<Rc<Process>> {
        self.lives.process(context)
    }

    /// The ancestors of that process.
    pub fn ancestors(&self, context: &Context) -> Option<Rc<Ancestors>> {
        self.lives.ancestors(context)
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
