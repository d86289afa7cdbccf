//! What the two sides of the broker saw, and what must therefore stand in its record.

use std::collections::HashMap;

use super::record::Record;

/// A request that arrived at the upstream.
#[derive(Clone, Debug)]
pub(super) struct Effect {
    /// The trace id of its `traceparent`.
    pub(super) trace: String,
    /// Whether it carried the credential of its upstream.
    pub(super) with_credential: bool,
}

/// An answer that a caller has read to its end.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// The trace id of the call.
    pub(super) trace: String,
    /// The SHA-256 of the body, where the caller reads the bytes that were masked and nothing was put around them.
    pub(super) body_sha256: Option<String>,
}

/// What was seen since it was looked at last.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) effects: Vec<Effect>,
    pub(super) answers: Vec<Answer>,
    /// Sessions whose token a caller got.
    pub(super) sessions_begun: Vec<String>,
    /// Sessions whose end was confirmed to a caller.
    pub(super) sessions_ended: Vec<String>,
    /// What no caller should have seen at all: refusals, wrong answers, a credential.
    pub(super) faults: Vec<String>,
}

/// Everything that is not as promised, in words.
pub(super) fn violations(seen: &Seen, record: &Record) -> Vec<String> {
    let mut found = seen.faults.clone();
    let mut effects = HashMap::<&str, usize>::new();
    for effect in &seen.effects {
        *effects.entry(&effect.trace).or_default() += 1;
        if !effect.with_credential {
            found.push(format!("{}: the upstream got a request without its credential", effect.trace));
        }
    }
    for (trace, count) in effects {
        let intents = record.intents(trace).len();
        if count > intents {
            found.push(format!("{trace}: the upstream saw a credential {count} times, with {intents} intents"));
        }
    }
    for answer in &seen.answers {
        let trace = &answer.trace;
        let outcome = record.intents(trace).iter().find_map(|intent| record.outcome(*intent));
        match outcome {
            None => found.push(format!("{trace}: a whole answer was read, and there is no outcome")),
            Some(outcome) if outcome.ending != "complete" => {
                found.push(format!("{trace}: a whole answer was read, and its outcome is {:?}", outcome.ending));
            }
            Some(outcome) if answer.body_sha256.is_some() && outcome.response_sha256 != answer.body_sha256 => {
                found.push(format!("{trace}: the outcome names another answer than the one that was read"));
            }
            Some(_) => {}
        }
    }
    let begun = seen.sessions_begun.iter().filter(|session| !record.has_session(session));
    found.extend(begun.map(|session| format!("{session}: a token was given out without a record")));
    let ended = seen.sessions_ended.iter().filter(|session| !record.has_revocation(session));
    found.extend(ended.map(|session| format!("{session}: a session ended without a record")));
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TRACE: &str = "0123456789abcdef0123456789abcdef";

    fn history() -> (Seen, Vec<serde_json::Value>) {
        let seen = Seen {
            effects: vec![Effect { trace: TRACE.to_owned(), with_credential: true }],
            answers: vec![Answer { trace: TRACE.to_owned(), body_sha256: Some("aa".to_owned()) }],
            sessions_begun: vec!["s1".to_owned()],
            sessions_ended: vec!["s1".to_owned()],
            faults: Vec::new(),
        };
        let entries = vec![
            json!({ "kind": "exchange", "session": "s1" }),
            json!({ "kind": "intent", "trace_id": TRACE }),
            json!({ "kind": "outcome", "intent": 1, "ending": "complete", "response_sha256": "aa" }),
            json!({ "kind": "revocation", "session": "s1" }),
        ];
        (seen, entries)
    }

    fn judged(seen: &Seen, entries: &[serde_json::Value]) -> Vec<String> {
        let mut record = Record::default();
        entries.iter().for_each(|entry| record.add(entry.to_string().as_bytes()));
        violations(seen, &record)
    }

    #[test]
    fn a_whole_history_is_without_fault() {
        let (seen, entries) = history();
        assert_eq!(judged(&seen, &entries), Vec::<String>::new());
    }

    /// Each entry in turn is replaced by one that says nothing, so that the indices stay.
    #[test]
    fn an_entry_that_is_missing_is_found() {
        for (entry, said) in [
            (0, "a token was given out without a record"),
            (1, "the upstream saw a credential 1 times, with 0 intents"),
            (2, "a whole answer was read, and there is no outcome"),
            (3, "a session ended without a record"),
        ] {
            let (seen, mut entries) = history();
            entries[entry] = json!({ "kind": "denial" });
            let found = judged(&seen, &entries);
            assert!(found.iter().any(|violation| violation.contains(said)), "{said}: {found:?}");
        }
    }

    #[test]
    fn a_second_effect_of_one_intent_is_found() {
        let (mut seen, entries) = history();
        seen.effects.push(seen.effects[0].clone());
        assert!(judged(&seen, &entries)[0].contains("2 times, with 1 intents"));
    }

    #[test]
    fn an_outcome_of_another_answer_is_found() {
        for (member, value) in [("ending", "cancelled"), ("response_sha256", "bb")] {
            let (seen, mut entries) = history();
            entries[2][member] = json!(value);
            assert_eq!(judged(&seen, &entries).len(), 1, "{member}");
        }
    }

    #[test]
    fn a_request_without_its_credential_is_found() {
        let (mut seen, entries) = history();
        seen.effects[0].with_credential = false;
        assert!(judged(&seen, &entries)[0].contains("without its credential"));
    }
}
