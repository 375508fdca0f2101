//! The BPF object: the one embedded in the binary or the one that was found, and its ABI stamp.

use std::ffi::c_void;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::OnceLock;

use libbpf_rs::{ObjectBuilder, OpenObject};
use nix::sys::mman::{madvise, MmapAdvise};

use crate::error::LoadError;
use crate::loader::probe::Program;

/// Changes with every change of what C and Rust share (build.rs).
pub const ABI_STAMP: &str = env!("TRACEE_ABI_STAMP");

/// libelf reads the object in place, so it lies where its 8-byte fields want to.
#[repr(C, align(8))]
struct Aligned<T: ?Sized>(T);

static EMBEDDED: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/tracee.bpf.o")));

/// The object of a file, used instead of the embedded one.
static FOUND: OnceLock<Vec<u8>> = OnceLock::new();

/// The bytes of the embedded object.
pub fn embedded() -> &'static [u8] {
    &EMBEDDED.0
}

/// From now on this object is used. It must have been [checked](check), and nothing been opened yet.
pub fn choose(bytes: Vec<u8>) {
    // It is set once, before anything else.
    let _ = FOUND.set(bytes);
}

/// Opens the object; its types are matched with the kernel's, or with those in the file `btf`.
pub fn open(btf: Option<&Path>) -> Result<OpenObject, LoadError> {
    open_bytes(FOUND.get().map_or(&EMBEDDED.0, Vec::as_slice), btf)
}

/// Whether these bytes are an object that this binary can use.
pub fn check(bytes: &[u8]) -> Result<(), LoadError> {
    open_bytes(bytes, None).map(|_| ())
}

fn open_bytes(bytes: &[u8], btf: Option<&Path>) -> Result<OpenObject, LoadError> {
    let mut builder = ObjectBuilder::default();
    let cannot = || LoadError::bpf("the BPF object cannot be opened");
    builder.name("tracee").map_err(cannot())?;
    if let Some(path) = btf {
        builder.btf_custom_path(path).map_err(cannot())?;
    }
    let object = builder.open_memory(bytes).map_err(cannot())?;
    check_stamp(&object)?;
    Ok(object)
}

/// Programs of the object that attach to something.
pub fn programs() -> &'static [Program] {
    static PROGRAMS: OnceLock<Vec<Program>> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let Ok(object) = open(None) else {
            return Vec::new();
        };
        let programs = object.progs().filter_map(|program| {
            Program::new(
                &program.name().to_string_lossy(),
                &program.section().to_string_lossy(),
            )
        });
        programs.collect()
    })
}

/// Gives memory back that loading took. The embedded object's pages come from the binary again if they are ever needed.
pub fn forget() {
    const PAGE: usize = 4096;
    let range = EMBEDDED.0.as_ptr_range();
    let start = (range.start as usize).next_multiple_of(PAGE);
    let len = (range.end as usize).saturating_sub(start) / PAGE * PAGE;
    if let Some(start) = NonNull::new(start as *mut c_void).filter(|_| len > 0) {
        // SAFETY: whole pages of read-only data of this binary: the kernel reads them in anew where they are touched.
        // That it fails is no harm.
        let _ = unsafe { madvise(start, len, MmapAdvise::MADV_DONTNEED) };
    }
    // The kernel's types have been read by now, some 10 MiB of small pieces.
    #[cfg(target_env = "gnu")]
    // SAFETY: only frees what nobody uses.
    let _ = unsafe { nix::libc::malloc_trim(0) };
}

fn check_stamp(object: &OpenObject) -> Result<(), LoadError> {
    let incomplete = || LoadError::Incomplete {
        kind: "section",
        name: ".rodata.abi".into(),
    };
    let map = object
        .maps()
        .find(|map| map.name().to_string_lossy().ends_with(".rodata.abi"))
        .ok_or_else(incomplete)?;
    let bytes = map.initial_value().ok_or_else(incomplete)?;
    let found = String::from_utf8_lossy(bytes.split(|byte| *byte == 0).next().unwrap_or_default());
    if found == ABI_STAMP {
        Ok(())
    } else {
        Err(LoadError::AbiStamp {
            found: found.into_owned(),
            expected: ABI_STAMP,
        })
    }
}
