//! Writes the man page, the completions of shells and docs/events.md into a folder: `cargo run --example pages -- FOLDER`.
//!
//! They come from the same definitions as the flags and the events themselves. This is an example, so that it is not part of the
//! binary.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use clap::CommandFactory;
use clap_complete::{generate_to, Shell};
use clap_mangen::Man;

use tracee::cli::args::Args;
use tracee::cli::reference;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: pages FOLDER")?);
    fs::create_dir_all(&folder)?;
    let mut command = Args::command();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut command, "tracee", &folder)?;
    }
    // Only its first line belongs into a page's footer.
    let command = command.long_version(None);
    let man = Man::new(command)
        .section("8")
        .manual("System Administration")
        .source(concat!("tracee ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    page.extend(include_bytes!("tracee.8.in"));
    fs::write(folder.join("tracee.8"), page)?;
    fs::write(folder.join("events.md"), reference::events())?;
    Ok(())
}
