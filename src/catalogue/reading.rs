//! How the kernel side reads the arguments of system calls: the part of a row that goes to C.

use super::kinds::{ArgKind, When};
use super::spec::EventSpec;
use super::structs::{CAP_DATA, MMSGHDR};
use super::types::{ArgType, Count, Layout, StructSpec};

/// How the kernel side reads an argument of a call of some ABI (`struct arg_desc` of `record.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub kind: ArgKind,
    pub when: When,
    pub count: Count,
    /// Bytes of an element; 0: an eighth, since the count is in bits.
    pub size: u16,
    /// Maximum of bytes; 0: as many as the user asked for (a buffer).
    pub max: u16,
}

/// Maximum of bytes of an address (`struct sockaddr_storage`), of an option's value, of an array or set.
pub const SOCKADDR_MAX: u16 = 128;
pub const OPTION_MAX: u16 = 64;
pub const ARRAY_MAX: u16 = 4096;

/// What a call does with the memory that an argument points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// Nothing is read.
    None,
    Given,
    /// Given, and written over.
    Changed,
    FilledIn,
}

impl ArgType {
    /// What the call does with this argument's memory; `Select` has a type of its own for each case.
    pub fn memory(self) -> Memory {
        let reading = self.reading(Layout::Native);
        match (reading.kind, reading.when) {
            (ArgKind::Value | ArgKind::Fd | ArgKind::Select, _) => Memory::None,
            (_, When::In) => Memory::Given,
            (_, When::Kept | When::InOut) => Memory::Changed,
            (_, When::Out | When::OutPositive | When::OutZero | When::Interrupted) => Memory::FilledIn,
        }
    }

    /// Whether the length before the call is needed to know how much has been filled in.
    pub fn needs_room(self) -> bool {
        let reading = self.reading(Layout::Native);
        matches!(reading.count, Count::At(_))
            || matches!(reading.kind, ArgKind::Msghdr | ArgKind::Mmsghdr) && self.memory() == Memory::FilledIn
    }

    /// The types that a value of this type may have.
    fn cases(self) -> impl Iterator<Item = ArgType> {
        let cases = match self {
            ArgType::Select { table, .. } => table.cases,
            _ => &[],
        };
        std::iter::once(self).chain(cases.iter().map(|(_, ty)| *ty))
    }
}

impl EventSpec {
    /// Whether some memory that this call is given must be read before it is carried out: the call changes it, or may
    /// write another argument over it.
    pub fn keeps_given(&self) -> bool {
        let mut memory = self
            .args
            .iter()
            .flat_map(|arg| arg.ty.cases())
            .map(|ty| (ty.memory(), ty.needs_room()));
        let (mut given, mut filled) = (false, false);
        memory.any(|(memory, needs_room)| {
            given |= memory == Memory::Given;
            filled |= memory == Memory::FilledIn;
            needs_room || memory == Memory::Changed || given && filled
        }) || self.keeps_all()
    }

    /// Whether the call writes to addresses that are in memory which it is given: such an address may lead to this
    /// memory itself, or to that of another argument.
    pub fn keeps_all(&self) -> bool {
        let fills_buffers = |ty| {
            let data = Some(When::Out);
            matches!(ty, ArgType::Iovec { data: when, .. } if when == data)
        };
        self.args.iter().any(|arg| fills_buffers(arg.ty)) || self.columns.writes_behind
    }
}

impl ArgType {
    /// When the buffers behind it are valid; `None`: it has no buffers.
    pub const fn buffers(self) -> Option<When> {
        match self {
            ArgType::Iovec { data, .. } => data,
            ArgType::Msghdr(when) | ArgType::Mmsghdr(when, _) => Some(when),
            _ => None,
        }
    }

    /// How the kernel side reads this argument.
    pub fn reading(self, layout: Layout) -> Reading {
        use ArgType::*;
        let reading = |kind, when, count, size, max| Reading {
            kind,
            when,
            count,
            size,
            max,
        };
        let plain = |kind| reading(kind, When::In, Count::Const(1), 0, 0);
        let bytes = |when, count, size, max| reading(ArgKind::Bytes, when, count, size, max);
        let structs = |spec: &'static StructSpec, when, count| match spec.of(layout) {
            Some(spec) => bytes(when, count, spec.size(layout), ARRAY_MAX),
            None => plain(ArgKind::Value),
        };
        match self {
            Str => plain(ArgKind::Str),
            StrArray => plain(ArgKind::StrArray),
            Fd | DirFd => plain(ArgKind::Fd),
            Select { .. } => plain(ArgKind::Select),
            Sockaddr { len } => bytes(When::In, Count::Arg(len), 1, SOCKADDR_MAX),
            SockaddrOut { len } => bytes(When::Out, Count::At(len), 1, SOCKADDR_MAX),
            StrOut { len } => bytes(When::Out, Count::RetUpTo(len), 1, ARRAY_MAX),
            OptionValue { len } => bytes(When::In, Count::Arg(len), 1, OPTION_MAX),
            OptionValueOut { len } => bytes(When::Out, Count::At(len), 1, OPTION_MAX),
            Buf { len } => bytes(When::In, Count::Arg(len), 1, 0),
            BufOut { len } => bytes(When::Out, Count::RetUpTo(len), 1, 0),
            Iovec { count, data } => reading(
                data.map_or(ArgKind::Bytes, |_| ArgKind::Iovec),
                When::In,
                Count::Arg(count),
                2 * layout.pointer(),
                ARRAY_MAX,
            ),
            BitSet(when, count) => bytes(when, count, 0, ARRAY_MAX),
            CpuSet(when, count) => bytes(when, count, 1, ARRAY_MAX),
            Msghdr(when) => reading(ArgKind::Msghdr, when, Count::Const(1), 0, 0),
            Mmsghdr(when, count) => {
                let size = MMSGHDR.size(layout);
                reading(ArgKind::Mmsghdr, when, count, size, ARRAY_MAX)
            }
            Struct(when, spec) if *spec == *CAP_DATA => {
                let size = spec.size(layout);
                bytes(when, Count::CapVersion(0), size / 2, size)
            }
            Struct(when, spec) => structs(spec, when, Count::Const(1)),
            Array(when, spec, count) => structs(spec, when, count),
            Sized(when, spec, len) => match spec.of(layout) {
                Some(spec) => bytes(when, Count::Arg(len), 1, spec.size(layout)),
                None => plain(ArgKind::Value),
            },
            _ => plain(ArgKind::Value),
        }
    }
}
