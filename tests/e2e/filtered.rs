//! What `--filter` leaves alone, and what it costs.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use libtest_mimic::Failed;

use crate::harness::{in_vm, prog, same_everywhere, totals, trace, value, Background};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("filter_leaves_process_life_alone", bookkeeping),
        Test::new("filter_by_the_name_at_execve", execve),
        Test::new("filter_hides_no_losses", losses),
        Test::new("filter_keeps_a_flood_from_the_reader", flood)
            .unless(same_everywhere())
            .alone(),
    ]
}

/// A shell that is filtered out, and its children: their executables are known, and the run ends when all are gone.
fn bookkeeping() -> Result<(), Failed> {
    let opens = prog("getppid");
    let run = trace(
        &[
            "-e",
            "getppid,sched_process_fork,sched_process_exit",
            "-f",
            "comm=getppid",
        ],
        &["sh", "-c", &format!("{opens} 3 2; exit 5")],
    );
    assert_eq!(run.code(), 5, "{}", run.stderr);
    assert_eq!(run.named("getppid").len(), 6);
    // Its own exit and those of its children; not the shell's.
    assert_eq!(run.named("sched_process_exit").len(), 4);
    assert_eq!(run.named("sched_process_fork").len(), 3);
    let executable = std::fs::canonicalize(&opens)?;
    for event in &run.events {
        assert_eq!(event["processName"], "getppid");
        assert_eq!(
            event["executable"]["path"],
            executable.to_str().unwrap(),
            "{event}"
        );
    }
    assert_eq!(totals(&run.stderr), (13, 0), "{}", run.stderr);
    Ok(())
}

/// The rows of execve show the caller, those of sched_process_exec the new image.
fn execve() -> Result<(), Failed> {
    for (filter, execves, execs) in [("comm=sh", 1, 1), ("comm=true", 0, 1)] {
        let run = trace(
            &["-e", "execve,sched_process_exec", "-f", filter],
            &["sh", "-c", "exec /bin/true"],
        );
        let count = |name: &str| run.named(name).len();
        assert_eq!(
            (count("execve"), count("sched_process_exec")),
            (execves, execs),
            "{filter}"
        );
        assert!(
            run.named("sched_process_exec")
                .iter()
                .all(|event| !value(event, "argv").is_null()),
            "{filter}"
        );
    }
    Ok(())
}

fn losses() -> Result<(), Failed> {
    let (processes, calls) = ("8", "20000");
    let command = [&prog("getppid")[..], processes, calls];
    let flags = ["-b", "64KiB", "-e", "getppid,lost_events"];
    let run = trace(
        &[
            &flags[..],
            &["-f", "comm=getppid", "-f", "event.retval>0", "-f", "uid=0"],
        ]
        .concat(),
        &command,
    );
    let (_, lost) = totals(&run.stderr);
    assert_eq!(run.named("getppid").len() as u64 + lost, 160_000);
    assert_eq!(lost == 0, run.named("lost_events").is_empty(), "{}", run.stderr);
    Ok(())
}

/// A flood of a thousand times its rings is filtered out in each of the ways that the kernel side knows: nothing is lost,
/// and the reader does not run.
fn flood() -> Result<(), Failed> {
    let calls: u64 = if in_vm() { 20_000 } else { 200_000 };
    let flood = |rings: &str, filters: &[&str]| -> Result<(u64, u64, Duration), Failed> {
        let mut waiting = Command::new("sh")
            .args([
                "-c",
                "read go; exec \"$0\" \"$@\"",
                &prog("loop"),
                "open",
                &calls.to_string(),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let scope = format!("process:{}", waiting.id());
        let mut flags = vec!["-b", rings, "-t", &scope, "-e", "openat,close,sched_process_exec"];
        flags.extend(filters.iter().flat_map(|filter| ["-f", *filter]));
        let tracee = Background::start(&flags);
        let before = tracee.running_time();
        waiting.stdin.take().unwrap().write_all(b"go\n")?;
        waiting.wait()?;
        let ran = tracee.running_time() - before;
        let run = tracee.stop();
        let (shown, lost) = totals(&run.stderr);
        println!("{rings} {filters:?}: {shown} shown, {lost} lost, the reader ran for {ran:?}");
        Ok((shown, lost, ran))
    };
    // Nothing that is lost keeps the reader from its work.
    let (shown, lost, unfiltered) = flood("64MiB", &[])?;
    assert!(shown + lost > 2 * calls, "{shown} and {lost}");
    for filters in [
        &["uid=65533", "pid!=1,2"][..],
        &["comm!=loop"],
        &["uts=*no-such-node"],
        &["event.retval<0"],
        &["openat.pathname!=/dev/null", "close.fd>1000"],
        &["openat.pathname=/dev/zero,/dev/f*", "close.retval=EBADF"],
    ] {
        let (shown, lost, ran) = flood("64KiB", filters)?;
        assert_eq!(lost, 0, "{filters:?}");
        assert!(shown < 100, "{filters:?}: {shown}");
        // The reader still handles an exec and an exit. An emulator's times are meaningless; here they depend on what else
        // the machine does, so that only the two runs are compared.
        assert!(
            in_vm() || ran < unfiltered / 10,
            "{filters:?}: {ran:?} of {unfiltered:?}"
        );
    }
    Ok(())
}
