//! Content codings: however a compressed body is cut, it decodes to the same or is refused, and it never expands without bound.

use bytes::Bytes;
use redact::{Decoder, Unscannable};

use super::Control;
use crate::{encoding::Coding, random::Random};

/// What any body may expand to.
const EXPANSION_FREE: usize = 1 << 20;
/// And so many bytes more for each compressed one. The last unit of these is counted whole.
const EXPANSION_MAX: usize = 200;
const UNIT: usize = 512;
/// The longest piece that a decoder gives out.
const PIECE_LENGTH_MAX: usize = 32 << 10;

pub(super) fn check(input: &[u8]) {
    let Some((control, body)) = Control::of(input) else { return };
    let [_, ref codings @ ..] = NAMES;
    let name = codings.get(usize::from(control.kind) % codings.len()).copied().unwrap_or_default();
    let whole = decoded(name, [body].into_iter());
    let in_pieces = decoded(name, control.pieces(body).into_iter());
    assert_eq!(whole.is_ok(), in_pieces.is_ok(), "{name}: {whole:?} whole, {in_pieces:?} in pieces");
    if let (Ok(whole), Ok(in_pieces)) = (whole, in_pieces) {
        assert!(whole == in_pieces, "{name}: a cut changes what is decoded");
        assert!(whole.len() <= EXPANSION_FREE + (body.len() + UNIT) * EXPANSION_MAX, "{name}: {} bytes", whole.len());
    }
    // What was packed comes back.
    let coding = Coding::ALL.get(usize::from(control.options) % Coding::ALL.len());
    if let Some((_, coding)) = coding {
        let packed = coding.encode(body);
        let unpacked = decoded(coding.token(), control.pieces(&packed).into_iter());
        assert_eq!(unpacked.as_deref(), Ok(body), "{}", coding.token());
    }
}

pub(super) fn seeds(random: &mut Random) -> Vec<Vec<u8>> {
    let texts = super::bodies(random);
    let mut seeds = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        if let Some((_, coding)) = Coding::ALL.get(number % Coding::ALL.len()) {
            let kind = NAMES.iter().skip(1).position(|name| *name == coding.token()).unwrap_or_default();
            seeds.push(Control::input(kind as u8, 0, random, &coding.encode(text)));
        }
    }
    seeds
}

const NAMES: [&str; 5] = ["identity", "gzip", "deflate", "br", "zstd"];

fn decoded<'piece>(name: &str, pieces: impl Iterator<Item = &'piece [u8]>) -> Result<Vec<u8>, Unscannable> {
    let mut decoder = Decoder::new(Some(name))?;
    let mut decoded = Vec::new();
    let mut out = |piece: Bytes| {
        assert!(piece.len() <= PIECE_LENGTH_MAX);
        decoded.extend_from_slice(&piece);
    };
    for piece in pieces {
        decoder.push(Bytes::copy_from_slice(piece), &mut out)?;
    }
    decoder.finish(&mut out)?;
    Ok(decoded)
}
