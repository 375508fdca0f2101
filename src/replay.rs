//! `--read`: events of recordings, through the same sink as those of a live run.

use std::collections::HashSet;
use std::io::{self, Write};

use crate::catalogue::spec::{Life, MAX_EVENTS};
use crate::catalogue::{self, special, EventId, EventSpec};
use crate::cli::config::Config;
use crate::cli::recorded::Reading;
use crate::decode::event::Event;
use crate::decode::Room;
use crate::error::{Error, OutputError, RecordingError, UsageError};
use crate::filter::compile::whole;
use crate::loader::probe::Sources;
use crate::output::spec::{self, Target};
use crate::output::time::push_local_date;
use crate::output::{target, Outputs};
use crate::recording::header::{self, Header, Row};
use crate::recording::info::Info;
use crate::recording::open::Recording;
use crate::recording::read::Ending;
use crate::recording::write::Recorder;
use crate::scope::{Containers, Scope};
use crate::signals::{Before, Phase, Stop};
use crate::sink::Sink;
use crate::totals::Totals;
use crate::wire::{arg, RECORD_INTERNAL};
use crate::{json, privilege, say};

/// So many names are in a message.
const NAMED: usize = 8;

/// Whether the run was asked to end is looked at after so many events.
const LOOKED_AFTER: u32 = 1024;

/// Shows recordings as configured. Returns the exit status.
pub fn run(config: &Config, reading: Reading) -> Result<u8, Error> {
    target::check_inherited(config.outputs.iter().chain(&config.recording))?;
    if spec::messages_are_json(&config.outputs) {
        say::as_json();
    }
    // Opening it would empty it.
    for output in config.outputs.iter().chain(&config.recording) {
        let Target::File(path) = &output.target else {
            continue;
        };
        if reading.recordings.iter().any(|recording| recording.is_at(path)) {
            return Err(RecordingError::Itself(path.display().to_string()).into());
        }
    }
    let (_, signals) = Before::take_over(false)?;
    let stop = Stop::install(signals, None)?;
    let _ = privilege::drop_all();
    stop.enter(Phase::Running);
    if reading.info {
        return info(config, reading);
    }
    let mut replay = Replay::new(config, reading, &stop)?;
    match replay.read(&stop) {
        Ok(()) | Err(Error::Output(OutputError::Closed)) => replay.finish(config.quiet),
        Err(error) => {
            // What was read before is shown.
            let _ = replay.sink.flush();
            Err(error)
        }
    }
}

/// Prints what the recordings are: as lines, or as JSON where the output is JSON.
fn info(config: &Config, reading: Reading) -> Result<u8, Error> {
    let as_json = config.outputs.iter().any(|output| output.format.is_json());
    let (mut text, mut damaged) = (Vec::new(), false);
    for recording in reading.recordings {
        let name = recording.name.clone();
        let unreadable = |error: io::Error| RecordingError::Unreadable {
            file: name.clone(),
            reason: error.to_string(),
        };
        let info = Info::of(recording).map_err(unreadable)?;
        damaged |= info.damaged;
        if as_json {
            // What a recording says of itself may be anything.
            json::write(&mut text, &info).map_err(|error| unreadable(io::Error::other(error)))?;
            text.push(b'\n');
        } else {
            let mut lines = String::from(if text.is_empty() { "" } else { "\n" });
            info.push(&mut lines);
            text.extend(lines.into_bytes());
        }
    }
    for output in &config.outputs {
        let written = target::open(output)?.file.write_all(&text);
        match written.map_err(|error| OutputError::of_write(&target::name(&output.target), error)) {
            Ok(()) | Err(OutputError::Closed) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(u8::from(damaged))
}

/// A recording, and where it has come to.
struct Source {
    recording: Recording,
    sources: Sources,
    /// The earliest and the latest time that are shown, ns since the epoch.
    from: u64,
    to: u64,
    /// When it was recorded, as far as that is known without reading all of it.
    began: u64,
    last: Option<u64>,
    /// When its next record was made, ns since the epoch; `None` at its end.
    next: Option<u64>,
    within: Within,
}

struct Replay {
    sources: Vec<Source>,
    room: Room,
    sink: Sink,
    /// By event id: whether it is chosen.
    chosen: Vec<bool>,
    scope: Scope,
    malformed: u64,
}

impl Replay {
    fn new(config: &Config, reading: Reading, stop: &Stop) -> Result<Replay, Error> {
        let Reading {
            recordings, from, to, ..
        } = reading;
        let events = config.events.all();
        let first = recordings[0].reader.header();
        let flags = |any: fn(&header::Flags) -> bool| {
            recordings
                .iter()
                .any(|recording| any(&recording.reader.header().flags))
        };
        let mut style = config.style.clone();
        style.durations |= flags(|flags| flags.durations);
        let containers = matches!(config.scope, Scope::Containers(_))
            || recordings
                .iter()
                .any(|recording| recording.reader.header().shows_containers);
        let clock = recordings[0].reader.clock().clone();
        let mut outputs = Outputs::open(&config.outputs, clock, containers, &style)?;
        outputs.original_syscall = config.original_syscall || flags(|flags| flags.original_syscall);
        let recorder = match (&config.recording, recordings.as_slice()) {
            (None, _) => None,
            (Some(spec), [one]) => Some(Recorder::open(spec, again(one.reader.header(), &events), None)?),
            (Some(_), _) => return Err(RecordingError::Several.into()),
        };
        let exec_env = flags(|flags| flags.exec_env);
        let mut sink = Sink::new(
            outputs,
            recorder,
            whole(&config.filters, &events, first.pid_namespace),
            exec_env,
            stop.clone(),
        );
        sink.limit(config.events_max);
        sink.begin(first.began)?;
        let mut sources = Vec::new();
        for mut recording in recordings {
            let index = recording.reader.index();
            let index = index.map_err(|error| recording.failed(&error))?;
            let header = recording.reader.header();
            let began = recording.reader.clock().wall(header.began);
            let last = index.and_then(|index| index.iter().map(|entry| entry.head.latest).max());
            let from = from.map_or(0, |from| from.wall(began, last));
            let to = to.map_or(u64::MAX, |to| to.wall(began, last));
            if from > to {
                return Err(UsageError::Backwards.into());
            }
            let unknown = recording.reader.rows().unknown();
            if !unknown.is_empty() {
                let mut names: Vec<_> = unknown.iter().take(NAMED).map(String::as_str).collect();
                if unknown.len() > NAMED {
                    names.push("…");
                }
                say!(
                    "warning: {} was recorded by tracee {}; this one cannot show {}",
                    recording.name,
                    header.tracee,
                    names.join(", ")
                );
            }
            let sources_of = Sources::recorded(&header.sources);
            // Who is whose child is known from the beginning only.
            if from > began && !matches!(config.scope, Scope::Pids(_)) {
                let skipped = recording.reader.skip_to(from);
                skipped.map_err(|error| recording.failed(&error))?;
            }
            let mut source = Source {
                sources: sources_of,
                recording,
                from,
                to,
                began,
                last,
                next: None,
                within: Within::of(&config.scope),
            };
            source.advance()?;
            sources.push(source);
        }
        let mut chosen = vec![false; MAX_EVENTS];
        for event in &events {
            chosen[usize::from(event.id)] = true;
        }
        Ok(Replay {
            sources,
            room: Room::default(),
            sink,
            chosen,
            scope: config.scope.clone(),
            malformed: 0,
        })
    }

    /// Shows all records, in order of time.
    fn read(&mut self, stop: &Stop) -> Result<(), Error> {
        let mut seen = 0u32;
        // Of several recordings the one whose next record is the earliest; of one its own order stays.
        while let Some(at) = self.earliest() {
            self.show(at)?;
            if self.sources[at].recording.reader.must_wait() {
                // Whoever looks at a run that goes on sees what has come.
                self.sink.flush()?;
            }
            self.sources[at].advance()?;
            seen = seen.wrapping_add(1);
            if self.sink.is_full() || seen % LOOKED_AFTER == 0 && stop.asked() {
                break;
            }
        }
        Ok(())
    }

    fn earliest(&self) -> Option<usize> {
        let next = |at: &usize| self.sources[*at].next;
        (0..self.sources.len())
            .filter(|at| next(at).is_some())
            .min_by_key(next)
    }

    fn show(&mut self, at: usize) -> Result<(), Error> {
        let Replay {
            sources,
            room,
            sink,
            chosen,
            scope,
            malformed,
        } = self;
        let several = sources.len() > 1;
        let source = &mut sources[at];
        if several || sink.clock() != source.recording.reader.clock() {
            sink.set_clock(source.recording.reader.clock());
        }
        let time = source.next.unwrap_or(0);
        let Some(recorded) = source.recording.reader.recorded() else {
            return Ok(());
        };
        let Ok(mut event) = room.decode(recorded.record) else {
            *malformed += 1;
            return Ok(());
        };
        if recorded.doubtful {
            event.doubt();
        }
        event.process = recorded.process;
        event.ancestors = recorded.ancestors;
        let container = recorded.container;
        if let Some(container) = &container {
            event.complete(container);
        }
        event.container.clone_from(&container);
        let within = source.within.takes(scope, &event);
        let is_chosen = |id: EventId| chosen.get(usize::from(id)).copied().unwrap_or(false);
        let internal = event.context.flags & RECORD_INTERNAL != 0;
        let in_time = (source.from..=source.to).contains(&time);
        if within && in_time && (internal || is_chosen(event.spec.id)) {
            event.source = source.sources.of(event.spec.id, event.context.syscall);
            // As in the run that recorded them.
            match event.spec.id {
                id if id == special::LOST_EVENTS.id || id == special::CLOCK_CHANGED.id => sink.own(&event)?,
                id if id == special::ARTIFACT_CAPTURED.id => sink.report(&event)?,
                _ => sink.event(recorded.record, &mut event)?,
            }
        }
        room.take_back(event);
        Ok(())
    }

    /// Says how the recordings end, and what their runs have lost.
    fn finish(mut self, quiet: bool) -> Result<u8, Error> {
        let mut totals = Totals::default();
        let mut damaged = None;
        for source in &self.sources {
            let name = &source.recording.name;
            match source.recording.reader.ending() {
                Some(Ending::Whole(own)) => totals.add(own),
                // The user wanted no more, or there is more in another file.
                None | Some(Ending::Continued) => totals.lose(source.recording.reader.lost()),
                Some(ending) => {
                    totals.lose(source.recording.reader.lost());
                    match ending {
                        Ending::Damaged(at, reason) => {
                            damaged = Some(RecordingError::Damaged {
                                file: name.clone(),
                                at: *at,
                                reason: reason.clone(),
                            });
                        }
                        Ending::Cut => {
                            say!(
                                "warning: {name} ends within a block: what its run recorded last is missing"
                            );
                        }
                        _ => say!("warning: {name} has no end: its run was cut short, or goes on"),
                    }
                }
            }
        }
        totals.events = self.sink.written();
        if totals.events == 0 {
            self.sources.iter().for_each(Source::say_when);
        }
        totals.malformed = totals.malformed.saturating_add(self.malformed);
        totals.filtered_late |= self.sink.filters();
        match self.sink.finish(&totals) {
            Ok(()) | Err(OutputError::Closed) => {}
            Err(error) => return Err(error.into()),
        }
        totals.say(quiet);
        damaged.map_or(Ok(0), |error| Err(error.into()))
    }
}

impl Source {
    /// Says when it was recorded, if that is before or after what was to be shown.
    fn say_when(&self) {
        let outside = self.from > self.last.unwrap_or(u64::MAX) || self.to < self.began;
        if !outside {
            return;
        }
        let mut time = String::new();
        push_local_date(&mut time, self.began);
        if let Some(last) = self.last {
            time.push_str(" to ");
            push_local_date(&mut time, last);
        }
        say!("warning: {} is of another time: {time}", self.recording.name);
    }

    /// Goes to its next record.
    fn advance(&mut self) -> Result<(), Error> {
        let reader = &mut self.recording.reader;
        self.next = match reader.advance() {
            Ok(true) => Some(reader.wall()),
            Ok(false) => None,
            Err(error) => return Err(self.recording.failed(&error).into()),
        };
        Ok(())
    }
}

/// The header of a recording that is made of another one.
fn again(header: &Header, chosen: &[&'static EventSpec]) -> Header {
    let events = header.events.iter().filter_map(|row| {
        let event = catalogue::by_name(&row.name)?;
        let chosen = chosen.iter().any(|chosen| chosen.id == event.id);
        Some(Row::of(event, row.shown && chosen))
    });
    Header {
        events: events.collect(),
        names: header::names(),
        ..header.clone()
    }
}

/// Which processes of a recording are in scope.
#[derive(Default)]
struct Within {
    /// Processes that were named, and their children: host pid and start time.
    followed: HashSet<(u32, u64)>,
    pids: Vec<u32>,
}

impl Within {
    fn of(scope: &Scope) -> Within {
        let pids = match scope {
            Scope::Pids(pids) => pids.clone(),
            _ => Vec::new(),
        };
        Within {
            pids,
            ..Within::default()
        }
    }

    /// Whether this event's process is in scope; learns from it.
    fn takes(&mut self, scope: &Scope, event: &Event<'_>) -> bool {
        let context = &event.context;
        if event.spec.columns.reported_by_tracee && !event.spec.columns.life.is_some_and(Life::of_container) {
            // Of the run, not of a process.
            return true;
        }
        match scope {
            Scope::New | Scope::All | Scope::Command => true,
            Scope::Host { .. } => event.container.is_none(),
            Scope::Containers(Containers::Listed(list)) => event
                .container
                .as_ref()
                .is_some_and(|container| container.is_listed(list)),
            Scope::Containers(_) => event.container.is_some(),
            Scope::Pids(_) => {
                let key = (context.host_pid, context.process_start);
                let named = self.pids.contains(&context.host_pid) && !context.is_own();
                if named {
                    self.followed.insert(key);
                }
                let within = named || self.followed.contains(&key);
                if within && event.spec.columns.life == Some(Life::Fork) {
                    let raw = |position| event.arg(position).map_or(0, |arg| arg.raw);
                    let pid = raw(arg::SCHED_PROCESS_FORK_CHILD_PID);
                    let child = (
                        u32::try_from(pid).unwrap_or_default(),
                        raw(arg::SCHED_PROCESS_FORK_CHILD_START_TIME),
                    );
                    if raw(arg::SCHED_PROCESS_FORK_CHILD_TID) == pid {
                        self.followed.insert(child);
                    }
                }
                within
            }
        }
    }
}
