//! Exit codes, and what is printed before tracing begins.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{self, Write};
use std::process::{self, ExitCode};
use std::{env, panic};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::Parser;
use terminal_size::{terminal_size_of, Width};

use tracee::catalogue;
use tracee::cli::args::Args;
use tracee::cli::config::Task;
use tracee::cli::habits;
use tracee::cli::list::List;
use tracee::error::{Error, UsageError};
use tracee::escape;
use tracee::loader::features::{self, Features};
use tracee::{limits, say};
use tracee::{replay, tracer};

/// The system's allocator. If no memory is left, the run ends with an error like others.
struct Memory;

// SAFETY: the system's allocator does the work; only its failures are handled here.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller says.
        given(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller says.
        given(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller says.
        given(unsafe { System.realloc(at, layout, size) })
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller says.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static MEMORY: Memory = Memory;

fn given(at: *mut u8) -> *mut u8 {
    if at.is_null() {
        out_of_memory();
    }
    at
}

/// The message takes a little memory as well. If none is left at all, the process aborts.
#[cold]
fn out_of_memory() {
    thread_local!(static SAYS: Cell<bool> = const { Cell::new(false) });
    if !SAYS.replace(true) {
        say!("out of memory{}", limits::out_of_memory());
        process::exit(1);
    }
}

fn main() -> ExitCode {
    panic::set_hook(Box::new(|what| {
        let what = what.to_string().replace('\n', " ");
        say!("internal error, please report it: {what}");
    }));
    match limits::raise().and_then(|()| run()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            say!("{error}{}", limits::hint(&error.to_string()));
            ExitCode::from(error.exit_code())
        }
    }
}

fn run() -> Result<u8, Error> {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            return print(&error.render().to_string());
        }
        Err(error) => return Err(UsageError::Clap(one_line(&as_shown(error))).into()),
    };
    // clap does not distinguish this from no `--` at all, which traces everything.
    if args.command.is_empty() && env::args_os().skip(1).any(|word| word == "--") {
        return Err(UsageError::NoCommand.into());
    }
    match args.task()? {
        Task::Help(text) => print(&text),
        Task::List { events, form } => {
            libbpf_rs::set_print(None);
            let mut text = Vec::new();
            let features = Features::detect();
            let tried = features::may_trace();
            let list = List {
                features: &features,
                tried,
                form,
                columns: terminal_size_of(io::stdout()).map(|(Width(columns), _)| columns.into()),
            };
            list.write(&mut text, &events).map_err(Error::system("--list"))?;
            let printed = print(&String::from_utf8_lossy(&text))?;
            if !tried {
                say!("without the privilege to trace nothing was tried: this list follows from the kernel's types");
            }
            Ok(printed)
        }
        Task::Trace(config) => {
            libbpf_rs::set_print(
                config
                    .debug
                    .then_some((libbpf_rs::PrintLevel::Debug, |_, text| say::log(&text))),
            );
            tracer::run(&config)
        }
        Task::Replay(config, reading) => {
            libbpf_rs::set_print(None);
            replay::run(&config, *reading)
        }
    }
}

/// Prints to standard output; a reader that has gone is no failure.
fn print(text: &str) -> Result<u8, Error> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::system("standard output")(error))
        }
        _ => Ok(0),
    }
}

/// The same mistake with each word escaped: a line break in one would end clap's message.
fn as_shown(error: clap::Error) -> clap::Error {
    let words = env::args_os().map(|word| {
        let mut shown = String::new();
        escape::push_message(&mut shown, &word.to_string_lossy());
        shown
    });
    match Args::try_parse_from(words) {
        Err(same) if same.kind() == error.kind() => same,
        _ => error,
    }
}

/// What strace means by a flag that has no value here, or stands twice.
fn of_missing_or_repeated(error: &clap::Error) -> Option<&'static str> {
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    match (error.kind(), flag.split(' ').next()?) {
        (ErrorKind::InvalidValue, "--filter") => Some("children are always followed; -f is --filter here"),
        (ErrorKind::InvalidValue, "--trace") => {
            Some("the time of day is shown by --time wall; -t is --trace here")
        }
        (ErrorKind::InvalidValue, "--read") => {
            Some("the time since the row before is shown by --time delta; -r FILE is --read here")
        }
        (ErrorKind::InvalidValue, "--write") => {
            Some("times of the wall clock are shown by --summary --durations; -w FILE is --write here")
        }
        (ErrorKind::ArgumentConflict, "--debug") => {
            Some("structures are shown whole by --verbose-args; -v is --debug here")
        }
        _ => None,
    }
}

/// clap's message without its usage lines. Its tip on unknown arguments is left out: what follows `--` is a command here.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let message = first.strip_prefix("error: ").unwrap_or(first);
    if let (ErrorKind::UnknownArgument, Some(ContextValue::String(word))) =
        (error.kind(), error.get(ContextKind::InvalidArg))
    {
        if let Some(ours) = habits::of_flag(word) {
            return format!("{message}: {ours}");
        }
        if catalogue::by_name(word).is_some() {
            return format!("{message}: an event is chosen by --event, and described by --list -e {word}");
        }
        if !word.starts_with('-') {
            return format!("{message}; a command goes after `--`; --help shows all flags");
        }
    }
    if let Some(ours) = of_missing_or_repeated(error) {
        return format!("{message}: {ours}");
    }
    let tip = lines
        .find_map(|line| line.strip_prefix("tip: "))
        .filter(|tip| !tip.contains("-- "))
        .map(|tip| format!("; {tip}"));
    format!("{message}{}; --help shows all flags", tip.unwrap_or_default())
}
