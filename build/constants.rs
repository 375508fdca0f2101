//! The constants of `src/wire/`: C's enums from the object's BTF, and what both sides take from the catalogue.
//!
//! libbpf-cargo prints each enum as a type of its own, whose values are taken out by `.0` and fit in no pattern of a
//! number. Records hold plain numbers, so that plain constants read better.

use std::fmt::Write as _;
use std::path::Path;

use libbpf_rs::btf::types::{Enum, Union};
use libbpf_rs::btf::{Btf, HasSize};

use crate::catalogue;
use crate::header::{alerts, WIDE};
use crate::Result;

/// The union whose members are the enums that Rust has: `src/bpf/maps.bpf.c`.
const SHARED: &str = "shared_enums";

/// The enum whose names Rust needs instead of its values: `src/bpf/after.h`.
const BODIES: &str = "after_body";

/// The text of the module.
pub fn of_object(object: &Path) -> Result<String> {
    let mut text = String::from("// Made by build.rs.\n");
    let btf = Btf::from_path(object)?;
    let shared = btf
        .type_by_name::<Union<'_>>(SHARED)
        .ok_or_else(|| format!("the object has no union {SHARED}"))?;
    for member in shared.iter() {
        let values: Enum<'_> = btf
            .type_by_id(member.ty)
            .ok_or_else(|| format!("a member of {SHARED} is no enum of 32 bits"))?;
        let of = values.name().unwrap_or_default().to_string_lossy();
        // The enum says its own width: `enum item_part : __u8`.
        let ty = match values.size() {
            1 => "u8",
            2 => "u16",
            4 => "u32",
            size => return Err(format!("enum {of} has {size} bytes").into()),
        };
        if of == BODIES {
            text.push_str(
                "/// What looks at calls after them; each has its position in C's `enum after_body`.\n",
            );
            text.push_str("pub const AFTER_BODIES: &[&str] = &[\n");
            for value in values.iter() {
                let name = value.name.unwrap_or_default().to_string_lossy();
                let _ = writeln!(text, "    \"{}\",", name.trim_start_matches("AFTER_"));
            }
            text.push_str("];\n");
            continue;
        }
        for value in values.iter() {
            let name = value.name.unwrap_or_default().to_string_lossy();
            let value = value.value;
            let _ = writeln!(
                text,
                "/// A value of C's `enum {of}`.\npub const {name}: {ty} = {value};"
            );
        }
    }
    for (name, value, what) in WIDE {
        let _ = writeln!(text, "/// {what}\npub const {name}: u64 = {value:#x};");
    }
    for (name, value) in alerts() {
        let _ = writeln!(
            text,
            "/// A kind of `mem_prot_alert`.\npub const {name}: u64 = {value};"
        );
    }
    text.push_str("/// Ids of events.\npub mod event {\n");
    for event in catalogue::events() {
        let (name, id) = (event.name, event.id);
        let _ = writeln!(
            text,
            "    /// `{name}`\n    pub const {}: u16 = {id};",
            name.to_uppercase()
        );
    }
    text.push_str("}\n/// Positions of the arguments of the kernel's own events.\npub mod arg {\n");
    for event in catalogue::KERNEL {
        for (arg, index) in event.args.iter().zip(0u8..) {
            let _ = writeln!(
                text,
                "    /// `{}` of `{}`\n    pub const {}_{}: u8 = {index};",
                arg.name,
                event.name,
                event.name.to_uppercase(),
                arg.name.to_uppercase()
            );
        }
    }
    text.push_str("}\n/// How many arguments the kernel's own events have.\npub mod nargs {\n");
    for event in catalogue::KERNEL {
        let (name, count) = (event.name, event.args.len());
        let _ = writeln!(
            text,
            "    /// `{name}`\n    pub const {}: u8 = {count};",
            name.to_uppercase()
        );
    }
    text.push_str("}\n");
    Ok(text)
}
