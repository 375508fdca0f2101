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

/// Executed files that nobody has claimed are released after this time: they keep file systems from being unmounted.
const UNCLAIMED: Duration = Duration::from_secs(2);
/// At most so many are kept.
const UNCLAIMED_MAX: usize = 1024;
/// At most so many closed files are held open, if this process may have as many; the size of the kernel's queue.
const CLOSED_MAX: usize = 16384;
/// Closed files take at most one part in so many of the files that this process may have open.
const CLOSED_PART: u64 = 4;

/// An executed file, held open; fanotify reports when somebody who could write to it closes it.
pub struct Held {
    pub file: File,
    key: Key,
    /// Pid as our pid namespace counts.
    pid: u32,
    /// Since when it has been watched: ns since boot, as the kernel side counts.
    pub watched_since: u64,
    closed: Arc<AtomicBool>,
    by: Arc<Sightings>,
}

/// A file that somebody has closed after writing.
pub struct Closed {
    /// Its attributes then, or a moment later.
    pub stat: Stat,
    /// `None` if too many are held.
    pub file: Option<File>,
}

/// Device and inode.
type Key = (u64, u64);

/// Shared by both threads.
pub struct Sightings {
    inner: Mutex<Inner>,
    clock: Clock,
    /// Wakes the collector for what the keeper has seen.
    nudge: EventFd,
}

struct Inner {
    watch: Watch,
    last_read: Instant,
    /// Executed files that the tracer's own programs have not reported yet.
    executed: VecDeque<(Instant, Held)>,
    /// Files closed after writing, if that is captured.
    closed: Vec<Closed>,
    /// How many are held open, here and by those who have taken them.
    closed_held: usize,
    closed_max: usize,
    captures_writes: bool,
    /// Flags to set when a file was closed after writing.
    holders: HashMap<Key, Vec<Weak<AtomicBool>>>,
}

impl Sightings {
    /// `None`, with a warning, if fanotify is unavailable; without a warning, if no files are captured.
    pub fn new(settings: &Settings, clock: Clock) -> io::Result<Option<Arc<Sightings>>> {
        if !settings.exec && !settings.write {
            return Ok(None);
        }
        let watch = match Watch::new(settings.exec, settings.write) {
            Ok(watch) => watch,
            Err(error) => {
                say!(
                    "warning: files cannot be held by fanotify ({error}): files that are gone or changed before \
                     they are reached through /proc are not captured, and marked"
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

    /// Watches file systems that have been mounted since.
    pub fn mark_mounts(&self) {
        self.lock().watch.mark_mounts();
    }

    pub fn covers(&self, dev: u64) -> bool {
        self.lock().watch.covers(dev)
    }

    /// Watches the file system of a path, if it is this one.
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

    /// Reads all events; returns the files that were closed after writing.
    pub fn look(self: &Arc<Self>) -> Vec<Closed> {
        let _ = self.nudge.read();
        self.read();
        std::mem::take(&mut self.lock().closed)
    }

    /// One of the closed files that were returned is no longer held.
    pub fn let_go(&self) {
        self.lock().closed_held -= 1;
    }

    /// Reads events, if that was not done for this time.
    pub fn read_after(self: &Arc<Self>, time: Duration) {
        let last = self.lock().last_read;
        if last.elapsed() >= time {
            self.read();
        }
    }

    /// Empties the kernel's queue, which is short.
    fn read(self: &Arc<Self>) {
        /// The limit of reads: others may execute and write as fast as we read.
        const READS: usize = 256;
        let now = Instant::now();
        // Dropped after the lock is released, since dropping takes it.
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
            // It may have been any file.
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

    /// Takes the files that a process has executed.
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
    /// Whether somebody may have written to it since it has been watched.
    pub fn may_have_been_written(&self) -> bool {
        // A writer that has closed it is seen before this succeeds.
        if !nobody_writes(&self.file) {
            return true;
        }
        self.by.read();
        // The collector handles what has been read.
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

/// Whether nobody has it open for writing: only then does the kernel grant a lease for reading (fcntl(2)), which is
/// released at once.
fn nobody_writes(file: &File) -> bool {
    let control = |command, argument: libc::c_int| {
        // SAFETY: a call on a descriptor that is open, with a number.
        unsafe { libc::fcntl(file.as_raw_fd(), command, argument) }
    };
    /// From asm-generic/fcntl.h.
    const F_SETSIG: libc::c_int = 10;
    // A process that opens it in between waits until the lease is released, and the kernel sends us a signal, which is
    // ignored.
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
        // It can be asked any number of times, and leaves no lease behind.
        assert!(nobody_writes(&read));
        drop(fs::OpenOptions::new().write(true).open(&path).unwrap());
    }
}
