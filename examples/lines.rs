//! Shows the same events again and again: for counts of instructions, which no other work on the machine changes.
//!
//! `lines FORMAT ROUNDS`; FORMAT is one of `-o`. The cost of an event is the difference of two runs, divided by the
//! difference of their rounds and by the number of events, which is printed.

use std::mem::size_of;

use tracee::catalogue;
use tracee::clock::Timeline;
use tracee::decode::event::Context;
use tracee::decode::Room;
use tracee::output::spec::{Format, OutputSpec, Target};
use tracee::output::table::Style;
use tracee::output::Outputs;
use tracee::wire::{item_header, ITEM_NODENAME};

/// An event's name, its result, its arguments, and what was read behind them (position, bytes).
type Row = (&'static str, i64, &'static [u64], &'static [(u8, &'static [u8])]);

/// What a shell that starts programs mostly does.
const ROWS: [Row; 12] = [
    (
        "openat",
        3,
        &[0xffff_ff9c, 0x7ffd_1000, 0o2_000_000, 0],
        &[(1, b"/etc/ld.so.cache")],
    ),
    (
        "openat",
        -2,
        &[0xffff_ff9c, 0x7ffd_1000, 0o2_000_000, 0],
        &[(1, b"/usr/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v3/libc.so.6")],
    ),
    ("close", 0, &[3], &[]),
    ("read", 832, &[3, 0x7ffd_2000, 832], &[]),
    ("mmap", 0x7f12_3456_7000, &[0, 8192, 3, 0x22, u64::MAX, 0], &[]),
    (
        "newfstatat",
        0,
        &[3, 0x7f00_1000, 0x7ffd_3000, 0x1000],
        &[(1, b""), (2, &[1; 144])],
    ),
    ("rt_sigaction", 0, &[17, 0, 0x7ffd_4000, 8], &[]),
    (
        "connect",
        -115,
        &[3, 0x7ffd_5000, 16],
        &[(1, &[2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])],
    ),
    (
        "security_file_open",
        0,
        &[
            0,
            0o100_000,
            8_388_609,
            1234,
            1_700_000_000_000_000_000,
            0o100_000,
        ],
        &[(0, b"passwd\0etc\0")],
    ),
    ("security_socket_create", 0, &[2, 1, 0, 0], &[]),
    (
        "execve",
        0,
        &[0x5555_1000, 0x5555_2000, 0x5555_3000],
        &[(0, b"/usr/bin/ls"), (1, b"ls\0-l\0--color=auto\0/tmp\0")],
    ),
    ("exit_group", 0, &[0], &[]),
];

fn record(time: u64, (name, ret, values, items): &Row) -> Vec<u8> {
    let event = catalogue::by_name(name).expect("an event");
    let mut comm = [0; 16];
    comm[..4].copy_from_slice(&b"bash".map(|byte| byte as _));
    let context = Context {
        time,
        thread_start: 1_000_000_000,
        process_start: 1_000_000_000,
        cgroup_id: 4321,
        ret: *ret,
        tid: 12345,
        pid: 12345,
        ppid: 12344,
        host_tid: 12345,
        host_pid: 12345,
        host_ppid: 12344,
        uid: 1000,
        mnt_ns: 4_026_531_840,
        pid_ns: 4_026_531_836,
        event: event.id,
        syscall: event.id,
        nvalues: u8::try_from(values.len()).expect("a few"),
        comm,
        ..Context::default()
    };
    // SAFETY: Context is made of integers without padding (it is Plain).
    let mut bytes = unsafe { plain::as_bytes(&context) }.to_vec();
    bytes.extend(values.iter().flat_map(|value| value.to_ne_bytes()));
    for (index, data) in items.iter().chain(&[(ITEM_NODENAME, &b"host.example.org"[..])]) {
        let len = u32::try_from(data.len()).expect("a few");
        let header = [
            &[*index, 0, 0, 0][..],
            &len.to_ne_bytes(),
            &u64::from(len).to_ne_bytes(),
        ]
        .concat();
        assert_eq!(header.len(), size_of::<item_header>());
        bytes.extend(header);
        bytes.extend(*data);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
    bytes
}

fn main() {
    let mut args = std::env::args().skip(1);
    let format = args.next().and_then(|name| match &name[..] {
        "table" => Some(Format::Table),
        "table-verbose" => Some(Format::TableVerbose),
        "json" => Some(Format::Json),
        "json,compact" => Some(Format::JsonCompact),
        _ => None,
    });
    let rounds = args.next().and_then(|rounds| rounds.parse::<u64>().ok());
    let (Some(format), Some(rounds)) = (format, rounds) else {
        eprintln!("usage: lines table|table-verbose|json|json,compact ROUNDS");
        std::process::exit(1);
    };
    let spec = OutputSpec {
        format,
        target: Target::File("/dev/null".into()),
        ..OutputSpec::default()
    };
    let style = Style {
        numeric: true,
        ..Style::default()
    };
    let mut outputs = Outputs::open(&[spec], Timeline::new(0), false, &style).expect("/dev/null");
    let records: Vec<_> = (0..)
        .zip(&ROWS)
        .map(|(at, row)| record(5_000_000_000 + at * 1000, row))
        .collect();
    let mut room = Room::default();
    for _ in 0..rounds {
        for record in &records {
            let event = room.decode(record).expect("a record");
            outputs.event(&event).expect("/dev/null takes everything");
            room.take_back(event);
        }
    }
    println!("{} events", records.len());
}
