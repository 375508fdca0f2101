//! Where an output goes, opened so that nobody else can redirect it.
//!
//! What is shown may be secret, and tracee mostly runs as root: so files are made for us alone, links are followed only if
//! root or the user has made them, and where others can put files, theirs are refused. Not every kernel is set up to do so
//! (`fs.protected_symlinks`, `protected_regular`, `protected_fifos`, `protected_hardlinks`).

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::sync::mpsc::{sync_channel, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{fcntl, openat, renameat, AtFlags, FcntlArg, FdFlag, OFlag};
use nix::sys::stat::{fchmod, fstat, fstatat, FileStat, Mode, SFlag};
use nix::unistd::{ftruncate, geteuid, unlinkat, UnlinkatFlags};

use crate::error::{OutputError, WayError};
use crate::output::spec::{OutputSpec, Target};
use crate::privilege::as_user;
use crate::privilege::way::{file_type, sticky, trusted, writable, Folders, Media, Place, Way};
use crate::say;

/// How long opening a FIFO waits for its reader; after a moment a message says so.
const READER: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_millis(100);

/// How often opening is tried: somebody may make and remove a file again and again.
const ATTEMPTS: usize = 16;

/// The target's name in messages.
pub fn name(target: &Target) -> String {
    match target {
        Target::Fd(1) => "standard output".into(),
        Target::Fd(2) => "standard error".into(),
        Target::Fd(fd) => format!("&{fd}"),
        Target::File(path) => path.display().to_string(),
    }
}

fn failed(target: &Target, reason: impl ToString) -> OutputError {
    OutputError::Open {
        target: name(target),
        reason: reason.to_string(),
    }
}

/// Checks that the descriptors named by outputs are open and can be written to, and closes them at an exec. Must be
/// called before anything else is opened, which might get the number of one that is not.
pub fn check_inherited<'a>(specs: impl IntoIterator<Item = &'a OutputSpec>) -> Result<(), OutputError> {
    for spec in specs {
        let Target::Fd(fd) = spec.target else {
            continue;
        };
        // SAFETY: only asked about; an error if it is not open.
        let open = unsafe { BorrowedFd::borrow_raw(fd) };
        let flags = fcntl(open, FcntlArg::F_GETFL)
            .map_err(|_| failed(&spec.target, "nothing is open as that number"))?;
        if flags & OFlag::O_ACCMODE.bits() == OFlag::O_RDONLY.bits() {
            return Err(failed(&spec.target, "it is open for reading only"));
        }
        if fd > 2 {
            // Otherwise a command could write to it.
            fcntl(open, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))
                .map_err(|errno| failed(&spec.target, errno.desc()))?;
        }
    }
    Ok(())
}

/// A target that is open.
#[derive(Debug)]
pub struct Opened {
    /// What is written to.
    pub file: File,
    /// Where it is; `None` for a descriptor.
    place: Option<Place>,
}

impl Opened {
    /// Whether it is a file, and not a FIFO, a terminal or the like.
    pub fn is_file(&self) -> bool {
        self.file.metadata().is_ok_and(|file| file.is_file())
    }
}

/// Opens the target of an output with the user's own rights.
pub fn open(spec: &OutputSpec) -> Result<Opened, OutputError> {
    match &spec.target {
        Target::Fd(fd) => duplicate(*fd)
            .map(|file| Opened { file, place: None })
            .map_err(|errno| failed(&spec.target, errno.desc())),
        Target::File(path) => as_user(|| file(path, spec.mode))
            .map_err(|error| failed(&spec.target, error))?
            .map_err(|reason| failed(&spec.target, reason)),
    }
}

/// Gives the file the name `FILE.1`, the one before it `FILE.2`, and so on up to `keep`, and puts a new one in its place. It
/// stays in the folder that was found at the beginning, whatever leads there by now. What others have put there under such
/// a name is an error, and nothing is renamed.
pub fn rotate(spec: &OutputSpec, opened: &Opened, keep: u32) -> Result<Opened, OutputError> {
    let Some(place) = &opened.place else {
        return Err(failed(&spec.target, "a descriptor cannot be rotated"));
    };
    renamed(place, &opened.file, spec.mode, keep).map_err(|reason| failed(&spec.target, reason))
}

fn renamed(place: &Place, file: &File, mode: Option<u32>, keep: u32) -> Result<Opened, String> {
    let folder = fstat(&place.folder).map_err(|errno| errno.desc().to_owned())?;
    let with = |end: &str| {
        let mut name = place.name.clone();
        name.push(end);
        name
    };
    let names: Vec<_> = (1..=keep).map(|number| with(&format!(".{number}"))).collect();
    let there = |name: &OsString| fstatat(&place.folder, name.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW);
    for name in &names {
        let reason = match there(name) {
            Err(Errno::ENOENT) => continue,
            Err(errno) => Some(errno.desc().to_owned()),
            Ok(stat) if file_type(&stat) != SFlag::S_IFREG => Some("it is no file".into()),
            Ok(stat) => refuse(&stat, &folder),
        };
        if let Some(reason) = reason {
            return Err(format!("{} is in the way: {reason}", Path::new(name).display()));
        }
    }
    // Somebody may have put another file in its place: that one is not ours to move.
    let ours = fstat(file).map_err(|errno| errno.desc().to_owned())?;
    let is_ours = there(&place.name).is_ok_and(|it| (it.st_dev, it.st_ino) == (ours.st_dev, ours.st_ino));
    if !is_ours {
        return Err("another file has taken its place".into());
    }
    let next = Place {
        folder: place.folder.try_clone().map_err(|error| error.to_string())?,
        name: with(".new"),
        path: place.path.clone(),
        linked: false,
    };
    // A run that was killed may have left it.
    if let Ok(stat) = there(&next.name) {
        if file_type(&stat) == SFlag::S_IFREG && refuse(&stat, &folder).is_none() {
            let _ = unlinkat(&place.folder, next.name.as_os_str(), UnlinkatFlags::NoRemoveDir);
        }
    }
    // A new name, so that nobody else can take the place of the file.
    let made = create(&next, mode)
        .map_err(|errno| format!("{}: {}", Path::new(&next.name).display(), errno.desc()))?;
    let rename = |from: &OsString, to: &OsString| match renameat(
        &place.folder,
        from.as_os_str(),
        &place.folder,
        to.as_os_str(),
    ) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(errno) => Err(format!(
            "{} cannot be renamed: {}",
            Path::new(from).display(),
            errno.desc()
        )),
    };
    let all = names
        .iter()
        .rev()
        .zip(names.iter().rev().skip(1).chain([&place.name]));
    let renamed = all
        .map(|(to, from)| rename(from, to))
        .chain(std::iter::once_with(|| rename(&next.name, &place.name)))
        .collect::<Result<(), _>>();
    if let Err(reason) = renamed {
        let _ = unlinkat(&place.folder, next.name.as_os_str(), UnlinkatFlags::NoRemoveDir);
        return Err(reason);
    }
    Ok(Opened {
        file: made,
        place: Some(Place {
            name: place.name.clone(),
            ..next
        }),
    })
}

fn duplicate(fd: RawFd) -> nix::Result<File> {
    // SAFETY: checked before anything else was opened, and closed by nobody.
    let open = unsafe { BorrowedFd::borrow_raw(fd) };
    let new = fcntl(open, FcntlArg::F_DUPFD_CLOEXEC(3))?;
    // SAFETY: a new descriptor, which nobody else knows.
    Ok(unsafe { OwnedFd::from_raw_fd(new) }.into())
}

fn file(path: &Path, mode: Option<u32>) -> Result<Opened, String> {
    let way = Way {
        root_only: false,
        also: None,
        folders: Folders::Any,
        media: Media::Any,
        make: false,
    };
    let place = way.to(path).map_err(|error| match error {
        WayError::Io(at, error) if at == path => error.to_string(),
        error => error.to_string(),
    })?;
    for _ in 0..ATTEMPTS {
        match fstatat(
            &place.folder,
            place.name.as_os_str(),
            AtFlags::AT_SYMLINK_NOFOLLOW,
        ) {
            Ok(stat) => match existing(&place, &stat, mode) {
                Err(Refused::Changed) => {}
                Err(Refused::For(reason)) => return Err(reason),
                Ok(file) => {
                    return Ok(Opened {
                        file,
                        place: Some(place),
                    })
                }
            },
            Err(Errno::ENOENT) => match create(&place, mode) {
                Err(Errno::EEXIST) => {}
                created => {
                    let file = created.map_err(|errno| io::Error::from(errno).to_string())?;
                    return Ok(Opened {
                        file,
                        place: Some(place),
                    });
                }
            },
            Err(errno) => return Err(io::Error::from(errno).to_string()),
        }
    }
    Err("it changes again and again".into())
}

const FLAGS: OFlag = OFlag::O_WRONLY
    .union(OFlag::O_APPEND)
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_NOCTTY)
    .union(OFlag::O_CLOEXEC);

/// Makes a file for us alone, unless `mode` says otherwise.
fn create(place: &Place, mode: Option<u32>) -> nix::Result<File> {
    let flags = FLAGS | OFlag::O_CREAT | OFlag::O_EXCL;
    let file = File::from(openat(
        &place.folder,
        place.name.as_os_str(),
        flags,
        Mode::S_IRUSR | Mode::S_IWUSR,
    )?);
    if let Some(mode) = mode {
        // Permissions do not depend on the umask.
        fchmod(&file, Mode::from_bits_truncate(mode))?;
    }
    Ok(file)
}

enum Refused {
    For(String),
    /// The file is no longer what it was.
    Changed,
}

impl From<Errno> for Refused {
    fn from(errno: Errno) -> Refused {
        match errno {
            Errno::ENOENT | Errno::ELOOP => Refused::Changed,
            errno => Refused::For(io::Error::from(errno).to_string()),
        }
    }
}

/// Opens an existing file, empties it, and from then on appends, so that truncating it leaves no hole.
fn existing(place: &Place, stat: &FileStat, mode: Option<u32>) -> Result<File, Refused> {
    let kind = file_type(stat);
    match kind {
        SFlag::S_IFREG | SFlag::S_IFIFO | SFlag::S_IFCHR => {}
        SFlag::S_IFLNK => return Err(Refused::Changed),
        SFlag::S_IFDIR => return Err(Refused::For("it is a folder".into())),
        SFlag::S_IFSOCK => return Err(Refused::For("it is a socket".into())),
        _ => return Err(Refused::For("it is a disk".into())),
    }
    let folder = fstat(&place.folder)?;
    refuse(stat, &folder).map_or(Ok(()), |reason| Err(Refused::For(reason)))?;
    let file = match kind {
        SFlag::S_IFIFO => fifo(place)?,
        // Opening waits neither for a lease nor for a modem.
        _ => openat(
            &place.folder,
            place.name.as_os_str(),
            FLAGS | OFlag::O_NONBLOCK,
            Mode::empty(),
        )?
        .into(),
    };
    let opened = fstat(&file)?;
    if (opened.st_dev, opened.st_ino) != (stat.st_dev, stat.st_ino) {
        return Err(Refused::Changed);
    }
    // The file may have other names or another owner by now.
    refuse(&opened, &folder).map_or(Ok(()), |reason| Err(Refused::For(reason)))?;
    fcntl(&file, FcntlArg::F_SETFL(OFlag::O_APPEND))?;
    if kind == SFlag::S_IFREG {
        if let Some(mode) = mode.filter(|_| opened.st_uid == geteuid().as_raw()) {
            fchmod(&file, Mode::from_bits_truncate(mode))?;
        }
        ftruncate(&file, 0)?;
    }
    Ok(file)
}

/// Why a file is not written to, by who may have put it there.
fn refuse(stat: &FileStat, folder: &FileStat) -> Option<String> {
    let kind = file_type(stat);
    if kind == SFlag::S_IFCHR {
        return None;
    }
    let anybody = folder.st_mode & 0o002 != 0 || sticky(folder) && writable(folder);
    let ours = stat.st_uid == geteuid().as_raw() || stat.st_uid == folder.st_uid;
    if anybody && !ours {
        return Some(format!(
            "it belongs to uid {}, in a folder where anybody can put files",
            stat.st_uid
        ));
    }
    let only_ours = trusted(folder.st_uid) && !writable(folder);
    if kind == SFlag::S_IFREG && stat.st_nlink > 1 && !only_ours {
        return Some(
            "it has another name elsewhere (a hard link), and others can put files into its folder".into(),
        );
    }
    None
}

/// Opens a FIFO once somebody reads it.
fn fifo(place: &Place) -> Result<File, Refused> {
    let folder = place
        .folder
        .try_clone()
        .map_err(|error| Refused::For(error.to_string()))?;
    let name = place.name.clone();
    let (opened, result) = sync_channel(1);
    thread::Builder::new()
        .name("fifo".into())
        .spawn(move || {
            // If no reader comes, the thread stays waiting: the process ends then.
            let _ = opened.send(openat(&folder, name.as_os_str(), FLAGS, Mode::empty()));
        })
        .map_err(|error| Refused::For(format!("a thread cannot be started: {error}")))?;
    let first = result.recv_timeout(MOMENT);
    if matches!(first, Err(RecvTimeoutError::Timeout)) {
        say!("waiting for a reader of {}", place.path.display());
    }
    match first.or_else(|_| result.recv_timeout(READER)) {
        Ok(file) => Ok(file?.into()),
        Err(RecvTimeoutError::Timeout) => Err(Refused::For(format!(
            "it is a FIFO, and nobody has opened it for reading within {} s",
            READER.as_secs()
        ))),
        Err(RecvTimeoutError::Disconnected) => Err(Refused::For("it cannot be opened".into())),
    }
}

#[cfg(test)]
mod tests;
