//! What credentials look like: eight shapes, each with a part that everybody knows and one that nobody may learn.

use crate::{encoding::base64url, random::Random};

const LETTERS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const HEX: &[u8] = b"0123456789abcdef";
/// Every character that some writer escapes, beside enough that none does.
const AWKWARD: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789/+\\\"'<>&%=~;,{}[]:@!$*()|^#?";

/// One shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Letters and digits.
    Plain,
    /// A public prefix before letters and digits, as code hosts issue them.
    Prefixed,
    /// Lowercase hexadecimal digits.
    Hexadecimal,
    /// A UUID: digits in groups.
    Grouped,
    /// Base64 with its two special characters and padding.
    Base64,
    /// Characters that JSON, URLs, HTML and mail each escape.
    Awkward,
    /// A signed token: three parts of base64url with dots.
    Token,
    /// As short as a credential may be whose parts are recognized.
    Short,
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Plain,
        Self::Prefixed,
        Self::Hexadecimal,
        Self::Grouped,
        Self::Base64,
        Self::Awkward,
        Self::Token,
        Self::Short,
    ];

    /// Its name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Prefixed => "prefixed",
            Self::Hexadecimal => "hexadecimal",
            Self::Grouped => "grouped",
            Self::Base64 => "base64",
            Self::Awkward => "awkward",
            Self::Token => "token",
            Self::Short => "short",
        }
    }

    /// What each of its secret characters is one of.
    #[must_use]
    pub const fn alphabet(self) -> &'static [u8] {
        match self {
            Self::Plain | Self::Prefixed | Self::Short => LETTERS_AND_DIGITS,
            Self::Hexadecimal | Self::Grouped => HEX,
            Self::Base64 => BASE64,
            Self::Awkward => AWKWARD,
            Self::Token => BASE64URL,
        }
    }

    /// How much one of its secret characters tells, in bits.
    #[must_use]
    pub fn bits_of_character(self) -> f64 {
        (self.alphabet().len() as f64).log2()
    }

    /// A credential of this shape.
    #[must_use]
    pub fn make(self, random: &mut Random) -> Credential {
        let (prefix, rest) = match self {
            Self::Plain => ("", random.text(LETTERS_AND_DIGITS, 32)),
            Self::Prefixed => ("ghp_", random.text(LETTERS_AND_DIGITS, 36)),
            Self::Hexadecimal => ("", random.text(HEX, 40)),
            Self::Grouped => {
                let groups = [8, 4, 4, 4, 12].map(|length| random.text(HEX, length));
                ("", groups.join("-"))
            }
            Self::Base64 => ("", random.text(BASE64, 43) + "="),
            Self::Awkward => ("", random.text(AWKWARD, 40)),
            Self::Token => return Self::token(random),
            Self::Short => ("", random.text(LETTERS_AND_DIGITS, 20)),
        };
        Credential { shape: self, public: prefix.len(), text: format!("{prefix}{rest}") }
    }

    /// A signed token. Its claims can be guessed by whoever knows the issuer, and are worth nothing without the signature.
    fn token(random: &mut Random) -> Credential {
        let subject = random.text(HEX, 8);
        let claims =
            format!(r#"{{"iss":"https://issuer.example","sub":"user-{subject}","iat":1700000000,"exp":1700003600}}"#);
        let parts = [br#"{"alg":"ES256","typ":"JWT"}"#, claims.as_bytes()].map(base64url);
        let claimed = parts.map(|part| String::from_utf8_lossy(&part).into_owned() + ".").concat();
        let text = format!("{claimed}{}", random.text(BASE64URL, 86));
        Credential { shape: Self::Token, public: claimed.len(), text }
    }
}

/// A credential of a run. It is worth nothing outside of it, and may be printed.
#[derive(Debug, Clone)]
pub struct Credential {
    shape: Shape,
    text: String,
    public: usize,
}

impl Credential {
    /// One of each shape.
    #[must_use]
    pub fn one_of_each(seed: u64) -> Vec<Self> {
        let mut random = Random::new(seed ^ 0x6b65_7973);
        Shape::ALL.map(|shape| shape.make(&mut random)).into()
    }

    /// Its shape.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// The whole of it, as it is injected.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What nobody can know of some of its secret bytes, in bits. What stands between the groups of a UUID is known.
    #[must_use]
    pub fn unknown_bits(&self, part: &[u8]) -> f64 {
        let unknown = part.iter().filter(|byte| self.shape.alphabet().contains(byte)).count();
        unknown as f64 * self.shape.bits_of_character()
    }

    /// The part behind the public prefix.
    #[must_use]
    pub fn secret_part(&self) -> &[u8] {
        self.text.as_bytes().get(self.public..).unwrap_or_default()
    }
}
