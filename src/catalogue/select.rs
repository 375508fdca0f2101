//! Arguments whose meaning depends on another one: a row each, from the manual pages.

use super::spec::{ArgType::*, SelectSpec};

/// `fcntl(2)`: the third argument, by the command.
pub const FCNTL_ARG: &SelectSpec = &SelectSpec {
    mask: !0,
    cases: &[(0, Fd)],
    otherwise: ULong,
};
