//! `--list`: what there is, in which sets, with which arguments, and by which mechanism this kernel provides it.

use std::io::{self, Write};

use serde_json::json;

use crate::catalogue::{EventKind, EventSpec, Set};
use crate::loader::features::Features;
use crate::loader::probe;

/// Families of system calls, in the order in which they are listed.
const GROUPS: [Set; 7] = [
    Set::Proc,
    Set::Fs,
    Set::Net,
    Set::Ipc,
    Set::Signals,
    Set::Time,
    Set::System,
];

/// Writes the list; needs no privilege.
///
/// `tried`: the kernel was asked what it can do; otherwise only its types were read.
pub fn write(
    out: &mut impl Write,
    events: &[&EventSpec],
    features: &Features,
    json: bool,
    tried: bool,
) -> io::Result<()> {
    if json {
        for event in events {
            write_json(out, event, &probe::mechanism(event, features), tried)?;
        }
        return out.flush();
    }
    writeln!(out, "{:<26} {:<34} {:<30} ARGUMENTS", "EVENT", "SETS", "ATTACH")?;
    let of_kind = |kind: EventKind| events.iter().copied().filter(move |event| event.kind == kind);
    write_group(out, features, "Kernel events", of_kind(EventKind::Kernel))?;
    for group in GROUPS {
        let title = format!("System calls: {}", group.name());
        let calls = of_kind(EventKind::Syscall).filter(|event| first_group(event) == Some(group));
        write_group(out, features, &title, calls)?;
    }
    let alone = of_kind(EventKind::CompatSyscall);
    write_group(
        out,
        features,
        "System calls that only 32-bit programs have",
        alone,
    )?;
    out.flush()
}

fn write_group<'a>(
    out: &mut impl Write,
    features: &Features,
    title: &str,
    events: impl Iterator<Item = &'a EventSpec>,
) -> io::Result<()> {
    let mut events = events.peekable();
    if events.peek().is_some() {
        writeln!(out, "\n{title}")?;
    }
    for event in events {
        let mechanism =
            probe::mechanism(event, features).unwrap_or_else(|reason| format!("unavailable: {reason}"));
        let args: Vec<_> = event.args.iter().map(|arg| arg.name).collect();
        // Sets that follow from the kind of event are left out: every event has them.
        let sets: Vec<_> = sets(event)
            .into_iter()
            .filter(|set| !["all", "syscalls"].contains(set))
            .collect();
        let row = format!(
            "{:<26} {:<34} {mechanism:<30} {}",
            event.name,
            sets.join(","),
            args.join(", ")
        );
        writeln!(out, "{}", row.trim_end())?;
    }
    Ok(())
}

/// The family that a call is listed in; a call may be in several.
fn first_group(event: &EventSpec) -> Option<Set> {
    GROUPS.into_iter().find(|group| event.in_set(*group))
}

fn write_json(
    out: &mut impl Write,
    event: &EventSpec,
    mechanism: &Result<String, String>,
    tried: bool,
) -> io::Result<()> {
    let args: Vec<_> = event
        .args
        .iter()
        .map(|arg| json!({"name": arg.name, "type": arg.ty.c_name()}))
        .collect();
    let line = json!({
        "name": event.name,
        "id": event.id,
        "sets": sets(event),
        "args": args,
        "available": mechanism.is_ok(),
        "tried": tried,
        "attach": mechanism.as_ref().ok(),
        "reason": mechanism.as_ref().err(),
    });
    writeln!(out, "{line}")
}

fn sets(event: &EventSpec) -> Vec<&'static str> {
    Set::EVERY
        .iter()
        .filter(|set| event.in_set(**set))
        .map(|set| set.name())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    #[test]
    fn every_event_has_its_line() {
        let mut text = Vec::new();
        let events: Vec<_> = catalogue::events().collect();
        write(&mut text, &events, &Features::default(), false, false).unwrap();
        let text = String::from_utf8(text).unwrap();
        for event in catalogue::events() {
            let lines = text
                .lines()
                .filter(|line| line.split(' ').next() == Some(event.name));
            assert_eq!(lines.count(), 1, "{}", event.name);
        }
    }
}
