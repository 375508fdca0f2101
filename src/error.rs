//! What can go wrong, by boundary. Messages are one line: what, where, and what to do.

use std::io;
use std::path::PathBuf;

/// A mistake on the command line; exit status 2.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    #[error("{value:?} is no value for {flag}: {allowed}")]
    Value {
        flag: &'static str,
        value: String,
        allowed: String,
    },
    #[error("there is no event {name:?}{}; --list shows them all", .nearest.as_ref().map(|n| format!(", did you mean {n}?")).unwrap_or_default())]
    UnknownEvent {
        name: String,
        nearest: Option<&'static str>,
    },
    #[error("no event matches {pattern:?}; --list shows them all")]
    NoMatch { pattern: String },
    #[error("there is no set {name:?}{}; the sets are: {}", .nearest.as_ref().map(|n| format!(", did you mean {n}?")).unwrap_or_default(), set_names())]
    UnknownSet {
        name: String,
        nearest: Option<&'static str>,
    },
    #[error("{0} and {1} exclude each other: give one of them")]
    Exclusive(&'static str, &'static str),
    #[error("every event is excluded: nothing is left to trace")]
    NothingChosen,
    #[error("{0}")]
    Clap(String),
}

fn set_names() -> String {
    crate::catalogue::Set::EVERY
        .iter()
        .map(|set| set.name())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Getting the programs into the kernel.
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
        "this kernel has no BTF (/sys/kernel/btf/vmlinux is missing): it must be built with CONFIG_DEBUG_INFO_BTF=y, as \
         the kernels of current distributions are"
    )]
    NoBtf,
    #[error(
        "this kernel has no BTF of its own (/sys/kernel/btf/vmlinux is missing), which some of tracee's programs take \
         besides the types in {}: it must be built with CONFIG_DEBUG_INFO_BTF=y", path.display()
    )]
    NoOwnBtf { path: PathBuf },
    #[error("--btf: {}: {reason}", path.display())]
    BtfFile { path: PathBuf, reason: String },
    #[error("the BPF object {} {reason}", path.display())]
    ObjectFile { path: PathBuf, reason: String },
    #[error("the BPF object cannot be rebuilt: {0}")]
    Rebuild(String),
    #[error("{event} cannot be traced on this kernel: {reason}")]
    Unavailable { event: &'static str, reason: String },
    #[error("--capture mem: memory cannot be captured on this kernel: {0}")]
    NoMemoryCapture(String),
    #[error("the BPF object has no {kind} {name}: it was not built from this version")]
    Incomplete { kind: &'static str, name: String },
    #[error(
        "the BPF object's ABI stamp is {found}, this tracee needs {expected}: rebuild it with `make bpf`"
    )]
    AbiStamp { found: String, expected: &'static str },
    #[error("there is no process {0} (as this pid namespace counts): it must be running, and no thread of another one")]
    NoProcess(u32),
    #[error("{what}: {source}; --debug shows the kernel's log")]
    Bpf { what: String, source: libbpf_rs::Error },
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
}

impl LoadError {
    /// Names the step that libbpf failed at.
    pub fn bpf(what: impl Into<String>) -> impl FnOnce(libbpf_rs::Error) -> LoadError {
        let what = what.into();
        move |source| LoadError::Bpf { what, source }
    }
}

/// Writing events out.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The reader of a pipe is gone: no failure, the run just ends.
    #[error("the reader has closed standard output")]
    Closed,
    #[error("cannot write to {target}: {source}; tracing stops")]
    Write { target: String, source: io::Error },
    #[error("cannot create {}: {source}", path.display())]
    Create { path: PathBuf, source: io::Error },
}

/// Running the command after `--`.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error("{0}: no such command: it is neither a path nor in PATH")]
    NotFound(String),
    #[error("{command}: cannot be executed: {source}")]
    NotExecutable { command: String, source: io::Error },
    #[error("cannot start the command: {0}")]
    Start(io::Error),
}

/// Whatever ends a run of the tracer early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Usage(#[from] UsageError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("--output-path: {0}")]
    Capture(#[from] crate::capture::folder::FolderError),
    #[error(transparent)]
    Command(#[from] CommandError),
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

    /// Exit status, as a shell's where a command is concerned.
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
