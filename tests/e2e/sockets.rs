//! Sockets as the kernel's security hooks see them, against what getsockname(2) and its like say.

use std::process::Command;

use libtest_mimic::Failed;
use serde_json::{json, Value};

use crate::harness::{arg, prog, value};
use crate::means::{each_run, number, text};
use crate::Test;

const SOCKETS: [&str; 6] = [
    "security_socket_create",
    "security_socket_bind",
    "security_socket_listen",
    "security_socket_connect",
    "security_socket_accept",
    "security_socket_setsockopt",
];

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("socket_hooks_tell_what_the_socket_tells", || sockets("sockets")),
        Test::new("socket_hooks_of_socketcall", || sockets("sockets32")).unless(no_ia32()),
    ]
}

/// Why 32-bit calls are missing, which only trying shows.
fn no_ia32() -> Option<String> {
    let ran = Command::new(prog("abi32")).status();
    match ran {
        Ok(status) if status.success() => None,
        _ => Some("the kernel runs no 32-bit programs".into()),
    }
}

fn sockets(program: &str) -> Result<(), Failed> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    // The name of a socket of the run before is in use.
    let script = format!("rm -f {path}/socket; exec {} {path}", prog(program));
    let abi = (program == "sockets32").then_some("i386");
    each_run(&SOCKETS, &["sh", "-c", &script], |rung| {
        for (event, word, names) in [
            ("security_socket_create", "create", &[][..]),
            ("security_socket_bind", "bind", &["local"]),
            ("security_socket_listen", "listen", &["local"]),
            ("security_socket_connect", "connect", &["local", "remote"]),
            ("security_socket_accept", "accept", &["local", "remote"]),
            ("security_socket_setsockopt", "option", &["local", "remote"]),
        ] {
            let after = rung.is_after(event);
            let mut expected = rung.log(word);
            // A failed call leaves no traces, except for a connection in progress.
            expected.retain(|line| !after || line[0] == "0" || line[0] == "-115");
            let told: Vec<&Value> = rung
                .run
                .named(event)
                .into_iter()
                .filter(|event| event["processName"] == program)
                .collect();
            assert_eq!(told.len(), expected.len(), "{event}: {expected:?}");
            for (event, line) in told.into_iter().zip(expected) {
                let name = event["eventName"].as_str().unwrap();
                let allowed = match word {
                    "accept" => json!(0),
                    _ => rung.allowed(name),
                };
                assert_eq!(event["returnValue"], allowed, "{event}");
                assert_eq!(event["abi"].as_str(), abi, "{event}");
                let call = event["syscall"].as_str().unwrap();
                // Also of a call within socketcall(2).
                assert_eq!(call, syscall_of(word));
                for (column, name) in ["family", "type", "protocol"].into_iter().enumerate() {
                    assert_eq!(number(event, name), line[1 + column], "{name}: {event}, {line:?}");
                }
                for (column, name) in names.iter().enumerate() {
                    let mut known = line[4 + column];
                    // The hook of connect comes before the kernel chooses an address.
                    if (word, *name) == ("connect", "local") && !after && !known.starts_with("unix:") {
                        known = "-";
                    }
                    assert_eq!(text(event, name), known, "{name}: {event}, {line:?}");
                }
                match word {
                    "create" => assert_eq!(value(event, "kern"), false),
                    "listen" => assert_eq!(number(event, "backlog"), line[5]),
                    "option" => {
                        assert_eq!(number(event, "level"), line[6]);
                        assert_eq!(number(event, "optname"), line[7]);
                    }
                    _ => {}
                }
            }
        }
        let options = rung.run.named("security_socket_setsockopt");
        let words: Vec<&str> = options
            .iter()
            .filter_map(|event| arg(event, "optname")["text"].as_str())
            .collect();
        assert!(
            words.contains(&"TCP_NODELAY") && words.contains(&"SO_KEEPALIVE"),
            "{words:?}"
        );
    });
    Ok(())
}

fn syscall_of(word: &str) -> &str {
    match word {
        "create" => "socket",
        "option" => "setsockopt",
        same => same,
    }
}
