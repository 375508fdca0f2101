//! SIGINT, SIGTERM and SIGHUP end a run in order; SIGCHLD reports that the command has ended.
//!
//! With a command, `^C` is the command's, which the terminal sends it as well: tracing goes on to its end. A second one
//! within a second ends tracing. SIGTERM is passed on to the command.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicU8, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nix::libc;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::sigprocmask;
use nix::sys::signal::{sigaction, SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal};

use crate::error::Error;
use crate::loader::rebuild;
use crate::{privilege, say};

/// A run that was asked to stop and cannot write in this time is ended: nobody reads its output.
const STALLED: Duration = Duration::from_millis(600);

/// A second `^C` within this time ends tracing, whatever the command does.
const TWICE: Duration = Duration::from_secs(1);

/// Signals that end a run.
const ENDING: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

/// `si_code` of signals that the kernel sends by itself, such as for a terminal: from asm-generic/siginfo.h.
const SI_KERNEL: libc::c_int = 0x80;

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Nothing has been traced yet: a signal just ends the run.
    Starting,
    Running,
    /// What has been captured is being stored, which takes as long as it takes.
    Storing,
}

/// The signals of this process before tracee took them over.
#[derive(Debug, Clone, Copy)]
pub struct Before {
    mask: SigSet,
    /// Whether SIGXFSZ was ignored.
    ignored_limit: bool,
}

impl Before {
    /// Takes over the signals of the whole process: those that end it wait from now on until [`Stop::install`] has begun.
    /// Must be called before any thread is started. `marks`: SIGUSR1 is a sign to a run, and does not end it.
    pub fn take_over(marks: bool) -> Result<(Before, SigSet), Error> {
        let failed = Error::system("sigprocmask");
        let ours: SigSet = ENDING
            .into_iter()
            // nohup(1) ignores SIGHUP so that a run goes on when its terminal has gone.
            .filter(|signal| *signal != Signal::SIGHUP || !is_ignored(*signal))
            .chain([Signal::SIGCHLD])
            .chain(marks.then_some(Signal::SIGUSR1))
            .collect();
        let mut mask = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&ours), Some(&mut mask)).map_err(failed)?;
        let ignored_limit = is_ignored(Signal::SIGXFSZ);
        // A file that may not grow any more is an error like others.
        let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
        // SAFETY: no handler is involved.
        let _ = unsafe { sigaction(Signal::SIGXFSZ, &ignore) };
        Ok((Before { mask, ignored_limit }, ours))
    }

    /// Restores the signals for what this process will execute. Calls nothing but what may be called after a fork.
    pub fn restore(&self) {
        let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
        // Rust ignores SIGPIPE.
        let ours = [Signal::SIGPIPE, Signal::SIGXFSZ];
        for signal in &ours[..ours.len() - usize::from(self.ignored_limit)] {
            // SAFETY: no handler is involved.
            let _ = unsafe { sigaction(*signal, &default) };
        }
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.mask), None);
    }
}

fn is_ignored(signal: Signal) -> bool {
    // SAFETY: made of integers and a pointer that may be null; the call only fills it.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: asks, and changes nothing.
    let asked = unsafe { libc::sigaction(signal as libc::c_int, std::ptr::null(), &raw mut action) };
    asked == 0 && action.sa_sigaction == libc::SIG_IGN
}

/// What the signal thread and the run share.
#[derive(Clone)]
pub struct Stop {
    shared: Arc<Shared>,
}

struct Shared {
    asked: AtomicBool,
    /// Whether SIGUSR1 has come.
    marked: AtomicBool,
    phase: AtomicU8,
    /// Grows with each event, or flush of the outputs, that has been written.
    progress: AtomicU64,
    /// Whether one is being written.
    writing: AtomicBool,
    wake: EventFd,
    /// The command, if there is one.
    command: Option<OwnedFd>,
}

/// A signal that has come.
#[derive(Debug, Clone, Copy)]
struct Came {
    number: libc::c_int,
    /// Whether it is a terminal's `^C`, which all processes of its foreground group get.
    by_terminal: bool,
}

/// When a run that was asked to stop is checked for progress.
#[derive(Clone, Copy)]
struct Watch {
    next: Instant,
    /// Whether the run was writing at the last check, and its progress.
    before: (bool, u64),
    /// When the process ends, whatever the run is doing.
    last: Option<Instant>,
    warned: bool,
}

impl Stop {
    /// Begins to wait for these signals, which have been [taken over](Before::take_over). A process forked later would not
    /// have the thread.
    ///
    /// `command`: a descriptor of its process.
    pub fn install(signals: SigSet, command: Option<OwnedFd>) -> Result<Stop, Error> {
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
            .map_err(Error::system("eventfd"))?;
        let stop = Stop {
            shared: Arc::new(Shared {
                asked: AtomicBool::new(false),
                marked: AtomicBool::new(false),
                phase: AtomicU8::new(Phase::Starting as u8),
                progress: AtomicU64::new(0),
                writing: AtomicBool::new(false),
                wake,
                command,
            }),
        };
        let theirs = stop.clone();
        thread::Builder::new()
            .name("signals".into())
            .spawn(move || theirs.wait(&signals))
            .map_err(Error::system("a thread cannot be started"))?;
        Ok(stop)
    }

    /// Whether the user wants the run to end.
    pub fn asked(&self) -> bool {
        self.shared.asked.load(Ordering::Relaxed)
    }

    /// Whether SIGUSR1 has come since the last call.
    pub fn take_mark(&self) -> bool {
        self.shared.marked.swap(false, Ordering::Relaxed)
    }

    pub fn enter(&self, phase: Phase) {
        self.shared.phase.store(phase as u8, Ordering::Relaxed);
    }

    fn is_in(&self, phase: Phase) -> bool {
        self.shared.phase.load(Ordering::Relaxed) == phase as u8
    }

    /// Becomes readable at each signal.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.shared.wake.as_fd()
    }

    /// Makes it unreadable again.
    pub fn clear(&self) {
        // It fails if there was no signal, which is fine.
        let _ = self.shared.wake.read();
    }

    /// Writes something, which takes as long as a reader lets it.
    pub fn writing<T>(&self, write: impl FnOnce() -> T) -> T {
        self.shared.writing.store(true, Ordering::Relaxed);
        let result = write();
        self.shared.progress.fetch_add(1, Ordering::Relaxed);
        self.shared.writing.store(false, Ordering::Relaxed);
        result
    }

    fn state(&self) -> (bool, u64) {
        (
            self.shared.writing.load(Ordering::Relaxed),
            self.shared.progress.load(Ordering::Relaxed),
        )
    }

    /// The thread: waits for signals for ever. It starts no other, since there may be no room for one.
    fn wait(&self, signals: &SigSet) {
        // If this fails, it fails in the main thread as well, which reports it.
        let _ = privilege::drop_all();
        let mut watch: Option<Watch> = None;
        let mut interrupted: Option<Instant> = None;
        loop {
            match wait_for(signals, watch.map(|watch| watch.next)) {
                Some(came) if came.number == libc::SIGCHLD => {}
                Some(came) if came.number == libc::SIGUSR1 => {
                    self.shared.marked.store(true, Ordering::Relaxed)
                }
                Some(came) if self.is_the_commands(came, &mut interrupted) => {}
                Some(came) => self.signalled(came.number, &mut watch),
                None => {
                    if let Some(watch) = &mut watch {
                        self.look_after(watch);
                    }
                }
            }
            let _ = self.shared.wake.write(1);
        }
    }

    /// Whether this is a `^C` that the command has got, too, and the first one within a second.
    fn is_the_commands(&self, came: Came, interrupted: &mut Option<Instant>) -> bool {
        let theirs = came.by_terminal && self.command_runs() && !self.is_in(Phase::Starting);
        theirs
            && !self.asked()
            && interrupted
                .replace(Instant::now())
                .is_none_or(|before| before.elapsed() > TWICE)
    }

    /// Whether there is a command, and it has not ended.
    fn command_runs(&self) -> bool {
        self.shared.command.as_ref().is_some_and(|command| {
            let mut fds = [PollFd::new(command.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, PollTimeout::ZERO) == Ok(0)
        })
    }

    /// Passes a signal on to the command. It may have ended.
    fn pass_on(&self, signal: libc::c_int) {
        if let Some(command) = &self.shared.command {
            // SAFETY: a call on a descriptor that is open, with numbers and no further information.
            unsafe {
                libc::syscall(
                    libc::SYS_pidfd_send_signal,
                    command.as_raw_fd(),
                    signal,
                    std::ptr::null::<libc::siginfo_t>(),
                    0,
                )
            };
        }
    }

    fn signalled(&self, signal: libc::c_int, watch: &mut Option<Watch>) {
        say::ending();
        if signal == libc::SIGTERM {
            self.pass_on(signal);
        }
        if self.is_in(Phase::Starting) {
            rebuild::abandon();
            say!("stopped before tracing began");
            say!("0 events, 0 lost");
            // A command that was never run has not succeeded.
            process::exit(match self.shared.command {
                Some(_) => 128 + signal,
                None => 0,
            });
        }
        self.shared.asked.store(true, Ordering::Relaxed);
        let next = Instant::now() + STALLED;
        match watch {
            None => {
                *watch = Some(Watch {
                    next,
                    before: self.state(),
                    last: None,
                    warned: false,
                });
            }
            Some(watch) => {
                watch.last.get_or_insert(next);
            }
        }
    }

    /// Ends the process if its output is blocked, since nobody reads the pipe; and at a second signal in any case.
    fn look_after(&self, watch: &mut Watch) {
        let now = Instant::now();
        if watch.last.is_some_and(|last| last <= now) {
            say!("stopped by a second signal, before everything was printed or stored");
            process::exit(1);
        }
        let state = self.state();
        // Two checks with the same state: a write that had begun has not ended.
        if watch.before.0 && state == watch.before {
            say!("stopped before everything was printed: nobody reads the output");
            process::exit(1);
        }
        if self.is_in(Phase::Storing) && !watch.warned {
            say!("what was captured is still being stored; a second signal ends that");
            watch.warned = true;
        }
        watch.before = state;
        watch.next = watch.last.map_or(now + STALLED, |last| last.min(now + STALLED));
    }
}

/// The next of these signals; `None` when that moment has come.
fn wait_for(signals: &SigSet, until: Option<Instant>) -> Option<Came> {
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let timeout = left.map(|left| libc::timespec {
            tv_sec: left.as_secs() as libc::time_t,
            tv_nsec: left.subsec_nanos().into(),
        });
        let timeout = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: made of integers and of pointers that may be null.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: a set, a time and a structure to fill, which live until the call returns.
        let number = unsafe { libc::sigtimedwait(signals.as_ref(), &raw mut info, timeout) };
        if number > 0 {
            return Some(Came {
                number,
                by_terminal: number == libc::SIGINT && info.si_code == SI_KERNEL,
            });
        }
        if io::Error::last_os_error().raw_os_error() == Some(libc::EAGAIN) {
            return None;
        }
    }
}
