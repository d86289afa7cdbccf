//! How far a session's mint had come when its broker was killed, told from what its row holds and what OpenBao has.

use serde_json::Value;

use super::scene::{Child, Standing};

/// The last step that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Called,
    RowOpened,
    LoggedIn,
    TokenMade,
    TokenWritten,
    UserMade,
    TokenExtended,
    RowCompleted,
    Sent,
    Answered,
}

impl Step {
    pub(super) const ALL: [Self; 10] = [
        Self::Called,
        Self::RowOpened,
        Self::LoggedIn,
        Self::TokenMade,
        Self::TokenWritten,
        Self::UserMade,
        Self::TokenExtended,
        Self::RowCompleted,
        Self::Sent,
        Self::Answered,
    ];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Called => "called, no row yet",
            Self::RowOpened => "the row is open",
            Self::LoggedIn => "the broker has logged in",
            Self::TokenMade => "the session's token is made",
            Self::TokenWritten => "the token is in the journal",
            Self::UserMade => "the user is made, and in no row",
            Self::TokenExtended => "the token is extended",
            Self::RowCompleted => "the row is completed",
            Self::Sent => "the upstream was called",
            Self::Answered => "the call was answered",
        }
    }
}

/// One session at a kill.
#[derive(Debug)]
pub(super) struct Called {
    pub(super) session: String,
    pub(super) sent: bool,
    pub(super) answered: bool,
}

/// The steps of all sessions of a point. Which session a lease without a row belongs to is not to be seen, so these are counted:
/// a lease that no extended token holds belongs to one that is not extended yet.
pub(super) fn steps(called: &[Called], rows: &[Value], standing: &Standing) -> Vec<Step> {
    let step = |called: &Called| {
        let row = rows.iter().find(|row| row["session"] == called.session.as_str());
        let child = standing.children.iter().find(|child| child.session == called.session);
        match (called, row) {
            (Called { answered: true, .. }, _) => Step::Answered,
            (Called { sent: true, .. }, _) => Step::Sent,
            (_, None) => Step::Called,
            (_, Some(row)) if row["state"] == "minted" => Step::RowCompleted,
            (_, Some(_)) if child.is_some_and(Child::is_extended) => Step::TokenExtended,
            (_, Some(row)) if row["ids"].as_array().is_some_and(|ids| !ids.is_empty()) => Step::TokenWritten,
            (_, Some(_)) if child.is_some() => Step::TokenMade,
            (_, Some(_)) if standing.is_logged_in => Step::LoggedIn,
            (_, Some(_)) => Step::RowOpened,
        }
    };
    let mut steps: Vec<Step> = called.iter().map(step).collect();
    let extended = steps
        .iter()
        .filter(|step| matches!(step, Step::TokenExtended | Step::RowCompleted | Step::Sent | Step::Answered));
    let with_user = standing.leases.len().saturating_sub(extended.count());
    for step in steps.iter_mut().filter(|step| **step == Step::TokenWritten).take(with_user) {
        *step = Step::UserMade;
    }
    steps
}
