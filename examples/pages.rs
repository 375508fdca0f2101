//! Writes the man page, the completions of shells and docs/events.md into a folder: `cargo run --example pages -- FOLDER`.
//!
//! They come from the same definitions as the flags and the events themselves. This is an example, so that it is not part of the
//! binary.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use clap::{CommandFactory, ValueHint};
use clap_complete::{generate, Shell};
use clap_mangen::Man;

use tracee::catalogue::{self, Set};
use tracee::cli::args::Args;
use tracee::cli::reference;
use tracee::fields;
use tracee::filter::{self, compile::has_result};
use tracee::output::spec as output;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: pages FOLDER")?);
    fs::create_dir_all(&folder)?;
    for (shell, file) in [
        (Shell::Bash, "tracee.bash"),
        (Shell::Zsh, "_tracee"),
        (Shell::Fish, "tracee.fish"),
    ] {
        fs::write(folder.join(file), completions(shell)?)?;
    }
    let command = Args::command();
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
    page.extend(sections().into_bytes());
    page.extend(include_bytes!("tracee.8.in"));
    fs::write(folder.join("tracee.8"), page)?;
    fs::write(folder.join("events.md"), reference::events())?;
    fs::write(folder.join("fields.md"), reference::fields())?;
    Ok(())
}

/// A text as troff(1) takes it.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    let protected = text.lines().map(|line| match line.starts_with(['.', '\'']) {
        true => format!("\\&{line}"),
        false => line.to_owned(),
    });
    protected.collect::<Vec<_>>().join("\n")
}

/// Sections of what a page has besides flags: columns, filters, fields and sets, each from where it is defined.
fn sections() -> String {
    let verbatim = |text: &str| format!(".nf\n{}\n.fi\n", roff(text.trim_end()));
    let mut out = String::from(".SH COLUMNS\n");
    for (title, meaning) in COLUMNS {
        out += &format!(".TP\n{}\n{}\n", roff(title), roff(meaning));
    }
    out += &format!(".SH OUTPUTS\n{}", verbatim(output::HELP));
    out += &format!(".SH FILTERS\n{}", verbatim(filter::HELP));
    out += &format!(".SH FIELDS AND KEYS OF JSON\n{}\n", roff(JSON));
    for row in fields::FIELDS {
        let names = [Some(row.name), row.key]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>();
        out += &format!(".TP\n{}\n{}\n", roff(&names.join(", ")), roff(row.meaning));
    }
    out += ".SH SETS\n";
    let sets: Vec<_> = Set::EVERY.iter().map(|set| set.name()).collect();
    out += &format!(
        "{}.\nEvents are described by tracee \\-\\-list.\n",
        roff(&sets.join(", "))
    );
    out
}

/// What the list of fields does not say of JSON.
const JSON: &str = "\
Where a field has another name in JSON, that is the second one. In JSON, arguments are the list args: each is an object with
name, type and value, and text where the value has names. Beside these may stand bytes (Base64, where a text is not UTF-8),
error (EFAULT: the value could not be read), given or after with givenText or afterText (what was given, what the call has
left), readLate, truncated, fullLength and cuts (what is missing), buffer (the first bytes of a vector), path and sun_path
(what is open as an fd), processName and processNameBytes (what the process with that id calls itself), and deleted,
unreachable, unrooted, madeUp and mixed (marks of a path).";

/// Columns of tables.
const COLUMNS: [(&str, &str); 12] = [
    ("TIME", "Seconds since boot, or what --time says."),
    ("UID", "The real user, by name where this machine has one for it."),
    ("COMM", "What the process calls itself."),
    (
        "PID, TID",
        "Process and thread, as their own pid namespace counts.",
    ),
    (
        "PID/host, TID/host",
        "The same, and as the host counts: with a scope of containers.",
    ),
    ("CONTAINER_ID", "The container: with a scope of containers."),
    (
        "RET",
        "The result; an error by its number and its name; ? where an event has none.",
    ),
    ("TOOK", "How long the call took, in seconds: with --durations."),
    ("EVENT", "The event."),
    (
        "ARGS",
        "Its arguments, each behind its name. Texts stand in quotes.",
    ),
    (
        "UTS_NAME, MNT_NS, PID_NS",
        "Node name and namespaces: in table-verbose.",
    ),
    ("PPID", "The parent: in table-verbose."),
];

/// Flags whose values `complete/values.sh` knows: their field, the name that it knows them by, and a mark by which their
/// lines are found in zsh's script.
const OWN: [(&str, &str, &str); 10] = [
    ("event", "-e", "OWN-e"),
    ("events_set", "-s", "OWN-s"),
    ("exclude_event", "-x", "OWN-x"),
    ("filter", "-f", "OWN-f"),
    ("trace", "-t", "OWN-t"),
    ("pid", "-p", "OWN-p"),
    ("user", "-u", "OWN-u"),
    ("output", "-o", "OWN-o"),
    ("capture", "--capture", "OWN--capture"),
    ("build_policy", "--build-policy", "OWN--build-policy"),
];

/// The completions of a shell: flags by clap, values that are made of parts by what stands in `complete/`.
fn completions(shell: Shell) -> Result<String, Box<dyn Error>> {
    let mut command = Args::command()
        .mut_arg("output_path", |arg| arg.value_hint(ValueHint::DirPath))
        .mut_arg("path", |arg| arg.value_hint(ValueHint::AnyPath))
        .mut_arg("install_path", |arg| arg.value_hint(ValueHint::DirPath))
        .mut_arg("command", |arg| arg.value_hint(ValueHint::CommandWithArguments));
    for (field, _, mark) in OWN {
        command = command.mut_arg(field, |arg| arg.value_hint(ValueHint::Other).value_name(mark));
    }
    let mut script = Vec::new();
    generate(shell, &mut command, "tracee", &mut script);
    let mut script = String::from_utf8(script)?;
    let values = values();
    match shell {
        Shell::Bash => script += &include_str!("complete/tail.bash").replace("@VALUES@", &values),
        Shell::Zsh => {
            for (_, flag, mark) in OWN {
                script = replace(
                    &script,
                    &format!(":{mark}:"),
                    &format!(":value: _tracee_own {flag}"),
                )?;
            }
            script = replace(&script, ":_cmdambivalent'", ": _tracee_command'")?;
            let own = include_str!("complete/head.zsh").replace("@VALUES@", &values);
            script = replace(&script, "#compdef tracee\n", &format!("#compdef tracee\n{own}"))?;
        }
        Shell::Fish => {
            let quoted = format!("{values}\n_tracee_values \"$1\" \"$2\"")
                .replace('\\', "\\\\")
                .replace('\'', "\\'");
            script += &include_str!("complete/tail.fish").replace("@QUOTED@", &format!("'{quoted}'"));
            for (field, flag, _) in OWN {
                let arg = command
                    .get_arguments()
                    .find(|arg| arg.get_id() == field)
                    .ok_or("no such flag")?;
                let long = arg.get_long().ok_or("no long flag")?;
                let short = arg
                    .get_short()
                    .map_or(String::new(), |short| format!(" -s {short}"));
                script += &format!("complete -c tracee{short} -l {long} -x -a '(__tracee_values {flag})'\n");
            }
            script +=
                "complete -c tracee -n 'contains -- -- (commandline -opc)' -x -a '(__tracee_command)'\n";
        }
        _ => {}
    }
    Ok(script)
}

/// Replaces what must be there.
fn replace(text: &str, what: &str, by: &str) -> Result<String, Box<dyn Error>> {
    match text.contains(what) {
        true => Ok(text.replace(what, by)),
        false => Err(format!("clap's script has no {what:?}").into()),
    }
}

/// `complete/values.sh` with the catalogue's names.
fn values() -> String {
    let words = |words: Vec<&str>| words.join(" ");
    let arguments: Vec<String> = catalogue::events()
        .map(|event| {
            let names = event.args.iter().map(|arg| arg.name);
            let names = names.chain(has_result(event).then_some("retval"));
            format!("{} {}", event.name, words(names.collect()))
        })
        .collect();
    include_str!("complete/values.sh")
        .replace(
            "@EVENTS@",
            &words(catalogue::events().map(|event| event.name).collect()),
        )
        .replace(
            "@SETS@",
            &words(Set::EVERY.iter().map(|set| set.name()).collect()),
        )
        .replace("@ARGUMENTS@", &arguments.join("\n"))
        .replace("@FIELDS@", &words(fields::filtered().collect()))
}
