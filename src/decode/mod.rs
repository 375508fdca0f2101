//! Bytes of a record → [`Event`], driven by the catalogue: no code per event.
//!
//! The format is in `src/bpf/record.h`. A record that does not follow it is an error, never a panic.

pub mod cursor;
pub mod sockaddr;

use crate::catalogue::{self, spec, ArgType};
use crate::event::{Arg, Context, Event, Value};
use crate::loader::skel::types::item_header;
use cursor::Cursor;
use sockaddr::Sockaddr;

// Constants of src/bpf/record.h; a test compares them.
pub const RECORD_NO_RETURN: u8 = 1 << 0;
pub const RECORD_INTERNAL: u8 = 1 << 1;
pub const STR_MAX: usize = 4096;
const STR_ARRAY_ELEMS: usize = 1024;
const ITEM_NODENAME: u8 = 0xff;
const ITEM_TRUNCATED: u8 = 1;
const ITEM_FAULT: u8 = 2;
const PATH_DELETED: u8 = 1 << 0;
const PATH_AT_ROOT: u8 = 1 << 1;
pub const ABI_NAMES: [&str; 3] = ["x86_64", "i386", "x32"];
pub const NO_SYSCALL: u16 = 0xffff;

// SAFETY: made of integers only, so that every bit pattern is a value.
unsafe impl plain::Plain for Context {}
// SAFETY: made of integers only, so that every bit pattern is a value.
unsafe impl plain::Plain for item_header {}

/// A record that does not follow the format.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("a record of {0} bytes is too short")]
    Short(usize),
    #[error("a record has the unknown event id {0}")]
    Event(u16),
    #[error("a record of {0} says it has argument {1}")]
    Argument(&'static str, u8),
}

/// The time of a record, in ns since boot, for those who only need to put records in order.
pub fn peek_time(record: &[u8]) -> Option<u64> {
    Cursor::new(record).u64()
}

/// Decodes one record.
pub fn decode(record: &[u8]) -> Result<Event<'_>, DecodeError> {
    let short = || DecodeError::Short(record.len());
    let mut cursor = Cursor::new(record);
    let context: Context = cursor.read().ok_or_else(short)?;
    let spec = catalogue::by_id(context.event).ok_or(DecodeError::Event(context.event))?;
    let mut args = Vec::with_capacity(spec.args.len());
    for index in 0..context.nvalues {
        let raw = cursor.u64().ok_or_else(short)?;
        let arg = spec
            .args
            .get(usize::from(index))
            .ok_or(DecodeError::Argument(spec.name, index))?;
        args.push(Arg {
            spec: arg,
            raw,
            value: unread(arg.ty, raw),
            truncated: false,
            full: 0,
        });
    }
    let mut nodename = None;
    while !cursor.is_empty() {
        let item: item_header = cursor.read().ok_or_else(short)?;
        let bytes = cursor.take_padded(item.len as usize).ok_or_else(short)?;
        if item.index == ITEM_NODENAME {
            nodename = Some(bytes);
            continue;
        }
        let arg = args
            .get_mut(usize::from(item.index))
            .ok_or(DecodeError::Argument(spec.name, item.index))?;
        arg.value = if item.status == ITEM_FAULT {
            Value::Fault
        } else {
            read(arg.spec.ty, &item, bytes)
        };
        arg.truncated = item.status == ITEM_TRUNCATED;
        if let Value::Strings(strings) = &arg.value {
            arg.truncated |= item.full > strings.len() as u64;
        }
        arg.full = item.full;
    }
    Ok(Event {
        spec,
        context,
        nodename,
        args,
        executable: None,
    })
}

/// The value of an argument of which nothing was read.
fn unread(ty: ArgType, raw: u64) -> Value<'static> {
    match ty {
        ArgType::KernelStr | ArgType::Path => Value::Null,
        ArgType::Ptr
        | ArgType::Str
        | ArgType::StrArray
        | ArgType::Sockaddr { .. }
        | ArgType::SockaddrOut { .. }
        | ArgType::Buf { .. }
        | ArgType::BufOut { .. }
        | ArgType::Iovec { .. }
        | ArgType::Timespec
        | ArgType::TimespecOut => match raw {
            0 => Value::Null,
            _ => Value::Pointer,
        },
        _ => Value::Number,
    }
}

/// The value of an argument that was read.
fn read<'a>(ty: ArgType, item: &item_header, bytes: &'a [u8]) -> Value<'a> {
    match ty {
        ArgType::StrArray => Value::Strings(strings(bytes)),
        ArgType::Path => Value::Path(path(item.flags, bytes)),
        ArgType::Sockaddr { .. } | ArgType::SockaddrOut { .. } => Value::Sockaddr(Sockaddr::parse(bytes)),
        ArgType::Timespec | ArgType::TimespecOut => timespec(bytes),
        _ => Value::Str(bytes),
    }
}

/// Strings that each end with NUL; the last one may be cut off.
fn strings(bytes: &[u8]) -> Vec<&[u8]> {
    if bytes.is_empty() {
        return Vec::new();
    }
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let cut = |string: &'_ [u8]| string.len().min(STR_MAX);
    bytes
        .split(|byte| *byte == 0)
        .take(STR_ARRAY_ELEMS)
        .map(|string| &string[..cut(string)])
        .collect()
}

/// Joins components, which come last first.
fn path(flags: u8, components: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(components.len() + 16);
    let components = components.strip_suffix(&[0]).unwrap_or(components);
    if flags & PATH_AT_ROOT != 0 && components.is_empty() {
        path.push(b'/');
    } else {
        for component in components.rsplit(|byte| *byte == 0) {
            if flags & PATH_AT_ROOT != 0 || !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(component);
        }
    }
    if flags & PATH_DELETED != 0 {
        path.extend_from_slice(b" (deleted)");
    }
    path
}

fn timespec(bytes: &[u8]) -> Value<'static> {
    let half = bytes.len() / 2;
    let field = |bytes: &[u8]| match bytes.len() {
        8 => bytes.try_into().map(i64::from_ne_bytes).ok(),
        4 => bytes.try_into().map(|b| i64::from(i32::from_ne_bytes(b))).ok(),
        _ => None,
    };
    match bytes.len() {
        n if n == usize::from(spec::TIMESPEC_SIZE) || n == usize::from(spec::TIMESPEC32_SIZE) => {}
        _ => return Value::Fault,
    }
    match (field(&bytes[..half]), field(&bytes[half..])) {
        (Some(sec), Some(nsec)) => Value::Timespec { sec, nsec },
        _ => Value::Fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record with that event, values, and items (index, status, flags, full, bytes).
    fn record(event: &str, values: &[u64], items: &[(u8, u8, u8, u64, &[u8])]) -> Vec<u8> {
        let context = Context {
            time: 7,
            event: catalogue::expect(event).id,
            nvalues: values.len() as u8,
            ..Context::default()
        };
        // SAFETY: Context is made of integers without padding (it is Plain).
        let mut bytes = unsafe { plain::as_bytes(&context) }.to_vec();
        for value in values {
            bytes.extend(value.to_ne_bytes());
        }
        for (index, status, flags, full, data) in items {
            bytes.extend([*index, *status, *flags, 0]);
            bytes.extend((data.len() as u32).to_ne_bytes());
            bytes.extend(full.to_ne_bytes());
            bytes.extend(*data);
            bytes.resize(bytes.len().next_multiple_of(8), 0);
        }
        bytes
    }

    #[test]
    fn constants_equal_those_of_the_kernel_side() {
        let header = include_str!("../bpf/record.h");
        let constant = |name: &str| {
            let line = header
                .lines()
                .find(|line| line.starts_with(&format!("#define {name} ")))
                .unwrap();
            let text = line
                .split(name)
                .nth(1)
                .unwrap()
                .split("/*")
                .next()
                .unwrap()
                .trim();
            match text
                .strip_prefix("(1 << ")
                .and_then(|rest| rest.strip_suffix(')'))
            {
                Some(shift) => 1 << shift.parse::<u32>().unwrap(),
                None => match text.strip_prefix("0x") {
                    Some(hex) => u64::from_str_radix(hex, 16).unwrap(),
                    None => text.parse().unwrap(),
                },
            }
        };
        for (name, ours) in [
            ("RECORD_NO_RETURN", u64::from(RECORD_NO_RETURN)),
            ("RECORD_INTERNAL", u64::from(RECORD_INTERNAL)),
            ("STR_MAX", STR_MAX as u64),
            ("STR_ARRAY_ELEMS", STR_ARRAY_ELEMS as u64),
            ("ITEM_NODENAME", u64::from(ITEM_NODENAME)),
            ("ITEM_TRUNCATED", u64::from(ITEM_TRUNCATED)),
            ("ITEM_FAULT", u64::from(ITEM_FAULT)),
            ("PATH_DELETED", u64::from(PATH_DELETED)),
            ("PATH_AT_ROOT", u64::from(PATH_AT_ROOT)),
            ("ABI_COUNT", ABI_NAMES.len() as u64),
            ("NO_SYSCALL", u64::from(NO_SYSCALL)),
            ("EXIT_NONE", u64::from(crate::scope::EXIT_NONE)),
            ("EXIT_BEGUN", u64::from(crate::scope::EXIT_BEGUN)),
        ] {
            assert_eq!(constant(name), ours, "{name}");
        }
    }

    #[test]
    fn values_and_items() {
        let bytes = record(
            "openat",
            &[3, 0x1000, 0, 0],
            &[(1, 0, 0, 4, b"/tmp"), (0xff, 0, 0, 4, b"host")],
        );
        let event = decode(&bytes).unwrap();
        assert_eq!(event.spec.name, "openat");
        assert_eq!(event.nodename, Some(&b"host"[..]));
        assert_eq!(event.args[0].value, Value::Number);
        assert_eq!(event.args[1].value, Value::Str(b"/tmp"));
        assert!(!event.args[1].truncated);
    }

    #[test]
    fn null_fault_and_truncation_are_told_apart() {
        let bytes = record("openat", &[3, 0, 0, 0], &[]);
        assert_eq!(decode(&bytes).unwrap().args[1].value, Value::Null);
        let bytes = record("openat", &[3, 1, 0, 0], &[(1, ITEM_FAULT, 0, 0, b"")]);
        assert_eq!(decode(&bytes).unwrap().args[1].value, Value::Fault);
        let bytes = record("openat", &[3, 1, 0, 0], &[(1, ITEM_TRUNCATED, 0, 0, b"ab")]);
        assert!(decode(&bytes).unwrap().args[1].truncated);
    }

    #[test]
    fn string_arrays() {
        assert_eq!(strings(b""), Vec::<&[u8]>::new());
        assert_eq!(strings(b"\0"), [b""]);
        assert_eq!(strings(b"ls\0\0-l\0"), [&b"ls"[..], b"", b"-l"]);
        assert_eq!(strings(b"ls\0cut"), [&b"ls"[..], b"cut"]);
    }

    #[test]
    fn paths() {
        assert_eq!(path(PATH_AT_ROOT, b""), b"/");
        assert_eq!(path(PATH_AT_ROOT, b"ls\0bin\0usr\0"), b"/usr/bin/ls");
        assert_eq!(path(PATH_AT_ROOT | PATH_DELETED, b"x\0"), b"/x (deleted)");
        assert_eq!(path(0, b"memfd:a\0"), b"memfd:a");
    }

    #[test]
    fn timespecs_of_both_widths() {
        let wide: Vec<u8> = [5i64, 6].iter().flat_map(|n| n.to_ne_bytes()).collect();
        assert_eq!(timespec(&wide), Value::Timespec { sec: 5, nsec: 6 });
        let narrow: Vec<u8> = [-1i32, 6].iter().flat_map(|n| n.to_ne_bytes()).collect();
        assert_eq!(timespec(&narrow), Value::Timespec { sec: -1, nsec: 6 });
        assert_eq!(timespec(b"abc"), Value::Fault);
    }

    #[test]
    fn every_cut_and_every_flipped_byte_is_survived() {
        let full = record(
            "execve",
            &[1, 2, 3],
            &[(0, 0, 0, 4, b"/bin"), (1, 0, 0, 2, b"a\0b\0")],
        );
        for len in 0..full.len() {
            let _ = decode(&full[..len]);
        }
        for at in 0..full.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut bytes = full.clone();
                bytes[at] = value;
                let _ = decode(&bytes);
            }
        }
    }
}
