//! The guard of addresses: an upstream that is somewhere else than its configuration says receives nothing.

use std::{fs, net::IpAddr};

use http::Method;
use serde_json::json;

use crate::support::{
    broker::{Broker, BrokerSetup, bearer},
    canary::canary,
    echo::{Echo, Reply},
    issuer::Issuer,
};

/// Spellings that the configuration cannot tell from a public address, and that lead to this machine, to a network of its own, or to
/// a metadata service.
const SPELLINGS: [&str; 9] = [
    "0.0.0.0",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[::ffff:10.0.0.1]",
    "100.64.0.1",
    "169.254.169.254",
    "[fe80::1]",
    "[fd00:ec2::254]",
];

#[tokio::test]
async fn an_upstream_at_an_address_outside_of_its_class_receives_nothing() {
    let issuer = Issuer::start().await;
    let upstream = Echo::start(|_| Reply::text("here")).await;
    let port = upstream.url().rsplit_once(':').expect("a port").1;
    let names = names_of_this_machine();
    let spelled =
        SPELLINGS.iter().map(|host| ((*host).to_owned(), if host.contains("fd00") { "private" } else { "public" }));
    let named = names.iter().flat_map(|name| ["public", "private"].map(|class| (name.clone(), class)));
    let refused: Vec<_> = spelled.chain(named).collect();
    let setup = |hosts: &[(String, &str)]| {
        hosts.iter().enumerate().fold(BrokerSetup::trusting(issuer.issuer()), |setup, (number, (host, class))| {
            let name = format!("u-{number}");
            let setup = setup.http(&name, &format!("http://{host}:{port}")).addresses(class);
            let setup = setup.upstream_line("plaintext = true\nconnect_seconds = 1").operation("all", &["GET"], "/**");
            setup.credential("header = \"X-Api-Key\"", &canary(&name))
        })
    };

    let broker = Broker::start(setup(&refused)).await;
    let session = broker.token(&issuer.token("assistant")).await;
    for (number, (host, class)) in refused.iter().enumerate() {
        let url = broker.http_url(&format!("u-{number}"), "/page");
        let answer = broker.send(Method::GET, &url, bearer(&session), "").await;
        let description = "the upstream's name leads to an address that is not allowed, so nothing was sent";
        let expected = json!({ "error": "upstream_address", "error_description": description });
        assert_eq!((answer.status.as_u16(), answer.json()), (502, expected), "{host} as {class}");
        assert_eq!(broker.records_of("outcome")[number]["ending"], "upstream_address", "{host} as {class}");
    }
    assert!(upstream.received().is_empty(), "{:?}", upstream.received());
    broker.finish().await;

    // The same names, where this machine is what is meant.
    let allowed: Vec<_> = ["127.0.0.1".to_owned()].into_iter().chain(names).map(|name| (name, "loopback")).collect();
    let broker = Broker::start(setup(&allowed)).await;
    let session = broker.token(&issuer.token("assistant")).await;
    for (number, (host, _)) in allowed.iter().enumerate() {
        let url = broker.http_url(&format!("u-{number}"), "/page");
        let answer = broker.send(Method::GET, &url, bearer(&session), "").await;
        assert_eq!((answer.status.as_u16(), upstream.received().len()), (200, number + 1), "{host}: {answer:?}");
    }
    broker.finish().await;
}

/// Names of 127.0.0.1 that do not say so, as far as this machine has any.
fn names_of_this_machine() -> Vec<String> {
    let hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
    let lines = hosts.lines().map(|line| line.split('#').next().unwrap_or_default().split_whitespace());
    let local = lines.filter_map(|mut words| {
        let address: IpAddr = words.next()?.parse().ok()?;
        (address.is_loopback() && address.is_ipv4()).then_some(words)
    });
    let names = local.flatten().filter(|name| *name != "localhost" && !name.ends_with(".localhost"));
    names.map(str::to_ascii_lowercase).collect()
}
