//! What the flags mean, checked: from here on everything is valid.

use std::ffi::OsString;
use std::time::Duration;

use crate::capture;
use crate::catalogue::reading::ARRAY_MAX;
use crate::catalogue::{self, special, EventSpec, Set};
use crate::cli::args::Args;
use crate::cli::habits;
use crate::error::{set_names, UsageError};
use crate::filter::{self, Filters};
use crate::loader::lookup::{BuildPolicy, Lookup};
use crate::loader::plan::Detail;
use crate::output::spec::{self as output, Format, OutputSpec, Target};
use crate::output::table::Style;
use crate::scope::{self, Scope};
use crate::suggest::nearest;

/// A checked command line.
#[derive(Debug)]
pub struct Config {
    /// The processes whose events are shown.
    pub scope: Scope,
    /// Which events.
    pub events: Selection,
    /// The filters that leave events out.
    pub filters: Filters,
    /// Where they are shown; at least one.
    pub outputs: Vec<OutputSpec>,
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
    /// `--list` of these events; `json`: as JSON.
    List {
        /// In the order in which they are listed.
        events: Vec<&'static EventSpec>,
        /// One object a line in place of a table.
        json: bool,
    },
    /// The help on the values of one flag.
    Help(String),
}

/// The chosen events, by id.
#[derive(Debug)]
pub struct Selection {
    /// Chosen by a set or a glob: left out, with a warning, where this kernel cannot provide them.
    pub by_set: Vec<&'static EventSpec>,
    /// Named by the user: an error where this kernel cannot provide them.
    pub by_name: Vec<&'static EventSpec>,
}

impl Selection {
    /// Both kinds.
    pub fn all(&self) -> Vec<&'static EventSpec> {
        [self.by_set.as_slice(), &self.by_name].concat()
    }

    /// Adds an event as a set does: left out where the kernel cannot provide it.
    fn add(&mut self, event: &'static EventSpec) {
        if !self
            .by_set
            .iter()
            .chain(&self.by_name)
            .any(|other| other.id == event.id)
        {
            self.by_set.push(event);
            self.by_set.sort_by_key(|event| event.id);
        }
    }
}

const EVENT_HELP: &str = "\
--event takes names of events, comma lists and globs: --event openat,execve --event 'sched_*'. @ stands before a set,
! before what is left out: --event '@net,open*,!openat2'. It may be repeated. --exclude-event takes names and globs, and
leaves those events out of all that is chosen (the default set without --event and --events-set). What this kernel cannot provide is an error where it is named, and is left out with a warning
where a glob or a set brings it in. --list shows all events.
";

const SET_HELP: &str = "\
--events-set takes names of sets, and comma lists: --events-set fs,net. It may be repeated. The sets are:
";

/// The default folder of artefacts.
const OUTPUT_PATH: &str = "/tmp/tracee/out";

/// Bounds of `--buffer-size` in bytes. A record may be 64 KiB long; the kernel's rings end below 2 GiB.
const BUFFER_MIN: u64 = 64 * 1024;
const BUFFER_MAX: u64 = 1024 * 1024 * 1024;

impl Args {
    /// Checks the flags and returns what to do.
    pub fn task(mut self) -> Result<Task, UsageError> {
        let asks_help = |values: &[String]| values.iter().any(|value| value == "help");
        if asks_help(&self.trace) {
            return Ok(Task::Help(scope::HELP.into()));
        }
        if asks_help(&self.event) || asks_help(&self.exclude_event) {
            return Ok(Task::Help(EVENT_HELP.into()));
        }
        if asks_help(&self.events_set) {
            return Ok(Task::Help(format!("{SET_HELP}{}\n", set_names())));
        }
        if asks_help(&self.filter) {
            return Ok(Task::Help(filter::HELP.into()));
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
        let outputs = output::parse(&self.output)?;
        if self.list {
            self.check_listing(&outputs)?;
            return Ok(Task::List {
                events: self.listed()?,
                json: outputs.iter().any(|output| output.format == Format::Json),
            });
        }
        let is_pid = |pid: &&String| pid.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(wrong) = self.pid.iter().find(|pid| !is_pid(pid)) {
            return Err(UsageError::Value {
                flag: "--pid",
                value: wrong.clone(),
                allowed: "it is the number of a process, such as 1234".into(),
            });
        }
        let pids = self.pid.iter().map(|pid| format!("process:{pid}"));
        let scopes: Vec<String> = self.trace.iter().cloned().chain(pids).collect();
        let scope = match (scopes.as_slice(), self.command.is_empty()) {
            ([], true) => Scope::New,
            ([], false) => Scope::Command,
            (_, false) => {
                let flag = if self.trace.is_empty() { "--pid" } else { "--trace" };
                return Err(UsageError::Exclusive(flag, "a command after --"));
            }
            (scopes, true) => Scope::of_all(scopes)?,
        };
        for (chosen, expression) in [
            (self.failed_only, "event.retval<0"),
            (self.successful_only, "event.retval>=0"),
        ] {
            self.filter.extend(chosen.then(|| expression.to_owned()));
        }
        let mut events = select(&self.event, &self.events_set, &self.exclude_event)?;
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
        let shown = filter::parse::Shown {
            exec_env: self.show_exec_env,
            buffers: self.decode_buffers.is_some(),
        };
        let filters = filter::parse::parse(&self.filter, &events.all(), shown)?;
        Ok(Task::Trace(Box::new(Config {
            capture,
            scope,
            events,
            filters,
            outputs,
            style: Style {
                time: self.time,
                color: self.color,
                verbose_args: self.verbose_args,
                numeric: self.numeric,
                wide: self.wide,
            },
            detail: Detail {
                exec_env: self.show_exec_env,
                decode_fds: self.decode_fds,
                buffer_bytes: buffer_bytes(self.decode_buffers.as_deref())?,
                ring_size: ring_size(&self.buffer_size)?,
            },
            events_max: events_max(self.events_max.as_deref())?,
            duration: self.duration.as_deref().map(duration).transpose()?,
            quiet: self.quiet,
            original_syscall: self.detect_original_syscall,
            verify_results: self.verify_results,
            debug: self.debug,
            object: Lookup {
                install_path: self.install_path,
                policy: build_policy(&self.build_policy)?,
            },
            command: self.command,
        })))
    }

    /// With `--list`, other flags would be ignored: each of them is an error.
    fn check_listing(&self, outputs: &[OutputSpec]) -> Result<(), UsageError> {
        let elsewhere = |output: &OutputSpec| output.target != Target::Fd(1);
        for (flag, given) in [
            ("--filter", !self.filter.is_empty()),
            ("--trace", !self.trace.is_empty()),
            ("--pid", !self.pid.is_empty()),
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

    /// Events for `--list`: all, unless a flag chooses.
    fn listed(&self) -> Result<Vec<&'static EventSpec>, UsageError> {
        if self.event.is_empty() && self.events_set.is_empty() && self.exclude_event.is_empty() {
            return Ok(catalogue::events().collect());
        }
        let chosen = select(&self.event, &self.events_set, &self.exclude_event)?;
        let mut events = [chosen.by_set, chosen.by_name].concat();
        events.sort_by_key(|event| event.id);
        Ok(events)
    }
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

/// A number with a unit: s (also without one), ms, m, h.
fn duration(text: &str) -> Result<Duration, UsageError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let milliseconds = match unit {
        "ms" => Some(1),
        "" | "s" => Some(1000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    number
        .parse::<u64>()
        .ok()
        .zip(milliseconds)
        .and_then(|(number, unit)| number.checked_mul(unit))
        .filter(|milliseconds| *milliseconds > 0)
        .map(Duration::from_millis)
        .ok_or_else(|| UsageError::Value {
            flag: "--for",
            value: text.into(),
            allowed: "it is a whole number with a unit, such as 10s, 500ms, 5m or 1h".into(),
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

/// Events that the three flags choose. Among names, `@` stands before a set and `!` before what is left out.
fn select(names: &[String], sets: &[String], excluded: &[String]) -> Result<Selection, UsageError> {
    let (mut wanted, mut sets, mut excluded) = (Vec::new(), sets.to_vec(), excluded.to_vec());
    for name in names {
        match (name.strip_prefix('@'), name.strip_prefix('!')) {
            (Some(set), _) => sets.push(set.to_owned()),
            (_, Some(event)) => excluded.push(event.to_owned()),
            _ => wanted.push(name.clone()),
        }
    }
    let names = wanted;
    let Matching { mut named, matched } = matching(&names, "--event")?;
    let sets = match (sets.is_empty(), names.is_empty()) {
        (true, true) => vec![Set::Default],
        _ => sets.iter().map(|name| set(name)).collect::<Result<_, _>>()?,
    };
    let excluded = matching(&excluded, "--exclude-event")?;
    let has = |list: &[&'static EventSpec], event: &EventSpec| list.iter().any(|other| other.id == event.id);
    let by_set: Vec<_> = catalogue::events()
        .filter(|event| sets.iter().any(|set| event.in_set(*set)) || has(&matched, event))
        .filter(|event| !has(&excluded.named, event) && !has(&excluded.matched, event) && !has(&named, event))
        .collect();
    named.retain(|event| !has(&excluded.named, event) && !has(&excluded.matched, event));
    if by_set.is_empty() && named.is_empty() {
        return Err(UsageError::NothingChosen);
    }
    Ok(Selection {
        by_set,
        by_name: named,
    })
}

fn set(name: &str) -> Result<Set, UsageError> {
    Set::EVERY
        .iter()
        .copied()
        .find(|set| set.name() == name)
        .ok_or_else(|| UsageError::UnknownSet {
            name: name.into(),
            nearest: nearest(name, Set::EVERY.iter().map(|set| set.name())),
        })
}

/// Events with these names, and those that globs match; each in the catalogue's order.
#[derive(Default)]
struct Matching {
    named: Vec<&'static EventSpec>,
    matched: Vec<&'static EventSpec>,
}

fn matching(patterns: &[String], flag: &'static str) -> Result<Matching, UsageError> {
    let Matching {
        mut named,
        mut matched,
    } = Matching::default();
    for text in patterns {
        let before = matched.len();
        if text.contains(['*', '?', '[']) {
            let pattern = glob::Pattern::new(text).map_err(|error| UsageError::Value {
                flag,
                value: text.clone(),
                allowed: format!("as a glob it is wrong: {error}"),
            })?;
            matched.extend(catalogue::events().filter(|event| pattern.matches(event.name)));
            if matched.len() == before {
                return Err(UsageError::NoMatch {
                    pattern: text.clone(),
                });
            }
        } else {
            named.push(catalogue::by_name(text).ok_or_else(|| UsageError::UnknownEvent {
                name: text.clone(),
                nearest: nearest(text, catalogue::events().map(|event| event.name)),
            })?);
        }
    }
    for list in [&mut named, &mut matched] {
        list.sort_by_key(|event| event.id);
        list.dedup_by_key(|event| event.id);
    }
    Ok(Matching { named, matched })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(selection: &Selection) -> Vec<&'static str> {
        selection
            .by_set
            .iter()
            .chain(&selection.by_name)
            .map(|event| event.name)
            .collect()
    }

    fn strings(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_string()).collect()
    }

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

    #[test]
    fn events_by_name_glob_and_set() {
        let chosen = select(&strings(&["openat", "openat*", "getp*id"]), &[], &[]).unwrap();
        assert_eq!(
            names(&chosen),
            ["getpid", "getppid", "getpgid", "openat2", "openat"]
        );
        // What a glob matches is left out where the kernel does not provide it, as with a set; what is named is not.
        let by_name: Vec<_> = chosen.by_name.iter().map(|event| event.name).collect();
        assert_eq!(by_name, ["openat"]);
        let chosen = select(&[], &[], &strings(&["openat"])).unwrap();
        assert!(names(&chosen).contains(&"execve") && !names(&chosen).contains(&"openat"));
        let chosen = select(&strings(&["getppid"]), &strings(&["net_sock"]), &[]).unwrap();
        assert!(names(&chosen).contains(&"socket") && names(&chosen).contains(&"getppid"));
    }

    #[test]
    fn what_is_left_out_and_sets_among_names() {
        let chosen = |list: &[&str], excluded: &[&str]| {
            names(&select(&strings(list), &[], &strings(excluded)).unwrap())
        };
        assert_eq!(chosen(&["openat*", "!openat2"], &[]), ["openat"]);
        assert_eq!(chosen(&["openat*"], &["openat2"]), ["openat"]);
        assert_eq!(chosen(&["openat", "close", "!close"], &[]), ["openat"]);
        let net = chosen(&["@net_sock", "getppid", "!socket"], &[]);
        assert!(net.contains(&"connect") && net.contains(&"getppid") && !net.contains(&"socket"));
        // Nothing but what is left out: of the default set.
        let rest = chosen(&["!openat"], &[]);
        assert!(rest.contains(&"execve") && !rest.contains(&"openat"));
        let message = select(&strings(&["@defalt"]), &[], &[]).unwrap_err().to_string();
        assert!(message.contains("did you mean default?"), "{message}");
    }

    #[test]
    fn durations() {
        for (text, milliseconds) in [
            ("10s", 10_000),
            ("500ms", 500),
            ("5m", 300_000),
            ("1h", 3_600_000),
            ("3", 3000),
        ] {
            assert_eq!(
                duration(text).unwrap(),
                Duration::from_millis(milliseconds),
                "{text}"
            );
        }
        for wrong in [
            "",
            "s",
            "0s",
            "-1s",
            "1.5s",
            "10 s",
            "1d",
            "99999999999999999999h",
        ] {
            let message = duration(wrong).unwrap_err().to_string();
            assert!(
                message.contains("--for") && message.contains("500ms"),
                "{message}"
            );
        }
    }

    #[test]
    fn unknown_names_suggest_the_nearest() {
        let message = select(&strings(&["opennat"]), &[], &[]).unwrap_err().to_string();
        assert!(message.contains("did you mean openat?"), "{message}");
        let message = select(&[], &strings(&["defalt"]), &[]).unwrap_err().to_string();
        assert!(message.contains("did you mean default?"), "{message}");
        assert!(select(&strings(&["zzz*"]), &[], &[]).is_err());
        assert!(select(&strings(&["open[*"]), &[], &[]).is_err());
        assert!(select(&strings(&["open"]), &[], &strings(&["open"])).is_err());
        assert!(select(&[], &[], &strings(&["*"])).is_err());
    }
}
