//! What sets single events apart: columns that most rows leave as they are.

/// What a call does instead of returning to its caller (its manual page).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// Comes back once.
    Once,
    /// Comes back in a child, too, with 0.
    TwiceInChild,
    /// Replaces the program when it succeeds.
    Execve,
    Execveat,
    /// Never comes back: seen when entered.
    Never,
    /// Never comes back: seen when the task exits.
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
    /// The container was there before tracing began.
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

/// Columns besides those of every row.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    /// Of a system call.
    pub returns: Return,
    /// Position of the argument that is compared with the kernel's own copy of it.
    pub checked: Option<u8>,
    /// The call writes to addresses that are in the memory which it is given.
    pub writes_behind: bool,
    pub life: Option<Life>,
    /// No program of the kernel side reports it: tracee does.
    pub told_by_tracee: bool,
    /// It has a result, by which `--filter` may choose. What tracee reports of itself is shown whatever the filters.
    pub has_result: bool,
}

impl Columns {
    pub const USUAL: Columns = Columns {
        returns: Return::Once,
        checked: None,
        writes_behind: false,
        life: None,
        told_by_tracee: false,
        has_result: true,
    };
}
