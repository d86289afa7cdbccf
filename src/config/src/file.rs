//! The file as a whole: its sections, as they stand there.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    admin::AdminTable, agent::AgentTable, audit::AuditTable, introspection::IntrospectionClientTable,
    issuer::IssuerTable, masking::MaskingTable, policy::PolicyTable, provider::ProvidersTable, server::ServerTable,
    session::SessionTable, upstream::UpstreamTable, vault::VaultTable,
};

/// The configuration of Claviger.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileTable {
    /// Where agents reach Claviger, where it keeps its state, and what it bears.
    pub(crate) server: ServerTable,
    /// The listener of `/healthz`, `/readyz` and `/metrics`, which no agent's token opens.
    #[serde(default)]
    pub(crate) admin: AdminTable,
    /// The key that seals the stored credentials.
    #[serde(default)]
    pub(crate) vault: VaultTable,
    /// What holds for every session.
    #[serde(default)]
    pub(crate) session: SessionTable,
    /// The rules. Without a rule that permits it, no call is carried.
    pub(crate) policy: PolicyTable,
    /// The record of every call.
    #[serde(default)]
    pub(crate) audit: AuditTable,
    /// What is looked for in answers and calls, and what is done with it.
    #[serde(default)]
    pub(crate) masking: MaskingTable,
    /// The identity providers whose tokens may be exchanged for a session.
    #[serde(default)]
    pub(crate) issuers: Vec<IssuerTable>,
    /// Who is an agent: the rules from the claims of a verified token to an agent, its groups, and what it may ask for. A
    /// token that matches the rules of none of them, or of several, is refused.
    #[serde(default)]
    pub(crate) agents: Vec<AgentTable>,
    /// Who may ask whether a session token is active (RFC 7662).
    #[serde(default)]
    pub(crate) introspection_clients: Vec<IntrospectionClientTable>,
    /// The sources that mint credentials, by their kind. A credential that is stored needs none.
    #[serde(default)]
    pub(crate) providers: ProvidersTable,
    /// The servers that Claviger calls for agents.
    #[serde(default)]
    pub(crate) upstreams: Vec<UpstreamTable>,
}

/// A section that is left out: every key of it has a default.
macro_rules! all_default {
    ($table:ty) => {
        impl Default for $table {
            fn default() -> Self {
                toml::from_str("").expect("every key of this section has a default, and a test reads it empty")
            }
        }
    };
}
pub(crate) use all_default;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_of_defaults_can_be_left_out() {
        let _: (AdminTable, VaultTable) = Default::default();
        let _: (SessionTable, AuditTable, ProvidersTable, MaskingTable) = Default::default();
    }
}
