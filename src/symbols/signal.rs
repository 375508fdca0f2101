//! Signals: asm/signal.h, asm-generic/siginfo.h.

use std::fmt::Write as _;

use super::table::Table::{self, Enum, Flags, Hex, Overlay};
use super::table::{name, push_name, Names};

/// Signals that have a name of their own.
#[rustfmt::skip]
pub(super) const SIGNALS: Names = &[
    (1, "SIGHUP"), (2, "SIGINT"), (3, "SIGQUIT"), (4, "SIGILL"), (5, "SIGTRAP"), (6, "SIGABRT"), (7, "SIGBUS"),
    (8, "SIGFPE"), (9, "SIGKILL"), (10, "SIGUSR1"), (11, "SIGSEGV"), (12, "SIGUSR2"), (13, "SIGPIPE"),
    (14, "SIGALRM"), (15, "SIGTERM"), (16, "SIGSTKFLT"), (17, "SIGCHLD"), (18, "SIGCONT"), (19, "SIGSTOP"),
    (20, "SIGTSTP"), (21, "SIGTTIN"), (22, "SIGTTOU"), (23, "SIGURG"), (24, "SIGXCPU"), (25, "SIGXFSZ"),
    (26, "SIGVTALRM"), (27, "SIGPROF"), (28, "SIGWINCH"), (29, "SIGIO"), (30, "SIGPWR"), (31, "SIGSYS"),
];

/// `sigprocmask(2)`
#[rustfmt::skip]
pub const PROCMASK: &Table = &Enum(&[
    (0, "SIG_BLOCK"), (1, "SIG_UNBLOCK"), (2, "SIG_SETMASK"),
]);

/// `sigaction(2)`
#[rustfmt::skip]
pub const ACTION: &Table = &Flags(&[
    (0x400_0000, "SA_RESTORER"), (0x800_0000, "SA_ONSTACK"), (0x1000_0000, "SA_RESTART"),
    (0x2000_0000, "SA_INTERRUPT"), (0x4000_0000, "SA_NODEFER"), (0x8000_0000, "SA_RESETHAND"), (4, "SA_SIGINFO"),
    (1, "SA_NOCLDSTOP"), (2, "SA_NOCLDWAIT"), (0x400, "SA_UNSUPPORTED"), (0x800, "SA_EXPOSE_TAGBITS"),
]);

/// `sigaction(2)`: handlers that are no function.
#[rustfmt::skip]
pub const HANDLER: &Table = &Hex(&[
    (0, "SIG_DFL"), (1, "SIG_IGN"), (0xffff_ffff_ffff_ffff, "SIG_ERR"),
]);

/// `sigaltstack(2)`
#[rustfmt::skip]
pub const ALTSTACK: &Table = &Flags(&[
    (1, "SS_ONSTACK"), (2, "SS_DISABLE"), (0x8000_0000, "SS_AUTODISARM"),
]);

/// `signalfd4(2)`
#[rustfmt::skip]
pub const SIGNALFD: &Table = &Flags(&[
    (0x8_0000, "SFD_CLOEXEC"), (0x800, "SFD_NONBLOCK"),
]);

/// `struct sigevent`: `sigev_notify`.
#[rustfmt::skip]
pub const SIGEV: &Table = &Enum(&[
    (0, "SIGEV_SIGNAL"), (1, "SIGEV_NONE"), (2, "SIGEV_THREAD"), (4, "SIGEV_THREAD_ID"),
]);

/// `si_code` of signals that a process sent.
#[rustfmt::skip]
const SI_ANY: Names = &[
    (0, "SI_USER"), (0x80, "SI_KERNEL"), (0xffff_ffc4, "SI_ASYNCNL"), (0xffff_fff9, "SI_DETHREAD"),
    (0xffff_fffa, "SI_TKILL"), (0xffff_fffb, "SI_SIGIO"), (0xffff_fffc, "SI_ASYNCIO"), (0xffff_fffd, "SI_MESGQ"),
    (0xffff_fffe, "SI_TIMER"), (0xffff_ffff, "SI_QUEUE"),
];

/// `si_code` of any signal.
#[rustfmt::skip]
pub const SI: &Table = &Enum(SI_ANY);

/// `si_code` of `SIGCHLD`.
#[rustfmt::skip]
pub const SI_CLD: &Table = &Overlay(&[
    (1, "CLD_EXITED"), (2, "CLD_KILLED"), (3, "CLD_DUMPED"), (4, "CLD_TRAPPED"), (5, "CLD_STOPPED"),
    (6, "CLD_CONTINUED"),
], SI_ANY);

/// First real-time signal, and last signal of all, as the kernel counts them.
const SIGRTMIN: u64 = 32;
const SIGRTMAX: u64 = 64;

/// Appends `SIGINT` for 2; from 32 on `SIGRTMIN`, `SIGRT_1`, …. Returns false if the signal does not exist.
pub fn push_signal(out: &mut String, signal: i32) -> bool {
    u64::try_from(signal).is_ok_and(|signal| push_number(out, signal))
}

/// The same for a register. Returns false if the signal does not exist.
pub fn push_number(out: &mut String, value: u64) -> bool {
    match value {
        SIGRTMIN => out.push_str("SIGRTMIN"),
        33..=SIGRTMAX => {
            let _ = write!(out, "SIGRT_{}", value - SIGRTMIN);
        }
        _ => return push_name(out, name(SIGNALS, value)),
    }
    true
}

/// Appends a set of signals, the lowest bit of which is signal 1: `[SIGINT SIGCHLD]`; a set that has two thirds of them
/// or more, by those that it lacks: `~[SIGKILL]`.
pub fn push_sigset(out: &mut String, set: u64) {
    let negate = set.count_ones() >= u64::BITS * 2 / 3;
    let mut rest = if negate { !set } else { set };
    out.push_str(if negate { "~[" } else { "[" });
    while rest != 0 {
        push_number(out, u64::from(rest.trailing_zeros()) + 1);
        rest &= rest - 1;
        if rest != 0 {
            out.push(' ');
        }
    }
    out.push(']');
}
