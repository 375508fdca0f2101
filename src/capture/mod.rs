//! Artefacts: what traced programs wrote, executed and unpacked.

pub mod folder;
pub mod store;
