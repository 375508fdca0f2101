//! What has been captured: its event, and the totals at the end of a run.

use crate::catalogue::special;
use crate::decode::event::{Arg, Context, Event, Value};
use crate::wire::{self, arg};

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
                syscall: wire::NO_SYSCALL,
                abi: 0,
                // The event has no result: nothing was called.
                flags: wire::RECORD_NO_RETURN,
                ret: 0,
                ..self.who
            },
        };
        let args = [
            text(arg::ARTIFACT_CAPTURED_KIND, Some(self.kind.as_bytes())),
            text(
                arg::ARTIFACT_CAPTURED_PATHNAME,
                (!self.path.is_empty()).then_some(&self.path),
            ),
            text(
                arg::ARTIFACT_CAPTURED_ARTIFACT,
                self.artefact.as_deref().map(str::as_bytes),
            ),
            number(arg::ARTIFACT_CAPTURED_SIZE, self.size),
            text(
                arg::ARTIFACT_CAPTURED_SHA256,
                self.sha256.as_deref().map(str::as_bytes),
            ),
            number(arg::ARTIFACT_CAPTURED_COMPLETE, u64::from(self.reason.is_none())),
            text(
                arg::ARTIFACT_CAPTURED_REASON,
                self.reason.as_deref().map(str::as_bytes),
            ),
            number(arg::ARTIFACT_CAPTURED_DEV, kernel_dev(self.dev)),
            number(arg::ARTIFACT_CAPTURED_INODE, self.inode),
            match self.addr {
                0 => own(arg::ARTIFACT_CAPTURED_ADDR, 0, Value::Null),
                addr => own(arg::ARTIFACT_CAPTURED_ADDR, addr, Value::Pointer),
            },
        ]
        .into_iter()
        .collect();
        Event::new(spec, context, args)
    }
}

fn own(position: u8, raw: u64, value: Value<'_>) -> Arg<'_> {
    Arg::own(special::ARTIFACT_CAPTURED, position, raw, value)
}

fn text(position: u8, text: Option<&[u8]>) -> Arg<'_> {
    own(position, 0, text.map_or(Value::Null, Value::Str))
}

fn number(position: u8, number: u64) -> Arg<'static> {
    own(position, number, Value::Number)
}

/// The device as the kernel's own `dev_t`, which events show.
fn kernel_dev(dev: u64) -> u64 {
    (u64::from(nix::libc::major(dev)) << 20) | u64::from(nix::libc::minor(dev))
}
