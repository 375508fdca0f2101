//! System calls of x86-64: a row a call.
//!
//! Numbers are those of `asm/unistd_64.h`; argument names and types those of the kernel's own
//! `events/syscalls/sys_enter_*/format`, of Linux 7.2. A test compares them with the running kernel.
//!
//! Where a newer kernel has appended arguments (`bpf`), the row has those that every kernel takes: on the older ones
//! the other registers mean nothing.

use super::columns::Return::{Execve, Execveat, Never, TaskExit, TwiceInChild};
use super::select::*;
use super::spec::{arg, by, syscall, vec, vec_in, vec_out, ArgType::*, Count::*, EventSpec, Set::*, When::*};
use super::structs::*;
use crate::symbols::{
    bpf, event, file, io_uring, ipc, memory, mount, prctl, process, request, security, signal, socket,
    sockopt, system, time,
};

#[rustfmt::skip]
pub const SYSCALLS: &[EventSpec] = &[
    syscall(0, "read", &[Fs, FsReadWrite], &[arg("fd", Fd), arg("buf", BufOut { len: 2 }), arg("count", Size)]),
    syscall(1, "write", &[Fs, FsReadWrite], &[arg("fd", Fd), arg("buf", Buf { len: 2 }), arg("count", Size)]),
    syscall(2, "open", &[Default, Fs, FsFileOps], &[
        arg("pathname", Str), arg("flags", Flags(file::OPEN)), arg("mode", Mode)]).checked(0),
    syscall(3, "close", &[Default, Fs, FsFileOps], &[arg("fd", Fd)]),
    syscall(4, "stat", &[Default, Fs, FsFileAttr], &[arg("pathname", Str), arg("statbuf", Struct(Out, STAT))]),
    syscall(5, "fstat", &[Default, Fs, FsFileAttr], &[arg("fd", Fd), arg("statbuf", Struct(Out, STAT))]),
    syscall(6, "lstat", &[Default, Fs, FsFileAttr], &[arg("pathname", Str), arg("statbuf", Struct(Out, STAT))]),
    syscall(7, "poll", &[Fs, FsMuxIo], &[
        arg("ufds", Array(In, POLLFD, Arg(1))), arg("nfds", UInt), arg("timeout_msecs", Int)]),
    syscall(8, "lseek", &[Fs, FsReadWrite], &[
        arg("fd", Fd), arg("offset", Off), arg("whence", Enum(file::SEEK))]),
    syscall(9, "mmap", &[Proc, ProcMem], &[
        arg("addr", Ptr), arg("len", ULong), arg("prot", LongFlags(memory::PROT)),
        arg("flags", LongFlags(memory::MAP)), arg("fd", Fd), arg("off", Hex)]),
    syscall(10, "mprotect", &[Proc, ProcMem], &[
        arg("start", Ptr), arg("len", Size), arg("prot", LongFlags(memory::PROT))]),
    syscall(11, "munmap", &[Proc, ProcMem], &[arg("addr", Ptr), arg("len", Size)]),
    syscall(12, "brk", &[Proc, ProcMem], &[arg("brk", Ptr)]),
    syscall(13, "rt_sigaction", &[Signals], &[
        arg("sig", Signal), arg("act", Struct(In, SIGACTION)), arg("oact", Struct(Out, SIGACTION)),
        arg("sigsetsize", Size)]),
    syscall(14, "rt_sigprocmask", &[Signals], &[
        arg("how", Enum(signal::PROCMASK)), arg("nset", Struct(In, SIGSET)), arg("oset", Struct(Out, SIGSET)),
        arg("sigsetsize", Size)]),
    syscall(15, "rt_sigreturn", &[Signals], &[]).returns(Never),
    syscall(16, "ioctl", &[Default, Fs, FsFdOps], &[
        arg("fd", Fd), arg("cmd", Flags(request::IOCTL)), arg("arg", by(1, IOCTL_ARG))]),
    syscall(17, "pread64", &[Fs, FsReadWrite], &[
        arg("fd", Fd), arg("buf", BufOut { len: 2 }), arg("count", Size), arg("pos", I64)]),
    syscall(18, "pwrite64", &[Fs, FsReadWrite], &[
        arg("fd", Fd), arg("buf", Buf { len: 2 }), arg("count", Size), arg("pos", I64)]),
    syscall(19, "readv", &[Fs, FsReadWrite], &[arg("fd", Fd), arg("vec", vec_out(2)), arg("vlen", ULong)]),
    syscall(20, "writev", &[Fs, FsReadWrite], &[arg("fd", Fd), arg("vec", vec_in(2)), arg("vlen", ULong)]),
    syscall(21, "access", &[Default, Fs, FsFileAttr], &[arg("pathname", Str), arg("mode", Enum(file::ACCESS))]),
    syscall(22, "pipe", &[Ipc, IpcPipe], &[arg("fildes", Array(Out, FD, Const(2)))]),
    syscall(23, "select", &[Fs, FsMuxIo], &[
        arg("n", Int), arg("inp", BitSet(Kept, Arg(0))), arg("outp", BitSet(Kept, Arg(0))), arg("exp", BitSet(Kept, Arg(0))),
        arg("tvp", Struct(Kept, TIMEVAL))]),
    syscall(24, "sched_yield", &[Proc, ProcSched], &[]),
    syscall(25, "mremap", &[Proc, ProcMem], &[
        arg("addr", Ptr), arg("old_len", ULong), arg("new_len", ULong), arg("flags", LongFlags(memory::MREMAP)),
        arg("new_addr", Ptr)]),
    syscall(26, "msync", &[Proc, ProcMem], &[arg("start", Ptr), arg("len", Size), arg("flags", Flags(memory::MSYNC))]),
    syscall(27, "mincore", &[Proc, ProcMem], &[arg("start", Ptr), arg("len", Size), arg("vec", Ptr)]),
    syscall(28, "madvise", &[Proc, ProcMem], &[
        arg("start", Ptr), arg("len_in", Size), arg("behavior", Enum(memory::MADVISE))]),
    syscall(29, "shmget", &[Ipc, IpcShm], &[
        arg("key", Enum(ipc::IPC_KEY)), arg("size", Size), arg("shmflg", Flags(ipc::SHMGET))]),
    syscall(30, "shmat", &[Ipc, IpcShm], &[
        arg("shmid", Int), arg("shmaddr", Ptr), arg("shmflg", Flags(ipc::SHMAT))]),
    syscall(31, "shmctl", &[Ipc, IpcShm], &[
        arg("shmid", Int), arg("cmd", Enum(ipc::SHM_CMD)), arg("buf", by(1, SHMCTL_BUF))]),
    syscall(32, "dup", &[Default, Fs, FsFdOps], &[arg("fildes", Fd)]),
    syscall(33, "dup2", &[Default, Fs, FsFdOps], &[arg("oldfd", Fd), arg("newfd", Fd)]),
    syscall(34, "pause", &[Signals], &[]),
    syscall(35, "nanosleep", &[Time, TimeClock], &[
        arg("rqtp", Struct(In, TIMESPEC)), arg("rmtp", Struct(Interrupted, TIMESPEC))]),
    syscall(36, "getitimer", &[Time, TimeTimer], &[
        arg("which", Enum(time::ITIMER)), arg("value", Struct(Out, ITIMERVAL))]),
    syscall(37, "alarm", &[Time, TimeTimer], &[arg("seconds", UInt)]),
    syscall(38, "setitimer", &[Time, TimeTimer], &[
        arg("which", Enum(time::ITIMER)), arg("value", Struct(In, ITIMERVAL)),
        arg("ovalue", Struct(Out, ITIMERVAL))]),
    syscall(39, "getpid", &[Proc, ProcIds], &[]),
    syscall(40, "sendfile", &[Fs, FsReadWrite], &[
        arg("out_fd", Fd), arg("in_fd", Fd), arg("offset", Struct(Kept, OFF)), arg("count", Size)]),
    syscall(41, "socket", &[Default, Net, NetSock], &[
        arg("family", Enum(socket::FAMILY)), arg("type", Enum(socket::TYPE)),
        arg("protocol", by(0, SOCKET_PROTOCOL))]),
    syscall(42, "connect", &[Default, Net, NetSock], &[
        arg("fd", Fd), arg("uservaddr", Sockaddr { len: 2 }), arg("addrlen", Int)]).checked(1),
    syscall(43, "accept", &[Default, Net, NetSock], &[
        arg("fd", Fd), arg("upeer_sockaddr", SockaddrOut { len: 2 }), arg("upeer_addrlen", Struct(InOut, INT))]),
    syscall(44, "sendto", &[Net, NetSndRcv], &[
        arg("fd", Fd), arg("buff", Buf { len: 2 }), arg("len", Size), arg("flags", Flags(socket::MSG)),
        arg("addr", Sockaddr { len: 5 }), arg("addr_len", Int)]),
    syscall(45, "recvfrom", &[Net, NetSndRcv], &[
        arg("fd", Fd), arg("ubuf", BufOut { len: 2 }), arg("size", Size), arg("flags", Flags(socket::MSG)),
        arg("addr", SockaddrOut { len: 5 }), arg("addr_len", Struct(InOut, INT))]),
    syscall(46, "sendmsg", &[Net, NetSndRcv], &[
        arg("fd", Fd), arg("msg", Msghdr(In)), arg("flags", Flags(socket::MSG))]),
    syscall(47, "recvmsg", &[Net, NetSndRcv], &[
        arg("fd", Fd), arg("msg", Msghdr(Out)), arg("flags", Flags(socket::MSG))]),
    syscall(48, "shutdown", &[Net, NetSock], &[arg("fd", Fd), arg("how", Enum(socket::SHUTDOWN))]),
    syscall(49, "bind", &[Default, Net, NetSock], &[
        arg("fd", Fd), arg("umyaddr", Sockaddr { len: 2 }), arg("addrlen", Int)]),
    syscall(50, "listen", &[Default, Net, NetSock], &[arg("fd", Fd), arg("backlog", Int)]),
    syscall(51, "getsockname", &[Default, Net, NetSock], &[
        arg("fd", Fd), arg("usockaddr", SockaddrOut { len: 2 }), arg("usockaddr_len", Struct(InOut, INT))]),
    syscall(52, "getpeername", &[Net, NetSock], &[
        arg("fd", Fd), arg("usockaddr", SockaddrOut { len: 2 }), arg("usockaddr_len", Struct(InOut, INT))]),
    syscall(53, "socketpair", &[Net, NetSock], &[
        arg("family", Enum(socket::FAMILY)), arg("type", Enum(socket::TYPE)),
        arg("protocol", by(0, SOCKET_PROTOCOL)), arg("usockvec", Array(Out, FD, Const(2)))]),
    syscall(54, "setsockopt", &[Net, NetSock], &[
        arg("fd", Fd), arg("level", Enum(sockopt::LEVEL)), arg("optname", by(1, SOCKOPT_NAME)),
        arg("optval", OptionValue { len: 4 }), arg("optlen", Int)]),
    syscall(55, "getsockopt", &[Net, NetSock], &[
        arg("fd", Fd), arg("level", Enum(sockopt::LEVEL)), arg("optname", by(1, SOCKOPT_NAME_GET)),
        arg("optval", OptionValueOut { len: 4 }), arg("optlen", Struct(InOut, INT))]),
    syscall(56, "clone", &[Default, Proc, ProcLife], &[
        arg("clone_flags", LongFlags(process::CLONE)), arg("newsp", Ptr), arg("parent_tidptr", by(0, CLONE_PARENT)),
        arg("child_tidptr", Ptr), arg("tls", Ptr)]).returns(TwiceInChild),
    syscall(57, "fork", &[Default, Proc, ProcLife], &[]).returns(TwiceInChild),
    syscall(58, "vfork", &[Default, Proc, ProcLife], &[]).returns(TwiceInChild),
    syscall(59, "execve", &[Default, Proc, ProcLife], &[
        arg("pathname", Str), arg("argv", StrArray), arg("envp", StrArray)]).returns(Execve).checked(0),
    syscall(60, "exit", &[Proc, ProcLife], &[arg("error_code", Int)]).returns(TaskExit),
    syscall(61, "wait4", &[Proc, ProcLife], &[
        arg("upid", Pid), arg("stat_addr", Struct(OutPositive, WAIT_STATUS)),
        arg("options", Flags(process::WAIT)), arg("ru", Struct(OutPositive, RUSAGE))]),
    syscall(62, "kill", &[Default, Signals], &[arg("pid", Pid), arg("sig", Signal)]),
    syscall(63, "uname", &[System], &[arg("name", Struct(Out, UTSNAME))]),
    syscall(64, "semget", &[Ipc, IpcSem], &[
        arg("key", Enum(ipc::IPC_KEY)), arg("nsems", Int), arg("semflg", Flags(ipc::IPC_GET))]),
    syscall(65, "semop", &[Ipc, IpcSem], &[
        arg("semid", Int), arg("tsops", Array(In, SEMBUF, Arg(2))), arg("nsops", UInt)]),
    syscall(66, "semctl", &[Ipc, IpcSem], &[
        arg("semid", Int), arg("semnum", Int), arg("cmd", Enum(ipc::SEM_CMD)), arg("arg", by(2, SEMCTL_ARG))]),
    syscall(67, "shmdt", &[Ipc, IpcShm], &[arg("shmaddr", Ptr)]),
    syscall(68, "msgget", &[Ipc, IpcMsgq], &[arg("key", Enum(ipc::IPC_KEY)), arg("msgflg", Flags(ipc::IPC_GET))]),
    syscall(69, "msgsnd", &[Ipc, IpcMsgq], &[
        arg("msqid", Int), arg("msgp", Struct(In, MSGBUF)), arg("msgsz", Size),
        arg("msgflg", Flags(ipc::MSG))]),
    syscall(70, "msgrcv", &[Ipc, IpcMsgq], &[
        arg("msqid", Int), arg("msgp", Struct(Out, MSGBUF)), arg("msgsz", Size), arg("msgtyp", Long),
        arg("msgflg", Flags(ipc::MSG))]),
    syscall(71, "msgctl", &[Ipc, IpcMsgq], &[
        arg("msqid", Int), arg("cmd", Enum(ipc::MSG_CMD)), arg("buf", by(1, MSGCTL_BUF))]),
    syscall(72, "fcntl", &[Fs, FsFdOps], &[
        arg("fd", Fd), arg("cmd", Enum(file::FCNTL)), arg("arg", by(1, FCNTL_ARG))]),
    syscall(73, "flock", &[Fs, FsFileOps], &[arg("fd", Fd), arg("cmd", Flags(file::FLOCK))]),
    syscall(74, "fsync", &[Fs, FsSync], &[arg("fd", Fd)]),
    syscall(75, "fdatasync", &[Fs, FsSync], &[arg("fd", Fd)]),
    syscall(76, "truncate", &[Fs, FsFileOps], &[arg("path", Str), arg("length", Off)]),
    syscall(77, "ftruncate", &[Fs, FsFileOps], &[arg("fd", Fd), arg("length", Off)]),
    syscall(78, "getdents", &[Default, Fs, FsDirOps], &[
        arg("fd", Fd), arg("dirent", BufOut { len: 2 }), arg("count", UInt)]),
    syscall(79, "getcwd", &[Fs, FsDirOps], &[arg("buf", StrOut { len: 1 }), arg("size", ULong)]),
    syscall(80, "chdir", &[Fs, FsDirOps], &[arg("pathname", Str)]),
    syscall(81, "fchdir", &[Fs, FsDirOps], &[arg("fd", Fd)]),
    syscall(82, "rename", &[Default, Fs, FsFileOps], &[arg("oldname", Str), arg("newname", Str)]),
    syscall(83, "mkdir", &[Fs, FsDirOps], &[arg("pathname", Str), arg("mode", Mode)]),
    syscall(84, "rmdir", &[Fs, FsDirOps], &[arg("pathname", Str)]),
    syscall(85, "creat", &[Default, Fs, FsFileOps], &[arg("pathname", Str), arg("mode", Mode)]).checked(0),
    syscall(86, "link", &[Default, Fs, FsLinkOps], &[arg("oldname", Str), arg("newname", Str)]),
    syscall(87, "unlink", &[Default, Fs, FsLinkOps], &[arg("pathname", Str)]),
    syscall(88, "symlink", &[Default, Fs, FsLinkOps], &[arg("oldname", Str), arg("newname", Str)]),
    syscall(89, "readlink", &[Fs, FsLinkOps], &[arg("path", Str), arg("buf", StrOut { len: 2 }), arg("bufsiz", Int)]),
    syscall(90, "chmod", &[Default, Fs, FsFileAttr], &[arg("pathname", Str), arg("mode", Mode)]),
    syscall(91, "fchmod", &[Default, Fs, FsFileAttr], &[arg("fd", Fd), arg("mode", Mode)]),
    syscall(92, "chown", &[Default, Fs, FsFileAttr], &[arg("pathname", Str), arg("user", Uid), arg("group", Gid)]),
    syscall(93, "fchown", &[Default, Fs, FsFileAttr], &[arg("fd", Fd), arg("user", Uid), arg("group", Gid)]),
    syscall(94, "lchown", &[Default, Fs, FsFileAttr], &[arg("pathname", Str), arg("user", Uid), arg("group", Gid)]),
    syscall(95, "umask", &[Fs, FsFileAttr], &[arg("mask", Mode)]),
    syscall(96, "gettimeofday", &[Time, TimeTod], &[arg("tv", Struct(Out, TIMEVAL)), arg("tz", Struct(Out, TIMEZONE))]),
    syscall(97, "getrlimit", &[Proc], &[
        arg("resource", Enum(process::RLIMIT)), arg("rlim", Struct(Out, RLIMIT))]),
    syscall(98, "getrusage", &[Proc], &[arg("who", Enum(process::RUSAGE)), arg("ru", Struct(Out, RUSAGE))]),
    syscall(99, "sysinfo", &[System], &[arg("info", Struct(Out, SYSINFO))]),
    syscall(100, "times", &[Time], &[arg("tbuf", Struct(Out, TMS))]),
    syscall(101, "ptrace", &[Default, Proc], &[
        arg("request", Enum(process::PTRACE)), arg("pid", Pid), arg("addr", by(0, PTRACE_ADDR)),
        arg("data", by(0, PTRACE_DATA))]),
    syscall(102, "getuid", &[Proc, ProcIds], &[]),
    syscall(103, "syslog", &[System], &[
        arg("type", Enum(system::SYSLOG)), arg("buf", by(0, SYSLOG_BUF)), arg("len", Int)]),
    syscall(104, "getgid", &[Proc, ProcIds], &[]),
    syscall(105, "setuid", &[Default, Proc, ProcIds], &[arg("uid", Uid)]),
    syscall(106, "setgid", &[Default, Proc, ProcIds], &[arg("gid", Gid)]),
    syscall(107, "geteuid", &[Proc, ProcIds], &[]),
    syscall(108, "getegid", &[Proc, ProcIds], &[]),
    syscall(109, "setpgid", &[Proc, ProcIds], &[arg("pid", Pid), arg("pgid", Pid)]),
    syscall(110, "getppid", &[Proc, ProcIds], &[]),
    syscall(111, "getpgrp", &[Proc, ProcIds], &[]),
    syscall(112, "setsid", &[Proc, ProcIds], &[]),
    syscall(113, "setreuid", &[Default, Proc, ProcIds], &[arg("ruid", Uid), arg("euid", Uid)]),
    syscall(114, "setregid", &[Default, Proc, ProcIds], &[arg("rgid", Gid), arg("egid", Gid)]),
    syscall(115, "getgroups", &[Proc, ProcIds], &[
        arg("gidsetsize", Int), arg("grouplist", Array(OutPositive, GID, RetUpTo(0)))]),
    syscall(116, "setgroups", &[Proc, ProcIds], &[arg("gidsetsize", Int), arg("grouplist", Array(In, GID, Arg(0)))]),
    syscall(117, "setresuid", &[Default, Proc, ProcIds], &[arg("ruid", Uid), arg("euid", Uid), arg("suid", Uid)]),
    syscall(118, "getresuid", &[Proc, ProcIds], &[
        arg("ruidp", Struct(Out, UID)), arg("euidp", Struct(Out, UID)), arg("suidp", Struct(Out, UID))]),
    syscall(119, "setresgid", &[Default, Proc, ProcIds], &[arg("rgid", Gid), arg("egid", Gid), arg("sgid", Gid)]),
    syscall(120, "getresgid", &[Proc, ProcIds], &[
        arg("rgidp", Struct(Out, GID)), arg("egidp", Struct(Out, GID)), arg("sgidp", Struct(Out, GID))]),
    syscall(121, "getpgid", &[Proc, ProcIds], &[arg("pid", Pid)]),
    syscall(122, "setfsuid", &[Default, Proc, ProcIds], &[arg("uid", Uid)]),
    syscall(123, "setfsgid", &[Default, Proc, ProcIds], &[arg("gid", Gid)]),
    syscall(124, "getsid", &[Proc, ProcIds], &[arg("pid", Pid)]),
    syscall(125, "capget", &[Proc], &[arg("header", Struct(Kept, CAP_HEADER)), arg("dataptr", Struct(Out, CAP_DATA))]),
    syscall(126, "capset", &[Proc], &[arg("header", Struct(Kept, CAP_HEADER)), arg("data", Struct(In, CAP_DATA))]),
    syscall(127, "rt_sigpending", &[Signals], &[arg("uset", by(1, SIGPENDING_SET)), arg("sigsetsize", Size)]),
    syscall(128, "rt_sigtimedwait", &[Signals], &[
        arg("uthese", Struct(In, SIGSET)), arg("uinfo", Struct(OutPositive, SIGINFO)), arg("uts", Struct(In, TIMESPEC)),
        arg("sigsetsize", Size)]),
    syscall(129, "rt_sigqueueinfo", &[Signals], &[
        arg("pid", Pid), arg("sig", Signal), arg("uinfo", Struct(In, SIGINFO))]),
    syscall(130, "rt_sigsuspend", &[Signals], &[arg("unewset", Struct(In, SIGSET)), arg("sigsetsize", Size)]),
    syscall(131, "sigaltstack", &[Signals], &[arg("uss", Struct(In, STACK)), arg("uoss", Struct(Out, STACK))]),
    syscall(132, "utime", &[Fs, FsFileAttr], &[arg("pathname", Str), arg("times", Struct(In, UTIMBUF))]),
    syscall(133, "mknod", &[Default, Fs, FsFileOps], &[arg("pathname", Str), arg("mode", Mode), arg("dev", UserDev)]),
    syscall(134, "uselib", &[System], &[arg("library", Str)]),
    syscall(135, "personality", &[Proc], &[arg("personality", Flags(process::PERSONALITY))]),
    syscall(136, "ustat", &[Fs, FsInfo], &[arg("dev", UserDev), arg("ubuf", Struct(Out, USTAT))]),
    syscall(137, "statfs", &[Fs, FsInfo], &[arg("pathname", Str), arg("buf", Struct(Out, STATFS))]),
    syscall(138, "fstatfs", &[Fs, FsInfo], &[arg("fd", Fd), arg("buf", Struct(Out, STATFS))]),
    syscall(139, "sysfs", &[Fs, FsInfo], &[
        arg("option", Enum(mount::SYSFS)), arg("arg1", by(0, SYSFS_ARG1)), arg("arg2", Hex)]),
    syscall(140, "getpriority", &[Proc, ProcSched], &[
        arg("which", Enum(process::PRIORITY)), arg("who", by(0, PRIORITY_WHO))]),
    syscall(141, "setpriority", &[Proc, ProcSched], &[
        arg("which", Enum(process::PRIORITY)), arg("who", by(0, PRIORITY_WHO)), arg("niceval", Int)]),
    syscall(142, "sched_setparam", &[Proc, ProcSched], &[arg("pid", Pid), arg("param", Struct(In, SCHED_PARAM))]),
    syscall(143, "sched_getparam", &[Proc, ProcSched], &[arg("pid", Pid), arg("param", Struct(Out, SCHED_PARAM))]),
    syscall(144, "sched_setscheduler", &[Proc, ProcSched], &[
        arg("pid", Pid), arg("policy", Enum(process::SCHED_POLICY)), arg("param", Struct(In, SCHED_PARAM))]),
    syscall(145, "sched_getscheduler", &[Proc, ProcSched], &[arg("pid", Pid)]),
    syscall(146, "sched_get_priority_max", &[Proc, ProcSched], &[arg("policy", Enum(process::SCHED_POLICY))]),
    syscall(147, "sched_get_priority_min", &[Proc, ProcSched], &[arg("policy", Enum(process::SCHED_POLICY))]),
    syscall(148, "sched_rr_get_interval", &[Proc, ProcSched], &[
        arg("pid", Pid), arg("interval", Struct(Out, TIMESPEC))]),
    syscall(149, "mlock", &[Proc, ProcMem], &[arg("start", Ptr), arg("len", Size)]),
    syscall(150, "munlock", &[Proc, ProcMem], &[arg("start", Ptr), arg("len", Size)]),
    syscall(151, "mlockall", &[Proc, ProcMem], &[arg("flags", Flags(memory::MLOCKALL))]),
    syscall(152, "munlockall", &[Proc, ProcMem], &[]),
    syscall(153, "vhangup", &[System], &[]),
    syscall(154, "modify_ldt", &[Proc], &[
        arg("func", Enum(memory::LDT)), arg("ptr", by(0, MODIFY_LDT_PTR)), arg("bytecount", ULong)]),
    syscall(155, "pivot_root", &[Fs], &[arg("new_root", Str), arg("put_old", Str)]),
    syscall(156, "_sysctl", &[System], &[]),
    syscall(157, "prctl", &[Default, Proc], &[
        arg("option", Enum(prctl::OPTION)), arg("arg2", by(0, PRCTL_ARG2)), arg("arg3", by(0, PRCTL_ARG3)),
        arg("arg4", by(0, PRCTL_ARG4)), arg("arg5", by(0, PRCTL_ARG5))]),
    syscall(158, "arch_prctl", &[Proc], &[arg("option", Enum(prctl::ARCH_PRCTL)), arg("arg2", by(0, ARCH_PRCTL_ARG))]),
    syscall(159, "adjtimex", &[Time, TimeTod], &[arg("txc_p", Struct(InOut, TIMEX))]),
    syscall(160, "setrlimit", &[Proc], &[
        arg("resource", Enum(process::RLIMIT)), arg("rlim", Struct(In, RLIMIT))]),
    syscall(161, "chroot", &[Fs], &[arg("pathname", Str)]),
    syscall(162, "sync", &[Fs, FsSync], &[]),
    syscall(163, "acct", &[System], &[arg("name", Str)]),
    syscall(164, "settimeofday", &[Time, TimeTod], &[arg("tv", Struct(In, TIMEVAL)), arg("tz", Struct(In, TIMEZONE))]),
    syscall(165, "mount", &[Default, Fs], &[
        arg("dev_name", Str), arg("dir_name", Str), arg("type", Str), arg("flags", LongFlags(mount::MOUNT)),
        arg("data", Str)]),
    syscall(166, "umount2", &[Default, Fs], &[arg("name", Str), arg("flags", Flags(mount::UMOUNT))]),
    syscall(167, "swapon", &[Fs], &[arg("specialfile", Str), arg("swap_flags", Flags(mount::SWAP))]),
    syscall(168, "swapoff", &[Fs], &[arg("specialfile", Str)]),
    syscall(169, "reboot", &[System], &[
        arg("magic1", Enum(system::REBOOT_MAGIC)), arg("magic2", Enum(system::REBOOT_MAGIC)),
        arg("cmd", Enum(system::REBOOT)), arg("arg", by(2, REBOOT_ARG))]),
    syscall(170, "sethostname", &[System], &[arg("name", Buf { len: 1 }), arg("len", Int)]),
    syscall(171, "setdomainname", &[System], &[arg("name", Buf { len: 1 }), arg("len", Int)]),
    syscall(172, "iopl", &[System], &[arg("level", UInt)]),
    syscall(173, "ioperm", &[System], &[arg("from", ULong), arg("num", ULong), arg("turn_on", Int)]),
    syscall(174, "create_module", &[System, SystemModule], &[]),
    syscall(175, "init_module", &[Default, System, SystemModule], &[
        arg("umod", Buf { len: 1 }), arg("len", ULong), arg("uargs", Str)]),
    syscall(176, "delete_module", &[Default, System, SystemModule], &[
        arg("name_user", Str), arg("flags", Flags(system::DELETE_MODULE))]),
    syscall(177, "get_kernel_syms", &[System, SystemModule], &[]),
    syscall(178, "query_module", &[System, SystemModule], &[]),
    syscall(179, "quotactl", &[Fs], &[
        arg("cmd", Enum(mount::QUOTA_CMD)), arg("special", Str), arg("id", UInt), arg("addr", by(0, QUOTACTL_ADDR))]),
    syscall(180, "nfsservctl", &[System], &[]),
    syscall(181, "getpmsg", &[System], &[]),
    syscall(182, "putpmsg", &[System], &[]),
    syscall(183, "afs_syscall", &[System], &[]),
    syscall(184, "tuxcall", &[System], &[]),
    syscall(185, "security", &[System], &[]),
    syscall(186, "gettid", &[Proc, ProcIds], &[]),
    syscall(187, "readahead", &[Fs, FsReadWrite], &[arg("fd", Fd), arg("offset", I64), arg("count", Size)]),
    syscall(188, "setxattr", &[Fs, FsFileAttr], &[
        arg("pathname", Str), arg("name", Str), arg("value", Buf { len: 3 }), arg("size", Size),
        arg("flags", Flags(file::XATTR))]),
    syscall(189, "lsetxattr", &[Fs, FsFileAttr], &[
        arg("pathname", Str), arg("name", Str), arg("value", Buf { len: 3 }), arg("size", Size),
        arg("flags", Flags(file::XATTR))]),
    syscall(190, "fsetxattr", &[Fs, FsFileAttr], &[
        arg("fd", Fd), arg("name", Str), arg("value", Buf { len: 3 }), arg("size", Size),
        arg("flags", Flags(file::XATTR))]),
    syscall(191, "getxattr", &[Fs, FsFileAttr], &[
        arg("pathname", Str), arg("name", Str), arg("value", BufOut { len: 3 }), arg("size", Size)]),
    syscall(192, "lgetxattr", &[Fs, FsFileAttr], &[
        arg("pathname", Str), arg("name", Str), arg("value", BufOut { len: 3 }), arg("size", Size)]),
    syscall(193, "fgetxattr", &[Fs, FsFileAttr], &[
        arg("fd", Fd), arg("name", Str), arg("value", BufOut { len: 3 }), arg("size", Size)]),
    syscall(194, "listxattr", &[Fs, FsFileAttr], &[
        arg("pathname", Str), arg("list", BufOut { len: 2 }), arg("size", Size)]),
    syscall(195, "llistxattr", &[Fs, FsFileAttr], &[
        arg("pathname", Str), arg("list", BufOut { len: 2 }), arg("size", Size)]),
    syscall(196, "flistxattr", &[Fs, FsFileAttr], &[arg("fd", Fd), arg("list", BufOut { len: 2 }), arg("size", Size)]),
    syscall(197, "removexattr", &[Fs, FsFileAttr], &[arg("pathname", Str), arg("name", Str)]),
    syscall(198, "lremovexattr", &[Fs, FsFileAttr], &[arg("pathname", Str), arg("name", Str)]),
    syscall(199, "fremovexattr", &[Fs, FsFileAttr], &[arg("fd", Fd), arg("name", Str)]),
    syscall(200, "tkill", &[Default, Signals], &[arg("pid", Pid), arg("sig", Signal)]),
    syscall(201, "time", &[Time, TimeTod], &[arg("tloc", Struct(Out, TIME))]),
    syscall(202, "futex", &[Ipc, IpcFutex], &[
        arg("uaddr", Ptr), arg("op", Enum(ipc::FUTEX)), arg("val", UInt), arg("utime", by(1, FUTEX_UTIME)),
        arg("uaddr2", Ptr), arg("val3", by(1, FUTEX_VAL3))]),
    syscall(203, "sched_setaffinity", &[Proc, ProcSched], &[
        arg("pid", Pid), arg("len", UInt), arg("user_mask_ptr", CpuSet(In, Arg(1)))]),
    syscall(204, "sched_getaffinity", &[Proc, ProcSched], &[
        arg("pid", Pid), arg("len", UInt), arg("user_mask_ptr", CpuSet(OutPositive, RetUpTo(1)))]),
    syscall(205, "set_thread_area", &[Proc], &[arg("u_info", Struct(InOut, USER_DESC))]),
    syscall(206, "io_setup", &[Fs, FsAsyncIo], &[arg("nr_events", UInt), arg("ctxp", Struct(Out, AIO_CONTEXT))]),
    syscall(207, "io_destroy", &[Fs, FsAsyncIo], &[arg("ctx", Hex)]),
    syscall(208, "io_getevents", &[Fs, FsAsyncIo], &[
        arg("ctx_id", Hex), arg("min_nr", Long), arg("nr", Long), arg("events", Array(OutPositive, IO_EVENT, RetUpTo(2))),
        arg("timeout", Struct(In, TIMESPEC))]),
    syscall(209, "io_submit", &[Fs, FsAsyncIo], &[
        arg("ctx_id", Hex), arg("nr", Long), arg("iocbpp", Array(In, POINTER, Arg(1)))]).writes_behind(),
    syscall(210, "io_cancel", &[Fs, FsAsyncIo], &[
        arg("ctx_id", Hex), arg("iocb", Struct(In, IOCB)), arg("result", Ptr)]),
    syscall(211, "get_thread_area", &[Proc], &[arg("u_info", Struct(InOut, USER_DESC))]),
    syscall(212, "lookup_dcookie", &[Fs, FsDirOps], &[arg("cookie64", U64), arg("buf", StrOut { len: 2 }), arg("len", Size)]),
    syscall(213, "epoll_create", &[Fs, FsMuxIo], &[arg("size", Int)]),
    syscall(214, "epoll_ctl_old", &[Fs, FsMuxIo], &[]),
    syscall(215, "epoll_wait_old", &[Fs, FsMuxIo], &[]),
    syscall(216, "remap_file_pages", &[Proc, ProcMem], &[
        arg("start", Ptr), arg("size", ULong), arg("prot", LongFlags(memory::PROT)), arg("pgoff", ULong),
        arg("flags", LongFlags(memory::MAP))]),
    syscall(217, "getdents64", &[Default, Fs, FsDirOps], &[
        arg("fd", Fd), arg("dirent", BufOut { len: 2 }), arg("count", UInt)]),
    syscall(218, "set_tid_address", &[Proc], &[arg("tidptr", Ptr)]),
    syscall(219, "restart_syscall", &[System], &[]),
    syscall(220, "semtimedop", &[Ipc, IpcSem], &[
        arg("semid", Int), arg("tsops", Array(In, SEMBUF, Arg(2))), arg("nsops", UInt),
        arg("timeout", Struct(In, TIMESPEC))]),
    syscall(221, "fadvise64", &[Fs, FsFileOps], &[
        arg("fd", Fd), arg("offset", I64), arg("len", Size), arg("advice", Enum(file::FADVISE))]),
    syscall(222, "timer_create", &[Time, TimeTimer], &[
        arg("which_clock", Enum(time::CLOCK)), arg("timer_event_spec", Struct(In, SIGEVENT)),
        arg("created_timer_id", Struct(Out, INT))]),
    syscall(223, "timer_settime", &[Time, TimeTimer], &[
        arg("timer_id", Int), arg("flags", Flags(time::TIMER)), arg("new_setting", Struct(In, ITIMERSPEC)),
        arg("old_setting", Struct(Out, ITIMERSPEC))]),
    syscall(224, "timer_gettime", &[Time, TimeTimer], &[arg("timer_id", Int), arg("setting", Struct(Out, ITIMERSPEC))]),
    syscall(225, "timer_getoverrun", &[Time, TimeTimer], &[arg("timer_id", Int)]),
    syscall(226, "timer_delete", &[Time, TimeTimer], &[arg("timer_id", Int)]),
    syscall(227, "clock_settime", &[Time, TimeClock], &[
        arg("which_clock", Enum(time::CLOCK)), arg("tp", Struct(In, TIMESPEC))]),
    syscall(228, "clock_gettime", &[Time, TimeClock], &[
        arg("which_clock", Enum(time::CLOCK)), arg("tp", Struct(Out, TIMESPEC))]),
    syscall(229, "clock_getres", &[Time, TimeClock], &[
        arg("which_clock", Enum(time::CLOCK)), arg("tp", Struct(Out, TIMESPEC))]),
    syscall(230, "clock_nanosleep", &[Time, TimeClock], &[
        arg("which_clock", Enum(time::CLOCK)), arg("flags", Flags(time::TIMER)),
        arg("rqtp", Struct(In, TIMESPEC)), arg("rmtp", by(1, SLEEP_REMAINDER))]),
    syscall(231, "exit_group", &[Proc, ProcLife], &[arg("error_code", Int)]).returns(TaskExit),
    syscall(232, "epoll_wait", &[Fs, FsMuxIo], &[
        arg("epfd", Fd), arg("events", Array(OutPositive, EPOLL_EVENT, RetUpTo(2))), arg("maxevents", Int),
        arg("timeout", Int)]),
    syscall(233, "epoll_ctl", &[Fs, FsMuxIo], &[
        arg("epfd", Fd), arg("op", Enum(event::EPOLL_CTL)), arg("fd", Fd), arg("event", by(1, EPOLL_CTL_EVENT))]),
    syscall(234, "tgkill", &[Default, Signals], &[arg("tgid", Pid), arg("pid", Pid), arg("sig", Signal)]),
    syscall(235, "utimes", &[Fs, FsFileAttr], &[arg("pathname", Str), arg("utimes", Array(In, TIMEVAL, Const(2)))]),
    syscall(236, "vserver", &[System], &[]),
    syscall(237, "mbind", &[System, SystemNuma], &[
        arg("start", Ptr), arg("len", ULong), arg("mode", Enum(memory::MEMPOLICY_MODE)),
        arg("nmask", BitSet(In, Below(4))), arg("maxnode", ULong), arg("flags", Flags(memory::MBIND))]),
    syscall(238, "set_mempolicy", &[System, SystemNuma], &[
        arg("mode", Enum(memory::MEMPOLICY_MODE)), arg("nmask", BitSet(In, Below(2))), arg("maxnode", ULong)]),
    syscall(239, "get_mempolicy", &[System, SystemNuma], &[
        arg("policy", Struct(Out, MEMPOLICY)), arg("nmask", BitSet(Out, Below(2))), arg("maxnode", ULong),
        arg("addr", Hex), arg("flags", LongFlags(memory::GET_MEMPOLICY))]),
    syscall(240, "mq_open", &[Ipc, IpcMsgq], &[
        arg("u_name", Str), arg("oflag", Flags(file::OPEN)), arg("mode", Mode), arg("u_attr", by(1, MQ_OPEN_ATTR))]),
    syscall(241, "mq_unlink", &[Ipc, IpcMsgq], &[arg("u_name", Str)]),
    syscall(242, "mq_timedsend", &[Ipc, IpcMsgq], &[
        arg("mqdes", Fd), arg("u_msg_ptr", Buf { len: 2 }), arg("msg_len", Size), arg("msg_prio", UInt),
        arg("u_abs_timeout", Struct(In, TIMESPEC))]),
    syscall(243, "mq_timedreceive", &[Ipc, IpcMsgq], &[
        arg("mqdes", Fd), arg("u_msg_ptr", BufOut { len: 2 }), arg("msg_len", Size),
        arg("u_msg_prio", Struct(Out, UINT)), arg("u_abs_timeout", Struct(In, TIMESPEC))]),
    syscall(244, "mq_notify", &[Ipc, IpcMsgq], &[arg("mqdes", Fd), arg("u_notification", Struct(In, SIGEVENT))]),
    syscall(245, "mq_getsetattr", &[Ipc, IpcMsgq], &[
        arg("mqdes", Fd), arg("u_mqstat", Struct(In, MQ_ATTR)), arg("u_omqstat", Struct(Out, MQ_ATTR))]),
    syscall(246, "kexec_load", &[System], &[
        arg("entry", Hex), arg("nr_segments", ULong), arg("segments", Array(In, KEXEC_SEGMENT, Arg(1))),
        arg("flags", LongFlags(system::KEXEC))]),
    syscall(247, "waitid", &[Proc, ProcLife], &[
        arg("which", Enum(process::WAIT_ID)), arg("upid", Pid), arg("infop", Struct(Out, SIGINFO_CHILD)),
        arg("options", Flags(process::WAIT)), arg("ru", by(3, WAITID_RU))]),
    syscall(248, "add_key", &[System, SystemKeys], &[
        arg("_type", Str), arg("_description", Str), arg("_payload", Buf { len: 3 }), arg("plen", Size),
        arg("ringid", Enum(security::KEY_SPEC))]),
    syscall(249, "request_key", &[System, SystemKeys], &[
        arg("_type", Str), arg("_description", Str), arg("_callout_info", Str),
        arg("destringid", Enum(security::KEY_SPEC))]),
    syscall(250, "keyctl", &[System, SystemKeys], &[
        arg("option", Enum(security::KEYCTL)), arg("arg2", by(0, KEYCTL_ARG2)), arg("arg3", by(0, KEYCTL_ARG3)),
        arg("arg4", by(0, KEYCTL_ARG4)), arg("arg5", by(0, KEYCTL_ARG5))]),
    syscall(251, "ioprio_set", &[Proc, ProcSched], &[
        arg("which", Enum(process::IOPRIO)), arg("who", by(0, IOPRIO_WHO)), arg("ioprio", Enum(process::IOPRIO_VALUE))]),
    syscall(252, "ioprio_get", &[Proc, ProcSched], &[
        arg("which", Enum(process::IOPRIO)), arg("who", by(0, IOPRIO_WHO))]),
    syscall(253, "inotify_init", &[Fs, FsMonitor], &[]),
    syscall(254, "inotify_add_watch", &[Fs, FsMonitor], &[
        arg("fd", Fd), arg("pathname", Str), arg("mask", Flags(event::INOTIFY))]),
    syscall(255, "inotify_rm_watch", &[Fs, FsMonitor], &[arg("fd", Fd), arg("wd", Int)]),
    syscall(256, "migrate_pages", &[System, SystemNuma], &[
        arg("pid", Pid), arg("maxnode", ULong), arg("old_nodes", BitSet(In, Below(1))),
        arg("new_nodes", BitSet(In, Below(1)))]),
    syscall(257, "openat", &[Default, Fs, FsFileOps], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("flags", Flags(file::OPEN)), arg("mode", Mode)]).checked(1),
    syscall(258, "mkdirat", &[Fs, FsDirOps], &[arg("dfd", DirFd), arg("pathname", Str), arg("mode", Mode)]),
    syscall(259, "mknodat", &[Default, Fs, FsFileOps], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("mode", Mode), arg("dev", UserDev)]),
    syscall(260, "fchownat", &[Default, Fs, FsFileAttr], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("user", Uid), arg("group", Gid), arg("flag", Flags(file::AT))]),
    syscall(261, "futimesat", &[Fs, FsFileAttr], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("utimes", Array(In, TIMEVAL, Const(2)))]),
    syscall(262, "newfstatat", &[Default, Fs, FsFileAttr], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("statbuf", Struct(Out, STAT)), arg("flag", Flags(file::AT))]),
    syscall(263, "unlinkat", &[Default, Fs, FsLinkOps], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("flag", Flags(file::AT_UNLINK))]),
    syscall(264, "renameat", &[Default, Fs, FsFileOps], &[
        arg("olddfd", DirFd), arg("oldname", Str), arg("newdfd", DirFd), arg("newname", Str)]),
    syscall(265, "linkat", &[Default, Fs, FsLinkOps], &[
        arg("olddfd", DirFd), arg("oldname", Str), arg("newdfd", DirFd), arg("newname", Str),
        arg("flags", Flags(file::AT))]),
    syscall(266, "symlinkat", &[Default, Fs, FsLinkOps], &[
        arg("oldname", Str), arg("newdfd", DirFd), arg("newname", Str)]),
    syscall(267, "readlinkat", &[Fs, FsLinkOps], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("buf", StrOut { len: 3 }), arg("bufsiz", Int)]),
    syscall(268, "fchmodat", &[Default, Fs, FsFileAttr], &[arg("dfd", DirFd), arg("pathname", Str), arg("mode", Mode)]),
    syscall(269, "faccessat", &[Default, Fs, FsFileAttr], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("mode", Enum(file::ACCESS))]),
    syscall(270, "pselect6", &[Fs, FsMuxIo], &[
        arg("n", Int), arg("inp", BitSet(Kept, Arg(0))), arg("outp", BitSet(Kept, Arg(0))), arg("exp", BitSet(Kept, Arg(0))),
        arg("tsp", Struct(Kept, TIMESPEC)), arg("sig", Struct(In, SIGSET_ARG))]),
    syscall(271, "ppoll", &[Fs, FsMuxIo], &[
        arg("ufds", Array(In, POLLFD, Arg(1))), arg("nfds", UInt), arg("tsp", Struct(Kept, TIMESPEC)),
        arg("sigmask", Struct(In, SIGSET)), arg("sigsetsize", Size)]),
    syscall(272, "unshare", &[Default, Proc], &[arg("unshare_flags", LongFlags(process::NAMESPACES))]),
    syscall(273, "set_robust_list", &[Ipc, IpcFutex], &[arg("head", Ptr), arg("len", Size)]),
    syscall(274, "get_robust_list", &[Ipc, IpcFutex], &[
        arg("pid", Pid), arg("head_ptr", Struct(Out, POINTER)), arg("len_ptr", Struct(Out, SIZE))]),
    syscall(275, "splice", &[Fs, FsReadWrite], &[
        arg("fd_in", Fd), arg("off_in", Struct(Kept, LOFF)), arg("fd_out", Fd), arg("off_out", Struct(Kept, LOFF)),
        arg("len", Size), arg("flags", Flags(file::SPLICE))]),
    syscall(276, "tee", &[Fs, FsReadWrite], &[
        arg("fdin", Fd), arg("fdout", Fd), arg("len", Size), arg("flags", Flags(file::SPLICE))]),
    syscall(277, "sync_file_range", &[Fs, FsSync], &[
        arg("fd", Fd), arg("offset", I64), arg("nbytes", I64), arg("flags", Flags(file::SYNC_FILE_RANGE))]),
    syscall(278, "vmsplice", &[Fs, FsReadWrite], &[
        arg("fd", Fd), arg("uiov", vec_out(2)), arg("nr_segs", ULong),
        arg("flags", Flags(file::SPLICE))]),
    syscall(279, "move_pages", &[System, SystemNuma], &[
        arg("pid", Pid), arg("nr_pages", ULong), arg("pages", Array(In, POINTER, Arg(1))),
        arg("nodes", Array(In, INT, Arg(1))), arg("status", Array(OutZero, INT, Arg(1))),
        arg("flags", Flags(memory::MBIND))]),
    syscall(280, "utimensat", &[Fs, FsFileAttr], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("utimes", Struct(In, UTIMENS)), arg("flags", Flags(file::AT))]),
    syscall(281, "epoll_pwait", &[Fs, FsMuxIo], &[
        arg("epfd", Fd), arg("events", Array(OutPositive, EPOLL_EVENT, RetUpTo(2))), arg("maxevents", Int),
        arg("timeout", Int), arg("sigmask", Struct(In, SIGSET)), arg("sigsetsize", Size)]),
    syscall(282, "signalfd", &[Signals], &[
        arg("ufd", Fd), arg("user_mask", Struct(In, SIGSET)), arg("sizemask", Size)]),
    syscall(283, "timerfd_create", &[Time, TimeTimer], &[
        arg("clockid", Enum(time::CLOCK)), arg("flags", Flags(time::TIMERFD))]),
    syscall(284, "eventfd", &[Fs, FsFdOps], &[arg("count", UInt)]),
    syscall(285, "fallocate", &[Fs, FsFileOps], &[
        arg("fd", Fd), arg("mode", Flags(file::FALLOCATE)), arg("offset", I64), arg("len", I64)]),
    syscall(286, "timerfd_settime", &[Time, TimeTimer], &[
        arg("ufd", Fd), arg("flags", Flags(time::TIMERFD)), arg("utmr", Struct(In, ITIMERSPEC)),
        arg("otmr", Struct(Out, ITIMERSPEC))]),
    syscall(287, "timerfd_gettime", &[Time, TimeTimer], &[arg("ufd", Fd), arg("otmr", Struct(Out, ITIMERSPEC))]),
    syscall(288, "accept4", &[Default, Net, NetSock], &[
        arg("fd", Fd), arg("upeer_sockaddr", SockaddrOut { len: 2 }), arg("upeer_addrlen", Struct(InOut, INT)),
        arg("flags", Flags(socket::TYPE_FLAGS))]),
    syscall(289, "signalfd4", &[Signals], &[
        arg("ufd", Fd), arg("user_mask", Struct(In, SIGSET)), arg("sizemask", Size),
        arg("flags", Flags(signal::SIGNALFD))]),
    syscall(290, "eventfd2", &[Fs, FsFdOps], &[arg("count", UInt), arg("flags", Flags(event::EVENTFD))]),
    syscall(291, "epoll_create1", &[Fs, FsMuxIo], &[arg("flags", Flags(event::EPOLL_CREATE))]),
    syscall(292, "dup3", &[Default, Fs, FsFdOps], &[
        arg("oldfd", Fd), arg("newfd", Fd), arg("flags", Flags(file::CLOEXEC))]),
    syscall(293, "pipe2", &[Ipc, IpcPipe], &[
        arg("fildes", Array(Out, FD, Const(2))), arg("flags", Flags(file::PIPE))]),
    syscall(294, "inotify_init1", &[Fs, FsMonitor], &[arg("flags", Flags(event::INOTIFY_INIT))]),
    syscall(295, "preadv", &[Fs, FsReadWrite], &[
        arg("fd", Fd), arg("vec", vec_out(2)), arg("vlen", ULong), arg("pos_l", ULong), arg("pos_h", ULong)]),
    syscall(296, "pwritev", &[Fs, FsReadWrite], &[
        arg("fd", Fd), arg("vec", vec_in(2)), arg("vlen", ULong), arg("pos_l", ULong), arg("pos_h", ULong)]),
    syscall(297, "rt_tgsigqueueinfo", &[Signals], &[
        arg("tgid", Pid), arg("pid", Pid), arg("sig", Signal), arg("uinfo", Struct(In, SIGINFO))]),
    syscall(298, "perf_event_open", &[System], &[
        arg("attr_uptr", Struct(Kept, PERF_EVENT_ATTR)), arg("pid", Pid), arg("cpu", Int), arg("group_fd", Fd),
        arg("flags", LongFlags(system::PERF_FLAGS))]),
    syscall(299, "recvmmsg", &[Net, NetSndRcv], &[
        arg("fd", Fd), arg("mmsg", Mmsghdr(OutPositive, RetUpTo(2))), arg("vlen", UInt),
        arg("flags", Flags(socket::MSG)), arg("timeout", Struct(Kept, TIMESPEC))]),
    syscall(300, "fanotify_init", &[Fs, FsMonitor], &[
        arg("flags", Flags(event::FANOTIFY_INIT)), arg("event_f_flags", Flags(file::OPEN))]),
    syscall(301, "fanotify_mark", &[Fs, FsMonitor], &[
        arg("fanotify_fd", Fd), arg("flags", Flags(event::FANOTIFY_MARK)), arg("mask", LongFlags(event::FANOTIFY)),
        arg("dfd", DirFd), arg("pathname", Str)]),
    syscall(302, "prlimit64", &[Proc], &[
        arg("pid", Pid), arg("resource", Enum(process::RLIMIT)), arg("new_rlim", Struct(In, RLIMIT64)),
        arg("old_rlim", Struct(Out, RLIMIT64))]),
    syscall(303, "name_to_handle_at", &[Fs, FsFileOps], &[
        arg("dfd", DirFd), arg("name", Str), arg("handle", Struct(InOut, FILE_HANDLE)), arg("mnt_id", Struct(Out, INT)),
        arg("flag", Flags(file::AT_HANDLE))]),
    syscall(304, "open_by_handle_at", &[Fs, FsFileOps], &[
        arg("mountdirfd", DirFd), arg("handle", Struct(In, FILE_HANDLE)), arg("flags", Flags(file::OPEN))]),
    syscall(305, "clock_adjtime", &[Time, TimeClock], &[
        arg("which_clock", Enum(time::CLOCK)), arg("utx", Struct(InOut, TIMEX))]),
    syscall(306, "syncfs", &[Fs, FsSync], &[arg("fd", Fd)]),
    syscall(307, "sendmmsg", &[Net, NetSndRcv], &[
        arg("fd", Fd), arg("mmsg", Mmsghdr(In, Arg(2))), arg("vlen", UInt),
        arg("flags", Flags(socket::MSG))]),
    syscall(308, "setns", &[Default, Proc], &[arg("fd", Fd), arg("flags", Flags(process::NAMESPACES))]),
    syscall(309, "getcpu", &[System], &[
        arg("cpup", Struct(Out, UINT)), arg("nodep", Struct(Out, UINT)), arg("unused", Ptr)]),
    syscall(310, "process_vm_readv", &[Default, Proc], &[
        arg("pid", Pid), arg("lvec", vec_out(2)), arg("liovcnt", ULong), arg("rvec", vec(4)),
        arg("riovcnt", ULong), arg("flags", ULong)]),
    syscall(311, "process_vm_writev", &[Default, Proc], &[
        arg("pid", Pid), arg("lvec", vec_in(2)), arg("liovcnt", ULong), arg("rvec", vec(4)),
        arg("riovcnt", ULong), arg("flags", ULong)]).writes_behind(),
    syscall(312, "kcmp", &[Proc], &[
        arg("pid1", Pid), arg("pid2", Pid), arg("type", Enum(process::KCMP)), arg("idx1", by(2, KCMP_IDX1)),
        arg("idx2", by(2, KCMP_IDX1))]),
    syscall(313, "finit_module", &[Default, System, SystemModule], &[
        arg("fd", Fd), arg("uargs", Str), arg("flags", Flags(system::INIT_MODULE))]),
    syscall(314, "sched_setattr", &[Proc, ProcSched], &[
        arg("pid", Pid), arg("uattr", Struct(Kept, SCHED_ATTR)), arg("flags", Flags(process::SCHED_ATTR))]),
    syscall(315, "sched_getattr", &[Proc, ProcSched], &[
        arg("pid", Pid), arg("uattr", Sized(Out, SCHED_ATTR, 2)), arg("usize", UInt),
        arg("flags", Flags(process::SCHED_GETATTR))]),
    syscall(316, "renameat2", &[Default, Fs, FsFileOps], &[
        arg("olddfd", DirFd), arg("oldname", Str), arg("newdfd", DirFd), arg("newname", Str),
        arg("flags", Flags(file::RENAME))]),
    syscall(317, "seccomp", &[Proc], &[
        arg("op", Enum(security::SECCOMP)), arg("flags", Flags(security::SECCOMP_FILTER)),
        arg("uargs", by(0, SECCOMP_ARGS))]),
    syscall(318, "getrandom", &[System], &[
        arg("ubuf", BufOut { len: 1 }), arg("len", Size), arg("flags", Flags(system::GETRANDOM))]),
    syscall(319, "memfd_create", &[Default, Fs, FsFileOps], &[
        arg("uname", Str), arg("flags", Flags(memory::MEMFD))]),
    syscall(320, "kexec_file_load", &[System], &[
        arg("kernel_fd", Fd), arg("initrd_fd", Fd), arg("cmdline_len", ULong), arg("cmdline_ptr", Str),
        arg("flags", LongFlags(system::KEXEC_FILE))]),
    syscall(321, "bpf", &[Default, System], &[
        arg("cmd", Enum(bpf::CMD)), arg("uattr", by(0, BPF_ATTR)), arg("size", UInt)]),
    syscall(322, "execveat", &[Default, Proc, ProcLife], &[
        arg("fd", DirFd), arg("pathname", Str), arg("argv", StrArray), arg("envp", StrArray),
        arg("flags", Flags(file::AT))]).returns(Execveat).checked(1),
    syscall(323, "userfaultfd", &[Ipc], &[arg("flags", Flags(memory::USERFAULTFD))]),
    syscall(324, "membarrier", &[Ipc], &[
        arg("cmd", Enum(memory::MEMBARRIER)), arg("flags", Flags(memory::MEMBARRIER_FLAGS)), arg("cpu_id", Int)]),
    syscall(325, "mlock2", &[Proc, ProcMem], &[
        arg("start", Ptr), arg("len", Size), arg("flags", Flags(memory::MLOCK))]),
    syscall(326, "copy_file_range", &[Fs, FsReadWrite], &[
        arg("fd_in", Fd), arg("off_in", Struct(Kept, LOFF)), arg("fd_out", Fd), arg("off_out", Struct(Kept, LOFF)),
        arg("len", Size), arg("flags", UInt)]),
    syscall(327, "preadv2", &[Fs, FsReadWrite], &[
        arg("fd", Fd), arg("vec", vec_out(2)), arg("vlen", ULong), arg("pos_l", ULong), arg("pos_h", ULong),
        arg("flags", Flags(file::RWF))]),
    syscall(328, "pwritev2", &[Fs, FsReadWrite], &[
        arg("fd", Fd), arg("vec", vec_in(2)), arg("vlen", ULong), arg("pos_l", ULong), arg("pos_h", ULong),
        arg("flags", Flags(file::RWF))]),
    syscall(329, "pkey_mprotect", &[Default, Proc, ProcMem], &[
        arg("start", Ptr), arg("len", Size), arg("prot", LongFlags(memory::PROT)), arg("pkey", Int)]),
    syscall(330, "pkey_alloc", &[Proc, ProcMem], &[
        arg("flags", ULong), arg("init_val", LongFlags(memory::PKEY))]),
    syscall(331, "pkey_free", &[Proc, ProcMem], &[arg("pkey", Int)]),
    syscall(332, "statx", &[Default, Fs, FsFileAttr], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("flags", Flags(file::AT_STATX)),
        arg("mask", Flags(file::STATX_MASK)), arg("buffer", Struct(Out, STATX))]),
    syscall(333, "io_pgetevents", &[Fs, FsAsyncIo], &[
        arg("ctx_id", Hex), arg("min_nr", Long), arg("nr", Long), arg("events", Array(OutPositive, IO_EVENT, RetUpTo(2))),
        arg("timeout", Struct(In, TIMESPEC)), arg("usig", Struct(In, SIGSET_ARG))]),
    syscall(334, "rseq", &[Proc], &[
        arg("rseq", Ptr), arg("rseq_len", UInt), arg("flags", Flags(process::RSEQ)), arg("sig", Hex)]),
    syscall(335, "uretprobe", &[System], &[]),
    syscall(336, "uprobe", &[System], &[]),
    syscall(424, "pidfd_send_signal", &[Signals], &[
        arg("pidfd", Fd), arg("sig", Signal), arg("info", Struct(In, SIGINFO)),
        arg("flags", Flags(process::PIDFD_SIGNAL))]),
    syscall(425, "io_uring_setup", &[Default, Fs, FsAsyncIo, IoUring], &[
        arg("entries", UInt), arg("params", Struct(InOut, IO_URING_PARAMS))]),
    syscall(426, "io_uring_enter", &[Fs, FsAsyncIo, IoUring], &[
        arg("fd", Fd), arg("to_submit", UInt), arg("min_complete", UInt), arg("flags", Flags(io_uring::ENTER)),
        arg("argp", by(3, IO_URING_ENTER_ARG)), arg("argsz", Size)]),
    syscall(427, "io_uring_register", &[Fs, FsAsyncIo, IoUring], &[
        arg("fd", Fd), arg("opcode", Enum(io_uring::REGISTER)), arg("arg", by(1, IO_URING_REGISTER_ARG)),
        arg("nr_args", UInt)]),
    syscall(428, "open_tree", &[Fs], &[arg("dfd", DirFd), arg("pathname", Str), arg("flags", Flags(mount::OPEN_TREE))]),
    syscall(429, "move_mount", &[Fs], &[
        arg("from_dfd", DirFd), arg("from_pathname", Str), arg("to_dfd", DirFd), arg("to_pathname", Str),
        arg("flags", Flags(mount::MOVE_MOUNT))]),
    syscall(430, "fsopen", &[Fs], &[arg("_fs_name", Str), arg("flags", Flags(mount::FSOPEN))]),
    syscall(431, "fsconfig", &[Fs], &[
        arg("fd", Fd), arg("cmd", Enum(mount::FSCONFIG)), arg("_key", Str), arg("_value", by(1, FSCONFIG_VALUE)),
        arg("aux", Int)]),
    syscall(432, "fsmount", &[Fs], &[
        arg("fs_fd", Fd), arg("flags", Flags(mount::FSMOUNT)), arg("attr_flags", Flags(mount::MOUNT_ATTR))]),
    syscall(433, "fspick", &[Fs], &[arg("dfd", DirFd), arg("path", Str), arg("flags", Flags(mount::FSPICK))]),
    syscall(434, "pidfd_open", &[Proc, ProcLife], &[arg("pid", Pid), arg("flags", Flags(process::PIDFD))]),
    syscall(435, "clone3", &[Default, Proc, ProcLife], &[
        arg("uargs", Sized(Kept, CLONE_ARGS, 1)), arg("size", Size)]).returns(TwiceInChild),
    syscall(436, "close_range", &[Fs, FsFileOps], &[
        arg("fd", Fd), arg("max_fd", Fd), arg("flags", Flags(file::CLOSE_RANGE))]),
    syscall(437, "openat2", &[Default, Fs, FsFileOps], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("how", Sized(In, OPEN_HOW, 3)), arg("usize", Size)]).checked(1),
    syscall(438, "pidfd_getfd", &[Fs, FsFdOps], &[arg("pidfd", Fd), arg("fd", Fd), arg("flags", UInt)]),
    syscall(439, "faccessat2", &[Default, Fs, FsFileAttr], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("mode", Enum(file::ACCESS)),
        arg("flags", Flags(file::AT_ACCESS))]),
    syscall(440, "process_madvise", &[Proc, ProcMem], &[
        arg("pidfd", Fd), arg("vec", vec(2)), arg("vlen", Size), arg("behavior", Enum(memory::MADVISE)),
        arg("flags", UInt)]),
    syscall(441, "epoll_pwait2", &[Fs, FsMuxIo], &[
        arg("epfd", Fd), arg("events", Array(OutPositive, EPOLL_EVENT, RetUpTo(2))), arg("maxevents", Int),
        arg("timeout", Struct(In, TIMESPEC)), arg("sigmask", Struct(In, SIGSET)), arg("sigsetsize", Size)]),
    syscall(442, "mount_setattr", &[Fs], &[
        arg("dfd", DirFd), arg("path", Str), arg("flags", Flags(mount::MOUNT_SETATTR)), arg("uattr", Sized(In, MOUNT_ATTR, 4)),
        arg("usize", Size)]),
    syscall(443, "quotactl_fd", &[Fs], &[
        arg("fd", Fd), arg("cmd", Enum(mount::QUOTA_CMD)), arg("id", UInt), arg("addr", by(1, QUOTACTL_FD_ADDR))]),
    syscall(444, "landlock_create_ruleset", &[Proc], &[
        arg("attr", Sized(In, LANDLOCK_RULESET_ATTR, 1)), arg("size", Size),
        arg("flags", Flags(security::LANDLOCK_CREATE))]),
    syscall(445, "landlock_add_rule", &[Proc], &[
        arg("ruleset_fd", Fd), arg("rule_type", Enum(security::LANDLOCK_RULE)), arg("rule_attr", by(1, LANDLOCK_RULE)),
        arg("flags", Flags(security::LANDLOCK_ADD))]),
    syscall(446, "landlock_restrict_self", &[Proc], &[
        arg("ruleset_fd", Fd), arg("flags", Flags(security::LANDLOCK_RESTRICT))]),
    syscall(447, "memfd_secret", &[Proc, ProcMem], &[arg("flags", Flags(file::CLOEXEC))]),
    syscall(448, "process_mrelease", &[Proc, ProcMem], &[arg("pidfd", Fd), arg("flags", UInt)]),
    syscall(449, "futex_waitv", &[Ipc, IpcFutex], &[
        arg("waiters", Array(In, FUTEX_WAITV, Arg(1))), arg("nr_futexes", UInt), arg("flags", Flags(ipc::FUTEX2)),
        arg("timeout", Struct(In, TIMESPEC)), arg("clockid", Enum(time::CLOCK))]),
    syscall(450, "set_mempolicy_home_node", &[System, SystemNuma], &[
        arg("start", Ptr), arg("len", ULong), arg("home_node", ULong), arg("flags", ULong)]),
    syscall(451, "cachestat", &[Fs, FsFileOps], &[
        arg("fd", Fd), arg("cstat_range", Struct(In, CACHESTAT_RANGE)), arg("cstat", Struct(Out, CACHESTAT)),
        arg("flags", UInt)]),
    syscall(452, "fchmodat2", &[Default, Fs, FsFileAttr], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("mode", Mode), arg("flags", Flags(file::AT))]),
    syscall(453, "map_shadow_stack", &[Proc, ProcMem], &[
        arg("addr", Ptr), arg("size", ULong), arg("flags", Flags(memory::SHADOW_STACK))]),
    syscall(454, "futex_wake", &[Ipc, IpcFutex], &[
        arg("uaddr", Ptr), arg("mask", Hex), arg("nr", Int), arg("flags", Flags(ipc::FUTEX2))]),
    syscall(455, "futex_wait", &[Ipc, IpcFutex], &[
        arg("uaddr", Ptr), arg("val", ULong), arg("mask", Hex), arg("flags", Flags(ipc::FUTEX2)),
        arg("timeout", Struct(In, TIMESPEC)), arg("clockid", Enum(time::CLOCK))]),
    syscall(456, "futex_requeue", &[Ipc, IpcFutex], &[
        arg("waiters", Array(In, FUTEX_WAITV, Const(2))), arg("flags", Flags(ipc::FUTEX2)), arg("nr_wake", Int),
        arg("nr_requeue", Int)]),
    syscall(457, "statmount", &[Fs, FsInfo], &[
        arg("req", Struct(In, MNT_ID_REQ)), arg("buf", Sized(Out, STATMOUNT, 2)), arg("bufsize", Size),
        arg("flags", Flags(mount::STATMOUNT_FLAGS))]),
    syscall(458, "listmount", &[Fs, FsInfo], &[
        arg("req", Struct(In, MNT_ID_REQ)), arg("mnt_ids", Array(OutPositive, U64_HEX, RetUpTo(2))), arg("nr_mnt_ids", Size),
        arg("flags", Flags(mount::LISTMOUNT))]),
    syscall(459, "lsm_get_self_attr", &[Proc], &[
        arg("attr", Enum(security::LSM_ATTR)), arg("ctx", Struct(OutPositive, LSM_CTX)), arg("size", Struct(InOut, UINT)),
        arg("flags", Flags(security::LSM_FLAGS))]),
    syscall(460, "lsm_set_self_attr", &[Proc], &[
        arg("attr", Enum(security::LSM_ATTR)), arg("ctx", Struct(In, LSM_CTX)), arg("size", UInt), arg("flags", UInt)]),
    syscall(461, "lsm_list_modules", &[Proc], &[
        arg("ids", Array(OutPositive, LSM_ID, Ret)), arg("size", Struct(InOut, UINT)), arg("flags", UInt)]),
    syscall(462, "mseal", &[Proc, ProcMem], &[arg("start", Ptr), arg("len", Size), arg("flags", ULong)]),
    syscall(463, "setxattrat", &[Fs, FsFileAttr], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("at_flags", Flags(file::AT)), arg("name", Str),
        arg("uargs", Sized(In, XATTR_ARGS, 5)), arg("usize", Size)]),
    syscall(464, "getxattrat", &[Fs, FsFileAttr], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("at_flags", Flags(file::AT)), arg("name", Str),
        arg("uargs", Sized(In, XATTR_ARGS, 5)), arg("usize", Size)]).writes_behind(),
    syscall(465, "listxattrat", &[Fs, FsFileAttr], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("at_flags", Flags(file::AT)), arg("list", BufOut { len: 4 }),
        arg("size", Size)]),
    syscall(466, "removexattrat", &[Fs, FsFileAttr], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("at_flags", Flags(file::AT)), arg("name", Str)]),
    syscall(467, "open_tree_attr", &[Fs], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("flags", Flags(mount::OPEN_TREE)),
        arg("uattr", Sized(In, MOUNT_ATTR, 4)), arg("usize", Size)]),
    syscall(468, "file_getattr", &[Fs, FsFileAttr], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("ufattr", Sized(Out, FILE_ATTR, 3)), arg("usize", Size),
        arg("at_flags", Flags(file::AT))]),
    syscall(469, "file_setattr", &[Fs, FsFileAttr], &[
        arg("dfd", DirFd), arg("pathname", Str), arg("ufattr", Sized(In, FILE_ATTR, 3)), arg("usize", Size),
        arg("at_flags", Flags(file::AT))]),
    syscall(470, "listns", &[Proc], &[
        arg("req", Struct(In, NS_ID_REQ)), arg("ns_ids", Array(OutPositive, U64_VALUE, RetUpTo(2))), arg("nr_ns_ids", Size),
        arg("flags", UInt)]),
    syscall(471, "rseq_slice_yield", &[Proc], &[]),
];
