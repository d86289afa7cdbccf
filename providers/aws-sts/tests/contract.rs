//! The provider before the contract that all providers keep, at an AWS that moto plays.

#![expect(clippy::unwrap_used, reason = "what a test arranges may fail it")]

mod support;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aws_credential_types::{
    Credentials,
    credential_fn::provide_credentials_fn,
    provider::{SharedCredentialsProvider, error::CredentialsError},
};
use model::{Agent, Binding, Caller, Clock, Injection, Subject, SystemClock, Timestamp, TraceContext};
use provider::{
    CredentialRequest, Lease, Material, Provider, ProviderError,
    conformance::{Case, Life, Notes, check},
};
use provider_aws_sts::{Authentication, AwsSts, Conditions, Grant, Reach, Settings, Statement};
use ring::rand::{SecureRandom, SystemRandom};
use secret::Secret;
use serde_json::{Value, json};

use support::{
    account::Account,
    identity::Identity,
    recorder::{Answer, Recorder},
};

const AGENT: &str = "arn:aws:iam::123456789012:role/agent";
const REPORTS: &str = "arn:aws:s3:::reports/*";

fn binding(credential: &str) -> Binding {
    Binding {
        credential: credential.parse().unwrap(),
        upstream: "s3".parse().unwrap(),
        destination: "https://s3.eu-central-1.amazonaws.com".parse().unwrap(),
        injection: Injection::BasicPair,
    }
}

/// `reports` is for the role `agent`, `closed` for one that trusts somebody else, `unknown_role` for one that Claviger may not assume.
fn grants() -> Vec<Grant> {
    let statement = |action: &str| {
        let statement = Statement::new(vec![action.to_owned()], vec![REPORTS.to_owned()], Conditions::new());
        vec![statement.unwrap()]
    };
    let tools = BTreeMap::from([
        ("read_report".parse().unwrap(), statement("s3:GetObject")),
        ("write_report".parse().unwrap(), statement("s3:PutObject")),
    ]);
    let grant = |credential: &str, role: &str| {
        Grant::new(binding(credential), role.parse().unwrap(), Reach::Tools(tools.clone()))
    };
    vec![
        grant("reports", AGENT).with_external_id("claviger-7".to_owned()).unwrap(),
        grant("closed", "arn:aws:iam::123456789012:role/closed"),
        grant("unknown_role", "arn:aws:iam::123456789012:role/unknown"),
    ]
}

fn caller(session_end: Timestamp) -> Caller {
    Caller {
        agent: Agent { name: "claims-bot".parse().unwrap(), groups: Vec::new() },
        subject: Subject { issuer: "https://idp.example".to_owned(), id: "alice@example.com".to_owned() },
        actor: None,
        session: "session-1".parse().unwrap(),
        session_end,
        scopes: "s3:read_report".parse().unwrap(),
    }
}

/// In ten minutes: sooner than what STS makes ends by itself.
fn session_end() -> Timestamp {
    SystemClock.now().plus(Duration::from_secs(600))
}

fn canary() -> String {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).unwrap();
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn ambient((access_key_id, secret_access_key): (&str, &str), url: &str) -> AwsSts {
    let credentials = Credentials::new(access_key_id, secret_access_key, None, None, "a test");
    let authentication = Authentication::Ambient(SharedCredentialsProvider::new(credentials));
    AwsSts::new(Settings::new("eu-central-1", authentication).unwrap().with_endpoint(url).unwrap(), grants())
}

fn of_account(account: &Account, url: &str) -> AwsSts {
    ambient((&account.broker.0, &account.broker.1), url)
}

fn web_identity(identity: &Arc<Identity>, url: &str) -> AwsSts {
    let authentication = Authentication::web_identity(Arc::clone(identity) as Arc<_>);
    AwsSts::new(Settings::new("eu-central-1", authentication).unwrap().with_endpoint(url).unwrap(), grants())
}

async fn issue(provider: &AwsSts, credential: &str, caller: &Caller) -> Result<Lease, ProviderError> {
    let (binding, journal) = (binding(credential), Notes::default());
    let trace = TraceContext::new([7; 16], [7; 8], 0);
    let issued = provider.issue(CredentialRequest { binding: &binding, caller, trace, journal: &journal }).await;
    assert!(journal.all().is_empty(), "nothing is made that could be ended");
    issued
}

async fn keeps_the_contract(provider: &AwsSts, secret: &str) {
    let good = binding("reports");
    let elsewhere = Binding { destination: "https://evil.example.com".parse().unwrap(), ..good.clone() };
    let other_slot = Binding { injection: Injection::Query { parameter: "key".to_owned() }, ..good.clone() };
    let case = Case {
        caller: &caller(session_end()),
        good: &good,
        bad: &[binding("unknown"), elsewhere, other_slot],
        life: Life::Minted,
        now: SystemClock.now(),
        canaries: &[Secret::new(secret.to_owned().into())],
    };
    check(provider, &case).await.unwrap();
}

fn error(code: &str, said: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{said}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )
}

#[tokio::test]
async fn with_credentials_of_its_own_it_keeps_the_contract() {
    let account = Account::strict();
    keeps_the_contract(&of_account(&account, &format!("http://{}", account.address)), &account.broker.1).await;
}

#[tokio::test]
async fn with_an_identity_token_it_keeps_the_contract() {
    let (account, token) = (Account::lax(), canary());
    let provider = web_identity(&Arc::new(Identity::new(&token)), &format!("http://{}", account.address));
    keeps_the_contract(&provider, &token).await;
}

#[tokio::test]
async fn a_key_opens_what_the_role_allows_and_nothing_else() {
    let account = Account::strict();
    let provider = of_account(&account, &format!("http://{}", account.address));
    let lease = issue(&provider, "reports", &caller(session_end())).await.unwrap();
    let Material::AwsKey { access_key_id, secret_access_key, session_token } = &lease.material else { panic!() };
    assert_eq!(lease.id.as_str(), format!("aws-sts/reports/{access_key_id}"));
    let expected = json!({
        "identity": "arn:aws:sts::123456789012:assumed-role/agent/session-1",
        "read": "the report of november",
        "delete": "AccessDenied",
        "users": "AccessDenied",
    });
    assert_eq!(account.use_key(access_key_id, secret_access_key.expose(), session_token.expose()), expected);
    let wrong = account.use_key(access_key_id, &canary(), session_token.expose());
    assert_eq!(
        (&wrong["read"], &wrong["identity"]),
        (&json!("SignatureDoesNotMatch"), &json!("SignatureDoesNotMatch"))
    );
}

#[tokio::test]
async fn a_role_that_does_not_trust_claviger_is_refused_by_its_name() {
    let account = Account::strict();
    let provider = of_account(&account, &format!("http://{}", account.address));
    for (credential, role) in [("closed", "role/closed"), ("unknown_role", "role/unknown")] {
        let refused = issue(&provider, credential, &caller(session_end())).await.unwrap_err();
        let ProviderError::Refused { reason } = refused else { panic!("{refused:?}") };
        assert!(reason.contains(role) && reason.contains("trust policy"), "{reason}");
    }
    let stranger = ambient((&account.broker.0, &canary()), &format!("http://{}", account.address));
    let refused = issue(&stranger, "reports", &caller(session_end())).await.unwrap_err();
    assert!(matches!(refused, ProviderError::Refused { .. }), "a wrong key: {refused:?}");
}

#[tokio::test]
async fn sts_is_asked_for_no_more_than_the_session_may() {
    let account = Account::strict();
    let recorder = Recorder::start(Answer::Of(account.address.clone())).await;
    let end = Timestamp::from_seconds(4_000_000_000);
    let lease = issue(&of_account(&account, &recorder.url), "reports", &caller(end)).await.unwrap();
    let requests = recorder.requests();
    let [request] = requests.as_slice() else { panic!("one call") };
    let scope = "/eu-central-1/sts/aws4_request";
    assert!(
        request.head.contains(&format!("Credential={}", account.broker.0)) && request.head.contains(scope),
        "{}",
        request.head
    );
    let mut form = request.form.clone();
    assert_eq!(policy(&form.remove("Policy").unwrap()), expected_policy());
    let tags = [
        ("Agent", "claims-bot"),
        ("Upstream", "s3"),
        ("Session", "session-1"),
        ("Trace", &"07".repeat(16)),
        ("Subject", "alice@example.com"),
        ("Issuer", "https://idp.example"),
    ];
    let mut expected = BTreeMap::from([
        ("Action", "AssumeRole"),
        ("Version", "2011-06-15"),
        ("RoleArn", AGENT),
        ("RoleSessionName", "session-1"),
        ("DurationSeconds", "900"),
        ("SourceIdentity", "alice@example.com"),
        ("ExternalId", "claviger-7"),
    ])
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect::<BTreeMap<_, _>>();
    for (number, (key, value)) in (1..).zip(tags) {
        expected.insert(format!("Tags.member.{number}.Key"), key.to_owned());
        expected.insert(format!("Tags.member.{number}.Value"), value.to_owned());
        expected.insert(format!("TransitiveTagKeys.member.{number}"), key.to_owned());
    }
    assert_eq!(form, expected);
    // The session ends in the far future, so that STS's own end is the sooner one: 900 seconds.
    let life = lease.expiry.unwrap().since(SystemClock.now());
    assert!((Duration::from_secs(800)..=Duration::from_secs(900)).contains(&life), "{life:?}");
}

#[tokio::test]
async fn an_identity_token_says_what_parameters_say_otherwise() {
    let account = Account::lax();
    let recorder = Recorder::start(Answer::Of(account.address.clone())).await;
    let token = canary();
    let identity = Arc::new(Identity::new(&token));
    issue(&web_identity(&identity, &recorder.url), "reports", &caller(Timestamp::from_seconds(4_000_000_000)))
        .await
        .unwrap();
    let requests = recorder.requests();
    let [request] = requests.as_slice() else { panic!("one call") };
    assert!(!request.head.to_ascii_lowercase().contains("\r\nauthorization:"), "{}", request.head);
    let mut form = request.form.clone();
    assert_eq!(policy(&form.remove("Policy").unwrap()), expected_policy());
    let expected = BTreeMap::from([
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", AGENT),
        ("RoleSessionName", "session-1"),
        ("DurationSeconds", "900"),
        ("WebIdentityToken", &token),
    ]);
    assert_eq!(form.iter().map(|(key, value)| (&**key, &**value)).collect::<BTreeMap<_, _>>(), expected);
    let asked = identity.asked.lock();
    let [(audience, claims)] = asked.as_slice() else { panic!("one token") };
    assert_eq!(audience, "sts.amazonaws.com");
    let tags = json!({
        "Agent": ["claims-bot"], "Upstream": ["s3"], "Session": ["session-1"], "Trace": ["07".repeat(16)],
        "Subject": ["alice@example.com"], "Issuer": ["https://idp.example"],
    });
    let keys = json!(["Agent", "Upstream", "Session", "Trace", "Subject", "Issuer"]);
    let expected = json!({
        "https://aws.amazon.com/tags": {"principal_tags": tags, "transitive_tag_keys": keys},
        "https://aws.amazon.com/source_identity": "alice@example.com",
    });
    assert_eq!(Value::from(claims.clone()), expected);
}

fn policy(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn expected_policy() -> Value {
    let condition = json!({"DateGreaterThan": {"aws:CurrentTime": ["2096-10-02T07:06:40Z"]}});
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [REPORTS]},
        {"Effect": "Deny", "Action": ["*"], "Resource": ["*"], "Condition": condition},
    ]})
}

#[tokio::test]
async fn a_key_ends_with_its_session() {
    let account = Account::strict();
    let end = session_end();
    let provider = of_account(&account, &format!("http://{}", account.address));
    assert_eq!(issue(&provider, "reports", &caller(end)).await.unwrap().expiry, Some(end));
}

#[tokio::test]
async fn each_error_of_sts_is_said_in_our_own_words() {
    for (code, words) in [
        ("PackedPolicyTooLarge", "too large for STS when packed"),
        ("MalformedPolicyDocument", "cannot read the session policy"),
        ("AccessDenied", AGENT),
        ("ExpiredTokenException", "had expired"),
        ("RequestExpired", "check this machine's clock"),
        ("InvalidIdentityToken", "OIDC provider"),
        ("IDPRejectedClaim", "rejects a claim"),
        ("IDPCommunicationError", "jwks_uri"),
        ("RegionDisabledException", "not active in this region"),
        (
            "SignatureDoesNotMatch",
            "the credentials that Claviger itself has where it runs; check them, and this machine's clock",
        ),
        ("InvalidClientTokenId", "the credentials that Claviger itself has"),
        ("ValidationError", "STS answered 400 ValidationError"),
    ] {
        let token = canary();
        let recorder = Recorder::start(Answer::Canned(400, error(code, &format!("you said {token}")))).await;
        let provider = web_identity(&Arc::new(Identity::new(&token)), &recorder.url);
        let refused = issue(&provider, "reports", &caller(session_end())).await.unwrap_err();
        let shown = format!("{refused} {refused:?}");
        assert!(matches!(refused, ProviderError::Refused { .. }) && shown.contains(words), "{code}: {shown}");
        assert!(!shown.contains(&token) && !shown.contains("you said"), "{shown}");
    }
}

#[tokio::test]
async fn a_source_that_is_down_is_asked_twice_at_most() {
    for answer in [
        Answer::Canned(500, error("InternalFailure", "")),
        Answer::Canned(503, String::new()),
        Answer::Canned(400, error("Throttling", "")),
    ] {
        let recorder = Recorder::start(answer.clone()).await;
        let provider = web_identity(&Arc::new(Identity::new(&canary())), &recorder.url);
        let refused = issue(&provider, "reports", &caller(session_end())).await.unwrap_err();
        assert!(matches!(refused, ProviderError::Unreachable), "{answer:?}: {refused:?}");
        assert_eq!(recorder.requests().len(), 2, "{answer:?}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let endless = Recorder::start(Answer::Canned(200, " ".repeat(4 << 20))).await;
    let provider = web_identity(&Arc::new(Identity::new(&canary())), &endless.url);
    let refused = issue(&provider, "reports", &caller(session_end())).await.unwrap_err();
    assert!(matches!(refused, ProviderError::Unreachable), "{refused:?}");
}

#[tokio::test]
async fn a_broker_without_credentials_says_so() {
    let recorder = Recorder::start(Answer::Canned(500, String::new())).await;
    let nobody = provide_credentials_fn(|| async { Err(CredentialsError::not_loaded("nowhere")) });
    let authentication = Authentication::Ambient(SharedCredentialsProvider::new(nobody));
    let settings = Settings::new("eu-central-1", authentication).unwrap().with_endpoint(&recorder.url).unwrap();
    let refused = issue(&AwsSts::new(settings, grants()), "reports", &caller(session_end())).await.unwrap_err();
    let ProviderError::Missing { reason } = refused else { panic!("{refused:?}") };
    assert!(reason.starts_with("Claviger has no credentials of AWS where it runs"), "{reason}");
    assert!(recorder.requests().is_empty());
}
