//! The BPF object: its places, what makes it unfit, and rebuilds of it.

use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{chown, symlink, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use tracee::loader::object;

use crate::capture_code::{lacks_fuse, Unserved};
use crate::harness::{self, finish, lacks_tool, prog, same_everywhere, tracee, tracee_command, Run};
use crate::ship::{open_folder, NOBODY};
use crate::Test;

pub fn tests() -> Vec<Test> {
    let no_clang = lacks_tool("clang");
    vec![
        Test::new("the_named_object_is_used_or_refused", named_object).unless(same_everywhere()),
        Test::new("objects_of_other_places_are_used_or_passed_over", other_places).unless(same_everywhere()),
        Test::new(
            "no_object_is_told_of_before_the_lack_of_privilege",
            not_privileged,
        )
        .unless(same_everywhere()),
        Test::new("objects_of_users_file_systems_are_not_used", by_fuse)
            .unless(same_everywhere())
            .unless(lacks_fuse()),
        Test::new("objects_that_others_can_have_put_there_are_not_used", put_there).unless(same_everywhere()),
        Test::new("without_clang_a_rebuild_says_what_to_do", no_clang_is_said).unless(same_everywhere()),
        Test::new("a_rebuild_needs_no_privilege_and_is_used", rebuild).unless(no_clang),
        Test::new("a_rebuild_that_is_stopped_leaves_nothing", stopped_rebuild).unless(same_everywhere()),
        Test::new("folders_of_killed_rebuilds_are_removed", killed_rebuilds).unless(same_everywhere()),
    ]
}

pub const FILE_NAME: &str = "tracee.bpf.o";

/// Flaws of an object file, and the message about each.
const FLAWS: [(&str, &str); 9] = [
    ("owner", "belongs to uid 65534"),
    ("group", "can be written by others"),
    ("others", "can be written by others"),
    ("cut", "is damaged"),
    ("empty", "is damaged"),
    ("junk", "libbpf cannot read it"),
    ("link", "is a symbolic link"),
    ("pipe", "no regular file"),
    ("version", "of another version"),
];

/// Puts an object with that flaw ("": none) at `path`.
pub fn put_object(path: &Path, flaw: &str) {
    let mut bytes = object::embedded();
    let _ = fs::remove_file(path);
    match flaw {
        "cut" => bytes.truncate(bytes.len() / 2),
        "empty" => bytes.clear(),
        "junk" => bytes = b"no object\n".to_vec(),
        "version" => {
            let stamp = object::ABI_STAMP.as_bytes();
            let at = bytes.windows(stamp.len()).position(|part| part == stamp).unwrap();
            bytes[at] = b'x';
        }
        _ => {}
    }
    match flaw {
        "link" => {
            let real = path.with_extension("real");
            fs::write(&real, bytes).unwrap();
            symlink(real, path).unwrap();
            return;
        }
        "pipe" => {
            nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRUSR).unwrap();
            return;
        }
        _ => fs::write(path, bytes).unwrap(),
    }
    let mode = match flaw {
        "group" => 0o664,
        "others" => 0o646,
        _ => 0o644,
    };
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    if flaw == "owner" {
        chown(path, Some(NOBODY), None).unwrap();
    }
}

/// Traces `true`, with tracee's own log.
pub fn trace_true(program: &Path, install_path: &Path, policy: &str, variable: Option<&Path>) -> Run {
    let mut command = Command::new(program);
    command
        .args([
            "-e",
            "execve",
            "--debug",
            "--build-policy",
            policy,
            "--install-path",
        ])
        .arg(install_path)
        .args(["--", "true"]);
    if let Some(path) = variable {
        command.env("TRACEE_BPF_FILE", path);
    }
    finish(&mut command)
}

pub fn assert_used(run: &Run, object: &str) {
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let line = format!("tracee: the BPF object is {object}\n");
    assert!(run.stderr.contains(&line), "{object}: {}", run.stderr);
}

fn named_object() -> Result<(), Failed> {
    let folder = open_folder();
    let path = folder.path().join(FILE_NAME);
    let shown = path.to_str().unwrap();
    put_object(&path, "");
    for named in [&path, folder.path()] {
        assert_used(&trace_true(&tracee(), folder.path(), "never", Some(named)), shown);
    }
    let both = trace_true(&tracee(), folder.path(), "always", Some(&path));
    assert_eq!(both.code(), 1);
    assert!(
        both.stderr.contains("leave out --build-policy always"),
        "{}",
        both.stderr
    );
    for (flaw, said) in FLAWS.into_iter().chain([("missing", "does not exist")]) {
        put_object(&path, flaw);
        if flaw == "missing" {
            fs::remove_file(&path)?;
        }
        for policy in ["never", "if-needed"] {
            let run = trace_true(&tracee(), folder.path(), policy, Some(&path));
            assert_eq!(run.code(), 1, "{flaw}, {policy}: {}", run.stderr);
            let line = run
                .stderr
                .lines()
                .find(|line| line.starts_with("tracee: "))
                .unwrap();
            assert!(
                line.contains(said) && line.contains(shown) && !line.contains("Unknown error"),
                "{flaw}, {policy}: {line}"
            );
        }
    }
    Ok(())
}

/// Next to the executable, and in the install path: in this order, and each is ignored if it is unfit.
fn other_places() -> Result<(), Failed> {
    let folder = open_folder();
    let program = folder.path().join("tracee");
    fs::copy(tracee(), &program)?;
    let beside = folder.path().join(FILE_NAME);
    let install_path = folder.path().join("install");
    fs::create_dir(&install_path)?;
    let installed = install_path.join(FILE_NAME);
    assert_used(
        &trace_true(&program, &install_path, "if-needed", None),
        "embedded",
    );
    put_object(&installed, "");
    assert_used(
        &trace_true(&program, &install_path, "if-needed", None),
        installed.to_str().unwrap(),
    );
    put_object(&beside, "");
    assert_used(
        &trace_true(&program, &install_path, "if-needed", None),
        beside.to_str().unwrap(),
    );
    for (flaw, said) in FLAWS {
        put_object(&beside, flaw);
        put_object(&installed, flaw);
        for policy in ["never", "if-needed"] {
            // With this policy it would be rebuilt, which another test checks.
            if policy == "if-needed" && flaw == "version" {
                continue;
            }
            let run = trace_true(&program, &install_path, policy, None);
            assert_used(&run, "embedded");
            for place in [&beside, &installed] {
                let warned = run.stderr.lines().any(|line| {
                    line.starts_with("tracee: warning: ")
                        && line.contains(place.to_str().unwrap())
                        && line.contains(said)
                });
                assert!(warned, "{flaw}, {policy}: {}", run.stderr);
            }
        }
    }
    Ok(())
}

/// Who may not trace is told that alone: an object would not be loaded anyway.
fn not_privileged() -> Result<(), Failed> {
    let folder = open_folder();
    let program = folder.path().join("tracee");
    fs::copy(tracee(), &program)?;
    let install_path = folder.path().join("install");
    fs::create_dir(&install_path)?;
    for flaw in ["owner", "junk", "version"] {
        put_object(&folder.path().join(FILE_NAME), flaw);
        put_object(&install_path.join(FILE_NAME), flaw);
        for policy in ["never", "if-needed"] {
            let run = finish(
                Command::new(&program)
                    .args(["--build-policy", policy, "--install-path"])
                    .arg(&install_path)
                    .uid(NOBODY)
                    .gid(NOBODY),
            );
            assert_eq!(run.code(), 1, "{flaw}: {}", run.stderr);
            assert!(
                run.stderr.starts_with("tracee: no privilege to trace: ") && run.stderr.lines().count() == 1,
                "{flaw}: {}",
                run.stderr
            );
        }
    }
    Ok(())
}

/// Root's own file, which others obtained from a medium or a container, in a place of theirs.
fn put_there() -> Result<(), Failed> {
    let folder = open_folder();
    let sticky = folder.path().join("sticky");
    let roots = folder.path().join("roots");
    for path in [&sticky, &roots] {
        fs::create_dir(path)?;
    }
    put_object(&roots.join(FILE_NAME), "");
    fs::set_permissions(&sticky, Permissions::from_mode(0o1777))?;
    let install_path = sticky.join("tracee");
    let object = install_path.join(FILE_NAME);
    let used = |variable| trace_true(&tracee(), &install_path, "never", variable);
    let refused = |why: &str| {
        let run = used(None);
        assert_used(&run, "embedded");
        assert!(run.stderr.contains(why), "{why}: {}", run.stderr);
        let run = used(Some(&object));
        assert_eq!(run.code(), 1, "{why}: {}", run.stderr);
        assert!(run.stderr.contains(why), "{why}: {}", run.stderr);
    };
    // By a link of theirs.
    symlink(&roots, &install_path)?;
    std::os::unix::fs::lchown(&install_path, Some(NOBODY), None)?;
    refused("is a link of uid 65534");
    fs::remove_file(&install_path)?;
    // Through root's own link it is trusted.
    symlink(&roots, &install_path)?;
    assert_used(&used(None), object.to_str().unwrap());
    fs::remove_file(&install_path)?;
    // In a folder of theirs; in one where they can put it; below such a one.
    fs::create_dir(&install_path)?;
    put_object(&object, "");
    assert_used(&used(None), object.to_str().unwrap());
    chown(&install_path, Some(NOBODY), None)?;
    refused("belongs to another user (uid 65534)");
    chown(&install_path, Some(0), None)?;
    for mode in [0o775, 0o777, 0o1777] {
        fs::set_permissions(&install_path, Permissions::from_mode(mode))?;
        refused("is writable by others");
    }
    fs::set_permissions(&install_path, Permissions::from_mode(0o755))?;
    chown(&sticky, Some(NOBODY), None)?;
    refused("belongs to another user (uid 65534)");
    // If none exists, no message is printed.
    chown(&sticky, Some(0), None)?;
    fs::set_permissions(&install_path, Permissions::from_mode(0o777))?;
    fs::remove_file(&object)?;
    let run = used(None);
    assert_used(&run, "embedded");
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
    // Nothing is built there either.
    let run = finish(
        tracee_command()
            .args(["-e", "execve", "--build-policy", "always", "--install-path"])
            .arg(install_path.join("new"))
            .args(["--", "true"]),
    );
    assert_eq!(run.code(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("is writable by others"), "{}", run.stderr);
    assert!(fs::read_dir(&install_path)?.next().is_none());
    Ok(())
}

/// Attributes that a program makes up are not trusted; the program is not even asked.
fn by_fuse() -> Result<(), Failed> {
    let folder = open_folder();
    let server = Unserved::start(&[folder.path().to_str().unwrap(), &prog("getppid")]);
    let object = folder.path().join("program");
    for (variable, code) in [(None, 0), (Some(object.as_path()), 1), (Some(folder.path()), 1)] {
        let start = Instant::now();
        let run = trace_true(&tracee(), folder.path(), "never", variable);
        assert!(start.elapsed() < Duration::from_secs(20));
        assert_eq!(run.code(), code, "{}", run.stderr);
        assert!(run.stderr.contains("may be anybody's (fuse)"), "{}", run.stderr);
    }
    server.end();
    Ok(())
}

fn no_clang_is_said() -> Result<(), Failed> {
    let folder = open_folder();
    let run = finish(
        tracee_command()
            .args(["--build-policy", "always", "--install-path"])
            .arg(folder.path())
            .env("PATH", "/nowhere"),
    );
    assert_eq!(run.code(), 1);
    assert!(
        run.stderr.contains("clang is missing: install clang"),
        "{}",
        run.stderr
    );
    assert!(fs::read_dir(folder.path())?.next().is_none(), "something is left");
    Ok(())
}

fn rebuild() -> Result<(), Failed> {
    let folder = open_folder();
    chown(folder.path(), Some(NOBODY), None)?;
    let install_path = folder.path().join("tracee");
    let object = install_path.join(FILE_NAME);
    let run = finish(
        tracee_command()
            .args(["--build-policy", "always", "--install-path"])
            .arg(&install_path)
            .uid(NOBODY)
            .gid(NOBODY),
    );
    assert!(run.stderr.contains("no privilege to trace"), "{}", run.stderr);
    assert_eq!(fs::metadata(&object)?.uid(), NOBODY);
    let left = fs::read_dir(&install_path)?.count();
    assert_eq!(left, 1, "something is left");

    // Root does not use it before root owns it.
    assert_used(
        &trace_true(&tracee(), &install_path, "if-needed", None),
        "embedded",
    );
    for path in [folder.path(), &install_path, &object] {
        chown(path, Some(0), None)?;
    }
    let shown = object.to_str().unwrap();
    assert_used(&trace_true(&tracee(), &install_path, "never", None), shown);

    // One of another version is rebuilt, if the policy lets it.
    put_object(&object, "version");
    assert_used(&trace_true(&tracee(), &install_path, "never", None), "embedded");
    assert_used(&trace_true(&tracee(), &install_path, "if-needed", None), shown);
    Ok(())
}

fn build_folders(install_path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(install_path).unwrap().flatten();
    let mut folders: Vec<_> = entries.map(|entry| entry.path()).collect();
    folders.retain(|path| path.file_name().unwrap().as_bytes().starts_with(b"build-"));
    folders.sort();
    folders
}

/// A tracee that rebuilds, by a compiler that takes its time.
fn building(install_path: &Path) -> std::process::Child {
    let clang = install_path.join("clang");
    fs::write(&clang, "#!/bin/sh\nexec sleep 30\n").unwrap();
    fs::set_permissions(&clang, Permissions::from_mode(0o755)).unwrap();
    let child = tracee_command()
        .args(["--build-policy", "always", "--install-path"])
        .arg(install_path)
        .env("CLANG", &clang)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let compiles = format!("/proc/{}/task", child.id());
    harness::wait_until("it compiles", || {
        let tasks = fs::read_dir(&compiles).unwrap().flatten();
        tasks
            .map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default())
            .any(|children| !children.is_empty())
    });
    child
}

/// Its compilers, which would keep sleeping.
fn compilers_of(pid: u32) -> Vec<nix::unistd::Pid> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    tasks
        .flat_map(|task| {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            let pids = children.split_whitespace().filter_map(|pid| pid.parse().ok());
            pids.map(nix::unistd::Pid::from_raw).collect::<Vec<_>>()
        })
        .collect()
}

fn stopped_rebuild() -> Result<(), Failed> {
    use nix::sys::signal::{kill, Signal};
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let folder = open_folder();
        let mut child = building(folder.path());
        assert_eq!(build_folders(folder.path()).len(), 1);
        let compilers = compilers_of(child.id());
        kill(nix::unistd::Pid::from_raw(child.id() as i32), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert!(build_folders(folder.path()).is_empty(), "{signal}");
        for compiler in compilers {
            kill(compiler, Signal::SIGKILL)?;
        }
    }
    Ok(())
}

fn killed_rebuilds() -> Result<(), Failed> {
    let folder = open_folder();
    let path = |name: &str| folder.path().join(name);
    let mut other = building(folder.path());
    let compilers = compilers_of(other.id());
    let in_use = build_folders(folder.path());
    // Left by a killed rebuild; and folders that are not ours, or have another name.
    for (name, mode) in [
        ("build-kill3d", 0o700),
        ("build-0pened", 0o755),
        ("build-abc", 0o700),
    ] {
        fs::create_dir(path(name)).unwrap();
        fs::write(path(name).join("part.o"), "").unwrap();
        fs::set_permissions(path(name), Permissions::from_mode(mode)).unwrap();
    }
    symlink("build-abc", path("build-l1nked")).unwrap();
    let run = finish(
        tracee_command()
            .args(["--build-policy", "always", "--install-path"])
            .arg(folder.path())
            .env("CLANG", "/nonexistent/clang"),
    );
    assert_eq!(run.code(), 1, "{}", run.stderr);
    let mut left = [
        &in_use[..],
        &[path("build-0pened"), path("build-abc"), path("build-l1nked")],
    ]
    .concat();
    left.sort();
    assert_eq!(build_folders(folder.path()), left);
    assert!(path("build-abc/part.o").exists());
    other.kill().unwrap();
    other.wait().unwrap();
    for compiler in compilers {
        nix::sys::signal::kill(compiler, nix::sys::signal::Signal::SIGKILL)?;
    }
    Ok(())
}
