//! Which container a process is in where depths, tables and times come to their limits.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::chown;

use libbpf_rs::{MapCore, MapFlags, MapHandle};
use libtest_mimic::Failed;

use crate::containers::id;
use crate::harness::{same_everywhere, value, Background, Run};
use crate::membership::{
    all_in, container, go, no_loss, own, procs, ran, remove, scopes, user, Cgroups, Waiting, EVENTS,
};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("no_depth_leads_out", deep),
        Test::new("full_tables_hide_nothing", full).unless(same_everywhere()),
        Test::new("containers_outlive_their_cgroups", outlive),
    ]
}

fn deep() -> Result<(), Failed> {
    // Within the depth that is looked at, and beyond.
    let (near, far) = (100, 1030);
    let mut cgroups = Cgroups::new(2600);
    let (a, at_a) = cgroups.container(1);
    let below = |depth: usize| format!("docker/{a}{}", "/d".repeat(depth));
    cgroups.folder(&below(far));
    let runs = scopes(["c:all", &format!("c:{}", &a[..12]), "h"]);
    let at = |depth: usize| procs(cgroups.hierarchy.path(&below(depth)).to_str().unwrap());
    go(&["into", &at(near), "exec", "run", "near"]);
    go(&["into", &at(far), "exec", "run", "far"]);
    go(&[
        "into",
        &procs(&at_a),
        "exec",
        "into",
        &at(far),
        "exec",
        "run",
        "member",
    ]);
    let [all, listed, host] = runs.map(Background::stop);
    let mut expected = all_in(&["near", "member"], &a);
    expected.extend(all_in(&["far"], ""));
    for run in [&all, &listed] {
        assert_eq!(ran(run), expected);
        assert!(run.stderr.contains("since tables were full"), "{}", run.stderr);
    }
    // Its container is unknown: it counts as in every scope.
    assert_eq!(ran(&host), all_in(&["far"], ""));
    Ok(())
}

/// A map of that tracee's, by its name.
fn map(background: &Background, name: &str) -> MapHandle {
    let folder = format!("/proc/{}/fdinfo", background.pid());
    let id = |entry: fs::DirEntry| {
        let text = fs::read_to_string(entry.path()).ok()?;
        let id = text.lines().find_map(|line| line.strip_prefix("map_id:"))?;
        let map = MapHandle::from_map_id(id.trim().parse().ok()?).ok()?;
        (map.name().to_str()? == name).then_some(map)
    };
    let maps = fs::read_dir(folder).unwrap().flatten();
    maps.into_iter()
        .find_map(id)
        .unwrap_or_else(|| panic!("no map {name}"))
}

/// Fills the map.
fn fill(map: &MapHandle) {
    let (key_size, value) = (map.key_size() as usize, vec![0xff; map.value_size() as usize]);
    for number in (0..=map.max_entries()).rev() {
        // Keys that no process has.
        let mut key = vec![0xee; key_size];
        key[..4].copy_from_slice(&(u32::MAX - number).to_ne_bytes());
        if map.update(&key, &value, MapFlags::ANY).is_err() {
            return;
        }
    }
    panic!("there is still room");
}

fn full() -> Result<(), Failed> {
    let mut cgroups = Cgroups::new(2800);
    let (a, at_a) = cgroups.container(1);
    let elsewhere = procs(&cgroups.named("elsewhere"));
    let told = |run: &Run| {
        let lost = run.named("lost_events");
        assert!(
            lost.iter().any(|event| value(event, "buffer") == "table"),
            "{lost:?}"
        );
        assert!(run.stderr.contains("since tables were full"), "{}", run.stderr);
    };
    let start = |scope: &str| Background::start(&["-t", scope, "-e", &format!("{EVENTS},lost_events")]);
    // No room for processes: one that enters, and children of a member.
    let runs = [start("c:all"), start("h")];
    let mut member = Waiting::start(&[
        "into",
        &procs(&at_a),
        "exec",
        "wait",
        "into",
        &elsewhere,
        "run",
        "child",
        "wait",
    ]);
    runs.iter().for_each(|run| fill(&map(run, "members")));
    member.go();
    member.ready();
    go(&[
        "into",
        &procs(&at_a),
        "exec",
        "into",
        &elsewhere,
        "run",
        "entered",
    ]);
    member.end();
    let [all, host] = runs.map(Background::stop);
    let names: Vec<_> = ran(&all).into_keys().collect();
    assert_eq!(names, ["child", "entered"]);
    assert_eq!(ran(&host).into_keys().collect::<Vec<_>>(), names);
    told(&all);
    told(&host);
    // No room for containers.
    let runs = [start("c:all"), start("h"), start(&format!("c:{}", &a[..12]))];
    runs.iter().for_each(|run| fill(&map(run, "containers")));
    let (_, at_b) = cgroups.container(2);
    go(&["into", &procs(&at_b), "exec", "into", &elsewhere, "run", "late"]);
    for run in runs.map(Background::stop) {
        assert_eq!(ran(&run), all_in(&["late"], ""));
        told(&run);
    }
    // No room for children of those that are followed.
    let followed = Waiting::start(&["wait", "run", "followed", "exec", "run", "followed-exec"]);
    let run = start(&format!("p:{}", followed.child.id()));
    fill(&map(&run, "followed"));
    followed.end();
    let run = run.stop();
    assert_eq!(ran(&run), all_in(&["followed", "followed-exec"], ""));
    told(&run);
    // Users may fill only their own part.
    let delegated = cgroups.named("delegated");
    chown(&delegated, Some(user()), Some(user()))?;
    let run = start("c");
    let tables = map(&run, ".data.tables");
    // The largest number of them, after two counters.
    let mut counters = vec![0; tables.value_size() as usize];
    counters[16..24].copy_from_slice(&u64::from(u32::MAX).to_ne_bytes());
    tables.update(&0u32.to_ne_bytes(), &counters, MapFlags::ANY)?;
    let users = format!("{delegated}/libpod-{}.scope", id(own(2810)));
    go(&["uid", &user().to_string(), "make", &users]);
    let (root, _) = cgroups.container(3);
    remove(&users);
    let run = run.stop();
    let created: Vec<_> = run.named("container_create").into_iter().map(container).collect();
    assert_eq!(created, [root]);
    told(&run);
    Ok(())
}

/// A container whose cgroup has gone is still that of its processes.
fn outlive() -> Result<(), Failed> {
    let mut cgroups = Cgroups::new(2900);
    let a = id(own(2901));
    let at_a = cgroups.hierarchy.path(&format!("docker-{a}.scope"));
    let at_a = at_a.to_str().unwrap();
    let elsewhere = procs(&cgroups.named("elsewhere"));
    let runs = scopes(["c", &format!("c:{}", &a[..12]), "h"]);
    fs::create_dir(at_a)?;
    let mut member = Waiting::start(&[
        "into",
        &procs(at_a),
        "exec",
        "into",
        &elsewhere,
        "wait",
        "run",
        "left",
        "wait",
    ]);
    remove(at_a);
    member.go();
    member.ready();
    // Others come and go meanwhile.
    for other in 0..300 {
        let folder = cgroups
            .hierarchy
            .path(&format!("docker-{}.scope", id(own(3000 + other))));
        fs::create_dir(&folder)?;
        fs::remove_dir(&folder)?;
    }
    member.end();
    let [new, listed, host] = runs.map(Background::stop);
    for run in [&new, &listed] {
        assert_eq!(ran(run), all_in(&["left"], &a));
        no_loss(run);
    }
    assert_eq!(new.named("container_create").len(), 301);
    assert_eq!(new.named("container_remove").len(), 301);
    assert_eq!(ran(&host), BTreeMap::new());
    Ok(())
}
