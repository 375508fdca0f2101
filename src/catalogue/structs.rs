//! Structures that system calls are given or fill in: a row each, from the kernel's own headers (`include/uapi/`).
//!
//! Sizes and offsets follow from the fields by the rules of each ABI; a test compares them with a C compiler's. A row
//! may end before its C structure does: where the structure has grown with time, or where only its head has a fixed
//! meaning.

use super::spec::{
    field, structure, structure_by_abi, ArgType, ArgType::*, Field, FieldType, Ia32, StructSpec, Width,
    Width::*,
};
use crate::symbols::{
    bpf, event, file, io_uring, ipc, memory, mount, prctl, process, security, signal, socket, sockopt,
    system, time, tty,
};

/// A number behind a pointer.
const fn bare(width: Width, ty: ArgType) -> Field {
    field("", width, ty)
}

const fn several(name: &'static str, count: u16, width: Width, ty: ArgType) -> Field {
    Field {
        name,
        ty: FieldType::Numbers(count, width, ty),
    }
}

const fn chars(name: &'static str, count: u16) -> Field {
    Field {
        name,
        ty: FieldType::Chars(count),
    }
}

const fn bytes(name: &'static str, count: u16) -> Field {
    Field {
        name,
        ty: FieldType::Bytes(count),
    }
}

const fn pad(count: u16) -> Field {
    Field {
        name: "",
        ty: FieldType::Padding(count),
    }
}

const fn nested(name: &'static str, spec: &'static StructSpec) -> Field {
    Field {
        name,
        ty: FieldType::Struct(spec),
    }
}

// Numbers behind pointers.

pub const INT: &StructSpec = &structure("int *", &[bare(W32, Int)]);
pub const UINT: &StructSpec = &structure("unsigned int *", &[bare(W32, UInt)]);
pub const LONG: &StructSpec = &structure("long *", &[bare(WLong, Long)]);
pub const HEX_LONG: &StructSpec = &structure("unsigned long *", &[bare(WLong, Hex)]);
pub const U64_HEX: &StructSpec = &structure("u64 *", &[bare(W64, Hex)]);
pub const U64_VALUE: &StructSpec = &structure("u64 *", &[bare(W64, U64)]);
pub const SIZE: &StructSpec = &structure("size_t *", &[bare(WPtr, Size)]);
pub const POINTER: &StructSpec = &structure("void **", &[bare(WPtr, Ptr)]);
pub const FD: &StructSpec = &structure("int *", &[bare(W32, Fd)]);
pub const PID: &StructSpec = &structure("pid_t *", &[bare(W32, Pid)]);
pub const UID: &StructSpec = &structure("uid_t *", &[bare(W32, Uid)]);
pub const GID: &StructSpec = &structure("gid_t *", &[bare(W32, Gid)]);
/// `off_t`, which is a `long` in the calls from before large files.
pub const OFF: &StructSpec = &structure("off_t *", &[bare(WLong, Long)]);
pub const LOFF: &StructSpec = &structure("loff_t *", &[bare(W64, I64)]);
pub const TIME: &StructSpec = &structure("time_t *", &[bare(WLong, Long)]);
pub const SIGNAL: &StructSpec = &structure("int *", &[bare(W32, Signal)]);
pub const SIGSET: &StructSpec = &structure("sigset_t *", &[bare(W64, SigSet)]);
/// A signal set of one word, in the oldest calls.
pub const OLD_SIGSET: &StructSpec = &structure("old_sigset_t *", &[bare(WLong, SigSet)]);
pub const WAIT_STATUS: &StructSpec = &structure("int *", &[bare(W32, WaitStatus)]);
/// `io_setup(2)`: an `aio_context_t`, which compat calls have as a `u32`.
pub const AIO_CONTEXT: &StructSpec = &structure("aio_context_t *", &[bare(WPtr, Hex)]);
pub const MEMPOLICY: &StructSpec = &structure("int *", &[bare(W32, Enum(memory::MEMPOLICY_MODE))]);
pub const SECCOMP_ACTION: &StructSpec =
    &structure("unsigned int *", &[bare(W32, Flags(security::SECCOMP_ACTION))]);
pub const RW_HINT: &StructSpec = &structure("u64 *", &[bare(W64, LongFlags(file::RW_HINT))]);
pub const LSM_ID: &StructSpec = &structure("u64 *", &[bare(W64, LongFlags(security::LSM_ID))]);
pub const MODEM_BITS: &StructSpec = &structure("int *", &[bare(W32, Flags(tty::MODEM))]);
pub const INODE_FLAGS: &StructSpec = &structure("int *", &[bare(W32, Flags(file::INODE_FLAGS))]);
pub const QUOTA_FORMAT: &StructSpec = &structure("u32 *", &[bare(W32, Enum(mount::QUOTA_FORMAT))]);
pub const TSC_MODE: &StructSpec = &structure("int *", &[bare(W32, Enum(prctl::TSC))]);
/// `PR_GET_NAME`: `TASK_COMM_LEN`
pub const COMM: &StructSpec = &structure("char *", &[chars("", 16)]);

/// `linux/time.h`
#[rustfmt::skip]
pub const TIMESPEC: &StructSpec = &structure("struct timespec *", &[
    field("tv_sec", WLong, Long), field("tv_nsec", WLong, Long)]);

/// `utimensat(2)`, where the nanoseconds may be an order instead.
#[rustfmt::skip]
pub const UTIMENS_ONE: &StructSpec = &structure("struct timespec *", &[
    field("tv_sec", WLong, Long), field("tv_nsec", WLong, LongFlags(file::UTIME))]);

/// Times of access and of change; one structure, since a 32-bit call may have it in the native form.
#[rustfmt::skip]
pub const UTIMENS: &StructSpec = &structure("struct timespec *", &[nested("", UTIMENS_ONE), nested("", UTIMENS_ONE)]);

#[rustfmt::skip]
pub const TIMEVAL: &StructSpec = &structure("struct timeval *", &[
    field("tv_sec", WLong, Long), field("tv_usec", WLong, Long)]);

#[rustfmt::skip]
pub const TIMEZONE: &StructSpec = &structure("struct timezone *", &[
    field("tz_minuteswest", W32, Int), field("tz_dsttime", W32, Int)]);

#[rustfmt::skip]
pub const ITIMERVAL: &StructSpec = &structure("struct itimerval *", &[
    nested("it_interval", TIMEVAL), nested("it_value", TIMEVAL)]);

#[rustfmt::skip]
pub const ITIMERSPEC: &StructSpec = &structure("struct itimerspec *", &[
    nested("it_interval", TIMESPEC), nested("it_value", TIMESPEC)]);

/// `linux/utime.h`
#[rustfmt::skip]
pub const UTIMBUF: &StructSpec = &structure("struct utimbuf *", &[
    field("actime", WLong, Long), field("modtime", WLong, Long)]);

/// `linux/times.h`
#[rustfmt::skip]
pub const TMS: &StructSpec = &structure("struct tms *", &[
    field("tms_utime", WLong, Long), field("tms_stime", WLong, Long), field("tms_cutime", WLong, Long),
    field("tms_cstime", WLong, Long)]);

/// `linux/timex.h`, up to its reserved words.
#[rustfmt::skip]
pub const TIMEX: &StructSpec = &structure("struct timex *", &[
    field("modes", W32, Flags(time::ADJTIMEX)), field("offset", WLong, Long), field("freq", WLong, Long),
    field("maxerror", WLong, Long), field("esterror", WLong, Long), field("status", W32, Flags(time::CLOCK_STATUS)),
    field("constant", WLong, Long), field("precision", WLong, Long), field("tolerance", WLong, Long),
    nested("time", TIMEVAL), field("tick", WLong, Long), field("ppsfreq", WLong, Long), field("jitter", WLong, Long),
    field("shift", W32, Int), field("stabil", WLong, Long), field("jitcnt", WLong, Long), field("calcnt", WLong, Long),
    field("errcnt", WLong, Long), field("stbcnt", WLong, Long), field("tai", W32, Int)])
    .main(&["modes", "offset", "status"]);

/// `linux/resource.h`
#[rustfmt::skip]
pub const RUSAGE: &StructSpec = &structure("struct rusage *", &[
    nested("ru_utime", TIMEVAL), nested("ru_stime", TIMEVAL), field("ru_maxrss", WLong, Long),
    field("ru_ixrss", WLong, Long), field("ru_idrss", WLong, Long), field("ru_isrss", WLong, Long),
    field("ru_minflt", WLong, Long), field("ru_majflt", WLong, Long), field("ru_nswap", WLong, Long),
    field("ru_inblock", WLong, Long), field("ru_oublock", WLong, Long), field("ru_msgsnd", WLong, Long),
    field("ru_msgrcv", WLong, Long), field("ru_nsignals", WLong, Long), field("ru_nvcsw", WLong, Long),
    field("ru_nivcsw", WLong, Long)])
    .main(&["ru_utime", "ru_stime", "ru_maxrss"]);

#[rustfmt::skip]
pub const RLIMIT: &StructSpec = &structure("struct rlimit *", &[
    field("rlim_cur", WLong, LongFlags(process::RLIM)), field("rlim_max", WLong, LongFlags(process::RLIM))]);

#[rustfmt::skip]
pub const RLIMIT64: &StructSpec = &structure("struct rlimit64 *", &[
    field("rlim_cur", W64, LongFlags(process::RLIM64)), field("rlim_max", W64, LongFlags(process::RLIM64))]);

/// `linux/sysinfo.h`
#[rustfmt::skip]
pub const SYSINFO: &StructSpec = &structure("struct sysinfo *", &[
    field("uptime", WLong, Long), several("loads", 3, WLong, ULong), field("totalram", WLong, ULong),
    field("freeram", WLong, ULong), field("sharedram", WLong, ULong), field("bufferram", WLong, ULong),
    field("totalswap", WLong, ULong), field("freeswap", WLong, ULong), field("procs", W16, U16), pad(2),
    field("totalhigh", WLong, ULong), field("freehigh", WLong, ULong), field("mem_unit", W32, UInt)])
    .main(&["uptime", "totalram", "freeram"]);

/// `linux/utsname.h`
#[rustfmt::skip]
pub const UTSNAME: &StructSpec = &structure("struct new_utsname *", &[
    chars("sysname", 65), chars("nodename", 65), chars("release", 65), chars("version", 65), chars("machine", 65),
    chars("domainname", 65)]);

#[rustfmt::skip]
pub const OLD_UTSNAME: &StructSpec = &structure("struct old_utsname *", &[
    chars("sysname", 65), chars("nodename", 65), chars("release", 65), chars("version", 65), chars("machine", 65)]);

#[rustfmt::skip]
pub const OLDOLD_UTSNAME: &StructSpec = &structure("struct oldold_utsname *", &[
    chars("sysname", 9), chars("nodename", 9), chars("release", 9), chars("version", 9), chars("machine", 9)]);

// Signals: asm/signal.h, asm-generic/siginfo.h.

#[rustfmt::skip]
pub const SIGACTION: &StructSpec = &structure("struct sigaction *", &[
    field("sa_handler", WPtr, LongFlags(signal::HANDLER)),
    field("sa_flags", WLong, LongFlags(signal::ACTION)), field("sa_restorer", WPtr, Ptr),
    field("sa_mask", W64, SigSet)]);

/// The structure of the 32-bit ABI's first `sigaction`.
#[rustfmt::skip]
pub const OLD_SIGACTION: &StructSpec = &structure("struct old_sigaction *", &[
    field("sa_handler", WPtr, LongFlags(signal::HANDLER)), field("sa_mask", WLong, SigSet),
    field("sa_flags", WLong, LongFlags(signal::ACTION)), field("sa_restorer", WPtr, Ptr)]);

#[rustfmt::skip]
pub const STACK: &StructSpec = &structure("stack_t *", &[
    field("ss_sp", WPtr, Ptr), field("ss_flags", W32, Flags(signal::ALTSTACK)), field("ss_size", WPtr, Size)]);

/// A signal that somebody sent, with a value. The union in it is aligned as a pointer is.
#[rustfmt::skip]
pub const SIGINFO: &StructSpec = &structure("siginfo_t *", &[
    field("si_signo", W32, Signal), field("si_errno", W32, Int), field("si_code", W32, Enum(signal::SI)),
    field("si_pid", W32AtPtr, Pid), field("si_uid", W32, Uid), field("si_value", WPtr, Ptr)]);

/// What `waitid(2)` returns for a child: it fills in no more of the union.
#[rustfmt::skip]
pub const SIGINFO_CHILD: &StructSpec = &structure("siginfo_t *", &[
    field("si_signo", W32, Signal), field("si_errno", W32, Int), field("si_code", W32, Enum(signal::SI_CLD)),
    field("si_pid", W32AtPtr, Pid), field("si_uid", W32, Uid), field("si_status", W32, Int)]);

/// Up to the first member of the union in it.
#[rustfmt::skip]
pub const SIGEVENT: &StructSpec = &structure("struct sigevent *", &[
    field("sigev_value", WPtr, Ptr), field("sigev_signo", W32, Signal),
    field("sigev_notify", W32, Enum(signal::SIGEV)), field("sigev_notify_thread_id", W32, Int)]);

/// The sixth argument of `pselect6(2)` and `io_pgetevents(2)`: `fs/select.c`, `fs/aio.c`.
#[rustfmt::skip]
pub const SIGSET_ARG: &StructSpec = &structure("struct sigset_argpack *", &[
    field("p", WPtr, Ptr), field("size", WPtr, Size)]);

// Waiting for files.

/// `asm-generic/poll.h`
#[rustfmt::skip]
pub const POLLFD: &StructSpec = &structure("struct pollfd *", &[
    field("fd", W32, Fd), field("events", W16, Flags(event::POLL)),
    field("revents", W16, Flags(event::POLL))]);

/// `linux/eventpoll.h`, packed on x86-64.
#[rustfmt::skip]
pub const EPOLL_EVENT: &StructSpec = &structure("struct epoll_event *", &[
    field("events", W32, Flags(event::EPOLL)), field("data", Packed64, Hex)]);

/// Arguments of the 32-bit ABI's first `select`, in memory: `fs/select.c`.
#[rustfmt::skip]
pub const OLD_SELECT: &StructSpec = &structure("struct sel_arg_struct *", &[
    field("n", WLong, ULong), field("inp", WPtr, Ptr), field("outp", WPtr, Ptr), field("exp", WPtr, Ptr),
    field("tvp", WPtr, Ptr)]);

/// Arguments of the 32-bit ABI's first `mmap`, in memory: `arch/x86/kernel/sys_ia32.c`.
#[rustfmt::skip]
pub const OLD_MMAP: &StructSpec = &structure("struct mmap_arg_struct *", &[
    field("addr", W32, Hex), field("len", W32, UInt), field("prot", W32, Flags(memory::PROT)),
    field("flags", W32, Flags(memory::MAP)), field("fd", W32, Fd), field("offset", W32, Hex)]);

// Files.

/// `asm/stat.h`
#[rustfmt::skip]
pub const STAT: &StructSpec = &structure_by_abi("struct stat *", &[
    field("st_dev", WLong, UserDev), field("st_ino", WLong, ULong), field("st_nlink", WLong, ULong),
    field("st_mode", W32, Mode), field("st_uid", W32, Uid), field("st_gid", W32, Gid), pad(4),
    field("st_rdev", WLong, UserDev), field("st_size", WLong, Long), field("st_blksize", WLong, Long),
    field("st_blocks", WLong, Long), field("st_atime", WLong, Long), field("st_atime_nsec", WLong, ULong),
    field("st_mtime", WLong, Long), field("st_mtime_nsec", WLong, ULong), field("st_ctime", WLong, Long),
    field("st_ctime_nsec", WLong, ULong)], Ia32::Other(STAT64))
    .main(&["st_mode", "st_size"]);

/// The structure of the 32-bit ABI's `stat64` and its like, which are the event `stat`.
#[rustfmt::skip]
pub const STAT64: &StructSpec = &structure("struct stat64 *", &[
    field("st_dev", W64, UserDev), pad(8), field("st_mode", W32, Mode), field("st_nlink", W32, UInt),
    field("st_uid", WLong, Uid), field("st_gid", WLong, Gid), field("st_rdev", W64, UserDev), pad(4),
    field("st_size", W64, I64), field("st_blksize", WLong, ULong), field("st_blocks", W64, U64),
    field("st_atime", WLong, Long), field("st_atime_nsec", WLong, ULong), field("st_mtime", WLong, Long),
    field("st_mtime_nsec", WLong, ULong), field("st_ctime", WLong, Long), field("st_ctime_nsec", WLong, ULong),
    field("st_ino", W64, U64)])
    .main(&["st_mode", "st_size"]);

/// The structure of the 32-bit ABI's `oldstat` and its like.
#[rustfmt::skip]
pub const OLD_STAT: &StructSpec = &structure("struct __old_kernel_stat *", &[
    field("st_dev", W16, UserDev), field("st_ino", W16, U16), field("st_mode", W16, Mode), field("st_nlink", W16, U16),
    field("st_uid", W16, Uid), field("st_gid", W16, Gid), field("st_rdev", W16, UserDev), field("st_size", W32, UInt),
    field("st_atime", W32, UInt), field("st_mtime", W32, UInt), field("st_ctime", W32, UInt)])
    .main(&["st_mode", "st_size"]);

#[rustfmt::skip]
pub const STATX_TIMESTAMP: &StructSpec = &structure("struct statx_timestamp *", &[
    field("tv_sec", W64, I64), field("tv_nsec", W32, UInt), pad(4)]);

/// `linux/stat.h`, as far as Linux 6.1 has it.
#[rustfmt::skip]
pub const STATX: &StructSpec = &structure("struct statx *", &[
    field("stx_mask", W32, Flags(file::STATX_MASK)), field("stx_blksize", W32, UInt),
    field("stx_attributes", W64, LongFlags(file::STATX_ATTR)), field("stx_nlink", W32, UInt),
    field("stx_uid", W32, Uid), field("stx_gid", W32, Gid), field("stx_mode", W16, Mode), pad(2),
    field("stx_ino", W64, U64), field("stx_size", W64, U64), field("stx_blocks", W64, U64),
    field("stx_attributes_mask", W64, LongFlags(file::STATX_ATTR)), nested("stx_atime", STATX_TIMESTAMP),
    nested("stx_btime", STATX_TIMESTAMP), nested("stx_ctime", STATX_TIMESTAMP), nested("stx_mtime", STATX_TIMESTAMP),
    field("stx_rdev_major", W32, UInt), field("stx_rdev_minor", W32, UInt), field("stx_dev_major", W32, UInt),
    field("stx_dev_minor", W32, UInt), field("stx_mnt_id", W64, Hex), field("stx_dio_mem_align", W32, UInt),
    field("stx_dio_offset_align", W32, UInt)])
    .main(&["stx_mode", "stx_size"]);

/// `asm-generic/statfs.h`
#[rustfmt::skip]
pub const STATFS: &StructSpec = &structure("struct statfs *", &[
    field("f_type", WLong, LongFlags(mount::FS_MAGIC)), field("f_bsize", WLong, Long), field("f_blocks", WLong, ULong),
    field("f_bfree", WLong, ULong), field("f_bavail", WLong, ULong), field("f_files", WLong, ULong),
    field("f_ffree", WLong, ULong), several("f_fsid", 2, W32, Hex), field("f_namelen", WLong, Long),
    field("f_frsize", WLong, Long), field("f_flags", WLong, LongFlags(mount::STATFS))])
    .main(&["f_type", "f_blocks", "f_bavail"]);

/// The structure of the 32-bit ABI's `statfs64`.
#[rustfmt::skip]
pub const STATFS64: &StructSpec = &structure("struct statfs64 *", &[
    field("f_type", W32, Enum(mount::FS_MAGIC)), field("f_bsize", W32, UInt), field("f_blocks", W64, U64),
    field("f_bfree", W64, U64), field("f_bavail", W64, U64), field("f_files", W64, U64), field("f_ffree", W64, U64),
    several("f_fsid", 2, W32, Hex), field("f_namelen", W32, UInt), field("f_frsize", W32, UInt),
    field("f_flags", W32, Flags(mount::STATFS))])
    .main(&["f_type", "f_blocks", "f_bavail"]);

/// `fs/readdir.c`: the head; the name follows.
#[rustfmt::skip]
pub const OLD_DIRENT: &StructSpec = &structure("struct old_linux_dirent *", &[
    field("d_ino", WLong, ULong), field("d_offset", WLong, ULong), field("d_namlen", W16, U16)]);

/// `include/linux/types.h`
#[rustfmt::skip]
pub const USTAT: &StructSpec = &structure("struct ustat *", &[
    field("f_tfree", W32, Int), field("f_tinode", WLong, ULong), chars("f_fname", 6), chars("f_fpack", 6)]);

/// `linux/openat2.h`
#[rustfmt::skip]
pub const OPEN_HOW: &StructSpec = &structure("struct open_how *", &[
    field("flags", W64, LongFlags(file::OPEN)), field("mode", W64, LongFlags(file::MODE)),
    field("resolve", W64, LongFlags(file::RESOLVE))]);

/// `asm-generic/fcntl.h`
#[rustfmt::skip]
pub const FLOCK: &StructSpec = &structure("struct flock *", &[
    field("l_type", W16, Enum(file::LOCK_TYPE)), field("l_whence", W16, Enum(file::SEEK)),
    field("l_start", WLong, Long), field("l_len", WLong, Long), field("l_pid", W32, Pid)]);

/// The structure of `F_*LK64` and `F_OFD_*`, whose offsets have 64 bits in both ABIs.
#[rustfmt::skip]
pub const FLOCK64: &StructSpec = &structure("struct flock64 *", &[
    field("l_type", W16, Enum(file::LOCK_TYPE)), field("l_whence", W16, Enum(file::SEEK)),
    field("l_start", W64, I64), field("l_len", W64, I64), field("l_pid", W32, Pid)]);

#[rustfmt::skip]
pub const F_OWNER_EX: &StructSpec = &structure("struct f_owner_ex *", &[
    field("type", W32, Enum(file::OWNER)), field("pid", W32, Pid)]);

/// `include/linux/exportfs.h`: the head; what follows is the file system's own.
#[rustfmt::skip]
pub const FILE_HANDLE: &StructSpec = &structure("struct file_handle *", &[
    field("handle_bytes", W32, UInt), field("handle_type", W32, Int)]);

/// `linux/fs.h`
#[rustfmt::skip]
pub const FILE_ATTR: &StructSpec = &structure("struct file_attr *", &[
    field("fa_xflags", W64, LongFlags(file::XFLAGS)), field("fa_extsize", W32, UInt),
    field("fa_nextents", W32, UInt), field("fa_projid", W32, UInt), field("fa_cowextsize", W32, UInt)]);

/// `linux/xattr.h`
#[rustfmt::skip]
pub const XATTR_ARGS: &StructSpec = &structure("struct xattr_args *", &[
    field("value", W64, Ptr), field("size", W32, UInt), field("flags", W32, Flags(file::XATTR))]);

/// `linux/mman.h`
#[rustfmt::skip]
pub const CACHESTAT_RANGE: &StructSpec = &structure("struct cachestat_range *", &[
    field("off", W64, U64), field("len", W64, U64)]);

#[rustfmt::skip]
pub const CACHESTAT: &StructSpec = &structure("struct cachestat *", &[
    field("nr_cache", W64, U64), field("nr_dirty", W64, U64), field("nr_writeback", W64, U64),
    field("nr_evicted", W64, U64), field("nr_recently_evicted", W64, U64)]);

/// `linux/mount.h`
#[rustfmt::skip]
pub const MOUNT_ATTR: &StructSpec = &structure("struct mount_attr *", &[
    field("attr_set", W64, LongFlags(mount::MOUNT_ATTR)), field("attr_clr", W64, LongFlags(mount::MOUNT_ATTR)),
    field("propagation", W64, LongFlags(mount::MOUNT)), field("userns_fd", W64, Fd)]);

#[rustfmt::skip]
pub const MNT_ID_REQ: &StructSpec = &structure("struct mnt_id_req *", &[
    field("size", W32, UInt), field("mnt_ns_fd", W32, Fd), field("mnt_id", W64, Hex), field("param", W64, Hex)]);

/// Without its texts, at which some fields are offsets.
#[rustfmt::skip]
pub const STATMOUNT: &StructSpec = &structure("struct statmount *", &[
    field("size", W32, UInt), field("mnt_opts", W32, UInt), field("mask", W64, Hex), field("sb_dev_major", W32, UInt),
    field("sb_dev_minor", W32, UInt), field("sb_magic", W64, LongFlags(mount::FS_MAGIC)),
    field("sb_flags", W32, Flags(mount::MOUNT)), field("fs_type", W32, UInt), field("mnt_id", W64, Hex),
    field("mnt_parent_id", W64, Hex), field("mnt_id_old", W32, UInt), field("mnt_parent_id_old", W32, UInt),
    field("mnt_attr", W64, LongFlags(mount::MOUNT_ATTR)), field("mnt_propagation", W64, LongFlags(mount::MOUNT)),
    field("mnt_peer_group", W64, U64), field("mnt_master", W64, U64), field("propagate_from", W64, U64),
    field("mnt_root", W32, UInt), field("mnt_point", W32, UInt)]);

/// `linux/nsfs.h`
#[rustfmt::skip]
pub const NS_ID_REQ: &StructSpec = &structure("struct ns_id_req *", &[
    field("size", W32, UInt), pad(4), field("ns_id", W64, U64), field("ns_type", W32, Flags(process::CLONE)), pad(4),
    field("user_ns_id", W64, U64)]);

/// `linux/quota.h`
#[rustfmt::skip]
pub const IF_DQBLK: &StructSpec = &structure("struct if_dqblk *", &[
    field("dqb_bhardlimit", W64, U64), field("dqb_bsoftlimit", W64, U64), field("dqb_curspace", W64, U64),
    field("dqb_ihardlimit", W64, U64), field("dqb_isoftlimit", W64, U64), field("dqb_curinodes", W64, U64),
    field("dqb_btime", W64, U64), field("dqb_itime", W64, U64), field("dqb_valid", W32, Flags(mount::QUOTA_VALID))]);

#[rustfmt::skip]
pub const IF_DQINFO: &StructSpec = &structure("struct if_dqinfo *", &[
    field("dqi_bgrace", W64, U64), field("dqi_igrace", W64, U64),
    field("dqi_flags", W32, Flags(mount::QUOTA_INFO)), field("dqi_valid", W32, Flags(mount::QUOTA_INFO_VALID))]);

// Asynchronous files.

/// `linux/aio_abi.h`
#[rustfmt::skip]
pub const IOCB: &StructSpec = &structure("struct iocb *", &[
    field("aio_data", W64, Hex), field("aio_key", W32, UInt), field("aio_rw_flags", W32, Flags(file::RWF)),
    field("aio_lio_opcode", W16, Enum(file::AIO_OP)), field("aio_reqprio", W16, I16), field("aio_fildes", W32, Fd),
    field("aio_buf", W64, Ptr), field("aio_nbytes", W64, U64), field("aio_offset", W64, I64), pad(8),
    field("aio_flags", W32, Flags(file::AIO_FLAGS)), field("aio_resfd", W32, Fd)]);

#[rustfmt::skip]
pub const IO_EVENT: &StructSpec = &structure("struct io_event *", &[
    field("data", W64, Hex), field("obj", W64, Ptr), field("res", W64, I64), field("res2", W64, I64)]);

#[rustfmt::skip]
pub const IO_SQRING_OFFSETS: &StructSpec = &structure("struct io_sqring_offsets *", &[
    field("head", W32, UInt), field("tail", W32, UInt), field("ring_mask", W32, UInt), field("ring_entries", W32, UInt),
    field("flags", W32, UInt), field("dropped", W32, UInt), field("array", W32, UInt), pad(12)]);

#[rustfmt::skip]
pub const IO_CQRING_OFFSETS: &StructSpec = &structure("struct io_cqring_offsets *", &[
    field("head", W32, UInt), field("tail", W32, UInt), field("ring_mask", W32, UInt), field("ring_entries", W32, UInt),
    field("overflow", W32, UInt), field("cqes", W32, UInt), field("flags", W32, UInt), pad(12)]);

/// `linux/io_uring.h`
#[rustfmt::skip]
pub const IO_URING_PARAMS: &StructSpec = &structure("struct io_uring_params *", &[
    field("sq_entries", W32, UInt), field("cq_entries", W32, UInt), field("flags", W32, Flags(io_uring::SETUP)),
    field("sq_thread_cpu", W32, UInt), field("sq_thread_idle", W32, UInt),
    field("features", W32, Flags(io_uring::FEATURES)), field("wq_fd", W32, Fd), pad(12),
    nested("sq_off", IO_SQRING_OFFSETS), nested("cq_off", IO_CQRING_OFFSETS)])
    .main(&["sq_entries", "cq_entries", "flags"]);

#[rustfmt::skip]
pub const IO_URING_GETEVENTS_ARG: &StructSpec = &structure("struct io_uring_getevents_arg *", &[
    field("sigmask", W64, Ptr), field("sigmask_sz", W32, UInt), pad(4), field("ts", W64, Ptr)]);

// Processes.

/// `linux/sched.h`
#[rustfmt::skip]
pub const CLONE_ARGS: &StructSpec = &structure("struct clone_args *", &[
    field("flags", W64, LongFlags(process::CLONE_FLAGS)), field("pidfd", W64, Ptr), field("child_tid", W64, Ptr),
    field("parent_tid", W64, Ptr), field("exit_signal", W64, Signal), field("stack", W64, Ptr),
    field("stack_size", W64, Hex), field("tls", W64, Ptr), field("set_tid", W64, Ptr), field("set_tid_size", W64, U64),
    field("cgroup", W64, U64)])
    .main(&["flags", "exit_signal"]);

/// `include/linux/sched/types.h`
#[rustfmt::skip]
pub const SCHED_PARAM: &StructSpec = &structure("struct sched_param *", &[field("sched_priority", W32, Int)]);

/// `linux/sched/types.h`: its first version.
#[rustfmt::skip]
pub const SCHED_ATTR: &StructSpec = &structure("struct sched_attr *", &[
    field("size", W32, UInt), field("sched_policy", W32, Enum(process::SCHED_POLICY)),
    field("sched_flags", W64, LongFlags(process::SCHED_ATTR)), field("sched_nice", W32, Int),
    field("sched_priority", W32, UInt), field("sched_runtime", W64, U64), field("sched_deadline", W64, U64),
    field("sched_period", W64, U64)]);

/// `linux/capability.h`
#[rustfmt::skip]
pub const CAP_HEADER: &StructSpec = &structure("cap_user_header_t", &[
    field("version", W32, Flags(security::CAP_VERSION)), field("pid", W32, Pid)]);

/// The two `struct __user_cap_data_struct` of version 3: capabilities 0 to 31, then 32 to 63.
#[rustfmt::skip]
pub const CAP_DATA: &StructSpec = &structure("cap_user_data_t", &[
    field("effective", W32, Flags(security::CAPS)), field("permitted", W32, Flags(security::CAPS)),
    field("inheritable", W32, Flags(security::CAPS)), field("effective_high", W32, Flags(security::CAPS_HIGH)),
    field("permitted_high", W32, Flags(security::CAPS_HIGH)), field("inheritable_high", W32, Flags(security::CAPS_HIGH))]);

/// `asm/ldt.h`; its last word holds bit fields.
#[rustfmt::skip]
pub const USER_DESC: &StructSpec = &structure("struct user_desc *", &[
    field("entry_number", W32, Int), field("base_addr", W32, Hex), field("limit", W32, Hex),
    field("flags", W32, Flags(memory::USER_DESC))]);

/// `linux/filter.h`
#[rustfmt::skip]
pub const SOCK_FPROG: &StructSpec = &structure("struct sock_fprog *", &[
    field("len", W16, U16), field("filter", WPtr, Ptr)]);

/// `linux/seccomp.h`
#[rustfmt::skip]
pub const SECCOMP_NOTIF_SIZES: &StructSpec = &structure("struct seccomp_notif_sizes *", &[
    field("seccomp_notif", W16, U16), field("seccomp_notif_resp", W16, U16), field("seccomp_data", W16, U16)]);

/// `linux/landlock.h`
#[rustfmt::skip]
pub const LANDLOCK_RULESET_ATTR: &StructSpec = &structure("struct landlock_ruleset_attr *", &[
    field("handled_access_fs", W64, LongFlags(security::LANDLOCK_FS)),
    field("handled_access_net", W64, LongFlags(security::LANDLOCK_NET)),
    field("scoped", W64, LongFlags(security::LANDLOCK_SCOPE))]);

/// Packed.
#[rustfmt::skip]
pub const LANDLOCK_PATH_BENEATH: &StructSpec = &structure("struct landlock_path_beneath_attr *", &[
    field("allowed_access", Packed64, LongFlags(security::LANDLOCK_FS)), field("parent_fd", W32, Fd)]);

#[rustfmt::skip]
pub const LANDLOCK_NET_PORT: &StructSpec = &structure("struct landlock_net_port_attr *", &[
    field("allowed_access", W64, LongFlags(security::LANDLOCK_NET)), field("port", W64, U64)]);

/// `linux/lsm.h`: the head.
#[rustfmt::skip]
pub const LSM_CTX: &StructSpec = &structure("struct lsm_ctx *", &[
    field("id", W64, LongFlags(security::LSM_ID)), field("flags", W64, Hex), field("len", W64, U64),
    field("ctx_len", W64, U64)]);

/// `linux/kexec.h`
#[rustfmt::skip]
pub const KEXEC_SEGMENT: &StructSpec = &structure("struct kexec_segment *", &[
    field("buf", WPtr, Ptr), field("bufsz", WPtr, Size), field("mem", WPtr, Ptr), field("memsz", WPtr, Size)]);

/// `linux/perf_event.h`: its first version; `flags` are bit fields there.
#[rustfmt::skip]
pub const PERF_EVENT_ATTR: &StructSpec = &structure("struct perf_event_attr *", &[
    field("type", W32, Enum(system::PERF_TYPE)), field("size", W32, UInt), field("config", W64, Hex),
    field("sample_period", W64, U64), field("sample_type", W64, LongFlags(system::PERF_SAMPLE)),
    field("read_format", W64, LongFlags(system::PERF_FORMAT)), field("flags", W64, LongFlags(system::PERF_ATTR)),
    field("wakeup_events", W32, UInt), field("bp_type", W32, UInt), field("config1", W64, Hex)])
    .main(&["type", "config", "sample_period"]);

/// `linux/futex.h`
#[rustfmt::skip]
pub const FUTEX_WAITV: &StructSpec = &structure("struct futex_waitv *", &[
    field("val", W64, U64), field("uaddr", W64, Ptr), field("flags", W32, Flags(ipc::FUTEX2)), pad(4)]);

/// `linux/uio.h`
#[rustfmt::skip]
pub const IOVEC: &StructSpec = &structure("struct iovec *", &[
    field("iov_base", WPtr, Ptr), field("iov_len", WPtr, Size)]);

/// `arch/x86/include/asm/user_64.h`; not those of a 32-bit tracer.
#[rustfmt::skip]
pub const USER_REGS: &StructSpec = &structure_by_abi("struct user_regs_struct *", &[
    field("r15", WLong, Hex), field("r14", WLong, Hex), field("r13", WLong, Hex), field("r12", WLong, Hex),
    field("rbp", WLong, Hex), field("rbx", WLong, Hex), field("r11", WLong, Hex), field("r10", WLong, Hex),
    field("r9", WLong, Hex), field("r8", WLong, Hex), field("rax", WLong, Hex), field("rcx", WLong, Hex),
    field("rdx", WLong, Hex), field("rsi", WLong, Hex), field("rdi", WLong, Hex), field("orig_rax", WLong, Hex),
    field("rip", WLong, Hex), field("cs", WLong, Hex), field("eflags", WLong, Hex), field("rsp", WLong, Hex),
    field("ss", WLong, Hex), field("fs_base", WLong, Hex), field("gs_base", WLong, Hex), field("ds", WLong, Hex),
    field("es", WLong, Hex), field("fs", WLong, Hex), field("gs", WLong, Hex)], Ia32::Unread);

// System V and POSIX IPC.

/// `linux/sem.h`
#[rustfmt::skip]
pub const SEMBUF: &StructSpec = &structure("struct sembuf *", &[
    field("sem_num", W16, U16), field("sem_op", W16, I16), field("sem_flg", W16, Flags(ipc::SEMOP))]);

/// `asm-generic/ipcbuf.h`
#[rustfmt::skip]
pub const IPC_PERM: &StructSpec = &structure("struct ipc64_perm *", &[
    field("key", W32, Enum(ipc::IPC_KEY)), field("uid", W32, Uid), field("gid", W32, Gid), field("cuid", W32, Uid),
    field("cgid", W32, Gid), field("mode", W32, Mode), field("seq", W16, U16), pad(22)]);

/// `asm/sembuf.h`
#[rustfmt::skip]
pub const SEMID_DS: &StructSpec = &structure_by_abi("struct semid64_ds *", &[
    nested("sem_perm", IPC_PERM), field("sem_otime", WLong, Long), pad(8), field("sem_ctime", WLong, Long), pad(8),
    field("sem_nsems", WLong, ULong)], Ia32::Unread);

#[rustfmt::skip]
pub const SEMINFO: &StructSpec = &structure("struct seminfo *", &[
    field("semmap", W32, Int), field("semmni", W32, Int), field("semmns", W32, Int), field("semmnu", W32, Int),
    field("semmsl", W32, Int), field("semopm", W32, Int), field("semume", W32, Int), field("semusz", W32, Int),
    field("semvmx", W32, Int), field("semaem", W32, Int)]);

/// `asm-generic/shmbuf.h`
#[rustfmt::skip]
pub const SHMID_DS: &StructSpec = &structure_by_abi("struct shmid64_ds *", &[
    nested("shm_perm", IPC_PERM), field("shm_segsz", WPtr, Size), field("shm_atime", WLong, Long),
    field("shm_dtime", WLong, Long), field("shm_ctime", WLong, Long), field("shm_cpid", W32, Pid),
    field("shm_lpid", W32, Pid), field("shm_nattch", WLong, ULong)], Ia32::Unread);

#[rustfmt::skip]
pub const SHMINFO: &StructSpec = &structure_by_abi("struct shminfo64 *", &[
    field("shmmax", WLong, ULong), field("shmmin", WLong, ULong), field("shmmni", WLong, ULong),
    field("shmseg", WLong, ULong), field("shmall", WLong, ULong)], Ia32::Unread);

#[rustfmt::skip]
pub const SHM_INFO: &StructSpec = &structure("struct shm_info *", &[
    field("used_ids", W32, Int), field("shm_tot", WLong, ULong), field("shm_rss", WLong, ULong),
    field("shm_swp", WLong, ULong), field("swap_attempts", WLong, ULong), field("swap_successes", WLong, ULong)]);

/// `asm-generic/msgbuf.h`
#[rustfmt::skip]
pub const MSQID_DS: &StructSpec = &structure_by_abi("struct msqid64_ds *", &[
    nested("msg_perm", IPC_PERM), field("msg_stime", WLong, Long), field("msg_rtime", WLong, Long),
    field("msg_ctime", WLong, Long), field("msg_cbytes", WLong, ULong), field("msg_qnum", WLong, ULong),
    field("msg_qbytes", WLong, ULong), field("msg_lspid", W32, Pid), field("msg_lrpid", W32, Pid)], Ia32::Unread);

#[rustfmt::skip]
pub const MSGINFO: &StructSpec = &structure("struct msginfo *", &[
    field("msgpool", W32, Int), field("msgmap", W32, Int), field("msgmax", W32, Int), field("msgmnb", W32, Int),
    field("msgmni", W32, Int), field("msgssz", W32, Int), field("msgtql", W32, Int), field("msgseg", W16, U16)]);

/// `linux/msg.h`: the head; the text follows.
#[rustfmt::skip]
pub const MSGBUF: &StructSpec = &structure("struct msgbuf *", &[field("mtype", WLong, Long)]);

/// `linux/mqueue.h`
#[rustfmt::skip]
pub const MQ_ATTR: &StructSpec = &structure("struct mq_attr *", &[
    field("mq_flags", WLong, LongFlags(file::PIPE)), field("mq_maxmsg", WLong, Long),
    field("mq_msgsize", WLong, Long), field("mq_curmsgs", WLong, Long)]);

// Sockets.

/// `struct user_msghdr` of `linux/socket.h`
#[rustfmt::skip]
pub const MSGHDR: &StructSpec = &structure("struct msghdr *", &[
    field("msg_name", WPtr, Ptr), field("msg_namelen", W32, Int), field("msg_iov", WPtr, Ptr),
    field("msg_iovlen", WPtr, Size), field("msg_control", WPtr, Ptr), field("msg_controllen", WPtr, Size),
    field("msg_flags", W32, Flags(socket::MSG))]);

/// `linux/socket.h`
#[rustfmt::skip]
pub const CMSGHDR: &StructSpec = &structure("struct cmsghdr *", &[
    field("cmsg_len", WPtr, Size), field("cmsg_level", W32, Enum(sockopt::LEVEL)),
    field("cmsg_type", W32, Int)]);

#[rustfmt::skip]
pub const MMSGHDR: &StructSpec = &structure("struct mmsghdr *", &[
    nested("msg_hdr", MSGHDR), field("msg_len", W32, UInt)]);

// Terminals.

/// `asm-generic/termios.h`
#[rustfmt::skip]
pub const WINSIZE: &StructSpec = &structure("struct winsize *", &[
    field("ws_row", W16, U16), field("ws_col", W16, U16), field("ws_xpixel", W16, U16), field("ws_ypixel", W16, U16)]);

/// `asm-generic/termbits.h`: the kernel's, which is shorter than the C library's.
#[rustfmt::skip]
pub const TERMIOS: &StructSpec = &structure("struct termios *", &[
    field("c_iflag", W32, Flags(tty::IFLAG)), field("c_oflag", W32, Flags(tty::OFLAG)),
    field("c_cflag", W32, Flags(tty::CFLAG)), field("c_lflag", W32, Flags(tty::LFLAG)),
    field("c_line", W8, Enum(tty::LINE)), bytes("c_cc", 19)]);

#[rustfmt::skip]
pub const TERMIOS2: &StructSpec = &structure("struct termios2 *", &[
    field("c_iflag", W32, Flags(tty::IFLAG)), field("c_oflag", W32, Flags(tty::OFLAG)),
    field("c_cflag", W32, Flags(tty::CFLAG)), field("c_lflag", W32, Flags(tty::LFLAG)),
    field("c_line", W8, Enum(tty::LINE)), bytes("c_cc", 19), field("c_ispeed", W32, UInt),
    field("c_ospeed", W32, UInt)])
    .main(&["c_lflag"]);

// `union bpf_attr` of `linux/bpf.h`: a part each. Its 64-bit fields are aligned to 8 in every ABI.

#[rustfmt::skip]
pub const BPF_MAP_CREATE: &StructSpec = &structure("union bpf_attr *", &[
    field("map_type", W32, Enum(bpf::MAP_TYPE)), field("key_size", W32, UInt), field("value_size", W32, UInt),
    field("max_entries", W32, UInt), field("map_flags", W32, Flags(bpf::MAP_FLAGS)),
    field("inner_map_fd", W32, Fd), field("numa_node", W32, UInt), chars("map_name", 16),
    field("map_ifindex", W32, UInt), field("btf_fd", W32, Fd), field("btf_key_type_id", W32, UInt),
    field("btf_value_type_id", W32, UInt), field("btf_vmlinux_value_type_id", W32, UInt),
    field("map_extra", W64, Hex)])
    .main(&["map_type", "max_entries", "map_name"]);

#[rustfmt::skip]
pub const BPF_MAP_ELEM: &StructSpec = &structure("union bpf_attr *", &[
    field("map_fd", W32, Fd), pad(4), field("key", W64, Ptr), field("value", W64, Ptr),
    field("flags", W64, LongFlags(bpf::ELEM_FLAGS))]);

#[rustfmt::skip]
pub const BPF_MAP_NEXT_KEY: &StructSpec = &structure("union bpf_attr *", &[
    field("map_fd", W32, Fd), pad(4), field("key", W64, Ptr), field("next_key", W64, Ptr)]);

#[rustfmt::skip]
pub const BPF_MAP_DELETE: &StructSpec = &structure("union bpf_attr *", &[
    field("map_fd", W32, Fd), pad(4), field("key", W64, Ptr)]);

#[rustfmt::skip]
pub const BPF_MAP_FREEZE: &StructSpec = &structure("union bpf_attr *", &[field("map_fd", W32, Fd)]);

#[rustfmt::skip]
pub const BPF_MAP_BATCH: &StructSpec = &structure("union bpf_attr *", &[
    field("in_batch", W64, Ptr), field("out_batch", W64, Ptr), field("keys", W64, Ptr), field("values", W64, Ptr),
    field("count", W32, UInt), field("map_fd", W32, Fd), field("elem_flags", W64, LongFlags(bpf::ELEM_FLAGS)),
    field("flags", W64, Hex)]);

#[rustfmt::skip]
pub const BPF_PROG_LOAD: &StructSpec = &structure("union bpf_attr *", &[
    field("prog_type", W32, Enum(bpf::PROG_TYPE)), field("insn_cnt", W32, UInt), field("insns", W64, Ptr),
    field("license", W64, Ptr), field("log_level", W32, UInt), field("log_size", W32, UInt), field("log_buf", W64, Ptr),
    field("kern_version", W32, Hex), field("prog_flags", W32, Flags(bpf::PROG_FLAGS)), chars("prog_name", 16),
    field("prog_ifindex", W32, UInt), field("expected_attach_type", W32, Enum(bpf::ATTACH_TYPE)),
    field("prog_btf_fd", W32, Fd), field("func_info_rec_size", W32, UInt), field("func_info", W64, Ptr),
    field("func_info_cnt", W32, UInt), field("line_info_rec_size", W32, UInt), field("line_info", W64, Ptr),
    field("line_info_cnt", W32, UInt), field("attach_btf_id", W32, UInt), field("attach_prog_fd", W32, Fd),
    field("core_relo_cnt", W32, UInt), field("fd_array", W64, Ptr), field("core_relos", W64, Ptr),
    field("core_relo_rec_size", W32, UInt)])
    .main(&["prog_type", "insn_cnt", "prog_name"]);

#[rustfmt::skip]
pub const BPF_OBJ: &StructSpec = &structure("union bpf_attr *", &[
    field("pathname", W64, Ptr), field("bpf_fd", W32, Fd), field("file_flags", W32, Flags(bpf::FILE_FLAGS))]);

#[rustfmt::skip]
pub const BPF_PROG_ATTACH: &StructSpec = &structure("union bpf_attr *", &[
    field("target_fd", W32, Fd), field("attach_bpf_fd", W32, Fd),
    field("attach_type", W32, Enum(bpf::ATTACH_TYPE)), field("attach_flags", W32, Flags(bpf::ATTACH_FLAGS)),
    field("replace_bpf_fd", W32, Fd)]);

#[rustfmt::skip]
pub const BPF_PROG_TEST_RUN: &StructSpec = &structure("union bpf_attr *", &[
    field("prog_fd", W32, Fd), field("retval", W32, UInt), field("data_size_in", W32, UInt),
    field("data_size_out", W32, UInt), field("data_in", W64, Ptr), field("data_out", W64, Ptr),
    field("repeat", W32, UInt), field("duration", W32, UInt), field("ctx_size_in", W32, UInt),
    field("ctx_size_out", W32, UInt), field("ctx_in", W64, Ptr), field("ctx_out", W64, Ptr), field("flags", W32, Hex),
    field("cpu", W32, UInt)]);

#[rustfmt::skip]
pub const BPF_NEXT_ID: &StructSpec = &structure("union bpf_attr *", &[
    field("start_id", W32, UInt), field("next_id", W32, UInt), field("open_flags", W32, Flags(bpf::FILE_FLAGS))]);

#[rustfmt::skip]
pub const BPF_PROG_ID: &StructSpec = &structure("union bpf_attr *", &[
    field("prog_id", W32, UInt), pad(4), field("open_flags", W32, Flags(bpf::FILE_FLAGS))]);

#[rustfmt::skip]
pub const BPF_MAP_ID: &StructSpec = &structure("union bpf_attr *", &[
    field("map_id", W32, UInt), pad(4), field("open_flags", W32, Flags(bpf::FILE_FLAGS))]);

#[rustfmt::skip]
pub const BPF_BTF_ID: &StructSpec = &structure("union bpf_attr *", &[field("btf_id", W32, UInt)]);

#[rustfmt::skip]
pub const BPF_LINK_ID: &StructSpec = &structure("union bpf_attr *", &[field("link_id", W32, UInt)]);

#[rustfmt::skip]
pub const BPF_OBJ_INFO: &StructSpec = &structure("union bpf_attr *", &[
    field("bpf_fd", W32, Fd), field("info_len", W32, UInt), field("info", W64, Ptr)]);

#[rustfmt::skip]
pub const BPF_PROG_QUERY: &StructSpec = &structure("union bpf_attr *", &[
    field("target_fd", W32, Fd), field("attach_type", W32, Enum(bpf::ATTACH_TYPE)),
    field("query_flags", W32, Flags(bpf::QUERY_FLAGS)), field("attach_flags", W32, Flags(bpf::ATTACH_FLAGS)),
    field("prog_ids", W64, Ptr), field("prog_cnt", W32, UInt)]);

#[rustfmt::skip]
pub const BPF_RAW_TRACEPOINT: &StructSpec = &structure("union bpf_attr *", &[
    field("name", W64, Ptr), field("prog_fd", W32, Fd)]);

#[rustfmt::skip]
pub const BPF_BTF_LOAD: &StructSpec = &structure("union bpf_attr *", &[
    field("btf", W64, Ptr), field("btf_log_buf", W64, Ptr), field("btf_size", W32, UInt),
    field("btf_log_size", W32, UInt), field("btf_log_level", W32, UInt)]);

#[rustfmt::skip]
pub const BPF_TASK_FD_QUERY: &StructSpec = &structure("union bpf_attr *", &[
    field("pid", W32, Pid), field("fd", W32, UInt), field("flags", W32, UInt), field("buf_len", W32, UInt),
    field("buf", W64, Ptr), field("prog_id", W32, UInt), field("fd_type", W32, Enum(bpf::FD_TYPE)),
    field("probe_offset", W64, Hex), field("probe_addr", W64, Hex)]);

#[rustfmt::skip]
pub const BPF_LINK_CREATE: &StructSpec = &structure("union bpf_attr *", &[
    field("prog_fd", W32, Fd), field("target_fd", W32, Fd), field("attach_type", W32, Enum(bpf::ATTACH_TYPE)),
    field("flags", W32, Flags(bpf::ATTACH_FLAGS))]);

#[rustfmt::skip]
pub const BPF_LINK_UPDATE: &StructSpec = &structure("union bpf_attr *", &[
    field("link_fd", W32, Fd), field("new_prog_fd", W32, Fd), field("flags", W32, Flags(bpf::ATTACH_FLAGS)),
    field("old_prog_fd", W32, Fd)]);

#[rustfmt::skip]
pub const BPF_LINK_DETACH: &StructSpec = &structure("union bpf_attr *", &[field("link_fd", W32, Fd)]);

#[rustfmt::skip]
pub const BPF_ENABLE_STATS: &StructSpec = &structure("union bpf_attr *", &[
    field("type", W32, Enum(bpf::STATS))]);

#[rustfmt::skip]
pub const BPF_ITER_CREATE: &StructSpec = &structure("union bpf_attr *", &[
    field("link_fd", W32, Fd), field("flags", W32, UInt)]);

#[rustfmt::skip]
pub const BPF_PROG_BIND_MAP: &StructSpec = &structure("union bpf_attr *", &[
    field("prog_fd", W32, Fd), field("map_fd", W32, Fd), field("flags", W32, UInt)]);
