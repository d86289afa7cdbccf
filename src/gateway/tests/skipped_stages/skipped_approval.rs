use gateway::{
    Recorder,
    evidence::{Leg, Permit},
};

async fn record(recorder: &Recorder, permit: &Permit, leg: Leg) {
    let _ = recorder.intent(permit, leg).await;
}

fn main() {}
