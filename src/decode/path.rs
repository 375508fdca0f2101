//! Paths as the kernel side walks them: components from the last to the first, each with its NUL.

use std::fmt;

// Constants of src/bpf/record.h; a test compares them.
pub const PATH_DELETED: u8 = 1 << 0;
pub const PATH_AT_ROOT: u8 = 1 << 1;
pub const PATH_UNREACHABLE: u8 = 1 << 3;

/// A path, joined only when it is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PathName<'a> {
    flags: u8,
    /// Without the last NUL.
    components: &'a [u8],
}

impl<'a> PathName<'a> {
    pub fn new(flags: u8, bytes: &'a [u8]) -> Self {
        PathName {
            flags,
            components: bytes.strip_suffix(&[0]).unwrap_or(bytes),
        }
    }

    /// The pieces that it is made of, in order: `/`, `usr`, `/`, `bin`, ` (deleted)`.
    pub fn pieces(&self) -> impl Iterator<Item = &'a [u8]> {
        let rooted = self.flags & PATH_AT_ROOT != 0;
        let deleted = self.flags & PATH_DELETED != 0;
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
        let suffix: &[u8] = if deleted { b" (deleted)" } else { b"" };
        // As getcwd(2) marks it.
        let prefix: &[u8] = if self.flags & PATH_UNREACHABLE != 0 {
            b"(unreachable)"
        } else {
            b""
        };
        std::iter::once(prefix)
            .chain(std::iter::once(alone).filter(move |_| empty))
            .chain(names)
            .chain([suffix])
    }

    /// Not below the root of a mount: a pipe, a memfd.
    pub fn is_rooted(&self) -> bool {
        self.flags & PATH_AT_ROOT != 0
    }

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
        assert_eq!(path(0, b"memfd:a\0"), b"memfd:a");
        assert_eq!(path(PATH_AT_ROOT | PATH_UNREACHABLE, b"x\0"), b"(unreachable)/x");
    }
}
