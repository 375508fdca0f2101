//! Any text as a filter: refused in one line, or compiled for the kernel side and for user space.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tracee::catalogue;
use tracee::filter::compile::{compile, whole};
use tracee::filter::parse::{parse, Shown};

fuzz_target!(|text: &str| {
    let events: Vec<_> = catalogue::events().collect();
    match parse(&[text.into()], &events, Shown::default()) {
        Ok(filters) => drop((compile(&filters, &events), whole(&filters, &events, None))),
        Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
    }
});
