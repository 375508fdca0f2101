//! The folder of an artefact, by its container.

use std::collections::HashMap;

use crate::decode::container::short_id;
use crate::decode::event::Context;

/// The folder for processes in no container.
pub const HOST: &str = "host";
/// The folder for containers that had been removed before their ids could be read.
pub const REMOVED: &str = "removed";

/// Looks up id and owner of a container in the kernel side, by the key that records have.
pub type Find = Box<dyn Fn(u64) -> Option<(Vec<u8>, u32)>>;

/// Folders by container.
pub struct Containers {
    find: Find,
    known: HashMap<u64, String>,
}

/// At most so many are remembered.
const KNOWN_MAX: usize = 4096;

impl Containers {
    pub fn new(find: Find) -> Containers {
        Containers {
            find,
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
        let Some((id, owner)) = (self.find)(who.container) else {
            return REMOVED.into();
        };
        let folder = short_id(&String::from_utf8_lossy(&id), owner).into_owned();
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        self.known.insert(who.container, folder.clone());
        folder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_for_each_container() {
        let mut containers = Containers::new(Box::new(|key| {
            (key == 7).then(|| (b"0123456789abcdef".repeat(4), 0))
        }));
        let mut folder = |container| {
            containers.folder(&Context {
                container,
                ..Context::default()
            })
        };
        assert_eq!(folder(0), HOST);
        assert_eq!(folder(7), "0123456789ab");
        assert_eq!(folder(8), REMOVED);
    }
}
