//! Calls whose success is evidence: their results are verified.

use super::spec::{EventSpec, Set};

/// In addition to the default set: namespaces and roots, changes of a process's identity and privileges, the machine's
/// own settings, the end of a thread.
const MORE: &[&str] = &[
    "acct",
    "add_key",
    "adjtimex",
    "capset",
    "chdir",
    "chroot",
    "clock_adjtime",
    "clock_settime",
    "exit",
    "exit_group",
    "fallocate",
    "fanotify_init",
    "fanotify_mark",
    "fchdir",
    "file_setattr",
    "fremovexattr",
    "fsconfig",
    "fsetxattr",
    "fsmount",
    "fsopen",
    "fspick",
    "ftruncate",
    "io_setup",
    "io_uring_register",
    "ioperm",
    "iopl",
    "kexec_file_load",
    "kexec_load",
    "keyctl",
    "landlock_add_rule",
    "landlock_create_ruleset",
    "landlock_restrict_self",
    "lremovexattr",
    "lsetxattr",
    "lsm_set_self_attr",
    "memfd_secret",
    "mkdir",
    "mkdirat",
    "modify_ldt",
    "mount_setattr",
    "move_mount",
    "name_to_handle_at",
    "open_by_handle_at",
    "open_tree",
    "open_tree_attr",
    "perf_event_open",
    "personality",
    "pidfd_getfd",
    "pidfd_open",
    "pidfd_send_signal",
    "pivot_root",
    "prlimit64",
    "process_madvise",
    "process_mrelease",
    "quotactl",
    "quotactl_fd",
    "reboot",
    "removexattr",
    "removexattrat",
    "request_key",
    "rmdir",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "seccomp",
    "setdomainname",
    "setgroups",
    "sethostname",
    "setrlimit",
    "setsid",
    "setsockopt",
    "settimeofday",
    "setxattr",
    "setxattrat",
    "socketcall",
    "socketpair",
    "stime",
    "swapoff",
    "swapon",
    "syslog",
    "truncate",
    "umount",
    "uselib",
    "userfaultfd",
    "vhangup",
];

const _: () = super::special::all_known(MORE);

/// Whether a call's result is verified without being asked for: see `docs/security-model.md`.
pub fn is_evidence(event: &EventSpec) -> bool {
    event.kind.is_syscall() && (event.in_set(Set::Default) || MORE.contains(&event.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    #[test]
    fn every_name_is_a_calls() {
        for name in MORE {
            assert!(catalogue::expect(name).kind.is_syscall(), "{name}");
        }
        assert!(MORE.is_sorted());
    }
}
