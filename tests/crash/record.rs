//! The broker's record, read from its folder as it grows, with nothing but the public key.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use ring::digest::{Context, SHA256};
use serde_json::Value;
use tlog::{Reader, VerifierKey};

/// What came of an intent.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) ending: String,
    pub(super) response_sha256: Option<String>,
}

/// The entries that were read so far.
#[derive(Clone)]
pub(super) struct Record {
    next: u64,
    /// Of every entry in order, to show later that none of them has changed.
    digest: Context,
    intents: HashMap<String, Vec<u64>>,
    outcomes: HashMap<u64, Outcome>,
    begun: HashSet<String>,
    ended: HashSet<String>,
}

impl Default for Record {
    fn default() -> Self {
        let (intents, outcomes) = (HashMap::new(), HashMap::new());
        Self { next: 0, digest: Context::new(&SHA256), intents, outcomes, begun: HashSet::new(), ended: HashSet::new() }
    }
}

impl Record {
    /// Reads on to the present end.
    ///
    /// # Errors
    /// What cannot be read.
    pub(super) fn read_on(&mut self, folder: &Path, key: &VerifierKey) -> Result<(), tlog::ReadError> {
        for entry in Reader::open(folder, key)?.entries(self.next) {
            self.add(&entry?.bytes);
        }
        Ok(())
    }

    /// Takes one entry.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let index = self.next;
        self.next += 1;
        self.digest.update(&u64::try_from(bytes.len()).expect("an entry is short").to_be_bytes());
        self.digest.update(bytes);
        let entry: Value = serde_json::from_slice(bytes).expect("an entry is JSON");
        let text = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
        match entry["kind"].as_str() {
            Some("intent") => {
                self.intents.entry(text("trace_id").expect("an intent has a trace")).or_default().push(index);
            }
            Some("outcome") => {
                let intent = entry["intent"].as_u64().expect("an outcome names its intent");
                let ending = text("ending").unwrap_or_default();
                self.outcomes.insert(intent, Outcome { ending, response_sha256: text("response_sha256") });
            }
            Some("exchange") => self.begun.extend(text("session")),
            Some("revocation") => self.ended.extend(text("session")),
            _ => {}
        }
    }

    /// The indices of the intents of a trace.
    pub(super) fn intents(&self, trace: &str) -> &[u64] {
        self.intents.get(trace).map(Vec::as_slice).unwrap_or_default()
    }

    /// What came of an intent.
    pub(super) fn outcome(&self, intent: u64) -> Option<&Outcome> {
        self.outcomes.get(&intent)
    }

    pub(super) fn has_session(&self, session: &str) -> bool {
        self.begun.contains(session)
    }

    pub(super) fn has_revocation(&self, session: &str) -> bool {
        self.ended.contains(session)
    }

    /// How many entries were read.
    pub(super) const fn len(&self) -> u64 {
        self.next
    }

    /// Intents without an outcome: what a kill has cut.
    pub(super) fn open_intents(&self) -> usize {
        self.intents.values().flatten().filter(|intent| !self.outcomes.contains_key(intent)).count()
    }

    /// The digest of all entries.
    pub(super) fn digest(&self) -> Vec<u8> {
        self.digest.clone().finish().as_ref().to_vec()
    }

    /// The same record without the intents of a trace, as if they had never been written.
    pub(super) fn without_intents_of(&self, trace: &str) -> Self {
        let mut record = self.clone();
        record.intents.remove(trace);
        record
    }

    /// The same record without what came of the calls of a trace.
    pub(super) fn without_outcomes_of(&self, trace: &str) -> Self {
        let mut record = self.clone();
        for intent in self.intents(trace) {
            record.outcomes.remove(intent);
        }
        record
    }
}
