use gateway::{
    Recorder,
    evidence::{Approved, Leg},
};

async fn record(recorder: &Recorder, approved: &Approved, leg: Leg) {
    let _ = recorder.intent(approved, leg).await;
}

fn main() {}
