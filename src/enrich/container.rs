//! Containers: what their cgroups and their runtimes report of them.
//!
//! Ids come from cgroups; names and images from the runtimes, which are asked on threads of their own. Records of a
//! container whose answer has not arrived are held for a moment, so that its first event has its name, too; all others
//! are forwarded meanwhile.

use std::collections::{HashMap, VecDeque};
use std::os::fd::BorrowedFd;
use std::rc::Rc;
use std::time::Instant;

use crate::catalogue::spec::Life;
use crate::decode::container::Container;
use crate::decode::event::{Event, Value};
use crate::enrich::holding::{self, Holding};
use crate::enrich::runtime::{Answer, Asked, Asker};
use crate::error::Error;
use crate::loader::containers::Found;
use crate::wire::arg;

/// Records of a container can still come for a while after it was removed: other CPUs' rings are read later, and its
/// processes may live on.
const REMOVED_KEPT: usize = 4096;

/// A container by its cgroup: its id, what is before the id in the path, and the cgroup's owner.
fn shown(id: &[u8], before: &[u8], owner: u32) -> Container {
    Container {
        id: String::from_utf8_lossy(id).into_owned(),
        runtime: runtime(before).into(),
        name: None,
        image: None,
        owner,
    }
}

/// The runtime that makes such cgroups, from what is before the id: `/docker/`, `/cri-containerd-`, … Kubelet's folders
/// (`/pod<uid>/`) are containerd's today.
fn runtime(before: &[u8]) -> &'static str {
    const KNOWN: [(&str, &str); 8] = [
        ("cri-containerd-", "containerd"),
        ("cri-containerd:", "containerd"),
        ("nerdctl-", "containerd"),
        ("crio-", "cri-o"),
        ("libpod-", "podman"),
        ("libpod-payload-", "podman"),
        ("docker-", "docker"),
        ("docker:", "docker"),
    ];
    let before = before.rsplit(|byte| *byte == 0).next().unwrap_or_default();
    let known = KNOWN
        .iter()
        .find(|(prefix, _)| before.ends_with(prefix.as_bytes()));
    match known {
        Some((_, runtime)) => runtime,
        None if before.ends_with(b"docker/") => "docker",
        None if before.ends_with(b"libpod_parent/") => "podman",
        None => "containerd",
    }
}

/// What becomes of a record.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Show it, with this container.
    Show(Option<Rc<Container>>),
    /// Hold it until the name of its container is known.
    Held,
    /// Drop it: the user did not name its container.
    Drop,
}

/// What is known of one container.
#[derive(Debug)]
struct Entry {
    container: Rc<Container>,
    /// Whether the user wants it; `None`: its name decides, which is not known yet. Then it counts as wanted.
    wanted: Option<bool>,
    /// Whether its cgroup has been removed: then it is forgotten some time after its records have been shown.
    removed: bool,
}

impl Entry {
    fn verdict(&self) -> Verdict {
        match self.wanted {
            Some(false) => Verdict::Drop,
            _ => Verdict::Show(Some(Rc::clone(&self.container))),
        }
    }
}

/// Every container that records may name.
pub struct Containers {
    entries: HashMap<u64, Entry>,
    /// Keys by id and owner: a container has a cgroup in each hierarchy, and another one when it is started again.
    keys: HashMap<(String, u32), Vec<u64>>,
    removed: VecDeque<u64>,
    holding: Holding,
    /// `None` unless something needs names.
    asker: Option<Asker>,
    /// Containers whose names could not be found in time: some runtime took too long.
    pub nameless: u64,
    listed: Vec<String>,
}

impl Containers {
    /// `names`: names and images are shown; `listed`: what the user named. Starts threads if runtimes must be asked.
    pub fn new(names: bool, listed: &[String]) -> Result<Containers, Error> {
        let asker = (names || !listed.is_empty()).then(Asker::start).transpose()?;
        Ok(Containers {
            entries: HashMap::new(),
            keys: HashMap::new(),
            removed: VecDeque::new(),
            holding: Holding::default(),
            asker,
            nameless: 0,
            listed: listed.to_vec(),
        })
    }

    /// Becomes readable when a runtime has answered.
    pub fn answered(&self) -> Option<BorrowedFd<'_>> {
        self.asker.as_ref().map(Asker::answered)
    }

    /// Adds a container, and asks for its name.
    pub fn add(&mut self, found: &Found) {
        self.learn(found.key, shown(&found.id, &found.before, found.owner));
        if found.gone {
            self.forget_later(found.key);
        }
    }

    fn learn(&mut self, key: u64, container: Container) {
        if self.entries.contains_key(&key) {
            return;
        }
        let by_id = self.listed.is_empty() || container.is_listed(&self.listed);
        let asked = match &self.asker {
            Some(asker) if by_id || container.is_vouched_for() => asker.ask(&container),
            _ => Asked::No,
        };
        let wanted = match asked {
            _ if by_id => Some(true),
            // If no runtime can be asked, the name stays unknown.
            Asked::No => Some(false),
            Asked::Yes | Asked::Full => None,
        };
        if asked == Asked::Yes {
            self.holding.begin(key, container.owner != 0, wanted.is_none());
        }
        let same = (container.id.clone(), container.owner);
        self.keys.entry(same).or_default().push(key);
        self.entries.insert(
            key,
            Entry {
                container: Rc::new(container),
                wanted,
                removed: false,
            },
        );
    }

    pub fn knows(&self, key: u64) -> bool {
        key == 0 || self.entries.contains_key(&key)
    }

    /// The container of a record that needs no decision: it is known, wanted, and nothing of it is held. `Some(None)`: the
    /// record is in none.
    pub fn plain(&self, key: u64) -> Option<Option<&Rc<Container>>> {
        if key == 0 {
            return Some(None);
        }
        let entry = self
            .entries
            .get(&key)
            .filter(|entry| entry.wanted != Some(false))?;
        (!self.holding.has(key)).then_some(Some(&entry.container))
    }

    /// Decides what becomes of a record that has just been read, and learns from it.
    pub fn meet(&mut self, event: &Event<'_>, record: &[u8]) -> Verdict {
        let key = event.context.container;
        let life = event.spec.columns.life.filter(|life| life.of_container());
        if life.is_some() {
            // The rows of these events have the same arguments.
            let text = |position| match event.arg(position).map(|arg| &arg.value) {
                Some(Value::Str(bytes)) => *bytes,
                _ => &[],
            };
            let id = text(arg::CONTAINER_CREATE_CONTAINER_ID);
            let before = text(arg::CONTAINER_CREATE_RUNTIME);
            let owner = event.arg(arg::CONTAINER_CREATE_OWNER).map_or(0, |arg| arg.raw);
            self.learn(key, shown(id, before, u32::try_from(owner).unwrap_or(u32::MAX)));
        }
        if life == Some(Life::ContainerRemoved) {
            self.forget_later(key);
        }
        let Some(entry) = self.entries.get(&key) else {
            return Verdict::Show(None);
        };
        match self.holding.hold(key, record) {
            true => Verdict::Held,
            false => entry.verdict(),
        }
    }

    /// Forgets a container with all its cgroups, once none of its records are held and so many others have been removed.
    fn forget_later(&mut self, key: u64) {
        let Some(container) = self.entries.get(&key).map(|entry| Rc::clone(&entry.container)) else {
            return;
        };
        let same = (container.id.clone(), container.owner);
        for key in self.keys.get(&same).into_iter().flatten() {
            if let Some(entry) = self.entries.get_mut(key).filter(|entry| !entry.removed) {
                entry.removed = true;
                self.removed.push_back(*key);
            }
        }
        // At most two are removed for each that is added, until the excess is gone.
        for _ in 0..2 {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if self.removed.len() > REMOVED_KEPT {
            let Some(key) = self.removed.pop_front() else {
                return;
            };
            // The container must stay known until its records have been shown.
            if self.holding.has(key) {
                self.removed.push_back(key);
                return;
            }
            let Some(entry) = self.entries.remove(&key) else {
                return;
            };
            let same = (entry.container.id.clone(), entry.container.owner);
            if let Some(keys) = self.keys.get_mut(&same) {
                keys.retain(|other| *other != key);
                if keys.is_empty() {
                    self.keys.remove(&same);
                }
            }
        }
    }

    /// Takes the runtimes' answers. Returns containers (by key) of which it is now known whether the user wants them.
    pub fn take_answers(&mut self) -> Vec<(u64, bool)> {
        let answers = self.asker.as_ref().map(Asker::answers).unwrap_or_default();
        self.take(answers)
    }

    /// Waits for the answers for held records, but only for a moment. From then on nothing is held.
    pub fn await_answers(&mut self) -> Vec<(u64, bool)> {
        let mut decided = self.take_answers();
        let start = Instant::now();
        while self.holding.holds() {
            let left = holding::HOLD_AT_END.saturating_sub(start.elapsed());
            let Some(answer) = self.asker.as_ref().and_then(|asker| asker.wait(left)) else {
                break;
            };
            decided.extend(self.take(vec![answer]));
        }
        self.holding.end();
        decided
    }

    fn take(&mut self, answers: Vec<Answer>) -> Vec<(u64, bool)> {
        let mut decided = Vec::new();
        for answer in answers {
            let same = (answer.id, answer.owner);
            self.nameless += u64::from(answer.late && answer.name.is_none());
            for key in self.keys.get(&same).into_iter().flatten() {
                let Some(entry) = self.entries.get_mut(key) else {
                    continue;
                };
                let known = &entry.container;
                entry.container = Rc::new(Container {
                    runtime: answer.runtime.map_or_else(|| known.runtime.clone(), Into::into),
                    name: answer.name.clone(),
                    image: answer.image.clone(),
                    ..Container::clone(known)
                });
                // A name that no runtime reported in time may be the one that the user means.
                if entry.wanted.is_none() && !answer.late {
                    let wanted = entry.container.is_listed(&self.listed);
                    entry.wanted = Some(wanted);
                    decided.push((*key, wanted));
                }
                self.holding.answered(*key);
            }
        }
        decided
    }

    /// Whether a record is held.
    pub fn holds(&self) -> bool {
        self.holding.holds()
    }

    /// Records that need not be held any longer, in order of time, with their verdicts.
    pub fn released(&mut self) -> Vec<(Vec<u8>, Verdict)> {
        let mut released = Vec::new();
        for (key, record) in self.holding.released() {
            let verdict = self.entries.get(&key).map_or(Verdict::Show(None), Entry::verdict);
            released.push((record, verdict));
        }
        released.sort_by_key(|(record, _)| crate::wire::peek_time(record));
        released
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_by_their_paths() {
        for (before, expected) in [
            ("/docker/", "docker"),
            ("em.slice/docker-", "docker"),
            ("ce/cri-containerd-", "containerd"),
            ("slice:cri-containerd:", "containerd"),
            ("/crio-", "cri-o"),
            ("pod1.slice/crio-", "cri-o"),
            ("libpod_parent/libpod-", "podman"),
            ("achine.slice/libpod-", "podman"),
            ("pod12-4d/", "containerd"),
            ("\0\0\0/docker/", "docker"),
        ] {
            assert_eq!(runtime(before.as_bytes()), expected, "{before:?}");
        }
    }

    #[test]
    fn listed_by_the_beginning_of_the_id_or_by_the_whole_name() {
        let container = Container {
            id: "3fa9".into(),
            name: Some("web".into()),
            ..Container::default()
        };
        let listed = |word: &str| container.is_listed(&[word.to_owned()]);
        assert!(listed("3f") && listed("3fa9") && listed("web"));
        assert!(!listed("fa9") && !listed("we") && !listed("web1"));
    }
}
