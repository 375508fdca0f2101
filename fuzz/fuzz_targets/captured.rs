//! Any bytes as a record of the ring of captures, and as a line of mountinfo(5), whose words are names that others chose.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tracee::capture::folder;
use tracee::capture::record::{self, Taken};
use tracee::files::Mount;

fuzz_target!(|bytes: &[u8]| {
    if let Some(Taken::File(file)) = record::parse(bytes) {
        assert!(file.path.len() >= file.plain_path().len());
        let name = folder::plain_name(file.plain_path());
        assert!(
            !name.is_empty() && !name.contains('/') && name.is_ascii(),
            "{name:?}"
        );
    }
    let _ = Mount::parse(bytes);
});
