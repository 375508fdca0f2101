//! Changes of the kernel itself: modules, control groups, BPF, kprobes.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Failed;
use nix::mount::umount;
use serde_json::{json, Value};

use crate::harness::{arg, in_vm, mount_cgroup2, prog, trace, value, Run};
use crate::means::{each, unavailable};
use crate::Test;

pub fn tests() -> Vec<Test> {
    let no_vm = (!in_vm()).then(|| "modules are loaded in VMs only".to_owned());
    let modules = |event| no_vm.clone().or_else(|| unavailable(event));
    let probes = (!Path::new(PROBES).exists()).then(|| "the kernel has no kprobes".to_owned());
    vec![
        Test::new("kernel_module_load", module_load).unless(modules("module_load")),
        Test::new("kernel_module_free", module_free).unless(modules("module_free")),
        Test::new("kernel_do_init_module", do_init_module).unless(modules("do_init_module")),
        Test::new("kernel_cgroups", cgroups).unless(unavailable("cgroup_mkdir")),
        Test::new("kernel_bpf_commands", bpf_commands).unless(unavailable("security_bpf")),
        Test::new("kernel_bpf_map", bpf_map).unless(unavailable("security_bpf_map")),
        Test::new("kernel_bpf_prog", bpf_prog).unless(unavailable("security_bpf_prog")),
        Test::new("kernel_bpf_attach", bpf_attach).unless(unavailable("bpf_attach")),
        Test::new("kernel_bpf_attach_by_every_way", every_way).unless(unavailable("bpf_attach")),
        Test::new("kernel_kprobe_attach", kprobe_attach)
            .unless(probes)
            .unless(unavailable("kprobe_attach")),
    ]
}

/// Loads the module `dummy` and unloads it again. Copies it first, if the loader reads files itself.
fn modprobe(event: &str) -> (Run, PathBuf) {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let file = PathBuf::from(format!("/lib/modules/{}/dummy.ko", release.trim()));
    // Another test may have left it there.
    let _ = Command::new("modprobe").args(["-r", "dummy"]).status();
    let run = trace(
        &["-e", &format!("{event},finit_module,init_module,delete_module")],
        &[
            "/bin/sh",
            "-c",
            "modprobe dummy && cat /proc/modules && modprobe -r dummy",
        ],
    );
    assert_eq!(run.code(), 0, "{}", run.stderr);
    assert!(run.stdout.starts_with("dummy "), "{}", run.stdout);
    (run, fs::canonicalize(file).unwrap())
}

fn loads(event: &'static str) -> Result<(), Failed> {
    each(event, || {
        let (run, file) = modprobe(event);
        let told = run.named(event);
        assert_eq!(told.len(), 1, "{:#?} {}", run.events, run.stderr);
        let told = told[0];
        assert_eq!(value(told, "name"), "dummy", "{told}");
        // Debian's own module taints nothing.
        assert_eq!(value(told, "taints"), 0, "{told}");
        let by_fd = !run.named("finit_module").is_empty();
        let path = if by_fd { json!(file) } else { Value::Null };
        assert_eq!(value(told, "pathname"), &path, "{told}");
        let call = if by_fd { "finit_module" } else { "init_module" };
        assert_eq!(told["syscall"], call, "{told}");
    });
    Ok(())
}

fn module_load() -> Result<(), Failed> {
    loads("module_load")
}

fn do_init_module() -> Result<(), Failed> {
    loads("do_init_module")
}

fn module_free() -> Result<(), Failed> {
    each("module_free", || {
        let (run, _) = modprobe("module_free");
        let told = run.named("module_free");
        assert_eq!(told.len(), 1, "{}", run.stderr);
        assert_eq!(value(told[0], "name"), "dummy");
        assert_eq!(told[0]["syscall"], "delete_module");
        // The classic tracepoint does not have it.
        let taints = value(told[0], "taints");
        assert!(taints == 0 || taints.is_null() && arg(told[0], "taints")["error"] == "EFAULT");
    });
    Ok(())
}

/// A cgroup of the second version, made, entered, left and removed.
fn cgroups() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    mount_cgroup2(folder.path())?;
    let group = folder.path().join("tracee-test");
    let result = std::panic::catch_unwind(|| {
        let at = group.display();
        let text = format!(
            "mkdir {at} && stat -c %i {at} && echo $$ && echo $$ >{at}/cgroup.procs && \
             echo $$ >{root}/cgroup.procs && rmdir {at}",
            root = folder.path().display(),
        );
        each("cgroup_mkdir", || {
            let run = trace(
                &["-e", "cgroup_mkdir,cgroup_attach_task,cgroup_rmdir"],
                &["/bin/sh", "-c", &text],
            );
            assert_eq!(run.code(), 0, "{}", run.stderr);
            let mut lines = run.stdout.lines();
            let mut number = || lines.next().unwrap().parse::<u64>().unwrap();
            let (id, pid) = (number(), number());
            let root = fs::metadata(folder.path()).unwrap().ino();
            let told: Vec<_> = run
                .events
                .iter()
                .map(|event| {
                    assert_eq!(value(event, "hierarchy"), 0, "{event}");
                    let pid = event["args"].as_array().unwrap().get(3).map(|pid| &pid["value"]);
                    json!([
                        event["eventName"],
                        value(event, "cgroup_id"),
                        value(event, "path"),
                        pid,
                        event["syscall"]
                    ])
                })
                .collect();
            let expected = json!([
                ["cgroup_mkdir", id, "/tracee-test", null, "mkdir"],
                ["cgroup_attach_task", id, "/tracee-test", pid, "write"],
                ["cgroup_attach_task", root, "/", pid, "write"],
                ["cgroup_rmdir", id, "/tracee-test", null, "rmdir"],
            ]);
            assert_eq!(json!(told), expected);
        });
    });
    let _ = fs::remove_dir(&group);
    umount(folder.path())?;
    result.unwrap();
    Ok(())
}

/// The program's line of that kind: two numbers and a word.
fn line(run: &Run, kind: &str) -> (u64, u64, String) {
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let line = run.stdout.lines().find(|line| line.starts_with(kind)).unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    (
        words[1].parse().unwrap(),
        words[2].parse().unwrap(),
        words[3].into(),
    )
}

fn links(event: &str) -> Run {
    trace(&["-e", event], &[&prog("links")])
}

fn bpf_commands() -> Result<(), Failed> {
    each("security_bpf", || {
        let run = links("security_bpf");
        let commands: Vec<_> = run
            .named("security_bpf")
            .into_iter()
            .map(|event| {
                assert_eq!(event["syscall"], "bpf", "{event}");
                arg(event, "cmd")["text"].as_str().unwrap().to_owned()
            })
            .collect();
        let info = "BPF_OBJ_GET_INFO_BY_FD";
        assert_eq!(
            commands,
            [
                "BPF_MAP_CREATE",
                info,
                "BPF_PROG_LOAD",
                info,
                "BPF_RAW_TRACEPOINT_OPEN",
                info
            ]
        );
    });
    Ok(())
}

/// `event` reports the object that the program made.
fn object(event: &'static str, kind: &'static str) -> Result<(), Failed> {
    each(event, || {
        let run = links(event);
        let (id, ty, name) = line(&run, kind);
        let told = run.named(event);
        assert_eq!(told.len(), 1, "{told:?}");
        let told = told[0];
        assert_eq!(value(told, &format!("{kind}_id")), id, "{told}");
        assert_eq!(value(told, &format!("{kind}_type")), ty, "{told}");
        assert_eq!(value(told, &format!("{kind}_name")), name.as_str(), "{told}");
        let returned = if told["source"] == "fexit" {
            json!(0)
        } else {
            Value::Null
        };
        assert_eq!(told["returnValue"], returned, "{told}");
    });
    Ok(())
}

fn bpf_map() -> Result<(), Failed> {
    object("security_bpf_map", "map")
}

fn bpf_prog() -> Result<(), Failed> {
    object("security_bpf_prog", "prog")
}

fn bpf_attach() -> Result<(), Failed> {
    each("bpf_attach", || {
        let run = links("bpf_attach");
        let (prog_id, prog_type, prog_name) = line(&run, "prog");
        let (link_id, link_type, fd) = line(&run, "link");
        let told = run.named("bpf_attach");
        assert_eq!(told.len(), 1, "{told:?}");
        let told = told[0];
        assert_eq!(value(told, "prog_id"), prog_id, "{told}");
        assert_eq!(value(told, "prog_type"), prog_type, "{told}");
        assert_eq!(value(told, "prog_name"), prog_name.as_str(), "{told}");
        assert_eq!(value(told, "link_id"), link_id, "{told}");
        assert_eq!(value(told, "link_type"), link_type, "{told}");
        assert_eq!(value(told, "way"), "BPF_RAW_TRACEPOINT_OPEN", "{told}");
        assert_eq!(told["returnValue"].to_string(), fd, "{told}");
        assert_eq!(told["syscall"], "bpf", "{told}");
    });
    Ok(())
}

/// By links and without, to cgroups, maps, perf events, sockets: all that was attached, and nothing else.
fn every_way() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    mount_cgroup2(folder.path())?;
    let result = std::panic::catch_unwind(|| {
        each("bpf_attach", || {
            for program in ["attach", "attach32"] {
                attach_all(&prog(program), folder.path());
            }
        });
    });
    umount(folder.path())?;
    result.unwrap();
    Ok(())
}

fn attach_all(program: &str, cgroup: &Path) {
    let path = cgroup.to_str().unwrap();
    let run = trace(&["-e", "bpf_attach"], &[program, path]);
    assert_eq!(run.code(), 0, "{}", run.stderr);
    let (lacks, said): (Vec<&str>, Vec<&str>) =
        run.stdout.lines().partition(|line| line.starts_with("lacks "));
    println!("{lacks:#?}");
    let told: Vec<_> = run
        .named("bpf_attach")
        .into_iter()
        .map(|event| {
            let number = |name| value(event, name).to_string();
            let text = |name| match value(event, name).as_str().unwrap() {
                "" => "-".to_owned(),
                text => text.to_owned(),
            };
            [
                text("way"),
                number("prog_id"),
                number("prog_type"),
                text("prog_name"),
                number("link_id"),
                number("link_type"),
            ]
            .join(" ")
        })
        .collect();
    assert_eq!(told, said);
    assert!(said.len() >= 9, "{lacks:?}");
}

const PROBES: &str = "/sys/kernel/tracing/kprobe_events";

/// One that is registered, and one on a missing function.
fn kprobe_attach() -> Result<(), Failed> {
    each("kprobe_attach", || {
        let text =
            format!("echo 'p:tracee_test do_sys_openat2+0' >>{PROBES}; echo '-:tracee_test' >>{PROBES}");
        let run = trace(&["-e", "kprobe_attach"], &["/bin/sh", "-c", &text]);
        assert_eq!(run.code(), 0, "{}", run.stderr);
        let told = run.named("kprobe_attach");
        assert_eq!(told.len(), 1, "{told:?}");
        let told = told[0];
        assert_eq!(value(told, "symbol"), "do_sys_openat2", "{told}");
        assert_eq!(value(told, "offset"), 0, "{told}");
        assert_eq!(told["syscall"], "write", "{told}");
        if told["source"] == "fexit" {
            assert_eq!(told["returnValue"], 0, "{told}");
            let symbols = fs::read_to_string("/proc/kallsyms").unwrap();
            let symbol = symbols
                .lines()
                .find(|line| line.ends_with(" do_sys_openat2"))
                .unwrap();
            let address = u64::from_str_radix(symbol.split(' ').next().unwrap(), 16).unwrap();
            // Behind the instruction that marks where a call may lead.
            let told = value(told, "addr").as_u64().unwrap();
            assert!(told == address || told == address + 4, "{told:#x} {address:#x}");
        }
    });
    Ok(())
}
