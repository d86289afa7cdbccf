//! What is looked at when a text has a shape: its checksum, how random it is, and whether it is an example.

use std::collections::BTreeSet;

/// Parts of texts that stand in for a credential. All are too long to be in a random one by chance.
const PLACEHOLDERS: [&str; 10] = [
    "example",
    "placeholder",
    "redacted",
    "changeme",
    "xxxxxxx",
    "0000000000",
    "1234567890",
    "abcdefghij",
    "your_",
    "masked-secret",
];

/// Something that a vendor puts into its tokens so that they can be told from other texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checksum {
    /// The last six bytes are the CRC-32 of those after the first `_`, in base 62.
    Crc32Base62,
    /// The part before the first dot is a JSON object with `alg` in it (RFC 7515 section 4).
    Jwt,
    /// The last six characters are the checksum of Bech32 (BIP 173).
    Bech32,
}

impl Checksum {
    /// Whether it fits.
    pub(crate) fn fits(self, secret: &[u8]) -> bool {
        match self {
            Self::Crc32Base62 => fits_crc32(secret),
            Self::Jwt => fits_jwt(secret),
            Self::Bech32 => fits_bech32(secret),
        }
    }

    /// Whether what does not fit is no credential. A token with a wrong CRC is still better masked.
    pub(crate) const fn is_needed(self) -> bool {
        match self {
            Self::Crc32Base62 => false,
            Self::Jwt | Self::Bech32 => true,
        }
    }
}

fn fits_crc32(secret: &[u8]) -> bool {
    let Some((random, checksum)) = secret.split_last_chunk::<6>() else { return false };
    let start = random.iter().position(|byte| *byte == b'_').map_or(0, |at| at + 1);
    let mut crc = crc32(random.get(start..).unwrap_or_default());
    let mut expected = [b'0'; 6];
    for digit in expected.iter_mut().rev() {
        *digit = match (crc % 62) as u8 {
            value @ 0..10 => b'0' + value,
            value @ 10..36 => b'A' + value - 10,
            value => b'a' + value - 36,
        };
        crc /= 62;
    }
    expected == *checksum
}

/// CRC-32 as in RFC 1952 section 8. A bit at a time: it is asked for thirty bytes, and seldom.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

fn fits_jwt(secret: &[u8]) -> bool {
    let header = secret.split(|byte| *byte == b'.').next().unwrap_or_default();
    let mut decoded = Vec::with_capacity(header.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in header {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return false,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            decoded.push((bits >> count) as u8);
        }
    }
    decoded.starts_with(b"{") && decoded.windows(5).any(|member| member == b"\"alg\"")
}

fn fits_bech32(secret: &[u8]) -> bool {
    const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let lower = secret.to_ascii_lowercase();
    let Some(separator) = lower.iter().rposition(|byte| *byte == b'1') else { return false };
    let (prefix, data) = lower.split_at(separator);
    let value = |byte: &u8| ALPHABET.iter().position(|of| of == byte).and_then(|at| u32::try_from(at).ok());
    let Some(data) = data.iter().skip(1).map(value).collect::<Option<Vec<_>>>() else { return false };
    let prefix = prefix.iter().map(|byte| u32::from(*byte));
    let values = prefix.clone().map(|byte| byte >> 5).chain([0]).chain(prefix.map(|byte| byte & 31)).chain(data);
    let residue = values.fold(1, |residue: u32, value| {
        let top = residue >> 25;
        let generator = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3].into_iter().enumerate();
        let folded = generator.filter(|(bit, _)| top >> bit & 1 == 1).fold(0, |sum, (_, term)| sum ^ term);
        (residue & 0x01ff_ffff) << 5 ^ value ^ folded
    });
    residue == 1
}

/// Shannon's entropy of the bytes of a text, in bits for each byte.
pub(crate) fn entropy(text: &[u8]) -> f32 {
    let mut counts = [0_u16; 256];
    text.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let length = text.len() as f32;
    -counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f32::from(*count) / length)
        .map(|p| p * p.log2())
        .sum::<f32>()
}

/// Whether there are both letters and digits.
pub(crate) fn is_mixed(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_digit) && text.iter().any(u8::is_ascii_alphabetic)
}

/// Whether a text is one that documentation uses: by what is in it, or because a rule names it.
pub(crate) fn is_example(text: &[u8], examples: &BTreeSet<String>) -> bool {
    let lower = text.to_ascii_lowercase();
    PLACEHOLDERS.iter().any(|part| lower.windows(part.len()).any(|window| window == part.as_bytes()))
        || str::from_utf8(text).is_ok_and(|text| examples.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crc_in_base_62_is_checked() {
        // The example in GitHub's announcement of its token formats.
        let token = [b"ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ".as_slice(), b"0mLq17"].concat();
        assert!(Checksum::Crc32Base62.fits(&token));
        for at in 4..token.len() {
            let mut wrong = token.clone();
            wrong[at] ^= 1;
            assert!(!Checksum::Crc32Base62.fits(&wrong), "{at}");
        }
        assert!(!Checksum::Crc32Base62.fits(b"ghp_"));
    }

    #[test]
    fn a_jwt_has_a_header_with_an_algorithm() {
        assert!(Checksum::Jwt.fits(b"eyJhbGciOiJIUzI1NiJ9.e30.c2ln"));
        assert!(!Checksum::Jwt.fits(b"eyJhIjoiSFMyNTYifQ.e30.c2ln"), "no alg");
        assert!(!Checksum::Jwt.fits(b"W10.e30.c2ln"), "no object");
    }

    #[test]
    fn bech32_is_checked() {
        assert!(Checksum::Bech32.fits(b"A12UEL5L"), "a vector of BIP 173");
        assert!(Checksum::Bech32.fits(b"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"));
        assert!(!Checksum::Bech32.fits(b"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxq"));
        assert!(!Checksum::Bech32.fits(b"x"));
    }

    #[test]
    fn what_is_random_is_told_from_what_is_written() {
        assert!(entropy(b"aaaaaaaa") < 0.1);
        assert!((entropy(b"abcdefgh") - 3.0).abs() < 0.01);
        assert!(is_mixed(b"a1") && !is_mixed(b"ab") && !is_mixed(b"12"));
        let examples = BTreeSet::from(["sk_test_4eC39HqLyjWDarjtT1zdp7dc".to_owned()]);
        assert!(is_example(b"AKIAIOSFODNN7EXAMPLE", &examples));
        assert!(is_example(b"sk_test_4eC39HqLyjWDarjtT1zdp7dc", &examples));
        assert!(!is_example(b"sk_test_4eC39HqLyjWDarjtT1zdp7dd", &examples));
    }
}
