//! Losses: the kernel side's exact counters, by CPU, buffer and event.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, AsRawFd};

use libbpf_rs::{MapCore, MapFlags};

use crate::catalogue::EventSpec;
use crate::error::LoadError;
use crate::loader::kernel_side::KernelSide;
use crate::loader::probe;
use crate::wire::{
    by_position, loss, BUFFER_BOOKKEEPING, BUFFER_COUNT, BUFFER_CPU, BUFFER_PRIORITY, BUFFER_SCRATCH,
    BUFFER_TABLE, BUFFER_UNSEEN,
};

/// A process or a container found no room in a table.
const TABLE: &str = "table";
/// Records that only tracee itself needs.
const BOOKKEEPING: &str = "bookkeeping";
/// The kernel skipped a program.
const KERNEL: &str = "kernel";

/// Buffers that can overflow, by `BUFFER_*`.
const BUFFERS: [&str; BUFFER_COUNT as usize] = by_position([
    (BUFFER_CPU, "cpu"),
    (BUFFER_PRIORITY, "priority"),
    (BUFFER_SCRATCH, "scratch"),
    (BUFFER_UNSEEN, "unseen"),
    (BUFFER_TABLE, TABLE),
    (BUFFER_BOOKKEEPING, BOOKKEEPING),
]);

/// New losses at one buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// `cpu3` (that CPU's ring), `priority`, `scratch` (no room to build a record), `unseen` (the kernel side could not
    /// look at or keep what the event takes: perhaps there was none). Not events: `table` (no room for a process or a
    /// container), `bookkeeping` (records that only tracee itself needs), `kernel` (program not run: so many events at
    /// most).
    pub buffer: String,
    pub count: u64,
    /// ns since boot; 0: unknown.
    pub first: u64,
    pub last: u64,
}

impl Loss {
    /// Whether chosen events were lost, and not what tracee itself needs.
    pub fn is_of_events(&self) -> bool {
        ![TABLE, BOOKKEEPING, KERNEL].contains(&self.buffer.as_str())
    }
}

/// Reads the counters, and knows what has been reported.
#[derive(Debug, Default)]
pub struct LossMeter {
    reported: BTreeMap<(usize, usize), u64>,
    misses: u64,
    total: u64,
    tables: u64,
    bookkeeping: u64,
    /// All losses (`KernelSide::lost_in_all`) at the last reading of the counters.
    seen: u64,
}

impl LossMeter {
    /// Losses since the last call.
    pub fn read(&mut self, tracer: &mut KernelSide) -> Result<Vec<Loss>, LoadError> {
        let mut losses = Vec::new();
        let lost = tracer.lost_in_all()?;
        if lost != self.seen {
            self.seen = lost;
            self.read_counters(tracer, &mut losses)?;
        }
        let misses = misses(tracer);
        if misses > self.misses {
            losses.push(Loss {
                buffer: KERNEL.into(),
                count: misses - self.misses,
                first: 0,
                last: 0,
            });
            self.misses = misses;
        }
        if !losses.is_empty() {
            tracer.next_loss_epoch()?;
        }
        Ok(losses)
    }

    fn read_counters(&mut self, tracer: &KernelSide, losses: &mut Vec<Loss>) -> Result<(), LoadError> {
        let map = tracer.map("losses")?;
        for (buffer, name) in BUFFERS.iter().enumerate() {
            for (cpu, value) in per_cpu(&map, buffer as u32)?.iter().enumerate() {
                let mut loss = loss::default();
                if plain::copy_from_bytes(&mut loss, value).is_err() {
                    continue;
                }
                let reported = self.reported.entry((buffer, cpu)).or_default();
                let count = loss.count - *reported;
                if count > 0 {
                    *reported = loss.count;
                    let buffer = if buffer == usize::from(BUFFER_CPU) {
                        format!("{name}{cpu}")
                    } else {
                        (*name).into()
                    };
                    losses.push(Loss {
                        buffer,
                        count,
                        first: loss.first,
                        last: loss.last,
                    });
                }
            }
        }
        for loss in losses {
            let sum = match loss.buffer.as_str() {
                TABLE => &mut self.tables,
                BOOKKEEPING => &mut self.bookkeeping,
                _ => &mut self.total,
            };
            *sum += loss.count;
        }
        Ok(())
    }

    /// All losses so far of events that the user chose.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Processes and containers that found no room in a table; not in the total.
    pub fn tables(&self) -> u64 {
        self.tables
    }

    /// Lost records that only tracee itself needs; not in the total.
    pub fn bookkeeping(&self) -> u64 {
        self.bookkeeping
    }

    /// How often the kernel skipped a program: each time may have been an event, or of no interest.
    pub fn misses(&self) -> u64 {
        self.misses
    }
}

/// Losses of each event on each CPU: (CPU, event, count), without zeros.
pub fn by_event(
    tracer: &KernelSide,
    events: &[&'static EventSpec],
) -> Result<Vec<(usize, &'static str, u64)>, LoadError> {
    let map = tracer.map("lost")?;
    let mut lost = Vec::new();
    for event in events {
        for (cpu, value) in per_cpu(&map, u32::from(event.id))?.iter().enumerate() {
            let count = value.first_chunk().map_or(0, |bytes| u64::from_ne_bytes(*bytes));
            if count > 0 {
                lost.push((cpu, event.name, count));
            }
        }
    }
    lost.sort_unstable();
    Ok(lost)
}

fn per_cpu(map: &libbpf_rs::Map<'_>, key: u32) -> Result<Vec<Vec<u8>>, LoadError> {
    Ok(map
        .lookup_percpu(&key.to_ne_bytes(), MapFlags::ANY)
        .map_err(LoadError::bpf("the loss counters cannot be read"))?
        .unwrap_or_default())
}

/// How often the kernel skipped a program of ours, because that one (or, on a classic tracepoint, any) was running on
/// that CPU (`recursion_misses` of `struct bpf_prog_info`, since 5.12).
fn misses(tracer: &KernelSide) -> u64 {
    tracer
        .programs()
        // Where this one is skipped, an event has no name, and is there all the same.
        .filter(|program| !program.name().to_string_lossy().starts_with(probe::SIGNALS))
        .map(|program| program_misses(program.as_fd().as_raw_fd()))
        .sum()
}

impl KernelSide {
    /// Whether the kernel has ever skipped the program that leaves marks, as of that time (ns since boot) or later: then a
    /// call without one may have been carried out all the same.
    pub fn marks_are_doubtful(&self, time: u64) -> bool {
        let (asked, skipped) = self.marks_asked.get();
        if skipped || asked > time {
            return skipped;
        }
        let now = self.now();
        let skipped = self
            .programs()
            .filter(|program| program.name().to_string_lossy().starts_with("sys_enter__"))
            .any(|program| program_misses(program.as_fd().as_raw_fd()) > 0);
        self.marks_asked.set((now, skipped));
        skipped
    }
}

fn program_misses(fd: i32) -> u64 {
    let mut info = libbpf_sys::bpf_prog_info::default();
    let mut len = size_of_val(&info) as u32;
    // SAFETY: `info` is a bpf_prog_info of `len` bytes, all zero, so that the kernel fills in numbers only.
    let ret = unsafe { libbpf_sys::bpf_prog_get_info_by_fd(fd, &mut info, &mut len) };
    if ret == 0 {
        info.recursion_misses
    } else {
        0
    }
}
