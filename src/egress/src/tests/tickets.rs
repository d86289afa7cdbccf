//! A ticket sends the recorded bytes once, soon, and below the prefix.

use std::{sync::Arc, time::Duration};

use http::Method;

use crate::{
    Egress as _, EgressError, ForwardTicket, Outbound, TICKET_LIFE, TicketParts,
    testing::{Call, NOW, Recorder, Rig, bearer, caller, canary, upstream},
};

#[tokio::test]
async fn a_ticket_ends_two_seconds_after_its_record() {
    let recorder = Recorder::ok().await;
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), bearer());
    let rig = Rig::stored(&canary());
    let tickets = [Call::get(&api, "/").ticket(NOW), Call::get(&api, "/").ticket(NOW)];
    rig.clock.advance(TICKET_LIFE - Duration::from_millis(1));
    let [first, second] = tickets;
    rig.egress.carry(first).await.unwrap();
    rig.clock.advance(Duration::from_millis(1));
    assert_eq!(rig.egress.carry(second).await.unwrap_err(), EgressError::TicketExpired);
    assert_eq!(recorder.count(), 1);
}

#[tokio::test]
async fn a_ticket_does_not_outlive_its_session() {
    let recorder = Recorder::ok().await;
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), bearer());
    let rig = Rig::stored(&canary());
    let caller = Arc::new(caller("session-1".parse().unwrap(), NOW));
    let ended = TicketParts { caller, ..Call::get(&api, "/").parts(NOW) };
    assert_eq!(rig.egress.carry(ForwardTicket::new(ended)).await.unwrap_err(), EgressError::SessionEnded);
    assert_eq!(recorder.count(), 0);
}

#[tokio::test]
async fn a_tunnel_or_an_echo_is_no_call() {
    let recorder = Recorder::ok().await;
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), bearer());
    let rig = Rig::stored(&canary());
    for method in [Method::CONNECT, Method::TRACE] {
        let call = Call { method, ..Call::get(&api, "/") };
        assert_eq!(rig.carry(call).await.unwrap_err(), EgressError::MethodRefused);
    }
    for method in [Method::DELETE, Method::HEAD, Method::OPTIONS, Method::PATCH] {
        rig.carry(Call { method, ..Call::get(&api, "/") }).await.unwrap();
    }
    assert_eq!(recorder.count(), 4);
}

#[test]
fn a_ticket_shows_neither_headers_nor_query_nor_body() {
    let canary = canary();
    let api = upstream("http://127.0.0.1:9", bearer());
    let call = Call::get(&api, "/a?b=query-canary").with(&[("authorization", &canary)]);
    let body = Outbound::bytes(canary.clone().into());
    let shown = format!("{:?}", Call { body, ..call }.ticket(NOW));
    assert!(shown.contains("\"/a\"") && shown.contains("session-1"), "{shown}");
    assert!(!shown.contains(&canary) && !shown.contains("query-canary"), "{shown}");
}
