//! fanotify(7): the kernel keeps executed and written files open for us, whatever becomes of their names and processes.
//!
//! Its events come before those of the tracer's own programs that they belong to, and hold a reference to the file. So a
//! program that deletes itself and exits at once is still there when we look. It takes CAP_SYS_ADMIN; where that is
//! missing, files are reached through `/proc` while their processes live.

use std::collections::HashSet;
use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::libc;

/// File systems that belong to a program, or to another machine: whoever opens a file there may wait for ever.
const SLOW_MAGICS: [u64; 8] = [
    0x6573_5546, // FUSE
    0x6969,      // NFS
    0xff53_4d42, // CIFS
    0xfe53_4d42, // SMB 2
    0x0102_1997, // 9P
    0x00c3_6400, // Ceph
    0x6b41_4653, // AFS
    0x0187,      // autofs
];

/// Whether opening a file of such a file system may block.
pub fn is_slow(magic: u64) -> bool {
    SLOW_MAGICS.contains(&magic)
}

/// File systems of mountinfo that hold no programs, or may block.
const UNWATCHED: [&str; 26] = [
    "proc",
    "sysfs",
    "cgroup",
    "cgroup2",
    "devpts",
    "mqueue",
    "tracefs",
    "debugfs",
    "securityfs",
    "pstore",
    "bpf",
    "configfs",
    "fusectl",
    "binfmt_misc",
    "nsfs",
    "rpc_pipefs",
    "efivarfs",
    "selinuxfs",
    "autofs",
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "9p",
    "ceph",
    "afs",
];

/// What was seen of a file. What one process does to it may be one event, whatever came first.
pub struct Seen {
    pub executed: bool,
    /// It was closed by somebody who could write to it.
    pub written: bool,
    /// As our pid namespace counts.
    pub pid: u32,
    pub file: File,
}

/// A group of fanotify(7).
pub struct Watch {
    group: File,
    mask: u64,
    /// Of file systems, as `st_dev`.
    marked: HashSet<u64>,
    mounts: File,
    own_pid: u32,
    /// The kernel dropped events.
    pub overflowed: bool,
}

impl Watch {
    /// Watches all file systems that are mounted where we are.
    pub fn new(executed: bool, written: bool) -> io::Result<Watch> {
        let flags =
            libc::FAN_CLASS_NOTIF | libc::FAN_CLOEXEC | libc::FAN_NONBLOCK | libc::FAN_UNLIMITED_MARKS;
        let event_flags = libc::O_RDONLY | libc::O_LARGEFILE | libc::O_CLOEXEC | libc::O_NOATIME;
        // SAFETY: a call that takes numbers only.
        let fd = unsafe { libc::fanotify_init(flags, event_flags as u32) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a new descriptor, which nobody else knows.
        let group = File::from(unsafe { OwnedFd::from_raw_fd(fd) });
        let mut mask = 0;
        if executed {
            mask |= libc::FAN_OPEN_EXEC;
        }
        if written {
            mask |= libc::FAN_CLOSE_WRITE;
        }
        let mut watch = Watch {
            group,
            mask,
            marked: HashSet::new(),
            mounts: File::open("/proc/self/mountinfo")?,
            own_pid: std::process::id(),
            overflowed: false,
        };
        watch.mark_mounts();
        if watch.marked.is_empty() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok(watch)
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.group.as_fd()
    }

    /// Becomes urgent when a mount comes or goes.
    pub fn mounts_fd(&self) -> BorrowedFd<'_> {
        self.mounts.as_fd()
    }

    pub fn covers(&self, dev: u64) -> bool {
        self.marked.contains(&dev)
    }

    /// Takes in file systems that have been mounted since.
    pub fn mark_mounts(&mut self) {
        let Ok(text) = fs::read("/proc/self/mountinfo") else {
            return;
        };
        for line in text.split(|byte| *byte == b'\n') {
            if let Some((dev, path)) = mount(line) {
                if !self.covers(dev) {
                    self.mark(Path::new(std::ffi::OsStr::from_bytes(&path)), dev);
                }
            }
        }
    }

    /// Watches the file system that a path leads to, if that is this one.
    pub fn mark(&mut self, path: &Path, dev: u64) {
        let open = fs::OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_PATH | libc::O_CLOEXEC)
            .open(path);
        let Ok(at) = open else {
            return;
        };
        if at.metadata().map(|stat| stat.dev()).ok() != Some(dev) {
            return;
        }
        if self.change(libc::FAN_MARK_ADD | libc::FAN_MARK_FILESYSTEM, self.mask, &at) {
            self.marked.insert(dev);
        }
    }

    /// Watches one file for being closed after writing; `false` if that cannot be done.
    pub fn mark_file(&self, file: &File) -> bool {
        self.change(libc::FAN_MARK_ADD, libc::FAN_CLOSE_WRITE, file)
    }

    pub fn unmark_file(&self, file: &File) {
        self.change(libc::FAN_MARK_REMOVE, libc::FAN_CLOSE_WRITE, file);
    }

    fn change(&self, flags: u32, mask: u64, file: &File) -> bool {
        let Ok(link) = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd())) else {
            return false;
        };
        // SAFETY: a group that is open, and a path with its NUL.
        let done = unsafe {
            libc::fanotify_mark(self.group.as_raw_fd(), flags, mask, libc::AT_FDCWD, link.as_ptr())
        };
        done == 0
    }

    /// Some of what has been seen since the last call, in order; nothing, if that was all. Each holds its file open.
    pub fn read(&mut self) -> Vec<Seen> {
        const EVENT: usize = size_of::<libc::fanotify_event_metadata>();
        let mut buffer = [0; 64 * EVENT];
        let mut all = Vec::new();
        while all.is_empty() {
            let len = match (&self.group).read(&mut buffer) {
                Ok(0) => break,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // No descriptor was free for the file of an event, which is gone.
                Err(_) => {
                    self.overflowed = true;
                    break;
                }
                Ok(len) => len,
            };
            for event in buffer[..len].chunks_exact(EVENT) {
                // SAFETY: as many bytes as the structure has, of which every bit pattern is a value.
                let event: libc::fanotify_event_metadata =
                    unsafe { std::ptr::read_unaligned(event.as_ptr().cast()) };
                self.overflowed |= event.mask & libc::FAN_Q_OVERFLOW != 0;
                if event.fd < 0 {
                    continue;
                }
                // SAFETY: the kernel has opened it for us just now.
                let file = File::from(unsafe { OwnedFd::from_raw_fd(event.fd) });
                let pid = event.pid.unsigned_abs();
                if pid == self.own_pid {
                    continue;
                }
                all.push(Seen {
                    executed: event.mask & libc::FAN_OPEN_EXEC != 0,
                    written: event.mask & libc::FAN_CLOSE_WRITE != 0,
                    pid,
                    file,
                });
            }
        }
        all
    }
}

/// Device and mount point of a line of mountinfo (proc(5)), if its file system is worth watching.
pub fn mount(line: &[u8]) -> Option<(u64, Vec<u8>)> {
    let mut words = line.split(|byte| *byte == b' ');
    let dev = std::str::from_utf8(words.nth(2)?).ok()?;
    let (major, minor) = dev.split_once(':')?;
    let dev = libc::makedev(major.parse().ok()?, minor.parse().ok()?);
    let path = unescape(words.nth(1)?);
    let kind = words.skip_while(|word| *word != b"-").nth(1)?;
    let kind = std::str::from_utf8(kind).ok()?;
    let watched = !UNWATCHED.contains(&kind) && !kind.starts_with("fuse");
    watched.then_some((dev, path))
}

/// Spaces and the like are `\040` there.
fn unescape(word: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(word.len());
    let mut at = 0;
    while at < word.len() {
        let octal = word.get(at + 1..at + 4).filter(|_| word[at] == b'\\');
        match octal.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                at += 4;
            }
            None => {
                bytes.push(word[at]);
                at += 1;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts() {
        let line = b"25 1 254:3 / /mnt/a\\040b rw,relatime shared:1 - ext4 /dev/vda rw";
        assert_eq!(mount(line), Some((libc::makedev(254, 3), b"/mnt/a b".to_vec())));
        assert_eq!(mount(b"25 1 0:3 / /proc rw - proc proc rw"), None);
        assert_eq!(mount(b"25 1 0:3 / /x rw - fuse.sshfs x rw"), None);
        assert_eq!(mount(b"25 1"), None);
    }
}
