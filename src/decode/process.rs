//! What is known of a process beside its records: what made it, what it runs, and who its ancestors are.

use std::rc::Rc;

use crate::decode::path::Marks;

/// A file, as the kernel numbers it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct FileId {
    /// Its device, as the kernel has it (`s_dev`).
    pub dev: u32,
    /// Type and permissions.
    pub mode: u32,
    /// Its number on the device.
    pub inode: u64,
    /// When its inode was changed: ns since the epoch.
    pub ctime: u64,
}

/// The executable of a process: its path, with marks in words, these marks, and which file it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Executable {
    /// The path, as in `/proc/PID/exe`.
    pub path: Vec<u8>,
    /// Marks of the path.
    pub marks: Marks,
    /// The file, if that is known.
    pub file: Option<FileId>,
}

/// What a program was called with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Argv {
    /// Its strings, each with its NUL; the last one may be cut.
    bytes: Vec<u8>,
    /// Whether there were more bytes.
    cut: bool,
}

/// Of what a program was called with, so many bytes are remembered.
const ARGV_MAX: usize = 4096;
/// So many of them are shown of an ancestor, and recorded.
const ARGV_SHOWN: usize = 256;

impl Argv {
    /// Takes strings, as many as fit. `cut`: there were more.
    pub fn new<'a>(strings: impl Iterator<Item = &'a [u8]>, mut cut: bool) -> Argv {
        let mut bytes = Vec::new();
        for string in strings {
            bytes.extend_from_slice(string);
            bytes.push(0);
            if bytes.len() > ARGV_MAX {
                bytes.truncate(ARGV_MAX);
                cut = true;
                break;
            }
        }
        Argv { bytes, cut }
    }

    /// The same from bytes of that form.
    pub fn of_bytes(bytes: &[u8], cut: bool) -> Argv {
        let kept = &bytes[..bytes.len().min(ARGV_MAX)];
        Argv {
            bytes: kept.to_vec(),
            cut: cut || kept.len() < bytes.len(),
        }
    }

    /// How many bytes are remembered.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there were no strings.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The bytes that are shown, and whether there were more.
    pub fn shown(&self) -> (&[u8], bool) {
        match self.bytes.get(..ARGV_SHOWN) {
            Some(shown) if self.bytes.len() > ARGV_SHOWN => (shown, true),
            _ => (&self.bytes, self.cut),
        }
    }

    /// The strings that are shown.
    pub fn strings(&self) -> impl Iterator<Item = &[u8]> {
        let (shown, _) = self.shown();
        let whole = shown.strip_suffix(&[0]).unwrap_or(shown);
        whole.split(|byte| *byte == 0).filter(|_| !shown.is_empty())
    }
}

/// Identifies a process among all that ever ran on a machine: shown as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Entity(pub u64);

/// The process that made another one; or its parent when it was first seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Maker {
    /// Its pid, as the host counts.
    pub pid: u32,
    /// Which process that is.
    pub entity: Entity,
}

/// What is known of a process, at one moment. When something changes, there is another one of these: two that are at the
/// same place say the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Process {
    /// Its pid, as the host counts.
    pub pid: u32,
    /// When it began, ns since boot; to a hundredth of a second, as long as only proc(5) has told.
    pub start: u64,
    /// Which process it is.
    pub entity: Entity,
    /// What made it, if that is known.
    pub maker: Option<Maker>,
    /// What it runs, if that is known.
    pub executable: Option<Rc<Executable>>,
    /// What that was called with; of a program that ran before tracee it is unknown.
    pub argv: Option<Rc<Argv>>,
    /// What it calls itself, filled with NULs.
    pub comm: [u8; 16],
    /// Its real user, if known.
    pub uid: Option<u32>,
}

impl Process {
    /// What it calls itself.
    pub fn comm(&self) -> &[u8] {
        self.comm.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

/// One of the ancestors of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ancestor {
    /// What is known of it.
    pub process: Rc<Process>,
    /// Whether it is the parent of the one before, but has not made it.
    pub reparented: bool,
}

/// The ancestors of a process, from its parent up; at most [`ANCESTORS_MAX`].
pub type Ancestors = [Ancestor];

/// How far ancestors are followed.
pub const ANCESTORS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_cut_where_they_are_long() {
        let of = |strings: &[&[u8]], cut| Argv::new(strings.iter().copied(), cut);
        let shown = |argv: &Argv| argv.strings().map(<[u8]>::to_vec).collect::<Vec<_>>();
        let short = of(&[b"ls", b"", b"-l"], false);
        assert_eq!(shown(&short), [&b"ls"[..], b"", b"-l"]);
        assert_eq!(short.shown(), (&b"ls\0\0-l\0"[..], false));
        assert_eq!(shown(&of(&[], false)), Vec::<Vec<u8>>::new());
        assert_eq!(shown(&of(&[b""], false)), [b""]);
        let long = vec![b'x'; ARGV_MAX];
        let argv = of(&[b"a", &long, b"b"], false);
        assert_eq!(argv.len(), ARGV_MAX);
        let (bytes, cut) = argv.shown();
        assert!(bytes.len() == ARGV_SHOWN && cut);
        // What was shown shows the same again.
        assert_eq!(Argv::of_bytes(bytes, cut).shown(), (bytes, cut));
        assert!(of(&[b"a"], true).shown().1);
    }
}
