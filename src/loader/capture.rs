//! The kernel side's part of capture: kinds, and sizes of its maps.

use crate::wire::{CAPTURE_EXEC, CAPTURE_MEM, CAPTURE_WRITE};

/// The kinds of capture, and the room that they take.
#[derive(Debug, Clone, Copy)]
pub struct CapturePlan {
    pub write: bool,
    pub exec: bool,
    pub mem: bool,
    /// Bytes of the ring of captures: a power of two.
    pub ring_size: u32,
    /// How many files are remembered.
    pub files: u32,
    /// For how many processes captured memory is counted.
    pub processes: u32,
}

impl CapturePlan {
    /// The kinds as `CAPTURE_*`.
    pub(super) fn bits(self) -> u32 {
        let bit = |on, bit| if on { bit } else { 0 };
        bit(self.write, CAPTURE_WRITE) | bit(self.exec, CAPTURE_EXEC) | bit(self.mem, CAPTURE_MEM)
    }
}
