//! What is captured, as far as the kernel side knows of it.

// Constants of src/bpf/record.h; a test compares them.
pub const CAPTURE_WRITE: u32 = 1 << 0;
pub const CAPTURE_EXEC: u32 = 1 << 1;
pub const CAPTURE_MEM: u32 = 1 << 2;

/// Kinds of what is captured, and the room that it takes.
#[derive(Debug, Clone, Copy)]
pub struct CapturePlan {
    pub write: bool,
    pub exec: bool,
    pub mem: bool,
    /// Bytes of the ring of captures: a power of two.
    pub ring_size: u32,
    /// Files that are remembered.
    pub files: u32,
    /// Processes of which captured memory is counted.
    pub processes: u32,
}

impl CapturePlan {
    /// `CAPTURE_*` of record.h.
    pub(super) fn bits(self) -> u32 {
        let bit = |on, bit| if on { bit } else { 0 };
        bit(self.write, CAPTURE_WRITE) | bit(self.exec, CAPTURE_EXEC) | bit(self.mem, CAPTURE_MEM)
    }
}
