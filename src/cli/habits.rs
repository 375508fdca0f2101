//! Flags and values of strace, Tracee and Falco that mean something else here, or nothing: an error names ours.

use crate::catalogue::{self, Set};
use crate::error::UsageError;

/// Flags that tracee does not have, and what to use.
const FLAGS: &[(&str, &str)] = &[
    (
        "--events",
        "events are chosen by --event or --events-set: -e openat -s net",
    ),
    (
        "--scope",
        "processes are chosen by --trace: -t c:new; other fields by --filter: -f uid=1000",
    ),
    (
        "--artifacts",
        "what programs do is stored by --capture: --capture write,exec",
    ),
    ("--containers", "containers are chosen by --trace: -t c:new"),
    (
        "--policy",
        "events are chosen by --event, processes by --trace, fields by --filter",
    ),
    ("--log", "what tracee does is logged by --debug"),
    ("--follow-forks", "children are always followed"),
    ("--attach", "a process is traced by --pid: -p 1234"),
    (
        "--string-limit",
        "strings are shown whole; --wide keeps them so on a terminal",
    ),
    (
        "--summary-only",
        "events are counted by --summary, with times by --durations",
    ),
    ("-C", "events are counted by --summary, in place of rows"),
    (
        "-S",
        "a summary begins with what took longest, or with --summary alone happened most often",
    ),
    ("--syscall-times", "how long calls take is shown by --durations"),
    ("--trace-path", "what touches a path is shown by --path"),
    (
        "-E",
        "the environment of a command is set by env(1): tracee -- env NAME=VALUE CMD",
    ),
    ("-k", "stacks are not recorded"),
    ("-i", "instruction pointers are not recorded"),
    (
        "-a",
        "columns are as wide as they need; --format makes rows of one's own",
    ),
    ("--decode-pids", "processes have both ids in JSON"),
    ("--no-abbrev", "structures are shown whole by --verbose-args"),
    ("--absolute-timestamps", "the time of day is shown by --time wall"),
    (
        "--relative-timestamps",
        "the time since the row before is shown by --time delta",
    ),
    (
        "--status",
        "failed calls are shown by --failed-only, others by --successful-only",
    ),
    (
        "--env",
        "the environment of a command is set by env(1): tracee -- env NAME=VALUE CMD",
    ),
    ("list", "events are listed by --list"),
    ("events", "events are listed by --list"),
    ("version", "the version is shown by --version"),
];

/// Values of our flags, by what they begin with, and what to use.
const VALUES: &[(&str, &str, &str)] = &[
    (
        "--event",
        "trace=",
        "names follow at once: -e openat,execve; sets with @: -e @net",
    ),
    (
        "--event",
        "tag=",
        "sets are chosen by --events-set, or with @: -e @fs",
    ),
    ("--event", "signal=", "signals are an event: -e signal_deliver"),
    (
        "--event",
        "status=",
        "failed calls are shown by --failed-only, others by --successful-only",
    ),
    (
        "--event",
        "read=",
        "what is read and written is shown by --decode-buffers",
    ),
    (
        "--event",
        "write=",
        "what is read and written is shown by --decode-buffers",
    ),
    (
        "--event",
        "abbrev=",
        "structures are shown whole by --verbose-args",
    ),
    ("--event", "inject=", "calls are only shown, never changed"),
    ("--event", "fault=", "calls are only shown, never changed"),
    ("--trace", "tag=", "sets are chosen by --events-set: -s fs"),
    ("--trace", "s=", "sets are chosen by --events-set: -s fs"),
    ("--trace", "set=", "sets are chosen by --events-set: -s fs"),
    ("--trace", "e=", "events are chosen by --event: -e openat"),
    ("--trace", "event=", "events are chosen by --event: -e openat"),
    ("--trace", "comm=", "names of processes are a filter: -f comm=ls"),
    ("--trace", "uid=", "users are a filter: -f uid=1000"),
    ("--trace", "pid=", "processes are chosen by pid: -p 1234"),
    ("--trace", "pid:", "processes are chosen by pid: -p 1234"),
    ("--trace", "t", "the time of day is shown by --time wall"),
    (
        "--filter",
        "f",
        "children are always followed; -f is --filter here",
    ),
    ("--filter", "tag=", "sets are chosen by --events-set: -s fs"),
    ("--filter", "event=", "events are chosen by --event: -e openat"),
    (
        "--filter",
        "pid=new",
        "new processes are the default: --trace process:new",
    ),
    (
        "--filter",
        "container=new",
        "new containers are a scope: --trace container:new",
    ),
];

/// What to use in place of a flag, or of a word that is none, that tracee does not have.
pub fn of_flag(word: &str) -> Option<&'static str> {
    let name = word.split('=').next().unwrap_or_default();
    FLAGS
        .iter()
        .find(|(flag, _)| *flag == name)
        .map(|(_, ours)| *ours)
}

/// An error for a value that another tracer takes here, which names ours.
pub fn check(flag: &'static str, value: &str) -> Result<(), UsageError> {
    let begins = |what: &str| match what.ends_with(['=', ':']) {
        true => value.starts_with(what),
        // Repeated, as in `-tt`, `-ff`.
        false => value == what || !value.is_empty() && value.len() < 3 && value.replace(what, "").is_empty(),
    };
    let found = VALUES.iter().find(|(of, what, _)| *of == flag && begins(what));
    let said = match found {
        Some((.., ours)) => (*ours).to_owned(),
        None => match of_form(flag, value) {
            Some(ours) => ours,
            None => return Ok(()),
        },
    };
    Err(UsageError::Value {
        flag,
        value: value.into(),
        allowed: said,
    })
}

/// The same for values by their form.
fn of_form(flag: &str, value: &str) -> Option<String> {
    match flag {
        "--event" if value.starts_with('%') => Some(format!("sets follow an @: -e @{}", &value[1..])),
        "--event"
            if Set::EVERY.iter().any(|set| set.name() == value) && catalogue::by_name(value).is_none() =>
        {
            Some(format!("it is a set: -e @{value}"))
        }
        "--events-set" if value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() => {
            Some("strings are shown whole; -s takes names of sets: -s net".into())
        }
        "--output" => {
            let kind = value.split([',', ':']).next().unwrap_or_default();
            let format = value
                .strip_prefix("format:")
                .or_else(|| value.strip_prefix("out-file:"));
            if let Some(rest) = format {
                return Some(format!(
                    "kinds stand alone, and files behind a colon: -o json, -o table:{rest}"
                ));
            }
            let is_path = kind.contains(['/', '.']) && !value.contains([',', ':']);
            is_path.then(|| format!("a file stands behind a kind and a colon: -o table:{value}"))
        }
        "--filter" => {
            let at = value.find(['=', '!', '<', '>'])?;
            let (field, rest) = value.split_at(at);
            if rest.starts_with("==") {
                return Some(format!("it takes one =: {field}{}", &rest[1..]));
            }
            match field {
                "proc.name" => return Some(format!("what a process calls itself is comm: comm{rest}")),
                "fd.name" => return Some(format!("paths of files are path: path{rest}")),
                "evt.type" => return Some("events are chosen by --event: -e openat".into()),
                _ => {}
            }
            let mut words = field.split('.');
            match (words.next(), words.next(), words.next()) {
                (Some(event), Some("data" | "args"), Some(arg)) => {
                    Some(format!("arguments follow the event at once: {event}.{arg}{rest}"))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_others_name_ours() {
        for (flag, value, ours) in [
            ("--event", "trace=open", "-e openat,execve"),
            ("--event", "tag=fs", "-e @fs"),
            ("--events-set", "64", "strings are shown whole"),
            ("--output", "file.txt", "-o table:file.txt"),
            ("--output", "/tmp/log", "-o table:/tmp/log"),
            ("--output", "out-file:/tmp/log", "-o table:/tmp/log"),
            ("--trace", "t", "--time wall"),
            ("--trace", "tt", "--time wall"),
            ("--trace", "comm=ls", "-f comm=ls"),
            ("--filter", "f", "always followed"),
            ("--filter", "openat.data.pathname=/etc*", "openat.pathname=/etc*"),
            ("--filter", "openat.args.flags=1", "openat.flags=1"),
        ] {
            let message = check(flag, value).unwrap_err().to_string();
            assert!(message.contains(ours) && message.contains(value), "{message}");
        }
        for (flag, value) in [
            ("--event", "openat"),
            ("--events-set", "net"),
            ("--output", "json:/tmp/a.b"),
            ("--output", "json"),
            ("--trace", "p:1"),
            ("--trace", "process"),
            ("--filter", "openat.pathname=*.data.x"),
            ("--filter", "uid=1000"),
        ] {
            check(flag, value).unwrap();
        }
    }

    #[test]
    fn flags_of_others_name_ours() {
        assert!(of_flag("--events").unwrap().contains("--event "));
        assert!(of_flag("--artifacts=write").unwrap().contains("--capture"));
        assert!(of_flag("--trace-path=/etc").unwrap().contains("--path"));
        assert!(of_flag("list").unwrap().contains("--list"));
        assert_eq!(of_flag("--event"), None);
    }
}
