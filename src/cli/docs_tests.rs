//! Commands in README.md and docs/ are ones that tracee takes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser;
use tempfile::NamedTempFile;

use crate::catalogue;
use crate::cli::args::Args;
use crate::cli::config::Task;
use crate::recording::header::{self, Header, Row};

/// Words of a command as a shell has them.
fn words(command: &str) -> Vec<String> {
    let script = format!("printf '%s\\0' {command}");
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{command}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

/// Commands of tracee in the indented lines of a page, without what a shell makes of the rest.
fn commands(page: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for line in page.lines().filter(|line| line.starts_with("    ")) {
        let line = line.trim_start().trim_start_matches(['$', '#', ' ']);
        let line = line.strip_prefix("sudo ").unwrap_or(line);
        let line = line.strip_prefix("dist/").unwrap_or(line);
        let Some(flags) = line.strip_prefix("tracee ") else {
            continue;
        };
        let flags = flags.split(" | ").next().unwrap_or_default();
        let flags = flags.split(" > ").next().unwrap_or_default();
        commands.push(flags.split("  #").next().unwrap_or_default().to_owned());
    }
    commands
}

/// A recording in which any event could be.
fn recording() -> NamedTempFile {
    let header = Header {
        clock: vec![(0, 0)],
        events: catalogue::events().map(|event| Row::of(event, true)).collect(),
        names: header::names(),
        ..Header::default()
    };
    let file = NamedTempFile::new().unwrap();
    fs::write(&file, header.bytes().unwrap()).unwrap();
    file
}

#[test]
fn commands_in_the_documentation_are_right() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = fs::read_dir(root.join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let pages: Vec<PathBuf> = pages
        .chain([root.join("README.md")])
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .collect();
    let recording = recording();
    let mut checked = 0;
    for page in pages {
        for command in commands(&fs::read_to_string(&page).unwrap()) {
            let mut words = words(&command);
            if words.first().is_some_and(|flag| flag == "-r") {
                // Recordings are read before the other flags are checked.
                let theirs = words
                    .iter_mut()
                    .filter(|word| word.ends_with(".rec") || *word == "-");
                theirs.for_each(|word| recording.path().to_str().unwrap().clone_into(word));
            }
            let args = std::iter::once("tracee".to_owned()).chain(words);
            let task = Args::try_parse_from(args)
                .map_err(|error| error.to_string())
                .and_then(|args| args.task().map_err(|error| error.to_string()));
            if let Err(error) = task {
                panic!("{}: tracee {command}: {error}", page.display());
            }
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked}");
}

#[test]
fn help_fits_into_eighty_columns() {
    for flag in ["-t", "-e", "-s", "-f", "-o", "--capture", "--format"] {
        let args = Args::try_parse_from(["tracee", flag, "help"]).unwrap();
        let Ok(Task::Help(text)) = args.task() else {
            panic!("{flag} help shows no help");
        };
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{flag}: {line}");
        }
    }
}
