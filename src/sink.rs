//! The end of the corridor, for events from rings and from recordings: filtered, recorded, written.

use std::collections::BTreeSet;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use crate::catalogue::{special, EventId, EventSpec};
use crate::clock::Timeline;
use crate::decode::event::{Context, Event};
use crate::error::OutputError;
use crate::filter::compile::whole;
use crate::filter::matcher::Matcher;
use crate::filter::Filters;
use crate::loader::loss::Loss;
use crate::output::Outputs;
use crate::recording::facts::Known;
use crate::recording::write::Recorder;
use crate::signals::Stop;
use crate::totals::Totals;
use crate::wire::RECORD_INTERNAL;

/// What a flight recorder waits for.
#[derive(Default)]
pub struct Trigger {
    /// `--when`: an event that passes.
    pub when: Option<When>,
}

/// `--when`: what an event must be like.
pub struct When {
    /// Which events it can be: where conditions are on arguments or results of some, those that have them.
    events: Vec<EventId>,
    matcher: Matcher,
}

impl When {
    /// By these filters, which are of these events. `pid_ns`: as for [`whole`].
    pub fn new(filters: &Filters, events: &[&'static EventSpec], pid_ns: Option<u32>) -> When {
        let named: BTreeSet<_> = filters.named().collect();
        let can = |id: &EventId| !filters.impossible.contains(id) && (named.is_empty() || named.contains(id));
        When {
            events: events.iter().map(|event| event.id).filter(can).collect(),
            matcher: whole(filters, events, pid_ns),
        }
    }

    fn is_met(&mut self, event: &Event<'_>) -> bool {
        self.events.contains(&event.spec.id) && self.matcher.passes(event)
    }
}

impl Trigger {
    /// Whether this is such an event: an alert, or what the user has described.
    fn is_met(&mut self, event: &Event<'_>) -> bool {
        const ALERTS: [&EventSpec; 2] = [special::MEM_PROT_ALERT, special::ARGUMENT_MISMATCH];
        let alert = ALERTS.iter().any(|alert| alert.id == event.spec.id);
        alert || self.when.as_mut().is_some_and(|when| when.is_met(event))
    }
}

/// Where events end.
pub struct Sink {
    outputs: Outputs,
    recorder: Option<Recorder>,
    /// `None` unless the recorder waits for something.
    trigger: Option<Trigger>,
    /// The part of `--filter` that is decided here.
    matcher: Matcher,
    exec_env: bool,
    stop: Stop,
    written: u64,
    events_max: u64,
}

impl Sink {
    /// `exec_env`: the environment of executed programs is shown.
    pub fn new(
        outputs: Outputs,
        recorder: Option<Recorder>,
        matcher: Matcher,
        exec_env: bool,
        stop: Stop,
    ) -> Sink {
        Sink {
            outputs,
            recorder,
            trigger: None,
            matcher,
            exec_env,
            stop,
            written: 0,
            events_max: u64::MAX,
        }
    }

    /// Where outputs go: a pipe shows there that its reader has gone.
    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.outputs.fds().chain(self.recorder.as_ref().map(Recorder::fd))
    }

    /// The recorder waits for this.
    pub fn wait_for(&mut self, trigger: Trigger) {
        self.trigger = Some(trigger);
    }

    /// The user says that what the recorder waits for has happened.
    pub fn trigger(&mut self) -> Result<(), OutputError> {
        match &mut self.recorder {
            Some(recorder) => self.stop.writing(|| recorder.trigger()),
            None => Ok(()),
        }
    }

    /// Sets when tracing began, in ns since boot.
    pub fn begin(&mut self, at: u64) -> Result<(), OutputError> {
        self.outputs.begin(at);
        match &mut self.recorder {
            Some(recorder) => self.stop.writing(|| recorder.begin(at)),
            None => Ok(()),
        }
    }

    /// Events shown from now on have stamps of this clock.
    pub fn set_clock(&mut self, clock: &Timeline) {
        self.outputs.clock.clone_from(clock);
        if let Some(recorder) = &mut self.recorder {
            recorder.set_clock(clock);
        }
    }

    /// The clock of the events that are shown.
    pub fn clock(&self) -> &Timeline {
        &self.outputs.clock
    }

    /// How many events were shown or recorded.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Whether filters look at events here: some of those that were lost might not have passed.
    pub fn filters(&self) -> bool {
        !self.matcher.is_empty()
    }

    /// Whether records alone are wanted: nobody looks at what they say.
    pub fn only_records(&self) -> bool {
        self.recorder.is_some()
            && self.outputs.is_empty()
            && self.matcher.is_empty()
            && self.trigger.is_none()
    }

    /// Takes a record that nobody has to look at.
    pub fn record(&mut self, record: &[u8], context: &Context, known: Known<'_>) -> Result<(), OutputError> {
        let internal = context.flags & RECORD_INTERNAL != 0;
        if self.is_full() && !internal {
            return Ok(());
        }
        if let Some(recorder) = &mut self.recorder {
            self.stop.writing(|| recorder.record(record, context, known))?;
        }
        self.written += u64::from(!internal);
        Ok(())
    }

    /// Takes an event, with the record that it was decoded from.
    pub fn event(&mut self, record: &[u8], event: &mut Event<'_>) -> Result<(), OutputError> {
        if event.context.flags & RECORD_INTERNAL != 0 {
            return match &mut self.recorder {
                Some(recorder) => self.stop.writing(|| recorder.event(record, event)),
                None => Ok(()),
            };
        }
        if !self.matcher.passes(event) {
            return Ok(());
        }
        if !self.exec_env {
            event.args.retain(|arg| arg.spec.name != special::ENVP);
        }
        self.write(record, event)
    }

    /// Takes an event that tracee reports by itself, if it passes the filters of arguments.
    pub fn own(&mut self, event: &Event<'_>) -> Result<(), OutputError> {
        match self.matcher.arguments_pass(event) {
            true => self.report(event),
            false => Ok(()),
        }
    }

    /// Takes an event that tracee reports by itself, whatever the filters are.
    pub fn report(&mut self, event: &Event<'_>) -> Result<(), OutputError> {
        let record = match self.recorder {
            Some(_) => crate::decode::encode::record(event),
            None => Vec::new(),
        };
        self.write(&record, event)
    }

    fn write(&mut self, record: &[u8], event: &Event<'_>) -> Result<(), OutputError> {
        if self.is_full() {
            return Ok(());
        }
        let Sink {
            stop,
            outputs,
            recorder,
            trigger,
            ..
        } = self;
        let met = trigger.as_mut().is_some_and(|trigger| trigger.is_met(event));
        stop.writing(|| {
            if let Some(recorder) = recorder {
                recorder.event(record, event)?;
                if met {
                    recorder.trigger()?;
                }
            }
            outputs.event(event)
        })?;
        self.written += 1;
        Ok(())
    }

    /// Events were lost before they came here. A recording says so where it was noticed.
    pub fn lose(&mut self, loss: &Loss) {
        if let Some(recorder) = self.recorder.as_mut().filter(|_| loss.is_of_events()) {
            recorder.lose(loss.count);
        }
    }

    /// Takes at most so many events.
    pub fn limit(&mut self, events_max: Option<u64>) {
        self.events_max = events_max.unwrap_or(u64::MAX);
    }

    /// Whether no more are taken.
    pub fn is_full(&self) -> bool {
        self.written >= self.events_max
    }

    /// Writes what has gathered. Of a recording that is what has waited long enough.
    pub fn flush(&mut self) -> Result<(), OutputError> {
        let Sink {
            stop,
            outputs,
            recorder,
            ..
        } = self;
        stop.writing(|| {
            outputs.flush()?;
            recorder
                .as_mut()
                .map_or(Ok(()), |recorder| recorder.flush(Instant::now()))
        })
    }

    /// After this time [`Self::flush`] has something to write, though no event comes.
    pub fn due(&self) -> Option<Duration> {
        self.recorder
            .as_ref()
            .and_then(|recorder| recorder.due(Instant::now()))
    }

    /// Writes what is shown when all events have been.
    pub fn finish(&mut self, totals: &Totals) -> Result<(), OutputError> {
        let Sink {
            stop,
            outputs,
            recorder,
            ..
        } = self;
        stop.writing(|| {
            if let Some(recorder) = recorder {
                recorder.finish(totals)?;
            }
            outputs.finish(&totals.by_event())
        })
    }
}
