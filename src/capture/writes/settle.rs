//! Written files that have come to rest: they are listed, or read as they are, and forgotten in the end.

use std::fs::File;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::{Collector, Identity, Key, Written, FILES_MAX, QUIET};
use crate::capture::collector::open_regular;
use crate::capture::keeper::{Job, Meta};
use crate::capture::watch::may_block;
use crate::files::Stat;

impl Collector {
    /// Has the keeper copy the file as it is now.
    pub(super) fn read_back(&mut self, key: Key, source: File) {
        if self.open_artefact(key).is_none() {
            return self.tell_nothing(key);
        }
        // The keeper writes to it by itself.
        self.writes.open.remove(&key);
        self.writes.dirty.remove(&key);
        let Some(file) = self.writes.files.get_mut(&key) else {
            return;
        };
        file.doubt = None;
        file.cut = None;
        file.missed = false;
        file.version.idle.store(false, Ordering::Release);
        let version = file.version.clone();
        let meta = meta(file, None);
        let Some(name) = file.name.clone() else {
            return;
        };
        self.give(Job::ReadBack {
            meta,
            name,
            file: source,
            version,
        });
    }

    /// Lists what has come to rest; in the end, everything.
    pub(in crate::capture) fn finish_writes(&mut self, stopped: bool) {
        let now = Instant::now();
        if !stopped && now - self.writes.looked < QUIET / 4 {
            return;
        }
        self.writes.looked = now;
        let quiet: Vec<Key> = self
            .writes
            .dirty
            .iter()
            .filter(|key| {
                let file = self.writes.files.get(*key);
                stopped || file.is_none_or(|file| now - file.changed >= QUIET)
            })
            .copied()
            .collect();
        for key in quiet {
            self.finish_write(key, stopped);
        }
    }

    /// Makes room for new files. Those that are forgotten are told anew by the kernel side when they are written to again.
    pub(super) fn make_room(&mut self) {
        if self.writes.files.len() < FILES_MAX {
            return;
        }
        // Those that are to be read at their close go last.
        let mut oldest: Vec<((bool, Instant), Key)> = self
            .writes
            .files
            .iter()
            .map(|(key, file)| ((file.doubt.is_some() && !file.closed, file.changed), *key))
            .collect();
        // So many at once that looking for them costs little for each.
        let (forgotten, ..) = oldest.select_nth_unstable(FILES_MAX / 2);
        for (_, key) in forgotten {
            self.finish_write(*key, true);
            if let Some(file) = self.writes.files.remove(key) {
                self.writes.forget(*key, &file);
            }
        }
    }

    /// Lists one file. In doubt, it waits for its close, unless this is the last time.
    pub(super) fn finish_write(&mut self, key: Key, last: bool) {
        if !self.writes.dirty.contains(&key) {
            return;
        }
        let covered = self.covers(key.0);
        let Some(file) = self.writes.files.get_mut(&key) else {
            self.writes.dirty.remove(&key);
            return;
        };
        if file.doubt.is_some() {
            if !last && covered && !file.closed {
                return;
            }
            let path = format!("/proc/{}/fd/{}", file.record.pid, file.record.fd);
            let reached = file.held.take().or_else(|| {
                match may_block(covered, file.record.pid, key.0, file.record.file.magic) {
                    true => None,
                    false => open_regular(&path, key.0, key.1).ok(),
                }
            });
            if let Some(source) = reached {
                if let Ok(stat) = Stat::of(&source) {
                    (file.mtime, file.size) = (stat.mtime, stat.size);
                }
                return self.read_back(key, source);
            }
        }
        self.writes.dirty.remove(&key);
        let doubt = file.doubt;
        let meta = meta(file, doubt);
        match file.name.clone() {
            Some(name) => {
                let (cut, version) = (file.cut, file.version.clone());
                self.give(Job::Finish {
                    meta,
                    name,
                    cut,
                    version,
                });
            }
            None if file.cut.is_some() || doubt.is_some() => self.tell_nothing(key),
            None => {}
        }
    }

    /// Lists a file of which nothing could be stored, or no more.
    fn tell_nothing(&mut self, key: Key) {
        self.writes.dirty.remove(&key);
        let limits = self.store.limits;
        let Some(file) = self.writes.files.get(&key) else {
            return;
        };
        let mut meta = meta(file, file.doubt);
        if let Some(cut) = file.cut {
            meta.reason = Some(cut.reason(limits));
        }
        self.give(Job::Tell(meta));
    }
}

fn meta(file: &Written, doubt: Option<&str>) -> Meta {
    Meta {
        kind: "write",
        who: file.record.who,
        container: file.container.clone(),
        path: file.record.path.clone(),
        marks: file.record.marks,
        file: Identity {
            size: file.size,
            mtime: file.mtime,
            ..file.record.file
        },
        area: None,
        role: "",
        reason: doubt.map(|doubt| {
            let why = match file.missed {
                true => "too many files were closed at once to hold it until it was read",
                false => "the file was not to be reached any more to be read",
            };
            format!("{doubt}, and {why}")
        }),
        read_at_close: false,
    }
}
