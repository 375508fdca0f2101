//! docs/events.md: every event with its arguments, its mechanisms and what it guarantees; docs/fields.md: fields of filters,
//! formats and JSON.

use std::fmt::Write as _;

use crate::catalogue::evidence::is_evidence;
use crate::catalogue::spec::Return;
use crate::catalogue::{self, meaning, EventKind, EventSpec};
use crate::cli::{describe, list};
use crate::fields::{Filtered, FIELDS};
use crate::loader::object::Mechanism;
use crate::loader::probe;

const HEAD: &str = "\
# Events

`make docs` writes this file from the catalogue (`src/catalogue/`); it is the same on each machine. What the running
kernel provides is shown by `tracee --list`, and all about one event by `tracee --list -e openat`.

## How to read this

- **Arguments** have the names by which `--filter` takes them (`openat.pathname=/etc/*`) and JSON shows them. Behind the
  name stands the type. *Filled in* is what the call writes; all else is what it was given. The type of some depends
  on another argument: *by cmd*.
- **Sets** are what `--events-set` takes. Each event is in `all`, each system call in `syscalls`, too.
- **Mechanisms** are listed best first: a kernel uses the first that it supports.
  - `fexit`: at the end of a function of the kernel, so that its result is known. `fentry`: at its beginning.
  - `tp_btf`: at a raw tracepoint. Where programs there can be preempted (Linux 7), tracee takes its classic form (`tp`),
    and prefers `kprobe` to `fexit` and `fentry`.
  - `kprobe`: at the beginning of a function, by a breakpoint: the result is unknown.
  - *after the call*: at `sys_exit`, from what the call has left in the kernel's objects. Most events then do not report
    calls that failed.
- **Holds** is what an event guarantees against the traced program. Numbers in brackets are promises of
  [security-model.md](security-model.md), which has their limits and their tests.

What events of files report by each mechanism is in [file-events.md](file-events.md).
";

const CALLS: &str = "\
System calls are seen when they return, at `tp_btf/sys_exit`. Call, ABI, result and numbers hold [P1]; texts, structures
and bytes are what memory held at that moment [P2]. *Verified*: it holds, too, that the call was carried out [P12]; for
all others `--verify-results` checks that. A call that differs from this has lines of its own.
";

const FIELDS_HEAD: &str = "\
# Fields

`make docs` writes this file from the table of fields (`src/fields.rs`). One table serves `--filter`, `--format` and JSON:

- `--filter 'FIELD=VALUE'` takes those that have operators here, by either name. [reference.md](reference.md#filters) has the
  grammar.
- `--format '%FIELD …'` takes all but `path`, by either name.
- JSON has those with a key, under that key: one object a line.

Arguments of events are fields as well: `pathname` of every chosen event that has it, `openat.pathname` of one. In JSON they
are the list `args`, each with `name`, `type` and `value`. [events.md](events.md) has all of them.

| field | key in JSON | operators | |
| --- | --- | --- | --- |
";

/// The text of docs/fields.md.
pub fn fields() -> String {
    let mut page = FIELDS_HEAD.to_owned();
    for row in FIELDS {
        let key = match (row.is_json(), row.key) {
            (false, _) => String::new(),
            (true, key) => format!("`{}`", key.unwrap_or(row.name)),
        };
        let operators = match row.filtered {
            None => "",
            Some(Filtered::Number(_) | Filtered::Result) => "`= != < > <= >=`",
            Some(Filtered::Name(_) | Filtered::Container | Filtered::Path) => "`= !=`",
        };
        let _ = writeln!(page, "| `{}` | {key} | {operators} | {} |", row.name, row.meaning);
    }
    page
}

/// The text of docs/events.md.
pub fn events() -> String {
    let all: Vec<_> = catalogue::events().collect();
    let mut page = HEAD.to_owned();
    let mut calls = false;
    for (title, events) in list::groups(&all) {
        let _ = writeln!(page, "\n## {title}");
        if events[0].kind != EventKind::Kernel && !calls {
            let _ = write!(page, "\n{CALLS}");
            calls = true;
        }
        for event in events {
            push_event(&mut page, event);
        }
    }
    page
}

fn push_event(page: &mut String, event: &EventSpec) {
    let _ = writeln!(page, "\n### {}\n\n{}\n", event.name, meaning::of(event));
    for arg in event.args {
        let _ = writeln!(
            page,
            "- `{}` ({}): {}",
            arg.name,
            describe::type_of(event, arg),
            meaning::of_argument(event, arg)
        );
    }
    if !event.args.is_empty() {
        page.push('\n');
    }
    let mut sets = list::sets(event);
    sets.retain(|set| !["all", "syscalls"].contains(set));
    let sets = match sets.is_empty() {
        true => "none but `all`".to_owned(),
        false => format!("`{}`", sets.join("`, `")),
    };
    let _ = write!(page, "Sets: {sets}. Id: {}.", event.id);
    let usual = matches!(event.columns.returns, Return::Once | Return::TwiceInChild);
    if event.kind != EventKind::Kernel && usual {
        page.push_str(if is_evidence(event) { " Verified.\n" } else { "\n" });
        return;
    }
    page.push('\n');
    push_mechanisms(page, event);
    let holds = describe::guarantee(event).replace(": docs/security-model.md", "");
    let _ = writeln!(page, "Holds: {holds}.");
}

/// The mechanisms of all kernels, best first.
fn push_mechanisms(page: &mut String, event: &EventSpec) {
    let parts = probe::parts(event);
    if parts.is_empty() {
        page.push_str("Mechanisms: none, tracee reports it by itself.\n");
    }
    for part in &parts {
        let mut ways: Vec<String> = Vec::new();
        for program in &part.programs {
            let way = match program.mechanism {
                // The other form of a raw tracepoint.
                Mechanism::Tp | Mechanism::AfterTp => continue,
                Mechanism::AfterTpBtf => describe::how(program, event),
                _ => format!("`{}`", program.section),
            };
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        let of = match part.of {
            "" => String::new(),
            of => format!(" ({of})"),
        };
        let _ = writeln!(page, "Mechanisms{of}: {}.", ways.join(" – "));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_pages_are_up_to_date() {
        for (page, text) in [("events", super::events()), ("fields", super::fields())] {
            let path = format!("{}/docs/{page}.md", env!("CARGO_MANIFEST_DIR"));
            let there = std::fs::read_to_string(path).unwrap_or_default();
            assert!(
                there == text,
                "docs/{page}.md is not what the catalogue says; run: make docs"
            );
        }
    }
}
