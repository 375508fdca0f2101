//! An event in words: types of arguments, by what it is obtained, what it guarantees. `--list` and docs/events.md show
//! them.

use crate::catalogue::evidence::is_evidence;
use crate::catalogue::spec::{ArgSpec, ArgType, FieldType, Return, StructSpec};
use crate::catalogue::{special, EventKind, EventSpec};
use crate::loader::object::{Mechanism, Program};
use crate::symbols::request;
use crate::symbols::table::Table;

/// How many names of flags or values a type shows.
const NAMES: usize = 3;

/// The type of an argument.
pub fn type_of(event: &EventSpec, arg: &ArgSpec) -> String {
    match arg.ty {
        ArgType::Select { by, .. } => match event.args.get(usize::from(by)) {
            Some(other) => format!("by {}", other.name),
            None => "number".into(),
        },
        ty => words(ty),
    }
}

fn words(ty: ArgType) -> String {
    use ArgType::*;
    let plain = match ty {
        Int | UInt | Long | ULong | U16 | I16 | I64 | U64 | Off => "number",
        Size => "number of bytes",
        Hex => "number in hex",
        Bool => "true or false",
        Ptr => "address",
        Str | StrOut { .. } | KernelStr => "text",
        Path => "path",
        StrArray => "list of texts",
        Sockaddr { .. } | SockaddrOut { .. } | KernelSockaddr => "socket address",
        Buf { .. } | BufOut { .. } => "bytes",
        OptionValue { .. } | OptionValueOut { .. } => "number or bytes",
        Iovec { .. } => "list of buffers",
        Msghdr(_) => "structure msghdr",
        Mmsghdr(..) => "list of structures mmsghdr",
        BitSet(..) => "set of numbers",
        CpuSet(..) => "set of CPUs",
        Select { .. } => "depends on another argument",
        Fd => "file descriptor",
        DirFd => "folder's descriptor, or AT_FDCWD",
        Mode => "type and permission bits",
        Dev | UserDev => "device, major:minor",
        Pid => "process or thread id",
        Uid => "user id",
        Gid => "group id",
        Signal => "signal",
        SigSet => "set of signals",
        WaitStatus => "status of a child",
        BootTime => "time since boot",
        EpochTime => "time of day",
        SyscallNr => "system call",
        Flags(table) if *table == *request::IOCTL => return named("one of", table),
        Flags(table) | LongFlags(table) => return named("flags:", table),
        Enum(table) => return named("one of", table),
        Struct(_, spec) | Sized(_, spec, _) | KernelStruct(spec) | Changed { spec, .. } => {
            return structure(spec);
        }
        Array(_, spec, _) => return format!("list: {}", structure(spec)),
    };
    plain.into()
}

/// A structure by its name in C, or the bare value that it is.
fn structure(spec: &StructSpec) -> String {
    if let [field] = spec.fields {
        if let (true, FieldType::Number(_, ty)) = (field.name.is_empty(), &field.ty) {
            return words(*ty);
        }
    }
    let name = spec.c_name.trim_end_matches([' ', '*']);
    match name.strip_prefix("struct ") {
        Some(name) => format!("structure {name}"),
        None => format!("structure {name}").replace("structure union", "union"),
    }
}

fn named(kind: &str, table: &Table) -> String {
    let names = table.names();
    match names.as_slice() {
        [] => "number".into(),
        shown if shown.len() <= NAMES => format!("{kind} {}", shown.join(", ")),
        shown => format!("{kind} {}, …", shown[..NAMES].join(", ")),
    }
}

/// How a program obtains an event.
pub fn how(program: &Program, event: &EventSpec) -> String {
    let mut how = match program.mechanism {
        Mechanism::Fexit => "at the function's end, with its result",
        Mechanism::Fentry => "at the function's beginning",
        Mechanism::TpBtf => "at a raw tracepoint",
        Mechanism::Tp | Mechanism::AfterTp => "its classic form (Linux 7)",
        Mechanism::Kprobe => "at the function's beginning, by a breakpoint",
        Mechanism::Ext4TpBtf => "at a raw tracepoint of ext4: its files only",
        Mechanism::AfterTpBtf => "after the call",
    }
    .to_owned();
    if program.mechanism == Mechanism::AfterTpBtf && !event.columns.after.is_empty() {
        how.push_str(": ");
        how.push_str(&event.columns.after.join(", "));
    }
    if program.name.contains("__vma__") && !program.mechanism.is_classic() {
        how.push_str("; since Linux 5.17");
    }
    how
}

/// What an event guarantees; in brackets the promises of docs/security-model.md.
pub fn guarantee(event: &EventSpec) -> String {
    if event.kind != EventKind::Kernel {
        return of_call(event);
    }
    let text = match event.name {
        "sys_enter" | "sys_exit" => "that the call was made, and by which ABI [P1]",
        "do_exit" | "signal_deliver" => "all values are the kernel's, with a few exceptions [P4]",
        "bpf_attach" => "that a program was attached, and by which way [P7]",
        "process_vm_access" => "the numbers and the result of the call, from its registers [P1]",
        "io_uring_create" => "all values are the kernel's own [P5]",
        "io_uring_submit" => "the request as the kernel has it, and whose ring it is [P8]",
        "argument_mismatch" => "each difference, in the calls for which this kernel shows its copy [P9]",
        "mem_prot_alert" => "each such area is reported, or counted as lost [P10]",
        "security_bprm_check" => "what the kernel is about to do; only argv is the caller's memory [P5]",
        "clock_changed" => "times from then on are of the new clock; the exact moment is uncertain",
        name if name == special::LOST_EVENTS.name => "received and lost together are all chosen events [P19]",
        name if name == special::ARTIFACT_CAPTURED.name => {
            return "complete is false where the artefact may differ from the original: docs/capture.md".into();
        }
        _ => match event.columns.life {
            Some(life) if life.of_process() => "all values are the kernel's, with a few exceptions [P4]",
            Some(_) => "id, owner and path are the control group's; name and image are the runtime's word",
            None if event.columns.after.is_empty() => "what the kernel did or was about to do [P5]",
            None => {
                "what the kernel did or was about to do [P5]; after the call: what is there when it returns [P6]"
            }
        },
    };
    format!("{text}: docs/security-model.md")
}

fn of_call(event: &EventSpec) -> String {
    let mut text = match event.columns.returns {
        Return::Execve | Return::Execveat => {
            "the path, and the arguments that the new program receives [P3]; of a call that fails the result [P1], and \
             what memory held [P2]"
        }
        Return::Never => "that the call was made [P1]",
        _ if event.args.iter().any(reads_memory) => {
            "call, result and numbers [P1]; what memory held when the call returned [P2]"
        }
        _ => "call, result and numbers [P1]",
    }
    .to_owned();
    text.push_str(match (is_evidence(event), event.columns.returns) {
        (_, Return::Never | Return::Execve | Return::Execveat) => "",
        (true, _) => "; that it was carried out [P12]",
        (false, _) => "; with --verify-results that it was carried out [P12]",
    });
    format!("{text}: docs/security-model.md")
}

/// Whether memory of the program is read for an argument.
fn reads_memory(arg: &ArgSpec) -> bool {
    match arg.ty {
        ArgType::Select { table, .. } => {
            let mut types = table.cases.iter().map(|(_, ty)| *ty).chain([table.otherwise]);
            types.any(|ty| ty.is_pointer() && ty != ArgType::Ptr)
        }
        ty => ty.is_pointer() && ty != ArgType::Ptr,
    }
}
