//! Written files: bytes go where they were written; where that is not certain, the file itself is read at its close.

mod settle;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use libbpf_rs::{MapCore, MapFlags, MapHandle};
use nix::fcntl::OFlag;

use super::folder::open_below;
use super::job::Version;
use super::process::Process;
use super::reach::{has_own_device, is_of, open_regular, reopen_same};
use super::record::{user_dev, FileRecord, Identity};
use super::shared::Shared;
use super::store::{Artefact, Cut};
use super::watch::{is_roots_namespace, may_block};
use crate::decode::event::Context;
use crate::decode::path::Marks;
use crate::files::Stat;
use crate::wire::{
    captured_key, chunk, CHUNK_UNSURE, FILE_CREATED, FILE_EMPTY, TAKE_FILE, TAKE_TRUNCATED, TAKE_UNSEEN,
    TAKE_UNSEEN_ANY,
};

/// A file is listed when nothing has been written to it for this time.
const QUIET: Duration = Duration::from_secs(1);
/// How many artefacts are open at once.
const OPEN_MAX: usize = 256;
/// How many files are remembered.
const FILES_MAX: usize = 1 << 15;

/// How many processes are remembered that have the kernel write their files, as with io_uring.
const UNSEEN_MAX: usize = 4096;

const OLD_CONTENT: &str = "it had content before";
const BY_ITSELF: &str = "the kernel wrote to it by itself";

/// Device and inode.
type Key = (u64, u64);

/// All written files.
pub struct Writes {
    files: HashMap<Key, Written>,
    /// Files whose `st_dev` is not their superblock's, by inode.
    odd: HashMap<u64, Key>,
    open: HashMap<Key, Artefact>,
    /// Files with changes that are not listed yet.
    dirty: HashSet<Key>,
    /// Host pids of processes that have the kernel write their files.
    unseen: HashSet<u32>,
    /// The kernel side's map of these files.
    map: Box<dyn KernelFiles>,
    looked: Instant,
}

/// A file that a traced process has open for writing, or has written to.
struct Written {
    record: FileRecord,
    kernel_dev: u32,
    container: String,
    /// Name of its artefact, once it has one.
    name: Option<String>,
    /// Size after the last write.
    size: u64,
    mtime: u64,
    /// Why the artefact may differ from the file.
    doubt: Option<&'static str>,
    /// Why bytes are missing.
    cut: Option<Cut>,
    /// Whether it was closed, and could not be held until it was read.
    missed: bool,
    changed: Instant,
    /// Whether nobody has opened it or written to it since it was closed.
    closed: bool,
    version: Version,
    /// The open file, for files that fanotify cannot hold.
    held: Option<File>,
}

impl Writes {
    pub fn new(map: Box<dyn KernelFiles>) -> Writes {
        Writes {
            files: HashMap::new(),
            odd: HashMap::new(),
            open: HashMap::new(),
            dirty: HashSet::new(),
            unseen: HashSet::new(),
            map,
            looked: Instant::now(),
        }
    }

    pub fn is_pending(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// Marks every file that is still open, since it is unknown whose bytes are missing.
    pub fn doubt_all(&mut self, reason: &'static str) {
        self.doubt(reason, |file| !file.closed);
    }

    fn doubt(&mut self, reason: &'static str, whose: impl Fn(&Written) -> bool) {
        for (key, file) in self.files.iter_mut().filter(|(_, file)| whose(file)) {
            file.doubt.get_or_insert(reason);
            if file.name.is_some() {
                self.dirty.insert(*key);
            }
        }
    }

    fn forget(&mut self, key: Key, file: &Written) {
        self.open.remove(&key);
        self.dirty.remove(&key);
        self.odd.remove(&key.1);
        self.map.forget(&kernel_key(&file.record, file.kernel_dev));
    }
}

/// What the kernel side remembers of files (`struct captured_key` in bytes).
pub trait KernelFiles {
    /// Has the programs ignore writes to it.
    fn skip(&self, file: &KernelKey);
    /// Has the file reported again at its next write.
    fn forget(&self, file: &KernelKey);
}

pub type KernelKey = [u8; size_of::<captured_key>()];

impl KernelFiles for MapHandle {
    fn skip(&self, file: &KernelKey) {
        // skip, unseen
        let skip = [1u32.to_ne_bytes(), 0u32.to_ne_bytes()].concat();
        let _ = self.update(file, &skip, MapFlags::ANY);
    }

    fn forget(&self, file: &KernelKey) {
        let _ = self.delete(file);
    }
}

fn kernel_key(record: &FileRecord, dev: u32) -> KernelKey {
    let mut bytes = [0; size_of::<captured_key>()];
    bytes[..8].copy_from_slice(&record.file.inode.to_ne_bytes());
    bytes[8..12].copy_from_slice(&dev.to_ne_bytes());
    bytes[12..].copy_from_slice(&record.file.generation.to_ne_bytes());
    bytes
}

impl Writes {
    /// A file that was opened for writing, is written to for the first time, or is written to by the kernel itself.
    pub fn file(&mut self, shared: &mut Shared, record: FileRecord) {
        match record.what {
            TAKE_UNSEEN_ANY => return self.unseen_process(record.who.host_pid),
            TAKE_TRUNCATED => return self.truncated_by_name(shared, &record),
            _ => {}
        }
        let key = (record.file.dev, record.file.inode);
        let dev = (nix::libc::major(key.0) << 20) | nix::libc::minor(key.0);
        if !shared.settings.wants_writes(record.plain_path()) {
            self.map.skip(&kernel_key(&record, dev));
            return;
        }
        shared.cover(&record, &format!("fd/{}", record.fd));
        let another = self.files.get(&key).is_some_and(|known| {
            known.record.file.generation != record.file.generation || record.flags & FILE_CREATED != 0
        });
        if another {
            self.finish_write(shared, key, true);
            if let Some(file) = self.files.remove(&key) {
                self.open.remove(&key);
                self.dirty.remove(&key);
                drop(file);
            }
        }
        if !self.files.contains_key(&key) {
            self.follow(shared, key, dev, &record);
        } else if record.flags & FILE_EMPTY != 0 {
            self.truncated(shared, key, &record);
        }
        let covered = shared.covers(key.0);
        let Some(file) = self.files.get_mut(&key) else {
            return;
        };
        // The process that opens a file may differ from the one that has it written.
        (file.record.pid, file.record.fd) = (record.pid, record.fd);
        file.closed = false;
        if self.unseen.contains(&record.who.host_pid) {
            file.doubt.get_or_insert(BY_ITSELF);
        }
        if record.what == TAKE_UNSEEN {
            file.doubt.get_or_insert(BY_ITSELF);
            file.changed = Instant::now();
            file.version.writes.fetch_add(1, Ordering::AcqRel);
            self.dirty.insert(key);
            if !covered && !may_block(covered, record.pid, key.0, record.file.magic) {
                let path = format!("/proc/{}/fd/{}", record.pid, record.fd);
                file.held = open_regular(&path, key.0, key.1).ok();
            }
        }
    }

    /// Adds a file.
    fn follow(&mut self, shared: &mut Shared, key: Key, kernel_dev: u32, record: &FileRecord) {
        self.make_room(shared);
        if has_own_device(record.file.magic) {
            self.odd.insert(key.1, key);
        }
        let file = Written {
            kernel_dev,
            container: shared.containers.folder(&record.who),
            name: None,
            size: record.file.size,
            mtime: record.file.mtime,
            doubt: (record.file.size > 0 && record.flags & FILE_EMPTY == 0).then_some(OLD_CONTENT),
            cut: None,
            missed: false,
            changed: Instant::now(),
            closed: false,
            version: Version {
                idle: std::sync::Arc::new(true.into()),
                ..Version::default()
            },
            held: None,
            record: record.clone(),
        };
        self.files.insert(key, file);
    }

    /// Marks the files of a process that can write to them without a call for each write.
    fn unseen_process(&mut self, host_pid: u32) {
        if self.unseen.len() >= UNSEEN_MAX {
            self.unseen.clear();
        }
        self.unseen.insert(host_pid);
        self.doubt(BY_ITSELF, |file| {
            !file.closed && file.record.who.host_pid == host_pid
        });
    }

    /// Perhaps nobody has it open, so that no close follows: it is read at once.
    fn truncated_by_name(&mut self, shared: &mut Shared, record: &FileRecord) {
        let name = |path: &[u8]| path.rsplit(|byte| *byte == b'/').next().map(<[u8]>::to_vec);
        let wanted = name(&record.name);
        let candidates: Vec<Key> = self
            .files
            .iter()
            .filter(|(_, file)| name(file.record.plain_path()) == wanted)
            .map(|(key, _)| *key)
            .collect();
        if candidates.is_empty() {
            // The path is another name of the file.
            self.doubt_all("a file was truncated by another name");
        }
        // Its path may lead over file systems of a user's own by now: tracee waits only where only root can mount.
        let wait = is_roots_namespace(record.pid);
        let root = Process::open(record.pid).and_then(|process| process.root());
        for key in candidates {
            let Some(file) = self.files.get_mut(&key) else {
                continue;
            };
            file.doubt = Some("it was truncated by its name");
            if file.name.is_none() {
                continue;
            }
            self.dirty.insert(key);
            let source = root
                .as_ref()
                .ok()
                .and_then(|root| open_below(root, &file.record.path, OFlag::O_PATH, wait).ok())
                .and_then(|at| reopen_same(&File::from(at), key.0, key.1).ok());
            if let Some(source) = source {
                if let Ok(stat) = Stat::of(&source) {
                    (file.mtime, file.size) = (stat.mtime, stat.size);
                }
                self.read_back(shared, key, source);
            }
        }
    }

    /// The file was emptied when it was opened.
    fn truncated(&mut self, shared: &mut Shared, key: Key, record: &FileRecord) {
        let Some(file) = self.files.get_mut(&key) else {
            return;
        };
        (file.size, file.mtime) = (record.file.size, record.file.mtime);
        if file.doubt == Some(OLD_CONTENT) {
            file.doubt = None;
        }
        if file.name.is_none() {
            return;
        }
        file.changed = Instant::now();
        file.version.writes.fetch_add(1, Ordering::AcqRel);
        if !file.version.is_idle() {
            file.doubt.get_or_insert("it was written to while it was read");
        }
        file.cut = None;
        self.dirty.insert(key);
        if let Some(artefact) = self.open_artefact(shared, key) {
            artefact.cut = None;
            artefact.set_len(0);
        }
    }

    /// Bytes that were written.
    pub fn written(&mut self, shared: &mut Shared, head: &chunk, data: &[u8]) {
        let key = (user_dev(u64::from(head.dev)), head.inode);
        let known = self
            .files
            .get(&key)
            .is_some_and(|file| file.record.file.generation == head.generation);
        if !known {
            if !shared.settings.write_paths.is_empty() {
                return;
            }
            self.nameless(shared, head);
        }
        let Some(file) = self.files.get_mut(&key) else {
            return;
        };
        file.version.writes.fetch_add(1, Ordering::AcqRel);
        if !file.version.is_idle() {
            file.doubt.get_or_insert("it was written to while it was read");
        }
        if head.hole > 0 {
            file.doubt
                .get_or_insert("bytes were not to be had when they were written");
        }
        if head.flags & CHUNK_UNSURE != 0 {
            file.doubt
                .get_or_insert("others may have changed the bytes or the position as they were written");
        }
        (file.size, file.mtime) = (head.size, head.mtime);
        file.closed = false;
        file.changed = Instant::now();
        self.dirty.insert(key);
        let Some(artefact) = self.open_artefact(shared, key) else {
            return;
        };
        artefact.write_at(data, head.offset);
        let cut = artefact.cut;
        if let Some(file) = self.files.get_mut(&key) {
            file.cut = file.cut.or(cut);
        }
    }

    /// A file whose name was lost on its way.
    fn nameless(&mut self, shared: &mut Shared, head: &chunk) {
        self.file(
            shared,
            FileRecord {
                who: Context::default(),
                what: TAKE_FILE,
                pid: head.pid,
                file: Identity {
                    dev: user_dev(u64::from(head.dev)),
                    inode: head.inode,
                    generation: head.generation,
                    // The file may have had content before.
                    size: head.size,
                    mtime: head.mtime,
                    ..Identity::default()
                },
                flags: 0,
                fd: 0,
                path: Vec::new(),
                name: Vec::new(),
                marks: Marks::default(),
            },
        );
    }

    /// The artefact of a file, open for writing; `None` if it cannot be made.
    fn open_artefact(&mut self, shared: &mut Shared, key: Key) -> Option<&mut Artefact> {
        if !self.open.contains_key(&key) {
            if self.open.len() >= OPEN_MAX {
                self.open.clear();
            }
            let file = self.files.get_mut(&key)?;
            let artefact = match &file.name {
                Some(name) => match shared.store.reopen(name) {
                    Ok(artefact) => artefact,
                    Err(error) => {
                        let errno = error.raw_os_error().unwrap_or(nix::libc::EIO);
                        file.cut = Some(Cut::Disk(errno));
                        return None;
                    }
                },
                None => {
                    let name = |generation| format!("write.dev-{}.inode-{}.gen-{generation}", key.0, key.1);
                    match shared.store.create_with(&file.container, name) {
                        Ok(artefact) => artefact,
                        Err(cut) => {
                            file.cut = Some(cut);
                            return None;
                        }
                    }
                }
            };
            file.name = Some(artefact.name.clone());
            self.open.insert(key, artefact);
        }
        self.open.get_mut(&key)
    }

    /// A process that could write to the file has closed it.
    pub fn file_closed(&mut self, shared: &mut Shared, stat: &Stat, source: Option<File>) {
        let mut key = (stat.dev, stat.ino);
        if !self.files.contains_key(&key) {
            match self.odd.get(&stat.ino) {
                Some(odd) => key = *odd,
                None => return,
            }
            if !(self.files.get(&key)).is_some_and(|file| is_of(stat, &file.record.file)) {
                return;
            }
        }
        let Some(file) = self.files.get_mut(&key) else {
            return;
        };
        let mtime = stat.mtime;
        file.closed = true;
        if file.doubt.is_some() || (mtime, stat.size) != (file.mtime, file.size) {
            let untouched = file.name.is_none()
                && (mtime, stat.size) == (file.record.file.mtime, file.record.file.size)
                && file.doubt.is_none_or(|doubt| doubt == OLD_CONTENT);
            if !untouched {
                (file.mtime, file.size) = (mtime, stat.size);
                match source {
                    Some(source) => self.read_back(shared, key, source),
                    None => {
                        file.doubt.get_or_insert("it changed after its last write");
                        file.missed = true;
                        self.dirty.insert(key);
                    }
                }
            }
        } else if self.dirty.contains(&key) {
            // No further writes are awaited.
            file.changed -= QUIET;
        }
    }
}
