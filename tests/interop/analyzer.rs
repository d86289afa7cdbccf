//! Presidio's analyzer service, asked by ours.

use std::time::{Duration, Instant};

use analyzer::{Analysis, Analyzer, AnalyzerSettings, Unavailable, WhenDown};
use dial::{DialOptions, Dialer};
use model::AddressClass;

use crate::support::{
    peers::{PythonOfPresidio, or_skip, python_of_presidio},
    process::Process,
};

/// The engine loads within some seconds, and its first analysis takes another.
const DEADLINE: Duration = Duration::from_secs(30);

async fn service(python: &PythonOfPresidio, pause_seconds: &str) -> (Process, u16) {
    let mut command = python.script("service.py");
    command.arg(pause_seconds);
    let port = |line: &str| line.strip_prefix("listening on ")?.trim().parse().ok();
    Process::start("Presidio's analyzer", command, "", port).await
}

fn analyzer(port: u16, change: impl FnOnce(&mut AnalyzerSettings)) -> Analyzer {
    let url = format!("http://127.0.0.1:{port}").parse().expect("a port makes a URL");
    let mut settings = AnalyzerSettings { deadline: DEADLINE, ..AnalyzerSettings::new(url, AddressClass::Loopback) };
    change(&mut settings);
    Analyzer::new(Dialer::new(DialOptions::default()), settings).expect("the settings are valid")
}

/// What was found in each text: the kind, and the words.
fn told(analysis: Analysis, texts: &[&str]) -> Vec<Vec<(String, String)>> {
    let Analysis::Complete(findings) = analysis else { panic!("it was asked") };
    let of_text = |(found, text): (Vec<analyzer::Finding>, &&str)| {
        found.into_iter().map(|finding| (finding.entity, text[finding.start..finding.end].to_owned())).collect()
    };
    findings.into_iter().zip(texts).map(of_text).collect()
}

#[tokio::test]
async fn presidio_finds_in_several_texts_what_has_a_form_and_without_a_model_nobody() {
    let python = or_skip!(python_of_presidio());
    let (_service, port) = service(&python, "0").await;
    let analyzer = analyzer(port, |settings| {
        settings.entities = ["IBAN_CODE", "CREDIT_CARD", "PERSON"].map(str::to_owned).to_vec();
    });
    let texts = ["Größe 😀: DE89370400440532013000, says John Smith", "", "4111 1111 1111 1111", "nothing"];
    let found = told(analyzer.analyze(&texts).await.unwrap(), &texts);
    let one = |kind: &str, words: &str| vec![(kind.to_owned(), words.to_owned())];
    let expected =
        [one("IBAN_CODE", "DE89370400440532013000"), vec![], one("CREDIT_CARD", "4111 1111 1111 1111"), vec![]];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_slow_presidio_costs_a_deadline_and_one_that_went_away_none() {
    let python = or_skip!(python_of_presidio());
    let (service, port) = service(&python, "20").await;
    let short = |settings: &mut AnalyzerSettings| settings.deadline = Duration::from_millis(500);
    let started = Instant::now();
    assert_eq!(analyzer(port, short).analyze(&["John Smith"]).await, Err(Unavailable::Late));
    assert!(started.elapsed() < Duration::from_secs(10));
    drop(service);
    assert!(matches!(analyzer(port, |_| {}).analyze(&["John Smith"]).await, Err(Unavailable::NoAnswer)));
    let passing = analyzer(port, |settings| settings.when_down = WhenDown::Pass);
    assert_eq!(passing.analyze(&["John Smith"]).await, Ok(Analysis::Skipped));
}
