//! The listener for operators: health, readiness and metrics. No token of an agent is looked at here, or leads here.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{Router, extract::State, routing::get};
use http::{Request, Response, StatusCode, header};
use hyper::body::Incoming;
use tower::ServiceExt as _;

use super::{Answer, Outgoing};
use crate::broker::Broker;

/// The media type of the text that metrics are given in.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers operators.
pub(crate) struct Admin {
    routes: Router,
    ready: Arc<AtomicBool>,
}

struct Facts {
    broker: Arc<Broker>,
    ready: Arc<AtomicBool>,
}

impl Admin {
    /// Not ready until it is told.
    pub(crate) fn new(broker: Arc<Broker>) -> Self {
        let ready = Arc::new(AtomicBool::new(false));
        let facts = Arc::new(Facts { broker, ready: Arc::clone(&ready) });
        let routes = Router::new()
            .route("/healthz", get(|| async { "alive\n" }))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .with_state(facts);
        Self { routes, ready }
    }

    /// Says whether calls are taken.
    pub(crate) fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Release);
    }
}

async fn readyz(State(facts): State<Arc<Facts>>) -> (StatusCode, &'static str) {
    if facts.ready.load(Ordering::Acquire) {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

async fn metrics(State(facts): State<Arc<Facts>>) -> ([(header::HeaderName, &'static str); 1], String) {
    let text = facts.broker.metrics.to_text(facts.broker.sessions.count(), facts.broker.egress.lease_counts());
    ([(header::CONTENT_TYPE, OPENMETRICS)], text)
}

impl Answer for Admin {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Outgoing> {
        let answered = self.routes.clone().oneshot(request.map(axum::body::Body::new)).await;
        answered.map_or_else(|never| match never {}, |answer| answer.map(Outgoing::Ours))
    }
}
