//! Encodings that should be stopped (class B) and some that nothing stops that looks at text (class C).

use flate2::{Compression, write::DeflateEncoder};
use std::io::Write as _;

use super::{Coding, Row, bases::base64, characters::rotated};

pub(super) const CLASS_B: &[Row] = &[
    ("utf7", utf7),
    ("punycode", |secret| [b"xn--".as_slice(), secret, b"-"].concat()),
    ("base45", base45),
    ("base91", base91),
    ("octal", |secret| secret.iter().map(|byte| format!("\\{byte:03o}")).collect::<String>().into_bytes()),
    ("binary_digits", |secret| secret.iter().map(|byte| format!("{byte:08b} ")).collect::<String>().into_bytes()),
    ("xor_ff", |secret| secret.iter().map(|byte| byte ^ 0xff).collect()),
    ("caesar_3", |secret| secret.iter().map(|byte| rotated(*byte, 3)).collect()),
    ("letters_between", |secret| secret.iter().flat_map(|byte| [*byte, b'o']).collect()),
    ("png_text", png_text),
    ("pdf_stream", |secret| [b"stream\r\n".as_slice(), &Coding::Deflate.encode(secret), b"\r\nendstream"].concat()),
    ("zip_entry", zip_entry),
    ("gzip_file", |secret| Coding::Gzip.encode(secret)),
    ("base64_three_times", |secret| base64(&base64(&base64(secret)))),
    ("fragments_of_12", |secret| secret.chunks(12).collect::<Vec<_>>().join(b" and then ".as_slice())),
];

pub(super) const CLASS_C: &[Row] = &[
    ("keystream", keystream),
    ("words", |secret| {
        secret.iter().flat_map(|byte| format!("word{} ", u32::from(*byte) * 7919).into_bytes()).collect()
    }),
];

/// RFC 2152, with every character shifted.
fn utf7(secret: &[u8]) -> Vec<u8> {
    let wide = secret.iter().flat_map(|byte| [0, *byte]).collect::<Vec<_>>();
    let digits = base64(&wide).into_iter().filter(|byte| *byte != b'=').collect::<Vec<_>>();
    [b"+".as_slice(), &digits, b"-"].concat()
}

/// RFC 9285.
fn base45(secret: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    let mut out = Vec::new();
    for pair in secret.chunks(2) {
        let mut number = pair.iter().fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
        for _ in 0..=pair.len() {
            out.extend(ALPHABET.get(number % 45));
            number /= 45;
        }
    }
    out
}

fn base91(secret: &[u8]) -> Vec<u8> {
    let alphabet = (0x21..0x7f_u8).filter(|byte| !b"-\\'".contains(byte)).collect::<Vec<_>>();
    let (mut out, mut held, mut count) = (Vec::new(), 0_u32, 0);
    for byte in secret {
        held |= u32::from(*byte) << count;
        count += 8;
        if count > 13 {
            let (mut value, mut used) = (held & 8191, 13);
            if value <= 88 {
                (value, used) = (held & 16383, 14);
            }
            held >>= used;
            count -= used;
            out.extend([value % 91, value / 91].iter().filter_map(|digit| alphabet.get(*digit as usize)));
        }
    }
    out.extend([held % 91, held / 91].iter().filter_map(|digit| alphabet.get(*digit as usize)));
    out
}

fn png_text(secret: &[u8]) -> Vec<u8> {
    let text = [b"Comment\0".as_slice(), secret].concat();
    let length = u32::try_from(text.len()).unwrap_or_default().to_be_bytes();
    [b"\x89PNG\r\n\x1a\n".as_slice(), &length, b"tEXt", &text, &[0; 4]].concat()
}

/// An entry of an archive, as an office document is made of.
fn zip_entry(secret: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    let deflated = encoder.write_all(secret).and_then(|()| encoder.finish()).unwrap_or_default();
    let head = [b"PK\x03\x04\x14\0\0\0\x08\0".as_slice(), &[1; 16], &[5, 0, 0, 0], b"a.xml"].concat();
    [head, deflated].concat()
}

/// What encryption gives: nothing that can be told from noise.
fn keystream(secret: &[u8]) -> Vec<u8> {
    let mut random = crate::random::Random::new(0x1357_9bdf);
    let noise = secret.iter().map(|byte| byte ^ random.next().to_le_bytes()[3]).collect::<Vec<_>>();
    base64(&noise)
}
