//! Numbers as people type them: as C writes them, or by a name.

use crate::catalogue::ArgType;
use crate::filter::argument;
use crate::symbols;
use crate::users::Users;

/// A number as C writes it: decimal, hex, octal.
pub fn c_number(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let number = i128::from_str_radix(digits, radix).ok()?;
    Some(if negative { -number } else { number })
}

/// Names that stand for numbers.
#[derive(Clone, Copy)]
pub enum Names<'a> {
    None,
    /// These users; `None`: of `/etc/passwd`.
    Users(Option<&'a Users>),
    /// Of errors.
    Errors,
    /// Of values of this type.
    Values(ArgType),
}

impl Names<'_> {
    pub fn number(self, name: &str) -> Option<i128> {
        match self {
            Names::None => None,
            Names::Users(users) => users
                .map_or_else(|| Users::read().id(name), |users| users.id(name))
                .map(i128::from),
            Names::Errors => error(name),
            Names::Values(ty) => argument::number_of(ty, name),
        }
    }
}

/// Errors by name, as they stand in results: `ENOENT` and `-ENOENT` are -2.
fn error(text: &str) -> Option<i128> {
    symbols::errno(text.strip_prefix('-').unwrap_or(text)).map(|errno| -i128::from(errno))
}
