//! The system calls of a run under way. All others fail with EPERM: no program is started, nothing is attached or
//! loaded, no other process or system setting is changed, and no network is reached.
//!
//! The list is what a tracer has reason to call, so that another C library or a container runtime's socket works, too.

use std::collections::BTreeMap;

use nix::libc::{self, c_long};
use seccompiler::{
    apply_filter_all_threads, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

use crate::error::LoadError;
use crate::privilege::Uses;

/// Files: outputs, artefacts, /proc.
const FILES: &[c_long] = &[
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_copy_file_range,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fadvise64,
    libc::SYS_fallocate,
    libc::SYS_fchdir,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fcntl,
    libc::SYS_fdatasync,
    libc::SYS_fgetxattr,
    libc::SYS_flock,
    libc::SYS_fstat,
    libc::SYS_fstatfs,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_getxattr,
    libc::SYS_inotify_add_watch,
    libc::SYS_inotify_init1,
    libc::SYS_inotify_rm_watch,
    libc::SYS_lgetxattr,
    libc::SYS_linkat,
    libc::SYS_lseek,
    libc::SYS_mkdirat,
    libc::SYS_name_to_handle_at,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_pipe2,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_preadv2,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_pwritev2,
    libc::SYS_read,
    libc::SYS_readahead,
    libc::SYS_readlinkat,
    libc::SYS_readv,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_sendfile,
    libc::SYS_splice,
    libc::SYS_statfs,
    libc::SYS_statx,
    libc::SYS_symlinkat,
    libc::SYS_sync_file_range,
    libc::SYS_tee,
    libc::SYS_truncate,
    libc::SYS_umask,
    libc::SYS_unlinkat,
    libc::SYS_utimensat,
    libc::SYS_write,
    libc::SYS_writev,
];

/// Memory, including that of traced processes, read only.
const MEMORY: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_memfd_create,
    libc::SYS_mincore,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_msync,
    libc::SYS_munmap,
    libc::SYS_process_vm_readv,
];

/// Threads, signals of our own, the command's end.
const TASKS: &[c_long] = &[
    libc::SYS_capget,
    libc::SYS_capset,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_get_robust_list,
    libc::SYS_getcpu,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getgroups,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getpriority,
    libc::SYS_getrandom,
    libc::SYS_getresgid,
    libc::SYS_getresuid,
    libc::SYS_getrusage,
    libc::SYS_getsid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_membarrier,
    libc::SYS_pidfd_open,
    libc::SYS_prlimit64,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigpending,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigsuspend,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_sigaltstack,
    libc::SYS_signalfd4,
    libc::SYS_sysinfo,
    libc::SYS_tgkill,
    libc::SYS_uname,
    libc::SYS_wait4,
    libc::SYS_waitid,
];

/// Waiting, and time.
const WAITING: &[c_long] = &[
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    libc::SYS_gettimeofday,
    libc::SYS_nanosleep,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_gettime,
    libc::SYS_timerfd_settime,
];

/// Sockets that exist. Which ones may be made is a rule of its own.
const SOCKETS: &[c_long] = &[
    libc::SYS_connect,
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
];

/// Calls that newer architectures no longer have.
#[cfg(target_arch = "x86_64")]
const OLD: &[c_long] = &[
    libc::SYS_access,
    libc::SYS_arch_prctl,
    libc::SYS_chmod,
    libc::SYS_dup2,
    libc::SYS_epoll_wait,
    libc::SYS_getpgrp,
    libc::SYS_getrlimit,
    libc::SYS_link,
    libc::SYS_lstat,
    libc::SYS_mkdir,
    libc::SYS_open,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_readlink,
    libc::SYS_rename,
    libc::SYS_rmdir,
    libc::SYS_select,
    libc::SYS_stat,
    libc::SYS_symlink,
    libc::SYS_time,
    libc::SYS_unlink,
];
#[cfg(not(target_arch = "x86_64"))]
const OLD: &[c_long] = &[];

/// Watching files that traced processes write.
const CAPTURE: &[c_long] = &[libc::SYS_fanotify_init, libc::SYS_fanotify_mark];

/// What is read and written while a run is under way; nothing is made, loaded or attached.
const BPF_COMMANDS: &[u32] = &[
    libbpf_sys::BPF_MAP_LOOKUP_ELEM,
    libbpf_sys::BPF_MAP_UPDATE_ELEM,
    libbpf_sys::BPF_MAP_DELETE_ELEM,
    libbpf_sys::BPF_MAP_GET_NEXT_KEY,
    libbpf_sys::BPF_MAP_LOOKUP_AND_DELETE_ELEM,
    libbpf_sys::BPF_MAP_LOOKUP_BATCH,
    libbpf_sys::BPF_MAP_LOOKUP_AND_DELETE_BATCH,
    libbpf_sys::BPF_MAP_UPDATE_BATCH,
    libbpf_sys::BPF_MAP_DELETE_BATCH,
    libbpf_sys::BPF_OBJ_GET_INFO_BY_FD,
    libbpf_sys::BPF_PROG_TEST_RUN,
    libbpf_sys::BPF_ITER_CREATE,
    libbpf_sys::BPF_LINK_DETACH,
];

/// Names of threads and of memory, and what the C library asks.
const PRCTL_OPTIONS: &[u32] = &[
    libc::PR_SET_NAME as u32,
    libc::PR_GET_NAME as u32,
    libc::PR_SET_VMA as u32,
    libc::PR_SET_NO_NEW_PRIVS as u32,
    libc::PR_CAPBSET_READ as u32,
];

const NEW_NAMESPACES: u64 = (libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP) as u64;

/// Puts all threads of this process under the filters, if the kernel supports them.
pub fn apply(uses: Uses) -> Result<(), LoadError> {
    let failed = |error: &dyn std::error::Error| LoadError::Io {
        what: "system calls cannot be filtered".into(),
        source: std::io::Error::other(error.to_string()),
    };
    for program in programs(uses).map_err(|error| failed(&error))? {
        match apply_filter_all_threads(&program) {
            // CONFIG_SECCOMP_FILTER is not set.
            Err(seccompiler::Error::Seccomp(error)) if error.raw_os_error() == Some(libc::EINVAL) => {}
            Err(error) => return Err(failed(&error)),
            Ok(()) => {}
        }
    }
    Ok(())
}

fn programs(uses: Uses) -> Result<[BpfProgram; 2], seccompiler::BackendError> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    // clone3's flags are in memory, where no filter sees them; after ENOSYS the C library uses clone. If two filters
    // return errors, the later filter's error counts, so the other one must allow the call.
    let clone3 = SeccompFilter::new(
        BTreeMap::from([(libc::SYS_clone3, vec![])]),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS as u32),
        arch,
    )?;
    let allowed = SeccompFilter::new(
        rules(uses)?,
        SeccompAction::Errno(libc::EPERM as u32),
        SeccompAction::Allow,
        arch,
    )?;
    Ok([clone3.try_into()?, allowed.try_into()?])
}

fn rules(uses: Uses) -> Result<BTreeMap<i64, Vec<SeccompRule>>, seccompiler::BackendError> {
    let capture = if uses.capture { CAPTURE } else { &[] };
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = [FILES, MEMORY, TASKS, WAITING, SOCKETS, OLD, capture]
        .into_iter()
        .flatten()
        .map(|call| (*call, vec![]))
        .collect();
    let any_of = |values: &[u32]| {
        values
            .iter()
            .map(|value| only(0, *value))
            .collect::<Result<Vec<_>, _>>()
    };
    rules.insert(libc::SYS_bpf, any_of(BPF_COMMANDS)?);
    if let Some(command) = uses.command {
        let to_the_command = [
            equal(0, command.unsigned_abs())?,
            equal(1, libc::SIGTERM.unsigned_abs())?,
        ];
        rules.insert(
            libc::SYS_pidfd_send_signal,
            vec![SeccompRule::new(to_the_command.into())?],
        );
    }
    rules.insert(libc::SYS_prctl, any_of(PRCTL_OPTIONS)?);
    for call in [libc::SYS_socket, libc::SYS_socketpair] {
        rules.insert(call, any_of(&[libc::AF_UNIX as u32])?);
    }
    // These two put characters into the terminal's input.
    let ioctl = [libc::TIOCSTI, libc::TIOCLINUX]
        .iter()
        .map(|request| SeccompCondition::new(1, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, *request))
        .collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_ioctl, vec![SeccompRule::new(ioctl)?]);
    let same_namespaces = SeccompCmpOp::MaskedEq(NEW_NAMESPACES);
    let clone = SeccompCondition::new(0, SeccompCmpArgLen::Qword, same_namespaces, 0)?;
    rules.insert(libc::SYS_clone3, vec![]);
    rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![clone])?]);
    Ok(rules)
}

/// A rule: the argument at `index` has this value.
fn only(index: u8, value: u32) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![equal(index, value)?])
}

/// The condition of such a rule.
fn equal(index: u8, value: u32) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value.into())
}
