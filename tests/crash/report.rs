//! What a run found: its figures, and that it would have found what it looked for.

use std::{fs, time::Duration};

use tlog::Outcome;

use super::{
    broker::Home,
    record::Record,
    seen::{Seen, violations},
};

/// What a run found.
#[derive(Default)]
pub(super) struct Report {
    pub(super) violations: Vec<String>,
    /// By time, by an effect, by an answer, during a start.
    pub(super) kills: [u64; 4],
    pub(super) sent: u64,
    pub(super) effects: usize,
    pub(super) answers: usize,
    pub(super) sessions: usize,
    pub(super) revocations: usize,
    pub(super) restarts: Vec<Duration>,
    pub(super) record: Record,
    /// Something that was seen, for the controls.
    pub(super) sample: Seen,
    /// Holds the folder of the record.
    pub(super) home: Option<Home>,
}

impl Report {
    /// The figures, for a person.
    pub(super) fn summary(&self, points: u64, seed: u64) -> String {
        let Self { kills: [moment, effect, answer, start], sent, effects, answers, .. } = self;
        let (sessions, revocations, violations) = (self.sessions, self.revocations, self.violations.len());
        let (entries, open) = (self.record.len(), self.record.open_intents());
        let (median, max) = (self.restart_median(), self.restart_max());
        format!(
            "killed at {points} points (seed {seed}): {moment} by time, {effect} as the upstream was reached, {answer} as an answer \
             was read, {start} during a start\n\
             calls: {sent} sent, {effects} reached the upstream, {answers} acknowledged; {sessions} sessions begun, {revocations} \
             ended\n\
             record: {entries} entries, {open} intents without an outcome, verified after each kill\n\
             restarts: {}, median {median:?}, slowest {max:?}\n\
             violations: {violations}",
            self.restarts.len()
        )
    }

    pub(super) fn restart_max(&self) -> Duration {
        self.restarts.iter().max().copied().unwrap_or_default()
    }

    pub(super) fn restart_median(&self) -> Duration {
        let mut sorted = self.restarts.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }

    /// Shows that the run would have found what it looked for, on its own history.
    pub(super) fn controls(&self) {
        let (effect, answer) = (&self.sample.effects[0].trace, &self.sample.answers[0].trace);
        assert_eq!(violations(&self.sample, &self.record), Vec::<String>::new());
        let found = violations(&self.sample, &self.record.without_intents_of(effect));
        assert!(found.iter().any(|violation| violation.contains("with 0 intents")), "{found:?}");
        let found = violations(&self.sample, &self.record.without_outcomes_of(answer));
        assert!(found.iter().any(|violation| violation.contains("there is no outcome")), "{found:?}");
        assert!(self.record.open_intents() > 0, "no kill has cut a call");

        let home = self.home.as_ref().expect("a finished run has a folder");
        let (folder, key) = (home.record(), home.verifier());
        // The first whole bundle: what is not whole yet may be left over from a kill, and covered by nothing.
        let bundle = folder.join("tile/entries/000");
        let mut bytes = fs::read(&bundle).expect("a run of a few points fills a bundle");
        *bytes.last_mut().expect("a bundle is not empty") ^= 1;
        fs::write(&bundle, bytes).expect("the folder is ours");
        assert!(matches!(tlog::verify(&folder, &key, None), Outcome::Tampered { .. }));
    }
}
