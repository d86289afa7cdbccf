//! Pages for people: text and at most one link, without script, that nobody keeps or frames.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use crate::connections::{Invitation, NotConnected};

/// Nothing is loaded, sent or framed. The one link is no form, because a form could not be sent on to a server that sends the
/// browser on in turn.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Asks a person who has shown who they are. Going on without this page would connect an account by a link alone.
pub(super) fn ask(invitation: &Invitation, yes: &str) -> Response {
    let Invitation { agent, subject, upstream, .. } = invitation;
    let (id, issuer) = (escaped(&subject.id), escaped(&subject.issuer));
    page(
        StatusCode::OK,
        "Connect an account",
        &format!(
            "<p>You are signed in as <b>{id}</b> ({issuer}).</p>\
             <p>The agent <b>{agent}</b> asks to use an account of yours at <b>{upstream}</b>. Every agent that acts for you and may \
             call {upstream} will use the account that you connect.</p>\
             <p><a href=\"/connect/consent/{yes}\" rel=\"noreferrer\">Go on to {upstream}</a></p>\
             <p>If you did not expect this, close the page: nothing has been connected.</p>"
        ),
    )
}

/// Says that it is done.
pub(super) fn connected(invitation: &Invitation) -> Response {
    let Invitation { upstream, .. } = invitation;
    let text =
        format!("<p>Your account at <b>{upstream}</b> is connected. Close this page, and go back to your agent.</p>");
    page(StatusCode::OK, "Connected", &text)
}

/// Says that it is not.
pub(super) fn sorry(why: NotConnected) -> Response {
    page(why.status(), "Not connected", &format!("<p>{why}</p>"))
}

fn page(status: StatusCode, title: &str, content: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title></head>\
         <body><h1>{title}</h1>{content}</body></html>\n"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    (status, headers, html).into_response()
}

/// Text of an issuer, which must not become markup.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other if other.is_control() => {}
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_writes_no_markup() {
        assert_eq!(escaped("<a href='x'>\"&\n"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;");
    }
}
