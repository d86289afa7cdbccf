//! The entries of the record, as JSON text: what was meant, what came of it, and what was refused.
//!
//! An entry names people, tools, rules and digests. It never holds a credential, an argument or an answer.

mod writer;

use std::time::Duration;

use egress::{HandleId, Presented, StandIn};
use model::{AgentName, CredentialName, LeaseId, RuleId, SessionId, Subject, Timestamp, UpstreamName};
use redact::{Class, Profile, Report};

use self::writer::Writer;
use crate::facts::Facts;

/// How an exchange with an upstream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The answer arrived whole.
    Complete,
    /// The caller went away before the answer was whole.
    Cancelled,
    /// The session ended while the answer was streaming.
    Cut,
    /// The upstream failed after the intent was recorded; the word is the denial's.
    Failed(&'static str),
}

impl Ending {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Cancelled => "cancelled",
            Self::Cut => "cut",
            Self::Failed(word) => word,
        }
    }
}

/// What came of an exchange.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    pub(crate) intent: u64,
    pub(crate) at: Timestamp,
    pub(crate) ending: Ending,
    pub(crate) status: Option<u16>,
    pub(crate) response_sha256: Option<[u8; 32]>,
    pub(crate) response_bytes: u64,
    pub(crate) found: &'a Report,
    pub(crate) names: &'a Profile,
    pub(crate) lease: Option<&'a LeaseId>,
    pub(crate) issued: &'a [HandleId],
    pub(crate) latency: Duration,
}

/// Before the credential leaves: who means to call what, and the rule that permits it.
pub(crate) fn intent(
    facts: &Facts,
    rule: &RuleId,
    credential: Option<&CredentialName>,
    stand_ins: &[Presented],
    at: Timestamp,
) -> Vec<u8> {
    let mut json = Writer::open("intent", at);
    facts_members(&mut json, facts);
    json.text("decision", "permit");
    json.text("rule", rule.as_str());
    json.optional_text("credential", credential.map(CredentialName::as_str));
    let handles = stand_ins.iter().filter_map(|shown| match &shown.stand_in {
        StandIn::Handle(handle) => Some(handle.id()),
        StandIn::Pseudonym(_) => None,
    });
    json.handles("handles", handles);
    json.close()
}

/// After the answer, or instead of it.
pub(crate) fn outcome(outcome: &Outcome<'_>) -> Vec<u8> {
    let mut json = Writer::open("outcome", outcome.at);
    json.number("intent", outcome.intent);
    json.text("ending", outcome.ending.as_str());
    if let Some(status) = outcome.status {
        json.number("status", u64::from(status));
    }
    if let Some(digest) = &outcome.response_sha256 {
        json.hex("response_sha256", digest);
    }
    json.number("response_bytes", outcome.response_bytes);
    json.number("masked_secrets", outcome.found.count_of(Class::LiveSecret));
    json.number("masked_fields", outcome.found.count_of(Class::NamedField));
    let others = |(class, _): &(Class, u64)| !matches!(class, Class::LiveSecret | Class::NamedField);
    json.counts("masked", outcome.found.classes().filter(others), outcome.names);
    json.counts("detected", outcome.found.detected(), outcome.names);
    json.optional_text("lease", outcome.lease.map(LeaseId::as_str));
    json.handles("issued", outcome.issued.iter().copied());
    json.number("latency_us", u64::try_from(outcome.latency.as_micros()).unwrap_or(u64::MAX));
    json.close()
}

/// A call that was refused before anything was sent.
pub(crate) fn denial(facts: &Facts, error: &str, rule: Option<&RuleId>, at: Timestamp) -> Vec<u8> {
    let mut json = Writer::open("denial", at);
    facts_members(&mut json, facts);
    json.text("decision", "deny");
    json.text("error", error);
    json.optional_text("rule", rule.map(RuleId::as_str));
    json.close()
}

/// A token exchange that succeeded, or failed for the reason that `error` names.
#[derive(Debug)]
pub(crate) struct ExchangeEntry<'a> {
    pub(crate) at: Timestamp,
    pub(crate) agent: Option<&'a str>,
    pub(crate) subject: Option<&'a Subject>,
    pub(crate) actor: Option<&'a model::Actor>,
    pub(crate) session: Option<&'a SessionId>,
    pub(crate) scope: Option<&'a str>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) error: Option<&'a str>,
}

pub(crate) fn exchange(entry: &ExchangeEntry<'_>) -> Vec<u8> {
    let mut json = Writer::open("exchange", entry.at);
    json.optional_text("agent", entry.agent);
    json.optional_party("subject", entry.subject.map(|s| (s.issuer.as_str(), s.id.as_str())));
    json.optional_party("actor", entry.actor.map(|a| (a.issuer.as_str(), a.id.as_str())));
    json.optional_text("session", entry.session.map(SessionId::as_str));
    json.optional_text("scope", entry.scope);
    if let Some(expires) = entry.expires {
        json.number("expires_ms", expires.as_millis());
    }
    json.text("decision", if entry.error.is_none() { "permit" } else { "deny" });
    json.optional_text("error", entry.error);
    json.close()
}

/// A person who connects an account for the calls of an agent, and what came of it.
#[derive(Debug)]
pub struct ConnectionEntry<'a> {
    /// The agent that was told to have an account connected.
    pub agent: &'a AgentName,
    /// Whose account it is to be.
    pub subject: &'a Subject,
    /// The session that asked.
    pub session: &'a SessionId,
    /// The upstream that was called.
    pub upstream: &'a UpstreamName,
    /// The credential that the account is connected for.
    pub credential: &'a CredentialName,
    /// Why there is no connection; `None` where there is one.
    pub error: Option<&'static str>,
}

pub(crate) fn connection(entry: &ConnectionEntry<'_>, at: Timestamp) -> Vec<u8> {
    let mut json = Writer::open("connection", at);
    json.text("agent", entry.agent.as_str());
    json.optional_party("subject", Some((&entry.subject.issuer, &entry.subject.id)));
    json.text("session", entry.session.as_str());
    json.text("upstream", entry.upstream.as_str());
    json.text("credential", entry.credential.as_str());
    json.text("decision", if entry.error.is_none() { "permit" } else { "deny" });
    json.optional_text("error", entry.error);
    json.close()
}

/// The end of a session before its expiry, and its cause.
pub(crate) fn revocation(session: &SessionId, cause: &'static str, at: Timestamp) -> Vec<u8> {
    let mut json = Writer::open("revocation", at);
    json.text("session", session.as_str());
    json.text("cause", cause);
    json.close()
}

fn facts_members(json: &mut Writer, facts: &Facts) {
    json.hex("trace_id", facts.trace.trace_id_bytes());
    if let Some(session) = &facts.session {
        let session = session.facts();
        json.text("agent", session.agent.name.as_str());
        json.optional_party("subject", Some((&session.subject.issuer, &session.subject.id)));
        json.optional_party("actor", session.actor.as_ref().map(|a| (a.issuer.as_str(), a.id.as_str())));
        json.text("session", session.id.as_str());
    }
    json.optional_text("upstream", facts.upstream.as_ref().map(|upstream| upstream.name().as_str()));
    json.optional_text("action", facts.action.as_deref());
    json.optional_text("tool", facts.tool.as_deref());
    if let Some(digest) = &facts.arguments_sha256 {
        json.hex("arguments_sha256", digest);
    }
    if let Some(upstream) = &facts.upstream {
        json.counts("masked", facts.found.classes(), upstream.masking());
        json.counts("detected", facts.found.detected(), upstream.masking());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_json_whatever_its_values_hold() {
        let subject = Subject { issuer: "https://idp.example".to_owned(), id: "a\"b\\c\n\u{7f}\u{1f600}".to_owned() };
        let entry = exchange(&ExchangeEntry {
            at: Timestamp::from_millis(1_700_000_000_123),
            agent: Some("ci"),
            subject: Some(&subject),
            actor: None,
            session: None,
            scope: None,
            expires: Some(Timestamp::from_millis(0)),
            error: Some("invalid_request"),
        });
        let value: serde_json::Value = serde_json::from_slice(&entry).unwrap();
        assert_eq!(
            value,
            serde_json::json!({
                "version": 1, "kind": "exchange", "time_ms": 1_700_000_000_123_u64, "agent": "ci",
                "subject": {"iss": "https://idp.example", "sub": subject.id},
                "expires_ms": 0, "decision": "deny", "error": "invalid_request",
            })
        );
        assert!(!entry.contains(&b'\n'));
    }

    #[test]
    fn a_connection_names_who_asked_and_what_for() {
        let entry = |error| {
            let entry = connection(
                &ConnectionEntry {
                    agent: &"ci".parse().unwrap(),
                    subject: &Subject { issuer: "https://idp.example".to_owned(), id: "alice".to_owned() },
                    session: &"s1".parse().unwrap(),
                    upstream: &"crm".parse().unwrap(),
                    credential: &"crm-token".parse().unwrap(),
                    error,
                },
                Timestamp::from_millis(5),
            );
            String::from_utf8(entry).unwrap()
        };
        let begin = r#"{"version":1,"kind":"connection","time_ms":5,"agent":"ci","subject":{"iss":"https://idp.example","sub":"alice"},"session":"s1","upstream":"crm","credential":"crm-token","decision":"#;
        assert_eq!(entry(None), format!("{begin}\"permit\"}}"));
        assert_eq!(
            entry(Some("signed_in_as_another")),
            format!("{begin}\"deny\",\"error\":\"signed_in_as_another\"}}")
        );
    }

    #[test]
    fn an_outcome_names_its_intent() {
        let entry = outcome(&Outcome {
            intent: u64::MAX,
            at: Timestamp::from_millis(5),
            ending: Ending::Complete,
            status: Some(200),
            response_sha256: Some([0xab; 32]),
            response_bytes: 10,
            found: &Report::default(),
            names: &Profile::new(),
            lease: Some(&"fixed/key/1".parse().unwrap()),
            issued: &[],
            latency: Duration::from_micros(1500),
        });
        let text = String::from_utf8(entry).unwrap();
        assert_eq!(
            text,
            format!(
                "{{\"version\":1,\"kind\":\"outcome\",\"time_ms\":5,\"intent\":18446744073709551615,\"ending\":\"complete\",\"status\":200,\
                 \"response_sha256\":\"{}\",\"response_bytes\":10,\"masked_secrets\":0,\"masked_fields\":0,\"lease\":\"fixed/key/1\",\"latency_us\":1500}}",
                "ab".repeat(32)
            )
        );
    }
}
