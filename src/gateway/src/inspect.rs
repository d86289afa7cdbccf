//! Looks through what an agent sends: credentials and personal data are counted, masked or refused, before anyone judges the call.

use std::sync::Arc;

use bytes::Bytes;
use http::header;
use http_body::Body as _;
use mcp::{Json, Limits, Object, Outcome};
use redact::{Content, Masker, Profile, Report, Texts};

use crate::{
    analysis::Analysis,
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
/// [`Denial::CallBlocked`] and [`Denial::Unanalyzed`]; and for a body that must be read to be looked through, what keeps it from being read.
pub(crate) async fn inspect(
    mut asked: Asked,
    upstream: &Upstream,
    limits: ReadLimits,
    known: &mut Facts,
) -> Result<Inspected, Denial> {
    let (profile, analysis) = (upstream.inspection(), upstream.analysis_of_calls());
    let mut inspector = Inspector { profile, analysis, found: &mut known.found };
    match &mut asked {
        Asked::Mcp(mcp) => inspector.message(mcp).await?,
        Asked::Http(http) => inspector.request(http, upstream.speech(), limits).await?,
    }
    Ok(Inspected(asked))
}

struct Inspector<'call> {
    profile: &'call Arc<Profile>,
    /// `None` where nothing is asked of an analyzer.
    analysis: Option<Analysis>,
    found: &'call mut Report,
}

impl Inspector<'_> {
    async fn message(&mut self, asked: &mut McpAsked) -> Result<(), Denial> {
        match &mut asked.message {
            McpMessage::Request(request) if request.params().is_some() => {
                for member in FILLED {
                    self.member(request.params_mut(), member).await?;
                }
                Ok(())
            }
            McpMessage::Response(response) => match response.outcome_mut() {
                Outcome::Result(result) => self.member(result, "content").await,
                Outcome::Error(_) => Ok(()),
            },
            McpMessage::Request(_)
            | McpMessage::Notification(_)
            | McpMessage::Stream { .. }
            | McpMessage::Terminate => Ok(()),
        }
    }

    /// One member of an object; it is written again where something in it was masked.
    async fn member(&mut self, object: &mut Object, name: &str) -> Result<(), Denial> {
        let Some(value) = object.member(name) else { return Ok(()) };
        if let Some(masked) = self.text(value.to_vec().into(), Content::Json).await? {
            object.set(name, Json::parse(&masked, &Limits::LIST).map_err(|_| Denial::CallBlocked { class: None })?);
        }
        Ok(())
    }

    async fn request(&mut self, asked: &mut HttpAsked, speech: &Speech, limits: ReadLimits) -> Result<(), Denial> {
        // A path names something, and would name something else if it were changed.
        if let Some(query) = asked.path.query()
            && self.text(Bytes::copy_from_slice(query.as_bytes()), Content::Text).await?.is_some()
        {
            return Err(Denial::CallBlocked { class: self.found.classes().next().map(|(class, _)| class) });
        }
        // What goes to AWS is what its digest, its chunks or its checksum say: it cannot be changed. Members are written again.
        let is_fixed = matches!(speech, Speech::Aws(_));
        let content = Content::of(asked.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()));
        let body = std::mem::replace(&mut asked.body, HttpBody::Whole(Bytes::new()));
        asked.body = match body {
            HttpBody::Members(mut members) => {
                if let Some(masked) = self.text(members.to_vec().into(), Content::Json).await? {
                    let masked = Json::parse(&masked, &Limits::LIST).ok();
                    let Some(Json::Object(masked)) = masked else { return Err(Denial::CallBlocked { class: None }) };
                    members = masked;
                }
                HttpBody::Members(members)
            }
            HttpBody::Whole(bytes) if content != Content::Binary && !is_fixed => {
                HttpBody::Whole(self.text(bytes.clone(), content).await?.unwrap_or(bytes))
            }
            HttpBody::Stream(body)
                if content != Content::Binary && !is_fixed && self.changes() && !body.is_end_stream() =>
            {
                asked.headers.remove(header::CONTENT_LENGTH);
                let whole = collect(body, limits).await?;
                HttpBody::Whole(self.text(whole.clone(), content).await?.unwrap_or(whole))
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
    async fn text(&mut self, text: Bytes, content: Content) -> Result<Option<Bytes>, Denial> {
        let mut masker = passing_handles(Masker::without_secrets(self.profile, content), &text);
        let mut masked = Vec::new();
        let mut out = |clean: Bytes| masked.extend_from_slice(&clean);
        masker.push_last(text, &mut out);
        let mut found = masker.finish(&mut out);
        let mut masked = Bytes::from(masked);
        if found.blocked_by().is_none()
            && let Some(analysis) = &self.analysis
            && analysis.admits(masked.len()).map_err(Denial::Unanalyzed)?
        {
            let texts = Texts::of(masked.clone());
            let (analyzed, also_found) = analysis.mask(masked, texts).await.map_err(Denial::Unanalyzed)?;
            found.merge(&also_found);
            masked = analyzed;
        }
        self.found.merge(&found);
        if let Some(class) = found.blocked_by() {
            return Err(Denial::CallBlocked { class: Some(class) });
        }
        Ok((found.count() > 0).then_some(masked))
    }
}

#[cfg(test)]
mod tests {
    use mcp::{Dialect, Era, Message};
    use model::{Clock as _, SystemClock};
    use redact::{Action, Class};
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        Masking,
        analysis::testing::{PERSON, Played, asking},
        converse::testing::Scene,
    };

    /// What becomes of a call's arguments, and what was found in them.
    async fn inspected(played: Played, action: Action, arguments: &Value) -> Result<(Value, Report), Denial> {
        let inspection = Arc::new(asking(action));
        let masking = Masking { inspection, analyzer: Some(Arc::new(played)), ..Masking::default() };
        let scene = Scene::masking(1, Era::Modern, masking).await;
        let params = json!({"name": "write", "arguments": arguments});
        let message = json!({"jsonrpc": "2.0", "id": "Änn", "method": "tools/call", "params": params}).to_string();
        let Ok(Message::Request(request)) = Message::parse(message.as_bytes(), &Limits::MESSAGE) else {
            panic!("a request")
        };
        let (client, headers, message) = (None, http::HeaderMap::new(), McpMessage::Request(request));
        let asked = Asked::Mcp(Box::new(McpAsked { dialect: Dialect::Modern, client, headers, message }));
        let mut facts = Facts::new(scene.gateway.new_trace(), SystemClock.now());
        let inspected = inspect(asked, &scene.upstream(), scene.gateway.limits, &mut facts).await?;
        let Asked::Mcp(asked) = inspected.into_asked() else { panic!("a message") };
        let McpMessage::Request(mut request) = asked.message else { panic!("a request") };
        let arguments = request.params_mut().member("arguments").expect("arguments").to_vec();
        Ok((serde_json::from_slice(&arguments).unwrap(), facts.found))
    }

    #[tokio::test]
    async fn names_in_arguments_are_masked_counted_or_refused() {
        let arguments = json!({"to": ["Änn", "Bea"], "Änn": 1});
        let (masked, found) = inspected(Played::FINDS, Action::Mask, &arguments).await.unwrap();
        assert_eq!(masked, json!({"to": ["(masked-person)", "Bea"], "Änn": 1}));
        assert_eq!(found.count_of(Class::Personal(PERSON)), 1);
        let (same, found) = inspected(Played::FINDS, Action::Detect, &arguments).await.unwrap();
        assert_eq!((same, found.detected().count()), (arguments.clone(), 1));
        let refused = inspected(Played::FINDS, Action::Block, &arguments).await.unwrap_err();
        assert_eq!(refused.told().error, "call_blocked");
    }

    #[tokio::test]
    async fn arguments_that_nobody_looked_at_are_refused_unless_they_may_pass() {
        let (short, long) = (json!({"to": "Änn"}), json!({"to": "Änn".repeat(2000)}));
        for (played, arguments, expected) in
            [(Played::IS_DOWN, &short, "analyzer_unavailable"), (Played::FINDS, &long, "too_long_to_analyze")]
        {
            let refused = inspected(played, Action::Mask, arguments).await.unwrap_err();
            assert_eq!(refused.told().error, expected);
            let passing = Played { passes: true, ..played };
            assert_eq!(inspected(passing, Action::Mask, arguments).await.unwrap().0, *arguments);
        }
    }
}
