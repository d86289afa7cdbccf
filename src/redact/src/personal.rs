//! Recognizes personal data by its form, its check digits and the words before it.
//!
//! One pass finds the few places at which such data can be ([`anchors`]); at each, the recognizers that fit what stands there look at
//! the bytes around it, no further than [`REACH`] ahead. What is found depends on the text alone and not on how it comes in pieces.
//! Names and places have no form; they are left to an analyzer with a model.

mod address;
mod anchors;
mod around;
mod beginnings;
mod birth;
mod card;
mod checksum;
mod context;
mod email;
mod escape;
mod iban;
mod keywords;
mod national;
mod noticed;
mod overlap;
mod own;
mod passport;
mod phone;
mod rule;
mod rules;
mod settings;
mod sight;
mod word;

use crate::{
    class::Class,
    entity::Entity,
    recognizer::{Found, Recognizer},
};
use anchors::Anchor;
use email::Mailbox;
use keywords::Keywords;
use own::Own;
use phone::Phones;
use rule::{is_word, stands_alone_before};
use rules::{Compiled, Rules};
pub use settings::{Addresses, InvalidPersonalSettings, OwnPattern, PersonalSettings};
use sight::Sight;
use word::Word;

/// How far a recognizer of numbers looks ahead from where a number begins.
const REACH: usize = 64;

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
        let rules = Rules::of(&settings.entities, settings.score_threshold);
        let kinds = Entity::ALL.iter().map(|entity| entity.as_str().to_owned());
        let own_names = settings.own.iter().map(|own| own.name.clone());
        let keywords = Keywords::new(settings.keywords()).map_err(|_| InvalidPersonalSettings::TooManyWords)?;
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

    /// Looks at a word that has digits.
    fn number(&self, sight: &mut Sight<'_>, word: &Word) {
        let text = sight.text;
        if word.end == text.len() && !sight.is_end {
            return sight.leave_open(sight::beginning(text, word.start));
        }
        if self.wants.address && address::may_be_version_6(text, word.start, word.end) {
            self.version_6(sight, word.digit);
        }
        let next = text.get(word.end).copied().unwrap_or_default();
        let goes_on =
            is_separator(next) && text.get(word.end + 1).is_none_or(|byte| is_word(*byte) || is_separator(*byte));
        if goes_on && word.start + REACH > text.len() && !sight.is_end {
            sight.leave_open(sight::beginning(text, word.start));
        } else if (goes_on || word.length() >= SHORTEST_ALONE) && stands_alone_before(text, word.start) {
            self.alone(sight, word);
            if goes_on {
                self.joined(sight, word);
            }
        }
    }

    /// Asks who knows such a word without looking at what follows it.
    fn alone(&self, sight: &mut Sight<'_>, word: &Word) {
        let text = sight.text;
        let length = word.length();
        if length < SHORTEST_ALONE || !rule::stands_alone_after(text, word.end) && !word.is_digits {
            return;
        }
        if word.is_digits && rule::stands_alone_after(text, word.end) {
            let said = sight.said(word.start, self.context_word_count, &self.keywords);
            let digits = &text[word.start..word.end];
            let [sure, others] = self.rules.digits(length);
            let others = if said.is_empty() { &[] } else { others.as_slice() };
            for compiled in sure.iter().chain(others.iter().filter(|compiled| said.has(compiled.kind))) {
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
        let (length, separator) = (word.length(), text[word.end]);
        let rest = &text[word.end + 1..];
        let second = rest.iter().take(word::LENGTH_MAX).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let third = rest.get(second).copied();
        // A decimal fraction, or a number in a row of them.
        let is_short = length + second < self.rules.pair_min().min(phone::DIGIT_COUNT_MIN);
        let goes_on = third.is_some_and(|third| is_separator(third) && (third != b',' || separator == b' '));
        if separator == b',' || is_short && !goes_on {
            return self.after_letters(sight, word);
        }
        for compiled in self.rules.several(length, second).iter().filter(|rule| rule.goes_on_with(separator, third)) {
            self.held_against(sight, word.start, compiled);
        }
        if length == 4 && !word.is_digits {
            self.iban(sight, word.start);
        }
        if !word.begins_with_digit() {
            return;
        }
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
        // Digits that are followed by a letter are all there are.
        let is_too_short =
            length < phone::DIGIT_COUNT_MIN && text.get(word.end + 1).is_some_and(u8::is_ascii_alphabetic);
        if word.is_digits
            && separator != b','
            && !is_too_short
            && self.phones.is_some_and(|phones| phones.may_begin(text, word.start, length, second))
        {
            self.phone(sight, word.start);
        }
        self.after_letters(sight, word);
    }

    /// `AB 12 34 56 C` and `March 12, 1985` begin with the word before the digits.
    fn after_letters(&self, sight: &mut Sight<'_>, word: &Word) {
        let text = sight.text;
        let length = word.length();
        let Some(start) = word.letters_before(text) else { return };
        let letters = word.start - 1 - start;
        let third = text.get(word.end).copied();
        for compiled in self.rules.several(letters, length).iter().filter(|rule| rule.goes_on_with(b' ', third)) {
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
            && self.reaches(sight, start, compiled.rule.entity, compiled.score)
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
        if !phones.proves_itself(text, start, self.score_threshold) && !self.says(sight, start, Entity::PhoneNumber) {
            return;
        }
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
        // A date with a time of day is of something that happened. The usual writing of one is told without reading it.
        if let Some(
            [year @ .., b'-', _, _, b'-', b'0'..=b'9', b'0'..=b'9', b'T' | b' ', b'0'..=b'2', b'0'..=b'9', b':'],
        ) = text.get(start..start + 14)
            && year.iter().all(u8::is_ascii_digit)
        {
            return;
        }
        let Some(end) = birth::end(text, start) else { return };
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
            sight.found.push(Found { start, end, class: Class::Personal(entity), rule: entity.place() as u16, score });
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
        let kind = entity.place();
        self.keywords.has(kind) && sight.said(start, self.context_word_count, &self.keywords).has(kind)
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

/// No number without separators is shorter, but for the seven digits of some.
const SHORTEST_ALONE: usize = 7;

fn gained(score: u8) -> u8 {
    score.saturating_add(CONTEXT_GAIN).clamp(CONTEXT_SCORE_MIN, 100)
}

impl Recognizer for Personal {
    fn look(&self, text: &[u8], from: usize, is_end: bool, found: &mut dyn FnMut(Found)) -> usize {
        let mut sight = Sight::new(text, is_end);
        anchors::each(text, from, |anchor| match anchor {
            Anchor::At(at) if self.wants.email => self.mailbox(&mut sight, at),
            Anchor::Brackets(at) if self.wants.passport => self.line(&mut sight, at),
            Anchor::Word(word) => self.number(&mut sight, &word),
            Anchor::At(_) | Anchor::Brackets(_) => {}
        });
        if let Some(own) = &self.own {
            self.own(&mut sight, own, from);
        }
        overlap::settle(sight, from, found)
    }

    fn rule_name(&self, rule: u16) -> &str {
        self.rule_names.get(usize::from(rule)).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests;
