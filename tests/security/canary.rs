//! The search for secrets can find them, and the broker lets none of their forms through.

use std::fs;

use http::Method;

use crate::support::{
    broker::{Broker, BrokerSetup, bearer},
    canary::{assert_clean, canary, forms_of, leaks, leaks_below, plain_canary},
    echo::{Echo, Piece, Reply},
    issuer::Issuer,
    process::Process,
    streamed::Streamed,
};

#[test]
fn a_planted_secret_is_found_in_each_form_wherever_it_stands() {
    for secret in [canary("planted"), plain_canary("planted plain")] {
        let forms = forms_of(&secret);
        assert_eq!(forms.len(), 14);
        for (form, text) in &forms {
            for (before, after) in [("", ""), ("x", "y"), ("longer text before it, ", ", and after it")] {
                let planted = [before.as_bytes(), text, after.as_bytes()].concat();
                let found = leaks("a place", &planted);
                // Plain characters look the same in several forms, of which one is named.
                let is_it = |name: &str| forms.iter().any(|(known, same)| *known == name && same == text);
                assert!(found.iter().any(|leak| is_it(leak.form())), "{form} was not found: {found:?}");
                let cut = &planted[..before.len() + text.len() - 1];
                assert!(leaks("a place", cut).is_empty(), "{form} was found though its end is missing");
            }
        }
        // What base64 makes of a secret in the middle of a text is found at whichever place the text begins.
        use base64::{
            Engine as _,
            engine::general_purpose::{STANDARD, URL_SAFE},
        };
        for before in ["", "u", "us", "user:", "user-name:"] {
            let text = format!("{before}{secret} and more");
            for encoded in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
                assert!(!leaks("a place", encoded.as_bytes()).is_empty(), "after {before:?}");
            }
        }
    }
}

#[test]
fn files_are_searched_with_their_names_and_folders() {
    let secret = plain_canary("planted in a file");
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir_all(folder.path().join("a/b")).expect("a test's folder");
    fs::write(folder.path().join("a/clean"), "nothing here").expect("a test's folder");
    let (found, files) = leaks_below(folder.path());
    assert_eq!((found.len(), files), (0, 1));
    fs::write(folder.path().join("a/b/leak"), [&[0, 255], secret.as_bytes(), &[0]].concat()).expect("a test's folder");
    fs::write(folder.path().join("a").join(&secret), "").expect("a test's folder");
    let (found, files) = leaks_below(folder.path());
    assert_eq!((found.len(), files), (2, 3), "{found:?}");
}

#[tokio::test]
#[should_panic(expected = "the output of leaky holds the secret that is printed as itself")]
async fn what_a_process_prints_is_searched_when_it_ends() {
    let secret = plain_canary("secret that is printed");
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", "read line; echo ready; echo \"oops: $line\" >&2; exec cat"]);
    let (mut process, ()) =
        Process::start("leaky", command, &format!("{secret}\n"), |line| (line == "ready\n").then_some(())).await;
    while !process.printed().contains("oops") {
        tokio::task::yield_now().await;
    }
    process.kill().await;
}

#[tokio::test]
#[should_panic(expected = "holds the secret of a leaking answer")]
async fn an_answer_is_searched_when_it_arrives() {
    // Without the credential in the vault the broker cannot know it: what passes is found here.
    let secret = plain_canary("secret of a leaking answer");
    let upstream = Echo::start(move |_| Reply::text(secret.clone())).await;
    let issuer = Issuer::start().await;
    let setup = BrokerSetup::trusting(issuer.issuer()).http("api", upstream.url()).operation("all", &["GET"], "/**");
    let broker = Broker::start(setup).await;
    let session = broker.token(&issuer.token("assistant")).await;
    broker.send(Method::GET, &broker.http_url("api", "/page"), bearer(&session), "").await;
}

#[tokio::test]
async fn no_form_of_a_credential_comes_back_in_a_body_an_event_or_a_header() {
    for secret in [canary("credential in every form"), plain_canary("plain credential in every form")] {
        let forms = forms_of(&secret);
        let planted = forms.clone();
        let upstream = Echo::start(move |request| {
            let (kind, number) = request.uri.path()[1..].split_once('/').expect("/KIND/NUMBER");
            let text = String::from_utf8(planted[number.parse::<usize>().expect("a number")].1.clone()).expect("text");
            match kind {
                "text" => Reply::text(format!("before {text} after")),
                "json" => {
                    Reply::status(200).header("content-type", "application/json").body(format!("{{\"a\":\"{text}\"}}"))
                }
                "header" => Reply::text("look above").header("etag", &format!("\"{text}\"")),
                "refusal" => Reply::status(400).header("content-type", "text/plain").body(format!("you sent {text}")),
                _ => {
                    let halves = text.split_at(text.len() / 2);
                    let pieces = [format!("data: before {}", halves.0), format!("{} after\n\n", halves.1)];
                    Reply::stream("text/event-stream", pieces.map(|piece| Piece::Bytes(piece.into())).into())
                }
            }
        })
        .await;
        let issuer = Issuer::start().await;
        let setup = BrokerSetup::trusting(issuer.issuer())
            .http("api", upstream.url())
            .operation("all", &["GET"], "/**")
            .credential("header = \"X-Api-Key\"", &secret);
        let broker = Broker::start(setup).await;
        let session = broker.token(&issuer.token("assistant")).await;
        for (number, (form, _)) in forms.iter().enumerate() {
            for kind in ["text", "json", "header", "refusal"] {
                let url = broker.http_url("api", &format!("/{kind}/{number}"));
                let answer = broker.send(Method::GET, &url, bearer(&session), "").await;
                let shown = if kind == "header" { answer.header("etag").as_bytes() } else { &answer.body };
                assert!(contains(shown, b"(masked-secret)"), "{form} in {kind}: {answer:?}");
            }
            let url = broker.http_url("api", &format!("/event/{number}"));
            let mut stream = Streamed::begin(Method::GET, &url, bearer(&session), "").await;
            let arrived = stream.read_to_end().await.to_vec();
            assert_clean("an event", &arrived);
            assert!(
                contains(&arrived, b"(masked-secret)"),
                "{form} in an event: {}",
                String::from_utf8_lossy(&arrived)
            );
        }
        broker.finish().await;
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
