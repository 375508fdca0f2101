//! Any bytes as a record: an error, or an event that every output shows on one line, with nothing that a terminal obeys.

#![no_main]

use std::rc::Rc;

use libfuzzer_sys::fuzz_target;
use tracee::clock::Timeline;
use tracee::decode;
use tracee::decode::container::Container;
use tracee::decode::path::Marks;
use tracee::decode::process::{Ancestor, Argv, Executable, Process};
use tracee::escape;
use tracee::output::table::{Columns, Style, Table};
use tracee::output::json;
use tracee::wire;

fuzz_target!(|record: &[u8]| {
    let _ = wire::peek_time(record);
    let Ok(mut event) = decode::decode(record) else {
        return;
    };
    // Data from other sources is set to the same kind of bytes.
    let text = String::from_utf8_lossy(record);
    let process = Rc::new(Process {
        executable: Some(Rc::new(Executable {
            path: record.to_vec(),
            marks: Marks::of_link(record, 0),
            file: None,
        })),
        argv: Some(Rc::new(Argv::of_bytes(record, true))),
        comm: record.first_chunk().copied().unwrap_or_default(),
        ..Process::default()
    });
    event.ancestors = Some(Rc::new([Ancestor {
        process: Rc::clone(&process),
        reparented: true,
    }]));
    event.process = Some(process);
    event.container = Some(Rc::new(Container {
        id: text.chars().filter(char::is_ascii_hexdigit).take(64).collect(),
        name: Some(text.clone().into()),
        image: Some(text.into()),
        ..Container::default()
    }));
    let mut row = String::new();
    for verbose in [false, true] {
        row.clear();
        let columns = Columns {
            verbose,
            containers: verbose,
        };
        let mut table = Table::new(columns, &Style::default(), false);
        table.row(&mut row, &event, true, |time| time);
        let line = row.strip_suffix('\n').expect("a row ends its line");
        assert!(!line.chars().any(escape::is_unsafe), "{line:?}");
    }

    let mut bytes = Vec::new();
    let mut lines = json::Lines::default();
    lines.push(&mut bytes, &event, &Timeline::new(0)).expect("a vector takes everything");
    let line = bytes.strip_suffix(b"\n").expect("an object ends its line");
    let line = std::str::from_utf8(line).expect("UTF-8");
    assert!(!line.chars().any(escape::is_unsafe), "{line:?}");
    serde_json::from_str::<serde_json::Value>(line).expect("JSON");
});
