//! What the parts of the collector share: where artefacts go, who copies them, and which files are watched.

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

/// While jobs wait for the keeper, fanotify is asked after this time.
const BUSY: Duration = Duration::from_millis(10);

/// What the collector lends to each of its parts.
pub struct Shared {
    pub settings: Settings,
    pub store: Arc<Store>,
    pub jobs: Jobs,
    /// `None` if fanotify is unavailable.
    pub sightings: Option<Arc<Sightings>>,
    pub containers: Containers,
    pub clock: Clock,
}

impl Shared {
    /// Hands a job to the keeper.
    pub fn give(&self, mut job: Job) {
        // With many jobs, or a busy keeper, fanotify's queue must not overflow.
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

    /// Has fanotify watch the file's file system, if it does not yet, such as a container's, mounted just now.
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
