//! Types of arguments, and of the structures that they point to; each is made of the other.

use super::kinds::When;
use crate::symbols::table::Table;

/// Type of an argument: how it is read in the kernel and how it is shown.
///
/// The numbers in braces are positions of other arguments of the same call, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgType {
    /// `int`
    Int,
    /// `unsigned int`
    UInt,
    /// `long`; 32 bits wide in a 32-bit call
    Long,
    /// `unsigned long`; 32 bits wide in a 32-bit call
    ULong,
    /// 16 bits, unsigned
    U16,
    /// 16 bits, signed
    I16,
    /// 64 bits in every ABI, signed: `loff_t`, `s64`
    I64,
    /// 64 bits in every ABI, unsigned: `u64`
    U64,
    /// `off_t`: a `long`, but 64 bits wide in those 32-bit calls, too, that have it in two registers
    Off,
    /// `size_t`
    Size,
    Bool,
    /// An address in user memory whose content is not read.
    Ptr,
    /// A NUL-terminated string in user memory, read up to 4096 bytes.
    Str,
    /// An array of strings in user memory, ended by a null pointer.
    StrArray,
    /// A `struct sockaddr` that the call is given; its length is argument `len`.
    Sockaddr {
        len: u8,
    },
    /// A `struct sockaddr` that the call fills in; argument `len` points to its length (`int *`).
    SockaddrOut {
        len: u8,
    },
    /// Bytes that the call is given; their number is argument `len`. Read on request only.
    Buf {
        len: u8,
    },
    /// Bytes that the call fills in, as many as it returns, but no more than argument `len`, which is the room for them.
    /// Read on request only.
    BufOut {
        len: u8,
    },
    /// A NUL-terminated name, or the bytes of one, that the call fills in: as many as it returns (readlink, getcwd), but no
    /// more than argument `len`.
    StrOut {
        len: u8,
    },
    /// A value of an option, of `len` bytes: an `int` if it has that size (setsockopt).
    OptionValue {
        len: u8,
    },
    /// The same as `OptionValue`, filled in by the call; argument `len` points to its length (`int *`).
    OptionValueOut {
        len: u8,
    },
    /// A `struct iovec` array; their number is argument `count`. The content of the buffers, where it is valid, is read
    /// on request only.
    Iovec {
        count: u8,
        data: Option<When>,
    },
    /// A structure in user memory.
    Struct(When, &'static StructSpec),
    /// An array of structures in user memory.
    Array(When, &'static StructSpec, Count),
    /// A structure that may end earlier: argument `.2` is its size in bytes, which older and newer programs set
    /// differently.
    Sized(When, &'static StructSpec, u8),
    /// A `struct msghdr`, with the address, the `struct iovec` array and the control data that it points to.
    Msghdr(When),
    /// An array of `struct mmsghdr`: each a `Msghdr` with its length.
    Mmsghdr(When, Count),
    /// A set of small numbers, such as `fd_set`; the count is in bits.
    BitSet(When, Count),
    /// The same as `BitSet`, but the count is in bytes: a `cpumask`.
    CpuSet(When, Count),
    /// The type of this argument depends on the value of argument `by`.
    Select {
        by: u8,
        table: &'static SelectSpec,
    },
    /// An open file of the calling process.
    Fd,
    /// A folder's fd, or `AT_FDCWD`.
    DirFd,
    /// `umode_t`: type and permission bits of a file.
    Mode,
    /// `dev_t` as the kernel keeps it: 12 bits of major, 20 bits of minor number.
    Dev,
    /// `dev_t` in user space's form, as in mknod(2) and stat(2).
    UserDev,
    Pid,
    Uid,
    Gid,
    /// Signal number.
    Signal,
    /// 64 bits, one for each signal: bit *n* - 1 for signal *n*.
    SigSet,
    /// A child's status, as wait(2) returns it.
    WaitStatus,
    /// A number that people read in hex: an address, a mask of unknown bits.
    Hex,
    /// 32 bits, any number of which may be set; unknown bits are shown as hex.
    Flags(&'static Table),
    /// The same as `Flags`, but an `unsigned long`.
    LongFlags(&'static Table),
    /// An `int` of which each value has a name.
    Enum(&'static Table),
    /// Time in nanoseconds since boot.
    BootTime,
    /// Time in nanoseconds since the epoch.
    EpochTime,
    /// Number of a system call; shown by name.
    SyscallNr,
    /// A string that the kernel holds (no user memory is read).
    KernelStr,
    /// A path that the kernel walked from its own objects.
    Path,
    /// A `struct sockaddr` in the kernel: its own copy of one, or made from what a socket is bound or connected to.
    KernelSockaddr,
    /// A structure that the kernel side has made from the kernel's own objects.
    KernelStruct(&'static StructSpec),
    /// The same as `KernelStruct`, but in words only the fields in which it differs from argument `than`.
    Changed {
        than: u8,
        spec: &'static StructSpec,
    },
}

impl ArgType {
    /// The C type; JSON's `type`.
    pub const fn c_name(self) -> &'static str {
        use ArgType::*;
        match self {
            Int | Fd | DirFd | Signal | WaitStatus | Enum(_) => "int",
            UInt | Flags(_) => "unsigned int",
            Long | Off => "long",
            ULong | LongFlags(_) => "unsigned long",
            U16 => "unsigned short",
            I16 => "short",
            I64 => "long long",
            U64 => "unsigned long long",
            Size => "size_t",
            Bool => "bool",
            Ptr | Buf { .. } | BufOut { .. } | OptionValue { .. } | OptionValueOut { .. } => "void *",
            Str | KernelStr | Path => "const char *",
            StrOut { .. } => "char *",
            StrArray => "const char *const *",
            Sockaddr { .. } | SockaddrOut { .. } | KernelSockaddr => "struct sockaddr *",
            Iovec { .. } => "const struct iovec *",
            Struct(_, spec)
            | Array(_, spec, _)
            | Sized(_, spec, _)
            | KernelStruct(spec)
            | Changed { spec, .. } => spec.c_name,
            Msghdr(_) => "struct msghdr *",
            Mmsghdr(..) => "struct mmsghdr *",
            BitSet(..) | CpuSet(..) => "unsigned long *",
            Select { .. } | Hex => "unsigned long",
            SigSet => "sigset_t",
            Mode => "umode_t",
            Dev | UserDev => "dev_t",
            Pid => "pid_t",
            Uid => "uid_t",
            Gid => "gid_t",
            BootTime | EpochTime => "u64",
            SyscallNr => "int",
        }
    }
}

/// How many elements an array has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    Const(u8),
    /// The value of this argument.
    Arg(u8),
    /// The `int` that this argument points to.
    At(u8),
    /// The result of the call.
    Ret,
    /// The result of the call, but at most the value of this argument, the room: some calls return how much there is.
    RetUpTo(u8),
    /// One less than the value of this argument.
    Below(u8),
    /// Half a structure or all of it, by the version of `capset(2)` that this argument points to.
    CapVersion(u8),
}

/// What an argument is for each value of another one: a row of `select.rs`.
#[derive(Debug, PartialEq, Eq)]
pub struct SelectSpec {
    /// Bits of the other argument that count.
    pub mask: u32,
    pub cases: &'static [(u32, ArgType)],
    /// The type for every other value; it is not read from memory.
    pub otherwise: ArgType,
}

impl SelectSpec {
    /// The type for this value of the other argument.
    pub fn resolve(&self, selector: u64) -> ArgType {
        #[allow(clippy::cast_possible_truncation)] // Selectors are `int`.
        let selector = selector as u32 & self.mask;
        self.cases
            .iter()
            .find(|(value, _)| *value == selector)
            .map_or(self.otherwise, |(_, ty)| *ty)
    }
}

impl ArgType {
    /// Whether it is an address in user memory.
    pub const fn is_pointer(self) -> bool {
        use ArgType::*;
        matches!(
            self,
            Ptr | Str
                | StrOut { .. }
                | StrArray
                | Sockaddr { .. }
                | SockaddrOut { .. }
                | Buf { .. }
                | BufOut { .. }
                | OptionValue { .. }
                | OptionValueOut { .. }
                | Iovec { .. }
                | Struct(..)
                | Array(..)
                | Sized(..)
                | Msghdr(_)
                | Mmsghdr(..)
                | BitSet(..)
                | CpuSet(..)
        )
    }

    /// Whether the value lies in the kernel's own memory: there is no user address to show.
    pub const fn is_kernel_data(self) -> bool {
        use ArgType::*;
        matches!(
            self,
            KernelStr | Path | KernelSockaddr | KernelStruct(_) | Changed { .. }
        )
    }
}

/// A C structure, or a few numbers behind a pointer: a row of `structs.rs`.
#[derive(Debug, PartialEq, Eq)]
pub struct StructSpec {
    /// The type of a pointer to it: `struct timespec *`.
    pub c_name: &'static str,
    /// The fields in C's order, without gaps that alignment does not explain.
    pub fields: &'static [Field],
    /// The form of it in 32-bit calls.
    pub ia32: Ia32,
    /// The fields that a table shows unless it is asked for all, one bit each; 0: all of them.
    pub main: u64,
    /// `sizeof` and alignment, by layout: computed once, since every field of every event would ask for them.
    pub(super) extent: [(u16, u16); 3],
}

/// The form of a structure in 32-bit calls.
#[derive(Debug, PartialEq, Eq)]
pub enum Ia32 {
    /// The same fields, by the 32-bit ABI's sizes and alignment.
    SameFields,
    Other(&'static StructSpec),
    /// It is not read in 32-bit calls.
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
    /// A number of that width; the argument type gives its meaning and sign.
    Number(Width, ArgType),
    /// Several numbers.
    Numbers(u16, Width, ArgType),
    /// `char[n]` with a NUL-terminated text in it.
    Chars(u16),
    /// Bytes that are shown as they are.
    Bytes(u16),
    /// Bytes without meaning.
    Padding(u16),
    Struct(&'static StructSpec),
}

/// Size of a number in memory, and with it its alignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    W8,
    W16,
    W32,
    /// 32 bits, aligned as a pointer is: the first member of a union with pointers in it.
    W32AtPtr,
    /// 64 bits, aligned to 4 in 32-bit calls.
    W64,
    /// 64 bits, not aligned: in a packed structure.
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
    /// 32-bit fields of `long` and pointer type, 64-bit fields aligned to 4.
    Ia32,
    /// The same as native, except for 32-bit pointers.
    X32,
}
