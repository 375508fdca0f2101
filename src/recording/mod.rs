//! Recordings: records as the kernel side made them, with what user space knew of them, in the order in which the run
//! passed them on.
//!
//! A recording is a [`header`], then blocks of frames (`block.rs`, `frame.rs`), then an index of the blocks. All numbers are
//! little-endian. `docs/recordings.md` describes the format for other readers.

#![warn(missing_docs)]

pub(crate) mod block;
pub(crate) mod facts;
pub(crate) mod frame;
pub mod header;
pub(crate) mod info;
pub(crate) mod lives;
pub mod open;
pub mod read;
pub(crate) mod rows;
pub(crate) mod write;

#[cfg(test)]
mod tests;
