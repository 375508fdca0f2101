//! The tables, and what `src/bpf/filter.bpf.c` makes of them: the same as user space, which decides of recordings.

use super::*;
use crate::catalogue;
use crate::filter::compile::compile;
use crate::filter::number::Op;
use crate::filter::parse::{parse, Shown};
use crate::wire::{COMM_LEN, FIELD_COMM, NUMBER_U64};

#[test]
fn whole_texts_have_their_nul() {
    let pattern = |text: &str, open_end| Pattern {
        text: text.into(),
        open_end,
        ..Pattern::default()
    };
    assert_eq!(stored::<8>(&pattern("ab", true)).0, (4 + 2) * 8);
    assert_eq!(stored::<8>(&pattern("ab", false)).0, (4 + 3) * 8);
    assert_eq!(stored::<8>(&pattern("", true)).0, 4 * 8);
}

/// `number_passes()` of the kernel side.
fn number_passes(tables: &Tables, filter: &number_filter, value: i64) -> bool {
    let within = match filter.r#type {
        NUMBER_U64 => (filter.min as u64..=filter.max as u64).contains(&(value as u64)),
        _ => (filter.min..=filter.max).contains(&value),
    };
    let listed = || {
        let mut all = tables.numbers.iter();
        all.any(|listed| (listed.field, listed.value) == (filter.field, value))
    };
    within && (filter.values == VALUES_ANY || listed() == (filter.values == VALUES_ONLY))
}

#[test]
fn numbers_pass_as_in_user_space() {
    let ops = [
        Op::Equal,
        Op::NotEqual,
        Op::Less,
        Op::Greater,
        Op::LessEqual,
        Op::GreaterEqual,
    ];
    let edges = [i64::MIN, i64::MIN + 1, -4095, -1, 0, 1, 5, i64::MAX - 1, i64::MAX];
    for ty in [NumberType::S64, NumberType::U64] {
        let number = |register: i64| match ty {
            NumberType::U64 => i128::from(register as u64),
            _ => i128::from(register),
        };
        let (lowest, highest) = match ty {
            NumberType::U64 => (0, -1),
            _ => (i64::MIN, i64::MAX),
        };
        let conditions = || ops.into_iter().flat_map(|op| edges.map(|edge| (op, edge)));
        for (first, second) in conditions().flat_map(|first| conditions().map(move |second| (first, second)))
        {
            let mut numbers = Numbers::default();
            numbers.add(first.0, number(first.1));
            numbers.add(second.0, number(second.1));
            // No number lies beyond the ends; the tables have no such range, and let the end pass.
            if [first, second].contains(&(Op::Less, lowest))
                || [first, second].contains(&(Op::Greater, highest))
            {
                continue;
            }
            let mut tables = Tables::default();
            let filter = tables.number(&numbers, ty, 0);
            for value in edges {
                assert_eq!(
                    number_passes(&tables, &filter, value),
                    numbers.passes(Some(number(value))),
                    "{ty:?} {first:?} {second:?} {value}"
                );
            }
            assert_eq!(filter.required == 0, numbers.passes(None));
        }
    }
}

/// Whether a pattern of the set is the beginning of a text: `HAS_PATTERN` of the kernel side, for keys with these bits,
/// sets and texts.
fn has_pattern<'a>(keys: impl Iterator<Item = (u32, u32, &'a [i8])>, set: u32, text: &[u8]) -> bool {
    let mut of_set = keys.filter(|(_, of, _)| *of == set);
    of_set.any(|(bits, _, key)| {
        let len = bits as usize / 8 - size_of::<u32>();
        let key: Vec<u8> = key[..len].iter().map(|byte| *byte as u8).collect();
        text.starts_with(&key)
    })
}

/// `name_passes()` of the kernel side.
fn name_passes(tables: &Tables, filter: &text_filter, text: &[u8]) -> bool {
    let text = [text, &[0]].concat();
    let has = |set: u32, text: &[u8]| {
        let keys = tables.names.iter();
        has_pattern(
            keys.map(|key| (key.bits, key.set, &key.text[..])),
            filter.field + set,
            text,
        )
    };
    let anywhere = |set| (0..text.len()).any(|at| has(set + SET_ANYWHERE, &text[at..]));
    let excluded = has(SET_EXCLUDED, &text) || anywhere(SET_EXCLUDED);
    !excluded && (filter.wanted == 0 || has(SET_WANTED, &text) || anywhere(SET_WANTED))
}

#[test]
fn names_pass_as_in_user_space() {
    let patterns = [
        "",
        "*",
        "a",
        "ab",
        "a*",
        "*b",
        "*a*",
        "*ab*",
        "abababababababa",
        "*babababababa",
        "b,a*",
        "*b,a",
    ];
    let texts = ["", "a", "b", "ab", "ba", "aab", "abb", "bab", "abababababababa"];
    assert!(texts.iter().all(|text| text.len() < COMM_LEN as usize));
    for (wanted, excluded) in patterns.iter().flat_map(|one| patterns.map(|other| (one, other))) {
        let both = [format!("comm={wanted}"), format!("comm!={excluded}")];
        for values in [&both[..1], &both[1..], &both] {
            let filters = parse(values, &[], Shown::default()).unwrap();
            let (part, _) = compile(&filters, &[]);
            let tables = Tables::new(&part, false);
            let filter = tables.constants.names[usize::from(FIELD_COMM)];
            for text in texts {
                assert_eq!(
                    name_passes(&tables, &filter, text.as_bytes()),
                    part.names[0].1.passes([text.as_bytes()]),
                    "{values:?} {text:?}"
                );
            }
        }
    }
}

/// `filter_text()` of the kernel side; without a text it lets pass what wants none.
fn text_passes(tables: &Tables, filter: &text_filter, text: Option<&[u8]>) -> bool {
    let Some(text) = text else {
        return filter.wanted == 0;
    };
    let mut text = [text, &[0]].concat();
    text.truncate(TEXT_MAX as usize);
    let has = |set: u32| {
        let keys = tables.texts.iter();
        has_pattern(
            keys.map(|key| (key.bits, key.set, &key.text[..])),
            filter.field + set,
            &text,
        )
    };
    !(filter.excluded != 0 && has(SET_EXCLUDED)) && (filter.wanted == 0 || has(SET_WANTED))
}

#[test]
fn texts_pass_as_in_user_space() {
    let openat = catalogue::expect("openat");
    let long = "x".repeat(300);
    let lengths = [0, 1, 5, 250, 251, 252, 253, 299, 300];
    let texts = lengths.map(|len| &long.as_bytes()[..len]);
    let patterns: Vec<String> = lengths
        .iter()
        .flat_map(|len| ["", "*", "y", "*z"].map(|end| format!("{}{end}", &long[..*len])))
        .collect();
    for (one, other) in patterns
        .iter()
        .flat_map(|one| patterns.iter().map(move |other| (one, other)))
    {
        let wanted = format!("openat.pathname={one}");
        for values in [
            vec![wanted.clone()],
            vec![wanted, format!("openat.pathname!={other}")],
        ] {
            let filters = parse(&values, &[openat], Shown::default()).unwrap();
            let (part, _) = compile(&filters, &[openat]);
            let Some(event) = part.events.get(&openat.id) else {
                continue;
            };
            let tables = Tables::new(&part, false);
            let filter = tables.events[0].1.texts[0];
            for text in texts.map(Some).into_iter().chain([None]) {
                assert_eq!(
                    text_passes(&tables, &filter, text),
                    event.texts[0].1.passes(text),
                    "{values:?} {:?}",
                    text.map(<[u8]>::len)
                );
            }
        }
    }
}
