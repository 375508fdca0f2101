//! How large tables and rings are.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use libbpf_rs::libbpf_sys::{bpf_map_create_opts, size_t};
use libbpf_rs::{MapHandle, MapType, OpenMapMut, OpenObject};

use crate::catalogue::special;
use crate::error::LoadError;
use crate::loader::features::Features;
use crate::loader::filter::Tables;
use crate::loader::object::{open_map, Mechanism, Program};
use crate::loader::plan::Plan;
use crate::wire::{CONTAINERS_MAX, SCRATCH_SLOTS};

// How many containers fit where their memory is allocated at once.
const PREALLOCATED_CONTAINERS: usize = 8192;
const PREALLOCATED_PROCESSES: usize = 65536;

/// How many calls under way may have arguments kept; beyond that the least recent are forgotten.
const GIVENS: usize = 8192;
const LARGE_GIVENS: usize = 512;

/// How many signals that are being sent, or wait to be taken, have names kept.
const SIGNAL_NAMES: usize = 4096;

/// Sets the size of every map, and leaves out those that are not used. Returns how many entries `containers` has.
pub fn size_maps(
    open: &mut OpenObject,
    plan: &Plan<'_>,
    features: &Features,
    programs: &BTreeSet<&Program>,
    filters: &Tables,
) -> Result<usize, LoadError> {
    let cpus = libbpf_rs::num_possible_cpus().map_err(LoadError::bpf("the CPUs cannot be counted"))?;
    let size = |mut map: OpenMapMut<'_>, entries: usize| {
        let entries = u32::try_from(entries).unwrap_or(u32::MAX);
        map.set_max_entries(entries)
            .map_err(LoadError::bpf("a map cannot be sized"))
    };
    size(open_map(open, "scratch")?, cpus * SCRATCH_SLOTS as usize)?;
    size(open_map(open, "priority")?, life_ring(cpus))?;
    size(open_map(open, "selected")?, plan.selected().count().max(1))?;
    size(open_map(open, "named_pids")?, plan.scope.pids().len().max(1))?;
    size(open_map(open, "listed_ids")?, plan.scope.listed().len().max(1))?;
    let allocating = |program: &&Program| {
        matches!(
            program.mechanism,
            Mechanism::TpBtf
                | Mechanism::Ext4TpBtf
                | Mechanism::AfterTpBtf
                | Mechanism::Fentry
                | Mechanism::Fexit
        )
    };
    let processes = most_processes();
    let mut containers = CONTAINERS_MAX as usize;
    let needed = |needed: bool, entries: usize| if needed { entries } else { 1 };
    let listed = !plan.scope.listed().is_empty();
    for (name, entries) in [
        ("followed", needed(plan.scope.follows(), processes)),
        ("members", needed(plan.containers, processes)),
        ("containers", needed(plan.containers, containers)),
        ("container_ids", needed(plan.containers, containers)),
        ("decided", needed(listed, containers)),
        ("target_names", needed(plan.names_targets(), SIGNAL_NAMES)),
        (
            "sender_names",
            needed(plan.chosen(special::SIGNAL_DELIVER), SIGNAL_NAMES),
        ),
    ] {
        size(open_map(open, name)?, entries)?;
    }
    if !features.allocates() && !programs.iter().all(allocating) {
        containers = PREALLOCATED_CONTAINERS;
        let processes = processes.min(PREALLOCATED_PROCESSES);
        // The kernel would accept these, and log a warning.
        for (name, entries) in [
            ("followed", needed(plan.scope.follows(), processes)),
            ("exec_calls", 4096),
            ("marks", 16384),
            ("closings", 512),
            ("arg_copies", 512),
            ("containers", needed(plan.containers, containers)),
            ("container_ids", needed(plan.containers, containers)),
            ("decided", needed(listed, containers)),
            ("members", needed(plan.containers, processes)),
        ] {
            let mut map = open_map(open, name)?;
            map.set_map_flags(0)
                .map_err(LoadError::bpf("a map cannot be set up"))?;
            size(map, entries)?;
        }
    }
    if plan.keeps_given() {
        size(open_map(open, "givens")?, GIVENS)?;
        size(open_map(open, "large_givens")?, LARGE_GIVENS)?;
    }
    // The one of the two that is not used takes no room.
    let unused = match features.has_task_storage() {
        true => ["marks", "befores"],
        false => ["task_marks", "task_befores"],
    };
    for name in unused {
        open_map(open, name)?
            .set_autocreate(false)
            .map_err(LoadError::bpf("a map cannot be left out"))?;
    }
    if let Some(capture) = plan.capture {
        size(open_map(open, "captures")?, capture.ring_size as usize)?;
        size(open_map(open, "captured_files")?, capture.files as usize)?;
        size(open_map(open, "memory_budgets")?, capture.processes as usize)?;
    }
    size(open_map(open, "filter_numbers")?, filters.numbers.len().max(1))?;
    size(open_map(open, "filter_names")?, filters.names.len().max(1))?;
    size(open_map(open, "filter_texts")?, filters.texts.len().max(1))?;
    size(open_map(open, "event_filters")?, filters.events.len().max(1))?;
    Ok(containers)
}

/// Bytes of the ring of process life: it must hold what arrives while the reader is at all other rings.
fn life_ring(cpus: usize) -> usize {
    (cpus * (128 << 10))
        .next_power_of_two()
        .clamp(256 << 10, 16 << 20)
}

/// The largest possible number of processes, so that tables of them do not fill up unless root raises the limits.
fn most_processes() -> usize {
    const MIN: usize = 4096;
    // The kernel's own limit of pids (PID_MAX_LIMIT).
    const MAX: usize = 4 << 20;
    let number = |name: &str| -> usize {
        let text = fs::read_to_string(Path::new("/proc/sys/kernel").join(name));
        text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(MAX)
    };
    number("pid_max").min(number("threads-max")).clamp(MIN, MAX)
}

/// Makes one ring for each CPU, of that many bytes each.
pub fn create_rings(cpus: usize, size: u32) -> Result<Vec<MapHandle>, LoadError> {
    let opts = bpf_map_create_opts {
        sz: size_of::<bpf_map_create_opts>() as size_t,
        ..Default::default()
    };
    (0..cpus)
        .map(|_| MapHandle::create(MapType::RingBuf, Some("tracee_ring"), 0, 0, size, &opts))
        .collect::<Result<_, _>>()
        .map_err(LoadError::bpf(format!(
            "{cpus} ring buffers of {size} bytes cannot be created"
        )))
}
