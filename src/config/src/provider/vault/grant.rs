//! `[upstreams.credential.vault]`: what is read or minted for a credential.

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::{ApiPath, mount};
use crate::{
    at::{At, Number, Text},
    problem::Problems,
};

/// What is read or minted for a credential, and with which rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The policies of the session's token; where there are none, those that the server gives it.
    pub policies: Vec<String>,
    /// What it is.
    pub kind: GrantKind,
}

/// What is read or minted for a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantKind {
    /// A field of a secret in a key-value store, version 2.
    KeyValue {
        /// Where the store is mounted.
        mount: String,
        /// The path of the secret.
        path: String,
        /// The field of it.
        field: String,
        /// The version; the newest where there is none.
        version: Option<u32>,
    },
    /// A database user.
    Database {
        /// Where the database engine is mounted.
        mount: String,
        /// The role that the user is made for.
        role: String,
    },
    /// A client certificate.
    Pki {
        /// Where the certificate engine is mounted.
        mount: String,
        /// The role that the certificate is issued for.
        role: String,
        /// Its common name.
        common_name: String,
    },
    /// A key of an AWS user, or of an assumed role.
    Aws {
        /// Where the AWS engine is mounted.
        mount: String,
        /// The role.
        role: String,
        /// Whether the key is a temporary one, from STS.
        is_temporary: bool,
    },
    /// Whatever a path answers with a lease.
    Leased {
        /// The whole path, with its mount.
        path: String,
        /// The field of the answer that is the credential; the password where there is a user name.
        field: String,
        /// The field of the answer that is the user name.
        username_field: Option<String>,
    },
}

/// Exactly one of the first five.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantTable {
    /// A field of a secret in a key-value store, version 2.
    kv: Option<KeyValueTable>,
    /// A database user that lives as long as the session.
    database: Option<RoleTable>,
    /// A client certificate that lives as long as the session.
    pki: Option<PkiTable>,
    /// A key of an AWS user or role.
    aws: Option<AwsTable>,
    /// Whatever a path answers with a lease.
    lease: Option<LeaseTable>,
    /// The policies of the token that reads it, which the token role must allow. Without any, the server decides.
    #[serde(default)]
    policies: Vec<At<Text>>,
}

/// A field of a stored secret.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct KeyValueTable {
    /// Where the store is mounted.
    #[serde(default = "kv_mount")]
    mount: At<ApiPath>,
    /// The path of the secret, without `data/`.
    path: At<ApiPath>,
    /// The field of it.
    field: At<Text>,
    /// The version; the newest where there is none.
    version: Option<At<Number<1, 1_000_000>>>,
}

/// A role of the database engine.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RoleTable {
    /// Where the engine is mounted.
    #[serde(default = "database_mount")]
    mount: At<ApiPath>,
    /// The role, as the server names it.
    role: At<ApiPath>,
}

/// A role of the certificate engine.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PkiTable {
    /// Where the engine is mounted.
    #[serde(default = "pki_mount")]
    mount: At<ApiPath>,
    /// The role, as the server names it.
    role: At<ApiPath>,
    /// The common name; `{agent}` and `{session}` stand for those of the call.
    common_name: At<Text>,
}

/// A role of the AWS engine.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AwsTable {
    /// Where the engine is mounted.
    #[serde(default = "aws_mount")]
    mount: At<ApiPath>,
    /// The role, as the server names it.
    role: At<ApiPath>,
    /// Whether the key is a temporary one, from STS, or one of a user that is made for the session.
    #[serde(default = "is_temporary_default")]
    temporary: bool,
}

/// A path that answers with a lease.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LeaseTable {
    /// The whole path, with its mount.
    path: At<ApiPath>,
    /// The field of the answer that is the credential; the password where there is a user name.
    field: At<Text>,
    /// The field of the answer that is the user name, for `inject = { basic = true }`.
    username_field: Option<At<Text>>,
}

fn kv_mount() -> At<ApiPath> {
    mount("secret")
}

fn database_mount() -> At<ApiPath> {
    mount("database")
}

fn pki_mount() -> At<ApiPath> {
    mount("pki")
}

fn aws_mount() -> At<ApiPath> {
    mount("aws")
}

const fn is_temporary_default() -> bool {
    true
}

impl Grant {
    pub(crate) fn check(grant: Spanned<GrantTable>, problems: &mut Problems<'_>) -> Option<Self> {
        let span = grant.span();
        let GrantTable { kv, database, pki, aws, lease, policies } = grant.into_inner();
        let kind = match (kv, database, pki, aws, lease) {
            (Some(kv), None, None, None, None) => GrantKind::KeyValue {
                mount: kv.mount.value.0,
                path: kv.path.value.0,
                field: kv.field.value.0,
                version: kv.version.map(|version| version.value.0),
            },
            (None, Some(database), None, None, None) => {
                GrantKind::Database { mount: database.mount.value.0, role: database.role.value.0 }
            }
            (None, None, Some(pki), None, None) => GrantKind::Pki {
                mount: pki.mount.value.0,
                role: pki.role.value.0,
                common_name: pki.common_name.value.0,
            },
            (None, None, None, Some(aws), None) => {
                GrantKind::Aws { mount: aws.mount.value.0, role: aws.role.value.0, is_temporary: aws.temporary }
            }
            (None, None, None, None, Some(lease)) => GrantKind::Leased {
                path: lease.path.value.0,
                field: lease.field.value.0,
                username_field: lease.username_field.map(|field| field.value.0),
            },
            _ => {
                problems
                    .at(&span, "a credential is one thing")
                    .help_with("write one of `kv`, `database`, `pki`, `aws` and `lease`");
                return None;
            }
        };
        Some(Self { policies: policies.into_iter().map(|policy| policy.value.0).collect(), kind })
    }
}
