//! How many bits of each byte of a secret nobody can know beforehand.
//!
//! An estimate on the careful side: what vendors publish counts nothing, words and repetitions little, and only what looks random
//! counts as much as its alphabet allows. It decides which secrets can be masked at all, and which windows of them are looked for:
//! a window of known text would mask benign answers, and a window that can be guessed would tell a guesser that the guess was right.

use zeroize::Zeroizing;

use super::public::public_length;

/// Bits are counted in sixteenths, so that sums are exact.
pub(super) const SIXTEENTHS: u32 = 16;
/// What a window must hold at least: nobody tries so many texts, and no benign text holds it by chance.
pub(super) const UNKNOWN_MIN: u32 = 64 * SIXTEENTHS;

/// A letter of a word: six words of a list of eight thousand have about as many bits.
const IN_WORD: u16 = 2 * 16;
/// A sign between letters and digits, which password rules put in predictable places.
const PUNCTUATION: u16 = 4 * 16;
/// What stands between the groups of a UUID, the parts of a token and the words of a name.
const SEPARATORS: &[u8] = b"-._:";
/// A byte of a character outside ASCII.
const FOREIGN: u16 = 3 * 16;
/// The last byte of a group that stood there before.
const REPEATED: u16 = 16;
/// So many bytes seldom repeat in a random text, even in one of digits.
const GROUP: usize = 4;
/// How far back a repetition is looked for, which keeps the estimate linear in the length of a long key.
const REPETITION_DISTANCE: usize = 64;
/// Shorter runs of letters are taken for random: any four letters look like a word too easily.
const WORD_LETTERS_MIN: usize = 5;
/// In a text with a structure (a URL, a JSON document), shorter pieces are names that everybody knows.
const PIECE_LENGTH_MIN: usize = 10;

/// The estimate for each byte, in sixteenths of a bit.
pub(super) fn unknown(text: &str) -> Zeroizing<Vec<u16>> {
    let bytes = text.as_bytes();
    let alphanumeric = alphabet_bits(bytes);
    let mut bits: Zeroizing<Vec<u16>> = Zeroizing::new(
        bytes
            .iter()
            .map(|byte| match byte {
                _ if byte.is_ascii_alphanumeric() => alphanumeric,
                b'\0'..=b' ' | 0x7f => 0,
                _ if SEPARATORS.contains(byte) => 0,
                0x80.. => FOREIGN,
                _ => PUNCTUATION,
            })
            .collect(),
    );
    discount_words(bytes, &mut bits);
    discount_repetitions(bytes, &mut bits);
    discount_uuids(bytes, &mut bits);
    if is_structured(text) {
        discount_structure(text, &mut bits);
    }
    let public = public_length(text);
    bits.iter_mut().take(public).for_each(|bits| *bits = 0);
    discount_frames(text, &mut bits);
    bits
}

/// The logarithm of the number of letters and digits that the text draws from.
fn alphabet_bits(bytes: &[u8]) -> u16 {
    let holds = |class: fn(&u8) -> bool| bytes.iter().any(class);
    let outside_hexadecimal = holds(|byte| byte.is_ascii_alphabetic() && !byte.is_ascii_hexdigit());
    let digits = holds(u8::is_ascii_digit);
    let (lower, upper) = (holds(u8::is_ascii_lowercase), holds(u8::is_ascii_uppercase));
    let letters = match (outside_hexadecimal, lower && upper) {
        (false, _) if digits && (lower || upper) => 6,
        (_, true) => 52,
        (_, false) if lower || upper => 26,
        (_, false) => 0,
    };
    let size = f64::from(letters + if digits { 10 } else { 0 });
    // At most log2(62) × 16.
    (size.max(1.0).log2() * f64::from(SIXTEENTHS)).round() as u16
}

/// Pairs of letters that make up most of written English and of the names in programs.
const COMMON_PAIRS: &str = "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ne ea ra ce li \
    ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr ly nc et ut ss so rs un lo wa ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow \
    pa im mi ai sh ir su id os iv ia am fi ci vi pl ig tu ev ld ry mp fe bl ab gh ty op wo sa ay ex ke fr oo av ag if ap gr od bo sp rd do uc bu ei ov by rm ep tt \
    oc fa ef cu rn sc gi da yo cr cl du ga qu ue ff ba ey ls va um pp ua up lu go ht ru ug ds lt pi rc rr eg au ck ew mu br bi pt ak pu ui rg ib tl ny ki rk ys ob \
    mm fu ph og ms ye ud mb ip ub oi rl gu dr hr cc tw ft wn nu af hu nn eo vo rv nf xp gn sm fl iz ok nl my gl aw ju oa eq sy sl ps jo lf nv je nk kn gs dy hy";

/// Letters that follow each other as in words count little.
fn discount_words(bytes: &[u8], bits: &mut [u16]) {
    let mut start = 0;
    while start < bytes.len() {
        let length = word_length(&bytes[start..]);
        let word = &bytes[start..start + length];
        let common = word.windows(2).filter(|pair| is_common(pair)).count();
        if length >= WORD_LETTERS_MIN && common * 5 >= (length - 1) * 3 {
            bits[start..start + length].iter_mut().for_each(|bits| *bits = (*bits).min(IN_WORD));
        }
        start += length.max(1);
    }
}

/// The length of the run of letters that starts here, up to where a word begins with a capital letter.
fn word_length(bytes: &[u8]) -> usize {
    let letters = bytes.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let capital =
        bytes[..letters].windows(2).position(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    capital.map_or(letters, |before| before + 1)
}

fn is_common(pair: &[u8]) -> bool {
    let [first, second] =
        [0, 1].map(|at| usize::from(pair.get(at).copied().unwrap_or_default() | 0x20).wrapping_sub(usize::from(b'a')));
    PAIRS.get(first).is_some_and(|seconds| second < 26 && seconds >> second & 1 == 1)
}

/// By the first letter: a bit for each second one.
const PAIRS: [u32; 26] = {
    let (bytes, mut pairs, mut at) = (COMMON_PAIRS.as_bytes(), [0; 26], 0);
    while at + 1 < bytes.len() {
        if bytes[at].is_ascii_lowercase() {
            pairs[(bytes[at] - b'a') as usize] |= 1 << (bytes[at + 1] - b'a');
            at += 1;
        }
        at += 1;
    }
    pairs
};

/// What repeats or counts up counts nothing from the third of a row on, and the end of a group that stood there before little.
fn discount_repetitions(bytes: &[u8], bits: &mut [u16]) {
    let step = |at: usize| bytes[at].wrapping_sub(bytes[at - 1]);
    for at in 2..bytes.len() {
        if matches!(step(at), 0 | 1 | 0xff) && step(at) == step(at - 1) {
            bits[at] = 0;
        } else if at >= GROUP {
            let (before, group) = (&bytes[at.saturating_sub(REPETITION_DISTANCE)..at], &bytes[at + 1 - GROUP..=at]);
            if before.windows(GROUP).any(|earlier| earlier == group) {
                bits[at] = bits[at].min(REPEATED);
            }
        }
    }
}

/// The shape of a UUID (RFC 9562 section 4): `-` for itself, `V` for the version, `N` for the variant, `T` and `x` for digits. Those at
/// `T` are the time in version 7.
const UUID: &[u8; 36] = b"TTTTTTTT-TTTT-Vxxx-Nxxx-xxxxxxxxxxxx";

/// The version of a UUID says nothing, its variant two bits, and the time at which it was made can be guessed.
fn discount_uuids(bytes: &[u8], bits: &mut [u16]) {
    let is_of = |(byte, place): (&u8, &u8)| match place {
        b'-' => *byte == b'-',
        b'V' => matches!(byte, b'1'..=b'8'),
        b'N' => matches!(byte, b'8' | b'9' | b'a' | b'b' | b'A' | b'B'),
        _ => byte.is_ascii_hexdigit(),
    };
    for start in 0..(bytes.len() + 1).saturating_sub(UUID.len()) {
        let end = start + UUID.len();
        let (uuid, bits) = (&bytes[start..end], &mut bits[start..end]);
        if !uuid.iter().zip(UUID).all(is_of) {
            continue;
        }
        let is_timed = uuid.iter().zip(UUID).any(|(byte, place)| (*place, *byte) == (b'V', b'7'));
        for (place, bits) in UUID.iter().zip(bits) {
            match place {
                b'V' => *bits = 0,
                b'T' if is_timed => *bits = 0,
                b'N' => *bits = (*bits).min(2 * SIXTEENTHS as u16),
                _ => *bits = (*bits).min(4 * SIXTEENTHS as u16),
            }
        }
    }
}

fn is_structured(text: &str) -> bool {
    text.contains("://") || text.starts_with(['{', '[']) || text.contains(char::is_whitespace)
}

/// In a text with a structure only long pieces are secret: not the scheme, the host, the names of members.
fn discount_structure(text: &str, bits: &mut [u16]) {
    let is_url = text.contains("://");
    let in_piece =
        |byte: u8| byte.is_ascii_alphanumeric() || b"+_-~%".contains(&byte) || !is_url && matches!(byte, b'/' | b'=');
    let mut start = 0;
    for piece in text.as_bytes().split(|byte| !in_piece(*byte)) {
        let end = start + piece.len();
        if piece.len() < PIECE_LENGTH_MIN {
            bits[start..end].iter_mut().for_each(|bits| *bits = 0);
        }
        if let Some(separator) = bits.get_mut(end) {
            *separator = 0;
        }
        start = end + 1;
    }
}

/// The characters of a private key in PEM that say only which kind of key it is.
const PEM_HEADER_LENGTH: usize = 48;

/// What every key or token of a kind begins and ends with: the lines around PEM and the first bytes in it (RFC 7468, RFC 5958), and
/// all of a JSON Web Token (RFC 7519) but its signature, for its claims stand in every token of the same issuer.
fn discount_frames(text: &str, bits: &mut [u16]) {
    let known = if text.contains("eyJ") && text.matches('.').count() >= 2 {
        text.rfind('.').map(|dot| 0..dot + 1)
    } else if let (Some(begin), Some(end)) = (text.find("-----BEGIN "), text.rfind("-----END ")) {
        bits[end..].iter_mut().for_each(|bits| *bits = 0);
        let body = text[begin + 11..].find("-----").map_or(begin, |dashes| begin + 11 + dashes + 5);
        Some(0..(body + PEM_HEADER_LENGTH).min(bits.len()))
    } else {
        None
    };
    if let Some(known) = known {
        bits[known].iter_mut().for_each(|bits| *bits = 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(text: &str) -> u32 {
        unknown(text).iter().map(|bits| u32::from(*bits)).sum::<u32>() / SIXTEENTHS
    }

    #[test]
    fn what_people_think_of_is_below_the_limit() {
        for text in [
            "hunter22",
            "correct-horse1",
            "correct-horse-battery-staple",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "abcdefghijklmnopqrstuvwxyz",
            "0123456789012345678901234567890",
            "another-secret-0001",
            "Password1234567890!",
            "https://internal.example.com/services/accounts/v1",
            "sk-ant-api03-",
            "q7Rk-2mXb-9W",
            "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\n-----END PRIVATE KEY-----\n",
        ] {
            assert!(bits(text) < 64, "{text}: {}", bits(text));
        }
    }

    #[test]
    fn what_a_generator_makes_is_above_it() {
        for text in [
            "q7Rk2mXb9Wz4",
            "Zr9kQ2vB7xLm4Tn8",
            "f3a9c1d27b604e85",
            "550e8400-e29b-41d4-a716-446655440000",
            "xkqjvhzpwmbdlqrtnycf",
            "73950284610936285471",
            "ghp_Zr9kQ2vB7xLm4Tn8pWc1YhDq3Fs6Gj0Kl5Mb",
            "https://hooks.example.com/services/T00000000/B00000000/Zr9kQ2vB7xLm4Tn8pWc1YhDq",
            "postgres://app:Zr9kQ2vB7xLm4Tn8@db.example.com:5432/orders",
        ] {
            assert!(bits(text) >= 64, "{text}: {}", bits(text));
        }
    }

    #[test]
    fn a_uuid_counts_as_much_as_its_random_digits() {
        // Nothing repeats here.
        assert_eq!(bits("7c9e6679-f425-40de-944b-e37fc1a90ae7"), 122);
        assert_eq!(bits("key-7c9e6679-f425-40de-944b-e37fc1a90ae7"), 122 + 3 * 5);
        assert_eq!(bits("0192f0c3-7e21-7d3a-b5c9-6f84e1d70a2b"), 74);
    }

    #[test]
    fn only_the_secret_part_counts() {
        let known = |text: &str, part: &str| {
            let start = text.find(part).unwrap();
            unknown(text)[start..start + part.len()].iter().all(|bits| *bits == 0)
        };
        assert!(known("ghp_Zr9kQ2vB7xLm4Tn8", "ghp_"));
        assert!(known("Bearer sk-ant-Zr9kQ2vB7xLm4Tn8", "Bearer sk-ant-"));
        assert!(known("postgres://app:Zr9kQ2vB7xLm4Tn8@db.example.com/orders", "@db.example.com/orders"));
        assert!(known(
            "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2EifQ.Zr9kQ2vB7xLm4Tn8",
            "eyJpc3MiOiJodHRwczovL2EifQ."
        ));
    }
}
