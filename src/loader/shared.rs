//! What tracee and its programs tell each other while they run.
//!
//! Reading a map is a system call, and while one is under way the kernel runs no program on a classic tracepoint of that
//! CPU, for no other task either (`bpf_disable_instrumentation()`). So what is looked at again and again, the time and
//! whether anything was lost, is had without.

use std::ptr;

use libbpf_rs::{AsRawLibbpf, Map, MapCore, MapFlags};
use nix::time::{clock_gettime, ClockId};

use crate::error::LoadError;
use crate::loader::skel::types::control;
use crate::loader::Tracer;

/// ns since boot, suspend included, as our time namespace counts; 0 where there is no such clock.
pub fn boot_clock() -> u64 {
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(0, |time| {
        u64::try_from(time.tv_sec()).unwrap_or_default() * 1_000_000_000
            + u64::try_from(time.tv_nsec()).unwrap_or_default()
    })
}

impl Tracer {
    /// ns since boot on the kernel's own clock, without asking the kernel side again.
    pub fn now(&self) -> u64 {
        boot_clock().wrapping_add(self.clock_offset)
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

    fn data_map(&self, section: &'static str) -> Result<Map<'_>, LoadError> {
        self.object
            .maps()
            .find(|map| map.name().to_string_lossy().ends_with(section))
            .ok_or_else(|| LoadError::Incomplete {
                kind: "map",
                name: section.into(),
            })
    }
}
