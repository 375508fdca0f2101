//! What a run reports at its end: how many events there were, and what was lost or left out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalogue;
use crate::say;

/// Totals of a run; a recording ends with them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Totals {
    /// Events that were shown or recorded.
    pub events: u64,
    /// Chosen events that were lost.
    pub lost: u64,
    /// The same by CPU and event, without zeros.
    pub lost_by: Vec<(usize, String, u64)>,
    /// Records that could not be decoded.
    pub malformed: u64,
    /// Whether filters look at events in user space: some that were lost might not have passed.
    pub filtered_late: bool,
    /// Processes and containers that found no room in a table.
    pub tables: u64,
    /// Lost records that only tracee itself needs.
    pub bookkeeping: u64,
    /// Processes that were not remembered, or not all of them.
    pub unremembered: u64,
    /// Processes that were forgotten soon after their end.
    pub forgotten: u64,
    /// Containers whose names were not known in time.
    pub nameless: u64,
    /// How often the kernel skipped a program.
    pub misses: u64,
}

impl Totals {
    /// How many records of which events were lost.
    pub fn by_event(&self) -> Vec<(&'static str, u64)> {
        let lost = self.lost_by.iter();
        lost.filter_map(|(_, event, count)| Some((catalogue::by_name(event)?.name, *count)))
            .collect()
    }

    /// The same with each event's losses in one sum, as those of the first CPU.
    pub fn without_cpus(&self) -> Totals {
        let mut by_event = BTreeMap::new();
        for (_, event, count) in &self.lost_by {
            *by_event.entry(event.clone()).or_default() += count;
        }
        Totals {
            lost_by: by_event
                .into_iter()
                .map(|(event, count)| (0, event, count))
                .collect(),
            ..self.clone()
        }
    }

    /// Adds losses of events of which nothing else is known.
    pub fn lose(&mut self, count: u64) {
        self.lost = self.lost.saturating_add(count);
    }

    /// Adds those of another run.
    pub fn add(&mut self, other: &Totals) {
        self.lost_by.extend_from_slice(&other.lost_by);
        self.filtered_late |= other.filtered_late;
        for (sum, count) in [
            (&mut self.events, other.events),
            (&mut self.lost, other.lost),
            (&mut self.malformed, other.malformed),
            (&mut self.tables, other.tables),
            (&mut self.bookkeeping, other.bookkeeping),
            (&mut self.unremembered, other.unremembered),
            (&mut self.forgotten, other.forgotten),
            (&mut self.nameless, other.nameless),
            (&mut self.misses, other.misses),
        ] {
            *sum = sum.saturating_add(count);
        }
    }

    /// Prints them on standard error; `quiet`: only what went wrong.
    pub fn say(&self, quiet: bool) {
        let Totals { events, lost, .. } = self;
        if !quiet || *lost > 0 {
            let word = if *events == 1 { "event" } else { "events" };
            say!("{events} {word}, {lost} lost");
        }
        if self.malformed > 0 {
            say!(
                "{} records could not be decoded: please report this",
                self.malformed
            );
        }
        if *lost > 0 {
            let parts: Vec<_> = self
                .lost_by
                .iter()
                .map(|(cpu, event, count)| format!("cpu{cpu} {event} {count}"))
                .collect();
            if !parts.is_empty() {
                say!("lost: {}", parts.join(", "));
            }
            if self.filtered_late {
                say!("some lost events might not have passed the filters that user space decides");
            }
        }
        if self.tables > 0 {
            say!(
                "also dropped: {} processes or containers, since tables were full; processes that have started since \
                 count as traced",
                self.tables
            );
        }
        if self.bookkeeping > 0 {
            say!(
                "also dropped: {} records that tracee itself needs; executables may be missing or outdated",
                self.bookkeeping
            );
        }
        if self.unremembered > 0 {
            say!(
                "{} processes not remembered, or not what they run: too many are running",
                self.unremembered
            );
        }
        if self.forgotten > 0 {
            say!(
                "{} processes forgotten within a minute after their end; ancestors may be missing",
                self.forgotten
            );
        }
        if self.nameless > 0 {
            let containers = if self.nameless == 1 {
                "container"
            } else {
                "containers"
            };
            say!(
                "warning: {} {containers} without a name: no runtime reported it in time",
                self.nameless
            );
        }
        if self.misses > 0 {
            say!(
                "up to {} more lost: the kernel skipped tracee's programs that many times",
                self.misses
            );
        }
    }
}
