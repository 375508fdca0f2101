//! BTF from a file, for a kernel that carries none.
//!
//! Such a kernel refuses helpers whose arguments or results have types of its own, although the file names them. Programs
//! ask the BTF whether a helper exists and have another way where it does not, so that here these names are taken away.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::sys::memfd::{memfd_create, MFdFlags};

use crate::error::LoadError;

const TYPED_HELPERS: [&[u8]; 3] = [
    b"\0BPF_FUNC_get_current_task_btf\0",
    b"\0BPF_FUNC_task_pt_regs\0",
    b"\0BPF_FUNC_find_vma\0",
];

/// A changed copy of a BTF file, in memory.
pub struct Adapted(OwnedFd);

impl Adapted {
    /// Where libbpf can open it as long as this lives.
    pub fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.0.as_raw_fd()).into()
    }
}

/// Copies the file without the names of these helpers.
pub fn adapt(path: &Path) -> Result<Adapted, LoadError> {
    let failed = |error: std::io::Error| LoadError::BtfFile {
        path: path.into(),
        reason: error.to_string(),
    };
    let mut bytes = fs::read(path).map_err(failed)?;
    for name in TYPED_HELPERS {
        let found = bytes.windows(name.len()).position(|part| part == name);
        if let Some(at) = found {
            // One byte behind the leading zero: another name of the same length.
            bytes[at + 1] = b'_';
        }
    }
    let fd = memfd_create(c"btf", MFdFlags::MFD_CLOEXEC).map_err(|errno| failed(errno.into()))?;
    let mut file = File::from(fd);
    file.write_all(&bytes).map_err(failed)?;
    Ok(Adapted(file.into()))
}
