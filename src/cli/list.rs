//! `--list`: what there is, what it means, in which sets, and by which mechanism this kernel provides it.

use std::io::{self, Write};

use serde_json::json;

use crate::catalogue::{meaning, EventKind, EventSpec, Set};
use crate::cli::describe;
use crate::loader::features::Features;
use crate::loader::probe;

/// Families of system calls, in the order in which they are listed.
const GROUPS: [Set; 7] = [
    Set::Proc,
    Set::Fs,
    Set::Net,
    Set::Ipc,
    Set::Signals,
    Set::Time,
    Set::System,
];

/// Columns of the names and of the sentences.
const NAME: usize = 27;
const MEANING: usize = 64;

/// With fewer columns, sets follow the sentence at once, if need be on the next line.
const ALIGNED: usize = 110;

/// Long descriptions are no wider.
const WIDEST: usize = 100;

/// What stands above the mechanisms of an event.
const MECHANISMS: &str =
    "Mechanisms; a kernel uses the first that it supports. Linux 7 prefers kprobe to fexit and fentry.";

/// How events are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A line for each event: its name, what it means, its sets.
    Short,
    /// The same, with how it attaches, and its arguments.
    Verbose,
    /// All that is known of each event.
    Long,
    /// One object a line.
    Json,
}

/// A list on its way out.
#[derive(Debug)]
pub struct List<'a> {
    /// What this kernel can do.
    pub features: &'a Features,
    /// The kernel was asked what it can do; otherwise only its types were read.
    pub tried: bool,
    /// The form of the list.
    pub form: Form,
    /// Columns of the terminal, if it goes to one.
    pub columns: Option<usize>,
}

/// Titles of the groups, and their events.
pub fn groups<'a>(events: &[&'a EventSpec]) -> Vec<(String, Vec<&'a EventSpec>)> {
    let of_kind = |kind: EventKind| events.iter().copied().filter(move |event| event.kind == kind);
    let mut groups = vec![("Kernel events".to_owned(), of_kind(EventKind::Kernel).collect())];
    for group in GROUPS {
        let calls = of_kind(EventKind::Syscall).filter(|event| first_group(event) == Some(group));
        groups.push((format!("System calls: {}", group.name()), calls.collect()));
    }
    groups.push((
        "System calls that only 32-bit programs have".to_owned(),
        of_kind(EventKind::CompatSyscall).collect(),
    ));
    groups.retain(|(_, events): &(_, Vec<_>)| !events.is_empty());
    groups
}

/// The family that a call is listed in; a call may be in several.
fn first_group(event: &EventSpec) -> Option<Set> {
    GROUPS.into_iter().find(|group| event.in_set(*group))
}

/// The sets of an event.
pub fn sets(event: &EventSpec) -> Vec<&'static str> {
    Set::EVERY
        .iter()
        .filter(|set| event.in_set(**set))
        .map(|set| set.name())
        .collect()
}

impl List<'_> {
    /// Writes the list; needs no privilege.
    pub fn write(&self, out: &mut impl Write, events: &[&EventSpec]) -> io::Result<()> {
        match self.form {
            Form::Json => events.iter().try_for_each(|event| self.write_json(out, event))?,
            Form::Long => {
                for (index, event) in events.iter().enumerate() {
                    if index > 0 {
                        writeln!(out)?;
                    }
                    self.write_long(out, event)?;
                }
            }
            Form::Short | Form::Verbose => self.write_table(out, events)?,
        }
        out.flush()
    }

    fn write_table(&self, out: &mut impl Write, events: &[&EventSpec]) -> io::Result<()> {
        self.write_row(out, "EVENT", "MEANING", "SETS")?;
        for (title, events) in groups(events) {
            writeln!(out, "\n{title}")?;
            for event in events {
                self.write_event(out, event)?;
            }
        }
        Ok(())
    }

    fn write_event(&self, out: &mut impl Write, event: &EventSpec) -> io::Result<()> {
        let mechanism = probe::mechanism(event, self.features);
        let mut text = meaning::of(event).to_owned();
        if mechanism.is_err() {
            text.push_str(" (unavailable here)");
        }
        // Sets that follow from the kind of event are left out: every event has them.
        let mut sets = sets(event);
        sets.retain(|set| !["all", "syscalls"].contains(set));
        self.write_row(out, event.name, &text, &sets.join(","))?;
        if self.form == Form::Verbose {
            let attach = mechanism.unwrap_or_else(|reason| format!("unavailable: {reason}"));
            let args: Vec<_> = event.args.iter().map(|arg| arg.name).collect();
            let width = self.columns.unwrap_or(usize::MAX);
            for (what, text) in [("attach:", attach), ("args:", args.join(", "))] {
                if !text.is_empty() {
                    write!(out, "    {what:<8}")?;
                    write_wrapped(out, &text, 12, 12, width)?;
                }
            }
        }
        Ok(())
    }

    /// A name, a sentence and sets.
    fn write_row(&self, out: &mut impl Write, name: &str, text: &str, sets: &str) -> io::Result<()> {
        let columns = self.columns.unwrap_or(usize::MAX);
        let aligned = format!("{text:<MEANING$}{sets}");
        let plain = [text, sets].join("  ");
        let plain = plain.trim_end();
        write!(out, "{name:<NAME$}")?;
        match columns >= ALIGNED && NAME + aligned.trim_end().chars().count() <= columns {
            true if text.chars().count() < MEANING => writeln!(out, "{}", aligned.trim_end()),
            _ => write_wrapped(out, plain, NAME, NAME, columns),
        }
    }

    fn write_long(&self, out: &mut impl Write, event: &EventSpec) -> io::Result<()> {
        let width = self.columns.unwrap_or(WIDEST).min(WIDEST);
        let mut put = |label: &str, text: &str| {
            write!(out, "  {label:<11}")?;
            write_wrapped(out, text, 13, 13, width)
        };
        put("Event", event.name)?;
        put("Meaning", meaning::of(event))?;
        put("Sets", &sets(event).join(", "))?;
        put("Id", &event.id.to_string())?;
        let mechanism = probe::mechanism(event, self.features);
        match &mechanism {
            Ok(_) if event.columns.reported_by_tracee && probe::parts(event).is_empty() => {
                put("Attaches", "nowhere: tracee reports it by itself")?;
            }
            Ok(attach) => put("Attaches", attach)?,
            Err(reason) => put("Attaches", &format!("unavailable on this kernel: {reason}"))?,
        }
        put("Holds", &describe::guarantee(event))?;
        self.write_args(out, event, width)?;
        self.write_parts(out, event, width)
    }

    fn write_args(&self, out: &mut impl Write, event: &EventSpec, width: usize) -> io::Result<()> {
        let name = event.args.iter().map(|arg| arg.name.len()).max().unwrap_or(0);
        if name > 0 {
            writeln!(out, "\n  Arguments")?;
        }
        for arg in event.args {
            let text = format!(
                "{} [{}]",
                meaning::of_argument(event, arg),
                describe::type_of(event, arg)
            );
            write!(out, "    {:<name$}  ", arg.name)?;
            write_wrapped(out, &text, name + 6, name + 6, width)?;
        }
        Ok(())
    }

    /// The mechanisms of all kernels.
    fn write_parts(&self, out: &mut impl Write, event: &EventSpec, width: usize) -> io::Result<()> {
        let parts = probe::parts(event);
        let longest = parts.iter().flat_map(|part| &part.programs);
        let Some(section) = longest.map(|program| program.section.len()).max() else {
            return Ok(());
        };
        write!(out, "\n  ")?;
        write_wrapped(out, MECHANISMS, 2, 2, width)?;
        for part in &parts {
            if !part.of.is_empty() {
                writeln!(out, "    {}:", part.of)?;
            }
            let indent = if part.of.is_empty() { 4 } else { 6 };
            let mut seen = Vec::new();
            for program in &part.programs {
                let row = (&program.section, describe::how(program, event));
                if !seen.contains(&row) {
                    write!(out, "{:indent$}{:<section$}  ", "", row.0)?;
                    write_wrapped(out, &row.1, indent + section + 2, indent + section + 2, width)?;
                    seen.push(row);
                }
            }
        }
        Ok(())
    }

    fn write_json(&self, out: &mut impl Write, event: &EventSpec) -> io::Result<()> {
        let mechanism = probe::mechanism(event, self.features);
        let args: Vec<_> = event
            .args
            .iter()
            .map(|arg| {
                json!({
                    "name": arg.name,
                    "type": arg.ty.c_name(),
                    "meaning": meaning::of_argument(event, arg),
                })
            })
            .collect();
        let line = json!({
            "name": event.name,
            "id": event.id,
            "meaning": meaning::of(event),
            "sets": sets(event),
            "args": args,
            "available": mechanism.is_ok(),
            "tried": self.tried,
            "attach": mechanism.as_ref().ok(),
            "reason": mechanism.as_ref().err(),
        });
        writeln!(out, "{line}")
    }
}

/// Writes words and a line break; a line that would be wider than `width` goes on `indent` columns from the left. `at`:
/// columns that the first line has already.
fn write_wrapped(out: &mut impl Write, text: &str, at: usize, indent: usize, width: usize) -> io::Result<()> {
    let (mut used, mut spaces) = (at, 0);
    for word in text.split(' ') {
        let length = word.chars().count();
        // Several spaces in a row are words without letters between them.
        if length > 0 && used > indent.max(at) && used + spaces + length > width {
            write!(out, "\n{:indent$}{word}", "")?;
            used = indent + length;
        } else if length > 0 {
            write!(out, "{:spaces$}{word}", "")?;
            used += spaces + length;
        } else {
            spaces += 1;
            continue;
        }
        spaces = 1;
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn listed(form: Form, columns: Option<usize>, events: &[&EventSpec]) -> String {
        let list = List {
            features: &Features::default(),
            tried: false,
            form,
            columns,
        };
        let mut text = Vec::new();
        list.write(&mut text, events).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn every_event_has_its_line() {
        let events: Vec<_> = catalogue::events().collect();
        for (form, columns) in [
            (Form::Short, None),
            (Form::Verbose, None),
            (Form::Short, Some(80)),
            (Form::Short, Some(120)),
        ] {
            let text = listed(form, columns, &events);
            for event in &events {
                let lines = text
                    .lines()
                    .filter(|line| line.split(' ').next() == Some(event.name));
                assert_eq!(lines.count(), 1, "{}", event.name);
            }
            let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(
                columns.is_none_or(|columns| longest <= columns),
                "{longest} columns"
            );
        }
    }

    #[test]
    fn long_descriptions_fit_and_are_whole() {
        for event in catalogue::events() {
            let text = listed(Form::Long, Some(80), &[event]);
            for line in text.lines() {
                assert!(line.chars().count() <= 80, "{}: {line}", event.name);
                assert_eq!(line, line.trim_end(), "{}", event.name);
            }
            for arg in event.args {
                let begins = format!("    {} ", arg.name);
                assert!(text.lines().any(|line| line.starts_with(&begins)), "{text}");
            }
            assert!(text.contains("Holds "), "{text}");
        }
    }
}
