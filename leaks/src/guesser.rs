//! Somebody who has the upstream echo guesses, and watches what becomes of them: what is masked, how long an answer is, and what of
//! it arrives at once, when the upstream says nothing for a while, and at the end.
//!
//! The guesser knows the shape of the credential, its public part, and in a harder game the first eight characters behind that. It
//! asks for every next character in every encoding, takes a character whose answer differs from that to the others, and guesses at
//! random where none does. A scanner that reacts to a part of a secret makes it better than chance.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use redact::{Content, Masker, Profile, Report};
use secret::FingerprintSet;

use crate::{
    encoding::{Class, Encoding},
    in_process::fingerprints,
    random::Random,
    shape::{Credential, Shape},
};

/// What the harder game gives away.
const KNOWN: usize = 8;
/// What must be unknown before anything may react, in bits.
const UNKNOWN_BITS_MIN: f64 = 64.0;
/// How far from chance a guesser may come by luck, in standard deviations: once in thirty thousand runs.
const DEVIATIONS_MAX: f64 = 4.0;
/// How a guess arrives, and when nothing comes for a while. A guess ends what is said before a pause, so that what is kept back of it is
/// seen too.
///
/// What follows begins with a character that no secret has, for a view that takes blanks away would count one more as guessed.
const WAYS: [Way; 4] = [
    Way { before: "it is ", after: "", pauses: Pauses::None, content: Content::Binary },
    Way {
        before: "it is ",
        after: " (or it is not, who knows that here)",
        pauses: Pauses::BehindGuess,
        content: Content::Binary,
    },
    Way { before: "it is ", after: " (or it is not, who knows)", pauses: Pauses::InsideGuess, content: Content::Text },
    Way { before: "data: ", after: "\n\ndata: (or not)\n\n", pauses: Pauses::BehindGuess, content: Content::Events },
];

/// One of them.
#[derive(Debug, Clone, Copy)]
struct Way {
    before: &'static str,
    after: &'static str,
    pauses: Pauses,
    content: Content,
}

/// Where nothing comes for so long that what is kept back goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pauses {
    None,
    BehindGuess,
    /// Behind its last character but one as well.
    InsideGuess,
}

/// What a caller sees of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    /// How much of it had arrived: when the guess was said, after each pause, when all was said.
    before_the_end: [usize; 4],
    at_the_end: usize,
    markers: u64,
}

/// One game: how many characters were given away, and how often the next one was found.
#[derive(Debug, Clone, Copy)]
pub struct Game {
    shape: Shape,
    known: usize,
    queries: u64,
    rounds: u64,
    found: u64,
    /// Answers that differed from the others in what arrived before their end, and in what arrived at all.
    kept_back: u64,
    masked: u64,
    alphabet: usize,
}

/// Plays each game until so many queries were made.
#[must_use]
pub fn play(seed: u64, queries: u64) -> Vec<Game> {
    let games = [
        (Shape::Plain, 0),
        (Shape::Plain, KNOWN),
        (Shape::Prefixed, 0),
        (Shape::Prefixed, KNOWN),
        (Shape::Hexadecimal, KNOWN),
        (Shape::Base64, KNOWN),
    ];
    games.map(|(shape, known)| Game::play(&mut Random::new(seed), shape, known, queries)).into()
}

/// Texts that hold too little of a secret to react to, each in every encoding, and those of which a caller sees something else than with
/// another secret in its place.
#[must_use]
pub fn below_the_threshold(seed: u64) -> (u64, Vec<String>) {
    let (mut asked, mut reactions, mut random) = (0, Vec::new(), Random::new(!seed));
    for credential in Credential::one_of_each(seed) {
        let secrets = fingerprints([credential.text()].into_iter());
        let others = fingerprints([credential.shape().make(&mut random).text()].into_iter());
        let bits = credential.shape().bits_of_character();
        let hidden = credential.secret_part();
        for start in 0..hidden.len() {
            let part = hidden.get(start..).unwrap_or_default();
            let mut unknown = 0.0;
            // A hyphen of a UUID and the dot of a token tell nothing.
            let is_less = |byte: &&u8| {
                unknown += if byte.is_ascii_punctuation() && credential.shape() == Shape::Grouped { 0.0 } else { bits };
                unknown < UNKNOWN_BITS_MIN
            };
            let length = part.iter().take_while(is_less).count();
            for encoding in encodings() {
                let written = encoding.write(part.get(..length).unwrap_or_default());
                for way in WAYS {
                    asked += 1;
                    if see(&secrets, &written, way) != see(&others, &written, way) {
                        reactions.push(format!("{} of {} at {start}", encoding.name, credential.shape().as_str()));
                    }
                }
            }
        }
    }
    (asked, reactions)
}

/// Encodings whose length does not depend on what is encoded, so that a difference is the scanner's.
fn encodings() -> impl Iterator<Item = Encoding> {
    const VARYING: [&str; 5] = ["decimal_codes_comma", "decimal_codes_space", "base58", "entities_decimal", "json"];
    let steady = |encoding: &Encoding| !VARYING.iter().any(|name| encoding.name.starts_with(name));
    Encoding::all()
        .filter(|encoding| encoding.class == Class::A && encoding.coding().is_none())
        .filter(|encoding| !encoding.name.starts_with("base64_of"))
        .filter(steady)
}

impl Game {
    fn play(random: &mut Random, shape: Shape, known: usize, queries: u64) -> Self {
        let alphabet = shape.alphabet();
        let mut game =
            Self { shape, known, queries: 0, rounds: 0, found: 0, kept_back: 0, masked: 0, alphabet: alphabet.len() };
        while game.queries < queries {
            let credential = shape.make(random);
            let secrets = fingerprints([credential.text()].into_iter());
            let public = credential.text().len() - credential.secret_part().len();
            let told = credential.text().as_bytes().get(..public + known).unwrap_or_default();
            let answer = credential.secret_part().get(known).copied();
            let mut guess = None;
            for encoding in encodings() {
                for way in WAYS {
                    let odd = game.odd_one(&secrets, told, alphabet, &encoding, way);
                    guess = guess.or(odd);
                }
            }
            let guess = guess.or_else(|| alphabet.get(random.below(alphabet.len())).copied());
            game.rounds += 1;
            game.found += u64::from(guess == answer);
        }
        game
    }

    /// The next character for which an answer differs from those for nearly all others.
    fn odd_one(
        &mut self,
        secrets: &Arc<FingerprintSet>,
        told: &[u8],
        alphabet: &[u8],
        encoding: &Encoding,
        way: Way,
    ) -> Option<u8> {
        let seen = alphabet.iter().map(|next| {
            self.queries += 1;
            (*next, see(secrets, &encoding.write(&[told, &[*next]].concat()), way))
        });
        let seen = seen.collect::<Vec<_>>();
        let usual =
            seen.iter().map(|(_, seen)| *seen).max_by_key(|one| seen.iter().filter(|(_, seen)| seen == one).count())?;
        let odd = seen.iter().filter(|(_, seen)| *seen != usual).collect::<Vec<_>>();
        let [(next, seen)] = odd.as_slice() else { return None };
        let is_masked = (seen.at_the_end, seen.markers) != (usual.at_the_end, usual.markers);
        self.masked += u64::from(is_masked);
        self.kept_back += u64::from(!is_masked);
        Some(*next)
    }

    /// How far from chance the guesser came, in standard deviations.
    #[must_use]
    pub fn deviations(&self) -> f64 {
        let (rounds, chance) = (self.rounds as f64, 1.0 / self.alphabet as f64);
        (self.found as f64 - rounds * chance) / (rounds * chance * (1.0 - chance)).sqrt().max(f64::MIN_POSITIVE)
    }

    /// Whether that is luck.
    #[must_use]
    pub fn is_chance(&self) -> bool {
        self.deviations() < DEVIATIONS_MAX
    }

    /// How many queries it took.
    #[must_use]
    pub const fn queries(&self) -> u64 {
        self.queries
    }
}

impl fmt::Display for Game {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shape, known, queries, rounds, found, kept_back, masked, alphabet } = self;
        write!(
            f,
            "{:<12} {known} known: {queries} queries, {rounds} secrets, one answer differed by what was kept back {kept_back} \
             times and by what was masked {masked} times; next character found {found} times, by \
             chance {:.1}, {:+.1} deviations",
            shape.as_str(),
            *rounds as f64 / *alphabet as f64,
            self.deviations()
        )
    }
}

/// What a caller sees when an upstream says this in some way.
fn see(secrets: &Arc<FingerprintSet>, guess: &[u8], way: Way) -> Seen {
    let mut masker = Masker::new(Arc::clone(secrets), &Arc::new(Profile::new()), way.content);
    let (start, last) = guess.split_at(guess.len().saturating_sub(1));
    let (mut before_the_end, mut length) = ([0; 4], 0);
    let said = [[way.before.as_bytes(), start].concat(), last.to_vec(), way.after.as_bytes().to_vec()];
    for (number, (said, arrived)) in said.into_iter().zip(&mut before_the_end).enumerate() {
        masker.push(Bytes::from(said), &mut |clean| length += clean.len());
        let is_quiet = match way.pauses {
            Pauses::None => false,
            Pauses::BehindGuess => number == 1,
            Pauses::InsideGuess => number < 2,
        };
        if is_quiet {
            masker.pause(&mut |clean| length += clean.len());
        }
        *arrived = length;
    }
    if way.pauses != Pauses::None {
        masker.pause(&mut |clean| length += clean.len());
    }
    before_the_end[3] = length;
    let report: Report = masker.finish(&mut |clean| length += clean.len());
    Seen { before_the_end, at_the_end: length, markers: report.count() }
}
