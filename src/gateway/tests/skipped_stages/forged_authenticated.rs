use std::sync::Arc;

use gateway::{LiveSession, evidence::Authenticated};

fn forge(session: Arc<LiveSession>) -> Authenticated {
    Authenticated { session }
}

fn main() {}
