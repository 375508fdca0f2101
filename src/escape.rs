//! Any bytes → text that is safe to look at: one event stays one line, whatever a process calls itself.
//!
//! The table and JSON write escapes differently, but share one list of what they escape.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Appends `bytes` with backslashes, control characters, line breaks, marks that change the direction or hide text,
/// and what is not UTF-8 as escapes, so that different bytes never look the same.
pub fn push(out: &mut String, bytes: &[u8]) {
    push_until(out, bytes, b"");
}

/// The same in quotes; a quote within becomes `\"`.
pub fn push_quoted(out: &mut String, bytes: &[u8]) {
    out.push('"');
    push_until(out, bytes, b"\"");
    out.push('"');
}

/// The same, for a text that ends where one of these ASCII characters stands: within it they are escapes as well.
pub fn push_until(out: &mut String, bytes: &[u8], ends: &[u8]) {
    // Most texts are printable ASCII, and need no look at each character.
    if bytes
        .iter()
        .all(|byte| matches!(byte, b' '..=b'~') && *byte != b'\\' && !ends.contains(byte))
    {
        out.push_str(std::str::from_utf8(bytes).unwrap_or_default());
        return;
    }
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match u8::try_from(character) {
                Ok(b'"') if ends.contains(&b'"') => out.push_str("\\\""),
                Ok(end) if ends.contains(&end) => push_hex(out, end),
                _ => push_char(out, character),
            }
        }
        for byte in chunk.invalid() {
            push_hex(out, *byte);
        }
    }
}

/// Appends a message, which may contain names that others chose: what a terminal would obey or not show is escaped,
/// backslashes stay.
pub fn push_message(out: &mut String, text: &str) {
    for character in text.chars() {
        match is_unsafe(character) {
            true => push_char(out, character),
            false => out.push(character),
        }
    }
}

fn push_char(out: &mut String, character: char) {
    match character {
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        ' '..='~' => out.push(character),
        '\0'..='\x7f' => push_hex(out, character as u8),
        // Tables put it where they have shortened a value.
        '…' => out.push_str("\\u{2026}"),
        _ if is_unsafe(character) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        }
        _ => out.push(character),
    }
}

fn push_hex(out: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push_str("\\x");
    out.push(char::from(DIGITS[usize::from(byte >> 4)]));
    out.push(char::from(DIGITS[usize::from(byte & 15)]));
}

/// Appends a value as JSON whose strings and keys are ASCII escapes wherever the table has escapes, too: `\u009b`. A
/// parser of the JSON gets the characters themselves.
pub fn write_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, SafeStrings))
}

struct SafeStrings;

impl Formatter for SafeStrings {
    /// What JSON itself escapes is not passed to this function.
    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        // Most texts are ASCII.
        if text.bytes().all(|byte| byte < 0x7f) {
            return out.write_all(text.as_bytes());
        }
        let mut plain = 0;
        for (at, character) in text.char_indices().filter(|(_, character)| is_unsafe(*character)) {
            out.write_all(&text.as_bytes()[plain..at])?;
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            plain = at + character.len_utf8();
        }
        out.write_all(&text.as_bytes()[plain..])
    }
}

/// Characters that a terminal obeys or does not show: control characters, line and paragraph separators, format
/// characters (Unicode's categories Cc, Zl, Zp and Cf), and all others that Unicode has terminals leave out
/// (`Default_Ignorable_Code_Point`); what looks like a space and is none (Zs but U+0020, and braille without dots);
/// what has no agreed meaning (private use, noncharacters).
pub fn is_unsafe(character: char) -> bool {
    if character < '\u{7f}' {
        return character < ' ';
    }
    // The last two of each plane are no characters.
    if u32::from(character) & 0xfffe == 0xfffe {
        return true;
    }
    matches!(
        character,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{2800}' | '\u{3000}'
    ) || matches!(character,
        '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{f0000}'..='\u{10ffff}')
        || matches!(character,
        '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(bytes: &[u8]) -> String {
        let mut out = String::new();
        push(&mut out, bytes);
        out
    }

    #[test]
    fn plain_text_stays() {
        assert_eq!(escaped(b"/usr/bin/ls -l"), "/usr/bin/ls -l");
        assert_eq!(escaped("Grüße 日本".as_bytes()), "Grüße 日本");
    }

    #[test]
    fn a_text_ends_where_its_end_stands() {
        let mut out = String::new();
        push_quoted(&mut out, br#"a", b: "c\"#);
        out.push(' ');
        push_until(&mut out, b"/x>, y", b">,");
        assert_eq!(out, r#""a\", b: \"c\\" /x\x3e\x2c y"#);
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(
            escaped(b"a\nb\r\t\x1b[31m\x7f\0"),
            "a\\nb\\r\\t\\x1b[31m\\x7f\\x00"
        );
        assert_eq!(
            escaped("a\u{202e}b\u{200b}\u{9b}\u{2028}".as_bytes()),
            "a\\u{202e}b\\u{200b}\\u{9b}\\u{2028}"
        );
        assert_eq!(escaped(b"a\xffb\xc3"), "a\\xffb\\xc3");
    }

    #[test]
    fn what_looks_like_a_space_or_means_nothing_is_escaped() {
        let spaces = "\u{a0}\u{1680}\u{2000}\u{2007}\u{200a}\u{202f}\u{205f}\u{3000}\u{2800}";
        let nothing =
            "\u{e000}\u{f8ff}\u{f0000}\u{10fffd}\u{fdd0}\u{fdef}\u{fffe}\u{ffff}\u{1fffe}\u{10ffff}";
        for character in spaces.chars().chain(nothing.chars()) {
            let code = u32::from(character);
            assert_eq!(
                escaped(character.to_string().as_bytes()),
                format!("\\u{{{code:x}}}")
            );
        }
        for text in [" ", "\u{2801}", "\u{3001}", "\u{fdf0}", "\u{fffd}", "\u{1f600}"] {
            assert_eq!(escaped(text.as_bytes()), text);
        }
    }

    /// What JSON shows of a text, and the text again that is in it.
    fn json(text: &str) -> String {
        let mut out = Vec::new();
        write_json(&mut out, text).unwrap();
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_escapes_what_the_table_escapes() {
        assert_eq!(json("Grüße \"日本\" ~"), "\"Grüße \\\"日本\\\" ~\"");
        assert_eq!(
            json("\u{9b}31m\u{7f}a\u{202e}\u{2028}\u{e0041}\n\u{0}"),
            r#""\u009b31m\u007fa\u202e\u2028\udb40\udc41\n\u0000""#
        );
        for character in '\0'..=char::MAX {
            let text = character.to_string();
            let shown = json(&text);
            let in_table = escaped(text.as_bytes());
            assert!(!shown.chars().chain(in_table.chars()).any(is_unsafe), "{shown}");
            // The table escapes its own backslash and its own mark, JSON its quotes as well.
            let alike = (shown == format!("\"{text}\"")) == (in_table == text);
            assert!(alike || ['"', '…'].contains(&character), "{shown} {in_table}");
        }
    }

    #[test]
    fn keys_are_escaped_as_well() {
        let mut out = Vec::new();
        write_json(&mut out, &serde_json::json!({"\u{9b}": ["\u{200b}"]})).unwrap();
        assert_eq!(out, br#"{"\u009b":["\u200b"]}"#);
    }

    #[test]
    fn messages_are_one_line_and_keep_their_backslashes() {
        let mut out = String::new();
        push_message(&mut out, "a\\b \"c\": \n\x1b[31m\u{9b}\u{202e}ü\x7f");
        assert_eq!(out, r#"a\b "c": \n\x1b[31m\u{9b}\u{202e}ü\x7f"#);
    }

    #[test]
    fn an_escape_cannot_be_forged() {
        assert_eq!(escaped(br"\x1b"), r"\\x1b");
    }
}
