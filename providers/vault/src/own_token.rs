//! Claviger's own token: logged in for once, renewed while it can be, and logged in for again.

use std::{fmt, sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use model::{Clock, Timestamp};
use rustify::endpoint::Endpoint;
use tokio::sync::Semaphore;
use vaultrs::api::token::requests::RenewTokenSelfRequest;

use crate::{
    answer::{Answer, AuthAnswer, Token},
    client::{CALL_MAX, Client},
    failure::Failure,
    login::{LoggedIn, Login, life},
};

/// A token that is younger than this is not doubted: what it is denied, its policies deny.
const DOUBT_AGE_MIN: Duration = Duration::from_secs(10);

/// Claviger's own token, as Vault gave it last.
#[derive(Debug)]
pub(crate) struct OwnToken {
    token: Arc<Token>,
    accessor: String,
    /// When it was logged in for or renewed.
    since: Timestamp,
    /// How long it lives from then on; `None` for ever.
    life: Option<Duration>,
    renewable: bool,
}

impl OwnToken {
    /// When it ends, and everything with it that is bound to it.
    pub(crate) fn end(&self) -> Option<Timestamp> {
        self.life.map(|life| self.since.plus(life))
    }

    /// Whether it lives long enough, or is as young as the next one would be.
    fn is_good(&self, until: Timestamp, now: Timestamp) -> bool {
        let Some(life) = self.life else { return true };
        let reaches = self.since.plus(life) >= until.plus(CALL_MAX);
        reaches || now.since(self.since) < life / 3
    }
}

/// Claviger's standing at Vault. Nothing runs in the background: a token is looked at when it is used.
pub(crate) struct Standing {
    client: Client,
    login: Login,
    clock: Arc<dyn Clock>,
    current: ArcSwapOption<OwnToken>,
    /// One login or renewal at a time; who waits for it finds what it brought.
    turn: Semaphore,
}

impl Standing {
    pub(crate) fn new(client: Client, login: Login, clock: Arc<dyn Clock>) -> Self {
        Self { client, login, clock, current: ArcSwapOption::empty(), turn: Semaphore::new(1) }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Asks as Claviger, with a token that lives until `until` where Vault gives one, and says which token that was. A token that
    /// is denied may have been revoked, so another one is tried once.
    pub(crate) async fn call<E: Endpoint>(
        &self,
        until: Timestamp,
        endpoint: impl Fn() -> E + Send + Sync,
    ) -> Result<(Answer, Arc<OwnToken>), Failure> {
        let own = self.token(until).await?;
        match self.client.call(Some(&own.token), endpoint()).await {
            Err(denied) if denied.is_denied() && self.now().since(own.since) >= DOUBT_AGE_MIN => {
                self.forget(&own);
                let own = self.token(until).await?;
                Ok((self.client.call(Some(&own.token), endpoint()).await?, own))
            }
            answer => Ok((answer?, own)),
        }
    }

    async fn token(&self, until: Timestamp) -> Result<Arc<OwnToken>, Failure> {
        if let Some(own) = self.good(until) {
            return Ok(own);
        }
        let _turn = self.turn.acquire().await.expect("nobody closes it");
        if let Some(own) = self.good(until) {
            return Ok(own);
        }
        let own = match self.renewed().await? {
            Some(own) if own.end().is_none_or(|end| end >= until) => own,
            Some(_) | None => self.logged_in().await?,
        };
        self.current.store(Some(Arc::clone(&own)));
        Ok(own)
    }

    fn good(&self, until: Timestamp) -> Option<Arc<OwnToken>> {
        self.current.load_full().filter(|own| own.is_good(until, self.now()))
    }

    /// Only if it is still the current one: another call may have replaced it.
    fn forget(&self, denied: &Arc<OwnToken>) {
        tracing::warn!(accessor = denied.accessor, "Vault denies Claviger's own token; logging in again");
        self.current.compare_and_swap(denied, None);
    }

    async fn renewed(&self) -> Result<Option<Arc<OwnToken>>, Failure> {
        let Some(own) = self.current.load_full().filter(|own| own.renewable) else { return Ok(None) };
        let since = self.now();
        let request = RenewTokenSelfRequest { increment: None };
        let auth = match self.client.call(Some(&own.token), request).await {
            Ok(answer) => answer.auth,
            Err(Failure::Refused { .. }) => None,
            Err(failure) => return Err(failure),
        };
        let Some(AuthAnswer { accessor, renewable, .. }) = &auth else { return Ok(None) };
        let life = auth.as_ref().and_then(|auth| life(auth.lease_duration()));
        let token = Arc::clone(&own.token);
        Ok(Some(Arc::new(OwnToken { token, accessor: accessor.clone(), since, life, renewable: *renewable })))
    }

    async fn logged_in(&self) -> Result<Arc<OwnToken>, Failure> {
        let since = self.now();
        let logged_in = self.login.log_in(&self.client).await.map_err(Failure::NotLoggedIn)?;
        let LoggedIn { token, accessor, life, renewable } = logged_in;
        let life_seconds = life.map(|life| life.as_secs());
        tracing::info!(accessor, life_seconds, "logged in at Vault");
        Ok(Arc::new(OwnToken { token: Arc::new(token), accessor, since, life, renewable }))
    }
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standing").field("client", &self.client).field("login", &self.login).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_while_it_reaches_or_is_young() {
        let at = Timestamp::from_seconds;
        let own = |life: Option<u64>| OwnToken {
            token: Arc::new(Token::new("t".to_owned().into()).unwrap()),
            accessor: "a".to_owned(),
            since: at(1000),
            life: life.map(Duration::from_secs),
            renewable: true,
        };
        assert!(own(Some(1800)).is_good(at(1900), at(1100)), "it reaches");
        assert!(!own(Some(1800)).is_good(at(2795), at(2000)), "it ends during a call");
        assert!(own(Some(60)).is_good(at(1900), at(1019)), "another one would not reach either");
        assert!(!own(Some(60)).is_good(at(1900), at(1020)), "another one lives longer");
        assert!(own(None).is_good(at(u64::MAX / 1000), at(1_000_000)), "it has no end");
    }
}
