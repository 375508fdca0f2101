//! A `struct msghdr` and what it points to, each of which came as an item of its own.

use crate::catalogue::structs::{CMSGHDR, IOVEC, MSGHDR};
use crate::catalogue::Layout;
use crate::decode::sockaddr::Sockaddr;
use crate::decode::structure::{Array, FieldValue, Structure};

/// A message header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Msghdr<'a> {
    pub layout: Layout,
    pub header: &'a [u8],
    pub name: Option<&'a [u8]>,
    pub iov: Option<&'a [u8]>,
    pub control: Option<&'a [u8]>,
    /// Bytes of each of these, if some are missing at its end; else 0.
    pub full: [u64; 3],
}

impl<'a> Msghdr<'a> {
    pub fn new(layout: Layout, header: &'a [u8]) -> Self {
        Msghdr {
            layout,
            header,
            name: None,
            iov: None,
            control: None,
            full: [0; 3],
        }
    }

    /// The header itself.
    pub fn structure(&self) -> Option<Structure<'a>> {
        Array::new(MSGHDR, self.layout, self.header)?.iter().next()
    }

    /// The fields behind whose pointers bytes are missing, and how many there were.
    pub fn cuts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        ["msg_name", "msg_iov", "msg_control"]
            .into_iter()
            .zip(self.full)
            .filter(|(_, full)| *full > 0)
    }

    pub fn address(&self) -> Option<Sockaddr<'a>> {
        self.name.map(Sockaddr::parse)
    }

    pub fn buffers(&self) -> Option<Array<'a>> {
        Array::new(IOVEC, self.layout, self.iov?)
    }

    /// The heads of the control messages: length, level and type each (`cmsg(3)`).
    pub fn controls(&self) -> impl Iterator<Item = Structure<'a>> {
        let layout = self.layout;
        let mut rest = self.control.unwrap_or_default();
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
