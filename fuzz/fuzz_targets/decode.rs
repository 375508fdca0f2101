//! Any bytes as a record: an error, or an event that every output shows on one line.

#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use tracee::decode;
use tracee::output::{json, table};

fuzz_target!(|record: &[u8]| {
    let _ = decode::peek_time(record);
    let Ok(event) = decode::decode(record) else {
        return;
    };
    let mut row = String::new();
    table::row(&mut row, &event, true, true);
    let line = row.strip_suffix('\n').expect("a row ends its line");
    assert!(!line.chars().any(char::is_control), "{line:?}");

    let mut bytes = Vec::new();
    json::line(&mut bytes, &event, 0, &RefCell::default()).expect("a vector takes everything");
    let line = bytes.strip_suffix(b"\n").expect("an object ends its line");
    assert!(!line.contains(&b'\n'));
    serde_json::from_slice::<serde_json::Value>(line).expect("JSON");
});
