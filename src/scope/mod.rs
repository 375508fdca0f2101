//! `--trace`: which processes, as typed and as meant.

use std::fmt;

use crate::error::UsageError;
use crate::wire::{EXIT_BEGUN, EXIT_NONE};

/// Processes that are traced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Those that start after tracee.
    New,
    /// All but tracee itself.
    All,
    /// These processes, with all their threads and their later children.
    Pids(Vec<u32>),
    /// The command after `--` and all its descendants.
    Command,
    /// Processes in these containers.
    Containers(Containers),
    /// Processes in no container: those that start after tracee, or all.
    Host {
        /// Only those that start after tracee.
        new: bool,
    },
}

/// Containers that are traced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Containers {
    /// Those that start after tracee.
    New,
    /// Those in any container, whenever they start.
    All,
    /// Those with such a name, or an id that begins so, whenever they start.
    Listed(Vec<String>),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::New => f.write_str("new processes"),
            Scope::All => f.write_str("all processes"),
            Scope::Pids(pids) if pids.len() == 1 => write!(f, "process {} and its children", pids[0]),
            Scope::Pids(pids) => write!(f, "{} processes and their children", pids.len()),
            Scope::Command => f.write_str("the command and its children"),
            Scope::Containers(Containers::New) => f.write_str("new containers"),
            Scope::Containers(Containers::All) => f.write_str("all containers"),
            Scope::Containers(Containers::Listed(list)) if list.len() == 1 => {
                write!(f, "container {}", list[0])
            }
            Scope::Containers(Containers::Listed(list)) => write!(f, "{} containers", list.len()),
            Scope::Host { new: true } => f.write_str("new processes in no container"),
            Scope::Host { new: false } => f.write_str("all processes in no container"),
        }
    }
}

/// The state of a followed process, or of several: that of the one that is least advanced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Following {
    /// No process is left.
    Ended,
    /// Exiting: its further records do not wake the reader.
    Ending,
    /// At least one runs.
    Running,
}

impl Following {
    /// The state from `exited` of `struct followed`.
    pub fn of(exited: u32) -> Following {
        match exited {
            EXIT_NONE => Following::Running,
            EXIT_BEGUN => Following::Ending,
            _ => Following::Ended,
        }
    }
}

/// What `--trace help` shows.
pub const HELP: &str = "\
--trace chooses which processes are traced:
  process:new          those that start after tracee (the default); also:
                       process, p
  process:all          all; also: p:all
  process:<pid>,<pid>  these, with all their threads and later children; also:
                       p:<pid>
  container:new        those in containers that start after tracee; also:
                       container, c
  container:all        those in any container; also: c:all
  container:<id>,<name>
                       those in containers whose id begins so, or that have
                       this name, whenever they start; also: c:<id>
  host:new             those in no container that start after tracee; also:
                       host, h
  host:all             all that are in no container; also: h:all
                       (one that a user has made by himself belongs to the host)
Pids add up when --trace is repeated, and so do containers. A run of named
processes ends with them and their children.
A command after `--` is traced with all its descendants, and nothing else.
";

impl Scope {
    /// Parses the value of `--trace`.
    pub fn parse(value: &str) -> Result<Scope, UsageError> {
        let wrong = |allowed: &str| UsageError::Value {
            flag: "--trace",
            value: value.into(),
            allowed: allowed.into(),
        };
        let (kind, rest) = value.split_once(':').unwrap_or((value, "new"));
        match (kind, rest) {
            ("p" | "process", "new") => Ok(Scope::New),
            ("p" | "process", "all") => Ok(Scope::All),
            ("p" | "process", list) => pids(list)
                .map(Scope::Pids)
                .ok_or_else(|| wrong("after process: comes new, all or pids from 1 on")),
            ("c" | "container", "new") => Ok(Scope::Containers(Containers::New)),
            ("c" | "container", "all") => Ok(Scope::Containers(Containers::All)),
            ("c" | "container", list) => containers(list)
                .map(|list| Scope::Containers(Containers::Listed(list)))
                .ok_or_else(|| wrong("after container: comes new, all, or ids (their beginnings) and names")),
            ("h" | "host", "new") => Ok(Scope::Host { new: true }),
            ("h" | "host", "all") => Ok(Scope::Host { new: false }),
            ("h" | "host", _) => Err(wrong("after host: comes new or all")),
            _ => Err(wrong(
                "it is process, container or host, each with :new or :all, process:<pid>,… or container:<id or name>,…",
            )),
        }
    }

    /// Whether membership passes from parent to child, by a map.
    pub fn follows(&self) -> bool {
        self.names_pids()
    }

    /// Whether the scope begins with processes that run already.
    pub fn names_pids(&self) -> bool {
        matches!(self, Scope::Pids(_) | Scope::Command)
    }

    /// The scope of several values: pids add up, and so do containers.
    pub fn of_all(values: &[String]) -> Result<Scope, UsageError> {
        let mut all: Option<Scope> = None;
        for value in values {
            let next = Scope::parse(value)?;
            all =
                Some(match (all, next) {
                    (None, next) => next,
                    (Some(Scope::Pids(mut pids)), Scope::Pids(more)) => {
                        pids.extend(more);
                        pids.sort_unstable();
                        pids.dedup();
                        Scope::Pids(pids)
                    }
                    (
                        Some(Scope::Containers(Containers::Listed(mut list))),
                        Scope::Containers(Containers::Listed(more)),
                    ) => {
                        list.extend(more);
                        list.sort_unstable();
                        list.dedup();
                        Scope::Containers(Containers::Listed(list))
                    }
                    (Some(before), next) if before == next => before,
                    _ => return Err(UsageError::Value {
                        flag: "--trace",
                        value: value.clone(),
                        allowed:
                            "another scope is chosen already; only pids add up, and containers by id or name"
                                .into(),
                    }),
                });
        }
        Ok(all.unwrap_or(Scope::New))
    }

    /// The processes that were named; empty in other scopes.
    pub fn pids(&self) -> &[u32] {
        match self {
            Scope::Pids(pids) => pids,
            _ => &[],
        }
    }

    /// Whether the scope depends on which container a process is in.
    pub fn needs_containers(&self) -> bool {
        matches!(self, Scope::Containers(_) | Scope::Host { .. })
    }

    /// Ids and names of containers that the user named.
    pub fn listed(&self) -> &[String] {
        match self {
            Scope::Containers(Containers::Listed(list)) => list,
            _ => &[],
        }
    }
}

/// Pids with commas between them, each once, in order.
fn pids(list: &str) -> Option<Vec<u32>> {
    let pid = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let pid = text.parse::<u32>().ok().filter(|_| digits);
        pid.filter(|pid| (1..=i32::MAX as u32).contains(pid))
    };
    let mut pids = list.split(',').map(pid).collect::<Option<Vec<_>>>()?;
    pids.sort_unstable();
    pids.dedup();
    Some(pids)
}

/// No runtime allows longer names.
const CONTAINER_NAME_MAX: usize = 255;

/// A table shows the id of a user's own container by its beginning and a `~`: the part before it is the beginning of an
/// id.
pub fn id_of_table(text: &str) -> &str {
    let is_hex =
        |id: &&str| !id.is_empty() && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    text.strip_suffix('~').filter(is_hex).unwrap_or(text)
}

/// Ids and names with commas between them, each once, in order.
fn containers(list: &str) -> Option<Vec<String>> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    let name = |text: &str| {
        let text = id_of_table(text);
        let long = text.is_empty() || text.len() > CONTAINER_NAME_MAX;
        (!long && text.chars().all(allowed)).then(|| text.to_owned())
    };
    let mut names = list.split(',').map(name).collect::<Option<Vec<_>>>()?;
    names.sort_unstable();
    names.dedup();
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        for new in ["p", "process", "p:new", "process:new"] {
            assert_eq!(Scope::parse(new).unwrap(), Scope::New, "{new}");
        }
        assert_eq!(Scope::parse("p:all").unwrap(), Scope::All);
        assert_eq!(Scope::parse("process:7,3,7").unwrap(), Scope::Pids(vec![3, 7]));
        for new in ["c", "container", "c:new", "container:new"] {
            assert_eq!(
                Scope::parse(new).unwrap(),
                Scope::Containers(Containers::New),
                "{new}"
            );
        }
        assert_eq!(
            Scope::parse("container:all").unwrap(),
            Scope::Containers(Containers::All)
        );
        assert_eq!(Scope::parse("c:web,3fa0,web").unwrap().listed(), ["3fa0", "web"]);
        assert_eq!(Scope::parse("c:1b1b1b1b1b1~").unwrap().listed(), ["1b1b1b1b1b1"]);
        for new in ["h", "host", "h:new", "host:new"] {
            assert_eq!(Scope::parse(new).unwrap(), Scope::Host { new: true }, "{new}");
        }
        assert_eq!(Scope::parse("h:all").unwrap(), Scope::Host { new: false });
    }

    #[test]
    fn several_scopes() {
        let of = |values: &[&str]| {
            let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
            Scope::of_all(&values)
        };
        assert_eq!(of(&["p:2", "p:1,2"]).unwrap(), Scope::Pids(vec![1, 2]));
        assert_eq!(of(&["c:web", "c:db"]).unwrap().listed(), ["db", "web"]);
        assert_eq!(of(&["h", "host:new"]).unwrap(), Scope::Host { new: true });
        for wrong in [&["p:1", "p:all"][..], &["c:web", "p:1"], &["p:1", "x"]] {
            let message = of(wrong).unwrap_err().to_string();
            assert!(message.contains("--trace"), "{message}");
        }
    }

    #[test]
    fn wrong_values_say_what_is_allowed() {
        for wrong in [
            "",
            "x",
            "process:",
            "process:0",
            "process:-1",
            "process:1,",
            "p:99999999999",
            "process:New",
            "p:+5",
            "p: 5",
            "c:",
            "container:a,,b",
            "c:two words",
            "c:a;b",
            "c:~",
            "c:web~",
            "h:",
            "host:5",
            "host:new,all",
            "containers",
            ":new",
        ] {
            let message = Scope::parse(wrong).unwrap_err().to_string();
            assert!(
                message.contains(&format!("{wrong:?}")) && message.contains("--trace"),
                "{message}"
            );
            assert!(!message.contains('\n'));
        }
    }
}
