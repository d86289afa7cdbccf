//! Starting and stopping: what the program says when it cannot run, and that nothing is lost when it ends.

use std::{fs, sync::Arc};

use http::Method;
use serde_json::json;
use tokio::{process::Command, sync::Semaphore};

use super::mcp_echo;
use crate::support::{
    broker::{Broker, BrokerSetup, bearer},
    canary::{canary, random_hex},
    echo::{Echo, Piece, Reply},
    http_client::{self, Answer},
    issuer::Issuer,
    ports::free_port,
    program::{Ran, claviger, run_command},
    streamed::Streamed,
};

#[tokio::test]
async fn a_call_that_runs_when_the_program_is_told_to_stop_is_carried_to_its_end() {
    let gate = Arc::new(Semaphore::new(0));
    let (issuer, mut broker, upstream) = held(&gate, "").await;
    let session = broker.token(&issuer.token("assistant")).await;
    let mut call = Streamed::begin(Method::GET, &broker.http_url("api", "/page"), bearer(&session), "").await;
    call.until(1).await;
    terminate(&mut broker).await;
    broker.wait_until(|printed| printed.contains("stopping; calls may end")).await;
    let url = broker.http_url("api", "/page");
    broker.wait_until_async(async || http_client::try_send(Method::GET, &url, bearer(&session)).await.is_err()).await;
    gate.add_permits(1);
    let body = String::from_utf8(call.read_to_end().await.to_vec()).expect("text");
    assert!(body.ends_with("the end") && !call.broke(), "{body}");
    drop(call);
    broker.has_stopped().await;
    assert_eq!(upstream.received().len(), 1);
    assert_eq!(broker.records_of("outcome")[0]["ending"], "complete");
    broker.finish().await;
}

#[tokio::test]
async fn a_call_that_outlasts_the_drain_is_cut_and_recorded() {
    let gate = Arc::new(Semaphore::new(0));
    let (issuer, mut broker, _upstream) = held(&gate, "drain_seconds_max = 1").await;
    let session = broker.token(&issuer.token("assistant")).await;
    let mut call = Streamed::begin(Method::GET, &broker.http_url("api", "/page"), bearer(&session), "").await;
    call.until(1).await;
    terminate(&mut broker).await;
    call.read_to_end().await;
    assert!(call.broke());
    drop(call);
    broker.has_stopped().await;
    let outcomes = broker.records_of("outcome");
    assert_eq!((outcomes.len(), &outcomes[0]["ending"]), (1, &json!("cancelled")), "{outcomes:?}");
    broker.finish().await;
}

#[tokio::test]
async fn a_port_that_is_taken_and_a_data_directory_in_use_are_named() {
    let broker = Broker::start(simple("http://127.0.0.1:9")).await;
    let config = fs::read_to_string(broker.path("claviger.toml")).expect("it was written");
    let address = broker.public_url().replace("http://", "");
    let ran = broker.command(&["serve"], "").await;
    let says = format!(
        "cannot listen on {address}: Address already in use (os error 98); stop what does, or choose another port"
    );
    assert_says(&ran, &says);

    let listens: Vec<_> = config.lines().filter_map(|line| line.strip_prefix("listen = \"127.0.0.1:")).collect();
    let moved = listens.iter().fold(config.clone(), |text, port| {
        text.replace(&format!("listen = \"127.0.0.1:{port}"), &format!("listen = \"127.0.0.1:{}\"", free_port()))
    });
    fs::write(broker.path("second.toml"), moved).expect("a test's folder");
    let ran = broker.command(&["serve", "-c", "second.toml"], "").await;
    assert_says(&ran, "another broker uses the data directory data; stop it, or give this one a directory of its own");
    broker.finish().await;
}

#[tokio::test]
async fn a_configuration_with_a_fault_is_refused_with_its_line() {
    let broker = Broker::prepare(simple("http://127.0.0.1:9")).await;
    let good = fs::read_to_string(broker.path("claviger.toml")).expect("it was written");
    for (from, to, says) in [
        (
            "[vault]",
            "[vualt]",
            "claviger.toml:9:2: unknown key `vualt`\n  |\n9 | [vualt]\n  |  ^^^^^\n  = did you mean `vault`?",
        ),
        ("listen = ", "lisen = ", "unknown key `lisen`"),
        ("data_directory = \"data\"", "data_directory = 7", "claviger.toml:4:18:"),
        ("era = \"2026-07-28\"", "", "era"),
        ("kind = \"mcp\"", "kind = \"mpc\"", "mpc"),
        ("\"one-key\"", "\"\"", "name"),
        ("policy/*.cedar", "policy/*.none", "policy/*.none"),
        ("vault.key", "missing.key", "missing.key"),
    ] {
        assert!(good.contains(from), "{from}");
        fs::write(broker.path("faulty.toml"), good.replacen(from, to, 1)).expect("a test's folder");
        for command in [&["serve", "-c", "faulty.toml"][..], &["check", "--offline", "-c", "faulty.toml"]] {
            let ran = broker.command(command, "").await;
            if command[0] == "check" && to == "missing.key" {
                continue;
            }
            assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{to}: {ran:?}");
            let text = ran.stderr.replace("faulty.toml", "claviger.toml");
            assert!(text.contains(says), "{says}\nis not in\n{text}");
        }
    }
    let ran = broker.command(&["serve", "-c", "nothing.toml"], "").await;
    assert!(
        ran.code == Some(1) && ran.stderr.contains("nothing.toml: the configuration cannot be read: it does not exist"),
        "{ran:?}"
    );
    fs::write(broker.path("policy/test.cedar"), "permit (principal, action, resource").expect("a test's folder");
    let ran = broker.command(&["check", "--offline"], "").await;
    assert!(ran.code == Some(1) && ran.stderr.contains("policy/test.cedar:1:"), "{ran:?}");
}

#[tokio::test]
async fn a_vault_opens_with_its_own_key_alone_and_only_whole() {
    let mut broker = Broker::prepare(
        simple("http://127.0.0.1:9").mcp("two", "http://127.0.0.1:9/mcp", "2026-07-28").bearer(&canary("second")),
    )
    .await;
    let (key, vault) = (broker.path("vault.key"), vault_file(&broker));
    let (good_key, good_vault) = (fs::read(&key).expect("the key"), fs::read(&vault).expect("the vault"));
    fs::write(&key, random_hex(32)).expect("a test's folder");
    assert_says_at_the_end(
        &broker.command(&["serve"], "").await,
        "the key file is wrong; give the one that it was last sealed with",
    );
    fs::write(&key, "short").expect("a test's folder");
    let ran = broker.command(&["serve"], "").await;
    assert!(ran.stderr.contains("the key of the vault cannot be read: the key file vault.key: "), "{ran:?}");
    fs::write(&key, &good_key).expect("a test's folder");

    let lines: Vec<_> = good_vault.split_inclusive(|byte| *byte == b'\n').collect();
    assert!(lines.len() >= 4, "{} lines", lines.len());
    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    let mut changed = good_vault.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    for (fault, bytes) in [
        ("truncated", good_vault[..good_vault.len() - 40].to_vec()),
        ("swapped", swapped.concat()),
        ("changed", changed),
        ("empty", Vec::new()),
    ] {
        fs::write(&vault, bytes).expect("a test's folder");
        let ran = broker.command(&["serve"], "").await;
        assert!(ran.code == Some(1) && ran.stderr.contains("vault"), "{fault}: {ran:?}");
        let ran = broker.command(&["secret", "list"], "").await;
        assert!(ran.code == Some(1) && ran.stdout.is_empty(), "{fault}: {ran:?}");
    }
    fs::write(&vault, good_vault).expect("a test's folder");
    broker.serve().await;
    broker.finish().await;
}

#[tokio::test]
async fn a_passphrase_comes_from_a_descriptor_and_a_wrong_one_is_told() {
    let upstream = mcp_echo().await;
    let issuer = Issuer::start().await;
    let setup = simple(issuer.issuer()).vault("{ passphrase_file_descriptor = 3 }");
    let broker = Broker::prepare_empty(setup);
    let (right, wrong, secret) = (canary("passphrase"), canary("wrong passphrase"), canary("credential"));
    fs::write(broker.path("right"), &right).expect("a test's folder");
    fs::write(broker.path("wrong"), &wrong).expect("a test's folder");
    let with = |passphrase: &str, arguments: &[&str]| {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec \"$@\" 3<{passphrase}"), "sh"]).arg(claviger()).args(arguments);
        shell.current_dir(broker.path(""));
        shell
    };
    let set = run_command(with("right", &["secret", "set", "one-key", "--upstream", "one"]), &secret).await;
    assert_eq!(set.code, Some(0), "{set:?}");
    let list = run_command(with("right", &["secret", "list"]), "").await;
    assert!(list.code == Some(0) && list.stdout.starts_with("one-key"), "{list:?}");
    let ran = run_command(with("wrong", &["serve"]), "").await;
    assert_says_at_the_end(&ran, "the passphrase is wrong; give the one that it was last sealed with");
    for file in ["right", "wrong"] {
        fs::remove_file(broker.path(file)).expect("a test's file");
    }
    drop(upstream);
}

#[tokio::test]
async fn without_room_for_the_record_no_call_is_made_and_with_room_again_all_goes_on() {
    let upstream = mcp_echo().await;
    let issuer = Issuer::start().await;
    let url = format!("{}/mcp", upstream.url());
    let mut broker = Broker::start(
        BrokerSetup::trusting(issuer.issuer()).mcp("one", &url, "2026-07-28").bearer(&canary("credential")),
    )
    .await;
    let session = broker.token(&issuer.token("assistant")).await;
    broker.stop().await;
    // No file may grow beyond so many blocks of 512 bytes; the signal that says so is ignored, as a full disk sends none.
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -S -f 128; exec \"$@\"", "sh"]).arg(claviger());
    broker.serve_as(shell).await;
    let mut carried = 0;
    let refused = loop {
        let answer = broker.call_tool("one", &session, "say", json!({})).await;
        if answer.status != 200 {
            break answer;
        }
        carried += 1;
        assert!(carried < 2000, "the record never filled up");
    };
    // The call that finds the record full has its intent in it, or not even that.
    if refused.status == 500 {
        assert_eq!(refused.json()["error"]["data"], json!({ "error": "outcome_unrecorded" }), "{refused:?}");
    } else {
        assert_record_unavailable(&refused);
    }
    assert!(carried > 10, "{carried}");
    let reached = upstream.received().len();
    for _ in 0..5 {
        assert_record_unavailable(&broker.call_tool("one", &session, "say", json!({})).await);
    }
    assert_eq!(upstream.received().len(), reached, "nothing is sent that is not recorded");
    let exchange = broker.exchange(&issuer.token("assistant"), &[]).await;
    assert_eq!(
        (exchange.status.as_u16(), &exchange.json()["error"]),
        (503, &json!("temporarily_unavailable")),
        "{exchange:?}"
    );

    // Room again: the same process goes on.
    let id = broker.process().id().to_string();
    let raised =
        Command::new("prlimit").args(["--fsize=unlimited", "--pid", &id]).status().await.expect("prlimit runs");
    assert!(raised.success());
    broker.wait_until_async(async || broker.call_tool("one", &session, "say", json!({})).await.status == 200).await;
    broker.finish().await;
}

/// A broker in front of an upstream whose answer waits for the gate.
async fn held(gate: &Arc<Semaphore>, server: &str) -> (Issuer, Broker, Echo) {
    let held = Arc::clone(gate);
    let upstream = Echo::start(move |_| {
        let begin = Piece::Bytes("it begins ".repeat(100).into());
        Reply::stream("text/plain", vec![begin, Piece::Gate(Arc::clone(&held)), Piece::Bytes("the end".into())])
    })
    .await;
    let issuer = Issuer::start().await;
    let setup = BrokerSetup::trusting(issuer.issuer()).server(server).http("api", upstream.url());
    let broker = Broker::start(
        setup.operation("all", &["GET"], "/**").credential("header = \"X-Api-Key\"", &canary("credential")),
    )
    .await;
    (issuer, broker, upstream)
}

fn simple(issuer: &str) -> BrokerSetup {
    BrokerSetup::trusting(issuer).mcp("one", "http://127.0.0.1:9/mcp", "2026-07-28").bearer(&canary("credential"))
}

async fn terminate(broker: &mut Broker) {
    let id = broker.process().id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.expect("kill runs").success());
}

/// The one file of the vault.
fn vault_file(broker: &Broker) -> std::path::PathBuf {
    let files = fs::read_dir(broker.path("data/vault")).expect("a vault").map(|entry| entry.expect("a file").path());
    let mut files: Vec<_> = files.filter(|path| fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0)).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

fn assert_says(ran: &Ran, text: &str) {
    assert_eq!((ran.code, ran.stderr.lines().last()), (Some(1), Some(format!("claviger: {text}").as_str())), "{ran:?}");
}

fn assert_says_at_the_end(ran: &Ran, text: &str) {
    assert!(ran.code == Some(1) && ran.stderr.trim_end().ends_with(text), "{ran:?}");
}

fn assert_record_unavailable(answer: &Answer) {
    let message = "the call cannot be recorded now, so it was not made";
    let error = json!({ "code": -31_503, "message": message, "data": { "error": "record_unavailable" } });
    assert_eq!((answer.status.as_u16(), answer.json()), (503, json!({ "jsonrpc": "2.0", "id": 7, "error": error })));
    assert_eq!(answer.header("retry-after"), "1");
}
