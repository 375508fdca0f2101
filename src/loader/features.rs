//! What the running kernel and our own privileges allow: asked once, before anything is loaded.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;

use libbpf_rs::btf::types::{Enum, Func, Struct, Var};
use libbpf_rs::btf::{Btf, BtfKind, BtfType};

use crate::error::LoadError;
use crate::loader::object::{self, Program};
use crate::loader::trial;
use crate::privilege::{self, Uses};

/// Where a kernel shows its own types.
const VMLINUX_BTF: &str = "/sys/kernel/btf/vmlinux";

/// Where tracefs is mounted; the latter with debugfs.
const TRACEFS: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// Exists on kernels with kprobes, readable by everyone.
const KPROBE_PMU: &str = "/sys/bus/event_source/devices/kprobe";

/// Mechanisms that must not be used, with commas: `trampolines`, `kprobes`, `dispatcher` (one program at `sys_exit` in
/// place of several). So one kernel shows what others would do.
const WITHOUT: &str = "TRACEE_WITHOUT";

/// The kernel's abilities.
#[derive(Debug, Default)]
pub struct Features {
    /// Whether the kernel has BTF, its types.
    pub btf: bool,
    /// The kernel's tracepoints that programs of the object attach to.
    tracepoints: BTreeSet<String>,
    functions: BTreeSet<String>,
    preempts: bool,
    /// Why programs cannot be attached by perf events, as those on kprobes and classic tracepoints are.
    no_perf_events: Option<String>,
    tracefs: bool,
    kprobes: bool,
    allocates: bool,
    finds_vma: bool,
    task_storage: bool,
    /// Why trampolines are unavailable.
    no_trampolines: Option<String>,
    needs_io_issue_defs: bool,
    skips_dead_functions: bool,
}

impl Features {
    /// The features, or an error if the kernel lacks what tracing needs.
    pub fn of() -> Result<Features, LoadError> {
        object::try_programs()?;
        Ok(Features::by(&kernel_btf()?))
    }

    /// The same as `of`; what cannot be read counts as missing.
    pub fn detect() -> Features {
        kernel_btf().map_or_else(|_| Features::default(), |btf| Features::by(&btf))
    }

    /// Reads the kernel's BTF; needs no privilege, but with it also tries what cannot be read.
    fn by(btf: &Btf<'_>) -> Features {
        let (tracepoints, functions) = targets(btf);
        let shunned = match privilege::secure_execution() {
            true => String::new(),
            false => std::env::var(WITHOUT).unwrap_or_default(),
        };
        let shuns = |mechanism: &str| shunned.split(',').any(|word| word == mechanism);
        Features {
            btf: true,
            preempts: preempts_raw_tracepoints(btf),
            no_perf_events: missing_perf_events(),
            tracefs: tracefs_is_readable(),
            kprobes: Path::new(KPROBE_PMU).exists() && !shuns("kprobes"),
            allocates: btf.type_by_name::<Struct<'_>>("bpf_mem_alloc").is_some(),
            finds_vma: btf.type_by_name::<Func<'_>>("bpf_find_vma").is_some(),
            // This function came with 5.13, as the storage for tracing programs did, which no type shows.
            task_storage: btf.type_by_name::<Func<'_>>("bpf_for_each_map_elem").is_some(),
            no_trampolines: match shuns("trampolines") {
                true => Some(format!("{WITHOUT} rules out trampolines")),
                false => missing_trampolines(btf),
            },
            tracepoints,
            functions,
            needs_io_issue_defs: needs_io_issue_defs(btf),
            // Since 6.8 the verifier looks at a global function only if it is called.
            skips_dead_functions: !shuns("dispatcher")
                && btf
                    .type_by_name::<Struct<'_>>("bpf_func_info_aux")
                    .is_some_and(|aux| {
                        aux.iter()
                            .any(|member| member.name.is_some_and(|name| name == "called"))
                    }),
        }
    }

    /// Whether programs on raw tracepoints can be preempted. Until such a program goes on, the kernel skips it for all
    /// other tasks of that CPU (`recursion_misses` of `struct bpf_prog_info`).
    pub fn preempts_raw_tracepoints(&self) -> bool {
        self.preempts
    }

    /// Whether programs can attach to classic tracepoints, on which they are never preempted.
    pub fn has_classic_tracepoints(&self) -> bool {
        self.tracefs && self.no_perf_events.is_none()
    }

    /// Why programs cannot be attached to kprobes and classic tracepoints.
    pub fn missing_perf_events(&self) -> Option<String> {
        self.no_perf_events.clone()
    }

    /// Whether programs cannot find out by themselves how io_uring keeps a socket address: see [`io_issue_defs`].
    pub fn needs_io_issue_defs(&self) -> bool {
        self.needs_io_issue_defs
    }

    /// Whether a raw tracepoint with this name is in the kernel's types.
    pub fn has_tracepoint(&self, name: &str) -> bool {
        self.tracepoints.contains(name)
    }

    /// Whether a function with this name is in the kernel's types.
    pub fn has_function(&self, name: &str) -> bool {
        self.functions.contains(name)
    }

    /// Whether breakpoints can be set on functions.
    pub fn has_kprobes(&self) -> bool {
        self.kprobes
    }

    /// Whether programs of every kind may use maps that allocate an entry when it is needed (since 6.1).
    pub fn allocates(&self) -> bool {
        self.allocates
    }

    /// Whether programs can look up an area of the address space (`bpf_find_vma`, since 5.17).
    pub fn finds_vma(&self) -> bool {
        self.finds_vma
    }

    /// Whether tracing programs can use task storage (since 5.13).
    pub fn has_task_storage(&self) -> bool {
        self.task_storage
    }

    /// Whether the verifier leaves out global functions that a run switches off (since 6.8), so that one program can
    /// have all that may be wanted at its hook.
    pub fn skips_dead_functions(&self) -> bool {
        self.skips_dead_functions
    }

    /// Why fentry and fexit programs are unavailable.
    pub fn missing_trampolines(&self) -> Option<String> {
        self.no_trampolines.clone()
    }
}

/// Tracepoints and functions that programs of the object attach to and this kernel has. One pass over the kernel's
/// types, since looking up a single name takes a pass, too.
fn targets(btf: &Btf<'_>) -> (BTreeSet<String>, BTreeSet<String>) {
    let wanted: BTreeSet<&str> = object::programs().iter().map(Program::target).collect();
    let (mut tracepoints, mut functions) = (BTreeSet::new(), BTreeSet::new());
    for id in 1..u32::try_from(btf.len()).unwrap_or(u32::MAX) {
        let Some(ty) = btf.type_by_id::<BtfType<'_>>(id.into()) else {
            continue;
        };
        let Some(name) = ty.name().and_then(|name| name.to_str()) else {
            continue;
        };
        match ty.kind() {
            BtfKind::Func if wanted.contains(name) => {
                functions.insert(name.into());
            }
            BtfKind::Typedef => {
                if let Some(name) = name
                    .strip_prefix("btf_trace_")
                    .filter(|name| wanted.contains(name))
                {
                    tracepoints.insert(name.into());
                }
            }
            _ => {}
        }
    }
    (tracepoints, functions)
}

/// Without privilege nothing can be tried; the answer is then derived from the kernel's functions.
fn missing_trampolines(btf: &Btf<'_>) -> Option<String> {
    if btf.type_by_name::<Func<'_>>("bpf_trampoline_link_prog").is_none() {
        return Some("the kernel has no BPF trampolines".into());
    }
    if !may_trace() {
        return None;
    }
    trial::fexit()
        .err()
        .map(|error| format!("the kernel refuses fentry and fexit programs ({error})"))
}

/// Since 7.0 tracepoints are guarded by an SRCU of their own, with preemption on, instead of by switching it off
/// (kernel/tracepoint.c). Its per-CPU data are in the BTF. Kernels up to 6.12 had an SRCU of that name for idle CPUs, and
/// a function that waited for it.
fn preempts_raw_tracepoints(btf: &Btf<'_>) -> bool {
    btf.type_by_name::<Var<'_>>("tracepoint_srcu_srcu_data").is_some()
        && btf.type_by_name::<Func<'_>>("srcu_free_old_probes").is_none()
}

/// Kernels that copy a request's socket address (they have no `struct io_async_connect`), but lack the function by
/// which programs learn the size of a piece of memory.
fn needs_io_issue_defs(btf: &Btf<'_>) -> bool {
    btf.type_by_name::<Struct<'_>>("io_issue_def").is_some()
        && btf.type_by_name::<Struct<'_>>("io_async_connect").is_none()
        && btf.type_by_name::<Func<'_>>("bpf_get_kmem_cache").is_none()
}

/// A cgroup v1 hierarchy: its id, and the position of one of its controllers in `css_set.subsys`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct V1Hierarchy {
    /// Its id, as in `/proc/cgroups`.
    pub id: u32,
    /// Position in `css_set.subsys`.
    pub subsys: u32,
}

/// The kernel's own types.
fn kernel_btf() -> Result<Btf<'static>, LoadError> {
    // Other files that libbpf finds do not replace it.
    if !Path::new(VMLINUX_BTF).exists() {
        return Err(LoadError::NoBtf);
    }
    Btf::from_vmlinux().map_err(LoadError::bpf("the kernel's types cannot be read"))
}

/// Controllers that every runtime puts its containers under where they are v1's, as BTF and cgroups(7) name them.
const V1_CONTROLLERS: [&str; 6] = ["devices", "pids", "memory", "freezer", "cpu", "cpuset"];

/// The v1 hierarchy in which containers are looked for, if it exists; v2's is always looked at.
pub fn v1_hierarchy() -> Option<V1Hierarchy> {
    let cgroups = fs::read_to_string("/proc/cgroups").ok()?;
    let (controller, id) = V1_CONTROLLERS
        .iter()
        .find_map(|name| Some((name, v1_hierarchy_of(&cgroups, name)?)))?;
    let btf = Btf::from_vmlinux().ok()?;
    let ids = btf.type_by_name::<Enum<'_>>("cgroup_subsys_id")?;
    let wanted = format!("{controller}_cgrp_id");
    let subsys = ids
        .iter()
        .find(|member| member.name.is_some_and(|name| name == wanted.as_str()))?
        .value;
    Some(V1Hierarchy {
        id,
        subsys: u32::try_from(subsys).ok()?,
    })
}

/// The id of a controller's hierarchy, from `/proc/cgroups`; `None` if that is v2's.
fn v1_hierarchy_of(cgroups: &str, controller: &str) -> Option<u32> {
    cgroups.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let id = words
            .next()
            .filter(|name| *name == controller)
            .and(words.next())?;
        id.parse().ok().filter(|id| *id != 0)
    })
}

/// Address of the kernel's table of io_uring's operations; 0 if kallsyms does not show it.
pub fn io_issue_defs() -> u64 {
    let Ok(file) = fs::File::open("/proc/kallsyms") else {
        return 0;
    };
    BufReader::new(file)
        .lines()
        .map_while(Result::ok)
        .find_map(|line| {
            let mut words = line.split(' ');
            let address = words.next()?;
            (words.nth(1)? == "io_issue_defs").then(|| u64::from_str_radix(address, 16).ok())?
        })
        .unwrap_or(0)
}

/// Functions that ask for a capability without leaving a trace of it in the audit log.
const NOAUDIT_CALLERS: [&str; crate::wire::NOAUDIT_CALLERS as usize] = [
    "ns_capable_noaudit",
    "has_ns_capability_noaudit",
    "has_capability_noaudit",
    "cap_vm_enough_memory",
    // It may end in a jump to the former function, which is then on no stack.
    "security_vm_enough_memory_mm",
];

/// Where these functions begin and end; empty if kallsyms does not show it.
pub fn noaudit_callers() -> Vec<(u64, u64)> {
    fs::File::open("/proc/kallsyms").map_or_else(|_| Vec::new(), |file| symbol_ranges(BufReader::new(file)))
}

/// Where [`NOAUDIT_CALLERS`] begin and end, by the lines of kallsyms: the kernel's own symbols in order of their
/// addresses, then those of modules. It is read no further than necessary, since it takes long.
fn symbol_ranges(kallsyms: impl BufRead) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    let mut open = Vec::new();
    let mut missing = NOAUDIT_CALLERS.to_vec();
    for line in kallsyms.lines().map_while(Result::ok) {
        let mut words = line.split_ascii_whitespace();
        let address = words.next().and_then(|word| u64::from_str_radix(word, 16).ok());
        let (Some(address), Some(name), None) = (address, words.nth(1), words.next()) else {
            break;
        };
        open.retain(|start| {
            let ends = *start < address;
            if ends {
                ranges.push((*start, address));
            }
            !ends
        });
        if open.is_empty() && missing.is_empty() {
            break;
        }
        if address != 0 && NOAUDIT_CALLERS.contains(&name) {
            open.push(address);
            missing.retain(|caller| *caller != name);
        }
    }
    ranges
}

/// Debian's kernels refuse perf events without CAP_SYS_ADMIN by default.
fn missing_perf_events() -> Option<String> {
    if !may_trace() {
        return None;
    }
    trial::perf_event().err().map(|error| {
        format!("perf_event_open is refused ({error}): add CAP_SYS_ADMIN, or set sysctl kernel.perf_event_paranoid=2")
    })
}

/// Attaching needs a tracepoint's id, which only tracefs shows. Without the right to trace, the answer is that for a
/// user who has it.
fn tracefs_is_readable() -> bool {
    TRACEFS.iter().any(
        |root| match fs::metadata(Path::new(root).join("events/raw_syscalls/sys_exit/id")) {
            Ok(_) => true,
            Err(error) => error.kind() == ErrorKind::PermissionDenied && !may_trace(),
        },
    )
}

/// Whether anything was tried: without the right to trace, only the kernel's types were read.
pub fn may_trace() -> bool {
    privilege::check(Uses::default()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchies_of_controllers() {
        let hybrid = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t1\t1\ndevices\t7\t31\t1\n";
        assert_eq!(v1_hierarchy_of(hybrid, "devices"), Some(7));
        assert_eq!(v1_hierarchy_of(hybrid, "cpu"), None);
        assert_eq!(v1_hierarchy_of(hybrid, "pids"), None);
    }

    #[test]
    fn ranges_of_functions() {
        let kallsyms = "0000000000000000 A fixed_percpu_data\n\
                        ffffffff81000000 T _stext\n\
                        ffffffff81000010 T ns_capable_noaudit\n\
                        ffffffff81000010 t its_alias\n\
                        ffffffff81000030 T cap_vm_enough_memory\n\
                        ffffffff81000050 T security_vm_enough_memory_mm\n\
                        ffffffff81000080 T _etext\n\
                        ffffffffa0000000 t has_capability_noaudit\t[module]\n\
                        ffffffffa0000040 t other\t[module]\n";
        let at = |start: u64, end: u64| (0xffff_ffff_8100_0000 + start, 0xffff_ffff_8100_0000 + end);
        let expected = [at(0x10, 0x30), at(0x30, 0x50), at(0x50, 0x80)];
        assert_eq!(symbol_ranges(kallsyms.as_bytes()), expected);
        // A name that is there twice does not stand for another one.
        let mut twice: String = ["ffffffff81000000 t ns_capable_noaudit\n"; NOAUDIT_CALLERS.len()].concat();
        twice += kallsyms;
        let ranges = symbol_ranges(twice.as_bytes());
        assert!(ranges.ends_with(&expected[1..]), "{ranges:x?}");
        // Without the right to see addresses.
        let hidden = "0000000000000000 T ns_capable_noaudit\n0000000000000000 T _etext\n";
        assert_eq!(symbol_ranges(hidden.as_bytes()), []);
    }
}
