use super::*;
use std::convert::Infallible;
use std::fs::File;
use std::num::NonZeroUsize;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use nix::sys::memfd::{memfd_create, MFdFlags};
use nix::sys::mman::{mmap, MapFlags, ProtFlags};

const PAGE: usize = 4096;
const SIZE: u32 = 1 << 16;
const BUSY: u32 = 1 << 31;
const DISCARDED: u32 = 1 << 30;

/// The kernel's side of a ring, as kernel/bpf/ringbuf.c writes it, in a file's memory.
struct Kernel {
    file: File,
    base: *mut u8,
    position: u64,
}

// SAFETY: the memory is shared, and is only accessed by atomics, or where the protocol allows it.
unsafe impl Send for Kernel {}

impl Kernel {
    fn new() -> Kernel {
        let file = File::from(memfd_create(c"ring", MFdFlags::empty()).unwrap());
        let len = 2 * PAGE + SIZE as usize;
        file.set_len(len as u64).unwrap();
        let prot = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        let len = NonZeroUsize::new(len).unwrap();
        // SAFETY: new memory, which stays mapped until the test ends.
        let base = unsafe { mmap(None, len, prot, MapFlags::MAP_SHARED, &file, 0).unwrap() };
        Kernel {
            file,
            base: base.as_ptr().cast(),
            position: 0,
        }
    }

    fn ring(&self) -> Buffer {
        Buffer::new(self.file.as_fd(), SIZE).unwrap()
    }

    fn number<T>(&self, offset: usize) -> &T {
        // SAFETY: within the memory, aligned, and an atomic.
        unsafe { &*self.base.add(offset).cast() }
    }

    fn offset(position: u64) -> usize {
        2 * PAGE + (position % u64::from(SIZE)) as usize
    }

    fn used(&self) -> u64 {
        self.position - self.number::<AtomicU64>(0).load(Ordering::Acquire)
    }

    /// Reserves room for a record; returns its position, or `None` if the ring is full.
    fn reserve(&mut self, len: usize) -> Option<u64> {
        let whole = (len as u64 + 8).next_multiple_of(8);
        if self.used() + whole > SIZE.into() {
            return None;
        }
        let start = self.position;
        let header: &AtomicU32 = self.number(Self::offset(start));
        header.store(len as u32 | BUSY, Ordering::Relaxed);
        self.position += whole;
        self.number::<AtomicU64>(PAGE)
            .store(self.position, Ordering::Release);
        Some(start)
    }

    fn commit(&self, start: u64, bytes: &[u8], flags: u32) {
        let data = Self::offset(start + 8);
        let room = 2 * PAGE + SIZE as usize - data;
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.file.write_all_at(first, data as u64).unwrap();
        self.file.write_all_at(rest, 2 * PAGE as u64).unwrap();
        let header: &AtomicU32 = self.number(Self::offset(start));
        header.swap(bytes.len() as u32 | flags, Ordering::AcqRel);
    }

    fn write(&mut self, bytes: &[u8]) -> bool {
        let start = self.reserve(bytes.len());
        start.is_some_and(|start| {
            self.commit(start, bytes, 0);
            true
        })
    }
}

/// A record of this time: `len` bytes, at least 24, with two numbers that its reader checks.
fn record(time: u64, number: u64, len: usize) -> Vec<u8> {
    let mut bytes = [time, number, !number].map(u64::to_ne_bytes).concat();
    bytes.resize(len, number as u8);
    bytes
}

/// Time and number of a record that is as it was written.
fn read(bytes: &[u8]) -> (u64, u64) {
    let word = |at: usize| u64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap());
    assert_eq!(word(8), !word(16));
    assert!(bytes[24..].iter().all(|byte| *byte == word(8) as u8));
    (word(0), word(8))
}

fn round(rings: &mut Rings, now: Option<u64>) -> (bool, Vec<(u64, u64)>) {
    let mut seen = Vec::new();
    let Ok(active) = rings.round(now, |bytes| {
        seen.push(read(bytes));
        Ok::<(), Infallible>(())
    });
    (active, seen)
}

#[test]
fn records_of_all_rings_come_in_order_of_time() {
    let (mut a, mut b) = (Kernel::new(), Kernel::new());
    let mut rings = Rings::of(vec![a.ring(), b.ring()]);
    // Within a ring, too, an earlier one may come later; of one moment the first ring's comes first.
    for (time, number) in [(30, 1), (10, 2), (20, 3)] {
        assert!(b.write(&record(time, number, 24)));
    }
    for (time, number) in [(25, 4), (20, 5), (20, 6)] {
        assert!(a.write(&record(time, number, 40)));
    }
    let (active, seen) = round(&mut rings, None);
    assert!(active);
    assert_eq!(seen, [(10, 2), (20, 5), (20, 6), (20, 3), (25, 4), (30, 1)]);
    assert_eq!((a.used(), b.used()), (0, 0));
    assert_eq!(round(&mut rings, None), (false, vec![]));
}

#[test]
fn young_records_wait_in_their_ring() {
    let mut kernel = Kernel::new();
    let mut rings = Rings::of(vec![kernel.ring()]);
    let now = 100 * SETTLE_NS;
    assert!(kernel.write(&record(now, 1, 24)));
    assert!(kernel.write(&record(now - SETTLE_NS, 2, 24)));
    // The second is ready; the ring gets its room back only up to the first.
    assert_eq!(round(&mut rings, Some(now)), (true, vec![(now - SETTLE_NS, 2)]));
    assert_eq!(kernel.used(), 64);
    assert_eq!(round(&mut rings, Some(now + SETTLE_NS)), (true, vec![(now, 1)]));
    assert_eq!(kernel.used(), 0);
    // What comes within this time of the last record may have woken nobody.
    let wake_age = u64::from(WAKE_AGE_NS);
    assert_eq!(round(&mut rings, Some(now + wake_age - 1)), (true, vec![]));
    assert_eq!(round(&mut rings, Some(now + wake_age)), (false, vec![]));
}

#[test]
fn records_that_are_not_complete_or_given_up_are_not_shown() {
    let mut kernel = Kernel::new();
    let mut rings = Rings::of(vec![kernel.ring()]);
    let given_up = kernel.reserve(100).unwrap();
    let slow = kernel.reserve(24).unwrap();
    assert!(kernel.write(&record(3, 3, 24)));
    assert_eq!(round(&mut rings, None).1, []);
    kernel.commit(given_up, &[0; 100], DISCARDED);
    assert_eq!(round(&mut rings, None).1, []);
    assert_eq!(kernel.used(), 64, "what was given up has its room back");
    kernel.commit(slow, &record(4, 4, 24), 0);
    assert_eq!(round(&mut rings, None).1, [(3, 3), (4, 4)]);
    assert_eq!(kernel.used(), 0);
}

/// Records that wait and take much of their ring are copied, so that it is free for more.
#[test]
fn a_ring_under_pressure_gets_its_room_back() {
    let (mut kernel, calm) = (Kernel::new(), Kernel::new());
    let mut rings = Rings::of(vec![kernel.ring(), calm.ring()]);
    let now = 100 * SETTLE_NS;
    let mut written = Vec::new();
    for part in 0..3 {
        while kernel.used() < u64::from(SIZE) / PRESSED_PART {
            let number = written.len() as u64;
            assert!(kernel.write(&record(now - number, number, 1000)));
            written.push((now - number, number));
        }
        assert_eq!(round(&mut rings, Some(now)).1, [], "{part}");
        assert_eq!(kernel.used(), 0);
    }
    // One that does not wait for long: in the ring, and in order with the others.
    assert!(kernel.write(&record(now - 1, 77, 24)));
    written.reverse();
    written.insert(written.len() - 2, (now - 1, 77));
    assert_eq!(round(&mut rings, Some(now)).1, []);
    assert_eq!(kernel.used(), 32);
    let (_, seen) = round(&mut rings, Some(now + SETTLE_NS));
    let times = |seen: &[(u64, u64)]| seen.iter().map(|(time, _)| *time).collect::<Vec<_>>();
    assert_eq!(times(&seen), times(&written));
    assert_eq!(kernel.used(), 0);
}

/// What has been written during a round may have woken nobody.
#[test]
fn a_ring_that_filled_meanwhile_is_looked_at_again_at_once() {
    let mut kernel = Kernel::new();
    let mut rings = Rings::of(vec![kernel.ring()]);
    assert_eq!(rings.look_again(), WAKE_AGE);
    while kernel.used() < u64::from(SIZE) / PRESSED_PART {
        assert!(kernel.write(&record(1, 1, 1000)));
    }
    assert_eq!(rings.look_again(), Duration::ZERO);
    assert!(!round(&mut rings, Some(SETTLE_NS + 1)).1.is_empty());
    assert_eq!(rings.look_again(), WAKE_AGE);
    // Not while its program is still writing the next one.
    let slow = kernel.reserve(24).unwrap();
    while kernel.used() < u64::from(SIZE) / PRESSED_PART {
        assert!(kernel.write(&record(2, 2, 1000)));
    }
    assert_eq!(rings.look_again(), UNFINISHED_AGE);
    kernel.commit(slow, &record(1, 1, 24), 0);
    assert_eq!(rings.look_again(), Duration::ZERO);
}

/// A ring gets its room back while a round goes on, so that whoever writes all the time is not kept from it.
#[test]
fn room_is_given_back_bit_by_bit() {
    let mut kernel = Kernel::new();
    let mut rings = Rings::of(vec![kernel.ring()]);
    let mut written = 0;
    while kernel.write(&record(written * SETTLE_NS, written, 1000)) {
        written += 1;
    }
    let mut least = u64::MAX;
    let mut seen = 0;
    let Ok(_) = rings.round(None, |bytes| {
        assert_eq!(read(bytes).1, seen);
        seen += 1;
        if seen == written / 2 {
            least = kernel.used();
        }
        Ok::<(), Infallible>(())
    });
    assert_eq!(seen, written);
    assert!(least < u64::from(SIZE) * 5 / 8, "{least} bytes");
}

/// Two writers at full speed, whose records are of all lengths: each is read once, as it was written, in order.
#[test]
fn writers_and_a_reader_at_once() {
    const RECORDS: u64 = 30_000;
    let kernels = [Kernel::new(), Kernel::new()];
    let mut rings = Rings::of(kernels.iter().map(Kernel::ring).collect());
    let clock = AtomicU64::new(1);
    let mut seen = Vec::new();
    std::thread::scope(|scope| {
        let clock = &clock;
        let writers: Vec<_> = kernels
            .into_iter()
            .map(|mut kernel| {
                scope.spawn(move || {
                    for number in 0..RECORDS {
                        let len = 24 + (number * 7919 % 1500) as usize;
                        let time = clock.fetch_add(1, Ordering::Relaxed);
                        while !kernel.write(&record(time, number, len)) {
                            std::thread::yield_now();
                        }
                    }
                })
            })
            .collect();
        while !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            let now = clock.load(Ordering::Relaxed) + SETTLE_NS;
            seen.extend(round(&mut rings, Some(now)).1);
        }
    });
    seen.extend(round(&mut rings, None).1);
    assert_eq!(seen.len() as u64, 2 * RECORDS);
    let mut times: Vec<_> = seen.iter().map(|(time, _)| *time).collect();
    times.sort_unstable();
    assert!(times.iter().zip(1..).all(|(time, expected)| *time == expected));
}
