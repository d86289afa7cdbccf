//! Finds, before a `:` or `=`, the name of the field whose value follows.

use crate::names::{is_secret_name, may_end_secret_name};

/// How far back a name is looked for: longer than any name of a secret with its quotes and blanks.
pub(crate) const LOOK_BACK: usize = 64;

/// A quotation mark as it is written at some depth of JSON in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quote {
    Single,
    /// `"`, `\"` and `\\\"`: depths 0, 1 and 2.
    Double {
        depth: u8,
    },
}

impl Quote {
    /// The double quote that is written with so many backslashes.
    pub(crate) const fn double(slashes: u8) -> Option<Self> {
        match slashes {
            0 => Some(Self::Double { depth: 0 }),
            1 => Some(Self::Double { depth: 1 }),
            3 => Some(Self::Double { depth: 2 }),
            _ => None,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Single => "'",
            Self::Double { depth: 0 } => "\"",
            Self::Double { depth: 1 } => "\\\"",
            Self::Double { .. } => "\\\\\\\"",
        }
    }
}

/// How a field is written, from which follows where its value ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `"name": value`
    Quoted(Quote),
    /// `name: value` or `name=value`
    Bare(Separator),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Separator {
    Colon,
    Equals,
    /// `name = value`, as in configuration files and in source code.
    SpacedEquals,
}

/// The form of the field with a secret name that ends right before `separator`, if there is one.
pub(crate) fn secret_field(text: &[u8], separator: u8) -> Option<Form> {
    let trimmed = text.trim_ascii_end();
    let is_spaced = trimmed.len() < text.len();
    match trimmed.split_last()? {
        (b'"', name) => {
            let name_end = name.len() - name.iter().rev().take_while(|byte| **byte == b'\\').count();
            let quote = Quote::double(u8::try_from(name.len() - name_end).ok()?)?;
            let (before, name) = split_secret_name(name.get(..name_end)?)?;
            let opening = before.strip_suffix(quote.as_str().as_bytes());
            let opens = opening.is_some_and(|before| !before.ends_with(b"\\"));
            (opens && is_secret_name(name)).then_some(Form::Quoted(quote))
        }
        (b'\'', name) => {
            let (before, name) = split_secret_name(name)?;
            (before.ends_with(b"'") && is_secret_name(name)).then_some(Form::Quoted(Quote::Single))
        }
        (last, rest) => {
            // The last part of a form field such as `user[password]=`.
            let (before, name) = split_secret_name(if *last == b']' { rest } else { trimmed })?;
            if text.ends_with(b"\n") || !is_bare_name(before, name) {
                return None;
            }
            match separator {
                // Part of a name with colons, such as `arn:…:secret:name`.
                b':' if before.ends_with(b":") => None,
                b':' => Some(Form::Bare(Separator::Colon)),
                _ if is_spaced => Some(Form::Bare(Separator::SpacedEquals)),
                _ => Some(Form::Bare(Separator::Equals)),
            }
        }
    }
}

/// After `\n` in a JSON string the `n` looks like a part of the name.
fn is_bare_name(before: &[u8], name: &[u8]) -> bool {
    is_secret_name(name)
        || before.ends_with(b"\\")
            && name.split_first().is_some_and(|(first, rest)| b"nrt".contains(first) && is_secret_name(rest))
}

/// Splits before the name at the end of a text; `None` where it is none of a secret, which is nearly always.
fn split_secret_name(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if !may_end_secret_name(text) {
        return None;
    }
    let length = text.iter().rev().take_while(|byte| is_of_name(**byte)).count();
    Some(text.split_at(text.len() - length))
}

/// Whether names are made of such bytes.
pub(crate) const fn is_of_name(byte: u8) -> bool {
    NAME[byte as usize]
}

/// The bytes of which names are made.
const NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'_' | b'-' | b'.');
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_field_is_told_by_what_stands_before_the_separator() {
        for (text, separator, form) in [
            ("{\"token\"", b':', Some(Form::Quoted(Quote::Double { depth: 0 }))),
            ("{\\\"token\\\" ", b':', Some(Form::Quoted(Quote::Double { depth: 1 }))),
            ("{\\\\\\\"token\\\\\\\"", b':', Some(Form::Quoted(Quote::Double { depth: 2 }))),
            ("{'token'", b':', Some(Form::Quoted(Quote::Single))),
            ("a\ntoken", b':', Some(Form::Bare(Separator::Colon))),
            ("a\\ntoken", b':', Some(Form::Bare(Separator::Colon))),
            ("?token", b'=', Some(Form::Bare(Separator::Equals))),
            ("user[password]", b'=', Some(Form::Bare(Separator::Equals))),
            ("token ", b'=', Some(Form::Bare(Separator::SpacedEquals))),
            ("token", b':', Some(Form::Bare(Separator::Colon))),
            ("\"my token\"", b':', None),
            ("token\"", b':', None),
            ("\\\"token\"", b':', None),
            ("arn:aws:secretsmanager:x:1:secret", b':', None),
            ("token!", b'=', None),
            ("token\n", b'=', None),
            ("", b':', None),
        ] {
            assert_eq!(secret_field(text.as_bytes(), separator), form, "{text}");
        }
    }
}
