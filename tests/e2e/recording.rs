//! `--write` and `--read`: what is shown of a recording is what the run that recorded it showed meanwhile, byte by byte.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use libtest_mimic::Failed;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{finish, in_vm, prog, totals, tracee_command, value, Run};
use crate::Test;

pub const NOBODY: u32 = 65534;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("a_recording_shows_what_the_run_showed", same_bytes).on_each_kernel(),
        Test::new("filters_of_recordings_choose_what_live_ones_choose", filters),
        Test::new("processes_of_a_recording_with_their_children", children),
        Test::new("times_of_a_recording", times).once(),
    ]
}

/// A folder with a recording `F`, and with what the run showed meanwhile: JSON in `json`, a table in `table`.
pub struct Recorded {
    pub folder: TempDir,
    pub run: Run,
}

impl Recorded {
    /// Records this command.
    pub fn new(flags: &[&str], command: &[&str]) -> Recorded {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let run = finish(
            tracee_command()
                .args(["-w", &at("F"), "-o", &format!("json:{}", at("json"))])
                .args(["-o", &format!("table:{}", at("table"))])
                .args(flags)
                .arg("--")
                .args(command),
        );
        assert_eq!(run.code(), 0, "{}", run.stderr);
        Recorded { folder, run }
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The recording.
    pub fn file(&self) -> String {
        self.at("F").display().to_string()
    }

    /// Lines of JSON that the run showed, as they are and parsed.
    pub fn lines(&self) -> Vec<(String, Value)> {
        lines(&self.at("json"))
    }

    /// What is shown of it as JSON with these flags.
    pub fn shown(&self, flags: &[&str]) -> Vec<String> {
        let run = finish(
            tracee_command()
                .args(["-q", "-o", "json"])
                .args(flags)
                .args(["-r", &self.file()]),
        );
        assert_eq!(run.code(), 0, "{flags:?}: {}", run.stderr);
        // Of losses it speaks in any case, and of times when nothing was recorded.
        let told = |line: &str| line.contains("lost") || line.contains("of another time");
        let silent = run.stderr.lines().all(told);
        assert!(silent, "{flags:?}: {}", run.stderr);
        run.stdout.lines().map(str::to_owned).collect()
    }
}

pub fn lines(path: &Path) -> Vec<(String, Value)> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| (line.to_owned(), serde_json::from_str(line).unwrap()))
        .collect()
}

/// Fails where two texts begin to differ.
pub fn assert_same(what: &str, one: &[String], other: &[String]) {
    let differ = one.iter().zip(other).find(|(one, other)| one != other);
    assert_eq!(differ, None, "{what}");
    assert_eq!(one.len(), other.len(), "{what}");
}

/// Programs that make calls of all kinds: strange names, refused calls, threads, signals, other ABIs.
pub fn load() -> String {
    let folder = "d=$(mktemp -d)";
    let progs = ["calls", "life", "names", "dies", "vectors", "refused"]
        .map(|name| format!("{} >$d/out", prog(name)));
    let more = format!(
        "{} paths $d 100 5000; {} getppid 50; {} 2 40; rm -r $d; exit 0",
        prog("hostile"),
        prog("loop"),
        prog("getppid")
    );
    format!("{folder}; {}; {more}", progs.join("; "))
}

fn same_bytes() -> Result<(), Failed> {
    let load = load();
    let sets: &[&[&str]] = &[
        &["-s", "all", "--detect-original-syscall"],
        &[
            "-s",
            "all",
            "-y",
            "-T",
            "--verify-results",
            "--show-exec-env",
            "--decode-buffers",
            "64",
            "-u",
            "0",
        ],
        &["-s", "all", "-f", "comm=*e*", "-Z", "--time", "delta"],
        &["--verbose-args", "--numeric", "--time", "relative"],
        &["-s", "fs,proc", "-f", "openat.pathname=/*", "-P", "/dev/null"],
        &["-s", "all", "-c", "-T"],
        &["-s", "all", "-n", "100"],
        &[
            "-e",
            "openat,execve",
            "--format",
            "%time %comm %user %exe %pathname %args",
        ],
    ];
    // An emulator takes long, and kernels change what is recorded, not what is made of it.
    let sets = if in_vm() { &sets[..2] } else { sets };
    for flags in sets {
        let recorded = Recorded::new(flags, &["sh", "-c", &load]);
        let (json, table) = (recorded.at("json2"), recorded.at("table2"));
        let run = finish(
            tracee_command()
                .args(["-o", &format!("json:{}", json.display())])
                .args(["-o", &format!("table:{}", table.display())])
                .args(*flags)
                .args(["-r", &recorded.file()]),
        );
        assert_eq!(run.code(), 0, "{flags:?}: {}", run.stderr);
        assert_eq!(totals(&run.stderr), totals(&recorded.run.stderr), "{flags:?}");
        for (live, read) in [("json", &json), ("table", &table)] {
            let (live, read) = (fs::read(recorded.at(live))?, fs::read(read)?);
            let text = |bytes: &[u8]| -> Vec<String> {
                bytes
                    .split(|byte| *byte == b'\n')
                    .map(|line| String::from_utf8_lossy(line).into_owned())
                    .collect()
            };
            assert!(live.len() > 500, "{flags:?}: {}", recorded.run.stderr);
            assert_same(&format!("{flags:?}"), &text(&live), &text(&read));
            assert!(live == read, "{flags:?}");
        }
    }
    // Formats that the run did not show are those of another run that shows them.
    for (format, compress) in [("json,compact", "none"), ("table-verbose", "lz4")] {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name).display().to_string();
        let run = finish(
            tracee_command()
                .args([
                    "-q",
                    "-s",
                    "all",
                    "-o",
                    &format!("record,compress={compress}:{}", at("F")),
                ])
                .args(["-o", &format!("{format}:{}", at("live")), "--", "sh", "-c", &load]),
        );
        assert_eq!(run.code(), 0, "{}", run.stderr);
        let run = finish(tracee_command().args(["-q", "-o", format, "-r", &at("F")]));
        assert_eq!(run.code(), 0, "{}", run.stderr);
        assert!(run.stdout == fs::read_to_string(at("live"))?, "{format}");
    }
    Ok(())
}

/// Whether any text in it is this one.
fn has_text(json: &Value, text: &str) -> bool {
    match json {
        Value::String(it) => it == text,
        Value::Array(all) => all.iter().any(|it| has_text(it, text)),
        Value::Object(all) => all.values().any(|it| has_text(it, text)),
        _ => false,
    }
}

type Filter<'a> = (Vec<&'a str>, Box<dyn Fn(&Value) -> bool + 'a>);

fn filters() -> Result<(), Failed> {
    let load = load();
    // A program whose user changes.
    let copy = tempfile::tempdir()?;
    fs::set_permissions(copy.path(), Permissions::from_mode(0o755))?;
    let creds = copy.path().join("creds");
    fs::copy(prog("creds"), &creds)?;
    fs::set_permissions(&creds, Permissions::from_mode(0o4755))?;
    let script = format!("{} {}; {load}", prog("creds"), creds.display());
    let recorded = Recorded::new(&["-s", "all"], &["sh", "-c", &script]);
    let all = recorded.lines();
    assert!(all.len() > 2000, "{}", all.len());
    let is = |event: &Value, name: &str| event["eventName"] == name;
    let some = all
        .iter()
        .find(|(_, event)| is(event, "getppid"))
        .unwrap()
        .1
        .clone();
    let number = |key: &str| some[key].as_u64().unwrap().to_string();
    let (by_pid, by_tid) = (
        format!("pid={}", number("hostProcessId")),
        format!("tid={}", number("hostThreadId")),
    );
    let by_ppid = format!("ppid={}", number("hostParentProcessId"));
    let by_namespaces = format!("mntns={}", number("mountNamespace"));
    let by_pid_namespace = format!("pidns!={}", number("pidNamespace"));
    let by_host = format!("uts={}", some["hostName"].as_str().unwrap());
    let argument = |event: &Value, name: &str| {
        event["args"]
            .as_array()
            .unwrap()
            .iter()
            .find(|arg| arg["name"] == name)
            .cloned()
            .unwrap_or_default()
    };
    let failed = |event: &Value| event["returnValue"].as_i64().is_some_and(|value| value < 0);
    let some = &some;
    let filters: Vec<Filter<'_>> = vec![
        (
            vec!["-f", "comm=getppid"],
            Box::new(|it| it["processName"] == "getppid"),
        ),
        (
            vec!["-f", "comm!=sh,calls"],
            Box::new(|it| it["processName"] != "sh" && it["processName"] != "calls"),
        ),
        (
            vec!["-f", "comm=*e*"],
            Box::new(|it| it["processName"].as_str().unwrap().contains('e')),
        ),
        (vec!["-f", "uid=0"], Box::new(|it| it["userId"] == 0)),
        (vec!["-u", "root"], Box::new(|it| it["userId"] == 0)),
        (vec!["-f", "uid!=root"], Box::new(|it| it["userId"] != 0)),
        (
            vec!["-f", &by_pid],
            Box::new(|it| it["hostProcessId"] == some["hostProcessId"]),
        ),
        (
            vec!["-f", &by_tid],
            Box::new(|it| it["hostThreadId"] == some["hostThreadId"]),
        ),
        (
            vec!["-f", &by_ppid],
            Box::new(|it| it["hostParentProcessId"] == some["hostParentProcessId"]),
        ),
        (
            vec!["-f", &by_namespaces],
            Box::new(|it| it["mountNamespace"] == some["mountNamespace"]),
        ),
        (
            vec!["-f", &by_pid_namespace],
            Box::new(|it| it["pidNamespace"] != some["pidNamespace"]),
        ),
        (
            vec!["-f", &by_host],
            Box::new(|it| it["hostName"] == some["hostName"]),
        ),
        (
            vec!["-f", "container!=*"],
            Box::new(|it| it["container"].is_null()),
        ),
        (vec!["-f", "event.retval<0"], Box::new(failed)),
        (vec!["-Z"], Box::new(failed)),
        (
            vec!["-z"],
            Box::new(|it| it["returnValue"].as_i64().is_some_and(|value| value >= 0)),
        ),
        (
            vec!["-f", "openat.pathname=/etc/*", "-e", "openat"],
            Box::new(|it| {
                is(it, "openat")
                    && value(it, "pathname")
                        .as_str()
                        .is_some_and(|path| path.starts_with("/etc/"))
            }),
        ),
        (
            vec!["-f", "openat.pathname!=*.so,/dev/null", "-e", "openat"],
            Box::new(|it| {
                let path = argument(it, "pathname");
                let path = path["value"].as_str().unwrap_or_default();
                is(it, "openat") && !path.ends_with(".so") && path != "/dev/null"
            }),
        ),
        (
            // What a filter asks of one event leaves others alone.
            vec!["-f", "openat.flags=O_CREAT"],
            Box::new(|it| {
                let flags = argument(it, "flags");
                !is(it, "openat")
                    || flags["text"]
                        .as_str()
                        .is_some_and(|text| text.split('|').any(|it| it == "O_CREAT"))
            }),
        ),
        (
            vec!["-f", "close.fd>=4", "-e", "close"],
            Box::new(|it| is(it, "close") && value(it, "fd").as_i64().unwrap() >= 4),
        ),
        (
            vec!["-f", "openat.retval=-ENOENT", "-e", "openat"],
            Box::new(|it| is(it, "openat") && it["returnValue"] == -2),
        ),
        (
            vec!["-e", "execve", "-f", "execve.argv=paths"],
            Box::new(|it| {
                is(it, "execve")
                    && value(it, "argv")
                        .as_array()
                        .is_some_and(|argv| argv.iter().any(|arg| arg == "paths"))
            }),
        ),
        (
            vec![
                "-e",
                "security_file_open",
                "-f",
                "security_file_open.pathname=/dev/null",
            ],
            Box::new(|it| is(it, "security_file_open") && has_text(&it["args"], "/dev/null")),
        ),
        (
            vec!["-e", "sched_process_*"],
            Box::new(|it| it["eventName"].as_str().unwrap().starts_with("sched_process_")),
        ),
        (
            vec!["-s", "all", "-x", "sys_enter,sys_exit"],
            Box::new(|it| !is(it, "sys_enter") && !is(it, "sys_exit")),
        ),
        (vec!["-e", "openat,!openat,close"], Box::new(|it| is(it, "close"))),
        (vec!["-t", "c:all"], Box::new(|it| !it["container"].is_null())),
        (vec!["-t", "host:all"], Box::new(|it| it["container"].is_null())),
    ];
    let mut partial = 0;
    for (flags, passes) in filters {
        let expected: Vec<String> = all
            .iter()
            .filter(|(_, it)| passes(it))
            .map(|(line, _)| line.clone())
            .collect();
        partial += usize::from((1..all.len()).contains(&expected.len()));
        assert_same(&format!("{flags:?}"), &expected, &recorded.shown(&flags));
    }
    assert!(partial > 20, "only {partial} choose some events, but not all");
    let few = recorded.shown(&["-n", "7"]);
    assert_same(
        "-n",
        &few,
        &all[..7].iter().map(|(line, _)| line.clone()).collect::<Vec<_>>(),
    );
    Ok(())
}

/// Shells that print their names and pids. What each of them is started by is known from the script.
fn children() -> Result<(), Failed> {
    let shell = |name: &str, then: &str| format!("sh -c 'echo {name} $$; {then} :'");
    let script = format!(
        "echo a $$; {b} {d} {e} exit 0",
        b = "sh -c 'echo b $$; sh -c \"echo c \\$\\$; :\"; (exec sh -c \"echo x \\$\\$; :\"); :';",
        d = shell("d", "") + ";",
        e = shell("e", "") + "; ",
    );
    let recorded = Recorded::new(&["-s", "all"], &["sh", "-c", &script]);
    let pids: Vec<(&str, &str)> = recorded
        .run
        .stdout
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect();
    let of = |wanted: &str| pids.iter().find(|(name, _)| *name == wanted).expect(wanted).1;
    assert_eq!(pids.len(), 6, "{pids:?}");
    let all = recorded.lines();
    for (named, family) in [
        (vec!["b"], vec!["b", "c", "x"]),
        (vec!["d", "c"], vec!["d", "c"]),
        (vec!["a"], vec!["a", "b", "c", "d", "e", "x"]),
    ] {
        let ids: BTreeSet<&str> = family.iter().map(|name| of(name)).collect();
        let expected: Vec<String> = all
            .iter()
            .filter(|(_, it)| ids.contains(it["hostProcessId"].to_string().as_str()))
            .map(|(line, _)| line.clone())
            .collect();
        assert!(expected.len() > 20);
        let list: Vec<&str> = named.iter().map(|name| of(name)).collect();
        assert_same(
            &format!("{named:?}"),
            &expected,
            &recorded.shown(&["-p", &list.join(",")]),
        );
        let scope = format!("p:{}", list.join(","));
        assert_same(&format!("{named:?}"), &expected, &recorded.shown(&["-t", &scope]));
    }
    // Children are known, though they began before what is shown.
    let (first, last) = (&all[all.len() / 4].1, &all.last().unwrap().1);
    let from = time_of_day(first);
    let at = |it: &Value| it["timestamp"].as_u64().unwrap();
    let ids = ["a", "b", "c", "d", "e", "x"].map(of);
    let expected: Vec<String> = all
        .iter()
        .filter(|(_, it)| ids.contains(&it["hostProcessId"].to_string().as_str()) && at(it) >= at(first))
        .map(|(line, _)| line.clone())
        .collect();
    assert!(at(last) > at(first) && !expected.is_empty());
    let shown = recorded_in_utc(&recorded, &["-p", of("a"), "--from", &from]);
    assert_same("children from then on", &expected, &shown);
    assert!(recorded.shown(&["-p", &i32::MAX.to_string()]).is_empty());
    Ok(())
}

/// The time of an event as a time of day, in UTC.
fn time_of_day(event: &Value) -> String {
    let ns = event["timestamp"].as_u64().unwrap();
    let (seconds, ns) = (ns / 1_000_000_000 % 86_400, ns % 1_000_000_000);
    format!(
        "{:02}:{:02}:{:02}.{ns:09}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

fn recorded_in_utc(recorded: &Recorded, flags: &[&str]) -> Vec<String> {
    let run = finish(
        tracee_command()
            .env("TZ", "UTC0")
            .args(["-q", "-o", "json", "-r", &recorded.file()])
            .args(flags),
    );
    assert_eq!((run.code(), run.stderr.as_str()), (0, ""), "{flags:?}");
    run.stdout.lines().map(str::to_owned).collect()
}

fn times() -> Result<(), Failed> {
    // Enough for several blocks.
    let script = format!("{} getppid 2000; {} getppid 2000", prog("loop"), prog("loop"));
    let recorded = Recorded::new(&["-s", "all"], &["sh", "-c", &script]);
    assert!(fs::metadata(recorded.at("json"))?.len() > 4 << 20);
    let all = recorded.lines();
    let at = |it: &Value| it["timestamp"].as_u64().unwrap();
    let middle = |part: usize| &all[all.len() * part / 8].1;
    let none = at(&all[0].1)..=u64::MAX;
    let of = |event: &Value| time_of_day(event);
    for (from, to) in [
        (None, None),
        (Some(1), None),
        (Some(7), None),
        (None, Some(2)),
        (Some(3), Some(5)),
        (Some(4), Some(4)),
    ] {
        let (first, last) = (from.map(middle), to.map(middle));
        let within = first.map_or(*none.start(), at)..=last.map_or(*none.end(), at);
        let expected: Vec<String> = all
            .iter()
            .filter(|(_, it)| within.contains(&at(it)))
            .map(|(line, _)| line.clone())
            .collect();
        let mut flags = Vec::new();
        flags.extend(
            first
                .map(|it| ["--from".to_owned(), of(it)])
                .into_iter()
                .flatten(),
        );
        flags.extend(last.map(|it| ["--to".to_owned(), of(it)]).into_iter().flatten());
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        assert!(!expected.is_empty());
        assert_same(
            &format!("{flags:?}"),
            &expected,
            &recorded_in_utc(&recorded, &flags),
        );
    }
    assert!(recorded.shown(&["--from", "1h"]).is_empty());
    assert_eq!(recorded.shown(&["--to", "1h"]).len(), all.len());
    Ok(())
}
