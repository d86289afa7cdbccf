//! An unmodified SDK of AWS reaches S3 and DynamoDB through the broker, and holds no key that AWS would take.

mod ranges;
mod streams;

use std::collections::BTreeSet;

use serde_json::json;
use tokio::process::Command;

use crate::support::{
    aws::AwsAccount,
    broker::{Broker, BrokerSetup},
    canary,
    issuer::Issuer,
    peers::or_skip,
    program,
};

/// What the agent's tools are: every operation that the script uses but the last ones.
const TOOLS: [&str; 9] = [
    "s3:ListObjectsV2",
    "s3:GetObject",
    "s3:HeadObject",
    "s3:PutObject",
    "s3:CreateMultipartUpload",
    "s3:UploadPart",
    "s3:CompleteMultipartUpload",
    "s3:AbortMultipartUpload",
    "orders:GetItem",
];

/// Policy sees the members of what DynamoDB is asked.
const POLICY: &str = r#"@id("assistants-may")
permit (principal in Group::"assistants", action, resource);
@id("not-salaries")
forbid (principal, action, resource == Operation::"orders/GetItem")
when { context.arguments.TableName == "salaries" };
"#;

/// `more` is said of S3.
fn setup(issuer: &Issuer, account: &AwsAccount, more: &str) -> BrokerSetup {
    let objects = |action: &str| format!("[{{ actions = [\"{action}\"], resources = [\"arn:aws:s3:::reports/*\"] }}]");
    let credential = format!(
        "\n[upstreams.credential]\nname = \"reports\"\nprovider = \"aws\"\n\
         inject = {{ aws_signature = {{ service = \"s3\", region = \"eu-central-1\" }} }}\n\
         [upstreams.credential.aws_sts]\nrole = \"arn:aws:iam::123456789012:role/agent\"\n\
         [upstreams.credential.aws_sts.tools]\nGetObject = {}\nPutObject = {}\n\
         ListObjectsV2 = [{{ actions = [\"s3:ListBucket\"], resources = [\"arn:aws:s3:::reports\"] }}]\n",
        objects("s3:GetObject"),
        objects("s3:PutObject")
    );
    let provider = format!(
        "[[providers.aws_sts]]\nname = \"aws\"\nregion = \"eu-central-1\"\nendpoint = \"{}\"\nauth = {{ ambient = true }}\n",
        account.url()
    );
    let orders = "\n[upstreams.credential]\nname = \"orders\"\nprovider = \"aws\"\n\
         inject = { aws_signature = { service = \"dynamodb\", region = \"eu-central-1\" } }\n\
         [upstreams.credential.aws_sts]\nrole = \"arn:aws:iam::123456789012:role/agent\"\nwhole_role = true\n";
    BrokerSetup::trusting(issuer.issuer())
        .aws("s3", account.url())
        .upstream_line(more)
        .upstream_line(&credential)
        .aws("orders", account.url())
        .upstream_line(orders)
        .scopes(&TOOLS)
        .policy(POLICY)
        .more(&provider)
}

/// A broker in front of the account, with the account's key for its own.
async fn serve(account: &AwsAccount, setup: BrokerSetup) -> Broker {
    let mut broker = Broker::prepare(setup).await;
    canary::register("AWS secret of the broker", account.environment()[1].1);
    let mut program = Command::new(program::claviger());
    program.envs(account.environment());
    broker.serve_as(program).await;
    broker
}

#[tokio::test]
async fn an_unmodified_sdk_works_with_a_key_that_aws_does_not_know() {
    let account = or_skip!(AwsAccount::start().await);
    let issuer = Issuer::start().await;
    let broker = serve(&account, setup(&issuer, &account, "")).await;
    let session = broker.token(&issuer.token("assistant")).await;
    let credentials = format!("{}/aws-credentials/s3", broker.public_url());
    let [s3, dynamodb] = ["s3", "orders"].map(|upstream| format!("{}/aws/{upstream}", broker.public_url()));
    let environment = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*credentials),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", &session),
        ("AWS_ENDPOINT_URL_S3", &s3),
        ("AWS_ENDPOINT_URL_DYNAMODB", &dynamodb),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
    ];
    let done = account.agent("agent.py", &[account.url()], &environment).await;
    let expected = json!({
        "access_key_id": "CLAV",
        "list": ["2026/november.txt"],
        "read": "the report of november",
        "write": 7,
        "write_much": 6 << 20,
        "write_in_parts": 11 << 20,
        // Not among the session's tools; no operation that is known; a field that grants; a signature that cannot be made again.
        "delete": [403, "AccessDenied", "the session was not granted this tool (insufficient_scope)"],
        "access_list":
            [403, "AccessDenied", "no operation of this upstream has this method and path (unknown_operation)"],
        "make_public": [
            400,
            "InvalidRequest",
            "a header field of the request does not go on to AWS: access lists and the like; leave it out (field_refused)"
        ],
        "in_part": [
            400,
            "InvalidRequest",
            "ranges begin and end at whole mebibytes, and only where the upstream accepts ranges; read the whole object \
             (range_refused)"
        ],
        "presigned": [
            403,
            "SignatureDoesNotMatch",
            "a presigned URL cannot be signed again; send the request with its signature in the Authorization header \
             (invalid_signature)"
        ],
        "late": [
            403,
            "RequestTimeTooSkewed",
            "the signature is more than five minutes away from now; check the clock (invalid_signature)"
        ],
        "order": "paid",
        // A table that policy forbids; an operation that is not among the session's tools.
        "other_table": [403, "AccessDeniedException", "policy does not permit this call (denied_by_policy)"],
        "delete_order": [403, "AccessDeniedException", "the session was not granted this tool (insufficient_scope)"],
        "at_aws_itself": [403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."],
    });
    assert_eq!(done, expected, "{}", broker.printed());
    let refused: Vec<_> = broker.records_of("denial").iter().map(|entry| entry["error"].clone()).collect();
    let expected = [
        "insufficient_scope",
        "unknown_operation",
        "field_refused",
        "range_refused",
        "invalid_signature",
        "invalid_signature",
        "denied_by_policy",
        "insufficient_scope",
    ];
    assert_eq!(refused, expected);
    let outcomes = broker.records_of("outcome");
    let leases: BTreeSet<_> = outcomes.iter().filter_map(|entry| entry["lease"].as_str()).collect();
    let names: Vec<_> = leases.iter().filter_map(|lease| lease.split("/ASIA").next()).collect();
    assert_eq!(names, ["aws-sts/orders", "aws-sts/reports"], "one key of each role for the session: {leases:?}");
    broker.revoke(&session).await;
    let answer = broker
        .send(http::Method::GET, &credentials, crate::support::broker::headers(&[("authorization", &session)]), "")
        .await;
    assert_eq!((answer.status.as_u16(), answer.json()["error"].clone()), (401, json!("invalid_token")));
    broker.finish().await;
}
