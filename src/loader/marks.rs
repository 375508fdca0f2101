//! Which calls leave a mark at `sys_enter`, by which `sys_exit` knows whether they were carried out:
//! `src/bpf/lib/mark.h`.

use std::collections::BTreeSet;

use crate::catalogue::evidence::is_evidence;
use crate::catalogue::spec::Return;
use crate::catalogue::{self, special, CompatCall, EventSpec};
use crate::loader::capture::CapturePlan;
use crate::loader::features::Features;
use crate::loader::probe;
use crate::wire::{ENTER_ARGS, ENTER_MARK};

/// Calls that leave a mark, by name.
pub type Marked = BTreeSet<&'static str>;

/// Programs that look at what a call has left, where the kernel's own functions cannot be attached to: the program's
/// stem, and all calls that it looks at.
const LOOKED_AT: &[(&str, &[&str])] = &[
    (
        "security_file_open",
        &["open", "openat", "openat2", "creat", "open_by_handle_at"],
    ),
    ("security_kernel_read_file", &["finit_module", "kexec_file_load"]),
    ("vfs_write", &["write", "pwrite64"]),
    ("vfs_read", &["read", "pread64"]),
    ("vfs_writev", &["writev", "pwritev", "pwritev2"]),
    ("vfs_readv", &["readv", "preadv", "preadv2"]),
    ("file_modification", WRITING),
    ("bpf_attach", &["bpf", "ioctl", "setsockopt"]),
    ("commit_creds", CHANGING_TASKS),
    ("switch_task_ns", CHANGING_TASKS),
    ("security_mmap_file", &["mmap"]),
    ("mem_prot_alert_mmap", &["mmap"]),
    ("mem_prot_alert_mprotect", &["mprotect", "pkey_mprotect"]),
    ("mem_prot_alert_attach", &["shmat", "brk"]),
    ("capture_mmap", &["mmap"]),
    ("security_socket_create", &["socket", "socketpair"]),
    ("security_socket_bind", &["bind"]),
    ("security_socket_connect", &["connect"]),
    ("security_socket_accept", &["accept", "accept4"]),
    ("security_socket_listen", &["listen"]),
    ("security_socket_setsockopt", &["setsockopt"]),
    ("ptrace_attach", &["ptrace"]),
    ("process_vm_access", &["process_vm_readv", "process_vm_writev"]),
    ("security_task_prctl", &["prctl"]),
    ("security_task_setrlimit", &["setrlimit", "prlimit64"]),
];

const WRITING: &[&str] = &[
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "sendfile",
    "splice",
    "copy_file_range",
];

const CHANGING_TASKS: &[&str] = &[
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setfsuid",
    "setfsgid",
    "capset",
    "prctl",
    "unshare",
    "setns",
    "execve",
    "execveat",
];

/// Calls that `--capture write` looks at in addition.
const CAPTURED: &[&str] = &[
    "open",
    "openat",
    "openat2",
    "creat",
    "open_by_handle_at",
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
            let calls = LOOKED_AT
                .iter()
                .find(|(of, _)| *of == stem)
                .map(|(_, calls)| *calls);
            marked.extend(calls.into_iter().flatten());
        }
    }
    if capture.is_some_and(|capture| capture.write) {
        marked.extend(WRITING.iter().chain(CAPTURED));
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

fn is_marked(marked: &Marked, call: &CompatCall) -> bool {
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
        for (stem, _) in LOOKED_AT {
            let found = crate::loader::object::programs()
                .iter()
                .any(|program| program.stem() == *stem && program.mechanism.is_after());
            assert!(found, "{stem}");
        }
        // Each program at sys_exit is listed with the calls that it looks at: it sees no others.
        for program in crate::loader::object::programs() {
            let stem = program.stem();
            let known = stem == probe::CAPTURE_WRITE || LOOKED_AT.iter().any(|(of, _)| *of == stem);
            assert!(known || !program.mechanism.is_after(), "{stem}");
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
