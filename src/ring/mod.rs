//! Reads every CPU's ring and the one of process life, and forwards their records in order of time.
//!
//! The kernel side wakes us by the first record after [`WAKE_AGE`] without one, or by fill level (`wake_flags()` in
//! `src/bpf/lib/buffer.h`). Records that come within that time of a wake-up wake nobody, so after a round that found
//! any we look again by ourselves after the same time. An idle system wakes nobody at all.
//!
//! Records are forwarded from where they lie: a ring gets its room back when all records before have been. Only where
//! those that wait take much of their ring they are copied.

mod buffer;

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use libbpf_rs::MapCore;

use crate::wire::{self, WAKE_AGE_NS};
use buffer::{Buffer, Place};

/// The kernel side wakes us by the first record after this time without one.
const WAKE_AGE: Duration = Duration::from_nanos(WAKE_AGE_NS as u64);

/// A record may lie in its ring this long after the time in it was taken (ns): while its program was still writing
/// it, or was preempted at that. Younger records wait a round for what may still come before them.
const SETTLE_NS: u64 = 4_000_000;

/// We look again after this time where much of a ring waits for a record that is still being written: its program may
/// have been preempted, and needs its processor.
const UNFINISHED_AGE: Duration = Duration::from_millis(1);

/// This part of a ring is much of it: half of what wakes us.
const PRESSED_PART: u64 = 16;

/// Where the bytes of a record are.
enum Record {
    InRing {
        place: Place,
        /// Up to where its ring is free once this record has been forwarded.
        free: u64,
    },
    Copied(Box<[u8]>),
}

/// A record that was found and not yet forwarded.
struct Held {
    time: u64,
    record: Record,
    source: u32,
}

struct Source {
    buffer: Buffer,
    /// How many of its records are held.
    held: usize,
    /// Time of the latest record found.
    newest: u64,
    /// Where the first of those that are held begins, or where the next one will.
    oldest: u64,
}

impl Source {
    /// Finds the next record. A record without a time cannot be decoded either; it goes first, to be reported.
    fn find(&mut self, source: u32) -> Option<Held> {
        let place = self.buffer.find()?;
        let time = wire::peek_time(self.buffer.bytes(place)).unwrap_or(0);
        self.newest = self.newest.max(time);
        self.held += 1;
        Some(Held {
            time,
            record: Record::InRing { place, free: 0 },
            source,
        })
    }

    /// Whether records that wait take more of the ring than a reader should leave there: its kernel side then does not
    /// wake the reader for more.
    fn is_pressed(&self) -> bool {
        self.buffer.taken() >= self.buffer.size() / PRESSED_PART
    }
}

/// All rings.
pub struct Rings {
    sources: Vec<Source>,
    held: Vec<Held>,
}

impl Rings {
    /// Rings over these maps, all of type `BPF_MAP_TYPE_RINGBUF`.
    pub fn new<'a>(maps: impl IntoIterator<Item = &'a dyn MapCore>) -> io::Result<Self> {
        let buffers = maps
            .into_iter()
            .map(|map| Buffer::new(map.as_fd(), map.max_entries()));
        Ok(Rings::of(buffers.collect::<io::Result<_>>()?))
    }

    fn of(buffers: Vec<Buffer>) -> Rings {
        let source = |buffer: Buffer| Source {
            held: 0,
            newest: 0,
            oldest: buffer.found(),
            buffer,
        };
        Rings {
            sources: buffers.into_iter().map(source).collect(),
            held: Vec::new(),
        }
    }

    /// Descriptors that become readable when the kernel wakes us, for edge-triggered polls.
    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.sources.iter().map(|source| source.buffer.as_fd())
    }

    /// When to look again after a round that found records, unless the kernel wakes us before.
    pub fn look_again(&self) -> Duration {
        let pressed = self.sources.iter().filter(|source| source.is_pressed());
        let age = |source: &Source| match source.buffer.has_next() {
            true => Duration::ZERO,
            false => UNFINISHED_AGE,
        };
        pressed.map(age).min().unwrap_or(WAKE_AGE)
    }

    /// Reads the rings and forwards, in order of time, the records that no earlier one can follow any more.
    ///
    /// `now` is the time of the kernel's clock (ns since boot) before the call, or `None` when all programs have been
    /// detached, so that nothing can follow. Returns whether to look again without being woken: records are still held,
    /// or there may be some that have woken nobody. Without `now`: whether records were found.
    pub fn round<E>(
        &mut self,
        now: Option<u64>,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<bool, E> {
        let horizon = now.map_or(u64::MAX, |now| now.saturating_sub(SETTLE_NS));
        let mut found = false;
        self.sources.iter_mut().for_each(|source| source.buffer.look());
        while let Some(settled) = self.find() {
            found = true;
            let until = settled.min(horizon);
            self.sort();
            let ready = self.held.partition_point(|held| held.time <= until);
            for held in &self.held[..ready] {
                let source = &mut self.sources[held.source as usize];
                source.held -= 1;
                match &held.record {
                    Record::InRing { place, free } => {
                        each(source.buffer.bytes(*place))?;
                        source.buffer.free(*free);
                    }
                    Record::Copied(bytes) => each(bytes)?,
                }
            }
            self.held.drain(..ready);
            if self.held.first().is_some_and(|held| held.time > horizon) {
                break;
            }
        }
        self.free();
        let newest = self.sources.iter().map(|source| source.newest).max().unwrap_or(0);
        Ok(match now {
            Some(now) => !self.held.is_empty() || now < newest.saturating_add(WAKE_AGE_NS.into()),
            None => found,
        })
    }

    /// Finds the records of the next moment: of each ring so many that nothing before the time that it returns is
    /// missing, but for what is still being written. `None`: all have been found and forwarded.
    ///
    /// So of a full ring only some milliseconds are held, and it gets its room back bit by bit.
    fn find(&mut self) -> Option<u64> {
        for (index, source) in (0..).zip(&mut self.sources) {
            if source.held == 0 {
                self.held.extend(source.find(index));
            }
        }
        let first = self.held.iter().map(|held| held.time).min()?;
        let settled = first.saturating_add(SETTLE_NS);
        let mut all = true;
        for (index, source) in (0..).zip(&mut self.sources) {
            loop {
                if source.newest > settled.saturating_add(SETTLE_NS) && source.held > 0 {
                    all = false;
                    break;
                }
                match source.find(index) {
                    Some(held) => self.held.push(held),
                    None => break,
                }
            }
        }
        Some(if all { u64::MAX } else { settled })
    }

    /// Puts what is held in order, and notes what becomes free with each record.
    fn sort(&mut self) {
        // Stable: records of one moment keep the order of their ring; what tracee itself needs of one comes first.
        self.held.sort_by_key(|held| (held.time, held.source));
        for source in &mut self.sources {
            source.oldest = source.buffer.found();
        }
        for held in self.held.iter_mut().rev() {
            let source = &mut self.sources[held.source as usize];
            if let Record::InRing { place, free } = &mut held.record {
                *free = source.oldest;
                source.oldest = source.oldest.min(place.start);
            }
        }
    }

    /// Gives back all room but that of the records that wait; where they take much of it, theirs too.
    fn free(&mut self) {
        self.free_forwarded();
        if !self.sources.iter().any(Source::is_pressed) {
            return;
        }
        for held in &mut self.held {
            let source = &self.sources[held.source as usize];
            if let Record::InRing { place, .. } = held.record {
                if source.is_pressed() {
                    held.record = Record::Copied(source.buffer.bytes(place).into());
                }
            }
        }
        self.free_forwarded();
    }

    /// Gives back all room but that of the records that wait in their ring.
    fn free_forwarded(&mut self) {
        for source in &mut self.sources {
            source.oldest = source.buffer.found();
        }
        for held in &self.held {
            let source = &mut self.sources[held.source as usize];
            if let Record::InRing { place, .. } = held.record {
                source.oldest = source.oldest.min(place.start);
            }
        }
        for source in &mut self.sources {
            source.buffer.free_all(source.oldest);
        }
    }
}

#[cfg(test)]
mod tests;
