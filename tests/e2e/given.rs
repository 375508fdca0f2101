//! Calls that write over what they were given, or into less room than they need: events show what was given, and what
//! the kernel wrote.

use libtest_mimic::Failed;
use serde_json::{json, Value};

use crate::harness::{arg, prog, trace, value, Run};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("what_a_call_writes_over_is_shown_as_given", kept),
        Test::new("memory_that_is_given_and_filled_in_is_shown_as_both", same_memory),
        Test::new("no_more_is_shown_than_the_kernel_has_written", rooms),
        Test::new("what_a_call_changes_is_shown_before_and_after", changed),
        Test::new(
            "memory_that_a_call_reaches_by_addresses_in_it_is_as_given",
            overlaps,
        ),
        Test::new("nothing_is_shown_that_no_call_has_written", unwritten),
    ]
}

fn given(calls: &str) -> Run {
    let run = trace(&["-e", calls], &[&prog("given")]);
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let late = run
        .events
        .iter()
        .find(|event| event.to_string().contains("readLate"));
    assert_eq!(late, None);
    run
}

/// The argument's value, and its other value.
fn both<'a>(run: &'a Run, call: &str, name: &str, other: &str) -> (&'a Value, &'a Value) {
    let event = run.named(call)[0];
    (value(event, name), &arg(event, name)[other])
}

fn kept() -> Result<(), Failed> {
    let run = given("select,pselect6,ppoll,sendfile,splice,capget");
    let after = |call, name| both(&run, call, name, "after");
    let time = |nanoseconds: u64| json!({"tv_sec": 0, "tv_nsec": nanoseconds});
    assert_eq!(after("select", "inp"), (&json!([40]), &json!([])));
    assert_eq!(after("select", "exp"), (&json!([40]), &json!([])));
    let (before, left) = after("select", "tvp");
    assert_eq!(*before, json!({"tv_sec": 0, "tv_usec": 4000}));
    assert_eq!(*left, json!({"tv_sec": 0, "tv_usec": 0}));
    assert_eq!(after("pselect6", "inp"), (&json!([40]), &json!([])));
    assert_eq!(after("pselect6", "tsp"), (&time(3_000_000), &time(0)));
    assert_eq!(after("ppoll", "tsp"), (&time(5_000_000), &time(0)));
    assert_eq!(after("sendfile", "offset"), (&json!(3), &json!(8)));
    assert_eq!(after("splice", "off_in"), (&json!(7), &json!(11)));
    let (before, left) = after("capget", "header");
    assert_eq!(before["version"], 0x1234_5678);
    assert_eq!(left["version"], 0x2008_0522);
    Ok(())
}

fn same_memory() -> Result<(), Failed> {
    let run = given(
        "rt_sigprocmask,setitimer,timerfd_settime,timer_settime,prlimit64,sigaltstack,rt_sigaction,nanosleep,newfstatat,\
         readlink",
    );
    let with = |call: &str, name: &str, given: &dyn Fn(&Value) -> bool| {
        let found = run.named(call).into_iter().any(|event| given(value(event, name)));
        assert!(found, "{call}: {:?}", run.named(call));
    };
    let text = |call: &str, name: &str| arg(run.named(call)[0], name)["text"].clone();
    assert_eq!(text("rt_sigprocmask", "nset"), "[SIGUSR1]");
    assert_eq!(text("rt_sigprocmask", "oset"), "[]");
    with("setitimer", "value", &|value| value["it_value"]["tv_sec"] == 11);
    with("setitimer", "ovalue", &|value| value["it_value"]["tv_sec"] == 77);
    with("timerfd_settime", "utmr", &|value| {
        value["it_value"]["tv_sec"] == 9
    });
    with("timerfd_settime", "otmr", &|value| {
        value["it_value"]["tv_sec"] == 0
    });
    with("timer_settime", "new_setting", &|value| {
        value["it_value"]["tv_sec"] == 12
    });
    with("prlimit64", "new_rlim", &|value| value["rlim_cur"] == 123);
    with("sigaltstack", "uss", &|value| value["ss_size"] == 16384);
    with("sigaltstack", "uoss", &|value| value["ss_size"] == 0);
    let window = run.named("rt_sigaction")[0];
    assert!(
        arg(window, "act")["text"]
            .as_str()
            .unwrap()
            .contains("sa_mask=[SIGUSR2]"),
        "{window}"
    );
    with("nanosleep", "rqtp", &|value| value["tv_sec"] == 6);
    with("nanosleep", "rmtp", &|value| value["tv_sec"].as_u64() < Some(6));
    // A path that its own answer replaces.
    with("newfstatat", "pathname", &|value| value == "/dev/null");
    with("readlink", "path", &|value| value == "/proc/self/exe");
    Ok(())
}

fn rooms() -> Result<(), Failed> {
    let run = given("accept,getpeername,recvfrom,recvmsg,recvmmsg,getsockopt");
    let all = serde_json::to_string(&run.events).unwrap();
    // The program's own bytes behind the room that it gave are not shown.
    assert!(!all.contains("198.51.100.7"), "{all}");
    let shown = |call: &str, name: &str| -> Vec<String> {
        let text = |event: &&Value| arg(event, name)["text"].as_str().unwrap_or_default().to_owned();
        run.named(call).iter().map(text).collect()
    };
    let accepted = shown("accept", "upeer_sockaddr");
    assert!(accepted[0].starts_with("0x"), "{accepted:?}");
    // Family and port: four bytes.
    let four = |text: &str| {
        text.strip_prefix("AF_INET (cut short):0200")
            .is_some_and(|port| port.len() == 4)
    };
    assert!(four(&accepted[1]), "{accepted:?}");
    for whole in &accepted[2..] {
        assert!(whole.starts_with("127.0.0.1:"), "{accepted:?}");
    }
    for (call, name) in [("getpeername", "usockaddr"), ("recvfrom", "addr")] {
        assert!(four(&shown(call, name)[0]), "{:?}", shown(call, name));
    }
    // Both lengths: the room, and the length that was needed.
    let lengths: Vec<_> = run
        .named("accept")
        .iter()
        .map(|event| arg(event, "upeer_addrlen"))
        .map(|arg| (arg["given"].clone(), arg["value"].clone()))
        .collect();
    let same = Value::Null;
    assert_eq!(
        lengths,
        [
            (json!(0), json!(16)),
            (json!(4), json!(16)),
            (same, json!(16)),
            (json!(40), json!(16))
        ]
    );
    let message = run.named("recvmsg")[0];
    assert!(
        arg(message, "msg")["text"]
            .as_str()
            .unwrap()
            .contains("AF_INET (cut short):0200"),
        "{message}"
    );
    let messages = arg(run.named("recvmmsg")[0], "mmsg")["text"].to_string();
    assert!(messages.contains("AF_INET (cut short):0200"), "{messages}");
    assert!(messages.contains("127.0.0.1:"), "{messages}");
    assert!(!messages.contains("readLate"), "{messages}");
    let option = arg(run.named("getsockopt")[0], "optval");
    assert_eq!(option["value"], "\u{2}\0", "{option}");
    Ok(())
}

fn overlaps() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let calls =
        "clone3,readv,preadv,process_vm_readv,process_vm_writev,recvmsg,recvmmsg,io_submit,getxattrat";
    let run = trace(
        &["-e", calls],
        &[&prog("overlaps"), folder.path().to_str().unwrap()],
    );
    assert_eq!(run.code(), 0, "{}", run.stderr);
    for child in run.named("clone3") {
        // CLONE_FS, CLONE_PARENT_SETTID
        let (before, after) = (value(child, "uargs"), &arg(child, "uargs")["after"]);
        assert_eq!(before["flags"], 0x10_0200, "{child}");
        assert_eq!(after["flags"], child["returnValue"], "{child}");
    }
    for (call, name, lengths) in [
        ("readv", "vec", &[32, 8][..]),
        ("preadv", "vec", &[32]),
        ("process_vm_readv", "lvec", &[16]),
        ("process_vm_writev", "rvec", &[16]),
    ] {
        let event = run.named(call)[0];
        let shown: Vec<_> = value(event, name)
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["iov_len"].as_u64().unwrap())
            .collect();
        assert_eq!(shown, lengths, "{event}");
        assert!(arg(event, name).get("readLate").is_none(), "{event}");
    }
    for (call, name, count) in [("recvmsg", "msg", 2), ("recvmmsg", "mmsg", 1)] {
        let messages = run.named(call);
        assert_eq!(messages.len(), count);
        for event in messages {
            assert_eq!(arg(event, name)["readLate"], true, "{event}");
        }
    }
    for event in run.named("io_submit") {
        assert!(!arg(event, "iocbpp").to_string().contains("0x1111"), "{event}");
    }
    // Some kernels and file systems lack it.
    for event in run.named("getxattrat") {
        let path = value(event, "pathname").as_str().unwrap();
        assert!(path.ends_with("/secret"), "{event}");
    }
    Ok(())
}

fn unwritten() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let calls = "getgroups,fgetxattr,flistxattr,keyctl,syslog,rt_sigpending,get_mempolicy,waitid,capget,recvfrom,recvmsg,\
                 getpeername,security_task_setrlimit";
    let run = trace(
        &["-e", calls, "--decode-buffers", "64"],
        &[&prog("unwritten"), folder.path().to_str().unwrap()],
    );
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let all = serde_json::to_string(&run.events).unwrap();
    for forged in [
        "FFFF",
        &0x4646_4646_u32.to_string(),
        &0x4646_4646_4646_4646_u64.to_string(),
    ] {
        assert!(!all.contains(forged), "{forged}: {all}");
    }
    let text = |event: &Value, name: &str| arg(event, name)["text"].as_str().unwrap_or_default().to_owned();
    for event in run.named("rt_sigpending") {
        assert!(text(event, "uset").starts_with("0x"), "{event}");
    }
    // The node depends on the machine: none is beyond 1,024.
    for event in run.named("get_mempolicy") {
        let nodes = arg(event, "nmask")["value"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        assert!(nodes.iter().all(|node| node.as_u64() < Some(1024)), "{event}");
    }
    let waits = run.named("waitid");
    assert_eq!(waits.len(), 2);
    assert!(text(waits[0], "ru").starts_with("0x"), "{}", waits[0]);
    assert!(value(waits[1], "ru").get("ru_utime").is_some(), "{}", waits[1]);
    let caps = value(run.named("capget")[0], "dataptr");
    assert!(
        caps.get("effective").is_some() && caps.get("effective_high").is_none(),
        "{caps}"
    );
    let received = run.named("recvfrom");
    assert_eq!(value(received[0], "ubuf"), "data", "{}", received[0]);
    assert_eq!(received[0]["returnValue"], 8);
    assert_eq!(received[1]["returnValue"], 9);
    assert!(text(received[1], "ubuf").starts_with("0x"), "{}", received[1]);
    assert!(value(run.named("recvmsg")[0], "msg").get("buffer").is_none());

    let line = |word: &str| run.stdout.lines().find_map(|line| line.strip_prefix(word));
    if let Some(flow) = line("flow ") {
        let peer = value(run.named("getpeername")[0], "usockaddr");
        assert_eq!(peer["sin6_flowinfo"].to_string(), flow, "{peer}");
    }
    // A pid has 32 bits.
    let limit = run.named("security_task_setrlimit")[0];
    assert_eq!(value(limit, "pid").to_string(), line("pid ").unwrap(), "{limit}");
    assert_eq!(value(limit, "new_rlim")["rlim_cur"], 0, "{limit}");
    Ok(())
}

fn changed() -> Result<(), Failed> {
    let run = given("name_to_handle_at,fcntl,adjtimex");
    let given = |call, name| both(&run, call, name, "given");
    let (after, before) = given("name_to_handle_at", "handle");
    assert_eq!(before["handle_bytes"], 0);
    assert!(after["handle_bytes"].as_u64() > Some(0), "{after}");
    let lock = run
        .named("fcntl")
        .into_iter()
        .find(|event| arg(event, "cmd")["text"] == "F_GETLK")
        .unwrap();
    let types = arg(lock, "arg");
    assert!(types["text"].as_str().unwrap().contains("F_UNLCK"), "{types}");
    assert!(
        types["givenText"].as_str().unwrap().contains("F_WRLCK"),
        "{types}"
    );
    let (after, before) = given("adjtimex", "txc_p");
    assert_eq!(before["tick"], 0);
    assert!(after["tick"].as_u64() > Some(0), "{after}");
    Ok(())
}
