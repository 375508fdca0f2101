//! The event `existing_container`: containers that existed before tracing began.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::decode::encode;
use crate::decode::event::Context;
use crate::files::{self, Mount, Stat};
use crate::loader::containers::Found;
use crate::wire::{arg, nargs, HIERARCHY_SHIFT};

/// Paths of these containers' cgroups by their keys, as their processes see them. Any user may have a process in a
/// cgroup with the same name as another: a path counts only if it leads to the container's own cgroup.
pub fn cgroup_paths(found: &[Found]) -> HashMap<u64, String> {
    let mut wanted: HashMap<&[u8], Vec<u64>> = HashMap::new();
    for found in found {
        wanted.entry(&found.id).or_default().push(found.key);
    }
    let text = fs::read("/proc/self/mountinfo").unwrap_or_default();
    let mounts: Vec<_> = files::mounts(&text)
        .filter(|mount| mount.kind.starts_with("cgroup"))
        .collect();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let texts = processes.filter_map(|process| fs::read_to_string(process.path().join("cgroup")).ok());
    let mut paths = HashMap::new();
    for text in texts {
        for line in text.lines().filter_map(Line::parse) {
            let keys = Found::id_in(line.path).and_then(|id| wanted.get(id));
            for key in keys.into_iter().flatten() {
                if !paths.contains_key(key) && line.is_of(*key, &mounts) {
                    paths.insert(*key, line.path.to_owned());
                }
            }
        }
    }
    paths
}

/// A line of `/proc/PID/cgroup`.
struct Line<'a> {
    hierarchy: u64,
    /// Controllers of the hierarchy; empty: cgroup v2.
    controllers: &'a str,
    path: &'a str,
}

impl Line<'_> {
    fn parse(line: &str) -> Option<Line<'_>> {
        let mut fields = line.splitn(3, ':');
        Some(Line {
            hierarchy: fields.next()?.parse().ok()?,
            controllers: fields.next()?,
            path: fields.next()?,
        })
    }

    /// Whether the line's path leads to the cgroup with this key.
    fn is_of(&self, key: u64, mounts: &[Mount]) -> bool {
        const ID: u64 = (1 << HIERARCHY_SHIFT) - 1;
        let is_there = |path: PathBuf| Stat::of_link(&path).is_ok_and(|stat| stat.ino & ID == key & ID);
        key >> HIERARCHY_SHIFT == self.hierarchy
            && mounts
                .iter()
                .filter(|mount| mount.has_controllers(self.controllers))
                .filter_map(|mount| mount.path_of(Path::new(self.path)))
                .any(is_there)
    }
}

/// The record of `existing_container`, as the kernel side would have made it.
pub fn record(context: Context, found: &Found, path: Option<&String>) -> Vec<u8> {
    let context = Context {
        container: found.key,
        nvalues: nargs::EXISTING_CONTAINER,
        ..context
    };
    let mut values = [0; nargs::EXISTING_CONTAINER as usize];
    let mut put = |position: u8, value| values[usize::from(position)] = value;
    put(
        arg::EXISTING_CONTAINER_CGROUP_ID,
        found.key & ((1 << HIERARCHY_SHIFT) - 1),
    );
    put(arg::EXISTING_CONTAINER_HIERARCHY, found.key >> HIERARCHY_SHIFT);
    put(arg::EXISTING_CONTAINER_OWNER, u64::from(found.owner));
    let mut bytes = encode::begin(&context, values);
    let texts = [
        (arg::EXISTING_CONTAINER_CONTAINER_ID, found.id.as_slice()),
        (arg::EXISTING_CONTAINER_RUNTIME, &found.before),
        (
            arg::EXISTING_CONTAINER_PATH,
            path.map_or(&[], |path| path.as_bytes()),
        ),
    ];
    for (index, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        encode::push_item(&mut bytes, index, text);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_cgroups() {
        let line = Line::parse("4:cpu,cpuacct:/a:b").unwrap();
        assert_eq!(
            (line.hierarchy, line.controllers, line.path),
            (4, "cpu,cpuacct", "/a:b")
        );
        assert!(Line::parse("0:").is_none());
    }

    /// Another cgroup is not mistaken for the one that is asked for.
    #[test]
    fn a_path_counts_if_the_cgroup_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let point = folder.path().to_str().unwrap().to_owned();
        let line = |options: &str| format!("25 1 0:3 / {point} rw - {options}");
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        let inode = |name: &str| Stat::of_link(&folder.path().join(name)).unwrap().ino;
        let key = |hierarchy: u64, name: &str| (hierarchy << HIERARCHY_SHIFT) | inode(name);
        let second = [Mount::parse(line("cgroup2 x rw").as_bytes()).unwrap()];
        let first = [Mount::parse(line("cgroup x rw,cpuacct,cpu").as_bytes()).unwrap()];
        let of = |text: &str, key, mounts: &[Mount]| Line::parse(text).unwrap().is_of(key, mounts);
        assert!(of("0::/a", key(0, "a"), &second));
        assert!(!of("0::/b", key(0, "a"), &second) && !of("0::/c", key(0, "a"), &second));
        assert!(of("4:cpu,cpuacct:/a", key(4, "a"), &first));
        assert!(!of("4:cpu,cpuacct:/a", key(5, "a"), &first));
        assert!(!of("4:memory:/a", key(4, "a"), &first) && !of("0::/a", key(0, "a"), &first));
    }
}
