//! What one credential is: a role, and how far a session reaches into it.

use std::{collections::BTreeMap, fmt, str::FromStr};

use model::{Binding, ToolName};

use crate::Statement;

/// AWS takes at most this many managed policies with a session.
const POLICIES_MAX: usize = 10;

/// What one credential is, and where it may go.
#[derive(Debug, Clone)]
pub struct Grant {
    pub(crate) binding: Binding,
    pub(crate) role: RoleArn,
    pub(crate) reach: Reach,
    pub(crate) external_id: Option<String>,
    pub(crate) policies: Vec<PolicyArn>,
}

/// How far a session reaches into the role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// As far as the role itself; every session of this credential can do the same.
    Role,
    /// What the tools of the session need, by tool or named operation. A tool that is not here needs nothing.
    Tools(BTreeMap<ToolName, Vec<Statement>>),
}

/// Why something is not a grant.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidGrant {
    /// The text names no role.
    #[error("a role is written as \"arn:aws:iam::123456789012:role/NAME\"")]
    Role,
    /// The text names no managed policy.
    #[error("a managed policy is written as \"arn:aws:iam::aws:policy/NAME\" or with an account in place of \"aws\"")]
    Policy,
    /// AWS would refuse the call.
    #[error("AWS takes at most {POLICIES_MAX} managed policies with a session")]
    TooManyPolicies,
    /// AWS would refuse the call.
    #[error("an external id is 2 to 1224 letters, digits and characters of +=,.@:/-_")]
    ExternalId,
}

impl Grant {
    /// Keys of `role` for what `binding` names.
    #[must_use]
    pub const fn new(binding: Binding, role: RoleArn, reach: Reach) -> Self {
        Self { binding, role, reach, external_id: None, policies: Vec::new() }
    }

    /// The same with the external id that the role's trust policy asks for. It goes with AssumeRole alone.
    ///
    /// # Errors
    /// AWS would not take it.
    pub fn with_external_id(mut self, external_id: String) -> Result<Self, InvalidGrant> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@:/-_".contains(&b);
        if !(2..=1224).contains(&external_id.len()) || !external_id.bytes().all(fits) {
            return Err(InvalidGrant::ExternalId);
        }
        self.external_id = Some(external_id);
        Ok(self)
    }

    /// The same with managed policies that narrow the role further.
    ///
    /// # Errors
    /// There are more than AWS takes.
    pub fn with_policies(mut self, policies: Vec<PolicyArn>) -> Result<Self, InvalidGrant> {
        if policies.len() > POLICIES_MAX {
            return Err(InvalidGrant::TooManyPolicies);
        }
        self.policies = policies;
        Ok(self)
    }
}

/// The ARN of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleArn(String);

impl RoleArn {
    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RoleArn {
    type Err = InvalidGrant;

    fn from_str(text: &str) -> Result<Self, InvalidGrant> {
        let is_role = iam_resource(text).is_some_and(|(account, resource)| {
            is_account(account) && resource.strip_prefix("role/").is_some_and(is_path)
        });
        if is_role { Ok(Self(text.to_owned())) } else { Err(InvalidGrant::Role) }
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The ARN of a managed policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyArn(String);

impl PolicyArn {
    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PolicyArn {
    type Err = InvalidGrant;

    fn from_str(text: &str) -> Result<Self, InvalidGrant> {
        let is_policy = iam_resource(text).is_some_and(|(account, resource)| {
            (account == "aws" || is_account(account)) && resource.strip_prefix("policy/").is_some_and(is_path)
        });
        if is_policy { Ok(Self(text.to_owned())) } else { Err(InvalidGrant::Policy) }
    }
}

/// The account and the resource of an ARN of IAM, in any partition of AWS.
fn iam_resource(text: &str) -> Option<(&str, &str)> {
    // IAM's own bound on an ARN.
    const ARN_LENGTH_MAX: usize = 2048;
    let partition_and_rest = text.strip_prefix("arn:").filter(|_| text.len() <= ARN_LENGTH_MAX)?;
    let (partition, rest) = partition_and_rest.split_once(":iam::")?;
    let is_partition = partition.starts_with("aws") && partition.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    rest.split_once(':').filter(|_| is_partition)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// A name, perhaps behind a path.
fn is_path(text: &str) -> bool {
    !text.is_empty()
        && !text.ends_with('/')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_and_a_policy_are_not_taken_for_each_other() {
        for good in ["arn:aws:iam::123456789012:role/agent", "arn:aws-us-gov:iam::123456789012:role/team/agent.v2"] {
            assert_eq!(good.parse::<RoleArn>().unwrap().as_str(), good);
        }
        for good in ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws-cn:iam::123456789012:policy/team/p"] {
            assert_eq!(good.parse::<PolicyArn>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "agent",
            "arn:aws:iam::aws:role/agent",
            "arn:aws:iam::12345678901:role/agent",
            "arn:aws:iam::123456789012:user/agent",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:sts::123456789012:assumed-role/agent/session",
            "arn:evil:iam::123456789012:role/agent",
            "arn:aws:iam::123456789012:role/a b",
        ] {
            assert_eq!(bad.parse::<RoleArn>(), Err(InvalidGrant::Role), "{bad:?}");
            assert_eq!(bad.parse::<PolicyArn>(), Err(InvalidGrant::Policy), "{bad:?}");
        }
    }
}
