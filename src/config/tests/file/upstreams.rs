//! What a person reads where an upstream is wrong.

use config::IssuedTokens;
use insta::assert_snapshot;

use crate::support::{canary, errors, load_text, with_parts};

#[test]
fn a_url_with_path_traversal() {
    assert_snapshot!(errors(&with_parts("").replace("/v1", "/v1/../admin")), @r#"
    /etc/claviger.toml:19:7: the path must not hold empty, '.', '..' or encoded-slash segments
       |
    19 | url = "https://billing.example/v1/../admin"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn a_url_with_a_password_does_not_show_it() {
    let canary = canary();
    let text = errors(&with_parts("").replace("https://billing", &format!("https://me:{canary}@billing")));
    assert!(!text.contains(&canary), "{text}");
    assert_snapshot!(text, @r#"
    /etc/claviger.toml:19:7: a URL with a user name or password; store the credential with `claviger secret set`
       |
    19 | url = "https://……………………………………………………………………@billing.example/v1"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn an_upstream_without_tls() {
    let plain = with_parts("").replace("https://billing", "http://billing");
    assert_snapshot!(errors(&plain), @r#"
    /etc/claviger.toml:19:7: calls and the credential would travel to this URL without TLS
       |
    19 | url = "http://billing.example/v1"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = write https, or add `plaintext = true` where the network on the way is trusted with both
    "#);
    assert!(load_text(&plain.replace("kind = \"http\"", "kind = \"http\"\nplaintext = true")).is_ok());
}

#[test]
fn an_upstream_of_the_other_kind() {
    let swapped =
        with_parts("").replace("\"http\"", "\"x\"").replace("\"mcp\"", "\"http\"").replace("\"x\"", "\"mcp\"");
    assert_snapshot!(errors(&swapped), @r#"
    /etc/claviger.toml:12:8: github is a plain HTTP server, and has no `era`
       |
    12 | name = "github"
       |        ^^^^^^^^
       = remove `era`, or write `kind = "mcp"`

    /etc/claviger.toml:12:8: nothing of github may be called
       |
    12 | name = "github"
       |        ^^^^^^^^
       = add `[[upstreams.operations]]` with `name`, `methods` and `path`

    /etc/claviger.toml:17:8: the revision of the protocol that billing speaks is missing
       |
    17 | name = "billing"
       |        ^^^^^^^^^
       = add `era = "2025-11-25"` or `era = "2026-07-28"`; it is never found out by trying
    "#);
    let era = with_parts("").replace("era = \"2026-07-28\"", "era = \"2024-11-05\"");
    assert_snapshot!(errors(&era), @r#"
    /etc/claviger.toml:15:7: `2024-11-05` is not known here
       |
    15 | era = "2024-11-05"
       |       ^^^^^^^^^^^^
       = write `2025-11-25` or `2026-07-28`
    "#);
}

#[test]
fn operations_that_are_ambiguous_or_no_paths() {
    let more = |path: &str, methods: &str| {
        with_parts(&format!("[[upstreams.operations]]\nname = \"other\"\nmethods = [{methods}]\npath = \"{path}\"\n"))
    };
    assert_snapshot!(errors(&more("/invoices/{number}", "\"GET\"")), @r#"
    /etc/claviger.toml:27:8: the operations read-invoice and other match the same request, and neither is narrower
       |
    27 | path = "/invoices/{number}"
       |        ^^^^^^^^^^^^^^^^^^^^
       = make one path narrower in every segment, or join the operations
    "#);
    assert_snapshot!(errors(&more("/invoices/../admin", "\"GET\"")), @r#"
    /etc/claviger.toml:27:8: a path has no empty, '.' or '..' segment
       |
    27 | path = "/invoices/../admin"
       |        ^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(errors(&more("/a", "\"get\"")), @r#"
    /etc/claviger.toml:26:12: not a method, such as GET, POST, PUT, PATCH or DELETE
       |
    26 | methods = ["get"]
       |            ^^^^^
    "#);
    assert_snapshot!(errors(&more("/a", "")), @r#"
    /etc/claviger.toml:27:8: an operation names each of its methods once, and at least one
       |
    27 | path = "/a"
       |        ^^^^
    "#);
    assert!(load_text(&more("/invoices/latest", "\"GET\"")).is_ok());
}

#[test]
fn tokens_that_are_issued_are_masked_unless_the_file_says_otherwise() {
    let read = |line: &str| {
        let text = with_parts("").replace("kind = \"http\"", &format!("kind = \"http\"{line}"));
        load_text(&text).map(|config| config.upstreams.last().expect("an upstream").issued_tokens)
    };
    for (line, expected) in [
        ("", IssuedTokens::Mask),
        ("\nissued_tokens = \"mask\"", IssuedTokens::Mask),
        ("\nissued_tokens = \"capture\"", IssuedTokens::Capture),
        ("\nissued_tokens = \"deny\"", IssuedTokens::Deny),
    ] {
        assert_eq!(read(line).expect("a configuration"), expected, "{line}");
    }
    assert!(read("\nissued_tokens = \"show\"").is_err());
}

#[test]
fn a_slot_that_cannot_carry_a_credential() {
    let inject = |slot: &str| {
        with_parts(&format!("[upstreams.credential]\nname = \"key\"\nprovider = \"fixed\"\ninject = {{ {slot} }}\n"))
    };
    assert_snapshot!(errors(&inject("header = \"Host\"")), @r#"
    /etc/claviger.toml:27:10: the header host frames the request and cannot carry a credential
       |
    27 | inject = { header = "Host" }
       |          ^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(errors(&inject("header = \"X-Key\", query = \"key\"")), @r#"
    /etc/claviger.toml:27:10: a credential goes into exactly one slot
       |
    27 | inject = { header = "X-Key", query = "key" }
       |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = write one of `header` (with or without `prefix`), `basic`, `client_certificate`, `aws_signature`, `query` and `body`
    "#);
    assert_snapshot!(errors(&inject("basic = \"a:b\"")), @r#"
    /etc/claviger.toml:27:10: a user name is printable ASCII without a colon, of at most 256 characters
       |
    27 | inject = { basic = "a:b" }
       |          ^^^^^^^^^^^^^^^^^
    "#);
    assert!(load_text(&inject("body = \"/auth/token\"")).is_ok());
}
