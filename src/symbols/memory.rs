//! Memory: asm/mman.h, linux/mman.h, linux/memfd.h, linux/mempolicy.h, linux/userfaultfd.h.

use super::table::Table::{self, Enum, Flags, FlagsOr, Mixed, Tailed};
use super::table::{Names, Tail};

/// `mmap(2)`: protection; none of them is `PROT_NONE`.
#[rustfmt::skip]
pub const PROT: &Table = &FlagsOr("PROT_NONE", &[
    (1, "PROT_READ"), (2, "PROT_WRITE"), (4, "PROT_EXEC"), (8, "PROT_SEM"), (0x100_0000, "PROT_GROWSDOWN"),
    (0x200_0000, "PROT_GROWSUP"),
]);

/// Kinds of `mem_prot_alert`, for C as well (`build.rs`). `TO_X`: it is unknown whether the memory was written.
#[rustfmt::skip]
pub const ALERTS: Names = &[
    (1, "MAPPED_WX"), (2, "W_TO_X"), (3, "X_TO_WX"), (4, "WX_TO_X"), (5, "TO_WX"), (7, "TO_X"),
];

/// `mem_prot_alert`: the kind.
pub const ALERT: &Table = &Enum(ALERTS);

/// Only for captured memory: a file that may have been written before is mapped to be executed.
pub const CAPTURED_ALERT: Names = &[(6, "WRITTEN_FILE")];

/// `mmap(2)`: what the lowest four bits mean.
#[rustfmt::skip]
const MAP_TYPE: Names = &[
    (1, "MAP_SHARED"), (2, "MAP_PRIVATE"), (3, "MAP_SHARED_VALIDATE"), (8, "MAP_DROPPABLE"),
];

/// `mmap(2)`: flags.
#[rustfmt::skip]
pub const MAP: &Table = &Tailed(&[(0xf, MAP_TYPE)], &[
    (0x10, "MAP_FIXED"), (0x20, "MAP_ANONYMOUS"), (0x40, "MAP_32BIT"), (0x4000, "MAP_NORESERVE"),
    (0x8000, "MAP_POPULATE"), (0x1_0000, "MAP_NONBLOCK"), (0x100, "MAP_GROWSDOWN"), (0x800, "MAP_DENYWRITE"),
    (0x1000, "MAP_EXECUTABLE"), (0x2000, "MAP_LOCKED"), (0x2_0000, "MAP_STACK"), (0x4_0000, "MAP_HUGETLB"),
    (0x8_0000, "MAP_SYNC"), (0x10_0000, "MAP_FIXED_NOREPLACE"), (0x80, "MAP_ABOVE4G"),
], Tail::Shifted("MAP_HUGE_SHIFT"));

/// `madvise(2)`
#[rustfmt::skip]
pub const MADVISE: &Table = &Enum(&[
    (0, "MADV_NORMAL"), (1, "MADV_RANDOM"), (2, "MADV_SEQUENTIAL"), (3, "MADV_WILLNEED"), (4, "MADV_DONTNEED"),
    (8, "MADV_FREE"), (9, "MADV_REMOVE"), (10, "MADV_DONTFORK"), (11, "MADV_DOFORK"), (12, "MADV_MERGEABLE"),
    (13, "MADV_UNMERGEABLE"), (14, "MADV_HUGEPAGE"), (15, "MADV_NOHUGEPAGE"), (16, "MADV_DONTDUMP"),
    (17, "MADV_DODUMP"), (18, "MADV_WIPEONFORK"), (19, "MADV_KEEPONFORK"), (20, "MADV_COLD"), (21, "MADV_PAGEOUT"),
    (22, "MADV_POPULATE_READ"), (23, "MADV_POPULATE_WRITE"), (24, "MADV_DONTNEED_LOCKED"), (25, "MADV_COLLAPSE"),
    (100, "MADV_HWPOISON"), (101, "MADV_SOFT_OFFLINE"), (102, "MADV_GUARD_INSTALL"), (103, "MADV_GUARD_REMOVE"),
]);

/// `mremap(2)`
#[rustfmt::skip]
pub const MREMAP: &Table = &Flags(&[
    (1, "MREMAP_MAYMOVE"), (2, "MREMAP_FIXED"), (4, "MREMAP_DONTUNMAP"),
]);

/// `msync(2)`
#[rustfmt::skip]
pub const MSYNC: &Table = &Flags(&[
    (4, "MS_SYNC"), (1, "MS_ASYNC"), (2, "MS_INVALIDATE"),
]);

/// `mlock2(2)`
#[rustfmt::skip]
pub const MLOCK: &Table = &Flags(&[
    (1, "MLOCK_ONFAULT"),
]);

/// `mlockall(2)`
#[rustfmt::skip]
pub const MLOCKALL: &Table = &Flags(&[
    (1, "MCL_CURRENT"), (2, "MCL_FUTURE"), (4, "MCL_ONFAULT"),
]);

/// `pkey_alloc(2)`
#[rustfmt::skip]
pub const PKEY: &Table = &Flags(&[
    (1, "PKEY_DISABLE_ACCESS"), (2, "PKEY_DISABLE_WRITE"), (4, "PKEY_DISABLE_EXECUTE"),
]);

/// `struct user_desc`: its bit fields, of which one has two bits (asm/ldt.h).
#[rustfmt::skip]
pub const USER_DESC: &Table = &Mixed(&[(6, USER_DESC_CONTENTS)], &[
    (1, "seg_32bit"), (8, "read_exec_only"), (0x10, "limit_in_pages"), (0x20, "seg_not_present"), (0x40, "useable"),
    (0x80, "lm"),
]);

/// `struct user_desc`: `contents`.
#[rustfmt::skip]
const USER_DESC_CONTENTS: Names = &[
    (2, "contents:1"), (4, "contents:2"), (6, "contents:3"),
];

/// `map_shadow_stack(2)`
#[rustfmt::skip]
pub const SHADOW_STACK: &Table = &Flags(&[
    (1, "SHADOW_STACK_SET_TOKEN"), (2, "SHADOW_STACK_SET_MARKER"),
]);

/// `memfd_create(2)`: flags.
#[rustfmt::skip]
pub const MEMFD: &Table = &Tailed(&[], &[
    (1, "MFD_CLOEXEC"), (2, "MFD_ALLOW_SEALING"), (4, "MFD_HUGETLB"), (8, "MFD_NOEXEC_SEAL"), (0x10, "MFD_EXEC"),
], Tail::Shifted("MFD_HUGE_SHIFT"));

/// `membarrier(2)`: commands.
#[rustfmt::skip]
pub const MEMBARRIER: &Table = &Enum(&[
    (0, "MEMBARRIER_CMD_QUERY"), (1, "MEMBARRIER_CMD_GLOBAL"), (2, "MEMBARRIER_CMD_GLOBAL_EXPEDITED"),
    (4, "MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED"), (8, "MEMBARRIER_CMD_PRIVATE_EXPEDITED"),
    (16, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED"), (32, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE"),
    (64, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE"), (128, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ"),
    (256, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ"), (512, "MEMBARRIER_CMD_GET_REGISTRATIONS"),
]);

/// `membarrier(2)`: flags.
#[rustfmt::skip]
pub const MEMBARRIER_FLAGS: &Table = &Flags(&[
    (1, "MEMBARRIER_CMD_FLAG_CPU"),
]);

/// `set_mempolicy(2)`: modes.
#[rustfmt::skip]
const MEMPOLICIES: Names = &[
    (0, "MPOL_DEFAULT"), (1, "MPOL_PREFERRED"), (2, "MPOL_BIND"), (3, "MPOL_INTERLEAVE"), (4, "MPOL_LOCAL"),
    (5, "MPOL_PREFERRED_MANY"), (6, "MPOL_WEIGHTED_INTERLEAVE"),
];

/// `set_mempolicy(2)`: flags beside the mode.
#[rustfmt::skip]
pub const MEMPOLICY_MODE: &Table = &Mixed(&[(0x1fff, MEMPOLICIES)], &[
    (0x8000, "MPOL_F_STATIC_NODES"), (0x4000, "MPOL_F_RELATIVE_NODES"), (0x2000, "MPOL_F_NUMA_BALANCING"),
]);

/// `mbind(2)`, `move_pages(2)`.
#[rustfmt::skip]
pub const MBIND: &Table = &Flags(&[
    (1, "MPOL_MF_STRICT"), (2, "MPOL_MF_MOVE"), (4, "MPOL_MF_MOVE_ALL"), (8, "MPOL_MF_LAZY"),
]);

/// `get_mempolicy(2)`
#[rustfmt::skip]
pub const GET_MEMPOLICY: &Table = &Flags(&[
    (1, "MPOL_F_NODE"), (2, "MPOL_F_ADDR"), (4, "MPOL_F_MEMS_ALLOWED"),
]);

/// `userfaultfd(2)`
#[rustfmt::skip]
pub const USERFAULTFD: &Table = &Flags(&[
    (1, "UFFD_USER_MODE_ONLY"), (0x800, "O_NONBLOCK"), (0x8_0000, "O_CLOEXEC"),
]);

/// `modify_ldt(2)`: the headers have no names for its values.
#[rustfmt::skip]
pub const LDT: &Table = &Enum(&[]);
