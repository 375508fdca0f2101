//! Arrays of strings: each string with its NUL, and the gaps where bytes were left out.

use std::fmt;

use crate::decode::cursor::Cursor;
use crate::wire::{str_cut, CUT_BEHEADS, CUT_STRINGS};

/// The strings of an array, one behind the other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Strings<'a> {
    bytes: &'a [u8],
    /// Each a `struct str_cut`, in order.
    cuts: &'a [u8],
}

/// A piece of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    String {
        bytes: &'a [u8],
        cut: Option<Cut>,
    },
    /// Strings are missing here: so many bytes (`None`: unknown), with the end of the string before and the beginning
    /// of the one after.
    Gap {
        missing: Option<u64>,
        ends: bool,
        beheads: bool,
    },
}

/// Bytes of a string that were left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Position of the gap in the bytes that are left.
    pub at: usize,
    /// Number of bytes; `None`: unknown.
    pub missing: Option<u64>,
}

impl<'a> Strings<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Strings { bytes, cuts: &[] }
    }

    /// Adds the cuts.
    pub fn with_cuts(self, cuts: &'a [u8]) -> Self {
        Strings { cuts, ..self }
    }

    /// Whether the last string has its end.
    pub fn ends(&self) -> bool {
        self.bytes.last().is_none_or(|last| *last == 0)
    }

    /// Each string; of a cut string, the bytes that are left.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        self.pieces().filter_map(|piece| match piece {
            Piece::String { bytes, .. } => Some(bytes),
            Piece::Gap { .. } => None,
        })
    }

    pub fn pieces(&self) -> Pieces<'a> {
        Pieces {
            rest: self.bytes,
            at: 0,
            cuts: Cursor::new(self.cuts),
            cut: None,
            last: 0,
        }
        .next_cut()
    }
}

/// Goes through the strings of an array.
#[derive(Clone)]
pub struct Pieces<'a> {
    rest: &'a [u8],
    /// Where `rest` begins.
    at: usize,
    cuts: Cursor<'a>,
    /// The next cut.
    cut: Option<str_cut>,
    /// The byte before `rest`.
    last: u8,
}

impl<'a> Pieces<'a> {
    fn next_cut(mut self) -> Self {
        self.cut = self.cuts.read();
        self
    }

    /// Takes the next cut if it lies in those `len` bytes from here on, or right behind them.
    fn take_cut(&mut self, len: usize, between: bool) -> Option<(usize, str_cut)> {
        // A second cut in a string adds nothing.
        while self.cut.is_some_and(|cut| place(cut) < self.at) {
            self.cut = self.cuts.read();
        }
        let cut = self.cut?;
        let offset = place(cut) - self.at;
        if offset > len || (cut.at & CUT_STRINGS != 0) != between {
            return None;
        }
        self.cut = self.cuts.read();
        Some((offset, cut))
    }

    fn gap(&mut self) -> Option<Piece<'a>> {
        let (_, cut) = self.take_cut(0, true)?;
        Some(Piece::Gap {
            missing: known(cut.missing),
            ends: self.last != 0,
            beheads: cut.at & CUT_BEHEADS != 0,
        })
    }
}

fn place(cut: str_cut) -> usize {
    (cut.at & !(CUT_STRINGS | CUT_BEHEADS)) as usize
}

fn known(missing: u32) -> Option<u64> {
    (missing != 0).then_some(missing.into())
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if let Some(gap) = self.gap() {
            // A string that ends at the gap has its NUL behind it.
            if self.last != 0 {
                self.rest = self.rest.get(1..).unwrap_or_default();
                self.at += 1;
                self.last = 0;
            }
            return Some(gap);
        }
        if self.rest.is_empty() {
            return None;
        }
        let nul = self.rest.iter().position(|byte| *byte == 0);
        let len = nul.unwrap_or(self.rest.len());
        let cut = self.take_cut(len, false).map(|(at, cut)| Cut {
            at,
            missing: known(cut.missing),
        });
        let (bytes, rest) = self.rest.split_at(len);
        self.at += len;
        self.rest = rest;
        self.last = bytes.last().copied().unwrap_or_default();
        // What begins at this NUL is a gap that ends the string.
        let ended = self.last != 0 && self.ends_here();
        if nul.is_some() && !ended {
            self.rest = &rest[1..];
            self.at += 1;
            self.last = 0;
        }
        Some(Piece::String { bytes, cut })
    }
}

impl Pieces<'_> {
    fn ends_here(&self) -> bool {
        self.cut
            .is_some_and(|cut| cut.at & CUT_STRINGS != 0 && place(cut) == self.at)
    }
}

impl fmt::Debug for Strings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(String::from_utf8_lossy))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cuts as the kernel side has them: (at, missing).
    fn cuts(list: &[(u32, u32)]) -> Vec<u8> {
        let bytes = |(at, missing): &(u32, u32)| [at.to_ne_bytes(), missing.to_ne_bytes()].concat();
        list.iter().flat_map(bytes).collect()
    }

    fn whole(bytes: &[u8]) -> Piece<'_> {
        Piece::String { bytes, cut: None }
    }

    fn cut(bytes: &[u8], at: usize, missing: u64) -> Piece<'_> {
        let missing = (missing != 0).then_some(missing);
        Piece::String {
            bytes,
            cut: Some(Cut { at, missing }),
        }
    }

    #[test]
    fn string_arrays() {
        let strings = |bytes| Strings::new(bytes).iter().collect::<Vec<_>>();
        assert_eq!(strings(b""), Vec::<&[u8]>::new());
        assert_eq!(strings(b"\0"), [b""]);
        assert_eq!(strings(b"ls\0\0-l\0"), [&b"ls"[..], b"", b"-l"]);
        assert_eq!(strings(b"\0\0"), [b"", b""]);
        assert_eq!(strings(b"ls\0cut"), [&b"ls"[..], b"cut"]);
    }

    #[test]
    fn strings_that_lost_their_middle_or_end() {
        let list = cuts(&[(5, 7), (10, 0), (14, 1)]);
        let pieces: Vec<_> = Strings::new(b"sh\0abcd\0ef\0\0g\0")
            .with_cuts(&list)
            .pieces()
            .collect();
        assert_eq!(
            pieces,
            [
                whole(b"sh"),
                cut(b"abcd", 2, 7),
                cut(b"ef", 2, 0),
                whole(b""),
                whole(b"g")
            ]
        );
        // A string of which only the cut is left.
        let list = cuts(&[(2, 9)]);
        let pieces: Vec<_> = Strings::new(b"a\0\0b\0").with_cuts(&list).pieces().collect();
        assert_eq!(pieces, [whole(b"a"), cut(b"", 0, 9), whole(b"b")]);
    }

    #[test]
    fn strings_that_are_missing() {
        let gap = |missing, ends, beheads| Piece::Gap {
            missing,
            ends,
            beheads,
        };
        for (bytes, at, missing, expected) in [
            (
                &b"a\0b\0"[..],
                2,
                5,
                vec![whole(b"a"), gap(Some(5), false, false), whole(b"b")],
            ),
            // The string before has lost its end.
            (
                b"a\0b\0c\0",
                3,
                5,
                vec![whole(b"a"), whole(b"b"), gap(Some(5), true, false), whole(b"c")],
            ),
            (
                b"a\0b\0c\0",
                3 | CUT_BEHEADS,
                0,
                vec![whole(b"a"), whole(b"b"), gap(None, true, true), whole(b"c")],
            ),
            // Empty strings on either side.
            (
                b"\0\0",
                1,
                5,
                vec![whole(b""), gap(Some(5), false, false), whole(b"")],
            ),
            (b"", 0, 5, vec![gap(Some(5), false, false)]),
            (b"a\0", 2, 5, vec![whole(b"a"), gap(Some(5), false, false)]),
            (b"a\0", 1, 5, vec![whole(b"a"), gap(Some(5), true, false)]),
        ] {
            let list = cuts(&[(at | CUT_STRINGS, missing)]);
            let pieces: Vec<_> = Strings::new(bytes).with_cuts(&list).pieces().collect();
            assert_eq!(pieces, expected, "{bytes:?} {at}");
        }
    }

    #[test]
    fn cuts_of_any_bytes_are_survived() {
        for at in [
            0,
            1,
            3,
            99,
            u32::MAX,
            CUT_STRINGS,
            CUT_STRINGS | 1,
            CUT_STRINGS | 99,
        ] {
            for other in [0, 2, CUT_STRINGS | 1] {
                let list = cuts(&[(at, 1), (other, 0)]);
                for len in 0..list.len() {
                    let strings = Strings::new(b"ab\0c").with_cuts(&list[..len]);
                    assert!(strings.pieces().count() <= 4);
                }
            }
        }
    }
}
