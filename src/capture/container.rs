//! Whose artefact it is: the folder of its container.

use std::collections::HashMap;
use std::fs;

use crate::event::Context;

/// What is in no container.
pub const HOST: &str = "host";

/// Folders by cgroup and mount namespace.
#[derive(Default)]
pub struct Containers {
    known: HashMap<(u64, u32), String>,
}

/// More than these are not remembered.
const KNOWN_MAX: usize = 4096;
/// Digits of a container's id that are shown.
const ID_DIGITS: usize = 12;

impl Containers {
    /// The folder of a process: its container's id, or `host`. `pid` is as our pid namespace counts.
    pub fn folder(&mut self, who: &Context, pid: u32) -> String {
        let key = (who.cgroup_id, who.mnt_ns);
        if let Some(folder) = self.known.get(&key) {
            return folder.clone();
        }
        let Ok(text) = fs::read_to_string(format!("/proc/{pid}/cgroup")) else {
            // Gone, and the first of its kind: not to be remembered.
            return HOST.into();
        };
        let folder = id(&text).unwrap_or(HOST).to_owned();
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        self.known.insert(key, folder.clone());
        folder
    }
}

/// The container's id in `/proc/PID/cgroup`: 64 hexadecimal digits, as all runtimes have it.
fn id(text: &str) -> Option<&str> {
    const ID: usize = 64;
    let is_id = |word: &&str| word.len() == ID && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.lines()
        .flat_map(|line| line.split(['/', '-', '.', ':']))
        .find(is_id)
        .map(|id| &id[..ID_DIGITS])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        let full = "0123456789ab".repeat(5) + "cdef";
        for text in [
            format!("0::/docker/{full}"),
            format!("12:pids:/x\n0::/system.slice/docker-{full}.scope\n"),
            format!("0::/kubepods/burstable/pod1/cri-containerd-{full}.scope/init"),
        ] {
            assert_eq!(id(&text), Some("0123456789ab"), "{text}");
        }
        assert_eq!(id("0::/user.slice/user-0.slice"), None);
    }
}
