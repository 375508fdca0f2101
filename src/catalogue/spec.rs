//! What a row of the catalogue is: the types that describe an event, its arguments and its sets.
//!
//! `std` only and without `crate::` paths, because `build.rs` mounts this folder too, to make the C header.

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

/// One event: a row of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct EventSpec {
    pub id: EventId,
    pub name: &'static str,
    pub kind: EventKind,
    /// Sets that name this event, besides `all` and `syscalls`, which follow from the kind.
    pub sets: &'static [Set],
    pub args: &'static [ArgSpec],
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
    /// 64 bits in every ABI, signed: `loff_t`, `s64`
    I64,
    /// 64 bits in every ABI, unsigned: `u64`
    U64,
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
    /// Bytes that the call is given; their number is argument `len`.
    Buf {
        len: u8,
    },
    /// Bytes that the call fills in; the room for them is argument `len`.
    BufOut {
        len: u8,
    },
    /// A `struct iovec` array; their number is argument `count`.
    Iovec {
        count: u8,
    },
    /// A `struct timespec` that the call is given.
    Timespec,
    /// A `struct timespec` that the call fills in.
    TimespecOut,
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
    /// 32 bits, any number of which may be set; unknown bits are shown as hex.
    Flags(Family),
    /// As `Flags`, but an `unsigned long`.
    LongFlags(Family),
    /// An `int` of which each value has a name.
    Enum(Family),
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
}

impl ArgType {
    /// The C type as people know it; JSON's `type`.
    pub const fn c_name(self) -> &'static str {
        use ArgType::*;
        match self {
            Int | Fd | DirFd | Signal | Enum(_) => "int",
            UInt | Flags(_) => "unsigned int",
            Long => "long",
            ULong | LongFlags(_) => "unsigned long",
            U16 => "unsigned short",
            I64 => "long long",
            U64 => "unsigned long long",
            Size => "size_t",
            Bool => "bool",
            Ptr | Buf { .. } | BufOut { .. } => "void *",
            Str | KernelStr | Path => "const char *",
            StrArray => "const char *const *",
            Sockaddr { .. } | SockaddrOut { .. } => "struct sockaddr *",
            Iovec { .. } => "const struct iovec *",
            Timespec | TimespecOut => "struct timespec *",
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

/// A family of named flags or values; its table is in `src/symbols/`.
#[allow(clippy::enum_variant_names)] // "Address family" is the field's term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[rustfmt::skip]
pub enum Family {
    Access, AddressFamily, ArchPrctl, At, BpfCmd, Caps, Clock, Clone, CloseRange, DeleteModule, EpollCreate,
    EpollCtl, Eventfd, Fadvise, Fallocate, FanotifyInit, FanotifyMark, Fcntl, FileHandle, Flock, FsconfigCmd,
    FsmountFlags, FsopenFlags, FspickFlags, FutexOp, Futex2, GetrandomFlags, InitModule, InotifyInit, InotifyMask,
    IoUringEnter, IoUringRegister, IoctlCmd, Ioprio, IpcCmd, Itimer, Kcmp, KexecFlags, Keyctl, LandlockFlags, LandlockRule,
    LsmAttr, LsmFlags, Madvise, MapFlags, MembarrierCmd, MemfdFlags, MempolicyFlags, MempolicyMode, MlockFlags, MlockallFlags,
    ModifyLdt, MountAttr, MountFlags, MountSetattrFlags, MoveMount, MqFlags, Mremap, MsgFlags, Msync, NameToHandle, Open,
    OpenTree, PerfFlags, Personality, PidfdFlags, PidfdSignalFlags, PipeFlags, PkeyAccess, Prctl, PreadvFlags,
    PriorityWhich, Prot, Ptrace, QuotaCmd, Reboot, RemapFlags, Rename, ResourceLimit, RseqFlags, RusageWho, SchedAttrFlags,
    SchedPolicy, Seccomp, SeccompFlags, SeekWhence, SemFlags, Shm, ShutdownHow, SignalfdFlags, SigprocmaskHow, SocketFlags,
    SocketProtocol, SocketType, SockoptLevel, SockoptName, SpliceFlags, StatxMask, SwapFlags, SyncFileRange, Sysfs,
    Syslog, TimerFlags, TimerfdFlags, Umount, Unlink, Userfaultfd, WaitIdType, WaitOptions, XattrFlags,
    // Of the kernel's own events.
    FileType, IoUringOp, IoUringSetup, IoUringSqe,
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

/// How a call of another ABI is carried over to an event.
#[derive(Debug, Clone, Copy)]
pub struct CompatCall {
    /// Number in that ABI (of x32: without the x32 bit).
    pub nr: u16,
    /// Name of the event.
    pub event: &'static str,
    /// Bit *i* set: argument *i* of the event is 64 bits wide and came in two 32-bit registers, low half first.
    pub split: u8,
    /// The call's `struct timespec` has 64-bit fields, as the native one (the `*_time64` calls).
    pub time64: bool,
}

/// Shorthands that keep a row of the tables on one line.
pub const fn arg(name: &'static str, ty: ArgType) -> ArgSpec {
    ArgSpec { name, ty }
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
    }
}

/// A call of another ABI with the event's own argument registers.
pub const fn same(nr: u16, event: &'static str) -> CompatCall {
    CompatCall {
        nr,
        event,
        split: 0,
        time64: false,
    }
}

/// A call of the 32-bit ABI some of whose 64-bit arguments came in two registers.
pub const fn split(nr: u16, event: &'static str, split: u8) -> CompatCall {
    CompatCall {
        nr,
        event,
        split,
        time64: false,
    }
}

/// A call of the 32-bit ABI whose times have 64-bit fields.
pub const fn time64(nr: u16, event: &'static str) -> CompatCall {
    CompatCall {
        nr,
        event,
        split: 0,
        time64: true,
    }
}

macro_rules! arg_kinds {
    ($($(#[$doc:meta])* $variant:ident $name:literal),* $(,)?) => {
        /// How the program in the kernel reads an argument; goes to C as `ARG_*`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum ArgKind { $($(#[$doc])* $variant),* }

        impl ArgKind {
            /// Name in C and value of each kind.
            pub const EVERY: &'static [(&'static str, ArgKind)] = &[$(($name, ArgKind::$variant)),*];
        }
    };
}

arg_kinds! {
    /// The register is all.
    Value "ARG_VALUE",
    Str "ARG_STR",
    StrArray "ARG_STR_ARRAY",
    /// `aux`: position of the length.
    Sockaddr "ARG_SOCKADDR",
    /// `aux`: position of the pointer to the length.
    SockaddrOut "ARG_SOCKADDR_OUT",
    /// `aux`: size in bytes.
    Struct "ARG_STRUCT",
    /// As `Struct`, but only there after the call has succeeded.
    StructOut "ARG_STRUCT_OUT",
}

/// Bytes of a `struct timespec` with 64-bit and with 32-bit fields.
pub const TIMESPEC_SIZE: u8 = 16;
pub const TIMESPEC32_SIZE: u8 = 8;

impl ArgType {
    /// How the kernel side reads this argument, and the number that goes with that.
    pub const fn reading(self) -> (ArgKind, u8) {
        use ArgType::*;
        match self {
            Str => (ArgKind::Str, 0),
            StrArray => (ArgKind::StrArray, 0),
            Sockaddr { len } => (ArgKind::Sockaddr, len),
            SockaddrOut { len } => (ArgKind::SockaddrOut, len),
            Timespec => (ArgKind::Struct, TIMESPEC_SIZE),
            TimespecOut => (ArgKind::StructOut, TIMESPEC_SIZE),
            _ => (ArgKind::Value, 0),
        }
    }
}

impl ArgType {
    /// Whether the value lies in the kernel's own memory: there is no user address to show.
    pub const fn is_kernel_data(self) -> bool {
        matches!(self, ArgType::KernelStr | ArgType::Path)
    }
}
