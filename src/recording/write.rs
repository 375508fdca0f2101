//! Writes a recording: `--output record:FILE`.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use crate::clock::Timeline;
use crate::decode::event::Event;
use crate::error::OutputError;
use crate::output::spec::{Compression, OutputSpec};
use crate::output::target;
use crate::recording::block::{self, Head, BLOCK, HAS_FACTS, INDEX};
use crate::recording::facts::{self, Facts};
use crate::recording::frame::{self, flag, kind};
use crate::recording::header::Header;
use crate::totals::Totals;
use crate::wire::record_header;

/// What was recorded is in the file after this time at the latest.
const WAITS: Duration = Duration::from_secs(1);

/// What the last eight bytes of a whole recording are; before them is where the index begins.
pub const TAIL: [u8; 8] = *b"tracee\0i";

/// Where a block is, in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its first byte in the file.
    pub at: u64,
    /// The block's head, as far as it is in the index.
    pub head: Head,
}

/// Writes one recording.
pub struct Recorder {
    file: File,
    /// Name of the target, for messages.
    target: String,
    compression: Compression,
    header: Header,
    facts: Facts,
    /// Frames of the block that is open, and what its head will say.
    frames: Vec<u8>,
    head: Head,
    /// When its first frame came.
    since: Option<Instant>,
    /// A block as it is written.
    out: Vec<u8>,
    /// Bytes written so far.
    at: u64,
    index: Vec<Entry>,
}

impl Recorder {
    /// Opens the target. `header`: but for the time at which tracing begins.
    pub fn open(spec: &OutputSpec, header: Header) -> Result<Recorder, OutputError> {
        Ok(Recorder {
            file: target::open(spec)?,
            target: target::name(&spec.target),
            compression: spec.compression,
            header,
            facts: Facts::default(),
            frames: Vec::with_capacity(block::FULL + block::FULL / 4),
            head: Head::default(),
            since: None,
            out: Vec::new(),
            at: 0,
            index: Vec::new(),
        })
    }

    /// Where it goes: a pipe shows there that its reader has gone.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.file.as_fd())
    }

    /// Tracing has begun, at this time in ns since boot.
    pub fn begin(&mut self, at: u64) -> Result<(), OutputError> {
        self.header.began = at;
        let bytes = self.header.bytes().map_err(|error| self.failed(error))?;
        self.write(&bytes)
    }

    /// Events from now on have stamps of this clock.
    pub fn set_clock(&mut self, clock: &Timeline) {
        facts::push_clock(&mut self.frames, clock);
        self.head.flags |= HAS_FACTS;
        self.since.get_or_insert_with(Instant::now);
    }

    /// So many events were lost.
    pub fn lose(&mut self, count: u64) {
        self.head.lost += count;
    }

    /// Records an event, with the record that it was decoded from.
    pub fn event(&mut self, record: &[u8], event: &Event<'_>) -> Result<(), OutputError> {
        let (mut flags, learnt) = self.facts.note(event, &mut self.frames);
        if learnt {
            self.head.flags |= HAS_FACTS;
        }
        const FLAGS: usize = std::mem::offset_of!(record_header, flags);
        if record.get(FLAGS) != Some(&event.context.flags) {
            flags |= flag::DOUBTFUL;
        }
        frame::push(&mut self.frames, kind::EVENT, flags, &[record]);
        let head = &mut self.head;
        let time = event.context.time;
        if head.records == 0 {
            head.first = time;
        }
        head.first = head.first.min(time);
        head.last = head.last.max(time);
        head.records += 1;
        if self.frames.len() >= block::FULL {
            return self.close();
        }
        Ok(())
    }

    /// Writes the open block, if it has waited long enough.
    pub fn flush(&mut self, now: Instant) -> Result<(), OutputError> {
        match self.since {
            None if self.frames.is_empty() => Ok(()),
            None => {
                self.since = Some(now);
                Ok(())
            }
            Some(since) if now.duration_since(since) < WAITS => Ok(()),
            Some(_) => self.close(),
        }
    }

    /// After this time [`Self::flush`] has something to write.
    pub fn due(&self, now: Instant) -> Option<Duration> {
        self.since
            .map(|since| (since + WAITS).saturating_duration_since(now))
    }

    /// Writes what is left, the totals, and the index.
    pub fn finish(&mut self, totals: &Totals) -> Result<(), OutputError> {
        let mut json = serde_json::to_vec(totals).map_err(|error| self.failed(error.into()))?;
        if json.len() > block::FULL {
            // Hundreds of CPUs lost hundreds of events.
            json = serde_json::to_vec(&totals.without_cpus()).map_err(|error| self.failed(error.into()))?;
        }
        frame::push(&mut self.frames, kind::END, 0, &[&json]);
        self.close()?;
        let at = self.at;
        // An index is as long as blocks may be, or it is in parts.
        for part in std::mem::take(&mut self.index).chunks(block::FULL / Entry::LEN) {
            let entries: Vec<u8> = part.iter().flat_map(Entry::bytes).collect();
            self.out.clear();
            block::push(&mut self.out, INDEX, Head::default(), &entries, Compression::None);
            self.write_out()?;
        }
        self.write(&[at.to_le_bytes(), TAIL].concat())
    }

    fn close(&mut self) -> Result<(), OutputError> {
        self.since = None;
        if self.frames.is_empty() {
            return Ok(());
        }
        self.out.clear();
        let head = std::mem::take(&mut self.head);
        self.index.push(Entry { at: self.at, head });
        block::push(&mut self.out, BLOCK, head, &self.frames, self.compression);
        self.frames.clear();
        self.write_out()
    }

    fn write_out(&mut self) -> Result<(), OutputError> {
        let out = std::mem::take(&mut self.out);
        let written = self.write(&out);
        self.out = out;
        written
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        self.at += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|error| self.failed(error))
    }

    fn failed(&self, source: io::Error) -> OutputError {
        OutputError::of_write(&self.target, source)
    }
}

impl Entry {
    /// Bytes of an entry.
    pub const LEN: usize = 48;

    fn bytes(&self) -> [u8; Entry::LEN] {
        let Entry { at, head } = self;
        let mut bytes = [0; Entry::LEN];
        let fields = [
            *at,
            head.first,
            head.last,
            head.lost,
            u64::from(head.records),
            u64::from(head.flags),
        ];
        for (to, field) in bytes.chunks_exact_mut(8).zip(fields) {
            to.copy_from_slice(&field.to_le_bytes());
        }
        bytes
    }

    /// Reads an entry.
    pub fn parse(bytes: &[u8; Entry::LEN]) -> Entry {
        let number = |index: usize| {
            let bytes = &bytes[index * 8..];
            bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
        };
        Entry {
            at: number(0),
            head: Head {
                first: number(1),
                last: number(2),
                lost: number(3),
                records: u32::try_from(number(4)).unwrap_or(u32::MAX),
                flags: u8::try_from(number(5)).unwrap_or(u8::MAX),
                ..Head::default()
            },
        }
    }
}
