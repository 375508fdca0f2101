//! Where outputs go: files, and what is open already.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use libtest_mimic::Failed;
use nix::libc;
use nix::sys::signal::{kill, Signal};

use crate::ends::pid;
use crate::harness::{finish, parse, same_everywhere, tracee_command, wait_until};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("outputs_are_appended_to_and_for_us_alone", files).unless(same_everywhere()),
        Test::new("outputs_go_to_what_is_open", open_targets).unless(same_everywhere()),
    ]
}

fn files() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    let mode = |name: &str| fs::metadata(path(name)).unwrap().mode() & 0o7777;
    let traces = |output: &str| {
        let run = finish(tracee_command().args(["-e", "execve", "-o", output, "--", "true"]));
        assert_eq!(run.code(), 0, "{}", run.stderr);
    };
    traces(&format!("json:{}", path("new").display()));
    traces(&format!("json,mode=0640:{}", path("shared").display()));
    assert_eq!((mode("new"), mode("shared")), (0o600, 0o640));
    fs::write(path("old"), "old\n")?;
    traces(&format!("json:{}", path("old").display()));
    assert_eq!(parse(fs::File::open(path("old"))?).len(), 1);

    // As logrotate's copytruncate does.
    let log = path("log");
    let mut tracee = tracee_command()
        .args([
            "-e",
            "execve",
            "-t",
            "p:new",
            "-o",
            &format!("json:{}", log.display()),
        ])
        .args(["-o", "table"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut table = BufReader::new(tracee.stdout.take().unwrap());
    table.read_line(&mut String::new())?;
    let holds =
        |name: &str| fs::read_to_string(&log).is_ok_and(|text| text.contains(name) && text.ends_with('\n'));
    for name in ["/first-name", "/second-name"] {
        let missing = Command::new("env")
            .args(["sh", "-c", &format!("exec {name}")])
            .stderr(Stdio::null())
            .status()?;
        assert!(!missing.success());
        wait_until("it is in the log", || holds(name));
        fs::OpenOptions::new().write(true).truncate(true).open(&log)?;
    }
    finish(Command::new("env").args(["sh", "-c", "exec /third-name"]));
    wait_until("it is in the log", || holds("/third-name"));
    kill(pid(&tracee), Signal::SIGTERM)?;
    tracee.wait()?;
    let text = fs::read(&log)?;
    assert!(
        text.starts_with(b"{") && !text.contains(&0),
        "{}",
        String::from_utf8_lossy(&text)
    );
    Ok(())
}

fn open_targets() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = fs::File::create(folder.path().join("out"))?;
    let fd = file.as_raw_fd();
    let mut command = tracee_command();
    command.args([
        "-e",
        "execve",
        "-o",
        "json:&7",
        "-o",
        "table:/dev/stderr",
        "--",
        "sh",
        "-c",
        "ls -l /proc/self/fd/",
    ]);
    // SAFETY: the child only makes a system call between fork and exec.
    unsafe {
        command.pre_exec(move || match libc::dup2(fd, 7) {
            7 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    let run = finish(&mut command);
    assert_eq!(run.code(), 0, "{}", run.stderr);
    // What was given to tracee is not given on.
    let out = folder.path().join("out");
    assert!(!run.stdout.contains(out.to_str().unwrap()), "{}", run.stdout);
    let events = parse(fs::File::open(&out)?).len();
    assert!(
        events >= 1 && run.stderr.lines().count() == events + 2,
        "{events}: {}",
        run.stderr
    );
    for (target, said) in [("json:&77", "nothing is open"), ("json:&0", "reading only")] {
        let run = finish(tracee_command().args(["-o", target, "--", "true"]));
        assert_eq!(run.code(), 1, "{}", run.stderr);
        assert!(
            run.stderr.contains(said) && run.stderr.lines().count() == 1,
            "{}",
            run.stderr
        );
    }
    Ok(())
}
