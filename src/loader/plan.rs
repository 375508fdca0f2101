//! What is to be traced, and what that means for programs and their constants.

use std::collections::BTreeSet;

use libbpf_rs::OpenObject;
use nix::unistd::getuid;

use crate::catalogue::{self, special, EventSpec};
use crate::error::LoadError;
use crate::filter::kernel_part::KernelPart;
use crate::loader::capture::CapturePlan;
use crate::loader::features::{self, Features};
use crate::loader::filter::Tables;
use crate::loader::marks::{self, Marked};
use crate::loader::object::{Mechanism, Program};
use crate::loader::probe;
use crate::scope::{Containers, Scope};
use crate::wire::{
    rodata, AFTER_BODIES, ENTER_BEFORE, ENTER_WANTED, EVENT_BOOKKEEPING, EVENT_SHOWN, SCOPE_ALL,
    SCOPE_CONTAINER_ALL, SCOPE_CONTAINER_LISTED, SCOPE_CONTAINER_NEW, SCOPE_FOLLOW, SCOPE_HOST_ALL,
    SCOPE_HOST_NEW, SCOPE_NEW, SYSCALL_CHOSEN, SYSCALL_CLOSES, SYSCALL_EXECVE, SYSCALL_EXECVEAT,
    SYSCALL_ON_ENTER,
};

/// Calls that show the name of whom they send a signal to.
const NAMING_TARGETS: [&str; 3] = ["kill", "tkill", "tgkill"];

const _: () = special::all_known(&NAMING_TARGETS);

/// How much is read of each event, and the room for it, by the flags.
#[derive(Debug, Clone, Copy)]
pub struct Detail {
    /// Whether the environment is read for execve, execveat and sched_process_exec.
    pub exec_env: bool,
    /// Whether open files are shown with their paths.
    pub decode_fds: bool,
    /// Whether it is measured how long calls take.
    pub durations: bool,
    /// How many bytes of each buffer are read; 0: none.
    pub buffer_bytes: u16,
    /// Size of one CPU's ring in bytes: a power of two, at least a page.
    pub ring_size: u32,
}

/// What to trace.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The processes whose events are recorded.
    pub scope: &'a Scope,
    /// Events that the user will see.
    pub events: &'a [&'static EventSpec],
    /// Whether fork, exec and exit are recorded in any case, so that executables are known.
    pub bookkeeping: bool,
    /// Whether it matters which container a process is in.
    pub containers: bool,
    /// Whether an output shows the node name.
    pub nodename: bool,
    /// How much of arguments is read.
    pub detail: Detail,
    /// The part of `--filter` that the kernel side decides.
    pub filters: &'a KernelPart,
    /// Calls of which an argument is compared with the kernel's copy, and the argument's position.
    pub checked: &'a [(&'static str, u8)],
    /// Calls that leave a mark when they are entered.
    pub marked: &'a Marked,
    /// What is captured, if anything.
    pub capture: Option<CapturePlan>,
    /// Time of boot (ns since the epoch).
    pub epoch: u64,
}

/// The programs of a run.
#[derive(Debug)]
pub struct Programs {
    /// Those that attach.
    pub attached: BTreeSet<&'static Program>,
    /// Those that look at calls after them. Either they attach, or one program does all that they do.
    pub after: BTreeSet<&'static Program>,
}

impl Programs {
    /// joined: one program at `sys_exit` in place of several.
    fn new(wanted: BTreeSet<&'static Program>, joined: bool) -> Programs {
        let is_after = |program: &&'static Program| program.mechanism.is_after();
        let after: BTreeSet<_> = wanted.iter().copied().filter(is_after).collect();
        let plain = wanted.iter().find(|program| program.stem() == probe::SYS_EXIT);
        let looking = plain
            .filter(|_| joined && !after.is_empty())
            .and_then(|plain| Some((*plain, probe::looking(plain)?)));
        let mut attached = wanted.clone();
        if let Some((plain, looking)) = looking {
            attached.retain(|program| !is_after(program) && *program != plain);
            attached.insert(looking);
        }
        Programs { attached, after }
    }
}

impl Plan<'_> {
    pub(super) fn chosen(&self, event: &EventSpec) -> bool {
        self.events.iter().any(|chosen| chosen.id == event.id)
    }

    /// Programs that the events, the scope and the bookkeeping need. joined: one at `sys_exit` in place of several.
    pub(super) fn programs(&self, features: &Features, joined: bool) -> Result<Programs, LoadError> {
        let mut stems: BTreeSet<&'static str> = self
            .events
            .iter()
            .flat_map(|event| probe::stems(event, features))
            .collect();
        if self.bookkeeping {
            stems.extend([probe::FORK, probe::EXEC, probe::EXIT]);
        }
        if self.detail.decode_fds && self.chosen(special::CLOSE) {
            stems.insert(probe::SYS_ENTER);
        }
        if self.keeps_given() {
            stems.insert(probe::SYS_ENTER);
        }
        // Without the names the events are no less complete.
        if self.names_signals() && probe::best(probe::SIGNALS, features).is_ok() {
            stems.insert(probe::SIGNALS);
        }
        if !self.marked.is_empty() {
            // The program that takes marks is needed whether the call is shown or not.
            stems.extend([probe::SYS_ENTER, probe::SYS_EXIT, probe::EXEC, probe::EXIT]);
        }
        if self.scope.follows() {
            stems.extend([probe::FORK, probe::EXEC, probe::EXIT, probe::FREE]);
        }
        if self.containers {
            stems.extend([probe::FORK, probe::EXEC, probe::EXIT, probe::FREE]);
            stems.extend(probe::CONTAINER_LIFE);
        }
        stems.extend(self.capture_stems(features));
        let best = |stem| {
            probe::best(stem, features).map_err(|reason| LoadError::Unavailable { event: stem, reason })
        };
        let wanted = stems.into_iter().map(best).collect::<Result<_, _>>()?;
        Ok(Programs::new(wanted, joined))
    }

    /// Whether arguments of some calls are read before the calls are carried out.
    pub(super) fn keeps_given(&self) -> bool {
        self.events
            .iter()
            .any(|event| event.kind.is_syscall() && event.keeps_given())
    }

    /// Whether calls are chosen that show the name of whom they send a signal to.
    pub(super) fn names_targets(&self) -> bool {
        self.events
            .iter()
            .any(|event| NAMING_TARGETS.contains(&event.name))
    }

    /// Whether signals are shown with names of processes.
    fn names_signals(&self) -> bool {
        self.names_targets() || self.chosen(special::SIGNAL_DELIVER)
    }

    pub(super) fn filter_tables(&self) -> Tables {
        Tables::new(self.filters, self.bookkeeping)
    }

    /// Programs that capture needs in addition.
    fn capture_stems(&self, features: &Features) -> Vec<&'static str> {
        let mut stems = Vec::new();
        let Some(capture) = self.capture else {
            return stems;
        };
        if capture.write {
            stems.push(probe::CAPTURE_WRITE);
        }
        if capture.exec {
            stems.push(probe::EXEC);
        }
        if capture.mem {
            stems.extend(probe::capture_memory(features));
        }
        stems
    }

    /// Sets the programs' constants, by which the verifier removes code that is switched off.
    pub(super) fn set_constants(
        &self,
        open: &mut OpenObject,
        features: &Features,
        programs: &Programs,
        tables: &Tables,
        users_max: usize,
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
            settings: constants,
            io_issue_defs,
            noaudit_callers,
            filters,
            container_settings,
            capturing,
            epoch_of_boot,
            ..
        } = map
            .initial_value_mut()
            .and_then(|bytes| plain::from_mut_bytes(bytes).ok())
            .ok_or_else(incomplete)?;
        if features.needs_io_issue_defs()
            && programs
                .attached
                .iter()
                .any(|program| program.stem() == special::IO_URING_SUBMIT.name)
        {
            *io_issue_defs = features::io_issue_defs();
        }
        *filters = tables.constants;
        let by_tracepoint =
            |program: &&Program| matches!(program.mechanism, Mechanism::TpBtf | Mechanism::Tp);
        if programs
            .attached
            .iter()
            .any(|program| program.stem() == special::CAP_CAPABLE.name && by_tracepoint(program))
        {
            for (range, (start, end)) in noaudit_callers.iter_mut().zip(features::noaudit_callers()) {
                (range.start, range.end) = (start, end);
            }
        }
        let captures_memory = self.capture.is_some_and(|capture| capture.mem);
        *capturing = self.capture.map_or(0, CapturePlan::bits);
        *epoch_of_boot = self.epoch;
        for event in catalogue::KERNEL {
            let (process, container) = match event.columns.life {
                Some(life) => (life.of_process(), life.of_container()),
                None => (false, false),
            };
            constants.chosen[usize::from(event.id)] = match self.chosen(event) {
                true => EVENT_SHOWN,
                false if self.bookkeeping && process => EVENT_BOOKKEEPING,
                false if self.containers && container => EVENT_BOOKKEEPING,
                false if captures_memory && event.id == special::MEM_PROT_ALERT.id => EVENT_BOOKKEEPING,
                false => 0,
            };
        }
        let raw = self
            .events
            .iter()
            .any(|event| [special::SYS_ENTER.id, special::SYS_EXIT.id].contains(&event.id));
        if raw {
            constants.syscall_wanted.fill(1);
        }
        let exec_on_enter = probe::prepare_exec(features) == probe::SYS_ENTER;
        let has_enter = programs
            .attached
            .iter()
            .any(|program| program.stem() == probe::SYS_ENTER);
        for (key, desc) in self.syscall_table() {
            let exec = exec_on_enter && desc.flags & (SYSCALL_EXECVE | SYSCALL_EXECVEAT) != 0;
            let nr = Self::number_of(key);
            if desc.flags & SYSCALL_CHOSEN != 0 || desc.checked != 0 {
                constants.syscall_wanted[nr] = 1;
                constants.keeps_given |= u8::from(desc.keeps != 0);
                let read = desc
                    .args
                    .iter()
                    .zip(0..)
                    .filter(|(_, index)| desc.reads & 1 << index != 0);
                constants.kinds |= read.fold(0, |kinds, (how, _)| kinds | 1 << how.kind);
            }
            let closes = self.detail.decode_fds && desc.flags & SYSCALL_CLOSES != 0;
            let enters = closes || desc.keeps != 0 || desc.flags & SYSCALL_ON_ENTER != 0;
            if desc.flags & SYSCALL_CHOSEN != 0 && enters || exec && has_enter {
                constants.on_enter[nr] |= ENTER_WANTED;
            }
        }
        if self.chosen(special::SYS_ENTER) {
            constants
                .on_enter
                .iter_mut()
                .for_each(|bits| *bits |= ENTER_WANTED);
        }
        for (key, _, call) in self.every_call() {
            let nr = Self::number_of(key);
            let bits = marks::enter_bits(self.marked, &call);
            constants.on_enter[nr] |= bits;
            constants.syscall_wanted[nr] |= u8::from(bits != 0);
        }
        constants.kinds |= self.selected().fold(0, |kinds, (_, how)| kinds | 1 << how.kind);
        constants.reads_buffers = u8::from(self.detail.buffer_bytes != 0);
        constants.bodies = bodies(programs);
        for program in &programs.after {
            let keeps = [special::COMMIT_CREDS.name, special::SWITCH_TASK_NS.name].contains(&program.stem());
            let looked_at = marks::looked_at_by(program);
            let bit = body_bit(program);
            constants.keeps_before |= u8::from(keeps);
            for (key, _, call) in self.every_call() {
                if marks::is_marked(&looked_at, &call) {
                    let nr = Self::number_of(key);
                    constants.looked_at[nr] |= bit;
                    constants.on_enter[nr] |= if keeps { ENTER_BEFORE } else { 0 };
                }
            }
        }
        // An iterator over tasks looks for containers, and is preempted.
        let preempted = |program: &&Program| match program.mechanism {
            mechanism if mechanism.is_trampoline() => true,
            Mechanism::Kprobe | Mechanism::Tp | Mechanism::AfterTp => false,
            _ => features.preempts_raw_tracepoints(),
        };
        constants.plain_slots = u8::from(!self.containers && !programs.attached.iter().any(preempted));
        constants.marks = u8::from(!self.marked.is_empty());
        constants.mark_exits = u8::from(marks::exits(self.marked));
        constants.task_storage = u8::from(features.has_task_storage());
        constants.scope_mode = match self.scope {
            Scope::All => SCOPE_ALL,
            Scope::New => SCOPE_NEW,
            Scope::Pids(_) | Scope::Command => SCOPE_FOLLOW,
            Scope::Containers(Containers::New) => SCOPE_CONTAINER_NEW,
            Scope::Containers(Containers::All) => SCOPE_CONTAINER_ALL,
            Scope::Containers(Containers::Listed(_)) => SCOPE_CONTAINER_LISTED,
            Scope::Host { new: true } => SCOPE_HOST_NEW,
            Scope::Host { new: false } => SCOPE_HOST_ALL,
        };
        container_settings.wanted = u32::from(self.containers);
        // The user whose containers may be listed by their names, apart from root's.
        container_settings.user = getuid().as_raw();
        container_settings.users_max = u32::try_from(users_max).unwrap_or(u32::MAX);
        if let Some(v1) = self.containers.then(features::v1_hierarchy).flatten() {
            (container_settings.v1_hierarchy, container_settings.v1_subsys) = (v1.id, v1.subsys);
        }
        constants.ring_size = self.detail.ring_size;
        constants.want_nodename = u8::from(self.nodename);
        constants.want_env = u8::from(self.detail.exec_env);
        constants.exec_on_enter = u8::from(exec_on_enter);
        constants.decode_fds = u8::from(self.detail.decode_fds);
        constants.target_names = u8::from(self.names_targets());
        constants.durations = u8::from(self.detail.durations);
        Ok(())
    }
}

/// What looks at calls in a run, one bit each.
pub(super) fn bodies(programs: &Programs) -> u32 {
    programs
        .after
        .iter()
        .fold(0, |bits, program| bits | body_bit(program))
}

/// The bit of a body in `settings.bodies`; 0: it has none, which a test rules out.
fn body_bit(program: &Program) -> u32 {
    let position = AFTER_BODIES.iter().position(|body| *body == program.body());
    position.map_or(0, |position| 1 << position)
}
