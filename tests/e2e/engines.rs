//! Containers of engines, by their daemons: docker and podman.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use libtest_mimic::Failed;
use serde_json::json;

use crate::containers::{
    add_capture, caller_inside, calls, check_capture, count, descriptions, first_is_its_exec, output,
    root_file_system, start, start_capture,
};
use crate::harness::{command, in_vm, lacks_tool, wait_until, Background, Env};
use crate::Test;

pub fn tests() -> Vec<Test> {
    let here = || in_vm().then(|| "a daemon does not fit into an emulator".to_owned());
    let docker = || here().or(lacks_tool("dockerd"));
    vec![
        // The daemon is asked for names while it starts all of them, and has half a second to answer.
        Test::new("containers_of_docker", many).unless(docker()).alone(),
        Test::new("capture_of_docker", captured).unless(docker()),
        Test::new("containers_of_podman", podman)
            .unless(here())
            .unless(lacks_tool("podman").or(lacks_tool("runc"))),
    ]
}

/// A program of a daemon's, killed at the end.
struct Daemon {
    child: Child,
    folder: tempfile::TempDir,
    /// How programs that tests start find it.
    host: Option<Env>,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.child.id() as i32);
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.child.wait();
        // What it has left mounted would keep its folder.
        let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
        for line in mounts.lines().rev() {
            let path = line.split(' ').nth(1).unwrap_or_default();
            if Path::new(path).starts_with(self.folder.path()) {
                let _ = nix::mount::umount2(path, nix::mount::MntFlags::MNT_DETACH);
            }
        }
    }
}

impl Daemon {
    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn start(command: impl FnOnce(&Path) -> Command) -> Daemon {
        let folder = tempfile::tempdir().unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = command(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut daemon = Daemon {
            child,
            folder,
            host: None,
        };
        let socket = daemon.socket();
        wait_until("the daemon listens", || {
            if let Ok(Some(status)) = daemon.child.try_wait() {
                let log = fs::read_to_string(daemon.folder.path().join("log")).unwrap();
                panic!("{status}: {log}");
            }
            std::os::unix::net::UnixStream::connect(&socket).is_ok()
        });
        daemon
    }
}

/// An image of our programs.
fn import(mut command: Command, folder: &Path) {
    root_file_system(folder);
    let archive = folder.join("image.tar");
    output(
        Command::new("tar")
            .args(["-C", folder.join("rootfs").to_str().unwrap(), "-cf"])
            .arg(&archive)
            .arg("."),
    );
    output(command.arg("import").arg(&archive).arg("progs:1"));
}

/// So many containers at once.
const MANY: usize = 20;

/// dockerd, where the program docker finds it.
fn dockerd() -> Daemon {
    let mut daemon = Daemon::start(|folder| {
        let mut command = Command::new("dockerd");
        for (flag, name) in [
            ("--data-root", "data"),
            ("--exec-root", "exec"),
            ("--pidfile", "pid"),
        ] {
            command.arg(flag).arg(folder.join(name));
        }
        command
            .arg(format!("--host=unix://{}", folder.join("socket").display()))
            .args([
                "--iptables=false",
                "--ip6tables=false",
                "--ip-forward=false",
                "--bridge=none",
            ]);
        command
    });
    daemon.host = Some(Env::set(
        "DOCKER_HOST",
        format!("unix://{}", daemon.socket().display()),
    ));
    daemon
}

fn docker(args: &[&str]) -> String {
    output(command("docker").args(args))
}

fn many() -> Result<(), Failed> {
    let daemon = dockerd();
    import(command("docker"), daemon.folder.path());
    let create = |name: &str, args: &[&str]| {
        docker(&[&["create", "--network=none", "--name", name, "progs:1"], args].concat())
    };
    let inside = caller_inside();
    let old = create("old", &["/pause"]);
    docker(&["start", "old"]);
    let ids: Vec<String> = (0..MANY)
        .map(|i| create(&format!("many{i}"), &[&inside, "1", &(i + 1).to_string()]))
        .collect();
    let listed = format!("c:many7,{}", &ids[11][..12]);
    let runs = ["c", "c:all", &listed, "h"].map(start);
    let starts: Vec<Child> = (0..MANY)
        .map(|i| {
            command("docker")
                .args(["start", &format!("many{i}")])
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut start in starts {
        assert!(start.wait()?.success());
    }
    docker(&["exec", "old", &inside, "1", "50"]);
    let run = docker(&[
        "run",
        "--rm",
        "--network=none",
        "--name",
        "brief",
        "progs:1",
        &inside,
        "1",
        "60",
    ]);
    assert_eq!(run, "");
    for i in 0..MANY {
        docker(&["wait", &format!("many{i}")]);
    }
    docker(&["stop", "old"]);
    docker(
        &[
            &["rm", "old"][..],
            &ids.iter().map(String::as_str).collect::<Vec<_>>(),
        ]
        .concat(),
    );
    let [only_new, all, only_listed, host] = runs.map(Background::stop);

    let mut expected: BTreeMap<String, usize> = ids.iter().cloned().zip(1..).collect();
    let mut told = calls(&only_new);
    let brief = told
        .iter()
        .find(|(_, calls)| **calls == 60)
        .map(|(id, _)| id.clone())
        .unwrap();
    expected.insert(brief.clone(), 60);
    assert_eq!(told, expected);
    expected.insert(old.clone(), 50);
    told = calls(&all);
    assert_eq!(told, expected);
    assert_eq!(
        calls(&only_listed),
        BTreeMap::from([(ids[7].clone(), 8), (ids[11].clone(), 12)])
    );
    assert_eq!(calls(&host), BTreeMap::new());

    for run in [&only_new, &all] {
        for id in ids.iter().chain([&brief]) {
            first_is_its_exec(run, id, &inside);
            for event in ["container_create", "container_remove"] {
                assert_eq!(count(run, event, id), 1, "{event} {id}");
            }
            // Its program, and the child that this makes.
            assert_eq!(count(run, "sched_process_exit", id), 2);
        }
    }
    for id in [&ids[7], &ids[11]] {
        first_is_its_exec(&only_listed, id, &inside);
    }
    assert_eq!(count(&all, "existing_container", &old), 1);
    assert_eq!(count(&all, "container_remove", &old), 1);
    let described = descriptions(&all);
    let names = (0..MANY)
        .map(|i| format!("many{i}"))
        .chain(["old".into(), "brief".into()]);
    for (id, name) in ids.iter().chain([&old, &brief]).zip(names) {
        assert_eq!(described[id], json!([name, "progs:1", "docker"]));
    }
    assert_eq!(described.len(), MANY + 2);
    Ok(())
}

fn captured() -> Result<(), Failed> {
    let daemon = dockerd();
    let folder = daemon.folder.path();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    add_capture(&root_file_system(folder));
    import(command("docker"), folder);
    let id = docker(&[
        "create",
        "--network=none",
        "progs:1",
        "/capture",
        "writes",
        "/work",
    ]);
    let out = folder.join("out");
    let background = start_capture(&out);
    docker(&["start", "--attach", &id]);
    background.stop();
    docker(&["export", "--output", &path("exported.tar"), &id]);
    fs::create_dir(path("exported"))?;
    output(Command::new("tar").args(["-C", &path("exported"), "-xf", &path("exported.tar")]));
    docker(&["rm", &id]);
    check_capture(&out, &id, Path::new(&path("exported")));
    Ok(())
}

fn podman() -> Result<(), Failed> {
    let command = |folder: &Path| {
        let mut command = Command::new("podman");
        command
            .arg("--root")
            .arg(folder.join("data"))
            .arg("--runroot")
            .arg(folder.join("run"))
            .args(["--runtime", "runc", "--cgroup-manager", "cgroupfs"]);
        command
    };
    let mut daemon = Daemon::start(|folder| {
        let mut command = command(folder);
        command
            .args(["system", "service", "--time=0"])
            .arg(format!("unix://{}", folder.join("socket").display()));
        command
    });
    daemon.host = Some(Env::set(
        "CONTAINER_HOST",
        format!("unix://{}", daemon.socket().display()),
    ));
    let folder = daemon.folder.path();
    let podman = |args: &[&str]| output(command(folder).args(args));
    import(command(folder), folder);
    // Without CAP_SYS_RESOURCE its own limits would be too high.
    let create = |name: &str, args: &[&str]| {
        let create = [
            "create",
            "--network=none",
            "--ulimit=nofile=1024:1024",
            "--ulimit=nproc=1000:1000",
        ];
        podman(&[&create[..], &["--name", name, "progs:1"], args].concat())
    };
    let inside = caller_inside();
    let (old, new, named) = (
        create("old", &["/pause"]),
        create("new", &[&inside, "2", "3"]),
        create("named", &[&inside, "1", "5"]),
    );
    podman(&["start", "old"]);
    let runs = ["c", "c:all", "c:named", "h"].map(start);
    podman(&["start", "new"]);
    podman(&["start", "named"]);
    podman(&["exec", "old", &inside, "1", "7"]);
    podman(&["wait", "new", "named"]);
    podman(&["rm", "-f", "-t", "5", "old", "new", "named"]);
    let [only_new, all, only_named, host] = runs.map(Background::stop);
    let pairs = |list: &[(&String, usize)]| -> BTreeMap<String, usize> {
        list.iter().map(|(id, calls)| ((*id).clone(), *calls)).collect()
    };
    assert_eq!(calls(&only_new), pairs(&[(&new, 6), (&named, 5)]));
    assert_eq!(calls(&all), pairs(&[(&new, 6), (&named, 5), (&old, 7)]));
    assert_eq!(calls(&only_named), pairs(&[(&named, 5)]));
    assert_eq!(calls(&host), BTreeMap::new());
    for id in [&new, &named] {
        first_is_its_exec(&all, id, &inside);
        assert_eq!(count(&all, "container_create", id), 1);
        assert_eq!(count(&all, "container_remove", id), 1);
    }
    let described = descriptions(&all);
    for (id, name) in [(&old, "old"), (&new, "new"), (&named, "named")] {
        let (told, image) = (&described[id], described[id][1].as_str().unwrap_or_default());
        assert_eq!(json!([told[0], told[2]]), json!([name, "podman"]));
        assert!(image.ends_with("progs:1"), "{told}");
    }
    Ok(())
}
