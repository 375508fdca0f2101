//! The command line: `args` as typed, `config` what it means, `habits` what others call it, `list` for `--list`.

#![warn(missing_docs)]

pub mod args;
pub mod config;
pub mod habits;
pub mod list;
