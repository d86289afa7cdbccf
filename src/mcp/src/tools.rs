//! One tool definition, checked before anyone sees it.

use crate::{
    json::{Json, Object},
    mirror::{InvalidMirror, Mirrors},
};

/// The longest name of a tool, in bytes.
pub(crate) const NAME_LENGTH_MAX: usize = 128;

/// A tool as its server defines it. What a model reads of it, its annotations too, is untrusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    definition: Object,
    name: String,
    mirrors: Mirrors,
}

/// Why a tool is not shown to anyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ToolFault {
    /// Not an object.
    #[error("the tool is not an object")]
    NotAnObject,
    /// The name is missing or breaks the rules.
    #[error("the tool's name is not 1 to {NAME_LENGTH_MAX} characters of A-Z, a-z, 0-9, '_', '-' and '.'")]
    Name,
    /// Two tools of one list have the same name: nobody can say which one a call would reach.
    #[error("two tools have the same name")]
    Repeated,
    /// `inputSchema` is missing or not the schema of an object.
    #[error("the tool's inputSchema is not a schema of type object")]
    InputSchema,
    /// An `x-mcp-header` annotation is invalid.
    #[error("{0}")]
    Mirror(#[from] InvalidMirror),
}

impl Tool {
    /// Reads a definition.
    ///
    /// # Errors
    /// Where the tool must not be shown.
    pub fn read(definition: &Json) -> Result<Self, ToolFault> {
        let object = definition.as_object().ok_or(ToolFault::NotAnObject)?;
        let name = object.member("name").and_then(Json::as_str).filter(|name| is_name(name)).ok_or(ToolFault::Name)?;
        let schema = object.member("inputSchema").and_then(Json::as_object).ok_or(ToolFault::InputSchema)?;
        if schema.member("type").and_then(Json::as_str) != Some("object") {
            return Err(ToolFault::InputSchema);
        }
        let mirrors = Mirrors::of_schema(schema)?;
        Ok(Self { name: name.to_owned(), mirrors, definition: object.clone() })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The arguments that it wants mirrored in headers.
    #[must_use]
    pub fn mirrors(&self) -> &Mirrors {
        &self.mirrors
    }

    /// The whole definition.
    #[must_use]
    pub fn definition(&self) -> &Object {
        &self.definition
    }

    /// The schema of its arguments.
    #[must_use]
    pub fn input_schema(&self) -> Option<&Object> {
        self.definition.member("inputSchema").and_then(Json::as_object)
    }

    /// SHA-256 of the canonical definition: everything that a model may read of it.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Json::Object(self.definition.clone()).canonical_sha256()
    }
}

/// Whether a text can name a tool.
#[must_use]
pub fn is_name(text: &str) -> bool {
    (1..=NAME_LENGTH_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Limits;

    fn read(text: &str) -> Result<Tool, ToolFault> {
        Tool::read(&Json::parse(text.as_bytes(), &Limits::LIST).unwrap())
    }

    #[test]
    fn a_tool_is_read_whole() {
        let tool = read(
            r#"{"name":"a.b-C_1","description":"d","inputSchema":{"type":"object","properties":{"r":{"type":"string","x-mcp-header":"R"}}}}"#,
        )
        .unwrap();
        assert_eq!(tool.name(), "a.b-C_1");
        assert!(tool.mirrors().covers(&["r"]));
        let reordered = read(
            r#"{"inputSchema":{"properties":{"r":{"x-mcp-header":"R","type":"string"}},"type":"object"},"description":"d","name":"a.b-C_1"}"#,
        );
        assert_eq!(tool.digest(), reordered.unwrap().digest());
        let changed = read(r#"{"name":"a.b-C_1","description":"D","inputSchema":{"type":"object"}}"#);
        assert_ne!(tool.digest(), changed.unwrap().digest());
    }

    #[test]
    fn a_tool_that_breaks_the_rules_is_refused() {
        let long = format!(r#"{{"name":"{}","inputSchema":{{"type":"object"}}}}"#, "x".repeat(129));
        for (text, fault) in [
            ("7", ToolFault::NotAnObject),
            ("{}", ToolFault::Name),
            (r#"{"name":"","inputSchema":{"type":"object"}}"#, ToolFault::Name),
            (r#"{"name":"a b","inputSchema":{"type":"object"}}"#, ToolFault::Name),
            (r#"{"name":"раypal","inputSchema":{"type":"object"}}"#, ToolFault::Name),
            (&long, ToolFault::Name),
            (r#"{"name":"a"}"#, ToolFault::InputSchema),
            (r#"{"name":"a","inputSchema":{}}"#, ToolFault::InputSchema),
            (r#"{"name":"a","inputSchema":{"type":["object"]}}"#, ToolFault::InputSchema),
            (
                r#"{"name":"a","inputSchema":{"type":"object","properties":{"r":{"type":"number","x-mcp-header":"R"}}}}"#,
                ToolFault::Mirror(InvalidMirror::Type),
            ),
        ] {
            assert_eq!(read(text), Err(fault), "{text:.60}");
        }
    }
}
