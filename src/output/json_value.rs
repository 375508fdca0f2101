//! Values in JSON: bytes, numbers, structures, addresses of sockets.

use std::fmt;

use base64::display::Base64Display;
use base64::prelude::BASE64_STANDARD;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::decode::sockaddr::Sockaddr;
use crate::decode::structure::{Array, FieldValue, Numbers, Structure};
use crate::json::Plain;
use crate::output::value::{self, Number};

/// Bytes as a string, with U+FFFD for what is not UTF-8.
pub(super) struct Lossy<'a>(pub(super) &'a [u8]);

impl Serialize for Lossy<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => serializer.collect_str(&LossyText(self.0)),
        }
    }
}

pub(super) struct LossyText<'a>(pub(super) &'a [u8]);

impl fmt::Display for LossyText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.utf8_chunks().try_for_each(|chunk| {
            f.write_str(chunk.valid())?;
            match chunk.invalid() {
                [] => Ok(()),
                _ => f.write_str("\u{fffd}"),
            }
        })
    }
}

/// Bytes as they are.
pub(super) struct Base64<'a>(pub(super) &'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.0, &BASE64_STANDARD))
    }
}

pub(super) fn bytes_unless_utf8(bytes: &[u8]) -> Option<Base64<'_>> {
    std::str::from_utf8(bytes).is_err().then_some(Base64(bytes))
}

pub(super) fn entry_bytes<M: SerializeMap>(map: &mut M, bytes: &[u8]) -> Result<(), M::Error> {
    match bytes_unless_utf8(bytes) {
        Some(text) => map.serialize_entry(&Plain("bytes"), &text),
        None => Ok(()),
    }
}

/// `name_bytes`, if the bytes are not UTF-8, so that `name` is not exact.
pub(super) fn entry_named_bytes<M: SerializeMap>(
    map: &mut M,
    name: &str,
    bytes: &[u8],
) -> Result<(), M::Error> {
    match bytes_unless_utf8(bytes) {
        Some(text) => map.serialize_entry(&format_args!("{name}_bytes"), &text),
        None => Ok(()),
    }
}

pub(super) fn serialize_number<S: Serializer>(number: Number, serializer: S) -> Result<S::Ok, S::Error> {
    match number {
        Number::Signed(value) => serializer.serialize_i64(value),
        Number::Unsigned(value) => serializer.serialize_u64(value),
        Number::Bool(value) => serializer.serialize_bool(value),
    }
}

pub(super) struct JsonArray<'a>(pub(super) &'a Array<'a>, pub(super) u8);

impl Serialize for JsonArray<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|structure| JsonStruct(structure, self.1)))
    }
}

/// An object of its fields' numbers; what has no field names is a number, or an array of them.
pub(super) struct JsonStruct<'a>(pub(super) Structure<'a>, pub(super) u8);

impl Serialize for JsonStruct<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let JsonStruct(structure, abi) = *self;
        let mut fields = structure.fields();
        if structure.is_bare() {
            return match (fields.next(), structure.spec.fields.len()) {
                (Some((_, value)), 1) => JsonField(value, abi).serialize(serializer),
                _ => serializer.collect_seq(structure.fields().map(|(_, value)| JsonField(value, abi))),
            };
        }
        let mut map = serializer.serialize_map(None)?;
        fields.try_for_each(|(field, value)| entry_field(&mut map, field.name, value, abi))?;
        map.end()
    }
}

/// A field; for a string that is not UTF-8, its bytes as well.
pub(super) fn entry_field<M: SerializeMap>(
    map: &mut M,
    name: &'static str,
    value: FieldValue<'_>,
    abi: u8,
) -> Result<(), M::Error> {
    map.serialize_entry(&Plain(name), &JsonField(value, abi))?;
    match value {
        FieldValue::Chars(bytes) => entry_named_bytes(map, name, bytes),
        _ => Ok(()),
    }
}

pub(super) struct JsonField<'a>(pub(super) FieldValue<'a>, pub(super) u8);

impl Serialize for JsonField<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let abi = self.1;
        match self.0 {
            FieldValue::Number(ty, raw) => serialize_number(value::number(ty, raw, abi), serializer),
            FieldValue::Numbers(numbers) => JsonNumbers(numbers, abi).serialize(serializer),
            FieldValue::Chars(bytes) => Lossy(bytes).serialize(serializer),
            FieldValue::Bytes(bytes) => Base64(bytes).serialize(serializer),
            FieldValue::Struct(structure) => JsonStruct(structure, abi).serialize(serializer),
        }
    }
}

struct JsonNumbers<'a>(Numbers<'a>, u8);

impl Serialize for JsonNumbers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let JsonNumbers(numbers, abi) = self;
        serializer.collect_seq(
            numbers
                .iter()
                .map(|raw| JsonField(FieldValue::Number(numbers.ty, raw), *abi)),
        )
    }
}

pub(super) struct JsonSockaddr<'a>(pub(super) &'a Sockaddr<'a>);

impl Serialize for JsonSockaddr<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        sockaddr(self.0, serializer)
    }
}

/// The fields of the C structure, by their own names.
fn sockaddr<S: Serializer>(address: &Sockaddr<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry(&Plain("sa_family"), &address.family())?;
    match address {
        Sockaddr::Unix(path) => {
            map.serialize_entry(&Plain("sun_path"), &Lossy(path))?;
            entry_bytes(&mut map, path)?;
        }
        Sockaddr::Abstract(name) => {
            // A leading NUL marks an abstract name.
            let mut path = arrayvec::ArrayVec::<u8, 128>::new();
            path.push(0);
            let _ = path.try_extend_from_slice(name);
            map.serialize_entry(&Plain("sun_path"), &Lossy(&path))?;
            entry_bytes(&mut map, &path)?;
        }
        Sockaddr::Inet(inet) => {
            map.serialize_entry(&Plain("sin_addr"), inet.ip())?;
            map.serialize_entry(&Plain("sin_port"), &inet.port())?;
        }
        Sockaddr::Inet6(inet) => {
            map.serialize_entry(&Plain("sin6_addr"), inet.ip())?;
            map.serialize_entry(&Plain("sin6_port"), &inet.port())?;
            map.serialize_entry(&Plain("sin6_flowinfo"), &inet.flowinfo())?;
            map.serialize_entry(&Plain("sin6_scope_id"), &inet.scope_id())?;
        }
        Sockaddr::Netlink { pid, groups } => {
            map.serialize_entry(&Plain("nl_pid"), pid)?;
            map.serialize_entry(&Plain("nl_groups"), groups)?;
        }
        Sockaddr::Packet {
            protocol,
            ifindex,
            hatype,
            pkttype,
            addr,
        } => {
            map.serialize_entry(&Plain("sll_protocol"), protocol)?;
            map.serialize_entry(&Plain("sll_ifindex"), ifindex)?;
            map.serialize_entry(&Plain("sll_hatype"), hatype)?;
            map.serialize_entry(&Plain("sll_pkttype"), pkttype)?;
            map.serialize_entry(&Plain("sll_addr"), addr)?;
        }
        Sockaddr::Vsock { cid, port } => {
            map.serialize_entry(&Plain("svm_cid"), cid)?;
            map.serialize_entry(&Plain("svm_port"), port)?;
        }
        Sockaddr::Alg(kind, name) => {
            map.serialize_entry(&Plain("salg_type"), &Lossy(kind))?;
            map.serialize_entry(&Plain("salg_name"), &Lossy(name))?;
            entry_named_bytes(&mut map, "salg_type", kind)?;
            entry_named_bytes(&mut map, "salg_name", name)?;
        }
        Sockaddr::Other(_, bytes) | Sockaddr::Short(bytes) => {
            map.serialize_entry(&Plain("bytes"), &Base64(bytes))?;
        }
    }
    map.end()
}
