//! What C needs to know of the catalogue: the header `event_ids.h`.

use std::fmt::Write as _;

use crate::catalogue::{self, reading, spec, ArgSpec, EventSpec};
use crate::symbols::memory;

/// Values beyond the 32 bits of an enum, for C and Rust: their names, values and meanings.
pub const WIDE: [(&str, u64, &str); 1] = [(
    "CHUNK_MARK",
    u64::MAX,
    "The first word of a chunk; the time of a record never has this value.",
)];

/// Kinds of alerts: their names in C and Rust, and their values.
pub fn alerts() -> impl Iterator<Item = (String, u64)> {
    let every = memory::ALERTS.iter().chain(memory::CAPTURED_ALERT);
    every.map(|(value, name)| (format!("ALERT_{name}"), *value))
}

/// The name that C has for the position of an argument.
pub fn position(event: &EventSpec, arg: &ArgSpec) -> String {
    format!("ARG_{}_{}", event.name, arg.name).to_uppercase()
}

/// The text of the header.
pub fn event_ids() -> String {
    let mut text = String::from(
        "/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */\n\
         /* Made by build.rs from src/catalogue/. */\n\
         #ifndef TRACEE_EVENT_IDS_H\n#define TRACEE_EVENT_IDS_H\n\n",
    );
    let numbers = [
        ("MAX_EVENTS", spec::MAX_EVENTS),
        ("MAX_SYSCALLS", spec::MAX_SYSCALLS),
        ("WITHIN_SOCKETCALL", spec::WITHIN_SOCKETCALL.into()),
        ("WITHIN_OLD_SELECT", spec::WITHIN_OLD_SELECT.into()),
        ("WITHIN_OLD_MMAP", spec::WITHIN_OLD_MMAP.into()),
        ("WITHIN_IPC", spec::WITHIN_IPC.into()),
        ("WITHIN_IPC_OLD", spec::WITHIN_IPC_OLD.into()),
        ("WITHIN_MAX", spec::WITHIN_MAX),
        ("IA32_OLD_SELECT", spec::IA32_OLD_SELECT.into()),
        ("IA32_OLD_MMAP", spec::IA32_OLD_MMAP.into()),
        ("IA32_SOCKETCALL", spec::IA32_SOCKETCALL.into()),
        ("IA32_IPC", spec::IA32_IPC.into()),
        ("MAX_ARGS", spec::MAX_ARGS),
        ("MAX_EVENT_ARGS", spec::MAX_EVENT_ARGS),
        ("BYTES_MAX", reading::ARRAY_MAX.into()),
        ("SOCKADDR_MAX", reading::SOCKADDR_MAX.into()),
    ];
    for (name, value) in numbers {
        let _ = writeln!(text, "#define {name} {value}");
    }
    for (name, value, _) in WIDE {
        let _ = writeln!(text, "#define {name} {value:#x}ULL");
    }
    for (name, value) in alerts() {
        let _ = writeln!(text, "#define {name} {value}");
    }
    for (name, value) in spec::ArgKind::EVERY.iter().chain(spec::When::EVERY) {
        let _ = writeln!(text, "#define {name} {value}");
    }
    for event in catalogue::events() {
        let name = event.name.to_uppercase();
        let _ = writeln!(text, "#define EVENT_{name} {}", event.id);
        // Where each argument is, and how many there are.
        text.push_str("enum { ");
        for arg in event.args {
            let _ = write!(text, "{}, ", position(event, arg));
        }
        let _ = writeln!(text, "NARGS_{name} }};");
    }
    text.push_str("\n#endif\n");
    text
}
