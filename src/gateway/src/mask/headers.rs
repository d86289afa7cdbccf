//! The header fields of an upstream's answer that go on to its caller.

use std::{borrow::Cow, sync::Arc};

use http::{HeaderMap, HeaderName, header};
use redact::{FingerprintSet, Profile, Report, mask_header};

/// The headers of an upstream's answer that a caller may read, each masked. Everything else stays here: challenges, cookies,
/// upstream addresses, framing.
const PASSED_ON: [HeaderName; 14] = [
    header::CONTENT_TYPE,
    header::CONTENT_LANGUAGE,
    header::CONTENT_DISPOSITION,
    header::CACHE_CONTROL,
    header::ETAG,
    header::LAST_MODIFIED,
    header::EXPIRES,
    header::VARY,
    header::RETRY_AFTER,
    header::LOCATION,
    header::LINK,
    header::ACCEPT_RANGES,
    header::CONTENT_RANGE,
    // For this service itself, as the client of a server of the older era; its own answers are built anew.
    mcp::legacy::MCP_SESSION_ID,
];

/// What of them a caller may read, masked.
pub(super) fn masked_headers(
    unscanned: &HeaderMap,
    fingerprints: &Arc<FingerprintSet>,
    profile: &Arc<Profile>,
    masked: &mut Report,
) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(4);
    for (name, value) in unscanned.iter().filter(|(name, _)| PASSED_ON.contains(name)) {
        if cfg!(claviger_broken = "no_headers") {
            headers.append(name, value.clone());
            continue;
        }
        match mask_header(fingerprints, profile, name.as_str(), value.as_bytes(), masked) {
            Cow::Borrowed(clean) if clean == value.as_bytes() => _ = headers.append(name, value.clone()),
            masked => {
                if let Ok(value) = http::HeaderValue::from_bytes(&masked) {
                    headers.append(name, value);
                }
            }
        }
    }
    headers
}

/// An answer to HEAD says how long the one to GET would be (RFC 9110, section 9.3.2).
pub(super) fn write_length(unscanned: &HeaderMap, is_empty: bool, headers: &mut HeaderMap) {
    let length = unscanned.get(header::CONTENT_LENGTH).filter(|length| is_empty && *length != "0");
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, length.clone());
    }
}
