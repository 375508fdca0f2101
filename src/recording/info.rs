//! `--info`: what a recording is of, and how much is in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use serde::Serialize;

use crate::catalogue;
use crate::decode::event::Context;
use crate::escape;
use crate::output::fit::push_words;
use crate::output::time::{push_local_date, push_seconds};
use crate::recording::header::{Flags, Host};
use crate::recording::open::Recording;
use crate::recording::read::Ending;
use crate::say;
use crate::wire::RECORD_INTERNAL;

/// Columns that its lists take at most.
const COLUMNS: usize = 80;

/// What is known of a recording when it has been read.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Info {
    /// Its file.
    pub file: String,
    /// Version of tracee that recorded it.
    pub tracee: String,
    /// Where it was recorded.
    pub host: Host,
    /// Which processes were traced, in words.
    pub scope: String,
    /// Flags of the run that change what events hold.
    pub flags: Flags,
    /// When tracing began, ns since the epoch.
    pub began: u64,
    /// When its last record was made, ns since the epoch; `None` without records.
    pub last: Option<u64>,
    /// Events in it.
    pub events: u64,
    /// Records in it that tracee itself needed.
    pub internal: u64,
    /// Events that were lost.
    pub lost: u64,
    /// Whether it is damaged.
    #[serde(skip)]
    pub damaged: bool,
    /// How it ends, in words.
    pub ending: String,
    /// How many there are of each event that could be in it.
    pub by_event: BTreeMap<&'static str, u64>,
    /// Records of events that this tracee does not have.
    pub unknown: u64,
}

impl Info {
    /// Reads a recording to its end.
    pub fn of(mut recording: Recording) -> io::Result<Info> {
        let reader = &mut recording.reader;
        let header = reader.header().clone();
        let began = reader.clock().wall(header.began);
        let (mut last, mut unknown, mut internal, mut events) = (None, 0, 0, 0);
        let chosen = header.events.iter().filter(|row| row.shown);
        let mut by_event: BTreeMap<_, _> = chosen
            .filter_map(|row| Some((catalogue::by_name(&row.name)?.name, 0)))
            .collect();
        while reader.advance()? && !say::is_ending() {
            last = last.max(Some(reader.wall()));
            let mut context = Context::default();
            let known = reader
                .recorded()
                .and_then(|recorded| plain::copy_from_bytes(&mut context, recorded.record).ok())
                .and_then(|()| catalogue::by_id(context.event));
            match known {
                None => unknown += 1,
                Some(_) if context.flags & RECORD_INTERNAL != 0 => internal += 1,
                Some(event) => {
                    events += 1;
                    *by_event.entry(event.name).or_default() += 1;
                }
            }
        }
        let damaged = matches!(reader.ending(), Some(Ending::Damaged(..)));
        let (ending, lost) = match reader.ending() {
            Some(Ending::Whole(totals)) => ("whole".into(), totals.lost),
            Some(Ending::Continued) => ("it goes on in another file".into(), reader.lost()),
            Some(Ending::Cut) => ("cut: it ends within a block".into(), reader.lost()),
            Some(Ending::Damaged(at, reason)) => (format!("damaged at byte {at}: {reason}"), reader.lost()),
            Some(Ending::Unfinished) => ("missing: its run was cut short, or goes on".into(), reader.lost()),
            None => ("unknown: reading was stopped".into(), reader.lost()),
        };
        Ok(Info {
            file: recording.name,
            tracee: header.tracee,
            host: header.host,
            scope: header.scope,
            flags: header.flags,
            began,
            last,
            events,
            internal,
            lost,
            damaged,
            ending,
            by_event,
            unknown,
        })
    }

    /// Appends it as lines.
    pub fn push(&self, out: &mut String) {
        let mut line = |name: &str, text: &str| {
            let _ = write!(out, "{name:10} ");
            escape::push_message(out, text);
            out.push('\n');
        };
        line("recording:", &self.file);
        let mut time = String::new();
        push_local_date(&mut time, self.began);
        time.push_str(" for ");
        push_seconds(
            &mut time,
            self.last.unwrap_or(self.began).saturating_sub(self.began),
        );
        time.push_str(" s");
        line("began:", &time);
        line(
            "host:",
            &format!(
                "{}, Linux {}, {}",
                self.host.name, self.host.kernel, self.host.arch
            ),
        );
        line("boot:", &self.host.boot_id);
        line("by:", &format!("tracee {}", self.tracee));
        line("scope:", &self.scope);
        let Flags {
            exec_env,
            decode_fds,
            durations,
            verify_results,
            decode_buffers,
            original_syscall,
            ancestors,
        } = self.flags;
        let flags = [
            (exec_env, "--show-exec-env"),
            (decode_fds, "--decode-fds"),
            (durations, "--durations"),
            (verify_results, "--verify-results"),
            (decode_buffers > 0, "--decode-buffers"),
            (original_syscall, "--detect-original-syscall"),
            (ancestors, "--ancestors"),
        ];
        let flags: Vec<_> = flags
            .iter()
            .filter(|(set, _)| *set)
            .map(|(_, flag)| *flag)
            .collect();
        if !flags.is_empty() {
            line("flags:", &flags.join(" "));
        }
        line("end:", &self.ending);
        let mut events = format!("{}, {} lost", self.events, self.lost);
        if self.unknown > 0 {
            let _ = write!(events, ", {} of a newer tracee's", self.unknown);
        }
        line("events:", &events);
        let mut counts: Vec<_> = self.by_event.iter().filter(|(_, count)| **count > 0).collect();
        counts.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), **name));
        for (name, count) in counts {
            let _ = writeln!(out, "{count:>10} {name}");
        }
        let none = self.by_event.iter().filter(|(_, count)| **count == 0);
        let none: Vec<_> = none.map(|(name, _)| *name).collect();
        if !none.is_empty() {
            out.push_str("none of these, which were chosen:\n");
            push_words(out, none.into_iter(), COLUMNS);
        }
    }
}
