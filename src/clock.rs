//! The wall clock beside the kernel's time since boot, which records have.
//!
//! Both go at the same pace, whatever NTP does to that pace: the difference changes only when somebody sets the clock,
//! steps it, or inserts a leap second. A thread waits for such a change and measures the difference anew; so does every
//! round of the main loop, in case the thread had no time to. Records from before the change keep the old difference.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use nix::errno::Errno;
use nix::libc;
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::timerfd::{ClockId as TimerClock, TimerFd, TimerFlags};
use nix::time::{clock_gettime, ClockId};
use nix::unistd::read;

use crate::error::Error;
use crate::privilege;

/// At most so many changes are remembered; the oldest are dropped first.
const CHANGES: usize = 1024;

/// A difference is measured so many times, and the best counts: another task may run between reading one clock and the
/// other.
const MEASURES: usize = 5;

/// A difference below this (ns) may come from measuring.
const NOTICED: u64 = 2_000;

/// A change of the wall clock. Times are ns since boot, as the kernel counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// When the change was noticed (ns since boot): from then on the new difference holds.
    pub time: u64,
    /// The latest time at which the change had not happened (ns since boot).
    pub unchanged_until: u64,
    /// Time of boot by the wall clock, ns since the epoch modulo 2^64.
    pub before: u64,
    /// The same afterwards.
    pub after: u64,
}

/// The wall clock for times since boot: (from when on, time of boot in ns since the epoch modulo 2^64), in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline(Vec<(u64, u64)>);

impl Timeline {
    /// A clock that was never set: time of boot in ns since the epoch.
    pub fn new(epoch: u64) -> Timeline {
        Timeline(vec![(0, epoch)])
    }

    /// The difference of the clocks as it is now, in our own time namespace.
    pub fn now() -> Timeline {
        Timeline::new(measure(0).epoch)
    }

    /// ns since the epoch at this time since boot.
    pub fn wall(&self, time: u64) -> u64 {
        let spans = &self.0;
        let (_, epoch) = spans
            .iter()
            .rev()
            .find(|(from, _)| *from <= time)
            .unwrap_or(&spans[0]);
        epoch.wrapping_add(time)
    }

    /// The spans in order: from when on, and time of boot in ns since the epoch modulo 2^64.
    pub fn spans(&self) -> &[(u64, u64)] {
        &self.0
    }

    /// A clock of these spans; `None` without any, with too many, or if they are not in order.
    pub fn of_spans(spans: Vec<(u64, u64)>) -> Option<Timeline> {
        let ordered = spans.is_sorted_by_key(|(from, _)| *from);
        (ordered && (1..=CHANGES).contains(&spans.len())).then_some(Timeline(spans))
    }

    fn change(&mut self, time: u64, epoch: u64) {
        if self.0.len() >= CHANGES {
            self.0.remove(0);
        }
        self.0.push((time, epoch));
    }
}

/// Keeps up with the wall clock. Clones share their state.
#[derive(Debug, Clone)]
pub struct WallClock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// By how much the kernel's time since boot is ahead of ours, which differs in a time namespace (ns).
    ahead: u64,
    state: Mutex<State>,
    changed: EventFd,
}

#[derive(Debug)]
struct State {
    timeline: Timeline,
    /// When the difference was last measured (ns since boot).
    looked: u64,
    /// Changes that have not been reported.
    changes: Vec<Change>,
}

/// One measurement of the clocks.
#[derive(Debug, Clone, Copy)]
struct Measured {
    /// Time since boot before the measurement (ns).
    time: u64,
    /// Time of boot by the wall clock (ns since the epoch).
    epoch: u64,
    /// By how much `epoch` may be wrong (ns).
    error: u64,
}

impl WallClock {
    /// Begins to follow the clock. `ahead`: by how much the kernel's time since boot is ahead of ours (ns, modulo
    /// 2^64).
    pub fn start(ahead: u64) -> Result<WallClock, Error> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let changed = EventFd::from_flags(flags).map_err(Error::system("eventfd"))?;
        // The timer is set before the first measurement, so that no change is missed.
        let timer = never().map_err(Error::system("timerfd"))?;
        let first = measure(ahead);
        let clock = WallClock {
            shared: Arc::new(Shared {
                ahead,
                state: Mutex::new(State {
                    timeline: Timeline::new(first.epoch),
                    looked: first.time,
                    changes: Vec::new(),
                }),
                changed,
            }),
        };
        let theirs = clock.clone();
        thread::Builder::new()
            .name("clock".into())
            .spawn(move || theirs.wait(&timer))
            .map_err(Error::system("a thread cannot be started"))?;
        Ok(clock)
    }

    /// What the thread does: waits for changes, and measures.
    fn wait(&self, timer: &TimerFd) {
        run_first();
        let _ = privilege::drop_all();
        let mut expirations = [0; 8];
        loop {
            match read(timer, &mut expirations) {
                Err(Errno::ECANCELED) if self.check() => {
                    let _ = self.shared.changed.write(1);
                }
                // Only the thread ends: every round of the main loop checks the clock, too.
                Err(Errno::ECANCELED | Errno::EINTR) => {}
                _ => return,
            }
        }
    }

    /// Becomes readable when the clock has changed.
    pub fn changed(&self) -> BorrowedFd<'_> {
        self.shared.changed.as_fd()
    }

    /// Measures the clock. Returns whether it has changed since the last measurement.
    pub fn check(&self) -> bool {
        let mut state = self.state();
        // The lock keeps measurements in order.
        let now = measure(self.shared.ahead);
        state.look(now)
    }

    /// The differences known so far.
    pub fn timeline(&self) -> Timeline {
        self.state().timeline.clone()
    }

    /// ns since the epoch at this time since boot.
    pub fn wall(&self, time: u64) -> u64 {
        self.state().timeline.wall(time)
    }

    /// Changes since the last call.
    pub fn take_changes(&self) -> Vec<Change> {
        let _ = self.shared.changed.read();
        std::mem::take(&mut self.state().changes)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn look(&mut self, now: Measured) -> bool {
        let before = self.timeline.wall(now.time).wrapping_sub(now.time);
        let difference = (now.epoch.wrapping_sub(before) as i64).unsigned_abs();
        let changed = difference > NOTICED.saturating_add(now.error);
        if changed {
            if self.changes.len() >= CHANGES {
                self.changes.remove(0);
            }
            self.changes.push(Change {
                time: now.time,
                unchanged_until: self.looked,
                before,
                after: now.epoch,
            });
            self.timeline.change(now.time, now.epoch);
        }
        self.looked = now.time;
        changed
    }
}

/// This thread runs before others as soon as it can: what is recorded before it has measured gets the old time. Where
/// this is not permitted, the thread is as quick as others.
fn run_first() {
    let first = libc::sched_param { sched_priority: 1 };
    // SAFETY: a structure that lives until the call returns, for this thread.
    let _ = unsafe {
        libc::sched_setscheduler(0, libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, &raw const first)
    };
}

/// A timer that never expires, and is cancelled when the clock is set.
fn never() -> io::Result<TimerFd> {
    let timer = TimerFd::new(TimerClock::CLOCK_REALTIME, TimerFlags::TFD_CLOEXEC)?;
    let forever = libc::itimerspec {
        it_interval: libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        },
        it_value: libc::timespec {
            tv_sec: libc::time_t::MAX,
            tv_nsec: 0,
        },
    };
    let flags = libc::TFD_TIMER_ABSTIME | libc::TFD_TIMER_CANCEL_ON_SET;
    // SAFETY: an open timer, and a time that lives until the call returns.
    let set = unsafe {
        libc::timerfd_settime(
            timer.as_fd().as_raw_fd(),
            flags,
            &raw const forever,
            std::ptr::null_mut(),
        )
    };
    match set {
        0 => Ok(timer),
        _ => Err(io::Error::last_os_error()),
    }
}

fn measure(ahead: u64) -> Measured {
    let once = || {
        let before = ns(ClockId::CLOCK_BOOTTIME);
        let wall = ns(ClockId::CLOCK_REALTIME);
        let after = ns(ClockId::CLOCK_BOOTTIME);
        let error = after.saturating_sub(before) / 2;
        Measured {
            time: before.wrapping_add(ahead),
            epoch: wall.wrapping_sub(before + error).wrapping_sub(ahead),
            error,
        }
    };
    let first = once();
    let best = (1..MEASURES).map(|_| once()).fold(
        first,
        |best, next| if next.error < best.error { next } else { best },
    );
    // What the last look saw is not older than the first.
    Measured {
        time: first.time,
        ..best
    }
}

fn ns(clock: ClockId) -> u64 {
    clock_gettime(clock).map_or(0, |time| {
        time.tv_sec()
            .wrapping_mul(1_000_000_000)
            .wrapping_add(time.tv_nsec()) as u64
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_has_the_clock_of_its_time() {
        let mut timeline = Timeline::new(1000);
        assert_eq!(timeline.wall(5), 1005);
        timeline.change(100, 5000);
        timeline.change(200, 10);
        for (time, wall) in [
            (0, 1000),
            (99, 1099),
            (100, 5100),
            (199, 5199),
            (200, 210),
            (u64::MAX - 10, u64::MAX),
        ] {
            assert_eq!(timeline.wall(time), wall, "{time}");
        }
        // A clock that says less than has passed since boot.
        assert_eq!(Timeline::new(0u64.wrapping_sub(10)).wall(15), 5);
        for at in 0..2 * CHANGES as u64 {
            timeline.change(1000 + at, at);
        }
        assert_eq!(timeline.0.len(), CHANGES);
    }

    #[test]
    fn looks_notice_what_is_more_than_their_error() {
        let mut state = State {
            timeline: Timeline::new(1_000_000),
            looked: 5,
            changes: Vec::new(),
        };
        let mut look = |time, epoch, error| state.look(Measured { time, epoch, error });
        assert!(!look(10, 1_000_000, 0));
        assert!(!look(20, 1_002_000, 0));
        assert!(!look(30, 1_020_000, 20_000));
        assert!(!look(35, 998_500, 0));
        assert!(look(40, 1_020_000, 100));
        assert!(look(50, 0, 100));
        assert!(!look(60, 0, 100));
        let change = |time, unchanged_until, before, after| Change {
            time,
            unchanged_until,
            before,
            after,
        };
        assert_eq!(
            state.changes,
            [change(40, 35, 1_000_000, 1_020_000), change(50, 40, 1_020_000, 0)]
        );
        assert_eq!(state.timeline.wall(45), 1_020_045);
    }

    /// What the module relies on: NTP changes the pace of both clocks, not their difference.
    #[test]
    fn the_difference_is_the_same_for_a_while() {
        let clock = WallClock::start(0).unwrap();
        assert!(!clock.check());
        let now = ns(ClockId::CLOCK_BOOTTIME);
        let wall = ns(ClockId::CLOCK_REALTIME);
        assert!(clock.wall(now).abs_diff(wall) < 10_000_000);
        assert_eq!(clock.take_changes(), []);
    }
}
