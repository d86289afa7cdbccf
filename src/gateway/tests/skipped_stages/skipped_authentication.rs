use std::sync::Arc;

use gateway::{LiveSession, Sessions};

fn enter(session: Arc<LiveSession>, resource: &model::Resource, now: model::Timestamp) {
    let _ = Sessions::enter(session, resource, now);
}

fn main() {}
