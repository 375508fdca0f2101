//! A process that is met again: whatever becomes of its pid, it is the same one.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;

use nix::fcntl::{openat, OFlag};
use nix::libc;
use nix::sys::stat::Mode;

use crate::files::Stat;

/// A process, by its folder in /proc: no other can take its place.
pub struct Process(File);

impl Process {
    /// `pid`: as our own pid namespace counts.
    pub fn open(pid: u32) -> io::Result<Process> {
        fs::OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC)
            .open(format!("/proc/{pid}"))
            .map(Process)
    }

    /// What it runs, by O_PATH.
    pub fn program(&self) -> io::Result<File> {
        let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
        Ok(openat(&self.0, "exe", flags, Mode::empty())?.into())
    }

    /// Where its paths begin, by O_PATH: its file system need not answer.
    pub fn root(&self) -> io::Result<OwnedFd> {
        let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
        Ok(openat(&self.0, "root", flags, Mode::empty())?)
    }

    /// Of what the kernel itself tells of it there.
    pub fn open_file(&self, name: &str) -> io::Result<File> {
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        Ok(openat(&self.0, name, flags, Mode::empty())?.into())
    }

    pub fn runs(&self, file: &File) -> bool {
        let key = |file: &File| Stat::of(file).map(|stat| (stat.dev, stat.ino));
        matches!((self.program().and_then(|at| key(&at)), key(file)), (Ok(at), Ok(key)) if at == key)
    }
}
