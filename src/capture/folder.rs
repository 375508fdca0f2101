//! The folder that artefacts go to: reached and kept so that nobody else can redirect us.
//!
//! Every step is taken from an open folder by a single name, and through no links but root's and ours. The folders on
//! the way must be root's or ours, too, and not writable by others unless sticky, as `/tmp` is.

use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{openat, AtFlags, OFlag};
use nix::sys::stat::{fstat, fstatat, mkdirat, FileStat, Mode, SFlag};
use nix::unistd::{geteuid, unlinkat, UnlinkatFlags};

use crate::error::{FolderError, WayError};
use crate::privilege::way::{file_type, writable, Folders, Media, Way};

fn io_error(path: &Path) -> impl FnOnce(Errno) -> FolderError + '_ {
    move |errno| FolderError::Io(path.into(), errno.into())
}

/// Opens the folder. A missing folder is made, with those above it.
pub fn open(path: &Path) -> Result<OwnedFd, FolderError> {
    let way = Way {
        root_only: false,
        also: None,
        folders: Folders::Safe,
        media: Media::Any,
        make: true,
    };
    let place = way.to(path)?;
    if place.linked {
        return Err(FolderError::Link(path.into()));
    }
    let (at, name, path) = (&place.folder, place.name.as_os_str(), place.path.as_path());
    match mkdirat(at, name, Mode::S_IRWXU) {
        Ok(()) | Err(Errno::EEXIST | Errno::EROFS) => {}
        Err(errno) => return Err(io_error(path)(errno)),
    }
    let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_RDONLY;
    let folder = openat(at, name, flags, Mode::empty()).map_err(|errno| match errno {
        Errno::ELOOP => FolderError::Link(path.into()),
        Errno::ENOTDIR => WayError::NoFolder(path.into()).into(),
        errno => io_error(path)(errno),
    })?;
    // The folders above may be root's; this one must be ours alone.
    let stat = fstat(&folder).map_err(io_error(path))?;
    if stat.st_uid != geteuid().as_raw() {
        return Err(WayError::Foreign(path.into(), stat.st_uid).into());
    }
    if writable(&stat) {
        return Err(WayError::Writable(path.into(), stat.st_mode & 0o7777).into());
    }
    Ok(folder)
}

/// Opens or makes a folder in ours: one name, no link, ours.
pub fn subfolder(at: &OwnedFd, name: &str) -> io::Result<OwnedFd> {
    match mkdirat(at, name, Mode::S_IRWXU) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(errno) => return Err(errno.into()),
    }
    let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_RDONLY;
    Ok(openat(at, name, flags, Mode::empty())?)
}

/// Makes a file that does not exist yet.
pub fn create(at: &OwnedFd, name: &CStr) -> io::Result<File> {
    let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    Ok(openat(at, name, flags, Mode::S_IRUSR | Mode::S_IWUSR)?.into())
}

/// Opens a file of ours again; an error if it has become something else.
pub fn reopen(at: &OwnedFd, name: &CStr) -> io::Result<File> {
    open_again(at, name, OFlag::O_RDWR)
}

/// Opens a file of ours again, as `reopen` does, for reading.
pub fn read(at: &OwnedFd, name: &CStr) -> io::Result<File> {
    open_again(at, name, OFlag::O_RDONLY)
}

fn open_again(at: &OwnedFd, name: &CStr, access: OFlag) -> io::Result<File> {
    let flags = access | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    let file = File::from(openat(at, name, flags, Mode::empty())?);
    ours(&file)?;
    Ok(file)
}

/// Opens the list of artefacts, to add to it.
pub fn index(at: &OwnedFd) -> io::Result<File> {
    let flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT;
    let flags = flags | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    let file = File::from(openat(at, INDEX, flags, Mode::S_IRUSR | Mode::S_IWUSR)?);
    ours(&file)?;
    Ok(file)
}

/// The list of artefacts.
pub const INDEX: &CStr = c"index.jsonl";

/// An error unless we have made the file, and nobody has added another name or changed its permissions.
fn ours(file: &File) -> io::Result<FileStat> {
    let stat = fstat(file)?;
    if file_type(&stat) != SFlag::S_IFREG {
        return Err(io::Error::other("it is no regular file"));
    }
    if stat.st_uid != geteuid().as_raw() || stat.st_nlink != 1 || writable(&stat) {
        return Err(io::Error::other("it is not ours alone"));
    }
    Ok(stat)
}

/// Removes all that is in the folder, which must be empty or hold a list of artefacts. Follows no link, and leaves
/// alone other file systems that are mounted in it, and folders of others.
pub fn clear(folder: &OwnedFd, path: &Path) -> Result<(), FolderError> {
    let names = list(folder).map_err(io_error(path))?;
    let empty = names.is_empty();
    if !empty && fstatat(folder, INDEX, AtFlags::AT_SYMLINK_NOFOLLOW).is_err() {
        return Err(FolderError::NotArtefacts(path.into()));
    }
    remove_all(folder, names).map_err(io_error(path))
}

fn list(folder: &OwnedFd) -> nix::Result<Vec<CString>> {
    // A new open file, since the position in the list belongs to it.
    let flags = OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    let mut dir = Dir::from_fd(openat(folder, c".", flags, Mode::empty())?)?;
    let mut names = Vec::new();
    for entry in dir.iter() {
        let name = entry?.file_name().to_owned();
        if ![c".", c".."].contains(&name.as_c_str()) {
            names.push(name);
        }
    }
    Ok(names)
}

fn remove_all(folder: &OwnedFd, names: Vec<CString>) -> nix::Result<()> {
    for name in names {
        match unlinkat(folder, name.as_c_str(), UnlinkatFlags::NoRemoveDir) {
            Err(Errno::EISDIR | Errno::EPERM) => {}
            removed => {
                removed?;
                continue;
            }
        }
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_RDONLY;
        let inner = openat(folder, name.as_c_str(), flags, Mode::empty())?;
        let stat = fstat(&inner)?;
        if stat.st_dev != fstat(folder)?.st_dev {
            return Err(Errno::EXDEV);
        }
        if stat.st_uid != geteuid().as_raw() {
            return Err(Errno::EPERM);
        }
        let inner_names = list(&inner)?;
        remove_all(&inner, inner_names)?;
        unlinkat(folder, name.as_c_str(), UnlinkatFlags::RemoveDir)?;
    }
    Ok(())
}

/// Opens a file below the folder `at`: the kernel follows the path step by step, and no magic links, so that no link of
/// a traced process leads elsewhere. Unless `wait`, the kernel (from Linux 5.12 on) uses only what it has at hand,
/// without asking a file system, which may never answer.
pub fn open_below(at: &OwnedFd, path: &[u8], flags: OFlag, wait: bool) -> io::Result<OwnedFd> {
    use nix::libc;
    let path = CString::new(path)?;
    let find = |resolve| find_below(at, &path, flags, resolve);
    match find(libc::RESOLVE_CACHED) {
        Err(error) if wait || error.raw_os_error() == Some(libc::EINVAL) => find(0),
        found => found,
    }
}

fn find_below(at: &OwnedFd, path: &CStr, flags: OFlag, resolve: u64) -> io::Result<OwnedFd> {
    use nix::libc;
    // SAFETY: `open_how` is made of integers only.
    let mut how: libc::open_how = unsafe { std::mem::zeroed() };
    how.flags = (flags | OFlag::O_CLOEXEC).bits() as u64;
    how.resolve = libc::RESOLVE_IN_ROOT | libc::RESOLVE_NO_MAGICLINKS | resolve;
    // SAFETY: a path with its NUL, and a structure of the size that is passed.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_openat2,
            at.as_raw_fd(),
            path.as_ptr(),
            &raw const how,
            size_of::<libc::open_how>(),
        )
    };
    match i32::try_from(fd) {
        // SAFETY: a new descriptor, which nobody else knows.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The name of a file, from its path without marks, as part of an artefact's name: characters that are unusual or
/// dangerous to print are replaced.
pub fn plain_name(path: &[u8]) -> String {
    const NAME_MAX: usize = 64;
    let name = Path::new(OsStr::from_bytes(path)).file_name().unwrap_or_default();
    let plain: String = name
        .as_bytes()
        .iter()
        .take(NAME_MAX)
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'+' | b'.' => *byte as char,
            _ => '_',
        })
        .collect();
    match plain.trim_matches('.') {
        "" => "_".into(),
        name => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{symlink, MetadataExt, PermissionsExt};

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn missing_folders_are_made_for_us_alone() {
        let base = folder();
        let path = base.path().join("a/b");
        open(&path).unwrap();
        for made in ["a", "a/b"] {
            assert_eq!(
                fs::metadata(base.path().join(made)).unwrap().mode() & 0o7777,
                0o700
            );
        }
    }

    #[test]
    fn links_files_and_folders_of_others_are_refused() {
        let base = folder();
        let path = |name: &str| base.path().join(name);
        fs::create_dir(path("real")).unwrap();
        symlink("real", path("link")).unwrap();
        symlink("nowhere", path("dangling")).unwrap();
        fs::write(path("file"), "").unwrap();
        fs::create_dir(path("open")).unwrap();
        fs::set_permissions(path("open"), fs::Permissions::from_mode(0o777)).unwrap();
        fs::create_dir(path("open/in")).unwrap();
        assert!(matches!(open(&path("link")), Err(FolderError::Link(_))));
        assert!(matches!(open(&path("dangling")), Err(FolderError::Link(_))));
        let refused = |name: &str| match open(&path(name)) {
            Err(FolderError::Way(error)) => error,
            other => panic!("{name}: {other:?}"),
        };
        assert!(matches!(refused("file"), WayError::NoFolder(_)));
        assert!(matches!(refused("open"), WayError::Writable(..)));
        assert!(matches!(refused("open/in"), WayError::Writable(..)));
        // A link above the folder does no harm if nobody else has made it or can change where it leads.
        assert!(open(&path("link/inside")).is_ok());
        if geteuid().is_root() {
            use std::os::unix::fs::{chown, lchown};
            lchown(path("link"), Some(65534), None).unwrap();
            assert!(matches!(refused("link/inside"), WayError::Link(_, 65534)));
            assert!(matches!(refused("link"), WayError::Link(_, 65534)));
            chown(path("real"), Some(65534), None).unwrap();
            assert!(matches!(refused("real"), WayError::Foreign(_, 65534)));
            assert!(matches!(refused("real/x"), WayError::Foreign(_, 65534)));
        }
    }

    #[test]
    fn clearing_follows_no_link_and_spares_what_is_not_ours() {
        let base = folder();
        let path = |name: &str| base.path().join(name);
        fs::create_dir_all(path("out/host")).unwrap();
        fs::write(path("kept"), "x").unwrap();
        fs::create_dir(path("kept-folder")).unwrap();
        fs::write(path("kept-folder/file"), "x").unwrap();
        fs::write(path("out/host/exec.1.ls"), "x").unwrap();
        symlink(path("kept"), path("out/link")).unwrap();
        symlink(path("kept-folder"), path("out/host/link")).unwrap();
        let out = open(&path("out")).unwrap();
        assert!(matches!(
            clear(&out, &path("out")),
            Err(FolderError::NotArtefacts(_))
        ));
        fs::write(path("out/index.jsonl"), "").unwrap();
        clear(&out, &path("out")).unwrap();
        assert_eq!(fs::read_dir(path("out")).unwrap().count(), 0);
        assert!(path("kept").exists() && path("kept-folder/file").exists());
        clear(&out, &path("out")).unwrap();
    }

    #[test]
    fn names_are_plain() {
        assert_eq!(plain_name(b"/usr/bin/ls"), "ls");
        assert_eq!(plain_name(b"/tmp/x (deleted)"), "x__deleted_");
        assert_eq!(plain_name(b"/tmp/\x1b[2J\xff \n"), "__2J___");
        assert_eq!(plain_name(b"memfd:.."), "memfd_");
        assert_eq!(plain_name(b"/.."), "_");
        assert_eq!(plain_name(&[b'a'; 300]).len(), 64);
    }

    #[test]
    fn nothing_leads_out_of_a_folder() {
        let base = folder();
        let path = |name: &str| base.path().join(name);
        fs::create_dir(path("root")).unwrap();
        fs::write(path("secret"), "x").unwrap();
        symlink("/secret", path("root/absolute")).unwrap();
        symlink("../secret", path("root/relative")).unwrap();
        symlink("/proc/self/exe", path("root/magic")).unwrap();
        let root = OwnedFd::from(File::open(path("root")).unwrap());
        for name in ["absolute", "relative", "magic", "/../secret"] {
            assert!(
                open_below(&root, name.as_bytes(), OFlag::O_RDONLY, true).is_err(),
                "{name}"
            );
        }
        fs::write(path("root/own"), "x").unwrap();
        for wait in [true, false] {
            assert!(open_below(&root, b"/own", OFlag::O_RDONLY, wait).is_ok());
        }
    }
}
