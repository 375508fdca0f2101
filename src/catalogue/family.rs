//! Families of named flags and values; their tables are in `src/symbols/`.

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
    FileFlags, FileType,
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
