//! What must not compile: a stage of a call that is skipped, and evidence that is forged, copied or used twice.

use egress::{Egress, EgressError, ForwardTicket, Unscanned};
use gateway::{
    Denial, Gateway, Recorder, Sessions,
    evidence::{Approved, Authenticated, Clean, InSession, Leg, Recorded, WithStandIns},
};
use http::Response;

/// Each file makes one such mistake; beside it stands what the compiler answers.
#[test]
fn a_skipped_stage_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/skipped_stages/*.rs");
}

/// The control of the test above: the same stages, each given the evidence of the one before, do compile.
#[test]
fn stages_in_order_compile() {
    fn enter(caller: Authenticated, resource: &model::Resource, now: model::Timestamp) -> Result<InSession, Denial> {
        Sessions::enter(caller, resource, now)
    }

    async fn record(recorder: &Recorder, approved: &Approved, exchange: WithStandIns) -> Result<Recorded, Denial> {
        recorder.intent(approved, exchange).await
    }

    async fn carry(egress: &dyn Egress, ticket: ForwardTicket) -> Result<Response<Unscanned>, EgressError> {
        egress.carry(ticket).await
    }

    async fn forward(gateway: &Gateway, approved: &Approved, leg: Leg) -> Result<Response<Clean>, Denial> {
        gateway.forward(approved, leg).await
    }

    fn send<B: http_body::Body>(_answer: Response<B>) {}

    let _stages = (enter, record, carry, forward, send::<Clean>);
}
