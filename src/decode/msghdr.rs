//! A `struct msghdr` and what it points to, each of which came as an item of its own; and arrays of them.

use crate::catalogue::structs::{CMSGHDR, IOVEC, MMSGHDR, MSGHDR};
use crate::catalogue::Layout;
use crate::decode::cursor::Cursor;
use crate::decode::sockaddr::Sockaddr;
use crate::decode::structure::{Array, FieldValue, Structure};
use crate::wire::{
    item_header, ITEM_FAULT, ITEM_LATE, ITEM_TRUNCATED, PART_BUFFERS, PART_MSG_CONTROL, PART_MSG_IOV,
    PART_MSG_NAME,
};

/// Bytes that were read of a part of a message, or the fact that they could not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    pub bytes: &'a [u8],
    pub fault: bool,
    pub truncated: bool,
    /// Bytes in all; 0: unknown.
    pub full: u64,
}

impl<'a> Part<'a> {
    pub fn new(item: &item_header, bytes: &'a [u8]) -> Part<'a> {
        Part {
            bytes,
            fault: item.status == ITEM_FAULT,
            truncated: item.status == ITEM_TRUNCATED,
            full: item.full,
        }
    }
}

/// A message header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Msghdr<'a> {
    pub layout: Layout,
    pub header: &'a [u8],
    pub name: Option<Part<'a>>,
    pub iov: Option<Part<'a>>,
    pub control: Option<Part<'a>>,
    /// The first bytes of its buffers.
    pub data: Option<Part<'a>>,
}

impl<'a> Msghdr<'a> {
    pub fn new(layout: Layout, header: &'a [u8]) -> Self {
        Msghdr {
            layout,
            header,
            name: None,
            iov: None,
            control: None,
            data: None,
        }
    }

    /// Adds an item; returns false if the item belongs to another part.
    pub fn add(&mut self, item: &item_header, bytes: &'a [u8]) -> bool {
        let of = match item.part {
            PART_MSG_NAME => &mut self.name,
            PART_MSG_IOV => &mut self.iov,
            PART_MSG_CONTROL => &mut self.control,
            PART_BUFFERS => &mut self.data,
            _ => return false,
        };
        let part = Part::new(item, bytes);
        // A pointer that could not be followed stays an address.
        *of = (!part.fault || item.part == PART_BUFFERS).then_some(part);
        true
    }

    /// The header itself.
    pub fn structure(&self) -> Option<Structure<'a>> {
        Array::new(MSGHDR, self.layout, self.header)?.iter().next()
    }

    pub fn address(&self) -> Option<Sockaddr<'a>> {
        self.name.map(|part| Sockaddr::parse(part.bytes))
    }

    pub fn buffers(&self) -> Option<Array<'a>> {
        Array::new(IOVEC, self.layout, self.iov?.bytes)
    }

    /// The fields behind whose pointers bytes are missing, and how many there were.
    pub fn cuts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let cut =
            |field, part: Option<Part<'_>>| part.filter(|part| part.truncated).map(|part| (field, part.full));
        [
            cut("msg_name", self.name),
            cut("msg_iov", self.iov),
            cut("msg_control", self.control),
        ]
        .into_iter()
        .flatten()
    }

    /// The heads of the control messages: length, level and type each (`cmsg(3)`).
    pub fn controls(&self) -> impl Iterator<Item = Structure<'a>> {
        let layout = self.layout;
        let mut rest = self.control.map(|part| part.bytes).unwrap_or_default();
        std::iter::from_fn(move || {
            let size = usize::from(CMSGHDR.size(layout));
            let head = Array::new(CMSGHDR, layout, rest.get(..size)?)?.iter().next()?;
            let Some((_, FieldValue::Number(_, len))) = head.fields().next() else {
                return None;
            };
            let len = usize::try_from(len).ok().filter(|len| *len >= size)?;
            let aligned = len.checked_next_multiple_of(usize::from(layout.pointer()))?;
            rest = rest.get(aligned..).unwrap_or_default();
            Some(head)
        })
    }
}

/// An array of `struct mmsghdr`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Messages<'a> {
    pub layout: Layout,
    bytes: &'a [u8],
    /// Position of the argument.
    index: u8,
    /// The record from the first item of these messages on.
    items: &'a [u8],
}

impl<'a> Messages<'a> {
    pub fn new(layout: Layout, bytes: &'a [u8]) -> Self {
        Messages {
            layout,
            bytes,
            index: 0,
            items: &[],
        }
    }

    /// Notes where the items begin; `record` begins with the one at hand.
    pub fn note(&mut self, index: u8, record: &'a [u8]) {
        if self.items.is_empty() {
            (self.index, self.items) = (index, record);
        }
    }

    /// Each message, and its length.
    pub fn iter(&self) -> impl Iterator<Item = (Msghdr<'a>, Option<FieldValue<'a>>)> {
        let Messages { layout, index, .. } = *self;
        let mut items = Cursor::new(self.items);
        let size = usize::from(MMSGHDR.size(layout));
        let header = usize::from(MSGHDR.size(layout));
        self.bytes.chunks(size).enumerate().map(move |(position, bytes)| {
            let mut message = Msghdr::new(layout, bytes.get(..header).unwrap_or(bytes));
            loop {
                let mut next = items;
                let Some(item) = next.read::<item_header>() else {
                    break;
                };
                let Some(data) = next.take_padded(item.len as usize) else {
                    break;
                };
                if item.index != index
                    || usize::from(item.flags & !ITEM_LATE) != position
                    || !message.add(&item, data)
                {
                    break;
                }
                items = next;
            }
            let whole = Array::new(MMSGHDR, layout, bytes).and_then(|array| array.iter().next());
            let len = whole.and_then(|whole| whole.fields().nth(1));
            (message, len.map(|(_, value)| value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(out: &mut Vec<u8>, part: u8, position: u8, status: u8, full: u64, bytes: &[u8]) {
        out.extend([2, status, position, part]);
        out.extend((bytes.len() as u32).to_ne_bytes());
        out.extend(full.to_ne_bytes());
        out.extend(bytes);
        out.resize(out.len().next_multiple_of(8), 0);
    }

    #[test]
    fn each_message_has_its_own_items() {
        let mut items = Vec::new();
        item(&mut items, PART_MSG_NAME, 0, 0, 3, b"one");
        item(&mut items, PART_BUFFERS, 0, ITEM_TRUNCATED, 9, b"da");
        item(&mut items, PART_MSG_CONTROL, 2, ITEM_TRUNCATED, 900, b"ctl");
        let array = [0; 3 * 64];
        let mut messages = Messages::new(Layout::Native, &array);
        messages.note(2, &items);
        messages.note(2, &[]);
        let all: Vec<_> = messages.iter().map(|(message, _)| message).collect();
        assert_eq!(all.len(), 3);
        assert_eq!(all[0].name.unwrap().bytes, b"one");
        assert_eq!(all[0].data.unwrap().full, 9);
        assert_eq!((all[1].name, all[1].data), (None, None));
        assert_eq!(all[2].cuts().collect::<Vec<_>>(), [("msg_control", 900)]);
    }

    #[test]
    fn any_items_are_survived() {
        let mut items = Vec::new();
        item(&mut items, PART_MSG_IOV, 0, 0, 32, &[7; 32]);
        let array = [0xff; 70];
        for len in 0..items.len() {
            let mut messages = Messages::new(Layout::Ia32, &array);
            messages.note(2, &items[..len]);
            assert_eq!(messages.iter().count(), 3);
        }
    }
}
