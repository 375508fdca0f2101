//! A moment within a recording, as `--from` and `--to` have it.

use std::time::Duration;

use crate::error::UsageError;
use crate::output::time::local;

/// A moment within a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// So many ns after tracing began.
    After(u64),
    /// At that time of day where the user is: ns since midnight.
    TimeOfDay(u64),
}

/// A time that is longer than nothing: a number with a unit, s (also without one), ms, m or h.
pub fn duration(flag: &'static str, text: &str) -> Result<Duration, UsageError> {
    after(text)
        .filter(|ns| *ns > 0)
        .map(Duration::from_nanos)
        .ok_or_else(|| UsageError::Value {
            flag,
            value: text.into(),
            allowed: "it is a whole number with a unit, such as 10s, 500ms, 5m or 1h".into(),
        })
}

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SECOND;

impl Moment {
    /// Parses the value of this flag: `10s`, `500ms`, `5m`, `1h`, or `13:05`, `13:05:09`, `13:05:09.25`.
    pub fn parse(flag: &'static str, text: &str) -> Result<Moment, UsageError> {
        let parsed = match text.contains(':') {
            true => time_of_day(text).map(Moment::TimeOfDay),
            false => after(text).map(Moment::After),
        };
        parsed.ok_or_else(|| UsageError::Value {
            flag,
            value: text.into(),
            allowed: "it is a time after the recording began, such as 10s, 500ms or 5m, or a time of day, such as 13:05:09"
                .into(),
        })
    }

    /// The same in ns since the epoch, in a recording of that time; `last`: unknown for one that goes on. Of a time of day,
    /// the first one after the beginning is meant; if the recording has ended by then, the one before.
    pub fn wall(self, began: u64, last: Option<u64>) -> u64 {
        let ns = match self {
            Moment::After(ns) => return began.saturating_add(ns),
            Moment::TimeOfDay(ns) => ns,
        };
        let today = midnight_before(began).saturating_add(ns);
        let next = match today < began / SECOND * SECOND {
            true => today.saturating_add(DAY),
            false => today,
        };
        // Without an end, what is far away is less likely than what is near.
        let last = last.unwrap_or(began.saturating_add(DAY / 2));
        match next > last && next.saturating_sub(last) > began.saturating_sub(next.saturating_sub(DAY)) {
            true => next.saturating_sub(DAY),
            false => next,
        }
    }
}

/// The beginning of the user's day at that moment.
fn midnight_before(wall: u64) -> u64 {
    let Some(local) = local(wall / SECOND) else {
        return wall / DAY * DAY;
    };
    let since = i64::from(local.tm_hour) * 3600 + i64::from(local.tm_min) * 60 + i64::from(local.tm_sec);
    (wall / SECOND).saturating_sub(u64::try_from(since).unwrap_or(0)) * SECOND
}

fn after(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "ms" => SECOND / 1000,
        "" | "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3600 * SECOND,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

fn time_of_day(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = whole.split(':').map(|part| match part.len() {
        1 | 2 => part.parse::<u64>().ok(),
        _ => None,
    });
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    let right = parts.next().is_none() && hours < 24 && minutes < 60 && seconds < 60;
    let digits = fraction.len() <= 9 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !right || !digits {
        return None;
    }
    let fraction = format!("{fraction:0<9}").parse::<u64>().ok()?;
    Some((hours * 3600 + minutes * 60 + seconds) * SECOND + fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, milliseconds) in [
            ("10s", 10_000),
            ("500ms", 500),
            ("5m", 300_000),
            ("1h", 3_600_000),
            ("3", 3000),
        ] {
            assert_eq!(
                duration("--for", text).unwrap(),
                Duration::from_millis(milliseconds),
                "{text}"
            );
        }
        for wrong in [
            "",
            "s",
            "0s",
            "-1s",
            "1.5s",
            "10 s",
            "1d",
            "99999999999999999999h",
        ] {
            let message = duration("--for", wrong).unwrap_err().to_string();
            assert!(
                message.contains("--for") && message.contains("500ms"),
                "{message}"
            );
        }
    }

    #[test]
    fn moments() {
        let of = |text: &str| Moment::parse("--from", text);
        assert_eq!(of("10s").unwrap(), Moment::After(10 * SECOND));
        assert_eq!(of("1500ms").unwrap(), Moment::After(SECOND * 3 / 2));
        assert_eq!(
            of("13:05:09.25").unwrap(),
            Moment::TimeOfDay((13 * 3600 + 5 * 60 + 9) * SECOND + SECOND / 4)
        );
        assert_eq!(of("0:05").unwrap(), Moment::TimeOfDay(300 * SECOND));
        for wrong in [
            "",
            "x",
            "10d",
            "25:00",
            "1:60",
            "1:00:00:00",
            "1:2:3.x",
            "001:00",
            "-5s",
            "1:",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_of_day_is_one_within_the_recording() {
        // Some day at 23:59:30 where the user is.
        let began = midnight_before(1_700_000_000 * SECOND) + DAY - 30 * SECOND;
        let last = |last| move |text: &str| Moment::parse("--to", text).unwrap().wall(began, last);
        let of = last(Some(began + 60 * SECOND));
        assert_eq!(of("23:59:40"), began + 10 * SECOND);
        assert_eq!(of("00:00:10"), began + 40 * SECOND);
        assert_eq!(of("10s"), began + 10 * SECOND);
        // Just before it, and just after.
        assert_eq!(of("23:59:00"), began - 30 * SECOND);
        assert_eq!(of("00:01"), began + 90 * SECOND);
        let long = last(Some(began + 20 * 3600 * SECOND));
        assert_eq!(long("18:00"), began + 18 * 3600 * SECOND + 30 * SECOND);
        let goes_on = last(None);
        assert_eq!(goes_on("23:59"), began - 30 * SECOND);
        assert_eq!(goes_on("03:00"), began + 3 * 3600 * SECOND + 30 * SECOND);
    }
}
