//! Files, names and mounts as the kernel sees them, against the log of the program that works on them (tests/progs/files.c).

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use libtest_mimic::Failed;
use serde_json::Value;

use crate::harness::{arg, in_vm, long, prog, trace, tracee_command, value, Env, Run};
use crate::{means, Test};

const NAMES: &[&str] = &[
    "security_inode_unlink",
    "security_inode_rename",
    "security_inode_link",
    "security_inode_symlink",
    "security_inode_mknod",
];
const MOUNTS: &[&str] = &["security_sb_mount", "security_sb_umount", "security_inode_unlink"];
const TRANSFERS: &[&str] = &["vfs_write", "vfs_writev", "vfs_read", "vfs_readv"];

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("files_names_that_come_go_and_change", || {
            each("names", NAMES, true)
        }),
        Test::new("files_mounts_and_what_is_unlinked_behind_them", || {
            each("mounts", MOUNTS, true)
        })
        .unless(lacks("security_sb_mount")),
        Test::new("files_opened_are_those_really_reached", || {
            each("opens", &["security_file_open"], false)
        }),
        Test::new("files_opened_200_folders_deep", || {
            each("deep", &["security_file_open"], false)
        }),
        Test::new("files_opened_on_overlayfs", overlay).unless(lacks_overlayfs()),
        Test::new("files_read_and_written", || each("transfers", TRANSFERS, true)),
        Test::new("files_modified_by_every_way", || {
            each("modifies", &["file_modification"], false)
        }),
        Test::new("files_watched", || {
            each("watches", &["security_path_notify"], true)
        })
        .unless(lacks("security_path_notify")),
        Test::new("files_a_read_only_mount_refuses", read_only),
        Test::new("files_opens_that_a_hook_denies", denied)
            .unless(lacks_landlock())
            .unless(not_at_end("security_file_open"))
            .on_each_kernel(),
        Test::new("files_read_by_the_kernel", module).unless(lacks_module()),
        Test::new("files_asked_by_ioctl", || asked("ioctl")),
        // Since 6.8 such calls ask another hook.
        Test::new("files_asked_by_ioctl_of_32_bits", || asked("ioctl32")).on_each_kernel(),
        Test::new("files_ioctl_that_a_hook_denies", ioctl_denied)
            .unless(lacks_ioctl_rules())
            .unless(not_at_end("security_file_ioctl"))
            .on_each_kernel(),
        Test::new("files_paths_of_threads_are_never_mixed", mixed).once(),
        Test::new("files_renamed_all_the_time_say_so", renamed),
    ]
}

fn lacks(event: &str) -> Option<String> {
    let reason = means::unavailable(event)?;
    Some(format!("{event} is unavailable: {reason}"))
}

/// On Linux 7 kprobes are preferred, which do not show what a function returned.
const NO_KPROBES: &str = "kprobes";

/// Why the kernel does not report an event at the end of its function.
fn not_at_end(event: &str) -> Option<String> {
    let attach = means::list(NO_KPROBES)[event]["attach"]
        .as_str()
        .unwrap_or_default();
    (!attach.starts_with("fexit")).then(|| format!("no program can be at the end of {event}"))
}

fn lacks_overlayfs() -> Option<String> {
    let known = || {
        std::fs::read_to_string("/proc/filesystems")
            .unwrap()
            .contains("overlay")
    };
    if !known() {
        let _ = Command::new("modprobe").arg("overlay").output();
    }
    (!known()).then(|| "the kernel has no overlayfs".into())
}

fn lacks_landlock() -> Option<String> {
    let lsm = std::fs::read_to_string("/sys/kernel/security/lsm").unwrap_or_default();
    (!lsm.contains("landlock")).then(|| "the kernel has no Landlock".into())
}

/// Landlock has rules of ioctl(2) since 6.10.
fn lacks_ioctl_rules() -> Option<String> {
    let rules = || {
        Command::new(prog("landlock"))
            .args(["ioctl", "/dev/zero"])
            .output()
    };
    lacks_landlock().or_else(|| {
        (rules().is_ok_and(|output| output.status.code() == Some(77)))
            .then(|| "the kernel's Landlock has no rules of ioctl".into())
    })
}

/// Why no module can be loaded for the test.
fn lacks_module() -> Option<String> {
    let found = Command::new("modprobe")
        .args(["--show-depends", "dummy"])
        .output()
        .is_ok_and(|output| output.status.success());
    (!found || !in_vm()).then(|| "there is no module to load".into())
}

/// Runs something with every mechanism by which this kernel provides these events, and passes the mechanisms.
fn under_each_means(events: &[&str], run: impl Fn(&[(&str, &str)])) {
    means::each_set(events, |there, listed| {
        let attach = |event: &&'_ str| listed[*event]["attach"].as_str().unwrap();
        let available: Vec<(&str, &str)> = there.iter().map(|event| (*event, attach(event))).collect();
        run(&available);
    });
}

/// A folder for a test, by its real path. If possible, on the file system of the build.
fn folder() -> tempfile::TempDir {
    match in_vm() {
        true => tempfile::tempdir().unwrap(),
        false => tempfile::tempdir_in(std::env::temp_dir().canonicalize().unwrap()).unwrap(),
    }
}

/// Whether the folder is on ext4 (statfs(2)).
fn on_ext4(folder: &tempfile::TempDir) -> bool {
    nix::sys::statfs::statfs(folder.path()).unwrap().filesystem_type() == nix::sys::statfs::EXT4_SUPER_MAGIC
}

/// An event that the program expects: its name, its arguments, and its result if the log has one.
struct Expected {
    event: String,
    args: Vec<(String, String)>,
}

fn expected(stdout: &str, events: &[&str]) -> Vec<Expected> {
    stdout
        .lines()
        .map(|line| {
            let mut words = line.split('\t');
            Expected {
                event: words.next().unwrap().into(),
                args: words
                    .map(|word| word.split_once('=').unwrap())
                    .map(|(name, value)| (name.into(), value.into()))
                    .collect(),
            }
        })
        .filter(|line: &Expected| events.contains(&line.event.as_str()))
        .collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether an event is this one, by this mechanism.
fn is(event: &Value, expected: &Expected, attach: &str) -> bool {
    let at_end = attach.starts_with("fexit");
    let returns = at_end || attach.ends_with("(after the call)");
    event["eventName"] == expected.event.as_str()
        && expected.args.iter().all(|(name, wanted)| {
            let shown = match name.as_str() {
                "ret" if returns => &event["returnValue"],
                // The hook's, in a call that fails later.
                "hook" if at_end => &event["returnValue"],
                "ret" | "hook" => return event["returnValue"].is_null(),
                _ => value(event, name),
            };
            text(shown) == *wanted
        })
}

fn is_cut(event: &Value) -> bool {
    event["args"]
        .as_array()
        .unwrap()
        .iter()
        .any(|arg| arg["truncated"] == true)
}

/// Events of the program `files` alone: in the folder, or its mounts.
fn run_files(what: &str, folder: &tempfile::TempDir, events: &[(&str, &str)]) -> Run {
    run_in(folder, &[&prog("files"), what], events)
}

/// Events of a program that takes the folder as its last argument.
fn run_in(folder: &tempfile::TempDir, program: &[&str], events: &[(&str, &str)]) -> Run {
    let names: Vec<&str> = events.iter().map(|(name, _)| *name).collect();
    let command = [program, &[folder.path().to_str().unwrap()]].concat();
    let run = trace(&["-e", &names.join(",")], &command);
    assert_eq!(run.code(), 0, "{}", run.stderr);
    assert!(run.stderr.contains(" 0 lost"), "{}", run.stderr);
    run
}

/// Each expected event is there, in order; if `alone`, no other that names a file of its folder.
fn compare(run: &Run, folder: &tempfile::TempDir, events: &[(&str, &str)], alone: bool) {
    let names: Vec<&str> = events.iter().map(|(name, _)| *name).collect();
    let expected = expected(&run.stdout, &names);
    assert!(!expected.is_empty(), "{}", run.stdout);
    let root = format!("{}/", folder.path().display());
    let mut rest = run.events.iter();
    for line in &expected {
        let (_, attach) = events.iter().find(|(name, _)| *name == line.event).unwrap();
        let found = rest.find(|event| is(event, line, attach));
        let shown = || {
            run.events
                .iter()
                .map(|event| {
                    format!(
                        "{} {} {}\n",
                        event["eventName"], event["args"], event["returnValue"]
                    )
                })
                .collect::<Vec<_>>()
                .concat()
        };
        let Some(found) = found else {
            panic!(
                "no event (in this place) {} {:?} by {attach}; there are:\n{}",
                line.event,
                line.args,
                shown()
            );
        };
        assert!(!is_cut(found), "{found}");
        if found["eventName"] != "file_modification" {
            assert!(found["syscall"].is_string(), "{found}");
        }
    }
    if alone {
        let ours = run.events.iter().filter(|event| {
            let args = event["args"].as_array().unwrap();
            args.iter().any(|arg| {
                arg["value"]
                    .as_str()
                    .is_some_and(|value| value.starts_with(&root))
            })
        });
        let wanted = expected
            .iter()
            .filter(|line| line.args.iter().any(|(_, value)| value.starts_with(&root)));
        let ours: Vec<_> = ours.map(|event| &event["args"]).collect();
        assert_eq!(ours.len(), wanted.count(), "{ours:?}");
    }
}

fn each(what: &str, events: &'static [&'static str], alone: bool) -> Result<(), Failed> {
    under_each_means(events, |available| {
        let folder = folder();
        let on_tmpfs = what == "mounts";
        let available: Vec<_> = available
            .iter()
            .filter(|(_, attach)| !attach.contains("ext4") || on_ext4(&folder) && !on_tmpfs)
            .cloned()
            .collect();
        if available.is_empty() {
            return;
        }
        let run = run_files(what, &folder, &available);
        compare(&run, &folder, &available, alone);
    });
    Ok(())
}

/// The file of the layer below is opened as well; its path leads to it.
fn overlay() -> Result<(), Failed> {
    under_each_means(&["security_file_open", "security_inode_unlink"], |available| {
        let folder = folder();
        let available: Vec<_> = available
            .iter()
            .filter(|(_, attach)| !attach.contains("ext4"))
            .cloned()
            .collect();
        let run = run_files("overlay", &folder, &available);
        compare(&run, &folder, &available, false);
        let root = folder.path().to_str().unwrap();
        let opened: Vec<String> = run
            .named("security_file_open")
            .iter()
            .map(|event| text(value(event, "pathname")))
            .collect();
        let by_hook = available
            .iter()
            .any(|(name, attach)| *name == "security_file_open" && !attach.ends_with("(after the call)"));
        // Made, opened as merged, opened in its layer: there, older kernels show the merged path.
        for name in ["low", "up", "changed"] {
            let paths =
                ["merged", "layers/lower", "layers/upper"].map(|layer| format!("{root}/{layer}/{name}"));
            let count = opened.iter().filter(|path| paths.contains(path)).count();
            assert!(!by_hook || count >= 3, "{name}: {opened:?}");
        }
        assert!(
            !opened.iter().any(|path| path.starts_with("(unreachable)")),
            "{opened:?}"
        );
    });
    Ok(())
}

/// The hook is not called, and the call's result shows why.
fn read_only() -> Result<(), Failed> {
    let folder = folder();
    let run = trace(
        &["-e", "unlink"],
        &[&prog("files"), "mounts", folder.path().to_str().unwrap()],
    );
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let expected = expected(&run.stdout, &["unlink"]);
    assert_eq!(expected.len(), 1);
    let refused: Vec<_> = run
        .named("unlink")
        .into_iter()
        .filter(|event| is(event, &expected[0], "fexit"))
        .collect();
    assert_eq!(refused.len(), 1, "{:?}", run.events);
    assert_eq!(refused[0]["error"], "EROFS");
    Ok(())
}

fn denied() -> Result<(), Failed> {
    let _env = Env::set("TRACEE_WITHOUT", NO_KPROBES);
    let run = trace(
        &["-e", "security_file_open,openat,open"],
        &[&prog("landlock"), "open", &prog("landlock")],
    );
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let real = std::fs::canonicalize(prog("landlock")).unwrap();
    let opens: Vec<_> = run
        .named("security_file_open")
        .into_iter()
        .filter(|event| value(event, "pathname") == real.to_str().unwrap())
        .collect();
    let denied: Vec<_> = opens.iter().filter(|event| event["returnValue"] == -13).collect();
    assert_eq!(denied.len(), 1, "{opens:?}");
    assert_eq!(denied[0]["error"], "EACCES");
    Ok(())
}

/// Also by the twin of the hook that calls of 32-bit programs ask.
fn asked(program: &str) -> Result<(), Failed> {
    under_each_means(&["security_file_ioctl"], |available| {
        let folder = folder();
        let run = run_in(&folder, &[&prog(program)], available);
        compare(&run, &folder, available, true);
    });
    Ok(())
}

fn ioctl_denied() -> Result<(), Failed> {
    let _env = Env::set("TRACEE_WITHOUT", NO_KPROBES);
    for name in ["landlock", "landlock32"] {
        let run = trace(
            &["-e", "security_file_ioctl"],
            &[&prog(name), "ioctl", "/dev/zero"],
        );
        assert_eq!(run.code(), 0, "{}", run.stderr);
        let asked = run.named("security_file_ioctl");
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert_eq!(value(asked[0], "pathname"), "/dev/zero");
        assert_eq!(arg(asked[0], "cmd")["text"], "BLKGETSIZE");
        assert_eq!(asked[0]["error"], "EACCES", "{}", asked[0]);
    }
    Ok(())
}

fn module() -> Result<(), Failed> {
    let output = Command::new("modprobe")
        .args(["--show-depends", "dummy"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let path = said
        .split_whitespace()
        .find(|word| word.starts_with('/'))
        .unwrap();
    // Where `/lib` is a symbolic link, the kernel names its target.
    let path = std::fs::canonicalize(path).unwrap();
    under_each_means(&["security_kernel_read_file"], |_| {
        let _ = Command::new("modprobe").args(["-r", "dummy"]).output();
        let run = trace(&["-e", "security_kernel_read_file"], &["modprobe", "dummy"]);
        assert_eq!(run.code(), 0, "{}", run.stderr);
        let status = std::fs::metadata(&path).unwrap();
        let events = run.named("security_kernel_read_file");
        assert!(!events.is_empty(), "modprobe has not given a file to the kernel");
        let event = events
            .iter()
            .find(|event| value(event, "pathname") == path.to_str().unwrap())
            .unwrap_or_else(|| panic!("{}: {events:?}", path.display()));
        let inode = std::os::unix::fs::MetadataExt::ino(&status);
        assert_eq!(value(event, "inode"), inode);
        assert_eq!(arg(event, "id")["text"], "READING_MODULE");
        assert_eq!(value(event, "contents"), true);
    });
    Ok(())
}

/// Four threads a CPU open deep paths that are made of their thread ids. A folder that has two
/// names in turn: each path is one of both, or is marked as mixed.
fn renamed() -> Result<(), Failed> {
    let count = if in_vm() { 2000 } else { 30_000 };
    // The longer the path, the likelier it changes.
    let depth = 100;
    under_each_means(&["vfs_write"], |_| {
        let folder = folder();
        let root = folder.path().to_str().unwrap();
        let run = trace(
            &["-e", "vfs_write", "-b", "64MiB"],
            &[&prog("renames"), root, &count.to_string(), &depth.to_string()],
        );
        assert_eq!(run.code(), 0, "{}", run.stderr);
        let below = "/d".repeat(depth);
        let names = ["one/aaaa", "two/bbbb"].map(|name| format!("{root}/{name}{below}/file"));
        let (mut told, mut marked) = ([0, 0], 0);
        for event in run.named("vfs_write") {
            let path = value(event, "pathname").as_str().unwrap();
            if arg(event, "pathname")["mixed"] == true {
                assert!(path.ends_with("/file (mixed)"), "{event}");
                marked += 1;
                continue;
            }
            let name = names.iter().position(|name| name == path);
            told[name.unwrap_or_else(|| panic!("{event}"))] += 1;
        }
        println!("{told:?}, {marked} marked");
        assert_eq!(told[0] + told[1] + marked, count);
        // How many are marked depends on how fast the machine renames: a hundredth to more than half of them were seen.
        assert!(told.iter().all(|told| *told > 0), "{told:?}");
    });
    Ok(())
}

fn mixed() -> Result<(), Failed> {
    let cpus = std::thread::available_parallelism().unwrap().get();
    let seconds = match (in_vm(), long()) {
        (true, _) => "5",
        (false, false) => "10",
        (false, true) => "30",
    };
    under_each_means(&["security_file_open"], |_| {
        let folder = folder();
        let root = folder.path().to_str().unwrap();
        let mut child = tracee_command()
            .args(["-e", "security_file_open", "-o", "json", "--"])
            .args([&prog("paths"), &(4 * cpus).to_string(), seconds, root])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut seen = 0;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
            let path = value(&event, "pathname").as_str().unwrap();
            // Opens by which the program is started.
            let Some(rest) = path.strip_prefix(&format!("{root}/")) else {
                assert!(!path.contains("/t"), "{path}");
                continue;
            };
            let name = format!("t{}", event["threadId"]);
            assert!(rest.split('/').all(|component| component == name), "{event}");
            assert_eq!(rest.split('/').count(), 101, "{event}");
            assert!(!is_cut(&event));
            seen += 1;
        }
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        println!("{seen} paths; {stderr}");
        assert!(seen > 1000, "{seen}");
    });
    Ok(())
}
