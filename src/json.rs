//! JSON, written right into a buffer. Its texts have ASCII escapes wherever tables have escapes, too: `\u009b`. A parser
//! gets the characters themselves.

use std::fmt::{self, Display, Write as _};

use serde::ser::{self, Serializer};
use serde::Serialize;

use crate::escape::{self, is_unsafe};

/// Appends a value as JSON. What tracee writes has no floats, no bytes and no keys but texts: those are errors.
///
/// ```
/// let mut out = Vec::new();
/// tracee::json::write(&mut out, &("a\u{9b}", Some(1), [true])).unwrap();
/// assert_eq!(out, br#"["a\u009b",1,[true]]"#);
/// ```
pub fn write<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> fmt::Result {
    Nulls::Kept.write(out, value)
}

/// Whether objects have entries that are null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nulls {
    /// They have.
    #[default]
    Kept,
    /// They have not.
    LeftOut,
}

impl Nulls {
    /// Appends a value as [`write()`] does.
    pub fn write<T: Serialize + ?Sized>(self, out: &mut Vec<u8>, value: &T) -> fmt::Result {
        value.serialize(Json { out, nulls: self })
    }

    /// Adds the entries of an object to the one that `out` ends with. An error if that has none.
    pub fn extend<T: Serialize + ?Sized>(self, out: &mut Vec<u8>, object: &T) -> fmt::Result {
        let inside = out.pop() == Some(b'}') && out.last() != Some(&b'{');
        let start = out.len();
        self.write(out, object)?;
        match out.get(start..) {
            Some([b'{', b'"', ..]) if inside => out[start] = b',',
            Some(b"{}") if inside => {
                out.remove(start);
            }
            _ => return Err(fmt::Error),
        }
        Ok(())
    }

    /// Begins an object.
    pub fn object(self, out: &mut Vec<u8>) -> Compound<'_> {
        Json { out, nulls: self }.begin(b"{", b"}")
    }

    /// Goes on with an object that `out` is in the middle of, behind an entry.
    pub fn inside_object(self, out: &mut Vec<u8>) -> Compound<'_> {
        Compound {
            entry: out.len(),
            out,
            end: b"}",
            nulls: self,
        }
    }
}

/// A text of our own, in which nothing has to be escaped: a key, the name of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plain(pub &'static str);

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit_variant("Plain", 0, self.0)
    }
}

struct Json<'a> {
    out: &'a mut Vec<u8>,
    nulls: Nulls,
}

/// Appends what stands within the quotes of a text.
fn push_escaped(out: &mut Vec<u8>, text: &str) {
    // Most texts need no look at each character.
    if let Some(text) = escape::plain(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let mut done = 0;
    for (at, character) in text.char_indices() {
        if !(is_unsafe(character) || character == '"' || character == '\\') {
            continue;
        }
        out.extend_from_slice(&text.as_bytes()[done..at]);
        done = at + character.len_utf8();
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            _ => character
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| push_unit(out, *unit)),
        }
    }
    out.extend_from_slice(&text.as_bytes()[done..]);
}

/// Appends `\u009b`.
fn push_unit(out: &mut Vec<u8>, unit: u16) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\\u");
    out.extend([12, 8, 4, 0].map(|shift| DIGITS[usize::from(unit >> shift & 15)]));
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    push_escaped(out, text);
    out.push(b'"');
}

/// The same for a text without anything to escape.
#[inline]
fn push_plain(out: &mut Vec<u8>, text: &str) {
    debug_assert!(escape::plain(text.as_bytes()).is_some());
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// What is displayed becomes the inside of a text.
struct Escaping<'a>(&'a mut Vec<u8>);

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        push_escaped(self.0, text);
        Ok(())
    }
}

/// A list or an object under way, and what ends it.
pub struct Compound<'a> {
    out: &'a mut Vec<u8>,
    end: &'static [u8],
    nulls: Nulls,
    /// Where the entry begins whose key has been written.
    entry: usize,
}

impl Compound<'_> {
    /// Appends a comma unless this is the first element: nothing else ends with an opening bracket.
    fn separate(&mut self) {
        if !matches!(self.out.last(), Some(b'[' | b'{')) {
            self.out.push(b',');
        }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> fmt::Result {
        self.separate();
        self.nulls.write(self.out, value)
    }

    /// Appends the value of the entry.
    #[inline]
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> fmt::Result {
        self.out.push(b':');
        let start = self.out.len();
        self.nulls.write(self.out, value)?;
        if self.nulls == Nulls::LeftOut && self.out[start..] == *b"null" {
            self.out.truncate(self.entry);
        }
        Ok(())
    }

    /// `key` is a name of our own, which needs no escapes.
    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> fmt::Result {
        self.entry = self.out.len();
        self.separate();
        push_plain(self.out, key);
        self.value(value)
    }

    fn finish(self) {
        self.out.extend_from_slice(self.end);
    }
}

impl<'a> Json<'a> {
    fn integer(self, value: impl itoa::Integer) {
        self.out
            .extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    fn begin(self, start: &[u8], end: &'static [u8]) -> Compound<'a> {
        self.out.extend_from_slice(start);
        Compound {
            entry: self.out.len(),
            out: self.out,
            end,
            nulls: self.nulls,
        }
    }

    /// `{"variant":`
    fn variant(self, variant: &str) -> Json<'a> {
        self.out.push(b'{');
        push_text(self.out, variant);
        self.out.push(b':');
        self
    }
}

macro_rules! integers {
    ($($name:ident: $ty:ty),*) => {
        $(fn $name(self, value: $ty) -> fmt::Result {
            self.integer(value);
            Ok(())
        })*
    };
}

impl<'a> Serializer for Json<'a> {
    type Ok = ();
    type Error = fmt::Error;
    type SerializeSeq = Compound<'a>;
    type SerializeTuple = Compound<'a>;
    type SerializeTupleStruct = Compound<'a>;
    type SerializeTupleVariant = Compound<'a>;
    type SerializeMap = Compound<'a>;
    type SerializeStruct = Compound<'a>;
    type SerializeStructVariant = Compound<'a>;

    integers!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64);
    integers!(serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64);

    fn serialize_bool(self, value: bool) -> fmt::Result {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_f32(self, _: f32) -> fmt::Result {
        Err(fmt::Error)
    }

    fn serialize_f64(self, _: f64) -> fmt::Result {
        Err(fmt::Error)
    }

    fn serialize_char(self, value: char) -> fmt::Result {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> fmt::Result {
        push_text(self.out, value);
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> fmt::Result {
        Err(fmt::Error)
    }

    fn serialize_none(self) -> fmt::Result {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> fmt::Result {
        value.serialize(self)
    }

    fn serialize_unit(self) -> fmt::Result {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> fmt::Result {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> fmt::Result {
        push_plain(self.out, variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> fmt::Result {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> fmt::Result {
        let inner = self.variant(variant);
        inner.nulls.write(inner.out, value)?;
        inner.out.push(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Compound<'a>, fmt::Error> {
        Ok(self.begin(b"[", b"]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Compound<'a>, fmt::Error> {
        Ok(self.begin(b"[", b"]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Compound<'a>, fmt::Error> {
        Ok(self.begin(b"[", b"]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'a>, fmt::Error> {
        Ok(self.variant(variant).begin(b"[", b"]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Compound<'a>, fmt::Error> {
        Ok(self.begin(b"{", b"}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Compound<'a>, fmt::Error> {
        Ok(self.begin(b"{", b"}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'a>, fmt::Error> {
        Ok(self.variant(variant).begin(b"{", b"}}"))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> fmt::Result {
        self.out.push(b'"');
        write!(Escaping(self.out), "{value}")?;
        self.out.push(b'"');
        Ok(())
    }
}

macro_rules! lists {
    ($($of:ident: $add:ident),*) => {
        $(impl ser::$of for Compound<'_> {
            type Ok = ();
            type Error = fmt::Error;

            fn $add<T: Serialize + ?Sized>(&mut self, value: &T) -> fmt::Result {
                self.element(value)
            }

            fn end(self) -> fmt::Result {
                self.finish();
                Ok(())
            }
        })*
    };
}

lists!(
    SerializeSeq: serialize_element, SerializeTuple: serialize_element, SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field
);

macro_rules! objects {
    ($($of:ident),*) => {
        $(impl ser::$of for Compound<'_> {
            type Ok = ();
            type Error = fmt::Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> fmt::Result {
                self.field(key, value)
            }

            fn end(self) -> fmt::Result {
                self.finish();
                Ok(())
            }
        })*
    };
}

objects!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Compound<'_> {
    type Ok = ();
    type Error = fmt::Error;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> fmt::Result {
        self.entry = self.out.len();
        self.separate();
        let start = self.out.len();
        self.nulls.write(self.out, key)?;
        match self.out.get(start) {
            Some(b'"') => Ok(()),
            _ => Err(fmt::Error),
        }
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> fmt::Result {
        self.value(value)
    }

    fn end(self) -> fmt::Result {
        self.finish();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
