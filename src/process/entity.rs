//! Ids of processes that stay the same when tracee is started again, and that anybody can compute.

use std::fs;

use sha2::{Digest, Sha256};

use crate::decode::process::Entity;

/// proc(5) counts in hundredths of a second (USER_HZ).
pub const TICK_NS: u64 = 10_000_000;

/// This run of the machine.
pub struct Boot {
    begun: Sha256,
}

impl Boot {
    /// The machine's, as it says itself.
    pub fn this() -> Boot {
        let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Boot::new(id.trim())
    }

    /// By its id.
    pub fn new(id: &str) -> Boot {
        Boot {
            begun: Sha256::new_with_prefix(id),
        }
    }

    /// The first 16 hexadecimal digits of SHA-256 over `BOOT_ID:PID:START`: the start as in `/proc/PID/stat`, which has no
    /// finer time.
    pub fn entity(&self, pid: u32, start: u64) -> Entity {
        let mut hash = self.begun.clone();
        hash.update(format!(":{pid}:{}", start / TICK_NS));
        let digest = hash.finalize();
        Entity(digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_what_sha256sum_says() {
        // printf %s 4a2d6c1e-0000-4000-8000-000000000001:4321:5678 | sha256sum | cut -c 1-16
        let boot = Boot::new("4a2d6c1e-0000-4000-8000-000000000001");
        let expected = 0x9a3b_6396_d53f_f145;
        assert_eq!(boot.entity(4321, 56_780_000_000), Entity(expected));
        // Within the same hundredth of a second.
        assert_eq!(boot.entity(4321, 56_789_999_999), Entity(expected));
        assert_ne!(boot.entity(4321, 56_790_000_000), Entity(expected));
        assert_ne!(boot.entity(4322, 56_780_000_000), Entity(expected));
    }
}
