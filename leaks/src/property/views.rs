//! The decoders of text: escapes, JSON in strings, base64, entities, quoted-printable, percent-encoding, base32, lists, lines, in any order
//! and depth. None panics, and a secret that is seen when a text is looked at as a whole is masked when it streams.

use bytes::Bytes;
use redact::{Class, Content, Masker, Profile, Report, holds_secret, mask_header};

use super::{Control, SECRETS, SEED};
use crate::{
    encoding::{Class as Kind, Encoding},
    random::Random,
    shape::Credential,
};

/// Encodings around encodings in the inputs to begin with.
const LAYERS: usize = 2;

pub(super) fn check(input: &[u8]) {
    let Some((control, text)) = Control::of(input) else { return };
    let mut masker = Masker::new(SECRETS.clone(), &Profile::new().into(), Content::Binary);
    for piece in control.pieces(text) {
        masker.push(Bytes::copy_from_slice(piece), &mut |_| {});
    }
    let streamed = masker.finish(&mut |_| {}).count_of(Class::LiveSecret) > 0;
    assert!(streamed || !holds_secret(&SECRETS, text), "a secret that is there is not seen as it streams");
    let _masked = mask_header(&SECRETS, &Profile::new().into(), "x-text", text, &mut Report::default());
}

/// Secrets in one encoding and in two, one around the other.
pub(super) fn seeds(random: &mut Random) -> Vec<Vec<u8>> {
    let encodings = Encoding::all().filter(|encoding| encoding.class == Kind::A && encoding.coding().is_none());
    let encodings = encodings.collect::<Vec<_>>();
    let credentials = Credential::one_of_each(SEED);
    let mut seeds = Vec::new();
    for layers in 1..=LAYERS {
        for encoding in &encodings {
            let credential = credentials.get(random.below(credentials.len())).map_or("", Credential::text);
            let mut written = encoding.write(credential.as_bytes());
            for _ in 1..layers {
                if let Some(outer) = encodings.get(random.below(encodings.len())) {
                    written = outer.write(&written);
                }
            }
            let text = [b"it is ", written.as_slice(), b" and then"].concat();
            seeds.push(Control::input(0, 0, random, &text));
        }
    }
    seeds
}
