//! Torture tests (`make torture`): hostile loads, for minutes instead of the seconds of `make test`. Each drill's own
//! programs count what they have done, lines of the output what was received; with the loss that tracee reports both
//! must agree, or the drill fails.
//!
//!   TORTURE_SEED=N     repeats the random drills (the seed is printed)
//!   TORTURE_FIGURES=F  where the figures go, as a table in Markdown

mod ends;
mod floods;
mod steering;

#[allow(dead_code, reason = "the end-to-end tests use the rest of it")]
#[path = "../e2e/harness.rs"]
mod harness;

use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::Instant;

use libtest_mimic::{Arguments, Failed, Trial};

/// A line of the table of figures.
struct Row {
    drill: &'static str,
    variant: String,
    counts: Option<Counts>,
    note: String,
    seconds: u64,
}

/// What was done, received and lost.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    pub done: u64,
    pub received: u64,
    pub lost: u64,
}

static ROWS: Mutex<Vec<Row>> = Mutex::new(Vec::new());

/// One drill, while it goes on.
pub struct Drill {
    name: &'static str,
    started: Instant,
}

impl Drill {
    /// Notes the figures of one variant; fails if something is neither received nor lost.
    pub fn counts(
        &mut self,
        variant: impl Into<String>,
        counts: Counts,
        note: impl Into<String>,
    ) -> Result<(), Failed> {
        let variant = variant.into();
        let held = counts.received + counts.lost == counts.done;
        self.row(variant.clone(), Some(counts), note.into());
        if held {
            return Ok(());
        }
        Err(format!("{variant}: {counts:?}").into())
    }

    /// Notes figures without a loss.
    pub fn note(&mut self, variant: impl Into<String>, note: impl Into<String>) {
        self.row(variant.into(), None, note.into());
    }

    fn row(&mut self, variant: String, counts: Option<Counts>, note: String) {
        let seconds = self.started.elapsed().as_secs();
        self.started = Instant::now();
        println!("{}: {variant}: {counts:?} {note} ({seconds} s)", self.name);
        ROWS.lock().unwrap().push(Row {
            drill: self.name,
            variant,
            counts,
            note,
            seconds,
        });
    }
}

/// A drill: its name, why it cannot run here, what it does.
pub struct Test {
    pub name: &'static str,
    pub missing: Option<String>,
    pub run: fn(&mut Drill) -> Result<(), Failed>,
}

fn figures() -> String {
    let mut text =
        String::from("| drill | | done | received | lost | | s |\n|---|---|--:|--:|--:|---|--:|\n");
    for row in ROWS.lock().unwrap().iter() {
        let counts = match row.counts {
            Some(counts) => format!("{} | {} | {}", counts.done, counts.received, counts.lost),
            None => " | | ".into(),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {counts} | {} | {} |",
            row.drill.replace('_', " "),
            row.variant,
            row.note,
            row.seconds
        );
    }
    text
}

fn main() {
    let mut arguments = Arguments::from_args();
    // One at a time: each needs the whole machine.
    arguments.test_threads = Some(1);
    let drills = [floods::drills(), ends::drills(), steering::drills()];
    let trials = drills.into_iter().flatten().map(|test| {
        if let Some(reason) = &test.missing {
            println!("skip: {}: {reason}", test.name);
        }
        let missing = test.missing.is_some();
        Trial::test(test.name, move || {
            let mut drill = Drill {
                name: test.name,
                started: Instant::now(),
            };
            (test.run)(&mut drill)
        })
        .with_ignored_flag(missing)
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    if let Some(path) = std::env::var_os("TORTURE_FIGURES") {
        if let Err(error) = std::fs::write(&path, figures()) {
            eprintln!("{}: {error}", path.display());
            std::process::exit(1);
        }
    }
    conclusion.exit();
}
