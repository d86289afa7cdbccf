//! `[[providers.aws_sts]]` and `[upstreams.credential.aws_sts]`: roles of AWS, and what of them the session's tools need.

use std::collections::BTreeMap;

use model::{Destination, ToolName};
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::{
    at::{At, Text},
    problem::Problems,
};

/// STS of one region, and how Claviger shows it who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// The region.
    pub region: String,
    /// Where STS is, in place of its public endpoint of the region.
    pub endpoint: Option<Destination>,
    /// How Claviger shows who asks.
    pub auth: Auth,
}

/// How Claviger shows STS who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// With a token about the session that Claviger signs itself: nothing of AWS is stored.
    WebIdentity {
        /// The audience that IAM's OIDC provider expects.
        audience: String,
    },
    /// With the credentials that the process has where it runs.
    Ambient,
}

/// A role, and how far a session reaches into it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grant {
    /// The ARN of the role.
    pub role: String,
    /// What the role's trust policy asks for beside.
    pub external_id: Option<String>,
    /// The ARNs of managed policies that narrow the role.
    pub policies: Vec<String>,
    /// What each tool or named operation needs; `None` where every session may do all that the role may.
    pub tools: Option<BTreeMap<ToolName, Vec<Statement>>>,
}

/// A permission, as IAM writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statement {
    /// Such as `s3:GetObject`.
    pub actions: Vec<String>,
    /// ARNs.
    pub resources: Vec<String>,
    /// Operator, key, values.
    pub conditions: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// STS of one region, which makes keys of roles for a session.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceTable {
    /// Its name; credentials name it in `provider`.
    pub(crate) name: At<model::ProviderName>,
    /// The region whose endpoint is asked, such as `eu-central-1`.
    region: At<Text>,
    /// Where STS is instead, such as an endpoint inside of a private network.
    endpoint: Option<At<Destination>>,
    /// How Claviger shows who asks: exactly one of the keys below.
    #[schemars(with = "AuthTable")]
    auth: Spanned<AuthTable>,
}

/// Exactly one of these.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AuthTable {
    /// A token about the session that Claviger signs itself; nothing of AWS is stored. IAM trusts
    /// `/.well-known/openid-configuration` of `public_url`.
    web_identity: Option<WebIdentityTable>,
    /// Always `true`: the credentials of the machine, pod or process that Claviger runs as.
    ambient: Option<bool>,
}

/// Identity tokens.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WebIdentityTable {
    /// The audience that IAM's OIDC provider expects.
    #[serde(default = "audience_default")]
    audience: At<Text>,
}

/// A role.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantTable {
    /// The ARN of the role.
    role: At<Text>,
    /// What the role's trust policy asks for beside; goes with `ambient` alone.
    external_id: Option<At<Text>>,
    /// The ARNs of at most 10 managed policies that narrow the role.
    #[serde(default)]
    policies: Vec<At<Text>>,
    /// Says that every session may do all that the role may, where `tools` is left out.
    #[serde(default)]
    whole_role: bool,
    /// What each tool or named operation needs of the role; a session may do what its own tools need.
    tools: Option<BTreeMap<String, Vec<StatementTable>>>,
}

/// A permission, as IAM writes it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StatementTable {
    /// What may be done, such as `s3:GetObject`.
    actions: Vec<String>,
    /// On what: ARNs, or `*`.
    resources: Vec<String>,
    /// Under which conditions: operator, key, values.
    #[serde(default)]
    conditions: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

fn audience_default() -> At<Text> {
    At::implied(Text("sts.amazonaws.com".to_owned()))
}

impl SourceTable {
    pub(crate) fn check(self, problems: &mut Problems<'_>) -> Option<Source> {
        let span = self.auth.span();
        let AuthTable { web_identity, ambient } = self.auth.into_inner();
        let auth = match (web_identity, ambient) {
            (Some(web), None) => Auth::WebIdentity { audience: web.audience.value.0 },
            (None, Some(true)) => Auth::Ambient,
            (Some(_), Some(_)) | (None, Some(false) | None) => {
                problems
                    .at(&span, "Claviger shows who asks in exactly one way")
                    .help_with("write `web_identity = {}` or `ambient = true`");
                return None;
            }
        };
        let endpoint = self.endpoint.map(|endpoint| endpoint.value);
        Some(Source { region: self.region.value.0, endpoint, auth })
    }
}

impl Grant {
    pub(crate) fn check(grant: Spanned<GrantTable>, problems: &mut Problems<'_>) -> Option<Self> {
        let span = grant.span();
        let GrantTable { role, external_id, policies, whole_role, tools } = grant.into_inner();
        if tools.is_some() == whole_role {
            problems
                .at(&span, "how far a session reaches into the role is said once")
                .help_with("write what each tool needs under `tools`, or `whole_role = true`");
            return None;
        }
        let mut named = BTreeMap::new();
        for (tool, statements) in tools.into_iter().flatten() {
            let Ok(name) = tool.parse() else {
                problems.at(&span, format!("{tool:?} is not the name of a tool"));
                return None;
            };
            let statements = statements.into_iter().map(|statement| {
                let StatementTable { actions, resources, conditions } = statement;
                Statement { actions, resources, conditions }
            });
            named.insert(name, statements.collect());
        }
        Some(Self {
            role: role.value.0,
            external_id: external_id.map(|id| id.value.0),
            policies: policies.into_iter().map(|policy| policy.value.0).collect(),
            tools: (!whole_role).then_some(named),
        })
    }
}
