//! All that C and Rust share, generated: nothing here is written twice.
//!
//! Types and enums are C's (`src/bpf/record.h`, `captures.h`, `filter.h`) and come from the object's BTF; event ids
//! come from the catalogue, for C in `event_ids.h`. `build.rs` makes both.

/// The object's types, generated from its BTF.
#[allow(warnings, clippy::all, clippy::pedantic)]
mod skel {
    include!(concat!(env!("OUT_DIR"), "/tracee.skel.rs"));
}

/// Values of C's enums, and those that C takes from the catalogue.
#[allow(clippy::unreadable_literal)] // The file is generated, not read.
mod constants {
    include!(concat!(env!("OUT_DIR"), "/constants.rs"));
}

use crate::catalogue::Layout;

pub use constants::*;
pub use skel::types::{
    arg_desc, capture_misses, captured_key, chunk, container, control, cred_info, fd_info, fd_socket,
    filters, followed, item_header, listed_id, listed_number, loss, name_key, namespace_info, number_filter,
    record_filter, record_header, rodata, selector, str_cut, syscall_desc, text_filter, text_key,
};

#[cfg(test)]
mod ladder_tests;
#[cfg(test)]
mod tests;

macro_rules! plain {
    ($($name:ident)*) => {
        $(
            // SAFETY: made of integers only, so that every bit pattern is a value.
            unsafe impl plain::Plain for $name {}
        )*
    };
}

plain! {
    arg_desc capture_misses chunk container control fd_info fd_socket followed item_header listed_id listed_number loss
    name_key record_filter record_header rodata selector str_cut syscall_desc text_key
}

/// How each ABI lays out structures.
pub const LAYOUTS: [Layout; ABI_COUNT as usize] = by_position([
    (ABI_NATIVE, Layout::Native),
    (ABI_IA32, Layout::Ia32),
    (ABI_X32, Layout::X32),
]);

/// A table by the values of an enum that counts from 0. A value that is missing or there twice does not compile.
pub const fn by_position<T: Copy, const N: usize>(rows: [(u8, T); N]) -> [T; N] {
    let mut table = [rows[0].1; N];
    let mut filled = 0u64;
    let mut row = 0;
    while row < N {
        table[rows[row].0 as usize] = rows[row].1;
        filled |= 1 << rows[row].0;
        row += 1;
    }
    assert!(filled == (1 << N) - 1);
    table
}

/// The time of a record, in ns since boot, in order to sort records without decoding them.
pub fn peek_time(record: &[u8]) -> Option<u64> {
    record.first_chunk().map(|bytes| u64::from_ne_bytes(*bytes))
}
