//! The kernel side's part of `--filter`: constants, and the maps that they refer to.

use libbpf_rs::{MapCore, MapFlags, Object};

use crate::error::LoadError;
use crate::filter::kernel_part::{EventPart, KernelPart, NumberType};
use crate::filter::number::{Listed, Numbers};
use crate::filter::text::{Pattern, Texts};
use crate::loader::object::{map, update};
use crate::wire::{
    filters, listed_number, name_key, number_filter, record_filter, text_filter, text_key, NAME_MAX,
    SET_ANYWHERE, SET_COUNT, SET_EXCLUDED, SET_WANTED, TEXT_ANYWHERE, TEXT_MAX, TEXT_START, VALUES_ANY,
    VALUES_NOT, VALUES_ONLY,
};

/// All tables of the kernel side.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) constants: filters,
    pub(super) numbers: Vec<listed_number>,
    pub(super) names: Vec<name_key>,
    pub(super) texts: Vec<text_key>,
    pub(super) events: Vec<(u32, record_filter)>,
    /// Number of fields so far: entries carry it, so that several fields share a map.
    fields: u32,
}

impl Tables {
    /// `keep_life`: fork, exec and exit are recorded even if they are filtered out.
    pub(super) fn new(part: &KernelPart, keep_life: bool) -> Tables {
        let mut tables = Tables::default();
        for (at, numbers) in &part.numbers {
            tables.constants.numbers[*at] = tables.number(numbers, NumberType::S64, 0);
            tables.constants.fields = 1;
        }
        for (at, texts) in &part.names {
            tables.constants.names[*at] = tables.name(texts);
            tables.constants.fields = 1;
        }
        for (event, part) in &part.events {
            let filter = tables.event(part);
            tables.constants.results |= u8::from(part.result.is_some());
            tables.constants.arguments |= u8::from(!part.numbers.is_empty() || !part.texts.is_empty());
            tables.events.push((u32::from(*event), filter));
        }
        tables.constants.keep_life = u8::from(keep_life);
        tables
    }

    /// Puts the tables into the maps of the loaded object.
    pub(super) fn fill(&self, object: &Object) -> Result<(), LoadError> {
        put_keys(object, "filter_numbers", &self.numbers)?;
        put_keys(object, "filter_names", &self.names)?;
        put_keys(object, "filter_texts", &self.texts)?;
        let events = map(object, "event_filters")?;
        self.events
            .iter()
            .try_for_each(|(event, filter)| update(&events, event, filter))
    }

    fn event(&mut self, part: &EventPart) -> record_filter {
        let mut filter = record_filter::default();
        if let Some(result) = &part.result {
            filter.result = self.number(result, NumberType::S64, 0);
        }
        for ((index, ty, numbers), out) in part.numbers.iter().zip(&mut filter.numbers) {
            *out = self.number(numbers, *ty, *index);
        }
        for ((index, texts), out) in part.texts.iter().zip(&mut filter.texts) {
            *out = self.text(texts, *index);
        }
        filter
    }

    fn next_field(&mut self) -> u32 {
        self.fields += 1;
        self.fields
    }

    fn number(&mut self, numbers: &Numbers, ty: NumberType, index: u8) -> number_filter {
        let field = self.next_field();
        let (which, values) = match numbers.listed() {
            Listed::Only(values) => (VALUES_ONLY, values),
            Listed::Not(values) if values.is_empty() => (VALUES_ANY, values),
            Listed::Not(values) => (VALUES_NOT, values),
        };
        self.numbers.extend(values.into_iter().map(|value| listed_number {
            value: register(value),
            field,
            ..Default::default()
        }));
        let (min, max) = numbers.range();
        let (lowest, highest) = match ty {
            NumberType::U64 => (0, i128::from(u64::MAX)),
            _ => (i128::from(i64::MIN), i128::from(i64::MAX)),
        };
        number_filter {
            min: register(min.clamp(lowest, highest)),
            max: register(max.clamp(lowest, highest)),
            field,
            r#type: ty as u8,
            values: which,
            index,
            required: u8::from(numbers.required()),
        }
    }

    fn name(&mut self, texts: &Texts) -> text_filter {
        let field = self.next_field() * SET_COUNT;
        let mut places = |patterns: &[Pattern], polarity: u32| {
            patterns.iter().fold(0, |places, pattern| {
                let (place, set) = match pattern.open_start {
                    true => (TEXT_ANYWHERE, SET_ANYWHERE),
                    false => (TEXT_START, 0),
                };
                let (bits, text) = stored::<{ NAME_MAX as usize }>(pattern);
                self.names.push(name_key {
                    bits,
                    set: field + polarity + set,
                    text,
                });
                places | place
            })
        };
        text_filter {
            field,
            wanted: places(&texts.wanted, SET_WANTED),
            excluded: places(&texts.excluded, SET_EXCLUDED),
            ..Default::default()
        }
    }

    fn text(&mut self, texts: &Texts, index: u8) -> text_filter {
        let field = self.next_field() * SET_COUNT;
        let mut places = |patterns: &[Pattern], polarity: u32| {
            self.texts.extend(patterns.iter().map(|pattern| {
                let (bits, text) = stored::<{ TEXT_MAX as usize }>(pattern);
                text_key {
                    bits,
                    set: field + polarity,
                    text,
                }
            }));
            if patterns.is_empty() {
                0
            } else {
                TEXT_START
            }
        };
        text_filter {
            field,
            wanted: places(&texts.wanted, SET_WANTED),
            excluded: places(&texts.excluded, SET_EXCLUDED),
            index,
            ..Default::default()
        }
    }
}

/// A number as it stands in a register.
#[allow(clippy::cast_possible_truncation)] // Within 64 bits, signed or not.
fn register(value: i128) -> i64 {
    value as i64
}

/// A pattern as a key of its trie: the number of significant bits, the set's number included, and its text. A pattern
/// without a star at the end has its NUL.
#[allow(clippy::cast_possible_wrap)] // C's `char` is signed.
fn stored<const N: usize>(pattern: &Pattern) -> (u32, [i8; N]) {
    let mut text = [0; N];
    for (to, from) in text.iter_mut().zip(&pattern.text) {
        *to = *from as i8;
    }
    let len = pattern.text.len() + usize::from(!pattern.open_end);
    let bits = (size_of::<u32>() + len.min(N)) * 8;
    (u32::try_from(bits).unwrap_or(u32::MAX), text)
}

fn put_keys<K: plain::Plain>(object: &Object, name: &'static str, keys: &[K]) -> Result<(), LoadError> {
    let map = map(object, name)?;
    for key in keys {
        // SAFETY: keys of these maps are made of integers without padding.
        let key = unsafe { plain::as_bytes(key) };
        map.update(key, &[1], MapFlags::ANY)
            .map_err(LoadError::bpf("a filter cannot be set"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
