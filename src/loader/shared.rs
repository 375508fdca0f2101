//! Memory that tracee and its programs share while they run.
//!
//! Reading a map is a system call, and while one is under way the kernel runs no program on a classic tracepoint of
//! that CPU, for no other task either (`bpf_disable_instrumentation()`). So what is read again and again, the time and
//! whether anything was lost, takes no system call.

use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::ptr::{self, NonNull};

use libbpf_rs::MapHandle;
use nix::sys::mman::{mmap, munmap, MapFlags as MapFlags_, ProtFlags};
use nix::time::{clock_gettime, ClockId};

/// Time since boot in ns, suspend included, as our time namespace counts; 0 if the clock is missing.
pub fn boot_clock() -> u64 {
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(0, |time| {
        u64::try_from(time.tv_sec()).unwrap_or_default() * 1_000_000_000
            + u64::try_from(time.tv_nsec()).unwrap_or_default()
    })
}

/// The value of a map that programs share with us, in our own memory.
pub struct SharedMap<T> {
    at: NonNull<T>,
}

// SAFETY: the memory belongs to no thread; the kernel shares it with the process.
unsafe impl<T> Send for SharedMap<T> {}

impl<T: plain::Plain + Copy> SharedMap<T> {
    /// Maps the one value of a map that may be mapped (`BPF_F_MMAPABLE`), as those of global variables.
    pub fn new(map: &MapHandle) -> std::io::Result<Self> {
        let len = NonZeroUsize::new(size_of::<T>()).ok_or(std::io::ErrorKind::InvalidInput)?;
        // SAFETY: a new mapping, at an address of the kernel's choice.
        let at = unsafe {
            mmap(
                None,
                len,
                ProtFlags::PROT_READ,
                MapFlags_::MAP_SHARED,
                map.as_fd(),
                0,
            )
        }?;
        Ok(SharedMap { at: at.cast() })
    }

    pub fn read(&self) -> T {
        // SAFETY: mapped until this is dropped, aligned as a page is. Programs change it at any time, hence volatile.
        unsafe { ptr::read_volatile(self.at.as_ptr()) }
    }
}

impl<T> Drop for SharedMap<T> {
    fn drop(&mut self) {
        // SAFETY: the mapping that was made for this, to which no reference is left.
        let _ = unsafe { munmap(self.at.cast(), size_of::<T>()) };
    }
}
