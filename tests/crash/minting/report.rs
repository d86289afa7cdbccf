//! What a run found: its figures, and that it would have found what it looked for.

use std::{fmt::Write as _, time::Duration};

use serde_json::Value;

use super::{run::naming, scene::Standing, step::Step};

/// What a run found.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) violations: Vec<String>,
    /// How long the calls of a point took that nobody killed.
    pub(super) mints: Vec<Duration>,
    /// How long after a broker was ready the last thing of the one before it was gone.
    pub(super) ends: Vec<Duration>,
    steps: Vec<Step>,
    /// Leases that lived between a kill and the next start.
    leases: usize,
    /// Of these, the ones that no row names: their session's token stands for them.
    unnamed: usize,
    /// Kills that left a lease, at which the check that follows a start must fail.
    alarms: usize,
    /// Leases that were left, and users.
    unknown: usize,
    /// Users that OpenBao made and gave up the leases of, for its caller was gone.
    pub(super) lost: usize,
}

impl Report {
    /// A broker was killed, and none has started yet.
    pub(super) fn struck(&mut self, when: &str, steps: &[Step], rows: &[Value], standing: &Standing) {
        self.steps.extend(steps);
        self.leases += standing.leases.len();
        let text = format!("{rows:?}");
        self.unnamed += standing.leases.iter().filter(|lease| !text.contains(lease.as_str())).count();
        self.alarms += usize::from(!standing.leases.is_empty() && !standing.faults().is_empty());
        if standing.leases.len() > naming(rows) {
            self.violations.push(format!("{when}: {} leases, and rows {rows:?}", standing.leases.len()));
        }
    }

    /// The next broker had its time.
    pub(super) fn ended(&mut self, when: &str, in_time: bool, rows: &[Value], standing: &Standing) {
        self.unknown += standing.leases.len().max(standing.users.len());
        let left = standing.faults().into_iter().chain(rows.iter().map(|row| format!("the row {row}")));
        self.violations.extend(left.map(|left| format!("{when}: {left} is left")));
        if !in_time {
            self.violations.push(format!("{when}: not all was gone in time"));
        }
    }

    /// The figures, for a person.
    pub(super) fn summary(&self, points: u64, seed: u64) -> String {
        let Self { leases, unnamed, unknown, lost, .. } = self;
        let (calls, mint, ended) = (self.steps.len(), self.mint_median(), self.ends.iter().max().copied());
        let mut text = format!(
            "killed at {points} points (seed {seed}), spread over a mint of {mint:?}, and {} times after it; the last step of each of the \
             {calls} first calls:\n",
            self.mints.len()
        );
        for step in Step::ALL {
            let _infallible = writeln!(text, "  {:>4}  {}", self.at(step), step.title());
        }
        let _infallible = write!(
            text,
            "{points} points, {unknown} unknown leases of {leases} minted; {unnamed} of them were in no row by their own name\n\
             {lost} more users whose leases OpenBao gave up when its caller was gone\n\
             all was gone {:?} after the start, {:?} at the latest\n\
             violations: {}",
            median(&self.ends),
            ended.unwrap_or_default(),
            self.violations.len()
        );
        text
    }

    pub(super) fn progress(&self, point: u64, points: u64) -> String {
        let Self { leases, unknown, violations, .. } = self;
        format!("  {point} of {points}: {leases} leases at a kill, {unknown} unknown, {} violations", violations.len())
    }

    pub(super) fn mint_median(&self) -> Duration {
        median(&self.mints)
    }

    /// Calls whose last step was this one.
    pub(super) fn at(&self, step: Step) -> usize {
        self.steps.iter().filter(|at| **at == step).count()
    }

    /// Shows that the run would have found what it looked for.
    pub(super) fn controls(&self) {
        assert!(self.leases > 0 && self.alarms > 0, "no kill has left a lease that its check has found");
    }
}

fn median(of: &[Duration]) -> Duration {
    let mut sorted = of.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
