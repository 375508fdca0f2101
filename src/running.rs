//! A run under way: reads the rings until it is stopped, and reports totals.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::capture::kept::Kept;
use crate::capture::Capture;
use crate::catalogue::{special, EventSpec};
use crate::clock::WallClock;
use crate::command::Command;
use crate::decode::event::Context;
use crate::enrich::existing;
use crate::error::{Error, OutputError};
use crate::intake::Intake;
use crate::loader::loss::{self, LossMeter};
use crate::loader::KernelSide;
use crate::own;
use crate::ring::Rings;
use crate::say;
use crate::scope::Following;
use crate::signals::{Phase, Stop};
use crate::sink::Sink;
use crate::totals::Totals;

/// Events of the main loop: an output's reader has gone; a process that the user named has ended.
const READER: u64 = 1;
const NAMED: u64 = 2;

/// A time to wait, in whole milliseconds: rounded up, so that it is over then.
fn timeout(wait: Duration) -> EpollTimeout {
    let milliseconds = wait.as_nanos().div_ceil(1_000_000);
    EpollTimeout::try_from(i32::try_from(milliseconds).unwrap_or(i32::MAX)).unwrap_or(EpollTimeout::MAX)
}

/// What is captured during a run.
struct Capturing {
    /// `None` once it has been finished.
    capture: Option<Capture>,
    kept: Kept,
}

/// Which of the events that tracee reports by itself the user sees.
struct Reported {
    losses: bool,
    clock: bool,
    artifacts: bool,
}

/// A run under way: tracing has begun.
pub struct Running {
    kernel: KernelSide,
    rings: Rings,
    intake: Intake,
    sink: Sink,
    clock: WallClock,
    stop: Stop,
    command: Option<Command>,
    /// Processes that the user named, in order to notice when they end.
    named: Option<Vec<OwnedFd>>,
    /// When the run ends by itself.
    until: Option<Instant>,
    /// Whether totals are left out, unless something was lost.
    quiet: bool,
    /// Only with `--capture`.
    capturing: Option<Capturing>,
    events: Vec<&'static EventSpec>,
    reported: Reported,
    losses: LossMeter,
}

impl Running {
    /// `capture`: the capture under way, and the folder that it fills. `events`: those that the user sees.
    pub fn new(
        kernel: KernelSide,
        rings: Rings,
        (intake, sink): (Intake, Sink),
        clock: WallClock,
        stop: Stop,
        capture: Option<(Capture, &Path)>,
        events: Vec<&'static EventSpec>,
    ) -> Running {
        let shows = |wanted: &EventSpec| events.iter().any(|event| event.id == wanted.id);
        Running {
            reported: Reported {
                losses: shows(special::LOST_EVENTS),
                clock: shows(special::CLOCK_CHANGED),
                artifacts: shows(special::ARTIFACT_CAPTURED),
            },
            capturing: capture.map(|(capture, folder)| Capturing {
                capture: Some(capture),
                kept: Kept::new(folder),
            }),
            kernel,
            rings,
            intake,
            sink,
            clock,
            stop,
            command: None,
            named: None,
            until: None,
            quiet: false,
            events,
            losses: LossMeter::default(),
        }
    }

    /// Starts the command, which waits until now.
    pub fn start(&mut self, mut command: Command) -> Result<(), Error> {
        command.start()?;
        self.command = Some(command);
        Ok(())
    }

    /// Ends the run with these processes, and with their children that are traced.
    pub fn end_with(&mut self, named: Vec<OwnedFd>) {
        self.named = Some(named);
    }

    /// Ends the run at this moment.
    pub fn end_at(&mut self, until: Instant) {
        self.until = Some(until);
    }

    /// Leaves totals out, unless something was lost.
    pub fn be_quiet(&mut self) {
        self.quiet = true;
    }

    /// Traces until a signal, or until the command, or the processes that the user named, and all their traced descendants
    /// are gone; then writes what is left. Returns the exit status: the command's, or 0.
    pub fn trace(mut self) -> Result<u8, Error> {
        let ended = self.until_stopped();
        if ended.is_err() {
            // After an error, too, what has been captured is stored.
            self.kernel.detach();
            self.reported.artifacts = false;
            let _ = self.finish_capture();
        }
        let ended = ended.and_then(|()| self.finish_outputs());
        self.report_totals()?;
        match ended {
            Ok(()) | Err(Error::Output(OutputError::Closed)) => {
                Ok(self.command.and_then(|mut command| command.status()).unwrap_or(0))
            }
            Err(error) => Err(error),
        }
    }

    fn until_stopped(&mut self) -> Result<(), Error> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(Error::system("epoll"))?;
        let readable = EpollEvent::new(EpollFlags::EPOLLIN, 0);
        let watched = [self.stop.fd(), self.clock.changed()]
            .into_iter()
            .chain(self.intake.answered())
            .chain(self.capture().map(Capture::fd));
        for fd in watched {
            epoll.add(fd, readable).map_err(Error::system("epoll"))?;
        }
        // Rings stay readable as long as records wait in them.
        let woken = EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLET, 0);
        for fd in self.rings.fds() {
            epoll.add(fd, woken).map_err(Error::system("epoll"))?;
        }
        // A reader that goes is noticed at once, not only with the next event. An output that cannot be watched has no
        // reader.
        let gone = EpollEvent::new(EpollFlags::EPOLLERR, READER);
        for fd in self.sink.fds() {
            let _ = epoll.add(fd, gone);
        }
        // Each is reported once.
        let ended = EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLONESHOT, NAMED);
        for process in self.named.iter().flatten() {
            epoll.add(process, ended).map_err(Error::system("epoll"))?;
        }
        let mut named_running = self.named.as_ref().map_or(0, Vec::len);
        let mut ready = [EpollEvent::empty(); 16];
        let mut active = true;
        loop {
            let left = self
                .until
                .map(|until| until.saturating_duration_since(Instant::now()));
            let again = active.then(|| self.rings.look_again());
            let wait = again.into_iter().chain(left).chain(self.sink.due()).min();
            let timeout = wait.map_or(EpollTimeout::NONE, timeout);
            let woken = match epoll.wait(&mut ready, timeout) {
                Ok(woken) => woken,
                Err(nix::errno::Errno::EINTR) => 0,
                Err(errno) => return Err(Error::system("epoll")(errno)),
            };
            if ready[..woken].iter().any(|event| event.data() == READER) {
                return Err(OutputError::Closed.into());
            }
            named_running -= ready[..woken]
                .iter()
                .filter(|event| event.data() == NAMED)
                .count();
            self.stop.clear();
            let now = self.kernel.now();
            active = self.round(Some(now))?;
            if self.stop.take_mark() {
                self.sink.trigger()?;
            }
            let over = self.until.is_some_and(|until| until <= Instant::now());
            if self.stop.asked() || over || self.sink.is_full() {
                break;
            }
            let ended = match &mut self.command {
                Some(command) => command.status().is_some(),
                None => self.named.is_some() && named_running == 0,
            };
            if ended {
                match self.kernel.following()? {
                    Following::Running => {}
                    Following::Ending => active = true,
                    Following::Ended => break,
                }
            }
        }
        self.kernel.detach();
        while self.round(None)? {
            self.intake.release(&self.kernel, true, &mut self.sink)?;
        }
        if self.stop.take_mark() {
            self.sink.trigger()?;
        }
        self.finish_capture()
    }

    /// Asks for names of containers that existed before tracing began; `report`: reports them as events.
    pub fn meet_existing_containers(&mut self, report: bool) -> Result<(), Error> {
        let found = self.kernel.existing_containers()?;
        if !self.intake.add_containers(&found) || !report {
            return Ok(());
        }
        let spec = special::EXISTING_CONTAINER;
        let paths = existing::cgroup_paths(&found);
        for found in &found {
            let context = Context::own(spec, self.kernel.now(), self.kernel.self_pid());
            let record = existing::record(context, found, paths.get(&found.key));
            self.intake.record(&record, &self.kernel, &mut self.sink)?;
        }
        Ok(())
    }

    fn capture(&self) -> Option<&Capture> {
        self.capturing.as_ref()?.capture.as_ref()
    }

    /// Reports artefacts that have been stored since the last round.
    fn artifacts(&mut self) -> Result<(), OutputError> {
        let Some(capturing) = &mut self.capturing else {
            return Ok(());
        };
        let (now, pid) = (self.kernel.now(), self.kernel.self_pid());
        for captured in capturing.capture.iter().flat_map(Capture::results) {
            capturing.kept.count(&captured);
            if self.reported.artifacts {
                self.sink.report(&captured.event(now, pid))?;
            }
        }
        Ok(())
    }

    /// Waits until everything captured is stored, and reports it.
    fn finish_capture(&mut self) -> Result<(), Error> {
        let Some(Capturing { capture, kept }) = &mut self.capturing else {
            return Ok(());
        };
        let Some(capture) = capture.take() else {
            return Ok(());
        };
        self.stop.enter(Phase::Storing);
        let (now, pid) = (self.kernel.now(), self.kernel.self_pid());
        let totals = capture.finish(|captured| {
            kept.count(captured);
            match self.reported.artifacts {
                true => self.sink.report(&captured.event(now, pid)),
                false => Ok(()),
            }
        })?;
        self.sink.flush()?;
        if totals.lost > 0 {
            say!(
                "{} captured records lost: artefacts that may miss bytes say so",
                totals.lost
            );
        }
        if totals.memory_skipped > 0 {
            say!(
                "memory of {} more alerts not captured: their processes had too many a second",
                totals.memory_skipped
            );
        }
        Ok(())
    }

    /// Checks the clock: all that is shown from now on was recorded before this check.
    fn keep_time(&mut self) -> Result<(), OutputError> {
        self.clock.check();
        let changes = self.clock.take_changes();
        if changes.is_empty() {
            return Ok(());
        }
        self.sink.set_clock(&self.clock.timeline());
        let pid = self.kernel.self_pid();
        changes
            .iter()
            .filter(|_| self.reported.clock)
            .try_for_each(|change| self.sink.own(&own::clock_changed(change, pid)))
    }

    /// One pass over the rings and the loss counters.
    fn round(&mut self, now: Option<u64>) -> Result<bool, Error> {
        self.keep_time()?;
        let (kernel, sink) = (&self.kernel, &mut self.sink);
        let mut active = self
            .rings
            .round(now, |record| self.intake.record(record, kernel, sink))?;
        active |= self.intake.release(kernel, false, sink)?;
        self.artifacts()?;
        let losses = self.losses.read(&mut self.kernel)?;
        losses.iter().for_each(|loss| self.sink.lose(loss));
        if self.reported.losses {
            let time = self.kernel.now();
            let pid = self.kernel.self_pid();
            losses
                .iter()
                .try_for_each(|loss| self.sink.own(&own::lost_events(loss, time, pid)))?;
        }
        self.sink.flush()?;
        Ok(active)
    }

    /// Writes what outputs show when all events have been.
    fn finish_outputs(&mut self) -> Result<(), Error> {
        let totals = self.totals()?;
        Ok(self.sink.finish(&totals)?)
    }

    fn totals(&mut self) -> Result<Totals, Error> {
        self.kernel.detach();
        self.losses.read(&mut self.kernel)?;
        let intake = self.intake.summary();
        let lost_by = match self.losses.total() {
            0 => Vec::new(),
            _ => loss::by_event(&self.kernel, &self.events)?,
        };
        let lost_by = lost_by
            .into_iter()
            .map(|(cpu, event, count)| (cpu, event.into(), count));
        Ok(Totals {
            events: self.sink.written(),
            lost: self.losses.total(),
            lost_by: lost_by.collect(),
            malformed: intake.malformed,
            filtered_late: self.sink.filters(),
            tables: self.losses.tables(),
            bookkeeping: self.losses.bookkeeping(),
            unremembered: intake.unremembered,
            forgotten: intake.forgotten,
            nameless: intake.nameless,
            misses: self.losses.misses(),
        })
    }

    /// Prints totals on standard error.
    fn report_totals(&mut self) -> Result<(), Error> {
        self.totals()?.say(self.quiet);
        if let Some(Capturing { kept, .. }) = &self.capturing {
            say!("{kept}");
        }
        Ok(())
    }
}
