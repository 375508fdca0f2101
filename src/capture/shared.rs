//! What the parts of the collector have in common: where artefacts go, who copies them, and which files are watched.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::SendTimeoutError;

use super::clock::Clock;
use super::container::Containers;
use super::job::{Job, Jobs};
use super::record::FileRecord;
use super::settings::Settings;
use super::sightings::Sightings;
use super::store::Store;
use super::watch::may_block;

/// While work is given to the keeper, fanotify is asked after this time.
const BUSY: Duration = Duration::from_millis(10);

/// What each part of the collector is lent by it.
pub struct Shared {
    pub settings: Settings,
    pub store: Arc<Store>,
    pub jobs: Jobs,
    /// Unless fanotify is not to be had.
    pub sightings: Option<Arc<Sightings>>,
    pub containers: Containers,
    pub clock: Clock,
}

impl Shared {
    /// Hands a job to the keeper.
    pub fn give(&self, mut job: Job) {
        // With much to give, or a keeper that has no time, fanotify's queue must not run over.
        loop {
            if let Some(sightings) = &self.sightings {
                sightings.read_after(BUSY);
            }
            // The keeper lives for as long as we can send.
            match self.jobs.send_timeout(job, BUSY) {
                Err(SendTimeoutError::Timeout(back)) => job = back,
                _ => return,
            }
        }
    }

    /// Has fanotify watch the file's file system, if it does not yet: a container's, mounted just now.
    pub fn cover(&self, file: &FileRecord, link: &str) {
        if let Some(sightings) = &self.sightings {
            let (pid, dev) = (file.pid, file.file.dev);
            let is_new = pid != 0 && file.marks.in_folder() && !self.covers(dev);
            if is_new && !may_block(false, pid, dev, file.file.magic) {
                sightings.cover(&PathBuf::from(format!("/proc/{pid}/{link}")), dev);
            }
        }
    }

    /// Whether fanotify watches this file system.
    pub fn covers(&self, dev: u64) -> bool {
        self.sightings.as_ref().is_some_and(|it| it.covers(dev))
    }
}
