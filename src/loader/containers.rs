//! What the kernel side knows of containers.

use libbpf_rs::{MapCore, MapFlags};

use crate::error::LoadError;
use crate::loader::skel::types::{container, listed_id};
use crate::loader::{update, Tracer};

// Constants of src/bpf/record.h; a test compares them.
pub const ID_LEN: usize = 64;
pub const LISTED_NO: u64 = 0;
pub const LISTED_YES: u64 = 1;
/// Where the hierarchy's id is in a key.
pub const HIERARCHY_SHIFT: u32 = 48;

// SAFETY: these are made of integers only, so that every bit pattern is a value.
unsafe impl plain::Plain for container {}
// SAFETY: as above.
unsafe impl plain::Plain for listed_id {}

/// A container as its cgroup shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Names it in records: the key of its cgroup.
    pub key: u64,
    /// When it was first seen, in ns since boot.
    pub created: u64,
    pub id: Vec<u8>,
    /// What is before the id in the cgroup's path.
    pub before: Vec<u8>,
}

impl Found {
    /// How the path of its cgroup ends, but for what may follow the id.
    pub fn shows(&self, path: &str) -> bool {
        let path = path.strip_suffix(".scope").unwrap_or(path);
        path.as_bytes().ends_with(&self.id)
    }
}

impl From<container> for Found {
    fn from(entry: container) -> Found {
        let bytes = |chars: &[i8]| chars.iter().map(|c| c.to_ne_bytes()[0]).collect();
        Found {
            key: entry.cgroup,
            created: entry.created,
            id: bytes(&entry.id),
            before: bytes(&entry.before),
        }
    }
}

impl Tracer {
    /// Looks at the cgroups of all tasks that there are.
    pub(super) fn find_containers(&self) -> Result<(), LoadError> {
        self.run_over_tasks("find_containers")
    }

    /// Tells the kernel side what the user named, as far as it may be the beginning of an id.
    pub(super) fn list_containers(&self, names: &[String]) -> Result<(), LoadError> {
        let map = self.map("listed_ids")?;
        let is_id = |name: &&String| {
            name.len() <= ID_LEN && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        for name in names.iter().filter(is_id) {
            let mut id = [0; ID_LEN];
            for (to, from) in id.iter_mut().zip(name.bytes()) {
                *to = i8::from_ne_bytes([from]);
            }
            // Eight bits a character, of at most 64.
            let bits = name.len() as u32 * 8;
            update(&map, &listed_id { bits, id }, &1u32)?;
        }
        Ok(())
    }

    /// Containers that were there when tracing began.
    pub fn existing_containers(&self) -> Result<Vec<Found>, LoadError> {
        let map = self.map("cgroups")?;
        let since = self.control.since;
        let own = |key: Vec<u8>| {
            let entry = entry(&map, &key).ok()??;
            (key == entry.cgroup.to_ne_bytes() && entry.created < since).then(|| entry.into())
        };
        Ok(map.keys().filter_map(own).collect())
    }

    /// The container that a record names.
    pub fn container(&self, key: u64) -> Result<Option<Found>, LoadError> {
        lookup(&self.map("cgroups")?, key)
    }

    /// Says whether the user named a container.
    pub fn set_listed(&self, key: u64, listed: bool) -> Result<(), LoadError> {
        let map = self.map("cgroups")?;
        for cgroup in map.keys() {
            let Some(mut entry) = entry(&map, &cgroup)?.filter(|entry| entry.cgroup == key) else {
                continue;
            };
            entry.listed = if listed { LISTED_YES } else { LISTED_NO };
            // SAFETY: `container` is made of integers without padding.
            let bytes = unsafe { plain::as_bytes(&entry) };
            // The cgroup may just have gone, which is as well.
            let _ = map.update(&cgroup, bytes, MapFlags::EXIST);
        }
        Ok(())
    }
}

/// The container that a record names, in the map `cgroups`.
pub fn lookup(cgroups: &impl MapCore, key: u64) -> Result<Option<Found>, LoadError> {
    let found = entry(cgroups, &key.to_ne_bytes())?;
    Ok(found.filter(|entry| entry.cgroup != 0).map(Found::from))
}

fn entry(map: &impl MapCore, key: &[u8]) -> Result<Option<container>, LoadError> {
    let bytes = map
        .lookup(key, MapFlags::ANY)
        .map_err(LoadError::bpf("the containers cannot be read"))?;
    Ok(bytes.and_then(|bytes| {
        let mut entry = container::default();
        plain::copy_from_bytes(&mut entry, &bytes).ok().map(|()| entry)
    }))
}
