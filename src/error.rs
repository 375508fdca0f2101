//! What can go wrong, by boundary. Messages are one line: what, where, and what to do.

// The message above each variant describes it and its fields.
#![allow(missing_docs)]

use std::io;
use std::path::PathBuf;

/// A mistake on the command line; exit status 2.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    #[error("{value:?} is not a value of {flag}: {allowed}")]
    Value {
        flag: &'static str,
        value: String,
        allowed: String,
    },
    #[error("there is no event {name:?}{} --list shows them all", meant(.nearest.as_deref()))]
    UnknownEvent {
        name: String,
        nearest: Option<&'static str>,
    },
    #[error("no event matches {pattern:?}; --list shows them all")]
    NoMatch { pattern: String },
    #[error("there is no set {name:?}{} the sets are: {}", meant(.nearest.as_deref()), set_names())]
    UnknownSet {
        name: String,
        nearest: Option<&'static str>,
    },
    #[error("{0} and {1} exclude each other: use one of them")]
    Exclusive(&'static str, &'static str),
    #[error("every event is excluded: nothing is left to trace")]
    NothingChosen,
    #[error("no chosen event has what the filters ask for: nothing is left to trace")]
    NothingPasses,
    #[error("the command after -- is missing: add it, or leave -- out")]
    NoCommand,
    #[error("{0} does not affect --list: leave it out")]
    NotListed(&'static str),
    #[error("{0} takes effect only with --capture: add that, too")]
    NoCapture(&'static str),
    #[error("{0} takes effect only with {1}: add that, too")]
    Needs(&'static str, &'static str),
    #[error("{0} does not affect --read, which shows what was recorded: leave it out")]
    NotRead(&'static str),
    #[error("no chosen event has what --when asks for: choose others, or ask for something else")]
    NothingTriggers,
    #[error("--from is later than --to: nothing is between them")]
    Backwards,
    #[error("{0} does not affect --info, which is of all that was recorded: leave it out")]
    NotOfInfo(&'static str),
    #[error("{what} was not recorded: {has}")]
    NotRecorded { what: String, has: String },
    #[error(
        "{0} takes effect only with --list: add that, too; what tracee does is logged by --debug, structures are shown \
         whole by --verbose-args"
    )]
    NoList(&'static str),
    #[error("{0}")]
    Clap(String),
}

impl UsageError {
    /// The same mistake in a value of this flag, which takes the same values.
    pub fn of_flag(self, flag: &'static str) -> UsageError {
        match self {
            UsageError::Value { value, allowed, .. } => UsageError::Value { flag, value, allowed },
            other => other,
        }
    }
}

/// What the user may have meant, in the middle of a message.
fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(|| ";".into(), |name| format!(": did you mean {name}?"))
}

pub(crate) fn set_names() -> String {
    crate::catalogue::Set::EVERY
        .iter()
        .map(|set| set.name())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Errors of loading and attaching the programs.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(
        "no privilege to trace: {missing} missing; run as root, or once as root: setcap {set}+ep {program}; \
         or in a container: {add}"
    )]
    Privilege {
        missing: String,
        /// For setcap(8).
        set: String,
        program: String,
        /// For a container engine.
        add: String,
    },
    #[error(
        "no privilege to trace: tracee is in a user namespace of its own (unshare -U, a rootless container), where \
         neither root nor capabilities count for tracing: run it outside, as root"
    )]
    UserNamespace,
    #[error(
        "this kernel has no BTF (/sys/kernel/btf/vmlinux is missing): it must be built with CONFIG_DEBUG_INFO_BTF=y, as \
         the kernels of current distributions are"
    )]
    NoBtf,
    #[error("this is Linux {release}, and tracee needs 5.10 or later: {source}")]
    OldKernel { release: String, source: Box<LoadError> },
    #[error("the programs of the BPF object cannot be listed: {0}")]
    Unreadable(&'static LoadError),
    #[error("the BPF object {} {reason}", path.display())]
    ObjectFile { path: PathBuf, reason: String },
    #[error("the BPF object cannot be rebuilt: {0}")]
    Rebuild(String),
    #[error("{event} cannot be traced on this kernel: {reason}")]
    Unavailable { event: &'static str, reason: String },
    #[error("none of the chosen events can be traced on this kernel: {0}")]
    NoneAvailable(String),
    #[error("--capture mem: memory cannot be captured on this kernel: {0}")]
    NoMemoryCapture(String),
    #[error("the BPF object has no {kind} {name}: it was not built from this version")]
    Incomplete { kind: &'static str, name: String },
    #[error(
        "the BPF object's ABI stamp is {found}, this tracee needs {expected}: rebuild it with `make bpf`"
    )]
    AbiStamp { found: String, expected: &'static str },
    #[error("there is no process {0} (as this pid namespace counts)")]
    NoProcess(u32),
    #[error("{thread} is a thread of process {process}: use that pid, all threads of which are traced")]
    Thread { thread: u32, process: u32 },
    #[error("process {0} is in /proc, but the kernel does not show it to tracee's programs: it cannot be looked at")]
    HiddenProcess(u32),
    #[error("{what}: {source:#}; --debug shows the kernel's log")]
    Bpf { what: String, source: libbpf_rs::Error },
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
}

/// The first kernel on which we can run a program on a raw tracepoint ourselves (`BPF_PROG_TEST_RUN`), which reports
/// who we are.
const FIRST_KERNEL: (u32, u32) = (5, 10);

impl LoadError {
    /// Makes the kernel's age the reason of the error, if the kernel is too old. Some kernels with an old release
    /// number provide what tracee needs; this is only called after something has failed.
    pub fn on_kernel(self, release: Option<(u32, u32)>) -> LoadError {
        match release {
            Some((major, minor)) if (major, minor) < FIRST_KERNEL => LoadError::OldKernel {
                release: format!("{major}.{minor}"),
                source: Box::new(self),
            },
            _ => self,
        }
    }

    /// Names the step that libbpf failed at.
    pub fn bpf(what: impl Into<String>) -> impl FnOnce(libbpf_rs::Error) -> LoadError {
        let what = what.into();
        move |source| LoadError::Bpf { what, source }
    }
}

/// Errors of writing events.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The reader of a pipe is gone: no failure, the run ends in order.
    #[error("the reader has closed standard output")]
    Closed,
    #[error("cannot write to {target}: {source}; tracing stops")]
    Write { target: String, source: io::Error },
    #[error("cannot write to {target}: {reason}")]
    Open { target: String, reason: String },
}

impl OutputError {
    /// A failure of writing to this target.
    pub fn of_write(target: &str, source: io::Error) -> OutputError {
        match source.kind() {
            io::ErrorKind::BrokenPipe => OutputError::Closed,
            _ => OutputError::Write {
                target: target.into(),
                source,
            },
        }
    }
}

/// Errors of reading recordings.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    #[error("{file}: {reason}")]
    Unreadable { file: String, reason: String },
    #[error("{file} is damaged at byte {at}: {reason}; what is before was read, and --from TIME reads what is behind")]
    Damaged { file: String, at: u64, reason: String },
    #[error("cannot write to {0}: it is the recording that is read")]
    Itself(String),
    #[error("--write takes one recording at a time: several have several beginnings")]
    Several,
}

/// Why a path is not followed.
#[derive(Debug, thiserror::Error)]
pub enum WayError {
    #[error("{} is a link of uid {}: give the path that it leads to", .0.display(), .1)]
    Link(PathBuf, u32),
    #[error("{} is no folder", .0.display())]
    NoFolder(PathBuf),
    #[error("{} belongs to another user (uid {})", .0.display(), .1)]
    Foreign(PathBuf, u32),
    #[error("{} is writable by others (mode {:o})", .0.display(), .1)]
    Writable(PathBuf, u32),
    #[error("{} lies on a file system on which a file of root's may be anybody's ({})", .0.display(), .1)]
    Medium(PathBuf, String),
    #[error("{} cannot be reached: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
}

impl WayError {
    /// Whether the file is missing, or this user may not look for it.
    pub fn is_missing(&self) -> bool {
        match self {
            WayError::NoFolder(_) => true,
            WayError::Io(_, error) => is_missing(error),
            _ => false,
        }
    }
}

/// Whether a file is missing, or hidden from this user.
pub fn is_missing(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | PermissionDenied | NotADirectory)
}

/// Why the folder of artefacts is not used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("{} is a link, which is not followed: give the folder itself", .0.display())]
    Link(PathBuf),
    #[error(transparent)]
    Way(#[from] WayError),
    #[error("{} is in use by another tracee", .0.display())]
    InUse(PathBuf),
    #[error("{} holds other things than artefacts: it is not emptied", .0.display())]
    NotArtefacts(PathBuf),
    #[error("{} cannot be used: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
}

/// Errors of running the command after `--`.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error("{0}: no such command: it is neither a path nor in PATH")]
    NotFound(String),
    #[error("{command}: cannot be executed: {source}")]
    NotExecutable { command: String, source: io::Error },
    #[error("cannot start the command: {0}")]
    Start(io::Error),
}

/// Everything that ends a run early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Usage(#[from] UsageError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("--output-path: {0}")]
    Capture(#[from] FolderError),
    #[error(transparent)]
    Command(#[from] CommandError),
    #[error(transparent)]
    Recording(#[from] RecordingError),
    #[error("{0}")]
    Limit(String),
    #[error("{what}: {source}")]
    System { what: &'static str, source: io::Error },
}

impl Error {
    /// Names the system call that failed.
    pub fn system<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> Error {
        move |source| Error::System {
            what,
            source: source.into(),
        }
    }

    /// The exit status: a shell's (126, 127) if the command failed to start, else 1 or 2.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Usage(_) => 2,
            Error::Command(CommandError::NotFound(_)) => 127,
            Error::Command(CommandError::NotExecutable { source, .. })
                if source.kind() == io::ErrorKind::NotFound =>
            {
                127
            }
            Error::Command(CommandError::NotExecutable { .. }) => 126,
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_that_are_too_old_are_told_so() {
        let failed = || LoadError::Rebuild("x".into());
        for (release, named) in [
            (Some((5, 9)), true),
            (Some((4, 18)), true),
            (Some((5, 10)), false),
            (Some((6, 1)), false),
            (None, false),
        ] {
            let message = failed().on_kernel(release).to_string();
            assert_eq!(message.contains("tracee needs 5.10 or later"), named, "{message}");
            assert!(message.ends_with(&failed().to_string()), "{message}");
        }
    }
}
