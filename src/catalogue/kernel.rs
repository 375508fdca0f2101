//! Events of the kernel's own: a row an event. The programs are in `src/bpf/`.

use super::abi::number;
use super::columns::Life::{ContainerCreated, ContainerFound, ContainerRemoved, Exec, Exit, Fork};
use super::compat::IA32;
use super::kernel_structs::{CRED, NAMESPACES};
use super::select::{PRCTL_ARG2, PRCTL_ARG3, PRCTL_ARG4, PRCTL_ARG5, SOCKET_PROTOCOL, SOCKOPT_NAME};
use super::spec::{
    arg, by, find, kernel, ArgSpec, ArgType::*, EventSpec, SelectSpec, Set::*, IA32_SOCKETCALL,
};
use super::structs::{RLIMIT, TIMESPEC, TIMEZONE};
use super::syscalls::SYSCALLS;
use crate::symbols::{
    bpf, event, file, io_uring, memory, mount, prctl, process, request, security, signal, socket, sockopt,
};

const FAMILY: ArgSpec = arg("family", Enum(socket::FAMILY));
const TYPE: ArgSpec = arg("type", Enum(socket::TYPE));
const PROTOCOL: ArgSpec = arg("protocol", by(0, SOCKET_PROTOCOL));
const LOCAL: ArgSpec = arg("local", KernelSockaddr);
const REMOTE: ArgSpec = arg("remote", KernelSockaddr);

/// Arguments of reading or writing an open file; the position is -1 if the file has none.
const TRANSFER: &[ArgSpec] = &[
    arg("pathname", Path),
    arg("dev", Dev),
    arg("inode", U64),
    arg("count", Size),
    arg("pos", I64),
];

/// Arguments of containers; user space asks for name and image.
const CONTAINER: &[ArgSpec] = &[
    arg("container_id", KernelStr),
    arg("runtime", KernelStr),
    arg("name", KernelStr),
    arg("image", KernelStr),
    arg("cgroup_id", U64),
    arg("path", KernelStr),
    arg("hierarchy", Int),
    arg("owner", Uid),
];

/// Calls that open a file by its name or handle.
pub const OPENING: &[&str] = &["open", "openat", "openat2", "creat", "open_by_handle_at"];

/// Calls that write to a file.
#[rustfmt::skip]
pub const WRITING: &[&str] = &[
    "write", "writev", "pwrite64", "pwritev", "pwritev2", "sendfile", "splice", "copy_file_range",
];

/// Calls that can change a task's credentials or namespaces.
#[rustfmt::skip]
const CHANGING_TASKS: &[&str] = &[
    "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid", "capset", "prctl",
    "unshare", "setns", "execve", "execveat",
];

/// Number of `connect(2)` in the native ABI and in the 32-bit one.
const CONNECT: u32 = match find(SYSCALLS, "connect") {
    Some(call) => call.id as u32,
    None => panic!("connect"),
};
const IA32_CONNECT: u32 = match number(IA32, "connect") {
    Some(number) => number as u32,
    None => panic!("connect"),
};

/// Addresses where the call is connect(2), or in socketcall(2); paths otherwise.
const CHECKED: SelectSpec = SelectSpec {
    mask: u32::MAX,
    cases: &[
        (CONNECT, KernelSockaddr),
        (IA32_SOCKETCALL as u32, KernelSockaddr),
        (IA32_CONNECT, KernelSockaddr),
    ],
    otherwise: KernelStr,
};

#[rustfmt::skip]
pub const KERNEL: &[EventSpec] = &[
    kernel(0, "sys_enter", &[], &[arg("syscall", SyscallNr)]),
    kernel(1, "sys_exit", &[], &[arg("syscall", SyscallNr)]),
    kernel(2, "sched_process_fork", &[Proc, ProcLife], &[
        arg("parent_tid", Pid), arg("parent_pid", Pid), arg("child_tid", Pid), arg("child_pid", Pid),
        arg("child_start_time", BootTime)]).life(Fork),
    kernel(3, "sched_process_exec", &[Default, Proc, ProcLife], &[
        arg("cmdpath", KernelStr), arg("pathname", Path), arg("argv", StrArray), arg("envp", StrArray),
        arg("dev", Dev), arg("inode", U64), arg("ctime", EpochTime), arg("inode_mode", Mode),
        arg("interpreter", KernelStr), arg("stdin_type", Enum(file::FILE_TYPE)), arg("prev_comm", KernelStr),
        arg("invoked_from_kernel", Bool)]).life(Exec),
    kernel(4, "sched_process_exit", &[Default, Proc, ProcLife], &[
        arg("exit_code", Int), arg("signal", Signal), arg("group_exit", Bool)]).life(Exit),
    kernel(5, "lost_events", &[Default], &[
        arg("count", U64), arg("buffer", KernelStr), arg("first_timestamp", BootTime),
        arg("last_timestamp", BootTime)]).reported_by_tracee().without_result(),
    // Reported by user space, too. Times of boot by the wall clock: ns since the epoch.
    kernel(66, "clock_changed", &[Default, Time, TimeClock], &[
        arg("before", I64), arg("after", I64), arg("difference", I64),
        arg("unchanged_until", BootTime)]).reported_by_tracee().without_result(),
    kernel(6, "io_uring_create", &[Fs, FsAsyncIo, IoUring], &[
        arg("fd", Fd), arg("sq_entries", UInt), arg("cq_entries", UInt), arg("flags", Flags(io_uring::SETUP))]),
    kernel(7, "io_uring_submit", &[Default, Fs, FsAsyncIo, IoUring], &[
        arg("opcode", Enum(io_uring::OP)), arg("fd", DirFd), arg("flags", Flags(io_uring::SQE)),
        arg("user_data", U64), arg("sq_thread", Bool), arg("pathname", KernelStr), arg("newname", KernelStr),
        arg("addr", Sockaddr { len: 8 }), arg("addrlen", Int)]),
    kernel(8, "security_file_open", &[Default, Lsm, Fs], &[
        arg("pathname", Path), arg("flags", Flags(file::FILE_FLAGS)), arg("dev", Dev), arg("inode", U64),
        arg("ctime", EpochTime), arg("type", Enum(file::FILE_TYPE))]).after(OPENING),
    kernel(50, "security_socket_create", &[Lsm, Net, NetSock], &[FAMILY, TYPE, PROTOCOL, arg("kern", Bool)])
        .after(&["socket", "socketpair"]),
    kernel(51, "security_socket_bind", &[Lsm, Net, NetSock], &[FAMILY, TYPE, PROTOCOL, LOCAL]).after(&["bind"]),
    kernel(52, "security_socket_connect", &[Default, Lsm, Net, NetSock], &[FAMILY, TYPE, PROTOCOL, LOCAL, REMOTE])
        .after(&["connect"]),
    kernel(53, "security_socket_accept", &[Lsm, Net, NetSock], &[FAMILY, TYPE, PROTOCOL, LOCAL, REMOTE])
        .after(&["accept", "accept4"]),
    kernel(54, "security_socket_listen", &[Lsm, Net, NetSock], &[FAMILY, TYPE, PROTOCOL, LOCAL, arg("backlog", Int)])
        .after(&["listen"]),
    kernel(55, "security_socket_setsockopt", &[Lsm, Net, NetSock], &[
        FAMILY, TYPE, PROTOCOL, LOCAL, REMOTE, arg("level", Enum(sockopt::LEVEL)),
        arg("optname", by(5, SOCKOPT_NAME))]).after(&["setsockopt"]),
    kernel(56, "commit_creds", &[Proc], &[
        arg("old_cred", Changed { than: 1, spec: CRED }), arg("new_cred", Changed { than: 0, spec: CRED })])
        .after(CHANGING_TASKS),
    kernel(57, "switch_task_ns", &[Proc, Containers], &[
        arg("pid", Pid), arg("old_ns", Changed { than: 2, spec: NAMESPACES }),
        arg("new_ns", Changed { than: 1, spec: NAMESPACES })]).after(CHANGING_TASKS),
    kernel(58, "cap_capable", &[Default, Lsm], &[arg("cap", Enum(security::CAP))]),
    kernel(59, "signal_deliver", &[Signals], &[
        arg("sig", Signal), arg("code", Enum(signal::SI)), arg("group_exit", Bool), arg("sender_pid", Pid),
        arg("sender_uid", Uid)]),
    kernel(60, "do_exit", &[Proc, ProcLife], &[
        arg("exit_code", Int), arg("signal", Signal), arg("group_exit", Bool)]),
    kernel(61, "ptrace_attach", &[Proc, Lsm], &[
        arg("pid", Pid), arg("request", Enum(process::PTRACE)), arg("options", LongFlags(process::PTRACE_OPTIONS))])
        .after(&["ptrace"]),
    kernel(62, "process_vm_access", &[Proc, ProcMem], &[
        arg("pid", Pid), arg("write", Bool), arg("local_count", ULong), arg("remote_count", ULong)])
        .after(&["process_vm_readv", "process_vm_writev"]),
    kernel(63, "security_task_prctl", &[Lsm, Proc], &[
        arg("option", Enum(prctl::OPTION)), arg("arg2", by(0, PRCTL_ARG2)), arg("arg3", by(0, PRCTL_ARG3)),
        arg("arg4", by(0, PRCTL_ARG4)), arg("arg5", by(0, PRCTL_ARG5))]).after(&["prctl"]),
    kernel(64, "security_task_setrlimit", &[Lsm, Proc], &[
        arg("pid", Pid), arg("resource", Enum(process::RLIMIT)), arg("new_rlim", KernelStruct(RLIMIT))])
        .after(&["setrlimit", "prlimit64"]),
    kernel(65, "security_settime64", &[Lsm, Time, TimeTod], &[
        arg("ts", KernelStruct(TIMESPEC)), arg("tz", KernelStruct(TIMEZONE))]),
    kernel(20, "security_inode_unlink", &[Default, Lsm, Fs, FsLinkOps], &[
        arg("pathname", Path), arg("dev", Dev), arg("inode", U64), arg("mode", Mode)]),
    kernel(21, "security_inode_rename", &[Lsm, Fs, FsLinkOps], &[
        arg("old_path", Path), arg("new_path", Path), arg("dev", Dev), arg("inode", U64), arg("mode", Mode),
        arg("flags", Flags(file::RENAME))]),
    kernel(22, "security_inode_link", &[Lsm, Fs, FsLinkOps], &[
        arg("old_path", Path), arg("new_path", Path), arg("dev", Dev), arg("inode", U64), arg("mode", Mode)]),
    kernel(23, "security_inode_symlink", &[Lsm, Fs, FsLinkOps], &[
        arg("pathname", Path), arg("target", KernelStr), arg("dev", Dev), arg("dir_inode", U64)]),
    kernel(24, "security_inode_mknod", &[Lsm, Fs, FsFileOps], &[
        arg("pathname", Path), arg("mode", Mode), arg("rdev", Dev), arg("dev", Dev), arg("dir_inode", U64)]),
    kernel(25, "security_sb_mount", &[Lsm, Fs], &[
        arg("dev_name", KernelStr), arg("pathname", Path), arg("type", KernelStr),
        arg("flags", LongFlags(mount::MOUNT))]),
    kernel(26, "security_sb_umount", &[Lsm, Fs], &[
        arg("pathname", Path), arg("type", KernelStr), arg("dev", Dev), arg("flags", Flags(mount::UMOUNT))]),
    kernel(27, "security_path_notify", &[Lsm, Fs, FsMonitor], &[
        arg("pathname", Path), arg("dev", Dev), arg("inode", U64), arg("mask", LongFlags(event::INOTIFY)),
        arg("type", Enum(file::FSNOTIFY_OBJECT))]),
    kernel(28, "security_kernel_read_file", &[Lsm, Fs, SystemModule], &[
        arg("pathname", Path), arg("dev", Dev), arg("inode", U64), arg("id", Enum(file::KERNEL_READ_FILE)),
        arg("contents", Bool)]).after(&["finit_module", "kexec_file_load"]),
    kernel(29, "vfs_write", &[Fs, FsReadWrite], TRANSFER).after(&["write", "pwrite64"]),
    kernel(30, "vfs_writev", &[Fs, FsReadWrite], TRANSFER).after(&["writev", "pwritev", "pwritev2"]),
    kernel(31, "vfs_read", &[Fs, FsReadWrite], TRANSFER).after(&["read", "pread64"]),
    kernel(32, "vfs_readv", &[Fs, FsReadWrite], TRANSFER).after(&["readv", "preadv", "preadv2"]),
    kernel(33, "file_modification", &[Fs, FsReadWrite], TRANSFER).after(WRITING),
    kernel(34, "security_file_ioctl", &[Lsm, Fs, FsFdOps], &[
        arg("pathname", Path), arg("dev", Dev), arg("inode", U64), arg("cmd", Flags(request::IOCTL)),
        arg("arg", Hex)]).after(&["ioctl"]).also(&["security_file_ioctl_compat"]),
    kernel(100, "argument_mismatch", &[Default, Alerts], &[
        arg("syscall", SyscallNr), arg("argument", KernelStr), arg("user_value", by(0, &CHECKED)),
        arg("kernel_value", by(0, &CHECKED))]),
    kernel(101, "security_bprm_check", &[Default, Lsm, Proc, ProcLife], &[
        arg("pathname", Path), arg("dev", Dev), arg("inode", U64), arg("argv", StrArray)]),
    kernel(102, "security_mmap_file", &[Lsm, Proc, ProcMem], &[
        arg("pathname", Path), arg("addr", Ptr), arg("len", Size), arg("prot", LongFlags(memory::PROT)),
        arg("flags", LongFlags(memory::MAP))]).after(&["mmap"]),
    kernel(103, "security_file_mprotect", &[Lsm, Proc, ProcMem], &[
        arg("pathname", Path), arg("addr", Ptr), arg("len", Size), arg("prot", LongFlags(memory::PROT)),
        arg("prev_prot", LongFlags(memory::PROT)), arg("flags", LongFlags(memory::MAP))]),
    kernel(104, "mem_prot_alert", &[Alerts, Proc, ProcMem], &[
        arg("alert", Enum(memory::ALERT)), arg("addr", Ptr), arg("len", Size),
        arg("prot", LongFlags(memory::PROT)), arg("prev_prot", LongFlags(memory::PROT)), arg("pathname", Path)]),
    kernel(105, "module_load", &[Default, System, SystemModule], &[
        arg("name", KernelStr), arg("taints", Hex), arg("pathname", Path)]),
    kernel(106, "module_free", &[System, SystemModule], &[arg("name", KernelStr), arg("taints", Hex)]),
    kernel(107, "do_init_module", &[System, SystemModule], &[
        arg("name", KernelStr), arg("taints", Hex), arg("pathname", Path)]),
    kernel(108, "cgroup_mkdir", &[Containers, System], &[
        arg("cgroup_id", U64), arg("path", KernelStr), arg("hierarchy", Int)]),
    kernel(109, "cgroup_rmdir", &[Containers, System], &[
        arg("cgroup_id", U64), arg("path", KernelStr), arg("hierarchy", Int)]),
    kernel(110, "cgroup_attach_task", &[Containers, System], &[
        arg("cgroup_id", U64), arg("path", KernelStr), arg("hierarchy", Int), arg("pid", Pid)]),
    kernel(111, "security_bpf", &[Lsm, System], &[arg("cmd", Enum(bpf::CMD))]),
    kernel(112, "security_bpf_map", &[Lsm, System], &[
        arg("map_id", UInt), arg("map_name", KernelStr), arg("map_type", Enum(bpf::MAP_TYPE))]),
    kernel(113, "security_bpf_prog", &[Lsm, System], &[
        arg("prog_id", UInt), arg("prog_name", KernelStr), arg("prog_type", Enum(bpf::PROG_TYPE))]),
    kernel(114, "bpf_attach", &[System], &[
        arg("prog_id", UInt), arg("prog_name", KernelStr), arg("prog_type", Enum(bpf::PROG_TYPE)),
        arg("link_id", UInt), arg("link_type", Enum(bpf::LINK_TYPE)), arg("way", KernelStr)])
        .after(&["bpf", "ioctl", "setsockopt"]),
    kernel(116, "artifact_captured", &[], &[
        arg("kind", KernelStr), arg("pathname", KernelStr), arg("artifact", KernelStr), arg("size", U64),
        arg("sha256", KernelStr), arg("complete", Bool), arg("reason", KernelStr), arg("dev", Dev), arg("inode", U64),
        arg("addr", Ptr)]).reported_by_tracee().without_result(),
    kernel(115, "kprobe_attach", &[System], &[
        arg("symbol", KernelStr), arg("offset", Hex), arg("addr", Hex)]),
    kernel(150, "container_create", &[Containers], CONTAINER).life(ContainerCreated),
    kernel(151, "container_remove", &[Containers], CONTAINER).life(ContainerRemoved),
    kernel(152, "existing_container", &[Containers], CONTAINER).reported_by_tracee().life(ContainerFound),
];
