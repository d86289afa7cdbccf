//! An embedded SQLite file: opening it, and the pools of its connections.

mod leases;
mod sessions;

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    ConnectOptions as _, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::time::timeout;

use crate::StoreError;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// SQLite writes one at a time; a few more connections let reads pass by.
const CONNECTIONS_MAX: u32 = 4;
/// How long a writer waits for another one: far above any write of ours.
const BUSY_SECONDS: u64 = 2;
/// How long a call may take before it is given up; longer than the wait for a connection and then for a writer.
const CALL_SECONDS_MAX: u64 = 5;
/// How long start-up may take: the schema, and reading a quarter of an hour of sessions.
const START_SECONDS_MAX: u64 = 30;
/// Only the user that runs the program reads who called what.
const FILE_MODE: u32 = 0o600;

/// Sessions and mintings in one file. A write survives `kill -9`. Two kinds of write survive the loss of power too: the revocation of
/// a session, which must not come back to life, and what a minting made, which must not be forgotten.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    pool: SqlitePool,
    /// One connection that waits for the disk: when it has written, all that was written before is on the disk as well, since
    /// both pools write one log.
    durable: SqlitePool,
}

impl SqliteStore {
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

#[cfg(test)]
mod tests;
