//! What the collector has the keeper do.

use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;

use super::process::Process;
use super::record::Identity;
use super::sightings::Held;
use super::store::{Artefact, Cut};
use crate::decode::event::Context;
use crate::decode::path::Marks;

/// To the keeper.
pub type Jobs = crossbeam_channel::Sender<Job>;

/// Part of an address space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    pub addr: u64,
    pub len: u64,
    /// Name of the alert.
    pub alert: &'static str,
}

/// What is known of an artefact besides its bytes.
#[derive(Debug, Clone)]
pub struct Meta {
    /// `write`, `exec`, `mem`
    pub kind: &'static str,
    pub who: Context,
    /// Folder of its container.
    pub container: String,
    /// Of the file, as the kernel walked it.
    pub path: Vec<u8>,
    /// Of the path.
    pub marks: Marks,
    pub file: Identity,
    /// Of memory.
    pub area: Option<Area>,
    /// What an executed file was: `program`, `script`, `loader`; how memory came: `kernel`, `process`.
    pub role: &'static str,
    /// Why it may not be complete; the first reason.
    pub reason: Option<String>,
    /// Its content is what the file had at its close.
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
    /// Grows with each chunk.
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

/// What there is to do.
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
    /// Memory, of which these parts are still to be had from the process itself.
    Memory {
        meta: Meta,
        artefact: Artefact,
        pid: u32,
        missing: Vec<(u64, u64)>,
        file: Option<(File, u64)>,
        /// It has been looked at before, and is of interest only if it has changed.
        again: bool,
    },
    /// Nothing could be stored.
    Tell(Meta),
}

/// An executed file, by how it is known whether somebody has written to it since, where its times cannot tell.
pub enum Executed {
    /// Nobody could write to it up to the moment from which on it is watched.
    Held(Held),
    /// It may have been written to before it was watched.
    Late(Held),
    /// Nobody can write to it while a process runs it.
    Running(File, Process),
    /// Nothing tells.
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
