//! Capabilities, seccomp, Landlock, keys, security modules.

use std::fmt::Write as _;

use super::table::Table::{self, Bits, Enum, Flags, Hex, Mixed, Special};
use super::table::{push_bar, Names, Rule, ALL};

/// Capabilities (linux/capability.h).
#[rustfmt::skip]
const CAPABILITIES: Names = &[
    (0, "CAP_CHOWN"), (1, "CAP_DAC_OVERRIDE"), (2, "CAP_DAC_READ_SEARCH"), (3, "CAP_FOWNER"), (4, "CAP_FSETID"),
    (5, "CAP_KILL"), (6, "CAP_SETGID"), (7, "CAP_SETUID"), (8, "CAP_SETPCAP"), (9, "CAP_LINUX_IMMUTABLE"),
    (10, "CAP_NET_BIND_SERVICE"), (11, "CAP_NET_BROADCAST"), (12, "CAP_NET_ADMIN"), (13, "CAP_NET_RAW"),
    (14, "CAP_IPC_LOCK"), (15, "CAP_IPC_OWNER"), (16, "CAP_SYS_MODULE"), (17, "CAP_SYS_RAWIO"),
    (18, "CAP_SYS_CHROOT"), (19, "CAP_SYS_PTRACE"), (20, "CAP_SYS_PACCT"), (21, "CAP_SYS_ADMIN"),
    (22, "CAP_SYS_BOOT"), (23, "CAP_SYS_NICE"), (24, "CAP_SYS_RESOURCE"), (25, "CAP_SYS_TIME"),
    (26, "CAP_SYS_TTY_CONFIG"), (27, "CAP_MKNOD"), (28, "CAP_LEASE"), (29, "CAP_AUDIT_WRITE"),
    (30, "CAP_AUDIT_CONTROL"), (31, "CAP_SETFCAP"), (32, "CAP_MAC_OVERRIDE"), (33, "CAP_MAC_ADMIN"),
    (34, "CAP_SYSLOG"), (35, "CAP_WAKE_ALARM"), (36, "CAP_BLOCK_SUSPEND"), (37, "CAP_AUDIT_READ"),
    (38, "CAP_PERFMON"), (39, "CAP_BPF"), (40, "CAP_CHECKPOINT_RESTORE"),
];

/// `capset(2)`: the first 32 capabilities.
#[rustfmt::skip]
pub const CAPS: &Table = &Bits(CAPABILITIES, 0);

/// A set of capabilities in 64 bits.
#[rustfmt::skip]
pub const CAP_SET: &Table = &Special(Rule(push_set), &[(ALL, CAPABILITIES)]);

/// `capset(2)`: the capabilities from 32 on.
#[rustfmt::skip]
pub const CAPS_HIGH: &Table = &Bits(CAPABILITIES, 32);

/// One capability.
#[rustfmt::skip]
pub const CAP: &Table = &Enum(CAPABILITIES);

/// `capget(2)`: version.
#[rustfmt::skip]
pub const CAP_VERSION: &Table = &Hex(&[
    (0x1998_0330, "_LINUX_CAPABILITY_VERSION_1"), (0x2007_1026, "_LINUX_CAPABILITY_VERSION_2"),
    (0x2008_0522, "_LINUX_CAPABILITY_VERSION_3"),
]);

/// `prctl(2)`: `PR_SET_SECUREBITS` (linux/securebits.h).
#[rustfmt::skip]
pub const SECUREBITS: &Table = &Flags(&[
    (1, "SECBIT_NOROOT"), (2, "SECBIT_NOROOT_LOCKED"), (4, "SECBIT_NO_SETUID_FIXUP"),
    (8, "SECBIT_NO_SETUID_FIXUP_LOCKED"), (0x10, "SECBIT_KEEP_CAPS"), (0x20, "SECBIT_KEEP_CAPS_LOCKED"),
    (0x40, "SECBIT_NO_CAP_AMBIENT_RAISE"), (0x80, "SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED"),
    (0x100, "SECBIT_EXEC_RESTRICT_FILE"), (0x200, "SECBIT_EXEC_RESTRICT_FILE_LOCKED"),
    (0x400, "SECBIT_EXEC_DENY_INTERACTIVE"), (0x800, "SECBIT_EXEC_DENY_INTERACTIVE_LOCKED"),
]);

/// `seccomp(2)`: operations (linux/seccomp.h).
#[rustfmt::skip]
pub const SECCOMP: &Table = &Enum(&[
    (0, "SECCOMP_SET_MODE_STRICT"), (1, "SECCOMP_SET_MODE_FILTER"), (2, "SECCOMP_GET_ACTION_AVAIL"),
    (3, "SECCOMP_GET_NOTIF_SIZES"),
]);

/// `seccomp(2)`: `SECCOMP_SET_MODE_FILTER`.
#[rustfmt::skip]
pub const SECCOMP_FILTER: &Table = &Flags(&[
    (1, "SECCOMP_FILTER_FLAG_TSYNC"), (2, "SECCOMP_FILTER_FLAG_LOG"), (4, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"),
    (8, "SECCOMP_FILTER_FLAG_NEW_LISTENER"), (0x10, "SECCOMP_FILTER_FLAG_TSYNC_ESRCH"),
    (0x20, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"),
]);

/// `prctl(2)`: `PR_SET_SECCOMP`.
#[rustfmt::skip]
pub const SECCOMP_MODE: &Table = &Enum(&[
    (0, "SECCOMP_MODE_DISABLED"), (1, "SECCOMP_MODE_STRICT"), (2, "SECCOMP_MODE_FILTER"),
]);

/// What a filter returns, without its data.
#[rustfmt::skip]
const SECCOMP_ACTIONS: Names = &[
    (0, "SECCOMP_RET_KILL_THREAD"), (0x3_0000, "SECCOMP_RET_TRAP"), (0x5_0000, "SECCOMP_RET_ERRNO"),
    (0x7fc0_0000, "SECCOMP_RET_USER_NOTIF"), (0x7ff0_0000, "SECCOMP_RET_TRACE"), (0x7ffc_0000, "SECCOMP_RET_LOG"),
    (0x7fff_0000, "SECCOMP_RET_ALLOW"), (0x8000_0000, "SECCOMP_RET_KILL_PROCESS"),
];

/// What a filter of seccomp(2) returns.
#[rustfmt::skip]
pub const SECCOMP_ACTION: &Table = &Mixed(&[(0xffff_0000, SECCOMP_ACTIONS)], &[]);

/// `landlock_create_ruleset(2)` (linux/landlock.h).
#[rustfmt::skip]
pub const LANDLOCK_CREATE: &Table = &Flags(&[
    (1, "LANDLOCK_CREATE_RULESET_VERSION"), (2, "LANDLOCK_CREATE_RULESET_ERRATA"),
]);

/// `landlock_add_rule(2)`: flags.
#[rustfmt::skip]
pub const LANDLOCK_ADD: &Table = &Flags(&[
    (1, "LANDLOCK_ADD_RULE_QUIET"),
]);

/// `landlock_restrict_self(2)`
#[rustfmt::skip]
pub const LANDLOCK_RESTRICT: &Table = &Flags(&[
    (1, "LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF"), (2, "LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON"),
    (4, "LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF"), (8, "LANDLOCK_RESTRICT_SELF_TSYNC"),
]);

/// `landlock_add_rule(2)`
#[rustfmt::skip]
pub const LANDLOCK_RULE: &Table = &Enum(&[
    (1, "LANDLOCK_RULE_PATH_BENEATH"), (2, "LANDLOCK_RULE_NET_PORT"),
]);

/// Landlock's rights on files.
#[rustfmt::skip]
pub const LANDLOCK_FS: &Table = &Flags(&[
    (1, "LANDLOCK_ACCESS_FS_EXECUTE"), (2, "LANDLOCK_ACCESS_FS_WRITE_FILE"), (4, "LANDLOCK_ACCESS_FS_READ_FILE"),
    (8, "LANDLOCK_ACCESS_FS_READ_DIR"), (0x10, "LANDLOCK_ACCESS_FS_REMOVE_DIR"),
    (0x20, "LANDLOCK_ACCESS_FS_REMOVE_FILE"), (0x40, "LANDLOCK_ACCESS_FS_MAKE_CHAR"),
    (0x80, "LANDLOCK_ACCESS_FS_MAKE_DIR"), (0x100, "LANDLOCK_ACCESS_FS_MAKE_REG"),
    (0x200, "LANDLOCK_ACCESS_FS_MAKE_SOCK"), (0x400, "LANDLOCK_ACCESS_FS_MAKE_FIFO"),
    (0x800, "LANDLOCK_ACCESS_FS_MAKE_BLOCK"), (0x1000, "LANDLOCK_ACCESS_FS_MAKE_SYM"),
    (0x2000, "LANDLOCK_ACCESS_FS_REFER"), (0x4000, "LANDLOCK_ACCESS_FS_TRUNCATE"),
    (0x8000, "LANDLOCK_ACCESS_FS_IOCTL_DEV"), (0x1_0000, "LANDLOCK_ACCESS_FS_RESOLVE_UNIX"),
]);

/// Landlock's rights on sockets.
#[rustfmt::skip]
pub const LANDLOCK_NET: &Table = &Flags(&[
    (1, "LANDLOCK_ACCESS_NET_BIND_TCP"), (2, "LANDLOCK_ACCESS_NET_CONNECT_TCP"), (4, "LANDLOCK_ACCESS_NET_BIND_UDP"),
    (8, "LANDLOCK_ACCESS_NET_CONNECT_SEND_UDP"),
]);

/// Landlock's scopes.
#[rustfmt::skip]
pub const LANDLOCK_SCOPE: &Table = &Flags(&[
    (1, "LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET"), (2, "LANDLOCK_SCOPE_SIGNAL"),
]);

/// `keyctl(2)` (linux/keyctl.h).
#[rustfmt::skip]
pub const KEYCTL: &Table = &Enum(&[
    (0, "KEYCTL_GET_KEYRING_ID"), (1, "KEYCTL_JOIN_SESSION_KEYRING"), (2, "KEYCTL_UPDATE"), (3, "KEYCTL_REVOKE"),
    (4, "KEYCTL_CHOWN"), (5, "KEYCTL_SETPERM"), (6, "KEYCTL_DESCRIBE"), (7, "KEYCTL_CLEAR"), (8, "KEYCTL_LINK"),
    (9, "KEYCTL_UNLINK"), (10, "KEYCTL_SEARCH"), (11, "KEYCTL_READ"), (12, "KEYCTL_INSTANTIATE"),
    (13, "KEYCTL_NEGATE"), (14, "KEYCTL_SET_REQKEY_KEYRING"), (15, "KEYCTL_SET_TIMEOUT"),
    (16, "KEYCTL_ASSUME_AUTHORITY"), (17, "KEYCTL_GET_SECURITY"), (18, "KEYCTL_SESSION_TO_PARENT"),
    (19, "KEYCTL_REJECT"), (20, "KEYCTL_INSTANTIATE_IOV"), (21, "KEYCTL_INVALIDATE"), (22, "KEYCTL_GET_PERSISTENT"),
    (23, "KEYCTL_DH_COMPUTE"), (24, "KEYCTL_PKEY_QUERY"), (25, "KEYCTL_PKEY_ENCRYPT"), (26, "KEYCTL_PKEY_DECRYPT"),
    (27, "KEYCTL_PKEY_SIGN"), (28, "KEYCTL_PKEY_VERIFY"), (29, "KEYCTL_RESTRICT_KEYRING"), (30, "KEYCTL_MOVE"),
    (31, "KEYCTL_CAPABILITIES"), (32, "KEYCTL_WATCH_KEY"),
]);

/// Serial numbers of keyrings that each task has.
#[rustfmt::skip]
pub const KEY_SPEC: &Table = &Enum(&[
    (0xffff_fff8, "KEY_SPEC_REQUESTOR_KEYRING"), (0xffff_fff9, "KEY_SPEC_REQKEY_AUTH_KEY"),
    (0xffff_fffa, "KEY_SPEC_GROUP_KEYRING"), (0xffff_fffb, "KEY_SPEC_USER_SESSION_KEYRING"),
    (0xffff_fffc, "KEY_SPEC_USER_KEYRING"), (0xffff_fffd, "KEY_SPEC_SESSION_KEYRING"),
    (0xffff_fffe, "KEY_SPEC_PROCESS_KEYRING"), (0xffff_ffff, "KEY_SPEC_THREAD_KEYRING"),
]);

/// `keyctl(2)`: `KEYCTL_SET_REQKEY_KEYRING`.
#[rustfmt::skip]
pub const KEY_REQKEY: &Table = &Enum(&[
    (0, "KEY_REQKEY_DEFL_DEFAULT"), (1, "KEY_REQKEY_DEFL_THREAD_KEYRING"), (2, "KEY_REQKEY_DEFL_PROCESS_KEYRING"),
    (3, "KEY_REQKEY_DEFL_SESSION_KEYRING"), (4, "KEY_REQKEY_DEFL_USER_KEYRING"),
    (5, "KEY_REQKEY_DEFL_USER_SESSION_KEYRING"), (6, "KEY_REQKEY_DEFL_GROUP_KEYRING"),
    (7, "KEY_REQKEY_DEFL_REQUESTOR_KEYRING"), (0xffff_ffff, "KEY_REQKEY_DEFL_NO_CHANGE"),
]);

/// `keyctl(2)`: `KEYCTL_SETPERM` (linux/key.h of the kernel).
#[rustfmt::skip]
pub const KEY_PERM: &Table = &Flags(&[
    (0x100_0000, "KEY_POS_VIEW"), (0x200_0000, "KEY_POS_READ"), (0x400_0000, "KEY_POS_WRITE"),
    (0x800_0000, "KEY_POS_SEARCH"), (0x1000_0000, "KEY_POS_LINK"), (0x2000_0000, "KEY_POS_SETATTR"),
    (0x1_0000, "KEY_USR_VIEW"), (0x2_0000, "KEY_USR_READ"), (0x4_0000, "KEY_USR_WRITE"), (0x8_0000, "KEY_USR_SEARCH"),
    (0x10_0000, "KEY_USR_LINK"), (0x20_0000, "KEY_USR_SETATTR"), (0x100, "KEY_GRP_VIEW"), (0x200, "KEY_GRP_READ"),
    (0x400, "KEY_GRP_WRITE"), (0x800, "KEY_GRP_SEARCH"), (0x1000, "KEY_GRP_LINK"), (0x2000, "KEY_GRP_SETATTR"),
    (1, "KEY_OTH_VIEW"), (2, "KEY_OTH_READ"), (4, "KEY_OTH_WRITE"), (8, "KEY_OTH_SEARCH"), (0x10, "KEY_OTH_LINK"),
    (0x20, "KEY_OTH_SETATTR"),
]);

/// `keyctl(2)`: `KEYCTL_MOVE`.
#[rustfmt::skip]
pub const KEY_MOVE: &Table = &Flags(&[
    (1, "KEYCTL_MOVE_EXCL"),
]);

/// `lsm_get_self_attr(2)` (linux/lsm.h).
#[rustfmt::skip]
pub const LSM_ATTR: &Table = &Enum(&[
    (100, "LSM_ATTR_CURRENT"), (101, "LSM_ATTR_EXEC"), (102, "LSM_ATTR_FSCREATE"), (103, "LSM_ATTR_KEYCREATE"),
    (104, "LSM_ATTR_PREV"), (105, "LSM_ATTR_SOCKCREATE"),
]);

/// `lsm_get_self_attr(2)`: flags.
#[rustfmt::skip]
pub const LSM_FLAGS: &Table = &Flags(&[
    (1, "LSM_FLAG_SINGLE"),
]);

/// Security modules.
#[rustfmt::skip]
pub const LSM_ID: &Table = &Enum(&[
    (0, "LSM_ID_UNDEF"), (100, "LSM_ID_CAPABILITY"), (101, "LSM_ID_SELINUX"), (102, "LSM_ID_SMACK"),
    (103, "LSM_ID_TOMOYO"), (104, "LSM_ID_APPARMOR"), (105, "LSM_ID_YAMA"), (106, "LSM_ID_LOADPIN"),
    (107, "LSM_ID_SAFESETID"), (108, "LSM_ID_LOCKDOWN"), (109, "LSM_ID_BPF"), (110, "LSM_ID_LANDLOCK"),
    (111, "LSM_ID_IMA"), (112, "LSM_ID_EVM"), (113, "LSM_ID_IPE"),
]);

/// Appends a set of capabilities by their names; a set that lacks less than half of them, by those that it lacks:
/// `CAP_FULL_SET&~CAP_SYS_ADMIN`.
fn push_set(out: &mut String, set: u64) -> bool {
    let known = (1 << CAPABILITIES.len()) - 1;
    let missing = known & !set;
    if set == 0 {
        out.push('0');
    } else if set & !known != 0 || missing.count_ones() > known.count_ones() / 2 {
        push_capabilities(out, set);
    } else {
        out.push_str("CAP_FULL_SET");
        if missing.count_ones() > 1 {
            out.push_str("&~(");
            push_capabilities(out, missing);
            out.push(')');
        } else if missing != 0 {
            out.push_str("&~");
            push_capabilities(out, missing);
        }
    }
    true
}

fn push_capabilities(out: &mut String, mut set: u64) {
    let start = out.len();
    for (number, name) in CAPABILITIES {
        if set & (1 << number) != 0 {
            push_bar(out, start);
            out.push_str(name);
            set &= !(1 << number);
        }
    }
    if set != 0 {
        push_bar(out, start);
        let _ = write!(out, "{set:#x}");
    }
}
