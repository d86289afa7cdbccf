//! Who takes part, and how the agent comes to a session.

use http::StatusCode;
use serde_json::Value;

use super::{SCOPE, told};
use crate::{
    demo::{agent::Agent, identity_provider::CLIENT, scene::Scene, terminal::Terminal, workshop::TOOLS},
    output::Failure,
};

pub(super) async fn set_the_scene(scene: &Scene, terminal: &mut Terminal) {
    terminal.chapter("Who takes part").await;
    let row = |who: &str, place: String, what: &str| [who.to_owned(), place, what.to_owned()];
    terminal.table(
        ["who", "where", "what"],
        &[
            row("identity provider", scene.provider.issuer().to_owned(), "a small one, for this demonstration only"),
            row("broker", scene.public_url.clone(), "what `claviger serve` runs, with a configuration and policies"),
            row(
                "workshop",
                format!("http://{}/mcp", scene.workshop.address),
                "an MCP server that wants a key, and leaks it",
            ),
            row(
                "billing",
                format!("http://{}/v1", scene.billing.address),
                "a plain HTTP API that wants another key, and leaks it",
            ),
        ],
    );
    terminal.tell("");
    terminal
        .tell("The two keys are random. They are sealed in the broker's vault, each for one slot of one destination:");
    let row = |name: &str, description: String, slot: String| [name.to_owned(), description, slot];
    terminal.table(
        ["key", "what may be said of it", "the one place it goes to"],
        &[
            row(
                "workshop-key",
                scene.workshop.key.description(),
                format!("Authorization at {}", scene.workshop.address),
            ),
            row("billing-key", scene.billing.key.description(), format!("X-Api-Key at {}", scene.billing.address)),
        ],
    );
    terminal.tell("");
    terminal.tell(&format!("The agent, `{CLIENT}`, can log in at its identity provider. It holds neither key."));
}

pub(super) async fn log_in_and_exchange(agent: &mut Agent, terminal: &mut Terminal) -> Result<(), Failure> {
    terminal.chapter("The agent proves who it is, and gets a session").await;
    let login = agent.log_in().await?;
    let subject_token = login.text("/access_token");
    told(
        login.status() == StatusCode::OK && !subject_token.is_empty(),
        "the identity provider gives the agent a token",
    )?;
    terminal.checked("its identity provider gives it a signed token that says who it is");
    let exchanged = agent.exchange(&subject_token, SCOPE).await?;
    let answer = exchanged.json();
    let seconds = answer.get("expires_in").and_then(Value::as_u64).unwrap_or_default();
    let mut granted: Vec<_> = answer.get("scope").and_then(Value::as_str).unwrap_or_default().split(' ').collect();
    let mut wanted: Vec<_> = SCOPE.split(' ').collect();
    granted.sort_unstable();
    wanted.sort_unstable();
    told(
        exchanged.status() == StatusCode::OK,
        format!("the token is exchanged (the answer was {})", exchanged.status()),
    )?;
    told(granted == wanted, "exactly the scopes that were asked for are granted")?;
    // The clock may move on by a second or two between the grant and the answer.
    told((890..=900).contains(&seconds), format!("the session lives for 15 minutes (it was {seconds} s)"))?;
    terminal.checked("the broker exchanges that token (RFC 8693) for a session token of 15 minutes, for this only:");
    terminal.verbatim(&granted.join("\n"));
    Ok(())
}

pub(super) async fn list_tools(scene: &Scene, agent: &mut Agent, terminal: &mut Terminal) -> Result<(), Failure> {
    terminal.chapter("The agent lists the workshop's tools").await;
    let listed = agent.list_tools().await?.json();
    let tools = listed.pointer("/result/tools").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let shown: Vec<_> = tools.iter().filter_map(|tool| tool.get("name")?.as_str()).collect();
    told(scene.workshop.inbox.count() == 1, "the workshop was asked for its list once")?;
    told(shown == ["echo"], format!("of the tools only `echo` is shown (it was {shown:?})"))?;
    let row = |(name, _): (&str, &str), why: &str| [name.to_owned(), why.to_owned()];
    let [echo, write_note, delete_everything] = TOOLS;
    terminal.table(
        ["the workshop has", "and the agent"],
        &[
            row(echo, "is shown it"),
            row(write_note, "is not: the session was not granted it"),
            row(delete_everything, "is not: granted, but a policy forbids it to everybody"),
        ],
    );
    terminal.checked("the agent is shown what it may call, and nothing else");
    Ok(())
}
