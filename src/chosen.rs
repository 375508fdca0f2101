//! Which of the chosen events and captures are available on this kernel, and the warnings about the others.

use std::path::Path;

use crate::capture;
use crate::catalogue::{special, EventSpec};
use crate::cli::events::Selection;
use crate::error::LoadError;
use crate::loader::features::Features;
use crate::loader::probe;
use crate::say;

type Events = Vec<&'static EventSpec>;

/// The chosen events, by whether they are available on this kernel. Only sets and globs may choose missing ones.
pub struct Chosen {
    pub events: Events,
    pub missing: Events,
}

/// Sorts the chosen events by whether this kernel provides them. An error if it lacks one that is named, or provides
/// none.
pub fn available(selection: &Selection, features: &Features) -> Result<Chosen, LoadError> {
    for event in &selection.by_name {
        if let Err(reason) = probe::mechanism(event, features) {
            return Err(LoadError::Unavailable {
                event: event.name,
                reason,
            });
        }
    }
    let (mut events, missing): (Events, Events) = selection
        .by_set
        .iter()
        .partition(|event| probe::mechanism(event, features).is_ok());
    events.extend(&selection.by_name);
    match events.is_empty() {
        true => Err(LoadError::NoneAvailable(by_reason(&reasons(&missing, features)))),
        false => Ok(Chosen { events, missing }),
    }
}

/// The captures that this kernel provides of those that were asked for; and, if memory was asked for by a set and
/// cannot be captured, why not.
pub fn possible(
    capture: Option<capture::Settings>,
    features: &Features,
) -> Result<(Option<capture::Settings>, Option<String>), LoadError> {
    let Some(mut settings) = capture else {
        return Ok((None, None));
    };
    let missing = probe::missing_memory_capture(features).filter(|_| settings.mem);
    if let Some(reason) = missing.clone().filter(|_| settings.mem_by_name) {
        return Err(LoadError::NoMemoryCapture(reason));
    }
    settings.mem &= missing.is_none();
    Ok((Some(settings), missing))
}

/// Warns of what was asked for and will not be shown. Called once a run has begun: others end with an error instead.
/// `debug`: with the reasons.
pub fn warn(missing: &[&'static EventSpec], no_memory: Option<&str>, features: &Features, debug: bool) {
    if let Some(reason) = no_memory {
        say!("warning: memory is not captured, since it is unavailable on this kernel: {reason}");
    }
    if features.preempts_raw_tracepoints() && !features.has_classic_tracepoints() {
        let reason = features.missing_perf_events().unwrap_or_else(|| {
            "tracefs cannot be read (mount -t tracefs tracefs /sys/kernel/tracing; in a container: \
             -v /sys/kernel/tracing:/sys/kernel/tracing:ro; or give CAP_DAC_READ_SEARCH)"
                .into()
        });
        say!(
            "warning: events will be lost when CPUs are busy: this kernel preempts programs on raw tracepoints, \
             and others are unavailable: {reason}"
        );
    }
    let missed: Vec<_> = missing
        .iter()
        .map(|event| event.name)
        .filter(|name| can_happen(name))
        .collect();
    if let Some(which) = several(&missed) {
        say!("warning: {which} unavailable on this kernel and left out; --list --verbose shows why");
    }
    if debug && !missing.is_empty() {
        say!("left out: {}", by_reason(&reasons(missing, features)));
    }
}

/// Whether what the event reports is possible on this kernel. What is not, nobody misses: a kernel without loadable
/// modules loads none.
fn can_happen(name: &str) -> bool {
    !OF_MODULES.contains(&name) || Path::new("/proc/modules").exists()
}

/// Events of loadable modules.
const OF_MODULES: [&str; 3] = ["module_load", "module_free", "do_init_module"];

const _: () = special::all_known(&OF_MODULES);

/// The subject of a sentence about these events, with its verb: a few by name, more by their number.
fn several(names: &[&str]) -> Option<String> {
    match names {
        [] => None,
        [name] => Some(format!("{name} is")),
        [first, second] => Some(format!("{first} and {second} are")),
        _ => Some(format!("{} events are", names.len())),
    }
}

/// Events, each with the reason why it is unavailable.
fn reasons(missing: &[&'static EventSpec], features: &Features) -> Vec<(&'static str, String)> {
    missing
        .iter()
        .filter_map(|event| Some((event.name, probe::mechanism(event, features).err()?)))
        .collect()
}

/// `a, b (reason); c (other reason)`: each reason once.
fn by_reason(missing: &[(&str, String)]) -> String {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, reason) in missing {
        match groups.iter_mut().find(|(known, _)| known == reason) {
            Some((_, names)) => names.push(name),
            None => groups.push((reason, vec![name])),
        }
    }
    let groups: Vec<_> = groups
        .iter()
        .map(|(reason, names)| format!("{} ({reason})", names.join(", ")))
        .collect();
    groups.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_told_once() {
        let missing = [("a", "no x".into()), ("b", "no y".into()), ("c", "no x".into())];
        assert_eq!(by_reason(&missing), "a, c (no x); b (no y)");
    }

    #[test]
    fn many_are_counted() {
        let said = |names: &[&str]| several(names).unwrap_or_default();
        assert_eq!(said(&["a"]), "a is");
        assert_eq!(said(&["a", "b"]), "a and b are");
        assert_eq!(said(&["a", "b", "c"]), "3 events are");
        assert_eq!(several(&[]), None);
    }
}
