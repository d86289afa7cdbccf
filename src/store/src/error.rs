//! What can go wrong with the store, and what the operator does about it.

use std::{
    io,
    path::{Path, PathBuf},
};

use sqlx::{error::ErrorKind, migrate::MigrateError};

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The id is known already: of a session, of its token, or of a minting.
    #[error("this id is stored already")]
    Taken,
    /// No minting has this id.
    #[error("no minting with this id is stored")]
    Unknown,
    /// A time that SQLite's integers cannot hold.
    #[error("a time is too far in the future to be stored")]
    TimeOutOfRange,
    /// The file or its directory cannot be opened or made.
    #[error(
        "{path} cannot be opened: {source}; make its directory, and make both writable for the user that runs claviger"
    )]
    CannotOpen {
        /// The database.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The database can be read and not written.
    #[error(
        "{path} cannot be written; make the file and its directory writable for the user that runs claviger, and check that the file system is not mounted read-only"
    )]
    ReadOnly {
        /// The database.
        path: PathBuf,
    },
    /// There is no room.
    #[error("{path} cannot grow, because the disk or the quota is full; make room and try again")]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// Another program holds the database, or the disk hangs.
    #[error("{path} did not answer in time; check that no other program holds it and that the disk works")]
    TimedOut {
        /// The database.
        path: PathBuf,
    },
    /// The file is something else, or is damaged.
    #[error(
        "{path} is damaged or is no database of claviger; move it away and start again: sessions end, agents exchange their tokens anew, and credentials that were minted end by themselves"
    )]
    Damaged {
        /// The database.
        path: PathBuf,
    },
    /// A later version of Claviger wrote the file.
    #[error(
        "{path} was written by a newer claviger (schema {version}); run that one, or point this one at another file"
    )]
    NewerSchema {
        /// The database.
        path: PathBuf,
        /// The schema's version that is not known here.
        version: i64,
    },
    /// Something that has no advice of its own.
    #[error("{path} failed: {source}")]
    Failed {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
}

// The primary result codes of SQLite, the low byte of its extended ones (sqlite.org/rescode.html).
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READ_ONLY: i32 = 8;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;
const NOT_A_DATABASE: i32 = 26;

impl StoreError {
    /// What an error of the driver means for the database at `path`.
    pub(crate) fn of(path: &Path, error: sqlx::Error) -> Self {
        let path = path.to_owned();
        match &error {
            sqlx::Error::PoolTimedOut => return Self::TimedOut { path },
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
                return Self::Damaged { path };
            }
            _ => {}
        }
        let Some(database) = error.as_database_error() else { return Self::Failed { path, source: error } };
        if matches!(database.kind(), ErrorKind::UniqueViolation) {
            return Self::Taken;
        }
        let extended = database.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or_default();
        match extended & 0xff {
            BUSY | LOCKED => Self::TimedOut { path },
            READ_ONLY => Self::ReadOnly { path },
            CORRUPT | NOT_A_DATABASE => Self::Damaged { path },
            FULL => Self::Full { path },
            CANNOT_OPEN => Self::CannotOpen { path, source: io::Error::other("SQLite cannot open it") },
            _ => Self::Failed { path, source: error },
        }
    }

    /// What an error of the migrations means.
    pub(crate) fn of_migration(path: &Path, error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::NewerSchema { path: path.to_owned(), version },
            MigrateError::VersionMismatch(_) | MigrateError::Dirty(_) => Self::Damaged { path: path.to_owned() },
            MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => Self::of(path, source),
            other => Self::of(path, sqlx::Error::Migrate(Box::new(other))),
        }
    }
}
