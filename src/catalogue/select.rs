//! Arguments whose meaning depends on another one: a row each, from the manual pages and the kernel's own headers.

use super::spec::{vec, ArgType, ArgType::*, Count::*, SelectSpec, StructSpec, When::*};
use super::structs::*;
use crate::symbols::{file, ipc, prctl, process, security, socket, sockopt, tty};

const fn select(mask: u32, cases: &'static [(u32, ArgType)], otherwise: ArgType) -> SelectSpec {
    SelectSpec {
        mask,
        cases,
        otherwise,
    }
}

// Files.

/// `fcntl(2)`: the third argument, by the command. Locks with 64-bit offsets exist in the 32-bit ABI alone.
#[rustfmt::skip]
pub const FCNTL_ARG: &SelectSpec = &select(!0, &[
    (0, Int), (2, Flags(file::FD_FLAGS)), (4, Flags(file::OPEN)), // F_DUPFD, F_SETFD, F_SETFL
    (5, Struct(InOut, FLOCK)), (6, Struct(In, FLOCK)), (7, Struct(In, FLOCK)), // F_GETLK, F_SETLK, F_SETLKW
    (8, Pid), (10, Signal), // F_SETOWN, F_SETSIG
    (12, Struct(InOut, FLOCK64)), (13, Struct(In, FLOCK64)), (14, Struct(In, FLOCK64)), // F_GETLK64, …
    (15, Struct(In, F_OWNER_EX)), (16, Struct(Out, F_OWNER_EX)), // F_SETOWN_EX, F_GETOWN_EX
    (17, Array(Out, UID, Const(2))), // F_GETOWNER_UIDS
    (36, Struct(InOut, FLOCK64)), (37, Struct(In, FLOCK64)), (38, Struct(In, FLOCK64)), // F_OFD_GETLK, …
    (1024, Enum(file::LOCK_TYPE)), (1026, Flags(file::NOTIFY)), // F_SETLEASE, F_NOTIFY
    (1027, Fd), (1030, Int), // F_DUPFD_QUERY, F_DUPFD_CLOEXEC
    (1031, UInt), (1033, Flags(file::SEALS)), // F_SETPIPE_SZ, F_ADD_SEALS
    (1035, Struct(Out, RW_HINT)), (1036, Struct(In, RW_HINT)), // F_GET_RW_HINT, F_SET_RW_HINT
    (1037, Struct(Out, RW_HINT)), (1038, Struct(In, RW_HINT)), // F_GET_FILE_RW_HINT, F_SET_FILE_RW_HINT
], Hex);

/// `ioctl(2)`: the third argument, by the command.
#[rustfmt::skip]
pub const IOCTL_ARG: &SelectSpec = &select(!0, &[
    (0x5401, Struct(Out, TERMIOS)), // TCGETS
    (0x5402, Struct(In, TERMIOS)), (0x5403, Struct(In, TERMIOS)), (0x5404, Struct(In, TERMIOS)), // TCSETS, …W, …F
    (0x802c_542a, Struct(Out, TERMIOS2)), // TCGETS2
    (0x402c_542b, Struct(In, TERMIOS2)), (0x402c_542c, Struct(In, TERMIOS2)), // TCSETS2, TCSETSW2
    (0x402c_542d, Struct(In, TERMIOS2)), // TCSETSF2
    (0x5409, Int), (0x540a, Enum(tty::FLOW)), (0x540b, Enum(tty::FLUSH)), // TCSBRK, TCXONC, TCFLSH
    (0x540e, Int), (0x540f, Struct(Out, PID)), (0x5410, Struct(In, PID)), // TIOCSCTTY, TIOCGPGRP, TIOCSPGRP
    (0x5411, Struct(Out, INT)), (0x5413, Struct(Out, WINSIZE)), (0x5414, Struct(In, WINSIZE)), // TIOCOUTQ, TIOC?WINSZ
    (0x5415, Struct(Out, MODEM_BITS)), (0x5416, Struct(In, MODEM_BITS)), // TIOCMGET, TIOCMBIS
    (0x5417, Struct(In, MODEM_BITS)), (0x5418, Struct(In, MODEM_BITS)), // TIOCMBIC, TIOCMSET
    (0x541b, Struct(Out, INT)), (0x5421, Struct(In, INT)), // FIONREAD, FIONBIO
    (0x5423, Struct(In, INT)), (0x5424, Struct(Out, INT)), // TIOCSETD, TIOCGETD
    (0x5429, Struct(Out, PID)), (0x5452, Struct(In, INT)), // TIOCGSID, FIOASYNC
    (0x8004_5430, Struct(Out, UINT)), (0x4004_5431, Struct(In, INT)), (0x5441, Flags(file::OPEN)), // TIOCGPTN, …
    (0x8905, Struct(Out, INT)), // SIOCATMARK
    (0x4004_9409, Fd), (0x8008_6601, Struct(Out, INODE_FLAGS)), (0x8004_6601, Struct(Out, INODE_FLAGS)), // FICLONE, …
    (0x4008_6602, Struct(In, INODE_FLAGS)), (0x4004_6602, Struct(In, INODE_FLAGS)), // FS_IOC_SETFLAGS
    (0x1260, Struct(Out, LONG)), (0x1268, Struct(Out, INT)), // BLKGETSIZE, BLKSSZGET
    (0x8008_1272, Struct(Out, U64_VALUE)), (0x8004_1272, Struct(Out, U64_VALUE)), // BLKGETSIZE64
    (0x8004_5200, Struct(Out, INT)), // RNDGETENTCNT
    (0x2400, UInt), (0x2401, UInt), (0x2402, UInt), (0x2403, UInt), (0x2405, Fd), // PERF_EVENT_IOC_*
    (0x4008_2404, Struct(In, U64_VALUE)), (0x8008_2407, Struct(Out, U64_VALUE)), (0x4004_2408, Fd),
], Hex);

/// `fsconfig(2)`: the value, by the command.
#[rustfmt::skip]
pub const FSCONFIG_VALUE: &SelectSpec = &select(!0, &[
    (1, Str), (2, Buf { len: 4 }), (3, Str), (4, Str), // FSCONFIG_SET_STRING, …_BINARY, …_PATH, …_PATH_EMPTY
], Ptr);

/// `sysfs(2)`: the name or the number of a file system type.
pub const SYSFS_ARG1: &SelectSpec = &select(!0, &[(1, Str), (2, UInt)], Hex);

/// `quotactl(2)`: where the data is, by the command, whose lowest byte is the type.
#[rustfmt::skip]
pub const QUOTACTL_ADDR: &SelectSpec = &select(!0xff, &[
    (0x8000_0200, Str), (0x8000_0400, Struct(Out, QUOTA_FORMAT)), // Q_QUOTAON, Q_GETFMT
    (0x8000_0500, Struct(Out, IF_DQINFO)), (0x8000_0600, Struct(In, IF_DQINFO)), // Q_GETINFO, Q_SETINFO
    (0x8000_0700, Struct(Out, IF_DQBLK)), (0x8000_0800, Struct(In, IF_DQBLK)), // Q_GETQUOTA, Q_SETQUOTA
], Ptr);

/// `quotactl_fd(2)` turns no quota on.
#[rustfmt::skip]
pub const QUOTACTL_FD_ADDR: &SelectSpec = &select(!0xff, &[
    (0x8000_0400, Struct(Out, QUOTA_FORMAT)), (0x8000_0500, Struct(Out, IF_DQINFO)),
    (0x8000_0600, Struct(In, IF_DQINFO)), (0x8000_0700, Struct(Out, IF_DQBLK)), (0x8000_0800, Struct(In, IF_DQBLK)),
], Ptr);

/// `io_uring_enter(2)`: the fifth argument, by `IORING_ENTER_EXT_ARG`.
#[rustfmt::skip]
pub const IO_URING_ENTER_ARG: &SelectSpec = &select(1 << 3, &[
    (0, Struct(In, SIGSET)), (1 << 3, Struct(In, IO_URING_GETEVENTS_ARG)),
], Ptr);

/// `io_uring_register(2)`: the third argument, by the operation, whose highest bit says how the ring is named.
#[rustfmt::skip]
pub const IO_URING_REGISTER_ARG: &SelectSpec = &select(!(1 << 31), &[
    (0, vec(3)), (2, Array(In, FD, Arg(3))), // IORING_REGISTER_BUFFERS, …_FILES
    (4, Struct(In, FD)), (7, Struct(In, FD)), // IORING_REGISTER_EVENTFD, …_ASYNC
    (17, CpuSet(In, Arg(3))), // IORING_REGISTER_IOWQ_AFF
    (19, Array(Kept, UINT, Const(2))), // IORING_REGISTER_IOWQ_MAX_WORKERS
], Ptr);

/// `epoll_ctl(2)`: `EPOLL_CTL_DEL` takes no event.
#[rustfmt::skip]
pub const EPOLL_CTL_EVENT: &SelectSpec = &select(!0, &[
    (1, Struct(In, EPOLL_EVENT)), (3, Struct(In, EPOLL_EVENT)), // EPOLL_CTL_ADD, EPOLL_CTL_MOD
], Ptr);

/// `mq_open(2)` takes attributes with `O_CREAT` alone.
pub const MQ_OPEN_ATTR: &SelectSpec = &select(0o100, &[(0o100, Struct(In, MQ_ATTR))], Ptr);

/// `clock_nanosleep(2)`: nothing remains of a time that is absolute (`TIMER_ABSTIME`).
pub const SLEEP_REMAINDER: &SelectSpec = &select(1, &[(0, Struct(Interrupted, TIMESPEC))], Ptr);

// Sockets.

/// `socket(2)`: the protocol, by the address family.
#[rustfmt::skip]
pub const SOCKET_PROTOCOL: &SelectSpec = &select(!0, &[
    (2, Enum(socket::IPPROTO)), (10, Enum(socket::IPPROTO)), // AF_INET, AF_INET6
    (16, Enum(socket::NETLINK)), (17, Enum(socket::ETH_P_BE)), // AF_NETLINK, AF_PACKET
    (29, Enum(socket::CAN)), (31, Enum(socket::BTPROTO)), // AF_CAN, AF_BLUETOOTH
    (35, Enum(socket::PHONET)), (37, Enum(socket::CAIF)), // AF_PHONET, AF_CAIF
    (39, Enum(socket::NFC)), (41, Enum(socket::KCM)), (43, Enum(socket::SMC)), // AF_NFC, AF_KCM, AF_SMC
], Int);

/// `setsockopt(2)`: the option's name, by the level.
#[rustfmt::skip]
pub const SOCKOPT_NAME: &SelectSpec = &select(!0, &[
    (0, Enum(sockopt::IP)), (1, Enum(sockopt::SOCKET)), (6, Enum(sockopt::TCP)),
    (17, Enum(sockopt::UDP)), (40, Enum(sockopt::VSOCK)), (41, Enum(sockopt::IPV6)),
    (58, Enum(sockopt::ICMPV6)), (101, Enum(sockopt::CAN_RAW)), (132, Enum(sockopt::SCTP)),
    (255, Enum(sockopt::RAW)), (263, Enum(sockopt::PACKET)), (270, Enum(sockopt::NETLINK)),
    (271, Enum(sockopt::TIPC)), (274, Enum(sockopt::BLUETOOTH)), (279, Enum(sockopt::ALG)),
    (281, Enum(sockopt::KCM)), (282, Enum(sockopt::TLS)), (283, Enum(sockopt::XDP)),
    (284, Enum(sockopt::MPTCP)), (286, Enum(sockopt::SMC)),
], Int);

/// `getsockopt(2)`: some numbers are another option there.
#[rustfmt::skip]
pub const SOCKOPT_NAME_GET: &SelectSpec = &select(!0, &[
    (0, Enum(sockopt::IP_GET)), (1, Enum(sockopt::SOCKET_GET)), (6, Enum(sockopt::TCP)),
    (17, Enum(sockopt::UDP)), (40, Enum(sockopt::VSOCK)), (41, Enum(sockopt::IPV6_GET)),
    (58, Enum(sockopt::ICMPV6)), (101, Enum(sockopt::CAN_RAW)), (132, Enum(sockopt::SCTP)),
    (255, Enum(sockopt::RAW)), (263, Enum(sockopt::PACKET)), (270, Enum(sockopt::NETLINK)),
    (271, Enum(sockopt::TIPC)), (274, Enum(sockopt::BLUETOOTH)), (279, Enum(sockopt::ALG)),
    (281, Enum(sockopt::KCM)), (282, Enum(sockopt::TLS)), (283, Enum(sockopt::XDP)),
    (284, Enum(sockopt::MPTCP)), (286, Enum(sockopt::SMC)),
], Int);

/// `socketcall(2)` of the 32-bit ABI: the arguments, by the call.
#[rustfmt::skip]
pub const SOCKETCALL_ARGS: &SelectSpec = &select(!0, &[
    (1, Array(In, HEX_LONG, Const(3))), (2, Array(In, HEX_LONG, Const(3))), (3, Array(In, HEX_LONG, Const(3))),
    (4, Array(In, HEX_LONG, Const(2))), (5, Array(In, HEX_LONG, Const(3))), (6, Array(In, HEX_LONG, Const(3))),
    (7, Array(In, HEX_LONG, Const(3))), (8, Array(In, HEX_LONG, Const(4))), (9, Array(In, HEX_LONG, Const(4))),
    (10, Array(In, HEX_LONG, Const(4))), (11, Array(In, HEX_LONG, Const(6))), (12, Array(In, HEX_LONG, Const(6))),
    (13, Array(In, HEX_LONG, Const(2))), (14, Array(In, HEX_LONG, Const(5))), (15, Array(In, HEX_LONG, Const(5))),
    (16, Array(In, HEX_LONG, Const(3))), (17, Array(In, HEX_LONG, Const(3))), (18, Array(In, HEX_LONG, Const(4))),
    (19, Array(In, HEX_LONG, Const(5))), (20, Array(In, HEX_LONG, Const(4))),
], Ptr);

// Processes.

/// `clone(2)`: what its third argument is for, by `CLONE_PIDFD` and `CLONE_PARENT_SETTID`.
#[rustfmt::skip]
pub const CLONE_PARENT: &SelectSpec = &select(0x1000 | 0x10_0000, &[
    (0x1000, Struct(OutPositive, FD)), (0x10_0000, Struct(OutPositive, PID)),
], Ptr);

/// `setpriority(2)`, `ioprio_set(2)`: whose, by what is counted. The latter count from 1.
pub const PRIORITY_WHO: &SelectSpec = &select(!0, &[(0, Pid), (1, Pid), (2, Uid)], Int);
pub const IOPRIO_WHO: &SelectSpec = &select(!0, &[(1, Pid), (2, Pid), (3, Uid)], Int);

/// `kcmp(2)`: `KCMP_FILE` and `KCMP_EPOLL_TFD` compare open files.
pub const KCMP_IDX1: &SelectSpec = &select(!0, &[(0, UInt), (7, UInt)], Hex);

/// `modify_ldt(2)`: what it writes (in two modes), or the room for what it reads.
#[rustfmt::skip]
pub const MODIFY_LDT_PTR: &SelectSpec = &select(!0, &[
    (1, Struct(In, USER_DESC)), (0x11, Struct(In, USER_DESC)), (0, BufOut { len: 2 }), (2, BufOut { len: 2 }),
], Ptr);

/// `arch_prctl(2)`: an address, where to put one, or a number.
#[rustfmt::skip]
pub const ARCH_PRCTL_ARG: &SelectSpec = &select(!0, &[
    (0x1001, Ptr), (0x1002, Ptr), // ARCH_SET_GS, ARCH_SET_FS
    (0x1003, Struct(Out, HEX_LONG)), (0x1004, Struct(Out, HEX_LONG)), // ARCH_GET_FS, ARCH_GET_GS
    (0x1012, ULong), // ARCH_SET_CPUID
    (0x1021, Struct(Out, U64_HEX)), (0x1022, Struct(Out, U64_HEX)), // ARCH_GET_XCOMP_SUPP, …_PERM
    (0x1023, ULong), (0x1025, ULong), // ARCH_REQ_XCOMP_PERM, …_GUEST_PERM
    (0x1024, Struct(Out, U64_HEX)), // ARCH_GET_XCOMP_GUEST_PERM
    (0x5001, LongFlags(prctl::SHSTK)), (0x5002, LongFlags(prctl::SHSTK)), // ARCH_SHSTK_ENABLE, …
    (0x5003, LongFlags(prctl::SHSTK)), (0x5004, LongFlags(prctl::SHSTK)),
    (0x5005, Struct(Out, HEX_LONG)), // ARCH_SHSTK_STATUS
], Hex);

/// `prctl(2)`: the second argument, by the option.
#[rustfmt::skip]
pub const PRCTL_ARG2: &SelectSpec = &select(!0, &[
    (1, Signal), (2, Struct(Out, SIGNAL)), (4, Enum(prctl::DUMPABLE)), // PR_SET_PDEATHSIG, PR_GET_…, PR_SET_DUMPABLE
    (8, ULong), (13, ULong), (14, ULong), // PR_SET_KEEPCAPS, PR_GET_TIMING, PR_SET_TIMING
    (15, Str), (16, Struct(Out, COMM)), // PR_SET_NAME, PR_GET_NAME
    (22, Enum(security::SECCOMP_MODE)), (23, Enum(security::CAP)), (24, Enum(security::CAP)), // PR_CAPBSET_*
    (25, Struct(Out, TSC_MODE)), (26, Enum(prctl::TSC)), // PR_GET_TSC, PR_SET_TSC
    (28, Flags(security::SECUREBITS)), (29, ULong), // PR_SET_SECUREBITS, PR_SET_TIMERSLACK
    (33, Enum(prctl::MCE_KILL)), (35, Enum(prctl::MM)), // PR_MCE_KILL, PR_SET_MM
    (36, ULong), (37, Struct(Out, INT)), (38, ULong), // PR_SET_CHILD_SUBREAPER, PR_GET_…, PR_SET_NO_NEW_PRIVS
    (40, Struct(Out, HEX_LONG)), (41, ULong), // PR_GET_TID_ADDRESS, PR_SET_THP_DISABLE
    (47, Enum(prctl::CAP_AMBIENT)), // PR_CAP_AMBIENT
    (52, Enum(prctl::SPEC)), (53, Enum(prctl::SPEC)), // PR_?ET_SPECULATION_CTRL
    (57, ULong), (59, Enum(prctl::DISPATCH)), // PR_SET_IO_FLUSHER, PR_SET_SYSCALL_USER_DISPATCH
    (62, Enum(prctl::SCHED_CORE)), (65, Flags(prctl::MDWE)), (67, ULong), // PR_SCHED_CORE, PR_SET_MDWE, …
    (0x5356_4d41, Enum(prctl::VMA)), (0x5961_6d61, Enum(prctl::PTRACER)), // PR_SET_VMA, PR_SET_PTRACER
], Hex);

/// `prctl(2)`: the third argument. A filter is read as such also for the strict mode, which takes none.
#[rustfmt::skip]
pub const PRCTL_ARG3: &SelectSpec = &select(!0, &[
    (22, Struct(In, SOCK_FPROG)), (33, Enum(prctl::MCE_POLICY)), (47, Enum(security::CAP)),
    (53, Flags(prctl::SPEC_STATE)), (62, Pid),
], Hex);

pub const PRCTL_ARG4: &SelectSpec = &select(
    !0,
    &[(0x5356_4d41, ULong), (62, Enum(prctl::SCHED_CORE_SCOPE))],
    Hex,
);
pub const PRCTL_ARG5: &SelectSpec = &select(!0, &[(0x5356_4d41, Str)], Hex);

/// `ptrace(2)`: where, by the request.
#[rustfmt::skip]
pub const PTRACE_ADDR: &SelectSpec = &select(!0, &[
    (0x4204, Enum(process::REGSET)), (0x4205, Enum(process::REGSET)), // PTRACE_GETREGSET, PTRACE_SETREGSET
    (0x420a, ULong), (0x420b, ULong), (0x420d, ULong), (0x420e, ULong), // sizes
], Ptr);

/// `ptrace(2)`: what, by the request.
#[rustfmt::skip]
pub const PTRACE_DATA: &SelectSpec = &select(!0, &[
    (1, Struct(Out, HEX_LONG)), (2, Struct(Out, HEX_LONG)), (3, Struct(Out, HEX_LONG)), // PTRACE_PEEK*
    (7, Signal), (9, Signal), (17, Signal), (24, Signal), (31, Signal), (32, Signal), // those that let it run on
    (12, Struct(Out, USER_REGS)), (13, Struct(In, USER_REGS)), // PTRACE_GETREGS, PTRACE_SETREGS
    (30, Enum(prctl::ARCH_PRCTL)), // PTRACE_ARCH_PRCTL
    (0x4200, Flags(process::PTRACE_OPTIONS)), (0x4206, Flags(process::PTRACE_OPTIONS)), // PTRACE_SETOPTIONS, PTRACE_SEIZE
    (0x4201, Struct(Out, HEX_LONG)), // PTRACE_GETEVENTMSG
    (0x4202, Struct(Out, SIGINFO)), (0x4203, Struct(In, SIGINFO)), // PTRACE_GETSIGINFO, PTRACE_SETSIGINFO
    (0x4204, Struct(InOut, IOVEC)), (0x4205, Struct(Kept, IOVEC)), // PTRACE_GETREGSET, PTRACE_SETREGSET
    (0x420a, Struct(Out, SIGSET)), (0x420b, Struct(In, SIGSET)), // PTRACE_GETSIGMASK, PTRACE_SETSIGMASK
], Hex);

/// `seccomp(2)`: the third argument, by the operation.
#[rustfmt::skip]
pub const SECCOMP_ARGS: &SelectSpec = &select(!0, &[
    (1, Struct(In, SOCK_FPROG)), (2, Struct(In, SECCOMP_ACTION)), (3, Struct(Out, SECCOMP_NOTIF_SIZES)),
], Ptr);

/// `landlock_add_rule(2)`: the rule, by its type.
#[rustfmt::skip]
pub const LANDLOCK_RULE: &SelectSpec = &select(!0, &[
    (1, Struct(In, LANDLOCK_PATH_BENEATH)), (2, Struct(In, LANDLOCK_NET_PORT)),
], Ptr);

/// `reboot(2)`: `LINUX_REBOOT_CMD_RESTART2` takes a text.
pub const REBOOT_ARG: &SelectSpec = &select(!0, &[(0xa1b2_c3d4, Str)], Ptr);

/// `rt_sigpending(2)` fills in no more than its size, of which it takes smaller ones, too.
pub const SIGPENDING_SET: &SelectSpec = &select(!0, &[(8, Struct(Out, SIGSET))], Ptr);

/// `waitid(2)`: with `WNOHANG` it may have found no child, which the result does not tell.
pub const WAITID_RU: &SelectSpec = &select(1, &[(0, Struct(Out, RUSAGE))], Ptr);

/// `syslog(2)`: what reads (`SYSLOG_ACTION_READ`, `…_READ_ALL`, `…_READ_CLEAR`); others return a size.
pub const SYSLOG_BUF: &SelectSpec = &select(
    !0,
    &[
        (2, BufOut { len: 2 }),
        (3, BufOut { len: 2 }),
        (4, BufOut { len: 2 }),
    ],
    Ptr,
);

// Futexes, by the operation without its two flags.

const FUTEX_COMMAND: u32 = !(128 | 256);

/// `futex(2)`: a timeout where it waits, a number where it moves waiters.
#[rustfmt::skip]
pub const FUTEX_UTIME: &SelectSpec = &select(FUTEX_COMMAND, &[
    (0, Struct(In, TIMESPEC)), (6, Struct(In, TIMESPEC)), (9, Struct(In, TIMESPEC)), (11, Struct(In, TIMESPEC)),
    (13, Struct(In, TIMESPEC)), // FUTEX_WAIT, …_LOCK_PI, …_WAIT_BITSET, …_WAIT_REQUEUE_PI, …_LOCK_PI2
    (3, UInt), (4, UInt), (5, UInt), (12, UInt), // FUTEX_REQUEUE, …_CMP_REQUEUE, …_WAKE_OP, …_CMP_REQUEUE_PI
], Ptr);

#[rustfmt::skip]
pub const FUTEX_VAL3: &SelectSpec = &select(FUTEX_COMMAND, &[
    (9, Flags(ipc::FUTEX_BITSET)), (10, Flags(ipc::FUTEX_BITSET)), (4, UInt), (12, UInt),
], Hex);

// System V IPC, by the command without `IPC_64`.

const IPC_COMMAND: u32 = !0x100;

#[rustfmt::skip]
pub const SEMCTL_ARG: &SelectSpec = &select(IPC_COMMAND, &[
    (1, Struct(In, SEMID_DS)), (2, Struct(Out, SEMID_DS)), (18, Struct(Out, SEMID_DS)), (20, Struct(Out, SEMID_DS)),
    (3, Struct(Out, SEMINFO)), (19, Struct(Out, SEMINFO)), (16, Int), (13, Ptr), (17, Ptr),
], Hex);

#[rustfmt::skip]
pub const SHMCTL_BUF: &SelectSpec = &select(IPC_COMMAND, &[
    (1, Struct(In, SHMID_DS)), (2, Struct(Out, SHMID_DS)), (13, Struct(Out, SHMID_DS)), (15, Struct(Out, SHMID_DS)),
    (3, Struct(Out, SHMINFO)), (14, Struct(Out, SHM_INFO)),
], Ptr);

#[rustfmt::skip]
pub const MSGCTL_BUF: &SelectSpec = &select(IPC_COMMAND, &[
    (1, Struct(In, MSQID_DS)), (2, Struct(Out, MSQID_DS)), (11, Struct(Out, MSQID_DS)), (13, Struct(Out, MSQID_DS)),
    (3, Struct(Out, MSGINFO)), (12, Struct(Out, MSGINFO)),
], Ptr);

/// `ipc(2)` of the 32-bit ABI, whose call is in the low half: a key, operations, a message or a timeout.
pub const IPC_FIRST: &SelectSpec = &select(0xffff, &[(2, KEY_T), (13, KEY_T), (23, KEY_T)], Int);
#[rustfmt::skip]
pub const IPC_PTR: &SelectSpec = &select(0xffff, &[
    (1, Array(In, SEMBUF, Arg(2))), (4, Array(In, SEMBUF, Arg(2))), (11, Struct(In, MSGBUF)),
], Ptr);
pub const IPC_FIFTH: &SelectSpec = &select(0xffff, &[(4, Struct(In, TIMESPEC))], Hex);

const KEY_T: ArgType = Enum(ipc::IPC_KEY);

// Keys: `keyctl(2)`, by the operation.

const KEY: ArgType = Enum(security::KEY_SPEC);

#[rustfmt::skip]
pub const KEYCTL_ARG2: &SelectSpec = &select(!0, &[
    (0, KEY), (1, Str), (2, KEY), (3, KEY), (4, KEY), (5, KEY), (6, KEY), (7, KEY), (8, KEY), (9, KEY), (10, KEY),
    (11, KEY), (12, KEY), (13, KEY), (14, Enum(security::KEY_REQKEY)), (15, KEY), (16, KEY), (17, KEY), (19, KEY),
    (20, KEY), (21, KEY), (22, Uid), (29, KEY), (30, KEY), (31, BufOut { len: 2 }), (32, KEY),
], Hex);

#[rustfmt::skip]
pub const KEYCTL_ARG3: &SelectSpec = &select(!0, &[
    (0, Int), (2, Buf { len: 3 }), (4, Uid), (5, Flags(security::KEY_PERM)), // …_GET_KEYRING_ID, …_UPDATE, …
    (6, BufOut { len: 3 }), (8, KEY), (9, KEY), (10, Str), (11, BufOut { len: 3 }), // …_DESCRIBE, …_LINK, …
    (12, Buf { len: 3 }), (13, UInt), (15, UInt), (17, BufOut { len: 3 }), (19, UInt), // …_INSTANTIATE, …
    (20, vec(3)), (22, KEY), (29, Str), (30, KEY), (31, ULong), (32, Fd),
], Hex);

#[rustfmt::skip]
pub const KEYCTL_ARG4: &SelectSpec = &select(!0, &[
    (2, ULong), (4, Gid), (6, ULong), (10, Str), (11, ULong), (12, ULong), (13, KEY), (17, ULong), (19, UInt),
    (20, ULong), (29, Str), (30, KEY), (32, Int),
], Hex);

#[rustfmt::skip]
pub const KEYCTL_ARG5: &SelectSpec = &select(!0, &[
    (10, KEY), (12, KEY), (19, KEY), (20, KEY), (30, Flags(security::KEY_MOVE)),
], Hex);

// `bpf(2)`: the part of `union bpf_attr`, by the command.

const fn bpf(part: &'static StructSpec) -> ArgType {
    Sized(InOut, part, 2)
}

#[rustfmt::skip]
pub const BPF_ATTR: &SelectSpec = &select(!0, &[
    (0, bpf(BPF_MAP_CREATE)), (1, bpf(BPF_MAP_ELEM)), (2, bpf(BPF_MAP_ELEM)), (3, bpf(BPF_MAP_DELETE)),
    (4, bpf(BPF_MAP_NEXT_KEY)), (5, bpf(BPF_PROG_LOAD)), (6, bpf(BPF_OBJ)), (7, bpf(BPF_OBJ)),
    (8, bpf(BPF_PROG_ATTACH)), (9, bpf(BPF_PROG_ATTACH)), (10, bpf(BPF_PROG_TEST_RUN)), (11, bpf(BPF_NEXT_ID)),
    (12, bpf(BPF_NEXT_ID)), (13, bpf(BPF_PROG_ID)), (14, bpf(BPF_MAP_ID)), (15, bpf(BPF_OBJ_INFO)),
    (16, bpf(BPF_PROG_QUERY)), (17, bpf(BPF_RAW_TRACEPOINT)), (18, bpf(BPF_BTF_LOAD)), (19, bpf(BPF_BTF_ID)),
    (20, bpf(BPF_TASK_FD_QUERY)), (21, bpf(BPF_MAP_ELEM)), (22, bpf(BPF_MAP_FREEZE)), (23, bpf(BPF_NEXT_ID)),
    (24, bpf(BPF_MAP_BATCH)), (25, bpf(BPF_MAP_BATCH)), (26, bpf(BPF_MAP_BATCH)), (27, bpf(BPF_MAP_BATCH)),
    (28, bpf(BPF_LINK_CREATE)), (29, bpf(BPF_LINK_UPDATE)), (30, bpf(BPF_LINK_ID)), (31, bpf(BPF_NEXT_ID)),
    (32, bpf(BPF_ENABLE_STATS)), (33, bpf(BPF_ITER_CREATE)), (34, bpf(BPF_LINK_DETACH)), (35, bpf(BPF_PROG_BIND_MAP)),
], Ptr);
