//! Bombs through the running broker: each ends, as an answer or refused, what it costs is bounded in time and memory, and others are
//! served meanwhile.

use std::{
    convert::Infallible,
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use ::leaks::{
    bomb::{self, Bomb, FREE},
    encoding::Coding,
    shape::Credential,
};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use tokio::time::{sleep, timeout};

use super::SEED;
use crate::support::{
    broker::{Broker, BrokerSetup, bearer},
    canary,
    echo::{Echo, Piece, Reply},
    http_client,
    issuer::Issuer,
};

/// What a bomb claims to be, in turn.
const KINDS: [&str; 3] = ["application/json", "text/event-stream", "text/plain"];
/// The pieces of a body on the wire.
const PIECE: usize = 16 << 10;
/// How many times the time of a plain body a bomb takes, for each byte of it.
const TIMES_MAX: f64 = 60.0;
/// What the broker may need for one: buffers of decoders and of connections, and what one piece expands to.
const MEBIBYTES_MAX: u64 = 64;
/// Only what hangs takes this long.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// How long somebody else's small call may take meanwhile: not until a bomb is through, but this is a debug build on a busy machine.
const OTHERS_WAIT_MAX: Duration = Duration::from_secs(30);
/// How long the plain body is.
const PLAIN: usize = 512 << 10;

/// What became of one.
struct Ended {
    status: StatusCode,
    /// How many bytes of its body came.
    received: usize,
    /// Whether that was all of it.
    is_whole: bool,
    /// Of the broker's processor.
    time: Duration,
    mebibytes: u64,
}

#[tokio::test]
async fn a_bomb_ends_and_others_are_served_meanwhile() {
    let plain = Bomb { name: "plain".to_owned(), coding: None, body: plain(PLAIN) };
    let bombs = Arc::new([vec![plain], bomb::all()].concat());
    let upstream = Echo::start(serve(Arc::clone(&bombs))).await;
    let issuer = Issuer::start().await;
    let mut setup = BrokerSetup::trusting(issuer.issuer());
    for (number, credential) in Credential::one_of_each(SEED).iter().enumerate() {
        canary::register(&format!("live credential {number}"), credential.text());
        setup = setup.http(&format!("api-{number}"), upstream.url()).operation("all", &["GET"], "/**");
        setup = setup.credential("header = \"X-Api-Key\"", credential.text());
    }
    let mut broker = Broker::start(setup).await;
    let process = broker.process().id();
    let session = broker.token(&issuer.token("assistant")).await;
    let small = broker.http_url("api-1", "/small");
    let said = tokio::select! {
        said = send_all(&broker, &session, process, &bombs) => said,
        never = call_again_and_again(&small, &session) => match never {},
    };
    println!("{said}");
    broker.finish().await;
}

/// Sends the plain body and then each bomb. Says which was the worst.
async fn send_all(broker: &Broker, session: &str, process: u32, bombs: &[Bomb]) -> String {
    // The first one has the tables made.
    let mut per_byte = 0.0;
    for _ in 0..2 {
        let ended = fetch(broker, session, process, 0).await;
        assert_eq!((ended.status.as_u16(), ended.received), (200, PLAIN));
        per_byte = ended.time.as_secs_f64().max(0.01) / PLAIN as f64;
    }
    let (mut refused, mut worst) = (0, (0.0, String::new()));
    for (number, bomb) in bombs.iter().enumerate().skip(1) {
        let Ended { status, received, is_whole, time, mebibytes } = fetch(broker, session, process, number).await;
        let name = format!("{} as {}: {status}, {received} bytes, {time:?}, {mebibytes} MiB", bomb.name, kind(number));
        assert!(status.is_success() || status == StatusCode::BAD_GATEWAY, "{name}");
        assert!(received <= bomb.passed_on_max(), "{name}");
        assert!(mebibytes <= MEBIBYTES_MAX, "{name}");
        let times = time.as_secs_f64() / per_byte / (FREE + received.max(bomb.body.len())) as f64;
        assert!(times < TIMES_MAX, "{times:.1} times: {name}");
        refused += usize::from(!status.is_success() || !is_whole);
        if times > worst.0 {
            worst = (times, name);
        }
    }
    assert!(refused > 0, "what expands too much is refused");
    format!(
        "{} bombs, {refused} refused; the worst took {:.1} times a plain body: {}",
        bombs.len() - 1,
        worst.0,
        worst.1
    )
}

/// The upstream: a small answer, or a bomb by its number.
fn serve(bombs: Arc<Vec<Bomb>>) -> impl Fn(&crate::support::echo::Received) -> Reply {
    move |request| {
        let Ok(number) = request.uri.path().trim_start_matches("/bomb/").parse::<usize>() else {
            return Reply::text("it is small");
        };
        let Bomb { coding, body, .. } = &bombs[number];
        let body = Bytes::from(body.clone());
        let reply =
            Reply::stream(kind(number), body.chunks(PIECE).map(|piece| Piece::Bytes(body.slice_ref(piece))).collect());
        coding.map(Coding::token).into_iter().fold(reply, |reply, coding| reply.header("content-encoding", coding))
    }
}

const fn kind(number: usize) -> &'static str {
    KINDS[number % KINDS.len()]
}

/// Takes what comes of a bomb until it ends or is cut.
async fn fetch(broker: &Broker, session: &str, process: u32, number: usize) -> Ended {
    fs::write(format!("/proc/{process}/clear_refs"), "5").expect("it is a child");
    let (time, memory) = (time_of(process), peak(process));
    let url: http::Uri = broker.http_url("api-0", &format!("/bomb/{number}")).parse().expect("it is one");
    let authority = url.authority().expect("it has a host").to_string();
    let mut request =
        Request::builder().method(Method::GET).uri(url.path()).body(Full::new(Bytes::new())).expect("parts are valid");
    *request.headers_mut() = bearer(session);
    request.headers_mut().insert("host", authority.parse().expect("an authority is a header's value"));
    let ended = timeout(ANSWER_MAX, async {
        let mut answer = http_client::exchange(&authority, request).await.expect("there is a head");
        let (status, mut received) = (answer.status(), 0);
        let is_whole = loop {
            match answer.body_mut().frame().await {
                Some(Ok(frame)) => received += frame.data_ref().map_or(0, Bytes::len),
                end => break end.is_none(),
            }
        };
        (status, received, is_whole)
    });
    let (status, received, is_whole) = ended.await.unwrap_or_else(|_| panic!("bomb {number} does not end"));
    Ended {
        status,
        received: if status.is_success() { received } else { 0 },
        is_whole,
        time: time_of(process).saturating_sub(time),
        mebibytes: peak(process).saturating_sub(memory) >> 20,
    }
}

/// Somebody who has nothing to do with it. Ends only where a call is not answered.
async fn call_again_and_again(url: &str, session: &str) -> Infallible {
    loop {
        let began = Instant::now();
        let answer = http_client::send(Method::GET, url, bearer(session), "").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(began.elapsed() < OTHERS_WAIT_MAX, "a small call took {:?}", began.elapsed());
        sleep(Duration::from_millis(250)).await;
    }
}

/// A body as tools give it.
fn plain(length: usize) -> Vec<u8> {
    let items = (0..).map(|number| format!("{{\"id\":{number},\"note\":\"it is what it is\\nand no more\"}},"));
    items.flat_map(String::into_bytes).take(length).collect()
}

/// The processor time of a process, in the steps in which Linux counts: of ten milliseconds.
fn time_of(process: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
    let (_, behind_name) = text.rsplit_once(") ").expect("Linux writes it so");
    let ticks = behind_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number"));
    Duration::from_millis(10 * ticks.sum::<u64>())
}

/// The most memory that a process had since it was last forgotten, in bytes.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux says so");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
}
