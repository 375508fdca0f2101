//! Every structure of the catalogue against a C compiler: sizes and offsets, native and 32-bit.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use super::super::spec::{Field, FieldType, Ia32, Layout, StructSpec};
use super::super::structs::*;
use super::super::{events, ArgType};

/// Where C has a structure.
#[derive(Clone, Copy, PartialEq)]
enum Source {
    /// The headers for programs, compiled for both ABIs, or for one.
    Uapi,
    UapiNative,
    UapiIa32,
    /// `vmlinux.h`, which has types that are in no header; its `compat_*` are those of 32-bit programs.
    Kernel,
    KernelIa32,
}
use Source::*;

/// Whether a row has a structure up to its end.
#[derive(Clone, Copy, PartialEq)]
enum Extent {
    Whole,
    Head,
}
use Extent::*;

/// What C calls the fields.
#[derive(Clone, Copy)]
enum Names {
    Ours,
    /// They are members of this one.
    Within(&'static str),
    /// (ours, C's); an empty one is no field to C.
    Some(&'static [(&'static str, &'static str)]),
}
use Names::{Ours, Within};

type Truth = (&'static StructSpec, &'static str, Source, Extent, Names);

const HEADERS: &str = "linux/types.h linux/time.h linux/utime.h linux/times.h linux/timex.h linux/resource.h \
    linux/sysinfo.h linux/utsname.h asm/signal.h asm/siginfo.h asm/poll.h linux/eventpoll.h asm/stat.h linux/stat.h \
    asm/statfs.h linux/openat2.h linux/fcntl.h linux/mount.h linux/quota.h linux/aio_abi.h linux/io_uring.h \
    linux/sched.h linux/sched/types.h linux/capability.h asm/ldt.h linux/filter.h linux/seccomp.h linux/landlock.h \
    linux/kexec.h linux/perf_event.h linux/futex.h linux/uio.h linux/sem.h linux/shm.h linux/msg.h linux/mqueue.h \
    asm/termios.h linux/bpf.h";

/// Structures that no header in use has.
const OWN: &str = "
struct own_sigset_arg { void *p; __kernel_size_t size; };
struct own_cap_data { struct __user_cap_data_struct low, high; };
struct own_xattr_args { __aligned_u64 value; __u32 size, flags; };
struct own_file_attr { __u64 fa_xflags; __u32 fa_extsize, fa_nextents, fa_projid, fa_cowextsize; };
struct own_ns_id_req { __u32 size, spare; __u64 ns_id; struct { __u32 ns_type, spare2; __u64 user_ns_id; }; };
";

const CAP_DATA_NAMES: &[(&str, &str)] = &[
    ("effective", "low.effective"),
    ("permitted", "low.permitted"),
    ("inheritable", "low.inheritable"),
    ("effective_high", "high.effective"),
    ("permitted_high", "high.permitted"),
    ("inheritable_high", "high.inheritable"),
];

/// The kernel leaves out the `r` and `e` of registers.
const REGISTERS: &[(&str, &str)] = &[
    ("rbp", "bp"),
    ("rbx", "bx"),
    ("rax", "ax"),
    ("rcx", "cx"),
    ("rdx", "dx"),
    ("rsi", "si"),
    ("rdi", "di"),
    ("orig_rax", "orig_ax"),
    ("rip", "ip"),
    ("eflags", "flags"),
    ("rsp", "sp"),
];

const BIT_FIELDS: Names = Names::Some(&[("flags", "")]);
const BPF: &str = "union bpf_attr";

#[rustfmt::skip]
const TRUTH: &[Truth] = &[
    (TIMESPEC, "struct timespec", Uapi, Whole, Ours), (UTIMENS_ONE, "struct timespec", Uapi, Whole, Ours),
    (TIMEVAL, "struct timeval", Uapi, Whole, Ours), (TIMEZONE, "struct timezone", Uapi, Whole, Ours),
    (ITIMERVAL, "struct itimerval", Uapi, Whole, Ours), (ITIMERSPEC, "struct itimerspec", Uapi, Whole, Ours),
    (UTIMBUF, "struct utimbuf", Uapi, Whole, Ours), (TMS, "struct tms", Uapi, Whole, Ours),
    (TIMEX, "struct timex", Uapi, Head, Ours), (RUSAGE, "struct rusage", Uapi, Whole, Ours),
    (RLIMIT, "struct rlimit", Uapi, Whole, Ours), (RLIMIT64, "struct rlimit64", Uapi, Whole, Ours),
    (SYSINFO, "struct sysinfo", Uapi, Head, Ours), (UTSNAME, "struct new_utsname", Uapi, Whole, Ours),
    (OLD_UTSNAME, "struct old_utsname", Uapi, Whole, Ours),
    (OLDOLD_UTSNAME, "struct oldold_utsname", Uapi, Whole, Ours),
    (SIGACTION, "struct sigaction", UapiNative, Whole, Ours),
    (SIGACTION, "struct compat_sigaction", KernelIa32, Whole, Ours),
    (OLD_SIGACTION, "struct compat_old_sigaction", KernelIa32, Whole, Ours), (STACK, "stack_t", Uapi, Whole, Ours),
    (SIGINFO, "siginfo_t", Uapi, Head, Ours), (SIGINFO_CHILD, "siginfo_t", Uapi, Head, Ours),
    (SIGEVENT, "struct sigevent", Uapi, Head, Ours), (SIGSET_ARG, "struct own_sigset_arg", Uapi, Whole, Ours),
    (POLLFD, "struct pollfd", Uapi, Whole, Ours), (EPOLL_EVENT, "struct epoll_event", Uapi, Whole, Ours),
    (OLD_SELECT, "struct compat_sel_arg_struct", KernelIa32, Whole, Ours),
    (OLD_MMAP, "struct mmap_arg_struct32", KernelIa32, Whole, Ours),
    (STAT, "struct stat", UapiNative, Head, Ours), (STAT64, "struct stat64", UapiIa32, Whole, Ours),
    (OLD_STAT, "struct __old_kernel_stat", UapiIa32, Whole, Ours),
    (STATX, "struct statx", Uapi, Head, Ours), (STATX_TIMESTAMP, "struct statx_timestamp", Uapi, Whole, Ours),
    (STATFS, "struct statfs", Uapi, Head, Ours), (STATFS64, "struct statfs64", UapiIa32, Head, Ours),
    (USTAT, "struct ustat", Kernel, Whole, Ours), (OPEN_HOW, "struct open_how", Uapi, Whole, Ours),
    (FLOCK, "struct flock", Uapi, Whole, Ours), (FLOCK64, "struct flock64", Uapi, Whole, Ours),
    (F_OWNER_EX, "struct f_owner_ex", Uapi, Whole, Ours), (FILE_HANDLE, "struct file_handle", Kernel, Head, Ours),
    (FILE_ATTR, "struct own_file_attr", Uapi, Whole, Ours), (XATTR_ARGS, "struct own_xattr_args", Uapi, Whole, Ours),
    (CACHESTAT_RANGE, "struct cachestat_range", Kernel, Whole, Ours),
    (CACHESTAT, "struct cachestat", Kernel, Whole, Ours), (MOUNT_ATTR, "struct mount_attr", Uapi, Whole, Ours),
    (MNT_ID_REQ, "struct mnt_id_req", Kernel, Head, Ours), (NS_ID_REQ, "struct own_ns_id_req", Uapi, Whole, Ours),
    (STATMOUNT, "struct statmount", Kernel, Head, Ours),
    (OLD_DIRENT, "struct old_linux_dirent", Kernel, Head, Ours),
    (OLD_DIRENT, "struct compat_old_linux_dirent", KernelIa32, Head, Ours),
    (IF_DQBLK, "struct if_dqblk", Uapi, Whole, Ours), (IF_DQINFO, "struct if_dqinfo", Uapi, Whole, Ours),
    (IOCB, "struct iocb", Uapi, Whole, Ours), (IO_EVENT, "struct io_event", Uapi, Whole, Ours),
    (IO_SQRING_OFFSETS, "struct io_sqring_offsets", Uapi, Whole, Ours),
    (IO_CQRING_OFFSETS, "struct io_cqring_offsets", Uapi, Whole, Ours),
    (IO_URING_PARAMS, "struct io_uring_params", Uapi, Whole, Ours),
    (IO_URING_GETEVENTS_ARG, "struct io_uring_getevents_arg", Uapi, Whole, Ours),
    (CLONE_ARGS, "struct clone_args", Uapi, Whole, Ours), (SCHED_PARAM, "struct sched_param", Kernel, Whole, Ours),
    (SCHED_ATTR, "struct sched_attr", Uapi, Head, Ours),
    (CAP_HEADER, "struct __user_cap_header_struct", Uapi, Whole, Ours),
    (CAP_DATA, "struct own_cap_data", Uapi, Whole, Names::Some(CAP_DATA_NAMES)),
    (USER_DESC, "struct user_desc", Uapi, Whole, BIT_FIELDS), (SOCK_FPROG, "struct sock_fprog", Uapi, Whole, Ours),
    (SECCOMP_NOTIF_SIZES, "struct seccomp_notif_sizes", Uapi, Whole, Ours),
    (LANDLOCK_RULESET_ATTR, "struct landlock_ruleset_attr", Kernel, Whole, Ours),
    (LANDLOCK_PATH_BENEATH, "struct landlock_path_beneath_attr", Uapi, Whole, Ours),
    (LANDLOCK_NET_PORT, "struct landlock_net_port_attr", Kernel, Whole, Ours),
    (LSM_CTX, "struct lsm_ctx", Kernel, Whole, Ours), (KEXEC_SEGMENT, "struct kexec_segment", Uapi, Whole, Ours),
    (PERF_EVENT_ATTR, "struct perf_event_attr", Uapi, Head, BIT_FIELDS),
    (FUTEX_WAITV, "struct futex_waitv", Uapi, Whole, Ours), (IOVEC, "struct iovec", Uapi, Whole, Ours),
    (USER_REGS, "struct user_regs_struct", Kernel, Whole, Names::Some(REGISTERS)),
    (SEMBUF, "struct sembuf", Uapi, Whole, Ours), (IPC_PERM, "struct ipc64_perm", UapiNative, Whole, Ours),
    (SEMID_DS, "struct semid64_ds", UapiNative, Head, Ours), (SEMINFO, "struct seminfo", Uapi, Whole, Ours),
    (SHMID_DS, "struct shmid64_ds", UapiNative, Head, Ours), (SHMINFO, "struct shminfo64", UapiNative, Head, Ours),
    (SHM_INFO, "struct shm_info", Uapi, Whole, Ours), (MSQID_DS, "struct msqid64_ds", UapiNative, Head, Ours),
    (MSGINFO, "struct msginfo", Uapi, Whole, Ours), (MSGBUF, "struct msgbuf", Uapi, Head, Ours),
    (MQ_ATTR, "struct mq_attr", Uapi, Head, Ours),
    (MSGHDR, "struct user_msghdr", Kernel, Whole, Ours), (MSGHDR, "struct compat_msghdr", KernelIa32, Whole, Ours),
    (MMSGHDR, "struct mmsghdr", Kernel, Whole, Ours), (MMSGHDR, "struct compat_mmsghdr", KernelIa32, Whole, Ours),
    (CMSGHDR, "struct cmsghdr", Kernel, Whole, Ours), (CMSGHDR, "struct compat_cmsghdr", KernelIa32, Whole, Ours),
    (WINSIZE, "struct winsize", Uapi, Whole, Ours), (TERMIOS, "struct termios", Uapi, Whole, Ours),
    (TERMIOS2, "struct termios2", Uapi, Whole, Ours),
    (BPF_MAP_CREATE, BPF, Uapi, Head, Ours), (BPF_MAP_ELEM, BPF, Uapi, Head, Ours),
    (BPF_MAP_NEXT_KEY, BPF, Uapi, Head, Ours), (BPF_MAP_DELETE, BPF, Uapi, Head, Ours),
    (BPF_MAP_FREEZE, BPF, Uapi, Head, Ours), (BPF_MAP_BATCH, BPF, Uapi, Head, Within("batch")),
    (BPF_PROG_LOAD, BPF, Uapi, Head, Ours), (BPF_OBJ, BPF, Uapi, Head, Ours),
    (BPF_PROG_ATTACH, BPF, Uapi, Head, Ours), (BPF_PROG_TEST_RUN, BPF, Uapi, Head, Within("test")),
    (BPF_NEXT_ID, BPF, Uapi, Head, Ours), (BPF_PROG_ID, BPF, Uapi, Head, Ours), (BPF_MAP_ID, BPF, Uapi, Head, Ours),
    (BPF_BTF_ID, BPF, Uapi, Head, Ours), (BPF_LINK_ID, BPF, Uapi, Head, Ours),
    (BPF_OBJ_INFO, BPF, Uapi, Head, Within("info")), (BPF_PROG_QUERY, BPF, Uapi, Head, Within("query")),
    (BPF_RAW_TRACEPOINT, BPF, Uapi, Head, Within("raw_tracepoint")), (BPF_BTF_LOAD, BPF, Uapi, Head, Ours),
    (BPF_TASK_FD_QUERY, BPF, Uapi, Head, Within("task_fd_query")),
    (BPF_LINK_CREATE, BPF, Uapi, Head, Within("link_create")),
    (BPF_LINK_UPDATE, BPF, Uapi, Head, Within("link_update")),
    (BPF_LINK_DETACH, BPF, Uapi, Head, Within("link_detach")),
    (BPF_ENABLE_STATS, BPF, Uapi, Head, Within("enable_stats")),
    (BPF_ITER_CREATE, BPF, Uapi, Head, Within("iter_create")),
    (BPF_PROG_BIND_MAP, BPF, Uapi, Head, Within("prog_bind_map")),
];

#[test]
fn layouts_are_those_of_a_c_compiler() {
    let mut headers = String::from("#include <linux/types.h>\ntypedef __kernel_size_t size_t;\n");
    for header in HEADERS.split_whitespace() {
        let _ = writeln!(headers, "#include <{header}>");
    }
    headers.push_str(OWN);
    let kernel = format!(
        "#include \"{}/vmlinux/x86_64/vmlinux.h\"\n",
        env!("CARGO_MANIFEST_DIR")
    );
    assert!(compile("-m64", "_Static_assert(0, \"\");").is_err());
    let mut compared = 0;
    for (flag, include, layout, from) in [
        ("-m64", &headers, Layout::Native, [Uapi, UapiNative]),
        ("-m32", &headers, Layout::Ia32, [Uapi, UapiIa32]),
        ("-m64", &kernel, Layout::Native, [Kernel, Kernel]),
        // Its compat types lie as in 32-bit programs also where a 64-bit compiler reads them.
        ("-m64", &kernel, Layout::Ia32, [KernelIa32, KernelIa32]),
    ] {
        if compile(flag, "#include <linux/types.h>\n#include <asm/stat.h>\n").is_err() {
            eprintln!("skipped: gcc {flag} or the kernel's headers are not there");
            continue;
        }
        let mut source = include.clone();
        for truth in TRUTH.iter().filter(|truth| from.contains(&truth.2)) {
            push_assertions(&mut source, truth, layout);
            compared += 1;
        }
        compile(flag, &source).unwrap_or_else(|errors| panic!("{flag}, {layout:?}:\n{errors}"));
    }
    eprintln!("{compared} layouts compared");
}

/// C statements that hold if a row is right.
fn push_assertions(out: &mut String, (spec, c_type, _, extent, names): &Truth, layout: Layout) {
    for (field, offset, size) in spec.offsets(layout) {
        let Some(path) = c_path(field, *names) else {
            continue;
        };
        let _ = writeln!(
            out,
            "_Static_assert(__builtin_offsetof({c_type}, {path}) == {offset}, \"{c_type}.{path} is not at {offset}\");\n\
             _Static_assert(sizeof((({c_type} *)0)->{path}) == {size}, \"{c_type}.{path} has not {size} bytes\");"
        );
    }
    if *extent == Whole {
        let size = spec.size(layout);
        let _ = writeln!(
            out,
            "_Static_assert(sizeof({c_type}) == {size}, \"{c_type} has not {size} bytes\");"
        );
    }
}

/// C's name of a field; `None` for padding and what C has as bits.
fn c_path(field: &Field, names: Names) -> Option<String> {
    if matches!(field.ty, FieldType::Padding(_)) {
        return None;
    }
    match names {
        Ours => Some(field.name.to_owned()),
        Within(outer) => Some(format!("{outer}.{}", field.name)),
        Names::Some(pairs) => {
            let name = pairs
                .iter()
                .find(|(ours, _)| *ours == field.name)
                .map_or(field.name, |(_, c)| c);
            (!name.is_empty()).then(|| name.to_owned())
        }
    }
}

/// Checks a source; what the compiler says if it is wrong.
fn compile(flag: &str, source: &str) -> Result<(), String> {
    use std::io::Write as _;
    let mut gcc = Command::new("gcc")
        .args([flag, "-w", "-fsyntax-only", "-x", "c", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let written = gcc.stdin.take().unwrap().write_all(source.as_bytes());
    let output = gcc.wait_with_output().map_err(|error| error.to_string())?;
    match output.status.success() && written.is_ok() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

#[test]
fn every_structure_is_compared() {
    let mut missing = Vec::new();
    for spec in reachable() {
        let bare = spec.fields[0].name.is_empty();
        if !bare && !TRUTH.iter().any(|truth| truth.0 == spec) {
            missing.push(spec.c_name);
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn structures_fit_what_is_read_of_an_argument() {
    for spec in reachable() {
        for layout in [Layout::Native, Layout::Ia32, Layout::X32] {
            let size = spec.size(layout);
            assert!(
                size > 0 && size <= super::super::reading::ARRAY_MAX,
                "{}",
                spec.c_name
            );
        }
        let bare = spec.fields[0].name.is_empty();
        for field in spec.fields {
            let padding = matches!(field.ty, FieldType::Padding(_));
            assert_eq!(field.name.is_empty(), bare || padding, "{}", spec.c_name);
        }
    }
}

/// Every structure that an argument may be, and those in them.
fn reachable() -> Vec<&'static StructSpec> {
    let mut specs = vec![MSGHDR, CMSGHDR, IOVEC];
    let args = events().flat_map(|event| event.args);
    for ty in args.flat_map(|arg| super::with_cases(arg.ty)) {
        if let ArgType::Struct(_, spec) | ArgType::Array(_, spec, _) | ArgType::Sized(_, spec, _) = ty {
            specs.push(spec);
        }
    }
    let mut at = 0;
    while let Some(spec) = specs.get(at).copied() {
        at += 1;
        let nested = spec.fields.iter().filter_map(|field| match field.ty {
            FieldType::Struct(spec) => Some(spec),
            _ => None,
        });
        let other = match spec.ia32 {
            Ia32::Other(other) => Some(other),
            _ => None,
        };
        for spec in nested.chain(other) {
            if !specs.contains(&spec) {
                specs.push(spec);
            }
        }
    }
    specs
}
