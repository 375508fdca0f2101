//! Calls that seccomp or a tracer keeps from running, or changes meanwhile: no false success, no hidden call.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use libtest_mimic::Failed;
use serde_json::{json, Value};

use crate::harness::{prog, totals, trace, value, Background, Run};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("calls_that_never_ran_are_no_success", refused),
        Test::new("calls_that_a_tracer_changes_are_told_as_they_ran", changed),
        Test::new(
            "what_comes_back_under_another_number_is_told_as_it_was",
            renumbered,
        ),
        Test::new("a_made_up_open_is_no_opened_file", made_up_open),
        Test::new("true_calls_are_never_told_as_not_carried_out", churn),
        Test::new("a_call_from_before_tracing_is_unverified", from_before),
        Test::new("verify_results_looks_at_every_call", verify),
    ]
}

const CALLS: &str = "openat,execve,fork,exit_group,getpid,getppid";

/// The events of each process in the program's log.
fn by_name(run: &Run) -> BTreeMap<String, Vec<&Value>> {
    run.stdout
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, pid)| {
            let pid: u64 = pid.parse().unwrap();
            let its = run.events.iter().filter(|event| event["hostProcessId"] == pid);
            (name.to_owned(), its.collect())
        })
        .collect()
}

/// `openat`s of a process: result, whether carried out (null: no key), and what the program saw.
fn opens(events: &[&Value]) -> Vec<Value> {
    let told = |event: &&&Value| event["eventName"] == "openat";
    events
        .iter()
        .filter(told)
        .map(|event| {
            assert_ne!(event.get("carriedOut"), Some(&Value::Null), "{event}");
            json!([event["returnValue"], event["carriedOut"], event["seenByProgram"]])
        })
        .collect()
}

fn refused() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let table = folder.path().join("table");
    let to_table = format!("table-verbose:{}", table.display());
    let run = trace(&["-e", CALLS, "-o", &to_table], &[&prog("refused")]);
    let all = by_name(&run);
    let not_run = |seen: i64| json!([-38, false, seen]);
    let expected = BTreeMap::from([
        ("errno", json!([-1, false, null])),
        ("errno0", not_run(0)),
        ("handled", not_run(257)),
        ("trap", not_run(257)),
        ("process", not_run(257)),
        ("thread", not_run(257)),
        ("trace", json!([-38, false, null])),
        ("notify", not_run(3)),
        ("sysemu", not_run(3)),
        // A call that seccomp allows is a call like any other.
        ("allow", json!([-2, null, null])),
        ("log", json!([-2, null, null])),
        ("continue", json!([-2, null, null])),
    ]);
    for (name, expected) in &expected {
        // Up to Linux 5.15 a task that seccomp kills never reaches sys_exit.
        if ["process", "thread"].contains(name) && opens(&all[*name]).is_empty() {
            continue;
        }
        assert_eq!(
            opens(&all[*name]),
            std::slice::from_ref(expected),
            "{name}: {:?}",
            all[*name]
        );
    }
    let table = std::fs::read_to_string(table)?;
    let count = |words: &str| {
        table
            .lines()
            .filter(|line| line.contains("openat") && line.contains(words))
            .count()
    };
    let refused = run.named("openat");
    let refused = refused.iter().filter(|event| event["carriedOut"] == false);
    assert_eq!(count(" not run "), refused.count(), "{table}");
    assert_eq!(count(" -1 EPERM not run "), 1, "{table}");
    assert_eq!(count("unverified"), 0, "{table}");
    Ok(())
}

/// The events of each process without its forks and its end, each with its result and whether it was carried out.
fn renumbered() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let calls = "chmod,fork,vfork,execve,execveat,openat,setpgid,kill,security_file_open,rt_sigreturn";
    let command = [&prog("renumbered"), folder.path().to_str().unwrap()];
    let run = trace(&["-e", calls], &command);
    let all = by_name(&run);
    let told = |of: &str| -> Vec<Value> {
        let its = all[of]
            .iter()
            .filter_map(|event| match event["eventName"].as_str()? {
                // Only one mechanism of it has a result; and the program itself is opened when it is executed.
                "security_file_open" => {
                    (value(event, "pathname") == "/etc/passwd").then(|| json!("security_file_open"))
                }
                name => Some(json!([name, event["returnValue"], event["carriedOut"]])),
            });
        its.collect()
    };
    assert_eq!(
        told("sigreturn"),
        [json!(["rt_sigreturn", null, null]), json!(["chmod", -38, false])]
    );
    assert_eq!(told("fork"), [json!(["fork", -38, false])]);
    assert_eq!(told("exec"), [json!(["execve", -38, false])]);
    let late = told("late");
    assert_eq!((late.len(), &late[1][0]), (2, &"execveat".into()), "{late:?}");
    assert!(late[1][1].as_i64() < Some(0) && late[1][2].is_null(), "{late:?}");
    for of in ["no-number", "as-setpgid"] {
        assert_eq!(
            told(of),
            [
                json!("security_file_open"),
                json!(["openat", 0, null]),
                json!(["execve", 0, null]),
                json!(["openat", -38, false]),
            ],
            "{of}"
        );
    }
    for of in ["vfork", "vfork-as-kill"] {
        let told = told(of);
        assert_eq!((told.len(), &told[0][0]), (1, &"vfork".into()), "{of}: {told:?}");
        assert!(told[0][1].as_i64() > Some(0), "{of}: {told:?}");
    }
    Ok(())
}

fn changed() -> Result<(), Failed> {
    let run = trace(&["-e", CALLS], &[&prog("refused")]);
    let all = by_name(&run);
    let names = |of: &str| -> Vec<&str> {
        all[of]
            .iter()
            .filter(|event| event["eventName"] != "getpid")
            .map(|event| event["eventName"].as_str().unwrap())
            .collect()
    };
    // The number that the tracer set before the call is the one that ran.
    assert_eq!(names("entry"), ["getppid", "exit_group"]);
    assert_eq!(names("minus"), ["exit_group"]);
    // A result that it sets afterwards is not the kernel's.
    assert_eq!(opens(&all["exit"]), [json!([-2, null, null])]);
    // In the middle of a call a tracer cannot change number or arguments.
    for of in ["fork", "forged", "exiting"] {
        assert_eq!(names(of), ["fork", "exit_group"], "{of}: {:?}", all[of]);
        let (fork, exit) = (all[of][all[of].len() - 2], all[of][all[of].len() - 1]);
        assert!(fork["returnValue"].as_i64().unwrap() > 0, "{fork}");
        assert_eq!(exit["args"][0]["value"], 3, "{exit}");
    }
    assert_eq!(names("exec"), ["execve", "exit_group"]);
    Ok(())
}

/// Events that are obtained after the call, where no better mechanism is available.
fn made_up_open() -> Result<(), Failed> {
    let run = trace(&["-e", "security_file_open,openat"], &[&prog("refused")]);
    let all = by_name(&run);
    for name in ["notify", "sysemu", "errno0"] {
        let told: Vec<_> = all[name].iter().map(|event| &event["eventName"]).collect();
        assert_eq!(told, ["openat"], "{name}: {:?}", all[name]);
    }
    Ok(())
}

/// Eight threads and their children, some of which began before: of a million calls only the last one is refused.
fn churn() -> Result<(), Failed> {
    let refused = || Command::new(prog("refused"));
    let calls = if crate::harness::in_vm() { "2000" } else { "62500" };
    let last_of = |output: &std::process::Output| -> Option<u64> {
        let text = String::from_utf8_lossy(&output.stdout);
        text.trim().strip_prefix("last ")?.parse().ok()
    };
    let earlier = refused()
        .args(["churn", "8", &format!("{calls}0")])
        .stdout(Stdio::piped())
        .spawn()?;
    let background = Background::start(&["-t", "process:all", "-e", "openat", "-f", "openat.retval=-38"]);
    let last = refused().args(["churn", "8", calls]).output()?;
    let earlier = earlier.wait_with_output()?;
    let run = background.stop();
    let pid = last_of(&last).ok_or("it did not end as it should")?;
    let earlier = last_of(&earlier).ok_or("it did not end as it should")?;
    let own: Vec<_> = run
        .events
        .iter()
        .filter(|event| event["processName"] == "refused" && event["carriedOut"] == false)
        .collect();
    // The earlier process ends with such a call, too, unless it ended before.
    let expected = [pid, earlier];
    assert!(own.len() <= 2, "{own:?}");
    for event in &own {
        assert!(
            expected.iter().any(|pid| event["hostProcessId"] == *pid),
            "{event}"
        );
    }
    assert!(own.iter().any(|event| event["hostProcessId"] == pid), "{own:?}");
    assert_eq!(totals(&run.stderr).1, 0, "{}", run.stderr);
    Ok(())
}

fn from_before() -> Result<(), Failed> {
    let mut program = Command::new(prog("refused"))
        .arg("wait")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap()?, "ready");
    // The kernel shows when it is in its call.
    let call = format!("/proc/{}/syscall", program.id());
    crate::harness::wait_until("the program waits", || {
        std::fs::read_to_string(&call).is_ok_and(|text| text.starts_with("43 "))
    });
    let background = Background::start(&["-t", "process:all", "-e", "accept"]);
    let mut input = program.stdin.take().unwrap();
    for _ in 0..2 {
        input.write_all(b"\n")?;
        assert_eq!(lines.next().unwrap()?, "accepted");
    }
    assert!(program.wait()?.success());
    let run = background.stop();
    let accepts: Vec<_> = run
        .named("accept")
        .into_iter()
        .filter(|event| event["hostProcessId"] == program.id())
        .collect();
    assert_eq!(accepts.len(), 2, "{accepts:?}");
    assert_eq!(accepts[0].get("carriedOut"), Some(&Value::Null), "{}", accepts[0]);
    assert_eq!(accepts[1].get("carriedOut"), None, "{}", accepts[1]);
    for event in accepts {
        assert!(event["returnValue"].as_i64().unwrap() >= 0, "{event}");
    }
    Ok(())
}

/// getppid is no evidence: it is verified only on request.
fn verify() -> Result<(), Failed> {
    let seen = |flags: &[&str]| -> Value {
        let flags = [&["-e", "getppid"], flags].concat();
        let run = trace(&flags, &[&prog("refused"), "getppid"]);
        let pid: u64 = run.stdout.trim().trim_start_matches("getppid ").parse().unwrap();
        let event = run
            .events
            .iter()
            .find(|event| event["hostProcessId"] == pid)
            .unwrap();
        json!([event["returnValue"], event["carriedOut"], event["seenByProgram"]])
    };
    assert_eq!(seen(&[]), json!([0, null, null]));
    assert_eq!(seen(&["--verify-results"]), json!([-38, false, 0]));
    Ok(())
}
