//! The least that a program which records a call can do (`least.bpf.c`), and somebody who keeps its ring empty.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{mpsc, Arc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use libbpf_rs::{MapCore, ObjectBuilder, RingBufferBuilder};

/// An attached program that records two calls; dropping this detaches it.
pub struct LeastProgram {
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl LeastProgram {
    /// Attaches it for the calls with these numbers.
    pub fn attach(numbers: [u32; 2]) -> LeastProgram {
        let object = compiled(numbers);
        let stop = Arc::new(AtomicBool::new(false));
        let (attached, ready) = mpsc::channel();
        let reader = thread::spawn({
            let stop = Arc::clone(&stop);
            move || {
                let open = ObjectBuilder::default().open_file(object).expect("least.bpf.o");
                let object = open.load().expect("the kernel takes it");
                let _links: Vec<_> = object
                    .progs_mut()
                    .map(|program| program.attach().expect("sys_exit"))
                    .collect();
                let ring = object.maps().find(|map| map.name() == "ring").expect("a ring");
                let mut rings = RingBufferBuilder::new();
                rings.add(&ring, |_| 0).expect("a ring");
                let rings = rings.build().expect("a ring");
                attached.send(()).expect("the bench waits");
                while !stop.load(Ordering::Relaxed) {
                    rings.consume().expect("a ring");
                    thread::sleep(Duration::from_millis(2));
                }
            }
        });
        ready.recv().expect("it is attached");
        LeastProgram {
            stop,
            reader: Some(reader),
        }
    }
}

impl Drop for LeastProgram {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

fn compiled(numbers: [u32; 2]) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let object = std::env::temp_dir().join(format!("tracee-least-{}.bpf.o", std::process::id()));
    let status = Command::new(std::env::var("CLANG").unwrap_or_else(|_| "clang".into()))
        .args(["-target", "bpf", "-mcpu=v3", "-O2", "-g", "-c", "-I"])
        .arg(root.join("vmlinux/x86_64"))
        .arg(format!("-DFIRST={}", numbers[0]))
        .arg(format!("-DSECOND={}", numbers[1]))
        .arg(root.join("benches/least.bpf.c"))
        .arg("-o")
        .arg(&object)
        .status()
        .expect("clang");
    assert!(status.success(), "benches/least.bpf.c does not compile");
    object
}
