//! The tables that the program at `sys_exit` walks: every call of every ABI, and how its arguments are read.

use crate::catalogue::reading::Reading;
use crate::catalogue::spec::{self, ArgKind, CompatStructs, Count, Return, When};
use crate::catalogue::{self, special, ArgType, CompatCall, EventKind, EventSpec, Layout};
use crate::loader::plan::Plan;
use crate::wire::{
    arg_desc, selector, syscall_desc, BUFFERS_OUT, COUNT_ARG, COUNT_ARG32, COUNT_AT, COUNT_BELOW,
    COUNT_CAP_VERSION, COUNT_CONST, COUNT_RET, COUNT_RET_FITS, COUNT_RET_UP_TO, COUNT_RET_UP_TO32, KEEPS_ALL,
    KEEPS_SOME, LAYOUTS, SYSCALL_CHOSEN, SYSCALL_CLOSES, SYSCALL_EXECVE, SYSCALL_EXECVEAT, SYSCALL_ON_ENTER,
    SYSCALL_ON_EXIT, SYSCALL_SKIP_ZERO, SYSCALL_VERIFIED,
};

/// The first key of calls within others.
const WITHIN_KEY: u32 = (LAYOUTS.len() * spec::MAX_SYSCALLS) as u32;

/// The arguments whose type fulfils the condition, one bit each.
fn mask(event: &EventSpec, such: impl Fn(ArgType) -> bool) -> u8 {
    let args = event.args.iter().zip(0u8..).filter(|(arg, _)| such(arg.ty));
    args.fold(0, |mask, (_, index)| mask | 1 << index)
}

impl Plan<'_> {
    /// Every number of every ABI, with what the kernel side does at it.
    pub(super) fn syscall_table(&self) -> impl Iterator<Item = (u32, syscall_desc)> + '_ {
        self.every_call()
            .map(move |(key, layout, call)| (key, self.describe(layout, &call)))
    }

    /// Every number of every ABI, the ABI's layout, and the call.
    pub(super) fn every_call(&self) -> impl Iterator<Item = (u32, Layout, CompatCall)> {
        let abi_key = |abi: usize, nr: u16| (abi * spec::MAX_SYSCALLS) as u32 + u32::from(nr);
        let native = |event: &'static EventSpec| spec::same(event.id, event.name);
        let x86_64 = catalogue::SYSCALLS.iter().map(move |event| (0, native(event)));
        let ia32 = catalogue::IA32.iter().map(|call| (1, *call));
        // Below its own numbers, x32 shares those of x86-64.
        let first_x32 = catalogue::X32.first().map_or(0, |call| call.nr);
        let shared = catalogue::SYSCALLS
            .iter()
            .filter(move |event| event.id < first_x32)
            .map(move |event| (2, native(event)));
        let x32 = catalogue::X32.iter().map(|call| (2, *call));
        let within = catalogue::IA32_WITHIN
            .iter()
            .map(|call| (WITHIN_KEY + u32::from(call.nr), Layout::Ia32, *call));
        x86_64
            .chain(ia32)
            .chain(shared)
            .chain(x32)
            .map(move |(abi, call)| (abi_key(abi, call.nr), LAYOUTS[abi], call))
            .chain(within)
    }

    /// The number that the kernel side looks at first, for a key of that table.
    pub(super) fn number_of(key: u32) -> usize {
        match key.checked_sub(WITHIN_KEY) {
            #[allow(clippy::cast_possible_truncation)] // A row of `IA32_WITHIN`.
            Some(within) => spec::holder(within as u16).into(),
            None => key as usize % spec::MAX_SYSCALLS,
        }
    }

    fn describe(&self, layout: Layout, call: &CompatCall) -> syscall_desc {
        let event = catalogue::expect(call.event);
        debug_assert!(event.kind != EventKind::Kernel);
        let mut flags = match event.columns.returns {
            Return::Once => 0,
            Return::TwiceInChild => SYSCALL_SKIP_ZERO,
            Return::Execve => SYSCALL_SKIP_ZERO | SYSCALL_EXECVE,
            Return::Execveat => SYSCALL_SKIP_ZERO | SYSCALL_EXECVEAT,
            Return::Never => SYSCALL_ON_ENTER,
            Return::TaskExit => SYSCALL_ON_EXIT,
        };
        if self.chosen(event) {
            flags |= SYSCALL_CHOSEN;
        }
        if self.marked.contains(event.name) {
            flags |= SYSCALL_VERIFIED;
        }
        if event.id == special::CLOSE.id {
            flags |= SYSCALL_CLOSES;
        }
        let mut desc = syscall_desc {
            event: event.id,
            flags,
            nargs: event.args.len() as u8,
            split: call.split,
            swap: call.swap,
            pages: match call.pages {
                0 => 0,
                index => 1 << index,
            },
            sign: match layout {
                Layout::Ia32 => mask(event, |ty| ty == ArgType::Off) & !call.split,
                Layout::Native | Layout::X32 => 0,
            },
            ids16: match call.ids16 {
                true => mask(event, |ty| matches!(ty, ArgType::Uid | ArgType::Gid)),
                false => 0,
            },
            keeps: match self.chosen(event) && event.keeps_given() {
                true if event.keeps_all() => KEEPS_ALL,
                true => KEEPS_SOME,
                false => 0,
            },
            checked: self
                .checked
                .iter()
                .find(|(name, _)| *name == event.name)
                .map_or(0, |(_, index)| index + 1),
            ..Default::default()
        };
        let layout = match call.structs {
            // Times are as wide as in native calls, pointers as narrow as in 32-bit calls.
            CompatStructs::Native => Layout::X32,
            CompatStructs::Usual | CompatStructs::Old => layout,
        };
        for (index, (arg, out)) in event.args.iter().zip(&mut desc.args).enumerate() {
            let unread = arg.name == special::ENVP && !self.detail.exec_env
                || call.structs == CompatStructs::Old
                    && matches!(
                        arg.ty,
                        ArgType::Struct(..) | ArgType::Array(..) | ArgType::Select { .. }
                    );
            let ty = if unread { ArgType::Ptr } else { arg.ty };
            *out = self.arg_desc(event, ty, layout);
            let more = match out.kind {
                kind if kind == ArgKind::Value as u8 => false,
                kind if kind == ArgKind::Fd as u8 => self.detail.decode_fds,
                _ => true,
            };
            desc.reads |= u8::from(more) << index;
        }
        desc
    }

    /// How a type is read as an argument of this event.
    fn arg_desc(&self, event: &EventSpec, ty: ArgType, layout: Layout) -> arg_desc {
        if let ArgType::Select { by, table } = ty {
            return arg_desc {
                kind: ArgKind::Select as u8,
                arg: by,
                mask: table.mask,
                ..Default::default()
            };
        }
        let Reading {
            kind,
            when,
            count,
            size,
            max,
        } = ty.reading(layout);
        let wide = |index: u8| {
            let ty = event.args[usize::from(index)].ty;
            matches!(ty, ArgType::Size | ArgType::ULong | ArgType::Long)
        };
        let (count, arg) = match count {
            Count::Const(count) => (COUNT_CONST, count),
            Count::Arg(index) if wide(index) => (COUNT_ARG, index),
            Count::Arg(index) => (COUNT_ARG32, index),
            Count::At(index) => (COUNT_AT, index),
            Count::Ret => (COUNT_RET, 0),
            // It writes nothing if the room is too small.
            Count::RetUpTo(index) if event.id == special::KEYCTL.id => (COUNT_RET_FITS, index),
            Count::RetUpTo(index) if wide(index) => (COUNT_RET_UP_TO, index),
            Count::RetUpTo(index) => (COUNT_RET_UP_TO32, index),
            Count::Below(index) => (COUNT_BELOW, index),
            Count::CapVersion(index) => (COUNT_CAP_VERSION, index),
        };
        let buffer = kind == ArgKind::Bytes && max == 0;
        let mask = match ty.buffers() {
            Some(_) if self.detail.buffer_bytes == 0 => 0,
            Some(When::In) => u32::from(self.detail.buffer_bytes),
            Some(_) => u32::from(self.detail.buffer_bytes) | BUFFERS_OUT,
            None => 0,
        };
        arg_desc {
            kind: match (buffer, kind) {
                (true, _) if self.detail.buffer_bytes == 0 => ArgKind::Value as u8,
                (_, ArgKind::Iovec) if self.detail.buffer_bytes == 0 => ArgKind::Bytes as u8,
                (_, kind) => kind as u8,
            },
            when: when as u8,
            count,
            arg,
            size,
            max: match buffer {
                true => self.detail.buffer_bytes,
                // Only whole elements are read.
                false => max - max.checked_rem(size).unwrap_or(0),
            },
            mask,
        }
    }

    /// How arguments that depend on another one are read.
    pub(super) fn selected(&self) -> impl Iterator<Item = (selector, arg_desc)> + '_ {
        let selects = |event: &'static EventSpec| {
            event
                .args
                .iter()
                .zip(0u8..)
                .filter_map(move |(arg, index)| match arg.ty {
                    ArgType::Select { table, .. } => Some((event, index, table)),
                    _ => None,
                })
        };
        let arguments = self.events.iter().copied().flat_map(selects);
        arguments.flat_map(move |(event, index, table)| {
            let cases = table
                .cases
                .iter()
                .flat_map(|case| (0u8..).zip(LAYOUTS).map(move |abi| (case, abi)));
            cases.map(move |((value, ty), (abi, layout))| {
                let key = selector {
                    event: event.id,
                    index,
                    abi,
                    value: *value,
                };
                (key, self.arg_desc(event, *ty, layout))
            })
        })
    }
}
