//! One argument as strace logs it against the same one as we print it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;

use base64::prelude::{Engine as _, BASE64_STANDARD};
use serde_json::Value;

use super::term::{bare, evaluate, Term};

/// The result of a comparison.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Same,
    /// strace shows less than we do: an address where we show the memory's content.
    Unchecked,
    /// Equal except for the parts of an `iovec`: we show their addresses and lengths, on purpose.
    Partly,
    Differs(Why),
}

/// How two arguments differ.
#[derive(Debug, PartialEq, Eq)]
pub enum Why {
    /// We show an address, strace the memory's content.
    NotFollowed,
    /// We show a number only, strace its name.
    NoWords(String),
    Value(String),
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Why::NotFollowed => f.write_str("an address only"),
            Why::NoWords(what) => write!(f, "words: {what}"),
            Why::Value(what) => write!(f, "value: {what}"),
        }
    }
}

/// What a comparison has found so far.
#[derive(Default)]
struct Found {
    /// In strace's comments.
    names: BTreeSet<String>,
    /// Parts of an `iovec`.
    addresses: bool,
}

type Matched = Result<bool, Why>;

/// Compares strace's term with our entry of `args`.
pub fn argument(theirs: &Term, ours: &Value) -> Verdict {
    let mut found = Found::default();
    let entry = Entry {
        ty: ours["type"].as_str().unwrap_or_default(),
        bytes: ours.get("bytes"),
        cut: ours["truncated"] == true,
        address: is_address(ours),
    };
    if ours["error"] == "EFAULT" {
        // strace shows addresses where it cannot read.
        return match bare(theirs) {
            Term::Number(_) => Verdict::Same,
            theirs => differs(format!("we cannot read it, strace has {theirs}")),
        };
    }
    match matches(theirs, &ours["value"], &entry, &mut found).and_then(|checked| {
        words(theirs, ours["text"].as_str(), &found.names)?;
        Ok(checked)
    }) {
        Ok(true) if found.addresses => Verdict::Partly,
        Ok(true) => Verdict::Same,
        Ok(false) => Verdict::Unchecked,
        Err(why) => Verdict::Differs(why),
    }
}

fn differs(what: String) -> Verdict {
    Verdict::Differs(Why::Value(what))
}

/// What the outer object of our argument contains about the value in it.
struct Entry<'a> {
    ty: &'a str,
    bytes: Option<&'a Value>,
    cut: bool,
    /// The value is the address of what was not read.
    address: bool,
}

const INNER: Entry<'static> = Entry {
    ty: "",
    bytes: None,
    cut: false,
    address: false,
};

/// Only addresses have such a text.
fn is_address(ours: &Value) -> bool {
    let hex = ours["value"].as_u64().map(|address| format!("{address:#x}"));
    hex.is_some() && ours["text"].as_str() == hex.as_deref()
}

fn wrong<T>(theirs: &Term, ours: &Value) -> Result<T, Why> {
    let short = |text: String| text.chars().take(300).collect::<String>();
    let (theirs, ours) = (short(theirs.to_string()), short(ours.to_string()));
    Err(Why::Value(format!("strace: {theirs}, we: {ours}")))
}

/// Compares values; collects the names in comments on the way.
fn matches(theirs: &Term, ours: &Value, entry: &Entry<'_>, found: &mut Found) -> Matched {
    let content = matches!(
        bare(theirs),
        Term::Str { .. } | Term::Struct { .. } | Term::Array { .. } | Term::Set { .. }
    );
    if entry.address && content {
        return Err(Why::NotFollowed);
    }
    match theirs {
        Term::Noted(inner, note) => noted(inner, note, ours, entry, found),
        Term::Null if ours.is_null() || ours == 0 => Ok(true),
        Term::Word(nothing) if nothing.is_empty() => Ok(false),
        Term::Number(number) => match ours {
            Value::Number(_) | Value::Bool(_) if same_number(*number, ours, entry.ty) => Ok(true),
            // An address where we show what is there.
            Value::Object(_) | Value::Array(_) | Value::String(_) if *number > 0xfff => Ok(false),
            _ => wrong(theirs, ours),
        },
        Term::Str { bytes, cut } => string(bytes, *cut, theirs, ours, entry),
        Term::Struct { fields, .. } => structure(fields, theirs, ours, found),
        Term::Array { items, cut } => array(items, *cut, theirs, ours, entry, found),
        Term::Set { items, inverted } => set(items, *inverted, theirs, ours, found),
        Term::Change(before, after) => {
            matches(after, ours, entry, found).or_else(|_| matches(before, ours, entry, found))
        }
        Term::Joined("|", terms) => {
            for term in terms {
                if let Term::Noted(_, note) = term {
                    found.names.extend(note_names(note));
                }
            }
            evaluated(theirs, ours, entry)
        }
        Term::Joined(..) | Term::Macro(..) => evaluated(theirs, ours, entry),
        _ => wrong(theirs, ours),
    }
}

fn noted(inner: &Term, note: &str, ours: &Value, entry: &Entry<'_>, found: &mut Found) -> Matched {
    // Network order in quotes; the meaning is in the comment.
    if let Term::Str { .. } = inner {
        return match super::parse::term(note) {
            Ok(Term::Macro(name, args)) => match (name.as_str(), args.as_slice()) {
                ("htons" | "htonl" | "inet_addr", [value]) | ("inet_pton", [_, value, ..]) => {
                    matches(value, ours, entry, found)
                }
                _ => matches(inner, ours, entry, found),
            },
            _ => matches(inner, ours, entry, found),
        };
    }
    let matched = matches(inner, ours, entry, found);
    if matched == Ok(true) {
        found.names.extend(note_names(note));
    }
    matched
}

/// The names in a comment that consists only of names.
fn note_names(note: &str) -> Vec<String> {
    let parts: Vec<&str> = note.split('|').map(str::trim).collect();
    let is_name = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
            && part
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || char == '_')
    };
    let is_number = |part: &str| part.starts_with(|first: char| first.is_ascii_digit());
    if !parts.iter().all(|part| is_name(part) || is_number(part)) {
        return Vec::new();
    }
    let mut names = Vec::new();
    for part in parts.into_iter().filter(|part| is_name(part)) {
        names.extend(normal_name(part));
    }
    names
}

/// A common spelling for names that strace and we spell differently.
fn normal_name(name: &str) -> Vec<String> {
    match name
        .strip_prefix("FUTEX_")
        .and_then(|n| n.strip_suffix("_PRIVATE"))
    {
        Some(op) => vec![format!("FUTEX_{op}"), "FUTEX_PRIVATE_FLAG".into()],
        None => vec![name.to_owned()],
    }
}

fn same_number(theirs: i128, ours: &Value, ty: &str) -> bool {
    let ours = match ours {
        Value::Bool(value) => i128::from(*value),
        ours => match (ours.as_i64(), ours.as_u64()) {
            (Some(number), _) => number.into(),
            (_, Some(number)) => number.into(),
            _ => return false,
        },
    };
    let half = |number: i128| (-(1 << 31)..1 << 32).contains(&number).then_some(number as u32);
    // -1 and 4294967295 are the same 32 bits.
    let same_half = !ty.contains("long") && half(theirs).is_some() && half(theirs) == half(ours);
    theirs == ours || theirs as u64 == ours as u64 || same_half
}

/// Our bytes: as they are if `bytes` has them, else those of the text.
pub fn our_bytes<'a>(value: &'a str, bytes: Option<&Value>) -> Cow<'a, [u8]> {
    match bytes.and_then(Value::as_str) {
        Some(base64) => Cow::Owned(BASE64_STANDARD.decode(base64).expect("base64")),
        None => Cow::Borrowed(value.as_bytes()),
    }
}

fn string(bytes: &[u8], cut: bool, theirs: &Term, ours: &Value, entry: &Entry<'_>) -> Matched {
    match ours {
        Value::String(text) => {
            let mine = our_bytes(text, entry.bytes);
            let shorter = mine.len().min(bytes.len());
            let lossy = || text.contains('\u{fffd}') && *text == String::from_utf8_lossy(bytes);
            let mine_is_cut = entry.cut && mine.len() == shorter;
            let theirs_is_cut = cut && bytes.len() == shorter;
            match mine[..shorter] == bytes[..shorter] {
                true if mine.len() == bytes.len() || mine_is_cut || theirs_is_cut => {
                    Ok(shorter > 0 || !entry.cut)
                }
                _ if entry.bytes.is_none() && lossy() => Ok(true),
                _ => wrong(theirs, ours),
            }
        }
        // Characters as numbers.
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_u64) => {
            let same = items
                .iter()
                .zip(bytes)
                .all(|(item, byte)| *item == u64::from(*byte));
            match same {
                true => Ok(true),
                false => wrong(theirs, ours),
            }
        }
        // A value of an option, which we show as a number.
        Value::Number(_) if entry.ty.is_empty() => match bytes.len() {
            4 | 8 => {
                let mut padded = bytes.to_vec();
                padded.resize(8, 0);
                let number = u64::from_ne_bytes(padded.try_into().unwrap());
                match same_number(number.into(), ours, "") {
                    true => Ok(true),
                    false => wrong(theirs, ours),
                }
            }
            _ => wrong(theirs, ours),
        },
        _ => wrong(theirs, ours),
    }
}

/// By the fields that both have.
fn structure(fields: &[(String, Term)], theirs: &Term, ours: &Value, found: &mut Found) -> Matched {
    let Value::Object(object) = ours else {
        // A wait status, a union of which we show the widest member, or an array in a structure of its own.
        let inner = fields
            .iter()
            .find(|(key, _)| ["", "u64", "val"].contains(&key.as_str()));
        if let Some((_, term)) = inner {
            return matches(term, ours, &INNER, found);
        }
        return match ours.as_u64() {
            Some(address) if address > 0xffff => Err(Why::NotFollowed),
            _ => wrong(theirs, ours),
        };
    };
    let mut checked = false;
    for (key, term) in fields {
        let Some(value) = object.get(key) else { continue };
        let entry = Entry {
            bytes: object.get("bytes").filter(|_| key == "sun_path"),
            ty: if key.ends_with("mask") { "sigset_t" } else { "" },
            ..INNER
        };
        if key == "iov_base" && value.is_number() {
            found.addresses = true;
            continue;
        }
        let matched = match term {
            Term::Str { bytes, .. } if key.starts_with("sin") => network(bytes, term, value),
            Term::Array { items, .. } if key == "msg_control" => control(items, term, value),
            term => matches(term, value, &entry, found),
        };
        checked |= matched.map_err(|why| match why {
            Why::Value(what) => Why::Value(format!("{key}: {what}")),
            why => why,
        })?;
    }
    match checked || fields.is_empty() {
        true => Ok(true),
        false => wrong(theirs, ours),
    }
}

/// Ports and addresses are in network order.
fn network(bytes: &[u8], theirs: &Term, ours: &Value) -> Matched {
    let same = match ours {
        Value::String(address) => match address.parse() {
            Ok(IpAddr::V4(address)) => address.octets() == bytes,
            Ok(IpAddr::V6(address)) => address.octets() == bytes,
            Err(_) => false,
        },
        _ => ours.as_u64() == Some(bytes.iter().fold(0, |all, byte| (all << 8) | u64::from(*byte))),
    };
    match same {
        true => Ok(true),
        false => wrong(theirs, ours),
    }
}

/// Control messages; ours are bytes as base64: `struct cmsghdr` and its data, padded to 8 bytes.
fn control(items: &[Term], theirs: &Term, ours: &Value) -> Matched {
    let Some(bytes) = ours.as_str().and_then(|text| BASE64_STANDARD.decode(text).ok()) else {
        return wrong(theirs, ours);
    };
    let mut rest = bytes.as_slice();
    for item in items {
        let Term::Struct { fields, .. } = item else {
            return wrong(theirs, ours);
        };
        let field = |name: &str| {
            fields
                .iter()
                .find(|(key, _)| key == name)
                .and_then(|(_, term)| evaluate(term))
        };
        let number = |at: usize| {
            rest.get(at..at + 4)
                .map(|n| u32::from_ne_bytes(n.try_into().unwrap()).into())
        };
        let head = [number(0), number(8), number(12)];
        if head != [field("cmsg_len"), field("cmsg_level"), field("cmsg_type")] {
            return wrong(theirs, ours);
        }
        let len = usize::try_from(head[0].unwrap_or(0)).unwrap_or(0);
        rest = &rest[len.next_multiple_of(8).clamp(1, rest.len())..];
    }
    Ok(true)
}

fn array(
    items: &[Term],
    cut: bool,
    theirs: &Term,
    ours: &Value,
    entry: &Entry<'_>,
    found: &mut Found,
) -> Matched {
    if entry.ty.contains("sigset") && ours.is_u64() {
        return set(items, false, theirs, ours, found);
    }
    match (ours, items) {
        (Value::Array(values), _) => {
            let whole = values.len() == items.len()
                || cut && items.len() < values.len()
                || entry.cut && values.len() < items.len();
            if !whole {
                return wrong(theirs, ours);
            }
            for (index, (item, value)) in items.iter().zip(values).enumerate() {
                let bytes = entry.bytes.and_then(|all| all.get(index));
                matches(item, value, &Entry { bytes, ..INNER }, found)?;
            }
            Ok(true)
        }
        // A pointer to one of them.
        (_, [item]) if !ours.is_number() => matches(item, ours, &INNER, found),
        (Value::Number(_), [item]) => {
            matches(item, ours, &INNER, found).or_else(|_| set(items, false, theirs, ours, found))
        }
        (Value::Number(_), _) => set(items, false, theirs, ours, found),
        _ => wrong(theirs, ours),
    }
}

/// Numbers in a set against ours as a list of numbers, or as a mask with bit *n* - 1 for signal *n*.
fn set(items: &[Term], inverted: bool, theirs: &Term, ours: &Value, found: &mut Found) -> Matched {
    let numbers: Vec<u64> = items
        .iter()
        .filter_map(|item| evaluate(item).and_then(|number| number.try_into().ok()))
        .collect();
    if numbers.len() < items.len() {
        return wrong(theirs, ours);
    }
    let same = match ours {
        Value::Array(values) => {
            let ours: BTreeSet<u64> = values.iter().filter_map(Value::as_u64).collect();
            !inverted && ours == numbers.iter().copied().collect()
        }
        Value::Number(mask) => {
            let mask = mask.as_u64().unwrap_or_default();
            let signals = numbers.iter().fold(0, |mask, number| {
                mask | 1u64.checked_shl(*number as u32 - 1).unwrap_or(0)
            });
            mask == if inverted { !signals } else { signals }
        }
        _ => false,
    };
    if !same {
        return wrong(theirs, ours);
    }
    for item in items.iter().filter(|_| !inverted) {
        if let Term::Noted(_, note) = item {
            found.names.insert(format!("SIG{note}"));
        }
    }
    Ok(true)
}

fn evaluated(theirs: &Term, ours: &Value, entry: &Entry<'_>) -> Matched {
    match (evaluate(theirs), ours) {
        (Some(number), Value::Number(_)) if same_number(number, ours, entry.ty) => Ok(true),
        (Some(_), _) => wrong(theirs, ours),
        (None, _) => Ok(false),
    }
}

/// Each name of strace's must be in our words; of a single value, no other name may be.
fn words(theirs: &Term, text: Option<&str>, names: &BTreeSet<String>) -> Result<(), Why> {
    let single = matches!(bare(theirs), Term::Number(_) | Term::Joined("|", _));
    // Addresses of sockets are in words as people write them, such as 127.0.0.1:80.
    let names: BTreeSet<&String> = names
        .iter()
        .filter(|name| single || !name.starts_with("AF_"))
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    let listed = || {
        names
            .iter()
            .map(|name| name.as_str())
            .collect::<Vec<_>>()
            .join("|")
    };
    let Some(text) = text else {
        return Err(Why::NoWords(listed()));
    };
    let ours: BTreeSet<String> = text
        .split(|char: char| !char.is_ascii_alphanumeric() && char != '_')
        .filter(|word| word.starts_with(|first: char| first.is_ascii_uppercase() || first == '_'))
        .flat_map(normal_name)
        .collect();
    let ours = ours.iter().collect();
    match if single {
        ours == names
    } else {
        names.is_subset(&ours)
    } {
        true => Ok(()),
        false => Err(Why::NoWords(format!("strace: {}, we: {text}", listed()))),
    }
}
