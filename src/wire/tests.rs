//! A mismatch between C and the catalogue fails the build, which names the event: `build.rs` compiles and checks as
//! these tests do.

use std::fs;
use std::path::Path;

use crate::catalogue::spec::{arg, kernel};
use crate::catalogue::{self, ArgSpec, ArgType, EventSpec, Set, KERNEL};
use crate::loader::compile::Compile;
use crate::loader::object::ABI_STAMP;
use crate::loader::rebuild::unpack;

#[path = "../../build/rows.rs"]
mod rows;

/// The sources inside the binary, in a folder of their own.
fn sources() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    unpack(folder.path()).unwrap();
    folder
}

/// The text of all files.
fn text(folder: &Path) -> String {
    ["src/bpf", "src/bpf/lib"]
        .iter()
        .flat_map(|part| fs::read_dir(folder.join(part)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// The result of compiling the file of mounts with one of its lines changed.
fn compile_mounts(from: &str, to: &str) -> Result<(), String> {
    let folder = sources();
    let family = folder.path().join("src/bpf/mount.bpf.c");
    // The other files take long to compile, and have not changed.
    for entry in fs::read_dir(folder.path().join("src/bpf")).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().ends_with(".bpf.c") && path != family {
            fs::remove_file(path).unwrap();
        }
    }
    let written = fs::read_to_string(&family).unwrap();
    assert!(written.contains(from), "{from}");
    fs::write(&family, written.replacen(from, to, 1)).unwrap();
    Compile {
        sources: &folder.path().join("src/bpf"),
        includes: &[folder.path()],
        scratch: folder.path(),
        arch: std::env::consts::ARCH,
        abi_stamp: ABI_STAMP,
    }
    .object(&folder.path().join("tracee.bpf.o"))
}

#[test]
fn positions_and_counts_that_no_row_has_do_not_compile() {
    compile_mounts("event_begin(SECURITY_SB_MOUNT,", "event_begin(SECURITY_SB_MOUNT,").unwrap();
    // A position that no row has, and the count of an event without a row.
    for (from, to) in [
        ("ARG_SECURITY_SB_MOUNT_FLAGS", "ARG_SECURITY_SB_MOUNT_OPTIONS"),
        ("event_begin(SECURITY_SB_MOUNT,", "event_begin(SECURITY_SB_MOVE,"),
    ] {
        let error = compile_mounts(from, to).unwrap_err();
        assert!(error.contains("SECURITY_SB_MO"), "{error}");
        assert!(error.contains("mount.bpf.c"), "{error}");
    }
}

#[test]
fn rows_without_programs_and_arguments_that_nobody_fills_in_are_told() {
    let folder = sources();
    let text = text(folder.path());
    rows::check(catalogue::events(), &text).unwrap();

    const CMD: &[ArgSpec] = &[arg("cmd", ArgType::Hex)];
    let row = kernel(200, "security_file_lock", &[Set::Lsm], CMD);
    let error = rows::check(KERNEL.iter().chain([&row]), &text).unwrap_err();
    assert!(
        error.starts_with("security_file_lock has a row and no program"),
        "{error}"
    );

    let mount = catalogue::expect("security_sb_mount");
    let mut args = mount.args.to_vec();
    args.push(arg("data", ArgType::KernelStr));
    let row = EventSpec {
        args: args.leak(),
        ..*mount
    };
    let error = rows::check([&row].into_iter(), &text).unwrap_err();
    assert!(
        error.starts_with("security_sb_mount has the argument data"),
        "{error}"
    );
    assert_eq!(error.lines().count(), 1, "{error}");

    // A program after calls that no row names, and the reverse.
    let event = catalogue::expect("ptrace_attach");
    let error = rows::check([&event.after(&[])].into_iter(), &text).unwrap_err();
    assert!(error.starts_with("ptrace_attach has AFTER_CALL("), "{error}");
    let mount = mount.after(&["mount"]);
    let error = rows::check([&mount].into_iter(), &text).unwrap_err();
    assert!(error.starts_with("security_sb_mount names calls"), "{error}");

    // The position is filled in by another event's arguments, and then by no program.
    let other = text.replace("ARG_VFS_WRITE_POS", "ARG_VFS_WRITE_POSITION");
    let error = rows::check(catalogue::events(), &other).unwrap_err();
    assert!(error.starts_with("vfs_write has the argument pos"), "{error}");
}
