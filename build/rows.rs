//! Compares the rows of the kernel's own events with the sources in C, where the compiler cannot.
//!
//! C names counts and positions after the catalogue (`event_ids.h`), so that a name that no row has does not compile.
//! Here the other direction is checked: a row that no program reports, an argument that no program fills in, and a
//! program after a call whose row names no calls, or the reverse. A comment counts as well: where user space fills an
//! argument, a comment in C names it.

use crate::catalogue::{EventKind, EventSpec};

/// Reported by programs of several names.
const OF_OTHER_NAMES: [&str; 2] = ["argument_mismatch", "mem_prot_alert"];

/// All mismatches, one event a line, with the remedy. `sources`: all of `src/bpf`.
pub fn check<'a>(events: impl Iterator<Item = &'a EventSpec>, sources: &str) -> Result<(), String> {
    let reported = |event: &&EventSpec| event.kind == EventKind::Kernel && !event.columns.reported_by_tracee;
    let words: Vec<&str> = words(sources).collect();
    let same = same_args(sources);
    let mut wrong = Vec::new();
    for event in events.filter(reported) {
        let (name, upper) = (event.name, event.name.to_uppercase());
        let program = format!("{name}__");
        let has_program = OF_OTHER_NAMES.contains(&name)
            || words.iter().any(|word| word.starts_with(&program))
            || around_a_body(sources, name, "");
        if !has_program {
            wrong.push(format!(
                "{name} has a row and no program: write one around on_{name}(), by HOOK() or as {program}tp_btf"
            ));
            continue;
        }
        match (around_a_body(sources, name, "AFTER_"), event.columns.after.is_empty()) {
            (true, true) => wrong.push(format!(
                "{name} has AFTER_CALL({name}), and its row no calls: name those that it looks at, by .after(&[…])"
            )),
            (false, false) => wrong.push(format!(
                "{name} names calls in its row and has no program after them: write after_{name}() and AFTER_CALL({name})"
            )),
            _ => {}
        }
        for arg in event.args {
            let position = format!("ARG_{upper}_{}", arg.name.to_uppercase());
            if !words.contains(&position.as_str()) && !same.contains(&position) {
                wrong.push(format!(
                    "{name} has the argument {}, which no program fills in: put_value(s, {position}, …), or another put_…()",
                    arg.name
                ));
            }
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n")),
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

/// Whether a macro of such a name makes programs around the body: `HOOK(name, …)`, `AFTER_CALL(name__vma)`.
fn around_a_body(sources: &str, name: &str, macros: &str) -> bool {
    sources.match_indices(name).any(|(at, _)| {
        let of_macro = sources[..at].strip_suffix('(').is_some_and(|before| {
            let start = before.rfind(|c: char| !c.is_ascii_uppercase() && c != '_');
            let called = &before[start.map_or(0, |start| start + 1)..];
            !called.is_empty() && called.starts_with(macros)
        });
        let rest = &sources[at + name.len()..];
        of_macro && (rest.starts_with([',', ')']) || rest.starts_with("__"))
    })
}

/// Positions that `SAME_ARGS(event, other, args…)` marks as filled in together with those of another event.
fn same_args(sources: &str) -> Vec<String> {
    let uses = sources.split("\nSAME_ARGS(").skip(1);
    uses.filter_map(|rest| rest.split_once(')'))
        .flat_map(|(inside, _)| {
            let mut names = words(inside);
            let event = names.next().unwrap_or_default();
            names.skip(1).map(move |arg| format!("ARG_{event}_{arg}"))
        })
        .collect()
}
