//! What TIME shows in tables.

use std::fmt::Write as _;

use nix::libc;

/// `--time`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Time {
    /// Seconds since boot.
    #[default]
    Boot,
    /// Local time of day.
    Wall,
    /// Seconds since tracing began.
    Relative,
    /// Seconds since the row before.
    Delta,
}

impl Time {
    /// The column's title.
    pub fn title(self) -> &'static str {
        match self {
            Time::Boot => "TIME(s)",
            Time::Wall => "TIME",
            Time::Relative => "SINCE(s)",
            Time::Delta => "DELTA(s)",
        }
    }

    /// Columns that moments from this one on take at least, in ns since boot.
    pub fn least(self, at: u64) -> usize {
        match self {
            Time::Boot => {
                let mut text = String::new();
                push_seconds(&mut text, at);
                text.len().max(9)
            }
            Time::Wall => self.width(),
            Time::Relative | Time::Delta => 9,
        }
    }

    /// Columns that a moment usually takes.
    pub fn width(self) -> usize {
        match self {
            Time::Boot => 14,
            Time::Wall => 15,
            Time::Relative | Time::Delta => 12,
        }
    }
}

/// Times of the rows of one table.
#[derive(Debug, Default)]
pub struct Times {
    kind: Time,
    /// Where relative times count from, in ns since boot: the beginning of tracing, or the row before.
    from: Option<u64>,
}

impl Times {
    /// Times of this kind.
    pub fn new(kind: Time) -> Times {
        Times { kind, from: None }
    }

    /// Sets when tracing began, in ns since boot.
    pub fn begin(&mut self, at: u64) {
        self.from = Some(at);
    }

    /// Appends a moment, given in ns since boot; `wall` makes nanoseconds since the epoch of it.
    pub fn push(&mut self, out: &mut String, time: u64, wall: impl Fn(u64) -> u64) {
        let nanoseconds = match self.kind {
            Time::Boot => time,
            Time::Wall => return push_local(out, wall(time)),
            Time::Relative => time.saturating_sub(*self.from.get_or_insert(time)),
            Time::Delta => {
                let before = self.from.replace(time).unwrap_or(time);
                time.saturating_sub(before)
            }
        };
        push_seconds(out, nanoseconds);
    }
}

/// Appends nanoseconds as seconds with six digits: `5.000042`.
pub fn push_seconds(out: &mut String, nanoseconds: u64) {
    let (seconds, micros) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000 / 1000);
    out.push_str(itoa::Buffer::new().format(seconds));
    push_micros(out, micros);
}

/// Appends a point and six digits.
fn push_micros(out: &mut String, micros: u64) {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(micros);
    out.push('.');
    out.push_str(&"000000"[digits.len().min(6)..]);
    out.push_str(digits);
}

/// A moment where the user is: seconds since the epoch, in parts. `None` if it is none.
pub fn local(seconds: u64) -> Option<libc::tm> {
    let seconds = libc::time_t::try_from(seconds).ok()?;
    // SAFETY: made of integers and a pointer that may be null.
    let mut local: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: reads a number and fills a structure, both of which live until it returns.
    let known = unsafe { libc::localtime_r(&raw const seconds, &raw mut local) };
    (!known.is_null()).then_some(local)
}

/// Appends the time of day of this moment where the user is, `13:05:09.000123`.
fn push_local(out: &mut String, since_epoch: u64) {
    let (seconds, micros) = (since_epoch / 1_000_000_000, since_epoch % 1_000_000_000 / 1000);
    let Some(local) = local(seconds) else {
        return push_seconds(out, since_epoch);
    };
    let _ = write!(
        out,
        "{:02}:{:02}:{:02}",
        local.tm_hour, local.tm_min, local.tm_sec
    );
    push_micros(out, micros);
}

/// Appends the day before that: `2026-11-28 13:05:09.000123`.
pub fn push_local_date(out: &mut String, since_epoch: u64) {
    if let Some(local) = local(since_epoch / 1_000_000_000) {
        let _ = write!(
            out,
            "{:04}-{:02}-{:02} ",
            local.tm_year + 1900,
            local.tm_mon + 1,
            local.tm_mday
        );
    }
    push_local(out, since_epoch);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(times: &mut Times, time: u64) -> String {
        let mut out = String::new();
        times.push(&mut out, time, |time| time + 1_000_000_000);
        out
    }

    #[test]
    fn times_of_each_kind() {
        let moments = [5_000_001_000, 5_250_000_000, 7_000_000_000];
        for (kind, expected) in [
            (Time::Boot, ["5.000001", "5.250000", "7.000000"]),
            (Time::Relative, ["1.000001", "1.250000", "3.000000"]),
            (Time::Delta, ["1.000001", "0.249999", "1.750000"]),
        ] {
            let mut times = Times::new(kind);
            times.begin(4_000_000_000);
            assert_eq!(moments.map(|time| shown(&mut times, time)), expected, "{kind:?}");
        }
        let mut times = Times::new(Time::Wall);
        let local = shown(&mut times, 3_599_000_042_000);
        // The minutes of a time zone are those of others, or half an hour away.
        assert!(local.ends_with(":00.000042") && local.len() == 15, "{local}");
    }
}
