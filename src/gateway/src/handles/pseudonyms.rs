//! Finds the pseudonyms that a request shows: egress turns those back that stand for values of this upstream.
//!
//! Unlike a handle, a pseudonym may stand anywhere in what an agent fills with what it likes. What the call is judged by, such as the
//! path and the name of a tool, is sent as it was judged.

use std::ops::Range;

use egress::{Place, Presented, Pseudonym, StandIn};
use mcp::headers::{PARAM_PREFIX, decode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::place::Places;
use crate::{converse::Leg, upstream::Speech};

/// How many are turned back in one request, so that it cannot grow by much; those behind them go as they are.
const PSEUDONYMS_MAX: usize = 1024;

/// The pseudonyms of an exchange, each with its place.
pub(super) fn find_pseudonyms(leg: &Leg, speech: &Speech) -> Vec<Presented> {
    let mut found = Vec::new();
    match speech {
        Speech::Mcp(_) => {
            in_mirrors(leg, &mut found);
            in_arguments(leg, &mut found);
        }
        Speech::Http(_) => {
            in_query(leg, &mut found);
            in_fields(leg, &mut found);
        }
        // What goes there is what its signature, its digest or its checksum says.
        Speech::Aws(_) => {}
    }
    found.truncate(PSEUDONYMS_MAX);
    found
}

/// What an MCP server has said again in header fields must agree with the arguments.
fn in_mirrors(leg: &Leg, found: &mut Vec<Presented>) {
    for (name, value) in leg.headers.iter().filter(|(name, _)| name.as_str().starts_with(PARAM_PREFIX)) {
        let Some(text) = value.to_str().ok().and_then(decode) else { continue };
        found.extend(shown(text.as_bytes(), |at| Place::Mirrored { name: name.clone(), text: text.to_string(), at }));
    }
}

fn in_arguments(leg: &Leg, found: &mut Vec<Presented>) {
    let Some(body) = leg.body.known().filter(|body| shown(body, |at| Place::Json { at }).next().is_some()) else {
        return;
    };
    for range in filled(body) {
        let start = range.start;
        found.extend(shown(body.get(range).unwrap_or_default(), |at| Place::Json { at: start + at }));
    }
}

fn in_query(leg: &Leg, found: &mut Vec<Presented>) {
    let start = leg.path.path().len() + 1;
    let query = leg.path.query().unwrap_or_default();
    found.extend(shown(query.as_bytes(), |at| Place::Query { at: start + at }));
}

fn in_fields(leg: &Leg, found: &mut Vec<Presented>) {
    let Some(body) = leg.body.known() else { return };
    let mut places = None;
    found.extend(Pseudonym::find_in(body).filter_map(|(at, pseudonym)| {
        let place = match *places.get_or_insert_with(|| Places::of(&leg.headers, body)) {
            Places::Form => Place::Form { at },
            Places::Json => Place::Json { at },
            Places::None => return None,
        };
        Some(Presented { stand_in: StandIn::Pseudonym(pseudonym), place })
    }));
}

fn shown(text: &[u8], place: impl Fn(usize) -> Place) -> impl Iterator<Item = Presented> {
    Pseudonym::find_in(text)
        .map(move |(at, pseudonym)| Presented { stand_in: StandIn::Pseudonym(pseudonym), place: place(at) })
}

/// A message, as far as a caller fills it.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    params: Option<Params<'a>>,
    #[serde(borrow)]
    result: Option<Answered<'a>>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, rename = "inputResponses")]
    input_responses: Option<&'a RawValue>,
}

/// What a caller answers to something that a server asked.
#[derive(Deserialize)]
struct Answered<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

/// The parts of a message that a caller fills.
fn filled(body: &[u8]) -> Vec<Range<usize>> {
    let Ok(Message { params, result }) = serde_json::from_slice(body) else { return Vec::new() };
    let of_params = params.into_iter().flat_map(|params| [params.arguments, params.input_responses]);
    let parts = of_params.chain(result.map(|result| result.content)).flatten();
    parts
        .filter_map(|part| {
            let start = part.get().as_ptr().addr().checked_sub(body.as_ptr().addr())?;
            Some(start..start + part.get().len())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use egress::Outbound;
    use http::{HeaderMap, Method};
    use mcp::Era;
    use model::Operations;

    use super::*;

    const PSEUDONYM: &str = "claviger-email-address_bcdfghjklmnpqrstbcdf";

    fn places(speech: &Speech, content_type: &'static str, path: &str, body: &str) -> Vec<Place> {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", content_type.parse().unwrap());
        headers.insert("mcp-param-who", "=?base64?Y2xhdmlnZXItb3duX2JjZGZnaGprbG1ucHFyc3RiY2Rm?=".parse().unwrap());
        headers.insert("x-who", PSEUDONYM.parse().unwrap());
        let path = path.replace('@', PSEUDONYM).parse().unwrap();
        let body = Outbound::bytes(Bytes::from(body.replace('@', PSEUDONYM)));
        let found = find_pseudonyms(&Leg { method: Method::POST, path, headers, body }, speech);
        found.into_iter().map(|shown| shown.place).collect()
    }

    #[test]
    fn in_a_message_the_arguments_may_show_pseudonyms_and_the_rest_stays() {
        let mirrored = Place::Mirrored {
            name: "mcp-param-who".parse().unwrap(),
            text: "claviger-own_bcdfghjklmnpqrstbcdf".to_owned(),
            at: 0,
        };
        let mcp = |body| places(&Speech::Mcp(Era::Modern), "application/json", "", body);
        for (body, expected) in [
            (r#"{"method":"tools/call","params":{"name":"@","_meta":{"x":"@"}}}"#, vec![]),
            (r#"{"params":{"name":"t","arguments":{"to":"<@>"}}}"#, vec![Place::Json { at: 42 }]),
            (r#"{"params":{"inputResponses":["@"]}}"#, vec![Place::Json { at: 30 }]),
            (r#"{"id":"@","result":{"content":"@"}}"#, vec![Place::Json { at: 30 + PSEUDONYM.len() }]),
        ] {
            assert_eq!(mcp(body), [vec![mirrored.clone()], expected].concat(), "{body}");
        }
    }

    #[test]
    fn in_a_plain_call_the_query_and_fields_may() {
        let operations: Operations = Operations::default();
        let http = |content_type, path, body| places(&Speech::Http(operations.clone()), content_type, path, body);
        let (json, form) = ("application/json", "application/x-www-form-urlencoded");
        assert_eq!(http(json, "/@/x?q=to:@", ""), [Place::Query { at: "/@/x?q=to:".len() - 1 + PSEUDONYM.len() }]);
        assert_eq!(http(json, "/", r#"{"a":"x @"}"#), [Place::Json { at: 8 }]);
        assert_eq!(http(form, "/", "a=@+b"), [Place::Form { at: 2 }]);
        assert_eq!(http("text/plain", "/", "a=@"), []);
        assert_eq!(http(json, "/", "{\"a\":\"@\""), [], "it is not JSON");
    }
}
