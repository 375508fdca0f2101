//! What a recording begins with: which tracee recorded what, where, and how to read it. It is JSON, so that other versions
//! and other programs can read it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};

use crate::catalogue::{self, EventSpec};
use crate::recording::block;
use crate::wire::{item_header, record_header};

/// What every recording begins with: the name, and the version of the format.
pub const MAGIC: [u8; 8] = *b"tracee\0\x01";

/// The header's text takes at most so many bytes. Ours take some 40 KiB, of which most are names of events.
const TEXT_MAX: usize = 4 << 20;

/// Its words take at most so many bytes each: `--trace` may list many containers. An event has at most so many arguments.
const WORDS_MAX: usize = 4096;
const ARGS_MAX: usize = 255;

/// How a recording begins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// Version of tracee that recorded it.
    pub tracee: String,
    /// Where it was recorded.
    pub host: Host,
    /// How long the parts of records are.
    pub record: Sizes,
    /// When tracing began, in ns since boot.
    pub began: u64,
    /// The wall clock: from which time since boot a difference holds, and the wall clock's time of boot (ns).
    pub clock: Vec<(u64, u64)>,
    /// Which processes were traced, in words.
    pub scope: String,
    /// Whether tables show containers.
    pub shows_containers: bool,
    /// The flags of the run that change what events hold.
    pub flags: Flags,
    /// The events that can be in it, by how they are used; those that tracee itself needs are not shown.
    pub events: Vec<Row>,
    /// Names of all events and calls that records may name, by id.
    pub names: Vec<(u16, String)>,
    /// How events of the kernel's own were obtained: event, call (empty: any), JSON's `source`.
    pub sources: Vec<(String, String, String)>,
    /// Names of users by id, and the mount namespace in which they count.
    pub users: BTreeMap<u32, String>,
    /// See `users`.
    pub mount_namespace: Option<u64>,
    /// The pid namespace that tracee ran in, if that was not the host's: filters count pids as it does.
    #[serde(default)]
    pub pid_namespace: Option<u32>,
}

/// The machine that was traced.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Host {
    /// Its node name.
    pub name: String,
    /// Its kernel's release.
    pub kernel: String,
    /// `x86_64`.
    pub arch: String,
    /// Identifies this run of the machine: /proc/sys/kernel/random/boot_id.
    pub boot_id: String,
}

impl Host {
    /// This machine.
    pub fn this() -> Host {
        let text =
            |path: &str| fs::read_to_string(path).map_or_else(|_| String::new(), |text| text.trim().into());
        Host {
            name: text("/proc/sys/kernel/hostname"),
            kernel: text("/proc/sys/kernel/osrelease"),
            arch: std::env::consts::ARCH.into(),
            boot_id: text("/proc/sys/kernel/random/boot_id"),
        }
    }
}

/// How long the parts of records are, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// `struct record_header`.
    pub header: usize,
    /// `struct item_header`.
    pub item: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Sizes {
            header: size_of::<record_header>(),
            item: size_of::<item_header>(),
        }
    }
}

/// Flags of a run that change what its events hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Flags {
    /// `--show-exec-env`
    pub exec_env: bool,
    /// `--decode-fds`
    pub decode_fds: bool,
    /// `--durations`
    pub durations: bool,
    /// `--verify-results`
    pub verify_results: bool,
    /// `--decode-buffers`: so many bytes; 0: none.
    pub decode_buffers: u16,
    /// `--detect-original-syscall`
    pub original_syscall: bool,
    /// `--ancestors`
    pub ancestors: bool,
}

/// An event's row in the catalogue of the tracee that recorded it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The event's name.
    pub name: String,
    /// Whether the user chose it; else tracee itself needed it.
    pub shown: bool,
    /// Its arguments in order: name and type.
    pub args: Vec<(String, String)>,
}

impl Row {
    /// The row of an event of this tracee.
    pub fn of(event: &EventSpec, shown: bool) -> Row {
        let args = event
            .args
            .iter()
            .map(|arg| (arg.name.into(), arg.ty.c_name().into()));
        Row {
            name: event.name.into(),
            shown,
            args: args.collect(),
        }
    }
}

/// Names of all events of this tracee, by id.
pub fn names() -> Vec<(u16, String)> {
    catalogue::events()
        .map(|event| (event.id, event.name.into()))
        .collect()
}

/// Why a recording's beginning is not understood.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// It begins with something else.
    #[error("it is no recording of tracee's")]
    NoRecording,
    /// The version of its format is another.
    #[error("its format is version {0}, and this tracee reads version {version}: use a newer tracee", version = MAGIC[7])]
    Version(u8),
    /// It was recorded with other sizes of records.
    #[error("its records have another form: read it with tracee {0}, which recorded it")]
    Sizes(String),
    /// It ends within the header.
    #[error("it ends within its header: nothing had been recorded yet")]
    Cut,
    /// The text is damaged.
    #[error("its header is damaged: {0}")]
    Damaged(String),
    /// Reading fails.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Header {
    /// The bytes that a recording begins with.
    pub fn bytes(&self) -> io::Result<Vec<u8>> {
        let text = serde_json::to_vec(self)?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(u32::try_from(text.len()).map_err(io::Error::other)?.to_le_bytes());
        bytes.extend(crc32fast::hash(&text).to_le_bytes());
        bytes.extend(text);
        Ok(bytes)
    }

    /// Reads a recording's beginning. Returns how many bytes that is, too.
    pub fn read(from: &mut impl Read) -> Result<(Header, u64), HeaderError> {
        let mut begin = [0; 16];
        let read = block::fill(from, &mut begin)?;
        let [.., version, _, _, _, _, _, _, _, _] = begin;
        if begin[..read.min(7)] != MAGIC[..read.min(7)] || read == 0 {
            return Err(HeaderError::NoRecording);
        }
        if read < begin.len() {
            return Err(HeaderError::Cut);
        }
        if version != MAGIC[7] {
            return Err(HeaderError::Version(version));
        }
        let number = |at: usize| u32::from_le_bytes([begin[at], begin[at + 1], begin[at + 2], begin[at + 3]]);
        let len = number(8) as usize;
        if len > TEXT_MAX {
            return Err(HeaderError::Damaged(format!("it is {len} bytes long")));
        }
        let mut text = vec![0; len];
        if block::fill(from, &mut text)? < len {
            return Err(HeaderError::Cut);
        }
        if crc32fast::hash(&text) != number(12) {
            return Err(HeaderError::Damaged("its checksum is wrong".into()));
        }
        let header: Header =
            serde_json::from_slice(&text).map_err(|error| HeaderError::Damaged(error.to_string()))?;
        let long = |text: &str| text.len() > WORDS_MAX;
        let host = &header.host;
        let words = [
            &header.tracee,
            &header.scope,
            &host.name,
            &host.kernel,
            &host.arch,
            &host.boot_id,
        ];
        if words.iter().any(|text| long(text)) || header.events.iter().any(|row| row.args.len() > ARGS_MAX) {
            return Err(HeaderError::Damaged("a text or a row in it is too long".into()));
        }
        if header.record != Sizes::default() {
            return Err(HeaderError::Sizes(header.tracee));
        }
        Ok((header, (begin.len() + len) as u64))
    }
}
