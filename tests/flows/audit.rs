//! `claviger audit verify --against`: a checkpoint that was kept elsewhere finds what the record alone cannot tell.

use std::{fs, path::Path};

use tokio::process::Command;

use crate::support::{
    broker::{Broker, BrokerSetup},
    issuer::Issuer,
    program::Ran,
};

/// Each exchange is an entry.
async fn exchange(broker: &Broker, issuer: &Issuer, count: usize) {
    for _ in 0..count {
        broker.token(&issuer.token("assistant")).await;
    }
}

#[tokio::test]
async fn a_kept_checkpoint_finds_a_record_that_was_cut_rolled_back_or_replaced() {
    let issuer = Issuer::start().await;
    let setup = || BrokerSetup::trusting(issuer.issuer()).mcp("one", "http://127.0.0.1:9/mcp", "2026-07-28");
    let mut broker = Broker::start(setup()).await;
    exchange(&broker, &issuer, 3).await;
    broker.stop().await;
    let audit = broker.path("data/audit");
    fs::copy(audit.join("checkpoint"), broker.path("kept-early")).expect("a checkpoint");
    copy(&audit, &broker.path("early")).await;
    broker.serve().await;
    exchange(&broker, &issuer, 4).await;
    broker.stop().await;
    fs::copy(audit.join("checkpoint"), broker.path("kept")).expect("a checkpoint");
    copy(&audit, &broker.path("whole")).await;

    for kept in ["kept-early", "kept"] {
        let ran = verify(&broker, kept).await;
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(0), "intact: 7 entries under a signed checkpoint\n"),
            "{ran:?}"
        );
    }

    // Its last entries are gone, and the checkpoint of before stands in place: whole in itself.
    restore(&broker, "early").await;
    assert_eq!(broker.audit_verify().await.code, Some(0), "nobody can tell without the kept checkpoint");
    let cut = "the log was rolled back to 3 entries; the checkpoint kept elsewhere has 7";
    assert_finds(&verify(&broker, "kept").await, &[cut]);

    // The same by its checkpoint alone; the entries are still in the journal.
    restore(&broker, "whole").await;
    fs::copy(broker.path("kept-early"), audit.join("checkpoint")).expect("a test's folder");
    let found = verify(&broker, "kept").await;
    let back = "an older checkpoint of 3 entries was put back; all 7 entries of the one kept elsewhere are there";
    assert!(found.code == Some(3) && found.stdout.contains(back), "{found:?}");

    fs::remove_dir_all(&audit).expect("a test's folder");
    assert_finds(&verify(&broker, "kept").await, &["the log is gone; the checkpoint kept elsewhere has 7 entries"]);

    // Another history by who has the key: longer than the kept one, and whole in itself.
    broker.serve().await;
    exchange(&broker, &issuer, 9).await;
    broker.stop().await;
    assert_eq!(broker.audit_verify().await.code, Some(0), "nobody can tell without the kept checkpoint");
    let replaced = "the log was replaced: its first 7 entries are not those of the checkpoint kept elsewhere";
    assert_finds(&verify(&broker, "kept").await, &[replaced]);

    // A checkpoint of another log says nothing about this one.
    restore(&broker, "whole").await;
    let mut stranger = Broker::start(setup()).await;
    exchange(&stranger, &issuer, 1).await;
    stranger.stop().await;
    fs::copy(stranger.path("data/audit/checkpoint"), broker.path("foreign")).expect("a checkpoint");
    let ran = verify(&broker, "foreign").await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.stderr.contains("the checkpoint kept elsewhere cannot be used"), "{ran:?}");
    stranger.finish().await;
    broker.finish().await;
}

async fn verify(broker: &Broker, kept: &str) -> Ran {
    broker.command(&["audit", "verify", "--against", kept], "").await
}

fn assert_finds(ran: &Ran, findings: &[&str]) {
    let text = findings.iter().fold("TAMPERED WITH\n".to_owned(), |text, finding| format!("{text}  {finding}\n"));
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(3), text.as_str(), ""));
}

/// Puts a copy in the place of the record.
async fn restore(broker: &Broker, from: &str) {
    let audit = broker.path("data/audit");
    fs::remove_dir_all(&audit).expect("a test's folder");
    copy(&broker.path(from), &audit).await;
}

async fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status().await.expect("cp runs");
    assert!(copied.success());
}
