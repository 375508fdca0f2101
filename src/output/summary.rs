//! `--summary`: how often each event happened, in place of rows.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::catalogue::special;
use crate::decode::event::Event;
use crate::output::time::push_seconds;

/// Counts of a run, by the event's name.
#[derive(Debug, Default)]
pub struct Summary {
    counts: BTreeMap<&'static str, Count>,
    /// Whether times are shown.
    durations: bool,
}

/// What is known of one event.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    calls: u64,
    errors: u64,
    /// Calls of which it is known how long they took.
    timed: u64,
    /// How long these took, in ns.
    total: u64,
    longest: u64,
    /// Records that were lost: the other numbers are without them.
    lost: u64,
}

impl Count {
    fn add(&mut self, other: Count) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.timed += other.timed;
        self.total = self.total.saturating_add(other.total);
        self.longest = self.longest.max(other.longest);
        self.lost += other.lost;
    }

    fn mean(&self) -> Option<u64> {
        self.total.checked_div(self.timed)
    }
}

impl Summary {
    /// An empty one. `durations`: with times.
    pub fn new(durations: bool) -> Summary {
        Summary {
            counts: BTreeMap::new(),
            durations,
        }
    }

    /// Counts records of an event that were lost.
    pub fn lose(&mut self, event: &'static str, count: u64) {
        self.counts.entry(event).or_default().lost += count;
    }

    /// Counts an event. What tracee reports of a loss is no event of the programs that are counted.
    pub fn add(&mut self, event: &Event<'_>) {
        if event.spec.id == special::LOST_EVENTS.id {
            return;
        }
        self.counts.entry(event.spec.name).or_default().add(Count {
            calls: 1,
            errors: u64::from(event.errno().is_some()),
            timed: u64::from(event.duration.is_some()),
            total: event.duration.unwrap_or(0),
            longest: event.duration.unwrap_or(0),
            lost: 0,
        });
    }

    /// The counts: those that took longest, or happened most often, first.
    fn sorted(&self) -> Vec<(&'static str, Count)> {
        let mut counts: Vec<_> = self.counts.iter().map(|(name, count)| (*name, *count)).collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse((count.total, count.calls)));
        counts
    }

    /// Appends a table of all counts, with their sum.
    pub fn push_table(&self, out: &mut String) {
        let mut sum = Count::default();
        let counts = self.sorted();
        counts.iter().for_each(|(_, count)| sum.add(*count));
        if self.durations {
            let _ = write!(
                out,
                "{:>6} {:>12} {:>9} {:>9} ",
                "% TIME", "TIME(s)", "MEAN(us)", "MAX(us)"
            );
        }
        let lost = if sum.lost > 0 {
            format!("{:>9} ", "LOST")
        } else {
            String::new()
        };
        let _ = writeln!(out, "{:>9} {:>9} {lost}EVENT", "COUNT", "ERRORS");
        for (name, count) in &counts {
            self.push_row(out, name, count, &sum);
        }
        self.push_row(out, "total", &sum, &sum);
    }

    fn push_row(&self, out: &mut String, name: &str, count: &Count, sum: &Count) {
        if self.durations {
            let percent = count.total as f64 * 100.0 / sum.total.max(1) as f64;
            let mut seconds = String::new();
            push_seconds(&mut seconds, count.total);
            let micros = |ns: Option<u64>| match ns {
                Some(ns) => format!("{:.1}", ns as f64 / 1000.0),
                None => "-".into(),
            };
            let longest = Some(count.longest).filter(|_| count.timed > 0);
            let _ = write!(
                out,
                "{percent:>6.2} {seconds:>12} {:>9} {:>9} ",
                micros(count.mean()),
                micros(longest)
            );
        }
        let _ = write!(out, "{:>9} {:>9} ", count.calls, count.errors);
        if sum.lost > 0 {
            let _ = write!(out, "{:>9} ", count.lost);
        }
        let _ = writeln!(out, "{name}");
    }

    /// Appends one JSON object a line and event. Times are in ns; those of events without them are null.
    pub fn push_json(&self, out: &mut String) -> serde_json::Result<()> {
        for (event_name, count) in self.sorted() {
            let known = |ns: u64| Some(ns).filter(|_| count.timed > 0);
            let line = Line {
                event_name,
                count: count.calls,
                errors: count.errors,
                lost: Some(count.lost).filter(|lost| *lost > 0),
                durations: self.durations.then(|| Durations {
                    duration_total: known(count.total),
                    duration_mean: count.mean(),
                    duration_max: known(count.longest),
                }),
            };
            out.push_str(&serde_json::to_string(&line)?);
            out.push('\n');
        }
        Ok(())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    event_name: &'static str,
    count: u64,
    errors: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<u64>,
    #[serde(flatten)]
    durations: Option<Durations>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Durations {
    duration_total: Option<u64>,
    duration_mean: Option<u64>,
    duration_max: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;
    use crate::decode::event::Context;
    use serde_json::json;

    fn summary(durations: bool) -> Summary {
        let mut summary = Summary::new(durations);
        for (name, ret, duration) in [
            ("openat", 3, Some(2000)),
            ("openat", -2, Some(4000)),
            ("close", 0, Some(1500)),
            ("close", 0, None),
            ("close", 0, Some(500)),
            ("exit_group", 0, None),
        ] {
            let context = Context {
                ret,
                ..Context::default()
            };
            let mut event = Event::new(catalogue::expect(name), context, Default::default());
            event.duration = duration.filter(|_| durations);
            summary.add(&event);
        }
        summary
    }

    #[test]
    fn counts_are_shown_with_their_sum() {
        let mut out = String::new();
        summary(false).push_table(&mut out);
        assert_eq!(
            out,
            "    COUNT    ERRORS EVENT\n\
             \x20       3         0 close\n\
             \x20       2         1 openat\n\
             \x20       1         0 exit_group\n\
             \x20       6         1 total\n"
        );
        let mut out = String::new();
        summary(true).push_table(&mut out);
        assert_eq!(
            out,
            "% TIME      TIME(s)  MEAN(us)   MAX(us)     COUNT    ERRORS EVENT\n\
             \x2075.00     0.000006       3.0       4.0         2         1 openat\n\
             \x2025.00     0.000002       1.0       1.5         3         0 close\n\
             \x20 0.00     0.000000         -         -         1         0 exit_group\n\
             100.00     0.000008       2.0       4.0         6         1 total\n"
        );
    }

    #[test]
    fn what_was_lost_is_counted_beside() {
        let mut summary = summary(false);
        summary.lose("openat", 5);
        summary.lose("read", 1);
        let mut out = String::new();
        summary.push_table(&mut out);
        let rows: Vec<Vec<&str>> = out.lines().map(|row| row.split_whitespace().collect()).collect();
        assert_eq!(rows[0], ["COUNT", "ERRORS", "LOST", "EVENT"]);
        assert!(rows.contains(&vec!["2", "1", "5", "openat"]) && rows.contains(&vec!["0", "0", "1", "read"]));
        assert_eq!(rows[rows.len() - 1], ["6", "1", "6", "total"]);
    }

    #[test]
    fn json_has_nanoseconds() {
        let mut out = String::new();
        summary(true).push_json(&mut out).unwrap();
        let lines: Vec<serde_json::Value> = out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(
            lines[0],
            json!({"eventName": "openat", "count": 2, "errors": 1, "durationTotal": 6000, "durationMean": 3000,
                "durationMax": 4000})
        );
        assert_eq!(lines[2]["durationMax"], serde_json::Value::Null);
    }
}
