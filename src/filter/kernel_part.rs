//! The kernel side's part of the filters, and its decisions made in user space: for records that no kernel side has
//! filtered, such as those of a recording.
//!
//! What passes here is what would have passed there: `src/bpf/filter.bpf.c`, and the programs that ask it.

use std::collections::BTreeMap;

use crate::catalogue::spec::Life;
use crate::catalogue::{special, ArgType, EventId, EventSpec};
use crate::decode::event::{Arg, Context, Event, Value};
use crate::filter::number::Numbers;
use crate::filter::text::Texts;
use crate::filter::ArgIndex;
use crate::wire::{
    by_position, ABI_IA32, FIELD_COMM, FIELD_MNTNS, FIELD_NAMES, FIELD_NUMBERS, FIELD_PID, FIELD_PIDNS,
    FIELD_PPID, FIELD_TID, FIELD_UID, FIELD_UTS, NUMBER_LONG, NUMBER_S16, NUMBER_S32, NUMBER_S64, NUMBER_U16,
    NUMBER_U32, NUMBER_U64,
};

/// What the kernel side decides.
#[derive(Debug, Default)]
pub struct KernelPart {
    /// By `FIELD_*`.
    pub numbers: Vec<(usize, Numbers)>,
    /// By `FIELD_*` of names.
    pub names: Vec<(usize, Texts)>,
    /// Parts that hold only for one event.
    pub events: BTreeMap<EventId, EventPart>,
}

/// What the kernel side decides of one event.
#[derive(Debug, Default)]
pub struct EventPart {
    /// Filter of its result.
    pub result: Option<Numbers>,
    /// Filters of arguments that are numbers.
    pub numbers: Vec<(ArgIndex, NumberType, Numbers)>,
    /// Whole texts, and beginnings.
    pub texts: Vec<(ArgIndex, Texts)>,
}

/// How the kernel side reads a register: `NUMBER_*` of `src/bpf/filter.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum NumberType {
    /// Its 64 bits, with a sign.
    S64 = NUMBER_S64,
    /// Its 64 bits.
    U64 = NUMBER_U64,
    /// The lower 32 bits, with a sign.
    S32 = NUMBER_S32,
    /// The lower 32 bits.
    U32 = NUMBER_U32,
    /// The lower 16 bits, with a sign.
    S16 = NUMBER_S16,
    /// The lower 16 bits.
    U16 = NUMBER_U16,
    /// With a sign, as wide as a `long` of the program.
    Long = NUMBER_LONG,
}

impl NumberType {
    /// How a register of that type is read; `None`: it is no plain number.
    pub(super) fn of(ty: ArgType) -> Option<NumberType> {
        use ArgType::*;
        Some(match ty {
            Int | Fd | Pid => NumberType::S32,
            UInt | Uid | Gid => NumberType::U32,
            I16 => NumberType::S16,
            U16 => NumberType::U16,
            Long => NumberType::Long,
            I64 | Off => NumberType::S64,
            ULong | U64 | Size | Ptr | Hex => NumberType::U64,
            _ => return None,
        })
    }

    /// The number in a register, in a call of this ABI: `read_as()` of the kernel side.
    #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)] // The lower part is what is wanted.
    fn read(self, register: u64, abi: u8) -> i128 {
        match self {
            NumberType::Long if abi == ABI_IA32 => (register as i32).into(),
            NumberType::S64 | NumberType::Long => (register as i64).into(),
            NumberType::U64 => register.into(),
            NumberType::S32 => (register as i32).into(),
            NumberType::U32 => (register as u32).into(),
            NumberType::S16 => (register as i16).into(),
            NumberType::U16 => (register as u16).into(),
        }
    }
}

impl EventPart {
    /// Compares registers, as the kernel side does, also where the arguments of a call could not be read.
    fn arguments_pass(&self, event: &Event<'_>) -> bool {
        let number = |index, ty: NumberType| Some(ty.read(event.arg(index)?.raw, event.context.abi));
        let mut numbers = self.numbers.iter();
        let mut texts = self.texts.iter();
        numbers.all(|(index, ty, numbers)| numbers.passes(number(*index, *ty)))
            && texts.all(|(index, texts)| texts.passes(event.arg(*index).and_then(text)))
    }
}

/// The text that was read; `None`: there is none, or it could not be read.
fn text<'a>(arg: &Arg<'a>) -> Option<&'a [u8]> {
    match arg.value {
        Value::Str(text) => Some(text),
        _ => None,
    }
}

/// Decides what the kernel side decides in a live run.
#[derive(Debug)]
pub struct Unfiltered {
    part: KernelPart,
    pid_ns: Option<u32>,
}

impl Unfiltered {
    /// `pid_ns`: the pid namespace that tracee recorded in; `None`: the host's.
    pub fn new(part: KernelPart, pid_ns: Option<u32>) -> Unfiltered {
        Unfiltered { part, pid_ns }
    }

    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        let KernelPart {
            numbers,
            names,
            events,
        } = &self.part;
        numbers.is_empty() && names.is_empty() && events.is_empty()
    }

    /// Whether the fields of the task and the result pass.
    pub fn passes(&self, event: &Event<'_>) -> bool {
        (!asks_fields(event.spec) || self.fields_pass(event))
            && (!asks_result(event) || self.result_passes(event))
    }

    /// Whether the arguments pass.
    pub fn arguments_pass(&self, event: &Event<'_>) -> bool {
        self.of_event(event).is_none_or(|part| part.arguments_pass(event))
    }

    fn of_event(&self, event: &Event<'_>) -> Option<&EventPart> {
        self.part.events.get(&event.spec.id)
    }

    fn fields_pass(&self, event: &Event<'_>) -> bool {
        let numbers = self.numbers(&event.context);
        let names = names(event);
        let mut of_numbers = self.part.numbers.iter();
        let mut of_names = self.part.names.iter();
        of_numbers.all(|(at, filter)| filter.passes(numbers[*at].map(i128::from)))
            && of_names.all(|(at, filter)| filter.passes(names[*at]))
    }

    /// By `FIELD_*` of numbers; `None`: unknown.
    fn numbers(&self, context: &Context) -> [Option<u32>; FIELD_NUMBERS as usize] {
        let (pid, tid, ppid) = match self.pid_ns {
            None => (context.host_pid, context.host_tid, context.host_ppid),
            Some(_) => (context.pid, context.tid, context.ppid),
        };
        // Of a process of another pid namespace, the record does not have the numbers that it has in this one.
        let here = self.pid_ns.is_none_or(|ns| ns == context.pid_ns);
        by_position([
            (FIELD_UID, Some(context.uid)),
            (FIELD_PID, here.then_some(pid)),
            (FIELD_TID, here.then_some(tid)),
            (FIELD_PPID, here.then_some(ppid)),
            (FIELD_MNTNS, Some(context.mnt_ns)),
            (FIELD_PIDNS, Some(context.pid_ns)),
        ])
    }

    fn result_passes(&self, event: &Event<'_>) -> bool {
        let filter = self.of_event(event).and_then(|part| part.result.as_ref());
        filter.is_none_or(|numbers| numbers.passes(event.returns().then(|| event.context.ret.into())))
    }
}

/// By `FIELD_*` of names; `None`: unknown, as node names are unless an output shows them.
fn names<'a>(event: &'a Event<'_>) -> [Option<&'a [u8]>; FIELD_NAMES as usize] {
    by_position([(FIELD_COMM, Some(event.comm())), (FIELD_UTS, event.nodename)])
}

/// Whether the fields of a task are asked for at such an event: not at what tracee reports by itself, and not at the
/// beginnings and ends of containers, which their scope decides.
fn asks_fields(spec: &EventSpec) -> bool {
    !spec.columns.reported_by_tracee && !spec.columns.life.is_some_and(Life::of_container)
}

/// The same for its result. An argument that changes is found too late to ask for it, except at an exec.
fn asks_result(event: &Event<'_>) -> bool {
    let late = event.spec.id == special::ARGUMENT_MISMATCH.id
        && ![special::EXECVE.id, special::EXECVEAT.id].contains(&event.context.syscall);
    asks_fields(event.spec) && !late
}

#[cfg(test)]
mod tests;
