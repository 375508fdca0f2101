//! What the running kernel and our own privileges can: asked once, before anything is loaded.

use std::fs;
use std::path::Path;

use libbpf_rs::btf::types::Typedef;
use libbpf_rs::btf::Btf;

use crate::error::LoadError;

/// Where a kernel shows its own types.
const VMLINUX_BTF: &str = "/sys/kernel/btf/vmlinux";

const CAP_SYS_ADMIN: u32 = 21;
const CAP_PERFMON: u32 = 38;
const CAP_BPF: u32 = 39;

/// Raw tracepoints that programs of ours attach to.
pub const TRACEPOINTS: [&str; 7] = [
    "sys_enter",
    "sys_exit",
    "sched_process_fork",
    "sched_prepare_exec",
    "sched_process_exec",
    "sched_process_exit",
    "sched_process_free",
];

/// The kernel's abilities.
#[derive(Debug, Default)]
pub struct Features {
    pub btf: bool,
    tracepoints: Vec<&'static str>,
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
        let tracepoints = TRACEPOINTS
            .into_iter()
            .filter(|name| {
                btf.type_by_name::<Typedef<'_>>(&format!("btf_trace_{name}"))
                    .is_some()
            })
            .collect();
        Features {
            btf: true,
            tracepoints,
        }
    }

    pub fn has_tracepoint(&self, name: &str) -> bool {
        self.tracepoints.contains(&name)
    }
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
        assert!(missing_capabilities(1 << CAP_BPF | 1 << CAP_PERFMON).is_empty());
        assert!(missing_capabilities(1 << CAP_SYS_ADMIN).is_empty());
    }
}
