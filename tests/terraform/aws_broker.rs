//! What the instance of the module `aws-broker` may do at AWS, and whether its start script can be run at all.

use std::{collections::HashMap, time::Duration};

use serde_json::{Value, json};
use tokio::process::Command;

use super::iam::{Question, judge};
use crate::support::{
    peers::{self, or_skip},
    process,
    terraform::Terraform,
};

const EXAMPLE: &str = "modules/aws-broker/examples/one";
const REGION: &str = "eu-central-1";

#[tokio::test]
async fn the_instance_reads_its_bundle_and_its_key_and_nothing_else() {
    let (terraform, iam) = (or_skip!(peers::terraform()), or_skip!(peers::iam_judge()));
    let made = made(&terraform).await;
    let arn = |address: &str| made[address]["arn"].as_str().expect("it has an ARN").to_owned();
    let [role, secret, key] =
        ["aws_iam_role.claviger", "aws_secretsmanager_secret.vault_key", "aws_kms_key.claviger"].map(arn);
    let [policy, key_policy] = ["aws_iam_role_policy.claviger", "aws_kms_key.claviger"].map(|address| {
        let policy = made[address]["policy"].as_str().expect("a policy");
        serde_json::from_str::<Value>(policy).expect("a policy is JSON")
    });

    let via = |service: &str| json!({ "kms:ViaService": format!("{service}.{REGION}.amazonaws.com") });
    let nothing = json!({});
    let cases = [
        ("s3:GetObject", "arn:aws:s3:::example-releases/claviger/bundle.tar.gz", &nothing, "Allowed"),
        ("s3:GetObject", "arn:aws:s3:::example-releases/other", &nothing, "ImplicitlyDenied"),
        ("s3:PutObject", "arn:aws:s3:::example-releases/claviger/bundle.tar.gz", &nothing, "ImplicitlyDenied"),
        ("secretsmanager:GetSecretValue", &secret, &nothing, "Allowed"),
        ("secretsmanager:PutSecretValue", &secret, &nothing, "ImplicitlyDenied"),
        ("kms:Decrypt", &key, &via("secretsmanager"), "Allowed"),
        ("kms:Decrypt", &key, &via("s3"), "ImplicitlyDenied"),
        ("kms:Decrypt", &key, &nothing, "ImplicitlyDenied"),
        ("sts:AssumeRole", "arn:aws:iam::123456789012:role/claviger/claviger-reports", &nothing, "ImplicitlyDenied"),
        ("iam:PassRole", &role, &nothing, "ImplicitlyDenied"),
    ];
    let ask = |(action, resource, context, _): &(&str, &str, &Value, &str)| {
        let question = Question::new(&role, action, resource, context).identity(&policy);
        // A key's own policy has to leave it to the policies of IAM.
        if *resource == key { question.resource(&key_policy) } else { question }
    };
    let answers = judge(iam, &cases.iter().map(ask).collect::<Vec<_>>()).await;
    for ((action, resource, context, expected), answer) in cases.iter().zip(answers) {
        assert_eq!(answer, *expected, "{action} {resource} {context}");
    }
}

#[tokio::test]
async fn the_start_script_is_a_script_and_holds_no_secret() {
    let terraform = or_skip!(peers::terraform());
    let made = made(&terraform).await;
    let script = made["aws_instance.claviger"]["user_data"].as_str().expect("a script");
    let mut shell = Command::new("bash");
    shell.args(["-n", "/dev/stdin"]);
    process::output("bash", shell, script, Duration::from_secs(60)).await;
    assert!(script.len() < 16 * 1024 && script.contains("sha256sum --check"), "{script}");
    assert!(!script.contains("${"), "something of Terraform is left in\n{script}");
}

/// What the example makes, by its address in the module.
async fn made(peer: &peers::Terraform) -> HashMap<String, Value> {
    let terraform = Terraform::new(peer);
    terraform.apply(EXAMPLE).await;
    let state = terraform.state(EXAMPLE).await.into_iter();
    state.map(|(address, values)| (address.trim_start_matches("module.aws_broker.").to_owned(), values)).collect()
}
