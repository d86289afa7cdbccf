//! A connected account as it is kept: at which server, as which client, and with which token.

use std::fmt;

use model::Timestamp;
use provider::ProviderError;
use secret::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    Grant,
    answer::{Asked, Issued},
    form::Form,
    registration::Registered,
    server::Server,
};

/// What is left of a person's consent. A token goes to the server that issued it and to no other, also where the API has another
/// server since.
pub struct Connection(Kept);

#[derive(Serialize, Deserialize)]
struct Kept {
    issuer: String,
    /// `None` for the client of the configuration.
    client: Option<Registered>,
    token: Token,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Token {
    /// Gets access tokens.
    Refresh(Zeroizing<String>),
    /// Is one, from a server that gave nothing that lasts.
    Access { token: Zeroizing<String>, end_seconds: u64 },
}

/// Enough for two tokens and a registration, so that none is moved while it is written.
const CAPACITY: usize = 48 * 1024;

impl Connection {
    pub(crate) fn new(issuer: &str, client: Option<&Registered>, issued: Issued, now: Timestamp) -> Self {
        let token = match issued.refresh_token {
            Some(token) => Token::Refresh(Zeroizing::new(token.expose().to_owned())),
            None => {
                let end_seconds = now.plus(issued.life()).as_seconds();
                Token::Access { token: issued.access_token, end_seconds }
            }
        };
        Self(Kept { issuer: issuer.to_owned(), client: client.cloned(), token })
    }

    /// Reads what [`sealed`](Self::sealed) wrote. `None` for anything else.
    #[must_use]
    pub fn open(kept: &Secret) -> Option<Self> {
        serde_json::from_str(kept.expose()).ok().map(Self)
    }

    /// All of it as one secret, to be stored.
    #[must_use]
    pub fn sealed(&self) -> Secret {
        let mut text = Zeroizing::new(Vec::with_capacity(CAPACITY));
        serde_json::to_writer(&mut *text, &self.0).expect("texts and a number are JSON, and memory takes them all");
        Secret::new(Zeroizing::new(String::from_utf8(std::mem::take(&mut *text)).expect("JSON is UTF-8")))
    }

    /// The secrets in it, to be looked for in answers.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        let token = match &self.0.token {
            Token::Refresh(token) | Token::Access { token, .. } => Secret::new(token.clone()),
        };
        std::iter::once(token).chain(self.0.client.as_ref().and_then(Registered::secret)).collect()
    }

    /// Whether it goes on until somebody ends it.
    #[must_use]
    pub const fn is_lasting(&self) -> bool {
        matches!(self.0.token, Token::Refresh(_))
    }
}

impl Server {
    /// An access token for what is kept of a consent, and what is to be kept in its place.
    pub(crate) async fn ask_connected(&self, kept: &Secret, grant: &Grant) -> Result<Issued, ProviderError> {
        let Connection(mut connected) = Connection::open(kept).ok_or(ProviderError::NotConnected)?;
        let mut located = self.locate().await?;
        if located.audience != connected.issuer {
            located = self.locate_anew().await?;
        }
        if located.audience != connected.issuer {
            return Err(ProviderError::NotConnected);
        }
        let token = match &connected.token {
            Token::Refresh(token) => Secret::new(token.clone()),
            Token::Access { token, end_seconds } => {
                let life = Timestamp::from_seconds(*end_seconds).since(self.now());
                return if life.is_zero() {
                    Err(ProviderError::NotConnected)
                } else {
                    Ok(Issued::lent(token.clone(), life))
                };
            }
        };
        let client = self.client(connected.client.as_ref())?;
        let form = grant.narrow(Form::new("refresh_token").secret("refresh_token", &token), &located);
        let mut issued = self.ask_as(&client, &located, form, Asked::Token(&grant.flow)).await?;
        if let Some(rotated) = issued.refresh_token.take() {
            connected.token = Token::Refresh(Zeroizing::new(rotated.expose().to_owned()));
            issued.refresh_token = Some(Connection(connected).sealed());
        }
        Ok(issued)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("issuer", &self.0.issuer).finish_non_exhaustive()
    }
}
