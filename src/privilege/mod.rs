//! What tracee may do: asked before it begins, and cut down to what it still needs once everything is attached.

#![warn(missing_docs)]

mod filter;
pub(crate) mod way;

use std::os::fd::RawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::{env, fs, io};

use nix::sys::prctl;
use nix::sys::resource::{getrlimit, Resource, RLIM_INFINITY};
use nix::unistd::getuid;

use crate::error::LoadError;
use crate::loader::trial;

/// A capability of capabilities(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability {
    name: &'static str,
    bit: u64,
}

const fn capability(name: &'static str, number: u32) -> Capability {
    Capability {
        name,
        bit: 1 << number,
    }
}

const DAC_OVERRIDE: Capability = capability("CAP_DAC_OVERRIDE", 1);
const DAC_READ_SEARCH: Capability = capability("CAP_DAC_READ_SEARCH", 2);
const SYS_PTRACE: Capability = capability("CAP_SYS_PTRACE", 19);
const SYS_ADMIN: Capability = capability("CAP_SYS_ADMIN", 21);
const SYS_RESOURCE: Capability = capability("CAP_SYS_RESOURCE", 24);
const LEASE: Capability = capability("CAP_LEASE", 28);
const PERFMON: Capability = capability("CAP_PERFMON", 38);
const BPF: Capability = capability("CAP_BPF", 39);

/// What a run does that needs privilege, beyond tracing itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Uses {
    /// Other users' processes are looked up in /proc.
    pub proc: bool,
    /// Files that processes write are copied.
    pub capture: bool,
    /// Descriptor of the command, which SIGTERM is passed on to.
    pub command: Option<RawFd>,
}

/// Whether this process may load and attach tracing programs.
pub fn check(uses: Uses) -> Result<(), LoadError> {
    let effective = effective()?;
    let needed = needed(effective, uses, counts_locked_memory());
    let missing = lacking(effective, &needed);
    // The kernel asks for capabilities in the first user namespace, unless it has delegated them to another one.
    let inner = in_user_namespace();
    if missing.is_empty() && !(inner && trial::raw_tracepoint().is_err_and(|error| is_refusal(&error))) {
        return Ok(());
    }
    if inner {
        return Err(LoadError::UserNamespace);
    }
    // setcap and container options replace earlier ones, so the message names the whole set.
    let given = advised(effective, needed, secure_execution());
    let names = |capabilities: &[Capability]| capabilities.iter().map(|cap| cap.name).collect::<Vec<_>>();
    Err(LoadError::Privilege {
        missing: listed(&names(&missing)),
        set: names(&given).join(",").to_lowercase(),
        program: env::current_exe().map_or_else(|_| "tracee".into(), |path| for_shell(&path)),
        add: names(&given)
            .iter()
            .map(|name| name.replacen("CAP_", "--cap-add ", 1))
            .collect::<Vec<_>>()
            .join(" "),
    })
}

/// The inode of the first user namespace, which is the same on every kernel (`PROC_USER_INIT_INO`).
const FIRST_USER_NAMESPACE: u64 = 0xEFFF_FFFD;

/// Whether this process is in another user namespace than the first one. The map of ids does not show that: one of all
/// ids to themselves is possible in any namespace of root's.
fn in_user_namespace() -> bool {
    fs::metadata("/proc/self/ns/user").is_ok_and(|namespace| namespace.ino() != FIRST_USER_NAMESPACE)
}

fn is_refusal(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

/// Capabilities that such a run needs; CAP_SYS_ADMIN, if the process has it, in place of the two newer ones.
fn needed(effective: u64, uses: Uses, counts_locked_memory: bool) -> Vec<Capability> {
    let admin = effective & SYS_ADMIN.bit != 0 && !lacking(effective, &[BPF, PERFMON]).is_empty();
    [
        (SYS_ADMIN, admin),
        (BPF, !admin),
        (PERFMON, !admin),
        (SYS_RESOURCE, counts_locked_memory),
        (SYS_PTRACE, uses.capture),
        (DAC_READ_SEARCH, uses.capture),
    ]
    .into_iter()
    .filter_map(|(cap, wanted)| wanted.then_some(cap))
    .collect()
}

fn lacking(effective: u64, needed: &[Capability]) -> Vec<Capability> {
    let lacks = |cap: &&Capability| effective & cap.bit == 0;
    needed.iter().filter(lacks).copied().collect()
}

/// The capabilities to advise for a file or a container: those that are needed, and those that the file has already.
fn advised(effective: u64, mut needed: Vec<Capability>, by_file: bool) -> Vec<Capability> {
    let known = [
        DAC_OVERRIDE,
        DAC_READ_SEARCH,
        SYS_PTRACE,
        SYS_ADMIN,
        SYS_RESOURCE,
        LEASE,
    ];
    let has = |cap: &Capability| by_file && effective & cap.bit != 0 && !needed.contains(cap);
    let more: Vec<_> = known.into_iter().filter(has).collect();
    needed.extend(more);
    needed
}

/// `A`, `A and B`, `A, B and C`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => (*name).into(),
        [names @ .., last] => format!("{} and {last}", names.join(", ")),
    }
}

/// A path as a word of a shell.
fn for_shell(path: &Path) -> String {
    let path = path.to_string_lossy();
    let plain = |char: char| char.is_ascii_alphanumeric() || "/._-+:@%,=".contains(char);
    match path.chars().all(plain) {
        true => path.into_owned(),
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

/// Whether maps count as locked memory, as before 5.11; libbpf raises its limit, which needs CAP_SYS_RESOURCE.
fn counts_locked_memory() -> bool {
    let unlimited = getrlimit(Resource::RLIMIT_MEMLOCK).is_ok_and(|(_, hard)| hard == RLIM_INFINITY);
    !unlimited && kernel_release().is_some_and(|release| release < (5, 11))
}

/// Version and patch level of the running Linux.
pub fn kernel_release() -> Option<(u32, u32)> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Whether this process has more privileges than its user, from the executable: capabilities of the file, or another
/// user's id. Then nothing that the user chose may control how they are used: no environment variable, no file of his.
pub fn secure_execution() -> bool {
    // SAFETY: reads a number that the kernel has left for this process, or 0.
    let secure = unsafe { nix::libc::getauxval(nix::libc::AT_SECURE) != 0 };
    // Security modules set it for root's services, too, which have all privileges anyway.
    secure && !getuid().is_root()
}

/// Runs `work` with the user's own privileges: those of the executable are for tracing alone.
pub fn as_user<T>(work: impl FnOnce() -> T) -> Result<T, LoadError> {
    if !secure_execution() {
        return Ok(work());
    }
    let (effective, permitted) = (capabilities("CapEff")?, capabilities("CapPrm")?);
    set(0, permitted)?;
    let done = work();
    set(effective, permitted)?;
    Ok(done)
}

/// Drops the executable's privileges in a process that will become the user's own program.
pub fn become_user() -> Result<(), LoadError> {
    if secure_execution() {
        return drop_all();
    }
    Ok(())
}

fn effective() -> Result<u64, LoadError> {
    capabilities("CapEff")
}

/// A set of capabilities in proc(5), one bit each.
fn capabilities(field: &str) -> Result<u64, LoadError> {
    let io = |source| LoadError::Io {
        what: "/proc/thread-self/status cannot be read".into(),
        source,
    };
    let status = fs::read_to_string("/proc/thread-self/status").map_err(io)?;
    status
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))
        .and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
        .ok_or_else(|| io(io::Error::other(format!("it has no {field}"))))
}

/// Gives up what a run under way does not need: capabilities, new ones by an exec, and most system calls. The last two
/// take effect in all threads; capabilities are a thread's own, so threads that exist already must call
/// [`limit_thread`].
pub fn limit(uses: Uses) -> Result<(), LoadError> {
    limit_thread(uses)?;
    prctl::set_no_new_privs().map_err(|errno| LoadError::Io {
        what: "new privileges cannot be ruled out".into(),
        source: errno.into(),
    })?;
    filter::apply(uses)
}

/// Leaves this thread only the capabilities that a run under way needs.
pub fn limit_thread(uses: Uses) -> Result<(), LoadError> {
    keep(kept(effective()?, uses))
}

/// Leaves this thread, which asks runtimes, only what it needs to reach their sockets and folders.
pub fn limit_asking_thread() -> Result<(), LoadError> {
    keep(effective()? & DAC_READ_SEARCH.bit)
}

/// Drops all capabilities of this thread.
pub fn drop_all() -> Result<(), LoadError> {
    keep(0)
}

/// The capabilities to keep. Before 5.19, reading maps needs CAP_BPF where `kernel.unprivileged_bpf_disabled` is set.
/// Landlock is not used, since it would hide all other processes' `/proc/<pid>/exe`.
fn kept(effective: u64, uses: Uses) -> u64 {
    let bpf = if effective & BPF.bit != 0 { BPF } else { SYS_ADMIN };
    let mut kept = bpf.bit;
    // Root may store artefacts anywhere; a user only with his own rights.
    let anywhere = if secure_execution() { 0 } else { DAC_OVERRIDE.bit };
    if uses.proc || uses.capture {
        kept |= SYS_PTRACE.bit | DAC_READ_SEARCH.bit;
    }
    // Mounts are watched by fanotify(7); a lease shows whether somebody writes to a file.
    if uses.capture {
        kept |= anywhere | SYS_ADMIN.bit | LEASE.bit;
    }
    effective & kept
}

/// Reduces this thread's capabilities; an exec keeps none of them.
fn keep(capabilities: u64) -> Result<(), LoadError> {
    set(capabilities, capabilities)
}

fn set(effective: u64, permitted: u64) -> Result<(), LoadError> {
    const VERSION_3: u32 = 0x2008_0522;
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    #[repr(C)]
    struct Data {
        effective: u32,
        permitted: u32,
        inheritable: u32,
    }
    let header = Header {
        version: VERSION_3,
        pid: 0,
    };
    let data = |shift: u32| Data {
        effective: (effective >> shift) as u32,
        permitted: (permitted >> shift) as u32,
        inheritable: 0,
    };
    let data = [data(0), data(32)];
    // SAFETY: capset(2) reads one header and, for version 3, two data structures; both live until it returns.
    let ret = unsafe { nix::libc::syscall(nix::libc::SYS_capset, &header, data.as_ptr()) };
    if ret == 0 {
        return Ok(());
    }
    Err(LoadError::Io {
        what: "capabilities cannot be set".into(),
        source: io::Error::last_os_error(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(effective: u64, uses: Uses, counts: bool) -> Vec<&'static str> {
        lacking(effective, &needed(effective, uses, counts))
            .iter()
            .map(|cap| cap.name)
            .collect()
    }

    #[test]
    fn sys_admin_or_both_of_the_new_capabilities() {
        let uses = Uses::default();
        assert_eq!(names(0, uses, false), ["CAP_BPF", "CAP_PERFMON"]);
        assert_eq!(names(BPF.bit, uses, false), ["CAP_PERFMON"]);
        assert!(names(BPF.bit | PERFMON.bit, uses, false).is_empty());
        assert!(names(SYS_ADMIN.bit, uses, false).is_empty());
        assert_eq!(names(SYS_ADMIN.bit, uses, true), ["CAP_SYS_RESOURCE"]);
    }

    #[test]
    fn capture_takes_two_more() {
        let uses = Uses {
            capture: true,
            command: None,
            ..Uses::default()
        };
        assert_eq!(
            names(SYS_ADMIN.bit, uses, false),
            ["CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"]
        );
    }

    #[test]
    fn advice_names_the_whole_set() {
        let capture = Uses {
            capture: true,
            command: None,
            ..Uses::default()
        };
        let set = |effective: u64, uses, by_file| {
            let given = advised(effective, needed(effective, uses, false), by_file);
            given.iter().map(|cap| cap.name).collect::<Vec<_>>().join(" ")
        };
        let tracing = "CAP_BPF CAP_PERFMON";
        let all = "CAP_BPF CAP_PERFMON CAP_SYS_PTRACE CAP_DAC_READ_SEARCH";
        // Capabilities that the file has already are named again, since setcap replaces them.
        for has in [0, BPF.bit, PERFMON.bit, BPF.bit | PERFMON.bit] {
            assert_eq!(set(has, Uses::default(), false), tracing);
            assert_eq!(set(has, capture, false), all);
        }
        assert_eq!(
            set(SYS_ADMIN.bit, capture, false),
            "CAP_SYS_ADMIN CAP_SYS_PTRACE CAP_DAC_READ_SEARCH"
        );
        assert_eq!(
            set(BPF.bit | DAC_READ_SEARCH.bit, Uses::default(), true),
            "CAP_BPF CAP_PERFMON CAP_DAC_READ_SEARCH"
        );
        assert_eq!(listed(&["A"]), "A");
        assert_eq!(listed(&["A", "B"]), "A and B");
        assert_eq!(listed(&["A", "B", "C"]), "A, B and C");
    }

    #[test]
    fn paths_are_words_of_a_shell() {
        for (path, word) in [
            ("/usr/bin/tracee", "/usr/bin/tracee"),
            ("/my tools/tracee", "'/my tools/tracee'"),
            ("/it's/$HOME", r"'/it'\''s/$HOME'"),
        ] {
            assert_eq!(for_shell(Path::new(path)), word);
        }
    }

    #[test]
    fn only_what_is_needed_is_kept() {
        let uses = Uses::default();
        let proc = Uses { proc: true, ..uses };
        assert_eq!(kept(u64::MAX, uses), BPF.bit);
        assert_eq!(kept(!BPF.bit, uses), SYS_ADMIN.bit);
        assert_eq!(
            kept(u64::MAX, proc),
            BPF.bit | SYS_PTRACE.bit | DAC_READ_SEARCH.bit
        );
        assert_eq!(kept(BPF.bit | PERFMON.bit, proc), BPF.bit);
        let capture = Uses {
            capture: true,
            command: None,
            ..uses
        };
        assert_eq!(
            kept(u64::MAX, capture),
            kept(u64::MAX, proc) | DAC_OVERRIDE.bit | SYS_ADMIN.bit | LEASE.bit
        );
    }
}
