//! Process life: the ways to exec and to exit, and the events of each.

use std::os::unix::fs::MetadataExt;

use libtest_mimic::Failed;
use serde_json::{json, Value};

use crate::harness::{arg, prog, same_everywhere, trace, value};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("a_command_is_traced_from_its_exec_on", from_its_exec_on),
        Test::new("execs_come_once_and_in_order", order).on_each_kernel(),
        Test::new("the_status_is_the_commands", status),
        Test::new("failing_execs_show_arguments_and_error", failing),
        Test::new("an_exec_by_a_thread_is_its_processs", by_thread),
        Test::new("execveat_shows_what_the_caller_gave", execveat),
        Test::new("long_argument_lists_say_what_is_missing", long_lists).unless(same_everywhere()),
        Test::new("sched_process_exec_agrees_with_stat", exec_event),
        Test::new("exit_exit_group_and_rt_sigreturn_are_seen", life),
        Test::new("fork_names_parent_and_child", fork),
        Test::new("the_environment_comes_when_asked_for", environment).once(),
        Test::new("one_exit_of_a_process_is_its_last", last_exits),
    ]
}

fn execs(run: &crate::harness::Run) -> Vec<(String, i64)> {
    run.events
        .iter()
        .filter(|event| event["eventName"] == "execve" || event["eventName"] == "execveat")
        .map(|event| {
            let path = value(event, "pathname").as_str().unwrap_or("null").to_owned();
            (path, event["returnValue"].as_i64().unwrap())
        })
        .collect()
}

/// Whether the tracepoint itself shows which exit is the last (`group_dead`).
fn tells_the_last() -> bool {
    let release = nix::sys::utsname::uname().unwrap();
    let release = release.release().to_string_lossy().into_owned();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    let mut number = || numbers.next().and_then(|number| number.parse().ok()).unwrap_or(0);
    (number(), number()) >= (6u32, 16u32)
}

fn last_exits() -> Result<(), Failed> {
    let run = trace(&["-e", "sched_process_exit"], &[&prog("together"), "200"]);
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let mut of = std::collections::BTreeMap::<u64, Vec<bool>>::new();
    for event in run.named("sched_process_exit") {
        let pid = event["processId"].as_u64().unwrap();
        of.entry(pid)
            .or_default()
            .push(value(event, "group_exit") == true);
    }
    assert_eq!(of.len(), 201);
    for (pid, last) in of.iter().filter(|(_, exits)| exits.len() == 3) {
        let count = last.iter().filter(|last| **last).count();
        assert!(
            count == 1 || count > 1 && !tells_the_last(),
            "{pid}: {count} are the last"
        );
    }
    Ok(())
}

/// Before it, the process is tracee's own, and reads a byte from its parent.
fn from_its_exec_on() -> Result<(), Failed> {
    let run = trace(&["-s", "syscalls"], &["true"]);
    let before: Vec<_> = run
        .events
        .iter()
        .filter(|event| event["processName"] != "true")
        .map(|event| &event["eventName"])
        .collect();
    assert_eq!(before, ["execve"]);
    assert_eq!(run.events[0]["eventName"], "execve");
    Ok(())
}

fn order() -> Result<(), Failed> {
    let run = trace(&["-e", "openat,execve"], &["sh", "-c", "ls / >/dev/null; true"]);
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let done: Vec<_> = execs(&run).into_iter().filter(|(_, ret)| *ret == 0).collect();
    let names: Vec<_> = done
        .iter()
        .map(|(path, _)| path.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(names, ["sh", "ls"]);
    assert!(run
        .named("openat")
        .iter()
        .all(|event| event["syscall"] == "openat"));
    assert!(run.events.is_sorted_by_key(|event| event["timestamp"].as_u64()));
    Ok(())
}

fn status() -> Result<(), Failed> {
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 128 + 15)] {
        assert_eq!(
            trace(&["-e", "execve"], &["sh", "-c", script]).code(),
            code,
            "{script}"
        );
    }
    Ok(())
}

fn failing() -> Result<(), Failed> {
    let run = trace(&["-e", "execve"], &[&prog("execs"), "failing", "one", "two"]);
    let failed: Vec<_> = run
        .named("execve")
        .into_iter()
        .filter(|event| event["returnValue"] != 0)
        .collect();
    assert_eq!(failed.len(), 4, "{failed:?}");
    assert_eq!(failed[0]["returnValue"], -14);
    assert_eq!(value(failed[0], "pathname"), &Value::Null);
    assert!(
        arg(failed[0], "pathname").get("error").is_none(),
        "a null pointer is no error"
    );
    assert_eq!(arg(failed[1], "pathname")["error"], "EFAULT");
    assert_eq!(value(failed[1], "argv"), &json!(["one", "two"]));
    assert_eq!(failed[2]["returnValue"], -2);
    assert_eq!(value(failed[2], "pathname"), "/nonexistent/file");
    assert_eq!(value(failed[2], "argv"), &json!(["one", "two"]));
    assert_eq!(value(failed[3], "pathname"), "/nonexistent/bad-array");
    assert_eq!(arg(failed[3], "argv")["error"], "EFAULT");
    Ok(())
}

fn by_thread() -> Result<(), Failed> {
    let run = trace(
        &["-e", "execve,sched_process_exec"],
        &[&prog("execs"), "thread", "/bin/true", "x"],
    );
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let execve = run.named("execve");
    assert_eq!(execve.len(), 2);
    assert_eq!(value(execve[1], "argv"), &json!(["/bin/true", "x"]));
    assert_eq!(execve[1]["processId"], execve[0]["processId"]);
    assert_eq!(execve[1]["processName"], "execs");
    assert_eq!(run.named("sched_process_exec").len(), 2);
    Ok(())
}

fn execveat() -> Result<(), Failed> {
    let run = trace(&["-e", "execve,execveat"], &[&prog("execs"), "fd", "/bin/true"]);
    let events = run.named("execveat");
    assert_eq!(events.len(), 1, "{:?}", run.events);
    assert_eq!(value(events[0], "pathname"), "");
    assert_eq!(arg(events[0], "flags")["text"], "AT_EMPTY_PATH");
    assert_eq!(value(events[0], "argv"), &json!(["/bin/true"]));
    let run = trace(
        &["-e", "execve,execveat"],
        &[&prog("execs"), "dirfd", "/bin", "true"],
    );
    let events = run.named("execveat");
    assert_eq!(events.len(), 1, "{:?}", run.events);
    assert_eq!(value(events[0], "pathname"), "true");
    assert!(value(events[0], "fd").as_i64().unwrap() > 2);
    assert_eq!(value(events[0], "argv"), &json!(["true"]));
    Ok(())
}

fn long_lists() -> Result<(), Failed> {
    // More pointers than are looked behind one by one are cut; the new image has them as one block.
    for (count, len, whole) in [
        (1024, 1, true),
        (4096, 1, true),
        (5000, 1, false),
        (9, 4096, true),
        (3, 5000, true),
    ] {
        let (count_text, len_text) = (count.to_string(), len.to_string());
        let command = [&prog("execs"), "long", &count_text, &len_text, "/bin/true"];
        let run = trace(&["-e", "execve"], &command);
        for (result, whole) in [(-2, whole), (0, true)] {
            let event = run
                .named("execve")
                .into_iter()
                .rfind(|event| event["returnValue"] == result)
                .unwrap();
            let argv = arg(event, "argv");
            let strings = argv["value"].as_array().unwrap();
            assert!(
                strings.iter().all(|s| s.as_str().unwrap().len() == len),
                "{count} of {len}"
            );
            assert_eq!(argv.get("truncated").is_none(), whole, "{count} of {len}");
            assert_eq!(strings.len() == count, whole, "{count} of {len}");
            if !whole {
                assert_eq!(argv["fullLength"], count, "{count} of {len}");
                assert!(strings.len() > 800, "{count} of {len}");
            }
        }
    }
    Ok(())
}

fn exec_event() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("script");
    std::fs::write(&script, "#!/bin/sh\ntrue\n")?;
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let script = script.to_str().unwrap();
    let run = trace(
        &["-e", "sched_process_exec"],
        &["sh", "-c", &format!("{script} a b </dev/null")],
    );
    let event = *run.named("sched_process_exec").last().unwrap();
    // The program that runs is the interpreter.
    let shell = std::fs::canonicalize("/bin/sh")?;
    let stat = std::fs::metadata(&shell)?;
    assert_eq!(value(event, "cmdpath"), script);
    assert_eq!(value(event, "pathname"), shell.to_str().unwrap());
    assert_eq!(event["executable"]["path"], shell.to_str().unwrap());
    assert_eq!(value(event, "argv"), &json!(["/bin/sh", script, "a", "b"]));
    assert_eq!(value(event, "interpreter"), "/bin/sh");
    assert_eq!(value(event, "inode"), stat.ino());
    assert_eq!(value(event, "inode_mode"), u64::from(stat.mode()));
    assert_eq!(
        value(event, "ctime"),
        stat.ctime() as u64 * 1_000_000_000 + stat.ctime_nsec() as u64
    );
    let dev = format!(
        "{}:{}",
        nix::sys::stat::major(stat.dev()),
        nix::sys::stat::minor(stat.dev())
    );
    assert_eq!(arg(event, "dev")["text"], dev);
    assert_eq!(arg(event, "stdin_type")["text"], "S_IFCHR");
    assert_eq!(value(event, "prev_comm"), "sh");
    assert_eq!(value(event, "invoked_from_kernel"), false);
    Ok(())
}

fn life() -> Result<(), Failed> {
    let events = ["-e", "exit,exit_group,rt_sigreturn,sched_process_exit"];
    let run = trace(&events, &[&prog("life")]);
    assert_eq!(run.code(), 3, "{}", run.stderr);
    assert_eq!(run.named("exit").len(), 1);
    assert_eq!(value(run.named("exit")[0], "error_code"), 0);
    assert_eq!(run.named("rt_sigreturn").len(), 1);
    let group = run.named("exit_group");
    assert_eq!(group.len(), 1, "the killed child called none");
    assert_eq!(value(group[0], "error_code"), 3);
    assert_eq!(group[0]["returnValue"], Value::Null);
    let exits = run.named("sched_process_exit");
    let of = |code: i64, signal: i64, last: bool| {
        exits
            .iter()
            .filter(|e| {
                value(e, "exit_code") == code
                    && value(e, "signal") == signal
                    && value(e, "group_exit") == last
            })
            .count()
    };
    assert_eq!(
        (of(0, 0, false), of(0, 9, true), of(3, 0, true), exits.len()),
        (1, 1, 1, 3),
        "{exits:?}"
    );
    Ok(())
}

fn fork() -> Result<(), Failed> {
    let run = trace(
        &["-e", "sched_process_fork,sched_process_exit,getppid"],
        &[&prog("getppid"), "3", "1"],
    );
    let forks = run.named("sched_process_fork");
    assert_eq!(forks.len(), 3);
    for fork in forks {
        assert_eq!(value(fork, "parent_pid"), &fork["hostProcessId"]);
        let child = value(fork, "child_pid");
        let call = run
            .named("getppid")
            .into_iter()
            .find(|call| &call["hostProcessId"] == child)
            .unwrap();
        assert_eq!(
            call["returnValue"], fork["processId"],
            "the kernel's own answer is the parent"
        );
        assert_eq!(call["parentProcessId"], fork["processId"]);
    }
    Ok(())
}

fn environment() -> Result<(), Failed> {
    let command = ["env", "-i", "A=1", "B=two", "/bin/true"];
    let run = trace(&["-e", "execve,sched_process_exec", "--show-exec-env"], &command);
    for name in ["execve", "sched_process_exec"] {
        assert_eq!(
            value(run.named(name).last().unwrap(), "envp"),
            &json!(["A=1", "B=two"]),
            "{name}"
        );
    }
    let run = trace(&["-e", "execve"], &command);
    assert!(run.named("execve")[0]["args"]
        .as_array()
        .unwrap()
        .iter()
        .all(|arg| arg["name"] != "envp"));
    Ok(())
}
