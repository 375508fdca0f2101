//! The thread that copies and hashes, so that the reader of the kernel's ring need not.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::sync::Arc;

use base64::prelude::{Engine, BASE64_STANDARD};
use crossbeam_channel::Receiver;
use nix::libc;
use nix::sys::eventfd::EventFd;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::captured::{Captured, STOPPED};
use super::clock::Clock;
use super::folder::plain_name;
use super::job::{Executed, Job, Meta, Version};
use super::memory;
use super::store::{hex, Artefact, Store, BLOCK};
use crate::catalogue::special;
use crate::decode::event::Context;
use crate::say;

/// Device, inode and path.
type Listed = (u64, u64, Vec<u8>);

/// At most so many contents are remembered.
const KNOWN_MAX: usize = 1 << 16;

pub struct Keeper {
    pub store: Arc<Store>,
    pub results: SyncSender<Captured>,
    pub wake: Arc<EventFd>,
    pub clock: Clock,
    /// Artefacts of executed files, by SHA-256, and the file for which each was last reported.
    pub contents: HashMap<String, (String, Listed)>,
    /// SHA-256 of memory, by host pid and address.
    pub memory: HashMap<(u32, u64), Option<String>>,
}

impl Keeper {
    /// Works until all senders of jobs are gone.
    pub fn run(mut self, jobs: &Receiver<Job>) {
        for job in jobs {
            self.work(job);
            if let Some(errno) = self.store.take_failure() {
                self.stopped(errno);
            }
        }
    }

    fn work(&mut self, job: Job) {
        match job {
            Job::Exec { meta, file } => self.exec(meta, &file),
            Job::Finish {
                mut meta,
                name,
                cut,
                version,
            } => match self.store.read(&name) {
                Ok(mut artefact) => {
                    artefact.cut = cut;
                    let before = version.writes.load(Ordering::Acquire);
                    let hash = artefact.sha256();
                    if before != version.writes.load(Ordering::Acquire) {
                        // It is being written to again: a later line will report the result.
                        meta.because(|| "it was written to again while it was hashed".into());
                    }
                    self.finish(meta, artefact, hash.ok());
                }
                Err(error) => {
                    meta.because(|| format!("the artefact cannot be opened: {error}"));
                    self.report(&meta, None, 0, None);
                }
            },
            Job::ReadBack {
                meta,
                name,
                file,
                version,
            } => {
                self.read_back(meta, &name, &file, &version);
                version.idle.store(true, Ordering::Release);
            }
            Job::Memory {
                mut meta,
                mut artefact,
                pid,
                missing,
                file,
                again,
            } => {
                memory::fill(&mut meta, &mut artefact, pid, missing, file);
                if artefact.size == 0 && artefact.cut.is_none() {
                    self.store.remove(artefact);
                    if !again {
                        self.report(&meta, None, 0, None);
                    }
                    return;
                }
                let hash = artefact.sha256().ok();
                if self.memory.len() >= KNOWN_MAX {
                    self.memory.clear();
                }
                let area = (meta.who.host_pid, meta.area.as_ref().map_or(0, |area| area.addr));
                let before = self.memory.insert(area, hash.clone());
                if again && before.is_some_and(|before| before == hash) {
                    self.store.remove(artefact);
                    return;
                }
                self.finish(meta, artefact, hash);
            }
            Job::Report(meta) => self.report(&meta, None, 0, None),
        }
    }

    /// Whether anything of a file may have changed since it was executed. Who writes to it can reset its other times.
    fn has_changed(&self, meta: &Meta, ctime: u64) -> bool {
        ctime != meta.file.ctime || self.clock.may_be_later(ctime, meta.who.time)
    }

    fn exec(&mut self, mut meta: Meta, executed: &Executed) {
        let file = executed.file();
        let name = format!(
            "exec.{}.{}",
            self.clock.wall(meta.who.time),
            plain_name(meta.marks.strip(&meta.path))
        );
        let mut artefact = match self.store.create(&meta.container, &name) {
            Ok(artefact) => artefact,
            Err(cut) => {
                meta.because(|| cut.reason(self.store.limits));
                return self.report(&meta, None, 0, None);
            }
        };
        let hash = match copy(file, &mut artefact) {
            Ok(copied) => {
                if !copied.stable {
                    meta.because(|| "it changed while it was copied".into());
                } else if copied.mtime != meta.file.mtime || copied.size != meta.file.size {
                    meta.because(|| "it has been written to since it was executed".into());
                } else if self.has_changed(&meta, copied.ctime) && executed.may_have_been_written() {
                    meta.because(|| "it may have been written to since it was executed".into());
                }
                copied.hash
            }
            Err(error) => {
                meta.because(|| format!("it cannot be read: {error}"));
                None
            }
        };
        if let (Some(hash), None) = (&hash, artefact.cut) {
            let file = (meta.file.dev, meta.file.inode, meta.path.clone());
            if let Some((stored, listed)) = self.contents.get_mut(hash) {
                let (stored, size) = (stored.clone(), artefact.size);
                let again = std::mem::replace(listed, file) == *listed;
                self.store.remove(artefact);
                if !again || meta.reason.is_some() {
                    self.report(&meta, Some(&stored), size, Some(hash));
                }
                return;
            }
            if self.contents.len() >= KNOWN_MAX {
                self.contents.clear();
            }
            self.contents.insert(hash.clone(), (artefact.name.clone(), file));
        }
        self.finish(meta, artefact, hash);
    }

    /// Makes the artefact equal to the file.
    fn read_back(&mut self, mut meta: Meta, name: &str, file: &File, version: &Version) {
        let before = version.writes.load(Ordering::Acquire);
        let mut artefact = match self.store.reopen(name) {
            Ok(artefact) => artefact,
            Err(error) => {
                meta.because(|| format!("the artefact cannot be opened: {error}"));
                return self.report(&meta, None, 0, None);
            }
        };
        artefact.set_len(0);
        meta.read_at_close = true;
        let hash = match copy(file, &mut artefact) {
            Ok(copied) => {
                if !copied.stable
                    || (copied.mtime, copied.size) != (meta.file.mtime, meta.file.size)
                    || before != version.writes.load(Ordering::Acquire)
                {
                    meta.because(|| "it was written to again while it was read".into());
                }
                copied.hash
            }
            Err(error) => {
                meta.because(|| format!("it cannot be read: {error}"));
                None
            }
        };
        self.finish(meta, artefact, hash);
    }

    fn finish(&mut self, mut meta: Meta, artefact: Artefact, hash: Option<String>) {
        if let Some(cut) = artefact.cut {
            meta.because(|| cut.reason(self.store.limits));
        }
        self.report(&meta, Some(&artefact.name), artefact.size, hash.as_deref());
    }

    /// Reports an artefact in the list, and in the stream of events.
    fn report(&mut self, meta: &Meta, artefact: Option<&str>, size: u64, hash: Option<&str>) {
        let who = &meta.who;
        let comm: Vec<u8> = who
            .comm
            .iter()
            .map(|byte| byte.to_ne_bytes()[0])
            .take_while(|byte| *byte != 0)
            .collect();
        let mut line = json!({
            "artifact": artefact,
            "kind": meta.kind,
            "event": match meta.kind { "exec" => special::EXEC.name, "mem" => special::MEM_PROT_ALERT.name, _ => "write" },
            "time": self.clock.wall(who.time),
            "pathname": String::from_utf8_lossy(&meta.path),
            "size": size,
            "sha256": hash,
            "complete": meta.reason.is_none(),
            "reason": meta.reason,
            "container": meta.container,
            "process": {
                "name": String::from_utf8_lossy(&comm),
                "hostPid": who.host_pid,
                "pid": who.pid,
                "startTime": who.process_start,
                "uid": who.uid,
            },
        });
        let bytes_of = |text: &[u8]| BASE64_STANDARD.encode(text);
        if std::str::from_utf8(&comm).is_err() {
            line["process"]["nameBytes"] = bytes_of(&comm).into();
        }
        let mut add = |name: &str, value: serde_json::Value| {
            line[name] = value;
        };
        if std::str::from_utf8(&meta.path).is_err() {
            add("pathnameBytes", bytes_of(&meta.path).into());
        }
        meta.marks.names().for_each(|mark| add(mark, true.into()));
        match &meta.area {
            Some(area) => {
                add("address", area.addr.into());
                add("length", area.len.into());
                add("alert", area.alert.into());
                add("readBy", meta.role.into());
            }
            None => {
                add("dev", meta.file.dev.into());
                add("inode", meta.file.inode.into());
            }
        }
        match meta.kind {
            "exec" => add("role", meta.role.into()),
            "write" => add("readAtClose", meta.read_at_close.into()),
            _ => {}
        }
        self.store.list(&line);
        self.send(Captured {
            who: meta.who,
            kind: meta.kind,
            path: meta.path.clone(),
            artefact: artefact.map(str::to_owned),
            size,
            sha256: hash.map(str::to_owned),
            reason: meta.reason.clone(),
            dev: meta.file.dev,
            inode: meta.file.inode,
            addr: meta.area.as_ref().map_or(0, |area| area.addr),
        });
    }

    /// Reports, by one warning and one event, that the disk is full or has failed.
    fn stopped(&mut self, errno: i32) {
        let error = io::Error::from_raw_os_error(errno);
        say!(
            "warning: nothing is captured from now on: {}: {error}",
            self.store.path().display()
        );
        self.send(Captured {
            who: Context::default(),
            kind: STOPPED,
            path: Vec::new(),
            artefact: None,
            size: 0,
            sha256: None,
            reason: Some(error.to_string()),
            dev: 0,
            inode: 0,
            addr: 0,
        });
    }

    fn send(&self, captured: Captured) {
        // If the receiver is gone, the run has ended.
        if self.results.send(captured).is_ok() {
            let _ = self.wake.write(1);
        }
    }
}

/// A file that has been copied.
struct Copied {
    hash: Option<String>,
    size: u64,
    mtime: u64,
    /// Status change time when it had been read (ns since the epoch).
    ctime: u64,
    /// Whether it did not change meanwhile.
    stable: bool,
}

/// ns since the epoch
pub fn mtime(stat: &std::fs::Metadata) -> u64 {
    stat.mtime().unsigned_abs() * 1_000_000_000 + stat.mtime_nsec().unsigned_abs()
}

/// ns since the epoch
pub fn ctime(stat: &std::fs::Metadata) -> u64 {
    stat.ctime().unsigned_abs() * 1_000_000_000 + stat.ctime_nsec().unsigned_abs()
}

/// Copies all of a file that the limits allow. Holes stay holes.
fn copy(file: &File, artefact: &mut Artefact) -> io::Result<Copied> {
    let before = file.metadata()?;
    if !before.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let size = before.len();
    let mut hash = Sha256::new();
    let mut block = vec![0; BLOCK];
    let mut sparse = false;
    let mut offset = 0;
    while offset < size && artefact.cut.is_none() {
        let data = next_data(file, offset).unwrap_or(size).min(size);
        if data > offset {
            // The hash is computed from the stored bytes, at the end.
            sparse = true;
            offset = data;
            continue;
        }
        let want = usize::try_from(size - offset).unwrap_or(BLOCK).min(BLOCK);
        let n = file.read_at(&mut block[..want], offset)?;
        if n == 0 {
            break;
        }
        hash.update(&block[..n]);
        artefact.write_at(&block[..n], offset);
        offset += n as u64;
    }
    if artefact.size < size && artefact.cut.is_none() {
        artefact.set_len(size);
    }
    let after = file.metadata()?;
    let hash = match sparse || artefact.cut.is_some() {
        true => artefact.sha256().ok(),
        false => Some(hex(&hash.finalize())),
    };
    Ok(Copied {
        hash,
        size,
        mtime: mtime(&before),
        ctime: ctime(&after),
        stable: mtime(&before) == mtime(&after)
            && after.len() == size
            && (offset >= size || artefact.cut.is_some()),
    })
}

/// Where data begins from that offset on; the offset itself if the file system does not know.
fn next_data(file: &File, offset: u64) -> Option<u64> {
    let at = libc::off_t::try_from(offset).ok()?;
    // SAFETY: a call on a descriptor that is open.
    let found = unsafe { libc::lseek(file.as_raw_fd(), at, libc::SEEK_DATA) };
    match u64::try_from(found) {
        Ok(found) => Some(found),
        // Nothing but a hole up to the end.
        Err(_) if io::Error::last_os_error().raw_os_error() == Some(libc::ENXIO) => None,
        Err(_) => Some(offset),
    }
}
