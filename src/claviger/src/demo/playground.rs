//! What there is to try while the demonstration stays up: commands to copy and paste.

use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _};

use super::{agent::Agent, scene::Scene, terminal::Terminal};
use crate::output::Failure;

/// The file with the agent's way to log in, as a header for curl.
const LOGIN: &str = "agent-login";
/// The file with a session token, as a header for curl.
const SESSION: &str = "agent-session";

/// Gives the agent a new session, and says what can be done with it.
pub(super) async fn show(scene: &Scene, terminal: &mut Terminal) -> Result<(), Failure> {
    let mut agent = Agent::new(scene);
    let subject_token = agent.log_in().await?.text("/access_token");
    agent.exchange(&subject_token, "workshop:* billing:*").await?;
    keep(scene, LOGIN, &format!("Authorization: {}\n", scene.provider.client_authorization()))?;
    keep(scene, SESSION, &format!("Authorization: Bearer {}\n", agent.session_token()))?;
    let program = std::env::current_exe().map_or_else(|_| "claviger".to_owned(), |path| path.display().to_string());
    let (broker, issuer) = (&scene.public_url, scene.provider.issuer());
    terminal.chapter("Yours to play with, until Ctrl-C").await;
    terminal.tell("All of it stays up. The agent has a new session for everything that it may ask for. Begin with:");
    terminal.verbatim(&format!("cd {}", scene.folder.display()));
    terminal.tell("");
    terminal.tell("Call `echo` as the agent (the same with `write_note`; `delete_everything` stays forbidden):");
    terminal.verbatim(&tool_call(broker));
    terminal.tell("");
    terminal.tell("Read an invoice; call the API without the broker, and be refused:");
    terminal.verbatim(&format!("curl -si -H @{SESSION} {broker}/http/billing/invoices/42"));
    terminal.verbatim(&format!("curl -si -H @{SESSION} http://{}/v1/invoices/42", scene.billing.address));
    terminal.tell("");
    terminal.tell("End the session, and get another one:");
    terminal.verbatim(&format!("sed 's/.* //' {SESSION} | {program} token revoke --broker {broker}"));
    terminal.verbatim(&format!(
        "curl -s -H @{LOGIN} -d grant_type=client_credentials -d resource={broker} {issuer}/token \\\n  \
         | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/' | {program} token exchange --broker {broker} \\\n  \
         | sed 's/^/Authorization: Bearer /' > {SESSION}"
    ));
    terminal.tell("");
    terminal.tell("Verify the record; look at the edited copy; what is stored; the metrics; the log:");
    terminal.verbatim(&format!(
        "{program} audit verify\n{program} audit verify --folder edited-copy --key data/audit-verifier-key\n\
         {program} secret list\ncurl -s {}/metrics\ntail -f broker.log",
        scene.admin_url
    ));
    terminal.tell("");
    terminal.tell(
        "The configuration is claviger.toml, the policy policy/workshop.cedar. The folder is removed at the end.",
    );
    Ok(())
}

fn tool_call(broker: &str) -> String {
    let meta = "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{}}";
    format!(
        "curl -si -H @{SESSION} -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\\n  \
         -H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: tools/call' -H 'Mcp-Name: echo' {broker}/mcp/workshop \\\n  \
         -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"echo\",\"arguments\":{{\"hello\":\"you\"}},\n       \
         {meta}}}}}'"
    )
}

/// Writes what the agent holds into a file that only its owner can read.
fn keep(scene: &Scene, name: &str, text: &str) -> Result<(), Failure> {
    let path = scene.folder.join(name);
    let file = fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))
}
