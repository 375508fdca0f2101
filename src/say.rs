//! What tracee says on standard error, in whole lines. A reader that does not read cannot hold a run that shall end.

use std::fmt::Arguments;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use nix::libc;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};

/// Prints a line that begins with `tracee: `.
#[macro_export]
macro_rules! say {
    ($($words:tt)*) => {
        $crate::say::line(format_args!($($words)*))
    };
}

/// A run that shall end waits so long for a reader of standard error.
const PATIENCE: Duration = Duration::from_millis(300);

/// The run shall end.
static ENDING: AtomicBool = AtomicBool::new(false);
/// Nobody reads: nothing more is waited for.
static DEAF: AtomicBool = AtomicBool::new(false);

/// From now on nobody is waited for any more.
pub fn ending() {
    ENDING.store(true, Relaxed);
}

/// As the macro.
pub fn line(words: Arguments<'_>) {
    let line = format!("tracee: {words}\n");
    let stderr = io::stderr();
    let fd = stderr.as_fd();
    if can_write(fd) {
        // In one go, so that lines of several threads stay whole. There is nobody to tell of a failure.
        // SAFETY: as many bytes as said, which live until the call returns.
        let _ = unsafe { libc::write(fd.as_raw_fd(), line.as_ptr().cast(), line.len()) };
    }
}

/// Waits until somebody reads what has been said, or until the run shall end.
fn can_write(fd: BorrowedFd<'_>) -> bool {
    if DEAF.load(Relaxed) {
        return false;
    }
    let mut since = None;
    loop {
        let mut fds = [PollFd::new(fd, PollFlags::POLLOUT)];
        let timeout = PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::ZERO);
        // What cannot be polled can be written to.
        if poll(&mut fds, timeout) != Ok(0) {
            return true;
        }
        if ENDING.load(Relaxed) && since.get_or_insert_with(Instant::now).elapsed() >= PATIENCE {
            DEAF.store(true, Relaxed);
            return false;
        }
    }
}
