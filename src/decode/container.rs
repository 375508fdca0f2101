//! What is shown of a container, wherever it is known from.

use std::borrow::Cow;

use nix::unistd::getuid;

/// What is shown of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Container {
    /// 64 hex digits.
    pub id: String,
    pub runtime: &'static str,
    pub name: Option<String>,
    pub image: Option<String>,
    /// Uid of whoever can have made its cgroup; 0: root alone.
    pub owner: u32,
}

impl Container {
    /// As tables show it.
    pub fn short_id(&self) -> Cow<'_, str> {
        short_id(&self.id, self.owner)
    }

    /// Whether its id and its name are root's word, or that of whoever traces: any user can make a cgroup with the id that he
    /// likes, and say what is called so.
    pub fn is_vouched_for(&self) -> bool {
        self.owner == 0 || self.owner == getuid().as_raw()
    }

    /// Whether the user means it by one of these: beginnings of ids, names.
    pub fn is_listed(&self, list: &[String]) -> bool {
        list.iter()
            .any(|word| self.id.starts_with(word) || self.name.as_ref() == Some(word))
    }
}

/// How a container is called for short: the first digits of its id, as docker and others show it. The last of them is a `~`
/// where a user has made it, who may have given it another one's id.
pub fn short_id(id: &str, owner: u32) -> Cow<'_, str> {
    const DIGITS: usize = 12;
    match (owner, id.get(..DIGITS)) {
        (0, Some(short)) => short.into(),
        (_, Some(short)) => format!("{}~", &short[..DIGITS - 1]).into(),
        (_, None) => id.into(),
    }
}
