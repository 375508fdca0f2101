//! The end of the corridor, for events from rings and from recordings: filtered, recorded, written.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use crate::catalogue::special;
use crate::clock::Timeline;
use crate::decode::event::Event;
use crate::error::OutputError;
use crate::filter::matcher::Matcher;
use crate::loader::loss::Loss;
use crate::output::Outputs;
use crate::recording::write::Recorder;
use crate::signals::Stop;
use crate::totals::Totals;
use crate::wire::RECORD_INTERNAL;

/// Where events end.
pub struct Sink {
    outputs: Outputs,
    recorder: Option<Recorder>,
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
            matcher,
            exec_env,
            stop,
            written: 0,
            events_max: u64::MAX,
        }
    }

    /// Where outputs go: a pipe shows there that its reader has gone.
    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.outputs
            .fds()
            .chain(self.recorder.as_ref().and_then(Recorder::fd))
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
            ..
        } = self;
        stop.writing(|| {
            if let Some(recorder) = recorder {
                recorder.event(record, event)?;
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
