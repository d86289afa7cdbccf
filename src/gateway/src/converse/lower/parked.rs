//! Calls that wait for their caller: a question of the upstream was passed on, and the stream of the call is kept open.
//!
//! `requestState` is a random handle that proves nothing by itself: it is good once, for the same principal and the same call,
//! for a few minutes.

use std::{borrow::Cow, collections::HashMap, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use model::{SessionId, Timestamp, UpstreamName};
use parking_lot::Mutex;
use ring::rand::SecureRandom as _;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{events::Events, line::InFlight, questions::Question};
use crate::{Gateway, approve::Approved, denial::Denial};

/// A person answers within minutes, and an upstream seldom waits longer.
const LIFE: Duration = Duration::from_secs(5 * 60);
/// Each parked call holds a connection to its upstream.
const PER_SESSION_MAX: usize = 16;
/// The same, of all sessions together.
const PARKED_MAX: usize = 4096;
/// How often a parked call looks whether its time is over, or the program is stopping.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// Nobody finds a handle of 256 bits by trying.
const HANDLE_BYTES: usize = 32;

/// A call that waits.
#[derive(Debug)]
pub(super) struct ParkedCall {
    pub(super) events: Events,
    pub(super) in_flight: InFlight,
    pub(super) questions: Vec<Question>,
}

/// The calls that wait.
pub(super) type ParkedCalls = States<ParkedCall>;

/// Which call of whom a state is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binding {
    session: SessionId,
    upstream: UpstreamName,
    method: Option<Cow<'static, str>>,
    name: Option<String>,
    arguments_sha256: Option<[u8; 32]>,
}

impl Binding {
    /// Of a call that was judged: whose it is, and what it does.
    pub(super) fn of(approved: &Approved) -> Self {
        let facts = approved.facts();
        Self {
            session: approved.session().facts().id.clone(),
            upstream: approved.upstream().name().clone(),
            method: facts.action.clone(),
            name: facts.tool.clone(),
            arguments_sha256: facts.arguments_sha256,
        }
    }
}

/// What waits behind handles.
#[derive(Debug)]
pub(super) struct States<T>(Mutex<HashMap<String, State<T>>>);

#[derive(Debug)]
struct State<T> {
    binding: Binding,
    expires: Timestamp,
    kept: T,
    /// Tells whoever watches that there is nothing left to watch.
    _watched: DropGuard,
}

impl<T> Default for States<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> States<T> {
    /// Keeps something behind `handle`. Gives what tells that it is gone, or back what there is no room for.
    fn keep(&self, handle: String, binding: Binding, expires: Timestamp, kept: T) -> Result<CancellationToken, T> {
        let mut states = self.0.lock();
        let of_session = states.values().filter(|state| state.binding.session == binding.session).count();
        if states.len() >= PARKED_MAX || of_session >= PER_SESSION_MAX {
            return Err(kept);
        }
        let gone = CancellationToken::new();
        let state = State { binding, expires, kept, _watched: gone.clone().drop_guard() };
        states.insert(handle, state);
        Ok(gone)
    }

    /// Takes what waits behind `handle`, once. Whoever asks for another call, or is somebody else, changes nothing.
    ///
    /// # Errors
    /// [`Denial::RequestState`].
    pub(super) fn take(&self, handle: &str, binding: &Binding, now: Timestamp) -> Result<T, Denial> {
        let mut states = self.0.lock();
        let is_theirs = states.get(handle).is_some_and(|state| state.binding == *binding && now < state.expires);
        let taken = if is_theirs { states.remove(handle) } else { None };
        taken.map(|state| state.kept).ok_or(Denial::RequestState)
    }

    /// How many wait.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.lock().len()
    }

    fn remove(&self, handle: &str) -> Option<T> {
        self.0.lock().remove(handle).map(|state| state.kept)
    }
}

/// Parks a call until its caller comes back with the handle that this gives, at most until its time or its session is over.
///
/// # Errors
/// [`Denial::Overloaded`], or [`Denial::Internal`] without randomness; then the call is cancelled at the upstream.
pub(super) fn park(
    gateway: &Arc<Gateway>,
    approved: &Approved,
    binding: Binding,
    call: ParkedCall,
) -> Result<String, Denial> {
    let mut bytes = [0; HANDLE_BYTES];
    gateway.random.fill(&mut bytes).map_err(|_| Denial::Internal { reason: "no randomness".to_owned() })?;
    let handle = URL_SAFE_NO_PAD.encode(bytes);
    let expires = gateway.clock.now().plus(LIFE);
    let kept = gateway.conversations.lower.parked.keep(handle.clone(), binding, expires, call);
    let gone = kept.map_err(|_| Denial::Overloaded)?;
    let (end, watched) = (approved.session().end().clone(), handle.clone());
    let (gateway, tasks) = (Arc::clone(gateway), gateway.recorder.tasks().clone());
    tasks.clone().spawn(async move {
        loop {
            tokio::select! {
                () = gone.cancelled() => return,
                () = end.cancelled() => break,
                () = tokio::time::sleep(WATCH_INTERVAL) => {}
            }
            if gateway.clock.now() >= expires || tasks.is_closed() {
                break;
            }
        }
        // What is dropped here says good-bye to the upstream, so the table must not be locked.
        let forgotten = gateway.conversations.lower.parked.remove(&watched);
        drop(forgotten);
    });
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPIRES: Timestamp = Timestamp::from_millis(100);

    const ARGUMENTS: Option<[u8; 32]> = Some([7; 32]);

    fn binding(
        session: &str,
        upstream: &str,
        method: &'static str,
        name: &str,
        arguments_sha256: Option<[u8; 32]>,
    ) -> Binding {
        Binding {
            session: session.parse().unwrap(),
            upstream: upstream.parse().unwrap(),
            method: Some(method.into()),
            name: Some(name.to_owned()),
            arguments_sha256,
        }
    }

    fn own() -> Binding {
        binding("s1", "u1", "tools/call", "t", ARGUMENTS)
    }

    fn kept() -> States<u8> {
        let states = States::default();
        states.keep("h".to_owned(), own(), EXPIRES, 7).unwrap();
        states
    }

    fn take(states: &States<u8>, handle: &str, binding: &Binding, now: u64) -> Option<u8> {
        match states.take(handle, binding, Timestamp::from_millis(now)) {
            Ok(kept) => Some(kept),
            Err(Denial::RequestState) => None,
            Err(denial) => panic!("{denial:?}"),
        }
    }

    #[test]
    fn a_state_is_good_once_for_the_same_call() {
        let states = kept();
        assert_eq!(take(&states, "h", &own(), 99), Some(7));
        assert_eq!(take(&states, "h", &own(), 99), None);
    }

    #[test]
    fn a_state_is_good_for_nobody_and_nothing_else_and_survives_the_attempt() {
        let states = kept();
        for other in [
            binding("s2", "u1", "tools/call", "t", ARGUMENTS),
            binding("s1", "u2", "tools/call", "t", ARGUMENTS),
            binding("s1", "u1", "prompts/get", "t", ARGUMENTS),
            binding("s1", "u1", "tools/call", "T", ARGUMENTS),
            binding("s1", "u1", "tools/call", "t", Some([8; 32])),
            binding("s1", "u1", "tools/call", "t", None),
        ] {
            assert_eq!(take(&states, "h", &other, 0), None, "{other:?}");
        }
        for forged in ["H", "", "hh", "h "] {
            assert_eq!(take(&states, forged, &own(), 0), None, "{forged:?}");
        }
        assert_eq!(take(&states, "h", &own(), 100), None, "its time is over");
        assert_eq!(take(&states, "h", &own(), 0), Some(7));
    }

    #[test]
    fn a_session_parks_a_bounded_number_of_calls() {
        let states = States::default();
        let keep = |number: usize, session: &str| {
            let binding = binding(session, "u1", "tools/call", "t", ARGUMENTS);
            states.keep(format!("{session}-{number}"), binding, EXPIRES, number)
        };
        let kept: Vec<_> = (0..PER_SESSION_MAX).map(|number| keep(number, "s1").unwrap()).collect();
        assert_eq!(keep(99, "s1").unwrap_err(), 99);
        keep(99, "s2").unwrap();
        assert!(!kept[0].is_cancelled());
        assert_eq!(states.remove("s1-0"), Some(0));
        assert!(kept[0].is_cancelled(), "whoever watches it can stop");
        keep(99, "s1").unwrap();
    }
}
