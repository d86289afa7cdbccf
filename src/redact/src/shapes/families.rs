//! Shapes that differ in how they begin alone, such as URLs with passwords: what they have in common is looked for, and read once.

use super::Shape;
use super::anchors::{Anchor, Kind, REACH};
use super::classes::holds;
use super::pattern::{Pattern, Reading};
use super::search::Search;

/// What is looked for by the same bytes.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) anchor: Anchor,
    /// What stands behind the beginnings of all of them, and how far from the place. It is read before any of them is.
    rest: Option<(usize, Pattern)>,
    /// How the rest begins, if it is told fast that most texts do not begin so.
    beginning: Option<Beginning>,
    /// The numbers of the searches.
    pub(crate) searches: Vec<u16>,
}

/// A run, and a byte after it.
#[derive(Debug)]
struct Beginning {
    is_of_run: Box<[bool; 256]>,
    length_max: usize,
    next: u8,
}

impl Beginning {
    fn of(pattern: &Pattern) -> Option<Self> {
        let (run, length_max, next) = pattern.before_literal()?;
        let mut is_of_run = Box::new([false; 256]);
        (0..=255).for_each(|byte| is_of_run[usize::from(byte)] = holds(run, byte));
        Some(Self { is_of_run, length_max, next })
    }

    /// Whether a text begins otherwise, and not by its end.
    fn is_missing(&self, text: &[u8]) -> bool {
        let run = text.iter().take(self.length_max).take_while(|byte| self.is_of_run[usize::from(**byte)]);
        text.get(run.count()).is_some_and(|next| *next != self.next)
    }
}

/// How much the beginnings of a family must have in common, at their end.
const COMMON_MIN: usize = 3;

/// A shape that is a literal and a rest: the number of its search, and both.
type Member<'shapes> = (u16, &'shapes [u8], Pattern);

/// Puts together the searches by bytes that may stand anywhere. Those of a family get the anchor of it.
pub(crate) fn families(searches: &mut [Search], shapes: &[Shape]) -> Vec<Family> {
    let (mut families, mut open) = (Vec::new(), Vec::<Vec<Member<'_>>>::new());
    for (number, search) in (0..).zip(&*searches).filter(|(_, search)| search.anchor.kind == Kind::Bytes) {
        let pattern = shapes.get(usize::from(search.shape)).map(|shape| &shape.pattern);
        let Some((literal, rest)) = pattern.and_then(Pattern::after_literal) else {
            families.push(Family::of_one(number, search));
            continue;
        };
        let is_alike = |members: &&mut Vec<Member<'_>>| members.first().is_some_and(|(_, _, of)| *of == rest);
        match open.iter_mut().find(is_alike) {
            Some(members) => members.push((number, literal, rest)),
            None => open.push(vec![(number, literal, rest)]),
        }
    }
    for members in open {
        match Family::of_many(&members) {
            Some((family, anchors)) => {
                for (number, anchor) in anchors {
                    let search = searches.get_mut(usize::from(number));
                    let shape = search.as_ref().and_then(|search| shapes.get(usize::from(search.shape)));
                    if let (Some(shape), Some(search)) = (shape, search) {
                        *search = Search::by(anchor, search.shape, &shape.pattern);
                    }
                }
                families.push(family);
            }
            None => {
                let alone =
                    members.iter().filter_map(|(number, ..)| Some((*number, searches.get(usize::from(*number))?)));
                families.extend(alone.map(|(number, search)| Family::of_one(number, search)));
            }
        }
    }
    families
}

impl Family {
    fn of_one(number: u16, search: &Search) -> Self {
        Self { anchor: search.anchor, rest: None, beginning: None, searches: vec![number] }
    }

    /// With the anchor of each, if the literals of several end alike.
    fn of_many(members: &[Member<'_>]) -> Option<(Self, Vec<(u16, Anchor)>)> {
        let (_, first, rest) = members.first()?;
        let common = members.iter().fold(*first, |common, (_, literal, _)| common_end(common, literal));
        if members.len() < 2 || common.len() < COMMON_MIN {
            return None;
        }
        let anchor = Anchor::of_bytes(&rest.behind(common).start(REACH))?;
        let distance = common.len().checked_sub(anchor.offset)?;
        let of = |(number, literal, _): &Member<'_>| (*number, anchor.further(literal.len() - common.len()));
        let searches = members.iter().map(|(number, ..)| *number).collect();
        let beginning = Beginning::of(rest);
        let family = Self { anchor, rest: Some((distance, rest.clone())), beginning, searches };
        Some((family, members.iter().map(of).collect()))
    }

    /// Whether one of them may be here, by what stands behind the place.
    pub(crate) fn may_be_at(&self, text: &[u8], place: usize, is_end: bool) -> bool {
        let Some((distance, rest)) = &self.rest else { return true };
        let at = place + distance;
        let is_missing = |beginning: &Beginning| beginning.is_missing(text.get(at..).unwrap_or_default());
        !self.beginning.as_ref().is_some_and(is_missing) && rest.read(text, at, is_end) != Reading::No
    }
}

fn common_end<'text>(one: &'text [u8], other: &[u8]) -> &'text [u8] {
    let length = one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count();
    one.get(one.len() - length..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_that_begin_differently_are_read_together() {
        let patterns = ["'ftp://' visible{1..9} '<'", "'sftp://' visible{1..9} '<'", "'ftp:<' visible{1..9}"];
        let pattern = |text: &&str| Shape { rule: 0, pattern: Pattern::parse(text).unwrap() };
        let shapes = patterns.iter().map(pattern).collect::<Vec<_>>();
        let searches = (0..).zip(&shapes).map(|(number, shape)| Search::new(number, &shape.pattern).unwrap());
        let mut searches = searches.collect::<Vec<_>>();
        let families = families(&mut searches, &shapes);
        let members = families.iter().map(|family| family.searches.as_slice()).collect::<Vec<_>>();
        assert_eq!(members, [[0, 1].as_slice(), &[2]]);
        assert_eq!(searches[1].anchor.offset, searches[0].anchor.offset + 1);
        for (text, is_end, expected) in [
            ("ftp://me<", true, true),
            ("sftp://me<", true, true),
            ("ftp://me", false, true),
            ("ftp://me", true, false),
            ("ftp://me\"", false, false),
        ] {
            let place = text.find("ftp:").unwrap() + searches[0].anchor.offset;
            assert_eq!(families[0].may_be_at(text.as_bytes(), place, is_end), expected, "{text}");
        }
    }
}
