//! Artefacts of executed files and of memory, against what was executed and unpacked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use crate::capture::{files_below, words, Captured};
use crate::harness::{in_vm, lacks_prog, parse, prog, same_everywhere, sha256, Background};
use crate::means::unavailable;
use crate::names::end_in_time;
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("capture_deleted_programs", deleted_programs),
        Test::new("capture_lingering_programs", lingering_programs),
        Test::new("capture_overwritten_programs", overwritten_programs),
        Test::new("capture_fileless_programs", fileless_programs),
        Test::new("capture_scripts", scripts),
        Test::new("capture_executions_by_path", by_path).unless(same_everywhere()),
        Test::new("a_path_that_is_too_long_evades_no_prefix", too_long).once(),
        Test::new("capture_other_mounts", other_mounts).unless(lacks_overlay()),
        Test::new("capture_files_that_nobody_serves", unserved).unless(lacks_fuse()),
        Test::new("capture_files_that_an_overlay_hides", hidden).unless(lacks_own_overlay()),
        Test::new("capture_hostile_paths", hostile_paths),
        Test::new("capture_memory", memory).unless(unavailable("mem_prot_alert")),
        Test::new("capture_shared_memory", shared_memory).unless(unavailable("mem_prot_alert")),
        Test::new("capture_memory_in_a_loop", memory_in_a_loop).unless(unavailable("mem_prot_alert")),
        Test::new("capture_packed", packed)
            .unless(unavailable("mem_prot_alert"))
            .unless(lacks_prog("packed", "it could not be packed: there was no upx")),
    ]
}

/// Programs that delete themselves at once.
fn deleted_programs() -> Result<(), Failed> {
    let count = if in_vm() { 30 } else { 1000 };
    let captured = Captured::of("exec", "gone", count);
    // Some have ended before they were watched, and are marked: in an emulator, perhaps most.
    let marked = check_copies(&captured, count, "gone");
    assert!(in_vm() || marked < count / 2, "{marked} of {count}");
    Ok(())
}

/// Programs that run for a while are watched in time: none is marked.
fn lingering_programs() -> Result<(), Failed> {
    let captured = Captured::of("exec", "lingering", 10);
    assert_eq!(check_copies(&captured, 10, "gone"), 0, "{:?}", captured.index);
    Ok(())
}

/// An artefact without a mark equals what was executed.
fn overwritten_programs() -> Result<(), Failed> {
    let count = if in_vm() { 30 } else { 1000 };
    let captured = Captured::of("exec", "overwritten", count);
    let original = fs::metadata(prog("capture")).unwrap().len();
    let (mut complete, mut marked) = (BTreeSet::new(), 0);
    for line in captured.of_kind("exec") {
        if !line["pathname"].as_str().unwrap().contains("overwritten") {
            continue;
        }
        if line["complete"] == false {
            assert!(line["reason"].is_string(), "{line}");
            marked += 1;
            continue;
        }
        let bytes = fs::read(captured.stored(line)).unwrap();
        assert_eq!(bytes.len() as u64, original + 4, "{line}");
        let number = u32::from_ne_bytes(*bytes.last_chunk().unwrap());
        assert!(
            (number as usize) < count && complete.insert(number),
            "{line}: {number:x}"
        );
    }
    println!("{} complete, {marked} marked", complete.len());
    assert_eq!(complete.len() + marked, count);
    Ok(())
}

/// Each copy of the program ends with its number. Returns how many are marked as perhaps written to.
fn check_copies(captured: &Captured, count: usize, name: &str) -> usize {
    let original = fs::read(prog("capture")).unwrap();
    let (mut numbers, mut marked) = (Vec::new(), 0);
    for line in captured.of_kind("exec") {
        if !line["pathname"].as_str().unwrap().contains(name) {
            continue;
        }
        if line["complete"] == false {
            let reason = line["reason"].as_str().unwrap();
            assert!(reason.contains("may have been written to since"), "{line}");
            marked += 1;
        }
        let bytes = fs::read(captured.stored(line)).unwrap();
        assert!(
            bytes.starts_with(&original) && bytes.len() == original.len() + 4,
            "{line}"
        );
        numbers.push(u32::from_ne_bytes(*bytes.last_chunk().unwrap()));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..count as u32).collect::<Vec<_>>());
    marked
}

fn fileless_programs() -> Result<(), Failed> {
    let count = 20;
    let captured = Captured::of("exec", "memfds", count);
    assert_eq!(check_copies(&captured, count, "/memfd:fileless (deleted)"), 0);
    Ok(())
}

fn scripts() -> Result<(), Failed> {
    let captured = Captured::new("exec", &[], |folder| {
        let script = folder.join("script");
        fs::write(&script, "#!/bin/sh\n# the script itself\nrm \"$0\"\n").unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        words(&[script.to_str().unwrap()])
    });
    let roles: BTreeMap<_, _> = captured
        .of_kind("exec")
        .into_iter()
        .map(|line| (line["role"].as_str().unwrap().to_owned(), line))
        .collect();
    let script = roles["script"];
    assert!(
        script["pathname"].as_str().unwrap().ends_with("/script"),
        "{script}"
    );
    assert!(fs::read_to_string(captured.stored(script))
        .unwrap()
        .contains("the script itself"));
    let shell = fs::canonicalize("/bin/sh").unwrap();
    let interpreter = captured
        .of_kind("exec")
        .into_iter()
        .find(|line| line["pathname"] == shell.to_str().unwrap())
        .unwrap();
    assert_eq!(interpreter["sha256"], sha256(&shell).as_str());
    Ok(())
}

/// A script and a program in a folder, and what runs the script elsewhere: the former two alone are stored, and each by
/// its own name.
fn by_path() -> Result<(), Failed> {
    let make = |folder: &Path| {
        let script = folder.join("script");
        fs::write(&script, "#!/bin/sh\n\"${0%/*}\"/program\n/bin/true\n").unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy("/bin/true", folder.join("program")).unwrap();
        words(&[script.to_str().unwrap()])
    };
    let below = std::env::temp_dir().canonicalize()?;
    let stored = |kinds: &str| {
        let captured = Captured::new(kinds, &[], make);
        let names = captured.of_kind("exec").into_iter().map(|line| {
            assert!(line["artifact"].is_string(), "{line}");
            let path = line["pathname"].as_str().unwrap();
            path.rsplit('/').next().unwrap().to_owned()
        });
        names.collect::<BTreeSet<_>>()
    };
    let below = below.display();
    let both = ["program", "script"].map(str::to_owned);
    assert_eq!(stored(&format!("exec={below}/*")), both.clone().into());
    assert_eq!(
        stored(&format!("exec={below}/no*,exec=/nowhere")),
        BTreeSet::new()
    );
    let all = stored(&format!("exec={below}/*,exec"));
    assert!(all.is_superset(&both.into()) && all.len() > 2, "{all:?}");
    Ok(())
}

fn lacks_overlay() -> Option<String> {
    // Over a folder of the namespace's own, so that nothing is left.
    let text = "mount -t tmpfs x /mnt && cd /mnt && mkdir l u w m && mount -t overlay x -o lowerdir=l,upperdir=u,workdir=w m";
    let mount = Command::new("unshare")
        .args(["-m", "sh", "-c", text])
        .stderr(Stdio::null())
        .status();
    (!mount.is_ok_and(|status| status.success())).then(|| "no overlayfs can be mounted".into())
}

/// In a mount namespace of its own, in an overlay that nobody else sees, behind a chroot. Each runs
/// for a while: only a living process leads there.
/// A program and a file in folders whose path is longer than the kernel side keeps.
fn too_long() -> Result<(), Failed> {
    const SCRIPT: &str = "cd $0 && n=$(printf %0200d 7) && for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21; do \
        mkdir $n && cd -P $n 2>/dev/null || exit 3; done; cp /bin/true prog && ./prog && echo written >w";
    let below = std::env::temp_dir().canonicalize()?;
    let kinds = format!("exec={0}/*,write={0}/*", below.display());
    let captured = Captured::new(&kinds, &[], |folder| {
        words(&["sh", "-c", SCRIPT, folder.to_str().unwrap()])
    });
    let ends = |kind: &str| -> BTreeSet<String> {
        let lines = captured.of_kind(kind).into_iter();
        let paths = lines.map(|line| line["pathname"].as_str().unwrap().to_owned());
        paths.filter(|path| path.starts_with("...")).collect()
    };
    let has = |kind: &str, name: &str| ends(kind).iter().any(|path| path.ends_with(name));
    assert!(has("exec", "/prog"), "{:?}", captured.index);
    assert!(has("write", "/w"), "{:?}", captured.index);
    Ok(())
}

fn other_mounts() -> Result<(), Failed> {
    let captured = Captured::new("exec,write", &[], |folder| {
        let text = format!(
            "mount -t tmpfs x {folder} && cd {folder} && mkdir -p l u w m && cp {prog} l/inner && \
             mount -t overlay x -o lowerdir=l,upperdir=u,workdir=w m && cp l/inner m/upper && \
             (chroot m /inner unlink /none 2000; true) && chroot m /upper unlink /upper 2000",
            folder = folder.display(),
            prog = prog("capture"),
        );
        words(&["unshare", "-m", "sh", "-c", &text])
    });
    let original = sha256(Path::new(&prog("capture")));
    for name in ["/inner", "/upper"] {
        let line = captured
            .of_kind("exec")
            .into_iter()
            .find(|line| {
                line["pathname"]
                    .as_str()
                    .unwrap()
                    .trim_end_matches(" (deleted)")
                    .ends_with(name)
            })
            .unwrap_or_else(|| panic!("{name}: {:?}", captured.index));
        assert_eq!(
            (&line["complete"], line["sha256"].as_str()),
            (&true.into(), Some(original.as_str())),
            "{line}"
        );
    }
    Ok(())
}

pub fn lacks_fuse() -> Option<String> {
    let there = || Path::new("/dev/fuse").exists();
    if !there() {
        let _ = Command::new("modprobe")
            .arg("fuse")
            .stderr(Stdio::null())
            .status();
    }
    (!there()).then(|| "there is no /dev/fuse".into())
}

/// Why users cannot mount a file system of their own below an overlay of their own.
pub fn lacks_own_overlay() -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    lacks_fuse().or_else(|| {
        let tried = Command::new(prog("fuse"))
            .arg(folder.path())
            .args([&prog("fuse"), "overlay", "calls"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        (!tried.is_ok_and(|status| status.success()))
            .then(|| "a user cannot mount an overlay on a file system of his own".into())
    })
}

/// A file system that is not served any more, and the program that was executed there.
pub struct Unserved(Child);

impl Unserved {
    pub fn start(args: &[&str]) -> Unserved {
        let mut child = Command::new(prog("fuse"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = [0; 6];
        child.stdout.as_mut().unwrap().read_exact(&mut said).unwrap();
        assert_eq!(&said, b"ready\n");
        Unserved(child)
    }

    /// A program that waits on an overlay.
    pub fn below_overlay(folder: &Path) -> Unserved {
        Unserved::start(&[folder.to_str().unwrap(), &prog("fuse"), "overlay", "calls"])
    }

    pub fn call(&mut self) {
        self.0.stdin.as_mut().unwrap().write_all(b"x").unwrap();
    }

    pub fn end(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().unwrap().success());
    }
}

/// An overlay hides the file system below it.
fn hidden() -> Result<(), Failed> {
    let base = tempfile::tempdir()?;
    let out = base.path().join("out");
    let out = out.to_str().unwrap();
    let flags = ["-e", "artifact_captured", "--capture", "exec", "--output-path"];
    let background = Background::start(&[&flags[..], &[out]].concat());
    let server = Unserved::below_overlay(base.path());
    end_in_time(&background);
    background.stop();
    server.end();
    let index = parse(fs::File::open(base.path().join("out/index.jsonl"))?);
    let told = index
        .iter()
        .find(|line| line["pathname"].as_str().unwrap().ends_with("/over/program"))
        .unwrap();
    assert_eq!(told["complete"], false, "{told}");
    assert!(
        told["reason"].as_str().unwrap().contains("wait for ever"),
        "{told}"
    );
    Ok(())
}

/// A program on a file system that no longer answers once the program has run.
fn unserved() -> Result<(), Failed> {
    let base = tempfile::tempdir()?;
    let path = |name: &str| base.path().join(name).to_str().unwrap().to_owned();
    fs::create_dir(path("mounted"))?;
    let flags = ["-e", "artifact_captured", "--capture", "exec", "--output-path"];
    let background = Background::start(&[&flags[..], &[&path("out")]].concat());
    let server = Unserved::start(&[&path("mounted"), &prog("getppid")]);
    let start = Instant::now();
    let run = background.stop();
    assert!(start.elapsed() < Duration::from_secs(10), "{}", run.stderr);
    server.end();
    let index = parse(fs::File::open(base.path().join("out/index.jsonl"))?);
    let told = index
        .iter()
        .find(|line| line["pathname"].as_str().unwrap().ends_with("/mounted/program"))
        .unwrap();
    assert_eq!(told["complete"], false, "{told}");
    assert!(
        told["reason"].as_str().unwrap().contains("wait for ever"),
        "{told}"
    );
    Ok(())
}

/// The path is swapped all the time for links to others' files, FIFOs, devices.
fn hostile_paths() -> Result<(), Failed> {
    let captured = Captured::of("exec", "hostile", if in_vm() { 200 } else { 3000 });
    let good = [
        sha256(Path::new(&prog("capture"))),
        sha256(&captured.folder().join("good")),
    ];
    let mut swapped = 0;
    for line in captured.of_kind("exec") {
        let sha = line["sha256"].as_str();
        assert!(
            sha.is_none_or(|sha| good.iter().any(|good| good == sha)),
            "{line}"
        );
        swapped += usize::from(sha == Some(&good[1]));
    }
    assert!(swapped > 0, "{:?}", captured.index);
    for path in files_below(&captured.out.join("host")) {
        assert!(good.contains(&sha256(&path)), "{}", path.display());
    }
    Ok(())
}

fn memory() -> Result<(), Failed> {
    // The program waits until all of its memory has been read.
    let captured = Captured::new("mem", &[], |folder| {
        let text = format!(
            "{} memory {folder} & n=0; until grep -q MAPPED_WX {folder}/../out/index.jsonl || [ $n = 300 ]; do \
             sleep 0.1; n=$((n + 1)); done; kill $!",
            prog("capture"),
            folder = folder.display()
        );
        words(&["sh", "-c", &text])
    });
    let of = |alert: &str| {
        let lines = captured.of_kind("mem");
        let line = lines.iter().find(|line| line["alert"] == alert);
        let line = line.unwrap_or_else(|| panic!("{alert}: {:?}", captured.index));
        assert_eq!(line["complete"], true, "{line}");
        (
            line["length"].as_u64().unwrap(),
            fs::read(captured.stored(line)).unwrap(),
        )
    };
    let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let (len, bytes) = of("W_TO_X");
    assert_eq!((len, bytes.len()), (20 * 4096, 20 * 4096));
    assert!(has(&bytes, "the secret of the unpacked code"));
    // Pages that were never touched are zero.
    assert!(bytes[5 * 4096..10 * 4096].iter().all(|byte| *byte == 0));
    let (_, mapped) = of("WRITTEN_FILE");
    assert_eq!(mapped.len(), 50_000);
    assert_eq!(mapped[..4096 * 3], bytes[..4096 * 3]);
    let (_, both) = of("MAPPED_WX");
    assert!(has(&both, "written and executed at once"));
    Ok(())
}

/// Memory that was shared, and written through the mapping that became executable.
fn shared_memory() -> Result<(), Failed> {
    let captured = Captured::new("mem", &[], |folder| {
        words(&[&prog("alerts"), folder.to_str().unwrap()])
    });
    let text = b"what all who share it can see";
    let found = captured
        .of_kind("mem")
        .iter()
        .filter(|line| line["alert"] == "W_TO_X" && line["length"] == 3 * 4096)
        .any(|line| fs::read(captured.stored(line)).unwrap().starts_with(text));
    assert!(found, "{:?}", captured.index);
    Ok(())
}

/// A program that compiles while it runs: some is stored, the rest is counted.
fn memory_in_a_loop() -> Result<(), Failed> {
    let count = if in_vm() { 1000 } else { 20_000 };
    let captured = Captured::of("mem", "jit", count);
    let stored = captured.of_kind("mem").len();
    let skipped: usize = captured
        .run
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("tracee: memory of "))
        .and_then(|rest| rest.split(' ').next()?.parse().ok())
        .unwrap_or(0);
    assert_eq!(stored + skipped, count, "{}", captured.run.stderr);
    assert!(
        stored >= 100 && captured.run.stderr.contains(" 0 lost"),
        "{}",
        captured.run.stderr
    );
    Ok(())
}

/// A packed program gives back what was packed.
fn packed() -> Result<(), Failed> {
    let captured = Captured::new("mem", &[], |folder| {
        words(&[&prog("packed"), "sleep", folder.to_str().unwrap()])
    });
    // A text among the program's code that the packed file does not contain.
    let text = b"nobody sees this at rest";
    let has = |path: &Path| {
        fs::read(path)
            .unwrap()
            .windows(text.len())
            .any(|window| window == text)
    };
    assert!(has(Path::new(&prog("capture"))) && !has(Path::new(&prog("packed"))));
    let found = captured
        .of_kind("mem")
        .iter()
        .filter(|line| line["artifact"].is_string())
        .any(|line| has(&captured.stored(line)));
    assert!(found, "{:?}", captured.index);
    Ok(())
}
