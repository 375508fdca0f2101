//! The command line: `args` as typed, `config` what it means, `events` which events are chosen, `habits` what others
//! call it; `list` for `--list`, `describe` for events in words, `reference` for docs/events.md.

#![warn(missing_docs)]

pub mod args;
pub mod config;
mod describe;
pub mod events;
pub mod habits;
pub mod list;
pub mod reference;

#[cfg(test)]
mod docs_tests;
