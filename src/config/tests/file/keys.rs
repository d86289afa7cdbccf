//! What a person reads where keys, types or single values are wrong.

use std::path::Path;

use insta::assert_snapshot;

use crate::support::{BASE, PARTS, canary, errors, load_text, server, with_parts};

#[test]
fn the_least_configuration_loads() {
    for text in [BASE.to_owned(), with_parts("")] {
        load_text(&text).unwrap();
    }
}

#[test]
fn a_file_that_is_not_there() {
    let errors = config::load(Path::new("no/such/claviger.toml")).unwrap_err();
    assert_snapshot!(errors, @r"
    no/such/claviger.toml: the configuration cannot be read: it does not exist
     = name the file with `-c FILE`; `claviger init` writes one to begin with
    ");
}

#[test]
fn an_unknown_key_without_its_value() {
    let canary = canary();
    let lines = format!("lisen = \"127.0.0.1:1\"\npassword = \"{canary}\"\ntls = {{ certificat = \"{canary}\" }}");
    let text = errors(&server(&lines));
    assert!(!text.contains(&canary), "{text}");
    assert_snapshot!(text, @r"
    /etc/claviger.toml:3:1: unknown key `lisen`
      |
    3 | lisen = …
      | ^^^^^
      = did you mean `listen`?

    /etc/claviger.toml:4:1: unknown key `password`
      |
    4 | password = …
      | ^^^^^^^^
      = the keys here are `public_url`, `listen`, `tls`, `terminator_in_front`, `data_directory`, `allowed_origins`, `workers`, `request_body_bytes_max`, `connections_max`, `calls_max`, `request_header_seconds_max` and `drain_seconds_max`

    /etc/claviger.toml:5:9: unknown key `certificat`
      |
    5 | tls = { certificat = …
      |         ^^^^^^^^^^
      = did you mean `certificate`?
    ");
}

#[test]
fn an_unknown_section() {
    assert_snapshot!(errors(&format!("{BASE}[upstream]\nname = \"x\"\n")), @r"
    /etc/claviger.toml:6:2: unknown key `upstream`
      |
    6 | [upstream]
      |  ^^^^^^^^
      = did you mean `upstreams`?
    ");
}

#[test]
fn a_wrong_type() {
    assert_snapshot!(errors(&server("workers = \"four\"\nallowed_origins = \"x\"\nterminator_in_front = 1\ntls = \"x\"")), @r#"
    /etc/claviger.toml:3:11: this is of the wrong type: string "four"
      |
    3 | workers = "four"
      |           ^^^^^^
      = write a whole number

    /etc/claviger.toml:4:19: this is of the wrong type: string "x"
      |
    4 | allowed_origins = "x"
      |                   ^^^
      = write a list, such as ["…"]

    /etc/claviger.toml:5:23: this is of the wrong type: integer `1`
      |
    5 | terminator_in_front = 1
      |                       ^
      = write `true` or `false`

    /etc/claviger.toml:6:7: this is of the wrong type: string "x"
      |
    6 | tls = "x"
      |       ^^^
      = write a table
    "#);
}

#[test]
fn a_number_out_of_its_bounds() {
    assert_snapshot!(errors(&format!("{BASE}[session]\nlifetime_seconds_max = 901\n")), @r"
    /etc/claviger.toml:7:24: must be 1 to 900
      |
    7 | lifetime_seconds_max = 901
      |                        ^^^
    ");
}

#[test]
fn a_missing_key() {
    assert_snapshot!(errors(&format!("{BASE}[[issuers]]\nname = \"idp\"\n[[issuers]]\naudience = \"x\"\n")), @r"
    /etc/claviger.toml:6:1: the key `issuer` is missing
      |
    6 | [[issuers]]
      | ^^^^^^^^^^^
      = add `issuer = …`

    /etc/claviger.toml:8:1: the key `name` is missing
      |
    8 | [[issuers]]
      | ^^^^^^^^^^^
      = add `name = …`
    ");
}

#[test]
fn a_missing_section() {
    assert_snapshot!(errors("[policy]\nfiles = [\"*.cedar\"]\n"), @r"
    /etc/claviger.toml:1:1: the section `[server]` is missing
      = add `[server]`
    ");
}

#[test]
fn an_unknown_word() {
    assert_snapshot!(errors(&format!("{BASE}[audit]\ndurability = \"prozess\"\n{PARTS}algorithms = 1\n")), @r#"
    /etc/claviger.toml:7:14: `prozess` is not known here
      |
    7 | durability = "prozess"
      |              ^^^^^^^^^
      = write `process` or `power`

    /etc/claviger.toml:26:1: unknown key `algorithms`
       |
    26 | algorithms = …
       | ^^^^^^^^^^
       = the keys here are `name`, `methods` and `path`
    "#);
    let symmetric = PARTS.replace("audience =", "algorithms = [\"RS256\", \"HS256\"]\naudience =");
    assert_snapshot!(errors(&format!("{BASE}{symmetric}")), @r#"
    /etc/claviger.toml:10:24: `HS256` is not known here
       |
    10 | algorithms = ["RS256", "HS256"]
       |                        ^^^^^^^
       = write `RS256`, `RS384`, `RS512`, `PS256`, `PS384`, `PS512`, `ES256`, `ES384` or `EdDSA`
    "#);
}

#[test]
fn an_unknown_provider() {
    let credential = "[upstreams.credential]\nname = \"key\"\nprovider = \"aws-sts\"\ninject = { query = \"key\" }\n";
    assert_snapshot!(errors(&with_parts(credential)), @r#"
    /etc/claviger.toml:26:12: there is no provider aws-sts
       |
    26 | provider = "aws-sts"
       |            ^^^^^^^^^
       = write `fixed`, or add it as `[[providers.KIND]]`
    "#);
}

#[test]
fn a_syntax_error() {
    assert_snapshot!(errors("[server]\npublic_url = http://127.0.0.1:8480\nworkers = 1\nlisten \"127.0.0.1:1\"\n"), @r#"
    /etc/claviger.toml:2:14: string values must be quoted, expected literal string
      |
    2 | public_url = http://127.0.0.1:8480
      |              ^^^^^^^^^^^^^^^^^^^^^

    /etc/claviger.toml:4:8: key with no value, expected `=`
      |
    4 | listen "127.0.0.1:1"
      |        ^
    "#);
}

#[test]
fn a_key_that_stands_twice() {
    assert_snapshot!(errors(&server("workers = 1\nworkers = 2")), @r"
    /etc/claviger.toml:4:1: duplicate key
      |
    4 | workers = 2
      | ^^^^^^^
    ");
}

#[test]
fn several_errors_in_the_order_of_the_file() {
    let text = r#"
[server]
public_url = "nonsense"
listen = "localhost"
[policy]
file = ["x"]
[[agents]]
name = "Agent"
issuer = 5
scopes = ["github", "github:*"]
[[upstreams]]
name = "ok"
kind = "grpc"
url = "https://a.example/../b"
"#;
    assert_snapshot!(errors(text), @r#"
    /etc/claviger.toml:3:14: not an absolute URL such as https://api.example.com/v1
      |
    3 | public_url = "nonsense"
      |              ^^^^^^^^^^

    /etc/claviger.toml:4:10: not an IP address with a port, such as 127.0.0.1:8480 or [::1]:8480
      |
    4 | listen = "localhost"
      |          ^^^^^^^^^^^

    /etc/claviger.toml:6:1: unknown key `file`
      |
    6 | file = …
      | ^^^^
      = did you mean `files`?

    /etc/claviger.toml:8:8: the name of an agent must be 1 to 64 characters of a-z, 0-9, '-', '_' and '.', beginning with a letter or digit
      |
    8 | name = "Agent"
      |        ^^^^^^^

    /etc/claviger.toml:9:10: this is of the wrong type: integer `5`
      |
    9 | issuer = 5
      |          ^
      = write a string

    /etc/claviger.toml:10:11: a scope is `upstream:tool` or `upstream:*`, and "github" is not
       |
    10 | scopes = ["github", "github:*"]
       |           ^^^^^^^^

    /etc/claviger.toml:13:8: `grpc` is not known here
       |
    13 | kind = "grpc"
       |        ^^^^^^
       = write `mcp`, `http` or `aws`

    /etc/claviger.toml:14:7: the path must not hold empty, '.', '..' or encoded-slash segments
       |
    14 | url = "https://a.example/../b"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
}
