//! Writes a recording: `--write FILE`, `--output record:FILE`.

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use crate::clock::Timeline;
use crate::decode::event::{Context, Event};
use crate::error::OutputError;
use crate::output::spec::{OutputSpec, Rotation};
use crate::output::target::{self, Opened};
use crate::recording::block::{self, Head, BLOCK, INDEX};
use crate::recording::facts::{self, Facts, Known};
use crate::recording::frame::{self, flag, kind};
use crate::recording::header::Header;
use crate::say;
use crate::totals::Totals;
use crate::wire::record_header;

/// What was recorded is in the file after this time at the latest.
const WAITS: Duration = Duration::from_secs(1);

/// Of a flight recorder at most so many bytes wait in memory.
const KEPT_MAX: usize = 64 << 20;

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

/// Writes one recording, in one file or in one after the other.
pub struct Recorder {
    spec: OutputSpec,
    opened: Opened,
    /// Name of the target, for messages.
    target: String,
    header: Header,
    /// The wall clock, where it is not the header's.
    clock: Option<Timeline>,
    facts: Facts,
    /// Frames of the block that is open, and what its head will say.
    frames: Vec<u8>,
    head: Head,
    /// When it was opened.
    since: Option<Instant>,
    /// A block as it is written.
    out: Vec<u8>,
    /// Bytes in the file so far, when it was begun, and the losses in it.
    at: u64,
    began: Instant,
    lost: u64,
    /// How long it was when another file was last tried.
    rotated_at: u64,
    index: Vec<Entry>,
    /// Whether files have been completed before this one.
    rotated: bool,
    flight: Option<Flight>,
}

/// Blocks that are kept in memory until something happens.
struct Flight {
    /// For so long; and for so long it is recorded when something has happened.
    before: Duration,
    blocks: VecDeque<Kept>,
    bytes: usize,
    /// Until when what comes is recorded.
    until: Option<Instant>,
    /// Whether blocks were dropped since there were too many bytes.
    full: bool,
    /// Whether something has happened.
    met: bool,
}

struct Kept {
    closed: Instant,
    head: Head,
    bytes: Box<[u8]>,
}

impl Recorder {
    /// Opens the target. `header`: but for the time at which tracing begins. `before`: a flight recorder's time.
    pub fn open(
        spec: &OutputSpec,
        header: Header,
        before: Option<Duration>,
    ) -> Result<Recorder, OutputError> {
        let opened = target::open(spec)?;
        if spec.rotation.is_some() && !opened.is_file() {
            return Err(OutputError::Open {
                target: target::name(&spec.target),
                reason: "rotate is for files".into(),
            });
        }
        if opened.file.is_terminal() {
            return Err(OutputError::Open {
                target: target::name(&spec.target),
                reason: "a recording is not for a terminal: name a file, or add | tracee -r -".into(),
            });
        }
        Ok(Recorder {
            opened,
            target: target::name(&spec.target),
            spec: spec.clone(),
            header,
            clock: None,
            facts: Facts::default(),
            frames: Vec::with_capacity(block::FULL + block::FULL / 4),
            head: Head::default(),
            since: None,
            out: Vec::new(),
            at: 0,
            rotated_at: 0,
            began: Instant::now(),
            lost: 0,
            index: Vec::new(),
            rotated: false,
            flight: before.map(|before| Flight {
                before,
                blocks: VecDeque::new(),
                bytes: 0,
                until: None,
                full: false,
                met: false,
            }),
        })
    }

    /// Where it goes: a pipe shows there that its reader has gone.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.opened.file.as_fd()
    }

    /// Tracing has begun, at this time in ns since boot.
    pub fn begin(&mut self, at: u64) -> Result<(), OutputError> {
        self.header.began = at;
        self.write_header()
    }

    fn write_header(&mut self) -> Result<(), OutputError> {
        let bytes = self.header.bytes().map_err(|error| self.failed(error))?;
        self.began = Instant::now();
        self.write(&bytes)
    }

    /// Events from now on have stamps of this clock.
    pub fn set_clock(&mut self, clock: &Timeline) {
        self.note_latest();
        if !self.frames.is_empty() {
            facts::push_clock(&mut self.frames, clock);
        }
        self.clock = Some(clock.clone());
    }

    /// So many events were lost.
    pub fn lose(&mut self, count: u64) {
        self.head.lost += count;
    }

    /// Something has happened that a flight recorder waits for.
    pub fn trigger(&mut self) -> Result<(), OutputError> {
        let Some(flight) = &mut self.flight else {
            return Ok(());
        };
        if flight.until.replace(Instant::now() + flight.before).is_none() {
            say!(
                "recorded from {} s before now: what was waited for has happened",
                flight.before.as_secs()
            );
        }
        flight.met = true;
        flight.expire(Instant::now());
        flight.bytes = 0;
        if std::mem::take(&mut flight.full) {
            say!(
                "warning: not all of the {} s before it are recorded: what is kept in memory is {} MiB",
                flight.before.as_secs(),
                KEPT_MAX >> 20
            );
        }
        for kept in std::mem::take(&mut flight.blocks) {
            self.place(kept.head);
            self.write(&kept.bytes)?;
        }
        Ok(())
    }

    /// Records an event, with the record that it was decoded from.
    pub fn event(&mut self, record: &[u8], event: &Event<'_>) -> Result<(), OutputError> {
        const FLAGS: usize = std::mem::offset_of!(record_header, flags);
        let doubtful = record.get(FLAGS) != Some(&event.context.flags);
        let known = Known {
            process: event.process.as_ref(),
            ancestors: event.ancestors.as_ref(),
            container: event.container.as_ref(),
        };
        self.push(
            record,
            &event.context,
            known,
            if doubtful { flag::DOUBTFUL } else { 0 },
        )
    }

    /// Records a record that nobody has decoded, but for its header.
    pub fn record(&mut self, record: &[u8], context: &Context, known: Known<'_>) -> Result<(), OutputError> {
        self.push(record, context, known, 0)
    }

    fn push(
        &mut self,
        record: &[u8],
        context: &Context,
        known: Known<'_>,
        flags: u8,
    ) -> Result<(), OutputError> {
        if self.frames.is_empty() {
            if let Some(clock) = &self.clock {
                facts::push_clock(&mut self.frames, clock);
            }
        }
        let flags = flags | self.facts.note(context, known, &mut self.frames);
        frame::push(&mut self.frames, kind::EVENT, flags, &[record]);
        let head = &mut self.head;
        if head.records == 0 {
            head.first = context.time;
        }
        head.first = head.first.min(context.time);
        head.last = head.last.max(context.time);
        head.records += 1;
        if let Some(clock) = &self.clock {
            head.latest = head.latest.max(clock.wall(context.time));
        }
        match self.frames.len() >= block::FULL {
            true => self.close(),
            false => Ok(()),
        }
    }

    /// Writes the open block, if it has waited long enough.
    pub fn flush(&mut self, now: Instant) -> Result<(), OutputError> {
        if let Some(flight) = &mut self.flight {
            if flight.until.is_some_and(|until| until <= now) {
                // It is quiet again.
                self.close()?;
                if let Some(flight) = &mut self.flight {
                    flight.until = None;
                }
                return Ok(());
            }
        }
        if self.frames.len() >= block::FULL {
            // Somebody sets the clock all the time.
            return self.close();
        }
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
        let quiet = self.flight.as_ref().and_then(|flight| flight.until);
        let block = self.since.map(|since| since + WAITS);
        let due = quiet.into_iter().chain(block).min()?;
        Some(due.saturating_duration_since(now))
    }

    /// Writes what is left, the totals, and the index.
    pub fn finish(&mut self, totals: &Totals) -> Result<(), OutputError> {
        self.close()?;
        if self.flight.as_ref().is_some_and(|flight| !flight.met) {
            say!(
                "warning: no event is in {}: what --keep-before waits for has not happened",
                self.target
            );
        }
        let own = Totals {
            // Files before this one have the others.
            lost: if self.rotated { self.lost } else { totals.lost },
            ..totals.clone()
        };
        let text = |totals: &Totals| serde_json::to_vec(totals).map_err(io::Error::from);
        let mut json = text(&own).map_err(|error| self.failed(error))?;
        if json.len() > block::FULL {
            // Hundreds of CPUs lost hundreds of events.
            json = text(&own.without_cpus()).map_err(|error| self.failed(error))?;
        }
        self.complete(kind::END, &json)
    }

    /// Completes the file: its last frame, in a block of its own, and the index.
    fn complete(&mut self, kind: u8, bytes: &[u8]) -> Result<(), OutputError> {
        frame::push(&mut self.frames, kind, 0, &[bytes]);
        let head = self.take_head();
        self.place(head);
        self.write_block(BLOCK, head)?;
        let at = self.at;
        // An index is as long as blocks may be, or it is in parts.
        for part in std::mem::take(&mut self.index).chunks(block::FULL / Entry::LEN) {
            self.frames.extend(part.iter().flat_map(Entry::bytes));
            self.write_block(INDEX, Head::default())?;
        }
        self.write(&[at.to_le_bytes(), TAIL].concat())
    }

    fn take_head(&mut self) -> Head {
        self.note_latest();
        std::mem::take(&mut self.head)
    }

    /// Notes when the latest record was made, as long as the clock is the header's.
    fn note_latest(&mut self) {
        if self.clock.is_none() && self.head.records > 0 {
            let walls = self
                .header
                .clock
                .iter()
                .map(|(_, epoch)| epoch.wrapping_add(self.head.last));
            self.head.latest = walls.max().unwrap_or(0);
        }
    }

    /// Notes where the next block is.
    fn place(&mut self, head: Head) {
        self.index.push(Entry { at: self.at, head });
        self.lost += head.lost;
    }

    /// Closes the block that is open: it is written, or kept.
    fn close(&mut self) -> Result<(), OutputError> {
        self.since = None;
        self.facts.clear();
        if self.frames.is_empty() && self.head.lost == 0 {
            return Ok(());
        }
        let head = self.take_head();
        if let Some(flight) = self.flight.as_mut().filter(|flight| flight.until.is_none()) {
            self.out.clear();
            block::push(&mut self.out, BLOCK, head, &self.frames, self.spec.compression);
            self.frames.clear();
            // A copy takes no more than the block does.
            flight.keep(head, self.out.as_slice().into());
            return Ok(());
        }
        self.place(head);
        self.write_block(BLOCK, head)?;
        match self.spec.rotation {
            Some(rotation) if rotation.is_due(self.at - self.rotated_at, self.began.elapsed()) => {
                self.rotate(rotation)
            }
            _ => Ok(()),
        }
    }

    /// Begins the next file, and completes this one. If that fails, the recording goes on in this one.
    fn rotate(&mut self, rotation: Rotation) -> Result<(), OutputError> {
        // It is tried again after the same time, or when as much has been written again.
        self.rotated_at = self.at;
        self.began = Instant::now();
        let next = match target::rotate(&self.spec, &self.opened, rotation.keep) {
            Ok(next) => next,
            Err(error) => {
                say!("warning: {error}; the recording goes on in the same file");
                return Ok(());
            }
        };
        self.complete(kind::NEXT, &[])?;
        self.opened = next;
        (self.at, self.rotated_at, self.lost, self.rotated) = (0, 0, 0, true);
        self.write_header()
    }

    fn write_block(&mut self, mark: [u8; 4], head: Head) -> Result<(), OutputError> {
        let mut out = std::mem::take(&mut self.out);
        out.clear();
        block::push(&mut out, mark, head, &self.frames, self.spec.compression);
        self.frames.clear();
        let written = self.write(&out);
        self.out = out;
        written
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        self.at += bytes.len() as u64;
        self.opened
            .file
            .write_all(bytes)
            .map_err(|error| self.failed(error))
    }

    fn failed(&self, source: io::Error) -> OutputError {
        OutputError::of_write(&self.target, source)
    }
}

impl Flight {
    fn keep(&mut self, head: Head, bytes: Box<[u8]>) {
        let closed = Instant::now();
        self.bytes += bytes.len() + size_of::<Kept>();
        self.blocks.push_back(Kept { closed, head, bytes });
        self.expire(closed);
    }

    /// Drops blocks that are older than what is recorded before something happens, and those that are too many.
    fn expire(&mut self, now: Instant) {
        while let Some(oldest) = self.blocks.front() {
            let old = now.duration_since(oldest.closed) > self.before;
            if !old && self.bytes <= KEPT_MAX {
                return;
            }
            self.full = !old;
            self.bytes -= oldest.bytes.len() + size_of::<Kept>();
            self.blocks.pop_front();
        }
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
            head.latest,
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
                latest: number(5),
                ..Head::default()
            },
        }
    }
}
