//! Mintings in the file.

use async_trait::async_trait;
use model::{LeaseId, Minted, Minting, MintingId, Revocation};
use sqlx::{
    SqlitePool,
    query::Query,
    sqlite::{Sqlite, SqliteArguments},
};

use super::{CALL_SECONDS_MAX, START_SECONDS_MAX, SqliteStore};
use crate::{
    LeaseStore, StoreError,
    row::{array, millis, minting},
};

#[async_trait]
impl LeaseStore for SqliteStore {
    async fn open(&self, minting: &Minting) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO minting (id, provider, credential, session, session_end, begun, made, lease, expiry, attempts, error, \
             is_irrevocable) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(minting.id.as_str())
        .bind(minting.provider.as_str())
        .bind(minting.credential.as_str())
        .bind(minting.session.as_str())
        .bind(millis(minting.session_end)?)
        .bind(millis(minting.begun)?)
        .bind(array(minting.made.iter().map(LeaseId::as_str)))
        .bind(minting.minted.as_ref().map(|minted| minted.lease.as_str()))
        .bind(minting.minted.as_ref().map(|minted| millis(minted.expiry)).transpose()?)
        .bind(minting.revocation.attempts)
        .bind(minting.revocation.error.as_deref())
        .bind(minting.revocation.is_irrevocable);
        self.within(CALL_SECONDS_MAX, statement.execute(&self.pool)).await.map(drop)
    }

    async fn made(&self, minting: &MintingId, made: &LeaseId) -> Result<(), StoreError> {
        let statement = sqlx::query("UPDATE minting SET made = json_insert(made, '$[#]', ?) WHERE id = ?")
            .bind(made.as_str())
            .bind(minting.as_str());
        self.change(statement, &self.durable).await
    }

    async fn complete(&self, minting: &MintingId, minted: &Minted) -> Result<(), StoreError> {
        let statement = sqlx::query("UPDATE minting SET lease = ?, expiry = ? WHERE id = ?")
            .bind(minted.lease.as_str())
            .bind(millis(minted.expiry)?)
            .bind(minting.as_str());
        self.change(statement, &self.pool).await
    }

    async fn not_revoked(&self, minting: &MintingId, revocation: &Revocation) -> Result<(), StoreError> {
        let statement = sqlx::query("UPDATE minting SET attempts = ?, error = ?, is_irrevocable = ? WHERE id = ?")
            .bind(revocation.attempts)
            .bind(revocation.error.as_deref())
            .bind(revocation.is_irrevocable)
            .bind(minting.as_str());
        self.change(statement, &self.pool).await
    }

    async fn ended(&self, minting: &MintingId) -> Result<(), StoreError> {
        let statement = sqlx::query("DELETE FROM minting WHERE id = ?").bind(minting.as_str());
        self.within(CALL_SECONDS_MAX, statement.execute(&self.pool)).await.map(drop)
    }

    async fn mintings(&self) -> Result<Vec<Minting>, StoreError> {
        let statement = sqlx::query("SELECT * FROM minting ORDER BY begun, id");
        let rows = self.within(START_SECONDS_MAX, statement.fetch_all(&self.pool)).await?;
        rows.iter().map(|row| minting(row).map_err(|error| StoreError::of(&self.path, error))).collect()
    }
}

impl SqliteStore {
    /// Changes the one row that a statement names.
    async fn change(&self, statement: Query<'_, Sqlite, SqliteArguments>, pool: &SqlitePool) -> Result<(), StoreError> {
        let done = self.within(CALL_SECONDS_MAX, statement.execute(pool)).await?;
        if done.rows_affected() == 0 { Err(StoreError::Unknown) } else { Ok(()) }
    }
}
