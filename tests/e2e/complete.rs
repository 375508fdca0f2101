//! Completions, by the shells themselves: what a key press makes of a line.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use libtest_mimic::Failed;
use tempfile::TempDir;

use crate::harness::{finish, lacks_tool, same_everywhere, tracee};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("bash_completes_values_and_commands", bash)
            .unless(same_everywhere())
            .unless(lacks_tool("bash")),
        Test::new("fish_completes_values_and_commands", fish)
            .unless(same_everywhere())
            .unless(lacks_tool("fish")),
        Test::new("zsh_reads_its_completions", zsh)
            .unless(same_everywhere())
            .unless(lacks_tool("zsh")),
    ]
}

/// A beginning of a line, and words that are among what it may go on with; `!` before one: not among them.
const LINES: [(&str, &[&str]); 20] = [
    ("tracee -e opena", &["openat", "openat2", "!open", "!@net"]),
    ("tracee --event=opena", &["openat", "openat2"]),
    ("tracee -e close,opena", &["openat", "openat2", "!close_range"]),
    ("tracee -e '!opena", &["openat", "openat2"]),
    ("tracee -e @net_", &["net_sock", "net_snd_rcv", "!netlink"]),
    ("tracee -x opena", &["openat"]),
    ("tracee -s fs_", &["fs_dir_ops", "fs_sync", "!fsync"]),
    ("tracee -o table", &["table", "table-verbose", "!json"]),
    ("tracee -f u", &["uid=", "uts="]),
    ("tracee -f openat.", &["pathname=", "retval=", "!uid="]),
    ("tracee -f uid=ro", &["root"]),
    ("tracee -f container=we", &["web", "!db"]),
    ("tracee -t c", &["container:new", "!process:new"]),
    ("tracee -t c:", &["new", "all", "web", "db"]),
    ("tracee -t container:db,we", &["web", "!new"]),
    ("tracee -u ro", &["root"]),
    ("tracee --time ", &["boot", "wall", "relative", "delta"]),
    ("tracee --color a", &["auto", "always", "!never"]),
    ("tracee -- tracee-tes", &["tracee-test-a", "tracee-test-b"]),
    ("tracee -e openat -- ls /proc/self/stat", &["stat", "status"]),
];

/// The completions, and programs that a PATH leads to: docker with two containers, and two commands.
fn prepared() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let pages = tracee().with_file_name("examples").join("pages");
    let made = finish(Command::new(&pages).arg(folder.path().join("pages")));
    assert_eq!(made.code(), 0, "{}: {}", pages.display(), made.stderr);
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    for (name, text) in [
        ("docker", "printf 'web\\ndb\\n'"),
        ("podman", "echo it does not work >&2; exit 1"),
        ("tracee-test-a", ":"),
        ("tracee-test-b", ":"),
    ] {
        let path = bin.join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

fn shell(name: &str, folder: &Path) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(name);
    command
        .env("PATH", format!("{}:{path}", folder.join("bin").display()))
        .env("HOME", folder)
        .env("TERM", "dumb")
        .env("INPUTRC", "/dev/null")
        .stderr(Stdio::piped())
        .stdout(Stdio::piped());
    // SAFETY: one system call. Without a terminal of its own a shell cannot take the test's.
    unsafe {
        command.pre_exec(|| nix::unistd::setsid().map(drop).map_err(Into::into));
    }
    command
}

/// `has`: whether a word is offered.
fn check(line: &str, words: &[&str], has: impl Fn(&str) -> bool, shown: &str) {
    for word in words {
        let (word, expected) = word.strip_prefix('!').map_or((*word, true), |word| (word, false));
        assert_eq!(has(word), expected, "{line}: {word}: {shown}");
    }
}

/// A bash that reads lines as from a keyboard, and lists what a line may go on with.
fn bash() -> Result<(), Failed> {
    let folder = prepared();
    let rc = folder.path().join("rc");
    let script = folder.path().join("pages/tracee.bash");
    let begin = format!(
        "PS1='$ '\nHISTFILE=\nfor name in 'show-all-if-ambiguous on' 'completion-query-items 0' 'page-completions off' \
         'completion-prefix-display-length 0'; do bind \"set $name\"; done\n\
         tracee() {{ printf '<%s>\\n' \"${{@: -1}}\"; }}\nsource '{}'\n",
        script.display()
    );
    fs::write(&rc, begin)?;
    let completed = |line: &str, end: &str| -> Result<String, Failed> {
        let mut shell = shell("bash", folder.path());
        let mut child = shell
            .args(["--noprofile", "--rcfile"])
            .arg(&rc)
            .arg("-i")
            .stdin(Stdio::piped())
            .spawn()?;
        child
            .stdin
            .take()
            .unwrap()
            .write_all(format!("{line}\t{end}\n").as_bytes())?;
        let output = child.wait_with_output()?;
        Ok([output.stdout, output.stderr]
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .concat())
    };
    for (line, words) in LINES {
        // Where there are several, an open quote stays open.
        let end = if line.contains('\'') { "'" } else { "" };
        let shown = completed(line, end)?;
        // What is listed, or a single one, which has been put into the line.
        let has = |word: &str| {
            shown.split_whitespace().any(|shown| {
                let shown = shown.trim_matches(['<', '>']);
                let part = shown.rsplit(['/', ',', ':', '@', '!']).next().unwrap_or(shown);
                [shown, part]
                    .iter()
                    .any(|shown| *shown == word || shown.rsplit(['.']).next() == Some(word))
                    || shown.ends_with(&format!("={word}"))
            })
        };
        check(line, words, has, &shown);
    }
    for (line, whole) in [
        ("tracee -o js", "json"),
        ("tracee -f uid", "uid="),
        ("tracee -f uid=roo", "uid=root"),
        ("tracee -f openat.pa", "openat.pathname="),
        ("tracee -e @net_so", "@net_sock"),
        ("tracee -e close,openat", "close,openat"),
        ("tracee -e '!openat2", "!openat2"),
        ("tracee -e \\!socketp", "!socketpair"),
        ("tracee -t c:we", "c:web"),
        ("tracee -t container:db,we", "container:db,web"),
        ("tracee --events-set=net_so", "--events-set=net_sock"),
        ("tracee --capture wri", "write"),
        ("tracee --build-policy al", "always"),
        ("tracee --events-m", "--events-max"),
        ("tracee -- tracee-test-a /proc/self/statu", "/proc/self/status"),
    ] {
        let shown = completed(line, "")?;
        assert!(shown.contains(&format!("<{whole}>")), "{line}: {whole}: {shown}");
    }
    Ok(())
}

fn fish() -> Result<(), Failed> {
    let folder = prepared();
    let script = folder.path().join("pages/tracee.fish");
    for (line, words) in LINES {
        let text = "source $argv[1]; complete -C \"$argv[2]\"";
        let run = finish(
            shell("fish", folder.path())
                .args(["--no-config", "-c", text])
                .arg(&script)
                .arg(line),
        );
        assert_eq!(run.code(), 0, "{line}: {}", run.stderr);
        let has = |word: &str| {
            run.stdout.lines().any(|shown| {
                let shown = shown.split('\t').next().unwrap_or_default();
                let part = shown
                    .rsplit(['/', ',', ':', '@', '!', '.'])
                    .next()
                    .unwrap_or(shown);
                shown == word || part == word || shown.ends_with(&format!("={word}"))
            })
        };
        check(line, words, has, &run.stdout);
    }
    Ok(())
}

/// Its completions work within its line editor only: here they are read, and what they ask is answered.
fn zsh() -> Result<(), Failed> {
    let folder = prepared();
    let script = folder.path().join("pages/_tracee");
    let run = finish(shell("zsh", folder.path()).arg("-n").arg(&script));
    assert!(run.code() == 0 && run.stderr.is_empty(), "{}", run.stderr);
    let text = "compdef() { : }; source $1; emulate sh; _tracee_values \"$2\" \"$3\"";
    for (flag, value, found) in [
        ("-e", "openat", "openat2"),
        ("-e", "close,@n", "close,@net_sock"),
        ("-f", "openat.", "openat.pathname="),
        ("-t", "c:", "c:web"),
        ("-u", "", "root"),
    ] {
        let run = finish(
            shell("zsh", folder.path())
                .args(["-fc", text, "zsh"])
                .arg(&script)
                .args([flag, value]),
        );
        assert!(
            run.stdout.lines().any(|line| line == found),
            "{flag} {value}: {} {}",
            run.stdout,
            run.stderr
        );
    }
    Ok(())
}
