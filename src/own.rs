//! Events that tracee reports by itself about its own run: a new clock, losses.

use crate::catalogue::special;
use crate::clock::Change;
use crate::decode::event::{Arg, Context, Event, Value};
use crate::loader::loss::Loss;
use crate::wire::arg;

/// The wall clock has changed: later events have other stamps. `pid`: tracee's own, as the host counts.
pub fn clock_changed(change: &Change, pid: u32) -> Event<'static> {
    let spec = special::CLOCK_CHANGED;
    let number = |position, raw| Arg::own(spec, position, raw, Value::Number);
    let args = vec![
        number(arg::CLOCK_CHANGED_BEFORE, change.before),
        number(arg::CLOCK_CHANGED_AFTER, change.after),
        number(
            arg::CLOCK_CHANGED_DIFFERENCE,
            change.after.wrapping_sub(change.before),
        ),
        number(arg::CLOCK_CHANGED_UNCHANGED_UNTIL, change.unchanged_until),
    ];
    Event::new(spec, Context::own(spec, change.time, pid), args)
}

/// Events were lost. `time`: ns since boot; `pid`: tracee's own, as the host counts.
pub fn lost_events(loss: &Loss, time: u64, pid: u32) -> Event<'_> {
    let spec = special::LOST_EVENTS;
    let number = |position, raw| Arg::own(spec, position, raw, Value::Number);
    let buffer = Value::Str(loss.buffer.as_bytes());
    let args = vec![
        number(arg::LOST_EVENTS_COUNT, loss.count),
        Arg::own(spec, arg::LOST_EVENTS_BUFFER, 0, buffer),
        number(arg::LOST_EVENTS_FIRST_TIMESTAMP, loss.first),
        number(arg::LOST_EVENTS_LAST_TIMESTAMP, loss.last),
    ];
    Event::new(spec, Context::own(spec, time, pid), args)
}
