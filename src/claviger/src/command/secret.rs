//! `claviger secret`: stores, lists and removes credentials. Write-only: nothing prints a stored one, to anyone.

use config::Config;
use model::{Binding, Clock as _, ProviderName, SystemClock};
use secret::{FingerprintKey, FingerprintSet, Secret};

use crate::{
    broker,
    cli::{SecretCommand, SecretHolder},
    output::{Failure, hint, say},
    unlock,
};

pub(crate) fn run(command: SecretCommand) -> Result<(), Failure> {
    match command {
        SecretCommand::Set { name, holder, file_descriptor, configured } => {
            let config = super::load(&configured.config)?;
            set(&config, &name, &holder, file_descriptor)
        }
        SecretCommand::List { json, configured } => list(&super::load(&configured.config)?, json),
        SecretCommand::Rm { name, configured } => remove(&super::load(&configured.config)?, &name),
    }
}

fn set(config: &Config, name: &str, holder: &SecretHolder, descriptor: Option<u32>) -> Result<(), Failure> {
    let binding = match (&holder.upstream, &holder.provider) {
        (Some(upstream), _) => of_upstream(config, name, upstream)?,
        (None, Some(provider)) => of_provider(config, name, provider)?,
        (None, None) => return Err(Failure::new("say who needs it, with --upstream or --provider".to_owned())),
    };
    let vault = open(config)?;
    let secret = match descriptor {
        Some(number) => unlock::from_descriptor(number)?,
        None => unlock::prompt(&format!("credential {name}: "))?,
    };
    if holder.upstream.is_some() {
        check_maskable(&secret)?;
    }
    let generation = vault.put(&binding, secret, SystemClock.now());
    let generation = generation.map_err(|error| Failure::new(error.to_string()))?;
    say(format!("stored {name} (generation {generation}) for {}", binding.destination));
    hint("a broker that is running takes it up on SIGHUP");
    Ok(())
}

/// A credential that goes to an upstream can come back, and must then be recognized.
fn check_maskable(secret: &Secret) -> Result<(), Failure> {
    let key = FingerprintKey::random().map_err(|error| Failure::new(error.to_string()))?;
    let masked = FingerprintSet::new(&key).add(secret, 0);
    masked.map_err(|reason| Failure::new(format!("not stored: {reason}")))
}

/// What the credential of an upstream is bound to.
fn of_upstream(config: &Config, name: &str, upstream: &str) -> Result<Binding, Failure> {
    let known = config.upstreams.iter().find(|known| known.name.as_str() == upstream);
    let known =
        known.ok_or_else(|| Failure::new(format!("no upstream {upstream:?} in the configuration; add it first")))?;
    let binding = known.binding().filter(|binding| binding.credential.as_str() == name);
    let binding = binding.ok_or_else(|| {
        Failure::new(format!(
            "the upstream {upstream:?} has no credential {name:?} in the configuration; name it there first"
        ))
    })?;
    if known.is_stored() {
        return Ok(binding);
    }
    Err(Failure::new(format!(
        "the credential {name:?} is minted by a provider for each session; none is stored for it"
    )))
}

/// What a secret of a provider is bound to: its own, or the refresh token of one of its credentials.
fn of_provider(config: &Config, name: &str, provider: &str) -> Result<Binding, Failure> {
    if !config.providers.iter().any(|known| known.name.as_str() == provider) {
        return Err(Failure::new(format!("no provider {provider:?} in the configuration; add it first")));
    }
    let of_this = |(binding, holder): (Binding, Option<&ProviderName>)| {
        (holder.is_some_and(|holder| holder.as_str() == provider) && binding.credential.as_str() == name)
            .then_some(binding)
    };
    broker::stored_secrets(config).into_iter().find_map(of_this).ok_or_else(|| {
        Failure::new(format!(
            "the provider {provider:?} needs no secret {name:?} by the configuration; name it there first"
        ))
    })
}

fn list(config: &Config, json: bool) -> Result<(), Failure> {
    let vault = open(config)?;
    let now = SystemClock.now();
    for stored in vault.list() {
        let (name, upstream, destination) =
            (&stored.binding.credential, &stored.binding.upstream, &stored.binding.destination);
        let generation = stored.generation.as_u64();
        if json {
            let line = serde_json::json!({
                "name": name.as_str(), "upstream": upstream.as_str(), "destination": destination.to_string(),
                "generation": generation, "stored_ms": stored.stored.as_millis(),
            });
            say(line.to_string());
        } else {
            let days = now.since(stored.stored).as_secs() / 86_400;
            say(format!("{name:<24} {upstream:<16} {destination}  generation {generation}, {days} days old"));
        }
    }
    Ok(())
}

fn remove(config: &Config, name: &str) -> Result<(), Failure> {
    let parsed = name.parse().map_err(|error| Failure::new(format!("{name:?}: {error}")))?;
    open(config)?.remove(&parsed).map_err(|error| Failure::new(error.to_string()))?;
    say(format!("removed {name}"));
    Ok(())
}

fn open(config: &Config) -> Result<vault::Vault, Failure> {
    let key = unlock::key(&config.vault.key)?;
    broker::open_vault(config, &key)
}
