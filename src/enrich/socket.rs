//! Asking at a runtime's socket, without trust in its folder, in the process that listens, or in its answering in time.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::fcntl::{openat2, OFlag, OpenHow, ResolveFlag};
use nix::sys::socket::{
    connect, getsockopt, setsockopt, socket, sockopt, AddressFamily, SockFlag, SockType, UnixAddr,
};
use nix::sys::time::{TimeVal, TimeValLike};
use serde::de::DeserializeOwned;

use crate::files::{Mount, Stat};

/// Limit of a reply, in bytes: naming a container takes no more.
pub const REPLY_MAX: u64 = 1 << 20;
/// Limit of a reply of a user's runtime, in bytes.
const USERS_REPLY_MAX: u64 = 64 << 10;

/// Where a runtime listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    path: PathBuf,
    /// The folder, owned by this user, below which the socket lies; he may put anything in it.
    within: Option<PathBuf>,
    /// Uid whose containers it may name: the process that listens must be that user's.
    owner: u32,
    /// Limit of time for connecting, asking and answering together.
    limit: Duration,
}

impl Place {
    /// A socket whose path root, or the user who traces, vouches for.
    pub fn of_root(path: impl Into<PathBuf>, owner: u32, limit: Duration) -> Place {
        Place {
            path: path.into(),
            within: None,
            owner,
            limit,
        }
    }

    /// A socket in a user's folder; links of the user are not followed.
    pub fn of_user(folder: impl Into<PathBuf>, path: &str, owner: u32, limit: Duration) -> Place {
        Place {
            path: path.into(),
            within: Some(folder.into()),
            owner,
            limit,
        }
    }

    /// The reply to a GET of that resource, by HTTP/1.0, so that the reply ends with the connection.
    ///
    /// `TimedOut` means that the runtime took too long; any other error, that it does not know.
    pub fn get<T: DeserializeOwned>(&self, resource: &str) -> io::Result<T> {
        let most = self.most();
        let deadline = Instant::now() + self.limit;
        let mut stream = self.open(deadline)?;
        // Sent in one piece: a server that answers early may close before the rest arrives.
        let request = format!("GET {resource} HTTP/1.0\r\nHost: tracee\r\n\r\n");
        stream.write_all(request.as_bytes()).map_err(late)?;
        let mut reply = Vec::new();
        let mut part = [0; 8192];
        loop {
            stream.set_read_timeout(Some(left(deadline)?))?;
            match stream.read(&mut part).map_err(late)? {
                0 => break,
                n => reply.extend_from_slice(&part[..n]),
            }
            if reply.len() as u64 > most {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
        body(&reply).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// How many bytes of a reply are read.
    fn most(&self) -> u64 {
        if self.owner == 0 {
            REPLY_MAX
        } else {
            USERS_REPLY_MAX
        }
    }

    /// A connection to the runtime; no operation on it waits beyond the deadline.
    fn open(&self, deadline: Instant) -> io::Result<UnixStream> {
        let left = left(deadline)?;
        let limit = TimeVal::microseconds(i64::try_from(left.as_micros()).unwrap_or(i64::MAX));
        let fd = socket(
            AddressFamily::Unix,
            SockType::Stream,
            SockFlag::SOCK_CLOEXEC,
            None,
        )?;
        // The limit holds for connecting, too.
        setsockopt(&fd, sockopt::SendTimeout, &limit)?;
        match &self.within {
            None => {
                connect(fd.as_raw_fd(), &UnixAddr::new(&self.path)?).map_err(|errno| late(errno.into()))?
            }
            Some(folder) => {
                let found = self.find(folder)?;
                let path = format!("/proc/self/fd/{}", found.as_raw_fd());
                connect(fd.as_raw_fd(), &UnixAddr::new(path.as_str())?)
                    .map_err(|errno| late(errno.into()))?;
            }
        }
        if getsockopt(&fd, sockopt::PeerCredentials)?.uid() != self.owner {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(fd.into())
    }

    /// Finds the socket in a user's folder: through no link, over no mount, and owned by him.
    fn find(&self, folder: &Path) -> io::Result<OwnedFd> {
        let found = |at: &dyn AsFd, path: &Path, resolve: ResolveFlag| -> io::Result<OwnedFd> {
            let how = OpenHow::new()
                .flags(OFlag::O_PATH | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW)
                .resolve(resolve | ResolveFlag::RESOLVE_NO_SYMLINKS);
            let file = openat2(at.as_fd(), path, how)?;
            match Stat::of(&file)?.uid == self.owner {
                true => Ok(file),
                false => Err(io::ErrorKind::PermissionDenied.into()),
            }
        };
        let root = File::open("/")?;
        let folder = found(&root, folder, ResolveFlag::empty())?;
        // A file system that he has mounted over his own folder may never answer.
        if Mount::of(&folder)?.is_others() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let inside = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_XDEV;
        let socket = found(&folder, &self.path, inside)?;
        match Stat::of(&socket)?.is_socket() {
            true => Ok(socket),
            false => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }
}

/// The time that is left until the deadline.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    // A timeout of 0 would mean no timeout.
    match left.as_micros() {
        0 => Err(io::ErrorKind::TimedOut.into()),
        _ => Ok(left),
    }
}

/// Sockets return `WouldBlock` when a timeout has passed.
fn late(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}

/// The JSON of a successful reply.
pub fn body<T: DeserializeOwned>(reply: &[u8]) -> Option<T> {
    let end = reply.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, body) = (&reply[..end], &reply[end + 4..]);
    let status = head.split(|byte| *byte == b' ').nth(1)?;
    (status == b"200").then(|| serde_json::from_slice(body).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::thread;

    const LIMIT: Duration = Duration::from_millis(300);

    fn own() -> u32 {
        nix::unistd::geteuid().as_raw()
    }

    fn get(place: &Place) -> io::Result<Value> {
        place.get("/")
    }

    /// Answers once, with that many bytes at a time.
    fn serve(
        listener: UnixListener,
        answer: impl AsRef<[u8]> + Send + 'static,
        at_once: usize,
    ) -> thread::JoinHandle<()> {
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let answer = answer.as_ref();
            for part in answer.chunks(at_once) {
                if stream.write_all(part).is_err() {
                    return;
                }
                if at_once < answer.len() {
                    thread::sleep(LIMIT / 4);
                }
            }
        })
    }

    const ANSWER: &[u8] = b"HTTP/1.0 200 OK\r\n\r\n[]";

    #[test]
    fn what_is_no_reply_is_no_answer() {
        assert_eq!(body::<Value>(b""), None);
        assert_eq!(body::<Value>(b"HTTP/1.0 404 Not Found\r\n\r\n{}"), None);
        assert_eq!(body::<Value>(b"HTTP/1.0 200 OK\r\n\r\n[{"), None);
        assert!(get(&Place::of_root("/nonexistent", 0, LIMIT)).is_err());
    }

    #[test]
    fn who_listens_must_be_who_may_tell() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let server = serve(UnixListener::bind(&path).unwrap(), ANSWER, 100);
        let error = get(&Place::of_root(&path, own() + 1, LIMIT)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        server.join().unwrap();
    }

    #[test]
    fn in_a_users_folder_no_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            folder.path().join(name).join("socket")
        };
        let real = make("real");
        let server = serve(UnixListener::bind(&real).unwrap(), ANSWER, 100);
        symlink(&real, make("links")).unwrap();
        symlink(folder.path().join("real"), folder.path().join("linked")).unwrap();
        let place = |path: &str| Place::of_user(folder.path(), path, own(), LIMIT);
        for linked in ["links/socket", "linked/socket"] {
            assert!(get(&place(linked)).is_err(), "{linked}");
        }
        // A file that is no socket is not connected to, nor is one outside of the folder.
        std::fs::write(folder.path().join("file"), "").unwrap();
        assert!(get(&place("file")).is_err());
        assert!(get(&place("../socket")).is_err());
        assert_eq!(get(&place("real/socket")).unwrap(), Value::Array(Vec::new()));
        server.join().unwrap();
    }

    /// A reply longer than the limit is not read to its end.
    #[test]
    fn long_replies_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        for (owner, most) in [(0, REPLY_MAX), (1, USERS_REPLY_MAX)] {
            assert_eq!(Place::of_root(&path, owner, LIMIT).most(), most);
        }
        let own = Place::of_root(&path, own(), 4 * LIMIT);
        let head = "HTTP/1.0 200 OK\r\n\r\n";
        for (len, fits) in [(own.most(), true), (own.most() + 1, false)] {
            let _ = std::fs::remove_file(&path);
            let answer = format!("{head}[]{}", " ".repeat(len as usize - head.len() - 2));
            let server = serve(UnixListener::bind(&path).unwrap(), answer, usize::MAX);
            assert_eq!(get(&own).is_ok(), fits, "{len}");
            server.join().unwrap();
        }
    }

    /// No server takes longer than the limit: not one that accepts and sends nothing, not one that sends a byte from
    /// time to time, not one that accepts nobody.
    #[test]
    fn nobody_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let silent = folder.path().join("silent");
        let _listener = UnixListener::bind(&silent).unwrap();
        let slow = folder.path().join("slow");
        let server = serve(UnixListener::bind(&slow).unwrap(), ANSWER, 1);
        let full = folder.path().join("full");
        let _full = UnixListener::bind(&full).unwrap();
        let fill = || {
            let fd = socket(
                AddressFamily::Unix,
                SockType::Stream,
                SockFlag::SOCK_NONBLOCK,
                None,
            )
            .unwrap();
            connect(fd.as_raw_fd(), &UnixAddr::new(&full).unwrap())
                .map(|()| fd)
                .ok()
        };
        let mut waiting = Vec::new();
        while let Some(fd) = fill() {
            waiting.push(fd);
        }
        for path in [silent, slow, full] {
            let start = Instant::now();
            let error = get(&Place::of_root(&path, own(), LIMIT)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{path:?}: {error}");
            assert!(start.elapsed() < 2 * LIMIT, "{path:?}: {:?}", start.elapsed());
        }
        server.join().unwrap();
    }
}
