//! What a browser brings back from an authorization server, in the query of the page that it was sent to.

use secret::Secret;
use url::form_urlencoded;

/// The parameters of an authorization response (RFC 6749, sections 4.1.2 and 4.1.2.1; RFC 9207, section 2).
#[derive(Debug)]
pub struct Redirected {
    /// What the browser was sent away with.
    pub state: String,
    pub(crate) code: Option<Secret>,
    pub(crate) error: Option<String>,
    pub(crate) issuer: Option<String>,
}

/// Codes that are tokens in themselves are the longest part; no listener takes a head that is much longer.
const QUERY_LENGTH_MAX: usize = 16 * 1024;

/// A response has four parameters, and a few of the server's own beside them.
const PARAMETER_COUNT_MAX: usize = 32;

impl Redirected {
    /// Reads a query. `None` where it is no such response, or says a thing twice.
    #[must_use]
    pub fn parse(query: &str) -> Option<Self> {
        if query.len() > QUERY_LENGTH_MAX {
            return None;
        }
        let (mut state, mut code, mut error, mut issuer) = (None, None, None, None);
        for (count, (name, value)) in form_urlencoded::parse(query.as_bytes()).enumerate() {
            let place = match &*name {
                "state" => &mut state,
                "code" => &mut code,
                "error" => &mut error,
                "iss" => &mut issuer,
                _ => continue,
            };
            if count >= PARAMETER_COUNT_MAX || place.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        if code.is_some() && error.is_some() {
            return None;
        }
        let code = code.filter(|code| !code.is_empty()).map(|code| Secret::new(code.into()));
        Some(Self { state: state?, code, error, issuer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_read_by_its_parameters() {
        let read = Redirected::parse("code=a%2Bb&state=s&iss=https%3A%2F%2Fa.example&session_state=x").unwrap();
        assert_eq!((read.state.as_str(), read.code.unwrap().expose()), ("s", "a+b"));
        assert_eq!((read.issuer.as_deref(), read.error), (Some("https://a.example"), None));
        let read = Redirected::parse("error=access_denied&state=s").unwrap();
        assert_eq!((read.error.as_deref(), read.code.is_none(), read.issuer), (Some("access_denied"), true, None));
        assert!(Redirected::parse("code=&state=s").unwrap().code.is_none());
    }

    #[test]
    fn what_is_ambiguous_is_no_response() {
        let many = format!("{}state=s&code=c", "x=1&".repeat(PARAMETER_COUNT_MAX));
        let long = format!("state=s&code={}", "c".repeat(QUERY_LENGTH_MAX));
        for query in [
            "",
            "code=c",
            "state=s&state=s&code=c",
            "state=s&code=c&code=d",
            "state=s&code=c&iss=a&iss=b",
            "state=s&code=c&error=access_denied",
            &many,
            &long,
        ] {
            assert!(Redirected::parse(query).is_none(), "{}", query.len());
        }
    }
}
