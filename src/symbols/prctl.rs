//! What `prctl(2)` and `arch_prctl(2)` take: linux/prctl.h, asm/prctl.h.

use super::table::Table::{self, Enum, Flags, FlagsOr};

/// `prctl(2)`: options.
#[rustfmt::skip]
pub const OPTION: &Table = &Enum(&[
    (1, "PR_SET_PDEATHSIG"), (2, "PR_GET_PDEATHSIG"), (3, "PR_GET_DUMPABLE"), (4, "PR_SET_DUMPABLE"),
    (5, "PR_GET_UNALIGN"), (6, "PR_SET_UNALIGN"), (7, "PR_GET_KEEPCAPS"), (8, "PR_SET_KEEPCAPS"), (9, "PR_GET_FPEMU"),
    (0xa, "PR_SET_FPEMU"), (0xb, "PR_GET_FPEXC"), (0xc, "PR_SET_FPEXC"), (0xd, "PR_GET_TIMING"),
    (0xe, "PR_SET_TIMING"), (0xf, "PR_SET_NAME"), (0x10, "PR_GET_NAME"), (0x13, "PR_GET_ENDIAN"),
    (0x14, "PR_SET_ENDIAN"), (0x15, "PR_GET_SECCOMP"), (0x16, "PR_SET_SECCOMP"), (0x17, "PR_CAPBSET_READ"),
    (0x18, "PR_CAPBSET_DROP"), (0x19, "PR_GET_TSC"), (0x1a, "PR_SET_TSC"), (0x1b, "PR_GET_SECUREBITS"),
    (0x1c, "PR_SET_SECUREBITS"), (0x1d, "PR_SET_TIMERSLACK"), (0x1e, "PR_GET_TIMERSLACK"),
    (0x1f, "PR_TASK_PERF_EVENTS_DISABLE"), (0x20, "PR_TASK_PERF_EVENTS_ENABLE"), (0x21, "PR_MCE_KILL"),
    (0x22, "PR_MCE_KILL_GET"), (0x23, "PR_SET_MM"), (0x24, "PR_SET_CHILD_SUBREAPER"),
    (0x25, "PR_GET_CHILD_SUBREAPER"), (0x26, "PR_SET_NO_NEW_PRIVS"), (0x27, "PR_GET_NO_NEW_PRIVS"),
    (0x28, "PR_GET_TID_ADDRESS"), (0x29, "PR_SET_THP_DISABLE"), (0x2a, "PR_GET_THP_DISABLE"),
    (0x2b, "PR_MPX_ENABLE_MANAGEMENT"), (0x2c, "PR_MPX_DISABLE_MANAGEMENT"), (0x2d, "PR_SET_FP_MODE"),
    (0x2e, "PR_GET_FP_MODE"), (0x2f, "PR_CAP_AMBIENT"), (0x32, "PR_SVE_SET_VL"), (0x33, "PR_SVE_GET_VL"),
    (0x34, "PR_GET_SPECULATION_CTRL"), (0x35, "PR_SET_SPECULATION_CTRL"), (0x36, "PR_PAC_RESET_KEYS"),
    (0x37, "PR_SET_TAGGED_ADDR_CTRL"), (0x38, "PR_GET_TAGGED_ADDR_CTRL"), (0x39, "PR_SET_IO_FLUSHER"),
    (0x3a, "PR_GET_IO_FLUSHER"), (0x3b, "PR_SET_SYSCALL_USER_DISPATCH"), (0x3c, "PR_PAC_SET_ENABLED_KEYS"),
    (0x3d, "PR_PAC_GET_ENABLED_KEYS"), (0x3e, "PR_SCHED_CORE"), (0x3f, "PR_SME_SET_VL"), (0x40, "PR_SME_GET_VL"),
    (0x41, "PR_SET_MDWE"), (0x42, "PR_GET_MDWE"), (0x43, "PR_SET_MEMORY_MERGE"), (0x44, "PR_GET_MEMORY_MERGE"),
    (0x45, "PR_RISCV_V_SET_CONTROL"), (0x46, "PR_RISCV_V_GET_CONTROL"), (0x47, "PR_RISCV_SET_ICACHE_FLUSH_CTX"),
    (0x48, "PR_PPC_GET_DEXCR"), (0x49, "PR_PPC_SET_DEXCR"), (0x4a, "PR_GET_SHADOW_STACK_STATUS"),
    (0x4b, "PR_SET_SHADOW_STACK_STATUS"), (0x4c, "PR_LOCK_SHADOW_STACK_STATUS"),
    (0x4d, "PR_TIMER_CREATE_RESTORE_IDS"), (0x4e, "PR_FUTEX_HASH"), (0x4f, "PR_RSEQ_SLICE_EXTENSION"),
    (0x50, "PR_GET_CFI"), (0x51, "PR_SET_CFI"), (0x4155_5856, "PR_GET_AUXV"), (0x5356_4d41, "PR_SET_VMA"),
    (0x5961_6d61, "PR_SET_PTRACER"),
]);

/// `prctl(2)`: `PR_CAP_AMBIENT`.
#[rustfmt::skip]
pub const CAP_AMBIENT: &Table = &Enum(&[
    (1, "PR_CAP_AMBIENT_IS_SET"), (2, "PR_CAP_AMBIENT_RAISE"), (3, "PR_CAP_AMBIENT_LOWER"),
    (4, "PR_CAP_AMBIENT_CLEAR_ALL"),
]);

/// `prctl(2)`: `PR_SET_DUMPABLE` (linux/sched/coredump.h of the kernel).
#[rustfmt::skip]
pub const DUMPABLE: &Table = &Enum(&[
    (0, "SUID_DUMP_DISABLE"), (1, "SUID_DUMP_USER"), (2, "SUID_DUMP_ROOT"),
]);

/// `prctl(2)`: `PR_SET_TSC`.
#[rustfmt::skip]
pub const TSC: &Table = &Enum(&[
    (1, "PR_TSC_ENABLE"), (2, "PR_TSC_SIGSEGV"),
]);

/// `prctl(2)`: `PR_MCE_KILL`.
#[rustfmt::skip]
pub const MCE_KILL: &Table = &Enum(&[
    (0, "PR_MCE_KILL_CLEAR"), (1, "PR_MCE_KILL_SET"),
]);

/// `prctl(2)`: `PR_MCE_KILL`, `PR_MCE_KILL_SET`.
#[rustfmt::skip]
pub const MCE_POLICY: &Table = &Enum(&[
    (0, "PR_MCE_KILL_LATE"), (1, "PR_MCE_KILL_EARLY"), (2, "PR_MCE_KILL_DEFAULT"),
]);

/// `prctl(2)`: `PR_SET_MM`.
#[rustfmt::skip]
pub const MM: &Table = &Enum(&[
    (1, "PR_SET_MM_START_CODE"), (2, "PR_SET_MM_END_CODE"), (3, "PR_SET_MM_START_DATA"), (4, "PR_SET_MM_END_DATA"),
    (5, "PR_SET_MM_START_STACK"), (6, "PR_SET_MM_START_BRK"), (7, "PR_SET_MM_BRK"), (8, "PR_SET_MM_ARG_START"),
    (9, "PR_SET_MM_ARG_END"), (10, "PR_SET_MM_ENV_START"), (11, "PR_SET_MM_ENV_END"), (12, "PR_SET_MM_AUXV"),
    (13, "PR_SET_MM_EXE_FILE"), (14, "PR_SET_MM_MAP"), (15, "PR_SET_MM_MAP_SIZE"),
]);

/// `prctl(2)`: `PR_SET_VMA`.
#[rustfmt::skip]
pub const VMA: &Table = &Enum(&[
    (0, "PR_SET_VMA_ANON_NAME"),
]);

/// `prctl(2)`: `PR_SET_SPECULATION_CTRL`.
#[rustfmt::skip]
pub const SPEC: &Table = &Enum(&[
    (0, "PR_SPEC_STORE_BYPASS"), (1, "PR_SPEC_INDIRECT_BRANCH"), (2, "PR_SPEC_L1D_FLUSH"),
]);

/// `prctl(2)`: `PR_SET_SPECULATION_CTRL`; none of them is `PR_SPEC_NOT_AFFECTED`.
#[rustfmt::skip]
pub const SPEC_STATE: &Table = &FlagsOr("PR_SPEC_NOT_AFFECTED", &[
    (1, "PR_SPEC_PRCTL"), (2, "PR_SPEC_ENABLE"), (4, "PR_SPEC_DISABLE"), (8, "PR_SPEC_FORCE_DISABLE"),
    (0x10, "PR_SPEC_DISABLE_NOEXEC"),
]);

/// `prctl(2)`: `PR_SET_SYSCALL_USER_DISPATCH`.
#[rustfmt::skip]
pub const DISPATCH: &Table = &Enum(&[
    (0, "PR_SYS_DISPATCH_OFF"), (1, "PR_SYS_DISPATCH_EXCLUSIVE_ON"), (2, "PR_SYS_DISPATCH_INCLUSIVE_ON"),
]);

/// `prctl(2)`: `PR_SCHED_CORE`.
#[rustfmt::skip]
pub const SCHED_CORE: &Table = &Enum(&[
    (0, "PR_SCHED_CORE_GET"), (1, "PR_SCHED_CORE_CREATE"), (2, "PR_SCHED_CORE_SHARE_TO"),
    (3, "PR_SCHED_CORE_SHARE_FROM"),
]);

/// `prctl(2)`: `PR_SCHED_CORE`, for whom.
#[rustfmt::skip]
pub const SCHED_CORE_SCOPE: &Table = &Enum(&[
    (0, "PR_SCHED_CORE_SCOPE_THREAD"), (1, "PR_SCHED_CORE_SCOPE_THREAD_GROUP"),
    (2, "PR_SCHED_CORE_SCOPE_PROCESS_GROUP"),
]);

/// `prctl(2)`: `PR_SET_MDWE`.
#[rustfmt::skip]
pub const MDWE: &Table = &Flags(&[
    (1, "PR_MDWE_REFUSE_EXEC_GAIN"), (2, "PR_MDWE_NO_INHERIT"),
]);

/// `prctl(2)`: `PR_SET_PTRACER`, where it is no process.
#[rustfmt::skip]
pub const PTRACER: &Table = &Enum(&[
    (0xffff_ffff_ffff_ffff, "PR_SET_PTRACER_ANY"),
]);

/// `arch_prctl(2)`
#[rustfmt::skip]
pub const ARCH_PRCTL: &Table = &Enum(&[
    (0x1001, "ARCH_SET_GS"), (0x1002, "ARCH_SET_FS"), (0x1003, "ARCH_GET_FS"), (0x1004, "ARCH_GET_GS"),
    (0x1011, "ARCH_GET_CPUID"), (0x1012, "ARCH_SET_CPUID"), (0x1021, "ARCH_GET_XCOMP_SUPP"),
    (0x1022, "ARCH_GET_XCOMP_PERM"), (0x1023, "ARCH_REQ_XCOMP_PERM"), (0x1024, "ARCH_GET_XCOMP_GUEST_PERM"),
    (0x1025, "ARCH_REQ_XCOMP_GUEST_PERM"), (0x2001, "ARCH_MAP_VDSO_X32"), (0x2002, "ARCH_MAP_VDSO_32"),
    (0x2003, "ARCH_MAP_VDSO_64"), (0x4001, "ARCH_GET_UNTAG_MASK"), (0x4002, "ARCH_ENABLE_TAGGED_ADDR"),
    (0x4003, "ARCH_GET_MAX_TAG_BITS"), (0x4004, "ARCH_FORCE_TAGGED_SVA"), (0x5001, "ARCH_SHSTK_ENABLE"),
    (0x5002, "ARCH_SHSTK_DISABLE"), (0x5003, "ARCH_SHSTK_LOCK"), (0x5004, "ARCH_SHSTK_UNLOCK"),
    (0x5005, "ARCH_SHSTK_STATUS"),
]);

/// `arch_prctl(2)`: features of the shadow stack.
#[rustfmt::skip]
pub const SHSTK: &Table = &Flags(&[
    (1, "ARCH_SHSTK_SHSTK"), (2, "ARCH_SHSTK_WRSS"),
]);
