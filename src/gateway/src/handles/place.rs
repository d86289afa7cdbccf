//! Where a handle may stand: alone, as the value of a field that is named as tokens are.

use egress::{Handle, Place};
use http::{HeaderMap, HeaderName, header};
use redact::is_secret_name;
use serde::de::IgnoredAny;

/// Where a caller puts what the upstream is to get as `Authorization`, in which it shows us its session token.
pub(crate) const UPSTREAM_AUTHORIZATION: &str = "upstream-authorization";

/// How the fields of a body are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Places {
    Json,
    Form,
    /// In a way in which none are known.
    None,
}

impl Places {
    /// The way that the media type says; for JSON, the body also keeps to it.
    pub(super) fn of(headers: &HeaderMap, body: &[u8]) -> Self {
        match Self::of_type(headers) {
            Self::Json if serde_json::from_slice::<IgnoredAny>(body).is_err() => Self::None,
            places => places,
        }
    }

    /// The way that the media type says.
    pub(crate) fn of_type(headers: &HeaderMap) -> Self {
        let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/x-www-form-urlencoded" => Self::Form,
            "application/json" => Self::Json,
            other if other.ends_with("+json") => Self::Json,
            _ => Self::None,
        }
    }
}

/// The place of a handle in a header field: its end, behind a scheme or nothing (RFC 9110, section 11.4).
pub(super) fn of_header(name: &HeaderName, value: &[u8], at: usize) -> Option<Place> {
    let sent_as = match name.as_str() {
        UPSTREAM_AUTHORIZATION => header::AUTHORIZATION,
        other if other == header::AUTHORIZATION || other.starts_with("proxy-") => return None,
        // What an MCP client mirrors has the name of the argument.
        other => is_secret_name(other.strip_prefix("mcp-param-").unwrap_or(other).as_bytes()).then(|| name.clone())?,
    };
    let (before, handle) = value.split_at_checked(at)?;
    let is_scheme =
        |text: &[u8]| !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    let fits =
        handle.len() == Handle::LENGTH && (before.is_empty() || before.strip_suffix(b" ").is_some_and(is_scheme));
    fits.then(|| Place::Header { name: sent_as, before: String::from_utf8_lossy(before).into_owned() })
}

/// Whether the handle at a place in a query or form is the value of a token's parameter. Its characters need no escapes, nor do
/// those of such a name.
pub(super) fn of_pair(text: &[u8], at: usize) -> bool {
    let pair_at = text.get(..at).map(|before| before.iter().rposition(|byte| *byte == b'&').map_or(0, |sign| sign + 1));
    let name = pair_at.and_then(|start| text.get(start..at)?.strip_suffix(b"="));
    name.is_some_and(is_plain_secret_name) && matches!(text.get(at + Handle::LENGTH), None | Some(b'&'))
}

/// Whether the handle at a place in a JSON document is the string of a token's member.
///
/// The quote behind a handle is unescaped, since no handle ends in a backslash, and so closes the string that the handle stands in.
/// The one before it opens that string where it is unescaped too; then what stands before it is outside of strings, up to the
/// quote that closes the name, and the same holds for the name.
pub(super) fn of_json(text: &[u8], at: usize) -> bool {
    let name_before = || {
        let before = text.get(..at)?.strip_suffix(b"\"")?.trim_ascii_end().strip_suffix(b":")?.trim_ascii_end();
        let name_end = before.strip_suffix(b"\"")?;
        let length = name_end.iter().rev().take_while(|byte| is_plain(**byte)).count();
        let (before, name) = name_end.split_at_checked(name_end.len() - length)?;
        (before.ends_with(b"\"") && !before.ends_with(b"\\\"")).then_some(name)
    };
    text.get(at + Handle::LENGTH) == Some(&b'"') && name_before().is_some_and(is_plain_secret_name)
}

fn is_plain_secret_name(name: &[u8]) -> bool {
    name.iter().all(|byte| is_plain(*byte)) && is_secret_name(name)
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}
