//! `[[providers.vault]]`: where the server is, and how Claviger logs in to it.

use std::path::PathBuf;

use model::{AddressClass, Binding, CredentialName, Destination, Injection, ProviderName};
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::{ApiPath, mount};
use crate::{
    address::{Addresses, check_reach, existing_file, is_readable_on_the_way},
    at::{At, Text},
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
    pub(in crate::provider) fn binding(&self, name: &ProviderName) -> Option<Binding> {
        let Auth::AppRole { secret_id, .. } = &self.auth else { return None };
        Some(Binding {
            credential: secret_id.clone(),
            upstream: name.as_str().parse().ok()?,
            destination: self.url.clone(),
            injection: Injection::Body { pointer: "/secret_id".to_owned() },
        })
    }
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

fn jwt_mount() -> At<ApiPath> {
    mount("jwt")
}

fn approle_mount() -> At<ApiPath> {
    mount("approle")
}

fn kubernetes_mount() -> At<ApiPath> {
    mount("kubernetes")
}

fn kubernetes_token_file() -> At<PathBuf> {
    At::implied("/var/run/secrets/kubernetes.io/serviceaccount/token".into())
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
