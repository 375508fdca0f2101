//! Messages, vectors, names of flags, the call behind an event of the kernel's, and what a process dies of.

use libtest_mimic::Failed;
use serde_json::{json, Value};

use crate::harness::{arg, lacks_tool, prog, same_everywhere, trace, value, Run};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("messages_are_told_with_all_they_point_to", messages),
        Test::new("buffers_of_vectors_are_shown_on_request", vectors),
        Test::new("names_are_those_of_the_call_itself", names)
            .unless(lacks_tool("python3"))
            .unless(same_everywhere()),
        Test::new("process_life_tells_the_call_behind_it", life),
        Test::new("signals_tell_what_a_process_dies_of", deaths),
    ]
}

fn messages() -> Result<(), Failed> {
    let run = trace(&["-e", "sendmmsg,recvmmsg,sendmsg"], &[&prog("vectors")]);
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let ports: Vec<u64> = run
        .stdout
        .split_whitespace()
        .map(|port| port.parse().unwrap())
        .collect();
    for (name, port) in [("sendmmsg", ports[0]), ("recvmmsg", ports[1])] {
        let event = run.named(name)[0];
        assert_eq!(event["returnValue"], 2);
        let messages = value(event, "mmsg").as_array().unwrap();
        assert_eq!(messages.len(), 2);
        for (message, len) in messages.iter().zip([4, 9]) {
            assert_eq!(message["msg_len"], len, "{event}");
            assert_eq!(message["msg_hdr"]["msg_name"]["sin_addr"], "127.0.0.1");
            assert_eq!(message["msg_hdr"]["msg_name"]["sin_port"], port);
            assert_eq!(message["msg_hdr"]["msg_iov"].as_array().unwrap().len(), 1);
            assert!(message["msg_hdr"].get("buffer").is_none());
        }
    }
    // Of 600 bytes of control data 512 are read.
    let cut = arg(run.named("sendmsg")[0], "msg");
    assert_eq!(cut["truncated"], true, "{cut}");
    assert_eq!(cut["cuts"], json!([{"field": "msg_control", "fullLength": 600}]));

    // More messages than there is room for: the first ones, and how many there are.
    let run = trace(
        &["-e", "sendmmsg", "--decode-buffers", "8"],
        &[&prog("vectors"), "many"],
    );
    let all = arg(run.named("sendmmsg")[0], "mmsg");
    let shown = all["value"].as_array().unwrap();
    assert_eq!(shown.len(), 64);
    assert_eq!(
        (&all["truncated"], &all["fullLength"]),
        (&json!(true), &json!(100))
    );
    assert!(
        shown.iter().all(|message| message["msg_hdr"]["buffer"] == "x"),
        "{all}"
    );
    Ok(())
}

fn vectors() -> Result<(), Failed> {
    let chosen =
        "readv,writev,preadv,pwritev,preadv2,pwritev2,vmsplice,process_vm_readv,process_vm_writev,sendmmsg,\
                  recvmmsg,sendmsg";
    let run = trace(&["-e", chosen, "--decode-buffers", "64"], &[&prog("vectors")]);
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let whole = "one two three";
    for (name, argument, data) in [
        ("writev", "vec", whole),
        ("readv", "vec", whole),
        ("pwritev", "vec", whole),
        ("preadv", "vec", "two three"),
        ("pwritev2", "vec", "one "),
        ("preadv2", "vec", "one "),
        ("vmsplice", "uiov", whole),
        ("process_vm_writev", "lvec", "one "),
        ("process_vm_readv", "lvec", " thr"),
    ] {
        let found = arg(run.named(name)[0], argument);
        if name.starts_with("process_vm") {
            assert_eq!(
                found["buffer"].as_str().unwrap().len(),
                data.len(),
                "{name}: {found}"
            );
        } else {
            assert_eq!(found["buffer"], data, "{name}: {found}");
        }
        assert!(found.get("bufferTruncated").is_none(), "{found}");
    }
    // Memory of another process is not shown.
    assert!(arg(run.named("process_vm_readv")[0], "rvec")
        .get("buffer")
        .is_none());
    // The second buffer of this one is unmapped.
    let bad = arg(run.named("writev")[1], "vec");
    assert_eq!(
        (&bad["buffer"], &bad["bufferTruncated"]),
        (&json!("ok"), &json!(true))
    );
    let data = |name: &str, at: usize| value(run.named(name)[0], "mmsg")[at]["msg_hdr"]["buffer"].clone();
    assert_eq!([data("sendmmsg", 0), data("sendmmsg", 1)], ["one ", "two three"]);
    assert_eq!([data("recvmmsg", 0), data("recvmmsg", 1)], ["one ", "two three"]);
    assert_eq!(value(run.named("sendmsg")[0], "msg")["buffer"], whole);

    let run = trace(&["-e", "writev", "--decode-buffers", "6"], &[&prog("vectors")]);
    let cut = arg(run.named("writev")[0], "vec");
    assert_eq!(cut["buffer"], "one tw");
    assert_eq!(
        (&cut["bufferTruncated"], &cut["bufferFullLength"]),
        (&json!(true), &json!(13))
    );
    let text = cut["text"].as_str().unwrap();
    assert_eq!(text, "[2 buffers, 13 bytes: \"one tw\"... (13 in all)]");
    Ok(())
}

/// Flags whose bits have other names in a similar table; made by syscall(2), so that all arrive.
fn names() -> Result<(), Failed> {
    let python = "import ctypes\n\
        c = ctypes.CDLL(None).syscall\n\
        how = (ctypes.c_ulong * 3)(0o102, 0x1234567800010180, 0)\n\
        for call in [(446, -1, 1), (446, -1, 2), (445, -1, 1, None, 1), (272, 0x80), (308, -1, 0x80), (292, -1, -1, 0x80000),\n\
            (263, -100, b'/nonexistent/names', 0x200), (55, -1, 1, 26, None, None), (54, -1, 1, 26, None, 0),\n\
            (55, -1, 0, 64, None, None), (16, -1, 0x802c542a, None), (16, -1, 0x402c542b, None), (16, -1, 0xc020660b, None),\n\
            (437, -100, b'/nonexistent/names', how, ctypes.c_long(24)), (154, 77, None, 0)]: c(*call)\n";
    let chosen = "landlock_*,unshare,setns,dup3,unlinkat,getsockopt,setsockopt,ioctl,openat2,modify_ldt,security_file_open";
    let run = trace(&["-e", chosen], &["python3", "-c", python]);
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let texts = |name: &str, argument: &str| -> Vec<String> {
        let refused = run
            .named(name)
            .into_iter()
            .filter(|event| event["returnValue"].as_i64() < Some(0));
        let text = |event: &Value| {
            arg(event, argument)["text"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        refused.map(text).collect()
    };
    assert_eq!(
        texts("landlock_restrict_self", "flags"),
        [
            "LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF",
            "LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON"
        ]
    );
    assert_eq!(texts("landlock_add_rule", "flags"), ["LANDLOCK_ADD_RULE_QUIET"]);
    assert_eq!(texts("setns", "flags"), ["CLONE_NEWTIME"]);
    assert_eq!(texts("dup3", "flags"), ["O_CLOEXEC"]);
    assert_eq!(texts("unlinkat", "flag"), ["AT_REMOVEDIR"]);
    assert_eq!(
        texts("getsockopt", "optname"),
        ["SO_GET_FILTER", "IPT_SO_GET_INFO"]
    );
    assert_eq!(texts("setsockopt", "optname"), ["SO_ATTACH_FILTER"]);
    let asked = texts("ioctl", "cmd");
    assert!(
        asked.ends_with(&["TCGETS2", "TCSETS2", "FS_IOC_FIEMAP"].map(str::to_owned)),
        "{asked:?}"
    );
    let how = value(run.named("openat2")[0], "how");
    assert_eq!(how["mode"], 0x1234_5678_0001_0180_u64);
    // An int that the kernel returns as an unsigned number.
    assert_eq!(run.named("modify_ldt")[0]["returnValue"], -38);
    // The kernel's own flag for files that are opened to be executed.
    let opened = run.named("security_file_open");
    let flags: Vec<_> = opened
        .iter()
        .map(|event| arg(event, "flags")["text"].to_string())
        .collect();
    assert!(flags.iter().all(|flags| !flags.contains("0x20")), "{flags:?}");
    assert!(
        flags.iter().any(|flags| flags.contains("__FMODE_EXEC")) || flags.is_empty() || !has_exec(&run),
        "{flags:?}"
    );
    Ok(())
}

/// Only a hook in the kernel sees what an execve opens.
fn has_exec(run: &Run) -> bool {
    run.named("security_file_open")
        .iter()
        .any(|event| event["syscall"] == "execve")
}

fn life() -> Result<(), Failed> {
    let chosen = "sched_process_fork,sched_process_exec,sched_process_exit,do_exit";
    let command = [
        "sh",
        "-c",
        "(kill -9 $(exec sh -c 'echo $PPID')); true | exec cat; exit 3",
    ];
    let run = trace(&["-e", chosen, "--detect-original-syscall"], &command);
    assert_eq!(run.code(), 3, "{}", run.stderr);
    let calls = |name: &str| -> Vec<String> {
        let named = run.named(name);
        named
            .iter()
            .map(|event| event["syscall"].as_str().unwrap_or("none").to_owned())
            .collect()
    };
    let forks = calls("sched_process_fork");
    assert!(
        !forks.is_empty()
            && forks
                .iter()
                .all(|call| ["clone", "clone3", "fork", "vfork"].contains(&&**call)),
        "{forks:?}"
    );
    let execs = calls("sched_process_exec");
    assert!(
        execs.len() >= 3 && execs.iter().all(|call| call == "execve"),
        "{execs:?}"
    );
    for name in ["sched_process_exit", "do_exit"] {
        for event in run.named(name) {
            // A process dies of a signal in the call during which it came: here in the kill(2) that sent it.
            let expected = if value(event, "signal") == 9 {
                "kill"
            } else {
                "exit_group"
            };
            assert_eq!(event["syscall"], expected, "{event}");
        }
    }
    Ok(())
}

fn deaths() -> Result<(), Failed> {
    let run = trace(&["-e", "signal_deliver"], &[&prog("dies")]);
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let mut compared = 0;
    for line in run.stdout.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| words[at].parse::<i64>().unwrap();
        let (pid, sig, code, sender) = (number(1), number(2), number(3), number(4));
        let fatal = |event: &&&Value| event["processId"] == pid && value(event, "group_exit") == true;
        let events = run.named("signal_deliver");
        let events: Vec<_> = events.iter().filter(fatal).collect();
        assert!(!events.is_empty(), "{line}");
        for event in events {
            assert_eq!(value(event, "sig"), sig, "{line}: {event}");
            let first = event["threadId"] == pid;
            match words[0] {
                // The kernel does not keep the sender of a SIGKILL.
                "killed" => assert_eq!(value(event, "code"), &json!(null), "{event}"),
                // A signal that waits for threads that block it may be another one of the same number.
                "blocked" => assert_eq!(value(event, "code"), &json!(null), "{event}"),
                // A signal to one thread waits at that thread alone.
                "thread" if !first => {}
                _ => assert_eq!(value(event, "code"), code, "{line}: {event}"),
            }
            if words[0] == "queued" {
                // Values that the sender chose.
                assert_eq!(value(event, "sender_pid"), &json!(null), "{line}: {event}");
                assert_eq!(value(event, "sender_uid"), &json!(null), "{line}: {event}");
            } else if ["alone", "threads", "thread"].contains(&words[0]) {
                assert_eq!(value(event, "sender_pid"), sender, "{line}: {event}");
                assert_eq!(value(event, "sender_uid"), number(5), "{line}: {event}");
            } else {
                assert_eq!(event["argsNum"], 3, "{line}: {event}");
            }
            compared += 1;
        }
    }
    // Every thread of each, and the second of the one that exits.
    assert!(compared >= 10, "{compared}");
    Ok(())
}
