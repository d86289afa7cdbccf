//! People: an OpenID provider that signs them in and asks for their consent, and the browser that they use.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};
use url::Url;

use super::{
    canary,
    http_client::{self, Answer},
    peers::Node,
    process::Process,
};

/// More pages than any sign-in and consent have.
const STEPS_MAX: usize = 16;

/// A running provider: see `tests/peers/node/people.mjs`.
#[derive(Debug)]
pub(crate) struct People {
    _process: Process,
    issuer: String,
}

impl People {
    /// Starts it on a free port. It serves nobody before [`People::begin`].
    pub(crate) async fn start(node: &Node) -> Self {
        let ready = |line: &str| serde_json::from_str::<Value>(line).ok()?["issuer"].as_str().map(str::to_owned);
        let (process, issuer) = Process::start("people", node.script("people.mjs"), "", ready).await;
        Self { _process: process, issuer }
    }

    /// Its issuer identifier, `http://127.0.0.1:PORT`.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Serves one client, whose secret this gives, to whom people may grant a scope of a resource.
    pub(crate) async fn begin(&self, client: &str, redirect_uri: &str, granted: Option<(&str, &str)>) -> String {
        let secret = canary::canary("client secret");
        let client = json!({ "client_id": client, "client_secret": secret, "redirect_uris": [redirect_uri] });
        let (resource, scope) = granted.unzip();
        self.control("begin", json!({ "clients": [client], "resource": resource, "scope": scope })).await;
        secret
    }

    /// A token of a person, for the exchange.
    pub(crate) async fn subject_token(&self, person: &str, audience: &str) -> String {
        self.subject_token_with(person, audience, json!({})).await
    }

    /// The same with further claims.
    pub(crate) async fn subject_token_with(&self, person: &str, audience: &str, claims: Value) -> String {
        let asked = json!({ "sub": person, "audience": audience, "claims": claims });
        let answer = self.control("subject-token", asked).await;
        let token = answer["token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned();
        canary::register("subject token", &token);
        token
    }

    /// Whose access token it is.
    pub(crate) async fn owner(&self, token: &str) -> Option<String> {
        self.control("owner", json!({ "token": token })).await["owner"].as_str().map(str::to_owned)
    }

    /// Ends every refresh token, as a person does who takes a consent back.
    pub(crate) async fn end(&self) {
        self.control("end", json!({})).await;
    }

    /// Watches for every code and token that it has given out. How many those are.
    pub(crate) async fn watch_issued(&self) -> usize {
        let answer = self.control("issued", json!({})).await;
        let issued = answer["issued"].as_array().unwrap_or_else(|| panic!("nothing: {answer}"));
        for token in issued.iter().filter_map(Value::as_str) {
            canary::register("code or token of the authorization server", token);
        }
        issued.len()
    }

    async fn control(&self, what: &str, said: Value) -> Value {
        let url = format!("{}/control/{what}", self.issuer);
        http_client::send(Method::POST, &url, HeaderMap::new(), said.to_string()).await.json()
    }
}

/// A person's browser: it keeps cookies by host and port, and goes where it is sent.
#[derive(Debug, Default)]
pub(crate) struct Browser(BTreeMap<String, BTreeMap<String, String>>);

impl Browser {
    /// Opens one page.
    pub(crate) async fn visit(&mut self, url: &str) -> Answer {
        let answer = http_client::send(Method::GET, url, self.cookies(url), "").await;
        self.keep(url, answer)
    }

    /// From an address that sends the browser away to the address below `home` that it is sent back to: signs in as `person` and
    /// consents wherever it is asked.
    ///
    /// # Panics
    ///
    /// With the page, where there is another one.
    pub(crate) async fn errand(&mut self, from: &str, home: &str, person: &str) -> String {
        let mut url = location(&self.visit(from).await, from);
        for _ in 0..STEPS_MAX {
            if url.starts_with(home) {
                return url;
            }
            let mut answer = self.visit(&url).await;
            if answer.status == 200 {
                let page = String::from_utf8_lossy(&answer.body).into_owned();
                let prompt = if page.contains(r#"value="login""#) { "login" } else { "consent" };
                let fields = [("prompt", prompt), ("login", person), ("password", "any")];
                answer = http_client::post_form(&url, self.cookies(&url), &fields).await;
                answer = self.keep(&url, answer);
            }
            url = location(&answer, &url);
        }
        panic!("the browser is sent around: {url}");
    }

    /// Follows a link to connect an account to its end: signs in as `person`, says yes, and consents as `account`. The last page.
    pub(crate) async fn connect(&mut self, link: &str, home: &str, person: &str, account: &str) -> Answer {
        let back = self.errand(link, home, person).await;
        let page = self.visit(&back).await;
        let back = self.errand(&yes(&page, home), home, account).await;
        self.visit(&back).await
    }

    fn cookies(&self, url: &str) -> HeaderMap {
        let pairs = self.0.get(authority(url)).into_iter().flatten();
        let pairs: Vec<_> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
        if pairs.is_empty() {
            return HeaderMap::new();
        }
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::try_from(pairs.join("; ")).expect("cookies are ASCII"))])
    }

    fn keep(&mut self, url: &str, answer: Answer) -> Answer {
        let jar = self.0.entry(authority(url).to_owned()).or_default();
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().expect("cookies are ASCII").split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            jar.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}

/// The one link of the page that asks whether to go on.
///
/// # Panics
///
/// With the page, when it is another one.
pub(crate) fn yes(page: &Answer, home: &str) -> String {
    let text = String::from_utf8_lossy(&page.body);
    let path = text.split("href=\"").nth(1).and_then(|rest| rest.split('"').next());
    format!("{home}{}", path.unwrap_or_else(|| panic!("no link: {text}")))
}

fn authority(url: &str) -> &str {
    url.split('/').nth(2).expect("an absolute URL")
}

/// Where an answer sends the browser.
fn location(answer: &Answer, base: &str) -> String {
    assert!(answer.status.is_redirection(), "{base}: {answer:?}");
    let base: Url = base.parse().expect("an absolute URL");
    base.join(answer.header("location")).expect("a redirect goes somewhere").into()
}
