//! C structures from a program's memory, by the rows of the catalogue: read field by field when they are shown.

use crate::catalogue::spec::{Field, FieldType, Width};
use crate::catalogue::{ArgType, Layout, StructSpec};

/// Structures of one kind, one behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Array<'a> {
    pub spec: &'static StructSpec,
    pub layout: Layout,
    bytes: &'a [u8],
}

/// One structure, of which bytes may be missing at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Structure<'a> {
    pub spec: &'static StructSpec,
    pub layout: Layout,
    bytes: &'a [u8],
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldValue<'a> {
    /// A number with the meaning of that type, zero-extended.
    Number(ArgType, u64),
    Numbers(Numbers<'a>),
    /// Text, up to its NUL.
    Chars(&'a [u8]),
    Bytes(&'a [u8]),
    Struct(Structure<'a>),
}

/// Several numbers of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers<'a> {
    pub ty: ArgType,
    size: usize,
    bytes: &'a [u8],
}

impl<'a> Array<'a> {
    /// Structures as a call with that layout has them; `None` if these are not read.
    pub fn new(spec: &'static StructSpec, layout: Layout, bytes: &'a [u8]) -> Option<Self> {
        let spec = spec.of(layout)?;
        Some(Array { spec, layout, bytes })
    }

    /// One structure. Calls of 32-bit programs that take the native form (`*_time64`) are recognised by the number of
    /// bytes.
    pub fn one(spec: &'static StructSpec, layout: Layout, bytes: &'a [u8]) -> Option<Self> {
        let own = spec.of(layout)?;
        let native = usize::from(spec.size(Layout::Native));
        if bytes.len() == native && usize::from(own.size(layout)) < native {
            let layout = Layout::Native;
            return Some(Array { spec, layout, bytes });
        }
        Array::new(spec, layout, bytes)
    }

    pub fn iter(&self) -> impl Iterator<Item = Structure<'a>> {
        let (spec, layout) = (self.spec, self.layout);
        let size = usize::from(spec.size(layout)).max(1);
        self.bytes
            .chunks(size)
            .map(move |bytes| Structure { spec, layout, bytes })
    }
}

impl Array<'_> {
    /// Bytes of one structure.
    pub fn element_size(&self) -> u64 {
        u64::from(self.spec.size(self.layout)).max(1)
    }

    /// In which fields the first structures of both differ: bit *i* for field *i*.
    pub fn difference(&self, other: &Array<'_>) -> u64 {
        let (Some(one), Some(other)) = (self.iter().next(), other.iter().next()) else {
            return u64::MAX;
        };
        let pairs = one.fields().zip(other.fields()).enumerate();
        pairs
            .filter(|(_, ((_, one), (_, other)))| one != other)
            .fold(0, |mask, (index, _)| mask | (1 << index))
    }
}

impl<'a> Structure<'a> {
    /// Each field; a structure that was cut has fewer.
    pub fn fields(&self) -> impl Iterator<Item = (&'static Field, FieldValue<'a>)> {
        let (bytes, layout) = (self.bytes, self.layout);
        self.spec
            .offsets(layout)
            .filter_map(move |(field, offset, size)| {
                let (offset, size) = (usize::from(offset), usize::from(size));
                let bytes = bytes.get(offset..offset + size)?;
                Some((field, field_value(&field.ty, layout, bytes)?))
            })
    }

    /// The fields that a table shows unless it is asked for all, one bit each; `None`: all of them.
    pub fn main(&self) -> Option<u64> {
        (self.spec.main != 0).then_some(self.spec.main)
    }

    /// Whether C has no structure here, but numbers behind a pointer.
    pub fn is_bare(&self) -> bool {
        self.spec
            .fields
            .first()
            .is_some_and(|field| field.name.is_empty())
    }
}

fn field_value<'a>(ty: &'static FieldType, layout: Layout, bytes: &'a [u8]) -> Option<FieldValue<'a>> {
    Some(match ty {
        FieldType::Number(_, ty) => FieldValue::Number(*ty, number(bytes)),
        FieldType::Numbers(_, width, ty) => FieldValue::Numbers(Numbers {
            ty: *ty,
            size: usize::from(Width::bytes(*width, layout).0),
            bytes,
        }),
        FieldType::Chars(_) => FieldValue::Chars(bytes.split(|byte| *byte == 0).next().unwrap_or_default()),
        FieldType::Bytes(_) => FieldValue::Bytes(bytes),
        FieldType::Padding(_) => return None,
        FieldType::Struct(spec) => FieldValue::Struct(Structure { spec, layout, bytes }),
    })
}

impl Numbers<'_> {
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.bytes.chunks(self.size.max(1)).map(number)
    }
}

/// A number of up to 8 bytes, in the machine's byte order.
fn number(bytes: &[u8]) -> u64 {
    let mut wide = [0; 8];
    let len = bytes.len().min(8);
    if cfg!(target_endian = "big") {
        wide[8 - len..].copy_from_slice(&bytes[..len]);
    } else {
        wide[..len].copy_from_slice(&bytes[..len]);
    }
    u64::from_ne_bytes(wide)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::structs::TIMESPEC;

    fn fields(layout: Layout, bytes: &[u8]) -> Vec<(&'static str, FieldValue<'_>)> {
        let array = Array::one(TIMESPEC, layout, bytes).unwrap();
        let first = array.iter().next().unwrap();
        first.fields().map(|(field, value)| (field.name, value)).collect()
    }

    #[test]
    fn timespecs_of_both_widths() {
        let of = |sec, nsec| {
            let number = |n| FieldValue::Number(ArgType::Long, n);
            vec![("tv_sec", number(sec)), ("tv_nsec", number(nsec))]
        };
        let wide: Vec<u8> = [5u64, 6].iter().flat_map(|n| n.to_ne_bytes()).collect();
        assert_eq!(fields(Layout::Native, &wide), of(5, 6));
        assert_eq!(fields(Layout::Ia32, &wide), of(5, 6));
        let narrow: Vec<u8> = [7u32, 8].iter().flat_map(|n| n.to_ne_bytes()).collect();
        assert_eq!(fields(Layout::Ia32, &narrow), of(7, 8));
        assert_eq!(fields(Layout::Native, &narrow), of(0x8_0000_0007, 0)[..1]);
    }

    /// Two narrow structures have the size of a wide one.
    #[test]
    fn arrays_are_of_the_call_s_own_width() {
        let pair: Vec<u8> = [1u32, 2, 3, 4].iter().flat_map(|n| n.to_ne_bytes()).collect();
        let array = Array::new(TIMESPEC, Layout::Ia32, &pair).unwrap();
        assert_eq!(array.iter().count(), 2);
    }
}
