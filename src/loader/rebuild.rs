//! Rebuilds the BPF object from the sources inside the binary, for users who want one from their own compiler.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use miniz_oxide::inflate::decompress_to_vec;
use nix::libc::{O_DIRECTORY, O_NOFOLLOW};
use nix::unistd::{geteuid, mkdtemp};

use crate::error::LoadError;
use crate::files::lock;
use crate::loader::compile::Compile;
use crate::loader::object::{self, ABI_STAMP, FILE_NAME};
use crate::say;

/// The sources, compressed, in the format of build.rs.
static SOURCES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/sources.deflate"));

/// Compiles the sources into `install_path`, which is made if it does not exist. Needs no privilege.
pub fn run(install_path: &Path) -> Result<(), LoadError> {
    let target = install_path.join(FILE_NAME);
    say!("rebuilding {}, which takes a while", target.display());
    let io = |path: &Path, error: io::Error| LoadError::Rebuild(format!("{}: {error}", path.display()));
    let trust = |path: &Path| {
        let place = object::way(None).to(path);
        place.map_err(|error| LoadError::Rebuild(format!("{error}: choose another --install-path")))
    };
    // A user who can rename a folder on the way could redirect what we write, before and after the folder is made.
    let there = install_path
        .ancestors()
        .find(|path| path.symlink_metadata().is_ok());
    trust(&there.unwrap_or(Path::new(".")).join(FILE_NAME))?;
    fs::create_dir_all(install_path).map_err(|error| io(install_path, error))?;
    trust(&target)?;
    remove_abandoned(install_path);
    let folder = Folder::make(install_path).map_err(|error| io(install_path, error))?;
    unpack(&folder.path)?;
    let object = folder.path.join(FILE_NAME);
    let compile = Compile {
        sources: &folder.path.join("src/bpf"),
        includes: &[&folder.path],
        scratch: &folder.path,
        arch: std::env::consts::ARCH,
        abi_stamp: ABI_STAMP,
    };
    compile.object(&object).map_err(LoadError::Rebuild)?;
    let bytes = fs::read(&object).map_err(|error| io(&object, error))?;
    object::check(&bytes)?;
    // The mode does not depend on the umask: an object that others can write is never used.
    fs::set_permissions(&object, Permissions::from_mode(0o644)).map_err(|error| io(&object, error))?;
    fs::rename(&object, &target).map_err(|error| io(&target, error))
}

/// Build folders are named by this prefix and [`RANDOM`].
const PREFIX: &str = "build-";
const RANDOM: &str = "XXXXXX";

/// How often making the folder is tried: somebody may remove it again and again.
const ATTEMPTS: usize = 16;

/// The folder that is built in, for a signal that ends the run.
static FOLDER: Mutex<Option<PathBuf>> = Mutex::new(None);

fn current() -> MutexGuard<'static, Option<PathBuf>> {
    FOLDER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A folder that nobody else can write; dropping this removes it.
struct Folder {
    path: PathBuf,
    /// Shows other tracees that the folder is in use.
    _lock: File,
}

impl Folder {
    fn make(parent: &Path) -> io::Result<Folder> {
        for _ in 0..ATTEMPTS {
            let path = mkdtemp(&parent.join(format!("{PREFIX}{RANDOM}")))?;
            // Another tracee may have taken it for abandoned.
            if let Ok(lock) = claim(&path) {
                *current() = Some(path.clone());
                return Ok(Folder { path, _lock: lock });
            }
        }
        Err(io::Error::other("folders in it are removed again and again"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        remove(&self.path);
        *current() = None;
    }
}

/// Removes what is left of a rebuild that a signal ends: compilers may still write, but not make the folder again.
pub fn abandon() {
    if let Some(path) = current().take() {
        remove(&path);
    }
}

/// Removes a folder, as far as that is possible.
fn remove(path: &Path) {
    for _ in 0..ATTEMPTS {
        match fs::remove_dir_all(path) {
            // A compiler has made another file meanwhile.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                thread::sleep(Duration::from_millis(10));
            }
            _ => return,
        }
    }
}

/// The lock of such a folder, if it is nobody else's; fails for one that is gone meanwhile, too.
fn claim(path: &Path) -> io::Result<File> {
    let folder = OpenOptions::new()
        .read(true)
        .custom_flags(O_DIRECTORY | O_NOFOLLOW)
        .open(path)?;
    lock(&folder)?;
    let (held, there) = (folder.metadata()?, fs::symlink_metadata(path)?);
    match (held.dev(), held.ino()) == (there.dev(), there.ino()) {
        true => Ok(folder),
        false => Err(io::ErrorKind::NotFound.into()),
    }
}

/// Removes folders of rebuilds that were killed.
fn remove_abandoned(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    let is_ours = |path: &Path| {
        fs::symlink_metadata(path).is_ok_and(|found| {
            found.is_dir() && found.uid() == geteuid().as_raw() && found.mode() & 0o077 == 0
        })
    };
    for entry in entries.flatten() {
        let random = entry.file_name().into_string().ok().and_then(|name| {
            let random = name.strip_prefix(PREFIX)?;
            Some(random.len())
        });
        let path = entry.path();
        if random == Some(RANDOM.len()) && is_ours(&path) {
            if let Ok(_lock) = claim(&path) {
                remove(&path);
            }
        }
    }
}

/// Writes the sources into this folder.
pub(crate) fn unpack(folder: &Path) -> Result<(), LoadError> {
    let broken = || LoadError::Rebuild("the sources inside the binary are damaged".into());
    let bytes = decompress_to_vec(SOURCES).map_err(|_| broken())?;
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let name = field(&mut rest).and_then(|name| std::str::from_utf8(name).ok());
        let path = folder.join(name.ok_or_else(broken)?);
        let contents = field(&mut rest).ok_or_else(broken)?;
        let failed = |error| LoadError::Rebuild(format!("{}: {error}", path.display()));
        fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(failed)?;
        fs::write(&path, contents).map_err(failed)?;
    }
    Ok(())
}

/// Takes the next field: its length in four bytes, least first, and its bytes.
fn field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, after) = rest.split_first_chunk::<4>()?;
    let (bytes, after) = after.split_at_checked(usize::try_from(u32::from_le_bytes(*len)).ok()?)?;
    *rest = after;
    Some(bytes)
}
