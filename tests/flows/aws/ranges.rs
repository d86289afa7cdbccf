//! Large objects come in parts whose ends nobody chooses, and each part is scanned.

use serde_json::json;

use super::{serve, setup};
use crate::support::{aws::AwsAccount, canary::canary, issuer::Issuer, peers::or_skip};

#[tokio::test]
async fn an_sdk_downloads_a_large_object_in_parts_and_cannot_cut_a_secret() {
    let account = or_skip!(AwsAccount::start().await);
    let issuer = Issuer::start().await;
    let secret = canary("credential");
    let setup = setup(&issuer, &account, "accept_ranges = \"mebibytes\"");
    // A credential of another upstream, which stands in an object.
    let setup = setup.http("api", "http://127.0.0.1:9").operation("all", &["GET"], "/**").bearer(&secret);
    let broker = serve(&account, setup).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let credentials = format!("{}/aws-credentials/s3", broker.public_url());
    let s3 = format!("{}/aws/s3", broker.public_url());
    let environment = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*credentials),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", &session),
        ("AWS_ENDPOINT_URL_S3", &s3),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
    ];
    let done = account.agent("download.py", &[&secret], &environment).await;
    let length = (20 << 20) + "the end".len() + secret.len() + 2;
    let refused = json!([400, "InvalidRequest"]);
    let expected = json!({
        "large": true,
        "small": "small",
        "before": [206, format!("bytes 0-8388607/{length}"), true],
        "across": [206, format!("bytes 8388608-16777215/{length}"), false, true],
        "through_the_secret": refused,
        "a_few_bytes": refused,
        "from_the_end": refused,
    });
    assert_eq!(done, expected, "{}", broker.printed());
    let masked = broker.records_of("outcome").iter().filter(|entry| entry["masked_secrets"] == 1).count();
    assert_eq!(masked, 1, "the part that holds the secret");
    broker.finish().await;
}
