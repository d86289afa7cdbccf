//! A process that is killed while it writes loses no session and nothing minted that it was told is kept.

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _, stdout},
    path::PathBuf,
    process::{Command, Stdio},
};

use store::{
    LeaseStore as _, SessionStore as _, SqliteStore,
    conformance::{BEGIN, minting, session},
};

/// Where the child writes; set for the child only.
const PATH_VARIABLE: &str = "STORE_KILLED_TEST_PATH";
/// How many answers are awaited before the kill.
const ANSWERS: usize = 200;

#[tokio::test]
async fn a_killed_process_loses_nothing_that_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sessions.db");
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "child_writes_until_it_is_killed"])
        .env(PATH_VARIABLE, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let answers = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let kept: Vec<_> = answers.filter_map(|line| line.strip_prefix("kept ").map(str::to_owned)).take(ANSWERS).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(kept.len(), ANSWERS, "the child must have been killed while it wrote");

    let store = SqliteStore::open(&path).await.unwrap();
    let (live, mintings) = (store.live(BEGIN).await.unwrap(), store.mintings().await.unwrap());
    for name in kept {
        // One in ten was revoked before it was acknowledged.
        let revoked = name.ends_with('3');
        assert_eq!(live.contains(&session(&name)), !revoked, "{name}");
        // One in fifty minted, for that one waits for the disk.
        let minted = mintings.iter().find(|known| known.id == minting(&name).id);
        assert_eq!(
            minted.is_some_and(|minted| minted.made.len() == 1),
            name.ends_with("50") || name.ends_with("00"),
            "{name}"
        );
    }
}

#[tokio::test]
#[ignore = "the child of the test above"]
async fn child_writes_until_it_is_killed() {
    #[expect(clippy::disallowed_methods, reason = "how the parent tells its child where to write")]
    let path: PathBuf = env::var(PATH_VARIABLE).unwrap().into();
    let store = SqliteStore::open(&path).await.unwrap();
    for i in 0..1_000_000 {
        let session = session(&i.to_string());
        store.insert(&session).await.unwrap();
        if i % 10 == 3 {
            store.revoke(&session.id, BEGIN).await.unwrap();
        }
        if i % 50 == 0 && i > 0 {
            store.open(&minting(&i.to_string())).await.unwrap();
            store.made(&minting(&i.to_string()).id, &"token/1".parse().unwrap()).await.unwrap();
        }
        // Written past libtest, whose own lines may stand beside it.
        writeln!(stdout(), "\nkept {i}").unwrap();
    }
}
