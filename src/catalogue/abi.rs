//! Rows of calls of other ABIs: how a call is mapped to its event.

use crate::symbols::table::equal;

/// How a call of another ABI is mapped to an event.
#[derive(Debug, Clone, Copy)]
pub struct CompatCall {
    /// Number in that ABI (for x32 without the x32 bit).
    pub nr: u16,
    /// Name of the event.
    pub event: &'static str,
    /// Bit *i* set: argument *i* of the event is 64 bits wide and came in two 32-bit registers, low half first.
    pub split: u8,
    pub structs: CompatStructs,
    /// If not 0: this argument and the next come in the other order.
    pub swap: u8,
    /// Users and groups have 16 bits, of which 0xffff is -1.
    pub ids16: bool,
    /// If not 0: this argument counts pages of 4096 bytes.
    pub pages: u8,
}

/// Some calls of the 32-bit ABI contain another one, whose arguments are in memory. These are the rows of the inner
/// calls, after those of all numbers. Those of `socketcall(2)` and `ipc(2)` follow by their own numbers.
pub const WITHIN_SOCKETCALL: u16 = 0;
pub const WITHIN_OLD_SELECT: u16 = 22;
pub const WITHIN_OLD_MMAP: u16 = 23;
pub const WITHIN_IPC: u16 = 32;
/// Without `IPC_64`, `semctl` and its like take obsolete structures: they have rows of their own, so many further on.
pub const WITHIN_IPC_OLD: u16 = 5;
pub const WITHIN_MAX: usize = 64;

/// The numbers of those calls.
pub const IA32_OLD_SELECT: u16 = 82;
pub const IA32_OLD_MMAP: u16 = 90;
pub const IA32_SOCKETCALL: u16 = 102;
pub const IA32_IPC: u16 = 117;

/// The 32-bit call that contains the call with this row.
pub const fn holder(within: u16) -> u16 {
    match within {
        WITHIN_OLD_SELECT => IA32_OLD_SELECT,
        WITHIN_OLD_MMAP => IA32_OLD_MMAP,
        WITHIN_IPC.. => IA32_IPC,
        _ => IA32_SOCKETCALL,
    }
}

/// The number of that event in a table of another ABI; the first if there are several.
pub const fn number(table: &[CompatCall], event: &str) -> Option<u16> {
    let mut index = 0;
    while index < table.len() {
        if equal(table[index].event, event) {
            return Some(table[index].nr);
        }
        index += 1;
    }
    None
}

/// Structures of a 32-bit call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompatStructs {
    /// By the rules of its ABI.
    Usual,
    /// The same as in a native call (the `*_time64` calls).
    Native,
    /// Obsolete forms, which are not read.
    Old,
}

/// A call of another ABI with the event's own argument registers.
pub const fn same(nr: u16, event: &'static str) -> CompatCall {
    CompatCall {
        nr,
        event,
        split: 0,
        structs: CompatStructs::Usual,
        swap: 0,
        ids16: false,
        pages: 0,
    }
}

/// A call of the 32-bit ABI some of whose 64-bit arguments came in two registers.
pub const fn split(nr: u16, event: &'static str, split: u8) -> CompatCall {
    CompatCall {
        split,
        ..same(nr, event)
    }
}

/// A call of the 32-bit ABI that knows users and groups of 16 bits only.
pub const fn ids16(nr: u16, event: &'static str) -> CompatCall {
    CompatCall {
        ids16: true,
        ..same(nr, event)
    }
}

/// A call of the 32-bit ABI of which argument `pages` counts pages.
pub const fn pages(nr: u16, event: &'static str, pages: u8) -> CompatCall {
    CompatCall {
        pages,
        ..same(nr, event)
    }
}

/// A call of the 32-bit ABI whose times have 64-bit fields.
pub const fn time64(nr: u16, event: &'static str) -> CompatCall {
    CompatCall {
        structs: CompatStructs::Native,
        ..same(nr, event)
    }
}

/// A call of the 32-bit ABI of which argument `swap` and the next come in the other order.
pub const fn swapped(nr: u16, event: &'static str, swap: u8) -> CompatCall {
    CompatCall {
        swap,
        ..same(nr, event)
    }
}

/// A call of the 32-bit ABI whose structures have an obsolete form.
pub const fn old(nr: u16, event: &'static str) -> CompatCall {
    CompatCall {
        structs: CompatStructs::Old,
        ..same(nr, event)
    }
}
