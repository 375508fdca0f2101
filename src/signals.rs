//! SIGINT and SIGTERM end a run in order; SIGCHLD tells that the command has ended.

use std::os::fd::{AsFd, BorrowedFd};
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{SigSet, Signal};

use crate::error::Error;
use crate::privilege;

/// A run that was asked to stop and cannot write in this time is ended: nobody reads its output.
const STALLED: Duration = Duration::from_millis(900);

/// What the signal thread and the run share.
#[derive(Clone)]
pub struct Stop {
    shared: Arc<Shared>,
}

struct Shared {
    asked: AtomicBool,
    /// Grows with each event, or flush of the outputs, that has been written.
    progress: AtomicU64,
    /// One is being written.
    writing: AtomicBool,
    wake: EventFd,
}

impl Stop {
    /// Takes over the signals of the whole process. Must be called before any other thread is started.
    pub fn install() -> Result<Stop, Error> {
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
            .map_err(Error::system("eventfd"))?;
        let stop = Stop {
            shared: Arc::new(Shared {
                asked: AtomicBool::new(false),
                progress: AtomicU64::new(0),
                writing: AtomicBool::new(false),
                wake,
            }),
        };
        let signals: SigSet = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGCHLD]
            .into_iter()
            .collect();
        signals.thread_block().map_err(Error::system("sigprocmask"))?;
        let theirs = stop.clone();
        thread::Builder::new()
            .name("signals".into())
            .spawn(move || theirs.wait(&signals))
            .map_err(Error::system("a thread cannot be started"))?;
        Ok(stop)
    }

    /// Whether the user wants the run to end.
    pub fn asked(&self) -> bool {
        self.shared.asked.load(Ordering::Relaxed)
    }

    /// Becomes readable at each signal.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.shared.wake.as_fd()
    }

    /// Makes it unreadable again.
    pub fn clear(&self) {
        // It fails if there was no signal, which is as well.
        let _ = self.shared.wake.read();
    }

    /// Writes something, which takes as long as a reader lets it.
    pub fn writing<T>(&self, write: impl FnOnce() -> T) -> T {
        self.shared.writing.store(true, Ordering::Relaxed);
        let result = write();
        self.shared.progress.fetch_add(1, Ordering::Relaxed);
        self.shared.writing.store(false, Ordering::Relaxed);
        result
    }

    /// The thread: waits for signals for ever.
    fn wait(&self, signals: &SigSet) {
        // Where that fails, what follows fails in the main thread as well, and says so.
        let _ = privilege::drop_all();
        while let Ok(signal) = signals.wait() {
            if signal != Signal::SIGCHLD && !self.shared.asked.swap(true, Ordering::Relaxed) {
                let theirs = self.clone();
                thread::spawn(move || theirs.end_if_stalled());
            }
            let _ = self.shared.wake.write(1);
        }
    }

    /// Ends the process if its output is blocked: a pipe that nobody reads cannot be drained into.
    fn end_if_stalled(&self) {
        // The same twice: a write that had begun has not ended.
        let state = || {
            let writing = self.shared.writing.load(Ordering::Relaxed);
            (writing, self.shared.progress.load(Ordering::Relaxed))
        };
        loop {
            let before = state();
            thread::sleep(STALLED);
            if before.0 && state() == before {
                eprintln!("tracee: stopped before everything was printed: nobody reads the output");
                process::exit(1);
            }
        }
    }
}
