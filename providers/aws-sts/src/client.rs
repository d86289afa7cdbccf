//! The two calls of STS, each bounded in time, in attempts and in what it answers.

use std::time::Duration;

use aws_config::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_sts::{
    Config,
    config::{BehaviorVersion, SharedHttpClient},
    types::{Credentials, PolicyDescriptorType, Tag},
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use model::Timestamp;
use provider::{Material, ProviderError};
use secret::Secret;
use zeroize::Zeroizing;

use crate::{Authentication, Grant, PolicyArn, Settings, bounded::BoundedAnswers, marks::Marks, refusal::refusal};

/// The least that STS takes. A session ends sooner, and the session policy ends the key with it.
const DURATION_SECONDS: i32 = 900;
/// Both attempts with their pause.
const CALL_TIMEOUT: Duration = Duration::from_secs(8);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(4);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// One more try for a connection that broke; more of them would wait in line behind a source that is down.
const ATTEMPTS_MAX: u32 = 2;
const BACKOFF: Duration = Duration::from_millis(100);

/// STS of one region.
#[derive(Debug)]
pub(crate) struct Client(aws_sdk_sts::Client);

/// What is asked of STS.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) grant: &'a Grant,
    pub(crate) policy: String,
    pub(crate) marks: Marks,
}

/// What STS made.
#[derive(Debug)]
pub(crate) struct Minted {
    pub(crate) access_key_id: String,
    pub(crate) material: Material,
    pub(crate) expiry: Timestamp,
}

impl Client {
    pub(crate) fn new(settings: &Settings) -> Self {
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(settings.region.clone())
            .http_client(http_client())
            .retry_config(retries())
            .timeout_config(timeouts())
            .interceptor(BoundedAnswers);
        config.set_endpoint_url(settings.endpoint.clone());
        if let Authentication::Ambient(credentials) = &settings.authentication {
            config.set_credentials_provider(Some(credentials.clone()));
        }
        Self(aws_sdk_sts::Client::from_conf(config.build()))
    }

    /// AssumeRole, signed with Claviger's own credentials.
    ///
    /// # Errors
    /// Says who is to blame.
    pub(crate) async fn assume_role(&self, ask: Ask<'_>) -> Result<Minted, ProviderError> {
        let Ask { grant, policy, marks } = ask;
        let tag = |(key, value): &(&str, String)| Tag::builder().key(*key).value(value).build();
        let tags: Result<Vec<_>, _> = marks.tags.iter().map(tag).collect();
        let tags = tags.expect("each tag has a key and a value");
        let answer = self
            .0
            .assume_role()
            .role_arn(grant.role.as_str())
            .role_session_name(marks.session_name)
            .duration_seconds(DURATION_SECONDS)
            .policy(policy)
            .set_policy_arns(managed(&grant.policies))
            .set_tags(Some(tags))
            .set_transitive_tag_keys(Some(marks.tags.iter().map(|(key, _)| (*key).to_owned()).collect()))
            .source_identity(marks.source_identity)
            .set_external_id(grant.external_id.clone())
            .send()
            .await;
        minted(answer.map_err(|error| refusal(&error, &grant.role))?.credentials)
    }

    /// AssumeRoleWithWebIdentity: not signed, and the tags stand in the token.
    ///
    /// # Errors
    /// Says who is to blame.
    pub(crate) async fn assume_role_with_web_identity(
        &self,
        ask: Ask<'_>,
        token: &Secret,
    ) -> Result<Minted, ProviderError> {
        let Ask { grant, policy, marks } = ask;
        let answer = self
            .0
            .assume_role_with_web_identity()
            .role_arn(grant.role.as_str())
            .role_session_name(marks.session_name)
            .duration_seconds(DURATION_SECONDS)
            .policy(policy)
            .set_policy_arns(managed(&grant.policies))
            .web_identity_token(token.expose())
            .send()
            .await;
        minted(answer.map_err(|error| refusal(&error, &grant.role))?.credentials)
    }
}

/// TLS on ring, with the operating system's trust anchors.
pub(crate) fn http_client() -> SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

pub(crate) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX).with_initial_backoff(BACKOFF).with_max_backoff(BACKOFF)
}

pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_timeout(CALL_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .build()
}

fn managed(policies: &[PolicyArn]) -> Option<Vec<PolicyDescriptorType>> {
    let described = policies.iter().map(|policy| PolicyDescriptorType::builder().arn(policy.as_str()).build());
    (!policies.is_empty()).then(|| described.collect())
}

/// Takes the key over from the SDK's texts, which become the secrets.
fn minted(credentials: Option<Credentials>) -> Result<Minted, ProviderError> {
    let missing = || ProviderError::Refused { reason: "STS answered without a key".to_owned() };
    let credentials = credentials.ok_or_else(missing)?;
    let secret = |text| Secret::new(Zeroizing::new(text));
    let (secret_access_key, session_token) = (secret(credentials.secret_access_key), secret(credentials.session_token));
    let seconds = u64::try_from(credentials.expiration.secs()).map_err(|_| missing())?;
    let access_key_id = credentials.access_key_id;
    let material = Material::AwsKey { access_key_id: access_key_id.clone(), secret_access_key, session_token };
    Ok(Minted { access_key_id, material, expiry: Timestamp::from_seconds(seconds) })
}
