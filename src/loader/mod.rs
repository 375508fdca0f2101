//! From the chosen events to running programs: open, size maps, set constants, load, attach.

mod compile;
pub mod containers;
pub mod features;
mod filter;
pub mod lookup;
pub mod loss;
pub mod marks;
pub mod object;
mod plan;
pub mod probe;
pub(crate) mod rebuild;
#[cfg(test)]
pub mod record_h;
pub mod shared;
mod sizes;
mod syscalls;
mod trial;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd};

use libbpf_rs::{
    Iter, Link, Map, MapCore, MapFlags, MapHandle, Object, OpenMapMut, OpenObject, ProgramInput, ProgramMut,
};

use crate::capture;
use crate::error::LoadError;
use crate::scope::{Following, Scope};
use features::Features;
pub use plan::Plan;
use probe::{Means, Program};
use sizes::{create_rings, life_ring, most_processes};
use skel::types::{control, followed};

/// The object's types, generated from its BTF.
#[allow(warnings, clippy::all, clippy::pedantic)]
pub mod skel {
    include!(concat!(env!("OUT_DIR"), "/tracee.skel.rs"));
}

// Constants of src/bpf/record.h; a test compares them.
const SCRATCH_SLOTS: u32 = 3;
const CONTAINERS: usize = 131_072;

// Where their memory is taken at once.
const PREALLOCATED_CONTAINERS: usize = 8192;
const PREALLOCATED_PROCESSES: usize = 65536;

/// Calls that are under way with something kept that was given to them: of those beyond the least recent are forgotten.
const GIVENS: usize = 8192;
const LARGE_GIVENS: usize = 512;

// SAFETY: these are made of integers only, so that every bit pattern is a value.
unsafe impl plain::Plain for control {}
// SAFETY: as above.
unsafe impl plain::Plain for followed {}

/// Programs in the kernel, and their maps. They go when this does.
pub struct Tracer {
    object: Object,
    rings: Vec<MapHandle>,
    links: Vec<Link>,
    /// What the kernel's clock is ahead of ours, which is another in a time namespace (ns).
    clock_offset: u64,
    /// Names of the programs that attach.
    attached: BTreeSet<String>,
    control: control,
    /// Which container a process is in matters.
    containers: bool,
    /// When it was last asked whether marks were skipped (ns since boot), and the answer.
    marks_asked: Cell<(u64, bool)>,
}

impl Tracer {
    /// Loads, and attaches nothing.
    pub fn load(plan: &Plan<'_>, features: &Features) -> Result<Self, LoadError> {
        Tracer::load_programs(plan, features)
            .map_err(|error| error.on_kernel(crate::privilege::kernel_release()))
    }

    fn load_programs(plan: &Plan<'_>, features: &Features) -> Result<Self, LoadError> {
        for event in plan.events {
            if let Err(reason) = probe::means(event, features) {
                return Err(LoadError::Unavailable {
                    event: event.name,
                    reason,
                });
            }
        }
        let programs = plan.programs(features)?;
        let cpus = libbpf_rs::num_possible_cpus().map_err(LoadError::bpf("the CPUs cannot be counted"))?;
        let rings = create_rings(cpus, plan.ring_size)?;

        let attached: BTreeSet<String> = programs.iter().map(|program| program.name.clone()).collect();
        let mut open = object::open()?;
        for mut program in open.progs_mut() {
            let name = program.name().to_string_lossy();
            let wanted = attached.contains(name.as_ref())
                || name == "whoami"
                || name == "follow_named" && plan.scope.names_pids()
                || name == "find_containers" && plan.containers;
            program.set_autoload(wanted);
        }
        let size = |mut map: OpenMapMut<'_>, entries: usize| {
            let entries = u32::try_from(entries).unwrap_or(u32::MAX);
            map.set_max_entries(entries)
                .map_err(LoadError::bpf("a map cannot be sized"))
        };
        size(open_map(&mut open, "rings")?, cpus)?;
        size(open_map(&mut open, "scratch")?, cpus * SCRATCH_SLOTS as usize)?;
        size(open_map(&mut open, "priority")?, life_ring(cpus))?;
        size(open_map(&mut open, "selected")?, plan.selected().count().max(1))?;
        size(open_map(&mut open, "named_pids")?, plan.scope.pids().len().max(1))?;
        size(
            open_map(&mut open, "listed_ids")?,
            plan.scope.listed().len().max(1),
        )?;
        let allocating = |program: &&Program| {
            matches!(
                program.means,
                Means::TpBtf | Means::Ext4TpBtf | Means::AfterTpBtf | Means::Fentry | Means::Fexit
            )
        };
        let processes = most_processes();
        let mut containers = CONTAINERS;
        let needed = |needed: bool, entries: usize| if needed { entries } else { 1 };
        let listed = !plan.scope.listed().is_empty();
        for (name, entries) in [
            ("followed", needed(plan.scope.follows(), processes)),
            ("members", needed(plan.containers, processes)),
            ("containers", needed(plan.containers, containers)),
            ("container_ids", needed(plan.containers, containers)),
            ("decided", needed(listed, containers)),
        ] {
            size(open_map(&mut open, name)?, entries)?;
        }
        if !features.allocates() && !programs.iter().all(allocating) {
            containers = PREALLOCATED_CONTAINERS;
            let processes = processes.min(PREALLOCATED_PROCESSES);
            // The kernel would take them, and complain.
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
                let mut map = open_map(&mut open, name)?;
                map.set_map_flags(0)
                    .map_err(LoadError::bpf("a map cannot be set up"))?;
                size(map, entries)?;
            }
        }
        if plan.keeps_given() {
            size(open_map(&mut open, "givens")?, GIVENS)?;
            size(open_map(&mut open, "large_givens")?, LARGE_GIVENS)?;
        }
        // Whichever of the two is not used takes no room.
        let unused = match features.has_task_storage() {
            true => ["marks", "befores"],
            false => ["task_marks", "task_befores"],
        };
        for name in unused {
            open_map(&mut open, name)?
                .set_autocreate(false)
                .map_err(LoadError::bpf("a map cannot be left out"))?;
        }
        if let Some(capture) = plan.capture {
            size(open_map(&mut open, "captures")?, capture.ring_size() as usize)?;
            size(open_map(&mut open, "captured_files")?, capture::FILES as usize)?;
            size(
                open_map(&mut open, "memory_budgets")?,
                capture::PROCESSES as usize,
            )?;
        }
        open_map(&mut open, "rings")?
            .set_inner_map_fd(rings[0].as_fd())
            .map_err(LoadError::bpf("the ring buffers cannot be set"))?;
        let filters = plan.filter_tables();
        size(
            open_map(&mut open, "filter_numbers")?,
            filters.numbers.len().max(1),
        )?;
        size(open_map(&mut open, "filter_names")?, filters.names.len().max(1))?;
        size(open_map(&mut open, "filter_texts")?, filters.texts.len().max(1))?;
        size(open_map(&mut open, "event_filters")?, filters.events.len().max(1))?;
        plan.set_constants(&mut open, features, &programs, &filters, containers / 2)?;

        let object = open
            .load()
            .map_err(LoadError::bpf("the kernel refuses tracee's BPF programs"))?;
        let mut tracer = Tracer {
            object,
            rings,
            links: Vec::new(),
            clock_offset: 0,
            attached,
            control: control::default(),
            containers: plan.containers,
            marks_asked: Cell::default(),
        };
        tracer.fill_maps(plan)?;
        tracer.fill_filters(&filters)?;
        tracer.identify()?;
        Ok(tracer)
    }

    /// Attaches every program. The scope stays empty until [`Tracer::start`].
    pub fn attach(&mut self) -> Result<(), LoadError> {
        // The program that takes marks goes last, after all that look at them: programs run in the order in which they
        // were attached.
        let takes_marks = |name: &&String| name.starts_with("sys_exit__");
        let first = self.attached.iter().filter(|name| !takes_marks(name));
        for name in first.chain(self.attached.iter().filter(takes_marks)) {
            let link = self
                .program(name)?
                .attach()
                .map_err(LoadError::bpf(format!("{name} cannot be attached")))?;
            self.links.push(link);
        }
        object::forget();
        Ok(())
    }

    /// Begins to trace: from this moment on every event of a process in scope is recorded.
    pub fn start(&mut self, scope: &Scope) -> Result<(), LoadError> {
        if self.containers {
            self.find_containers()?;
        }
        self.control.since = self.boot_time()?;
        self.write_control()?;
        // A command is followed already.
        if !scope.pids().is_empty() {
            self.follow_named(scope.pids())?;
        }
        Ok(())
    }

    /// Follows a process of ours from its first exec on; its pid as this pid namespace counts.
    ///
    /// The process must not run yet, and tracing must not have begun.
    pub fn follow_command(&mut self, pid: u32) -> Result<(), LoadError> {
        self.follow_named(&[pid])?;
        let map = self.map("followed")?;
        for key in map.keys() {
            if let Some(mut entry) = self.followed(&map, &key)? {
                entry.await_exec = 1;
                // SAFETY: `followed` is made of integers without padding.
                let bytes = unsafe { plain::as_bytes(&entry) };
                map.update(&key, bytes, MapFlags::EXIST)
                    .map_err(LoadError::bpf("the scope cannot be set"))?;
            }
        }
        Ok(())
    }

    /// Whether followed processes are still running.
    pub fn following(&self) -> Result<Following, LoadError> {
        let map = self.map("followed")?;
        let mut following = Following::Ended;
        for key in map.keys() {
            if let Some(entry) = self.followed(&map, &key)? {
                following = following.max(Following::of(entry.exited));
            }
        }
        Ok(following)
    }

    fn followed(&self, map: &Map<'_>, key: &[u8]) -> Result<Option<followed>, LoadError> {
        let bytes = map
            .lookup(key, MapFlags::ANY)
            .map_err(LoadError::bpf("the followed processes cannot be read"))?;
        Ok(bytes.and_then(|bytes| {
            let mut entry = followed::default();
            plain::copy_from_bytes(&mut entry, &bytes).ok().map(|()| entry)
        }))
    }

    /// Runs the iterator that follows the processes with these pids.
    fn follow_named(&mut self, pids: &[u32]) -> Result<(), LoadError> {
        let named = self.map("named_pids")?;
        for pid in pids {
            named
                .update(&pid.to_ne_bytes(), &0u32.to_ne_bytes(), MapFlags::ANY)
                .map_err(LoadError::bpf("the scope cannot be set"))?;
        }
        self.run_over_tasks("follow_named")?;
        for pid in pids {
            let found = named
                .lookup(&pid.to_ne_bytes(), MapFlags::ANY)
                .map_err(LoadError::bpf("the scope cannot be read"))?;
            if found.is_none_or(|found| found.iter().all(|byte| *byte == 0)) {
                return Err(not_found(*pid));
            }
        }
        Ok(())
    }

    /// Runs an iterator over all tasks that there are.
    fn run_over_tasks(&self, name: &str) -> Result<(), LoadError> {
        let what = "the processes cannot be looked up";
        let link = self.program(name)?.attach().map_err(LoadError::bpf(what))?;
        let mut iter = Iter::new(&link).map_err(LoadError::bpf(what))?;
        // The program prints nothing; reading runs it.
        iter.read_to_end(&mut Vec::new())
            .map_err(|source| LoadError::Io {
                what: what.into(),
                source,
            })?;
        Ok(())
    }

    /// Ends tracing; the rings keep what they hold.
    pub fn detach(&mut self) {
        self.links.clear();
    }

    /// Every ring: the one of process life first, then one a CPU.
    pub fn ring_maps(&self) -> Result<crate::ring::Rings, LoadError> {
        let priority = self.map("priority")?;
        let maps = std::iter::once(&priority as &dyn MapCore)
            .chain(self.rings.iter().map(|ring| ring as &dyn MapCore));
        crate::ring::Rings::new(maps).map_err(LoadError::bpf("the rings cannot be mapped"))
    }

    /// What capture reads and writes by itself.
    pub fn capture_maps(&self) -> Result<capture::Maps, LoadError> {
        let handle = |map: &Map<'_>| {
            MapHandle::try_from(map).map_err(LoadError::bpf("the maps of capture cannot be opened"))
        };
        Ok(capture::Maps {
            ring: handle(&self.map("captures")?)?,
            files: handle(&self.map("captured_files")?)?,
            misses: handle(&self.data_map(".data.captures")?)?,
            containers: handle(&self.map("containers")?)?,
        })
    }

    /// ns since boot on the kernel's own clock, whatever time namespace we are in.
    pub fn boot_time(&self) -> Result<u64, LoadError> {
        self.run_whoami()?;
        Ok(self.read_control()?.boot_time)
    }

    /// Our own pid as the initial namespace counts, and what the kernel's clock is ahead of ours (ns).
    pub fn kernel_pid_and_clock(&self) -> (u32, u64) {
        (self.control.self_pid, self.clock_offset)
    }

    /// Our own host pid.
    pub fn self_pid(&self) -> u32 {
        self.control.self_pid
    }

    pub(crate) fn map(&self, name: &'static str) -> Result<Map<'_>, LoadError> {
        self.object
            .maps()
            .find(|map| map.name() == name)
            .ok_or_else(|| LoadError::Incomplete {
                kind: "map",
                name: name.into(),
            })
    }

    /// Programs that were attached.
    pub(crate) fn programs(&self) -> impl Iterator<Item = libbpf_rs::Program<'_>> {
        self.object
            .progs()
            .filter(|program| self.attached.contains(program.name().to_string_lossy().as_ref()))
    }

    fn program(&self, name: &str) -> Result<ProgramMut<'_>, LoadError> {
        self.object
            .progs_mut()
            .find(|program| program.name() == name)
            .ok_or_else(|| LoadError::Incomplete {
                kind: "program",
                name: name.into(),
            })
    }

    /// Tells the kernel side that all losses so far have been reported.
    pub(crate) fn next_loss_epoch(&mut self) -> Result<(), LoadError> {
        self.control.loss_epoch += 1;
        self.write_control()
    }

    /// Lets the kernel side say who we are, since tracee itself is never traced.
    fn identify(&mut self) -> Result<(), LoadError> {
        self.run_whoami()?;
        self.control = self.read_control()?;
        self.clock_offset = self.control.boot_time.wrapping_sub(shared::boot_clock());
        Ok(())
    }

    fn run_whoami(&self) -> Result<(), LoadError> {
        self.program("whoami")?
            .test_run(ProgramInput::default())
            .map_err(LoadError::bpf("the program whoami cannot be run"))?;
        Ok(())
    }

    /// After each ring by itself the kernel waits until no program can see the old value; after a batch once (6.8), which
    /// is what counts with hundreds of CPUs.
    fn fill_rings(&self) -> Result<(), LoadError> {
        let map = self.map("rings")?;
        let cpus = 0..u32::try_from(self.rings.len()).unwrap_or(u32::MAX);
        let keys: Vec<[u8; 4]> = cpus.clone().map(u32::to_ne_bytes).collect();
        let rings: Vec<[u8; 4]> = self
            .rings
            .iter()
            .map(|ring| ring.as_fd().as_raw_fd().to_ne_bytes())
            .collect();
        let any = MapFlags::ANY;
        let batch = map.update_batch(keys.as_flattened(), rings.as_flattened(), cpus.end, any, any);
        if batch.is_err() {
            for (cpu, ring) in keys.iter().zip(&rings) {
                map.update(cpu, ring, any)
                    .map_err(LoadError::bpf("a map cannot be filled"))?;
            }
        }
        Ok(())
    }

    fn fill_maps(&mut self, plan: &Plan<'_>) -> Result<(), LoadError> {
        self.fill_rings()?;
        let table = self.map("syscalls")?;
        for (key, desc) in plan.syscall_table() {
            update(&table, &key, &desc)?;
        }
        let selected = self.map("selected")?;
        for (key, desc) in plan.selected() {
            update(&selected, &key, &desc)?;
        }
        self.list_containers(plan.scope.listed())
    }
}

/// Why there is no process with this pid, as /proc has it.
fn not_found(pid: u32) -> LoadError {
    let status = fs::read_to_string(format!("/proc/{pid}/status"));
    let tgid = status.ok().and_then(|status| {
        let line = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
        line.trim().parse().ok()
    });
    match tgid {
        None => LoadError::NoProcess(pid),
        Some(process) if process != pid => LoadError::Thread { thread: pid, process },
        Some(_) => LoadError::HiddenProcess(pid),
    }
}

fn update<K: plain::Plain, V: plain::Plain>(map: &Map<'_>, key: &K, value: &V) -> Result<(), LoadError> {
    // SAFETY: keys and values of these maps are made of integers without padding.
    let (key, value) = unsafe { (plain::as_bytes(key), plain::as_bytes(value)) };
    map.update(key, value, MapFlags::ANY)
        .map_err(LoadError::bpf("a map cannot be filled"))
}

fn open_map<'obj>(open: &'obj mut OpenObject, name: &'static str) -> Result<OpenMapMut<'obj>, LoadError> {
    open.maps_mut()
        .find(|map| map.name() == name)
        .ok_or_else(|| LoadError::Incomplete {
            kind: "map",
            name: name.into(),
        })
}
