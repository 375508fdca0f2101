//! Memory that became executable: puts together what the kernel side read of each alert.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::time::{Duration, Instant};

use super::job::{Area, Job, Meta};
use super::memory::alert_name;
use super::reach::open_regular;
use super::record::{AlertRecord, Identity};
use super::shared::Shared;
use super::store::{Artefact, Cut};
use super::watch::may_block;
use crate::wire::{chunk, ALERT_MAPPED_WX, ALERT_WRITTEN_FILE, CHUNK_LAST};

/// Memory that may be written and executed at once is read after these times.
const LATER: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];
/// At most so many of these wait; the same limit holds for alerts under way.
const PENDING_MAX: usize = 1024;

/// Memory of an alert, whose chunks are still coming.
struct Gathered {
    alert: AlertRecord,
    artefact: Option<Result<Artefact, Cut>>,
    missing: Vec<(u64, u64)>,
}

/// Memory that is read later.
struct Later {
    due: Instant,
    alert: AlertRecord,
    pid: u32,
    /// How often it has been read.
    round: usize,
}

/// Memory that became executable.
#[derive(Default)]
pub struct Alerts {
    /// Alerts under way, by thread and time.
    gathered: HashMap<(u32, u64), Gathered>,
    later: VecDeque<Later>,
}

impl Alerts {
    pub fn is_pending(&self) -> bool {
        !self.gathered.is_empty() || !self.later.is_empty()
    }

    /// Reads memory that is due; in the end, all of it.
    pub fn after_round(&mut self, shared: &mut Shared, stopped: bool) {
        let now = Instant::now();
        while self
            .later
            .front()
            .is_some_and(|later| stopped || later.due <= now)
        {
            if let Some(later) = self.later.pop_front() {
                self.look_later(shared, later, stopped);
            }
        }
        if stopped {
            let keys: Vec<_> = self.gathered.keys().copied().collect();
            for key in keys {
                self.finish(shared, key, 0, true);
            }
        }
    }

    /// An alert, whose bytes follow.
    pub fn alert(&mut self, alert: AlertRecord) {
        if self.gathered.len() >= PENDING_MAX {
            // The ends of these alerts were lost.
            self.gathered.clear();
        }
        self.gathered.insert(
            (alert.who.host_tid, alert.who.time),
            Gathered {
                alert,
                artefact: None,
                missing: Vec::new(),
            },
        );
    }

    /// Bytes of an alert's memory.
    pub fn memory(&mut self, shared: &mut Shared, head: &chunk, data: &[u8]) {
        let key = (head.alert_tid, head.alert);
        let Some(gathered) = self.gathered.get_mut(&key) else {
            return;
        };
        let base = gathered.alert.addr;
        if !data.is_empty() {
            let alert = &gathered.alert;
            let artefact = gathered.artefact.get_or_insert_with(|| create(shared, alert));
            if let Ok(artefact) = artefact {
                artefact.write_at(data, head.offset.wrapping_sub(base));
            }
        }
        if head.hole > 0 {
            match gathered.missing.last_mut() {
                Some((addr, len)) if *addr + *len == head.offset => *len += head.hole,
                _ => gathered.missing.push((head.offset, head.hole)),
            }
        }
        if head.flags & CHUNK_LAST != 0 {
            self.finish(shared, key, head.pid, false);
        }
    }

    /// Stores an alert once the kernel side has sent everything.
    fn finish(&mut self, shared: &mut Shared, key: (u32, u64), pid: u32, cut: bool) {
        let Some(Gathered {
            alert,
            artefact,
            mut missing,
        }) = self.gathered.remove(&key)
        else {
            return;
        };
        if alert.alert == ALERT_MAPPED_WX {
            if self.later.len() < PENDING_MAX {
                self.later.push_back(Later {
                    due: Instant::now() + LATER[0],
                    alert,
                    pid,
                    round: 0,
                });
            }
            return;
        }
        let mut meta = memory_meta(shared, &alert);
        if cut {
            meta.reason = Some("bytes were lost on their way: the ring was full".into());
        }
        let artefact = artefact.unwrap_or_else(|| create(shared, &alert));
        let file = match alert.alert {
            ALERT_WRITTEN_FILE => mapped_file(&alert, pid),
            _ => None,
        };
        if file.is_some() {
            missing = vec![(alert.addr, alert.len)];
        }
        match artefact {
            Ok(artefact) => shared.give(Job::Memory {
                meta,
                artefact,
                pid,
                missing,
                file,
                again: false,
            }),
            Err(reason) => {
                meta.reason = Some(reason.reason(shared.store.limits));
                shared.give(Job::Report(meta));
            }
        }
    }

    /// Reads memory that was empty when it was mapped, for what has been written there since.
    fn look_later(&mut self, shared: &mut Shared, later: Later, stopped: bool) {
        let Later {
            alert, pid, round, ..
        } = later;
        let meta = memory_meta(shared, &alert);
        match create(shared, &alert) {
            Ok(artefact) => shared.give(Job::Memory {
                meta,
                artefact,
                pid,
                missing: vec![(alert.addr, alert.len)],
                file: None,
                again: round > 0,
            }),
            Err(_) => return,
        }
        if let (Some(delay), false) = (LATER.get(round + 1), stopped) {
            self.later.push_back(Later {
                due: Instant::now() + *delay,
                alert,
                pid,
                round: round + 1,
            });
        }
    }
}

fn memory_meta(shared: &mut Shared, alert: &AlertRecord) -> Meta {
    Meta {
        kind: "mem",
        who: alert.who,
        container: shared.containers.folder(&alert.who),
        path: alert.path.clone(),
        marks: alert.marks,
        file: Identity::default(),
        area: Some(Area {
            addr: alert.addr,
            len: alert.len,
            alert: alert_name(alert.alert),
        }),
        role: "kernel",
        reason: None,
        read_at_close: false,
    }
}

fn create(shared: &mut Shared, alert: &AlertRecord) -> Result<Artefact, Cut> {
    let folder = shared.containers.folder(&alert.who);
    let name = format!(
        "bin.{}.{}.{:x}",
        alert.who.host_pid,
        shared.clock.wall(alert.who.time),
        alert.addr
    );
    shared.store.create(&folder, &name)
}

/// The file behind a mapping, if the process still has it open, and where in it the mapping begins.
fn mapped_file(alert: &AlertRecord, pid: u32) -> Option<(File, u64)> {
    let [magic, fd, offset] = alert.mapped;
    if pid == 0 || may_block(false, pid, alert.dev, magic) {
        return None;
    }
    let file = open_regular(&format!("/proc/{pid}/fd/{fd}"), alert.dev, alert.inode).ok()?;
    Some((file, offset))
}
