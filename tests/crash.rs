//! `kill -9` at random points under load, and what must be true after each: no effect without an intent, no answer without an
//! outcome, a record that verifies, sessions that are kept, a restart within a second.
//!
//! Without more said this is a run of a few points; `cargo xtask crash --points N --seed S` makes a long one.

mod broker;
mod caller;
mod kill;
mod load;
mod minting;
mod record;
mod report;
mod run;
mod schedule;
mod seen;
mod server;
mod upstream;

use std::{env, time::Duration};

use self::run::Run;

/// Points of a run that nobody asked for.
const POINTS: u64 = 12;
/// Three kills of each kind are among the first twelve.
const SEED: u64 = 47;
/// What a restart may take.
const RESTART_MAX: Duration = Duration::from_secs(1);

#[tokio::test]
async fn nothing_is_lost_or_unrecorded_when_the_broker_is_killed() {
    let points = number("CLAVIGER_CRASH_POINTS").unwrap_or(POINTS);
    let seed = number("CLAVIGER_CRASH_SEED").unwrap_or(SEED);
    let report = Run::start(seed).await.strike(points).await;
    println!("{}", report.summary(points, seed));
    assert_eq!(report.violations, Vec::<String>::new(), "seed {seed}");
    report.controls();
    // Others may need the processors while this runs beside other tests: then half of the restarts speak for all.
    let judged = if number("CLAVIGER_CRASH_POINTS").is_some() { report.restart_max() } else { report.restart_median() };
    assert!(judged < RESTART_MAX, "a restart takes {judged:?}");
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var_os(variable)?;
    let number = text.to_str().and_then(|text| text.parse().ok());
    Some(number.unwrap_or_else(|| panic!("{variable} is a whole number")))
}
