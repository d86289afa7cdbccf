//! What a minted credential costs: the first call of a session, and calls that find a lease beside calls with a stored credential.

use super::{
    CALLS_PER_SECOND, Options, WARM_UP_SECONDS,
    measure::{self, Calls, Latency},
    parts::Parts,
    setup::MINTED,
};
use crate::command::Failure;

/// Sessions whose first call is timed, one after another.
pub(crate) const SESSIONS: usize = 50;
/// The upstream of the same work with a stored credential.
const STORED: &str = "small";

/// What was measured. Of each pair the first is of the stored credential.
#[derive(Debug)]
pub(crate) struct Minted {
    /// The first call of each session, and its second one.
    pub(crate) first: [Latency; 2],
    pub(crate) calls: Vec<[Calls; 2]>,
    pub(crate) latencies: Vec<[Latency; 2]>,
}

/// Measures, where there is something that mints.
pub(crate) fn measure(parts: &Parts, options: &Options) -> Result<Option<Minted>, Failure> {
    let (Some(stored), Some(minted)) = (parts.minting_target(STORED), parts.minting_target(MINTED)) else {
        println!("   OpenBao or PostgreSQL is not installed: nothing is minted");
        return Ok(None);
    };
    println!("== minting: the first calls of {SESSIONS} sessions");
    let first = measure::first(&minted, parts.subject()?, SESSIONS)?;
    parts.exchange(&minted)?;
    for target in [&stored, &minted] {
        measure::load(target, WARM_UP_SECONDS, options.connections)?;
    }
    let (mut calls, mut latencies) = (Vec::new(), Vec::new());
    for round in 1..=options.rounds {
        println!("== minting: round {round} of {}", options.rounds);
        let load = |target| measure::load(target, options.seconds, options.connections);
        calls.push([load(&stored)?, load(&minted)?]);
        let pace = |target| measure::pace(target, options.seconds, CALLS_PER_SECOND);
        latencies.push([pace(&stored)?, pace(&minted)?]);
    }
    Ok(Some(Minted { first, calls, latencies }))
}

impl Minted {
    /// The medians of one column, stored and minted.
    pub(crate) fn calls(&self, of: impl Fn(&Calls) -> f64) -> [f64; 2] {
        [
            measure::median(self.calls.iter().map(|[stored, _]| of(stored))),
            measure::median(self.calls.iter().map(|[_, minted]| of(minted))),
        ]
    }

    pub(crate) fn latency(&self, of: impl Fn(&Latency) -> f64) -> [f64; 2] {
        [
            measure::median(self.latencies.iter().map(|[stored, _]| of(stored))),
            measure::median(self.latencies.iter().map(|[_, minted]| of(minted))),
        ]
    }
}
