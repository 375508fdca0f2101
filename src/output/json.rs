//! One JSON object a line: keys as in the SPEC.

use base64::prelude::{Engine as _, BASE64_STANDARD};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::catalogue;
use crate::decode::sockaddr::Sockaddr;
use crate::decode::{ABI_NAMES, NO_SYSCALL};
use crate::event::{Arg, Context, Event, Value};
use crate::output::text::{self, Number};

/// Appends an event as one line. `epoch` is the time of boot in ns since the epoch.
pub fn line(out: &mut Vec<u8>, event: &Event<'_>, epoch: u64) -> serde_json::Result<()> {
    serde_json::to_writer(&mut *out, &Line::new(event, epoch))?;
    out.push(b'\n');
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    timestamp: u64,
    thread_start_time: u64,
    processor_id: u32,
    process_id: u32,
    thread_id: u32,
    parent_process_id: u32,
    host_process_id: u32,
    host_thread_id: u32,
    host_parent_process_id: u32,
    user_id: u32,
    mount_namespace: u32,
    pid_namespace: u32,
    cgroup_id: u64,
    process_name: Lossy<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process_name_bytes: Option<String>,
    host_name: Lossy<'a>,
    executable: Executable<'a>,
    /// Of a process in no container.
    container: Option<()>,
    event_id: u16,
    event_name: &'static str,
    syscall: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    abi: Option<&'static str>,
    args_num: usize,
    return_value: Option<i64>,
    args: Args<'a>,
}

#[derive(Serialize)]
struct Executable<'a> {
    path: Option<Lossy<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
}

impl<'a> Line<'a> {
    fn new(event: &'a Event<'_>, epoch: u64) -> Self {
        let context = &event.context;
        let executable = event.executable.as_deref();
        Line {
            timestamp: epoch + context.time,
            thread_start_time: epoch + context.thread_start,
            processor_id: context.cpu,
            process_id: context.pid,
            thread_id: context.tid,
            parent_process_id: context.ppid,
            host_process_id: context.host_pid,
            host_thread_id: context.host_tid,
            host_parent_process_id: context.host_ppid,
            user_id: context.uid,
            mount_namespace: context.mnt_ns,
            pid_namespace: context.pid_ns,
            cgroup_id: context.cgroup_id,
            process_name: Lossy(event.comm()),
            process_name_bytes: bytes_unless_utf8(event.comm()),
            host_name: Lossy(event.nodename.unwrap_or_default()),
            executable: Executable {
                path: executable.map(Lossy),
                bytes: executable.and_then(bytes_unless_utf8),
            },
            container: None,
            event_id: event.spec.id,
            event_name: event.spec.name,
            syscall: match context.syscall {
                NO_SYSCALL => None,
                id => catalogue::by_id(id).map(|event| event.name),
            },
            abi: match context.abi {
                0 => None,
                abi => ABI_NAMES.get(usize::from(abi)).copied(),
            },
            args_num: event.args.len(),
            return_value: event.returns().then_some(context.ret),
            args: Args {
                args: &event.args,
                context,
            },
        }
    }
}

/// Bytes as a string, with U+FFFD for what is not UTF-8.
struct Lossy<'a>(&'a [u8]);

impl Serialize for Lossy<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(self.0))
    }
}

fn bytes_unless_utf8(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes)
        .is_err()
        .then(|| BASE64_STANDARD.encode(bytes))
}

struct Args<'a> {
    args: &'a [Arg<'a>],
    context: &'a Context,
}

impl Serialize for Args<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.args.iter().map(|arg| JsonArg {
            arg,
            context: self.context,
        }))
    }
}

struct JsonArg<'a> {
    arg: &'a Arg<'a>,
    context: &'a Context,
}

impl Serialize for JsonArg<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let arg = self.arg;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", arg.spec.name)?;
        map.serialize_entry("type", arg.spec.ty.c_name())?;
        map.serialize_entry(
            "value",
            &JsonValue {
                arg,
                context: self.context,
            },
        )?;
        if let Some(text) = text::symbolic(arg, self.context) {
            map.serialize_entry("text", &text)?;
        }
        match &arg.value {
            Value::Str(bytes) => entry_bytes(&mut map, bytes)?,
            Value::Path(path) => entry_bytes(&mut map, path)?,
            Value::Strings(strings) if strings.iter().any(|string| std::str::from_utf8(string).is_err()) => {
                let all: Vec<_> = strings
                    .iter()
                    .map(|string| BASE64_STANDARD.encode(string))
                    .collect();
                map.serialize_entry("bytes", &all)?;
            }
            Value::Fault => map.serialize_entry("error", "EFAULT")?,
            _ => {}
        }
        if arg.truncated {
            map.serialize_entry("truncated", &true)?;
            if arg.full > 0 {
                map.serialize_entry("fullLength", &arg.full)?;
            }
        }
        map.end()
    }
}

fn entry_bytes<M: SerializeMap>(map: &mut M, bytes: &[u8]) -> Result<(), M::Error> {
    match bytes_unless_utf8(bytes) {
        Some(text) => map.serialize_entry("bytes", &text),
        None => Ok(()),
    }
}

struct JsonValue<'a> {
    arg: &'a Arg<'a>,
    context: &'a Context,
}

impl Serialize for JsonValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let arg = self.arg;
        match &arg.value {
            Value::Number | Value::Pointer => match text::number(arg.spec.ty, arg.raw, self.context.abi) {
                Number::Signed(value) => serializer.serialize_i64(value),
                Number::Unsigned(value) => serializer.serialize_u64(value),
                Number::Bool(value) => serializer.serialize_bool(value),
            },
            Value::Null | Value::Fault => serializer.serialize_none(),
            Value::Str(bytes) => Lossy(bytes).serialize(serializer),
            Value::Path(path) => Lossy(path).serialize(serializer),
            Value::Strings(strings) => serializer.collect_seq(strings.iter().map(|string| Lossy(string))),
            Value::Sockaddr(address) => sockaddr(address, serializer),
            Value::Timespec { sec, nsec } => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("tv_sec", sec)?;
                map.serialize_entry("tv_nsec", nsec)?;
                map.end()
            }
        }
    }
}

/// The fields of the C structure, by their own names.
fn sockaddr<S: Serializer>(address: &Sockaddr<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("sa_family", &address.family())?;
    match address {
        Sockaddr::Unix(path) => {
            map.serialize_entry("sun_path", &Lossy(path))?;
            entry_bytes(&mut map, path)?;
        }
        Sockaddr::Abstract(name) => {
            let mut path = vec![0];
            path.extend_from_slice(name);
            map.serialize_entry("sun_path", &Lossy(&path))?;
            entry_bytes(&mut map, &path)?;
        }
        Sockaddr::Inet(inet) => {
            map.serialize_entry("sin_addr", inet.ip())?;
            map.serialize_entry("sin_port", &inet.port())?;
        }
        Sockaddr::Inet6(inet) => {
            map.serialize_entry("sin6_addr", inet.ip())?;
            map.serialize_entry("sin6_port", &inet.port())?;
            map.serialize_entry("sin6_flowinfo", &inet.flowinfo())?;
            map.serialize_entry("sin6_scope_id", &inet.scope_id())?;
        }
        Sockaddr::Other(_, bytes) | Sockaddr::Short(bytes) => {
            map.serialize_entry("bytes", &BASE64_STANDARD.encode(bytes))?;
        }
    }
    map.end()
}
