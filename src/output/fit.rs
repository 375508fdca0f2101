//! Rows for a terminal: what does not fit into its width is shortened in the middle, with `…`.

use std::ops::Range;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::output::color::PLAIN;

/// What stands for what is left out.
const LEFT_OUT: &str = "…";

/// Columns that a shortened value has at least.
const LEAST: usize = 12;

/// Columns that a text has at least beside numbers.
const TEXT_LEAST: usize = 40;

/// Columns for all arguments with which the first text is shown in any case.
const FIRST_LEAST: usize = 8;

/// With fewer columns than these for all arguments, names are left out of those that explain themselves.
const NARROW: usize = 48;

/// Columns of a text on a terminal.
pub fn width(text: &str) -> usize {
    match text.is_ascii() {
        true => text.len(),
        false => text.width(),
    }
}

/// Appends a text in at most so many columns: its beginning and its end.
pub fn push_shortened(out: &mut String, text: &str, columns: usize) {
    if width(text) <= columns {
        out.push_str(text);
        return;
    }
    let room = columns.saturating_sub(1);
    let head = prefix(text, room.div_ceil(2));
    let tail = suffix(text, room / 2);
    out.push_str(&text[..head]);
    out.push_str(LEFT_OUT);
    out.push_str(&text[tail..]);
}

/// The pieces of a text that belong together: a character, or an escape (`\\"`, `\\x1b`, `\\u{202e}`), of which a part would look
/// like something else.
fn pieces(text: &str) -> impl DoubleEndedIterator<Item = (usize, &str)> {
    let mut pieces = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let behind = &rest[first.len_utf8()..];
        let length = match (first, behind.chars().next()) {
            ('\\', Some('x')) => 4,
            ('\\', Some('u')) => behind.find('}').map_or(2, |end| end + 2),
            ('\\', Some(_)) => 2,
            _ => first.len_utf8(),
        };
        let length = if rest.is_char_boundary(length) {
            length
        } else {
            rest.len()
        };
        pieces.push((text.len() - rest.len(), &rest[..length]));
        rest = &rest[length..];
    }
    pieces.into_iter()
}

/// Length of the longest beginning that has at most so many columns.
fn prefix(text: &str, columns: usize) -> usize {
    let mut left = columns;
    for (at, piece) in pieces(text) {
        match left.checked_sub(width(piece)) {
            Some(rest) => left = rest,
            None => return at,
        }
    }
    text.len()
}

/// Where the longest end begins that has at most so many columns.
fn suffix(text: &str, columns: usize) -> usize {
    let (mut left, mut start) = (columns, text.len());
    for (at, piece) in pieces(text).rev() {
        match left.checked_sub(width(piece)) {
            Some(rest) => (left, start) = (rest, at),
            None => break,
        }
    }
    start
}

/// An argument as it is shown whole: where it is in the row's text, and where its value is.
#[derive(Debug, Clone)]
pub struct Part {
    /// `name: value`.
    pub whole: Range<usize>,
    /// The value.
    pub value: Range<usize>,
    /// Whether the value is a text, an address or a list of texts: what people look for.
    pub is_text: bool,
    /// Whether it is what its event is about, and kept before all others.
    pub is_subject: bool,
    /// Whether it has its name in few columns, too: of two addresses it must be seen which is whose. What the event is about
    /// goes without where that would leave no room for it.
    pub is_named: bool,
}

impl Part {
    /// Whether the value says what it is without its name: a text, a name of the field's (`SIGTERM`, `O_RDONLY`), a process
    /// or file with its name (`12<sh>`).
    fn explains_itself(&self, text: &str) -> bool {
        let value = text[self.value.clone()].as_bytes();
        let is_word = |first: &u8| first.is_ascii_uppercase() && value != b"NULL";
        let has_name = |first: &u8| first.is_ascii_digit() && value.last() == Some(&b'>');
        self.is_text
            || value
                .first()
                .is_some_and(|first| is_word(first) || has_name(first))
    }

    /// Whether it is a text, and not empty.
    fn has_text(&self, text: &str) -> bool {
        self.is_text && &text[self.value.clone()] != "\"\""
    }

    /// Whether the value says more than a number: words, and structures; not `AT_FDCWD` and its like, which say where a
    /// path begins.
    fn says_more(&self, text: &str) -> bool {
        let value = &text[self.value.clone()];
        value.starts_with('{') || self.explains_itself(text) && !value.starts_with("AT_")
    }
}

/// Appends the arguments in at most so many columns. Texts are kept first, and numbers last; arguments that find no room
/// are left out, and `…` shows where; in few columns, only that some are.
pub fn push_args(out: &mut String, text: &str, parts: &[Part], columns: usize) {
    let narrow = columns < NARROW;
    let shown_as = |names: bool| -> Vec<Shown<'_>> {
        let shown = |part| Shown::new(text, part, narrow, names);
        parts.iter().map(shown).collect()
    };
    let mut shown = shown_as(true);
    let mut kept = keep(&shown, text, parts, columns);
    if parts
        .iter()
        .zip(&kept)
        .any(|(part, kept)| part.is_subject && !kept)
    {
        shown = shown_as(false);
        kept = keep(&shown, text, parts, columns);
    }
    // With one column a value, all others are those of names and separators.
    let smallest = row(&shown, &kept, narrow, |_| 1);
    let widths = |of_texts: bool| -> Vec<usize> {
        let kept = shown.iter().zip(&kept).filter(|(_, kept)| **kept);
        kept.filter(|(shown, _)| shown.is_text == of_texts)
            .map(|(shown, _)| shown.width)
            .collect()
    };
    let (texts, numbers) = (widths(true), widths(false));
    let room = (columns + texts.len() + numbers.len()).saturating_sub(smallest);
    // Numbers take what the beginnings and ends of texts leave, and texts what is left by numbers.
    let of_texts: usize = texts.iter().map(|width| TEXT_LEAST.min(*width)).sum();
    let numbers_cap = cap(&numbers, room.saturating_sub(of_texts)).max(1);
    let of_numbers: usize = numbers.iter().map(|width| numbers_cap.min(*width)).sum();
    let texts_cap = cap(&texts, room.saturating_sub(of_numbers));
    push_row(out, &shown, &kept, narrow, |shown| match shown.is_text {
        true => texts_cap,
        false => numbers_cap,
    });
}

/// Which of the arguments find room in so many columns.
fn keep(shown: &[Shown<'_>], text: &str, parts: &[Part], columns: usize) -> Vec<bool> {
    let narrow = columns < NARROW;
    let mut kept = vec![false; shown.len()];
    let mut by_importance: Vec<usize> = (0..shown.len()).collect();
    by_importance.sort_by_key(|at| {
        let part = &parts[*at];
        (!part.is_subject, !part.has_text(text), !part.says_more(text))
    });
    for at in by_importance {
        kept[at] = true;
        // The first text stays, however short.
        let first =
            parts[at].is_text && columns >= FIRST_LEAST && kept.iter().filter(|kept| **kept).count() == 1;
        // Numbers take only what texts do not need.
        let least = |shown: &Shown<'_>| match shown.is_text && !parts[at].is_text {
            true => TEXT_LEAST,
            false => LEAST,
        };
        if !first && row(shown, &kept, narrow, least) > columns {
            kept[at] = false;
        }
    }
    kept
}

/// Cuts what was appended since `start` to so many columns, with `…` at its end. Colours take none.
pub fn clip(out: &mut String, start: usize, columns: usize) {
    let (mut used, mut cut, mut colored) = (0, start, false);
    let mut rest = out[start..].char_indices();
    while let Some((at, character)) = rest.next() {
        if character == '\x1b' {
            colored = true;
            rest.find(|(_, character)| *character == 'm');
            continue;
        }
        used += character.width().unwrap_or(0);
        if used < columns {
            cut = start + at + character.len_utf8();
        }
    }
    if used > columns {
        out.truncate(cut);
        out.push_str(LEFT_OUT);
        if colored {
            out.push_str(PLAIN);
        }
    }
}

/// Columns that these arguments take, each value in at most as many as `cap` says.
fn row(shown: &[Shown<'_>], kept: &[bool], narrow: bool, cap: impl Fn(&Shown<'_>) -> usize) -> usize {
    let mut text = String::new();
    push_row(&mut text, shown, kept, narrow, cap);
    width(&text)
}

/// Appends the arguments that are kept, each value in at most as many columns as `cap` says.
fn push_row(
    out: &mut String,
    shown: &[Shown<'_>],
    kept: &[bool],
    narrow: bool,
    cap: impl Fn(&Shown<'_>) -> usize,
) {
    let start = out.len();
    let mut gap = false;
    for (shown, kept) in shown.iter().zip(kept) {
        if !kept && (gap || narrow) {
            continue;
        }
        if out.len() > start {
            out.push_str(", ");
        }
        gap = !kept;
        if gap {
            out.push_str(LEFT_OUT);
        } else {
            out.push_str(shown.name);
            push_shortened(out, shown.value, cap(shown));
        }
    }
    if narrow && kept.contains(&false) {
        if out.len() > start {
            out.push(' ');
        }
        out.push_str(LEFT_OUT);
    }
}

/// An argument's name with its colon, and its value.
struct Shown<'a> {
    name: &'a str,
    value: &'a str,
    width: usize,
    is_text: bool,
}

impl<'a> Shown<'a> {
    /// `names`: also of what the event is about.
    fn new(text: &'a str, part: &Part, narrow: bool, names: bool) -> Self {
        let value = &text[part.value.clone()];
        let named = part.is_named && (names || !part.is_subject);
        Shown {
            name: match narrow && part.explains_itself(text) && !named {
                true => "",
                false => &text[part.whole.start..part.value.start],
            },
            value,
            width: width(value),
            is_text: part.is_text,
        }
    }
}

/// The largest number of columns to which each of these widths can be cut so that their sum is at most `room`.
fn cap(widths: &[usize], room: usize) -> usize {
    let mut sorted = widths.to_vec();
    sorted.sort_unstable();
    let (mut left, mut count) = (room, sorted.len());
    for width in sorted {
        if width * count > left {
            return left / count;
        }
        left -= width;
        count -= 1;
    }
    usize::MAX
}

/// Appends lines of words, each behind two spaces; a line takes at most so many columns.
pub fn push_words<'a>(out: &mut String, words: impl Iterator<Item = &'a str>, columns: usize) {
    const MARGIN: usize = 2;
    let mut column = 0;
    for word in words {
        let len = word.chars().count();
        if column == 0 || column + 1 + len > columns {
            out.push_str(if column == 0 { "  " } else { "\n  " });
            column = MARGIN;
        } else {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += len;
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shortened(text: &str, columns: usize) -> String {
        let mut out = String::new();
        push_shortened(&mut out, text, columns);
        out
    }

    #[test]
    fn the_middle_is_left_out() {
        assert_eq!(shortened("/etc/passwd", 11), "/etc/passwd");
        assert_eq!(shortened("/etc/passwd", 7), "/et…swd");
        assert_eq!(shortened("/etc/passwd", 1), "…");
        // An escape is whole, or not there.
        assert_eq!(shortened(r#""aaaa\", b""#, 8), r#""aaa…b""#.replace("…b", "… b"));
        assert_eq!(shortened(r"\x1b\x1b\x1b", 9), r"\x1b…\x1b");
        assert_eq!(shortened(r"ab\u{202e}cd", 8), "ab…cd");
        // Each of these takes two columns.
        assert_eq!(shortened("日本日本日本", 6), "日…本");
        for columns in 1..20 {
            assert!(width(&shortened("aä日e\u{301}b日x", columns)) <= columns);
        }
    }

    #[test]
    fn a_row_is_cut_without_its_colours() {
        for (row, columns, cut) in [
            ("ab cd", 5, "ab cd"),
            ("ab cd", 4, "ab …"),
            ("ab cd", 1, "…"),
            ("\x1b[31mab\x1b[0m cd", 5, "\x1b[31mab\x1b[0m cd"),
            ("\x1b[31mab\x1b[0m cd", 4, "\x1b[31mab\x1b[0m …\x1b[0m"),
            ("日本", 3, "日…"),
        ] {
            let mut out = format!("x{row}");
            clip(&mut out, 1, columns);
            assert_eq!(out, format!("x{cut}"));
        }
    }

    fn args(list: &[(&str, &str, bool)], columns: usize) -> String {
        let mut text = String::new();
        let parts: Vec<Part> = list
            .iter()
            .map(|(name, value, is_text)| {
                let start = text.len();
                text.push_str(name);
                text.push_str(": ");
                let begin = text.len();
                text.push_str(value);
                Part {
                    whole: start..text.len(),
                    value: begin..text.len(),
                    is_text: *is_text,
                    is_subject: ["remote", "sig", "sender_pid"].contains(name),
                    is_named: ["local", "sender_pid"].contains(name),
                }
            })
            .collect();
        let mut out = String::new();
        push_args(&mut out, &text, &parts, columns);
        out
    }

    #[test]
    fn texts_are_kept_before_numbers() {
        let openat = [
            ("dfd", "AT_FDCWD", false),
            ("pathname", "\"/usr/lib/x86_64-linux-gnu/libc.so.6\"", true),
            ("flags", "O_RDONLY|O_CLOEXEC", false),
            ("mode", "000", false),
        ];
        assert_eq!(
            args(&openat, 200),
            "dfd: AT_FDCWD, pathname: \"/usr/lib/x86_64-linux-gnu/libc.so.6\", flags: O_RDONLY|O_CLOEXEC, mode: 000"
        );
        assert_eq!(
            args(&openat, 82),
            "…, pathname: \"/usr/lib/x86_64-linux-gnu/libc.so.6\", flags: O_RDON…OEXEC, mode: 000"
        );
        let kill = [("pid", "1234<sleep>", false), ("sig", "SIGTERM", false)];
        assert_eq!(args(&kill, 20), "1234<sleep>, SIGTERM");
        assert_eq!(args(&kill, 50), "pid: 1234<sleep>, sig: SIGTERM");
        let delivered = [
            ("sig", "SIGTERM", false),
            ("code", "SI_USER", false),
            ("sender_pid", "18912<bash>", false),
        ];
        assert_eq!(args(&delivered, 47), "SIGTERM, SI_USER, sender_pid: 18912<bash>");
        assert_eq!(args(&delivered, 35), "SIGTERM, sender_pid: 18912<bash> …");
        // Rather without its name than not at all.
        assert_eq!(args(&delivered, 23), "SIGTERM, 18912<bash> …");
        assert_eq!(args(&delivered, 20), "SIGTERM, SI_USER …");
        let empty = [
            ("dfd", "3", false),
            ("pathname", "\"\"", true),
            ("statbuf", "{st_mode=S_IFREG|0644, ...}", false),
        ];
        assert_eq!(args(&empty, 30), "\"\", statbuf: {st_mod…4, ...} …");
        let unnamed = [("pid", "1234", false), ("addr", "NULL", false)];
        assert_eq!(args(&unnamed, 40), "pid: 1234, addr: NULL");
        assert_eq!(args(&openat, 10), "\"/us….6\" …");
        assert_eq!(args(&openat, 7), "…");
        assert_eq!(args(&openat, 20), "\"/usr/lib…bc.so.6\" …");
        assert_eq!(
            args(&openat, 60),
            "…, pathname: \"/usr/lib/x86_64-linux-gnu/libc.so.6\", …"
        );
        let connect = [
            ("local", "10.0.0.1:40000", true),
            ("remote", "192.0.2.7:443", true),
        ];
        assert_eq!(args(&connect, 20), "192.0.2.7:443 …");
        assert_eq!(args(&connect, 40), "local: 10.0.0.1:40000, 192.0.2.7:443");
        assert_eq!(args(&connect, 60), "local: 10.0.0.1:40000, remote: 192.0.2.7:443");
        let wide = [
            ("path", "\"/日本語日本語日本語日本語日本語\"", true),
            ("name", "\"각각각각각각각각각각각각\"", true),
        ];
        for columns in 1..120 {
            assert!(width(&args(&openat, columns)) <= columns, "{columns}");
            assert!(width(&args(&wide, columns)) <= columns, "{columns}");
        }
    }
}
