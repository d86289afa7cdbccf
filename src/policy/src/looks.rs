//! Which parts of the context a rule looks at, read from its expression, so that nothing else is converted.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::schema::{HTTP_ATTRIBUTES, PARTY_ATTRIBUTES};

/// The parts of the context that a rule, or several, look at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Looks {
    pub(crate) subject: bool,
    pub(crate) actor: bool,
    pub(crate) http: bool,
    pub(crate) arguments: ArgumentLooks,
}

/// Which arguments are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum ArgumentLooks {
    #[default]
    None,
    /// The members of these names.
    Named(BTreeSet<String>),
    /// The arguments as a whole.
    All,
}

impl ArgumentLooks {
    /// Whether the member of that name is looked at.
    pub(crate) fn covers(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::Named(names) => names.contains(name),
            Self::All => true,
        }
    }

    fn add(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::All, _) | (_, Self::None) => {}
            (Self::Named(names), Self::Named(more)) => names.extend(more.iter().cloned()),
            (Self::None, _) | (_, Self::All) => *self = other.clone(),
        }
    }
}

/// An attribute of the context that does not exist.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnknownAttribute {
    /// The path as written, such as `context.subject.name`.
    pub(crate) path: String,
    /// The attributes that do exist at that place.
    pub(crate) known: &'static [&'static str],
}

const CONTEXT_ATTRIBUTES: [&str; 4] = ["arguments", "subject", "actor", "http"];

impl Looks {
    /// Reads the conditions of a policy in Cedar's JSON form.
    ///
    /// # Errors
    /// Names the first attribute that no context has.
    pub(crate) fn of(conditions: &Value) -> Result<Self, UnknownAttribute> {
        let mut looks = Self::default();
        for condition in conditions.as_array().into_iter().flatten() {
            looks.read(condition.get("body").unwrap_or(&Value::Null))?;
        }
        Ok(looks)
    }

    /// Whether nothing of the context is looked at, so that the answer is the same for every call.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What either looks at.
    pub(crate) fn add(&mut self, other: &Self) {
        self.subject |= other.subject;
        self.actor |= other.actor;
        self.http |= other.http;
        self.arguments.add(&other.arguments);
    }

    /// One expression: an object whose one key is the operator.
    fn read(&mut self, expression: &Value) -> Result<(), UnknownAttribute> {
        for (operator, operands) in expression.as_object().into_iter().flatten() {
            match (operator.as_str(), path(expression)) {
                ("has", _) => {
                    let left = operands.get("left").unwrap_or(&Value::Null);
                    match (path(left), operands.get("attr")) {
                        (Some(mut path), Some(attribute)) => {
                            path.extend(match attribute {
                                Value::Array(attributes) => attributes.iter().filter_map(Value::as_str).collect(),
                                one => one.as_str().into_iter().collect::<Vec<_>>(),
                            });
                            self.see(&path, true)?;
                        }
                        _ => self.read(left)?,
                    }
                }
                (_, Some(path)) => self.see(&path, false)?,
                ("Value", None) => {}
                // The keys of a record are names and not operators.
                ("Record", None) => {
                    operands.as_object().into_iter().flatten().try_for_each(|(_, value)| self.read(value))?;
                }
                (_, None) => match operands {
                    Value::Array(all) => all.iter().try_for_each(|one| self.read(one))?,
                    Value::Object(named) => named.values().try_for_each(|one| self.read(one))?,
                    _ => {}
                },
            }
        }
        Ok(())
    }

    /// `context.a.b`, or `context has a.b`, which only asks and so reads nothing below `b`.
    fn see(&mut self, path: &[&str], only_asks: bool) -> Result<(), UnknownAttribute> {
        let unknown = |known| Err(UnknownAttribute { path: format!("context.{}", path.join(".")), known });
        match *path {
            [] => *self = Self { subject: true, actor: true, http: true, arguments: ArgumentLooks::All },
            ["arguments"] if only_asks => self.arguments.add(&ArgumentLooks::Named(BTreeSet::new())),
            ["arguments"] => self.arguments = ArgumentLooks::All,
            ["arguments", name, ..] => self.arguments.add(&ArgumentLooks::Named([name.to_owned()].into())),
            ["subject" | "actor", name, ..] if !PARTY_ATTRIBUTES.contains(&name) => return unknown(&PARTY_ATTRIBUTES),
            ["http", name, ..] if !HTTP_ATTRIBUTES.contains(&name) => return unknown(&HTTP_ATTRIBUTES),
            ["subject", ..] => self.subject = true,
            ["actor", ..] => self.actor = true,
            ["http", ..] => self.http = true,
            _ => return unknown(&CONTEXT_ATTRIBUTES),
        }
        Ok(())
    }
}

/// The attribute names after `context`, where the expression is nothing but attributes of it.
fn path(expression: &Value) -> Option<Vec<&str>> {
    if expression.get("Var").and_then(Value::as_str) == Some("context") {
        return Some(Vec::new());
    }
    let access = expression.get(".")?;
    let mut path = path(access.get("left")?)?;
    path.push(access.get("attr")?.as_str()?);
    Some(path)
}

#[cfg(test)]
mod tests {
    use cedar_policy::Policy;

    use super::*;

    fn looks(condition: &str) -> Result<Looks, UnknownAttribute> {
        let policy =
            Policy::parse(None, format!("permit(principal, action, resource) when {{ {condition} }};")).unwrap();
        Looks::of(&policy.to_json().unwrap()["conditions"])
    }

    fn named(names: &[&str]) -> ArgumentLooks {
        ArgumentLooks::Named(names.iter().map(|n| (*n).to_owned()).collect())
    }

    #[test]
    fn only_what_is_written_is_looked_at() {
        assert!(looks(r#"principal in Group::"a" && "context" == "context""#).unwrap().is_empty());
        assert_eq!(looks("context.arguments.a.b == 1").unwrap().arguments, named(&["a"]));
        assert_eq!(
            looks(r#"context.arguments has a && context.arguments["b c"] > 1"#).unwrap().arguments,
            named(&["a", "b c"])
        );
        assert_eq!(looks("context has arguments.a.b").unwrap().arguments, named(&["a"]));
        assert_eq!(looks("context has arguments").unwrap().arguments, named(&[]));
        assert!(looks("context has actor").unwrap().actor);
        let http = looks(r#"context.http.path like "/a*" || [1].contains(context.arguments.n)"#).unwrap();
        assert_eq!(http, Looks { http: true, arguments: named(&["n"]), ..Looks::default() });
    }

    #[test]
    fn a_use_as_a_whole_looks_at_all() {
        for whole in [
            "context.arguments == {a: 1}",
            "{a: context} == {a: 1}",
            r#"{"Value": context.arguments} == {"Value": 1}"#,
            r#"{"Var": {"Value": context.arguments}} == {"Var": 1}"#,
            "if true then context.arguments has a else context.arguments == {}",
            "(if true then context else context).arguments.a == 1",
        ] {
            assert_eq!(looks(whole).unwrap().arguments, ArgumentLooks::All, "{whole}");
        }
    }

    #[test]
    fn an_attribute_that_no_context_has_is_named() {
        for (written, path) in [
            ("context.argument.a == 1", "context.argument.a"),
            (r#"context.subject.isuer == "x""#, "context.subject.isuer"),
            ("context has actor.name", "context.actor.name"),
            (r#"context.http.methods == "GET""#, "context.http.methods"),
        ] {
            assert_eq!(looks(written).unwrap_err().path, path);
        }
    }
}
