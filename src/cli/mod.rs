//! The command line: `args` as typed, `config` what it means, `events` which events are chosen, `habits` what others
//! call it; `recorded` and
//! `moment` for `--read`; `list` for `--list`, `describe` for events in words, `reference` for docs/events.md.

#![warn(missing_docs)]

pub mod args;
pub mod config;
mod describe;
pub mod events;
pub mod habits;
pub mod list;
pub(crate) mod moment;
pub mod recorded;
pub mod reference;

#[cfg(test)]
mod docs_tests;
