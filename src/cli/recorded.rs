//! What flags mean for recordings: events that were recorded, and what was recorded of them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::catalogue::{self, EventSpec};
use crate::cli::args::Args;
use crate::cli::events::{self, Selection};
use crate::cli::moment::{duration, Moment};
use crate::error::{Error, UsageError};
use crate::filter::parse::{parse, Shown};
use crate::filter::Filters;
use crate::loader::plan::Detail;
use crate::output::spec::{self as output, Format, OutputSpec, Target};
use crate::output::target;
use crate::recording::header::Flags;
use crate::recording::open::Recording;
use crate::say;
use crate::users::Users;

/// What `--read` and its flags ask for.
#[derive(Debug)]
pub struct Reading {
    /// The recordings, of which the headers have been read; at least one.
    pub recordings: Vec<Recording>,
    /// The earliest time that is shown.
    pub from: Option<Moment>,
    /// The latest.
    pub to: Option<Moment>,
    /// Whether only what the recordings are is shown.
    pub info: bool,
}

/// Users by the names on which all recordings agree: numbers of other machines may be other users.
pub fn users(reading: &Reading) -> Users {
    let mut headers = reading
        .recordings
        .iter()
        .map(|recording| recording.reader.header());
    let Some(first) = headers.next() else {
        return Users::default();
    };
    let (mut names, mut namespace) = (first.users.clone(), first.mount_namespace);
    for header in headers {
        names.retain(|uid, name| header.users.get(uid) == Some(name));
        namespace = namespace.filter(|namespace| header.mount_namespace == Some(*namespace));
    }
    Users::recorded(&names, namespace)
}

/// So many names are in a message.
const NAMED: usize = 8;

/// The recorded events that the flags choose: all of them, if no flag does.
pub fn select(
    reading: &Reading,
    names: &[String],
    sets: &[String],
    excluded: &[String],
) -> Result<Selection, UsageError> {
    let headers = reading
        .recordings
        .iter()
        .map(|recording| recording.reader.header());
    let shown: BTreeMap<_, _> = headers
        .flat_map(|header| header.events.iter().filter(|row| row.shown))
        .filter_map(|row| catalogue::by_name(&row.name))
        .map(|event| (event.id, event))
        .collect();
    let has = |event: &EventSpec| shown.contains_key(&event.id);
    let all = ["all".to_owned()];
    let sets = match names.is_empty() && sets.is_empty() {
        true => &all,
        false => sets,
    };
    let mut chosen = events::select(names, sets, excluded)?;
    let before = chosen.by_set.clone();
    chosen.by_set.retain(|event| has(event));
    let left_out: Vec<_> = before
        .iter()
        .filter(|event| !has(event))
        .map(|event| event.name)
        .collect();
    let asked = !names.is_empty() || sets != all;
    let missing = chosen.by_name.iter().find(|event| !has(event));
    let what = match missing {
        Some(event) => event.name.to_owned(),
        None if chosen.all().is_empty() => "what was chosen".into(),
        None => {
            if asked && !left_out.is_empty() {
                say!("warning: not recorded, left out: {}", few(&left_out));
            }
            return Ok(chosen);
        }
    };
    let names: Vec<_> = shown.values().map(|event| event.name).collect();
    Err(UsageError::NotRecorded {
        what,
        has: match names.is_empty() {
            true => "no event was recorded".into(),
            false => format!("what was recorded is {} (--info shows all)", few(&names)),
        },
    })
}

/// The first of these names.
fn few(names: &[&str]) -> String {
    let shown = names[..names.len().min(NAMED)].join(", ");
    match names.len() > NAMED {
        true => format!("{shown}, …"),
        false => shown,
    }
}

/// An error for what the run that recorded did not ask for. `path`: any path of an event is asked for.
pub fn check(
    reading: &Reading,
    detail: &Detail,
    (verify_results, ancestors): (bool, bool),
    path: bool,
) -> Result<(), UsageError> {
    let flags = |all: fn(&Flags) -> bool| {
        let mut headers = reading
            .recordings
            .iter()
            .map(|recording| recording.reader.header());
        headers.all(|header| all(&header.flags))
    };
    if path && !flags(|flags| flags.decode_fds) {
        say!("warning: --path looks at arguments alone: open files were not recorded (--decode-fds)");
    }
    for (what, wanted, recorded, flag) in [
        (
            "how long calls took",
            detail.durations,
            flags(|flags| flags.durations),
            "--durations",
        ),
        (
            "which files are open",
            detail.decode_fds && !path,
            flags(|flags| flags.decode_fds),
            "--decode-fds",
        ),
        (
            "the environment",
            detail.exec_env,
            flags(|flags| flags.exec_env),
            "--show-exec-env",
        ),
        (
            "whether each call was carried out",
            verify_results,
            flags(|flags| flags.verify_results),
            "--verify-results",
        ),
        (
            "what is read and written",
            detail.buffer_bytes > 0,
            flags(|flags| flags.decode_buffers > 0),
            "--decode-buffers",
        ),
        (
            "the ancestors of each event's process",
            ancestors,
            flags(|flags| flags.ancestors),
            "--ancestors",
        ),
    ] {
        if wanted && !recorded {
            return Err(UsageError::NotRecorded {
                what: what.into(),
                has: format!("the run that records needs {flag}"),
            });
        }
    }
    Ok(())
}

/// What `--when` describes; `None` without it. An error if no chosen event can be like that.
pub fn when(
    values: &[String],
    events: &[&'static EventSpec],
    shown: Shown<'_>,
) -> Result<Option<Filters>, UsageError> {
    if values.is_empty() {
        return Ok(None);
    }
    let filters = parse(values, events, shown).map_err(|error| error.of_flag("--when"))?;
    match events.iter().all(|event| filters.impossible.contains(&event.id)) {
        true => Err(UsageError::NothingTriggers),
        false => Ok(Some(filters)),
    }
}

impl Args {
    /// Where events are shown, and where they are recorded.
    pub(super) fn outputs(&self) -> Result<(Vec<OutputSpec>, Option<OutputSpec>), UsageError> {
        let target = |path: &PathBuf| match path.to_str() {
            Some("-") => Ok(Target::Fd(1)),
            Some("") => Err(UsageError::Value {
                flag: "--write",
                value: String::new(),
                allowed: "it is the path of a file".into(),
            }),
            Some(path) => output::to(path).map_err(|allowed| UsageError::Value {
                flag: "--write",
                value: path.into(),
                allowed,
            }),
            None => Ok(Target::File(path.clone())),
        };
        let write = self.write.as_ref().map(target).transpose()?;
        let write = write.map(|target| OutputSpec {
            format: Format::Record,
            target,
            ..OutputSpec::default()
        });
        if write.is_some() && self.output.is_empty() {
            return Ok((Vec::new(), write));
        }
        let mut outputs = output::parse(&self.output)?;
        let recorded = outputs.iter().position(|output| output.format == Format::Record);
        let recorded = recorded.map(|at| outputs.remove(at));
        match (&write, &recorded) {
            (Some(_), Some(_)) => Err(UsageError::Exclusive("--write", "--output record")),
            (Some(write), None) if outputs.iter().any(|output| output.target == write.target) => {
                Err(UsageError::Value {
                    flag: "--write",
                    value: target::name(&write.target),
                    allowed: "another output goes to the same place already".into(),
                })
            }
            _ => Ok((outputs, write.or(recorded))),
        }
    }

    /// What `--read` asks for; `None` without it.
    pub(super) fn reading(&self) -> Result<Option<Reading>, Error> {
        if self.read.is_empty() {
            for (flag, given) in [
                ("--from", self.from.is_some()),
                ("--to", self.to.is_some()),
                ("--info", self.info),
            ] {
                if given {
                    return Err(UsageError::Needs(flag, "--read").into());
                }
            }
            return Ok(None);
        }
        for (flag, given) in [
            ("--capture", !self.capture.is_empty()),
            ("--for", self.duration.is_some()),
            ("--keep-before", self.keep_before.is_some()),
            ("--list", self.list),
            ("--security-alerts", self.security_alerts),
            ("a command after --", !self.command.is_empty()),
        ] {
            if given {
                return Err(UsageError::NotRead(flag).into());
            }
        }
        for (flag, given) in [
            ("--event", !self.event.is_empty()),
            ("--events-set", !self.events_set.is_empty()),
            ("--exclude-event", !self.exclude_event.is_empty()),
            ("--filter", !self.filter.is_empty()),
            ("--path", !self.path.is_empty()),
            ("--user", !self.user.is_empty()),
            ("--pid", !self.pid.is_empty()),
            ("--trace", !self.trace.is_empty()),
            ("--failed-only", self.failed_only),
            ("--successful-only", self.successful_only),
            ("--events-max", self.events_max.is_some()),
            ("--from", self.from.is_some()),
            ("--to", self.to.is_some()),
            ("--summary", self.summary),
            ("--write", self.write.is_some()),
        ] {
            if given && self.info {
                return Err(UsageError::NotOfInfo(flag).into());
            }
        }
        let moment =
            |flag, text: &Option<String>| text.as_ref().map(|text| Moment::parse(flag, text)).transpose();
        Ok(Some(Reading {
            from: moment("--from", &self.from)?,
            to: moment("--to", &self.to)?,
            info: self.info,
            recordings: Recording::open_all(&self.read)?,
        }))
    }

    /// How much a flight recorder records before and after what it waits for; `None` without one.
    pub(super) fn flight(&self, records: bool) -> Result<Option<Duration>, UsageError> {
        let before = self.keep_before.as_deref();
        let before = before.map(|text| duration("--keep-before", text)).transpose()?;
        match before {
            Some(_) if !records => Err(UsageError::Needs("--keep-before", "--write")),
            None if !self.when.is_empty() => Err(UsageError::Needs("--when", "--keep-before")),
            _ => Ok(before),
        }
    }
}
