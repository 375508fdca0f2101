//! Any bytes as text: the result is safe to look at, and the bytes can be recovered from it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tracee::{escape, json};

fuzz_target!(|bytes: &[u8]| {
    let mut text = String::new();
    escape::push(&mut text, bytes);
    assert!(!text.chars().any(is_seen_as_more), "{text:?}");
    assert_eq!(unescaped(&text), bytes, "{text:?}");

    // As a value, and as a key.
    let given = String::from_utf8_lossy(bytes);
    let mut out = Vec::new();
    let pair = serde_json::json!({ given.as_ref(): given });
    json::write(&mut out, &pair).expect("a vector takes everything");
    let shown = std::str::from_utf8(&out).expect("UTF-8");
    assert!(!shown.chars().any(is_seen_as_more), "{shown:?}");
    let back: serde_json::Value = serde_json::from_str(shown).expect("JSON");
    assert_eq!(back, pair, "{shown:?}");
});

/// Independent of the tested code: controls, and marks that change the direction or are invisible.
fn is_seen_as_more(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0001}'..='\u{e007f}')
}

/// The bytes that an escaped text stands for.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        if character != '\\' {
            bytes.extend(character.to_string().bytes());
            continue;
        }
        let (kind, after) = rest.split_at(1);
        rest = after;
        match kind {
            "n" => bytes.push(b'\n'),
            "r" => bytes.push(b'\r'),
            "t" => bytes.push(b'\t'),
            "\\" => bytes.push(b'\\'),
            "x" => {
                bytes.push(u8::from_str_radix(&rest[..2], 16).expect("two hex digits"));
                rest = &rest[2..];
            }
            "u" => {
                let (code, after) = rest[1..].split_once('}').expect("a closing brace");
                let code = u32::from_str_radix(code, 16).expect("hex digits");
                bytes.extend(char::from_u32(code).expect("a character").to_string().bytes());
                rest = after;
            }
            other => panic!("an unknown escape {other:?}"),
        }
    }
    bytes
}
