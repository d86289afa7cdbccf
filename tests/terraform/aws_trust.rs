//! Who assumes the role that the example of the module `aws-trust` makes, and what it may do then.

use serde_json::{Map, Value, json};

use super::iam::{ACCOUNT, Question, judge};
use crate::support::{
    peers::{self, or_skip},
    terraform::Terraform,
};

const EXAMPLE: &str = "modules/aws-trust/examples/s3";
const ALLOWED: &str = "Allowed";
const DENIED: &str = "ImplicitlyDenied";
const FORBIDDEN: &str = "ExplicitlyDenied";

#[tokio::test]
async fn sessions_of_the_agent_assume_the_role_and_nobody_else_does() {
    let (terraform, iam) = (or_skip!(peers::terraform()), or_skip!(peers::iam_judge()));
    let role = Role::make(&terraform).await;
    let [assume, tag, name] =
        ["AssumeRoleWithWebIdentity", "TagSession", "SetSourceIdentity"].map(|call| format!("sts:{call}"));

    let good = token();
    let with = |key: &str, value: Value| {
        let mut context = good.clone();
        context.insert(key.to_owned(), value);
        context
    };
    let without = |key: &str| {
        let mut context = good.clone();
        context.remove(key);
        context
    };
    let cases = [
        (&assume, good.clone(), ALLOWED),
        (&assume, with("claviger.example:sub", json!("agent:other:upstream:reports")), DENIED),
        (&assume, with("claviger.example:sub", json!("agent:reporter:upstream:other")), DENIED),
        (&assume, with("claviger.example:sub", json!("claviger")), DENIED),
        (&assume, with("claviger.example:aud", json!("https://vault.example")), DENIED),
        (&assume, with("aws:RequestTag/Agent", json!("other")), DENIED),
        (&assume, with("aws:RequestTag/Upstream", json!("other")), DENIED),
        (&assume, without("aws:RequestTag/Session"), DENIED),
        (&assume, without("sts:SourceIdentity"), DENIED),
        (&tag, tags(&good), ALLOWED),
        (&tag, tags(&with("aws:RequestTag/Agent", json!("other"))), DENIED),
        (&tag, tags(&with("aws:TagKeys", json!(["Agent", "Upstream", "Session", "Team"]))), DENIED),
        (&name, Map::from_iter([("sts:SourceIdentity".to_owned(), json!("alice"))]), ALLOWED),
    ];
    let ask = |(action, context, _): &(&String, Map<String, Value>, &str)| {
        let context = Value::Object(context.clone());
        Question::new(&role.issuer, action, &role.arn, &context).resource(&role.trust)
    };
    let answers = judge(iam, &cases.iter().map(ask).collect::<Vec<_>>()).await;
    for ((action, context, expected), answer) in cases.iter().zip(answers) {
        assert_eq!(answer, *expected, "{action} {context:?}");
    }
}

#[tokio::test]
async fn the_role_does_what_was_listed_and_the_boundary_holds_the_rest() {
    let (terraform, iam) = (or_skip!(peers::terraform()), or_skip!(peers::iam_judge()));
    let role = Role::make(&terraform).await;
    let everything =
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });

    let session = json!({ "aws:PrincipalTag/Session": "s-1" });
    let object = "arn:aws:s3:::example-reports/2026.csv";
    let cases = [
        ("s3:GetObject", object, &session, &role.permissions, ALLOWED),
        ("s3:PutObject", object, &session, &role.permissions, ALLOWED),
        ("s3:GetObject", "arn:aws:s3:::other/2026.csv", &session, &role.permissions, DENIED),
        ("s3:DeleteObject", object, &session, &role.permissions, DENIED),
        ("s3:GetObject", object, &json!({}), &role.permissions, FORBIDDEN),
        // Whatever its permissions become.
        ("s3:GetObject", object, &session, &everything, ALLOWED),
        ("s3:DeleteObject", object, &session, &everything, DENIED),
        ("iam:CreateUser", &format!("arn:aws:iam::{ACCOUNT}:user/mine"), &session, &everything, FORBIDDEN),
        ("sts:AssumeRole", &format!("arn:aws:iam::{ACCOUNT}:role/admin"), &session, &everything, FORBIDDEN),
    ];
    let questions = cases.iter().map(|(action, resource, context, permissions, _)| {
        let question = Question::new(&role.arn, action, resource, context);
        question.identity(permissions).boundary(&role.boundary)
    });
    let answers = judge(iam, &questions.collect::<Vec<_>>()).await;
    for ((action, resource, context, _, expected), answer) in cases.iter().zip(answers) {
        assert_eq!(answer, *expected, "{action} {resource} {context}");
    }
}

/// What the example made.
struct Role {
    arn: String,
    issuer: String,
    trust: Value,
    permissions: Value,
    boundary: Value,
}

impl Role {
    async fn make(peer: &peers::Terraform) -> Self {
        let terraform = Terraform::new(peer);
        terraform.apply(EXAMPLE).await;
        let state = terraform.state(EXAMPLE).await;
        let text = |resource: &str, attribute: &str| {
            let address = format!("module.aws_trust.{resource}");
            let found = state.get(&address).unwrap_or_else(|| panic!("no {address}"));
            found[attribute].as_str().unwrap_or_else(|| panic!("{address} has no {attribute}")).to_owned()
        };
        let policy = |resource: &str, attribute: &str| {
            serde_json::from_str(&text(resource, attribute)).expect("a policy is JSON")
        };
        Self {
            arn: text("aws_iam_role.upstream[\"reports\"]", "arn"),
            issuer: text("aws_iam_openid_connect_provider.claviger", "arn"),
            trust: policy("aws_iam_role.upstream[\"reports\"]", "assume_role_policy"),
            permissions: policy("aws_iam_role_policy.upstream[\"reports\"]", "policy"),
            boundary: policy("aws_iam_policy.boundary", "policy"),
        }
    }
}

/// What IAM's conditions see of a token that Claviger signs for this role.
fn token() -> Map<String, Value> {
    let context = json!({
        "claviger.example:aud": "sts.amazonaws.com",
        "claviger.example:sub": "agent:reporter:upstream:reports",
        "aws:RequestTag/Agent": "reporter",
        "aws:RequestTag/Upstream": "reports",
        "aws:RequestTag/Session": "s-1",
        "aws:TagKeys": ["Agent", "Issuer", "Session", "Subject", "Trace", "Upstream"],
        "sts:SourceIdentity": "alice",
    });
    context.as_object().expect("written above").clone()
}

/// The part of it that goes with `sts:TagSession`.
fn tags(token: &Map<String, Value>) -> Map<String, Value> {
    token.iter().filter(|(key, _)| key.starts_with("aws:")).map(|(key, value)| (key.clone(), value.clone())).collect()
}
