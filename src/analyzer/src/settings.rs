//! Which service is asked, for what, and what it means that it does not answer.

use std::time::Duration;

use dial::{Reach, TrustAnchors};
use model::AddressClass;
use url::Url;

/// How a service is asked.
#[derive(Debug, Clone)]
pub struct AnalyzerSettings {
    /// Where the service is; `analyze` is asked below it. With `https`, or on this machine.
    pub url: Url,
    /// Which addresses its name may resolve to.
    pub class: AddressClass,
    /// Who vouches for it in place of the dialer's own roots.
    pub anchors: Option<TrustAnchors>,
    /// The language of the texts, as in ISO 639-1.
    pub language: String,
    /// The kinds that are asked for, by the service's names; none for all.
    pub entities: Vec<String>,
    /// How sure a finding must be, from 0 to 100.
    pub score_threshold: u8,
    /// How long one analysis may take, with waiting for its turn.
    pub deadline: Duration,
    /// How many requests may be under way at once.
    pub concurrency_max: usize,
    /// What it means that there is no answer.
    pub when_down: WhenDown,
}

/// What is done with texts that could not be analyzed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenDown {
    /// They are refused.
    #[default]
    Deny,
    /// They pass as they are, and it is said that nobody looked.
    Pass,
}

/// Why settings are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAnalyzerSettings {
    /// What is sent is readable on the way, or there is no way.
    #[error("the analyzer must have an https URL, or an http one on this machine")]
    Url,
    /// No request would ever be sent, or none would ever wait.
    #[error("the analyzer must be allowed 1 to 256 requests at once")]
    Concurrency,
    /// Who waits for an answer waits for this as well.
    #[error("the deadline of the analyzer must be between 1 ms and 60 s")]
    Deadline,
}

impl AnalyzerSettings {
    /// English, every kind, a threshold of 50, two seconds, eight requests at once, refusing when there is no answer.
    #[must_use]
    pub fn new(url: Url, class: AddressClass) -> Self {
        Self {
            url,
            class,
            anchors: None,
            language: "en".to_owned(),
            entities: Vec::new(),
            score_threshold: 50,
            deadline: Duration::from_secs(2),
            concurrency_max: 8,
            when_down: WhenDown::Deny,
        }
    }

    pub(crate) fn judge(&self) -> Result<(), InvalidAnalyzerSettings> {
        let is_safe = match self.url.scheme() {
            "https" => true,
            "http" => self.class == AddressClass::Loopback,
            _ => false,
        };
        if !is_safe || self.url.cannot_be_a_base() || !self.url.username().is_empty() || self.url.password().is_some() {
            return Err(InvalidAnalyzerSettings::Url);
        }
        if !(1..=256).contains(&self.concurrency_max) {
            return Err(InvalidAnalyzerSettings::Concurrency);
        }
        if !(Duration::from_millis(1)..=Duration::from_secs(60)).contains(&self.deadline) {
            return Err(InvalidAnalyzerSettings::Deadline);
        }
        Ok(())
    }

    /// Where texts are sent.
    pub(crate) fn endpoint(&self) -> Url {
        let mut endpoint = self.url.clone();
        let path = format!("{}/analyze", self.url.path().trim_end_matches('/'));
        endpoint.set_path(&path);
        endpoint.set_query(None);
        endpoint.set_fragment(None);
        endpoint
    }

    pub(crate) fn reach(&self) -> Reach {
        Reach { class: self.class, anchors: self.anchors.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str, class: AddressClass) -> AnalyzerSettings {
        AnalyzerSettings::new(url.parse().unwrap(), class)
    }

    #[test]
    fn the_interface_is_below_the_url() {
        for url in ["https://presidio.test", "https://presidio.test/?x=1"] {
            assert_eq!(settings(url, AddressClass::Public).endpoint().as_str(), "https://presidio.test/analyze");
        }
        let below = settings("https://gateway.test/pii/", AddressClass::Public).endpoint();
        assert_eq!(below.as_str(), "https://gateway.test/pii/analyze");
    }

    #[test]
    fn texts_do_not_travel_readable_and_nobody_waits_forever() {
        let judge = |url, class| settings(url, class).judge();
        assert_eq!(judge("http://127.0.0.1:5002", AddressClass::Loopback), Ok(()));
        for url in ["http://presidio.test", "ftp://presidio.test", "https://a:b@presidio.test", "mailto:a@b"] {
            assert_eq!(judge(url, AddressClass::Public), Err(InvalidAnalyzerSettings::Url), "{url}");
        }
        let base = settings("https://presidio.test", AddressClass::Public);
        let none = AnalyzerSettings { concurrency_max: 0, ..base.clone() };
        assert_eq!(none.judge(), Err(InvalidAnalyzerSettings::Concurrency));
        let long = AnalyzerSettings { deadline: Duration::from_secs(61), ..base };
        assert_eq!(long.judge(), Err(InvalidAnalyzerSettings::Deadline));
    }
}
