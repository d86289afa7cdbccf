//! Sessions in the file.

use async_trait::async_trait;
use model::{SessionId, Timestamp};

use super::{CALL_SECONDS_MAX, START_SECONDS_MAX, SqliteStore};
use crate::{
    Session, SessionStore, StoreError,
    row::{SessionColumns, millis, session},
};

/// How many sessions one statement of a purge removes, so that writers in between do not wait for all of it.
pub(super) const PURGE_BATCH: u32 = 1000;

#[async_trait]
impl SessionStore for SqliteStore {
    async fn insert(&self, session: &Session) -> Result<(), StoreError> {
        let columns = SessionColumns::of(session)?;
        let statement = sqlx::query(
            "INSERT INTO session (id, token_id, agent, agent_groups, subject_issuer, subject_id, actor_issuer, actor_id, \
             resources, scopes, created, expires, revoked) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(session.id.as_str())
        .bind(session.token_id.as_str())
        .bind(session.agent.name.as_str())
        .bind(columns.agent_groups)
        .bind(&session.subject.issuer)
        .bind(&session.subject.id)
        .bind(session.actor.as_ref().map(|actor| &actor.issuer))
        .bind(session.actor.as_ref().map(|actor| &actor.id))
        .bind(columns.resources)
        .bind(columns.scopes)
        .bind(columns.created)
        .bind(columns.expires)
        .bind(columns.revoked);
        self.within(CALL_SECONDS_MAX, statement.execute(&self.pool)).await.map(drop)
    }

    async fn revoke(&self, id: &SessionId, at: Timestamp) -> Result<bool, StoreError> {
        let statement = sqlx::query("UPDATE session SET revoked = ? WHERE id = ? AND revoked IS NULL")
            .bind(millis(at)?)
            .bind(id.as_str());
        let done = self.within(CALL_SECONDS_MAX, statement.execute(&self.durable)).await?;
        Ok(done.rows_affected() > 0)
    }

    async fn live(&self, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let statement =
            sqlx::query("SELECT * FROM session WHERE expires > ? AND revoked IS NULL ORDER BY id").bind(millis(now)?);
        let rows = self.within(START_SECONDS_MAX, statement.fetch_all(&self.pool)).await?;
        rows.iter().map(|row| session(row).map_err(|error| StoreError::of(&self.path, error))).collect()
    }

    async fn purge(&self, expired_before: Timestamp) -> Result<u64, StoreError> {
        let expired_before = millis(expired_before)?;
        let mut purged = 0;
        loop {
            let statement =
                sqlx::query("DELETE FROM session WHERE id IN (SELECT id FROM session WHERE expires < ? LIMIT ?)")
                    .bind(expired_before)
                    .bind(PURGE_BATCH);
            let batch = self.within(CALL_SECONDS_MAX, statement.execute(&self.pool)).await?.rows_affected();
            purged += batch;
            if batch < u64::from(PURGE_BATCH) {
                return Ok(purged);
            }
        }
    }
}
