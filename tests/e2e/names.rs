//! Names of containers: who may set them, and what happens while they are missing.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{chown, symlink, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use nix::sys::signal::Signal;
use serde_json::{json, Value};

use crate::capture_code::{lacks_fuse, Unserved};
use crate::containers::{id, output};
use crate::harness::{
    lacks_tool, parse, prog, same_everywhere, tracee, value, wait_until, Background, Env, Run,
};
use crate::membership::{all_in, container, go, no_loss, own, procs, ran, remove, user, Cgroups};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("users_name_their_own_containers_only", own_only).unless(same_everywhere()),
        Test::new("no_link_of_a_users_is_followed", links).unless(same_everywhere()),
        Test::new("a_users_name_does_not_decide_what_is_traced", not_listed).unless(same_everywhere()),
        Test::new("an_executables_privileges_are_not_its_users", privileged)
            .unless(same_everywhere())
            .unless(lacks_tool("setcap")),
        Test::new("names_awaited_in_vain_drop_nothing", hanging).unless(same_everywhere()),
        Test::new("a_removed_containers_name_is_still_shown", removed).unless(same_everywhere()),
        Test::new("no_name_of_a_users_is_too_long", long).unless(same_everywhere()),
        Test::new("a_users_folder_that_nobody_serves_holds_nobody", unserved)
            .unless(same_everywhere())
            .unless(lacks_fuse()),
        Test::new("a_flood_that_waits_for_a_name_is_bounded", flood).unless(same_everywhere()),
    ]
}

/// A process that listens at a socket.
struct Listener(Child);

impl Listener {
    fn start(path: &Path, answer: &str, uid: u32) -> Listener {
        let mut child = Command::new(prog("answers"))
            .arg(path)
            .arg(answer)
            .uid(uid)
            .gid(uid)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "ready\n");
        Listener(child)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The folder in /run/user, made if it is missing.
struct UsersFolder(PathBuf);

impl UsersFolder {
    fn make() -> UsersFolder {
        let folder = PathBuf::from(format!("/run/user/{}", user()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("podman")).unwrap();
        for folder in [folder.clone(), folder.join("podman")] {
            chown(folder, Some(user()), Some(user())).unwrap();
        }
        UsersFolder(folder)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("podman/podman.sock")
    }
}

impl Drop for UsersFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The answer of docker and podman about a container that they know.
fn answer(name: &str) -> String {
    json!([{ "Names": [format!("/{name}")], "Image": "image:1" }]).to_string()
}

/// A cgroup of the user's in which he may make containers.
fn delegated(cgroups: &mut Cgroups) -> String {
    let folder = cgroups.named("delegated");
    for file in [folder.clone(), procs(&folder)] {
        chown(file, Some(user()), Some(user())).unwrap();
    }
    folder
}

const EVENTS: &str = "sched_process_exec,container_create,container_remove";

/// Work in a container of the user's, and in one that root has made for podman: their ids.
fn work(cgroups: &mut Cgroups, seed: u64) -> (String, String) {
    let delegated = delegated(cgroups);
    let (users, roots) = (id(own(seed)), id(own(seed + 1)));
    let at_users = format!("{delegated}/libpod-{users}.scope");
    let at_roots = cgroups.folder(&format!("machine.slice/libpod-{roots}.scope"));
    let uid = user().to_string();
    #[rustfmt::skip]
    go(&[
        "into", &procs(&delegated), "uid", &uid,
        "make", &at_users, "into", &procs(&at_users), "run", "users",
    ]);
    go(&["into", &procs(&at_roots), "exec", "run", "roots"]);
    remove(&at_users);
    (users, roots)
}

/// The names of a container in its events.
fn names(run: &Run, id: &str) -> Vec<Value> {
    let mut names: Vec<_> = run
        .events
        .iter()
        .filter(|event| container(event) == id)
        .map(|event| event["container"]["name"].clone())
        .collect();
    names.dedup();
    names
}

fn own_only() -> Result<(), Failed> {
    let folder = UsersFolder::make();
    let mut cgroups = Cgroups::new(4000);
    let _user = Listener::start(&folder.socket(), &answer("mine"), user());
    let background = Background::start(&["-t", "p", "-e", EVENTS]);
    let (users, roots) = work(&mut cgroups, 4001);
    let run = background.stop();
    assert_eq!(names(&run, &users), ["mine"]);
    assert_eq!(names(&run, &roots), [Value::Null]);
    let created = run.named("container_create");
    let told = |id: &str| -> Vec<&Value> {
        let of = |event: &&&Value| container(event) == id;
        created
            .iter()
            .filter(of)
            .map(|event| value(event, "name"))
            .collect()
    };
    assert_eq!(told(&users), [&json!("mine")]);
    assert_eq!(told(&roots), [&Value::Null]);
    // Nor at a socket that the tracing user has named, if another user listens there.
    let env = Env::set("CONTAINER_HOST", format!("unix://{}", folder.socket().display()));
    let background = Background::start(&["-t", "p", "-e", EVENTS]);
    drop(env);
    let (users, roots) = work(&mut cgroups, 4011);
    let run = background.stop();
    assert_eq!(names(&run, &users), ["mine"]);
    assert_eq!(names(&run, &roots), [Value::Null]);
    Ok(())
}

fn links() -> Result<(), Failed> {
    let folder = UsersFolder::make();
    let mut cgroups = Cgroups::new(4100);
    let elsewhere = tempfile::tempdir()?;
    chown(elsewhere.path(), Some(user()), Some(user()))?;
    fs::set_permissions(elsewhere.path(), fs::Permissions::from_mode(0o755))?;
    let real = elsewhere.path().join("podman.sock");
    let _user = Listener::start(&real, &answer("linked"), user());
    let mut seed = 4101;
    let mut unnamed = |cgroups: &mut Cgroups, what: &str| {
        let background = Background::start(&["-t", "p", "-e", EVENTS]);
        let (users, _) = work(cgroups, seed);
        assert_eq!(names(&background.stop(), &users), [Value::Null], "{what}");
        seed += 10;
    };
    symlink(&real, folder.socket())?;
    unnamed(&mut cgroups, "the socket is a link");
    fs::remove_file(folder.socket())?;
    fs::remove_dir(folder.0.join("podman"))?;
    symlink(elsewhere.path(), folder.0.join("podman"))?;
    unnamed(&mut cgroups, "its folder is a link");
    fs::remove_file(folder.0.join("podman"))?;
    // A folder that is not the user's is not used, either.
    fs::create_dir(folder.0.join("podman"))?;
    let _roots = Listener::start(&folder.socket(), &answer("roots"), 0);
    unnamed(&mut cgroups, "another listens there");
    Ok(())
}

fn not_listed() -> Result<(), Failed> {
    let folder = UsersFolder::make();
    let mut cgroups = Cgroups::new(4200);
    let roots = tempfile::tempdir()?;
    let socket = roots.path().join("socket");
    let _user = Listener::start(&folder.socket(), &answer("web"), user());
    let _root = Listener::start(&socket, &answer("web"), 0);
    let env = Env::set("CONTAINER_HOST", format!("unix://{}", socket.display()));
    let background = Background::start(&["-t", "c:web", "-e", EVENTS]);
    drop(env);
    let (_, roots) = work(&mut cgroups, 4201);
    let run = background.stop();
    assert_eq!(ran(&run), all_in(&["roots"], &roots));
    assert_eq!(names(&run, &roots), ["web"]);
    Ok(())
}

/// If the executable has capabilities of its own, its user's environment is ignored.
fn privileged() -> Result<(), Failed> {
    let _folder = UsersFolder::make();
    let mut cgroups = Cgroups::new(4600);
    let theirs = tempfile::tempdir()?;
    chown(theirs.path(), Some(user()), Some(user()))?;
    let (socket, events) = (theirs.path().join("socket"), theirs.path().join("events"));
    let _user = Listener::start(&socket, &answer("steered"), user());
    let roots = tempfile::tempdir()?;
    fs::set_permissions(roots.path(), fs::Permissions::from_mode(0o755))?;
    let program = roots.path().join("tracee");
    fs::copy(tracee(), &program)?;
    let capabilities = "cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search=ep";
    output(Command::new("setcap").arg(capabilities).arg(&program));
    let mut child = Command::new(&program)
        .args([
            "-t",
            "p",
            "--debug",
            "-e",
            EVENTS,
            "-o",
            &format!("json:{}", events.display()),
        ])
        .env("CONTAINER_HOST", format!("unix://{}", socket.display()))
        .uid(user())
        .gid(user())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(log.any(|line| line.unwrap().contains("tracing has begun")));
    let (users, _) = work(&mut cgroups, 4601);
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id() as i32), Signal::SIGINT)?;
    assert!(child.wait()?.success());
    let events = parse(fs::File::open(&events)?);
    let named: Vec<_> = events.iter().filter(|event| container(event) == users).collect();
    assert!(!named.is_empty());
    for event in named {
        assert_eq!(event["container"]["name"], Value::Null, "{event}");
    }
    Ok(())
}

fn hanging() -> Result<(), Failed> {
    let folder = UsersFolder::make();
    let mut cgroups = Cgroups::new(4300);
    let delegated = delegated(&mut cgroups);
    let _user = Listener::start(&folder.socket(), "hang", user());
    let background = Background::start(&["-t", "p", "-e", EVENTS]);
    let make = |seed: u64| format!("{delegated}/libpod-{}.scope", id(own(seed)));
    // Enough questions in front, then a container that is gone before it is asked about, then many others.
    let churn = |from: u64| {
        for seed in from..from + 300 {
            fs::create_dir(make(seed)).unwrap();
            fs::remove_dir(make(seed)).unwrap();
        }
    };
    churn(5000);
    let runs: Vec<_> = (0..20).map(|number| format!("hidden-{number}")).collect();
    let at = make(4301);
    let uid = user().to_string();
    let into = [procs(&delegated), procs(&at)];
    let mut words = vec!["into", &into[0], "uid", &uid, "make", &at, "into", &into[1]];
    words.extend(runs.iter().flat_map(|name| ["run", name]));
    go(&words);
    remove(&at);
    churn(5500);
    end_in_time(&background);
    let run = background.stop();
    no_loss(&run);
    let hidden: Vec<_> = runs.iter().map(String::as_str).collect();
    assert_eq!(ran(&run), all_in(&hidden, &id(own(4301))));
    for event in ["container_create", "container_remove"] {
        assert_eq!(run.named(event).len(), 601, "{event}");
    }
    assert!(run.stderr.contains("without a name"), "{}", run.stderr);
    Ok(())
}

/// The answer comes when the container has gone: its name is that of all its events.
fn removed() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let socket = folder.path().join("socket");
    let cgroups = Cgroups::new(4400);
    // Nobody answers before this process goes on.
    let root = Listener::start(&socket, &answer("late"), 0);
    let stop = |signal| nix::sys::signal::kill(nix::unistd::Pid::from_raw(root.0.id() as i32), signal);
    stop(Signal::SIGSTOP)?;
    let env = Env::set("CONTAINER_HOST", format!("unix://{}", socket.display()));
    let background = Background::start(&["-t", "p", "-e", EVENTS]);
    drop(env);
    let id = id(own(4401));
    let at = cgroups.hierarchy.path(&format!("libpod-{id}.scope"));
    let at = at.to_str().unwrap();
    fs::create_dir(at)?;
    go(&["into", &procs(at), "exec", "run", "brief"]);
    remove(at);
    stop(Signal::SIGCONT)?;
    let run = background.stop();
    assert_eq!(names(&run, &id), ["late"]);
    assert_eq!(ran(&run), all_in(&["brief"], &id));
    assert_eq!(run.named("container_remove").len(), 1);
    Ok(())
}

/// Longer than any real name.
fn long() -> Result<(), Failed> {
    let folder = UsersFolder::make();
    let mut cgroups = Cgroups::new(4600);
    let _user = Listener::start(&folder.socket(), &answer(&"n".repeat(60_000)), user());
    let background = Background::start(&["-t", "p", "-e", EVENTS]);
    let (users, _) = work(&mut cgroups, 4601);
    let run = background.stop();
    let cut = format!("{}…", "n".repeat(252));
    assert_eq!(names(&run, &users), [cut.as_str()]);
    Ok(())
}

/// The user has mounted a file system of his own there.
fn unserved() -> Result<(), Failed> {
    let folder = UsersFolder::make();
    let mut cgroups = Cgroups::new(4700);
    let server = Unserved::start(&[folder.0.to_str().unwrap(), &prog("getppid")]);
    let background = Background::start(&["-t", "p", "-e", EVENTS]);
    let (users, _) = work(&mut cgroups, 4701);
    end_in_time(&background);
    let run = background.stop();
    server.end();
    assert_eq!(names(&run, &users), [Value::Null]);
    Ok(())
}

/// Ends in time, whatever is still awaited or in the rings.
pub fn end_in_time(background: &Background) {
    const MOST: Duration = Duration::from_secs(4);
    let start = Instant::now();
    background.signal(Signal::SIGINT);
    wait_until("tracee ends", || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", background.pid())).unwrap();
        stat.contains(") Z ")
    });
    assert!(start.elapsed() < MOST, "{:?}", start.elapsed());
}

/// Resident memory of a process in KiB.
fn memory(background: &Background) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", background.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn flood() -> Result<(), Failed> {
    const MORE: u64 = 160 << 10;
    let folder = UsersFolder::make();
    let socket = folder.0.join("roots");
    let mut cgroups = Cgroups::new(4500);
    let _user = Listener::start(&folder.socket(), "hang", user());
    let _root = Listener::start(&socket, "hang", 0);
    let env = Env::set("CONTAINER_HOST", format!("unix://{}", socket.display()));
    // One run in which names are only shown, and one in which they decide.
    let runs = ["p", "c:web"].map(|scope| Background::start(&["-t", scope, "-e", "getppid"]));
    drop(env);
    let before = runs.each_ref().map(memory);
    let floods: Vec<_> = (0..6)
        .map(|seed| {
            let at = cgroups.folder(&format!("machine.slice/libpod-{}.scope", id(own(4501 + seed))));
            Command::new(prog("cgroups"))
                .args(["into", &procs(&at), "exec", "calls", "200000"])
                .spawn()
                .unwrap()
        })
        .collect();
    let mut most = before;
    let mut running = floods;
    wait_until("the floods end", || {
        for (most, run) in most.iter_mut().zip(&runs) {
            *most = (*most).max(memory(run));
        }
        running.retain_mut(|child| child.try_wait().unwrap().is_none());
        running.is_empty()
    });
    for (before, most) in before.iter().zip(most) {
        assert!(most < before + MORE, "{before} KiB, then {most}");
    }
    for run in runs {
        end_in_time(&run);
        let run = run.stop();
        assert!(!run.named("getppid").is_empty());
    }
    Ok(())
}
