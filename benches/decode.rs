//! Events a second of the user side alone, on one core: from the bytes of a record to the line that is written.
//!
//! The records are real: a run of `ls -laR` over a folder of this system is recorded first, with all system calls
//! chosen; what is measured then has no kernel in it. Needs root, as tracing does.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use nix::time::{clock_gettime, ClockId};

use tracee::catalogue::{self, Set};
use tracee::clock::Timeline;
use tracee::decode;
use tracee::loader::features::Features;
use tracee::loader::plan::Detail;
use tracee::loader::{KernelSide, Plan};
use tracee::output::spec::{Format, OutputSpec, Target};
use tracee::output::table::Style;
use tracee::output::Outputs;
use tracee::scope::Scope;

/// CPU time of this thread: other work on the machine does not count.
struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)
            .expect("a clock of the thread")
            .into()
    }

    fn end(&self, start: Duration) -> Duration {
        self.start() - start
    }

    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

const RECORDS: usize = 50_000;

fn record() -> Vec<Vec<u8>> {
    let events: Vec<_> = catalogue::events()
        .filter(|event| event.in_set(Set::Syscalls))
        .collect();
    let plan = Plan {
        scope: &Scope::New,
        events: &events,
        bookkeeping: false,
        containers: false,
        nodename: true,
        detail: Detail {
            exec_env: false,
            decode_fds: false,
            durations: false,
            buffer_bytes: 0,
            ring_size: 64 << 20,
        },
        capture: None,
        epoch: 0,
        filters: &tracee::filter::kernel_part::KernelPart::default(),
        checked: &[],
        marked: &std::collections::BTreeSet::new(),
    };
    libbpf_rs::set_print(None);
    let mut tracer = KernelSide::load(&plan, &Features::detect()).expect("tracing needs root");
    let mut rings = tracer.ring_maps().expect("rings");
    tracer.attach().expect("attach");
    tracer.start(&Scope::New).expect("start");
    let folder = ["/usr/share/doc", "/usr"]
        .into_iter()
        .find(|folder| Path::new(folder).is_dir());
    let mut records = Vec::new();
    while records.len() < RECORDS {
        Command::new("ls").arg("-laR").args(folder).output().expect("ls");
        let mut take = |record: &[u8]| {
            records.push(record.to_vec());
            Ok::<(), std::convert::Infallible>(())
        };
        let Ok(_) = rings.round(None, &mut take);
    }
    records.truncate(RECORDS);
    records
}

fn bench(criterion: &mut Criterion<CpuTime>) {
    let records = record();
    let mut group = criterion.benchmark_group("user side");
    group.throughput(Throughput::Elements(records.len() as u64));
    group.sample_size(20);
    group.bench_function("decode", |bencher| {
        let mut room = decode::Room::default();
        bencher.iter(|| {
            let mut args = 0;
            for record in &records {
                let event = room.decode(record).expect("a record");
                args += event.args.len();
                room.take_back(event);
            }
            args
        });
    });
    for (name, format) in [
        ("table", Format::Table),
        ("table-verbose", Format::TableVerbose),
        ("json", Format::Json),
        ("json,compact", Format::JsonCompact),
    ] {
        let spec = OutputSpec {
            format,
            target: Target::File("/dev/null".into()),
            ..OutputSpec::default()
        };
        let mut outputs =
            Outputs::open(&[spec], Timeline::new(0), false, &Style::default()).expect("/dev/null");
        group.bench_function(name, |bencher| {
            let mut room = decode::Room::default();
            bencher.iter(|| {
                for record in &records {
                    let event = room.decode(record).expect("a record");
                    outputs.event(&event).expect("/dev/null takes everything");
                    room.take_back(event);
                }
            });
        });
    }
    group.finish();
}

criterion_group!(name = benches; config = Criterion::default().with_measurement(CpuTime); targets = bench);
criterion_main!(benches);
