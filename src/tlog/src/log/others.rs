//! Lets the tasks that are ready run first.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Wake, Waker},
};

use parking_lot::Mutex;
use tokio::{sync::oneshot, task::yield_now};

/// Comes back when the runtime has run what was ready. The future of `yield_now` alone would be over when it is polled again, and
/// whoever drives a connection polls the tasks in it more often than they are woken.
pub(super) async fn let_others_run() {
    let (sender, receiver) = oneshot::channel();
    let waker = Waker::from(Arc::new(Others(Mutex::new(Some(sender)))));
    if pin!(yield_now()).poll(&mut Context::from_waker(&waker)).is_pending() {
        // A waker that is dropped unused means that the runtime is going away.
        drop(receiver.await);
    }
}

/// Tells the task that yielded.
struct Others(Mutex<Option<oneshot::Sender<()>>>);

impl Wake for Others {
    fn wake(self: Arc<Self>) {
        if let Some(sender) = self.0.lock().take() {
            // It may have gone.
            _ = sender.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::poll_fn,
        sync::atomic::{AtomicBool, Ordering},
        task::Poll,
    };

    use super::*;

    async fn twice(mut future: std::pin::Pin<&mut impl Future>) -> [bool; 2] {
        poll_fn(|cx| Poll::Ready([(); 2].map(|()| future.as_mut().poll(cx).is_ready()))).await
    }

    #[tokio::test]
    async fn polling_again_does_not_end_the_turn_of_the_others() {
        assert_eq!(twice(pin!(yield_now())).await, [false, true]);
        let ran = Arc::new(AtomicBool::new(false));
        let other = Arc::clone(&ran);
        #[expect(clippy::disallowed_methods, reason = "the test waits for it")]
        let other = tokio::spawn(async move { other.store(true, Ordering::Relaxed) });
        let mut turn = pin!(let_others_run());
        assert_eq!(twice(turn.as_mut()).await, [false, false]);
        assert!(!ran.load(Ordering::Relaxed));
        turn.await;
        assert!(ran.load(Ordering::Relaxed));
        other.await.unwrap();
    }
}
