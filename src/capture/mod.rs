//! Artefacts: what traced programs wrote, executed and unpacked.
//!
//! Two threads, so that events never wait: the collector reads the kernel side's ring of captures and fanotify(7), puts
//! bytes where they belong and gets hold of files; the keeper copies, hashes and lists. Both queues between them and to
//! the tracer are bounded: where the disk is slower than the programs, the ring overflows, and that is counted.

mod alerts;
mod clock;
mod collector;
mod container;
pub mod folder;
mod keeper;
pub mod kept;
mod memory;
pub mod record;
pub mod settings;
mod sightings;
pub mod store;
pub mod watch;
mod writes;

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc::{sync_channel, Receiver};
use std::sync::Arc;
use std::thread::JoinHandle;

use nix::sys::eventfd::{EfdFlags, EventFd};

use crate::catalogue::special;
use crate::clock::WallClock;
use crate::decode::event::{Arg, Context, Event, Value};
use crate::error::Error;
use crate::loader::capture::CapturePlan;
use crate::loader::CaptureMaps;
use crate::privilege::{self, Uses};
use clock::Clock;
use collector::{Collector, Setup};
use keeper::Keeper;
pub use settings::Settings;
use sightings::Sightings;
use store::Store;

/// Bytes of the kernel side's ring: what is written may come faster than a disk takes it.
pub const RING_BULK: u32 = 64 << 20;
/// Where only executed files are told, not their bytes.
pub const RING_SMALL: u32 = 1 << 20;
/// Files that the kernel side remembers.
pub const FILES: u32 = 1 << 15;
/// Processes of which it counts captured memory.
pub const PROCESSES: u32 = 4096;

/// The kind of what tells that nothing is captured any more.
pub const STOPPED: &str = "stopped";

/// Jobs that may wait; files are open meanwhile.
const JOBS: usize = 1024;
/// Results that may wait.
const RESULTS: usize = 4096;

impl Settings {
    /// What the kernel side has to know of it.
    pub fn plan(&self) -> CapturePlan {
        CapturePlan {
            write: self.write,
            exec: self.exec,
            mem: self.mem,
            ring_size: if self.write || self.mem {
                RING_BULK
            } else {
                RING_SMALL
            },
            files: FILES,
            processes: PROCESSES,
        }
    }
}

/// An artefact that has been stored, or could not be.
#[derive(Debug)]
pub struct Captured {
    pub who: Context,
    pub kind: &'static str,
    pub path: Vec<u8>,
    /// Below the output folder.
    pub artefact: Option<String>,
    pub size: u64,
    pub sha256: Option<String>,
    /// Why it is not complete.
    pub reason: Option<String>,
    pub dev: u64,
    pub inode: u64,
    pub addr: u64,
}

/// What a run has to say in the end.
#[derive(Debug, Default, Clone, Copy)]
pub struct Totals {
    /// Records and chunks that found no room in the kernel side's ring.
    pub lost: u64,
    /// Changes of memory that were too many.
    pub memory_skipped: u64,
}

/// Capture under way.
pub struct Capture {
    results: Receiver<Captured>,
    /// Readable when there are results.
    wake: Arc<EventFd>,
    stop: Arc<EventFd>,
    collector: JoinHandle<Totals>,
    keeper: JoinHandle<()>,
}

impl Capture {
    pub fn start(
        settings: Settings,
        store: Store,
        maps: CaptureMaps,
        wall: WallClock,
    ) -> Result<Capture, Error> {
        let eventfd = || {
            EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
                .map(Arc::new)
                .map_err(Error::system("eventfd"))
        };
        let (wake, stop) = (eventfd()?, eventfd()?);
        let store = Arc::new(store);
        let clock = Clock::new(wall);
        let sightings = Sightings::new(&settings, clock.clone()).map_err(Error::system("eventfd"))?;
        let (result, results) = sync_channel(RESULTS);
        let (jobs, work) = crossbeam_channel::bounded(JOBS);
        let keeper = Keeper {
            store: Arc::clone(&store),
            results: result,
            wake: Arc::clone(&wake),
            clock: clock.clone(),
            contents: HashMap::new(),
            memory: HashMap::new(),
        };
        let keeper = thread("capture-keep", move || keeper.run(&work))?;
        let stopped = Arc::clone(&stop);
        let (ready, begun) = sync_channel(1);
        let setup = Setup {
            settings,
            store,
            jobs,
            maps,
            clock,
            sightings,
        };
        let collector = thread("capture-read", move || Collector::run(setup, &stopped, &ready))?;
        // Files are watched before anything is traced.
        match begun.recv() {
            Ok(Ok(())) => Ok(Capture {
                results,
                wake,
                stop,
                collector,
                keeper,
            }),
            Ok(Err(error)) => Err(Error::System {
                what: "--capture",
                source: error,
            }),
            Err(_) => Err(Error::System {
                what: "--capture",
                source: std::io::Error::other("its thread has ended"),
            }),
        }
    }

    /// Becomes readable when there are results.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Results since the last call.
    pub fn results(&self) -> impl Iterator<Item = Captured> + '_ {
        let _ = self.wake.read();
        self.results.try_iter()
    }

    /// Stores what is left, when the programs have been detached.
    pub fn finish<E>(self, mut each: impl FnMut(&Captured) -> Result<(), E>) -> Result<Totals, E> {
        let _ = self.stop.write(1);
        let mut result = Ok(());
        // Ends when the keeper does.
        for captured in &self.results {
            if result.is_ok() {
                result = each(&captured);
            }
        }
        let totals = self.collector.join().unwrap_or_default();
        let _ = self.keeper.join();
        result.map(|()| totals)
    }
}

fn thread<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Error> {
    let limited = move || {
        // As the thread that starts this one will do for itself. Giving up what one has does not fail.
        let _ = privilege::limit_thread(Uses {
            proc: true,
            capture: true,
        });
        run()
    };
    std::thread::Builder::new()
        .name(name.into())
        .spawn(limited)
        .map_err(Error::system("thread"))
}

impl Captured {
    /// As an event.
    pub fn event(&self, now: u64, own_pid: u32) -> Event<'_> {
        let spec = special::ARTIFACT_CAPTURED;
        let context = match self.who.host_pid {
            0 => Context::own(spec, now, own_pid),
            _ => Context {
                time: now,
                event: spec.id,
                syscall: crate::wire::NO_SYSCALL,
                abi: 0,
                // It has no result: nothing was called.
                flags: crate::wire::RECORD_NO_RETURN,
                ret: 0,
                ..self.who
            },
        };
        let args = [
            text(0, Some(self.kind.as_bytes())),
            text(1, (!self.path.is_empty()).then_some(&self.path)),
            text(2, self.artefact.as_deref().map(str::as_bytes)),
            number(3, self.size),
            text(4, self.sha256.as_deref().map(str::as_bytes)),
            number(5, u64::from(self.reason.is_none())),
            text(6, self.reason.as_deref().map(str::as_bytes)),
            number(7, kernel_dev(self.dev)),
            number(8, self.inode),
            match self.addr {
                0 => arg(9, 0, Value::Null),
                addr => arg(9, addr, Value::Pointer),
            },
        ]
        .into_iter()
        .collect();
        Event::new(spec, context, args)
    }
}

fn arg(index: usize, raw: u64, value: Value<'_>) -> Arg<'_> {
    Arg::new(&special::ARTIFACT_CAPTURED.args[index], raw, value)
}

fn text(index: usize, text: Option<&[u8]>) -> Arg<'_> {
    arg(index, 0, text.map_or(Value::Null, Value::Str))
}

fn number(index: usize, number: u64) -> Arg<'static> {
    arg(index, number, Value::Number)
}

/// As the kernel's own `dev_t`, which events have.
fn kernel_dev(dev: u64) -> u64 {
    (u64::from(nix::libc::major(dev)) << 20) | u64::from(nix::libc::minor(dev))
}

type Jobs = crossbeam_channel::Sender<keeper::Job>;
