//! Hostile input from others: cgroups named like containers, sockets that answer wrongly or never, random filters.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use libtest_mimic::Failed;
use nix::sys::signal::Signal;
use nix::unistd::{chown, Uid};
use serde_json::Value;

use crate::harness::{finish, parse, prog, totals, tracee, wait_until, Background};
use crate::{Counts, Drill, Test};

pub fn drills() -> Vec<Test> {
    let missing = cgroup2().is_none().then(|| "cgroup v2 is not mounted".to_owned());
    vec![
        Test {
            name: "churn_of_cgroups",
            missing: missing.clone(),
            run: churn,
        },
        Test {
            name: "hostile_sockets",
            missing,
            run: sockets,
        },
        Test {
            name: "random_filters",
            missing: None,
            run: filters,
        },
    ]
}

/// Numbers that repeat with their seed (xorshift).
pub struct Random(u64);

impl Random {
    /// Seeded by TORTURE_SEED or, without it, the clock; prints the seed.
    pub fn seeded() -> Random {
        let given = std::env::var("TORTURE_SEED")
            .ok()
            .and_then(|text| text.parse().ok());
        let clock = || {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(1, |now| now.as_nanos() as u64)
        };
        let seed = given.unwrap_or_else(clock);
        println!("TORTURE_SEED={seed}");
        Random(seed | 1)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn one_of<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }
}

fn cgroup2() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let at = mounts.lines().find_map(|line| {
        let mut words = line.split(' ');
        let at = words.nth(1)?;
        (words.next()? == "cgroup2").then_some(at)
    })?;
    Some(at.into())
}

/// A cgroup of our own, removed at the end with all below it.
struct Cgroup(PathBuf);

impl Cgroup {
    fn new() -> std::io::Result<Cgroup> {
        let path = cgroup2().unwrap().join(format!("torture-{}", std::process::id()));
        fs::create_dir(&path)?;
        Ok(Cgroup(path))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for below in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let _ = fs::remove_dir(below.path());
        }
        let _ = fs::remove_dir(&self.0);
    }
}

fn churn(drill: &mut Drill) -> Result<(), Failed> {
    const COUNT: u64 = 6_000;
    let cgroup = Cgroup::new()?;
    let folder = cgroup.0.to_str().unwrap();
    for threads in [1, 4, 24] {
        let background = Background::start(&["-t", "c", "-e", "container_create,container_remove"]);
        let each = (COUNT / threads).to_string();
        let status = Command::new(prog("churn"))
            .args([folder, &threads.to_string(), &each])
            .status()?;
        assert!(status.success());
        let memory = peak_memory(&background);
        let run = background.stop();
        let received = ["container_create", "container_remove"].map(|name| run.named(name).len() as u64);
        let (_, lost) = totals(&run.stderr);
        let counts = Counts {
            done: 2 * COUNT,
            received: received[0] + received[1],
            lost,
        };
        drill.counts(format!("{threads} threads"), counts, format!("peak {memory} MiB"))?;
    }
    Ok(())
}

/// Its peak memory in MiB.
fn peak_memory(background: &Background) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", background.pid())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}

/// A zombie, until it is waited for.
fn has_ended(background: &Background) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", background.pid())).unwrap_or_default();
    stat.rsplit(") ").next().is_none_or(|rest| rest.starts_with('Z'))
}

/// What a socket does to its clients.
#[derive(Debug, Clone, Copy)]
enum Manners {
    Hangs,
    Drips,
    Endless,
    Garbage,
    Lies,
}

const OWNER: u32 = 4242;

/// A user's podman socket.
struct Socket {
    path: PathBuf,
    stop: Arc<AtomicBool>,
}

impl Socket {
    fn start(manners: Manners) -> std::io::Result<Socket> {
        let folder = Path::new("/run/user").join(OWNER.to_string()).join("podman");
        fs::create_dir_all(&folder)?;
        for path in [folder.parent().unwrap(), &folder] {
            chown(path, Some(Uid::from_raw(OWNER)), None)?;
        }
        let path = folder.join("podman.sock");
        let _ = fs::remove_file(&path);
        let listener = UnixListener::bind(&path)?;
        chown(&path, Some(Uid::from_raw(OWNER)), None)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let stopped = Arc::clone(&stopped);
                thread::spawn(move || answer(stream, manners, &stopped));
            }
        });
        Ok(Socket { path, stop })
    }
}

fn answer(mut stream: std::os::unix::net::UnixStream, manners: Manners, stopped: &AtomicBool) {
    let going = || !stopped.load(Ordering::Relaxed);
    let mut request = [0; 4096];
    let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
    let _ = stream.read(&mut request);
    match manners {
        Manners::Hangs => {
            while going() && !matches!(stream.read(&mut request), Ok(0)) {
                thread::sleep(Duration::from_millis(10));
            }
        }
        Manners::Drips => {
            let text = b"HTTP/1.0 200 OK\r\n\r\n[                                                      ";
            for byte in text.iter().cycle() {
                if !going() || stream.write_all(&[*byte]).is_err() {
                    break;
                }
                thread::sleep(Duration::from_millis(50));
            }
        }
        Manners::Endless => {
            let _ = stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n");
            while going() && stream.write_all(&[b'['; 65536]).is_ok() {}
        }
        Manners::Garbage => {
            let mut random = Random(0x5eed);
            let bytes: Vec<u8> = (0..4096).map(|_| random.below(256) as u8).collect();
            let _ = stream.write_all(&bytes);
        }
        Manners::Lies => {
            let _ = stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n[{\"Names\":[\"/liar\"],\"Image\":\"liar\"}]");
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = std::os::unix::net::UnixStream::connect(&self.path);
        let _ = fs::remove_dir_all(format!("/run/user/{OWNER}"));
    }
}

/// Events of a container that root made, while a user's socket tries to name it, or to block tracee.
fn sockets(drill: &mut Drill) -> Result<(), Failed> {
    const CALLS: u64 = 50_000;
    let cgroup = Cgroup::new()?;
    for manners in [
        Manners::Hangs,
        Manners::Drips,
        Manners::Endless,
        Manners::Garbage,
        Manners::Lies,
    ] {
        let _socket = Socket::start(manners)?;
        let background = Background::start(&["-t", "c", "-e", "getppid"]);
        let container = cgroup
            .0
            .join(format!("libpod-{:064x}.scope", manners as u64 + 10));
        fs::create_dir(&container)?;
        let procs = container.join("cgroup.procs");
        let script = format!(
            "echo $$ > {} && exec {} 2 {}",
            procs.display(),
            prog("getppid"),
            CALLS / 2
        );
        assert!(Command::new("sh").args(["-c", &script]).status()?.success());
        let memory = peak_memory(&background);
        let asked = Instant::now();
        background.signal(Signal::SIGTERM);
        wait_until("it has ended", || has_ended(&background));
        let took = asked.elapsed();
        let run = background.stop();
        let calls = run.named("getppid");
        let named = calls
            .iter()
            .filter(|event| event["container"]["name"].is_string())
            .count();
        assert_eq!(named, 0, "a user's socket named root's container");
        let counts = Counts {
            done: CALLS,
            received: calls.len() as u64,
            lost: totals(&run.stderr).1,
        };
        fs::remove_dir(&container)?;
        let note = format!("peak {memory} MiB, stopped within {} ms", took.as_millis());
        drill.counts(format!("{manners:?}").to_lowercase(), counts, note)?;
        assert!(memory < 200, "{memory} MiB");
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
    Ok(())
}

/// Pieces of random expressions.
const FIELDS: [&str; 14] = [
    "uid",
    "pid",
    "tid",
    "ppid",
    "comm",
    "uts",
    "mntns",
    "pidns",
    "container",
    "event.retval",
    "openat.pathname",
    "openat.flags",
    "openat.dfd",
    "nothing.at.all",
];
const VALUES: [&str; 20] = [
    "",
    "*",
    "**",
    "*a*",
    "0",
    "-1",
    "4294967295",
    "18446744073709551616",
    "ENOENT",
    "O_CREAT|O_EXCL",
    "/dev/*",
    "*.so",
    "\\,",
    "\\*",
    "é",
    "\u{202e}",
    "a,b,,c",
    "99999999999999999999999",
    "0x7f",
    "null",
];

/// Any expression is understood, or refused by one line.
fn filters(drill: &mut Drill) -> Result<(), Failed> {
    const ROUNDS: u32 = 100;
    let mut random = Random::seeded();
    let mut codes = [0_u32; 2];
    for _ in 0..ROUNDS {
        let filter = format!(
            "{}{}{}",
            random.one_of(&FIELDS),
            random.one_of(&["=", "!=", "<", ">", "<=", ">=", "=<", "~", "", "=="]),
            [
                random.one_of(&VALUES),
                random.one_of(&["", "", ","]),
                random.one_of(&VALUES)
            ]
            .concat()
        );
        let run = finish(Command::new(tracee()).args(["-e", "openat", "-f", &filter, "--", "true"]));
        match run.code() {
            0 => codes[0] += 1,
            2 if run.stderr.trim_end().lines().count() == 1 => codes[1] += 1,
            code => return Err(format!("{filter:?}: {code}: {}", run.stderr).into()),
        }
    }
    drill.note(
        "expressions put together at random",
        format!("{} understood, {} refused by one line", codes[0], codes[1]),
    );
    paths(drill, &mut random)
}

/// Opens of known paths, through random patterns; what must pass is decided here.
fn paths(drill: &mut Drill, random: &mut Random) -> Result<(), Failed> {
    const ROUNDS: u32 = 25;
    let names: Vec<String> = (0..400)
        .map(|n| format!("/torture/{:x}/{n}.{}", n % 7, n % 3))
        .collect();
    let folder = tempfile::tempdir()?;
    let list = folder.path().join("names");
    fs::write(
        &list,
        names.iter().map(|name| format!("{name}\n")).collect::<String>(),
    )?;
    let script = format!("while read -r name; do : < $name; done < {}", list.display());
    let (mut done, mut received, mut lost) = (0, 0, 0);
    for _ in 0..ROUNDS {
        let digit = random.below(10);
        let pattern = match random.below(4) {
            0 => format!("/torture/{digit}/*"),
            1 => format!("*{digit}.{}", random.below(3)),
            2 => format!("*/{digit}*"),
            _ => names[random.below(400) as usize].clone(),
        };
        let passes = |name: &str| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
            (Some(_), Some(start)) => name.contains(&start[1..]),
            (Some(end), None) => name.ends_with(end),
            (None, Some(start)) => name.starts_with(start),
            (None, None) => name == pattern,
        };
        let wanted = names.iter().filter(|name| passes(name)).count() as u64;
        let events = folder.path().join("events");
        let run = finish(
            Command::new(tracee())
                .args([
                    "-e",
                    "open,openat",
                    "-f",
                    &format!("openat.pathname={pattern}"),
                    "-f",
                ])
                .args([
                    &format!("open.pathname={pattern}"),
                    "-o",
                    &format!("json:{}", events.display()),
                ])
                .args(["--", "bash", "-c", &script])
                .stderr(Stdio::piped()),
        );
        let seen = parse(fs::File::open(&events)?);
        let ours = |event: &&Value| {
            let args = event["args"].as_array().unwrap();
            let path = args.iter().find(|arg| arg["name"] == "pathname");
            path.is_some_and(|path| {
                path["value"]
                    .as_str()
                    .is_some_and(|path| path.starts_with("/torture/"))
            })
        };
        let got = seen.iter().filter(ours).count() as u64;
        assert!(got <= wanted, "{pattern}: {got} of {wanted}");
        done += wanted;
        received += got;
        lost += totals(&run.stderr).1;
    }
    let counts = Counts { done, received, lost };
    drill.counts(
        format!("{ROUNDS} random patterns, paths that must pass"),
        counts,
        "",
    )
}
