//! Compiles the sources of `src/bpf` to one object, for `build.rs`, which mounts this file, and for a rebuild.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, io, thread};

/// What is compiled, and how.
pub struct Compile<'a> {
    /// The folder that holds the `*.bpf.c`.
    pub sources: &'a Path,
    /// The folders that hold `vmlinux.h`, `event_ids.h` and libbpf's `bpf/bpf_helpers.h`.
    pub includes: &'a [&'a Path],
    /// The folder in which parts are made, and left.
    pub scratch: &'a Path,
    /// Rust's name of the architecture.
    pub arch: &'a str,
    pub abi_stamp: &'a str,
}

impl Compile<'_> {
    /// Compiles each family, and links them into `object`.
    pub fn object(&self, object: &Path) -> Result<(), String> {
        let sources = self
            .list()
            .map_err(|error| format!("{}: {error}", self.sources.display()))?;
        let parts = self.parts(&sources)?;
        let failed = |error| format!("the parts of the BPF object cannot be linked: {error}");
        let mut linker = libbpf_rs::Linker::new(object).map_err(failed)?;
        for part in &parts {
            linker.add_file(part).map_err(failed)?;
        }
        linker.link().map_err(failed)
    }

    fn list(&self) -> io::Result<Vec<PathBuf>> {
        let mut sources: Vec<PathBuf> = fs::read_dir(self.sources)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<_>>()?;
        sources.retain(|path| path.to_string_lossy().ends_with(".bpf.c"));
        // libbpf's linker misplaces a map that is referred to before it is defined, so the definitions come first.
        sources.sort_by_key(|path| (!path.ends_with("maps.bpf.c"), path.clone()));
        Ok(sources)
    }

    /// Compiles as many parts at a time as there are CPUs. Returns the parts in the order of their sources, or the
    /// first failure.
    fn parts(&self, sources: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
        let next = AtomicUsize::new(0);
        let worker = || {
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                match sources.get(index) {
                    Some(source) => done.push((index, self.part(source))),
                    None => return done,
                }
            }
        };
        let mut done: Vec<_> = thread::scope(|scope| {
            let cpus = thread::available_parallelism().map_or(1, usize::from);
            let workers: Vec<_> = (0..cpus).map(|_| scope.spawn(worker)).collect();
            workers
                .into_iter()
                .flat_map(|worker| worker.join().unwrap_or_default())
                .collect()
        });
        done.sort_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, part)| part).collect()
    }

    fn part(&self, source: &Path) -> Result<PathBuf, String> {
        let name = source.file_stem().unwrap_or_default();
        let part = self.scratch.join(name).with_extension("part.o");
        let clang = env::var("CLANG").unwrap_or_else(|_| "clang".into());
        // The compiler records the folder in which it ran, so it always runs in the same one.
        let output = Command::new(&clang)
            .current_dir(self.scratch)
            .args(self.arguments()?)
            .arg(source)
            .arg("-o")
            .arg(&part)
            .output()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => format!(
                    "{clang} is missing: install clang 14 or later (apt install clang, dnf install clang)"
                ),
                _ => format!("{} cannot be started: {error}", clang),
            })?;
        if output.status.success() {
            return Ok(part);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let error = said.lines().find(|line| line.contains("error:"));
        Err(format!(
            "{} fails: {}",
            clang,
            error.or(said.lines().next()).unwrap_or("it prints no reason")
        ))
    }

    fn arguments(&self) -> Result<Vec<OsString>, String> {
        let define = match self.arch {
            "x86_64" => "-D__TARGET_ARCH_x86",
            other => {
                return Err(format!(
                    "kernel types for {other} are missing: tracee runs on x86_64 so far"
                ))
            }
        };
        // -mcpu=v3: ALU32 and its jumps, which every kernel from 5.10 on accepts.
        let fixed = [
            "-target",
            "bpf",
            "-mcpu=v3",
            "-O2",
            "-g",
            "-c",
            "-fno-stack-protector",
            "-Wall",
            "-Werror",
        ];
        let mut arguments: Vec<OsString> = fixed.iter().map(OsString::from).collect();
        arguments.extend([
            define.into(),
            format!("-DABI_STAMP=\"{}\"", self.abi_stamp).into(),
        ]);
        // Object files of one source tree are the same wherever the tree is.
        let mut map =
            |folder: &Path| arguments.push(format!("-ffile-prefix-map={}=.", folder.display()).into());
        map(self.sources.parent().unwrap_or(self.sources));
        map(self.scratch);
        for include in self.includes {
            map(include);
        }
        for include in self.includes {
            arguments.extend(["-I".into(), include.into()]);
        }
        Ok(arguments)
    }
}
