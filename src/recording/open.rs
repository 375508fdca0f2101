//! Opens the recordings that `--read` names, and reads their headers.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::libc::{dev_t, ino_t};
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use nix::sys::stat::{fstat, stat};

use crate::error::RecordingError;
use crate::privilege::as_user;
use crate::recording::read::{Reader, Source};
use crate::say;

/// A recording in a file or in a pipe.
pub type Input = Box<dyn Source>;

impl Source for BufReader<File> {
    fn seekable(&mut self) -> Option<&mut dyn Seek> {
        self.stream_position().ok()?;
        Some(self)
    }
}

impl Source for Input {
    fn seekable(&mut self) -> Option<&mut dyn Seek> {
        (**self).seekable()
    }
}

/// How often a pipe that is silent is left, in order to see whether the run was asked to end.
const LOOKED_AFTER: u16 = 200;

/// A pipe, a terminal, a device. It ends when the run is asked to end, even if nothing comes.
struct Pipe(File);

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
            match poll(&mut fds, PollTimeout::from(LOOKED_AFTER)) {
                Ok(0) if say::is_ending() => return Ok(0),
                Ok(0) | Err(Errno::EINTR) => {}
                // What cannot be polled can be read.
                _ => return self.0.read(buffer),
            }
        }
    }
}

impl Source for BufReader<Pipe> {
    fn seekable(&mut self) -> Option<&mut dyn Seek> {
        None
    }
}

/// Bytes that are read at once.
const AT_ONCE: usize = 1 << 18;

fn input(file: File) -> Input {
    match file.metadata().is_ok_and(|it| it.is_file()) {
        true => Box::new(BufReader::with_capacity(AT_ONCE, file)),
        false => Box::new(BufReader::with_capacity(AT_ONCE, Pipe(file))),
    }
}

/// Opens a file with the user's own rights: those of the executable are for tracing alone.
fn open(path: &Path) -> Result<File, String> {
    let opened = match path.to_str() {
        Some("-") => io::stdin().as_fd().try_clone_to_owned().map(File::from),
        _ => as_user(|| File::open(path)).map_err(|error| error.to_string())?,
    };
    opened.map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => {
            format!(
                "{error}; it is for the user who recorded it, unless it was with -o record,mode=0644:FILE"
            )
        }
        io::ErrorKind::NotFound => format!("{error}; --read takes recordings (strace's -r is --time delta)"),
        _ => error.to_string(),
    })
}

/// One recording, and what messages call it.
pub struct Recording {
    /// Its file's name, or `standard input`.
    pub name: String,
    /// Its device and inode.
    inode: (dev_t, ino_t),
    /// The recording.
    pub reader: Reader<Input>,
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Recording {
    /// Opens a file; `-` is standard input.
    pub fn open(path: &Path) -> Result<Recording, RecordingError> {
        let name = match path.to_str() {
            Some("-") => "standard input".into(),
            _ => path.display().to_string(),
        };
        let unreadable = |reason: String| RecordingError::Unreadable {
            file: name.clone(),
            reason,
        };
        let file = open(path).map_err(unreadable)?;
        let stat = fstat(&file).map_err(|errno| unreadable(errno.desc().into()))?;
        let reader = Reader::new(input(file)).map_err(|error| unreadable(error.to_string()))?;
        Ok(Recording {
            name,
            inode: (stat.st_dev, stat.st_ino),
            reader,
        })
    }

    /// Opens all of them.
    pub fn open_all(paths: &[PathBuf]) -> Result<Vec<Recording>, RecordingError> {
        paths.iter().map(|path| Recording::open(path)).collect()
    }

    /// Whether it is the file at that path.
    pub fn is_at(&self, path: &Path) -> bool {
        stat(path).is_ok_and(|stat| (stat.st_dev, stat.st_ino) == self.inode)
    }

    /// A failure of reading it.
    pub fn failed(&self, error: &io::Error) -> RecordingError {
        RecordingError::Unreadable {
            file: self.name.clone(),
            reason: error.to_string(),
        }
    }
}
