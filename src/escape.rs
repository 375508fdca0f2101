//! Any bytes → text that is safe to look at: one event stays one line, whatever a process calls itself.
//!
//! The table and JSON write escapes differently, but share one list of what they escape.

use std::fmt::Write as _;

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
    // Most texts need no look at each character.
    if let Some(text) = plain(bytes) {
        if matches!(ends, b"" | b"\"") || !bytes.iter().any(|byte| ends.contains(byte)) {
            out.push_str(text);
            return;
        }
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

/// The text if it is printable ASCII without quotes and backslashes: tables and JSON show it as it is.
pub fn plain(bytes: &[u8]) -> Option<&str> {
    let is_word = |bytes: &[u8]| bytes.first_chunk().is_some_and(|word| is_plain_word(*word));
    let plain = match bytes.last_chunk() {
        // The last word may begin within the one before.
        Some(last) => is_plain_word(*last) && bytes.chunks_exact(8).all(is_word),
        None => bytes
            .iter()
            .all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')),
    };
    // SAFETY: it is ASCII.
    plain.then(|| unsafe { std::str::from_utf8_unchecked(bytes) })
}

/// Looks at eight bytes at once, each as a digit of one number.
fn is_plain_word(bytes: [u8; 8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let word = u64::from_ne_bytes(bytes);
    // Whether any digit is less than this. A borrow only comes from one that is.
    let less = |word: u64, than: u8| word.wrapping_sub(ONES * u64::from(than)) & !word & HIGH;
    // 0x7f becomes 0x80. A carry only comes from 0xff.
    let not_ascii = (word | word.wrapping_add(ONES)) & HIGH;
    let is = |byte: u8| less(word ^ (ONES * u64::from(byte)), 1);
    less(word, b' ') | not_ascii | is(b'"') | is(b'\\') == 0
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

    /// Each byte, at each place of texts of each length up to three words.
    #[test]
    fn plain_texts_have_no_other_byte() {
        for length in 0..=24 {
            assert!(plain(&vec![b'~'; length]).is_some());
            for (place, byte) in (0..length).flat_map(|place| (0..=u8::MAX).map(move |byte| (place, byte))) {
                let mut bytes = vec![b' '; length];
                bytes[place] = byte;
                let expected = (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
                assert_eq!(
                    plain(&bytes).is_some(),
                    expected,
                    "{byte:#x} at {place} of {length}"
                );
            }
        }
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
