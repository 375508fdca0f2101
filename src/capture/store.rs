//! Where artefacts are kept: files with limits, and the list of them.
//!
//! Shared by the threads of capture. Memory does not grow with the number of artefacts: the file system keeps names
//! unique (`O_EXCL`), and folders are opened again as needed.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use nix::errno::Errno;
use sha2::{Digest, Sha256};

use super::folder;
use crate::error::FolderError;
use crate::files::lock;
use crate::json;

/// Sizes beyond which an artefact is cut off, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Limit of each artefact.
    pub file: u64,
    /// Limit of all that a run stores.
    pub total: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            file: 256 << 20,
            total: 4 << 30,
        }
    }
}

/// Why bytes of an artefact are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    File,
    Total,
    /// A write failed with this error number.
    Disk(i32),
}

impl Cut {
    pub fn reason(self, limits: Limits) -> String {
        match self {
            Cut::File => format!("cut off at --capture-limit file={}", limits.file),
            Cut::Total => format!("cut off: --capture-limit total={} is reached", limits.total),
            Cut::Disk(errno) => format!("cut off: {}", io::Error::from_raw_os_error(errno)),
        }
    }
}

/// The output folder.
pub struct Store {
    root: OwnedFd,
    path: PathBuf,
    index: Mutex<File>,
    pub limits: Limits,
    stored: AtomicU64,
    /// The next number for names, where many are taken.
    next: AtomicU32,
    /// Whether a write has failed: then nothing is stored any more.
    full: AtomicBool,
    full_errno: Mutex<Option<i32>>,
    /// The error number of that write; 0: none has failed.
    errno: AtomicI32,
}

impl Store {
    pub fn open(path: &Path, clear: bool, limits: Limits) -> Result<Store, FolderError> {
        let root = folder::open(path)?;
        let failed = |error| FolderError::Io(path.join("index.jsonl"), error);
        let lock = |index: &File| {
            lock(index).map_err(|error| match Errno::try_from(error) {
                Ok(Errno::EWOULDBLOCK) => FolderError::InUse(path.into()),
                Ok(errno) => failed(errno.into()),
                Err(error) => failed(error),
            })
        };
        if clear {
            // The lock is taken before anything is removed: another tracee may be writing there.
            if let Ok(index) = folder::reopen(&root, folder::INDEX) {
                lock(&index)?;
            }
            folder::clear(&root, path)?;
        }
        let index = folder::index(&root).map_err(failed)?;
        lock(&index)?;
        set_aside(&index);
        Ok(Store {
            root,
            path: path.into(),
            index: Mutex::new(index),
            limits,
            stored: AtomicU64::new(0),
            next: AtomicU32::new(17),
            full: AtomicBool::new(false),
            full_errno: Mutex::new(None),
            errno: AtomicI32::new(0),
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the disk is full, or has failed.
    pub fn is_full(&self) -> bool {
        self.full.load(Relaxed)
    }

    /// Why the store takes no more; returned once.
    pub fn take_failure(&self) -> Option<i32> {
        self.full_errno
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    fn fail(&self, error: &io::Error) -> Cut {
        let errno = error.raw_os_error().unwrap_or(nix::libc::EIO);
        // Files that are open now will be closed.
        if [nix::libc::EMFILE, nix::libc::ENFILE].contains(&errno) {
            return Cut::Disk(errno);
        }
        if !self.full.swap(true, Relaxed) {
            self.errno.store(errno, Relaxed);
            *self.full_errno.lock().unwrap_or_else(PoisonError::into_inner) = Some(errno);
        }
        Cut::Disk(errno)
    }

    fn no_more(&self) -> Cut {
        match self.errno.load(Relaxed) {
            0 => Cut::Disk(nix::libc::ENOSPC),
            errno => Cut::Disk(errno),
        }
    }

    /// Makes `<folder>/<name>`, or the same name with a number where that is taken.
    pub fn create(self: &Arc<Self>, container: &str, name: &str) -> Result<Artefact, Cut> {
        self.create_with(container, |attempt| match attempt {
            0 => name.into(),
            attempt => format!("{name}.{attempt}"),
        })
    }

    /// The same as `create`, with names that depend on how many were taken.
    pub fn create_with(
        self: &Arc<Self>,
        container: &str,
        name: impl Fn(u32) -> String,
    ) -> Result<Artefact, Cut> {
        /// Limit of attempts: no real folder has so many taken names.
        const ATTEMPTS: u32 = 1 << 30;
        const FEW: u32 = 16;
        if self.is_full() {
            return Err(self.no_more());
        }
        let folder = folder::subfolder(&self.root, container).map_err(|error| self.fail(&error))?;
        let mut attempt = 0;
        loop {
            let name = name(attempt);
            let c_name =
                CString::new(name.as_str()).map_err(|_| self.fail(&io::ErrorKind::InvalidInput.into()))?;
            match folder::create(&folder, &c_name) {
                Ok(file) => {
                    return Ok(Artefact {
                        store: Arc::clone(self),
                        file,
                        name: format!("{container}/{name}"),
                        attempt,
                        size: 0,
                        cut: None,
                    })
                }
                Err(error) if error.raw_os_error() == Some(nix::libc::EEXIST) && attempt < ATTEMPTS => {
                    // Long runs of taken names are skipped, since each costs a call.
                    attempt = match attempt {
                        0..FEW => attempt + 1,
                        _ => self.next.fetch_add(1, Relaxed),
                    };
                }
                Err(error) => return Err(self.fail(&error)),
            }
        }
    }

    /// Opens an artefact of this run again, to write to it.
    pub fn reopen(self: &Arc<Self>, name: &str) -> io::Result<Artefact> {
        self.open_again(name, folder::reopen)
    }

    /// Opens an artefact of this run again, to read it.
    pub fn read(self: &Arc<Self>, name: &str) -> io::Result<Artefact> {
        self.open_again(name, folder::read)
    }

    fn open_again(
        self: &Arc<Self>,
        name: &str,
        open: fn(&OwnedFd, &CStr) -> io::Result<File>,
    ) -> io::Result<Artefact> {
        let (container, file) = name.split_once('/').ok_or(io::ErrorKind::InvalidInput)?;
        let folder = folder::subfolder(&self.root, container)?;
        let file = open(&folder, &CString::new(file)?)?;
        let size = file.metadata()?.len();
        Ok(Artefact {
            store: Arc::clone(self),
            file,
            name: name.into(),
            attempt: 0,
            size,
            cut: None,
        })
    }

    /// Removes an artefact whose content is stored already.
    pub fn remove(&self, artefact: Artefact) {
        let Some((container, name)) = artefact.name.split_once('/') else {
            return;
        };
        if let (Ok(folder), Ok(name)) = (folder::subfolder(&self.root, container), CString::new(name)) {
            let _ = nix::unistd::unlinkat(&folder, name.as_c_str(), nix::unistd::UnlinkatFlags::NoRemoveDir);
        }
        self.stored.fetch_sub(artefact.size, Relaxed);
    }

    /// Adds a line to the list; if the disk is full, as long as the room that was set aside lasts.
    pub fn list(&self, line: &serde_json::Value) {
        let mut text = Vec::new();
        if let Err(error) = json::write(&mut text, line) {
            self.fail(&io::Error::other(error));
            return;
        }
        text.push(b'\n');
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let before = index.metadata().map(|stat| stat.len());
        if let Err(error) = index.write_all(&text) {
            // An incomplete line is removed.
            let _ = before.and_then(|len| index.set_len(len));
            self.fail(&error);
        }
    }

    /// Reserves room for bytes, up to the total limit. Returns how many fit.
    fn reserve(&self, bytes: u64) -> u64 {
        let before = self.stored.fetch_add(bytes, Relaxed);
        let room = self.limits.total.saturating_sub(before).min(bytes);
        self.stored.fetch_sub(bytes - room, Relaxed);
        room
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let index = self.index.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Frees the room that was set aside.
        let _ = index.metadata().and_then(|stat| index.set_len(stat.len()));
    }
}

/// Bytes set aside for the list, for artefacts that a full disk cuts.
const ASIDE: i64 = 64 << 10;

fn set_aside(index: &File) {
    let len = index.metadata().map_or(0, |stat| stat.len());
    // Not every file system can; the stream of events reports all artefacts, too. SAFETY: a call on
    // a descriptor that is open, with numbers.
    let _ = unsafe {
        nix::libc::fallocate(
            index.as_raw_fd(),
            nix::libc::FALLOC_FL_KEEP_SIZE,
            nix::libc::off_t::try_from(len).unwrap_or(0),
            ASIDE,
        )
    };
}

/// A file that is being stored.
pub struct Artefact {
    store: Arc<Store>,
    file: File,
    /// Path below the output folder: `host/exec.7.ls`.
    pub name: String,
    /// How many names were taken.
    pub attempt: u32,
    /// Its size in bytes.
    pub size: u64,
    /// The first reason why bytes are missing.
    pub cut: Option<Cut>,
}

impl Artefact {
    /// Writes bytes at an offset. Bytes beyond a limit are left out, and the artefact remembers that.
    pub fn write_at(&mut self, bytes: &[u8], offset: u64) {
        if bytes.is_empty() {
            return;
        }
        let len = bytes.len() as u64;
        let room = self.store.limits.file.saturating_sub(offset).min(len);
        if room < len {
            self.cut.get_or_insert(Cut::File);
        }
        if room == 0 {
            return;
        }
        if self.store.is_full() {
            self.cut.get_or_insert(self.store.no_more());
            return;
        }
        // Overwriting costs no room.
        let end = offset + room;
        let new = end.saturating_sub(self.size.max(offset));
        let given = self.store.reserve(new);
        if given < new {
            self.cut.get_or_insert(Cut::Total);
        }
        let take = usize::try_from(room - (new - given))
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        if let Err(error) = self.file.write_all_at(&bytes[..take], offset) {
            self.cut = Some(self.store.fail(&error));
            // A part of it may have been written.
            self.size = self.file.metadata().map_or(self.size, |stat| stat.len());
            return;
        }
        if take > 0 {
            self.size = self.size.max(offset + take as u64);
        }
    }

    /// Sets the length, as `ftruncate(2)` does, within the limit.
    pub fn set_len(&mut self, len: u64) {
        let within = len.min(self.store.limits.file);
        if within < len {
            self.cut.get_or_insert(Cut::File);
        }
        match self.file.set_len(within) {
            Ok(()) => self.size = within,
            Err(error) => self.cut = Some(self.store.fail(&error)),
        }
    }

    pub fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(bytes, offset)
    }

    /// Hash of the stored bytes, in hex.
    pub fn sha256(&self) -> io::Result<String> {
        let mut hash = Sha256::new();
        let mut block = vec![0; BLOCK];
        let mut offset = 0;
        loop {
            match self.file.read_at(&mut block, offset)? {
                0 => return Ok(hex(&hash.finalize())),
                n => {
                    hash.update(&block[..n]);
                    offset += n as u64;
                }
            }
        }
    }
}

/// Files are copied and hashed in blocks of this size.
pub const BLOCK: usize = 256 * 1024;

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    fn store(limits: Limits) -> (tempfile::TempDir, Arc<Store>) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("out"), false, limits).unwrap();
        (folder, Arc::new(store))
    }

    fn stored(store: &Store, name: &str) -> Vec<u8> {
        fs::read(store.path().join(name)).unwrap()
    }

    #[test]
    fn files_and_folders_are_ours_alone() {
        let (_folder, store) = store(Limits::default());
        let mut artefact = store.create("host", "exec.1.ls").unwrap();
        artefact.write_at(b"abc", 0);
        store.list(&serde_json::json!({"a": 1}));
        for (name, mode) in [
            ("", 0o40700),
            ("host", 0o40700),
            ("host/exec.1.ls", 0o100_600),
            ("index.jsonl", 0o100_600),
        ] {
            let path = store.path().join(name);
            assert_eq!(fs::metadata(&path).unwrap().mode(), mode, "{name}");
        }
        assert_eq!(stored(&store, "index.jsonl"), b"{\"a\":1}\n");
        assert_eq!(
            artefact.sha256().unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_name_is_never_used_twice() {
        let (_folder, store) = store(Limits::default());
        let names: std::collections::BTreeSet<_> = (0..100)
            .map(|_| store.create("host", "x").unwrap().name)
            .collect();
        assert_eq!(names.len(), 100);
        // A link that has the name is not followed either.
        std::os::unix::fs::symlink("/etc/passwd", store.path().join("host/y")).unwrap();
        assert_eq!(store.create("host", "y").unwrap().name, "host/y.1");
        assert!(store.reopen("host/y").is_err());
    }

    #[test]
    fn limits_cut_and_say_so() {
        let (_folder, store) = store(Limits { file: 10, total: 25 });
        let mut one = store.create("host", "one").unwrap();
        one.write_at(b"0123456789", 0);
        assert_eq!((one.size, one.cut), (10, None));
        one.write_at(b"abcd", 8);
        assert_eq!((one.size, one.cut), (10, Some(Cut::File)));
        assert_eq!(stored(&store, "host/one"), b"01234567ab");
        // Far beyond the limit: no hole is made.
        one.write_at(b"x", 10 << 30);
        assert_eq!(one.size, 10);
        let mut two = store.create("host", "two").unwrap();
        two.write_at(b"0123456789", 0);
        let mut three = store.create("host", "three").unwrap();
        three.write_at(b"0123456789", 0);
        assert_eq!((three.size, three.cut), (5, Some(Cut::Total)));
        // A removed artefact frees its room.
        store.remove(two);
        let mut four = store.create("host", "four").unwrap();
        four.write_at(b"0123456789", 0);
        assert_eq!((four.size, four.cut), (10, None));
        assert!(!store.path().join("host/two").exists());
    }

    #[test]
    fn one_run_at_a_time_in_a_folder() {
        let (_folder, store) = store(Limits::default());
        for clear in [false, true] {
            assert!(matches!(
                Store::open(store.path(), clear, Limits::default()),
                Err(FolderError::InUse(_))
            ));
        }
    }

    #[test]
    fn a_full_disk_is_told_once() {
        // Any write to /dev/full fails.
        let (_folder, store) = store(Limits::default());
        let mut artefact = store.create("host", "x").unwrap();
        artefact.file = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        artefact.write_at(b"x", 0);
        assert_eq!(artefact.cut, Some(Cut::Disk(nix::libc::ENOSPC)));
        assert!(store.is_full());
        assert_eq!(store.take_failure(), Some(nix::libc::ENOSPC));
        assert_eq!(store.take_failure(), None);
        assert!(store.create("host", "y").is_err());
    }
}
