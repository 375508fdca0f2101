//! Where events go: several outputs at once, each a format and a place.

pub mod escape;
pub mod json;
pub mod table;
pub mod text;

use std::fs::File;
use std::io::{self, Write};

use crate::cli::config::{Format, OutputSpec};
use crate::error::OutputError;
use crate::event::Event;

/// Written out at the latest when this much has gathered.
const BUFFERED: usize = 64 * 1024;

/// All outputs of a run.
pub struct Outputs {
    sinks: Vec<Sink>,
    /// Time of boot, in ns since the epoch.
    epoch: u64,
}

struct Sink {
    format: Format,
    /// For messages.
    target: String,
    writer: Box<dyn Write>,
    buffer: Vec<u8>,
    /// One row, kept for its room.
    row: String,
}

impl Outputs {
    /// Opens every place. The first flush writes the headers, so that a run that cannot begin prints none.
    pub fn open(specs: &[OutputSpec], epoch: u64) -> Result<Self, OutputError> {
        let sinks = specs.iter().map(Sink::open).collect::<Result<_, _>>()?;
        Ok(Outputs { sinks, epoch })
    }

    pub fn event(&mut self, event: &Event<'_>) -> Result<(), OutputError> {
        self.sinks
            .iter_mut()
            .try_for_each(|sink| sink.event(event, self.epoch))
    }

    /// Writes out what has gathered.
    pub fn flush(&mut self) -> Result<(), OutputError> {
        self.sinks.iter_mut().try_for_each(Sink::flush)
    }
}

impl Sink {
    fn open(spec: &OutputSpec) -> Result<Self, OutputError> {
        let (target, writer): (_, Box<dyn Write>) = match &spec.path {
            None => ("standard output".into(), Box::new(io::stdout())),
            Some(path) => {
                let file = File::create(path).map_err(|source| OutputError::Create {
                    path: path.clone(),
                    source,
                })?;
                (path.display().to_string(), Box::new(file))
            }
        };
        let mut sink = Sink {
            format: spec.format,
            target,
            writer,
            buffer: Vec::new(),
            row: String::new(),
        };
        if sink.format != Format::Json {
            sink.text(|out| table::header(out, spec.format == Format::TableVerbose));
        }
        Ok(sink)
    }

    fn event(&mut self, event: &Event<'_>, epoch: u64) -> Result<(), OutputError> {
        match self.format {
            Format::Json => {
                json::line(&mut self.buffer, event, epoch).map_err(|error| self.failed(error.into()))?;
            }
            format => self.text(|out| table::row(out, event, format == Format::TableVerbose)),
        }
        if self.buffer.len() >= BUFFERED {
            self.flush()?;
        }
        Ok(())
    }

    /// Lets `write` append text to the buffer.
    fn text(&mut self, write: impl FnOnce(&mut String)) {
        self.row.clear();
        write(&mut self.row);
        self.buffer.extend_from_slice(self.row.as_bytes());
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = self
            .writer
            .write_all(&self.buffer)
            .and_then(|()| self.writer.flush());
        self.buffer.clear();
        written.map_err(|error| self.failed(error))
    }

    fn failed(&self, source: io::Error) -> OutputError {
        match source.kind() {
            io::ErrorKind::BrokenPipe => OutputError::Closed,
            _ => OutputError::Write {
                target: self.target.clone(),
                source,
            },
        }
    }
}
