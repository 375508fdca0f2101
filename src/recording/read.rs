//! Reads recordings. What is damaged is an error that says where, never a panic, and memory is bounded.

use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

use crate::clock::Timeline;
use crate::decode::container::Container;
use crate::decode::event::Context;
use crate::decode::process::{Ancestors, Process};
use crate::recording::block::{self, BlockError, Blocks, BLOCK, INDEX};
use crate::recording::facts::{self, Facts};
use crate::recording::frame::{self, flag, kind, Frame};
use crate::recording::header::{Header, HeaderError};
use crate::recording::rows::Rows;
use crate::recording::write::{Entry, TAIL};
use crate::say;
use crate::totals::Totals;
use crate::wire;

/// An index has at most so many entries; a recording with more is read from its beginning.
const ENTRIES_MAX: u64 = 1 << 18;

/// Where a recording comes from.
pub trait Source: Read {
    /// The same as something that can be read anywhere; `None` for a pipe.
    fn seekable(&mut self) -> Option<&mut dyn Seek>;
}

impl Source for io::Cursor<Vec<u8>> {
    fn seekable(&mut self) -> Option<&mut dyn Seek> {
        Some(self)
    }
}

/// How a recording ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// As its run has: with these totals.
    Whole(Totals),
    /// It goes on in another file.
    Continued,
    /// Its run was cut short, or still goes on: all blocks up to there are whole.
    Unfinished,
    /// Within a block: what the last one held is missing.
    Cut,
    /// From this byte of the file on it is damaged, in this way.
    Damaged(u64, String),
}

/// What is known of a record, beside itself.
pub struct Recorded<'a> {
    /// The record, as this tracee would have made it.
    pub record: &'a [u8],
    /// Whether it is unknown that the call was not carried out.
    pub doubtful: bool,
    /// What was known of its process.
    pub process: Option<Rc<Process>>,
    /// The ancestors of its process, where they were shown.
    pub ancestors: Option<Rc<Ancestors>>,
    /// The container of its process, as it was shown.
    pub container: Option<Rc<Container>>,
}

/// A recording that is being read.
pub struct Reader<S> {
    from: S,
    /// Where in the file the next block is, and the one that is being read.
    offset: u64,
    begin: u64,
    header: Header,
    rows: Rows,
    blocks: Blocks,
    facts: Facts,
    clock: Timeline,
    /// Frames of the block that is being read, and where in them the next one is.
    frames: Vec<u8>,
    at: usize,
    /// Where in `frames` the record is that was found last, and its flags.
    record: (usize, usize),
    flags: u8,
    /// How it ends, as its last frame says.
    said: Option<Ending>,
    /// Events that were lost, by the blocks so far.
    lost: u64,
    ending: Option<Ending>,
}

impl<S: Source> Reader<S> {
    /// Reads a recording's beginning.
    pub fn new(mut from: S) -> Result<Reader<S>, HeaderError> {
        let (header, offset) = Header::read(&mut from)?;
        let clock = Timeline::of_spans(header.clock.clone())
            .ok_or_else(|| HeaderError::Damaged("it has no wall clock".into()))?;
        Ok(Reader {
            rows: Rows::of(&header),
            from,
            offset,
            begin: offset,
            header,
            blocks: Blocks::default(),
            facts: Facts::default(),
            clock,
            frames: Vec::new(),
            at: 0,
            record: (0, 0),
            flags: 0,
            said: None,
            lost: 0,
            ending: None,
        })
    }

    /// What it begins with.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Its rows beside ours.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The wall clock at the record that was found last.
    pub fn clock(&self) -> &Timeline {
        &self.clock
    }

    /// How it ends, once that is known.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// Events that were lost, by the blocks that have been read.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Whether the next record is not in memory yet: it may take long to come.
    pub fn must_wait(&self) -> bool {
        self.at >= self.frames.len()
    }

    /// Finds the next record. Returns whether there is one; else [`Self::ending`] says why.
    pub fn advance(&mut self) -> io::Result<bool> {
        loop {
            while let Some((frame, next)) = frame::at(&self.frames, self.at) {
                let end = next;
                let begin = end - frame.bytes.len();
                self.at = next;
                if frame.kind == kind::EVENT {
                    self.flags = frame.flags;
                    self.record = (begin, end);
                    return Ok(true);
                }
                if let Err(reason) = learn(&mut self.facts, &mut self.clock, &mut self.said, &frame) {
                    return Ok(self.end(Ending::Damaged(self.begin, reason.into())));
                }
            }
            if self.at < self.frames.len() {
                return Ok(self.end(Ending::Damaged(
                    self.begin,
                    "a frame is longer than its block".into(),
                )));
            }
            if !self.next_block()? {
                return Ok(false);
            }
        }
    }

    fn end(&mut self, ending: Ending) -> bool {
        self.frames.clear();
        self.at = 0;
        self.ending.get_or_insert(ending);
        false
    }

    fn next_block(&mut self) -> io::Result<bool> {
        // Whoever asked for the end may wait for a recording that holds nothing to show.
        if self.ending.is_some() || say::is_ending() {
            return Ok(false);
        }
        self.at = 0;
        let found = self.blocks.next(&mut self.from, &mut self.frames);
        let ending = match found {
            Ok(Some((BLOCK, head))) => {
                self.facts.clear();
                self.begin = self.offset;
                self.offset += block::HEAD as u64 + u64::from(head.stored);
                self.lost = self.lost.saturating_add(head.lost);
                return Ok(true);
            }
            // The index, or the end without one.
            Ok(_) => self.said.take().unwrap_or(Ending::Unfinished),
            // Where the index is cut, nothing that was recorded is missing.
            Err(BlockError::Cut) => self.said.take().unwrap_or(Ending::Cut),
            Err(BlockError::Damaged(reason)) => Ending::Damaged(self.offset, reason.into()),
            Err(BlockError::Io(error)) => return Err(error),
        };
        Ok(self.end(ending))
    }

    /// When the record that was found last was made: ns since the epoch.
    pub fn wall(&self) -> u64 {
        let time = wire::peek_time(&self.frames[self.record.0..self.record.1]).unwrap_or(0);
        self.clock.wall(time)
    }

    /// The record that was found last; `None` if this tracee has no such event.
    pub fn recorded(&mut self) -> Option<Recorded<'_>> {
        let (begin, end) = self.record;
        let record = self.rows.ours(&self.frames[begin..end]).ok().flatten()?;
        let mut context = Context::default();
        plain::copy_from_bytes(&mut context, record).ok()?;
        let has = |flag| self.flags & flag == 0;
        Some(Recorded {
            record,
            doubtful: !has(flag::DOUBTFUL),
            process: has(flag::NO_PROCESS)
                .then(|| self.facts.process(&context))
                .flatten(),
            ancestors: has(flag::NO_ANCESTORS)
                .then(|| self.facts.ancestors(&context))
                .flatten(),
            container: has(flag::NO_CONTAINER)
                .then(|| self.facts.container(&context))
                .flatten(),
        })
    }

    /// Goes to the first block that may have records from this time on (ns since the epoch), without reading those before.
    pub fn skip_to(&mut self, wall: u64) -> io::Result<()> {
        let Some(entries) = self.index()? else {
            return Ok(());
        };
        // The last one has no records, but says how the recording ends.
        let skipped = entries
            .iter()
            .take(entries.len().saturating_sub(1))
            .take_while(|entry| entry.head.latest < wall)
            .map(|entry| entry.head.lost);
        let (count, lost) = skipped.fold((0, 0u64), |(count, sum), lost| {
            (count + 1, sum.saturating_add(lost))
        });
        self.lost = lost;
        match entries.get(count) {
            Some(entry) => self.go_to(entry.at),
            None => Ok(()),
        }
    }

    fn go_to(&mut self, at: u64) -> io::Result<()> {
        if let Some(from) = self.from.seekable() {
            self.offset = from.seek(SeekFrom::Start(at))?;
        }
        Ok(())
    }

    /// The index of a whole recording that can be read anywhere. Reading goes on where it was.
    pub fn index(&mut self) -> io::Result<Option<Vec<Entry>>> {
        let Some(from) = self.from.seekable() else {
            return Ok(None);
        };
        let back = from.stream_position()?;
        let end = from.seek(SeekFrom::End(0))?;
        let entries = self.index_before(end);
        self.go_to(back)?;
        entries
    }

    fn index_before(&mut self, end: u64) -> io::Result<Option<Vec<Entry>>> {
        let mut tail = [0; 16];
        let Some(at) = end.checked_sub(tail.len() as u64) else {
            return Ok(None);
        };
        self.go_to(at)?;
        block::fill(&mut self.from, &mut tail)?;
        let (Some(begin), true) = (tail.first_chunk(), tail[8..] == TAIL) else {
            return Ok(None);
        };
        let begin = u64::from_le_bytes(*begin);
        if begin > at || (at - begin) / Entry::LEN as u64 > ENTRIES_MAX {
            return Ok(None);
        }
        self.go_to(begin)?;
        let (mut entries, mut blocks, mut part) = (Vec::new(), Blocks::default(), Vec::new());
        while self.offset < at {
            let Ok(Some((INDEX, head))) = blocks.next(&mut self.from, &mut part) else {
                return Ok(None);
            };
            self.offset += block::HEAD as u64 + u64::from(head.stored);
            // Compressed, it may be much longer than what is read of it.
            if (entries.len() + part.len() / Entry::LEN) as u64 > ENTRIES_MAX {
                return Ok(None);
            }
            entries.extend(
                part.chunks_exact(Entry::LEN)
                    .filter_map(|bytes| Some(Entry::parse(bytes.first_chunk()?))),
            );
        }
        let ordered =
            entries.is_sorted_by_key(|entry| entry.at) && entries.iter().all(|entry| entry.at < begin);
        Ok(ordered.then_some(entries))
    }
}

fn learn(
    facts: &mut Facts,
    clock: &mut Timeline,
    said: &mut Option<Ending>,
    frame: &Frame<'_>,
) -> Result<(), &'static str> {
    match frame.kind {
        kind::CLOCK => *clock = facts::clock(frame.bytes).map_err(|_| "a clock makes no sense")?,
        kind::END => {
            let parsed = serde_json::from_slice(frame.bytes);
            *said = Some(Ending::Whole(parsed.map_err(|_| "its totals make no sense")?));
        }
        kind::NEXT => *said = Some(Ending::Continued),
        _ => facts
            .learn(frame)
            .map_err(|_| "what it says of a process or a container makes no sense")?,
    }
    Ok(())
}
