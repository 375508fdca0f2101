//! The BPF object: the one embedded in the binary or the one that was found, and its ABI stamp.

use std::ffi::CStr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::{ptr, slice};

use libbpf_rs::{ObjectBuilder, OpenObject};
use miniz_oxide::inflate::decompress_to_vec;
use nix::libc::{c_int, c_void, dl_phdr_info, madvise, MADV_DONTNEED, PF_W, PT_LOAD};

use crate::error::LoadError;
use crate::loader::probe::Program;

/// Changes with every change of what C and Rust share (build.rs).
pub const ABI_STAMP: &str = env!("TRACEE_ABI_STAMP");

/// Compressed: a third of the size, for some 10 ms.
static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/tracee.bpf.o.deflate"));

/// The object that is used, from when it was chosen or first opened until it has been loaded.
static BYTES: Mutex<Option<Arc<Vec<u8>>>> = Mutex::new(None);

/// The bytes of the embedded object.
pub fn embedded() -> Vec<u8> {
    decompress_to_vec(EMBEDDED).unwrap_or_default()
}

/// From now on this object is used. It must have been [checked](check), and nothing been opened yet.
pub fn choose(bytes: Vec<u8>) {
    *chosen() = Some(Arc::new(bytes));
}

fn chosen() -> MutexGuard<'static, Option<Arc<Vec<u8>>>> {
    BYTES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens the object; its types are matched with the kernel's when it is loaded.
pub fn open() -> Result<OpenObject, LoadError> {
    let bytes = Arc::clone(chosen().get_or_insert_with(|| Arc::new(embedded())));
    open_bytes(&bytes)
}

/// Whether these bytes are an object that this binary can use.
pub fn check(bytes: &[u8]) -> Result<(), LoadError> {
    open_bytes(bytes).map(|_| ())
}

fn open_bytes(bytes: &[u8]) -> Result<OpenObject, LoadError> {
    let mut builder = ObjectBuilder::default();
    let cannot = || LoadError::bpf("the BPF object cannot be opened");
    builder.name("tracee").map_err(cannot())?;
    let object = builder.open_memory(bytes).map_err(cannot())?;
    check_stamp(&object)?;
    Ok(object)
}

/// Programs of the object that attach to something; none if it cannot be [opened](try_programs).
pub fn programs() -> &'static [Program] {
    try_programs().unwrap_or_default()
}

/// As `programs`, or why there are none.
pub fn try_programs() -> Result<&'static [Program], LoadError> {
    static PROGRAMS: OnceLock<Result<Vec<Program>, LoadError>> = OnceLock::new();
    let list = || {
        let object = open()?;
        let programs = object.progs().filter_map(|program| {
            Program::new(
                &program.name().to_string_lossy(),
                &program.section().to_string_lossy(),
            )
        });
        Ok(programs.collect())
    };
    match PROGRAMS.get_or_init(list) {
        Ok(programs) => Ok(programs),
        Err(error) => Err(LoadError::Unreadable(error)),
    }
}

/// Gives memory back that loading or starting took, the object's first of all: nothing is opened again.
pub fn forget() {
    *chosen() = None;
    // The kernel's types have been read by now, some 10 MiB of small pieces.
    #[cfg(target_env = "gnu")]
    // SAFETY: only frees what nobody uses.
    let _ = unsafe { nix::libc::malloc_trim(0) };
    // SAFETY: the function keeps nothing of what it is given.
    unsafe { nix::libc::dl_iterate_phdr(Some(drop_pages), ptr::null_mut()) };
}

/// Code and constants that loading used: what is needed again comes from the file again.
unsafe extern "C" fn drop_pages(object: *mut dl_phdr_info, _size: usize, _data: *mut c_void) -> c_int {
    const PAGE: usize = 4096;
    // SAFETY: the C library gives a valid object.
    let object = unsafe { &*object };
    // SAFETY: so are its name and its segments.
    let (name, segments) = unsafe {
        (
            CStr::from_ptr(object.dlpi_name).to_bytes(),
            slice::from_raw_parts(object.dlpi_phdr, object.dlpi_phnum.into()),
        )
    };
    // The program itself has no name here; the kernel's own object is no file.
    if !name.is_empty() && !name.starts_with(b"/") {
        return 0;
    }
    for segment in segments {
        if segment.p_type != PT_LOAD || segment.p_flags & PF_W != 0 {
            continue;
        }
        let start = (object.dlpi_addr + segment.p_vaddr) as usize;
        let end = start + segment.p_memsz as usize;
        let start = start & !(PAGE - 1);
        // SAFETY: a segment that nobody can write is as it is in the file.
        unsafe { madvise(start as *mut c_void, end - start, MADV_DONTNEED) };
    }
    0
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
