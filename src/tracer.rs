//! The corridor: builds each room, joins them, and runs until stopped.

use std::time::{SystemTime, UNIX_EPOCH};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::catalogue::{self, EventSpec};
use crate::cli::config::{Config, Format, Selection};
use crate::command::Command;
use crate::decode::{self, RECORD_INTERNAL};
use crate::enrich::process::Processes;
use crate::error::{Error, LoadError, OutputError};
use crate::event::{Arg, Context, Event, Value};
use crate::loader::features::{self, Features};
use crate::loader::loss::{self, Loss, LossMeter};
use crate::loader::probe::{self, Sources};
use crate::loader::{Plan, Tracer};
use crate::output::Outputs;
use crate::ring::{self, Rings};
use crate::scope::Following;
use crate::signals::Stop;

/// Traces as configured. Gives the exit status: the command's, or 0.
pub fn run(config: &Config) -> Result<u8, Error> {
    features::check_privilege()?;
    let features = Features::detect();
    if !features.btf {
        return Err(LoadError::NoBtf.into());
    }
    let (events, missing) = available(&config.events, &features)?;
    // Before the first thread, since it forks.
    let mut command = match config.command.as_slice() {
        [] => None,
        words => Some(Command::prepare(words)?),
    };
    let stop = Stop::install()?;
    let json = config.outputs.iter().any(|output| output.format == Format::Json);
    let checked = probe::checked_calls(&events, &features);
    let plan = Plan {
        scope: &config.scope,
        events: &events,
        bookkeeping: json || command.is_some(),
        nodename: config.outputs.iter().any(|output| output.format != Format::Table),
        exec_env: config.exec_env,
        ring_size: config.buffer_size,
        decode_fds: config.decode_fds,
        buffer_bytes: config.buffer_bytes,
        checked: &checked,
    };
    let mut tracer = Tracer::load(&plan, &features)?;
    let rings = tracer.ring_maps()?;
    let mut outputs = Outputs::open(&config.outputs, epoch(tracer.boot_time()?))?;
    outputs.original_syscall = config.original_syscall;
    if let Some(command) = &command {
        tracer.follow_command(command.pid())?;
    }
    tracer.attach()?;
    tracer.start(&config.scope)?;
    stop.writing(|| outputs.flush())?;
    if config.debug {
        eprintln!("tracee: tracing has begun");
    }
    if let Some(command) = &mut command {
        command.start()?;
    }
    stop.writing(|| warn(&missing, &features));
    let mut run = Run {
        tracer,
        sink: Sink {
            outputs,
            processes: json.then(Processes::default),
            sources: Sources::new(&features),
            exec_env: config.exec_env,
            stop: stop.clone(),
            written: 0,
            malformed: 0,
        },
        losses: LossMeter::default(),
        show_losses: events.iter().any(|event| event.name == "lost_events"),
        events,
    };
    let ended = run.until_stopped(rings, &stop, command.as_mut());
    run.report_totals()?;
    match ended {
        Ok(()) | Err(Error::Output(OutputError::Closed)) => {
            Ok(command.and_then(|mut command| command.status()).unwrap_or(0))
        }
        Err(error) => Err(error),
    }
}

type Events = Vec<&'static EventSpec>;

/// The chosen events that this kernel has, and those of sets that it has not.
fn available(selection: &Selection, features: &Features) -> Result<(Events, Events), LoadError> {
    for event in &selection.by_name {
        if let Err(reason) = probe::means(event, features) {
            return Err(LoadError::Unavailable {
                event: event.name,
                reason,
            });
        }
    }
    let (mut events, missing): (Events, Events) = selection
        .by_set
        .iter()
        .partition(|event| probe::means(event, features).is_ok());
    events.extend(&selection.by_name);
    Ok((events, missing))
}

/// What a run does not show that was asked for. Only said by one that has begun: others have an error to tell.
fn warn(missing: &[&'static EventSpec], features: &Features) {
    if features.preempts_raw_tracepoints() && !features.has_classic_tracepoints() {
        let reason = features.missing_perf_events().unwrap_or_else(|| {
            "tracefs cannot be read (mount -t tracefs tracefs /sys/kernel/tracing; or give CAP_DAC_READ_SEARCH)".into()
        });
        eprintln!(
            "tracee: warning: events will be lost when CPUs are busy: this kernel preempts programs on raw tracepoints, \
             and others cannot be had: {reason}"
        );
    }
    if missing.is_empty() {
        return;
    }
    let names: Vec<_> = missing
        .iter()
        .filter_map(|event| {
            Some(format!(
                "{} ({})",
                event.name,
                probe::means(event, features).err()?
            ))
        })
        .collect();
    eprintln!(
        "tracee: warning: left out, since this kernel cannot give them: {}",
        names.join(", ")
    );
}

/// Time of boot in ns since the epoch, from the kernel's time since boot.
fn epoch(boot_time: u64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos())
        .unwrap_or(u64::MAX)
        .saturating_sub(boot_time)
}

/// A run under way.
struct Run {
    tracer: Tracer,
    sink: Sink,
    losses: LossMeter,
    show_losses: bool,
    events: Vec<&'static EventSpec>,
}

/// What happens to a record after its ring.
struct Sink {
    outputs: Outputs,
    /// Only where an output shows executables.
    processes: Option<Processes>,
    sources: Sources,
    exec_env: bool,
    stop: Stop,
    written: u64,
    malformed: u64,
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
        let mut ready = [EpollEvent::empty(); 16];
        let mut active = true;
        loop {
            let timeout = if active {
                EpollTimeout::try_from(ring::WAKE_AGE).unwrap_or(EpollTimeout::ZERO)
            } else {
                EpollTimeout::NONE
            };
            match epoll.wait(&mut ready, timeout) {
                Ok(_) | Err(nix::errno::Errno::EINTR) => {}
                Err(errno) => return Err(Error::system("epoll")(errno)),
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
        while self.round(&mut rings, None)? {}
        Ok(())
    }

    /// One pass over the rings and the loss counters.
    fn round(&mut self, rings: &mut Rings, now: Option<u64>) -> Result<bool, Error> {
        let active = rings.round(now, |record| self.sink.record(record))?;
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
        eprintln!("tracee: {written} {events}, {total} lost");
        if self.sink.malformed > 0 {
            eprintln!(
                "tracee: {} records could not be decoded: please report this",
                self.sink.malformed
            );
        }
        if total > 0 {
            let lost = loss::by_event(&self.tracer, &self.events)?;
            let parts: Vec<_> = lost
                .iter()
                .map(|(cpu, event, count)| format!("cpu{cpu} {event} {count}"))
                .collect();
            eprintln!("tracee: lost: {}", parts.join(", "));
        }
        let misses = self.losses.misses();
        if misses > 0 {
            eprintln!(
                "tracee: up to {misses} more lost: the kernel skipped tracee's programs that many times"
            );
        }
        Ok(())
    }
}

impl Sink {
    fn record(&mut self, record: &[u8]) -> Result<(), OutputError> {
        let mut event = match decode::decode(record) {
            Ok(event) => event,
            Err(error) => {
                if self.malformed == 0 {
                    eprintln!("tracee: warning: {error}");
                }
                self.malformed += 1;
                return Ok(());
            }
        };
        if let Some(processes) = &mut self.processes {
            processes.enrich(&mut event);
        }
        if event.context.flags & RECORD_INTERNAL != 0 {
            return Ok(());
        }
        event.source = self.sources.of(event.spec.id, event.context.syscall);
        if !self.exec_env {
            event.args.retain(|arg| arg.spec.name != "envp");
        }
        self.write(&event)
    }

    /// Losses are told in the stream, too.
    fn loss(&mut self, loss: &Loss, time: u64, pid: u32) -> Result<(), OutputError> {
        let spec = catalogue::expect("lost_events");
        let number = |index: usize, raw| Arg {
            spec: &spec.args[index],
            ty: spec.args[index].ty,
            raw,
            value: Value::Number,
            truncated: false,
            full: 0,
            file: None,
        };
        let context = Context {
            time,
            event: spec.id,
            syscall: decode::NO_SYSCALL,
            pid,
            tid: pid,
            host_pid: pid,
            host_tid: pid,
            ..Context::default()
        };
        let buffer = Arg {
            value: Value::Str(loss.buffer.as_bytes()),
            ..number(1, 0)
        };
        let args = [
            number(0, loss.count),
            buffer,
            number(2, loss.first),
            number(3, loss.last),
        ]
        .into_iter()
        .collect();
        self.write(&Event {
            spec,
            context,
            nodename: None,
            args,
            executable: None,
            source: None,
        })
    }

    fn write(&mut self, event: &Event<'_>) -> Result<(), OutputError> {
        self.stop.writing(|| self.outputs.event(event))?;
        self.written += 1;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        self.stop.writing(|| self.outputs.flush())
    }
}
