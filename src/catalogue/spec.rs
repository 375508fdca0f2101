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
    /// 16 bits, signed
    I16,
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
    /// Bytes that the call is given; their number is argument `len`. Read on request only.
    Buf {
        len: u8,
    },
    /// Bytes that the call fills in, as many as it returns; argument `len` is the room for them. Read on request only.
    BufOut {
        len: u8,
    },
    /// A NUL-terminated name, or the bytes of one, that the call fills in: as many as it returns (readlink, getcwd).
    StrOut,
    /// A value of an option, by `len` bytes: an `int` if it has that size (setsockopt).
    OptionValue {
        len: u8,
    },
    /// As `OptionValue`, filled in by the call; argument `len` points to its length (`int *`).
    OptionValueOut {
        len: u8,
    },
    /// A `struct iovec` array; their number is argument `count`.
    Iovec {
        count: u8,
    },
    /// A structure in user memory.
    Struct(When, &'static StructSpec),
    /// An array of structures in user memory.
    Array(When, &'static StructSpec, Count),
    /// A structure that may end earlier: its bytes are argument `.2`, as programs of another age count them.
    Sized(When, &'static StructSpec, u8),
    /// A `struct msghdr`, with the address, the `struct iovec` array and the control data that it points to.
    Msghdr(When),
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
            Long => "long",
            ULong | LongFlags(_) => "unsigned long",
            U16 => "unsigned short",
            I16 => "short",
            I64 => "long long",
            U64 => "unsigned long long",
            Size => "size_t",
            Bool => "bool",
            Ptr | Buf { .. } | BufOut { .. } | OptionValue { .. } | OptionValueOut { .. } => "void *",
            Str | KernelStr | Path => "const char *",
            StrOut => "char *",
            StrArray => "const char *const *",
            Sockaddr { .. } | SockaddrOut { .. } | KernelSockaddr => "struct sockaddr *",
            Iovec { .. } => "const struct iovec *",
            Struct(_, spec)
            | Array(_, spec, _)
            | Sized(_, spec, _)
            | KernelStruct(spec)
            | Changed { spec, .. } => spec.c_name,
            Msghdr(_) => "struct msghdr *",
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

macro_rules! families {
    ($($variant:ident),* $(,)?) => {
        /// A family of named flags or values; its table is in `src/symbols/`.
        #[allow(clippy::enum_variant_names)] // "Address family" is the field's term.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Family { $($variant),* }

        impl Family {
            pub const EVERY: &'static [Family] = &[$(Family::$variant),*];
        }
    };
}

families! {
    Access, AddressFamily, ArchPrctl, At, BpfCmd, Caps, Clock, Clone, CloseRange, DeleteModule, EpollCreate,
    EpollCtl, Eventfd, Fadvise, Fallocate, FanotifyInit, FanotifyMark, Fcntl, FileHandle, Flock, FsconfigCmd,
    FsmountFlags, FsopenFlags, FspickFlags, FutexOp, Futex2, GetrandomFlags, InitModule, InotifyInit, InotifyMask,
    IoUringEnter, IoUringRegister, IoctlCmd, Ioprio, IpcCmd, Itimer, Kcmp, KexecFlags, Keyctl, LandlockFlags, LandlockRule,
    LsmAttr, LsmFlags, Madvise, MapFlags, MembarrierCmd, MemfdFlags, MempolicyFlags, MempolicyMode, MlockFlags, MlockallFlags,
    ModifyLdt, MountAttr, MountFlags, MountSetattrFlags, MoveMount, MqFlags, Mremap, MsgFlags, Msync, NameToHandle, Open,
    OpenTree, PerfFlags, Personality, PidfdFlags, PidfdSignalFlags, PipeFlags, PkeyAccess, Prctl, PreadvFlags,
    PriorityWhich, Prot, Ptrace, QuotaCmd, Reboot, RemapFlags, Rename, ResourceLimit, RseqFlags, RusageWho, SchedAttrFlags,
    SchedPolicy, Seccomp, SeccompFlags, SeekWhence, SemFlags, Shm, ShutdownHow, SignalfdFlags, SigprocmaskHow, SocketFlags,
    SocketType, SockoptLevel, SockoptName, SpliceFlags, StatxMask, SwapFlags, SyncFileRange, Sysfs,
    Syslog, TimerFlags, TimerfdFlags, Umount, Unlink, Userfaultfd, WaitIdType, WaitOptions, XattrFlags,
    // Of the kernel's own events.
    FileType,
    // Of arguments that depend on others.
    AdjtimexModes, AltstackMode, ArpHardware, AtStatx, BpfAttachFlags, BpfAttachType, BpfElemFlags, BpfFdType,
    BpfFileFlags, BpfLinkType, BpfMapFlags, BpfMapType, BpfProgFlags, BpfProgType, BpfQueryFlags, BpfStatsType,
    Capability, CapAmbient, CapsHigh, CapVersion, ChildCode, ClockState, CloneFlags, Cmsg, DirentType, Dnotify, Dup3,
    ElfNote, EpollEvents, Errno, Faccessat, FanotifyMask, FdFlags, Fiemap, FileXflags, FOwnerType, FsMagic,
    FutexBitset, FutexWakeCmp, FutexWakeOp, GetMempolicyFlags, InodeFlags, InterfaceFlags, IocbCmd, IocbFlags,
    IoprioValue, IoUringAccept, IoUringCancel, IoUringCqe, IoUringFeatures, IoUringFsync, IoUringMsg, IoUringMsgFlags,
    IoUringOp, IoUringPoll, IoUringRestriction, IoUringSend, IoUringSetup, IoUringSq, IoUringSqe, IoUringTimeout,
    IpcCall, IpcKey, KexecFile, KeyMove, KeyPermissions, KeyPkey, KeyRequestDefault, KeySerial, LandlockAccessFs,
    LandlockAccessNet, LandlockAdd, LandlockRestrict, LandlockScope, ListmountFlags, LockType, LsmId, MapShadowStack,
    MceKill, MceKillPolicy, Mdwe, MembarrierFlags, MemfdSecret, ModeBits, ModemBits, MountPropagation, MsgCmd,
    MsgopFlags, OpenResolve, PacketType, PerfAttrFlags, PerfBranch, PerfHardware, PerfReadFormat, PerfSample,
    PerfSoftware, PerfType, PidfdInfo, PmtuDiscover, PollEvents, PrctlMm, PrctlVma, PrEndian, PrFpemu, PrFpexc,
    PrFutexHash, ProtocolBluetooth, ProtocolCaif, ProtocolCan, ProtocolEther, ProtocolEtherBe, ProtocolInet,
    ProtocolKcm, ProtocolNetlink, ProtocolNfc, ProtocolPhonet, ProtocolSmc, PrPac, PrRseqSlice, PrShadowStack,
    PrTagged, PrThp, PrTimerRestore, PrTiming, PrUnalign, PtraceEvent, PtraceOptions, PtracePeeksiginfo, PtracerPid,
    PtraceSyscallInfo, QuotaFormat, QuotaInfoFlags, QuotaInfoValid, QuotaType, QuotaValid, RebootMagic, Rlim, Rlim64,
    RwHint, SchedCore, SchedCoreScope, SchedFlags, SchedGetattr, Seals, SeccompAction, SeccompAddfd, SeccompMode,
    SeccompNotif, Securebits, SemCmd, SemopFlags, ShadowStack, ShmatFlags, ShmCmd, SiBus, SiCode, SiFpe,
    SigactionFlags, SigaltstackFlags, SigevNotify, SigHandler, SignalNumber, SiIll, SiPoll, SiSegv, SiSys, SiTrap,
    SocketCall, SockoptAlg, SockoptBluetooth, SockoptCanRaw, SockoptIcmpv6, SockoptIp, SockoptIpGet, SockoptIpv6,
    SockoptIpv6Get, SockoptKcm, SockoptMptcp, SockoptNetlink, SockoptPacket, SockoptRaw, SockoptSctp, SockoptSmc,
    SockoptSocketGet, SockoptTcp, SockoptTipc, SockoptTls, SockoptUdp, SockoptVsock, SockoptXdp, Speculation,
    SpeculationControl, StatfsFlags, StatmountFlags, StatmountMask, StatxAttributes, SuidDump, SyscallDispatch,
    Tcflush, Tcxonc, TermiosCflag, TermiosIflag, TermiosLflag, TermiosLine, TermiosOflag, Timestamping, TimexStatus,
    TscMode, UffdFeatures, UffdRegister, Unshare, UserDescFlags, UtimeNsec, VsockCid, Xfeature,
    CapSet,
    FsnotifyObject, KernelReadFile,
    MemProtAlert,
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
    pub structs: CompatStructs,
    /// Not 0: this argument and the next come in the other order.
    pub swap: u8,
}

/// Structures of a 32-bit call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompatStructs {
    /// By the rules of its ABI.
    Usual,
    /// As a native call has them (the `*_time64` calls).
    Native,
    /// Forms of long ago, which are not read.
    Old,
}

/// Shorthands that keep a row of the tables on one line.
pub const fn arg(name: &'static str, ty: ArgType) -> ArgSpec {
    ArgSpec { name, ty }
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
        structs: CompatStructs::Usual,
        swap: 0,
    }
}

/// A call of the 32-bit ABI some of whose 64-bit arguments came in two registers.
pub const fn split(nr: u16, event: &'static str, split: u8) -> CompatCall {
    CompatCall {
        nr,
        event,
        split,
        structs: CompatStructs::Usual,
        swap: 0,
    }
}

/// A call of the 32-bit ABI whose times have 64-bit fields.
pub const fn time64(nr: u16, event: &'static str) -> CompatCall {
    CompatCall {
        nr,
        event,
        split: 0,
        structs: CompatStructs::Native,
        swap: 0,
    }
}

/// A call of the 32-bit ABI of which argument `swap` and the next come in the other order.
pub const fn swapped(nr: u16, event: &'static str, swap: u8) -> CompatCall {
    CompatCall {
        swap,
        ..same(nr, event)
    }
}

/// A call of the 32-bit ABI whose structures are of a form that no program has used for long.
pub const fn old(nr: u16, event: &'static str) -> CompatCall {
    CompatCall {
        nr,
        event,
        split: 0,
        structs: CompatStructs::Old,
        swap: 0,
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

macro_rules! c_constants {
    ($(#[$doc_enum:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $c_name:literal),* $(,)? }) => {
        $(#[$doc_enum])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $name { $($(#[$doc])* $variant),* }

        impl $name {
            /// Name in C and value of each.
            pub const EVERY: &'static [(&'static str, u8)] = &[$(($c_name, $name::$variant as u8)),*];
        }
    };
}

c_constants! {
    /// How the program in the kernel reads an argument.
    ArgKind {
        /// The register is all.
        Value "ARG_VALUE",
        Str "ARG_STR",
        StrArray "ARG_STR_ARRAY",
        /// Elements of a fixed size, as many as [`Reading::count`] says.
        Bytes "ARG_BYTES",
        Msghdr "ARG_MSGHDR",
        /// As the map `selected` says for the value of another argument.
        Select "ARG_SELECT",
        /// An open file, shown with its path where the user asked for it.
        Fd "ARG_FD",
    }
}

c_constants! {
    /// When the memory behind a pointer says something.
    When {
        /// Given to the call.
        In "WHEN_IN",
        /// Filled in by a call that did not fail.
        Out "WHEN_OUT",
        /// Filled in by a call that returned more than 0.
        OutPositive "WHEN_OUT_POSITIVE",
        /// Filled in by a call that a signal interrupted.
        Interrupted "WHEN_INTERRUPTED",
    }
}

/// How the kernel side reads an argument of a call of some ABI (`struct arg_desc` of `record.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub kind: ArgKind,
    pub when: When,
    pub count: Count,
    /// Bytes of an element; 0: an eighth, since bits are counted.
    pub size: u16,
    /// Bytes at the most; 0: as many as the user asked for (a buffer).
    pub max: u16,
}

/// Most bytes of an address (`struct sockaddr_storage`), of an option's value, of an array or set.
pub const SOCKADDR_MAX: u16 = 128;
pub const OPTION_MAX: u16 = 64;
pub const ARRAY_MAX: u16 = 4096;

impl ArgType {
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
            StrOut => bytes(When::Out, Count::Ret, 1, ARRAY_MAX),
            OptionValue { len } => bytes(When::In, Count::Arg(len), 1, OPTION_MAX),
            OptionValueOut { len } => bytes(When::Out, Count::At(len), 1, OPTION_MAX),
            Buf { len } => bytes(When::In, Count::Arg(len), 1, 0),
            BufOut { .. } => bytes(When::Out, Count::Ret, 1, 0),
            Iovec { count } => bytes(When::In, Count::Arg(count), 2 * layout.pointer(), ARRAY_MAX),
            BitSet(when, count) => bytes(when, count, 0, ARRAY_MAX),
            CpuSet(when, count) => bytes(when, count, 1, ARRAY_MAX),
            Msghdr(when) => reading(ArgKind::Msghdr, when, Count::Const(1), 0, 0),
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

impl ArgType {
    /// Whether it is an address in user memory.
    pub const fn is_pointer(self) -> bool {
        use ArgType::*;
        matches!(
            self,
            Ptr | Str
                | StrOut
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
