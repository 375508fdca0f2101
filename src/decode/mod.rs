//! Bytes of a record → [`Event`], driven by the catalogue: no code per event, and with a [`Room`] no allocation.
//!
//! The format is in `src/bpf/record.h`. A record that does not follow it is an error, never a panic.

pub mod container;
pub(crate) mod cursor;
pub(crate) mod encode;
pub mod event;
pub(crate) mod file;
pub(crate) mod msghdr;
pub mod path;
pub mod process;
pub(crate) mod sockaddr;
pub(crate) mod strings;
pub(crate) mod structure;

use crate::catalogue::structs::MMSGHDR;
use crate::catalogue::{self, ArgType, Layout};
use crate::decode::event::{Arg, Context, Event, Other, Value};
use crate::wire::{
    by_position, item_header, ABI_COUNT, ABI_IA32, ABI_NATIVE, ABI_X32, ITEM_DURATION, ITEM_FAULT, ITEM_LATE,
    ITEM_NODENAME, ITEM_SEEN, ITEM_TRUNCATED, LAYOUTS, PART_AFTER, PART_BUFFERS, PART_FD_INFO, PART_FD_PATH,
    PART_FD_SOCKET, PART_FD_UNIX, PART_GIVEN, PART_MSG_CONTROL, PART_MSG_IOV, PART_MSG_NAME, PART_NAME,
    PART_STR_CUTS, PART_VALUE,
};
use cursor::Cursor;
use file::OpenFile;
use msghdr::{Messages, Msghdr, Part};
use path::PathName;
use sockaddr::Sockaddr;
use strings::Strings;
use structure::Array;

/// By ABI.
pub const ABI_NAMES: [&str; ABI_COUNT as usize] =
    by_position([(ABI_NATIVE, "x86_64"), (ABI_IA32, "i386"), (ABI_X32, "x32")]);

/// A record that does not follow the format.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Its length in bytes.
    #[error("a record of {0} bytes is too short")]
    Short(usize),
    /// The id.
    #[error("a record has the unknown event id {0}")]
    Event(u16),
    /// The number of the ABI.
    #[error("a record has the unknown ABI {0}")]
    Abi(u8),
    /// Name of the event, position of the argument.
    #[error("a record of {0} has argument {1}, which its row does not have")]
    Argument(&'static str, u8),
    /// Name of the event, position of the argument, kind of the part.
    #[error("a record of {0} has a part {2} of argument {1}")]
    Part(&'static str, u8, u8),
}

/// Decodes one record. Whoever decodes many of them has a [`Room`].
pub fn decode(record: &[u8]) -> Result<Event<'_>, DecodeError> {
    Room::default().decode(record)
}

/// Room for the arguments of one event after the other: an event is moved from hand to hand, and with its arguments
/// inside it would be copied each time.
#[derive(Default)]
pub struct Room(Vec<Arg<'static>>);

impl Room {
    /// Decodes one record.
    pub fn decode<'a>(&mut self, record: &'a [u8]) -> Result<Event<'a>, DecodeError> {
        decode_with(emptied(std::mem::take(&mut self.0)), record)
    }

    /// Takes the room of an event that is no longer needed.
    pub fn take_back(&mut self, event: Event<'_>) {
        self.0 = emptied(event.args);
    }
}

/// The same memory for arguments of another record.
fn emptied<'b>(mut args: Vec<Arg<'_>>) -> Vec<Arg<'b>> {
    args.clear();
    // The standard library collects into the memory of a vector with elements of the same size.
    args.into_iter().map(|_| unreachable!()).collect()
}

fn decode_with<'a>(mut args: Vec<Arg<'a>>, record: &'a [u8]) -> Result<Event<'a>, DecodeError> {
    let short = || DecodeError::Short(record.len());
    let mut cursor = Cursor::new(record);
    let context: Context = cursor.read().ok_or_else(short)?;
    let spec = catalogue::by_id(context.event).ok_or(DecodeError::Event(context.event))?;
    let layout = *LAYOUTS
        .get(usize::from(context.abi))
        .ok_or(DecodeError::Abi(context.abi))?;
    for index in 0..context.nvalues {
        let raw = cursor.u64().ok_or_else(short)?;
        let arg = spec
            .args
            .get(usize::from(index))
            .ok_or(DecodeError::Argument(spec.name, index))?;
        args.push(Arg::new(arg, raw, Value::Number));
    }
    resolve(&mut args);
    let (mut nodename, mut seen, mut duration) = (None, None, None);
    while !cursor.is_empty() {
        let rest = cursor.rest();
        let item: item_header = cursor.read().ok_or_else(short)?;
        let bytes = cursor.take_padded(item.len as usize).ok_or_else(short)?;
        if item.index == ITEM_NODENAME {
            nodename = Some(bytes);
            continue;
        }
        if item.index == ITEM_SEEN {
            seen = bytes.first_chunk().map(|bytes| i64::from_ne_bytes(*bytes));
            continue;
        }
        if item.index == ITEM_DURATION {
            duration = bytes.first_chunk().map(|bytes| u64::from_ne_bytes(*bytes));
            continue;
        }
        let arg = args
            .get_mut(usize::from(item.index))
            .ok_or(DecodeError::Argument(spec.name, item.index))?;
        take(arg, layout, &item, bytes, rest).ok_or(DecodeError::Part(spec.name, item.index, item.part))?;
    }
    compare(&mut args);
    args.iter_mut().for_each(Arg::keep_difference);
    Ok(Event {
        nodename,
        seen,
        duration,
        ..Event::new(spec, context, args)
    })
}

/// Sets the types of arguments that depend on others, and the value of each argument of which nothing was read.
fn resolve(args: &mut [Arg<'_>]) {
    for index in 0..args.len() {
        if let ArgType::Select { by, table } = args[index].ty {
            let selector = args.get(usize::from(by)).map_or(0, |arg| arg.raw);
            args[index].ty = table.resolve(selector);
        }
        let arg = &mut args[index];
        arg.value = match (arg.ty.is_kernel_data(), arg.ty.is_pointer(), arg.raw) {
            (true, ..) | (false, true, 0) => Value::Null,
            (false, true, _) => Value::Pointer,
            (false, false, _) => Value::Number,
        };
    }
}

/// Notes in which fields two structures differ: all, if one of them is unknown.
fn compare(args: &mut [Arg<'_>]) {
    for index in 0..args.len() {
        let ArgType::Changed { than, .. } = args[index].ty else {
            continue;
        };
        let other = args.get(usize::from(than)).map(|arg| &arg.value);
        args[index].full = match (&args[index].value, other) {
            (Value::Struct(one), Some(Value::Struct(other))) => one.difference(other),
            _ => u64::MAX,
        };
    }
}

/// Adds an item to its argument; `None` for a part that the argument cannot have. `rest` is the record from that item
/// on.
fn take<'a>(
    arg: &mut Arg<'a>,
    layout: Layout,
    item: &item_header,
    bytes: &'a [u8],
    rest: &'a [u8],
) -> Option<()> {
    match item.part {
        PART_VALUE => {
            arg.value = match item.status {
                ITEM_FAULT => Value::Fault,
                _ => read(arg.ty, layout, item.flags, bytes),
            };
            arg.truncated = item.status == ITEM_TRUNCATED;
            arg.full = item.full;
            // A path's flags have another meaning.
            arg.late = item.flags & ITEM_LATE != 0 && !arg.ty.is_kernel_data();
            // Counts of arrays are elements.
            match &arg.value {
                Value::Array(array) => arg.full /= array.element_size(),
                Value::Messages(_) => arg.full /= u64::from(MMSGHDR.size(layout)),
                _ => {}
            }
        }
        PART_STR_CUTS => {
            if let Value::Strings(strings) = &mut arg.value {
                *strings = strings.with_cuts(bytes);
            }
        }
        PART_GIVEN | PART_AFTER if item.status == ITEM_FAULT => {}
        PART_GIVEN => arg.other = Some(Other::Given(read(arg.ty, layout, item.flags, bytes))),
        PART_AFTER => arg.other = Some(Other::After(read(arg.ty, layout, item.flags, bytes))),
        PART_MSG_NAME | PART_MSG_IOV | PART_MSG_CONTROL | PART_BUFFERS => {
            if item.part != PART_BUFFERS && item.status == ITEM_TRUNCATED && !arg.truncated {
                (arg.truncated, arg.full) = (true, 0);
            }
            match &mut arg.value {
                Value::Msghdr(message) => {
                    message.add(item, bytes);
                }
                Value::Messages(messages) => messages.note(item.index, rest),
                _ if item.part == PART_BUFFERS => arg.data = Some(Part::new(item, bytes)),
                // Without a header that could be read, these items mean nothing.
                _ => {}
            }
        }
        PART_FD_INFO | PART_FD_PATH | PART_FD_SOCKET | PART_FD_UNIX => {
            let file = arg.file.get_or_insert_with(OpenFile::default);
            match item.part {
                PART_FD_INFO => file.info = bytes,
                PART_FD_PATH => {
                    file.path = Some(PathName::new(item.flags, bytes));
                    file.path_cut = item.status == ITEM_TRUNCATED;
                }
                PART_FD_SOCKET => file.socket = bytes,
                _ => file.unix = Some(bytes),
            }
        }
        PART_NAME if arg.ty == ArgType::Pid => arg.name = Some(bytes),
        _ => return None,
    }
    Some(())
}

/// The value of an argument that was read.
fn read(ty: ArgType, layout: Layout, flags: u8, bytes: &[u8]) -> Value<'_> {
    match ty {
        ArgType::StrArray => Value::Strings(Strings::new(bytes)),
        ArgType::Path => Value::Path(PathName::new(flags, bytes)),
        // An address or a structure of length 0 is missing.
        ArgType::Sockaddr { .. } | ArgType::SockaddrOut { .. } | ArgType::Struct(..) | ArgType::Sized(..)
            if bytes.is_empty() =>
        {
            Value::Pointer
        }
        ArgType::Sockaddr { .. } | ArgType::SockaddrOut { .. } | ArgType::KernelSockaddr => {
            Value::Sockaddr(Sockaddr::parse(bytes))
        }
        // The kernel's own structures are native for every ABI.
        ArgType::KernelStruct(spec) | ArgType::Changed { spec, .. } => {
            Array::one(spec, Layout::Native, bytes).map_or(Value::Null, Value::Struct)
        }
        ArgType::Struct(_, spec) | ArgType::Sized(_, spec, _) => {
            Array::one(spec, layout, bytes).map_or(Value::Pointer, Value::Struct)
        }
        ArgType::Array(_, spec, _) => Array::new(spec, layout, bytes).map_or(Value::Pointer, Value::Array),
        ArgType::Iovec { .. } => {
            Array::new(catalogue::structs::IOVEC, layout, bytes).map_or(Value::Pointer, Value::Array)
        }
        ArgType::Msghdr(_) => Value::Msghdr(Msghdr::new(layout, bytes)),
        ArgType::Mmsghdr(..) => Value::Messages(Messages::new(layout, bytes)),
        ArgType::BitSet(..) | ArgType::CpuSet(..) => Value::Bits(bytes),
        ArgType::OptionValue { .. } | ArgType::OptionValueOut { .. } => Value::Option(bytes),
        ArgType::Buf { .. } | ArgType::BufOut { .. } => Value::Buffer(bytes),
        // getcwd(2) counts its NUL, readlink(2) has none.
        ArgType::StrOut { .. } => Value::Str(bytes.strip_suffix(&[0]).unwrap_or(bytes)),
        _ => Value::Str(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record with that event, values, and items (index, status, flags, full, bytes).
    fn record(event: &str, values: &[u64], items: &[(u8, u8, u8, u64, &[u8])]) -> Vec<u8> {
        let context = Context {
            time: 7,
            event: catalogue::expect(event).id,
            nvalues: values.len() as u8,
            ..Context::default()
        };
        // SAFETY: Context is made of integers without padding (it is Plain).
        let mut bytes = unsafe { plain::as_bytes(&context) }.to_vec();
        for value in values {
            bytes.extend(value.to_ne_bytes());
        }
        for (index, status, flags, full, data) in items {
            bytes.extend([*index, *status, *flags, 0]);
            bytes.extend((data.len() as u32).to_ne_bytes());
            bytes.extend(full.to_ne_bytes());
            bytes.extend(*data);
            bytes.resize(bytes.len().next_multiple_of(8), 0);
        }
        bytes
    }

    #[test]
    fn values_and_items() {
        let bytes = record(
            "openat",
            &[3, 0x1000, 0, 0],
            &[(1, 0, 0, 4, b"/tmp"), (ITEM_NODENAME, 0, 0, 4, b"host")],
        );
        let event = decode(&bytes).unwrap();
        assert_eq!(event.spec.name, "openat");
        assert_eq!(event.nodename, Some(&b"host"[..]));
        assert_eq!(event.args[0].value, Value::Number);
        assert_eq!(event.args[1].value, Value::Str(b"/tmp"));
        assert!(!event.args[1].truncated);
    }

    #[test]
    fn null_fault_and_truncation_are_told_apart() {
        let bytes = record("openat", &[3, 0, 0, 0], &[]);
        assert_eq!(decode(&bytes).unwrap().args[1].value, Value::Null);
        let bytes = record("openat", &[3, 1, 0, 0], &[(1, ITEM_FAULT, 0, 0, b"")]);
        assert_eq!(decode(&bytes).unwrap().args[1].value, Value::Fault);
        let bytes = record("openat", &[3, 1, 0, 0], &[(1, ITEM_TRUNCATED, 0, 0, b"ab")]);
        assert!(decode(&bytes).unwrap().args[1].truncated);
    }

    #[test]
    fn structures_of_the_kernels_are_compared() {
        use crate::catalogue::kernel_structs::{CRED, NAMESPACES};
        use crate::wire::{cred_info, namespace_info};

        assert_eq!(usize::from(CRED.size(Layout::Native)), size_of::<cred_info>());
        assert_eq!(
            usize::from(NAMESPACES.size(Layout::Native)),
            size_of::<namespace_info>()
        );
        let (old, mut new) = ([0; size_of::<cred_info>()], [0; size_of::<cred_info>()]);
        // Only gid and the last capability set differ.
        new[4] = 1;
        new[size_of::<cred_info>() - 9] = 0x80;
        let both = record(
            "commit_creds",
            &[0, 0],
            &[(0, 0, 0, 80, &old), (1, 0, 0, 80, &new)],
        );
        let event = decode(&both).unwrap();
        assert_eq!(
            [event.args[0].full, event.args[1].full],
            [(1 << 1) | (1 << 12); 2]
        );
        // All fields differ if there is nothing to compare with.
        let one = record("commit_creds", &[0, 0], &[(1, 0, 0, 80, &new)]);
        let event = decode(&one).unwrap();
        assert_eq!(event.args[0].value, Value::Null);
        assert_eq!(event.args[1].full, u64::MAX);
    }

    #[test]
    fn only_processes_have_names() {
        let named = |event, index: u8| {
            let mut bytes = record(event, &[7, 7], &[(index, 0, 0, 0, b"sleep")]);
            let part = size_of::<Context>() + 2 * 8 + std::mem::offset_of!(item_header, part);
            bytes[part] = PART_NAME;
            bytes
        };
        let bytes = named("kill", 0);
        let event = decode(&bytes).unwrap();
        assert_eq!(event.args[0].value, Value::Number);
        assert_eq!(event.args[0].name, Some(&b"sleep"[..]));
        let error = |event, index| decode(&named(event, index)).err();
        assert_eq!(error("kill", 1), Some(DecodeError::Part("kill", 1, PART_NAME)));
        assert_eq!(
            error("fchmod", 0),
            Some(DecodeError::Part("fchmod", 0, PART_NAME))
        );
    }

    #[test]
    fn every_cut_and_every_flipped_byte_is_survived() {
        let full = record(
            "execve",
            &[1, 2, 3],
            &[(0, 0, 0, 4, b"/bin"), (1, 0, 0, 2, b"a\0b\0")],
        );
        for len in 0..full.len() {
            let _ = decode(&full[..len]);
        }
        for at in 0..full.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut bytes = full.clone();
                bytes[at] = value;
                let _ = decode(&bytes);
            }
        }
    }
}
