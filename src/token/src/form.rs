//! Request bodies of the token endpoints: `application/x-www-form-urlencoded`, read strictly (RFC 6749, appendix B).

use std::fmt;

use zeroize::Zeroizing;

/// The longest body: two tokens of the greatest length, percent-encoded, and room for the rest.
const FORM_LENGTH_MAX: usize = 64 * 1024;
/// The most parameters of one request; an exchange for twenty resources has about thirty.
const PARAMETERS_MAX: usize = 64;

/// Why a request body is not read. The text is for the caller and holds nothing of the body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormRefused {
    /// Longer than any honest request.
    #[error("the request body is too long")]
    TooLong,
    /// More parameters than any honest request has.
    #[error("the request has too many parameters")]
    TooManyParameters,
    /// A `%` without two hexadecimal digits, a byte that must be encoded, or text that is not UTF-8.
    #[error("the request body is not valid application/x-www-form-urlencoded")]
    Encoding,
    /// A parameter that may stand once stands twice.
    #[error("a parameter is included more than once")]
    Repeated,
    /// A parameter that must be there is not.
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
}

/// The parameters of one request. Values may be tokens, so they are wiped on drop and never printed.
pub(crate) struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    /// Reads a body. Only the parameters in `repeatable` may stand more than once (RFC 6749, section 3.2).
    pub(crate) fn parse(body: &[u8], repeatable: &[&str]) -> Result<Self, FormRefused> {
        if body.len() > FORM_LENGTH_MAX {
            return Err(FormRefused::TooLong);
        }
        let mut parameters: Vec<(String, Zeroizing<String>)> = Vec::new();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            if parameters.len() == PARAMETERS_MAX {
                return Err(FormRefused::TooManyParameters);
            }
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let name = decode(parts.next().unwrap_or_default())?.to_string();
            let value = decode(parts.next().unwrap_or_default())?;
            if !repeatable.contains(&name.as_str()) && parameters.iter().any(|(known, _)| *known == name) {
                return Err(FormRefused::Repeated);
            }
            parameters.push((name, value));
        }
        Ok(Self(parameters))
    }

    /// Every value of a parameter. One without a value counts as left out (RFC 6749, section 3.2).
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that stands once.
    pub(crate) fn one<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// The value of a parameter that must be there.
    pub(crate) fn required(&self, name: &'static str) -> Result<&str, FormRefused> {
        self.one(name).ok_or(FormRefused::Missing(name))
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

fn decode(text: &[u8]) -> Result<Zeroizing<String>, FormRefused> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(rest.next())? << 4 | hex(rest.next())?,
            b'!'..=b'~' => *byte,
            _ => return Err(FormRefused::Encoding),
        });
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| FormRefused::Encoding)?;
    // No parameter of these requests holds a control character; in a log or a header one would be an attack.
    if text.chars().any(char::is_control) {
        return Err(FormRefused::Encoding);
    }
    Ok(Zeroizing::new(text.to_owned()))
}

fn hex(digit: Option<&u8>) -> Result<u8, FormRefused> {
    let digit = digit.and_then(|byte| char::from(*byte).to_digit(16)).ok_or(FormRefused::Encoding)?;
    u8::try_from(digit).map_err(|_| FormRefused::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<Form, FormRefused> {
        Form::parse(body.as_bytes(), &["resource"])
    }

    #[test]
    fn parameters_are_decoded_once() {
        let form = parse("a=1+2%2B%2525&&empty=&resource=x&resource=y&%62=%C3%A9&flag").unwrap();
        assert_eq!((form.one("a"), form.one("b")), (Some("1 2+%25"), Some("é")));
        assert_eq!((form.one("empty"), form.one("flag"), form.one("none")), (None, None, None));
        assert_eq!(form.all("resource").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(form.required("scope"), Err(FormRefused::Missing("scope")));
        assert_eq!(format!("{:?}", parse("token=canary").unwrap()), r#"["token"]"#);
    }

    #[test]
    fn what_two_servers_could_read_differently_is_refused() {
        for (body, why) in [
            ("a=%", FormRefused::Encoding),
            ("a=%4", FormRefused::Encoding),
            ("a=%zz", FormRefused::Encoding),
            ("a=%+1", FormRefused::Encoding),
            ("a=%ff", FormRefused::Encoding),
            ("a=%00", FormRefused::Encoding),
            ("a=%0d%0a", FormRefused::Encoding),
            ("a=é", FormRefused::Encoding),
            ("a=b c", FormRefused::Encoding),
            ("\u{feff}a=b", FormRefused::Encoding),
            ("a=1&a=2", FormRefused::Repeated),
            ("a=1&a=1", FormRefused::Repeated),
            ("a=1&a=", FormRefused::Repeated),
            ("a=1&%61=2", FormRefused::Repeated),
        ] {
            assert_eq!(parse(body).unwrap_err(), why, "{body:?}");
        }
        assert_eq!(parse(&"resource=x&".repeat(65)).unwrap_err(), FormRefused::TooManyParameters);
        assert_eq!(parse(&"a".repeat(FORM_LENGTH_MAX + 1)).unwrap_err(), FormRefused::TooLong);
    }
}
