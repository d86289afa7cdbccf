//! A writer that is killed: what it said was stored is there, and the file opens.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use vault::{KeySource, Vault};

use crate::support::{NOW, binding, key_file, random, secret};

/// How many writers are killed. Each is cut off at another point of a write, of a key rotation, or between two.
const KILLS: usize = 60;
/// What a writer stores before it ends by itself, should nobody kill it.
const WRITES_MAX: u64 = 10_000;
/// The files that the writer finds in its working directory.
const KEYS: [&str; 2] = ["key-one", "key-two"];

#[test]
fn a_killed_writer_leaves_a_vault_that_opens_with_everything_that_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    for name in KEYS {
        fs::write(directory.path().join(name), random()).unwrap();
    }
    let vault = Vault::create(directory.path(), &source(directory.path(), KEYS[0])).unwrap();
    let mut generation = vault.put(&binding("a"), secret("value-1"), NOW).unwrap().as_u64();
    for kill in 0..KILLS {
        let acknowledged = run_and_kill(directory.path(), 1 + kill % 7, kill * 20_000);
        // A rotation is done or not begun: one of the two keys opens everything.
        let vault = open(directory.path());
        let opened = vault.open_secret(&binding("a")).unwrap();
        let found = opened.generation.as_u64();
        assert_eq!(opened.secret.expose(), format!("value-{found}"));
        assert!(found >= acknowledged && acknowledged > generation, "{generation} {acknowledged} {found}");
        generation = found;
    }
}

/// Starts a writer, waits for some of its acknowledgments, and kills it a while later; answers the last one that it gave.
fn run_and_kill(directory: &Path, acknowledgments: usize, turns: usize) -> u64 {
    let mut writer = Command::new(env::current_exe().unwrap())
        .args(["kill::the_writer_that_is_killed", "--exact", "--ignored", "--nocapture"])
        .current_dir(directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut stored = lines.by_ref().filter_map(|line| line.strip_prefix("stored ")?.parse::<u64>().ok());
    let mut last = stored.by_ref().take(acknowledgments).last().unwrap();
    for turn in 0..turns {
        std::hint::black_box(turn);
    }
    writer.kill().unwrap();
    writer.wait().unwrap();
    // What it still said before it died is acknowledged as well.
    last = stored.last().unwrap_or(last);
    last
}

/// Not a test of its own: the other process of the test above.
#[test]
#[ignore = "started and killed by the test above"]
fn the_writer_that_is_killed() {
    let here = Path::new(".");
    if !Vault::exists(here) {
        return;
    }
    let vault = open(here);
    for turn in 0..WRITES_MAX {
        let next = vault.open_secret(&binding("a")).unwrap().generation.as_u64() + 1;
        let stored = vault.put(&binding("a"), secret(&format!("value-{next}")), NOW).unwrap();
        println!("\nstored {stored}");
        if turn % 2 == 1 {
            let [one, two] = KEYS.map(|name| source(here, name));
            let other = if Vault::open(here, &one).is_ok() { two } else { one };
            vault.rewrap(&other).unwrap();
        }
    }
}

fn source(directory: &Path, name: &str) -> KeySource {
    key_file(&fs::read(directory.join(name)).unwrap())
}

fn open(directory: &Path) -> Vault {
    let opened = KEYS.map(|name| Vault::open(directory, &source(directory, name)));
    let ([Ok(vault), Err(_)] | [Err(_), Ok(vault)]) = opened else { panic!("one key opens the vault: {opened:?}") };
    vault
}
