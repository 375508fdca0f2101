//! Messages and the buffers of vectors in JSON.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::decode::msghdr::{Messages, Msghdr, Part};
use crate::decode::structure::{FieldValue, Structure};
use crate::json::Plain;
use crate::output::cuts::MsghdrCuts;
use crate::output::json_value::{
    bytes_unless_utf8, entry_field, Base64, JsonArray, JsonField, JsonSockaddr, Lossy,
};

/// The first bytes of a vector's buffers.
pub(super) fn entry_buffer<M: SerializeMap>(map: &mut M, data: &Part<'_>) -> Result<(), M::Error> {
    if data.fault {
        map.serialize_entry(&Plain("buffer"), &())?;
        return map.serialize_entry(&Plain("bufferError"), "EFAULT");
    }
    map.serialize_entry(&Plain("buffer"), &Lossy(data.bytes))?;
    if let Some(bytes) = bytes_unless_utf8(data.bytes) {
        map.serialize_entry(&Plain("bufferBytes"), &bytes)?;
    }
    if data.truncated {
        map.serialize_entry(&Plain("bufferTruncated"), &true)?;
        if data.full > 0 {
            map.serialize_entry(&Plain("bufferFullLength"), &data.full)?;
        }
    }
    Ok(())
}

/// One of several messages: its header, and its length.
pub(super) struct JsonMessage<'a>(Msghdr<'a>, Option<FieldValue<'a>>, u8);

impl<'a> JsonMessage<'a> {
    pub(super) fn all(messages: &Messages<'a>, abi: u8) -> impl Iterator<Item = JsonMessage<'a>> {
        messages
            .iter()
            .map(move |(message, len)| JsonMessage(message, len, abi))
    }
}

impl Serialize for JsonMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let JsonMessage(message, len, abi) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(&Plain("msg_hdr"), &JsonMsghdr(message, *abi))?;
        if let Some(len) = len {
            map.serialize_entry(&Plain("msg_len"), &JsonField(*len, *abi))?;
        }
        if message.cuts().next().is_some() {
            map.serialize_entry(&Plain("cuts"), &MsghdrCuts(message))?;
        }
        map.end()
    }
}

pub(super) struct JsonMsghdr<'a>(pub(super) &'a Msghdr<'a>, pub(super) u8);

impl Serialize for JsonMsghdr<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        msghdr(self.0, self.1, serializer)
    }
}

/// The header, with what it points to in the place of the pointers.
fn msghdr<S: Serializer>(message: &Msghdr<'_>, abi: u8, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    for (field, value) in message.structure().iter().flat_map(Structure::fields) {
        match (field.name, message.address(), message.buffers(), message.control) {
            ("msg_name", Some(address), ..) => {
                map.serialize_entry(&Plain(field.name), &JsonSockaddr(&address))?
            }
            ("msg_iov", _, Some(buffers), _) => {
                map.serialize_entry(&Plain(field.name), &JsonArray(&buffers, abi))?;
            }
            ("msg_control", .., Some(control)) => {
                map.serialize_entry(&Plain(field.name), &Base64(control.bytes))?;
            }
            _ => entry_field(&mut map, field.name, value, abi)?,
        }
    }
    if let Some(data) = &message.data {
        entry_buffer(&mut map, data)?;
    }
    map.end()
}
