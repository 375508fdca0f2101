//! An expression of `--filter` taken apart: a field, an operator, and values with their stars.

use crate::catalogue::ArgType;
use crate::error::UsageError;
use crate::filter::argument::{self, Word, Words};
use crate::filter::number::{Numbers, Op};
use crate::filter::text::{Pattern, Texts};
use crate::filter::typed::{c_number, Names};
use crate::suggest::nearest;

const FORM: &str = "it is FIELD OP VALUE[,VALUE] with one of = != < > <= >=, such as 'uid=1000' or \
                    'openat.pathname=/etc/*'; --filter help shows more";

/// Why an expression is refused.
pub enum Refusal {
    /// What is wrong with it, and what is allowed.
    Says(String),
    Event(UsageError),
}

impl Refusal {
    pub fn of(self, value: &str) -> UsageError {
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

pub type Checked<T> = Result<T, Refusal>;

pub fn refuse<T>(why: impl Into<String>) -> Checked<T> {
    Err(Refusal::Says(why.into()))
}

/// An expression taken apart.
pub struct Expression {
    pub field: String,
    pub op: Op,
    values: Vec<Value>,
}

/// A value: its characters, without backslashes, and which of them are stars that stand for anything.
struct Value(Vec<(char, bool)>);

impl Expression {
    pub fn new(text: &str) -> Result<Expression, UsageError> {
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
    pub fn numbers(&self, min: i128, max: i128, names: Names<'_>) -> Checked<Numbers> {
        let mut numbers = Numbers::default();
        for value in self.several()? {
            let text = value.plain();
            let number = names.number(&text).or_else(|| c_number(&text));
            match number.filter(|number| (min..=max).contains(number)) {
                Some(number) => numbers.add(self.op, number),
                None => {
                    let user = match names {
                        Names::Users(None) => "no user of /etc/passwd, and ",
                        Names::Users(Some(_)) => "no user where it was recorded, and ",
                        _ => "",
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

    pub fn texts(&self) -> Checked<Texts> {
        let patterns = self.patterns()?;
        let (wanted, excluded) = match self.op {
            Op::Equal => (patterns, Vec::new()),
            _ => (Vec::new(), patterns),
        };
        Ok(Texts { wanted, excluded })
    }

    pub fn words(&self, ty: ArgType) -> Checked<Words> {
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

/// Whether any number passes.
pub fn possible(numbers: &Numbers, field: &str) -> Checked<()> {
    match numbers.possible() {
        true => Ok(()),
        false => refuse(format!("no number passes all filters of {field}")),
    }
}
