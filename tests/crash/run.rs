//! A run: start, load, kill, look, again.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use parking_lot::Mutex;
use tlog::Outcome;
use tokio::time::{sleep, timeout};

use super::{
    broker::{Broker, Home},
    caller::{Caller, Form, session_of},
    kill::Trigger,
    load::{Ground, Load, Tokens},
    record::Record,
    report::Report,
    schedule::{Random, Strike},
    seen::{Seen, violations},
    server::Server,
    upstream,
};
use crate::support::issuer::Issuer;

/// An armed kill comes with the load; without any load it would never come.
const STRUCK_MAX: Duration = Duration::from_secs(60);
/// How often a long run says how far it is.
const PROGRESS_POINTS: u64 = 20;

/// A run between two kills.
pub(super) struct Run {
    /// Where the kills strike; nothing else draws from it, so that a seed says all of it.
    strikes: Random,
    random: Random,
    home: Home,
    upstream: Server,
    ground: Arc<Ground>,
    load: Load,
    record: Record,
    /// The last checkpoint that was looked at, as an auditor keeps it elsewhere.
    checkpoint: Option<Vec<u8>>,
    report: Report,
}

impl Run {
    /// Starts everything but the broker.
    pub(super) async fn start(seed: u64) -> Self {
        let (strikes, mut random) = (Random::new(seed), Random::new(!seed));
        let (seen, trigger) = (Arc::<Mutex<Seen>>::default(), Arc::<Trigger>::default());
        let credential = canary();
        let issuer = Issuer::start().await;
        let upstream = upstream::start(&credential, &seen, &trigger).await;
        let home = Home::new(issuer.issuer(), &upstream.url(), &credential);
        let public_url = home.public_url().to_owned();
        let (kept, revoked, sent) = (Mutex::default(), Mutex::default(), AtomicU64::new(0));
        let ground = Arc::new(Ground { public_url, credential, issuer, seen, trigger, kept, revoked, sent });
        let load = Load::start(&ground, &mut random);
        let (record, checkpoint, report) = (Record::default(), None, Report::default());
        Self { strikes, random, home, upstream, ground, load, record, checkpoint, report }
    }

    /// Kills the broker at this many points, and looks after each.
    #[expect(clippy::print_stdout, reason = "a long run says how far it is")]
    pub(super) async fn strike(mut self, points: u64) -> Report {
        // The first start makes keys and files, which no restart does.
        let (mut broker, _) = self.home.spawn().ready().await;
        let mut is_running = true;
        for point in 1..=points {
            let strike = self.strikes.strike();
            match strike {
                Strike::Start(after) => {
                    if is_running {
                        broker.kill();
                        broker.gone().await;
                    }
                    let starting = self.home.spawn();
                    sleep(after).await;
                    starting.kill().await;
                    self.report.kills[3] += 1;
                }
                Strike::Moment(_) | Strike::Effect(_) | Strike::Answer(_) => {
                    if !is_running {
                        broker = self.restart().await;
                    }
                    self.under_load(strike, &broker).await;
                }
            }
            is_running = false;
            self.look(&format!("point {point} ({strike:?})"));
            if point % PROGRESS_POINTS == 0 {
                println!("{}", self.progress(point, points));
            }
        }
        let last = self.restart().await;
        last.kill();
        last.gone().await;
        self.upstream.closed().await;
        self.finish()
    }

    /// Starts the broker again, and asks it for what callers were told before it was killed.
    async fn restart(&mut self) -> Arc<Broker> {
        let (broker, took) = self.home.spawn().ready().await;
        self.report.restarts.push(took);
        let (kept, revoked) = (self.ground.kept.lock().split_off(0), self.ground.revoked.lock().split_off(0));
        let mut caller = Caller::connect(&self.ground.public_url).await.expect("it is ready");
        let last = |tokens: Vec<String>| tokens.into_iter().next_back();
        for (token, expected) in [(last(kept), StatusCode::OK), (last(revoked), StatusCode::UNAUTHORIZED)] {
            let Some(token) = token else { continue };
            let trace = format!("{:016x}{:016x}", self.random.next(), self.random.next() | 1);
            let answer = caller.call(Form::Get, &token, &trace).await.expect("nobody kills it now");
            if answer.status != expected {
                let (session, status) = (session_of(&token), answer.status);
                self.report.violations.push(format!("{session}: {status} after the restart, not {expected}"));
            }
        }
        broker
    }

    /// Opens the gate, lets the kill come, and waits until all that was on its way has arrived.
    async fn under_load(&mut self, strike: Strike, broker: &Arc<Broker>) {
        let mut caller = Caller::connect(&self.ground.public_url).await.expect("it is ready");
        let subject = self.ground.issuer.token("crash");
        let session = caller.exchange(&subject).await.expect("nobody kills it now");
        let session =
            session.unwrap_or_else(|refused| panic!("no session: {}", String::from_utf8_lossy(&refused.body)));
        let (tokens, trigger) = (Tokens { session, subject }, Arc::clone(&self.ground.trigger));
        let kind = match strike {
            Strike::Moment(after) => {
                self.load.open(tokens);
                sleep(after).await;
                broker.kill();
                0
            }
            Strike::Effect(count) => {
                trigger.arm_effect(count, broker);
                self.load.open(tokens);
                timeout(STRUCK_MAX, trigger.struck()).await.expect("the upstream is called");
                1
            }
            Strike::Answer(count) => {
                trigger.arm_answer(count, broker);
                self.load.open(tokens);
                timeout(STRUCK_MAX, trigger.struck()).await.expect("calls are answered");
                2
            }
            Strike::Start(_) => 3,
        };
        self.report.kills[kind] += 1;
        self.load.close();
        let printed = broker.gone().await;
        if printed.contains(&self.ground.credential) {
            self.report.violations.push("the broker logged the credential".to_owned());
        }
        self.load.still().await;
        self.upstream.closed().await;
    }

    /// Verifies the record, and holds what both sides saw against it.
    fn look(&mut self, when: &str) {
        let (folder, key) = (self.home.record(), self.home.verifier());
        match tlog::verify(&folder, &key, self.checkpoint.as_deref()) {
            Outcome::Intact(_) => {}
            other => self.report.violations.push(format!("{when}: the record does not verify: {other:?}")),
        }
        self.checkpoint = fs::read(folder.join("checkpoint")).ok();
        if let Err(error) = self.record.read_on(&folder, &key) {
            self.report.violations.push(format!("{when}: the record cannot be read: {error}"));
        }
        let seen = std::mem::take(&mut *self.ground.seen.lock());
        let found = violations(&seen, &self.record);
        self.report.violations.extend(found.into_iter().map(|violation| format!("{when}: {violation}")));
        self.report.effects += seen.effects.len();
        self.report.answers += seen.answers.len();
        self.report.sessions += seen.sessions_begun.len();
        self.report.revocations += seen.sessions_ended.len();
        if !seen.answers.is_empty() {
            self.report.sample = seen;
        }
    }

    /// Reads the whole record once more: it still begins with everything that was read after each kill.
    fn finish(mut self) -> Report {
        self.look("the end");
        let (folder, key) = (self.home.record(), self.home.verifier());
        let mut again = Record::default();
        let read = again.read_on(&folder, &key);
        if read.is_err() || again.len() != self.record.len() || again.digest() != self.record.digest() {
            self.report.violations.push("the record is not the one that was read after each kill".to_owned());
        }
        self.report.sent = self.ground.sent.load(Ordering::Relaxed);
        self.report.record = self.record;
        self.report.home = Some(self.home);
        self.report
    }

    fn progress(&self, point: u64, points: u64) -> String {
        let Report { effects, answers, violations, .. } = &self.report;
        let (max, found) = (self.report.restart_max(), violations.len());
        format!(
            "  {point} of {points}: {effects} requests, {answers} answers, {found} violations, slowest restart {max:?}"
        )
    }
}

/// A credential that stands nowhere else.
fn canary() -> String {
    let mut bytes = [0; 30];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes).expect("random bytes");
    format!("canary-{}", URL_SAFE_NO_PAD.encode(bytes))
}
