//! A program of two instructions, loaded once, tells whether the kernel takes its kind at all.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use libbpf_sys::{bpf_insn, bpf_prog_load_opts};

/// Every kernel with trampolines has it, and BTF for it.
const FUNCTION: &std::ffi::CStr = c"bpf_trampoline_link_prog";

/// Loads, and does not attach, an empty fexit program.
pub fn fexit() -> io::Result<()> {
    // r0 = 0; exit
    let instruction = |code| bpf_insn {
        code,
        ..Default::default()
    };
    let insns = [instruction(0xb7), instruction(0x95)];
    // SAFETY: the name is a C string; libbpf only reads it.
    let target =
        unsafe { libbpf_sys::libbpf_find_vmlinux_btf_id(FUNCTION.as_ptr(), libbpf_sys::BPF_TRACE_FEXIT) };
    let mut opts = bpf_prog_load_opts {
        sz: size_of::<bpf_prog_load_opts>() as libbpf_sys::size_t,
        expected_attach_type: libbpf_sys::BPF_TRACE_FEXIT,
        attach_btf_id: u32::try_from(target).map_err(|_| io::Error::from_raw_os_error(-target))?,
        ..Default::default()
    };
    // SAFETY: all pointers are to live data of the sizes that go with them.
    let program = unsafe {
        libbpf_sys::bpf_prog_load(
            libbpf_sys::BPF_PROG_TYPE_TRACING,
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
