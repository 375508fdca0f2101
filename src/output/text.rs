//! What an argument means: its number by type and ABI, and its form in words. Shared by all outputs.
//!
//! Everything is appended to a string that the caller keeps, so that showing an event allocates nothing.

use std::fmt::Write as _;

use crate::catalogue::{self, ArgType};
use crate::decode::sockaddr::Sockaddr;
use crate::decode::strings::{Piece, Strings};
use crate::event::{Arg, Context, Event, Value};
use crate::output::{escape, fdname, structure};
use crate::symbols;

const AT_FDCWD: i32 = -100;
pub const ABI_IA32: u8 = 1;

/// A number with the width and sign of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    Signed(i64),
    Unsigned(u64),
    Bool(bool),
}

/// The number that a register holds for an argument of this type, in a call of this ABI.
#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)] // Taking the low half is the point.
pub fn number(ty: ArgType, raw: u64, abi: u8) -> Number {
    use ArgType::*;
    match ty {
        Int | Fd | DirFd | Signal | Enum(_) | Pid | SyscallNr | WaitStatus => {
            Number::Signed(i64::from(raw as i32))
        }
        UInt | Flags(_) | Uid | Gid => Number::Unsigned(u64::from(raw as u32)),
        Long if abi == ABI_IA32 => Number::Signed(i64::from(raw as i32)),
        Long | I64 | Off => Number::Signed(raw as i64),
        I16 => Number::Signed(i64::from(raw as i16)),
        U16 | Mode => Number::Unsigned(u64::from(raw as u16)),
        Bool => Number::Bool(raw != 0),
        _ => Number::Unsigned(raw),
    }
}

/// Appends a number as such.
pub fn push_number(out: &mut String, ty: ArgType, raw: u64, abi: u8) {
    let mut digits = itoa::Buffer::new();
    out.push_str(match number(ty, raw, abi) {
        Number::Signed(value) => digits.format(value),
        Number::Unsigned(value) => digits.format(value),
        Number::Bool(true) => "true",
        Number::Bool(false) => "false",
    });
}

/// Appends what a number of this type means, in words; false, and nothing, where it has none.
#[allow(clippy::cast_possible_truncation)] // As in `number`.
pub fn push_name(out: &mut String, ty: ArgType, raw: u64, context: &Context) -> bool {
    let number = number(ty, raw, context.abi);
    let bits = match number {
        Number::Signed(value) => u64::from(value as u32),
        Number::Unsigned(value) => value,
        Number::Bool(value) => {
            out.push_str(if value { "true" } else { "false" });
            return true;
        }
    };
    match ty {
        ArgType::DirFd if number == Number::Signed(AT_FDCWD.into()) => out.push_str("AT_FDCWD"),
        ArgType::Flags(family) | ArgType::LongFlags(family) | ArgType::Enum(family) => {
            return symbols::push(out, family, bits);
        }
        ArgType::Signal => return symbols::push_signal(out, bits as i32),
        ArgType::SigSet => symbols::push_sigset(out, bits),
        ArgType::WaitStatus => symbols::push_wait_status(out, bits as i32),
        ArgType::Mode => symbols::push_mode(out, bits as u32),
        // Kernel's own layout of dev_t (linux/kdev_t.h): 12 bits of major, 20 of minor.
        ArgType::Dev => symbols::push_dev(out, (bits >> 20) as u32, (bits & 0xf_ffff) as u32),
        ArgType::UserDev => {
            let (major, minor) = (nix::sys::stat::major(bits), nix::sys::stat::minor(bits));
            symbols::push_dev(out, major as u32, minor as u32);
        }
        ArgType::SyscallNr => match catalogue::by_id(context.syscall) {
            Some(event) => out.push_str(event.name),
            None => return false,
        },
        ArgType::Hex => push_hex_number(out, raw),
        _ if ty.is_pointer() => push_address(out, raw),
        _ => return false,
    }
    true
}

fn push_hex_number(out: &mut String, raw: u64) {
    let _ = write!(out, "{raw:#x}");
}

fn push_address(out: &mut String, raw: u64) {
    match raw {
        0 => out.push_str("NULL"),
        _ => push_hex_number(out, raw),
    }
}

/// Appends the argument in words, where it has any: flags, names, addresses, structures.
///
/// False, and nothing, for what is no more than a number or a string.
pub fn push_symbolic(out: &mut String, arg: &Arg<'_>, context: &Context) -> bool {
    push_symbolic_value(out, arg, &arg.value, context)
}

/// The same of another value that the argument has had.
pub fn push_symbolic_value(out: &mut String, arg: &Arg<'_>, value: &Value<'_>, context: &Context) -> bool {
    match value {
        Value::Number => match &arg.file {
            Some(file) => {
                push_number(out, arg.ty, arg.raw, context.abi);
                fdname::push(out, file);
                true
            }
            None => push_name(out, arg.ty, arg.raw, context),
        },
        Value::Pointer => {
            push_address(out, arg.raw);
            true
        }
        Value::Sockaddr(address) => {
            push_sockaddr(out, address);
            true
        }
        Value::Array(array) if matches!(arg.ty, ArgType::Iovec { .. }) => {
            structure::push_iovec(out, array, arg.data.as_ref());
            true
        }
        Value::Struct(array) => {
            if let Some(first) = array.iter().next() {
                match arg.ty {
                    ArgType::Changed { .. } => structure::push_some(out, first, arg.full, context),
                    _ => structure::push(out, first, context),
                }
            }
            true
        }
        Value::Array(array) => {
            structure::push_array(out, array, context);
            true
        }
        Value::Msghdr(message) => {
            structure::push_msghdr(out, message, context);
            true
        }
        Value::Messages(messages) => {
            structure::push_messages(out, messages, context);
            true
        }
        Value::Bits(bits) => {
            structure::push_bits(out, bits);
            true
        }
        Value::Option(bytes) => {
            structure::push_option(out, bytes);
            true
        }
        Value::Null
        | Value::Fault
        | Value::Str(_)
        | Value::Buffer(_)
        | Value::Strings(_)
        | Value::Path(_) => false,
    }
}

pub fn push_sockaddr(out: &mut String, address: &Sockaddr<'_>) {
    let push_family = |out: &mut String, family: Option<u16>| {
        let known = family.is_some_and(|f| symbols::push(out, catalogue::Family::AddressFamily, f.into()));
        if !known {
            out.push_str("unknown family");
        }
    };
    let _ = match address {
        Sockaddr::Unix(path) => {
            out.push_str("unix:");
            escape::push(out, path);
            Ok(())
        }
        Sockaddr::Abstract(name) => {
            out.push_str("unix:@");
            escape::push(out, name);
            Ok(())
        }
        Sockaddr::Inet(address) => write!(out, "{address}"),
        Sockaddr::Inet6(address) => write!(out, "{address}"),
        Sockaddr::Netlink { pid, groups } => write!(out, "netlink:{pid} groups {groups:#x}"),
        Sockaddr::Packet {
            protocol,
            ifindex,
            addr,
            ..
        } => {
            let _ = write!(out, "packet:{protocol:#06x} if{ifindex} ");
            push_hex(out, addr);
            Ok(())
        }
        Sockaddr::Vsock { cid, port } => write!(out, "vsock:{cid}:{port}"),
        Sockaddr::Alg(kind, name) => {
            out.push_str("alg:");
            escape::push(out, kind);
            out.push(':');
            escape::push(out, name);
            Ok(())
        }
        Sockaddr::Other(number, bytes) => {
            push_family(out, Some(*number));
            out.push(':');
            push_hex(out, bytes);
            Ok(())
        }
        Sockaddr::Short(bytes) => {
            push_family(out, address.family());
            out.push_str(" (cut short):");
            push_hex(out, bytes);
            Ok(())
        }
    };
}

pub fn push_hex(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
}

/// `name: value, name: value`, as the tables show it.
pub fn push_args(out: &mut String, event: &Event<'_>) {
    for (index, arg) in event.args.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        out.push_str(arg.spec.name);
        out.push_str(": ");
        push_arg(out, arg, &event.context);
    }
}

/// Appends one value, as the tables show it.
pub fn push_arg(out: &mut String, arg: &Arg<'_>, context: &Context) {
    push_value(out, arg, &arg.value, context);
    // Others have their marks inside.
    if arg.truncated && !matches!(arg.value, Value::Strings(_) | Value::Path(_) | Value::Msghdr(_)) {
        out.push_str("...");
        if arg.full > 0 {
            let _ = write!(out, " ({} in all)", arg.full);
        }
    }
    if let Some(other) = &arg.other {
        let (word, _, value) = other.parts();
        let _ = write!(out, " ({word}: ");
        push_value(out, arg, value, context);
        out.push(')');
    }
    // Of what could not be read, nothing was read late.
    if arg.late && arg.value != Value::Fault {
        out.push_str(" (read late)");
    }
}

fn push_value(out: &mut String, arg: &Arg<'_>, value: &Value<'_>, context: &Context) {
    match value {
        Value::Null if arg.ty.is_kernel_data() => out.push('-'),
        Value::Null => out.push_str("NULL"),
        // Of what is no address in user memory, there is none to show.
        Value::Fault if arg.ty.is_kernel_data() || !arg.ty.is_pointer() => out.push_str("(EFAULT)"),
        Value::Fault => {
            let _ = write!(out, "{:#x} (EFAULT)", arg.raw);
        }
        Value::Str(bytes) => escape::push(out, bytes),
        Value::Buffer(bytes) => {
            out.push('"');
            escape::push(out, bytes);
            out.push('"');
        }
        Value::Path(path) => {
            // It is followed from the file upwards.
            if arg.truncated {
                out.push_str("...");
            }
            path.pieces().for_each(|piece| escape::push(out, piece));
        }
        Value::Strings(strings) => push_strings(out, strings, arg),
        _ => {
            if !push_symbolic_value(out, arg, value, context) {
                push_number(out, arg.ty, arg.raw, context.abi);
            }
        }
    }
}

/// Appends the strings of an array, each cut with its mark: `[sh, -c, beg...(120 of 130 bytes left out)...end]`.
fn push_strings(out: &mut String, strings: &Strings<'_>, arg: &Arg<'_>) {
    out.push('[');
    let mut first = true;
    let mut all = true;
    // The next piece goes on where the last one ended.
    let mut joined = false;
    for piece in strings.pieces() {
        let joins = joined || matches!(piece, Piece::Gap { ends: true, .. });
        if !first && !joins {
            out.push_str(", ");
        }
        first = false;
        joined = matches!(piece, Piece::Gap { beheads: true, .. });
        match piece {
            Piece::String { bytes, cut: None } => escape::push(out, bytes),
            Piece::String {
                bytes,
                cut: Some(cut),
            } => {
                let (head, tail) = bytes.split_at(cut.at);
                escape::push(out, head);
                let _ = match cut.missing {
                    Some(missing) => write!(
                        out,
                        "...({missing} of {} bytes left out)...",
                        missing + bytes.len() as u64
                    ),
                    None => write!(out, "...(nobody knows how many bytes are left out)..."),
                };
                escape::push(out, tail);
            }
            Piece::Gap { missing, .. } => {
                all = false;
                let _ = match missing {
                    Some(missing) => write!(out, "...({missing} bytes left out)..."),
                    None => write!(out, "...(some are left out)..."),
                };
            }
        }
    }
    out.push(']');
    if !all && arg.full > 0 {
        let _ = write!(out, " ({} in all)", arg.full);
    }
}

/// Calls that return an address, which people read in hex.
const RETURNING_ADDRESSES: [&str; 5] = ["mmap", "mremap", "brk", "shmat", "old_mmap"];

/// Appends what the call returned; an error by name, too, if `verbose`.
pub fn push_return(out: &mut String, event: &Event<'_>, verbose: bool) {
    let ret = event.context.ret;
    if event.carried_out() == Some(false) && event.seen.is_some() {
        out.push_str("not run");
        return;
    }
    let _ = match event.errno() {
        None if !event.returns() => write!(out, "?"),
        None if RETURNING_ADDRESSES.contains(&event.spec.name) => write!(out, "{ret:#x}"),
        _ => write!(out, "{ret}"),
    };
    if let Some(name) = event.errno().and_then(symbols::errno_name).filter(|_| verbose) {
        out.push(' ');
        out.push_str(name);
    }
    match event.carried_out() {
        Some(false) => out.push_str(" not run"),
        None if event.returns() && event.errno().is_none() => out.push_str(" unverified"),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_width_and_sign_of_their_type() {
        assert_eq!(number(ArgType::Int, 0xffff_ffff, 0), Number::Signed(-1));
        assert_eq!(number(ArgType::Int, 0xdead_0000_0005, 0), Number::Signed(5));
        assert_eq!(number(ArgType::UInt, u64::MAX, 0), Number::Unsigned(0xffff_ffff));
        assert_eq!(number(ArgType::Long, u64::MAX, 0), Number::Signed(-1));
        assert_eq!(number(ArgType::Long, 0xffff_ffff, ABI_IA32), Number::Signed(-1));
        assert_eq!(number(ArgType::Long, 0xffff_ffff, 0), Number::Signed(0xffff_ffff));
        assert_eq!(number(ArgType::U64, u64::MAX, 0), Number::Unsigned(u64::MAX));
        assert_eq!(number(ArgType::Mode, 0xffff_01ff, 0), Number::Unsigned(0o777));
    }

    #[test]
    fn what_could_not_be_read_has_one_mark() {
        let spec = catalogue::expect("openat");
        let text = |value| {
            let mut out = String::new();
            let arg = Arg {
                late: true,
                ..Arg::new(&spec.args[1], 1, value)
            };
            push_arg(&mut out, &arg, &Context::default());
            out
        };
        assert_eq!(text(Value::Str(b"/x")), "/x (read late)");
        assert_eq!(text(Value::Fault), "0x1 (EFAULT)");
    }

    #[test]
    fn addresses() {
        let text = |bytes: &[u8]| {
            let mut out = String::new();
            push_sockaddr(&mut out, &Sockaddr::parse(bytes));
            out
        };
        assert_eq!(text(b"\x01\0/run/x\0"), "unix:/run/x");
        assert_eq!(text(b"\x01\0\0a\nb"), "unix:@a\\nb");
        assert_eq!(text(&[2, 0, 0, 80, 127, 0, 0, 1]), "127.0.0.1:80");
        assert_eq!(text(&[45, 0, 1, 2]), "AF_MCTP:0102");
        assert_eq!(
            text(&[16, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0]),
            "netlink:7 groups 0x1"
        );
    }
}
