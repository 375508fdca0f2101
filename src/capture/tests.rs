//! Parts of the collector, each alone: the jobs that it hands to the keeper, and the files in the folder of artefacts.

use std::cell::RefCell;
use std::fs;
use std::rc::Rc;
use std::sync::Arc;

use crossbeam_channel::Receiver;
use tempfile::TempDir;

use super::alerts::Alerts;
use super::clock::Clock;
use super::container::Containers;
use super::job::Job;
use super::record::{AlertRecord, FileRecord, Identity};
use super::settings::Settings;
use super::shared::Shared;
use super::store::Store;
use super::writes::{KernelFiles, KernelKey, Writes};
use crate::clock::WallClock;
use crate::decode::event::Context;
use crate::decode::path::Marks;
use crate::wire::{chunk, ALERT_MAPPED_WX, ALERT_W_TO_X, CHUNK_LAST, FILE_CREATED, TAKE_FILE, TAKE_UNSEEN};

/// `what`: the value of `--capture`. Without fanotify.
fn shared(what: &str) -> (TempDir, Shared, Receiver<Job>) {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::parse(&[what.into()], folder.path().join("out"), false, None)
        .unwrap()
        .unwrap();
    let store = Store::open(&settings.folder, false, settings.limits).unwrap();
    let (jobs, work) = crossbeam_channel::bounded(16);
    let shared = Shared {
        settings,
        store: Arc::new(store),
        jobs,
        sightings: None,
        containers: Containers::new(Box::new(|_| None)),
        clock: Clock::new(WallClock::start(0).unwrap()),
    };
    (folder, shared, work)
}

/// What was passed to the kernel side.
#[derive(Default, Clone)]
struct Recorded {
    skipped: Rc<RefCell<Vec<KernelKey>>>,
    forgotten: Rc<RefCell<Vec<KernelKey>>>,
}

impl KernelFiles for Recorded {
    fn skip(&self, file: &KernelKey) {
        self.skipped.borrow_mut().push(*file);
    }

    fn forget(&self, file: &KernelKey) {
        self.forgotten.borrow_mut().push(*file);
    }
}

const INODE: u64 = 77;

fn opened(path: &str, flags: u32) -> FileRecord {
    FileRecord {
        who: Context::default(),
        what: TAKE_FILE,
        pid: 0,
        file: Identity {
            dev: nix::libc::makedev(8, 1),
            inode: INODE,
            generation: 1,
            ..Identity::default()
        },
        flags,
        fd: 3,
        path: path.into(),
        name: Vec::new(),
        marks: Marks::default(),
    }
}

fn bytes(offset: u64, size: u64) -> chunk {
    chunk {
        inode: INODE,
        dev: (8 << 20) | 1,
        generation: 1,
        offset,
        size,
        ..chunk::default()
    }
}

#[test]
fn bytes_go_where_they_were_written() {
    let (_folder, mut shared, work) = shared("write");
    let mut writes = Writes::new(Box::new(Recorded::default()));
    writes.file(&mut shared, opened("/tmp/a", FILE_CREATED));
    writes.written(&mut shared, &bytes(3, 6), b"def");
    writes.written(&mut shared, &bytes(0, 6), b"abc");
    assert!(writes.is_pending());
    writes.finish_writes(&mut shared, true);
    let Ok(Job::Finish { meta, name, cut, .. }) = work.try_recv() else {
        panic!("no artefact is finished");
    };
    assert_eq!(name, "host/write.dev-2049.inode-77.gen-0");
    assert_eq!(
        (meta.path, meta.reason, meta.file.size),
        (b"/tmp/a".to_vec(), None, 6)
    );
    assert!(cut.is_none() && !writes.is_pending() && work.is_empty());
    assert_eq!(fs::read(shared.store.path().join(name)).unwrap(), b"abcdef");
}

#[test]
fn only_wanted_paths_are_followed() {
    let (_folder, mut shared, work) = shared("write=/tmp/*");
    let recorded = Recorded::default();
    let mut writes = Writes::new(Box::new(recorded.clone()));
    writes.file(&mut shared, opened("/etc/passwd", FILE_CREATED));
    writes.written(&mut shared, &bytes(0, 1), b"x");
    writes.finish_writes(&mut shared, true);
    assert!(work.is_empty() && !writes.is_pending());
    // The inode, the kernel's own number of the device, the generation.
    let key = [
        &INODE.to_ne_bytes()[..],
        &((8u32 << 20) | 1).to_ne_bytes(),
        &1u32.to_ne_bytes(),
    ]
    .concat();
    assert_eq!(
        *recorded.skipped.borrow(),
        [KernelKey::try_from(&key[..]).unwrap()]
    );
}

/// A file that can no longer be reached is listed with the reason, and without an artefact.
#[test]
fn doubt_is_told() {
    let (_folder, mut shared, work) = shared("write");
    let mut writes = Writes::new(Box::new(Recorded::default()));
    let mut record = opened("/tmp/a", FILE_CREATED);
    record.what = TAKE_UNSEEN;
    writes.file(&mut shared, record);
    writes.finish_writes(&mut shared, true);
    let Ok(Job::Report(meta)) = work.try_recv() else {
        panic!("nothing is reported");
    };
    let reason = meta.reason.unwrap();
    assert!(
        reason.starts_with("the kernel wrote to it by itself, and "),
        "{reason}"
    );
}

fn alert(kind: u64) -> AlertRecord {
    AlertRecord {
        who: Context {
            host_tid: 9,
            host_pid: 8,
            time: 5,
            ..Context::default()
        },
        alert: kind,
        addr: 0x1000,
        len: 6,
        path: Vec::new(),
        marks: Marks::default(),
        mapped: [0; 3],
        dev: 0,
        inode: 0,
    }
}

/// A chunk of the memory of `alert()`.
fn memory(offset: u64, hole: u64, flags: u32) -> chunk {
    chunk {
        alert: 5,
        alert_tid: 9,
        offset: 0x1000 + offset,
        hole,
        flags,
        pid: 4,
        ..chunk::default()
    }
}

#[test]
fn memory_is_gathered_until_its_last_chunk() {
    let (_folder, mut shared, work) = shared("mem");
    let mut alerts = Alerts::default();
    alerts.alert(alert(ALERT_W_TO_X));
    alerts.memory(&mut shared, &memory(0, 2, 0), b"");
    alerts.memory(&mut shared, &memory(2, 1, 0), b"");
    alerts.memory(&mut shared, &memory(3, 0, 0), b"abc");
    assert!(alerts.is_pending() && work.is_empty());
    alerts.memory(&mut shared, &memory(6, 0, CHUNK_LAST), b"");
    let Ok(Job::Memory {
        meta,
        artefact,
        pid,
        missing,
        ..
    }) = work.try_recv()
    else {
        panic!("no memory is stored");
    };
    assert!(!alerts.is_pending());
    // Adjacent gaps are one gap.
    assert_eq!((pid, missing), (4, vec![(0x1000, 3)]));
    assert_eq!(meta.area.unwrap().alert, "W_TO_X");
    assert!(artefact.name.starts_with("host/bin.8."), "{}", artefact.name);
    let stored = fs::read(shared.store.path().join(&artefact.name)).unwrap();
    assert_eq!(stored, b"\0\0\0abc");
}

#[test]
fn memory_that_was_empty_is_looked_at_later() {
    let (_folder, mut shared, work) = shared("mem");
    let mut alerts = Alerts::default();
    alerts.alert(alert(ALERT_MAPPED_WX));
    alerts.memory(&mut shared, &memory(0, 0, CHUNK_LAST), b"");
    alerts.after_round(&mut shared, false);
    assert!(alerts.is_pending() && work.is_empty());
    // In the end the memory is read at once, and not again afterwards.
    alerts.after_round(&mut shared, true);
    let Ok(Job::Memory { missing, again, .. }) = work.try_recv() else {
        panic!("no memory is looked at");
    };
    assert_eq!((missing, again), (vec![(0x1000, 6)], false));
    assert!(!alerts.is_pending() && work.is_empty());
}

/// If chunks were lost, the rest is stored, with the reason.
#[test]
fn memory_without_its_end_says_so() {
    let (_folder, mut shared, work) = shared("mem");
    let mut alerts = Alerts::default();
    alerts.alert(alert(ALERT_W_TO_X));
    alerts.memory(&mut shared, &memory(0, 0, 0), b"abc");
    alerts.after_round(&mut shared, true);
    let Ok(Job::Memory { meta, .. }) = work.try_recv() else {
        panic!("no memory is stored");
    };
    assert_eq!(
        meta.reason.as_deref(),
        Some("bytes were lost on their way: the ring was full")
    );
}
