//! Adds one member at a JSON pointer (RFC 6901), and never replaces one.

use super::Json;

/// Why nothing was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// Not a pointer, or the whole document.
    #[error("a JSON pointer begins with '/' and escapes '~' as '~0' and '/' as '~1'")]
    Syntax,
    /// The way ends before the last step, or the parent is not an object.
    #[error("the parent of the member does not exist or is not an object")]
    NoParent,
    /// The member exists already.
    #[error("the member exists already")]
    Occupied,
}

pub(super) fn insert(root: &mut Json, pointer: &str, value: Json) -> Result<(), PointerError> {
    let path = pointer.strip_prefix('/').ok_or(PointerError::Syntax)?;
    let (way, last) = path.rsplit_once('/').map_or((None, path), |(way, last)| (Some(way), last));
    let last = token(last)?;
    let mut place = root;
    for step in way.into_iter().flat_map(|way| way.split('/')) {
        let step = token(step)?;
        place = match place {
            Json::Object(object) => object.member_mut(&step),
            Json::Array(elements) => index(&step).and_then(|n| elements.get_mut(n)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
        }
        .ok_or(PointerError::NoParent)?;
    }
    let parent = place.as_object_mut().ok_or(PointerError::NoParent)?;
    if parent.member(&last).is_some() {
        return Err(PointerError::Occupied);
    }
    parent.set(&last, value);
    Ok(())
}

/// One step, unescaped.
fn token(escaped: &str) -> Result<String, PointerError> {
    let mut pieces = escaped.split('~');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let mut rest = piece.chars();
        out.push(match rest.next() {
            Some('0') => '~',
            Some('1') => '/',
            _ => return Err(PointerError::Syntax),
        });
        out.push_str(rest.as_str());
    }
    Ok(out)
}

/// An index of an array: digits without a leading zero.
fn index(step: &str) -> Option<usize> {
    let canonical = step == "0" || !step.starts_with(['0', '+']);
    canonical.then(|| step.parse().ok()).flatten()
}
