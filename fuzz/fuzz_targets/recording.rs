//! Any bytes as a recording, or as what is behind the checksums of one: an error, or records that every output shows safely.
//! It takes no more memory than it should.
//!
//! The first byte says what the others are: 0 a whole recording; else the bits of `Made`.

#![no_main]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Cursor;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use tracee::catalogue;
use tracee::decode;
use tracee::escape;
use tracee::output::json;
use tracee::output::table::{Columns, Style, Table};
use tracee::recording::header::{Header, Row};
use tracee::recording::read::Reader;

/// So many bytes may be in use while a recording is read.
const MEMORY: usize = 64 << 20;

/// Counts what is in use, and the most that was.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator, with counters beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(USED.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        System.alloc(layout)
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Relaxed);
        System.dealloc(at, layout);
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bits of the first byte.
mod made {
    /// The header's text is in the input, with its length in two bytes before it; else it is one of ours.
    pub const HEADER: u8 = 1 << 1;
    /// Ours, or that of a tracee with other ids and another order of arguments.
    pub const OTHER: u8 = 1 << 2;
    /// The frames are in two blocks.
    pub const TWO: u8 = 1 << 3;
    /// They are compressed: the input has their length, and what LZ4 has made of them.
    pub const LZ4: u8 = 1 << 4;
    /// The last bytes are an index.
    pub const INDEX: u8 = 1 << 5;
}

/// A recording's beginning, of this tracee or of another.
fn ours(other: bool) -> &'static [u8] {
    static HEADERS: [OnceLock<Vec<u8>>; 2] = [OnceLock::new(), OnceLock::new()];
    HEADERS[usize::from(other)].get_or_init(|| {
        let shift = if other { 7 } else { 0 };
        let row = |event| {
            let mut row = Row::of(event, true);
            if other {
                row.args.reverse();
                row.args.push(("more".into(), "int".into()));
            }
            row
        };
        // Few are enough, and quickly read.
        let events = || catalogue::events().step_by(9);
        let header = Header {
            clock: vec![(0, 1_700_000_000_000_000_000)],
            events: events().map(row).collect(),
            names: events().map(|event| (event.id + shift, event.name.into())).collect(),
            ..Header::default()
        };
        header.bytes().expect("a header is JSON")
    })
}

fn block(mark: &[u8; 4], plain: usize, compression: u8, payload: &[u8], out: &mut Vec<u8>) {
    let mut head = mark.to_vec();
    head.extend((payload.len() as u32).to_le_bytes());
    head.extend((plain as u32).to_le_bytes());
    head.extend([0, 0, 0, 0, 0, compression, 0, 0, 0, 0, 0, 0]);
    // Its times, losses, and the latest time.
    let numbers = payload.iter().copied().chain([0; 32]).take(32);
    head.extend(numbers);
    let mut sum = crc32fast::Hasher::new();
    sum.update(&head);
    sum.update(payload);
    head.extend(sum.finalize().to_le_bytes());
    head.extend([0; 4]);
    out.extend(head);
    out.extend(payload);
}

/// A recording with right checksums.
fn made(kind: u8, bytes: &[u8]) -> Option<Vec<u8>> {
    let has = |bit| kind & bit != 0;
    let mut rest = bytes;
    let mut out = if has(made::HEADER) {
        let (len, after) = rest.split_first_chunk()?;
        let (text, after) = after.split_at_checked(u16::from_le_bytes(*len).into())?;
        rest = after;
        let mut out = b"tracee\0\x01".to_vec();
        out.extend((text.len() as u32).to_le_bytes());
        out.extend(crc32fast::hash(text).to_le_bytes());
        out.extend(text);
        out
    } else {
        ours(has(made::OTHER)).to_vec()
    };
    let (frames, index) = match has(made::INDEX) {
        true => rest.split_at(rest.len() / 2),
        false => (rest, &[][..]),
    };
    let parts = match has(made::TWO) {
        true => frames.split_at(frames.len() / 2),
        false => (frames, &[][..]),
    };
    for part in [parts.0, parts.1] {
        match part.split_first_chunk() {
            Some((len, payload)) if has(made::LZ4) => {
                block(b"tblk", u16::from_le_bytes(*len).into(), 1, payload, &mut out);
            }
            _ => block(b"tblk", part.len(), 0, part, &mut out),
        }
    }
    if has(made::INDEX) {
        let at = out.len() as u64;
        block(b"tidx", index.len(), 0, index, &mut out);
        out.extend(at.to_le_bytes());
        out.extend(b"tracee\0i");
    }
    Some(out)
}

fn show(bytes: Vec<u8>, from: u64) {
    let Ok(mut reader) = Reader::new(Cursor::new(bytes)) else {
        return;
    };
    let _ = reader.rows().unknown().len();
    let source = reader.header().sources.first().map(|(.., source)| source.clone());
    reader.skip_to(from).expect("memory can be read");
    let (mut row, mut line) = (String::new(), Vec::new());
    let mut lines = json::Lines::default();
    let columns = Columns {
        verbose: true,
        containers: true,
    };
    let mut table = Table::new(columns, &Style::default(), false);
    while reader.advance().expect("memory can be read") {
        let _ = reader.wall();
        let clock = reader.clock().clone();
        let Some(recorded) = reader.recorded() else {
            continue;
        };
        let Ok(mut event) = decode::decode(recorded.record) else {
            continue;
        };
        if recorded.doubtful {
            event.doubt();
        }
        event.process = recorded.process;
        event.ancestors = recorded.ancestors;
        let container = recorded.container;
        if let Some(container) = &container {
            event.complete(container);
        }
        event.container.clone_from(&container);
        event.source = source.as_deref();
        row.clear();
        line.clear();
        table.row(&mut row, &event, true, |time| clock.wall(time));
        lines.push(&mut line, &event, &clock).expect("a vector takes everything");
        let json = std::str::from_utf8(&line).expect("UTF-8");
        for text in [json, &row] {
            let text = text.strip_suffix('\n').expect("each ends its line");
            assert!(!text.chars().any(escape::is_unsafe), "{text:?}");
        }
        serde_json::from_str::<serde_json::Value>(json).expect("JSON");
    }
    assert!(reader.ending().is_some());
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    // Made once, and kept.
    ours(false);
    ours(true);
    let before = USED.load(Relaxed);
    MOST.store(before, Relaxed);
    let recording = match kind {
        0 => Some(bytes.to_vec()),
        kind => made(*kind, bytes),
    };
    let from = bytes.last_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    if let Some(recording) = recording {
        show(recording.clone(), 0);
        show(recording, from);
    }
    let most = MOST.load(Relaxed) - before;
    assert!(most < MEMORY, "{most} bytes");
});
