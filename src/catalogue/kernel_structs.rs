//! Structures that the kernel side makes from the kernel's own objects (`src/bpf/record.h`).

use super::spec::{field, structure, ArgType::*, StructSpec, Width::*};
use crate::symbols::security;

/// `struct cred_info`; the ids as the initial user namespace has them.
#[rustfmt::skip]
pub const CRED: &StructSpec = &structure("struct cred *", &[
    field("uid", W32, Uid), field("gid", W32, Gid), field("suid", W32, Uid), field("sgid", W32, Gid),
    field("euid", W32, Uid), field("egid", W32, Gid), field("fsuid", W32, Uid), field("fsgid", W32, Gid),
    field("cap_inheritable", W64, LongFlags(security::CAP_SET)), field("cap_permitted", W64, LongFlags(security::CAP_SET)),
    field("cap_effective", W64, LongFlags(security::CAP_SET)), field("cap_bset", W64, LongFlags(security::CAP_SET)),
    field("cap_ambient", W64, LongFlags(security::CAP_SET)), field("securebits", W32, Flags(security::SECUREBITS)),
    field("user_ns", W32, UInt)]);

/// `struct namespace_info`: numbers of namespaces, by the names of `/proc/PID/ns`.
#[rustfmt::skip]
pub const NAMESPACES: &StructSpec = &structure("struct nsproxy *", &[
    field("mnt", W32, UInt), field("pid_for_children", W32, UInt), field("uts", W32, UInt), field("ipc", W32, UInt),
    field("net", W32, UInt), field("cgroup", W32, UInt), field("time", W32, UInt),
    field("time_for_children", W32, UInt)]);
