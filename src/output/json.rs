//! One JSON object a line: keys of the JSON output.

use std::cell::RefCell;
use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::catalogue;
use crate::clock::Timeline;
use crate::decode::event::{Arg, Context, Event, Executable, Value};
use crate::decode::path::{Marks, PathName};
use crate::decode::ABI_NAMES;
use crate::escape;
use crate::output::cuts::{MsghdrCuts, StringCuts};
use crate::output::json_value::{
    bytes_unless_utf8, entry_bytes, entry_named_bytes, serialize_number, Base64, JsonArray, JsonSockaddr,
    JsonStruct, Lossy, LossyText,
};
use crate::output::messages::{entry_buffer, JsonMessage, JsonMsghdr};
use crate::output::structure::{self, Detail};
use crate::output::{text, value};
use crate::symbols;
use crate::wire::{NO_SYSCALL, RECORD_WITHIN};

/// Appends an event as one line. `clock` is the wall clock; `scratch` is any string, kept for its room.
pub fn line(
    out: &mut Vec<u8>,
    event: &Event<'_>,
    clock: &Timeline,
    scratch: &RefCell<String>,
) -> serde_json::Result<()> {
    escape::write_json(out, &Line::new(event, clock, scratch))?;
    out.push(b'\n');
    Ok(())
}

/// An event as JSON shows it. Null values are those that an event reported by tracee itself does not have.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    timestamp: u64,
    thread_start_time: Option<u64>,
    processor_id: Option<u32>,
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
    executable: JsonExecutable<'a>,
    /// `None` for a process in no container.
    container: Option<JsonContainer<'a>>,
    event_id: u16,
    event_name: &'static str,
    syscall: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    abi: Option<&'static str>,
    /// Whether the arguments were in user memory: those of a call within socketcall(2) or its like.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    args_from_memory: bool,
    args_num: usize,
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
    error: Option<&'static str>,
    args: Args<'a>,
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

struct JsonExecutable<'a>(Option<&'a Executable>);

impl Serialize for JsonExecutable<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("path", &self.0.map(|executable| Lossy(&executable.path)))?;
        if let Some(executable) = self.0 {
            entry_bytes(&mut map, &executable.path)?;
            entries_of_marks(&mut map, executable.marks)?;
        }
        map.end()
    }
}

impl<'a> Line<'a> {
    fn new(event: &'a Event<'_>, clock: &Timeline, scratch: &'a RefCell<String>) -> Self {
        let context = &event.context;
        let host_name = event.nodename.unwrap_or_default();
        let own = context.is_own();
        let of_task = |number: u32| (!own).then_some(number);
        Line {
            timestamp: clock.wall(context.time),
            thread_start_time: (!own).then(|| clock.wall(context.thread_start)),
            processor_id: of_task(context.cpu),
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
            executable: JsonExecutable(event.executable.as_deref()),
            container: event.container.as_ref().map(|container| JsonContainer {
                id: &container.id,
                name: container.name.as_deref(),
                image: container.image.as_deref(),
                runtime: container.runtime,
                owner: container.owner,
            }),
            event_id: event.spec.id,
            event_name: event.spec.name,
            syscall: match context.syscall {
                NO_SYSCALL => None,
                id => catalogue::by_id(id).map(|event| event.name),
            },
            source: event.source,
            abi: match context.abi {
                0 => None,
                abi => ABI_NAMES.get(usize::from(abi)).copied(),
            },
            args_from_memory: context.flags & RECORD_WITHIN != 0,
            args_num: event.args.len(),
            return_value: event.returns().then_some(context.ret),
            duration: event.duration,
            carried_out: event.carried_out(),
            seen_by_program: event.seen,
            error: event.errno().and_then(symbols::errno_name),
            args: Args {
                args: &event.args,
                context,
                scratch,
            },
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

struct Args<'a> {
    args: &'a [Arg<'a>],
    context: &'a Context,
    scratch: &'a RefCell<String>,
}

impl Serialize for Args<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.args.iter().map(|arg| JsonArg {
            arg,
            context: self.context,
            scratch: self.scratch,
        }))
    }
}

struct JsonArg<'a> {
    arg: &'a Arg<'a>,
    context: &'a Context,
    scratch: &'a RefCell<String>,
}

impl Serialize for JsonArg<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let arg = self.arg;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", arg.spec.name)?;
        map.serialize_entry("type", arg.ty.c_name())?;
        map.serialize_entry(
            "value",
            &JsonValue {
                arg,
                value: &arg.value,
                context: self.context,
            },
        )?;
        let mut text = self.scratch.borrow_mut();
        text.clear();
        if text::push_symbolic(&mut text, arg, self.context, Detail::All) {
            map.serialize_entry("text", text.as_str())?;
        }
        match &arg.value {
            Value::Str(bytes) | Value::Buffer(bytes) => entry_bytes(&mut map, bytes)?,
            Value::Option(bytes) if structure::option_number(bytes).is_none() => {
                entry_bytes(&mut map, bytes)?
            }
            Value::Path(path) => entries_of_path(&mut map, path)?,
            Value::Number if arg.file.is_some() => entries_of_file(&mut map, arg)?,
            Value::Number => entries_of_process(&mut map, arg.name)?,
            Value::Strings(strings) if strings.iter().any(|string| std::str::from_utf8(string).is_err()) => {
                let all: Vec<_> = strings.iter().map(Base64).collect();
                map.serialize_entry("bytes", &all)?;
            }
            Value::Fault => map.serialize_entry("error", "EFAULT")?,
            _ => {}
        }
        if let Some(other) = &arg.other {
            let (key, text_key, value) = other.parts();
            let context = self.context;
            map.serialize_entry(key, &JsonValue { arg, value, context })?;
            text.clear();
            if text::push_symbolic_value(&mut text, arg, value, context, Detail::All) {
                map.serialize_entry(text_key, text.as_str())?;
            }
        }
        if let Some(data) = &arg.data {
            entry_buffer(&mut map, data)?;
        }
        if arg.late {
            map.serialize_entry("readLate", &true)?;
        }
        if arg.truncated {
            map.serialize_entry("truncated", &true)?;
            if arg.full > 0 {
                map.serialize_entry("fullLength", &arg.full)?;
            }
            match &arg.value {
                Value::Strings(strings) => map.serialize_entry("cuts", &StringCuts(strings))?,
                Value::Msghdr(message) => map.serialize_entry("cuts", &MsghdrCuts(message))?,
                _ => {}
            }
        }
        map.end()
    }
}

/// The marks of a path, whose words a file's name may contain as well, and the bytes of its name.
fn entries_of_path<M: SerializeMap>(map: &mut M, path: &PathName<'_>) -> Result<(), M::Error> {
    entries_of_marks(map, path.marks())?;
    if path.pieces().any(|piece| std::str::from_utf8(piece).is_err()) {
        map.serialize_entry("bytes", &Base64(&path.to_vec()))?;
    }
    Ok(())
}

fn entries_of_marks<M: SerializeMap>(map: &mut M, marks: Marks) -> Result<(), M::Error> {
    marks
        .names()
        .try_for_each(|mark| map.serialize_entry(mark, &true))
}

/// What a process calls itself, under the keys that the event's own process has.
fn entries_of_process<M: SerializeMap>(map: &mut M, name: Option<&[u8]>) -> Result<(), M::Error> {
    let Some(name) = name else {
        return Ok(());
    };
    map.serialize_entry("processName", &Lossy(name))?;
    match bytes_unless_utf8(name) {
        Some(bytes) => map.serialize_entry("processNameBytes", &bytes),
        None => Ok(()),
    }
}

/// What is open as an fd: its path, without the number and the brackets of the text.
fn entries_of_file<M: SerializeMap>(map: &mut M, arg: &Arg<'_>) -> Result<(), M::Error> {
    let Some(file) = &arg.file else {
        return Ok(());
    };
    if let Some(path) = &file.path {
        map.serialize_entry("path", &format_args!("{}", PathText(path)))?;
        entries_of_path(map, path)?;
        if file.path_cut {
            map.serialize_entry("truncated", &true)?;
        }
    }
    // As in an address, an abstract name begins with a NUL.
    if let Some(name) = file.unix {
        let end = name.iter().skip(1).position(|byte| *byte == 0 && name[0] != 0);
        let name = end.map_or(name, |end| &name[..=end]);
        map.serialize_entry("sun_path", &Lossy(name))?;
        entry_named_bytes(map, "sun_path", name)?;
    }
    Ok(())
}

struct JsonValue<'a> {
    arg: &'a Arg<'a>,
    value: &'a Value<'a>,
    context: &'a Context,
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
