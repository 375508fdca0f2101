//! What was recorded is read again, whatever has become of the file.

mod damage;
mod flight;
mod skip;
mod translate;

use std::io::Cursor;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::catalogue;
use crate::clock::Timeline;
use crate::decode::container::Container;
use crate::decode::event::Context;
use crate::decode::path::Marks;
use crate::decode::process::{Ancestors, Executable, Process};
use crate::decode::{decode, encode};
use crate::output::spec::{Compression, Format, OutputSpec, Target};
use crate::recording::header::{Header, Row};
use crate::recording::read::{Ending, Reader};
use crate::recording::write::Recorder;
use crate::totals::Totals;
use crate::wire::{RECORD_NOT_CARRIED_OUT, RECORD_UNVERIFIED};

const BOTH: [Compression; 2] = [Compression::None, Compression::Lz4];

/// The wall clock's time of boot.
const EPOCH: u64 = 1_700_000_000_000_000_000;

const SECOND: u64 = 1_000_000_000;

/// Numbers that look random, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// A record that is read, with all that is known of it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Shown {
    record: Vec<u8>,
    doubtful: bool,
    process: Option<Rc<Process>>,
    ancestors: Option<Rc<Ancestors>>,
    container: Option<Rc<Container>>,
    wall: u64,
}

/// A small header: its rows and ids are those of this tracee.
fn header() -> Header {
    let events = ["openat", "execve", "sched_process_exit"].map(catalogue::expect);
    Header {
        tracee: "0.0".into(),
        began: 5,
        clock: vec![(0, EPOCH)],
        events: events.map(|event| Row::of(event, true)).to_vec(),
        names: events.map(|event| (event.id, event.name.into())).to_vec(),
        ..Header::default()
    }
}

/// A record of an openat by this process.
fn openat(time: u64, pid: u32, path: &[u8]) -> Vec<u8> {
    let event = catalogue::expect("openat");
    let context = Context {
        time,
        event: event.id,
        syscall: event.id,
        nvalues: 4,
        host_pid: pid,
        process_start: 1000 + u64::from(pid),
        thread_start: 1,
        mnt_ns: 1,
        ..Context::default()
    };
    let mut record = encode::begin(&context, [3, 0x1000, 2, 0o600]);
    encode::push_item(&mut record, 1, path);
    record
}

/// The process of such records, when it runs this.
fn process(pid: u32, path: impl Into<Vec<u8>>) -> Option<Rc<Process>> {
    Some(Rc::new(Process {
        pid,
        start: 1000 + u64::from(pid),
        executable: Some(Rc::new(Executable {
            path: path.into(),
            marks: Marks::from_bits(1),
            file: None,
        })),
        ..Process::default()
    }))
}

fn container(id: &str, name: Option<&str>) -> Option<Rc<Container>> {
    Some(Rc::new(Container {
        id: id.into(),
        runtime: "docker".into(),
        name: name.map(Into::into),
        image: None,
        owner: 7,
    }))
}

/// A run that is recorded.
struct Run {
    spec: OutputSpec,
    recorder: Recorder,
    folder: TempDir,
    clock: Timeline,
    /// What is to be read of it.
    shown: Vec<Shown>,
    now: Instant,
}

impl Run {
    fn new(compression: Compression, header: Header) -> Run {
        let folder = tempfile::tempdir().unwrap();
        let spec = OutputSpec {
            format: Format::Record,
            target: Target::File(folder.path().join("recording")),
            compression,
            ..OutputSpec::default()
        };
        let clock = Timeline::of_spans(header.clock.clone()).unwrap();
        let began = header.began;
        let mut recorder = Recorder::open(&spec, header, None).unwrap();
        recorder.begin(began).unwrap();
        Run {
            spec,
            recorder,
            folder,
            clock,
            shown: Vec::new(),
            now: Instant::now(),
        }
    }

    /// Records what is shown so; `wall` is set here.
    fn record(&mut self, shown: Shown) {
        let mut event = decode(&shown.record).unwrap();
        event.process.clone_from(&shown.process);
        event.ancestors.clone_from(&shown.ancestors);
        event.container.clone_from(&shown.container);
        if shown.doubtful {
            event.doubt();
        }
        self.recorder.event(&shown.record, &event).unwrap();
        let wall = self.clock.wall(event.context.time);
        self.shown.push(Shown { wall, ..shown });
    }

    fn set_clock(&mut self, spans: Vec<(u64, u64)>) {
        self.clock = Timeline::of_spans(spans).unwrap();
        self.recorder.set_clock(&self.clock);
    }

    /// Time goes by, until what was recorded is in the file.
    fn wait(&mut self) {
        self.recorder.flush(self.now).unwrap();
        self.now += Duration::from_secs(2);
        self.recorder.flush(self.now).unwrap();
    }

    /// What is in the file so far.
    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("recording")).unwrap()
    }

    fn finish(mut self, totals: &Totals) -> (Vec<u8>, Vec<Shown>) {
        self.recorder.finish(totals).unwrap();
        (self.bytes(), self.shown)
    }
}

fn reader(bytes: &[u8]) -> Reader<Cursor<Vec<u8>>> {
    Reader::new(Cursor::new(bytes.to_vec())).unwrap()
}

/// Everything from where the reader is, how that ends, and how many events were lost.
fn rest(reader: &mut Reader<Cursor<Vec<u8>>>) -> (Vec<Shown>, Ending, u64) {
    let mut all = Vec::new();
    while reader.advance().unwrap() {
        let wall = reader.wall();
        if let Some(recorded) = reader.recorded() {
            all.push(Shown {
                record: recorded.record.to_vec(),
                doubtful: recorded.doubtful,
                process: recorded.process,
                ancestors: recorded.ancestors,
                container: recorded.container,
                wall,
            });
        }
    }
    // It stays at its end.
    assert!(!reader.advance().unwrap());
    (all, reader.ending().unwrap().clone(), reader.lost())
}

fn read(bytes: &[u8]) -> (Vec<Shown>, Ending, u64) {
    rest(&mut reader(bytes))
}

fn totals(lost: u64) -> Totals {
    Totals {
        events: 9,
        lost,
        lost_by: vec![(1, "openat".into(), lost)],
        misses: 3,
        ..Totals::default()
    }
}

/// Executables change and go, containers get names, the clock is set, blocks end anywhere.
#[test]
fn what_is_recorded_is_read_again() {
    for compression in BOTH {
        let mut random = Random(compression as u64 + 77);
        let mut run = Run::new(compression, header());
        let mut processes: Vec<_> = (0..9).map(|pid| process(pid, format!("/bin/{pid}"))).collect();
        let mut web = container("abc", None);
        let mut spans = vec![(0, EPOCH)];
        let mut lost = 0;
        for step in 0..3000 {
            let pid = random.below(9) as u32;
            match random.below(40) {
                0 => processes[pid as usize] = process(pid, format!("/bin/{pid}-{step}")),
                1 => web = container("abc", Some(&format!("web-{step}"))),
                2 => {
                    spans.push((10 * step, EPOCH + random.below(100 * SECOND)));
                    run.set_clock(spans.clone());
                }
                3 => run.wait(),
                4 => {
                    run.recorder.lose(step);
                    lost += step;
                }
                _ => {}
            }
            let mut record = openat(10 * step + random.below(30), pid, b"/etc/passwd");
            let doubtful = random.below(9) == 0;
            if doubtful || random.below(9) == 0 {
                record[std::mem::offset_of!(Context, flags)] |= RECORD_NOT_CARRIED_OUT;
            }
            let inside = pid > 5;
            record[std::mem::offset_of!(Context, container)] = u8::from(inside);
            run.record(Shown {
                record,
                doubtful,
                process: processes[pid as usize].clone().filter(|_| random.below(20) > 0),
                container: web.clone().filter(|_| inside && random.below(20) > 0),
                ..Shown::default()
            });
        }
        let (bytes, shown) = run.finish(&totals(lost));
        let (all, ending, counted) = read(&bytes);
        assert_eq!(all.len(), shown.len());
        for (one, other) in all.iter().zip(&shown) {
            assert_eq!(one, other);
        }
        assert_eq!((ending, counted), (Ending::Whole(totals(lost)), lost));
        // Without the flag a reader would not know: the record alone says that the call was not carried out.
        let doubtful = shown.iter().find(|shown| shown.doubtful).unwrap();
        let mut event = decode(&doubtful.record).unwrap();
        event.doubt();
        assert_ne!(event.context.flags & RECORD_UNVERIFIED, 0);
    }
}

/// More names than anybody keeps: a process and its container are new in each record.
#[test]
fn names_without_end_stay_with_their_records() {
    let mut run = Run::new(Compression::Lz4, header());
    let long = "x".repeat(4000);
    for at in 0..6000u32 {
        let mut record = openat(at.into(), at, b"f");
        record[std::mem::offset_of!(Context, container)..][..4].copy_from_slice(&(at + 1).to_le_bytes());
        run.record(Shown {
            record,
            process: process(at, format!("/{at}/{long}")),
            container: container(&at.to_string(), Some(&long[at as usize % 100..])),
            ..Shown::default()
        });
    }
    // And again, of processes that were named long ago.
    for at in 0..50 {
        let shown = run.shown[at].clone();
        run.record(shown);
    }
    let (bytes, shown) = run.finish(&totals(0));
    let (all, ending, _) = read(&bytes);
    assert!(matches!(ending, Ending::Whole(_)), "{ending:?}");
    assert_eq!(all.len(), shown.len());
    let different = all.iter().zip(&shown).position(|(one, other)| one != other);
    assert_eq!(different, None);
}

/// Somebody sets the clock all the time, and little else happens.
#[test]
fn a_clock_that_is_set_all_the_time_is_no_damage() {
    let mut run = Run::new(Compression::None, header());
    let spans: Vec<_> = (0..1000).map(|at| (at, EPOCH + at)).collect();
    for time in [7, 8] {
        for _ in 0..150 {
            run.set_clock(spans.clone());
            run.recorder.flush(run.now).unwrap();
        }
        run.record(Shown {
            record: openat(time, 1, b"f"),
            ..Shown::default()
        });
    }
    let (bytes, shown) = run.finish(&totals(0));
    let (all, ending, _) = read(&bytes);
    assert_eq!((all, ending), (shown, Ending::Whole(totals(0))));
}

/// What a run has recorded can be read while it goes on.
#[test]
fn a_run_that_goes_on_is_unfinished() {
    let mut run = Run::new(Compression::Lz4, header());
    assert_eq!(read(&run.bytes()), (Vec::new(), Ending::Unfinished, 0));
    run.record(Shown {
        record: openat(7, 1, b"f"),
        process: process(1, "/bin/a"),
        ..Shown::default()
    });
    run.recorder.lose(3);
    run.wait();
    run.record(Shown {
        record: openat(8, 1, b"g"),
        ..Shown::default()
    });
    let shown = run.shown[..1].to_vec();
    assert_eq!(read(&run.bytes()), (shown, Ending::Unfinished, 3));
}

/// A run without an event has a recording, too; what was lost without one is in the totals.
#[test]
fn a_run_without_events_is_whole() {
    for compression in BOTH {
        let mut run = Run::new(compression, header());
        run.recorder.lose(4);
        let (bytes, _) = run.finish(&totals(4));
        assert_eq!(read(&bytes), (Vec::new(), Ending::Whole(totals(4)), 4));
    }
}

/// The longest list of lost events that there can be does not make a block that nobody reads.
#[test]
fn totals_of_any_length_are_read() {
    let run = Run::new(Compression::None, header());
    let lost_by = (0..2048).flat_map(|cpu| (0..20).map(move |event| (cpu, format!("event-{event}"), 1)));
    let totals = Totals {
        lost: 2048 * 20,
        lost_by: lost_by.collect(),
        ..Totals::default()
    };
    let (bytes, _) = run.finish(&totals);
    let Ending::Whole(read) = read(&bytes).1 else {
        panic!("not whole");
    };
    let sum: u64 = read.lost_by.iter().map(|(.., count)| count).sum();
    assert_eq!((read.lost, sum), (totals.lost, totals.lost));
}
