//! What is shown of a container, from its cgroup and from its runtime.

use std::borrow::Cow;

use nix::unistd::getuid;
use serde::{Deserialize, Serialize};

/// What is shown of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// 64 hex digits.
    pub id: String,
    /// Name of what started it: `docker`, `podman` and the like.
    pub runtime: Cow<'static, str>,
    /// The runtime's name of it, once the runtime has answered.
    pub name: Option<String>,
    /// Name of its image, once the runtime has answered.
    pub image: Option<String>,
    /// Uid of the user who may have made its cgroup; 0: only root.
    pub owner: u32,
}

impl Container {
    /// The id as tables show it.
    pub fn short_id(&self) -> Cow<'_, str> {
        short_id(&self.id, self.owner)
    }

    /// Whether root, or the user who traces, vouches for its id and its name: any other user can make a cgroup with any
    /// id, and give it any name.
    pub fn is_vouched_for(&self) -> bool {
        self.owner == 0 || self.owner == getuid().as_raw()
    }

    /// Whether the list names it: by the beginning of its id, or by its name.
    pub fn is_listed(&self, list: &[String]) -> bool {
        list.iter()
            .any(|word| self.id.starts_with(word) || self.name.as_ref() == Some(word))
    }
}

/// The short form of an id: its first digits, as docker and others show them. A `~` replaces the last one if a user has
/// made the container, who may have chosen another one's id.
pub fn short_id(id: &str, owner: u32) -> Cow<'_, str> {
    const DIGITS: usize = 12;
    match (owner, id.get(..DIGITS), id.get(..DIGITS - 1)) {
        (0, Some(short), _) => short.into(),
        (_, Some(_), Some(short)) => format!("{short}~").into(),
        _ => id.into(),
    }
}
