//! How Vault is reached, and how Claviger proves itself to it.

use std::{path::PathBuf, sync::Arc};

use dial::TrustAnchors;
use model::{AddressClass, Destination};
use provider::{StoredSecret, WebIdentity};

use crate::VaultPath;

/// How Vault is reached, and how Claviger proves itself to it.
#[derive(Debug, Clone)]
pub struct Settings {
    pub(crate) server: Destination,
    pub(crate) class: AddressClass,
    /// Who may vouch for the server in place of the dialer's own roots.
    pub anchors: Option<TrustAnchors>,
    /// The namespace that everything happens in; `None` is the root.
    pub namespace: Option<VaultPath>,
    /// How Claviger logs in.
    pub auth: Auth,
    /// The token role under which a session's tokens are made. Without one they are children of Claviger's own token, which then
    /// holds every policy that it gives away.
    pub token_role: Option<VaultPath>,
}

/// Vault's API begins at the root of its server.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error("the URL of Vault has no path: write https://vault.example:8200")]
pub struct UrlHasPath;

impl Settings {
    /// A server in its root namespace, trusted by the dialer's own roots.
    ///
    /// # Errors
    /// The URL has a path.
    pub fn new(server: Destination, class: AddressClass, auth: Auth) -> Result<Self, UrlHasPath> {
        if !matches!(server.path_prefix(), "" | "/") {
            return Err(UrlHasPath);
        }
        Ok(Self { server, class, anchors: None, namespace: None, auth, token_role: None })
    }
}

/// How Claviger logs in.
#[derive(Debug, Clone)]
pub enum Auth {
    /// With a token that Claviger signs about itself: nothing is stored.
    Jwt {
        /// Where the method is mounted, such as `jwt`.
        mount: VaultPath,
        /// The role.
        role: VaultPath,
        /// One of the role's `bound_audiences`.
        audience: String,
        /// Signs.
        identity: Arc<dyn WebIdentity>,
    },
    /// With the two parts of an AppRole.
    AppRole {
        /// Where the method is mounted, such as `approle`.
        mount: VaultPath,
        /// The part that is not a secret.
        role_id: String,
        /// The other part.
        secret_id: SecretId,
    },
    /// With the token of the pod's service account.
    Kubernetes {
        /// Where the method is mounted, such as `kubernetes`.
        mount: VaultPath,
        /// The role.
        role: VaultPath,
        /// Where the kubelet puts the token; read at every login, because it is replaced there.
        token_file: PathBuf,
    },
    /// Somebody else logs in, such as an agent of Vault's, and writes the token to a file, which is read at every login.
    TokenFile(PathBuf),
}

/// The secret part of an AppRole, as it is stored.
#[derive(Debug, Clone)]
pub enum SecretId {
    /// It itself.
    Plain(Arc<dyn StoredSecret>),
    /// A wrapping token, which gives it once.
    Wrapped(Arc<dyn StoredSecret>),
}
