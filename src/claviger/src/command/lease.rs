//! `claviger lease`: what was minted and is not yet gone from its source, as the store knows it, beside a running broker or without one.

use std::path::Path;

use model::{Clock as _, LeaseId, Minting, SystemClock};
use store::{LeaseStore as _, SqliteStore};

use crate::{
    broker,
    output::{Failure, hint, say},
};

/// Lists every minting, the oldest first.
pub(crate) fn list(path: &Path, json: bool) -> Result<(), Failure> {
    let file = broker::store_file(&super::load(path)?);
    // Looking must not make a store.
    let mintings = if file.exists() { read(&file)? } else { Vec::new() };
    if mintings.is_empty() && !json {
        hint("nothing is minted");
    }
    for minting in &mintings {
        say(if json { for_programs(minting) } else { for_people(minting) });
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<Minting>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("no runtime can be started: {error}")))?;
    let mintings = runtime.block_on(async {
        let store = SqliteStore::open(file).await?;
        let mintings = store.mintings().await?;
        store.close().await?;
        Ok(mintings)
    });
    mintings.map_err(|error: store::StoreError| Failure::new(format!("the leases cannot be read: {error}")))
}

fn for_people(minting: &Minting) -> String {
    let age = SystemClock.now().since(minting.begun).as_secs();
    let error = minting.revocation.error.as_deref().map(|error| format!(" ({error})")).unwrap_or_default();
    let Minting { provider, credential, session, .. } = minting;
    let ids = ids(minting).join(" ");
    format!("{:<12} {provider:<16} {credential:<24} {age} s old, session {session}{error}  {ids}", state(minting))
}

fn for_programs(minting: &Minting) -> String {
    let line = serde_json::json!({
        "state": state(minting),
        "provider": minting.provider.as_str(),
        "credential": minting.credential.as_str(),
        "session": minting.session.as_str(),
        "session_end_ms": minting.session_end.as_millis(),
        "begun_ms": minting.begun.as_millis(),
        "expiry_ms": minting.minted.as_ref().map(|minted| minted.expiry.as_millis()),
        "ids": ids(minting),
        "attempts": minting.revocation.attempts,
        "error": minting.revocation.error,
    });
    line.to_string()
}

/// In a word, what becomes of it.
fn state(minting: &Minting) -> &'static str {
    match (&minting.minted, &minting.revocation) {
        (_, revocation) if revocation.is_irrevocable => "irrevocable",
        (_, revocation) if revocation.attempts > 0 => "revoking",
        (Some(_), _) => "minted",
        (None, _) => "minting",
    }
}

/// What its source knows it by, the newest first.
fn ids(minting: &Minting) -> Vec<&str> {
    let minted = minting.minted.iter().map(|minted| minted.lease.as_str());
    minted.chain(minting.made.iter().rev().map(LeaseId::as_str)).collect()
}

#[cfg(test)]
mod tests {
    use model::{Minted, Revocation};
    use store::conformance::minting;

    use super::*;

    #[test]
    fn a_line_says_what_becomes_of_a_minting_and_what_its_source_calls_it() {
        let made = vec!["token/1".parse().unwrap()];
        let minted = Some(Minted { lease: "lease/1".parse().unwrap(), expiry: minting("a").session_end });
        let tried = |is_irrevocable| Revocation { attempts: 3, error: Some("unreachable".to_owned()), is_irrevocable };
        let all = [
            (Minting { made: made.clone(), ..minting("a") }, "minting"),
            (Minting { made: made.clone(), minted: minted.clone(), ..minting("a") }, "minted"),
            (Minting { made: made.clone(), revocation: tried(false), ..minting("a") }, "revoking"),
            (Minting { made, minted, revocation: tried(true), ..minting("a") }, "irrevocable"),
        ];
        for (minting, state) in all {
            let (line, json) = (for_people(&minting), for_programs(&minting));
            let json: serde_json::Value = serde_json::from_str(&json).unwrap();
            assert!(line.starts_with(state) && line.ends_with("token/1"), "{line}");
            assert_eq!(
                (json["state"].as_str(), json["ids"][0].as_str()),
                (Some(state), ids(&minting).first().copied())
            );
            assert_eq!(line.contains("unreachable"), json["error"] == "unreachable");
        }
    }
}
