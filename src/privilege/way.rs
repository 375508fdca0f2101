//! The way to a file, followed step by step from the root, so that only trusted users can redirect it.
//!
//! Every step is taken from an open folder by a single name. A link is followed only if somebody trusted has made it: in
//! `/tmp` anybody can put one in our way, and not every kernel is set up to refuse it (`fs.protected_symlinks`).

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{openat, readlinkat, OFlag};
use nix::sys::stat::{fstat, mkdirat, FileStat, Mode, SFlag};
use nix::sys::statfs::{fstatfs, PROC_SUPER_MAGIC};
use nix::unistd::{geteuid, getuid};

use crate::error::WayError;
use crate::files::Mount;

/// The number of links that the kernel follows.
const LINKS_MAX: usize = 40;

/// Which folders may be on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folders {
    /// Any folder: the caller checks what is at the end.
    Any,
    /// Folders in which only trusted users can change others' files: owned by one of them, and not writable by others
    /// unless sticky.
    Safe,
    /// Folders in which only trusted users can create files.
    Closed,
}

/// Which file systems may be on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    Any,
    /// None whose owners and modes a program makes up (FUSE).
    Kept,
    /// As `Kept`, and none of another machine, and none that is mounted nosuid: a user who may mount a medium can have
    /// written anything on it.
    Fixed,
}

/// The rules for following a way.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// Trust only root; otherwise the user as well.
    pub root_only: bool,
    /// Another user who is trusted.
    pub also: Option<u32>,
    pub folders: Folders,
    pub media: Media,
    /// Make missing folders, for us alone.
    pub make: bool,
}

/// Where a path leads: an open folder (by O_PATH), and a name in it that is no link, if it exists.
#[derive(Debug)]
pub struct Place {
    pub folder: OwnedFd,
    pub name: OsString,
    /// The path, for messages.
    pub path: PathBuf,
    /// Whether the path itself ended in a link, which has been followed.
    pub linked: bool,
}

/// Whether the owner is root or the user.
pub fn trusted(owner: u32) -> bool {
    owner == 0 || owner == getuid().as_raw() || owner == geteuid().as_raw()
}

/// Whether others can write to the file.
pub fn writable(stat: &FileStat) -> bool {
    stat.st_mode & 0o022 != 0
}

pub fn sticky(stat: &FileStat) -> bool {
    stat.st_mode & 0o1000 != 0
}

pub fn file_type(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits())
}

impl Way {
    /// Follows the way except for the last step.
    pub fn to(self, path: &Path) -> Result<Place, WayError> {
        let whole = std::path::absolute(path).map_err(|error| WayError::Io(path.into(), error))?;
        let root = || File::open("/").map(OwnedFd::from);
        let root = || root().map_err(|error| WayError::Io("/".into(), error));
        let (mut at, mut shown) = (root()?, PathBuf::from("/"));
        // The names that are left, the next one last.
        let mut steps = steps(&whole);
        // How many links have been followed; whether the path itself ended in one.
        let (mut links, mut linked) = (0, false);
        self.check(&at, &shown)?;
        while let Some(name) = steps.pop() {
            let here = shown.join(&name);
            let step = match openat(
                &at,
                name.as_os_str(),
                OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC,
                Mode::empty(),
            ) {
                Err(Errno::ENOENT) if !steps.is_empty() && self.make => make(&at, &name, &here)?,
                Err(Errno::ENOENT) if steps.is_empty() => {
                    return Ok(Place {
                        folder: at,
                        name,
                        path: here,
                        linked,
                    });
                }
                step => step.map_err(io_error(&here))?,
            };
            self.vouched_for(&step, &here)?;
            let stat = fstat(&step).map_err(io_error(&here))?;
            match file_type(&stat) {
                SFlag::S_IFLNK => {
                    if !self.trusts(stat.st_uid) {
                        return Err(WayError::Link(here, stat.st_uid));
                    }
                    links += 1;
                    if links > LINKS_MAX {
                        return Err(io_error(&here)(Errno::ELOOP));
                    }
                    linked |= steps.is_empty();
                    if fstatfs(&at).is_ok_and(|fs| fs.filesystem_type() == PROC_SUPER_MAGIC)
                        && !steps.is_empty()
                    {
                        // A link's text need not be a path: /proc/PID/root.
                        at = openat(
                            &at,
                            name.as_os_str(),
                            OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC,
                            Mode::empty(),
                        )
                        .map_err(io_error(&here))?;
                        self.check(&at, &here)?;
                        shown = here;
                        continue;
                    }
                    let target = PathBuf::from(readlinkat(&step, "").map_err(io_error(&here))?);
                    if target.is_absolute() {
                        (at, shown) = (root()?, PathBuf::from("/"));
                    }
                    steps.extend(self::steps(&target));
                }
                SFlag::S_IFDIR if !steps.is_empty() || name == ".." => {
                    self.check(&step, &here)?;
                    at = step;
                    match name == ".." {
                        true => drop(shown.pop()),
                        false => shown = here,
                    }
                }
                _ if steps.is_empty() => {
                    return Ok(Place {
                        folder: at,
                        name,
                        path: here,
                        linked,
                    })
                }
                _ => return Err(WayError::NoFolder(here)),
            }
        }
        // The path ends in the root, or in `..`.
        Err(WayError::Io(whole, Errno::EISDIR.into()))
    }

    fn trusts(self, owner: u32) -> bool {
        owner == 0 || self.also == Some(owner) || !self.root_only && trusted(owner)
    }

    /// An error unless the kernel itself vouches for the file's owner and mode. Asks no other program.
    pub fn vouched_for(self, file: impl AsFd, path: &Path) -> Result<(), WayError> {
        let mount = match self.media {
            Media::Any => return Ok(()),
            Media::Kept | Media::Fixed => Mount::of(file),
        };
        let fixed = self.media == Media::Fixed;
        let refuse = |what: &str| Err(WayError::Medium(path.into(), what.into()));
        match mount {
            Ok(mount) if mount.is_fuse() || fixed && mount.is_others() => refuse(&mount.kind),
            Ok(mount) if fixed && mount.is_nosuid() => refuse("nosuid"),
            // In a chroot(2) the kernel may not show the mount.
            Err(error) if fixed => Err(WayError::Io(path.into(), error)),
            _ => Ok(()),
        }
    }

    fn check(self, folder: &OwnedFd, path: &Path) -> Result<(), WayError> {
        self.vouched_for(folder, path)?;
        if self.folders == Folders::Any {
            return Ok(());
        }
        let stat = fstat(folder).map_err(io_error(path))?;
        if !self.trusts(stat.st_uid) {
            return Err(WayError::Foreign(path.into(), stat.st_uid));
        }
        if writable(&stat) && !(self.folders == Folders::Safe && sticky(&stat)) {
            return Err(WayError::Writable(path.into(), stat.st_mode & 0o7777));
        }
        Ok(())
    }
}

fn io_error(path: &Path) -> impl FnOnce(Errno) -> WayError + '_ {
    move |errno| WayError::Io(path.into(), errno.into())
}

/// The names of a path, the last one first.
fn steps(path: &Path) -> Vec<OsString> {
    path.components()
        .rev()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            _ => None,
        })
        .collect()
}

/// Makes a folder for us alone, and opens it.
fn make(at: &OwnedFd, name: &OsStr, path: &Path) -> Result<OwnedFd, WayError> {
    match mkdirat(at, name, Mode::S_IRWXU) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(errno) => return Err(io_error(path)(errno)),
    }
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(at, name, flags, Mode::empty()).map_err(io_error(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{lchown, symlink, PermissionsExt};

    const ANY: Way = Way {
        root_only: false,
        also: None,
        folders: Folders::Any,
        media: Media::Any,
        make: false,
    };
    const NOBODY: u32 = 65534;

    fn ends(way: Way, path: PathBuf) -> PathBuf {
        let place = way.to(&path).unwrap();
        let folder = fs::read_link(format!(
            "/proc/self/fd/{}",
            std::os::fd::AsRawFd::as_raw_fd(&place.folder)
        ));
        assert_eq!(place.path, folder.unwrap().join(&place.name));
        place.path
    }

    #[test]
    fn links_of_the_trusted_are_followed() {
        let base = tempfile::tempdir().unwrap();
        let base = base.path().canonicalize().unwrap();
        let path = |name: &str| base.join(name);
        fs::create_dir_all(path("a/b")).unwrap();
        symlink("a/b", path("short")).unwrap();
        symlink(path("a"), path("long")).unwrap();
        symlink("long/b/../../short/file", path("last")).unwrap();
        symlink("loop", path("loop")).unwrap();
        for (given, found) in [
            ("short/x", "a/b/x"),
            ("long/b/x", "a/b/x"),
            ("last", "a/b/file"),
            ("a/../a//./b", "a/b"),
            ("new", "new"),
        ] {
            assert_eq!(ends(ANY, path(given)), path(found), "{given}");
        }
        let by_root = PathBuf::from(format!("/proc/self/root{}", path("a/b").display()));
        assert_eq!(ANY.to(&by_root).unwrap().path, by_root);
        for wrong in ["loop", "loop/x", "missing/x", "..", "short/.."] {
            assert!(matches!(ANY.to(&path(wrong)), Err(WayError::Io(..))), "{wrong}");
        }
        fs::write(path("file"), "").unwrap();
        assert!(matches!(ANY.to(&path("file/x")), Err(WayError::NoFolder(_))));
        if geteuid().is_root() {
            lchown(path("short"), Some(NOBODY), None).unwrap();
            for given in ["short/x", "last", "short"] {
                assert!(
                    matches!(ANY.to(&path(given)), Err(WayError::Link(_, NOBODY))),
                    "{given}"
                );
            }
        }
    }

    #[test]
    fn folders_that_others_can_change() {
        let base = tempfile::tempdir().unwrap();
        let path = |name: &str| base.path().join(name);
        let safe = Way {
            folders: Folders::Safe,
            ..ANY
        };
        let closed = Way {
            folders: Folders::Closed,
            ..ANY
        };
        // The temporary folder is sticky, and writable by all.
        assert!(safe.to(&path("x")).is_ok());
        assert!(matches!(closed.to(&path("x")), Err(WayError::Writable(..))));
        assert!(closed.to(Path::new("/etc/x")).is_ok());
        fs::create_dir(path("open")).unwrap();
        fs::set_permissions(path("open"), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(
            safe.to(&path("open/x")),
            Err(WayError::Writable(_, 0o777))
        ));
        if geteuid().is_root() {
            std::os::unix::fs::chown(path("open"), Some(NOBODY), None).unwrap();
            assert!(matches!(
                safe.to(&path("open/x")),
                Err(WayError::Foreign(_, NOBODY))
            ));
        }
    }

    #[test]
    fn missing_folders_are_made() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("a/b/c");
        assert!(ANY.to(&path).unwrap_err().is_missing());
        Way { make: true, ..ANY }.to(&path).unwrap();
        assert_eq!(
            fs::metadata(base.path().join("a/b"))
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            0o700
        );
        assert!(!path.exists());
    }
}
