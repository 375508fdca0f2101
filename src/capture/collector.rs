//! The thread that reads the ring of captures, and gets hold of files before they are gone.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::SendTimeoutError;
use libbpf_rs::{AsRawLibbpf, MapCore, RingBuffer, RingBufferBuilder};
use nix::libc;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::EventFd;

use super::alerts::{Gathered, Later};
use super::container::Containers;
use super::keeper::{self, Executed, Job, Meta};
use super::record::{self, FileRecord, Identity, Taken};
use super::settings::Settings;
use super::sightings::{Closed, Held, Process, Sightings};
use super::store::Store;
use super::watch::{may_block, OVERLAYFS};
use super::writes::Writes;
use super::{Clock, Jobs, Totals};
use crate::decode::path::Marks;
use crate::files::Stat;
use crate::loader::shared::SharedMap;
use crate::loader::CaptureMaps;
use crate::wire::{capture_misses, CHUNK_MEMORY, TAKE_EXEC};

/// Executed files that are stored already.
const KNOWN_MAX: usize = 1 << 16;
/// While something is pending, we look again after this time.
const TICK: Duration = Duration::from_millis(250);
/// Records that are read before fanotify is asked again, whose queue holds some ten thousand events.
const RECORDS: usize = 1024;
/// And while work is given to the keeper, after this time.
const BUSY: Duration = Duration::from_millis(10);

/// Reads everything; see the module.
pub struct Collector {
    pub(super) settings: Settings,
    pub(super) store: Arc<Store>,
    pub(super) jobs: Jobs,
    /// Unless fanotify is not to be had.
    sightings: Option<Arc<Sightings>>,
    pub(super) containers: Containers,
    pub(super) clock: Clock,
    misses: SharedMap<capture_misses>,
    /// Closed after writing, to be looked at when the ring has been read up to that position.
    closed: VecDeque<(u64, Closed)>,
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
    pub maps: CaptureMaps,
    pub clock: Clock,
    pub sightings: Option<Arc<Sightings>>,
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
    ) -> io::Result<(Rc<RefCell<Collector>>, RingBuffer<'static>, Epoll)> {
        let other = |error: libbpf_rs::Error| io::Error::other(error);
        let Setup {
            settings,
            store,
            jobs,
            maps,
            clock,
            sightings,
        } = setup;
        let collector = Rc::new(RefCell::new(Collector {
            writes: Writes::new(maps.files),
            settings,
            store,
            jobs,
            sightings,
            containers: Containers::new(maps.containers),
            clock,
            misses: SharedMap::new(&maps.misses)?,
            closed: VecDeque::new(),
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
        if let Some(sightings) = &collector.borrow().sightings {
            let urgent = EpollEvent::new(EpollFlags::EPOLLPRI | EpollFlags::EPOLLERR, 1);
            sightings.wake(&epoll, readable, urgent)?;
        }
        Ok((collector, ring, epoll))
    }

    fn work(
        collector: &Rc<RefCell<Collector>>,
        ring: &RingBuffer<'_>,
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
                if let Some(sightings) = &collector.borrow().sightings {
                    sightings.mark_mounts();
                }
            }
            let stopped = stop.read().is_ok();
            loop {
                // What is closed now has been written before: its chunks are in the ring, up to here.
                collector.borrow_mut().look(|| positions(ring).1);
                let all = ring.consume_raw_n(RECORDS) <= 0;
                let mut this = collector.borrow_mut();
                this.after_round(positions(ring).0, stopped && all);
                match (stopped, all) {
                    (true, true) => return this.totals(),
                    (true, false) => {}
                    (false, _) => break,
                }
            }
        }
    }

    fn is_pending(&self) -> bool {
        self.sightings.as_ref().is_some_and(|it| it.is_pending())
            || !self.closed.is_empty()
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

    /// Takes what fanotify has seen. `position`: of the ring, up to which it is to be read before.
    fn look(&mut self, position: impl Fn() -> u64) {
        if let Some(sightings) = &self.sightings {
            let closed = sightings.look();
            let position = position();
            self.closed
                .extend(closed.into_iter().map(|file| (position, file)));
        }
    }

    /// What the kernel side says.
    fn record(&mut self, bytes: &[u8]) {
        match record::parse(bytes) {
            Some(Taken::Chunk(head, data)) if head.flags & CHUNK_MEMORY != 0 => self.memory(&head, data),
            Some(Taken::Chunk(head, data)) => self.written(&head, data),
            Some(Taken::Alert(alert)) => self.alert(*alert),
            Some(Taken::File(file)) if file.what == TAKE_EXEC => self.exec(&file),
            Some(Taken::File(file)) => self.file(*file),
            None => {}
        }
    }

    /// When the ring has been read up to this position.
    fn after_round(&mut self, position: u64, stopped: bool) {
        let lost = self.misses.read().lost;
        if lost != self.lost {
            self.lost = lost;
            self.writes
                .doubt_all("bytes were lost on their way: the ring was full");
        }
        if self.sightings.as_ref().is_some_and(|it| it.take_overflow()) {
            self.writes.doubt_all("the kernel dropped events of fanotify");
        }
        while self
            .closed
            .front()
            .is_some_and(|(at, _)| stopped || *at <= position)
        {
            let Some((_, Closed { stat, file })) = self.closed.pop_front() else {
                break;
            };
            if let (Some(sightings), Some(_)) = (&self.sightings, &file) {
                sightings.let_go();
            }
            self.file_closed(&stat, file);
        }
        let now = Instant::now();
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

    pub(super) fn give(&self, mut job: Job) {
        // With much to give, or a keeper that has no time, fanotify's queue must not run over.
        loop {
            if let Some(sightings) = &self.sightings {
                sightings.read_after(BUSY);
            }
            // The keeper lives for as long as we can send.
            match self.jobs.send_timeout(job, BUSY) {
                Err(SendTimeoutError::Timeout(back)) => job = back,
                _ => return,
            }
        }
    }

    /*
     * Executed files.
     */

    fn exec(&mut self, exec: &FileRecord) {
        self.cover(exec, "exe");
        let mut mine = match &self.sightings {
            Some(sightings) => sightings.claim(exec.pid),
            None => Vec::new(),
        };
        let container = self.containers.folder(&exec.who);
        let meta = |path: &[u8], marks, file, role| Meta {
            kind: "exec",
            who: exec.who,
            container: container.clone(),
            path: path.to_vec(),
            marks,
            file,
            area: None,
            role,
            reason: None,
            read_at_close: false,
        };
        let place = mine.iter().position(|seen| is_the(&seen.file, &exec.file));
        let held = place.map(|place| mine.swap_remove(place));
        if self.is_new(exec.file, exec.who.time) {
            let meta = meta(&exec.path, exec.marks, exec.file, "program");
            match held.map_or_else(|| self.reach(exec), |held| Ok(claimed(held, exec))) {
                Ok(file) => self.give(Job::Exec { meta, file }),
                Err(reason) => self.give(Job::Tell(Meta {
                    reason: Some(reason),
                    ..meta
                })),
            }
        }
        // A script, and what loads programs.
        for held in mine {
            let file = &held.file;
            let Ok(stat) = Stat::of(file) else {
                continue;
            };
            let identity = Identity {
                dev: stat.dev,
                inode: stat.ino,
                size: stat.size,
                mtime: stat.mtime,
                ctime: stat.ctime,
                mode: stat.mode,
                ..Identity::default()
            };
            if !self.is_new(identity, exec.who.time) {
                continue;
            }
            let mut magic = [0; 2];
            let is_script =
                std::os::unix::fs::FileExt::read_at(file, &mut magic, 0).is_ok() && magic == *b"#!";
            let link = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap_or_default();
            let path = match is_script && exec.name.starts_with(b"/") {
                true => exec.name.clone(),
                false => std::os::unix::ffi::OsStringExt::into_vec(link.into_os_string()),
            };
            let role = if is_script { "script" } else { "loader" };
            let marks = match is_script {
                true => Marks::default(),
                false => Marks::of_link(&path, stat.nlink),
            };
            self.give(Job::Exec {
                meta: meta(&path, marks, identity, role),
                file: Executed::Held(held),
            });
        }
    }

    /// The program of a process that still runs it.
    fn reach(&self, exec: &FileRecord) -> Result<Executed, String> {
        if may_block(
            self.covers(exec.file.dev),
            exec.pid,
            exec.file.dev,
            exec.file.magic,
        ) {
            return Err("it is on a file system that may make whoever reads it wait for ever".into());
        }
        if exec.pid == 0 {
            return Err("the process is not in tracee's pid namespace".into());
        }
        let gone = || "the process had gone before its file could be reached".to_owned();
        let failed = |error: io::Error| match error.raw_os_error() {
            Some(libc::ENOENT | libc::ESRCH) => gone(),
            _ => format!("its file cannot be reached: {error}"),
        };
        let process = Process::open(exec.pid).map_err(failed)?;
        let at = process.program().map_err(failed)?;
        // Only once it is known to be that file is it opened: any other may block.
        if !is_program(&at, &exec.file) {
            return Err(gone());
        }
        let file = reopen(&at).map_err(|error| format!("its file cannot be read: {error}"))?;
        if !exec.marks.in_folder() {
            // Whoever has made a memfd can write to it at any time, and nobody tells.
            return Ok(Executed::Unwatched(file));
        }
        let held = match &self.sightings {
            Some(sightings) => sightings.hold(file, exec.pid),
            None => Err(file),
        };
        Ok(match held {
            Ok(held) if process.program().is_ok_and(|at| is_program(&at, &exec.file)) => Executed::Held(held),
            Ok(held) => Executed::Late(held),
            Err(file) => Executed::Running(file, process),
        })
    }

    /// `time`: of its execution, ns since boot. A file that was changed just before may become another without a trace
    /// in its times, and is looked at again.
    fn is_new(&mut self, file: Identity, time: u64) -> bool {
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        self.clock.may_be_later(file.ctime, time) || self.known.insert(file)
    }

    /// Has fanotify watch the file's file system, if it does not yet: a container's, mounted just now.
    pub(super) fn cover(&self, file: &FileRecord, link: &str) {
        if let Some(sightings) = &self.sightings {
            let (pid, dev) = (file.pid, file.file.dev);
            let is_new = pid != 0 && file.marks.in_folder() && !self.covers(dev);
            if is_new && !may_block(false, pid, dev, file.file.magic) {
                sightings.cover(&PathBuf::from(format!("/proc/{pid}/{link}")), dev);
            }
        }
    }

    /// Whether fanotify watches this file system.
    pub(super) fn covers(&self, dev: u64) -> bool {
        self.sightings.as_ref().is_some_and(|it| it.covers(dev))
    }
}

/// How far the ring has been read, and how far it has been written: bytes.
fn positions(ring: &RingBuffer<'_>) -> (u64, u64) {
    // SAFETY: a ring buffer that is alive, with one ring.
    unsafe {
        let ring = libbpf_sys::ring_buffer__ring(ring.as_libbpf_object().as_ptr(), 0);
        (
            libbpf_sys::ring__consumer_pos(ring),
            libbpf_sys::ring__producer_pos(ring),
        )
    }
}

/// Whether an open file is the one that the kernel side told of.
pub(super) fn is_the(file: &File, identity: &Identity) -> bool {
    Stat::of(file).is_ok_and(|stat| is_of(&stat, identity))
}

/// Whether these are the attributes of the file that the kernel side told of.
pub(super) fn is_of(stat: &Stat, identity: &Identity) -> bool {
    stat.ino == identity.inode
        && (stat.dev == identity.dev || has_own_device(identity.magic) && stat.ctime == identity.ctime)
}

/// Whether the `st_dev` of files of such a file system is not their superblock's: overlayfs, btrfs.
pub(super) fn has_own_device(magic: u64) -> bool {
    matches!(magic, OVERLAYFS | 0x9123_683e)
}

/// A file that was seen when it was executed. Nobody could write to it then, nor while the process runs it.
fn claimed(held: Held, exec: &FileRecord) -> Executed {
    let watched = held.watched_since <= exec.who.time || runs(exec.pid, &exec.file);
    match watched {
        true => Executed::Held(held),
        false => Executed::Late(held),
    }
}

fn runs(pid: u32, identity: &Identity) -> bool {
    Process::open(pid)
        .and_then(|process| process.program())
        .is_ok_and(|program| is_program(&program, identity))
}

/// Whether what is open by O_PATH is the executed file.
fn is_program(at: &File, identity: &Identity) -> bool {
    same(at, identity.dev, identity.inode) || is_the(at, identity)
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
    Stat::of(at).is_ok_and(|stat| stat.is_regular() && (stat.dev, stat.ino) == (dev, inode))
}

/// That no copy of a file is under way.
pub(super) fn idle(version: &keeper::Version) -> bool {
    version.idle.load(Ordering::Acquire)
}
