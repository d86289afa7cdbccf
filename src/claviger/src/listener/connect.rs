//! The pages on which a person connects an account.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use provider_oauth2::Redirected;
use url::Url;

use super::page;
use crate::connections::{Browser, Connections, Next, NotConnected, Place, WAIT_MAX};

/// Ties every step to the browser that took the one before. Its prefix keeps other hosts from setting it.
const COOKIE: &str = "__Host-claviger-connect";

/// Exactly what [`Browser::new`] gives: 256 bits in Base64.
const COOKIE_LENGTH: usize = 43;

/// The routes of the pages.
pub(super) fn router(connections: Arc<Connections>) -> Router {
    Router::new()
        .route("/connect/{link}", get(open))
        .route("/connect/consent/{yes}", get(consent))
        .route("/connect/login/{issuer}", get(signed_in))
        .route("/connect/account/{provider}", get(consented))
        .with_state(connections)
}

/// A person opens the link.
async fn open(State(connections): State<Arc<Connections>>, Path(link): Path<String>, headers: HeaderMap) -> Response {
    // A browser that has a cookie keeps it: the person may connect two accounts at once.
    let (browser, cookie) = match cookie(&headers) {
        Some(cookie) => (Browser::of(cookie), cookie.to_owned()),
        None => match Browser::new() {
            Some(new) => new,
            None => return sorry(NotConnected::Failed),
        },
    };
    let sent = connections.open(&link, browser).await.map(|url| away(&url));
    let mut response = sent.unwrap_or_else(sorry);
    // Lax, because the browser comes back from another site.
    let age = WAIT_MAX.as_secs();
    let cookie = format!("{COOKIE}={cookie}; Path=/; Max-Age={age}; Secure; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// The person said yes.
async fn consent(State(connections): State<Arc<Connections>>, Path(yes): Path<String>, headers: HeaderMap) -> Response {
    let Some(browser) = browser(&headers) else { return sorry(NotConnected::Foreign) };
    connections.consent(&yes, browser).await.map_or_else(sorry, |url| away(&url))
}

/// The browser comes back from the issuer of the person.
async fn signed_in(
    state: State<Arc<Connections>>,
    Path(issuer): Path<String>,
    query: RawQuery,
    headers: HeaderMap,
) -> Response {
    come_back(state, issuer.parse().map(Place::Login).ok(), query, &headers).await
}

/// The browser comes back from the account's server.
async fn consented(
    state: State<Arc<Connections>>,
    Path(provider): Path<String>,
    query: RawQuery,
    headers: HeaderMap,
) -> Response {
    come_back(state, provider.parse().map(Place::Account).ok(), query, &headers).await
}

async fn come_back(
    State(connections): State<Arc<Connections>>,
    place: Option<Place>,
    RawQuery(query): RawQuery,
    headers: &HeaderMap,
) -> Response {
    let redirected = query.and_then(|query| Redirected::parse(&query));
    let (Some(place), Some(redirected)) = (place, redirected) else { return sorry(NotConnected::Foreign) };
    // Without a cookie it is some other browser; the state is used up all the same, for it has been seen there.
    let browser = browser(headers).unwrap_or_else(|| Browser::of(""));
    match connections.come_back(&place, browser, redirected).await {
        Ok(Next::Ask { invitation, yes }) => page::ask(&invitation, &yes),
        Ok(Next::Connected(invitation)) => page::connected(&invitation),
        Err(why) => sorry(why),
    }
}

fn browser(headers: &HeaderMap) -> Option<Browser> {
    cookie(headers).map(Browser::of)
}

/// The one cookie of ours that a browser sends. Two are nobody's.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let fields = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut ours = pairs.filter(|(name, _)| *name == COOKIE).map(|(_, value)| value);
    let first = ours.next().filter(|value| {
        value.len() == COOKIE_LENGTH && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    });
    first.filter(|_| ours.next().is_none())
}

fn away(url: &Url) -> Response {
    let Ok(url) = HeaderValue::try_from(url.as_str()) else { return sorry(NotConnected::Failed) };
    let headers = [(header::LOCATION, url), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    let no_referrer = [(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"))];
    (StatusCode::SEE_OTHER, headers, no_referrer).into_response()
}

fn sorry(why: NotConnected) -> Response {
    page::sorry(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_known_by_one_whole_cookie() {
        let (value, other) = ("a".repeat(COOKIE_LENGTH), "b".repeat(COOKIE_LENGTH));
        let read = |text: &str| {
            let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::try_from(text).unwrap())]);
            cookie(&headers).map(str::to_owned)
        };
        assert_eq!(read(&format!("a=b; {COOKIE}={value}; c=d")), Some(value.clone()));
        for text in [
            format!("claviger-connect={value}"),
            format!("x{COOKIE}={value}"),
            format!("{COOKIE}="),
            format!("{COOKIE}={value}x"),
            format!("{COOKIE}={value}; {COOKIE}={other}"),
            format!("{COOKIE}={}", "é".repeat(21)),
        ] {
            assert_eq!(read(&text), None, "{text}");
        }
        assert_eq!(cookie(&HeaderMap::new()), None);
    }
}
