//! The handshake of the older era, answered from what a modern upstream says of itself.

use http::{HeaderValue, Response, StatusCode};
use mcp::{
    Fault, Json, Method, Object, Outcome, Rejected, Request, Version,
    legacy::{Handshake, MCP_SESSION_ID},
    meta::{self, ClientMeta},
};

use super::{
    super::{json, sessions::Opening},
    learned::serving,
    offers::{Offers, legacy_capabilities},
    said::recoded,
};
use crate::{Gateway, approve::Approved, denial::Denial, mask::Clean};

/// A caller that sets no level is told what a server of the older era would usually say unasked.
const LEVEL: &str = "info";
/// What a client can do in both eras alike.
const SHARED: [&str; 4] = ["elicitation", "sampling", "roots", "experimental"];

/// Opens a session for the caller. The upstream is asked what it is on each handshake: its answer may depend on who asks.
pub(super) async fn initialize(
    gateway: &Gateway,
    approved: &Approved,
    request: &Request,
) -> Result<Response<Clean>, Denial> {
    let rejected = |fault| Denial::Malformed(Rejected::new(fault, Some(request.id().clone())));
    let handshake = Handshake::of(request).map_err(rejected)?;
    let version = Version::negotiate(handshake.requested_version);
    let client = |level: Option<&str>| {
        let info = Some(handshake.client_info.clone());
        ClientMeta::new(shared_with(handshake.capabilities), info, level.map(str::to_owned))
    };
    let discovering = approved.serving(Method::Discover.as_str());
    let discovered = serving(gateway, &discovering, &client(None), Method::Discover, Object::new()).await?;
    let callers = request.id().clone();
    let discovered = match discovered {
        Outcome::Result(discovered) => discovered,
        Outcome::Error(error) => {
            let error = mcp::Response::new(Some(callers), Outcome::Error(error)).to_vec();
            return Ok(json(StatusCode::OK, Clean::ours(recoded(&error))));
        }
    };
    let (result, offers) = initialized(discovered, version, approved.upstream().name().as_str())?;
    let opening = Opening { upstream_session: None, version, client: client(offers.logging.then_some(LEVEL)) };
    let now = approved.facts().arrived;
    let sessions = &gateway.conversations.legacy;
    let id = sessions.open(approved, opening, now)?;
    sessions.find(approved, Some(&id), now)?.lifted.begin(offers);
    let body = mcp::Response::new(Some(callers), Outcome::Result(result)).to_vec();
    let mut response = json(StatusCode::OK, Clean::ours(body));
    let id = HeaderValue::try_from(id.as_str());
    let id = id.map_err(|_| Denial::Malformed(Rejected::new(Fault::SessionSyntax, None)))?;
    response.headers_mut().insert(MCP_SESSION_ID, id);
    Ok(response)
}

/// The result of `initialize` that says what `server/discover` said.
fn initialized(mut discovered: Object, version: Version, upstream: &str) -> Result<(Object, Offers), Denial> {
    let invalid = |reason| Denial::UpstreamProtocol { reason };
    let supported = discovered.member("supportedVersions").and_then(Json::as_array).unwrap_or_default();
    if !supported.iter().any(|supported| supported.as_str() == Some(Version::MODERN.as_str())) {
        return Err(invalid("the upstream does not speak the current version"));
    }
    let capabilities = discovered.member("capabilities").and_then(Json::as_object);
    let capabilities = capabilities.ok_or(invalid("the upstream does not say what it can do"))?;
    let offers = Offers::of(capabilities);
    // The older era requires a name and a version; a modern server may keep both to itself.
    let named = |info: &&Object| {
        ["name", "version"].iter().all(|key| info.member(key).is_some_and(|text| text.as_str().is_some()))
    };
    let server = meta::server_info(&discovered).filter(named).cloned();
    let server = server.unwrap_or_else(|| Object::new().with("name", upstream).with("version", ""));
    let result = Object::new()
        .with("protocolVersion", version.as_str())
        .with("capabilities", legacy_capabilities(capabilities))
        .with("serverInfo", server);
    let instructions = discovered.remove("instructions").filter(|instructions| instructions.as_str().is_some());
    Ok((result.with_some("instructions", instructions), offers))
}

/// What a client of the older era can do, in the words of the current one. Tasks work differently there, and nobody is told
/// when roots change.
fn shared_with(capabilities: &Object) -> Object {
    let shared = capabilities.iter().filter(|(name, value)| SHARED.contains(name) && value.as_object().is_some());
    shared.fold(Object::new(), |told, (name, value)| match name {
        "roots" => told.with(name, Object::new()),
        name => told.with(name, value.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converse::testing::object;

    fn told(discovered: &str) -> Result<String, &'static str> {
        match initialized(object(discovered), Version::V2025_06_18, "shop") {
            Ok((result, _)) => Ok(String::from_utf8(result.to_vec()).unwrap()),
            Err(Denial::UpstreamProtocol { reason }) => Err(reason),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_modern_server_is_introduced_in_the_older_words() {
        assert_eq!(
            told(r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{},"extensions":{}},
                "instructions":"i","ttlMs":1,"cacheScope":"public",
                "_meta":{"io.modelcontextprotocol/serverInfo":{"name":"n","version":"1","title":"t"}}}"#),
            Ok(r#"{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"n","version":"1","title":"t"},"instructions":"i"}"#.to_owned())
        );
        assert_eq!(
            told(
                r#"{"supportedVersions":["2026-07-28"],"capabilities":{},"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"n"}}}"#
            ),
            Ok(r#"{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"shop","version":""}}"#
                .to_owned())
        );
        assert!(told(r#"{"supportedVersions":["2025-11-25"],"capabilities":{}}"#).is_err());
        assert!(told(r#"{"supportedVersions":["2026-07-28"],"capabilities":[]}"#).is_err());
    }

    #[test]
    fn a_client_declares_only_what_both_eras_mean_alike() {
        let declared = object(
            r#"{"roots":{"listChanged":true},"sampling":{"tools":{}},"elicitation":{},"tasks":{"list":{}},"extensions":{"x":{}},"experimental":7}"#,
        );
        let told = String::from_utf8(shared_with(&declared).to_vec()).unwrap();
        assert_eq!(told, r#"{"roots":{},"sampling":{"tools":{}},"elicitation":{}}"#);
    }
}
