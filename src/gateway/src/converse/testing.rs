//! What the tests of both bridges stand on: a gateway with its sessions and its record, what a caller reads, and an upstream's socket.

mod messages;
mod object;
mod scene;
mod socket;

pub(crate) use self::{
    messages::Messages,
    object::{object, text},
    scene::Scene,
    socket::{Answer, event, serve, streamed, whole},
};
