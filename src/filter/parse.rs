//! What expressions of `--filter` mean: by field, conditions on the chosen events.

use crate::catalogue::{self, special, ArgType, EventSpec};
use crate::error::UsageError;
use crate::fields::{self, Filtered};
use crate::filter::argument::{self, Condition, Kind};
use crate::filter::compile::has_result;
use crate::filter::expression::{possible, refuse, Checked, Expression, Refusal};
use crate::filter::number::{Numbers, Op};
use crate::filter::text::Texts;
use crate::filter::typed::Names;
use crate::filter::Filters;
use crate::scope::id_of_table;
use crate::suggest::nearest;
use crate::users::Users;
use crate::wire::{FIELD_PID, FIELD_PPID, FIELD_TID, FIELD_UID};

/// What flags besides `--filter` decide about arguments.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shown<'a> {
    /// `--show-exec-env`
    pub exec_env: bool,
    /// `--decode-buffers`
    pub buffers: bool,
    /// Users where it was recorded; `None`: those of this machine.
    pub users: Option<&'a Users>,
}

/// The longest possible names, in bytes: of a process (the kernel cuts longer ones), of a node.
const NAME_LENGTHS: [usize; 2] = [15, 64];

/// Makes filters of all values of `--filter`, for these events.
pub fn parse(
    values: &[String],
    events: &[&'static EventSpec],
    shown: Shown<'_>,
) -> Result<Filters, UsageError> {
    let mut filters = Filters::default();
    for value in values {
        let expression = Expression::new(value)?;
        add(&mut filters, &expression, events, shown).map_err(|refusal| refusal.of(value))?;
    }
    Ok(filters)
}

fn add(
    filters: &mut Filters,
    expression: &Expression,
    events: &[&'static EventSpec],
    shown: Shown<'_>,
) -> Checked<()> {
    let field = expression.field.as_str();
    let filtered = fields::by_name(field).and_then(|row| row.filtered);
    match filtered {
        Some(Filtered::Number(at)) => {
            let max = match at {
                FIELD_PID | FIELD_TID | FIELD_PPID => i32::MAX.into(),
                _ => u32::MAX.into(),
            };
            let names = if at == FIELD_UID {
                Names::Users(shown.users)
            } else {
                Names::None
            };
            let numbers = expression.numbers(0, max, names)?;
            return join_numbers(filters.numbers.entry(at.into()).or_default(), &numbers, field);
        }
        Some(Filtered::Name(at)) => {
            let texts = name(expression, NAME_LENGTHS[usize::from(at)])?;
            join_texts(filters.names.entry(at.into()).or_default(), texts);
            return Ok(());
        }
        Some(Filtered::Container) => {
            let texts = container(expression)?;
            join_texts(filters.container.get_or_insert_default(), texts);
            return Ok(());
        }
        Some(Filtered::Result) => return add_result(filters, expression),
        Some(Filtered::Path) => return add_path(filters, expression, events),
        None => {}
    }
    match field.split_once('.') {
        None => add_everywhere(filters, expression, events, shown),
        Some(("event", "retval")) => add_result(filters, expression),
        Some(("event", other)) => refuse(format!("event has no field {other:?}, only retval")),
        Some((event, argument)) => {
            let spec = catalogue::by_name(event).ok_or_else(|| {
                Refusal::Event(UsageError::UnknownEvent {
                    name: event.into(),
                    nearest: nearest(event, catalogue::events().map(|event| event.name)),
                })
            })?;
            add_argument(filters, expression, spec, argument, shown)?;
            match events.iter().any(|chosen| chosen.id == spec.id) {
                true => Ok(()),
                false => refuse(format!(
                    "{event} is not among the chosen events; --event {event} chooses it"
                )),
            }
        }
    }
}

/// The condition on an argument of every chosen event that has it. Those that do not have it, or not with such a value,
/// pass only `!=`.
fn add_everywhere(
    filters: &mut Filters,
    expression: &Expression,
    events: &[&'static EventSpec],
    shown: Shown<'_>,
) -> Checked<()> {
    let name = expression.field.as_str();
    let has = |event: &&&EventSpec| event.args.iter().any(|arg| arg.name == name);
    if !events.iter().any(|event| has(&event)) {
        return refuse(no_field(name, events));
    }
    let (mut refusal, mut possible) = (None, false);
    for event in events {
        if !has(&event) {
            filters.drop_event(event, expression.op);
            continue;
        }
        match add_argument(filters, expression, event, name, shown) {
            Ok(()) => possible = true,
            Err(refused) => {
                filters.drop_event(event, expression.op);
                refusal.get_or_insert(refused);
            }
        }
    }
    match refusal {
        Some(refusal) if !possible => Err(refusal),
        _ => Ok(()),
    }
}

/// Why there is no such field, and what may be meant.
fn no_field(name: &str, events: &[&'static EventSpec]) -> String {
    let has = |event: &&EventSpec| event.args.iter().any(|arg| arg.name == name);
    if let Some(other) = catalogue::events().find(has) {
        return format!(
            "no chosen event has the argument {name}, such as {} does",
            other.name
        );
    }
    let arguments = events.iter().flat_map(|event| event.args).map(|arg| arg.name);
    let meant = nearest(name, fields::filtered().chain(arguments))
        .map_or_else(|| ";".into(), |name| format!(", did you mean {name}?"));
    format!(
        "there is no field {name:?} that filters take{meant} the fields are {}, arguments of the chosen events, \
         <event>.retval and <event>.<argument>",
        fields::filtered().collect::<Vec<_>>().join(" "),
    )
}

fn add_result(filters: &mut Filters, expression: &Expression) -> Checked<()> {
    let numbers = result(expression)?;
    join_numbers(
        filters.result.get_or_insert_default(),
        &numbers,
        &expression.field,
    )
}

/// The condition on any path of an event.
fn add_path(filters: &mut Filters, expression: &Expression, events: &[&'static EventSpec]) -> Checked<()> {
    join_texts(filters.path.get_or_insert_default(), expression.texts()?);
    for event in events {
        if !event.args.iter().any(|arg| argument::may_have_path(event, arg)) {
            filters.drop_event(event, expression.op);
        }
    }
    Ok(())
}

/// A name of at most so many bytes, as the kernel side compares it.
fn name(expression: &Expression, max: usize) -> Checked<Texts> {
    let field = &expression.field;
    let texts = expression.texts()?;
    for pattern in texts.wanted.iter().chain(&texts.excluded) {
        if !pattern.more.is_empty() {
            return refuse(format!(
                "{field} takes * at either end only (\\* is the character itself)"
            ));
        }
        if pattern.text.len() > max {
            return refuse(format!("{field} has at most {max} bytes"));
        }
    }
    Ok(texts)
}

impl Filters {
    /// Drops an event that cannot have the value that is asked for. `!=` holds for it, and what tracee reports about the
    /// whole run stays.
    fn drop_event(&mut self, event: &EventSpec, op: Op) {
        if op != Op::NotEqual && has_result(event) {
            self.impossible.insert(event.id);
        }
    }
}

fn container(expression: &Expression) -> Checked<Texts> {
    let mut texts = expression.texts()?;
    for pattern in texts.wanted.iter_mut().chain(&mut texts.excluded) {
        if pattern.text.is_empty() && !pattern.is_open() {
            return refuse(
                "no container has an empty id or name; 'container!=*' matches what is in no container",
            );
        }
        let text = String::from_utf8_lossy(&pattern.text).into_owned();
        if !pattern.is_open() {
            pattern.text = id_of_table(&text).as_bytes().to_vec();
        }
    }
    Ok(texts)
}

fn result(expression: &Expression) -> Checked<Numbers> {
    expression.numbers(i64::MIN.into(), i64::MAX.into(), Names::Errors)
}

fn add_argument(
    filters: &mut Filters,
    expression: &Expression,
    event: &'static EventSpec,
    name: &str,
    shown: Shown<'_>,
) -> Checked<()> {
    if name == "retval" && has_result(event) {
        let numbers = result(expression)?;
        return join_numbers(
            filters.results.entry(event.id).or_default(),
            &numbers,
            &expression.field,
        );
    }
    let Some((arg, index)) = event.args.iter().zip(0..).find(|(arg, _)| arg.name == name) else {
        let names: Vec<_> = event
            .args
            .iter()
            .map(|arg| arg.name)
            .chain(has_result(event).then_some("retval"))
            .collect();
        return refuse(format!(
            "{} has no argument {name:?}: it has {}",
            event.name,
            names.join(" ")
        ));
    };
    if name == special::ENVP && !shown.exec_env {
        return refuse("envp is only read with --show-exec-env");
    }
    if matches!(arg.ty, ArgType::Buf { .. } | ArgType::BufOut { .. }) && !shown.buffers {
        return refuse(format!("{name} is only read with --decode-buffers"));
    }
    let condition = match argument::kind(arg.ty) {
        Kind::Number(min, max) => {
            let names = if arg.ty == ArgType::Uid {
                Names::Users(shown.users)
            } else {
                Names::None
            };
            Condition::Numbers(expression.numbers(min, max, names)?)
        }
        Kind::Words => Condition::Words(expression.words(arg.ty)?),
        Kind::Text => Condition::Texts(expression.texts()?),
    };
    match (filters.arguments.get_mut(&(event.id, index)), condition) {
        (Some(Condition::Numbers(all)), Condition::Numbers(numbers)) => {
            return join_numbers(all, &numbers, &expression.field);
        }
        (Some(Condition::Texts(all)), Condition::Texts(texts)) => join_texts(all, texts),
        (Some(Condition::Words(all)), Condition::Words(words)) => {
            all.wanted.extend(words.wanted);
            all.excluded.extend(words.excluded);
            return join_numbers(&mut all.numbers, &words.numbers, &expression.field);
        }
        (_, condition) => {
            if let Condition::Numbers(numbers) = &condition {
                possible(numbers, &expression.field)?;
            }
            filters.arguments.insert((event.id, index), condition);
        }
    }
    Ok(())
}

/// More conditions on the same number: `=` values are alternatives to those before.
fn join_numbers(all: &mut Numbers, more: &Numbers, field: &str) -> Checked<()> {
    all.join(more);
    possible(all, field)
}

fn join_texts(all: &mut Texts, more: Texts) {
    all.wanted.extend(more.wanted);
    all.excluded.extend(more.excluded);
}

#[cfg(test)]
mod tests;
