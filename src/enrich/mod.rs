//! What the record itself does not contain: executables, and names of containers.

#![warn(missing_docs)]

pub(crate) mod container;
pub(crate) mod existing;
pub(crate) mod holding;
pub(crate) mod proc;
pub(crate) mod process;
pub(crate) mod runtime;
pub mod socket;
