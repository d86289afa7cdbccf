use gateway::{
    Recorder,
    evidence::{Permit, WithHandles},
};

async fn record(recorder: &Recorder, permit: &Permit, exchange: WithHandles) {
    let _ = recorder.intent(permit, exchange).await;
}

fn main() {}
