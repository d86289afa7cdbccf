//! An exchange against a model of it: rights and life never grow, over thousands of random exchanges with real signatures.

use std::{collections::BTreeSet, time::Duration};

use model::UpstreamName;
use proptest::prelude::*;
use serde_json::json;

use super::support::{
    IdpKey, NOW, Network, OURSELVES, claims, clock, exchange, idp_config, issuers, request, rule, with_actor,
};
use crate::SESSION_LIFE_MAX;

/// The upstreams, with the kind of their route, and the tools that the model tries.
const UPSTREAMS: [(&str, &str); 3] = [("a", "mcp"), ("b", "mcp"), ("c", "http")];
const TOOLS: [&str; 3] = ["x", "y", "z"];

/// What a scope text allows, by the definition: `upstream:tool` or `upstream:*`.
fn allows(scopes: &str, upstream: &str, tool: &str) -> bool {
    scopes.split(' ').any(|scope| scope == format!("{upstream}:{tool}") || scope == format!("{upstream}:*"))
}

fn scopes() -> impl Strategy<Value = String> {
    proptest::collection::btree_set("[abc]:[xyz*]", 1..5)
        .prop_map(|scopes: BTreeSet<String>| scopes.into_iter().collect::<Vec<_>>().join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_exchange_never_widens_rights_or_life(
        rule_scopes in scopes(),
        requested in proptest::option::of(scopes()),
        targets in proptest::collection::vec((0..3_usize, any::<bool>()), 0..3),
        rule_life in proptest::option::of(1_u64..2000),
        subject_life in 1_u64..2000,
        actor_life in proptest::option::of(1_u64..2000),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let key = IdpKey::new("k");
        let network = Network::with_idp(&[&key]);
        let agent_rule = rule("builder", &rule_scopes, rule_life.map(Duration::from_secs));
        let exchange = exchange(issuers(&network, &clock(), idp_config()), vec![agent_rule]);
        let sign = |sub: &str, role: &str, life: u64| {
            let mut claims = claims(sub, role);
            claims["exp"] = json!(NOW + life);
            key.sign(&claims)
        };
        let mut more = String::new();
        let subject = match actor_life {
            Some(life) => {
                more.push_str(&with_actor(&sign("agent-1", "builder", life)));
                sign("alice", "user", subject_life)
            }
            None => sign("agent-1", "builder", subject_life),
        };
        for (index, by_name) in &targets {
            let (name, kind) = UPSTREAMS[*index];
            more.push_str(&if *by_name { format!("&audience={name}") } else { format!("&resource={OURSELVES}/{kind}/{name}") });
        }
        if let Some(requested) = &requested {
            more.push_str(&format!("&scope={}", requested.replace(' ', "+")));
        }

        let is_target = |name: &str| targets.is_empty() || targets.iter().any(|(index, _)| UPSTREAMS[*index].0 == name);
        let may = |name: &str, tool: &str| {
            is_target(name)
                && allows(&rule_scopes, name, tool)
                && requested.as_ref().is_none_or(|requested| allows(requested, name, tool))
        };
        let is_known = |name: &str| rule_scopes.split(' ').any(|scope| scope.starts_with(name));
        let targets_are_allowed = targets.iter().all(|(index, _)| is_known(UPSTREAMS[*index].0));
        let anything = UPSTREAMS.iter().any(|(name, _)| TOOLS.iter().any(|tool| may(name, tool)));

        let outcome = runtime.block_on(exchange.grant(&request(&subject, &more)));
        prop_assert_eq!(outcome.is_ok(), targets_are_allowed && anything);
        let Ok(grant) = outcome else { return Ok(()) };
        for (name, kind) in UPSTREAMS {
            let upstream: UpstreamName = name.parse().unwrap();
            let mut any_tool = false;
            for tool in TOOLS {
                prop_assert_eq!(grant.scopes.allow(&upstream, tool), may(name, tool), "{}:{}", name, tool);
                any_tool |= may(name, tool);
            }
            let resource = format!("{OURSELVES}/{kind}/{name}");
            prop_assert_eq!(grant.resources.iter().any(|granted| granted.as_str() == resource), any_tool);
        }
        let ends = [Some(SESSION_LIFE_MAX.as_secs()), rule_life, Some(subject_life), actor_life];
        prop_assert_eq!(grant.expires.as_seconds() - NOW, ends.into_iter().flatten().min().unwrap());
    }
}
