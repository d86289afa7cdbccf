//! How the broker is set up for a scenario, and what a user and an agent then do.

use std::fs;

use http::{HeaderMap, Method};
use serde_json::{Value, json};
use url::Url;

use crate::support::{
    broker::{Broker, BrokerSetup},
    canary,
    conformance::Told,
    http_client::{self, Answer},
    issuer::AUDIENCE,
    people::{Browser, People},
};

/// The part of the broker in a scenario.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) client: Client,
    pub(super) end: End,
}

/// What an operator writes about the authorization server and its client.
#[derive(Debug)]
pub(super) enum Client {
    /// The API alone: the rest is found, and the client registers itself.
    Registers,
    /// An issuer identifier that is the API's own origin.
    RegistersAtOrigin,
    /// The API, and a document that describes the client.
    Document(&'static str),
    /// All that the suite says beforehand.
    Known,
    /// The same, for a client without users; its issuer is looked up.
    Secret,
    /// As `Secret`, with a key.
    Key,
    /// As `Secret`, with a grant of an identity provider, which knows whoever is shown by a file.
    Enterprise,
    /// A public client, which a file shows to be a workload.
    Workload,
}

/// What an operator writes and stores.
#[derive(Debug, Default)]
struct Written {
    /// Lines of the server.
    server: String,
    /// The table of the credential.
    grant: String,
    /// Further servers.
    more: String,
    secret: Option<String>,
    /// What the platform puts into [`PROOF`].
    proof: Option<String>,
}

/// The file that shows who Claviger is.
const PROOF: &str = "proof.jwt";

/// How it ends.
#[derive(Debug)]
pub(super) enum End {
    /// Calls are answered.
    Calls,
    /// The API refuses what was connected.
    CallsRefused,
    /// What the API and its server say does not fit together: nobody is asked to connect anything.
    NoLink,
    /// The user comes back, and is not connected: the word in the record.
    NotConnected(&'static str),
}

/// A broker in front of the suite's server.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    broker: Broker,
    session: String,
    end: &'a End,
    is_connection: bool,
}

const AGENT: &str = "assistant";

impl<'a> Scene<'a> {
    pub(super) async fn new(people: &People, part: &'a Part, told: &Told) -> Self {
        let Written { server, grant, more, secret, proof } = part.client.written(told).await;
        let is_connection = grant.contains("connection");
        let provider = format!("[[providers.oauth2]]\nname = \"server\"\naddresses = \"loopback\"\n{server}");
        let sign_in = format!(
            "[[providers.oauth2]]\nname = \"sign-in\"\nissuer = \"{}\"\naddresses = \"loopback\"\nclient_id = \"claviger\"\n\
             client_secret = \"sign-in-secret\"\n",
            people.issuer()
        );
        let oauth2 = format!("oauth2 = {{ {grant} }}");
        let setup = BrokerSetup::trusting(people.issuer())
            .issuer_line("login = \"sign-in\"")
            .mcp("suite", &told.url, &told.revision)
            .minted("server", "header = \"Authorization\", prefix = \"Bearer \"", &oauth2)
            .more(&sign_in)
            .more(&provider)
            .more(&more);
        let place = format!("{}/connect/login/idp", setup.public_url());
        let sign_in = people.begin("claviger", &place, None).await;
        let mut broker = Broker::prepare(setup).await;
        if let Some(proof) = proof {
            canary::register("token in a file", &proof);
            fs::write(broker.path(PROOF), proof).expect("a test's folder");
        }
        let stored =
            [Some(("sign-in-secret", "sign-in", sign_in)), secret.map(|secret| ("server-secret", "server", secret))];
        for (name, provider, secret) in stored.into_iter().flatten() {
            let ran =
                broker.command(&["secret", "set", name, "--provider", provider, "-c", "claviger.toml"], &secret).await;
            assert_eq!(ran.code, Some(0), "{ran:?}");
        }
        broker.serve().await;
        let session = broker.token(&people.subject_token(AGENT, AUDIENCE).await).await;
        Self { broker, session, end: &part.end, is_connection }
    }

    pub(super) async fn play(self) {
        let connected = if self.is_connection { self.connect().await } else { true };
        match self.end {
            End::Calls => {
                assert!(connected);
                let listed = self.ask("tools/list", json!({})).await;
                assert_eq!(listed["result"]["tools"][0]["name"], "test-tool", "{listed}");
                let called = self.ask("tools/call", json!({ "name": "test-tool", "arguments": {} })).await;
                assert_eq!(called["result"]["content"][0]["text"], "test", "{called}");
            }
            End::CallsRefused => {
                assert!(connected);
                let refused = self.ask("tools/list", json!({})).await;
                assert_eq!(refused["error"]["data"]["error"], "credential_refused", "{refused}");
            }
            End::NoLink | End::NotConnected(_) => assert!(!connected),
        }
        self.broker.finish().await;
    }

    /// The user opens the link of the first call, signs in, and says yes. Whether the account is connected then.
    async fn connect(&self) -> bool {
        let refused = self.ask("tools/list", json!({})).await;
        if matches!(self.end, End::NoLink) {
            assert_eq!(refused["error"]["data"], json!({ "error": "credential_unavailable" }), "{refused}");
            return false;
        }
        let link = refused["error"]["data"]["connect_url"].as_str();
        let link = link.unwrap_or_else(|| panic!("no link: {refused}\n{}", self.broker.printed()));
        let (mut browser, home) = (Browser::default(), self.broker.public_url());
        let back = browser.errand(link, home, AGENT).await;
        let asked = browser.visit(&back).await;
        let yes = format!("{home}{}", href(&asked));
        let back = browser.errand(&yes, home, AGENT).await;
        let connected = browser.visit(&back).await;
        let entries = self.broker.records_of("connection");
        let word = entries.last().and_then(|entry| entry["error"].as_str()).unwrap_or("connected").to_owned();
        match self.end {
            End::NotConnected(expected) => assert_eq!((connected.status.as_u16(), &*word), (502, *expected)),
            End::Calls | End::CallsRefused | End::NoLink => {
                assert_eq!((connected.status.as_u16(), &*word), (200, "connected"), "{}", self.broker.printed());
            }
        }
        word == "connected"
    }

    async fn ask(&self, method: &str, params: Value) -> Value {
        self.broker.modern("suite", &self.session, method, params).await.json()
    }
}

impl Client {
    async fn written(&self, told: &Told) -> Written {
        let resource = format!("protected_resource = \"{}\"\n", told.url);
        let issuer = |issuer: &str| format!("issuer = \"{issuer}\"\n");
        let client = || format!("client_id = \"{}\"\n", told.known("client_id"));
        let proven = |by: &str| format!("{}{by} = \"server-secret\"\n", client());
        let secret = || Some(told.known("client_secret").to_owned());
        let asks = |grant: &str| format!("grant = \"{grant}\", resource = \"{}\"", told.url);
        let proof = format!("assertion_file = \"{PROOF}\"");
        let (server, grant) = match self {
            Self::Registers => (resource, "grant = \"connection\"".to_owned()),
            Self::RegistersAtOrigin => {
                let url: Url = told.url.parse().expect("a URL");
                (issuer(&url.origin().ascii_serialization()), asks("connection"))
            }
            Self::Document(document) => {
                (format!("{resource}client_id = \"{document}\"\n"), "grant = \"connection\"".to_owned())
            }
            Self::Known => {
                let server = format!("{}{}", issuer(told.known("issuer")), proven("client_secret"));
                return Written { server, grant: asks("connection"), secret: secret(), ..Written::default() };
            }
            Self::Secret => {
                let server = format!("{}{}", issuer(&looked_up(told).await), proven("client_secret"));
                return Written { server, grant: asks("client-credentials"), secret: secret(), ..Written::default() };
            }
            Self::Key => {
                let key = told.known("private_key_pem");
                canary::register("private key of the client", key);
                let server = format!("{}{}", issuer(&looked_up(told).await), proven("private_key"));
                let secret = Some(key.to_owned());
                return Written { server, grant: asks("client-credentials"), secret, ..Written::default() };
            }
            Self::Enterprise => {
                let server = format!("{}{}", issuer(&looked_up(told).await), proven("client_secret"));
                let more = format!(
                    "[[providers.oauth2]]\nname = \"enterprise\"\naddresses = \"loopback\"\n{}client_id = \"{}\"\n",
                    issuer(told.known("idp_issuer")),
                    told.known("idp_client_id")
                );
                let grant = format!("{}, identity_provider = \"enterprise\", {proof}", asks("identity-assertion"));
                let proof = Some(told.known("idp_id_token").to_owned());
                return Written { server, grant, more, secret: secret(), proof };
            }
            Self::Workload => {
                let server = format!("{}{}", issuer(&looked_up(told).await), client());
                let grant = format!("{}, {proof}", asks("jwt-bearer"));
                let proof = Some(told.known("valid_jwt").to_owned());
                return Written { server, grant, proof, ..Written::default() };
            }
        };
        Written { server, grant, ..Written::default() }
    }
}

/// The issuer that an operator reads in the metadata of the API.
async fn looked_up(told: &Told) -> String {
    let place = told.url.replace("/mcp", "/.well-known/oauth-protected-resource/mcp");
    let metadata = http_client::send(Method::GET, &place, HeaderMap::new(), "").await.json();
    metadata["authorization_servers"][0].as_str().unwrap_or_else(|| panic!("no server: {metadata}")).to_owned()
}

/// The one link of a page.
fn href(page: &Answer) -> String {
    let text = String::from_utf8_lossy(&page.body).into_owned();
    let link = text.split("href=\"").nth(1).and_then(|rest| rest.split('"').next());
    link.unwrap_or_else(|| panic!("no link: {text}")).to_owned()
}
