//! Reads every CPU's ring and the one of process life, and forwards their records in order of time.
//!
//! The kernel side wakes us by the first record after [`WAKE_AGE`] without one, or by fill level (`wake_flags()` in
//! `src/bpf/lib/buffer.h`). Records that come within that time of a wake-up wake nobody, so after a round that found
//! any we look again by ourselves after the same time. An idle system wakes nobody at all.

use std::cell::RefCell;
use std::os::fd::BorrowedFd;
use std::rc::Rc;
use std::time::Duration;

use libbpf_rs::{MapCore, RingBuffer, RingBufferBuilder};

use crate::wire::{self, WAKE_AGE_NS};

/// The kernel side wakes us by the first record after this time without one.
pub const WAKE_AGE: Duration = Duration::from_nanos(WAKE_AGE_NS as u64);

/// A record may lie in its ring this long after the time in it was taken (ns): while its program was still writing
/// it, or was preempted at that. Younger records wait a round for what may still come before them.
const SETTLE_NS: u64 = 4_000_000;

/// At most so many bytes of one ring are held; the rest stays in the kernel until the other rings have caught up.
const HELD_MAX: usize = 512 * 1024;

/// How many records are taken from a ring at once.
const CHUNK: usize = 256;

/// A record that was read and not yet forwarded.
struct Held {
    time: u64,
    source: usize,
    /// Position in the arena (bytes).
    start: usize,
    len: usize,
}

/// Held records and their bytes, which libbpf's callbacks fill.
#[derive(Default)]
struct Arena {
    bytes: Vec<u8>,
    records: Vec<Held>,
    /// Bytes taken in this reading.
    taken: usize,
}

struct Source {
    ring: RingBuffer<'static>,
    /// Bytes held in the arena.
    held: usize,
    /// Time of the latest record read.
    newest: u64,
}

/// All rings.
pub struct Rings {
    sources: Vec<Source>,
    arena: Rc<RefCell<Arena>>,
}

impl Rings {
    /// Rings over these maps, all of type `BPF_MAP_TYPE_RINGBUF`.
    pub fn new<'a>(maps: impl IntoIterator<Item = &'a dyn MapCore>) -> libbpf_rs::Result<Self> {
        let arena = Rc::new(RefCell::new(Arena::default()));
        let mut sources = Vec::new();
        for (source, map) in maps.into_iter().enumerate() {
            let into = Rc::clone(&arena);
            let mut builder = RingBufferBuilder::new();
            builder.add(map, move |record| {
                let mut arena = into.borrow_mut();
                let start = arena.bytes.len();
                arena.bytes.extend_from_slice(record);
                // A record without a time cannot be decoded either; it goes first, to be reported.
                let time = wire::peek_time(record).unwrap_or(0);
                arena.records.push(Held {
                    time,
                    source,
                    start,
                    len: record.len(),
                });
                arena.taken += record.len();
                // A few records may be many bytes: a negative result stops reading.
                -i32::from(arena.taken >= HELD_MAX)
            })?;
            sources.push(Source {
                ring: builder.build()?,
                held: 0,
                newest: 0,
            });
        }
        Ok(Rings { sources, arena })
    }

    /// Descriptors that become readable when the kernel wakes us.
    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        // SAFETY: the descriptor belongs to a ring of ours, which is borrowed for as long.
        let borrow = |source: &Source| unsafe { BorrowedFd::borrow_raw(source.ring.epoll_fd()) };
        self.sources.iter().map(borrow)
    }

    /// Reads the rings and forwards, in order of time, the records that no earlier one can follow any more.
    ///
    /// `now` is the time of the kernel's clock (ns since boot) before the call, or `None` when all programs have been
    /// detached, so that nothing can follow. Returns whether records were read, or are still held, here or in a ring.
    pub fn round<E>(
        &mut self,
        now: Option<u64>,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<bool, E> {
        let mut horizon = now.map_or(u64::MAX, |now| now.saturating_sub(SETTLE_NS));
        let before = self.arena.borrow().records.len();
        let mut all_read = true;
        for index in 0..self.sources.len() {
            if !self.read(index) {
                all_read = false;
                horizon = horizon.min(self.sources[index].newest);
            }
        }
        let mut arena = self.arena.borrow_mut();
        let active = arena.records.len() > before;
        // Stable: records of one moment keep the order of their ring; what tracee itself needs of one comes first.
        arena.records.sort_by_key(|held| (held.time, held.source));
        let ready = arena.records.partition_point(|held| held.time <= horizon);
        for held in &arena.records[..ready] {
            each(&arena.bytes[held.start..held.start + held.len])?;
        }
        arena.keep_from(ready);
        for source in &mut self.sources {
            source.held = 0;
        }
        for held in &arena.records {
            self.sources[held.source].held += held.len;
        }
        Ok(active || !all_read || !arena.records.is_empty())
    }

    /// Reads one ring. Returns false if the ring holds more than may be taken now.
    fn read(&mut self, index: usize) -> bool {
        let source = &mut self.sources[index];
        loop {
            if source.held >= HELD_MAX {
                return false;
            }
            let first = {
                let mut arena = self.arena.borrow_mut();
                arena.taken = source.held;
                arena.records.len()
            };
            // A negative result: our callback has stopped the reading.
            let read = source.ring.consume_raw_n(CHUNK);
            let arena = self.arena.borrow();
            for held in &arena.records[first..] {
                source.held += held.len;
                source.newest = source.newest.max(held.time);
            }
            if usize::try_from(read).is_ok_and(|read| read < CHUNK) {
                return true;
            }
        }
    }
}

impl Arena {
    /// Drops the first `ready` records and closes the gaps.
    fn keep_from(&mut self, ready: usize) {
        self.records.drain(..ready);
        let mut bytes = Vec::with_capacity(self.records.iter().map(|held| held.len).sum());
        for held in &mut self.records {
            let start = bytes.len();
            bytes.extend_from_slice(&self.bytes[held.start..held.start + held.len]);
            held.start = start;
        }
        if bytes.is_empty() {
            // The usual case: keep the room for the next round.
            self.bytes.clear();
        } else {
            self.bytes = bytes;
        }
    }
}
