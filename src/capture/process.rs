//! A process that is held by its folder in /proc, so that it stays the same whatever becomes of its pid.

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

    /// The file that it runs, by O_PATH.
    pub fn program(&self) -> io::Result<File> {
        let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
        Ok(openat(&self.0, "exe", flags, Mode::empty())?.into())
    }

    /// The root of its paths, by O_PATH: its file system need not answer.
    pub fn root(&self) -> io::Result<OwnedFd> {
        let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
        Ok(openat(&self.0, "root", flags, Mode::empty())?)
    }

    /// Opens a file of the kernel's in this folder.
    pub fn open_file(&self, name: &str) -> io::Result<File> {
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        Ok(openat(&self.0, name, flags, Mode::empty())?.into())
    }

    pub fn runs(&self, file: &File) -> bool {
        let key = |file: &File| Stat::of(file).map(|stat| (stat.dev, stat.ino));
        matches!((self.program().and_then(|at| key(&at)), key(file)), (Ok(at), Ok(key)) if at == key)
    }
}
