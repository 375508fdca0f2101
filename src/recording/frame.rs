//! Frames: what a block holds, one after the other. Each has a head of eight bytes: kind, flags, two bytes for later,
//! and how many bytes follow.

/// Bytes of a frame's head.
pub const HEAD: usize = 8;

/// Kinds of frames. Readers skip those that they do not know.
pub mod kind {
    /// A record.
    pub const EVENT: u8 = 1;
    /// What is known of a process: `lives.rs`.
    pub const PROCESS: u8 = 2;
    /// A container: the key by which records name it, and what is known of it, as JSON.
    pub const CONTAINER: u8 = 3;
    /// The wall clock, from now on: pairs of the time since boot from which a difference holds, and the wall clock's time
    /// of boot; 8 bytes each.
    pub const CLOCK: u8 = 4;
    /// The run is over: its totals, as JSON.
    pub const END: u8 = 5;
    /// The recording goes on in another file.
    pub const NEXT: u8 = 6;
    /// The ancestors of a process: its host pid, how many they are (4 bytes each), and its start time (8 bytes); for each
    /// its host pid, whether it has not made the one before (4 bytes each), and its start time (8 bytes).
    pub const ANCESTORS: u8 = 7;
}

/// Flags of records.
pub mod flag {
    /// It is unknown whether the call was carried out, though the record says that it was not.
    pub const DOUBTFUL: u8 = 1 << 0;
    /// The event was shown without what is known of its process.
    pub const NO_PROCESS: u8 = 1 << 1;
    /// The event was shown without the container that its record names.
    pub const NO_CONTAINER: u8 = 1 << 2;
    /// The event was shown without the ancestors that are known of its process.
    pub const NO_ANCESTORS: u8 = 1 << 3;
}

/// One frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it is.
    pub kind: u8,
    /// Of records: [`flag`].
    pub flags: u8,
    /// What it holds.
    pub bytes: &'a [u8],
}

/// Appends a frame of these parts.
pub fn push(out: &mut Vec<u8>, kind: u8, flags: u8, parts: &[&[u8]]) {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let len = u32::try_from(len).unwrap_or(u32::MAX);
    let mut head = [kind, flags, 0, 0, 0, 0, 0, 0];
    head[4..].copy_from_slice(&len.to_le_bytes());
    out.extend_from_slice(&head);
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

/// The frame at this position of a block, and where the next one is; `None` if there is none that is whole.
pub fn at(frames: &[u8], at: usize) -> Option<(Frame<'_>, usize)> {
    let (head, rest) = frames.get(at..)?.split_first_chunk::<HEAD>()?;
    let len = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
    let bytes = rest.get(..len)?;
    let frame = Frame {
        kind: head[0],
        flags: head[1],
        bytes,
    };
    Some((frame, at + HEAD + len))
}
