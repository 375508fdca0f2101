//! Events of the kernel's own: a row an event. The programs are in `src/bpf/`.

use super::spec::{arg, kernel, ArgType::*, EventSpec, Family, Set::*};

#[rustfmt::skip]
pub const KERNEL: &[EventSpec] = &[
    kernel(0, "sys_enter", &[], &[arg("syscall", SyscallNr)]),
    kernel(1, "sys_exit", &[], &[arg("syscall", SyscallNr)]),
    kernel(2, "sched_process_fork", &[Proc, ProcLife], &[
        arg("parent_tid", Pid), arg("parent_pid", Pid), arg("child_tid", Pid), arg("child_pid", Pid),
        arg("child_start_time", BootTime)]),
    kernel(3, "sched_process_exec", &[Default, Proc, ProcLife], &[
        arg("cmdpath", KernelStr), arg("pathname", Path), arg("argv", StrArray), arg("envp", StrArray),
        arg("dev", Dev), arg("inode", U64), arg("ctime", EpochTime), arg("inode_mode", Mode),
        arg("interpreter", KernelStr), arg("stdin_type", Enum(Family::FileType)), arg("prev_comm", KernelStr),
        arg("invoked_from_kernel", Bool)]),
    kernel(4, "sched_process_exit", &[Default, Proc, ProcLife], &[
        arg("exit_code", Int), arg("signal", Signal), arg("group_exit", Bool)]),
    kernel(5, "lost_events", &[Default], &[
        arg("count", U64), arg("buffer", KernelStr), arg("first_timestamp", BootTime),
        arg("last_timestamp", BootTime)]),
    kernel(6, "io_uring_create", &[Fs, FsAsyncIo, IoUring], &[
        arg("fd", Fd), arg("sq_entries", UInt), arg("cq_entries", UInt), arg("flags", Flags(Family::IoUringSetup))]),
    kernel(7, "io_uring_submit", &[Default, Fs, FsAsyncIo, IoUring], &[
        arg("opcode", Enum(Family::IoUringOp)), arg("fd", DirFd), arg("flags", Flags(Family::IoUringSqe)),
        arg("user_data", U64), arg("sq_thread", Bool), arg("pathname", KernelStr), arg("newname", KernelStr),
        arg("addr", Sockaddr { len: 8 }), arg("addrlen", Int)]),
    kernel(8, "security_file_open", &[Default, Lsm, Fs], &[
        arg("pathname", Path), arg("flags", Flags(Family::Open)), arg("dev", Dev), arg("inode", U64),
        arg("ctime", EpochTime), arg("type", Enum(Family::FileType))]),
];
