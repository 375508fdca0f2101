//! Memory that became executable: put together from what the kernel side read, and from the process where it could not.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;

use super::job::Meta;
use super::store::{Artefact, BLOCK};
use crate::symbols::memory::{ALERTS, CAPTURED_ALERT};

pub fn alert_name(alert: u64) -> &'static str {
    let mut every = ALERTS.iter().chain(CAPTURED_ALERT);
    every
        .find(|(value, _)| *value == alert)
        .map_or("unknown", |(_, name)| name)
}

const PAGE: u64 = 4096;
/// Bits of `/proc/PID/pagemap`: the page is in memory, or swapped out.
const PRESENT: u64 = 1 << 63;
const SWAPPED: u64 = 1 << 62;

/// Completes an artefact with bytes that the kernel side could not read (address, length): from the file that is mapped
/// there, or from the process itself.
///
/// Only pages that the process has are read: reading others could make us wait for ever (userfaultfd(2)). Missing pages
/// of an anonymous area are zero.
pub fn fill(
    meta: &mut Meta,
    artefact: &mut Artefact,
    pid: u32,
    missing: Vec<(u64, u64)>,
    file: Option<(File, u64)>,
) {
    let Some(area) = meta.area.clone() else {
        return;
    };
    if let Some((file, start)) = file {
        for (addr, len) in missing {
            let from = start + (addr - area.addr);
            if let Err(error) = copy(
                len,
                |block, at| file.read_at(block, from + at),
                |bytes, at| {
                    artefact.write_at(bytes, addr - area.addr + at);
                },
            ) {
                meta.reason
                    .get_or_insert(format!("the mapped file cannot be read: {error}"));
            }
        }
        meta.role = "file";
        return;
    }
    if missing.is_empty() {
        return;
    }
    match Process::open(pid, meta.who.process_start) {
        Ok(process) => {
            for (addr, len) in missing {
                match process.copy(addr, len, artefact, area.addr) {
                    Ok(found) => {
                        if found.bytes > 0 {
                            meta.role = "process";
                        }
                        if found.absent > 0 && !meta.path.is_empty() {
                            meta.reason
                                .get_or_insert(format!("{} bytes were not in memory", found.absent));
                        }
                    }
                    Err(error) => {
                        meta.reason
                            .get_or_insert(format!("the process's memory cannot be read: {error}"));
                    }
                }
            }
        }
        Err(_) => {
            let bytes: u64 = missing.iter().map(|(_, len)| len).sum();
            meta.reason.get_or_insert(format!(
                "{bytes} bytes could not be read in the kernel, and the process had gone"
            ));
        }
    }
    if meta.reason.is_none() && artefact.size < area.len {
        artefact.set_len(area.len);
    }
}

fn copy(
    len: u64,
    mut read: impl FnMut(&mut [u8], u64) -> io::Result<usize>,
    mut write: impl FnMut(&[u8], u64),
) -> io::Result<u64> {
    let mut block = vec![0; BLOCK.min(usize::try_from(len).unwrap_or(BLOCK))];
    let mut done = 0;
    while done < len {
        let want = usize::try_from(len - done).unwrap_or(BLOCK).min(BLOCK);
        let n = read(&mut block[..want], done)?;
        if n == 0 {
            break;
        }
        write(&block[..n], done);
        done += n as u64;
    }
    Ok(done)
}

/// A process's memory.
struct Process {
    mem: File,
    pagemap: File,
}

#[derive(Default)]
struct Found {
    bytes: u64,
    absent: u64,
}

impl Process {
    /// The process with this pid, if it began at that time (ns since boot).
    fn open(pid: u32, start: u64) -> io::Result<Process> {
        let mem = File::open(format!("/proc/{pid}/mem"))?;
        let pagemap = File::open(format!("/proc/{pid}/pagemap"))?;
        // The start time is read last: then the opened file belongs to that process.
        if !began_at(pid, start) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Process { mem, pagemap })
    }

    fn copy(&self, addr: u64, len: u64, artefact: &mut Artefact, base: u64) -> io::Result<Found> {
        let mut found = Found::default();
        let mut at = addr;
        let mut entries = vec![0; 512 * 8];
        while at < addr + len {
            let n = self.pagemap.read_at(&mut entries, at / PAGE * 8)?;
            if n < 8 {
                found.absent += addr + len - at;
                break;
            }
            for entry in entries[..n].chunks_exact(8) {
                let end = (at / PAGE + 1) * PAGE;
                let want = end.min(addr + len) - at;
                let entry = entry.first_chunk().map_or(0, |bytes| u64::from_ne_bytes(*bytes));
                let mut page = [0; PAGE as usize];
                let page = &mut page[..want as usize];
                if entry & (PRESENT | SWAPPED) != 0 && self.mem.read_exact_at(page, at).is_ok() {
                    artefact.write_at(page, at - base);
                    found.bytes += want;
                } else {
                    found.absent += want;
                }
                at += want;
                if at >= addr + len {
                    break;
                }
            }
        }
        Ok(found)
    }
}

/// Whether the process with this pid is the one that began then (ns since boot; `/proc` counts in hundredths of a second).
pub fn began_at(pid: u32, start: u64) -> bool {
    const TICK_NS: u64 = 10_000_000;
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    // The name may contain anything but ends at the last parenthesis; the 22nd field is the 20th behind it.
    let ticks = stat
        .rsplit_once(')')
        .and_then(|(_, rest)| rest.split_ascii_whitespace().nth(19))
        .and_then(|field| field.parse::<u64>().ok());
    ticks.is_some_and(|ticks| ticks.abs_diff(start / TICK_NS) <= 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_start() {
        let pid = std::process::id();
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        let ticks: u64 = stat
            .rsplit_once(')')
            .unwrap()
            .1
            .split_ascii_whitespace()
            .nth(19)
            .unwrap()
            .parse()
            .unwrap();
        assert!(began_at(pid, ticks * 10_000_000 + 5));
        assert!(!began_at(pid, (ticks + 100) * 10_000_000));
        assert!(!began_at(u32::MAX, 0));
    }
}
