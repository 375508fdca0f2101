//! Whose artefact it is: the folder of its container.

use std::collections::HashMap;

use libbpf_rs::MapHandle;

use crate::decode::container::short_id;
use crate::decode::event::Context;
use crate::loader::containers;

/// What is in no container.
pub const HOST: &str = "host";
/// What is in one that had been removed before its id could be had.
pub const REMOVED: &str = "removed";

/// Folders by container.
pub struct Containers {
    map: MapHandle,
    known: HashMap<u64, String>,
}

/// More than these are not remembered.
const KNOWN_MAX: usize = 4096;

impl Containers {
    /// `map`: the kernel side's.
    pub fn new(map: MapHandle) -> Containers {
        Containers {
            map,
            known: HashMap::new(),
        }
    }

    /// The folder of a process: its container's id, or `host`.
    pub fn folder(&mut self, who: &Context) -> String {
        if who.container == 0 {
            return HOST.into();
        }
        if let Some(folder) = self.known.get(&who.container) {
            return folder.clone();
        }
        let Ok(Some(found)) = containers::lookup(&self.map, who.container) else {
            return REMOVED.into();
        };
        let folder = short_id(&String::from_utf8_lossy(&found.id), found.owner).into_owned();
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        self.known.insert(who.container, folder.clone());
        folder
    }
}
