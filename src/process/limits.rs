//! How much is remembered of processes.

/// How much is remembered.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Processes, with those that have ended.
    pub processes: usize,
    /// Bytes of all their texts.
    pub text: usize,
    /// How long processes are remembered that have ended: ns by the time of events.
    pub dead_for: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            processes: 1 << 16,
            text: 16 << 20,
            dead_for: 60_000_000_000,
        }
    }
}
