//! Structures that system calls are given or fill in: a row each, from the kernel's own headers (`include/uapi/`).
//!
//! Sizes and offsets follow from the fields by the rules of each ABI; a test compares them with a C compiler's.

use super::spec::{field, structure, ArgType::*, StructSpec, Width::*};

/// `linux/time.h`
#[rustfmt::skip]
pub const TIMESPEC: &StructSpec = &structure("struct timespec *", &[
    field("tv_sec", WLong, Long), field("tv_nsec", WLong, Long)]);
