//! The decoded event: one record of the kernel side, with its meaning by the catalogue.

use std::rc::Rc;

use nix::unistd::getuid;

use crate::catalogue::spec::Life;
use crate::catalogue::{ArgSpec, ArgType, EventSpec};
use crate::decode::container::Container;
use crate::decode::file::OpenFile;
use crate::decode::msghdr::{Messages, Msghdr, Part};
use crate::decode::path::PathName;
use crate::decode::process::{Ancestors, Process};
use crate::decode::sockaddr::Sockaddr;
use crate::decode::strings::Strings;
use crate::decode::structure::Array;
use crate::wire::{arg, record_header};

/// Task context and result, as the kernel side recorded them.
pub type Context = record_header;

impl Context {
    /// The context of an event that tracee reports by itself: `pid` as the host counts, `time` in ns since boot. It has
    /// no result.
    pub fn own(spec: &EventSpec, time: u64, pid: u32) -> Context {
        let mut comm = [0; 16];
        for (to, from) in comm.iter_mut().zip(b"tracee") {
            *to = i8::from_ne_bytes([*from]);
        }
        Context {
            comm,
            uid: getuid().as_raw(),
            flags: crate::wire::RECORD_NO_RETURN,
            time,
            event: spec.id,
            syscall: crate::wire::NO_SYSCALL,
            pid,
            tid: pid,
            host_pid: pid,
            host_tid: pid,
            ..Context::default()
        }
    }

    /// Whether tracee reports the event by itself: records of the kernel side have the start time of a task and its
    /// place.
    pub fn is_own(&self) -> bool {
        self.thread_start == 0 && self.mnt_ns == 0
    }
}

/// An event, borrowing its data from the record.
#[derive(Debug)]
pub struct Event<'a> {
    /// Its row in the catalogue.
    pub spec: &'static EventSpec,
    /// The task, the time and the result.
    pub context: Context,
    /// Node name of the UTS namespace; `None` unless an output shows it.
    pub nodename: Option<&'a [u8]>,
    /// The arguments, in the catalogue's order.
    pub args: Vec<Arg<'a>>,
    /// What is known of the process; `None` unless an output shows it.
    pub process: Option<Rc<Process>>,
    /// Its ancestors, where they are shown.
    pub ancestors: Option<Rc<Ancestors>>,
    /// The container that its process is in, or that the event is about.
    pub container: Option<Rc<Container>>,
    /// For a call that was not carried out: the register of its result, if that was no error.
    pub seen: Option<i64>,
    /// How long the call took, in ns, where that is measured and known.
    pub duration: Option<u64>,
    /// The mechanism by which an event of the kernel's own was obtained.
    pub source: Option<&'a str>,
}

impl<'a> Event<'a> {
    /// An event with the fields that every event has; the others are added where they are known.
    pub fn new(spec: &'static EventSpec, context: Context, args: Vec<Arg<'a>>) -> Event<'a> {
        Event {
            spec,
            context,
            nodename: None,
            args,
            process: None,
            ancestors: None,
            container: None,
            seen: None,
            duration: None,
            source: None,
        }
    }

    /// Fills in what only the runtime reports of the container that the event is about.
    pub fn complete(&mut self, container: &'a Container) {
        if !self.spec.columns.life.is_some_and(Life::of_container) {
            return;
        }
        let texts = [
            (arg::CONTAINER_CREATE_RUNTIME, Some(&*container.runtime)),
            (arg::CONTAINER_CREATE_NAME, container.name.as_deref()),
            (arg::CONTAINER_CREATE_IMAGE, container.image.as_deref()),
        ];
        for (position, text) in texts {
            if let Some(arg) = self.args.get_mut(usize::from(position)) {
                arg.value = text.map_or(Value::Null, |text| Value::Str(text.as_bytes()));
                arg.full = 0;
            }
        }
    }

    /// The argument at this position of its row (`wire::arg`), while none has been removed.
    pub fn arg(&self, position: u8) -> Option<&Arg<'a>> {
        self.args.get(usize::from(position))
    }

    /// Whether the call was carried out; true for calls that were not checked, `None` if it is unknown.
    pub fn carried_out(&self) -> Option<bool> {
        match self.context.flags {
            flags if flags & crate::wire::RECORD_UNVERIFIED != 0 => None,
            flags => Some(flags & crate::wire::RECORD_NOT_CARRIED_OUT == 0),
        }
    }

    /// Makes it unknown whether the call was carried out, since the kernel skipped the program that leaves marks.
    pub fn doubt(&mut self) {
        use crate::wire::{RECORD_NOT_CARRIED_OUT, RECORD_UNVERIFIED};
        if self.context.flags & RECORD_NOT_CARRIED_OUT != 0 {
            self.context.flags ^= RECORD_NOT_CARRIED_OUT | RECORD_UNVERIFIED;
            self.context.ret = self.seen.take().unwrap_or(self.context.ret);
        }
    }

    /// Name of the process: up to 15 bytes, any but NUL.
    pub fn comm(&self) -> &[u8] {
        let comm = &self.context.comm;
        // SAFETY: i8 and u8 have the same size and every bit pattern is valid in both.
        let bytes = unsafe { std::slice::from_raw_parts(comm.as_ptr().cast::<u8>(), comm.len()) };
        bytes.split(|byte| *byte == 0).next().unwrap_or_default()
    }

    /// Whether the call returns; false for exit, rt_sigreturn.
    pub fn returns(&self) -> bool {
        self.context.flags & crate::wire::RECORD_NO_RETURN == 0
    }

    /// The error number that it returned.
    pub fn errno(&self) -> Option<i32> {
        match self.context.ret {
            error @ -4095..=-1 if self.returns() => i32::try_from(-error).ok(),
            _ => None,
        }
    }
}

/// One argument.
#[derive(Debug)]
pub struct Arg<'a> {
    /// Its row in the catalogue.
    pub spec: &'static ArgSpec,
    /// The type: `spec.ty`, or the type in this call where another argument decides.
    pub ty: ArgType,
    /// The number, or the address in user memory.
    pub raw: u64,
    /// The argument's value.
    pub value: Value<'a>,
    /// Whether bytes or elements are missing at the end.
    pub truncated: bool,
    /// All elements of an array, or all bytes of a buffer, cut or not; 0: unknown. For `ArgType::Changed`: bit *i* is
    /// set if field *i* differs.
    pub full: u64,
    /// The first bytes of the buffers of a vector, where the user asked for them.
    pub data: Option<Part<'a>>,
    /// What is open as this fd, where the user asked for it.
    pub file: Option<OpenFile<'a>>,
    /// What the process or the thread of this id calls itself, where the kernel side saw that.
    pub name: Option<&'a [u8]>,
    /// For memory that the call writes over: the other value that it had, if that differs from `value`.
    pub other: Option<Other<'a>>,
    /// Whether it was read after the call had returned, which may have written over it.
    pub late: bool,
}

/// The other value of memory that a call writes over.
#[derive(Debug, PartialEq, Eq)]
pub enum Other<'a> {
    /// What the call was given; the value is what it has left.
    Given(Value<'a>),
    /// What the call has left; the value is what it was given.
    After(Value<'a>),
}

impl<'a> Other<'a> {
    /// JSON's keys for the value and its text, and the value. The first key is the table's word, too.
    pub fn parts(&self) -> (&'static str, &'static str, &Value<'a>) {
        match self {
            Other::Given(value) => ("given", "givenText", value),
            Other::After(value) => ("after", "afterText", value),
        }
    }
}

impl<'a> Arg<'a> {
    /// An argument that is whole, and of its row's type.
    pub fn new(spec: &'static ArgSpec, raw: u64, value: Value<'a>) -> Arg<'a> {
        Arg {
            spec,
            ty: spec.ty,
            raw,
            value,
            truncated: false,
            full: 0,
            data: None,
            file: None,
            name: None,
            other: None,
            late: false,
        }
    }

    /// An argument of an event that tracee reports by itself, by its position in the row (`wire::arg`).
    pub fn own(event: &EventSpec, position: u8, raw: u64, value: Value<'a>) -> Arg<'a> {
        Arg::new(&event.args[usize::from(position)], raw, value)
    }

    /// Removes the other value if it equals the value.
    pub(crate) fn keep_difference(&mut self) {
        if self
            .other
            .as_ref()
            .is_some_and(|other| *other.parts().2 == self.value)
        {
            self.other = None;
        }
    }
}

/// What an argument holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A number of the argument's type.
    Number,
    /// A pointer that was not followed, or with nothing to read behind it.
    Pointer,
    /// A null pointer, or a value that does not exist.
    Null,
    /// The memory could not be read.
    Fault,
    /// A string of any bytes but NUL.
    Str(&'a [u8]),
    /// Any bytes.
    Buffer(&'a [u8]),
    /// A list of strings, such as `argv`.
    Strings(Strings<'a>),
    /// A path that the kernel walked.
    Path(PathName<'a>),
    /// An address of a socket.
    Sockaddr(Sockaddr<'a>),
    /// One structure, or several.
    Struct(Array<'a>),
    /// Elements of one type.
    Array(Array<'a>),
    /// A `struct msghdr` with what it points to.
    Msghdr(Msghdr<'a>),
    /// The same several times: `struct mmsghdr`.
    Messages(Messages<'a>),
    /// A set of numbers, one bit each.
    Bits(&'a [u8]),
    /// The value of an option: an `int` if it has that size.
    Option(&'a [u8]),
}
