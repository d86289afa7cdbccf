//! A broker before an upstream to which users connect: an identity provider, the upstream's authorization server, two users.

use http::{HeaderMap, Method};
use serde_json::json;

use crate::support::{
    broker::{Broker, BrokerSetup, bearer},
    echo::{Echo, Reply},
    http_client::Answer,
    issuer::AUDIENCE,
    peers::Node,
    people::{self, Browser, People},
};

const RESOURCE: &str = "https://crm.test/api";

/// Alice and Bob each have an agent that acts for them.
pub(super) struct Scene {
    pub(super) people: People,
    pub(super) accounts: People,
    pub(super) upstream: Echo,
    pub(super) broker: Broker,
}

impl Scene {
    /// The upstream speaks plain HTTP and answers with the credential that it got.
    pub(super) async fn new(node: &Node) -> Self {
        let upstream =
            Echo::start(|request| Reply::text(request.header("authorization").unwrap_or("nothing").to_owned())).await;
        Self::with(node, upstream, |setup, url| setup.http("crm", url).operation("all", &["GET"], "/**")).await
    }

    pub(super) async fn with(
        node: &Node,
        upstream: Echo,
        served: impl FnOnce(BrokerSetup, &str) -> BrokerSetup,
    ) -> Self {
        let (people, accounts) = (People::start(node).await, People::start(node).await);
        let setup = BrokerSetup::trusting(people.issuer()).issuer_line("login = \"sign-in\"");
        let login = people.begin("claviger", &format!("{}/connect/login/idp", setup.public_url()), None).await;
        let place = format!("{}/connect/account/crm-login", setup.public_url());
        let account = accounts.begin("claviger", &place, Some((RESOURCE, "contacts"))).await;
        let credential = format!(
            "\n[upstreams.credential]\nname = \"crm-token\"\nprovider = \"crm-login\"\n\
             inject = {{ header = \"Authorization\", prefix = \"Bearer \" }}\n\
             oauth2 = {{ grant = \"connection\", resource = \"{RESOURCE}\", scopes = [\"openid\", \"offline_access\", \"contacts\"] }}"
        );
        let servers = [("sign-in", people.issuer()), ("crm-login", accounts.issuer())].map(|(name, issuer)| {
            format!(
                "[[providers.oauth2]]\nname = \"{name}\"\nissuer = \"{issuer}\"\naddresses = \"loopback\"\n\
                 client_id = \"claviger\"\nclient_secret = \"{name}-secret\"\n"
            )
        });
        let agents = ["alice", "bob"].map(|name| {
            format!(
                "[[agents]]\nname = \"{name}-agent\"\nissuer = \"idp\"\nclaims = {{ sub = \"{name}\" }}\n\
                 groups = [\"assistants\"]\nscopes = [\"crm:*\"]\n"
            )
        });
        let setup =
            served(setup, upstream.url()).upstream_line(&credential).agents(&agents.concat()).more(&servers.concat());
        let mut broker = Broker::prepare(setup).await;
        for (name, secret) in [("sign-in", &login), ("crm-login", &account)] {
            let stored = format!("{name}-secret");
            let arguments = ["secret", "set", stored.as_str(), "--provider", name, "-c", "claviger.toml"];
            let ran = broker.command(&arguments, secret).await;
            assert_eq!(ran.code, Some(0), "{ran:?}");
        }
        broker.serve().await;
        Self { people, accounts, upstream, broker }
    }

    /// A session of a user's agent.
    pub(super) async fn session(&self, who: &str) -> String {
        self.broker.token(&self.people.subject_token(who, AUDIENCE).await).await
    }

    /// A call in a session of its own.
    pub(super) async fn call(&self, who: &str) -> Answer {
        let session = self.session(who).await;
        self.broker.send(Method::GET, &self.broker.http_url("crm", "/me"), bearer(&session), "").await
    }

    /// The link in the answer to a call that cannot be made yet.
    pub(super) async fn link(&self, who: &str) -> String {
        let refused = self.call(who).await;
        let said = refused.json();
        let description = "the user of this session must connect an account first";
        assert_eq!(
            (refused.status.as_u16(), &said["error"], &said["error_description"]),
            (403, &json!("connection_required"), &json!(description)),
            "{said}"
        );
        let link = said["connect_url"].as_str().expect("a link").to_owned();
        assert!(link.starts_with(&format!("{}/connect/", self.broker.public_url())), "{link}");
        link
    }

    /// Opens the link and signs in. The page that asks whether to go on, or that says why not.
    pub(super) async fn sign_in(&self, browser: &mut Browser, link: &str, person: &str) -> Answer {
        let back = browser.errand(link, self.broker.public_url(), person).await;
        browser.visit(&back).await
    }

    /// Says yes on that page, and consents. The address that the browser is sent back to.
    pub(super) async fn consent(&self, browser: &mut Browser, page: &Answer) -> String {
        self.consent_as(browser, page, "alice-at-crm").await
    }

    pub(super) async fn consent_as(&self, browser: &mut Browser, page: &Answer, account: &str) -> String {
        browser.errand(&self.yes(page), self.broker.public_url(), account).await
    }

    /// The link of that page.
    pub(super) fn yes(&self, page: &Answer) -> String {
        people::yes(page, self.broker.public_url())
    }

    /// All of it, in a browser of its own.
    pub(super) async fn connect(&self, who: &str) {
        self.follow(&self.link(who).await, who).await;
    }

    /// The same from a link that is there.
    pub(super) async fn follow(&self, link: &str, who: &str) {
        let connected = Browser::default().connect(link, self.broker.public_url(), who, "alice-at-crm").await;
        assert_eq!(connected.status, 200, "{connected:?}");
    }

    /// Whose token the upstream got last, as the authorization server knows it.
    pub(super) async fn last_owner(&self) -> Option<String> {
        let received = self.upstream.received();
        let token = received.last()?.header("authorization")?.strip_prefix("Bearer ")?.to_owned();
        self.accounts.owner(&token).await
    }

    /// The words of the attempts that the record holds.
    pub(super) fn recorded(&self) -> Vec<String> {
        let entries = self.broker.records_of("connection").into_iter();
        entries.map(|entry| entry["error"].as_str().unwrap_or("connected").to_owned()).collect()
    }

    /// Nothing that either server gave out may stand anywhere.
    pub(super) async fn finish(self) {
        let issued = self.people.watch_issued().await + self.accounts.watch_issued().await;
        assert!(issued > 0, "nothing was given out that could be looked for");
        self.broker.finish().await;
    }
}

/// The text of a page.
pub(super) fn text(page: &Answer) -> String {
    String::from_utf8_lossy(&page.body).into_owned()
}

/// A request without a cookie.
pub(super) async fn stranger(url: &str) -> Answer {
    crate::support::http_client::send(Method::GET, url, HeaderMap::new(), "").await
}
