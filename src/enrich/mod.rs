//! What the record itself does not say.

pub mod container;
pub mod existing;
pub mod holding;
pub mod proc;
pub mod process;
pub mod runtime;
pub mod socket;
