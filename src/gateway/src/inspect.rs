//! Looks through what an agent sends: credentials and personal data are counted, masked or refused, before anyone judges the call.

use std::sync::Arc;

use bytes::Bytes;
use http::header;
use http_body::Body as _;
use mcp::{Json, Limits, Object, Outcome};
use redact::{Content, Masker, Profile, Report};

use crate::{
    asked::{Asked, HttpAsked, HttpBody, McpAsked, McpMessage},
    denial::Denial,
    facts::Facts,
    handles::passing_handles,
    read::{ReadLimits, collect},
    upstream::{Speech, Upstream},
};

/// The members of a request's parameters that an agent fills with what it likes.
const FILLED: [&str; 2] = ["arguments", "inputResponses"];

/// Evidence that what is asked was looked through, and stands here as it will be judged and sent.
#[derive(Debug)]
pub struct Inspected(Asked);

impl Inspected {
    pub(crate) fn into_asked(self) -> Asked {
        self.0
    }
}

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
    let mut inspector = Inspector { profile: upstream.inspection(), found: &mut known.found };
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
    fn message(&mut self, asked: &mut McpAsked) -> Result<(), Denial> {
        match &mut asked.message {
            McpMessage::Request(request) if request.params().is_some() => {
                FILLED.iter().try_for_each(|member| self.member(request.params_mut(), member))
            }
            McpMessage::Response(response) => match response.outcome_mut() {
                Outcome::Result(result) => self.member(result, "content"),
                Outcome::Error(_) => Ok(()),
            },
            McpMessage::Request(_)
            | McpMessage::Notification(_)
            | McpMessage::Stream { .. }
            | McpMessage::Terminate => Ok(()),
        }
    }

    /// One member of an object; it is written again where something in it was masked.
    fn member(&mut self, object: &mut Object, name: &str) -> Result<(), Denial> {
        let Some(value) = object.member(name) else { return Ok(()) };
        if let Some(masked) = self.text(value.to_vec().into(), Content::Json)? {
            object.set(name, Json::parse(&masked, &Limits::LIST).map_err(|_| Denial::CallBlocked { class: None })?);
        }
        Ok(())
    }

    async fn request(&mut self, asked: &mut HttpAsked, speech: &Speech, limits: ReadLimits) -> Result<(), Denial> {
        // A path names something, and would name something else if it were changed.
        if let Some(query) = asked.path.query()
            && self.text(Bytes::copy_from_slice(query.as_bytes()), Content::Text)?.is_some()
        {
            return Err(Denial::CallBlocked { class: self.found.classes().next().map(|(class, _)| class) });
        }
        // What goes to AWS is what its digest, its chunks or its checksum say: it cannot be changed. Members are written again.
        let is_fixed = matches!(speech, Speech::Aws(_));
        let content = Content::of(asked.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()));
        let body = std::mem::replace(&mut asked.body, HttpBody::Whole(Bytes::new()));
        asked.body = match body {
            HttpBody::Members(mut members) => {
                if let Some(masked) = self.text(members.to_vec().into(), Content::Json)? {
                    let masked = Json::parse(&masked, &Limits::LIST).ok();
                    let Some(Json::Object(masked)) = masked else { return Err(Denial::CallBlocked { class: None }) };
                    members = masked;
                }
                HttpBody::Members(members)
            }
            HttpBody::Whole(bytes) if content != Content::Binary && !is_fixed => {
                HttpBody::Whole(self.text(bytes.clone(), content)?.unwrap_or(bytes))
            }
            HttpBody::Stream(body)
                if content != Content::Binary && !is_fixed && self.changes() && !body.is_end_stream() =>
            {
                asked.headers.remove(header::CONTENT_LENGTH);
                let whole = collect(body, limits).await?;
                HttpBody::Whole(self.text(whole.clone(), content)?.unwrap_or(whole))
            }
            body @ (HttpBody::Whole(_) | HttpBody::Stream(_) | HttpBody::SignedChunks(_)) => body,
        };
        Ok(())
    }

    /// Whether anything that may be found is more than counted; a body that passes through is not held for less.
    fn changes(&self) -> bool {
        self.profile.changes_anything()
    }

    /// The text as it may be sent, where that is another one.
    fn text(&mut self, text: Bytes, content: Content) -> Result<Option<Bytes>, Denial> {
        let mut masker = passing_handles(Masker::without_secrets(self.profile, content), &text);
        let mut masked = Vec::new();
        let mut out = |clean: Bytes| masked.extend_from_slice(&clean);
        masker.push(text, &mut out);
        let found = masker.finish(&mut out);
        self.found.merge(&found);
        if let Some(class) = found.blocked_by() {
            return Err(Denial::CallBlocked { class: Some(class) });
        }
        Ok((found.count() > 0).then(|| masked.into()))
    }
}
