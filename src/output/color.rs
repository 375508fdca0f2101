//! Colours of a table, by kind and outcome of an event.
//!
//! The basic colours of a terminal, which it shows readably on its own background, dark or light. What a traced program
//! chose has no part in them, and is escaped: it cannot colour anything.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use crate::catalogue::spec::Life;
use crate::catalogue::{special, EventSpec, Set};

/// `--color`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum When {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl When {
    /// Whether an output that goes there has colours.
    pub fn on(self, output: impl AsFd) -> bool {
        match self {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
                !set("NO_COLOR")
                    && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
                    && output.as_fd().is_terminal()
            }
        }
    }
}

/// A colour, as the terminal takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color(&'static str);

/// Ends a colour.
pub const PLAIN: &str = "\x1b[0m";

const FAILED: Color = Color("\x1b[31m");
const ALERT: Color = Color("\x1b[1;31m");
const EXEC: Color = Color("\x1b[32m");
const WRITE: Color = Color("\x1b[35m");
const NETWORK: Color = Color("\x1b[36m");

impl Color {
    /// The characters that begin it.
    pub fn begin(self) -> &'static str {
        self.0
    }

    /// The colour of an event's name.
    pub fn of_event(event: &EventSpec) -> Option<Color> {
        let is = |other: &EventSpec| event.id == other.id;
        if event.in_set(Set::Alerts) || is(special::LOST_EVENTS) {
            Some(ALERT)
        } else if event.columns.life == Some(Life::Exec) || EXECS.iter().any(|exec| is(exec)) {
            Some(EXEC)
        } else if event.in_set(Set::Net) {
            Some(NETWORK)
        } else if event.in_set(Set::FsLinkOps) || WRITES.iter().any(|write| is(write)) {
            Some(WRITE)
        } else {
            None
        }
    }

    /// The colour of a result.
    pub fn of_result(failed: bool) -> Option<Color> {
        failed.then_some(FAILED)
    }
}

const EXECS: &[&EventSpec] = &[
    special::expect("execve"),
    special::expect("execveat"),
    special::expect("security_bprm_check"),
];

/// What changes files, besides their names.
const WRITES: &[&EventSpec] = &[
    special::expect("write"),
    special::expect("writev"),
    special::expect("pwrite64"),
    special::expect("pwritev"),
    special::expect("pwritev2"),
    special::expect("truncate"),
    special::expect("ftruncate"),
    special::expect("fallocate"),
    special::expect("sendfile"),
    special::expect("splice"),
    special::expect("copy_file_range"),
    special::expect("creat"),
    special::expect("chmod"),
    special::expect("fchmod"),
    special::expect("fchmodat"),
    special::expect("chown"),
    special::expect("fchown"),
    special::expect("lchown"),
    special::expect("fchownat"),
    special::expect("mknod"),
    special::expect("mknodat"),
    special::expect("vfs_write"),
    special::expect("vfs_writev"),
    special::expect("file_modification"),
    special::expect("security_inode_mknod"),
    special::expect("artifact_captured"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::expect;

    #[test]
    fn kinds_have_colours() {
        for (name, color) in [
            ("execve", Some(EXEC)),
            ("sched_process_exec", Some(EXEC)),
            ("mem_prot_alert", Some(ALERT)),
            ("lost_events", Some(ALERT)),
            ("connect", Some(NETWORK)),
            ("security_socket_connect", Some(NETWORK)),
            ("pwrite64", Some(WRITE)),
            ("unlinkat", Some(WRITE)),
            ("openat", None),
        ] {
            assert_eq!(Color::of_event(expect(name)), color, "{name}");
        }
    }
}
