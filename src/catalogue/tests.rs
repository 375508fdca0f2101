//! The tables against themselves, the SPEC and the running kernel.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::spec::{Count, SelectSpec};
use super::*;

mod layouts;
mod names;
mod tables;

/// The system calls of the SPEC's default set.
const DEFAULT: &str = "open openat openat2 creat close stat fstat lstat newfstatat statx ioctl access faccessat \
    faccessat2 dup dup2 dup3 socket connect accept accept4 bind listen getsockname clone clone3 fork vfork execve \
    execveat kill tkill tgkill getdents getdents64 unlink unlinkat symlink symlinkat link linkat rename renameat \
    renameat2 chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat mknod mknodat ptrace process_vm_readv \
    process_vm_writev prctl setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setns unshare mount \
    umount2 init_module finit_module delete_module memfd_create bpf pkey_mprotect io_uring_setup";

#[test]
fn ids_and_names_are_unique_and_in_range() {
    let mut ids = HashSet::new();
    let mut names = HashSet::new();
    for event in events() {
        assert!(ids.insert(event.id), "{}: id {} is taken", event.name, event.id);
        assert!(names.insert(event.name), "{} is there twice", event.name);
        assert!(usize::from(event.id) < spec::MAX_EVENTS, "{}", event.name);
        assert_eq!(by_id(event.id).unwrap().name, event.name);
        let most = match event.kind.is_syscall() {
            true => spec::MAX_ARGS,
            false => spec::MAX_EVENT_ARGS,
        };
        assert!(event.args.len() <= most, "{}", event.name);
    }
    assert!(SYSCALLS.is_sorted_by_key(|event| event.id));
    assert!(SYSCALLS
        .iter()
        .all(|event| usize::from(event.id) < spec::MAX_SYSCALLS));
    assert!(IA32_ONLY
        .iter()
        .all(|event| (spec::FIRST_COMPAT_ONLY..spec::FIRST_KERNEL).contains(&event.id)));
}

#[test]
fn the_default_set_is_the_specs() {
    let expected: HashSet<&str> = DEFAULT.split_whitespace().collect();
    let ours: HashSet<&str> = events()
        .filter(|e| e.kind.is_syscall() && e.in_set(Set::Default))
        .map(|e| e.name)
        .collect();
    assert_eq!(ours, expected);
}

/// An argument's type, and those that it may become.
fn with_cases(ty: ArgType) -> Vec<ArgType> {
    match ty {
        ArgType::Select { table, .. } => {
            let cases = table.cases.iter().map(|(_, ty)| *ty);
            cases.chain([table.otherwise]).collect()
        }
        ty => vec![ty],
    }
}

/// What another argument has to be.
#[derive(Debug, PartialEq)]
enum Needed {
    Number,
    /// The address of an `int`.
    IntAt,
    /// What decides: a number, at least the low half of which matters.
    Selector,
}

/// The argument that this one depends on.
fn needed(ty: ArgType) -> Option<(u8, Needed)> {
    use ArgType::*;
    let counted = |count| match count {
        Count::Arg(index) | Count::RetUpTo(index) | Count::Below(index) => Some((index, Needed::Number)),
        Count::At(index) => Some((index, Needed::IntAt)),
        Count::Const(count) => {
            assert!(count > 0);
            None
        }
        Count::Ret | Count::CapVersion(_) => None,
    };
    match ty {
        Sockaddr { len } | Buf { len } | BufOut { len } | StrOut { len } | OptionValue { len } => {
            Some((len, Needed::Number))
        }
        Iovec { count, .. } => Some((count, Needed::Number)),
        Sized(_, _, len) => Some((len, Needed::Number)),
        SockaddrOut { len } | OptionValueOut { len } => Some((len, Needed::IntAt)),
        Array(_, _, count) | Mmsghdr(_, count) | BitSet(_, count) | CpuSet(_, count) => counted(count),
        Select { by, .. } => Some((by, Needed::Selector)),
        _ => None,
    }
}

fn fits(ty: ArgType, needed: &Needed) -> bool {
    use ArgType::*;
    match needed {
        Needed::Number => matches!(ty, Int | UInt | Long | ULong | Size),
        Needed::IntAt => matches!(ty, Struct(spec::When::InOut, at) if *at == *structs::INT),
        Needed::Selector => matches!(
            ty,
            SyscallNr | Int | UInt | Size | Enum(_) | Flags(_) | LongFlags(_)
        ),
    }
}

#[test]
fn lengths_are_arguments_that_can_be_lengths() {
    for event in events() {
        for arg in event.args {
            // Those of a case may be what another case makes of their argument, too.
            let direct = needed(arg.ty).map(|needed| (needed, false));
            let of_cases = match arg.ty {
                ArgType::Select { .. } => with_cases(arg.ty),
                _ => vec![],
            };
            let of_cases = of_cases
                .into_iter()
                .filter_map(needed)
                .map(|needed| (needed, true));
            for ((index, needed), in_case) in direct.into_iter().chain(of_cases) {
                let ty = event.args[usize::from(index)].ty;
                let fits = match in_case {
                    true => with_cases(ty).into_iter().any(|ty| fits(ty, &needed)),
                    false => fits(ty, &needed),
                };
                assert!(
                    fits,
                    "{}.{} needs {needed:?}, which {ty:?} is not",
                    event.name, arg.name
                );
            }
        }
    }
}

#[test]
fn cases_can_be_met_and_end_there() {
    let tables = |event: &'static EventSpec| {
        event.args.iter().filter_map(move |arg| match arg.ty {
            ArgType::Select { table, .. } => Some((event.name, arg.name, table)),
            _ => None,
        })
    };
    for (
        event,
        arg,
        SelectSpec {
            mask,
            cases,
            otherwise,
        },
    ) in events().flat_map(tables)
    {
        let mut values = HashSet::new();
        for (value, ty) in *cases {
            assert_eq!(value & mask, *value, "{event}.{arg}: no value is {value:#x}");
            assert!(values.insert(value), "{event}.{arg}: {value:#x} is there twice");
            assert!(!matches!(ty, ArgType::Select { .. }), "{event}.{arg}");
        }
        let reading = otherwise.reading(Layout::Native);
        assert_eq!(reading.kind, spec::ArgKind::Value, "{event}.{arg}");
    }
}

#[test]
fn other_abis_lead_to_events() {
    for table in [IA32, X32] {
        assert!(table.is_sorted_by_key(|call| call.nr));
        let numbers: HashSet<u16> = table.iter().map(|call| call.nr).collect();
        assert_eq!(numbers.len(), table.len());
        for call in table {
            let event = by_name(call.event).unwrap_or_else(|| panic!("{} leads nowhere", call.event));
            assert!(event.kind.is_syscall());
            for (index, arg) in event.args.iter().enumerate() {
                if call.split & (1 << index) != 0 {
                    let wide = matches!(
                        arg.ty,
                        ArgType::I64 | ArgType::U64 | ArgType::Off | ArgType::Size | ArgType::LongFlags(_)
                    );
                    assert!(wide, "{}.{} is not 64 bits wide", event.name, arg.name);
                }
            }
        }
    }
    for only in IA32_ONLY {
        assert!(
            IA32.iter().any(|call| call.event == only.name),
            "{} has no number",
            only.name
        );
    }
}

#[test]
fn calls_within_others_lead_to_events() {
    let mut rows = HashSet::new();
    for call in IA32_WITHIN {
        assert!(
            usize::from(call.nr) < spec::WITHIN_MAX && rows.insert(call.nr),
            "{}",
            call.nr
        );
        let event = by_name(call.event).unwrap_or_else(|| panic!("{} leads nowhere", call.event));
        assert!(event.kind.is_syscall());
        assert!(IA32.iter().any(|other| other.nr == spec::holder(call.nr)));
    }
}

/// Calls that the kernel's tracing knows by the name of their function.
const FUNCTION_NAMES: [(&str, &str); 6] = [
    ("newstat", "stat"),
    ("newfstat", "fstat"),
    ("newlstat", "lstat"),
    ("newuname", "uname"),
    ("sendfile64", "sendfile"),
    ("umount", "umount2"),
];

/// Calls to which newer kernels have appended arguments.
const APPENDED: [&str; 1] = ["bpf"];

#[test]
fn syscalls_are_those_of_the_running_kernel() {
    let folder = Path::new("/sys/kernel/tracing/events/syscalls");
    let Ok(entries) = fs::read_dir(folder) else {
        eprintln!("skipped: {} cannot be read (tracefs, root)", folder.display());
        return;
    };
    let mut compared = 0;
    for entry in entries {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(function) = name.strip_prefix("sys_enter_") else {
            continue;
        };
        let call = &FUNCTION_NAMES
            .iter()
            .find(|(f, _)| *f == function)
            .map_or(function, |(_, call)| call);
        let event = by_name(call).unwrap_or_else(|| panic!("{call} is missing"));
        let format = fs::read_to_string(folder.join(&name).join("format")).unwrap();
        let fields = format_fields(&format);
        let mut names: Vec<_> = fields
            .iter()
            .map(|(_, name)| name.replace("filename", "pathname"))
            .collect();
        let ours: Vec<_> = event.args.iter().map(|arg| arg.name).collect();
        if APPENDED.contains(call) {
            names.truncate(ours.len());
        }
        assert_eq!(ours, names, "{call}");
        for ((c_type, name), arg) in fields.iter().zip(event.args) {
            assert!(
                agrees(c_type, arg.ty),
                "{call}.{name} is {c_type}, ours {:?}",
                arg.ty
            );
        }
        compared += 1;
    }
    assert!(compared > 300, "only {compared} formats were found");
}

/// (type, name) of each argument in an event's `format`.
fn format_fields(format: &str) -> Vec<(String, String)> {
    format
        .lines()
        .filter_map(|line| line.trim().strip_prefix("field:"))
        .map(|field| field.split(';').next().unwrap_or_default())
        .skip_while(|field| !field.ends_with("__syscall_nr"))
        .skip(1)
        // Copies of strings, since 7.0: they are no arguments.
        .filter(|field| !field.contains("__data_loc"))
        .map(|field| {
            let split = field.rfind([' ', '*']).unwrap() + 1;
            (field[..split].trim().into(), field[split..].into())
        })
        .collect()
}

/// Whether a C type has the width and sign, or the pointer, that ours says.
fn agrees(c_type: &str, ours: ArgType) -> bool {
    use ArgType::*;
    let c_type = c_type.replace("const", "").trim().to_owned();
    if let Select { .. } = ours {
        // A `long` may be anything that fits a register.
        let anything = matches!(c_type.as_str(), "long" | "unsigned long");
        // futex(2) has a number where its timeout is.
        let number = |ty| ty == UInt && c_type == "struct __kernel_timespec *";
        let agrees = |ty| number(ty) || agrees(&c_type, ty);
        return anything || with_cases(ours).into_iter().all(agrees);
    }
    let pointer = ours.is_pointer();
    if c_type.contains('*') || matches!(c_type.as_str(), "cap_user_header_t" | "cap_user_data_t") {
        return pointer;
    }
    match c_type.as_str() {
        "int" | "__s32" | "key_t" | "key_serial_t" | "clockid_t" | "timer_t" | "mqd_t" | "rwf_t"
        | "pid_t" => {
            // A user, where `who` is one.
            matches!(
                ours,
                Int | Fd | DirFd | Signal | Pid | Uid | Enum(_) | Flags(_) | Mode
            )
        }
        "unsigned int"
        | "unsigned"
        | "u32"
        | "__u32"
        | "uid_t"
        | "gid_t"
        | "qid_t"
        | "enum landlock_rule_type" => {
            matches!(ours, UInt | Hex | Fd | Uid | Gid | UserDev | Flags(_) | Enum(_))
        }
        "umode_t" => ours == Mode,
        "long" | "off_t" => matches!(ours, Long | Off | Pid | Enum(_)),
        // An address may be a number to the kernel.
        "unsigned long" => matches!(ours, ULong | Hex | Fd | Ptr | LongFlags(_) | Enum(_)),
        "aio_context_t" => ours == Hex,
        "size_t" => ours == Size,
        "loff_t" => ours == I64,
        "u64" | "__u64" => matches!(ours, U64 | LongFlags(_) | Flags(_)),
        other => panic!("{other} is a type that nobody has thought of"),
    }
}
