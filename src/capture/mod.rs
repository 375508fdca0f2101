//! Artefacts: what traced programs wrote, executed and unpacked.
//!
//! Two threads, so that events never wait: the collector reads the kernel side's ring of captures and fanotify(7), puts
//! bytes where they belong and gets hold of files; the keeper copies, hashes and lists. Both queues between them and to
//! the tracer are bounded: where the disk is slower than the programs, the ring overflows, and that is counted.

mod alerts;
mod captured;
mod clock;
mod collector;
mod container;
mod execs;
pub mod folder;
mod job;
mod keeper;
pub(crate) mod kept;
mod memory;
mod process;
mod reach;
pub mod record;
pub(crate) mod settings;
mod shared;
mod sightings;
pub(crate) mod store;
#[cfg(test)]
mod tests;
pub(crate) mod watch;
mod writes;

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc::{sync_channel, Receiver};
use std::sync::Arc;
use std::thread::JoinHandle;

use nix::sys::eventfd::{EfdFlags, EventFd};

use crate::clock::WallClock;
use crate::error::Error;
use crate::loader::capture::CapturePlan;
use crate::loader::CaptureMaps;
use crate::privilege::{self, Uses};
pub use captured::{Captured, Totals};
use clock::Clock;
use collector::{Collector, Setup};
use keeper::Keeper;
pub use settings::Settings;
use sightings::Sightings;
use store::Store;

/// Bytes of the kernel side's ring: programs may write faster than a disk.
pub const RING_BULK: u32 = 64 << 20;
/// Bytes of the ring if only executed files are reported, not their bytes.
pub const RING_SMALL: u32 = 1 << 20;
/// How many files the kernel side remembers.
pub const FILES: u32 = 1 << 15;
/// For how many processes it counts captured memory.
pub const PROCESSES: u32 = 4096;

/// How many jobs may wait; their files are open meanwhile.
const JOBS: usize = 1024;
/// How many results may wait.
const RESULTS: usize = 4096;

impl Settings {
    /// The kernel side's part of these settings.
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
    /// Starts the threads that read the ring of captures and store what it carries.
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

    /// Stores what is left, after the programs have been detached.
    pub fn finish<E>(self, mut each: impl FnMut(&Captured) -> Result<(), E>) -> Result<Totals, E> {
        let _ = self.stop.write(1);
        let mut result = Ok(());
        // The channel ends when the keeper does.
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
        // The thread that starts this one does the same for itself later. Dropping capabilities does not fail.
        let _ = privilege::limit_thread(Uses {
            proc: true,
            capture: true,
            command: None,
        });
        run()
    };
    std::thread::Builder::new()
        .name(name.into())
        .spawn(limited)
        .map_err(Error::system("thread"))
}
