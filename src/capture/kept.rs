//! How much a run has captured, as reported in the end.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::captured::{Captured, STOPPED};

/// At most so many names are remembered: traced programs decide how many there are.
const KNOWN_MAX: usize = 1 << 16;

/// What has been captured so far.
pub struct Kept {
    folder: PathBuf,
    /// Whether an artefact is complete, by name; for one that is reported again the last report counts.
    stored: HashMap<String, bool>,
    /// Counts of those that are no longer remembered.
    before: Counts,
    not_stored: u64,
}

#[derive(Default, Clone, Copy)]
struct Counts {
    stored: u64,
    incomplete: u64,
}

impl Kept {
    pub fn new(folder: &Path) -> Kept {
        Kept {
            folder: folder.into(),
            stored: HashMap::new(),
            before: Counts::default(),
            not_stored: 0,
        }
    }

    pub fn count(&mut self, captured: &Captured) {
        match &captured.artefact {
            Some(name) => self.store(name, captured.reason.is_none()),
            None => self.not_stored += u64::from(captured.kind != STOPPED),
        }
    }

    fn store(&mut self, name: &str, complete: bool) {
        if let Some(known) = self.stored.get_mut(name) {
            *known = complete;
            return;
        }
        if self.stored.len() >= KNOWN_MAX {
            self.before = self.counts();
            self.stored.clear();
        }
        self.stored.insert(name.to_owned(), complete);
    }

    fn counts(&self) -> Counts {
        let incomplete = self.stored.values().filter(|complete| !**complete).count();
        Counts {
            stored: self.before.stored + self.stored.len() as u64,
            incomplete: self.before.incomplete + incomplete as u64,
        }
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { stored, incomplete } = self.counts();
        // One that was forgotten and is reported again counts twice.
        let about = if self.before.stored > 0 { "up to " } else { "" };
        let artefacts = if stored == 1 { "artefact" } else { "artefacts" };
        write!(f, "{about}{stored} {artefacts} captured")?;
        if incomplete > 0 {
            write!(f, ", {incomplete} of them incomplete")?;
        }
        write!(f, ", listed in {}", self.folder.join("index.jsonl").display())?;
        match self.not_stored {
            0 => Ok(()),
            more => write!(f, "; {more} more could not be stored"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_there_are_in_bounded_memory() {
        let mut kept = Kept::new(Path::new("/out"));
        kept.store("a", false);
        kept.store("a", true);
        assert_eq!(
            kept.to_string(),
            "1 artefact captured, listed in /out/index.jsonl"
        );
        kept.store("b", false);
        for n in 0..2 * KNOWN_MAX {
            kept.store(&n.to_string(), true);
        }
        assert!(kept.stored.len() <= KNOWN_MAX);
        let all = 2 * KNOWN_MAX + 2;
        assert_eq!(
            kept.to_string(),
            format!("up to {all} artefacts captured, 1 of them incomplete, listed in /out/index.jsonl")
        );
    }
}
