//! What a person reads where an agent or issuer is wrong, or a name stands for nothing or for two things.

use insta::assert_snapshot;

use crate::support::{PARTS, errors, with_parts};

#[test]
fn names_that_stand_twice() {
    assert_snapshot!(errors(&with_parts(PARTS)), @r#"
    /etc/claviger.toml:26:8: there are two issuers `idp`
       |
    26 | name = "idp"
       |        ^^^^^
       = the first is in line 8; give this one another name, or remove it

    /etc/claviger.toml:27:10: there are two issuers `https://idp.example`
       |
    27 | issuer = "https://idp.example"
       |          ^^^^^^^^^^^^^^^^^^^^^
       = the first is in line 9; give this one another name, or remove it

    /etc/claviger.toml:30:8: there are two upstreams `github`
       |
    30 | name = "github"
       |        ^^^^^^^^
       = the first is in line 12; give this one another name, or remove it

    /etc/claviger.toml:35:8: there are two upstreams `billing`
       |
    35 | name = "billing"
       |        ^^^^^^^^^
       = the first is in line 17; give this one another name, or remove it
    "#);
}

#[test]
fn scopes_and_issuers_that_name_nothing() {
    let agent = r#"
[[agents]]
name = "ci"
issuer = "ipd"
claims = { sub = "ci" }
scopes = ["githb:*", "github:any-tool", "billing:read-invoices", "mail:send"]
lifetime_seconds_max = 900
[[agents.acts_for]]
issuer = "elsewhere"
claims = { sub = "x" }
[session]
lifetime_seconds_max = 60
"#;
    assert_snapshot!(errors(&with_parts(agent)), @r#"
    /etc/claviger.toml:27:10: there is no issuer `ipd`
       |
    27 | issuer = "ipd"
       |          ^^^^^
       = did you mean `idp`?

    /etc/claviger.toml:29:11: there is no upstream `githb`
       |
    29 | scopes = ["githb:*", "github:any-tool", "billing:read-invoices", "mail:send"]
       |           ^^^^^^^^^
       = did you mean `github`?

    /etc/claviger.toml:29:41: the upstream `billing` has no operation `read-invoices`
       |
    29 | scopes = ["githb:*", "github:any-tool", "billing:read-invoices", "mail:send"]
       |                                         ^^^^^^^^^^^^^^^^^^^^^^^
       = did you mean `read-invoice`?

    /etc/claviger.toml:29:66: there is no upstream `mail`
       |
    29 | scopes = ["githb:*", "github:any-tool", "billing:read-invoices", "mail:send"]
       |                                                                  ^^^^^^^^^^^
       = add `[[upstreams]]` with this name; the file has `github` and `billing`

    /etc/claviger.toml:30:24: an agent's sessions cannot live longer than all sessions may
       |
    30 | lifetime_seconds_max = 900
       |                        ^^^
       = `lifetime_seconds_max` in `[session]` is 60

    /etc/claviger.toml:32:10: there is no issuer `elsewhere`
       |
    32 | issuer = "elsewhere"
       |          ^^^^^^^^^^^
       = add `[[issuers]]` with this name; the file has `idp`
    "#);
}

#[test]
fn an_agent_that_every_token_would_be() {
    let agent = |claims: &str| {
        with_parts(&format!("[[agents]]\nname = \"ci\"\nissuer = \"idp\"\nclaims = {{ {claims} }}\nscopes = []\n"))
    };
    assert_snapshot!(errors(&agent("")), @r#"
    /etc/claviger.toml:27:10: every token of the issuer would match: add a rule such as sub = "ci-job"
       |
    27 | claims = {  }
       |          ^^^^
    "#);
    assert_snapshot!(errors(&agent("sub = \"*\"")), @r#"
    /etc/claviger.toml:27:10: write what the claim "sub" is, or how it begins or ends: `ci-*`
       |
    27 | claims = { sub = "*" }
       |          ^^^^^^^^^^^^^
    "#);
    assert_snapshot!(errors(&agent("sub = [5]")), @r#"
    /etc/claviger.toml:27:18: a claim is compared with a text such as "ci-*", a whole number, `true` or `false`
       |
    27 | claims = { sub = [5] }
       |                  ^^^
    "#);
    assert_snapshot!(errors(&agent("\"/a//b\" = \"x\"")), @r#"
    /etc/claviger.toml:27:10: "/a//b" is neither the name of a claim nor a JSON pointer such as /a/b
       |
    27 | claims = { "/a//b" = "x" }
       |          ^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(errors(&agent("sub = \"a\", verified = true, \"/a/b\" = 5")), @r#"
    /etc/claviger.toml:25:8: the agent ci may ask for nothing
       |
    25 | name = "ci"
       |        ^^^^
       = name at least one scope, such as `scopes = ["upstream:*"]`
    "#);
}

#[test]
fn an_issuer_whose_keys_others_could_forge() {
    assert_snapshot!(errors(&with_parts("").replace("https://idp", "http://idp")), @r#"
    /etc/claviger.toml:9:10: the issuer's keys would come without TLS, so anyone on the way could be it
      |
    9 | issuer = "http://idp.example"
      |          ^^^^^^^^^^^^^^^^^^^^
      = write an https URL; http is for an issuer on this machine
    "#);
    assert_snapshot!(errors(&with_parts("").replace("https://idp.example", "http://127.0.0.1:3000")), @r#"
    /etc/claviger.toml:9:10: 127.0.0.1 is a loopback address, and only public ones are allowed here
      |
    9 | issuer = "http://127.0.0.1:3000"
      |          ^^^^^^^^^^^^^^^^^^^^^^^
      = add `addresses = "loopback"`
    "#);
}
