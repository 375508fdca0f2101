//! Opening, looking up and mapping files: fcntl.h, linux/stat.h, asm-generic/mman.h.

/// `open(2)`: what the lowest two bits mean.
#[rustfmt::skip]
pub const ACCESS_MODE: &[(u64, &str)] = &[
    (0, "O_RDONLY"), (1, "O_WRONLY"), (2, "O_RDWR"),
];

/// `open(2)`: flags, those of several bits before the bits they hold.
#[rustfmt::skip]
pub const OPEN: &[(u64, &str)] = &[
    (0x200000, "O_PATH"), (0x410000, "O_TMPFILE"), (0x101000, "O_SYNC"), (64, "O_CREAT"), (0x80, "O_EXCL"),
    (0x100, "O_NOCTTY"), (0x200, "O_TRUNC"), (0x400, "O_APPEND"), (0x800, "O_NONBLOCK"), (0x1000, "O_DSYNC"),
    (0x8000, "O_LARGEFILE"), (0x2000, "O_ASYNC"), (0x4000, "O_DIRECT"), (0x10000, "O_DIRECTORY"),
    (0x20000, "O_NOFOLLOW"), (0x40000, "O_NOATIME"), (0x80000, "O_CLOEXEC"),
];

/// `access(2)`; none of them is `F_OK`.
#[rustfmt::skip]
pub const ACCESS: &[(u64, &str)] = &[
    (4, "R_OK"), (2, "W_OK"), (1, "X_OK"),
];

/// Flags of the calls that take a folder's fd, save `faccessat2(2)`, where 0x200 is another.
#[rustfmt::skip]
pub const AT: &[(u64, &str)] = &[
    (0x100, "AT_SYMLINK_NOFOLLOW"), (0x200, "AT_REMOVEDIR"), (0x400, "AT_SYMLINK_FOLLOW"), (0x800, "AT_NO_AUTOMOUNT"),
    (0x1000, "AT_EMPTY_PATH"), (0x8000, "AT_RECURSIVE"),
];

/// `mmap(2)`: protection.
#[rustfmt::skip]
pub const PROT: &[(u64, &str)] = &[
    (1, "PROT_READ"), (2, "PROT_WRITE"), (4, "PROT_EXEC"), (0x1000000, "PROT_GROWSDOWN"), (0x2000000, "PROT_GROWSUP"),
];

/// `mmap(2)`: what the lowest four bits mean.
#[rustfmt::skip]
pub const MAP_TYPE: &[(u64, &str)] = &[
    (1, "MAP_SHARED"), (2, "MAP_PRIVATE"), (3, "MAP_SHARED_VALIDATE"),
];

/// `mmap(2)`: flags.
#[rustfmt::skip]
pub const MAP: &[(u64, &str)] = &[
    (16, "MAP_FIXED"), (32, "MAP_ANONYMOUS"), (64, "MAP_32BIT"), (0x100, "MAP_GROWSDOWN"), (0x800, "MAP_DENYWRITE"),
    (0x1000, "MAP_EXECUTABLE"), (0x2000, "MAP_LOCKED"), (0x4000, "MAP_NORESERVE"), (0x8000, "MAP_POPULATE"),
    (0x10000, "MAP_NONBLOCK"), (0x20000, "MAP_STACK"), (0x40000, "MAP_HUGETLB"), (0x80000, "MAP_SYNC"),
    (0x100000, "MAP_FIXED_NOREPLACE"),
];

/// Type bits of a mode (`S_IFMT`).
#[rustfmt::skip]
pub const FILE_TYPE: &[(u64, &str)] = &[
    (0o010_000, "S_IFIFO"), (0o020_000, "S_IFCHR"), (0o040_000, "S_IFDIR"), (0o060_000, "S_IFBLK"),
    (0o100_000, "S_IFREG"), (0o120_000, "S_IFLNK"), (0o140_000, "S_IFSOCK"),
];

/// `lseek(2)`
#[rustfmt::skip]
pub const SEEK: &[(u64, &str)] = &[
    (0, "SEEK_SET"), (1, "SEEK_CUR"), (2, "SEEK_END"), (3, "SEEK_DATA"), (4, "SEEK_HOLE"),
];
