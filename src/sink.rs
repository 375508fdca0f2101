//! What happens to a record after its ring: decoded, enriched, filtered, written.

use std::os::fd::BorrowedFd;

use crate::catalogue::special;
use crate::clock::{Change, Timeline};
use crate::decode::event::{Arg, Context, Event, Value};
use crate::decode::{DecodeError, Room};
use crate::enrich::container::{Containers, Verdict};
use crate::enrich::process::Processes;
use crate::error::{Error, OutputError};
use crate::filter::matcher::Matcher;
use crate::loader::containers::Found;
use crate::loader::loss::Loss;
use crate::loader::probe::Sources;
use crate::loader::KernelSide;
use crate::output::Outputs;
use crate::say;
use crate::signals::Stop;
use crate::wire::{arg, RECORD_INTERNAL};

/// The part of the corridor behind the rings.
pub struct Sink {
    room: Room,
    outputs: Outputs,
    /// `None` unless an output shows executables.
    processes: Option<Processes>,
    /// `None` unless it matters which container a process is in.
    containers: Option<Containers>,
    sources: Sources,
    /// The part of `--filter` that the kernel side does not decide.
    matcher: Matcher,
    exec_env: bool,
    stop: Stop,
    written: u64,
    events_max: u64,
    malformed: u64,
}

/// What a sink reports at the end.
pub struct Summary {
    /// Events that were shown.
    pub written: u64,
    /// Records that could not be decoded.
    pub malformed: u64,
    /// Events may have been lost that would not have passed the filters, which look at them here.
    pub filtered_late: bool,
    /// Processes whose executables were not remembered.
    pub unremembered: u64,
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

impl Sink {
    /// `processes`: executables are shown; `containers`: it matters which container a process is in; `exec_env`: so is the
    /// environment of executed programs.
    pub fn new(
        outputs: Outputs,
        processes: Option<Processes>,
        containers: Option<Containers>,
        sources: Sources,
        matcher: Matcher,
        exec_env: bool,
        stop: Stop,
    ) -> Sink {
        Sink {
            room: Room::default(),
            outputs,
            processes,
            containers,
            sources,
            matcher,
            exec_env,
            stop,
            written: 0,
            events_max: u64::MAX,
            malformed: 0,
        }
    }

    /// Becomes readable when held records may be shown.
    pub fn answered(&self) -> Option<BorrowedFd<'_>> {
        self.containers.as_ref().and_then(Containers::answered)
    }

    /// Where outputs go: a pipe shows there that its reader has gone.
    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.outputs.fds()
    }

    /// Sets when tracing began, in ns since boot.
    pub fn begin(&mut self, at: u64) {
        self.outputs.begin(at);
    }

    /// Events shown from now on have stamps of this clock.
    pub fn set_clock(&mut self, clock: Timeline) {
        self.outputs.clock = clock;
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
            written: self.written,
            malformed: self.malformed,
            filtered_late: !self.matcher.is_empty(),
            unremembered: self
                .processes
                .as_ref()
                .map_or(0, |processes| processes.unremembered),
            nameless: self
                .containers
                .as_ref()
                .map_or(0, |containers| containers.nameless),
        }
    }

    pub fn record(&mut self, record: &[u8], kernel: &KernelSide) -> Result<(), OutputError> {
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
            return self.show(event, Verdict::Show(None));
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
            verdict => self.show(event, verdict),
        }
    }

    fn show(&mut self, mut event: Event<'_>, verdict: Verdict) -> Result<(), OutputError> {
        if let Some(processes) = &mut self.processes {
            processes.enrich(&mut event);
        }
        let internal = event.context.flags & RECORD_INTERNAL != 0;
        let container = match verdict {
            Verdict::Show(container) if !internal => container,
            _ => {
                self.room.take_back(event);
                return Ok(());
            }
        };
        // From here on it may borrow from its container.
        let mut event = event;
        if let Some(containers) = &self.containers {
            containers.complete(&mut event, container.as_deref());
        }
        event.container.clone_from(&container);
        let written = match self.matcher.passes(&event) {
            true => {
                event.source = self.sources.of(event.spec.id, event.context.syscall);
                if !self.exec_env {
                    event.args.retain(|arg| arg.spec.name != special::ENVP);
                }
                self.write(&event)
            }
            false => Ok(()),
        };
        self.room.take_back(event);
        written
    }

    /// Shows records that need not be held any longer, and tells the kernel side which containers the user wants;
    /// `all`: no record may be held any longer. Returns whether records are still held.
    pub fn release(&mut self, kernel: &KernelSide, all: bool) -> Result<bool, Error> {
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
                self.show(event, verdict)?;
            }
        }
        Ok(self.containers.as_ref().is_some_and(Containers::holds))
    }

    /// Reports a change of the clock in the stream: later events have other stamps.
    pub fn clock(&mut self, change: &Change, pid: u32) -> Result<(), OutputError> {
        let spec = special::CLOCK_CHANGED;
        let number = |position, raw| Arg::own(spec, position, raw, Value::Number);
        let args = vec![
            number(arg::CLOCK_CHANGED_BEFORE, change.before),
            number(arg::CLOCK_CHANGED_AFTER, change.after),
            number(
                arg::CLOCK_CHANGED_DIFFERENCE,
                change.after.wrapping_sub(change.before),
            ),
            number(arg::CLOCK_CHANGED_UNCHANGED_UNTIL, change.unchanged_until),
        ];
        let event = Event::new(spec, Context::own(spec, change.time, pid), args);
        match self.matcher.arguments_pass(&event) {
            true => self.write(&event),
            false => Ok(()),
        }
    }

    /// Reports losses in the stream.
    pub fn loss(&mut self, loss: &Loss, time: u64, pid: u32) -> Result<(), OutputError> {
        let spec = special::LOST_EVENTS;
        let number = |position, raw| Arg::own(spec, position, raw, Value::Number);
        let buffer = Value::Str(loss.buffer.as_bytes());
        let args = vec![
            number(arg::LOST_EVENTS_COUNT, loss.count),
            Arg::own(spec, arg::LOST_EVENTS_BUFFER, 0, buffer),
            number(arg::LOST_EVENTS_FIRST_TIMESTAMP, loss.first),
            number(arg::LOST_EVENTS_LAST_TIMESTAMP, loss.last),
        ];
        let event = Event::new(spec, Context::own(spec, time, pid), args);
        match self.matcher.arguments_pass(&event) {
            true => self.write(&event),
            false => Ok(()),
        }
    }

    /// Shows at most so many events.
    pub fn limit(&mut self, events_max: Option<u64>) {
        self.events_max = events_max.unwrap_or(u64::MAX);
    }

    /// Whether no more are shown.
    pub fn is_full(&self) -> bool {
        self.written >= self.events_max
    }

    pub fn write(&mut self, event: &Event<'_>) -> Result<(), OutputError> {
        if self.is_full() {
            return Ok(());
        }
        self.stop.writing(|| self.outputs.event(event))?;
        self.written += 1;
        Ok(())
    }

    pub fn flush(&mut self) -> Result<(), OutputError> {
        self.stop.writing(|| self.outputs.flush())
    }

    /// Writes what is shown when all events have been.
    ///
    /// `lost`: how many records of which events were lost.
    pub fn finish(&mut self, lost: &[(&'static str, u64)]) -> Result<(), OutputError> {
        self.stop.writing(|| self.outputs.finish(lost))
    }
}
