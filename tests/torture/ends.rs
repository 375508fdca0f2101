//! How a run ends: killed at any moment, on a full disk, without a reader, under low limits. It always ends in time,
//! with a reason, and leaves nothing in the kernel.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use nix::mount::{mount, umount, MsFlags};
use nix::sys::signal::{kill, Signal};
use nix::sys::stat::Mode;
use nix::unistd::{mkfifo, Pid};
use serde_json::Value;

use crate::harness::{lacks_tool, prog, sha256, tracee, wait_until};
use crate::steering::Random;
use crate::{Drill, Test};

pub fn drills() -> Vec<Test> {
    let test = |name, run| Test {
        name,
        missing: None,
        run,
    };
    vec![
        Test {
            name: "thirty_kills",
            missing: lacks_tool("bpftool"),
            run: |drill| killed(drill, Signal::SIGKILL),
        },
        Test {
            name: "thirty_terms",
            missing: lacks_tool("bpftool"),
            run: |drill| killed(drill, Signal::SIGTERM),
        },
        test("full_disk", full_disk),
        test("capture_on_a_full_disk", full_capture),
        test("fifos", fifos),
        test("low_limits", limits),
    ]
}

/// The longest time that a run may take to end.
const IN_TIME: Duration = Duration::from_secs(20);

/// The status, and how long the end took. The process is killed if it does not end.
fn ends(child: &mut Child) -> Result<(ExitStatus, Duration), Failed> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status, started.elapsed()));
        }
        if started.elapsed() > IN_TIME {
            child.kill()?;
            child.wait()?;
            return Err("it does not end".into());
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Programs and maps in the kernel, by kind and id.
fn loaded() -> Result<BTreeSet<(&'static str, u64)>, Failed> {
    let mut all = BTreeSet::new();
    for kind in ["prog", "map", "link"] {
        let output = Command::new("bpftool").args([kind, "list", "--json"]).output()?;
        let list: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap_or_default();
        all.extend(
            list.iter()
                .filter_map(|entry| Some((kind, entry["id"].as_u64()?))),
        );
    }
    Ok(all)
}

/// At any moment, from before main() on, under a flood.
fn killed(drill: &mut Drill, signal: Signal) -> Result<(), Failed> {
    const KILLS: u32 = 30;
    let mut random = Random::seeded();
    let mut slowest = Duration::ZERO;
    let before = loaded()?;
    for _ in 0..KILLS {
        let folder = tempfile::tempdir()?;
        let mut child = Command::new(tracee())
            .args(["-e", "getppid,execve", "-o"])
            .arg(format!("json:{}", folder.path().join("events").display()))
            .args(["--", &prog("getppid"), "4", "2000000"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(folder.path().join("stderr"))?)
            .spawn()?;
        thread::sleep(Duration::from_millis(random.below(1_500)));
        kill(Pid::from_raw(child.id() as i32), signal)?;
        let (status, took) = ends(&mut child)?;
        slowest = slowest.max(took);
        let stderr = fs::read_to_string(folder.path().join("stderr"))?;
        assert!(!stderr.contains("panicked"), "{stderr}");
        if signal == Signal::SIGTERM
            && !(status.code().is_some() || status.signal() == Some(Signal::SIGTERM as i32))
        {
            return Err(format!("{status}: {stderr}").into());
        }
    }
    wait_until("programs, maps and links are gone", || {
        loaded().is_ok_and(|loaded| loaded.is_subset(&before))
    });
    drill.note(
        format!("{signal}, at a random moment"),
        format!("{KILLS} times, ended within {} ms", slowest.as_millis()),
    );
    Ok(())
}

/// A run that has ended, in time.
struct Ended {
    status: ExitStatus,
    took: Duration,
    stderr: String,
}

impl Ended {
    fn of(command: &mut Command) -> Result<Ended, Failed> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("stderr");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&path)?)
            .spawn()?;
        let (status, took) = ends(&mut child)?;
        let stderr = fs::read_to_string(&path)?;
        assert!(!stderr.contains("panicked"), "{stderr}");
        Ok(Ended { status, took, stderr })
    }

    /// For the table of figures, with its message.
    fn figures(&self, said: &str) -> String {
        let took = self.took.as_millis();
        format!("{} after {took} ms: {}", self.status, said.replace('|', "\\|"))
    }
}

/// A run that must fail, with a message that contains this.
fn fails(drill: &mut Drill, what: &str, command: &mut Command, says: &str) -> Result<(), Failed> {
    let ended = Ended::of(command)?;
    let said = ended.stderr.lines().find(|line| line.contains(says));
    match said.filter(|_| !ended.status.success()) {
        Some(said) => drill.note(what, ended.figures(said)),
        None => return Err(format!("{what}: {}: {}", ended.status, ended.stderr).into()),
    }
    Ok(())
}

fn full_disk(drill: &mut Drill) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let at = folder.path();
    mount(
        Some("tmpfs"),
        at,
        Some("tmpfs"),
        MsFlags::empty(),
        Some("size=1m"),
    )?;
    let result = on_full_disk(drill, at);
    umount(at)?;
    result
}

fn on_full_disk(drill: &mut Drill, at: &Path) -> Result<(), Failed> {
    for kind in ["table", "json"] {
        let output = format!("{kind}:{}", at.join("events").display());
        let mut command = Command::new(tracee());
        command.args([
            "-e",
            "getppid",
            "-o",
            &output,
            "--",
            &prog("getppid"),
            "1",
            "100000",
        ]);
        fails(
            drill,
            &format!("{kind} to a disk of 1 MiB"),
            &mut command,
            "No space left",
        )?;
        fs::remove_file(at.join("events"))?;
    }
    Ok(())
}

/// Artefacts that found no room on the disk are marked; the others are whole.
fn full_capture(drill: &mut Drill) -> Result<(), Failed> {
    const FILES: usize = 40;
    let folder = tempfile::tempdir()?;
    let written = tempfile::tempdir()?;
    mount(
        Some("tmpfs"),
        folder.path(),
        Some("tmpfs"),
        MsFlags::empty(),
        Some("size=2m"),
    )?;
    let result = (|| -> Result<(), Failed> {
        let script = format!(
            "for i in $(seq {FILES}); do head -c 100000 /dev/urandom >{}/$i; done",
            written.path().display()
        );
        let output = Command::new(tracee())
            .args(["-e", "execve", "-o", "table:/dev/null", "--capture"])
            .arg(format!("write={}/*", written.path().display()))
            .arg("--output-path")
            .arg(folder.path().join("out"))
            .args(["--", "sh", "-c", &script])
            .output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        let index = fs::read_to_string(folder.path().join("out/index.jsonl")).unwrap_or_default();
        let (mut whole, mut marked) = (0, 0);
        // The last line may be cut, too.
        for entry in index
            .lines()
            .map_while(|line| serde_json::from_str::<Value>(line).ok())
        {
            if entry["complete"] != true {
                marked += 1;
                continue;
            }
            whole += 1;
            let file = folder
                .path()
                .join("out")
                .join(entry["artifact"].as_str().unwrap_or_default());
            assert_eq!(
                sha256(&file),
                entry["sha256"].as_str().unwrap_or_default(),
                "{entry}"
            );
        }
        assert!(whole < FILES, "2 MiB have room for no {whole}");
        // If the list of artefacts finds no room either, a message reports that.
        assert!(
            whole + marked == FILES || stderr.contains("No space left"),
            "{whole}, {marked}: {stderr}"
        );
        assert!(!stderr.contains("panicked"), "{stderr}");
        drill.note(
            format!("{FILES} files of 100 kB into 2 MiB"),
            format!("{}: {whole} whole, {marked} marked", output.status),
        );
        Ok(())
    })();
    umount(folder.path())?;
    result
}

/// A FIFO without a reader, and one whose reader goes.
fn fifos(drill: &mut Drill) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let fifo = folder.path().join("fifo");
    mkfifo(&fifo, Mode::S_IRUSR | Mode::S_IWUSR)?;
    let output = format!("json:{}", fifo.display());
    let mut child = Command::new(tracee())
        .args(["-e", "getppid", "-o", &output, "--", &prog("getppid"), "1", "10"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // tracee may wait for a reader, or refuse; SIGTERM ends it all the same.
    thread::sleep(Duration::from_millis(500));
    let _ = kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM);
    let (status, took) = ends(&mut child)?;
    drill.note(
        "a FIFO that nobody reads, SIGTERM",
        format!("{status} after {} ms", took.as_millis()),
    );
    // A reader that goes after its first byte.
    let mut reader = Command::new("head")
        .args(["-c", "1"])
        .arg(&fifo)
        .stdout(Stdio::null())
        .spawn()?;
    let mut child = Command::new(tracee())
        .args([
            "-e",
            "getppid",
            "-o",
            &output,
            "--",
            &prog("getppid"),
            "4",
            "1000000",
        ])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    reader.wait()?;
    let (status, took) = ends(&mut child)?;
    drill.note(
        "a FIFO whose reader goes",
        format!("{status} after {} ms more", took.as_millis()),
    );
    Ok(())
}

/// Under limits tracee works, or names the limit in one line of its own.
fn limits(drill: &mut Drill) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    for limit in [
        "-n 3",
        "-n 10",
        "-n 20",
        "-n 40",
        "-f 8",
        "-s 64",
        "-s 256",
        "-v 20000",
        "-v 60000",
        "-v 100000",
        "-l 0",
        "-t 1",
        "-i 0",
        "-c 0",
    ] {
        let script = format!("ulimit {limit} && exec \"$@\"");
        let output = format!("json:{}", folder.path().join("events").display());
        let ended = Ended::of(
            Command::new("bash")
                .args(["-c", &script, "bash"])
                .arg(tracee())
                .args(["-e", "getppid", "-o", &output])
                .args(["--", &prog("getppid"), "2", "20000"]),
        )?;
        let last = ended.stderr.lines().last().unwrap_or_default();
        drill.note(format!("ulimit {limit}"), ended.figures(last));
        if !ended.status.success() && last.is_empty() {
            return Err(format!("ulimit {limit}: {}, and nothing is said", ended.status).into());
        }
    }
    Ok(())
}
