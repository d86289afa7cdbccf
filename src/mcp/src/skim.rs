//! Tells what kind of message some bytes are, with its method and id, without building a tree.

use std::ops::Range;

use crate::{
    envelope::EnvelopeError,
    json::{
        machine::{Machine, What},
        unescape,
        utf8::Utf8Stream,
    },
    rpc::Id,
};

/// What a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A request.
    Request {
        /// Its id.
        id: Id,
        /// Its method.
        method: String,
    },
    /// A notification.
    Notification {
        /// Its method.
        method: String,
    },
    /// A result or an error.
    Response {
        /// The id of the request that it answers; an error may lack it.
        id: Option<Id>,
        /// Whether it is an error.
        is_error: bool,
    },
}

/// Looks at the outer members of one message. The whole is checked against the grammar; keys are compared at the top only.
///
/// # Errors
/// Where the bytes are not exactly one message.
pub fn skim(bytes: &[u8]) -> Result<Kind, EnvelopeError> {
    let mut utf8 = Utf8Stream::default();
    if !utf8.push(bytes) || !utf8.is_complete() {
        return Err(EnvelopeError::NotUtf8);
    }
    let mut members = Members::default();
    let mut machine = Machine::new();
    machine.feed(bytes, &mut |mark| {
        if mark.depth != 1 {
            return Ok(());
        }
        match mark.what {
            What::KeyStart => members.start = mark.at,
            What::KeyEnd => members.key = key(bytes.get(members.start..mark.at).unwrap_or_default())?,
            What::ValueStart(_) => members.start = mark.at,
            What::ValueEnd => {
                let range = members.start..mark.at;
                let place = members.ranges.get_mut(members.key).ok_or(EnvelopeError::UnknownMember)?;
                if place.replace(range).is_some() {
                    return Err(EnvelopeError::DuplicateMember);
                }
            }
            What::Closing => {}
        }
        Ok(())
    })?;
    if !machine.is_done() {
        return Err(EnvelopeError::UnexpectedEnd);
    }
    members.kind(bytes)
}

/// The members of a message, in the order of the places in [`Members::ranges`].
const NAMES: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];

#[derive(Default)]
struct Members {
    start: usize,
    key: usize,
    ranges: [Option<Range<usize>>; NAMES.len()],
}

impl Members {
    fn kind(self, bytes: &[u8]) -> Result<Kind, EnvelopeError> {
        let [version, id, method, params, result, error] =
            self.ranges.map(|range| range.and_then(|range| bytes.get(range)));
        if version != Some(b"\"2.0\"") {
            return Err(EnvelopeError::JsonRpcVersion);
        }
        let parsed = id.map(|id| Id::parse(id).ok_or(EnvelopeError::Id)).transpose();
        match (method, result, error) {
            (Some(method), None, None) => {
                let method = unescape(method).ok_or(EnvelopeError::Shape)?;
                Ok(match parsed? {
                    Some(id) => Kind::Request { id, method },
                    None => Kind::Notification { method },
                })
            }
            (None, Some(_), None) if params.is_none() => {
                Ok(Kind::Response { id: Some(parsed?.ok_or(EnvelopeError::Id)?), is_error: false })
            }
            (None, None, Some(_)) if params.is_none() => {
                let id = if id == Some(b"null") { None } else { parsed? };
                Ok(Kind::Response { id, is_error: true })
            }
            _ => Err(EnvelopeError::Shape),
        }
    }
}

fn key(quoted: &[u8]) -> Result<usize, EnvelopeError> {
    let text = unescape(quoted).ok_or(EnvelopeError::UnknownMember)?;
    NAMES.iter().position(|name| *name == text).ok_or(EnvelopeError::UnknownMember)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        json::Limits,
        rpc::{Message, Outcome},
    };
    use proptest::prelude::*;

    #[test]
    fn each_kind_is_told_apart() {
        let kind = |text: &str| skim(text.as_bytes());
        assert_eq!(
            kind(r#" {"id":"\u0061","method":"tools\/call","params":{"id":9,"method":"x"},"jsonrpc":"2.0"}"#),
            Ok(Kind::Request { id: Id::from_json(&"a".into()).unwrap(), method: "tools/call".to_owned() })
        );
        assert_eq!(
            kind(r#"{"jsonrpc":"2.0","method":"notifications/progress"}"#),
            Ok(Kind::Notification { method: "notifications/progress".to_owned() })
        );
        assert_eq!(
            kind(r#"{"jsonrpc":"2.0","result":{},"id":7}"#),
            Ok(Kind::Response { id: Some(7.into()), is_error: false })
        );
        assert_eq!(kind(r#"{"jsonrpc":"2.0","id":null,"error":{}}"#), Ok(Kind::Response { id: None, is_error: true }));
    }

    #[test]
    fn what_is_not_one_message_is_refused() {
        for (text, error) in [
            ("", EnvelopeError::UnexpectedEnd),
            ("[]", EnvelopeError::Syntax),
            (r#"{"jsonrpc":"2.0","method":"m"}{}"#, EnvelopeError::TrailingBytes),
            (r#"{"jsonrpc":"2.0","method":"m","\u006dethod":"n"}"#, EnvelopeError::DuplicateMember),
            (r#"{"jsonrpc":"2.0","Method":"m"}"#, EnvelopeError::UnknownMember),
            (r#"{"jsonrpc":"2.0","method":"m","result":{}}"#, EnvelopeError::Shape),
            (r#"{"jsonrpc":"2.0","id":null,"method":"m"}"#, EnvelopeError::Id),
            (r#"{"jsonrpc":"2.0","result":{}}"#, EnvelopeError::Id),
            (r#"{"jsonrpc":"2.0"}"#, EnvelopeError::Shape),
            (r#"{"method":"m"}"#, EnvelopeError::JsonRpcVersion),
            (r#"{"jsonrpc":"2.0","method":"m""#, EnvelopeError::UnexpectedEnd),
        ] {
            assert_eq!(skim(text.as_bytes()), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_the_parser_takes_the_skim_reads_alike(text in crate::envelope::nearly_messages()) {
            if let Ok(message) = Message::parse(text.as_bytes(), &Limits::MESSAGE) {
                let expected = match message {
                    Message::Request(request) => Kind::Request { id: request.id().clone(), method: request.method().to_owned() },
                    Message::Notification(notification) => Kind::Notification { method: notification.method().to_owned() },
                    Message::Response(response) => Kind::Response {
                        id: response.id().cloned(),
                        is_error: matches!(response.outcome(), Outcome::Error(_)),
                    },
                };
                prop_assert_eq!(skim(text.as_bytes()), Ok(expected));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            drop(skim(&bytes));
        }
    }
}
