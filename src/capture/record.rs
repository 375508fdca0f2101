//! Records of the ring of captures, in the format of `src/bpf/captures.h`.

use crate::catalogue;
use crate::decode::cursor::Cursor;
use crate::decode::event::Context;
use crate::decode::path::{Marks, PathName};
use crate::wire::{
    arg, chunk, event, item_header, nargs, CHUNK_MARK, ITEM_FAULT, ITEM_TRUNCATED, MAPPED_DEV, MAPPED_FD,
    MAPPED_INODE, MAPPED_MAGIC, MAPPED_OFFSET, TAKEN_CTIME, TAKEN_DEV, TAKEN_FD, TAKEN_FLAGS,
    TAKEN_GENERATION, TAKEN_INODE, TAKEN_LINKS, TAKEN_MAGIC, TAKEN_MODE, TAKEN_MTIME, TAKEN_NAME, TAKEN_PATH,
    TAKEN_PID, TAKEN_SIZE, TAKEN_VALUES, TAKEN_WHAT,
};

/// What a path begins with whose beginning is missing.
pub const CUT: &[u8] = b"...";

/// One record.
#[derive(Debug)]
pub enum Taken<'a> {
    /// A file that was executed, or may be written to.
    File(Box<FileRecord>),
    /// Memory that became executable.
    Alert(Box<AlertRecord>),
    /// A piece of what was written, with its bytes.
    Chunk(chunk, &'a [u8]),
}

/// A file that was executed, or may be written to.
#[derive(Debug, Clone)]
pub struct FileRecord {
    /// The task that did it.
    pub who: Context,
    /// `TAKE_*`
    pub what: u32,
    /// Pid as our own pid namespace counts; 0: not in it.
    pub pid: u32,
    /// Which file it is.
    pub file: Identity,
    /// `FILE_*`
    pub flags: u32,
    /// The fd by which the process has it open.
    pub fd: u32,
    /// Its path, with marks in words.
    pub path: Vec<u8>,
    /// The executed file as the program named it: a script, if `path` is its interpreter.
    pub name: Vec<u8>,
    /// Marks of the path.
    pub marks: Marks,
}

impl FileRecord {
    /// The path without marks in words.
    pub fn plain_path(&self) -> &[u8] {
        self.marks.strip(&self.path)
    }
}

/// A file as the kernel knows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Device, as `st_dev` of stat(2).
    pub dev: u64,
    /// Its number on its device.
    pub inode: u64,
    /// Distinguishes files that had the same number one after the other.
    pub generation: u32,
    /// Size in bytes.
    pub size: u64,
    /// ns since the epoch
    pub mtime: u64,
    /// The time of its last status change, in the same form.
    pub ctime: u64,
    /// As `st_mode` of stat(2).
    pub mode: u32,
    /// Magic number of its file system, as in `statfs(2)`.
    pub magic: u64,
    /// Number of its names.
    pub links: u64,
}

/// Memory that became executable.
#[derive(Debug, Clone)]
pub struct AlertRecord {
    /// The task that did it.
    pub who: Context,
    /// `ALERT_*`
    pub alert: u64,
    /// Where the memory begins in the process.
    pub addr: u64,
    /// Its length in bytes.
    pub len: u64,
    /// Path of a mapped file, with marks in words.
    pub path: Vec<u8>,
    /// Of the path.
    pub marks: Marks,
    /// For a mapped file: magic number of its file system, fd, offset.
    pub mapped: [u64; 3],
    /// For a mapped file: its device, as `st_dev` of stat(2).
    pub dev: u64,
    /// For a mapped file: its inode.
    pub inode: u64,
}

/// Converts the kernel's `dev_t` to user space's.
pub fn user_dev(dev: u64) -> u64 {
    nix::libc::makedev((dev >> 20) as u32, (dev & 0xf_ffff) as u32)
}

/// Parses one record; `None` if it does not follow the format.
pub fn parse(bytes: &[u8]) -> Option<Taken<'_>> {
    let mut cursor = Cursor::new(bytes);
    if cursor.u64()? == CHUNK_MARK {
        let mut cursor = Cursor::new(bytes);
        let head: chunk = cursor.read()?;
        let data = bytes.get(size_of::<chunk>()..)?;
        return Some(Taken::Chunk(head, data.get(..head.len as usize)?));
    }
    let mut cursor = Cursor::new(bytes);
    let who: Context = cursor.read()?;
    let mut values = [0; TAKEN_VALUES as usize];
    for index in 0..usize::from(who.nvalues) {
        let value = cursor.u64()?;
        if let Some(place) = values.get_mut(index) {
            *place = value;
        }
    }
    catalogue::by_id(who.event)?;
    let value = |at: u8| values[usize::from(at)];
    let (mut path, mut name, mut marks) = (Vec::new(), Vec::new(), Marks::default());
    while !cursor.is_empty() {
        let item: item_header = cursor.read()?;
        let data = cursor.take_padded(item.len as usize)?;
        match item.index {
            _ if item.status == ITEM_FAULT => {}
            TAKEN_PATH | arg::MEM_PROT_ALERT_PATHNAME => {
                let walked = PathName::new(item.flags, data);
                // A path is walked from the file upwards: of a long one the beginning is missing.
                let cut = item.status == ITEM_TRUNCATED;
                path = [if cut { CUT } else { b"" }, &walked.to_vec()].concat();
                marks = walked.marks();
            }
            TAKEN_NAME => name = data.to_vec(),
            _ => {}
        }
    }
    if who.event != event::ARTIFACT_CAPTURED {
        return (who.nvalues >= nargs::MEM_PROT_ALERT).then(|| {
            Taken::Alert(Box::new(AlertRecord {
                who,
                alert: value(arg::MEM_PROT_ALERT_ALERT),
                addr: value(arg::MEM_PROT_ALERT_ADDR),
                len: value(arg::MEM_PROT_ALERT_LEN),
                path,
                marks,
                mapped: [MAPPED_MAGIC, MAPPED_FD, MAPPED_OFFSET].map(value),
                dev: user_dev(value(MAPPED_DEV)),
                inode: value(MAPPED_INODE),
            }))
        });
    }
    Some(Taken::File(Box::new(FileRecord {
        who,
        what: value(TAKEN_WHAT) as u32,
        pid: value(TAKEN_PID) as u32,
        file: Identity {
            dev: user_dev(value(TAKEN_DEV)),
            inode: value(TAKEN_INODE),
            generation: value(TAKEN_GENERATION) as u32,
            size: value(TAKEN_SIZE),
            mtime: value(TAKEN_MTIME),
            ctime: value(TAKEN_CTIME),
            mode: value(TAKEN_MODE) as u32,
            magic: value(TAKEN_MAGIC),
            links: value(TAKEN_LINKS),
        },
        flags: value(TAKEN_FLAGS) as u32,
        fd: value(TAKEN_FD) as u32,
        path,
        name,
        marks,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cut_of_a_record_is_survived() {
        let who = Context {
            event: event::ARTIFACT_CAPTURED,
            nvalues: TAKEN_VALUES,
            ..Context::default()
        };
        // SAFETY: made of integers without padding (it is Plain).
        let mut bytes = unsafe { plain::as_bytes(&who) }.to_vec();
        for value in 0..u64::from(TAKEN_VALUES) {
            bytes.extend(value.to_ne_bytes());
        }
        bytes.extend([0, 0, 2, 0]);
        bytes.extend(3u32.to_ne_bytes());
        bytes.extend(3u64.to_ne_bytes());
        bytes.extend(b"ls\0\0\0\0\0\0");
        match parse(&bytes) {
            Some(Taken::File(file)) => {
                assert_eq!((file.pid, file.file.inode, file.fd), (1, 3, 12));
                assert_eq!(file.path, b"/ls");
            }
            other => panic!("{other:?}"),
        }
        for len in 0..bytes.len() {
            let _ = parse(&bytes[..len]);
        }
        let head = chunk {
            mark: CHUNK_MARK,
            len: 4,
            ..chunk::default()
        };
        // SAFETY: made of integers without padding.
        let mut bytes = unsafe { plain::as_bytes(&head) }.to_vec();
        assert!(parse(&bytes).is_none());
        bytes.extend(b"abcd-and-more");
        assert!(matches!(parse(&bytes), Some(Taken::Chunk(_, b"abcd"))));
    }
}
