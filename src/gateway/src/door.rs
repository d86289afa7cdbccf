//! The door: requests that a browser was tricked into sending do not come in (DNS rebinding, foreign origins).

use http::{HeaderMap, Uri, header, uri::Authority};

use crate::denial::Denial;

/// Which hosts are ours, and which origins may call from a browser.
#[derive(Debug, Clone)]
pub struct Door {
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Door {
    /// A door for requests to `hosts` (as `Host` has them, lowercase) from browsers at `origins`.
    #[must_use]
    pub const fn new(hosts: Vec<String>, origins: Vec<String>) -> Self {
        Self { hosts, origins }
    }

    /// Admits a request by its head.
    ///
    /// # Errors
    /// [`Denial::ForeignHost`] or [`Denial::ForeignOrigin`].
    pub fn admit(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Denial> {
        let mut named = headers.get_all(header::HOST).iter();
        let host = match (named.next(), uri.authority().map(Authority::as_str)) {
            (Some(host), None) => host.to_str().unwrap_or_default(),
            (None, Some(authority)) => authority,
            (Some(host), Some(authority)) if host.as_bytes() == authority.as_bytes() => authority,
            _ => return Err(Denial::ForeignHost),
        };
        if named.next().is_some() || !self.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host)) {
            return Err(Denial::ForeignHost);
        }
        // Only browsers send an origin, and they always do across sites.
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Ok(()),
            (Some(origin), None) if self.origins.iter().any(|ours| ours.as_bytes() == origin.as_bytes()) => Ok(()),
            _ => Err(Denial::ForeignOrigin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(host: &[&str], origin: &[&str], uri: &str) -> Result<(), Denial> {
        let mut headers = HeaderMap::new();
        for (name, values) in [(header::HOST, host), (header::ORIGIN, origin)] {
            for value in values {
                headers.append(&name, value.parse().unwrap());
            }
        }
        let door = Door::new(vec!["gw.example".to_owned()], vec!["https://app.example".to_owned()]);
        door.admit(&headers, &uri.parse().unwrap())
    }

    #[test]
    fn only_our_host_is_served() {
        assert!(admit(&["GW.example"], &[], "/mcp/x").is_ok());
        assert!(admit(&[], &[], "http://gw.example/mcp/x").is_ok());
        for host in [&["evil.example"][..], &[], &["gw.example:81"], &["gw.example", "gw.example"]] {
            assert!(matches!(admit(host, &[], "/mcp/x"), Err(Denial::ForeignHost)), "{host:?}");
        }
        assert!(matches!(admit(&["gw.example"], &[], "http://evil.example/"), Err(Denial::ForeignHost)));
    }

    #[test]
    fn an_origin_is_compared_exactly() {
        assert!(admit(&["gw.example"], &["https://app.example"], "/").is_ok());
        for origin in [
            &["null"][..],
            &["https://app.example.evil.example"],
            &["http://app.example"],
            &["https://app.example", "https://app.example"],
        ] {
            assert!(matches!(admit(&["gw.example"], origin, "/"), Err(Denial::ForeignOrigin)), "{origin:?}");
        }
    }
}
