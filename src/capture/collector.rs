//! The thread that reads the ring of captures, and gets hold of files before they are gone.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::os::fd::BorrowedFd;
use std::rc::Rc;
use std::sync::mpsc::SyncSender;
use std::sync::Arc;
use std::time::Duration;

use libbpf_rs::{AsRawLibbpf, MapCore, RingBuffer, RingBufferBuilder};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::EventFd;

use super::alerts::Alerts;
use super::captured::Totals;
use super::clock::Clock;
use super::container::Containers;
use super::execs::Execs;
use super::job::Jobs;
use super::record::{self, Taken};
use super::settings::Settings;
use super::shared::Shared;
use super::sightings::{Closed, Sightings};
use super::store::Store;
use super::writes::Writes;
use crate::loader::containers;
use crate::loader::shared::SharedMap;
use crate::loader::CaptureMaps;
use crate::wire::{capture_misses, CHUNK_MEMORY, TAKE_EXEC};

/// While something is pending, the thread looks again after this time.
const TICK: Duration = Duration::from_millis(250);
/// How many records are read before fanotify is asked again, whose queue holds some ten thousand events.
const RECORDS: usize = 1024;

/// The state of the thread; see the module.
pub struct Collector {
    shared: Shared,
    misses: SharedMap<capture_misses>,
    /// Files closed after writing, which are handled when the ring has been read up to that position.
    closed: VecDeque<(u64, Closed)>,
    execs: Execs,
    alerts: Alerts,
    writes: Writes,
    lost: u64,
}

type Ready = SyncSender<io::Result<()>>;

/// What a collector begins with.
pub struct Setup {
    pub settings: Settings,
    pub store: Arc<Store>,
    pub jobs: Jobs,
    pub maps: CaptureMaps,
    pub clock: Clock,
    pub sightings: Option<Arc<Sightings>>,
}

impl Collector {
    /// The thread: works until `stop` is readable, and then on until nothing is left.
    pub fn run(setup: Setup, stop: &EventFd, ready: &Ready) -> Totals {
        match Collector::prepare(setup, stop) {
            Ok((collector, ring, epoll)) => {
                let _ = ready.send(Ok(()));
                Collector::work(&collector, &ring, &epoll, stop)
            }
            Err(error) => {
                let _ = ready.send(Err(error));
                Totals::default()
            }
        }
    }

    #[allow(clippy::type_complexity)] // All parts of a run, created once.
    fn prepare(
        setup: Setup,
        stop: &EventFd,
    ) -> io::Result<(Rc<RefCell<Collector>>, RingBuffer<'static>, Epoll)> {
        let other = |error: libbpf_rs::Error| io::Error::other(error);
        let Setup {
            settings,
            store,
            jobs,
            maps,
            clock,
            sightings,
        } = setup;
        let map = maps.containers;
        let find = move |key| {
            let found = containers::lookup(&map, key).ok().flatten()?;
            Some((found.id.to_vec(), found.owner))
        };
        let collector = Rc::new(RefCell::new(Collector {
            writes: Writes::new(Box::new(maps.files)),
            shared: Shared {
                settings,
                store,
                jobs,
                sightings,
                containers: Containers::new(Box::new(find)),
                clock,
            },
            misses: SharedMap::new(&maps.misses)?,
            closed: VecDeque::new(),
            execs: Execs::default(),
            alerts: Alerts::default(),
            lost: 0,
        }));
        let into = Rc::clone(&collector);
        let mut builder = RingBufferBuilder::new();
        builder
            .add(&maps.ring as &dyn MapCore, move |bytes| {
                into.borrow_mut().record(bytes);
                0
            })
            .map_err(other)?;
        let ring = builder.build().map_err(other)?;
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let readable = EpollEvent::new(EpollFlags::EPOLLIN, 0);
        epoll.add(stop, readable)?;
        // SAFETY: the ring is there for as long as the epoll set, both in this thread.
        epoll.add(unsafe { BorrowedFd::borrow_raw(ring.epoll_fd()) }, readable)?;
        if let Some(sightings) = &collector.borrow().shared.sightings {
            let urgent = EpollEvent::new(EpollFlags::EPOLLPRI | EpollFlags::EPOLLERR, 1);
            sightings.wake(&epoll, readable, urgent)?;
        }
        Ok((collector, ring, epoll))
    }

    fn work(
        collector: &Rc<RefCell<Collector>>,
        ring: &RingBuffer<'_>,
        epoll: &Epoll,
        stop: &EventFd,
    ) -> Totals {
        let mut ready = [EpollEvent::empty(); 8];
        loop {
            let timeout = match collector.borrow().is_pending() {
                true => EpollTimeout::try_from(TICK).unwrap_or(EpollTimeout::ZERO),
                false => EpollTimeout::NONE,
            };
            let n = epoll.wait(&mut ready, timeout).unwrap_or(0);
            if ready[..n].iter().any(|event| event.data() == 1) {
                if let Some(sightings) = &collector.borrow().shared.sightings {
                    sightings.mark_mounts();
                }
            }
            let stopped = stop.read().is_ok();
            loop {
                // A file that is closed now has been written before: its chunks are in the ring, up to here.
                collector.borrow_mut().look(|| positions(ring).1);
                let all = ring.consume_raw_n(RECORDS) <= 0;
                let mut this = collector.borrow_mut();
                this.after_round(positions(ring).0, stopped && all);
                match (stopped, all) {
                    (true, true) => return this.totals(),
                    (true, false) => {}
                    (false, _) => break,
                }
            }
        }
    }

    fn is_pending(&self) -> bool {
        self.shared.sightings.as_ref().is_some_and(|it| it.is_pending())
            || !self.closed.is_empty()
            || self.alerts.is_pending()
            || self.writes.is_pending()
    }

    fn totals(&self) -> Totals {
        let misses = self.misses.read();
        Totals {
            lost: misses.lost,
            memory_skipped: misses.memory_skipped,
        }
    }

    /// Takes what fanotify has seen. `position`: where in the ring reading has to come first.
    fn look(&mut self, position: impl Fn() -> u64) {
        if let Some(sightings) = &self.shared.sightings {
            let closed = sightings.look();
            let position = position();
            self.closed
                .extend(closed.into_iter().map(|file| (position, file)));
        }
    }

    /// Handles a record of the kernel side.
    fn record(&mut self, bytes: &[u8]) {
        match record::parse(bytes) {
            Some(Taken::Chunk(head, data)) if head.flags & CHUNK_MEMORY != 0 => {
                self.alerts.memory(&mut self.shared, &head, data)
            }
            Some(Taken::Chunk(head, data)) => self.writes.written(&mut self.shared, &head, data),
            Some(Taken::Alert(alert)) => self.alerts.alert(*alert),
            Some(Taken::File(file)) if file.what == TAKE_EXEC => self.execs.exec(&mut self.shared, &file),
            Some(Taken::File(file)) => self.writes.file(&mut self.shared, *file),
            None => {}
        }
    }

    /// Called when the ring has been read up to this position.
    fn after_round(&mut self, position: u64, stopped: bool) {
        let lost = self.misses.read().lost;
        if lost != self.lost {
            self.lost = lost;
            self.writes
                .doubt_all("bytes were lost on their way: the ring was full");
        }
        if self
            .shared
            .sightings
            .as_ref()
            .is_some_and(|it| it.take_overflow())
        {
            self.writes.doubt_all("the kernel dropped events of fanotify");
        }
        while self
            .closed
            .front()
            .is_some_and(|(at, _)| stopped || *at <= position)
        {
            let Some((_, Closed { stat, file })) = self.closed.pop_front() else {
                break;
            };
            if let (Some(sightings), Some(_)) = (&self.shared.sightings, &file) {
                sightings.let_go();
            }
            self.writes.file_closed(&mut self.shared, &stat, file);
        }
        self.alerts.after_round(&mut self.shared, stopped);
        self.writes.finish_writes(&mut self.shared, stopped);
    }
}

/// How far the ring has been read, and how far it has been written: bytes.
fn positions(ring: &RingBuffer<'_>) -> (u64, u64) {
    // SAFETY: a ring buffer that is alive, with one ring.
    unsafe {
        let ring = libbpf_sys::ring_buffer__ring(ring.as_libbpf_object().as_ptr(), 0);
        (
            libbpf_sys::ring__consumer_pos(ring),
            libbpf_sys::ring__producer_pos(ring),
        )
    }
}
