//! What can only be found out by trying: whether the kernel accepts a kind of program, or a perf event, at all.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use libbpf_sys::{bpf_insn, bpf_prog_load_opts, bpf_prog_type};
use nix::libc::{c_long, syscall, SYS_perf_event_open};

/// A function that every kernel with trampolines has, with BTF for it.
const FUNCTION: &std::ffi::CStr = c"bpf_trampoline_link_prog";

/// Loads, and does not attach, an empty fexit program.
pub fn fexit() -> io::Result<()> {
    // SAFETY: the name is a C string; libbpf only reads it.
    let target =
        unsafe { libbpf_sys::libbpf_find_vmlinux_btf_id(FUNCTION.as_ptr(), libbpf_sys::BPF_TRACE_FEXIT) };
    load(
        libbpf_sys::BPF_PROG_TYPE_TRACING,
        bpf_prog_load_opts {
            expected_attach_type: libbpf_sys::BPF_TRACE_FEXIT,
            attach_btf_id: u32::try_from(target).map_err(|_| io::Error::from_raw_os_error(-target))?,
            ..Default::default()
        },
    )
}

/// Loads, and does not attach, an empty program on a raw tracepoint: what every run needs the privilege for.
pub fn raw_tracepoint() -> io::Result<()> {
    load(
        libbpf_sys::BPF_PROG_TYPE_RAW_TRACEPOINT,
        bpf_prog_load_opts::default(),
    )
}

/// Loads an empty program of that type.
fn load(program_type: bpf_prog_type, mut opts: bpf_prog_load_opts) -> io::Result<()> {
    // r0 = 0; exit
    let instruction = |code| bpf_insn {
        code,
        ..Default::default()
    };
    let insns = [instruction(0xb7), instruction(0x95)];
    opts.sz = size_of::<bpf_prog_load_opts>() as libbpf_sys::size_t;
    // SAFETY: all pointers are to live data of the sizes that go with them.
    let program = unsafe {
        libbpf_sys::bpf_prog_load(
            program_type,
            c"trial".as_ptr(),
            c"GPL".as_ptr(),
            insns.as_ptr(),
            insns.len() as libbpf_sys::size_t,
            &mut opts,
        )
    };
    if program < 0 {
        return Err(io::Error::from_raw_os_error(-program));
    }
    // SAFETY: a new descriptor that nobody else owns.
    drop(unsafe { OwnedFd::from_raw_fd(program) });
    Ok(())
}

/// Opens, and closes, a perf event of the whole system that counts nothing.
pub fn perf_event() -> io::Result<()> {
    const SOFTWARE: u64 = 1;
    const DUMMY: u64 = 9;
    const CLOEXEC: c_long = 1 << 3;
    // struct perf_event_attr, in its first version: type and size, config, and zeros.
    let mut attr = [0u64; 8];
    attr[0] = SOFTWARE | ((size_of_val(&attr) as u64) << 32);
    attr[1] = DUMMY;
    // SAFETY: the kernel reads as many bytes as `attr` says that it has.
    let event = unsafe { syscall(SYS_perf_event_open, attr.as_ptr(), -1, 0, -1, CLOEXEC) };
    if event < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a new descriptor that nobody else owns.
    drop(unsafe { OwnedFd::from_raw_fd(event as i32) });
    Ok(())
}
