//! The example of the module `aws-trust` at IAM and STS, which moto plays: it checks documents as IAM does, and no token.

use std::fs;

use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::Value;

use crate::support::{
    http_client,
    peers::{self, or_skip},
    process::Process,
    terraform::Terraform,
};

const EXAMPLE: &str = "modules/aws-trust/examples/s3";

#[tokio::test]
async fn iam_takes_the_documents_and_sts_knows_the_role() {
    let (terraform, python) = (or_skip!(peers::terraform()), or_skip!(peers::python_of_aws()));
    let ready = |line: &str| serde_json::from_str::<Value>(line).ok()?["port"].as_u64();
    let (_aws, port) = Process::start("aws", python.script("account.py"), "", ready).await;
    let url = format!("http://127.0.0.1:{port}/");
    let apply = || {
        let terraform = Terraform::new(&terraform).with("AWS_ENDPOINT_URL", &url);
        terraform.with("AWS_ACCESS_KEY_ID", "nobody").with("AWS_SECRET_ACCESS_KEY", "nothing")
    };

    let broken = apply();
    let main = broken.path("modules/aws-trust/main.tf");
    let text = fs::read_to_string(&main).expect("the module").replace("2012-10-17", "2012-10-18");
    fs::write(main, text).expect("a test's folder");
    broken.must(EXAMPLE, &["get"]).await;
    let refused = broken.run(EXAMPLE, &["apply", "-auto-approve", "-input=false"]).await;
    assert!(refused.code == Some(1) && refused.stderr.contains("MalformedPolicyDocument"), "{refused:?}");

    // The provider was made by then, so that it is another one.
    let outputs = apply().with("TF_VAR_public_url", "https://another.example").apply(EXAMPLE).await;
    let role = outputs["role_arns"]["reports"].as_str().expect("a role");
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role)])
        .extend_pairs([("RoleSessionName", "s-1"), ("WebIdentityToken", "not-looked-at")])
        .finish();
    let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, form_type)]);
    let answer = http_client::send(Method::POST, &url, headers, form).await;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(answer.status == 200 && text.contains("assumed-role/claviger-reports/s-1"), "{text}");
}
