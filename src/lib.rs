//! tracee: a lightweight tracer of Linux systems and containers.
//!
//! An event walks one straight corridor: kernel hook → in scope? → record → ring → decode → enrich → outputs.
//! `docs/architecture.md` shows the rooms.

pub mod capture;
pub mod catalogue;
mod chosen;
pub mod cli;
pub mod clock;
pub mod command;
pub mod decode;
pub mod enrich;
pub mod error;
pub mod escape;
pub mod files;
pub mod filter;
pub mod limits;
pub mod loader;
pub mod output;
pub mod privilege;
pub mod ring;
mod running;
pub mod say;
pub mod scope;
pub mod signals;
pub mod sink;
mod suggest;
pub mod symbols;
pub mod tracer;
pub mod version;
pub mod wire;

#[cfg(test)]
mod imports_tests;
