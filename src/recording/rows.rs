//! Records of another version of tracee, as records of this one: events and arguments are found by their names.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::catalogue::{self, EventSpec};
use crate::decode::cursor::Cursor;
use crate::decode::encode;
use crate::decode::event::Context;
use crate::recording::header::{Header, Row};
use crate::wire::{item_header, ITEM_DURATION, ITEM_NODENAME, ITEM_SEEN, NO_SYSCALL};

/// How records of one event become ours.
struct Translation {
    event: &'static EventSpec,
    /// Our position of each of its arguments; `None`: we have no such argument, or of another type.
    args: Vec<Option<u8>>,
    /// Ours that it does not have.
    missing: Vec<u8>,
}

/// The rows of a recording, beside ours.
pub struct Rows {
    /// Our id of each id of the recording's that differs.
    ids: HashMap<u16, Option<u16>>,
    /// By the recording's ids: events whose rows differ.
    differ: HashMap<u16, Translation>,
    /// What cannot be shown: names of events, and of arguments as `event.argument`.
    unknown: BTreeSet<String>,
    /// One record, translated.
    buffer: Vec<u8>,
}

/// A record that does not follow its row.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

impl Translation {
    /// `None` where the rows are alike.
    fn of(event: &'static EventSpec, row: &Row, unknown: &mut BTreeSet<String>) -> Option<Translation> {
        let ours = Row::of(event, row.shown);
        if ours.args == row.args {
            return None;
        }
        let position = |arg: &(String, String)| {
            let at = ours.args.iter().position(|own| own == arg);
            if at.is_none() {
                unknown.insert(format!("{}.{}", row.name, arg.0));
            }
            at.and_then(|at| u8::try_from(at).ok())
        };
        let args: Vec<_> = row.args.iter().map(position).collect();
        let missing = (0..event.args.len())
            .filter_map(|at| u8::try_from(at).ok())
            .filter(|at| !args.contains(&Some(*at)));
        Some(Translation {
            event,
            missing: missing.collect(),
            args,
        })
    }
}

impl Rows {
    /// Compares the recording's rows with ours.
    pub fn of(header: &Header) -> Rows {
        let mut rows = Rows {
            ids: HashMap::new(),
            differ: HashMap::new(),
            unknown: BTreeSet::new(),
            buffer: Vec::new(),
        };
        let by_name: HashMap<_, _> = catalogue::events().map(|event| (event.name, event)).collect();
        let recorded: HashMap<_, _> = header.events.iter().map(|row| (row.name.as_str(), row)).collect();
        let mut named = HashSet::new();
        for (id, name) in &header.names {
            if !named.insert(name) {
                // Each has one id.
                continue;
            }
            let ours = by_name.get(name.as_str()).copied();
            if ours.is_none_or(|event| event.id != *id) {
                rows.ids.insert(*id, ours.map(|event| event.id));
            }
            match (ours, recorded.get(name.as_str())) {
                (Some(event), Some(row)) => {
                    let translation = Translation::of(event, row, &mut rows.unknown);
                    rows.differ
                        .extend(translation.map(|translation| (*id, translation)));
                }
                (None, Some(_)) => {
                    rows.unknown.insert(name.clone());
                }
                _ => {}
            }
        }
        rows
    }

    /// What this tracee cannot show of the recording: names of events, and of arguments as `event.argument`.
    pub fn unknown(&self) -> &BTreeSet<String> {
        &self.unknown
    }

    /// The record as one of ours; `None` if we have no such event.
    pub fn ours<'a>(&'a mut self, record: &'a [u8]) -> Result<Option<&'a [u8]>, Malformed> {
        if self.ids.is_empty() && self.differ.is_empty() {
            return Ok(Some(record));
        }
        let mut cursor = Cursor::new(record);
        let mut context: Context = cursor.read().ok_or(Malformed)?;
        let recorded = context.event;
        let id = |id: u16| self.ids.get(&id).copied().unwrap_or(Some(id));
        let Some(event) = id(recorded) else {
            return Ok(None);
        };
        if (event, id(context.syscall)) == (recorded, Some(context.syscall))
            && !self.differ.contains_key(&recorded)
        {
            return Ok(Some(record));
        }
        context.syscall = id(context.syscall).unwrap_or(NO_SYSCALL);
        context.event = event;
        let values: Vec<u64> = (0..context.nvalues)
            .map(|_| cursor.u64().ok_or(Malformed))
            .collect::<Result<_, _>>()?;
        self.buffer.clear();
        match self.differ.get(&recorded) {
            None => {
                self.buffer.extend(encode::begin(&context, values));
                self.buffer.extend_from_slice(cursor.rest());
            }
            Some(translation) => translate(translation, context, &values, cursor, &mut self.buffer)?,
        }
        Ok(Some(&self.buffer))
    }
}

fn translate(
    translation: &Translation,
    mut context: Context,
    values: &[u64],
    mut cursor: Cursor<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Malformed> {
    let ours = |index: usize| translation.args.get(index).copied().ok_or(Malformed);
    // Arguments of which the record says nothing.
    let left_out = translation.args.iter().skip(values.len()).flatten();
    let mut translated = vec![0; translation.event.args.len()];
    for (index, value) in values.iter().enumerate() {
        if let Some(at) = ours(index)? {
            translated[usize::from(at)] = *value;
        }
    }
    context.nvalues = u8::try_from(translated.len()).map_err(|_| Malformed)?;
    out.extend(encode::begin(&context, translated));
    for index in translation.missing.iter().chain(left_out) {
        encode::push_unknown(out, *index);
    }
    while !cursor.is_empty() {
        let mut item: item_header = cursor.read().ok_or(Malformed)?;
        let bytes = cursor.take_padded(item.len as usize).ok_or(Malformed)?;
        if ![ITEM_NODENAME, ITEM_SEEN, ITEM_DURATION].contains(&item.index) {
            match ours(usize::from(item.index))? {
                Some(at) => item.index = at,
                None => continue,
            }
        }
        // SAFETY: made of integers without padding (it is Plain).
        out.extend_from_slice(unsafe { plain::as_bytes(&item) });
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(8), 0);
    }
    Ok(())
}
