//! What is counted, in the text format of OpenMetrics. Labels come from the configuration and from our own words, never from callers.

use std::{fmt, time::Duration};

use egress::LeaseCounts;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use redact::{Class, Report};

use crate::upstream::Upstream;

/// From a tenth of a millisecond to about forty seconds.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_1, 2.5, 15))
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    upstream: String,
    /// `complete`, `cancelled`, `cut`, or the word of a refusal.
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClassLabels {
    class: String,
    upstream: String,
    /// `call` or `answer`.
    direction: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

/// The counters of one process.
pub struct Metrics {
    registry: Registry,
    calls: Family<CallLabels, Counter>,
    call_seconds: Histogram,
    masked: Family<ClassLabels, Counter>,
    detected: Family<ClassLabels, Counter>,
    exchanges: Family<OutcomeLabels, Counter>,
    sessions: Gauge,
    leases: Family<StateLabels, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("claviger");
        let (calls, exchanges) = (Family::default(), Family::default());
        let (masked, detected) = (Family::default(), Family::default());
        let (call_seconds, sessions, leases) = (seconds(), Gauge::default(), Family::default());
        registry.register("calls", "Calls by upstream and outcome", calls.clone());
        registry.register("call_seconds", "From the record of intent to the end of the answer", call_seconds.clone());
        registry.register("masked", "What was masked, by class, upstream and direction", masked.clone());
        registry.register(
            "detected",
            "What was found and left as it was, by class, upstream and direction",
            detected.clone(),
        );
        registry.register("exchanges", "Token exchanges by outcome", exchanges.clone());
        registry.register("sessions", "Sessions that run", sessions.clone());
        registry.register("leases", "Minted credentials by state", leases.clone());
        Self { registry, calls, call_seconds, masked, detected, exchanges, sessions, leases }
    }
}

impl Metrics {
    /// The text that a scraper reads.
    #[must_use]
    pub fn to_text(&self, sessions: usize, leases: LeaseCounts) -> String {
        let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.sessions.set(number(sessions));
        let LeaseCounts { live, revoking, irrevocable } = leases;
        for (state, count) in [("live", live), ("revoking", revoking), ("irrevocable", irrevocable)] {
            self.leases.get_or_create(&StateLabels { state }).set(number(count));
        }
        let mut text = String::new();
        // Writing to a string does not fail.
        let _written = encode(&mut text, &self.registry);
        text
    }

    pub(crate) fn call(&self, upstream: Option<&str>, outcome: &'static str) {
        // A caller may invent names of upstreams; those are counted together.
        let upstream = upstream.unwrap_or("_OTHER").to_owned();
        self.calls.get_or_create(&CallLabels { upstream, outcome }).inc();
    }

    pub(crate) fn settled(&self, latency: Duration, upstream: &Upstream, found: &Report) {
        self.call_seconds.observe(latency.as_secs_f64());
        self.found("answer", upstream, found);
    }

    /// What was found in a call or in an answer.
    pub(crate) fn found(&self, direction: &'static str, upstream: &Upstream, found: &Report) {
        let labels = |class: Class| ClassLabels {
            class: upstream.masking().name(class).to_owned(),
            upstream: upstream.name().to_string(),
            direction,
        };
        for (class, count) in found.classes() {
            self.masked.get_or_create(&labels(class)).inc_by(count);
        }
        for (class, count) in found.detected() {
            self.detected.get_or_create(&labels(class)).inc_by(count);
        }
    }

    pub(crate) fn exchange(&self, outcome: &'static str) {
        self.exchanges.get_or_create(&OutcomeLabels { outcome }).inc();
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(…)")
    }
}
