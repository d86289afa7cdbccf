//! What stands in an answer's `data`, where every text is taken for a secret until somebody says otherwise.

use std::{collections::HashMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use zeroize::Zeroizing;

/// One value of JSON. Texts are wiped on drop, and not printed.
pub(crate) enum Field {
    Text(Zeroizing<String>),
    Number(u64),
    List(Vec<Self>),
    Object(HashMap<String, Self>),
    /// What none of our answers is made of.
    Other,
}

impl Field {
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.get(name),
            Self::Text(_) | Self::Number(_) | Self::List(_) | Self::Other => None,
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&Zeroizing<String>> {
        match self.member(name)? {
            Self::Text(text) => Some(text),
            Self::Number(_) | Self::List(_) | Self::Object(_) | Self::Other => None,
        }
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        match self.member(name)? {
            Self::Number(number) => Some(*number),
            Self::Text(_) | Self::List(_) | Self::Object(_) | Self::Other => None,
        }
    }

    /// The texts of a list; what is none is passed over.
    pub(crate) fn texts(&self, name: &str) -> impl Iterator<Item = &Zeroizing<String>> {
        let list = match self.member(name) {
            Some(Self::List(list)) => list.as_slice(),
            Some(Self::Text(_) | Self::Number(_) | Self::Object(_) | Self::Other) | None => &[],
        };
        list.iter().filter_map(|field| match field {
            Self::Text(text) => Some(text),
            Self::Number(_) | Self::List(_) | Self::Object(_) | Self::Other => None,
        })
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Field(…)")
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyValue;

        impl<'de> Visitor<'de> for AnyValue {
            type Value = Field;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value of JSON")
            }

            fn visit_str<E>(self, text: &str) -> Result<Field, E> {
                Ok(Field::Text(Zeroizing::new(text.to_owned())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Field, E> {
                Ok(Field::Number(number))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Field, E> {
                Ok(Field::Other)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Field, E> {
                Ok(Field::Other)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Field, E> {
                Ok(Field::Other)
            }

            fn visit_unit<E>(self) -> Result<Field, E> {
                Ok(Field::Other)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Field, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = list.next_element()? {
                    fields.push(field);
                }
                Ok(Field::List(fields))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Field, A::Error> {
                let mut fields = HashMap::new();
                while let Some((name, field)) = members.next_entry()? {
                    fields.insert(name, field);
                }
                Ok(Field::Object(fields))
            }
        }

        deserializer.deserialize_any(AnyValue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_by_name_and_kind_and_print_nothing() {
        let json = r#"{"a":{"b":"hunter2","n":7},"list":["x",1,"y"],"no":null,"minus":-1,"half":0.5,"yes":true}"#;
        let field: Field = serde_json::from_str(json).unwrap();
        let inner = field.member("a").unwrap();
        assert_eq!((inner.text("b").map(|text| text.as_str()), inner.number("n")), (Some("hunter2"), Some(7)));
        assert!(field.text("no").is_none() && field.text("a").is_none() && inner.number("b").is_none());
        assert_eq!(field.texts("list").map(|text| text.as_str()).collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(format!("{field:?}"), "Field(…)");
    }
}
