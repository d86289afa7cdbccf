//! What a thief, a careless restore or a bad disk can do to the file: each is found, and named.

use std::fs;

use vault::{KeyKind, KeySource, Problem};

use crate::support::{
    NOW, Scene, binding, body, canary, forge, forge_bytes, key_file, random, sealed, secret, secret_bytes,
};

#[test]
fn an_unchanged_file_opens_even_when_it_is_put_together_by_hand() {
    let (scene, _) = Scene::filled();
    let text = scene.text();
    assert!(scene.problem_of(forge(&text, &body(&text))).is_none());
}

/// A credential and a key: each kind of line once.
fn small() -> Scene {
    let scene = Scene::new();
    scene.vault.put(&binding("a"), secret(&canary()), NOW).unwrap();
    scene.vault.store_key(&"k".parse().unwrap(), secret_bytes(&canary()), NOW).unwrap();
    scene
}

#[test]
fn a_changed_byte_is_found_wherever_it_is() {
    let scene = small();
    let bytes = fs::read(scene.file()).unwrap();
    let changed = changes(&bytes).filter(|changed| scene.problem_of(changed).is_some());
    assert_eq!(changed.count(), bytes.len() * 2);
    assert!(scene.problem_of(&bytes).is_none());
}

#[test]
fn a_changed_byte_is_found_though_the_digest_is_made_to_fit() {
    let scene = small();
    let text = scene.text();
    let body: String = body(&text).iter().map(|line| format!("{line}\n")).collect();
    let forged = changes(body.as_bytes()).map(|changed| forge_bytes(&text, &changed, 2));
    assert_eq!(forged.filter(|forged| scene.problem_of(forged).is_some()).count(), body.len() * 2);
    assert!(scene.problem_of(forge_bytes(&text, body.as_bytes(), 2)).is_none());
}

/// Every byte changed in one bit, another one for each of eight neighbors, and changed wholly.
fn changes(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len()).flat_map(|at| [1 << (at % 8), 0xff].map(|mask: u8| (at, mask))).map(|(at, mask)| {
        let mut changed = bytes.to_vec();
        changed[at] ^= mask;
        changed
    })
}

#[test]
fn a_file_cut_at_any_length_is_called_cut() {
    let (scene, _) = Scene::filled();
    let bytes = fs::read(scene.file()).unwrap();
    let cut = (0..bytes.len()).filter(|length| matches!(scene.problem_of(&bytes[..*length]), Some(Problem::Truncated)));
    assert_eq!(cut.count(), bytes.len());
    let problem = scene.problem_of(&bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(problem.to_string(), "its end is missing or not its own; restore it from a backup");
}

#[test]
fn every_pair_of_values_that_is_swapped_is_found_and_named() {
    let (scene, _) = Scene::filled();
    let text = scene.text();
    let lines = body(&text);
    let mut pairs = 0;
    for one in 1..lines.len() {
        for two in one + 1..lines.len() {
            let mut swapped = lines.clone();
            swapped[one] = lines[one].replace(sealed(&lines[one]), sealed(&lines[two]));
            swapped[two] = lines[two].replace(sealed(&lines[two]), sealed(&lines[one]));
            let problem = scene.problem_of(forge(&text, &swapped)).unwrap();
            assert!(matches!(problem, Problem::Altered { .. }), "{one} {two} {problem}");
            pairs += 1;
        }
    }
    assert_eq!(pairs, 15);
}

#[test]
fn a_record_under_another_name_is_refused_and_says_which() {
    let (scene, _) = Scene::filled();
    let text = scene.text();
    let mut lines = body(&text);
    lines[2] = lines[1].replace("\"name\":\"a\"", "\"name\":\"b\"");
    let problem = scene.problem_of(forge(&text, &lines)).unwrap();
    assert_eq!(
        problem.to_string(),
        "the record of the credential b was changed, or moved here from another name or vault, by someone without the key; \
         restore the file from a backup, and find out who can write it"
    );
}

#[test]
fn a_record_that_is_pointed_elsewhere_in_the_file_does_not_open() {
    let (scene, _) = Scene::filled();
    let text = scene.text();
    for (from, to) in [
        ("https://api.example.com/v1", "https://evil.example.com/v1"),
        ("https://api.example.com/v1", "https://api.example.com"),
        ("\"upstream\":\"api\"", "\"upstream\":\"other\""),
        ("Bearer ", "Token "),
        ("\"agent\"", "\"root\""),
        ("api_key", "q"),
        ("/auth/token", "/message"),
        ("\"generation\":1", "\"generation\":2"),
        ("\"stored_milliseconds\":1800000000000", "\"stored_milliseconds\":1900000000000"),
    ] {
        let lines: Vec<String> = body(&text).iter().map(|line| line.replace(from, to)).collect();
        assert_ne!(lines, body(&text), "{from}");
        assert!(matches!(scene.problem_of(forge(&text, &lines)), Some(Problem::Altered { .. })), "{from} -> {to}");
    }
}

#[test]
fn a_record_that_is_taken_out_or_put_back_is_missed() {
    let (scene, _) = Scene::filled();
    let old = scene.text();
    scene.vault.put(&binding("a"), secret(&canary()), NOW).unwrap();
    let new = scene.text();
    let mut put_back = body(&new);
    put_back[1].clone_from(&body(&old)[1]);
    let mut taken_out = body(&new);
    taken_out.remove(1);
    let mut turned = body(&new);
    turned.swap(1, 2);
    let mut reset = body(&new);
    reset[0] = reset[0].replace("\"revision\":8", "\"revision\":9");
    for lines in [put_back, taken_out, turned, reset] {
        assert_ne!(lines, body(&new));
        assert!(matches!(scene.problem_of(forge(&new, &lines)), Some(Problem::Mixed)));
    }
    assert!(scene.problem_of(new).is_none());
}

#[test]
fn a_record_of_another_vault_below_the_same_key_is_refused() {
    let bytes = random();
    let scene = |_| {
        let directory = tempfile::tempdir().unwrap();
        let vault = vault::Vault::create(directory.path(), &key_file(&bytes)).unwrap();
        vault.put(&binding("a"), secret(&canary()), NOW).unwrap();
        Scene { directory, source: key_file(&bytes), vault }
    };
    let [one, two] = [(); 2].map(scene);
    let text = one.text();
    let lines = [body(&text)[0].clone(), body(&two.text())[1].clone()];
    assert!(matches!(one.problem_of(forge(&text, &lines)), Some(Problem::Altered { .. })));
}

#[test]
fn what_is_no_vault_or_a_newer_one_says_so() {
    let (scene, _) = Scene::filled();
    let text = scene.text();
    let newer = text.replacen("\"version\":1,", "\"version\":2,", 1);
    let problem = scene.problem_of(newer).unwrap();
    assert_eq!(
        problem.to_string(),
        "it is of format version 2, and this program reads version 1; use the program that wrote it, or a newer one"
    );
    assert!(matches!(scene.problem_of("# a configuration file\n"), Some(Problem::NotAVault)));
    assert!(matches!(scene.problem_of(vec![b'x'; 17 * 1024 * 1024]), Some(Problem::TooLarge)));
    fs::remove_file(scene.file()).unwrap();
    assert!(matches!(scene.open().unwrap_err().problem, Problem::Missing));
}

#[test]
fn a_name_that_stands_twice_and_costs_beyond_reason_are_refused() {
    let (scene, _) = Scene::filled();
    let text = scene.text();
    let mut twice = body(&text);
    twice.push(twice[1].clone());
    assert!(matches!(scene.problem_of(forge(&text, &twice)), Some(Problem::Damaged)));

    let mut dear = body(&text);
    let salt = dear[0].split_once("\"salt\":").unwrap().1.split_once('}').unwrap().0.to_owned();
    let cost = |memory: u64| {
        format!("{{\"passphrase\":{{\"memory_kibibytes\":{memory},\"passes\":1,\"lanes\":1,\"salt\":{salt}}}}}")
    };
    dear[0] = dear[0].replace(&format!("{{\"key-file\":{{\"salt\":{salt}}}}}"), &cost(1 << 30));
    assert!(matches!(scene.problem_of(forge(&text, &dear)), Some(Problem::Damaged)));
    // The control: the same line with a cost within reason does read, and then asks for a passphrase.
    dear[0] = dear[0].replace(&cost(1 << 30), &cost(8));
    let problem = scene.problem_of(forge(&text, &dear));
    assert!(matches!(problem, Some(Problem::OtherKind { needed: KeyKind::Passphrase })), "{problem:?}");
}

#[test]
fn a_wrong_key_is_called_wrong_and_one_of_another_kind_other() {
    let (scene, _) = Scene::filled();
    let open = |source: &KeySource| vault::Vault::open(scene.directory.path(), source).unwrap_err();
    let wrong = open(&key_file(&random()));
    assert_eq!(
        wrong.to_string(),
        format!(
            "the vault {}: the key file is wrong; give the one that it was last sealed with",
            scene.file().display()
        )
    );
    let other = open(&KeySource::passphrase(secret(&canary())));
    assert_eq!(other.problem.to_string(), "it is sealed with a key file; give that");
}
