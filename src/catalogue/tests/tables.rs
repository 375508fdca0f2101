//! What the tables of names owe their readers.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use crate::catalogue::spec::FieldType;
use crate::catalogue::{self, ArgType, StructSpec};
use crate::symbols::table::{Field, Names, Table};
use crate::symbols::{errno, memory, mount, process};

/// Every table that a row names, once, and those that only code names.
pub fn tables() -> Vec<&'static Table> {
    let mut all = vec![errno::ERRNO, process::PTRACE_EVENT];
    for arg in catalogue::events().flat_map(|event| event.args) {
        of_type(&mut all, arg.ty);
    }
    all
}

fn of_type(all: &mut Vec<&'static Table>, ty: ArgType) {
    use ArgType::*;
    match ty {
        Flags(table) | LongFlags(table) | Enum(table) if !all.contains(&table) => all.push(table),
        Select { table, .. } => {
            let types = table.cases.iter().map(|(_, ty)| *ty);
            types.chain([table.otherwise]).for_each(|ty| of_type(all, ty));
        }
        Struct(_, spec)
        | Array(_, spec, _)
        | Sized(_, spec, _)
        | KernelStruct(spec)
        | Changed { spec, .. } => {
            of_struct(all, spec);
        }
        _ => {}
    }
}

fn of_struct(all: &mut Vec<&'static Table>, spec: &StructSpec) {
    for field in spec.fields {
        match field.ty {
            FieldType::Number(_, ty) | FieldType::Numbers(_, _, ty) => of_type(all, ty),
            FieldType::Struct(spec) => of_struct(all, spec),
            _ => {}
        }
    }
}

/// Enums and flags of a table, each with the bits of a value in which it is.
pub fn parts(table: &Table) -> (Vec<Field>, Vec<Names>) {
    match *table {
        Table::Enum(names) | Table::Hex(names) | Table::Bits(names, _) => (vec![(u64::MAX, names)], vec![]),
        Table::Overlay(first, names) => (vec![(u64::MAX, first), (u64::MAX, names)], vec![]),
        Table::Flags(names) | Table::FlagsOr(_, names) => (vec![], vec![names]),
        Table::Mixed(fields, names) | Table::Tailed(fields, names, _) => (fields.to_vec(), vec![names]),
        Table::Special(_, fields) => {
            let flags = |names: Names| names == process::CLONE_BITS || names == process::PERSONALITY_FLAGS;
            let (flags, enums) = fields
                .iter()
                .partition::<Vec<Field>, _>(|(_, names)| flags(names));
            (enums, flags.into_iter().map(|(_, names)| names).collect())
        }
    }
}

/// What no row names is compared with no header.
#[test]
fn every_table_is_named() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let texts = |folder: &str| -> Vec<(String, String)> {
        let files = fs::read_dir(sources.join(folder))
            .unwrap()
            .map(|file| file.unwrap().path());
        files
            .filter(|path| path.is_file())
            .map(|path| {
                (
                    path.file_stem().unwrap().to_str().unwrap().to_owned(),
                    fs::read_to_string(path).unwrap(),
                )
            })
            .collect()
    };
    let rows: String = texts("catalogue").into_iter().map(|(_, text)| text).collect();
    let named: HashSet<&str> = rows
        .split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
        .collect();
    let mut found = 0;
    for (module, text) in texts("symbols") {
        for line in text.lines() {
            let table = line
                .strip_prefix("pub const ")
                .and_then(|rest| rest.split_once(": &Table"));
            if let Some((table, _)) = table {
                found += 1;
                let table = format!("{module}::{table}");
                let by_code = ["errno::ERRNO", "process::PTRACE_EVENT"].contains(&&*table);
                assert!(by_code || named.contains(&*table), "{table}: no row names it");
            }
        }
    }
    assert!(found > 250, "only {found} tables found");
}

#[test]
fn every_table_has_names() {
    for table in tables() {
        let (enums, flags) = parts(table);
        let names = enums.iter().map(|(_, names)| names.len()).sum::<usize>()
            + flags.iter().map(|f| f.len()).sum::<usize>();
        let nameless = [mount::SYSFS, memory::LDT].contains(&table);
        assert_eq!(names == 0, nameless, "{table:?}");
    }
}

#[test]
fn enums_ascend_and_stay_within_their_mask() {
    for table in tables() {
        for (mask, names) in parts(table).0 {
            assert!(names.is_sorted_by(|a, b| a.0 < b.0), "{table:?}");
            assert!(
                names.iter().all(|(value, _)| value & mask == *value),
                "{table:?} {mask:#x}"
            );
        }
    }
}

/// A flag after one that holds all its bits would never be shown.
#[test]
fn flags_are_all_shown() {
    for table in tables() {
        for names in parts(table).1 {
            for (index, (mask, name)) in names.iter().enumerate() {
                assert_ne!(*mask, 0, "{table:?} {name}");
                let hidden = names[..index]
                    .iter()
                    .any(|(earlier, _)| earlier & mask == *earlier);
                let several = mask.count_ones() > 1;
                assert!(!hidden || several, "{table:?} {name}");
                assert!(
                    !names[..index].iter().any(|(earlier, _)| earlier == mask),
                    "{table:?} {name}"
                );
            }
        }
    }
}

/// A string that is large enough is not moved by any table, for any value.
#[test]
fn nothing_is_allocated() {
    let mut out = String::with_capacity(1 << 16);
    let place = out.as_ptr();
    for table in tables() {
        for value in [0, 1, 0x80, 0x5401, 0xffff_ffff, u64::MAX] {
            out.clear();
            table.push(&mut out, value);
        }
    }
    assert_eq!(out.as_ptr(), place);
}
