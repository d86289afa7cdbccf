//! Which header fields of a caller go on to an upstream: those on a list, and none that could carry a credential.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::EgressError;

/// Fields of a usual request that stay beside a credential and our own.
const FIELD_COUNT: usize = 16;

/// Every caller's field that may go on, in a map of its own. What `Connection` names stays behind, and is worked out before a
/// credential is put in, so that it cannot take the credential out again.
///
/// # Errors
/// A field that has one meaning came twice.
pub(crate) fn outbound(caller: HeaderMap, is_extra: impl Fn(&HeaderName) -> bool) -> Result<HeaderMap, EgressError> {
    let hop_by_hop = named_by_connection(&caller);
    let mut kept = HeaderMap::with_capacity(FIELD_COUNT);
    let mut current = None;
    for (name, value) in caller {
        // A map gives the name with the first of its values only.
        let is_repeated = name.is_none();
        if let Some(name) = name {
            let passes = (is_listed(&name) || is_extra(&name)) && !hop_by_hop.contains(&name);
            current = passes.then_some(name);
        }
        let Some(name) = &current else { continue };
        if is_repeated && !is_list(name) {
            return Err(EgressError::HeaderRepeated);
        }
        kept.append(name, value);
    }
    // A compressed answer has to be unpacked before it can be scanned, and its length tells about what it holds.
    kept.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Ok(kept)
}

/// Whether a configuration may not add this field to the list: it carries a credential, claims where a request came from, changes
/// what the method or target means, asks for a part of an answer, or belongs to one connection.
pub(crate) fn is_reserved(name: &HeaderName) -> bool {
    // Servers that map fields to variables take `_` for `-`.
    let name = name.as_str().replace('_', "-");
    let reserved_prefixes = ["x-forwarded-", "proxy-", "sec-", "x-amz-", "x-original-", "x-rewrite-", "if-range"];
    reserved_prefixes.iter().any(|prefix| name.starts_with(prefix)) || RESERVED.contains(&name.as_str())
}

const RESERVED: [&str; 36] = [
    // credentials
    "authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "api-key",
    "apikey",
    "x-apikey",
    "x-auth-token",
    "x-access-token",
    "x-csrf-token",
    "x-session-token",
    "x-goog-api-key",
    "dpop",
    "txn-token",
    "signature",
    "signature-input",
    // origin
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "true-client-ip",
    // method and target
    "host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    // parts and encodings
    "range",
    "accept-encoding",
    "content-encoding",
    // one connection, or the framing
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
    "content-length",
];

fn is_listed(name: &HeaderName) -> bool {
    match name.as_str() {
        "content-type" | "accept" | "accept-language" | "user-agent" | "if-none-match" | "if-match"
        | "if-modified-since" | "idempotency-key" | "last-event-id" | "traceparent" | "tracestate" => true,
        other => other.starts_with("mcp-"),
    }
}

/// Fields whose values are lists, which may stand on several lines (RFC 9110, section 5.3).
fn is_list(name: &HeaderName) -> bool {
    matches!(name.as_str(), "accept" | "accept-language" | "if-none-match" | "if-match" | "tracestate")
}

/// The fields that belong to the caller's connection (RFC 9110, section 7.6.1).
fn named_by_connection(caller: &HeaderMap) -> Vec<HeaderName> {
    let values = caller.get_all(header::CONNECTION).iter();
    values
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&str, &str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).fold(
            HeaderMap::new(),
            |mut map, (name, value): (_, HeaderValue)| {
                map.append(name, value);
                map
            },
        )
    }

    #[test]
    fn what_is_not_on_the_list_stays_behind() {
        let caller = map(&[
            ("authorization", "Bearer session"),
            ("Authorization", "Bearer second"),
            ("cookie", "a=b"),
            ("x-api-key", "k"),
            ("x_api_key", "k"),
            ("accept-encoding", "gzip"),
            ("content-length", "7"),
            ("range", "bytes=0-15"),
            ("x-forwarded-for", "1.2.3.4"),
            ("te", "trailers"),
            ("accept", "application/json"),
            ("accept", "text/event-stream"),
            ("content-type", "application/json"),
            ("mcp-protocol-version", "2025-11-25"),
            ("x-tenant", "blue"),
        ]);
        let extra: [HeaderName; 1] = ["x-tenant".parse().unwrap()];
        let expected = map(&[
            ("accept", "application/json"),
            ("accept", "text/event-stream"),
            ("content-type", "application/json"),
            ("mcp-protocol-version", "2025-11-25"),
            ("x-tenant", "blue"),
            ("accept-encoding", "identity"),
        ]);
        assert_eq!(outbound(caller, |name| extra.contains(name)).unwrap(), expected);
    }

    #[test]
    fn what_connection_names_stays_behind() {
        let caller = map(&[
            ("connection", "close, traceparent ,"),
            ("connection", "Mcp-Method"),
            ("traceparent", "t"),
            ("mcp-method", "m"),
            ("user-agent", "u"),
        ]);
        assert_eq!(outbound(caller, |_| false).unwrap(), map(&[("user-agent", "u"), ("accept-encoding", "identity")]));
    }

    #[test]
    fn one_meaning_is_said_once() {
        for name in ["content-type", "mcp-session-id", "idempotency-key", "user-agent", "traceparent", "x-tenant"] {
            let twice = map(&[(name, "a"), ("accept", "b"), (name, "c")]);
            assert_eq!(outbound(twice, |name| name == "x-tenant"), Err(EgressError::HeaderRepeated), "{name}");
        }
        let twice_and_dropped = map(&[("cookie", "a"), ("cookie", "b")]);
        assert!(outbound(twice_and_dropped, |_| false).is_ok());
    }

    #[test]
    fn reserved_fields_are_reserved_in_every_spelling() {
        for name in
            ["Authorization", "X_Api_Key", "x-forwarded-for", "X-AMZ-Security-Token", "proxy-authorization", "dpop"]
        {
            assert!(is_reserved(&name.parse().unwrap()), "{name}");
        }
        for name in ["x-tenant", "notion-version", "x-github-api-version", "prefer", "anthropic-version"] {
            assert!(!is_reserved(&name.parse().unwrap()), "{name}");
        }
    }
}
