//! What a vault does while nobody attacks it.

use std::{fs, os::unix::fs::PermissionsExt, sync::Barrier, thread};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use model::{Binding, Injection};
use proptest::{prelude::*, test_runner::Config};
use secret::Parameters;
use vault::{CreateVaultError, KeySource, OpenSecretError, Problem, StoreError, Vault};

use crate::support::{NOW, Scene, binding, canary, header, key_file, random, secret, secret_bytes};

/// Cheap, because nothing is protected.
fn passphrase(text: &str) -> KeySource {
    KeySource::Passphrase { passphrase: secret(text), parameters: Parameters::new(64, 1, 1).unwrap() }
}

#[test]
fn a_stored_secret_opens_again_after_a_restart() {
    let (scene, canaries) = Scene::filled();
    for vault in [scene.open().unwrap(), scene.open().unwrap()] {
        let opened = vault.open_secret(&binding("a")).unwrap();
        assert_eq!((opened.secret.expose(), opened.generation.as_u64()), (canaries[0].as_str(), 1));
        let key = vault.open_key(&"token-signing".parse().unwrap()).unwrap();
        assert_eq!(key.expose(), canaries[5].as_bytes());
    }
}

#[test]
fn a_key_and_a_credential_of_one_name_are_two_things() {
    let (scene, canaries) = Scene::filled();
    assert_eq!(scene.vault.open_secret(&binding("a")).unwrap().secret.expose(), canaries[0]);
    assert_eq!(scene.vault.open_key(&"a".parse().unwrap()).unwrap().expose(), canaries[4].as_bytes());
    scene.vault.remove_key(&"a".parse().unwrap()).unwrap();
    assert!(scene.vault.open_secret(&binding("a")).is_ok());
}

#[test]
fn any_part_of_the_binding_that_changes_makes_the_secret_undecryptable() {
    let (scene, canaries) = Scene::filled();
    let stored = binding("a");
    let pointed = |url: &str| Binding { destination: url.parse().unwrap(), ..stored.clone() };
    let placed = |injection| Binding { injection, ..stored.clone() };
    for changed in [
        Binding { upstream: "other".parse().unwrap(), ..stored.clone() },
        pointed("https://evil.example.com/v1"),
        pointed("https://api.example.com:8443/v1"),
        pointed("http://api.example.com/v1"),
        pointed("https://api.example.com/v2"),
        pointed("https://api.example.com"),
        pointed("https://api.example.com/v1/users"),
        placed(header("")),
        placed(Injection::Header { name: "x-api-key".parse().unwrap(), prefix: "Bearer ".to_owned() }),
        placed(Injection::Basic { username: "authorization".to_owned() }),
        placed(Injection::Query { parameter: "authorization".to_owned() }),
        placed(Injection::Body { pointer: "/authorization".to_owned() }),
    ] {
        let refused = scene.vault.open_secret(&changed).unwrap_err();
        assert!(matches!(refused, OpenSecretError::BoundElsewhere { .. }), "{changed:?}");
    }
    assert_eq!(scene.vault.open_secret(&stored).unwrap().secret.expose(), canaries[0]);
    assert_eq!(
        scene.vault.open_secret(&pointed("https://evil.example.com/v1")).unwrap_err().to_string(),
        "the credential a was stored for another destination or slot (for https://api.example.com/v1, upstream api) and \
         cannot be used for this one; enter its value again with `claviger secret set a --upstream api`"
    );
    assert_eq!(
        scene.vault.open_secret(&binding("e")).unwrap_err().to_string(),
        "nothing is stored for the credential e; enter it with `claviger secret set e --upstream api`"
    );
}

#[test]
fn a_second_value_replaces_the_first_and_a_removed_name_goes_on_counting() {
    let scene = Scene::new();
    let (name, again) = (binding("a"), canary());
    assert_eq!(scene.vault.put(&name, secret(&canary()), NOW).unwrap().as_u64(), 1);
    let moved = Binding { destination: "https://b.example".parse().unwrap(), ..name.clone() };
    assert_eq!(scene.vault.put(&moved, secret(&again), NOW).unwrap().as_u64(), 2);
    assert!(matches!(scene.vault.open_secret(&name), Err(OpenSecretError::BoundElsewhere { .. })));
    assert_eq!(scene.vault.open_secret(&moved).unwrap().secret.expose(), again);

    scene.vault.remove(&name.credential).unwrap();
    assert!(matches!(scene.vault.open_secret(&moved), Err(OpenSecretError::Missing { .. })));
    assert!(matches!(scene.vault.remove(&name.credential), Err(StoreError::Missing { .. })));
    assert_eq!(scene.open().unwrap().put(&name, secret(&canary()), NOW).unwrap().as_u64(), 3);
}

#[test]
fn a_list_tells_everything_but_the_value() {
    let (scene, canaries) = Scene::filled();
    let listed = scene.vault.list();
    assert_eq!(listed.len(), 4);
    assert_eq!((&listed[0].binding, listed[0].generation.as_u64(), listed[0].stored), (&binding("a"), 1, NOW));
    let keys: Vec<String> = scene.vault.list_keys().iter().map(|key| key.name.to_string()).collect();
    assert_eq!(keys, ["a", "token-signing"]);

    let opened = scene.vault.open_secret(&binding("a")).unwrap();
    let bound_elsewhere = scene.vault.open_secret(&binding("b")).unwrap_err();
    let shown = format!(
        "{listed:?} {:?} {opened:?} {:?} {bound_elsewhere:?} {bound_elsewhere} {:?}",
        scene.vault.list_keys(),
        scene.vault,
        scene.source,
    );
    assert!(shown.contains("token-signing") && shown.contains("api.example.com"));
    assert_eq!(canaries.iter().filter(|canary| shown.contains(canary.as_str())).count(), 0);
    // The control: what does hold a canary is found by the same search.
    assert!(opened.secret.expose().contains(canaries[0].as_str()));
}

#[test]
fn the_files_are_their_owners_alone_and_hold_no_value_in_any_spelling() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("made/by/us");
    let (vault, canary) = (Vault::create(&directory, &passphrase("correct horse battery")).unwrap(), canary());
    vault.put(&binding("a"), secret(&canary), NOW).unwrap();
    assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
    let mut files = 0;
    for file in fs::read_dir(&directory).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        let content = fs::read_to_string(&path).unwrap();
        let hexadecimal: String = canary.bytes().map(|b| format!("{b:02x}")).collect();
        for spelling in [&canary, &BASE64.encode(&canary), &hexadecimal, "correct horse"] {
            assert!(!content.contains(spelling));
        }
        files += 1;
    }
    assert_eq!(files, 2);
}

#[test]
fn a_wrong_passphrase_is_called_wrong() {
    let directory = tempfile::tempdir().unwrap();
    drop(Vault::create(directory.path(), &passphrase("correct horse battery")).unwrap());
    let refused = Vault::open(directory.path(), &passphrase("correct horse batterz")).unwrap_err();
    assert_eq!(refused.problem.to_string(), "the passphrase is wrong; give the one that it was last sealed with");
    // The cost stands in the file: what the caller would choose for a new vault is not asked.
    Vault::open(directory.path(), &KeySource::passphrase(secret("correct horse battery"))).unwrap();
}

#[test]
fn what_should_not_be_created_or_stored_is_refused() {
    let (scene, directory) = (Scene::new(), tempfile::tempdir().unwrap());
    let create = |source: &KeySource| Vault::create(directory.path(), source).unwrap_err();
    assert!(matches!(create(&passphrase("short")), CreateVaultError::ShortPassphrase));
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o770)).unwrap();
    assert!(matches!(create(&scene.source), CreateVaultError::DirectoryOpenToOthers { .. }));
    let again = Vault::create(scene.directory.path(), &scene.source).unwrap_err();
    assert!(matches!(again, CreateVaultError::Exists { .. }));

    let put = |binding: &Binding, text: &str| scene.vault.put(binding, secret(text), NOW).unwrap_err();
    let framing = Injection::Header { name: "host".parse().unwrap(), prefix: String::new() };
    assert!(matches!(put(&binding("a"), ""), StoreError::Empty));
    assert!(matches!(put(&binding("a"), &"x".repeat(70_000)), StoreError::Seal(_)));
    assert!(matches!(put(&Binding { injection: framing, ..binding("a") }, "x"), StoreError::Slot(_)));
    assert!(matches!(scene.vault.rewrap(&passphrase("short")), Err(StoreError::ShortPassphrase)));
    assert_eq!((scene.vault.list().len(), scene.vault.revision()), (0, 1));
}

#[test]
fn a_failed_write_changes_nothing_and_reading_needs_no_disk() {
    let (scene, canaries) = Scene::filled();
    let kept = scene.text();
    fs::remove_file(scene.file()).unwrap();
    assert!(matches!(scene.vault.put(&binding("a"), secret(&canary()), NOW), Err(StoreError::Open(_))));
    assert_eq!(scene.vault.open_secret(&binding("a")).unwrap().secret.expose(), canaries[0]);

    fs::write(scene.file(), kept).unwrap();
    // Something that cannot be cleared stands where the new file is to be written.
    fs::create_dir(scene.directory.path().join("vault.new")).unwrap();
    assert!(matches!(scene.vault.put(&binding("a"), secret(&canary()), NOW), Err(StoreError::Unwritable { .. })));
    assert_eq!(scene.open().unwrap().open_secret(&binding("a")).unwrap().secret.expose(), canaries[0]);
    assert_eq!(scene.vault.revision(), scene.open().unwrap().revision());
}

#[test]
fn two_processes_do_not_undo_each_other() {
    let scene = Scene::new();
    let (serving, entering) = (scene.open().unwrap(), scene.open().unwrap());
    let (one, two) = (canary(), canary());
    entering.put(&binding("a"), secret(&one), NOW).unwrap();
    serving.put(&binding("b"), secret(&two), NOW).unwrap();
    assert_eq!(serving.open_secret(&binding("a")).unwrap().secret.expose(), one);
    assert!(entering.open_secret(&binding("b")).is_err());
    entering.reload().unwrap();
    assert_eq!(entering.open_secret(&binding("b")).unwrap().secret.expose(), two);
}

#[test]
fn an_older_copy_that_is_put_back_is_noticed_while_the_process_runs() {
    let (scene, _) = Scene::filled();
    let old = scene.text();
    scene.vault.put(&binding("a"), secret(&canary()), NOW).unwrap();
    fs::write(scene.file(), old).unwrap();
    let refused = scene.vault.reload().unwrap_err();
    assert!(matches!(refused.problem, Problem::RolledBack { known: 8, found: 7 }), "{refused}");
    assert!(matches!(scene.vault.remove(&"a".parse().unwrap()), Err(StoreError::Open(_))));
    // Nothing but the revision tells it from the newer one after a restart.
    assert_eq!(scene.open().unwrap().revision(), 7);
}

#[test]
fn a_vault_sealed_below_another_key_opens_with_that_alone() {
    let (scene, canaries) = Scene::filled();
    let (revision, new) = (scene.vault.revision(), passphrase("correct horse battery"));
    let running = scene.open().unwrap();
    scene.vault.rewrap(&new).unwrap();
    assert!(matches!(scene.open().unwrap_err().problem, Problem::OtherKind { .. }));
    let opened = Vault::open(scene.directory.path(), &new).unwrap();
    assert_eq!(opened.open_secret(&binding("a")).unwrap().secret.expose(), canaries[0]);
    assert_eq!((opened.list(), opened.revision()), (running.list(), revision + 1));
    // The one that rewrapped goes on writing below the new key; one that does not know of it is told.
    scene.vault.put(&binding("a"), secret(&canary()), NOW).unwrap();
    assert!(matches!(running.reload().unwrap_err().problem, Problem::WrongKey { .. }));
    assert_eq!(running.open_secret(&binding("a")).unwrap().secret.expose(), canaries[0]);
    // And once more, from one key file to the next.
    let (one, two) = (key_file(&random()), key_file(&random()));
    scene.vault.rewrap(&one).unwrap();
    scene.vault.rewrap(&two).unwrap();
    assert!(matches!(Vault::open(scene.directory.path(), &one).unwrap_err().problem, Problem::WrongKey { .. }));
    Vault::open(scene.directory.path(), &two).unwrap();
}

#[test]
fn readers_always_see_one_whole_value_while_writers_write() {
    const WRITES: u64 = 30;
    let scene = Scene::new();
    let value = |generation: u64| format!("value-{generation}");
    scene.vault.put(&binding("a"), secret(&value(1)), NOW).unwrap();
    scene.vault.store_key(&"k".parse().unwrap(), secret_bytes("key"), NOW).unwrap();
    let begin = Barrier::new(3);
    thread::scope(|threads| {
        threads.spawn(|| {
            begin.wait();
            for generation in 2..=WRITES {
                scene.vault.put(&binding("a"), secret(&value(generation)), NOW).unwrap();
            }
        });
        for _ in 0..2 {
            threads.spawn(|| {
                begin.wait();
                let mut last = 0;
                while last < WRITES {
                    let opened = scene.vault.open_secret(&binding("a")).unwrap();
                    let generation = opened.generation.as_u64();
                    assert_eq!(opened.secret.expose(), value(generation));
                    assert!(generation >= last);
                    last = generation;
                }
            });
        }
    });
}

proptest! {
    #![proptest_config(Config { cases: 32, failure_persistence: None, ..Config::default() })]
    #[test]
    fn a_binding_of_any_spelling_comes_back_from_the_file(
        host in prop_oneof![
            Just("api.example.com".to_owned()), Just("[2001:db8::1]:8443".to_owned()), Just("b\u{fc}cher.example".to_owned()),
            "[a-z]{1,8}(:[1-9][0-9]{1,3})?",
        ],
        path in "(/[A-Za-z0-9 \"$&+,:;=@<>^`{|}~_-]{1,5}){0,3}/?",
        text in "[ -9;-~]{0,20}",
        value in "\\PC{1,40}",
    ) {
        let destination = format!("https://{host}{path}").parse().unwrap();
        let scene = Scene::new();
        for injection in [header(&text), Injection::Basic { username: text.clone() }] {
            let binding = Binding { destination: Clone::clone(&destination), injection, ..binding("a") };
            scene.vault.put(&binding, secret(&value), NOW).unwrap();
            let opened = scene.open().unwrap().open_secret(&binding).unwrap();
            prop_assert_eq!(opened.secret.expose(), &value);
        }
    }
}
