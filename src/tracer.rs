//! The corridor: builds each room, joins them, and runs until stopped.

use std::path::Path;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use sd_notify::NotifyState;

use crate::capture::kept::Kept;
use crate::capture::store::Store;
use crate::capture::{self, Capture};
use crate::catalogue::{self, EventSpec};
use crate::chosen::{self, Chosen};
use crate::cli::config::Config;
use crate::clock::{Timeline, WallClock};
use crate::command::Command;
use crate::decode::event::Context;
use crate::enrich::container::Containers;
use crate::enrich::existing;
use crate::enrich::proc::Proc;
use crate::enrich::process::Processes;
use crate::error::{Error, OutputError};
use crate::filter::compile::compile;
use crate::limits;
use crate::loader::features::Features;
use crate::loader::loss::{self, LossMeter};
use crate::loader::marks::marked_calls;
use crate::loader::probe::{self, Sources};
use crate::loader::{lookup, object};
use crate::loader::{KernelSide, Plan};
use crate::output::spec::Format;
use crate::output::{target, Outputs};
use crate::privilege::{self, Uses};
use crate::ring::{self, Rings};
use crate::say;
use crate::scope::{Following, Scope};
use crate::signals::{Before, Phase, Stop};
use crate::sink::{Sink, CLOCK_CHANGED};

/// Traces as configured. Gives the exit status: the command's, or 0.
pub fn run(config: &Config) -> Result<u8, Error> {
    target::check_inherited(&config.outputs)?;
    limits::enough_files()?;
    let (before, signals) = Before::take_over()?;
    // Before the first thread, since it forks.
    let command = match config.command.as_slice() {
        [] => Ok(None),
        words => Command::prepare(words, &before).map(Some),
    };
    let stop = Stop::install(signals, !config.command.is_empty())?;
    let mut command = command?;
    let object = lookup::choose(&config.object)?;
    let json = config.outputs.iter().any(|output| output.format == Format::Json);
    let uses = Uses {
        proc: json,
        capture: config.capture.is_some(),
    };
    privilege::check(uses)?;
    let features = Features::of()?;
    let Chosen { events, missing } = chosen::available(&config.events, &features)?;
    let (capture, no_memory) = chosen::possible(config.capture.clone(), &features)?;
    let tells = |name: &str| events.iter().any(|event| event.name == name);
    let tells_containers = CONTAINER_EVENTS.into_iter().any(tells);
    let tells_existing = tells(EXISTING_CONTAINER);
    let names_containers = json || tells_containers || config.filters.container.is_some();
    // Before anything is loaded: a folder that is refused needs no privilege to be told.
    let store = capture.as_ref().map(open_store).transpose()?;
    let checked = probe::checked_calls(&events, &features);
    let capturing = capture.as_ref().map(capture::Settings::plan);
    let marked = marked_calls(&events, capturing, config.verify_results, &features);
    let (filters, matcher) = compile(&config.filters, &events);
    let plan = Plan {
        scope: &config.scope,
        events: &events,
        bookkeeping: json || command.is_some(),
        containers: names_containers || config.scope.needs_containers() || capture.is_some(),
        nodename: config.outputs.iter().any(|output| output.format != Format::Table),
        exec_env: config.exec_env,
        ring_size: config.buffer_size,
        decode_fds: config.decode_fds,
        buffer_bytes: config.buffer_bytes,
        filters: &filters,
        checked: &checked,
        marked: &marked,
        capture: capturing,
        epoch: Timeline::now().wall(0),
    };
    let mut tracer = KernelSide::load(&plan, &features)?;
    let inner = matches!(config.scope, Scope::Containers(_));
    let clock = WallClock::start(tracer.clock_ahead())?;
    let mut outputs = Outputs::open(&config.outputs, clock.timeline(), inner)?;
    outputs.original_syscall = config.original_syscall;
    if let Some(command) = &command {
        tracer.follow_command(command.pid())?;
    }
    let capture = match (&capture, store) {
        (Some(settings), Some(store)) => Some(Capture::start(
            settings.clone(),
            store,
            tracer.capture_maps()?,
            clock.clone(),
        )?),
        _ => None,
    };
    tracer.attach()?;
    // They are most of our memory. What loading took has been given back by now.
    let rings = tracer.ring_maps()?;
    tracer.start(&config.scope)?;
    // From now on there may be events, which a signal must not throw away.
    stop.enter(Phase::Running);
    chosen::warn(&missing, no_memory.as_deref(), &features);
    stop.writing(|| outputs.flush())?;
    if config.debug {
        let object = object.as_deref().map_or("embedded".into(), Path::to_string_lossy);
        say!("the BPF object is {object}");
        say!("tracing has begun");
    }
    // As a service: it counts as started from now on. What fails is for the service manager to say, which waits.
    let _ = privilege::as_user(|| sd_notify::notify(&[NotifyState::Ready]))?;
    if let Some(command) = &mut command {
        command.start()?;
    }
    let processes = json.then(|| Processes::new(Proc::new(tracer.kernel_pid_and_clock())));
    let mut run = Run {
        tracer,
        sink: Sink {
            outputs,
            processes,
            containers: plan
                .containers
                .then(|| Containers::new(names_containers, config.scope.listed()))
                .transpose()?,
            sources: Sources::new(&features),
            filtered_late: !matcher.is_empty(),
            matcher,
            exec_env: config.exec_env,
            stop: stop.clone(),
            written: 0,
            malformed: 0,
        },
        losses: LossMeter::default(),
        clock,
        show_clock: tells(CLOCK_CHANGED),
        capture,
        kept: config
            .capture
            .as_ref()
            .map(|settings| Kept::new(&settings.folder)),
        show_artifacts: events.iter().any(|event| event.name == probe::ARTIFACT),
        show_losses: events.iter().any(|event| event.name == "lost_events"),
        events,
    };
    run.meet_existing_containers(tells_existing)?;
    object::forget();
    privilege::limit(uses)?;
    let ended = run.until_stopped(rings, &stop, command.as_mut());
    if ended.is_err() {
        // What has been captured is stored all the same.
        run.tracer.detach();
        run.show_artifacts = false;
        let _ = run.finish_capture();
    }
    run.report_totals()?;
    match ended {
        Ok(()) | Err(Error::Output(OutputError::Closed)) => {
            Ok(command.and_then(|mut command| command.status()).unwrap_or(0))
        }
        Err(error) => Err(error),
    }
}

const EXISTING_CONTAINER: &str = "existing_container";
/// Events that tell of containers themselves.
const CONTAINER_EVENTS: [&str; 3] = ["container_create", "container_remove", EXISTING_CONTAINER];

/// Opens the folder of artefacts.
fn open_store(settings: &capture::Settings) -> Result<Store, Error> {
    Ok(privilege::as_user(|| {
        Store::open(&settings.folder, settings.clear, settings.limits)
    })??)
}

/// Of events of the main loop: an output's reader has gone.
const READER: u64 = 1;

/// A run under way.
struct Run {
    tracer: KernelSide,
    sink: Sink,
    losses: LossMeter,
    show_losses: bool,
    clock: WallClock,
    show_clock: bool,
    capture: Option<Capture>,
    /// Only with `--capture`.
    kept: Option<Kept>,
    show_artifacts: bool,
    events: Vec<&'static EventSpec>,
}

impl Run {
    /// Reads rings until a signal, or until the command and all its descendants are gone; then what is left.
    fn until_stopped(
        &mut self,
        mut rings: Rings,
        stop: &Stop,
        mut command: Option<&mut Command>,
    ) -> Result<(), Error> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(Error::system("epoll"))?;
        let readable = EpollEvent::new(EpollFlags::EPOLLIN, 0);
        epoll.add(stop.fd(), readable).map_err(Error::system("epoll"))?;
        for fd in rings.fds() {
            epoll
                .add(ring::borrow(fd, &rings), readable)
                .map_err(Error::system("epoll"))?;
        }
        if let Some(fd) = self.sink.containers.as_ref().and_then(Containers::answered) {
            epoll.add(fd, readable).map_err(Error::system("epoll"))?;
        }
        epoll
            .add(self.clock.changed(), readable)
            .map_err(Error::system("epoll"))?;
        if let Some(capture) = &self.capture {
            epoll
                .add(capture.fd(), readable)
                .map_err(Error::system("epoll"))?;
        }
        // A reader who goes is noticed at once, not only with the next event. What cannot be watched has none.
        let gone = EpollEvent::new(EpollFlags::EPOLLERR, READER);
        for fd in self.sink.outputs.fds() {
            let _ = epoll.add(fd, gone);
        }
        let mut ready = [EpollEvent::empty(); 16];
        let mut active = true;
        loop {
            let timeout = if active {
                EpollTimeout::try_from(ring::WAKE_AGE).unwrap_or(EpollTimeout::ZERO)
            } else {
                EpollTimeout::NONE
            };
            let woken = match epoll.wait(&mut ready, timeout) {
                Ok(woken) => woken,
                Err(nix::errno::Errno::EINTR) => 0,
                Err(errno) => return Err(Error::system("epoll")(errno)),
            };
            if ready[..woken].iter().any(|event| event.data() == READER) {
                return Err(OutputError::Closed.into());
            }
            stop.clear();
            let now = self.tracer.now();
            active = self.round(&mut rings, Some(now))?;
            if stop.asked() {
                break;
            }
            if let Some(command) = command.as_deref_mut() {
                if command.status().is_some() {
                    match self.tracer.following()? {
                        Following::Running => {}
                        Following::Ending => active = true,
                        Following::Ended => break,
                    }
                }
            }
        }
        self.tracer.detach();
        while self.round(&mut rings, None)? {
            self.sink.release(&self.tracer, true)?;
        }
        self.finish_capture()
    }

    /// Containers that were there before: their names are asked for, and the user is told if he wants.
    fn meet_existing_containers(&mut self, tell: bool) -> Result<(), Error> {
        let Some(containers) = &mut self.sink.containers else {
            return Ok(());
        };
        let found = self.tracer.existing_containers()?;
        for container in &found {
            containers.add(container);
        }
        if !tell {
            return Ok(());
        }
        let spec = catalogue::expect(EXISTING_CONTAINER);
        let paths = existing::cgroup_paths(&found);
        for found in &found {
            let context = Context::own(spec, self.tracer.now(), self.tracer.self_pid());
            let record = existing::record(context, found, paths.get(&found.key));
            self.sink.record(&record, &self.tracer)?;
        }
        Ok(())
    }

    /// Artefacts that have been stored since the last round.
    fn artifacts(&mut self) -> Result<(), OutputError> {
        let Some(capture) = &self.capture else {
            return Ok(());
        };
        let (now, pid) = (self.tracer.now(), self.tracer.self_pid());
        for captured in capture.results() {
            if let Some(kept) = &mut self.kept {
                kept.count(&captured);
            }
            if self.show_artifacts {
                self.sink.write(&captured.event(now, pid))?;
            }
        }
        Ok(())
    }

    /// What is left to be stored.
    fn finish_capture(&mut self) -> Result<(), Error> {
        let Some(capture) = self.capture.take() else {
            return Ok(());
        };
        self.sink.stop.enter(Phase::Storing);
        let (now, pid) = (self.tracer.now(), self.tracer.self_pid());
        let totals = capture.finish(|captured| {
            if let Some(kept) = &mut self.kept {
                kept.count(captured);
            }
            match self.show_artifacts {
                true => self.sink.write(&captured.event(now, pid)),
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
                "memory not captured of {} alerts more: their processes had too many a second",
                totals.memory_skipped
            );
        }
        Ok(())
    }

    /// Whatever is shown from now on was recorded before this look at the clock.
    fn keep_time(&mut self) -> Result<(), OutputError> {
        self.clock.check();
        let changes = self.clock.take_changes();
        if changes.is_empty() {
            return Ok(());
        }
        self.sink.outputs.clock = self.clock.timeline();
        let pid = self.tracer.self_pid();
        changes
            .iter()
            .filter(|_| self.show_clock)
            .try_for_each(|change| self.sink.clock(change, pid))
    }

    /// One pass over the rings and the loss counters.
    fn round(&mut self, rings: &mut Rings, now: Option<u64>) -> Result<bool, Error> {
        self.keep_time()?;
        let tracer = &self.tracer;
        let mut active = rings.round(now, |record| self.sink.record(record, tracer))?;
        active |= self.sink.release(tracer, false)?;
        self.artifacts()?;
        let losses = self.losses.read(&mut self.tracer)?;
        if self.show_losses {
            let time = self.tracer.now();
            let pid = self.tracer.self_pid();
            losses
                .iter()
                .try_for_each(|loss| self.sink.loss(loss, time, pid))?;
        }
        self.sink.flush()?;
        Ok(active)
    }

    /// The last word, on standard error.
    fn report_totals(&mut self) -> Result<(), Error> {
        self.tracer.detach();
        self.losses.read(&mut self.tracer)?;
        let total = self.losses.total();
        let written = self.sink.written;
        let events = if written == 1 { "event" } else { "events" };
        say!("{written} {events}, {total} lost");
        if self.sink.malformed > 0 {
            say!(
                "{} records could not be decoded: please report this",
                self.sink.malformed
            );
        }
        if total > 0 {
            let lost = loss::by_event(&self.tracer, &self.events)?;
            let parts: Vec<_> = lost
                .iter()
                .map(|(cpu, event, count)| format!("cpu{cpu} {event} {count}"))
                .collect();
            say!("lost: {}", parts.join(", "));
            if self.sink.filtered_late {
                say!("some of the lost might not have passed the filters, which look at them later");
            }
        }
        let tables = self.losses.tables();
        if tables > 0 {
            say!(
                "besides, {tables} processes or containers for which there was no room: processes that have \
                 started since count as traced"
            );
        }
        let bookkeeping = self.losses.bookkeeping();
        if bookkeeping > 0 {
            say!(
                "besides, {bookkeeping} records without room that tracee itself needs: executables may be missing, \
                 or be those of before"
            );
        }
        let unremembered = self
            .sink
            .processes
            .as_ref()
            .map_or(0, |processes| processes.unremembered);
        if unremembered > 0 {
            say!("executables of {unremembered} processes not remembered: too many are running");
        }
        let nameless = self
            .sink
            .containers
            .as_ref()
            .map_or(0, |containers| containers.nameless);
        if nameless > 0 {
            let containers = if nameless == 1 { "container" } else { "containers" };
            say!("warning: {nameless} {containers} without a name: nobody told it in time");
        }
        let misses = self.losses.misses();
        if misses > 0 {
            say!("up to {misses} more lost: the kernel skipped tracee's programs that many times");
        }
        if let Some(kept) = &self.kept {
            say!("{kept}");
        }
        Ok(())
    }
}
