//! Any bytes as the reply of a container runtime, which may be anybody.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tracee::enrich::socket;

fuzz_target!(|bytes: &[u8]| {
    if let Some(reply) = socket::body::<serde_json::Value>(bytes) {
        assert!(bytes.windows(4).any(|four| four == b" 200"), "{reply}");
    }
});
