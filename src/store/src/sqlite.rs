//! Sessions in an embedded SQLite file.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use model::{SessionId, Timestamp};
use sqlx::{
    ConnectOptions as _, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::time::timeout;

use crate::{
    Session, SessionStore, StoreError,
    row::{Columns, millis, session},
};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// SQLite writes one at a time; a few more connections let reads pass by.
const CONNECTIONS_MAX: u32 = 4;
/// How long a writer waits for another one: far above any write of ours.
const BUSY_SECONDS: u64 = 2;
/// How long a call may take before it is given up; longer than the wait for a connection and then for a writer.
const CALL_SECONDS_MAX: u64 = 5;
/// How long start-up may take: the schema, and reading a quarter of an hour of sessions.
const START_SECONDS_MAX: u64 = 30;
/// How many sessions one statement of a purge removes, so that writers in between do not wait for all of it.
const PURGE_BATCH: u32 = 1000;
/// Only the user that runs the program reads who called what.
const FILE_MODE: u32 = 0o600;

/// Sessions in one file. A write survives `kill -9`; a revocation also survives the loss of power, since a session that came
/// back to life would be worse than one that is lost.
#[derive(Debug)]
pub struct SqliteSessions {
    path: PathBuf,
    pool: SqlitePool,
    /// One connection that waits for the disk.
    durable: SqlitePool,
}

impl SqliteSessions {
    /// Opens the file, and makes it with mode 0600 where there is none; brings its schema up to date. Its directory must exist.
    ///
    /// # Errors
    /// The file cannot be opened or written, is no database of ours, or is of a newer Claviger.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, SqliteConnectOptions::new()).await
    }

    async fn open_with(path: &Path, options: SqliteConnectOptions) -> Result<Self, StoreError> {
        make_private(path).map_err(|source| StoreError::CannotOpen { path: path.to_owned(), source })?;
        let options = options
            .filename(path)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(BUSY_SECONDS))
            .disable_statement_logging();
        let pool = |connections_max| {
            let acquire = Duration::from_secs(BUSY_SECONDS);
            SqlitePoolOptions::new().max_connections(connections_max).acquire_timeout(acquire)
        };
        let durable = pool(1).connect_lazy_with(options.clone().synchronous(SqliteSynchronous::Full));
        let store = Self { path: path.to_owned(), pool: pool(CONNECTIONS_MAX).connect_lazy_with(options), durable };
        let migrated = timeout(Duration::from_secs(START_SECONDS_MAX), MIGRATIONS.run(&store.pool)).await;
        match migrated {
            Ok(result) => result.map_err(|error| StoreError::of_migration(path, error))?,
            Err(_) => return Err(StoreError::TimedOut { path: path.to_owned() }),
        }
        Ok(store)
    }

    /// Writes the log into the file and lets go of it. Without it nothing is lost; the next start is a little longer.
    ///
    /// # Errors
    /// [`StoreError::TimedOut`]; the file is whole nevertheless.
    pub async fn close(&self) -> Result<(), StoreError> {
        let closing = async {
            self.durable.close().await;
            self.pool.close().await;
            Ok(())
        };
        self.within(CALL_SECONDS_MAX, closing).await
    }

    async fn within<T>(
        &self,
        seconds_max: u64,
        call: impl Future<Output = Result<T, sqlx::Error>> + Send,
    ) -> Result<T, StoreError> {
        match timeout(Duration::from_secs(seconds_max), call).await {
            Ok(result) => result.map_err(|error| StoreError::of(&self.path, error)),
            Err(_) => Err(StoreError::TimedOut { path: self.path.clone() }),
        }
    }
}

/// Makes the file with our mode before SQLite would make it with the umask's, and narrows one that was wider. SQLite gives its
/// log files the mode of the database.
fn make_private(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(FILE_MODE).open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(FILE_MODE))?;
    }
    for suffix in ["-wal", "-shm"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        match fs::set_permissions(&beside, fs::Permissions::from_mode(FILE_MODE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[async_trait]
impl SessionStore for SqliteSessions {
    async fn insert(&self, session: &Session) -> Result<(), StoreError> {
        let columns = Columns::of(session)?;
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

#[cfg(test)]
#[path = "sqlite_tests.rs"]
mod tests;
