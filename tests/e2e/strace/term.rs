//! The tree into which strace's arguments are parsed.

use std::fmt::{self, Display, Formatter};

/// An argument or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    Number(i128),
    /// A text in quotes; `cut` if dots follow it.
    Str {
        bytes: Vec<u8>,
        cut: bool,
    },
    Null,
    /// A bare name.
    Word(String),
    /// Entries without a name have an empty one.
    Struct {
        fields: Vec<(String, Term)>,
        cut: bool,
    },
    Array {
        items: Vec<Term>,
        cut: bool,
    },
    /// `[INT CHLD]`, or all but these: `~[INT]`.
    Set {
        items: Vec<Term>,
        inverted: bool,
    },
    /// `makedev(0x8, 0x1)`
    Macro(String, Vec<Term>),
    /// A term with the comment after it.
    Noted(Box<Term>, String),
    /// Two or more, with the same operator between them.
    Joined(&'static str, Vec<Term>),
    /// Before the call and after it.
    Change(Box<Term>, Box<Term>),
}

/// Similar to what strace printed; for messages.
impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let list = |f: &mut Formatter<'_>, items: &[Term], between: &str| {
            items.iter().enumerate().try_for_each(|(index, item)| {
                f.write_str(if index > 0 { between } else { "" })?;
                write!(f, "{item}")
            })
        };
        match self {
            Term::Number(number) => write!(f, "{number}"),
            Term::Str { bytes, .. } => write!(f, "{:?}", String::from_utf8_lossy(bytes)),
            Term::Null => f.write_str("NULL"),
            Term::Word(word) => f.write_str(word),
            Term::Struct { fields, .. } => {
                f.write_str("{")?;
                for (key, value) in fields {
                    write!(f, "{key}={value}, ")?;
                }
                f.write_str("}")
            }
            Term::Array { items, .. } | Term::Set { items, .. } => {
                f.write_str("[")?;
                list(f, items, ", ")?;
                f.write_str("]")
            }
            Term::Macro(name, args) => {
                write!(f, "{name}(")?;
                list(f, args, ", ")?;
                f.write_str(")")
            }
            Term::Noted(inner, note) => write!(f, "{inner} /* {note} */"),
            Term::Joined(operator, terms) => list(f, terms, operator),
            Term::Change(before, after) => write!(f, "{before} => {after}"),
        }
    }
}

/// Without its comment.
pub fn bare(term: &Term) -> &Term {
    match term {
        Term::Noted(inner, _) => bare(inner),
        term => term,
    }
}

/// The value of an expression.
pub fn evaluate(term: &Term) -> Option<i128> {
    Some(match term {
        Term::Number(number) => *number,
        Term::Null => 0,
        Term::Noted(inner, _) => evaluate(inner)?,
        Term::Joined("|", terms) => {
            let mut all = 0;
            for term in terms {
                all |= evaluate(term)?;
            }
            all
        }
        Term::Joined("==", terms) => match terms.as_slice() {
            [Term::Joined("&&", _), number] => wait_status(terms.first()?, evaluate(number)?)?,
            _ => return None,
        },
        // `WIFSIGNALED(s) && WTERMSIG(s) == 6 && WCOREDUMP(s)`
        Term::Joined("&&", terms) => match terms.as_slice() {
            [status @ Term::Joined("==", _), Term::Macro(name, _)] if name == "WCOREDUMP" => {
                evaluate(status)? | 0x80
            }
            _ => return None,
        },
        Term::Macro(name, args) => match (name.as_str(), args.as_slice()) {
            ("makedev", [major, minor]) => {
                let (major, minor) = (evaluate(major)?, evaluate(minor)?);
                (minor & 0xff) | ((major & 0xfff) << 8) | ((minor & !0xff) << 12) | ((major & !0xfff) << 32)
            }
            ("htons" | "htonl", [number]) => evaluate(number)?,
            ("WIFCONTINUED", _) => 0xffff,
            ("~", [number]) => !evaluate(number)?,
            _ => return None,
        },
        _ => return None,
    })
}

/// `(WIFEXITED(s) && WEXITSTATUS(s))` of the number that these are said to equal.
fn wait_status(terms: &Term, number: i128) -> Option<i128> {
    let Term::Joined(_, terms) = terms else {
        return None;
    };
    match terms.first()? {
        Term::Macro(name, _) => match name.as_str() {
            "WIFEXITED" => Some(number << 8),
            "WIFSIGNALED" => Some(number),
            "WIFSTOPPED" => Some((number << 8) | 0x7f),
            _ => None,
        },
        _ => None,
    }
}
