//! Values whose words follow a rule without being flags of an argument: status of wait(2), modes, devices.

use std::fmt::Write as _;

use super::table::push_flags;
use super::{file, process, signal};

/// Appends a child's status of wait(2) in the terms of its macros: `WIFEXITED(s) && WEXITSTATUS(s) == 1`.
pub fn push_wait_status(out: &mut String, status: i32) {
    #[allow(clippy::cast_sign_loss)] // Bits, not a number.
    let status = status as u32;
    let (low, code, mut rest) = (status & 0x7f, (status >> 8) & 0xff, status >> 16 << 16);
    if status & 0xffff == 0xffff {
        out.push_str("WIFCONTINUED(s)");
    } else if status & 0xff == 0x7f {
        out.push_str("WIFSTOPPED(s) && WSTOPSIG(s) == ");
        push_signal_or_number(out, code & 0x7f);
        // A stop at a system call under PTRACE_O_TRACESYSGOOD.
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
        match process::PTRACE_EVENT.name(u64::from(rest >> 16)) {
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
    if !signal::push_number(out, signal.into()) {
        let _ = write!(out, "{signal}");
    }
}

/// Appends permission bits in octal; if there is a type, after the type and the bits between them: `0644`, `04755`,
/// `S_IFREG|S_ISUID|0755`.
pub fn push_mode(out: &mut String, mode: u32) {
    let bits = u64::from(mode);
    match file::FILE_TYPE.name(bits & 0o170_000) {
        None => {
            let _ = write!(out, "0{mode:02o}");
        }
        Some(kind) => {
            out.push_str(kind);
            out.push('|');
            if push_flags(out, &[], file::MODE_BITS, bits & !0o170_777) {
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
