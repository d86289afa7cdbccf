//! `x-mcp-header`: the arguments that a tool wants mirrored in `Mcp-Param-*` headers.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    fault::{Fault, HeaderProblem},
    headers::{self, PARAM_PREFIX},
    json::{Json, Number, Object},
};

const ANNOTATION: &str = "x-mcp-header";
/// More than any tool needs, and few enough for every server's limit on headers.
const MIRRORS_MAX: usize = 32;
/// Part of a header's name, and of error texts.
const TOKEN_LENGTH_MAX: usize = 64;
/// Integers beyond this are not the same in every reader (RFC 8259, section 6).
const INTEGER_MAX: i64 = (1 << 53) - 1;

/// The mirrored arguments of one tool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mirrors(Vec<Mirror>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mirror {
    header: HeaderName,
    spelled: String,
    path: Vec<String>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    Boolean,
}

/// Why a tool's annotations are not valid; the tool is then not shown to anyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMirror {
    /// Not a string that can end a header's name, or longer than 64 bytes.
    #[error("an x-mcp-header is not a token")]
    Token,
    /// Two that differ in case at most.
    #[error("two x-mcp-header annotations have the same name")]
    Repeated,
    /// On a property that is not a string, integer or boolean.
    #[error("an x-mcp-header stands on a property that is not a string, integer or boolean")]
    Type,
    /// Where the argument cannot be found from the schema alone.
    #[error("an x-mcp-header stands where a chain of `properties` does not reach")]
    Unreachable,
    /// Too many.
    #[error("there are more than {MIRRORS_MAX} x-mcp-header annotations")]
    TooMany,
}

impl Mirrors {
    /// Reads the annotations of an `inputSchema`.
    ///
    /// # Errors
    /// Where one of them is not valid.
    pub fn of_schema(schema: &Object) -> Result<Self, InvalidMirror> {
        let mut found = Vec::new();
        collect(schema, &mut Vec::new(), &mut found)?;
        Ok(Self(found))
    }

    /// Whether no argument is mirrored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the argument at this path of member names is mirrored. A credential must never be put there: it would stand in
    /// headers, and so in the logs of everything on the way.
    #[must_use]
    pub fn covers(&self, path: &[&str]) -> bool {
        self.0.iter().any(|mirror| mirror.path.iter().map(String::as_str).eq(path.iter().copied()))
    }

    /// Compares the headers of a `tools/call` with its arguments. A header of an argument that no annotation names is no
    /// business of this check.
    ///
    /// # Errors
    /// [`Fault::Header`] where a header is missing, not expected, or differs.
    pub fn check(&self, headers: &HeaderMap, arguments: Option<&Object>) -> Result<(), Fault> {
        for mirror in &self.0 {
            let problem = match (headers::single(headers, &mirror.header)?, mirror.argument(arguments)) {
                (None, None) => continue,
                (Some(_), None) => HeaderProblem::Unexpected,
                (None, Some(_)) => HeaderProblem::Missing,
                (Some(value), Some(argument)) => match headers::decode(value) {
                    None => HeaderProblem::Unreadable,
                    Some(text) if mirror.is_same(&text, argument) => continue,
                    Some(_) => HeaderProblem::Differs,
                },
            };
            return Err(Fault::header(mirror.spelled.clone(), problem));
        }
        Ok(())
    }

    /// Writes the headers that mirror `arguments`.
    ///
    /// # Errors
    /// [`Fault::Param`] where a mirrored argument has another type than the schema says.
    pub fn write(&self, arguments: Option<&Object>, headers: &mut HeaderMap) -> Result<(), Fault> {
        for mirror in &self.0 {
            let Some(argument) = mirror.argument(arguments) else { continue };
            let value = mirror.value(argument).ok_or(Fault::Param {
                name: "arguments",
                expected: "of the types that the tool's schema gives to mirrored arguments",
            })?;
            headers.insert(mirror.header.clone(), value);
        }
        Ok(())
    }

    /// The `Mcp-Param-*` headers that no annotation names. The protocol wants them forwarded by whoever does not know them;
    /// whether a tool that we know may get them is for the caller of this to say.
    pub fn unknown<'a>(&'a self, headers: &'a HeaderMap) -> impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)> {
        headers.iter().filter(|(name, _)| {
            name.as_str().starts_with(PARAM_PREFIX) && self.0.iter().all(|mirror| mirror.header != **name)
        })
    }
}

impl Mirror {
    /// The argument, where it is there and not null.
    fn argument<'a>(&self, arguments: Option<&'a Object>) -> Option<&'a Json> {
        let (last, way) = self.path.split_last()?;
        let parent = way.iter().try_fold(arguments?, |object, step| object.member(step)?.as_object())?;
        parent.member(last).filter(|argument| !argument.is_null())
    }

    fn value(&self, argument: &Json) -> Option<HeaderValue> {
        match (self.kind, argument) {
            (Kind::Text, Json::String(text)) => Some(headers::encode(text)),
            (Kind::Integer, Json::Number(number)) => safe_integer(number).map(HeaderValue::from),
            (Kind::Boolean, Json::Bool(value)) => Some(HeaderValue::from_static(if *value { "true" } else { "false" })),
            (Kind::Text | Kind::Integer | Kind::Boolean, _) => None,
        }
    }

    fn is_same(&self, text: &str, argument: &Json) -> bool {
        match (self.kind, argument) {
            (Kind::Text, Json::String(value)) => text == value,
            (Kind::Integer, Json::Number(number)) => {
                safe_integer(number).is_some() && Number::parse(text).is_some_and(|other| other.is_same_value(number))
            }
            (Kind::Boolean, Json::Bool(value)) => text == if *value { "true" } else { "false" },
            (Kind::Text | Kind::Integer | Kind::Boolean, _) => false,
        }
    }
}

fn safe_integer(number: &Number) -> Option<i64> {
    number.as_i64().filter(|value| (-INTEGER_MAX..=INTEGER_MAX).contains(value))
}

/// Walks the chains of `properties`, and refuses an annotation anywhere else. The depth is that of a tree that was parsed.
fn collect(schema: &Object, path: &mut Vec<String>, found: &mut Vec<Mirror>) -> Result<(), InvalidMirror> {
    for (keyword, value) in schema.iter() {
        match (keyword, value) {
            (ANNOTATION, name) => found.push(mirror(schema, name, path, found)?),
            ("properties", Json::Object(properties)) => {
                for (name, property) in properties.iter() {
                    let Json::Object(property) = property else { continue };
                    path.push(name.to_owned());
                    collect(property, path, found)?;
                    path.pop();
                }
            }
            // Values, not schemas: an annotation in them is data.
            ("default" | "const" | "enum" | "examples", _) => {}
            (_, elsewhere) if annotates(elsewhere) => return Err(InvalidMirror::Unreachable),
            _ => {}
        }
    }
    Ok(())
}

fn mirror(schema: &Object, name: &Json, path: &[String], found: &[Mirror]) -> Result<Mirror, InvalidMirror> {
    if path.is_empty() {
        return Err(InvalidMirror::Unreachable);
    }
    if found.len() == MIRRORS_MAX {
        return Err(InvalidMirror::TooMany);
    }
    let name = name.as_str().filter(|name| (1..=TOKEN_LENGTH_MAX).contains(&name.len())).ok_or(InvalidMirror::Token)?;
    let spelled = format!("Mcp-Param-{name}");
    let header = HeaderName::try_from(&spelled).map_err(|_| InvalidMirror::Token)?;
    let kind = match schema.member("type").and_then(Json::as_str) {
        Some("string") => Kind::Text,
        Some("integer") => Kind::Integer,
        Some("boolean") => Kind::Boolean,
        _ => return Err(InvalidMirror::Type),
    };
    if found.iter().any(|other| other.header == header) {
        return Err(InvalidMirror::Repeated);
    }
    Ok(Mirror { header, spelled, path: path.to_vec(), kind })
}

/// Whether a schema somewhere in `value` carries the annotation. A property may be *named* like it.
fn annotates(value: &Json) -> bool {
    match value {
        Json::Array(elements) => elements.iter().any(annotates),
        Json::Object(object) => object.iter().any(|(key, member)| match (key, member) {
            (ANNOTATION, Json::String(_)) => true,
            ("default" | "const" | "enum" | "examples", _) => false,
            ("properties", Json::Object(properties)) => properties.iter().any(|(_, property)| annotates(property)),
            _ => annotates(member),
        }),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Limits;

    fn object(text: &str) -> Object {
        Json::parse(text.as_bytes(), &Limits::MESSAGE).unwrap().as_object().unwrap().clone()
    }

    fn mirrors(properties: &str) -> Result<Mirrors, InvalidMirror> {
        Mirrors::of_schema(&object(&format!(r#"{{"type":"object","properties":{{{properties}}}}}"#)))
    }

    const THREE: &str = r#""region":{"type":"string","x-mcp-header":"Region"},
        "options":{"type":"object","properties":{"limit":{"type":"integer","x-mcp-header":"Limit"}}},
        "dry":{"type":"boolean","x-mcp-header":"Dry"},"sql":{"type":"string"}"#;

    #[test]
    fn headers_are_derived_from_arguments_and_then_agree() {
        let mirrors = mirrors(THREE).unwrap();
        let arguments = object(r#"{"region":"zürich","options":{"limit":42.0},"dry":false,"sql":"s"}"#);
        let mut headers = HeaderMap::new();
        mirrors.write(Some(&arguments), &mut headers).unwrap();
        assert_eq!(headers.len(), 3);
        assert_eq!(headers["mcp-param-region"], "=?base64?esO8cmljaA==?=");
        assert_eq!(headers["mcp-param-limit"], "42");
        assert_eq!(headers["mcp-param-dry"], "false");
        assert_eq!(mirrors.check(&headers, Some(&arguments)), Ok(()));
        assert!(mirrors.covers(&["options", "limit"]) && !mirrors.covers(&["sql"]) && !mirrors.covers(&["limit"]));
    }

    #[test]
    fn each_disagreement_of_a_header_and_its_argument_is_found() {
        let mirrors = mirrors(THREE).unwrap();
        let check = |headers: &[(&'static str, &str)], arguments: &str| {
            let map =
                headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect();
            match mirrors.check(&map, Some(&object(arguments))) {
                Ok(()) => None,
                Err(Fault::Header { problem, .. }) => Some(problem),
                Err(fault) => panic!("{fault}"),
            }
        };
        let region = "mcp-param-region";
        assert_eq!(check(&[(region, "eu"), ("mcp-param-other", "x")], r#"{"region":"eu"}"#), None);
        assert_eq!(check(&[(region, "=?base64?ZXU=?=")], r#"{"region":"eu"}"#), None);
        assert_eq!(check(&[("mcp-param-limit", "42")], r#"{"options":{"limit":42.0}}"#), None);
        assert_eq!(check(&[], r#"{"region":null}"#), None);
        assert_eq!(check(&[], r#"{"region":"eu"}"#), Some(HeaderProblem::Missing));
        assert_eq!(check(&[(region, "eu")], r#"{"region":null}"#), Some(HeaderProblem::Unexpected));
        assert_eq!(check(&[(region, "EU")], r#"{"region":"eu"}"#), Some(HeaderProblem::Differs));
        assert_eq!(check(&[(region, "=?base64?%?=")], r#"{"region":"eu"}"#), Some(HeaderProblem::Unreadable));
        assert_eq!(check(&[(region, "1")], r#"{"region":1}"#), Some(HeaderProblem::Differs));
        assert_eq!(check(&[("mcp-param-dry", "True")], r#"{"dry":true}"#), Some(HeaderProblem::Differs));
        assert_eq!(
            check(&[("mcp-param-limit", "9007199254740993")], r#"{"options":{"limit":9007199254740993}}"#),
            Some(HeaderProblem::Differs)
        );
        let mut twice = HeaderMap::new();
        twice.append(region, "eu".parse().unwrap());
        twice.append(region, "eu".parse().unwrap());
        assert!(mirrors.check(&twice, Some(&object(r#"{"region":"eu"}"#))).is_err());
        let mut none = HeaderMap::new();
        assert!(mirrors.write(Some(&object(r#"{"region":[1]}"#)), &mut none).is_err());
    }

    #[test]
    fn each_invalid_annotation_has_its_reason() {
        use InvalidMirror::{Repeated, Token, TooMany, Type, Unreachable};
        let many: Vec<String> =
            (0..33).map(|n| format!(r#""p{n}":{{"type":"string","x-mcp-header":"H{n}"}}"#)).collect();
        for (properties, reason) in [
            (r#""a":{"type":"string","x-mcp-header":""}"#, Token),
            (r#""a":{"type":"string","x-mcp-header":"a b"}"#, Token),
            (r#""a":{"type":"string","x-mcp-header":"a:b"}"#, Token),
            (r#""a":{"type":"string","x-mcp-header":"é"}"#, Token),
            (r#""a":{"type":"string","x-mcp-header":7}"#, Token),
            (r#""a":{"type":"string","x-mcp-header":"X"},"b":{"type":"string","x-mcp-header":"x"}"#, Repeated),
            (r#""a":{"type":"number","x-mcp-header":"X"}"#, Type),
            (r#""a":{"type":["string","null"],"x-mcp-header":"X"}"#, Type),
            (r#""a":{"type":"object","x-mcp-header":"X"}"#, Type),
            (r#""a":{"x-mcp-header":"X"}"#, Type),
            (r#""a":{"type":"array","items":{"type":"string","x-mcp-header":"X"}}"#, Unreachable),
            (r#""a":{"anyOf":[{"type":"string","x-mcp-header":"X"}]}"#, Unreachable),
            (r#""a":{"additionalProperties":{"type":"string","x-mcp-header":"X"}}"#, Unreachable),
            (r#""a":{"items":{"properties":{"b":{"type":"string","x-mcp-header":"X"}}}}"#, Unreachable),
            (many.join(",").as_str(), TooMany),
        ] {
            assert_eq!(mirrors(properties), Err(reason), "{properties:.80}");
        }
        let root = object(r#"{"type":"object","x-mcp-header":"X"}"#);
        assert_eq!(Mirrors::of_schema(&root), Err(Unreachable));
        let definitions = object(r#"{"type":"object","$defs":{"d":{"type":"string","x-mcp-header":"X"}}}"#);
        assert_eq!(Mirrors::of_schema(&definitions), Err(Unreachable));
        let named = r#""x-mcp-header":{"type":"string"},"b":{"default":{"x-mcp-header":"X"}}"#;
        assert_eq!(mirrors(named), Ok(Mirrors::default()));
    }
}
