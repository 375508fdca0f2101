//! C structures in a program's memory: their fields, and where each lies by the rules of each ABI.

use super::types::{ArgType, Field, FieldType, Ia32, Layout, StructSpec, Width};
use crate::symbols::table::equal;

impl Layout {
    /// Size of a pointer in bytes.
    pub const fn pointer(self) -> u16 {
        match self {
            Layout::Native => 8,
            Layout::Ia32 | Layout::X32 => 4,
        }
    }
}

impl Width {
    /// Size and alignment in bytes.
    pub const fn bytes(self, layout: Layout) -> (u16, u16) {
        match (self, layout) {
            (Width::W8, _) => (1, 1),
            (Width::W16, _) => (2, 2),
            (Width::W32, _) | (Width::WLong, Layout::Ia32) => (4, 4),
            (Width::W32AtPtr, _) => (4, layout.pointer()),
            (Width::Packed64, _) => (8, 1),
            (Width::W64, Layout::Ia32) => (8, 4),
            (Width::W64 | Width::WLong, _) => (8, 8),
            (Width::WPtr, _) => (layout.pointer(), layout.pointer()),
        }
    }
}

impl StructSpec {
    /// The structure that a call with this layout has; `None` if it is not read.
    pub fn of(&'static self, layout: Layout) -> Option<&'static StructSpec> {
        match (layout, &self.ia32) {
            (Layout::Ia32, Ia32::Other(other)) => Some(other),
            (Layout::Ia32, Ia32::Unread) => None,
            _ => Some(self),
        }
    }

    /// `sizeof`
    pub const fn size(&self, layout: Layout) -> u16 {
        self.extent[layout as usize].0
    }

    /// Each field with its offset and size in bytes.
    pub fn offsets(&self, layout: Layout) -> impl Iterator<Item = (&'static Field, u16, u16)> {
        let fields: &'static [Field] = self.fields;
        let mut end = 0u16;
        fields.iter().map(move |field| {
            let (size, alignment) = field.ty.bytes(layout);
            let offset = end.next_multiple_of(alignment);
            end = offset + size;
            (field, offset, size)
        })
    }
}

impl FieldType {
    /// Size and alignment in bytes.
    const fn bytes(&self, layout: Layout) -> (u16, u16) {
        match self {
            FieldType::Number(width, _) => width.bytes(layout),
            FieldType::Numbers(count, width, _) => {
                let (size, alignment) = width.bytes(layout);
                (size * *count, alignment)
            }
            FieldType::Chars(count) | FieldType::Bytes(count) | FieldType::Padding(count) => (*count, 1),
            FieldType::Struct(spec) => spec.extent[layout as usize],
        }
    }
}

/// A field of a structure that is a number.
pub const fn field(name: &'static str, width: Width, ty: ArgType) -> Field {
    Field {
        name,
        ty: FieldType::Number(width, ty),
    }
}

/// A structure with the same fields in 32-bit calls.
pub const fn structure(c_name: &'static str, fields: &'static [Field]) -> StructSpec {
    structure_by_abi(c_name, fields, Ia32::SameFields)
}

/// A structure of which 32-bit calls have another form, or one that is not read.
pub const fn structure_by_abi(c_name: &'static str, fields: &'static [Field], ia32: Ia32) -> StructSpec {
    StructSpec {
        c_name,
        fields,
        ia32,
        main: 0,
        extent: [
            extent(fields, Layout::Native),
            extent(fields, Layout::Ia32),
            extent(fields, Layout::X32),
        ],
    }
}

impl StructSpec {
    /// Names the fields that a table shows unless it is asked for all.
    ///
    /// # Panics
    /// If the structure has no such field: a mistake in the row, which fails the build.
    pub const fn main(mut self, names: &[&str]) -> StructSpec {
        let mut index = 0;
        while index < names.len() {
            self.main |= 1 << self.position(names[index]);
            index += 1;
        }
        self
    }

    /// Position of the field with this name, padding not counted.
    const fn position(&self, name: &str) -> u32 {
        let (mut index, mut position) = (0, 0);
        while index < self.fields.len() {
            let field = &self.fields[index];
            if equal(field.name, name) {
                return position;
            }
            if !matches!(field.ty, FieldType::Padding(_)) {
                position += 1;
            }
            index += 1;
        }
        panic!("{}", name)
    }
}

/// Size and alignment of a structure of these fields.
const fn extent(fields: &[Field], layout: Layout) -> (u16, u16) {
    let (mut end, mut most) = (0u16, 1u16);
    let mut index = 0;
    while index < fields.len() {
        let (size, alignment) = fields[index].ty.bytes(layout);
        end = end.next_multiple_of(alignment) + size;
        if alignment > most {
            most = alignment;
        }
        index += 1;
    }
    (end.next_multiple_of(most), most)
}
