//! docs/security-model.md numbers its promises, [P1], [P2], …, and ends with a table of the tests that keep them. No
//! promise is without a row, no row without a promise, and each test that is named is there.

use std::collections::BTreeSet;
use std::path::Path;

use libtest_mimic::Failed;

const MODEL: &str = include_str!("../../docs/security-model.md");
const TABLE: &str = "## Promises and their tests";

/// Numbers in `[P12]`.
fn numbers(text: &str) -> Vec<u32> {
    let marks = text.split("[P").skip(1);
    marks
        .filter_map(|rest| rest.split_once(']')?.0.parse().ok())
        .collect()
}

/// A test of the end-to-end tests by its name, one of the sources as `src/output/escape.rs: name`.
fn exists(test: &str, names: &[&str]) -> bool {
    let Some((path, name)) = test.split_once(": ") else {
        return names.contains(&test);
    };
    let source = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    source.is_ok_and(|source| source.contains(&format!("fn {name}(")))
}

pub fn each_has_its_test(names: &[&str]) -> Result<(), Failed> {
    let (text, table) = MODEL.split_once(TABLE).ok_or("there is no table")?;
    let promised: BTreeSet<u32> = numbers(text).into_iter().collect();
    let mut kept = BTreeSet::new();
    for row in table.lines().filter(|line| line.starts_with("| [P")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let tests: Vec<&str> = cells[cells.len() - 1].split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "no test: {row}");
        for test in tests {
            assert!(exists(test, names), "there is no test {test}: {row}");
        }
        kept.extend(numbers(row));
    }
    assert!(promised.len() > 20, "{promised:?}");
    assert_eq!(promised, kept);
    Ok(())
}
