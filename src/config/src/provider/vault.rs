//! `[[providers.vault]]` and `[upstreams.credential.vault]`: HashiCorp Vault or OpenBao, and what is read or minted there.

use std::{fmt, path::PathBuf, str::FromStr};

use model::{AddressClass, Binding, CredentialName, Destination, Injection, ProviderName};
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::{
    address::{Addresses, check_reach, existing_file, is_readable_on_the_way},
    at::{At, Number, Text, text},
    problem::Problems,
};

/// A server, and how Claviger logs in to it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// Where it is: scheme, host and port.
    pub url: Destination,
    /// Which addresses its host may resolve to.
    pub addresses: AddressClass,
    /// Trusted in place of the operating system's certificate authorities; PEM, and the file exists.
    pub certificate_authority: Option<PathBuf>,
    /// The namespace that everything below lies in.
    pub namespace: Option<String>,
    /// How Claviger logs in.
    pub auth: Auth,
    /// The token role that sessions' tokens are made under.
    pub token_role: Option<String>,
}

/// How Claviger logs in to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// With a token that Claviger signs itself: nothing is stored.
    Jwt {
        /// Where the method is mounted.
        mount: String,
        /// The role there.
        role: String,
        /// The audience that the role is bound to.
        audience: String,
    },
    /// With a role id and a stored secret id.
    AppRole {
        /// Where the method is mounted.
        mount: String,
        /// The role id; not a secret.
        role_id: String,
        /// Under which name the secret id is stored.
        secret_id: CredentialName,
        /// Whether what is stored is a wrapping token that is unwrapped once.
        is_wrapped: bool,
    },
    /// With the token of a Kubernetes service account.
    Kubernetes {
        /// Where the method is mounted.
        mount: String,
        /// The role there.
        role: String,
        /// The file of the token, read again at each login.
        token_file: PathBuf,
    },
    /// With a token from a file, read again whenever it is needed.
    TokenFile(PathBuf),
}

impl Source {
    /// A stored secret id goes to this server and nowhere else.
    pub(super) fn binding(&self, name: &ProviderName) -> Option<Binding> {
        let Auth::AppRole { secret_id, .. } = &self.auth else { return None };
        Some(Binding {
            credential: secret_id.clone(),
            upstream: name.as_str().parse().ok()?,
            destination: self.url.clone(),
            injection: Injection::Body { pointer: "/secret_id".to_owned() },
        })
    }
}

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

/// A mount, a role or a path, as it stands in a URL of the server's API.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ApiPath(String);

impl FromStr for ApiPath {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/');
        let is_plain = |segment: &str| !matches!(segment, "" | "." | "..");
        if text.bytes().all(fits) && text.split('/').all(is_plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err("not a part of a path: A-Z, a-z, 0-9, '_', '-', '.' and '/', without a slash at its ends")
        }
    }
}

impl fmt::Display for ApiPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text! {
    ApiPath: "path",
}

/// A Vault or OpenBao server.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceTable {
    /// Its name; credentials name it in `provider`.
    pub(crate) name: At<ProviderName>,
    /// Where it is: scheme, host and port.
    url: At<Destination>,
    /// Which addresses its host may resolve to.
    #[serde(default)]
    addresses: Addresses,
    /// Says that tokens and secrets may travel to another machine without TLS, where `url` is `http`.
    #[serde(default)]
    plaintext: bool,
    /// A PEM file of certificate authorities, trusted here in place of the operating system's.
    certificate_authority: Option<At<PathBuf>>,
    /// The namespace that mounts and roles lie in.
    namespace: Option<At<ApiPath>>,
    /// How Claviger logs in: exactly one of the keys below.
    #[schemars(with = "AuthTable")]
    auth: Spanned<AuthTable>,
    /// The token role under which the token of each session is made. Without one, those tokens are children of Claviger's own, which
    /// must hold every policy of theirs, and which they end with.
    token_role: Option<At<ApiPath>>,
}

/// Exactly one of these.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AuthTable {
    /// A token that Claviger signs itself; nothing is stored. The server trusts `/.well-known/openid-configuration` of `public_url`.
    jwt: Option<JwtTable>,
    /// A role id, and a secret id that is stored: `claviger secret set NAME --provider PROVIDER`.
    approle: Option<AppRoleTable>,
    /// The token of the Kubernetes service account that Claviger runs as.
    kubernetes: Option<KubernetesTable>,
    /// A file with a token, which something else keeps fresh.
    token_file: Option<At<PathBuf>>,
}

/// Login with a JWT.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct JwtTable {
    /// Where the method is mounted.
    #[serde(default = "jwt_mount")]
    mount: At<ApiPath>,
    /// The role, as the server names it.
    role: At<ApiPath>,
    /// The audience that the role is bound to.
    audience: At<Text>,
}

/// Login with AppRole.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AppRoleTable {
    /// Where the method is mounted.
    #[serde(default = "approle_mount")]
    mount: At<ApiPath>,
    /// The role id; not a secret.
    role_id: At<Text>,
    /// The name under which the secret id is stored.
    secret_id: At<CredentialName>,
    /// Says that what is stored is a wrapping token, which is unwrapped once.
    #[serde(default)]
    wrapped: bool,
}

/// Login with a service account of Kubernetes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct KubernetesTable {
    /// Where the method is mounted.
    #[serde(default = "kubernetes_mount")]
    mount: At<ApiPath>,
    /// The role, as the server names it.
    role: At<ApiPath>,
    /// The file of the token.
    #[serde(default = "kubernetes_token_file")]
    token_file: At<PathBuf>,
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

fn implied(text: &str) -> At<ApiPath> {
    At::implied(ApiPath(text.to_owned()))
}

fn jwt_mount() -> At<ApiPath> {
    implied("jwt")
}

fn approle_mount() -> At<ApiPath> {
    implied("approle")
}

fn kubernetes_mount() -> At<ApiPath> {
    implied("kubernetes")
}

fn kubernetes_token_file() -> At<PathBuf> {
    At::implied("/var/run/secrets/kubernetes.io/serviceaccount/token".into())
}

fn kv_mount() -> At<ApiPath> {
    implied("secret")
}

fn database_mount() -> At<ApiPath> {
    implied("database")
}

fn pki_mount() -> At<ApiPath> {
    implied("pki")
}

fn aws_mount() -> At<ApiPath> {
    implied("aws")
}

const fn is_temporary_default() -> bool {
    true
}

impl SourceTable {
    pub(crate) fn check(self, problems: &mut Problems<'_>) -> Option<Source> {
        if is_readable_on_the_way(&self.url.value) && !self.plaintext {
            problems
                .at(&self.url.span, "tokens and secrets would travel to this URL without TLS")
                .help_with("write https, or add `plaintext = true` where the network on the way is trusted with both");
        }
        check_reach(&self.url.value, &self.url.span, self.addresses, problems);
        let certificate_authority = self.certificate_authority.map(|path| existing_file(&path, false, problems));
        let auth = check_auth(self.auth, problems)?;
        Some(Source {
            url: self.url.value,
            addresses: self.addresses.into(),
            certificate_authority,
            namespace: self.namespace.map(|namespace| namespace.value.0),
            auth,
            token_role: self.token_role.map(|role| role.value.0),
        })
    }
}

fn check_auth(auth: Spanned<AuthTable>, problems: &mut Problems<'_>) -> Option<Auth> {
    let span = auth.span();
    let AuthTable { jwt, approle, kubernetes, token_file } = auth.into_inner();
    match (jwt, approle, kubernetes, token_file) {
        (Some(jwt), None, None, None) => {
            Some(Auth::Jwt { mount: jwt.mount.value.0, role: jwt.role.value.0, audience: jwt.audience.value.0 })
        }
        (None, Some(approle), None, None) => Some(Auth::AppRole {
            mount: approle.mount.value.0,
            role_id: approle.role_id.value.0,
            secret_id: approle.secret_id.value,
            is_wrapped: approle.wrapped,
        }),
        (None, None, Some(kubernetes), None) => Some(Auth::Kubernetes {
            mount: kubernetes.mount.value.0,
            role: kubernetes.role.value.0,
            token_file: kubernetes.token_file.value,
        }),
        (None, None, None, Some(path)) => Some(Auth::TokenFile(existing_file(&path, true, problems))),
        _ => {
            problems
                .at(&span, "Claviger logs in in exactly one way")
                .help_with("write one of `jwt`, `approle`, `kubernetes` and `token_file`");
            None
        }
    }
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
