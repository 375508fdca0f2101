//! Containers that were there before tracing began: their event.

use std::collections::HashMap;
use std::fs;

use crate::decode::RECORD_NO_RETURN;
use crate::event::Context;
use crate::loader::containers::{Found, HIERARCHY_SHIFT};

/// Paths of the cgroups of all processes, as they see them, by the ids of containers that these are of.
pub fn cgroup_paths() -> HashMap<Vec<u8>, String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let paths = processes.filter_map(|process| fs::read_to_string(process.path().join("cgroup")).ok());
    paths
        .flat_map(|lines| {
            let path = |line: &str| line.splitn(3, ':').nth(2).map(str::to_owned);
            lines.lines().filter_map(path).collect::<Vec<_>>()
        })
        .filter_map(|path| Some((Found::id_in(&path)?.to_vec(), path)))
        .collect()
}

/// The record of `existing_container`, as the kernel side would have made it.
pub fn record(context: Context, found: &Found, path: Option<&String>) -> Vec<u8> {
    let context = Context {
        container: found.key,
        nvalues: 8,
        flags: RECORD_NO_RETURN,
        ..context
    };
    // SAFETY: Context is made of integers without padding (it is Plain).
    let mut bytes = unsafe { plain::as_bytes(&context) }.to_vec();
    let hierarchy = found.key >> HIERARCHY_SHIFT;
    let cgroup = found.key & ((1 << HIERARCHY_SHIFT) - 1);
    for value in [0, 0, 0, 0, cgroup, 0, hierarchy, u64::from(found.owner)] {
        bytes.extend(value.to_ne_bytes());
    }
    let texts = [
        (0u8, found.id.as_slice()),
        (1, &found.before),
        (5, path.map_or(&[], |path| path.as_bytes())),
    ];
    for (index, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        bytes.extend([index, 0, 0, 0]);
        bytes.extend((text.len() as u32).to_ne_bytes());
        bytes.extend((text.len() as u64).to_ne_bytes());
        bytes.extend(text);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
    bytes
}
