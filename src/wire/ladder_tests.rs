//! The headers of `src/bpf` are a ladder: none includes one above it, and none calls a function of a file that includes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The rungs, from the lowest up; a header may also include those before it on its own rung.
const LADDER: [(&str, &[&str]); 6] = [
    (
        "shared",
        &[
            "after.h",
            "record.h",
            "captures.h",
            "filter.h",
            "scratch.h",
            "lib/uapi.h",
            "maps.h",
        ],
    ),
    (
        "task",
        &[
            "lib/task.h",
            "lib/inode.h",
            "lib/filter.h",
            "lib/container.h",
            "lib/exec.h",
            "lib/call.h",
        ],
    ),
    ("scratch", &["lib/buffer.h", "lib/scope.h", "lib/mark.h"]),
    (
        "items",
        &[
            "lib/items.h",
            "lib/context.h",
            "lib/given.h",
            "lib/mismatch.h",
            "lib/submit.h",
            "lib/signal.h",
        ],
    ),
    (
        "event",
        &["lib/event.h", "lib/life.h", "lib/syscall.h", "lib/capture.h"],
    ),
    (
        "family",
        &["lib/take.h", "lib/socket.h", "lib/memory.h", "lib/io_uring.h"],
    ),
];

/// Name and text of each file.
fn files() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bpf");
    let mut files = BTreeMap::new();
    for folder in ["", "lib/"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path.file_name().unwrap().to_string_lossy();
                files.insert(format!("{folder}{name}"), fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}

/// The files of this folder that a file includes; `vmlinux.h` and `event_ids.h` are generated.
fn includes<'a>(name: &'a str, text: &'a str) -> impl Iterator<Item = String> + 'a {
    text.lines()
        .filter_map(|line| line.strip_prefix("#include \"")?.strip_suffix('"'))
        .filter(|included| !["vmlinux.h", "event_ids.h"].contains(included))
        .map(move |included| match included.strip_prefix("../") {
            Some(above) => above.into(),
            None if name.starts_with("lib/") => format!("lib/{included}"),
            None => included.into(),
        })
}

#[test]
fn no_header_includes_one_above_it() {
    let files = files();
    let order: Vec<&str> = LADDER.iter().flat_map(|(_, rung)| rung.iter().copied()).collect();
    let place = |name: &str| order.iter().position(|listed| *listed == name);
    for (name, text) in &files {
        for included in includes(name, text) {
            assert!(
                place(&included).is_some(),
                "{name} includes {included}, which is on no rung"
            );
            if !name.ends_with(".h") {
                continue;
            }
            let own = place(name).unwrap_or_else(|| panic!("{name} is on no rung"));
            assert!(
                place(&included) < Some(own),
                "{name} includes {included}, which is above it"
            );
        }
    }
    let missing: Vec<_> = order.iter().filter(|name| !files.contains_key(**name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// A file and all that it includes, through others, too.
fn reached(files: &BTreeMap<String, String>, name: &str, found: &mut BTreeSet<String>) {
    for included in includes(name, &files[name]) {
        if found.insert(included.clone()) {
            reached(files, &included, found);
        }
    }
}

#[test]
fn no_header_calls_a_file_that_includes_it() {
    let files = files();
    let mut calls = 0;
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with(".bpf.c")) {
        let mut headers = BTreeSet::new();
        reached(&files, name, &mut headers);
        let defined = text.lines().filter_map(|line| {
            let (before, _) = line.strip_prefix("__noinline ")?.split_once('(')?;
            before.rsplit([' ', '*']).next()
        });
        for function in defined {
            let call = format!("{function}(");
            // A name at the beginning of a line is a declaration.
            let calling = |text: &str| {
                let inside = text.lines().filter(|line| line.starts_with('\t'));
                inside
                    .flat_map(|line| line.match_indices(&call).map(move |(at, _)| &line[..at]))
                    .any(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
            };
            for (header, text) in files.iter().filter(|(header, _)| header.ends_with(".h")) {
                if calling(text) {
                    calls += 1;
                    assert!(
                        !headers.contains(header),
                        "{header} calls {function}() of {name}, which includes it"
                    );
                }
            }
        }
    }
    assert!(calls > 0);
}
