//! Splits filters: the kernel side decides what it has at hand, user space the rest.

use std::collections::BTreeMap;

use crate::catalogue::{ArgType, EventId, EventSpec};
use crate::filter::argument::Condition;
use crate::filter::matcher::Matcher;
use crate::filter::number::Numbers;
use crate::filter::text::{Pattern, Texts};
use crate::filter::{ArgIndex, Filters};
use crate::wire::{
    FILTER_NUMBERS, FILTER_TEXTS, NUMBER_LONG, NUMBER_S16, NUMBER_S32, NUMBER_S64, NUMBER_U16, NUMBER_U32,
    NUMBER_U64, TEXT_MAX,
};

/// What the kernel side decides.
#[derive(Debug, Default)]
pub struct KernelPart<'a> {
    /// By `FIELD_*`.
    pub numbers: Vec<(usize, &'a Numbers)>,
    /// By `FIELD_*` of names.
    pub names: Vec<(usize, &'a Texts)>,
    /// Parts that hold only for one event.
    pub events: BTreeMap<EventId, EventPart>,
}

/// What the kernel side decides of one event.
#[derive(Debug, Default)]
pub struct EventPart {
    /// Filter of its result.
    pub result: Option<Numbers>,
    /// Filters of arguments that are numbers.
    pub numbers: Vec<(ArgIndex, NumberType, Numbers)>,
    /// Whole texts, and beginnings.
    pub texts: Vec<(ArgIndex, Texts)>,
}

/// How the kernel side reads a register: `NUMBER_*` of `src/bpf/filter.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum NumberType {
    /// Its 64 bits, with a sign.
    S64 = NUMBER_S64,
    /// Its 64 bits.
    U64 = NUMBER_U64,
    /// The lower 32 bits, with a sign.
    S32 = NUMBER_S32,
    /// The lower 32 bits.
    U32 = NUMBER_U32,
    /// The lower 16 bits, with a sign.
    S16 = NUMBER_S16,
    /// The lower 16 bits.
    U16 = NUMBER_U16,
    /// With a sign, as wide as a `long` of the program.
    Long = NUMBER_LONG,
}

impl NumberType {
    fn of(ty: ArgType) -> Option<NumberType> {
        use ArgType::*;
        Some(match ty {
            Int | Fd | Pid => NumberType::S32,
            UInt | Uid | Gid => NumberType::U32,
            I16 => NumberType::S16,
            U16 => NumberType::U16,
            Long => NumberType::Long,
            I64 | Off => NumberType::S64,
            ULong | U64 | Size | Ptr | Hex => NumberType::U64,
            _ => return None,
        })
    }
}

/// Splits filters of these events.
pub fn compile<'a>(filters: &'a Filters, events: &[&'static EventSpec]) -> (KernelPart<'a>, Matcher) {
    let mut kernel = KernelPart {
        numbers: filters
            .numbers
            .iter()
            .map(|(at, numbers)| (*at, numbers))
            .collect(),
        names: filters.names.iter().map(|(at, texts)| (*at, texts)).collect(),
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
                let at_hand = matches!(ty, ArgType::Str | ArgType::KernelStr);
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
