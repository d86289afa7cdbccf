//! A checked value and where it stands in the file, so that a later check can point at it.

use std::{borrow::Cow, fmt, marker::PhantomData, net::SocketAddr, ops::Range, path::PathBuf, str::FromStr};

use model::{
    AgentName, CredentialName, Destination, GroupName, IssuerName, ProviderName, Scope, ToolName, UpstreamName,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error as _, Visitor},
};
use toml::Spanned;

/// A value with its place. A default has no place: its span is empty.
#[derive(Debug, Clone)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Range<usize>,
}

impl<T> At<T> {
    /// A default.
    pub(crate) const fn implied(value: T) -> Self {
        Self { value, span: 0..0 }
    }
}

/// What can be read from one value of the file and checked on its own.
pub(crate) trait Value: Sized {
    /// What stands in the file.
    type Written: DeserializeOwned + Serialize;

    /// Checks what stands in the file; the error says what would be right.
    fn read(written: Self::Written) -> Result<Self, String>;

    /// What would stand in the file.
    fn write(&self) -> Self::Written;

    /// What may stand in the file.
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

impl<'de, T: Value> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let checked = Spanned::<Checked<T>>::deserialize(deserializer)?;
        let span = checked.span();
        Ok(Self { value: checked.into_inner().0, span })
    }
}

/// A value that is checked while the deserializer still stands at it, so that its error has the place of this value and not of
/// the list around it.
struct Checked<T>(T);

impl<'de, T: Value> Deserialize<'de> for Checked<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Check<T>(PhantomData<T>);

        impl<'de, T: Value> Visitor<'de> for Check<T> {
            type Value = Checked<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Checked<T>, D::Error> {
                let written = T::Written::deserialize(deserializer)?;
                T::read(written).map(Checked).map_err(D::Error::custom)
            }
        }

        deserializer.deserialize_newtype_struct("Checked", Check(PhantomData))
    }
}

impl<T: Value> Serialize for At<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.write().serialize(serializer)
    }
}

impl<T: Value> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::schema(generator)
    }
}

/// A value that is a text: read by `FromStr`, written by `Display`, and called this in the reference.
macro_rules! text {
    ($($type:ty: $format:literal),+ $(,)?) => {$(
        impl $crate::at::Value for $type {
            type Written = String;

            fn read(written: String) -> Result<Self, String> {
                written.parse::<Self>().map_err(|why| why.to_string())
            }

            fn write(&self) -> String {
                self.to_string()
            }

            fn schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "format": $format })
            }
        }
    )+};
}
pub(crate) use text;

text! {
    AgentName: "name",
    CredentialName: "name",
    Destination: "URL",
    GroupName: "name",
    IssuerName: "name",
    Scope: "scope",
    Address: "address and port",
    ProviderName: "name",
    ToolName: "name",
    UpstreamName: "name",
}

/// An IP address and a port to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address(pub(crate) SocketAddr);

impl FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| "not an IP address with a port, such as 127.0.0.1:8480 or [::1]:8480")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Value for PathBuf {
    type Written = String;

    fn read(written: String) -> Result<Self, String> {
        if written.is_empty() { Err("a path is not empty".to_owned()) } else { Ok(written.into()) }
    }

    fn write(&self) -> String {
        self.display().to_string()
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "path" })
    }
}

impl Value for bool {
    type Written = Self;

    fn read(written: Self) -> Result<Self, String> {
        Ok(written)
    }

    fn write(&self) -> Self {
        *self
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        Self::json_schema(generator)
    }
}

/// A whole number within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number<const MIN: u32, const MAX: u32>(pub(crate) u32);

impl<const MIN: u32, const MAX: u32> Value for Number<MIN, MAX> {
    type Written = i64;

    fn read(written: i64) -> Result<Self, String> {
        match u32::try_from(written) {
            Ok(number) if (MIN..=MAX).contains(&number) => Ok(Self(number)),
            _ => Err(format!("must be {MIN} to {MAX}")),
        }
    }

    fn write(&self) -> i64 {
        self.0.into()
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

impl<const MIN: u32, const MAX: u32> Number<MIN, MAX> {
    pub(crate) const fn implied(number: u32) -> At<Self> {
        At::implied(Self(number))
    }
}

/// A text of 1 to 256 visible characters that is compared and not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) String);

impl FromStr for Text {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=256).contains(&text.len()) && !text.contains(char::is_control) && text.trim() == text;
        if fits { Ok(Self(text.to_owned())) } else { Err("a text of 1 to 256 characters without spaces around it") }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text!(Text: "text");
