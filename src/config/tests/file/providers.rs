//! `[[providers.…]]`, and the credentials that they mint.

use config::{
    AwsService, Issued, Source, UpstreamKind,
    vault_provider::{Grant, GrantKind},
};
use model::Injection;

use crate::support::{errors, load_text, with_parts};

const BAO: &str = r#"
[[providers.vault]]
name = "bao"
url = "https://bao.example:8200"
auth = { jwt = { role = "claviger", audience = "bao" } }
"#;

/// The credential of the upstream that stands last, from `bao`.
fn minted(grant: &str) -> String {
    let credential = "[upstreams.credential]\nname = \"orders\"\nprovider = \"bao\"\ninject = { basic = true }\n";
    with_parts(&format!("{credential}{grant}{BAO}"))
}

#[test]
fn a_credential_names_its_provider_and_what_is_minted_there() {
    let grant = "vault = { database = { role = \"readonly\" }, policies = [\"orders\"] }\n";
    let loaded = load_text(&minted(grant)).unwrap();
    let Source::Vault(bao) = &loaded.providers[0].source else { panic!("{:?}", loaded.providers) };
    assert_eq!((bao.url.to_string().as_str(), loaded.providers[0].binding()), ("https://bao.example:8200", None));
    let credential = loaded.upstreams[1].credential.as_ref().unwrap();
    assert_eq!(credential.injection, Injection::BasicPair);
    let kind = GrantKind::Database { mount: "database".to_owned(), role: "readonly".to_owned() };
    let grant = Grant { policies: vec!["orders".to_owned()], kind };
    assert_eq!(credential.issued, Issued::Vault { provider: "bao".parse().unwrap(), grant });
    assert!(!loaded.upstreams[1].is_stored());
}

#[test]
fn a_stored_secret_of_a_provider_is_bound_to_its_server() {
    let text = BAO.replace(
        "{ jwt = { role = \"claviger\", audience = \"bao\" } }",
        "{ approle = { role_id = \"r\", secret_id = \"bao-secret\" } }",
    );
    let loaded = load_text(&with_parts(&text)).unwrap();
    let binding = loaded.providers[0].binding().unwrap();
    assert_eq!((binding.credential.as_str(), binding.upstream.as_str()), ("bao-secret", "bao"));
    assert_eq!(binding.destination.to_string(), "https://bao.example:8200");
}

const STS: &str = r#"
[[providers.aws_sts]]
name = "aws"
region = "eu-central-1"
auth = { web_identity = {} }
"#;

/// The last upstream as S3, with keys of a role from `aws`.
fn bucket(grant: &str) -> String {
    let slot = "inject = { aws_signature = { service = \"s3\", region = \"eu-central-1\" } }";
    let upstream = format!(
        "[[upstreams]]\nname = \"s3\"\nkind = \"aws\"\nurl = \"https://s3.eu-central-1.amazonaws.com\"\n\
         [upstreams.credential]\nname = \"reports\"\nprovider = \"aws\"\n{slot}\n"
    );
    with_parts(&format!("{upstream}{grant}{STS}"))
}

const ROLE: &str = "aws_sts = { role = \"arn:aws:iam::123456789012:role/agent\", whole_role = true }\n";

#[test]
fn a_role_says_what_each_tool_needs_of_it() {
    let tools = "tools = { GetObject = [{ actions = [\"s3:GetObject\"], resources = [\"*\"] }] }";
    let loaded = load_text(&bucket(&ROLE.replace("whole_role = true", tools))).unwrap();
    let upstream = loaded.upstreams.last().unwrap();
    assert!(matches!(upstream.kind, UpstreamKind::Aws { service: AwsService::S3 }), "{:?}", upstream.kind);
    assert!(upstream.resource.as_str().ends_with("/aws/s3"), "{}", upstream.resource);
    let Issued::AwsSts { provider, grant } = &upstream.credential.as_ref().unwrap().issued else { panic!() };
    let (tool, statements) = grant.tools.as_ref().unwrap().first_key_value().unwrap();
    assert_eq!((provider.as_str(), tool.as_str(), &*statements[0].actions[0]), ("aws", "GetObject", "s3:GetObject"));
    let whole = load_text(&bucket(ROLE)).unwrap();
    let Issued::AwsSts { grant, .. } = &whole.upstreams.last().unwrap().credential.as_ref().unwrap().issued else {
        panic!()
    };
    assert_eq!(grant.tools, None);
}

#[test]
fn what_does_not_fit_a_role_is_said() {
    for (text, said) in [
        (bucket(""), "which role aws should give keys of"),
        (bucket(&ROLE.replace(", whole_role = true", "")), "how far a session reaches"),
        (bucket(&ROLE.replace("whole_role = true", "whole_role = true, tools = {}")), "how far a session reaches"),
        (bucket(ROLE).replace("service = \"s3\"", "service = \"ec2\""), "which service of AWS s3 is"),
        (bucket(ROLE).replace("{ web_identity = {} }", "{ ambient = false }"), "in exactly one way"),
        (bucket(ROLE).replace("{ web_identity = {} }", "{ web_identity = {}, ambient = true }"), "in exactly one way"),
    ] {
        let errors = errors(&text);
        assert!(errors.contains(said), "{said}: {errors}");
    }
}

#[test]
fn what_does_not_fit_together_is_said() {
    let both = "vault = { database = { role = \"a\" }, pki = { role = \"b\", common_name = \"c\" } }\n";
    for (text, said) in [
        (minted(""), "what bao should mint is missing"),
        (minted(both), "a credential is one thing"),
        (minted("vault = {}\n"), "a credential is one thing"),
        (minted("vault = { database = { role = \"../sys/seal\" } }\n"), "not a part of a path"),
        (with_parts(&BAO.replace("bao.example", "10.0.0.1")), "10.0.0.1 is a private address"),
        (with_parts(&BAO.replace("https:", "http:")), "would travel to this URL without TLS"),
        (with_parts(&BAO.replace("\"bao\"\nurl", "\"fixed\"\nurl")), "`fixed` stands for stored credentials"),
        (with_parts(&format!("{BAO}{BAO}")), "there are two providers `bao`"),
        (with_parts(&BAO.replace("jwt = {", "token_file = \"open.key\", jwt = {")), "in exactly one way"),
    ] {
        let errors = errors(&text);
        assert!(errors.contains(said), "{said}: {errors}");
    }
}
