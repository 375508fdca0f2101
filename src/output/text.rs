//! What an argument means: its number by type and ABI, and its form in words. Shared by all outputs.
//!
//! Everything is appended to a string that the caller keeps, so that showing an event allocates nothing.

use std::fmt::Write as _;

use crate::catalogue::ArgType;
use crate::decode::event::{Arg, Context, Event, Value};
use crate::decode::path::PathName;
use crate::decode::strings::{Piece, Strings};
use crate::escape;
use crate::output::fdname;
use crate::output::structure::{self, Detail};
use crate::output::value::{push_address, push_hex_number, push_name, push_number, push_sockaddr};
use crate::symbols;

/// Appends the argument in words, where it has any: flags, names, addresses, structures.
///
/// Returns false, and appends nothing, for what is no more than a number or a string.
pub fn push_symbolic(out: &mut String, arg: &Arg<'_>, context: &Context, detail: Detail) -> bool {
    push_symbolic_value(out, arg, &arg.value, context, detail)
}

/// Appends another value of the argument in words, in the same way.
pub fn push_symbolic_value(
    out: &mut String,
    arg: &Arg<'_>,
    value: &Value<'_>,
    context: &Context,
    detail: Detail,
) -> bool {
    match value {
        Value::Number => match (&arg.file, arg.name) {
            (Some(file), _) => {
                push_number(out, arg.ty, arg.raw, context.abi);
                fdname::push(out, file);
                true
            }
            (None, Some(name)) => {
                push_number(out, arg.ty, arg.raw, context.abi);
                fdname::push_process(out, name);
                true
            }
            (None, None) => push_name(out, arg.ty, arg.raw, context),
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
                    _ => structure::push(out, first, context, detail),
                }
            }
            true
        }
        Value::Array(array) => {
            structure::push_array(out, array, context, detail);
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

/// `name: value, name: value`, as the tables show it.
pub fn push_args(out: &mut String, event: &Event<'_>, detail: Detail) {
    for (index, arg) in event.args.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        out.push_str(arg.spec.name);
        out.push_str(": ");
        push_arg(out, arg, &event.context, detail);
    }
}

/// Appends one value, as the tables show it.
pub fn push_arg(out: &mut String, arg: &Arg<'_>, context: &Context, detail: Detail) {
    push_value(out, arg, &arg.value, context, detail);
    // These values have their marks inside.
    if arg.truncated && !matches!(arg.value, Value::Strings(_) | Value::Path(_) | Value::Msghdr(_)) {
        out.push_str("...");
        if arg.full > 0 {
            let _ = write!(out, " ({} in all)", arg.full);
        }
    }
    if let Some(other) = &arg.other {
        let (word, _, value) = other.parts();
        let _ = write!(out, " ({word}: ");
        push_value(out, arg, value, context, detail);
        out.push(')');
    }
    // A value that could not be read was not read late either.
    if arg.late && arg.value != Value::Fault {
        out.push_str(" (read late)");
    }
}

fn push_value(out: &mut String, arg: &Arg<'_>, value: &Value<'_>, context: &Context, detail: Detail) {
    match value {
        Value::Null if arg.ty.is_kernel_data() => out.push('-'),
        Value::Null => out.push_str("NULL"),
        // What is not in user memory has no address to show, and a number is in no memory at all.
        Value::Fault if arg.ty.is_kernel_data() => out.push_str("(EFAULT)"),
        Value::Fault if !arg.ty.is_pointer() => out.push('?'),
        Value::Fault => {
            push_hex_number(out, arg.raw);
            out.push_str(" (EFAULT)");
        }
        Value::Str(bytes) | Value::Buffer(bytes) => escape::push_quoted(out, bytes),
        Value::Path(path) => push_path(out, path, arg.truncated),
        Value::Strings(strings) => push_strings(out, strings, arg),
        _ => {
            if !push_symbolic_value(out, arg, value, context, detail) {
                push_number(out, arg.ty, arg.raw, context.abi);
            }
        }
    }
}

/// Appends a path in quotes, with its marks outside of them: `"/x" (deleted)`. A name that the kernel made up has no
/// quotes: `pipe:[7]`.
fn push_path(out: &mut String, path: &PathName<'_>, truncated: bool) {
    let (before, behind) = path.marks().words();
    let (quote, ends) = match path.marks().made_up() {
        true => ("", MADE_UP_ENDS),
        false => ("\"", b"\"".as_slice()),
    };
    out.push_str(before);
    // A path is walked from the file upwards, so its beginning is cut.
    if truncated {
        out.push_str("...");
    }
    out.push_str(quote);
    path.name().for_each(|piece| escape::push_until(out, piece, ends));
    out.push_str(quote);
    behind.iter().for_each(|word| out.push_str(word));
}

/// Like `value::ENDS`; such names have brackets.
const MADE_UP_ENDS: &[u8] = b" ,\"()";

/// Appends the strings of an array, each cut with its mark: `["sh", "-c", "beg"...(120 of 130 bytes left out)..."end"]`.
fn push_strings(out: &mut String, strings: &Strings<'_>, arg: &Arg<'_>) {
    out.push('[');
    let mut first = true;
    let mut all = true;
    // Whether the next piece continues the last one.
    let mut joined = false;
    for piece in strings.pieces() {
        let joins = joined || matches!(piece, Piece::Gap { ends: true, .. });
        if !first && !joins {
            out.push_str(", ");
        }
        first = false;
        joined = matches!(piece, Piece::Gap { beheads: true, .. });
        match piece {
            Piece::String { bytes, cut: None } => escape::push_quoted(out, bytes),
            Piece::String {
                bytes,
                cut: Some(cut),
            } => {
                let (head, tail) = bytes.split_at(cut.at);
                escape::push_quoted(out, head);
                let _ = match cut.missing {
                    Some(missing) => write!(
                        out,
                        "...({missing} of {} bytes left out)...",
                        missing + bytes.len() as u64
                    ),
                    None => write!(out, "...(nobody knows how many bytes are left out)..."),
                };
                escape::push_quoted(out, tail);
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

/// Appends what the call returned; an error by number and name.
pub fn push_return(out: &mut String, event: &Event<'_>) {
    let ret = event.context.ret;
    if event.carried_out() == Some(false) && event.seen.is_some() {
        out.push_str("not run");
        return;
    }
    match event.errno() {
        None if !event.returns() => out.push('?'),
        None if RETURNING_ADDRESSES.contains(&event.spec.name) => push_hex_number(out, ret as u64),
        _ => out.push_str(itoa::Buffer::new().format(ret)),
    }
    if let Some(name) = event.errno().and_then(symbols::errno_name) {
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
    use crate::catalogue;

    #[test]
    fn what_could_not_be_read_has_one_mark() {
        let spec = catalogue::expect("openat");
        let text = |value| {
            let mut out = String::new();
            let arg = Arg {
                late: true,
                ..Arg::new(&spec.args[1], 1, value)
            };
            push_arg(&mut out, &arg, &Context::default(), Detail::Main);
            out
        };
        assert_eq!(text(Value::Str(b"/x")), "\"/x\" (read late)");
        assert_eq!(text(Value::Fault), "0x1 (EFAULT)");
    }
}
