//! Two calls that are refused, of which the upstream hears nothing.

use http::{StatusCode, header};
use serde_json::{Value, json};

use super::told;
use crate::{
    demo::{agent::Agent, scene::Scene, terminal::Terminal},
    output::Failure,
};

pub(super) async fn denied_by_policy(scene: &Scene, agent: &mut Agent, terminal: &mut Terminal) -> Result<(), Failure> {
    terminal.chapter("The agent was talked into calling `delete_everything`").await;
    let before = scene.workshop.inbox.count();
    let seen = agent.call_tool("delete_everything", json!({})).await?;
    let word = seen.text("/error/data/error");
    told(word == "denied_by_policy", format!("policy denies the call (the answer was {} {word:?})", seen.status()))?;
    told(scene.workshop.inbox.count() == before, "the workshop hears nothing of a denied call")?;
    let code = seen.json().pointer("/error/code").and_then(Value::as_i64).unwrap_or_default();
    terminal.verbatim(&format!("JSON-RPC error {code}: {}", seen.text("/error/message")));
    terminal.checked("denied by the rule `nobody-deletes-everything`, although the session was granted it; the workshop heard nothing");
    Ok(())
}

pub(super) async fn beyond_its_scope(scene: &Scene, agent: &mut Agent, terminal: &mut Terminal) -> Result<(), Failure> {
    terminal.chapter("The agent calls `write_note`, which it did not ask for").await;
    let before = scene.workshop.inbox.count();
    let seen = agent.call_tool("write_note", json!({ "text": "I was here" })).await?;
    let challenge = seen.header(&header::WWW_AUTHENTICATE);
    told(seen.status() == StatusCode::FORBIDDEN, format!("a missing scope is 403 (it was {})", seen.status()))?;
    let names_scope =
        challenge.contains("error=\"insufficient_scope\"") && challenge.contains("scope=\"workshop:write_note\"");
    told(names_scope, "the challenge names the scope that is missing")?;
    told(scene.workshop.inbox.count() == before, "the workshop hears nothing of a call beyond the scope")?;
    terminal.verbatim(&format!("HTTP {}\nWWW-Authenticate: {}", seen.status(), challenge.replace(", ", ",\n  ")));
    terminal.checked("the agent is told which scope a new exchange would have to name; the workshop heard nothing");
    Ok(())
}
