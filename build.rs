//! Compiles `src/bpf` to one CO-RE object and makes its skeleton; the header `event_ids.h` comes from the catalogue.

#[allow(dead_code, unused_imports)] // The catalogue serves the tracer; only its ids are needed here.
#[path = "src/catalogue/mod.rs"]
mod catalogue;

use std::error::Error;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use catalogue::spec;
use libbpf_cargo::SkeletonBuilder;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const BPF_DIR: &str = "src/bpf";

fn main() -> Result<()> {
    for path in ["build.rs", "src/catalogue", BPF_DIR, "vmlinux"] {
        println!("cargo:rerun-if-changed={path}");
    }
    println!("cargo:rerun-if-env-changed=CLANG");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets no OUT_DIR")?);
    let header = event_ids_header();
    fs::write(out.join("event_ids.h"), &header)?;
    let stamp = abi_stamp(&header)?;
    println!("cargo:rustc-env=TRACEE_ABI_STAMP={stamp}");

    let object = out.join("tracee.bpf.o");
    build_object(&object, &out, &stamp)?;
    SkeletonBuilder::new()
        .obj(&object)
        .generate(out.join("tracee.skel.rs"))?;
    Ok(())
}

/// Compiles each family and links them into one object.
fn build_object(object: &Path, out: &Path, stamp: &str) -> Result<()> {
    let arch = env::var("CARGO_CFG_TARGET_ARCH")?;
    let (vmlinux, define) = match arch.as_str() {
        "x86_64" => ("vmlinux/x86_64", "-D__TARGET_ARCH_x86"),
        other => return Err(format!("no vmlinux/{other}/vmlinux.h: tracee runs on x86_64 so far").into()),
    };
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets no CARGO_MANIFEST_DIR")?);
    let args: Vec<OsString> = vec![
        define.into(),
        // ALU32 and its jumps, as every kernel from 5.8 on takes them.
        "-mcpu=v3".into(),
        format!("-DABI_STAMP=\"{stamp}\"").into(),
        "-I".into(),
        root.join(vmlinux).into(),
        "-I".into(),
        out.into(),
        // Object files of one source tree are the same wherever it lies.
        format!("-ffile-prefix-map={}=.", root.display()).into(),
        format!("-ffile-prefix-map={}=.", out.display()).into(),
        "-Wall".into(),
        "-Werror".into(),
    ];
    let mut linker = libbpf_rs::Linker::new(object)?;
    let mut sources: Vec<PathBuf> = fs::read_dir(root.join(BPF_DIR))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::result::Result<_, _>>()?;
    sources.retain(|path| path.to_string_lossy().ends_with(".bpf.c"));
    // libbpf's linker misplaces a map that is referred to before it is defined, so the definitions come first.
    sources.sort_by_key(|path| (!path.ends_with("maps.bpf.c"), path.clone()));
    for source in &sources {
        let name = source.file_stem().ok_or("a source without a name")?;
        let part = out.join(name).with_extension("part.o");
        let mut builder = SkeletonBuilder::new();
        builder.source(source).obj(&part).clang_args(&args);
        if let Some(clang) = env::var_os("CLANG") {
            builder.clang(clang);
        }
        builder.build()?;
        linker.add_file(&part)?;
    }
    linker.link()?;
    Ok(())
}

/// What C needs to know of the catalogue.
fn event_ids_header() -> String {
    let mut text = String::from(
        "/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */\n\
         /* Made by build.rs from src/catalogue/. */\n\
         #ifndef TRACEE_EVENT_IDS_H\n#define TRACEE_EVENT_IDS_H\n\n",
    );
    let numbers = [
        ("MAX_EVENTS", spec::MAX_EVENTS),
        ("MAX_SYSCALLS", spec::MAX_SYSCALLS),
        ("MAX_ARGS", spec::MAX_ARGS),
        ("MAX_EVENT_ARGS", spec::MAX_EVENT_ARGS),
    ];
    for (name, value) in numbers {
        let _ = writeln!(text, "#define {name} {value}");
    }
    for (name, value) in spec::ArgKind::EVERY.iter().chain(spec::When::EVERY) {
        let _ = writeln!(text, "#define {name} {value}");
    }
    for event in catalogue::events() {
        let _ = writeln!(text, "#define EVENT_{} {}", event.name.to_uppercase(), event.id);
    }
    text.push_str("\n#endif\n");
    text
}

/// Changes whenever a record, a map or a kernel event does: object and binary must agree on these.
fn abi_stamp(header: &str) -> Result<String> {
    let mut text = String::from(header);
    for event in catalogue::KERNEL {
        let _ = write!(text, "{} {:?};", event.name, event.args);
    }
    for file in ["record.h", "maps.h"] {
        text.push_str(&fs::read_to_string(Path::new(BPF_DIR).join(file))?);
    }
    // FNV-1a, 64 bits: the same in every build, which the standard library's hasher does not promise.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Ok(format!("{hash:016x}"))
}
