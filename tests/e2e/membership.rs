//! Which container a process is in, whatever it and others do with cgroups: each sentence of docs/security-model.md
//! about it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{chown, PermissionsExt};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use libtest_mimic::Failed;
use serde_json::{json, Value};

use crate::containers::{id, Hierarchy};
use crate::harness::{prog, totals, value, Background, Run};
use crate::Test;

/// A uid that nothing else uses, not even another run of these tests.
pub fn user() -> u32 {
    100_000 + std::process::id() % 100_000
}

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("members_stay_wherever_they_go", stay),
        Test::new("the_host_ends_at_the_entry_exec", entry),
        Test::new("who_was_there_before_stays_as_well", before),
        Test::new("an_existing_containers_path_is_its_own", own_path),
        Test::new("threads_do_not_leave_their_process", threads),
        Test::new("forks_that_race_with_moves_stay", race),
        Test::new("what_is_made_inside_is_the_containers", inside),
        Test::new("users_containers_stay_the_hosts", users),
    ]
}

/// A number for an id that no other run of these tests has.
pub fn own(number: u64) -> u64 {
    number + (u64::from(std::process::id()) << 32)
}

/// Cgroups of the second version for one test.
pub struct Cgroups {
    pub hierarchy: Hierarchy,
    ids: u64,
}

impl Cgroups {
    pub fn new(ids: u64) -> Cgroups {
        Cgroups {
            hierarchy: Hierarchy::mount("cgroup2", None).unwrap(),
            ids: own(ids),
        }
    }

    /// A container as docker's cgroup driver makes it: its id, and its folder.
    pub fn container(&mut self, seed: u64) -> (String, String) {
        let id = id(self.ids + seed);
        let folder = self.folder(&format!("docker/{id}"));
        (id, folder)
    }

    pub fn folder(&mut self, path: &str) -> String {
        self.hierarchy.make(path).to_str().unwrap().into()
    }

    /// A cgroup of no container.
    pub fn named(&mut self, name: &str) -> String {
        self.folder(&format!("{name}-{}", std::process::id()))
    }

    /// The cgroup.procs of the topmost cgroup.
    fn root(&self) -> String {
        procs(self.hierarchy.path("").to_str().unwrap())
    }
}

pub fn procs(folder: &str) -> String {
    format!("{}/cgroup.procs", folder.trim_end_matches('/'))
}

/// `cgroups` with these words, which must succeed.
pub fn go(words: &[&str]) {
    let status = Command::new(prog("cgroups")).args(words).status().unwrap();
    assert!(status.success(), "{words:?}: {status}");
}

/// One that waits at the word `wait`.
pub struct Waiting {
    pub child: Child,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Waiting {
    pub fn start(words: &[&str]) -> Waiting {
        let mut child = Command::new(prog("cgroups"))
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut waiting = Waiting { child, stdout };
        waiting.ready();
        waiting
    }

    pub fn ready(&mut self) {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
    }

    pub fn go(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    pub fn end(mut self) {
        self.go();
        assert!(self.child.wait().unwrap().success());
    }

    fn move_into(&self, file: &str) {
        fs::write(file, self.child.id().to_string()).unwrap();
    }
}

pub const EVENTS: &str = "sched_process_exec,getppid,container_create,container_remove,existing_container";

/// The same work in each of these scopes.
pub fn scopes<const N: usize>(scopes: [&str; N]) -> [Background; N] {
    scopes.map(|scope| Background::start(&["-t", scope, "-e", EVENTS]))
}

/// Programs that were executed by `run`, each with its container.
pub fn ran(run: &Run) -> BTreeMap<String, String> {
    let name = |event: &&Value| {
        let argv = value(event, "argv").as_array()?;
        let is = argv.get(1)? == "end" && argv[0].as_str()?.ends_with("/cgroups");
        is.then(|| Some((argv.get(2)?.as_str()?.to_owned(), container(event))))?
    };
    run.named("sched_process_exec").iter().filter_map(name).collect()
}

pub fn container(event: &Value) -> String {
    event["container"]["id"].as_str().unwrap_or_default().into()
}

/// These names, all in that container; in none: the empty string.
pub fn all_in(names: &[&str], id: &str) -> BTreeMap<String, String> {
    names.iter().map(|name| ((*name).into(), id.into())).collect()
}

/// Calls of getppid that `cgroups` has made, by container.
fn calls(run: &Run) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for event in run.named("getppid") {
        if event["processName"] == "cgroups" || event["processName"] == "exe" {
            *calls.entry(container(event)).or_insert(0) += 1;
        }
    }
    calls
}

pub fn no_loss(run: &Run) {
    assert_eq!(totals(&run.stderr).1, 0, "{}", run.stderr);
}

fn stay() -> Result<(), Failed> {
    let mut cgroups = Cgroups::new(2000);
    let (a, at_a) = cgroups.container(1);
    let (_, at_b) = cgroups.container(2);
    let elsewhere = cgroups.named("elsewhere");
    let root = cgroups.root();
    let runs = scopes(["c:all", &format!("c:{}", &a[..12]), "h", "h:all"]);
    let (into_a, into_b, out) = (procs(&at_a), procs(&at_b), procs(&elsewhere));
    #[rustfmt::skip]
    go(&[
        "into", &into_a, "exec", "run", "in",
        "into", &out, "run", "moved", "exec", "run", "moved-exec",
        "into", &root, "fork", "run", "root", "exec", "run", "root-exec",
        "into", &into_b, "run", "other", "exec", "run", "other-exec",
        "clone", &elsewhere, "run", "cloned", "exec", "run", "cloned-exec",
    ]);
    // And by root.
    let moved = Waiting::start(&[
        "into",
        &into_a,
        "exec",
        "wait",
        "run",
        "by-root",
        "exec",
        "run",
        "by-root-exec",
    ]);
    moved.move_into(&out);
    moved.end();
    let [all, listed, new_host, host] = runs.map(Background::stop);
    let names = [
        "in",
        "moved",
        "moved-exec",
        "root",
        "root-exec",
        "other",
        "other-exec",
        "cloned",
        "cloned-exec",
        "by-root",
        "by-root-exec",
    ];
    for run in [&all, &listed] {
        assert_eq!(ran(run), all_in(&names, &a));
        no_loss(run);
    }
    assert_eq!(ran(&new_host), BTreeMap::new());
    assert_eq!(ran(&host), BTreeMap::new());
    Ok(())
}

fn entry() -> Result<(), Failed> {
    let mut cgroups = Cgroups::new(2100);
    let (a, at_a) = cgroups.container(1);
    let runs = scopes(["c:all", "h"]);
    #[rustfmt::skip]
    go(&[
        "run", "host", "into", &procs(&at_a), "calls", "3",
        "own", "calls", "4", "exec", "calls", "5", "run", "in",
    ]);
    go(&["clone", &at_a, "calls", "2", "exec", "run", "cloned"]);
    let [all, host] = runs.map(Background::stop);
    assert_eq!(ran(&all), all_in(&["in", "cloned"], &a));
    assert_eq!(calls(&all), [(a, 5)].into());
    assert_eq!(ran(&host), all_in(&["host"], ""));
    assert_eq!(calls(&host), [(String::new(), 9)].into());
    Ok(())
}

fn before() -> Result<(), Failed> {
    let mut cgroups = Cgroups::new(2200);
    let (a, at_a) = cgroups.container(1);
    let elsewhere = procs(&cgroups.named("elsewhere"));
    let into_a = procs(&at_a);
    // A member; one that has only been put there; one of the host.
    let member = Waiting::start(&[
        "into", &into_a, "exec", "wait", "into", &elsewhere, "run", "member",
    ]);
    let put = Waiting::start(&["into", &into_a, "wait", "into", &elsewhere, "run", "put"]);
    let mut host = Waiting::start(&["wait", "calls", "3", "wait", "exec", "run", "host"]);
    let runs = scopes(["c:all", &format!("c:{}", &a[..9]), "c", "h:all"]);
    host.move_into(&into_a);
    host.go();
    host.ready();
    host.end();
    member.end();
    put.end();
    let [all, listed, new, rest] = runs.map(Background::stop);
    for run in [&all, &listed] {
        assert_eq!(ran(run), all_in(&["host", "member", "put"], &a));
        assert_eq!(run.named("existing_container").len(), 1);
    }
    assert_eq!(ran(&new), BTreeMap::new());
    assert_eq!(ran(&rest), BTreeMap::new());
    assert_eq!(calls(&rest), [(String::new(), 3)].into());
    Ok(())
}

/// Another process is in a cgroup with the same name.
fn own_path() -> Result<(), Failed> {
    let mut cgroups = Cgroups::new(2600);
    let (roots, at_roots) = cgroups.container(1);
    let folder = cgroups.named("delegated");
    for file in [folder.clone(), procs(&folder)] {
        chown(file, Some(user()), Some(user()))?;
    }
    let at_users = format!("{folder}/FORGED/docker-{roots}.scope");
    let above = format!("{folder}/FORGED");
    let uid = user().to_string();
    let into_roots = procs(&at_roots);
    #[rustfmt::skip]
    let users = |name| Waiting::start(&[
        "into", &procs(&folder), "uid", &uid, "make", &above, "make", &at_users,
        "into", &procs(&at_users), "wait", "run", name,
    ]);
    // In either order.
    let before = users("before");
    let member = Waiting::start(&["into", &into_roots, "exec", "wait", "run", "member"]);
    let after = Waiting::start(&["into", &procs(&at_users), "wait", "run", "after"]);
    let [all] = scopes(["c:all"]);
    let run = all.stop();
    for waiting in [before, member, after] {
        waiting.end();
    }
    let paths: BTreeMap<_, _> = (run.named("existing_container").into_iter())
        .map(|event| (value(event, "owner").as_u64(), value(event, "path").clone()))
        .collect();
    let shown = |path: &str| {
        path.strip_prefix(cgroups.hierarchy.path("").to_str().unwrap().trim_end_matches('/'))
            .map(Value::from)
    };
    let expected = [(0, &at_roots), (u64::from(user()), &at_users)];
    let expected = expected.map(|(owner, path)| (Some(owner), shown(path).unwrap()));
    assert_eq!(paths, expected.into());
    remove(&at_users);
    remove(&above);
    Ok(())
}

fn threads() -> Result<(), Failed> {
    let mut cgroups = Cgroups::new(2300);
    let (a, at_a) = cgroups.container(1);
    let threaded = cgroups.folder(&format!("docker/{a}/threaded"));
    fs::write(format!("{threaded}/cgroup.type"), "threaded")?;
    let runs = scopes(["c:all", "h"]);
    let threads = format!("{threaded}/cgroup.threads");
    go(&["into", &procs(&at_a), "exec", "thread", &threads, "run", "in"]);
    let [all, host] = runs.map(Background::stop);
    assert_eq!(ran(&all), all_in(&["forked", "in"], &a));
    assert_eq!(ran(&host), BTreeMap::new());
    // In cgroup v1 each thread may move separately.
    let Some(mut v1) = Hierarchy::mount("cgroup", Some("devices")) else {
        return Ok(());
    };
    let a = id(own(2302));
    let tasks = |folder: PathBuf| folder.join("tasks").to_str().unwrap().to_owned();
    let into_a = tasks(v1.make(&format!("docker/{a}")));
    let elsewhere = tasks(v1.make(&format!("elsewhere-{}", std::process::id())));
    let runs = scopes(["c:all", "h"]);
    go(&[
        "into", &into_a, "exec", "thread", &elsewhere, "into", &elsewhere, "run", "in",
    ]);
    let [all, host] = runs.map(Background::stop);
    assert_eq!(ran(&all), all_in(&["forked", "in"], &a));
    assert_eq!(ran(&host), BTreeMap::new());
    Ok(())
}

fn race() -> Result<(), Failed> {
    const CHILDREN: usize = 200;
    let mut cgroups = Cgroups::new(2400);
    let (a, at_a) = cgroups.container(1);
    let elsewhere = cgroups.named("elsewhere");
    let runs = scopes(["c:all", "h"]);
    let (into_a, out) = (procs(&at_a), procs(&elsewhere));
    go(&[
        "into",
        &into_a,
        "exec",
        "race",
        &out,
        &into_a,
        &CHILDREN.to_string(),
    ]);
    let [all, host] = runs.map(Background::stop);
    let racers = |run: &Run| {
        let racer = |event: &&&Value| value(event, "argv")[2] == "racer" && container(event) == a;
        run.named("sched_process_exec").iter().filter(racer).count()
    };
    no_loss(&all);
    assert_eq!(racers(&all), CHILDREN);
    assert_eq!(ran(&host), BTreeMap::new());
    Ok(())
}

fn inside() -> Result<(), Failed> {
    let mut cgroups = Cgroups::new(2500);
    let (a, at_a) = cgroups.container(1);
    let (below, beside) = (id(own(2502)), id(own(2503)));
    let below = format!("{at_a}/docker-{below}.scope");
    let beside = cgroups.hierarchy.path(&format!("docker/{beside}"));
    let beside = beside.to_str().unwrap();
    let runs = scopes(["c:all", &format!("c:{}", &a[..12]), "h"]);
    #[rustfmt::skip]
    go(&[
        "into", &procs(&at_a), "exec",
        "make", &below, "into", &procs(&below), "run", "below", "exec", "run", "below-exec",
        "make", beside, "into", &procs(beside), "run", "beside", "exec", "run", "beside-exec",
    ]);
    // A process of the host that is put there belongs to the container as well.
    go(&["into", &procs(&below), "exec", "run", "host-below"]);
    go(&["into", &procs(beside), "exec", "run", "host-beside"]);
    let [all, listed, host] = runs.map(Background::stop);
    for run in [&all, &listed] {
        let names = [
            "below",
            "below-exec",
            "beside",
            "beside-exec",
            "host-below",
            "host-beside",
        ];
        assert_eq!(ran(run), all_in(&names, &a));
        // They are no containers of their own.
        assert!(run.named("container_create").is_empty());
    }
    assert_eq!(ran(&host), BTreeMap::new());
    for folder in [&below, beside] {
        remove(folder);
    }
    Ok(())
}

/// A process that has just ended may not be out of it yet.
pub fn remove(folder: &str) {
    crate::harness::wait_until("the cgroup can be removed", || fs::remove_dir(folder).is_ok());
}

fn users() -> Result<(), Failed> {
    let mut cgroups = Cgroups::new(2700);
    let delegated = cgroups.named("delegated");
    let everybodys = cgroups.named("writable");
    fs::set_permissions(&everybodys, fs::Permissions::from_mode(0o777))?;
    for file in [delegated.clone(), procs(&delegated)] {
        chown(file, Some(user()), Some(user()))?;
    }
    let (users, made, given) = (id(own(2701)), id(own(2702)), id(own(2703)));
    let at_users = format!("{delegated}/libpod-{users}.scope");
    let at_made = format!("{everybodys}/docker-{made}.scope");
    let runs = scopes(["c", "h", "p", &format!("c:{}", &users[..12])]);
    let uid = user().to_string();
    #[rustfmt::skip]
    go(&[
        "into", &procs(&delegated), "uid", &uid, "run", "plain",
        "make", &at_users, "into", &procs(&at_users), "run", "in", "exec", "run", "in-exec",
    ]);
    go(&["uid", &uid, "make", &at_made]);
    go(&["into", &procs(&at_made), "exec", "run", "made"]);
    // Root vouches for a cgroup that root has made and given away.
    let at_given = cgroups.folder(&format!("docker/{given}"));
    for file in [at_given.clone(), procs(&at_given)] {
        chown(file, Some(user()), Some(user()))?;
    }
    go(&["into", &procs(&at_given), "uid", &uid, "exec", "run", "given"]);
    remove(&at_users);
    remove(&at_made);
    let [new, host, all, listed] = runs.map(Background::stop);
    let mut of_users = all_in(&["in", "in-exec"], &users);
    assert_eq!(ran(&listed), of_users);
    of_users.extend(all_in(&["made"], &made));
    let mut of_host = of_users.clone();
    of_host.extend(all_in(&["plain"], ""));
    let mut of_containers = of_users;
    of_containers.extend(all_in(&["given"], &given));
    assert_eq!(ran(&host), of_host);
    assert_eq!(ran(&new), of_containers);
    // The owner is reported.
    let owners = [(&users, user()), (&made, user()), (&given, 0)];
    for (id, owner) in owners {
        let created: Vec<_> = all
            .named("container_create")
            .into_iter()
            .filter(|event| container(event) == *id)
            .collect();
        assert_eq!(created.len(), 1, "{id}");
        assert_eq!(*value(created[0], "owner"), json!(owner));
        for event in all.events.iter().filter(|event| container(event) == *id) {
            assert_eq!(event["container"]["owner"], owner, "{event}");
        }
    }
    Ok(())
}
