//! Finds what stands for something else in a request: pseudonyms, and handles, each of which stands where only a token may stand.
//!
//! A handle stands for a token that an upstream issued, and egress puts the token there. So it must stand alone, in a field that is
//! named as tokens are: nobody can have a token written into a comment or a file. Whoever takes the bytes of a call for judging has
//! them with handles; only what is sent has tokens.

mod pass;
mod place;
mod pseudonyms;
mod stream;

use egress::{Handle, Place, Presented, StandIn};

pub(crate) use self::{
    pass::passing_handles,
    place::{Places, UPSTREAM_AUTHORIZATION},
    stream::Watched,
};
use self::{
    place::{of_header, of_json, of_pair},
    pseudonyms::find_pseudonyms,
};
use crate::{converse::Leg, denial::Denial, upstream::Upstream};

/// How many handles a request shows: an authentication and a token or two that it is about.
const HANDLES_MAX: usize = 16;

/// Evidence that the handles and pseudonyms of an exchange are known, and where goes what they stand for.
#[derive(Debug)]
pub struct WithStandIns {
    pub(crate) leg: Leg,
    pub(crate) stand_ins: Vec<Presented>,
}

/// Looks for handles everywhere in an exchange, but for a body that streams, which is watched on its way; and for pseudonyms, where
/// the upstream's callers get some.
///
/// # Errors
/// [`Denial::HandleMisplaced`].
pub(crate) fn find_stand_ins(leg: Leg, upstream: &Upstream) -> Result<WithStandIns, Denial> {
    let mut stand_ins = find_handles(&leg)?;
    if upstream.target().gives_pseudonyms() {
        stand_ins.extend(find_pseudonyms(&leg, upstream.speech()));
    }
    Ok(WithStandIns { leg, stand_ins })
}

fn find_handles(leg: &Leg) -> Result<Vec<Presented>, Denial> {
    let mut handles = Vec::new();
    in_headers(leg, &mut handles)?;
    let query_at = leg.path.path().len() + 1;
    for (at, handle) in Handle::find_in(leg.path.as_str().as_bytes()) {
        let (query, at_query) = (leg.path.query().unwrap_or_default(), at.checked_sub(query_at));
        let at_query = at_query.filter(|at| of_pair(query.as_bytes(), *at)).ok_or(Denial::HandleMisplaced)?;
        let place = Place::Query { at: query_at + at_query };
        handles.push(Presented { stand_in: StandIn::Handle(handle), place });
    }
    if let Some(body) = leg.body.known() {
        in_body(leg, body, &mut handles)?;
    }
    if handles.len() > HANDLES_MAX { Err(Denial::HandleMisplaced) } else { Ok(handles) }
}

fn in_headers(leg: &Leg, handles: &mut Vec<Presented>) -> Result<(), Denial> {
    for (name, value) in leg.headers.iter().filter(|(_, value)| value.len() >= Handle::LENGTH) {
        for (at, handle) in Handle::find_in(value.as_bytes()) {
            let is_alone = leg.headers.get_all(name).iter().count() == 1;
            let place = of_header(name, value.as_bytes(), at).filter(|_| is_alone).ok_or(Denial::HandleMisplaced)?;
            handles.push(Presented { stand_in: StandIn::Handle(handle), place });
        }
    }
    Ok(())
}

fn in_body(leg: &Leg, body: &[u8], handles: &mut Vec<Presented>) -> Result<(), Denial> {
    let mut places = None;
    for (at, handle) in Handle::find_in(body) {
        let places = *places.get_or_insert_with(|| Places::of(&leg.headers, body));
        let place = match places {
            Places::Form if of_pair(body, at) => Place::Form { at },
            Places::Json if of_json(body, at) => Place::Json { at },
            Places::Form | Places::Json | Places::None => return Err(Denial::HandleMisplaced),
        };
        handles.push(Presented { stand_in: StandIn::Handle(handle), place });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
