//! What the record itself does not say.

pub mod process;
