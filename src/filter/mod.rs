//! `--filter`: which events of the processes in scope are shown.
//!
//! [`parse`] makes [`Filters`] of what is typed. [`compile`] splits them: the kernel side decides what it has at hand
//! before a record goes into a ring (`src/bpf/filter.bpf.c`), the `matcher` decides the rest. Of records that no kernel
//! side has filtered the matcher decides all, by [`kernel_part`].

#![warn(missing_docs)]

pub(crate) mod argument;
pub mod compile;
mod expression;
pub mod kernel_part;
pub(crate) mod matcher;
pub(crate) mod number;
pub mod parse;
pub(crate) mod text;
pub(crate) mod typed;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::EventId;
use argument::Condition;
use number::Numbers;
use text::Texts;

/// Position of an argument in its event.
pub type ArgIndex = u8;

/// Checked filters; all must hold.
#[derive(Debug, Default)]
pub struct Filters {
    /// Of the kernel side's numbers, by `FIELD_*`.
    pub numbers: BTreeMap<usize, Numbers>,
    /// Of its names, by `FIELD_*`.
    pub names: BTreeMap<usize, Texts>,
    /// Ids and names of containers.
    pub container: Option<Texts>,
    /// Conditions on `event.retval`, the result of every event.
    pub result: Option<Numbers>,
    /// The same of one event.
    pub results: BTreeMap<EventId, Numbers>,
    /// Filter of one event's argument.
    pub arguments: BTreeMap<(EventId, ArgIndex), Condition>,
    /// Conditions on any path among an event's arguments.
    pub path: Option<Texts>,
    /// Events that no condition can be true of: a condition on an argument of any event, which these do not have.
    pub impossible: BTreeSet<EventId>,
}

impl Filters {
    /// Events of which an argument or the result is asked for by name.
    pub fn named(&self) -> impl Iterator<Item = EventId> + '_ {
        let arguments = self.arguments.keys().map(|(event, _)| *event);
        arguments.chain(self.results.keys().copied())
    }
}

/// What `--filter help` shows.
pub const HELP: &str = "\
--filter shows only events that match: --filter 'FIELD OP VALUE[,VALUE]'. It may
be repeated.

fields of every event:
  uid                    real user id, as on the host, or a name of /etc/passwd
  pid tid ppid           as ps shows them where tracee runs
  comm                   name of the process
  uts                    node name
  mntns pidns            number of the namespace
  container              id, the beginning of one, or name; '*' is any container
  retval                 result; errors as -2 or ENOENT; also event.retval
  path                   any path among the arguments, and of open files (as
                         --decode-fds shows them)
  <argument>             of every chosen event that has it: pathname, flags,
                         sig; others do not pass '='
of one event:
  <event>.retval         its result
  <event>.<argument>     as --list -e EVENT names its arguments:
                         openat.pathname, kill.sig

operators:
  = !=                   several values: any of them, none of them
  < > <= >=              numbers, one value

values:
  numbers                10, -1, 0x1f, 0644
  texts                  with * for anything: '/etc/*', '*.so', '/etc/*.conf';
                         in comm and uts at either end
  lists of texts         match if one of them does: execve.argv='--help'
  flags                  names match where all of them are set:
                         openat.flags='O_CREAT|O_EXCL'; a number is the whole
                         value; with * it is what the tables show
  names of values        socket.family=AF_INET, kill.sig=KILL, or their numbers
  \\, \\* \\\\               these characters themselves

All filters must hold, but several values with = of one field are alternatives.
A missing value (the result of exit_group, a text that could not be read) passes
only !=. Put expressions in quotes: a shell takes < > * for itself.
  --filter 'uid>=1000' --filter 'comm=*sh' --filter 'retval<0'
";
