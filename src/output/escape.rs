//! Any bytes → text that is safe to look at: one event stays one line, whatever a process calls itself.

use std::fmt::Write as _;

/// Appends `bytes` with backslashes, control characters, line breaks, marks that change the direction or hide text,
/// and what is not UTF-8 as escapes, so that different bytes never look the same.
pub fn push(out: &mut String, bytes: &[u8]) {
    // Most are of this kind, and need no look at each character.
    if bytes
        .iter()
        .all(|byte| matches!(byte, b' '..=b'~') && *byte != b'\\')
    {
        out.push_str(std::str::from_utf8(bytes).unwrap_or_default());
        return;
    }
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            push_char(out, character);
        }
        for byte in chunk.invalid() {
            push_hex(out, *byte);
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

/// Characters beyond ASCII that a terminal obeys or does not show: C1 controls, line and paragraph separators, and
/// the format characters (Unicode's categories Cc, Zl, Zp and Cf).
fn is_unsafe(character: char) -> bool {
    matches!(character,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
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
    fn an_escape_cannot_be_forged() {
        assert_eq!(escaped(br"\x1b"), r"\\x1b");
    }
}
