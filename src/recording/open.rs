//! Opens the recordings that `--read` names, and reads their headers.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use crate::error::RecordingError;
use crate::recording::read::{Reader, Source};

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

struct Pipe<R>(R);

impl<R: Read> Read for Pipe<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read> Source for Pipe<R> {
    fn seekable(&mut self) -> Option<&mut dyn Seek> {
        None
    }
}

/// One recording, and what messages call it.
pub struct Recording {
    /// Its file's name, or `standard input`.
    pub name: String,
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
        let (name, input): (String, io::Result<Input>) = match path.to_str() {
            Some("-") => (
                "standard input".into(),
                Ok(Box::new(Pipe(BufReader::new(io::stdin())))),
            ),
            _ => (
                path.display().to_string(),
                File::open(path).map(|file| Box::new(BufReader::with_capacity(1 << 18, file)) as Input),
            ),
        };
        let unreadable = |reason: String| RecordingError::Unreadable {
            file: name.clone(),
            reason,
        };
        let input = input.map_err(|error| unreadable(error.to_string()))?;
        let reader = Reader::new(input).map_err(|error| unreadable(error.to_string()))?;
        Ok(Recording { name, reader })
    }

    /// Opens all of them.
    pub fn open_all(paths: &[PathBuf]) -> Result<Vec<Recording>, RecordingError> {
        paths.iter().map(|path| Recording::open(path)).collect()
    }

    /// A failure of reading it.
    pub fn failed(&self, error: &io::Error) -> RecordingError {
        RecordingError::Unreadable {
            file: self.name.clone(),
            reason: error.to_string(),
        }
    }
}
