//! Processes: linux/sched.h, linux/wait.h, linux/ptrace.h, sys/resource.h, linux/personality.h.

use std::fmt::Write as _;

use super::signal;
use super::table::Table::{self, Enum, Flags, Mixed, Special};
use super::table::{name, push_bar, push_flags, Names, Rule, ALL};

/// `clone(2)`: flags; the lowest eight bits are a signal.
#[rustfmt::skip]
pub(crate) const CLONE_BITS: Names = &[
    (0x100, "CLONE_VM"), (0x200, "CLONE_FS"), (0x400, "CLONE_FILES"), (0x800, "CLONE_SIGHAND"),
    (0x1000, "CLONE_PIDFD"), (0x2000, "CLONE_PTRACE"), (0x4000, "CLONE_VFORK"), (0x8000, "CLONE_PARENT"),
    (0x1_0000, "CLONE_THREAD"), (0x2_0000, "CLONE_NEWNS"), (0x4_0000, "CLONE_SYSVSEM"), (0x8_0000, "CLONE_SETTLS"),
    (0x10_0000, "CLONE_PARENT_SETTID"), (0x20_0000, "CLONE_CHILD_CLEARTID"), (0x40_0000, "CLONE_DETACHED"),
    (0x80_0000, "CLONE_UNTRACED"), (0x100_0000, "CLONE_CHILD_SETTID"), (0x200_0000, "CLONE_NEWCGROUP"),
    (0x400_0000, "CLONE_NEWUTS"), (0x800_0000, "CLONE_NEWIPC"), (0x1000_0000, "CLONE_NEWUSER"),
    (0x2000_0000, "CLONE_NEWPID"), (0x4000_0000, "CLONE_NEWNET"), (0x8000_0000, "CLONE_IO"),
    (0x1_0000_0000, "CLONE_CLEAR_SIGHAND"), (0x2_0000_0000, "CLONE_INTO_CGROUP"), (0x4_0000_0000, "CLONE_AUTOREAP"),
    (0x8_0000_0000, "CLONE_NNP"), (0x10_0000_0000, "CLONE_PIDFD_AUTOKILL"), (0x20_0000_0000, "CLONE_EMPTY_MNTNS"),
];

/// `clone3(2)`: a flag among the bits that are a signal in `clone(2)`.
#[rustfmt::skip]
const NEWTIME: Names = &[
    (0x80, "CLONE_NEWTIME"),
];

/// `clone(2)`: flags, and the signal at the end of the child.
#[rustfmt::skip]
pub const CLONE: &Table = &Special(Rule(push_clone_flags), &[
    (0x80, NEWTIME), (!0xff, CLONE_BITS), (0xff, signal::SIGNALS),
]);

/// `clone3(2)`: flags.
#[rustfmt::skip]
pub const CLONE_FLAGS: &Table = &Mixed(&[(0x80, NEWTIME)], CLONE_BITS);

/// `unshare(2)`, `setns(2)`.
#[rustfmt::skip]
pub const NAMESPACES: &Table = &Flags(&[
    (0x80, "CLONE_NEWTIME"), (0x100, "CLONE_VM"), (0x200, "CLONE_FS"), (0x400, "CLONE_FILES"),
    (0x800, "CLONE_SIGHAND"), (0x1_0000, "CLONE_THREAD"), (0x2_0000, "CLONE_NEWNS"), (0x4_0000, "CLONE_SYSVSEM"),
    (0x200_0000, "CLONE_NEWCGROUP"), (0x400_0000, "CLONE_NEWUTS"), (0x800_0000, "CLONE_NEWIPC"),
    (0x1000_0000, "CLONE_NEWUSER"), (0x2000_0000, "CLONE_NEWPID"), (0x4000_0000, "CLONE_NEWNET"),
]);

/// `sched_setscheduler(2)`: policies.
#[rustfmt::skip]
const POLICIES: Names = &[
    (0, "SCHED_OTHER"), (1, "SCHED_FIFO"), (2, "SCHED_RR"), (3, "SCHED_BATCH"), (4, "SCHED_ISO"), (5, "SCHED_IDLE"),
    (6, "SCHED_DEADLINE"), (7, "SCHED_EXT"),
];

/// `sched_setscheduler(2)`: flags beside the policy.
#[rustfmt::skip]
pub const SCHED_POLICY: &Table = &Mixed(&[(0xbfff_ffff, POLICIES)], &[
    (0x4000_0000, "SCHED_RESET_ON_FORK"),
]);

/// `sched_setattr(2)`: `sched_flags`.
#[rustfmt::skip]
pub const SCHED_ATTR: &Table = &Flags(&[
    (1, "SCHED_FLAG_RESET_ON_FORK"), (2, "SCHED_FLAG_RECLAIM"), (4, "SCHED_FLAG_DL_OVERRUN"),
    (8, "SCHED_FLAG_KEEP_POLICY"), (0x10, "SCHED_FLAG_KEEP_PARAMS"), (0x20, "SCHED_FLAG_UTIL_CLAMP_MIN"),
    (0x40, "SCHED_FLAG_UTIL_CLAMP_MAX"),
]);

/// `sched_getattr(2)`: flags.
#[rustfmt::skip]
pub const SCHED_GETATTR: &Table = &Flags(&[
    (1, "SCHED_GETATTR_FLAG_DL_DYNAMIC"),
]);

/// `waitid(2)`
#[rustfmt::skip]
pub const WAIT_ID: &Table = &Enum(&[
    (0, "P_ALL"), (1, "P_PID"), (2, "P_PGID"), (3, "P_PIDFD"),
]);

/// `waitid(2)`, `wait4(2)`: options.
#[rustfmt::skip]
pub const WAIT: &Table = &Flags(&[
    (1, "WNOHANG"), (4, "WEXITED"), (2, "WSTOPPED"), (8, "WCONTINUED"), (0x100_0000, "WNOWAIT"),
    (0x8000_0000, "__WCLONE"), (0x4000_0000, "__WALL"), (0x2000_0000, "__WNOTHREAD"),
]);

/// `getrlimit(2)`
#[rustfmt::skip]
pub const RLIMIT: &Table = &Enum(&[
    (0, "RLIMIT_CPU"), (1, "RLIMIT_FSIZE"), (2, "RLIMIT_DATA"), (3, "RLIMIT_STACK"), (4, "RLIMIT_CORE"),
    (5, "RLIMIT_RSS"), (6, "RLIMIT_NPROC"), (7, "RLIMIT_NOFILE"), (8, "RLIMIT_MEMLOCK"), (9, "RLIMIT_AS"),
    (10, "RLIMIT_LOCKS"), (11, "RLIMIT_SIGPENDING"), (12, "RLIMIT_MSGQUEUE"), (13, "RLIMIT_NICE"),
    (14, "RLIMIT_RTPRIO"), (15, "RLIMIT_RTTIME"),
]);

/// `getrlimit(2)`: no limit, also as 32-bit programs have it.
#[rustfmt::skip]
pub const RLIM: &Table = &Enum(&[
    (0xffff_ffff, "RLIM_INFINITY"), (0xffff_ffff_ffff_ffff, "RLIM_INFINITY"),
]);

/// `prlimit64(2)`: no limit.
#[rustfmt::skip]
pub const RLIM64: &Table = &Enum(&[
    (0xffff_ffff_ffff_ffff, "RLIM64_INFINITY"),
]);

/// `getrusage(2)`
#[rustfmt::skip]
pub const RUSAGE: &Table = &Enum(&[
    (0, "RUSAGE_SELF"), (1, "RUSAGE_THREAD"), (0xffff_fffe, "RUSAGE_BOTH"), (0xffff_ffff, "RUSAGE_CHILDREN"),
]);

/// `getpriority(2)`
#[rustfmt::skip]
pub const PRIORITY: &Table = &Enum(&[
    (0, "PRIO_PROCESS"), (1, "PRIO_PGRP"), (2, "PRIO_USER"),
]);

/// `ioprio_set(2)`: whose.
#[rustfmt::skip]
pub const IOPRIO: &Table = &Enum(&[
    (1, "IOPRIO_WHO_PROCESS"), (2, "IOPRIO_WHO_PGRP"), (3, "IOPRIO_WHO_USER"),
]);

/// `ioprio_set(2)`: class.
#[rustfmt::skip]
const IOPRIO_CLASS: Names = &[
    (0, "IOPRIO_CLASS_NONE"), (1, "IOPRIO_CLASS_RT"), (2, "IOPRIO_CLASS_BE"), (3, "IOPRIO_CLASS_IDLE"),
];

/// `ioprio_set(2)`: a priority.
#[rustfmt::skip]
pub const IOPRIO_VALUE: &Table = &Special(Rule(push_io_priority), &[(ALL, IOPRIO_CLASS)]);

/// `kcmp(2)`
#[rustfmt::skip]
pub const KCMP: &Table = &Enum(&[
    (0, "KCMP_FILE"), (1, "KCMP_VM"), (2, "KCMP_FILES"), (3, "KCMP_FS"), (4, "KCMP_SIGHAND"), (5, "KCMP_IO"),
    (6, "KCMP_SYSVSEM"), (7, "KCMP_EPOLL_TFD"),
]);

/// `pidfd_open(2)`
#[rustfmt::skip]
pub const PIDFD: &Table = &Flags(&[
    (0x800, "PIDFD_NONBLOCK"), (0x80, "PIDFD_THREAD"),
]);

/// `pidfd_send_signal(2)`
#[rustfmt::skip]
pub const PIDFD_SIGNAL: &Table = &Flags(&[
    (1, "PIDFD_SIGNAL_THREAD"), (2, "PIDFD_SIGNAL_THREAD_GROUP"), (4, "PIDFD_SIGNAL_PROCESS_GROUP"),
]);

/// `rseq(2)`
#[rustfmt::skip]
pub const RSEQ: &Table = &Flags(&[
    (1, "RSEQ_FLAG_UNREGISTER"), (2, "RSEQ_FLAG_SLICE_EXT_DEFAULT_ON"),
]);

/// `personality(2)`: what the lowest byte means.
#[rustfmt::skip]
const PERSONALITIES: Names = &[
    (0, "PER_LINUX"), (1, "PER_SVR4"), (2, "PER_SVR3"), (3, "PER_SCOSVR3"), (4, "PER_WYSEV386"), (5, "PER_ISCR4"),
    (6, "PER_BSD"), (7, "PER_XENIX"), (8, "PER_LINUX32"), (9, "PER_IRIX32"), (0xa, "PER_IRIXN32"),
    (0xb, "PER_IRIX64"), (0xc, "PER_RISCOS"), (0xd, "PER_SOLARIS"), (0xe, "PER_UW7"), (0xf, "PER_OSF4"),
    (0x10, "PER_HPUX"),
];

/// `personality(2)`: flags.
#[rustfmt::skip]
pub(crate) const PERSONALITY_FLAGS: Names = &[
    (0x2_0000, "UNAME26"), (0x4_0000, "ADDR_NO_RANDOMIZE"), (0x8_0000, "FDPIC_FUNCPTRS"),
    (0x10_0000, "MMAP_PAGE_ZERO"), (0x20_0000, "ADDR_COMPAT_LAYOUT"), (0x40_0000, "READ_IMPLIES_EXEC"),
    (0x80_0000, "ADDR_LIMIT_32BIT"), (0x100_0000, "SHORT_INODE"), (0x200_0000, "WHOLE_SECONDS"),
    (0x400_0000, "STICKY_TIMEOUTS"), (0x800_0000, "ADDR_LIMIT_3GB"),
];

/// `personality(2)`
#[rustfmt::skip]
pub const PERSONALITY: &Table = &Special(Rule(push_personality), &[(0xff, PERSONALITIES), (ALL, PERSONALITY_FLAGS)]);

/// `ptrace(2)`: requests.
#[rustfmt::skip]
pub const PTRACE: &Table = &Enum(&[
    (0, "PTRACE_TRACEME"), (1, "PTRACE_PEEKTEXT"), (2, "PTRACE_PEEKDATA"), (3, "PTRACE_PEEKUSER"),
    (4, "PTRACE_POKETEXT"), (5, "PTRACE_POKEDATA"), (6, "PTRACE_POKEUSER"), (7, "PTRACE_CONT"), (8, "PTRACE_KILL"),
    (9, "PTRACE_SINGLESTEP"), (0xc, "PTRACE_GETREGS"), (0xd, "PTRACE_SETREGS"), (0xe, "PTRACE_GETFPREGS"),
    (0xf, "PTRACE_SETFPREGS"), (0x10, "PTRACE_ATTACH"), (0x11, "PTRACE_DETACH"), (0x12, "PTRACE_GETFPXREGS"),
    (0x13, "PTRACE_SETFPXREGS"), (0x15, "PTRACE_OLDSETOPTIONS"), (0x18, "PTRACE_SYSCALL"),
    (0x19, "PTRACE_GET_THREAD_AREA"), (0x1a, "PTRACE_SET_THREAD_AREA"), (0x1e, "PTRACE_ARCH_PRCTL"),
    (0x1f, "PTRACE_SYSEMU"), (0x20, "PTRACE_SYSEMU_SINGLESTEP"), (0x21, "PTRACE_SINGLEBLOCK"),
    (0x4200, "PTRACE_SETOPTIONS"), (0x4201, "PTRACE_GETEVENTMSG"), (0x4202, "PTRACE_GETSIGINFO"),
    (0x4203, "PTRACE_SETSIGINFO"), (0x4204, "PTRACE_GETREGSET"), (0x4205, "PTRACE_SETREGSET"),
    (0x4206, "PTRACE_SEIZE"), (0x4207, "PTRACE_INTERRUPT"), (0x4208, "PTRACE_LISTEN"), (0x4209, "PTRACE_PEEKSIGINFO"),
    (0x420a, "PTRACE_GETSIGMASK"), (0x420b, "PTRACE_SETSIGMASK"), (0x420c, "PTRACE_SECCOMP_GET_FILTER"),
    (0x420d, "PTRACE_SECCOMP_GET_METADATA"), (0x420e, "PTRACE_GET_SYSCALL_INFO"),
    (0x420f, "PTRACE_GET_RSEQ_CONFIGURATION"), (0x4210, "PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG"),
    (0x4211, "PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG"), (0x4212, "PTRACE_SET_SYSCALL_INFO"),
]);

/// `ptrace(2)`: `PTRACE_SETOPTIONS`.
#[rustfmt::skip]
pub const PTRACE_OPTIONS: &Table = &Flags(&[
    (1, "PTRACE_O_TRACESYSGOOD"), (2, "PTRACE_O_TRACEFORK"), (4, "PTRACE_O_TRACEVFORK"), (8, "PTRACE_O_TRACECLONE"),
    (0x10, "PTRACE_O_TRACEEXEC"), (0x20, "PTRACE_O_TRACEVFORKDONE"), (0x40, "PTRACE_O_TRACEEXIT"),
    (0x80, "PTRACE_O_TRACESECCOMP"), (0x10_0000, "PTRACE_O_EXITKILL"), (0x20_0000, "PTRACE_O_SUSPEND_SECCOMP"),
]);

/// `ptrace(2)`: events.
#[rustfmt::skip]
pub const PTRACE_EVENT: &Table = &Enum(&[
    (1, "PTRACE_EVENT_FORK"), (2, "PTRACE_EVENT_VFORK"), (3, "PTRACE_EVENT_CLONE"), (4, "PTRACE_EVENT_EXEC"),
    (5, "PTRACE_EVENT_VFORK_DONE"), (6, "PTRACE_EVENT_EXIT"), (7, "PTRACE_EVENT_SECCOMP"), (128, "PTRACE_EVENT_STOP"),
]);

/// `ptrace(2)`: `PTRACE_GETREGSET`, as x86 and ARM have them.
#[rustfmt::skip]
pub const REGSET: &Table = &Enum(&[
    (1, "NT_PRSTATUS"), (2, "NT_FPREGSET"), (3, "NT_PRPSINFO"), (4, "NT_TASKSTRUCT"), (6, "NT_AUXV"),
    (0x200, "NT_386_TLS"), (0x201, "NT_386_IOPERM"), (0x202, "NT_X86_XSTATE"), (0x204, "NT_X86_SHSTK"),
    (0x400, "NT_ARM_VFP"), (0x401, "NT_ARM_TLS"), (0x402, "NT_ARM_HW_BREAK"), (0x403, "NT_ARM_HW_WATCH"),
    (0x404, "NT_ARM_SYSTEM_CALL"), (0x405, "NT_ARM_SVE"), (0x406, "NT_ARM_PAC_MASK"),
    (0x409, "NT_ARM_TAGGED_ADDR_CTRL"), (0x40b, "NT_ARM_SSVE"), (0x40c, "NT_ARM_ZA"), (0x40d, "NT_ARM_ZT"),
    (0x40e, "NT_ARM_FPMR"), (0x40f, "NT_ARM_POE"), (0x410, "NT_ARM_GCS"),
]);

/// `clone(2)`: the signal at the child's end is in the lowest byte, and shown last. In `unshare(2)` these bits contain
/// a flag instead.
fn push_clone_flags(out: &mut String, value: u64) -> bool {
    if value & 0xff == 0x80 {
        return push_flags(out, &[(0x80, NEWTIME)], CLONE_BITS, value);
    }
    let start = out.len();
    push_flags(out, &[], CLONE_BITS, value & !0xff);
    if value & 0xff != 0 {
        push_bar(out, start);
        if !signal::push_number(out, value & 0xff) {
            let _ = write!(out, "{:#x}", value & 0xff);
        }
    }
    out.len() > start
}

/// `personality(2)`: all bits set ask for the present one.
fn push_personality(out: &mut String, value: u64) -> bool {
    if value == 0xffff_ffff {
        out.push_str("0xffffffff");
        return true;
    }
    push_flags(out, &[(0xff, PERSONALITIES)], PERSONALITY_FLAGS, value)
}

/// `ioprio_set(2)`: a class in three bits, then the data of that class.
fn push_io_priority(out: &mut String, value: u64) -> bool {
    const CLASS_SHIFT: u32 = 13;
    let (class, data) = (value >> CLASS_SHIFT, value & ((1 << CLASS_SHIFT) - 1));
    let Some(class) = name(IOPRIO_CLASS, class) else {
        return false;
    };
    let _ = write!(out, "IOPRIO_PRIO_VALUE({class}, {data})");
    true
}
