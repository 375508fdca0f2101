//! Fields of every event: one table for `--filter`, `--format` and the keys of JSON.

#![warn(missing_docs)]

use crate::wire::{
    FIELD_COMM, FIELD_MNTNS, FIELD_PID, FIELD_PIDNS, FIELD_PPID, FIELD_TID, FIELD_UID, FIELD_UTS,
};

/// What a field is of an event.
#[allow(missing_docs)] // The rows of the table say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    Time,
    Timestamp,
    Duration,
    Event,
    EventId,
    Retval,
    Error,
    Comm,
    CommBytes,
    Exe,
    Entity,
    ParentEntity,
    Ancestors,
    Pid,
    Tid,
    Ppid,
    OwnPid,
    OwnTid,
    OwnPpid,
    Started,
    User,
    Uid,
    Uts,
    UtsBytes,
    MntNs,
    PidNs,
    Cpu,
    Cgroup,
    Container,
    ContainerName,
    ContainerImage,
    ContainerRuntime,
    ContainerOwner,
    Syscall,
    Source,
    Abi,
    CarriedOut,
    SeenByProgram,
    ArgsFromMemory,
    ArgsNum,
    Args,
    Path,
}

/// How filters treat a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filtered {
    /// A number of the kernel side, by `FIELD_*`.
    Number(u8),
    /// A name of the kernel side, by `FIELD_*` of names.
    Name(u8),
    /// Ids and names of containers.
    Container,
    /// The result.
    Result,
    /// Any path among the arguments.
    Path,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Which field.
    pub field: Field,
    /// Its name.
    pub name: &'static str,
    /// Its key in JSON, if that is another one.
    pub key: Option<&'static str>,
    /// How filters treat it; `None`: they do not take it.
    pub filtered: Option<Filtered>,
    /// What it is.
    pub meaning: &'static str,
}

const fn row(field: Field, name: &'static str, meaning: &'static str) -> Row {
    Row {
        field,
        name,
        key: None,
        filtered: None,
        meaning,
    }
}

impl Row {
    const fn key(mut self, key: &'static str) -> Row {
        self.key = Some(key);
        self
    }

    const fn filtered(mut self, filtered: Filtered) -> Row {
        self.filtered = Some(filtered);
        self
    }

    /// Whether JSON has it: some are only how tables and filters see an event.
    pub fn is_json(&self) -> bool {
        use Field::*;
        !matches!(self.field, Time | User | Path)
    }

    /// Whether events have a value of it: filters alone know the others.
    pub fn is_shown(&self) -> bool {
        self.field != Field::Path
    }
}

use Filtered::{Name, Number};

/// All fields, in the order in which they are listed.
#[rustfmt::skip]
pub const FIELDS: &[Row] = &[
    row(Field::Time, "time", "when it happened, as --time shows it"),
    row(Field::Timestamp, "timestamp", "when it happened: ns since the epoch"),
    row(Field::Duration, "duration", "how long the call took, in ns; with --durations"),
    row(Field::Event, "event", "the event's name").key("eventName"),
    row(Field::EventId, "eventId", "the event's number"),
    row(Field::Retval, "retval", "the result; errors are below 0").key("returnValue").filtered(Filtered::Result),
    row(Field::Error, "error", "the name of the error that was returned"),
    row(Field::Comm, "comm", "what the process calls itself").key("processName").filtered(Name(FIELD_COMM)),
    row(Field::CommBytes, "processNameBytes", "its bytes as Base64, where they are not UTF-8"),
    row(Field::Exe, "exe", "the executable's path").key("executable"),
    row(Field::Entity, "processEntityId", "which process it is, of all that ever ran"),
    row(Field::ParentEntity, "parentEntityId", "the same of the process that made this one"),
    row(Field::Ancestors, "ancestors", "who made it, and who made that; in tables names"),
    row(Field::Pid, "pid", "the process, as the host counts").key("hostProcessId").filtered(Number(FIELD_PID)),
    row(Field::Tid, "tid", "the thread, as the host counts").key("hostThreadId").filtered(Number(FIELD_TID)),
    row(Field::Ppid, "ppid", "the parent, as the host counts").key("hostParentProcessId").filtered(Number(FIELD_PPID)),
    row(Field::OwnPid, "processId", "the process, as its own pid namespace counts"),
    row(Field::OwnTid, "threadId", "the thread, as its own pid namespace counts"),
    row(Field::OwnPpid, "parentProcessId", "the parent, as its own pid namespace counts"),
    row(Field::Started, "threadStartTime", "when the thread started: ns since the epoch"),
    row(Field::User, "user", "the real user, by name if it has one here"),
    row(Field::Uid, "uid", "the real user, as the host counts").key("userId").filtered(Number(FIELD_UID)),
    row(Field::Uts, "uts", "the node name").key("hostName").filtered(Name(FIELD_UTS)),
    row(Field::UtsBytes, "hostNameBytes", "its bytes as Base64, where they are not UTF-8"),
    row(Field::MntNs, "mntns", "the mount namespace's number").key("mountNamespace").filtered(Number(FIELD_MNTNS)),
    row(Field::PidNs, "pidns", "the pid namespace's number").key("pidNamespace").filtered(Number(FIELD_PIDNS)),
    row(Field::Cpu, "cpu", "the CPU").key("processorId"),
    row(Field::Cgroup, "cgroupId", "the cgroup's number"),
    row(Field::Container, "container", "the container's id; in filters also its name")
        .filtered(Filtered::Container),
    row(Field::ContainerName, "container.name", "the container's name"),
    row(Field::ContainerImage, "container.image", "the container's image"),
    row(Field::ContainerRuntime, "container.runtime", "the container's runtime"),
    row(Field::ContainerOwner, "container.owner", "who may have made it; 0: only root"),
    row(Field::Syscall, "syscall", "the system call in progress"),
    row(Field::Source, "source", "the mechanism of an event of the kernel's own"),
    row(Field::Abi, "abi", "i386 or x32, where it is not the native one"),
    row(Field::CarriedOut, "carriedOut", "false: the call was kept from running"),
    row(Field::SeenByProgram, "seenByProgram", "the result of a call that was kept from running"),
    row(Field::ArgsFromMemory, "argsFromMemory", "whether arguments were in memory (socketcall, …)"),
    row(Field::ArgsNum, "argsNum", "how many arguments there are"),
    row(Field::Args, "args", "all arguments, as tables show them"),
    row(Field::Path, "path", "in filters: any path among arguments and open files").filtered(Filtered::Path),
];

/// The field with this name, or with this key of JSON.
pub fn by_name(name: &str) -> Option<&'static Row> {
    FIELDS
        .iter()
        .find(|row| row.name == name || row.key == Some(name))
}

/// Names of the fields that filters take.
pub fn filtered() -> impl Iterator<Item = &'static str> {
    FIELDS
        .iter()
        .filter(|row| row.filtered.is_some())
        .map(|row| row.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_field_has_names_of_its_own() {
        let names: Vec<_> = FIELDS
            .iter()
            .flat_map(|row| [Some(row.name), row.key])
            .flatten()
            .collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        assert_eq!(by_name("processName").unwrap().field, Field::Comm);
        assert_eq!(by_name("comm").unwrap().field, Field::Comm);
        assert!(by_name("nothing").is_none());
    }
}
