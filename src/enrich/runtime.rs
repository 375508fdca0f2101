//! Asks runtimes for names and images of containers: on a thread of its own, each within a time limit.
//!
//! Docker and podman are asked at their sockets, by HTTP, for their lists: these take no lock of a container that is just
//! being started. CRI-O has a socket of that kind, too. Of containerd's containers the bundle tells, in which kubelet's
//! names are annotations. What is missing or may not be read is no error: there is no name then.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs};

use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::socket::{connect, socket, AddressFamily, SockFlag, SockType, UnixAddr};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::TimeVal;
use serde_json::Value;

use crate::enrich::container::Container;
use crate::error::Error;
use crate::privilege::{self, Uses};

/// One runtime may take this long.
const TIME_LIMIT: Duration = Duration::from_secs(1);
/// Nobody needs more to name a container.
const REPLY_MAX: u64 = 1 << 20;

/// What a runtime says of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    pub id: String,
    /// Who knew it, where the cgroup's path left that open.
    pub runtime: Option<&'static str>,
    pub name: Option<String>,
    pub image: Option<String>,
}

/// The thread that asks.
#[derive(Debug)]
pub struct Asker {
    questions: Sender<(String, &'static str)>,
    answers: Receiver<Answer>,
    answered: Arc<EventFd>,
}

impl Asker {
    pub fn start() -> Result<Asker, Error> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let answered = Arc::new(EventFd::from_flags(flags).map_err(Error::system("eventfd"))?);
        let (questions, asked) = channel::<(String, &'static str)>();
        let (tell, answers) = channel();
        let tells = Arc::clone(&answered);
        let asks = move || {
            // As the thread that starts this one will do for itself.
            let uses = Uses {
                proc: true,
                ..Uses::default()
            };
            if privilege::limit_thread(uses).is_err() {
                return;
            }
            for (id, runtime) in asked {
                if tell.send(ask(&id, runtime)).is_err() {
                    return;
                }
                let _ = tells.write(1);
            }
        };
        thread::Builder::new()
            .name("tracee-ask".into())
            .spawn(asks)
            .map_err(Error::system("thread"))?;
        Ok(Asker {
            questions,
            answers,
            answered,
        })
    }

    /// Whether there will be an answer.
    pub fn ask(&self, container: &Container) -> bool {
        self.questions
            .send((container.id.clone(), container.runtime))
            .is_ok()
    }

    /// Becomes readable with an answer.
    pub fn answered(&self) -> BorrowedFd<'_> {
        self.answered.as_fd()
    }

    /// All that there are.
    pub fn answers(&self) -> Vec<Answer> {
        let _ = self.answered.read();
        self.answers.try_iter().collect()
    }

    /// The next one, if it comes in time.
    pub fn wait(&self, limit: Duration) -> Option<Answer> {
        self.answers.recv_timeout(limit).ok()
    }
}

fn ask(id: &str, runtime: &'static str) -> Answer {
    let answer = match runtime {
        "docker" => docker(id),
        "podman" => podman(id),
        "cri-o" => crio(id),
        // Kubelet's folders look the same with all of them.
        _ => bundle(id).or_else(|| crio(id)).or_else(|| docker(id)),
    };
    answer.unwrap_or_else(|| Answer {
        id: id.into(),
        ..Answer::default()
    })
}

fn docker(id: &str) -> Option<Answer> {
    let named = socket_of("DOCKER_HOST");
    let paths = named.into_iter().chain(["/run/docker.sock".into()]);
    listed(paths, id, "docker")
}

fn podman(id: &str) -> Option<Answer> {
    let named = socket_of("CONTAINER_HOST");
    let users = fs::read_dir("/run/user").into_iter().flatten().flatten();
    let paths = named
        .into_iter()
        .chain(["/run/podman/podman.sock".into()])
        .chain(users.map(|user| user.path().join("podman/podman.sock")));
    listed(paths, id, "podman").or_else(|| stored(id))
}

/// The socket that the runtime's own tools would use, if it is one.
fn socket_of(variable: &str) -> Option<PathBuf> {
    let value = env::var(variable).ok()?;
    value.strip_prefix("unix://").map(PathBuf::from)
}

/// Docker's list of containers, which podman has, too, of this one alone.
fn listed(sockets: impl Iterator<Item = PathBuf>, id: &str, runtime: &'static str) -> Option<Answer> {
    let path = format!("/containers/json?all=true&filters=%7B%22id%22%3A%5B%22{id}%22%5D%7D");
    for socket in sockets {
        let Ok(reply) = get(&socket, &path) else {
            continue;
        };
        let container = reply.as_array().and_then(|list| list.first());
        if let Some(container) = container {
            return Some(Answer {
                id: id.into(),
                runtime: Some(runtime),
                name: text(&container["Names"][0]).map(|name| name.trim_start_matches('/').into()),
                image: text(&container["Image"]),
            });
        }
    }
    None
}

fn crio(id: &str) -> Option<Answer> {
    let reply = get(Path::new("/run/crio/crio.sock"), &format!("/containers/{id}")).ok()?;
    Some(Answer {
        id: id.into(),
        runtime: Some("cri-o"),
        name: text(&reply["annotations"]["io.kubernetes.container.name"]).or_else(|| text(&reply["name"])),
        image: text(&reply["image"]),
    })
}

/// Where containerd keeps the bundles of what runs.
const BUNDLES: &str = "/run/containerd/io.containerd.runtime.v2.task";

fn bundle(id: &str) -> Option<Answer> {
    let namespaces = fs::read_dir(BUNDLES).ok()?.flatten();
    let config = namespaces
        .map(|namespace| namespace.path().join(id).join("config.json"))
        .find_map(|path| read_json(&path))?;
    let annotation = |names: [&str; 2]| names.iter().find_map(|name| text(&config["annotations"][*name]));
    Some(Answer {
        id: id.into(),
        runtime: Some("containerd"),
        name: annotation(["io.kubernetes.cri.container-name", "nerdctl/name"]),
        image: annotation(["io.kubernetes.cri.image-name", "nerdctl/image"]),
    })
}

/// Podman's own list, for root's containers, which there is without its service.
const STORES: [&str; 2] = [
    "/var/lib/containers/storage/overlay-containers/containers.json",
    "/run/containers/storage/overlay-containers/volatile-containers.json",
];

fn stored(id: &str) -> Option<Answer> {
    STORES.iter().find_map(|path| {
        let list = read_json(Path::new(path))?;
        let container = list.as_array()?.iter().find(|entry| entry["id"] == id)?;
        let metadata: Value = serde_json::from_str(container["metadata"].as_str()?).ok()?;
        Some(Answer {
            id: id.into(),
            runtime: Some("podman"),
            name: text(&container["names"][0]).or_else(|| text(&metadata["name"])),
            image: text(&metadata["image-name"]),
        })
    })
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn read_json(path: &Path) -> Option<Value> {
    let mut bytes = Vec::new();
    fs::File::open(path)
        .ok()?
        .take(REPLY_MAX)
        .read_to_end(&mut bytes)
        .ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// One request, HTTP/1.0, so that the reply ends with the connection.
fn get(path: &Path, request: &str) -> io::Result<Value> {
    let deadline = Instant::now() + TIME_LIMIT;
    let mut stream = open(path)?;
    write!(stream, "GET {request} HTTP/1.0\r\nHost: tracee\r\n\r\n")?;
    let mut reply = Vec::new();
    let mut part = [0; 8192];
    loop {
        match stream.read(&mut part)? {
            0 => break,
            n => reply.extend_from_slice(&part[..n]),
        }
        if reply.len() as u64 > REPLY_MAX || Instant::now() > deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
    body(&reply).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// The JSON of a reply that says that all is well.
fn body(reply: &[u8]) -> Option<Value> {
    let end = reply.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, body) = (&reply[..end], &reply[end + 4..]);
    let status = head.split(|byte| *byte == b' ').nth(1)?;
    (status == b"200").then(|| serde_json::from_slice(body).ok())?
}

/// A connection on which nothing takes longer than the limit, connecting neither.
fn open(path: &Path) -> io::Result<UnixStream> {
    let limit = TimeVal::new(TIME_LIMIT.as_secs() as i64, 0);
    let fd = socket(
        AddressFamily::Unix,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    setsockopt(&fd, sockopt::SendTimeout, &limit)?;
    setsockopt(&fd, sockopt::ReceiveTimeout, &limit)?;
    connect(fd.as_raw_fd(), &UnixAddr::new(path)?)?;
    Ok(fd.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    /// What dockerd 20.10 answers, as far as it matters.
    #[test]
    fn a_name_from_a_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let n = stream.read(&mut request).unwrap();
            stream
                .write_all(
                    b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n\
                      [{\"Id\":\"abc\",\"Names\":[\"/web\"],\"Image\":\"nginx:1\"}]\n",
                )
                .unwrap();
            String::from_utf8_lossy(&request[..n]).into_owned()
        });
        let answer = listed([path].into_iter(), "abc", "docker").unwrap();
        let request = server.join().unwrap();
        assert!(
            request.starts_with("GET /containers/json?all=true&filters="),
            "{request}"
        );
        assert_eq!(
            answer,
            Answer {
                id: "abc".into(),
                runtime: Some("docker"),
                name: Some("web".into()),
                image: Some("nginx:1".into()),
            }
        );
    }

    #[test]
    fn what_is_no_reply_is_no_name() {
        assert_eq!(body(b""), None);
        assert_eq!(body(b"HTTP/1.0 404 Not Found\r\n\r\n{}"), None);
        assert_eq!(body(b"HTTP/1.0 200 OK\r\n\r\n[{"), None);
        assert_eq!(listed(["/nonexistent".into()].into_iter(), "abc", "docker"), None);
    }

    /// Whoever accepts and says nothing, or accepts nobody, is given up.
    #[test]
    fn nobody_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        let start = Instant::now();
        assert_eq!(listed([path].into_iter(), "abc", "docker"), None);
        assert!(start.elapsed() < 3 * TIME_LIMIT);
    }
}
