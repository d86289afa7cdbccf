//! Puts issued tokens where a request shows their handles.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, header};
use model::Injection;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::{
    EgressError, Handle,
    forward::Draft,
    inject::{set_header, wiped},
    issued::IssuedToken,
};

/// A handle in a request, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// The handle.
    pub handle: Handle,
    /// Where its token goes.
    pub place: Place,
}

/// Where the token of a handle goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A header field, behind a text such as an authentication scheme.
    Header {
        /// The name by which the field is sent.
        name: HeaderName,
        /// What stands before the token.
        before: String,
    },
    /// A value of the query, which begins at this byte of the path with its query.
    Query {
        /// The byte.
        at: usize,
    },
    /// A string in a JSON body, which begins at this byte behind its quote.
    Json {
        /// The byte.
        at: usize,
    },
    /// A value in a form, which begins at this byte of the body.
    Form {
        /// The byte.
        at: usize,
    },
}

/// What a body that passes through ends with where it shows a handle: nobody could put the token there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a handle stands in a body that passes through")]
pub struct HandleInStream;

/// The tokens of a request, each with its place.
pub(crate) struct Shown(pub(crate) Vec<(Presented, Arc<IssuedToken>)>);

/// Everything but the unreserved characters (RFC 3986, section 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Shown {
    /// Whether a token stands in the slot of the credential, which is then not needed: the caller acts as who the token was issued
    /// to, with no more than that may do.
    pub(crate) fn takes_slot(&self, injection: &Injection) -> bool {
        let slot = match injection {
            Injection::Header { name, .. } => name,
            Injection::Basic { .. } | Injection::BasicPair => &header::AUTHORIZATION,
            Injection::ClientCertificate
            | Injection::Query { .. }
            | Injection::Body { .. }
            | Injection::AwsSigV4 { .. } => return false,
        };
        self.0.iter().any(|(shown, _)| matches!(&shown.place, Place::Header { name, .. } if name == slot))
    }

    /// Writes each token where its handle stands. The copies made here are wiped when the request was written.
    ///
    /// # Errors
    /// The handle does not stand there, or the token does not fit.
    pub(crate) fn fill(&self, draft: &mut Draft<'_>, path_length: usize) -> Result<(), EgressError> {
        let (mut in_target, mut in_body) = (Vec::new(), Vec::new());
        for (shown, token) in &self.0 {
            let token = token.secret().expose();
            match &shown.place {
                Place::Header { name, before } => {
                    set_header(&mut draft.headers, name, before, token)?;
                }
                Place::Query { at } => {
                    // The path and query of the caller end the target.
                    let start = draft.target.len().checked_sub(path_length).ok_or(EgressError::HandleRefused)?;
                    in_target.push(Splice { at: start + at, handle: &shown.handle, text: percent(token) });
                }
                Place::Form { at } => in_body.push(Splice { at: *at, handle: &shown.handle, text: percent(token) }),
                Place::Json { at } => in_body.push(Splice { at: *at, handle: &shown.handle, text: json(token)? }),
            }
        }
        if !in_target.is_empty() {
            draft.target = wiped(spliced(&draft.target, in_target)?);
        }
        if !in_body.is_empty() {
            let judged: &Bytes = draft.body.known().ok_or(EgressError::HandleRefused)?;
            draft.injected_body = Some(spliced(judged, in_body)?);
        }
        Ok(())
    }
}

/// A text that takes the place of a handle.
struct Splice<'a> {
    at: usize,
    handle: &'a Handle,
    text: Zeroizing<Vec<u8>>,
}

fn spliced(text: &[u8], mut splices: Vec<Splice<'_>>) -> Result<Zeroizing<Vec<u8>>, EgressError> {
    splices.sort_unstable_by_key(|splice| splice.at);
    // Room for everything, so that the buffer never grows and leaves a copy behind.
    let added: usize = splices.iter().map(|splice| splice.text.len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() + added));
    let mut done = 0;
    for splice in splices {
        let end = splice.at + Handle::LENGTH;
        if text.get(splice.at..end) != Some(splice.handle.as_bytes()) {
            return Err(EgressError::HandleRefused);
        }
        out.extend_from_slice(text.get(done..splice.at).ok_or(EgressError::HandleRefused)?);
        out.extend_from_slice(&splice.text);
        done = end;
    }
    out.extend_from_slice(text.get(done..).unwrap_or_default());
    Ok(out)
}

fn percent(token: &str) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(3 * token.len()));
    utf8_percent_encode(token, ESCAPED).for_each(|piece| out.extend_from_slice(piece.as_bytes()));
    out
}

/// What stands between the quotes of a JSON string.
fn json(token: &str) -> Result<Zeroizing<Vec<u8>>, EgressError> {
    let mut quoted = Zeroizing::new(Vec::with_capacity(6 * token.len() + 2));
    serde_json::to_writer(&mut *quoted, token).map_err(|_| EgressError::CredentialUnfit)?;
    quoted.pop();
    Ok(Zeroizing::new(quoted.get(1..).unwrap_or_default().to_vec()))
}
