//! `--list`: what there is, in which sets, with which arguments, and how this kernel gives it.

use std::io::{self, Write};

use serde_json::json;

use crate::catalogue::{EventKind, EventSpec, Set};
use crate::loader::features::Features;
use crate::loader::probe;

/// Writes the list; needs no privilege.
pub fn write(out: &mut impl Write, events: &[&EventSpec], features: &Features, json: bool) -> io::Result<()> {
    if !json {
        writeln!(out, "{:<28} {:<44} {:<60} ATTACH", "EVENT", "SETS", "ARGUMENTS")?;
    }
    for event in events {
        let means = probe::means(event, features);
        if json {
            write_json(out, event, &means)?;
        } else {
            let args: Vec<_> = event.args.iter().map(|arg| arg.name).collect();
            let mut means = means.unwrap_or_else(|reason| format!("unavailable: {reason}"));
            if event.kind == EventKind::CompatSyscall {
                means.push_str(" (32-bit programs only)");
            }
            let sets = sets(event).join(",");
            writeln!(
                out,
                "{:<28} {:<44} {:<60} {means}",
                event.name,
                sets,
                args.join(",")
            )?;
        }
    }
    out.flush()
}

fn write_json(out: &mut impl Write, event: &EventSpec, means: &Result<String, String>) -> io::Result<()> {
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
        "available": means.is_ok(),
        "attach": means.as_ref().ok(),
        "reason": means.as_ref().err(),
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
