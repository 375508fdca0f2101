//! From the chosen events to running programs: open, size maps, set constants, load, attach.

pub mod features;
pub mod loss;
pub mod object;
pub mod probe;
mod shared;

use std::collections::BTreeSet;
use std::io::Read;
use std::os::fd::AsFd;

use libbpf_rs::{
    Iter, Link, Map, MapCore, MapFlags, MapHandle, MapType, Object, OpenMapMut, OpenObject, ProgramInput,
    ProgramMut,
};

use crate::catalogue::{self, spec, CompatCall, EventKind, EventSpec};
use crate::error::LoadError;
use crate::scope::{Following, Scope};
use features::Features;
use probe::{Program, Return};
use skel::types::{control, followed, rodata, syscall_desc};

/// The object's types, generated from its BTF.
#[allow(warnings, clippy::all, clippy::pedantic)]
pub mod skel {
    include!(concat!(env!("OUT_DIR"), "/tracee.skel.rs"));
}

// Constants of src/bpf/record.h; a test compares them.
const SYSCALL_CHOSEN: u8 = 1 << 0;
const SYSCALL_SKIP_ZERO: u8 = 1 << 1;
const SYSCALL_ON_ENTER: u8 = 1 << 2;
const SYSCALL_ON_EXIT: u8 = 1 << 3;
const SYSCALL_EXECVE: u8 = 1 << 4;
const SYSCALL_EXECVEAT: u8 = 1 << 5;
const SCOPE_ALL: u32 = 0;
const SCOPE_NEW: u32 = 1;
const SCOPE_FOLLOW: u32 = 2;
const SCRATCH_SLOTS: u32 = 3;
const EVENT_SHOWN: u8 = 1;
const EVENT_BOOKKEEPING: u8 = 2;

// SAFETY: these are made of integers only, so that every bit pattern is a value.
unsafe impl plain::Plain for control {}
// SAFETY: as above.
unsafe impl plain::Plain for syscall_desc {}
// SAFETY: as above.
unsafe impl plain::Plain for followed {}
// SAFETY: as above.
unsafe impl plain::Plain for rodata {}

/// What to trace.
#[derive(Debug)]
pub struct Plan<'a> {
    pub scope: &'a Scope,
    /// Events that the user will see.
    pub events: &'a [&'static EventSpec],
    /// Fork, exec and exit are told in any case, so that executables are known.
    pub bookkeeping: bool,
    /// An output shows the node name.
    pub nodename: bool,
    /// The environment goes with execve, execveat and sched_process_exec.
    pub exec_env: bool,
    /// Bytes of one CPU's ring: a power of two, at least a page.
    pub ring_size: u32,
}

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
}

impl Tracer {
    /// Loads and attaches. Nothing is traced before [`Tracer::start`].
    pub fn load(plan: &Plan<'_>, features: &Features) -> Result<Self, LoadError> {
        for event in plan.events {
            if let Err(reason) = probe::means(event, features) {
                return Err(LoadError::Unavailable {
                    event: event.name,
                    reason,
                });
            }
        }
        let programs = plan.programs(features);
        let cpus = libbpf_rs::num_possible_cpus().map_err(LoadError::bpf("the CPUs cannot be counted"))?;
        let rings = create_rings(cpus, plan.ring_size)?;

        let attached: BTreeSet<String> = programs.iter().map(|program| program.name(features)).collect();
        let mut open = object::open()?;
        for mut program in open.progs_mut() {
            let name = program.name().to_string_lossy();
            let wanted = attached.contains(name.as_ref())
                || name == "whoami"
                || name == "follow_named" && plan.scope.names_pids();
            program.set_autoload(wanted);
        }
        let size = |mut map: OpenMapMut<'_>, entries: usize| {
            let entries = u32::try_from(entries).unwrap_or(u32::MAX);
            map.set_max_entries(entries)
                .map_err(LoadError::bpf("a map cannot be sized"))
        };
        size(open_map(&mut open, "rings")?, cpus)?;
        size(open_map(&mut open, "scratch")?, cpus * SCRATCH_SLOTS as usize)?;
        size(open_map(&mut open, "named_pids")?, plan.scope.pids().len().max(1))?;
        open_map(&mut open, "rings")?
            .set_inner_map_fd(rings[0].as_fd())
            .map_err(LoadError::bpf("the ring buffers cannot be set"))?;
        plan.set_constants(&mut open, features, &programs)?;

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
        };
        tracer.fill_maps(plan)?;
        tracer.identify()?;
        Ok(tracer)
    }

    /// Attaches every program. The scope stays empty until [`Tracer::start`].
    pub fn attach(&mut self) -> Result<(), LoadError> {
        for name in &self.attached {
            let link = self
                .program(name)?
                .attach()
                .map_err(LoadError::bpf(format!("{name} cannot be attached")))?;
            self.links.push(link);
        }
        Ok(())
    }

    /// Begins to trace: from this moment on every event of a process in scope is recorded.
    pub fn start(&mut self, scope: &Scope) -> Result<(), LoadError> {
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
        let program = self.program("follow_named")?;
        let what = "the processes cannot be looked up";
        let link = program.attach().map_err(LoadError::bpf(what))?;
        let mut iter = Iter::new(&link).map_err(LoadError::bpf(what))?;
        // The program prints nothing; reading runs it over all tasks.
        iter.read_to_end(&mut Vec::new())
            .map_err(|source| LoadError::Io {
                what: what.into(),
                source,
            })?;
        for pid in pids {
            let found = named
                .lookup(&pid.to_ne_bytes(), MapFlags::ANY)
                .map_err(LoadError::bpf("the scope cannot be read"))?;
            if found.is_none_or(|found| found.iter().all(|byte| *byte == 0)) {
                return Err(LoadError::NoProcess(*pid));
            }
        }
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

    /// ns since boot on the kernel's own clock, whatever time namespace we are in.
    pub fn boot_time(&self) -> Result<u64, LoadError> {
        self.run_whoami()?;
        Ok(self.read_control()?.boot_time)
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

    fn fill_maps(&mut self, plan: &Plan<'_>) -> Result<(), LoadError> {
        let failed = "a map cannot be filled";
        let rings = self.map("rings")?;
        for (cpu, ring) in (0u32..).zip(&self.rings) {
            let fd = std::os::fd::AsRawFd::as_raw_fd(&ring.as_fd());
            rings
                .update(&cpu.to_ne_bytes(), &fd.to_ne_bytes(), MapFlags::ANY)
                .map_err(LoadError::bpf(failed))?;
        }
        let table = self.map("syscalls")?;
        for (key, desc) in plan.syscall_table() {
            // SAFETY: `syscall_desc` is made of integers without padding.
            let bytes = unsafe { plain::as_bytes(&desc) };
            table
                .update(&key.to_ne_bytes(), bytes, MapFlags::ANY)
                .map_err(LoadError::bpf(failed))?;
        }
        Ok(())
    }
}

impl Plan<'_> {
    fn chosen(&self, event: &EventSpec) -> bool {
        self.events.iter().any(|chosen| chosen.id == event.id)
    }

    /// Programs that the events, the scope and the bookkeeping take.
    fn programs(&self, features: &Features) -> BTreeSet<Program> {
        let mut programs: BTreeSet<Program> = self
            .events
            .iter()
            .flat_map(|event| probe::programs(event, features))
            .collect();
        if self.bookkeeping {
            programs.extend([Program::Fork, Program::Exec, Program::Exit]);
        }
        if self.scope.follows() {
            programs.extend([Program::Fork, Program::Exec, Program::Exit, Program::Free]);
        }
        programs
    }

    fn set_constants(
        &self,
        open: &mut OpenObject,
        features: &Features,
        programs: &BTreeSet<Program>,
    ) -> Result<(), LoadError> {
        let incomplete = || LoadError::Incomplete {
            kind: "section",
            name: ".rodata".into(),
        };
        let mut map = open
            .maps_mut()
            .find(|map| map.name().to_string_lossy().ends_with(".rodata"))
            .ok_or_else(incomplete)?;
        let rodata {
            settings: constants, ..
        } = map
            .initial_value_mut()
            .and_then(|bytes| plain::from_mut_bytes(bytes).ok())
            .ok_or_else(incomplete)?;
        for event in catalogue::KERNEL {
            let life =
                ["sched_process_fork", "sched_process_exec", "sched_process_exit"].contains(&event.name);
            constants.chosen[usize::from(event.id)] = match self.chosen(event) {
                true => EVENT_SHOWN,
                false if self.bookkeeping && life => EVENT_BOOKKEEPING,
                false => 0,
            };
        }
        let raw = self
            .events
            .iter()
            .any(|event| matches!(event.name, "sys_enter" | "sys_exit"));
        if raw {
            constants.syscall_wanted.fill(1);
        }
        let exec_on_enter = probe::prepare_exec(features) == Program::SysEnter;
        for (key, desc) in self.syscall_table() {
            let exec = exec_on_enter && desc.flags & (SYSCALL_EXECVE | SYSCALL_EXECVEAT) != 0;
            if desc.flags & SYSCALL_CHOSEN != 0 || exec && programs.contains(&Program::SysEnter) {
                constants.syscall_wanted[key as usize % spec::MAX_SYSCALLS] = 1;
            }
        }
        constants.scope_mode = match self.scope {
            Scope::All => SCOPE_ALL,
            Scope::New => SCOPE_NEW,
            Scope::Pids(_) | Scope::Command => SCOPE_FOLLOW,
        };
        constants.ring_size = self.ring_size;
        constants.want_nodename = u8::from(self.nodename);
        constants.want_env = u8::from(self.exec_env);
        constants.exec_on_enter = u8::from(exec_on_enter);
        Ok(())
    }

    /// Every number of every ABI, with what the kernel side does about it.
    fn syscall_table(&self) -> impl Iterator<Item = (u32, syscall_desc)> + '_ {
        let abi_key = |abi: u32, nr: u16| abi * spec::MAX_SYSCALLS as u32 + u32::from(nr);
        let native = |event: &'static EventSpec| catalogue::spec::same(event.id, event.name);
        let x86_64 = catalogue::SYSCALLS.iter().map(move |event| (0, native(event)));
        let ia32 = catalogue::IA32.iter().map(|call| (1, *call));
        // Below its own numbers, x32 shares those of x86-64.
        let first_x32 = catalogue::X32.first().map_or(0, |call| call.nr);
        let shared = catalogue::SYSCALLS
            .iter()
            .filter(move |event| event.id < first_x32)
            .map(move |event| (2, native(event)));
        let x32 = catalogue::X32.iter().map(|call| (2, *call));
        x86_64
            .chain(ia32)
            .chain(shared)
            .chain(x32)
            .map(move |(abi, call)| (abi_key(abi, call.nr), self.describe(abi, &call)))
    }

    fn describe(&self, abi: u32, call: &CompatCall) -> syscall_desc {
        let event = catalogue::expect(call.event);
        debug_assert!(event.kind != EventKind::Kernel);
        let mut flags = match probe::syscall_return(event.name) {
            Return::Once => 0,
            Return::TwiceInChild => SYSCALL_SKIP_ZERO,
            Return::Execve => SYSCALL_SKIP_ZERO | SYSCALL_EXECVE,
            Return::Execveat => SYSCALL_SKIP_ZERO | SYSCALL_EXECVEAT,
            Return::Never => SYSCALL_ON_ENTER,
            Return::TaskExit => SYSCALL_ON_EXIT,
        };
        if self.chosen(event) {
            flags |= SYSCALL_CHOSEN;
        }
        let mut desc = syscall_desc {
            event: event.id,
            flags,
            nargs: event.args.len() as u8,
            split: call.split,
            ..Default::default()
        };
        for (arg, out) in event.args.iter().zip(&mut desc.args) {
            let (kind, aux) = arg.ty.reading();
            let env = arg.name == "envp" && !self.exec_env;
            let narrow = abi == 1 && !call.time64 && aux == spec::TIMESPEC_SIZE;
            out.kind = if env {
                spec::ArgKind::Value as u8
            } else {
                kind as u8
            };
            out.aux = if narrow { spec::TIMESPEC32_SIZE } else { aux };
        }
        desc
    }
}

fn open_map<'obj>(open: &'obj mut OpenObject, name: &'static str) -> Result<OpenMapMut<'obj>, LoadError> {
    open.maps_mut()
        .find(|map| map.name() == name)
        .ok_or_else(|| LoadError::Incomplete {
            kind: "map",
            name: name.into(),
        })
}

fn create_rings(cpus: usize, size: u32) -> Result<Vec<MapHandle>, LoadError> {
    let opts = libbpf_rs::libbpf_sys::bpf_map_create_opts {
        sz: size_of::<libbpf_rs::libbpf_sys::bpf_map_create_opts>() as libbpf_rs::libbpf_sys::size_t,
        ..Default::default()
    };
    (0..cpus)
        .map(|_| MapHandle::create(MapType::RingBuf, Some("tracee_ring"), 0, 0, size, &opts))
        .collect::<Result<_, _>>()
        .map_err(LoadError::bpf(format!(
            "{cpus} ring buffers of {size} bytes cannot be created"
        )))
}
