//! `examples/aws-s3-agent`: an unmodified SDK lists and uploads with a key that AWS does not know, and does not delete.

use super::folder::Example;
use crate::support::{
    aws::AwsAccount,
    peers::{self, or_skip},
};

#[tokio::test]
async fn the_reporter_keeps_reports_in_s3_without_an_aws_key() {
    let (node, python) = (or_skip!(peers::node()), or_skip!(peers::python_of_aws()));
    let example = Example::copy("aws-s3-agent");
    let identity_provider = example.log_in(&node, "reporter").await;
    let account = or_skip!(AwsAccount::trusting(example.broker.public_url()).await);
    let mut example = example
        .outside("https://idp.example", identity_provider.issuer())
        .outside("https://s3.eu-central-1.amazonaws.com", account.url())
        .outside_after("region = \"eu-central-1\"", &format!("endpoint = \"{}\"", account.url()))
        .with_programs(python.folder());

    example.serve("2. Claviger.").await;
    let said = example.run("3. The agent.").await;
    assert_eq!(said, "stored 2026/november.txt\n2026/november.txt 22\nthe report of november\nnot deleted: 403\n");

    let refused = example.broker.records_of("denial");
    assert_eq!((refused.len(), &refused[0]["error"]), (1, &"insufficient_scope".into()), "{refused:#?}");
    let outcomes = example.broker.records_of("outcome");
    assert_eq!(outcomes.len(), 3, "{outcomes:#?}");
    for outcome in outcomes {
        assert!(
            outcome["lease"].as_str().is_some_and(|lease| lease.starts_with("aws-sts/reports-role/ASIA")),
            "{outcome}"
        );
    }
    example.finish().await;
}
