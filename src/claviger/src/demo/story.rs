//! The story of one agent, in order. What is said was checked a line before.

mod calls;
mod ending;
mod record;
mod refusals;
mod search;
mod session;

use super::{agent::Agent, scene::Scene, terminal::Terminal};
use crate::output::Failure;

/// What the agent asks for: less than it may.
pub(super) const SCOPE: &str = "workshop:echo workshop:delete_everything billing:read-invoice";

/// Tells it; the first claim that does not hold is a failure.
pub(super) async fn tell(scene: &Scene, terminal: &mut Terminal) -> Result<(), Failure> {
    let mut agent = Agent::new(scene);
    terminal.tell(
        "claviger: the story of one agent that uses credentials and holds none. Everything runs on this machine.",
    );
    session::set_the_scene(scene, terminal).await;
    session::log_in_and_exchange(&mut agent, terminal).await?;
    session::list_tools(scene, &mut agent, terminal).await?;
    calls::call_a_tool(scene, &mut agent, terminal).await?;
    calls::call_plain_http(scene, &mut agent, terminal).await?;
    refusals::denied_by_policy(scene, &mut agent, terminal).await?;
    refusals::beyond_its_scope(scene, &mut agent, terminal).await?;
    ending::revoke(scene, &mut agent, terminal).await?;
    record::read(scene, terminal).await?;
    record::edit(scene, terminal).await?;
    search::everywhere(scene, &agent, terminal).await
}

/// Ends the story where a claim does not hold.
fn told(holds: bool, claim: impl Into<String>) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::new(format!("this did not come out as told: {}", claim.into()))) }
}
