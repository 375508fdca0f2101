//! One JSON object a line.

use std::fmt;
use std::rc::Rc;

use serde::ser::SerializeMap;

use crate::catalogue::ArgSpec;
use crate::clock::Timeline;
use crate::decode::container::Container;
use crate::decode::event::{Arg, Context, Event};
use crate::decode::process::{Ancestors, Process};
use crate::json::{Nulls, Plain};
use crate::output::json_fields::{
    entries_of_arg, entries_of_spec, Call, EventFields, Head, JsonValue, ThreadFields,
};

/// How many threads are remembered.
const THREADS: usize = 64;

/// Writes events as lines of JSON. What a line says of its thread is kept, since the next one of that thread mostly says
/// the same; so is what it says of its event.
#[derive(Default)]
pub struct Lines {
    /// Whether what can be derived is left out.
    compact: bool,
    threads: Vec<Thread>,
    /// By id.
    events: Vec<Row>,
    /// One argument in words; kept to reuse its memory.
    text: String,
}

/// What a line says of its thread.
#[derive(Default)]
struct Thread {
    /// The part of the record's header that belongs to the thread, and when that began by the wall clock.
    context: Context,
    start: u64,
    nodename: Option<Vec<u8>>,
    process: Option<Rc<Process>>,
    ancestors: Option<Rc<Ancestors>>,
    container: Option<Rc<Container>>,
    /// What a line says of all that, with the brace that ends its object. Empty: not known yet.
    bytes: Vec<u8>,
}

/// What a line says of its event, whatever happened.
#[derive(Default)]
struct Row {
    args_num: usize,
    /// With the brace that ends its object. Empty: not known yet.
    bytes: Vec<u8>,
    args: Vec<RowArg>,
}

/// The beginning of an argument's object.
struct RowArg {
    spec: &'static ArgSpec,
    /// As C calls it; another argument may decide.
    ty: &'static str,
    /// `{"name":"fd","type":"int"`
    bytes: Vec<u8>,
}

impl Row {
    fn push(&mut self, out: &mut Vec<u8>, event: &Event<'_>, compact: bool) -> fmt::Result {
        if self.bytes.is_empty() || self.args_num != event.args.len() {
            self.args_num = event.args.len();
            let before = out.len() - 1;
            Nulls::Kept.extend(out, &EventFields::new(event, compact))?;
            self.bytes.clear();
            self.bytes.extend_from_slice(&out[before..]);
            return Ok(());
        }
        out.pop();
        out.extend_from_slice(&self.bytes);
        Ok(())
    }

    /// What the argument at this position begins with.
    fn arg(&mut self, position: usize, arg: &Arg<'_>, compact: bool) -> Result<&[u8], fmt::Error> {
        let ty = arg.ty.c_name();
        let known = |row: &RowArg| std::ptr::eq(row.spec, arg.spec) && row.ty == ty;
        if !self.args.get(position).is_some_and(known) {
            let mut bytes = Vec::new();
            entries_of_spec(&mut Nulls::Kept.object(&mut bytes), arg, compact)?;
            let row = RowArg {
                spec: arg.spec,
                ty,
                bytes,
            };
            self.args.truncate(position);
            self.args.push(row);
        }
        Ok(&self.args[position].bytes)
    }
}

impl Lines {
    /// Lines without nulls, and without what follows from the event's name or from a number.
    pub fn compact() -> Lines {
        Lines {
            compact: true,
            ..Lines::default()
        }
    }

    fn nulls(&self) -> Nulls {
        match self.compact {
            true => Nulls::LeftOut,
            false => Nulls::Kept,
        }
    }

    /// Appends an event as one line. `clock` is the wall clock.
    pub fn push(&mut self, out: &mut Vec<u8>, event: &Event<'_>, clock: &Timeline) -> fmt::Result {
        let (nulls, compact) = (self.nulls(), self.compact);
        nulls.write(out, &Head::new(event, clock))?;
        self.push_thread(out, event, clock)?;
        let id = usize::from(event.spec.id);
        if self.events.len() <= id {
            self.events.resize_with(id + 1, Row::default);
        }
        let row = &mut self.events[id];
        row.push(out, event, compact)?;
        nulls.extend(out, &Call::new(event))?;
        out.pop();
        out.extend_from_slice(b",\"args\":[");
        for (position, arg) in event.args.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            out.extend_from_slice(row.arg(position, arg, compact)?);
            let mut map = nulls.inside_object(out);
            map.serialize_entry(&Plain("value"), &JsonValue::of(arg, &event.context))?;
            entries_of_arg(&mut map, arg, &event.context, compact, &mut self.text)?;
            map.end()?;
        }
        out.extend_from_slice(b"]}\n");
        Ok(())
    }

    fn push_thread(&mut self, out: &mut Vec<u8>, event: &Event<'_>, clock: &Timeline) -> fmt::Result {
        let nulls = self.nulls();
        self.threads.resize_with(THREADS, Thread::default);
        let thread = &mut self.threads[event.context.host_tid as usize % THREADS];
        let start = clock.wall(event.context.thread_start);
        if !thread.is_of(event, start) {
            thread.bytes.clear();
            let before = out.len() - 1;
            nulls.extend(out, &ThreadFields::new(event, start, clock, self.compact))?;
            thread.keep(event, start, &out[before..]);
            return Ok(());
        }
        out.pop();
        out.extend_from_slice(&thread.bytes);
        Ok(())
    }
}

/// The part of a record's header that belongs to the thread.
fn of_thread(context: &Context) -> Context {
    Context {
        time: 0,
        ret: 0,
        cpu: 0,
        event: 0,
        syscall: 0,
        abi: 0,
        nvalues: 0,
        flags: 0,
        reserved: 0,
        ..*context
    }
}

impl Thread {
    fn is_of(&self, event: &Event<'_>, start: u64) -> bool {
        fn same<T: ?Sized>(one: Option<&Rc<T>>, other: Option<&Rc<T>>) -> bool {
            match (one, other) {
                (Some(one), Some(other)) => Rc::ptr_eq(one, other),
                (one, other) => one.is_none() && other.is_none(),
            }
        }
        let context = of_thread(&event.context);
        // SAFETY: Context is made of integers without padding (it is Plain).
        let same_context = unsafe { plain::as_bytes(&self.context) == plain::as_bytes(&context) };
        !self.bytes.is_empty()
            && same_context
            && self.start == start
            && self.nodename.as_deref() == event.nodename
            && same(self.process.as_ref(), event.process.as_ref())
            && same(self.ancestors.as_ref(), event.ancestors.as_ref())
            && same(self.container.as_ref(), event.container.as_ref())
    }

    fn keep(&mut self, event: &Event<'_>, start: u64, bytes: &[u8]) {
        self.context = of_thread(&event.context);
        self.start = start;
        match (&mut self.nodename, event.nodename) {
            (Some(kept), Some(name)) => {
                kept.clear();
                kept.extend_from_slice(name);
            }
            (kept, name) => *kept = name.map(<[u8]>::to_vec),
        }
        self.process.clone_from(&event.process);
        self.ancestors.clone_from(&event.ancestors);
        self.container.clone_from(&event.container);
        self.bytes.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests;
