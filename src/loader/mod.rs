//! From the chosen events to running programs: open, size maps, set constants, load, attach.

pub(crate) mod capture;
pub(crate) mod compile;
pub(crate) mod containers;
pub mod features;
mod filter;
mod kernel_side;
pub(crate) mod lookup;
pub(crate) mod loss;
pub(crate) mod marks;
pub mod object;
pub mod plan;
pub(crate) mod probe;
pub(crate) mod rebuild;
pub(crate) mod shared;
mod sizes;
mod syscalls;
pub(crate) mod trial;

pub use kernel_side::{CaptureMaps, KernelSide};
pub use plan::Plan;
