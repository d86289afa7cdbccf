//! What waits for a person behind a name that nobody can guess: for minutes, and taken once.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use model::{Clock, Subject, Timestamp};
use parking_lot::Mutex;
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
};

/// Long enough to see a message, to sign in and to consent.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(600);

/// What waits for one subject at once: a call or two of a few agents. More push out the oldest.
const PER_SUBJECT_MAX: usize = 16;

/// What waits at once for everybody.
const COUNT_MAX: usize = 16_384;

/// Nobody finds a name of 256 bits by trying.
const NAME_BYTES: usize = 32;

/// Values behind random names, each of one subject. A name is kept as its digest: who reads this memory cannot use it.
pub(super) struct Handles<T> {
    waiting: Mutex<HashMap<[u8; 32], Waiting<T>>>,
    clock: Arc<dyn Clock>,
}

struct Waiting<T> {
    subject: Subject,
    until: Timestamp,
    value: T,
}

/// A new name. `None` where the operating system gives no random bytes.
pub(super) fn draw() -> Option<String> {
    let mut bytes = [0; NAME_BYTES];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

/// What is kept of a name.
pub(super) fn sha256(name: &str) -> [u8; 32] {
    let mut kept = [0; 32];
    kept.copy_from_slice(digest(&SHA256, name.as_bytes()).as_ref());
    kept
}

impl<T> Handles<T> {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { waiting: Mutex::default(), clock }
    }

    /// Lays a value down; `false` where too many wait.
    pub(super) fn put(&self, name: &str, subject: &Subject, value: T) -> bool {
        let (mut waiting, now) = (self.waiting.lock(), self.clock.now());
        if waiting.len() >= COUNT_MAX {
            waiting.retain(|_, waiting| waiting.until > now);
        }
        let theirs = waiting.iter().filter(|(_, waiting)| waiting.subject == *subject);
        let (count, oldest) =
            theirs.fold((0, None), |(count, oldest): (usize, Option<(Timestamp, [u8; 32])>), (key, waiting)| {
                let older = oldest.filter(|(until, _)| *until <= waiting.until);
                (count + 1, older.or(Some((waiting.until, *key))))
            });
        if let Some((_, oldest)) = oldest.filter(|_| count >= PER_SUBJECT_MAX) {
            waiting.remove(&oldest);
        }
        let has_room = waiting.len() < COUNT_MAX;
        if has_room {
            waiting.insert(sha256(name), Waiting { subject: subject.clone(), until: now.plus(WAIT_MAX), value });
        }
        has_room
    }

    /// Takes a value up; there is none a second time.
    pub(super) fn take(&self, name: &str) -> Option<T> {
        let waiting = self.waiting.lock().remove(&sha256(name))?;
        (waiting.until > self.clock.now()).then_some(waiting.value)
    }
}

impl<T: Clone> Handles<T> {
    /// Looks at a value, and leaves it.
    pub(super) fn look(&self, name: &str) -> Option<T> {
        let now = self.clock.now();
        let waiting = self.waiting.lock();
        waiting.get(&sha256(name)).filter(|waiting| waiting.until > now).map(|waiting| waiting.value.clone())
    }
}

impl<T> fmt::Debug for Handles<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handles").field("waiting", &self.waiting.lock().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use model::ManualClock;

    use super::*;

    fn handles() -> (Handles<usize>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_000)));
        (Handles::new(Arc::clone(&clock) as Arc<dyn Clock>), clock)
    }

    fn subject(id: &str) -> Subject {
        Subject { issuer: "https://idp.example".to_owned(), id: id.to_owned() }
    }

    #[test]
    fn a_value_is_taken_once_and_in_time() {
        let (handles, clock) = handles();
        assert!(handles.put("a", &subject("alice"), 1) && handles.put("b", &subject("alice"), 2));
        assert_eq!((handles.look("a"), handles.look("c")), (Some(1), None));
        assert_eq!((handles.take("a"), handles.take("a"), handles.look("a")), (Some(1), None, None));
        clock.advance(WAIT_MAX);
        assert_eq!((handles.look("b"), handles.take("b")), (None, None));
    }

    #[test]
    fn a_subject_pushes_out_its_own_oldest() {
        let (handles, clock) = handles();
        assert!(handles.put("bobs", &subject("bob"), 0));
        for number in 0..=PER_SUBJECT_MAX {
            clock.advance(Duration::from_secs(1));
            assert!(handles.put(&number.to_string(), &subject("alice"), number));
        }
        assert_eq!((handles.look("0"), handles.look("1"), handles.look("bobs")), (None, Some(1), Some(0)));
    }

    #[test]
    fn what_is_too_old_makes_room() {
        let (handles, clock) = handles();
        for number in 0..COUNT_MAX {
            let (name, key) = (number.to_string(), sha256(&number.to_string()));
            let (subject, until) = (subject(&name), clock.now().plus(WAIT_MAX));
            handles.waiting.lock().insert(key, Waiting { subject, until, value: number });
        }
        assert!(!handles.put("more", &subject("alice"), 0));
        clock.advance(WAIT_MAX);
        assert!(handles.put("more", &subject("alice"), 0));
    }

    #[test]
    fn names_are_long_and_never_the_same() {
        let (one, other) = (draw().unwrap(), draw().unwrap());
        assert!(one.len() == 43 && other.len() == 43 && one != other);
    }
}
