//! The command line: `args` as typed, `config` what it means, `list` for `--list`.

pub mod args;
pub mod config;
pub mod list;
