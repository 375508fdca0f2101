//! Artefacts: what is stored of writes, programs and memory, against the files themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::os::unix::fs::{symlink, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{
    in_vm, lacks_prog, lacks_tool, parse, prog, run, same_everywhere, sha256, totals, trace, value,
    wait_until, Background, Run,
};
use crate::means::unavailable;
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("capture_writes", writes),
        Test::new("capture_later_writes", later_writes),
        Test::new("capture_many_files", many_files).unless(same_everywhere()),
        Test::new("capture_at_200_mb_a_second", writer_speed).unless(same_everywhere()),
        Test::new("capture_blocks", blocks).unless(same_everywhere()),
        Test::new("capture_paths", paths),
        Test::new("capture_limits", limits).unless(same_everywhere()),
        Test::new("capture_a_build", a_build)
            .unless(lacks_tool("git"))
            .unless(lacks_tool("gcc")),
        Test::new("capture_deleted_programs", deleted_programs),
        Test::new("capture_overwritten_programs", overwritten_programs),
        Test::new("capture_fileless_programs", fileless_programs),
        Test::new("capture_scripts", scripts),
        Test::new("capture_other_mounts", other_mounts).unless(lacks_overlay()),
        Test::new("capture_files_that_nobody_serves", unserved).unless(lacks_fuse()),
        Test::new("capture_hostile_paths", hostile_paths),
        Test::new("capture_memory", memory).unless(unavailable("mem_prot_alert")),
        Test::new("capture_memory_in_a_loop", memory_in_a_loop).unless(unavailable("mem_prot_alert")),
        Test::new("capture_packed", packed)
            .unless(unavailable("mem_prot_alert"))
            .unless(lacks_prog("packed", "it could not be packed: there was no upx")),
        Test::new("capture_full_disk", full_disk),
        Test::new("capture_folders", folders).unless(same_everywhere()),
        Test::new("capture_command_line", command_line).unless(same_everywhere()),
        Test::new("capture_loads_nothing_unasked", loads_nothing_unasked).unless(lacks_tool("bpftool")),
    ]
}

/// A run with capture: its artefacts, as index.jsonl lists them.
struct Captured {
    run: Run,
    index: Vec<Value>,
    out: PathBuf,
    /// Where programs may work.
    work: TempDir,
}

impl Captured {
    fn new(kinds: &str, flags: &[&str], command: impl Fn(&Path) -> Vec<String>) -> Captured {
        Captured::below(&std::env::temp_dir(), kinds, flags, command)
    }

    fn below(base: &Path, kinds: &str, flags: &[&str], command: impl Fn(&Path) -> Vec<String>) -> Captured {
        let work = tempfile::tempdir_in(base).unwrap();
        let out = work.path().join("out");
        let folder = work.path().join("work");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("old"), "what was there before").unwrap();
        let command = command(&folder);
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let mut all = vec!["-e", "artifact_captured", "--capture", kinds, "--output-path"];
        all.push(out.to_str().unwrap());
        all.extend(flags);
        let run = trace(&all, &command);
        assert_eq!(run.code(), 0, "{}", run.stderr);
        let index = parse(fs::File::open(out.join("index.jsonl")).unwrap());
        Captured {
            run,
            index,
            out,
            work,
        }
    }

    fn folder(&self) -> PathBuf {
        self.work.path().join("work").canonicalize().unwrap()
    }

    fn of_kind(&self, kind: &str) -> Vec<&Value> {
        self.index.iter().filter(|line| line["kind"] == kind).collect()
    }

    fn stored(&self, line: &Value) -> PathBuf {
        self.out.join(line["artifact"].as_str().unwrap())
    }

    /// The last line of each written file, by device and inode.
    fn written(&self) -> BTreeMap<(u64, u64), &Value> {
        let key = |line: &Value| (line["dev"].as_u64().unwrap(), line["inode"].as_u64().unwrap());
        self.of_kind("write")
            .into_iter()
            .map(|line| (key(line), line))
            .collect()
    }

    /// Compares every file with its artefact: which are equal, and which say that they may not be.
    fn compare(&self, files: impl IntoIterator<Item = PathBuf>) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let written = self.written();
        let (mut equal, mut marked) = (Vec::new(), Vec::new());
        for file in files {
            let stat = fs::symlink_metadata(&file).unwrap();
            if !stat.is_file() || stat.len() == 0 {
                continue;
            }
            let line = written
                .get(&(stat.dev(), stat.ino()))
                .unwrap_or_else(|| panic!("nothing is stored of {}: {:?}", file.display(), self.index));
            if line["complete"] == false {
                assert!(line["reason"].is_string(), "{line}");
                marked.push(file);
                continue;
            }
            let sha = sha256(&file);
            assert_eq!(line["sha256"], sha.as_str(), "{}: {line}", file.display());
            assert_eq!(sha256(&self.stored(line)), sha, "{line}");
            assert_eq!(line["size"], stat.len(), "{line}");
            equal.push(file);
        }
        (equal, marked)
    }
}

/// By aio and io_uring: equal, for nobody else writes to them.
fn later_writes() -> Result<(), Failed> {
    let captured = Captured::new("write", &[], |folder| {
        words(&[&prog("capture"), "later", folder.to_str().unwrap()])
    });
    let files = ["aio", "uring"].map(|name| captured.folder().join(name));
    let (equal, marked) = captured.compare(files);
    assert_eq!((equal.len(), marked.len()), (2, 0), "{marked:?}");
    Ok(())
}

/// Nothing takes longer because there are many.
fn many_files() -> Result<(), Failed> {
    let (few, all) = (many(10_000) / 10_000, many(100_000) / 100_000);
    println!("a file took {few:?} of ten thousand, {all:?} of a hundred thousand");
    assert!(all < few * 3, "{few:?}, {all:?}");
    Ok(())
}

/// How long it takes to capture so many files.
fn many(count: u32) -> Duration {
    let start = Instant::now();
    let captured = Captured::below(&memory_folder(), "write", &[], |folder| {
        words(&[
            &prog("capture"),
            "many",
            folder.to_str().unwrap(),
            &count.to_string(),
        ])
    });
    let took = start.elapsed();
    let mut names = BTreeSet::new();
    for line in captured.of_kind("write") {
        assert_eq!(line["complete"], true, "{line}");
        let path = Path::new(line["pathname"].as_str().unwrap());
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(
            fs::read(captured.stored(line)).unwrap(),
            name.as_bytes(),
            "{line}"
        );
        names.insert(name.to_owned());
    }
    assert_eq!(names.len() as u32, count);
    assert_eq!(totals(&captured.run.stderr).1, 0, "{}", captured.run.stderr);
    took
}

/// Where files cost little, if there is such a place: ext4 takes the longer to make some the more were just removed.
fn memory_folder() -> PathBuf {
    let is_tmpfs = nix::sys::statfs::statfs("/dev/shm")
        .is_ok_and(|stat| stat.filesystem_type() == nix::sys::statfs::TMPFS_MAGIC);
    match is_tmpfs {
        true => "/dev/shm".into(),
        false => std::env::temp_dir(),
    }
}

/// Who writes 200 MB in a second goes on to do so.
fn writer_speed() -> Result<(), Failed> {
    let paced = |folder: &Path| words(&[&prog("capture"), "paced", folder.to_str().unwrap(), "200"]);
    let rate = |output: &str| output.trim().parse::<f64>().unwrap();
    let untraced = tempfile::tempdir()?;
    let command = paced(untraced.path());
    let output = Command::new(&command[0]).args(&command[1..]).output()?;
    let alone = rate(&String::from_utf8_lossy(&output.stdout));
    let limit = ["--capture-limit", "file=1GiB"];
    let captured = Captured::below(&std::env::temp_dir(), "write", &limit, |folder| {
        let rate = folder.join("rate");
        let text = format!("{} >{}", paced(folder).join(" "), rate.display());
        words(&["sh", "-c", &text])
    });
    let folder = captured.folder();
    let traced = rate(&fs::read_to_string(folder.join("rate"))?);
    println!("{traced} of {alone} MB/s");
    assert!(traced >= 0.6 * alone, "{traced} of {alone} MB/s");
    let (equal, marked) = captured.compare([folder.join("paced")]);
    assert_eq!((equal.len(), marked.len()), (1, 0), "{marked:?}");
    assert_eq!(totals(&captured.run.stderr).1, 0, "{}", captured.run.stderr);
    Ok(())
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() && !path.is_symlink() {
            true => files.extend(files_below(&path)),
            false => files.push(path),
        }
    }
    files
}

/// All ways of writing: equal, or marked.
fn writes() -> Result<(), Failed> {
    let captured = Captured::new("write", &[], |folder| {
        words(&[&prog("capture"), "writes", folder.to_str().unwrap()])
    });
    let (equal, marked) = captured.compare(files_below(&captured.folder()));
    assert!(marked.is_empty(), "{marked:?}");
    assert_eq!(equal.len(), 14);
    // Each has its event, and nothing else was kept: no FIFO, no device.
    for line in captured.of_kind("write") {
        let told = captured.run.events.iter().any(|event| {
            value(event, "artifact") == &line["artifact"] && value(event, "sha256") == &line["sha256"]
        });
        assert!(told, "{line}");
        let path = Path::new(line["pathname"].as_str().unwrap());
        assert!(
            path.starts_with(captured.folder()) && path.file_name().unwrap() != "fifo",
            "{line}"
        );
    }
    // What was seen as it passed needed no second look.
    let pwrite = fs::metadata(captured.folder().join("pwrite")).unwrap();
    assert_eq!(
        captured.written()[&(pwrite.dev(), pwrite.ino())]["readAtClose"],
        false
    );
    for path in files_below(&captured.out) {
        assert_eq!(
            fs::metadata(&path).unwrap().mode() & 0o7777,
            0o600,
            "{}",
            path.display()
        );
    }
    assert_eq!(
        fs::metadata(captured.out.join("host")).unwrap().mode() & 0o7777,
        0o700
    );
    Ok(())
}

/// dd with blocks of many sizes.
fn blocks() -> Result<(), Failed> {
    let big = if in_vm() { 16 } else { 256 };
    for (block, count) in [(1, 20_000), (4096, 2000), (12_345, 777), (1 << 20, big)] {
        let captured = Captured::new("write", &[], |folder| {
            words(&[
                "dd",
                "if=/dev/urandom",
                &format!("of={}/dd", folder.display()),
                &format!("bs={block}"),
                &format!("count={count}"),
            ])
        });
        let (equal, marked) = captured.compare([captured.folder().join("dd")]);
        assert_eq!(
            (equal.len(), marked.len()),
            (1, 0),
            "{block}: {:?}",
            captured.index
        );
    }
    Ok(())
}

fn paths() -> Result<(), Failed> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().canonicalize().unwrap().join(name);
    let text = format!(
        "cd {}; echo 1 >wanted-1; echo 2 >other; echo 3 >wanted-2; echo 4 >this",
        folder.path().display()
    );
    let kinds = format!(
        "write={}*,write={}",
        path("wanted").display(),
        path("this").display()
    );
    let captured = Captured::new(&kinds, &[], |_| words(&["sh", "-c", &text]));
    let mut told: Vec<_> = captured
        .index
        .iter()
        .map(|line| line["pathname"].as_str().unwrap())
        .collect();
    told.sort_unstable();
    let expected = ["this", "wanted-1", "wanted-2"].map(path);
    assert_eq!(
        told,
        expected
            .iter()
            .map(|path| path.to_str().unwrap())
            .collect::<Vec<_>>()
    );
    Ok(())
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

/// Many files by many programs: a clone and a build.
fn a_build() -> Result<(), Failed> {
    let source = tempfile::tempdir().unwrap();
    let git = |args: &[&str]| {
        let done = Command::new("git")
            .current_dir(source.path())
            .args(["-c", "user.name=x", "-c", "user.email=x"])
            .args(args)
            .stdout(Stdio::null())
            .status();
        assert!(done.unwrap().success());
    };
    git(&["init", "-q"]);
    for index in 0..100 {
        fs::write(
            source.path().join(format!("file{index}.txt")),
            format!("{index}\n").repeat(index * 10),
        )
        .unwrap();
    }
    fs::write(source.path().join("main.c"), "int main(void) { return 0; }\n").unwrap();
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "x"]);
    let captured = Captured::new("write", &[], |folder| {
        let text = format!(
            "cd {} && git clone -q --no-local {} clone && cd clone && gcc -c main.c && gcc -o main main.o",
            folder.display(),
            source.path().display()
        );
        words(&["sh", "-c", &text])
    });
    let (equal, marked) = captured.compare(files_below(&captured.folder().join("clone")));
    assert!(marked.is_empty(), "{marked:?}");
    assert!(equal.len() > 100, "{}", equal.len());
    Ok(())
}

/// Programs that are gone from their folder before anyone could look.
fn deleted_programs() -> Result<(), Failed> {
    let count = if in_vm() { 30 } else { 1000 };
    let captured = Captured::new("exec", &[], |folder| {
        words(&[
            &prog("capture"),
            "gone",
            folder.to_str().unwrap(),
            &count.to_string(),
        ])
    });
    // Some have ended before they were watched, and are marked: in an emulator, perhaps most.
    let marked = check_copies(&captured, count, "gone");
    assert!(in_vm() || marked < count / 2, "{marked} of {count}");
    Ok(())
}

/// What is stored unmarked as what was executed is just that.
fn overwritten_programs() -> Result<(), Failed> {
    let count = if in_vm() { 30 } else { 1000 };
    let captured = Captured::new("exec", &[], |folder| {
        words(&[
            &prog("capture"),
            "overwritten",
            folder.to_str().unwrap(),
            &count.to_string(),
        ])
    });
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
        assert!(number < count && complete.insert(number), "{line}: {number:x}");
    }
    println!("{} complete, {marked} marked", complete.len());
    assert_eq!(complete.len() as u32 + marked, count);
    Ok(())
}

/// Each copy of the program ends with its number. Gives how many may have been written to as far as tracee knows.
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
    let captured = Captured::new("exec", &[], |folder| {
        words(&[
            &prog("capture"),
            "memfds",
            folder.to_str().unwrap(),
            &count.to_string(),
        ])
    });
    assert_eq!(check_copies(&captured, count, "memfd:fileless"), 0);
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

fn lacks_overlay() -> Option<String> {
    // Over a folder of the namespace's own, so that nothing is left.
    let text = "mount -t tmpfs x /mnt && cd /mnt && mkdir l u w m && mount -t overlay x -o lowerdir=l,upperdir=u,workdir=w m";
    let mount = Command::new("unshare")
        .args(["-m", "sh", "-c", text])
        .stderr(Stdio::null())
        .status();
    (!mount.is_ok_and(|status| status.success())).then(|| "no overlayfs can be mounted".into())
}

/// In a mount namespace of its own, in an overlay that nobody else sees, behind a chroot.
fn other_mounts() -> Result<(), Failed> {
    let captured = Captured::new("exec,write", &[], |folder| {
        let text = format!(
            "mount -t tmpfs x {folder} && cd {folder} && mkdir -p l u w m && cp {prog} l/inner && \
             mount -t overlay x -o lowerdir=l,upperdir=u,workdir=w m && cp l/inner m/upper && \
             chroot m /inner nothing && chroot m /upper unlink /upper",
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

fn lacks_fuse() -> Option<String> {
    let there = || Path::new("/dev/fuse").exists();
    if !there() {
        let _ = Command::new("modprobe")
            .arg("fuse")
            .stderr(Stdio::null())
            .status();
    }
    (!there()).then(|| "there is no /dev/fuse".into())
}

/// A program on a file system whose owner makes everybody wait, once it has run.
fn unserved() -> Result<(), Failed> {
    let base = tempfile::tempdir()?;
    let path = |name: &str| base.path().join(name).to_str().unwrap().to_owned();
    fs::create_dir(path("mounted"))?;
    let flags = ["-e", "artifact_captured", "--capture", "exec", "--output-path"];
    let background = Background::start(&[&flags[..], &[&path("out")]].concat());
    let mut server = Command::new(prog("fuse"))
        .args([path("mounted"), prog("getppid")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = [0; 6];
    server.stdout.as_mut().unwrap().read_exact(&mut said)?;
    assert_eq!(&said, b"ready\n");
    let start = Instant::now();
    let run = background.stop();
    assert!(start.elapsed() < Duration::from_secs(10), "{}", run.stderr);
    drop(server.stdin.take());
    assert!(server.wait()?.success());
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

/// The path is swapped all the time: links to files of others, FIFOs, devices.
fn hostile_paths() -> Result<(), Failed> {
    let count = if in_vm() { "200" } else { "3000" };
    let captured = Captured::new("exec", &[], |folder| {
        words(&[&prog("capture"), "hostile", folder.to_str().unwrap(), count])
    });
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
    let captured = Captured::new("mem", &[], |folder| {
        words(&[&prog("capture"), "memory", folder.to_str().unwrap()])
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

/// A program that compiles while it runs: some is stored, the rest is counted.
fn memory_in_a_loop() -> Result<(), Failed> {
    let count = if in_vm() { 1000 } else { 20_000 };
    let captured = Captured::new("mem", &[], |folder| {
        words(&[
            &prog("capture"),
            "jit",
            folder.to_str().unwrap(),
            &count.to_string(),
        ])
    });
    let stored = captured.of_kind("mem").len();
    let skipped: usize = captured
        .run
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("tracee: memory not captured of "))
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
    // What lies among the program's code, and nowhere in the packed file.
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
    mount(&["umount", out.to_str().unwrap()]);
    assert_eq!(run.code(), 0, "{}", run.stderr);
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

/// Folders that are no safe place.
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
        help.code() == 0 && help.stdout.contains("write=/prefix*"),
        "{}",
        help.stdout
    );
    Ok(())
}

/// Without --capture none of its programs is loaded.
fn loads_nothing_unasked() -> Result<(), Failed> {
    let base = tempfile::tempdir().unwrap();
    let out = base.path().join("out");
    // As bpftool sees them while tracee runs; names are cut off after 15 characters.
    let any = |list: &str| {
        let programs: Vec<Value> = serde_json::from_str(list).unwrap();
        programs.iter().any(|program| {
            let name = program["name"].as_str().unwrap_or_default();
            name.starts_with("capture_")
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
