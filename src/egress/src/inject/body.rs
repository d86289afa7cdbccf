//! A credential as a member of a JSON body; every byte around it stays as it was judged.

use std::{borrow::Cow, fmt};

use serde::{
    Deserializer as _,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::EgressError;

/// Writes the member that `pointer` (RFC 6901) names into the object that it is to stand in, as its first member. Objects on the
/// way that are missing are written too.
///
/// # Errors
/// The member is there already, or the body is no JSON object, or something on the way is none.
pub(super) fn insert(body: &[u8], pointer: &str, secret: &str) -> Result<Zeroizing<Vec<u8>>, EgressError> {
    let text = str::from_utf8(body).map_err(|_| EgressError::SlotMissing)?;
    let names: Vec<_> = pointer.split('/').skip(1).map(unescaped).collect();
    let place = find(text, &names)?;

    // An escape is six bytes long, so that the buffer never grows and leaves a copy behind.
    let added_max = 6 * (secret.len() + pointer.len()) + 5 * names.len() + 3;
    let mut out = Zeroizing::new(Vec::with_capacity(body.len() + added_max));
    let (before, after) = body.split_at_checked(place.at).ok_or(EgressError::SlotMissing)?;
    out.extend_from_slice(before);
    for (i, name) in place.missing.iter().enumerate() {
        if i > 0 {
            out.push(b'{');
        }
        write_text(&mut out, name)?;
        out.push(b':');
    }
    write_text(&mut out, secret)?;
    out.extend(place.missing.iter().skip(1).map(|_| b'}'));
    if !place.is_empty {
        out.push(b',');
    }
    out.extend_from_slice(after);
    Ok(out)
}

/// Where the member goes.
struct Place<'a> {
    /// Right behind the opening brace of the innermost object that exists.
    at: usize,
    /// Whether that object has no members.
    is_empty: bool,
    /// The names that are not there yet, outermost first; at least one.
    missing: &'a [Cow<'a, str>],
}

fn find<'a>(text: &str, names: &'a [Cow<'a, str>]) -> Result<Place<'a>, EgressError> {
    // This reads the whole document, so that what follows is within a well-formed one.
    let mut object = serde_json::from_str::<&RawValue>(text).map_err(|_| EgressError::SlotMissing)?.get();
    let mut missing = names;
    while let Some((name, rest)) = missing.split_first() {
        let found = look_up(object, name)?;
        match found.value {
            Some(_) if rest.is_empty() => return Err(EgressError::SlotTaken),
            Some(value) => object = value,
            None => {
                // Both are parts of the same text, and an object begins with its brace.
                let at = object.as_ptr().addr() - text.as_ptr().addr() + 1;
                return Ok(Place { at, is_empty: found.is_empty, missing });
            }
        }
        missing = rest;
    }
    Err(EgressError::SlotMissing)
}

/// What an object says about one name.
struct Found<'a> {
    value: Option<&'a str>,
    is_empty: bool,
}

fn look_up<'a>(object: &'a str, name: &str) -> Result<Found<'a>, EgressError> {
    let mut reader = serde_json::Deserializer::from_str(object);
    let found = reader.deserialize_map(Member { name }).map_err(|_| EgressError::SlotMissing)?;
    found.ok_or(EgressError::SlotTaken)
}

/// Looks for one member; `None` where it stands there more than once.
struct Member<'n> {
    name: &'n str,
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<Found<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Found { value: None, is_empty: true };
        let mut is_repeated = false;
        while let Some(key) = map.next_key::<Key<'de>>()? {
            found.is_empty = false;
            let value: &'de RawValue = map.next_value()?;
            if key.0 == self.name {
                is_repeated |= found.value.replace(value.get()).is_some();
            }
        }
        Ok((!is_repeated).then_some(found))
    }
}

/// A member's name, borrowed where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Borrowed(text)))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Owned(text.to_owned())))
    }
}

fn write_text(out: &mut Zeroizing<Vec<u8>>, text: &str) -> Result<(), EgressError> {
    serde_json::to_writer(&mut **out, text).map_err(|_| EgressError::CredentialUnfit)
}

/// Undoes the two escapes of a pointer (RFC 6901, section 4).
fn unescaped(token: &str) -> Cow<'_, str> {
    if token.contains('~') { Cow::Owned(token.replace("~1", "/").replace("~0", "~")) } else { Cow::Borrowed(token) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn inserted(body: &str, pointer: &str) -> Result<String, EgressError> {
        insert(body.as_bytes(), pointer, "s\"\\\n").map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[test]
    fn the_member_is_added_and_nothing_else_changes() {
        for (body, pointer, expected) in [
            (r"{}", "/token", r#"{"token":"s\"\\\n"}"#),
            (r#" { "a" : 1.0e0 } "#, "/token", r#" {"token":"s\"\\\n", "a" : 1.0e0 } "#),
            (
                r#"{"auth":{"user":12345678901234567890}}"#,
                "/auth/token",
                r#"{"auth":{"token":"s\"\\\n","user":12345678901234567890}}"#,
            ),
            (r#"{"a":[{"auth":{}}],"auth":{}}"#, "/auth/token", r#"{"a":[{"auth":{}}],"auth":{"token":"s\"\\\n"}}"#),
            (r#"{"a":1}"#, "/x/y/z", r#"{"x":{"y":{"z":"s\"\\\n"}},"a":1}"#),
            (r#"{"a":"\u0061"}"#, "/a~1b~0c", r#"{"a/b~c":"s\"\\\n","a":"\u0061"}"#),
            (r#"{"auth":{}}"#, "/\u{61}uth/token", r#"{"auth":{"token":"s\"\\\n"}}"#),
            (r#"{"\u0061uth":{"x":1}}"#, "/auth/token", r#"{"\u0061uth":{"token":"s\"\\\n","x":1}}"#),
        ] {
            assert_eq!(inserted(body, pointer).as_deref(), Ok(expected), "{body}");
        }
    }

    #[test]
    fn a_caller_does_not_fill_the_slot() {
        for body in [
            r#"{"token":"x"}"#,
            r#"{"token":null}"#,
            r#"{"a":1,"token":{}}"#,
            r#"{"\u0074oken":1}"#,
            r#"{"token":1,"token":2}"#,
        ] {
            assert_eq!(inserted(body, "/token"), Err(EgressError::SlotTaken), "{body}");
        }
        assert_eq!(inserted(r#"{"auth":{},"auth":{}}"#, "/auth/token"), Err(EgressError::SlotTaken));
    }

    #[test]
    fn without_an_object_there_is_no_slot() {
        for body in ["", "[]", "null", "1", "\"x\"", "{", "{}{}", "{} x", "{\"a\":}", "\u{feff}{}", "a=b", "[{}]"] {
            assert_eq!(inserted(body, "/token"), Err(EgressError::SlotMissing), "{body}");
        }
        for body in [r#"{"auth":null}"#, r#"{"auth":[]}"#, r#"{"auth":"x"}"#, r#"{"auth":[{}]}"#] {
            assert_eq!(inserted(body, "/auth/token"), Err(EgressError::SlotMissing), "{body}");
        }
        assert_eq!(insert(b"{\"a\":\"\xff\"}", "/token", "s"), Err(EgressError::SlotMissing));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[abt]{1,2}", inner, 0..4).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_read_back_is_the_body_and_the_secret(body in any_json(), secret in ".{0,12}", pointer in "(/[abt]{1,2}){1,3}") {
            let text = serde_json::to_string(&body).unwrap();
            match insert(text.as_bytes(), &pointer, &secret) {
                Ok(bytes) => {
                    let mut read: Value = serde_json::from_slice(&bytes).unwrap();
                    prop_assert_eq!(read.pointer(&pointer), Some(&json!(secret)));
                    // Taking the member out again, and with it the objects that were made for it, leaves the body.
                    let mut path = pointer.as_str();
                    while body.pointer(path).is_none() {
                        let (parent, name) = path.rsplit_once('/').unwrap();
                        read.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
                        path = parent;
                    }
                    prop_assert_eq!(read, body);
                }
                Err(EgressError::SlotTaken) => prop_assert!(body.pointer(&pointer).is_some()),
                Err(error) => prop_assert_eq!(error, EgressError::SlotMissing),
            }
        }
    }
}
