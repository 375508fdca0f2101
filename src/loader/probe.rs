//! By which means each event is had on this kernel, and which programs that takes.

use std::collections::BTreeSet;

use crate::catalogue::{EventKind, EventSpec};
use crate::loader::features::Features;

/// What a program attaches to. In the object it is named `<tracepoint>__<means>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Program {
    SysEnter,
    SysExit,
    Fork,
    PrepareExec,
    Exec,
    Exit,
    Free,
    IoUringCreate,
    IoUringSubmitReq,
    IoUringSubmitSqe,
}

/// How a program attaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// To a raw tracepoint: cheapest.
    TpBtf,
    /// To a classic tracepoint: never preempted.
    Tp,
}

impl Program {
    pub const EVERY: [Program; 10] = [
        Program::SysEnter,
        Program::SysExit,
        Program::Fork,
        Program::PrepareExec,
        Program::Exec,
        Program::Exit,
        Program::Free,
        Program::IoUringCreate,
        Program::IoUringSubmitReq,
        Program::IoUringSubmitSqe,
    ];

    /// The tracepoint it attaches to.
    pub const fn tracepoint(self) -> &'static str {
        match self {
            Program::SysEnter => "sys_enter",
            Program::SysExit => "sys_exit",
            Program::Fork => "sched_process_fork",
            Program::PrepareExec => "sched_prepare_exec",
            Program::Exec => "sched_process_exec",
            Program::Exit => "sched_process_exit",
            Program::Free => "sched_process_free",
            Program::IoUringCreate => "io_uring_create",
            Program::IoUringSubmitReq => "io_uring_submit_req",
            Program::IoUringSubmitSqe => "io_uring_submit_sqe",
        }
    }

    /// Where tracefs has the classic one: `events/<group>/<tracepoint>`.
    const fn group(self) -> &'static str {
        match self {
            Program::SysEnter | Program::SysExit => "raw_syscalls",
            Program::IoUringCreate | Program::IoUringSubmitReq | Program::IoUringSubmitSqe => "io_uring",
            _ => "sched",
        }
    }

    /// The best means on this kernel.
    pub fn means(self, features: &Features) -> Means {
        // Tasks are freed in a softirq, which no task preempts.
        let preempted = features.preempts_raw_tracepoints() && self != Program::Free;
        if preempted && features.has_classic_tracepoints() {
            Means::Tp
        } else {
            Means::TpBtf
        }
    }

    /// Its name in the object.
    pub fn name(self, features: &Features) -> String {
        match self.means(features) {
            Means::TpBtf => format!("{}__tp_btf", self.tracepoint()),
            Means::Tp => format!("{}__tp", self.tracepoint()),
        }
    }

    /// As a section of an object is named.
    fn section(self, features: &Features) -> String {
        let name = self.tracepoint();
        match self.means(features) {
            Means::TpBtf => format!("tp_btf/{name}"),
            Means::Tp => format!("tp/{}/{name}", self.group()),
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
        "io_uring_create" => vec![Program::IoUringCreate],
        "io_uring_submit" => vec![io_uring_submit(features)],
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

/// The program that sees requests of io_uring: newer kernels have their tracepoint under another name.
fn io_uring_submit(features: &Features) -> Program {
    if features.has_tracepoint(Program::IoUringSubmitSqe.tracepoint()) {
        Program::IoUringSubmitSqe
    } else {
        Program::IoUringSubmitReq
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
    let names: Vec<_> = programs.iter().map(|program| program.section(features)).collect();
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
