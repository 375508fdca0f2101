//! By which means each event is had on this kernel, and which programs that takes.

use std::collections::BTreeSet;

use crate::catalogue::{EventKind, EventSpec};
use crate::loader::features::Features;

/// A program of the object, named `<event>__<means>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Program {
    SysEnter,
    SysExit,
    Fork,
    PrepareExec,
    Exec,
    Exit,
    Free,
}

impl Program {
    pub const EVERY: [Program; 7] = [
        Program::SysEnter,
        Program::SysExit,
        Program::Fork,
        Program::PrepareExec,
        Program::Exec,
        Program::Exit,
        Program::Free,
    ];

    /// Its name in the object.
    pub const fn name(self) -> &'static str {
        match self {
            Program::SysEnter => "sys_enter__tp_btf",
            Program::SysExit => "sys_exit__tp_btf",
            Program::Fork => "sched_process_fork__tp_btf",
            Program::PrepareExec => "prepare_exec__tp_btf",
            Program::Exec => "sched_process_exec__tp_btf",
            Program::Exit => "sched_process_exit__tp_btf",
            Program::Free => "sched_process_free__tp_btf",
        }
    }

    /// The raw tracepoint it attaches to.
    pub const fn tracepoint(self) -> &'static str {
        match self {
            Program::SysEnter => "sys_enter",
            Program::SysExit => "sys_exit",
            Program::Fork => "sched_process_fork",
            Program::PrepareExec => "sched_prepare_exec",
            Program::Exec => "sched_process_exec",
            Program::Exit => "sched_process_exit",
            Program::Free => "sched_process_free",
        }
    }
}

/// What a call does instead of returning to its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// Comes back once.
    Once,
    /// Comes back in a child, too, with 0.
    TwiceInChild,
    /// Replaces the program when it succeeds.
    Execve,
    Execveat,
    /// Never comes back: seen when entered.
    Never,
    /// Never comes back: seen when the task exits.
    TaskExit,
}

/// How a system call comes back (its manual page).
pub fn syscall_return(name: &str) -> Return {
    match name {
        "fork" | "vfork" | "clone" | "clone3" => Return::TwiceInChild,
        "execve" => Return::Execve,
        "execveat" => Return::Execveat,
        "rt_sigreturn" | "sigreturn" => Return::Never,
        "exit" | "exit_group" => Return::TaskExit,
        _ => Return::Once,
    }
}

/// Programs that an event needs on this kernel.
pub fn programs(event: &EventSpec, features: &Features) -> Vec<Program> {
    let prepare = prepare_exec(features);
    if event.kind != EventKind::Kernel {
        return match syscall_return(event.name) {
            Return::Once | Return::TwiceInChild => vec![Program::SysExit],
            Return::Execve | Return::Execveat => vec![Program::SysExit, Program::Exec, prepare],
            Return::Never => vec![Program::SysEnter],
            Return::TaskExit => vec![Program::Exit],
        };
    }
    match event.name {
        "sys_enter" => vec![Program::SysEnter],
        "sys_exit" => vec![Program::SysExit],
        "sched_process_fork" => vec![Program::Fork],
        "sched_process_exec" => vec![Program::Exec, prepare],
        "sched_process_exit" => vec![Program::Exit],
        // Told by user space, from the kernel's counters.
        "lost_events" => vec![],
        other => unreachable!("{other} is in the catalogue, but nothing says which programs it needs"),
    }
}

/// The program that sees an execve before the old image goes.
pub fn prepare_exec(features: &Features) -> Program {
    if features.has_tracepoint(Program::PrepareExec.tracepoint()) {
        Program::PrepareExec
    } else {
        Program::SysEnter
    }
}

/// What `--list` says of an event: its means, or why there is none.
pub fn means(event: &EventSpec, features: &Features) -> Result<String, String> {
    if !features.btf {
        return Err("the kernel has no BTF (/sys/kernel/btf/vmlinux)".into());
    }
    let programs: BTreeSet<Program> = programs(event, features).into_iter().collect();
    if let Some(missing) = programs
        .iter()
        .find(|program| !features.has_tracepoint(program.tracepoint()))
    {
        return Err(format!("the kernel has no tracepoint {}", missing.tracepoint()));
    }
    if programs.is_empty() {
        return Ok("tracee".into());
    }
    let names: Vec<_> = programs
        .iter()
        .map(|program| format!("tp_btf/{}", program.tracepoint()))
        .collect();
    Ok(names.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    #[test]
    fn every_event_has_its_programs() {
        for event in catalogue::events() {
            let _ = programs(event, &Features::default());
        }
    }

    #[test]
    fn calls_that_return_specially_are_in_the_catalogue() {
        for name in [
            "fork",
            "vfork",
            "clone",
            "clone3",
            "execve",
            "execveat",
            "rt_sigreturn",
            "sigreturn",
            "exit",
            "exit_group",
        ] {
            assert!(catalogue::by_name(name).is_some(), "{name}");
            assert_ne!(syscall_return(name), Return::Once);
        }
    }
}
