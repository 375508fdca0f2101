//! Paths as the kernel side walks them: components from the last to the first, each with its NUL.

use std::fmt;

use crate::wire::{PATH_AT_ROOT, PATH_DELETED, PATH_MADE_UP, PATH_MIXED, PATH_UNREACHABLE, PATH_UNROOTED};

const DELETED: &str = " (deleted)";
const MIXED: &str = " (mixed)";
/// The mark that getcwd(2) uses.
const UNREACHABLE: &str = "(unreachable)";

/// Marks of a path beside its name. A path in words has deleted, unreachable and mixed in its text, and a file's name
/// may contain the same words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Marks(u8);

impl Marks {
    /// Marks from the bits of `path_flag` (`src/bpf/record.h`).
    pub fn from_bits(bits: u8) -> Marks {
        Marks(bits)
    }

    /// As bits of `path_flag`.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// JSON's keys for the marks that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [
            (PATH_DELETED, "deleted"),
            (PATH_UNREACHABLE, "unreachable"),
            (PATH_UNROOTED, "unrooted"),
            (PATH_MADE_UP, "madeUp"),
            (PATH_MIXED, "mixed"),
        ]
        .into_iter()
        .filter(move |(flag, _)| self.0 & flag != 0)
        .map(|(_, name)| name)
    }

    /// Marks of a file with so many links, from the text of readlink(2); with links left, a mark of readlink(2) is
    /// uncertain.
    pub fn of_link(link: &[u8], links: u64) -> Marks {
        let deleted = links == 0 && link.ends_with(DELETED.as_bytes());
        Marks(if deleted { PATH_DELETED } else { 0 })
    }

    /// The name alone, without these marks in words.
    pub fn strip(self, path: &[u8]) -> &[u8] {
        let path = match self.0 & PATH_MIXED {
            0 => path,
            _ => path.strip_suffix(MIXED.as_bytes()).unwrap_or(path),
        };
        let path = match self.0 & PATH_DELETED {
            0 => path,
            _ => path.strip_suffix(DELETED.as_bytes()).unwrap_or(path),
        };
        match self.0 & PATH_UNREACHABLE {
            0 => path,
            _ => path.strip_prefix(UNREACHABLE.as_bytes()).unwrap_or(path),
        }
    }

    /// Whether the kernel made the name up: the file is in no folder.
    pub fn made_up(self) -> bool {
        self.0 & PATH_MADE_UP != 0
    }

    /// The words that stand before a name and behind it.
    pub fn words(self) -> (&'static str, [&'static str; 2]) {
        let word = |flag: u8, word: &'static str| if self.0 & flag != 0 { word } else { "" };
        let behind = [word(PATH_DELETED, DELETED), word(PATH_MIXED, MIXED)];
        (word(PATH_UNREACHABLE, UNREACHABLE), behind)
    }

    /// Whether the file is or was in a folder, below the root of a mount; a pipe and a memfd are not.
    pub fn in_folder(self) -> bool {
        self.0 & PATH_AT_ROOT != 0 && self.0 & PATH_MADE_UP == 0
    }
}

/// A path, joined only when it is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PathName<'a> {
    flags: u8,
    /// Components, the last one first, without the last NUL.
    components: &'a [u8],
}

impl<'a> PathName<'a> {
    /// Bytes of a record, with its `PATH_*`.
    pub fn new(flags: u8, bytes: &'a [u8]) -> Self {
        PathName {
            flags,
            components: bytes.strip_suffix(&[0]).unwrap_or(bytes),
        }
    }

    /// The pieces of the path in order: `/`, `usr`, `/`, `bin`, ` (deleted)`.
    pub fn pieces(&self) -> impl Iterator<Item = &'a [u8]> {
        let (before, behind) = self.marks().words();
        std::iter::once(before.as_bytes())
            .chain(self.name())
            .chain(behind.map(str::as_bytes))
    }

    /// The same without marks: `/`, `usr`, `/`, `bin`.
    pub fn name(&self) -> impl Iterator<Item = &'a [u8]> {
        let rooted = self.flags & PATH_AT_ROOT != 0;
        let alone: &[u8] = if rooted { b"/" } else { b"" };
        let empty = self.components.is_empty();
        let names = self
            .components
            .rsplit(|byte| *byte == 0)
            .enumerate()
            .filter(move |_| !empty)
            .flat_map(move |(index, name)| {
                let slash: &[u8] = if rooted || index > 0 { b"/" } else { b"" };
                [slash, name]
            });
        std::iter::once(alone).filter(move |_| empty).chain(names)
    }

    /// Marks apart from its text.
    pub fn marks(&self) -> Marks {
        Marks(self.flags)
    }

    /// The whole text.
    pub fn to_vec(self) -> Vec<u8> {
        self.pieces().flatten().copied().collect()
    }
}

impl fmt::Debug for PathName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let path = |flags, bytes| PathName::new(flags, bytes).to_vec();
        assert_eq!(path(PATH_AT_ROOT, b""), b"/");
        assert_eq!(path(PATH_AT_ROOT, b"ls\0bin\0usr\0"), b"/usr/bin/ls");
        assert_eq!(path(PATH_AT_ROOT | PATH_DELETED, b"x\0"), b"/x (deleted)");
        assert_eq!(path(PATH_MADE_UP, b"pipe:[7]"), b"pipe:[7]");
        let memory = PATH_MADE_UP | PATH_AT_ROOT | PATH_DELETED;
        assert_eq!(path(memory, b"memfd:a/b"), b"/memfd:a/b (deleted)");
        assert_eq!(path(PATH_AT_ROOT | PATH_UNREACHABLE, b"x\0"), b"(unreachable)/x");
    }

    #[test]
    fn words_in_a_name_are_no_marks() {
        let named = PathName::new(PATH_AT_ROOT, b"x (deleted)\0");
        let gone = PathName::new(PATH_AT_ROOT | PATH_DELETED, b"x\0");
        assert_eq!(named.to_vec(), gone.to_vec());
        let marks = |path: PathName<'_>| path.marks().names().collect::<Vec<_>>();
        assert_eq!(marks(named), Vec::<&str>::new());
        assert_eq!(marks(gone), ["deleted"]);
        assert_eq!(named.marks().strip(&named.to_vec()), b"/x (deleted)");
        assert_eq!(gone.marks().strip(&gone.to_vec()), b"/x");
        let all = PathName::new(PATH_AT_ROOT | PATH_DELETED | PATH_UNREACHABLE, b"x\0");
        assert_eq!(marks(all), ["deleted", "unreachable"]);
        assert_eq!(all.marks().strip(&all.to_vec()), b"/x");
        let mixed = PathName::new(PATH_AT_ROOT | PATH_DELETED | PATH_MIXED, b"x\0");
        assert_eq!(mixed.to_vec(), b"/x (deleted) (mixed)");
        assert_eq!(marks(mixed), ["deleted", "mixed"]);
        assert_eq!(mixed.marks().strip(&mixed.to_vec()), b"/x");
        assert_eq!(Marks::of_link(b"/x (deleted)", 0).strip(b"/x (deleted)"), b"/x");
        assert_eq!(Marks::of_link(b"/x (deleted)", 1), Marks::default());
    }

    #[test]
    fn what_is_in_no_folder() {
        assert!(Marks(PATH_AT_ROOT | PATH_DELETED).in_folder());
        assert!(!Marks(PATH_AT_ROOT | PATH_DELETED | PATH_MADE_UP).in_folder());
        assert!(!Marks(PATH_UNROOTED).in_folder());
    }
}
