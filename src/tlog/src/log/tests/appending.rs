//! Many callers, few writes; callers that go away.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::log::AppendError;
use crate::tile::ENTRY_LENGTH_MAX;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_callers_get_every_index_once_and_the_log_holds_their_entries() {
    const CALLERS: u64 = 64;
    const EACH: u64 = 50;
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let log = log.clone();
        callers.spawn(async move {
            let mut mine = Vec::new();
            for i in 0..EACH {
                let durability = if (caller + i) % 5 == 0 { Durability::Power } else { Durability::Process };
                let bytes = format!("{caller}-{i}").into_bytes();
                let receipt = log.append(&bytes, durability).await.unwrap();
                assert_eq!(receipt.durability(), durability);
                mine.push((receipt.index(), bytes));
                if i % 20 == 0 {
                    log.publish().await.unwrap();
                }
            }
            mine
        });
    }
    let mut all: Vec<_> = callers.join_all().await.into_iter().flatten().collect();
    all.sort();
    assert_eq!(all.iter().map(|(index, _)| *index).collect::<Vec<_>>(), (0..CALLERS * EACH).collect::<Vec<_>>());
    log.publish().await.unwrap();
    assert_eq!(read_all(folder.path()), all.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>());
    assert_eq!(intact(folder.path()), (CALLERS * EACH, 0));
}

#[tokio::test]
async fn callers_that_are_ready_together_share_one_write() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open_with(folder.path(), &options(), disk::counted).unwrap();
    disk::WRITES.with(|writes| writes.set(0));
    let appends = (0..100).map(|i| {
        let log = log.clone();
        async move { log.append(&entry(i), Durability::Process).await.unwrap().index() }
    });
    let mut local = tokio::task::JoinSet::new();
    appends.for_each(|append| drop(local.spawn(append)));
    assert_eq!(local.join_all().await.into_iter().collect::<BTreeSet<_>>(), (0..100).collect());
    assert_eq!(disk::WRITES.with(std::cell::Cell::get), 1);
}

#[tokio::test]
async fn an_entry_that_is_too_long_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    assert_eq!(log.append(&vec![0; ENTRY_LENGTH_MAX + 1], Durability::Process).await, Err(AppendError::TooLong));
    assert_eq!(log.append(&vec![0; ENTRY_LENGTH_MAX], Durability::Process).await.unwrap().index(), 0);
}

#[tokio::test]
async fn appends_are_refused_while_too_much_waits_for_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(folder.path(), &LogOptions { unpublished_bytes_max: 1000, ..options() }).unwrap();
    log.append(&[1; 1000], Durability::Process).await.unwrap();
    assert_eq!(log.append(b"more", Durability::Process).await, Err(AppendError::Unpublished));
    log.publish().await.unwrap();
    assert_eq!(log.unpublished_bytes(), 0);
    assert_eq!(log.append(b"more", Durability::Process).await.unwrap().index(), 1);
}

/// Polls a future once.
fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn a_leader_that_is_dropped_hands_over() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let mut follower = pin!(log.append(b"follower", Durability::Process));
    let mut last = pin!(log.append(b"last", Durability::Process));
    {
        let mut leader = pin!(log.append(b"leader", Durability::Process));
        assert!(poll(leader.as_mut()).is_pending());
        assert!(poll(follower.as_mut()).is_pending());
        assert!(poll(last.as_mut()).is_pending());
    }
    assert_eq!(follower.await.unwrap().index(), 1);
    assert_eq!(last.await.unwrap().index(), 2);
    assert_eq!(read_all(folder.path()), [&b"leader"[..], b"follower", b"last"]);
}

#[tokio::test]
async fn leaders_that_are_dropped_one_after_the_other_hand_over_to_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let mut appends: Vec<_> = (0..20)
        .map(|i| {
            let log = log.clone();
            Box::pin(async move { log.append(&entry(i), Durability::Process).await })
        })
        .collect();
    appends.iter_mut().for_each(|append| assert!(poll(append.as_mut()).is_pending()));
    let last = appends.pop().unwrap();
    for (position, mut append) in appends.into_iter().enumerate() {
        // Some are dropped before they learn that they lead, some while they lead.
        if position % 2 == 1 {
            assert!(poll(append.as_mut()).is_pending());
        }
    }
    assert_eq!(last.await.unwrap().index(), 19);
    assert_eq!(read_all(folder.path()).len(), 20);
}

#[tokio::test]
async fn entries_whose_callers_are_all_gone_are_written_by_whoever_comes_next() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    {
        let mut leader = pin!(log.append(b"gone", Durability::Power));
        let mut member = pin!(log.append(b"gone too", Durability::Power));
        assert!(poll(leader.as_mut()).is_pending());
        assert!(poll(member.as_mut()).is_pending());
    }
    assert_eq!(log.size(), 0);
    assert_eq!(log.publish().await.unwrap().size(), 2);
    assert!(poll(pin!(log.append(b"gone", Durability::Process)).as_mut()).is_pending());
    assert_eq!(log.append(b"here", Durability::Power).await.unwrap().index(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_that_are_cancelled_at_any_point_block_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let mut callers = tokio::task::JoinSet::new();
    let mut doomed = Vec::new();
    for i in 0..400_u64 {
        let log = log.clone();
        let durability = if i % 3 == 0 { Durability::Power } else { Durability::Process };
        let task = async move { log.append(&entry(i), durability).await.map(|receipt| receipt.index()) };
        if i % 2 == 0 {
            drop(callers.spawn(task));
        } else {
            // A task that is aborted stands at whichever await it has reached.
            let task = callers.spawn(task);
            doomed.push(task);
        }
        if i % 7 == 0 {
            tokio::task::yield_now().await;
        }
        if let Some(victim) = doomed.pop() {
            victim.abort();
        }
    }
    let mut indexes = BTreeSet::new();
    let mut cancelled = 0;
    while let Some(ended) = callers.join_next().await {
        match ended {
            Ok(appended) => assert!(indexes.insert(appended.unwrap())),
            Err(error) => cancelled += u32::from(error.is_cancelled()),
        }
    }
    assert!(indexes.len() >= 200, "every caller that stayed has its receipt: {}", indexes.len());
    assert!(cancelled > 0, "some callers were cancelled");
    log.publish().await.unwrap();
    assert_eq!(read_all(folder.path()).len() as u64, log.size());
    assert_eq!(intact(folder.path()).1, 0);
}
