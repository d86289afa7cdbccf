use gateway::{
    Recorder,
    evidence::{Permit, WithStandIns},
};

async fn record(recorder: &Recorder, permit: &Permit, exchange: WithStandIns) {
    let _ = recorder.intent(permit, exchange).await;
}

fn main() {}
