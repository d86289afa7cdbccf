//! A strict JSON tree: what it parses has one meaning, and what it writes is what was judged.
//!
//! Stricter than RFC 8259 where parsers differ: no key twice at any depth, no byte order mark, no lone surrogate, no number
//! that a double turns into zero or infinity, and limits on everything that costs memory. Numbers keep their spelling.

mod canonical;
mod limits;
pub(crate) mod machine;
mod number;
mod object;
mod parse;
mod pointer;
pub(crate) mod scan;
pub(crate) mod utf8;
mod write;

pub use limits::Limits;
pub use number::Number;
pub use object::Object;
pub use parse::{Malformed, Reason};
pub use pointer::PointerError;

pub(crate) use parse::unescape;
pub(crate) use write::write_string;

use std::fmt;

/// One JSON value. Equality is exact: the order of members and the spelling of numbers count.
#[derive(Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was spelled.
    Number(Number),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Self>),
    /// An object, in the order of its members.
    Object(Object),
}

impl Json {
    /// Reads exactly one value from `bytes`.
    ///
    /// # Errors
    /// Where `bytes` is not strict JSON, or exceeds `limits`.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, Malformed> {
        parse::parse(bytes, limits)
    }

    /// Appends the value in compact form: no spaces, numbers as they were spelled.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        write::write(self, out);
    }

    /// The value in compact form.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_to(&mut out);
        out
    }

    /// The canonical form of RFC 8785, for digests. A number that a double cannot hold keeps its exact value instead of being
    /// rounded, so that no two different numbers share a digest.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::new();
        canonical::write(self, &mut out);
        out
    }

    /// SHA-256 of the canonical form.
    #[must_use]
    pub fn canonical_sha256(&self) -> [u8; 32] {
        canonical::sha256(&self.canonical())
    }

    /// The member `key`, where this is an object that has it.
    #[must_use]
    pub fn member(&self, key: &str) -> Option<&Self> {
        self.as_object()?.member(key)
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The value of `true` or `false`.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// The number.
    #[must_use]
    pub fn as_number(&self) -> Option<&Number> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    /// The number as an integer, where it is one and fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_i64()
    }

    /// The elements of an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(elements) = self { Some(elements) } else { None }
    }

    /// The object.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// The object, to change it.
    pub fn as_object_mut(&mut self) -> Option<&mut Object> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Adds one member at a JSON pointer (RFC 6901) whose parent is an object that exists.
    ///
    /// # Errors
    /// Where the pointer leads nowhere, or where the member already exists: nothing is ever overwritten.
    pub fn insert_at_pointer(&mut self, pointer: &str, value: Self) -> Result<(), PointerError> {
        pointer::insert(self, pointer, value)
    }
}

/// Says what kind of value it is and how large, never what it holds: arguments and results are not for logs.
impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(_) => f.write_str("bool"),
            Self::Number(_) => f.write_str("number"),
            Self::String(text) => write!(f, "string of {} bytes", text.len()),
            Self::Array(elements) => write!(f, "array of {}", elements.len()),
            Self::Object(object) => fmt::Debug::fmt(object, f),
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<u64> for Json {
    fn from(value: u64) -> Self {
        Self::Number(value.into())
    }
}

impl From<Object> for Json {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl From<Vec<Self>> for Json {
    fn from(elements: Vec<Self>) -> Self {
        Self::Array(elements)
    }
}

#[cfg(test)]
mod tests;
