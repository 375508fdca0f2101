//! Artefacts of written files, against the files themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{in_vm, lacks_tool, parse, prog, same_everywhere, sha256, totals, trace, value, Run};
use crate::Test;

pub fn tests() -> Vec<Test> {
    vec![
        Test::new("capture_writes", writes),
        Test::new("capture_later_writes", later_writes),
        Test::new("capture_many_files", many_files).unless(same_everywhere()),
        Test::new("capture_at_200_mb_a_second", writer_speed)
            .unless(same_everywhere())
            .alone(),
        Test::new("capture_blocks", blocks).unless(same_everywhere()),
        Test::new("capture_paths", paths),
        Test::new("capture_a_build", a_build)
            .unless(lacks_tool("git"))
            .unless(lacks_tool("gcc")),
    ]
}

/// A run with capture: its artefacts, as index.jsonl lists them.
pub struct Captured {
    pub run: Run,
    pub index: Vec<Value>,
    pub out: PathBuf,
    /// Where programs may work.
    work: TempDir,
}

impl Captured {
    pub fn new(kinds: &str, flags: &[&str], command: impl Fn(&Path) -> Vec<String>) -> Captured {
        Captured::below(&std::env::temp_dir(), kinds, flags, command)
    }

    /// Runs the test program `capture`: `what` it does, and how often.
    pub fn of(kinds: &str, what: &str, count: usize) -> Captured {
        Captured::new(kinds, &[], |folder| acts(what, folder, count))
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
        tells_what_was_captured(&run, &index, &out);
        Captured {
            run,
            index,
            out,
            work,
        }
    }

    pub fn folder(&self) -> PathBuf {
        self.work.path().join("work").canonicalize().unwrap()
    }

    pub fn of_kind(&self, kind: &str) -> Vec<&Value> {
        self.index.iter().filter(|line| line["kind"] == kind).collect()
    }

    pub fn stored(&self, line: &Value) -> PathBuf {
        self.out.join(line["artifact"].as_str().unwrap())
    }

    /// The last line of each written file, by device and inode.
    pub fn written(&self) -> BTreeMap<(u64, u64), &Value> {
        let key = |line: &Value| (line["dev"].as_u64().unwrap(), line["inode"].as_u64().unwrap());
        self.of_kind("write")
            .into_iter()
            .map(|line| (key(line), line))
            .collect()
    }

    /// Compares every file with its artefact. Returns which are equal, and which are marked.
    pub fn compare(&self, files: impl IntoIterator<Item = PathBuf>) -> (Vec<PathBuf>, Vec<PathBuf>) {
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

/// The last line states how many artefacts there are, where, and how many are incomplete.
fn tells_what_was_captured(run: &Run, index: &[Value], out: &Path) {
    // For artefacts that are listed again the last line counts.
    let stored: BTreeMap<&str, bool> = index
        .iter()
        .filter_map(|line| Some((line["artifact"].as_str()?, line["complete"] == true)))
        .collect();
    let number = stored.len();
    let cut = stored.values().filter(|complete| !**complete).count();
    let not_stored = index.iter().filter(|line| line["artifact"].is_null()).count();
    // tracee remembers no more names than these.
    let up_to = if number > 1 << 16 { "up to " } else { "" };
    let mut expected = format!(
        "tracee: {up_to}{number} {} captured",
        if number == 1 { "artefact" } else { "artefacts" }
    );
    if cut > 0 {
        expected += &format!(", {cut} of them incomplete");
    }
    expected += &format!(", listed in {}", out.join("index.jsonl").display());
    if not_stored > 0 {
        expected += &format!("; {not_stored} more could not be stored");
    }
    assert_eq!(
        run.stderr.lines().last(),
        Some(expected.as_str()),
        "{}",
        run.stderr
    );
    // They are events as well, without a result.
    for event in run.named("artifact_captured") {
        assert!(event["returnValue"].is_null(), "{event}");
    }
}

/// Written by aio and io_uring: equal, since nobody else writes to them.
fn later_writes() -> Result<(), Failed> {
    let captured = Captured::of("write", "later", 1);
    let files = ["aio", "uring"].map(|name| captured.folder().join(name));
    let (equal, marked) = captured.compare(files);
    assert_eq!((equal.len(), marked.len()), (2, 0), "{marked:?}");
    Ok(())
}

/// A file takes no longer among many.
fn many_files() -> Result<(), Failed> {
    let (few, all) = (many(10_000).div_f64(1e4), many(100_000).div_f64(1e5));
    println!("a file took {few:?} of ten thousand, {all:?} of a hundred thousand");
    assert!(all < few * 3, "{few:?}, {all:?}");
    Ok(())
}

/// How long it takes to capture so many files.
fn many(count: usize) -> Duration {
    let start = Instant::now();
    let captured = Captured::below(&memory_folder(), "write", &[], |folder| {
        acts("many", folder, count)
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
    assert_eq!(names.len(), count);
    assert_eq!(totals(&captured.run.stderr).1, 0, "{}", captured.run.stderr);
    took
}

/// A folder in memory, if possible: ext4 makes files more slowly after many were removed.
fn memory_folder() -> PathBuf {
    let is_tmpfs = nix::sys::statfs::statfs("/dev/shm")
        .is_ok_and(|stat| stat.filesystem_type() == nix::sys::statfs::TMPFS_MAGIC);
    match is_tmpfs {
        true => "/dev/shm".into(),
        false => std::env::temp_dir(),
    }
}

/// A program that writes 200 MB a second is not slowed down.
fn writer_speed() -> Result<(), Failed> {
    let paced = |folder: &Path| acts("paced", folder, 200);
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

/// The command line of the test program `capture`.
fn acts(what: &str, folder: &Path, count: usize) -> Vec<String> {
    words(&[
        &prog("capture"),
        what,
        folder.to_str().unwrap(),
        &count.to_string(),
    ])
}

pub fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

pub fn files_below(folder: &Path) -> Vec<PathBuf> {
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
    let captured = Captured::of("write", "writes", 1);
    let (equal, marked) = captured.compare(files_below(&captured.folder()));
    assert!(marked.is_empty(), "{marked:?}");
    assert_eq!(equal.len(), 14);
    // Each artefact has its event, and nothing else was stored: no FIFO, no device.
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
    // Writes that were seen need not be read back.
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
