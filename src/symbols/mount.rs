//! Mounts and file systems: linux/mount.h, sys/mount.h, linux/magic.h, linux/quota.h.

use super::table::Table::{self, Enum, Flags, Hex, Mixed, Special, Tailed};
use super::table::{name, push_name_or_hex, Names, Rule, Tail, ALL};

/// `mount(2)`; in the high half may be `MS_MGC_VAL`.
#[rustfmt::skip]
pub const MOUNT: &Table = &Mixed(&[(0xffff_0000, MOUNT_MAGIC)], &[
    (1, "MS_RDONLY"), (2, "MS_NOSUID"), (4, "MS_NODEV"), (8, "MS_NOEXEC"), (0x10, "MS_SYNCHRONOUS"),
    (0x20, "MS_REMOUNT"), (0x40, "MS_MANDLOCK"), (0x80, "MS_DIRSYNC"), (0x100, "MS_NOSYMFOLLOW"),
    (0x400, "MS_NOATIME"), (0x800, "MS_NODIRATIME"), (0x1000, "MS_BIND"), (0x2000, "MS_MOVE"), (0x4000, "MS_REC"),
    (0x8000, "MS_SILENT"), (0x1_0000, "MS_POSIXACL"), (0x2_0000, "MS_UNBINDABLE"), (0x4_0000, "MS_PRIVATE"),
    (0x8_0000, "MS_SLAVE"), (0x10_0000, "MS_SHARED"), (0x20_0000, "MS_RELATIME"), (0x40_0000, "MS_KERNMOUNT"),
    (0x80_0000, "MS_I_VERSION"), (0x100_0000, "MS_STRICTATIME"), (0x200_0000, "MS_LAZYTIME"),
    (0x400_0000, "MS_SUBMOUNT"), (0x800_0000, "MS_NOREMOTELOCK"), (0x1000_0000, "MS_NOSEC"), (0x2000_0000, "MS_BORN"),
    (0x4000_0000, "MS_ACTIVE"), (0x8000_0000, "MS_NOUSER"),
]);

/// `mount(2)`: the magic number that old programs put in the high half.
#[rustfmt::skip]
const MOUNT_MAGIC: Names = &[
    (0xc0ed_0000, "MS_MGC_VAL"),
];

/// `umount2(2)`
#[rustfmt::skip]
pub const UMOUNT: &Table = &Flags(&[
    (1, "MNT_FORCE"), (2, "MNT_DETACH"), (4, "MNT_EXPIRE"), (8, "UMOUNT_NOFOLLOW"),
]);

/// `fsopen(2)`
#[rustfmt::skip]
pub const FSOPEN: &Table = &Flags(&[
    (1, "FSOPEN_CLOEXEC"),
]);

/// `fspick(2)`
#[rustfmt::skip]
pub const FSPICK: &Table = &Flags(&[
    (1, "FSPICK_CLOEXEC"), (2, "FSPICK_SYMLINK_NOFOLLOW"), (4, "FSPICK_NO_AUTOMOUNT"), (8, "FSPICK_EMPTY_PATH"),
]);

/// `fsmount(2)`
#[rustfmt::skip]
pub const FSMOUNT: &Table = &Flags(&[
    (1, "FSMOUNT_CLOEXEC"), (2, "FSMOUNT_NAMESPACE"),
]);

/// `fsconfig(2)`
#[rustfmt::skip]
pub const FSCONFIG: &Table = &Enum(&[
    (0, "FSCONFIG_SET_FLAG"), (1, "FSCONFIG_SET_STRING"), (2, "FSCONFIG_SET_BINARY"), (3, "FSCONFIG_SET_PATH"),
    (4, "FSCONFIG_SET_PATH_EMPTY"), (5, "FSCONFIG_SET_FD"), (6, "FSCONFIG_CMD_CREATE"),
    (7, "FSCONFIG_CMD_RECONFIGURE"), (8, "FSCONFIG_CMD_CREATE_EXCL"),
]);

/// `move_mount(2)`
#[rustfmt::skip]
pub const MOVE_MOUNT: &Table = &Flags(&[
    (1, "MOVE_MOUNT_F_SYMLINKS"), (2, "MOVE_MOUNT_F_AUTOMOUNTS"), (4, "MOVE_MOUNT_F_EMPTY_PATH"),
    (0x10, "MOVE_MOUNT_T_SYMLINKS"), (0x20, "MOVE_MOUNT_T_AUTOMOUNTS"), (0x40, "MOVE_MOUNT_T_EMPTY_PATH"),
    (0x100, "MOVE_MOUNT_SET_GROUP"), (0x200, "MOVE_MOUNT_BENEATH"),
]);

/// `open_tree(2)`
#[rustfmt::skip]
pub const OPEN_TREE: &Table = &Flags(&[
    (1, "OPEN_TREE_CLONE"), (2, "OPEN_TREE_NAMESPACE"), (0x8_0000, "OPEN_TREE_CLOEXEC"),
    (0x100, "AT_SYMLINK_NOFOLLOW"), (0x800, "AT_NO_AUTOMOUNT"), (0x1000, "AT_EMPTY_PATH"), (0x8000, "AT_RECURSIVE"),
]);

/// `fsmount(2)`, `mount_setattr(2)`: attributes.
#[rustfmt::skip]
pub const MOUNT_ATTR: &Table = &Flags(&[
    (1, "MOUNT_ATTR_RDONLY"), (2, "MOUNT_ATTR_NOSUID"), (4, "MOUNT_ATTR_NODEV"), (8, "MOUNT_ATTR_NOEXEC"),
    (0x10, "MOUNT_ATTR_NOATIME"), (0x20, "MOUNT_ATTR_STRICTATIME"), (0x80, "MOUNT_ATTR_NODIRATIME"),
    (0x10_0000, "MOUNT_ATTR_IDMAP"), (0x20_0000, "MOUNT_ATTR_NOSYMFOLLOW"),
]);

/// `mount_setattr(2)`: flags.
#[rustfmt::skip]
pub const MOUNT_SETATTR: &Table = &Flags(&[
    (0x100, "AT_SYMLINK_NOFOLLOW"), (0x800, "AT_NO_AUTOMOUNT"), (0x1000, "AT_EMPTY_PATH"), (0x8000, "AT_RECURSIVE"),
]);

/// `listmount(2)`
#[rustfmt::skip]
pub const LISTMOUNT: &Table = &Flags(&[
    (1, "LISTMOUNT_REVERSE"),
]);

/// `statmount(2)`: flags.
#[rustfmt::skip]
pub const STATMOUNT_FLAGS: &Table = &Flags(&[
    (1, "STATMOUNT_BY_FD"),
]);

/// `statfs(2)`: type of the file system.
#[rustfmt::skip]
pub const FS_MAGIC: &Table = &Hex(&[
    (0x2f, "QNX4_SUPER_MAGIC"), (0x187, "AUTOFS_SUPER_MAGIC"), (0x137f, "MINIX_SUPER_MAGIC"),
    (0x138f, "MINIX_SUPER_MAGIC2"), (0x1cd1, "DEVPTS_SUPER_MAGIC"), (0x2468, "MINIX2_SUPER_MAGIC"),
    (0x2478, "MINIX2_SUPER_MAGIC2"), (0x3434, "NILFS_SUPER_MAGIC"), (0x4d44, "MSDOS_SUPER_MAGIC"),
    (0x4d5a, "MINIX3_SUPER_MAGIC"), (0x517b, "SMB_SUPER_MAGIC"), (0x564c, "NCP_SUPER_MAGIC"),
    (0x6969, "NFS_SUPER_MAGIC"), (0x72b6, "JFFS2_SUPER_MAGIC"), (0x9660, "ISOFS_SUPER_MAGIC"),
    (0x9fa0, "PROC_SUPER_MAGIC"), (0x9fa1, "OPENPROM_SUPER_MAGIC"), (0x9fa2, "USBDEVICE_SUPER_MAGIC"),
    (0xadf5, "ADFS_SUPER_MAGIC"), (0xadff, "AFFS_SUPER_MAGIC"), (0xef53, "EXT2_SUPER_MAGIC"),
    (0xf15f, "ECRYPTFS_SUPER_MAGIC"), (0x27_e0eb, "CGROUP_SUPER_MAGIC"), (0x41_4a53, "EFS_SUPER_MAGIC"),
    (0xc0_ffee, "HOSTFS_SUPER_MAGIC"), (0xc3_6400, "CEPH_SUPER_MAGIC"), (0x102_1994, "TMPFS_MAGIC"),
    (0x102_1997, "V9FS_MAGIC"), (0x765_5821, "RDTGROUP_SUPER_MAGIC"), (0x904_1934, "ANON_INODE_FS_MAGIC"),
    (0xbad_1dea, "FUTEXFS_SUPER_MAGIC"), (0x1130_7854, "MTD_INODE_FS_MAGIC"), (0x1501_3346, "UDF_SUPER_MAGIC"),
    (0x2011_bab0, "EXFAT_SUPER_MAGIC"), (0x28cd_3d45, "CRAMFS_MAGIC"), (0x4249_4e4d, "BINFMTFS_MAGIC"),
    (0x4341_5d53, "SMACK_MAGIC"), (0x444d_4142, "DMA_BUF_MAGIC"), (0x453d_cd28, "CRAMFS_MAGIC_WEND"),
    (0x454d_444d, "DEVMEM_MAGIC"), (0x474d_454d, "GUEST_MEMFD_MAGIC"), (0x4e55_4c4c, "NULL_FS_MAGIC"),
    (0x5049_4446, "PID_FS_MAGIC"), (0x5049_5045, "PIPEFS_MAGIC"), (0x5265_4973, "REISERFS_SUPER_MAGIC"),
    (0x5345_434d, "SECRETMEM_MAGIC"), (0x5346_414f, "AFS_SUPER_MAGIC"), (0x534f_434b, "SOCKFS_MAGIC"),
    (0x5846_5342, "XFS_SUPER_MAGIC"), (0x5a3c_69f0, "AAFS_MAGIC"), (0x5a4f_4653, "ZONEFS_MAGIC"),
    (0x6165_676c, "PSTOREFS_MAGIC"), (0x6264_6576, "BDEVFS_MAGIC"), (0x6265_6572, "SYSFS_MAGIC"),
    (0x6367_7270, "CGROUP2_SUPER_MAGIC"), (0x6462_6720, "DEBUGFS_MAGIC"), (0x6464_6178, "DAXFS_MAGIC"),
    (0x6573_5546, "FUSE_SUPER_MAGIC"), (0x6819_1122, "QNX6_SUPER_MAGIC"), (0x6b41_4653, "AFS_FS_MAGIC"),
    (0x6c6f_6f70, "BINDERFS_SUPER_MAGIC"), (0x6e73_6673, "NSFS_MAGIC"), (0x7363_6673, "SECURITYFS_MAGIC"),
    (0x7371_7368, "SQUASHFS_MAGIC"), (0x7372_7279, "BTRFS_TEST_MAGIC"), (0x7375_7245, "CODA_SUPER_MAGIC"),
    (0x7461_636f, "OCFS2_SUPER_MAGIC"), (0x7472_6163, "TRACEFS_MAGIC"), (0x794c_7630, "OVERLAYFS_SUPER_MAGIC"),
    (0x8584_58f6, "RAMFS_MAGIC"), (0x9123_683e, "BTRFS_SUPER_MAGIC"), (0x9584_58f6, "HUGETLBFS_MAGIC"),
    (0xabba_1974, "XENFS_SUPER_MAGIC"), (0xca45_1a4e, "BCACHEFS_SUPER_MAGIC"), (0xcafe_4a11, "BPF_FS_MAGIC"),
    (0xde5e_81e4, "EFIVARFS_MAGIC"), (0xe0f5_e1e2, "EROFS_SUPER_MAGIC_V1"), (0xf2f5_2010, "F2FS_SUPER_MAGIC"),
    (0xf97c_ff8c, "SELINUX_MAGIC"), (0xf995_e849, "HPFS_SUPER_MAGIC"), (0xfe53_4d42, "SMB2_SUPER_MAGIC"),
    (0xff53_4d42, "CIFS_SUPER_MAGIC"),
]);

/// `statfs(2)`: flags (linux/statfs.h of the kernel).
#[rustfmt::skip]
pub const STATFS: &Table = &Flags(&[
    (0x20, "ST_VALID"), (1, "ST_RDONLY"), (2, "ST_NOSUID"), (4, "ST_NODEV"), (8, "ST_NOEXEC"),
    (0x10, "ST_SYNCHRONOUS"), (0x40, "ST_MANDLOCK"), (0x400, "ST_NOATIME"), (0x800, "ST_NODIRATIME"),
    (0x1000, "ST_RELATIME"), (0x2000, "ST_NOSYMFOLLOW"),
]);

/// `quotactl(2)`: commands, without the type of quota.
#[rustfmt::skip]
const QUOTA_COMMANDS: Names = &[
    (0x5801, "Q_XQUOTAON"), (0x5802, "Q_XQUOTAOFF"), (0x5803, "Q_XGETQUOTA"), (0x5804, "Q_XSETQLIM"),
    (0x5805, "Q_XGETQSTAT"), (0x5806, "Q_XQUOTARM"), (0x5807, "Q_XQUOTASYNC"), (0x5808, "Q_XGETQSTATV"),
    (0x5809, "Q_XGETNEXTQUOTA"), (0x80_0001, "Q_SYNC"), (0x80_0002, "Q_QUOTAON"), (0x80_0003, "Q_QUOTAOFF"),
    (0x80_0004, "Q_GETFMT"), (0x80_0005, "Q_GETINFO"), (0x80_0006, "Q_SETINFO"), (0x80_0007, "Q_GETQUOTA"),
    (0x80_0008, "Q_SETQUOTA"), (0x80_0009, "Q_GETNEXTQUOTA"),
];

/// `quotactl(2)`: types.
#[rustfmt::skip]
const QUOTA_TYPES: Names = &[
    (0, "USRQUOTA"), (1, "GRPQUOTA"), (2, "PRJQUOTA"),
];

/// `quotactl(2)`: command and type.
#[rustfmt::skip]
pub const QUOTA_CMD: &Table = &Special(Rule(push_quota_command), &[(ALL, QUOTA_COMMANDS), (ALL, QUOTA_TYPES)]);

/// `quotactl(2)`: formats.
#[rustfmt::skip]
pub const QUOTA_FORMAT: &Table = &Enum(&[
    (1, "QFMT_VFS_OLD"), (2, "QFMT_VFS_V0"), (3, "QFMT_OCFS2"), (4, "QFMT_VFS_V1"), (5, "QFMT_SHMEM"),
]);

/// `swapon(2)`; the lowest 15 bits are a priority.
#[rustfmt::skip]
pub const SWAP: &Table = &Tailed(&[], &[
    (0x8000, "SWAP_FLAG_PREFER"), (0x1_0000, "SWAP_FLAG_DISCARD"), (0x2_0000, "SWAP_FLAG_DISCARD_ONCE"),
    (0x4_0000, "SWAP_FLAG_DISCARD_PAGES"),
], Tail::Decimal(0x7fff));

/// `quotactl(2)`: what of `struct if_dqblk` is valid.
#[rustfmt::skip]
pub const QUOTA_VALID: &Table = &Flags(&[
    (1, "QIF_BLIMITS"), (2, "QIF_SPACE"), (4, "QIF_ILIMITS"), (8, "QIF_INODES"), (0x10, "QIF_BTIME"),
    (0x20, "QIF_ITIME"),
]);

/// `quotactl(2)`: flags of `struct if_dqinfo`.
#[rustfmt::skip]
pub const QUOTA_INFO: &Table = &Flags(&[
    (1, "DQF_ROOT_SQUASH"), (0x1_0000, "DQF_SYS_FILE"),
]);

/// `quotactl(2)`: what of `struct if_dqinfo` is valid.
#[rustfmt::skip]
pub const QUOTA_INFO_VALID: &Table = &Flags(&[
    (1, "IIF_BGRACE"), (2, "IIF_IGRACE"), (4, "IIF_FLAGS"),
]);

/// `sysfs(2)`: the headers have no names for its values.
#[rustfmt::skip]
pub const SYSFS: &Table = &Enum(&[]);

/// `quotactl(2)`: the lowest byte is the type of quota.
fn push_quota_command(out: &mut String, value: u64) -> bool {
    out.push_str("QCMD(");
    push_name_or_hex(out, name(QUOTA_COMMANDS, value >> 8), value >> 8);
    out.push_str(", ");
    push_name_or_hex(out, name(QUOTA_TYPES, value & 0xff), value & 0xff);
    out.push(')');
    true
}
