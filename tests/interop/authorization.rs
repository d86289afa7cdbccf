//! The authorization scenarios of the MCP conformance suite, with the broker as the client of the suite's servers.

mod part;

use std::collections::BTreeSet;

use self::part::{Client, End, Part, Scene};
use crate::support::{
    conformance::{Verdict, play, scenarios_of},
    peers::{node, or_skip},
    people::People,
};

/// Most scenarios: a user connects an account, and calls are made with it.
const CONNECTS: Part = Part { client: Client::Registers, end: End::Calls };

/// The same, where the connection must not come about; the word stands in the record.
const fn declines(word: &'static str) -> Part {
    Part { client: Client::Registers, end: End::NotConnected(word) }
}

const fn with(client: Client) -> Part {
    Part { client, end: End::Calls }
}

/// What the broker does in each scenario.
const PLAYED: &[(&str, Part)] = &[
    ("auth/2025-03-26-oauth-metadata-backcompat", with(Client::RegistersAtOrigin)),
    ("auth/basic-cimd", with(Client::Document("https://conformance-test.local/client-metadata.json"))),
    ("auth/client-credentials-basic", with(Client::Secret)),
    ("auth/client-credentials-jwt", with(Client::Key)),
    ("auth/enterprise-managed-authorization", with(Client::Enterprise)),
    ("auth/iss-normalized", declines("other_server")),
    ("auth/iss-not-advertised", CONNECTS),
    ("auth/iss-supported", CONNECTS),
    ("auth/iss-supported-missing", declines("other_server")),
    ("auth/iss-unexpected", declines("other_server")),
    ("auth/iss-wrong-issuer", declines("other_server")),
    ("auth/metadata-default", CONNECTS),
    ("auth/metadata-issuer-mismatch", Part { client: Client::Registers, end: End::NoLink }),
    ("auth/metadata-var1", CONNECTS),
    ("auth/metadata-var2", CONNECTS),
    ("auth/metadata-var3", CONNECTS),
    ("auth/offline-access-not-supported", CONNECTS),
    ("auth/offline-access-scope", CONNECTS),
    ("auth/pre-registration", with(Client::Known)),
    ("auth/resource-mismatch", Part { client: Client::Registers, end: End::NoLink }),
    ("auth/scope-from-scopes-supported", CONNECTS),
    ("auth/scope-from-www-authenticate", CONNECTS),
    ("auth/scope-omitted-when-undefined", CONNECTS),
    ("auth/scope-retry-limit", Part { client: Client::Registers, end: End::CallsRefused }),
    ("auth/token-endpoint-auth-basic", CONNECTS),
    ("auth/token-endpoint-auth-none", CONNECTS),
    ("auth/token-endpoint-auth-post", CONNECTS),
    ("auth/wif-jwt-bearer", with(Client::Workload)),
];

/// What a broker does not do, and why.
const EXEMPT: &[(&str, &str)] = &[
    ("auth/2025-03-26-oauth-endpoint-fallback", "people are sent only where metadata says that PKCE is checked"),
    (
        "auth/authorization-server-migration",
        "a user is asked to connect again when the session's token has ended, not before",
    ),
    ("auth/dpop", "tokens are injected as bearer tokens"),
    ("auth/dpop-nonce", "tokens are injected as bearer tokens"),
    (
        "auth/scope-step-up",
        "what an agent may do is not widened because an upstream asks for more in the middle of a call",
    ),
];

#[tokio::test]
async fn the_broker_is_a_client_as_the_suite_wants_one() {
    let node = or_skip!(node());
    let people = People::start(&node).await;
    let mut passed = 0;
    for (scenario, part) in PLAYED {
        let ((), checks) =
            play(&node, scenario, async |told| Scene::new(&people, part, &told).await.play().await).await;
        let wrong = || checks.iter().filter(|check| matches!(check.status.as_str(), "FAILURE" | "WARNING"));
        assert_eq!(Verdict::on(&checks), Verdict::Pass, "{scenario}: {:#?}", wrong().collect::<Vec<_>>());
        passed += usize::from(checks.iter().any(|check| check.status == "SUCCESS"));
    }
    assert_eq!((passed, EXEMPT.len()), (28, 5));
}

#[tokio::test]
async fn every_scenario_is_played_or_named_with_the_reason() {
    let node = or_skip!(node());
    let known = PLAYED.iter().map(|(name, _)| *name).chain(EXEMPT.iter().map(|(name, _)| *name));
    let listed = scenarios_of(&node, "auth/").await;
    assert_eq!(known.collect::<BTreeSet<_>>(), listed.iter().map(String::as_str).collect());
}
