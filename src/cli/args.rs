//! The flags as they are typed; what they mean is in `config.rs`.

// Comments are what --help shows, as it is.
#![allow(rustdoc::invalid_html_tags)]

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;

use crate::output::color::When;
use crate::output::time::Time;
use crate::version;

/// Shows the system calls and kernel events of Linux processes as they happen, by default of new processes
#[derive(Debug, Parser)]
#[command(
    name = "tracee",
    version,
    long_version = version::long(),
    max_term_width = 110,
    override_usage = "tracee [FLAGS]\n       tracee [FLAGS] -- CMD [ARG]...",
    after_help = "`help` as the value of --trace, --event, --filter, --format, --output or --capture shows more about that flag.\n\
        Exit status: 0, or the command's; 1 if tracing failed; 2 for a mistake on the command line."
)]
pub struct Args {
    /// Which processes: process, container or host, each with :new or :all; process:<pid>,…; container:<id or name>,…
    /// [default: process:new]; may be repeated with pids or with containers
    #[arg(short, long, value_name = "SCOPE")]
    pub trace: Vec<String>,

    /// Trace these processes, like --trace process:<pid>; may be repeated
    #[arg(short, long, value_name = "PID", value_delimiter = ',')]
    pub pid: Vec<String>,

    /// Events by name, comma list or glob; @SET adds a set, !EVENT leaves events out; may be repeated
    #[arg(short, long, value_name = "EVENT", value_delimiter = ',')]
    pub event: Vec<String>,

    /// Sets of events; may be repeated [default: default]
    #[arg(short = 's', long, value_name = "SET", value_delimiter = ',')]
    pub events_set: Vec<String>,

    /// Events to leave out of the chosen sets
    #[arg(short = 'x', long, value_name = "EVENT", value_delimiter = ',')]
    pub exclude_event: Vec<String>,

    /// Show only events that match: uid=1000, comm=*sh, openat.pathname=/etc/*; may be repeated
    #[arg(short, long, value_name = "FIELD OP VALUE")]
    pub filter: Vec<String>,

    /// Show only events that touch this path, as an argument or as an open file; * stands for anything; may be repeated
    #[arg(short = 'P', long, value_name = "PATH")]
    pub path: Vec<String>,

    /// Show only events of these users, like --filter uid=USER; may be repeated
    #[arg(short, long, value_name = "USER", value_delimiter = ',')]
    pub user: Vec<String>,

    /// Show only calls that failed, like --filter 'event.retval<0'
    #[arg(short = 'Z', long, conflicts_with = "successful_only")]
    pub failed_only: bool,

    /// Show only calls that succeeded, like --filter 'event.retval>=0'
    #[arg(short = 'z', long)]
    pub successful_only: bool,

    /// End after so many events
    #[arg(short = 'n', long, value_name = "N")]
    pub events_max: Option<String>,

    /// End after this time: 10s, 500ms, 5m
    #[arg(long = "for", value_name = "TIME")]
    pub duration: Option<String>,

    /// Show how long each call took
    #[arg(short = 'T', long)]
    pub durations: bool,

    /// Count events, errors and, with --durations, times in place of rows, and show them at the end
    #[arg(short = 'c', long)]
    pub summary: bool,

    /// No totals at the end, unless something was lost
    #[arg(short, long)]
    pub quiet: bool,

    /// List all events, or the chosen ones, with their meaning and sets; up to three that are named (-l -e openat) are
    /// described in full
    #[arg(short, long)]
    pub list: bool,

    /// With --list: how each event attaches on this kernel, and its arguments
    #[arg(long)]
    pub verbose: bool,

    /// table, table-verbose, json or record, each with optional ,OPTIONs and an optional :TARGET; may be repeated [default: table]
    #[arg(short, long, value_name = "KIND[:TARGET]")]
    pub output: Vec<String>,

    /// Record events to this file, for --read; like --output record:FILE. Nothing is shown then, unless --output says so
    #[arg(short, long, value_name = "FILE")]
    pub write: Option<PathBuf>,

    /// With --write: record nothing until there is an alert, an event that passes --when, or SIGUSR1; then so much before it
    /// (30s, 5m), and so much after it
    #[arg(long, value_name = "TIME")]
    pub keep_before: Option<String>,

    /// With --keep-before: an event that matches, as for --filter; may be repeated, all must hold
    #[arg(long, value_name = "FIELD OP VALUE")]
    pub when: Vec<String>,

    /// Show what these recordings hold, in order of time, in place of tracing; - is standard input. Needs no privilege
    #[arg(short, long, value_name = "FILE", num_args = 1..)]
    pub read: Vec<PathBuf>,

    /// With --read: only events from this time on: 10s after the recording began, or a time of day, 13:05:09
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,

    /// With --read: only events up to this time
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,

    /// With --read: what the recordings are of, and how much is in them, in place of events
    #[arg(long)]
    pub info: bool,

    /// Rows of tables as this text, in which %NAME is a field: '%time %comm %pathname'
    #[arg(long, value_name = "TEXT")]
    pub format: Option<String>,

    /// What TIME shows in tables: seconds since boot, time of day, seconds since tracing began or since the row before
    #[arg(long, value_name = "KIND", value_enum, default_value_t)]
    pub time: Time,

    /// Colours in tables: on a terminal unless NO_COLOR is set, always, never
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub color: When,

    /// Users by number; without it by name, where /etc/passwd has one
    #[arg(long)]
    pub numeric: bool,

    /// Rows as long as they are; without it a terminal gets what fits, shortened in the middle
    #[arg(long)]
    pub wide: bool,

    /// Structures whole, not only the fields that matter most
    #[arg(long)]
    pub verbose_args: bool,

    /// Store what programs do: write, write=/prefix*, exec, exec=/prefix*, mem or all; may be repeated
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub capture: Vec<String>,

    /// Folder that artefacts go to [default: /tmp/tracee/out]
    #[arg(long, value_name = "FOLDER")]
    pub output_path: Option<PathBuf>,

    /// Empty the folder of artefacts first
    #[arg(long)]
    pub clear_output_path: bool,

    /// Sizes beyond which an artefact is cut off and marked so [default: file=256MiB,total=4GiB]
    #[arg(long, value_name = "LIMITS")]
    pub capture_limit: Option<String>,

    /// Add the environment to execve, execveat and sched_process_exec
    #[arg(long)]
    pub show_exec_env: bool,

    /// Add mem_prot_alert: memory made executable after being writable, or both at once
    #[arg(long)]
    pub security_alerts: bool,

    /// End rows of the kernel's own events with the system call that led there (JSON always has it)
    #[arg(long)]
    pub detect_original_syscall: bool,

    /// Show in JSON the ancestors of the process with every event; without it with execs
    #[arg(long)]
    pub ancestors: bool,

    /// Show what is open as each fd: fd: 3</etc/passwd>
    #[arg(short = 'y', long)]
    pub decode_fds: bool,

    /// Check for each chosen call whether it was carried out, not only for those whose success is evidence
    #[arg(long)]
    pub verify_results: bool,

    /// Show the first bytes of what is read and written [up to 4096]
    #[arg(long, value_name = "BYTES")]
    pub decode_buffers: Option<String>,

    /// Ring buffer of each CPU, 64KiB to 1GiB, rounded up to a power of two
    #[arg(short, long, value_name = "SIZE", default_value = "8MiB")]
    pub buffer_size: String,

    /// Where runtime parts are looked up and kept
    #[arg(long, value_name = "FOLDER", default_value = "/tmp/tracee")]
    pub install_path: PathBuf,

    /// When the BPF object is rebuilt by clang, into the install path: never, if-needed (the one there is of another
    /// version), always
    #[arg(long, value_name = "POLICY", default_value = "if-needed")]
    pub build_policy: String,

    /// Log what tracee and libbpf do on standard error
    #[arg(short = 'v', long)]
    pub debug: bool,

    /// Run this command and trace it and all its descendants; its standard output goes to standard error where an output of
    /// tracee goes to standard output
    #[arg(last = true, value_name = "CMD")]
    pub command: Vec<OsString>,
}
