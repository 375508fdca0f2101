//! Arrays of strings: each with its NUL, the last one perhaps cut off.

use std::fmt;

// Constants of src/bpf/record.h; a test compares them.
pub const STR_MAX: usize = 4096;
pub const STR_ARRAY_ELEMS: usize = 1024;

/// The strings of an array, one behind the other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Strings<'a>(pub &'a [u8]);

impl<'a> Strings<'a> {
    /// Each string, cut at 4096 bytes.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        let bytes = self.0.strip_suffix(&[0]).unwrap_or(self.0);
        let none = self.0.is_empty();
        bytes
            .split(|byte| *byte == 0)
            .filter(move |_| !none)
            .take(STR_ARRAY_ELEMS)
            .map(|string| &string[..string.len().min(STR_MAX)])
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

    #[test]
    fn string_arrays() {
        let strings = |bytes| Strings(bytes).iter().collect::<Vec<_>>();
        assert_eq!(strings(b""), Vec::<&[u8]>::new());
        assert_eq!(strings(b"\0"), [b""]);
        assert_eq!(strings(b"ls\0\0-l\0"), [&b"ls"[..], b"", b"-l"]);
        assert_eq!(strings(b"ls\0cut"), [&b"ls"[..], b"cut"]);
    }
}
