//! The end of the session, which the next call feels.

use http::StatusCode;
use serde_json::json;

use super::told;
use crate::{
    demo::{agent::Agent, scene::Scene, terminal::Terminal},
    output::Failure,
};

pub(super) async fn revoke(scene: &Scene, agent: &mut Agent, terminal: &mut Terminal) -> Result<(), Failure> {
    terminal.chapter("The session is revoked, with minutes of its life left").await;
    let before = scene.workshop.inbox.count();
    let revoked = agent.revoke().await?;
    told(revoked.status() == StatusCode::OK, format!("the session is revoked (the answer was {})", revoked.status()))?;
    let seen = agent.call_tool("echo", json!({})).await?;
    told(seen.status() == StatusCode::UNAUTHORIZED, format!("the next call is 401 (it was {})", seen.status()))?;
    told(scene.workshop.inbox.count() == before, "the workshop hears nothing of a call after the end")?;
    terminal.checked("the very next call, the same `echo` as before: 401, and the workshop heard nothing");
    Ok(())
}
