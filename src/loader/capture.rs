//! What is captured, as far as the kernel side knows of it.

use crate::wire::{CAPTURE_EXEC, CAPTURE_MEM, CAPTURE_WRITE};

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
    /// `CAPTURE_*`.
    pub(super) fn bits(self) -> u32 {
        let bit = |on, bit| if on { bit } else { 0 };
        bit(self.write, CAPTURE_WRITE) | bit(self.exec, CAPTURE_EXEC) | bit(self.mem, CAPTURE_MEM)
    }
}
