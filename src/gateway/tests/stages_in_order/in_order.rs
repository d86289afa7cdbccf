//! Every stage is given the evidence of the one before.

use egress::{Egress, EgressError, ForwardTicket, Unscanned};
use gateway::{
    Denial, Gateway, Recorder, Sessions,
    evidence::{Approved, Authenticated, Clean, InSession, Leg, Recorded},
};
use http::Response;

fn enter(caller: Authenticated, resource: &model::Resource, now: model::Timestamp) -> Result<InSession, Denial> {
    Sessions::enter(caller, resource, now)
}

async fn record(recorder: &Recorder, approved: &Approved, leg: Leg) -> Result<Recorded, Denial> {
    recorder.intent(approved, leg).await
}

async fn carry(egress: &dyn Egress, ticket: ForwardTicket) -> Result<Response<Unscanned>, EgressError> {
    egress.carry(ticket).await
}

async fn forward(gateway: &Gateway, approved: &Approved, leg: Leg) -> Result<Response<Clean>, Denial> {
    gateway.forward(approved, leg).await
}

fn send<B: http_body::Body>(_answer: Response<B>) {}

fn main() {
    let _stages = (enter, record, carry, forward, send::<Clean>);
}
