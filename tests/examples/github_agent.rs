//! `examples/github-agent`: a token for one repository and two permissions, made for the session and ended with it.

use std::fs;

use serde_json::{Value, json};

use super::folder::Example;
use crate::support::{
    canary,
    github::GitHub,
    peers::{self, or_skip},
};

#[tokio::test]
async fn the_triager_comments_on_issues_of_one_repository() {
    let node = or_skip!(peers::node());
    let example = Example::copy("github-agent");
    let identity_provider = example.log_in(&node, "triager").await;
    let key_file = example.path("app.private-key.pem");
    let github = GitHub::start(&node, &key_file).await;
    let key = fs::read_to_string(&key_file).expect("GitHub gives out a key");
    canary::register("private key of the App", key.lines().nth(1).expect("it has several lines"));
    let mut example = example
        .outside("https://idp.example", identity_provider.issuer())
        .outside("https://api.github.com", github.url())
        .outside_after(
            "private_key = \"github-key\"",
            &format!("api_url = \"{}\"\naddresses = \"loopback\"", github.url()),
        );

    example.serve("2. Claviger.").await;
    assert!(!key_file.exists(), "the key is in the vault alone");
    let said = example.run("3. The agent.").await;
    let answers: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let [issues, comment, elsewhere, unnamed] = &answers[..] else { panic!("{said}") };
    assert_eq!((&issues[0]["number"], &issues[0]["state"]), (&json!(7), &json!("open")), "{said}");
    assert_eq!((&comment["body"], &comment["user"]["type"]), (&json!("Seen."), &json!("Bot")), "{said}");
    assert_eq!(elsewhere, &json!({ "message": "Not Found" }), "GitHub itself holds the token to its repository");
    assert_eq!(unnamed["error"], "unknown_operation", "{said}");

    let narrowed = |ended| json!({ "repositories": ["website"], "permissions": { "contents": "read", "issues": "write" }, "ended": ended });
    assert_eq!(github.made().await, [narrowed(false)], "one token for the session");
    assert!(example.run("4. The end.").await.contains("the session has ended"));
    example.broker.wait_until_async(async || github.made().await == [narrowed(true)]).await;
    example.finish().await;
}
