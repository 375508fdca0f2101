//! Containers as the kernel side knows them.

use libbpf_rs::{MapCore, MapFlags};

use crate::error::LoadError;
use crate::loader::kernel_side::KernelSide;
use crate::loader::object::update;
use crate::wire::{container, listed_id, CONTAINER_ID_LEN, LISTED_NO, LISTED_YES};

/// Number of digits of a container's id.
pub const ID_LEN: usize = CONTAINER_ID_LEN as usize;

/// A container as its cgroup shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The key of its cgroup, by which records name it.
    pub key: u64,
    /// When it was first seen, in ns since boot.
    pub created: u64,
    pub id: Vec<u8>,
    /// What is before the id in the cgroup's path.
    pub before: Vec<u8>,
    /// Uid of the user who may have made the cgroup; 0: only root.
    pub owner: u32,
    /// Whether its cgroup has been removed.
    pub gone: bool,
}

impl Found {
    /// The id at the end of the path of a container's own cgroup, without a suffix that may follow it.
    pub fn id_in(path: &str) -> Option<&[u8]> {
        let path = path.strip_suffix(".scope").unwrap_or(path).as_bytes();
        path.len().checked_sub(ID_LEN).map(|start| &path[start..])
    }
}

impl From<container> for Found {
    fn from(entry: container) -> Found {
        let bytes = |chars: &[i8]| chars.iter().map(|c| c.to_ne_bytes()[0]).collect();
        Found {
            key: entry.cgroup,
            created: entry.created,
            id: bytes(&entry.who.id),
            before: bytes(&entry.before),
            owner: u32::try_from(entry.who.owner).unwrap_or(u32::MAX),
            gone: entry.gone != 0,
        }
    }
}

impl KernelSide {
    /// Makes all existing processes members of their cgroups' containers.
    pub(super) fn find_containers(&self) -> Result<(), LoadError> {
        self.run_over_tasks("find_containers")
    }

    /// Passes to the kernel side those names of the user that may be the beginning of an id.
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
            // Eight bits for each of at most 64 characters.
            let bits = name.len() as u32 * 8;
            update(&map, &listed_id { bits, id }, &1u32)?;
        }
        Ok(())
    }

    /// Containers that existed when tracing began.
    pub fn existing_containers(&self) -> Result<Vec<Found>, LoadError> {
        let map = self.map("containers")?;
        let since = self.control.since;
        let own = |key: Vec<u8>| {
            let entry = entry(&map, &key).ok()??;
            (key == entry.cgroup.to_ne_bytes() && entry.created < since).then(|| entry.into())
        };
        Ok(map.keys().filter_map(own).collect())
    }

    /// The container that a record names.
    pub fn container(&self, key: u64) -> Result<Option<Found>, LoadError> {
        lookup(&self.map("containers")?, key)
    }

    /// Records whether the user named a container.
    pub fn set_listed(&self, key: u64, listed: bool) -> Result<(), LoadError> {
        let map = self.map("decided")?;
        let decided = u64::from(if listed { LISTED_YES } else { LISTED_NO });
        let key = key.to_ne_bytes();
        // If there is no room, records of its processes are still made, and are dropped in user space.
        let _ = map.update(&key, &decided.to_ne_bytes(), MapFlags::ANY);
        if entry(&self.map("containers")?, &key)?.is_none() {
            let _ = map.delete(&key);
        }
        Ok(())
    }
}

/// The container that a record names, in the map `containers`.
pub fn lookup(containers: &impl MapCore, key: u64) -> Result<Option<Found>, LoadError> {
    Ok(entry(containers, &key.to_ne_bytes())?.map(Found::from))
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
