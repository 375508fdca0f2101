//! Memory that became executable, on the collector's thread: gathers what the kernel side read of each alert.

use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::collector::{open_regular, Collector};
use super::container::Containers;
use super::keeper::{Job, Meta};
use super::memory::{alert_name, Area};
use super::record::{AlertRecord, Identity};
use super::store::{Artefact, Cut, Store};
use super::watch::may_block;
use super::Clock;
use crate::wire::{chunk, ALERT_MAPPED_WX, ALERT_WRITTEN_FILE, CHUNK_LAST};

/// Memory that may be written and executed at once is looked at after these times.
const LATER: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];
/// As many of these are waited for at the most; alerts that are under way, too.
const PENDING_MAX: usize = 1024;

/// Memory of an alert, whose chunks are still coming.
pub(super) struct Gathered {
    pub(super) alert: AlertRecord,
    pub(super) artefact: Option<Result<Artefact, Cut>>,
    pub(super) missing: Vec<(u64, u64)>,
}

/// Memory that is looked at later.
pub(super) struct Later {
    pub(super) due: Instant,
    pub(super) alert: AlertRecord,
    pub(super) pid: u32,
    /// How often it has been looked at.
    pub(super) round: usize,
}

impl Collector {
    pub(super) fn alert(&mut self, alert: AlertRecord) {
        if self.memory.len() >= PENDING_MAX {
            // Their ends were lost.
            self.memory.clear();
        }
        self.memory.insert(
            (alert.who.host_tid, alert.who.time),
            Gathered {
                alert,
                artefact: None,
                missing: Vec::new(),
            },
        );
    }

    pub(super) fn memory(&mut self, head: &chunk, data: &[u8]) {
        let key = (head.alert_tid, head.alert);
        let Some(gathered) = self.memory.get_mut(&key) else {
            return;
        };
        let base = gathered.alert.addr;
        if !data.is_empty() {
            let alert = &gathered.alert;
            let artefact = gathered
                .artefact
                .get_or_insert_with(|| create(&self.store, &mut self.containers, &self.clock, alert));
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
            self.gathered(key, head.pid, false);
        }
    }

    /// All that the kernel side had.
    pub(super) fn gathered(&mut self, key: (u32, u64), pid: u32, cut: bool) {
        let Some(Gathered {
            alert,
            artefact,
            mut missing,
        }) = self.memory.remove(&key)
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
        let mut meta = self.memory_meta(&alert);
        if cut {
            meta.reason = Some("bytes were lost on their way: the ring was full".into());
        }
        let artefact =
            artefact.unwrap_or_else(|| create(&self.store, &mut self.containers, &self.clock, &alert));
        let file = match alert.alert {
            ALERT_WRITTEN_FILE => mapped_file(&alert, pid),
            _ => None,
        };
        if file.is_some() {
            missing = vec![(alert.addr, alert.len)];
        }
        match artefact {
            Ok(artefact) => self.give(Job::Memory {
                meta,
                artefact,
                pid,
                missing,
                file,
                again: false,
            }),
            Err(reason) => {
                meta.reason = Some(reason.reason(self.store.limits));
                self.give(Job::Tell(meta));
            }
        }
    }

    fn memory_meta(&mut self, alert: &AlertRecord) -> Meta {
        Meta {
            kind: "mem",
            who: alert.who,
            container: self.containers.folder(&alert.who),
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

    /// Memory that was empty when it was mapped: what has been written there since.
    pub(super) fn look_later(&mut self, later: Later, stopped: bool) {
        let Later {
            alert, pid, round, ..
        } = later;
        let meta = self.memory_meta(&alert);
        match create(&self.store, &mut self.containers, &self.clock, &alert) {
            Ok(artefact) => self.give(Job::Memory {
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

fn create(
    store: &Arc<Store>,
    containers: &mut Containers,
    clock: &Clock,
    alert: &AlertRecord,
) -> Result<Artefact, Cut> {
    let folder = containers.folder(&alert.who);
    let name = format!(
        "bin.{}.{}.{:x}",
        alert.who.host_pid,
        clock.wall(alert.who.time),
        alert.addr
    );
    store.create(&folder, &name)
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
