//! Calls of 32-bit programs: those within others, and numbers that they split or narrow. Ground truth: strace's log.

use std::fs;

use libtest_mimic::Failed;
use serde_json::{json, Value};

use crate::harness::{arg, lacks_tool, prog, same_everywhere, trace, value, Run};
use crate::syscalls::no_ia32;
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("calls_within_others_are_told_as_what_they_are", held).unless(no_ia32()),
        Test::new("calls_within_others_agree_with_strace", held_and_strace)
            .unless(no_ia32())
            .unless(lacks_tool("strace"))
            .unless(same_everywhere()),
        Test::new("holders_are_told_where_what_they_hold_is_not_chosen", holders).unless(no_ia32()),
    ]
}

const HELD: &str = "socket,bind,connect,listen,accept,accept4,getsockname,getpeername,socketpair,sendto,recvfrom,shutdown,\
                    setsockopt,getsockopt,sendmsg,recvmsg,sendmmsg,recvmmsg,semop,semtimedop,semget,semctl,msgsnd,msgrcv,\
                    msgget,msgctl,shmat,shmdt,shmget,shmctl,select,truncate,ftruncate,pread64,pwrite64,readahead,\
                    fadvise64,sync_file_range,fallocate,fanotify_mark,lseek,mmap,setreuid,setregid,setresuid,setresgid,\
                    chown,lchown,fchown";

/// The program's own calls, of which the first is its first socket(2).
fn own(run: &Run) -> Vec<&Value> {
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let events = run.events.iter().filter(|event| event["abi"] == "i386");
    events
        .skip_while(|event| event["eventName"] != "socket")
        .collect()
}

/// Asserts arguments of the calls with that name, one after the other.
fn expect(events: &[&Value], name: &str, expected: &[&[(&str, Value)]]) {
    let named: Vec<_> = events.iter().filter(|event| event["eventName"] == name).collect();
    assert_eq!(named.len(), expected.len(), "{name}: {named:#?}");
    for (event, args) in named.iter().zip(expected) {
        for (arg, expected) in *args {
            assert_eq!(value(event, arg), expected, "{name}.{arg}: {event}");
        }
    }
}

fn held() -> Result<(), Failed> {
    let run = trace(&["-e", HELD, "--decode-buffers", "32"], &[&prog("held32")]);
    let events = own(&run);
    let fd = &events[0]["returnValue"];
    let at = |event: &Value, name: &str| arg(event, name)["text"].as_str().unwrap_or_default().to_owned();
    for (name, argument) in [
        ("bind", "umyaddr"),
        ("connect", "uservaddr"),
        ("getpeername", "usockaddr"),
    ] {
        let event = events.iter().find(|event| event["eventName"] == name).unwrap();
        assert_eq!(value(event, "fd"), fd);
        assert!(at(event, argument).starts_with("127.0.0.1:"), "{event}");
        assert_eq!(event["argsFromMemory"], true);
    }
    // send and recv, then sendto and recvfrom.
    expect(
        &events,
        "sendto",
        &[
            &[
                ("buff", json!("abc")),
                ("len", json!(3)),
                ("addr", json!(null)),
                ("addr_len", json!(0)),
            ],
            &[
                ("buff", json!("abcd")),
                ("len", json!(4)),
                ("addr_len", json!(16)),
            ],
        ],
    );
    expect(
        &events,
        "recvfrom",
        &[&[("ubuf", json!("abc"))], &[("ubuf", json!("abcd"))]],
    );
    for (name, argument) in [
        ("sendmsg", "msg"),
        ("recvmsg", "msg"),
        ("sendmmsg", "mmsg"),
        ("recvmmsg", "mmsg"),
    ] {
        let event = events.iter().find(|event| event["eventName"] == name).unwrap();
        let text = at(event, argument);
        assert!(
            text.contains("\"four\"") && text.contains("msg_name=127.0.0.1:"),
            "{event}"
        );
    }
    expect(&events, "listen", &[&[("backlog", json!(5))]]);
    expect(&events, "accept4", &[&[("flags", json!(0x80000))]]);
    expect(&events, "shutdown", &[&[("how", json!(1))]]);
    // The second connect has memory that cannot be read: no value is made up.
    let connects: Vec<_> = events
        .iter()
        .filter(|event| event["eventName"] == "connect")
        .collect();
    assert_eq!(connects.len(), 2);
    for name in ["fd", "uservaddr", "addrlen"] {
        assert_eq!(value(connects[1], name), &json!(null));
        assert_eq!(arg(connects[1], name)["error"], "EFAULT");
    }

    let letter = || json!({"mtype": 7});
    expect(
        &events,
        "semop",
        &[&[
            ("nsops", json!(1)),
            ("tsops", json!([{"sem_num": 1, "sem_op": 1, "sem_flg": 2048}])),
        ]],
    );
    expect(
        &events,
        "semtimedop",
        &[&[("timeout", json!({"tv_sec": 1, "tv_nsec": 5}))]],
    );
    expect(
        &events,
        "semctl",
        &[
            &[("semnum", json!(1)), ("cmd", json!(16)), ("arg", json!(3))],
            &[("semnum", json!(0)), ("cmd", json!(0))],
        ],
    );
    for name in ["msgsnd", "msgrcv"] {
        for event in events.iter().filter(|event| event["eventName"] == name) {
            assert_eq!(value(event, "msgp")["mtype"], letter()["mtype"], "{event}");
            assert_eq!(value(event, "msgsz"), 6);
        }
    }
    // Its type is in a register of the new call, in memory of the old one.
    expect(
        &events,
        "msgrcv",
        &[
            &[("msgtyp", json!(7)), ("msgflg", json!(2048))],
            &[("msgtyp", json!(7)), ("msgflg", json!(2048))],
        ],
    );
    expect(
        &events,
        "shmget",
        &[&[("size", json!(4096)), ("shmflg", json!(0o600))]],
    );
    expect(&events, "shmctl", &[&[("cmd", json!(0x100))]]);
    // A number of our own rows is no call.
    assert!(!events
        .iter()
        .any(|event| event["eventName"] == "semctl" && event["returnValue"] == -38));

    numbers(&events);
    Ok(())
}

/// Numbers of two registers, of signed 32 bits, of pages, of 16 bits.
fn numbers(events: &[&Value]) {
    expect(
        events,
        "truncate",
        &[
            &[("length", json!(0x0123_4567_89ab_cdef_i64))],
            &[("length", json!(-5))],
        ],
    );
    expect(
        events,
        "ftruncate",
        &[&[("length", json!(0x10_0000_0001_i64))], &[("length", json!(-7))]],
    );
    expect(
        events,
        "pread64",
        &[&[("count", json!(8)), ("pos", json!(0x1_0000_0003_i64))]],
    );
    expect(events, "pwrite64", &[&[("pos", json!(0x2_ffff_fff0_i64))]]);
    expect(
        events,
        "readahead",
        &[&[("offset", json!(0x6_0000_0005_i64)), ("count", json!(7))]],
    );
    expect(
        events,
        "fadvise64",
        &[
            &[
                ("offset", json!(0x22_0000_0011_i64)),
                ("len", json!(0x1000)),
                ("advice", json!(4)),
            ],
            &[
                ("offset", json!(0x1_0000_0010_i64)),
                ("len", json!(0x2_0000_0020_i64)),
                ("advice", json!(3)),
            ],
        ],
    );
    let range = [
        ("offset", json!(0x2_0000_0001_i64)),
        ("nbytes", json!(0x4_0000_0003_i64)),
        ("flags", json!(7)),
    ];
    expect(events, "sync_file_range", &[&range]);
    let room = [
        ("mode", json!(1)),
        ("offset", json!(0x3_0000_0002_i64)),
        ("len", json!(0x5_0000_0004_i64)),
    ];
    expect(events, "fallocate", &[&room]);
    let mark = [
        ("mask", json!(0x4000_0000_0020_i64)),
        ("dfd", json!(-100)),
        ("pathname", json!("/nonexistent/held")),
    ];
    expect(events, "fanotify_mark", &[&mark]);
    expect(events, "lseek", &[&[("offset", json!(-9)), ("whence", json!(1))]]);
    expect(
        events,
        "mmap",
        &[
            &[("off", json!(0x1234_5000))],
            &[
                ("len", json!(4096)),
                ("off", json!(0x3000)),
                ("flags", json!(0x22)),
            ],
        ],
    );
    expect(events, "select", &[&[("n", json!(0))]]);
    let none = json!(u32::MAX);
    let both = [("ruid", none.clone()), ("euid", none.clone())];
    expect(events, "setreuid", &[&both]);
    let both = [("rgid", none.clone()), ("egid", none.clone())];
    expect(events, "setregid", &[&both]);
    expect(events, "setresuid", &[&[("suid", none.clone())]]);
    expect(events, "setresgid", &[&[("sgid", none.clone())]]);
    expect(
        events,
        "chown",
        &[
            &[("user", none.clone()), ("group", json!(3))],
            &[("user", json!(0xffff)), ("group", json!(0x10003))],
        ],
    );
    expect(
        events,
        "lchown",
        &[&[("user", json!(0xfffe)), ("group", none.clone())]],
    );
    expect(events, "fchown", &[&[("user", json!(4)), ("group", none)]]);
}

/// The same calls in the same order with the same results, and each long number is in strace's log, too.
fn held_and_strace() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("strace");
    let log = log.to_str().unwrap();
    let run = trace(&["-e", HELD], &["strace", "-f", "-o", log, "--", &prog("held32")]);
    let events = own(&run);
    let theirs = fs::read_to_string(log)?;
    let ours = |name: &str| {
        match name {
            "send" => "sendto",
            "recv" => "recvfrom",
            "mmap2" => "mmap",
            "chown32" => "chown",
            "truncate64" => "truncate",
            "ftruncate64" => "ftruncate",
            "fadvise64_64" => "fadvise64",
            other => other,
        }
        .to_owned()
    };
    let lines: Vec<(String, &str)> = theirs
        .lines()
        .filter_map(|line| line.split_once(' ')?.1.trim().split_once('('))
        .map(|(name, rest)| (ours(name), rest))
        .skip_while(|(name, _)| name != "socket")
        // strace logs no inner call if it cannot read it.
        .map(|(name, rest)| match rest.starts_with("SYS_CONNECT") {
            true => ("connect".to_owned(), rest),
            false => (name, rest),
        })
        .filter(|(name, _)| HELD.split(',').any(|held| held.trim() == name))
        .collect();
    let names: Vec<_> = events
        .iter()
        .map(|event| event["eventName"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        lines.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>()
    );
    for (event, (name, line)) in events.iter().zip(&lines) {
        let result = line.rsplit_once(" = ").unwrap().1;
        let result = result.split_whitespace().next().unwrap();
        // An address; shmat(2) within ipc(2) has it where its third argument points.
        if !result.starts_with("0x") {
            let number: i64 = result.parse()?;
            let error = event["returnValue"].as_i64().unwrap() < 0;
            assert!(
                error && number == -1 || event["returnValue"] == number,
                "{name}({line}: {event}"
            );
        }
        for arg in event["args"].as_array().unwrap() {
            if let Some(number) = arg["value"].as_u64().filter(|number| *number > 1 << 32) {
                let (decimal, hex) = (number.to_string(), format!("{number:#x}"));
                let named = arg
                    .get("text")
                    .is_some_and(|text| !text.as_str().unwrap().starts_with("0x"));
                assert!(
                    named || line.contains(&decimal) || line.contains(&hex),
                    "{name}({line}: {arg}"
                );
            }
        }
    }
    Ok(())
}

fn holders() -> Result<(), Failed> {
    let count = |run: &Run, name: &str| run.named(name).len();
    let all = trace(&["-e", "socketcall,ipc,old_mmap,old_select"], &[&prog("held32")]);
    assert_eq!(
        [count(&all, "socketcall"), count(&all, "ipc")],
        [22, 16],
        "{}",
        all.stderr
    );
    assert_eq!([count(&all, "old_mmap"), count(&all, "old_select")], [1, 1]);
    assert!(all
        .events
        .iter()
        .all(|event| event.get("argsFromMemory").is_none()));
    // Each call is reported once.
    let some = trace(&["-e", "socketcall,ipc,connect,semget"], &[&prog("held32")]);
    assert_eq!([count(&some, "socketcall"), count(&some, "connect")], [20, 2]);
    assert_eq!([count(&some, "ipc"), count(&some, "semget")], [15, 1]);
    // Filters apply to the reported call.
    let filter = [
        "-e",
        "socket,listen",
        "-f",
        "listen.backlog=6",
        "-f",
        "socket.retval>=0",
    ];
    let filtered = trace(&filter, &[&prog("held32")]);
    assert_eq!([count(&filtered, "listen"), count(&filtered, "socket")], [0, 1]);
    Ok(())
}
