//! Columns of tables, and the cells that fill them.

use std::fmt::Write as _;

use crate::escape;
use crate::output::color::{Color, PLAIN};
use crate::output::fit;
use crate::output::time::Time;

/// Widths of the columns, which grow with what they have shown, up to the usual ones.
pub struct Grid {
    pub widths: [usize; COLUMNS.len()],
    pub usual: [usize; COLUMNS.len()],
    /// Whether cells may have colours.
    pub colors: bool,
}

/// A column: its title, and its width to begin with on a terminal and elsewhere. It grows up to the latter.
pub struct Column {
    pub title: &'static str,
    pub least: usize,
    pub usual: usize,
}

const fn column(title: &'static str, least: usize, usual: usize) -> Column {
    Column { title, least, usual }
}

pub const COLUMNS: [Column; 16] = [
    column("TIME", 0, 0), // by its kind
    column("UTS_NAME", 8, 16),
    column("CONTAINER_ID", 12, 12),
    column("MNT_NS", 10, 12),
    column("PID_NS", 10, 12),
    column("UID", 4, 6),
    column("COMM", 7, 16),
    column("PID", 5, 7),
    column("TID", 5, 7),
    column("PPID", 5, 7),
    column("PID/host", 11, 13),
    column("TID/host", 11, 13),
    column("PPID/host", 11, 13),
    column("RET", 9, 16),
    column("TOOK(s)", 8, 10),
    column("EVENT", 10, 20),
];

// Positions in `COLUMNS`.
pub const TIME: usize = 0;
pub const UTS_NAME: usize = 1;
pub const CONTAINER_ID: usize = 2;
pub const MNT_NS: usize = 3;
pub const PID_NS: usize = 4;
pub const UID: usize = 5;
pub const COMM: usize = 6;
pub const PID: usize = 7;
pub const TID: usize = 8;
pub const PPID: usize = 9;
pub const PID_HOST: usize = 10;
pub const TID_HOST: usize = 11;
pub const PPID_HOST: usize = 12;
pub const RET: usize = 13;
pub const TOOK: usize = 14;
pub const EVENT: usize = 15;

/// Usual widths of the columns.
pub fn usual(time: Time) -> [usize; COLUMNS.len()] {
    let mut widths = COLUMNS.map(|column| column.usual);
    widths[TIME] = time.width();
    widths
}

impl Grid {
    /// Appends a cell with what is shown of this.
    pub fn value(&mut self, out: &mut String, column: usize, value: impl std::fmt::Display) {
        self.cell(out, column, |out| {
            let _ = write!(out, "{value}");
        });
    }

    /// Appends a cell with a number.
    pub fn number(&mut self, out: &mut String, column: usize, number: u32) {
        self.cell(out, column, |out| {
            out.push_str(itoa::Buffer::new().format(number))
        });
    }

    /// Appends a cell with a name.
    pub fn bytes(&mut self, out: &mut String, column: usize, bytes: &[u8]) {
        self.cell(out, column, |out| push_name(out, bytes));
    }

    /// Appends a cell in a colour; returns how many characters that took besides those that are seen.
    pub fn colored(
        &mut self,
        out: &mut String,
        column: usize,
        color: impl FnOnce() -> Option<Color>,
        fill: impl FnOnce(&mut String),
    ) -> usize {
        let Some(color) = self.colors.then(color).flatten() else {
            self.cell(out, column, fill);
            return 0;
        };
        out.push_str(color.begin());
        let start = out.len();
        self.cell(out, column, fill);
        // Before the spaces that fill the column: a background would show there.
        let end = start + out[start..].trim_end().len();
        out.insert_str(end, PLAIN);
        color.begin().len() + PLAIN.len()
    }

    /// Appends a cell: what `fill` appends, padded to its column and kept whole if longer. The column grows with it, to a
    /// point.
    pub fn cell(&mut self, out: &mut String, column: usize, fill: impl FnOnce(&mut String)) {
        const SPACES: &str = "                    ";
        let start = out.len();
        fill(out);
        let written = fit::width(&out[start..]);
        let width = &mut self.widths[column];
        *width = (*width).max(written.min(self.usual[column]));
        let missing = width.saturating_sub(written) + 1;
        out.push_str(&SPACES[..missing.min(SPACES.len())]);
    }
}

/// Appends a name that may have spaces, which separate columns, too: one between two words stays, others are escapes.
fn push_name(out: &mut String, name: &[u8]) {
    if name.is_empty() {
        out.push_str("\"\"");
        return;
    }
    let mut start = 0;
    for (at, _) in name.iter().enumerate().filter(|(_, byte)| **byte == b' ') {
        let is_letter = |neighbour: Option<&u8>| neighbour.is_some_and(|byte| byte.is_ascii_alphabetic());
        let before = at.checked_sub(1).and_then(|before| name.get(before));
        if before.is_some_and(|byte| *byte != b' ') && is_letter(name.get(at + 1)) {
            continue;
        }
        escape::push(out, &name[start..at]);
        out.push_str("\\x20");
        start = at + 1;
    }
    escape::push(out, &name[start..]);
}
