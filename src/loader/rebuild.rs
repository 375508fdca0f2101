//! Rebuilds the BPF object from the sources inside the binary: for whoever wants one of their own compiler.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use miniz_oxide::inflate::decompress_to_vec;
use nix::unistd::mkdtemp;

use crate::error::LoadError;
use crate::loader::compile::Compile;
use crate::loader::lookup::{self, FILE_NAME};
use crate::loader::object::{self, ABI_STAMP};
use crate::say;

/// Made by build.rs, which says how.
static SOURCES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/sources.deflate"));

/// Compiles the sources into `install_path`, which is made if it does not exist. Needs no privilege.
pub fn run(install_path: &Path) -> Result<(), LoadError> {
    let target = install_path.join(FILE_NAME);
    say!("rebuilding {}, which takes a while", target.display());
    let io = |path: &Path, error: io::Error| LoadError::Rebuild(format!("{}: {error}", path.display()));
    let trust = |path: &Path| {
        let place = lookup::way(None).to(path);
        place.map_err(|error| LoadError::Rebuild(format!("{error}: choose another --install-path")))
    };
    // Whoever can rename what is on the way could make us write elsewhere, before and after it is made.
    let there = install_path
        .ancestors()
        .find(|path| path.symlink_metadata().is_ok());
    trust(&there.unwrap_or(Path::new(".")).join(FILE_NAME))?;
    fs::create_dir_all(install_path).map_err(|error| io(install_path, error))?;
    trust(&target)?;
    let folder = Folder::make(install_path).map_err(|error| io(install_path, error))?;
    unpack(&folder.0)?;
    let object = folder.0.join(FILE_NAME);
    let compile = Compile {
        sources: &folder.0.join("src/bpf"),
        includes: &[&folder.0],
        scratch: &folder.0,
        arch: std::env::consts::ARCH,
        abi_stamp: ABI_STAMP,
    };
    compile.object(&object).map_err(LoadError::Rebuild)?;
    let bytes = fs::read(&object).map_err(|error| io(&object, error))?;
    object::check(&bytes)?;
    // Whatever the umask is: one that others can write is never used.
    fs::set_permissions(&object, Permissions::from_mode(0o644)).map_err(|error| io(&object, error))?;
    fs::rename(&object, &target).map_err(|error| io(&target, error))
}

/// A folder that nobody else can write, gone when this is.
struct Folder(PathBuf);

impl Folder {
    fn make(parent: &Path) -> io::Result<Folder> {
        Ok(Folder(mkdtemp(&parent.join("build-XXXXXX"))?))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Writes the sources into this folder.
fn unpack(folder: &Path) -> Result<(), LoadError> {
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
