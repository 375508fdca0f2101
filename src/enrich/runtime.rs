//! Asks runtimes for names and images of containers, within time limits, on threads of its own: one for root's
//! containers, one for users', so that no user's socket makes root's names wait.
//!
//! Docker and podman are asked at their sockets, by HTTP, for their lists: these take no lock of a container that is
//! just being started. CRI-O has a socket of that kind, too. Names of containerd's containers are in the bundle, in
//! which kubelet's names are annotations. A source that is missing or may not be read is no error: the name stays
//! unknown.
//!
//! The owner of a socket can name only his own containers: root's are named by root.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{channel, sync_channel, Receiver, Sender, SyncSender, TrySendError};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs};

use nix::sys::eventfd::{EfdFlags, EventFd};
use serde::de::DeserializeOwned;
use serde::Deserialize;

use crate::decode::container::Container;
use crate::enrich::socket::{Place, REPLY_MAX};
use crate::error::Error;
use crate::privilege::{self, secure_execution};

/// How long a runtime may take.
const TIME_LIMIT: Duration = Duration::from_secs(1);
/// How long a user's runtime may take.
const USERS_TIME_LIMIT: Duration = Duration::from_millis(250);
/// A user whose runtime has taken longer is not asked again for a while.
const USERS_PAUSE: Duration = Duration::from_secs(10);
/// How many users are paused at a time.
const USERS_PAUSED: usize = 1024;
/// How many questions may wait; containers beyond that get no name.
const QUESTIONS: usize = 65536;
const USERS_QUESTIONS: usize = 1024;

/// A runtime's answer about a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    pub id: String,
    /// Uid of the container's owner.
    pub owner: u32,
    /// The runtime that knew it, if the cgroup's path left that open.
    pub runtime: Option<&'static str>,
    pub name: Option<String>,
    pub image: Option<String>,
    /// Whether a runtime that may have known it took too long.
    pub late: bool,
}

#[derive(Debug)]
struct Question {
    id: String,
    owner: u32,
    runtime: Cow<'static, str>,
}

/// Whether a question will be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Yes,
    /// Too many other questions wait.
    Full,
    /// The threads have ended.
    No,
}

/// The threads that ask.
#[derive(Debug)]
pub struct Asker {
    roots: SyncSender<Question>,
    users: SyncSender<Question>,
    answers: Receiver<Answer>,
    answered: Arc<EventFd>,
}

impl Asker {
    pub fn start() -> Result<Asker, Error> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let answered = Arc::new(EventFd::from_flags(flags).map_err(Error::system("eventfd"))?);
        let (roots, asked) = sync_channel(QUESTIONS);
        let (users, users_asked) = sync_channel(USERS_QUESTIONS);
        let (sender, answers) = channel();
        let mut paused = Paused::default();
        spawn("tracee-ask", asked, sender.clone(), &answered, ask)?;
        spawn(
            "tracee-ask-user",
            users_asked,
            sender,
            &answered,
            move |question| paused.ask(question),
        )?;
        Ok(Asker {
            roots,
            users,
            answers,
            answered,
        })
    }

    pub fn ask(&self, container: &Container) -> Asked {
        let question = Question {
            id: container.id.clone(),
            owner: container.owner,
            runtime: container.runtime.clone(),
        };
        let thread = match container.owner {
            0 => &self.roots,
            _ => &self.users,
        };
        match thread.try_send(question) {
            Ok(()) => Asked::Yes,
            Err(TrySendError::Full(_)) => Asked::Full,
            Err(TrySendError::Disconnected(_)) => Asked::No,
        }
    }

    /// Becomes readable when an answer arrives.
    pub fn answered(&self) -> BorrowedFd<'_> {
        self.answered.as_fd()
    }

    /// All answers that have arrived.
    pub fn answers(&self) -> Vec<Answer> {
        let _ = self.answered.read();
        self.answers.try_iter().collect()
    }

    /// The next answer, if it arrives in time.
    pub fn wait(&self, limit: Duration) -> Option<Answer> {
        self.answers.recv_timeout(limit).ok()
    }
}

fn spawn(
    name: &str,
    asked: Receiver<Question>,
    sender: Sender<Answer>,
    answered: &Arc<EventFd>,
    mut ask: impl FnMut(&Question) -> Answer + Send + 'static,
) -> Result<(), Error> {
    let wake = Arc::clone(answered);
    let asks = move || {
        // This thread parses users' answers, so it must have no privileges.
        if privilege::limit_asking_thread().is_err() {
            return;
        }
        for question in asked {
            if sender.send(ask(&question)).is_err() {
                return;
            }
            let _ = wake.write(1);
        }
    };
    thread::Builder::new()
        .name(name.into())
        .spawn(asks)
        .map_err(Error::system("thread"))?;
    Ok(())
}

/// Users whose runtimes took too long, with the time of that.
#[derive(Debug, Default)]
struct Paused(HashMap<u32, Instant>);

impl Paused {
    fn ask(&mut self, question: &Question) -> Answer {
        let waits = |since: &Instant| since.elapsed() < USERS_PAUSE;
        if self.0.get(&question.owner).is_some_and(waits) {
            return unknown(question, true);
        }
        let answer = ask(question);
        if answer.late {
            if self.0.len() >= USERS_PAUSED {
                self.0.retain(|_, since| waits(since));
            }
            if self.0.len() < USERS_PAUSED {
                self.0.insert(question.owner, Instant::now());
            }
        }
        answer
    }
}

fn unknown(question: &Question, late: bool) -> Answer {
    Answer {
        id: question.id.clone(),
        owner: question.owner,
        late,
        ..Answer::default()
    }
}

/// Asks one runtime after another until one knows the container.
fn ask(question: &Question) -> Answer {
    let mut late = false;
    let id = &question.id;
    let docker = |late: &mut bool| docker(question, late);
    let answer = match (&*question.runtime, question.owner) {
        ("podman", owner) => podman(question, &mut late).or_else(|| stored(id).filter(|_| owner == 0)),
        ("docker", _) => docker(&mut late),
        ("cri-o", 0) => crio(id, &mut late),
        // Kubelet's folders look the same with every runtime.
        (_, 0) => bundle(id)
            .or_else(|| crio(id, &mut late))
            .or_else(|| docker(&mut late)),
        _ => docker(&mut late),
    };
    match answer {
        Some(answer) => Answer {
            owner: question.owner,
            ..answer
        },
        None => unknown(question, late),
    }
}

fn docker(question: &Question, late: &mut bool) -> Option<Answer> {
    let places = places(question.owner, "DOCKER_HOST", "/run/docker.sock", "docker.sock");
    listed(&places, &question.id, "docker", late)
}

fn podman(question: &Question, late: &mut bool) -> Option<Answer> {
    let places = places(
        question.owner,
        "CONTAINER_HOST",
        "/run/podman/podman.sock",
        "podman/podman.sock",
    );
    listed(&places, &question.id, "podman", late)
}

/// The sockets at which the containers of that user may be known: the one that a variable names, which is trusted as
/// far as the user who traces, root's, or the user's own.
fn places(owner: u32, variable: &str, roots: &str, users: &str) -> Vec<Place> {
    let limit = if owner == 0 { TIME_LIMIT } else { USERS_TIME_LIMIT };
    let named = socket_of(variable).map(|path| Place::of_root(path, owner, limit));
    let usual = match owner {
        0 => Place::of_root(roots, 0, limit),
        _ => Place::of_user(format!("run/user/{owner}"), users, owner, limit),
    };
    named.into_iter().chain([usual]).collect()
}

/// The socket in the variable that the runtime's own tools use, if it names one. The variable is ignored if the
/// executable, not the user, has the privileges.
fn socket_of(variable: &str) -> Option<PathBuf> {
    if secure_execution() {
        return None;
    }
    let value = env::var(variable).ok()?;
    value.strip_prefix("unix://").map(PathBuf::from)
}

/// The reply to a GET of the resource, if it arrives in time.
fn get<T: DeserializeOwned>(place: &Place, resource: &str, late: &mut bool) -> Option<T> {
    match place.get(resource) {
        Ok(reply) => Some(reply),
        Err(error) => {
            *late |= error.kind() == io::ErrorKind::TimedOut;
            None
        }
    }
}

/// A container in docker's list; other fields are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    names: Option<Vec<String>>,
    image: Option<String>,
}

/// Looks the container up in docker's list, which podman offers as well, filtered by this id.
fn listed(places: &[Place], id: &str, runtime: &'static str, late: &mut bool) -> Option<Answer> {
    let resource = format!("/containers/json?all=true&filters=%7B%22id%22%3A%5B%22{id}%22%5D%7D");
    for place in places {
        let reply: Option<Vec<Listed>> = get(place, &resource, late);
        if let Some(container) = reply.and_then(|list| list.into_iter().next()) {
            let name = first(container.names);
            return Some(Answer {
                id: id.into(),
                runtime: Some(runtime),
                name: name_of(name.as_deref().map(|name| name.trim_start_matches('/'))),
                image: image_of(container.image.as_deref()),
                ..Answer::default()
            });
        }
    }
    None
}

/// Annotations that runtimes keep with a container.
#[derive(Deserialize, Default)]
struct Annotations {
    #[serde(rename = "io.kubernetes.container.name")]
    crio_name: Option<String>,
    #[serde(rename = "io.kubernetes.cri.container-name")]
    cri_name: Option<String>,
    #[serde(rename = "io.kubernetes.cri.image-name")]
    cri_image: Option<String>,
    #[serde(rename = "nerdctl/name")]
    nerdctl_name: Option<String>,
    #[serde(rename = "nerdctl/image")]
    nerdctl_image: Option<String>,
}

#[derive(Deserialize)]
struct Annotated {
    annotations: Option<Annotations>,
    name: Option<String>,
    image: Option<String>,
}

fn crio(id: &str, late: &mut bool) -> Option<Answer> {
    let place = Place::of_root("/run/crio/crio.sock", 0, TIME_LIMIT);
    let reply: Annotated = get(&place, &format!("/containers/{id}"), late)?;
    let annotations = reply.annotations.unwrap_or_default();
    Some(Answer {
        id: id.into(),
        runtime: Some("cri-o"),
        name: name_of(annotations.crio_name.as_deref()).or_else(|| name_of(reply.name.as_deref())),
        image: image_of(reply.image.as_deref()),
        ..Answer::default()
    })
}

/// Where containerd keeps the bundles of what runs.
const BUNDLES: &str = "/run/containerd/io.containerd.runtime.v2.task";

/// A bundle's configuration.
#[derive(Deserialize)]
struct Bundle {
    annotations: Option<Annotations>,
}

fn bundle(id: &str) -> Option<Answer> {
    let namespaces = fs::read_dir(BUNDLES).ok()?.flatten();
    let config: Bundle = namespaces
        .map(|namespace| namespace.path().join(id).join("config.json"))
        .find_map(|path| read_json(&path))?;
    let notes = config.annotations.unwrap_or_default();
    Some(Answer {
        id: id.into(),
        runtime: Some("containerd"),
        name: name_of(notes.cri_name.as_deref()).or_else(|| name_of(notes.nerdctl_name.as_deref())),
        image: image_of(notes.cri_image.as_deref()).or_else(|| image_of(notes.nerdctl_image.as_deref())),
        ..Answer::default()
    })
}

/// Podman's own list of root's containers, which exists without its service.
const STORES: [&str; 2] = [
    "/var/lib/containers/storage/overlay-containers/containers.json",
    "/run/containers/storage/overlay-containers/volatile-containers.json",
];

#[derive(Deserialize)]
struct Stored {
    id: String,
    names: Option<Vec<String>>,
    /// Metadata, as JSON in a string.
    metadata: Option<String>,
}

#[derive(Deserialize, Default)]
struct Metadata {
    name: Option<String>,
    #[serde(rename = "image-name")]
    image: Option<String>,
}

fn stored(id: &str) -> Option<Answer> {
    STORES.iter().find_map(|path| {
        let list: Vec<Stored> = read_json(Path::new(path))?;
        let container = list.into_iter().find(|entry| entry.id == id)?;
        let metadata: Metadata = serde_json::from_str(&container.metadata?).ok()?;
        let name = first(container.names);
        Some(Answer {
            id: id.into(),
            runtime: Some("podman"),
            name: name_of(name.as_deref()).or_else(|| name_of(metadata.name.as_deref())),
            image: image_of(metadata.image.as_deref()),
            ..Answer::default()
        })
    })
}

fn first(names: Option<Vec<String>>) -> Option<String> {
    names.into_iter().flatten().next()
}

/// The longest name in bytes: that of a file name.
const NAME_MAX: usize = 255;
const IMAGE_MAX: usize = 1024;
/// Marks a text that was cut.
const CUT: char = '…';

fn name_of(name: Option<&str>) -> Option<String> {
    short(name, NAME_MAX)
}

fn image_of(image: Option<&str>) -> Option<String> {
    short(image, IMAGE_MAX)
}

/// The text in at most so many bytes, with a mark at the end if it was longer. An empty text counts as missing.
fn short(text: Option<&str>, most: usize) -> Option<String> {
    let text = text.filter(|text| !text.is_empty())?;
    if text.len() <= most {
        return Some(text.to_owned());
    }
    let mut end = most - CUT.len_utf8();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Some(format!("{}{CUT}", &text[..end]))
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let mut bytes = Vec::new();
    fs::File::open(path)
        .ok()?
        .take(REPLY_MAX)
        .read_to_end(&mut bytes)
        .ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests;
