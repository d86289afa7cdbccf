//! The MCP conformance suite through the broker: what stands in between changes no verdict.

use super::fixture_baseline::assert_all_required_pass;
use crate::support::{
    bearer_proxy::BearerProxy,
    broker::{Broker, BrokerSetup},
    canary::plain_canary,
    conformance::{Requirements, Verdicts, judge},
    fixture::Fixture,
    issuer::Issuer,
    peers::{Node, node, or_skip},
};

#[tokio::test]
async fn every_scenario_that_2026_07_28_requires_passes_through_the_broker() {
    let node = or_skip!(node());
    let (direct, through) = both(&node, Requirements::Modern, Requirements::Modern).await;
    assert_same(&direct, &through);
    assert_all_required_pass(&through, 37, direct.checks_passed());
}

#[tokio::test]
async fn every_scenario_that_2025_11_25_requires_passes_through_the_broker() {
    let node = or_skip!(node());
    let (direct, through) = both(&node, Requirements::Legacy, Requirements::Legacy).await;
    assert_same(&direct, &through);
    assert_all_required_pass(&through, 30, direct.checks_passed());
}

#[tokio::test]
async fn every_scenario_that_2025_11_25_requires_passes_before_a_server_of_2026_07_28() {
    let node = or_skip!(node());
    let (direct, through) = both(&node, Requirements::Legacy, Requirements::Modern).await;
    assert_same(&direct, &through);
    assert_all_required_pass(&through, 30, direct.checks_passed());
}

#[tokio::test]
async fn what_2026_07_28_requires_and_2025_11_25_can_do_passes_before_a_server_of_2025_11_25() {
    let node = or_skip!(node());
    let (direct, through) = both(&node, Requirements::Modern, Requirements::Legacy).await;
    let (direct, through) = (direct.required(), through.required());
    // Tools that answer with the newer era's own `InputRequiredResult` are refused by the SDK below the fixture when it speaks the
    // older one; what asks the client in the older era's way is in `through_broker`.
    let needs_the_newer_era = |scenario: &str| scenario.starts_with("input-required-result-");
    let differs: Vec<_> = direct.keys().filter(|name| through.get(*name) != direct.get(*name)).collect();
    assert!(differs.iter().all(|name| needs_the_newer_era(name)), "{differs:?}");
    assert_eq!(direct.keys().filter(|name| !needs_the_newer_era(name)).count(), 23, "{direct:?}");
}

/// The verdicts on the fixture itself, and on the same fixture behind a broker that speaks to it in the revision `upstream`.
async fn both(node: &Node, requirements: Requirements, upstream: Requirements) -> (Verdicts, Verdicts) {
    let direct = judge(node, requirements, Fixture::start().await.url()).await;
    let credential = plain_canary("credential of the fixture");
    let fixture = Fixture::start_requiring(&credential).await;
    let issuer = Issuer::start().await;
    let setup =
        BrokerSetup::trusting(issuer.issuer()).mcp("fixture", fixture.url(), upstream.revision()).bearer(&credential);
    let broker = Broker::start(setup).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let proxy = BearerProxy::start(&broker.mcp_url("fixture"), &session).await;
    let through = judge(node, requirements, proxy.url()).await;
    drop(proxy);
    broker.finish().await;
    (direct, through)
}

fn assert_same(direct: &Verdicts, through: &Verdicts) {
    assert_eq!(through.required(), direct.required(), "\nthrough the broker:\n{through}");
}
