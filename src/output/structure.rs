//! Structures in words, as in C's own notation: `{tv_sec=1, tv_nsec=0}`, `[3, 4]`.

use std::fmt::Write as _;

use crate::catalogue::ArgType;
use crate::decode::event::Context;
use crate::decode::msghdr::{Messages, Msghdr, Part};
use crate::decode::structure::{Array, FieldValue, Structure};
use crate::escape;
use crate::output::value;

/// How much of a structure is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The fields that its row names (`.main(…)`).
    Main,
    /// All fields.
    All,
}

/// Appends one structure.
pub fn push(out: &mut String, structure: Structure<'_>, context: &Context, detail: Detail) {
    if let (Detail::Main, Some(main)) = (detail, structure.main()) {
        push_some(out, structure, main, context);
        out.truncate(out.len() - 1);
        out.push_str(", ...}");
        return;
    }
    // A set of signals has brackets of its own.
    let bare = structure.is_bare();
    let set = matches!(
        structure.fields().next(),
        Some((_, FieldValue::Number(ArgType::SigSet, _)))
    );
    let (open, close) = match (bare, set) {
        (true, true) => ("", ""),
        (true, false) => ("[", "]"),
        (false, _) => ("{", "}"),
    };
    out.push_str(open);
    push_fields(out, structure, context);
    out.push_str(close);
}

/// Appends those fields of a structure whose bits are set.
pub fn push_some(out: &mut String, structure: Structure<'_>, mask: u64, context: &Context) {
    out.push('{');
    let start = out.len();
    for (index, (field, value)) in structure.fields().enumerate() {
        if mask & (1 << index) == 0 {
            continue;
        }
        if out.len() > start {
            out.push_str(", ");
        }
        out.push_str(field.name);
        out.push('=');
        push_field(out, value, context);
    }
    out.push('}');
}

fn push_fields(out: &mut String, structure: Structure<'_>, context: &Context) {
    for (index, (field, value)) in structure.fields().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        if !field.name.is_empty() {
            out.push_str(field.name);
            out.push('=');
        }
        push_field(out, value, context);
    }
}

fn push_field(out: &mut String, value: FieldValue<'_>, context: &Context) {
    match value {
        FieldValue::Number(ty, raw) => push_number(out, ty, raw, context),
        FieldValue::Numbers(numbers) => {
            out.push('[');
            for (index, raw) in numbers.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                push_number(out, numbers.ty, raw, context);
            }
            out.push(']');
        }
        FieldValue::Chars(bytes) => escape::push_quoted(out, bytes),
        FieldValue::Bytes(bytes) => {
            out.push_str("0x");
            value::push_hex(out, bytes);
        }
        FieldValue::Struct(structure) => push(out, structure, context, Detail::All),
    }
}

fn push_number(out: &mut String, ty: ArgType, raw: u64, context: &Context) {
    if !value::push_name(out, ty, raw, context) {
        value::push_number(out, ty, raw, context.abi);
    }
}

/// Appends several structures.
pub fn push_array(out: &mut String, array: &Array<'_>, context: &Context, detail: Detail) {
    out.push('[');
    for (index, structure) in array.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        if structure.is_bare() {
            push_fields(out, structure, context);
        } else {
            push(out, structure, context, detail);
        }
    }
    out.push(']');
}

/// Appends the mark of a value that was cut, as the tables show it.
fn push_cut(out: &mut String, truncated: bool, full: u64) {
    if truncated {
        out.push_str("...");
        if full > 0 {
            let _ = write!(out, " ({full} in all)");
        }
    }
}

/// Appends the number of buffers and their total length.
pub fn push_iovec(out: &mut String, array: &Array<'_>, data: Option<&Part<'_>>) {
    let (mut count, mut bytes) = (0u64, 0u64);
    for buffer in array.iter() {
        count += 1;
        if let Some((_, FieldValue::Number(_, len))) = buffer.fields().nth(1) {
            bytes = bytes.saturating_add(len);
        }
    }
    let buffers = if count == 1 { "buffer" } else { "buffers" };
    let _ = write!(out, "[{count} {buffers}, {bytes} bytes");
    match data {
        Some(data) if data.fault => out.push_str(": (EFAULT)"),
        Some(data) => {
            out.push_str(": ");
            escape::push_quoted(out, data.bytes);
            push_cut(out, data.truncated, data.full);
        }
        None => {}
    }
    out.push(']');
}

/// Appends a message: its address, its buffers, the kinds of its control data, its flags.
pub fn push_msghdr(out: &mut String, message: &Msghdr<'_>, context: &Context) {
    out.push('{');
    let Some(header) = message.structure() else {
        out.push('}');
        return;
    };
    for (index, (field, value)) in header.fields().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        out.push_str(field.name);
        out.push('=');
        match (field.name, message.address(), message.buffers(), message.control) {
            ("msg_name", Some(address), ..) => value::push_sockaddr(out, &address),
            ("msg_iov", _, Some(buffers), _) => push_iovec(out, &buffers, message.data.as_ref()),
            ("msg_control", .., Some(_)) => {
                out.push('[');
                for (index, head) in message.controls().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    push(out, head, context, Detail::All);
                }
                out.push(']');
            }
            _ => push_field(out, value, context),
        }
        if let Some((_, full)) = message.cuts().find(|(cut, _)| *cut == field.name) {
            let _ = write!(out, "...({full} bytes in all)");
        }
    }
    out.push('}');
}

/// Appends several messages, each with its length.
pub fn push_messages(out: &mut String, messages: &Messages<'_>, context: &Context) {
    out.push('[');
    for (index, (message, len)) in messages.iter().enumerate() {
        out.push_str(if index > 0 { ", {msg_hdr=" } else { "{msg_hdr=" });
        push_msghdr(out, &message, context);
        if let Some(len) = len {
            out.push_str(", msg_len=");
            push_field(out, len, context);
        }
        out.push('}');
    }
    out.push(']');
}

/// Appends the numbers of a set: `[0 3 7]`.
pub fn push_bits(out: &mut String, bits: &[u8]) {
    out.push('[');
    let mut first = true;
    for number in numbers(bits) {
        let space = if first { "" } else { " " };
        first = false;
        let _ = write!(out, "{space}{number}");
    }
    out.push(']');
}

/// The numbers in a set of bits, as the kernel's little-endian words have them.
pub fn numbers(bits: &[u8]) -> impl Iterator<Item = usize> + '_ {
    bits.iter().enumerate().flat_map(|(at, byte)| {
        (0..8)
            .filter(move |bit| byte & (1 << bit) != 0)
            .map(move |bit| at * 8 + bit)
    })
}

/// The value of an option as a number, if it has an `int`'s size.
pub fn option_number(bytes: &[u8]) -> Option<i32> {
    bytes.try_into().map(i32::from_ne_bytes).ok()
}

/// Appends the value of an option.
pub fn push_option(out: &mut String, bytes: &[u8]) {
    match option_number(bytes) {
        Some(number) => {
            let _ = write!(out, "[{number}]");
        }
        None => escape::push_quoted(out, bytes),
    }
}
