use gateway::{Sessions, evidence::Authenticated};

fn enter(caller: Authenticated, resource: &model::Resource, now: model::Timestamp) {
    let _ = Sessions::enter(caller, resource, now);
    let _ = Sessions::enter(caller, resource, now);
}

fn main() {}
