//! Looks through what an agent sends: secrets and personal data are told of, masked or refused, before anyone judges the call.

use std::sync::Arc;

use bytes::Bytes;
use http::header;
use http_body::Body as _;
use mcp::{Json, Limits, Object};
use redact::{Class, Content, Masker, Profile, Report};
use secret::FingerprintSet;

use crate::{
    asked::{Asked, HttpAsked, HttpBody, McpAsked, McpMessage},
    denial::Denial,
    facts::Facts,
    read::{ReadLimits, collect},
    upstream::{Speech, Upstream},
};

/// Evidence that what is asked was looked through, and is as it will be sent.
#[derive(Debug)]
pub(crate) struct Inspected(Asked);

impl Inspected {
    pub(crate) const fn asked(&self) -> &Asked {
        &self.0
    }

    pub(crate) fn into_asked(self) -> Asked {
        self.0
    }
}

/// The members of a request's parameters that an agent fills with what it likes.
const FILLED: [&str; 2] = ["arguments", "inputResponses"];

/// Looks through `asked`.
///
/// # Errors
/// [`Denial::CallBlocked`]; and for a body that must be read to be looked through, what keeps it from being read.
pub(crate) async fn inspect(
    mut asked: Asked,
    upstream: &Upstream,
    limits: ReadLimits,
    known: &mut Facts,
) -> Result<Inspected, Denial> {
    let inspector = Inspector { profile: upstream.inspection(), found: &mut known.found };
    match &mut asked {
        Asked::Mcp(mcp) => inspector.message(mcp)?,
        Asked::Http(http) => inspector.request(http, upstream.speech(), limits).await?,
    }
    Ok(Inspected(asked))
}

struct Inspector<'call> {
    profile: &'call Arc<Profile>,
    found: &'call mut Report,
}

impl Inspector<'_> {
    fn message(mut self, asked: &mut McpAsked) -> Result<(), Denial> {
        match &mut asked.message {
            McpMessage::Request(request) => {
                let Some(params) = request.params() else { return Ok(()) };
                for member in FILLED.into_iter().filter(|member| params.member(member).is_some()) {
                    todo!()
                }
                Ok(())
            }
            McpMessage::Response(_) | McpMessage::Notification(_) | McpMessage::Stream { .. } | McpMessage::Terminate => Ok(()),
        }
    }
}
