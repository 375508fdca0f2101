//! From the chosen events to running programs: open, size maps, set constants, load, attach.

pub mod capture;
pub(crate) mod compile;
pub mod containers;
pub mod features;
mod filter;
mod kernel_side;
pub mod lookup;
pub mod loss;
pub mod marks;
pub mod object;
pub mod plan;
pub mod probe;
pub(crate) mod rebuild;
pub mod shared;
mod sizes;
mod syscalls;
mod trial;

pub use kernel_side::{CaptureMaps, KernelSide};
pub use plan::Plan;
