//! Which calls leave a mark at `sys_enter`, by which `sys_exit` knows whether they were carried out:
//! `src/bpf/lib/mark.h`.

use std::collections::BTreeSet;

use crate::catalogue::evidence::is_evidence;
use crate::catalogue::kernel::{OPENING, WRITING};
use crate::catalogue::spec::Return;
use crate::catalogue::{self, special, CompatCall, EventSpec};
use crate::loader::capture::CapturePlan;
use crate::loader::features::Features;
use crate::loader::object::Program;
use crate::loader::probe;
use crate::wire::{ENTER_ARGS, ENTER_MARK};

/// Calls that leave a mark, by name.
pub type Marked = BTreeSet<&'static str>;

/// Programs at `sys_exit` that are no event's own, and the calls that they look at. Those of events are in their rows
/// (`.after(…)`).
const LOOKED_AT: &[(&str, &[&str])] = &[
    ("mem_prot_alert_mmap", &["mmap"]),
    ("mem_prot_alert_mprotect", &["mprotect", "pkey_mprotect"]),
    ("mem_prot_alert_attach", &["shmat", "brk"]),
    ("capture_mmap", &["mmap"]),
];

/// Calls that `--capture write` looks at, besides those that open or write.
const CAPTURED: &[&str] = &[
    "memfd_create",
    "ftruncate",
    "fallocate",
    "ioctl",
    "mmap",
    "truncate",
    "io_setup",
    "io_uring_setup",
];

/// Calls that can return under another number than they were entered by.
const UNSETTLED: [&str; 6] = ["fork", "vfork", "clone", "clone3", "execve", "execveat"];

const _: () = {
    let mut index = 0;
    while index < LOOKED_AT.len() {
        special::all_known(LOOKED_AT[index].1);
        index += 1;
    }
    special::all_known(CAPTURED);
    special::all_known(&UNSETTLED);
};

/// The calls that the programs of this stem at `sys_exit` look at.
fn looked_at(stem: &str) -> &'static [&'static str] {
    let of_others = LOOKED_AT.iter().find(|(of, _)| *of == stem);
    match of_others {
        Some((_, calls)) => calls,
        None => catalogue::by_name(stem).map_or(&[], |event| event.columns.after),
    }
}

/// What `--capture write` looks at.
fn captured() -> impl Iterator<Item = &'static str> {
    OPENING.iter().chain(WRITING).chain(CAPTURED).copied()
}

/// The calls that this program at `sys_exit` looks at.
pub fn looked_at_by(program: &Program) -> Marked {
    match program.stem() {
        probe::CAPTURE_WRITE => captured().collect(),
        stem => looked_at(stem).iter().copied().collect(),
    }
}

/// Calls that leave marks: of the chosen ones those whose success is evidence, or `all`; and those that programs look
/// at which have no other evidence.
pub fn marked_calls(
    chosen: &[&'static EventSpec],
    capture: Option<CapturePlan>,
    all: bool,
    features: &Features,
) -> Marked {
    let comes_back = |event: &&EventSpec| event.kind.is_syscall() && event.columns.returns != Return::Never;
    let mut marked: Marked = chosen
        .iter()
        .filter(|event| comes_back(event) && (all || is_evidence(event)))
        .map(|event| event.name)
        .collect();
    let memory = capture
        .filter(|capture| capture.mem)
        .map(|_| probe::capture_memory(features));
    let stems = chosen
        .iter()
        .flat_map(|event| probe::stems(event, features))
        .chain(memory.into_iter().flatten());
    for stem in stems {
        if probe::best(stem, features).is_ok_and(|program| program.mechanism.is_after()) {
            marked.extend(looked_at(stem));
        }
    }
    if capture.is_some_and(|capture| capture.write) {
        marked.extend(captured());
    }
    // These may return as any of the others.
    if !marked.is_empty() {
        marked.extend(UNSETTLED);
    }
    marked
}

/// What `sys_enter` does about a call in some ABI for its mark: `ENTER_*`.
pub fn enter_bits(marked: &Marked, call: &CompatCall) -> u8 {
    if !is_marked(marked, call) {
        return 0;
    }
    ENTER_MARK
        | match catalogue::expect(call.event).columns.returns {
            Return::Once | Return::Never => 0,
            _ => ENTER_ARGS,
        }
}

/// Whether a call in some ABI is one of these by its number.
pub fn is_marked(marked: &Marked, call: &CompatCall) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| marked.contains(name));
    match catalogue::expect(call.event).columns.returns {
        // Before it returns, either may have the other's number, or that of another ABI.
        Return::Execve | Return::Execveat => has(&["execve", "execveat"]),
        _ => marked.contains(call.event),
    }
}

/// Whether `exit` or `exit_group` is marked.
pub fn exits(marked: &Marked) -> bool {
    marked
        .iter()
        .any(|name| catalogue::expect(name).columns.returns == Return::TaskExit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_at_is_there() {
        let programs = || {
            crate::loader::object::programs()
                .iter()
                .filter(|program| program.mechanism.is_after())
        };
        for (stem, _) in LOOKED_AT {
            assert!(programs().any(|program| program.stem() == *stem), "{stem}");
        }
        // A program sees only the calls that its row names, or that are listed.
        for stem in programs().map(Program::stem) {
            assert!(
                stem == probe::CAPTURE_WRITE || !looked_at(stem).is_empty(),
                "{stem}"
            );
        }
    }

    #[test]
    fn marks_of_what_is_chosen() {
        let chosen = ["openat", "read", "rt_sigreturn", "exit_group", "clone"].map(catalogue::expect);
        let marked = |all| marked_calls(&chosen, None, all, &Features::default());
        let with = |names: &[&'static str]| Marked::from_iter(UNSETTLED.iter().chain(names).copied());
        assert_eq!(marked(false), with(&["openat", "exit_group"]));
        assert_eq!(marked(true), with(&["openat", "exit_group", "read"]));
    }
}
