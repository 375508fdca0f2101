//! What the flags mean, checked: from here on everything is valid.

use std::ffi::OsString;
use std::time::Duration;

use crate::capture;
use crate::catalogue::reading::ARRAY_MAX;
use crate::catalogue::{self, special, EventSpec};
use crate::cli::args::Args;
use crate::cli::events::{self, select, Selection};
use crate::cli::moment::duration;
use crate::cli::recorded::{self, Reading};
use crate::cli::{habits, list};
use crate::error::{Error, UsageError};
use crate::filter::{self, Filters};
use crate::loader::lookup::{BuildPolicy, Lookup};
use crate::loader::plan::Detail;
use crate::output::spec::{self as output, OutputSpec, Target};
use crate::output::table::Style;
use crate::output::template::{self, Template};
use crate::scope::{self, Scope};

/// A checked command line.
#[derive(Debug)]
pub struct Config {
    /// The processes whose events are shown.
    pub scope: Scope,
    /// Which events.
    pub events: Selection,
    /// The filters that leave events out.
    pub filters: Filters,
    /// Where they are shown; none only if they are recorded.
    pub outputs: Vec<OutputSpec>,
    /// Where they are recorded.
    pub recording: Option<OutputSpec>,
    /// A flight recorder: how much it records before and after what it waits for.
    pub keep_before: Option<Duration>,
    /// What it waits for, beside alerts; `None`: for nothing else.
    pub when: Option<Filters>,
    /// What tables are like.
    pub style: Style,
    /// What is captured, if anything.
    pub capture: Option<capture::Settings>,
    /// How much of arguments is read.
    pub detail: Detail,
    /// The run ends after so many events.
    pub events_max: Option<u64>,
    /// The run ends after this time.
    pub duration: Option<Duration>,
    /// Whether totals are left out.
    pub quiet: bool,
    /// Rows of the kernel's own events end with the system call that led there.
    pub original_syscall: bool,
    /// Whether JSON shows ancestors at all events, not only at execs.
    pub ancestors: bool,
    /// Whether every chosen call is verified, not only those whose success is evidence.
    pub verify_results: bool,
    /// Whether what tracee does is logged on standard error.
    pub debug: bool,
    /// Where the BPF object comes from.
    pub object: Lookup,
    /// The command to trace with its arguments; empty without a command.
    pub command: Vec<OsString>,
}

/// What tracee is asked to do.
#[derive(Debug)]
pub enum Task {
    /// To trace.
    Trace(Box<Config>),
    /// To show recordings.
    Replay(Box<Config>, Box<Reading>),
    /// `--list` of these events.
    List {
        /// In the order in which they are listed.
        events: Vec<&'static EventSpec>,
        /// How much of each.
        form: list::Form,
    },
    /// The help on the values of one flag.
    Help(String),
}

/// The default folder of artefacts.
const OUTPUT_PATH: &str = "/tmp/tracee/out";

/// So many events, if they are named, are described at length.
const FEW: usize = 3;

/// Bounds of `--buffer-size` in bytes. A record may be 64 KiB long; the kernel's rings end below 2 GiB.
const BUFFER_MIN: u64 = 64 * 1024;
const BUFFER_MAX: u64 = 1024 * 1024 * 1024;

impl Args {
    /// Checks the flags and returns what to do.
    pub fn task(mut self) -> Result<Task, Error> {
        let asks_help = |values: &[String]| values.iter().any(|value| value == "help");
        if asks_help(&self.trace) {
            return Ok(Task::Help(scope::HELP.into()));
        }
        if asks_help(&self.event) || asks_help(&self.exclude_event) {
            return Ok(Task::Help(events::EVENT_HELP.into()));
        }
        if asks_help(&self.events_set) {
            return Ok(Task::Help(events::set_help()));
        }
        if asks_help(&self.filter) {
            return Ok(Task::Help(filter::HELP.into()));
        }
        if self.format.as_deref() == Some("help") {
            return Ok(Task::Help(template::help()));
        }
        if output::asks_help(&self.output) {
            return Ok(Task::Help(output::HELP.into()));
        }
        if asks_help(&self.capture) {
            return Ok(Task::Help(capture::settings::HELP.into()));
        }
        for (flag, values) in [
            ("--trace", &self.trace),
            ("--event", &self.event),
            ("--events-set", &self.events_set),
            ("--filter", &self.filter),
            ("--output", &self.output),
        ] {
            values.iter().try_for_each(|value| habits::check(flag, value))?;
        }
        let (outputs, recording) = self.outputs()?;
        let reading = self.reading()?;
        let keep_before = self.flight(recording.is_some())?;
        if self.list {
            self.check_listing(&outputs)?;
            let (events, few) = self.listed()?;
            let form = match outputs.iter().any(|output| output.format.is_json()) {
                true => list::Form::Json,
                false if few => list::Form::Long,
                false if self.verbose => list::Form::Verbose,
                false => list::Form::Short,
            };
            return Ok(Task::List { events, form });
        }
        if self.verbose {
            return Err(UsageError::NoList("--verbose").into());
        }
        let is_pid = |pid: &&String| pid.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(wrong) = self.pid.iter().find(|pid| !is_pid(pid)) {
            return Err(UsageError::Value {
                flag: "--pid",
                value: wrong.clone(),
                allowed: "it is the number of a process, such as 1234".into(),
            }
            .into());
        }
        let pids = self.pid.iter().map(|pid| format!("process:{pid}"));
        let scopes: Vec<String> = self.trace.iter().cloned().chain(pids).collect();
        let scope = match (scopes.as_slice(), self.command.is_empty()) {
            ([], true) => Scope::New,
            ([], false) => Scope::Command,
            (_, false) => {
                let flag = if self.trace.is_empty() { "--pid" } else { "--trace" };
                return Err(UsageError::Exclusive(flag, "a command after --").into());
            }
            (scopes, true) => Scope::of_all(scopes)?,
        };
        for (chosen, expression) in [
            (self.failed_only, "event.retval<0"),
            (self.successful_only, "event.retval>=0"),
        ] {
            self.filter.extend(chosen.then(|| expression.to_owned()));
        }
        let mut events = match &reading {
            Some(reading) => recorded::select(reading, &self.event, &self.events_set, &self.exclude_event)?,
            None => select(&self.event, &self.events_set, &self.exclude_event)?,
        };
        if self.security_alerts {
            events.add(special::MEM_PROT_ALERT);
        }
        let checked = self.check_capture();
        let capture = capture::Settings::parse(
            &self.capture,
            self.output_path.unwrap_or_else(|| OUTPUT_PATH.into()),
            self.clear_output_path,
            self.capture_limit.as_deref(),
        )?;
        checked?;
        if capture.is_some()
            && !self
                .exclude_event
                .iter()
                .any(|name| name == special::ARTIFACT_CAPTURED.name)
        {
            events.add(special::ARTIFACT_CAPTURED);
        }
        if !self.user.is_empty() {
            self.filter.push(format!("uid={}", self.user.join(",")));
        }
        let paths = self.path.iter().map(|path| format!("path={}", as_pattern(path)));
        self.filter.extend(paths);
        let users = reading.as_ref().map(recorded::users);
        let shown = filter::parse::Shown {
            users: users.as_ref(),
            exec_env: self.show_exec_env,
            buffers: self.decode_buffers.is_some(),
        };
        let filters = filter::parse::parse(&self.filter, &events.all(), shown)?;
        let when = recorded::when(&self.when, &events.all(), shown)?;
        events.remove(&filters.impossible)?;
        let is_table = |output: &OutputSpec| !output.format.is_json();
        if self.summary && outputs.is_empty() {
            return Err(UsageError::Needs("--summary", "an --output beside --write").into());
        }
        if self.format.is_some() && !outputs.iter().any(is_table) {
            return Err(UsageError::Value {
                flag: "--format",
                value: self.format.unwrap_or_default(),
                allowed: "it makes rows of tables, and no output is a table".into(),
            }
            .into());
        }
        let template = |text: &String| {
            Template::parse(text, &events.all()).map_err(|allowed| UsageError::Value {
                flag: "--format",
                value: text.clone(),
                allowed,
            })
        };
        let template = self.format.as_ref().map(template).transpose()?;
        let any_path = |filters: &Filters| filters.path.is_some();
        let decode_fds = self.decode_fds || any_path(&filters) || when.as_ref().is_some_and(any_path);
        let config = Box::new(Config {
            capture,
            scope,
            events,
            filters,
            outputs,
            recording,
            keep_before,
            when,
            style: Style {
                time: self.time,
                color: self.color,
                verbose_args: self.verbose_args,
                numeric: self.numeric,
                durations: self.durations,
                summary: self.summary,
                template,
                wide: self.wide,
                users,
            },
            detail: Detail {
                exec_env: self.show_exec_env,
                decode_fds,
                durations: self.durations,
                buffer_bytes: buffer_bytes(self.decode_buffers.as_deref())?,
                ring_size: ring_size(&self.buffer_size)?,
            },
            events_max: events_max(self.events_max.as_deref())?,
            duration: self
                .duration
                .as_deref()
                .map(|text| duration("--for", text))
                .transpose()?,
            quiet: self.quiet,
            original_syscall: self.detect_original_syscall,
            ancestors: self.ancestors,
            verify_results: self.verify_results,
            debug: self.debug,
            object: Lookup {
                install_path: self.install_path,
                policy: build_policy(&self.build_policy)?,
            },
            command: self.command,
        });
        Ok(match reading {
            Some(reading) => {
                recorded::check(
                    &reading,
                    &config.detail,
                    (config.verify_results, config.ancestors),
                    config.filters.path.is_some(),
                )?;
                Task::Replay(config, Box::new(reading))
            }
            None => Task::Trace(config),
        })
    }

    /// With `--list`, other flags would be ignored: each of them is an error.
    fn check_listing(&self, outputs: &[OutputSpec]) -> Result<(), UsageError> {
        let elsewhere = |output: &OutputSpec| output.target != Target::Fd(1);
        for (flag, given) in [
            ("--filter", !self.filter.is_empty()),
            ("--trace", !self.trace.is_empty()),
            ("--pid", !self.pid.is_empty()),
            ("--path", !self.path.is_empty()),
            ("--format", self.format.is_some()),
            ("--durations", self.durations),
            ("--user", !self.user.is_empty()),
            ("--summary", self.summary),
            ("--events-max", self.events_max.is_some()),
            ("--for", self.duration.is_some()),
            ("--failed-only", self.failed_only),
            ("--successful-only", self.successful_only),
            ("--capture", !self.capture.is_empty()),
            ("a command after --", !self.command.is_empty()),
            ("the :TARGET of --output", outputs.iter().any(elsewhere)),
        ] {
            if given {
                return Err(UsageError::NotListed(flag));
            }
        }
        Ok(())
    }

    /// Flags that nothing but `--capture` needs.
    fn check_capture(&self) -> Result<(), UsageError> {
        for (flag, given) in [
            ("--output-path", self.output_path.is_some()),
            ("--clear-output-path", self.clear_output_path),
            ("--capture-limit", self.capture_limit.is_some()),
        ] {
            if given && self.capture.is_empty() {
                return Err(UsageError::NoCapture(flag));
            }
        }
        Ok(())
    }

    /// Events for `--list`: all, unless a flag chooses; and whether they are a few that were named, which are described at
    /// length.
    fn listed(&self) -> Result<(Vec<&'static EventSpec>, bool), UsageError> {
        if self.event.is_empty() && self.events_set.is_empty() && self.exclude_event.is_empty() {
            return Ok((catalogue::events().collect(), false));
        }
        let chosen = select(&self.event, &self.events_set, &self.exclude_event)?;
        let few = chosen.by_set.is_empty() && chosen.by_name.len() <= FEW;
        let mut events = [chosen.by_set, chosen.by_name].concat();
        events.sort_by_key(|event| event.id);
        Ok((events, few))
    }
}

/// A path as filters take it: `*` stands for anything there, too.
fn as_pattern(path: &str) -> String {
    path.replace('\\', "\\\\").replace(',', "\\,")
}

/// A number of bytes with an optional unit (KiB, MiB, GiB; K, M, G mean the same), as a power of two.
fn ring_size(value: &str) -> Result<u32, UsageError> {
    let wrong = || UsageError::Value {
        flag: "--buffer-size",
        value: value.into(),
        allowed: "it is a number of bytes from 64KiB to 1GiB, such as 512KiB or 16MiB".into(),
    };
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = value.split_at(digits);
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err(wrong()),
    };
    let bytes = number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .ok_or_else(wrong)?;
    if !(BUFFER_MIN..=BUFFER_MAX).contains(&bytes) {
        return Err(wrong());
    }
    u32::try_from(bytes.next_power_of_two()).map_err(|_| wrong())
}

fn build_policy(value: &str) -> Result<BuildPolicy, UsageError> {
    match value {
        "never" => Ok(BuildPolicy::Never),
        "if-needed" => Ok(BuildPolicy::IfNeeded),
        "always" => Ok(BuildPolicy::Always),
        _ => Err(UsageError::Value {
            flag: "--build-policy",
            value: value.into(),
            allowed: "it is never, if-needed or always".into(),
        }),
    }
}

fn events_max(value: Option<&str>) -> Result<Option<u64>, UsageError> {
    let Some(text) = value else {
        return Ok(None);
    };
    let count = text.parse().ok().filter(|count| *count > 0);
    count.map(Some).ok_or_else(|| UsageError::Value {
        flag: "--events-max",
        value: text.into(),
        allowed: "it is a number of events, at least 1".into(),
    })
}

fn buffer_bytes(value: Option<&str>) -> Result<u16, UsageError> {
    let Some(text) = value else {
        return Ok(0);
    };
    text.parse()
        .ok()
        .filter(|bytes| (1..=ARRAY_MAX).contains(bytes))
        .ok_or_else(|| UsageError::Value {
            flag: "--decode-buffers",
            value: text.into(),
            allowed: format!("it is a number of bytes from 1 to {ARRAY_MAX}"),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("8MiB", 8 << 20),
            ("64KiB", 65536),
            ("65537", 131_072),
            ("1G", 1 << 30),
            ("100000b", 131_072),
        ] {
            assert_eq!(ring_size(text).unwrap(), bytes, "{text}");
        }
        for wrong in [
            "3",
            "",
            "MiB",
            "-1",
            "8 MiB",
            "2GiB",
            "8TiB",
            "99999999999999999999",
            "1.5MiB",
        ] {
            let message = ring_size(wrong).unwrap_err().to_string();
            assert!(
                message.contains(&format!("{wrong:?}")) && message.contains("64KiB"),
                "{message}"
            );
        }
    }
}
