//! The BPF object: the one embedded in the binary or the one that was found, its ABI stamp and its programs.

use std::ffi::CStr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::{ptr, slice};

use libbpf_rs::{
    AsRawLibbpf, Map, MapCore, MapFlags, Object, ObjectBuilder, OpenMapMut, OpenObject, OpenProgramMut,
};
use libbpf_sys::{
    bpf_insn, bpf_program__set_insns, size_t, BPF_ALU, BPF_ALU64, BPF_CALL, BPF_JMP, BPF_MOV, BPF_PSEUDO_CALL,
};
use miniz_oxide::inflate::decompress_to_vec;
use nix::libc::{c_int, c_void, dl_phdr_info, madvise, MADV_DONTNEED, PF_W, PT_LOAD};

use crate::error::LoadError;
use crate::privilege::secure_execution;
use crate::privilege::way::{Folders, Media, Way};
use crate::wire::BODY_CALL;

/// The stamp changes with everything that C and Rust share (build.rs).
pub const ABI_STAMP: &str = env!("TRACEE_ABI_STAMP");

/// The object's file name.
pub const FILE_NAME: &str = "tracee.bpf.o";

/// The embedded object, compressed: a third of the size, for some 10 ms.
static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/tracee.bpf.o.deflate"));

/// The object in use, from choosing or first opening it until it has been loaded.
static BYTES: Mutex<Option<Arc<Vec<u8>>>> = Mutex::new(None);

/// The bytes of the embedded object.
pub fn embedded() -> Vec<u8> {
    decompress_to_vec(EMBEDDED).unwrap_or_default()
}

/// Sets the object that is used from now on. It must have been [checked](check), and nothing may have been opened yet.
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

/// An error unless these bytes are an object that this binary can use.
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

/// Programs of the object that attach to something; empty if it cannot be [opened](try_programs).
pub fn programs() -> &'static [Program] {
    try_programs().unwrap_or_default()
}

/// The same as `programs`, or an error if the object cannot be opened.
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

/// The rules for reaching an object in a file.
pub fn way(also: Option<u32>) -> Way {
    let secure = secure_execution();
    Way {
        root_only: secure,
        also: also.filter(|_| !secure),
        folders: if secure { Folders::Closed } else { Folders::Safe },
        media: if secure { Media::Fixed } else { Media::Kept },
        make: false,
    }
}

/// Leaves out the calls of all bodies but these from the program at `sys_exit` that looks at calls: libbpf appends, and
/// the kernel goes through, whatever a program calls. `bodies`: one bit each.
pub fn leave_out_bodies(program: &mut OpenProgramMut<'_>, bodies: u32) -> Result<(), LoadError> {
    let op = |code: u32| u8::try_from(code).unwrap_or_default();
    let set_number = [op(BPF_ALU | BPF_MOV), op(BPF_ALU64 | BPF_MOV)];
    let call = op(BPF_JMP | BPF_CALL);
    let mut insns = program.insns().to_vec();
    for at in 1..insns.len() {
        let (before, here) = (insns[at - 1], insns[at]);
        let number = u32::from_ne_bytes(before.imm.to_ne_bytes());
        let is_body = here.code == call
            && u32::from(here.src_reg()) == BPF_PSEUDO_CALL
            && set_number.contains(&before.code)
            && before.dst_reg() == 1
            && number & !31 == BODY_CALL;
        if is_body && bodies & 1 << (number & 31) == 0 {
            // r0 = 0
            insns[at] = bpf_insn {
                code: set_number[1],
                ..Default::default()
            };
        }
    }
    let count = insns.len() as size_t;
    // SAFETY: libbpf copies as many instructions as there are, and keeps the number that it had.
    let ret =
        unsafe { bpf_program__set_insns(program.as_libbpf_object().as_ptr(), insns.as_mut_ptr(), count) };
    match ret {
        0 => Ok(()),
        error => Err(LoadError::bpf("a program cannot be changed")(
            libbpf_rs::Error::from_raw_os_error(-error),
        )),
    }
}

/// A map of the object, before it is loaded.
pub fn open_map<'obj>(open: &'obj mut OpenObject, name: &'static str) -> Result<OpenMapMut<'obj>, LoadError> {
    open.maps_mut()
        .find(|map| map.name() == name)
        .ok_or_else(|| LoadError::Incomplete {
            kind: "map",
            name: name.into(),
        })
}

/// A map of the loaded object.
pub fn map<'obj>(object: &'obj Object, name: &'static str) -> Result<Map<'obj>, LoadError> {
    object
        .maps()
        .find(|map| map.name() == name)
        .ok_or_else(|| LoadError::Incomplete {
            kind: "map",
            name: name.into(),
        })
}

/// Sets the value of a key.
pub fn update<K: plain::Plain, V: plain::Plain>(map: &Map<'_>, key: &K, value: &V) -> Result<(), LoadError> {
    // SAFETY: keys and values of these maps are made of integers without padding.
    let (key, value) = unsafe { (plain::as_bytes(key), plain::as_bytes(value)) };
    map.update(key, value, MapFlags::ANY)
        .map_err(LoadError::bpf("a map cannot be filled"))
}

/// Frees memory that loading or starting took, above all the object's: nothing is opened again.
pub fn forget() {
    *chosen() = None;
    // The kernel's types have been read by now, some 10 MiB of small pieces.
    #[cfg(target_env = "gnu")]
    // SAFETY: only frees what is not in use.
    let _ = unsafe { nix::libc::malloc_trim(0) };
    // SAFETY: the function keeps no pointer that it receives.
    unsafe { nix::libc::dl_iterate_phdr(Some(drop_pages), ptr::null_mut()) };
}

/// Drops pages of code and constants that loading used; the kernel reads them from the file again if they are needed.
unsafe extern "C" fn drop_pages(object: *mut dl_phdr_info, _size: usize, _data: *mut c_void) -> c_int {
    const PAGE: usize = 4096;
    // SAFETY: the C library passes a valid object.
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

/// How a program attaches, best first where programs are not preempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mechanism {
    /// At the end of a function, by a trampoline: knows what it returned.
    Fexit,
    /// At the beginning of a function, by a trampoline.
    Fentry,
    /// At a raw tracepoint: cheapest.
    TpBtf,
    /// At a classic tracepoint: never preempted.
    Tp,
    /// At the beginning of a function, by a breakpoint.
    Kprobe,
    /// At a raw tracepoint of ext4, which reports only its files.
    Ext4TpBtf,
    /// At `sys_exit`: reads what a call has left in the kernel's objects.
    AfterTpBtf,
    /// The same where programs on raw tracepoints are preempted.
    AfterTp,
}

impl Mechanism {
    /// Suffix of the program's name.
    const fn suffix(self) -> &'static str {
        match self {
            Mechanism::Fexit => "fexit",
            Mechanism::Fentry => "fentry",
            Mechanism::TpBtf => "tp_btf",
            Mechanism::Tp => "tp",
            Mechanism::Kprobe => "kprobe",
            Mechanism::Ext4TpBtf => "ext4_tp_btf",
            Mechanism::AfterTpBtf => "after_tp_btf",
            Mechanism::AfterTp => "after_tp",
        }
    }

    const EVERY: [Mechanism; 8] = [
        Mechanism::Fexit,
        Mechanism::Fentry,
        Mechanism::TpBtf,
        Mechanism::Tp,
        Mechanism::Kprobe,
        Mechanism::Ext4TpBtf,
        Mechanism::AfterTpBtf,
        Mechanism::AfterTp,
    ];

    /// JSON's `source`.
    pub const fn source(self) -> &'static str {
        match self {
            Mechanism::Fexit => "fexit",
            Mechanism::Fentry => "fentry",
            Mechanism::TpBtf | Mechanism::Tp => "tracepoint",
            Mechanism::Kprobe => "kprobe",
            Mechanism::Ext4TpBtf => "tracepoint of ext4",
            Mechanism::AfterTpBtf | Mechanism::AfterTp => "after the call",
        }
    }

    /// By a trampoline at a function's beginning or end.
    pub const fn is_trampoline(self) -> bool {
        matches!(self, Mechanism::Fexit | Mechanism::Fentry)
    }

    /// By a raw tracepoint at `sys_exit`, or one of the kernel's.
    pub const fn is_raw(self) -> bool {
        matches!(self, Mechanism::TpBtf | Mechanism::AfterTpBtf)
    }

    /// Only after the call that led to it.
    pub const fn is_after(self) -> bool {
        matches!(self, Mechanism::AfterTpBtf | Mechanism::AfterTp)
    }

    /// By a classic tracepoint.
    pub const fn is_classic(self) -> bool {
        matches!(self, Mechanism::Tp | Mechanism::AfterTp)
    }
}

/// A program of the object that attaches to something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Program {
    /// How it attaches.
    pub mechanism: Mechanism,
    /// Its name in the object.
    pub name: String,
    /// Its section, as libbpf reads it: `tp_btf/sys_exit`.
    pub section: String,
}

impl Program {
    /// Returns `None` for programs that user space runs itself.
    pub fn new(name: &str, section: &str) -> Option<Program> {
        let (_, suffix) = name.rsplit_once("__")?;
        let mechanism = Mechanism::EVERY
            .into_iter()
            .find(|mechanism| mechanism.suffix() == suffix)?;
        Some(Program {
            mechanism,
            name: name.into(),
            section: section.into(),
        })
    }

    /// The name without its mechanism: an event, or a moment that several events need.
    pub fn stem(&self) -> &str {
        self.name.split("__").next().unwrap_or_default()
    }

    /// The name without its mechanism, of a program that looks at calls: its name in
    /// [`AFTER_BODIES`](crate::wire::AFTER_BODIES).
    pub fn body(&self) -> &str {
        self.name.rsplit_once("__after_").map_or("", |(body, _)| body)
    }

    /// Whether it is the program at `sys_exit` that also calls the bodies which look at calls.
    pub fn looks(&self) -> bool {
        self.name.starts_with("sys_exit__looking__")
    }

    /// The function or tracepoint that it attaches to.
    pub fn target(&self) -> &str {
        self.section.rsplit('/').next().unwrap_or_default()
    }
}
