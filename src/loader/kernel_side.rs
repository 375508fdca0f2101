//! The kernel side of a run: programs and maps, from opening them to their end.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd};
use std::ptr;

use libbpf_rs::{
    AsRawLibbpf, Iter, Link, Map, MapCore, MapFlags, MapHandle, Object, PrintLevel, ProgramInput, ProgramMut,
};

use crate::error::LoadError;
use crate::loader::features::Features;
use crate::loader::object::{self, open_map, update};
use crate::loader::plan::{bodies, Plan, Programs};
use crate::loader::probe;
use crate::loader::shared::boot_clock;
use crate::loader::sizes::{create_rings, size_maps};
use crate::ring::Rings;
use crate::say;
use crate::scope::{Following, Scope};
use crate::wire::{control, followed};

/// `BPF_LOG_STATS` of the kernel's include/linux/bpf_verifier.h.
const VERIFIER_STATS: u32 = 4;

/// Maps that capture reads and writes by itself.
pub struct CaptureMaps {
    /// The ring of captures.
    pub ring: MapHandle,
    /// Files whose writes are captured.
    pub files: MapHandle,
    /// Counters of what found no room in the ring.
    pub misses: MapHandle,
    /// The map of containers.
    pub containers: MapHandle,
}

/// Programs in the kernel, and their maps. Dropping this unloads them.
pub struct KernelSide {
    object: Object,
    rings: Vec<MapHandle>,
    links: Vec<Link>,
    /// By how much the kernel's clock is ahead of ours, which differs in a time namespace (ns).
    clock_offset: u64,
    /// Names of the programs that attach.
    attached: BTreeSet<String>,
    pub(super) control: control,
    /// Whether it matters which container a process is in.
    containers: bool,
    /// When the kernel was last asked whether it skipped marks (ns since boot), and the answer.
    pub(super) marks_asked: Cell<(u64, bool)>,
}

impl KernelSide {
    /// Loads the programs, and attaches nothing.
    pub fn load(plan: &Plan<'_>, features: &Features) -> Result<Self, LoadError> {
        for event in plan.events {
            if let Err(reason) = probe::mechanism(event, features) {
                return Err(LoadError::Unavailable {
                    event: event.name,
                    reason,
                });
            }
        }
        // Should the kernel refuse the one program at sys_exit, it gets those in whose place it is.
        let joined = plan.programs(features, features.skips_dead_functions())?;
        let several = plan.programs(features, false)?;
        // Several share this_call(), so that none may be preempted.
        let preempted = features.preempts_raw_tracepoints() && !features.has_classic_tracepoints();
        let joins = joined.attached != several.attached && !preempted;
        KernelSide::load_programs(plan, features, joined)
            .or_else(|error| match joins {
                true => {
                    let side = KernelSide::load_programs(plan, features, several)?;
                    say!("the kernel refuses to have one program for all calls: several cost each call more");
                    Ok(side)
                }
                false => Err(error),
            })
            .map_err(|error| error.on_kernel(crate::privilege::kernel_release()))
    }

    fn load_programs(plan: &Plan<'_>, features: &Features, programs: Programs) -> Result<Self, LoadError> {
        let cpus = libbpf_rs::num_possible_cpus().map_err(LoadError::bpf("the CPUs cannot be counted"))?;
        let rings = create_rings(cpus, plan.detail.ring_size)?;

        let names = programs.attached.iter().map(|program| program.name.clone());
        let attached: BTreeSet<String> = names.collect();
        let mut open = object::open()?;
        for mut program in open.progs_mut() {
            let name = program.name().to_string_lossy();
            let wanted = attached.contains(name.as_ref())
                || name == "whoami"
                || name == "follow_named" && plan.scope.names_pids()
                || name == "find_containers" && plan.containers;
            program.set_autoload(wanted);
            // Its log says how many instructions the verifier has gone through.
            if libbpf_rs::get_print().is_some_and(|(level, _)| level == PrintLevel::Debug) {
                program.set_log_level(VERIFIER_STATS);
            }
            if wanted && name.starts_with("sys_exit__looking__") {
                object::leave_out_bodies(&mut program, bodies(&programs))?;
            }
        }
        let filters = plan.filter_tables();
        let containers = size_maps(&mut open, plan, features, &programs.attached, &filters)?;
        open_map(&mut open, "rings")?
            .set_max_entries(u32::try_from(rings.len()).unwrap_or(u32::MAX))
            .map_err(LoadError::bpf("a map cannot be sized"))?;
        open_map(&mut open, "rings")?
            .set_inner_map_fd(rings[0].as_fd())
            .map_err(LoadError::bpf("the ring buffers cannot be set"))?;
        plan.set_constants(&mut open, features, &programs, &filters, containers / 2)?;

        let object = open
            .load()
            .map_err(LoadError::bpf("the kernel refuses tracee's BPF programs"))?;
        let mut side = KernelSide {
            object,
            rings,
            links: Vec::new(),
            clock_offset: 0,
            attached,
            control: control::default(),
            containers: plan.containers,
            marks_asked: Cell::default(),
        };
        side.fill_maps(plan)?;
        filters.fill(&side.object)?;
        side.identify()?;
        Ok(side)
    }

    /// Attaches every program. The scope stays empty until [`KernelSide::start`].
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

    /// The pid namespace that tracee is in, if that is not the host's.
    pub fn pid_namespace(&self) -> Option<u32> {
        (self.control.self_pid_level > 0).then_some(self.control.self_pid_ns)
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

    /// Runs an iterator over all existing tasks.
    pub(super) fn run_over_tasks(&self, name: &str) -> Result<(), LoadError> {
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
        if self.links.is_empty() {
            return;
        }
        // Nothing is recorded while some programs have gone and others have not: a call without a mark would count as
        // not carried out. If this fails, they go all the same.
        self.control.since = 0;
        let _ = self.write_control();
        self.links.clear();
    }

    /// All rings: the one of process life first, then one for each CPU.
    pub fn ring_maps(&self) -> Result<Rings, LoadError> {
        let priority = self.map("priority")?;
        let maps = std::iter::once(&priority as &dyn MapCore)
            .chain(self.rings.iter().map(|ring| ring as &dyn MapCore));
        Rings::new(maps)
            .map_err(libbpf_rs::Error::from)
            .map_err(LoadError::bpf("the rings cannot be mapped"))
    }

    /// The maps that capture reads and writes by itself.
    pub fn capture_maps(&self) -> Result<CaptureMaps, LoadError> {
        let handle = |map: &Map<'_>| {
            MapHandle::try_from(map).map_err(LoadError::bpf("the maps of capture cannot be opened"))
        };
        Ok(CaptureMaps {
            ring: handle(&self.map("captures")?)?,
            files: handle(&self.map("captured_files")?)?,
            misses: handle(&self.data_map(".data.captures")?)?,
            containers: handle(&self.map("containers")?)?,
        })
    }

    /// Time on the kernel's own clock (ns since boot), whatever time namespace we are in.
    pub fn boot_time(&self) -> Result<u64, LoadError> {
        self.run_whoami()?;
        Ok(self.read_control()?.boot_time)
    }

    /// Our own pid as the initial namespace counts, and by how much the kernel's clock is ahead of ours (ns).
    pub fn kernel_pid_and_clock(&self) -> (u32, u64) {
        (self.control.self_pid, self.clock_offset)
    }

    /// Our own host pid.
    pub fn self_pid(&self) -> u32 {
        self.control.self_pid
    }

    /// Time on the kernel's own clock (ns since boot), without asking the kernel side again.
    pub fn now(&self) -> u64 {
        boot_clock().wrapping_add(self.clock_offset)
    }

    /// By how much the kernel's time since boot is ahead of ours (ns, modulo 2^64).
    pub fn clock_ahead(&self) -> u64 {
        self.clock_offset
    }

    /// How many records have been lost so far, from memory that the programs share with us.
    pub fn lost_in_all(&self) -> Result<u64, LoadError> {
        let map = self.data_map(".data.lost")?;
        let mut size = 0;
        // SAFETY: the map is alive, and so is what libbpf returns: its one value, mapped into our memory.
        let value = unsafe { libbpf_sys::bpf_map__initial_value(map.as_libbpf_object().as_ptr(), &mut size) };
        if value.is_null() || size < size_of::<u64>() as libbpf_sys::size_t {
            return Err(LoadError::Incomplete {
                kind: "map",
                name: ".data.lost".into(),
            });
        }
        // SAFETY: at least 8 bytes, aligned as a map's values are. Programs change them at any time, hence volatile.
        Ok(unsafe { ptr::read_volatile(value.cast::<u64>()) })
    }

    fn read_control(&self) -> Result<control, LoadError> {
        let failed = "the control map cannot be read";
        let bytes = self
            .control_map()?
            .lookup(&0u32.to_ne_bytes(), MapFlags::ANY)
            .map_err(LoadError::bpf(failed))?
            .unwrap_or_default();
        let mut value = control::default();
        plain::copy_from_bytes(&mut value, &bytes).map_err(|_| LoadError::Incomplete {
            kind: "map",
            name: "control".into(),
        })?;
        Ok(value)
    }

    fn write_control(&self) -> Result<(), LoadError> {
        // SAFETY: `control` is made of integers without padding.
        let bytes = unsafe { plain::as_bytes(&self.control) };
        self.control_map()?
            .update(&0u32.to_ne_bytes(), bytes, MapFlags::ANY)
            .map_err(LoadError::bpf("the control map cannot be written"))
    }

    fn control_map(&self) -> Result<Map<'_>, LoadError> {
        self.data_map(".data.control")
    }

    fn data_map(&self, section: &'static str) -> Result<Map<'_>, LoadError> {
        self.object
            .maps()
            .find(|map| map.name().to_string_lossy().ends_with(section))
            .ok_or_else(|| LoadError::Incomplete {
                kind: "map",
                name: section.into(),
            })
    }

    pub(super) fn map(&self, name: &'static str) -> Result<Map<'_>, LoadError> {
        object::map(&self.object, name)
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

    /// Signals to the kernel side that all losses so far have been reported.
    pub(crate) fn next_loss_epoch(&mut self) -> Result<(), LoadError> {
        self.control.loss_epoch += 1;
        self.write_control()
    }

    /// Lets the kernel side learn our own pid, since tracee itself is never traced.
    fn identify(&mut self) -> Result<(), LoadError> {
        self.run_whoami()?;
        self.control = self.read_control()?;
        self.clock_offset = self.control.boot_time.wrapping_sub(boot_clock());
        Ok(())
    }

    fn run_whoami(&self) -> Result<(), LoadError> {
        self.program("whoami")?
            .test_run(ProgramInput::default())
            .map_err(LoadError::bpf("the program whoami cannot be run"))?;
        Ok(())
    }

    /// After each single update the kernel waits until no program can see the old value; after a batch it waits once
    /// (6.8), which matters with hundreds of CPUs.
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

/// Why no process with this pid was found, by what /proc shows.
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
