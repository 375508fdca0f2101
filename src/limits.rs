//! Limits of this process (setrlimit(2)): what tracee needs, and what a message says when one has been reached.

use std::io;
use std::sync::OnceLock;

use nix::libc::rlim_t;
use nix::sys::resource::{getrlimit, setrlimit, Resource, RLIM_INFINITY};

use crate::error::Error;

/// Bytes of stack that tracee asks for. Loading takes some 64 KiB.
const STACK: rlim_t = 512 * 1024;

/// A run of one event on two CPUs takes some 90. With less, libbpf fails in many ways, some of them without a reason.
const FILES: rlim_t = 128;

/// Limits that are raised as far as this process may, or up to what is needed.
const RAISED: [(Resource, rlim_t); 2] = [
    // A ring a CPU, maps, programs, links; files of programs that have gone are kept open until they are copied.
    (Resource::RLIMIT_NOFILE, RLIM_INFINITY),
    (Resource::RLIMIT_STACK, STACK),
];

/// The limits as they were before.
static BEFORE: OnceLock<[Option<(rlim_t, rlim_t)>; RAISED.len()]> = OnceLock::new();

/// Raises limits as far as this process may. An error if the stack is too small even to report a later failure.
pub fn raise() -> Result<(), Error> {
    let before = RAISED.map(|(limit, _)| getrlimit(limit).ok());
    for ((limit, enough), it) in RAISED.into_iter().zip(before) {
        if let Some((soft, hard)) = it.filter(|(soft, _)| *soft < enough) {
            // A limit that stays too low shows in a later error.
            let _ = setrlimit(limit, hard.min(enough).max(soft), hard);
        }
    }
    let _ = BEFORE.set(before);
    match getrlimit(Resource::RLIMIT_STACK) {
        Ok((soft, _)) if soft < STACK => Err(Error::Limit(format!(
            "the limit of the stack is {} KiB (ulimit -s), tracee needs {}",
            soft / 1024,
            STACK / 1024
        ))),
        _ => Ok(()),
    }
}

/// An error unless the limit of open files is what tracing takes at least. What it takes beyond fails with a message of
/// its own.
pub fn enough_files() -> Result<(), Error> {
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, _)) if soft < FILES => Err(Error::Limit(format!(
            "the limit of open files is {soft} (ulimit -n), tracee needs {FILES} and more"
        ))),
        _ => Ok(()),
    }
}

/// Gives limits back to what this process will execute. Calls nothing but what may be called after a fork.
pub fn restore() {
    let Some(before) = BEFORE.get() else {
        return;
    };
    for ((limit, _), it) in RAISED.into_iter().zip(before) {
        if let Some((soft, hard)) = it {
            let _ = setrlimit(limit, *soft, *hard);
        }
    }
}

/// Limits by the error number that is returned when they are reached, in words, and as the option of ulimit.
const REACHED: [(i32, Resource, &str, char); 7] = [
    (nix::libc::EMFILE, Resource::RLIMIT_NOFILE, "open files", 'n'),
    (
        nix::libc::EAGAIN,
        Resource::RLIMIT_NPROC,
        "the user's processes and threads",
        'u',
    ),
    (nix::libc::EAGAIN, Resource::RLIMIT_AS, "bytes of memory", 'v'),
    (nix::libc::ENOMEM, Resource::RLIMIT_AS, "bytes of memory", 'v'),
    (nix::libc::ENOMEM, Resource::RLIMIT_DATA, "bytes of data", 'd'),
    (
        nix::libc::EPERM,
        Resource::RLIMIT_MEMLOCK,
        "bytes of locked memory",
        'l',
    ),
    (nix::libc::EFBIG, Resource::RLIMIT_FSIZE, "bytes of a file", 'f'),
];

/// What to add to a message about such an error: the limits that may have been reached.
pub fn hint(message: &str) -> String {
    let matches = |errno: i32| message.contains(&io::Error::from_raw_os_error(errno).to_string());
    hint_of(|errno| matches(errno) && (errno != nix::libc::EPERM || counts_locked_memory()))
}

/// Whether the kernel counts BPF's memory as locked memory (before 5.11).
fn counts_locked_memory() -> bool {
    crate::privilege::kernel_release().is_some_and(|release| release < (5, 11))
}

fn hint_of(matches: impl Fn(i32) -> bool) -> String {
    let limits: Vec<String> = REACHED
        .iter()
        .filter(|(errno, ..)| matches(*errno))
        .filter_map(|(_, limit, what, option)| {
            let (soft, _) = getrlimit(*limit)
                .ok()
                .filter(|(soft, _)| *soft != RLIM_INFINITY)?;
            Some(format!("{soft} {what} (ulimit -{option})"))
        })
        .collect();
    match limits.is_empty() {
        true => String::new(),
        false => format!("; the limit is {}", limits.join(", or ")),
    }
}

/// What is added to the message when memory has run out.
pub fn out_of_memory() -> String {
    hint_of(|errno| errno == nix::libc::ENOMEM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_named_by_what_they_cause() {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, soft.min(1_000_000), hard).unwrap();
        let message = format!("x: {}", io::Error::from_raw_os_error(nix::libc::EMFILE));
        assert_eq!(
            hint(&message),
            format!("; the limit is {} open files (ulimit -n)", soft.min(1_000_000))
        );
        assert_eq!(hint("x: No such file or directory (os error 2)"), "");
        assert_eq!(
            hint(&format!("x: {}", io::Error::from_raw_os_error(nix::libc::EPERM))),
            ""
        );
    }
}
