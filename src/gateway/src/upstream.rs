//! The upstreams that are served, and the path of each.

use std::{collections::HashMap, sync::Arc};

use egress::UpstreamTarget;
use mcp::Era;
use model::{CredentialName, Operations, Resource, UpstreamName};
use redact::{Action, Class, Profile};

use crate::{
    analysis::{Analysis, Analyze},
    aws::AwsService,
    denial::Denial,
};

/// How an upstream is spoken to.
#[derive(Debug)]
pub enum Speech {
    /// The Model Context Protocol over Streamable HTTP, in the era that the configuration fixes.
    Mcp(Era),
    /// Plain HTTP, for named operations only.
    Http(Operations),
    /// A service of AWS, with requests that an SDK signed.
    Aws(AwsService),
}

/// What is looked for in the traffic of an upstream, and what follows.
#[derive(Debug, Clone)]
pub struct Masking {
    /// What is looked for, and what is done with it.
    pub profile: Arc<Profile>,
    /// The same for what agents send to it.
    pub inspection: Arc<Profile>,
    /// Whether a session ends when a credential that Claviger holds comes back in one of its answers.
    pub ends_leaking_sessions: bool,
    /// Who looks for what the profiles leave to an analyzer.
    pub analyzer: Option<Arc<dyn Analyze>>,
}

impl Default for Masking {
    /// Live secrets and named fields are masked in answers; calls pass.
    fn default() -> Self {
        let inspection = Profile::new().with_action(Class::NamedField, Action::Detect);
        Self { profile: Arc::default(), inspection: Arc::new(inspection), ends_leaking_sessions: false, analyzer: None }
    }
}

/// One upstream as callers see it.
#[derive(Debug)]
pub struct Upstream {
    name: UpstreamName,
    resource: Resource,
    /// Where clients read what they need to call it (RFC 9728).
    metadata_url: String,
    speech: Speech,
    target: Arc<UpstreamTarget>,
    credential: Option<CredentialName>,
    masking: Masking,
}

impl Upstream {
    /// An upstream that is served as `resource`.
    #[must_use]
    pub fn new(
        name: UpstreamName,
        resource: Resource,
        metadata_url: String,
        speech: Speech,
        target: Arc<UpstreamTarget>,
        credential: Option<CredentialName>,
    ) -> Self {
        Self { name, resource, metadata_url, speech, target, credential, masking: Masking::default() }
    }

    /// What is looked for in its answers, and what is done with it. Unsaid: live secrets and named fields are masked.
    #[must_use]
    pub fn masked_by(mut self, masking: Masking) -> Self {
        self.masking = masking;
        self
    }

    /// The name, as the configuration has it.
    #[must_use]
    pub const fn name(&self) -> &UpstreamName {
        &self.name
    }

    /// The resource that a token must be for.
    #[must_use]
    pub const fn resource(&self) -> &Resource {
        &self.resource
    }

    pub(crate) fn metadata_url(&self) -> &str {
        &self.metadata_url
    }

    pub(crate) const fn speech(&self) -> &Speech {
        &self.speech
    }

    pub(crate) const fn target(&self) -> &Arc<UpstreamTarget> {
        &self.target
    }

    pub(crate) const fn masking(&self) -> &Arc<Profile> {
        &self.masking.profile
    }

    pub(crate) const fn inspection(&self) -> &Arc<Profile> {
        &self.masking.inspection
    }

    /// Who analyzes its answers, where their profile asks for that.
    pub(crate) fn analysis(&self) -> Option<Analysis> {
        Analysis::over(self.masking.analyzer.as_ref(), &self.masking.profile)
    }

    /// The same for calls to it.
    pub(crate) fn analysis_of_calls(&self) -> Option<Analysis> {
        Analysis::over(self.masking.analyzer.as_ref(), &self.masking.inspection)
    }

    pub(crate) const fn ends_leaking_sessions(&self) -> bool {
        self.masking.ends_leaking_sessions
    }

    pub(crate) const fn credential(&self) -> Option<&CredentialName> {
        self.credential.as_ref()
    }
}

/// The upstreams by name.
#[derive(Debug, Default)]
pub struct Upstreams(HashMap<UpstreamName, Arc<Upstream>>);

impl FromIterator<Upstream> for Upstreams {
    fn from_iter<I: IntoIterator<Item = Upstream>>(upstreams: I) -> Self {
        Self(upstreams.into_iter().map(|upstream| (upstream.name.clone(), Arc::new(upstream))).collect())
    }
}

impl Upstreams {
    /// The upstreams, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Upstream>> {
        self.0.values()
    }

    /// The upstream of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Arc<Upstream>> {
        self.0.get(name)
    }

    /// The upstream that a path names, and what of the path is the upstream's own: `/mcp/NAME`, `/http/NAME/…` or `/aws/NAME/…`.
    ///
    /// # Errors
    /// [`Denial::UnknownUpstream`].
    pub(crate) fn route<'path>(&self, path: &'path str) -> Result<(&Arc<Upstream>, &'path str), Denial> {
        let (route, after) = path.strip_prefix('/').and_then(|path| path.split_once('/')).unwrap_or_default();
        let end = after.find('/').unwrap_or(after.len());
        let (name, rest) = (after.get(..end).unwrap_or_default(), after.get(end..).unwrap_or_default());
        let upstream = self.find(name).ok_or(Denial::UnknownUpstream)?;
        let is_served = match upstream.speech() {
            Speech::Mcp(_) => route == "mcp" && rest.is_empty(),
            Speech::Http(_) => route == "http",
            Speech::Aws(_) => route == "aws",
        };
        if is_served { Ok((upstream, rest)) } else { Err(Denial::UnknownUpstream) }
    }
}
