//! Two calls that succeed: what the agent saw beside what the upstream received.

use http::{HeaderName, Method, StatusCode, header};
use serde_json::{Value, json};

use super::told;
use crate::{
    demo::{
        agent::{Agent, Seen},
        billing::SLOT,
        inbox::Received,
        scene::{Scene, Upstream},
        terminal::Terminal,
        workshop::PREFIX,
    },
    output::Failure,
};

/// What stands in place of a credential that was masked.
const MARKER: &str = "(masked-secret)";

pub(super) async fn call_a_tool(scene: &Scene, agent: &mut Agent, terminal: &mut Terminal) -> Result<(), Failure> {
    terminal.chapter("The agent calls `echo`, which gives away every header that it got").await;
    let arguments = json!({ "greeting": "hello, workshop" });
    let seen = agent.call_tool("echo", arguments.clone()).await?;
    let received = one_more(&scene.workshop, 2)?;
    let text = seen.text("/result/content/0/text");
    side_by_side(terminal, &scene.workshop, &received, &text);
    injected(&scene.workshop, &received, &header::AUTHORIZATION, PREFIX, agent)?;
    let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
    told(body.pointer("/params/arguments") == Some(&arguments), "the arguments arrive as they were sent")?;
    told(text.contains(&arguments.to_string()), "the answer itself arrives")?;
    masked(&scene.workshop, &seen, &text, 2)?;
    terminal.checked("the upstream received the stored key, and nothing of the agent's session token");
    terminal.checked(
        "what it leaked came back masked: the header, and its copy in base64; the rest of the answer is untouched",
    );
    Ok(())
}

pub(super) async fn call_plain_http(scene: &Scene, agent: &mut Agent, terminal: &mut Terminal) -> Result<(), Failure> {
    terminal.chapter("The agent reads an invoice over plain HTTP").await;
    let seen = agent.request(Method::GET, "/invoices/42").await?;
    let received = one_more(&scene.billing, 1)?;
    side_by_side(terminal, &scene.billing, &received, &seen.body());
    injected(&scene.billing, &received, &SLOT, "", agent)?;
    told(seen.text("/total") == "112.00 EUR", "the invoice arrives")?;
    masked(&scene.billing, &seen, &seen.body(), 1)?;
    terminal.checked(
        "another upstream, another key, another slot; the agent did the same as before: it sent its session token",
    );
    let seen = agent.request(Method::DELETE, "/invoices/42").await?;
    told(seen.status() == StatusCode::FORBIDDEN, "no operation allows to delete an invoice")?;
    told(seen.text("/error") == "unknown_operation", "the refusal says that no operation is meant")?;
    told(scene.billing.inbox.count() == 1, "nothing of the refused request reaches the upstream")?;
    terminal.checked(
        "DELETE of the same invoice: 403, no operation of the configuration has this method; billing heard nothing",
    );
    Ok(())
}

/// The request that reached an upstream just now, as the `count`th.
fn one_more(upstream: &Upstream, count: usize) -> Result<Received, Failure> {
    told(upstream.inbox.count() == count, "one call of the agent is one request at the upstream")?;
    upstream.inbox.last().ok_or_else(|| Failure::new("the upstream received nothing"))
}

fn side_by_side(terminal: &mut Terminal, upstream: &Upstream, received: &Received, seen: &str) {
    let mut right = vec![format!("{} {}", received.method, received.path)];
    right.extend(received.lines().iter().map(|line| upstream.key.hidden_in(line)));
    let left: Vec<_> = seen.lines().map(str::to_owned).collect();
    terminal.columns(("what the agent saw", &left), ("what the upstream received", &right));
}

/// Whether the stored key, and nothing of the agent's own, reached the upstream.
fn injected(
    upstream: &Upstream,
    received: &Received,
    slot: &HeaderName,
    prefix: &str,
    agent: &Agent,
) -> Result<(), Failure> {
    let once = received.headers.get_all(slot).iter().count() == 1;
    told(once && upstream.key.is_in_slot(prefix, received.header(slot)), "the stored key is in its slot, once")?;
    let everything = [received.lines().join("\n").as_bytes(), &received.body].concat();
    let token = agent.session_token().as_bytes();
    told(
        !token.is_empty() && !everything.windows(token.len()).any(|window| window == token),
        "the session token stays here",
    )
}

fn masked(upstream: &Upstream, seen: &Seen, text: &str, leaks: usize) -> Result<(), Failure> {
    told(seen.status() == StatusCode::OK, "the call succeeds")?;
    let masked = text.matches(MARKER).count();
    told(masked == leaks, format!("what was leaked is masked, {leaks} times (it was {masked})"))?;
    told(!upstream.key.stands_in(seen.body().as_bytes()), "the stored key does not come back")
}
