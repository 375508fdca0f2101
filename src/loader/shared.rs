//! What tracee and its programs tell each other while they run.
//!
//! Reading a map is a system call, and while one is under way the kernel runs no program on a classic tracepoint of that
//! CPU, for no other task either (`bpf_disable_instrumentation()`). So what is looked at again and again, the time and
//! whether anything was lost, is had without.

use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::ptr::{self, NonNull};

use libbpf_rs::{AsRawLibbpf, Map, MapCore, MapFlags, MapHandle};
use nix::sys::mman::{mmap, munmap, MapFlags as MapFlags_, ProtFlags};
use nix::time::{clock_gettime, ClockId};

use crate::error::LoadError;
use crate::loader::skel::types::{capture_misses, control};
use crate::loader::Tracer;

/// ns since boot, suspend included, as our time namespace counts; 0 where there is no such clock.
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

// SAFETY: memory that the kernel shares with whoever has it, in no thread's keeping.
unsafe impl<T> Send for SharedMap<T> {}

impl<T: plain::Plain + Copy> SharedMap<T> {
    /// Of a map of one value, which may be mapped (`BPF_F_MMAPABLE`), as those of global variables.
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
        // SAFETY: the mapping that was made for this, which nobody refers to any more.
        let _ = unsafe { munmap(self.at.cast(), size_of::<T>()) };
    }
}

// SAFETY: made of integers only, so that every bit pattern is a value.
unsafe impl plain::Plain for capture_misses {}

impl Tracer {
    /// ns since boot on the kernel's own clock, without asking the kernel side again.
    pub fn now(&self) -> u64 {
        boot_clock().wrapping_add(self.clock_offset)
    }

    /// What the kernel's time since boot is ahead of ours (ns, modulo 2^64).
    pub fn clock_ahead(&self) -> u64 {
        self.clock_offset
    }

    /// How many records have been lost so far, from memory that the programs share with us.
    pub fn lost_in_all(&self) -> Result<u64, LoadError> {
        let map = self.data_map(".data.lost")?;
        let mut size = 0;
        // SAFETY: the map is alive, and so is what libbpf gives: its one value, mapped into our memory.
        let value = unsafe { libbpf_sys::bpf_map__initial_value(map.as_libbpf_object().as_ptr(), &mut size) };
        if value.is_null() || size < size_of::<u64>() as libbpf_sys::size_t {
            return Err(LoadError::Incomplete {
                kind: "map",
                name: ".data.lost".into(),
            });
        }
        // SAFETY: at least 8 bytes, aligned as a map's values are. Programs change them at any time, hence volatile.
        Ok(unsafe { ptr::read_volatile(value.cast::<u64>()) })
    }

    pub(super) fn read_control(&self) -> Result<control, LoadError> {
        let failed = "the control map cannot be read";
        let bytes = self
            .control_map()?
            .lookup(&0u32.to_ne_bytes(), MapFlags::ANY)
            .map_err(LoadError::bpf(failed))?
            .unwrap_or_default();
        let mut value = control::default();
        plain::copy_from_bytes(&mut value, &bytes).map_err(|_| LoadError::Incomplete {
            kind: "map",
            name: "control".into(),
        })?;
        Ok(value)
    }

    pub(super) fn write_control(&self) -> Result<(), LoadError> {
        // SAFETY: `control` is made of integers without padding.
        let bytes = unsafe { plain::as_bytes(&self.control) };
        self.control_map()?
            .update(&0u32.to_ne_bytes(), bytes, MapFlags::ANY)
            .map_err(LoadError::bpf("the control map cannot be written"))
    }

    fn control_map(&self) -> Result<Map<'_>, LoadError> {
        self.data_map(".data.control")
    }

    pub(super) fn data_map(&self, section: &'static str) -> Result<Map<'_>, LoadError> {
        self.object
            .maps()
            .find(|map| map.name().to_string_lossy().ends_with(section))
            .ok_or_else(|| LoadError::Incomplete {
                kind: "map",
                name: section.into(),
            })
    }
}
