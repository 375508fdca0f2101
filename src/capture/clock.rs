//! Times of files beside those of events.

use std::fs;
use std::time::Duration;

use nix::time::{clock_gettime, ClockId};

use crate::clock::WallClock;

/// Times of files go in steps of a tick, which has up to 10 ms (CONFIG_HZ), and lag behind by one; by many where the CPU
/// that counts ticks waits, such as in a virtual machine whose host is busy.
const LAG: u64 = 1_000_000_000;

/// Compares the kernel side's times, in ns since boot, with those of files.
#[derive(Debug, Clone)]
pub struct Clock {
    wall: WallClock,
    /// By how much our time since boot is ahead of the kernel's, in a time namespace: ns, modulo 2^64.
    ahead: u64,
}

impl Clock {
    pub fn new(wall: WallClock) -> Clock {
        let offsets = fs::read_to_string("/proc/self/timens_offsets").unwrap_or_default();
        Clock {
            wall,
            ahead: ahead(&offsets),
        }
    }

    /// ns since boot
    pub fn now(&self) -> u64 {
        ns(ClockId::CLOCK_BOOTTIME).wrapping_sub(self.ahead)
    }

    /// The wall clock (ns since the epoch) at a time since boot, as events have it.
    pub fn wall(&self, time: u64) -> u64 {
        self.wall.wall(time)
    }

    /// Whether a file with this `ctime` (ns since the epoch) may have been changed later than `time` (ns since boot),
    /// as the clock was set then or is set now.
    pub fn may_be_later(&self, ctime: u64, time: u64) -> bool {
        let since = self.now().saturating_sub(time);
        let now = ns(ClockId::CLOCK_REALTIME).saturating_sub(since);
        ctime.saturating_add(LAG) >= now.min(self.wall(time))
    }
}

fn ns(clock: ClockId) -> u64 {
    let time = clock_gettime(clock).map_or(Duration::ZERO, Duration::from);
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Parses the line `boottime <seconds> <ns>` of time_namespaces(7).
fn ahead(offsets: &str) -> u64 {
    let boottime = offsets.lines().find_map(|line| line.strip_prefix("boottime"));
    let mut words = boottime.unwrap_or_default().split_whitespace();
    let mut next = || {
        words
            .next()
            .and_then(|word| word.parse::<i64>().ok())
            .unwrap_or(0)
    };
    let ns = next().wrapping_mul(1_000_000_000).wrapping_add(next());
    u64::from_ne_bytes(ns.to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_no_difference() {
        let clock = Clock {
            wall: WallClock::start(0).unwrap(),
            ahead: 0,
        };
        let (now, real) = (clock.now(), ns(ClockId::CLOCK_REALTIME));
        assert!(clock.may_be_later(real, now));
        assert!(clock.may_be_later(real - 10_000_000, now));
        assert!(!clock.may_be_later(real - 10_000_000_000, now));
        assert!(clock.may_be_later(real - 10_000_000_000, now - 20_000_000_000));
    }

    #[test]
    fn time_namespaces() {
        assert_eq!(ahead(""), 0);
        assert_eq!(
            ahead("monotonic           0         0\nboottime            5         7\n"),
            5_000_000_007
        );
        assert_eq!(ahead("boottime -1 0"), 1_000_000_000_u64.wrapping_neg());
    }
}
