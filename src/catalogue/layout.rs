//! C structures in a program's memory: their fields, and where each lies by the rules of each ABI.

use super::spec::ArgType;

/// A C structure, or a few numbers behind a pointer: a row of `structs.rs`.
#[derive(Debug, PartialEq, Eq)]
pub struct StructSpec {
    /// As a pointer to it is written: `struct timespec *`.
    pub c_name: &'static str,
    /// In C's order, without gaps that alignment does not explain.
    pub fields: &'static [Field],
    /// How 32-bit calls have it.
    pub ia32: Ia32,
    /// `sizeof` and alignment, by layout: computed once, since every field of every event would ask for them.
    extent: [(u16, u16); 3],
}

/// The form of a structure in 32-bit calls.
#[derive(Debug, PartialEq, Eq)]
pub enum Ia32 {
    /// The same fields, by the 32-bit ABI's sizes and alignment.
    SameFields,
    Other(&'static StructSpec),
    /// It is not read there.
    Unread,
}

/// A field of a structure. One without a name makes a bare value: a pointer to an `int` is a structure of one of these.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub ty: FieldType,
}

#[derive(Debug, PartialEq, Eq)]
pub enum FieldType {
    /// A number of that width; its meaning (and sign) is the argument type's.
    Number(Width, ArgType),
    /// Several of them.
    Numbers(u16, Width, ArgType),
    /// `char[n]` with a NUL-terminated text in it.
    Chars(u16),
    /// Bytes that are shown as they are.
    Bytes(u16),
    /// Bytes that mean nothing.
    Padding(u16),
    Struct(&'static StructSpec),
}

/// Bytes of a number in memory, and with them its alignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    W8,
    W16,
    W32,
    /// 32 bits, aligned as a pointer is: the first member of a union with pointers in it.
    W32AtPtr,
    /// Aligned to 4 in 32-bit calls.
    W64,
    /// 64 bits, not aligned: of a packed structure.
    Packed64,
    /// `long`: 4 bytes in 32-bit calls.
    WLong,
    /// A pointer or `size_t`: 4 bytes in 32-bit and x32 calls.
    WPtr,
}

/// How structures lie in the memory of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    Native,
    /// 32-bit fields of `long` and pointer type, 64-bit ones aligned to 4.
    Ia32,
    /// As native, but for pointers.
    X32,
}

impl Layout {
    /// Bytes of a pointer.
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

/// A structure that 32-bit calls have with the same fields.
pub const fn structure(c_name: &'static str, fields: &'static [Field]) -> StructSpec {
    structure_by_abi(c_name, fields, Ia32::SameFields)
}

/// A structure of which 32-bit calls have another form, or one that is not read.
pub const fn structure_by_abi(c_name: &'static str, fields: &'static [Field], ia32: Ia32) -> StructSpec {
    StructSpec {
        c_name,
        fields,
        ia32,
        extent: [
            extent(fields, Layout::Native),
            extent(fields, Layout::Ia32),
            extent(fields, Layout::X32),
        ],
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
