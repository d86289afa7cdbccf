//! An analyzer that asks services which answer, answer something else, are slow, or are not there.
#![expect(clippy::unwrap_used, reason = "a test, whose server is part of it")]

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use analyzer::{Analysis, Analyzer, AnalyzerSettings, Finding, Unavailable, WhenDown};
use dial::{DialOptions, Dialer};
use model::AddressClass;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What a service does with each request.
#[derive(Clone, Copy)]
enum Manner {
    /// Finds the word `Ann` in each text.
    Answers,
    Says(&'static str, &'static str),
    KeepsSilent,
}

/// A service, and how often it was asked.
async fn service(manner: Manner) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    #[expect(clippy::disallowed_methods, reason = "a server of a test, which ends with it")]
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            #[expect(clippy::disallowed_methods, reason = "one request of a test")]
            tokio::spawn(serve(stream, manner));
        }
    });
    (address, count)
}

async fn serve(mut stream: TcpStream, manner: Manner) {
    let mut request = Vec::new();
    let body = loop {
        let mut piece = [0; 16 * 1024];
        let length = stream.read(&mut piece).await.unwrap();
        request.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                break body.to_owned();
            }
        }
    };
    let (status, answer) = match manner {
        Manner::Answers => ("200 OK", answer_to(&body)),
        Manner::Says(status, answer) => (status, answer.to_owned()),
        Manner::KeepsSilent => return std::future::pending().await,
    };
    let length = answer.len();
    let response =
        format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{answer}");
    stream.write_all(response.as_bytes()).await.unwrap();
}

fn answer_to(body: &str) -> String {
    let asked: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((asked["language"].as_str(), asked["score_threshold"].as_f64()), (Some("en"), Some(0.5)));
    let texts = asked["text"].as_array().unwrap().iter().map(|text| text.as_str().unwrap());
    let found = texts.map(|text| {
        let places = text.match_indices("Ann").map(|(byte, _)| text[..byte].chars().count());
        places
            .map(|start| serde_json::json!({"entity_type": "PERSON", "start": start, "end": start + 3, "score": 0.9}))
            .collect::<Vec<_>>()
    });
    serde_json::to_string(&found.collect::<Vec<_>>()).unwrap()
}

fn analyzer(address: SocketAddr, when_down: WhenDown) -> Analyzer {
    let url = format!("http://{address}").parse().expect("an address makes a URL");
    let settings = AnalyzerSettings {
        deadline: Duration::from_millis(300),
        when_down,
        ..AnalyzerSettings::new(url, AddressClass::Loopback)
    };
    Analyzer::new(Dialer::new(DialOptions::default()), settings).expect("the settings are valid")
}

#[tokio::test]
async fn findings_come_back_in_bytes_text_by_text_however_long_it_is() {
    let (address, count) = service(Manner::Answers).await;
    let analyzer = analyzer(address, WhenDown::Deny);
    let long = format!("{}Ann", "ö and so on ".repeat(20_000));
    let Analysis::Complete(findings) = analyzer.analyze(&["grüße, Ann", "", "nobody", &long]).await.unwrap() else {
        panic!("it answers");
    };
    let ann = |start| Finding { entity: "PERSON".to_owned(), start, end: start + 3, score: 90 };
    assert_eq!(findings, [vec![ann(9)], vec![], vec![], vec![ann(long.len() - 3)]]);
    assert!(count.load(Ordering::SeqCst) > 1, "a long text takes several requests");
}

#[tokio::test]
async fn a_service_that_is_not_there_refuses_texts_or_lets_them_pass_as_settings_say() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(analyzer(address, WhenDown::Deny).analyze(&["Ann"]).await, Err(Unavailable::NoAnswer));
    assert_eq!(analyzer(address, WhenDown::Pass).analyze(&["Ann"]).await, Ok(Analysis::Skipped));
    assert_eq!(analyzer(address, WhenDown::Deny).analyze(&[""]).await, Ok(Analysis::Complete(vec![vec![]])));
}

#[tokio::test]
async fn a_silent_service_costs_a_deadline_and_is_then_left_alone() {
    let (address, count) = service(Manner::KeepsSilent).await;
    let analyzer = analyzer(address, WhenDown::Deny);
    let started = Instant::now();
    for _ in 0..5 {
        assert_eq!(analyzer.analyze(&["Ann"]).await, Err(Unavailable::Late));
    }
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(analyzer.analyze(&["Ann"]).await, Err(Unavailable::Resting));
    assert_eq!(count.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn an_answer_that_does_not_count_is_none() {
    for (status, answer) in [
        ("500 Internal Server Error", "[[]]"),
        ("200 OK", "[]"),
        ("200 OK", "not json"),
        ("200 OK", "[[{\"entity_type\":\"PERSON\",\"start\":0,\"end\":99,\"score\":1}]]"),
        ("302 Found", "[[]]"),
    ] {
        let (address, _) = service(Manner::Says(status, answer)).await;
        let outcome = analyzer(address, WhenDown::Deny).analyze(&["Ann"]).await;
        assert_eq!(outcome, Err(Unavailable::NoAnswer), "{status} {answer}");
    }
}
