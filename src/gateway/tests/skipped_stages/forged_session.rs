use std::sync::Arc;

use gateway::{LiveSession, evidence::InSession};

fn forge(session: Arc<LiveSession>) -> InSession {
    InSession { session }
}

fn main() {}
