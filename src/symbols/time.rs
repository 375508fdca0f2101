//! Clocks and timers: linux/time.h, linux/timex.h, linux/timerfd.h.

use super::table::Table::{self, Enum, Flags};

/// Clocks.
#[rustfmt::skip]
pub const CLOCK: &Table = &Enum(&[
    (0, "CLOCK_REALTIME"), (1, "CLOCK_MONOTONIC"), (2, "CLOCK_PROCESS_CPUTIME_ID"), (3, "CLOCK_THREAD_CPUTIME_ID"),
    (4, "CLOCK_MONOTONIC_RAW"), (5, "CLOCK_REALTIME_COARSE"), (6, "CLOCK_MONOTONIC_COARSE"), (7, "CLOCK_BOOTTIME"),
    (8, "CLOCK_REALTIME_ALARM"), (9, "CLOCK_BOOTTIME_ALARM"), (10, "CLOCK_SGI_CYCLE"), (11, "CLOCK_TAI"),
    (16, "CLOCK_AUX"),
]);

/// `setitimer(2)`
#[rustfmt::skip]
pub const ITIMER: &Table = &Enum(&[
    (0, "ITIMER_REAL"), (1, "ITIMER_VIRTUAL"), (2, "ITIMER_PROF"),
]);

/// `timer_settime(2)`, `clock_nanosleep(2)`.
#[rustfmt::skip]
pub const TIMER: &Table = &Flags(&[
    (1, "TIMER_ABSTIME"),
]);

/// `timerfd_create(2)`, `timerfd_settime(2)`.
#[rustfmt::skip]
pub const TIMERFD: &Table = &Flags(&[
    (1, "TFD_TIMER_ABSTIME"), (2, "TFD_TIMER_CANCEL_ON_SET"), (0x8_0000, "TFD_CLOEXEC"), (0x800, "TFD_NONBLOCK"),
]);

/// `adjtimex(2)`: modes, several bits first.
#[rustfmt::skip]
pub const ADJTIMEX: &Table = &Flags(&[
    (0xa001, "ADJ_OFFSET_SS_READ"), (0x8001, "ADJ_OFFSET_SINGLESHOT"), (1, "ADJ_OFFSET"), (2, "ADJ_FREQUENCY"),
    (4, "ADJ_MAXERROR"), (8, "ADJ_ESTERROR"), (0x10, "ADJ_STATUS"), (0x20, "ADJ_TIMECONST"), (0x80, "ADJ_TAI"),
    (0x100, "ADJ_SETOFFSET"), (0x1000, "ADJ_MICRO"), (0x2000, "ADJ_NANO"), (0x4000, "ADJ_TICK"),
]);

/// `adjtimex(2)`: status.
#[rustfmt::skip]
pub const CLOCK_STATUS: &Table = &Flags(&[
    (1, "STA_PLL"), (2, "STA_PPSFREQ"), (4, "STA_PPSTIME"), (8, "STA_FLL"), (0x10, "STA_INS"), (0x20, "STA_DEL"),
    (0x40, "STA_UNSYNC"), (0x80, "STA_FREQHOLD"), (0x100, "STA_PPSSIGNAL"), (0x200, "STA_PPSJITTER"),
    (0x400, "STA_PPSWANDER"), (0x800, "STA_PPSERROR"), (0x1000, "STA_CLOCKERR"), (0x2000, "STA_NANO"),
    (0x4000, "STA_MODE"), (0x8000, "STA_CLK"),
]);
