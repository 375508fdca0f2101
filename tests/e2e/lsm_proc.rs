//! Credentials, namespaces, and what tasks do to each other: by every mechanism of the kernel, against the programs'
//! own logs.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::prelude::{Engine as _, BASE64_STANDARD};
use libtest_mimic::Failed;
use serde_json::{json, Value};

use crate::harness::{arg, in_vm, prog, value};
use crate::means::{each_run, text, unavailable};
use crate::Test;

const TASKS: [&str; 6] = [
    "signal_deliver",
    "do_exit",
    "ptrace_attach",
    "process_vm_access",
    "security_task_prctl",
    "security_task_setrlimit",
];

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("commit_creds_tells_what_proc_tells", creds),
        Test::new("commit_creds_of_a_slow_exec", slow_exec),
        Test::new("switch_task_ns_tells_what_proc_tells", namespaces),
        Test::new("cap_capable_tells_audited_checks", capabilities).unless(unavailable("cap_capable")),
        Test::new("tasks_tell_what_they_did", tasks),
        Test::new("signals_name_sender_and_target", signal_names).on_each_kernel(),
        Test::new("security_settime64_tells_the_time", settime).unless(clock_is_not_ours()),
    ]
}

fn clock_is_not_ours() -> Option<String> {
    let other = (!in_vm()).then(|| "it would set the clock of this machine".into());
    unavailable("security_settime64").or(other)
}

/// Names of the fields that a text shows.
fn fields(text: &str) -> Vec<&str> {
    let inner = text.trim_start_matches('{').trim_end_matches('}');
    inner
        .split(", ")
        .filter_map(|field| field.split_once('='))
        .map(|(name, _)| name)
        .collect()
}

/// Asserts that an argument has these fields, and that its text shows those in which it differs.
fn assert_fields(event: &Value, name: &str, known: &[(&str, u64)], other: &[(&str, u64)]) {
    for (field, known) in known {
        assert_eq!(value(event, name)[field], *known, "{name}.{field}: {event}");
    }
    let changed: Vec<&str> = known
        .iter()
        .zip(other)
        .filter(|((_, one), (_, other))| one != other)
        .map(|((field, _), _)| *field)
        .collect();
    assert_eq!(fields(text(event, name)), changed, "{name}: {event}");
}

const CRED: [&str; 15] = [
    "uid",
    "gid",
    "suid",
    "sgid",
    "euid",
    "egid",
    "fsuid",
    "fsgid",
    "cap_inheritable",
    "cap_permitted",
    "cap_effective",
    "cap_bset",
    "cap_ambient",
    "securebits",
    "user_ns",
];

/// Where the log has each of these.
const CRED_COLUMNS: [usize; 15] = [0, 4, 1, 5, 2, 6, 3, 7, 8, 9, 10, 11, 12, 13, 14];

fn creds() -> Result<(), Failed> {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("creds");
    fs::copy(prog("creds"), &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o4755)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let command = [&prog("creds"), copy.to_str().unwrap()].map(|word: &str| word.to_owned());
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    each_run(&["commit_creds"], &command, |rung| {
        let snapshots: Vec<Vec<(&str, u64)>> = rung.log("cred").iter().map(|line| cred(line)).collect();
        assert!(snapshots.len() > 13, "{snapshots:?}");
        let expected: Vec<_> = snapshots.windows(2).filter(|pair| pair[0] != pair[1]).collect();
        let told = rung.run.named("commit_creds");
        assert_eq!(told.len(), expected.len());
        for (event, pair) in told.into_iter().zip(expected) {
            assert_fields(event, "old_cred", &pair[0], &pair[1]);
            assert_fields(event, "new_cred", &pair[1], &pair[0]);
            assert_eq!(event["returnValue"], Value::Null);
        }
    });
    Ok(())
}

/// A set-user-id exec, while many others make calls that might change something.
fn slow_exec() -> Result<(), Failed> {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("owned");
    fs::copy(prog("slowexec"), &copy).unwrap();
    std::os::unix::fs::chown(&copy, Some(4711), None)?;
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o4755)).unwrap();
    let others = if in_vm() { "300" } else { "6000" };
    let command = [&prog("slowexec"), copy.to_str().unwrap(), others];
    each_run(&["commit_creds"], &command, |rung| {
        let told = rung.run.named("commit_creds");
        assert_eq!(told.len(), 1, "{told:?} {}", rung.run.stderr);
        let euid = |name| &value(told[0], name)["euid"];
        assert_eq!((euid("old_cred"), euid("new_cred")), (&0.into(), &4711.into()));
    });
    Ok(())
}

fn cred(line: &[&str]) -> Vec<(&'static str, u64)> {
    let number = |column: usize| {
        let text = line[column].trim_start_matches("user:[").trim_end_matches(']');
        text.parse().unwrap()
    };
    CRED.into_iter()
        .zip(CRED_COLUMNS)
        .map(|(name, column)| (name, number(column)))
        .collect()
}

const NAMESPACES: [&str; 8] = [
    "mnt",
    "pid_for_children",
    "uts",
    "ipc",
    "net",
    "cgroup",
    "time",
    "time_for_children",
];

fn namespaces() -> Result<(), Failed> {
    each_run(&["switch_task_ns"], &[&prog("namespaces")], |rung| {
        let parse =
            |line: &Vec<&str>| -> Vec<u64> { line.iter().map(|word| word.parse().unwrap()).collect() };
        let mut snapshots: Vec<Vec<u64>> = rung.log("ns").iter().map(parse).collect();
        let child = rung.log("child").iter().map(parse).next().unwrap();
        let mut told = rung.run.named("switch_task_ns");
        // A pid namespace without a process cannot be opened; it must be another one.
        let new_pid_ns = told
            .iter()
            .map(|event| &value(event, "new_ns")["pid_for_children"])
            .find(|number| **number != snapshots[0][2])
            .and_then(Value::as_u64)
            .unwrap_or_default();
        for snapshot in &mut snapshots {
            if snapshot[2] == 0 {
                snapshot[2] = new_pid_ns;
            }
        }
        let known = |snapshot: &[u64]| -> Vec<(&str, u64)> {
            let numbers = snapshot[1..].iter().copied();
            NAMESPACES.into_iter().zip(numbers).collect()
        };
        // The child comes first; its parent reported it.
        let first = told.remove(0);
        if first["hostThreadId"] == first["threadId"] {
            assert_eq!(value(first, "pid"), child[0]);
        }
        assert_fields(first, "old_ns", &known(&snapshots[0]), &known(&child));
        assert_fields(first, "new_ns", &known(&child), &known(&snapshots[0]));
        let expected: Vec<_> = snapshots.windows(2).filter(|pair| pair[0] != pair[1]).collect();
        assert!(expected.len() > 4, "{snapshots:?}");
        assert_eq!(told.len(), expected.len());
        for (event, pair) in told.into_iter().zip(expected) {
            assert_eq!(value(event, "pid"), &event["hostThreadId"]);
            assert_eq!(event["threadId"], pair[0][0]);
            assert_fields(event, "old_ns", &known(&pair[0]), &known(&pair[1]));
            assert_fields(event, "new_ns", &known(&pair[1]), &known(&pair[0]));
        }
    });
    Ok(())
}

fn capabilities() -> Result<(), Failed> {
    each_run(&["cap_capable"], &[&prog("asks")], |rung| {
        let told: Vec<(&str, &str, &Value)> = rung
            .run
            .events
            .iter()
            .map(|event| {
                let call = event["syscall"].as_str().unwrap_or_default();
                (call, text(event, "cap"), &event["returnValue"])
            })
            .collect();
        let asked: Vec<_> = told
            .iter()
            .copied()
            .filter(|(call, ..)| ["sethostname", "chroot", "setresuid"].contains(call))
            .collect();
        let kprobe = rung.attach("cap_capable").contains("kprobe/");
        let [granted, refused] = match kprobe {
            true => [Value::Null, Value::Null],
            false => [json!(0), json!(-1)],
        };
        assert_eq!(
            asked,
            [
                ("sethostname", "CAP_SYS_ADMIN", &granted),
                ("chroot", "CAP_SYS_CHROOT", &granted),
                ("setresuid", "CAP_SETUID", &granted),
                ("chroot", "CAP_SYS_CHROOT", &refused),
                ("sethostname", "CAP_SYS_ADMIN", &refused),
            ]
        );
        // The kernel checks these, too, but not for the audit log.
        let quiet = |call: &str| ["mmap", "brk", "munmap", "mprotect"].contains(&call);
        assert!(told.iter().all(|(call, ..)| !quiet(call)), "{told:?}");
    });
    Ok(())
}

/// The name of the process that an argument is about, in hex; `-`: it has none.
fn process_name(event: &Value, name: &str) -> String {
    let arg = arg(event, name);
    let bytes = match (&arg["processName"], &arg["processNameBytes"]) {
        (Value::Null, Value::Null) => return "-".into(),
        (Value::String(text), Value::Null) => text.clone().into_bytes(),
        (_, bytes) => BASE64_STANDARD.decode(bytes.as_str().unwrap()).unwrap(),
    };
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn signal_names() -> Result<(), Failed> {
    let events = ["kill", "tkill", "tgkill", "signal_deliver"];
    each_run(&events, &[&prog("kills")], |rung| {
        let names: BTreeMap<&str, &str> = rung
            .log("name")
            .into_iter()
            .map(|line| (line[0], line[1]))
            .collect();
        let calls: Vec<_> = rung
            .run
            .events
            .iter()
            .filter(|event| event["eventName"] != "signal_deliver")
            .collect();
        let sent = rung.log("sent");
        assert_eq!(calls.len(), sent.len());
        for (event, line) in calls.iter().zip(sent) {
            assert_eq!(event["eventName"], line[0], "{event}");
            assert_eq!(value(event, "pid").to_string(), line[1], "{event}");
            let expected = if line[2] == "named" { names[line[1]] } else { "-" };
            assert_eq!(process_name(event, "pid"), expected, "{event}");
        }

        let mut senders = BTreeMap::<String, u32>::new();
        for event in rung.run.named("signal_deliver") {
            let has_sender = event["argsNum"] == 5 && !value(event, "sender_pid").is_null();
            if !has_sender {
                continue;
            }
            let sender = value(event, "sender_pid").to_string();
            // Not who says so itself.
            let expected = if sender == "1" { "-" } else { names[&*sender] };
            assert_eq!(process_name(event, "sender_pid"), expected, "{event}");
            *senders.entry(sender).or_default() += 1;
        }
        // Where the classic tracepoint is used, only a death shows its sender.
        let parent = rung.log("name")[0][0];
        let classic = rung.attach("signal_deliver").contains("tp/signal/");
        let at_least = if classic { 1 } else { 5 };
        assert!(
            senders.get(parent).is_some_and(|count| *count >= at_least),
            "{senders:?}"
        );
        assert!(classic || senders.len() == 4, "{senders:?}");
    });
    Ok(())
}

/// Arguments of events as the log has them.
fn columns(events: &[&Value], names: &[&str]) -> Vec<Vec<String>> {
    let column = |event: &Value, name: &str| {
        let found = event["args"]
            .as_array()
            .unwrap()
            .iter()
            .find(|arg| arg["name"] == name);
        found.map_or("-".to_owned(), |arg| arg["value"].to_string())
    };
    events
        .iter()
        .map(|event| {
            names
                .iter()
                .map(|name| match *name {
                    "RET" => event["returnValue"].to_string(),
                    "TID" => event["threadId"].to_string(),
                    name => column(event, name),
                })
                .collect()
        })
        .collect()
}

fn tasks() -> Result<(), Failed> {
    each_run(&TASKS, &[&prog("tasks")], |rung| {
        let log = |word: &str| -> Vec<Vec<String>> {
            let own = |line: Vec<&str>| line.into_iter().map(str::to_owned).collect();
            rung.log(word).into_iter().map(own).collect()
        };
        let pid: u64 = rung.log("signal")[0][2].parse().unwrap();
        let own = |name: &str| -> Vec<&Value> {
            let named = rung.run.named(name).into_iter();
            named.filter(|event| event["processId"] == pid).collect()
        };

        // Where programs on raw tracepoints are preempted, the classic one is used, which has no sender.
        let mut signals = log("signal");
        if rung.attach("signal_deliver").contains("tp/signal/") {
            for line in &mut signals {
                line[2..].fill("-".into());
            }
        }
        let names = ["sig", "code", "sender_pid", "sender_uid"];
        assert_eq!(columns(&own("signal_deliver"), &names), signals);

        let names = ["TID", "exit_code", "signal", "group_exit"];
        let mut exits = columns(&rung.run.named("do_exit"), &names);
        let mut known = log("exit");
        exits.sort();
        known.sort();
        assert_eq!(exits, known);

        let mut known = log("attach");
        if rung.attach("ptrace_attach").contains("kprobe/") {
            known.iter_mut().for_each(|line| line[0] = "null".into());
        }
        let names = ["RET", "pid", "request", "options"];
        assert_eq!(columns(&own("ptrace_attach"), &names), known);

        let mut known = log("memory");
        for line in &mut known {
            line[2] = if line[2] == "1" { "true" } else { "false" }.into();
        }
        let names = ["RET", "pid", "write", "local_count", "remote_count"];
        assert_eq!(columns(&own("process_vm_access"), &names), known);

        let names = ["option", "arg2", "arg3", "arg4", "arg5"];
        let mut controls = columns(&own("security_task_prctl"), &names);
        controls.retain(|line| line[3..] == ["4", "5"]);
        assert_eq!(controls, log("prctl"));

        let limits = own("security_task_setrlimit");
        let known = log("limit");
        assert_eq!(
            columns(&limits, &["pid", "resource"]),
            known.iter().map(|line| line[..2].to_vec()).collect::<Vec<_>>()
        );
        for (event, line) in limits.iter().zip(&known) {
            let limit = value(event, "new_rlim");
            if rung.is_after("security_task_setrlimit") && line[0] != pid.to_string() {
                assert!(limit.is_null(), "{event}");
                continue;
            }
            assert_eq!(limit["rlim_cur"].to_string(), line[2], "{event}");
            assert_eq!(limit["rlim_max"].to_string(), line[3], "{event}");
            assert_eq!(event["returnValue"], rung.allowed("security_task_setrlimit"));
        }
    });
    Ok(())
}

/// The clock is set to its current time.
fn settime() -> Result<(), Failed> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let event = "security_settime64";
    each_run(&[event], &["busybox", "date", "-s", &format!("@{now}")], |rung| {
        assert!(rung.is_available(event));
        let told = rung.run.named(event);
        assert_eq!(told.len(), 1);
        assert_eq!(value(told[0], "ts"), &json!({ "tv_sec": now, "tv_nsec": 0 }));
        assert!(value(told[0], "tz").is_null());
        assert_eq!(told[0]["returnValue"], rung.allowed(event));
    });
    Ok(())
}
