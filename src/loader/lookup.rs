//! Which BPF object is used: `TRACEE_BPF_FILE`, next to the executable, the install path, the embedded one.
//!
//! An object from a file runs in the kernel with tracee's privileges. So it must belong to root or to the user, must
//! not be writable by anyone else, and is read through the very descriptor that was checked. Nor may anybody else have
//! put it there: a file of root's is easy to obtain, from a container or on a medium. Where the executable has more
//! privileges than its user (file capabilities), only root's objects count, in folders that nobody else can change.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{env, fs};

use nix::errno::Errno;
use nix::fcntl::{openat, OFlag};
use nix::sys::stat::{fstat, Mode};

use crate::error::{LoadError, WayError};
use crate::files::Stat;
use crate::loader::object::{self, way, FILE_NAME};
use crate::loader::rebuild;
use crate::privilege::way::{trusted, writable};
use crate::privilege::{as_user, secure_execution};
use crate::say;

const VARIABLE: &str = "TRACEE_BPF_FILE";

/// Part of the message about others' objects.
const ONLY_ROOT: &str = "with file capabilities only root's objects count";

/// Limit of an object's size in bytes, far above any real one.
const SIZE_MAX: u64 = 64 << 20;

/// When the object is rebuilt from the sources inside the binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildPolicy {
    Never,
    /// Only if the one in the install path is of another version.
    IfNeeded,
    Always,
}

/// Where the object is looked for.
#[derive(Debug, Clone)]
pub struct Lookup {
    pub install_path: PathBuf,
    pub policy: BuildPolicy,
}

/// Why a file is not used.
enum Unfit {
    /// The file is missing, or this user may not look at it.
    Missing,
    /// Trustworthy, but of another version of tracee.
    OtherVersion(LoadError),
    Bad(LoadError),
}

/// Finds the object and makes it the one that is used. Returns its path; `None`: the embedded one.
pub fn choose(lookup: &Lookup) -> Result<Option<PathBuf>, LoadError> {
    let found = as_user(|| find(lookup))??;
    Ok(found.map(|(path, bytes)| {
        object::choose(bytes);
        path
    }))
}

fn find(lookup: &Lookup) -> Result<Option<(PathBuf, Vec<u8>)>, LoadError> {
    if let Some(named) = env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        if lookup.policy == BuildPolicy::Always {
            return Err(LoadError::Rebuild(format!(
                "{VARIABLE} names another object: unset it, or leave out --build-policy always"
            )));
        }
        return named_object(Path::new(&named)).map(Some);
    }
    let installed = lookup.install_path.join(FILE_NAME);
    let secure = secure_execution();
    if secure && lookup.policy == BuildPolicy::Always {
        return Err(LoadError::Rebuild(
            "this tracee has capabilities that you lack, and loads only what root has built: run it as root"
                .into(),
        ));
    }
    let rebuild = || {
        rebuild::run(&lookup.install_path)?;
        read(&installed, None).map_err(Unfit::into_error)
    };
    if lookup.policy == BuildPolicy::Always {
        return rebuild().map(|bytes| Some((installed.clone(), bytes)));
    }
    if let Some(found) = beside_executable() {
        return Ok(Some(found));
    }
    let bytes = match read(&installed, None) {
        Ok(bytes) => Some(bytes),
        Err(Unfit::Missing) => None,
        Err(Unfit::OtherVersion(error)) if lookup.policy == BuildPolicy::IfNeeded && !secure => {
            match rebuild() {
                Ok(bytes) => Some(bytes),
                Err(failure) => {
                    say!("warning: {error}; ignored, since {failure}");
                    None
                }
            }
        }
        Err(Unfit::OtherVersion(error) | Unfit::Bad(error)) => {
            pass_over(&error);
            None
        }
    };
    Ok(bytes.map(|bytes| (installed.clone(), bytes)))
}

/// The object that the user names, which must be usable.
fn named_object(named: &Path) -> Result<(PathBuf, Vec<u8>), LoadError> {
    // Does not ask the file system, which may be a user's program.
    let is_folder = Stat::of_link(named).is_ok_and(|stat| stat.is_folder());
    let path = match is_folder {
        true => named.join(FILE_NAME),
        false => named.into(),
    };
    match read(&path, None) {
        Ok(bytes) => Ok((path, bytes)),
        Err(Unfit::Missing) => Err(unusable(&path, format!("does not exist; {VARIABLE} names it"))),
        Err(other) => Err(other.into_error()),
    }
}

/// The owner of the executable is trusted already.
fn beside_executable() -> Option<(PathBuf, Vec<u8>)> {
    let executable = env::current_exe().ok()?;
    let owner = fs::metadata(&executable).ok()?.uid();
    let path = executable.with_file_name(FILE_NAME);
    match read(&path, Some(owner)) {
        Ok(bytes) => Some((path, bytes)),
        Err(Unfit::Missing) => None,
        Err(Unfit::OtherVersion(error) | Unfit::Bad(error)) => {
            pass_over(&error);
            None
        }
    }
}

fn pass_over(error: &LoadError) {
    say!("warning: {error}; ignored");
}

impl Unfit {
    fn into_error(self) -> LoadError {
        match self {
            Unfit::Missing => LoadError::Rebuild("it is missing after the rebuild".into()),
            Unfit::OtherVersion(error) | Unfit::Bad(error) => error,
        }
    }
}

/// Reads an object that root, the user or `also` owns, and nobody else can have put there.
fn read(path: &Path, also: Option<u32>) -> Result<Vec<u8>, Unfit> {
    let bad = |reason: String| Unfit::Bad(unusable(path, reason));
    let whose = if secure_execution() {
        format!(": {ONLY_ROOT}")
    } else {
        String::new()
    };
    let file = match open(path, also) {
        Ok(file) => file,
        Err(error) if error.is_missing() || is_none(path, &error) => return Err(Unfit::Missing),
        Err(WayError::Io(_, error)) => return Err(bad(format!("cannot be read: {error}"))),
        Err(WayError::Link(at, _)) if at == path => {
            return Err(bad(
                "is a symbolic link, which is not followed: name the file itself".into(),
            ));
        }
        Err(error) => return Err(bad(format!("cannot be trusted, since {error}{whose}"))),
    };
    let bytes = contents(&file, also).map_err(bad)?;
    match object::check(&bytes) {
        Ok(()) => Ok(bytes),
        Err(LoadError::AbiStamp { found, expected }) => Err(Unfit::OtherVersion(unusable(
            path,
            format!("is of another version of tracee: its ABI stamp is {found}, {expected} is needed"),
        ))),
        // libbpf reports a number of its own here, and logs no reason.
        Err(LoadError::Bpf { .. }) => Err(bad(
            "is damaged, or no BPF object at all: libbpf cannot read it".into()
        )),
        Err(error) => Err(bad(format!("is damaged: {error}"))),
    }
}

/// Opens the file; neither follows a link in last place nor waits for a pipe's writer.
fn open(path: &Path, also: Option<u32>) -> Result<File, WayError> {
    let way = way(also);
    let place = way.to(path)?;
    let failed = |errno: Errno| WayError::Io(place.path.clone(), errno.into());
    if place.linked {
        return Err(WayError::Link(path.into(), 0));
    }
    // Where anybody can put files, as in /tmp, he can also put a file of root's that he has obtained elsewhere.
    let folder = fstat(&place.folder).map_err(failed)?;
    if writable(&folder) {
        let path = place.path.parent().unwrap_or(&place.path).into();
        // A missing file need not be trusted.
        return Err(match fs::symlink_metadata(&place.path) {
            Err(error) => WayError::Io(place.path, error),
            Ok(_) => WayError::Writable(path, folder.st_mode & 0o7777),
        });
    }
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let file = openat(&place.folder, place.name.as_os_str(), flags, Mode::empty()).map_err(failed)?;
    way.vouched_for(&file, &place.path)?;
    Ok(file.into())
}

/// Whether no file exists that would have to be trusted, as far as that can be seen without asking somebody else's file
/// system. Matters if only root is trusted (file capabilities), or if the folder itself is at fault.
fn is_none(path: &Path, error: &WayError) -> bool {
    let may_look = match error {
        WayError::Writable(at, _) => path.parent() == Some(at),
        _ => false,
    };
    (may_look || secure_execution()) && fs::symlink_metadata(path).is_err()
}

fn contents(mut file: &File, also: Option<u32>) -> Result<Vec<u8>, String> {
    let failed = |error: io::Error| format!("cannot be read: {error}");
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err("is no regular file".into());
    }
    let owner = metadata.uid();
    let secure = secure_execution();
    if owner != 0 && (secure || !trusted(owner) && also != Some(owner)) {
        return Err(match secure {
            true => format!("belongs to uid {owner}: {ONLY_ROOT}"),
            false => format!("belongs to uid {owner}: its owner must be root or the user"),
        });
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(format!(
            "can be written by others (mode {:o}): chmod go-w",
            metadata.mode() & 0o7777
        ));
    }
    if metadata.size() > SIZE_MAX {
        return Err(format!("is damaged: it has {} bytes", metadata.size()));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn unusable(path: &Path, reason: String) -> LoadError {
    LoadError::ObjectFile {
        path: path.into(),
        reason,
    }
}
