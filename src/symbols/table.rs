//! Which names each family has.

use super::{
    bpf, errno, event, file, io_uring, ioctl, ipc, memory, mount, prctl, process, rules, security, signal,
    socket, sockopt, system, time, tty, Names,
};
use crate::catalogue::Family;

/// How a family's values are made of its names.
pub enum Table {
    /// One name a value.
    Enum(Names),
    /// The same; other values in hex.
    Hex(Names),
    /// As `Enum`, where a few values have another name than in the second table.
    Overlay(Names, Names),
    /// Any number of bits.
    Flags(Names),
    /// Any number of bits; none of them has a name too.
    FlagsOr(&'static str, Names),
    /// Enums in the bits of the masks, flags in the others.
    Mixed(&'static [Field], Names),
    /// The same, with something at the end.
    Tailed(&'static [Field], Names, Tail),
    /// A set of numbers that the enum names, from this number on: `1<<CAP_KILL`.
    Bits(Names, u64),
    /// Whatever the function makes of it, with these names.
    Special(fn(&mut String, u64) -> bool, &'static [Field]),
}

/// An enum in some bits of a value: their mask, and names by the bits in their place.
pub type Field = (u64, Names);

/// Number at the end of flags.
pub enum Tail {
    /// Permissions in the lowest nine bits, in octal and always.
    Permissions,
    /// In these bits, in decimal, if any is set.
    Decimal(u64),
    /// In bits from 26 on: `21<<MAP_HUGE_SHIFT`.
    Shifted(&'static str),
    /// `Shifted`, then `Permissions`.
    Both(&'static str),
}

impl Table {
    /// Every name that it has.
    pub fn names(&self) -> Vec<&'static str> {
        let (fields, tables, alone): (&[Field], [Names; 2], Option<&'static str>) = match *self {
            Table::Enum(names) | Table::Hex(names) | Table::Flags(names) | Table::Bits(names, _) => {
                (&[], [names, &[]], None)
            }
            Table::Overlay(first, names) => (&[], [first, names], None),
            Table::FlagsOr(zero, names) => (&[], [names, &[]], Some(zero)),
            Table::Mixed(fields, names) | Table::Tailed(fields, names, _) => (fields, [names, &[]], None),
            Table::Special(_, fields) => (fields, [&[], &[]], None),
        };
        fields
            .iter()
            .map(|(_, names)| *names)
            .chain(tables)
            .flatten()
            .map(|(_, name)| *name)
            .chain(alone)
            .collect()
    }
}

const ALL: u64 = u64::MAX;

/// Every family has a table; the match is exhaustive.
#[rustfmt::skip]
pub fn table(family: Family) -> Table {
    use Table::{Bits, Enum, Flags, FlagsOr, Hex, Mixed, Overlay, Special, Tailed};
    match family {
        // Files.
        Family::Access => FlagsOr("F_OK", file::ACCESS),
        Family::Faccessat => Flags(file::AT_ACCESS),
        Family::IocbFlags => Flags(file::AIO_FLAGS),
        Family::IocbCmd => Enum(file::AIO_OP),
        Family::At => Flags(file::AT),
        Family::CloseRange => Flags(file::CLOSE_RANGE),
        Family::DirentType => Enum(file::DIRENT_TYPE),
        Family::Dup3 | Family::MemfdSecret => Flags(file::CLOEXEC),
        Family::Fadvise => Enum(file::FADVISE),
        Family::Fallocate => Flags(file::FALLOCATE),
        Family::Fcntl => Enum(file::FCNTL),
        Family::FdFlags => Flags(file::FD_FLAGS),
        Family::Fiemap => Flags(file::FIEMAP),
        Family::FileHandle => Enum(file::FILE_HANDLE),
        Family::FileType => Enum(file::FILE_TYPE),
        Family::FsnotifyObject => Enum(file::FSNOTIFY_OBJECT),
        Family::KernelReadFile => Enum(file::KERNEL_READ_FILE),
        Family::Flock => Flags(file::FLOCK),
        Family::InodeFlags => Flags(file::INODE_FLAGS),
        Family::FileXflags => Flags(file::XFLAGS),
        Family::LockType => Enum(file::LOCK_TYPE),
        Family::ModeBits => Tailed(&[(0o170_000, file::FILE_TYPE)], file::MODE, Tail::Permissions),
        Family::NameToHandle => Flags(file::AT_HANDLE),
        Family::Dnotify => Flags(file::NOTIFY),
        Family::Open => Mixed(&[(3, file::ACCESS_MODE)], file::OPEN),
        Family::FileFlags => Mixed(&[(3, file::ACCESS_MODE), (0x20, file::FMODE_EXEC)], file::OPEN),
        Family::FOwnerType => Enum(file::OWNER),
        Family::PipeFlags => Flags(file::PIPE),
        Family::PreadvFlags => Flags(file::RWF),
        Family::Rename => Flags(file::RENAME),
        Family::OpenResolve => Flags(file::RESOLVE),
        Family::RwHint => Enum(file::RW_HINT),
        Family::Seals => Flags(file::SEALS),
        Family::SeekWhence => Enum(file::SEEK),
        Family::SpliceFlags => Flags(file::SPLICE),
        Family::StatxAttributes => Flags(file::STATX_ATTR),
        Family::AtStatx => Mixed(&[(0x6000, file::AT_STATX_SYNC)], file::AT_STATX),
        Family::StatxMask => Flags(file::STATX_MASK),
        Family::SyncFileRange => Flags(file::SYNC_FILE_RANGE),
        Family::UtimeNsec => Enum(file::UTIME),
        Family::Unlink => Flags(file::AT_UNLINK),
        Family::XattrFlags => Flags(file::XATTR),

        // Mounts.
        Family::FsMagic => Hex(mount::FS_MAGIC),
        Family::FsconfigCmd => Enum(mount::FSCONFIG),
        Family::FsmountFlags => Flags(mount::FSMOUNT),
        Family::FsopenFlags => Flags(mount::FSOPEN),
        Family::FspickFlags => Flags(mount::FSPICK),
        Family::ListmountFlags => Flags(mount::LISTMOUNT),
        Family::MountAttr => Flags(mount::MOUNT_ATTR),
        Family::MountFlags => Mixed(&[(0xffff_0000, mount::MOUNT_MAGIC)], mount::MOUNT),
        Family::MountPropagation => Flags(mount::MOUNT_PROPAGATION),
        Family::MountSetattrFlags => Flags(mount::MOUNT_SETATTR),
        Family::MoveMount => Flags(mount::MOVE_MOUNT),
        Family::OpenTree => Flags(mount::OPEN_TREE),
        Family::QuotaCmd => Special(rules::quota_command, &[(ALL, mount::QUOTA_CMD), (ALL, mount::QUOTA_TYPE)]),
        Family::QuotaFormat => Enum(mount::QUOTA_FORMAT),
        Family::QuotaInfoFlags => Flags(mount::QUOTA_INFO),
        Family::QuotaInfoValid => Flags(mount::QUOTA_INFO_VALID),
        Family::QuotaValid => Flags(mount::QUOTA_VALID),
        Family::QuotaType => Enum(mount::QUOTA_TYPE),
        Family::StatfsFlags => Flags(mount::STATFS),
        Family::StatmountFlags => Flags(mount::STATMOUNT_FLAGS),
        Family::StatmountMask => Flags(mount::STATMOUNT),
        Family::SwapFlags => Tailed(&[], mount::SWAP, Tail::Decimal(0x7fff)),
        // The headers have no names for its values.
        Family::Sysfs => Enum(&[]),
        Family::Umount => Flags(mount::UMOUNT),

        // Memory.
        Family::GetMempolicyFlags => Flags(memory::GET_MEMPOLICY),
        Family::Madvise => Enum(memory::MADVISE),
        Family::MapFlags | Family::RemapFlags =>
            Tailed(&[(0xf, memory::MAP_TYPE)], memory::MAP, Tail::Shifted("MAP_HUGE_SHIFT")),
        Family::MembarrierCmd => Enum(memory::MEMBARRIER),
        Family::MembarrierFlags => Flags(memory::MEMBARRIER_FLAGS),
        Family::MemfdFlags => Tailed(&[], memory::MEMFD, Tail::Shifted("MFD_HUGE_SHIFT")),
        Family::MempolicyFlags => Flags(memory::MBIND),
        Family::MempolicyMode => Mixed(&[(0x1fff, memory::MEMPOLICY)], memory::MEMPOLICY_MODE_FLAGS),
        Family::MlockFlags => Flags(memory::MLOCK),
        Family::MlockallFlags => Flags(memory::MLOCKALL),
        // The headers have no names for its values.
        Family::ModifyLdt => Enum(&[]),
        Family::Mremap => Flags(memory::MREMAP),
        Family::Msync => Flags(memory::MSYNC),
        Family::PkeyAccess => Flags(memory::PKEY),
        Family::MemProtAlert => Enum(memory::ALERT),
        Family::Prot => FlagsOr("PROT_NONE", memory::PROT),
        Family::MapShadowStack => Flags(memory::SHADOW_STACK),
        Family::UffdFeatures => Flags(memory::UFFD_FEATURES),
        Family::UffdRegister => Flags(memory::UFFD_REGISTER),
        Family::UserDescFlags => Mixed(&[(6, memory::USER_DESC_CONTENTS)], memory::USER_DESC),
        Family::Userfaultfd => Flags(memory::USERFAULTFD),

        // Processes.
        Family::Clone =>
            Special(rules::clone_flags, &[(0x80, process::NEWTIME), (!0xff, process::CLONE), (0xff, signal::SIGNAL)]),
        Family::CloneFlags => Mixed(&[(0x80, process::NEWTIME)], process::CLONE),
        Family::Ioprio => Enum(process::IOPRIO),
        Family::IoprioValue => Special(rules::io_priority, &[(ALL, process::IOPRIO_CLASS)]),
        Family::Kcmp => Enum(process::KCMP),
        Family::Personality =>
            Special(rules::personality, &[(0xff, process::PERSONALITY), (ALL, process::PERSONALITY_FLAGS)]),
        Family::PidfdFlags => Flags(process::PIDFD),
        Family::PidfdInfo => Flags(process::PIDFD_INFO),
        Family::PidfdSignalFlags => Flags(process::PIDFD_SIGNAL),
        Family::PriorityWhich => Enum(process::PRIORITY),
        Family::Ptrace => Enum(process::PTRACE),
        Family::PtraceEvent => Enum(process::PTRACE_EVENT),
        Family::PtraceOptions => Flags(process::PTRACE_OPTIONS),
        Family::PtracePeeksiginfo => Flags(process::PTRACE_PEEKSIGINFO),
        Family::ElfNote => Enum(process::REGSET),
        Family::PtraceSyscallInfo => Enum(process::PTRACE_SYSCALL_INFO),
        Family::ResourceLimit => Enum(process::RLIMIT),
        Family::Rlim => Enum(process::RLIM),
        Family::Rlim64 => Enum(process::RLIM64),
        Family::RseqFlags => Flags(process::RSEQ),
        Family::RusageWho => Enum(process::RUSAGE),
        Family::SchedAttrFlags | Family::SchedFlags => Flags(process::SCHED_ATTR),
        Family::SchedGetattr => Flags(process::SCHED_GETATTR),
        Family::SchedPolicy => Mixed(&[(0xbfff_ffff, process::SCHED)], process::SCHED_FLAGS),
        Family::Unshare => Flags(process::NAMESPACES),
        Family::WaitIdType => Enum(process::WAIT_ID),
        Family::WaitOptions => Flags(process::WAIT),

        // Options of prctl(2) and arch_prctl(2).
        Family::ArchPrctl => Enum(prctl::ARCH_PRCTL),
        Family::CapAmbient => Enum(prctl::CAP_AMBIENT),
        Family::SyscallDispatch => Enum(prctl::DISPATCH),
        Family::SuidDump => Enum(prctl::DUMPABLE),
        Family::PrEndian => Enum(prctl::ENDIAN),
        Family::PrFpemu => Flags(prctl::FPEMU),
        Family::PrFpexc => FlagsOr("PR_FP_EXC_DISABLED", prctl::FPEXC),
        Family::PrFutexHash => Enum(prctl::FUTEX_HASH),
        Family::MceKill => Enum(prctl::MCE_KILL),
        Family::MceKillPolicy => Enum(prctl::MCE_POLICY),
        Family::Mdwe => Flags(prctl::MDWE),
        Family::PrctlMm => Enum(prctl::MM),
        Family::PrPac => Flags(prctl::PAC),
        Family::PtracerPid => Enum(prctl::PTRACER),
        Family::PrRseqSlice => Enum(prctl::RSEQ_SLICE),
        Family::SchedCore => Enum(prctl::SCHED_CORE),
        Family::SchedCoreScope => Enum(prctl::SCHED_CORE_SCOPE),
        Family::PrShadowStack => Flags(prctl::SHADOW_STACK),
        Family::Speculation => Enum(prctl::SPEC),
        Family::SpeculationControl => FlagsOr("PR_SPEC_NOT_AFFECTED", prctl::SPEC_STATE),
        Family::PrTagged => Flags(prctl::TAGGED),
        Family::PrThp => Flags(prctl::THP),
        Family::PrTimerRestore => Enum(prctl::TIMER_RESTORE),
        Family::PrTiming => Enum(prctl::TIMING),
        Family::TscMode => Enum(prctl::TSC),
        Family::PrUnalign => Flags(prctl::UNALIGN),
        Family::PrctlVma => Enum(prctl::VMA),
        Family::Prctl => Enum(prctl::OPTION),
        Family::ShadowStack => Flags(prctl::SHSTK),
        Family::Xfeature => Enum(prctl::XFEATURE),

        // Signals.
        Family::SigaltstackFlags => Flags(signal::ALTSTACK),
        Family::AltstackMode => Enum(signal::ALTSTACK_MODE),
        Family::SiBus => Overlay(signal::SI_BUS, signal::SI),
        Family::ChildCode => Overlay(signal::SI_CLD, signal::SI),
        Family::SiCode => Enum(signal::SI),
        Family::SiFpe => Overlay(signal::SI_FPE, signal::SI),
        Family::SiIll => Overlay(signal::SI_ILL, signal::SI),
        Family::SiPoll => Overlay(signal::SI_POLL, signal::SI),
        Family::SiSegv => Overlay(signal::SI_SEGV, signal::SI),
        Family::SiSys => Overlay(signal::SI_SYS, signal::SI),
        Family::SiTrap => Overlay(signal::SI_TRAP, signal::SI),
        Family::SigactionFlags => Flags(signal::ACTION),
        Family::SigevNotify => Enum(signal::SIGEV),
        Family::SigHandler => Hex(signal::HANDLER),
        Family::SignalNumber => Special(rules::signal_number, &[(ALL, signal::SIGNAL)]),
        Family::SignalfdFlags => Flags(signal::SIGNALFD),
        Family::SigprocmaskHow => Enum(signal::PROCMASK),

        // Queues and futexes.
        Family::Futex2 => Mixed(&[(3, ipc::FUTEX2_SIZE)], ipc::FUTEX2),
        Family::FutexBitset => Hex(ipc::FUTEX_BITSET),
        Family::FutexOp => Mixed(&[(0xff, ipc::FUTEX)], ipc::FUTEX_FLAGS),
        Family::FutexWakeCmp => Enum(ipc::FUTEX_WAKE_CMP),
        Family::FutexWakeOp => Enum(ipc::FUTEX_WAKE_OP),
        Family::IpcCall => Mixed(&[(0xffff, ipc::IPC_CALL)], &[]),
        Family::IpcCmd => Enum(ipc::IPC_CMD),
        Family::IpcKey => Hex(ipc::IPC_KEY),
        Family::MsgCmd => Enum(ipc::MSG_CMD),
        Family::MqFlags | Family::SemFlags => Tailed(&[], ipc::IPC_GET, Tail::Permissions),
        Family::SemCmd => Enum(ipc::SEM_CMD),
        Family::SemopFlags => Flags(ipc::SEMOP),
        Family::MsgopFlags => Flags(ipc::MSG),
        Family::Shm => Tailed(&[], ipc::SHMGET, Tail::Both("SHM_HUGE_SHIFT")),
        Family::ShmCmd => Enum(ipc::SHM_CMD),
        Family::ShmatFlags => Flags(ipc::SHMAT),

        // Time.
        Family::AdjtimexModes => Flags(time::ADJTIMEX),
        Family::Clock => Enum(time::CLOCK),
        Family::ClockState => Enum(time::CLOCK_STATE),
        Family::TimexStatus => Flags(time::CLOCK_STATUS),
        Family::Itimer => Enum(time::ITIMER),
        Family::TimerFlags => Flags(time::TIMER),
        Family::TimerfdFlags => Flags(time::TIMERFD),

        // Waiting for events.
        Family::EpollCreate => Flags(event::EPOLL_CREATE),
        Family::EpollCtl => Enum(event::EPOLL_CTL),
        Family::EpollEvents => Flags(event::EPOLL),
        Family::Eventfd => Flags(event::EVENTFD),
        Family::FanotifyInit => Mixed(&[(0xc, event::FANOTIFY_CLASS)], event::FANOTIFY_INIT),
        Family::FanotifyMark => Flags(event::FANOTIFY_MARK),
        Family::FanotifyMask => Flags(event::FANOTIFY),
        Family::InotifyInit => Flags(event::INOTIFY_INIT),
        Family::InotifyMask => Flags(event::INOTIFY),
        Family::PollEvents => Flags(event::POLL),

        // Security.
        Family::Caps => Bits(security::CAP, 0),
        Family::CapSet => Special(rules::capabilities, &[(ALL, security::CAP)]),
        Family::CapsHigh => Bits(security::CAP, 32),
        Family::Capability => Enum(security::CAP),
        Family::CapVersion => Hex(security::CAP_VERSION),
        Family::KeyMove => Flags(security::KEY_MOVE),
        Family::KeyPermissions => Flags(security::KEY_PERM),
        Family::KeyPkey => Flags(security::KEY_PKEY),
        Family::KeyRequestDefault => Enum(security::KEY_REQKEY),
        Family::KeySerial => Enum(security::KEY_SPEC),
        Family::Keyctl => Enum(security::KEYCTL),
        Family::LandlockAdd => Flags(security::LANDLOCK_ADD),
        Family::LandlockFlags => Flags(security::LANDLOCK_CREATE),
        Family::LandlockAccessFs => Flags(security::LANDLOCK_FS),
        Family::LandlockAccessNet => Flags(security::LANDLOCK_NET),
        Family::LandlockRestrict => Flags(security::LANDLOCK_RESTRICT),
        Family::LandlockRule => Enum(security::LANDLOCK_RULE),
        Family::LandlockScope => Flags(security::LANDLOCK_SCOPE),
        Family::LsmAttr => Enum(security::LSM_ATTR),
        Family::LsmFlags => Flags(security::LSM_FLAGS),
        Family::LsmId => Enum(security::LSM_ID),
        Family::Seccomp => Enum(security::SECCOMP),
        Family::SeccompAction => Mixed(&[(0xffff_0000, security::SECCOMP_ACTION)], &[]),
        Family::SeccompAddfd => Flags(security::SECCOMP_ADDFD),
        Family::SeccompFlags => Flags(security::SECCOMP_FILTER),
        Family::SeccompMode => Enum(security::SECCOMP_MODE),
        Family::SeccompNotif => Flags(security::SECCOMP_NOTIF),
        Family::Securebits => Flags(security::SECUREBITS),

        // BPF.
        Family::BpfAttachFlags => Flags(bpf::ATTACH_FLAGS),
        Family::BpfAttachType => Enum(bpf::ATTACH_TYPE),
        Family::BpfCmd => Enum(bpf::CMD),
        Family::BpfElemFlags => FlagsOr("BPF_ANY", bpf::ELEM_FLAGS),
        Family::BpfFdType => Enum(bpf::FD_TYPE),
        Family::BpfFileFlags => Flags(bpf::FILE_FLAGS),
        Family::BpfLinkType => Enum(bpf::LINK_TYPE),
        Family::BpfMapFlags => Flags(bpf::MAP_FLAGS),
        Family::BpfMapType => Enum(bpf::MAP_TYPE),
        Family::BpfProgFlags => Flags(bpf::PROG_FLAGS),
        Family::BpfProgType => Enum(bpf::PROG_TYPE),
        Family::BpfQueryFlags => Flags(bpf::QUERY_FLAGS),
        Family::BpfStatsType => Enum(bpf::STATS),

        // io_uring.
        Family::IoUringAccept => Flags(io_uring::ACCEPT),
        Family::IoUringCancel => Flags(io_uring::CANCEL),
        Family::IoUringCqe => Flags(io_uring::CQE),
        Family::IoUringEnter => Flags(io_uring::ENTER),
        Family::IoUringFeatures => Flags(io_uring::FEATURES),
        Family::IoUringFsync => Flags(io_uring::FSYNC),
        Family::IoUringMsg => Enum(io_uring::MSG),
        Family::IoUringMsgFlags => Flags(io_uring::MSG_FLAGS),
        Family::IoUringOp => Enum(io_uring::OP),
        Family::IoUringPoll => Flags(io_uring::POLL),
        Family::IoUringRegister => Mixed(&[(0x7fff_ffff, io_uring::REGISTER)], io_uring::REGISTER_FLAGS),
        Family::IoUringRestriction => Enum(io_uring::RESTRICTION),
        Family::IoUringSend => Flags(io_uring::SEND),
        Family::IoUringSetup => Flags(io_uring::SETUP),
        Family::IoUringSq => Flags(io_uring::SQ_FLAGS),
        Family::IoUringSqe => Flags(io_uring::SQE),
        Family::IoUringTimeout => Flags(io_uring::TIMEOUT),

        // The system.
        Family::DeleteModule => Flags(system::DELETE_MODULE),
        Family::Errno => Enum(errno::ERRNO),
        Family::GetrandomFlags => Flags(system::GETRANDOM),
        Family::InitModule => Flags(system::INIT_MODULE),
        Family::IoctlCmd => Special(rules::ioctl_request,
            &[(ALL, ioctl::REQUEST), (ALL, ioctl::EV), (ALL, ioctl::ABS)]),
        Family::KexecFile => Flags(system::KEXEC_FILE),
        Family::KexecFlags => Mixed(&[(0xffff_0000, system::KEXEC_ARCH)], system::KEXEC),
        Family::PerfAttrFlags => Mixed(&[(0x1_8000, system::PERF_PRECISE)], system::PERF_ATTR),
        Family::PerfBranch => Flags(system::PERF_BRANCH),
        Family::PerfFlags => Flags(system::PERF_FLAGS),
        Family::PerfReadFormat => Flags(system::PERF_FORMAT),
        Family::PerfHardware => Enum(system::PERF_HARDWARE),
        Family::PerfSample => Flags(system::PERF_SAMPLE),
        Family::PerfSoftware => Enum(system::PERF_SOFTWARE),
        Family::PerfType => Enum(system::PERF_TYPE),
        Family::Reboot => Enum(system::REBOOT),
        Family::RebootMagic => Hex(system::REBOOT_MAGIC),
        Family::Syslog => Enum(system::SYSLOG),

        // Terminals.
        Family::ModemBits => Flags(tty::MODEM),
        Family::Tcflush => Enum(tty::FLUSH),
        Family::Tcxonc => Enum(tty::FLOW),
        Family::TermiosCflag => Mixed(&[(0x100f, tty::SPEED), (0x30, tty::SIZE)], tty::CFLAG),
        Family::TermiosIflag => Flags(tty::IFLAG),
        Family::TermiosLflag => Flags(tty::LFLAG),
        Family::TermiosLine => Enum(tty::LINE),
        Family::TermiosOflag => Mixed(
            &[(0x100, tty::NL_DELAY), (0x600, tty::CR_DELAY), (0x1800, tty::TAB_DELAY), (0x2000, tty::BS_DELAY),
                (0x4000, tty::VT_DELAY), (0x8000, tty::FF_DELAY)],
            tty::OFLAG),

        // Sockets.
        Family::AddressFamily => Enum(socket::FAMILY),
        Family::ArpHardware => Enum(socket::ARPHRD),
        Family::InterfaceFlags => Flags(socket::IFF),
        Family::MsgFlags => Flags(socket::MSG),
        Family::PacketType => Enum(socket::PACKET_TYPE),
        Family::ProtocolBluetooth => Enum(socket::BTPROTO),
        Family::ProtocolCaif => Enum(socket::CAIF),
        Family::ProtocolCan => Enum(socket::CAN),
        Family::ProtocolEther => Enum(socket::ETH_P),
        Family::ProtocolEtherBe => Special(rules::ether_protocol, &[(ALL, socket::ETH_P)]),
        Family::ProtocolInet => Enum(socket::IPPROTO),
        Family::ProtocolKcm => Enum(socket::KCM),
        Family::ProtocolNetlink => Enum(socket::NETLINK),
        Family::ProtocolNfc => Enum(socket::NFC),
        Family::ProtocolPhonet => Enum(socket::PHONET),
        Family::ProtocolSmc => Enum(socket::SMC),
        Family::ShutdownHow => Enum(socket::SHUTDOWN),
        Family::SocketFlags => Flags(socket::TYPE_FLAGS),
        Family::SocketType => Mixed(&[(0xf, socket::TYPE)], socket::TYPE_FLAGS),
        Family::SocketCall => Enum(socket::SOCKETCALL),
        Family::VsockCid => Enum(socket::VSOCK_CID),

        // Their options.
        Family::Cmsg => Enum(sockopt::CMSG),
        Family::PmtuDiscover => Enum(sockopt::PMTUDISC),
        Family::SockoptAlg => Enum(sockopt::ALG),
        Family::SockoptBluetooth => Enum(sockopt::BLUETOOTH),
        Family::SockoptCanRaw => Enum(sockopt::CAN_RAW),
        Family::SockoptIcmpv6 => Enum(sockopt::ICMPV6),
        Family::SockoptIp => Enum(sockopt::IP),
        Family::SockoptIpGet => Overlay(sockopt::IP_GET, sockopt::IP),
        Family::SockoptIpv6 => Enum(sockopt::IPV6),
        Family::SockoptIpv6Get => Overlay(sockopt::IPV6_GET, sockopt::IPV6),
        Family::SockoptKcm => Enum(sockopt::KCM),
        Family::SockoptLevel => Enum(sockopt::LEVEL),
        Family::SockoptMptcp => Enum(sockopt::MPTCP),
        Family::SockoptName => Enum(sockopt::SOCKET),
        Family::SockoptNetlink => Enum(sockopt::NETLINK),
        Family::SockoptPacket => Enum(sockopt::PACKET),
        Family::SockoptRaw => Enum(sockopt::RAW),
        Family::SockoptSctp => Enum(sockopt::SCTP),
        Family::SockoptSmc => Enum(sockopt::SMC),
        Family::SockoptSocketGet => Overlay(sockopt::SOCKET_GET, sockopt::SOCKET),
        Family::SockoptTcp => Enum(sockopt::TCP),
        Family::SockoptTipc => Enum(sockopt::TIPC),
        Family::SockoptTls => Enum(sockopt::TLS),
        Family::SockoptUdp => Enum(sockopt::UDP),
        Family::SockoptVsock => Enum(sockopt::VSOCK),
        Family::SockoptXdp => Enum(sockopt::XDP),
        Family::Timestamping => Flags(sockopt::TIMESTAMPING),
    }
}
