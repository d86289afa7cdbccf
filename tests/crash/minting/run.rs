//! A run: at each point sessions make their first calls, the broker is killed in the midst of them, and starts again.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use serde_json::Value;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    report::Report,
    scene::Scene,
    step::{Called, steps},
};
use crate::{
    crash::{
        broker::{Broker, Home},
        caller::{Caller, Form, session_of},
        schedule::Random,
        server::{Server, answer},
    },
    support::{issuer::Issuer, readers},
};

/// Sessions that make their first calls at once at each point.
const SESSIONS: usize = 3;
/// A mint is thought of in this many parts, and each kill falls into the next of them.
pub(super) const PARTS: u64 = 8;
/// Mints that are measured first. The first of them is not like the others: OpenBao fetches the broker's keys.
const MEASURED: usize = 4;
/// A broker that is ready must have ended what the one before it left within this time. It waits some seconds until no request of the
/// one before can be under way.
const ENDED_MAX: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How often a long run says how far it is.
const PROGRESS_POINTS: u64 = 20;

/// Everything but the broker.
pub(super) struct Run {
    strikes: Random,
    traces: Random,
    issuer: Issuer,
    home: Home,
    scene: Scene,
    /// The traces of the calls that the upstream has received.
    sent: Arc<Mutex<HashSet<String>>>,
    _upstream: Server,
    report: Report,
}

impl Run {
    pub(super) async fn start(seed: u64) -> Self {
        let (scene, issuer) = (Scene::start(), Issuer::start().await);
        let sent = Arc::<Mutex<HashSet<String>>>::default();
        let noting = Arc::clone(&sent);
        let upstream = Server::start(move |request| {
            let trace = request.headers().get("traceparent").and_then(|value| value.to_str().ok()?.split('-').nth(1));
            noting.lock().insert(trace.unwrap_or_default().to_owned());
            std::future::ready(answer("application/json", ["{}\n".to_owned()]))
        });
        let upstream = upstream.await;
        let upstreams = format!(
            r#"
                [[upstreams]]
                name = "api"
                kind = "http"
                url = "{}/api"
                addresses = "loopback"
                operations = [{{ name = "items", methods = ["GET"], path = "/**" }}]
                [upstreams.credential]
                name = "api-minted"
                provider = "bao"
                inject = {{ basic = true }}
                {}
                {}
            "#,
            upstream.url(),
            readers::CREDENTIAL,
            readers::provider(&scene.bao.url())
        );
        let home = Home::with_upstreams(issuer.issuer(), &["api:*"], &upstreams);
        let (strikes, traces, report) = (Random::new(seed), Random::new(!seed), Report::default());
        Self { strikes, traces, issuer, home, scene, sent, _upstream: upstream, report }
    }

    /// Measures how long a mint takes, and then kills the broker at this many points.
    #[expect(clippy::print_stdout, reason = "a long run says how far it is")]
    pub(super) async fn strike(mut self, points: u64) -> Report {
        let (first, _) = self.home.spawn().ready().await;
        readers::trust(&self.scene.bao, self.home.public_url());
        end(&first).await;
        for count in 0..MEASURED {
            let took = self.point(&format!("measured {count}"), None).await;
            self.report.mints.push(took);
        }
        for point in 0..points {
            let within = (self.strikes.next() % 1000) as f64 / 1000.0;
            let after = self.moment((point % PARTS) as f64 + within);
            self.point(&format!("point {} ({after:?})", point + 1), Some(after)).await;
            if (point + 1) % PROGRESS_POINTS == 0 {
                println!("{}", self.report.progress(point + 1, points));
            }
        }
        self.report
    }

    /// When to strike for a number of parts. The first steps of a mint follow each other most quickly, so the first parts are the
    /// shortest; the last one ends a little past the end.
    fn moment(&self, parts: f64) -> Duration {
        self.report.mint_median().mul_f64(1.1 * (parts / PARTS as f64).powi(2))
    }

    /// One kill, so long after the calls were sent, or after the last answer where nothing is said; gives the time that it came.
    async fn point(&mut self, when: &str, after: Option<Duration>) -> Duration {
        let (broker, _) = self.home.spawn().ready().await;
        let mut callers = Vec::new();
        for _ in 0..SESSIONS {
            let mut caller = Caller::connect(self.home.public_url()).await.expect("it is ready");
            let token = caller.exchange(&self.issuer.token("crash")).await.expect("nobody kills it now");
            let token = token.unwrap_or_else(|refused| panic!("{}", String::from_utf8_lossy(&refused.body)));
            let trace = format!("{:016x}{:016x}", self.traces.next(), self.traces.next() | 1);
            callers.push((caller, token, trace));
        }
        self.scene.look();
        let (began, mut calls) = (Instant::now(), JoinSet::new());
        for (mut caller, token, trace) in callers {
            calls.spawn(async move { (caller.call(Form::Get, &token, &trace).await, session_of(&token), trace) });
        }
        let answers = match after {
            Some(after) => {
                sleep(after).await;
                broker.kill();
                calls.join_all().await
            }
            None => calls.join_all().await,
        };
        let took = began.elapsed();
        end(&broker).await;

        let mut called = Vec::new();
        for (answer, session, trace) in answers {
            let (sent, answered) = (self.sent.lock().remove(&trace), answer.is_ok());
            if let Ok(whole) = answer.as_ref().map(|whole| (whole.status, &whole.body))
                && whole.0 != 200
            {
                self.report.violations.push(format!("{when}: {} {}", whole.0, String::from_utf8_lossy(whole.1)));
            }
            called.push(Called { session, sent, answered });
        }
        let (rows, standing) = (self.home.leases(), self.scene.look());
        self.report.struck(when, &steps(&called, &rows, &standing), &rows, &standing);
        self.after(when).await;
        took
    }

    /// Starts the broker again, and looks at what is left.
    async fn after(&mut self, when: &str) {
        let (broker, _) = self.home.spawn().ready().await;
        let began = Instant::now();
        let ended = async {
            while self.scene.has_leases() || !self.home.leases().is_empty() {
                sleep(LOOK_AGAIN).await;
            }
        };
        let in_time = timeout(ENDED_MAX, ended).await.is_ok();
        self.report.ends.push(began.elapsed());
        self.report.lost += self.scene.set_lost_aside();
        let (rows, standing) = (self.home.leases(), self.scene.look());
        self.report.ended(when, in_time, &rows, &standing);
        end(&broker).await;
    }
}

/// Ends a broker as a crash does.
async fn end(broker: &Broker) {
    broker.kill();
    let _log = broker.gone().await;
}

/// The rows that name anything at OpenBao.
pub(super) fn naming(rows: &[Value]) -> usize {
    rows.iter().filter(|row| row["ids"].as_array().is_some_and(|ids| !ids.is_empty())).count()
}
