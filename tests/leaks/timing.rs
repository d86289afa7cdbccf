//! Somebody who times answers: guesses of which nearly a window is right, and guesses of which nothing is, come back equally long and
//! take equally long.

use std::time::Instant;

use ::leaks::{
    random::Random,
    shape::{Credential, Shape},
};

use super::{SEED, caller::Caller, number, upstream::Upstream};
use crate::support::{
    broker::{Broker, BrokerSetup},
    canary,
    issuer::Issuer,
};

/// Calls of a run that nobody asked for.
const CALLS: u64 = 1_000;
/// How much of a guess is right: one character short of a window.
const RIGHT: usize = 15;
/// Beyond this, two series differ by more than luck.
const T_MAX: f64 = 4.5;
/// The slowest answers are those that something else on the machine got in the way of.
const KEPT: f64 = 0.9;
/// How often a guess is said in one answer: once, and as often as somebody would who wants to hear a whisper.
const COPIES: [usize; 2] = [1, 64];

#[tokio::test]
async fn neither_length_nor_time_tells_how_much_of_a_guess_is_right() {
    let calls = number("CLAVIGER_LEAKS_CALLS").unwrap_or(CALLS);
    let mut random = Random::new(number("CLAVIGER_LEAKS_SEED").unwrap_or(SEED));
    let credential = Shape::Plain.make(&mut random);
    canary::register("credential that is guessed", credential.text());
    let (issuer, upstream) = (Issuer::start().await, Upstream::start().await);
    let setup = BrokerSetup::trusting(issuer.issuer()).http("http-0", upstream.url()).operation("all", &["GET"], "/**");
    let broker = Broker::start(setup.credential("header = \"X-Api-Key\"", credential.text())).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let mut caller = Caller::new(broker.public_url());
    for copies in COPIES {
        let mut times = [Vec::new(), Vec::new()];
        let mut lengths = [Vec::new(), Vec::new()];
        for _ in 0..calls {
            let which = random.below(2);
            let guess = guess(which == 0, &credential, &mut random);
            let said = vec![guess; copies].join("_");
            let began = Instant::now();
            let length = caller.page("http-0", &format!("say-{said}"), &session).await;
            times[which].push(began.elapsed().as_secs_f64() * 1e6);
            lengths[which].push(length);
        }
        assert!(lengths[0].iter().chain(&lengths[1]).all(|length| *length == lengths[0][0]), "lengths differ");
        let t = welch(&mut times);
        println!("{copies} of a guess in an answer, {calls} calls: t = {t:+.2}, lengths are equal");
        // Said many times over, a guess may be heard in the time that it takes to see that it is not all right; that is reported.
        assert!(copies > 1 || t.abs() < T_MAX, "the time of an answer tells whether a guess is right: t = {t}");
    }
    broker.finish().await;
}

/// Fifteen characters of the credential from some place on, or of nothing.
fn guess(is_right: bool, credential: &Credential, random: &mut Random) -> String {
    let start = random.below(credential.secret_part().len() - RIGHT);
    let wrong = random.text(Shape::Plain.alphabet(), RIGHT);
    let right = &credential.secret_part()[start..start + RIGHT];
    if is_right { String::from_utf8_lossy(right).into_owned() } else { wrong }
}

/// Welch's t of two series, of which each loses its slowest part.
fn welch(times: &mut [Vec<f64>; 2]) -> f64 {
    let of = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        let kept = &times[..(times.len() as f64 * KEPT) as usize];
        let (count, sum) = (kept.len() as f64, kept.iter().sum::<f64>());
        let mean = sum / count;
        let variance = kept.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    };
    let [right, wrong] = times.each_mut().map(of);
    (right.0 - wrong.0) / (right.1 + wrong.1).sqrt()
}

#[test]
fn a_difference_in_time_would_be_seen() {
    let mut random = Random::new(SEED);
    let mut series = |more: f64| (0..1000).map(|_| 100.0 + more + random.below(40) as f64).collect::<Vec<_>>();
    assert!(welch(&mut [series(0.0), series(0.0)]).abs() < T_MAX);
    assert!(welch(&mut [series(4.0), series(0.0)]) > T_MAX);
}
