//! Refresh tokens that change with each use: used one at a time, and stored before anything is done with the answer.
//!
//! A server that rotates refresh tokens (RFC 9700, section 4.14.2) ends the old one with the answer that brings the new one. The
//! new one exists nowhere else, so an answer is taken in by a task that goes on when its caller is gone.

use std::{collections::HashMap, fmt, sync::Arc};

use async_trait::async_trait;
use model::Subject;
use parking_lot::Mutex;
use provider::ProviderError;
use secret::Secret;
use tokio::sync::Semaphore;

use crate::answer::Issued;

/// Where the refresh tokens of one credential are kept, in a way that outlives the process.
#[async_trait]
pub trait RefreshTokens: Send + Sync + fmt::Debug {
    /// The newest refresh token that all share; or what is kept of the consent of `subject`, a sealed
    /// [`Connection`](crate::Connection).
    ///
    /// # Errors
    /// [`ProviderError::Missing`] with what to do where there is none.
    async fn load(&self, subject: Option<&Subject>) -> Result<Stored, ProviderError>;

    /// Puts `rotated` in the place of what was loaded as `version`, durably: when this returns, a process that dies finds it. What
    /// somebody stored meanwhile is newer, and stays.
    ///
    /// # Errors
    /// It could not be stored, and what was loaded is still there.
    async fn replace(&self, subject: Option<&Subject>, version: u64, rotated: &Secret) -> Result<(), CannotStore>;
}

/// A refresh token, and which one it is.
#[derive(Debug)]
pub struct Stored {
    /// The token.
    pub token: Secret,
    /// Differs from that of every other token that was stored in its place.
    pub version: u64,
}

/// A refresh token could not be stored; what exactly is wrong stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the refresh token could not be stored")]
pub struct CannotStore;

/// Subjects whose turns are remembered at once; more than refresh in one moment.
const TURN_COUNT_MAX: usize = 4096;

/// Whose turn it is to use a refresh token.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<Option<Subject>, Arc<Turn>>>);

/// One refresh token: used by one at a time.
#[derive(Debug)]
pub(crate) struct Turn {
    permit: Semaphore,
    /// The newest token, where it could not be stored yet.
    unstored: Mutex<Option<Stored>>,
}

impl Turns {
    pub(crate) fn of(&self, subject: Option<&Subject>) -> Arc<Turn> {
        let mut turns = self.0.lock();
        if turns.len() >= TURN_COUNT_MAX {
            turns.retain(|_, turn| Arc::strong_count(turn) > 1 || turn.unstored.lock().is_some());
        }
        let turn = turns.entry(subject.cloned());
        Arc::clone(turn.or_insert_with(|| Arc::new(Turn { permit: Semaphore::new(1), unstored: Mutex::new(None) })))
    }
}

impl Turn {
    /// Waits for its turn, asks with the newest token, and stores the one that the answer brings. It must run to its end: call it
    /// in a task.
    pub(crate) async fn refresh(
        &self,
        tokens: &dyn RefreshTokens,
        subject: Option<&Subject>,
        ask: impl AsyncFnOnce(&Secret) -> Result<Issued, ProviderError>,
    ) -> Result<Issued, ProviderError> {
        let _turn = self.permit.acquire().await.expect("the semaphore is never closed");
        let unstored = self.unstored.lock().take();
        let was_stored = unstored.is_none();
        let current = match unstored {
            Some(unstored) => unstored,
            None => tokens.load(subject).await?,
        };
        let mut issued = ask(&current.token).await;
        let rotated = issued.as_mut().ok().and_then(|issued| issued.refresh_token.take());
        // One that could not be stored before is still the newest where the answer brings no other.
        let newest = rotated.or((!was_stored).then_some(current.token));
        if let Some(token) = newest {
            self.store(tokens, subject, Stored { token, version: current.version }).await;
        }
        issued
    }

    async fn store(&self, tokens: &dyn RefreshTokens, subject: Option<&Subject>, newest: Stored) {
        if let Err(error) = tokens.replace(subject, newest.version, &newest.token).await {
            tracing::error!(%error, "a new refresh token is kept in memory until it can be stored; make room for it before a restart");
            *self.unstored.lock() = Some(newest);
        }
    }
}
