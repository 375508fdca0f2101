//! The BPF object: the one embedded in the binary, and its ABI stamp.

use std::ffi::c_void;
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

/// Opens the embedded object.
pub fn open() -> Result<OpenObject, LoadError> {
    let object = ObjectBuilder::default()
        .name("tracee")
        .and_then(|builder| builder.open_memory(&EMBEDDED.0))
        .map_err(LoadError::bpf("the BPF object cannot be opened"))?;
    check_stamp(&object)?;
    Ok(object)
}

/// Programs of the embedded object that attach to something.
pub fn programs() -> &'static [Program] {
    static PROGRAMS: OnceLock<Vec<Program>> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let Ok(object) = open() else {
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
