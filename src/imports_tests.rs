//! Which file imports which: no file is in a circle of imports, and the lowest rooms import nothing from above.
//!
//! Imports are read from the text: `use` and paths that begin with `crate`, `super` or `self`. What only tests use does
//! not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Module → modules that it imports. A module is its file: `decode::event` is src/decode/event.rs.
type Imports = BTreeMap<String, BTreeSet<String>>;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

fn module(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap().with_extension("");
    let names: Vec<_> = path.iter().map(|name| name.to_str().unwrap()).collect();
    match names.as_slice() {
        ["lib"] => String::new(),
        [folder @ .., "mod"] => folder.join("::"),
        names => names.join("::"),
    }
}

/// The text without comments, and without the modules that are for tests.
fn code(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            kept.push_str(line);
            kept.push('\n');
            continue;
        }
        // What follows, to the brace that ends it; attributes may stand between.
        let mut depth = 0usize;
        for line in lines.by_ref() {
            depth += line.matches('{').count();
            depth = depth.saturating_sub(line.matches('}').count());
            let ends = line.trim_end().ends_with([';', '}']);
            if depth == 0 && ends {
                break;
            }
        }
    }
    kept
}

/// Every path that a tree of `use` names: `a::{b, c::{d, e}}` are `a::b`, `a::c::d` and `a::c::e`.
fn paths(prefix: &str, tree: &str, found: &mut Vec<String>) {
    let mut depth = 0;
    let parts = tree.split(|letter: char| {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        letter == ',' && depth == 0
    });
    for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once('{') {
            Some((before, inside)) => {
                let inside = inside.strip_suffix('}').unwrap_or(inside);
                paths(&format!("{prefix}{}", before.trim()), inside, found);
            }
            None => found.push(format!("{prefix}{}", part.split(' ').next().unwrap_or(part))),
        }
    }
}

/// Paths that a text names: of its `use` and those within its code.
fn named(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = String::new();
    for (index, statement) in text.split_inclusive(';').enumerate() {
        let start = ["use ", "pub use ", "pub(crate) use ", "pub(super) use "]
            .iter()
            .filter_map(|word| {
                let at = statement.rfind(&format!("\n{word}"))? + 1;
                Some((at, at + word.len()))
            })
            .min();
        match start {
            Some((at, tree)) => {
                rest.push_str(&statement[..at]);
                let tree: String = statement[tree..]
                    .trim_end_matches(';')
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ");
                paths("", &tree, &mut found);
            }
            // The first statement of a file has no line before it.
            None if index == 0 && statement.trim_start().starts_with("use ") => {
                paths("", statement.trim_start()[4..].trim_end_matches(';'), &mut found);
            }
            None => rest.push_str(statement),
        }
    }
    let within = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    found.extend(
        rest.split(|letter: char| !within(letter))
            .filter(|word| {
                ["crate::", "super::", "self::"]
                    .iter()
                    .any(|start| word.starts_with(start))
            })
            .map(str::to_owned),
    );
    found
}

/// The file that a path leads to, from this module: the deepest that exists.
fn resolve(here: &str, path: &str, modules: &BTreeSet<String>) -> Option<String> {
    let mut at: Vec<&str> = if here.is_empty() {
        Vec::new()
    } else {
        here.split("::").collect()
    };
    let mut names = path.split("::").map(str::trim).peekable();
    match *names.peek()? {
        "crate" => {
            at.clear();
            names.next();
        }
        "self" => {
            names.next();
        }
        "super" => {
            while names.next_if_eq(&"super").is_some() {
                at.pop();
            }
        }
        // A child of this module; else a crate.
        first => {
            let child = [at.as_slice(), &[first]].concat().join("::");
            if here.is_empty() || !modules.contains(&child) {
                return None;
            }
        }
    }
    at.extend(names);
    while !at.is_empty() {
        let module = at.join("::");
        if modules.contains(&module) {
            return (module != here).then_some(module);
        }
        at.pop();
    }
    None
}

fn imports(root: &Path) -> Imports {
    let mut files = Vec::new();
    sources(root, &mut files);
    files.retain(|path| {
        let of_tests = |name: &std::ffi::OsStr| {
            name.to_str()
                .is_some_and(|name| name.trim_end_matches(".rs").ends_with("tests"))
        };
        !path.iter().any(of_tests) && path != &root.join("main.rs")
    });
    let modules: BTreeSet<String> = files.iter().map(|path| module(root, path)).collect();
    files
        .iter()
        .map(|path| {
            let here = module(root, path);
            let text = code(&fs::read_to_string(path).unwrap());
            let found = named(&text)
                .iter()
                .filter_map(|path| resolve(&here, path, &modules))
                .collect();
            (here, found)
        })
        .collect()
}

/// All that a module imports, directly or not.
fn reached<'a>(imports: &'a Imports, from: &str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&str> = imports[from].iter().map(String::as_str).collect();
    while let Some(module) = next.pop() {
        if seen.insert(module) {
            next.extend(imports.get(module).into_iter().flatten().map(String::as_str));
        }
    }
    seen
}

/// Modules that import each other in a circle, each with those of its imports that lead round.
fn circles(imports: &Imports) -> Vec<String> {
    let mut found = Vec::new();
    for module in imports.keys() {
        for import in &imports[module] {
            if reached(imports, import).contains(module.as_str()) {
                found.push(format!("{module} -> {import}"));
            }
        }
    }
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn no_file_stands_in_a_circle_of_imports() {
    let circles = circles(&imports(&root()));
    assert!(circles.is_empty(), "these lead round:\n{}", circles.join("\n"));
}

#[test]
fn what_all_stand_on_imports_nothing_from_above() {
    // From the ground up: each may import what stands before it.
    const LADDER: [&str; 4] = ["symbols", "catalogue", "wire", "decode"];
    let imports = imports(&root());
    for (floor, room) in LADDER.iter().enumerate() {
        for (module, imported) in &imports {
            if module.split("::").next() != Some(room) {
                continue;
            }
            for import in imported {
                let of = import.split("::").next().unwrap();
                assert!(LADDER[..=floor].contains(&of), "{module} imports {import}");
            }
        }
    }
}

#[test]
fn imports_are_read_as_rust_reads_them() {
    let modules = ["a", "a::b", "a::c", "d"].map(str::to_owned).into();
    let resolved = |here: &str, text: &str| -> Vec<String> {
        named(&code(text))
            .iter()
            .filter_map(|path| resolve(here, path, &modules))
            .collect()
    };
    assert_eq!(
        resolved("d", "use crate::a::{self, b::X, c};\n"),
        ["a", "a::b", "a::c"]
    );
    assert_eq!(resolved("a::b", "use std::fs;\nuse super::c::Y;\n"), ["a::c"]);
    assert_eq!(resolved("a", "mod b;\npub use b::Z;\n"), ["a::b"]);
    assert_eq!(resolved("d", "fn f() { crate::a::c::g(); }\n"), ["a::c"]);
    assert!(resolved(
        "d",
        "// use crate::a;\n#[cfg(test)]\nmod tests {\n    use crate::a;\n}\n"
    )
    .is_empty());
    assert!(resolved("d", "use a_crate::b;\n").is_empty());
    let circle: Imports = [("a", "d"), ("d", "a")]
        .map(|(from, to)| (from.to_owned(), BTreeSet::from([to.to_owned()])))
        .into();
    assert_eq!(circles(&circle), ["a -> d", "d -> a"]);
}
