//! fanotify(7): the kernel keeps executed and written files open for us, whatever becomes of their names and processes.
//!
//! Its events come before those of the tracer's own programs that they belong to, and hold a reference to the file. So
//! a program that deletes itself and exits at once is still there when we look. fanotify needs CAP_SYS_ADMIN; without
//! it, files are reached through `/proc` while their processes live.

use std::collections::HashSet;
use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::libc;

use super::process::Process;
use crate::files::{self, Mount, Stat};

/// File systems that a program or another machine serves: opening a file there may wait for ever.
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

pub const OVERLAYFS: u64 = 0x794c_7630;

/// Whether opening or reading a file may block, by its file system. An overlay does not show what is below it: any user
/// can mount one on a FUSE of his own, in namespaces of his own. `covered`: fanotify watches the file system, which it
/// does for none that may block.
pub fn may_block(covered: bool, pid: u32, dev: u64, magic: u64) -> bool {
    SLOW_MAGICS.contains(&magic) || magic == OVERLAYFS && !covered && !is_roots(pid, dev)
}

/// Whether a file system is mounted where only root can mount: in our mount namespace, or in that process's.
fn is_roots(pid: u32, dev: u64) -> bool {
    let mounted = |text: Vec<u8>| files::mounts(&text).any(|mount| mount.dev == dev);
    if fs::read("/proc/self/mountinfo").is_ok_and(mounted) {
        return true;
    }
    let theirs = || -> io::Result<bool> {
        let process = Process::open(pid)?;
        let mut text = Vec::new();
        process.open_file("mountinfo")?.read_to_end(&mut text)?;
        // The owner is checked last: a process cannot leave a user's own namespaces again.
        Ok(mounted(text) && is_roots_by(&process)?)
    };
    pid != 0 && theirs().unwrap_or(false)
}

/// Whether only root of the host can mount in that process's mount namespace.
pub fn is_roots_namespace(pid: u32) -> bool {
    Process::open(pid).is_ok_and(|process| is_roots_by(&process).unwrap_or(false))
}

fn is_roots_by(process: &Process) -> io::Result<bool> {
    /// From linux/nsfs.h.
    const NS_GET_USERNS: libc::Ioctl = 0xb701;
    /// The inode of the initial user namespace: `PROC_USER_INIT_INO` of the kernel.
    const INITIAL: u64 = 0xefff_fffd;
    let namespace = process.open_file("ns/mnt")?;
    // SAFETY: a call on a descriptor that is open, which takes no argument.
    let owner = unsafe { libc::ioctl(namespace.as_raw_fd(), NS_GET_USERNS) };
    if owner < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a new descriptor, which nobody else knows.
    let owner = unsafe { OwnedFd::from_raw_fd(owner) };
    Ok(Stat::of(&owner)?.ino == INITIAL)
}

/// Types of file systems in mountinfo that hold no programs, or may block.
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

/// What fanotify has seen of a file. Several actions of one process may be merged into one event, in any order.
pub struct Seen {
    pub executed: bool,
    /// Whether it was closed by a process that could write to it.
    pub written: bool,
    /// Pid as our pid namespace counts.
    pub pid: u32,
    pub file: File,
}

/// A group of fanotify(7).
pub struct Watch {
    group: File,
    mask: u64,
    /// Watched file systems, as `st_dev`.
    marked: HashSet<u64>,
    mounts: File,
    own_pid: u32,
    /// Whether the kernel dropped events.
    pub overflowed: bool,
}

impl Watch {
    /// Watches all file systems that are mounted in our mount namespace.
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

    /// Has urgent data (EPOLLPRI) when a mount comes or goes.
    pub fn mounts_fd(&self) -> BorrowedFd<'_> {
        self.mounts.as_fd()
    }

    pub fn covers(&self, dev: u64) -> bool {
        self.marked.contains(&dev)
    }

    /// Watches file systems that have been mounted since.
    pub fn mark_mounts(&mut self) {
        let Ok(text) = fs::read("/proc/self/mountinfo") else {
            return;
        };
        for mount in files::mounts(&text).filter(is_watched) {
            if !self.covers(mount.dev) {
                self.mark(Path::new(std::ffi::OsStr::from_bytes(&mount.point)), mount.dev);
            }
        }
    }

    /// Watches the file system that a path leads to, if it is this one.
    pub fn mark(&mut self, path: &Path, dev: u64) {
        let open = fs::OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_PATH | libc::O_CLOEXEC)
            .open(path);
        let Ok(at) = open else {
            return;
        };
        if Stat::of(&at).map(|stat| stat.dev).ok() != Some(dev) {
            return;
        }
        if self.change(libc::FAN_MARK_ADD | libc::FAN_MARK_FILESYSTEM, self.mask, &at) {
            self.marked.insert(dev);
        }
    }

    /// Watches one file for being closed after writing; returns `false` if that fails.
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

    /// Some of the events since the last call, in order; empty if there are no more. Each holds its file open.
    pub fn read(&mut self) -> Vec<Seen> {
        const EVENT: usize = size_of::<libc::fanotify_event_metadata>();
        let mut buffer = [0; 64 * EVENT];
        let mut all = Vec::new();
        while all.is_empty() {
            let len = match (&self.group).read(&mut buffer) {
                Ok(0) => break,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // No descriptor was free for the file of an event, so the event is lost.
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
                // SAFETY: the kernel has just opened it for us.
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

/// Whether a mount's file system is worth watching.
fn is_watched(mount: &Mount) -> bool {
    !UNWATCHED.contains(&mount.kind.as_str()) && !mount.kind.starts_with("fuse")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_worth_watching() {
        for (kind, watched) in [
            ("ext4", true),
            ("overlay", true),
            ("proc", false),
            ("fuse.sshfs", false),
        ] {
            let line = format!("25 1 0:3 / /x rw - {kind} x rw");
            assert_eq!(
                is_watched(&Mount::parse(line.as_bytes()).unwrap()),
                watched,
                "{kind}"
            );
        }
    }

    #[test]
    fn where_root_mounts() {
        let pid = std::process::id();
        assert!(is_roots_namespace(pid));
        let root = Stat::of_link(Path::new("/proc/self/root")).unwrap();
        let (blocks, fuse) = (|dev| may_block(false, pid, dev, OVERLAYFS), SLOW_MAGICS[0]);
        assert!(!blocks(root.dev) && blocks(libc::makedev(0, 0xf_ffff)));
        assert!(may_block(true, pid, root.dev, fuse));
    }
}
