//! Containers: whose events are whose, by the runtimes themselves.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use libtest_mimic::Failed;
use nix::mount::{mount, umount, MsFlags};
use serde_json::{json, Value};

use crate::harness::{in_vm, lacks_tool, parse, prog, same_everywhere, sha256, value, Background, Run};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("containers_by_the_paths_of_their_cgroups", paths).once(),
        Test::new("containers_of_runc", || oci("runc"))
            .unless(same_everywhere())
            .unless(lacks_tool("runc")),
        Test::new("containers_of_crun", || oci("crun"))
            .unless(lacks_tool("crun"))
            .unless(hybrid()),
        Test::new("capture_of_containers", captured).unless(lacks_tool("runc")),
    ]
}

fn hybrid() -> Option<String> {
    let v1 = fs::read_to_string("/proc/self/cgroup")
        .unwrap_or_default()
        .lines()
        .count()
        > 1;
    v1.then(|| "crun refuses cgroups of both versions at once".to_owned())
}

/// An id as runtimes make them.
pub fn id(seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..4)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            format!("{state:016x}")
        })
        .collect::<Vec<_>>()
        .concat()
}

/// The unique name of the program that calls getppid, so that the host's other processes do not count.
fn caller() -> String {
    format!("caller{}", std::process::id())
}

/// Its path, on the host.
fn caller_here(folder: &Path) -> String {
    let path = folder.join(caller());
    fs::copy(prog("getppid"), &path).unwrap();
    path.to_str().unwrap().into()
}

/// Its path in a container.
pub fn caller_inside() -> String {
    format!("/{}", caller())
}

/// How many calls of getppid each container made; in none: the empty string.
pub fn calls(run: &Run) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for event in our_calls(run) {
        let id = event["container"]["id"].as_str().unwrap_or_default();
        *calls.entry(id.to_owned()).or_insert(0) += 1;
    }
    calls
}

fn our_calls(run: &Run) -> Vec<&Value> {
    let mut calls = run.named("getppid");
    calls.retain(|event| event["processName"] == caller().as_str());
    calls
}

/// Name, image and runtime in the events of each container, which must agree.
pub fn descriptions(run: &Run) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for event in &run.events {
        let container = &event["container"];
        if let Some(id) = container["id"].as_str() {
            let told = json!([container["name"], container["image"], container["runtime"]]);
            let known = all.entry(id.to_owned()).or_insert_with(|| told.clone());
            assert_eq!(*known, told, "{event}");
        }
    }
    all
}

/// The first event of a new container is the exec of its own program.
pub fn first_is_its_exec(run: &Run, id: &str, pathname: &str) {
    let first = run
        .events
        .iter()
        .find(|event| event["container"]["id"] == id && event["eventName"] != "container_create")
        .unwrap_or_else(|| panic!("no event of {id}"));
    assert_eq!(first["eventName"], "sched_process_exec", "{first}");
    assert_eq!(value(first, "pathname"), pathname, "{first}");
}

pub fn count(run: &Run, event: &str, id: &str) -> usize {
    let named = run.named(event);
    named
        .iter()
        .filter(|event| event["container"]["id"] == id)
        .count()
}

/// Output of a command that succeeds.
pub fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A hierarchy of cgroups; dropping this unmounts it and removes its cgroups.
pub struct Hierarchy {
    folder: tempfile::TempDir,
    made: Vec<PathBuf>,
}

impl Hierarchy {
    pub fn mount(kind: &str, options: Option<&str>) -> Option<Hierarchy> {
        let folder = tempfile::tempdir().unwrap();
        let none = None::<&str>;
        mount(none, folder.path(), Some(kind), MsFlags::empty(), options).ok()?;
        Some(Hierarchy {
            folder,
            made: Vec::new(),
        })
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn make(&mut self, path: &str) -> PathBuf {
        let mut folder = self.folder.path().to_owned();
        for part in path.split('/') {
            folder.push(part);
            if fs::create_dir(&folder).is_ok() {
                self.made.push(folder.clone());
            }
        }
        folder
    }

    fn remove_made(&mut self) {
        for folder in self.made.drain(..).rev() {
            let mut removed = Ok(());
            // A process that has just ended may still be in it.
            for _ in 0..100 {
                removed = fs::remove_dir(&folder);
                if removed.is_ok() {
                    break;
                }
                std::thread::yield_now();
            }
            let _ = removed;
        }
    }
}

impl Drop for Hierarchy {
    fn drop(&mut self) {
        self.remove_made();
        let _ = umount(self.folder.path());
    }
}

/// Paths that runtimes give their cgroups (`#` is the id), and the runtime; `None`: no container.
const PATHS: &[(&str, Option<&str>)] = &[
    ("docker/#", Some("docker")),
    ("system.slice/docker-#.scope", Some("docker")),
    ("system.slice:docker:#", Some("docker")),
    ("docker/#/init.scope", Some("docker")),
    ("kubepods/burstable/pod0a1b/#", Some("containerd")),
    (
        "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a1b.slice/cri-containerd-#.scope",
        Some("containerd"),
    ),
    (
        "kubepods-besteffort-pod0a1b.slice:cri-containerd:#",
        Some("containerd"),
    ),
    (
        "kubepods.slice/kubepods-pod0a1b.slice/crio-#.scope",
        Some("cri-o"),
    ),
    ("kubepods/pod0a1b/crio-#", Some("cri-o")),
    ("machine.slice/libpod-#.scope/container", Some("podman")),
    ("libpod_parent/libpod-#", Some("podman")),
    (
        "user.slice/user-1000.slice/user@1000.service/user.slice/libpod-#.scope",
        Some("podman"),
    ),
    ("user.slice/libpod-payload-#", Some("podman")),
    ("docker/#/docker/@/a/b", Some("docker")),
    ("machine.slice/libpod-conmon-#.scope", None),
    ("system.slice/crio-conmon-#.scope", None),
    ("libpod_parent/#", None),
    ("user.slice/session-1.scope", None),
    ("docker/x#", None),
];

/// Every form of path, in each hierarchy in which containers are looked for.
fn paths() -> Result<(), Failed> {
    let hierarchies = [("cgroup2", None), ("cgroup", Some("devices"))];
    let (mut expected, mut told) = (Vec::new(), Vec::new());
    let folder = tempfile::tempdir()?;
    let caller = caller_here(folder.path());
    for (kind, options) in hierarchies {
        let Some(mut hierarchy) = Hierarchy::mount(kind, options) else {
            continue;
        };
        // Made before and after tracing begins: found by their tasks, and reported when they are made.
        let background = Background::start(&["-e", "getppid,container_create"]);
        for (seed, (path, runtime)) in (1u64..).zip(PATHS) {
            let id = id(seed);
            let path = path.replace('#', &id).replace('@', &self::id(99));
            let procs = hierarchy.make(&path).join("cgroup.procs");
            let script = format!("echo $$ >{} && exec {caller} 1 2", procs.display());
            output(Command::new("/bin/sh").args(["-c", &script]));
            let (id, runtime) = (runtime.map(|_| id), runtime.map(str::to_owned));
            expected.extend([(id.clone(), runtime.clone()), (id, runtime)]);
        }
        hierarchy.remove_made();
        let run = background.stop();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let container = |event: &&Value| {
            (
                text(&event["container"]["id"]),
                text(&event["container"]["runtime"]),
            )
        };
        told.extend(our_calls(&run).iter().map(container));
        let containers = PATHS.iter().filter(|(_, runtime)| runtime.is_some()).count();
        // Nested cgroups belong to the outer container.
        assert_eq!(run.named("container_create").len(), containers);
    }
    assert_eq!(told, expected);
    Ok(())
}

/// A folder with programs that a container can execute.
pub fn root_file_system(folder: &Path) -> PathBuf {
    let root = folder.join("rootfs");
    for name in ["proc", "dev", "sys", "etc"] {
        fs::create_dir_all(root.join(name)).unwrap();
    }
    fs::copy(prog("pause"), root.join("pause")).unwrap();
    caller_here(&root);
    root
}

/// A bundle, as low-level runtimes take it.
struct Bundle<'a> {
    runtime: &'a str,
    folder: tempfile::TempDir,
}

impl Bundle<'_> {
    fn new(runtime: &str) -> Bundle<'_> {
        let folder = tempfile::tempdir().unwrap();
        root_file_system(folder.path());
        Bundle { runtime, folder }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.runtime);
        command.args(["--root", self.folder.path().join("state").to_str().unwrap()]);
        command
    }

    /// The command that runs a container with that program.
    fn run(&self, id: &str, args: &[&str]) -> Command {
        let bundle = self.folder.path().join(id);
        fs::create_dir_all(&bundle).unwrap();
        let root = self.folder.path().join("rootfs");
        let namespaces = ["pid", "mount", "uts", "ipc"].map(|kind| json!({ "type": kind }));
        let config = json!({
            "ociVersion": "1.0.2",
            "hostname": "inner",
            "root": { "path": root },
            "process": { "cwd": "/", "args": args, "env": ["PATH=/"], "user": { "uid": 0, "gid": 0 } },
            "mounts": [{ "destination": "/proc", "type": "proc", "source": "proc" }],
            "linux": { "cgroupsPath": format!("/docker/{id}"), "namespaces": namespaces },
        });
        fs::write(bundle.join("config.json"), config.to_string()).unwrap();
        let mut command = self.command();
        command.arg("run");
        if in_vm() {
            // pivot_root(2) does not work on the initial file system.
            command.arg("--no-pivot");
        }
        command
            .args(["--bundle", bundle.to_str().unwrap(), id])
            .stdin(Stdio::null());
        command
    }
}

/// A container that runs until a signal ends it.
struct Pausing {
    child: Child,
}

impl Pausing {
    fn start(mut command: Command) -> Pausing {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = [0; 6];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut line).unwrap();
        assert_eq!(&line, b"ready\n");
        Pausing { child }
    }
}

const EVENTS: &str =
    "getppid,execve,sched_process_exec,sched_process_exit,container_create,container_remove,\
                      existing_container";

/// For the host only calls are traced, since it does much else.
pub fn start(scope: &str) -> Background {
    let events = if scope == "h" { "getppid" } else { EVENTS };
    Background::start(&["-t", scope, "-e", events])
}

/// The same work, seen by every kind of scope at once.
fn oci(runtime: &str) -> Result<(), Failed> {
    let bundle = Bundle::new(runtime);
    let (old, new, listed) = (id(1001), id(1002), id(1003));
    let mut pausing = Pausing::start(bundle.run(&old, &["/pause"]));
    let scopes = [
        "c",
        "c:all",
        &format!("c:{},{}", &listed[..10], &old[..9]),
        "h",
        "p",
    ];
    let runs = scopes.map(start);
    // In a container, in a listed one, in an old one, in none, and in none with namespaces of its own.
    let inside = caller_inside();
    let here = caller_here(bundle.folder.path());
    output(&mut bundle.run(&new, &[&inside, "2", "3"]));
    output(&mut bundle.run(&listed, &[&inside, "1", "5"]));
    output(bundle.command().args(["exec", &old, &inside, "1", "7"]));
    output(Command::new(&here).args(["1", "11"]));
    let unshares = format!("exec {here} 1 13");
    output(Command::new("unshare").args(["-m", "-u", "-i", "-p", "-f", "/bin/sh", "-c", &unshares]));
    output(bundle.command().args(["kill", &old, "TERM"]));
    pausing.child.wait()?;
    let [only_new, all, only_listed, host, processes] = runs.map(Background::stop);
    let none = String::new();
    let of = |pairs: &[(&String, usize)]| -> BTreeMap<String, usize> {
        pairs.iter().map(|(id, calls)| ((*id).clone(), *calls)).collect()
    };
    assert_eq!(calls(&only_new), of(&[(&new, 6), (&listed, 5)]));
    assert_eq!(calls(&all), of(&[(&new, 6), (&listed, 5), (&old, 7)]));
    assert_eq!(calls(&only_listed), of(&[(&listed, 5), (&old, 7)]));
    assert_eq!(calls(&host), of(&[(&none, 24)]));
    assert_eq!(
        calls(&processes),
        of(&[(&none, 24), (&new, 6), (&listed, 5), (&old, 7)])
    );
    for run in [&only_new, &all, &processes] {
        for id in [&new, &listed] {
            first_is_its_exec(run, id, &inside);
            assert_eq!(count(run, "container_create", id), 1);
            assert_eq!(count(run, "container_remove", id), 1);
        }
        assert_eq!(count(run, "container_create", &old), 0);
    }
    for (run, told) in [(&all, 1), (&only_listed, 1), (&processes, 1)] {
        assert_eq!(count(run, "existing_container", &old), told);
    }
    assert_eq!(count(&all, "container_remove", &old), 1);
    // The program of `exec` is the container's, what the runtime does for it is the host's.
    let execs = |run: &Run, id: &str| {
        let execs: Vec<_> = run
            .named("sched_process_exec")
            .into_iter()
            .filter(|event| event["container"]["id"] == id)
            .map(|event| value(event, "pathname").as_str().unwrap().to_owned())
            .collect();
        execs
    };
    assert_eq!(execs(&all, &old), [inside.as_str()]);
    assert_eq!(execs(&all, &new), [inside.as_str()]);
    // Ids inside and outside.
    let inner = all
        .named("sched_process_exec")
        .into_iter()
        .find(|event| event["container"]["id"] == new.as_str())
        .unwrap();
    assert_eq!(inner["processId"], 1);
    assert!(inner["hostProcessId"].as_u64() > Some(1), "{inner}");
    assert_eq!(inner["hostName"], "inner");
    for call in our_calls(&all) {
        if call["container"]["id"] == new.as_str() {
            assert_eq!(call["parentProcessId"], 1, "{call}");
            assert_eq!(call["hostParentProcessId"], inner["hostProcessId"], "{call}");
            assert_eq!(call["returnValue"], 1, "{call}");
        }
    }
    Ok(())
}

/// What a container executes and writes is stored in its folder, whatever the runtime writes for it.
fn captured() -> Result<(), Failed> {
    let bundle = Bundle::new("runc");
    let root = bundle.folder.path().join("rootfs");
    add_capture(&root);
    let id = id(1004);
    let out = bundle.folder.path().join("out");
    let background = start_capture(&out);
    output(&mut bundle.run(&id, &["/capture", "writes", "/work"]));
    background.stop();
    check_capture(&out, &id, &root);
    Ok(())
}

/// Puts the program that is captured where a container can execute it.
pub fn add_capture(root: &Path) {
    fs::copy(prog("capture"), root.join("capture")).unwrap();
    fs::create_dir(root.join("work")).unwrap();
    fs::write(root.join("work/old"), "what was there before").unwrap();
}

pub fn start_capture(out: &Path) -> Background {
    let flags = ["-t", "c", "-e", "artifact_captured", "--capture", "exec,write"];
    Background::start(&[&flags[..], &["--output-path", out.to_str().unwrap()]].concat())
}

/// Compares artefacts with the files of a container, which has done `/capture writes /work` and nothing else.
pub fn check_capture(out: &Path, id: &str, root: &Path) {
    // The last line of each file counts.
    let lines: BTreeMap<String, Value> = parse(fs::File::open(out.join("index.jsonl")).unwrap())
        .into_iter()
        .map(|line| (format!("{} {}", line["kind"], line["inode"]), line))
        .collect();
    let (mut executed, mut written) = (0, 0);
    for line in lines.values() {
        assert_eq!(line["container"], id[..12], "{line}");
        assert_eq!(line["complete"], true, "{line}");
        let path = line["pathname"].as_str().unwrap();
        assert_eq!(
            line["sha256"],
            sha256(&root.join(path.trim_start_matches('/'))),
            "{line}"
        );
        let artefact = out.join(line["artifact"].as_str().unwrap());
        assert!(artefact.starts_with(out.join(&id[..12])), "{line}");
        assert_eq!(line["sha256"], sha256(&artefact), "{line}");
        executed += usize::from(line["kind"] == "exec");
        written += usize::from(line["kind"] == "write");
    }
    assert_eq!((executed, written), (1, 14));
}
