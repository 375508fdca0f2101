//! What waits in memory until something happens.

use std::time::{Duration, Instant};

use super::{header, openat, process, read, Run, Shown, BOTH};
use crate::recording::read::Ending;
use crate::recording::write::Recorder;
use crate::totals::Totals;

/// A flight recorder that keeps an hour, and a run of its own.
fn waiting(run: &mut Run) {
    run.recorder = Recorder::open(&run.spec, header(), Some(Duration::from_secs(3600))).unwrap();
    run.recorder.begin(0).unwrap();
}

/// A block that waits takes what its bytes take, however long it was before it was compressed.
#[test]
fn what_waits_takes_as_much_memory_as_it_has_bytes() {
    let mut run = Run::new(BOTH[1], header());
    waiting(&mut run);
    let path = "a".repeat(4000);
    let used = allocation_counter::measure(|| {
        for at in 0..25_000 {
            let record = openat(at, 1, path.as_bytes());
            let event = crate::decode::decode(&record).unwrap();
            run.recorder.event(&record, &event).unwrap();
        }
    });
    assert!(used.bytes_max < 16 << 20, "{used:?}");
    run.recorder.trigger().unwrap();
    run.recorder.finish(&Totals::default()).unwrap();
    let (all, ending, _) = read(&run.bytes());
    assert_eq!((all.len(), ending), (25_000, Ending::Whole(Totals::default())));
}

/// Of more than there is room for, the last is there. Without a reason, nothing is.
#[test]
fn what_waits_has_an_end() {
    let mut run = Run::new(BOTH[0], header());
    waiting(&mut run);
    let path = "a".repeat(4000);
    for at in 0..25_000 {
        run.record(Shown {
            record: openat(at, 1, path.as_bytes()),
            process: process(1, "/bin/a"),
            ..Shown::default()
        });
    }
    run.recorder.flush(Instant::now()).unwrap();
    assert!(read(&run.bytes()).0.is_empty());
    run.recorder.trigger().unwrap();
    run.recorder.finish(&Totals::default()).unwrap();
    let (all, ..) = read(&run.bytes());
    let shown = &run.shown[run.shown.len() - all.len()..];
    // 64 MiB of records of 4 KiB, and what is in the block that was open.
    assert!((14_000..17_000).contains(&all.len()), "{}", all.len());
    assert!(all == shown);
}
