//! Puts into a request what its handles and pseudonyms stand for.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderName, header};
use model::Injection;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secret::Secret;
use zeroize::Zeroizing;

use crate::{
    EgressError, StandIn,
    forward::Draft,
    inject::{set_header, wiped},
};

/// A handle or pseudonym in a request, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// What stands there.
    pub stand_in: StandIn,
    /// Where the text goes that it stands for.
    pub place: Place,
}

/// Where the text goes that something stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A header field, behind a text such as an authentication scheme.
    Header {
        /// The name by which the field is sent.
        name: HeaderName,
        /// What stands before the token.
        before: String,
    },
    /// A header field that says again what stands in the body, as MCP has it, from this byte of what the field means.
    Mirrored {
        /// The name of the field.
        name: HeaderName,
        /// What the field means, all of it.
        text: String,
        /// The byte.
        at: usize,
    },
    /// In a value of the query, from this byte of the path with its query.
    Query {
        /// The byte.
        at: usize,
    },
    /// In a string of a JSON body, from this byte.
    Json {
        /// The byte.
        at: usize,
    },
    /// In a value of a form, from this byte of the body.
    Form {
        /// The byte.
        at: usize,
    },
}

/// What a body that passes through ends with where it shows a handle: nobody could put the token there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a handle stands in a body that passes through")]
pub struct HandleInStream;

/// What the stand-ins of a request stand for, each with its place.
pub(crate) struct Shown(pub(crate) Vec<(Presented, Arc<Secret>)>);

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

    /// Writes each text where what stands for it stood. The copies made here are wiped when the request was written.
    ///
    /// # Errors
    /// It does not stand there, or the text does not fit.
    pub(crate) fn fill(&self, draft: &mut Draft<'_>, path_length: usize) -> Result<(), EgressError> {
        let (mut in_target, mut in_body, mut mirrored) = (Vec::new(), Vec::new(), Mirrored::default());
        for (Presented { stand_in, place }, text) in &self.0 {
            let text = text.expose();
            let splice = |at, text| Splice { at, stand_in, text };
            match place {
                Place::Header { name, before } => set_header(&mut draft.headers, name, before, text)?,
                Place::Mirrored { name, text: judged, at } => mirrored.add(name, judged, splice(*at, raw(text))),
                Place::Query { at } => {
                    // The path and query of the caller end the target.
                    let start = draft.target.len().checked_sub(path_length).ok_or(EgressError::HandleRefused)?;
                    in_target.push(splice(start + at, percent(text)));
                }
                Place::Form { at } => in_body.push(splice(*at, percent(text))),
                Place::Json { at } => in_body.push(splice(*at, json(text)?)),
            }
        }
        mirrored.fill(draft)?;
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

/// The header fields that say again what stands in the body.
#[derive(Default)]
struct Mirrored<'a>(Vec<(&'a HeaderName, &'a str, Vec<Splice<'a>>)>);

impl<'a> Mirrored<'a> {
    fn add(&mut self, name: &'a HeaderName, text: &'a str, splice: Splice<'a>) {
        match self.0.iter_mut().find(|(known, ..)| *known == name) {
            Some((.., splices)) => splices.push(splice),
            None => self.0.push((name, text, vec![splice])),
        }
    }

    /// Writes each field, in the encoding that MCP has for texts that could not stand in one as they are, and allows for all.
    fn fill(self, draft: &mut Draft<'_>) -> Result<(), EgressError> {
        for (name, text, splices) in self.0 {
            let text = spliced(text.as_bytes(), splices)?;
            let encoded = Zeroizing::new(STANDARD.encode(&text));
            set_header(&mut draft.headers, name, "=?base64?", &Zeroizing::new([&**encoded, "?="].concat()))?;
        }
        Ok(())
    }
}

/// A text that takes the place of what stands for it.
struct Splice<'a> {
    at: usize,
    stand_in: &'a StandIn,
    text: Zeroizing<Vec<u8>>,
}

fn spliced(text: &[u8], mut splices: Vec<Splice<'_>>) -> Result<Zeroizing<Vec<u8>>, EgressError> {
    splices.sort_unstable_by_key(|splice| splice.at);
    // Room for everything, so that the buffer never grows and leaves a copy behind.
    let added: usize = splices.iter().map(|splice| splice.text.len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() + added));
    let mut done = 0;
    for splice in splices {
        let stand_in = splice.stand_in.as_bytes();
        let end = splice.at + stand_in.len();
        if text.get(splice.at..end) != Some(stand_in) {
            return Err(EgressError::HandleRefused);
        }
        out.extend_from_slice(text.get(done..splice.at).ok_or(EgressError::HandleRefused)?);
        out.extend_from_slice(&splice.text);
        done = end;
    }
    out.extend_from_slice(text.get(done..).unwrap_or_default());
    Ok(out)
}

fn raw(text: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.as_bytes().to_vec())
}

fn percent(text: &str) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(3 * text.len()));
    utf8_percent_encode(text, ESCAPED).for_each(|piece| out.extend_from_slice(piece.as_bytes()));
    out
}

/// What stands between the quotes of a JSON string.
fn json(text: &str) -> Result<Zeroizing<Vec<u8>>, EgressError> {
    let mut quoted = Zeroizing::new(Vec::with_capacity(6 * text.len() + 2));
    serde_json::to_writer(&mut *quoted, text).map_err(|_| EgressError::CredentialUnfit)?;
    quoted.pop();
    Ok(Zeroizing::new(quoted.get(1..).unwrap_or_default().to_vec()))
}
