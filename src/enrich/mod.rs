//! What the record itself does not say.

pub mod container;
pub mod process;
pub mod runtime;
