//! The session policy: what the session's tools need of the role, and nothing after the session's end.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_sts::primitives::{DateTime, DateTimeFormat};
use model::{Caller, Timestamp, ToolName};
use provider::ProviderError;
use serde::Serialize;

use crate::{Conditions, Grant, PolicyArn, Reach, Statement};

/// STS takes this many characters of session policies, the ARNs of managed ones included.
const CHARACTERS_MAX: usize = 2048;

/// Writes the policy of one session. What a session may do is what both this policy and the role allow.
///
/// # Errors
/// None of the session's tools needs the role, or what they need together is more than STS takes.
pub(crate) fn session_policy(grant: &Grant, caller: &Caller) -> Result<String, ProviderError> {
    let end = caller.session_end;
    let tools = match &grant.reach {
        Reach::Role => return Ok(Document::new([], Some(Rule::everything()), end).to_json()),
        Reach::Tools(tools) => tools,
    };
    let upstream = &grant.binding.upstream;
    let allowed = tools.iter().filter(|(tool, _)| caller.scopes.allow(upstream, tool.as_str())).collect::<Vec<_>>();
    if allowed.is_empty() {
        let credential = &grant.binding.credential;
        let reason =
            format!("no tool of the session has statements at {credential}; write under `tools` what each one needs");
        return Err(ProviderError::Missing { reason });
    }
    let room = CHARACTERS_MAX.saturating_sub(grant.policies.iter().map(PolicyArn::as_str).map(str::len).sum());
    let policy_of = |tools: &[(&ToolName, &Vec<Statement>)]| {
        Document::new(tools.iter().flat_map(|(_, statements)| statements.iter()), None, end).to_json()
    };
    let policy = policy_of(&allowed);
    if policy.len() <= room {
        return Ok(policy);
    }
    let first_too_many =
        (1..=allowed.len()).find(|count| allowed.get(..*count).is_some_and(|few| policy_of(few).len() > room));
    let tool = first_too_many.and_then(|count| allowed.get(count - 1)).map_or("", |(tool, _)| tool.as_str());
    Err(ProviderError::Refused {
        reason: format!(
            "the session policy has {} characters and STS takes {room}: it is full at the tool {tool}; ask for fewer tools in one session, or write fewer and wider resources",
            policy.len()
        ),
    })
}

/// A policy as IAM reads it. Its statements are ASCII, so that bytes are characters.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    version: &'static str,
    statement: Vec<Rule<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Rule<'a> {
    effect: &'static str,
    action: BTreeSet<&'a str>,
    resource: BTreeSet<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Conditions>,
}

impl<'a> Document<'a> {
    /// Actions with the same resources and conditions share one rule: characters are few.
    fn new(statements: impl IntoIterator<Item = &'a Statement>, also: Option<Rule<'a>>, end: Timestamp) -> Self {
        let mut shared: BTreeMap<(BTreeSet<&str>, &Conditions), BTreeSet<&str>> = BTreeMap::new();
        for statement in statements {
            let resources = statement.resources.iter().map(String::as_str).collect();
            let actions = shared.entry((resources, &statement.conditions)).or_default();
            actions.extend(statement.actions.iter().map(String::as_str));
        }
        let allowing = shared.into_iter().map(|((resource, conditions), action)| {
            let condition = (!conditions.is_empty()).then(|| conditions.clone());
            Rule { effect: "Allow", action, resource, condition }
        });
        let statement = allowing.chain(also).chain([Rule::nothing_after(end)]).collect();
        Self { version: "2012-10-17", statement }
    }

    fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts, lists and maps of texts are JSON")
    }
}

impl Rule<'_> {
    fn everything() -> Self {
        Self { effect: "Allow", action: BTreeSet::from(["*"]), resource: BTreeSet::from(["*"]), condition: None }
    }

    /// STS makes no key that lives for less than 900 seconds; this ends its use with the session.
    fn nothing_after(end: Timestamp) -> Self {
        let keys = BTreeMap::from([("aws:CurrentTime".to_owned(), vec![rfc3339(end)])]);
        let condition = Some(BTreeMap::from([("DateGreaterThan".to_owned(), keys)]));
        Self { effect: "Deny", condition, ..Self::everything() }
    }
}

/// Whole seconds, rounded down: rather a second early than late.
fn rfc3339(time: Timestamp) -> String {
    let seconds = i64::try_from(time.as_seconds()).unwrap_or(0);
    // Before the epoch, and so long over, where there is no such date.
    DateTime::from_secs(seconds).fmt(DateTimeFormat::DateTime).unwrap_or_else(|_| "1970-01-01T00:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use model::{Agent, Binding, Injection, Subject};
    use serde_json::{Value, json};

    use super::*;

    fn statement(actions: &[&str], resources: &[&str]) -> Statement {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Statement::new(owned(actions), owned(resources), Conditions::new()).unwrap()
    }

    fn grant(tools: &[(&str, Statement)]) -> Grant {
        let mut reach = BTreeMap::<_, Vec<_>>::new();
        for (tool, statement) in tools {
            reach.entry(ToolName::from_str(tool).unwrap()).or_default().push(statement.clone());
        }
        grant_of(Reach::Tools(reach))
    }

    fn grant_of(reach: Reach) -> Grant {
        let binding = Binding {
            credential: "reports".parse().unwrap(),
            upstream: "s3".parse().unwrap(),
            destination: "https://s3.eu-central-1.amazonaws.com".parse().unwrap(),
            injection: Injection::BasicPair,
        };
        Grant::new(binding, "arn:aws:iam::123456789012:role/agent".parse().unwrap(), reach)
    }

    fn caller(scopes: &str) -> Caller {
        Caller {
            agent: Agent { name: "agent".parse().unwrap(), groups: Vec::new() },
            subject: Subject { issuer: "https://idp.example".to_owned(), id: "user".to_owned() },
            actor: None,
            session: "s1".parse().unwrap(),
            session_end: Timestamp::from_millis(1_800_000_900_999),
            scopes: scopes.parse().unwrap(),
        }
    }

    fn policy(grant: &Grant, scopes: &str) -> Value {
        serde_json::from_str(&session_policy(grant, &caller(scopes)).unwrap()).unwrap()
    }

    fn end() -> Value {
        json!({
            "Effect": "Deny", "Action": ["*"], "Resource": ["*"],
            "Condition": {"DateGreaterThan": {"aws:CurrentTime": ["2027-01-15T08:15:00Z"]}},
        })
    }

    #[test]
    fn a_session_reaches_what_its_own_tools_need_and_no_more() {
        let grant = grant(&[
            ("read", statement(&["s3:GetObject"], &["arn:aws:s3:::reports/*"])),
            ("write", statement(&["s3:PutObject"], &["arn:aws:s3:::reports/*"])),
        ]);
        let read = json!({"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::reports/*"]});
        assert_eq!(policy(&grant, "s3:read"), json!({"Version": "2012-10-17", "Statement": [read, end()]}));
        let both = json!({"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::reports/*"]});
        for all in ["s3:*", "s3:read s3:write", "s3:* mail:send"] {
            assert_eq!(policy(&grant, all), json!({"Version": "2012-10-17", "Statement": [both, end()]}), "{all}");
        }
    }

    #[test]
    fn a_session_without_a_tool_of_the_credential_gets_no_key() {
        let grant = grant(&[("read", statement(&["s3:GetObject"], &["*"]))]);
        for scopes in ["", "s3:other", "mail:read", "mail:*"] {
            let refused = session_policy(&grant, &caller(scopes)).unwrap_err();
            assert!(matches!(refused, ProviderError::Missing { .. }), "{scopes:?}: {refused:?}");
        }
    }

    #[test]
    fn the_whole_role_still_ends_with_the_session() {
        let all = json!({"Effect": "Allow", "Action": ["*"], "Resource": ["*"]});
        assert_eq!(
            policy(&grant_of(Reach::Role), "mail:send"),
            json!({"Version": "2012-10-17", "Statement": [all, end()]})
        );
    }

    #[test]
    fn conditions_keep_rules_apart() {
        let resource = "arn:aws:s3:::reports";
        let keys = BTreeMap::from([("s3:prefix".to_owned(), vec!["a/*".to_owned()])]);
        let conditions = BTreeMap::from([("StringLike".to_owned(), keys)]);
        let narrow = Statement::new(vec!["s3:ListBucket".to_owned()], vec![resource.to_owned()], conditions).unwrap();
        let grant = grant(&[("list", narrow), ("where", statement(&["s3:GetBucketLocation"], &[resource]))]);
        let expected = json!([
            {"Effect": "Allow", "Action": ["s3:GetBucketLocation"], "Resource": [resource]},
            {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [resource], "Condition": {"StringLike": {"s3:prefix": ["a/*"]}}},
            end(),
        ]);
        assert_eq!(policy(&grant, "s3:*")["Statement"], expected);
    }

    #[test]
    fn a_policy_may_be_as_long_as_sts_takes_and_no_longer() {
        let of_length =
            |length: usize| grant(&[("read", statement(&["s3:GetObject"], &[&format!("arn:{}", "x".repeat(length))]))]);
        let bare = session_policy(&of_length(0), &caller("s3:*")).unwrap().len();
        let longest = CHARACTERS_MAX - bare;
        assert_eq!(session_policy(&of_length(longest), &caller("s3:*")).unwrap().len(), CHARACTERS_MAX);
        assert!(session_policy(&of_length(longest + 1), &caller("s3:*")).is_err());
        // The ARNs of managed policies count too.
        let managed: PolicyArn = "arn:aws:iam::aws:policy/ReadOnlyAccess".parse().unwrap();
        let with_managed = |length: usize| of_length(length).with_policies(vec![managed.clone()]).unwrap();
        assert!(session_policy(&with_managed(longest - managed.as_str().len()), &caller("s3:*")).is_ok());
        assert!(session_policy(&with_managed(longest - managed.as_str().len() + 1), &caller("s3:*")).is_err());
    }

    #[test]
    fn a_policy_that_is_too_long_is_refused_by_the_name_of_the_tool() {
        let tool = |name: &'static str, length: usize| {
            (name, statement(&["s3:GetObject"], &[&format!("arn:{name}{}", "x".repeat(length))]))
        };
        let grant = grant(&[tool("a", 700), tool("b", 700), tool("c", 700), tool("d", 10)]);
        assert!(session_policy(&grant, &caller("s3:a s3:b")).is_ok());
        let ProviderError::Refused { reason } = session_policy(&grant, &caller("s3:*")).unwrap_err() else { panic!() };
        assert!(reason.contains("it is full at the tool c;"), "{reason}");
    }
}
