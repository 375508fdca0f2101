//! What proc(5) shows of a process that the kernel side has reported: its pid may belong to another process by now.

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

/// Host pid and start time (ns since boot): identifies a process for ever.
pub type Key = (u32, u64);

/// Tolerance of start times in ns: proc(5) counts them in hundredths of a second, and no pid is used again within this
/// time.
const ALIKE_NS: u64 = 50_000_000;

/// Access to proc(5), where it shows the kernel side's pids.
pub struct Proc {
    /// Whether proc(5) counts pids as the kernel side does.
    of_host: bool,
    /// By how much the kernel's clock is ahead of ours, which proc(5) uses (ns).
    clock_offset: u64,
}

impl Proc {
    /// Takes our own pid as the initial namespace counts, and by how much the kernel's clock is ahead of ours (ns).
    pub fn new((pid, clock_offset): (u32, u64)) -> Self {
        let own = fs::read_link("/proc/self").ok();
        let of_host =
            own.is_some_and(|own| own.to_str() == Some(&pid.to_string())) && pid == std::process::id();
        Proc {
            of_host,
            clock_offset,
        }
    }

    /// The executable of a process, if the pid still belongs to it.
    pub fn executable(&self, key: Key) -> Option<Rc<Executable>> {
        let link = format!("/proc/{}/exe", key.0);
        let path = OsString::from(fs::read_link(&link).ok()?).into_vec();
        let marks = Stat::of_link(Path::new(&link))
            .map_or(Marks::default(), |file| Marks::of_link(&path, file.nlink));
        // The start time is read last, so that all of it belongs to the same process.
        let start = Proc::start(key.0).ok()?;
        self.is_start(start, key)
            .then(|| Rc::new(Executable { path, marks }))
    }

    /// Whether proc(5) shows all processes: none is hidden from us (`hidepid`), and it is the host's namespace.
    pub fn shows_all(&self) -> bool {
        self.of_host && Proc::start(1).is_ok()
    }

    /// Whether that process has certainly ended.
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
        // The name may contain any bytes, but the last parenthesis ends it.
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
