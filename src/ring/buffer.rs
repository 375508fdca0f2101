//! One ring buffer of the kernel (`BPF_MAP_TYPE_RINGBUF`), whose records are read where they lie.
//!
//! Its form, from kernel/bpf/ringbuf.c: a page with the consumer's position, a page with the producer's, then the data.
//! Positions only grow. A record is a header of 8 bytes and its bytes, padded to a multiple of 8; the header begins with
//! the length, and its two highest bits say whether the record is still being written, or has been given up. A record at
//! the end of the data goes on at its beginning. The kernel would map the data twice in a row, so that no record is in
//! two parts; then all of it would count twice as our memory.

use std::ffi::c_void;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use nix::sys::mman::{mmap, munmap, MapFlags, ProtFlags};
use nix::unistd::{sysconf, SysconfVar};

/// Bits of a record's length (`BPF_RINGBUF_BUSY_BIT`, `BPF_RINGBUF_DISCARD_BIT`).
const BUSY: u32 = 1 << 31;
const DISCARDED: u32 = 1 << 30;

const HEADER: u64 = 8;

/// The kernel gets room back in parts of the ring of this size at least: it reads the position with each record.
const PARTS: u64 = 32;

/// Memory of the kernel that is mapped here.
struct Mapping {
    at: NonNull<c_void>,
    len: usize,
}

impl Mapping {
    fn new(fd: BorrowedFd<'_>, offset: usize, len: usize, prot: ProtFlags) -> io::Result<Mapping> {
        let length = NonZeroUsize::new(len).ok_or(io::ErrorKind::InvalidInput)?;
        let offset = i64::try_from(offset).map_err(io::Error::other)?;
        // SAFETY: the kernel chooses the address, so that nothing else is there.
        let at = unsafe { mmap(None, length, prot, MapFlags::MAP_SHARED, fd, offset)? };
        Ok(Mapping { at, len })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: nothing that borrows from it is left.
        let _ = unsafe { munmap(self.at, self.len) };
    }
}

/// Where a record is: the position of its header, and how many bytes follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub start: u64,
    pub len: u32,
}

/// A ring buffer.
pub struct Buffer {
    fd: OwnedFd,
    /// The page with the position up to which the kernel may write again.
    consumer: Mapping,
    /// The page with the position up to which there are records, and the data.
    producer: Mapping,
    page: usize,
    /// Bytes of the data, a power of two.
    size: u64,
    /// Up to where the kernel had written when we last looked.
    end: u64,
    /// Up to where records have been found.
    next: u64,
    /// Up to where the kernel has its room back.
    freed: u64,
    /// The bytes of the record that is in two parts: of those whose room has not been given back, one at most.
    wrapped: Vec<u8>,
}

impl Buffer {
    /// Maps a ring of `size` bytes.
    pub fn new(fd: BorrowedFd<'_>, size: u32) -> io::Result<Buffer> {
        let page = sysconf(SysconfVar::PAGE_SIZE)?.and_then(|page| usize::try_from(page).ok());
        let page = page.ok_or(io::ErrorKind::Unsupported)?;
        let read = ProtFlags::PROT_READ;
        let mut buffer = Buffer {
            fd: fd.try_clone_to_owned()?,
            consumer: Mapping::new(fd, 0, page, read | ProtFlags::PROT_WRITE)?,
            producer: Mapping::new(fd, page, page + size as usize, read)?,
            page,
            size: u64::from(size),
            end: 0,
            next: 0,
            freed: 0,
            wrapped: Vec::new(),
        };
        buffer.freed = buffer.consumer().load(Ordering::Relaxed);
        buffer.next = buffer.freed;
        Ok(buffer)
    }

    fn consumer(&self) -> &AtomicU64 {
        // SAFETY: the page begins with this number, is aligned, and mapped as long as self.
        unsafe { self.consumer.at.cast().as_ref() }
    }

    fn producer(&self) -> &AtomicU64 {
        // SAFETY: as above.
        unsafe { self.producer.at.cast().as_ref() }
    }

    /// Where the byte at a position is in the data.
    #[allow(clippy::cast_possible_truncation)] // It is less than the size.
    fn offset(&self, position: u64) -> usize {
        (position & (self.size - 1)) as usize
    }

    /// Address of a byte of the data.
    fn address(&self, offset: usize) -> NonNull<c_void> {
        // SAFETY: the data begins after a page, and the offset in it is less than its size.
        unsafe { self.producer.at.byte_add(self.page + offset) }
    }

    /// Bytes of the data.
    ///
    /// # Safety
    ///
    /// They are within the data, and the kernel writes nothing there as long as they are borrowed.
    unsafe fn data(&self, offset: usize, len: usize) -> &[u8] {
        // SAFETY: as above.
        unsafe { slice::from_raw_parts(self.address(offset).cast().as_ptr(), len) }
    }

    /// How many bytes of a record come before the end of the data, if that is not all.
    fn split(&self, place: Place) -> Option<usize> {
        let room = self.size as usize - self.offset(place.start + HEADER);
        (room < place.len as usize).then_some(room)
    }

    /// Looks how far the kernel has written: only these records are found until the next look.
    pub fn look(&mut self) {
        self.end = self.producer().load(Ordering::Acquire);
    }

    /// The first word of the next record, of which there must be one: its length and two bits.
    fn length(&self) -> u32 {
        // SAFETY: each record below the producer's position begins with its length, at a multiple of 8; the kernel writes
        // it once more at most, when the record is complete.
        let len = unsafe { self.address(self.offset(self.next)).cast::<AtomicU32>().as_ref() };
        len.load(Ordering::Acquire)
    }

    /// Whether the next record has come, and is complete.
    pub fn has_next(&self) -> bool {
        self.next < self.producer().load(Ordering::Acquire) && self.length() & BUSY == 0
    }

    /// The next record; `None` at the end, or at a record that is still being written.
    pub fn find(&mut self) -> Option<Place> {
        while self.next < self.end {
            let len = self.length();
            if len & BUSY != 0 {
                return None;
            }
            let start = self.next;
            let bytes = len & !DISCARDED;
            self.next += (HEADER + u64::from(bytes)).next_multiple_of(8);
            if len & DISCARDED == 0 {
                let place = Place { start, len: bytes };
                if let Some(first) = self.split(place) {
                    self.join(place, first);
                }
                return Some(place);
            }
        }
        None
    }

    /// Up to where records have been found.
    pub fn found(&self) -> u64 {
        self.next
    }

    /// The bytes of a record.
    ///
    /// `place` has been found in this ring, and its room has not been given back.
    pub fn bytes(&self, place: Place) -> &[u8] {
        debug_assert!(place.start >= self.freed && place.start < self.next);
        if self.split(place).is_some() {
            return &self.wrapped;
        }
        // SAFETY: the kernel writes nothing between what it has back and what it has written, and `free` takes self as
        // mutable.
        unsafe { self.data(self.offset(place.start + HEADER), place.len as usize) }
    }

    /// Puts the bytes of a record that is in two parts in a row.
    fn join(&mut self, place: Place, first: usize) {
        let mut wrapped = std::mem::take(&mut self.wrapped);
        wrapped.clear();
        // SAFETY: as in `bytes`; what follows the first part is at the beginning of the data.
        unsafe {
            wrapped.extend_from_slice(self.data(self.offset(place.start + HEADER), first));
            wrapped.extend_from_slice(self.data(0, place.len as usize - first));
        }
        self.wrapped = wrapped;
    }

    /// Gives back all room before this position, if that is worth it.
    pub fn free(&mut self, until: u64) {
        if until - self.freed >= self.size / PARTS {
            self.free_all(until);
        }
    }

    /// Gives back all room before this position.
    pub fn free_all(&mut self, until: u64) {
        if until != self.freed {
            self.freed = until;
            self.consumer().store(until, Ordering::Release);
        }
    }

    /// Bytes that the kernel cannot write to yet.
    pub fn taken(&self) -> u64 {
        self.producer().load(Ordering::Relaxed) - self.freed
    }

    /// Bytes of all of it.
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl AsFd for Buffer {
    /// Becomes readable when the kernel wakes the reader. For edge-triggered polls: it stays readable as long as records
    /// wait here.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
