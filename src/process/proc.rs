//! What proc(5) shows of a process that the kernel side has reported: its pid may belong to another process by now.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use crate::decode::path::Marks;
use crate::decode::process::{Executable, FileId};
use crate::files::Stat;
use crate::process::entity::TICK_NS;

/// Host pid and start time (ns since boot): identifies a process for ever.
pub type Key = (u32, u64);

/// Tolerance of start times in ns: proc(5) counts them in hundredths of a second, and no pid is used again within this
/// time.
const ALIKE_NS: u64 = 50_000_000;

/// What proc(5) shows of a process. Its arguments are not read: they are in the memory of the process, which can make
/// readers wait for ever.
pub struct Found {
    /// When it began: ns since boot, to a hundredth of a second.
    pub start: u64,
    /// Its parent.
    pub ppid: u32,
    /// What it calls itself.
    pub comm: [u8; 16],
    /// Its real user.
    pub uid: Option<u32>,
    /// What it runs.
    pub executable: Option<Executable>,
}

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
        // Both clocks were read one after the other, and a start must not come out a hundredth of a second earlier.
        let ticks = (clock_offset as i64 + (TICK_NS / 2) as i64).div_euclid(TICK_NS as i64);
        Proc {
            of_host,
            clock_offset: (ticks * TICK_NS as i64) as u64,
        }
    }

    /// What it shows of the process that has this pid now.
    pub fn find(&self, pid: u32) -> Option<Found> {
        if !self.of_host {
            return None;
        }
        let before = Status::of(pid).ok()?;
        let found = Found {
            start: before.start.wrapping_add(self.clock_offset),
            ppid: before.ppid,
            comm: before.comm,
            uid: uid(pid),
            executable: executable(pid),
        };
        // Read once more, so that all of it belongs to the same process.
        let after = Status::of(pid).ok()?;
        (after.start == before.start).then_some(found)
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
            Ok(start) => !is_alike(start.wrapping_add(self.clock_offset), key.1),
            Err(error) => error.kind() == ErrorKind::NotFound,
        }
    }

    /// When a process started, in ns since boot as our time namespace counts.
    pub fn start(pid: u32) -> io::Result<u64> {
        Status::of(pid).map(|status| status.start)
    }
}

/// What `/proc/PID/stat` says.
struct Status {
    comm: [u8; 16],
    ppid: u32,
    /// ns since boot as our time namespace counts.
    start: u64,
}

impl Status {
    fn of(pid: u32) -> io::Result<Status> {
        Status::parse(&fs::read(format!("/proc/{pid}/stat"))?).ok_or_else(|| ErrorKind::InvalidData.into())
    }

    fn parse(stat: &[u8]) -> Option<Status> {
        // The name may contain any bytes, but the last parenthesis ends it.
        let end = stat.iter().rposition(|byte| *byte == b')')?;
        let name = stat.get(stat.iter().position(|byte| *byte == b'(')? + 1..end)?;
        let mut comm = [0; 16];
        let len = name.len().min(comm.len() - 1);
        comm[..len].copy_from_slice(&name[..len]);
        let fields = String::from_utf8_lossy(&stat[end..]);
        let mut fields = fields.split(' ').skip(2);
        let ppid = fields.next()?.parse().ok()?;
        let ticks: u64 = fields.nth(17)?.parse().ok()?;
        Some(Status {
            comm,
            ppid,
            start: ticks.checked_mul(TICK_NS)?,
        })
    }
}

fn executable(pid: u32) -> Option<Executable> {
    let link = format!("/proc/{pid}/exe");
    let path = OsString::from(fs::read_link(&link).ok()?).into_vec();
    let file = Stat::of_link(Path::new(&link)).ok();
    Some(Executable {
        marks: file.map_or(Marks::default(), |file| Marks::of_link(&path, file.nlink)),
        file: file.map(|file| FileId {
            dev: file.kernel_dev(),
            mode: file.mode,
            inode: file.ino,
            ctime: file.ctime,
        }),
        path,
    })
}

/// The real user.
fn uid(pid: u32) -> Option<u32> {
    let status = fs::read(format!("/proc/{pid}/status")).ok()?;
    let mut lines = status.split(|byte| *byte == b'\n');
    let line = lines.find_map(|line| line.strip_prefix(b"Uid:\t"))?;
    let text = std::str::from_utf8(line).ok()?;
    text.split('\t').next()?.parse().ok()
}

/// Whether two times are the start of the same process, where one of them is from proc(5).
pub fn is_alike(start: u64, other: u64) -> bool {
    start.abs_diff(other) < ALIKE_NS
}
