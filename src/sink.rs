//! What happens to a record after its ring: decoded, enriched, filtered, written.

use crate::catalogue;
use crate::clock::Change;
use crate::decode::event::{Arg, Context, Event, Value};
use crate::decode::{self, DecodeError, RECORD_INTERNAL};
use crate::enrich::container::{Containers, Verdict};
use crate::enrich::process::Processes;
use crate::error::{Error, OutputError};
use crate::filter::matcher::Matcher;
use crate::loader::loss::Loss;
use crate::loader::probe::Sources;
use crate::loader::KernelSide;
use crate::output::Outputs;
use crate::say;
use crate::signals::Stop;

pub const CLOCK_CHANGED: &str = "clock_changed";

/// What happens to a record after its ring.
pub struct Sink {
    pub outputs: Outputs,
    /// Only where an output shows executables.
    pub processes: Option<Processes>,
    /// Only where it matters which container a process is in.
    pub containers: Option<Containers>,
    pub sources: Sources,
    /// What of `--filter` the kernel side has not decided.
    pub matcher: Matcher,
    /// It has anything to decide.
    pub filtered_late: bool,
    pub exec_env: bool,
    pub stop: Stop,
    pub written: u64,
    pub malformed: u64,
}

/// Decodes a record, and says that a call was not carried out only where that is sure.
fn decode<'a>(record: &'a [u8], tracer: &KernelSide) -> Result<Event<'a>, DecodeError> {
    let mut event = decode::decode(record)?;
    if event.carried_out() == Some(false) && tracer.marks_are_doubtful(event.context.time) {
        event.doubt();
    }
    Ok(event)
}

impl Sink {
    pub fn record(&mut self, record: &[u8], tracer: &KernelSide) -> Result<(), OutputError> {
        let event = match decode(record, tracer) {
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
            // Its beginning was lost.
            if let Ok(Some(found)) = tracer.container(key) {
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
        let Verdict::Show(container) = verdict else {
            return Ok(());
        };
        if event.context.flags & RECORD_INTERNAL != 0 {
            return Ok(());
        }
        let mut event = event;
        if let Some(containers) = &self.containers {
            containers.complete(&mut event, container.as_deref());
        }
        event.container.clone_from(&container);
        if !self.matcher.passes(&event) {
            return Ok(());
        }
        event.source = self.sources.of(event.spec.id, event.context.syscall);
        if !self.exec_env {
            event.args.retain(|arg| arg.spec.name != "envp");
        }
        self.write(&event)
    }

    /// Shows what was held and need be no longer, and tells the kernel side which containers the user wants; `all`: nothing
    /// may be held any more. Whether something still is.
    pub fn release(&mut self, tracer: &KernelSide, all: bool) -> Result<bool, Error> {
        let Some(containers) = &mut self.containers else {
            return Ok(false);
        };
        let decided = if all {
            containers.await_answers()
        } else {
            containers.take_answers()
        };
        for (key, wanted) in decided {
            tracer.set_listed(key, wanted)?;
        }
        for (record, verdict) in containers.released() {
            if let Ok(event) = decode(&record, tracer) {
                self.show(event, verdict)?;
            }
        }
        Ok(self.containers.as_ref().is_some_and(Containers::holds))
    }

    /// So is a new time: what comes later has other stamps.
    pub fn clock(&mut self, change: &Change, pid: u32) -> Result<(), OutputError> {
        let spec = catalogue::expect(CLOCK_CHANGED);
        let number = |index: usize, raw| Arg::new(&spec.args[index], raw, Value::Number);
        let args = [
            number(0, change.before),
            number(1, change.after),
            number(2, change.after.wrapping_sub(change.before)),
            number(3, change.unchanged_until),
        ]
        .into_iter()
        .collect();
        let event = Event::new(spec, Context::own(spec, change.time, pid), args);
        match self.matcher.arguments_pass(&event) {
            true => self.write(&event),
            false => Ok(()),
        }
    }

    /// Losses are told in the stream, too.
    pub fn loss(&mut self, loss: &Loss, time: u64, pid: u32) -> Result<(), OutputError> {
        let spec = catalogue::expect("lost_events");
        let number = |index: usize, raw| Arg::new(&spec.args[index], raw, Value::Number);
        let context = Context::own(spec, time, pid);
        let buffer = Arg::new(&spec.args[1], 0, Value::Str(loss.buffer.as_bytes()));
        let args = [
            number(0, loss.count),
            buffer,
            number(2, loss.first),
            number(3, loss.last),
        ]
        .into_iter()
        .collect();
        let event = Event::new(spec, context, args);
        match self.matcher.arguments_pass(&event) {
            true => self.write(&event),
            false => Ok(()),
        }
    }

    pub fn write(&mut self, event: &Event<'_>) -> Result<(), OutputError> {
        self.stop.writing(|| self.outputs.event(event))?;
        self.written += 1;
        Ok(())
    }

    pub fn flush(&mut self) -> Result<(), OutputError> {
        self.stop.writing(|| self.outputs.flush())
    }
}
