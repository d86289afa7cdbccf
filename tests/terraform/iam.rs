//! What IAM would say to a request, by an independent judge of its policies.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::process;

pub(super) const ACCOUNT: &str = "123456789012";

/// The judge loads the conditions of every action of AWS first.
const JUDGE_MAX: Duration = Duration::from_secs(60);

/// A question: who wants to do what, under which policies.
pub(super) struct Question(Value);

impl Question {
    /// An action on a resource, with what conditions can look at.
    pub(super) fn new(principal: &str, action: &str, resource: &str, context: &Value) -> Self {
        Self(json!({
            "request": {
                "principal": principal, "action": action,
                "resource": { "resource": resource, "accountId": ACCOUNT }, "contextVariables": context,
            },
            "identityPolicies": [], "serviceControlPolicies": [], "resourceControlPolicies": [],
        }))
    }

    /// Under a policy of the principal.
    pub(super) fn identity(mut self, policy: &Value) -> Self {
        self.0["identityPolicies"] = json!([{ "name": "permissions", "policy": policy }]);
        self
    }

    /// Under a permissions boundary.
    pub(super) fn boundary(mut self, policy: &Value) -> Self {
        self.0["permissionBoundaryPolicies"] = json!([{ "name": "boundary", "policy": policy }]);
        self
    }

    /// Under a policy of the resource, such as a role's trust.
    pub(super) fn resource(mut self, policy: &Value) -> Self {
        self.0["resourcePolicy"] = policy.clone();
        self
    }
}

/// An answer to each question: `Allowed`, `ImplicitlyDenied` or `ExplicitlyDenied`.
pub(super) async fn judge(judge: Command, questions: &[Question]) -> Vec<String> {
    let lines: String = questions.iter().map(|Question(question)| format!("{question}\n")).collect();
    let answers = process::output("iam-judge", judge, &lines, JUDGE_MAX).await;
    let answers: Vec<_> = answers.lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), questions.len(), "{answers:?}");
    answers
}
