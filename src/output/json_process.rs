//! What JSON says of processes: what they run, which they are, who their ancestors are.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::clock::Timeline;
use crate::decode::path::Marks;
use crate::decode::process::{Ancestor, Ancestors, Argv, Entity, Executable};
use crate::json::Plain;
use crate::output::json_value::{bytes_unless_utf8, entry_bytes, Base64, Lossy};

pub(super) struct JsonExecutable<'a>(pub(super) Option<&'a Executable>);

impl Serialize for JsonExecutable<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(&Plain("path"), &self.0.map(|executable| Lossy(&executable.path)))?;
        if let Some(executable) = self.0 {
            entry_bytes(&mut map, &executable.path)?;
            entries_of_marks(&mut map, executable.marks)?;
        }
        map.end()
    }
}

pub(super) fn entries_of_marks<M: SerializeMap>(map: &mut M, marks: Marks) -> Result<(), M::Error> {
    marks
        .names()
        .try_for_each(|mark| map.serialize_entry(&Plain(mark), &true))
}

/// As 16 hexadecimal digits.
pub(super) struct JsonEntity(pub(super) Entity);

impl Serialize for JsonEntity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for JsonEntity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0 .0)
    }
}

/// The ancestors of a process, from its parent up.
pub(super) struct JsonAncestors<'a> {
    pub(super) ancestors: &'a Ancestors,
    pub(super) clock: &'a Timeline,
    pub(super) compact: bool,
}

impl Serialize for JsonAncestors<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let JsonAncestors { clock, compact, .. } = *self;
        serializer.collect_seq(self.ancestors.iter().map(|ancestor| JsonAncestor {
            ancestor,
            clock,
            compact,
        }))
    }
}

struct JsonAncestor<'a> {
    ancestor: &'a Ancestor,
    clock: &'a Timeline,
    compact: bool,
}

impl Serialize for JsonAncestor<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Ancestor { process, reparented } = self.ancestor;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(&Plain("hostProcessId"), &process.pid)?;
        map.serialize_entry(&Plain("startTime"), &self.clock.wall(process.start))?;
        if !self.compact {
            map.serialize_entry(&Plain("processEntityId"), &JsonEntity(process.entity))?;
        }
        map.serialize_entry(&Plain("processName"), &Lossy(process.comm()))?;
        if let Some(bytes) = bytes_unless_utf8(process.comm()) {
            map.serialize_entry(&Plain("processNameBytes"), &bytes)?;
        }
        map.serialize_entry(&Plain("userId"), &process.uid)?;
        map.serialize_entry(
            &Plain("executable"),
            &JsonExecutable(process.executable.as_deref()),
        )?;
        map.serialize_entry(&Plain("argv"), &process.argv.as_deref().map(JsonArgv))?;
        if let Some(argv) = &process.argv {
            if argv.strings().any(|string| std::str::from_utf8(string).is_err()) {
                map.serialize_entry(&Plain("argvBytes"), &ArgvBytes(argv))?;
            }
            if argv.shown().1 {
                map.serialize_entry(&Plain("truncated"), &true)?;
            }
        }
        if *reparented {
            map.serialize_entry(&Plain("reparented"), &true)?;
        }
        map.end()
    }
}

struct JsonArgv<'a>(&'a Argv);

impl Serialize for JsonArgv<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.strings().map(Lossy))
    }
}

struct ArgvBytes<'a>(&'a Argv);

impl Serialize for ArgvBytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.strings().map(Base64))
    }
}
