//! Opening, looking up, changing and describing files: fcntl.h, linux/fcntl.h, linux/stat.h, linux/fs.h.

use super::table::Table::{self, Enum, Flags, FlagsOr, Mixed, Tailed};
use super::table::{Names, Tail};

/// `open(2)`: what the lowest two bits mean.
#[rustfmt::skip]
const ACCESS_MODE: Names = &[
    (0, "O_RDONLY"), (1, "O_WRONLY"), (2, "O_RDWR"), (3, "O_ACCMODE"),
];

/// `open(2)`: flags, those of several bits before the bits they hold.
#[rustfmt::skip]
const OPEN_FLAGS: Names = &[
    (0x40, "O_CREAT"), (0x80, "O_EXCL"), (0x100, "O_NOCTTY"), (0x200, "O_TRUNC"), (0x400, "O_APPEND"),
    (0x800, "O_NONBLOCK"), (0x10_1000, "O_SYNC"), (0x10_0000, "__O_SYNC"), (0x1000, "O_DSYNC"), (0x4000, "O_DIRECT"),
    (0x8000, "O_LARGEFILE"), (0x2_0000, "O_NOFOLLOW"), (0x4_0000, "O_NOATIME"), (0x8_0000, "O_CLOEXEC"),
    (0x20_0000, "O_PATH"), (0x41_0000, "O_TMPFILE"), (0x1_0000, "O_DIRECTORY"), (0x2000, "FASYNC"),
    (0x400_0000, "O_EMPTYPATH"), (0x1_0000_0000, "OPENAT2_REGULAR"),
];

/// `open(2)`: flags.
#[rustfmt::skip]
pub const OPEN: &Table = &Mixed(&[(3, ACCESS_MODE)], OPEN_FLAGS);

/// `struct file`: a further flag with which execve(2) and its like open files (linux/fs.h of the kernel).
#[rustfmt::skip]
const FMODE_EXEC: Names = &[
    (0x20, "__FMODE_EXEC"),
];

/// Flags of an open file, as the kernel keeps them.
#[rustfmt::skip]
pub const FILE_FLAGS: &Table = &Mixed(&[(3, ACCESS_MODE), (0x20, FMODE_EXEC)], OPEN_FLAGS);

/// `pipe2(2)`.
#[rustfmt::skip]
pub const PIPE: &Table = &Flags(&[
    (0x80, "O_NOTIFICATION_PIPE"), (0x800, "O_NONBLOCK"), (0x4000, "O_DIRECT"), (0x8_0000, "O_CLOEXEC"),
]);

/// `dup3(2)`, `memfd_secret(2)`.
#[rustfmt::skip]
pub const CLOEXEC: &Table = &Flags(&[
    (0x8_0000, "O_CLOEXEC"),
]);

/// `openat2(2)`: `resolve`.
#[rustfmt::skip]
pub const RESOLVE: &Table = &Flags(&[
    (1, "RESOLVE_NO_XDEV"), (2, "RESOLVE_NO_MAGICLINKS"), (4, "RESOLVE_NO_SYMLINKS"), (8, "RESOLVE_BENEATH"),
    (0x10, "RESOLVE_IN_ROOT"), (0x20, "RESOLVE_CACHED"),
]);

/// `access(2)`; none of them is `F_OK`.
#[rustfmt::skip]
pub const ACCESS: &Table = &FlagsOr("F_OK", &[
    (4, "R_OK"), (2, "W_OK"), (1, "X_OK"),
]);

/// Flags of the calls that take a folder's fd, except those in which a bit has another meaning: the tables that follow.
#[rustfmt::skip]
pub const AT: &Table = &Flags(&[
    (0x100, "AT_SYMLINK_NOFOLLOW"), (0x200, "AT_REMOVEDIR"), (0x400, "AT_SYMLINK_FOLLOW"), (0x800, "AT_NO_AUTOMOUNT"),
    (0x1000, "AT_EMPTY_PATH"), (0x2000, "AT_STATX_FORCE_SYNC"), (0x4000, "AT_STATX_DONT_SYNC"),
    (0x8000, "AT_RECURSIVE"), (0x1_0000, "AT_EXECVE_CHECK"),
]);

/// `faccessat2(2)`.
#[rustfmt::skip]
pub const AT_ACCESS: &Table = &Flags(&[
    (0x100, "AT_SYMLINK_NOFOLLOW"), (0x200, "AT_EACCESS"), (0x1000, "AT_EMPTY_PATH"),
]);

/// `unlinkat(2)`.
#[rustfmt::skip]
pub const AT_UNLINK: &Table = &Flags(&[
    (0x200, "AT_REMOVEDIR"),
]);

/// `statx(2)`: what two bits of the flags mean (`AT_STATX_SYNC_TYPE`).
#[rustfmt::skip]
const AT_STATX_SYNC: Names = &[
    (0, "AT_STATX_SYNC_AS_STAT"), (0x2000, "AT_STATX_FORCE_SYNC"), (0x4000, "AT_STATX_DONT_SYNC"),
];

/// `statx(2)`: flags.
#[rustfmt::skip]
pub const AT_STATX: &Table = &Mixed(&[(0x6000, AT_STATX_SYNC)], &[
    (0x2000, "AT_STATX_FORCE_SYNC"), (0x4000, "AT_STATX_DONT_SYNC"), (0x100, "AT_SYMLINK_NOFOLLOW"),
    (0x800, "AT_NO_AUTOMOUNT"), (0x1000, "AT_EMPTY_PATH"),
]);

/// `name_to_handle_at(2)`.
#[rustfmt::skip]
pub const AT_HANDLE: &Table = &Flags(&[
    (1, "AT_HANDLE_MNT_ID_UNIQUE"), (2, "AT_HANDLE_CONNECTABLE"), (0x200, "AT_HANDLE_FID"),
    (0x400, "AT_SYMLINK_FOLLOW"), (0x1000, "AT_EMPTY_PATH"),
]);

/// `renameat2(2)`.
#[rustfmt::skip]
pub const RENAME: &Table = &Flags(&[
    (1, "RENAME_NOREPLACE"), (2, "RENAME_EXCHANGE"), (4, "RENAME_WHITEOUT"),
]);

/// Type bits of a mode (`S_IFMT`).
#[rustfmt::skip]
const FILE_TYPES: Names = &[
    (0o010_000, "S_IFIFO"), (0o020_000, "S_IFCHR"), (0o040_000, "S_IFDIR"), (0o060_000, "S_IFBLK"),
    (0o100_000, "S_IFREG"), (0o120_000, "S_IFLNK"), (0o140_000, "S_IFSOCK"),
];

/// Type of a file.
#[rustfmt::skip]
pub const FILE_TYPE: &Table = &Enum(FILE_TYPES);

/// Bits of a mode between type and permissions.
#[rustfmt::skip]
pub(super) const MODE_BITS: Names = &[
    (0x800, "S_ISUID"), (0x400, "S_ISGID"), (0x200, "S_ISVTX"),
];

/// Type and permission bits of a file.
#[rustfmt::skip]
pub const MODE: &Table = &Tailed(&[(0o170_000, FILE_TYPES)], MODE_BITS, Tail::Permissions);

/// `utimensat(2)`: special values of nanoseconds.
#[rustfmt::skip]
pub const UTIME: &Table = &Enum(&[
    (0x3fff_fffe, "UTIME_OMIT"), (0x3fff_ffff, "UTIME_NOW"),
]);

/// `lseek(2)`
#[rustfmt::skip]
pub const SEEK: &Table = &Enum(&[
    (0, "SEEK_SET"), (1, "SEEK_CUR"), (2, "SEEK_END"), (3, "SEEK_DATA"), (4, "SEEK_HOLE"),
]);

/// `close_range(2)`
#[rustfmt::skip]
pub const CLOSE_RANGE: &Table = &Flags(&[
    (2, "CLOSE_RANGE_UNSHARE"), (4, "CLOSE_RANGE_CLOEXEC"),
]);

/// `fadvise64(2)`
#[rustfmt::skip]
pub const FADVISE: &Table = &Enum(&[
    (0, "POSIX_FADV_NORMAL"), (1, "POSIX_FADV_RANDOM"), (2, "POSIX_FADV_SEQUENTIAL"), (3, "POSIX_FADV_WILLNEED"),
    (4, "POSIX_FADV_DONTNEED"), (5, "POSIX_FADV_NOREUSE"),
]);

/// `fallocate(2)`
#[rustfmt::skip]
pub const FALLOCATE: &Table = &Flags(&[
    (1, "FALLOC_FL_KEEP_SIZE"), (2, "FALLOC_FL_PUNCH_HOLE"), (4, "FALLOC_FL_NO_HIDE_STALE"),
    (8, "FALLOC_FL_COLLAPSE_RANGE"), (0x10, "FALLOC_FL_ZERO_RANGE"), (0x20, "FALLOC_FL_INSERT_RANGE"),
    (0x40, "FALLOC_FL_UNSHARE_RANGE"), (0x80, "FALLOC_FL_WRITE_ZEROES"),
]);

/// `flock(2)`
#[rustfmt::skip]
pub const FLOCK: &Table = &Flags(&[
    (1, "LOCK_SH"), (2, "LOCK_EX"), (4, "LOCK_NB"), (8, "LOCK_UN"), (0x20, "LOCK_MAND"), (0xc0, "LOCK_RW"),
    (0x40, "LOCK_READ"), (0x80, "LOCK_WRITE"),
]);

/// `fcntl(2)`: commands; `F_*64` only 32-bit programs use.
#[rustfmt::skip]
pub const FCNTL: &Table = &Enum(&[
    (0, "F_DUPFD"), (1, "F_GETFD"), (2, "F_SETFD"), (3, "F_GETFL"), (4, "F_SETFL"), (5, "F_GETLK"), (6, "F_SETLK"),
    (7, "F_SETLKW"), (8, "F_SETOWN"), (9, "F_GETOWN"), (10, "F_SETSIG"), (11, "F_GETSIG"), (12, "F_GETLK64"),
    (13, "F_SETLK64"), (14, "F_SETLKW64"), (15, "F_SETOWN_EX"), (16, "F_GETOWN_EX"), (17, "F_GETOWNER_UIDS"),
    (36, "F_OFD_GETLK"), (37, "F_OFD_SETLK"), (38, "F_OFD_SETLKW"), (1024, "F_SETLEASE"), (1025, "F_GETLEASE"),
    (1026, "F_NOTIFY"), (1027, "F_DUPFD_QUERY"), (1028, "F_CREATED_QUERY"), (1029, "F_CANCELLK"),
    (1030, "F_DUPFD_CLOEXEC"), (1031, "F_SETPIPE_SZ"), (1032, "F_GETPIPE_SZ"), (1033, "F_ADD_SEALS"),
    (1034, "F_GET_SEALS"), (1035, "F_GET_RW_HINT"), (1036, "F_SET_RW_HINT"), (1037, "F_GET_FILE_RW_HINT"),
    (1038, "F_SET_FILE_RW_HINT"), (1039, "F_GETDELEG"), (1040, "F_SETDELEG"),
]);

/// `fcntl(2)`: `F_SETFD`.
#[rustfmt::skip]
pub const FD_FLAGS: &Table = &Flags(&[
    (1, "FD_CLOEXEC"),
]);

/// `fcntl(2)`: type of a lock or lease.
#[rustfmt::skip]
pub const LOCK_TYPE: &Table = &Enum(&[
    (0, "F_RDLCK"), (1, "F_WRLCK"), (2, "F_UNLCK"), (4, "F_EXLCK"), (8, "F_SHLCK"),
]);

/// `fcntl(2)`: `F_ADD_SEALS`.
#[rustfmt::skip]
pub const SEALS: &Table = &Flags(&[
    (1, "F_SEAL_SEAL"), (2, "F_SEAL_SHRINK"), (4, "F_SEAL_GROW"), (8, "F_SEAL_WRITE"), (0x10, "F_SEAL_FUTURE_WRITE"),
    (0x20, "F_SEAL_EXEC"),
]);

/// `fcntl(2)`: `F_NOTIFY`.
#[rustfmt::skip]
pub const NOTIFY: &Table = &Flags(&[
    (1, "DN_ACCESS"), (2, "DN_MODIFY"), (4, "DN_CREATE"), (8, "DN_DELETE"), (0x10, "DN_RENAME"), (0x20, "DN_ATTRIB"),
    (0x8000_0000, "DN_MULTISHOT"),
]);

/// `fcntl(2)`: `struct f_owner_ex`.
#[rustfmt::skip]
pub const OWNER: &Table = &Enum(&[
    (0, "F_OWNER_TID"), (1, "F_OWNER_PID"), (2, "F_OWNER_PGRP"),
]);

/// `fcntl(2)`: `F_SET_RW_HINT`.
#[rustfmt::skip]
pub const RW_HINT: &Table = &Enum(&[
    (0, "RWH_WRITE_LIFE_NOT_SET"), (1, "RWH_WRITE_LIFE_NONE"), (2, "RWH_WRITE_LIFE_SHORT"),
    (3, "RWH_WRITE_LIFE_MEDIUM"), (4, "RWH_WRITE_LIFE_LONG"), (5, "RWH_WRITE_LIFE_EXTREME"),
]);

/// `statx(2)`: mask, several bits first.
#[rustfmt::skip]
pub const STATX_MASK: &Table = &Flags(&[
    (0xfff, "STATX_ALL"), (0x7ff, "STATX_BASIC_STATS"), (1, "STATX_TYPE"), (2, "STATX_MODE"), (4, "STATX_NLINK"),
    (8, "STATX_UID"), (0x10, "STATX_GID"), (0x20, "STATX_ATIME"), (0x40, "STATX_MTIME"), (0x80, "STATX_CTIME"),
    (0x100, "STATX_INO"), (0x200, "STATX_SIZE"), (0x400, "STATX_BLOCKS"), (0x800, "STATX_BTIME"),
    (0x1000, "STATX_MNT_ID"), (0x2000, "STATX_DIOALIGN"), (0x4000, "STATX_MNT_ID_UNIQUE"), (0x8000, "STATX_SUBVOL"),
    (0x1_0000, "STATX_WRITE_ATOMIC"), (0x2_0000, "STATX_DIO_READ_ALIGN"), (0x8000_0000, "STATX__RESERVED"),
]);

/// `statx(2)`: attributes.
#[rustfmt::skip]
pub const STATX_ATTR: &Table = &Flags(&[
    (4, "STATX_ATTR_COMPRESSED"), (0x10, "STATX_ATTR_IMMUTABLE"), (0x20, "STATX_ATTR_APPEND"),
    (0x40, "STATX_ATTR_NODUMP"), (0x800, "STATX_ATTR_ENCRYPTED"), (0x1000, "STATX_ATTR_AUTOMOUNT"),
    (0x2000, "STATX_ATTR_MOUNT_ROOT"), (0x10_0000, "STATX_ATTR_VERITY"), (0x20_0000, "STATX_ATTR_DAX"),
    (0x40_0000, "STATX_ATTR_WRITE_ATOMIC"),
]);

/// `sync_file_range(2)`
#[rustfmt::skip]
pub const SYNC_FILE_RANGE: &Table = &Flags(&[
    (1, "SYNC_FILE_RANGE_WAIT_BEFORE"), (2, "SYNC_FILE_RANGE_WRITE"), (4, "SYNC_FILE_RANGE_WAIT_AFTER"),
]);

/// `splice(2)`, `tee(2)`, `vmsplice(2)`.
#[rustfmt::skip]
pub const SPLICE: &Table = &Flags(&[
    (1, "SPLICE_F_MOVE"), (2, "SPLICE_F_NONBLOCK"), (4, "SPLICE_F_MORE"), (8, "SPLICE_F_GIFT"),
]);

/// `preadv2(2)`, `pwritev2(2)`.
#[rustfmt::skip]
pub const RWF: &Table = &Flags(&[
    (1, "RWF_HIPRI"), (2, "RWF_DSYNC"), (4, "RWF_SYNC"), (8, "RWF_NOWAIT"), (0x10, "RWF_APPEND"),
    (0x20, "RWF_NOAPPEND"), (0x40, "RWF_ATOMIC"), (0x80, "RWF_DONTCACHE"), (0x100, "RWF_NOSIGNAL"),
]);

/// `setxattr(2)`
#[rustfmt::skip]
pub const XATTR: &Table = &Flags(&[
    (1, "XATTR_CREATE"), (2, "XATTR_REPLACE"),
]);

/// `FS_IOC_SETFLAGS`
#[rustfmt::skip]
pub const INODE_FLAGS: &Table = &Flags(&[
    (1, "FS_SECRM_FL"), (2, "FS_UNRM_FL"), (4, "FS_COMPR_FL"), (8, "FS_SYNC_FL"), (0x10, "FS_IMMUTABLE_FL"),
    (0x20, "FS_APPEND_FL"), (0x40, "FS_NODUMP_FL"), (0x80, "FS_NOATIME_FL"), (0x100, "FS_DIRTY_FL"),
    (0x200, "FS_COMPRBLK_FL"), (0x400, "FS_NOCOMP_FL"), (0x800, "FS_ENCRYPT_FL"), (0x1000, "FS_INDEX_FL"),
    (0x2000, "FS_IMAGIC_FL"), (0x4000, "FS_JOURNAL_DATA_FL"), (0x8000, "FS_NOTAIL_FL"), (0x1_0000, "FS_DIRSYNC_FL"),
    (0x2_0000, "FS_TOPDIR_FL"), (0x4_0000, "FS_HUGE_FILE_FL"), (0x8_0000, "FS_EXTENT_FL"),
    (0x10_0000, "FS_VERITY_FL"), (0x20_0000, "FS_EA_INODE_FL"), (0x40_0000, "FS_EOFBLOCKS_FL"),
    (0x80_0000, "FS_NOCOW_FL"), (0x200_0000, "FS_DAX_FL"), (0x1000_0000, "FS_INLINE_DATA_FL"),
    (0x2000_0000, "FS_PROJINHERIT_FL"), (0x4000_0000, "FS_CASEFOLD_FL"),
]);

/// `FS_IOC_FSSETXATTR`, `file_setattr(2)`.
#[rustfmt::skip]
pub const XFLAGS: &Table = &Flags(&[
    (1, "FS_XFLAG_REALTIME"), (2, "FS_XFLAG_PREALLOC"), (8, "FS_XFLAG_IMMUTABLE"), (0x10, "FS_XFLAG_APPEND"),
    (0x20, "FS_XFLAG_SYNC"), (0x40, "FS_XFLAG_NOATIME"), (0x80, "FS_XFLAG_NODUMP"), (0x100, "FS_XFLAG_RTINHERIT"),
    (0x200, "FS_XFLAG_PROJINHERIT"), (0x400, "FS_XFLAG_NOSYMLINKS"), (0x800, "FS_XFLAG_EXTSIZE"),
    (0x1000, "FS_XFLAG_EXTSZINHERIT"), (0x2000, "FS_XFLAG_NODEFRAG"), (0x4000, "FS_XFLAG_FILESTREAM"),
    (0x8000, "FS_XFLAG_DAX"), (0x1_0000, "FS_XFLAG_COWEXTSIZE"), (0x2_0000, "FS_XFLAG_VERITY"),
    (0x4_0000, "FS_XFLAG_CASEFOLD"), (0x8_0000, "FS_XFLAG_CASENONPRESERVING"), (0x8000_0000, "FS_XFLAG_HASATTR"),
]);

/// `io_submit(2)`: flags.
#[rustfmt::skip]
pub const AIO_FLAGS: &Table = &Flags(&[
    (1, "IOCB_FLAG_RESFD"), (2, "IOCB_FLAG_IOPRIO"),
]);

/// `io_submit(2)`: operations.
#[rustfmt::skip]
pub const AIO_OP: &Table = &Enum(&[
    (0, "IOCB_CMD_PREAD"), (1, "IOCB_CMD_PWRITE"), (2, "IOCB_CMD_FSYNC"), (3, "IOCB_CMD_FDSYNC"),
    (5, "IOCB_CMD_POLL"), (6, "IOCB_CMD_NOOP"), (7, "IOCB_CMD_PREADV"), (8, "IOCB_CMD_PWRITEV"),
]);

/// What is watched, as the kernel's `enum fsnotify_obj_type` has it.
#[rustfmt::skip]
pub const FSNOTIFY_OBJECT: &Table = &Enum(&[
    (0, "FSNOTIFY_OBJ_TYPE_INODE"), (1, "FSNOTIFY_OBJ_TYPE_VFSMOUNT"), (2, "FSNOTIFY_OBJ_TYPE_SB"),
    (3, "FSNOTIFY_OBJ_TYPE_MNTNS"),
]);

/// What the kernel reads a file for: its `enum kernel_read_file_id`.
#[rustfmt::skip]
pub const KERNEL_READ_FILE: &Table = &Enum(&[
    (0, "READING_UNKNOWN"), (1, "READING_FIRMWARE"), (2, "READING_MODULE"), (3, "READING_KEXEC_IMAGE"),
    (4, "READING_KEXEC_INITRAMFS"), (5, "READING_POLICY"), (6, "READING_X509_CERTIFICATE"),
    (7, "READING_MODULE_COMPRESSED"),
]);
