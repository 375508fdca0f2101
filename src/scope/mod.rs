//! `--trace`: which processes, as typed and as meant.

use crate::error::UsageError;

/// Processes that are traced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Those that start after tracee.
    New,
    /// All but tracee itself.
    All,
    /// These, with all their threads and their later children.
    Pids(Vec<u32>),
    /// The command after `--` and all its descendants.
    Command,
}

// Constants of src/bpf/record.h; a test compares them.
pub const EXIT_NONE: u32 = 0;
pub const EXIT_BEGUN: u32 = 1;

/// Where a followed process is, or the one of several that is least far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Following {
    Ended,
    /// Exiting: what it still tells wakes nobody again.
    Ending,
    Running,
}

impl Following {
    /// From `exited` of `struct followed`.
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
--trace says which processes are traced:
  process:new          those that start after tracee (the default); also: process, p
  process:all          all; also: p:all
  process:<pid>,<pid>  these, with all their threads and later children; also: p:<pid>
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
        if !matches!(kind, "p" | "process") {
            return Err(wrong(
                "it is process, process:new, process:all or process:<pid>,…",
            ));
        }
        match rest {
            "new" => Ok(Scope::New),
            "all" => Ok(Scope::All),
            list => {
                let pid = |pid: &str| {
                    pid.parse::<u32>()
                        .ok()
                        .filter(|pid| (1..=i32::MAX as u32).contains(pid))
                };
                let mut pids: Vec<u32> = list
                    .split(',')
                    .map(|text| {
                        pid(text).ok_or_else(|| wrong("after process: comes new, all or pids from 1 on"))
                    })
                    .collect::<Result<_, _>>()?;
                pids.sort_unstable();
                pids.dedup();
                Ok(Scope::Pids(pids))
            }
        }
    }

    /// Membership passes from parent to child, by a map.
    pub fn follows(&self) -> bool {
        self.names_pids()
    }

    /// It begins with processes that run already.
    pub fn names_pids(&self) -> bool {
        matches!(self, Scope::Pids(_) | Scope::Command)
    }

    pub fn pids(&self) -> &[u32] {
        match self {
            Scope::Pids(pids) => pids,
            _ => &[],
        }
    }
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
