//! What happens to a record after its ring: decoded, held until the name of its container is known, completed by what
//! user space knows of its process, and passed on to the sink.

use std::os::fd::BorrowedFd;

use crate::catalogue;
use crate::decode::event::{Context, Event};
use crate::decode::{DecodeError, Room};
use crate::enrich::container::{Containers, Verdict};
use crate::error::{Error, OutputError};
use crate::loader::containers::Found;
use crate::loader::probe::Sources;
use crate::loader::KernelSide;
use crate::process::Processes;
use crate::recording::facts::Known;
use crate::say;
use crate::sink::Sink;
use crate::wire::RECORD_NOT_CARRIED_OUT;

/// The part of the corridor between the rings and the sink.
pub struct Intake {
    room: Room,
    /// `None` unless an output shows more of processes than records do.
    processes: Option<Processes>,
    /// `None` unless it matters which container a process is in.
    containers: Option<Containers>,
    sources: Sources,
    malformed: u64,
}

/// What an intake reports at the end.
pub struct Summary {
    /// Records that could not be decoded.
    pub malformed: u64,
    /// Processes that were not remembered, or not all of them.
    pub unremembered: u64,
    /// Processes that were forgotten soon after their end.
    pub forgotten: u64,
    /// Containers whose names were not known in time.
    pub nameless: u64,
}

/// Decodes a record. Marks a call as not carried out only where that is certain.
fn decode<'a>(room: &mut Room, record: &'a [u8], kernel: &KernelSide) -> Result<Event<'a>, DecodeError> {
    let mut event = room.decode(record)?;
    if event.carried_out() == Some(false) && kernel.marks_are_doubtful(event.context.time) {
        event.doubt();
    }
    Ok(event)
}

impl Intake {
    /// `processes`: more of them is shown than records say; `containers`: it matters which container a process is in.
    pub fn new(processes: Option<Processes>, containers: Option<Containers>, sources: Sources) -> Intake {
        Intake {
            room: Room::default(),
            processes,
            containers,
            sources,
            malformed: 0,
        }
    }

    /// Becomes readable when held records may be shown.
    pub fn answered(&self) -> Option<BorrowedFd<'_>> {
        self.containers.as_ref().and_then(Containers::answered)
    }

    /// Adds containers that existed before tracing began. Returns false where they do not matter.
    pub fn add_containers(&mut self, found: &[Found]) -> bool {
        let Some(containers) = &mut self.containers else {
            return false;
        };
        found.iter().for_each(|found| containers.add(found));
        true
    }

    pub fn summary(&self) -> Summary {
        Summary {
            malformed: self.malformed,
            unremembered: self.processes.as_ref().map_or(0, Processes::unremembered),
            forgotten: self.processes.as_ref().map_or(0, Processes::forgotten),
            nameless: self
                .containers
                .as_ref()
                .map_or(0, |containers| containers.nameless),
        }
    }

    /// Takes a record of the kernel side.
    pub fn record(&mut self, record: &[u8], kernel: &KernelSide, sink: &mut Sink) -> Result<(), OutputError> {
        if sink.only_records() {
            if let Some(passed) = self.pass_plain(record, sink) {
                return passed;
            }
        }
        let event = match decode(&mut self.room, record, kernel) {
            Ok(event) => event,
            Err(error) => {
                if self.malformed == 0 {
                    say!("warning: {error}");
                }
                self.malformed += 1;
                return Ok(());
            }
        };
        let Some(containers) = &mut self.containers else {
            return self.pass(record, event, Verdict::Show(None), sink);
        };
        let key = event.context.container;
        if !containers.knows(key) {
            // The record of its beginning was lost.
            if let Ok(Some(found)) = kernel.container(key) {
                containers.add(&found);
            }
        }
        match containers.meet(&event, record) {
            Verdict::Held => Ok(()),
            verdict => self.pass(record, event, verdict, sink),
        }
    }

    /// Passes a record on without decoding it; `None` where somebody has to learn from it, or to decide.
    fn pass_plain(&mut self, record: &[u8], sink: &mut Sink) -> Option<Result<(), OutputError>> {
        let mut context = Context::default();
        plain::copy_from_bytes(&mut context, record).ok()?;
        let event = catalogue::by_id(context.event)?;
        if event.columns.life.is_some() || context.flags & RECORD_NOT_CARRIED_OUT != 0 {
            return None;
        }
        let container = match &self.containers {
            Some(containers) => containers.plain(context.container)?,
            None => None,
        };
        let process = self
            .processes
            .as_mut()
            .map(|processes| processes.known(&context))
            .unwrap_or_default();
        let known = Known {
            process: process.process.as_ref(),
            ancestors: process.ancestors.as_ref(),
            container,
        };
        Some(sink.record(record, &context, known))
    }

    fn pass(
        &mut self,
        record: &[u8],
        mut event: Event<'_>,
        verdict: Verdict,
        sink: &mut Sink,
    ) -> Result<(), OutputError> {
        if let Some(processes) = &mut self.processes {
            processes.enrich(&mut event);
        }
        let Verdict::Show(container) = verdict else {
            self.room.take_back(event);
            return Ok(());
        };
        // From here on it may borrow from its container.
        let mut event = event;
        if let Some(container) = &container {
            event.complete(container);
        }
        event.container.clone_from(&container);
        event.source = self.sources.of(event.spec.id, event.context.syscall);
        let passed = sink.event(record, &mut event);
        self.room.take_back(event);
        passed
    }

    /// Passes on records that need not be held any longer, and tells the kernel side which containers the user wants;
    /// `all`: no record may be held any longer. Returns whether records are still held.
    pub fn release(&mut self, kernel: &KernelSide, all: bool, sink: &mut Sink) -> Result<bool, Error> {
        let Some(containers) = &mut self.containers else {
            return Ok(false);
        };
        let decided = if all {
            containers.await_answers()
        } else {
            containers.take_answers()
        };
        for (key, wanted) in decided {
            kernel.set_listed(key, wanted)?;
        }
        for (record, verdict) in containers.released() {
            if let Ok(event) = decode(&mut self.room, &record, kernel) {
                self.pass(&record, event, verdict, sink)?;
            }
        }
        Ok(self.containers.as_ref().is_some_and(Containers::holds))
    }
}
