//! `FIELD OP VALUE[,VALUE]`, as typed and as meant.

use crate::catalogue::{self, special, ArgType, EventSpec};
use crate::error::UsageError;
use crate::fields::{self, Filtered};
use crate::filter::argument::{self, Condition, Kind, Word, Words};
use crate::filter::compile::has_result;
use crate::filter::number::{Numbers, Op};
use crate::filter::text::{Pattern, Texts};
use crate::filter::typed::{c_number, Names};
use crate::filter::Filters;
use crate::scope::id_of_table;
use crate::suggest::nearest;
use crate::wire::{FIELD_PID, FIELD_PPID, FIELD_TID, FIELD_UID};

/// What flags besides `--filter` decide about arguments.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shown {
    /// `--show-exec-env`
    pub exec_env: bool,
    /// `--decode-buffers`
    pub buffers: bool,
}

/// The longest possible names, in bytes: of a process (the kernel cuts longer ones), of a node.
const NAME_LENGTHS: [usize; 2] = [15, 64];

const FORM: &str = "it is FIELD OP VALUE[,VALUE] with one of = != < > <= >=, such as 'uid=1000' or \
                    'openat.pathname=/etc/*'; --filter help shows more";

/// Makes filters of all values of `--filter`, for these events.
pub fn parse(values: &[String], events: &[&'static EventSpec], shown: Shown) -> Result<Filters, UsageError> {
    let mut filters = Filters::default();
    for value in values {
        let expression = Expression::new(value)?;
        add(&mut filters, &expression, events, shown).map_err(|refusal| refusal.of(value))?;
    }
    Ok(filters)
}

/// Why an expression is refused.
enum Refusal {
    /// What is wrong with it, and what is allowed.
    Says(String),
    Event(UsageError),
}

impl Refusal {
    fn of(self, value: &str) -> UsageError {
        match self {
            Refusal::Says(allowed) => UsageError::Value {
                flag: "--filter",
                value: value.into(),
                allowed,
            },
            Refusal::Event(error) => error,
        }
    }
}

type Checked<T> = Result<T, Refusal>;

fn refuse<T>(why: impl Into<String>) -> Checked<T> {
    Err(Refusal::Says(why.into()))
}

/// An expression taken apart.
struct Expression {
    field: String,
    op: Op,
    values: Vec<Value>,
}

/// A value: its characters, without backslashes, and which of them are stars that stand for anything.
struct Value(Vec<(char, bool)>);

impl Expression {
    fn new(text: &str) -> Result<Expression, UsageError> {
        let wrong = || Refusal::Says(FORM.into()).of(text);
        let at = text.find(['=', '!', '<', '>']).ok_or_else(wrong)?;
        let (field, rest) = text.split_at(at);
        let (op, value) = [
            ("!=", Op::NotEqual),
            ("<=", Op::LessEqual),
            (">=", Op::GreaterEqual),
            ("=", Op::Equal),
            ("<", Op::Less),
            (">", Op::Greater),
        ]
        .into_iter()
        .find_map(|(symbol, op)| Some((op, rest.strip_prefix(symbol)?)))
        .ok_or_else(wrong)?;
        // In `uid = 0` the blanks are not part of the value.
        let value = match field.ends_with(' ') {
            true => value.trim_start(),
            false => value,
        };
        if field.trim().is_empty() {
            return Err(wrong());
        }
        Ok(Expression {
            field: field.trim().into(),
            op,
            values: split(value),
        })
    }

    /// The values as numbers between these bounds, or by name.
    fn numbers(&self, min: i128, max: i128, names: Names) -> Checked<Numbers> {
        let mut numbers = Numbers::default();
        for value in self.several()? {
            let text = value.plain();
            let number = names.number(&text).or_else(|| c_number(&text));
            match number.filter(|number| (min..=max).contains(number)) {
                Some(number) => numbers.add(self.op, number),
                None => {
                    let user = if names == Names::Users {
                        "no user of /etc/passwd, and "
                    } else {
                        ""
                    };
                    return refuse(format!("{text:?} is {user}not a number from {min} to {max}"));
                }
            }
        }
        Ok(numbers)
    }

    fn patterns(&self) -> Checked<Vec<Pattern>> {
        self.equality("a text")?;
        let values = self.several()?;
        if values.len() > 1 && values.iter().any(|value| value.0.is_empty()) {
            return refuse("one of its values is empty");
        }
        values.iter().map(Value::pattern).collect()
    }

    fn texts(&self) -> Checked<Texts> {
        let patterns = self.patterns()?;
        let (wanted, excluded) = match self.op {
            Op::Equal => (patterns, Vec::new()),
            _ => (Vec::new(), patterns),
        };
        Ok(Texts { wanted, excluded })
    }

    fn words(&self, ty: ArgType) -> Checked<Words> {
        if let (false, Some((min, max))) = (self.op.is_equality(), argument::compared_within(ty)) {
            let numbers = self.numbers(min, max, Names::Values(ty))?;
            possible(&numbers, &self.field)?;
            return Ok(Words {
                numbers,
                ..Words::default()
            });
        }
        self.equality("not a number that has an order")?;
        let names = argument::names(ty);
        let words = self
            .several()?
            .iter()
            .map(|value| value.word(ty, names.as_deref()))
            .collect::<Checked<_>>()?;
        let (wanted, excluded) = match self.op {
            Op::Equal => (words, Vec::new()),
            _ => (Vec::new(), words),
        };
        Ok(Words {
            wanted,
            excluded,
            ..Words::default()
        })
    }

    fn equality(&self, what: &str) -> Checked<()> {
        match self.op.is_equality() {
            true => Ok(()),
            false => refuse(format!("{} is {what}: it takes = and !=", self.field)),
        }
    }

    /// The values; only `=` and `!=` take more than one.
    fn several(&self) -> Checked<&[Value]> {
        match self.values.len() == 1 || self.op.is_equality() {
            true => Ok(&self.values),
            false => refuse(format!("{} takes one value", self.op.symbol())),
        }
    }
}

/// Values between commas; after a backslash a comma, a star or a backslash is an ordinary character.
fn split(text: &str) -> Vec<Value> {
    let mut values = vec![Value(Vec::new())];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = character == '\\'
            && characters
                .next_if(|next| ",*\\".contains(*next))
                .is_some_and(|next| {
                    values
                        .last_mut()
                        .unwrap_or(&mut Value(Vec::new()))
                        .0
                        .push((next, false));
                    true
                });
        match character {
            _ if escaped => {}
            ',' => values.push(Value(Vec::new())),
            _ => {
                if let Some(value) = values.last_mut() {
                    value.0.push((character, character == '*'));
                }
            }
        }
    }
    values
}

impl Value {
    /// The value as typed, if it has no stars.
    fn plain(&self) -> String {
        self.0.iter().map(|(character, _)| character).collect()
    }

    fn pattern(&self) -> Checked<Pattern> {
        let is_star = |at: Option<&(char, bool)>| at.is_some_and(|(_, star)| *star);
        let (open_start, open_end) = (is_star(self.0.first()), is_star(self.0.last()));
        let first = self.0.iter().position(|(_, star)| !star).unwrap_or(self.0.len());
        let end = self
            .0
            .iter()
            .rposition(|(_, star)| !star)
            .map_or(first, |at| at + 1);
        let mut parts = self.0[first..end].split(|(_, star)| *star).map(|part| {
            part.iter()
                .map(|(character, _)| character)
                .collect::<String>()
                .into_bytes()
        });
        Ok(Pattern {
            text: parts.next().unwrap_or_default(),
            more: parts.filter(|part| !part.is_empty()).collect(),
            open_start,
            open_end,
        })
    }

    /// `known`: the names that values of this type have; `None`: any text is possible.
    fn word(&self, ty: ArgType, known: Option<&[String]>) -> Checked<Word> {
        let pattern = self.pattern()?;
        if pattern.is_open() {
            return Ok(Word::Pattern(pattern));
        }
        let text = self.plain();
        if let Some(number) = c_number(&text) {
            return Ok(Word::Number(as_shown(ty, number)));
        }
        let Some(known) = known else {
            return Ok(Word::Pattern(pattern));
        };
        let full = |name: &str| {
            let signal = format!("SIG{name}");
            match ty {
                ArgType::Signal if known.contains(&signal) => signal,
                _ => name.to_owned(),
            }
        };
        let names: Vec<String> = text.split('|').map(full).collect();
        let unknown = names
            .iter()
            .find(|name| c_number(name).is_none() && !known.contains(name));
        match unknown {
            None => Ok(Word::Names(names)),
            Some(name) => refuse(match nearest(name, known.iter().map(String::as_str)) {
                Some(nearest) => format!("there is no name {name:?}, did you mean {nearest}?"),
                None => format!("{name:?} is neither a name of its values nor a number"),
            }),
        }
    }
}

/// Values of C's `int` may be written as hex registers: `0xffffff9c` is -100.
fn as_shown(ty: ArgType, number: i128) -> i128 {
    match argument::compared(ty, number as u64, 0) {
        // The type depends on the call.
        _ if matches!(ty, ArgType::Select { .. }) => number,
        shown => shown,
    }
}

fn add(
    filters: &mut Filters,
    expression: &Expression,
    events: &[&'static EventSpec],
    shown: Shown,
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
                Names::Users
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
    shown: Shown,
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
        if !event.args.iter().any(argument::may_have_path) {
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
    shown: Shown,
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
                Names::Users
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

fn possible(numbers: &Numbers, field: &str) -> Checked<()> {
    match numbers.possible() {
        true => Ok(()),
        false => refuse(format!("no number passes all filters of {field}")),
    }
}

fn join_texts(all: &mut Texts, more: Texts) {
    all.wanted.extend(more.wanted);
    all.excluded.extend(more.excluded);
}

#[cfg(test)]
mod tests;
