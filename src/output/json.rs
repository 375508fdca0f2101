//! One JSON object a line: keys of the JSON output.

use std::fmt;
use std::rc::Rc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::catalogue::{self, ArgSpec};
use crate::clock::Timeline;
use crate::decode::container::Container;
use crate::decode::event::{Arg, Context, Event, Executable, Value};
use crate::decode::path::{Marks, PathName};
use crate::decode::ABI_NAMES;
use crate::json::{self, Plain};
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

/// How many threads are remembered.
const THREADS: usize = 64;

/// Writes events as lines of JSON. What a line says of its thread is kept, since the next one of that thread mostly says
/// the same; so is what it says of its event.
#[derive(Default)]
pub struct Lines {
    threads: Vec<Thread>,
    /// By id.
    events: Vec<Row>,
    /// One argument in words; kept to reuse its memory.
    text: String,
}

/// What a line says of its thread.
#[derive(Default)]
struct Thread {
    /// The part of the record's header that belongs to the thread, and when that began by the wall clock.
    context: Context,
    start: u64,
    nodename: Option<Vec<u8>>,
    executable: Option<Rc<Executable>>,
    container: Option<Rc<Container>>,
    /// What a line says of all that, with the brace that ends its object. Empty: not known yet.
    bytes: Vec<u8>,
}

/// What a line says of its event, whatever happened.
#[derive(Default)]
struct Row {
    args_num: usize,
    /// With the brace that ends its object. Empty: not known yet.
    bytes: Vec<u8>,
    args: Vec<RowArg>,
}

/// The beginning of an argument's object.
struct RowArg {
    spec: &'static ArgSpec,
    /// As C calls it; another argument may decide.
    ty: &'static str,
    /// `{"name":"fd","type":"int","value":`
    bytes: Vec<u8>,
}

impl Row {
    fn push(&mut self, out: &mut Vec<u8>, event: &Event<'_>) -> fmt::Result {
        if self.bytes.is_empty() || self.args_num != event.args.len() {
            self.args_num = event.args.len();
            let before = out.len() - 1;
            json::extend(out, &EventFields::new(event))?;
            self.bytes.clear();
            self.bytes.extend_from_slice(&out[before..]);
            return Ok(());
        }
        out.pop();
        out.extend_from_slice(&self.bytes);
        Ok(())
    }

    /// What the argument at this position begins with.
    fn arg(&mut self, position: usize, arg: &Arg<'_>) -> Result<&[u8], fmt::Error> {
        let ty = arg.ty.c_name();
        let known = |row: &RowArg| std::ptr::eq(row.spec, arg.spec) && row.ty == ty;
        if !self.args.get(position).is_some_and(known) {
            let mut bytes = Vec::new();
            let mut map = json::object(&mut bytes);
            entries_of_spec(&mut map, arg)?;
            map.serialize_key(&Plain(VALUE))?;
            bytes.push(b':');
            let row = RowArg {
                spec: arg.spec,
                ty,
                bytes,
            };
            self.args.truncate(position);
            self.args.push(row);
        }
        Ok(&self.args[position].bytes)
    }
}

impl Lines {
    /// Appends an event as one line. `clock` is the wall clock.
    pub fn push(&mut self, out: &mut Vec<u8>, event: &Event<'_>, clock: &Timeline) -> fmt::Result {
        json::write(out, &Head::new(event, clock))?;
        self.push_thread(out, event, clock)?;
        let id = usize::from(event.spec.id);
        if self.events.len() <= id {
            self.events.resize_with(id + 1, Row::default);
        }
        let row = &mut self.events[id];
        row.push(out, event)?;
        json::extend(out, &Call::new(event))?;
        out.pop();
        out.extend_from_slice(b",\"args\":[");
        for (position, arg) in event.args.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            out.extend_from_slice(row.arg(position, arg)?);
            json::write(out, &JsonValue::of(arg, &event.context))?;
            let mut map = json::inside_object(out);
            entries_of_arg(&mut map, arg, &event.context, &mut self.text)?;
            map.end()?;
        }
        out.extend_from_slice(b"]}\n");
        Ok(())
    }

    fn push_thread(&mut self, out: &mut Vec<u8>, event: &Event<'_>, clock: &Timeline) -> fmt::Result {
        self.threads.resize_with(THREADS, Thread::default);
        let thread = &mut self.threads[event.context.host_tid as usize % THREADS];
        let start = clock.wall(event.context.thread_start);
        if !thread.is_of(event, start) {
            thread.bytes.clear();
            let before = out.len() - 1;
            json::extend(out, &ThreadFields::new(event, start))?;
            thread.keep(event, start, &out[before..]);
            return Ok(());
        }
        out.pop();
        out.extend_from_slice(&thread.bytes);
        Ok(())
    }
}

/// The part of a record's header that belongs to the thread.
fn of_thread(context: &Context) -> Context {
    Context {
        time: 0,
        ret: 0,
        cpu: 0,
        event: 0,
        syscall: 0,
        abi: 0,
        nvalues: 0,
        flags: 0,
        reserved: 0,
        ..*context
    }
}

impl Thread {
    fn is_of(&self, event: &Event<'_>, start: u64) -> bool {
        fn same<T>(one: Option<&Rc<T>>, other: Option<&Rc<T>>) -> bool {
            one.map(Rc::as_ptr) == other.map(Rc::as_ptr)
        }
        let context = of_thread(&event.context);
        // SAFETY: Context is made of integers without padding (it is Plain).
        let same_context = unsafe { plain::as_bytes(&self.context) == plain::as_bytes(&context) };
        !self.bytes.is_empty()
            && same_context
            && self.start == start
            && self.nodename.as_deref() == event.nodename
            && same(self.executable.as_ref(), event.executable.as_ref())
            && same(self.container.as_ref(), event.container.as_ref())
    }

    fn keep(&mut self, event: &Event<'_>, start: u64, bytes: &[u8]) {
        self.context = of_thread(&event.context);
        self.start = start;
        match (&mut self.nodename, event.nodename) {
            (Some(kept), Some(name)) => {
                kept.clear();
                kept.extend_from_slice(name);
            }
            (kept, name) => *kept = name.map(<[u8]>::to_vec),
        }
        self.executable.clone_from(&event.executable);
        self.container.clone_from(&event.container);
        self.bytes.extend_from_slice(bytes);
    }
}

/// Where and when an event was. Null values are those that an event reported by tracee itself does not have.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    timestamp: u64,
    processor_id: Option<u32>,
}

/// What an event says of its thread.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ThreadFields<'a> {
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
    executable: JsonExecutable<'a>,
    /// `None` for a process in no container.
    container: Option<JsonContainer<'a>>,
}

/// Which event it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventFields {
    event_id: u16,
    event_name: Plain,
    args_num: usize,
}

/// What has happened, but for the arguments.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Call {
    syscall: Option<Plain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Plain>,
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

struct JsonExecutable<'a>(Option<&'a Executable>);

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

impl Head {
    fn new(event: &Event<'_>, clock: &Timeline) -> Head {
        let context = &event.context;
        Head {
            timestamp: clock.wall(context.time),
            processor_id: (!context.is_own()).then_some(context.cpu),
        }
    }
}

impl<'a> ThreadFields<'a> {
    /// `start`: when the thread began, in ns since the epoch.
    fn new(event: &'a Event<'_>, start: u64) -> Self {
        let context = &event.context;
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
            executable: JsonExecutable(event.executable.as_deref()),
            container: event.container.as_ref().map(|container| JsonContainer {
                id: &container.id,
                name: container.name.as_deref(),
                image: container.image.as_deref(),
                runtime: container.runtime,
                owner: container.owner,
            }),
        }
    }
}

impl EventFields {
    fn new(event: &Event<'_>) -> Self {
        EventFields {
            event_id: event.spec.id,
            event_name: Plain(event.spec.name),
            args_num: event.args.len(),
        }
    }
}

impl Call {
    fn new(event: &Event<'_>) -> Self {
        let context = &event.context;
        Call {
            syscall: match context.syscall {
                NO_SYSCALL => None,
                id => catalogue::by_id(id).map(|event| Plain(event.name)),
            },
            source: event.source.map(Plain),
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

/// The key of an argument's value.
const VALUE: &str = "value";

/// What an argument is called.
fn entries_of_spec<M: SerializeMap>(map: &mut M, arg: &Arg<'_>) -> Result<(), M::Error> {
    map.serialize_entry(&Plain("name"), &Plain(arg.spec.name))?;
    map.serialize_entry(&Plain("type"), &Plain(arg.ty.c_name()))
}

/// What follows an argument's value.
fn entries_of_arg<M: SerializeMap>(
    map: &mut M,
    arg: &Arg<'_>,
    context: &Context,
    text: &mut String,
) -> Result<(), M::Error> {
    text.clear();
    if text::push_symbolic(text, arg, context, Detail::All) {
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

fn entries_of_marks<M: SerializeMap>(map: &mut M, marks: Marks) -> Result<(), M::Error> {
    marks
        .names()
        .try_for_each(|mark| map.serialize_entry(&Plain(mark), &true))
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

struct JsonValue<'a> {
    arg: &'a Arg<'a>,
    value: &'a Value<'a>,
    context: &'a Context,
}

impl<'a> JsonValue<'a> {
    fn of(arg: &'a Arg<'a>, context: &'a Context) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode;
    use crate::output::random::Random;
    use crate::output::tests::record;
    use serde_json::Value;

    /// An event of this row whose arguments are any numbers, and whose memory is any bytes.
    fn arbitrary(random: &mut Random, name: &str, nargs: usize) -> Vec<u8> {
        let values: Vec<_> = (0..nargs).map(|_| random.number() >> random.below(64)).collect();
        let items: Vec<_> = (0..=nargs)
            .filter_map(|index| {
                let bytes = match random.below(4) {
                    0 => return None,
                    1 => random.text(),
                    2 => (0..random.below(200)).map(|_| random.number() as u8).collect(),
                    _ => random.number().to_ne_bytes()[..].repeat(random.below(30)),
                };
                Some((if index == nargs { 0xff } else { index as u8 }, bytes))
            })
            .collect();
        let items: Vec<_> = items.iter().map(|(index, bytes)| (*index, &bytes[..])).collect();
        record(name, &values, &items)
    }

    /// An argument for serde_json.
    struct Whole<'a>(&'a Arg<'a>, &'a Context);

    impl Serialize for Whole<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            entries_of_spec(&mut map, self.0)?;
            map.serialize_entry(VALUE, &JsonValue::of(self.0, self.1))?;
            entries_of_arg(&mut map, self.0, self.1, &mut String::new())?;
            map.end()
        }
    }

    /// Each line is what serde_json makes of the same, also when its thread is known.
    #[test]
    fn lines_are_what_serde_json_writes() {
        let mut random = Random(1);
        let mut lines = Lines::default();
        let clock = Timeline::new(7);
        let some = Rc::new(Executable {
            path: b"/x\xff".to_vec(),
            marks: Marks::default(),
        });
        let container = Rc::new(Container {
            name: Some("\u{9b}".into()),
            ..Container::default()
        });
        let (mut out, mut known) = (Vec::new(), 0);
        let specs: Vec<_> = catalogue::events().collect();
        for spec in specs.iter().cycle().take(20_000) {
            let record = arbitrary(&mut random, spec.name, spec.args.len());
            let Ok(mut event) = decode::decode(&record) else {
                continue;
            };
            let context = &mut event.context;
            context.host_tid = random.below(3) as u32;
            context.uid = random.below(2) as u32;
            context.thread_start = random.below(2) as u64;
            context.ret = random.number() as i64 >> random.below(64);
            context.cpu = random.below(2) as u32;
            context.flags = random.number() as u8;
            event.nodename = (random.below(2) == 0).then_some(&b"host\xff"[..]);
            event.duration = (random.below(2) == 0).then_some(1);
            event.source = (random.below(2) == 0).then_some("x");
            event.executable = (random.below(2) == 0).then(|| Rc::clone(&some));
            event.container = (random.below(2) == 0).then(|| Rc::clone(&container));
            let start = clock.wall(event.context.thread_start);
            known += usize::from(
                lines
                    .threads
                    .get(event.context.host_tid as usize % THREADS)
                    .is_some_and(|thread| thread.is_of(&event, start)),
            );
            out.clear();
            lines.push(&mut out, &event, &clock).unwrap();
            let line: Value = serde_json::from_slice(&out).unwrap();
            let mut expected = serde_json::to_value(Head::new(&event, &clock)).unwrap();
            let rest = [
                serde_json::to_value(ThreadFields::new(&event, start)).unwrap(),
                serde_json::to_value(EventFields::new(&event)).unwrap(),
                serde_json::to_value(Call::new(&event)).unwrap(),
                serde_json::json!({ "args": event.args.iter().map(|arg| Whole(arg, &event.context)).collect::<Vec<_>>() }),
            ];
            for part in rest {
                let Value::Object(part) = part else { panic!() };
                expected.as_object_mut().unwrap().extend(part);
            }
            assert_eq!(line, expected);
        }
        assert!(known > 100, "{known}");
    }
}
