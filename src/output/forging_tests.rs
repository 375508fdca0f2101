//! What a table shows of arguments is read back by a parser that knows nothing but the event's row: whatever bytes a
//! program chose, no value looks like another argument.

use crate::catalogue::{self, ArgType, EventSpec};
use crate::decode::event::{Arg, Context, Event, Value};
use crate::decode::path::PathName;
use crate::decode::strings::Strings;
use crate::escape;
use crate::output::fit;
use crate::output::random::Random;
use crate::output::structure::Detail;
use crate::output::text;
use crate::wire::PATH_AT_ROOT;

/// What the parser finds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Text(Vec<u8>),
    Texts(Vec<Vec<u8>>),
    Word(String),
    /// `7<name>`.
    Named(Vec<u8>),
}

/// Reads `"…"` from the start; returns its bytes and what follows.
fn quoted(shown: &str) -> Option<(Vec<u8>, &str)> {
    until(shown.strip_prefix('"')?, '"')
}

/// Reads a text that ends with that character, in the same way.
fn until(mut rest: &str, end: char) -> Option<(Vec<u8>, &str)> {
    let mut bytes = Vec::new();
    loop {
        let mut chars = rest.chars();
        match chars.next()? {
            last if last == end => return Some((bytes, chars.as_str())),
            '\\' => match chars.next()? {
                'x' => {
                    let (digits, behind) = chars.as_str().split_at_checked(2)?;
                    bytes.push(u8::from_str_radix(digits, 16).ok()?);
                    rest = behind;
                }
                'u' => {
                    let (digits, behind) = chars.as_str().strip_prefix('{')?.split_once('}')?;
                    let character = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
                    bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
                    rest = behind;
                }
                escaped => {
                    bytes.push(match escaped {
                        'n' => b'\n',
                        'r' => b'\r',
                        't' => b'\t',
                        '"' | '\\' => escaped as u8,
                        _ => return None,
                    });
                    rest = chars.as_str();
                }
            },
            plain => {
                bytes.extend(plain.encode_utf8(&mut [0; 4]).as_bytes());
                rest = chars.as_str();
            }
        }
    }
}

fn parse(spec: &EventSpec, mut shown: &str) -> Option<Vec<Found>> {
    let mut all = Vec::new();
    for (index, arg) in spec.args.iter().enumerate() {
        shown = shown.strip_prefix(if index > 0 { ", " } else { "" })?;
        shown = shown.strip_prefix(arg.name)?.strip_prefix(": ")?;
        let (found, rest) = if shown.starts_with('"') {
            let (text, rest) = quoted(shown)?;
            (Found::Text(text), rest)
        } else if let Some(mut rest) = shown.strip_prefix('[') {
            let mut texts = Vec::new();
            while !rest.starts_with(']') {
                rest = rest.strip_prefix(if texts.is_empty() { "" } else { ", " })?;
                let (text, behind) = quoted(rest)?;
                texts.push(text);
                rest = behind;
            }
            (Found::Texts(texts), &rest[1..])
        } else if let Some(named) = shown.strip_prefix("7<") {
            let (name, rest) = until(named, '>')?;
            (Found::Named(name), rest)
        } else {
            let end = shown.find(", ").unwrap_or(shown.len());
            (Found::Word(shown[..end].to_owned()), &shown[end..])
        };
        all.push(found);
        shown = rest;
    }
    shown.is_empty().then_some(all)
}

#[test]
fn ten_thousand_argument_lists_are_read_back() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let texts_only = |event: &&EventSpec| {
        let is_known = |ty: ArgType| {
            matches!(
                ty,
                ArgType::Str
                    | ArgType::KernelStr
                    | ArgType::Path
                    | ArgType::StrArray
                    | ArgType::Ptr
                    | ArgType::Int
                    | ArgType::Size
                    | ArgType::Pid
            )
        };
        event.args.iter().all(|arg| is_known(arg.ty))
            && event
                .args
                .iter()
                .any(|arg| arg.ty.is_pointer() || matches!(arg.ty, ArgType::Path | ArgType::Pid))
    };
    let events: Vec<&EventSpec> = catalogue::events().filter(texts_only).collect();
    assert!(events.len() > 20, "{}", events.len());
    for _ in 0..10_000 {
        let spec = events[random.below(events.len())];
        let texts: Vec<Vec<Vec<u8>>> = spec
            .args
            .iter()
            .map(|_| (0..random.below(4)).map(|_| random.text()).collect())
            .collect();
        let ended: Vec<Vec<u8>> = texts
            .iter()
            .map(|list| {
                list.iter()
                    .flat_map(|text| [text.as_slice(), b"\0"].concat())
                    .collect()
            })
            .collect();
        let mut expected = Vec::new();
        let mut args = Vec::new();
        for (index, arg) in spec.args.iter().enumerate() {
            let first = texts[index].first();
            let (value, found) = match (arg.ty, first) {
                (ArgType::Str | ArgType::KernelStr, Some(text)) => {
                    (Value::Str(text), Found::Text(text.clone()))
                }
                (ArgType::Path, Some(text)) => (
                    Value::Path(PathName::new(PATH_AT_ROOT, text)),
                    Found::Text([b"/", text.as_slice()].concat()),
                ),
                (ArgType::StrArray, Some(_)) => (
                    Value::Strings(Strings::new(&ended[index])),
                    Found::Texts(texts[index].clone()),
                ),
                (ArgType::Int | ArgType::Size, _) => (Value::Number, Found::Word("7".into())),
                (ArgType::Pid, Some(name)) => (Value::Number, Found::Named(name.clone())),
                (ArgType::Pid, None) => (Value::Number, Found::Word("7".into())),
                (ArgType::Ptr, _) => (Value::Pointer, Found::Word("0x7".into())),
                _ if arg.ty.is_kernel_data() => (Value::Null, Found::Word("-".into())),
                _ => (Value::Null, Found::Word("NULL".into())),
            };
            let name = match &found {
                Found::Named(_) => first.map(Vec::as_slice),
                _ => None,
            };
            args.push(Arg {
                name,
                ..Arg::new(arg, 7, value)
            });
            expected.push(found);
        }
        let context = Context {
            event: spec.id,
            ..Context::default()
        };
        let event = Event::new(spec, context, args);
        let mut shown = String::new();
        text::push_args(&mut shown, &event, Detail::Main);
        assert_eq!(parse(spec, &shown), Some(expected), "{}: {shown}", spec.name);
    }
}

/// A text that a narrow terminal shows in part ends where its quotes end, too: no escape is cut in two.
#[test]
fn a_shortened_text_ends_with_its_quotes() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..10_000 {
        let text: Vec<u8> = (0..8).flat_map(|_| random.text()).collect();
        let mut whole = String::new();
        escape::push_quoted(&mut whole, &text);
        let columns = 3 + random.below(60);
        let mut shown = String::new();
        fit::push_shortened(&mut shown, &whole, columns);
        assert!(fit::width(&shown) <= columns, "{shown}");
        let Some((_, rest)) = quoted(&shown) else {
            panic!("{columns}: {shown} of {whole}");
        };
        assert_eq!(rest, "", "{columns}: {shown} of {whole}");
    }
}
