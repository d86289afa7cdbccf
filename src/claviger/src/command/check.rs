//! `claviger check`: the configuration, the policies, and whether issuers and upstreams can be reached.

use std::{io::IsTerminal as _, path::Path};

use dial::{DialOptions, Dialer};

use crate::{
    broker,
    output::{Failure, say},
    unlock,
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
    broker::check_masking(&config)?;
    if offline {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("no runtime can be started: {error}")))?;
    let unusable = credentials(&config)?;
    let unreachable = runtime.block_on(reach(&config))?;
    match unusable + unreachable {
        0 => Ok(()),
        wrong => Err(Failure::new(format!("{wrong} of the above cannot be used as it is"))),
    }
}

/// Opens each credential that the configuration names, and shows none.
fn credentials(config: &config::Config) -> Result<usize, Failure> {
    let asks = matches!(config.vault.key, config::KeySource::PassphrasePrompt) && !std::io::stdin().is_terminal();
    let named = broker::stored_secrets(config).len();
    if named == 0 {
        return Ok(0);
    }
    if !broker::has_vault(config) {
        say("credentials    none is stored yet; `claviger secret set NAME --upstream NAME` stores one");
        return Ok(0);
    }
    if asks {
        say("credentials    not checked: the vault asks for its passphrase on a terminal");
        return Ok(0);
    }
    let vault = broker::open_vault(config, &unlock::key(&config.vault.key)?)?;
    let unusable = broker::unusable_credentials(config, &vault);
    say(format!("credentials    {} of {named} can be used", named - unusable.len()));
    for (credential, reason) in &unusable {
        say(format!("credential     {credential}: {reason}"));
    }
    Ok(unusable.len())
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
    if let Some(target) = broker::analyzer_target(config)? {
        let outcome = dialer.connect(&target).await.map(drop).map_err(|error| error.to_string());
        line("analyzer", &target.destination.authority(), outcome);
    }
    Ok(unreachable)
}
