//! Recognizes credentials by their shapes, such as `ghp_` and 36 letters or digits, in text that comes in pieces of any size.
//!
//! A vector pass over the text looks for four rare bytes of each rule. Where there are such, a table says which rules they speak for,
//! and each of those reads its text once, forward, in bounds. There is no other search, so no text can make it slow.

mod anchors;
mod checks;
mod classes;
mod near;
mod pattern;
mod pem;
mod rules;
mod search;

use std::{cmp::Reverse, sync::LazyLock};

use self::anchors::{Places, REACH};
use self::checks::{entropy, is_example, is_mixed};
use self::pattern::{Pattern, Reading};
use self::search::Search;
pub use self::{
    checks::Checksum,
    pattern::PatternError,
    rules::{Rule, RuleError, Rules},
};

/// How sure a find is whose checksum fits.
const SCORE_CHECKED: u8 = 100;
/// How sure one is whose checksum does not.
const SCORE_WRONG: u8 = 60;

/// The recognizer of a set of rules.
#[derive(Debug)]
pub struct Shapes {
    rules: Vec<(String, Rule)>,
    shapes: Vec<Shape>,
    searches: Vec<Search>,
    places: Places,
    /// By the first byte of a text: the searches for credentials that begin so.
    by_start: Vec<Vec<u16>>,
}

#[derive(Debug)]
struct Shape {
    rule: u16,
    pattern: Pattern,
}

/// A credential in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Where the secret part begins.
    pub start: usize,
    /// Where it ends; if that is the end of a text that goes on, it may go on, too.
    pub end: usize,
    /// The number of its rule, for [`Shapes::rule`].
    pub rule: u16,
    /// How sure it is, of 100.
    pub score: u8,
    shape: usize,
}

/// A credential that went on to the end of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Open {
    shape: usize,
    state: u8,
}

/// What may be at a place.
#[derive(Debug, Clone, Copy)]
enum Found {
    Sight(Sight),
    /// The text ends before it is decided; it can begin here, or later.
    More(usize),
}

impl Shapes {
    /// How much of the text before an undecided place is to be shown again: a word, and what may be between it and a value.
    pub(crate) const CONTEXT: usize = 96;

    /// The rules that come with the program.
    #[must_use]
    pub fn built_in() -> &'static Self {
        static BUILT_IN: LazyLock<Shapes> = LazyLock::new(|| {
            let rules = Rules::built_in().and_then(|rules| Shapes::new(&rules));
            rules.expect("the rules that come with the program are read by a test")
        });
        &BUILT_IN
    }

    /// Makes a recognizer of rules.
    ///
    /// # Errors
    /// The first rule that cannot be looked for, and why.
    pub fn new(rules: &Rules) -> Result<Self, RuleError> {
        let (mut shapes, mut searches) = (Vec::new(), Vec::new());
        for (number, (name, rule)) in (0..).zip(rules.iter()) {
            let first = shapes.len();
            let patterns = rule.patterns(name)?;
            let words = rule.words(name)?;
            if words.is_empty() {
                for pattern in patterns.iter().flat_map(Pattern::with_fixed_starts) {
                    let search = Search::for_shape(shapes.len(), &pattern);
                    searches.push(search.ok_or_else(|| RuleError::NoAnchor { rule: name.to_owned() })?);
                    shapes.push(Shape { rule: number, pattern });
                }
            } else {
                shapes.extend(patterns.into_iter().map(|pattern| Shape { rule: number, pattern }));
                searches.extend(words.iter().filter_map(|word| Search::for_word(word, first..shapes.len())));
            }
        }
        let begins = |byte: u8| {
            let of = (0..).zip(&searches).filter(|(_, search)| search.may_begin_with(byte));
            of.map(|(number, _)| number).collect()
        };
        Ok(Self {
            by_start: (0..=255).map(begins).collect(),
            places: Places::new(&searches.iter().map(|search| search.window).collect::<Vec<_>>()),
            rules: rules.iter().map(|(name, rule)| (name.to_owned(), rule.clone())).collect(),
            shapes,
            searches,
        })
    }

    /// How many kinds of credentials are recognized.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.rules.len()
    }

    /// The name of a rule.
    #[must_use]
    pub fn rule(&self, number: u16) -> &str {
        self.rules.get(usize::from(number)).map_or("", |(name, _)| name)
    }

    /// All credentials in a whole text, in order, none over another.
    #[must_use]
    pub fn all(&self, text: &[u8]) -> Vec<Sight> {
        let mut all = Vec::new();
        self.look(text, 0, true, &mut |sight| all.push(sight));
        all
    }

    /// How many places of a text are looked at more closely, first by a table and then by rules, for measurements.
    #[must_use]
    pub fn places(&self, text: &[u8]) -> (usize, usize) {
        self.places.count(text)
    }

    /// Recognizes credentials in text of which more may come.
    ///
    /// What lies before `from` was decided before and is context only: at least [`Self::CONTEXT`] bytes of it, or all there is. Calls
    /// `found` for every credential that starts at `from` or after it, in order and none over another. Gives the place up to which
    /// everything is decided: the end of the text, or the earliest place where a credential may begin of which too little is there.
    /// A credential whose end is the end of a text that goes on is open: see [`Self::open`].
    pub(crate) fn look(&self, text: &[u8], from: usize, is_end: bool, found: &mut impl FnMut(Sight)) -> usize {
        let origin = from.saturating_sub(Self::CONTEXT);
        let mut sights = Vec::new();
        self.places.each(text.get(origin..).unwrap_or_default(), |at, search| {
            let search = self.searches.get(usize::from(search));
            if let Some(search) = search
                && let Some(start) = (origin + at).checked_sub(search.offset)
                && let Some(found) = self.at(search, text, start, is_end)
            {
                sights.push(found);
            }
        });
        if !is_end {
            sights.extend(self.begun(text, from).map(Found::More));
        }
        sights.sort_unstable_by_key(Found::order);
        let mut decided = from;
        for found_here in sights {
            match found_here {
                Found::More(start) if start >= decided => return start,
                Found::Sight(sight) if sight.start >= decided => {
                    decided = sight.end;
                    found(sight);
                }
                Found::More(_) | Found::Sight(_) => {}
            }
        }
        text.len()
    }

    /// What is to be known of a credential that [`Self::look`] found at the end of a text that goes on.
    pub(crate) fn open(&self, sight: &Sight, text: &[u8]) -> Option<Open> {
        let pattern = self.shapes.get(sight.shape).map(|shape| &shape.pattern)?;
        let secret = text.get(sight.start..).filter(|_| sight.end == text.len() && pattern.goes_on())?;
        Some(Open { shape: sight.shape, state: pattern.state_after(secret) })
    }

    /// How far an open credential goes on in the text that follows, and whether it is still open there.
    pub(crate) fn go_on(&self, open: Open, text: &[u8]) -> (usize, Option<Open>) {
        let (length, state) =
            self.shapes.get(open.shape).map_or((0, None), |shape| shape.pattern.go_on(open.state, text));
        (length, state.map(|state| Open { state, ..open }))
    }

    /// What one search finds at one place.
    fn at(&self, search: &Search, text: &[u8], start: usize, is_end: bool) -> Option<Found> {
        let judge = |at| search.shapes.clone().find_map(|shape| self.judge(shape, text, at, is_end));
        match &search.word {
            None if search.may_start(text, start) => judge(start),
            None => None,
            Some(word) => {
                let end = start + word.len();
                text.get(start..end).filter(|here| here.eq_ignore_ascii_case(word))?;
                near::values(text, end).find_map(judge)
            }
        }
    }

    fn judge(&self, number: usize, text: &[u8], start: usize, is_end: bool) -> Option<Found> {
        let shape = self.shapes.get(number)?;
        let ((start, end), certain) = match shape.pattern.read(text, start, is_end) {
            Reading::No => return None,
            Reading::More { secret } => return Some(Found::More(secret)),
            Reading::Yes { secret, certain } => (secret, certain),
        };
        let (_, rule) = self.rules.get(usize::from(shape.rule))?;
        let secret = text.get(start..certain)?;
        let score = match rule.checksum {
            None => rule.score,
            Some(checksum) if checksum.fits(secret) => SCORE_CHECKED,
            Some(checksum) if checksum.is_needed() => return None,
            Some(_) => SCORE_WRONG,
        };
        let is_wanted = entropy(secret) >= rule.entropy
            && (!rule.mixed || is_mixed(secret))
            && (score == SCORE_CHECKED || !is_example(secret, &rule.examples));
        is_wanted.then_some(Found::Sight(Sight { start, end, rule: shape.rule, score, shape: number }))
    }

    /// The first place from which on the text may be the start of a credential, too short yet to be looked for.
    fn begun(&self, text: &[u8], from: usize) -> Option<usize> {
        (from.max(text.len().saturating_sub(REACH - 1))..text.len()).find(|start| {
            let rest = text.get(*start..).unwrap_or_default();
            let searches = rest.first().and_then(|first| self.by_start.get(usize::from(*first)));
            let mut searches =
                searches.into_iter().flatten().filter_map(|search| self.searches.get(usize::from(*search)));
            searches.any(|search| search.has_begun(rest) && search.may_start(text, *start))
        })
    }
}

impl Found {
    /// By start; at the same start what is undecided comes first, then the longest, then the surest.
    const fn order(&self) -> (usize, Option<(Reverse<usize>, Reverse<u8>, u16)>) {
        match self {
            Self::More(start) => (*start, None),
            Self::Sight(Sight { start, end, rule, score, .. }) => {
                (*start, Some((Reverse(*end), Reverse(*score), *rule)))
            }
        }
    }
}

#[cfg(test)]
mod tests;
