//! A credential stays on its own connections and goes to its own destination.

use std::{collections::HashSet, sync::Arc};

use dial::{DialOptions, Dialer};
use model::Injection;

use crate::{
    EgressError, ForwardPath, Keeping, Outbound, ProviderHandle, UpstreamTarget,
    forward::Draft,
    inject::inject,
    testing::{Call, NOW, Recorder, Rig, Source, bearer, canary, lease, parts, read, upstream},
};

#[tokio::test]
async fn two_credentials_of_one_destination_share_no_connection() {
    let (recorder, first, second) = (Recorder::ok().await, canary(), canary());
    let url = format!("http://127.0.0.1:{}", recorder.port);
    let target = |credential: &str, provider| {
        let mut parts = parts(&url, bearer());
        let slot = parts.credential.as_mut().unwrap();
        slot.binding.credential = credential.parse().unwrap();
        slot.provider = ProviderHandle(provider);
        Arc::new(UpstreamTarget::new(parts).unwrap())
    };
    let (one, two) = (target("one", 0), target("two", 1));
    let sources = [&first, &second].map(|text| (Source::stored(text), Keeping::Nothing));
    let rig = Rig::new(sources.into());
    for _ in 0..5 {
        for upstream in [&one, &two] {
            read(rig.carry(Call::get(upstream, "/")).await.unwrap()).await.unwrap();
        }
    }
    let connections = |secret: &str| -> HashSet<usize> {
        let value = format!("Bearer {secret}");
        recorder.received().iter().filter(|r| r.values("authorization") == [&value]).map(|r| r.connection).collect()
    };
    let (of_first, of_second) = (connections(&first), connections(&second));
    assert_eq!((of_first.len(), of_second.len()), (1, 1), "each is reused");
    assert!(of_first.is_disjoint(&of_second));
    assert_eq!(recorder.count(), 10);
}

#[test]
fn a_credential_is_not_opened_for_another_destination() {
    let text = canary();
    let here = upstream("https://api.example/v1", bearer());
    let dialer = Dialer::new(DialOptions::default());
    for elsewhere in [
        "https://evil.example/v1",
        "https://api.example/v1/users",
        "http://api.example/v1",
        "https://api.example:8443/v1",
    ] {
        let binding = parts(elsewhere, bearer()).credential.unwrap().binding;
        let path: ForwardPath = "/users".parse().unwrap();
        let mut draft = Draft::new(&here, http::Method::GET, &path, http::HeaderMap::new(), Outbound::empty()).unwrap();
        let refused = inject(&mut draft, &binding, &lease("l", &text, None), &dialer, NOW);
        assert_eq!(refused, Err(EgressError::CredentialBoundElsewhere), "{elsewhere}");
        assert!(!draft.headers.contains_key("authorization"));

        let binding = &here.credential().unwrap().binding;
        inject(&mut draft, binding, &lease("l", &text, None), &dialer, NOW).unwrap();
        assert_eq!(draft.headers["authorization"], format!("Bearer {text}"));
    }
}

#[tokio::test]
async fn a_streamed_body_has_no_slot() {
    let recorder = Recorder::ok().await;
    let api =
        upstream(&format!("http://127.0.0.1:{}", recorder.port), Injection::Body { pointer: "/token".to_owned() });
    let body = Outbound::stream(http_body_util::Full::new(bytes::Bytes::from_static(b"{}")));
    let refused = Rig::stored(&canary()).carry(Call { body, ..Call::post(&api, "/", "{}") }).await;
    assert_eq!(refused.unwrap_err(), EgressError::SlotMissing);
    assert_eq!(recorder.count(), 0);
}

#[tokio::test]
async fn every_opened_credential_is_looked_for_in_every_later_answer() {
    let (recorder, text) = (Recorder::ok().await, canary());
    let api = upstream(&format!("http://127.0.0.1:{}", recorder.port), bearer());
    let rig = Rig::stored(&text);
    assert!(rig.live.current().is_empty());
    let parts = rig.carry(Call::get(&api, "/")).await.unwrap().into_body().into_parts();
    assert_eq!(parts.fingerprints.confirm(&text.as_bytes()[..16]), Some(0));
    assert_eq!(rig.live.name(0).unwrap().as_str(), "key");
}
