//! What a modern upstream says, in the words of the older era.

use mcp::{
    Answer, Envelope, EnvelopeError, Era, Id, Json, Limits, Message, NoticeKind, Object, Outcome, Response,
    fault::code, meta,
};

/// The rewriter of a response: the caller's id, and nothing that only the current era has.
pub(super) fn envelope(sent: &Id, callers: &Id) -> Envelope {
    ["resultType", "ttlMs", "cacheScope"]
        .iter()
        .fold(Envelope::new(sent.clone(), callers), |envelope, member| envelope.without_member(member))
}

/// A whole response; `told` goes into its `_meta`. One that is not complete is returned all the same; its [`Answer`] says so.
pub(super) fn response(
    data: &[u8],
    sent: &Id,
    callers: &Id,
    told: &Object,
) -> Result<(Vec<u8>, Answer), EnvelopeError> {
    let mut envelope = envelope(sent, callers).with_meta(told);
    let mut out = Vec::with_capacity(data.len() + 32);
    envelope.push(data, |piece| out.extend_from_slice(piece))?;
    let answer = envelope.finish()?;
    match answer {
        Answer::Error { code: Some(code) } if legacy_code(code) != code => Ok((recoded(&out), answer)),
        Answer::Error { .. } | Answer::Result { .. } => Ok((out, answer)),
    }
}

/// An error response with a code that the older era knows.
pub(super) fn recoded(message: &[u8]) -> Vec<u8> {
    let Ok(Message::Response(response)) = Message::parse(message, &Limits::LIST) else { return message.to_vec() };
    let id = response.id().cloned();
    match response.into_outcome() {
        Outcome::Error(mut error) => {
            if let Some(code) = error.member("code").and_then(Json::as_i64) {
                error.set("code", legacy_code(code));
            }
            Response::new(id, Outcome::Error(error)).to_vec()
        }
        Outcome::Result(_) => message.to_vec(),
    }
}

/// What the current era has codes for and the older one has not. Headers and version are this service's own words, so a
/// complaint about them is no fault of the caller.
const fn legacy_code(code: i64) -> i64 {
    match code {
        code::HEADER_MISMATCH | code::UNSUPPORTED_VERSION => code::INTERNAL_ERROR,
        code::MISSING_CAPABILITY => code::INVALID_PARAMS,
        other => other,
    }
}

/// A notification on the stream of a request, or on the caller's own stream; `None` for what it has no use for.
pub(super) fn notification(kind: &str, data: &[u8]) -> Result<Option<Vec<u8>>, EnvelopeError> {
    match NoticeKind::parse(kind).filter(|kind| kind.exists_in(Era::Legacy)) {
        Some(NoticeKind::Progress | NoticeKind::Message) => Ok(Some(data.to_vec())),
        Some(
            NoticeKind::ToolsListChanged
            | NoticeKind::PromptsListChanged
            | NoticeKind::ResourcesListChanged
            | NoticeKind::ResourceUpdated,
        ) => {
            let Ok(Message::Notification(mut changed)) = Message::parse(data, &Limits::MESSAGE) else {
                return Err(EnvelopeError::Shape);
            };
            if changed.params().is_some() {
                meta::forget_subscription(changed.params_mut());
            }
            Ok(Some(changed.to_vec()))
        }
        // The rest a client sends, or belongs to requests that this upstream cannot have made.
        Some(
            NoticeKind::Initialized
            | NoticeKind::Cancelled
            | NoticeKind::RootsListChanged
            | NoticeKind::SubscriptionsAcknowledged
            | NoticeKind::ElicitationComplete
            | NoticeKind::TaskStatus,
        )
        | None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use mcp::envelope::ResultType;

    use super::*;

    fn said(text: &str) -> (String, Answer) {
        let callers = Id::from_json(&"c-1".into()).unwrap();
        let (message, answer) = response(text.as_bytes(), &7.into(), &callers, &Object::new()).unwrap();
        (String::from_utf8(message).unwrap(), answer)
    }

    #[test]
    fn a_result_loses_what_only_the_current_era_has() {
        let (message, answer) = said(
            r#"{"jsonrpc":"2.0","id":7,"result":{"resultType":"complete","content":[{"ttlMs":1}],"ttlMs":5,"cacheScope":"public"}}"#,
        );
        assert_eq!(message, r#"{"jsonrpc":"2.0","id":"c-1","result":{"content":[{"ttlMs":1}]}}"#);
        assert_eq!(answer, Answer::Result { result_type: ResultType::Complete, is_error: false });
        let (_, asked) =
            said(r#"{"jsonrpc":"2.0","id":7,"result":{"resultType":"input_required","requestState":"s"}}"#);
        assert_eq!(asked, Answer::Result { result_type: ResultType::InputRequired, is_error: false });
    }

    #[test]
    fn an_error_takes_a_code_of_the_older_era() {
        for (modern, legacy) in [(-32_020, -32_603), (-32_021, -32_602), (-32_022, -32_603), (-32_602, -32_602)] {
            let error = |id: &str, code: i64| {
                format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":"m","data":{{"a":1}}}}}}"#)
            };
            assert_eq!(said(&error("7", modern)).0, error("\"c-1\"", legacy), "{modern}");
        }
        assert!(response(br#"{"jsonrpc":"2.0","id":8,"result":{}}"#, &7.into(), &1.into(), &Object::new()).is_err());
    }

    #[test]
    fn a_change_does_not_name_its_subscription() {
        let told = |kind: &str, params: &str| {
            let data = format!(r#"{{"jsonrpc":"2.0","method":"{kind}"{params}}}"#);
            notification(kind, data.as_bytes()).unwrap().map(|told| String::from_utf8(told).unwrap())
        };
        let named = r#","params":{"uri":"x","_meta":{"io.modelcontextprotocol/subscriptionId":3}}"#;
        assert_eq!(
            told("notifications/resources/updated", named).unwrap(),
            r#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"x"}}"#
        );
        assert!(told("notifications/progress", r#","params":{"progressToken":1,"progress":1}"#).is_some());
        assert!(told("notifications/tools/list_changed", "").is_some());
        for dropped in ["notifications/subscriptions/acknowledged", "notifications/cancelled", "notifications/made_up"]
        {
            assert_eq!(told(dropped, named), None, "{dropped}");
        }
    }
}
