//! What it costs to scan guesses: many of them in one text, each with some characters of a secret, fewer than are masked, or with none. An
//! instruction counter tells whether the two differ, which the time of an answer would then tell too.

use std::sync::Arc;

use bytes::Bytes;
use redact::{Class, Content, Masker, Profile};
use secret::FingerprintSet;

use crate::{encoding::Encoding, in_process::fingerprints, random::Random, shape::Shape};

/// Secrets, each under a key of its own, so that chance hits of the filter even out.
const SECRETS: usize = 100;
/// How often a guess is said in one text.
const COPIES: usize = 64;
/// How long a guess is: one character short of what is masked.
const LENGTH: usize = 15;

/// Texts to be scanned, each for a secret of its own.
#[derive(Debug)]
pub struct Whispers(Vec<(Arc<FingerprintSet>, Bytes)>);

impl Whispers {
    /// Guesses at secrets of letters and digits, of which the first so many characters are right, written in an encoding. All that is
    /// random is the same however many are right.
    #[must_use]
    pub fn new(seed: u64, right: usize, encoding: &Encoding, separator: &str) -> Self {
        let mut random = Random::new(seed);
        let texts = (0..SECRETS).map(|_| {
            let [credential, other] = [(); 2].map(|()| Shape::Plain.make(&mut random));
            let start = random.below(credential.secret_part().len() - LENGTH);
            let of_secret = credential.secret_part().iter().skip(start).take(right.min(LENGTH));
            let guess =
                of_secret.chain(other.secret_part().iter().skip(right)).take(LENGTH).copied().collect::<Vec<_>>();
            let copies = vec![encoding.write(&guess); COPIES].join(separator.as_bytes());
            (fingerprints([credential.text()].into_iter()), Bytes::from(copies))
        });
        Self(texts.collect())
    }

    /// How many guesses there are in all.
    #[must_use]
    pub const fn guesses(&self) -> usize {
        self.0.len() * COPIES
    }

    /// Scans them, and says how many were masked: none, or it is no whisper.
    #[inline(never)]
    #[must_use]
    pub fn scan(&self) -> u64 {
        let profile = Arc::new(Profile::new());
        let masked = self.0.iter().map(|(secrets, text)| {
            let mut masker = Masker::new(Arc::clone(secrets), &profile, Content::Binary);
            masker.push(text.clone(), &mut |_| {});
            masker.finish(&mut |_| {}).count_of(Class::LiveSecret)
        });
        masked.sum()
    }
}
