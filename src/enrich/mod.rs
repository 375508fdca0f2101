//! What the record itself does not say.

#![warn(missing_docs)]

pub(crate) mod container;
pub(crate) mod existing;
pub(crate) mod holding;
pub(crate) mod proc;
pub(crate) mod process;
pub(crate) mod runtime;
pub mod socket;
