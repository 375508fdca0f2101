//! Names of flags and enums, as pure tables, a file a family; and how a value is put into words.

mod errno;
mod file;
mod process;
mod socket;

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::catalogue::Family;

type Names = &'static [(u64, &'static str)];

/// How a family's values are made of its names.
enum Table {
    /// One name a value.
    Enum(Names),
    /// Any number of bits.
    Flags(Names),
    /// An enum in the bits of the mask, flags in the others.
    Mixed { mask: u64, field: Names, flags: Names },
}

fn table(family: Family) -> Option<Table> {
    Some(match family {
        Family::Open => Table::Mixed {
            mask: 3,
            field: file::ACCESS_MODE,
            flags: file::OPEN,
        },
        Family::At => Table::Flags(file::AT),
        Family::Prot => Table::Flags(file::PROT),
        Family::MapFlags => Table::Mixed {
            mask: 0xf,
            field: file::MAP_TYPE,
            flags: file::MAP,
        },
        Family::FileType => Table::Enum(file::FILE_TYPE),
        Family::SeekWhence => Table::Enum(file::SEEK),
        Family::Clone => Table::Flags(process::CLONE),
        Family::AddressFamily => Table::Enum(socket::FAMILY),
        Family::SocketType => Table::Mixed {
            mask: 0xf,
            field: socket::TYPE,
            flags: socket::TYPE_FLAGS,
        },
        Family::SocketFlags => Table::Flags(socket::TYPE_FLAGS),
        _ => return None,
    })
}

/// The symbolic form of a value: names joined by `|`, unknown bits as hex (`O_RDONLY|0x40000000`).
///
/// `None` where the family has no table, or its table no name for the value.
pub fn text(family: Family, value: u64) -> Option<Cow<'static, str>> {
    if family == Family::Access {
        return Some(access(value));
    }
    match table(family)? {
        Table::Enum(names) => name(names, value).map(Cow::Borrowed),
        Table::Flags(_) if value == 0 => None,
        Table::Flags(names) => Some(flags(None, names, value)),
        Table::Mixed {
            mask,
            field,
            flags: names,
        } => {
            let first = name(field, value & mask);
            let rest = if first.is_some() { value & !mask } else { value };
            Some(match (first, rest) {
                (Some(first), 0) => Cow::Borrowed(first),
                _ => flags(first, names, rest),
            })
        }
    }
}

/// `access(2)`: `F_OK` is the absence of the others.
fn access(value: u64) -> Cow<'static, str> {
    match value {
        0 => Cow::Borrowed("F_OK"),
        _ => flags(None, file::ACCESS, value),
    }
}

fn name(names: Names, value: u64) -> Option<&'static str> {
    names
        .iter()
        .find(|(known, _)| *known == value)
        .map(|(_, name)| *name)
}

fn flags(first: Option<&'static str>, names: Names, mut bits: u64) -> Cow<'static, str> {
    let mut parts: Vec<&'static str> = first.into_iter().collect();
    for (mask, name) in names {
        if bits & mask == *mask {
            parts.push(name);
            bits &= !mask;
        }
    }
    if bits == 0 && parts.len() == 1 {
        return Cow::Borrowed(parts[0]);
    }
    let mut text = parts.join("|");
    if bits != 0 {
        let bar = if text.is_empty() { "" } else { "|" };
        let _ = write!(text, "{bar}{bits:#x}");
    }
    Cow::Owned(text)
}

/// `ENOENT` for 2, as errno(3) numbers them.
pub fn errno_name(errno: i32) -> Option<&'static str> {
    name(errno::ERRNO, u64::try_from(errno).ok()?)
}

/// `SIGINT` for 2; real-time signals from 32 on as the kernel counts them: `SIGRTMIN`, `SIGRT_1`, ….
pub fn signal_name(signal: i32) -> Option<Cow<'static, str>> {
    match signal {
        32 => Some(Cow::Borrowed("SIGRTMIN")),
        33..=64 => Some(Cow::Owned(format!("SIGRT_{}", signal - 32))),
        _ => nix::sys::signal::Signal::try_from(signal)
            .ok()
            .map(|signal| Cow::Borrowed(signal.as_str())),
    }
}

/// Permission bits in octal, after the type if there is one: `S_IFREG|0644`.
pub fn mode_text(mode: u32) -> String {
    let (kind, bits) = (mode & 0o170_000, mode & 0o7777);
    match name(file::FILE_TYPE, kind.into()) {
        Some(kind) => format!("{kind}|{bits:04o}"),
        None if kind == 0 => format!("{bits:04o}"),
        None => format!("{mode:#o}"),
    }
}

/// `8:1`, as in proc(5)'s mountinfo.
pub fn dev_text(major: u32, minor: u32) -> String {
    format!("{major}:{minor}")
}

pub fn push(out: &mut String, family: Family, value: u64) -> bool {
    text(family, value).map(|text| out.push_str(&text)).is_some()
}
pub fn push_signal(out: &mut String, signal: i32) -> bool {
    signal_name(signal).map(|text| out.push_str(&text)).is_some()
}
pub fn push_mode(out: &mut String, mode: u32) {
    out.push_str(&mode_text(mode));
}
pub fn push_dev(out: &mut String, major: u32, minor: u32) {
    out.push_str(&dev_text(major, minor));
}
pub fn push_sigset(out: &mut String, set: u64) {
    let _ = write!(out, "[{set:#x}]");
}
pub fn push_wait_status(out: &mut String, status: i32) {
    let _ = write!(out, "{status:#x}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What strace prints for the same numbers.
    #[test]
    fn known_values() {
        for (family, value, words) in [
            (Family::Open, 0, "O_RDONLY"),
            (Family::Open, 0o2_000_000, "O_RDONLY|O_CLOEXEC"),
            (Family::Open, 0o1101, "O_WRONLY|O_CREAT|O_TRUNC"),
            (Family::Open, 0o4_010_002, "O_RDWR|O_SYNC"),
            (Family::Open, 0x8000_0000, "O_RDONLY|0x80000000"),
            (Family::Access, 0, "F_OK"),
            (Family::Access, 5, "R_OK|X_OK"),
            (Family::At, 0x1000, "AT_EMPTY_PATH"),
            (Family::Prot, 3, "PROT_READ|PROT_WRITE"),
            (Family::MapFlags, 0x22, "MAP_PRIVATE|MAP_ANONYMOUS"),
            (Family::AddressFamily, 10, "AF_INET6"),
            (Family::SocketType, 0x80001, "SOCK_STREAM|SOCK_CLOEXEC"),
            (Family::FileType, 0o100_000, "S_IFREG"),
        ] {
            assert_eq!(
                text(family, value).as_deref(),
                Some(words),
                "{family:?} {value:#x}"
            );
        }
        assert_eq!(text(Family::SeekWhence, 77), None);
    }

    #[test]
    fn modes_signals_and_errors() {
        assert_eq!(mode_text(0o100_644), "S_IFREG|0644");
        assert_eq!(mode_text(0o4755), "4755");
        assert_eq!(mode_text(0), "0000");
        assert_eq!(signal_name(2).as_deref(), Some("SIGINT"));
        assert_eq!(signal_name(34).as_deref(), Some("SIGRT_2"));
        assert_eq!(signal_name(0), None);
        assert_eq!(errno_name(2), Some("ENOENT"));
        assert_eq!(errno_name(512), Some("ERESTARTSYS"));
    }
}
