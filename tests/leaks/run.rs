//! One run: a broker with a credential of each shape, callers that ask for every case, and a judge for what they read.

use std::{
    fmt, fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use ::leaks::{
    corpus::{Case, Corpus},
    encoding::Class,
    judge::Judge,
    shape::Credential,
    tally::Tally,
};
use parking_lot::Mutex;
use tokio::{
    process::Command,
    sync::mpsc,
    task::JoinSet,
    time::{Instant as TokioInstant, interval_at},
};

use super::{
    caller::{Arrived, Caller},
    upstream::Upstream,
};
use crate::support::{
    broker::{Broker, BrokerSetup},
    canary,
    issuer::Issuer,
    program,
};

/// Calls in flight.
const CALLERS: usize = 24;
/// Answers that wait for the judge; beyond it callers wait.
const WAITING_MAX: usize = 256;
/// A session is left long before it ends.
const SESSION_MAX: Duration = Duration::from_secs(240);
/// A long run says that it goes on.
const CASES_PER_LINE: usize = 20_000;
/// The broker's own words that are read with every decoder, beside all of them being searched: so much of each output, and so many
/// outputs, spread over all.
const DECODED_BYTES_MAX: usize = 64 << 10;
const DECODED_OUTPUTS: usize = 100;

/// A run that has begun.
#[derive(Debug)]
pub(super) struct Run {
    broker: Broker,
    issuer: Issuer,
    _upstream: Upstream,
    ground: Arc<Ground>,
}

/// What callers and the judge share.
#[derive(Debug)]
struct Ground {
    public_url: String,
    credentials: Vec<Credential>,
    cases: Vec<Case>,
    next: AtomicUsize,
    session: Mutex<String>,
}

/// What a run found.
#[derive(Debug)]
pub(super) struct Report {
    tally: Tally,
    seconds: f64,
    cases: usize,
    own_outputs: Vec<(String, usize)>,
    own_leaks: Vec<String>,
}

impl Run {
    /// Starts a broker with two upstreams for each credential. `is_long`: it logs less.
    pub(super) async fn start(corpus: &Corpus, is_long: bool) -> Self {
        let credentials = Credential::one_of_each(corpus.seed);
        let (issuer, upstream) = (Issuer::start().await, Upstream::start().await);
        let mut setup = BrokerSetup::trusting(issuer.issuer());
        for (number, credential) in credentials.iter().enumerate() {
            canary::register(&format!("credential {number}"), credential.text());
            let slot = "header = \"X-Api-Key\"";
            setup = setup.http(&format!("http-{number}"), upstream.url()).operation("all", &["GET"], "/**");
            setup = setup.credential(slot, credential.text());
            setup = setup.mcp(&format!("mcp-{number}"), &format!("{}/mcp", upstream.url()), "2026-07-28");
            setup = setup.credential(slot, credential.text());
        }
        let mut broker = Broker::prepare(setup).await;
        if is_long {
            let mut quiet = Command::new("sh");
            quiet.args(["-c", "CLAVIGER_LOG=warn,claviger::command::serve=info exec \"$0\" \"$@\""]);
            quiet.arg(program::claviger());
            broker.serve_as(quiet).await;
        } else {
            broker.serve().await;
        }
        let cases = corpus.cases(&credentials);
        let session = Mutex::new(broker.token(&issuer.token("assistant")).await);
        let public_url = broker.public_url().to_owned();
        let ground = Arc::new(Ground { public_url, credentials, cases, next: AtomicUsize::new(0), session });
        Self { broker, issuer, _upstream: upstream, ground }
    }

    /// Runs every case, and searches what the broker itself has written, which of a long run is long.
    #[expect(clippy::print_stdout, reason = "a long run says how far it is")]
    pub(super) async fn finish(self) -> Report {
        let began = Instant::now();
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let judging = {
            let ground = Arc::clone(&self.ground);
            thread::spawn(move || judge(&ground, receiver))
        };
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            callers.spawn(call(Arc::clone(&self.ground), sender.clone()));
        }
        drop(sender);
        let mut renewal = interval_at(TokioInstant::now() + SESSION_MAX, SESSION_MAX);
        loop {
            tokio::select! {
                called = callers.join_next() => match called {
                    Some(called) => called.expect("no caller panics"),
                    None => break,
                },
                _ = renewal.tick() => {
                    let session = self.broker.token(&self.issuer.token("assistant")).await;
                    *self.ground.session.lock() = session;
                }
            }
        }
        let tally = judging.join().expect("the judge judges all");
        let seconds = began.elapsed().as_secs_f64();
        println!("  judged after {seconds:.0} s; now what the broker itself has written");
        println!("{}", tally.report());
        let (own_outputs, own_leaks) = own_outputs(self.broker, &self.ground).await;
        Report { tally, seconds, cases: self.ground.cases.len(), own_outputs, own_leaks }
    }
}

/// One caller: case after case, until there is none left.
#[expect(clippy::print_stdout, reason = "a long run says how far it is")]
async fn call(ground: Arc<Ground>, judge: mpsc::Sender<(Case, Arrived)>) {
    let mut caller = Caller::new(&ground.public_url);
    loop {
        let number = ground.next.fetch_add(1, Ordering::Relaxed);
        let Some(case) = ground.cases.get(number) else { return };
        let session = ground.session.lock().clone();
        let arrived = caller.call(case, &session).await;
        judge.send((*case, arrived)).await.expect("the judge waits for callers");
        if (number + 1).is_multiple_of(CASES_PER_LINE) {
            println!("  {} of {}", number + 1, ground.cases.len());
        }
    }
}

/// Judges what callers read, until they are gone.
fn judge(ground: &Ground, mut arrived: mpsc::Receiver<(Case, Arrived)>) -> Tally {
    let judges = ground.credentials.iter().map(Judge::of).collect::<Vec<_>>();
    let mut tally = Tally::default();
    while let Some((case, Arrived { bytes, ending })) = arrived.blocking_recv() {
        let verdict = judges[case.credential].verdict(&bytes, ending);
        tally.add(&case, &ground.credentials, verdict);
    }
    tally
}

/// What the broker itself has written, and where a credential can be read out of it: its log, metrics, record, and all its files.
async fn own_outputs(broker: Broker, ground: &Ground) -> (Vec<(String, usize)>, Vec<String>) {
    let mut outputs = vec![
        ("log".to_owned(), broker.printed().into_bytes()),
        ("metrics".to_owned(), broker.metrics().await.into_bytes()),
    ];
    for query in [&["audit", "query", "--json"][..], &["approvals", "list", "--json"]] {
        let ran = broker.command(&[query, &["-c", "claviger.toml"]].concat(), "").await;
        outputs.push((query[..2].join(" "), (ran.stdout + &ran.stderr).into_bytes()));
    }
    files_below(&broker.path("data"), &mut outputs);
    let judges = ground.credentials.iter().map(Judge::of).collect::<Vec<_>>();
    let mut leaks = Vec::new();
    let decoded_step = outputs.len().div_ceil(DECODED_OUTPUTS);
    for (number, (name, bytes)) in outputs.iter().enumerate() {
        let is_decoded = number.is_multiple_of(decoded_step);
        let part = if is_decoded { &bytes[..bytes.len().min(DECODED_BYTES_MAX)] } else { &[] };
        let leaking = judges.iter().any(|judge| judge.reads(bytes) || judge.finds(part));
        leaks.extend(leaking.then(|| name.clone()));
    }
    // Stops it, and searches the rest for the forms that other tests know.
    broker.finish().await;
    (outputs.into_iter().map(|(name, bytes)| (name, bytes.len())).collect(), leaks)
}

fn files_below(folder: &Path, outputs: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder of the broker").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files_below(&path, outputs);
        } else {
            let bytes = fs::read(&path).expect("a file of the broker");
            outputs.push((path.display().to_string(), bytes));
        }
    }
}

impl Report {
    /// # Panics
    ///
    /// When anything came through; or, but for a slice of chosen cases, when the run proves nothing.
    pub(super) fn judge(&self, is_slice: bool) {
        assert_eq!(self.own_leaks, Vec::<String>::new());
        let all = self.tally.of(Class::A);
        assert_eq!((all.leaked, all.unscanned), (0, 0), "leaked, and passed unscanned: {:?}", self.tally.passed());
        if is_slice {
            return;
        }
        assert!(all.masked > all.total() / 2, "most answers arrive, with a marker");
        // What cannot be stopped is seen to pass: a judge that finds nothing, and a broker that refuses everything, would fail here.
        assert!(self.tally.of(Class::C).unscanned > 0, "class C is said to be stopped, which is not true of anything");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.cases as f64 / self.seconds;
        writeln!(f, "{} cases in {:.1} s, {rate:.0} a second", self.cases, self.seconds)?;
        let bytes = self.own_outputs.iter().map(|(_, length)| length).sum::<usize>();
        let (outputs, leaks) = (self.own_outputs.len(), self.own_leaks.len());
        write!(
            f,
            "the broker's own words: {outputs} outputs, {bytes} bytes, {leaks} with a credential {:?}",
            self.own_leaks
        )
    }
}
