//! Values whose words follow a rule, with or without a table: signals, what wait(2) tells, modes, requests of ioctl(2).

use std::fmt::Write as _;

use super::{file, ioctl, mount, name, process, push_bar, push_flags, security, signal, socket};

/// First real-time signal, and last signal of all, as the kernel counts them.
const SIGRTMIN: u64 = 32;
const SIGRTMAX: u64 = 64;

/// Appends `SIGINT` for 2; from 32 on `SIGRTMIN`, `SIGRT_1`, …. False where there is no such signal.
pub fn push_signal(out: &mut String, signal: i32) -> bool {
    u64::try_from(signal).is_ok_and(|signal| signal_number(out, signal))
}

pub fn signal_number(out: &mut String, value: u64) -> bool {
    match value {
        SIGRTMIN => out.push_str("SIGRTMIN"),
        33..=SIGRTMAX => {
            let _ = write!(out, "SIGRT_{}", value - SIGRTMIN);
        }
        _ => return super::push_name(out, name(signal::SIGNAL, value)),
    }
    true
}

/// Appends a set of signals, the lowest bit of which is signal 1: `[SIGINT SIGCHLD]`; one that has two thirds of
/// them or more, by those that it lacks: `~[SIGKILL]`.
pub fn push_sigset(out: &mut String, set: u64) {
    let negate = set.count_ones() >= u64::BITS * 2 / 3;
    let mut rest = if negate { !set } else { set };
    out.push_str(if negate { "~[" } else { "[" });
    while rest != 0 {
        signal_number(out, u64::from(rest.trailing_zeros()) + 1);
        rest &= rest - 1;
        if rest != 0 {
            out.push(' ');
        }
    }
    out.push(']');
}

/// Appends a set of capabilities by their names; one that lacks less than half of them, by those that it lacks:
/// `CAP_FULL_SET&~CAP_SYS_ADMIN`.
pub fn capabilities(out: &mut String, set: u64) -> bool {
    let known = (1 << security::CAP.len()) - 1;
    let missing = known & !set;
    if set == 0 {
        out.push('0');
    } else if set & !known != 0 || missing.count_ones() > known.count_ones() / 2 {
        push_capabilities(out, set);
    } else {
        out.push_str("CAP_FULL_SET");
        if missing.count_ones() > 1 {
            out.push_str("&~(");
            push_capabilities(out, missing);
            out.push(')');
        } else if missing != 0 {
            out.push_str("&~");
            push_capabilities(out, missing);
        }
    }
    true
}

fn push_capabilities(out: &mut String, mut set: u64) {
    let start = out.len();
    for (number, name) in security::CAP {
        if set & (1 << number) != 0 {
            push_bar(out, start);
            out.push_str(name);
            set &= !(1 << number);
        }
    }
    if set != 0 {
        push_bar(out, start);
        let _ = write!(out, "{set:#x}");
    }
}

/// Appends what wait(2) tells of a child in the terms of its macros: `WIFEXITED(s) && WEXITSTATUS(s) == 1`.
pub fn push_wait_status(out: &mut String, status: i32) {
    #[allow(clippy::cast_sign_loss)] // Bits, not a number.
    let status = status as u32;
    let (low, code, mut rest) = (status & 0x7f, (status >> 8) & 0xff, status >> 16 << 16);
    if status & 0xffff == 0xffff {
        out.push_str("WIFCONTINUED(s)");
    } else if status & 0xff == 0x7f {
        out.push_str("WIFSTOPPED(s) && WSTOPSIG(s) == ");
        push_signal_or_number(out, code & 0x7f);
        // How a stop at a system call looks under PTRACE_O_TRACESYSGOOD.
        if code & 0x80 != 0 {
            out.push_str(" | 0x80");
        }
    } else if low == 0 {
        let _ = write!(out, "WIFEXITED(s) && WEXITSTATUS(s) == {code}");
        rest |= status & 0x80;
    } else if low != 0x7f {
        out.push_str("WIFSIGNALED(s) && WTERMSIG(s) == ");
        push_signal_or_number(out, low);
        if status & 0x80 != 0 {
            out.push_str(" && WCOREDUMP(s)");
        }
        rest |= status & 0xff00;
    } else {
        let _ = write!(out, "{status:#x}");
        return;
    }
    push_stop_event(out, rest);
}

/// What ptrace(2) adds to the status of a stop: `PTRACE_EVENT_CLONE << 16`.
fn push_stop_event(out: &mut String, rest: u32) {
    if rest >> 16 != 0 {
        out.push_str(" | ");
        match name(process::PTRACE_EVENT, u64::from(rest >> 16)) {
            Some(name) => out.push_str(name),
            None => {
                let _ = write!(out, "{:#x}", rest >> 16);
            }
        }
        out.push_str(" << 16");
    }
    if rest & 0xffff != 0 {
        let _ = write!(out, " | {:#x}", rest & 0xffff);
    }
}

fn push_signal_or_number(out: &mut String, signal: u32) {
    if !signal_number(out, signal.into()) {
        let _ = write!(out, "{signal}");
    }
}

/// Appends permission bits in octal; if there is a type, after that and the bits between them: `0644`, `04755`,
/// `S_IFREG|S_ISUID|0755`.
pub fn push_mode(out: &mut String, mode: u32) {
    let bits = u64::from(mode);
    match name(file::FILE_TYPE, bits & 0o170_000) {
        None => {
            let _ = write!(out, "0{mode:02o}");
        }
        Some(kind) => {
            out.push_str(kind);
            out.push('|');
            if push_flags(out, &[], file::MODE, bits & !0o170_777) {
                out.push('|');
            }
            let _ = write!(out, "0{:02o}", mode & 0o777);
        }
    }
}

/// Appends `8:1`, as in proc(5)'s mountinfo.
pub fn push_dev(out: &mut String, major: u32, minor: u32) {
    let _ = write!(out, "{major}:{minor}");
}

/// `clone(2)`: the signal of the child's end is in the lowest byte, and shown last. In `unshare(2)` there is a flag
/// instead, whose bit is no signal.
pub fn clone_flags(out: &mut String, value: u64) -> bool {
    if value & 0xff == 0x80 {
        return push_flags(out, &[(0x80, process::NEWTIME)], process::CLONE, value);
    }
    let start = out.len();
    push_flags(out, &[], process::CLONE, value & !0xff);
    if value & 0xff != 0 {
        push_bar(out, start);
        if !signal_number(out, value & 0xff) {
            let _ = write!(out, "{:#x}", value & 0xff);
        }
    }
    out.len() > start
}

/// `personality(2)`: all bits set ask for the present one.
pub fn personality(out: &mut String, value: u64) -> bool {
    if value == 0xffff_ffff {
        out.push_str("0xffffffff");
        return true;
    }
    push_flags(
        out,
        &[(0xff, process::PERSONALITY)],
        process::PERSONALITY_FLAGS,
        value,
    )
}

/// `ioprio_set(2)`: a class in three bits, then what the class makes of the others.
pub fn io_priority(out: &mut String, value: u64) -> bool {
    const CLASS_SHIFT: u32 = 13;
    let (class, data) = (value >> CLASS_SHIFT, value & ((1 << CLASS_SHIFT) - 1));
    let Some(class) = name(process::IOPRIO_CLASS, class) else {
        return false;
    };
    let _ = write!(out, "IOPRIO_PRIO_VALUE({class}, {data})");
    true
}

/// `quotactl(2)`: the lowest byte is the type of quota.
pub fn quota_command(out: &mut String, value: u64) -> bool {
    out.push_str("QCMD(");
    push_name_or_hex(out, name(mount::QUOTA_CMD, value >> 8), value >> 8);
    out.push_str(", ");
    push_name_or_hex(out, name(mount::QUOTA_TYPE, value & 0xff), value & 0xff);
    out.push(')');
    true
}

/// `socket(2)` of `AF_PACKET`: the protocol is in the network's order.
#[allow(clippy::cast_possible_truncation)] // Refused first.
pub fn ether_protocol(out: &mut String, value: u64) -> bool {
    if value > 0xffff {
        return false;
    }
    let Some(name) = name(socket::ETH_P, (value as u16).swap_bytes().into()) else {
        return false;
    };
    out.push_str("htons(");
    out.push_str(name);
    out.push(')');
    true
}

/// `ioctl(2)`: requests without a name by their parts (asm-generic/ioctl.h).
pub fn ioctl_request(out: &mut String, value: u64) -> bool {
    if let Some(name) = name(ioctl::REQUEST, value) {
        out.push_str(name);
        return true;
    }
    if value > 0xffff_ffff {
        return false;
    }
    let (number, kind, size) = (value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0x3fff);
    let direction = match value >> 30 {
        0 => "_IOC_NONE",
        1 => "_IOC_WRITE",
        2 => "_IOC_READ",
        _ => "_IOC_READ|_IOC_WRITE",
    };
    if kind == u64::from(b'E') && input_request(out, value >> 30, number, size) {
        return true;
    }
    let _ = write!(out, "_IOC({direction}, {kind:#x}, {number:#x}, {size:#x})");
    true
}

/// Requests of input devices whose number says what, and whose size says how much room there is (linux/input.h).
fn input_request(out: &mut String, direction: u64, number: u64, size: u64) -> bool {
    const READ: u64 = 2;
    let what = match (direction, number) {
        (READ, 0x06) => "NAME",
        (READ, 0x07) => "PHYS",
        (READ, 0x08) => "UNIQ",
        (READ, 0x09) => "PROP",
        (READ, 0x0a) => "MTSLOTS",
        (READ, 0x18) => "KEY",
        (READ, 0x19) => "LED",
        (READ, 0x1a) => "SND",
        (READ, 0x1b) => "SW",
        (READ, 0x20..=0x3f) => {
            out.push_str("EVIOCGBIT(");
            push_name_or_hex(out, name(ioctl::EV, number - 0x20), number - 0x20);
            let _ = write!(out, ", {size})");
            return true;
        }
        (READ, 0x40..=0x7f) => "EVIOCGABS(",
        (1, 0xc0..=0xff) => "EVIOCSABS(",
        _ => return false,
    };
    if what.ends_with('(') {
        out.push_str(what);
        push_name_or_hex(out, name(ioctl::ABS, number & 0x3f), number & 0x3f);
        out.push(')');
    } else {
        let _ = write!(out, "EVIOCG{what}({size})");
    }
    true
}

fn push_name_or_hex(out: &mut String, name: Option<&str>, value: u64) {
    match name {
        Some(name) => out.push_str(name),
        None => {
            let _ = write!(out, "{value:#x}");
        }
    }
}
