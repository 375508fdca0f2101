//! `--format`: rows of fields and words that the user puts together.

use std::fmt::Write as _;

use base64::display::Base64Display;
use base64::prelude::BASE64_STANDARD;

use crate::catalogue::{self, EventSpec};
use crate::decode::event::{Arg, Event};
use crate::decode::process::Entity;
use crate::decode::ABI_NAMES;
use crate::escape;
use crate::fields::{self, Field, FIELDS};
use crate::output::structure::Detail;
use crate::output::text;
use crate::output::time::Times;
use crate::output::value::ENDS;
use crate::suggest::nearest;
use crate::symbols;
use crate::users::Users;
use crate::wire::RECORD_WITHIN;

/// What `--format help` shows before the fields.
pub const HELP: &str = "\
--format 'TEXT' makes each row of a table of this text: %NAME or %{NAME} is a
field, %% is %, \\t, \\n and \\\\ are a tab, a new line and a backslash. A value
that an event does not have is -. Values are escaped and quoted as in tables.
  --format '%time %comm %pathname'
An argument of the chosen events has its own name, which may follow the event's:
%pathname, %openat.flags. The fields are:
";

/// What a row consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(Field),
    /// An argument by its name; of this event alone, or of any.
    Argument(Option<&'static str>, String),
}

/// A row as the user wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

/// All that values of fields are made with.
pub struct Around<'a, W> {
    /// Times of the rows.
    pub times: &'a mut Times,
    /// Names of users.
    pub users: &'a Users,
    /// How much of structures is shown.
    pub detail: Detail,
    /// Nanoseconds since the epoch at nanoseconds since boot.
    pub wall: W,
}

impl Template {
    /// Takes a text apart. `events`: the chosen ones, whose arguments are fields, too. An error says what is wrong.
    pub fn parse(text: &str, events: &[&'static EventSpec]) -> Result<Template, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['%', '\\']) {
            plain.push_str(&rest[..at]);
            let behind = &rest[at + 1..];
            if rest[at..].starts_with('\\') {
                let character = behind.chars().next();
                plain.push(match character {
                    Some('t') => '\t',
                    Some('n') => '\n',
                    Some('\\') => '\\',
                    _ => return Err("a backslash stands before t, n or another backslash".into()),
                });
                rest = &behind[1..];
                continue;
            }
            if let Some(behind) = behind.strip_prefix('%') {
                plain.push('%');
                rest = behind;
                continue;
            }
            let (name, behind) = match behind.strip_prefix('{') {
                Some(inner) => inner.split_once('}').ok_or("a brace is not closed: %{name}")?,
                None => {
                    let within = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.');
                    let end = behind.find(|letter| !within(letter)).unwrap_or(behind.len());
                    let name = behind[..end].trim_end_matches('.');
                    (name, &behind[name.len()..])
                }
            };
            if name.is_empty() {
                return Err("a field's name stands behind %, and %% is the character itself".into());
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::named(name, events)?);
            rest = behind;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        match pieces.iter().any(|piece| !matches!(piece, Piece::Text(_))) {
            true => Ok(Template { pieces }),
            false => Err("it has no field, such as %time or %comm".into()),
        }
    }

    /// Whether it shows this field.
    pub fn shows(&self, field: Field) -> bool {
        self.pieces.contains(&Piece::Field(field))
    }

    /// Whether it has no new line of its own.
    pub fn is_one_line(&self) -> bool {
        let has = |piece: &Piece| matches!(piece, Piece::Text(text) if text.contains('\n'));
        !self.pieces.iter().any(has)
    }

    /// Whether it shows what a container is called.
    pub fn names_containers(&self) -> bool {
        [Field::ContainerName, Field::ContainerImage]
            .iter()
            .any(|field| self.shows(*field))
    }

    /// Whether it shows anything of containers.
    pub fn shows_containers(&self) -> bool {
        let of_containers = [Field::Container, Field::ContainerRuntime, Field::ContainerOwner];
        self.names_containers() || of_containers.iter().any(|field| self.shows(*field))
    }

    /// Appends an event as one row.
    pub fn push<W: Fn(u64) -> u64>(&self, out: &mut String, event: &Event<'_>, around: &mut Around<'_, W>) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Field(field) => push_field(out, *field, event, around),
                Piece::Argument(of, name) => {
                    let ours = of.is_none_or(|of| of == event.spec.name);
                    match event.args.iter().find(|arg| ours && arg.spec.name == name) {
                        Some(arg) => push_arg(out, arg, event, around.detail),
                        None => out.push('-'),
                    }
                }
            }
        }
        out.push('\n');
    }
}

impl Piece {
    fn named(name: &str, events: &[&'static EventSpec]) -> Result<Piece, String> {
        if let Some(row) = fields::by_name(name).filter(|row| row.is_shown()) {
            return Ok(Piece::Field(row.field));
        }
        let has = |event: &&&'static EventSpec, name: &str| event.args.iter().any(|arg| arg.name == name);
        if events.iter().any(|event| has(&event, name)) {
            return Ok(Piece::Argument(None, name.into()));
        }
        if let Some((of, arg)) = name.split_once('.') {
            if let Some(event) = events.iter().find(|event| event.name == of && has(event, arg)) {
                return Ok(Piece::Argument(Some(event.name), arg.into()));
            }
        }
        let known = FIELDS.iter().filter(|row| row.is_shown()).map(|row| row.name);
        let arguments = events.iter().flat_map(|event| event.args).map(|arg| arg.name);
        Err(match nearest(name, known.chain(arguments)) {
            Some(meant) => format!("there is no field %{name}, did you mean %{meant}?"),
            None => format!(
                "there is no field %{name}, and no chosen event has such an argument; --format help shows all"
            ),
        })
    }
}

/// The text of `--format help`.
pub fn help() -> String {
    let mut out = HELP.to_owned();
    for row in FIELDS.iter().filter(|row| row.is_shown()) {
        let names = match row.key {
            Some(key) => format!("{}, {key}", row.name),
            None => row.name.to_owned(),
        };
        let _ = writeln!(out, "  {names:<25} {}", row.meaning);
    }
    out
}

fn push_arg(out: &mut String, arg: &Arg<'_>, event: &Event<'_>, detail: Detail) {
    text::push_arg(out, arg, &event.context, detail);
}

/// Appends a name that has no quotes; what could end it is escaped.
fn push_name(out: &mut String, name: &[u8]) {
    match name {
        b"" => out.push('-'),
        name => escape::push_until(out, name, ENDS),
    }
}

fn push_field<W: Fn(u64) -> u64>(
    out: &mut String,
    field: Field,
    event: &Event<'_>,
    around: &mut Around<'_, W>,
) {
    let context = &event.context;
    // What an event that tracee reports by itself does not have.
    let of_task = |number: u64| (!context.is_own()).then_some(number);
    let number = match field {
        Field::Time => {
            around.times.push(out, context.time, &around.wall);
            return;
        }
        Field::Retval => {
            text::push_return(out, event);
            return;
        }
        Field::Args => {
            text::push_args(out, event, around.detail);
            return;
        }
        Field::User => match around.users.name(context.uid, context.mnt_ns) {
            Some(name) => {
                out.push_str(name);
                return;
            }
            None => Some(context.uid.into()),
        },
        Field::Timestamp => Some((around.wall)(context.time)),
        Field::Duration => event.duration,
        Field::EventId => Some(event.spec.id.into()),
        Field::Pid => Some(context.host_pid.into()),
        Field::Tid => Some(context.host_tid.into()),
        Field::Ppid => of_task(context.host_ppid.into()),
        Field::OwnPid => Some(context.pid.into()),
        Field::OwnTid => Some(context.tid.into()),
        Field::OwnPpid => of_task(context.ppid.into()),
        Field::Started => of_task(context.thread_start).map(&around.wall),
        Field::Uid => Some(context.uid.into()),
        Field::MntNs => of_task(context.mnt_ns.into()),
        Field::PidNs => of_task(context.pid_ns.into()),
        Field::Cpu => of_task(context.cpu.into()),
        Field::Cgroup => of_task(context.cgroup_id),
        Field::ArgsNum => Some(event.args.len() as u64),
        Field::ContainerOwner => event.container.as_ref().map(|container| container.owner.into()),
        other => return push_words(out, other, event),
    };
    match number {
        Some(number) => {
            let _ = write!(out, "{number}");
        }
        None => out.push('-'),
    }
}

fn push_entity(out: &mut String, entity: Option<Entity>) {
    match entity {
        Some(Entity(number)) => {
            let _ = write!(out, "{number:016x}");
        }
        None => out.push('-'),
    }
}

/// Appends names of ancestors; none can be taken for two.
fn push_ancestors(out: &mut String, event: &Event<'_>) {
    let ancestors = event.ancestors.as_deref().unwrap_or_default();
    if ancestors.is_empty() {
        out.push('-');
    }
    for (position, ancestor) in ancestors.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        push_name(out, ancestor.process.comm());
    }
}

/// Appends a field that is a name.
fn push_words(out: &mut String, field: Field, event: &Event<'_>) {
    let context = &event.context;
    let container = event.container.as_deref();
    let base64 = |bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(_) => String::new(),
        Err(_) => Base64Display::new(bytes, &BASE64_STANDARD).to_string(),
    };
    let nodename = event.nodename.unwrap_or_default();
    let made;
    let name: &[u8] = match field {
        Field::Event => event.spec.name.as_bytes(),
        Field::Error => event
            .errno()
            .and_then(symbols::errno_name)
            .unwrap_or_default()
            .as_bytes(),
        Field::Comm => event.comm(),
        Field::CommBytes => {
            made = base64(event.comm());
            made.as_bytes()
        }
        Field::Uts => nodename,
        Field::UtsBytes => {
            made = base64(nodename);
            made.as_bytes()
        }
        Field::Exe => {
            match event
                .process
                .as_ref()
                .and_then(|process| process.executable.as_ref())
            {
                Some(executable) => escape::push_quoted(out, &executable.path),
                None => out.push('-'),
            }
            return;
        }
        Field::Entity => return push_entity(out, event.process.as_ref().map(|process| process.entity)),
        Field::ParentEntity => {
            let maker = event.process.as_ref().and_then(|process| process.maker);
            return push_entity(out, maker.map(|maker| maker.entity));
        }
        Field::Ancestors => return push_ancestors(out, event),
        Field::Container => match container {
            Some(container) => {
                let _ = write!(out, "{}", container.short_id());
                return;
            }
            None => b"",
        },
        Field::ContainerName => container
            .and_then(|it| it.name.as_deref())
            .unwrap_or_default()
            .as_bytes(),
        Field::ContainerImage => container
            .and_then(|it| it.image.as_deref())
            .unwrap_or_default()
            .as_bytes(),
        Field::ContainerRuntime => container.map_or("", |it| &it.runtime).as_bytes(),
        Field::Syscall => catalogue::by_id(context.syscall)
            .map_or("", |event| event.name)
            .as_bytes(),
        Field::Source => event.source.unwrap_or_default().as_bytes(),
        Field::Abi if context.abi != 0 => ABI_NAMES
            .get(usize::from(context.abi))
            .copied()
            .unwrap_or_default()
            .as_bytes(),
        Field::CarriedOut => match event.carried_out() {
            Some(true) => b"true",
            Some(false) => b"false",
            None => b"",
        },
        Field::SeenByProgram => {
            made = event.seen.map_or_else(String::new, |seen| seen.to_string());
            made.as_bytes()
        }
        Field::ArgsFromMemory if context.flags & RECORD_WITHIN != 0 => b"true",
        Field::ArgsFromMemory => b"false",
        _ => b"",
    };
    push_name(out, name);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::event::{Context, Value};
    use crate::output::time::Time;
    use std::collections::HashSet;

    fn openat(comm: &[u8]) -> Event<'static> {
        let spec = catalogue::expect("openat");
        let mut context = Context {
            time: 5_000_042_000,
            ret: -2,
            uid: 7,
            pid: 3,
            host_pid: 300,
            thread_start: 1,
            ..Context::default()
        };
        for (to, from) in context.comm.iter_mut().zip(comm) {
            *to = *from as i8;
        }
        let args = [
            Arg::new(&spec.args[0], (-100i64) as u64, Value::Number),
            Arg::new(&spec.args[1], 1, Value::Str(b"/x, flags: \"y")),
            Arg::new(&spec.args[2], 0, Value::Number),
        ];
        Event::new(spec, context, args.into_iter().collect())
    }

    fn shown(template: &str, event: &Event<'_>) -> String {
        let events = [catalogue::expect("openat"), catalogue::expect("close")];
        let mut out = String::new();
        Template::parse(template, &events).unwrap().push(
            &mut out,
            event,
            &mut Around {
                times: &mut Times::new(Time::Boot),
                users: &Users::default(),
                detail: Detail::Main,
                wall: |time| time + 1,
            },
        );
        out
    }

    #[test]
    fn fields_and_arguments() {
        let event = openat(b"a b");
        for (template, row) in [
            ("%time %comm %pathname", "5.000042 a\\x20b \"/x, flags: \\\"y\"\n"),
            ("%event(%openat.flags)=%retval", "openat(O_RDONLY)=-2 ENOENT\n"),
            ("%{uid}x%pid.%processId", "7x300.3\n"),
            ("100%%\\t%error", "100%\tENOENT\n"),
            ("%close.fd %fd %duration", "- - -\n"),
            ("%timestamp %hostName %container", "5000042001 - -\n"),
            ("%argsNum%userId", "37\n"),
        ] {
            assert_eq!(shown(template, &event), row, "{template}");
        }
    }

    #[test]
    fn names_are_checked_at_once() {
        let events = [catalogue::expect("openat")];
        for (template, message) in [
            ("%tme", "did you mean %time?"),
            ("%pathnam", "did you mean %pathname?"),
            ("%close.fd", "there is no field %close.fd"),
            ("%path", "did you mean %pathname?"),
            ("x", "no field"),
            ("%", "%%"),
            ("%{comm", "not closed"),
            ("\\x %comm", "backslash"),
            ("%comm \\", "backslash"),
        ] {
            let error = Template::parse(template, &events).unwrap_err();
            assert!(error.contains(message), "{template}: {error}");
        }
    }

    /// Every key of JSON is a field.
    #[test]
    fn keys_of_json_are_fields() {
        let mut out = Vec::new();
        let clock = crate::clock::Timeline::new(0);
        let mut event = openat(b"\xff");
        event.nodename = Some(b"\xff");
        event.duration = Some(1);
        event.seen = Some(1);
        event.source = Some("x");
        event.ancestors = Some(std::rc::Rc::new([]));
        event.context.abi = 1;
        event.context.flags = RECORD_WITHIN | crate::wire::RECORD_NOT_CARRIED_OUT;
        crate::output::json::Lines::default()
            .push(&mut out, &event, &clock)
            .unwrap();
        let line: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let keys: HashSet<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
        for key in &keys {
            Template::parse(&format!("%{key}"), &[]).unwrap();
        }
        // And each field that JSON has is there; those of containers are in an object.
        for row in FIELDS.iter().filter(|row| row.is_json()) {
            let key = row.key.unwrap_or(row.name).split('.').next().unwrap();
            assert!(keys.contains(key), "{}", row.name);
        }
    }
}
