//! The one source of truth about events: ids, `--list`, sets, decoding and every output follow from its rows.

pub mod abi;
pub mod columns;
pub mod compat;
pub mod evidence;
pub mod kernel;
pub mod kernel_structs;
pub mod kinds;
pub mod layout;
pub mod meaning;
pub mod reading;
pub mod select;
pub mod spec;
pub mod special;
pub mod structs;
pub mod syscalls;
pub mod types;

use std::sync::OnceLock;

pub use compat::{IA32, IA32_ONLY, IA32_WITHIN, X32};
pub use kernel::KERNEL;
pub use spec::{ArgSpec, ArgType, CompatCall, EventId, EventKind, EventSpec, Layout, Set, StructSpec};
pub use special::expect;
pub use syscalls::SYSCALLS;

/// Every event: system calls by number, those of the 32-bit ABI alone, then the kernel's own.
pub fn events() -> impl Iterator<Item = &'static EventSpec> {
    SYSCALLS.iter().chain(IA32_ONLY).chain(KERNEL)
}

/// The event with that id.
pub fn by_id(id: EventId) -> Option<&'static EventSpec> {
    static TABLE: OnceLock<[Option<&'static EventSpec>; spec::MAX_EVENTS]> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let mut table = [None; spec::MAX_EVENTS];
        for event in events() {
            table[usize::from(event.id)] = Some(event);
        }
        table
    });
    table.get(usize::from(id)).copied().flatten()
}

/// The event with that name.
pub fn by_name(name: &str) -> Option<&'static EventSpec> {
    events().find(|event| event.name == name)
}

#[cfg(test)]
mod tests;
