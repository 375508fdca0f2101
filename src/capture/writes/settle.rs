//! Written files that are no longer written to: they are listed, or read as they are, and forgotten in the end.

use std::fs::File;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::{Identity, Key, Shared, Writes, Written, FILES_MAX, QUIET};
use crate::capture::job::{Job, Meta};
use crate::capture::reach::open_regular;
use crate::capture::watch::may_block;
use crate::files::Stat;

impl Writes {
    /// Has the keeper copy the file as it is now.
    pub(super) fn read_back(&mut self, shared: &mut Shared, key: Key, source: File) {
        if self.open_artefact(shared, key).is_none() {
            return self.report_nothing(shared, key);
        }
        // The keeper writes to it by itself.
        self.open.remove(&key);
        self.dirty.remove(&key);
        let Some(file) = self.files.get_mut(&key) else {
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
        shared.give(Job::ReadBack {
            meta,
            name,
            file: source,
            version,
        });
    }

    /// Lists files that are no longer written to; in the end, all files.
    pub fn finish_writes(&mut self, shared: &mut Shared, stopped: bool) {
        let now = Instant::now();
        if !stopped && now - self.looked < QUIET / 4 {
            return;
        }
        self.looked = now;
        let quiet: Vec<Key> = self
            .dirty
            .iter()
            .filter(|key| {
                let file = self.files.get(*key);
                stopped || file.is_none_or(|file| now - file.changed >= QUIET)
            })
            .copied()
            .collect();
        for key in quiet {
            self.finish_write(shared, key, stopped);
        }
    }

    /// Makes room for new files. The kernel side reports forgotten files again when they are written to again.
    pub(super) fn make_room(&mut self, shared: &mut Shared) {
        if self.files.len() < FILES_MAX {
            return;
        }
        // Files that will be read at their close are forgotten last.
        let mut oldest: Vec<((bool, Instant), Key)> = self
            .files
            .iter()
            .map(|(key, file)| ((file.doubt.is_some() && !file.closed, file.changed), *key))
            .collect();
        // Half of the files at once, so that the search costs little for each.
        let (forgotten, ..) = oldest.select_nth_unstable(FILES_MAX / 2);
        for (_, key) in forgotten {
            self.finish_write(shared, *key, true);
            if let Some(file) = self.files.remove(key) {
                self.forget(*key, &file);
            }
        }
    }

    /// Lists one file. In doubt, it waits for its close, unless this is the last time.
    pub(super) fn finish_write(&mut self, shared: &mut Shared, key: Key, last: bool) {
        if !self.dirty.contains(&key) {
            return;
        }
        let covered = shared.covers(key.0);
        let Some(file) = self.files.get_mut(&key) else {
            self.dirty.remove(&key);
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
                return self.read_back(shared, key, source);
            }
        }
        self.dirty.remove(&key);
        let doubt = file.doubt;
        let meta = meta(file, doubt);
        match file.name.clone() {
            Some(name) => {
                let (cut, version) = (file.cut, file.version.clone());
                shared.give(Job::Finish {
                    meta,
                    name,
                    cut,
                    version,
                });
            }
            None if file.cut.is_some() || doubt.is_some() => self.report_nothing(shared, key),
            None => {}
        }
    }

    /// Lists a file of which nothing, or nothing more, could be stored.
    fn report_nothing(&mut self, shared: &mut Shared, key: Key) {
        self.dirty.remove(&key);
        let limits = shared.store.limits;
        let Some(file) = self.files.get(&key) else {
            return;
        };
        let mut meta = meta(file, file.doubt);
        if let Some(cut) = file.cut {
            meta.reason = Some(cut.reason(limits));
        }
        shared.give(Job::Report(meta));
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
