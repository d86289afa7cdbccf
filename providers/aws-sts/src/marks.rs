//! What CloudTrail and IAM's conditions learn of a session: its name, who is behind it, and its tags.

use provider::CredentialRequest;
use ring::digest;
use serde_json::{Map, Value, json};

/// Stands in every value that is not the original one, and in no value that is.
const CHANGED: &str = "=sha256=";
/// Enough of a SHA-256 that nobody finds a second text for it.
const DIGEST_BYTES: usize = 16;

/// How STS wants a kind of text.
struct Kind {
    length_min: usize,
    length_max: usize,
    accepts: fn(u8) -> bool,
}

/// Names of sessions, and source identities.
const NAME: Kind =
    Kind { length_min: 2, length_max: 64, accepts: |b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b) };
/// Values of tags. AWS takes letters of other scripts too; in ASCII nobody is taken for another who only looks alike.
const TAG: Kind =
    Kind { length_min: 1, length_max: 256, accepts: |b| b.is_ascii_alphanumeric() || b"_.:/=+-@".contains(&b) };

/// What a session is known by at AWS.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Marks {
    /// The session; it ends the ARN that CloudTrail names.
    pub(crate) session_name: String,
    /// On whose behalf; it stays when the role assumes another one.
    pub(crate) source_identity: String,
    /// Every tag is transitive: it stays when the role assumes another one, and nobody there can change it.
    pub(crate) tags: Vec<(&'static str, String)>,
}

impl Marks {
    pub(crate) fn of(request: &CredentialRequest<'_>) -> Self {
        let caller = request.caller;
        let mut tags = vec![
            ("Agent", caller.agent.name.to_string()),
            ("Upstream", request.binding.upstream.to_string()),
            ("Session", caller.session.to_string()),
            ("Trace", request.trace.trace_id()),
            ("Subject", caller.subject.id.clone()),
            ("Issuer", caller.subject.issuer.clone()),
        ];
        tags.extend(caller.actor.as_ref().map(|actor| ("Actor", actor.id.clone())));
        for (_, value) in &mut tags {
            *value = fit(value, &TAG);
        }
        Self {
            session_name: fit(caller.session.as_str(), &NAME),
            source_identity: fit(&caller.subject.id, &NAME),
            tags,
        }
    }

    /// The same as claims of an identity token: AssumeRoleWithWebIdentity has no parameters for them.
    pub(crate) fn claims(&self) -> Map<String, Value> {
        let tags: Map<_, _> = self.tags.iter().map(|(key, value)| ((*key).to_owned(), json!([value]))).collect();
        let keys: Vec<_> = self.tags.iter().map(|(key, _)| *key).collect();
        Map::from_iter([
            ("https://aws.amazon.com/tags".to_owned(), json!({ "principal_tags": tags, "transitive_tag_keys": keys })),
            ("https://aws.amazon.com/source_identity".to_owned(), json!(self.source_identity)),
        ])
    }
}

/// The text itself where STS takes it. Otherwise what it takes of the text, and a digest of the whole, so that two texts never
/// become one: policies of IAM may decide by them.
fn fit(text: &str, kind: &Kind) -> String {
    let fits = (kind.length_min..=kind.length_max).contains(&text.len())
        && text.bytes().all(kind.accepts)
        && !text.contains(CHANGED);
    if fits {
        return text.to_owned();
    }
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let digest: String = digest.as_ref().iter().take(DIGEST_BYTES).map(|byte| format!("{byte:02x}")).collect();
    let room = kind.length_max.saturating_sub(CHANGED.len() + digest.len());
    let accepted =
        |character: char| u8::try_from(character).ok().filter(|byte| (kind.accepts)(*byte)).map_or('_', char::from);
    let readable: String = text.chars().take(room).map(accepted).collect();
    format!("{readable}{CHANGED}{digest}")
}

#[cfg(test)]
mod tests {
    use model::{Actor, Agent, Binding, Caller, Injection, Scopes, Subject, Timestamp, TraceContext};
    use provider::conformance::Notes;

    use super::*;

    fn marks(subject: &str, session: &str) -> Marks {
        let caller = Caller {
            agent: Agent { name: "claims-bot".parse().unwrap(), groups: Vec::new() },
            subject: Subject { issuer: "https://idp.example".to_owned(), id: subject.to_owned() },
            actor: Some(Actor { issuer: "https://idp.example".to_owned(), id: "runner/7".to_owned() }),
            session: session.parse().unwrap(),
            session_end: Timestamp::from_seconds(1_800_000_900),
            scopes: Scopes::default(),
        };
        let binding = Binding {
            credential: "reports".parse().unwrap(),
            upstream: "s3".parse().unwrap(),
            destination: "https://s3.example".parse().unwrap(),
            injection: Injection::BasicPair,
        };
        let (trace, journal) = (TraceContext::new([7; 16], [7; 8], 0), Notes::default());
        Marks::of(&CredentialRequest { binding: &binding, caller: &caller, trace, journal: &journal })
    }

    #[test]
    fn what_aws_takes_stays_as_it_is() {
        let marks = marks("alice@example.com", "s-1");
        assert_eq!((&*marks.session_name, &*marks.source_identity), ("s-1", "alice@example.com"));
        let trace = "07".repeat(16);
        let expected = [
            ("Agent", "claims-bot"),
            ("Upstream", "s3"),
            ("Session", "s-1"),
            ("Trace", &trace),
            ("Subject", "alice@example.com"),
            ("Issuer", "https://idp.example"),
            ("Actor", "runner/7"),
        ];
        assert_eq!(marks.tags, expected.map(|(key, value)| (key, value.to_owned())));
    }

    #[test]
    fn the_claims_say_the_same() {
        let claims = marks("alice@example.com", "s-1").claims();
        assert_eq!(claims["https://aws.amazon.com/source_identity"], "alice@example.com");
        let tags = &claims["https://aws.amazon.com/tags"];
        assert_eq!(tags["principal_tags"]["Subject"], json!(["alice@example.com"]));
        assert_eq!(tags["principal_tags"].as_object().unwrap().len(), 7);
        assert_eq!(
            tags["transitive_tag_keys"],
            json!(["Agent", "Upstream", "Session", "Trace", "Subject", "Issuer", "Actor"])
        );
    }

    #[test]
    fn two_subjects_never_become_one() {
        let subjects = ["a|b", "a_b", "a b", "a\u{e9}b", "", "x", &"a".repeat(300), &"a".repeat(301)];
        let all: Vec<_> = subjects.iter().map(|subject| marks(subject, "s-1")).collect();
        for (i, one) in all.iter().enumerate() {
            assert!(all.iter().skip(i + 1).all(|other| other.source_identity != one.source_identity), "{i}");
            assert!(all.iter().skip(i + 1).all(|other| other.tags != one.tags), "{i}");
        }
        // Nobody takes the name that another one's was changed to.
        let changed = &marks("a|b", "s-1").source_identity;
        assert!(changed.starts_with("a_b=sha256="), "{changed}");
        assert_ne!(marks(changed, "s-1").source_identity, *changed);
    }

    #[test]
    fn everything_is_within_the_limits_of_aws() {
        for text in ["x", "~", &"~".repeat(64), &"y".repeat(64)] {
            let marks = marks(&text.repeat(20), text);
            for name in [&marks.session_name, &marks.source_identity] {
                assert!((2..=64).contains(&name.len()) && name.bytes().all(NAME.accepts), "{name}");
            }
            assert!(marks.tags.iter().all(|(key, value)| key.len() <= 128 && value.len() <= 256), "{marks:?}");
            assert!(marks.tags.iter().all(|(_, value)| value.bytes().all(TAG.accepts)), "{marks:?}");
        }
    }
}
