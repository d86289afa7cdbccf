//! Recognizes credentials by their shapes, such as `ghp_` and 36 letters or digits, in text that comes in pieces of any size.
//!
//! Two vector passes over the text look for where a credential may begin ([`anchors`]), or be the value after a word such as `datadog`.
//! Where there are such places, a table says which rules they speak for, and each of those reads its text once, forward, in bounds. There
//! is no other search, so no text can make it slow.

mod anchors;
mod begun;
mod checks;
mod classes;
mod families;
mod groups;
mod near;
mod pattern;
mod pem;
mod rules;
mod search;
mod table;
mod words;

use std::{
    cmp::Reverse,
    ops::Range,
    sync::{Arc, LazyLock},
};

use vector::TOKEN;

use crate::{
    class::Class,
    recognizer::{Found, Open, Recognizer},
};

use self::anchors::{Place, Places};
use self::begun::Beginnings;
use self::checks::{entropy, is_example, is_mixed};
use self::families::{Family, families};
use self::pattern::{Pattern, Reading};
use self::search::Search;
use self::words::Words;
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
    families: Vec<Family>,
    places: Places,
    words: Words,
    beginnings: Beginnings,
}

#[derive(Debug)]
struct Shape {
    rule: u16,
    pattern: Pattern,
}

/// What may be at a place.
#[derive(Debug, Clone, Copy)]
enum Sight {
    Found(Found),
    /// The text ends before it is decided; it can begin here, or later.
    More(usize),
}

/// How much of the text before an undecided place is looked at again: a word, and what may be between it and a value.
const CONTEXT: usize = 96;

impl Shapes {
    /// The rules that come with the program.
    #[must_use]
    pub fn built_in() -> Arc<Self> {
        static BUILT_IN: LazyLock<Arc<Shapes>> = LazyLock::new(|| {
            let shapes = Rules::built_in().and_then(|rules| Shapes::new(&rules));
            Arc::new(shapes.expect("the rules that come with the program are read by a test"))
        });
        Arc::clone(&BUILT_IN)
    }

    /// Makes a recognizer of rules.
    ///
    /// # Errors
    /// The first rule that cannot be looked for, and why.
    pub fn new(rules: &Rules) -> Result<Self, RuleError> {
        let (mut shapes, mut searches, mut all_words) = (Vec::new(), Vec::new(), Vec::new());
        for (number, (name, rule)) in (0..).zip(rules.iter()) {
            let first = count(&shapes)?;
            let patterns = rule.patterns(name)?;
            let words = rule.words(name)?;
            if words.is_empty() {
                for pattern in patterns.iter().flat_map(Pattern::with_fixed_starts) {
                    let search = Search::new(count(&shapes)?, &pattern);
                    searches.push(search.ok_or_else(|| RuleError::NoAnchor { rule: name.to_owned() })?);
                    shapes.push(Shape { rule: number, pattern });
                }
            } else {
                shapes.extend(patterns.into_iter().map(|pattern| Shape { rule: number, pattern }));
                let last = count(&shapes)?;
                all_words.extend(words.iter().map(|word| (word.clone().into_bytes(), first..last)));
            }
        }
        let families = families(&mut searches, &shapes);
        let anchors = searches.iter().map(|search| search.anchor).collect::<Vec<_>>();
        let of_bytes = families.iter().map(|family| family.anchor).collect::<Vec<_>>();
        Ok(Self {
            beginnings: Beginnings::of(&searches),
            places: Places::new(&anchors, &of_bytes),
            rules: rules.iter().map(|(name, rule)| (name.to_owned(), rule.clone())).collect(),
            words: Words::new(all_words),
            shapes,
            searches,
            families,
        })
    }

    /// How many kinds of credentials are recognized.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.rules.len()
    }

    /// The name of the rule of a find.
    #[must_use]
    pub fn rule(&self, found: &Found) -> &str {
        self.rule_name(found.rule)
    }

    /// All credentials in a whole text, in order, none over another.
    #[must_use]
    pub fn all(&self, text: &[u8]) -> Vec<Found> {
        let mut all = Vec::new();
        self.look(text, 0, true, &mut |found| all.push(found));
        all
    }

    /// How many places of a text are looked at more closely, for measurements.
    #[must_use]
    pub fn places(&self, text: &[u8]) -> usize {
        let mut count = 0;
        self.places.each(text, 0, |_| count += 1);
        count
    }

    /// What stands after a word that ends at a place, with a run in it that begins at another.
    fn after_word(&self, shapes: &Range<u16>, text: &[u8], end: usize, is_end: bool, run: usize) -> Option<Sight> {
        let value = |at| shapes.clone().find_map(|shape| self.judge(shape, text, at, is_end, Some(run)));
        near::values(text, end).find_map(value)
    }

    /// What may stand after a word that ends at a place when more of the text has come: more of it, or of its run.
    fn undecided_after_word(&self, shapes: &Range<u16>, text: &[u8], end: usize) -> Option<Sight> {
        let undecided =
            |at, shape| self.judge(shape, text, at, false, None).and_then(|sight| sight.without_run(text.len()));
        near::values(text, end).find_map(|at| shapes.clone().find_map(|shape| undecided(at, shape)))
    }

    /// Whether there is a credential of this shape. After a word it has a run in it, for otherwise it would not always be found.
    /// Its finds have the numbers of shapes for rules, for [`Recognizer::open`].
    fn judge(&self, number: u16, text: &[u8], at: usize, is_end: bool, run: Option<usize>) -> Option<Sight> {
        let shape = self.shapes.get(usize::from(number))?;
        let ((start, end), certain) = match shape.pattern.read(text, at, is_end) {
            Reading::No => return None,
            Reading::More { secret } => return Some(Sight::More(secret)),
            Reading::Yes { secret, certain } => (secret, certain),
        };
        if run.is_some_and(|run| !(at..certain).contains(&run)) {
            return None;
        }
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
        is_wanted.then_some(Sight::Found(Found { start, end, class: Class::Credential, rule: number, score }))
    }

    /// The first place from which on the text may be the start of a credential, too short yet to be looked for. One whose secret part
    /// stands behind a find may have begun inside of it.
    fn begun(&self, text: &[u8], from: usize) -> Option<usize> {
        self.beginnings.first(&self.searches, text).map(|start| start.max(from))
    }

    /// What one search finds, whose anchor is at a place.
    fn search(&self, number: u16, text: &[u8], place: usize, is_end: bool) -> Option<Sight> {
        let search = self.searches.get(usize::from(number))?;
        let start = place.checked_sub(search.anchor.offset)?;
        if search.may_start(text, start) { self.judge(search.shape, text, start, is_end, None) } else { None }
    }

    /// What the searches of a family find.
    fn family(&self, number: u16, text: &[u8], place: usize, is_end: bool, sights: &mut Vec<Sight>) {
        let Some(family) = self.families.get(usize::from(number)) else { return };
        if family.may_be_at(text, place, is_end) {
            sights.extend(family.searches.iter().filter_map(|search| self.search(*search, text, place, is_end)));
        }
    }
}

impl Recognizer for Shapes {
    fn look(&self, text: &[u8], from: usize, is_end: bool, found: &mut dyn FnMut(Found)) -> usize {
        let origin = from.saturating_sub(CONTEXT);
        let mut sights = Vec::new();
        self.places.each(text, origin, |place| match place {
            Place::Token(at, search) => sights.extend(self.search(search, text, at, is_end)),
            Place::Bytes(at, family) => self.family(family, text, at, is_end, &mut sights),
            Place::Value(at) => self.words.each(text, near::before(text, at), |end, shapes| {
                if near::is_on_line(text, end, at) {
                    sights.extend(self.after_word(shapes, text, end, is_end, at));
                }
            }),
        });
        if !is_end {
            self.words.each(text, near::unfinished(text), |end, shapes| {
                let undecided = self.undecided_after_word(shapes, text, end);
                sights.extend(undecided.filter(|undecided| !undecided.is_found_in(&sights)));
            });
        }
        sights.sort_unstable_by_key(Sight::order);
        let (mut decided, mut begun) = (from, if is_end { None } else { self.begun(text, from) });
        // What begins inside of a find is of that find; another may begin after it.
        let after = |begun: Option<usize>, decided| match begun {
            Some(start) if start < decided => self.begun(text, decided),
            begun => begun,
        };
        for sight in sights {
            begun = after(begun, decided);
            if let Some(start) = begun.filter(|start| *start <= sight.order().0) {
                return start;
            }
            match sight {
                Sight::More(start) if start >= decided => return start,
                Sight::Found(credential) if credential.start >= decided => {
                    decided = credential.end;
                    found(credential);
                }
                Sight::More(_) | Sight::Found(_) => {}
            }
        }
        after(begun, decided).unwrap_or(text.len())
    }

    fn open(&self, found: &Found, text: &[u8]) -> Option<Open> {
        let pattern = self.shapes.get(usize::from(found.rule)).map(|shape| &shape.pattern)?;
        let secret = text.get(found.start..).filter(|_| found.end == text.len() && pattern.goes_on())?;
        Some(Open { rule: found.rule, state: pattern.state_after(secret) })
    }

    fn go_on(&self, open: Open, text: &[u8]) -> (usize, Option<Open>) {
        let shape = self.shapes.get(usize::from(open.rule));
        let (length, state) = shape.map_or((0, None), |shape| shape.pattern.go_on(open.state, text));
        (length, state.map(|state| Open { state, ..open }))
    }

    fn rule_name(&self, rule: u16) -> &str {
        let shape = self.shapes.get(usize::from(rule));
        shape.and_then(|shape| self.rules.get(usize::from(shape.rule))).map_or("", |(name, _)| name)
    }
}

fn count(shapes: &[Shape]) -> Result<u16, RuleError> {
    u16::try_from(shapes.len()).map_err(|_| RuleError::TooMany)
}

/// How sights are sorted.
type Order = (usize, Option<(Reverse<usize>, Reverse<u8>, u16)>);

impl Sight {
    /// What is left open by something that was judged without its run: a text of this length ends before the run is long enough.
    const fn without_run(self, length: usize) -> Option<Self> {
        match self {
            Self::More(_) => Some(self),
            Self::Found(Found { start, end, .. }) if length < end + TOKEN => Some(Self::More(start)),
            Self::Found(_) => None,
        }
    }

    /// Whether there is a find where this begins.
    fn is_found_in(&self, sights: &[Self]) -> bool {
        let start = self.order().0;
        sights.iter().any(|sight| matches!(sight, Self::Found(found) if found.start == start))
    }

    /// By start; at the same start what is undecided comes first, then the longest, then the surest.
    const fn order(&self) -> Order {
        match self {
            Self::More(start) => (*start, None),
            Self::Found(Found { start, end, rule, score, .. }) => {
                (*start, Some((Reverse(*end), Reverse(*score), *rule)))
            }
        }
    }
}

#[cfg(test)]
mod tests;
