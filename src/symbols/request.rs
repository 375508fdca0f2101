//! Requests of ioctl(2) in words: by name, or by their parts.

use std::fmt::Write as _;

use super::ioctl;
use super::table::{name, push_name_or_hex, Rule, Table, ALL};

/// `ioctl(2)`
pub const IOCTL: &Table = &Table::Special(
    Rule(push),
    &[(ALL, ioctl::REQUEST), (ALL, ioctl::EV), (ALL, ioctl::ABS)],
);

/// `ioctl(2)`: requests without a name by their parts (asm-generic/ioctl.h).
fn push(out: &mut String, value: u64) -> bool {
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

/// Requests of input devices whose number contains the kind, and whose size the room (linux/input.h).
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
