//! Columns for special events, which most rows leave at their defaults.

/// How a call returns to its caller, if it does (its manual page).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// Returns once.
    Once,
    /// Returns in a child, too, with 0.
    TwiceInChild,
    /// Replaces the program when it succeeds.
    Execve,
    Execveat,
    /// Never returns: seen when entered.
    Never,
    /// Never returns: seen when the task exits.
    TaskExit,
}

/// Which moment in the life of processes or containers an event reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    Fork,
    Exec,
    Exit,
    ContainerCreated,
    ContainerRemoved,
    /// The container existed before tracing began.
    ContainerFound,
}

impl Life {
    pub const fn of_process(self) -> bool {
        matches!(self, Life::Fork | Life::Exec | Life::Exit)
    }

    pub const fn of_container(self) -> bool {
        !self.of_process()
    }
}

/// The special columns.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    /// How a system call returns.
    pub returns: Return,
    /// Position of the argument that is compared with the kernel's own copy of it.
    pub checked: Option<u8>,
    /// Whether the call writes to addresses that are in memory which it is given.
    pub writes_behind: bool,
    pub life: Option<Life>,
    /// Whether no program of the kernel side reports it, but tracee itself.
    pub reported_by_tracee: bool,
    /// Whether it has a result, by which `--filter` may choose. Events that tracee reports by itself pass filters of
    /// results.
    pub has_result: bool,
    /// Calls after which a program at `sys_exit` reports it, where the kernel's own function cannot be attached to. The
    /// program sees no others.
    pub after: &'static [&'static str],
    /// Further stems of programs that report it, on kernels that have what they attach to.
    pub also: &'static [&'static str],
}

impl Columns {
    pub const USUAL: Columns = Columns {
        returns: Return::Once,
        checked: None,
        writes_behind: false,
        life: None,
        reported_by_tracee: false,
        has_result: true,
        after: &[],
        also: &[],
    };
}
