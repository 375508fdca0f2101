//! Rows for people: in columns, one event one line.

use std::fmt::Write as _;

use crate::catalogue::{self, ArgType};
use crate::decode::event::Event;
use crate::escape;
use crate::output::text;

/// The columns that not every table has.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    /// UTS name, namespaces and parent.
    pub verbose: bool,
    /// The container, and ids as both the container and the host count them.
    pub containers: bool,
}

/// Appends the header.
pub fn header(out: &mut String, columns: Columns) {
    let mut row = Row::new(out);
    row.cell(14, "TIME(s)");
    if columns.verbose {
        row.cell(16, "UTS_NAME");
    }
    if columns.containers {
        row.cell(12, "CONTAINER_ID");
    }
    if columns.verbose {
        row.cell(12, "MNT_NS");
        row.cell(12, "PID_NS");
    }
    row.cell(6, "UID");
    row.cell(16, "COMM");
    let ids = [("PID", "PID/host"), ("TID", "TID/host"), ("PPID", "PPID/host")];
    for (id, both) in &ids[..if columns.verbose { 3 } else { 2 }] {
        if columns.containers {
            row.cell(BOTH_IDS, both);
        } else {
            row.cell(7, id);
        }
    }
    row.cell(16, "RET");
    row.cell(20, "EVENT");
    out.push_str("ARGS\n");
}

/// Width of an id as both the container and the host count it.
const BOTH_IDS: usize = 13;

/// Appends an event as one row; `original`: with the system call that led to an event of the kernel's own.
pub fn row(out: &mut String, event: &Event<'_>, columns: Columns, original: bool) {
    let context = &event.context;
    let (seconds, micros) = (context.time / 1_000_000_000, context.time % 1_000_000_000 / 1000);
    let mut row = Row::new(out);
    row.cell(14, format_args!("{seconds}.{micros:06}"));
    if columns.verbose {
        row.bytes(16, event.nodename.unwrap_or_default());
    }
    if columns.containers {
        match &event.container {
            Some(container) => row.cell(12, container.short_id()),
            None => row.cell(12, ""),
        }
    }
    if columns.verbose {
        row.cell(12, context.mnt_ns);
        row.cell(12, context.pid_ns);
    }
    row.cell(6, context.uid);
    row.bytes(16, event.comm());
    let ids = [
        (context.pid, context.host_pid),
        (context.tid, context.host_tid),
        (context.ppid, context.host_ppid),
    ];
    for (inner, host) in &ids[..if columns.verbose { 3 } else { 2 }] {
        if columns.containers {
            row.cell(BOTH_IDS, format_args!("{inner}/{host}"));
        } else {
            row.cell(7, inner);
        }
    }
    row.filled(16, |out| text::push_return(out, event, columns.verbose));
    row.cell(20, event.spec.name);
    text::push_args(out, event);
    let syscall =
        catalogue::by_id(event.context.syscall).filter(|_| original && !event.spec.kind.is_syscall());
    // Some events have it as an argument.
    if let Some(syscall) = syscall.filter(|_| event.args.iter().all(|arg| arg.spec.ty != ArgType::SyscallNr))
    {
        if !event.args.is_empty() {
            out.push_str(", ");
        }
        let _ = write!(out, "syscall: {}", syscall.name);
    }
    while out.ends_with(' ') {
        out.pop();
    }
    out.push('\n');
}

/// Cells, each padded to its column and kept whole if longer.
struct Row<'a> {
    out: &'a mut String,
}

impl<'a> Row<'a> {
    fn new(out: &'a mut String) -> Self {
        Row { out }
    }

    fn cell(&mut self, width: usize, value: impl std::fmt::Display) {
        let start = self.out.len();
        let _ = write!(self.out, "{value}");
        self.pad(start, width);
    }

    fn bytes(&mut self, width: usize, bytes: &[u8]) {
        self.filled(width, |out| escape::push(out, bytes));
    }

    fn filled(&mut self, width: usize, fill: impl FnOnce(&mut String)) {
        let start = self.out.len();
        fill(self.out);
        self.pad(start, width);
    }

    fn pad(&mut self, start: usize, width: usize) {
        const SPACES: &str = "                    ";
        let written = &self.out[start..];
        let written = if written.is_ascii() {
            written.len()
        } else {
            written.chars().count()
        };
        let missing = width.saturating_sub(written) + 1;
        self.out.push_str(&SPACES[..missing.min(SPACES.len())]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::event::{Arg, Context, Value};
    use crate::decode::strings::Strings;

    fn event(comm: &[u8]) -> Event<'static> {
        let spec = catalogue::expect("execve");
        let mut context = Context {
            time: 176_751_746_515_000,
            uid: 1000,
            pid: 14726,
            tid: 14726,
            event: spec.id,
            ..Context::default()
        };
        for (to, from) in context.comm.iter_mut().zip(comm) {
            *to = *from as i8;
        }
        let args = [
            Arg::new(&spec.args[0], 1, Value::Str(b"/usr/bin/ls")),
            Arg::new(&spec.args[1], 1, Value::Strings(Strings::new(b"ls\0"))),
        ];
        Event {
            nodename: Some(b"host"),
            ..Event::new(spec, context, args.into_iter().collect())
        }
    }

    const COLUMNS: Columns = Columns {
        verbose: false,
        containers: false,
    };

    #[test]
    fn rows_of_containers_show_both_ids() {
        let mut event = event(b"sh");
        event.context.host_pid = 31_002;
        event.context.host_tid = 31_003;
        event.container = Some(std::rc::Rc::new(crate::decode::container::Container {
            id: "0123456789abcdef".into(),
            ..Default::default()
        }));
        let columns = Columns {
            containers: true,
            ..COLUMNS
        };
        let mut out = String::new();
        header(&mut out, columns);
        row(&mut out, &event, columns, true);
        let lines: Vec<_> = out
            .lines()
            .map(|line| line.split_once("RET").map_or(line, |(head, _)| head))
            .collect();
        assert_eq!(
            lines[0],
            "TIME(s)        CONTAINER_ID UID    COMM             PID/host      TID/host      "
        );
        assert!(
            lines[1].starts_with(
                "176751.746515  0123456789ab 1000   sh               14726/31002   14726/31003   0 "
            ),
            "{out}"
        );
        // A container that a user has made, which may have another container's id.
        event.container = Some(std::rc::Rc::new(crate::decode::container::Container {
            id: "0123456789abcdef".into(),
            owner: 1000,
            ..Default::default()
        }));
        out.clear();
        row(&mut out, &event, columns, true);
        assert!(out.starts_with("176751.746515  0123456789a~ 1000 "), "{out}");
    }

    /// The two lines of a table with its usual columns.
    #[test]
    fn rows_are_those_of_the_spec() {
        let mut out = String::new();
        header(&mut out, COLUMNS);
        row(&mut out, &event(b"zsh"), COLUMNS, true);
        assert_eq!(
            out,
            "TIME(s)        UID    COMM             PID     TID     RET              EVENT                ARGS\n\
             176751.746515  1000   zsh              14726   14726   0                execve               pathname: /usr/bin/ls, argv: [ls]\n"
        );
    }

    #[test]
    fn what_tracee_tells_is_its_own() {
        let spec = catalogue::expect("lost_events");
        let event = Event::new(spec, Context::own(spec, 0, 7), arrayvec::ArrayVec::new());
        let mut out = String::new();
        row(&mut out, &event, COLUMNS, false);
        let uid = nix::unistd::getuid().to_string();
        let cells: Vec<&str> = out.split_whitespace().collect();
        assert_eq!(cells, ["0.000000", &uid, "tracee", "7", "7", "?", "lost_events"]);
    }

    #[test]
    fn a_hostile_name_stays_in_its_row() {
        let mut out = String::new();
        row(&mut out, &event(b"a\nroot \x1b[2J"), COLUMNS, false);
        assert_eq!(out.lines().count(), 1);
        assert!(out.contains(r"a\nroot \x1b[2J"), "{out}");
        assert!(!out.contains('\x1b'));
    }
}
