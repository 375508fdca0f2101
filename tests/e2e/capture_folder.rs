//! Where artefacts are kept: limits, full disks, unsafe folders, and the flags for it.

use std::fs;
use std::os::unix::fs::{symlink, MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::capture::{files_below, words, Captured};
use crate::harness::{lacks_tool, run, same_everywhere, trace, value, wait_until};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("capture_limits", limits).unless(same_everywhere()),
        Test::new("capture_full_disk", full_disk),
        Test::new("capture_of_many_files_at_the_end", many_at_the_end).unless(same_everywhere()),
        Test::new("capture_folders", folders).unless(same_everywhere()),
        Test::new("capture_command_line", command_line).unless(same_everywhere()),
        Test::new("capture_loads_nothing_unasked", loads_nothing_unasked).unless(lacks_tool("bpftool")),
    ]
}

/// A sparse file of 10 GiB, and more than is allowed in all.
fn limits() -> Result<(), Failed> {
    let captured = Captured::new("write", &["--capture-limit", "file=3MiB,total=4MiB"], |folder| {
        let text = format!(
            "cd {}; dd if=/dev/urandom of=sparse bs=1M count=1; dd if=/dev/urandom of=sparse bs=1M count=1 seek=10240 \
             conv=notrunc; dd if=/dev/urandom of=big bs=1M count=8",
            folder.display()
        );
        words(&["sh", "-c", &text])
    });
    let (equal, marked) = captured.compare(
        files_below(&captured.folder())
            .into_iter()
            .filter(|path| !path.ends_with("old")),
    );
    assert_eq!((equal.len(), marked.len()), (0, 2));
    let reasons: Vec<_> = captured
        .written()
        .values()
        .map(|line| line["reason"].to_string())
        .collect();
    assert!(
        reasons.iter().all(|reason| reason.contains("--capture-limit")),
        "{reasons:?}"
    );
    let stored: u64 = files_below(&captured.out.join("host"))
        .iter()
        .map(|path| fs::metadata(path).unwrap().blocks() * 512)
        .sum();
    assert!(stored <= 4 << 20, "{stored}");
    Ok(())
}

/// One warning, one event, and tracing goes on.
fn full_disk() -> Result<(), Failed> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    let mount = |args: &[&str]| assert!(Command::new(args[0]).args(&args[1..]).status().unwrap().success());
    mount(&[
        "mount",
        "-t",
        "tmpfs",
        "-o",
        "size=300k,mode=700",
        "x",
        out.to_str().unwrap(),
    ]);
    let text = format!(
        "cd {}; for i in 1 2 3 4 5 6 7 8; do head -c 100000 /dev/urandom >f$i; done; true",
        folder.path().display()
    );
    let run = trace(
        &[
            "-e",
            "artifact_captured,openat",
            "--capture",
            "write",
            "--output-path",
            out.to_str().unwrap(),
        ],
        &["sh", "-c", &text],
    );
    let list = fs::read_to_string(out.join("index.jsonl"))?;
    mount(&["umount", out.to_str().unwrap()]);
    assert_eq!(run.code(), 0, "{}", run.stderr);
    // Each of the eight is listed and reported, as complete or with the reason why not.
    let listed: Vec<Value> = list
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let cut = listed.iter().filter(|line| line["complete"] == false);
    let cut: Vec<_> = cut.map(|line| line["reason"].to_string()).collect();
    assert_eq!(listed.len(), 8, "{list}");
    assert!(
        cut.len() >= 5
            && cut
                .iter()
                .all(|reason| reason.contains("No space left on device")),
        "{cut:?}"
    );
    let told = run
        .named("artifact_captured")
        .into_iter()
        .filter(|event| value(event, "kind") == "write");
    let told: Vec<_> = told.map(|event| value(event, "complete") == true).collect();
    assert_eq!(
        (told.len(), told.iter().filter(|whole| **whole).count()),
        (8, 8 - cut.len())
    );
    assert_eq!(
        run.stderr.matches("nothing is captured from now on").count(),
        1,
        "{}",
        run.stderr
    );
    let stops = run
        .named("artifact_captured")
        .into_iter()
        .filter(|event| value(event, "kind") == "stopped");
    assert_eq!(stops.count(), 1);
    let opened = run
        .named("openat")
        .into_iter()
        .any(|event| value(event, "pathname") == "f8");
    assert!(opened);
    Ok(())
}

/// The run ends right after they were written, and each must be read back: truncated after its last write.
fn many_at_the_end() -> Result<(), Failed> {
    const FILES: usize = 3000;
    let captured = Captured::new("write", &[], |folder| {
        let text = format!(
            "cd {}; i=0; while [ $i -lt {FILES} ]; do echo a$i >f$i; echo b$i >>f$i; i=$((i+1)); done",
            folder.display()
        );
        words(&["bash", "-c", &text])
    });
    let written = captured.written();
    let reasons: Vec<_> = written
        .values()
        .filter(|line| line["complete"] == false)
        .map(|line| &line["reason"])
        .collect();
    assert_eq!(written.len(), FILES);
    // A file that is written to again while it is read is marked. There is no other reason.
    assert!(
        reasons.len() < FILES / 10 && reasons.iter().all(|reason| reason.to_string().contains("again")),
        "{reasons:?}"
    );
    // Comparing takes its time.
    let (equal, marked) = captured.compare(
        (0..FILES)
            .step_by(20)
            .map(|i| captured.folder().join(format!("f{i}"))),
    );
    assert_eq!(equal.len() + marked.len(), FILES / 20);
    Ok(())
}

/// Unsafe folders.
fn folders() -> Result<(), Failed> {
    let base = tempfile::tempdir().unwrap();
    let path = |name: &str| base.path().join(name).to_str().unwrap().to_owned();
    fs::create_dir(path("real")).unwrap();
    symlink("real", path("link")).unwrap();
    fs::create_dir(path("open")).unwrap();
    fs::set_permissions(path("open"), fs::Permissions::from_mode(0o777)).unwrap();
    fs::create_dir(path("full")).unwrap();
    fs::write(path("full/precious"), "").unwrap();
    for (name, flags, said) in [
        ("link", &[][..], "is a link"),
        ("open", &[], "writable by others"),
        ("full", &["--clear-output-path"], "other things"),
    ] {
        let place = path(name);
        let flags = [
            &["--capture", "all", "--output-path", &place][..],
            flags,
            &["--", "true"],
        ]
        .concat();
        let run = run(&flags);
        assert_eq!(run.code(), 1, "{}", run.stderr);
        assert!(
            run.stderr.contains(said) && run.stderr.lines().count() == 1,
            "{}",
            run.stderr
        );
    }
    assert!(Path::new(&path("full/precious")).exists());
    // A second run adds to the first; with the flag it begins anew.
    for (flags, lines) in [(&[][..], 1), (&[], 2), (&["--clear-output-path"], 1)] {
        let (place, text) = (path("again"), format!("echo x >{}", path("file")));
        let all = [
            &[
                "-e",
                "artifact_captured",
                "--capture",
                "write",
                "--output-path",
                &place,
            ][..],
            flags,
            &["--", "sh", "-c", &text],
        ];
        assert_eq!(run(&all.concat()).code(), 0);
        assert_eq!(
            fs::read_to_string(path("again/index.jsonl"))
                .unwrap()
                .lines()
                .count(),
            lines
        );
        assert_eq!(files_below(Path::new(&path("again/host"))).len(), lines);
    }
    Ok(())
}

fn command_line() -> Result<(), Failed> {
    for (flags, said) in [
        (["--capture", "everything"], "\"everything\""),
        (["--capture", "write=relative*"], "\"write=relative*\""),
        (["--capture", "exec=/a*b"], "\"exec=/a*b\""),
        (["--capture-limit", "1GiB"], "\"1GiB\""),
    ] {
        let run = run(&flags);
        assert_eq!(run.code(), 2, "{}", run.stderr);
        assert!(
            run.stderr.contains(said) && run.stderr.lines().count() == 1,
            "{}",
            run.stderr
        );
    }
    let help = run(&["--capture", "help"]);
    assert!(
        help.code() == 0 && help.stdout.contains("write=/prefix*") && help.stdout.contains("exec=/prefix*"),
        "{}",
        help.stdout
    );
    Ok(())
}

/// Without --capture none of its programs is loaded.
fn loads_nothing_unasked() -> Result<(), Failed> {
    let base = tempfile::tempdir().unwrap();
    let out = base.path().join("out");
    // As bpftool sees them while tracee runs. Of getppid alone, nothing looks at other calls after them.
    let any = |list: &str| {
        let programs: Vec<Value> = serde_json::from_str(list).unwrap();
        programs.iter().any(|program| {
            let name = program["name"].as_str().unwrap_or_default();
            name.starts_with("capture_") || name.starts_with("sys_exit__looking")
        })
    };
    // The kernel frees those of an earlier run in its own time.
    wait_until("the programs of earlier runs are gone", || {
        let list = Command::new("bpftool")
            .args(["prog", "list", "--json"])
            .output()
            .unwrap();
        !any(&String::from_utf8(list.stdout).unwrap())
    });
    let loaded = |flags: &[&str]| {
        let all = [
            &["-e", "getppid", "--output", "json:/dev/null"],
            flags,
            &["--", "bpftool", "prog", "list", "--json"],
        ];
        let run = run(&all.concat());
        assert_eq!(run.code(), 0, "{}", run.stderr);
        any(&run.stdout)
    };
    assert!(!loaded(&[]));
    assert!(loaded(&[
        "--capture",
        "all",
        "--output-path",
        out.to_str().unwrap()
    ]));
    Ok(())
}
