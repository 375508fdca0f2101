//! What has been captured: its event, and the totals at the end of a run.

use crate::catalogue::special;
use crate::decode::event::{Arg, Context, Event, Value};

/// The kind that reports that nothing is captured any more.
pub const STOPPED: &str = "stopped";

/// An artefact that has been stored, or could not be.
#[derive(Debug)]
pub struct Captured {
    /// Context of the process, or of the last one that wrote.
    pub who: Context,
    /// `exec`, `write` or `mem`.
    pub kind: &'static str,
    /// The file's path, with marks in words.
    pub path: Vec<u8>,
    /// Path below the output folder.
    pub artefact: Option<String>,
    /// Bytes that are stored.
    pub size: u64,
    /// Hash of the stored bytes, in hex digits.
    pub sha256: Option<String>,
    /// Why the artefact is not complete.
    pub reason: Option<String>,
    /// Device of the file, as `st_dev` of stat(2).
    pub dev: u64,
    /// The file's number on its device.
    pub inode: u64,
    /// For memory: its address in the process.
    pub addr: u64,
}

/// Totals at the end of a run.
#[derive(Debug, Default, Clone, Copy)]
pub struct Totals {
    /// Records and chunks that found no room in the kernel side's ring.
    pub lost: u64,
    /// Alerts whose memory was not stored, since there were too many.
    pub memory_skipped: u64,
}

impl Captured {
    /// The event `artifact_captured`. `now`: ns since boot; `own_pid`: tracee's own host pid.
    pub fn event(&self, now: u64, own_pid: u32) -> Event<'_> {
        let spec = special::ARTIFACT_CAPTURED;
        let context = match self.who.host_pid {
            0 => Context::own(spec, now, own_pid),
            _ => Context {
                time: now,
                event: spec.id,
                syscall: crate::wire::NO_SYSCALL,
                abi: 0,
                // The event has no result: nothing was called.
                flags: crate::wire::RECORD_NO_RETURN,
                ret: 0,
                ..self.who
            },
        };
        let args = [
            text(0, Some(self.kind.as_bytes())),
            text(1, (!self.path.is_empty()).then_some(&self.path)),
            text(2, self.artefact.as_deref().map(str::as_bytes)),
            number(3, self.size),
            text(4, self.sha256.as_deref().map(str::as_bytes)),
            number(5, u64::from(self.reason.is_none())),
            text(6, self.reason.as_deref().map(str::as_bytes)),
            number(7, kernel_dev(self.dev)),
            number(8, self.inode),
            match self.addr {
                0 => arg(9, 0, Value::Null),
                addr => arg(9, addr, Value::Pointer),
            },
        ]
        .into_iter()
        .collect();
        Event::new(spec, context, args)
    }
}

fn arg(index: usize, raw: u64, value: Value<'_>) -> Arg<'_> {
    Arg::new(&special::ARTIFACT_CAPTURED.args[index], raw, value)
}

fn text(index: usize, text: Option<&[u8]>) -> Arg<'_> {
    arg(index, 0, text.map_or(Value::Null, Value::Str))
}

fn number(index: usize, number: u64) -> Arg<'static> {
    arg(index, number, Value::Number)
}

/// The device as the kernel's own `dev_t`, which events show.
fn kernel_dev(dev: u64) -> u64 {
    (u64::from(nix::libc::major(dev)) << 20) | u64::from(nix::libc::minor(dev))
}
