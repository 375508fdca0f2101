//! Jobs that the collector hands to the keeper.

use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;

use super::process::Process;
use super::record::Identity;
use super::sightings::Held;
use super::store::{Artefact, Cut};
use crate::decode::event::Context;
use crate::decode::path::Marks;

/// The channel to the keeper.
pub type Jobs = crossbeam_channel::Sender<Job>;

/// Part of an address space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    pub addr: u64,
    pub len: u64,
    /// Name of the alert.
    pub alert: &'static str,
}

/// What is known of an artefact, apart from its bytes.
#[derive(Debug, Clone)]
pub struct Meta {
    /// `write`, `exec`, `mem`
    pub kind: &'static str,
    pub who: Context,
    /// Folder of its container.
    pub container: String,
    /// Path of the file, as the kernel walked it.
    pub path: Vec<u8>,
    /// Marks of the path.
    pub marks: Marks,
    pub file: Identity,
    /// The area, for memory.
    pub area: Option<Area>,
    /// The role of an executed file: `program`, `script`, `loader`; or the source of memory: `kernel`, `process`.
    pub role: &'static str,
    /// The first reason why it may not be complete.
    pub reason: Option<String>,
    /// Whether its content is that of the file at its close.
    pub read_at_close: bool,
}

impl Meta {
    pub fn because(&mut self, reason: impl FnOnce() -> String) {
        if self.reason.is_none() {
            self.reason = Some(reason());
        }
    }
}

/// Whether a file that is read back has been written to in the meantime.
#[derive(Debug, Clone, Default)]
pub struct Version {
    /// A count that grows with each chunk.
    pub writes: Arc<AtomicU64>,
    /// No copy of the file is under way.
    pub idle: Arc<AtomicBool>,
}

impl Version {
    /// No copy of the file is under way.
    pub fn is_idle(&self) -> bool {
        self.idle.load(Ordering::Acquire)
    }
}

/// A job.
pub enum Job {
    /// Store an executed file.
    Exec { meta: Meta, file: Executed },
    /// An artefact of a written file is complete for now.
    Finish {
        meta: Meta,
        name: String,
        cut: Option<Cut>,
        version: Version,
    },
    /// A written file is copied as it is.
    ReadBack {
        meta: Meta,
        name: String,
        file: File,
        version: Version,
    },
    /// Memory, of which these parts must still be read from the process itself.
    Memory {
        meta: Meta,
        artefact: Artefact,
        pid: u32,
        missing: Vec<(u64, u64)>,
        file: Option<(File, u64)>,
        /// Whether it has been read before, and is stored only if it has changed.
        again: bool,
    },
    /// Nothing could be stored; only the list has a line.
    Report(Meta),
}

/// An executed file, by what shows whether somebody has written to it since, where its times do not.
pub enum Executed {
    /// Nobody could write to it before it was watched.
    Held(Held),
    /// It may have been written to before it was watched.
    Late(Held),
    /// Nobody can write to it while a process runs it.
    Running(File, Process),
    /// Nothing shows it.
    Unwatched(File),
}

impl Executed {
    pub fn file(&self) -> &File {
        match self {
            Executed::Held(held) | Executed::Late(held) => &held.file,
            Executed::Running(file, _) | Executed::Unwatched(file) => file,
        }
    }

    pub fn may_have_been_written(&self) -> bool {
        match self {
            Executed::Held(held) => held.may_have_been_written(),
            Executed::Late(_) => true,
            Executed::Running(file, process) => !process.runs(file),
            Executed::Unwatched(_) => false,
        }
    }
}
