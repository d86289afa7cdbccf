//! One permission of a tool, as IAM writes it: actions, resources, conditions.

use std::collections::BTreeMap;

/// Conditions of IAM: operator, then key, then the values of which one must fit, such as `StringLike`, `s3:prefix`, `reports/*`.
pub type Conditions = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// What a tool may do, and on what. It can only narrow the role: what the role does not allow, no statement adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub(crate) actions: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) conditions: Conditions,
}

/// Why something is not a statement.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidStatement {
    /// An action names a service and what is done there.
    #[error("an action is a service and an operation, such as \"s3:GetObject\" or \"s3:Get*\"")]
    Action,
    /// A resource is an ARN, or everything.
    #[error("a resource is an ARN, such as \"arn:aws:s3:::reports/*\", or \"*\"")]
    Resource,
    /// Without actions or resources nothing is allowed.
    #[error("a statement has at least one action and one resource")]
    Empty,
    /// IAM compares visible text; anything else is a slip.
    #[error("a condition has an operator, keys and values of visible ASCII, and at least one value")]
    Condition,
}

impl Statement {
    /// A statement of these actions on these resources, under these conditions.
    ///
    /// # Errors
    /// Says what does not read as IAM's policy language.
    pub fn new(actions: Vec<String>, resources: Vec<String>, conditions: Conditions) -> Result<Self, InvalidStatement> {
        if actions.is_empty() || resources.is_empty() {
            return Err(InvalidStatement::Empty);
        }
        if !actions.iter().all(|action| is_action(action)) {
            return Err(InvalidStatement::Action);
        }
        if !resources.iter().all(|resource| resource == "*" || (resource.starts_with("arn:") && is_visible(resource))) {
            return Err(InvalidStatement::Resource);
        }
        let keys = || conditions.values();
        let texts = conditions.keys().chain(keys().flat_map(BTreeMap::keys));
        let values = || keys().flat_map(BTreeMap::values);
        if !texts.chain(values().flatten()).all(|text| is_visible(text))
            || keys().any(BTreeMap::is_empty)
            || values().any(Vec::is_empty)
        {
            return Err(InvalidStatement::Condition);
        }
        Ok(Self { actions, resources, conditions })
    }
}

/// `service:Operation`, where the operation may have wildcards.
fn is_action(text: &str) -> bool {
    let word = |text: &str, also: &[u8]| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || also.contains(&b))
    };
    text.split_once(':').is_some_and(|(service, operation)| word(service, b"-") && word(operation, b"*?"))
}

/// Names in resources and values may hold spaces, but no control characters, and nothing that one reader decodes otherwise.
fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(action: &str, resource: &str, values: &[&str]) -> Result<Statement, InvalidStatement> {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let keys = BTreeMap::from([("s3:prefix".to_owned(), values)]);
        let conditions = BTreeMap::from([("StringLike".to_owned(), keys)]);
        Statement::new(vec![action.to_owned()], vec![resource.to_owned()], conditions)
    }

    #[test]
    fn what_iam_would_not_read_is_refused() {
        const BUCKET: &str = "arn:aws:s3:::reports/*";
        assert!(statement("s3:GetObject", BUCKET, &["a"]).is_ok());
        assert!(statement("s3:Get*", "*", &["a", "b c"]).is_ok());
        for action in ["", "*", "s3", "s3:", ":Get", "s3:Get Object", "s3:Get:Object"] {
            assert_eq!(statement(action, BUCKET, &["a"]), Err(InvalidStatement::Action), "{action:?}");
        }
        for resource in ["", "reports", "arn:aws:s3:::r\u{e9}ports", "arn:aws:s3:::a\n"] {
            assert_eq!(statement("s3:Get*", resource, &["a"]), Err(InvalidStatement::Resource), "{resource:?}");
        }
        for values in [&[][..], &[""], &["\u{7}"]] {
            assert_eq!(statement("s3:Get*", BUCKET, values), Err(InvalidStatement::Condition), "{values:?}");
        }
        assert_eq!(Statement::new(Vec::new(), vec!["*".to_owned()], Conditions::new()), Err(InvalidStatement::Empty));
    }
}
