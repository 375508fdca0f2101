//! The record of an event, as the kernel side would have made it: of events that tracee reports by itself.

use crate::decode::event::{Context, Event, Value};
use crate::wire::{item_header, ITEM_FAULT};

/// A record that decodes to this event. Its arguments are numbers, pointers, texts and what is missing: no event of
/// tracee's own has others.
pub fn record(event: &Event<'_>) -> Vec<u8> {
    let context = Context {
        nvalues: u8::try_from(event.args.len()).unwrap_or(u8::MAX),
        ..event.context
    };
    let mut record = begin(&context, event.args.iter().map(|arg| arg.raw));
    for (index, arg) in (0..).zip(&event.args) {
        match arg.value {
            Value::Str(text) => push_item(&mut record, index, text),
            Value::Fault => push_unknown(&mut record, index),
            _ => {}
        }
    }
    record
}

/// A record with these values and no items yet. `context.nvalues` is how many values there are.
pub fn begin(context: &Context, values: impl IntoIterator<Item = u64>) -> Vec<u8> {
    // SAFETY: Context is made of integers without padding (it is Plain).
    let mut record = unsafe { plain::as_bytes(context) }.to_vec();
    record.extend(values.into_iter().flat_map(u64::to_ne_bytes));
    record
}

/// Appends the bytes of the argument at this position.
pub fn push_item(record: &mut Vec<u8>, index: u8, bytes: &[u8]) {
    let header = item_header {
        index,
        len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        full: bytes.len() as u64,
        ..item_header::default()
    };
    // SAFETY: made of integers without padding (it is Plain).
    record.extend(unsafe { plain::as_bytes(&header) });
    record.extend(bytes);
    record.resize(record.len().next_multiple_of(8), 0);
}

/// Appends that the value of the argument at this position is unknown.
pub fn push_unknown(record: &mut Vec<u8>, index: u8) {
    let header = item_header {
        index,
        status: ITEM_FAULT,
        ..item_header::default()
    };
    // SAFETY: made of integers without padding (it is Plain).
    record.extend(unsafe { plain::as_bytes(&header) });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::special;
    use crate::decode::decode;
    use crate::decode::event::Arg;

    #[test]
    fn a_record_decodes_to_its_event() {
        let spec = special::ARTIFACT_CAPTURED;
        let values = [
            (0, Value::Str(b"write")),
            (0, Value::Null),
            (0, Value::Str(b"")),
            (u64::MAX, Value::Number),
            (0, Value::Null),
            (1, Value::Number),
            (0, Value::Null),
            (7, Value::Number),
            (8, Value::Number),
            (0xfff0, Value::Pointer),
        ];
        let args = spec
            .args
            .iter()
            .zip(values)
            .map(|(spec, (raw, value))| Arg::new(spec, raw, value));
        let event = Event::new(spec, Context::own(spec, 5, 6), args.collect());
        let record = record(&event);
        let decoded = decode(&record).unwrap();
        assert_eq!(decoded.args.len(), event.args.len());
        for (one, other) in decoded.args.iter().zip(&event.args) {
            assert_eq!(
                (one.raw, &one.value),
                (other.raw, &other.value),
                "{}",
                one.spec.name
            );
        }
        assert_eq!((decoded.context.time, decoded.context.pid), (5, 6));
        assert_eq!(decoded.comm(), b"tracee");
    }
}
