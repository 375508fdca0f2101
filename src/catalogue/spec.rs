//! The types of which rows of the catalogue consist: events, arguments and sets.
//!
//! The module uses `std`, and only `symbols` of the crate: `build.rs` mounts these two folders as well, to make the C
//! header.

pub use super::abi::*;
pub use super::columns::{Columns, Life, Return};
pub use super::kinds::{ArgKind, When};
pub use super::layout::*;
pub use super::types::*;
use crate::symbols::table::equal;

/// Number of an event: system calls have their x86-64 number, the others follow from [`FIRST_COMPAT_ONLY`] on.
pub type EventId = u16;

/// First id of calls that only the 32-bit ABI has (`waitpid`, `socketcall`, …).
pub const FIRST_COMPAT_ONLY: EventId = 640;
/// First id of events that are no system calls.
pub const FIRST_KERNEL: EventId = 768;
/// Ids are below this number; it sizes the tables in the kernel.
pub const MAX_EVENTS: usize = 1024;
/// System call numbers of one ABI are below this number.
pub const MAX_SYSCALLS: usize = 640;
/// A system call has at most this many arguments.
pub const MAX_ARGS: usize = 6;
/// Any event has at most this many.
pub const MAX_EVENT_ARGS: usize = 24;

/// One event: a row of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct EventSpec {
    pub id: EventId,
    pub name: &'static str,
    pub kind: EventKind,
    /// Sets that contain this event, except `all` and `syscalls`, which follow from the kind.
    pub sets: &'static [Set],
    pub args: &'static [ArgSpec],
    pub columns: Columns,
}

/// Where an event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// A system call of the native ABI; its id is its number.
    Syscall,
    /// A system call that only 32-bit programs can make.
    CompatSyscall,
    /// An event of the kernel's own.
    Kernel,
}

impl EventKind {
    pub const fn is_syscall(self) -> bool {
        !matches!(self, EventKind::Kernel)
    }
}

impl EventSpec {
    /// Whether the set named `set` contains this event.
    pub fn in_set(&self, set: Set) -> bool {
        match set {
            Set::All => true,
            Set::Syscalls => self.kind.is_syscall(),
            _ => self.sets.contains(&set),
        }
    }
}

/// Special columns, set behind a row's arguments: `syscall(57, "fork", …).returns(TwiceInChild)`.
impl EventSpec {
    pub const fn returns(mut self, returns: Return) -> EventSpec {
        self.columns.returns = returns;
        self
    }

    pub const fn checked(mut self, argument: u8) -> EventSpec {
        self.columns.checked = Some(argument);
        self
    }

    pub const fn writes_behind(mut self) -> EventSpec {
        self.columns.writes_behind = true;
        self
    }

    pub const fn life(mut self, life: Life) -> EventSpec {
        self.columns.life = Some(life);
        self
    }

    pub const fn reported_by_tracee(mut self) -> EventSpec {
        self.columns.reported_by_tracee = true;
        self
    }

    pub const fn without_result(mut self) -> EventSpec {
        self.columns.has_result = false;
        self
    }

    pub const fn after(mut self, calls: &'static [&'static str]) -> EventSpec {
        self.columns.after = calls;
        self
    }

    pub const fn also(mut self, stems: &'static [&'static str]) -> EventSpec {
        self.columns.also = stems;
        self
    }
}

/// One argument of an event.
#[derive(Debug, Clone, Copy)]
pub struct ArgSpec {
    /// The kernel's name (`events/syscalls/sys_enter_*/format`), but `pathname` in place of `filename`.
    pub name: &'static str,
    pub ty: ArgType,
}

macro_rules! sets {
    ($($variant:ident $name:literal),* $(,)?) => {
        /// A named set of events, as `--events-set` takes it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Set { $($variant),* }

        impl Set {
            /// Every set, in the order in which they are listed.
            pub const EVERY: &'static [Set] = &[$(Set::$variant),*];

            pub const fn name(self) -> &'static str {
                match self { $(Set::$variant => $name),* }
            }
        }
    };
}

sets! {
    Default "default", Syscalls "syscalls", Signals "signals",
    Fs "fs", FsAsyncIo "fs_async_io", FsDirOps "fs_dir_ops", FsFdOps "fs_fd_ops", FsFileAttr "fs_file_attr",
    FsFileOps "fs_file_ops", FsInfo "fs_info", FsLinkOps "fs_link_ops", FsMonitor "fs_monitor",
    FsMuxIo "fs_mux_io", FsReadWrite "fs_read_write", FsSync "fs_sync",
    Ipc "ipc", IpcFutex "ipc_futex", IpcMsgq "ipc_msgq", IpcPipe "ipc_pipe", IpcSem "ipc_sem", IpcShm "ipc_shm",
    Net "net", NetSndRcv "net_snd_rcv", NetSock "net_sock",
    Proc "proc", ProcIds "proc_ids", ProcLife "proc_life", ProcMem "proc_mem", ProcSched "proc_sched",
    System "system", SystemKeys "system_keys", SystemModule "system_module", SystemNuma "system_numa",
    Time "time", TimeClock "time_clock", TimeTimer "time_timer", TimeTod "time_tod",
    Lsm "lsm", Containers "containers", IoUring "io_uring", Alerts "alerts", All "all",
}

/// Shorthands that keep a row of the tables on one line.
pub const fn arg(name: &'static str, ty: ArgType) -> ArgSpec {
    ArgSpec { name, ty }
}

/// Buffers that the call is given, or fills in, or of which that is unknown; their number is argument `count`.
pub const fn vec_in(count: u8) -> ArgType {
    let data = Some(When::In);
    ArgType::Iovec { count, data }
}

pub const fn vec_out(count: u8) -> ArgType {
    let data = Some(When::Out);
    ArgType::Iovec { count, data }
}

pub const fn vec(count: u8) -> ArgType {
    ArgType::Iovec { count, data: None }
}

/// An argument whose type `table` selects by the value of argument `index`.
pub const fn by(index: u8, table: &'static SelectSpec) -> ArgType {
    ArgType::Select { by: index, table }
}

pub const fn syscall(
    id: EventId,
    name: &'static str,
    sets: &'static [Set],
    args: &'static [ArgSpec],
) -> EventSpec {
    EventSpec {
        id,
        name,
        kind: EventKind::Syscall,
        sets,
        args,
        columns: Columns::USUAL,
    }
}

pub const fn compat_only(
    offset: EventId,
    name: &'static str,
    sets: &'static [Set],
    args: &'static [ArgSpec],
) -> EventSpec {
    EventSpec {
        id: FIRST_COMPAT_ONLY + offset,
        name,
        kind: EventKind::CompatSyscall,
        sets,
        args,
        columns: Columns::USUAL,
    }
}

pub const fn kernel(
    offset: EventId,
    name: &'static str,
    sets: &'static [Set],
    args: &'static [ArgSpec],
) -> EventSpec {
    EventSpec {
        id: FIRST_KERNEL + offset,
        name,
        kind: EventKind::Kernel,
        sets,
        args,
        columns: Columns::USUAL,
    }
}

/// The row with that name.
pub const fn find(table: &'static [EventSpec], name: &str) -> Option<&'static EventSpec> {
    let mut index = 0;
    while index < table.len() {
        if equal(table[index].name, name) {
            return Some(&table[index]);
        }
        index += 1;
    }
    None
}
