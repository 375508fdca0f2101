//! `--output KIND[,KEY[=VALUE]]…[:TARGET]`, checked.

use std::os::fd::RawFd;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::UsageError;

/// How an output shows events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One row an event.
    Table,
    /// The same with more columns.
    TableVerbose,
    /// One object a line.
    Json,
    /// The same without what can be derived.
    JsonCompact,
    /// Not at all: records as they are, for `--read`.
    Record,
}

/// How a recording is compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// By LZ4.
    #[default]
    Lz4,
}

impl Format {
    /// Whether it is JSON.
    pub fn is_json(self) -> bool {
        matches!(self, Format::Json | Format::JsonCompact)
    }
}

/// When a recording goes on in another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// When a file has so many bytes.
    pub size: Option<u64>,
    /// When a file is so old.
    pub age: Option<Duration>,
    /// So many files before the one that is written are kept.
    pub keep: u32,
}

impl Rotation {
    /// Whether a file of this size and age is complete.
    pub fn is_due(&self, size: u64, age: Duration) -> bool {
        self.size.is_some_and(|limit| size >= limit) || self.age.is_some_and(|limit| age >= limit)
    }
}

/// Formats by the names that are typed.
const FORMATS: [(&str, Format); 4] = [
    ("table", Format::Table),
    ("table-verbose", Format::TableVerbose),
    ("json", Format::Json),
    ("record", Format::Record),
];

/// Compressions by the names that are typed.
const COMPRESSIONS: [(&str, Compression); 2] = [("none", Compression::None), ("lz4", Compression::Lz4)];

/// Where an output goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A descriptor that is open already: 1 is standard output.
    Fd(RawFd),
    /// A file, which is emptied first, or a FIFO.
    File(PathBuf),
}

/// One `--output`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputSpec {
    /// How it shows events.
    pub format: Format,
    /// Where it goes.
    pub target: Target,
    /// Permissions of the file; `None`: 0600, or what an existing file has.
    pub mode: Option<u32>,
    /// How a recording is compressed.
    pub compression: Compression,
    /// When it goes on in another file; `None`: never.
    pub rotation: Option<Rotation>,
}

impl Default for OutputSpec {
    fn default() -> Self {
        OutputSpec {
            format: Format::Table,
            target: Target::Fd(1),
            mode: None,
            compression: Compression::default(),
            rotation: None,
        }
    }
}

/// So many complete files of a recording stay, and at most so many.
const KEPT: u32 = 9;
const KEPT_MAX: u32 = 9999;

/// What `--output help` shows.
pub const HELP: &str = "\
--output says how events are shown, and where: KIND[,OPTION]…[:TARGET]
  table          one row an event (the default)
  table-verbose  with UTS_NAME, MNT_NS, PID_NS and PPID
  json           one object a line
  record         a recording, which --read shows later; also: --write FILE
Options:
  compact        of json: without nulls, eventId, argsNum and type, and without
                 the text of numbers
  mode=0640      permissions of the file: json,mode=0640:/var/log/tracee.json
                 (without it a new file has 0600, and one that is there keeps
                 what it has)
  compress=none  of record: no compression; or lz4 (the default)
  rotate=100MiB  of record: go on in a new file at that size, or age (1h); the
                 one that is complete is FILE.1, the one before it FILE.2
  keep=5         of record: how many complete files stay (without it: 9)
TARGET is a file, which is emptied first and then only appended to; a FIFO that
somebody reads; /dev/stderr; or &3, which is descriptor 3. Without TARGET:
standard output. --output may be repeated: several outputs at once. An output to
standard output has it alone: what a command after -- writes there goes to
standard error. With each output elsewhere, the command keeps its own. With JSON
on standard error, messages are objects there, with the key message.
In options \\, and \\: are these characters themselves; the target is taken as it
is.
In tables:
  ?              as RET: no result: the call does not return, the kernel reports
                 the event before the call is done, or tracee reports the event
                 by itself; as a value: unknown, the kernel does not say
  not run        seccomp or a tracer kept the call from running; before it the
                 error that was made up, if it was one
  unverified     it is unknown whether the call was carried out: it succeeded as
                 far as the program saw
  -              the kernel has no such value: an address that is not set, a
                 file without a name
  NULL           a null pointer
  (EFAULT)       the memory could not be read
  (read late)    read after the call had returned, which may have written over
                 it
  (given: …)     what the call was given, where it has left something else
  (after: …)     what the call has left, where it was given something else
  ...            something is left out: (N in all) says how much there was
";

/// All bits of reading and writing.
const MODES: u32 = 0o666;

/// Whether one of the values asks for help, as its kind or as an option.
pub fn asks_help(values: &[String]) -> bool {
    values
        .iter()
        .any(|value| split(value).0.iter().any(|word| word == "help"))
}

/// Whether messages are JSON, as what else goes to standard error is.
pub fn messages_are_json(outputs: &[OutputSpec]) -> bool {
    let on_stderr = |output: &OutputSpec| output.format.is_json() && output.target == Target::Fd(2);
    outputs.iter().any(on_stderr)
}

/// All outputs; a table on standard output if none is given.
pub fn parse(values: &[String]) -> Result<Vec<OutputSpec>, UsageError> {
    let mut specs: Vec<OutputSpec> = Vec::new();
    for value in values {
        let wrong = |allowed: String| UsageError::Value {
            flag: "--output",
            value: value.clone(),
            allowed,
        };
        let spec = output(value).map_err(wrong)?;
        let recording = |spec: &OutputSpec| spec.format == Format::Record;
        if recording(&spec) && specs.iter().any(recording) {
            return Err(wrong("there is a recording already: one is enough".into()));
        }
        if specs.iter().any(|other| other.target == spec.target) {
            return Err(wrong("another output goes to the same place already".into()));
        }
        specs.push(spec);
    }
    if specs.is_empty() {
        specs.push(OutputSpec::default());
    }
    Ok(specs)
}

fn output(value: &str) -> Result<OutputSpec, String> {
    let (words, target) = split(value);
    let (kind, options) = words.split_first().ok_or("it is empty")?;
    let format = FORMATS
        .iter()
        .find_map(|(name, format)| (name == kind).then_some(*format))
        .ok_or(
            "it is table, table-verbose, json or record, each with optional ,OPTIONs and an optional :TARGET",
        )?;
    let mut spec = OutputSpec {
        format,
        ..OutputSpec::default()
    };
    if let Some(target) = target {
        spec.target = to(target)?;
    }
    let (mut compression, mut rotate, mut keep) = (None, None, None);
    for option in options {
        match option.split_once('=') {
            Some(("compress", by)) if spec.format == Format::Record && compression.is_none() => {
                compression = Some(parse_compression(by)?);
            }
            Some(("rotate", at)) if spec.format == Format::Record && rotate.is_none() => {
                rotate = Some(parse_rotate(at)?);
            }
            Some(("keep", files)) if spec.format == Format::Record && keep.is_none() => {
                keep = Some(parse_keep(files)?);
            }
            Some((option @ ("compress" | "rotate" | "keep"), _)) => {
                return Err(format!("{option} is for record, once"))
            }
            Some(("mode", mode)) if spec.mode.is_none() => spec.mode = Some(parse_mode(mode)?),
            Some(("mode", _)) => return Err("mode is given twice".into()),
            None if option == "compact" && spec.format == Format::Json => spec.format = Format::JsonCompact,
            None if option == "compact" => return Err("compact is for json, once".into()),
            _ => {
                return Err(format!(
                    "there is no option {option:?}; it may be mode=0640 (permissions of the file), compact for json, or for record compress=none, rotate=100MiB, keep=5"
                ))
            }
        }
    }
    spec.rotation = match (rotate, keep) {
        (Some(rotation), keep) => Some(Rotation {
            keep: keep.unwrap_or(rotation.keep),
            ..rotation
        }),
        (None, Some(_)) => return Err("keep takes effect only with rotate=SIZE or rotate=TIME".into()),
        (None, None) => None,
    };
    if let (Some(_), Target::Fd(_)) = (spec.rotation, &spec.target) {
        return Err("rotate is for files: add one as :TARGET".into());
    }
    if let (Some(_), Target::Fd(_)) = (spec.mode, &spec.target) {
        return Err("mode is for files: add one as :TARGET".into());
    }
    spec.compression = compression.unwrap_or_default();
    Ok(spec)
}

/// A size, with a unit of bytes, or an age.
fn parse_rotate(text: &str) -> Result<Rotation, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number = number.parse::<u64>().ok().filter(|number| *number > 0);
    let size = match unit.to_ascii_lowercase().as_str() {
        "k" | "kb" | "kib" => Some(1 << 10),
        "mb" | "mib" => Some(1 << 20),
        "g" | "gb" | "gib" => Some(1 << 30),
        _ => None,
    };
    let age = match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3600),
        "d" => Some(86_400),
        _ => None,
    };
    let times = |factor: Option<u64>| number?.checked_mul(factor?);
    match (times(size), times(age)) {
        (None, None) => Err(format!(
            "rotate={text}: it is a size, such as 100MiB, or an age, such as 30m, 1h or 1d"
        )),
        (size, age) => Ok(Rotation {
            size,
            age: age.map(Duration::from_secs),
            keep: KEPT,
        }),
    }
}

fn parse_keep(text: &str) -> Result<u32, String> {
    let files = text.parse().ok().filter(|files| (1..=KEPT_MAX).contains(files));
    files.ok_or_else(|| format!("keep={text}: it is a number of files, from 1 to {KEPT_MAX}"))
}

fn parse_compression(name: &str) -> Result<Compression, String> {
    COMPRESSIONS
        .iter()
        .find_map(|(known, compression)| (*known == name).then_some(*compression))
        .ok_or_else(|| format!("compress={name} is unknown: it is none or lz4"))
}

/// The words before the first colon that is not escaped, and what follows it.
fn split(value: &str) -> (Vec<String>, Option<&str>) {
    let mut words = vec![String::new()];
    let mut chars = value.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        let last = words.len() - 1;
        match (char, chars.peek()) {
            ('\\', Some((_, escaped @ (',' | ':')))) => {
                words[last].push(*escaped);
                chars.next();
            }
            (',', _) => words.push(String::new()),
            (':', _) => return (words, Some(&value[at + 1..])),
            _ => words[last].push(char),
        }
    }
    (words, None)
}

/// Where a target leads to, as it is typed.
pub fn to(target: &str) -> Result<Target, String> {
    let number = |text: &str| text.parse::<RawFd>().ok().filter(|fd| *fd >= 0);
    if let Some(text) = target.strip_prefix('&') {
        return number(text)
            .map(Target::Fd)
            .ok_or_else(|| "after & comes the number of an open file, such as &3".into());
    }
    let by_link = || {
        let text = target
            .strip_prefix("/dev/fd/")
            .or_else(|| target.strip_prefix("/proc/self/fd/"))?;
        number(text)
    };
    match target {
        "" => Err("the path after the colon is empty".into()),
        "-" | "/dev/stdout" => Ok(Target::Fd(1)),
        "/dev/stderr" => Ok(Target::Fd(2)),
        path => Ok(by_link().map_or_else(|| Target::File(path.into()), Target::Fd)),
    }
}

fn parse_mode(text: &str) -> Result<u32, String> {
    u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| mode & !MODES == 0 && text.len() <= 4 && !text.starts_with('+'))
        .ok_or_else(|| {
            format!("mode {text:?} is not a file's permissions: they are octal, reading and writing only, such as 0640")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_string()).collect()
    }

    #[test]
    fn kinds_options_and_targets() {
        for (text, format, target, mode) in [
            ("table", Format::Table, Target::Fd(1), None),
            (
                "json:/tmp/a:b",
                Format::Json,
                Target::File("/tmp/a:b".into()),
                None,
            ),
            (
                "json:/a,mode=0640",
                Format::Json,
                Target::File("/a,mode=0640".into()),
                None,
            ),
            ("json:a\\:b", Format::Json, Target::File("a\\:b".into()), None),
            (
                "json,mode=0640:/a",
                Format::Json,
                Target::File("/a".into()),
                Some(0o640),
            ),
            (
                "table,mode=44:/a",
                Format::Table,
                Target::File("/a".into()),
                Some(0o44),
            ),
            (
                "table-verbose:/dev/stderr",
                Format::TableVerbose,
                Target::Fd(2),
                None,
            ),
            ("json:&3", Format::Json, Target::Fd(3), None),
            ("json,compact", Format::JsonCompact, Target::Fd(1), None),
            (
                "json,compact,mode=0600:x",
                Format::JsonCompact,
                Target::File("x".into()),
                Some(0o600),
            ),
            ("json:/dev/fd/12", Format::Json, Target::Fd(12), None),
            (
                "json:/dev/fd/x",
                Format::Json,
                Target::File("/dev/fd/x".into()),
                None,
            ),
            ("json:./&3", Format::Json, Target::File("./&3".into()), None),
        ] {
            let spec = parse(&strings(&[text])).unwrap().remove(0);
            let expected = OutputSpec {
                format,
                target,
                mode,
                ..OutputSpec::default()
            };
            assert_eq!(spec, expected, "{text}");
        }
        assert_eq!(parse(&[]).unwrap(), [OutputSpec::default()]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (values, said) in [
            (&["xml"][..], "table, table-verbose, json or record"),
            (&["table,compact"], "compact is for json"),
            (&["json,compact,compact"], "compact is for json, once"),
            (&["json,compact=yes"], "no option \"compact=yes\""),
            (&[""], "table, table-verbose, json or record"),
            (&["json:"], "path after the colon is empty"),
            (&["table", "json"], "same place"),
            (&["json:/a", "table:/a"], "same place"),
            (&["json", "table:/dev/stdout"], "same place"),
            (&["json,size=1:/a"], "no option \"size=1\""),
            (&["json,rotate=1MiB:/a"], "rotate is for record"),
            (&["record,rotate=1:/a"], "such as 100MiB"),
            (&["record,rotate=0h:/a"], "such as 100MiB"),
            (&["record,rotate=1h"], "rotate is for files"),
            (&["record,keep=3:/a"], "only with rotate"),
            (&["record,rotate=1h,keep=0:/a"], "from 1 to"),
            (&["record,compress=zip:/a"], "none or lz4"),
            (&["record,compress=none,compress=lz4:/a"], "once"),
            (&["record:/a", "record:/b"], "one is enough"),
            (&["json,:/a"], "no option \"\""),
            (&["json,mode:/a"], "no option \"mode\""),
            (&["json,a\\,b\\:c:/a"], "no option \"a,b:c\""),
            (&["json,mode=0640"], "mode is for files"),
            (&["json,mode=0640:&1"], "mode is for files"),
            (&["json,mode=0600,mode=0640:/a"], "twice"),
            (&["json,mode=0750:/a"], "such as 0640"),
            (&["json,mode=64z:/a"], "such as 0640"),
            (&["json,mode=:/a"], "such as 0640"),
            (&["json:&"], "such as &3"),
            (&["json:&-1"], "such as &3"),
        ] {
            let message = parse(&strings(values)).unwrap_err().to_string();
            assert!(
                message.contains(said) && !message.contains('\n'),
                "{values:?}: {message}"
            );
        }
    }

    #[test]
    fn help_by_kind_or_option() {
        for (value, asks) in [
            ("help", true),
            ("json,help", true),
            ("json:help", false),
            ("json", false),
        ] {
            assert_eq!(asks_help(&strings(&[value])), asks, "{value}");
        }
    }
}
