//! Which of our arguments corresponds to which of strace's, and known differences.

use std::borrow::Cow;

use serde_json::Value;

use super::compare::our_bytes;
use super::parse::Call;
use super::term::{bare, evaluate, Term};

/// Whether arguments can be compared: strace sees them, and they are the call's own.
pub fn compares_args(call: &Call) -> bool {
    // strace shows the signal frame, which it reads itself: the call has no arguments.
    call.whole && call.name != "rt_sigreturn"
}

/// The position in our arguments of argument `index` in strace's; by name where that has its own order.
pub fn position(call: &Call, index: usize) -> Option<usize> {
    let key = call.args[index].0.as_str();
    let value = |index: usize| call.args.get(index).and_then(|(_, term)| evaluate(term));
    Some(match call.name.as_str() {
        "clone" => match key {
            "flags" => 0,
            "child_stack" => 1,
            "parent_tid" | "parent_tidptr" => 2,
            "child_tidptr" => 3,
            "tls" => 4,
            _ => return None,
        },
        // Only the arguments that the operation takes.
        "futex" => {
            let order: &[usize] = match value(1)? & 0x7f {
                0..=2 => &[0, 1, 2, 3],
                3 => &[0, 1, 2, 3, 4],
                9 => &[0, 1, 2, 3, 5],
                10 => &[0, 1, 2, 5],
                6 | 13 => &[0, 1, 3],
                _ => &[0, 1, 2, 3, 4, 5],
            };
            *order.get(index)?
        }
        // One offset, which came in two registers; the upper one is 0 in 64-bit calls.
        "preadv2" | "pwritev2" if index == 4 => 5,
        _ => index,
    })
}

/// A difference that `KNOWN` has a row for: what it calls the argument, and the difference.
pub type Different = (&'static str, String);

/// Compares where the forms are too different for the general rule; `None` where that applies.
pub fn special(call: &Call, theirs: &Term, ours: &Value) -> Option<Result<(), Different>> {
    let theirs = bare(theirs);
    match (call.name.as_str(), ours["name"].as_str()?) {
        ("getdents64", "dirent") => match (theirs, ours["value"].as_str()) {
            (Term::Array { items, .. }, Some(text)) => {
                let bytes = our_bytes(text, ours.get("bytes"));
                Some(dirents(items, &bytes).map_err(|what| ("dirent", what)))
            }
            _ => None,
        },
        ("execve" | "execveat", "argv") => script(theirs, ours).map(|what| Err((SCRIPT, what))),
        _ => None,
    }
}

const SCRIPT: &str = "argv of a script";

/// The kernel puts the interpreter and the path of the script in the place of the first argument.
fn script(theirs: &Term, ours: &Value) -> Option<String> {
    let Term::Array { items, .. } = theirs else {
        return None;
    };
    let values: Vec<&str> = ours["value"]
        .as_array()?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let rest: Vec<Cow<'_, str>> = items
        .get(1..)?
        .iter()
        .map(|item| match item {
            Term::Str { bytes, .. } => String::from_utf8_lossy(bytes),
            _ => Cow::Borrowed(""),
        })
        .collect();
    let more = values.len().checked_sub(items.len())?;
    let is_script = (1..=2).contains(&more) && values[0].starts_with('/') && values[more + 1..] == rest;
    is_script.then(|| format!("{theirs} is {}", ours["value"]))
}

/// `struct linux_dirent64`: inode, offset, length and type of the entry, name.
fn dirents(items: &[Term], mut bytes: &[u8]) -> Result<(), String> {
    for item in items {
        let Term::Struct { fields, .. } = item else {
            return Ok(());
        };
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, term)| term);
        let Some(head) = bytes.get(..19) else {
            return Ok(());
        };
        let length = usize::from(u16::from_ne_bytes([head[16], head[17]]));
        let Some(entry) = bytes.get(..length.max(19)) else {
            return Ok(());
        };
        let inode = u64::from_ne_bytes(head[..8].try_into().unwrap());
        let name = entry[19..].split(|byte| *byte == 0).next().unwrap_or_default();
        let same_name = matches!(field("d_name"), Some(Term::Str { bytes, .. }) if bytes == name);
        let same_inode = field("d_ino").and_then(evaluate) == Some(inode.into());
        if !same_name || !same_inode {
            return Err(format!("{item} is {inode} {:?}", String::from_utf8_lossy(name)));
        }
        bytes = &bytes[length.max(19)..];
    }
    Ok(())
}

/// Differences that stay: call, argument, reason.
pub const KNOWN: &[(&str, &str, &str)] = &[
    (
        "execve",
        SCRIPT,
        "we show that of the new image, where the kernel has put the interpreter first",
    ),
    ("mmap", "flags", "strace calls the absence of all flags MAP_FILE"),
];

pub fn reason(call: &str, arg: &str) -> Option<&'static str> {
    KNOWN
        .iter()
        .find(|(known_call, known_arg, _)| *known_call == call && *known_arg == arg)
        .map(|(_, _, reason)| *reason)
}
