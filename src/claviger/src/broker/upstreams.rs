//! Upstreams, from the configuration's words into the gateway's and egress's.

use std::{sync::Arc, time::Duration};

use config::{AcceptRanges, Config, UpstreamKind};
use dial::Dialer;
use egress::{IssuedTokenAction, PoolLimits, Timeouts, UpstreamCredential, UpstreamParts, UpstreamTarget};
use gateway::{AwsKind, AwsRanges, AwsService, Speech, Upstream, Upstreams};
use sigv4::StandIns;
use token::ResourceKind;

use super::{issuers::trust_anchors, masking::Recognizers, sources::Sources};
use crate::output::Failure;

/// The upstreams that are served.
pub(super) fn served(
    config: &Config,
    sources: &Sources,
    stand_ins: &Arc<StandIns>,
    dialer: &Dialer,
) -> Result<Upstreams, Failure> {
    let public_url = config.server.public_url.to_string();
    let recognizers = Recognizers::new(&config.masking)?.asking(dialer, &config.masking)?;
    let served = |upstream| one(upstream, &public_url, sources, stand_ins, &recognizers);
    config.upstreams.iter().map(served).collect()
}

fn one(
    upstream: &config::Upstream,
    public_url: &str,
    sources: &Sources,
    stand_ins: &Arc<StandIns>,
    recognizers: &Recognizers,
) -> Result<Upstream, Failure> {
    let (kind, speech) = match &upstream.kind {
        UpstreamKind::Mcp { era: config::Era::V2025_11_25 } => (ResourceKind::Mcp, Speech::Mcp(mcp::Era::Legacy)),
        UpstreamKind::Mcp { era: config::Era::V2026_07_28 } => (ResourceKind::Mcp, Speech::Mcp(mcp::Era::Modern)),
        UpstreamKind::Http { operations } => (ResourceKind::Http, Speech::Http(operations.clone())),
        UpstreamKind::Aws { service, accept_ranges } => {
            let kind = match service {
                config::AwsService::S3 => AwsKind::S3,
                config::AwsService::DynamoDb => AwsKind::DynamoDb,
                config::AwsService::Sts => AwsKind::Sts,
            };
            let ranges = match accept_ranges {
                AcceptRanges::None => AwsRanges::None,
                AcceptRanges::Mebibytes => AwsRanges::WholeMebibytes,
            };
            (ResourceKind::Aws, Speech::Aws(AwsService::new(kind, ranges, Arc::clone(stand_ins))))
        }
    };
    let metadata_url = format!("{public_url}{}", kind.metadata_path(&upstream.name));
    let credential = upstream.credential.as_ref().map(|credential| credential.name.clone());
    let target = Arc::new(target(upstream, sources)?);
    let (name, resource) = (upstream.name.clone(), upstream.resource.clone());
    let served = Upstream::new(name, resource, metadata_url, speech, target, credential);
    Ok(served.masked_by(recognizers.masking(&upstream.masking)?))
}

/// Where an upstream is, and what goes into its calls.
fn target(upstream: &config::Upstream, sources: &Sources) -> Result<UpstreamTarget, Failure> {
    let dial::Target { destination, class, anchors, timeouts } = dial_target(upstream)?;
    let provider = upstream.credential.as_ref().and_then(|credential| sources.handle(&credential.issued));
    let credential = upstream.binding().zip(provider);
    let target = UpstreamTarget::new(UpstreamParts {
        name: upstream.name.clone(),
        destination,
        class,
        anchors,
        timeouts,
        limits: PoolLimits::default(),
        extra_headers: Vec::new(),
        passes_ranges: matches!(upstream.kind, UpstreamKind::Aws { accept_ranges: AcceptRanges::Mebibytes, .. }),
        issued_tokens: match upstream.issued_tokens {
            config::IssuedTokens::Mask => IssuedTokenAction::Mask,
            config::IssuedTokens::Capture => IssuedTokenAction::Capture,
            config::IssuedTokens::Deny => IssuedTokenAction::Deny,
        },
        gives_pseudonyms: upstream.masking.answers.tokenize(),
        credential: credential.map(|(binding, provider)| UpstreamCredential { binding, provider }),
    });
    target.map_err(|error| Failure::new(format!("upstream {}: {error}", upstream.name)))
}

/// How an upstream is reached.
pub(crate) fn dial_target(upstream: &config::Upstream) -> Result<dial::Target, Failure> {
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
    let timeouts = Timeouts {
        connect: seconds(upstream.timeouts.connect_seconds),
        head: seconds(upstream.timeouts.response_header_seconds),
        idle: seconds(upstream.timeouts.idle_seconds),
    };
    let anchors = upstream.certificate_authority.as_deref().map(trust_anchors).transpose()?;
    Ok(dial::Target { destination: upstream.destination.clone(), class: upstream.addresses, anchors, timeouts })
}
