//! The thread that reads the ring of captures, and gets hold of files before they are gone.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::sync::Arc;
use std::time::{Duration, Instant};

use libbpf_rs::{MapCore, RingBufferBuilder};
use nix::libc;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::EventFd;

use super::alerts::{Gathered, Later};
use super::container::Containers;
use super::keeper::{self, Job, Meta};
use super::record::{self, FileRecord, Identity, Taken, CHUNK_MEMORY};
use super::settings::Settings;
use super::store::Store;
use super::watch::{is_slow, Seen, Watch};
use super::writes::Writes;
use super::{Jobs, Maps, Totals};
use crate::loader::shared::SharedMap;
use crate::loader::skel::types::capture_misses;

/// Executed files that nobody has asked for are let go after this time: they keep file systems from being unmounted.
const UNCLAIMED: Duration = Duration::from_secs(2);
/// As many are kept at the most.
const UNCLAIMED_MAX: usize = 1024;
/// Executed files that are stored already.
const KNOWN_MAX: usize = 1 << 16;
/// While something is pending, we look again after this time.
const TICK: Duration = Duration::from_millis(250);
/// Reads everything; see the module.
pub struct Collector {
    pub(super) settings: Settings,
    pub(super) store: Arc<Store>,
    pub(super) jobs: Jobs,
    pub(super) watch: Option<Watch>,
    pub(super) containers: Containers,
    pub(super) epoch: u64,
    misses: SharedMap<capture_misses>,
    /// Executed, and not yet told by the tracer's own programs.
    executed: VecDeque<(Instant, Seen)>,
    /// Closed after writing, to be looked at when the ring has been read.
    closed: Vec<Seen>,
    /// Executed files that are stored.
    known: HashSet<Identity>,
    pub(super) memory: HashMap<(u32, u64), Gathered>,
    pub(super) later: VecDeque<Later>,
    pub(super) writes: Writes,
    lost: u64,
}

type Ready = SyncSender<io::Result<()>>;

/// What a collector begins with.
pub struct Setup {
    pub settings: Settings,
    pub store: Arc<Store>,
    pub jobs: Jobs,
    pub maps: Maps,
    /// ns since the epoch at boot.
    pub epoch: u64,
}

impl Collector {
    /// The thread: works until `stop` is readable, and then on until nothing is left.
    pub fn run(setup: Setup, stop: &EventFd, ready: &Ready) -> Totals {
        match Collector::prepare(setup, stop) {
            Ok((collector, ring, epoll)) => {
                let _ = ready.send(Ok(()));
                Collector::work(&collector, &ring, &epoll, stop)
            }
            Err(error) => {
                let _ = ready.send(Err(error));
                Totals::default()
            }
        }
    }

    #[allow(clippy::type_complexity)] // What a run consists of, once.
    fn prepare(
        setup: Setup,
        stop: &EventFd,
    ) -> io::Result<(Rc<RefCell<Collector>>, libbpf_rs::RingBuffer<'static>, Epoll)> {
        let other = |error: libbpf_rs::Error| io::Error::other(error);
        let Setup {
            settings,
            store,
            jobs,
            maps,
            epoch,
        } = setup;
        let watch = match Watch::new(settings.exec, settings.write) {
            // Memory has no files to be held.
            _ if !settings.exec && !settings.write => None,
            Ok(watch) => Some(watch),
            Err(error) => {
                eprintln!(
                    "tracee: warning: files cannot be held by fanotify ({error}): what is gone or changed before it is \
                     reached through /proc is not captured, and said so"
                );
                None
            }
        };
        let collector = Rc::new(RefCell::new(Collector {
            writes: Writes::new(maps.files),
            settings,
            store,
            jobs,
            watch,
            containers: Containers::new(maps.cgroups),
            epoch,
            misses: SharedMap::new(&maps.misses)?,
            executed: VecDeque::new(),
            closed: Vec::new(),
            known: HashSet::new(),
            memory: HashMap::new(),
            later: VecDeque::new(),
            lost: 0,
        }));
        let into = Rc::clone(&collector);
        let mut builder = RingBufferBuilder::new();
        builder
            .add(&maps.ring as &dyn MapCore, move |bytes| {
                into.borrow_mut().record(bytes);
                0
            })
            .map_err(other)?;
        let ring = builder.build().map_err(other)?;
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let readable = EpollEvent::new(EpollFlags::EPOLLIN, 0);
        epoll.add(stop, readable)?;
        // SAFETY: the ring is there for as long as the epoll set, both in this thread.
        epoll.add(unsafe { BorrowedFd::borrow_raw(ring.epoll_fd()) }, readable)?;
        if let Some(watch) = &collector.borrow().watch {
            epoll.add(watch.fd(), readable)?;
            let urgent = EpollEvent::new(EpollFlags::EPOLLPRI | EpollFlags::EPOLLERR, 1);
            epoll.add(watch.mounts_fd(), urgent)?;
        }
        Ok((collector, ring, epoll))
    }

    fn work(
        collector: &Rc<RefCell<Collector>>,
        ring: &libbpf_rs::RingBuffer<'_>,
        epoll: &Epoll,
        stop: &EventFd,
    ) -> Totals {
        let mut ready = [EpollEvent::empty(); 8];
        loop {
            let timeout = match collector.borrow().is_pending() {
                true => EpollTimeout::try_from(TICK).unwrap_or(EpollTimeout::ZERO),
                false => EpollTimeout::NONE,
            };
            let n = epoll.wait(&mut ready, timeout).unwrap_or(0);
            if ready[..n].iter().any(|event| event.data() == 1) {
                if let Some(watch) = &mut collector.borrow_mut().watch {
                    watch.mark_mounts();
                }
            }
            let stopped = stop.read().is_ok();
            // What is closed now has been written before: its chunks are in the ring.
            collector.borrow_mut().look();
            let _ = ring.consume();
            let mut this = collector.borrow_mut();
            this.after_round(stopped);
            if stopped {
                return this.totals();
            }
        }
    }

    fn is_pending(&self) -> bool {
        !self.executed.is_empty()
            || !self.later.is_empty()
            || !self.memory.is_empty()
            || self.writes.is_pending()
    }

    fn totals(&self) -> Totals {
        let misses = self.misses.read();
        Totals {
            lost: misses.lost,
            memory_skipped: misses.memory_skipped,
        }
    }

    /// Takes what fanotify has seen.
    fn look(&mut self) {
        let Some(watch) = &mut self.watch else {
            return;
        };
        let now = Instant::now();
        let (executed, closed, writes) = (&mut self.executed, &mut self.closed, &self.writes);
        watch.read(|seen| {
            if seen.executed {
                if executed.len() >= UNCLAIMED_MAX {
                    executed.pop_front();
                }
                executed.push_back((now, seen));
            } else if seen.written && writes.may_know(&seen.file) {
                closed.push(seen);
            }
        });
    }

    /// What the kernel side says.
    fn record(&mut self, bytes: &[u8]) {
        match record::parse(bytes) {
            Some(Taken::Chunk(head, data)) if head.flags & CHUNK_MEMORY != 0 => self.memory(&head, data),
            Some(Taken::Chunk(head, data)) => self.written(&head, data),
            Some(Taken::Alert(alert)) => self.alert(*alert),
            Some(Taken::File(file)) if file.what == record::TAKE_EXEC => self.exec(&file),
            Some(Taken::File(file)) => self.file(*file),
            None => {}
        }
    }

    /// When the ring has been read.
    fn after_round(&mut self, stopped: bool) {
        let lost = self.misses.read().lost;
        if lost != self.lost {
            self.lost = lost;
            self.writes
                .doubt_all("bytes were lost on their way: the ring was full");
        }
        if let Some(watch) = &mut self.watch {
            if std::mem::take(&mut watch.overflowed) {
                self.writes.doubt_all("the kernel dropped events of fanotify");
            }
        }
        for seen in std::mem::take(&mut self.closed) {
            self.file_closed(seen.file);
        }
        let now = Instant::now();
        while self
            .executed
            .front()
            .is_some_and(|(since, _)| now - *since > UNCLAIMED)
        {
            self.executed.pop_front();
        }
        while self
            .later
            .front()
            .is_some_and(|later| stopped || later.due <= now)
        {
            if let Some(later) = self.later.pop_front() {
                self.look_later(later, stopped);
            }
        }
        if stopped {
            let keys: Vec<_> = self.memory.keys().copied().collect();
            for key in keys {
                self.gathered(key, 0, true);
            }
        }
        self.finish_writes(stopped);
    }

    pub(super) fn give(&self, job: Job) {
        // The keeper lives for as long as we can send.
        let _ = self.jobs.send(job);
    }

    /*
     * Executed files.
     */

    fn exec(&mut self, exec: &FileRecord) {
        self.look();
        self.cover(exec, "exe");
        let mut mine = Vec::new();
        let mut others = VecDeque::with_capacity(self.executed.len());
        for (since, seen) in self.executed.drain(..) {
            match seen.pid == exec.pid {
                true => mine.push(seen.file),
                false => others.push_back((since, seen)),
            }
        }
        self.executed = others;
        let container = self.containers.folder(&exec.who);
        let meta = |path: &[u8], file, role| Meta {
            kind: "exec",
            who: exec.who,
            container: container.clone(),
            path: path.to_vec(),
            file,
            area: None,
            role,
            reason: None,
            read_at_close: false,
        };
        let place = mine.iter().position(|file| is_the(file, &exec.file));
        let held = place.map(|place| mine.swap_remove(place));
        if self.is_new(exec.file) {
            let meta = meta(&exec.path, exec.file, "program");
            match held.map_or_else(|| reach(exec), Ok) {
                Ok(file) => self.give(Job::Exec { meta, file }),
                Err(reason) => self.give(Job::Tell(Meta {
                    reason: Some(reason),
                    ..meta
                })),
            }
        }
        // A script, and what loads programs.
        for file in mine {
            let Ok(stat) = file.metadata() else {
                continue;
            };
            let identity = Identity {
                dev: stat.dev(),
                inode: stat.ino(),
                size: stat.len(),
                mtime: keeper::mtime(&stat),
                mode: stat.mode(),
                ..Identity::default()
            };
            if !self.is_new(identity) {
                continue;
            }
            let mut magic = [0; 2];
            let is_script =
                std::os::unix::fs::FileExt::read_at(&file, &mut magic, 0).is_ok() && magic == *b"#!";
            let link = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap_or_default();
            let path = match is_script && exec.name.starts_with(b"/") {
                true => exec.name.clone(),
                false => std::os::unix::ffi::OsStringExt::into_vec(link.into_os_string()),
            };
            let role = if is_script { "script" } else { "loader" };
            self.give(Job::Exec {
                meta: meta(&path, identity, role),
                file,
            });
        }
    }

    fn is_new(&mut self, file: Identity) -> bool {
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        // Its names may change.
        self.known.insert(Identity {
            links: 0,
            ctime: 0,
            ..file
        })
    }

    /// Has fanotify watch the file's file system, if it does not yet: a container's, mounted just now.
    pub(super) fn cover(&mut self, file: &FileRecord, link: &str) {
        if let Some(watch) = &mut self.watch {
            if file.pid != 0 && file.rooted && !watch.covers(file.file.dev) && !is_slow(file.file.magic) {
                watch.mark(
                    &PathBuf::from(format!("/proc/{}/{link}", file.pid)),
                    file.file.dev,
                );
            }
        }
    }
}

/// Whether an open file is the one that the kernel side told of.
pub(super) fn is_the(file: &File, identity: &Identity) -> bool {
    /// Their st_dev is not their superblock's.
    const OWN_DEVICES: [u64; 2] = [0x794c_7630, 0x9123_683e];
    let Ok(stat) = file.metadata() else {
        return false;
    };
    let ctime = stat.ctime().unsigned_abs() * 1_000_000_000 + stat.ctime_nsec().unsigned_abs();
    stat.ino() == identity.inode
        && (stat.dev() == identity.dev || OWN_DEVICES.contains(&identity.magic) && ctime == identity.ctime)
}

/// The program of a process that still runs it.
fn reach(exec: &FileRecord) -> Result<File, String> {
    if is_slow(exec.file.magic) {
        return Err("it is on a file system that may make whoever reads it wait for ever".into());
    }
    if exec.pid == 0 {
        return Err("the process is not in tracee's pid namespace".into());
    }
    let path = format!("/proc/{}/exe", exec.pid);
    let gone = || "the process had gone before its file could be reached".to_owned();
    let at = fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_PATH | libc::O_CLOEXEC)
        .open(&path)
        .map_err(|error| match error.raw_os_error() {
            Some(libc::ENOENT | libc::ESRCH) => gone(),
            _ => format!("its file cannot be reached: {error}"),
        })?;
    // Only once it is known to be that file is it opened: any other may block.
    if !same(&at, exec.file.dev, exec.file.inode) && !is_the(&at, &exec.file) {
        return Err(gone());
    }
    reopen(&at).map_err(|error| format!("its file cannot be read: {error}"))
}

/// A regular file by a link of `/proc`, if it is this one.
pub(super) fn open_regular(path: &str, dev: u64, inode: u64) -> io::Result<File> {
    let at = fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_PATH | libc::O_CLOEXEC)
        .open(path)?;
    reopen_same(&at, dev, inode)
}

/// What is open by O_PATH, if it is this regular file.
pub(super) fn reopen_same(at: &File, dev: u64, inode: u64) -> io::Result<File> {
    match same(at, dev, inode) {
        true => reopen(at),
        false => Err(io::ErrorKind::NotFound.into()),
    }
}

fn reopen(at: &File) -> io::Result<File> {
    let file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC | libc::O_NOCTTY)
        .open(format!("/proc/self/fd/{}", at.as_raw_fd()))?;
    Ok(file)
}

/// By what the kernel has of it at hand, without asking its file system, which may never answer.
fn same(at: &File, dev: u64, inode: u64) -> bool {
    // SAFETY: made of integers only.
    let mut stat: libc::statx = unsafe { std::mem::zeroed() };
    // SAFETY: an open descriptor, an empty name, and room for the answer.
    let done = unsafe {
        libc::statx(
            at.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | libc::AT_STATX_DONT_SYNC,
            libc::STATX_INO | libc::STATX_TYPE,
            &raw mut stat,
        )
    };
    done == 0
        && u32::from(stat.stx_mode) & libc::S_IFMT == libc::S_IFREG
        && stat.stx_ino == inode
        && libc::makedev(stat.stx_dev_major, stat.stx_dev_minor) == dev
}

/// That no copy of a file is under way.
pub(super) fn idle(version: &keeper::Version) -> bool {
    version.idle.load(Ordering::Acquire)
}
