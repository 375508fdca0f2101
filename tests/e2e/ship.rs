//! What a user installs: privilege, and `--version`.

use std::ffi::CString;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Failed;
use nix::libc;
use tempfile::TempDir;

use tracee::loader::object;

use crate::harness::{self, finish, run, trace, tracee, tracee_command, Background};
use crate::Test;

pub const NOBODY: u32 = 65534;
// capabilities(7)
pub const CAP_DAC_READ_SEARCH: u32 = 2;
const CAP_SYS_ADMIN: u32 = 21;
const CAP_SYS_PTRACE: u32 = 19;
pub const CAP_SYS_RESOURCE: u32 = 24;
pub const CAP_PERFMON: u32 = 38;
pub const CAP_BPF: u32 = 39;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("version_names_the_build", version),
        Test::new("capabilities_go_once_all_is_attached", capabilities_go),
        Test::new("a_command_keeps_its_privileges", command_keeps_privileges),
        Test::new("each_missing_capability_is_named", missing_capabilities),
        Test::new("bpf_and_perfmon_suffice", two_capabilities_suffice),
        Test::new("an_unprivileged_user_by_file_capabilities", file_capabilities),
    ]
}

fn version() -> Result<(), Failed> {
    let run = run(&["--version"]);
    assert_eq!(run.code(), 0);
    let stamp = format!("ABI:     {}", object::ABI_STAMP);
    for part in [
        "tracee ",
        "commit: ",
        "libbpf:  1.",
        &stamp,
        "kernels: Linux 5.10",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    Ok(())
}

/// A field of a `status` file of proc(5).
pub fn status(path: impl AsRef<Path>, field: &str) -> String {
    let text = fs::read_to_string(path).unwrap();
    let line = text.lines().find(|line| line.split(':').next() == Some(field));
    line.unwrap().split_once(':').unwrap().1.trim().to_string()
}

fn capabilities(path: impl AsRef<Path>) -> u64 {
    u64::from_str_radix(&status(path, "CapEff"), 16).unwrap()
}

/// The harness runs with JSON, which looks executables up in /proc.
fn capabilities_go() -> Result<(), Failed> {
    let tracee = Background::start(&["-e", "execve"]);
    let tasks: Vec<PathBuf> = fs::read_dir(format!("/proc/{}/task", tracee.pid()))?
        .map(|task| task.unwrap().path().join("status"))
        .collect();
    assert!(tasks.len() > 1);
    // "has begun" is printed just before.
    harness::wait_until("the filter is there", || {
        tasks.iter().all(|task| status(task, "Seccomp") == "2")
    });
    let kept = (1 << CAP_BPF) | (1 << CAP_SYS_PTRACE) | (1 << CAP_DAC_READ_SEARCH);
    for task in &tasks {
        assert_eq!(capabilities(task) & !kept, 0, "{}", task.display());
        assert_eq!(status(task, "CapPrm"), status(task, "CapEff"));
        assert_eq!(status(task, "NoNewPrivs"), "1");
    }
    assert!(tasks.iter().any(|task| capabilities(task) & (1 << CAP_BPF) != 0));
    // Threads that read answers of users' runtimes have only what they need to reach them.
    let asking = Background::start(&["-t", "c:web", "-e", "execve"]);
    let askers = || -> Vec<PathBuf> {
        let tasks = fs::read_dir(format!("/proc/{}/task", asking.pid())).unwrap();
        let asks = |task: &PathBuf| {
            fs::read_to_string(task.join("comm")).is_ok_and(|name| name.starts_with("tracee-ask"))
        };
        tasks.map(|task| task.unwrap().path()).filter(asks).collect()
    };
    harness::wait_until("two ask, and have given up what they need not", || {
        let few = |task: &PathBuf| capabilities(task.join("status")) & !(1 << CAP_DAC_READ_SEARCH) == 0;
        let askers = askers();
        askers.len() == 2 && askers.iter().all(few)
    });
    asking.stop();
    // The filter allows a run all that it needs: events, totals, an orderly end.
    finish(&mut Command::new("true"));
    let run = tracee.stop();
    assert_eq!(run.code(), 0, "{}", run.stderr);
    assert!(!run.named("execve").is_empty());
    Ok(())
}

fn command_keeps_privileges() -> Result<(), Failed> {
    let run = trace(&["-e", "execve"], &["cat", "/proc/self/status"]);
    for field in ["CapEff", "CapBnd", "NoNewPrivs", "Seccomp"] {
        let line = run.stdout.lines().find(|line| line.starts_with(field)).unwrap();
        let theirs = line.split_once(':').unwrap().1.trim();
        assert_eq!(theirs, status("/proc/self/status", field), "{field}");
    }
    Ok(())
}

/// tracee as root that has these capabilities only.
fn with_only(capabilities: &'static [u32]) -> Command {
    let mut command = tracee_command();
    // SAFETY: the child only makes system calls between fork and exec.
    unsafe {
        command.pre_exec(|| {
            for cap in (0..64).filter(|cap| !capabilities.contains(cap)) {
                // Numbers that the kernel does not know fail, which is fine.
                libc::prctl(libc::PR_CAPBSET_DROP, cap, 0, 0, 0);
            }
            Ok(())
        });
    }
    command
}

fn missing_capabilities() -> Result<(), Failed> {
    let cases: [(&[u32], &str, &str); 3] = [
        (&[], "CAP_BPF and CAP_PERFMON", "cap_bpf,cap_perfmon"),
        // Capabilities that it has are named as well: setcap(8) replaces the set.
        (&[CAP_BPF], "trace: CAP_PERFMON", "setcap cap_bpf,cap_perfmon+ep"),
        (
            &[CAP_PERFMON],
            "trace: CAP_BPF",
            "--cap-add BPF --cap-add PERFMON",
        ),
    ];
    for (has, named, remedy) in cases {
        let run = finish(with_only(has).args(["-e", "execve", "--", "true"]));
        assert_eq!(run.code(), 1, "{}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        // Before Linux 5.11 one more is needed.
        let said = run
            .stderr
            .replace(", CAP_PERFMON and CAP_SYS_RESOURCE", " and CAP_PERFMON")
            .replace(" and CAP_SYS_RESOURCE", "")
            .replace(",cap_sys_resource", "");
        for part in [named, remedy] {
            assert!(said.contains(part), "{part}: {}", run.stderr);
        }
    }
    // What capture needs in addition, from a folder whose name a shell would split.
    let folder = open_folder();
    let program = folder.path().join("my tools");
    fs::copy(tracee(), &program)?;
    let run = finish(
        Command::new(&program)
            .args(["--capture", "exec", "--", "true"])
            .uid(NOBODY)
            .gid(NOBODY),
    );
    let advice = format!(
        "setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep '{}'",
        program.display()
    );
    for part in [
        "CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH missing",
        &advice,
    ] {
        let said = run
            .stderr
            .replace(" CAP_SYS_RESOURCE,", "")
            .replace(",cap_sys_resource", "");
        assert!(said.contains(part), "{part}: {}", run.stderr);
    }
    Ok(())
}

fn two_capabilities_suffice() -> Result<(), Failed> {
    // The third for kernels before 5.11, the last for tracefs of the newest.
    for has in [
        &[CAP_BPF, CAP_PERFMON, CAP_SYS_RESOURCE, CAP_DAC_READ_SEARCH][..],
        &[CAP_SYS_ADMIN, CAP_SYS_RESOURCE, CAP_DAC_READ_SEARCH],
    ] {
        let run = finish(with_only(has).args(["-e", "execve", "--", "true"]));
        assert_eq!(run.code(), 0, "{has:?}: {}", run.stderr);
        assert!(run.stdout.contains("/true"), "{}", run.stdout);
    }
    Ok(())
}

/// capabilities(7), "File capabilities": revision 2 of `security.capability`, effective bit set.
pub fn set_file_capabilities(path: &Path, capabilities: u64) {
    let words = [
        0x0200_0001,
        capabilities as u32,
        0,
        (capabilities >> 32) as u32,
        0,
    ];
    let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    let path = CString::new(path.as_os_str().as_bytes()).unwrap();
    // SAFETY: two C strings, and as many bytes as said.
    let ret = unsafe {
        libc::setxattr(
            path.as_ptr(),
            c"security.capability".as_ptr(),
            bytes.as_ptr().cast(),
            bytes.len(),
            0,
        )
    };
    assert_eq!(ret, 0, "{}", std::io::Error::last_os_error());
}

/// A folder that everyone may read.
pub fn open_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    folder
}

fn file_capabilities() -> Result<(), Failed> {
    let folder = open_folder();
    let copy = folder.path().join("tracee");
    fs::copy(tracee(), &copy)?;
    let wanted = [CAP_BPF, CAP_PERFMON, CAP_SYS_RESOURCE, CAP_DAC_READ_SEARCH];
    // A file that asks for more capabilities than available is not executed.
    let bounding = u64::from_str_radix(&status("/proc/self/status", "CapBnd"), 16).unwrap();
    set_file_capabilities(&copy, bounding & wanted.iter().map(|cap| 1 << cap).sum::<u64>());
    let run = finish(
        Command::new(&copy)
            .args(["-e", "execve", "--", "cat", "/proc/self/status"])
            .uid(NOBODY)
            .gid(NOBODY),
    );
    assert_eq!(run.code(), 0, "{}", run.stderr);
    assert!(run.stdout.contains("pathname: "), "{}", run.stdout);
    assert!(run.stderr.contains("CapEff:\t0000000000000000"), "{}", run.stderr);
    Ok(())
}
