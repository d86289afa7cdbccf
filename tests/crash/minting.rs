//! `kill -9` between the steps of a mint, with a real OpenBao and a real PostgreSQL, and what must be true after the next start:
//! no lease is left that Claviger does not know, no user that has one, and no token but such as end within half a minute.
//!
//! Without more said this is a run of a few points; `cargo xtask crash --minting --points N --seed S` makes a long one.

mod report;
mod run;
mod scene;
mod step;

use super::number;
use crate::support::peers::{self, or_skip};

use self::{run::Run, step::Step};

/// Points of a run that nobody asked for: one in each part of a mint.
const POINTS: u64 = run::PARTS;
const SEED: u64 = 47;
/// From so many points on, none of the steps may have been missed.
const EVERY_STEP_POINTS: u64 = 200;

#[tokio::test]
async fn nothing_minted_is_left_when_the_broker_is_killed_in_a_mint() {
    or_skip!(peers::postgres());
    let points = number("CLAVIGER_CRASH_POINTS").unwrap_or(POINTS);
    let seed = number("CLAVIGER_CRASH_SEED").unwrap_or(SEED);
    let report = Run::start(seed).await.strike(points).await;
    println!("{}", report.summary(points, seed));
    assert_eq!(report.violations, Vec::<String>::new(), "seed {seed}");
    report.controls();
    if points >= EVERY_STEP_POINTS {
        let missed: Vec<Step> = Step::ALL.into_iter().filter(|step| report.at(*step) == 0).collect();
        assert!(missed.is_empty(), "no kill struck at {missed:?}");
    }
}
