//! Tables of names, and how they put a value into words.

use std::fmt::{self, Write as _};

/// Values and names. Those of an enum are in ascending order; those of flags in the order in which they are shown.
pub type Names = &'static [(u64, &'static str)];

/// How values of one kind are put into words: a constant in the file of its group, which rows of the catalogue name.
#[derive(PartialEq, Eq)]
pub enum Table {
    /// One name for each value.
    Enum(Names),
    /// The same; other values in hex.
    Hex(Names),
    /// The same as `Enum`, but a few values have other names than in the second table.
    Overlay(Names, Names),
    /// Any number of bits.
    Flags(Names),
    /// Any number of bits; none of them has a name too.
    FlagsOr(&'static str, Names),
    /// Enums in the bits of the masks, flags in the others.
    Mixed(&'static [Field], Names),
    /// The same, with something at the end.
    Tailed(&'static [Field], Names, Tail),
    /// A set of numbers that the enum names, from this number on: `1<<CAP_KILL`.
    Bits(Names, u64),
    /// The words of a function, with these names.
    Special(Rule, &'static [Field]),
}

/// An enum in some bits of a value: their mask, and names by the bits in their place.
pub type Field = (u64, Names);

/// Appends the words for a value; returns false, and appends nothing, if it has none.
#[derive(Clone, Copy)]
pub struct Rule(pub fn(&mut String, u64) -> bool);

impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        std::ptr::fn_addr_eq(self.0, other.0)
    }
}

impl Eq for Rule {}

/// Number at the end of flags.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Permissions in the lowest nine bits, in octal and always.
    Permissions,
    /// In these bits, in decimal, if any is set.
    Decimal(u64),
    /// In bits from 26 on: `21<<MAP_HUGE_SHIFT`.
    Shifted(&'static str),
    /// `Shifted`, then `Permissions`.
    Both(&'static str),
}

impl Table {
    /// Appends the symbolic form of a value: names joined by `|`, unknown bits as hex (`O_RDONLY|0x40000000`).
    ///
    /// `value` is as wide as its type in C, without sign extension: -1 of an `int` is `0xffff_ffff`. Returns false, and
    /// appends nothing, if the table has no name for the value: an unknown value of an enum, or flags none of which is
    /// set.
    pub fn push(&self, out: &mut String, value: u64) -> bool {
        match *self {
            Table::Enum(names) => push_name(out, name(names, value)),
            Table::Hex(names) => push_flags(out, &[(u64::MAX, names)], &[], value),
            Table::Overlay(first, names) => push_name(out, name(first, value).or_else(|| name(names, value))),
            Table::Flags(names) => push_flags(out, &[], names, value),
            Table::FlagsOr(zero, _) if value == 0 => push_name(out, Some(zero)),
            Table::FlagsOr(_, names) => push_flags(out, &[], names, value),
            Table::Mixed(fields, names) => push_flags(out, fields, names, value),
            Table::Tailed(fields, names, tail) => push_tailed(out, fields, names, tail, value),
            Table::Bits(names, first) => push_bits(out, names, first, value),
            Table::Special(Rule(push), _) => push(out, value),
        }
    }

    /// The name of exactly this value, where the table is an enum.
    pub fn name(&self, value: u64) -> Option<&'static str> {
        match *self {
            Table::Enum(names) | Table::Hex(names) => name(names, value),
            Table::Overlay(first, names) => name(first, value).or_else(|| name(names, value)),
            _ => None,
        }
    }

    /// The value with that name, among the enums and flags of the table.
    pub const fn value(&self, name: &str) -> Option<u64> {
        let (fields, first, names): (&[Field], Names, Names) = match *self {
            Table::Enum(names)
            | Table::Hex(names)
            | Table::Flags(names)
            | Table::FlagsOr(_, names)
            | Table::Bits(names, _) => (&[], &[], names),
            Table::Overlay(first, names) => (&[], first, names),
            Table::Mixed(fields, names) | Table::Tailed(fields, names, _) => (fields, &[], names),
            Table::Special(_, fields) => (fields, &[], &[]),
        };
        let mut index = 0;
        while index < fields.len() {
            if let Some(value) = value(fields[index].1, name) {
                return Some(value);
            }
            index += 1;
        }
        match value(first, name) {
            Some(value) => Some(value),
            None => value(names, name),
        }
    }

    /// Every name in the table.
    pub fn names(&self) -> Vec<&'static str> {
        let (fields, tables, alone): (&[Field], [Names; 2], Option<&'static str>) = match *self {
            Table::Enum(names) | Table::Hex(names) | Table::Flags(names) | Table::Bits(names, _) => {
                (&[], [names, &[]], None)
            }
            Table::Overlay(first, names) => (&[], [first, names], None),
            Table::FlagsOr(zero, names) => (&[], [names, &[]], Some(zero)),
            Table::Mixed(fields, names) | Table::Tailed(fields, names, _) => (fields, [names, &[]], None),
            Table::Special(_, fields) => (fields, [&[], &[]], None),
        };
        fields
            .iter()
            .map(|(_, names)| *names)
            .chain(tables)
            .flatten()
            .map(|(_, name)| *name)
            .chain(alone)
            .collect()
    }
}

/// Kind and first name identify the table in a failed test.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({}, …)", self.names().first().unwrap_or(&"no names"))
    }
}

/// The mask of an enum that takes the whole value.
pub const ALL: u64 = u64::MAX;

/// The name of an enum's value. Many tables have no gaps at their start: there the value is the position.
pub fn name(names: Names, value: u64) -> Option<&'static str> {
    let position = usize::try_from(value).unwrap_or(usize::MAX);
    match names.get(position) {
        Some((known, name)) if *known == value => Some(name),
        _ => names
            .binary_search_by_key(&value, |(known, _)| *known)
            .ok()
            .map(|found| names[found].1),
    }
}

/// The value of that name. Written by hand, since constants allow no iterators.
const fn value(names: Names, name: &str) -> Option<u64> {
    let mut index = 0;
    while index < names.len() {
        if equal(names[index].1, name) {
            return Some(names[index].0);
        }
        index += 1;
    }
    None
}

/// `==` of strings, in a constant.
pub const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    // Compared from the end: names of one table begin alike.
    let mut index = a.len();
    while index > 0 {
        index -= 1;
        if a[index] != b[index] {
            return false;
        }
    }
    true
}

/// Appends a name; returns false if there is no name.
pub fn push_name(out: &mut String, name: Option<&str>) -> bool {
    if let Some(name) = name {
        out.push_str(name);
    }
    name.is_some()
}

/// Appends a name, or the number in hex digits if there is no name.
pub fn push_name_or_hex(out: &mut String, name: Option<&str>, value: u64) {
    match name {
        Some(name) => out.push_str(name),
        None => {
            let _ = write!(out, "{value:#x}");
        }
    }
}

/// Joins what is appended after `start` by `|`.
pub fn push_bar(out: &mut String, start: usize) {
    if out.len() > start {
        out.push('|');
    }
}

/// Appends the names of enums and flags; false if there was nothing to append.
pub fn push_flags(out: &mut String, fields: &[Field], names: Names, mut bits: u64) -> bool {
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
    push_rest(out, start, bits)
}

/// Appends the bits that have no name, if any is set; false if nothing has been appended after `start`.
fn push_rest(out: &mut String, start: usize, bits: u64) -> bool {
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
    push_rest(out, start, bits)
}
