//! Containers: what their cgroups and their runtimes tell of them.
//!
//! Cgroups tell ids; names and images are known to the runtimes, which are asked on a thread of its own. Records of a
//! container whose answer is not there yet are held for a moment, so that its first event has its name, too; all others
//! go on meanwhile.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fs;
use std::os::fd::BorrowedFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::catalogue::{self, EventId};
use crate::decode::RECORD_NO_RETURN;
use crate::enrich::runtime::{Answer, Asker};
use crate::error::Error;
use crate::event::{Context, Event, Value};
use crate::loader::containers::{Found, HIERARCHY_SHIFT};

/// Records are held no longer than this for a name that is only to be shown.
const HOLD: Duration = Duration::from_millis(500);
/// And no more of one container.
const HELD_MAX: usize = 8 << 20;
/// Records of a container can still come for a while after it was removed, since other CPUs' rings are read later.
const REMOVED_KEPT: usize = 256;

/// What is shown of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Container {
    /// 64 hex digits.
    pub id: String,
    pub runtime: &'static str,
    pub name: Option<String>,
    pub image: Option<String>,
}

impl Container {
    /// By what its cgroup's path shows: the id, and what is before it.
    fn new(id: &[u8], before: &[u8]) -> Container {
        Container {
            id: String::from_utf8_lossy(id).into_owned(),
            runtime: runtime(before),
            name: None,
            image: None,
        }
    }

    /// As docker and others show it.
    pub fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// Whether the user means it by one of these: beginnings of ids, names.
    fn is_listed(&self, list: &[String]) -> bool {
        list.iter()
            .any(|word| self.id.starts_with(word) || self.name.as_ref() == Some(word))
    }
}

/// The runtime that makes such cgroups, from what is before the id: `/docker/`, `/cri-containerd-`, … Kubelet's folders
/// (`/pod<uid>/`) are containerd's in our days.
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
    /// It is shown, with this container.
    Show(Option<Rc<Container>>),
    /// Its container's name must be known first.
    Held,
    /// The user did not name its container.
    Drop,
}

/// What is known of one.
#[derive(Debug)]
struct Entry {
    container: Rc<Container>,
    /// Whether the user wants it; `None`: its name decides.
    wanted: Option<bool>,
    /// The runtime has been asked, and has not answered.
    asked: bool,
    since: Instant,
    held: Vec<u8>,
    /// Where each of `held` ends.
    ends: Vec<usize>,
}

impl Entry {
    /// Whether records wait for the answer.
    fn waits(&self) -> bool {
        self.asked && (self.wanted.is_none() || (self.since.elapsed() < HOLD && self.held.len() < HELD_MAX))
    }
}

/// Every container that records may name.
pub struct Containers {
    entries: HashMap<u64, Entry>,
    removed: VecDeque<u64>,
    /// Only where something needs names.
    asker: Option<Asker>,
    listed: Vec<String>,
    create: EventId,
    remove: EventId,
    existing: EventId,
}

impl Containers {
    /// `names`: names and images are shown; `listed`: what the user named. Starts a thread if runtimes must be asked.
    pub fn new(names: bool, listed: &[String]) -> Result<Containers, Error> {
        let asker = (names || !listed.is_empty()).then(Asker::start).transpose()?;
        Ok(Containers {
            entries: HashMap::new(),
            removed: VecDeque::new(),
            asker,
            listed: listed.to_vec(),
            create: catalogue::expect("container_create").id,
            remove: catalogue::expect("container_remove").id,
            existing: catalogue::expect("existing_container").id,
        })
    }

    /// Becomes readable when a runtime has answered.
    pub fn answered(&self) -> Option<BorrowedFd<'_>> {
        self.asker.as_ref().map(Asker::answered)
    }

    /// Gets to know a container, and asks for its name.
    pub fn add(&mut self, found: &Found) {
        self.learn(found.key, &found.id, &found.before);
    }

    fn learn(&mut self, key: u64, id: &[u8], before: &[u8]) {
        if self.entries.contains_key(&key) {
            return;
        }
        let container = Container::new(id, before);
        let wanted = (self.listed.is_empty() || container.is_listed(&self.listed)).then_some(true);
        let asked = self.asker.as_ref().is_some_and(|asker| asker.ask(&container));
        self.entries.insert(
            key,
            Entry {
                container: Rc::new(container),
                // Where nobody can be asked, there is no name.
                wanted: wanted.or((!asked).then_some(false)),
                asked,
                since: Instant::now(),
                held: Vec::new(),
                ends: Vec::new(),
            },
        );
    }

    pub fn knows(&self, key: u64) -> bool {
        key == 0 || self.entries.contains_key(&key)
    }

    /// Whether this event tells of a container itself.
    fn is_life(&self, event: EventId) -> bool {
        [self.create, self.remove, self.existing].contains(&event)
    }

    /// Says what becomes of a record that has just been read, and learns from it.
    pub fn meet(&mut self, event: &Event<'_>, record: &[u8]) -> Verdict {
        let key = event.context.container;
        if self.is_life(event.spec.id) {
            let text = |index: usize| match event.args.get(index).map(|arg| &arg.value) {
                Some(Value::Str(bytes)) => *bytes,
                _ => &[],
            };
            self.learn(key, text(0), text(1));
        }
        if event.spec.id == self.remove {
            self.forget_later(key);
        }
        let Some(entry) = self.entries.get_mut(&key) else {
            return Verdict::Show(None);
        };
        if !entry.ends.is_empty() || entry.waits() {
            entry.held.extend_from_slice(record);
            entry.ends.push(entry.held.len());
            return Verdict::Held;
        }
        entry.verdict()
    }

    /// Forgets a container with all its cgroups, once so many others have been removed after it.
    fn forget_later(&mut self, key: u64) {
        let Some(id) = self.entries.get(&key).map(|entry| entry.container.id.clone()) else {
            return;
        };
        let same = self.entries.iter().filter(|(_, entry)| entry.container.id == id);
        self.removed.extend(same.map(|(key, _)| *key));
        while self.removed.len() > REMOVED_KEPT {
            if let Some(old) = self.removed.pop_front() {
                self.entries.remove(&old);
            }
        }
    }

    /// Of a record that was held.
    pub fn verdict(&self, key: u64) -> Verdict {
        self.entries.get(&key).map_or(Verdict::Show(None), Entry::verdict)
    }

    /// Fills in what only the runtime tells of a container.
    pub fn complete<'a>(&self, event: &mut Event<'a>, container: Option<&'a Container>) {
        let Some(container) = container.filter(|_| self.is_life(event.spec.id)) else {
            return;
        };
        let texts = [
            Some(container.runtime),
            container.name.as_deref(),
            container.image.as_deref(),
        ];
        for (arg, text) in event.args.iter_mut().skip(1).zip(texts) {
            arg.value = text.map_or(Value::Null, |text| Value::Str(text.as_bytes()));
            arg.full = 0;
        }
    }

    /// Takes what runtimes have answered: containers of which is now known whether the user wants them.
    pub fn take_answers(&mut self) -> Vec<(u64, bool)> {
        let answers = self.asker.as_ref().map(Asker::answers).unwrap_or_default();
        self.take(answers)
    }

    /// Takes all that is still to be answered for what is held, but waits for that no longer than records are held.
    pub fn await_answers(&mut self) -> Vec<(u64, bool)> {
        let mut decided = self.take_answers();
        let start = Instant::now();
        let waits = |entry: &Entry| entry.asked && !entry.ends.is_empty();
        while self.entries.values().any(waits) {
            let left = HOLD.saturating_sub(start.elapsed());
            let Some(answer) = self.asker.as_ref().and_then(|asker| asker.wait(left)) else {
                break;
            };
            decided.extend(self.take(vec![answer]));
        }
        decided
    }

    fn take(&mut self, answers: Vec<Answer>) -> Vec<(u64, bool)> {
        let mut decided = Vec::new();
        for Answer {
            id,
            runtime,
            name,
            image,
        } in answers
        {
            // One that has been started again has a new cgroup.
            for (key, entry) in self
                .entries
                .iter_mut()
                .filter(|(_, entry)| entry.container.id == id)
            {
                let known = &entry.container;
                entry.container = Rc::new(Container {
                    runtime: runtime.unwrap_or(known.runtime),
                    name: name.clone(),
                    image: image.clone(),
                    ..Container::clone(known)
                });
                entry.asked = false;
                if entry.wanted.is_none() {
                    let wanted = entry.container.is_listed(&self.listed);
                    entry.wanted = Some(wanted);
                    decided.push((*key, wanted));
                }
            }
        }
        decided
    }

    /// Something is held.
    pub fn holds(&self) -> bool {
        self.entries.values().any(|entry| !entry.ends.is_empty())
    }

    /// Gives one record after another that need be held no longer; `all`: none is held any more.
    pub fn released(&mut self, all: bool) -> Vec<Vec<u8>> {
        let mut released = Vec::new();
        for entry in self.entries.values_mut() {
            if entry.ends.is_empty() || (entry.waits() && !all) {
                continue;
            }
            let mut start = 0;
            for end in std::mem::take(&mut entry.ends) {
                released.push(entry.held[start..end].to_vec());
                start = end;
            }
            entry.held = Vec::new();
        }
        // As all records are: in order of time.
        released.sort_by_key(|record| crate::decode::peek_time(record));
        released
    }
}

impl Entry {
    fn verdict(&self) -> Verdict {
        match self.wanted {
            Some(true) => Verdict::Show(Some(Rc::clone(&self.container))),
            _ => Verdict::Drop,
        }
    }
}

/// Paths of the cgroups of all processes, as they see them.
pub fn cgroup_paths() -> BTreeSet<String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let paths = processes.filter_map(|process| fs::read_to_string(process.path().join("cgroup")).ok());
    paths
        .flat_map(|lines| {
            let path = |line: &str| line.splitn(3, ':').nth(2).map(str::to_owned);
            lines.lines().filter_map(path).collect::<Vec<_>>()
        })
        .collect()
}

/// The record of `existing_container`, as the kernel side would have made it.
pub fn existing(context: Context, found: &Found, path: Option<&String>) -> Vec<u8> {
    let context = Context {
        container: found.key,
        nvalues: 7,
        flags: RECORD_NO_RETURN,
        ..context
    };
    // SAFETY: Context is made of integers without padding (it is Plain).
    let mut bytes = unsafe { plain::as_bytes(&context) }.to_vec();
    let hierarchy = found.key >> HIERARCHY_SHIFT;
    let cgroup = found.key & ((1 << HIERARCHY_SHIFT) - 1);
    for value in [0, 0, 0, 0, cgroup, 0, hierarchy] {
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
