//! What fanotify(7) has seen, for both threads of capture: the collector asks what was executed and closed, the keeper
//! whether a file that it has copied is still what was executed.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::epoll::{Epoll, EpollEvent};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::resource::{getrlimit, Resource};

use super::clock::Clock;
use super::settings::Settings;
use super::watch::Watch;
use crate::files::Stat;
use crate::say;

/// Executed files that nobody has asked for are let go after this time: they keep file systems from being unmounted.
const UNCLAIMED: Duration = Duration::from_secs(2);
/// As many are kept at the most.
const UNCLAIMED_MAX: usize = 1024;
/// So many closed files are held open at the most, where this process may have as many: as the kernel's queue holds.
const CLOSED_MAX: usize = 16384;
/// Of what this process may have open, one part in so many is theirs.
const CLOSED_PART: u64 = 4;

/// An executed file, held open, of which we are told when somebody who could write to it closes it.
pub struct Held {
    pub file: File,
    key: Key,
    /// As our pid namespace counts.
    pid: u32,
    /// Since when it is watched: ns since boot, as the kernel side counts.
    pub watched_since: u64,
    closed: Arc<AtomicBool>,
    by: Arc<Sightings>,
}

/// A file that somebody has closed after writing.
pub struct Closed {
    /// As it was then, or a moment later.
    pub stat: Stat,
    /// None if too many are held.
    pub file: Option<File>,
}

/// Device and inode.
type Key = (u64, u64);

/// Shared by both threads.
pub struct Sightings {
    inner: Mutex<Inner>,
    clock: Clock,
    /// Tells the collector what the keeper has come upon.
    nudge: EventFd,
}

struct Inner {
    watch: Watch,
    last_read: Instant,
    /// Executed, and not yet told by the tracer's own programs.
    executed: VecDeque<(Instant, Held)>,
    /// Closed after writing, if that is captured.
    closed: Vec<Closed>,
    /// As many are held open, here and by those who have taken them.
    closed_held: usize,
    closed_max: usize,
    captures_writes: bool,
    /// Who is to be told that a file was closed.
    holders: HashMap<Key, Vec<Weak<AtomicBool>>>,
}

impl Sightings {
    /// `None`, with a warning, where fanotify is not to be had; without one, if no files are captured.
    pub fn new(settings: &Settings, clock: Clock) -> io::Result<Option<Arc<Sightings>>> {
        if !settings.exec && !settings.write {
            return Ok(None);
        }
        let watch = match Watch::new(settings.exec, settings.write) {
            Ok(watch) => watch,
            Err(error) => {
                say!(
                    "warning: files cannot be held by fanotify ({error}): what is gone or changed before it is \
                     reached through /proc is not captured, and said so"
                );
                return Ok(None);
            }
        };
        Ok(Some(Arc::new(Sightings {
            inner: Mutex::new(Inner {
                watch,
                last_read: Instant::now(),
                executed: VecDeque::new(),
                closed: Vec::new(),
                closed_held: 0,
                closed_max: closed_max(),
                captures_writes: settings.write,
                holders: HashMap::new(),
            }),
            clock,
            nudge: EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has an epoll set wait for sightings, and for mounts that come and go.
    pub fn wake(&self, epoll: &Epoll, sightings: EpollEvent, mounts: EpollEvent) -> io::Result<()> {
        let inner = self.lock();
        epoll.add(inner.watch.fd(), sightings)?;
        epoll.add(self.nudge.as_fd(), sightings)?;
        epoll.add(inner.watch.mounts_fd(), mounts)?;
        Ok(())
    }

    /// Whether something is held for a limited time.
    pub fn is_pending(&self) -> bool {
        !self.lock().executed.is_empty()
    }

    /// Takes in file systems that have been mounted since.
    pub fn mark_mounts(&self) {
        self.lock().watch.mark_mounts();
    }

    pub fn covers(&self, dev: u64) -> bool {
        self.lock().watch.covers(dev)
    }

    /// Takes in the file system of a path, if it is this one.
    pub fn cover(&self, path: &Path, dev: u64) {
        let mut inner = self.lock();
        if !inner.watch.covers(dev) {
            inner.watch.mark(path, dev);
        }
    }

    /// Whether the kernel has dropped events since the last call.
    pub fn take_overflow(&self) -> bool {
        std::mem::take(&mut self.lock().watch.overflowed)
    }

    /// Reads what there is; gives the files that were closed after writing.
    pub fn look(self: &Arc<Self>) -> Vec<Closed> {
        let _ = self.nudge.read();
        self.read();
        std::mem::take(&mut self.lock().closed)
    }

    /// One of the closed files that were given is no longer held.
    pub fn let_go(&self) {
        self.lock().closed_held -= 1;
    }

    /// Reads, if that was not done for such a time.
    pub fn read_after(self: &Arc<Self>, time: Duration) {
        let last = self.lock().last_read;
        if last.elapsed() >= time {
            self.read();
        }
    }

    /// Takes what there is out of the kernel's queue, which is short.
    fn read(self: &Arc<Self>) {
        /// Others may execute and write as fast as we read.
        const READS: usize = 256;
        let now = Instant::now();
        // Dropped when the lock is free: that takes it.
        let mut dropped = Vec::new();
        let mut inner = self.lock();
        inner.last_read = now;
        for _ in 0..READS {
            let seen = inner.watch.read();
            if seen.is_empty() {
                break;
            }
            for seen in seen {
                if seen.written {
                    inner.written(&seen.file);
                }
                if seen.executed {
                    if inner.executed.len() >= UNCLAIMED_MAX {
                        dropped.extend(inner.executed.pop_front());
                    }
                    if let Ok(held) = self.hold_by(&mut inner, seen.file, seen.pid) {
                        inner.executed.push_back((now, held));
                    }
                }
            }
        }
        if inner.watch.overflowed {
            // It may have been any.
            inner.holders.values().flatten().for_each(warn);
        }
        while let Some((since, _)) = inner.executed.front() {
            if now - *since <= UNCLAIMED {
                break;
            }
            dropped.extend(inner.executed.pop_front());
        }
        drop(inner);
    }

    /// The files that a process has executed.
    pub fn claim(self: &Arc<Self>, pid: u32) -> Vec<Held> {
        self.read();
        let executed = &mut self.lock().executed;
        let is_mine = |(_, held): &(Instant, Held)| held.pid == pid;
        if !executed.iter().any(is_mine) {
            return Vec::new();
        }
        let (mine, others): (Vec<_>, Vec<_>) = executed.drain(..).partition(is_mine);
        executed.extend(others);
        mine.into_iter().map(|(_, held)| held).collect()
    }

    /// Holds a file that was not seen when it was executed. An error if it cannot be watched.
    pub fn hold(self: &Arc<Self>, file: File, pid: u32) -> Result<Held, File> {
        self.hold_by(&mut self.lock(), file, pid)
    }

    fn hold_by(self: &Arc<Self>, inner: &mut Inner, file: File, pid: u32) -> Result<Held, File> {
        let key = match key(&file) {
            Ok(key) if inner.watch.mark_file(&file) => key,
            _ => return Err(file),
        };
        let closed = Arc::new(AtomicBool::new(false));
        inner
            .holders
            .entry(key)
            .or_default()
            .push(Arc::downgrade(&closed));
        Ok(Held {
            file,
            key,
            pid,
            watched_since: self.clock.now(),
            closed,
            by: Arc::clone(self),
        })
    }
}

impl Inner {
    /// A file was closed after writing.
    fn written(&mut self, file: &File) {
        if self.holders.is_empty() && !self.captures_writes {
            return;
        }
        let Ok(stat) = Stat::of(file) else {
            return;
        };
        let holders = self.holders.get(&(stat.dev, stat.ino));
        holders.into_iter().flatten().for_each(warn);
        if self.captures_writes {
            let file = match self.closed_held < self.closed_max {
                true => file.try_clone().ok(),
                false => None,
            };
            self.closed_held += usize::from(file.is_some());
            self.closed.push(Closed { stat, file });
        }
    }
}

fn warn(holder: &Weak<AtomicBool>) {
    if let Some(closed) = holder.upgrade() {
        closed.store(true, Ordering::Release);
    }
}

fn key(file: &File) -> io::Result<Key> {
    Stat::of(file).map(|stat| (stat.dev, stat.ino))
}

impl Held {
    /// Whether somebody may have written to it since it is watched, up to now.
    pub fn may_have_been_written(&self) -> bool {
        // Whoever has closed it has been seen before this succeeds.
        if !nobody_writes(&self.file) {
            return true;
        }
        self.by.read();
        // What has been read is the collector's to deal with.
        let _ = self.by.nudge.write(1);
        self.closed.load(Ordering::Acquire)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut inner = self.by.lock();
        if let Some(holders) = inner.holders.get_mut(&self.key) {
            holders.retain(|holder| !std::ptr::eq(holder.as_ptr(), Arc::as_ptr(&self.closed)));
            if holders.is_empty() {
                inner.holders.remove(&self.key);
                inner.watch.unmark_file(&self.file);
            }
        }
    }
}

fn closed_max() -> usize {
    let (open, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((1024, 1024));
    usize::try_from(open / CLOSED_PART).map_or(CLOSED_MAX, |part| part.min(CLOSED_MAX))
}

/// Whether nobody has it open for writing: only then is there a lease for reading (fcntl(2)), which is given back at once.
fn nobody_writes(file: &File) -> bool {
    let control = |command, argument: libc::c_int| {
        // SAFETY: a call on a descriptor that is open, with a number.
        unsafe { libc::fcntl(file.as_raw_fd(), command, argument) }
    };
    /// Of asm-generic/fcntl.h.
    const F_SETSIG: libc::c_int = 10;
    // Whoever opens it in between waits until it is given back, and we are sent a signal: one that is ignored.
    let leased = control(F_SETSIG, libc::SIGURG) == 0 && control(libc::F_SETLEASE, libc::F_RDLCK) == 0;
    leased && control(libc::F_SETLEASE, libc::F_UNLCK) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn writers_are_noticed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let read = File::open(file.path()).unwrap();
        assert!(!nobody_writes(&read));
        let path = file.into_temp_path();
        assert!(nobody_writes(&read));
        // As often as one likes, and without being in anybody's way.
        assert!(nobody_writes(&read));
        drop(fs::OpenOptions::new().write(true).open(&path).unwrap());
    }
}
