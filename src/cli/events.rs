//! `--event`, `--events-set`, `--exclude-event`: names, globs and sets, and the events that they choose.

use std::collections::BTreeSet;

use crate::catalogue::{self, EventId, EventSpec, Set};
use crate::error::UsageError;
use crate::output::fit::push_words;
use crate::suggest::nearest;

/// The chosen events, by id.
#[derive(Debug)]
pub struct Selection {
    /// Chosen by a set or a glob: left out, with a warning, where this kernel cannot provide them.
    pub by_set: Vec<&'static EventSpec>,
    /// Named by the user: an error where this kernel cannot provide them.
    pub by_name: Vec<&'static EventSpec>,
}

impl Selection {
    /// Both kinds.
    pub fn all(&self) -> Vec<&'static EventSpec> {
        [self.by_set.as_slice(), &self.by_name].concat()
    }

    /// Leaves out events that no filter lets pass.
    pub fn remove(&mut self, ids: &BTreeSet<EventId>) -> Result<(), UsageError> {
        for list in [&mut self.by_set, &mut self.by_name] {
            list.retain(|event| !ids.contains(&event.id));
        }
        // What tracee reports about the whole run is no reason to run.
        let left = self.all().iter().any(|event| event.columns.has_result);
        match left || ids.is_empty() {
            true => Ok(()),
            false => Err(UsageError::NothingPasses),
        }
    }

    /// Adds an event as a set does: left out where the kernel cannot provide it.
    pub fn add(&mut self, event: &'static EventSpec) {
        if !self
            .by_set
            .iter()
            .chain(&self.by_name)
            .any(|other| other.id == event.id)
        {
            self.by_set.push(event);
            self.by_set.sort_by_key(|event| event.id);
        }
    }
}

/// What `--event help` shows.
pub const EVENT_HELP: &str = "\
--event takes names of events, comma lists and globs: --event openat,execve
--event 'sched_*'. @ stands before a set, ! before what is left out: --event
'@net,open*,!openat2'. It may be repeated. --exclude-event takes names and
globs, and leaves those events out of all that is chosen (the default set
without --event and --events-set). What this kernel cannot provide is an error
where it is named, and is left out with a warning where a glob or a set brings
it in. --list shows all events.
";

const SET_HELP: &str = "\
--events-set takes names of sets, and comma lists: --events-set fs,net. It may
be repeated. The sets are:
";

/// Columns that texts of help take at most.
const HELP_COLUMNS: usize = 80;

/// What `--events-set help` shows.
pub fn set_help() -> String {
    let mut help = SET_HELP.to_owned();
    push_words(&mut help, Set::EVERY.iter().map(|set| set.name()), HELP_COLUMNS);
    help
}

/// Events that the three flags choose. Among names, `@` stands before a set and `!` before what is left out.
pub fn select(names: &[String], sets: &[String], excluded: &[String]) -> Result<Selection, UsageError> {
    let (mut wanted, mut sets, mut excluded) = (Vec::new(), sets.to_vec(), excluded.to_vec());
    for name in names {
        match (name.strip_prefix('@'), name.strip_prefix('!')) {
            (Some(set), _) => sets.push(set.to_owned()),
            (_, Some(event)) => excluded.push(event.to_owned()),
            _ => wanted.push(name.clone()),
        }
    }
    let names = wanted;
    let Matching { mut named, matched } = matching(&names, "--event")?;
    let sets = match (sets.is_empty(), names.is_empty()) {
        (true, true) => vec![Set::Default],
        _ => sets.iter().map(|name| set(name)).collect::<Result<_, _>>()?,
    };
    let excluded = matching(&excluded, "--exclude-event")?;
    let has = |list: &[&'static EventSpec], event: &EventSpec| list.iter().any(|other| other.id == event.id);
    let by_set: Vec<_> = catalogue::events()
        .filter(|event| sets.iter().any(|set| event.in_set(*set)) || has(&matched, event))
        .filter(|event| !has(&excluded.named, event) && !has(&excluded.matched, event) && !has(&named, event))
        .collect();
    named.retain(|event| !has(&excluded.named, event) && !has(&excluded.matched, event));
    if by_set.is_empty() && named.is_empty() {
        return Err(UsageError::NothingChosen);
    }
    Ok(Selection {
        by_set,
        by_name: named,
    })
}

fn set(name: &str) -> Result<Set, UsageError> {
    Set::EVERY
        .iter()
        .copied()
        .find(|set| set.name() == name)
        .ok_or_else(|| UsageError::UnknownSet {
            name: name.into(),
            nearest: nearest(name, Set::EVERY.iter().map(|set| set.name())),
        })
}

/// Events with these names, and those that globs match; each in the catalogue's order.
#[derive(Default)]
struct Matching {
    named: Vec<&'static EventSpec>,
    matched: Vec<&'static EventSpec>,
}

fn matching(patterns: &[String], flag: &'static str) -> Result<Matching, UsageError> {
    let Matching {
        mut named,
        mut matched,
    } = Matching::default();
    for text in patterns {
        let before = matched.len();
        if text.contains(['*', '?', '[']) {
            let pattern = glob::Pattern::new(text).map_err(|error| UsageError::Value {
                flag,
                value: text.clone(),
                allowed: format!("as a glob it is wrong: {error}"),
            })?;
            matched.extend(catalogue::events().filter(|event| pattern.matches(event.name)));
            if matched.len() == before {
                return Err(UsageError::NoMatch {
                    pattern: text.clone(),
                });
            }
        } else {
            named.push(catalogue::by_name(text).ok_or_else(|| UsageError::UnknownEvent {
                name: text.clone(),
                nearest: nearest(text, catalogue::events().map(|event| event.name)),
            })?);
        }
    }
    for list in [&mut named, &mut matched] {
        list.sort_by_key(|event| event.id);
        list.dedup_by_key(|event| event.id);
    }
    Ok(Matching { named, matched })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(selection: &Selection) -> Vec<&'static str> {
        selection
            .by_set
            .iter()
            .chain(&selection.by_name)
            .map(|event| event.name)
            .collect()
    }

    fn strings(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_string()).collect()
    }

    #[test]
    fn events_by_name_glob_and_set() {
        let chosen = select(&strings(&["openat", "openat*", "getp*id"]), &[], &[]).unwrap();
        assert_eq!(
            names(&chosen),
            ["getpid", "getppid", "getpgid", "openat2", "openat"]
        );
        // What a glob matches is left out where the kernel does not provide it, as with a set; what is named is not.
        let by_name: Vec<_> = chosen.by_name.iter().map(|event| event.name).collect();
        assert_eq!(by_name, ["openat"]);
        let chosen = select(&[], &[], &strings(&["openat"])).unwrap();
        assert!(names(&chosen).contains(&"execve") && !names(&chosen).contains(&"openat"));
        let chosen = select(&strings(&["getppid"]), &strings(&["net_sock"]), &[]).unwrap();
        assert!(names(&chosen).contains(&"socket") && names(&chosen).contains(&"getppid"));
    }

    #[test]
    fn what_is_left_out_and_sets_among_names() {
        let chosen = |list: &[&str], excluded: &[&str]| {
            names(&select(&strings(list), &[], &strings(excluded)).unwrap())
        };
        assert_eq!(chosen(&["openat*", "!openat2"], &[]), ["openat"]);
        assert_eq!(chosen(&["openat*"], &["openat2"]), ["openat"]);
        assert_eq!(chosen(&["openat", "close", "!close"], &[]), ["openat"]);
        let net = chosen(&["@net_sock", "getppid", "!socket"], &[]);
        assert!(net.contains(&"connect") && net.contains(&"getppid") && !net.contains(&"socket"));
        // Nothing but what is left out: of the default set.
        let rest = chosen(&["!openat"], &[]);
        assert!(rest.contains(&"execve") && !rest.contains(&"openat"));
        let message = select(&strings(&["@defalt"]), &[], &[]).unwrap_err().to_string();
        assert!(message.contains("did you mean default?"), "{message}");
    }

    #[test]
    fn unknown_names_suggest_the_nearest() {
        let message = select(&strings(&["opennat"]), &[], &[]).unwrap_err().to_string();
        assert!(message.contains("did you mean openat?"), "{message}");
        let message = select(&[], &strings(&["defalt"]), &[]).unwrap_err().to_string();
        assert!(message.contains("did you mean default?"), "{message}");
        assert!(select(&strings(&["zzz*"]), &[], &[]).is_err());
        assert!(select(&strings(&["open[*"]), &[], &[]).is_err());
        assert!(select(&strings(&["open"]), &[], &strings(&["open"])).is_err());
        assert!(select(&[], &[], &strings(&["*"])).is_err());
    }
}
