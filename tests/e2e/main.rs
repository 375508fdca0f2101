//! End-to-end tests: the real binary on the running kernel, compared with other sources on the same run.
//!
//! The same file runs on other kernels in a VM (`vm/run.sh`). A test that needs what a kernel lacks is skipped by name,
//! with the reason.

mod ancestors;
mod arguments;
mod calls;
mod capture;
mod capture_code;
mod capture_folder;
mod cli;
mod clock;
mod complete;
mod containers;
mod cost;
mod edges;
mod ends;
mod engines;
mod escape;
mod fds;
mod files;
mod filter;
mod filtered;
mod given;
mod habits;
mod harness;
mod hostile;
mod io_uring;
mod kernel;
mod list;
mod loss;
mod lsm_proc;
mod means;
mod membership;
mod membership_limits;
mod memory;
mod mismatch;
mod names;
mod objects;
mod output;
mod process;
mod promises;
mod recording;
mod recording_ends;
mod recording_files;
mod recording_ways;
mod refused;
mod scope;
mod secure;
mod ship;
mod sockets;
mod spawn;
mod strace;
mod summary;
mod syscalls;
mod targets;
mod terminal;
mod vectors;
mod verifier;

use std::time::Instant;

use harness::{Kernels, Lane};
use libtest_mimic::{Arguments, Failed, Trial};

/// A test: its name, the reason why it cannot run here, and what it does.
pub struct Test {
    name: &'static str,
    missing: Option<String>,
    kernels: Kernels,
    measures: bool,
    run: fn() -> Result<(), Failed>,
}

impl Test {
    pub fn new(name: &'static str, run: fn() -> Result<(), Failed>) -> Test {
        Test {
            name,
            missing: None,
            kernels: Kernels::Some,
            measures: false,
            run,
        }
    }

    /// Skips the test if `missing` is a reason.
    pub fn unless(mut self, missing: Option<String>) -> Test {
        self.missing = self.missing.or(missing);
        self
    }

    /// Further kernels add little to it.
    pub fn once(mut self) -> Test {
        self.kernels = Kernels::Few;
        self
    }

    /// Each kernel decides it anew, such as what its verifier accepts.
    pub fn on_each_kernel(mut self) -> Test {
        self.kernels = Kernels::Each;
        self
    }

    /// The test measures time, load or losses: nothing else may run meanwhile.
    pub fn alone(mut self) -> Test {
        self.measures = true;
        self
    }

    fn missing(&self) -> Option<String> {
        self.missing.clone().or_else(|| self.kernels.missing(self.name))
    }
}

/// Runs a test; prints its time and memory if these are large.
fn timed(test: &Test) -> Result<(), Failed> {
    let started = Instant::now();
    let result = (test.run)();
    let seconds = started.elapsed().as_secs();
    if seconds >= 5 {
        println!("\nslow: {}: {seconds} s", test.name);
    }
    // Peak memory is read, and reset.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let mib = peak
        .and_then(|peak| peak.trim().strip_suffix(" kB"))
        .map_or(0, |kib| kib.parse().unwrap_or(0))
        >> 10;
    if mib >= 256 {
        println!("\nlarge: {}: {mib} MiB", test.name);
    }
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    result
}

/// The first of a file's tests that can run here and does not measure.
fn stands_for(tests: Vec<Test>) -> Option<Test> {
    tests
        .into_iter()
        .find(|test| !test.measures && test.missing().is_none())
}

fn main() {
    let mut arguments = Arguments::from_args();
    // Tests look at the whole machine, such as which programs are loaded: one test at a time.
    arguments.test_threads = arguments.test_threads.or(Some(1));
    let filter = arguments.filter.clone();
    let once = |tests: Vec<Test>| -> Vec<Test> { tests.into_iter().map(Test::once).collect() };
    let files = [
        cli::tests(),
        list::tests(),
        once(habits::tests()),
        once(complete::tests()),
        terminal::tests(),
        verifier::tests(),
        process::tests(),
        ancestors::tests(),
        once(arguments::tests()),
        syscalls::tests(),
        once(calls::tests()),
        once(vectors::tests()),
        once(strace::tests()),
        summary::tests(),
        once(edges::tests()),
        once(hostile::tests()),
        once(output::tests()),
        once(fds::tests()),
        files::tests(),
        scope::tests(),
        once(filter::tests()),
        once(filtered::tests()),
        spawn::tests(),
        containers::tests(),
        once(membership::tests()),
        once(membership_limits::tests()),
        once(names::tests()),
        engines::tests(),
        once(ship::tests()),
        once(objects::tests()),
        io_uring::tests(),
        once(sockets::tests()),
        once(refused::tests()),
        once(given::tests()),
        means::tests(),
        lsm_proc::tests(),
        once(escape::tests()),
        kernel::tests(),
        memory::tests(),
        mismatch::tests(),
        loss::tests(),
        cost::tests(),
        capture::tests(),
        capture_code::tests(),
        once(capture_folder::tests()),
        once(ends::tests()),
        once(targets::tests()),
        once(clock::tests()),
        once(secure::tests()),
        recording::tests(),
        once(recording_ways::tests()),
        once(recording_ends::tests()),
        once(recording_files::tests()),
    ];
    let lane = Lane::asked_for();
    let names: Vec<_> = files.iter().flatten().map(|test| test.name).collect();
    let tests: Vec<Test> = match lane {
        Lane::All => files.into_iter().flatten().collect(),
        Lane::Alone => files.into_iter().flatten().filter(|test| test.measures).collect(),
        Lane::Beside => files
            .into_iter()
            .flatten()
            .filter(|test| !test.measures)
            .collect(),
        Lane::Quick => files.into_iter().filter_map(stands_for).collect(),
    };
    let promises = Trial::test("each_promise_has_its_test", move || {
        promises::each_has_its_test(&names)
    })
    .with_ignored_flag(harness::in_vm());
    let documents = Trial::test(
        "each_file_that_documents_name_exists",
        promises::each_named_file_exists,
    )
    .with_ignored_flag(harness::in_vm());
    let trials = tests.into_iter().map(|test| {
        let asked_for = filter.as_ref().is_none_or(|text| test.name.contains(text));
        let missing = test.missing();
        if let (Some(reason), true) = (&missing, asked_for) {
            println!("skip: {}: {reason}", test.name);
        }
        Trial::test(test.name, move || timed(&test)).with_ignored_flag(missing.is_some())
    });
    let once = (lane != Lane::Alone).then_some([promises, documents]);
    libtest_mimic::run(&arguments, trials.chain(once.into_iter().flatten()).collect()).exit();
}
