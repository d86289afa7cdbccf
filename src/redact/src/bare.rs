//! Tells an unquoted value from prose and from source code, by its first word and what follows it.

use crate::{keys::Separator, names::is_secret_name};

/// How long a word of letters is kept back until it is judged. Longer ones are masked.
pub(crate) const WORD_LENGTH_MAX: usize = 24;

/// Words that say what a value is instead of being one.
const NOT_VALUES: [&str; 28] = [
    "null",
    "none",
    "nil",
    "true",
    "false",
    "undefined",
    "str",
    "string",
    "bytes",
    "text",
    "char",
    "int",
    "integer",
    "number",
    "float",
    "bool",
    "boolean",
    "any",
    "unknown",
    "object",
    "required",
    "optional",
    "never",
    "void",
    "self",
    "this",
    "your",
    "the",
];

/// Schemes of the `Authorization` field (RFC 9110 section 11.6.2); what follows them is the secret.
const SCHEMES: [&str; 7] = ["bearer", "basic", "digest", "token", "apikey", "negotiate", "dpop"];

/// What is done with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Keep,
    MaskWord,
    MaskLine,
}

/// Whether a value may start so at all. Other starts are references, calls, types, placeholders and text that is masked already.
pub(crate) const fn may_start(byte: u8) -> bool {
    !matches!(
        byte,
        0..=b' '
            | b'('
            | b')'
            | b'<'
            | b'>'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b'='
            | b':'
            | b','
            | b';'
            | b'|'
            | b'&'
            | b'*'
            | b'$'
            | b'`'
    )
}

/// Whether a byte belongs to a word that could also be prose or source code.
pub(crate) const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// Whether two bytes belong to one word: of letters, or of digits.
pub(crate) const fn are_alike(one: u8, other: u8) -> bool {
    is_letter(one) && is_letter(other) || one.is_ascii_digit() && other.is_ascii_digit()
}

/// Whether the byte after these decides, and not they themselves.
pub(crate) const fn needs_next(byte: u8) -> bool {
    matches!(byte, b' ' | b'.')
}

/// Judges a value that starts with a word of letters or a number. `after` is what follows: one byte, or two where [`needs_next`] says so,
/// or less at the end of the text.
pub(crate) fn judge(separator: Separator, word: &[u8], after: &[u8]) -> Verdict {
    let is = |words: &[&str]| words.iter().any(|other| word.eq_ignore_ascii_case(other.as_bytes()));
    let mask_unless_described = if is(&NOT_VALUES) { Verdict::Keep } else { Verdict::MaskWord };
    match (after, separator) {
        // An expression in source code.
        ([b' ', b'{' | b'}' | b')' | b'=' | b'|' | b'+' | b'?' | b'%'], Separator::Colon | Separator::SpacedEquals) => {
            Verdict::Keep
        }
        // One variable is given the value of another.
        (_, Separator::SpacedEquals) if is_secret_name(word) => Verdict::Keep,
        ([b' ', b'<' | b'$' | b'{' | b'\r' | b'\n', ..], _) if is(&SCHEMES) => Verdict::Keep,
        ([b' ', ..], _) if is(&SCHEMES) => Verdict::MaskLine,
        // A second word: a sentence.
        ([b' ', next], Separator::Colon) if is_letter(*next) || next.is_ascii_digit() => Verdict::Keep,
        ([b'.', next], _) if is_letter(*next) => Verdict::Keep,
        ([b'(' | b'[' | b'{' | b':' | b'=' | b'!' | b'?', ..], _) => Verdict::Keep,
        // A type with parameters, or markup after the value.
        ([b'<', ..], _) if word.first().is_some_and(u8::is_ascii_uppercase) => Verdict::Keep,
        ([b',' | b')' | b'}' | b']' | b'|' | b'>', ..], _) => Verdict::Keep,
        ([b';', ..], Separator::Colon | Separator::SpacedEquals) => Verdict::Keep,
        _ => mask_unless_described,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_judged_by_what_follows_it() {
        for (separator, word, after, verdict) in [
            (Separator::Colon, "swordfish", "", Verdict::MaskWord),
            (Separator::Colon, "swordfish", "\n", Verdict::MaskWord),
            (Separator::Colon, "hunter", "2", Verdict::MaskWord),
            (Separator::Colon, "swordfish", ". ", Verdict::MaskWord),
            (Separator::Colon, "Bearer", " e", Verdict::MaskLine),
            (Separator::Colon, "Bearer", " <", Verdict::Keep),
            (Separator::Colon, "the", " p", Verdict::Keep),
            (Separator::Colon, "String", ",", Verdict::Keep),
            (Separator::Colon, "15", " b", Verdict::Keep),
            (Separator::Colon, "OAuth", " 2", Verdict::Keep),
            (Separator::Colon, "15", "\n", Verdict::MaskWord),
            (Separator::Colon, "15", "b", Verdict::MaskWord),
            (Separator::Colon, "token", " }", Verdict::Keep),
            (Separator::Colon, "Option", "<", Verdict::Keep),
            (Separator::Colon, "swordfish", "<", Verdict::MaskWord),
            (Separator::Colon, "null", "\n", Verdict::Keep),
            (Separator::Equals, "swordfish", "&", Verdict::MaskWord),
            (Separator::Equals, "swordfish", ";", Verdict::MaskWord),
            (Separator::Equals, "token", ")", Verdict::Keep),
            (Separator::SpacedEquals, "lexer", ".n", Verdict::Keep),
            (Separator::SpacedEquals, "next", "(", Verdict::Keep),
            (Separator::SpacedEquals, "swordfish", "\n", Verdict::MaskWord),
            (Separator::SpacedEquals, "swordfish", " +", Verdict::Keep),
            (Separator::SpacedEquals, "password", "\n", Verdict::Keep),
            (Separator::SpacedEquals, "session_token", "", Verdict::Keep),
            (Separator::Equals, "password", "\n", Verdict::MaskWord),
        ] {
            assert_eq!(judge(separator, word.as_bytes(), after.as_bytes()), verdict, "{separator:?} {word}{after}");
        }
    }
}
