//! Events a second of the user side alone, on one core: from the bytes of a record to the line that is written.
//!
//! The records are real: a run of `ls -laR` over a folder of this system is recorded first, with all system calls
//! chosen; what is measured then has no kernel in it. Needs root, as tracing does.

use std::path::Path;
use std::process::Command;

use criterion::{criterion_group, criterion_main, Criterion, Throughput};

use tracee::catalogue::{self, Set};
use tracee::cli::config::{Format, OutputSpec};
use tracee::decode;
use tracee::loader::features::Features;
use tracee::loader::{Plan, Tracer};
use tracee::output::Outputs;
use tracee::scope::Scope;

const RECORDS: usize = 50_000;

fn record() -> Vec<Vec<u8>> {
    let events: Vec<_> = catalogue::events()
        .filter(|event| event.in_set(Set::Syscalls))
        .collect();
    let plan = Plan {
        scope: &Scope::New,
        events: &events,
        bookkeeping: false,
        nodename: true,
        exec_env: false,
        ring_size: 64 << 20,
        decode_fds: false,
        buffer_bytes: 0,
        checked: &[],
    };
    libbpf_rs::set_print(None);
    let mut tracer = Tracer::load(&plan, &Features::detect()).expect("tracing needs root");
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

fn bench(criterion: &mut Criterion) {
    let records = record();
    let mut group = criterion.benchmark_group("user side");
    group.throughput(Throughput::Elements(records.len() as u64));
    group.sample_size(20);
    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            records
                .iter()
                .map(|record| decode::decode(record).expect("a record").args.len())
                .sum::<usize>()
        });
    });
    for (name, format) in [
        ("table", Format::Table),
        ("table-verbose", Format::TableVerbose),
        ("json", Format::Json),
    ] {
        let spec = OutputSpec {
            format,
            path: Some("/dev/null".into()),
        };
        let mut outputs = Outputs::open(&[spec], 0).expect("/dev/null");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for record in &records {
                    let event = decode::decode(record).expect("a record");
                    outputs.event(&event).expect("/dev/null takes everything");
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
