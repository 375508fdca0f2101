//! What tracee says on standard error, in whole lines. A reader that does not read cannot delay the end of a run.
//!
//! All messages go through here, so that no word that comes from a user or a file reaches a terminal as a control
//! sequence.

use std::collections::BTreeMap;
use std::fmt::Arguments;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};

use crate::{escape, json};

/// Prints a line that begins with `tracee: `.
#[macro_export]
macro_rules! say {
    ($($words:tt)*) => {
        $crate::say::line(format_args!($($words)*))
    };
}

/// How long a run that is asked to end waits for a reader of standard error.
const PATIENCE: Duration = Duration::from_millis(300);

/// Set when the run is asked to end.
static ENDING: AtomicBool = AtomicBool::new(false);
/// Set when nobody reads: from then on messages are dropped.
static DEAF: AtomicBool = AtomicBool::new(false);

/// Set when JSON goes to standard error: messages are JSON there, too.
static AS_JSON: AtomicBool = AtomicBool::new(false);

/// Called when JSON goes to standard error: from now on a message is an object, `{"message":"…"}`.
pub fn as_json() {
    AS_JSON.store(true, Relaxed);
}

/// Called when the run is asked to end: from now on a message waits for a reader at most `PATIENCE`.
pub fn ending() {
    ENDING.store(true, Relaxed);
}

/// Whether the run is asked to end.
pub fn is_ending() -> bool {
    ENDING.load(Relaxed)
}

/// Prints a line, as the macro does.
pub fn line(words: Arguments<'_>) {
    put(io::stderr().as_fd(), &message("tracee: ", &words.to_string()));
}

/// Prints the lines of libbpf's log.
pub fn log(text: &str) {
    let log: Vec<u8> = text.lines().flat_map(|line| message("", line)).collect();
    put(io::stderr().as_fd(), &log);
}

/// A message as a line: words behind a prefix, or JSON.
fn message(prefix: &str, words: &str) -> Vec<u8> {
    let mut line = Vec::with_capacity(prefix.len() + words.len() + 1);
    if AS_JSON.load(Relaxed) {
        // A text is always JSON.
        let _ = json::write(&mut line, &BTreeMap::from([("message", words)]));
    } else {
        let mut text = String::from(prefix);
        escape::push_message(&mut text, words);
        line.extend_from_slice(text.as_bytes());
    }
    line.push(b'\n');
    line
}

/// Writes to the descriptor. A failure has no place to be reported.
fn put(fd: BorrowedFd<'_>, mut rest: &[u8]) {
    static WHOLE: Mutex<()> = Mutex::new(());
    // Lines of several threads stay whole, unless one of them waits for too long.
    let since = Instant::now();
    let mut whole = WHOLE.try_lock();
    while whole.is_err() && since.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(1));
        whole = WHOLE.try_lock();
    }
    while !rest.is_empty() && can_write(fd) {
        // A pipe that can be written to takes as much at once; a longer write would wait for the reader.
        let part = &rest[..rest.len().min(libc::PIPE_BUF)];
        // SAFETY: as many bytes as said, which live until the call returns.
        let written = unsafe { libc::write(fd.as_raw_fd(), part.as_ptr().cast(), part.len()) };
        match usize::try_from(written) {
            Ok(written) => rest = rest.get(written.max(1)..).unwrap_or_default(),
            Err(_) if matches!(Errno::last(), Errno::EINTR | Errno::EAGAIN) => {}
            Err(_) => return,
        }
    }
}

/// Waits until the descriptor can be written to, or until the run is asked to end.
fn can_write(fd: BorrowedFd<'_>) -> bool {
    if DEAF.load(Relaxed) {
        return false;
    }
    let mut since = None;
    loop {
        let mut fds = [PollFd::new(fd, PollFlags::POLLOUT)];
        let timeout = PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::ZERO);
        // A descriptor that cannot be polled can be written to.
        if poll(&mut fds, timeout) != Ok(0) {
            return true;
        }
        if ENDING.load(Relaxed) && since.get_or_insert_with(Instant::now).elapsed() >= PATIENCE {
            DEAF.store(true, Relaxed);
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::{Read, Write};
    use std::sync::mpsc::channel;

    /// Longer than what a pipe takes when it can be written to: whole, if somebody reads; dropped, if nobody does.
    #[test]
    fn a_long_line_waits_for_nobody_in_the_end() {
        const PAGE: usize = 4096;
        let said = vec![b'a'; 3 * PAGE + 1];
        let begin = |pages| {
            let (read, write) = nix::unistd::pipe().unwrap();
            let (read, mut write) = (File::from(read), File::from(write));
            // SAFETY: a call on a descriptor that is open, with a number.
            let size = unsafe { libc::fcntl(write.as_raw_fd(), libc::F_SETPIPE_SZ, 16 * PAGE) };
            for _ in 0..size as usize / PAGE - pages {
                write.write_all(&[b'x'; PAGE]).unwrap();
            }
            let (done, ended) = channel();
            let said = said.clone();
            thread::spawn(move || {
                put(write.as_fd(), &said);
                let _ = done.send(());
            });
            (read, ended)
        };
        let (mut read, ended) = begin(1);
        let mut all = Vec::new();
        read.read_to_end(&mut all).unwrap();
        assert!(all.ends_with(&said) && all.len() == 15 * PAGE + said.len());
        ended.recv_timeout(10 * PATIENCE).unwrap();
        let (_read, ended) = begin(1);
        ending();
        ended.recv_timeout(10 * PATIENCE).unwrap();
    }
}
