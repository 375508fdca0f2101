//! Names of flags and enums, as pure tables, one file for each group of families; and how a value is put into words.
//!
//! Everything here appends to a string that the caller keeps, and allocates nothing itself.

pub mod bpf;
pub mod errno;
pub mod event;
pub mod file;
pub mod io_uring;
mod ioctl;
pub mod ipc;
pub mod memory;
pub mod mount;
pub mod prctl;
pub mod process;
pub mod request;
mod rules;
pub mod security;
pub mod signal;
pub mod socket;
pub mod sockopt;
pub mod system;
pub mod table;
#[cfg(test)]
mod tests;
pub mod time;
pub mod tty;

pub use self::rules::{push_dev, push_mode, push_wait_status};
pub use self::signal::{push_signal, push_sigset};

/// 2 for `ENOENT`.
pub fn errno(name: &str) -> Option<u32> {
    errno::ERRNO
        .value(name)
        .and_then(|number| u32::try_from(number).ok())
}

/// `ENOENT` for 2, as errno(3) numbers them.
pub fn errno_name(errno: i32) -> Option<&'static str> {
    errno::ERRNO.name(u64::try_from(errno).ok()?)
}
