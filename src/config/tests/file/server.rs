//! What a person reads where the server, the vault, the policy files or the introspection clients are wrong.

use insta::assert_snapshot;

use crate::support::{BASE, canary, errors, load_text, server};

#[test]
fn a_public_url_that_others_can_listen_to() {
    let base = BASE.replace("http://127.0.0.1:8480", "http://claviger.example");
    assert_snapshot!(errors(&base), @r#"
    /etc/claviger.toml:3:14: session tokens would travel to this URL without TLS
      |
    3 | public_url = "http://claviger.example"
      |              ^^^^^^^^^^^^^^^^^^^^^^^^^
      = write https://claviger.example
    "#);
    let with_path = BASE.replace("http://127.0.0.1:8480", "https://claviger.example/broker");
    assert_snapshot!(errors(&with_path), @r#"
    /etc/claviger.toml:3:14: this URL has no path: write https://claviger.example
      |
    3 | public_url = "https://claviger.example/broker"
      |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn a_listener_that_others_reach_without_tls() {
    assert_snapshot!(errors(&server("listen = \"0.0.0.0:8480\"")), @r#"
    /etc/claviger.toml:3:10: 0.0.0.0:8480 can be reached from other machines, and has no TLS
      |
    3 | listen = "0.0.0.0:8480"
      |          ^^^^^^^^^^^^^^
      = add `tls = { certificate = …, key = … }`, or `terminator_in_front = true` where TLS ends in front of Claviger, or listen on 127.0.0.1
    "#);
    assert!(load_text(&server("listen = \"0.0.0.0:8480\"\nterminator_in_front = true")).is_ok());
    let admin = format!("{BASE}[admin]\nlisten = \"[::]:8481\"\n");
    assert!(errors(&admin).contains("[::]:8481 can be reached from other machines, and has no TLS"));
}

#[test]
fn certificates_that_are_not_there_and_keys_that_others_can_read() {
    let server = |lines: &str| server(lines).replace("http:", "https:");
    assert_snapshot!(errors(&server("tls = { certificate = \"tls/cert.pem\", key = \"open.key\" }")), @r#"
    /etc/claviger.toml:3:23: /etc/tls/cert.pem cannot be read: it does not exist
      |
    3 | tls = { certificate = "tls/cert.pem", key = "open.key" }
      |                       ^^^^^^^^^^^^^^
      = a relative path begins at the folder of the configuration file

    /etc/claviger.toml:3:45: others may read or change /etc/open.key
      |
    3 | tls = { certificate = "tls/cert.pem", key = "open.key" }
      |                                             ^^^^^^^^^^
      = chmod 600 /etc/open.key
    "#);
    let both = "tls = { certificate = \"a.cedar\", key = \"closed.key\" }\nterminator_in_front = true";
    assert_snapshot!(errors(&server(both)), @r"
    /etc/claviger.toml:4:23: TLS ends either here or in front of us
      |
    4 | terminator_in_front = true
      |                       ^^^^
      = remove this line, or `tls`
    ");
    let plain_url = "tls = { certificate = \"a.cedar\", key = \"closed.key\" }";
    assert!(load_text(&server(plain_url)).is_ok());
    assert_snapshot!(errors(&server(plain_url).replace("https:", "http:")), @r#"
    /etc/claviger.toml:2:14: the listener speaks TLS, and this URL does not
      |
    2 | public_url = "http://127.0.0.1:8480"
      |              ^^^^^^^^^^^^^^^^^^^^^^^
      = write https://127.0.0.1:8480
    "#);
}

#[test]
fn two_listeners_on_one_port() {
    assert_snapshot!(errors(&format!("{BASE}[admin]\nlisten = \"127.0.0.1:8480\"\n")), @r#"
    /etc/claviger.toml:7:10: the server listens on 127.0.0.1:8480 and the admin listener on 127.0.0.1:8480
      |
    7 | listen = "127.0.0.1:8480"
      |          ^^^^^^^^^^^^^^^^
      = give each `listen` a port of its own
    "#);
    assert!(load_text(&format!("{}[admin]\nlisten = \"127.0.0.1:0\"\n", server("listen = \"127.0.0.1:0\""))).is_ok());
}

#[test]
fn a_key_of_the_vault_that_is_not_there() {
    assert_snapshot!(errors(&format!("{BASE}[vault]\nkey = {{ key_file = \"vault.key\" }}\n")), @r#"
    /etc/claviger.toml:7:20: /etc/vault.key cannot be read: it does not exist
      |
    7 | key = { key_file = "vault.key" }
      |                    ^^^^^^^^^^^
      = a relative path begins at the folder of the configuration file
    "#);
    assert_snapshot!(errors(&format!("{BASE}[vault]\nkey = {{ key_file = \"open.key\" }}\n")), @r#"
    /etc/claviger.toml:7:20: others may read or change /etc/open.key
      |
    7 | key = { key_file = "open.key" }
      |                    ^^^^^^^^^^
      = chmod 600 /etc/open.key
    "#);
}

#[test]
fn a_passphrase_in_the_file_is_not_shown() {
    let canary = canary();
    let text = errors(&format!("{BASE}[vault]\nkey = {{ passphrase = \"{canary}\" }}\n"));
    assert!(!text.contains(&canary), "{text}");
    assert_snapshot!(text, @r#"
    /etc/claviger.toml:7:22: a passphrase does not stand in a file
      |
    7 | key = { passphrase = …
      |                      ^
      = write `passphrase = "prompt"`, or use `passphrase_file_descriptor`
    "#);
}

#[test]
fn a_key_from_two_sources() {
    let text = format!("{BASE}[vault]\nkey = {{ passphrase = \"prompt\", key_file_descriptor = 3 }}\n");
    assert_snapshot!(errors(&text), @r#"
    /etc/claviger.toml:7:7: the key comes from exactly one source
      |
    7 | key = { passphrase = "prompt", key_file_descriptor = 3 }
      |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = write one of `passphrase`, `passphrase_file_descriptor`, `key_file_descriptor` and `key_file`
    "#);
}

#[test]
fn policies_that_are_not_there() {
    let text = BASE.replace("\"*.cedar\"", "\"*.cedar\", \"rules/*.cedar\", \"b.cedar\", \"*/a.cedar\"");
    assert_snapshot!(errors(&text), @r#"
    /etc/claviger.toml:5:49: `*` may stand in the last part of a path only, such as policy/*.cedar
      |
    5 | files = ["*.cedar", "rules/*.cedar", "b.cedar", "*/a.cedar"]
      |                                                 ^^^^^^^^^^^
    "#);
    assert_snapshot!(errors(&text.replace(", \"*/a.cedar\"", "")), @r#"
    /etc/claviger.toml:5:21: /etc/rules cannot be read: it does not exist
      |
    5 | files = ["*.cedar", "rules/*.cedar", "b.cedar"]
      |                     ^^^^^^^^^^^^^^^
      = a relative path begins at the folder of the configuration file

    /etc/claviger.toml:5:38: no file is named b.cedar
      |
    5 | files = ["*.cedar", "rules/*.cedar", "b.cedar"]
      |                                      ^^^^^^^^^
      = a relative path begins at the folder of the configuration file; `claviger init` writes a policy
    "#);
}

#[test]
fn an_introspection_client_with_its_secret_in_the_file() {
    let canary = canary();
    let text = errors(&format!("{BASE}[[introspection_clients]]\nid = \"rs\"\nsecret_sha256 = \"{canary}\"\n"));
    assert!(!text.contains(&canary), "{text}");
    assert_snapshot!(text, @r"
    /etc/claviger.toml:8:17: this is no SHA-256
      |
    8 | secret_sha256 = …
      |                 ^
      = write 64 digits of 0-9 and a-f, as `sha256sum` prints them; never the secret itself
    ");
}

#[test]
fn a_data_directory_that_is_a_file() {
    assert_snapshot!(errors(&server("data_directory = \"a.cedar\"")), @r#"
    /etc/claviger.toml:3:18: /etc/a.cedar is not a directory
      |
    3 | data_directory = "a.cedar"
      |                  ^^^^^^^^^
      = name a directory; it is made where it is not there
    "#);
}
