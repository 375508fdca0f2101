//! The command line: `args` as typed, `config` what it means, `list` for `--list`.

#![warn(missing_docs)]

pub mod args;
pub mod config;
pub mod list;
