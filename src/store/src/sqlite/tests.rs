//! The conformance suites, and what is said of files that cannot be used.

use model::{Clock as _, ManualClock};
use tempfile::TempDir;

use super::{sessions::PURGE_BATCH, *};
use crate::{
    LeaseStore as _, Session, SessionStore as _,
    conformance::{self, BEGIN, LIFE, minting, session},
};

fn directory() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sessions.db");
    (directory, path)
}

fn mode(path: &Path, suffix: &str) -> u32 {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let (_directory, path) = directory();
    let store = SqliteStore::open(&path).await.unwrap();
    conformance::sessions(&store).await;
    conformance::leases(&store).await;
}

#[tokio::test]
async fn what_a_minting_made_outlives_a_restart() {
    let (_directory, path) = directory();
    let store = SqliteStore::open(&path).await.unwrap();
    store.open(&minting("a")).await.unwrap();
    store.made(&minting("a").id, &"token/1".parse().unwrap()).await.unwrap();
    store.close().await.unwrap();
    let again = SqliteStore::open(&path).await.unwrap().mintings().await.unwrap();
    assert_eq!(again, [model::Minting { made: vec!["token/1".parse().unwrap()], ..minting("a") }]);
}

#[tokio::test]
async fn what_a_minting_made_is_written_by_the_connection_that_waits_for_the_disk() {
    let (_directory, path) = directory();
    let store = SqliteStore::open(&path).await.unwrap();
    store.open(&minting("a")).await.unwrap();
    let waits: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&store.durable).await.unwrap();
    assert_eq!(waits, 2, "FULL");
    store.durable.close().await;
    let refused = store.made(&minting("a").id, &"token/1".parse().unwrap()).await;
    assert!(refused.is_err(), "there is no other way for it");
    store.ended(&minting("a").id).await.unwrap();
}

#[tokio::test]
async fn sessions_and_revocations_outlive_a_restart() {
    let (_directory, path) = directory();
    let store = SqliteStore::open(&path).await.unwrap();
    for name in ["a", "b"] {
        store.insert(&session(name)).await.unwrap();
    }
    assert!(store.revoke(&session("a").id, BEGIN).await.unwrap());
    store.close().await.unwrap();
    let again = SqliteStore::open(&path).await.unwrap();
    assert_eq!(again.live(BEGIN).await.unwrap(), [session("b")]);
    assert!(!again.revoke(&session("a").id, BEGIN).await.unwrap());
}

#[tokio::test]
async fn a_purge_goes_on_past_one_batch() {
    let (_directory, path) = directory();
    let store = SqliteStore::open(&path).await.unwrap();
    let clock = ManualClock::at(BEGIN);
    for i in 0..PURGE_BATCH + 10 {
        store.insert(&session(&i.to_string())).await.unwrap();
    }
    clock.advance(LIFE * 2);
    assert_eq!(store.purge(clock.now()).await.unwrap(), u64::from(PURGE_BATCH + 10));
}

#[tokio::test]
async fn writers_at_once_all_succeed() {
    let (_directory, path) = directory();
    let store = SqliteStore::open(&path).await.unwrap();
    let all: Vec<_> = (0..50).map(|i| session(&format!("{i:02}"))).collect();
    let (left, right) = all.split_at(25);
    let write = async |sessions: &[Session]| {
        for session in sessions {
            store.insert(session).await.unwrap();
            assert!(store.revoke(&session.id, BEGIN).await.unwrap());
        }
    };
    tokio::join!(write(left), write(right));
    assert_eq!(store.live(BEGIN).await.unwrap(), []);
    assert_eq!(store.purge(BEGIN.plus(LIFE * 2)).await.unwrap(), 50);
}

#[tokio::test]
async fn only_the_owner_reads_the_files() {
    let (_directory, path) = directory();
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    store.insert(&session("a")).await.unwrap();
    assert_eq!([mode(&path, ""), mode(&path, "-wal"), mode(&path, "-shm")], [0o600; 3]);
}

#[tokio::test]
async fn a_missing_directory_is_named() {
    let (directory, _path) = directory();
    let path = directory.path().join("none/sessions.db");
    let error = SqliteStore::open(&path).await.unwrap_err().to_string();
    let advice = "make its directory, and make both writable for the user that runs claviger";
    assert_eq!(error, format!("{} cannot be opened: No such file or directory (os error 2); {advice}", path.display()));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let (_directory, path) = directory();
    let text = "this is a letter to my landlord, and no database at all\n".repeat(100);
    fs::write(&path, &text).unwrap();
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let (_directory, path) = directory();
    let store = SqliteStore::open(&path).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (7, 'x', 1, x'00', 0)",
    )
    .execute(&store.pool)
    .await
    .unwrap();
    store.close().await.unwrap();
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::NewerSchema { version: 7, .. }), "{error}");
}

#[tokio::test]
async fn a_full_disk_is_said_to_be_full() {
    let (_directory, path) = directory();
    let options = SqliteConnectOptions::new().pragma("max_page_count", "20");
    let store = SqliteStore::open_with(&path, options).await.unwrap();
    let mut kept = 0;
    let error = loop {
        match store.insert(&session(&format!("{kept:04}"))).await {
            Ok(()) if kept < 10_000 => kept += 1,
            Ok(()) => panic!("the limit does not hold"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert_eq!(store.live(BEGIN).await.unwrap().len(), kept);
}

#[tokio::test]
async fn a_database_that_cannot_be_written_says_so() {
    let (_directory, path) = directory();
    SqliteStore::open(&path).await.unwrap().close().await.unwrap();
    let options = SqliteConnectOptions::new().pragma("query_only", "1");
    let store = SqliteStore::open_with(&path, options).await.unwrap();
    let error = store.insert(&session("a")).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
}

#[tokio::test]
async fn a_locked_database_is_given_up_in_time() {
    let (_directory, path) = directory();
    let store = SqliteStore::open(&path).await.unwrap();
    let other = SqliteStore::open(&path).await.unwrap();
    let transaction = other.pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let error = store.insert(&session("a")).await.unwrap_err();
    assert!(matches!(error, StoreError::TimedOut { .. }), "{error}");
    drop(transaction);
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_damage() {
    let (_directory, path) = directory();
    let store = SqliteStore::open(&path).await.unwrap();
    store.insert(&session("a")).await.unwrap();
    sqlx::query("UPDATE session SET scopes = 'everything'").execute(&store.pool).await.unwrap();
    let error = store.live(BEGIN).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    store.open(&minting("a")).await.unwrap();
    sqlx::query("UPDATE minting SET made = 'token/1'").execute(&store.pool).await.unwrap();
    let error = store.mintings().await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}
