//! Logging in: Claviger proves itself by one of four methods, and gets a token of its own.

use std::{path::Path, sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use provider::ProviderError;
use secret::Secret;
use tokio::{fs::File, io::AsyncReadExt as _};
use vaultrs::api::{
    auth::{
        approle::requests::LoginWithApproleRequest, kubernetes::requests::LoginWithKubernetesRequest,
        oidc::requests::JWTLoginRequest,
    },
    sys::requests::{UnwrapRequest, WrappingLookupRequest},
    token::requests::LookupTokenSelfRequest,
};
use zeroize::Zeroizing;

use crate::{
    Auth, SecretId, VaultPath,
    answer::{AuthAnswer, Token},
    client::Client,
    failure::Failure,
};

/// A token of a service account is about a kilobyte.
const FILE_LENGTH_MAX: u64 = 16 * 1024;

/// How Claviger logs in, and what it keeps for the next time.
#[derive(Debug)]
pub(crate) struct Login {
    auth: Auth,
    /// What the wrapping token gave, which gives it only once.
    unwrapped: ArcSwapOption<Secret>,
}

/// What a login gives.
#[derive(Debug)]
pub(crate) struct LoggedIn {
    pub(crate) token: Token,
    pub(crate) accessor: String,
    /// `None` for a token without an end.
    pub(crate) life: Option<Duration>,
    pub(crate) renewable: bool,
}

impl Login {
    pub(crate) fn new(auth: Auth) -> Self {
        Self { auth, unwrapped: ArcSwapOption::empty() }
    }

    /// Logs in anew. One login at a time: a wrapping token is good for one.
    pub(crate) async fn log_in(&self, client: &Client) -> Result<LoggedIn, ProviderError> {
        match &self.auth {
            Auth::Jwt { mount, role, audience, identity } => {
                let jwt = identity.own_token(audience)?.expose().to_owned();
                let request = JWTLoginRequest { mount: mount.to_string(), jwt, role: Some(role.to_string()) };
                let look_at = "compare the role's bound_audiences, bound_claims and bound_subject with what Claviger signs, and both clocks";
                logged_in(client.call(None, request).await, &format!("logging in by JWT as {role}"), look_at)
            }
            Auth::AppRole { mount, role_id, secret_id } => self.by_app_role(client, mount, role_id, secret_id).await,
            Auth::Kubernetes { mount, role, token_file } => {
                let jwt = read(token_file).await?.to_string();
                let request = LoginWithKubernetesRequest { mount: mount.to_string(), role: role.to_string(), jwt };
                let look_at = "compare the role's bound service accounts and namespaces with the pod's";
                logged_in(client.call(None, request).await, &format!("logging in by Kubernetes as {role}"), look_at)
            }
            Auth::TokenFile(path) => by_token_file(client, path).await,
        }
    }

    async fn by_app_role(
        &self,
        client: &Client,
        mount: &VaultPath,
        role_id: &str,
        secret_id: &SecretId,
    ) -> Result<LoggedIn, ProviderError> {
        let secret_id = match (secret_id, self.unwrapped.load_full()) {
            (SecretId::Plain(stored), _) => Arc::new(stored.open()?),
            (SecretId::Wrapped(_), Some(unwrapped)) => unwrapped,
            (SecretId::Wrapped(stored), None) => {
                let unwrapped = Arc::new(unwrap(client, mount, stored.open()?).await?);
                self.unwrapped.store(Some(Arc::clone(&unwrapped)));
                unwrapped
            }
        };
        let request = LoginWithApproleRequest {
            mount: mount.to_string(),
            role_id: role_id.to_owned(),
            secret_id: secret_id.expose().to_owned(),
        };
        let answer = client.call(None, request).await;
        if matches!(answer, Err(Failure::Refused { .. })) {
            // It has ended, and the operator stores the next one.
            self.unwrapped.store(None);
        }
        let look_at = "compare role_id with the role, and store a new secret_id if this one has ended";
        logged_in(answer, "logging in by AppRole", look_at)
    }
}

fn logged_in(
    answer: Result<crate::answer::Answer, Failure>,
    doing: &str,
    look_at: &str,
) -> Result<LoggedIn, ProviderError> {
    let auth = answer.and_then(|answer| answer.auth.ok_or(Failure::Unintelligible));
    let auth = auth.map_err(|failure| failure.explain(doing, look_at))?;
    let life = life(auth.lease_duration());
    let AuthAnswer { client_token, accessor, renewable, .. } = auth;
    Ok(LoggedIn { token: client_token, accessor, life, renewable })
}

/// Vault writes zero for what has no end.
pub(crate) const fn life(duration: Duration) -> Option<Duration> {
    if duration.is_zero() { None } else { Some(duration) }
}

/// Unwraps a secret_id, after a look at what the wrapping token was made for: whoever replaced it would have it made elsewhere.
async fn unwrap(client: &Client, mount: &VaultPath, wrapping: Secret) -> Result<Secret, ProviderError> {
    let doing = "unwrapping the secret_id";
    let used = "a wrapping token is good for one use: if none of yours used it, take it for stolen, and revoke the secret_id; then \
                store a new one";
    let token = Token::new(Zeroizing::new(wrapping.expose().to_owned()));
    let token =
        token.ok_or_else(|| ProviderError::Missing { reason: "what is stored is not a wrapping token".to_owned() })?;
    let lookup = WrappingLookupRequest { token: token.secret().expose().to_owned() };
    let looked_up = client.call(None, lookup).await.map_err(|failure| failure.explain(doing, used))?;
    let path = looked_up.data.as_ref().and_then(|data| data.text("creation_path"));
    if !path.is_some_and(|path| makes_secret_ids(path, client.namespace(), mount)) {
        let reason =
            format!("{doing}: the wrapping token was not made by auth/{mount}/role/…/secret-id: take it for forged");
        return Err(ProviderError::Refused { reason });
    }
    let unwrapped = client.call(Some(&token), UnwrapRequest { token: None }).await;
    let unwrapped = unwrapped.map_err(|failure| failure.explain(doing, used))?;
    let secret_id = unwrapped.data.as_ref().and_then(|data| data.text("secret_id"));
    let secret_id = secret_id.ok_or_else(|| Failure::Unintelligible.explain(doing, used))?;
    Ok(Secret::new(secret_id.clone()))
}

fn makes_secret_ids(path: &str, namespace: Option<&str>, mount: &VaultPath) -> bool {
    let in_namespace = namespace.and_then(|namespace| path.strip_prefix(namespace)?.strip_prefix('/'));
    let role = in_namespace.unwrap_or(path).strip_prefix("auth/").and_then(|path| path.strip_prefix(mount.as_str()));
    let role = role.and_then(|path| path.strip_prefix("/role/")).and_then(|path| path.strip_suffix("/secret-id"));
    role.is_some_and(|role| !role.is_empty() && !role.contains('/'))
}

/// The token belongs to whoever writes the file: it is looked at, and not renewed.
async fn by_token_file(client: &Client, path: &Path) -> Result<LoggedIn, ProviderError> {
    let doing = format!("using the token of {}", path.display());
    let look_at = "check that whoever writes that file is logged in";
    let token = Token::new(read(path).await?)
        .ok_or_else(|| ProviderError::Missing { reason: format!("{doing}: the file holds no token; {look_at}") })?;
    let looked_up = client.call(Some(&token), LookupTokenSelfRequest {}).await;
    let looked_up = looked_up.map_err(|failure| failure.explain(&doing, look_at))?;
    let found =
        looked_up.data.as_ref().and_then(|data| Some((data.text("accessor")?.to_string(), data.number("ttl")?)));
    let (accessor, ttl) = found.ok_or_else(|| Failure::Unintelligible.explain(&doing, look_at))?;
    Ok(LoggedIn { token, accessor, life: life(Duration::from_secs(ttl)), renewable: false })
}

/// A token that another program writes, without the line break at its end.
async fn read(path: &Path) -> Result<Zeroizing<String>, ProviderError> {
    let missing = |what: &str| ProviderError::Missing { reason: format!("the file {} {what}", path.display()) };
    let file = File::open(path).await.map_err(|_| missing("cannot be opened"))?;
    let mut text = Zeroizing::new(String::new());
    file.take(FILE_LENGTH_MAX).read_to_string(&mut text).await.map_err(|_| missing("cannot be read"))?;
    if text.trim().is_empty() { Err(missing("is empty")) } else { Ok(Zeroizing::new(text.trim().to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_id_comes_from_a_role_of_the_mount() {
        let mount: VaultPath = "approle".parse().unwrap();
        let fits = |path: &str, namespace| makes_secret_ids(path, namespace, &mount);
        assert!(fits("auth/approle/role/claviger/secret-id", None));
        assert!(fits("team/auth/approle/role/claviger/secret-id", Some("team")));
        assert!(fits("auth/approle/role/claviger/secret-id", Some("team")));
        for forged in [
            "cubbyhole/secret",
            "auth/approle/role//secret-id",
            "auth/other/role/claviger/secret-id",
            "auth/approle/role/claviger/secret-id/x",
            "team/auth/approle/role/claviger/secret-id",
            "auth/approle/role/a/b/secret-id",
        ] {
            assert!(!fits(forged, None), "{forged}");
        }
    }
}
