//! tracee: a lightweight tracer of Linux systems and containers.
//!
//! An event walks one straight corridor: kernel hook → in scope? → record → ring → decode → enrich → outputs.
//! `docs/architecture.md` shows the rooms.

#![warn(missing_docs)]

pub mod capture;
// Its types are tables whose words are those of the kernel: `docs/adding-an-event.md` goes through them.
#[allow(missing_docs)]
pub mod catalogue;
mod chosen;
pub mod cli;
pub mod clock;
mod command;
pub mod decode;
pub mod enrich;
pub mod error;
pub mod escape;
pub mod fields;
pub mod files;
pub mod filter;
mod intake;
pub mod json;
pub mod limits;
pub mod loader;
pub mod output;
mod own;
mod privilege;
mod process;
pub mod recording;
pub mod replay;
mod ring;
mod running;
pub mod say;
pub mod scope;
mod signals;
mod sink;
mod suggest;
pub mod symbols;
mod totals;
pub mod tracer;
mod users;
mod version;
pub mod wire;

#[cfg(test)]
mod imports_tests;
