//! Kills the broker at the event that a strike names, on the thread that saw it.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::broker::Broker;

/// What is counted down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Effect,
    Answer,
}

/// Counts events until the armed one, and kills.
#[derive(Debug, Default)]
pub(super) struct Trigger {
    armed: Mutex<Option<Armed>>,
    struck: Notify,
}

#[derive(Debug)]
struct Armed {
    event: Event,
    left: u64,
    broker: Arc<Broker>,
}

impl Trigger {
    pub(super) fn arm_effect(&self, count: u64, broker: &Arc<Broker>) {
        self.arm(Event::Effect, count, broker);
    }

    pub(super) fn arm_answer(&self, count: u64, broker: &Arc<Broker>) {
        self.arm(Event::Answer, count, broker);
    }

    fn arm(&self, event: Event, left: u64, broker: &Arc<Broker>) {
        *self.armed.lock() = Some(Armed { event, left, broker: Arc::clone(broker) });
    }

    /// The upstream received a request.
    pub(super) fn effect(&self) {
        self.happened(Event::Effect);
    }

    /// A caller read an answer to its end.
    pub(super) fn answer(&self) {
        self.happened(Event::Answer);
    }

    fn happened(&self, event: Event) {
        let mut armed = self.armed.lock();
        let Some(waiting) = armed.as_mut().filter(|armed| armed.event == event) else { return };
        waiting.left = waiting.left.saturating_sub(1);
        if waiting.left == 0 {
            waiting.broker.kill();
            *armed = None;
            self.struck.notify_one();
        }
    }

    /// Waits for the armed kill.
    pub(super) async fn struck(&self) {
        self.struck.notified().await;
    }
}
