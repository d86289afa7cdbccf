//! Bodies that come in chunks: signed one by one, or unsigned with a checksum at their end.

use serde_json::json;

use super::{serve, setup};
use crate::support::{aws::AwsAccount, issuer::Issuer, peers::or_skip, tls::Authority};

#[tokio::test]
async fn chunks_that_are_signed_reach_s3_and_others_do_not() {
    let account = or_skip!(AwsAccount::start().await);
    let issuer = Issuer::start().await;
    let broker = serve(&account, setup(&issuer, &account, "")).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let (credentials, s3) =
        ["aws-credentials", "aws"].map(|route| format!("{}/{route}/s3", broker.public_url())).into();
    let environment = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*credentials),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", &session),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
    ];
    let done = account.agent("signed_chunks.py", &[&s3], &environment).await;
    let refused = |text: &str| json!([403, format!("{text} (invalid_signature)")]);
    let unsigned = refused("a chunk of the body is malformed, too long, or its signature does not fit");
    let asymmetric = refused("only AWS4-HMAC-SHA256 is verified; configure the SDK for one region, without SigV4A");
    let expected = json!({
        "signed": [200, true],
        "with_trailer": [200, true],
        "changed": unsigned,
        "changed_trailer": unsigned,
        "half": unsigned,
        "asymmetric_chunks": asymmetric,
        "asymmetric": asymmetric,
        "events": refused(
            "a body of this form cannot be signed again; configure the SDK to sign the whole payload, chunks of it, or nothing"
        ),
    });
    assert_eq!(done, expected, "{}", broker.printed());
    // What was sent in part is in the record as an intent and its outcome.
    let endings: Vec<_> = broker.records_of("outcome").iter().map(|entry| entry["ending"].clone()).collect();
    assert_eq!(endings.iter().filter(|ending| **ending == "invalid_signature").count(), 3, "{endings:?}");
    broker.finish().await;
}

#[tokio::test]
async fn an_sdk_that_trusts_tls_signs_no_body_and_its_checksum_passes() {
    let account = or_skip!(AwsAccount::start().await);
    let issuer = Issuer::start().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Authority::new(folder.path()).server("broker", "localhost");
    let broker = serve(&account, setup(&issuer, &account, "").tls(server.certificate(), server.key())).await;
    let s3 = format!("{}/aws/s3", broker.public_url());
    let environment = [
        ("AWS_CA_BUNDLE", server.authority().to_str().expect("a path of a test")),
        ("AWS_ENDPOINT_URL_S3", &s3),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
    ];
    let arguments = [broker.public_url(), &issuer.token("assistant")];
    let done = account.agent("over_tls.py", &arguments, &environment).await;
    let mode = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
    assert_eq!(
        done,
        json!({ "short": true, "long": true, "key": "CLAV", "said": [mode, mode] }),
        "{}",
        broker.printed()
    );
    broker.finish().await;
}
