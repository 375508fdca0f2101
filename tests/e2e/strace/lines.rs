//! The parser of strace's log on lines whose meaning is known.

use libtest_mimic::Failed;
use serde_json::json;

use super::compare::{argument, Verdict, Why};
use super::parse::{call, log, term, Outcome};
use super::term::{evaluate, Term};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("strace_lines_are_parsed", parsed),
        Test::new("strace_logs_are_joined", joined),
        Test::new("strace_terms_are_evaluated", evaluated),
        Test::new("strace_arguments_are_told_apart", told_apart),
    ]
}

fn string(text: &[u8]) -> Term {
    Term::Str {
        bytes: text.to_vec(),
        cut: false,
    }
}

fn noted(number: i128, note: &str) -> Term {
    Term::Noted(Box::new(Term::Number(number)), note.into())
}

fn parsed() -> Result<(), Failed> {
    let line =
        call(r#"openat(-100 /* AT_FDCWD */, "/a\n\"\\\33[\377\x1f", 0x80000 /* O_RDONLY|O_CLOEXEC */) = 3"#)?;
    let args: Vec<_> = line.args.iter().map(|(_, term)| term.clone()).collect();
    assert_eq!(line.name, "openat");
    assert_eq!(
        args,
        [
            noted(-100, "AT_FDCWD"),
            string(b"/a\n\"\\\x1b[\xff\x1f"),
            noted(0x80000, "O_RDONLY|O_CLOEXEC")
        ]
    );
    assert_eq!(line.outcome, Outcome::Number(3));

    for (text, outcome) in [
        ("close(3) = 0", Outcome::Number(0)),
        (
            "close(9)                                = -1 EBADF (Bad file descriptor)",
            Outcome::Error("EBADF".into()),
        ),
        ("exit_group(0)     = ?", Outcome::Unknown),
        ("brk(NULL) = 0x55ceb6943000", Outcome::Number(0x55ce_b694_3000)),
        ("umask(022) = 022", Outcome::Number(0o22)),
        (
            "fcntl(0, 0x3 /* F_GETFL */) = 0x8002 (flags O_RDWR|O_LARGEFILE)",
            Outcome::Number(0x8002),
        ),
        (
            "pause() = ? ERESTARTNOHAND (To be restarted if no handler)",
            Outcome::Error("ERESTARTNOHAND".into()),
        ),
        (
            "poll([{fd=3, events=0x1 /* POLLIN */}], 1, 0) = 1 ([{fd=3, revents=0x1 /* POLLIN */}])",
            Outcome::Number(1),
        ),
        (
            "select(1, [0], [], NULL, {tv_sec=0, tv_usec=1}) = 0 (Timeout)",
            Outcome::Number(0),
        ),
        (
            "restart_syscall(<... resuming interrupted read ...>) = 0",
            Outcome::Number(0),
        ),
        (
            "futex(0x7f00, 0x80 /* FUTEX_WAIT_PRIVATE */, 2, NULL <unfinished ...>) = ?",
            Outcome::Unknown,
        ),
        ("lseek(3, -5, 0x1 /* SEEK_CUR */) = 0", Outcome::Number(0)),
    ] {
        assert_eq!(call(text)?.outcome, outcome, "{text}");
    }

    let fields = |fields: &[(&str, Term)]| Term::Struct {
        fields: fields
            .iter()
            .map(|(key, term)| ((*key).into(), term.clone()))
            .collect(),
        cut: false,
    };
    let array = |items: &[Term], cut| Term::Array {
        items: items.to_vec(),
        cut,
    };
    let change = |before, after| Term::Change(Box::new(before), Box::new(after));
    let number = Term::Number;
    for (text, expected) in [
        ("0644", number(0o644)),
        ("0", number(0)),
        ("-1", number(-1)),
        ("18446744073709551615", number(u64::MAX.into())),
        ("0100644 /* S_IFREG|0644 */", noted(0o100_644, "S_IFREG|0644")),
        ("[16]", array(&[number(16)], false)),
        ("[]", array(&[], false)),
        ("[128 => 16]", array(&[change(number(128), number(16))], false)),
        ("[3, 4]", array(&[number(3), number(4)], false)),
        (r#"["a", "b", ...]"#, array(&[string(b"a"), string(b"b")], true)),
        (
            "{a=1, b={c=NULL}}",
            fields(&[("a", number(1)), ("b", fields(&[("c", Term::Null)]))]),
        ),
        (
            "{flags=0} => {tid=[7]}",
            change(
                fields(&[("flags", number(0))]),
                fields(&[("tid", array(&[number(7)], false))]),
            ),
        ),
        ("{c_cc[VMIN]=1}", fields(&[("c_cc[VMIN]", number(1))])),
        ("0x7ffd /* 24 vars */", noted(0x7ffd, "24 vars")),
        (r#"@"x""#, string(b"\0x")),
        (r#""\1771\0012""#, string(b"\x7f1\x012")),
        ("SIG_DFL", Term::Word("SIG_DFL".into())),
    ] {
        assert_eq!(term(text)?, expected, "{text}");
    }
    let Term::Set { items, inverted } = term("~[2 /* INT */ 17 /* CHLD */]")? else {
        panic!("no set");
    };
    assert_eq!(
        (items, inverted),
        (vec![noted(2, "INT"), noted(17, "CHLD")], true)
    );
    assert!(matches!(term("[INT CHLD]")?, Term::Set { items, inverted: false } if items.len() == 2));
    assert!(matches!(term(r#""cut"..."#)?, Term::Str { cut: true, .. }));
    let clone =
        call("clone(child_stack=NULL, flags=0x1200000 /* A|B */|17 /* SIGCHLD */, child_tidptr=0x7f) = 9")?;
    let keys: Vec<_> = clone.args.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["child_stack", "flags", "child_tidptr"]);
    for wrong in ["{a=1", "[1, 2", r#""open"#, "1x2", "f(1", "/* 1 */", "1 2"] {
        assert!(term(wrong).is_err(), "{wrong}");
    }
    Ok(())
}

fn joined() -> Result<(), Failed> {
    let threads = log(concat!(
        "7  wait4(-1,  <unfinished ...>\n",
        "8  getpid()   = 8\n",
        "8  +++ exited with 3 +++\n",
        "7  <... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 8\n",
        "7  --- SIGCHLD {si_signo=SIGCHLD, si_pid=8} ---\n",
        "7  read(0, <unfinished ...>\n",
        "7  +++ killed by SIGKILL +++\n",
    ))?;
    let names = |tid: i64| {
        threads[&tid]
            .iter()
            .map(|call| call.name.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(7), ["wait4", "read"]);
    assert_eq!(names(8), ["getpid"]);
    assert_eq!(threads[&7][0].outcome, Outcome::Number(8));
    assert_eq!(threads[&7][0].args.len(), 4);
    assert!(!threads[&7][1].whole);
    assert!(log("7  <... read resumed>) = 0\n").is_err());
    Ok(())
}

fn evaluated() -> Result<(), Failed> {
    for (text, number) in [
        ("makedev(0x8, 0x1)", 0x801),
        ("makedev(0xfe, 0x12345)", 0x1230_fe45),
        ("0x1 /* A */|0x80000 /* B */", 0x80001),
        ("WIFEXITED(s) && WEXITSTATUS(s) == 3", 0x300),
        (
            "WIFSIGNALED(s) && WTERMSIG(s) == 11 /* SIGSEGV */ && WCOREDUMP(s)",
            0x8b,
        ),
        ("WIFSIGNALED(s) && WTERMSIG(s) == 9", 9),
        ("WIFSTOPPED(s) && WSTOPSIG(s) == 19", 0x137f),
        ("WIFCONTINUED(s)", 0xffff),
        ("htons(80)", 80),
    ] {
        assert_eq!(evaluate(&term(text)?), Some(number), "{text}");
    }
    Ok(())
}

fn told_apart() -> Result<(), Failed> {
    let verdict = |theirs: &str, ours| argument(&term(theirs).unwrap(), &ours);
    for (theirs, ours) in [
        (
            "0x80000 /* O_RDONLY|O_CLOEXEC */",
            json!({"value": 0x80000, "text": "O_CLOEXEC|O_RDONLY"}),
        ),
        (
            "0x81 /* FUTEX_WAKE_PRIVATE */",
            json!({"value": 0x81, "text": "FUTEX_WAKE|FUTEX_PRIVATE_FLAG"}),
        ),
        ("-1", json!({"type": "uid_t", "value": u32::MAX})),
        ("0xffffffffffffffff", json!({"type": "long", "value": -1})),
        (r#""a\377""#, json!({"value": "a\u{fffd}", "bytes": "Yf8="})),
        (r#""abc""#, json!({"value": "ab", "truncated": true})),
        (r#""ab"..."#, json!({"value": "abc"})),
        ("{a=1, b=2}", json!({"value": {"b": 2, "c": 3}})),
        ("[16]", json!({"value": 16})),
        ("[128 => 16]", json!({"value": 16})),
        (
            "[2 /* INT */ 17 /* CHLD */]",
            json!({"type": "sigset_t *", "value": 0x10002, "text": "[SIGINT SIGCHLD]"}),
        ),
        (
            "~[]",
            json!({"type": "sigset_t *", "value": u64::MAX, "text": "~[]"}),
        ),
        ("NULL", json!({"value": null})),
        ("0x10", json!({"value": null, "error": "EFAULT"})),
        (
            r#"{sa_family=0x2 /* AF_INET */, sin_port="\x00\x50" /* htons(80) */, sin_addr="\x7f\x00\x00\x01" /* inet_addr("127.0.0.1") */}"#,
            json!({"value": {"sa_family": 2, "sin_port": 80, "sin_addr": "127.0.0.1"}, "text": "{AF_INET}"}),
        ),
        ("[{WIFEXITED(s) && WEXITSTATUS(s) == 3}]", json!({"value": 0x300})),
    ] {
        assert_eq!(verdict(theirs, ours.clone()), Verdict::Same, "{theirs} {ours}");
    }
    for (theirs, ours) in [
        ("1", json!({"value": 2})),
        ("-1", json!({"type": "long", "value": u32::MAX})),
        (r#""ab""#, json!({"value": "abc"})),
        (r#""abc""#, json!({"value": "ab"})),
        (r#""abc""#, json!({"value": "ax", "truncated": true})),
        (r#""a""#, json!({"value": null, "error": "EFAULT"})),
        ("NULL", json!({"value": 5})),
        ("5", json!({"value": null})),
        ("{a=1}", json!({"value": {"a": 2}})),
        ("{a=1}", json!({"value": {"b": 1}})),
        ("[3, 4]", json!({"value": [3, 5]})),
        ("[3, 4]", json!({"value": [3]})),
        ("[2 17]", json!({"type": "sigset_t *", "value": 2})),
        ("~[]", json!({"type": "sigset_t *", "value": 0})),
    ] {
        let found = verdict(theirs, ours.clone());
        assert!(
            matches!(found, Verdict::Differs(Why::Value(_))),
            "{theirs} {ours}: {found:?}"
        );
    }
    let address = json!({"value": 0x7ffd_0000_0000_u64, "text": "0x7ffd00000000"});
    for theirs in [r#""abc""#, "{a=1}", "[1, 2]", "[2 17]", "[16]"] {
        assert_eq!(
            verdict(theirs, address.clone()),
            Verdict::Differs(Why::NotFollowed),
            "{theirs}"
        );
    }
    for ours in [
        json!({"value": 1}),
        json!({"value": 1, "text": "B"}),
        json!({"value": 1, "text": "A|B"}),
    ] {
        let found = verdict("0x1 /* A */", ours.clone());
        assert!(
            matches!(found, Verdict::Differs(Why::NoWords(_))),
            "{ours}: {found:?}"
        );
    }
    assert_eq!(
        verdict("0x7ffd00000000", json!({"value": {"a": 1}})),
        Verdict::Unchecked
    );
    Ok(())
}
