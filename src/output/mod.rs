//! Where events go: several outputs at once, each a format and a place.

#![warn(missing_docs)]

pub mod color;
pub(crate) mod cuts;
pub(crate) mod fdname;
pub(crate) mod fit;
mod grid;
pub mod json;
mod json_fields;
mod json_process;
mod json_value;
pub(crate) mod messages;
pub mod spec;
pub(crate) mod structure;
mod summary;
pub mod table;
pub(crate) mod target;
pub mod template;
pub(crate) mod text;
pub mod time;
pub(crate) mod value;

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};

use crate::clock::Timeline;
use crate::decode::event::Event;
use crate::error::OutputError;
use crate::users::Users;
use spec::{Format, OutputSpec};
use structure::Detail;
use summary::Summary;
use table::{Columns, Style, Table};
use template::{Around, Template};
use time::Times;

/// Bytes that gather before an output is written at the latest.
const BUFFERED: usize = 64 * 1024;

/// All outputs of a run.
pub struct Outputs {
    sinks: Vec<Sink>,
    /// The wall clock; must be up to date for the events that are shown.
    pub clock: Timeline,
    /// Rows of the kernel's own events end with the system call that led there.
    pub original_syscall: bool,
}

struct Sink {
    shape: Shape,
    /// Name of the target, for messages.
    target: String,
    writer: File,
    buffer: Vec<u8>,
    /// One row; kept to reuse its memory.
    row: String,
}

/// How an output shows events, with what it keeps from one to the next.
enum Shape {
    Json(json::Lines),
    Table(Box<Table>),
    /// Rows that the user has put together.
    Template(Box<Rows>),
    /// Counts alone, which are shown at the end: as JSON or as a table.
    Summary(Summary, Format),
}

/// Rows by a template.
struct Rows {
    template: Template,
    times: Times,
    users: Users,
    detail: Detail,
    /// Columns of the terminal; `None`: rows are as long as they are.
    limit: Option<usize>,
    /// Whether they are so on a terminal, too: by `--wide`, or since each has lines of its own.
    wide: bool,
}

impl Outputs {
    /// Opens every place.
    ///
    /// `containers`: tables show which container a process is in, and its ids both there and outside.
    pub fn open(
        specs: &[OutputSpec],
        clock: Timeline,
        containers: bool,
        style: &Style,
    ) -> Result<Self, OutputError> {
        let open = |spec| Sink::open(spec, containers, style);
        let sinks = specs.iter().map(open).collect::<Result<_, _>>()?;
        Ok(Outputs {
            sinks,
            clock,
            original_syscall: false,
        })
    }

    /// Whether nothing is shown.
    pub fn is_empty(&self) -> bool {
        self.sinks.is_empty()
    }

    /// Sets when tracing began, in ns since boot, from where relative times count, and begins tables with their headers.
    pub fn begin(&mut self, at: u64) {
        for sink in &mut self.sinks {
            match &mut sink.shape {
                Shape::Table(table) => {
                    table.begin(at);
                    sink.row.clear();
                    table.header(&mut sink.row);
                    sink.buffer.extend_from_slice(sink.row.as_bytes());
                }
                Shape::Template(rows) => rows.times.begin(at),
                Shape::Json(_) | Shape::Summary(..) => {}
            }
        }
    }

    /// Shows an event on every output; an error names the output that failed.
    pub fn event(&mut self, event: &Event<'_>) -> Result<(), OutputError> {
        self.sinks
            .iter_mut()
            .try_for_each(|sink| sink.event(event, &self.clock, self.original_syscall))
    }

    /// The descriptors of all outputs, in order to notice when a reader goes.
    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.sinks.iter().map(|sink| sink.writer.as_fd())
    }

    /// Writes what has gathered.
    pub fn flush(&mut self) -> Result<(), OutputError> {
        self.sinks.iter_mut().try_for_each(Sink::flush)
    }

    /// Writes what is shown when all events have been.
    ///
    /// `lost`: how many records of which events were lost.
    pub fn finish(&mut self, lost: &[(&'static str, u64)]) -> Result<(), OutputError> {
        self.sinks.iter_mut().try_for_each(|sink| sink.finish(lost))
    }
}

impl Sink {
    fn open(spec: &OutputSpec, containers: bool, style: &Style) -> Result<Self, OutputError> {
        let writer = target::open(spec)?.file;
        let verbose = spec.format == Format::TableVerbose;
        let columns = Columns { verbose, containers };
        let shape = match (spec.format, &style.template) {
            (format, _) if style.summary => Shape::Summary(Summary::new(style.durations), format),
            (Format::Json, _) => Shape::Json(json::Lines::default()),
            (Format::JsonCompact, _) => Shape::Json(json::Lines::compact()),
            (_, Some(template)) => Shape::Template(Box::new(Rows {
                template: template.clone(),
                times: Times::new(style.time),
                users: style.users(),
                detail: style.detail(verbose),
                limit: None,
                wide: style.wide || !template.is_one_line(),
            })),
            _ => Shape::Table(Box::new(Table::new(columns, style, style.color.on(&writer)))),
        };
        let mut sink = Sink {
            shape,
            target: target::name(&spec.target),
            writer,
            buffer: Vec::new(),
            row: String::new(),
        };
        sink.measure();
        Ok(sink)
    }

    /// Lets a table follow the size of its terminal.
    fn measure(&mut self) {
        let size = || terminal_size::terminal_size_of(&self.writer).map(|(width, _)| width.0.into());
        match &mut self.shape {
            Shape::Table(table) => table.set_limit(size()),
            Shape::Template(rows) if !rows.wide => rows.limit = size(),
            Shape::Template(_) | Shape::Json(_) | Shape::Summary(..) => {}
        }
    }

    fn event(&mut self, event: &Event<'_>, clock: &Timeline, original: bool) -> Result<(), OutputError> {
        match &mut self.shape {
            Shape::Json(lines) => {
                let pushed = lines.push(&mut self.buffer, event, clock);
                pushed.map_err(|error| self.failed(io::Error::other(error)))?;
            }
            Shape::Table(table) => {
                let row = &mut self.row;
                row.clear();
                table.row(row, event, original, |time| clock.wall(time));
                self.buffer.extend_from_slice(row.as_bytes());
            }
            Shape::Template(rows) => {
                let row = &mut self.row;
                row.clear();
                let mut around = Around {
                    times: &mut rows.times,
                    users: &rows.users,
                    detail: rows.detail,
                    wall: |time| clock.wall(time),
                };
                rows.template.push(row, event, &mut around);
                if let Some(limit) = rows.limit {
                    row.pop();
                    fit::clip(row, 0, limit);
                    row.push('\n');
                }
                self.buffer.extend_from_slice(row.as_bytes());
            }
            Shape::Summary(summary, _) => summary.add(event),
        }
        if self.buffer.len() >= BUFFERED {
            self.flush()?;
        }
        Ok(())
    }

    fn finish(&mut self, lost: &[(&'static str, u64)]) -> Result<(), OutputError> {
        if let Shape::Summary(summary, format) = &mut self.shape {
            lost.iter().for_each(|(event, count)| summary.lose(event, *count));
            let mut text = String::new();
            match format {
                Format::Json | Format::JsonCompact => summary
                    .push_json(&mut text)
                    .map_err(|error| self.failed(error.into()))?,
                Format::Table | Format::TableVerbose | Format::Record => summary.push_table(&mut text),
            }
            self.buffer.extend_from_slice(text.as_bytes());
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = self.writer.write_all(&self.buffer);
        self.buffer.clear();
        self.measure();
        written.map_err(|error| self.failed(error))
    }

    fn failed(&self, source: io::Error) -> OutputError {
        OutputError::of_write(&self.target, source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;
    use crate::decode;
    use crate::decode::event::Context;
    use crate::escape;
    use spec::Target;

    /// A record of a call that returned 0, with these values and items (index, bytes).
    pub(super) fn record(event: &str, values: &[u64], items: &[(u8, &[u8])]) -> Vec<u8> {
        let context = Context {
            event: catalogue::expect(event).id,
            nvalues: values.len() as u8,
            ..Context::default()
        };
        // SAFETY: Context is made of integers without padding (it is Plain).
        let mut bytes = unsafe { plain::as_bytes(&context) }.to_vec();
        bytes.extend(values.iter().flat_map(|value| value.to_ne_bytes()));
        for (index, data) in items {
            bytes.extend([*index, 0, 0, 0]);
            bytes.extend((data.len() as u32).to_ne_bytes());
            bytes.extend((data.len() as u64).to_ne_bytes());
            bytes.extend(*data);
            bytes.resize(bytes.len().next_multiple_of(8), 0);
        }
        bytes
    }

    /// A name cannot end its brackets, nor be taken for what follows.
    #[test]
    fn processes_have_names_in_brackets() {
        let shown = |name: &'static [u8]| {
            let record = record("kill", &[12, 15], &[]);
            let mut event = decode::decode(&record).unwrap();
            event.args[0].name = Some(name);
            let mut row = String::new();
            text::push_args(&mut row, &event, structure::Detail::Main);
            let mut line = Vec::new();
            json::Lines::default()
                .push(&mut line, &event, &Timeline::new(0))
                .unwrap();
            let line: serde_json::Value = serde_json::from_slice(&line).unwrap();
            (row, line["args"][0].clone())
        };
        let (row, json) = shown(b"sleep");
        assert_eq!(row, "pid: 12<sleep>, sig: SIGTERM");
        assert_eq!(json["value"], 12);
        assert_eq!(json["text"], "12<sleep>");
        assert_eq!(json["processName"], "sleep");
        assert_eq!(json["processNameBytes"], serde_json::Value::Null);
        let (row, json) = shown(b"a>, sig: \"\n\xff(");
        assert_eq!(row, "pid: 12<a\\x3e\\x2c sig: \\\"\\n\\xff\\x28>, sig: SIGTERM");
        assert_eq!(json["processName"], "a>, sig: \"\n\u{fffd}(");
        assert_eq!(json["processNameBytes"], "YT4sIHNpZzogIgr/KA==");
    }

    /// Hostile names are escaped in every place, and a parser of the JSON reads them unchanged.
    #[test]
    fn no_output_has_raw_controls() {
        use crate::decode::container::Container;
        use crate::decode::process::{Executable, Process};
        use std::rc::Rc;

        let hostile = "\u{9b}31m\u{202e}\u{7f}\u{200b}\u{2028}\n";
        let bytes = hostile.as_bytes();
        let strings = [bytes, b"\0", bytes, b"\0"].concat();
        let mut record = record(
            "execve",
            &[1, 2, 0],
            &[(0, bytes), (1, &strings), (0xff, b"host\x9b\xc2\x9b")],
        );
        let comm = std::mem::offset_of!(Context, comm);
        record[comm..comm + 4].copy_from_slice("\u{9b}\u{85}".as_bytes());
        let mut event = decode::decode(&record).unwrap();
        // Otherwise it would be an event that tracee reports by itself.
        event.context.thread_start = 1;
        event.process = Some(Rc::new(Process {
            executable: Some(Rc::new(Executable {
                path: bytes.to_vec(),
                ..Executable::default()
            })),
            ..Process::default()
        }));
        event.container = Some(Rc::new(Container {
            id: "0123456789ab".into(),
            name: Some(hostile.into()),
            image: Some(hostile.into()),
            ..Container::default()
        }));
        let mut out = Vec::new();
        json::Lines::default()
            .push(&mut out, &event, &Timeline::new(0))
            .unwrap();
        let mut row = String::new();
        let columns = Columns {
            verbose: true,
            containers: true,
        };
        Table::new(columns, &Style::default(), false).row(&mut row, &event, true, |time| time);
        let line = std::str::from_utf8(&out).unwrap();
        for text in [line, &row] {
            let text = text.strip_suffix('\n').unwrap();
            assert!(!text.chars().any(escape::is_unsafe), "{text:?}");
        }
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(json["container"]["name"], hostile);
        assert_eq!(json["container"]["image"], hostile);
        assert_eq!(json["executable"]["path"], hostile);
        assert_eq!(json["processName"], "\u{9b}\u{85}");
        assert_eq!(json["hostName"], "host\u{fffd}\u{9b}");
        assert_eq!(json["hostNameBytes"], "aG9zdJvCmw==");
        assert_eq!(json["args"][0]["value"], hostile);
        assert_eq!(json["args"][1]["value"][1], hostile);
    }

    #[test]
    fn showing_an_event_allocates_nothing() {
        use crate::decode::process::{Ancestor, Ancestors, Process};
        use std::rc::Rc;

        let process = Rc::new(Process::default());
        let ancestors: Rc<Ancestors> = Rc::new([Ancestor {
            process: Rc::clone(&process),
            reparented: true,
        }]);
        let records = [
            record("openat", &[3, 1, 0o2_000_101, 0o644], &[(1, b"/etc/\x1b\xff")]),
            record(
                "openat",
                &[3, 1, 0, 0],
                &[(1, "\u{9b}\u{202e}\u{e0041}".as_bytes())],
            ),
            record("execve", &[1, 2, 0], &[(0, b"/bin/ls"), (1, b"ls\0-la\0")]),
            record(
                "connect",
                &[3, 1, 16],
                &[(1, &[2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])],
            ),
            record("nanosleep", &[1, 0], &[(0, &[1; 16])]),
            record("writev", &[3, 1, 2], &[(1, &[1; 32])]),
            record("mmap", &[0, 4096, 3, 0x22, u64::MAX, 0], &[]),
        ];
        for format in [
            Format::Table,
            Format::TableVerbose,
            Format::Json,
            Format::JsonCompact,
        ] {
            let spec = OutputSpec {
                format,
                target: Target::File("/dev/null".into()),
                ..OutputSpec::default()
            };
            let mut outputs = Outputs::open(&[spec], Timeline::new(0), false, &Style::default()).unwrap();
            let mut room = decode::Room::default();
            let mut show = || {
                for record in &records {
                    let mut event = room.decode(record).unwrap();
                    event.process = Some(Rc::clone(&process));
                    event.ancestors = Some(Rc::clone(&ancestors));
                    outputs.event(&event).unwrap();
                    room.take_back(event);
                }
                outputs.flush().unwrap();
            };
            // The first round makes room.
            show();
            let counted = allocation_counter::measure(show);
            assert_eq!(counted.count_total, 0, "{format:?}");
        }
    }
}

#[cfg(test)]
mod forging_tests;
#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod random;
