//! By which four bytes each rule is looked for, and which rules a place in a text speaks for.
//!
//! Nearly all credentials begin with sixteen bytes of letters and digits in a row, or have so many behind their name, and such runs are
//! rare. So one vector pass looks for those, and at each the four bytes that it begins with, and the four before it, are looked up.
//! Another looks for four rare bytes of the few credentials that have no such run.

use vector::{Anchors, GROUPS, KEY, TOKEN, Token, Tokens};

use super::classes::{Set, class, holds};
use super::groups::{bytes, grouped, likelihood};
use super::near;
use super::pattern::Pattern;
use super::table::Table;

/// The second pass is made for so many groups of eight.
const PLANES: usize = 1;
/// How many bytes it looks at.
const LENGTH: usize = KEY;
/// How many different keys one anchor may have: each has an entry in a table.
const KEYS_MAX: usize = 1300;
/// What stands in many texts, so that nothing should be known by it: of URLs, of JSON, and of English.
const COMMON: [&[u8; 3]; 26] = [
    b"htt", b"ttp", b"tps", b"ps:", b"s:/", b"://", b"www", b"ww.", b".co", b"com", b"om/", b"api", b"pi.", b"\":\"",
    b"\": ", b"\",\"", b"\":{", b"the", b"ing", b"ion", b"and", b"ent", b"tio", b"her", b"tha", b"dat",
];
/// How far from its start a rule may be looked for. What may be its start is kept back so long.
pub(crate) const REACH: usize = 84;

/// The four bytes by which something is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anchor {
    pub(crate) kind: Kind,
    /// How far from the start of what is looked for its place is.
    pub(crate) offset: usize,
    sets: [Set; KEY],
}

/// Where the four bytes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Where a token begins; the token's beginning is the place.
    Token,
    /// Before a token, the beginning of which is the place.
    BeforeToken,
    /// Anywhere; their beginning is the place.
    Bytes,
}

/// What is at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Perhaps what is looked for by a token, by its number.
    Token(usize, u16),
    /// Perhaps what is looked for by bytes that may stand anywhere, by its number.
    Bytes(usize, u16),
    /// The beginning of what may be the value after a word.
    Value(usize),
}

/// All anchors of all rules.
#[derive(Debug)]
pub(crate) struct Places {
    tokens: Tokens,
    by_start: Table,
    by_end: Table,
    anchors: Anchors<PLANES, LENGTH>,
    by_bytes: Table,
}

impl Places {
    /// Takes anchors; the number of each among its like is what [`Places::each`] gives. The first may be of any kind, and those of bytes
    /// among them are left out; the others are of bytes.
    pub(crate) fn new(of_tokens: &[Anchor], of_bytes: &[Anchor]) -> Self {
        let table = |anchors: &[Anchor], kind| {
            let anchors = (0..).zip(anchors).filter(|(_, anchor)| anchor.kind == kind);
            let entries =
                anchors.flat_map(|(number, anchor)| keys(&anchor.sets).into_iter().map(move |key| (key, number)));
            Table::new(entries.collect())
        };
        let windows = of_bytes.iter().filter_map(|anchor| anchor.sets.first_chunk::<LENGTH>().copied()).collect();
        Self {
            tokens: Tokens::new(near::token(), word(), near::sign()),
            by_start: table(of_tokens, Kind::Token),
            by_end: table(of_tokens, Kind::BeforeToken),
            anchors: Anchors::new(grouped(windows, PLANES * GROUPS)),
            by_bytes: table(of_bytes, Kind::Bytes),
        }
    }

    /// Calls `found` for each place from `origin` on where something may be, letters taken in either case.
    #[inline]
    pub(crate) fn each(&self, text: &[u8], origin: usize, mut found: impl FnMut(Place)) {
        let shown = text.get(origin..).unwrap_or_default();
        let is_wanted = |at| self.may_have(text, origin + at);
        self.tokens.each(shown, is_wanted, |token| match token {
            Token::Wanted(at) => {
                let at = origin + at;
                self.by_start.at(text, at).iter().for_each(|number| found(Place::Token(at, *number)));
                let before = at.checked_sub(KEY).map_or(&[][..], |before| self.by_end.at(text, before));
                before.iter().for_each(|number| found(Place::Token(at, *number)));
            }
            // The pass does not see what stands before the first byte that it is shown.
            Token::Value(at) if at > 0 || near::is_whole(text, origin) => found(Place::Value(origin + at)),
            Token::Value(_) => {}
        });
        let is_wanted = |at| self.by_bytes.may_be_at(text, origin + at);
        self.anchors.each(shown, is_wanted, |at| {
            let at = origin + at;
            self.by_bytes.at(text, at).iter().for_each(|number| found(Place::Bytes(at, *number)));
        });
    }
}

impl Places {
    /// Whether something may be known by the four bytes at a place or the four before it: of most places nothing is.
    #[inline]
    fn may_have(&self, text: &[u8], at: usize) -> bool {
        let around =
            at.checked_sub(KEY).and_then(|before| text.get(before..)).and_then(<[u8]>::first_chunk::<{ 2 * KEY }>);
        around.is_none_or(|around| {
            let [before, start] = vector::keys(*around);
            self.by_start.may_have(start) | self.by_end.may_have(before)
        })
    }
}

impl Anchor {
    /// The rarest four bytes of the start of a pattern by which it can be looked for.
    pub(crate) fn of(pattern: &Pattern) -> Option<Self> {
        let start = pattern.start(REACH);
        Self::of_token(pattern, &start).or_else(|| Self::of_bytes(&start))
    }

    /// Where a token begins, or before it.
    fn of_token(pattern: &Pattern, start: &[Set]) -> Option<Self> {
        let begins_token = |offset: &usize| {
            let before = offset.checked_sub(1).and_then(|before| start.get(before));
            let is_behind_word = before.map_or(word() & !pattern.not_before() != 0, |before| before & word() != 0);
            !is_behind_word && pattern.is_made_of(near::token(), *offset, TOKEN)
        };
        let offsets = (0..start.len().min(REACH - TOKEN)).filter(begins_token);
        let anchors = offsets.flat_map(|offset| {
            let at = |kind, first: Option<usize>| {
                let sets = start.get(first?..)?.first_chunk()?;
                Some(Self { kind, offset, sets: *sets })
            };
            [at(Kind::Token, Some(offset)), at(Kind::BeforeToken, offset.checked_sub(KEY))]
        });
        Self::rarest(anchors.flatten())
    }

    /// Anywhere in the start.
    pub(crate) fn of_bytes(start: &[Set]) -> Option<Self> {
        let windows = start.array_windows().enumerate();
        Self::rarest(windows.map(|(offset, sets)| Self { kind: Kind::Bytes, offset, sets: *sets }))
    }

    fn rarest(anchors: impl Iterator<Item = Self>) -> Option<Self> {
        let known = anchors.filter(|anchor| has_few_keys(&anchor.sets));
        let chance = |anchor: &Self| anchor.sets.map(likelihood).into_iter().product::<f32>();
        known.min_by(|one, other| {
            one.is_common().cmp(&other.is_common()).then_with(|| chance(one).total_cmp(&chance(other)))
        })
    }

    /// The same so much further from the start.
    pub(crate) fn further(mut self, bytes: usize) -> Self {
        self.offset += bytes;
        self
    }

    /// How far from the start of what is looked for it is known to be there.
    pub(crate) const fn end(&self) -> usize {
        match self.kind {
            Kind::Token | Kind::BeforeToken => self.offset + TOKEN,
            Kind::Bytes => self.offset + KEY,
        }
    }

    /// Whether it is known by what stands in many texts.
    fn is_common(&self) -> bool {
        let known = self.sets.map(folded);
        let begins = |sets: &[Set], common: &[u8; 3]| sets.iter().zip(common).all(|(set, byte)| holds(*set, *byte));
        known.windows(3).any(|sets| COMMON.iter().any(|common| begins(sets, common)))
    }
}

/// All keys that four bytes of these sets have.
pub(crate) fn keys(sets: &[Set; KEY]) -> Vec<u32> {
    let mut keys = vec![0];
    for (place, set) in sets.iter().enumerate() {
        let bytes = bytes(folded(*set)).map(|byte| u32::from(byte) << (8 * place));
        keys = bytes.flat_map(|byte| keys.iter().map(move |key| key | byte)).collect();
    }
    keys
}

/// Whether four bytes of these sets have few keys, letters taken in either case.
pub(crate) fn has_few_keys(sets: &[Set; KEY]) -> bool {
    sets.iter().map(|set| folded(*set).count_ones() as usize).product::<usize>() <= KEYS_MAX
}

fn word() -> Set {
    class("word").unwrap_or_default()
}

/// The set with letters in lower case, and all else as [`vector::key`] has it.
const fn folded(set: Set) -> Set {
    // The bytes of which bit 0x20 is not set are 0 to 31 and 64 to 95.
    const CLEAR: Set = 0xffff_ffff | 0xffff_ffff << 64;
    set & !CLEAR | (set & CLEAR) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor(pattern: &str) -> Option<(Kind, usize)> {
        Anchor::of(&Pattern::parse(pattern).unwrap()).map(|anchor| (anchor.kind, anchor.offset))
    }

    #[test]
    fn a_shape_is_looked_for_by_a_token_where_it_has_one() {
        for (pattern, expected) in [
            ("'ghp_' alnum{36}", Some((Kind::Token, 0))),
            ("~'bearer ' (token68{20..})", Some((Kind::BeforeToken, 7))),
            ("'tskey-' lower{3..8} '-' alnum{8..24}", Some((Kind::Token, 0))),
            ("'the_QZ_the' visible{4}", Some((Kind::Bytes, 3))),
            ("'abcd' alnum{11}", Some((Kind::Bytes, 0))),
            ("alnum{40}", None),
            ("'abc'", None),
        ] {
            assert_eq!(anchor(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn each_place_is_found_with_its_number_in_either_case() {
        let of = |pattern: &str| Anchor::of(&Pattern::parse(pattern).unwrap()).unwrap();
        let tokens = [of("'ghp_' alnum{36}"), of("'GHP_' alnum{36}"), of("'key=' hex{32}")];
        let places = Places::new(&tokens, &[of("'xoxd' visible{9}")]);
        let mut found = Vec::new();
        places.each(b"..ghp_0123456789abcdef....key=00112233445566778 xoxd", 1, |place| found.push(place));
        let expected =
            [Place::Token(2, 0), Place::Token(2, 1), Place::Value(30), Place::Token(30, 2), Place::Bytes(48, 0)];
        assert!(expected.iter().all(|place| found.contains(place)) && found.len() == expected.len(), "{found:?}");
    }

    #[test]
    fn a_value_is_a_whole_token_with_a_digit() {
        let places = Places::new(&[], &[]);
        for (text, origin, expected) in [
            ("=abcdefghijklmnop", 0, false),
            ("=abcdefghijklmno7", 0, true),
            ("=abcdefghijklmno7", 1, true),
            ("=0bcdefghijklmno/", 0, true),
            ("/abcdefghijklmno7", 1, false),
            ("=abc:/;<@`~ghijkl", 0, false),
            ("=abcdefghijklmn7", 0, false),
            ("=abcdefghijklmnop7", 0, false),
        ] {
            let mut found = Vec::new();
            places.each(text.as_bytes(), origin, |place| found.push(place));
            assert_eq!(found.contains(&Place::Value(1)), expected, "{text} from {origin}");
        }
    }

    #[test]
    fn many_anchors_are_found_one_by_one() {
        let texts = (0..2000_u32).map(|number| format!("{number:04}").into_bytes()).collect::<Vec<_>>();
        let sets = |text: &Vec<u8>| std::array::from_fn(|place| 1 << text[place]);
        let anchors = texts.iter().map(|text| Anchor { kind: Kind::Bytes, offset: 0, sets: sets(text) });
        let places = Places::new(&[], &anchors.collect::<Vec<_>>());
        for (number, text) in (0..).zip(&texts) {
            let mut found = Vec::new();
            places.each(text, 0, |place| found.push(place));
            assert_eq!(found, [Place::Bytes(0, number)]);
        }
    }
}
