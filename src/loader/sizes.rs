//! How large tables and rings are.

use std::fs;
use std::path::Path;

use libbpf_rs::libbpf_sys::{bpf_map_create_opts, size_t};
use libbpf_rs::{MapHandle, MapType};

use crate::error::LoadError;

/// Bytes of the ring of process life: what comes while the reader is at all others takes its time.
pub fn life_ring(cpus: usize) -> usize {
    (cpus * (128 << 10))
        .next_power_of_two()
        .clamp(256 << 10, 16 << 20)
}

/// So many processes there are at the most, so that tables of them do not fill up unless root raises the limits.
pub fn most_processes() -> usize {
    const MIN: usize = 4096;
    // The kernel's own limit of pids (PID_MAX_LIMIT).
    const MAX: usize = 4 << 20;
    let number = |name: &str| -> usize {
        let text = fs::read_to_string(Path::new("/proc/sys/kernel").join(name));
        text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(MAX)
    };
    number("pid_max").min(number("threads-max")).clamp(MIN, MAX)
}

/// One ring a CPU, each of that many bytes.
pub fn create_rings(cpus: usize, size: u32) -> Result<Vec<MapHandle>, LoadError> {
    let opts = bpf_map_create_opts {
        sz: size_of::<bpf_map_create_opts>() as size_t,
        ..Default::default()
    };
    (0..cpus)
        .map(|_| MapHandle::create(MapType::RingBuf, Some("tracee_ring"), 0, 0, size, &opts))
        .collect::<Result<_, _>>()
        .map_err(LoadError::bpf(format!(
            "{cpus} ring buffers of {size} bytes cannot be created"
        )))
}
