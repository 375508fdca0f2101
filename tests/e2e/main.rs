//! End-to-end tests: the real binary on the kernel that runs, against what others say of the same run.
//!
//! The same file runs on other kernels in a VM (`vm/run.sh`). A test that needs what a kernel lacks is skipped by name,
//! with the reason.

mod arguments;
mod calls;
mod capture;
mod capture_code;
mod capture_folder;
mod cli;
mod containers;
mod cost;
mod edges;
mod ends;
mod engines;
mod escape;
mod fds;
mod files;
mod filter;
mod given;
mod harness;
mod hostile;
mod io_uring;
mod kernel;
mod loss;
mod lsm_proc;
mod means;
mod membership;
mod memory;
mod mismatch;
mod names;
mod output;
mod process;
mod promises;
mod refused;
mod scope;
mod secure;
mod ship;
mod sockets;
mod spawn;
mod strace;
mod syscalls;
mod vectors;

use std::time::Instant;

use libtest_mimic::{Arguments, Failed, Trial};

/// A test: its name, what it needs (the reason why that is missing), and what it does.
pub struct Test {
    name: &'static str,
    missing: Option<String>,
    run: fn() -> Result<(), Failed>,
}

impl Test {
    pub fn new(name: &'static str, run: fn() -> Result<(), Failed>) -> Test {
        Test {
            name,
            missing: None,
            run,
        }
    }

    /// Skips the test if `missing` gives a reason.
    pub fn unless(mut self, missing: Option<String>) -> Test {
        self.missing = self.missing.or(missing);
        self
    }

    /// Runs it here and in one emulator: each kernel more adds little to it, and the whole must not take for ever.
    pub fn once(self) -> Test {
        let reason = harness::elsewhere(self.name);
        self.unless(reason)
    }
}

/// Runs a test; says so if it is one of those that make the whole slow.
fn timed(test: &Test) -> Result<(), Failed> {
    let started = Instant::now();
    let result = (test.run)();
    let seconds = started.elapsed().as_secs();
    if seconds >= 5 {
        println!("slow: {}: {seconds} s", test.name);
    }
    result
}

fn main() {
    let mut arguments = Arguments::from_args();
    // Loads and losses are measured: one test at a time.
    arguments.test_threads = arguments.test_threads.or(Some(1));
    let filter = arguments.filter.clone();
    let once = |tests: Vec<Test>| -> Vec<Test> { tests.into_iter().map(Test::once).collect() };
    let tests: Vec<Test> = [
        cli::tests(),
        process::tests(),
        once(arguments::tests()),
        syscalls::tests(),
        once(calls::tests()),
        once(vectors::tests()),
        once(strace::tests()),
        once(edges::tests()),
        once(hostile::tests()),
        once(output::tests()),
        once(fds::tests()),
        files::tests(),
        scope::tests(),
        once(filter::tests()),
        once(spawn::tests()),
        containers::tests(),
        once(membership::tests()),
        once(names::tests()),
        engines::tests(),
        once(ship::tests()),
        io_uring::tests(),
        once(sockets::tests()),
        once(refused::tests()),
        once(given::tests()),
        means::tests(),
        lsm_proc::tests(),
        once(escape::tests()),
        kernel::tests(),
        memory::tests(),
        once(mismatch::tests()),
        loss::tests(),
        cost::tests(),
        capture::tests(),
        capture_code::tests(),
        once(capture_folder::tests()),
        once(ends::tests()),
        once(secure::tests()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let names: Vec<_> = tests.iter().map(|test| test.name).collect();
    let promises = Trial::test("each_promise_has_its_test", move || {
        promises::each_has_its_test(&names)
    })
    .with_ignored_flag(harness::in_vm());
    let trials = tests.into_iter().map(|test| {
        let asked_for = filter.as_ref().is_none_or(|text| test.name.contains(text));
        if let (Some(reason), true) = (&test.missing, asked_for) {
            println!("skip: {}: {reason}", test.name);
        }
        let (name, ignored) = (test.name, test.missing.is_some());
        Trial::test(name, move || timed(&test)).with_ignored_flag(ignored)
    });
    libtest_mimic::run(&arguments, trials.chain([promises]).collect()).exit();
}
