//! Rows for people: in columns, one event one line.

use std::fmt::Write as _;

use crate::catalogue::{self, special, ArgSpec, ArgType, EventSpec};
use crate::decode::event::{Arg, Event, Value};
use crate::output::color::{Color, When};
use crate::output::fit::{self, Part};
use crate::output::grid::{
    usual, Grid, COLUMNS, COMM, CONTAINER_ID, EVENT, MNT_NS, PID, PID_HOST, PID_NS, PPID, PPID_HOST, RET,
    TID, TID_HOST, TIME, TOOK, UID, UTS_NAME,
};
use crate::output::structure::Detail;
use crate::output::template::Template;
use crate::output::text;
use crate::output::time::{push_seconds, Time, Times};
use crate::users::Users;

/// What tables are asked to be like: the flags of one run.
#[derive(Debug, Clone, Default)]
pub struct Style {
    /// What TIME shows.
    pub time: Time,
    /// Whether there are colours.
    pub color: When,
    /// Whether structures are shown whole.
    pub verbose_args: bool,
    /// Whether users are shown by number.
    pub numeric: bool,
    /// Whether rows are as long as they are, on a terminal, too.
    pub wide: bool,
    /// Whether rows show how long calls took.
    pub durations: bool,
    /// Whether events are counted, in place of rows.
    pub summary: bool,
    /// Rows as the user has put them together.
    pub template: Option<Template>,
    /// Names of users where events were recorded; `None`: those of this machine.
    pub users: Option<Users>,
}

impl Style {
    /// Names of users, unless numbers are wanted.
    pub fn users(&self) -> Users {
        match self.numeric {
            true => Users::default(),
            false => self.users.clone().unwrap_or_else(Users::read),
        }
    }

    /// How much of structures is shown; `verbose`: in the table that has all columns.
    pub(crate) fn detail(&self, verbose: bool) -> Detail {
        match verbose || self.verbose_args {
            true => Detail::All,
            false => Detail::Main,
        }
    }
}

/// The columns that not every table has.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    /// UTS name, namespaces and parent.
    pub verbose: bool,
    /// The container, and ids as both the container and the host count them.
    pub containers: bool,
}

/// A table under way.
pub struct Table {
    columns: Columns,
    style: Style,
    /// Columns of the terminal; `None`: rows are not shortened.
    limit: Option<usize>,
    /// Columns that find no room in a narrow terminal.
    hidden: [bool; COLUMNS.len()],
    /// Columns that a moment takes at least.
    time_width: usize,
    times: Times,
    users: Users,
    grid: Grid,
    /// The arguments of a row on their way to the terminal, kept for their room.
    whole: String,
    parts: Vec<Part>,
}

/// A terminal with fewer columns has no room to align arguments.
const NARROW: usize = 110;

/// Columns that are hidden in a terminal that is too narrow for all, one after the other.
const HIDDEN_FIRST: [usize; 9] = [
    PPID_HOST, TID_HOST, PPID, PID_NS, MNT_NS, UTS_NAME, TID, UID, TOOK,
];

/// What arguments have at least before columns are hidden.
const ARGS_SOME: usize = 12;

/// Columns up to which COMM grows in a narrow terminal.
const COMM_NARROW: usize = 10;

/// Columns that the longest name of an event takes.
const LONGEST_NAME: usize = 26;

/// Whether a narrow row keeps this argument before those that stand before it: whom one talks to, a signal with who sends
/// it or gets it, what is run, what was captured, where is mounted.
fn is_subject(event: &EventSpec, arg: &ArgSpec) -> bool {
    match arg.name {
        "remote" | "sender_pid" | "argv" | "dir_name" => true,
        "sig" => event.id == special::SIGNAL_DELIVER.id,
        "pid" => event.args.iter().any(|arg| arg.name == "sig"),
        "pathname" => event.id == special::ARTIFACT_CAPTURED.id,
        _ => false,
    }
}

/// Whether a narrow row shows the argument's name, since another one looks like it.
fn is_named(arg: &ArgSpec) -> bool {
    matches!(arg.name, "local" | "prev_comm" | "sender_pid")
}

/// With fewer columns for arguments, RET takes no more than its result.
const TIGHT: usize = 14;

/// The same in rows that a long name of an event shifts in any case.
const TIGHT_SHIFTED: usize = 24;

/// On a terminal with fewer columns COMM is shortened to its least, so that arguments have some room.
const ARGS_LEAST: usize = 16;

impl Table {
    /// A table with these columns. `colors`: the terminal, or whoever reads it, understands them.
    pub fn new(columns: Columns, style: &Style, colors: bool) -> Table {
        Table {
            columns,
            style: style.clone(),
            limit: None,
            hidden: [false; COLUMNS.len()],
            time_width: style.time.least(0),
            times: Times::new(style.time),
            users: style.users(),
            grid: Grid {
                widths: usual(style.time),
                usual: usual(style.time),
                colors,
            },
            whole: String::new(),
            parts: Vec::new(),
        }
    }

    /// Makes rows fit into so many columns from now on; `None`: they are as long as they are.
    pub fn set_limit(&mut self, limit: Option<usize>) {
        let limit = limit.filter(|_| !self.style.wide);
        if limit == self.limit {
            return;
        }
        // In few columns a result and an event's name take what they need, and no more.
        let narrow = matches!(limit, Some(..NARROW));
        for column in [RET, EVENT] {
            self.grid.usual[column] = match narrow {
                true => COLUMNS[column].least,
                false => COLUMNS[column].usual,
            };
        }
        self.grid.usual[COMM] = match narrow {
            true => COMM_NARROW,
            false => COLUMNS[COMM].usual,
        };
        if self.limit.is_none() {
            self.grid.widths = COLUMNS.map(|column| column.least);
            self.grid.widths[TIME] = self.time_width;
        }
        self.limit = limit;
        self.hide();
    }

    /// Hides columns until the others, and something of the arguments, fit into the terminal.
    fn hide(&mut self) {
        self.hidden = [false; COLUMNS.len()];
        let Some(limit) = self.limit else {
            return;
        };
        for column in HIDDEN_FIRST {
            let shown: usize = self.shown().map(|column| self.least(column) + 1).sum();
            let longest = shown - COLUMNS[EVENT].least + LONGEST_NAME;
            if longest.max(shown + ARGS_SOME) <= limit {
                return;
            }
            self.hidden[column] = true;
        }
    }

    fn least(&self, column: usize) -> usize {
        match column {
            TIME => self.time_width,
            column => COLUMNS[column].least,
        }
    }

    /// Sets when tracing began, in ns since boot.
    pub fn begin(&mut self, at: u64) {
        self.times.begin(at);
        self.time_width = self.style.time.least(at);
        self.grid.widths[TIME] = self.grid.widths[TIME].max(self.time_width);
        self.hide();
    }

    /// Appends the header.
    pub fn header(&mut self, out: &mut String) {
        let start = out.len();
        for column in 0..COLUMNS.len() {
            if !self.is_shown(column) {
                continue;
            }
            let title = match column {
                TIME => self.style.time.title(),
                column => COLUMNS[column].title,
            };
            self.grid.cell(out, column, |out| out.push_str(title));
        }
        out.push_str("ARGS");
        if let Some(limit) = self.limit {
            fit::clip(out, start, limit);
        }
        out.push('\n');
    }

    /// The columns of this table, in order.
    fn shown(&self) -> impl Iterator<Item = usize> + '_ {
        (0..COLUMNS.len()).filter(|column| self.is_shown(*column))
    }

    fn is_shown(&self, column: usize) -> bool {
        let Columns { verbose, containers } = self.columns;
        let ids = if containers { PID_HOST } else { PID };
        match column {
            column if self.hidden[column] => false,
            UTS_NAME | MNT_NS | PID_NS => verbose,
            CONTAINER_ID => containers,
            TIME | UID | COMM | RET | EVENT => true,
            TOOK => self.style.durations,
            id => (ids..ids + if verbose { 3 } else { 2 }).contains(&id),
        }
    }

    /// Appends an event as one row. `original`: with the system call that led to an event of the kernel's own. `wall`:
    /// nanoseconds since the epoch at nanoseconds since boot.
    pub fn row(&mut self, out: &mut String, event: &Event<'_>, original: bool, wall: impl Fn(u64) -> u64) {
        let start = out.len();
        let context = &event.context;
        let ids = [
            (context.pid, context.host_pid),
            (context.tid, context.host_tid),
            (context.ppid, context.host_ppid),
        ];
        let mut colored = 0;
        let (mut comm, mut behind_comm) = (start, start);
        let (mut ret, mut behind_ret) = (start, start);
        for column in 0..COLUMNS.len() {
            if !self.is_shown(column) {
                continue;
            }
            match column {
                TIME => {
                    let times = &mut self.times;
                    self.grid
                        .cell(out, TIME, |out| times.push(out, context.time, &wall));
                }
                UTS_NAME => match event.nodename {
                    Some(name) => self.grid.bytes(out, UTS_NAME, name),
                    None => self.grid.value(out, UTS_NAME, ""),
                },
                CONTAINER_ID => match &event.container {
                    Some(container) => self.grid.value(out, CONTAINER_ID, container.short_id()),
                    None => self.grid.value(out, CONTAINER_ID, ""),
                },
                MNT_NS => self.grid.number(out, MNT_NS, context.mnt_ns),
                PID_NS => self.grid.number(out, PID_NS, context.pid_ns),
                UID => {
                    let users = &self.users;
                    self.grid
                        .cell(out, UID, |out| match users.name(context.uid, context.mnt_ns) {
                            Some(name) => out.push_str(name),
                            None => out.push_str(itoa::Buffer::new().format(context.uid)),
                        });
                }
                COMM => {
                    comm = out.len();
                    self.grid.bytes(out, COMM, event.comm());
                    behind_comm = out.len();
                }
                RET => {
                    ret = out.len();
                    let color = || Color::of_result(event.errno().is_some());
                    colored += self
                        .grid
                        .colored(out, RET, color, |out| text::push_return(out, event));
                    behind_ret = out.len();
                }
                TOOK => match event.duration {
                    Some(duration) => self.grid.cell(out, TOOK, |out| push_seconds(out, duration)),
                    None => self.grid.value(out, TOOK, "-"),
                },
                EVENT => {
                    let color = || Color::of_event(event.spec);
                    colored += self
                        .grid
                        .colored(out, EVENT, color, |out| out.push_str(event.spec.name));
                }
                id if id >= PID_HOST => {
                    let (inner, host) = ids[id - PID_HOST];
                    self.grid.value(out, id, format_args!("{inner}/{host}"));
                }
                id => self.grid.number(out, id, ids[id - PID].0),
            }
        }
        match self.limit {
            None => {
                let detail = self.detail();
                text::push_args(out, event, detail);
                push_original(out, event, original);
            }
            Some(limit) => {
                let head = fit::width(&out[start..]) - colored;
                let spare = (head + ARGS_LEAST).saturating_sub(limit);
                let before = out.len();
                if spare > 0 {
                    shorten(out, comm..behind_comm, spare);
                }
                let tight = match event.spec.name.len() > COLUMNS[EVENT].least {
                    true => TIGHT_SHIFTED,
                    false => TIGHT,
                };
                if fit::width(&out[start..]) - colored + tight > limit {
                    let cell = ret + out.len() - before..behind_ret + out.len() - before;
                    let result = out[cell.clone()].trim_end().len();
                    out.replace_range(cell.start + result..cell.end, " ");
                }
                let head = fit::width(&out[start..]) - colored;
                self.fitting_args(out, event, original, limit.saturating_sub(head));
            }
        }
        while out.ends_with(' ') {
            out.pop();
        }
        // On a very narrow terminal the columns alone are too wide.
        if let Some(limit) = self.limit {
            fit::clip(out, start, limit);
        }
        out.push('\n');
    }

    fn detail(&self) -> Detail {
        self.style.detail(self.columns.verbose)
    }

    /// Appends the arguments in so many columns.
    fn fitting_args(&mut self, out: &mut String, event: &Event<'_>, original: bool, columns: usize) {
        self.whole.clear();
        self.parts.clear();
        let detail = self.detail();
        for arg in &event.args {
            let start = self.whole.len();
            self.whole.push_str(arg.spec.name);
            self.whole.push_str(": ");
            let value = self.whole.len();
            text::push_arg(&mut self.whole, arg, &event.context, detail);
            let end = self.whole.len();
            self.parts.push(Part {
                whole: start..end,
                value: value..end,
                is_text: is_text(arg),
                is_subject: is_subject(event.spec, arg.spec),
                is_named: is_named(arg.spec),
            });
        }
        if let Some(syscall) = original_of(event, original) {
            let start = self.whole.len();
            let _ = write!(self.whole, "syscall: {syscall}");
            let end = self.whole.len();
            self.parts.push(Part {
                whole: start..end,
                value: end - syscall.len()..end,
                is_text: false,
                is_subject: false,
                is_named: false,
            });
        }
        fit::push_args(out, &self.whole, &self.parts, columns);
    }
}

/// Shortens a cell in the middle, by so many columns at most.
fn shorten(out: &mut String, cell: std::ops::Range<usize>, spare: usize) {
    let text = out[cell.clone()].trim_end();
    let width = fit::width(&out[cell.clone()]) - 1;
    let columns = width.saturating_sub(spare).max(COLUMNS[COMM].least);
    let mut short = String::new();
    fit::push_shortened(&mut short, text, columns);
    let missing = (columns + 1).saturating_sub(fit::width(&short));
    short.extend(std::iter::repeat_n(' ', missing));
    out.replace_range(cell, &short);
}

/// Buffers are shown on request only, so that they are what the row is about.
fn is_text(arg: &Arg<'_>) -> bool {
    match &arg.value {
        Value::Str(_) | Value::Path(_) | Value::Strings(_) | Value::Sockaddr(_) | Value::Buffer(_) => true,
        Value::Msghdr(message) => message.data.is_some(),
        Value::Messages(messages) => messages.iter().any(|(message, _)| message.data.is_some()),
        _ => arg.data.is_some(),
    }
}

/// The system call that led to an event of the kernel's own, if it is wanted and no argument.
fn original_of(event: &Event<'_>, original: bool) -> Option<&'static str> {
    if !original || event.spec.kind.is_syscall() {
        return None;
    }
    catalogue::by_id(event.context.syscall)
        .filter(|_| event.args.iter().all(|arg| arg.spec.ty != ArgType::SyscallNr))
        .map(|syscall| syscall.name)
}

fn push_original(out: &mut String, event: &Event<'_>, original: bool) {
    if let Some(syscall) = original_of(event, original) {
        let comma = if event.args.is_empty() { "" } else { ", " };
        let _ = write!(out, "{comma}syscall: {syscall}");
    }
}

#[cfg(test)]
mod tests;
