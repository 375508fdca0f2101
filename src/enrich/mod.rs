//! What the record itself does not contain: names of containers.

#![warn(missing_docs)]

pub(crate) mod container;
pub(crate) mod existing;
pub(crate) mod holding;
pub(crate) mod runtime;
pub mod socket;
