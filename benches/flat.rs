//! Many of something: processes, pids that are traced, numbers in a filter, containers.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// How many there are in each run.
pub const COUNTS: [usize; 4] = [10, 100, 1_000, 10_000];

/// What there are many of.
#[derive(Clone, Copy)]
pub enum Kind {
    Processes,
    Pids,
    Filter,
    Containers,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Processes, Kind::Pids, Kind::Filter, Kind::Containers];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Processes => "processes",
            Kind::Pids => "traced pids",
            Kind::Filter => "numbers in a filter",
            Kind::Containers => "containers",
        }
    }

    /// Makes that many of them, and returns the flags of tracee that have to do with them.
    pub fn make(self, count: usize) -> (Many, Vec<String>) {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match self {
            Kind::Processes => (Many::processes(count), Vec::new()),
            Kind::Pids => {
                let many = Many::processes(count);
                let pids: Vec<String> = many
                    .processes
                    .iter()
                    .map(|child| child.id().to_string())
                    .collect();
                (many, words(&["-p", &pids.join(",")]))
            }
            Kind::Filter => {
                // Beyond all pids, so that every call passes.
                let numbers: Vec<String> = (1..=count)
                    .map(|number| (number + (1 << 23)).to_string())
                    .collect();
                let filter = format!("getppid.retval!={}", numbers.join(","));
                (Many::default(), words(&["-f", &filter]))
            }
            Kind::Containers => (Many::containers(count), Vec::new()),
        }
    }
}

/// They end when this is dropped.
#[derive(Default)]
pub struct Many {
    processes: Vec<Child>,
    folders: Vec<PathBuf>,
}

impl Many {
    fn processes(count: usize) -> Many {
        let mut many = Many::default();
        for _ in 0..count {
            let child = Command::new("sleep").arg("infinity").stdin(Stdio::null()).spawn();
            many.processes.push(child.expect("sleep"));
        }
        many
    }

    /// Empty cgroups with the names that docker gives.
    fn containers(count: usize) -> Many {
        let root = cgroup2().expect("a cgroup2 hierarchy").join("tracee-bench");
        let mut many = Many::default();
        many.folders.push(root.clone());
        many.folders
            .extend((0..count).map(|number| root.join(format!("docker-{number:064x}.scope"))));
        for folder in &many.folders {
            fs::create_dir(folder).expect("a cgroup");
        }
        many
    }
}

impl Drop for Many {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Where cgroup2 is mounted.
fn cgroup2() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mut words = mounts
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .find(|words| words[2] == "cgroup2")?;
    Some(PathBuf::from(words.swap_remove(1)))
}
