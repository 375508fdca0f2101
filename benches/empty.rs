//! The least that a program at `tp_btf/sys_exit` can do: nothing. What tracee adds is compared with it.

use std::ffi::CStr;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr;

use libbpf_sys::{bpf_insn, bpf_prog_load_opts};

/// An attached empty program; dropping this detaches it.
pub struct EmptyProgram {
    _program: OwnedFd,
    _link: OwnedFd,
}

impl EmptyProgram {
    pub fn attach() -> io::Result<EmptyProgram> {
        EmptyProgram::attach_to(c"sys_exit")
    }

    /// Attaches an empty program to a raw tracepoint.
    pub fn attach_to(tracepoint: &CStr) -> io::Result<EmptyProgram> {
        // r0 = 0; exit
        let instruction = |code| bpf_insn {
            code,
            ..Default::default()
        };
        let insns = [instruction(0xb7), instruction(0x95)];
        // SAFETY: the name is a C string; libbpf only reads it.
        let target = unsafe {
            libbpf_sys::libbpf_find_vmlinux_btf_id(tracepoint.as_ptr(), libbpf_sys::BPF_TRACE_RAW_TP)
        };
        let mut opts = bpf_prog_load_opts {
            sz: size_of::<bpf_prog_load_opts>() as libbpf_sys::size_t,
            expected_attach_type: libbpf_sys::BPF_TRACE_RAW_TP,
            attach_btf_id: checked(target)? as u32,
            ..Default::default()
        };
        // SAFETY: all pointers are to live data of the sizes that go with them.
        let program = unsafe {
            libbpf_sys::bpf_prog_load(
                libbpf_sys::BPF_PROG_TYPE_TRACING,
                c"empty".as_ptr(),
                c"GPL".as_ptr(),
                insns.as_ptr(),
                insns.len() as libbpf_sys::size_t,
                &mut opts,
            )
        };
        // SAFETY: a new descriptor that nobody else owns.
        let program_fd = unsafe { OwnedFd::from_raw_fd(checked(program)?) };
        // SAFETY: the program knows its target, so that no name is given.
        let link = unsafe { libbpf_sys::bpf_raw_tracepoint_open(ptr::null(), program) };
        // SAFETY: a new descriptor that nobody else owns.
        let link_fd = unsafe { OwnedFd::from_raw_fd(checked(link)?) };
        Ok(EmptyProgram {
            _program: program_fd,
            _link: link_fd,
        })
    }
}

/// libbpf returns negative error numbers.
fn checked(ret: i32) -> io::Result<i32> {
    if ret < 0 {
        Err(io::Error::from_raw_os_error(-ret))
    } else {
        Ok(ret)
    }
}
