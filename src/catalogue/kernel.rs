//! Events of the kernel's own: a row an event. The programs are in `src/bpf/`.

use super::spec::{arg, by, kernel, ArgType::*, EventSpec, Family, SelectSpec, Set::*};

/// Addresses where the call is connect(2), by its number in each ABI; paths otherwise.
const CHECKED: SelectSpec = SelectSpec {
    mask: u32::MAX,
    cases: &[(42, KernelSockaddr), (362, KernelSockaddr)],
    otherwise: KernelStr,
};

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
    kernel(100, "argument_mismatch", &[Default, Alerts], &[
        arg("syscall", SyscallNr), arg("argument", KernelStr), arg("user_value", by(0, &CHECKED)),
        arg("kernel_value", by(0, &CHECKED))]),
    kernel(101, "security_bprm_check", &[Default, Lsm, Proc, ProcLife], &[
        arg("pathname", Path), arg("dev", Dev), arg("inode", U64), arg("argv", StrArray)]),
    kernel(102, "security_mmap_file", &[Lsm, Proc, ProcMem], &[
        arg("pathname", Path), arg("addr", Ptr), arg("len", Size), arg("prot", LongFlags(Family::Prot)),
        arg("flags", LongFlags(Family::MapFlags))]),
    kernel(103, "security_file_mprotect", &[Lsm, Proc, ProcMem], &[
        arg("pathname", Path), arg("addr", Ptr), arg("len", Size), arg("prot", LongFlags(Family::Prot)),
        arg("prev_prot", LongFlags(Family::Prot)), arg("flags", LongFlags(Family::MapFlags))]),
    kernel(104, "mem_prot_alert", &[Alerts, Proc, ProcMem], &[
        arg("alert", Enum(Family::MemProtAlert)), arg("addr", Ptr), arg("len", Size),
        arg("prot", LongFlags(Family::Prot)), arg("prev_prot", LongFlags(Family::Prot)), arg("pathname", Path)]),
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
    kernel(111, "security_bpf", &[Lsm, System], &[arg("cmd", Enum(Family::BpfCmd))]),
    kernel(112, "security_bpf_map", &[Lsm, System], &[
        arg("map_id", UInt), arg("map_name", KernelStr), arg("map_type", Enum(Family::BpfMapType))]),
    kernel(113, "security_bpf_prog", &[Lsm, System], &[
        arg("prog_id", UInt), arg("prog_name", KernelStr), arg("prog_type", Enum(Family::BpfProgType))]),
    kernel(114, "bpf_attach", &[System], &[
        arg("prog_id", UInt), arg("prog_name", KernelStr), arg("prog_type", Enum(Family::BpfProgType)),
        arg("link_id", UInt), arg("link_type", Enum(Family::BpfLinkType))]),
    kernel(115, "kprobe_attach", &[System], &[
        arg("symbol", KernelStr), arg("offset", Hex), arg("addr", Hex)]),
];
