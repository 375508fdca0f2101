//! The command line: mistakes, privilege, `--list`.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Failed;
use nix::sched::{unshare, CloneFlags};

use crate::harness::{finish, kernel, lacks_tool, run, same_everywhere, tracee, tracee_command};
use crate::Test;

pub const NOBODY: u32 = 65534;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("mistakes_are_one_line_and_status_2", mistakes).unless(same_everywhere()),
        Test::new("help_of_a_flag", help_of_a_flag).unless(same_everywhere()),
        Test::new("wrong_values_of_trace", wrong_scopes).unless(same_everywhere()),
        Test::new("no_privilege_names_what_is_missing", no_privilege),
        Test::new("a_user_namespace_is_named_as_the_reason", user_namespace).unless(lacks_tool("unshare")),
        Test::new("bpf_and_perfmon_suffice", two_capabilities).on_each_kernel(),
        Test::new("no_btf_is_said", no_btf).unless(lacks_tool("mount")),
        Test::new("a_pid_that_does_not_exist", no_such_pid).unless(same_everywhere()),
        Test::new("a_command_that_does_not_exist", no_such_command).unless(same_everywhere()),
        Test::new("messages_have_no_control_characters", messages).unless(same_everywhere()),
        Test::new("globs_leave_out_what_names_refuse", globs).unless(same_everywhere()),
        Test::new("what_is_left_out_is_told_by_reason_before_the_table", left_out).once(),
    ]
}

pub fn one_line(stderr: &str) -> Result<(), Failed> {
    let lines: Vec<_> = stderr.lines().collect();
    if lines.len() == 1 && lines[0].starts_with("tracee: ") {
        Ok(())
    } else {
        Err(format!("not one line: {stderr}").into())
    }
}

fn mistakes() -> Result<(), Failed> {
    for (args, expected) in [
        (&["-e", "opennat"][..], "did you mean openat?"),
        (&["-e", "zzz*"], "\"zzz*\""),
        (&["-b", "3"], "--buffer-size"),
        (&["-b", "3"], "64KiB"),
        (&["-o", "xml"], "table-verbose"),
        (&["-o", "json:"], "--output"),
        (&["-t", "nobody"], "process, container or host"),
        (&["-t", "process:0"], "\"process:0\""),
        (&["-s", "defalt"], "did you mean default?"),
        (&["-x", "nosuch"], "nosuch"),
        (&["-e", "open", "-x", "open"], "every event is excluded"),
        (&["-t", "p:all", "--", "true"], "exclude each other"),
        (&["--nosuchflag"], "--nosuchflag"),
        (&["stray"], "after `--`"),
        (&["--list", "openat"], "--list -e openat"),
        (&["--verbose", "-e", "openat"], "only with --list"),
        // Flags that would be ignored are refused.
        (&["-e", "openat", "--"], "the command after -- is missing"),
        (
            &["-l", "-o", "json:/tmp/never-written"],
            "the :TARGET of --output",
        ),
        (&["-l", "-f", "INVALID"], "--filter"),
        (&["-l", "-t", "p:all"], "--trace"),
        (&["-l", "--capture", "exec"], "--capture"),
        (&["-l", "--", "true"], "a command after --"),
        (
            &["--capture-limit", "total=1MiB"],
            "--capture-limit takes effect only with --capture",
        ),
        (
            &["--clear-output-path"],
            "--clear-output-path takes effect only with --capture",
        ),
        (
            &["--output-path", "/tmp/never-made"],
            "--output-path takes effect only with --capture",
        ),
        (&["-f", "container="], "no container has an empty id"),
        (
            &["--capture", "exec", "--capture-limit", "total=1MiB,total=2MiB"],
            "total is given twice",
        ),
    ] {
        let run = run(args);
        one_line(&run.stderr)?;
        assert_eq!(run.code(), 2, "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains(expected), "{args:?}: {}", run.stderr);
        assert!(run.stdout.is_empty());
    }
    Ok(())
}

/// Each message names what is allowed.
fn wrong_scopes() -> Result<(), Failed> {
    let kinds = "process, container or host";
    let pids = "after process: comes new, all or pids from 1 on";
    let ids = "after container: comes new, all, or ids (their beginnings) and names";
    let host = "after host: comes new or all";
    for (value, allowed) in [
        ("", kinds),
        ("x", kinds),
        ("P", kinds),
        ("processes", kinds),
        ("containers:all", kinds),
        (":new", kinds),
        ("new", kinds),
        ("c,h", kinds),
        ("p:", pids),
        ("process:New", pids),
        ("p:0", pids),
        ("p:-1", pids),
        ("p:+1", pids),
        ("p:1,", pids),
        ("p:1,,2", pids),
        ("p:new,1", pids),
        ("p:2147483648", pids),
        ("p:99999999999", pids),
        ("p:1 2", pids),
        ("p:sh", pids),
        ("c:", ids),
        ("container:a,", ids),
        ("c:a b", ids),
        ("c:a\u{e9}", ids),
        ("c:a;b", ids),
        ("h:", host),
        ("host:1", host),
        ("h:new,all", host),
        ("host:container", host),
    ] {
        let run = run(&["--trace", value]);
        one_line(&run.stderr)?;
        assert_eq!(run.code(), 2, "{value:?}: {}", run.stderr);
        for part in ["--trace", allowed, &format!("{value:?}")] {
            assert!(run.stderr.contains(part), "{value:?}: {}", run.stderr);
        }
        assert!(run.stdout.is_empty());
    }
    // Two scopes are refused.
    let run = run(&["-t", "c", "-t", "h"]);
    assert_eq!(run.code(), 2);
    one_line(&run.stderr)
}

fn help_of_a_flag() -> Result<(), Failed> {
    for flag in [
        "--trace",
        "--event",
        "--events-set",
        "--filter",
        "--output",
        "--capture",
    ] {
        let run = run(&[flag, "help"]);
        assert_eq!(run.code(), 0);
        assert!(
            run.stdout.starts_with(flag) && run.stderr.is_empty(),
            "{}",
            run.stdout
        );
    }
    for flag in ["--help", "--version"] {
        assert_eq!(run(&[flag]).code(), 0);
    }
    Ok(())
}

/// There root has all capabilities, and none that counts.
fn user_namespace() -> Result<(), Failed> {
    for flag in ["-Ur", "-U"] {
        let run = finish(
            Command::new("unshare")
                .arg(flag)
                .arg(tracee())
                .args(["-e", "execve"]),
        );
        one_line(&run.stderr)?;
        assert_eq!(run.code(), 1);
        assert!(run.stderr.contains("user namespace"), "{flag}: {}", run.stderr);
    }
    Ok(())
}

fn no_privilege() -> Result<(), Failed> {
    let run = finish(tracee_command().uid(NOBODY).gid(NOBODY));
    one_line(&run.stderr)?;
    assert_eq!(run.code(), 1);
    // Maps count as locked memory before Linux 5.11.
    let missing = match kernel() < (5, 11) {
        true => "CAP_BPF, CAP_PERFMON and CAP_SYS_RESOURCE missing",
        false => "CAP_BPF and CAP_PERFMON missing",
    };
    assert!(run.stderr.contains(missing), "{}", run.stderr);
    Ok(())
}

/// Debian's kernels refuse perf events with only these capabilities: other mechanisms are used.
fn two_capabilities() -> Result<(), Failed> {
    // capabilities(7). The second is for the memory of maps before 5.11, the first for the folder of tracefs.
    const DAC_READ_SEARCH: i32 = 2;
    const SYS_RESOURCE: i32 = 24;
    const PERFMON: i32 = 38;
    const BPF: i32 = 39;
    let mut command = tracee_command();
    // SAFETY: the child only makes system calls between fork and exec.
    unsafe {
        command.pre_exec(|| {
            for cap in (0..64).filter(|cap| ![DAC_READ_SEARCH, SYS_RESOURCE, PERFMON, BPF].contains(cap)) {
                // Numbers that the kernel does not know fail, which is fine.
                nix::libc::prctl(nix::libc::PR_CAPBSET_DROP, cap, 0, 0, 0);
            }
            Ok(())
        });
    }
    let run = finish(command.args(["-e", "execve,security_file_open", "--", "true"]));
    assert_eq!(run.code(), 0, "{}", run.stderr);
    assert!(run.stdout.contains("/true"), "{} {}", run.stdout, run.stderr);
    Ok(())
}

/// In a mount namespace where the kernel's BTF is hidden.
fn no_btf() -> Result<(), Failed> {
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "mount -t tmpfs none /sys/kernel/btf && exec \"$0\"",
        tracee().to_str().unwrap(),
    ]);
    // SAFETY: the child only makes two system calls between fork and exec.
    unsafe {
        command.pre_exec(|| {
            unshare(CloneFlags::CLONE_NEWNS)?;
            nix::mount::mount(
                None::<&str>,
                "/",
                None::<&str>,
                nix::mount::MsFlags::MS_PRIVATE | nix::mount::MsFlags::MS_REC,
                None::<&str>,
            )?;
            Ok(())
        });
    }
    let run = finish(&mut command);
    one_line(&run.stderr)?;
    assert_eq!(run.code(), 1);
    assert!(run.stderr.contains("CONFIG_DEBUG_INFO_BTF"), "{}", run.stderr);
    Ok(())
}

fn no_such_pid() -> Result<(), Failed> {
    let pid = nix::libc::pid_t::MAX.to_string();
    let run = run(&["-t", &format!("process:{pid}")]);
    one_line(&run.stderr)?;
    assert_eq!(run.code(), 1);
    assert!(run.stderr.contains(&pid), "{}", run.stderr);
    assert!(run.stdout.is_empty(), "{}", run.stdout);
    assert!(
        run.stderr.contains(&format!("there is no process {pid} ")),
        "{}",
        run.stderr
    );
    // A thread of ours that is no process.
    let (tell, told) = std::sync::mpsc::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        tell.send(nix::unistd::gettid()).unwrap();
        let _ = ended.recv();
    });
    let tid = told.recv().unwrap();
    let of_a_thread = self::run(&["-t", &format!("process:{tid}")]);
    drop(end);
    thread.join().unwrap();
    one_line(&of_a_thread.stderr)?;
    assert_eq!(of_a_thread.code(), 1);
    let said = format!("{tid} is a thread of process {}", std::process::id());
    assert!(of_a_thread.stderr.contains(&said), "{}", of_a_thread.stderr);
    Ok(())
}

fn no_such_command() -> Result<(), Failed> {
    for (command, status) in [
        ("no-such-command-anywhere", 127),
        ("/nonexistent/command", 127),
        ("/proc/self/status", 126),
        ("/proc", 126),
    ] {
        let run = run(&["--", command]);
        one_line(&run.stderr)?;
        assert_eq!(run.code(), status, "{}", run.stderr);
        assert!(run.stdout.is_empty(), "{}", run.stdout);
    }
    Ok(())
}

/// A terminal obeys none of the user's words, nor those of the environment.
fn messages() -> Result<(), Failed> {
    let hostile = "x\n\x1b[31m\r\u{9b}\u{202e}y";
    let path = format!("/nonexistent/{hostile}");
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let in_words = [
        vec!["-o".into(), format!("json:{path}")],
        vec!["-o".into(), hostile.into()],
        vec!["-e".into(), hostile.into()],
        vec!["-s".into(), hostile.into()],
        vec!["-x".into(), format!("{hostile}*")],
        vec!["-t".into(), format!("c:{hostile}")],
        vec!["-f".into(), format!("uid={hostile}")],
        vec!["-b".into(), hostile.into()],
        vec![format!("--{hostile}")],
        vec![format!("-{hostile}")],
        vec![hostile.into()],
        vec![format!("--debug={hostile}")],
        vec!["--capture".into(), format!("write={hostile}")],
        vec![
            "--capture".into(),
            "exec".into(),
            "--output-path".into(),
            format!("/proc/{hostile}"),
        ],
        vec!["--".into(), hostile.into()],
        vec!["--".into(), path.clone()],
    ];
    let runs = in_words
        .iter()
        .map(|args| (args.clone(), finish(tracee_command().args(args))))
        .chain([
            (
                words(&["TRACEE_BPF_FILE"]),
                finish(tracee_command().env("TRACEE_BPF_FILE", &path)),
            ),
            (
                words(&["CLANG"]),
                finish(
                    tracee_command()
                        .args(["--build-policy", "always", "--install-path"])
                        .arg(tempfile::tempdir()?.path().join(hostile))
                        .env("CLANG", &path),
                ),
            ),
        ]);
    for (what, run) in runs {
        assert_ne!(run.code(), 0, "{what:?}");
        for line in run.stderr.strip_suffix('\n').unwrap_or_default().split('\n') {
            assert!(line.starts_with("tracee: "), "{what:?}: {:?}", run.stderr);
            assert!(
                !line.chars().any(|char| char.is_control() || char == '\u{202e}'),
                "{what:?}: {line:?}"
            );
        }
        if what != ["CLANG"] {
            one_line(&run.stderr)?;
        }
        assert!(run.stdout.is_empty(), "{what:?}: {}", run.stdout);
    }
    Ok(())
}

/// Runs tracee with tracepoints only, whatever else this kernel supports.
pub fn by_tracepoints_alone(args: &[&str]) -> crate::harness::Run {
    finish(
        tracee_command()
            .args(args)
            .env("TRACEE_WITHOUT", "trampolines,kprobes"),
    )
}

/// security_sb_mount has no tracepoint.
fn globs() -> Result<(), Failed> {
    const MISSING: &str = "security_sb_mount";
    for glob in ["security_*", "*"] {
        let run = by_tracepoints_alone(&["-e", glob, "-o", "json", "--", "sh", "-c", ": </dev/null"]);
        assert_eq!(run.code(), 0, "{glob}: {}", run.stderr);
        let warned = run.stderr.lines().any(|line| {
            line.contains(" events are unavailable on this kernel and left out; --list --verbose shows why")
        });
        assert!(warned && !run.stderr.contains(MISSING), "{glob}: {}", run.stderr);
        assert!(
            run.stdout.contains("\"eventName\":\"security_file_open\""),
            "{glob}"
        );
    }
    for (events, said) in [
        (
            format!("security_*,{MISSING}"),
            format!("{MISSING} cannot be traced"),
        ),
        ("security_sb_moun?".into(), "none of the chosen events".into()),
    ] {
        let run = by_tracepoints_alone(&["-e", &events, "--", "true"]);
        one_line(&run.stderr)?;
        assert_eq!(run.code(), 1, "{events}: {}", run.stderr);
        assert!(
            run.stderr.contains(&said) && run.stderr.contains(MISSING),
            "{}",
            run.stderr
        );
        assert!(run.stdout.is_empty(), "{}", run.stdout);
    }
    Ok(())
}

fn left_out() -> Result<(), Failed> {
    let traced = |flags: &[&str]| {
        let run = finish(
            Command::new("sh")
                .args(["-c", "exec \"$0\" \"$@\" -o table -- true 2>&1"])
                .arg(tracee())
                .args(flags)
                .env("TRACEE_WITHOUT", "trampolines,kprobes"),
        );
        assert_eq!(run.code(), 0, "{}", run.stdout);
        run.stdout
    };
    let place = |out: &str, what: &str| {
        out.lines()
            .position(|line| line.contains(what))
            .unwrap_or_else(|| panic!("no {what}: {out}"))
    };
    let out = traced(&["-s", "all"]);
    assert!(
        place(
            &out,
            " events are unavailable on this kernel and left out; --list --verbose shows why"
        ) < place(&out, "TIME(s)"),
        "{out}"
    );
    let few = traced(&["-e", "security_sb_*,execve"]);
    place(
        &few,
        "warning: security_sb_mount and security_sb_umount are unavailable on this kernel and left out",
    );
    // A kernel without modules loads none: what nobody can miss is not told of.
    let modules = traced(&["-e", "module_*,execve"]);
    let has_modules = Path::new("/proc/modules").exists();
    assert!(has_modules || !modules.contains("left out"), "{modules}");
    // Each reason once.
    let out = traced(&["-s", "all", "--debug"]);
    let line = out.lines().nth(place(&out, "tracee: left out: ")).unwrap();
    let reason = "TRACEE_WITHOUT rules out trampolines";
    let groups = line.split("; ").filter(|group| group.contains(reason));
    let reasons: Vec<&str> = groups
        .map(|group| group.rsplit_once(" (").map_or(group, |(_, reason)| reason))
        .collect();
    let mut once = reasons.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), reasons.len(), "{line}");
    assert!(line.contains("security_sb_mount, "), "{line}");
    Ok(())
}
