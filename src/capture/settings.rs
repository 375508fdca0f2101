//! `--capture` and what goes with it, checked.

use std::path::PathBuf;

use super::record::CUT;
use super::store::Limits;
use crate::error::UsageError;

pub const HELP: &str = "\
--capture stores what traced programs do, for analysis, in the folder of
--output-path:
  write           what they write to files
  write=/prefix*  only to files with such paths (without * just that one); may
                  be repeated
  exec            the programs and scripts that are executed, once per content
  exec=/prefix*   only those with such paths; may be repeated
  mem             memory that is made executable after it was written, as
                  packers do
  all             all of these
It may be repeated, and takes comma lists. index.jsonl in that folder lists what
is stored, with sizes, SHA-256 and whether it is complete; the event
artifact_captured reports each. --capture-limit file=SIZE,total=SIZE limits
sizes.
";

/// What is captured, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Files that are written to.
    pub write: bool,
    /// Paths to which writes are captured; empty: all.
    pub write_paths: Vec<Pattern>,
    /// Files that are executed.
    pub exec: bool,
    /// Paths of which executions are captured; empty: all.
    pub exec_paths: Vec<Pattern>,
    /// Memory that becomes executable.
    pub mem: bool,
    /// Whether memory was named, not just part of `all`: then it is an error if the kernel does not provide it.
    pub mem_by_name: bool,
    /// Where artefacts are stored.
    pub folder: PathBuf,
    /// Whether the folder is emptied first.
    pub clear: bool,
    /// How much is stored at most.
    pub limits: Limits,
}

/// A path, or the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: Vec<u8>,
    prefix: bool,
}

impl Pattern {
    fn parse(text: &str) -> Option<Pattern> {
        let (text, prefix) = text.strip_suffix('*').map_or((text, false), |text| (text, true));
        (!text.contains('*') && (text.starts_with('/') || prefix && text.is_empty())).then(|| Pattern {
            text: text.into(),
            prefix,
        })
    }

    pub fn matches(&self, path: &[u8]) -> bool {
        match self.prefix {
            true => path.starts_with(&self.text),
            false => path == self.text,
        }
    }
}

impl Settings {
    /// Checks the flags; `None` if nothing is captured.
    pub fn parse(
        kinds: &[String],
        folder: PathBuf,
        clear: bool,
        limits: Option<&str>,
    ) -> Result<Option<Settings>, UsageError> {
        let limits = limits.map_or(Ok(Limits::default()), parse_limits)?;
        let mut settings = Settings {
            write: false,
            write_paths: Vec::new(),
            exec: false,
            exec_paths: Vec::new(),
            mem: false,
            mem_by_name: false,
            folder,
            clear,
            limits,
        };
        let (mut every_write, mut every_exec) = (false, false);
        for kind in kinds {
            let wrong = |allowed: &str| UsageError::Value {
                flag: "--capture",
                value: kind.clone(),
                allowed: allowed.into(),
            };
            let pattern = |text| {
                Pattern::parse(text).ok_or_else(|| {
                    wrong("a path begins with a slash, and may have a * at its end and nowhere else")
                })
            };
            match kind.split_once('=') {
                None if kind == "write" => (settings.write, every_write) = (true, true),
                None if kind == "exec" => (settings.exec, every_exec) = (true, true),
                None if kind == "mem" => (settings.mem, settings.mem_by_name) = (true, true),
                None if kind == "all" => {
                    (settings.write, settings.exec, settings.mem) = (true, true, true);
                    (every_write, every_exec) = (true, true);
                }
                Some(("write", path)) => {
                    settings.write = true;
                    settings.write_paths.push(pattern(path)?);
                }
                Some(("exec", path)) => {
                    settings.exec = true;
                    settings.exec_paths.push(pattern(path)?);
                }
                _ => {
                    return Err(wrong(
                        "it is write, write=/prefix*, exec, exec=/prefix*, mem or all",
                    ));
                }
            }
        }
        if every_write {
            settings.write_paths.clear();
        }
        if every_exec {
            settings.exec_paths.clear();
        }
        Ok((!kinds.is_empty()).then_some(settings))
    }

    /// Whether writes to a file are captured. `path`: its path, without marks.
    pub fn wants_writes(&self, path: &[u8]) -> bool {
        matches(&self.write_paths, path)
    }

    /// Whether executions of a file are captured. `path`: its path, without marks.
    pub fn wants_execs(&self, path: &[u8]) -> bool {
        matches(&self.exec_paths, path)
    }
}

/// Whether the path matches one of these patterns, or there are none. One whose beginning is missing may match.
fn matches(patterns: &[Pattern], path: &[u8]) -> bool {
    patterns.is_empty() || path.starts_with(CUT) || patterns.iter().any(|pattern| pattern.matches(path))
}

/// `file=SIZE,total=SIZE`, either or both.
fn parse_limits(text: &str) -> Result<Limits, UsageError> {
    let wrong = || UsageError::Value {
        flag: "--capture-limit",
        value: text.into(),
        allowed: "it is file=SIZE, total=SIZE or both with a comma, such as file=256MiB,total=4GiB".into(),
    };
    let mut limits = Limits::default();
    let mut given: Vec<&str> = Vec::new();
    for part in text.split(',') {
        let (name, size) = part.split_once('=').ok_or_else(wrong)?;
        if given.contains(&name) {
            return Err(UsageError::Value {
                flag: "--capture-limit",
                value: text.into(),
                allowed: format!("{name} is given twice"),
            });
        }
        given.push(name);
        let size = bytes(size).filter(|size| *size > 0).ok_or_else(wrong)?;
        match name {
            "file" => limits.file = size,
            "total" => limits.total = size,
            _ => return Err(wrong()),
        }
    }
    Ok(limits)
}

/// A number of bytes with an optional unit (KiB, MiB, GiB, TiB; K, M, G, T mean the same).
fn bytes(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(kinds: &[&str], limits: Option<&str>) -> Result<Option<Settings>, UsageError> {
        let kinds: Vec<_> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        Settings::parse(&kinds, "/out".into(), false, limits)
    }

    #[test]
    fn kinds_and_paths() {
        assert_eq!(parse(&[], None).unwrap(), None);
        let all = parse(&["all"], None).unwrap().unwrap();
        assert!(all.write && all.exec && all.mem && all.wants_writes(b"/any") && all.wants_execs(b"/any"));
        let some = parse(&["write=/tmp/a*", "write=/etc/passwd", "exec"], None)
            .unwrap()
            .unwrap();
        assert!(some.write && some.exec && !some.mem);
        for (path, wanted) in [
            (&b"/tmp/a"[..], true),
            (b"/tmp/abc/d", true),
            (b"/etc/passwd (deleted)", false),
            (b"/tmp/b", false),
            (b"/etc/passwd", true),
            (b"/etc/passwd-", false),
        ] {
            assert_eq!(
                some.wants_writes(path),
                wanted,
                "{}",
                String::from_utf8_lossy(path)
            );
            assert!(some.wants_execs(path));
        }
        // All files, whatever else was named.
        for kinds in [["write=/a", "write"], ["exec=/a", "exec"], ["exec=/a", "all"]] {
            let all = parse(&kinds, None).unwrap().unwrap();
            assert!(all.wants_writes(b"/b") && all.wants_execs(b"/b"));
        }
        let some = parse(&["exec=/opt/*", "exec=/bin/su", "write"], None)
            .unwrap()
            .unwrap();
        assert!(some.exec && some.write && some.wants_writes(b"/bin/ls"));
        assert_eq!(
            ["/opt/x", "/bin/su", "/bin/sudo"].map(|path| some.wants_execs(path.as_bytes())),
            [true, true, false]
        );
        for wrong in [
            "",
            "read",
            "write=",
            "write=tmp*",
            "write=/a*b",
            "exec=",
            "exec=x*",
            "exec=/a*b",
            "mem=/x",
            "all=/x",
        ] {
            let message = parse(&[wrong], None).unwrap_err().to_string();
            assert!(
                message.contains(&format!("{wrong:?}")) && message.contains("--capture"),
                "{message}"
            );
        }
    }

    #[test]
    fn limits() {
        let limits = |text| parse(&["all"], Some(text)).map(|settings| settings.unwrap().limits);
        assert_eq!(
            limits("file=1KiB,total=2G").unwrap(),
            Limits {
                file: 1024,
                total: 2 << 30
            }
        );
        assert_eq!(limits("total=7").unwrap().total, 7);
        assert_eq!(limits("total=7").unwrap().file, 256 << 20);
        for wrong in [
            "",
            "1GiB",
            "file=",
            "file=0",
            "file=1X",
            "all=1",
            "file=1,,total=2",
            "total=1MiB,total=2MiB",
            "file=1,total=2,file=1",
            "file=99999999999G",
        ] {
            assert!(limits(wrong).is_err(), "{wrong}");
        }
    }
}
