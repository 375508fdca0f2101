//! Blocks: frames, compressed, with a checksum. Each can be read by itself.

use std::io::{self, Read};

use crate::output::spec::Compression;

/// What a block begins with.
pub const BLOCK: [u8; 4] = *b"tblk";
/// What the index begins with, in place of a block.
pub const INDEX: [u8; 4] = *b"tidx";

/// Bytes of a block's head.
pub const HEAD: usize = 64;

/// Frames of a block take at most so many bytes: a block is closed at [`FULL`], and the longest frame fits behind that.
pub const PLAIN_MAX: usize = 1 << 20;

/// A block with so many bytes of frames is closed.
pub const FULL: usize = 256 * 1024;

/// How a block is compressed: these numbers are in its head.
const NONE: u8 = 0;
const LZ4: u8 = 1;

/// A block's head, as far as readers use it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Head {
    /// Bytes that follow the head.
    pub stored: u32,
    /// Bytes of frames.
    pub plain: u32,
    /// Records in it.
    pub records: u32,
    /// 0: none, 1: LZ4.
    pub compression: u8,
    /// Time of its first record in ns since boot, and of the last.
    pub first: u64,
    /// See `first`.
    pub last: u64,
    /// Events that were lost since the block before.
    pub lost: u64,
    /// The latest time at which one of its records was made by the wall clock of then, ns since the epoch.
    pub latest: u64,
}

/// Why no block is read.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// The recording ends within the block.
    #[error("it ends within a block")]
    Cut,
    /// The checksum is wrong, or what it covers makes no sense.
    #[error("{0}")]
    Damaged(&'static str),
    /// Reading fails.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Head {
    fn bytes(&self, mark: [u8; 4], payload: &[u8]) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        let mut at = 0;
        let mut put = |part: &[u8]| {
            bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        };
        put(&mark);
        put(&self.stored.to_le_bytes());
        put(&self.plain.to_le_bytes());
        put(&self.records.to_le_bytes());
        put(&[0, self.compression, 0, 0, 0, 0, 0, 0]);
        put(&self.first.to_le_bytes());
        put(&self.last.to_le_bytes());
        put(&self.lost.to_le_bytes());
        put(&self.latest.to_le_bytes());
        // Eight bytes are left: the checksum, and four for later.
        let sum = checksum(&bytes[..HEAD - 8], payload);
        bytes[HEAD - 8..HEAD - 4].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    fn parse(bytes: &[u8; HEAD]) -> Head {
        let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let u64_at = |at: usize| u64::from(u32_at(at)) | (u64::from(u32_at(at + 4)) << 32);
        Head {
            stored: u32_at(4),
            plain: u32_at(8),
            records: u32_at(12),
            compression: bytes[17],
            first: u64_at(24),
            last: u64_at(32),
            lost: u64_at(40),
            latest: u64_at(48),
        }
    }
}

fn checksum(head: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(head);
    hasher.update(payload);
    hasher.finalize()
}

/// Appends a block of these frames. `head`: with its records, times, losses and flags.
pub fn push(out: &mut Vec<u8>, mark: [u8; 4], head: Head, frames: &[u8], compression: Compression) {
    let at = out.len();
    out.resize(at + HEAD, 0);
    let compression = match compression {
        Compression::None => {
            out.extend_from_slice(frames);
            NONE
        }
        Compression::Lz4 => {
            let begin = out.len();
            out.resize(begin + lz4_flex::block::get_maximum_output_size(frames.len()), 0);
            match lz4_flex::block::compress_into(frames, &mut out[begin..]) {
                Ok(len) if len < frames.len() => {
                    out.truncate(begin + len);
                    LZ4
                }
                _ => {
                    out.truncate(begin);
                    out.extend_from_slice(frames);
                    NONE
                }
            }
        }
    };
    let payload = &out[at + HEAD..];
    let head = Head {
        stored: u32::try_from(payload.len()).unwrap_or(u32::MAX),
        plain: u32::try_from(frames.len()).unwrap_or(u32::MAX),
        compression,
        ..head
    };
    let head = head.bytes(mark, payload);
    out[at..at + HEAD].copy_from_slice(&head);
}

/// A block that was read: what it begins with, and its head.
pub type Found = ([u8; 4], Head);

/// Reads blocks, one after the other, into memory that it keeps.
#[derive(Default)]
pub struct Blocks {
    stored: Vec<u8>,
}

impl Blocks {
    /// Reads the next block's frames into `frames`; `None` where the recording ends.
    pub fn next(&mut self, from: &mut impl Read, frames: &mut Vec<u8>) -> Result<Option<Found>, BlockError> {
        let mut bytes = [0; HEAD];
        match fill(from, &mut bytes)? {
            0 => return Ok(None),
            HEAD => {}
            _ => return Err(BlockError::Cut),
        }
        let mark = [bytes[0], bytes[1], bytes[2], bytes[3]];
        if mark != BLOCK && mark != INDEX {
            return Err(BlockError::Damaged("no block begins there"));
        }
        let head = Head::parse(&bytes);
        let (stored, plain) = (head.stored as usize, head.plain as usize);
        if stored > PLAIN_MAX || plain > PLAIN_MAX {
            return Err(BlockError::Damaged("a block is longer than blocks are"));
        }
        self.stored.resize(stored, 0);
        if fill(from, &mut self.stored)? < stored {
            return Err(BlockError::Cut);
        }
        let sum = u32::from_le_bytes([bytes[HEAD - 8], bytes[HEAD - 7], bytes[HEAD - 6], bytes[HEAD - 5]]);
        if checksum(&bytes[..HEAD - 8], &self.stored) != sum {
            return Err(BlockError::Damaged("a block's checksum is wrong"));
        }
        match head.compression {
            NONE if stored == plain => {
                std::mem::swap(frames, &mut self.stored);
            }
            LZ4 => {
                frames.resize(plain, 0);
                let len = lz4_flex::block::decompress_into(&self.stored, frames)
                    .map_err(|_| BlockError::Damaged("a block cannot be decompressed"))?;
                if len != plain {
                    return Err(BlockError::Damaged("a block has another length than it says"));
                }
            }
            _ => return Err(BlockError::Damaged("a block is compressed in an unknown way")),
        }
        Ok(Some((mark, head)))
    }
}

/// Fills the buffer as far as there is something to read. Returns how far.
pub fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
