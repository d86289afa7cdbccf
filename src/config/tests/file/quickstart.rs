//! The quickstart of the examples: what it says, and that no damage to it is more than an error.

use std::{fs, path::Path};

use config::{Config, KeySource, Protection, UpstreamKind};

const QUICKSTART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/quickstart/claviger.toml");

fn quickstart() -> Config {
    config::load(Path::new(QUICKSTART)).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn the_quickstart_says_what_its_comments_say() {
    let config = quickstart();
    assert_eq!(config.server.public_url.to_string(), "http://127.0.0.1:8480");
    assert_eq!(config.server.listener.protection, Protection::Loopback);
    assert_eq!(config.server.data_directory, Path::new(QUICKSTART).with_file_name("data"));
    assert_eq!(config.vault.key, KeySource::PassphrasePrompt);
    assert_eq!(config.audit.origin, "127.0.0.1/audit");
    let [issuer] = config.issuers.as_slice() else { panic!("{:?}", config.issuers) };
    assert_eq!(issuer.issuer, "http://127.0.0.1:3000");
    let [agent] = config.agents.as_slice() else { panic!("{:?}", config.agents) };
    assert_eq!(agent.scopes.to_string(), "billing:read-invoice everything:*");
    assert_eq!((&agent.tokens.issuer, agent.lifetime_seconds_max), (&issuer.name, 900));
}

#[test]
fn each_upstream_is_a_resource_with_a_credential_that_is_bound_to_it() {
    let config = quickstart();
    let [everything, billing] = config.upstreams.as_slice() else { panic!("{:?}", config.upstreams) };
    assert_eq!(everything.resource.as_str(), "http://127.0.0.1:8480/mcp/everything");
    assert_eq!(billing.resource.as_str(), "http://127.0.0.1:8480/http/billing");
    for upstream in [everything, billing] {
        let binding = upstream.binding().unwrap();
        assert_eq!((&binding.upstream, &binding.destination), (&upstream.name, &upstream.destination));
    }
    let UpstreamKind::Http { operations } = &billing.kind else { panic!("{:?}", billing.kind) };
    let found = operations.find(&http::Method::GET, "/invoices/7").unwrap();
    assert_eq!(found.as_str(), "read-invoice");
}

#[test]
fn a_damaged_quickstart_is_an_error_in_a_line_that_exists() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("claviger.toml");
    fs::create_dir(folder.path().join("policy")).unwrap();
    fs::write(folder.path().join("policy/a.cedar"), "").unwrap();
    let text = fs::read_to_string(QUICKSTART).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut refused = 0;
    for at in 0..lines.len() {
        let with = |line: String| {
            let mut lines: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
            lines[at] = line;
            lines.join("\n")
        };
        let line = lines[at];
        let cut_value = line.split_once(" = ").map_or(String::new(), |(key, _)| format!("{key} = 1"));
        let misspelt = line.chars().skip(1).collect();
        for damaged in [String::new(), format!("{line}\n{line}"), cut_value, misspelt, line.replace('"', "\u{e9}")] {
            fs::write(&path, with(damaged)).unwrap();
            let Err(errors) = config::load(&path) else { continue };
            refused += 1;
            for problem in errors.problems() {
                let (line, column) = problem.line_and_column().unwrap();
                assert!(line <= lines.len() + 1 && column >= 1, "{problem}");
            }
        }
    }
    assert!(refused > 150, "{refused}");
}
