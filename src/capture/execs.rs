//! Executed files: held before they are gone, and stored once per content.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;

use nix::libc;

use super::clock::Clock;
use super::job::{Executed, Job, Meta};
use super::process::Process;
use super::reach::{is_the, reopen, same};
use super::record::{FileRecord, Identity};
use super::shared::Shared;
use super::sightings::Held;
use super::watch::may_block;
use crate::decode::path::Marks;
use crate::files::Stat;

/// How many stored files are remembered.
const KNOWN_MAX: usize = 1 << 16;

/// Executed files.
#[derive(Default)]
pub struct Execs {
    /// Executed files that are stored.
    known: HashSet<Identity>,
}

impl Execs {
    /// Stores a program, and the script and the loader that it needs.
    pub fn exec(&mut self, shared: &mut Shared, exec: &FileRecord) {
        shared.cover(exec, "exe");
        let mut mine = match &shared.sightings {
            Some(sightings) => sightings.claim(exec.pid),
            None => Vec::new(),
        };
        let container = shared.containers.folder(&exec.who);
        let meta = |path: &[u8], marks, file, role| Meta {
            kind: "exec",
            who: exec.who,
            container: container.clone(),
            path: path.to_vec(),
            marks,
            file,
            area: None,
            role,
            reason: None,
            read_at_close: false,
        };
        let place = mine.iter().position(|seen| is_the(&seen.file, &exec.file));
        let held = place.map(|place| mine.swap_remove(place));
        let wanted = shared.settings.wants_execs(exec.plain_path());
        if wanted && self.is_new(&shared.clock, exec.file, exec.who.time) {
            let meta = meta(&exec.path, exec.marks, exec.file, "program");
            match held.map_or_else(|| reach(shared, exec), |held| Ok(claimed(held, exec))) {
                Ok(file) => shared.give(Job::Exec { meta, file }),
                Err(reason) => shared.give(Job::Report(Meta {
                    reason: Some(reason),
                    ..meta
                })),
            }
        }
        // A script, and the loader.
        for held in mine {
            let file = &held.file;
            let Ok(stat) = Stat::of(file) else {
                continue;
            };
            let identity = Identity {
                dev: stat.dev,
                inode: stat.ino,
                size: stat.size,
                mtime: stat.mtime,
                ctime: stat.ctime,
                mode: stat.mode,
                ..Identity::default()
            };
            let mut magic = [0; 2];
            let is_script =
                std::os::unix::fs::FileExt::read_at(file, &mut magic, 0).is_ok() && magic == *b"#!";
            let link = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap_or_default();
            let link = std::os::unix::ffi::OsStringExt::into_vec(link.into_os_string());
            let link_marks = Marks::of_link(&link, stat.nlink);
            let wants = |path: &[u8]| shared.settings.wants_execs(path);
            // A script has two names: the one by which it was executed, which may lead over links, and its own.
            // A link that cannot be read is too long: it may lead anywhere.
            let wanted = link.is_empty() || wants(link_marks.strip(&link)) || is_script && wants(&exec.name);
            if !wanted || !self.is_new(&shared.clock, identity, exec.who.time) {
                continue;
            }
            let by_name = is_script && exec.name.starts_with(b"/");
            let path = if by_name { exec.name.clone() } else { link };
            let role = if is_script { "script" } else { "loader" };
            let marks = match is_script {
                true => Marks::default(),
                false => link_marks,
            };
            shared.give(Job::Exec {
                meta: meta(&path, marks, identity, role),
                file: Executed::Held(held),
            });
        }
    }

    /// `time`: of its execution, ns since boot. A file that was changed just before may change without a trace in its
    /// times, and is read again.
    fn is_new(&mut self, clock: &Clock, file: Identity, time: u64) -> bool {
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        clock.may_be_later(file.ctime, time) || self.known.insert(file)
    }
}

/// The program of a process that still runs it.
fn reach(shared: &Shared, exec: &FileRecord) -> Result<Executed, String> {
    if may_block(
        shared.covers(exec.file.dev),
        exec.pid,
        exec.file.dev,
        exec.file.magic,
    ) {
        return Err("it is on a file system that may make whoever reads it wait for ever".into());
    }
    if exec.pid == 0 {
        return Err("the process is not in tracee's pid namespace".into());
    }
    let gone = || "the process had gone before its file could be reached".to_owned();
    let failed = |error: io::Error| match error.raw_os_error() {
        Some(libc::ENOENT | libc::ESRCH) => gone(),
        _ => format!("its file cannot be reached: {error}"),
    };
    let process = Process::open(exec.pid).map_err(failed)?;
    let at = process.program().map_err(failed)?;
    // The file is opened only after its identity has been checked: opening another may block.
    if !is_program(&at, &exec.file) {
        return Err(gone());
    }
    let file = reopen(&at).map_err(|error| format!("its file cannot be read: {error}"))?;
    if !exec.marks.in_folder() {
        // The maker of a memfd can write to it at any time, and nothing reports that.
        return Ok(Executed::Unwatched(file));
    }
    let held = match &shared.sightings {
        Some(sightings) => sightings.hold(file, exec.pid),
        None => Err(file),
    };
    Ok(match held {
        Ok(held) if process.program().is_ok_and(|at| is_program(&at, &exec.file)) => Executed::Held(held),
        Ok(held) => Executed::Late(held),
        Err(file) => Executed::Running(file, process),
    })
}

/// A file that was seen when it was executed. Nobody could write to it then, nor while the process runs it.
fn claimed(held: Held, exec: &FileRecord) -> Executed {
    let watched = held.watched_since <= exec.who.time || runs(exec.pid, &exec.file);
    match watched {
        true => Executed::Held(held),
        false => Executed::Late(held),
    }
}

fn runs(pid: u32, identity: &Identity) -> bool {
    Process::open(pid)
        .and_then(|process| process.program())
        .is_ok_and(|program| is_program(&program, identity))
}

/// Whether what is open by O_PATH is the executed file.
fn is_program(at: &File, identity: &Identity) -> bool {
    same(at, identity.dev, identity.inode) || is_the(at, identity)
}
