//! What proc(5) says of a process that the kernel side has told of: its pid alone may be another's by now.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::rc::Rc;

use nix::unistd::{sysconf, SysconfVar};

use crate::decode::event::Executable;
use crate::decode::path::Marks;
use crate::files::Stat;

/// Host pid and start time (ns since boot): a process's name for good.
pub type Key = (u32, u64);

/// proc(5) counts start times in hundredths of a second. No pid is used again within so many ns.
const ALIKE_NS: u64 = 50_000_000;

/// proc(5), as far as it can be believed.
pub struct Proc {
    /// It counts pids as the kernel side does.
    of_host: bool,
    /// What the kernel's clock is ahead of ours, and so of ours in proc(5) (ns).
    clock_offset: u64,
}

impl Proc {
    /// Our own pid as the initial namespace counts, and what the kernel's clock is ahead of ours (ns).
    pub fn new((pid, clock_offset): (u32, u64)) -> Self {
        let own = fs::read_link("/proc/self").ok();
        let of_host =
            own.is_some_and(|own| own.to_str() == Some(&pid.to_string())) && pid == std::process::id();
        Proc {
            of_host,
            clock_offset,
        }
    }

    /// The executable of a process, if that is still the one with this pid.
    pub fn executable(&self, key: Key) -> Option<Rc<Executable>> {
        let link = format!("/proc/{}/exe", key.0);
        let path = OsString::from(fs::read_link(&link).ok()?).into_vec();
        let marks = Stat::of_link(Path::new(&link))
            .map_or(Marks::default(), |file| Marks::of_link(&path, file.nlink));
        // Afterwards, so that all of it was the same process's.
        let start = Proc::start(key.0).ok()?;
        self.is_start(start, key)
            .then(|| Rc::new(Executable { path, marks }))
    }

    /// Whether nobody's process is hidden from us (`hidepid` of proc(5)), nor is it another namespace's.
    pub fn tells_all(&self) -> bool {
        self.of_host && Proc::start(1).is_ok()
    }

    /// Whether that process is no longer there, where that can be told.
    pub fn is_gone(&self, key: Key) -> bool {
        if !self.of_host {
            return false;
        }
        match Proc::start(key.0) {
            Ok(start) => !self.is_start(start, key),
            Err(error) => error.kind() == ErrorKind::NotFound,
        }
    }

    fn is_start(&self, start: u64, key: Key) -> bool {
        start.wrapping_add(self.clock_offset).abs_diff(key.1) < ALIKE_NS
    }

    /// When a process started, in ns since boot as our time namespace counts.
    pub fn start(pid: u32) -> std::io::Result<u64> {
        let stat = fs::read(format!("/proc/{pid}/stat"))?;
        // Its name may have any bytes, but is the last in parentheses.
        let end = stat.iter().rposition(|byte| *byte == b')').unwrap_or_default();
        let ticks = String::from_utf8_lossy(&stat[end..])
            .split(' ')
            .nth(20)
            .and_then(|field| field.parse::<u64>().ok());
        let tick = sysconf(SysconfVar::CLK_TCK)?.and_then(|hz| 1_000_000_000u64.checked_div(hz as u64));
        match (ticks, tick) {
            (Some(ticks), Some(tick)) => Ok(ticks.saturating_mul(tick)),
            _ => Err(ErrorKind::InvalidData.into()),
        }
    }
}
