//! What a row of the catalogue is: the types that describe an event, its arguments and its sets.
//!
//! `std` only, and of the crate only `symbols`: `build.rs` mounts these two folders as well, to make the C header.

pub use super::abi::*;
pub use super::columns::{Columns, Life, Return};
pub use super::layout::*;
pub use super::reading::*;
use crate::symbols::table::Table;

/// Number of an event: system calls have their x86-64 number, the others follow from [`FIRST_COMPAT_ONLY`] on.
pub type EventId = u16;

/// First id of calls that only the 32-bit ABI has (`waitpid`, `socketcall`, …).
pub const FIRST_COMPAT_ONLY: EventId = 640;
/// First id of events that are no system calls.
pub const FIRST_KERNEL: EventId = 768;
/// Ids are below this number; it sizes the tables in the kernel.
pub const MAX_EVENTS: usize = 1024;
/// System call numbers of one ABI are below this number.
pub const MAX_SYSCALLS: usize = 640;
/// A system call has at most this many arguments.
pub const MAX_ARGS: usize = 6;
/// Any event has at most this many.
pub const MAX_EVENT_ARGS: usize = 24;

/// One event: a row of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct EventSpec {
    pub id: EventId,
    pub name: &'static str,
    pub kind: EventKind,
    /// Sets that name this event, besides `all` and `syscalls`, which follow from the kind.
    pub sets: &'static [Set],
    pub args: &'static [ArgSpec],
    pub columns: Columns,
}

/// Where an event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// A system call of the native ABI; its id is its number.
    Syscall,
    /// A system call that only 32-bit programs can make.
    CompatSyscall,
    /// An event of the kernel's own.
    Kernel,
}

impl EventKind {
    pub const fn is_syscall(self) -> bool {
        !matches!(self, EventKind::Kernel)
    }
}

impl EventSpec {
    /// Whether the set named `set` contains this event.
    pub fn in_set(&self, set: Set) -> bool {
        match set {
            Set::All => true,
            Set::Syscalls => self.kind.is_syscall(),
            _ => self.sets.contains(&set),
        }
    }
}

/// What a row says of itself behind its arguments: `syscall(57, "fork", …).returns(TwiceInChild)`.
impl EventSpec {
    pub const fn returns(mut self, returns: Return) -> EventSpec {
        self.columns.returns = returns;
        self
    }

    pub const fn checked(mut self, argument: u8) -> EventSpec {
        self.columns.checked = Some(argument);
        self
    }

    pub const fn writes_behind(mut self) -> EventSpec {
        self.columns.writes_behind = true;
        self
    }

    pub const fn life(mut self, life: Life) -> EventSpec {
        self.columns.life = Some(life);
        self
    }

    pub const fn told_by_tracee(mut self) -> EventSpec {
        self.columns.told_by_tracee = true;
        self
    }

    pub const fn without_result(mut self) -> EventSpec {
        self.columns.has_result = false;
        self
    }
}

/// One argument of an event.
#[derive(Debug, Clone, Copy)]
pub struct ArgSpec {
    /// The kernel's name (`events/syscalls/sys_enter_*/format`), but `pathname` where that says `filename`.
    pub name: &'static str,
    pub ty: ArgType,
}

/// Type of an argument: how it is read in the kernel and what it means to a person.
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
    /// A value of an option, by `len` bytes: an `int` if it has that size (setsockopt).
    OptionValue {
        len: u8,
    },
    /// As `OptionValue`, filled in by the call; argument `len` points to its length (`int *`).
    OptionValueOut {
        len: u8,
    },
    /// A `struct iovec` array; their number is argument `count`. What is in the buffers, if it is theirs to say, is read
    /// on request only.
    Iovec {
        count: u8,
        data: Option<When>,
    },
    /// A structure in user memory.
    Struct(When, &'static StructSpec),
    /// An array of structures in user memory.
    Array(When, &'static StructSpec, Count),
    /// A structure that may end earlier: its bytes are argument `.2`, as programs of another age count them.
    Sized(When, &'static StructSpec, u8),
    /// A `struct msghdr`, with the address, the `struct iovec` array and the control data that it points to.
    Msghdr(When),
    /// An array of `struct mmsghdr`, each as `Msghdr`, and with its length.
    Mmsghdr(When, Count),
    /// A set of small numbers, as many bits as argument `bits` says, such as `fd_set`.
    BitSet(When, Count),
    /// As `BitSet`, but bytes are counted: a `cpumask`.
    CpuSet(When, Count),
    /// What this argument is depends on the value of argument `by`.
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
    /// `dev_t` as user space gives it to mknod(2) and gets it from stat(2).
    UserDev,
    Pid,
    Uid,
    Gid,
    /// Signal number.
    Signal,
    /// 64 bits, one a signal: bit *n* - 1 for signal *n*.
    SigSet,
    /// What wait(2) tells of a child.
    WaitStatus,
    /// A number that people read in hex: an address, a mask of unknown bits.
    Hex,
    /// 32 bits, any number of which may be set; unknown bits are shown as hex.
    Flags(&'static Table),
    /// As `Flags`, but an `unsigned long`.
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
    /// A `struct sockaddr` of the kernel's: its own copy of one, or made from what a socket is bound or connected to.
    KernelSockaddr,
    /// A structure that the kernel side has made from the kernel's own objects.
    KernelStruct(&'static StructSpec),
    /// As `KernelStruct`; in words only the fields in which it differs from argument `than`.
    Changed {
        than: u8,
        spec: &'static StructSpec,
    },
}

impl ArgType {
    /// The C type as people know it; JSON's `type`.
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
    /// What the call returned.
    Ret,
    /// What the call returned, but no more than the value of this argument, the room: some calls return how much there is.
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
    /// For every other value; nothing that is read from memory.
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

macro_rules! sets {
    ($($variant:ident $name:literal),* $(,)?) => {
        /// A named set of events, as `--events-set` takes it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Set { $($variant),* }

        impl Set {
            /// Every set, in the order in which they are listed.
            pub const EVERY: &'static [Set] = &[$(Set::$variant),*];

            pub const fn name(self) -> &'static str {
                match self { $(Set::$variant => $name),* }
            }
        }
    };
}

sets! {
    Default "default", Syscalls "syscalls", Signals "signals",
    Fs "fs", FsAsyncIo "fs_async_io", FsDirOps "fs_dir_ops", FsFdOps "fs_fd_ops", FsFileAttr "fs_file_attr",
    FsFileOps "fs_file_ops", FsInfo "fs_info", FsLinkOps "fs_link_ops", FsMonitor "fs_monitor",
    FsMuxIo "fs_mux_io", FsReadWrite "fs_read_write", FsSync "fs_sync",
    Ipc "ipc", IpcFutex "ipc_futex", IpcMsgq "ipc_msgq", IpcPipe "ipc_pipe", IpcSem "ipc_sem", IpcShm "ipc_shm",
    Net "net", NetSndRcv "net_snd_rcv", NetSock "net_sock",
    Proc "proc", ProcIds "proc_ids", ProcLife "proc_life", ProcMem "proc_mem", ProcSched "proc_sched",
    System "system", SystemKeys "system_keys", SystemModule "system_module", SystemNuma "system_numa",
    Time "time", TimeClock "time_clock", TimeTimer "time_timer", TimeTod "time_tod",
    Lsm "lsm", Containers "containers", IoUring "io_uring", Alerts "alerts", All "all",
}

/// Shorthands that keep a row of the tables on one line.
pub const fn arg(name: &'static str, ty: ArgType) -> ArgSpec {
    ArgSpec { name, ty }
}

/// Buffers that the call is given, or fills in, or of which nobody can tell; their number is argument `count`.
pub const fn vec_in(count: u8) -> ArgType {
    let data = Some(When::In);
    ArgType::Iovec { count, data }
}

pub const fn vec_out(count: u8) -> ArgType {
    let data = Some(When::Out);
    ArgType::Iovec { count, data }
}

pub const fn vec(count: u8) -> ArgType {
    ArgType::Iovec { count, data: None }
}

/// An argument that is what `table` says for the value of argument `index`.
pub const fn by(index: u8, table: &'static SelectSpec) -> ArgType {
    ArgType::Select { by: index, table }
}

pub const fn syscall(
    id: EventId,
    name: &'static str,
    sets: &'static [Set],
    args: &'static [ArgSpec],
) -> EventSpec {
    EventSpec {
        id,
        name,
        kind: EventKind::Syscall,
        sets,
        args,
        columns: Columns::USUAL,
    }
}

pub const fn compat_only(
    offset: EventId,
    name: &'static str,
    sets: &'static [Set],
    args: &'static [ArgSpec],
) -> EventSpec {
    EventSpec {
        id: FIRST_COMPAT_ONLY + offset,
        name,
        kind: EventKind::CompatSyscall,
        sets,
        args,
        columns: Columns::USUAL,
    }
}

pub const fn kernel(
    offset: EventId,
    name: &'static str,
    sets: &'static [Set],
    args: &'static [ArgSpec],
) -> EventSpec {
    EventSpec {
        id: FIRST_KERNEL + offset,
        name,
        kind: EventKind::Kernel,
        sets,
        args,
        columns: Columns::USUAL,
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
