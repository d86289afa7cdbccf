//! `claviger check`: the configuration, the policies, and whether issuers and upstreams can be reached.

use std::path::Path;

use dial::{DialOptions, Dialer};

use crate::{
    broker,
    output::{Failure, say},
};

/// Checks everything and says what it found; a failure where anything is wrong.
pub(crate) fn run(path: &Path, offline: bool) -> Result<(), Failure> {
    let config = super::load(path)?;
    say(format!("configuration  {} is right", path.display()));
    let policies = broker::load_policies(&config)?;
    say(format!("policies       {} rules in {} files", policies.rule_count(), config.policy.files.len()));
    for warning in policies.warnings() {
        say(format!("               {warning}"));
    }
    if offline {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("no runtime can be started: {error}")))?;
    let unreachable = runtime.block_on(reach(&config))?;
    if unreachable == 0 { Ok(()) } else { Err(Failure::new(format!("{unreachable} of the above cannot be reached"))) }
}

/// Fetches the keys of each issuer and connects to each upstream, TLS included. Nothing is sent to an upstream.
async fn reach(config: &config::Config) -> Result<usize, Failure> {
    let mut unreachable = 0;
    let mut line = |kind: &str, name: &str, outcome: Result<(), String>| match outcome {
        Ok(()) => say(format!("{kind:<14} {name}: reached")),
        Err(error) => {
            unreachable += 1;
            say(format!("{kind:<14} {name}: {error}"));
        }
    };
    let dialer = Dialer::new(DialOptions::default());
    for (issuer, outcome) in broker::check_issuers(config, &dialer).await? {
        line("issuer", issuer.as_str(), outcome);
    }
    for upstream in &config.upstreams {
        let target = broker::dial_target(upstream)?;
        let outcome = dialer.connect(&target).await.map(drop).map_err(|error| error.to_string());
        line("upstream", upstream.name.as_str(), outcome);
    }
    Ok(unreachable)
}
