//! Compiles `src/bpf` to one CO-RE object and makes its skeleton. What C and Rust share is generated: the catalogue's
//! ids for C (`event_ids.h`), C's types and enums for Rust (`src/wire/`). What a rebuild of the object needs goes into
//! the binary, compressed.

#[allow(dead_code, unused_imports)] // The catalogue serves the tracer; only its ids are needed here.
#[path = "src/catalogue/mod.rs"]
mod catalogue;
#[path = "src/loader/compile.rs"]
mod compile;
#[path = "build/constants.rs"]
mod constants;
#[path = "build/header.rs"]
mod header;
#[path = "build/rows.rs"]
mod rows;
#[allow(dead_code, unused_imports)] // The catalogue's rows name its tables; here the alerts' names are needed.
#[path = "src/symbols/mod.rs"]
mod symbols;

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use compile::Compile;
use libbpf_cargo::SkeletonBuilder;
use libbpf_rs::libbpf_sys::API_HEADERS;
use object::read::elf::ElfFile64;
use object::{Object, ObjectSection};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const BPF_DIR: &str = "src/bpf";

fn main() {
    // Cargo shows each line as an error of its own, and fails.
    if let Err(error) = build() {
        for line in error.to_string().lines() {
            println!("cargo::error={line}");
        }
    }
}

fn build() -> Result<()> {
    for path in [
        "build.rs",
        "build",
        "src/catalogue",
        "src/loader/compile.rs",
        "src/symbols",
        BPF_DIR,
        "vmlinux",
    ] {
        println!("cargo:rerun-if-changed={path}");
    }
    println!("cargo:rerun-if-env-changed=CLANG");
    println!("cargo:rerun-if-env-changed=TRACEE_BPF_OBJECT");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets no OUT_DIR")?);
    let header = header::event_ids();
    fs::write(out.join("event_ids.h"), &header)?;
    let stamp = abi_stamp(&header)?;
    println!("cargo:rustc-env=TRACEE_ABI_STAMP={stamp}");
    println!("cargo:rustc-env=TRACEE_CLANG={}", clang_major());

    let sources = bpf_files()?;
    compressed(&out.join("sources.deflate"), &archive(&header, &sources)?)?;
    let texts: String = sources.iter().map(|(_, text)| text.as_str()).collect();
    rows::check(catalogue::events(), &texts)?;
    let object = out.join("tracee.bpf.o");
    // The fuzz targets load no object: they take the one that the tests have compiled, since it takes minutes.
    if let Some(built) = env::var_os("TRACEE_BPF_OBJECT") {
        println!("cargo:rerun-if-changed={}", Path::new(&built).display());
        fs::copy(built, &object)?;
    } else {
        build_object(&object, &out, &stamp)?;
        // A debug build keeps line numbers: the kernel's log of a refused program names lines.
        if env::var("PROFILE")? == "release" {
            fs::write(&object, without_lines(fs::read(&object)?)?)?;
        }
    }
    compressed(&out.join("tracee.bpf.o.deflate"), &fs::read(&object)?)?;
    SkeletonBuilder::new()
        .obj(&object)
        .generate(out.join("tracee.skel.rs"))?;
    fs::write(out.join("constants.rs"), constants::of_object(&object)?)?;
    Ok(())
}

/// The folder of the pinned kernel types.
fn vmlinux() -> Result<PathBuf> {
    let arch = env::var("CARGO_CFG_TARGET_ARCH")?;
    let folder = Path::new("vmlinux").join(&arch);
    match folder.join("vmlinux.h").exists() {
        true => Ok(folder),
        false => Err(format!("vmlinux/{arch}/vmlinux.h is missing: tracee runs on x86_64 so far").into()),
    }
}

/// Compiles each family and links them into one object.
fn build_object(object: &Path, out: &Path, stamp: &str) -> Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets no CARGO_MANIFEST_DIR")?);
    for (name, text) in headers() {
        let path = out.join(name);
        fs::create_dir_all(path.parent().unwrap_or(out))?;
        fs::write(path, text)?;
    }
    let compile = Compile {
        sources: &root.join(BPF_DIR),
        includes: &[&root.join(vmlinux()?), out],
        scratch: out,
        arch: &env::var("CARGO_CFG_TARGET_ARCH")?,
        abi_stamp: stamp,
    };
    Ok(compile.object(object)?)
}

/// The major version of the compiler of the object; empty if unknown. Tests compare what it compiles with older counts.
fn clang_major() -> String {
    let clang = env::var("CLANG").unwrap_or_else(|_| "clang".into());
    let output = Command::new(clang).arg("--version").output();
    let said = output.map_or_else(|_| Vec::new(), |output| output.stdout);
    let said = String::from_utf8_lossy(&said);
    let version = said.split_once("clang version ").map_or("", |(_, rest)| rest);
    version.split(['.', ' ']).next().unwrap_or_default().into()
}

/// The object without the line numbers of its instructions, which libbpf keeps in memory for as long as it runs: 1.5
/// MiB. The other parts of `.BTF.ext`, functions and relocations, stay (`struct btf_ext_header` of libbpf).
fn without_lines(mut object: Vec<u8>) -> Result<Vec<u8>> {
    let (start, size, header) = {
        let elf = ElfFile64::<object::Endianness>::parse(&*object)?;
        let section = elf.section_by_name(".BTF.ext").ok_or("no .BTF.ext")?;
        let (start, size) = section.file_range().ok_or(".BTF.ext is empty")?;
        let headers = elf.elf_header().e_shoff.get(elf.endian()) as usize;
        let header =
            headers + section.index().0 * size_of::<object::elf::SectionHeader64<object::Endianness>>();
        (start as usize, size as usize, header)
    };
    let ext = &mut object[start..start + size];
    // magic, version, flags, length of the header; then offset (behind it) and length of functions, lines, relocations.
    let word = |at: usize| -> Result<usize> {
        let bytes = ext.get(at..at + 4).ok_or(".BTF.ext is cut")?;
        Ok(u32::from_le_bytes(bytes.try_into()?) as usize)
    };
    let (begin, lines, lines_len) = (word(4)?, word(16)?, word(20)?);
    let (relocations, relocations_len) = (word(24)?, word(28)?);
    if relocations != lines + lines_len || begin + relocations + relocations_len != size {
        return Err(".BTF.ext: the relocations do not follow the lines".into());
    }
    ext.copy_within(begin + relocations.., begin + lines);
    ext[20..24].copy_from_slice(&0u32.to_le_bytes());
    ext[24..28].copy_from_slice(&u32::try_from(lines)?.to_le_bytes());
    ext[size - lines_len..].fill(0);
    let size_field = header + std::mem::offset_of!(object::elf::SectionHeader64<object::Endianness>, sh_size);
    object[size_field..size_field + 8].copy_from_slice(&((size - lines_len) as u64).to_le_bytes());
    Ok(object)
}

/// libbpf's headers for programs.
fn headers() -> impl Iterator<Item = (String, &'static str)> {
    const WANTED: [&str; 4] = [
        "bpf_helpers.h",
        "bpf_helper_defs.h",
        "bpf_core_read.h",
        "bpf_tracing.h",
    ];
    API_HEADERS
        .iter()
        .filter(|(name, _)| WANTED.contains(name))
        .map(|(name, text)| (format!("bpf/{name}"), *text))
}

/// All files that compiling needs, in the format that `src/loader/rebuild.rs` unpacks: for each file its name, its
/// length and its bytes.
fn archive(event_ids: &str, sources: &[(String, String)]) -> Result<Vec<u8>> {
    let mut files: Vec<(String, Vec<u8>)> = vec![
        ("event_ids.h".into(), event_ids.into()),
        ("vmlinux.h".into(), fs::read(vmlinux()?.join("vmlinux.h"))?),
    ];
    files.extend(headers().map(|(name, text)| (name, text.into())));
    files.extend(
        sources
            .iter()
            .map(|(name, text)| (name.clone(), text.clone().into())),
    );
    let mut bytes = Vec::new();
    for (name, contents) in &files {
        bytes.extend(u32::try_from(name.len())?.to_le_bytes());
        bytes.extend(name.as_bytes());
        bytes.extend(u32::try_from(contents.len())?.to_le_bytes());
        bytes.extend(contents);
    }
    Ok(bytes)
}

/// Paths and texts of all files of `src/bpf`, in the same order in every build.
fn bpf_files() -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for folder in ["", "lib"] {
        for entry in fs::read_dir(Path::new(BPF_DIR).join(folder))? {
            let path = entry?.path();
            if path.is_file() {
                files.push((path.to_string_lossy().into_owned(), fs::read_to_string(&path)?));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Compresses data that is needed once, or hardly ever, to a third of its size.
fn compressed(path: &Path, bytes: &[u8]) -> Result<()> {
    const LEVEL: u8 = 9;
    Ok(fs::write(
        path,
        miniz_oxide::deflate::compress_to_vec(bytes, LEVEL),
    )?)
}

/// A stamp that changes whenever a record, a map or a kernel event does: object and binary must agree on these.
fn abi_stamp(header: &str) -> Result<String> {
    let mut text = String::from(header);
    for event in catalogue::KERNEL {
        let _ = write!(text, "{} {:?};", event.name, event.args);
    }
    for file in [
        "after.h",
        "record.h",
        "captures.h",
        "filter.h",
        "scratch.h",
        "maps.h",
    ] {
        text.push_str(&fs::read_to_string(Path::new(BPF_DIR).join(file))?);
    }
    // FNV-1a, 64 bits: the same in every build, which the standard library's hasher does not promise.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Ok(format!("{hash:016x}"))
}
