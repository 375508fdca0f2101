//! What is executed and mapped, and the alerts, against the log of the program that did it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

use libtest_mimic::Failed;
use serde_json::{json, Value};

use crate::harness::{arg, in_vm, kernel, lacks_prog, lacks_tool, prog, run, totals, trace, value, Run};
use crate::means::{each, unavailable};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("memory_bprm_check", bprm_check).unless(unavailable("security_bprm_check")),
        Test::new("memory_mmap_file", mmap_file).unless(unavailable("security_mmap_file")),
        Test::new("memory_file_mprotect", file_mprotect).unless(unavailable("security_file_mprotect")),
        Test::new("memory_alerts", alerts).unless(unavailable("mem_prot_alert")),
        Test::new("memory_alerts_of_every_area", || every_area("alerts"))
            .unless(unavailable("mem_prot_alert"))
            .unless(lacks_tool("unshare")),
        Test::new("memory_alerts_of_every_area_of_32_bit_programs", || {
            every_area("alerts32")
        })
        .unless(unavailable("mem_prot_alert"))
        .unless(lacks_tool("unshare"))
        .unless(lacks_prog("alerts32", "there are no 32-bit programs")),
        Test::new("memory_alerts_while_memory_changes", while_it_changes)
            .unless(unavailable("mem_prot_alert")),
        Test::new("memory_alerts_by_flag", alerts_by_flag).unless(unavailable("mem_prot_alert")),
        Test::new("memory_original_syscall", original_syscall).unless(unavailable("mem_prot_alert")),
    ]
}

/// Programs and scripts: the file and the arguments of each.
fn bprm_check() -> Result<(), Failed> {
    each("security_bprm_check", || {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().canonicalize().unwrap().join(name);
        fs::copy(prog("getppid"), path("program")).unwrap();
        fs::write(path("script"), format!("#!{} 1\n", path("program").display())).unwrap();
        std::os::unix::fs::symlink("program", path("link")).unwrap();
        let text = format!(
            "chmod 755 {script}; cd {folder}; {program} 2 3; ./link 4; {script} 5; true",
            folder = folder.path().display(),
            program = path("program").display(),
            script = path("script").display(),
        );
        let run = trace(&["-e", "security_bprm_check"], &["/bin/sh", "-c", &text]);
        assert_eq!(run.code(), 0, "{}", run.stderr);
        let told: Vec<_> = run
            .events
            .iter()
            .filter(|event| {
                value(event, "pathname")
                    .as_str()
                    .unwrap()
                    .starts_with(path("").to_str().unwrap())
            })
            .collect();
        let argv = |words: &[&str]| json!(words);
        let (program, script) = (path("program"), path("script"));
        let words = |file: &str, word: &'static str| argv(&[file, word]);
        let mut expected = vec![
            (program.clone(), argv(&[program.to_str().unwrap(), "2", "3"])),
            (program.clone(), words("./link", "4")),
            (script.clone(), words(script.to_str().unwrap(), "5")),
            (program.clone(), words(script.to_str().unwrap(), "5")),
        ];
        if told.iter().all(|event| event["source"] == "tracepoint") {
            // Reported once, when the last interpreter has been found.
            expected.remove(2);
        }
        assert_eq!(told.len(), expected.len(), "{told:?}");
        for (event, (file, argv)) in told.iter().zip(&expected) {
            let stat = fs::metadata(file).unwrap();
            assert_eq!(value(event, "pathname"), file.to_str().unwrap(), "{event}");
            assert_eq!(value(event, "inode"), stat.ino(), "{event}");
            let dev = (nix::sys::stat::major(stat.dev()) << 20) | nix::sys::stat::minor(stat.dev());
            assert_eq!(value(event, "dev"), dev, "{event}");
            assert_eq!(value(event, "argv"), argv, "{event}");
            assert_eq!(event["syscall"], "execve", "{event}");
            let returned = if event["source"] == "fexit" {
                json!(0)
            } else {
                Value::Null
            };
            assert_eq!(event["returnValue"], returned, "{event}");
        }
    });
    Ok(())
}

/// A call of the program.
struct Call {
    addr: u64,
    len: u64,
    prot: u64,
    prev: u64,
    flags: u64,
    path: Option<String>,
    /// Where the change is seen, and where only the result is seen.
    alert: [Option<String>; 2],
}

impl Call {
    /// Calls of that kind in a log.
    fn parse(log: &str, kind: &str) -> Vec<Call> {
        let lines = log.lines().filter(|line| line.split('\t').next() == Some(kind));
        let calls = lines.map(|line| {
            let words: Vec<&str> = line.split('\t').collect();
            let number = |index: usize| words[index].parse::<u64>().unwrap();
            let word = |index: usize| Some(words[index].to_owned()).filter(|word| word != "-");
            let protect = kind == "protect";
            let rest = if protect { 5 } else { 4 };
            Call {
                addr: number(1),
                len: number(2),
                prot: number(3),
                prev: if protect { number(4) } else { 0 },
                flags: number(rest),
                path: word(rest + 1),
                alert: [word(rest + 2), word(if protect { rest + 3 } else { rest + 2 })],
            }
        });
        calls.collect()
    }
}

struct Traced {
    run: Run,
    _folder: tempfile::TempDir,
}

fn traced(flags: &[&str]) -> Traced {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().canonicalize().unwrap().join("data");
    fs::write(&file, vec![0; 100_000]).unwrap();
    let run = trace(flags, &[&prog("memory"), file.to_str().unwrap()]);
    assert_eq!(run.code(), 0, "{}", run.stderr);
    Traced { run, _folder: folder }
}

fn mmap_file() -> Result<(), Failed> {
    each("security_mmap_file", || {
        let run = traced(&["-e", "security_mmap_file"]).run;
        for call in Call::parse(&run.stdout, "map") {
            let told: Vec<_> = run
                .events
                .iter()
                .filter(|event| event["syscall"] == "mmap" && value(event, "len") == call.len)
                .collect();
            assert_eq!(told.len(), 1, "{}: {told:?}", call.len);
            let event = told[0];
            assert_eq!(value(event, "pathname"), &json!(call.path), "{event}");
            assert_eq!(value(event, "prot"), call.prot, "{event}");
            assert_eq!(value(event, "flags"), call.flags, "{event}");
            // Before the kernel has placed it, the event has the requested address: none.
            let after = event["source"] == "after the call";
            let addr = if after { json!(call.addr) } else { Value::Null };
            assert_eq!(value(event, "addr"), &addr, "{event}");
            let returned = if event["source"] == "kprobe" {
                Value::Null
            } else {
                json!(0)
            };
            assert_eq!(event["returnValue"], returned, "{event}");
        }
    });
    Ok(())
}

/// Events on the program's own memory, in order.
fn of_calls<'a>(run: &'a Run, name: &str, calls: &[Call]) -> Vec<&'a Value> {
    run.named(name)
        .into_iter()
        .filter(|event| {
            let addr = value(event, "addr").as_u64();
            calls.iter().any(|call| Some(call.addr) == addr)
        })
        .collect()
}

fn file_mprotect() -> Result<(), Failed> {
    each("security_file_mprotect", || {
        let run = traced(&["-e", "security_file_mprotect"]).run;
        let calls = Call::parse(&run.stdout, "protect");
        let told = of_calls(&run, "security_file_mprotect", &calls);
        assert_eq!(told.len(), calls.len());
        for (event, call) in told.iter().zip(&calls) {
            for (name, expected) in [
                ("addr", call.addr),
                ("len", call.len),
                ("prot", call.prot),
                ("prev_prot", call.prev),
                ("flags", call.flags),
            ] {
                assert_eq!(value(event, name), expected, "{name}: {event}");
            }
            assert_eq!(value(event, "pathname"), &json!(call.path), "{event}");
            let returned = if event["source"] == "fexit" {
                json!(0)
            } else {
                Value::Null
            };
            assert_eq!(event["returnValue"], returned, "{event}");
        }
    });
    Ok(())
}

fn alerts() -> Result<(), Failed> {
    each("mem_prot_alert", || {
        let run = traced(&["-e", "mem_prot_alert"]).run;
        let mut calls = Call::parse(&run.stdout, "map");
        calls.extend(Call::parse(&run.stdout, "protect"));
        // By address, since one follows the other in the log for each.
        let mut told: BTreeMap<u64, Vec<&Value>> = BTreeMap::new();
        for event in of_calls(&run, "mem_prot_alert", &calls) {
            told.entry(value(event, "addr").as_u64().unwrap())
                .or_default()
                .push(event);
        }
        assert_eq!(
            told.values().flatten().count(),
            run.events.len(),
            "{:?}",
            run.events
        );
        let mut seen = 0;
        for call in &calls {
            let of_address = told.get(&call.addr).map_or(&[][..], Vec::as_slice);
            let after = of_address
                .first()
                .is_some_and(|event| event["source"] == "after the call");
            let Some(alert) = &call.alert[usize::from(after)] else {
                continue;
            };
            let event = of_address
                .iter()
                .find(|event| {
                    arg(event, "alert")["text"] == alert.as_str() && value(event, "prot") == call.prot
                })
                .unwrap_or_else(|| panic!("{alert} of {:#x}: {of_address:?}", call.addr));
            assert_eq!(value(event, "len"), call.len, "{event}");
            assert_eq!(value(event, "pathname"), &json!(call.path), "{event}");
            let protect = alert != "MAPPED_WX";
            let prev = if after && protect {
                Value::Null
            } else {
                json!(call.prev)
            };
            assert_eq!(value(event, "prev_prot"), &prev, "{event}");
            if !protect {
                assert_eq!(event["returnValue"], call.addr, "{event}");
            }
            seen += 1;
        }
        assert_eq!(seen, run.events.len(), "{:?}", run.events);
        assert!(seen >= 9);
    });
    Ok(())
}

/// Several areas of one call, calls that fail half-way, shared memory, memory of `shmat` and `brk`: all that became
/// executable, with its true length, and nothing else.
fn every_area(program: &'static str) -> Result<(), Failed> {
    each("mem_prot_alert", || {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "mount -t tmpfs -o noexec none {folder} && exec {} {folder}",
            prog(program),
            folder = folder.path().display()
        );
        let run = trace(&["-e", "mem_prot_alert"], &["unshare", "-m", "sh", "-c", &text]);
        assert_eq!(run.code(), 0, "{}", run.stderr);
        let after = run
            .named("mem_prot_alert")
            .iter()
            .any(|event| event["syscall"] == "mprotect" && event["source"] == "after the call");
        // No hook sees what shmat and brk map, and before 5.17 no program can look at it.
        let all = kernel() >= (5, 17);
        let mut expected: Vec<_> = run
            .stdout
            .lines()
            .filter_map(|line| {
                let words: Vec<&str> = line.split(' ').collect();
                let alert = words[1 - usize::from(!after)];
                (alert != "-").then(|| [alert, words[2], words[3], words[4]].join(" "))
            })
            .collect();
        let mut told: Vec<_> = run
            .named("mem_prot_alert")
            .into_iter()
            .filter(|event| event["processName"] == *program)
            .map(|event| {
                let number = |name| value(event, name).to_string();
                let alert = arg(event, "alert")["text"].as_str().unwrap();
                [alert, &number("addr"), &number("len"), &number("prot")].join(" ")
            })
            .collect();
        expected.sort();
        told.sort();
        if !all {
            // Of these calls, only mmap.
            expected.retain(|line| !line.starts_with("MAPPED_WX") || told.contains(line));
        }
        assert_eq!(told, expected, "{:#?}", run.events);
        assert!(told.len() >= 7, "{told:?}");
        assert_eq!(totals(&run.stderr).1, 0, "{}", run.stderr);
    });
    Ok(())
}

/// While other threads change the address space, each area is reported, though perhaps not whether it was written.
fn while_it_changes() -> Result<(), Failed> {
    let count = if in_vm() { 200 } else { 5000 };
    each("mem_prot_alert", || {
        let run = trace(
            &["-e", "mem_prot_alert"],
            &[&prog("alerts"), "race", &count.to_string()],
        );
        assert_eq!(run.code(), 0, "{}", run.stderr);
        let told = run.named("mem_prot_alert");
        let of = |name| {
            let alerts = told.iter().map(|event| arg(event, "alert")["text"].as_str());
            alerts.filter(|alert| *alert == Some(name)).count()
        };
        let (known, unknown) = (of("W_TO_X"), of("TO_X"));
        println!("{known} looked at, {unknown} not");
        assert_eq!((known + unknown, told.len()), (count, count));
        assert_eq!(totals(&run.stderr).1, 0, "{}", run.stderr);
    });
    Ok(())
}

fn alerts_by_flag() -> Result<(), Failed> {
    let with = traced(&["-e", "getppid", "--security-alerts"]).run;
    assert!(with.named("mem_prot_alert").len() >= 9, "{}", with.stderr);
    let without = traced(&["-e", "getppid"]).run;
    assert_eq!(without.named("mem_prot_alert").len(), 0);
    Ok(())
}

/// In the table on request; it is the last of a row.
fn original_syscall() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("data");
    fs::write(&file, vec![0; 100_000])?;
    let rows = |flags: &[&str]| {
        let path = folder.path().join("rows");
        let output = format!("table:{}", path.display());
        let mut args = vec!["-e", "mem_prot_alert,mprotect", "--output", &output];
        args.extend(flags);
        let program = prog("memory");
        args.extend(["--", &program, file.to_str().unwrap()]);
        assert_eq!(run(&args).code(), 0);
        fs::read_to_string(path).unwrap()
    };
    let text = rows(&["--detect-original-syscall"]);
    let alerts: Vec<_> = text
        .lines()
        .filter(|row| row.contains(" mem_prot_alert "))
        .collect();
    assert!(
        alerts.iter().any(|row| row.ends_with(", syscall: mmap")),
        "{text}"
    );
    assert!(
        alerts.iter().any(|row| row.ends_with(", syscall: mprotect")),
        "{text}"
    );
    assert!(alerts.iter().all(|row| row.contains(", syscall: ")), "{text}");
    assert!(text
        .lines()
        .filter(|row| row.contains(" mprotect "))
        .all(|row| !row.contains("syscall: ")));
    assert!(!rows(&[]).contains("syscall: "));
    Ok(())
}
