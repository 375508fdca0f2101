//! Recordings that end anywhere, have one wrong bit, or were made to do harm.

use super::{container, header, openat, process, read, reader, totals, Run, Shown, BOTH};
use std::io::Cursor;

use crate::escape;
use crate::json;
use crate::output::spec::Compression;
use crate::recording::block::{self, Head, BLOCK, INDEX};
use crate::recording::frame::{self, kind};
use crate::recording::header::{Header, HeaderError, MAGIC};
use crate::recording::info::Info;
use crate::recording::open::Recording;
use crate::recording::read::{Ending, Reader};
use crate::recording::write::{Entry, TAIL};

/// A recording of some blocks, each of which has several records and something to learn.
fn small(compression: Compression) -> (Vec<u8>, Vec<Shown>) {
    let mut run = Run::new(compression, header());
    for block in 0..3 {
        for at in 0..3 {
            let mut record = openat(100 * block + at, at as u32, b"/etc/passwd");
            record[std::mem::offset_of!(crate::decode::event::Context, container)] = 1;
            run.record(Shown {
                record,
                process: process(at as u32, format!("/bin/{block}-{at}")),
                container: container("abc", None),
                ..Shown::default()
            });
        }
        run.recorder.lose(1);
        run.wait();
    }
    run.finish(&totals(3))
}

/// Where the header ends.
fn header_end(bytes: &[u8]) -> usize {
    16 + u32::from_le_bytes(*bytes[8..].first_chunk().unwrap()) as usize
}

/// Where each block begins and ends, and how many records are in it; as the description of the format says.
fn blocks(bytes: &[u8]) -> Vec<(usize, usize, usize)> {
    let number = |at: usize| u32::from_le_bytes(*bytes[at..].first_chunk().unwrap()) as usize;
    let mut at = header_end(bytes);
    let mut found = Vec::new();
    while bytes[at..].starts_with(b"tblk") {
        let end = at + block::HEAD + number(at + 4);
        found.push((at, end, number(at + 12)));
        at = end;
    }
    found
}

/// Records of the blocks before this byte.
fn before(blocks: &[(usize, usize, usize)], at: usize) -> usize {
    let whole = blocks.iter().filter(|(_, end, _)| *end <= at);
    whole.map(|(.., records)| records).sum()
}

#[test]
fn what_is_cut_anywhere_is_read_to_there() {
    for compression in BOTH {
        let (bytes, shown) = small(compression);
        let blocks = blocks(&bytes);
        assert!(blocks.len() >= 3 && before(&blocks, bytes.len()) == 9);
        let last = blocks.last().unwrap().1;
        for len in 0..bytes.len() {
            let cut = &bytes[..len];
            if len < header_end(&bytes) {
                match Reader::new(Cursor::new(cut.to_vec())).err() {
                    Some(HeaderError::NoRecording) if len == 0 => {}
                    Some(HeaderError::Cut) if len > 0 => {}
                    other => panic!("{len}: {other:?}"),
                }
                continue;
            }
            let (all, ending, _) = read(cut);
            assert_eq!(all, shown[..before(&blocks, len)], "{len}");
            let at_end = len == header_end(&bytes) || blocks.iter().any(|(_, end, _)| *end == len);
            match (ending, at_end) {
                // Only the index is missing: of what was recorded, nothing is.
                (Ending::Whole(read), _) if len >= last => assert_eq!(read, totals(3)),
                (Ending::Unfinished, true) | (Ending::Cut, false) if len < last => {}
                (ending, _) => panic!("{len}: {ending:?}"),
            }
        }
    }
}

#[test]
fn one_wrong_bit_shows_no_other_record() {
    for compression in BOTH {
        let (bytes, shown) = small(compression);
        let blocks = blocks(&bytes);
        let last = blocks.last().unwrap().1;
        for at in 0..bytes.len() {
            for bit in [0, 3, 7] {
                let mut wrong = bytes.clone();
                wrong[at] ^= 1 << bit;
                let mut reader = match Reader::new(Cursor::new(wrong)) {
                    Ok(reader) => reader,
                    Err(_) => {
                        assert!(at < header_end(&bytes), "{at}");
                        continue;
                    }
                };
                assert!(at >= header_end(&bytes), "{at}: nobody notices");
                let (all, ending, _) = super::rest(&mut reader);
                let within = blocks.iter().find(|(begin, end, _)| (*begin..*end).contains(&at));
                // Four bytes of a head are for later versions.
                let later =
                    within.is_some_and(|(begin, ..)| (block::HEAD - 4..block::HEAD).contains(&(at - begin)));
                let Some((begin, ..)) = within.filter(|_| !later) else {
                    assert_eq!(all, shown, "{at}");
                    assert!(later || at >= last, "{at}");
                    continue;
                };
                assert_eq!(all, shown[..before(&blocks, at)], "{at}");
                match ending {
                    Ending::Damaged(said, _) => assert_eq!(said, *begin as u64, "{at}"),
                    Ending::Cut if (4..8).contains(&(at - begin)) => {}
                    ending => panic!("{at}: {ending:?}"),
                }
                // Whatever the index says.
                let _ = reader.skip_to(super::EPOCH + 150);
            }
        }
    }
}

/// A pipe has no positions: damage is counted from its beginning.
#[test]
fn damage_in_a_pipe_is_where_it_is_in_the_file() {
    struct Pipe(Cursor<Vec<u8>>);
    impl std::io::Read for Pipe {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            // As pipes do: less than was asked for.
            let some = buffer.len().min(7);
            self.0.read(&mut buffer[..some])
        }
    }
    impl crate::recording::read::Source for Pipe {
        fn seekable(&mut self) -> Option<&mut dyn std::io::Seek> {
            None
        }
    }
    let (mut bytes, shown) = small(Compression::Lz4);
    let (begin, end, records) = blocks(&bytes)[1];
    bytes[end - 1] ^= 1;
    let mut reader = Reader::new(Pipe(Cursor::new(bytes))).unwrap();
    reader.skip_to(super::EPOCH + 150).unwrap();
    let mut all = 0;
    while reader.advance().unwrap() {
        assert_eq!(reader.recorded().unwrap().record, shown[all].record);
        all += 1;
    }
    assert_eq!(all, records);
    let ending = reader.ending().unwrap();
    assert!(
        matches!(ending, Ending::Damaged(at, _) if *at == begin as u64),
        "{ending:?} of {begin}"
    );
}

#[test]
fn what_is_no_recording_is_named() {
    let good = header().bytes().unwrap();
    let with = |at: usize, bytes: &[u8]| {
        let mut wrong = good.clone();
        wrong[at..at + bytes.len()].copy_from_slice(bytes);
        wrong
    };
    let text = |text: &[u8]| {
        let mut bytes = MAGIC.to_vec();
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(crc32fast::hash(text).to_le_bytes());
        bytes.extend(text);
        bytes
    };
    let sizes = Header {
        record: crate::recording::header::Sizes { header: 8, item: 8 },
        tracee: "9.9".into(),
        ..header()
    };
    let clocks = |clock: Vec<(u64, u64)>| Header { clock, ..header() }.bytes().unwrap();
    for (bytes, said) in [
        (Vec::new(), "no recording"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec(), "no recording"),
        (vec![0; 4096], "no recording"),
        (b"tracef\0\x01".repeat(9), "no recording"),
        (with(7, &[2]), "version 2, and this tracee reads version 1"),
        (with(8, &[0xff; 4]), "4294967295 bytes long"),
        (with(8, &(good.len() as u32).to_le_bytes()), "within its header"),
        (with(12, &[0; 4]), "checksum"),
        (text(b"{}"), "damaged"),
        (text(b"[[[[[[[[["), "damaged"),
        (text(&b"[".repeat(100_000)), "damaged"),
        (text(b"\xff\xfe"), "damaged"),
        (sizes.bytes().unwrap(), "tracee 9.9"),
        (clocks(Vec::new()), "no wall clock"),
        (clocks(vec![(5, 1), (4, 1)]), "no wall clock"),
        (clocks(vec![(0, 1); 1025]), "no wall clock"),
    ] {
        let message = Reader::new(Cursor::new(bytes.clone()))
            .err()
            .unwrap_or_else(|| panic!("{said}"))
            .to_string();
        assert!(message.contains(said), "{said}: {message}");
        assert!(!message.contains('\n'), "{message:?}");
    }
}

/// The header, and blocks with right checksums of these frames.
fn made(blocks: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = header().bytes().unwrap();
    for frames in blocks {
        block::push(&mut bytes, BLOCK, Head::default(), frames, Compression::Lz4);
    }
    bytes
}

/// Ids are shown as they are.
fn container_with_id(id: &str) -> Vec<u8> {
    format!("12345678{{\"id\":\"{id}\",\"runtime\":\"\",\"name\":null,\"image\":null,\"owner\":0}}")
        .into_bytes()
}

#[test]
fn frames_that_make_no_sense_are_damage() {
    let record = openat(7, 1, b"f");
    let with = |kind, bytes: &[u8]| {
        let mut frames = Vec::new();
        frame::push(&mut frames, kind, 0, &[bytes]);
        frames
    };
    let good = with(kind::EVENT, &record);
    let begin = made(std::slice::from_ref(&good)).len() as u64;
    let longer = [kind::EVENT, 0, 0, 0, 0xff, 0xff, 0xff, 0xff].to_vec();
    for wrong in [
        vec![1],
        longer,
        good[..good.len() - 1].to_vec(),
        with(kind::PROCESS, b"short"),
        with(kind::PROCESS, &[0xff; 20]),
        with(kind::CONTAINER, b"short"),
        with(kind::CONTAINER, b"12345678{}"),
        with(kind::CONTAINER, &container_with_id("")),
        with(kind::CONTAINER, &container_with_id("abc\\u001b[31m")),
        with(kind::CONTAINER, &container_with_id("abc\\n")),
        with(kind::CLOCK, b""),
        with(kind::CLOCK, &[0; 15]),
        with(kind::CLOCK, &[0; 16 * 1025]),
        with(kind::END, b"{"),
    ] {
        let bytes = made(&[good.clone(), [good.clone(), wrong.clone()].concat(), good.clone()]);
        let (all, ending, _) = read(&bytes);
        assert_eq!(all.len(), 2, "{wrong:?}");
        assert!(
            matches!(ending, Ending::Damaged(at, _) if at == begin),
            "{wrong:?}: {ending:?}, not {begin}"
        );
    }
    let (all, ending, _) = read(&made(&[with(kind::CONTAINER, &container_with_id("abc"))]));
    assert_eq!((all.len(), ending), (0, Ending::Unfinished));
    // What a later version may add is skipped; records that make no sense are not shown.
    let odd = [
        with(200, b"later"),
        with(kind::EVENT, b""),
        with(kind::EVENT, b"short"),
    ]
    .concat();
    let (all, ending, _) = read(&made(&[[odd, good].concat()]));
    assert_eq!(all.last().map(|shown| shown.record.clone()), Some(record));
    assert_eq!(ending, Ending::Unfinished);
}

/// Numbers that somebody has made up, with right checksums.
#[test]
fn losses_beyond_counting_are_no_panic() {
    let mut frames = Vec::new();
    frame::push(&mut frames, kind::EVENT, 0, &[&openat(7, 1, b"f")]);
    let mut bytes = header().bytes().unwrap();
    let head = Head {
        lost: u64::MAX,
        ..Head::default()
    };
    for _ in 0..3 {
        block::push(&mut bytes, BLOCK, head, &frames, Compression::None);
    }
    let (all, ending, lost) = read(&bytes);
    assert_eq!((all.len(), ending, lost), (3, Ending::Unfinished, u64::MAX));
}

/// A recording with these entries, each of eight bytes numbers, as its index.
fn with_index(blocks: &[Vec<u8>], entries: &[[u64; 6]]) -> Vec<u8> {
    let mut bytes = made(blocks);
    let at = bytes.len() as u64;
    let parts: Vec<u8> = entries
        .iter()
        .flat_map(|entry| {
            let bytes: Vec<u8> = entry.iter().flat_map(|number| number.to_le_bytes()).collect();
            bytes[..Entry::LEN].to_vec()
        })
        .collect();
    block::push(&mut bytes, INDEX, Head::default(), &parts, Compression::None);
    bytes.extend(at.to_le_bytes());
    bytes.extend(TAIL);
    bytes
}

/// Whatever an index says: an error or records of the recording, in the end.
#[test]
fn an_index_that_lies_is_no_panic() {
    let record = openat(7, 1, b"f");
    let mut frames = Vec::new();
    frame::push(&mut frames, kind::EVENT, 0, &[&record]);
    let begin = header().bytes().unwrap().len() as u64;
    let max = u64::MAX;
    for entries in [
        vec![],
        vec![[0, 0, 0, 0, 0, 0]],
        vec![[begin + 1, 0, 0, 0, 0, 0]],
        vec![[begin, 0, 0, max, max, max], [begin + 20, 0, 0, max, max, max]],
        vec![[begin, max, max, max, max, max]; 3],
        vec![[begin, 0, 0, max, 1, 1]; 9],
        vec![[max, 0, 0, 0, 0, 1]],
        vec![[begin + 40, 0, 0, 0, 0, 1], [begin, 0, 0, 0, 0, 1]],
    ] {
        let bytes = with_index(&[frames.clone(), frames.clone()], &entries);
        for wall in [0, super::EPOCH, super::EPOCH + 7, super::EPOCH + 8, max] {
            let mut reader = reader(&bytes);
            reader.skip_to(wall).unwrap();
            let (all, ..) = super::rest(&mut reader);
            assert!(all.len() <= 2, "{entries:?}");
            assert!(all.iter().all(|shown| shown.record == record), "{entries:?}");
        }
    }
    // Where it begins may be anything, too.
    let good = with_index(&[frames], &[[begin, 7, 7, 0, 1, 0]]);
    for at in [
        0,
        1,
        begin,
        begin + 1,
        good.len() as u64 - 16,
        good.len() as u64 - 1,
        max,
    ] {
        let mut bytes = good.clone();
        let tail = bytes.len() - 16;
        bytes[tail..tail + 8].copy_from_slice(&at.to_le_bytes());
        let mut reader = reader(&bytes);
        reader.skip_to(super::EPOCH + 7).unwrap();
        assert_eq!(super::rest(&mut reader).0.len(), 1, "{at}");
    }
}

/// Zeros take a thousandth when they are compressed: an index of some MiB would take gigabytes.
#[test]
fn a_compressed_index_does_not_fill_the_memory() {
    let mut bytes = made(&[]);
    let at = bytes.len() as u64;
    let zeros = vec![0; block::PLAIN_MAX];
    for _ in 0..40 {
        block::push(&mut bytes, INDEX, Head::default(), &zeros, Compression::Lz4);
    }
    bytes.extend(at.to_le_bytes());
    bytes.extend(TAIL);
    let entries = reader(&bytes).index().unwrap();
    assert!(entries.is_none_or(|entries| entries.len() <= 1 << 18));
}

/// Everything that a recording says of itself, made up to mislead whoever looks at a terminal.
#[test]
fn a_recording_cannot_write_to_a_terminal() {
    let hostile = "\u{1b}[31m\u{9b}\n\u{202e}";
    let mut lying = header();
    lying.tracee = hostile.into();
    lying.scope = hostile.into();
    lying.host.name = hostile.into();
    lying.host.kernel = hostile.into();
    lying.users.insert(0, hostile.into());
    lying.names.push((900, hostile.into()));
    let mut frames = Vec::new();
    frame::push(&mut frames, kind::EVENT, 0, &[&openat(7, 1, hostile.as_bytes())]);
    let mut bytes = lying.bytes().unwrap();
    block::push(&mut bytes, BLOCK, Head::default(), &frames, Compression::Lz4);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(format!("a{hostile}"));
    std::fs::write(&file, bytes).unwrap();
    let info = Info::of(Recording::open(&file).unwrap()).unwrap();
    let mut text = String::new();
    info.push(&mut text);
    let mut line = Vec::new();
    json::write(&mut line, &info).unwrap();
    let line = String::from_utf8(line).unwrap();
    assert_eq!(
        text.lines().filter(|line| line.ends_with(" openat")).count(),
        1,
        "{text}"
    );
    for line in text.lines().chain([line.as_str()]) {
        assert!(!line.chars().any(escape::is_unsafe), "{line:?}");
    }
    let back: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(back["tracee"], hostile);
}

/// What a header says of itself is bounded: its words are in messages, and its rows are compared with ours.
#[test]
fn headers_that_go_on_and_on_are_refused() {
    let refused = |change: fn(&mut Header)| {
        let mut header = header();
        change(&mut header);
        let read = Header::read(&mut Cursor::new(header.bytes().unwrap()));
        matches!(read, Err(HeaderError::Damaged(_)))
    };
    assert!(!refused(|_| {}));
    assert!(refused(|header| header.tracee = "9".repeat(5000)));
    assert!(refused(|header| header.host.boot_id = "9".repeat(5000)));
    assert!(refused(|header| {
        header.events[0].args = vec![("fd".into(), "int".into()); 256];
    }));
}
