//! Frames of processes: what was known of each, and who its ancestors were.

use std::collections::HashMap;
use std::rc::Rc;

use crate::decode::event::Context;
use crate::decode::path::Marks;
use crate::decode::process::{
    Ancestor, Ancestors, Argv, Entity, Executable, FileId, Maker, Process, ANCESTORS_MAX,
};
use crate::recording::frame::{self, flag, kind};

/// Host pid and start time: identifies a process for ever.
type Key = (u32, u64);

/// What is known of processes at this point of a block.
#[derive(Debug, Default)]
pub struct Lives {
    processes: HashMap<Key, Rc<Process>>,
    ancestors: HashMap<Key, Rc<Ancestors>>,
    /// The process that the last record was of: the next one mostly is of the same.
    last: Option<(Key, Rc<Process>)>,
}

fn key(context: &Context) -> Key {
    (context.host_pid, context.process_start)
}

/// Bits of a process's frame: what is known.
mod has {
    pub const MAKER: u8 = 1 << 0;
    pub const EXECUTABLE: u8 = 1 << 1;
    pub const FILE: u8 = 1 << 2;
    pub const ARGV: u8 = 1 << 3;
    pub const ARGV_CUT: u8 = 1 << 4;
    pub const UID: u8 = 1 << 5;
}

impl Lives {
    /// Forgets all, where a block begins.
    pub fn clear(&mut self) {
        self.processes.clear();
        self.ancestors.clear();
        self.last = None;
    }

    /// Writes what readers of this block do not know yet of the process of a record. Returns flags of the record.
    pub fn note(
        &mut self,
        context: &Context,
        process: Option<&Rc<Process>>,
        ancestors: Option<&Rc<Ancestors>>,
        out: &mut Vec<u8>,
    ) -> u8 {
        let key = key(context);
        let flags = match process {
            Some(process) => {
                let is_last = |(last, known): &(Key, Rc<Process>)| *last == key && Rc::ptr_eq(known, process);
                if !self.last.as_ref().is_some_and(is_last) {
                    self.note_process(key, process, out);
                    self.last = Some((key, Rc::clone(process)));
                }
                0
            }
            None if self.processes.contains_key(&key) => flag::NO_PROCESS,
            None => 0,
        };
        flags | self.note_ancestors(key, ancestors, out)
    }

    fn note_process(&mut self, key: Key, process: &Rc<Process>, out: &mut Vec<u8>) {
        let known = self.processes.get(&key);
        if known.is_some_and(|known| Rc::ptr_eq(known, process)) {
            return;
        }
        push_process(out, key, process);
        self.processes.insert(key, Rc::clone(process));
        self.last = None;
    }

    fn note_ancestors(&mut self, key: Key, ancestors: Option<&Rc<Ancestors>>, out: &mut Vec<u8>) -> u8 {
        let known = self.ancestors.get(&key);
        match (ancestors, known) {
            (None, None) => return 0,
            (None, Some(_)) => return flag::NO_ANCESTORS,
            (Some(ancestors), Some(known)) if Rc::ptr_eq(ancestors, known) => return 0,
            _ => {}
        }
        let Some(ancestors) = ancestors else {
            return 0;
        };
        let mut bytes = Vec::with_capacity(16 * (ancestors.len() + 1));
        let mut push = |pid: u32, number: u32, start: u64| {
            bytes.extend(pid.to_le_bytes());
            bytes.extend(number.to_le_bytes());
            bytes.extend(start.to_le_bytes());
        };
        push(key.0, u32::try_from(ancestors.len()).unwrap_or(u32::MAX), key.1);
        for Ancestor { process, reparented } in ancestors.iter() {
            self.note_process((process.pid, process.start), process, out);
            push(process.pid, u32::from(*reparented), process.start);
        }
        frame::push(out, kind::ANCESTORS, 0, &[&bytes]);
        self.ancestors.insert(key, Rc::clone(ancestors));
        0
    }

    /// Learns what a frame says of a process.
    pub fn learn_process(&mut self, bytes: &[u8]) -> Option<()> {
        self.learned(process(Bytes(bytes))?);
        Some(())
    }

    fn learned(&mut self, process: Process) {
        let key = (process.pid, process.start);
        self.processes.insert(key, Rc::new(process));
        self.last = None;
    }

    /// Learns what a frame says of a process's ancestors, each of which an earlier frame has described.
    pub fn learn_ancestors(&mut self, bytes: &[u8]) -> Option<()> {
        let mut bytes = Bytes(bytes);
        let (pid, count, start) = (bytes.u32()?, bytes.u32()? as usize, bytes.u64()?);
        let mut found = Vec::new();
        for _ in 0..Some(count).filter(|count| *count <= ANCESTORS_MAX)? {
            let (pid, reparented, start) = (bytes.u32()?, bytes.u32()? != 0, bytes.u64()?);
            let process = Rc::clone(self.processes.get(&(pid, start))?);
            found.push(Ancestor { process, reparented });
        }
        self.ancestors.insert((pid, start), found.into());
        Some(())
    }

    /// What is known of the process that a record is of.
    pub fn process(&mut self, context: &Context) -> Option<Rc<Process>> {
        let key = key(context);
        if let Some((_, known)) = self.last.as_ref().filter(|(last, _)| *last == key) {
            return Some(Rc::clone(known));
        }
        let process = self.processes.get(&key)?;
        self.last = Some((key, Rc::clone(process)));
        Some(Rc::clone(process))
    }

    /// Its ancestors.
    pub fn ancestors(&self, context: &Context) -> Option<Rc<Ancestors>> {
        match self.ancestors.is_empty() {
            true => None,
            false => self.ancestors.get(&key(context)).map(Rc::clone),
        }
    }
}

/// Appends what is known of a process. `key`: what its records call it.
fn push_process(out: &mut Vec<u8>, key: Key, process: &Process) {
    let bit = |known: bool, bit: u8| if known { bit } else { 0 };
    let (argv, cut) = process
        .argv
        .as_ref()
        .map_or((&[][..], false), |argv| argv.shown());
    let executable = process.executable.as_deref();
    let file = executable.and_then(|executable| executable.file);
    let known = bit(process.maker.is_some(), has::MAKER)
        | bit(executable.is_some(), has::EXECUTABLE)
        | bit(file.is_some(), has::FILE)
        | bit(process.argv.is_some(), has::ARGV)
        | bit(cut, has::ARGV_CUT)
        | bit(process.uid.is_some(), has::UID);
    let marks = executable.map_or(0, |executable| executable.marks.bits());
    let path = executable.map_or(&[][..], |executable| &executable.path);
    let maker = process.maker.unwrap_or(Maker {
        pid: 0,
        entity: Entity(0),
    });
    let file = file.unwrap_or_default();
    let len = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
    let parts = [
        &key.0.to_le_bytes()[..],
        &[known, marks, 0, 0],
        &key.1.to_le_bytes(),
        &process.entity.0.to_le_bytes(),
        &maker.entity.0.to_le_bytes(),
        &maker.pid.to_le_bytes(),
        &process.uid.unwrap_or(0).to_le_bytes(),
        &file.dev.to_le_bytes(),
        &file.mode.to_le_bytes(),
        &file.inode.to_le_bytes(),
        &file.ctime.to_le_bytes(),
        &process.comm,
        &len(argv),
        &len(path),
        argv,
        path,
    ];
    frame::push(out, kind::PROCESS, 0, &parts);
}

fn process(mut bytes: Bytes<'_>) -> Option<Process> {
    let pid = bytes.u32()?;
    let [known, marks, _, _] = bytes.array()?;
    let has = |bit| known & bit != 0;
    let (start, entity, of_maker) = (bytes.u64()?, bytes.u64()?, bytes.u64()?);
    let (maker, uid) = (bytes.u32()?, bytes.u32()?);
    let file = FileId {
        dev: bytes.u32()?,
        mode: bytes.u32()?,
        inode: bytes.u64()?,
        ctime: bytes.u64()?,
    };
    let comm = bytes.array()?;
    let (argv, path) = (bytes.u32()? as usize, bytes.u32()? as usize);
    let (argv, path) = (bytes.take(argv)?, bytes.take(path)?);
    Some(Process {
        pid,
        start,
        entity: Entity(entity),
        maker: has(has::MAKER).then_some(Maker {
            pid: maker,
            entity: Entity(of_maker),
        }),
        executable: has(has::EXECUTABLE).then(|| {
            Rc::new(Executable {
                path: path.to_vec(),
                marks: Marks::from_bits(marks),
                file: has(has::FILE).then_some(file),
            })
        }),
        argv: has(has::ARGV).then(|| Rc::new(Argv::of_bytes(argv, has(has::ARGV_CUT)))),
        comm,
        uid: has(has::UID).then_some(uid),
    })
}

/// Numbers of a frame, one after the other.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(pid: u32) -> Rc<Process> {
        Rc::new(Process {
            pid,
            start: 7,
            entity: Entity(u64::from(pid)),
            maker: (pid > 1).then_some(Maker {
                pid: 1,
                entity: Entity(1),
            }),
            executable: Some(Rc::new(Executable {
                path: b"/bin/\xff".to_vec(),
                marks: Marks::from_bits(3),
                file: Some(FileId {
                    dev: 1,
                    mode: 2,
                    inode: 3,
                    ctime: 4,
                }),
            })),
            argv: Some(Rc::new(Argv::of_bytes(b"a\0b\0", false))),
            comm: *b"name\0\0\0\0\0\0\0\0\0\0\0\0",
            uid: Some(1000),
        })
    }

    fn learn_all(lives: &mut Lives, bytes: &[u8]) -> Option<()> {
        let mut at = 0;
        while let Some((frame, next)) = frame::at(bytes, at) {
            match frame.kind {
                kind::PROCESS => lives.learn_process(frame.bytes)?,
                _ => lives.learn_ancestors(frame.bytes)?,
            }
            at = next;
        }
        Some(())
    }

    #[test]
    fn what_is_noted_is_learnt() {
        let (init, child) = (some(1), some(2));
        let ancestors: Rc<Ancestors> = Rc::new([Ancestor {
            process: Rc::clone(&init),
            reparented: true,
        }]);
        let context = Context {
            host_pid: 2,
            process_start: 7,
            ..Context::default()
        };
        let (mut writer, mut out) = (Lives::default(), Vec::new());
        assert_eq!(writer.note(&context, Some(&child), Some(&ancestors), &mut out), 0);
        let len = out.len();
        assert_eq!(writer.note(&context, Some(&child), Some(&ancestors), &mut out), 0);
        assert_eq!(out.len(), len, "it was known");
        let flags = flag::NO_PROCESS | flag::NO_ANCESTORS;
        assert_eq!(writer.note(&context, None, None, &mut out), flags);
        let mut reader = Lives::default();
        learn_all(&mut reader, &out).unwrap();
        assert_eq!(reader.process(&context), Some(child));
        assert_eq!(reader.ancestors(&context), Some(ancestors));
        // Each cut of a frame is found.
        for cut in 0..out.len() {
            let mut at = 0;
            while let Some((frame, next)) = frame::at(&out, at) {
                let end = cut.min(frame.bytes.len());
                let _ = reader.learn_process(&frame.bytes[..end]);
                let _ = reader.learn_ancestors(&frame.bytes[..end]);
                at = next;
            }
        }
    }

    #[test]
    fn ancestors_that_nobody_has_described_make_no_sense() {
        let mut bytes = Vec::new();
        for number in [2u32, 1, 7, 0, 1, 0, 7, 0] {
            bytes.extend(number.to_le_bytes());
        }
        assert_eq!(Lives::default().learn_ancestors(&bytes), None);
        bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(Lives::default().learn_ancestors(&bytes), None);
    }
}
