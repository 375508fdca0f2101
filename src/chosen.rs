//! Which of the chosen events and captures this kernel can give, and what is said of the others.

use crate::capture;
use crate::catalogue::EventSpec;
use crate::cli::config::Selection;
use crate::error::LoadError;
use crate::loader::features::Features;
use crate::loader::probe;
use crate::say;

type Events = Vec<&'static EventSpec>;

/// The chosen events that this kernel has, and those of sets and globs that it has not.
pub struct Chosen {
    pub events: Events,
    pub missing: Events,
}

/// Tells them apart.
pub fn available(selection: &Selection, features: &Features) -> Result<Chosen, LoadError> {
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
    match events.is_empty() {
        true => Err(LoadError::NoneAvailable(by_reason(&reasons(&missing, features)))),
        false => Ok(Chosen { events, missing }),
    }
}

/// What the kernel can capture of what was asked for, and why not memory, too.
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

/// What a run does not show that was asked for. Only said by one that has begun: others have an error to tell.
pub fn warn(missing: &[&'static EventSpec], no_memory: Option<&str>, features: &Features) {
    if let Some(reason) = no_memory {
        say!("warning: memory is not captured, since this kernel cannot tell of it: {reason}");
    }
    if features.preempts_raw_tracepoints() && !features.has_classic_tracepoints() {
        let reason = features.missing_perf_events().unwrap_or_else(|| {
            "tracefs cannot be read (mount -t tracefs tracefs /sys/kernel/tracing; in a container: \
             -v /sys/kernel/tracing:/sys/kernel/tracing:ro; or give CAP_DAC_READ_SEARCH)"
                .into()
        });
        say!(
            "warning: events will be lost when CPUs are busy: this kernel preempts programs on raw tracepoints, \
             and others cannot be had: {reason}"
        );
    }
    if !missing.is_empty() {
        say!(
            "warning: left out, since this kernel cannot give them: {}",
            by_reason(&reasons(missing, features))
        );
    }
}

/// Events, each with why it cannot be had.
fn reasons(missing: &[&'static EventSpec], features: &Features) -> Vec<(&'static str, String)> {
    missing
        .iter()
        .filter_map(|event| Some((event.name, probe::means(event, features).err()?)))
        .collect()
}

/// `a, b (why); c (why else)`: each reason once.
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
}
