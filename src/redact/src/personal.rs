//! Recognizes personal data by its form, its check digits and the words before it.
//!
//! One pass finds the few places at which such data can be ([`Anchors`]); at each, the recognizers that fit what stands there look at
//! the bytes around it, no further than [`REACH`] ahead. What is found depends on the text alone and not on how it comes in pieces.
//! Names and places have no form; they are left to an analyzer with a model.

mod address;
mod anchors;
mod birth;
mod card;
mod checksum;
mod context;
mod email;
mod escape;
mod iban;
mod keywords;
mod national;
mod overlap;
mod own;
mod passport;
mod phone;
mod rule;
mod rules;
mod settings;
mod sight;

use crate::{
    class::Class,
    entity::Entity,
    recognizer::{Found, Recognizer},
};
use anchors::Anchors;
use email::Mailbox;
use keywords::Keywords;
use own::Own;
use phone::Phones;
use rule::{is_word, stands_alone_before};
use rules::{Compiled, Rules};
pub use settings::{Addresses, InvalidPersonalSettings, OwnPattern, PersonalSettings};
use sight::Sight;

/// How far a recognizer of numbers looks ahead from where a number begins.
const REACH: usize = 64;

/// A longer word is no number but some blob.
const WORD_LENGTH_MAX: usize = 40;

/// What a word before a number adds to its score, and the least that it makes of it: Presidio's factors.
const CONTEXT_GAIN: u8 = 35;
const CONTEXT_SCORE_MIN: u8 = 40;

/// Finds the personal data that settings ask for. One serves any number of streams.
#[derive(Debug)]
pub struct Personal {
    rules: Rules,
    phones: Option<Phones>,
    own: Option<Own>,
    wants: Wants,
    addresses: Addresses,
    score_threshold: u8,
    context_word_count: usize,
    keywords: Keywords,
    rule_names: Vec<String>,
}

/// The kinds that no table of rules holds.
#[derive(Debug, Clone, Copy)]
struct Wants {
    email: bool,
    iban: bool,
    address: bool,
    passport: bool,
    birth: bool,
}

impl Personal {
    /// Prepares what is looked for.
    ///
    /// # Errors
    /// See [`InvalidPersonalSettings`].
    pub fn new(settings: PersonalSettings) -> Result<Self, InvalidPersonalSettings> {
        let wants = |entity| settings.entities.contains(&entity);
        let phones = Phones::new(settings.default_region.as_deref()).map_err(InvalidPersonalSettings::UnknownRegion)?;
        let rules = Rules::of(&settings.entities);
        let kinds = Entity::ALL.iter().map(|entity| entity.as_str().to_owned());
        let own_names = settings.own.iter().map(|own| own.name.clone());
        let keywords = Keywords::new(keywords_of(&settings)).map_err(|_| InvalidPersonalSettings::TooManyWords)?;
        Ok(Self {
            rule_names: kinds.chain(own_names).collect(),
            rules,
            phones: wants(Entity::PhoneNumber).then_some(phones),
            wants: Wants {
                email: wants(Entity::EmailAddress),
                iban: wants(Entity::IbanCode),
                address: wants(Entity::IpAddress),
                passport: wants(Entity::Passport),
                birth: wants(Entity::DateOfBirth),
            },
            addresses: settings.addresses,
            score_threshold: settings.score_threshold,
            context_word_count: settings.context_word_count,
            keywords,
            own: if settings.own.is_empty() { None } else { Some(Own::new(settings.own)?) },
        })
    }

    /// What the operator calls its own patterns, in their order.
    pub(crate) fn own_names(&self) -> &[String] {
        self.rule_names.get(Entity::ALL.len()..).unwrap_or_default()
    }

    /// Everything that is found in a whole text, in order.
    #[must_use]
    pub fn finds(&self, text: &[u8]) -> Vec<Found> {
        let mut finds = Vec::new();
        self.look(text, 0, true, &mut |find| finds.push(find));
        finds
    }

    /// Looks at the `@` of a mailbox.
    fn mailbox(&self, sight: &mut Sight<'_>, at: usize) {
        match email::around(sight.text, at, sight.is_end) {
            Mailbox::Found { start, end } => self.judge(sight, start, end, Entity::EmailAddress, 100),
            Mailbox::Open { start } => sight.leave_open(start),
            Mailbox::None => {}
        }
    }

    /// Looks at the line around the second `<` of two.
    fn line(&self, sight: &mut Sight<'_>, at: usize) {
        let text = sight.text;
        let before = text[..at].iter().rev().take(passport::LINE_LENGTH_MAX);
        let start = at - before.take_while(|byte| passport::is_of_line(**byte)).count();
        let ahead = text[at..].iter().take(passport::LINE_LENGTH_MAX + 1);
        let end = at + ahead.take_while(|byte| passport::is_of_line(**byte)).count();
        let is_first = !text[start..at].windows(2).any(|pair| pair == b"<<");
        let start = escape::after_escape(text, start, end);
        if end == text.len() && end - start <= passport::LINE_LENGTH_MAX && !sight.is_end {
            sight.leave_open(start);
        } else if is_first && let Some(score) = passport::line_score(&text[start..end]) {
            self.judge(sight, start, end, Entity::Passport, score);
        }
    }

    /// Looks at the word around the first of some digits. Returns where the word ends.
    fn number(&self, sight: &mut Sight<'_>, digit: usize) -> usize {
        let text = sight.text;
        let Some(word) = Word::around(text, digit) else { return end_of_blob(text, digit) };
        if word.end == text.len() && !sight.is_end {
            sight.leave_open(sight::beginning(text, word.start));
            return word.end;
        }
        let next = text.get(word.end).copied().unwrap_or_default();
        if self.wants.address && address::may_be_version_6(text, word.start, word.end) {
            self.version_6(sight, digit);
        }
        let goes_on =
            is_separator(next) && text.get(word.end + 1).is_none_or(|byte| is_word(*byte) || is_separator(*byte));
        if goes_on && word.start + REACH > text.len() && !sight.is_end {
            sight.leave_open(sight::beginning(text, word.start));
        } else if stands_alone_before(text, word.start) {
            self.alone(sight, &word);
            if goes_on {
                self.joined(sight, &word);
            }
        }
        word.end
    }

    /// Asks who knows such a word without looking at what follows it.
    fn alone(&self, sight: &mut Sight<'_>, word: &Word) {
        let text = sight.text;
        let length = word.end - word.start;
        if length < SHORTEST_ALONE || !rule::stands_alone_after(text, word.end) && !word.is_digits {
            return;
        }
        if word.is_digits && rule::stands_alone_after(text, word.end) {
            let digits = &text[word.start..word.end];
            for compiled in self.rules.digits(length) {
                if self.is_worth(compiled.score) && (compiled.rule.check)(digits) {
                    self.judge(sight, word.start, word.end, compiled.rule.entity, compiled.score);
                }
            }
            // Digits alone are a telephone number where a word says so.
            if self.phones.is_some()
                && length <= phone::BARE_COUNT_MAX
                && self.reaches(sight, word.start, Entity::PhoneNumber, phone::BARE_SCORE)
            {
                self.phone(sight, word.start);
            }
        } else {
            for compiled in self.rules.words(length) {
                self.held_against(sight, word.start, compiled);
            }
            self.iban(sight, word.start);
        }
    }

    /// Asks who knows the beginning of such a number, of which a separator and more follow.
    fn joined(&self, sight: &mut Sight<'_>, word: &Word) {
        let text = sight.text;
        let (length, separator) = (word.end - word.start, text[word.end]);
        let second =
            text[word.end + 1..].iter().take(WORD_LENGTH_MAX).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        for compiled in self.rules.several(length, second) {
            self.held_against(sight, word.start, compiled);
        }
        if length == 4 && !word.is_digits {
            self.iban(sight, word.start);
        }
        if !word.begins_with_digit {
            return;
        }
        let third = text.get(word.end + 1 + second).copied();
        if self.wants.address
            && separator == b'.'
            && third == Some(b'.')
            && length < 4
            && let Some(end) = address::quad_end(text, word.start, self.addresses)
        {
            return self.judge(sight, word.start, end, Entity::IpAddress, 80);
        }
        if self.wants.birth && birth::may_begin(length, second, separator, third) {
            self.date(sight, word.start);
        }
        if word.is_digits
            && separator != b','
            && self.phones.is_some_and(|phones| phones.may_begin(text, word.start, length, second))
        {
            self.phone(sight, word.start);
        }
        self.after_letters(sight, word);
    }

    /// `AB 12 34 56 C` and `March 12, 1985` begin with the word before the digits.
    fn after_letters(&self, sight: &mut Sight<'_>, word: &Word) {
        let text = sight.text;
        let length = word.end - word.start;
        let Some(start) = word.letters_before(text) else { return };
        let letters = word.start - 1 - start;
        for compiled in self.rules.several(letters, length) {
            self.held_against(sight, start, compiled);
        }
        if self.wants.birth
            && letters >= 3
            && length <= 4
            && let Some(end) = birth::end_from_month(text, start)
        {
            self.judge(sight, start, end, Entity::DateOfBirth, BIRTH_SCORE);
        }
    }

    fn held_against(&self, sight: &mut Sight<'_>, start: usize, compiled: &Compiled) {
        if self.is_worth(compiled.score)
            && let Some(fitted) = rule::fit(sight.text, start, compiled.shape)
            && (compiled.rule.check)(fitted.symbols())
        {
            self.judge(sight, start, fitted.end, compiled.rule.entity, compiled.score);
        }
    }

    fn iban(&self, sight: &mut Sight<'_>, start: usize) {
        if self.wants.iban
            && iban::may_begin(&sight.text[start..])
            && let Some(end) = iban::end(sight.text, start)
        {
            self.judge(sight, start, end, Entity::IbanCode, 100);
        }
    }

    fn phone(&self, sight: &mut Sight<'_>, start: usize) {
        let Some(phones) = self.phones else { return };
        let text = sight.text;
        let reaches = |score| self.reaches(sight, start, Entity::PhoneNumber, score);
        if let Some(phone) = phones.look(text, start, reaches) {
            self.judge(sight, phone.start, phone.end, Entity::PhoneNumber, phone.score);
        }
    }

    fn version_6(&self, sight: &mut Sight<'_>, digit: usize) {
        // The longest address begins before its first digit.
        if digit + REACH > sight.text.len() && !sight.is_end {
            sight.leave_open(address::start(sight.text, digit));
        } else if let Some((start, end)) = address::version_6(sight.text, digit, self.addresses) {
            self.judge(sight, start, end, Entity::IpAddress, 85);
        }
    }

    fn date(&self, sight: &mut Sight<'_>, start: usize) {
        let text = sight.text;
        let Some(end) = birth::end(text, start) else { return };
        // A date with a time of day is of something that happened.
        let is_instant = matches!(text.get(end..), Some([b'T' | b' ', b'0'..=b'2', b'0'..=b'9', b':', ..]));
        if !is_instant {
            self.judge(sight, start, end, Entity::DateOfBirth, BIRTH_SCORE);
        }
    }

    /// Takes a find if it is sure enough, with the words before it where these are needed.
    fn judge(&self, sight: &mut Sight<'_>, start: usize, end: usize, entity: Entity, score: u8) {
        if !self.is_worth(score) {
            return;
        }
        let score = if self.says(sight, start, entity) { gained(score) } else { score };
        if score >= self.score_threshold {
            sight.found.push(Found { start, end, class: Class::Personal(entity), rule: kind(entity) as u16, score });
        }
    }

    /// Whether a find with this score will be sure enough.
    fn reaches(&self, sight: &mut Sight<'_>, start: usize, entity: Entity, score: u8) -> bool {
        score >= self.score_threshold || self.is_worth(score) && self.says(sight, start, entity)
    }

    /// Whether a score can reach the threshold, perhaps with a word.
    fn is_worth(&self, score: u8) -> bool {
        gained(score) >= self.score_threshold
    }

    /// Whether words before a position say that a number of this kind follows.
    fn says(&self, sight: &mut Sight<'_>, start: usize, entity: Entity) -> bool {
        sight.said(start, self.context_word_count, &self.keywords).has(kind(entity))
    }

    fn own(&self, sight: &mut Sight<'_>, own: &Own, from: usize) {
        let (text, is_end) = (sight.text, sight.is_end);
        let open = own.look(text, from, is_end, |range, place| {
            if let Some(pattern) = own.patterns().get(place) {
                self.judge(sight, range.start, range.end, Entity::Own(place as u16), pattern.score);
            }
        });
        sight.leave_open(open);
    }
}

/// A date needs a word of birth before it.
const BIRTH_SCORE: u8 = 30;

/// What stands between the groups of a number.
const fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.' | b'/' | b'+' | b'(' | b')' | b',')
}

/// The place of a kind among those that we know, and after them the operator's own.
fn kind(entity: Entity) -> usize {
    match entity {
        Entity::Own(place) => Entity::ALL.len() + usize::from(place),
        known => Entity::ALL.iter().position(|other| *other == known).unwrap_or(0),
    }
}

/// The words that say that a kind follows.
fn keywords_of(settings: &PersonalSettings) -> Vec<(usize, &str)> {
    let of = |entity: Entity, words: &[&'static str]| {
        words.iter().map(move |word| (kind(entity), *word)).collect::<Vec<_>>()
    };
    let mut keywords = of(Entity::PhoneNumber, phone::WORDS);
    keywords.extend(of(Entity::DateOfBirth, birth::WORDS));
    rules::all().for_each(|rule| keywords.extend(of(rule.entity, rule.words)));
    keywords.extend(settings.context_words.iter().map(|(entity, word)| (kind(*entity), word.as_str())));
    for (place, own) in settings.own.iter().enumerate() {
        keywords.extend(own.context_words.iter().map(|word| (Entity::ALL.len() + place, word.as_str())));
    }
    keywords
}

/// No number without separators is shorter, but for the seven digits of some.
const SHORTEST_ALONE: usize = 7;

fn gained(score: u8) -> u8 {
    score.saturating_add(CONTEXT_GAIN).clamp(CONTEXT_SCORE_MIN, 100)
}

impl Recognizer for Personal {
    fn look(&self, text: &[u8], from: usize, is_end: bool, found: &mut dyn FnMut(Found)) -> usize {
        let mut sight = Sight::new(text, is_end);
        let mut anchors = Anchors::from(text, from);
        while let Some(at) = anchors.next() {
            match text[at] {
                b'@' if self.wants.email => self.mailbox(&mut sight, at),
                b'<' if self.wants.passport => self.line(&mut sight, at),
                b'0'..=b'9' => anchors.skip_to(self.number(&mut sight, at)),
                _ => {}
            }
        }
        if let Some(own) = &self.own {
            self.own(&mut sight, own, from);
        }
        overlap::settle(sight, from, found)
    }

    fn rule_name(&self, rule: u16) -> &str {
        self.rule_names.get(usize::from(rule)).map_or("", String::as_str)
    }
}

/// A run of letters, digits and underscores.
struct Word {
    start: usize,
    end: usize,
    begins_with_digit: bool,
    is_digits: bool,
}

impl Word {
    /// The word around a digit, unless it is too long to be a number.
    fn around(text: &[u8], digit: usize) -> Option<Self> {
        let furthest = digit.saturating_sub(WORD_LENGTH_MAX);
        let mut start = digit;
        while start > furthest && is_word(text[start - 1]) {
            start -= 1;
        }
        start = escape::after_escape(text, start, digit);
        let last = text.len().min(digit + WORD_LENGTH_MAX);
        let mut end = digit + 1;
        while end < last && text[end].is_ascii_digit() {
            end += 1;
        }
        let digits_end = end;
        while end < last && is_word(text[end]) {
            end += 1;
        }
        let begins_with_digit = start == digit;
        let word = Self { start, end, begins_with_digit, is_digits: begins_with_digit && end == digits_end };
        (end - start < WORD_LENGTH_MAX).then_some(word)
    }

    fn before(&self, text: &[u8]) -> Option<u8> {
        self.start.checked_sub(1).and_then(|before| text.get(before)).copied()
    }

    /// Where the word of a few letters begins that stands one space before this one.
    fn letters_before(&self, text: &[u8]) -> Option<usize> {
        if self.before(text) != Some(b' ') {
            return None;
        }
        let end = self.start - 1;
        let count = text[..end].iter().rev().take(10).take_while(|byte| byte.is_ascii_alphabetic()).count();
        let start = escape::after_escape(text, end - count, end);
        let is_whole = start
            .checked_sub(1)
            .and_then(|before| text.get(before))
            .is_none_or(|byte| !is_word(*byte) || start != end - count);
        (is_whole && matches!(end - start, 1..=9)).then_some(start)
    }
}

/// Behind a word that is too long.
fn end_of_blob(text: &[u8], at: usize) -> usize {
    at + text[at..].iter().take_while(|byte| is_word(**byte)).count()
}

#[cfg(test)]
mod tests;
