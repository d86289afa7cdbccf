//! What a module prints for `claviger.toml` is a configuration that Claviger takes.

use std::fs;

use super::vault::Vault;
use crate::support::{
    peers::{self, or_skip},
    program,
    terraform::Terraform,
};

const SERVER: &str = r#"
[server]
public_url = "http://127.0.0.1:8480"
listen = "127.0.0.1:8480"
data_directory = "data"

[vault]
key = { passphrase = "prompt" }
"#;

/// Everything but what a module knows.
const BASE: &str = r#"
[policy]
files = ["all.cedar"]

[[issuers]]
name = "idp"
issuer = "https://idp.example"
audience = "https://claviger.example"
algorithms = ["RS256"]

[[agents]]
name = "assistant"
issuer = "idp"
claims = { sub = "assistant" }
scopes = ["app:*"]
"#;

#[tokio::test]
async fn what_vault_trust_prints_is_taken_by_claviger() {
    let variables = [
        ("secrets", r#"{ app = { path = "team/app", field = "key" } }"#),
        ("certificates", r#"{ billing = { common_name = "claviger.agents.example" } }"#),
    ];
    let vault = Vault::set_up(&or_skip!(peers::terraform()), "modules/vault-trust", &variables).await;

    let provider = vault.outputs["provider_toml"].as_str().expect("a block");
    let provider = provider.replace("auth =", "addresses = \"loopback\"\nauth =");
    let credentials = vault.outputs["credentials_toml"].as_object().expect("blocks by credential");
    let upstreams = [("app", "header = \"X-Key\""), ("billing", "client_certificate = true")];
    for (name, inject) in upstreams {
        let block = credentials[name].as_str().expect("a block");
        assert_taken(&format!("{SERVER}{BASE}\n{provider}\n{}", upstream(name, inject, block))).await;
    }
    assert_eq!(credentials.len(), upstreams.len(), "{credentials:?}");
}

#[tokio::test]
async fn what_aws_trust_prints_is_taken_by_claviger() {
    let terraform = Terraform::new(&or_skip!(peers::terraform()));
    let outputs = terraform.apply("modules/aws-trust/examples/s3").await;
    let printed = outputs["claviger_toml"].as_str().expect("two blocks");
    let (provider, block) = printed.split_once("\n\n").expect("two blocks");
    let inject = "aws_signature = { service = \"s3\", region = \"eu-central-1\" }";
    let bucket = upstream("app", inject, block)
        .replace("kind = \"mcp\"", "kind = \"aws\"")
        .replace("era = \"2026-07-28\"\n", "")
        .replace("https://app.example/mcp", "https://s3.eu-central-1.amazonaws.com")
        .replace("\"vault\"", "\"aws\"");
    assert_taken(&format!("{SERVER}{BASE}\n{provider}\n{bucket}")).await;
}

#[tokio::test]
async fn what_aws_broker_prints_is_taken_by_claviger() {
    let terraform = Terraform::new(&or_skip!(peers::terraform()));
    let outputs = terraform.apply("modules/aws-broker/examples/one").await;
    let server = outputs["server_toml"].as_str().expect("a block");
    let server = server.replace("[server]", "[server]\npublic_url = \"https://claviger.example\"");
    let fixed = upstream("app", "header = \"X-Key\"", "").replace("\"vault\"", "\"fixed\"");
    assert_taken(&format!("{server}{BASE}\n{fixed}")).await;
}

fn upstream(name: &str, inject: &str, block: &str) -> String {
    format!(
        "[[upstreams]]\nname = \"app\"\nkind = \"mcp\"\nurl = \"https://app.example/mcp\"\nera = \"2026-07-28\"\n\n\
         [upstreams.credential]\nname = \"{name}\"\nprovider = \"vault\"\ninject = {{ {inject} }}\n\n{block}\n"
    )
}

async fn assert_taken(text: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("claviger.toml"), text).expect("a test's folder");
    fs::write(folder.path().join("all.cedar"), "@id(\"all\") permit (principal, action, resource);")
        .expect("a test's folder");
    let ran = program::run(folder.path(), &["check", "--offline"], "").await;
    assert_eq!(ran.code, Some(0), "{}\n{}\n{text}", ran.stdout, ran.stderr);

    let misspelt = text.replace("data_directory", "data_folder");
    fs::write(folder.path().join("claviger.toml"), misspelt).expect("a test's folder");
    assert_ne!(program::run(folder.path(), &["check", "--offline"], "").await.code, Some(0));
}
