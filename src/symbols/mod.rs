//! Names of flags and enums, as pure tables, a file a group of families; and how a value is put into words.
//!
//! Everything here appends to a string that the caller keeps, and allocates nothing itself.

#![warn(missing_docs)]

mod bpf;
mod errno;
mod event;
mod file;
mod io_uring;
mod ioctl;
mod ipc;
pub(crate) mod memory;
mod mount;
mod prctl;
mod process;
mod rules;
mod security;
mod signal;
mod socket;
mod sockopt;
mod system;
mod table;
#[cfg(test)]
mod tests;
mod time;
mod tty;
#[cfg(test)]
mod uapi_tests;

use std::fmt::Write as _;

use self::table::{table, Field, Table, Tail};
use crate::catalogue::Family;

pub use self::rules::{push_dev, push_mode, push_signal, push_sigset, push_wait_status};

/// Values and names. Of an enum in ascending order; of flags in the order in which they are shown.
pub type Names = &'static [(u64, &'static str)];

/// Appends the symbolic form of a value: names joined by `|`, unknown bits as hex (`O_RDONLY|0x40000000`).
///
/// `value` is as wide as its type in C, without sign extension: -1 of an `int` is `0xffff_ffff`.
/// False, and nothing appended, where the family has no name for the value: an unknown value of an enum, flags none of
/// which is set.
pub fn push(out: &mut String, family: Family, value: u64) -> bool {
    match table(family) {
        Table::Enum(names) => push_name(out, name(names, value)),
        Table::Hex(names) => push_flags(out, &[(u64::MAX, names)], &[], value),
        Table::Overlay(first, names) => push_name(out, name(first, value).or_else(|| name(names, value))),
        Table::Flags(names) => push_flags(out, &[], names, value),
        Table::FlagsOr(zero, _) if value == 0 => push_name(out, Some(zero)),
        Table::FlagsOr(_, names) => push_flags(out, &[], names, value),
        Table::Mixed(fields, names) => push_flags(out, fields, names, value),
        Table::Tailed(fields, names, tail) => push_tailed(out, fields, names, tail, value),
        Table::Bits(names, first) => push_bits(out, names, first, value),
        Table::Special(push, _) => push(out, value),
    }
}

/// Every name that values of this family may be shown with.
pub fn names(family: Family) -> Vec<&'static str> {
    table(family).names()
}

/// 2 for `ENOENT`.
pub fn errno(name: &str) -> Option<u32> {
    errno::ERRNO
        .iter()
        .find(|(_, known)| *known == name)
        .and_then(|(number, _)| u32::try_from(*number).ok())
}

/// `ENOENT` for 2, as errno(3) numbers them.
pub fn errno_name(errno: i32) -> Option<&'static str> {
    name(errno::ERRNO, u64::try_from(errno).ok()?)
}

/// The name of an enum's value. Many tables have no gaps at their start: there the value is the position.
fn name(names: Names, value: u64) -> Option<&'static str> {
    let position = usize::try_from(value).unwrap_or(usize::MAX);
    match names.get(position) {
        Some((known, name)) if *known == value => Some(name),
        _ => names
            .binary_search_by_key(&value, |(known, _)| *known)
            .ok()
            .map(|found| names[found].1),
    }
}

fn push_name(out: &mut String, name: Option<&str>) -> bool {
    if let Some(name) = name {
        out.push_str(name);
    }
    name.is_some()
}

/// Joins what is appended after `start` by `|`.
fn push_bar(out: &mut String, start: usize) {
    if out.len() > start {
        out.push('|');
    }
}

/// Appends the names of enums and flags; false if there was nothing to append.
fn push_flags(out: &mut String, fields: &[Field], names: Names, mut bits: u64) -> bool {
    let start = out.len();
    for (mask, names) in fields {
        if let Some(name) = name(names, bits & mask) {
            push_bar(out, start);
            out.push_str(name);
            bits &= !mask;
        }
    }
    for (mask, name) in names {
        if bits == 0 {
            break;
        }
        if bits & mask == *mask {
            push_bar(out, start);
            out.push_str(name);
            bits &= !mask;
        }
    }
    if bits != 0 {
        push_bar(out, start);
        let _ = write!(out, "{bits:#x}");
    }
    out.len() > start
}

/// From this bit on, flags with [`Tail::Shifted`] hold the binary logarithm of a page's size.
const HUGE_SHIFT: u32 = 26;
const HUGE_MASK: u64 = 0x3f << HUGE_SHIFT;
const PERMISSIONS: u64 = 0o777;

fn push_tailed(out: &mut String, fields: &[Field], names: Names, tail: Tail, value: u64) -> bool {
    let start = out.len();
    let (mask, shift) = match tail {
        Tail::Permissions => (PERMISSIONS, None),
        Tail::Decimal(mask) => (mask, None),
        Tail::Shifted(shift) => (HUGE_MASK, Some(shift)),
        Tail::Both(shift) => (HUGE_MASK | PERMISSIONS, Some(shift)),
    };
    push_flags(out, fields, names, value & !mask);
    if let Some(shift) = shift.filter(|_| value & HUGE_MASK != 0) {
        push_bar(out, start);
        let _ = write!(out, "{}<<{shift}", (value & HUGE_MASK) >> HUGE_SHIFT);
    }
    match tail {
        Tail::Permissions | Tail::Both(_) => {
            push_bar(out, start);
            let _ = write!(out, "0{:02o}", value & PERMISSIONS);
        }
        Tail::Decimal(mask) if value & mask != 0 => {
            push_bar(out, start);
            let _ = write!(out, "{}", value & mask);
        }
        _ => {}
    }
    out.len() > start
}

/// Appends the names of a set of numbers, the lowest bit of which is the number `first`.
fn push_bits(out: &mut String, names: Names, first: u64, mut bits: u64) -> bool {
    let start = out.len();
    for (number, name) in names.iter().filter(|(number, _)| *number >= first) {
        let mask = 1 << (number - first);
        if bits & mask != 0 {
            push_bar(out, start);
            out.push_str("1<<");
            out.push_str(name);
            bits &= !mask;
        }
    }
    if bits != 0 {
        push_bar(out, start);
        let _ = write!(out, "{bits:#x}");
    }
    out.len() > start
}
