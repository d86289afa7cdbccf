//! JSON that has one meaning: no member twice, nothing after the end, bounded depth and size (RFC 8725, section 3.10).

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// How deep objects and arrays may nest. The claims of known issuers end at depth 4.
const DEPTH_MAX: usize = 16;
/// How many members and elements one document may hold; a token with 200 groups stays far below.
const VALUES_MAX: usize = 8192;
/// The last second of the year 9999: a later date is a mistake or an attack.
const SECONDS_MAX: u64 = 253_402_300_799;

/// Why a text is not strict JSON.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum NotStrict {
    /// Longer than its place allows.
    #[error("the JSON text is too long")]
    TooLong,
    /// Not JSON, or something follows it.
    #[error("not one JSON text")]
    NotJson,
    /// JSON, and not an object.
    #[error("not a JSON object")]
    NotAnObject,
    /// An object holds a member twice.
    #[error("a member stands twice in one JSON object")]
    DuplicateMember,
    /// Nested deeper than any honest document.
    #[error("the JSON text is nested too deeply")]
    TooDeep,
    /// More values than any honest document.
    #[error("the JSON text holds too many values")]
    TooMany,
}

/// Reads one JSON object of at most `length_max` bytes.
pub(crate) fn object(bytes: &[u8], length_max: usize) -> Result<Map<String, Value>, NotStrict> {
    if bytes.len() > length_max {
        return Err(NotStrict::TooLong);
    }
    let limits = Limits { fault: Cell::new(None), values_left: Cell::new(VALUES_MAX) };
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = Seed { limits: &limits, depth_left: DEPTH_MAX }.deserialize(&mut json);
    let ended = json.end();
    match (value, ended) {
        (Ok(Value::Object(members)), Ok(())) => Ok(members),
        (Ok(_), Ok(())) => Err(NotStrict::NotAnObject),
        _ => Err(limits.fault.get().unwrap_or(NotStrict::NotJson)),
    }
}

/// A NumericDate (RFC 7519, section 2) as whole seconds: an integer, not negative, before the year 10000.
pub(crate) fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().filter(|seconds| *seconds <= SECONDS_MAX)
}

struct Limits {
    fault: Cell<Option<NotStrict>>,
    values_left: Cell<usize>,
}

impl Limits {
    /// Remembers the fault; the text of the parser's own error is never shown.
    fn refuse<E: serde::de::Error>(&self, fault: NotStrict) -> E {
        self.fault.set(Some(fault));
        E::custom("refused")
    }

    fn count<E: serde::de::Error>(&self) -> Result<(), E> {
        let left = self.values_left.get().checked_sub(1).ok_or_else(|| self.refuse(NotStrict::TooMany))?;
        self.values_left.set(left);
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    limits: &'a Limits,
    depth_left: usize,
}

impl Seed<'_> {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth_left = self.depth_left.checked_sub(1).ok_or_else(|| self.limits.refuse(NotStrict::TooDeep))?;
        Ok(Self { depth_left, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(inner)? {
            self.limits.count()?;
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            self.limits.count()?;
            if members.contains_key(&name) {
                return Err(self.limits.refuse(NotStrict::DuplicateMember));
            }
            let value = map.next_value_seed(inner).map_err(A::Error::custom)?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Map<String, Value>, NotStrict> {
        object(text.as_bytes(), 1 << 20)
    }

    #[test]
    fn an_object_is_read_as_it_stands() {
        let members = read(r#" {"a":[1,-2,0.5,"x",true,null],"b":{"c":{}}} "#).unwrap();
        assert_eq!(Value::Object(members).to_string(), r#"{"a":[1,-2,0.5,"x",true,null],"b":{"c":{}}}"#);
    }

    #[test]
    fn what_two_parsers_could_read_differently_is_refused() {
        let deep = format!("{}{}", r#"{"a":"#.repeat(17), "}".repeat(17));
        let many = format!(r#"{{"a":[{}0]}}"#, "0,".repeat(VALUES_MAX));
        for (text, why) in [
            (r#"{"a":1,"a":1}"#, NotStrict::DuplicateMember),
            (r#"{"a":1,"\u0061":2}"#, NotStrict::DuplicateMember),
            (r#"{"b":[{"a":1,"a":2}]}"#, NotStrict::DuplicateMember),
            ("\u{feff}{}", NotStrict::NotJson),
            ("{} {}", NotStrict::NotJson),
            ("{}\0", NotStrict::NotJson),
            (r#"{"a":1,}"#, NotStrict::NotJson),
            (r#"{"a":1e400}"#, NotStrict::NotJson),
            (r#"{"a":NaN}"#, NotStrict::NotJson),
            (r#"{"a":"\ud800"}"#, NotStrict::NotJson),
            ("", NotStrict::NotJson),
            ("[]", NotStrict::NotAnObject),
            ("1", NotStrict::NotAnObject),
            (&deep, NotStrict::TooDeep),
            (&many, NotStrict::TooMany),
        ] {
            assert_eq!(read(text).unwrap_err(), why, "{:.40}", text);
        }
        assert_eq!(object(b"{\"a\":\"\xff\"}", 100), Err(NotStrict::NotJson));
        assert_eq!(object(b"{\"a\":1}", 6), Err(NotStrict::TooLong));
    }

    #[test]
    fn a_date_is_a_whole_number_of_seconds_before_the_year_10000() {
        let at = |text: &str| seconds(read(&format!(r#"{{"a":{text}}}"#)).unwrap().get("a").unwrap());
        assert_eq!(at("1700000000"), Some(1_700_000_000));
        assert_eq!(at("253402300799"), Some(SECONDS_MAX));
        for refused in ["1700000000.0", "1.7e9", "-1", "-0.0", "253402300800", "18446744073709551616", "\"1\"", "null"]
        {
            assert_eq!(at(refused), None, "{refused}");
        }
    }
}
