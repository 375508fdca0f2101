//! Splits filters: the kernel side decides what it has at hand, user space the rest; or user space decides all.

use std::collections::BTreeMap;

use crate::catalogue::{spec, ArgType, EventId, EventSpec};
use crate::filter::argument::Condition;
use crate::filter::kernel_part::{EventPart, KernelPart, NumberType, Unfiltered};
use crate::filter::matcher::Matcher;
use crate::filter::number::Numbers;
use crate::filter::text::{Pattern, Texts};
use crate::filter::{ArgIndex, Filters};
use crate::wire::{FILTER_NUMBERS, FILTER_TEXTS, TEXT_MAX};

/// Splits filters of these events.
pub fn compile(filters: &Filters, events: &[&'static EventSpec]) -> (KernelPart, Matcher) {
    let mut kernel = KernelPart {
        numbers: filters.numbers.clone().into_iter().collect(),
        names: filters.names.clone().into_iter().collect(),
        events: BTreeMap::new(),
    };
    let mut left: BTreeMap<EventId, Vec<(ArgIndex, Condition)>> = BTreeMap::new();
    for event in events {
        let mut part = EventPart {
            result: result(filters, event),
            ..EventPart::default()
        };
        let arguments = filters
            .arguments
            .range((event.id, ArgIndex::MIN)..=(event.id, ArgIndex::MAX));
        for ((_, index), condition) in arguments {
            if let Some(rest) = part.take(event, *index, condition) {
                left.entry(event.id).or_default().push((*index, rest));
            }
        }
        if part.result.is_some() || !part.numbers.is_empty() || !part.texts.is_empty() {
            kernel.events.insert(event.id, part);
        }
    }
    (
        kernel,
        Matcher::new(filters.container.clone(), filters.path.clone(), left),
    )
}

/// A matcher that decides all filters of these events, for records that no kernel side has filtered: those of a
/// recording. What passes there would have passed in a live run. As there, events that [`Filters`] makes impossible are
/// not chosen in the first place.
///
/// `pid_ns`: the pid namespace that tracee recorded in, by its number; `None`: the host's. Pids are compared as `ps`
/// shows them there.
pub fn whole(filters: &Filters, events: &[&'static EventSpec], pid_ns: Option<u32>) -> Matcher {
    let (kernel, matcher) = compile(filters, events);
    matcher.with(Unfiltered::new(kernel, pid_ns))
}

/// Whether an event has a result. Events that tracee reports by itself (losses, a new clock, artefacts) have none; they
/// pass filters of results.
pub fn has_result(event: &EventSpec) -> bool {
    event.columns.has_result
}

/// Conditions on an event's result, from its own filter and from that of all events.
fn result(filters: &Filters, event: &EventSpec) -> Option<Numbers> {
    if !has_result(event) {
        return None;
    }
    match (&filters.result, filters.results.get(&event.id)) {
        (Some(all), Some(own)) => Some(all.and(own)),
        (all, own) => all.as_ref().or(own).cloned(),
    }
}

impl EventPart {
    /// Takes what the kernel side can decide of a condition, and returns the rest.
    fn take(&mut self, event: &EventSpec, index: ArgIndex, condition: &Condition) -> Option<Condition> {
        let ty = event.args[usize::from(index)].ty;
        match condition {
            Condition::Numbers(numbers) => {
                // Numbers of the kernel's own events may be unknown, which is marked elsewhere in their records.
                let ty = NumberType::of(ty).filter(|_| event.kind.is_syscall());
                match ty.filter(|_| self.numbers.len() < FILTER_NUMBERS as usize) {
                    Some(ty) => {
                        self.numbers.push((index, ty, numbers.clone()));
                        None
                    }
                    None => Some(condition.clone()),
                }
            }
            Condition::Texts(texts) => {
                // What the runtime reports of a container, and what tracee reports by itself, no program has.
                let has = !event.columns.reported_by_tracee
                    && !event.columns.life.is_some_and(spec::Life::of_container);
                let at_hand = has && matches!(ty, ArgType::Str | ArgType::KernelStr);
                if !at_hand || self.texts.len() == FILTER_TEXTS as usize {
                    return Some(condition.clone());
                }
                let (ours, rest) = split(texts);
                if !ours.is_empty() {
                    self.texts.push((index, ours));
                }
                (!rest.is_empty()).then_some(Condition::Texts(rest))
            }
            Condition::Words(_) => Some(condition.clone()),
        }
    }
}

/// Splits patterns into those for the kernel side, and those that user space must check.
fn split(texts: &Texts) -> (Texts, Texts) {
    let (mut kernel, mut rest) = (Texts::default(), Texts::default());
    (kernel.excluded, rest.excluded) = texts.excluded.iter().cloned().partition(is_exact);
    // Alternatives stay together.
    if texts.wanted.iter().all(|pattern| !pattern.open_start) {
        kernel.wanted = texts.wanted.iter().map(beginning).collect();
    }
    if !texts.wanted.iter().all(is_exact) {
        rest.wanted.clone_from(&texts.wanted);
    }
    (kernel, rest)
}

/// Whether the kernel side decides this pattern for good; a whole text has its NUL.
fn is_exact(pattern: &Pattern) -> bool {
    !pattern.open_start && pattern.more.is_empty() && pattern.text.len() < TEXT_MAX as usize
}

/// As much of a pattern as the kernel side can compare.
fn beginning(pattern: &Pattern) -> Pattern {
    let mut pattern = pattern.clone();
    if !is_exact(&pattern) {
        pattern.text.truncate(TEXT_MAX as usize);
        pattern.more.clear();
        pattern.open_end = true;
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;
    use crate::filter::parse::{parse, Shown};

    fn split_of(values: &[&str]) -> (usize, usize, usize, bool) {
        let values: Vec<String> = values.iter().map(|value| (*value).into()).collect();
        let events: Vec<_> = catalogue::events().collect();
        let filters = parse(&values, &events, Shown::default()).unwrap();
        let (kernel, matcher) = compile(&filters, &events);
        let count = |of: fn(&EventPart) -> usize| kernel.events.values().map(of).sum();
        (
            count(|part| usize::from(part.result.is_some())),
            count(|part| part.numbers.len()),
            count(|part| part.texts.len()),
            matcher.is_empty(),
        )
    }

    #[test]
    fn the_kernel_side_takes_what_it_has_at_hand() {
        for (values, expected) in [
            (&["uid=0", "comm=*sh*"][..], (0, 0, 0, true)),
            (&["openat.retval<0"], (1, 0, 0, true)),
            (&["openat.pathname=/etc/*,/usr"], (0, 0, 1, true)),
            (&["openat.pathname=*.so"], (0, 0, 0, false)),
            (&["openat.pathname=/etc/*,*.so"], (0, 0, 0, false)),
            (
                &["openat.pathname=/etc/*", "openat.pathname!=*.so"],
                (0, 0, 1, false),
            ),
            (&["openat.pathname!=/etc/*,*.so"], (0, 0, 1, false)),
            (&["close.fd>2", "kill.pid=1"], (0, 2, 0, true)),
            (&["openat.flags=O_CREAT"], (0, 0, 0, false)),
            (&["security_file_open.pathname=/etc/*"], (0, 0, 0, false)),
            (&["sched_process_exec.inode=5"], (0, 0, 0, false)),
            (&["module_load.name=x"], (0, 0, 1, true)),
            (&["container=x"], (0, 0, 0, false)),
            (&["container_create.name=x"], (0, 0, 0, false)),
            (&["lost_events.buffer=cpu0"], (0, 0, 0, false)),
        ] {
            assert_eq!(split_of(values), expected, "{values:?}");
        }
        // All events but those that tracee reports by itself have a result.
        assert_eq!(split_of(&["event.retval=0"]).0, catalogue::events().count() - 3);
    }

    #[test]
    fn a_text_too_long_for_the_kernel_side_is_looked_at_twice() {
        let long = "/".repeat(300);
        assert_eq!(split_of(&[&format!("openat.pathname={long}")]), (0, 0, 1, false));
        assert_eq!(split_of(&[&format!("openat.pathname!={long}")]), (0, 0, 0, false));
        let fits = "/".repeat(TEXT_MAX as usize - 1);
        assert_eq!(split_of(&[&format!("openat.pathname={fits}")]), (0, 0, 1, true));
    }
}
