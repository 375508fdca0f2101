//! Looking at others' files without waiting for the program that serves them. Any user can mount a file system that is
//! a program of his (FUSE) and never answers, also below an overlay that hides it; a process that asks such a file
//! system waits, and cannot even be killed.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::libc;

/// What the kernel knows of a file without asking its file system.
#[derive(Debug, Clone, Copy)]
pub struct Stat {
    /// Device, as `st_dev`.
    pub dev: u64,
    /// Number on its device.
    pub ino: u64,
    /// Type and permissions.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Number of its names.
    pub nlink: u64,
    /// Size in bytes.
    pub size: u64,
    /// ns since the epoch
    pub mtime: u64,
    /// ns since the epoch
    pub ctime: u64,
    /// Id of the file's mount, as in mountinfo (proc(5)).
    mount: u64,
}

impl Stat {
    /// Attributes of an open file.
    pub fn of(file: impl AsFd) -> io::Result<Stat> {
        Stat::at(file.as_fd(), c"", libc::AT_EMPTY_PATH)
    }

    /// The file that a link of `/proc` leads to.
    pub fn of_link(path: &Path) -> io::Result<Stat> {
        let path = std::ffi::CString::new(path.as_os_str().as_bytes())?;
        // SAFETY: a number that stands for no descriptor.
        Stat::at(unsafe { BorrowedFd::borrow_raw(libc::AT_FDCWD) }, &path, 0)
    }

    fn at(at: BorrowedFd<'_>, path: &std::ffi::CStr, flags: i32) -> io::Result<Stat> {
        // SAFETY: made of integers only.
        let mut stat: libc::statx = unsafe { std::mem::zeroed() };
        // Not libc's statx(): the standard library refers to that weakly, and where the linker sees all of the program at
        // once, nothing would take it into a static one.
        // SAFETY: a descriptor that is open, a path with its NUL, and room for the answer.
        let done = unsafe {
            libc::syscall(
                libc::SYS_statx,
                at.as_raw_fd(),
                path.as_ptr(),
                flags | libc::AT_STATX_DONT_SYNC,
                libc::STATX_BASIC_STATS | libc::STATX_MNT_ID,
                &raw mut stat,
            )
        };
        if done != 0 {
            return Err(io::Error::last_os_error());
        }
        let ns = |time: libc::statx_timestamp| {
            time.tv_sec.unsigned_abs() * 1_000_000_000 + u64::from(time.tv_nsec)
        };
        Ok(Stat {
            dev: libc::makedev(stat.stx_dev_major, stat.stx_dev_minor),
            ino: stat.stx_ino,
            mode: u32::from(stat.stx_mode),
            uid: stat.stx_uid,
            nlink: u64::from(stat.stx_nlink),
            size: stat.stx_size,
            mtime: ns(stat.stx_mtime),
            ctime: ns(stat.stx_ctime),
            mount: stat.stx_mnt_id,
        })
    }

    /// The device as the kernel has it (`s_dev`).
    pub fn kernel_dev(&self) -> u32 {
        libc::major(self.dev) << 20 | libc::minor(self.dev)
    }

    /// Whether it is a file with bytes.
    pub fn is_regular(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFREG
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFDIR
    }

    /// Whether it is a socket.
    pub fn is_socket(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFSOCK
    }
}

/// A line of mountinfo (proc(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    id: u64,
    /// Device of its file system, as `st_dev`.
    pub dev: u64,
    /// The folder of the file system that is mounted.
    root: Vec<u8>,
    /// Where it is mounted.
    pub point: Vec<u8>,
    options: String,
    /// Name of its file system.
    pub kind: String,
    /// Options of the file system.
    settings: String,
}

/// File systems whose files another machine serves, or that are mounted when somebody looks.
const OTHERS: [&str; 8] = ["nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "afs", "autofs"];

impl Mount {
    /// From a line of mountinfo(5).
    pub fn parse(line: &[u8]) -> Option<Mount> {
        let mut words = line.split(|byte| *byte == b' ');
        let text = |word: Option<&[u8]>| std::str::from_utf8(word?).ok().map(str::to_owned);
        let id = text(words.next())?.parse().ok()?;
        let dev = text(words.nth(1))?;
        let (major, minor) = dev.split_once(':')?;
        let dev = libc::makedev(major.parse().ok()?, minor.parse().ok()?);
        let (root, point) = (unescape(words.next()?), unescape(words.next()?));
        let options = text(words.next())?;
        let mut rest = words.skip_while(|word| *word != b"-").skip(1);
        let kind = text(rest.next())?;
        let settings = String::from_utf8_lossy(rest.nth(1).unwrap_or_default()).into_owned();
        Some(Mount {
            id,
            dev,
            root,
            point,
            options,
            kind,
            settings,
        })
    }

    /// The mount, in our mount namespace, that a file lies on.
    pub fn of(file: impl AsFd) -> io::Result<Mount> {
        let wanted = Stat::of(file)?.mount;
        mounts(&fs::read("/proc/self/mountinfo")?)
            .find(|mount| mount.id == wanted)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Whether a program, which may be anybody's, serves its files.
    pub fn is_fuse(&self) -> bool {
        self.kind == "fuse" || self.kind == "fuseblk" || self.kind.starts_with("fuse.")
    }

    /// Whether a program or another machine serves its files, so that looking at one may take for ever.
    pub fn is_others(&self) -> bool {
        self.is_fuse() || OTHERS.contains(&self.kind.as_str())
    }

    /// Whether it is the hierarchy of cgroups with these controllers (`cpu,cpuacct`); an empty text: the one of version
    /// 2.
    pub fn has_controllers(&self, controllers: &str) -> bool {
        match controllers {
            "" => self.kind == "cgroup2",
            _ => {
                let has = |name: &str| self.settings.split(',').any(|setting| setting == name);
                self.kind == "cgroup" && controllers.split(',').all(has)
            }
        }
    }

    /// Where a path of its file system is found.
    pub fn path_of(&self, path: &Path) -> Option<PathBuf> {
        let inside = path.strip_prefix(OsStr::from_bytes(&self.root)).ok()?;
        Some(Path::new(OsStr::from_bytes(&self.point)).join(inside))
    }

    /// Whether its files grant no privilege by set-user-ID or capabilities: it may be a medium that a user has brought.
    pub fn is_nosuid(&self) -> bool {
        self.options.split(',').any(|option| option == "nosuid")
    }
}

/// The mounts of a file of mountinfo.
pub fn mounts(text: &[u8]) -> impl Iterator<Item = Mount> + '_ {
    text.split(|byte| *byte == b'\n').filter_map(Mount::parse)
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

/// Keeps other tracees out for as long as the file is open.
pub fn lock(file: &fs::File) -> io::Result<()> {
    // SAFETY: a call on a descriptor that is open.
    match unsafe { libc::flock(file.as_fd().as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn what_stat_says() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let truth = file.as_file().metadata().unwrap();
        let by_link = format!("/proc/self/fd/{}", file.as_file().as_raw_fd());
        for stat in [Stat::of(file.as_file()), Stat::of_link(Path::new(&by_link))] {
            let stat = stat.unwrap();
            assert_eq!((stat.dev, stat.ino, stat.nlink), (truth.dev(), truth.ino(), 1));
            assert_eq!(
                (stat.mode, stat.uid, stat.size),
                (truth.mode(), truth.uid(), truth.len())
            );
            let ns = |secs: i64, ns: i64| (secs * 1_000_000_000 + ns) as u64;
            assert_eq!(stat.mtime, ns(truth.mtime(), truth.mtime_nsec()));
            assert_eq!(stat.ctime, ns(truth.ctime(), truth.ctime_nsec()));
            assert!(stat.is_regular() && !stat.is_socket());
        }
    }

    #[test]
    fn lines_of_mountinfo() {
        let line = b"25 1 254:3 / /mnt/a\\040b rw,relatime shared:1 - ext4 /dev/vda rw";
        let mount = Mount::parse(line).unwrap();
        assert_eq!(mount.dev, libc::makedev(254, 3));
        assert_eq!((mount.id, mount.point.as_slice()), (25, &b"/mnt/a b"[..]));
        assert!(mount.kind == "ext4" && !mount.is_others() && !mount.is_nosuid());
        for (kind, others) in [
            ("fuse", true),
            ("fuse.sshfs", true),
            ("nfs4", true),
            ("virtiofs", false),
        ] {
            let line = format!("25 1 0:3 / /x rw,nosuid,nodev - {kind} x rw");
            let mount = Mount::parse(line.as_bytes()).unwrap();
            assert!(mount.is_others() == others && mount.is_nosuid(), "{kind}");
        }
        assert_eq!(Mount::parse(b"25 1"), None);
    }

    #[test]
    fn the_mount_of_a_file() {
        let proc = fs::File::open("/proc/self/stat").unwrap();
        assert_eq!(Mount::of(&proc).unwrap().kind, "proc");
    }
}
