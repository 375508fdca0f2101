//! `--filter`: which events of the processes in scope are shown.
//!
//! [`parse`] makes [`Filters`] of what is typed. [`compile`] splits them: the kernel side decides what it has at hand
//! before a record goes into a ring (`src/bpf/filter.bpf.c`), the `matcher` decides the rest.

#![warn(missing_docs)]

pub(crate) mod argument;
pub mod compile;
pub(crate) mod matcher;
pub(crate) mod number;
pub mod parse;
pub(crate) mod text;
pub(crate) mod typed;

use std::collections::BTreeMap;

use crate::catalogue::EventId;
use crate::wire::{
    by_position, FIELD_COMM, FIELD_MNTNS, FIELD_NAMES, FIELD_NUMBERS, FIELD_PID, FIELD_PIDNS, FIELD_PPID,
    FIELD_TID, FIELD_UID, FIELD_UTS,
};
use argument::Condition;
use number::Numbers;
use text::Texts;

/// Fields of every event that are numbers, by `FIELD_*`.
pub const NUMBER_FIELDS: [&str; FIELD_NUMBERS as usize] = by_position([
    (FIELD_UID, "uid"),
    (FIELD_PID, "pid"),
    (FIELD_TID, "tid"),
    (FIELD_PPID, "ppid"),
    (FIELD_MNTNS, "mntns"),
    (FIELD_PIDNS, "pidns"),
]);
/// Fields of every event that are names, in the order of `FIELD_*` as well.
pub const NAME_FIELDS: [&str; FIELD_NAMES as usize] = by_position([(FIELD_COMM, "comm"), (FIELD_UTS, "uts")]);

/// Position of an argument in its event.
pub type ArgIndex = u8;

/// Checked filters; all must hold.
#[derive(Debug, Default)]
pub struct Filters {
    /// By position in [`NUMBER_FIELDS`].
    pub numbers: BTreeMap<usize, Numbers>,
    /// By position in [`NAME_FIELDS`].
    pub names: BTreeMap<usize, Texts>,
    /// Ids and names of containers.
    pub container: Option<Texts>,
    /// Conditions on `event.retval`, the result of every event.
    pub result: Option<Numbers>,
    /// The same of one event.
    pub results: BTreeMap<EventId, Numbers>,
    /// Filter of one event's argument.
    pub arguments: BTreeMap<(EventId, ArgIndex), Condition>,
}

/// What `--filter help` shows.
pub const HELP: &str = "\
--filter shows only events that match: --filter 'FIELD OP VALUE[,VALUE]'. It may be repeated.

fields of every event:
  uid                    real user id, as on the host, or a name of /etc/passwd
  pid tid ppid           as ps shows them where tracee runs
  comm                   name of the process
  uts                    node name
  mntns pidns            number of the namespace
  container              id, the beginning of one, or name; '*' is any container
  event.retval           result; errors as -2 or ENOENT
of one event:
  <event>.retval         its result
  <event>.<argument>     as --list names its arguments: openat.pathname, kill.sig

operators:
  = !=                   several values: any of them, none of them
  < > <= >=              numbers, one value

values:
  numbers                10, -1, 0x1f, 0644
  texts                  with * for anything: '/etc/*', '*.so', '/etc/*.conf'; in comm and uts at either end
  lists of texts         match if one of them does: execve.argv='--help'
  flags                  names match where all of them are set: openat.flags='O_CREAT|O_EXCL';
                         a number is the whole value; with * it is what the tables show
  names of values        socket.family=AF_INET, kill.sig=KILL, or their numbers
  \\, \\* \\\\               these characters themselves

All filters must hold, but several values with = of one field are alternatives. A missing value (the result of
exit_group, a text that could not be read) passes only !=. Put expressions in quotes: a shell takes < > * for itself.
  --filter 'uid>=1000' --filter 'uid!=65534' --filter 'comm=*sh' --filter 'event.retval<0'
";
