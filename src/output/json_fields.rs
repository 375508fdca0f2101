//! What JSON says of an event: its keys, and their values.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::catalogue;
use crate::clock::Timeline;
use crate::decode::event::{Arg, Context, Event, Value};
use crate::decode::path::PathName;
use crate::decode::structure::FieldValue;
use crate::decode::ABI_NAMES;
use crate::json::Plain;
use crate::output::cuts::{MsghdrCuts, StringCuts};
use crate::output::json_process::{entries_of_marks, JsonAncestors, JsonEntity, JsonExecutable};
use crate::output::json_value::{
    bytes_unless_utf8, entry_bytes, entry_named_bytes, serialize_number, Base64, JsonArray, JsonSockaddr,
    JsonStruct, Lossy, LossyText,
};
use crate::output::messages::{entry_buffer, JsonMessage, JsonMsghdr};
use crate::output::structure::{self, Detail};
use crate::output::{text, value};
use crate::symbols;
use crate::wire::{NO_SYSCALL, RECORD_WITHIN};

/// Where and when an event was. Null values are those that an event reported by tracee itself does not have.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    timestamp: u64,
    processor_id: Option<u32>,
}

/// What an event says of its thread.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThreadFields<'a> {
    thread_start_time: Option<u64>,
    process_id: u32,
    thread_id: u32,
    parent_process_id: Option<u32>,
    host_process_id: u32,
    host_thread_id: u32,
    host_parent_process_id: Option<u32>,
    user_id: u32,
    mount_namespace: Option<u32>,
    pid_namespace: Option<u32>,
    cgroup_id: Option<u64>,
    process_name: Lossy<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process_name_bytes: Option<Base64<'a>>,
    host_name: Option<Lossy<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host_name_bytes: Option<Base64<'a>>,
    /// Which process it is, and which made it.
    process_entity_id: Option<JsonEntity>,
    parent_entity_id: Option<JsonEntity>,
    executable: JsonExecutable<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ancestors: Option<JsonAncestors<'a>>,
    /// `None` for a process in no container.
    container: Option<JsonContainer<'a>>,
}

/// Which event it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventFields {
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<u16>,
    event_name: Plain,
    #[serde(skip_serializing_if = "Option::is_none")]
    args_num: Option<usize>,
}

/// What has happened, but for the arguments.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Call<'a> {
    syscall: Option<Plain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    abi: Option<Plain>,
    /// Whether the arguments were in user memory: those of a call within socketcall(2) or its like.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    args_from_memory: bool,
    return_value: Option<i64>,
    /// How long the call took, in ns.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<u64>,
    /// Shown only if the call was not carried out (`false`), or if that is unknown (`null`).
    #[serde(skip_serializing_if = "is_carried_out")]
    carried_out: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_by_program: Option<i64>,
    /// The name of the error number that was returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Plain>,
}

#[allow(clippy::ref_option)] // serde calls it with a reference.
fn is_carried_out(carried_out: &Option<bool>) -> bool {
    *carried_out == Some(true)
}

#[derive(Serialize)]
struct JsonContainer<'a> {
    id: &'a str,
    name: Option<&'a str>,
    image: Option<&'a str>,
    runtime: &'a str,
    /// Uid of the user who may have made its cgroup; 0: only root.
    owner: u32,
}

impl Head {
    pub(super) fn new(event: &Event<'_>, clock: &Timeline) -> Head {
        let context = &event.context;
        Head {
            timestamp: clock.wall(context.time),
            processor_id: (!context.is_own()).then_some(context.cpu),
        }
    }
}

impl<'a> ThreadFields<'a> {
    /// `start`: when the thread began, in ns since the epoch. `compact`: without what follows from other keys.
    pub(super) fn new(event: &'a Event<'_>, start: u64, clock: &'a Timeline, compact: bool) -> Self {
        let context = &event.context;
        let process = event.process.as_deref();
        let entities = process.filter(|_| !compact);
        let host_name = event.nodename.unwrap_or_default();
        let own = context.is_own();
        let of_task = |number: u32| (!own).then_some(number);
        ThreadFields {
            thread_start_time: (!own).then_some(start),
            process_id: context.pid,
            thread_id: context.tid,
            parent_process_id: of_task(context.ppid),
            host_process_id: context.host_pid,
            host_thread_id: context.host_tid,
            host_parent_process_id: of_task(context.host_ppid),
            user_id: context.uid,
            mount_namespace: of_task(context.mnt_ns),
            pid_namespace: of_task(context.pid_ns),
            cgroup_id: (!own).then_some(context.cgroup_id),
            process_name: Lossy(event.comm()),
            process_name_bytes: bytes_unless_utf8(event.comm()),
            host_name: (!own).then_some(Lossy(host_name)),
            host_name_bytes: bytes_unless_utf8(host_name),
            process_entity_id: entities.map(|process| JsonEntity(process.entity)),
            parent_entity_id: entities.and_then(|process| Some(JsonEntity(process.maker?.entity))),
            executable: JsonExecutable(process.and_then(|process| process.executable.as_deref())),
            ancestors: event.ancestors.as_deref().map(|ancestors| JsonAncestors {
                ancestors,
                clock,
                compact,
            }),
            container: event.container.as_ref().map(|container| JsonContainer {
                id: &container.id,
                name: container.name.as_deref(),
                image: container.image.as_deref(),
                runtime: &container.runtime,
                owner: container.owner,
            }),
        }
    }
}

impl EventFields {
    /// `compact`: the name alone.
    pub(super) fn new(event: &Event<'_>, compact: bool) -> Self {
        EventFields {
            event_id: (!compact).then_some(event.spec.id),
            event_name: Plain(event.spec.name),
            args_num: (!compact).then_some(event.args.len()),
        }
    }
}

impl<'a> Call<'a> {
    pub(super) fn new(event: &Event<'a>) -> Self {
        let context = &event.context;
        Call {
            syscall: match context.syscall {
                NO_SYSCALL => None,
                id => catalogue::by_id(id).map(|event| Plain(event.name)),
            },
            source: event.source,
            abi: match context.abi {
                0 => None,
                abi => ABI_NAMES.get(usize::from(abi)).copied().map(Plain),
            },
            args_from_memory: context.flags & RECORD_WITHIN != 0,
            return_value: event.returns().then_some(context.ret),
            duration: event.duration,
            carried_out: event.carried_out(),
            seen_by_program: event.seen,
            error: event.errno().and_then(symbols::errno_name).map(Plain),
        }
    }
}

/// A path as a string; each component is converted separately, with U+FFFD for what is not UTF-8.
struct PathText<'a>(&'a PathName<'a>);

impl fmt::Display for PathText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.pieces().try_for_each(|piece| LossyText(piece).fmt(f))
    }
}

/// What an argument is called. `compact`: without its type.
pub(super) fn entries_of_spec<M: SerializeMap>(
    map: &mut M,
    arg: &Arg<'_>,
    compact: bool,
) -> Result<(), M::Error> {
    map.serialize_entry(&Plain("name"), &Plain(arg.spec.name))?;
    match compact {
        true => Ok(()),
        false => map.serialize_entry(&Plain("type"), &Plain(arg.ty.c_name())),
    }
}

/// Whether JSON shows this as a number.
fn is_number(value: &Value<'_>) -> bool {
    match value {
        Value::Number | Value::Pointer => true,
        Value::Option(bytes) => structure::option_number(bytes).is_some(),
        Value::Struct(array) => array.iter().next().is_some_and(|structure| {
            structure.is_bare()
                && structure.spec.fields.len() == 1
                && matches!(structure.fields().next(), Some((_, FieldValue::Number(..))))
        }),
        _ => false,
    }
}

/// What follows an argument's value. `compact`: without the words that a number stands for; what is open as an fd has no
/// other place.
pub(super) fn entries_of_arg<M: SerializeMap>(
    map: &mut M,
    arg: &Arg<'_>,
    context: &Context,
    compact: bool,
    text: &mut String,
) -> Result<(), M::Error> {
    let derived = compact && is_number(&arg.value) && arg.file.is_none();
    text.clear();
    if !derived && text::push_symbolic(text, arg, context, Detail::All) {
        map.serialize_entry(&Plain("text"), text.as_str())?;
    }
    match &arg.value {
        Value::Str(bytes) | Value::Buffer(bytes) => entry_bytes(map, bytes)?,
        Value::Option(bytes) if structure::option_number(bytes).is_none() => entry_bytes(map, bytes)?,
        Value::Path(path) => entries_of_path(map, path)?,
        Value::Number if arg.file.is_some() => entries_of_file(map, arg)?,
        Value::Number => entries_of_process(map, arg.name)?,
        Value::Strings(strings) if strings.iter().any(|string| std::str::from_utf8(string).is_err()) => {
            let all: Vec<_> = strings.iter().map(Base64).collect();
            map.serialize_entry(&Plain("bytes"), &all)?;
        }
        Value::Fault => map.serialize_entry(&Plain("error"), "EFAULT")?,
        _ => {}
    }
    if let Some(other) = &arg.other {
        let (key, text_key, value) = other.parts();
        map.serialize_entry(&Plain(key), &JsonValue { arg, value, context })?;
        text.clear();
        if text::push_symbolic_value(text, arg, value, context, Detail::All) {
            map.serialize_entry(&Plain(text_key), text.as_str())?;
        }
    }
    if let Some(data) = &arg.data {
        entry_buffer(map, data)?;
    }
    if arg.late {
        map.serialize_entry(&Plain("readLate"), &true)?;
    }
    if arg.truncated {
        map.serialize_entry(&Plain("truncated"), &true)?;
        if arg.full > 0 {
            map.serialize_entry(&Plain("fullLength"), &arg.full)?;
        }
        match &arg.value {
            Value::Strings(strings) => map.serialize_entry(&Plain("cuts"), &StringCuts(strings))?,
            Value::Msghdr(message) => map.serialize_entry(&Plain("cuts"), &MsghdrCuts(message))?,
            _ => {}
        }
    }
    Ok(())
}

/// The marks of a path, whose words a file's name may contain as well, and the bytes of its name.
fn entries_of_path<M: SerializeMap>(map: &mut M, path: &PathName<'_>) -> Result<(), M::Error> {
    entries_of_marks(map, path.marks())?;
    if path.pieces().any(|piece| std::str::from_utf8(piece).is_err()) {
        map.serialize_entry(&Plain("bytes"), &Base64(&path.to_vec()))?;
    }
    Ok(())
}

/// What a process calls itself, under the keys that the event's own process has.
fn entries_of_process<M: SerializeMap>(map: &mut M, name: Option<&[u8]>) -> Result<(), M::Error> {
    let Some(name) = name else {
        return Ok(());
    };
    map.serialize_entry(&Plain("processName"), &Lossy(name))?;
    match bytes_unless_utf8(name) {
        Some(bytes) => map.serialize_entry(&Plain("processNameBytes"), &bytes),
        None => Ok(()),
    }
}

/// What is open as an fd: its path, without the number and the brackets of the text.
fn entries_of_file<M: SerializeMap>(map: &mut M, arg: &Arg<'_>) -> Result<(), M::Error> {
    let Some(file) = &arg.file else {
        return Ok(());
    };
    if let Some(path) = &file.path {
        map.serialize_entry(&Plain("path"), &format_args!("{}", PathText(path)))?;
        entries_of_path(map, path)?;
        if file.path_cut {
            map.serialize_entry(&Plain("truncated"), &true)?;
        }
    }
    // As in an address, an abstract name begins with a NUL.
    if let Some(name) = file.unix {
        let end = name.iter().skip(1).position(|byte| *byte == 0 && name[0] != 0);
        let name = end.map_or(name, |end| &name[..=end]);
        map.serialize_entry(&Plain("sun_path"), &Lossy(name))?;
        entry_named_bytes(map, "sun_path", name)?;
    }
    Ok(())
}

pub(super) struct JsonValue<'a> {
    arg: &'a Arg<'a>,
    value: &'a Value<'a>,
    context: &'a Context,
}

impl<'a> JsonValue<'a> {
    pub(super) fn of(arg: &'a Arg<'a>, context: &'a Context) -> Self {
        JsonValue {
            arg,
            value: &arg.value,
            context,
        }
    }
}

impl Serialize for JsonValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let arg = self.arg;
        let abi = self.context.abi;
        match self.value {
            Value::Number | Value::Pointer => {
                serialize_number(value::number(arg.ty, arg.raw, abi), serializer)
            }
            Value::Null | Value::Fault => serializer.serialize_none(),
            Value::Str(bytes) | Value::Buffer(bytes) => Lossy(bytes).serialize(serializer),
            Value::Path(path) => serializer.collect_str(&PathText(path)),
            Value::Strings(strings) => serializer.collect_seq(strings.iter().map(Lossy)),
            Value::Sockaddr(address) => JsonSockaddr(address).serialize(serializer),
            Value::Struct(array) => match array.iter().next() {
                Some(first) => JsonStruct(first, abi).serialize(serializer),
                None => serializer.serialize_none(),
            },
            Value::Array(array) => JsonArray(array, abi).serialize(serializer),
            Value::Msghdr(message) => JsonMsghdr(message, abi).serialize(serializer),
            Value::Messages(messages) => serializer.collect_seq(JsonMessage::all(messages, abi)),
            Value::Bits(bits) => serializer.collect_seq(structure::numbers(bits)),
            Value::Option(bytes) => match structure::option_number(bytes) {
                Some(number) => serializer.serialize_i32(number),
                None => Lossy(bytes).serialize(serializer),
            },
        }
    }
}
