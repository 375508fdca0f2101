//! What the running kernel and our own privileges can: asked once, before anything is loaded.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use libbpf_rs::btf::types::{Func, Typedef, Var};
use libbpf_rs::btf::Btf;

use crate::error::LoadError;
use crate::loader::probe::Program;

/// Where a kernel shows its own types.
const VMLINUX_BTF: &str = "/sys/kernel/btf/vmlinux";

const CAP_SYS_ADMIN: u32 = 21;
const CAP_PERFMON: u32 = 38;
const CAP_BPF: u32 = 39;

/// Where tracefs is mounted; the latter with debugfs.
const TRACEFS: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// The kernel's abilities.
#[derive(Debug, Default)]
pub struct Features {
    pub btf: bool,
    tracepoints: Vec<&'static str>,
    preempts: bool,
    tracefs: bool,
}

impl Features {
    /// Reads the kernel's BTF; needs no privilege.
    pub fn detect() -> Features {
        if !Path::new(VMLINUX_BTF).exists() {
            return Features::default();
        }
        let Ok(btf) = Btf::from_vmlinux() else {
            return Features::default();
        };
        let tracepoints = Program::EVERY
            .iter()
            .map(|program| program.tracepoint())
            .filter(|name| {
                btf.type_by_name::<Typedef<'_>>(&format!("btf_trace_{name}"))
                    .is_some()
            })
            .collect();
        Features {
            btf: true,
            tracepoints,
            preempts: preempts_raw_tracepoints(&btf),
            tracefs: tracefs_is_readable(),
        }
    }

    /// Programs on raw tracepoints can be preempted. Until such a program goes on, the kernel skips it for all other
    /// tasks of that CPU (`recursion_misses` of `struct bpf_prog_info`).
    pub fn preempts_raw_tracepoints(&self) -> bool {
        self.preempts
    }

    /// Classic tracepoints, whose programs are never preempted, can be attached to.
    pub fn has_classic_tracepoints(&self) -> bool {
        self.tracefs
    }

    pub fn has_tracepoint(&self, name: &str) -> bool {
        self.tracepoints.contains(&name)
    }
}

/// Since 7.0 tracepoints are guarded by an SRCU of their own, with preemption on, instead of by switching it off
/// (kernel/tracepoint.c). Its per-CPU data are in the BTF. Kernels up to 6.12 had an SRCU of that name for idle CPUs, and
/// a function that waited for it.
fn preempts_raw_tracepoints(btf: &Btf<'_>) -> bool {
    btf.type_by_name::<Var<'_>>("tracepoint_srcu_srcu_data").is_some()
        && btf.type_by_name::<Func<'_>>("srcu_free_old_probes").is_none()
}

/// Attaching takes a tracepoint's id, which only tracefs tells. Where we may not trace at all, we say what those who
/// may would find.
fn tracefs_is_readable() -> bool {
    TRACEFS.iter().any(
        |root| match fs::metadata(Path::new(root).join("events/raw_syscalls/sys_exit/id")) {
            Ok(_) => true,
            Err(error) => error.kind() == ErrorKind::PermissionDenied && check_privilege().is_err(),
        },
    )
}

/// Whether this process may load and attach tracing programs.
pub fn check_privilege() -> Result<(), LoadError> {
    let missing = missing_capabilities(effective_capabilities()?);
    if missing.is_empty() {
        Ok(())
    } else {
        Err(LoadError::Privilege(missing))
    }
}

fn missing_capabilities(effective: u64) -> Vec<&'static str> {
    let has = |cap: u32| effective & (1 << cap) != 0;
    if has(CAP_SYS_ADMIN) {
        return Vec::new();
    }
    [("CAP_BPF", CAP_BPF), ("CAP_PERFMON", CAP_PERFMON)]
        .into_iter()
        .filter(|(_, cap)| !has(*cap))
        .map(|(name, _)| name)
        .collect()
}

/// `CapEff` of proc(5), a bit a capability.
fn effective_capabilities() -> Result<u64, LoadError> {
    let io = |source| LoadError::Io {
        what: "/proc/self/status cannot be read".into(),
        source,
    };
    let status = fs::read_to_string("/proc/self/status").map_err(io)?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
        .ok_or_else(|| io(std::io::Error::other("it has no CapEff")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sys_admin_or_both_of_the_new_capabilities() {
        assert_eq!(missing_capabilities(0), ["CAP_BPF", "CAP_PERFMON"]);
        assert_eq!(missing_capabilities(1 << CAP_BPF), ["CAP_PERFMON"]);
        assert!(missing_capabilities((1 << CAP_BPF) | (1 << CAP_PERFMON)).is_empty());
        assert!(missing_capabilities(1 << CAP_SYS_ADMIN).is_empty());
    }
}
