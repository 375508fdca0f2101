//! What `--version` says: all that a bug report needs to identify this build.

use std::sync::OnceLock;

use crate::loader::object::ABI_STAMP;

/// The commit of the sources; the Makefile sets it.
const COMMIT: Option<&str> = option_env!("TRACEE_COMMIT");

/// Kernels that tracee runs on, and those that its tests run on.
const KERNELS: &str = "Linux 5.10 and later with BTF, x86-64 (tested on 5.10, 6.1, 6.12, 6.18, 7.2)";

/// `--version`: several lines, the first of which clap begins with the name.
pub fn long() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(text)
}

fn text() -> String {
    format!(
        "{}\ncommit:  {}\nlibbpf:  {}\nABI:     {ABI_STAMP}\nkernels: {KERNELS}",
        env!("CARGO_PKG_VERSION"),
        COMMIT.filter(|commit| !commit.is_empty()).unwrap_or("unknown"),
        libbpf_version(),
    )
}

fn libbpf_version() -> String {
    // SAFETY: two functions without arguments that return numbers.
    let (major, minor) = unsafe {
        (
            libbpf_sys::libbpf_major_version(),
            libbpf_sys::libbpf_minor_version(),
        )
    };
    format!("{major}.{minor}")
}
