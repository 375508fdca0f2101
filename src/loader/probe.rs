//! By which mechanism each event is obtained on this kernel, and which programs that takes.
//!
//! The programs of an event are found in the object by their names, `<event>__<mechanism>`; what each attaches to is in
//! its section. `src/bpf/lib/event.h` explains the mechanisms.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::catalogue::{self, spec, special, EventKind, EventSpec};
use crate::loader::features::Features;
use crate::loader::object::{self, Mechanism, Program};
use spec::{EventId, Return};

/// Why this kernel does not support a program.
fn missing(program: &Program, features: &Features) -> Option<String> {
    let target = program.target();
    // Such programs search the address space by address.
    if program.name.contains("__vma__") && !features.finds_vma() {
        return Some("the kernel has no bpf_find_vma".into());
    }
    match program.mechanism {
        Mechanism::Fexit | Mechanism::Fentry => features.missing_trampolines().or_else(|| {
            (!features.has_function(target)).then(|| format!("the kernel has no function {target}"))
        }),
        Mechanism::Kprobe if !features.has_kprobes() => Some("the kernel has no kprobes".into()),
        Mechanism::Kprobe => features.missing_perf_events().or_else(|| {
            (!features.has_function(target)).then(|| format!("the kernel has no function {target}"))
        }),
        _ => (!features.has_tracepoint(target)).then(|| format!("the kernel has no tracepoint {target}")),
    }
}

/// The programs of a stem, best first. Where programs on raw tracepoints are `preempted`, trampolines come after kprobes:
/// see docs/architecture.md.
fn ranked(stem: &str, preempted: bool) -> Vec<&'static Program> {
    let mut programs: Vec<_> = object::programs()
        .iter()
        .filter(|program| program.stem() == stem && !program.looks())
        .collect();
    programs.sort_by_key(|program| {
        let skipped = preempted && program.mechanism.is_trampoline();
        (program.mechanism > Mechanism::Kprobe, skipped, program.mechanism)
    });
    programs
}

/// The best program of this stem that the kernel supports, or why it supports none.
pub fn best<'a>(stem: &str, features: &Features) -> Result<&'a Program, String> {
    let mut candidates = ranked(stem, features.preempts_raw_tracepoints());
    // Of the two forms of each program on a tracepoint, one is taken.
    let classic = features.preempts_raw_tracepoints() && features.has_classic_tracepoints();
    let both = candidates.iter().any(|program| program.mechanism.is_classic());
    if both {
        candidates.retain(|program| match classic {
            true => !program.mechanism.is_raw(),
            false => !program.mechanism.is_classic(),
        });
    }
    let usable = candidates
        .iter()
        .find(|program| missing(program, features).is_none());
    match usable {
        Some(program) => Ok(program),
        None => {
            let mut reasons: Vec<String> = Vec::new();
            for reason in candidates.iter().filter_map(|program| missing(program, features)) {
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
            Err(reasons.join(", and "))
        }
    }
}

// Stems that several events share.
pub const SYS_ENTER: &str = special::SYS_ENTER.name;
pub const SYS_EXIT: &str = special::SYS_EXIT.name;
pub const FORK: &str = special::FORK.name;
pub const EXEC: &str = special::EXEC.name;
pub const EXIT: &str = special::EXIT.name;
pub const FREE: &str = "sched_process_free";
/// Stems of the beginning and the end of containers.
pub const CONTAINER_LIFE: [&str; 2] = [special::CONTAINER_CREATE.name, special::CONTAINER_REMOVE.name];
const PREPARE_EXEC: &str = "sched_prepare_exec";
/// Reports the namespaces that a child gets when it is made.
const CLONE_NS: &str = "clone_ns";
pub const PROT_ALERT: [&str; 2] = ["mem_prot_alert_mmap", "mem_prot_alert_mprotect"];
/// Sees who sends signals, and to whom: their names.
pub const SIGNALS: &str = "signal_generate";
/// Looks at what shmat(2) and brk(2) map, which no hook sees: since 5.17.
const ALERT_ATTACH: &str = "mem_prot_alert_attach";
/// Stems that `--capture` needs.
pub const CAPTURE_WRITE: &str = "capture_write";
pub const CAPTURE_MMAP: &str = "capture_mmap";
const MISMATCH: &str = special::ARGUMENT_MISMATCH.name;
const ALERT: &str = special::MEM_PROT_ALERT.name;
const CREDS: &str = special::COMMIT_CREDS.name;
const NAMESPACES: &str = special::SWITCH_TASK_NS.name;

/// Programs that see the kernel's copies of arguments: the stem, the calls whose copy it sees, and whether the
/// arguments are compared at `sys_exit`. A successful execve is compared before its old image goes.
const COPIES: [(&str, &[&str], bool); 3] = [
    ("argument_exec", &["execve", "execveat"], false),
    (
        "argument_path",
        &["open", "openat", "openat2", "creat", "execve", "execveat"],
        true,
    ),
    ("argument_address", &["connect"], true),
];

/// Calls of which an argument is compared with the kernel's copy of it, and the argument's position.
pub fn checked_calls(chosen: &[&EventSpec], features: &Features) -> Vec<(&'static str, u8)> {
    if !chosen.iter().any(|event| event.name == MISMATCH) {
        return Vec::new();
    }
    let calls: BTreeSet<_> = COPIES.iter().flat_map(|(_, calls, _)| *calls).copied().collect();
    calls
        .into_iter()
        .filter_map(|call| Some((call, checked_argument(call, features)?)))
        .collect()
}

fn checked_argument(call: &str, features: &Features) -> Option<u8> {
    let seen = COPIES
        .iter()
        .any(|(stem, calls, at_exit)| *at_exit && calls.contains(&call) && best(stem, features).is_ok());
    catalogue::expect(call).columns.checked.filter(|_| seen)
}

/// Stems of the programs of `argument_mismatch`: those that the kernel supports, or all if it supports none.
fn mismatch_stems(features: &Features) -> Vec<&'static str> {
    let has = |stem: &str| best(stem, features).is_ok();
    let none = !COPIES.iter().any(|(stem, ..)| has(stem));
    let mut stems = Vec::new();
    for (stem, _, at_exit) in COPIES {
        if none || has(stem) {
            stems.push(stem);
            stems.extend(at_exit.then_some(SYS_EXIT));
        }
    }
    stems
}

/// What `--list` shows for `argument_mismatch`: which calls are compared by which mechanism, and which are not.
fn mismatch_mechanisms(features: &Features) -> String {
    let mut parts = Vec::new();
    for (stem, calls, _) in COPIES {
        let calls = match stem {
            "argument_exec" => "execve and execveat that succeed".to_owned(),
            _ => calls
                .join(", ")
                .replace("execve, execveat", "execve and execveat that fail"),
        };
        parts.push(match best(stem, features) {
            Ok(program) => format!("{} ({calls})", program.section),
            Err(reason) => format!("no copy can be seen of {calls} ({reason})"),
        });
    }
    parts.join("; ")
}

/// Stems of the programs of `mem_prot_alert`: one of them only if the kernel supports it.
fn alert_stems(features: &Features) -> Vec<&'static str> {
    let attach = best(ALERT_ATTACH, features).is_ok().then_some(ALERT_ATTACH);
    PROT_ALERT.into_iter().chain(attach).collect()
}

/// Stems of the programs that an event needs on this kernel.
pub fn stems(event: &EventSpec, features: &Features) -> Vec<&'static str> {
    let prepare = prepare_exec(features);
    if event.kind != EventKind::Kernel {
        return match event.columns.returns {
            Return::Once | Return::TwiceInChild => vec![SYS_EXIT],
            Return::Execve | Return::Execveat => vec![SYS_EXIT, EXEC, prepare],
            Return::Never => vec![SYS_ENTER],
            Return::TaskExit => vec![EXIT],
        };
    }
    if event.columns.reported_by_tracee {
        return vec![];
    }
    match event.name {
        EXEC => vec![EXEC, prepare],
        MISMATCH => mismatch_stems(features),
        ALERT => alert_stems(features),
        name @ (CREDS | NAMESPACES) => {
            let mut stems = vec![name];
            if best(name, features).is_ok_and(|program| program.mechanism.is_after()) {
                // It keeps what they compare.
                stems.push(SYS_ENTER);
            }
            if name == NAMESPACES {
                stems.push(CLONE_NS);
            }
            stems
        }
        name => {
            let also = event.columns.also.iter().copied();
            std::iter::once(name)
                .chain(also.filter(|stem| best(stem, features).is_ok()))
                .collect()
        }
    }
}

/// The program at `sys_exit` that also does what those do which look at calls, in place of them: in the form of `other`.
pub fn looking(other: &Program) -> Option<&'static Program> {
    object::programs()
        .iter()
        .find(|program| program.looks() && program.mechanism == other.mechanism)
}

/// The program that sees an execve before the old image goes.
pub fn prepare_exec(features: &Features) -> &'static str {
    match best(PREPARE_EXEC, features) {
        Ok(_) => PREPARE_EXEC,
        Err(_) => SYS_ENTER,
    }
}

/// The programs that an event needs, or why it is unavailable.
pub fn programs(event: &EventSpec, features: &Features) -> Result<BTreeSet<&'static Program>, String> {
    if !features.btf {
        return Err("the kernel has no BTF (/sys/kernel/btf/vmlinux)".into());
    }
    stems(event, features)
        .into_iter()
        .map(|stem| best(stem, features))
        .collect()
}

/// Programs that capture of memory needs.
pub fn capture_memory(features: &Features) -> Vec<&'static str> {
    let mut stems = alert_stems(features);
    stems.push(CAPTURE_MMAP);
    stems
}

/// Why memory cannot be captured on this kernel.
pub fn missing_memory_capture(features: &Features) -> Option<String> {
    capture_memory(features)
        .into_iter()
        .find_map(|stem| best(stem, features).err())
}

/// What `--list` shows for `artifact_captured`: the programs of each kind of capture.
fn capture_mechanisms(features: &Features) -> String {
    let section = |stem: &str| match best(stem, features) {
        Ok(program) => program.section.clone(),
        Err(reason) => format!("unavailable ({reason})"),
    };
    let memory = match missing_memory_capture(features) {
        None => capture_memory(features)
            .into_iter()
            .map(section)
            .collect::<Vec<_>>()
            .join(" "),
        Some(reason) => format!("unavailable ({reason})"),
    };
    format!(
        "write: {}; exec: {}; mem: {memory}",
        section(CAPTURE_WRITE),
        section(EXEC)
    )
}

/// What reports one part of an event, on whatever kernel.
#[derive(Debug)]
pub struct Part {
    /// Which part; empty: all of it.
    pub of: &'static str,
    /// The programs of which a kernel gets the first that it supports.
    pub programs: Vec<&'static Program>,
}

/// By which mechanisms kernels provide an event. What tracee reports by itself has none.
pub fn parts(event: &EventSpec) -> Vec<Part> {
    let part = |of, stems: &[&str]| Part {
        of,
        programs: stems.iter().flat_map(|stem| ranked(stem, false)).collect(),
    };
    let [mmap, mprotect] = PROT_ALERT;
    if event.kind != EventKind::Kernel {
        return match event.columns.returns {
            Return::Once | Return::TwiceInChild => vec![part("", &[SYS_EXIT])],
            Return::Execve | Return::Execveat => vec![
                part("if it succeeds", &[EXEC]),
                part("before the old program goes", &[PREPARE_EXEC, SYS_ENTER]),
                part("if it fails", &[SYS_EXIT]),
            ],
            Return::Never => vec![part("", &[SYS_ENTER])],
            Return::TaskExit => vec![part("", &[EXIT])],
        };
    }
    match event.name {
        name if name == special::ARTIFACT_CAPTURED.name => vec![
            part("write", &[CAPTURE_WRITE]),
            part("exec", &[EXEC]),
            part("mem", &[CAPTURE_MMAP]),
            part("mem: mprotect, pkey_mprotect", &[mprotect]),
            part("mem: mmap", &[mmap]),
            part("mem: shmat, brk", &[ALERT_ATTACH]),
        ],
        _ if event.columns.reported_by_tracee => vec![],
        EXEC => vec![
            part("", &[EXEC]),
            part("before the old program goes", &[PREPARE_EXEC, SYS_ENTER]),
        ],
        MISMATCH => vec![
            part("execs that succeed", &["argument_exec"]),
            part(
                "open, openat, openat2, creat, execs that fail",
                &["argument_path"],
            ),
            part("connect", &["argument_address"]),
        ],
        ALERT => vec![
            part("mmap", &[mmap]),
            part("mprotect, pkey_mprotect", &[mprotect]),
            part("shmat, brk", &[ALERT_ATTACH]),
        ],
        NAMESPACES => vec![
            part("a task that moves", &[NAMESPACES]),
            part("a task that is made", &[CLONE_NS]),
        ],
        name => {
            let also = event.columns.also.iter();
            std::iter::once(part("", &[name]))
                .chain(also.map(|stem| part("calls of 32-bit programs, since Linux 6.8", &[stem])))
                .collect()
        }
    }
}

/// What `--list` shows for an event: its mechanism, or why it is unavailable.
pub fn mechanism(event: &EventSpec, features: &Features) -> Result<String, String> {
    let programs = programs(event, features)?;
    if event.id == special::ARTIFACT_CAPTURED.id {
        return Ok(capture_mechanisms(features));
    }
    if programs.is_empty() {
        return Ok("tracee".into());
    }
    if event.name == MISMATCH {
        return Ok(mismatch_mechanisms(features));
    }
    let remark = |program: &Program| match program.mechanism {
        Mechanism::AfterTpBtf | Mechanism::AfterTp => " (after the call)",
        Mechanism::Ext4TpBtf => " (files of ext4 only)",
        _ => "",
    };
    let names: Vec<_> = programs
        .iter()
        .map(|program| format!("{}{}", program.section, remark(program)))
        .collect();
    Ok(names.join(" "))
}

/// How each event of the kernel's own is obtained: JSON's `source`. Computed once.
#[derive(Debug)]
pub struct Sources {
    /// Sources by event id.
    events: Vec<Option<Cow<'static, str>>>,
    /// Sources of events that are obtained by another mechanism in some calls: event, call, source.
    by_call: Vec<(EventId, EventId, Cow<'static, str>)>,
}

impl Sources {
    pub fn new(features: &Features) -> Sources {
        let source = |stem: &str| {
            best(stem, features)
                .ok()
                .map(|program| Cow::from(program.mechanism.source()))
        };
        let id = |name: &str| catalogue::expect(name).id;
        let mut events = vec![None; spec::MAX_EVENTS];
        for event in catalogue::KERNEL {
            let first = stems(event, features).first().copied();
            events[usize::from(event.id)] = match event.name {
                ALERT => first.and_then(source),
                name => source(name),
            };
        }
        let copies = COPIES
            .iter()
            .flat_map(|(stem, calls, _)| calls.iter().map(move |call| (MISMATCH, *call, *stem)));
        let alerts = [
            ("mprotect", PROT_ALERT[1]),
            ("pkey_mprotect", PROT_ALERT[1]),
            ("shmat", ALERT_ATTACH),
            ("brk", ALERT_ATTACH),
        ]
        .map(|(call, stem)| (ALERT, call, stem));
        let by_call = copies
            .chain(alerts)
            .filter_map(|(event, call, stem)| Some((id(event), id(call), source(stem)?)))
            .collect();
        Sources { events, by_call }
    }

    /// The source of an event in that system call; `None` for system calls and for events that tracee reports by
    /// itself.
    pub fn of(&self, event: EventId, syscall: EventId) -> Option<&str> {
        let by_call = self
            .by_call
            .iter()
            .find(|(of, call, _)| *of == event && *call == syscall);
        match by_call {
            Some((.., source)) => Some(source),
            None => self.events.get(usize::from(event))?.as_deref(),
        }
    }

    /// All of it, by name: event, call (empty: any), source.
    pub fn rows(&self) -> Vec<(String, String, String)> {
        let name = |id: EventId| catalogue::by_id(id).map_or_else(String::new, |event| event.name.into());
        let of_events = (0..).zip(&self.events).filter_map(|(id, source)| {
            let source = source.as_ref()?;
            Some((name(id), String::new(), source.to_string()))
        });
        let by_call = self.by_call.iter();
        of_events
            .chain(by_call.map(|(event, call, source)| (name(*event), name(*call), source.to_string())))
            .collect()
    }

    /// The same as it was recorded, as [`Self::rows`] has it. Events that this tracee does not have are left out.
    pub fn recorded(rows: &[(String, String, String)]) -> Sources {
        let mut sources = Sources {
            events: vec![None; spec::MAX_EVENTS],
            by_call: Vec::new(),
        };
        for (event, call, source) in rows {
            let source = Cow::from(source.clone());
            match (catalogue::by_name(event), catalogue::by_name(call)) {
                (Some(event), Some(call)) => sources.by_call.push((event.id, call.id, source)),
                (Some(event), None) if call.is_empty() => {
                    sources.events[usize::from(event.id)] = Some(source)
                }
                _ => {}
            }
        }
        sources
    }
}

#[cfg(test)]
mod tests;
