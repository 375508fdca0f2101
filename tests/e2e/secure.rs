//! File capabilities: a user who may execute tracee gains tracing, and no other privilege.

use std::fs::{self, Permissions};
use std::os::unix::fs::{chown, symlink, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Failed;
use nix::mount::{mount, umount2, MntFlags, MsFlags};
use tempfile::TempDir;

use crate::harness::{finish, same_everywhere, tracee, tracee_command, Run};
use crate::objects::{put_object, FILE_NAME};
use crate::ship::{
    set_file_capabilities, status, CAP_BPF, CAP_DAC_READ_SEARCH, CAP_PERFMON, CAP_SYS_RESOURCE,
};
use crate::Test;

/// Some user.
const USER: u32 = 4242;

// capabilities(7)
const CAP_DAC_OVERRIDE: u32 = 1;
const CAP_FOWNER: u32 = 3;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("with_file_capabilities_only_roots_objects_count", objects).unless(same_everywhere()),
        Test::new("with_file_capabilities_files_are_the_users_own", files).unless(same_everywhere()),
        Test::new("what_this_user_cannot_look_at_is_passed_over", unseen_object).unless(same_everywhere()),
    ]
}

/// A folder of root's, with a tracee that has capabilities; and what a user has.
struct Place {
    root: TempDir,
    user: TempDir,
}

impl Place {
    fn new(besides: &[u32]) -> Place {
        // A user who can write to the folder above could put another one there.
        let root = tempfile::tempdir_in("/run").unwrap();
        let user = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), Permissions::from_mode(0o755)).unwrap();
        chown(user.path(), Some(USER), Some(USER)).unwrap();
        let place = Place { root, user };
        place.install(&place.program(), besides);
        place
    }

    fn program(&self) -> PathBuf {
        self.root.path().join("tracee")
    }

    fn install(&self, program: &Path, besides: &[u32]) {
        fs::copy(tracee(), program).unwrap();
        let wanted = [CAP_BPF, CAP_PERFMON, CAP_SYS_RESOURCE, CAP_DAC_READ_SEARCH];
        // A file that asks for more capabilities than available is not executed.
        let bounding = u64::from_str_radix(&status("/proc/self/status", "CapBnd"), 16).unwrap();
        let wanted: u64 = wanted.iter().chain(besides).map(|cap| 1 << cap).sum();
        set_file_capabilities(program, bounding & wanted);
    }

    fn run(&self, program: &Path, change: impl FnOnce(&mut Command) -> &mut Command) -> Run {
        let mut command = Command::new(program);
        command.args(["-e", "execve", "--debug"]).uid(USER).gid(USER);
        // Other places of objects do not matter here.
        command.arg("--install-path").arg(self.user.path().join("none"));
        change(&mut command);
        finish(command.args(["--", "true"]))
    }

    /// A file of the user's.
    fn of_user(&self, name: &str) -> PathBuf {
        let path = self.user.path().join(name);
        put_object(&path, "");
        chown(&path, Some(USER), Some(USER)).unwrap();
        path
    }
}

fn used(run: &Run, object: &str) {
    assert_eq!(run.code(), 0, "{}", run.stderr);
    assert!(
        run.stderr
            .contains(&format!("tracee: the BPF object is {object}\n")),
        "{object}: {}",
        run.stderr
    );
}

fn refused(run: &Run, path: &Path) {
    assert_eq!(run.code(), 1, "{}", run.stderr);
    let line = run
        .stderr
        .lines()
        .find(|line| line.starts_with("tracee: "))
        .unwrap();
    assert!(
        line.contains(path.to_str().unwrap()) && line.contains("with file capabilities only root's"),
        "{}",
        run.stderr
    );
}

fn objects() -> Result<(), Failed> {
    let place = Place::new(&[]);
    let program = place.program();
    let named = |path: &Path| place.run(&program, |command| command.env("TRACEE_BPF_FILE", path));
    // Objects that the variable names: the user's; root's, where the user can put others; by a link of the user's;
    // root's.
    let theirs = place.of_user(FILE_NAME);
    refused(&named(&theirs), &theirs);
    refused(&named(place.user.path()), &theirs);
    let given = place.user.path().join("given.o");
    put_object(&given, "");
    refused(&named(&given), &given);
    let roots = place.root.path().join("roots.o");
    put_object(&roots, "");
    used(&named(&roots), roots.to_str().unwrap());
    let folder = place.user.path().join("folder");
    symlink(place.root.path(), &folder)?;
    std::os::unix::fs::lchown(&folder, Some(USER), None)?;
    let by_link = folder.join("roots.o");
    refused(&named(&by_link), &by_link);
    // A medium such as a user may mount (nosuid).
    let medium = place.root.path().join("medium");
    fs::create_dir(&medium)?;
    mount(
        Some("medium"),
        &medium,
        Some("tmpfs"),
        MsFlags::MS_NOSUID | MsFlags::MS_NODEV,
        Some("mode=755"),
    )?;
    let brought = medium.join("roots.o");
    put_object(&brought, "");
    let run = named(&brought);
    umount2(&medium, MntFlags::MNT_DETACH)?;
    refused(&run, &brought);
    assert!(run.stderr.contains("(nosuid)"), "{}", run.stderr);
    // Without file capabilities, the user's own object counts as before.
    let plain = place.root.path().join("plain");
    fs::copy(tracee(), &plain)?;
    let run = place.run(&plain, |command| command.env("TRACEE_BPF_FILE", &theirs));
    assert!(run.stderr.contains("no privilege to trace"), "{}", run.stderr);

    // The install path, and a rebuild.
    for policy in ["never", "if-needed"] {
        let run = place.run(&program, |command| command.args(["--build-policy", policy]));
        used(&run, "embedded");
        assert!(!run.stderr.contains("warning"), "{}", run.stderr);
    }
    let install_path = place.user.path().join("install");
    fs::create_dir(&install_path)?;
    chown(&install_path, Some(USER), None)?;
    let installed = install_path.join(FILE_NAME);
    for (flaw, owner) in [("", USER), ("", 0), ("version", USER)] {
        put_object(&installed, flaw);
        chown(&installed, Some(owner), None)?;
        let run = finish(
            Command::new(&program)
                .args(["-e", "execve", "--debug", "--install-path"])
                .arg(&install_path)
                .args(["--", "true"])
                .uid(USER)
                .gid(USER),
        );
        used(&run, "embedded");
        assert!(
            run.stderr.contains("with file capabilities only root's"),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains(installed.to_str().unwrap()), "{}", run.stderr);
    }
    let run = place.run(&program, |command| command.args(["--build-policy", "always"]));
    assert_eq!(run.code(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("run it as root"), "{}", run.stderr);
    assert!(!place.user.path().join("none").exists());

    // Next to the executable, where the user could put it.
    let copy = place.user.path().join("tracee");
    place.install(&copy, &[]);
    let run = place.run(&copy, |command| command);
    used(&run, "embedded");
    assert!(
        run.stderr.contains(theirs.to_str().unwrap()) && run.stderr.contains("ignored"),
        "{}",
        run.stderr
    );

    // A variable rules out no mechanism either.
    let list = |program: &Path, value: &str| {
        finish(
            Command::new(program)
                .args(["--list", "-e", "security_file_open"])
                .env("TRACEE_WITHOUT", value)
                .uid(USER)
                .gid(USER),
        )
        .stdout
    };
    assert_eq!(list(&program, "trampolines,kprobes"), list(&program, ""));
    Ok(())
}

/// With capabilities that would open any file if they were used.
fn files() -> Result<(), Failed> {
    let place = Place::new(&[CAP_DAC_OVERRIDE, CAP_FOWNER]);
    let program = place.program();
    let closed = place.root.path().join("closed");
    fs::create_dir(&closed)?;
    fs::write(closed.join("file"), "kept")?;
    fs::set_permissions(closed.join("file"), Permissions::from_mode(0o666))?;
    fs::copy("/bin/true", closed.join("program"))?;
    fs::set_permissions(&closed, Permissions::from_mode(0o700))?;
    let open = place.root.path().join("open");
    fs::write(&open, "kept")?;
    for path in [
        closed.join("file"),
        closed.join("new"),
        open.clone(),
        place.root.path().join("new"),
    ] {
        let run = place.run(&program, |command| {
            command.args(["-o", &format!("json:{}", path.display())])
        });
        assert_eq!(run.code(), 1, "{}: {}", path.display(), run.stderr);
        assert!(run.stderr.contains("Permission denied"), "{}", run.stderr);
        assert!(!path.exists() || fs::read(&path)? == b"kept");
    }
    // His own files can be written.
    let own = place.user.path().join("own");
    let run = place.run(&program, |command| {
        command.args(["-o", &format!("json:{}", own.display())])
    });
    assert_eq!(run.code(), 0, "{}", run.stderr);
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&fs::metadata(&own)?), USER);
    // A command that he could not run does not run either.
    let run = finish(
        Command::new(&program)
            .args(["-e", "execve", "--"])
            .arg(closed.join("program"))
            .uid(USER)
            .gid(USER),
    );
    assert_eq!(run.code(), 126, "{}", run.stderr);
    Ok(())
}

/// Files that root's run with `--capture` leaves in the install path are closed to others.
fn unseen_object() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
    let closed = folder.path().join("closed");
    fs::create_dir(&closed)?;
    put_object(&closed.join(FILE_NAME), "version");
    fs::set_permissions(&closed, Permissions::from_mode(0o700))?;
    fs::write(folder.path().join("file"), "")?;
    for place in ["closed", "file", "missing"] {
        let run = finish(
            tracee_command()
                .arg("--install-path")
                .arg(folder.path().join(place))
                .uid(USER)
                .gid(USER),
        );
        crate::cli::one_line(&run.stderr)?;
        assert!(run.stderr.contains("no privilege to trace"), "{}", run.stderr);
    }
    Ok(())
}
