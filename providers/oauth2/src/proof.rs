//! The token that shows an authorization server who asks: one that Claviger signs, or one that the platform keeps in a file.

use std::path::{Path, PathBuf};

use model::UpstreamName;
use provider::{CredentialRequest, ProviderError, WebIdentity};
use secret::Secret;
use serde_json::Map;
use tokio::{fs::File, io::AsyncReadExt as _};
use zeroize::Zeroizing;

/// What shows who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Claviger signs it about the session.
    Session {
        /// Its `aud`; the issuer identifier of who reads it where there is none.
        audience: Option<String>,
    },
    /// A file has it, about the workload that Claviger is. It is read for each use, for its writer replaces it.
    File(PathBuf),
}

/// Longer than any token that stands in a file.
const FILE_LENGTH_MAX: u64 = 64 * 1024;

impl Proof {
    /// The token, for the server that calls itself `reader`.
    pub(crate) async fn token(
        &self,
        reader: &str,
        identity: &dyn WebIdentity,
        request: &CredentialRequest<'_>,
    ) -> Result<Secret, ProviderError> {
        let upstream: &UpstreamName = &request.binding.upstream;
        match self {
            Self::Session { audience } => {
                let audience = audience.as_deref().unwrap_or(reader);
                Ok(identity.id_token(request.caller, upstream, audience, Map::new())?)
            }
            Self::File(path) => read(path).await,
        }
    }
}

/// A token that another program writes, without the line break at its end.
async fn read(path: &Path) -> Result<Secret, ProviderError> {
    let missing = |what: &str| ProviderError::Missing { reason: format!("the file {} {what}", path.display()) };
    let file = File::open(path).await.map_err(|_| missing("cannot be opened"))?;
    let mut text = Zeroizing::new(String::new());
    file.take(FILE_LENGTH_MAX).read_to_string(&mut text).await.map_err(|_| missing("cannot be read"))?;
    let token = text.trim();
    if token.is_empty() { Err(missing("is empty")) } else { Ok(Secret::new(Zeroizing::new(token.to_owned()))) }
}
