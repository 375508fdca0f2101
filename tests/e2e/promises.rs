//! What documents promise. docs/security-model.md numbers its promises, [P1], [P2], …, and ends with a table of the
//! tests that keep them: every promise has a row, every row a promise, and every test in it exists. Files that
//! documents name exist.

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

/// Every path in backquotes in `docs/*.md` that begins with one of these folders exists.
pub fn each_named_file_exists() -> Result<(), Failed> {
    const FOLDERS: [&str; 6] = ["src/", "tests/", "vm/", "docs/", "build/", "benches/"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut checked = 0;
    for entry in std::fs::read_dir(root.join("docs"))? {
        let document = entry?.path();
        let text = std::fs::read_to_string(&document)?;
        for quoted in text.split('`').skip(1).step_by(2) {
            let path = quoted.split(':').next().unwrap_or(quoted);
            if !FOLDERS.iter().any(|folder| path.starts_with(folder)) || path.contains(['*', ' ', '…']) {
                continue;
            }
            checked += 1;
            assert!(root.join(path).exists(), "{} names {path}", document.display());
        }
    }
    assert!(checked > 40, "{checked}");
    Ok(())
}
