//! Recordings of another tracee, whose catalogue is another.

use super::{header, reader, rest, totals};
use crate::catalogue;
use crate::decode::event::{Context, Value};
use crate::decode::{decode, encode};
use crate::output::spec::Compression;
use crate::recording::block::{self, Head, BLOCK};
use crate::recording::frame::{self, kind};
use crate::recording::header::{Header, Row};
use crate::wire::{ITEM_DURATION, ITEM_NODENAME, NO_SYSCALL};

/// Our id of each event is so much larger there.
const SHIFT: u16 = 7;

fn theirs(name: &str) -> u16 {
    catalogue::expect(name).id + SHIFT
}

/// A header whose events have other ids, and whose row of openat is this one.
fn header_with(args: &[(&str, &str)]) -> Header {
    let row = Row {
        name: "openat".into(),
        shown: true,
        args: args
            .iter()
            .map(|(name, ty)| ((*name).into(), (*ty).into()))
            .collect(),
    };
    let exit = Row::of(catalogue::expect("sched_process_exit"), true);
    let names = catalogue::events().map(|event| (event.id + SHIFT, event.name.to_owned()));
    Header {
        events: vec![row, exit],
        names: names.chain([(3, "invented".into())]).collect(),
        ..header()
    }
}

/// A record of that recording.
fn record(event: u16, syscall: u16, values: &[u64], items: &[(u8, &[u8])]) -> Vec<u8> {
    let context = Context {
        time: 7,
        event,
        syscall,
        nvalues: values.len() as u8,
        ret: -2,
        ..Context::default()
    };
    let mut record = encode::begin(&context, values.iter().copied());
    for (index, bytes) in items {
        encode::push_item(&mut record, *index, bytes);
    }
    record
}

/// The records as this tracee reads them, and what it says it cannot show.
fn translated(header: &Header, records: &[Vec<u8>]) -> (Vec<Vec<u8>>, Vec<String>) {
    let mut bytes = header.bytes().unwrap();
    let mut frames = Vec::new();
    for record in records {
        frame::push(&mut frames, kind::EVENT, 0, &[record]);
    }
    let json = serde_json::to_vec(&totals(0)).unwrap();
    frame::push(&mut frames, kind::END, 0, &[&json]);
    block::push(&mut bytes, BLOCK, Head::default(), &frames, Compression::Lz4);
    let mut reader = reader(&bytes);
    let unknown = reader.rows().unknown().iter().cloned().collect();
    let all = rest(&mut reader).0;
    (all.into_iter().map(|shown| shown.record).collect(), unknown)
}

/// What one such openat becomes: its arguments, and what cannot be shown.
fn openat(args: &[(&str, &str)], values: &[u64], items: &[(u8, &[u8])]) -> (Vec<String>, Vec<String>) {
    let record = record(theirs("openat"), theirs("openat"), values, items);
    let (all, unknown) = translated(&header_with(args), &[record]);
    assert_eq!(all.len(), 1);
    let event = decode(&all[0]).unwrap();
    assert_eq!(
        (event.spec.name, event.context.ret, event.context.time),
        ("openat", -2, 7)
    );
    assert_eq!(event.context.syscall, event.spec.id);
    assert_eq!(event.args.len(), 4);
    let shown = event.args.iter().map(|arg| match arg.value {
        Value::Number => format!("{}={}", arg.spec.name, arg.raw),
        Value::Str(text) => format!("{}={}", arg.spec.name, String::from_utf8_lossy(text)),
        Value::Fault => format!("{}=?", arg.spec.name),
        _ => format!("{}={:?}", arg.spec.name, arg.value),
    });
    (shown.collect(), unknown)
}

const DFD: (&str, &str) = ("dfd", "int");
const PATHNAME: (&str, &str) = ("pathname", "const char *");
const FLAGS: (&str, &str) = ("flags", "unsigned int");
const MODE: (&str, &str) = ("mode", "umode_t");

#[test]
fn values_come_to_the_arguments_of_their_names() {
    let all = ["dfd=3", "pathname=/a", "flags=2", "mode=5"];
    let none: [&str; 0] = [];
    let path = b"/a".as_slice();
    // Other ids alone.
    let same = [DFD, PATHNAME, FLAGS, MODE];
    assert_eq!(
        openat(&same, &[3, 1, 2, 5], &[(1, path)]),
        (strings(&all), strings(&none))
    );
    // Another order.
    let reordered = [MODE, FLAGS, PATHNAME, DFD];
    let read = openat(&reordered, &[5, 2, 1, 3], &[(2, path)]);
    assert_eq!(read, (strings(&all), strings(&none)));
    // One that we do not have, in front of the others; its bytes are skipped.
    let more = [("extra", "const char *"), DFD, PATHNAME, FLAGS, MODE];
    let read = openat(&more, &[9, 3, 1, 2, 5], &[(0, b"hidden"), (2, path)]);
    assert_eq!(read, (strings(&all), strings(&["openat.extra"])));
    // One that it does not have.
    let read = openat(&[PATHNAME, FLAGS, MODE], &[1, 2, 5], &[(0, path)]);
    let lacking = strings(&["dfd=?", "pathname=/a", "flags=2", "mode=5"]);
    assert_eq!(read, (lacking, strings(&none)));
    // One that has another name there.
    let read = openat(
        &[DFD, ("path", "const char *"), FLAGS, MODE],
        &[3, 1, 2, 5],
        &[(1, path)],
    );
    let lacking = strings(&["dfd=3", "pathname=?", "flags=2", "mode=5"]);
    assert_eq!(read, (lacking.clone(), strings(&["openat.path"])));
    // One of another type.
    let read = openat(&[DFD, ("pathname", "long"), FLAGS, MODE], &[3, 1, 2, 5], &[]);
    assert_eq!(read, (lacking, strings(&["openat.pathname"])));
    // No argument at all.
    let unknown = strings(&["dfd=?", "pathname=?", "flags=?", "mode=?"]);
    assert_eq!(openat(&[], &[], &[]), (unknown, strings(&none)));
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// An argument of which the record says nothing is unknown, not 0.
#[test]
fn what_a_record_leaves_out_is_unknown() {
    let (shown, _) = openat(&[MODE, FLAGS, PATHNAME, DFD], &[5], &[]);
    assert_eq!(shown, ["dfd=?", "pathname=?", "flags=?", "mode=5"]);
}

/// What belongs to no argument stays: the node name, how long a call took.
#[test]
fn what_is_of_no_argument_stays() {
    let took = 99u64.to_ne_bytes();
    let items: [(u8, &[u8]); 3] = [(ITEM_NODENAME, b"node"), (0, b"/a"), (ITEM_DURATION, &took)];
    let record = record(theirs("openat"), theirs("openat"), &[1, 2, 5, 3], &items);
    let (all, _) = translated(&header_with(&[PATHNAME, FLAGS, MODE, DFD]), &[record]);
    let event = decode(&all[0]).unwrap();
    assert_eq!((event.nodename, event.duration), (Some(&b"node"[..]), Some(99)));
    assert_eq!(event.args[1].value, Value::Str(b"/a"));
}

#[test]
fn events_that_we_do_not_have_are_left_out_and_named() {
    let mut header = header_with(&[DFD, PATHNAME, FLAGS, MODE]);
    header.events.push(Row {
        name: "invented".into(),
        shown: true,
        args: vec![("x".into(), "int".into())],
    });
    let exit = |syscall| record(theirs("sched_process_exit"), syscall, &[0], &[]);
    let records = [
        record(3, 3, &[5], &[]),
        exit(theirs("exit_group")),
        exit(3),
        exit(NO_SYSCALL),
    ];
    let (all, unknown) = translated(&header, &records);
    assert_eq!(unknown, ["invented"]);
    let calls: Vec<_> = all
        .iter()
        .map(|record| {
            let event = decode(record).unwrap();
            assert_eq!(event.spec.name, "sched_process_exit");
            event.context.syscall
        })
        .collect();
    assert_eq!(
        calls,
        [catalogue::expect("exit_group").id, NO_SYSCALL, NO_SYSCALL]
    );
}

/// Records that do not follow their own row are left out, however they are wrong.
#[test]
fn what_does_not_follow_its_row_is_no_panic() {
    let header = header_with(&[PATHNAME, FLAGS, MODE, DFD]);
    let good = record(theirs("openat"), theirs("openat"), &[1, 2, 5, 3], &[(0, b"/a")]);
    let too_many = record(theirs("openat"), theirs("openat"), &[0; 9], &[]);
    let no_such = record(theirs("openat"), theirs("openat"), &[1], &[(8, b"/a")]);
    let (all, _) = translated(&header, &[too_many, no_such, good.clone()]);
    assert_eq!(all.len(), 1);
    for len in 0..good.len() {
        for record in translated(&header, &[good[..len].to_vec()]).0 {
            let _ = decode(&record);
        }
    }
    for at in 0..good.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut wrong = good.clone();
            wrong[at] = value;
            for record in translated(&header, &[wrong]).0 {
                let _ = decode(&record);
            }
        }
    }
}
