//! `claviger token`: exchange, look at, and end a session token, over the broker's own endpoints.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Method, StatusCode};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use crate::{
    cli::TokenCommand,
    output::{Failure, say},
    unlock,
};

pub(crate) fn run(command: TokenCommand) -> Result<(), Failure> {
    match command {
        TokenCommand::Exchange { broker, audience, scope } => exchange(&broker, &audience, &scope),
        TokenCommand::Show => show(),
        TokenCommand::Revoke { broker } => revoke(&broker),
    }
}

fn exchange(broker: &str, audience: &[String], scope: &[String]) -> Result<(), Failure> {
    let subject = unlock::prompt("token of your identity provider: ")?;
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", token::GRANT_TYPE)
        .append_pair("subject_token", subject.expose())
        .append_pair("subject_token_type", "urn:ietf:params:oauth:token-type:jwt");
    for one in audience {
        form.append_pair("audience", one);
    }
    if !scope.is_empty() {
        form.append_pair("scope", &scope.join(" "));
    }
    let (status, body) = post(broker, "/token", Zeroizing::new(form.finish()))?;
    let answer: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    match answer.get("access_token").and_then(serde_json::Value::as_str) {
        Some(token) if status == StatusCode::OK => {
            say(token);
            Ok(())
        }
        _ => Err(refused(status, &answer)),
    }
}

fn show() -> Result<(), Failure> {
    let token = unlock::prompt("token: ")?;
    let payload = token.expose().split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let claims = payload.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    let claims = claims.ok_or_else(|| Failure::new("that is no signed token"))?;
    say(serde_json::to_string_pretty(&claims).unwrap_or_default());
    Ok(())
}

fn revoke(broker: &str) -> Result<(), Failure> {
    let token = unlock::prompt("session token: ")?;
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("token", token.expose());
    let (status, body) = post(broker, "/revoke", Zeroizing::new(form.finish()))?;
    if status == StatusCode::OK {
        say("the session has ended, or had already");
        return Ok(());
    }
    Err(refused(status, &serde_json::from_slice(&body).unwrap_or_default()))
}

fn refused(status: StatusCode, answer: &serde_json::Value) -> Failure {
    let text = |name: &str| answer.get(name).and_then(serde_json::Value::as_str).unwrap_or("no reason given");
    Failure::new(format!("refused ({}): {}: {}", status.as_u16(), text("error"), text("error_description")))
}

fn post(broker: &str, path: &str, form: Zeroizing<String>) -> Result<(StatusCode, bytes::Bytes), Failure> {
    let url = Url::parse(broker).and_then(|url| url.join(path));
    let url = url.map_err(|error| Failure::new(format!("{broker:?} is no URL: {error}")))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("no runtime can be started: {error}")))?;
    runtime.block_on(crate::client::send(
        Method::POST,
        &url,
        &[("content-type", "application/x-www-form-urlencoded")],
        form.as_bytes(),
    ))
}
