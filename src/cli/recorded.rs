//! What flags mean for recordings: events that were recorded, and what was recorded of them.

use std::collections::BTreeMap;

use crate::catalogue::{self, EventSpec};
use crate::cli::events::{self, Selection};
use crate::cli::moment::Moment;
use crate::error::UsageError;
use crate::loader::plan::Detail;
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
