//! Arguments whose meaning depends on another one: a row each, from the manual pages and the kernel's own headers.

use super::spec::{vec, ArgType, ArgType::*, Count::*, SelectSpec, StructSpec, When::*};
use super::structs::*;
use crate::symbols::table::Table;
use crate::symbols::{
    bpf, event, file, io_uring, ipc, mount, prctl, process, request, security, socket, sockopt, system, time,
    tty,
};

const fn select(mask: u32, cases: &'static [(u32, ArgType)], otherwise: ArgType) -> SelectSpec {
    SelectSpec {
        mask,
        cases,
        otherwise,
    }
}

/// The number that a table has for a name; a name that it lacks is shown by the compiler.
const fn named(table: &Table, name: &str) -> u32 {
    match table.value(name) {
        #[allow(clippy::cast_possible_truncation)] // Selectors are `int`.
        Some(value) => value as u32,
        None => panic!("{}", name),
    }
}

/// Cases by the names that a table has for their numbers.
const fn cases<const N: usize>(table: &Table, cases: [(&str, ArgType); N]) -> [(u32, ArgType); N] {
    let mut numbers = [(0, Hex); N];
    let mut index = 0;
    while index < N {
        numbers[index] = (named(table, cases[index].0), cases[index].1);
        index += 1;
    }
    numbers
}

// Files.

/// `fcntl(2)`: the third argument, by the command. Locks with 64-bit offsets exist in the 32-bit ABI alone.
#[rustfmt::skip]
pub const FCNTL_ARG: &SelectSpec = &select(!0, &cases(file::FCNTL, [
    ("F_DUPFD", Int), ("F_SETFD", Flags(file::FD_FLAGS)), ("F_SETFL", Flags(file::OPEN)),
    ("F_GETLK", Struct(InOut, FLOCK)), ("F_SETLK", Struct(In, FLOCK)), ("F_SETLKW", Struct(In, FLOCK)),
    ("F_SETOWN", Pid), ("F_SETSIG", Signal), ("F_GETLK64", Struct(InOut, FLOCK64)),
    ("F_SETLK64", Struct(In, FLOCK64)), ("F_SETLKW64", Struct(In, FLOCK64)),
    ("F_SETOWN_EX", Struct(In, F_OWNER_EX)), ("F_GETOWN_EX", Struct(Out, F_OWNER_EX)),
    ("F_GETOWNER_UIDS", Array(Out, UID, Const(2))), ("F_OFD_GETLK", Struct(InOut, FLOCK64)),
    ("F_OFD_SETLK", Struct(In, FLOCK64)), ("F_OFD_SETLKW", Struct(In, FLOCK64)),
    ("F_SETLEASE", Enum(file::LOCK_TYPE)), ("F_NOTIFY", Flags(file::NOTIFY)), ("F_DUPFD_QUERY", Fd),
    ("F_DUPFD_CLOEXEC", Int), ("F_SETPIPE_SZ", UInt), ("F_ADD_SEALS", Flags(file::SEALS)),
    ("F_GET_RW_HINT", Struct(Out, RW_HINT)), ("F_SET_RW_HINT", Struct(In, RW_HINT)),
    ("F_GET_FILE_RW_HINT", Struct(Out, RW_HINT)), ("F_SET_FILE_RW_HINT", Struct(In, RW_HINT)),
]), Hex);

const fn ioctl(name: &str) -> u32 {
    named(request::IOCTL, name)
}

/// `BLKGETSIZE64` of the 32-bit ABI, whose `size_t` has another size.
const BLKGETSIZE64_IA32: u32 = 0x8004_1272;

/// `ioctl(2)`: the third argument, by the command.
#[rustfmt::skip]
pub const IOCTL_ARG: &SelectSpec = &select(!0, &[
    (ioctl("TCGETS"), Struct(Out, TERMIOS)), (ioctl("TCSETS"), Struct(In, TERMIOS)),
    (ioctl("TCSETSW"), Struct(In, TERMIOS)), (ioctl("TCSETSF"), Struct(In, TERMIOS)),
    (ioctl("TCGETS2"), Struct(Out, TERMIOS2)), (ioctl("TCSETS2"), Struct(In, TERMIOS2)),
    (ioctl("TCSETSW2"), Struct(In, TERMIOS2)), (ioctl("TCSETSF2"), Struct(In, TERMIOS2)), (ioctl("TCSBRK"), Int),
    (ioctl("TCXONC"), Enum(tty::FLOW)), (ioctl("TCFLSH"), Enum(tty::FLUSH)), (ioctl("TIOCSCTTY"), Int),
    (ioctl("TIOCGPGRP"), Struct(Out, PID)), (ioctl("TIOCSPGRP"), Struct(In, PID)),
    (ioctl("TIOCOUTQ"), Struct(Out, INT)), (ioctl("TIOCGWINSZ"), Struct(Out, WINSIZE)),
    (ioctl("TIOCSWINSZ"), Struct(In, WINSIZE)), (ioctl("TIOCMGET"), Struct(Out, MODEM_BITS)),
    (ioctl("TIOCMBIS"), Struct(In, MODEM_BITS)), (ioctl("TIOCMBIC"), Struct(In, MODEM_BITS)),
    (ioctl("TIOCMSET"), Struct(In, MODEM_BITS)), (ioctl("FIONREAD"), Struct(Out, INT)),
    (ioctl("FIONBIO"), Struct(In, INT)), (ioctl("TIOCSETD"), Struct(In, INT)),
    (ioctl("TIOCGETD"), Struct(Out, INT)), (ioctl("TIOCGSID"), Struct(Out, PID)),
    (ioctl("FIOASYNC"), Struct(In, INT)), (ioctl("TIOCGPTN"), Struct(Out, UINT)),
    (ioctl("TIOCSPTLCK"), Struct(In, INT)), (ioctl("TIOCGPTPEER"), Flags(file::OPEN)),
    (ioctl("SIOCATMARK"), Struct(Out, INT)), (ioctl("FICLONE"), Fd),
    (ioctl("FS_IOC_GETFLAGS"), Struct(Out, INODE_FLAGS)), (ioctl("FS_IOC32_GETFLAGS"), Struct(Out, INODE_FLAGS)),
    (ioctl("FS_IOC_SETFLAGS"), Struct(In, INODE_FLAGS)), (ioctl("FS_IOC32_SETFLAGS"), Struct(In, INODE_FLAGS)),
    (ioctl("BLKGETSIZE"), Struct(Out, LONG)), (ioctl("BLKSSZGET"), Struct(Out, INT)),
    (ioctl("BLKGETSIZE64"), Struct(Out, U64_VALUE)), (BLKGETSIZE64_IA32, Struct(Out, U64_VALUE)),
    (ioctl("RNDGETENTCNT"), Struct(Out, INT)), (ioctl("PERF_EVENT_IOC_ENABLE"), UInt),
    (ioctl("PERF_EVENT_IOC_DISABLE"), UInt), (ioctl("PERF_EVENT_IOC_REFRESH"), UInt),
    (ioctl("PERF_EVENT_IOC_RESET"), UInt), (ioctl("PERF_EVENT_IOC_SET_OUTPUT"), Fd),
    (ioctl("PERF_EVENT_IOC_PERIOD"), Struct(In, U64_VALUE)), (ioctl("PERF_EVENT_IOC_ID"), Struct(Out, U64_VALUE)),
    (ioctl("PERF_EVENT_IOC_SET_BPF"), Fd),
], Hex);

/// `fsconfig(2)`: the value, by the command.
#[rustfmt::skip]
pub const FSCONFIG_VALUE: &SelectSpec = &select(!0, &cases(mount::FSCONFIG, [
    ("FSCONFIG_SET_STRING", Str), ("FSCONFIG_SET_BINARY", Buf { len: 4 }), ("FSCONFIG_SET_PATH", Str),
    ("FSCONFIG_SET_PATH_EMPTY", Str),
]), Ptr);

/// `sysfs(2)`: the name or the number of a file system type; the headers have no names for the options.
pub const SYSFS_ARG1: &SelectSpec = &select(!0, &[(SYSFS_NUMBER_OF, Str), (SYSFS_NAME_OF, UInt)], Hex);
const SYSFS_NUMBER_OF: u32 = 1;
const SYSFS_NAME_OF: u32 = 2;

/// A command of `quotactl(2)`, whose lowest byte is the type.
const fn quota(name: &str) -> u32 {
    named(mount::QUOTA_CMD, name) << 8
}

const QUOTA_COMMAND: u32 = !0xff;

/// `quotactl(2)`: where the data is, by the command.
#[rustfmt::skip]
pub const QUOTACTL_ADDR: &SelectSpec = &select(QUOTA_COMMAND, &[
    (quota("Q_QUOTAON"), Str), (quota("Q_GETFMT"), Struct(Out, QUOTA_FORMAT)),
    (quota("Q_GETINFO"), Struct(Out, IF_DQINFO)), (quota("Q_SETINFO"), Struct(In, IF_DQINFO)),
    (quota("Q_GETQUOTA"), Struct(Out, IF_DQBLK)), (quota("Q_SETQUOTA"), Struct(In, IF_DQBLK)),
], Ptr);

/// `quotactl_fd(2)` turns no quota on.
#[rustfmt::skip]
pub const QUOTACTL_FD_ADDR: &SelectSpec = &select(QUOTA_COMMAND, &[
    (quota("Q_GETFMT"), Struct(Out, QUOTA_FORMAT)), (quota("Q_GETINFO"), Struct(Out, IF_DQINFO)),
    (quota("Q_SETINFO"), Struct(In, IF_DQINFO)), (quota("Q_GETQUOTA"), Struct(Out, IF_DQBLK)),
    (quota("Q_SETQUOTA"), Struct(In, IF_DQBLK)),
], Ptr);

/// `io_uring_enter(2)`: the fifth argument, by `IORING_ENTER_EXT_ARG`.
#[rustfmt::skip]
pub const IO_URING_ENTER_ARG: &SelectSpec = &select(EXT_ARG, &[
    (0, Struct(In, SIGSET)), (EXT_ARG, Struct(In, IO_URING_GETEVENTS_ARG)),
], Ptr);
const EXT_ARG: u32 = named(io_uring::ENTER, "IORING_ENTER_EXT_ARG");

/// `io_uring_register(2)`: the third argument, by the operation, whose highest bit shows how the ring is named.
#[rustfmt::skip]
pub const IO_URING_REGISTER_ARG: &SelectSpec = &select(!REGISTERED_RING, &cases(io_uring::REGISTER, [
    ("IORING_REGISTER_BUFFERS", vec(3)), ("IORING_REGISTER_FILES", Array(In, FD, Arg(3))),
    ("IORING_REGISTER_EVENTFD", Struct(In, FD)), ("IORING_REGISTER_EVENTFD_ASYNC", Struct(In, FD)),
    ("IORING_REGISTER_IOWQ_AFF", CpuSet(In, Arg(3))),
    ("IORING_REGISTER_IOWQ_MAX_WORKERS", Array(Kept, UINT, Const(2))),
]), Ptr);

const REGISTERED_RING: u32 = named(io_uring::REGISTER, "IORING_REGISTER_USE_REGISTERED_RING");

/// `epoll_ctl(2)`: `EPOLL_CTL_DEL` takes no event.
#[rustfmt::skip]
pub const EPOLL_CTL_EVENT: &SelectSpec = &select(!0, &cases(event::EPOLL_CTL, [
    ("EPOLL_CTL_ADD", Struct(In, EPOLL_EVENT)), ("EPOLL_CTL_MOD", Struct(In, EPOLL_EVENT)),
]), Ptr);

/// `mq_open(2)` takes attributes with `O_CREAT` alone.
pub const MQ_OPEN_ATTR: &SelectSpec = &select(O_CREAT, &[(O_CREAT, Struct(In, MQ_ATTR))], Ptr);
const O_CREAT: u32 = named(file::OPEN, "O_CREAT");

/// `clock_nanosleep(2)`: nothing remains of a time that is absolute (`TIMER_ABSTIME`).
pub const SLEEP_REMAINDER: &SelectSpec = &select(ABSTIME, &[(0, Struct(Interrupted, TIMESPEC))], Ptr);
const ABSTIME: u32 = named(time::TIMER, "TIMER_ABSTIME");

// Sockets.

/// `socket(2)`: the protocol, by the address family.
#[rustfmt::skip]
pub const SOCKET_PROTOCOL: &SelectSpec = &select(!0, &cases(socket::FAMILY, [
    ("AF_INET", Enum(socket::IPPROTO)), ("AF_INET6", Enum(socket::IPPROTO)), ("AF_NETLINK", Enum(socket::NETLINK)),
    ("AF_PACKET", Enum(socket::ETH_P_BE)), ("AF_CAN", Enum(socket::CAN)), ("AF_BLUETOOTH", Enum(socket::BTPROTO)),
    ("AF_PHONET", Enum(socket::PHONET)), ("AF_CAIF", Enum(socket::CAIF)), ("AF_NFC", Enum(socket::NFC)),
    ("AF_KCM", Enum(socket::KCM)), ("AF_SMC", Enum(socket::SMC)),
]), Int);

const fn level(name: &str) -> u32 {
    named(sockopt::LEVEL, name)
}

// Levels that are no `SOL_*` to all headers: a family, and `SOL_CAN_BASE + CAN_RAW`.
const SOL_VSOCK: u32 = named(socket::FAMILY, "AF_VSOCK");
const SOL_CAN_RAW: u32 = 100 + named(socket::CAN, "CAN_RAW");

/// Names of options, by the level. The three tables are those that differ between the two calls.
#[rustfmt::skip]
const fn options(ip: &'static Table, socket: &'static Table, ipv6: &'static Table) -> [(u32, ArgType); 20] {
    [
        (level("SOL_IP"), Enum(ip)), (level("SOL_SOCKET"), Enum(socket)),
        (level("SOL_TCP"), Enum(sockopt::TCP)), (level("SOL_UDP"), Enum(sockopt::UDP)),
        (SOL_VSOCK, Enum(sockopt::VSOCK)), (level("SOL_IPV6"), Enum(ipv6)),
        (level("SOL_ICMPV6"), Enum(sockopt::ICMPV6)), (SOL_CAN_RAW, Enum(sockopt::CAN_RAW)),
        (level("SOL_SCTP"), Enum(sockopt::SCTP)), (level("SOL_RAW"), Enum(sockopt::RAW)),
        (level("SOL_PACKET"), Enum(sockopt::PACKET)), (level("SOL_NETLINK"), Enum(sockopt::NETLINK)),
        (level("SOL_TIPC"), Enum(sockopt::TIPC)), (level("SOL_BLUETOOTH"), Enum(sockopt::BLUETOOTH)),
        (level("SOL_ALG"), Enum(sockopt::ALG)), (level("SOL_KCM"), Enum(sockopt::KCM)),
        (level("SOL_TLS"), Enum(sockopt::TLS)), (level("SOL_XDP"), Enum(sockopt::XDP)),
        (level("SOL_MPTCP"), Enum(sockopt::MPTCP)), (level("SOL_SMC"), Enum(sockopt::SMC)),
    ]
}

/// `setsockopt(2)`: the option's name, by the level.
pub const SOCKOPT_NAME: &SelectSpec = &select(!0, &options(sockopt::IP, sockopt::SOCKET, sockopt::IPV6), Int);

/// `getsockopt(2)`: some numbers are another option there.
pub const SOCKOPT_NAME_GET: &SelectSpec = &select(
    !0,
    &options(sockopt::IP_GET, sockopt::SOCKET_GET, sockopt::IPV6_GET),
    Int,
);

/// `socketcall(2)` of the 32-bit ABI: the arguments, by the call.
#[rustfmt::skip]
pub const SOCKETCALL_ARGS: &SelectSpec = &select(!0, &cases(socket::SOCKETCALL, [
    ("SYS_SOCKET", Array(In, HEX_LONG, Const(3))), ("SYS_BIND", Array(In, HEX_LONG, Const(3))),
    ("SYS_CONNECT", Array(In, HEX_LONG, Const(3))), ("SYS_LISTEN", Array(In, HEX_LONG, Const(2))),
    ("SYS_ACCEPT", Array(In, HEX_LONG, Const(3))), ("SYS_GETSOCKNAME", Array(In, HEX_LONG, Const(3))),
    ("SYS_GETPEERNAME", Array(In, HEX_LONG, Const(3))), ("SYS_SOCKETPAIR", Array(In, HEX_LONG, Const(4))),
    ("SYS_SEND", Array(In, HEX_LONG, Const(4))), ("SYS_RECV", Array(In, HEX_LONG, Const(4))),
    ("SYS_SENDTO", Array(In, HEX_LONG, Const(6))), ("SYS_RECVFROM", Array(In, HEX_LONG, Const(6))),
    ("SYS_SHUTDOWN", Array(In, HEX_LONG, Const(2))), ("SYS_SETSOCKOPT", Array(In, HEX_LONG, Const(5))),
    ("SYS_GETSOCKOPT", Array(In, HEX_LONG, Const(5))), ("SYS_SENDMSG", Array(In, HEX_LONG, Const(3))),
    ("SYS_RECVMSG", Array(In, HEX_LONG, Const(3))), ("SYS_ACCEPT4", Array(In, HEX_LONG, Const(4))),
    ("SYS_RECVMMSG", Array(In, HEX_LONG, Const(5))), ("SYS_SENDMMSG", Array(In, HEX_LONG, Const(4))),
]), Ptr);

// Processes.

/// `clone(2)`: the third argument, by `CLONE_PIDFD` and `CLONE_PARENT_SETTID`.
#[rustfmt::skip]
pub const CLONE_PARENT: &SelectSpec = &select(PIDFD | PARENT_SETTID, &[
    (PIDFD, Struct(OutPositive, FD)), (PARENT_SETTID, Struct(OutPositive, PID)),
], Ptr);
const PIDFD: u32 = named(process::CLONE_FLAGS, "CLONE_PIDFD");
const PARENT_SETTID: u32 = named(process::CLONE_FLAGS, "CLONE_PARENT_SETTID");

/// `setpriority(2)`, `ioprio_set(2)`: whose, by what is counted. The latter count from 1.
pub const PRIORITY_WHO: &SelectSpec = &select(
    !0,
    &cases(
        process::PRIORITY,
        [("PRIO_PROCESS", Pid), ("PRIO_PGRP", Pid), ("PRIO_USER", Uid)],
    ),
    Int,
);
pub const IOPRIO_WHO: &SelectSpec = &select(
    !0,
    &cases(
        process::IOPRIO,
        [
            ("IOPRIO_WHO_PROCESS", Pid),
            ("IOPRIO_WHO_PGRP", Pid),
            ("IOPRIO_WHO_USER", Uid),
        ],
    ),
    Int,
);

/// `kcmp(2)`: `KCMP_FILE` and `KCMP_EPOLL_TFD` compare open files.
pub const KCMP_IDX1: &SelectSpec = &select(
    !0,
    &cases(process::KCMP, [("KCMP_FILE", UInt), ("KCMP_EPOLL_TFD", UInt)]),
    Hex,
);

/// `modify_ldt(2)`: what it writes (in two modes), or the room for what it reads; the headers have no names for its
/// functions.
#[rustfmt::skip]
pub const MODIFY_LDT_PTR: &SelectSpec = &select(!0, &[
    (LDT_WRITE_OLD, Struct(In, USER_DESC)), (LDT_WRITE, Struct(In, USER_DESC)), (LDT_READ, BufOut { len: 2 }),
    (LDT_READ_DEFAULT, BufOut { len: 2 }),
], Ptr);
const LDT_READ: u32 = 0;
const LDT_WRITE_OLD: u32 = 1;
const LDT_READ_DEFAULT: u32 = 2;
const LDT_WRITE: u32 = 0x11;

/// `arch_prctl(2)`: an address, where to put one, or a number.
#[rustfmt::skip]
pub const ARCH_PRCTL_ARG: &SelectSpec = &select(!0, &cases(prctl::ARCH_PRCTL, [
    ("ARCH_SET_GS", Ptr), ("ARCH_SET_FS", Ptr), ("ARCH_GET_FS", Struct(Out, HEX_LONG)),
    ("ARCH_GET_GS", Struct(Out, HEX_LONG)), ("ARCH_SET_CPUID", ULong),
    ("ARCH_GET_XCOMP_SUPP", Struct(Out, U64_HEX)), ("ARCH_GET_XCOMP_PERM", Struct(Out, U64_HEX)),
    ("ARCH_REQ_XCOMP_PERM", ULong), ("ARCH_REQ_XCOMP_GUEST_PERM", ULong),
    ("ARCH_GET_XCOMP_GUEST_PERM", Struct(Out, U64_HEX)), ("ARCH_SHSTK_ENABLE", LongFlags(prctl::SHSTK)),
    ("ARCH_SHSTK_DISABLE", LongFlags(prctl::SHSTK)), ("ARCH_SHSTK_LOCK", LongFlags(prctl::SHSTK)),
    ("ARCH_SHSTK_UNLOCK", LongFlags(prctl::SHSTK)), ("ARCH_SHSTK_STATUS", Struct(Out, HEX_LONG)),
]), Hex);

/// `prctl(2)`: the second argument, by the option.
#[rustfmt::skip]
pub const PRCTL_ARG2: &SelectSpec = &select(!0, &cases(prctl::OPTION, [
    ("PR_SET_PDEATHSIG", Signal), ("PR_GET_PDEATHSIG", Struct(Out, SIGNAL)),
    ("PR_SET_DUMPABLE", Enum(prctl::DUMPABLE)), ("PR_SET_KEEPCAPS", ULong), ("PR_GET_TIMING", ULong),
    ("PR_SET_TIMING", ULong), ("PR_SET_NAME", Str), ("PR_GET_NAME", Struct(Out, COMM)),
    ("PR_SET_SECCOMP", Enum(security::SECCOMP_MODE)), ("PR_CAPBSET_READ", Enum(security::CAP)),
    ("PR_CAPBSET_DROP", Enum(security::CAP)), ("PR_GET_TSC", Struct(Out, TSC_MODE)),
    ("PR_SET_TSC", Enum(prctl::TSC)), ("PR_SET_SECUREBITS", Flags(security::SECUREBITS)),
    ("PR_SET_TIMERSLACK", ULong), ("PR_MCE_KILL", Enum(prctl::MCE_KILL)), ("PR_SET_MM", Enum(prctl::MM)),
    ("PR_SET_CHILD_SUBREAPER", ULong), ("PR_GET_CHILD_SUBREAPER", Struct(Out, INT)), ("PR_SET_NO_NEW_PRIVS", ULong),
    ("PR_GET_TID_ADDRESS", Struct(Out, HEX_LONG)), ("PR_SET_THP_DISABLE", ULong),
    ("PR_CAP_AMBIENT", Enum(prctl::CAP_AMBIENT)), ("PR_GET_SPECULATION_CTRL", Enum(prctl::SPEC)),
    ("PR_SET_SPECULATION_CTRL", Enum(prctl::SPEC)), ("PR_SET_IO_FLUSHER", ULong),
    ("PR_SET_SYSCALL_USER_DISPATCH", Enum(prctl::DISPATCH)), ("PR_SCHED_CORE", Enum(prctl::SCHED_CORE)),
    ("PR_SET_MDWE", Flags(prctl::MDWE)), ("PR_SET_MEMORY_MERGE", ULong), ("PR_SET_VMA", Enum(prctl::VMA)),
    ("PR_SET_PTRACER", Enum(prctl::PTRACER)),
]), Hex);

/// `prctl(2)`: the third argument. A filter is read as such also for the strict mode, which takes none.
#[rustfmt::skip]
pub const PRCTL_ARG3: &SelectSpec = &select(!0, &cases(prctl::OPTION, [
    ("PR_SET_SECCOMP", Struct(In, SOCK_FPROG)), ("PR_MCE_KILL", Enum(prctl::MCE_POLICY)),
    ("PR_CAP_AMBIENT", Enum(security::CAP)), ("PR_SET_SPECULATION_CTRL", Flags(prctl::SPEC_STATE)),
    ("PR_SCHED_CORE", Pid),
]), Hex);

#[rustfmt::skip]
pub const PRCTL_ARG4: &SelectSpec = &select(
    !0,
    &cases(
        prctl::OPTION,
        [
            ("PR_SET_VMA", ULong),
            ("PR_SCHED_CORE", Enum(prctl::SCHED_CORE_SCOPE)),
        ],
    ),
    Hex,
);
pub const PRCTL_ARG5: &SelectSpec = &select(!0, &cases(prctl::OPTION, [("PR_SET_VMA", Str)]), Hex);

/// `ptrace(2)`: where, by the request.
#[rustfmt::skip]
pub const PTRACE_ADDR: &SelectSpec = &select(!0, &cases(process::PTRACE, [
    ("PTRACE_GETREGSET", Enum(process::REGSET)), ("PTRACE_SETREGSET", Enum(process::REGSET)),
    ("PTRACE_GETSIGMASK", ULong), ("PTRACE_SETSIGMASK", ULong), ("PTRACE_SECCOMP_GET_METADATA", ULong),
    ("PTRACE_GET_SYSCALL_INFO", ULong),
]), Ptr);

/// `ptrace(2)`: what, by the request.
#[rustfmt::skip]
pub const PTRACE_DATA: &SelectSpec = &select(!0, &cases(process::PTRACE, [
    ("PTRACE_PEEKTEXT", Struct(Out, HEX_LONG)), ("PTRACE_PEEKDATA", Struct(Out, HEX_LONG)),
    ("PTRACE_PEEKUSER", Struct(Out, HEX_LONG)), ("PTRACE_CONT", Signal), ("PTRACE_SINGLESTEP", Signal),
    ("PTRACE_DETACH", Signal), ("PTRACE_SYSCALL", Signal), ("PTRACE_SYSEMU", Signal),
    ("PTRACE_SYSEMU_SINGLESTEP", Signal), ("PTRACE_GETREGS", Struct(Out, USER_REGS)),
    ("PTRACE_SETREGS", Struct(In, USER_REGS)), ("PTRACE_ARCH_PRCTL", Enum(prctl::ARCH_PRCTL)),
    ("PTRACE_SETOPTIONS", Flags(process::PTRACE_OPTIONS)), ("PTRACE_SEIZE", Flags(process::PTRACE_OPTIONS)),
    ("PTRACE_GETEVENTMSG", Struct(Out, HEX_LONG)), ("PTRACE_GETSIGINFO", Struct(Out, SIGINFO)),
    ("PTRACE_SETSIGINFO", Struct(In, SIGINFO)), ("PTRACE_GETREGSET", Struct(InOut, IOVEC)),
    ("PTRACE_SETREGSET", Struct(Kept, IOVEC)), ("PTRACE_GETSIGMASK", Struct(Out, SIGSET)),
    ("PTRACE_SETSIGMASK", Struct(In, SIGSET)),
]), Hex);

/// `seccomp(2)`: the third argument, by the operation.
#[rustfmt::skip]
pub const SECCOMP_ARGS: &SelectSpec = &select(!0, &cases(security::SECCOMP, [
    ("SECCOMP_SET_MODE_FILTER", Struct(In, SOCK_FPROG)), ("SECCOMP_GET_ACTION_AVAIL", Struct(In, SECCOMP_ACTION)),
    ("SECCOMP_GET_NOTIF_SIZES", Struct(Out, SECCOMP_NOTIF_SIZES)),
]), Ptr);

/// `landlock_add_rule(2)`: the rule, by its type.
#[rustfmt::skip]
pub const LANDLOCK_RULE: &SelectSpec = &select(!0, &cases(security::LANDLOCK_RULE, [
    ("LANDLOCK_RULE_PATH_BENEATH", Struct(In, LANDLOCK_PATH_BENEATH)),
    ("LANDLOCK_RULE_NET_PORT", Struct(In, LANDLOCK_NET_PORT)),
]), Ptr);

/// `reboot(2)`: `LINUX_REBOOT_CMD_RESTART2` takes a text.
pub const REBOOT_ARG: &SelectSpec = &select(
    !0,
    &cases(system::REBOOT, [("LINUX_REBOOT_CMD_RESTART2", Str)]),
    Ptr,
);

/// `rt_sigpending(2)` fills in no more than its size, of which it takes smaller ones, too.
pub const SIGPENDING_SET: &SelectSpec = &select(!0, &[(SIGSET_SIZE, Struct(Out, SIGSET))], Ptr);
const SIGSET_SIZE: u32 = 8;

/// `waitid(2)`: with `WNOHANG` it may have found no child, which the result does not show.
pub const WAITID_RU: &SelectSpec = &select(WNOHANG, &[(0, Struct(Out, RUSAGE))], Ptr);
const WNOHANG: u32 = named(process::WAIT, "WNOHANG");

/// `syslog(2)`: what reads (`SYSLOG_ACTION_READ`, `…_READ_ALL`, `…_READ_CLEAR`); others return a size.
pub const SYSLOG_BUF: &SelectSpec = &select(
    !0,
    &cases(
        system::SYSLOG,
        [
            ("SYSLOG_ACTION_READ", BufOut { len: 2 }),
            ("SYSLOG_ACTION_READ_ALL", BufOut { len: 2 }),
            ("SYSLOG_ACTION_READ_CLEAR", BufOut { len: 2 }),
        ],
    ),
    Ptr,
);

// Futexes, by the operation without its two flags.

const FUTEX_COMMAND: u32 =
    !(named(ipc::FUTEX, "FUTEX_PRIVATE_FLAG") | named(ipc::FUTEX, "FUTEX_CLOCK_REALTIME"));

/// `futex(2)`: a timeout where it waits, a number where it moves waiters.
#[rustfmt::skip]
pub const FUTEX_UTIME: &SelectSpec = &select(FUTEX_COMMAND, &cases(ipc::FUTEX, [
    ("FUTEX_WAIT", Struct(In, TIMESPEC)), ("FUTEX_LOCK_PI", Struct(In, TIMESPEC)),
    ("FUTEX_WAIT_BITSET", Struct(In, TIMESPEC)), ("FUTEX_WAIT_REQUEUE_PI", Struct(In, TIMESPEC)),
    ("FUTEX_LOCK_PI2", Struct(In, TIMESPEC)), ("FUTEX_REQUEUE", UInt), ("FUTEX_CMP_REQUEUE", UInt),
    ("FUTEX_WAKE_OP", UInt), ("FUTEX_CMP_REQUEUE_PI", UInt),
]), Ptr);

#[rustfmt::skip]
pub const FUTEX_VAL3: &SelectSpec = &select(FUTEX_COMMAND, &cases(ipc::FUTEX, [
    ("FUTEX_WAIT_BITSET", Flags(ipc::FUTEX_BITSET)), ("FUTEX_WAKE_BITSET", Flags(ipc::FUTEX_BITSET)),
    ("FUTEX_CMP_REQUEUE", UInt), ("FUTEX_CMP_REQUEUE_PI", UInt),
]), Hex);

// System V IPC, by the command without `IPC_64`.

const IPC_64: u32 = 0x100;
const IPC_COMMAND: u32 = !IPC_64;

#[rustfmt::skip]
pub const SEMCTL_ARG: &SelectSpec = &select(IPC_COMMAND, &cases(ipc::SEM_CMD, [
    ("IPC_SET", Struct(In, SEMID_DS)), ("IPC_STAT", Struct(Out, SEMID_DS)), ("SEM_STAT", Struct(Out, SEMID_DS)),
    ("SEM_STAT_ANY", Struct(Out, SEMID_DS)), ("IPC_INFO", Struct(Out, SEMINFO)), ("SEM_INFO", Struct(Out, SEMINFO)),
    ("SETVAL", Int), ("GETALL", Ptr), ("SETALL", Ptr),
]), Hex);

#[rustfmt::skip]
pub const SHMCTL_BUF: &SelectSpec = &select(IPC_COMMAND, &cases(ipc::SHM_CMD, [
    ("IPC_SET", Struct(In, SHMID_DS)), ("IPC_STAT", Struct(Out, SHMID_DS)), ("SHM_STAT", Struct(Out, SHMID_DS)),
    ("SHM_STAT_ANY", Struct(Out, SHMID_DS)), ("IPC_INFO", Struct(Out, SHMINFO)),
    ("SHM_INFO", Struct(Out, SHM_INFO)),
]), Ptr);

#[rustfmt::skip]
pub const MSGCTL_BUF: &SelectSpec = &select(IPC_COMMAND, &cases(ipc::MSG_CMD, [
    ("IPC_SET", Struct(In, MSQID_DS)), ("IPC_STAT", Struct(Out, MSQID_DS)), ("MSG_STAT", Struct(Out, MSQID_DS)),
    ("MSG_STAT_ANY", Struct(Out, MSQID_DS)), ("IPC_INFO", Struct(Out, MSGINFO)), ("MSG_INFO", Struct(Out, MSGINFO)),
]), Ptr);

const IPC_CALL: u32 = 0xffff;

/// `ipc(2)` of the 32-bit ABI, whose call is in the low half: a key, operations, a message or a timeout.
pub const IPC_FIRST: &SelectSpec = &select(
    IPC_CALL,
    &cases(
        ipc::IPC_CALL,
        [("SEMGET", KEY_T), ("MSGGET", KEY_T), ("SHMGET", KEY_T)],
    ),
    Int,
);
#[rustfmt::skip]
pub const IPC_PTR: &SelectSpec = &select(IPC_CALL, &cases(ipc::IPC_CALL, [
    ("SEMOP", Array(In, SEMBUF, Arg(2))), ("SEMTIMEDOP", Array(In, SEMBUF, Arg(2))), ("MSGSND", Struct(In, MSGBUF)),
]), Ptr);
pub const IPC_FIFTH: &SelectSpec = &select(
    IPC_CALL,
    &cases(ipc::IPC_CALL, [("SEMTIMEDOP", Struct(In, TIMESPEC))]),
    Hex,
);

const KEY_T: ArgType = Enum(ipc::IPC_KEY);

// Keys: `keyctl(2)`, by the operation.

const KEY: ArgType = Enum(security::KEY_SPEC);

#[rustfmt::skip]
pub const KEYCTL_ARG2: &SelectSpec = &select(!0, &cases(security::KEYCTL, [
    ("KEYCTL_GET_KEYRING_ID", KEY), ("KEYCTL_JOIN_SESSION_KEYRING", Str), ("KEYCTL_UPDATE", KEY),
    ("KEYCTL_REVOKE", KEY), ("KEYCTL_CHOWN", KEY), ("KEYCTL_SETPERM", KEY), ("KEYCTL_DESCRIBE", KEY),
    ("KEYCTL_CLEAR", KEY), ("KEYCTL_LINK", KEY), ("KEYCTL_UNLINK", KEY), ("KEYCTL_SEARCH", KEY),
    ("KEYCTL_READ", KEY), ("KEYCTL_INSTANTIATE", KEY), ("KEYCTL_NEGATE", KEY),
    ("KEYCTL_SET_REQKEY_KEYRING", Enum(security::KEY_REQKEY)), ("KEYCTL_SET_TIMEOUT", KEY),
    ("KEYCTL_ASSUME_AUTHORITY", KEY), ("KEYCTL_GET_SECURITY", KEY), ("KEYCTL_REJECT", KEY),
    ("KEYCTL_INSTANTIATE_IOV", KEY), ("KEYCTL_INVALIDATE", KEY), ("KEYCTL_GET_PERSISTENT", Uid),
    ("KEYCTL_RESTRICT_KEYRING", KEY), ("KEYCTL_MOVE", KEY), ("KEYCTL_CAPABILITIES", BufOut { len: 2 }),
    ("KEYCTL_WATCH_KEY", KEY),
]), Hex);

#[rustfmt::skip]
pub const KEYCTL_ARG3: &SelectSpec = &select(!0, &cases(security::KEYCTL, [
    ("KEYCTL_GET_KEYRING_ID", Int), ("KEYCTL_UPDATE", Buf { len: 3 }), ("KEYCTL_CHOWN", Uid),
    ("KEYCTL_SETPERM", Flags(security::KEY_PERM)), ("KEYCTL_DESCRIBE", BufOut { len: 3 }), ("KEYCTL_LINK", KEY),
    ("KEYCTL_UNLINK", KEY), ("KEYCTL_SEARCH", Str), ("KEYCTL_READ", BufOut { len: 3 }),
    ("KEYCTL_INSTANTIATE", Buf { len: 3 }), ("KEYCTL_NEGATE", UInt), ("KEYCTL_SET_TIMEOUT", UInt),
    ("KEYCTL_GET_SECURITY", BufOut { len: 3 }), ("KEYCTL_REJECT", UInt), ("KEYCTL_INSTANTIATE_IOV", vec(3)),
    ("KEYCTL_GET_PERSISTENT", KEY), ("KEYCTL_RESTRICT_KEYRING", Str), ("KEYCTL_MOVE", KEY),
    ("KEYCTL_CAPABILITIES", ULong), ("KEYCTL_WATCH_KEY", Fd),
]), Hex);

#[rustfmt::skip]
pub const KEYCTL_ARG4: &SelectSpec = &select(!0, &cases(security::KEYCTL, [
    ("KEYCTL_UPDATE", ULong), ("KEYCTL_CHOWN", Gid), ("KEYCTL_DESCRIBE", ULong), ("KEYCTL_SEARCH", Str),
    ("KEYCTL_READ", ULong), ("KEYCTL_INSTANTIATE", ULong), ("KEYCTL_NEGATE", KEY), ("KEYCTL_GET_SECURITY", ULong),
    ("KEYCTL_REJECT", UInt), ("KEYCTL_INSTANTIATE_IOV", ULong), ("KEYCTL_RESTRICT_KEYRING", Str),
    ("KEYCTL_MOVE", KEY), ("KEYCTL_WATCH_KEY", Int),
]), Hex);

#[rustfmt::skip]
pub const KEYCTL_ARG5: &SelectSpec = &select(!0, &cases(security::KEYCTL, [
    ("KEYCTL_SEARCH", KEY), ("KEYCTL_INSTANTIATE", KEY), ("KEYCTL_REJECT", KEY), ("KEYCTL_INSTANTIATE_IOV", KEY),
    ("KEYCTL_MOVE", Flags(security::KEY_MOVE)),
]), Hex);

// `bpf(2)`: the part of `union bpf_attr`, by the command.

const fn bpf(part: &'static StructSpec) -> ArgType {
    Sized(InOut, part, 2)
}

#[rustfmt::skip]
pub const BPF_ATTR: &SelectSpec = &select(!0, &cases(bpf::CMD, [
    ("BPF_MAP_CREATE", bpf(BPF_MAP_CREATE)), ("BPF_MAP_LOOKUP_ELEM", bpf(BPF_MAP_ELEM)),
    ("BPF_MAP_UPDATE_ELEM", bpf(BPF_MAP_ELEM)), ("BPF_MAP_DELETE_ELEM", bpf(BPF_MAP_DELETE)),
    ("BPF_MAP_GET_NEXT_KEY", bpf(BPF_MAP_NEXT_KEY)), ("BPF_PROG_LOAD", bpf(BPF_PROG_LOAD)),
    ("BPF_OBJ_PIN", bpf(BPF_OBJ)), ("BPF_OBJ_GET", bpf(BPF_OBJ)), ("BPF_PROG_ATTACH", bpf(BPF_PROG_ATTACH)),
    ("BPF_PROG_DETACH", bpf(BPF_PROG_ATTACH)), ("BPF_PROG_TEST_RUN", bpf(BPF_PROG_TEST_RUN)),
    ("BPF_PROG_GET_NEXT_ID", bpf(BPF_NEXT_ID)), ("BPF_MAP_GET_NEXT_ID", bpf(BPF_NEXT_ID)),
    ("BPF_PROG_GET_FD_BY_ID", bpf(BPF_PROG_ID)), ("BPF_MAP_GET_FD_BY_ID", bpf(BPF_MAP_ID)),
    ("BPF_OBJ_GET_INFO_BY_FD", bpf(BPF_OBJ_INFO)), ("BPF_PROG_QUERY", bpf(BPF_PROG_QUERY)),
    ("BPF_RAW_TRACEPOINT_OPEN", bpf(BPF_RAW_TRACEPOINT)), ("BPF_BTF_LOAD", bpf(BPF_BTF_LOAD)),
    ("BPF_BTF_GET_FD_BY_ID", bpf(BPF_BTF_ID)), ("BPF_TASK_FD_QUERY", bpf(BPF_TASK_FD_QUERY)),
    ("BPF_MAP_LOOKUP_AND_DELETE_ELEM", bpf(BPF_MAP_ELEM)), ("BPF_MAP_FREEZE", bpf(BPF_MAP_FREEZE)),
    ("BPF_BTF_GET_NEXT_ID", bpf(BPF_NEXT_ID)), ("BPF_MAP_LOOKUP_BATCH", bpf(BPF_MAP_BATCH)),
    ("BPF_MAP_LOOKUP_AND_DELETE_BATCH", bpf(BPF_MAP_BATCH)), ("BPF_MAP_UPDATE_BATCH", bpf(BPF_MAP_BATCH)),
    ("BPF_MAP_DELETE_BATCH", bpf(BPF_MAP_BATCH)), ("BPF_LINK_CREATE", bpf(BPF_LINK_CREATE)),
    ("BPF_LINK_UPDATE", bpf(BPF_LINK_UPDATE)), ("BPF_LINK_GET_FD_BY_ID", bpf(BPF_LINK_ID)),
    ("BPF_LINK_GET_NEXT_ID", bpf(BPF_NEXT_ID)), ("BPF_ENABLE_STATS", bpf(BPF_ENABLE_STATS)),
    ("BPF_ITER_CREATE", bpf(BPF_ITER_CREATE)), ("BPF_LINK_DETACH", bpf(BPF_LINK_DETACH)),
    ("BPF_PROG_BIND_MAP", bpf(BPF_PROG_BIND_MAP)),
]), Ptr);
