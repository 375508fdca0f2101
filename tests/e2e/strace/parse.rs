//! strace's log, line by line and argument by argument, as trees.

use std::collections::BTreeMap;

use super::term::Term;

/// The result of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Number(i128),
    /// An error, by name, also those that only tracers see.
    Error(String),
    /// The call did not return, or strace did not see it.
    Unknown,
}

/// A call of one thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub name: String,
    /// Arguments, with strace's names if it has them (clone's).
    pub args: Vec<(String, Term)>,
    /// Whether all of them are there.
    pub whole: bool,
    pub outcome: Outcome,
}

/// The calls of each thread of a log that was made with `-f -o`, in their order.
pub fn log(text: &str) -> Result<BTreeMap<i64, Vec<Call>>, String> {
    let mut threads: BTreeMap<i64, Vec<Call>> = BTreeMap::new();
    let mut pending: BTreeMap<i64, String> = BTreeMap::new();
    for line in text.lines() {
        let (tid, rest) = line.split_once(' ').ok_or_else(|| format!("no call: {line}"))?;
        let tid: i64 = tid.parse().map_err(|_| format!("no pid: {line}"))?;
        let rest = rest.trim_start();
        let calls = threads.entry(tid).or_default();
        if rest.starts_with("+++") {
            if let Some(begun) = pending.remove(&tid) {
                calls.push(unfinished(&begun).map_err(|why| format!("{why}: {line}"))?);
            }
        } else if rest.starts_with("--- ") {
        } else if let Some(begun) = rest.strip_suffix("<unfinished ...>") {
            pending.insert(tid, begun.trim_end().into());
        } else if let Some(resumed) = rest.strip_prefix("<... ") {
            let (_, end) = resumed
                .split_once(" resumed>")
                .ok_or_else(|| format!("not resumed: {line}"))?;
            let begun = pending.remove(&tid).ok_or_else(|| format!("not begun: {line}"))?;
            let whole = format!("{begun}{end}");
            calls.push(call(&whole).map_err(|why| format!("{why}: {whole}"))?);
        } else {
            calls.push(call(rest).map_err(|why| format!("{why}: {line}"))?);
        }
    }
    Ok(threads)
}

/// A call without an end, of which a part is logged.
fn unfinished(begun: &str) -> Result<Call, String> {
    let (name, _) = begun.split_once('(').ok_or("no call")?;
    Ok(Call {
        name: name.into(),
        args: Vec::new(),
        whole: false,
        outcome: Outcome::Unknown,
    })
}

/// A whole call: `name(arguments) = result`.
pub fn call(line: &str) -> Result<Call, String> {
    let (name, rest) = line.split_once('(').ok_or("no call")?;
    let mut call = Call {
        name: name.into(),
        args: Vec::new(),
        whole: true,
        outcome: Outcome::Unknown,
    };
    // Its own arguments are not shown, only the call that goes on.
    if let Some((_, end)) = rest.split_once("<... resuming interrupted ") {
        let (_, result) = end.rsplit_once(" = ").ok_or("no result")?;
        call.whole = false;
        call.outcome = outcome(result)?;
        return Ok(call);
    }
    let cut = rest
        .strip_suffix("<unfinished ...>) = ?")
        .map(|begun| format!("{})", begun.trim_end().trim_end_matches(',')));
    let mut parser = Parser {
        text: cut.as_deref().unwrap_or(rest).as_bytes(),
        at: 0,
    };
    call.args = parser.entries(b')')?.0;
    parser.space();
    if cut.is_none() {
        parser.expect(b'=')?;
        let result = std::str::from_utf8(&parser.text[parser.at..]).map_err(|error| error.to_string())?;
        call.outcome = outcome(result)?;
    }
    Ok(call)
}

fn outcome(text: &str) -> Result<Outcome, String> {
    let mut words = text.split_whitespace();
    let first = words.next().ok_or("no result")?;
    let second = words.next().unwrap_or_default();
    let error = || Outcome::Error(second.into());
    Ok(match first {
        "?" if second.starts_with('E') => error(),
        "?" => Outcome::Unknown,
        "-1" if second.starts_with('E') => error(),
        _ => {
            let mut parser = Parser {
                text: first.as_bytes(),
                at: 0,
            };
            Outcome::Number(parser.number()?)
        }
    })
}

/// One term, all of the text.
pub fn term(text: &str) -> Result<Term, String> {
    let mut parser = Parser {
        text: text.as_bytes(),
        at: 0,
    };
    let term = parser.change()?;
    match parser.peek() {
        None => Ok(term),
        Some(_) => parser.fail("the end"),
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

const OPERATORS: [&str; 7] = ["|", "&&", "==", "<<", "*", "&~", "+"];

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn fail<T>(&self, wanted: &str) -> Result<T, String> {
        let rest = &self.text[self.at.min(self.text.len())..];
        let rest = String::from_utf8_lossy(&rest[..rest.len().min(60)]);
        Err(format!("{wanted} expected before `{rest}`"))
    }

    fn space(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.text[self.at..].starts_with(word.as_bytes());
        if found {
            self.at += word.len();
        }
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.peek() != Some(byte) {
            return self.fail(&format!("`{}`", char::from(byte)));
        }
        self.at += 1;
        Ok(())
    }

    /// The entries between commas up to `end`, each with its name if it has one; and whether dots came last.
    #[allow(clippy::type_complexity)]
    fn entries(&mut self, end: u8) -> Result<(Vec<(String, Term)>, bool), String> {
        let mut entries = Vec::new();
        let mut cut = false;
        loop {
            self.space();
            if self.peek() == Some(end) {
                self.at += 1;
                return Ok((entries, cut));
            }
            if self.take("...") {
                cut = true;
            } else if self.peek() == Some(b',') {
                // strace 6.1 prints no 0 of statx's flags with -X raw.
                entries.push((String::new(), Term::Word(String::new())));
            } else {
                let key = self.key().unwrap_or_default();
                entries.push((key, self.change()?));
            }
            self.space();
            if self.peek() != Some(end) {
                self.expect(b',')?;
            }
        }
    }

    /// `st_mode=`, `c_cc[VMIN]=`
    fn key(&mut self) -> Option<String> {
        let start = self.at;
        let mut at = start;
        while self
            .text
            .get(at)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        {
            at += 1;
        }
        if at == start || self.text[start].is_ascii_digit() {
            return None;
        }
        if self.text.get(at) == Some(&b'[') {
            at += self.text[at..].iter().position(|byte| *byte == b']')? + 1;
        }
        if self.text.get(at) != Some(&b'=') || self.text.get(at + 1) == Some(&b'=') {
            return None;
        }
        self.at = at + 1;
        Some(String::from_utf8_lossy(&self.text[start..at]).into_owned())
    }

    fn change(&mut self) -> Result<Term, String> {
        let before = self.joined()?;
        self.space();
        if !self.take("=>") {
            return Ok(before);
        }
        self.space();
        Ok(Term::Change(Box::new(before), Box::new(self.joined()?)))
    }

    /// Operators bind alike: `A(s) && B(s) == 0` is ((A && B) == 0).
    fn joined(&mut self) -> Result<Term, String> {
        // strace 6.1 prints statx's flags so with -X raw, if the first part is 0: `|0x900`.
        let mut left = match self.peek() {
            Some(b'|') => Term::Number(0),
            _ => self.noted()?,
        };
        loop {
            self.space();
            if self.text[self.at..].starts_with(b"=>") {
                return Ok(left);
            }
            let Some(operator) = OPERATORS.iter().copied().find(|op| self.take(op)) else {
                return Ok(left);
            };
            self.space();
            let right = self.noted()?;
            left = match left {
                Term::Joined(same, mut terms) if same == operator => {
                    terms.push(right);
                    Term::Joined(same, terms)
                }
                left => Term::Joined(operator, vec![left, right]),
            };
        }
    }

    fn noted(&mut self) -> Result<Term, String> {
        let mut term = self.atom()?;
        loop {
            let start = self.at;
            self.space();
            if !self.take("/*") {
                self.at = start;
                return Ok(term);
            }
            let rest = &self.text[self.at..];
            let Some(len) = rest.windows(2).position(|pair| pair == b"*/") else {
                return self.fail("the end of a comment");
            };
            let note = String::from_utf8_lossy(&rest[..len]).trim().to_owned();
            self.at += len + 2;
            term = Term::Noted(Box::new(term), note);
        }
    }

    fn atom(&mut self) -> Result<Term, String> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'@') => {
                self.at += 1;
                let Term::Str { mut bytes, cut } = self.string()? else {
                    return self.fail("a string");
                };
                bytes.insert(0, 0);
                Ok(Term::Str { bytes, cut })
            }
            Some(b'{') => {
                self.at += 1;
                let (fields, cut) = self.entries(b'}')?;
                Ok(Term::Struct { fields, cut })
            }
            Some(b'[') => self.list(false),
            Some(b'~') => {
                self.at += 1;
                match self.peek() {
                    Some(b'[') => self.list(true),
                    _ => Ok(Term::Macro("~".into(), vec![self.noted()?])),
                }
            }
            Some(b'-' | b'0'..=b'9') => self.number().map(Term::Number),
            Some(b'&' | b'?' | b'_' | b'a'..=b'z' | b'A'..=b'Z') => self.word(),
            _ => self.fail("a value"),
        }
    }

    fn word(&mut self) -> Result<Term, String> {
        let start = self.at;
        self.at += 1;
        while self
            .peek()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_?.".contains(&byte))
        {
            self.at += 1;
        }
        let name = String::from_utf8_lossy(&self.text[start..self.at]).into_owned();
        if self.peek() == Some(b'(') {
            self.at += 1;
            let (args, _) = self.entries(b')')?;
            return Ok(Term::Macro(name, args.into_iter().map(|(_, arg)| arg).collect()));
        }
        Ok(match name.as_str() {
            "NULL" => Term::Null,
            _ => Term::Word(name),
        })
    }

    fn number(&mut self) -> Result<i128, String> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let digits = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric()) {
            self.at += 1;
        }
        let text = std::str::from_utf8(&self.text[digits..self.at]).unwrap_or_default();
        let number = match text.strip_prefix("0x") {
            Some(hex) => i128::from_str_radix(hex, 16),
            None if text.len() > 1 && text.starts_with('0') => i128::from_str_radix(text, 8),
            None => text.parse(),
        };
        match number {
            Ok(number) => Ok(if negative { -number } else { number }),
            Err(_) => {
                self.at = start;
                self.fail("a number")
            }
        }
    }

    /// Between commas it is an array, between spaces a set.
    fn list(&mut self, inverted: bool) -> Result<Term, String> {
        self.expect(b'[')?;
        let (mut items, mut cut, mut set) = (Vec::new(), false, inverted);
        loop {
            self.space();
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    return Ok(match set {
                        true => Term::Set { items, inverted },
                        false => Term::Array { items, cut },
                    });
                }
                Some(b',') => self.at += 1,
                Some(_) if self.take("...") => cut = true,
                Some(_) => {
                    // `[{BPF_STMT(…)}]` has no names, `[VMIN=1]` has.
                    let _ = self.key();
                    items.push(self.change()?);
                    self.space();
                    set |= !matches!(self.peek(), Some(b',' | b']'));
                }
                None => return self.fail("`]`"),
            }
        }
    }

    fn string(&mut self) -> Result<Term, String> {
        self.expect(b'"')?;
        let mut bytes = Vec::new();
        loop {
            let Some(byte) = self.peek() else {
                return self.fail("`\"`");
            };
            self.at += 1;
            match byte {
                b'"' => break,
                b'\\' => bytes.push(self.escape()?),
                _ => bytes.push(byte),
            }
        }
        let cut = self.take("...");
        Ok(Term::Str { bytes, cut })
    }

    fn escape(&mut self) -> Result<u8, String> {
        let Some(byte) = self.peek() else {
            return self.fail("an escape");
        };
        self.at += 1;
        let (radix, most) = match byte {
            b'n' => return Ok(b'\n'),
            b't' => return Ok(b'\t'),
            b'r' => return Ok(b'\r'),
            b'v' => return Ok(0x0b),
            b'f' => return Ok(0x0c),
            b'x' => (16, 2),
            b'0'..=b'7' => {
                self.at -= 1;
                (8, 3)
            }
            _ => return Ok(byte),
        };
        let mut value = 0;
        for _ in 0..most {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(radix)) else {
                break;
            };
            value = value * radix + digit;
            self.at += 1;
        }
        u8::try_from(value).or_else(|_| self.fail("a byte"))
    }
}
