//! What an argument means: its number by type and ABI, and its form in words. Shared by all outputs.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::catalogue::{self, ArgType};
use crate::decode::sockaddr::Sockaddr;
use crate::event::{Arg, Context, Event, Value};
use crate::output::escape;
use crate::symbols;

const AT_FDCWD: i32 = -100;
const ABI_IA32: u8 = 1;

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
        Int | Fd | DirFd | Signal | Enum(_) | Pid | SyscallNr => Number::Signed(i64::from(raw as i32)),
        UInt | Flags(_) | Uid | Gid => Number::Unsigned(u64::from(raw as u32)),
        Long if abi == ABI_IA32 => Number::Signed(i64::from(raw as i32)),
        Long | I64 => Number::Signed(raw as i64),
        U16 | Mode => Number::Unsigned(u64::from(raw as u16)),
        Bool => Number::Bool(raw != 0),
        _ => Number::Unsigned(raw),
    }
}

/// The argument in words, where it has any: flags, names, addresses.
pub fn symbolic<'a>(arg: &'a Arg<'_>, context: &Context) -> Option<Cow<'a, str>> {
    match &arg.value {
        Value::Number => symbolic_number(arg, context),
        Value::Sockaddr(address) => Some(sockaddr(address).into()),
        Value::Timespec { sec, nsec } => Some(format!("{sec}.{nsec:09}").into()),
        Value::Pointer => Some(format!("{:#x}", arg.raw).into()),
        _ => None,
    }
}

fn symbolic_number(arg: &Arg<'_>, context: &Context) -> Option<Cow<'static, str>> {
    let number = number(arg.spec.ty, arg.raw, context.abi);
    let bits = match number {
        Number::Signed(value) => u64::from(value as u32),
        Number::Unsigned(value) => value,
        Number::Bool(value) => return Some(if value { "true" } else { "false" }.into()),
    };
    match arg.spec.ty {
        ArgType::DirFd if number == Number::Signed(AT_FDCWD.into()) => Some("AT_FDCWD".into()),
        ArgType::Flags(family) | ArgType::LongFlags(family) | ArgType::Enum(family) => {
            words(|out| symbols::push(out, family, bits))
        }
        ArgType::Signal => words(|out| symbols::push_signal(out, bits as i32)),
        ArgType::Mode => words(|out| {
            symbols::push_mode(out, bits as u32);
            true
        }),
        // Kernel's own layout of dev_t (linux/kdev_t.h): 12 bits of major, 20 of minor.
        ArgType::Dev => words(|out| {
            symbols::push_dev(out, (bits >> 20) as u32, (bits & 0xf_ffff) as u32);
            true
        }),
        ArgType::UserDev => {
            let (major, minor) = (nix::sys::stat::major(bits), nix::sys::stat::minor(bits));
            words(|out| {
                symbols::push_dev(out, major as u32, minor as u32);
                true
            })
        }
        ArgType::SyscallNr => catalogue::by_id(context.syscall).map(|event| event.name.into()),
        _ => None,
    }
}

fn words(push: impl FnOnce(&mut String) -> bool) -> Option<Cow<'static, str>> {
    let mut text = String::new();
    push(&mut text).then(|| text.into())
}

fn sockaddr(address: &Sockaddr<'_>) -> String {
    let mut text = String::new();
    let family = |family: Option<u16>| {
        family
            .and_then(|f| words(|out| symbols::push(out, catalogue::Family::AddressFamily, f.into())))
            .unwrap_or(Cow::Borrowed("unknown family"))
    };
    match address {
        Sockaddr::Unix(b"") => text.push_str("unix:"),
        Sockaddr::Unix(path) => {
            text.push_str("unix:");
            escape::push(&mut text, path);
        }
        Sockaddr::Abstract(name) => {
            text.push_str("unix:@");
            escape::push(&mut text, name);
        }
        Sockaddr::Inet(address) => text = address.to_string(),
        Sockaddr::Inet6(address) => text = address.to_string(),
        Sockaddr::Other(number, bytes) => {
            let _ = write!(text, "{}:", family(Some(*number)));
            push_hex(&mut text, bytes);
        }
        Sockaddr::Short(bytes) => {
            let _ = write!(text, "{} (cut short):", family(address.family()));
            push_hex(&mut text, bytes);
        }
    }
    text
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
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

fn push_arg(out: &mut String, arg: &Arg<'_>, context: &Context) {
    match &arg.value {
        Value::Null if arg.spec.ty.is_kernel_data() => out.push('-'),
        Value::Null => out.push_str("NULL"),
        Value::Fault if arg.spec.ty.is_kernel_data() => out.push_str("(EFAULT)"),
        Value::Fault => {
            let _ = write!(out, "{:#x} (EFAULT)", arg.raw);
        }
        Value::Str(bytes) => escape::push(out, bytes),
        Value::Path(path) => escape::push(out, path),
        Value::Strings(strings) => {
            out.push('[');
            for (index, string) in strings.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                escape::push(out, string);
            }
            out.push(']');
        }
        _ => match (symbolic(arg, context), number(arg.spec.ty, arg.raw, context.abi)) {
            (Some(text), _) => out.push_str(&text),
            (None, Number::Signed(value)) => {
                let _ = write!(out, "{value}");
            }
            (None, Number::Unsigned(value)) => {
                let _ = write!(out, "{value}");
            }
            (None, Number::Bool(value)) => {
                let _ = write!(out, "{value}");
            }
        },
    }
    if arg.truncated {
        out.push_str("...");
        if arg.full > 0 {
            let _ = write!(out, " ({} in all)", arg.full);
        }
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
    fn addresses() {
        let text = |bytes: &[u8]| sockaddr(&Sockaddr::parse(bytes));
        assert_eq!(text(b"\x01\0/run/x\0"), "unix:/run/x");
        assert_eq!(text(b"\x01\0\0a\nb"), "unix:@a\\nb");
        assert_eq!(text(&[2, 0, 0, 80, 127, 0, 0, 1]), "127.0.0.1:80");
        assert_eq!(text(&[16, 0, 1, 2]), "AF_NETLINK:0102");
    }
}
