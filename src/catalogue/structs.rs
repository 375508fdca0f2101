//! Structures that system calls are given or fill in: a row each, from the kernel's own headers (`include/uapi/`).
//!
//! Sizes and offsets follow from the fields by the rules of each ABI; a test compares them with a C compiler's.

use super::spec::{field, structure, ArgType::*, Family, StructSpec, Width::*};

/// `linux/time.h`
#[rustfmt::skip]
pub const TIMESPEC: &StructSpec = &structure("struct timespec *", &[
    field("tv_sec", WLong, Long), field("tv_nsec", WLong, Long)]);

/// `linux/uio.h`
#[rustfmt::skip]
pub const IOVEC: &StructSpec = &structure("struct iovec *", &[
    field("iov_base", WPtr, Ptr), field("iov_len", WPtr, Size)]);

/// `struct user_msghdr` of `linux/socket.h`
#[rustfmt::skip]
pub const MSGHDR: &StructSpec = &structure("struct msghdr *", &[
    field("msg_name", WPtr, Ptr), field("msg_namelen", W32, Int), field("msg_iov", WPtr, Ptr),
    field("msg_iovlen", WPtr, Size), field("msg_control", WPtr, Ptr), field("msg_controllen", WPtr, Size),
    field("msg_flags", W32, Flags(Family::MsgFlags))]);

/// `linux/socket.h`
#[rustfmt::skip]
pub const CMSGHDR: &StructSpec = &structure("struct cmsghdr *", &[
    field("cmsg_len", WPtr, Size), field("cmsg_level", W32, Enum(Family::SockoptLevel)),
    field("cmsg_type", W32, Int)]);
