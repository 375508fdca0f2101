//! Single values in words: numbers by type and ABI, addresses. Shared by all outputs.

use std::fmt::Write as _;

use crate::catalogue::{self, ArgType};
use crate::decode::event::Context;
use crate::decode::sockaddr::Sockaddr;
use crate::escape;
use crate::symbols;
use crate::wire::ABI_IA32;

const AT_FDCWD: i32 = -100;

/// What may follow a name that has no quotes, such as that of a unix socket: within it these are escapes.
pub const ENDS: &[u8] = b" ,\"()[]{}";

/// A number with the width and sign of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    Signed(i64),
    Unsigned(u64),
    Bool(bool),
}

/// The number that a register holds for an argument of this type, in a call of this ABI.
#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)] // The low half is what is wanted.
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

/// Appends the meaning of a number of this type in words. Returns false, and appends nothing, if it has none.
#[allow(clippy::cast_possible_truncation)] // See `number`.
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
        ArgType::Flags(table) | ArgType::LongFlags(table) | ArgType::Enum(table) => {
            return table.push(out, bits);
        }
        ArgType::Signal => return symbols::push_signal(out, bits as i32),
        ArgType::SigSet => symbols::push_sigset(out, bits),
        ArgType::WaitStatus => symbols::push_wait_status(out, bits as i32),
        ArgType::Mode => symbols::push_mode(out, bits as u32),
        // The kernel's own layout of dev_t (linux/kdev_t.h): 12 bits of major, 20 of minor.
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

/// Appends a number in hex digits: `0x1f`.
pub fn push_hex_number(out: &mut String, raw: u64) {
    out.push_str("0x");
    let digits = (u64::BITS - raw.leading_zeros()).div_ceil(4).max(1);
    for digit in (0..digits).rev() {
        let digit = char::from_digit((raw >> (digit * 4) & 15) as u32, 16);
        out.push(digit.unwrap_or_default());
    }
}

pub fn push_address(out: &mut String, raw: u64) {
    match raw {
        0 => out.push_str("NULL"),
        _ => push_hex_number(out, raw),
    }
}

/// Appends the address of a socket.
pub fn push_sockaddr(out: &mut String, address: &Sockaddr<'_>) {
    let push_family = |out: &mut String, family: Option<u16>| {
        let known = family.is_some_and(|f| symbols::socket::FAMILY.push(out, f.into()));
        if !known {
            out.push_str("unknown family");
        }
    };
    let _ = match address {
        Sockaddr::Unix(path) => {
            out.push_str("unix:");
            escape::push_until(out, path, ENDS);
            Ok(())
        }
        Sockaddr::Abstract(name) => {
            out.push_str("unix:@");
            escape::push_until(out, name, ENDS);
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
            escape::push_until(out, kind, ENDS);
            out.push(':');
            escape::push_until(out, name, ENDS);
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

/// Appends bytes as hex digits.
pub fn push_hex(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_digits_are_those_of_the_standard_library() {
        for bit in 0..64 {
            for number in [0, 1 << bit, u64::MAX >> bit, 0x0123_4567_89ab_cdef >> bit] {
                let mut out = String::new();
                push_hex_number(&mut out, number);
                assert_eq!(out, format!("{number:#x}"));
            }
        }
    }

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
