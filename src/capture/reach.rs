//! Files by what the kernel side has reported of them: nothing is opened for reading that has not been compared, since
//! opening another file may wait for ever.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;

use nix::libc;

use super::record::Identity;
use super::watch::OVERLAYFS;
use crate::files::Stat;

/// Whether an open file is the one that the kernel side reported.
pub fn is_the(file: &File, identity: &Identity) -> bool {
    Stat::of(file).is_ok_and(|stat| is_of(&stat, identity))
}

/// Whether these are the attributes of the file that the kernel side reported.
pub fn is_of(stat: &Stat, identity: &Identity) -> bool {
    stat.ino == identity.inode
        && (stat.dev == identity.dev || has_own_device(identity.magic) && stat.ctime == identity.ctime)
}

/// Whether the `st_dev` of files of such a file system is not their superblock's: overlayfs, btrfs.
pub fn has_own_device(magic: u64) -> bool {
    matches!(magic, OVERLAYFS | 0x9123_683e)
}

/// Opens a regular file by a link of `/proc`, if it is this one.
pub fn open_regular(path: &str, dev: u64, inode: u64) -> io::Result<File> {
    let at = fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_PATH | libc::O_CLOEXEC)
        .open(path)?;
    reopen_same(&at, dev, inode)
}

/// Opens for reading a file that is open by O_PATH, if it is this regular file.
pub fn reopen_same(at: &File, dev: u64, inode: u64) -> io::Result<File> {
    match same(at, dev, inode) {
        true => reopen(at),
        false => Err(io::ErrorKind::NotFound.into()),
    }
}

pub fn reopen(at: &File) -> io::Result<File> {
    let file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC | libc::O_NOCTTY)
        .open(format!("/proc/self/fd/{}", at.as_raw_fd()))?;
    Ok(file)
}

/// Compares by what the kernel has at hand, without asking the file system, which may never answer.
pub fn same(at: &File, dev: u64, inode: u64) -> bool {
    Stat::of(at).is_ok_and(|stat| stat.is_regular() && (stat.dev, stat.ino) == (dev, inode))
}
